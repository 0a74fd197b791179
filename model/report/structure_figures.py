"""Figures of the model page: its graph, what the fit taught, what it expects of the record, and other structures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..formatting import interval, number, percent, points
from .figures import (
    BAND,
    DOWN,
    INK,
    MUTED,
    NARROW,
    SMALL,
    STYLE,
    UP,
    WASH,
    WIDE,
    bare,
    fitted,
    panel,
    spread_out,
    text_width,
)
from .model_words import Belief, graph_title, influence_title, words

if TYPE_CHECKING:
    from ..fit.predictive import Check


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
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            graph_title(edges, unobserved),
            height,
            width,
            "Left: parameters, each with its prior. Right: what the record shows of them. "
            "A line says that the right one depends on the left one.",
            bottom=4,
        )
        bare(axes)
        axes.text(0, step / 2, "Parameters", va="center", size=SMALL, color=MUTED)
        axes.text(outer + 8, step / 2, "Observed", va="center", size=SMALL, color=MUTED)
        for name, y in place.items():
            axes.text(0, y, name, va="center", size=SMALL, color=MUTED if name in unobserved else INK)
        for name, y in right.items():
            axes.text(outer + 8, y, name, va="center", size=SMALL, color=UP)
            for parent in edges[name]:
                axes.plot([inner, outer], [place[parent], y], color=MUTED, linewidth=0.7, zorder=1)
                axes.plot([inner], [place[parent]], "o", color=MUTED, markersize=2.5)
            axes.plot([outer], [y], "o", color=UP, markersize=4)
    return figure


def _track(
    axes: Axes,
    y: float,
    width: float,
    ends: tuple[float, float],
    bars: Sequence[tuple[float, float, dict]],
    dot: float | None = None,
) -> None:
    """Bars, one below the other, and a dot over them on a scale of their own from `ends[0]` to `ends[1]`."""
    low, reach = ends[0], max(ends[1] - ends[0], 1e-12)

    def place(value: float) -> float:
        return 4 + (width - 8) * (value - low) / reach

    for index, (start, stop, style) in enumerate(bars):
        start, stop = place(start), place(stop)
        axes.barh(y + 13 * index, max(stop - start, 1.5), 7, left=start, **style)
    if dot is not None:
        axes.plot(place(dot), y + 6.5, "D", color=INK, markersize=6, markeredgecolor="white", zorder=4)


OPEN, FILLED = (
    {"color": "none", "edgecolor": MUTED, "linewidth": 1},
    {"color": UP, "edgecolor": UP, "linewidth": 1},
)
STATED = {"color": BAND, "edgecolor": UP, "linewidth": 1}


def beliefs(rows: Sequence[Belief], width: int = WIDE) -> Figure:
    """Each parameter before and after the record: the central 90% of prior and posterior, in its own unit."""
    step, track = 50, width - 116
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.beliefs_title(rows),
            step * len(rows),
            width,
            "Open: prior; filled: posterior; pale: the record taught little, so that it is a belief. "
            "Bars hold 90%; each row has a scale of its own.",
            bottom=4,
        )
        bare(axes)
        for index, row in enumerate(rows):
            y = step * index
            told = "belief" if row.is_belief else ""
            axes.text(
                0,
                y + 9,
                fitted(row.label_with_unit, width - 10 - text_width(told, SMALL), SMALL),
                va="center",
                size=SMALL,
            )
            axes.text(width, y + 9, told, va="center", ha="right", size=SMALL, color=MUTED)
            ends = (min(row.prior[0], row.posterior[0]), max(row.prior[2], row.posterior[2]))
            _track(
                axes,
                y + 23,
                track,
                ends,
                [
                    (row.prior[0], row.prior[2], OPEN),
                    (row.posterior[0], row.posterior[2], STATED if row.is_belief else FILLED),
                ],
            )
            for line, (low, _, high) in enumerate((row.prior, row.posterior)):
                axes.text(
                    width,
                    y + 23 + 13 * line,
                    interval(low, high),
                    va="center",
                    ha="right",
                    size=SMALL,
                    color=MUTED if not line else INK,
                )
    return figure


def checks(rows: Sequence["Check"], width: int = WIDE) -> Figure:
    """Numbers of the record beside what the model expected of them, before and after the fit."""
    step, track = 50, width - 116
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.checks_title(rows),
            step * max(len(rows), 1),
            width,
            "Diamond: the record. Open bar: expected before the fit; filled: after it; 90% each. "
            "Each row has a scale of its own.",
            bottom=4,
        )
        bare(axes)
        for index, row in enumerate(rows):
            y = step * index
            told = "" if row.inside else "outside"
            axes.text(
                0,
                y + 9,
                fitted(
                    ", ".join(filter(None, (row.what, row.unit))), width - 10 - text_width(told, SMALL), SMALL
                ),
                va="center",
                size=SMALL,
            )
            axes.text(width, y + 9, told, va="center", ha="right", size=SMALL, color=DOWN, weight="bold")
            ends = (
                min(row.prior[0], row.posterior[0], row.seen),
                max(row.prior[1], row.posterior[1], row.seen),
            )
            _track(axes, y + 23, track, ends, [(*row.prior, OPEN), (*row.posterior, STATED)], row.seen)
            axes.text(width, y + 23, number(row.seen), va="center", ha="right", size=SMALL, weight="bold")
            axes.text(
                width, y + 37, interval(*row.posterior), va="center", ha="right", size=SMALL, color=MUTED
            )
    return figure


def years(rows: Sequence["Check"], width: int = WIDE) -> Figure:
    """Meetings of each year beside what the model expects of it."""
    height, inside = 15, sum(row.inside for row in rows)
    last = max([row.prior[1] for row in rows] + [row.seen for row in rows], default=1)
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            f"Meetings a year lie inside the expected range in {inside} of {len(rows)} years",
            height * max(len(rows), 1),
            width,
            "Diamond: the record. Thin line: expected before the fit; bar: after it; 90% each.",
            left=44,
            right=12,
            bottom=22,
        )
        axes.set(xlim=(-0.1, last + 0.1), ylim=(height * max(len(rows), 1), 0))
        axes.set_yticks([])
        axes.set_xticks(range(int(last) + 1))
        axes.grid(axis="x")
        for index, row in enumerate(rows):
            y = height * (index + 0.5)
            axes.annotate(
                row.what,
                (0, y),
                (-8, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                va="center",
                size=SMALL,
                color=INK if row.inside else DOWN,
            )
            axes.plot(row.prior, [y, y], color=MUTED, linewidth=0.8, zorder=2)
            axes.plot(row.posterior, [y, y], color=BAND, linewidth=8, solid_capstyle="butt", zorder=3)
            axes.plot(
                row.seen, y, "D", color=INK, markersize=5, markeredgecolor="white", zorder=4, clip_on=False
            )
    return figure


def intervals(
    title: str,
    note: str,
    rows: Sequence[tuple[str, float, float, float]],
    width: int = WIDE,
    *,
    write: Any = percent,
    bold: str = "",
) -> Figure:
    """One line a row: its name and value above, its interval as a bar and its value as a dot below."""
    step = 40
    low, high = min(row[2] for row in rows), max(row[3] for row in rows)
    scale = (width - 12) / max(high - low, 1e-12)
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(title, step * len(rows), width, note, bottom=4)
        bare(axes)
        reference = next((row for row in rows if row[0] == bold), None)
        if reference:
            x = 6 + (reference[1] - low) * scale
            for index in range(len(rows)):
                axes.plot([x, x], [step * index + 19, step * index + 33], color=INK, linewidth=1, zorder=2)
        for index, (name, value, lower, upper) in enumerate(rows):
            y, own = step * index, name == bold
            told = f"{write(value)}  ({write(lower)} to {write(upper)})"
            axes.text(
                width, y + 9, told, va="center", ha="right", size=SMALL, weight="bold" if own else "normal"
            )
            axes.text(
                0,
                y + 9,
                fitted(name, width - 12 - text_width(told, SMALL, own)),
                va="center",
                weight="bold" if own else "normal",
            )
            axes.barh(
                y + 26,
                (upper - lower) * scale,
                8,
                left=6 + (lower - low) * scale,
                color=BAND if own else WASH,
                edgecolor=UP if own else MUTED,
                linewidth=0.8,
            )
            axes.plot(
                6 + (value - low) * scale,
                y + 26,
                "o",
                color=UP if own else INK,
                markersize=7,
                markeredgecolor="white",
                zorder=3,
            )
    return figure


def structures(rows: Sequence[dict], width: int = WIDE) -> Figure:
    """The headline under each named structure, with the spread over its posterior."""
    return intervals(
        words.structures_title(rows),
        "Dot: the headline under this structure; bar: 90% of its posterior draws. "
        "The upright line is the published one.",
        [(row["structure"], row["probability"], row["lower"], row["upper"]) for row in rows],
        width,
        bold="full",
    )


def influence(rows: Sequence[dict], width: int = WIDE) -> Figure:
    """The change of the headline when a year is left out of the record."""
    height, reach = 15, max(max(abs(row["change"]) for row in rows), 0.005) * 1.15
    named = sorted(rows, key=lambda row: -abs(row["change"]))[:3]
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            influence_title(rows),
            height * len(rows),
            width,
            "Change of the headline in percentage points, by the year left out",
            left=44,
            right=8,
            bottom=22,
        )
        axes.set(xlim=(-reach, reach), ylim=(height * len(rows), 0))
        axes.set_yticks([])
        ticks = [
            tick
            for tick in (-0.1, -0.05, -0.04, -0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.1)
            if abs(tick) <= reach
        ]
        ticks = ticks if len(ticks) < 8 or width > NARROW else ticks[::2] if 0 in ticks[::2] else ticks[1::2]
        axes.set_xticks(ticks, [f"{100 * tick:+.0f}".replace("-", "−").replace("+0", "0") for tick in ticks])
        axes.axvline(0, color=MUTED, linewidth=1, zorder=1)
        for index, row in enumerate(rows):
            y, large = height * (index + 0.5), row in named
            color = UP if row["change"] >= 0 else DOWN
            axes.annotate(
                str(row["year"]),
                (0, y),
                (-8, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                va="center",
                size=SMALL,
                color=INK if large else MUTED,
                weight="bold" if large else "normal",
            )
            axes.plot([0, row["change"]], [y, y], color=color, linewidth=1.2, zorder=2)
            axes.plot(
                row["change"],
                y,
                "o",
                color=color if row["change"] >= 0 else "white",
                markeredgecolor=color,
                markersize=5.5,
                zorder=3,
            )
            if large:
                right = row["change"] < 0
                axes.annotate(
                    points(row["change"]),
                    (0, y),
                    (7 if right else -7, 0),
                    textcoords="offset points",
                    ha="left" if right else "right",
                    va="center",
                    size=SMALL,
                    color=color,
                    weight="bold",
                )
    return figure
