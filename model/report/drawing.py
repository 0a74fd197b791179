"""What all figures are drawn with: their style, measured lettering, a titled panel, axes, lines and labels.

Lengths are pixels of the drawing, which a page scales to its width. A figure's title is its claim. Up and
down differ by direction or fill besides colour, so a print in grey loses nothing.
"""

import textwrap
from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from matplotlib.ticker import MaxNLocator

from ..formatting import short_day
from . import words

STYLE = matplotlib.rc_params_from_file(words.TEMPLATES / "report.mplstyle", use_default_template=False)
WORDS = words.figures
styled = matplotlib.rc_context(STYLE)
"""Decorates a function so that what it draws has the style."""

WIDTH = 408
"""The width of every drawing: where a page has 335 CSS pixels for it, its smallest text still has 9."""
TITLE, TEXT, SMALL = STYLE["axes.titlesize"], STYLE["font.size"], STYLE["xtick.labelsize"]
INK, MUTED, RULE = STYLE["text.color"], STYLE["axes.labelcolor"], STYLE["grid.color"]
UP, DOWN, BAND, WASH, PAPER = "#1f4e8c", "#b45a15", "#b9cbe4", "#eef1f5", "white"
QUIET: dict[str, Any] = {"color": MUTED}
BOLD: dict[str, Any] = {"weight": "bold"}
ROW = ("axes fraction", "data")
"""Coordinates of a label that belongs to a row: a share of the width, and the row's own y."""
QUARTERS = (0, 0.25, 0.5, 0.75, 1)


@cache
def text_width(text: str, size: float = TEXT, bold: bool = False) -> float:
    """The width of one line of text."""
    font = FontProperties(family=STYLE["font.family"], size=size, weight="bold" if bold else "normal")
    return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]


def wrapped(text: str, width: float, size: float = TEXT, bold: bool = False) -> list[str]:
    """The text in lines no wider than `width`; a word that is too long is broken."""
    for columns in range(max(int(width / size * 2.2), 8), 7, -1):
        lines = textwrap.wrap(text, columns)
        if all(text_width(line, size, bold) <= width for line in lines):
            return lines
    return textwrap.wrap(text, 8)


def balanced(text: str, width: float, size: float = TEXT, bold: bool = False) -> list[str]:
    """The text in as few lines as it needs, of about the same length."""
    lines = wrapped(text, width, size, bold)
    for columns in range(max(map(len, lines), default=0) - 1, 7, -1):
        narrower = textwrap.wrap(text, columns)
        if len(narrower) > len(lines):
            break
        if all(text_width(line, size, bold) <= width for line in narrower):
            lines = narrower
    return lines


def fitted(text: str, width: float, size: float = TEXT, bold: bool = False) -> str:
    """The text, shortened with an ellipsis where it is wider than `width`."""
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(f"{text.rstrip()}…", size, bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def two_lines(text: str, width: float) -> list[str]:
    """The small text in at most two lines no wider than `width`; a longer text ends with an ellipsis."""
    lines = wrapped(text, width, SMALL)
    return lines if len(lines) < 3 else [lines[0], fitted(f"{lines[1]} …", width, SMALL)]


def spread_out(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places moved as little as needed to lie `gap` apart between low and high, in their order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, i in zip([None, *order], order):
        moved[i] = max(moved[i], low if before is None else moved[before] + gap)
    for after, i in zip([None, *order[::-1]], order[::-1]):
        moved[i] = min(moved[i], high if after is None else moved[after] - gap)
    return moved


def panel(
    title: str, note: str, body: float, margins: tuple[float, float, float] = (0, 0, 4)
) -> tuple[Figure, Axes]:
    """A figure with its title, a muted note below it, and axes of height `body` below that.

    The margins are those of the axes, left, right and at the bottom.
    """
    left, right, bottom = margins
    heads, notes = balanced(title, WIDTH - 2, TITLE, bold=True), balanced(note, WIDTH - 2, SMALL)
    height = 20 * len(heads) + 16 * len(notes) + 16 + body + bottom
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    for index, line in enumerate(heads):
        figure.text(0, 1 - (4 + 20 * index) / height, line, va="top", size=TITLE, **BOLD)
    for index, line in enumerate(notes):
        top = 20 * len(heads) + 7 + 16 * index
        figure.text(0, 1 - top / height, line, va="top", size=SMALL, **QUIET)
    axes = figure.add_axes((left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, body / height))
    return figure, axes


def rows_down(axes: Axes) -> None:
    """Give the axes y in pixels from the top, without ticks."""
    axes.set_ylim(axes.get_window_extent().height, 0)
    axes.set_yticks([])


def bare_panel(title: str, note: str, body: float) -> tuple[Figure, Axes]:
    """A panel whose axes are pixels from the upper left corner, without frame and ticks."""
    figure, axes = panel(title, note, body)
    rows_down(axes)
    axes.set_xlim(0, WIDTH)
    axes.axis("off")
    return figure, axes


def named_rows(title: str, note: str, names: Sequence[str], strong: Collection[str]) -> tuple[Figure, Axes]:
    """A panel with a row for each name, the first one at y = 0 and above the next; strong names are bold."""
    figure, axes = panel(title, note, 16 * max(len(names), 1), (44, 10, 24))
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    for tick in axes.get_yticklabels():
        if tick.get_text() in strong:
            tick.set(color=INK, weight="bold")
    return figure, axes


def share_axis(axes: Axes, low: float = 0, high: float = 1, ticks: Sequence[float] = QUARTERS) -> None:
    """Give the axes probabilities from low to high as y, with lines at the ticks."""
    axes.set_ylim(low, high)
    axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
    axes.grid(axis="y")


def inner_ticks(axes: Axes, number: int) -> None:
    """About so many round ticks on the x axis, none so near an end that its label would be cut off."""
    low, high = axes.get_xlim()
    edge = 0.05 * (high - low)
    axes.set_xticks([x for x in MaxNLocator(number).tick_values(low, high) if low + edge <= x <= high - edge])


def month_starts(first: date, last: date) -> list[date]:
    """The first days of the months between two days, both included."""
    months = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    starts = [date(month // 12, month % 12 + 1, 1) for month in months]
    return [start for start in starts if start >= first]


def time_axis(axes: Axes, first: int, last: int) -> None:
    """Give the axes days (ordinals) as x; ticks are as many months as fit, or weeks of a short time."""
    width, length = axes.get_window_extent().width, max(last - first, 1)
    axes.set_xlim(first, first + length)
    months = month_starts(date.fromordinal(first), date.fromordinal(first + length))
    every = next((n for n in (1, 2, 3, 6, 12) if len(months) / n * 40 <= width), 24)
    shown = [month for month in months if (month.month - 1) % every == 0] or months[:1]
    if length < 45:
        shown = [date.fromordinal(first + n) for n in range(0, length + 1, 7)]
    shown = [when for when in shown if 16 < (when.toordinal() - first) / length * width < width - 16]
    axes.set_xticks([when.toordinal() for when in shown], [_tick(when, every) for when in shown])


def _tick(when: date, every: int) -> str:
    """A day on a time axis; of January the year, unless each tick says it."""
    if when.day > 1:
        return short_day(when)
    return f"{when:%b %y}" if every >= 6 else f"{when:%Y}" if when.month == 1 else f"{when:%b}"


def label(axes: Axes, x: float, y: float, text: str, dx: float = 0, dy: float = 0, **style: Any) -> None:
    """Write a small text beside a point, dx pixels to its right or left and dy above it."""
    style = {"size": SMALL, "va": "center", "ha": "right" if dx < 0 else "left"} | style
    axes.annotate(text, (x, y), (dx, dy), textcoords="offset points", annotation_clip=False, **style)


def row_head(
    axes: Axes, y: float, name: str, told: str, size: float = TEXT, weight: str = "normal", color: str = INK
) -> None:
    """Write a row's name at its left, shortened to the room that what is `told` at its right leaves."""
    bold = weight == "bold"
    room = axes.get_window_extent().width - 12 - text_width(told, SMALL, bold)
    label(axes, 0, y, fitted(name, room, size, bold), size=size, weight=weight, xycoords=ROW)
    label(axes, 1, y, told, ha="right", weight=weight, color=color, xycoords=ROW)


def change_bar(
    axes: Axes, y: float, start: float, stop: float, text: str, filled: bool = True, height: float = 10
) -> None:
    """A bar from start to stop, coloured by its direction, with its text beyond its end."""
    color, dx = (UP, 6) if stop >= start else (DOWN, -6)
    fill = color if filled else PAPER
    axes.barh(y, stop - start, height, left=start, linewidth=1.1, edgecolor=color, color=fill)
    label(axes, stop, y, text, dx, color=color, **BOLD)


def ordinals(rows: Sequence[dict[str, Any]], column: str) -> list[int]:
    """The days of a column of ISO dates, as numbers of a time axis."""
    return [date.fromisoformat(row[column]).toordinal() for row in rows]


def course(axes: Axes, x: Sequence[float], rows: Sequence[dict[str, Any]]) -> None:
    """Draw the probabilities of the rows as a line over the band from `lower` to `upper`."""
    lower, upper = [row["lower"] for row in rows], [row["upper"] for row in rows]
    axes.fill_between(x, lower, upper, color=BAND, linewidth=0)
    axes.plot(x, [row["probability"] for row in rows], color=UP, linewidth=2.2)
