"""The page of a sweep: a claim, a figure and a table of all forecasts; and the reports of these."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from .. import parallel
from ..answer import sweep
from ..answer.forecast import Sources
from ..answer.scenario import Effect
from ..answer.sweep import Case, Row, Sweep
from ..chances import UNKNOWN
from ..files.disk import name_of, write_atomic, writing
from ..files.problems import InputError, Problem, raise_if_any, shown
from ..files.yaml_files import Entry, read_yaml
from ..formatting import Table, percent
from ..paths import RENDERED, TABLES
from ..settings.params import Params, load_params
from ..settings.scenario import meanings
from . import build, page, provenance, run_list, show, tables, words
from .show import fill
from .sweep_figure import picture
from .sweep_lines import PLAIN, alternative, claim, varied

HEADS = {"as_of": "As of", "scenario": "Scenario", "deadline": "Deadline", "random_seed": "Random seed"}


def comparison(rows: Sequence[Row], names: Mapping[str, str], mass: float, links: Sequence[str]) -> Table:
    """All rows, without what is the same in all; the first cell of a row links to its report, if any."""
    differs = varied(rows) or ["as_of"]
    cells = [[str(getattr(row, name) or PLAIN) for name in differs] for row in rows]
    for line, link in zip(cells, links):
        line[0] = show.Html(fill("link.html.j2", link=link, text=line[0]).markup, line[0])
    found = [
        (
            *line,
            row.probability,
            f"{percent(row.lower)} to {percent(row.upper)}",
            row.no_signals,
            f"{names.get(row.largest_cause, row.largest_cause)}, {percent(row.largest_share)}",
        )
        for line, row in zip(cells, rows, strict=True)
    ]
    return Table(
        (*(HEADS[name] for name in differs), "Forecast", "Spread", "Calendar alone", "Most likely first at"),
        found,
        words.sweep.caption(len(rows), rows[0], differs, mass),
        {"Forecast": percent, "Calendar alone": percent},
    )


def page_of(
    asked: Sweep,
    rows: Sequence[Row],
    params: Params,
    names: Mapping[str, str],
    here: str,
    data: str,
    links: Sequence[str] = (),
    effects: Sequence[Effect] = (),
) -> str:
    """The page of a sweep, in the file `here` beside that of its table, `data`.

    `params` are those of its first forecast, `names` those of occasions by id, `links` lead to the report of
    each forecast, and `effects` say what each scenario does.
    """
    own = page.Page(here, "Comparison", claim(rows), asked.means)
    names = {**names, UNKNOWN: "A meeting not yet public"}
    body = fill(
        "sweep.html.j2",
        title=own.title,
        lead=show.say(f"{params.question.text.rstrip('.')}.", f"{asked.means.rstrip('.')}."),
        figure=show.figure(picture, rows, alt=alternative(rows)),
        table=show.table(comparison(rows, names, params.run.interval_mass, links)),
        data=data,
        links=links,
        changes=scenario_changes(rows, effects),
    )
    return page.frame(own, (), words.sweep.footer(asked.fit_through, params.question.question_id), body)


def scenario_changes(rows: Sequence[Row], effects: Sequence[Effect]) -> show.Html | None:
    """What each scenario changes, with forecasts and priors before and after the record; None without one."""
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    if scenarios == [""]:
        return None
    changed = {each.name: f" {words.tuning.changed(each)}" for each in effects}
    means = {"": "as the params files say"} | meanings()
    listed = show.bullets(f"{name or PLAIN}: {means[name]}{changed.get(name, '')}" for name in scenarios)
    below = show.table(tables.scenario_effects(effects)).markup if effects else ""
    return show.Html(listed.markup + below, listed.plain)


def effects_of(
    cases: Sequence[Case], shared: tuple, through: date | None, scheduler: str | None
) -> list[Effect]:
    """What each scenario of the cases does, on its last day; `shared` as in `render_all`."""
    last = {case["scenario"]: case for case in cases if case["scenario"]}
    jobs = {name: (case, *shared, through) for name, case in last.items()}
    found = dict(parallel.done(sweep.scenario_effect, jobs, "scenarios", scheduler=scheduler))
    return [found[name] for name in last if found[name]]


def report_folders(asked: Sweep, runs: list[Params], home: Path, document: Entry) -> list[Path]:
    """The folder of each report, named by its as-of day, scenario and what else the sweep varies.

    Raises
    ------
    InputError
        Where two would share a folder, something else stands there, or no report can be told of the fit.
    """
    names = [report_name(asked, params) for params in runs]
    problems = [
        document.problem((), f"{number} of its forecasts would have the one report {name}")
        for name, number in Counter(names).items()
        if number > 1
    ]
    taken = "expected a report or nothing here; move it, or give another --out"
    problems += [
        Problem(name_of(home / name), 0, 0, taken)
        for name in names
        if (home / name).exists() and not (home / name / "provenance.json").exists()
    ]
    if asked.fit_through:
        refused = "a report has no such setting; remove it, or leave out --report"
        problems.append(document.problem(("fit_through",), refused))
    raise_if_any(problems)
    return [home / name for name in names]


def report_name(asked: Sweep, params: Params) -> str:
    """The name of the folder of the report of one forecast."""
    parts = [str(params.question.as_of)]
    if params.scenario:
        parts.append(params.scenario)
    if asked.deadlines:
        parts.append(f"by-{params.question.deadline}")
    if asked.random_seeds:
        parts.append(f"seed-{params.run.random_seed}")
    return "-".join(parts)


def rendered(case: Case, sources: Sources, more: tuple[str, ...], inputs: str, folder: Path) -> None:
    """Render the report of a case into a folder, unless the one that is there is current."""
    sweep.checked(sources, more, inputs)
    params = load_params(**case)
    if not provenance.current(params, sources, out_dir=folder):
        build.render(params, sources, out_dir=folder)


def places(path: str, out: str | None) -> tuple[Path, Path, Path]:
    """Table, page and folder of the reports of a sweep; `InputError` for a wrong suffix or inside a report.

    A table sweep.csv has its folder to itself: the page is index.html, and the reports lie beside it. Beside
    a table NAME.csv stand NAME.html and the reports in NAME.
    """
    table = RENDERED / f"sweep-{Path(path).stem}" / "sweep.csv" if out is None else Path(out)
    table = table.resolve()
    if table.suffix != ".csv" or (table.parent / "forecast.json").exists():
        found = shown(name_of(table))
        expected = f"expected a name ending in .csv, outside the folder of a report; found {found}"
        raise InputError([Problem("options", 0, 0, expected, "--out")])
    if table.name == "sweep.csv":
        return table, table.with_name("index.html"), table.parent
    return table, table.with_suffix(".html"), table.with_suffix("")


def command(
    path: str,
    sources: Sources,
    out: str | None = None,
    *,
    given: Mapping[str, Any] = {},
    reports: bool = False,
    scheduler: str | None = None,
) -> tuple[Path, Path]:
    """Run a sweep file; the table and the page that were written."""
    document = read_yaml(path)
    files = {name: tuple(Path(file).resolve() for file in getattr(sources, name)) for name in TABLES}
    sources = replace(sources, **files)
    given = {**given, **{name: str(Path(given[name]).resolve()) for name in sweep.FILES if given.get(name)}}
    asked = sweep.load_sweep(path, sources, given)
    wanted = list(sweep.cases(asked, given))
    runs = [load_params(**case) for case in (wanted if reports else wanted[:1])]
    table, html, home = places(path, out)
    folders = report_folders(asked, runs, home, document) if reports else []
    with writing(table):
        table.parent.mkdir(parents=True, exist_ok=True)
    rows = sweep.of_file(path, asked, sources, given, scheduler)
    write_atomic(table, sweep.table(rows))
    more = sweep.more_files(given)
    inputs = sweep.inputs_hash(sources, more)
    render_all(dict(zip(folders, wanted)), (sources, more, inputs), scheduler)
    links = [(folder / "index.html").relative_to(html.parent).as_posix() for folder in folders]
    occasions = sweep.ledger_of(runs[0], sources, inputs).occasions
    names = {occasion.occasion_id: occasion.name for occasion in occasions}
    effects = effects_of(wanted, (sources, more, inputs), asked.fit_through, scheduler)
    text = page_of(asked, rows, runs[0], names, html.name, table.name, links, effects)
    write_atomic(html, text)
    if RENDERED in html.parents:
        run_list.write(RENDERED)
    return table, html


def render_all(cases: Mapping[Path, Case], shared: tuple, scheduler: str | None) -> None:
    """Render the report of each case into its folder; `shared` are the other arguments of `rendered`."""
    jobs = {folder: (case, *shared, folder) for folder, case in cases.items()}
    for folder, _ in parallel.done(rendered, jobs, "reports", scheduler=scheduler):
        if not (folder / "index.html").exists():
            lost = "the workers wrote this report elsewhere: with --report they must share the disk of this"
            raise InputError([Problem(name_of(folder), 0, 0, f"{lost} machine")])
