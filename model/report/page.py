"""Web pages: an executed notebook or the overview of a run as one self-contained HTML file.

A page asks for nothing outside itself: one inlined stylesheet, scripts only those that lie beside this module, and a
content security policy that allows just these, by hash.
"""

import base64
import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import formatting
from ..answer import facts
from ..files import csv_files
from ..formatting import day, percent
from ..track_record import backtest
from . import explorer, figures, replay, show, tables, words
from .show import Html

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from ..answer.forecast import Forecast, Run

TEMPLATES = Path(__file__).parent / "templates"
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
    label = re.sub(r"^(\d+)_", r"\1 ", name).replace("_", " ")
    return Page(
        f"{name}.html",
        re.sub("[a-z]", lambda first: first[0].upper(), label, count=1),
        title.strip(),
        re.sub("[`*]", "", rest.strip().split("\n\n")[0].replace("\n", " ")),
    )


def notebook_html(notebook: "NotebookNode") -> Html:
    """The executed notebook as markup: cells with their ids as anchors, code folded, formulas as MathML."""
    import nbformat
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import TagRemovePreprocessor
    from traitlets.config import Config

    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    config = Config({TagRemovePreprocessor.__name__: {"enabled": True, "remove_cell_tags": ["remove-cell"]}})
    exporter = HTMLExporter(
        config=config,
        raw_template=(TEMPLATES / "report.cells.j2").read_text("utf-8"),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _ = exporter.from_notebook_node(notebook)
    body = re.sub(r'<h([1-6]) id="[^"]*">', r"<h\1>", body)
    heads = [
        (cell.id, line.removeprefix("## "))
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()[:1]
        if line.startswith("## ")
    ]
    contents = "".join(f'<li><a href="#{escape(name)}">{escape(text)}</a></li>' for name, text in heads)
    if len(heads) > 2:
        first = body.index("</div>", body.index("</h1>"))
        contents = f'<nav aria-label="On this page"><ul class="contents">{contents}</ul></nav>'
        body = body[:first] + contents + body[first:]
    return Html(body)


def with_mathml(source: str) -> str:
    """Markdown with its $formulas$ as MathML, code left alone."""

    def formula(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        from latex2mathml.converter import convert

        return convert(match["block"] or match["line"], display="block" if match["block"] else "inline")

    code, block, line = (
        r"```.*?```|`[^`]*`",
        r"\$\$(?P<block>.+?)\$\$",
        r"\$(?P<line>[^\s$](?:[^$\n]*[^\s$\\])?)\$",
    )
    return re.sub(rf"(?P<code>{code})|{block}|{line}", formula, source, flags=re.DOTALL)


def frame(
    here: Page,
    pages: Sequence[Page],
    footer: str,
    notice: str = "",
    body: Html | None = None,
    overview: Mapping[str, Any] | None = None,
) -> str:
    """The whole page of a body or of the overview, under a notice where the run is not the plain one.

    `pages` are those beside the overview; without them the page stands alone.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    css = (TEMPLATES / "report.css").read_text("utf-8")
    shown = [overview["replay"], overview["explorer"]] if overview else [body]
    scripts = [
        path.read_text("utf-8")
        for path in sorted(TEMPLATES.glob("*.js"))
        if any(f'data-script="{path.name}"' in part.markup for part in filter(None, shown))
    ]
    title = "Summit Forecast" if here is OVERVIEW else f"{here.title} · Summit Forecast"
    return environment.get_template("report.html.j2").render(
        title=title,
        description=here.lead or footer,
        here=here.href,
        pages=[OVERVIEW, *pages] if pages else [here],
        footer=footer,
        notice=notice,
        body=body,
        overview=overview,
        css=Html(css),
        scripts=[Html(script) for script in scripts],
        policy=content_policy([css], scripts),
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


def footer(run: "Run", name: str = "") -> str:
    """What every page says of its run; pages about the record look back on days that may be later."""
    forecast = run.forecast
    barrier = (
        "This page looks back on the record, also on what became public later"
        if name in LOOKING_BACK
        else "Nothing on this page became public later"
    )
    return (
        f"As of {day(forecast.as_of)}. {barrier}. Question {forecast.question_id}, "
        f"fit through {day(forecast.fit_through)}, random seed {forecast.random_seed}."
    )


def notice(told: Mapping[str, Any]) -> str:
    """What sets a run apart from the plain one of its day, given the parameters it was told."""
    parts = [f"the scenario {told['scenario']}"] if "scenario" in told else []
    parts += [
        f"{told[name]} in place of params/{name}.yaml" for name in ("question", "priors") if name in told
    ]
    parts += [f"the deadline {day(told['deadline'])}"] if "deadline" in told else []
    parts += ["none of the files of seeds/"] if "only" in told else []
    parts += [
        f"more {name.replace('_', ' ')} from {formatting.listed(told[name])}"
        for name in ("signals", "occasions", "visit_windows")
        if name in told
    ]
    parts += [f"a what-if: {formatting.listed(told['what_if'])}"] if "what_if" in told else []
    return f"This is not the plain run of the day. It has {formatting.listed(parts)}." if parts else ""


def overview(run: "Run", csv_names: Iterable[str], record: Path) -> dict[str, Any]:
    """What the overview shows of a run; `record` is the folder in which the study left its tables."""
    forecast, weeks, names = run.forecast, replay.stops(run, record), facts.leaders(run)
    low, high, matched = forecast.interval["lower"], forecast.interval["upper"], forecast.matched_record
    return {
        "question": forecast.question,
        "number": percent(forecast.probability),
        "word": formatting.upper_first(forecast.likelihood_word),
        "deadline": day(forecast.deadline),
        "as_of": day(forecast.as_of),
        "who": show.table(tables.who_comes_where(forecast, names)),
        "facts": [
            (
                f"{forecast.interval['mass']:.0%} range, if the model is right",
                f"{percent(low)} – {percent(high)}",
            ),
            ("The calendar alone, nothing said", percent(forecast.no_signals_probability)),
            ("A week ago", "–" if forecast.a_week_ago is None else percent(forecast.a_week_ago)),
            ("Years that stood like this", f"{matched['hits']} of {matched['years']}"),
        ],
        "reasons": [
            f"{words.forecast.where(forecast)} {words.forecast.left(forecast)}",
            f"{words.forecast.reconcile(forecast)} {words.forecast.taken_away(run)}",
            words.forecast.matched(forecast),
        ],
        "curve": show.figure(figures.curve, forecast, alt=words.forecast.climb(forecast)),
        "drivers": show.moves(tables.drivers(forecast)),
        "watch": [(text, show.moves(rows)) for text, rows in tables.watch(forecast).items()],
        "halving": words.forecast.halving(forecast),
        "counts": run.params.question.meeting,
        "week": words.forecast.week(run),
        "fresh": show.moves(tables.fresh(forecast)),
        "spread": words.forecast.spread(forecast),
        "replay_title": replay.title(weeks) if weeks else "",
        "replay": replay.section(weeks, forecast.interval["mass"]),
        "explorer": explorer.section(run),
        "track_record": track_record(record / "scores.csv", date.fromisoformat(forecast.as_of)),
        "tables": list(csv_names),
        "cite": cite(forecast),
    }


def track_record(scores: Path, as_of: date) -> str:
    """How good such forecasts have been, where the study has left its scores and they are no news on the as-of day."""
    if as_of.year <= backtest.LAST_YEAR:
        return "The backtest covers days that were still to come, so its scores are not shown here."
    rows = list(csv.DictReader(scores.read_text("utf-8").splitlines())) if scores.exists() else []
    found = {row["model"]: row for row in rows if row["score"].startswith("integrated Brier")}
    own, plain = found.get(backtest.FULL.name), found.get("seasonal climatology")
    if not (own and plain):
        return "How good such forecasts have been is not known here: the study that scores them has not been run."
    value, low, high, baseline = (
        float(of[name]) for of, name in ((own, "value"), (own, "lower"), (own, "upper"), (plain, "value"))
    )
    return (
        f"In {int(own['forecasts']):,} forecasts made for past days, each with what was public then, the mean "
        f"squared error (Brier score) was {value:.3f}, between {low:.3f} and {high:.3f} in nine of ten resamples "
        f"of the years; the share of earlier years alone scored {baseline:.3f}. Lower is better, and 0.25 is what "
        "always saying 50% would score."
    )


def cite(forecast: "Forecast") -> str:
    """How to name this forecast, so that another can find and rerun it."""
    inputs = hashlib.sha256(
        "".join(f"{path} {digest}\n" for path, digest in sorted(forecast.inputs.items())).encode()
    )
    return (
        f"Summit Forecast: “{forecast.question}”, {percent(forecast.probability)} as of {forecast.as_of}, "
        f"deadline {forecast.deadline}, fit through {forecast.fit_through}, random seed {forecast.random_seed}, "
        f"inputs {inputs.hexdigest()[:12]}."
    )


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV; text that a spreadsheet would take for a formula is led by an apostrophe."""
    return csv_files.csv_text(rows[0] if rows else (), (map(_plain, row.values()) for row in rows))


def _plain(cell: Any) -> Any:
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return f"'{cell}" if isinstance(cell, str) and csv_files.is_formula(cell) else cell
