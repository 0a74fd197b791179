"""Web pages: an executed notebook or the overview of a run as one self-contained HTML file.

A page loads nothing: its stylesheet and scripts are inlined, and its content security policy allows just
these, by hash.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..answer.forecast import Forecast, Run
from ..answer.scenario import effect
from ..evidence.seasons import WEEK
from ..files.csv_files import csv_text as plain_csv
from ..files.csv_files import is_formula
from ..fit.fits import fit
from ..formatting import upper_first
from ..track_record.published import CLIMATOLOGY, Row, TrackRecord
from ..track_record.scores import QUESTION_LIKE
from ..track_record.structures import FULL
from . import explorer, figures, replay, show, tables, words
from .show import Html, fill
from .words import TEMPLATES

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

LOOKING_BACK = ("3_model", "4_backtest")


@dataclass(frozen=True)
class Page:
    """A page of the report: its file, its short label, its title and the sentence that introduces it."""

    href: str
    label: str
    title: str
    lead: str


OVERVIEW = Page("index.html", "Overview", "Overview", lead="")


def page_of(name: str, notebook: "NotebookNode") -> Page:
    """The page of a notebook file, titled by its H1 and introduced by the text below that."""
    opening = next(cell.source for cell in notebook.cells if cell.source.startswith("# "))
    title, _, rest = opening.removeprefix("# ").partition("\n")
    number, _, topic = name.partition("_")
    lead = re.sub("[`*]", "", rest.strip().split("\n\n")[0].replace("\n", " "))
    label = f"{number} {upper_first(topic.replace('_', ' '))}"
    return Page(f"{name}.html", label, title.strip(), lead)


def notebook_html(notebook: "NotebookNode") -> Html:
    """The executed notebook as markup: cells with their ids as anchors, code folded, formulas as MathML."""
    import nbformat

    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    body, _ = exporter().from_notebook_node(notebook)
    return Html(with_contents(re.sub(r'<h([1-6]) id="[^"]*">', r"<h\1>", body), notebook))


@cache
def exporter() -> "HTMLExporter":
    """The exporter of all notebooks, which compiles its templates once."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    hidden = {"TagRemovePreprocessor": {"enabled": True, "remove_cell_tags": ["remove-cell"]}}
    return HTMLExporter(
        config=Config(hidden),
        raw_template=(TEMPLATES / "report.cells.j2").read_text("utf-8"),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )


def with_contents(body: str, notebook: "NotebookNode") -> str:
    """The body with links to its sections below the title, where it has more than two."""
    texts = [
        cell for cell in notebook.cells if cell.cell_type == "markdown" and cell.source.startswith("## ")
    ]
    heads = {cell.id: cell.source.partition("\n")[0].removeprefix("## ") for cell in texts}
    if len(heads) <= 2:
        return body
    first = body.index("</div>", body.index("</h1>"))
    return body[:first] + fill("contents.html.j2", heads=heads).markup + body[first:]


def with_mathml(source: str) -> str:
    """Markdown with its $formulas$ as MathML, code left alone."""
    code = r"```.*?```|`[^`]*`"
    block = r"\$\$(?P<block>.+?)\$\$"
    line = r"\$(?P<line>[^\s$](?:[^$\n]*[^\s$\\])?)\$"

    def formula(match: re.Match[str]) -> str:
        from latex2mathml.converter import convert

        if match["code"]:
            return match[0]
        return convert(match["block"] or match["line"], display="block" if match["block"] else "inline")

    return re.sub(rf"(?P<code>{code})|{block}|{line}", formula, source, flags=re.DOTALL)


def frame(
    here: Page, pages: Sequence[Page], footer: str, body: Html, notice: str = "", scenario: Html | None = None
) -> str:
    """The whole page of a body, under a notice where the run is not the plain one, and its scenario.

    `pages` are those beside the overview; without them the page stands alone.
    """
    css = (TEMPLATES / "report.css").read_text("utf-8")
    wanted = re.findall(r'data-script="(\w+\.js)"', body.markup)
    scripts = [path.read_text("utf-8") for path in sorted(TEMPLATES.glob("*.js")) if path.name in wanted]
    return (
        fill(
            "report.html.j2",
            title="Summit Forecast" if here is OVERVIEW else f"{here.title} · Summit Forecast",
            description=here.lead or footer,
            here=here.href,
            pages=[OVERVIEW, *pages] if pages else [here],
            footer=footer,
            notice=notice,
            scenario=scenario,
            body=body,
            css=Html(css),
            scripts=[Html(script) for script in scripts],
            policy=content_policy([css], scripts),
        ).markup
        + "\n"
    )


