"""What all figures are drawn with: their style, measured lettering, a titled panel, axes, lines and labels.

Lengths are pixels of the drawing. A figure's title is its claim. Lines carry their labels, so no legend is needed;
up and down differ by direction or fill besides colour, so a print in grey loses nothing.
"""

import textwrap
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from ..formatting import short_day

STYLE = matplotlib.rc_params_from_file(
    Path(__file__).parent / "templates" / "report.mplstyle", use_default_template=False
)
styled = matplotlib.rc_context(STYLE)
"""Decorates a function so that what it draws has the style."""

WIDE, NARROW = 736, 350
TITLE, TEXT, SMALL = STYLE["axes.titlesize"], STYLE["font.size"], STYLE["xtick.labelsize"]
INK, MUTED, RULE = STYLE["text.color"], STYLE["axes.labelcolor"], STYLE["grid.color"]
UP, DOWN, BAND, WASH = "#1f4e8c", "#b45a15", "#b9cbe4", "#eef1f5"
QUIET: dict[str, Any] = {"color": MUTED}
BOLD: dict[str, Any] = {"weight": "bold"}
ROW = ("axes fraction", "data")
"""Coordinates of a label that belongs to a row: a share of the width, and the row's own y."""
QUARTERS = (0, 0.25, 0.5, 0.75, 1)


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


def fitted(text: str, width: float, size: float = TEXT, bold: bool = False) -> str:
    """The text, shortened with an ellipsis where it is wider than `width`."""
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(f"{text.rstrip()}…", size, bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def two_lines(text: str, width: float) -> list[str]:
    """The small text in at most two lines no wider than `width`, shortened with an ellipsis where it is longer."""
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
    title: str, body: float, width: int, note: str = "", left: float = 0, right: float = 0, bottom: float = 4
) -> tuple[Figure, Axes]:
    """A figure with its title, a muted note below it, and axes of height `body` below that."""
    heads, notes = wrapped(title, width, TITLE, bold=True), wrapped(note, width, SMALL)
    height = 20 * len(heads) + 16 * len(notes) + 16 + body + bottom
    figure = Figure(figsize=(width / 72, height / 72))
    for index, line in enumerate(heads):
        figure.text(0, 1 - (4 + 20 * index) / height, line, va="top", size=TITLE, **BOLD)
    for index, line in enumerate(notes):
        top = 20 * len(heads) + 7 + 16 * index
        figure.text(0, 1 - top / height, line, va="top", size=SMALL, **QUIET)
    axes = figure.add_axes((left / width, bottom / height, (width - left - right) / width, body / height))
    return figure, axes


def rows_down(axes: Axes, low: float = 0, high: float = 1) -> None:
    """Give the axes x from low to high, and y in pixels from the top without ticks."""
    axes.set(xlim=(low, high), ylim=(axes.get_window_extent().height, 0))
    axes.set_yticks([])


def bare(axes: Axes) -> float:
    """Give the axes pixels from the upper left corner, no frame and no ticks; returns their width."""
    width = axes.get_window_extent().width
    rows_down(axes, 0, width)
    axes.axis("off")
    return width


def share_axis(axes: Axes, low: float = 0, high: float = 1, ticks: Sequence[float] = QUARTERS) -> None:
    """Give the axes probabilities from low to high as y, with lines at the ticks."""
    axes.set_ylim(low, high)
    axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
    axes.grid(axis="y")


def month_starts(first: date, last: date) -> list[date]:
    """The first days of the months between two days, both included."""
    months = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    starts = [date(month // 12, month % 12 + 1, 1) for month in months]
    return [start for start in starts if start >= first]


def time_axis(axes: Axes, first: date, last: date) -> None:
    """Give the axes days as x: as many months, or weeks of a short time, as there is room to name."""
    width, last = axes.get_window_extent().width, max(last, first + timedelta(days=1))
    axes.set_xlim(first.toordinal(), last.toordinal())
    length, months = (last - first).days, month_starts(first, last)
    every = next((n for n in (1, 2, 3, 6, 12) if len(months) / n * 44 <= width), 24)
    shown = [month for month in months if (month.month - 1) % every == 0] or months[:1]
    if length < 45:
        shown = [first + timedelta(days=n) for n in range(0, length + 1, 7 if width > 400 else 14)]
    shown = [when for when in shown if 16 < (when - first).days / length * width < width - 16]
    axes.set_xticks([when.toordinal() for when in shown], [_tick(when, every) for when in shown])


def _tick(when: date, every: int) -> str:
    """A day on a time axis; of January the year, unless each tick says it."""
    if when.day > 1:
        return short_day(when)
    return f"{when:%b %y}" if every >= 6 else f"{when:%Y}" if when.month == 1 else f"{when:%b}"


def label(
    axes: Axes, x: float, y: float, text: str, dx: float = 0, dy: float = 0, *, ha: str = "left", **style: Any
) -> None:
    """Write a small text, vertically centred, at a point of the axes moved by dx and dy pixels."""
    style = {"size": SMALL, "va": "center", "xycoords": "data"} | style
    axes.annotate(text, (x, y), (dx, dy), textcoords="offset points", ha=ha, annotation_clip=False, **style)


def row_name(axes: Axes, y: float, text: str, strong: bool = False, color: str = MUTED) -> None:
    """Write the name of a row to the left of the axes; a strong one is bold and dark."""
    style = {"color": INK, "weight": "bold"} if strong else {"color": color}
    label(axes, 0, y, text, -8, ha="right", xycoords=ROW, **style)


def row_head(
    axes: Axes, y: float, name: str, told: str, size: float = TEXT, bold: bool = False, **style: Any
) -> None:
    """Write a row's name at its left, shortened to the room that what is `told` at its right leaves."""
    width = axes.get_window_extent().width
    room = width - 12 - text_width(told, SMALL, bold)
    weight = "bold" if bold else "normal"
    label(axes, 0, y, fitted(name, room, size, bold), size=size, weight=weight, xycoords=ROW)
    label(axes, 1, y, told, ha="right", xycoords=ROW, **{"weight": weight} | style)


def ordinals(rows: Sequence[dict[str, Any]], column: str) -> list[int]:
    """The days of a column of ISO dates, as numbers of a time axis."""
    return [date.fromisoformat(row[column]).toordinal() for row in rows]


def course(axes: Axes, x: Sequence[float], rows: Sequence[dict[str, Any]], linewidth: float = 2.2) -> None:
    """Draw the probabilities of the rows as a line over the band from `lower` to `upper`."""
    axes.fill_between(
        x, [row["lower"] for row in rows], [row["upper"] for row in rows], color=BAND, linewidth=0
    )
    axes.plot(x, [row["probability"] for row in rows], color=UP, linewidth=linewidth)
