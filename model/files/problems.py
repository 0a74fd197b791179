"""Problems with the input: where each is, what was expected there, and which valid word is nearest.

Readers repair nothing. They collect problems, so that one `InputError` reports all of them.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import NamedTuple

PROBLEMS_MAX = 300
NEAREST_OF_MAX = 5_000
LISTED_MAX = 15
FIRST_YEAR, LAST_YEAR = 1900, 2199
HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"))
"""What typographers and word processors write in place of a minus sign, for `str.translate`."""
DAY_ZERO = date(1899, 12, 30)
"""The day 0 of spreadsheets, which show a day without a date format as a number."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_JOINERS = re.compile(r"(?<=[^\x00-\x7f\s])[\u200c\u200d]+")
"""Joiners inside words of scripts that need them, such as Persian and Hindi, and inside emoji."""


def _odd(text: str) -> Iterator[tuple[int, str]]:
    """The control and direction characters of a text with their places: not joiners, not wide spaces."""
    if text.isprintable():
        return
    joining = {at for match in _JOINERS.finditer(text) for at in range(*match.span())}
    for at, char in enumerate(text):
        if not (char.isprintable() or at in joining or unicodedata.category(char) == "Zs"):
            yield at, char


def odd_character(text: str) -> str:
    """The fault of a text that holds a control or direction character, which it names; "" without one."""
    if text.isprintable():
        return ""
    for _, char in _odd(text):
        other = "control character" if unicodedata.category(char) == "Cc" else "no character of text"
        found = f"U+{ord(char):04X} ({unicodedata.name(char, other).lower()})"
        return f"expected text without control and direction characters; found {found}: delete it"
    return ""


def printable(text: str) -> str:
    """The text on one line with control characters escaped, so that no input controls the terminal."""
    escaped = {at: ascii(char)[1:-1] for at, char in _odd(text)}
    return "".join(escaped.get(at, char) for at, char in enumerate(text)) if escaped else text


class Problem(NamedTuple):
    """One fault of the input: its place, and what was expected there.

    `line` and `column` count from 1 and are 0 for the whole file; `field` is the CSV column or YAML key.
    """

    file: str
    line: int
    column: int
    message: str
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return printable(": ".join(filter(None, (place, self.field, self.message))))


class InputError(Exception):
    """Bad input: every problem found, one a line, by file and from top to bottom."""

    def __init__(self, problems: Iterable[Problem]):
        problems = list(problems)
        order = list(dict.fromkeys(problem.file for problem in problems))
        self.problems = tuple(
            sorted(problems, key=lambda problem: (order.index(problem.file), problem.line, problem.column))
        )
        super().__init__(self.problems)

    @classmethod
    def at(cls, file: str, line: int, column: int, message: str, field: str = "") -> "InputError":
        """The error with the one problem described by the arguments."""
        return cls([Problem(file, line, column, message, field)])

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class Failure(Exception):
    """Work that failed through no fault of the input; the message says what failed and what is kept."""


class Problems(list[Problem]):
    """A list of problems that raises `InputError` at `PROBLEMS_MAX`: so many share one cause."""

    def append(self, problem: Problem) -> None:
        super().append(problem)
        if len(self) == PROBLEMS_MAX:
            last = problem._replace(field="", message=f"stopped looking after {PROBLEMS_MAX} problems")
            raise InputError([*self, last])

    def __iadd__(self, problems: Iterable[Problem]) -> "Problems":
        for problem in problems:
            self.append(problem)
        return self


