"""Problems with the input: where each is, what was expected there, and which valid word is nearest.

Readers repair nothing. They collect problems, so that one `InputError` reports all of them.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

PROBLEMS_MAX = 300
NEAREST_OF_MAX = 5_000
LISTED_MAX = 15
FIRST_YEAR, LAST_YEAR = 1900, 2199


def printable(text: str) -> str:
    """The text on one line with control characters escaped, so that no input controls the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


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


def shown(value: object, longest: int = 60) -> str:
    """A value as messages show it: on one line, quoted, shortened."""
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
        raise ValueError(f"expected a day written YYYY-MM-DD, without time or zone; found {shown(text)}")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a day of the calendar; {text} does not exist") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}; found {text}")
    return day
