"""Format numbers, days and lists for sentences, and hold tables as data."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple


class Table(NamedTuple):
    """A table as data: column heads, rows and a one-line caption.

    `written` formats the cells of a column; in the columns of `linked`, web addresses become links.
    """

    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    caption: str
    written: Mapping[str, Callable[[Any], str]] = {}
    linked: tuple[str, ...] = ()


class Move(NamedTuple):
    """A fact that changes the forecast by `delta`, with the number shown and a note."""

    delta: float
    value: str
    text: str
    note: str = ""


def aligned(rows: Sequence[Sequence[str]], gap: str = "   ") -> list[str]:
    """Rows of cells as lines of plain text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [gap.join(map(str.ljust, row, widths)).rstrip() for row in rows]


def percent(probability: float) -> str:
    """A probability in whole percent; 0% and 100% only if exact."""
    if 0 < probability < 0.005:
        return "<1%"
    if 0.995 < probability < 1:
        return ">99%"
    return f"{probability:.0%}"


def points(delta: float, digits: int = 1) -> str:
    """A difference of probabilities in signed percentage points, by default with one decimal."""
    text = f"{100 * delta:+.{digits}f}"
    return f"±{text[1:]}" if float(text) == 0 else text.replace("-", "−")


def signed(number: int) -> str:
    """A whole number with its sign."""
    return f"{number:+d}".replace("-", "−")


def number(value: float) -> str:
    """A number with three significant digits; from 100 on, without decimals."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}".replace("-", "−")


def decimals(value: float, digits: int = 3, sign: bool = False) -> str:
    """A number with fixed decimals, optionally with its sign."""
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def interval(low: float, high: float) -> str:
    """A range of two numbers."""
    return f"{number(low)} – {number(high)}"


def day(when: date | str, year: bool = True) -> str:
    """A day such as 11 July 2025, or 11 July without the year."""
    when = date.fromisoformat(when) if isinstance(when, str) else when
    return f"{when.day} {when:%B} {when.year}" if year else f"{when.day} {when:%B}"


def short_day(when: date | str) -> str:
    """A day such as 11 Jul."""
    when = date.fromisoformat(when) if isinstance(when, str) else when
    return f"{when.day} {when:%b}"


def span(start: date | None, end: date | None, write: Callable[..., str] = day) -> str:
    """The days from start to end in the shortest form, or a note that there is no date yet."""
    if start is None:
        return "no date yet"
    if end is None or start == end:
        return write(start)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{write(end)}"
    return f"{write(start)} – {write(end)}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun, in the plural unless the number is one."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: a, b and c; "none" for an empty list."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]])) or "none"


def upper_first(text: str) -> str:
    """The text with its first letter in upper case and the rest unchanged."""
    return text[:1].upper() + text[1:]
