"""The page of a sweep, and the reports of its forecasts: a claim, a figure, and a table of all that was forecast.

Scenarios stand below each other; where as-of days or deadlines vary, each scenario is a line over them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure

from .. import parallel
from ..answer import sweep
from ..answer.forecast import Sources
from ..answer.sweep import Case, Row, Sweep
from ..chances import UNKNOWN
from ..files import (
    InputError,
    Problem,
    YamlDocument,
    name_of,
    raise_if_any,
    read_yaml,
    shown,
    write_atomic,
    writing,
)
from ..formatting import Table, count, day, percent, points, short_day
from ..settings.params import Params, load_params
from . import page, report, show
from .drawing import (
    BAND,
    DOWN,
    INK,
    MUTED,
    SMALL,
    STYLE,
    UP,
    WIDTH,
    fitted,
    panel,
    spread_out,
    text_width,
    time_axis,
)
from .structure_figures import intervals
from .tuning_prose import meaning

NAMED = 8
"""With more lines than these a figure names only the plain one, the lowest and the highest."""
PLAIN = "plain"


class Line(NamedTuple):
    """Forecasts that differ only in `places` (ISO days, or "" for one alone), by which they go; means over random seeds."""

    name: str
    places: tuple[str, ...]
    values: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


def varied(rows: Sequence[Row]) -> list[str]:
    """What differs between the rows."""
    return [
        name
        for name in ("scenario", "as_of", "deadline", "random_seed")
        if len({getattr(r, name) for r in rows}) > 1
    ]


def axis(rows: Sequence[Row]) -> str:
    """What lines run over: as-of days, else deadlines, else nothing."""
    return next((name for name in ("as_of", "deadline") if name in varied(rows)), "")


def lines(rows: Sequence[Row]) -> list[Line]:
    """The rows as lines, one for each scenario, and deadline where as-of days vary too; else for each random seed."""
    along, differs = axis(rows), varied(rows)
    by = [name for name in ("scenario", "deadline") if name in differs and name != along]
    by = by or (["random_seed"] if differs == ["random_seed"] else [])
    told = {
        "scenario": lambda value: value or PLAIN,
        "deadline": lambda value: f"by {short_day(value)} {value[:4]}",
        "random_seed": lambda value: f"random seed {value}",
    }
    found: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        name = ", ".join(told[one](getattr(row, one)) for one in by) or row.scenario or PLAIN
        found.setdefault(name, {}).setdefault(getattr(row, along) if along else "", []).append(row)
    return [
        Line(
            name,
            tuple(sorted(at)),
            *(
                tuple(mean(getattr(row, one) for row in at[place]) for place in sorted(at))
                for one in ("probability", "lower", "upper")
            ),
        )
        for name, at in found.items()
    ]


def extremes(drawn: Sequence[Line]) -> tuple[tuple[float, str, str], tuple[float, str, str]]:
    """The lowest and the highest value of the lines, each with its line and place."""
    every = [
        (value, line.name, place)
        for line in drawn
        for value, place in zip(line.values, line.places, strict=True)
    ]
    return min(every, key=lambda one: one[0]), max(every, key=lambda one: one[0])


def claim(rows: Sequence[Row]) -> str:
    """What the sweep says, in one sentence."""
    drawn, along, differs = lines(rows), axis(rows), varied(rows)
    (low, _, _), (high, _, _) = extremes(drawn)
    if not differs:
        return f"The forecast is {percent(low)}"
    over = ""
    if along:
        places = sorted({place for line in drawn for place in line.places})
        over = (
            f"{'From' if along == 'as_of' else 'For deadlines from'} {day(places[0])} to {day(places[-1])} "
        )
    scenarios = {row.scenario for row in rows} - {""} if "scenario" in differs else ()
    under = f" under {count(len(scenarios), 'scenario')}" if scenarios else ""
    plain = next(
        (line.values[0] for line in drawn if line.name == PLAIN and len(drawn) > 1 and not along), None
    )
    return (
        f"{over or 'The '}{'the ' if over else ''}forecast lies between {percent(low)} and {percent(high)}{under}"
        + (f"; without one it is {percent(plain)}" if plain is not None else "")
    )


def figure_title(rows: Sequence[Row]) -> str:
    """What the figure shows, in one sentence."""
    drawn, along = lines(rows), axis(rows)
    (low, lowest, _), (high, highest, _) = extremes(drawn)
    if not along:
        return (
            f"Lowest is {lowest} with {percent(low)}, highest {highest} with {percent(high)}"
            if len(drawn) > 1
            else f"{percent(low)}: {lowest}"
        )
    if len(drawn) == 1:
        (line,) = drawn
        moves = [
            (after - before, place)
            for before, after, place in zip(line.values, line.values[1:], line.places[1:])
        ]
        step, place = max(moves, key=lambda move: abs(move[0]))
        return f"The largest step is {points(step)} points, to {day(place)}"
    shared = sorted(set.intersection(*(set(line.places) for line in drawn)))
    at = [{line.name: dict(zip(line.places, line.values))[place] for line in drawn} for place in shared]
    place, values = max(zip(shared, at), key=lambda one: max(one[1].values()) - min(one[1].values()))
    least, most = min(values, key=values.get), max(values, key=values.get)
    return (
        f"They lie furthest apart {'on' if along == 'as_of' else 'by'} {day(place)}: {percent(values[least])} "
        f"({least}) to {percent(values[most])} ({most})"
    )


def alternative(rows: Sequence[Row]) -> str:
    """The figure in words: its title, and each line from its first value to its last."""
    drawn = lines(rows)
    told = [
        f"{line.name}: "
        + (
            percent(line.values[0])
            if len(line.values) == 1
            else f"{percent(line.values[0])} on {day(line.places[0])}, {percent(line.values[-1])} on "
            f"{day(line.places[-1])}"
        )
        for line in drawn
    ]
    return f"{figure_title(rows)}. {'; '.join(told)}."


def picture(rows: Sequence[Row]) -> Figure:
    """The forecasts as lines over as-of days or deadlines, or as dots with their spread, one below the other."""
    drawn, along = lines(rows), axis(rows)
    if not along:
        return intervals(
            figure_title(rows),
            "Dot: the forecast; bar: its spread over the posterior; upright line: the plain one.",
            [(line.name, line.values[0], line.lower[0], line.upper[0]) for line in drawn],
            bold=PLAIN,
        )
    ends = sorted(drawn, key=lambda line: line.values[-1])
    named = (
        drawn
        if len(drawn) <= NAMED
        else [line for line in drawn if line.name == PLAIN or line in (ends[0], ends[-1])]
    )
    alone = len(drawn) == 1
    told = {line.name: percent(line.values[-1]) + ("" if alone else f" {line.name}") for line in named}
    right = min(max(text_width(text, SMALL, bold=True) for text in told.values()) + 12, 0.42 * WIDTH)
    days = sorted({date.fromisoformat(place) for line in drawn for place in line.places})
    floor = 0.6 if min(min(line.lower if alone else line.values) for line in drawn) >= 0.6 else 0.0
    what = (
        "Probability that they meet by the deadline, as of each day"
        if along == "as_of"
        else "Probability that they meet by each deadline"
    )
    note = "; the scale begins at 60%" if floor else ""
    note += (
        "; the band is its spread over the posterior"
        if alone
        else ""
        if named is drawn
        else "; named are the plain line, the lowest and the highest at the end"
    )
    styles = [
        {"color": color, "linestyle": dash}
        for dash in ("-", (0, (5, 2)), (0, (1, 1.5)))
        for color in (UP, DOWN, MUTED)
    ]
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(figure_title(rows), what + note, 260, (40, right, 24))
        axes.set_ylim(floor, 1)
        ticks = [floor + (1 - floor) * step / 4 for step in range(5)]
        axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.grid(axis="y")
        time_axis(axes, days[0].toordinal(), days[-1].toordinal())
        levels = dict(
            zip(
                (line.name for line in named),
                spread_out([(line.values[-1] - floor) / (1 - floor) for line in named], 15 / 260, 0, 1),
                strict=True,
            )
        )
        for index, line in enumerate(drawn):
            plain = line.name == PLAIN
            style = {"color": INK, "linestyle": "-"} if plain and not alone else styles[index % len(styles)]
            x = [date.fromisoformat(place).toordinal() for place in line.places]
            if alone:
                axes.fill_between(x, line.lower, line.upper, color=BAND, linewidth=0)
            axes.plot(
                x, line.values, linewidth=2.4 if plain or alone else 1.5, zorder=4 if plain else 3, **style
            )
            if line.name in levels:
                axes.annotate(
                    fitted(told[line.name], right - 10, SMALL, plain),
                    (1, levels[line.name]),
                    (8, 0),
                    va="center",
                    xycoords="axes fraction",
                    textcoords="offset points",
                    size=SMALL,
                    color=style["color"],
                    weight="bold" if plain or alone else "normal",
                    annotation_clip=False,
                )
    return figure


def comparison(
    rows: Sequence[Row], names: Mapping[str, str], mass: float, links: Sequence[str] = ()
) -> Table:
    """All rows, without what is the same in all; the first cell of a row leads to its report where there is one."""
    differs = varied(rows) or ["as_of"]
    heads = {
        "as_of": ("As of", str),
        "scenario": ("Scenario", lambda name: name or PLAIN),
        "deadline": ("Deadline", str),
        "random_seed": ("Random seed", str),
    }
    told = [heads[name][0] for name in differs]
    cells = [[heads[name][1](getattr(row, name)) for name in differs] for row in rows]
    for line, link in zip(cells, links):
        line[0] = show.Html(f'<a href="{escape(link)}">{escape(line[0])}</a>', line[0])
    made = [
        (
            *line,
            row.probability,
            f"{percent(row.lower)} to {percent(row.upper)}",
            row.no_signals,
            f"{names.get(row.largest_cause, row.largest_cause)}, {percent(row.largest_share)}",
        )
        for line, row in zip(cells, rows, strict=True)
    ]
    alike = [
        text
        for name, text in (
            ("as_of", f"as of {day(rows[0].as_of)}"),
            ("deadline", f"by {day(rows[0].deadline)}"),
            ("random_seed", f"random seed {rows[0].random_seed}"),
        )
        if name not in differs
    ]
    return Table(
        (*told, "Forecast", "Spread", "Without signals", "Most likely first at"),
        made,
        f"{count(len(rows), 'forecast')}{''.join(f', {text}' for text in alike)}; spread: the central {mass:.0%} of "
        "the posterior draws",
        {"Forecast": percent, "Without signals": percent},
    )


def page_of(
    asked: Sweep,
    rows: Sequence[Row],
    params: Params,
    names: Mapping[str, str],
    here: str,
    data: str,
    links: Sequence[str] = (),
) -> str:
    """The page of a sweep.

    Parameters
    ----------
    params
        Those of its first forecast.
    names
        The names of occasions by id.
    here, data : str
        The file of the page and, beside it, of the table.
    links : sequence of str, optional
        Where the report of each forecast lies from there.
    """
    told = page.Page(here, "Comparison", claim(rows), asked.means)
    names = {**names, UNKNOWN: "A visit not yet public"}
    changes = [
        f"{name or PLAIN}: {meaning(name) or 'as the params files say'}"
        for name in dict.fromkeys(row.scenario for row in rows)
    ]
    fit = (
        f"The fit is that of {day(asked.fit_through)}, reweighted by what was decided since."
        if asked.fit_through
        else "Each forecast rests on a fit to what was decided by its as-of day."
    )
    parts = [
        f"<h1>{escape(told.title)}</h1>",
        show.say(f"{params.question.text.rstrip('.')}.", f"{asked.means.rstrip('.')}.").markup,
        show.figure(picture, rows, alt=alternative(rows)).markup,
        "<h2>All forecasts</h2>",
        show.table(comparison(rows, names, params.run.interval_mass, links)).markup,
        f'<p class="quiet">As data: <a href="{escape(data)}">{escape(data)}</a>.'
        f"{' The first column leads to the reports.' if links else ''}</p>",
    ]
    if "scenario" in varied(rows):
        parts += ["<h2>What the scenarios change</h2>", show.bullets(changes).markup]
    return page.frame(
        told,
        (),
        f"{fit} Nothing on this page was used before it was public. Question {params.question.question_id}.",
        body=show.Html("\n".join(parts)),
    )


def report_folders(asked: Sweep, runs: list[Params], home: Path, document: YamlDocument) -> list[Path]:
    """The folder of the report of each forecast, named by its as-of day, scenario, and what else the sweep varies.

    Raises
    ------
    InputError
        Where two would share a folder, where another thing stands in its place, or for a fit no report can be told of.
    """
    names = [
        "-".join(
            filter(
                None,
                (
                    str(params.question.as_of),
                    params.scenario,
                    f"by-{params.question.deadline}" if asked.deadlines else "",
                    f"seed-{params.run.random_seed}" if asked.random_seeds else "",
                ),
            )
        )
        for params in runs
    ]
    problems = [
        document.problem((), f"{number} of its forecasts would have the one report {name}")
        for name, number in Counter(names).items()
        if number > 1
    ]
    problems += [
        Problem(
            name_of(home / name), 0, 0, "expected a report or nothing here; move it, or give another --out"
        )
        for name in names
        if (home / name).exists() and not (home / name / "provenance.json").exists()
    ]
    if asked.fit_through:
        problems.append(
            document.problem(
                ("fit_through",), "a report cannot be told of it; take it out, or leave --report"
            )
        )
    raise_if_any(problems)
    return [home / name for name in names]


def rendered(case: Case, sources: "Sources", more: tuple[str, ...], inputs: str, folder: Path) -> None:
    """Render the report of a case into a folder, unless the one that is there is current."""
    sweep.checked(sources, more, inputs)
    params = load_params(**case)
    if not report.is_current(params, sources, out_dir=folder):
        report.render(params, sources, out_dir=folder)


def command(
    path: str,
    sources: "Sources",
    out: str | None = None,
    *,
    given: Mapping[str, Any] = {},
    reports: bool = False,
    scheduler: str | None = None,
) -> tuple[Path, Path]:
    """Run a sweep file; the table and the page that were written.

    A table sweep.csv has its folder to itself: the page is index.html, and the reports lie beside it. Beside a table
    NAME.csv stand NAME.html and the reports in NAME.
    """
    document = read_yaml(path)
    sources = replace(
        sources,
        **{name: tuple(Path(file).resolve() for file in getattr(sources, name)) for name in report.TABLES},
    )
    given = {
        name: str(Path(value).resolve()) if value and name in sweep.FILES else value
        for name, value in given.items()
    }
    asked = sweep.load_sweep(path, sources, given)
    wanted = list(sweep.cases(asked, given))
    runs = [load_params(**case) for case in (wanted if reports else wanted[:1])]
    target = (
        report.RENDERED / f"sweep-{Path(path).stem}" / "sweep.csv" if out is None else Path(out)
    ).resolve()
    if target.suffix != ".csv" or (target.parent / "forecast.json").exists():
        raise InputError(
            [
                Problem(
                    "options",
                    0,
                    0,
                    "expected a name ending in .csv, outside the folder of a report; "
                    f"found {shown(name_of(target))}",
                    "--out",
                )
            ]
        )
    alone = target.name == "sweep.csv"
    index, home = (
        (target.with_name("index.html"), target.parent)
        if alone
        else (target.with_suffix(".html"), target.with_suffix(""))
    )
    folders = report_folders(asked, runs, home, document) if reports else []
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    rows = sweep.of_file(path, asked, sources, given, scheduler)
    write_atomic(target, sweep.table(rows))
    more = sweep.more_files(given)
    told = (sources, more, sweep.inputs_hash(sources, more))
    jobs = {folder: (case, *told, folder) for case, folder in zip(wanted, folders)}
    for folder, _ in parallel.done(rendered, jobs, "reports", scheduler=scheduler):
        if not (folder / "index.html").exists():
            raise InputError(
                [
                    Problem(
                        name_of(folder),
                        0,
                        0,
                        "the workers wrote this report elsewhere: with --report they "
                        "must share the disk of this machine",
                    )
                ]
            )
    links = [(folder / "index.html").relative_to(index.parent).as_posix() for folder in folders]
    names = {
        occasion.occasion_id: occasion.name for occasion in sweep.ledger_of(runs[0], *told[::2]).occasions
    }
    write_atomic(index, page_of(asked, rows, runs[0], names, index.name, target.name, links))
    return target, index
