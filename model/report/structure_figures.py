"""Figures of the model page: its graph, what the fit taught and expects, other structures."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..answer.prior import Belief
from ..fit.predictive import Check
from ..formatting import interval, number, percent, points, upper_first
from . import drawing as draw
from .drawing import BAND, BOLD, DOWN, INK, MUTED, PAPER, QUIET, SMALL, UP, WASH, WIDTH, WORDS
from .words import model as words


@draw.styled
def graph(edges: dict[str, Sequence[str]], unobserved: Sequence[str]) -> Figure:
    """The model as a graph: parameters left, what is observed right, with lines between them."""
    parents = list(dict.fromkeys(name for names in edges.values() for name in names))
    left, step = [*parents, *unobserved], 18
    height = step * (len(left) + 1)
    place = {name: step * (i + 1.5) for i, name in enumerate(left)}
    wanted = [sum(place[name] for name in names) / len(names) for names in edges.values()]
    right = dict(zip(edges, draw.spread_out(wanted, step, step * 1.5, height - step / 2), strict=True))
    inner = max(draw.text_width(name, SMALL) for name in left) + 6
    outer = WIDTH - max(draw.text_width(name, SMALL) for name in edges) - 9
    figure, axes = draw.bare_panel(words.graph_title(edges, unobserved, len(parents)), WORDS.graph(), height)
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


class Range(NamedTuple):
    """A row of a figure: what it is about, its 90% interval before and after the fit, and what was seen."""

    name: str
    prior: tuple[float, float]
    posterior: tuple[float, float]
    pale: bool
    tag: str
    seen: float | None = None


def beliefs(rows: Sequence[Belief]) -> Figure:
    """Each parameter before and after the record: the central 90% of prior and posterior, in its own unit."""
    ranges = []
    for row in rows:
        label, tag = upper_first(row.label), "belief" if row.unmoved else ""
        name = label if row.unit.split()[0] in row.label else f"{label}, {row.unit}"
        prior, posterior = ((spread.low, spread.high) for spread in (row.prior, row.posterior))
        ranges.append(Range(name, prior, posterior, row.unmoved, tag))
    return _ranges(words.beliefs_title(rows), WORDS.beliefs(), ranges)


def checks(rows: Sequence[Check]) -> Figure:
    """Numbers of the record beside what the model expected of them, before and after the fit."""
    ranges = []
    for row in rows:
        name, tag = f"{row.what}, {row.unit}" if row.unit else row.what, "" if row.inside else "outside"
        ranges.append(Range(name, row.prior, row.posterior, True, tag, row.seen))
    return _ranges(words.checks_title(rows), WORDS.checks(), ranges)


@draw.styled
def _ranges(title: str, note: str, rows: Sequence[Range]) -> Figure:
    """Each row's prior as an open bar, its posterior as a filled one, and what was seen between them."""
    step = 50
    figure, axes = draw.bare_panel(title, note, step * max(len(rows), 1))
    for index, row in enumerate(rows):
        y = step * index + 23
        draw.row_head(axes, y - 14, row.name, row.tag, SMALL, color=MUTED if row.seen is None else DOWN)
        _bars(axes, y, row)
        if row.seen is None:
            draw.label(axes, WIDTH, y, interval(*row.prior), ha="right", **QUIET)
        else:
            draw.label(axes, WIDTH, y, number(row.seen), ha="right", **BOLD)
        draw.label(axes, WIDTH, y + 13, interval(*row.posterior), ha="right")
    return figure


def _bars(axes: Axes, y: float, row: Range) -> None:
    """The bars of a row on a scale of its own."""
    values = np.array([*row.prior, *row.posterior, *([] if row.seen is None else [row.seen])])
    places = 4 + (values - values.min()) * (WIDTH - 124) / max(np.ptp(values), 1e-12)
    fills = ("none", MUTED), (BAND if row.pale else UP, UP)
    for index, (fill, edge) in enumerate(fills):
        left, right = places[2 * index : 2 * index + 2]
        width = max(right - left, 1.5)
        axes.barh(y + 13 * index, width, 7, left=left, color=fill, edgecolor=edge, linewidth=1)
    for x in places[4:]:
        axes.plot(x, y + 6.5, "D", color=INK, markeredgecolor=PAPER, markersize=6, zorder=4)


@draw.styled
def years(rows: Sequence[Check]) -> Figure:
    """Meetings of each year beside what the model expects of it."""
    figure, axes = draw.named_rows(
        WORDS.years_title(sum(row.inside for row in rows), len(rows)),
        WORDS.years(),
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
        words.structures_title(rows),
        WORDS.structures(),
        [(row["structure"], row["probability"], row["lower"], row["upper"]) for row in rows],
        bold="full",
    )


@draw.styled
def influence(rows: Sequence[dict]) -> Figure:
    """The change of the headline when a year is left out of the record."""
    named = sorted(rows, key=lambda row: -abs(row["change"]))[:3]
    figure, axes = draw.named_rows(
        words.influence_title(rows, named[0], sum(abs(row["change"]) < 0.01 for row in rows)),
        WORDS.influence(),
        [str(row["year"]) for row in rows],
        [str(row["year"]) for row in named],
    )
    for y, row in enumerate(rows):
        told = points(row["change"]) if row in named else ""
        draw.change_bar(axes, y, 0, row["change"], told, filled=row["change"] >= 0, height=0.6)
    axes.margins(x=0.2)
    axes.axvline(0, color=MUTED, linewidth=1)
    draw.inner_ticks(axes, 6)
    axes.xaxis.set_major_formatter(lambda change, _: points(change))
    return figure
