"""The list of all rendered runs, `notebooks/rendered/index.html`, and `latest`, which leads to the newest."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files.disk import write_atomic
from ..formatting import Table, day, percent, upper_first
from ..paths import LATEST, names_record
from . import page, show
from .show import fill

LIST = page.Page("index.html", "All runs", "All forecasts", "Every forecast rendered here, the newest first.")


@dataclass(frozen=True)
class Listed:
    """A rendered run: its folder below `rendered` and what its forecast.json says."""

    folder: str
    forecast: dict[str, Any]

    @property
    def is_plain(self) -> bool:
        """Whether it is the run of its day, without a scenario or other changes."""
        return self.folder == self.forecast["as_of"]

    @property
    def answer(self) -> str:
        """The probability with its word, or how the question was resolved."""
        resolved = self.forecast.get("resolved")
        if resolved:
            return f"resolved: {resolved['answer']}"
        return f"{percent(self.forecast['probability'])}, {self.forecast['likelihood_word']}"


def found(home: Path) -> list[Listed]:
    """The runs of a folder and of the sweeps in it, the newest first; what cannot be read is left out."""
    runs = []
    for path in [*home.glob("*/forecast.json"), *home.glob("*/*/forecast.json")]:
        folder = path.parent.relative_to(home).as_posix()
        try:
            run = Listed(folder, json.loads(path.read_text("utf-8")))
            _cells(run)
        except (ValueError, LookupError, TypeError):
            continue
        if (path.parent / "index.html").exists() and not names_record(folder.partition("/")[0]):
            runs.append(run)
    runs.sort(key=lambda run: run.folder)
    runs.sort(key=lambda run: (run.forecast["as_of"], run.is_plain), reverse=True)
    return runs


def _cells(run: Listed) -> tuple[Any, ...]:
    """The cells of a run in the list."""
    made = run.forecast
    link = fill("link.html.j2", link=f"{run.folder}/index.html", text=run.folder).markup
    question = f"{made['question'].rstrip('.')}, by {day(made['deadline'])}"
    return day(made["as_of"]), question, run.answer, made["scenario"] or "–", show.Html(link, run.folder)


def write(home: Path) -> None:
    """Write the list of the runs of a folder, and the pages of `latest`; nothing where it holds no run."""
    runs = found(home)
    if not runs:
        return
    heads = ("As of", "Question", "Forecast", "Scenario", "Report")
    sweeps = [path.parent.name for path in sorted(home.glob("sweep-*/index.html"))]
    body = fill(
        "run_list.html.j2",
        title=LIST.title,
        table=show.table(Table(heads, [_cells(run) for run in runs], LIST.lead)),
        latest=f"{LATEST}/index.html",
        sweeps={f"{name}/index.html": upper_first(name.replace("-", " ")) for name in sweeps},
    )
    write_atomic(home / LIST.href, page.frame(LIST, (), "Static files: they may be copied anywhere.", body))
    newest = next((run for run in runs if run.is_plain), runs[0])
    for path in sorted((home / newest.folder).glob("*.html")):
        there = fill("redirect.html.j2", link=f"../{newest.folder}/{path.name}").markup
        write_atomic(home / LATEST / path.name, there + "\n")
