"""The forecasts of a sweep as lines, and what these say: the claim of its page, the title of its figure.

Scenarios stand below each other; where as-of days or deadlines vary, each scenario is a line over them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import NamedTuple

from ..answer.sweep import Row
from ..formatting import short_day
from . import words

PLAIN = "plain"


class Point(NamedTuple):
    """A forecast at a place (an ISO day, or "" for one alone) with its spread; means over random seeds."""

    place: str
    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Line:
    """Forecasts that differ only in their places, by which they go."""

    name: str
    points: tuple[Point, ...]

    @property
    def last(self) -> Point:
        """The point at the last place."""
        return self.points[-1]


def varied(rows: Sequence[Row]) -> list[str]:
    """What differs between the rows."""
    names = ("scenario", "as_of", "deadline", "random_seed")
    return [name for name in names if len({getattr(row, name) for row in rows}) > 1]


def axis(rows: Sequence[Row]) -> str:
    """What lines run over: as-of days, else deadlines, else nothing."""
    return next((name for name in ("as_of", "deadline") if name in varied(rows)), "")


def lines(rows: Sequence[Row]) -> list[Line]:
    """The rows as lines by scenario, and by deadline where as-of days vary too; else by random seed."""
    along, found = axis(rows), {}
    for row in rows:
        places = found.setdefault(line_name(row, along, varied(rows)), {})
        places.setdefault(getattr(row, along) if along else "", []).append(row)
    return [
        Line(name, tuple(mean_point(place, places[place]) for place in sorted(places)))
        for name, places in found.items()
    ]


def line_name(row: Row, along: str, differs: Sequence[str]) -> str:
    """The name of the line that a row belongs to."""
    if differs == ["random_seed"]:
        return f"random seed {row.random_seed}"
    parts = [row.scenario or PLAIN] if "scenario" in differs else []
    if "deadline" in differs and along != "deadline":
        parts.append(f"by {short_day(row.deadline)} {row.deadline[:4]}")
    return ", ".join(parts) or row.scenario or PLAIN


def mean_point(place: str, rows: Sequence[Row]) -> Point:
    """The means of the rows at one place."""
    return Point(
        place, *(mean(getattr(row, name) for row in rows) for name in ("probability", "lower", "upper"))
    )


def claim(rows: Sequence[Row]) -> str:
    """What the sweep says, in one sentence."""
    drawn, along = lines(rows), axis(rows)
    points = [point for line in drawn for point in line.points]
    scenarios = {row.scenario for row in rows} - {""} if "scenario" in varied(rows) else set()
    plain = [line.last.value for line in drawn if line.name == PLAIN and len(drawn) > 1 and not along]
    return words.sweep.claim(
        varied(rows),
        along,
        sorted(point.place for point in points),
        min(point.value for point in points),
        max(point.value for point in points),
        len(scenarios),
        plain[0] if plain else None,
    )


def figure_title(rows: Sequence[Row]) -> str:
    """What the figure shows, in one sentence."""
    drawn, along = lines(rows), axis(rows)
    if along:
        return largest_step(drawn[0]) if len(drawn) == 1 else furthest_apart(drawn, along)
    if len(drawn) == 1:
        return words.sweep.only(drawn[0])
    by_value = sorted(drawn, key=lambda line: line.last.value)
    return words.sweep.ranking(by_value[0], by_value[-1])


def largest_step(line: Line) -> str:
    """Where a line alone moves most."""
    steps = [(after.value - before.value, after.place) for before, after in zip(line.points, line.points[1:])]
    return words.sweep.largest_step(*max(steps, key=lambda step: abs(step[0])))


def furthest_apart(drawn: Sequence[Line], along: str) -> str:
    """Where lines lie furthest apart, of the places that all have."""
    at: dict[str, dict[str, float]] = {}
    for line in drawn:
        for point in line.points:
            at.setdefault(point.place, {})[line.name] = point.value
    shared = {place: values for place, values in sorted(at.items()) if len(values) == len(drawn)}
    place = max(shared, key=lambda place: max(shared[place].values()) - min(shared[place].values()))
    values = shared[place]
    least, most = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return words.sweep.furthest_apart(along, place, least, most, values)


def alternative(rows: Sequence[Row]) -> str:
    """The figure in words: its title, and each line from its first value to its last."""
    return words.sweep.alternative(figure_title(rows), lines(rows))
