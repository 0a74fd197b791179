"""The report of a run: its notebooks executed with the run's parameters, their pages, the overview and the data files.

A report is built aside and moved into place whole, so that a run that fails or is killed leaves the last good one
untouched. Rendering never fits more than once: the fit exists before the first notebook starts.
"""

import ast
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.disk import content_hash, locked, name_of, write_atomic
from ..files.problems import InputError, Problem, expected_one_of, nearest, raise_if_any, shown
from ..paths import CACHE, LOG, README, RECORD, RENDERED, ROOT, TABLES, package_files
from ..settings.params import Params, load_params
from . import notebook, tables, words

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from ..answer.forecast import Forecast, Run, Sources
    from ..evidence.edits import Edits

VERSIONED = ("numpy", "pymc", "pytensor", "arviz", "matplotlib", "nbconvert", "papermill")

PARAMETERS: dict[str, type] = {
    "as_of": str,
    "deadline": str,
    "question": str,
    "priors": str,
    "scenario": str,
    "signals": list,
    "occasions": list,
    "visit_windows": list,
    "only": bool,
    "what_if": list,
    "out_dir": str,
    "random_seed": int,
    "interactive": bool,
}
"""The names of the parameters cell and their types; it is the same in every notebook."""


def open_run(names: Mapping[str, Any]) -> "Run":
    """The run that a notebook's parameters ask for, and its files under `out_dir` where that is set.

    Parameters
    ----------
    names : mapping
        The notebook's `globals()`, after its parameters cell and the cell that papermill injected.

    Raises
    ------
    InputError
        For a name that is no parameter or a value of the wrong type, and for everything that `forecast.run` refuses.
    """
    from ..answer import forecast

    given = checked_parameters(names)
    params = load_params(
        given["question"] or None,
        given["priors"] or None,
        scenario=given["scenario"] or None,
        **{name: given[name] or None for name in ("as_of", "deadline", "random_seed")},
    )
    sources = forecast.Sources(
        **{name: tuple(map(_path, given[name])) for name in TABLES}, only=given["only"]
    )
    run = forecast.run(params, sources, edits_of(given["what_if"]))
    if given["out_dir"]:
        write_files(run, _rendered(given["out_dir"]))
    return run


def _path(path: str) -> Path:
    """A path as parameters give it: relative ones start at the folder of the project."""
    return ROOT / path


def _rendered(path: str) -> Path:
    """The folder of a path that parameters give; `InputError` unless it lies where runs do."""
    folder = _path(path).resolve()
    if RENDERED.resolve() not in folder.parents or folder.is_relative_to(RECORD.resolve()):
        raise InputError(
            [
                Problem(
                    "parameters",
                    0,
                    0,
                    f"expected a folder of {name_of(RENDERED)} other than record; found {shown(path)}",
                    "out_dir",
                )
            ]
        )
    return folder


def edits_of(what_if: Iterable[str]) -> "Edits":
    """The edits told in words: "add KIND:STRENGTH[:OCCASION][@DATE]", "set OCCASION=STATUS", "remove ID"."""
    from ..evidence.edits import Edits

    verbs: dict[str, list[str]] = {"add": [], "set": [], "remove": []}
    for text in what_if:
        verb, _, rest = text.partition(" ")
        if verb not in verbs:
            raise InputError([Problem("parameters", 0, 0, expected_one_of(verb, verbs), "what_if")])
        verbs[verb].append(rest)
    return Edits(**{verb: tuple(texts) for verb, texts in verbs.items()})


