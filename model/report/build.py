"""The report of a run: executed notebooks, their pages, the overview and the data files.

A report is built in a temporary folder, then swapped in atomically: a run that fails or is killed leaves the
last good one untouched. The run is computed once; the notebooks load it.
"""

import json
import os
import pickle
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import parallel
from ..answer import file, forecast
from ..answer.forecast import Forecast, Run, Sources
from ..evidence.edits import Edits
from ..files.disk import content_hash, locked, name_of, write_atomic
from ..fit import posterior, store
from ..paths import CACHE, LOG, README
from ..settings.params import Params
from ..track_record import log
from . import figures, needs, page, provenance, run_list, show, tables, words
from .parameters import notebook_parameters, public_parameters

if TYPE_CHECKING:
    from nbformat import NotebookNode


def render(
    params: Params,
    sources: Sources | None = None,
    edits: Edits | None = None,
    *,
    run_name: str | None = None,
    out_dir: str | os.PathLike[str] | None = None,
    refit: bool = False,
) -> Path:
    """The folder of the rendered report.

    Parameters
    ----------
    params, sources, edits
        As in `forecast.run`.
    run_name : str, optional
        Name of the folder under `notebooks/rendered`, see `provenance.folder_of`.
    out_dir : path, optional
        Another folder in its place; what it holds is replaced.
    refit : bool
        Sample the fit anew, whatever is stored or shipped.

    Raises
    ------
    notebook.RenderError
        Where a notebook fails; its executed file is kept under `.cache/failed`.
    InputError, fits.GateError
        As in `forecast.run`.
    """
    from . import notebook

    sources, edits = sources or Sources(), edits or Edits()
    injected = notebook_parameters(params, sources, edits)
    published = public_parameters(params, sources, edits)
    target = provenance.folder_of(published, run_name, out_dir, params.question.question_id)
    with locked(f"render-{content_hash(str(target))[:16]}"):
        files = provenance.notebook_files()
        state = provenance.inputs_state(params, sources, published, files)
        run = forecast.run(params, sources, edits, refit=refit)
        kept = posterior.posterior_file(params, run.record, anew=refit)
        parallel.announce("Rendering the notebooks: about half a minute.")
        with stored(run, run_file(params, sources, edits)):
            notebooks = notebook.execute(files, injected, published, needs.unmet(run))
        built = CACHE / "render" / secrets.token_hex(6)
        built.mkdir(parents=True)
        try:
            write_report(run, notebooks, published, built)
            write_atomic(built / store.POSTERIOR, kept.read_bytes())
            state |= {"outputs": provenance.outputs_state(built), "git": provenance.git_state()}
            write_atomic(built / "provenance.json", _json(state))
            put_in_place(built, target)
        finally:
            shutil.rmtree(built, ignore_errors=True)
    return target


def run_file(params: Params, sources: Sources, edits: Edits) -> Path:
    """Where a run is stored while its notebooks are executed, by the hash of all that decides it."""
    state = provenance.inputs_state(params, sources, public_parameters(params, sources, edits), ())
    return CACHE / "runs" / f"{content_hash(_json(state))[:32]}.pickle"


@contextmanager
def stored(run: Run, path: Path) -> Iterator[None]:
    """A block during which `run_of` finds the run stored in a file, led by the hash of its content."""
    content = pickle.dumps(run)
    write_atomic(path, content_hash(content).encode() + content)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def run_of(params: Params, sources: Sources, edits: Edits) -> Run:
    """The run of these inputs: as stored by a render under way, else computed."""
    path = run_file(params, sources, edits)
    if path.exists():
        content = path.read_bytes()
        if content_hash(content[64:]).encode() == content[:64]:
            return pickle.loads(content[64:])
    return forecast.run(params, sources, edits)