def content_policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """The content security policy that allows these inline styles and scripts and nothing else."""

    def allowed(texts: Iterable[str]) -> str:
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"

    return (
        f"default-src 'none'; style-src {allowed(styles)}; script-src {allowed(scripts)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def footer(run: Run, name: str = "") -> str:
    """What every page says of its run; pages about the record look back on days that may be later."""
    return words.page.footer(run.forecast, name in LOOKING_BACK)


def scenario_of(run: Run) -> Html | None:
    """What the scenario of a run changes and what the record makes of it; None without one."""
    if run.params.scenario is None:
        return None
    found = effect(run.params, run.whole, fit)
    if found is None:
        return None
    said = show.say(words.tuning.scenario(found))
    return fill("scenario.html.j2", said=said, table=show.table(tables.scenario_effects([found])))


def overview(run: Run, pages: Sequence[Page], files: Iterable[str]) -> Html:
    """The overview of a run, with links to its pages and to its files, which come folder by folder."""
    record, is_open = TrackRecord.of(run), not run.forecast.resolved
    weeks = replay.stops(run, record) if is_open else []
    by_folder = groupby(files, key=lambda file: file.partition("/")[0])
    return fill(
        "overview.html.j2",
        run=run,
        forecast=run.forecast,
        pages=pages,
        files={folder: list(group) for folder, group in by_folder},
        no_explorer=words.page.no_explorer(),
        sampled=explorer.DRAWS,
        replay_title=words.page.replay_title(weeks) if weeks else "",
        replay=replay.section(weeks, run.forecast.interval["mass"]),
        explorer=explorer.section(run) if is_open else Html(""),
        track_record=track_record(record, run.forecast),
        no_replay="" if weeks else replay.missing(run, record),
        cite=cite(run.forecast),
        figures=figures,
        tables=tables,
        words=words.forecast,
        show=show,
    )


def track_record(record: TrackRecord, forecast: Forecast) -> list[str]:
    """How good such forecasts have been, where the pair has scores and they predate the as-of day.

    All of them come first, then those like this one.
    """
    if not record.scores:
        return [words.page.no_track_record()]
    as_of, last_day = map(date.fromisoformat, (forecast.as_of, forecast.last_day))
    if record.by_year and as_of.year <= record.years()[-1]:
        return [words.page.track_record_ahead()]
    overall = words.page.track_record(record.score(), record.score(CLIMATOLOGY))
    return [overall, *filter(None, [fitting_scores(record, as_of, last_day)])]


def fitting_scores(record: TrackRecord, as_of: date, last_day: date) -> str:
    """The scores at the horizon nearest to that of a question, and those of questions of its kind, if any."""
    told, weeks = [], (last_day - as_of) / WEEK

    def both(name: str) -> list[Row]:
        return [record.score(model, name) for model in (FULL.name, CLIMATOLOGY)]

    if horizon := record.nearest_horizon(weeks):
        told.append(words.page.horizon(*both(f"Brier, {horizon} weeks"), weeks, horizon))
    year_end = date(as_of.year, 12, 31)
    if last_day == year_end and any(row["score"] == QUESTION_LIKE for row in record.scores):
        told.append(words.page.question_like(*both(QUESTION_LIKE)))
    return " ".join(told)


def cite(forecast: Forecast) -> str:
    """How to name this forecast, so that another can find and rerun it."""
    inputs = "".join(f"{path} {digest}\n" for path, digest in sorted(forecast.inputs.items()))
    return words.page.cite(forecast, hashlib.sha256(inputs.encode()).hexdigest())


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV; text that a spreadsheet would take for a formula is led by an apostrophe."""
    return plain_csv(rows[0] if rows else (), (map(_plain, row.values()) for row in rows))


def _plain(cell: Any) -> Any:
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell
