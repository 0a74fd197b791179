"""The figure of a sweep: lines over as-of days or deadlines, or dots with their spread."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..answer.sweep import Row
from ..formatting import percent
from . import drawing as draw
from . import words
from .drawing import BAND, DOWN, INK, MUTED, SMALL, UP, WIDTH
from .structure_figures import intervals
from .sweep_lines import PLAIN, Line, axis, figure_title, lines

NAMED = 8
"""With more lines than these a figure names only the plain one, the lowest and the highest."""
HEIGHT, LEFT = 260, 40
DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)))
STYLES = [{"color": color, "linestyle": dash} for dash in DASHES for color in (UP, DOWN, MUTED)]


def picture(rows: Sequence[Row]) -> Figure:
    """The forecasts as lines over as-of days or deadlines, or as dots with their spread."""
    drawn, title = lines(rows), figure_title(rows)
    if axis(rows):
        return over_days(drawn, axis(rows), title)
    dots = [(line.name, line.last.value, line.last.lower, line.last.upper) for line in drawn]
    return intervals(title, words.sweep.interval_note(), dots, bold=PLAIN)


@draw.styled
def over_days(drawn: Sequence[Line], along: str, title: str) -> Figure:
    """Lines over days, each named at its end; the band of spread where there is one alone."""
    named, alone = named_lines(drawn), len(drawn) == 1
    texts = {line.name: percent(line.last.value) + ("" if alone else f" {line.name}") for line in named}
    right = min(max(draw.text_width(text, SMALL, bold=True) for text in texts.values()) + 12, 0.42 * WIDTH)
    floor = scale_floor(drawn, alone)
    note = words.sweep.line_note(along, floor, alone, len(named) == len(drawn))
    days = sorted({date.fromisoformat(point.place) for line in drawn for point in line.points})
    ends = [(line.last.value - floor) / (1 - floor) for line in named]
    levels = dict(zip(texts, draw.spread_out(ends, 15 / HEIGHT, 0, 1), strict=True))
    figure, axes = draw.panel(title, note, HEIGHT, (LEFT, right, 24))
    draw.share_axis(axes, floor, 1, [floor + (1 - floor) * quarter for quarter in draw.QUARTERS])
    draw.time_axis(axes, days[0].toordinal(), days[-1].toordinal())
    for index, line in enumerate(drawn):
        plain, style = line.name == PLAIN, STYLES[index % len(STYLES)]
        if plain and not alone:
            style = {"color": INK, "linestyle": "-"}
        draw_line(axes, line, style, alone)
        if line.name in levels:
            text = draw.fitted(texts[line.name], right - 10, SMALL, plain)
            named = {"color": style["color"], "weight": "bold" if plain or alone else "normal"}
            draw.label(axes, 1, levels[line.name], text, 8, xycoords="axes fraction", **named)
    return figure


def named_lines(drawn: Sequence[Line]) -> Sequence[Line]:
    """The lines that get a name."""
    if len(drawn) <= NAMED:
        return drawn
    by_end = sorted(drawn, key=lambda line: line.last.value)
    return [line for line in drawn if line.name == PLAIN or line in (by_end[0], by_end[-1])]


def scale_floor(drawn: Sequence[Line], alone: bool) -> float:
    """Where the scale begins: at 60% where everything lies above, else at 0."""
    points = [point for line in drawn for point in line.points]
    return 0.6 if min(point.lower if alone else point.value for point in points) >= 0.6 else 0.0


def draw_line(axes: Axes, line: Line, style: dict[str, Any], alone: bool) -> None:
    """One line, with its spread where it is alone; the plain one stands out."""
    plain = line.name == PLAIN
    x = [date.fromisoformat(point.place).toordinal() for point in line.points]
    if alone:
        lower, upper = [point.lower for point in line.points], [point.upper for point in line.points]
        axes.fill_between(x, lower, upper, color=BAND, linewidth=0)
    values = [point.value for point in line.points]
    axes.plot(x, values, linewidth=2.4 if plain or alone else 1.5, zorder=4 if plain else 3, **style)
