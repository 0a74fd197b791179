"""Figures of the track-record page: scores, losses by year, calibration, well-known years, the replay, the placebo."""

import string
from collections import Counter
from dataclasses import dataclass
from datetime import date

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..formatting import listed, percent, short_day
from ..track_record.backtest import FULL
from . import record_prose
from .drawing import (
    BAND,
    BOLD,
    DOWN,
    INK,
    MUTED,
    NARROW,
    QUARTERS,
    QUIET,
    ROW,
    SMALL,
    UP,
    WIDE,
    course,
    label,
    ordinals,
    panel,
    row_name,
    rows_down,
    share_axis,
    styled,
    text_width,
    time_axis,
    two_lines,
)
from .record_prose import CLIMATOLOGY, PRIMARY, Record, path_years, placebo_split
from .structure_figures import intervals


def scores(found: Record, width: int = WIDE) -> Figure:
    """The primary score of every model with its interval, best first."""
    rows = [row for row in found["scores"] if row["score"] == PRIMARY]
    return intervals(
        record_prose.scores_title(found),
        "Integrated Brier score of the curve over weeks 1 to 26; lower "
        "is better. Bar: 90% of resamples of whole years; upright line: the published model (full).",
        [(row["model"], row["value"], row["lower"], row["upper"]) for row in rows],
        width,
        write="{:.3f}".format,
        bold=FULL.name,
    )


@styled
def by_year(found: Record, width: int = WIDE) -> Figure:
    """The loss of each year, beside that of the share of earlier years."""
    losses = {(row["model"], row["year"]): row["brier"] for row in found["by_year"]}
    years, step = sorted({row["year"] for row in found["by_year"]}), 17
    own = {year: losses[FULL.name, year] for year in years}
    other = {year: losses[CLIMATOLOGY, year] for year in years}
    worst = sorted(years, key=lambda year: -own[year])[:5]
    figure, axes = panel(
        record_prose.by_year_title(found),
        step * len(years),
        width,
        "Integrated Brier score by year of the forecast. Bar: the model, dark in the five worst "
        "years; ring: share of earlier years (seasonal climatology).",
        left=44,
        right=10,
        bottom=24,
    )
    rows_down(axes, 0, max(*own.values(), *other.values()) * 1.04)
    axes.set_xticks([0, 0.1, 0.2, 0.3])
    axes.grid(axis="x")
    ring = {"color": "white", "markeredgecolor": MUTED, "markersize": 5.5, "zorder": 3}
    for index, year in enumerate(years):
        y, bad = step * (index + 0.5), year in worst
        row_name(axes, y, str(year), bad)
        axes.barh(y, own[year], 9, color=UP if bad else BAND, edgecolor=UP, linewidth=0.8)
        axes.plot(other[year], y, "o", **ring)
    return figure


@styled
def reliability(found: Record, width: int = WIDE) -> Figure:
    """What happened against what was said, with the band in which a calibrated forecaster would stay."""
    rows, side = found["reliability"], min(width - 60, 460)
    p = np.array([row["probability"] for row in rows])
    figure, axes = panel(
        record_prose.reliability_title(found),
        side,
        width,
        "Share of cases in which they met against the probability stated (CORP). Band: where 90% "
        "of calibrated forecasters would lie. Below: how many forecasts said so.",
        left=44,
        right=width - 44 - side,
        bottom=92,
    )
    lower, upper = [row["lower"] for row in rows], [row["upper"] for row in rows]
    axes.fill_between(p, lower, upper, color=BAND, linewidth=0)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(p, [row["observed"] for row in rows], color=UP, linewidth=2.2)
    share_axis(axes)
    axes.set_xlim(0, 1)
    axes.set_xticks(QUARTERS, [f"{tick:.0%}" for tick in QUARTERS])
    axes.grid(axis="x")
    label(axes, 0.04, 0.95, "met more often than said", va="top", **QUIET)
    label(axes, 0.96, 0.03, "met less often than said", va="baseline", ha="right", **QUIET)
    height = 72 * figure.get_figheight()
    below = figure.add_axes((44 / width, 18 / height, side / width, 46 / height))
    below.bar(p, np.sqrt([row["forecasts"] for row in rows]), (p[1] - p[0]) * 0.8, color=MUTED)
    below.set(xlim=(0, 1), ylim=(0, None))
    below.axis("off")
    middle = {"va": "top", "ha": "center", "xycoords": "axes fraction"}
    label(below, 0.5, 0.92, "number of forecasts (square-root scale)", **middle, **QUIET)
    return figure


