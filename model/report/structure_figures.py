"""Figures of the model page: its graph, what the fit taught, what it expects of the record, and other structures."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..formatting import percent, points
from .drawing import (
    BAND,
    BOLD,
    DOWN,
    INK,
    MUTED,
    NARROW,
    QUIET,
    SMALL,
    UP,
    WASH,
    WIDE,
    bare,
    label,
    panel,
    row_head,
    row_name,
    rows_down,
    spread_out,
    styled,
    text_width,
)
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


@styled
def graph(edges: dict[str, Sequence[str]], unobserved: Sequence[str] = (), width: int = WIDE) -> Figure:
    """The model as a graph: parameters left, what is observed right, a line from each to what it bears on."""
    parents = list(dict.fromkeys(name for names in edges.values() for name in names))
    left, step = [*parents, *unobserved], 18
    height = step * (len(left) + 1)
    place = {name: step * (i + 1.5) for i, name in enumerate(left)}
    wanted = [sum(place[name] for name in names) / len(names) for names in edges.values()]
    right = dict(zip(edges, spread_out(wanted, step, step * 1.5, height - step / 2), strict=True))
    inner = max(text_width(name, SMALL) for name in left) + 6
    outer = width - max(text_width(name, SMALL) for name in edges) - 9
    figure, axes = panel(
        graph_title(edges, unobserved),
        height,
        width,
        "Left: parameters, each with its prior. Right: what the record shows of them. "
        "A line says that the right one depends on the left one.",
    )
    bare(axes)
    label(axes, 0, step / 2, "Parameters", **QUIET)
    label(axes, outer + 8, step / 2, "Observed", **QUIET)
    for name, y in place.items():
        label(axes, 0, y, name, color=MUTED if name in unobserved else INK)
    for name, y in right.items():
        label(axes, outer + 8, y, name, color=UP)
        for parent in edges[name]:
            axes.plot([inner, outer], [place[parent], y], color=MUTED, linewidth=0.7, zorder=1)
            axes.plot(inner, place[parent], "o", color=MUTED, markersize=2.5)
        axes.plot(outer, y, "o", color=UP, markersize=4)
    return figure


def _track(
    axes: Axes, y: float, bars: Sequence[tuple[float, float, dict]], seen: float | None = None
) -> None:
    """Bars from a low to a high value, one below the other, and what was seen over them, on a scale of their own."""
    values = [value for low, high, _ in bars for value in (low, high)] + ([] if seen is None else [seen])
    start = min(values)
    scale = (axes.get_xlim()[1] - 124) / max(max(values) - start, 1e-12)
    for index, (low, high, style) in enumerate(bars):
        axes.barh(y + 13 * index, max((high - low) * scale, 1.5), 7, left=4 + (low - start) * scale, **style)
    if seen is not None:
        mark = {"color": INK, "markeredgecolor": "white", "markersize": 6, "zorder": 4}
        axes.plot(4 + (seen - start) * scale, y + 6.5, "D", **mark)


@styled
def beliefs(rows: Sequence[Belief], width: int = WIDE) -> Figure:
    """Each parameter before and after the record: the central 90% of prior and posterior, in its own unit."""
    step = 50
    figure, axes = panel(
        beliefs_title(rows),
        step * len(rows),
        width,
        "Open: prior; filled: posterior; pale: the record taught little, so that it is a belief. "
        "Bars hold 90%; each row has a scale of its own.",
    )
    bare(axes)
    for index, row in enumerate(rows):
        y, learned = step * index + 23, PALE if row.is_belief else FILLED
        row_head(axes, y - 14, row.told, "belief" if row.is_belief else "", size=SMALL, **QUIET)
        prior, posterior = (row.prior[0], row.prior[2]), (row.posterior[0], row.posterior[2])
        _track(axes, y, [(*prior, OPEN), (*posterior, learned)])
        label(axes, width, y, span(*prior), ha="right", **QUIET)
        label(axes, width, y + 13, span(*posterior), ha="right")
    return figure


@styled
def checks(rows: Sequence["Check"], width: int = WIDE) -> Figure:
    """Numbers of the record beside what the model expected of them, before and after the fit."""
    step = 50
    figure, axes = panel(
        checks_title(rows),
        step * max(len(rows), 1),
        width,
        "Diamond: the record. Open bar: expected before the fit; filled: after it; 90% each. "
        "Each row has a scale of its own.",
    )
    bare(axes)
    for index, row in enumerate(rows):
        y, what = step * index + 23, f"{row.what}, {row.unit}" if row.unit else row.what
        row_head(axes, y - 14, what, "" if row.inside else "outside", size=SMALL, color=DOWN, **BOLD)
        _track(axes, y, [(*row.prior, OPEN), (*row.posterior, PALE)], row.seen)
        label(axes, width, y, number(row.seen), ha="right", **BOLD)
        label(axes, width, y + 14, span(*row.posterior), ha="right", **QUIET)
    return figure


@styled
def years(rows: Sequence["Check"], width: int = WIDE) -> Figure:
    """Meetings of each year beside what the model expects of it."""
    step = 15
    last = max([row.prior[1] for row in rows] + [row.seen for row in rows], default=1)
    figure, axes = panel(
        f"Meetings a year lie inside the expected range in {count_inside(rows)} of {len(rows)} years",
        step * max(len(rows), 1),
        width,
        "Diamond: the record. Thin line: expected before the fit; bar: after it; 90% each.",
        left=44,
        right=12,
        bottom=22,
    )
    rows_down(axes, -0.1, last + 0.1)
    axes.set_xticks(range(int(last) + 1))
    axes.grid(axis="x")
    seen = {"color": INK, "markersize": 5, "markeredgecolor": "white", "zorder": 4, "clip_on": False}
    for index, row in enumerate(rows):
        y = step * (index + 0.5)
        row_name(axes, y, row.what, color=INK if row.inside else DOWN)
        axes.plot(row.prior, [y, y], color=MUTED, linewidth=0.8, zorder=2)
        axes.plot(row.posterior, [y, y], color=BAND, linewidth=8, zorder=3)
        axes.plot(row.seen, y, "D", **seen)
    return figure


@styled
def intervals(
    title: str,
    note: str,
    rows: Sequence[tuple[str, float, float, float]],
    width: int = WIDE,
    *,
    write: Callable[[float], str] = percent,
    bold: str = "",
) -> Figure:
    """One line a row: its name and value above, its interval as a bar and its value as a dot below.

    Each row is a name, a value, and the ends of its interval; an upright line goes through the value of the row `bold`.
    """
    step, low, high = 40, min(row[2] for row in rows), max(row[3] for row in rows)
    scale = (width - 12) / max(high - low, 1e-12)
    reference = {name: 6 + (value - low) * scale for name, value, *_ in rows}.get(bold)
    figure, axes = panel(title, step * len(rows), width, note)
    bare(axes)
    for index, (name, value, lower, upper) in enumerate(rows):
        y, own, x = step * index + 26, name == bold, 6 + (value - low) * scale
        row_head(axes, y - 17, name, f"{write(value)}  ({write(lower)} to {write(upper)})", bold=own)
        style = {"color": BAND, "edgecolor": UP} if own else {"color": WASH, "edgecolor": MUTED}
        axes.barh(y, (upper - lower) * scale, 8, left=6 + (lower - low) * scale, linewidth=0.8, **style)
        axes.plot(x, y, "o", color=UP if own else INK, markersize=7, markeredgecolor="white", zorder=3)
        if reference is not None:
            axes.plot([reference, reference], [y - 7, y + 7], color=INK, linewidth=1, zorder=2)
    return figure


def structures(rows: Sequence[dict], width: int = WIDE) -> Figure:
    """The headline under each named structure, with the spread over its posterior."""
    return intervals(
        structures_title(rows),
        "Dot: the headline under this structure; bar: 90% of its posterior draws. "
        "The upright line is the published one.",
        [(row["structure"], row["probability"], row["lower"], row["upper"]) for row in rows],
        width,
        bold="full",
    )


@styled
def influence(rows: Sequence[dict], width: int = WIDE) -> Figure:
    """The change of the headline when a year is left out of the record."""
    step, reach = 15, max(max(abs(row["change"]) for row in rows), 0.005) * 1.15
    named = sorted(rows, key=lambda row: -abs(row["change"]))[:3]
    figure, axes = panel(
        influence_title(rows),
        step * len(rows),
        width,
        "Change of the headline in percentage points, by the year left out",
        left=44,
        right=8,
        bottom=22,
    )
    rows_down(axes, -reach, reach)
    ticks = [
        tick
        for tick in (-0.1, -0.05, -0.04, -0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.1)
        if abs(tick) <= reach
    ]
    ticks = ticks if len(ticks) < 8 or width > NARROW else ticks[::2] if 0 in ticks[::2] else ticks[1::2]
    axes.set_xticks(ticks, [f"{100 * tick:+.0f}".replace("-", "−").replace("+0", "0") for tick in ticks])
    axes.axvline(0, color=MUTED, linewidth=1, zorder=1)
    for index, row in enumerate(rows):
        y, change = step * (index + 0.5), row["change"]
        color = UP if change >= 0 else DOWN
        fill = color if change >= 0 else "white"
        row_name(axes, y, str(row["year"]), row in named)
        axes.plot([0, change], [y, y], color=color, linewidth=1.2, zorder=2)
        axes.plot(change, y, "o", color=fill, markeredgecolor=color, markersize=5.5, zorder=3)
        if row in named:
            side = {"dx": 7, "ha": "left"} if change < 0 else {"dx": -7, "ha": "right"}
            label(axes, 0, y, points(change), **side, color=color, **BOLD)
    return figure