def checked_parameters(names: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a notebook by name, checked against the types they are declared with."""
    declared = names.get("__annotations__", {})
    problems = [
        Problem("parameters", 0, 0, f"unknown parameter{nearest(name, PARAMETERS)}", name)
        for name in [*declared, *_injected(names)]
        if name not in PARAMETERS
    ]
    for name, kind in PARAMETERS.items():
        if name not in declared or name not in names:
            problems.append(Problem("parameters", 0, 0, "the parameters cell does not declare it", name))
        elif (
            type(names[name]) is not kind
            or kind is list
            and not all(type(item) is str for item in names[name])
        ):
            expected = {str: "text", int: "a whole number", bool: "True or False", list: "a list of text"}[
                kind
            ]
            problems.append(
                Problem("parameters", 0, 0, f"expected {expected}; found {shown(names[name])}", name)
            )
    raise_if_any(list(dict.fromkeys(problems)))
    return {name: names[name] for name in PARAMETERS}


def _injected(names: Mapping[str, Any]) -> list[str]:
    """The names that a cell injected by papermill assigns; IPython keeps the source of each cell in `In`."""
    cells = [ast.parse(cell) for cell in names.get("In", ()) if cell.startswith("# Parameters\n")]
    return [
        target.id
        for cell in cells
        for line in cell.body
        if isinstance(line, ast.Assign)
        for target in line.targets
        if isinstance(target, ast.Name)
    ]


def notebook_parameters(params: Params, sources: "Sources", edits: "Edits") -> dict[str, Any]:
    """What to inject so that `open_run` finds the same run: the as-of day, and whatever differs from the params files.

    Raises
    ------
    InputError
        Where a notebook cannot be told: settings of the run other than the random seed.
    """
    question, priors, settings = (name_of(path) for path in params.files[:3])
    given: dict[str, Any] = {} if params.scenario is None else {"scenario": params.scenario}
    given |= {} if question == "params/question.yaml" else {"question": question}
    given |= {} if priors == "params/priors.yaml" else {"priors": priors}
    plain = load_params(**given)
    given["as_of"] = str(params.question.as_of)
    if params.question.deadline != plain.question.deadline:
        given["deadline"] = str(params.question.deadline)
    if params.run.random_seed != plain.run.random_seed:
        given["random_seed"] = params.run.random_seed
    told = load_params(**given)
    if (told.question, told.priors, told.run) != (params.question, params.priors, params.run):
        raise InputError(
            [
                Problem(
                    settings,
                    0,
                    0,
                    "a report cannot be told of settings other than those of params/; "
                    "put the change into a scenario",
                )
            ]
        )
    given |= {name: [name_of(path) for path in getattr(sources, name)] for name in TABLES} | {
        "only": sources.only
    }
    given["what_if"] = [
        f"{verb} {text}" for verb in ("add", "set", "remove") for text in getattr(edits, verb)
    ]
    return {name: value for name, value in given.items() if value} | {"interactive": False}


def render(
    params: Params,
    sources: "Sources | None" = None,
    edits: "Edits | None" = None,
    *,
    names: Sequence[str] | None = None,
    run_name: str | None = None,
    out_dir: str | os.PathLike[str] | None = None,
) -> Path:
    """The folder of the rendered report.

    Parameters
    ----------
    params, sources, edits
        As in `forecast.run`.
    names : sequence of str, optional
        The notebooks to render by file name without suffix; all of them by default.
    run_name : str, optional
        Name of the folder under `notebooks/rendered`, see `folder_of`.
    out_dir : path, optional
        Another folder in its place; what it holds is replaced.

    Raises
    ------
    notebook.RenderError
        Where a notebook fails; its executed file is kept under `.cache/failed`.
    InputError, fits.GateError
        As in `forecast.run`.
    """
    from ..answer import forecast
    from ..evidence.edits import Edits

    sources, edits = sources or forecast.Sources(), edits or Edits()
    injected = notebook_parameters(params, sources, edits)
    target = folder_of(injected, run_name, out_dir)
    with locked(f"render-{content_hash(str(target))[:16]}"):
        state = inputs_state(params, sources, injected, names)
        run = forecast.run(params, sources, edits)
        work = CACHE / "render" / secrets.token_hex(6)
        built = work / "report"
        built.mkdir(parents=True)
        try:
            notebooks = notebook.execute(notebook.sources(names), injected, work)
            write_report(run, notebooks, injected, built)
            outputs = {
                path.relative_to(built).as_posix(): content_hash(path.read_bytes())
                for path in sorted(built.rglob("*"))
                if path.is_file()
            }
            write_atomic(built / "provenance.json", _json({**state, "outputs": outputs, "git": git_state()}))
            put_in_place(built, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target


def command(params: Params, sources: "Sources", edits: "Edits", run_name: str | None = None) -> int:
    """Exit code of `summit forecast --report`: render unless the report in place is current, say where it lies."""
    from ..answer.forecast import load
    from ..track_record import log

    begin = time.perf_counter()
    current = is_current(params, sources, edits, run_name=run_name)
    folder = (
        folder_of(notebook_parameters(params, sources, edits), run_name)
        if current
        else render(params, sources, edits, run_name=run_name)
    )
    made = load(folder / "forecast.json")
    if not edits:
        log.publish(made, LOG)
        refresh_readme(made, params, folder)
    seconds = time.perf_counter() - begin
    print(
        f"{words.forecast.headline(made)}\n{name_of(folder)}/index.html "
        f"{'is up to date: nothing it rests on has changed' if current else 'was rendered'} ({seconds:.1f} s).\n"
        "Next: summit forecast --add KIND:STRENGTH[:OCCASION] asks what if; summit add appends a row; make lab opens the "
        "notebooks."
    )
    return 0


def refresh_readme(made: "Forecast", params: Params, folder: Path) -> None:
    """Write the number and the table of who comes where into the README, where it links to this folder."""
    text = README.read_text("utf-8") if README.exists() else ""
    if f"]({name_of(folder)}/index.html)" in text:
        new = readme(text, made, {side.code: side.leader for side in params.question.sides})
        if new != text:
            write_atomic(README, new)


def readme(text: str, made: "Forecast", names: Mapping[str, str]) -> str:
    """The text of a README with what stands between its markers made from a forecast; `names` as in `tables.who_comes_where`."""
    parts = {
        "number": f"{100 * made.probability:.0f} %, {made.likelihood_word}",
        "who comes where": f"\n\n{tables.markdown(tables.who_comes_where(made, names), 5)}\n\n",
    }
    for name, part in parts.items():
        text = re.sub(rf"(?s)(?<=<!-- {name} -->).*?(?=<!-- /{name} -->)", lambda _, part=part: part, text)
    return text


def folder_of(
    injected: Mapping[str, Any], run_name: str | None = None, out_dir: str | os.PathLike[str] | None = None
) -> Path:
    """The folder in which a run's report lies.

    Without another name it is the as-of day and the scenario; a run that differs from the params files in more than
    these also carries a hash of what differs, so that it never takes the place of the plain one.
    """
    if out_dir:
        return Path(out_dir).resolve()
    if run_name is not None and (
        not re.fullmatch(r"\w[\w.-]{0,99}", run_name) or RENDERED / run_name == RECORD
    ):
        raise InputError(
            [
                Problem(
                    "options",
                    0,
                    0,
                    "expected the name of a folder for the run, of letters, digits, "
                    f"points and hyphens, other than record; found {shown(run_name)}",
                    "--name",
                )
            ]
        )
    more = {
        name: value for name, value in injected.items() if name not in ("as_of", "scenario", "interactive")
    }
    mark = content_hash(json.dumps(more, sort_keys=True))[:8] if more else None
    return RENDERED / (
        run_name or "-".join(filter(None, (injected["as_of"], injected.get("scenario"), mark)))
    )


def write_report(
    run: "Run", notebooks: Mapping[str, "NotebookNode"], injected: Mapping[str, Any], folder: Path
) -> None:
    """Write notebooks, their pages, the overview and the data files of a run into a folder."""
    import nbformat

    from ..answer import forecast
    from ..fit import posterior
    from . import page

    csv_names = write_files(run, folder)
    kept = posterior.posterior_file(run.params, run.record)
    write_atomic(folder / posterior.POSTERIOR, kept.read_bytes())
    pages = {name: page.page_of(name, executed) for name, executed in notebooks.items()}
    frame = partial(page.frame, pages=list(pages.values()), notice=page.notice(injected))
    for name, executed in notebooks.items():
        write_atomic(folder / f"{name}.ipynb", nbformat.writes(executed) + "\n")
        body = page.notebook_html(executed)
        write_atomic(folder / f"{name}.html", frame(pages[name], footer=page.footer(run, name), body=body))
    write_atomic(
        folder / "index.html",
        frame(page.OVERVIEW, footer=page.footer(run), overview=page.overview(run, csv_names, RECORD)),
    )
    write_atomic(folder / "headline.svg", picture(forecast.from_json(forecast.to_json(run.forecast))))


def picture(published: "Forecast") -> str:
    """The curve of a published forecast as an SVG file that brings its fonts' names along."""
    from . import figures, show

    svg = show.svg(figures.curve(published), words.forecast.climb(published))
    return svg.replace("<svg ", '<svg font-family="DejaVu Sans, Arial, sans-serif" ', 1)


def write_files(run: "Run", folder: Path) -> list[str]:
    """Write forecast.json, its tables as CSV and the inputs of the run; returns the names of the tables."""
    from ..answer import forecast
    from . import page

    for name in ("tables", "inputs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "forecast.json", forecast.to_json(run.forecast))
    for name, text in forecast.input_files(run).items():
        write_atomic(folder / "inputs" / name, text)
    rows = {
        name: getattr(run.forecast, name) for name in ("curve", "occasions", "contributions", "next_signals")
    }
    for name, table in rows.items():
        write_atomic(folder / "tables" / f"{name}.csv", page.csv_text(table))
    return [f"{name}.csv" for name in rows]


def put_in_place(built: Path, target: Path) -> None:
    """Move a finished folder to its place, in which the old one, if any, stays until then."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if built.stat().st_dev != target.parent.stat().st_dev:
        near = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            shutil.copytree(built, near)
            put_in_place(near, target)
        finally:
            shutil.rmtree(near, ignore_errors=True)
    elif not target.exists():
        built.rename(target)
    elif not exchange(built, target):
        aside = built.with_name(f"{built.name}.old")
        target.rename(aside)
        built.rename(target)
        shutil.rmtree(aside)


def exchange(one: Path, other: Path) -> bool:
    """Whether the system let two folders change places in one step (Linux and macOS do)."""
    import ctypes

    system = ctypes.CDLL(None)
    try:
        if sys.platform == "darwin":
            return system.renamex_np(os.fsencode(one), os.fsencode(other), 2) == 0
        return system.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2) == 0
    except AttributeError:
        return False


def inputs_state(
    params: Params, sources: "Sources", injected: Mapping[str, Any], names: Sequence[str] | None = None
) -> dict[str, Any]:
    """Everything that decides what a report says: hashes of inputs, notebooks and code, the parameters, versions."""
    files = [
        *params.files,
        *(path for table in sources.paths().values() for path in table),
        *notebook.sources(names),
        *package_files(),
        *sorted(RECORD.glob("*.csv")),
    ]
    return {
        "files": {name_of(path): content_hash(path.read_bytes()) for path in files},
        "parameters": dict(injected),
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in VERSIONED},
    }


def is_current(
    params: Params,
    sources: "Sources | None" = None,
    edits: "Edits | None" = None,
    *,
    names: Sequence[str] | None = None,
    run_name: str | None = None,
    out_dir: str | os.PathLike[str] | None = None,
) -> bool:
    """Whether the report in place is what `render` would make: nothing it rests on has changed, and no file of it."""
    from ..answer import forecast
    from ..evidence.edits import Edits

    sources, edits = sources or forecast.Sources(), edits or Edits()
    injected = notebook_parameters(params, sources, edits)
    folder = folder_of(injected, run_name, out_dir)
    try:
        kept = json.loads((folder / "provenance.json").read_text("utf-8"))
        outputs = {name: content_hash((folder / name).read_bytes()) for name in kept["outputs"]}
        return kept == {
            **inputs_state(params, sources, injected, names),
            "outputs": outputs,
            "git": kept["git"],
        }
    except (OSError, ValueError, KeyError, TypeError):
        return False


def git_state() -> dict[str, Any]:
    """The commit of the checkout and whether files differ from it; empty where there is no git."""

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit, status = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return {} if commit is None else {"commit": commit, "changed": bool(status)}


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