@styled
def paths(found: Record, width: int = WIDE) -> Figure:
    """The forecast of well-known years, week by week, for a meeting by 31 December; meetings as marks."""
    years = path_years(found)
    columns = 2 if width > NARROW else 1
    lines, body, gap = -(-len(years) // columns), 96, 44
    inner = (width - 44 * columns) / columns
    figure, frame = panel(
        record_prose.paths_title(found),
        lines * (body + gap),
        width,
        "Probability of a meeting between each day and 31 December, as seen on that day; after a "
        "meeting, of another one. Diamonds: meetings.",
    )
    frame.axis("off")
    height = figure.get_figheight() * 72
    for index, (year, rows) in enumerate(years.items()):
        line, column = divmod(index, columns)
        left, bottom = 40 + column * (inner + 44), 24 + (lines - line - 1) * (body + gap)
        axes = figure.add_axes((left / width, bottom / height, inner / width, body / height))
        _path(axes, year, rows)
    return figure


def _path(axes: Axes, year: int, rows: list[dict]) -> None:
    """The forecasts of one year with its meetings, which the heading names as far as there is room."""
    course(axes, ordinals(rows, "as_of"), rows, linewidth=1.8)
    share_axis(axes, ticks=(0, 0.5, 1))
    time_axis(axes, date(year, 1, 1), date(year, 12, 31))
    met = sorted({(row["met_date"], row["place"]) for row in rows if row["met_date"]})
    for when, _ in met:
        x = date.fromisoformat(when).toordinal()
        axes.plot(x, 1.02, "D", color=INK, markersize=5, clip_on=False, zorder=4)
    places = ", ".join(f"{short_day(when)} {place}" for when, place in met)
    told = f"{year}: {places or 'no meeting'}"
    if text_width(told, SMALL, bold=True) > axes.get_window_extent().width + 30:
        told = f"{year}: met on {listed([short_day(when) for when, _ in met])}"
    label(axes, 0, 1, told, -34, 13, xycoords="axes fraction", **BOLD)


@styled
def replay(found: Record, width: int = WIDE) -> Figure:
    """The weekly forecasts of 2025 with the events that moved them, the forecasts of others, and the outcome."""
    rows, met, low = found["replay"], date(2025, 10, 30).toordinal(), 0.5
    marks = _events(found) + _others(found)
    texts = [two_lines(mark.text, width - 26) for mark in marks]
    figure, axes = panel(
        record_prose.replay_title(found),
        280,
        width,
        "Probability that they meet by 31 December "
        "2025, every Monday with what was public then and a fit through 2024; the scale begins "
        "at 50%. Squares: forecasts of others.",
        left=40,
        right=14,
        bottom=34 + sum(15 * len(lines) + 3 for lines in texts),
    )
    x = ordinals(rows, "as_of")
    course(axes, x, rows)
    share_axis(axes, low, 1.07, (0.5, 0.6, 0.7, 0.8, 0.9, 1))
    time_axis(axes, date.fromordinal(x[0]), date(2025, 11, 3))
    axes.plot([met, met], [low, 1], color=INK, linewidth=1, linestyle=(0, (2, 2)))
    axes.plot(met, 1, "D", color=INK, markersize=8, clip_on=False, zorder=5)
    label(axes, met, low, "met 30 Oct", -5, 8, va="baseline", ha="right", **BOLD)
    curve = [(day, row["probability"]) for day, row in zip(x, rows, strict=True)]
    _place_marks(axes, marks, curve, [(met, level / 100) for level in range(50, 101, 2)])
    y = -38.0
    for mark, lines in zip(marks, texts, strict=True):
        label(axes, -30, y, mark.name, ha="center", color=mark.color, xycoords="axes points", **BOLD)
        for line in lines:
            label(axes, -14, y, line, xycoords="axes points")
            y -= 15
        y -= 3
    return figure


@dataclass(frozen=True)
class Mark:
    """A point of the replay with the number or letter that stands for its text."""

    name: str
    day: int
    value: float
    text: str
    color: str
    square: bool = False


def _events(found: Record) -> list[Mark]:
    """The largest moves as numbers."""
    moves = [row for row in record_prose.largest_moves(found) if row["id"]]
    return [
        Mark(
            str(number),
            date.fromisoformat(row["as_of"]).toordinal(),
            row["probability"],
            f"{short_day(row['date'])} · {row['text'].rstrip('.')}",
            UP if row["move"] > 0 else DOWN,
        )
        for number, row in enumerate(moves, 1)
    ]


def _others(found: Record) -> list[Mark]:
    """The forecasts of others as letters."""
    return [
        Mark(
            letter,
            date.fromisoformat(row["date"]).toordinal(),
            row["theirs"],
            f"{short_day(row['date'])} · {percent(row['theirs'])} by "
            f"{short_day(row['deadline'])}: {row['source'].split(',')[0]}",
            MUTED,
            square=True,
        )
        for letter, row in zip(string.ascii_lowercase, found["references"], strict=False)
    ]


def _place_marks(axes: Axes, marks: list[Mark], curve: list[tuple], line: list[tuple]) -> None:
    """Draw the marks and write each one's name near its point, where it hides neither curve, line nor other names."""
    to_pixels = axes.transData.transform
    course_pixels = to_pixels(curve)
    steps = np.linspace(0, len(curve) - 1, 8 * len(curve))
    dense = [np.interp(steps, range(len(curve)), course_pixels[:, axis]) for axis in (0, 1)]
    squares = [(mark.day, mark.value) for mark in marks if mark.square]
    taken = np.concatenate([np.column_stack(dense), to_pixels(line), to_pixels(squares or line)])
    for mark in marks:
        point = to_pixels((mark.day, mark.value))
        shift = _free_shift(axes, point, taken)
        taken = np.concatenate([taken, [point + shift]])
        label(axes, mark.day, mark.value, mark.name, *shift, ha="center", color=mark.color, zorder=6, **BOLD)
        if np.abs(shift).sum() > 20:
            ends = axes.transData.inverted().transform([point + 0.2 * shift, point + 0.65 * shift])
            axes.plot(*ends.T, color=mark.color, linewidth=0.8, zorder=3)
    for mark in marks:
        shape, size = ("s", 6) if mark.square else ("o", 5.5)
        fill, edge = ("white", INK) if mark.square else (mark.color, "white")
        axes.plot(mark.day, mark.value, shape, color=fill, markeredgecolor=edge, markersize=size, zorder=5)


def _free_shift(axes: Axes, point: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The smallest shift from a point, in pixels, to where no taken point is near; upright if there is none."""
    box = axes.get_window_extent()
    x, y = (grid.ravel() for grid in np.meshgrid(range(-60, 61, 6), range(-84, 85, 6), indexing="ij"))
    at = point + np.column_stack([x, y])
    gaps = np.abs(at[:, None] - taken)
    free = (
        (np.abs(x) + np.abs(y) >= 12)
        & (at > (box.x0 + 8, box.y0 + 8)).all(axis=1)
        & (at < (box.x1 - 4, box.y1 - 4)).all(axis=1)
        & ((gaps[..., 0] >= 10) | (gaps[..., 1] >= 12)).all(axis=1)
    )
    cost = np.where(free, np.abs(x) * 1.6 + np.abs(y) + 0.1 * (y > 0), np.inf)
    return np.array([x[cost.argmin()], y[cost.argmin()]]) if free.any() else np.array([0, 14])


@styled
def placebo(found: Record, width: int = WIDE) -> Figure:
    """The log score of each placebo ledger as a dot, below those with the true tone and with none."""
    own, none, shuffles = placebo_split(found["placebo"])
    lanes = {
        "true tone": (own, UP, {"color": UP, "markeredgecolor": "white"}),
        "no tone": (none, INK, {"color": "white", "markeredgecolor": INK}),
        "tone of other years": (shuffles, MUTED, {"color": MUTED, "markeredgecolor": "white"}),
    }
    values = [*own, *none, *shuffles]
    low, high, size = min(values), max(values), 9
    scale = (width - 46) / max(high - low, 1e-9)
    stacks = [_stacked(lane, low, size / scale) for lane, *_ in lanes.values()]
    heights = [34 + size * max((level for _, level in stack), default=0) for stack in stacks]
    figure, axes = panel(
        record_prose.placebo_title(found),
        sum(heights),
        width,
        f"Log score over weeks 1 to 26, lower is better. Each dot is one run; {len(shuffles)} of "
        "them have in every year the general signals of another year. Line: mean.",
        left=15,
        right=15,
        bottom=24,
    )
    rows_down(axes, low - 8 / scale, high + 8 / scale)
    ticks = MaxNLocator(6 if width > NARROW else 4).tick_values(low, high)
    axes.set_xticks([tick for tick in ticks if low + 12 / scale < tick < high - 12 / scale])
    top = 0
    for (name, (lane, color, style)), stack, height in zip(lanes.items(), stacks, heights, strict=True):
        floor, mean = top + height - 7, float(np.mean(lane))
        label(axes, 0, top + 10, f"{name} {mean:.4f}", xycoords=ROW, color=color, **BOLD)
        for value, level in stack:
            axes.plot(value, floor - size * level, "o", markersize=6.5, **style)
        axes.plot([mean, mean], [top + 18, top + height], color=INK, linewidth=1.4)
        top += height
    return figure


def _stacked(values: list[float], low: float, size: float) -> list[tuple[float, int]]:
    """Each value with its level in a stack of dots of this size, as if they were dropped onto the axis."""
    levels: Counter[int] = Counter()
    placed = []
    for value in sorted(values):
        column = int((value - low) / size)
        placed.append((value, levels[column]))
        levels[column] += 1
    return placed
