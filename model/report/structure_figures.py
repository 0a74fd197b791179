"""Figures of the model page: its graph, what the fit taught and expects, other structures."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..formatting import percent, points
from . import drawing as draw
from .drawing import BAND, BOLD, DOWN, INK, MUTED, PAPER, QUIET, SMALL, UP, WASH, WIDTH
from .structure_prose import (
    Belief,
    beliefs_title,
    checks_title,
    count_inside,
    graph_title,
    influence_title,
    number,
    span,
    structures_title,
)

if TYPE_CHECKING:
    from ..fit.predictive import Check

OPEN: dict[str, Any] = {"color": "none", "edgecolor": MUTED, "linewidth": 1}
FILLED: dict[str, Any] = {"color": UP, "edgecolor": UP, "linewidth": 1}
PALE: dict[str, Any] = {"color": BAND, "edgecolor": UP, "linewidth": 1}


@draw.styled
def graph(edges: dict[str, Sequence[str]], unobserved: Sequence[str] = ()) -> Figure:
    """The model as a graph: parameters left, what is observed right, with lines between them."""
    parents = list(dict.fromkeys(name for names in edges.values() for name in names))
    left, step = [*parents, *unobserved], 18
    height = step * (len(left) + 1)
    place = {name: step * (i + 1.5) for i, name in enumerate(left)}
    wanted = [sum(place[name] for name in names) / len(names) for names in edges.values()]
    right = dict(zip(edges, draw.spread_out(wanted, step, step * 1.5, height - step / 2), strict=True))
    inner = max(draw.text_width(name, SMALL) for name in left) + 6
    outer = WIDTH - max(draw.text_width(name, SMALL) for name in edges) - 9
    figure, axes = draw.bare_panel(
        graph_title(edges, unobserved),
        "Left: parameters, each with its prior. Right: what the record shows of them. "
        "A line says that the right one depends on the left one.",
        height,
    )
    draw.label(axes, 0, step / 2, "Parameters", **QUIET)
    draw.label(axes, outer + 8, step / 2, "Observed", **QUIET)
    for name, y in place.items():
        draw.label(axes, 0, y, name, color=MUTED if name in unobserved else INK)
    for name, y in right.items():
        draw.label(axes, outer + 8, y, name, color=UP)
        for parent in edges[name]:
            axes.plot([inner, outer], [place[parent], y], color=MUTED, linewidth=0.7, zorder=1)
            axes.plot(inner, place[parent], "o", color=MUTED, markersize=2.5)
        axes.plot(outer, y, "o", color=UP, markersize=4)
    return figure


def _track(
    axes: Axes, y: float, bars: Sequence[tuple[float, float, dict]], seen: float | None = None
) -> None:
    """Bars from a low to a high value, one below the other, and what was seen, on a scale of their own."""
    values = [value for low, high, _ in bars for value in (low, high)] + ([] if seen is None else [seen])
    start = min(values)
    scale = (WIDTH - 124) / max(max(values) - start, 1e-12)
    for index, (low, high, style) in enumerate(bars):
        axes.barh(y + 13 * index, max((high - low) * scale, 1.5), 7, left=4 + (low - start) * scale, **style)
    if seen is not None:
        x = 4 + (seen - start) * scale
        axes.plot(x, y + 6.5, "D", color=INK, markeredgecolor=PAPER, markersize=6, zorder=4)


@draw.styled
def beliefs(rows: Sequence[Belief]) -> Figure:
    """Each parameter before and after the record: the central 90% of prior and posterior, in its own unit."""
    step = 50
    figure, axes = draw.bare_panel(
        beliefs_title(rows),
        "Open: prior; filled: posterior; pale: the record taught little, so that it is a belief. "
        "Bars hold 90%; each row has a scale of its own.",
        step * len(rows),
    )
    for index, row in enumerate(rows):
        y, learned = step * index + 23, PALE if row.is_belief else FILLED
        draw.row_head(axes, y - 14, row.told, "belief" if row.is_belief else "", size=SMALL, **QUIET)
        prior, posterior = (row.prior[0], row.prior[2]), (row.posterior[0], row.posterior[2])
        _track(axes, y, [(*prior, OPEN), (*posterior, learned)])
        draw.label(axes, WIDTH, y, span(*prior), ha="right", **QUIET)
        draw.label(axes, WIDTH, y + 13, span(*posterior), ha="right")
    return figure


@draw.styled
def checks(rows: Sequence["Check"]) -> Figure:
    """Numbers of the record beside what the model expected of them, before and after the fit."""
    step = 50
    figure, axes = draw.bare_panel(
        checks_title(rows),
        "Diamond: the record. Open bar: expected before the fit; filled: after it; 90% each. "
        "Each row has a scale of its own.",
        step * max(len(rows), 1),
    )
    for index, row in enumerate(rows):
        y, what = step * index + 23, f"{row.what}, {row.unit}" if row.unit else row.what
        draw.row_head(axes, y - 14, what, "" if row.inside else "outside", size=SMALL, color=DOWN)
        _track(axes, y, [(*row.prior, OPEN), (*row.posterior, PALE)], row.seen)
        draw.label(axes, WIDTH, y, number(row.seen), ha="right", **BOLD)
        draw.label(axes, WIDTH, y + 14, span(*row.posterior), ha="right", **QUIET)
    return figure


@draw.styled
def years(rows: Sequence["Check"]) -> Figure:
    """Meetings of each year beside what the model expects of it."""
    figure, axes = draw.named_rows(
        f"Meetings a year lie inside the expected range in {count_inside(rows)} of {len(rows)} years",
        "Diamond: the record; bold: outside. Thin line: expected before the fit; bar: after it; 90% each.",
        [row.what for row in rows],
        [row.what for row in rows if not row.inside],
    )
    for y, row in enumerate(rows):
        axes.plot(row.prior, [y, y], color=MUTED, linewidth=0.8, zorder=2)
        axes.plot(row.posterior, [y, y], color=BAND, linewidth=8, zorder=3)
        axes.plot(row.seen, y, "D", color=INK, markersize=5, markeredgecolor=PAPER, zorder=4)
    axes.margins(x=0.04)
    axes.set_xticks(range(1 + int(max((row.prior[1] for row in rows), default=1))))
    axes.grid(axis="x")
    return figure


@draw.styled
def intervals(
    title: str,
    note: str,
    rows: Sequence[tuple[str, float, float, float]],
    *,
    write: Callable[[float], str] = percent,
    bold: str = "",
) -> Figure:
    """One line a row: its name and value above, its interval as a bar and its value as a dot below.

    Each row is a name, a value and the ends of its interval. An upright line marks the value of the row
    `bold`.
    """
    step, low, high = 40, min(row[2] for row in rows), max(row[3] for row in rows)
    figure, axes = draw.bare_panel(title, note, step * len(rows))

    def place(value: float) -> float:
        return 6 + (value - low) * (WIDTH - 12) / max(high - low, 1e-12)

    for index, (name, value, lower, upper) in enumerate(rows):
        y, own, told = step * index + 26, name == bold, f"{write(value)}  ({write(lower)} to {write(upper)})"
        draw.row_head(axes, y - 17, name, told, weight="bold" if own else "normal")
        fill, edge, color = (BAND, UP, UP) if own else (WASH, MUTED, INK)
        left = place(lower)
        axes.barh(y, place(upper) - left, 8, left=left, linewidth=0.8, color=fill, edgecolor=edge)
        axes.plot(place(value), y, "o", color=color, markersize=7, markeredgecolor=PAPER, zorder=3)
        for reference in (row[1] for row in rows if row[0] == bold):
            axes.plot([place(reference)] * 2, [y - 7, y + 7], color=INK, linewidth=1, zorder=2)
    return figure


def structures(rows: Sequence[dict]) -> Figure:
    """The headline under each named structure, with the spread over its posterior."""
    return intervals(
        structures_title(rows),
        "Dot: the headline under this structure; bar: 90% of its posterior draws. "
        "The upright line is the published one.",
        [(row["structure"], row["probability"], row["lower"], row["upper"]) for row in rows],
        bold="full",
    )


@draw.styled
def influence(rows: Sequence[dict]) -> Figure:
    """The change of the headline when a year is left out of the record."""
    named = sorted(rows, key=lambda row: -abs(row["change"]))[:3]
    figure, axes = draw.named_rows(
        influence_title(rows),
        "Change of the headline in percentage points, by the year left out",
        [str(row["year"]) for row in rows],
        [str(row["year"]) for row in named],
    )
    for y, row in enumerate(rows):
        told = points(row["change"]) if row in named else ""
        draw.change_bar(axes, y, 0, row["change"], told, filled=row["change"] >= 0, height=0.6)
    axes.margins(x=0.2)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(6, prune="both"))
    axes.xaxis.set_major_formatter(lambda change, _: points(change))
    return figure