@contextmanager
def gathered(problems: list[Problem]) -> Iterator[None]:
    """A block whose `InputError` is added to `problems` instead of raised."""
    try:
        yield
    except InputError as error:
        problems.extend(error.problems)


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Raise `InputError` with all problems, if there are any."""
    if problems:
        raise InputError(problems)


def nearest(word: object, words: Iterable[object]) -> str:
    """The hint ' (did you mean "x"?)' for the valid word closest to `word`, or '' if none is close."""
    originals = {str(valid).lower(): str(valid) for valid in words}
    if len(originals) > NEAREST_OF_MAX:
        return ""
    close = difflib.get_close_matches(str(word).lower(), originals, n=1)
    return f' (did you mean "{originals[close[0]]}"?)' if close else ""


def nearest_id(word: str, ids: Iterable[str]) -> str:
    """The hint for the ids that share most words with `word`: of the same year, and of any year.

    Of several that share as much the latest is offered, as ids begin with a year.
    """
    ids, parts = list(ids), _parts(word)
    if len(ids) > NEAREST_OF_MAX:
        return ""
    vocabulary = {part for name in ids for part in _parts(name)}
    near = {
        part: set(difflib.get_close_matches(part, vocabulary, cutoff=0.75))
        for part in parts
        if not part.isdigit()
    }

    def likeness(name: str) -> tuple[float, int, str]:
        has = set(_parts(name))
        shared = sum(1.0 if part in has else 0.8 * bool(close & has) for part, close in near.items())
        return shared, sum(part.isdigit() and part in has for part in parts), name

    alike = [name for name in ids if likeness(name)[0]]
    year = [name for name in alike if name[:5] == f"{parts[0]}-"]
    best = dict.fromkeys(max(names, key=likeness) for names in (year, alike) if names)
    offered = " or ".join(f'"{name}"' for name in best)
    return f" (did you mean {offered}?)" if offered else nearest(word, ids)


def _parts(name: str) -> list[str]:
    """The words and numbers of an id."""
    return re.findall(r"[^\W_]+", name.lower()) or [""]


def shown(value: object, longest: int = 60) -> str:
    """A value as messages show it: on one line, text quoted, shortened."""
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    text = repr(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def expected_one_of(word: object, words: Iterable[object]) -> str:
    """The message for a word outside a list: the list if it is short, and its word nearest to `word`."""
    valid = [str(word) for word in words]
    listed = "one of " + ", ".join(valid) if len(valid) <= LISTED_MAX else "a known word"
    return f"expected {listed}; found {shown(word)}{nearest(word, valid)}"


def parse_day(text: str) -> date:
    """The calendar day written YYYY-MM-DD; ValueError says what is wrong with any other text."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        found = f"{shown(text)}{_meant_days(text)}"
        raise ValueError(f"expected a day written YYYY-MM-DD, without time or zone; found {found}")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a day of the calendar; {text} does not exist") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}; found {text}")
    return day


def _meant_days(text: str) -> str:
    """The hint ' (write 2025-07-01)' for a day in another order or form, '' if it is none."""
    days = {day.isoformat() for day in _read_otherwise(text) if FIRST_YEAR <= day.year <= LAST_YEAR}
    return f" (write {' or '.join(sorted(days))})" if days else ""


def _read_otherwise(text: str) -> Iterator[date]:
    """The days that a text can mean which is not written YYYY-MM-DD."""
    words = re.findall(r"\d+|[^\W\d_]{3,}", text.lower()[:40])
    named = [MONTHS.index(word[:3]) + 1 for word in words if word[:3] in MONTHS]
    numbers = [int(word) for word in words if word.isdecimal()]
    if re.fullmatch(r"\d{5}", text):
        yield date.fromordinal(DAY_ZERO.toordinal() + int(text))
    if re.fullmatch(r"\d{8}", text):
        numbers = [int(text[:4]), int(text[4:6]), int(text[6:])]
    if named:
        numbers = [*numbers[:1], named[0], *numbers[1:]]
    if len(numbers) < 3:
        return
    one, two, three = numbers[:3]
    orders = [(one, two, three), (three, two, one)]
    if not named and "." not in text:
        orders.append((three, one, two))
    for order in orders:
        with suppress(ValueError, OverflowError):
            yield date(*order)