def command(
    params: Params, sources: Sources, edits: Edits, run_name: str | None = None, refit: bool = False
) -> int:
    """Exit code of `summit forecast --report`: render unless the report is current, say where it lies."""
    begin = time.perf_counter()
    kept = None if refit else provenance.current(params, sources, edits, run_name=run_name)
    folder = kept or render(params, sources, edits, run_name=run_name, refit=refit)
    made = forecast.load(folder / "forecast.json")
    run_list.write(folder.parent)
    if not edits:
        keep_in_log(made)
        refresh_readme(made, params, folder)
    done = "is up to date: nothing it rests on has changed" if kept else "was rendered"
    print(
        f"{words.forecast.headline(made)}\n"
        f"{name_of(folder)}/index.html {done} ({time.perf_counter() - begin:.1f} s).\n"
        "Next: summit forecast --add KIND:STRENGTH[:OCCASION] asks what if; summit add appends a row; "
        "make lab opens the notebooks."
    )
    return 0


def keep_in_log(made: Forecast) -> None:
    """Add a forecast of an open question to the log; what is wrong with the log is said and stops nothing."""
    warnings = []
    try:
        if not made.resolved:
            log.publish(made, LOG)
    except log.Unreadable as error:
        warnings.append(str(error))
    warnings += [f"{problem}; the line is kept and not scored" for problem in log.read_log(LOG).problems]
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def refresh_readme(made: Forecast, params: Params, folder: Path) -> None:
    """Write the number and the table of who comes where into the README, where it links to this folder."""
    old = README.read_text("utf-8") if README.exists() else ""
    if f"]({name_of(folder)}/index.html)" not in old:
        return
    parts = {
        "number": f"{100 * made.probability:.0f} %, {made.likelihood_word}",
        "who comes where": f"\n\n{tables.markdown(tables.who_comes_where(made, params.leaders), 5)}\n\n",
    }
    new = old
    for name, part in parts.items():
        new = re.sub(rf"(?s)(?<=<!-- {name} -->).*?(?=<!-- /{name} -->)", lambda _, part=part: part, new)
    if new != old:
        write_atomic(README, new)


def write_report(
    run: Run, notebooks: Mapping[str, "NotebookNode"], published: Mapping[str, Any], folder: Path
) -> None:
    """Write notebooks, their pages, the overview and the data files of a run into a folder."""
    import nbformat

    from . import notebook

    files = [*write_files(run, folder), store.POSTERIOR]
    if not run.forecast.resolved:
        write_atomic(folder / "headline.svg", picture(forecast.from_json(forecast.to_json(run.forecast))))
        files.append("headline.svg")
    pages = {name: page.page_of(name, executed) for name, executed in notebooks.items()}
    frame = partial(
        page.frame,
        pages=list(pages.values()),
        notice=words.page.notice(published),
        scenario=page.scenario_of(run),
    )
    for name, executed in notebooks.items():
        body = page.notebook_html(executed)
        write_atomic(folder / f"{name}.html", frame(pages[name], footer=page.footer(run, name), body=body))
        kept = nbformat.writes(notebook.without_svg(executed))
        write_atomic(folder / f"{name}.ipynb", kept + "\n")
    overview = page.overview(run, list(pages.values()), files)
    write_atomic(folder / "index.html", frame(page.OVERVIEW, footer=page.footer(run), body=overview))


def picture(published: Forecast) -> str:
    """The curve of a published forecast as an SVG file."""
    return show.svg(figures.curve(published), words.forecast.climb(published))


def write_files(run: Run, folder: Path) -> list[str]:
    """Write the forecast as JSON and CSV and the inputs of the run; returns their names in the folder."""
    files = {
        "forecast.json": forecast.to_json(run.forecast),
        "forecast.csv": page.csv_text(file.by_day(run.forecast)),
    }
    for name in ("curve", "occasions", "contributions", "next_signals"):
        files[f"tables/{name}.csv"] = page.csv_text(getattr(run.forecast, name))
    files |= {f"inputs/{name}": text for name, text in forecast.input_files(run).items()}
    for name, text in files.items():
        write_atomic(folder / name, text)
    return list(files)


def put_in_place(built: Path, target: Path) -> None:
    """Move a finished folder to its place, where the old one, if any, stays until then."""
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
    """Whether the system swapped two folders in one step (Linux and macOS do)."""
    import ctypes

    system = ctypes.CDLL(None)
    try:
        if sys.platform == "darwin":
            return system.renamex_np(os.fsencode(one), os.fsencode(other), 2) == 0
        return system.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2) == 0
    except AttributeError:
        return False


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
