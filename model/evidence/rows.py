"""The rows of the ledger's tables: signals, occasions and visit windows, each column declared once.

A declaration states how to read a cell, whether it may be empty and its default, whether a file may lack the
column, and when its value becomes public. Reading, writing and the as-of cut all use these declarations.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import date, timedelta
from functools import cache, lru_cache, partial
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

from ..files.csv_files import is_formula
from ..files.problems import HYPHENS, expected_one_of, parse_day, shown

VISIT, ATTENDANCE, ANNOUNCEMENT, REFUSAL = "visit", "attendance", "summit_announced", "contact_missed"
BOTH = "both"
"""The actor of a row about both leaders, about the occasion itself, or attendance by both."""
MEETING_MARGIN = timedelta(days=5)
"""A meeting this close to the dates of an occasion still counts as a meeting there."""
DESCRIPTION_MAX = 140
SEARCHES = ("first", "even", "losses")
"""How a row was found: first coding, a uniform search of all occasions, or a search of the largest losses."""
YES_NO = {"yes": True, "no": False}
STRENGTHS = {str(level): level for level in (-3, -2, -1, 1, 2, 3)}
SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"

Reader = Callable[[str], Any]
"""Converts a cell to its value, or raises ValueError that states the expected input."""


class Column(NamedTuple):
    """The declaration of a column.

    Attributes
    ----------
    empty
        The value of an empty cell in an optional column.
    words
        The part of the vocabulary that lists its words, if any.
    absent
        Whether a file may lack the column.
    after
        The preceding column in the file, if that is not the field declared before it.
    public
        When the value becomes public: "known" (with the row), "start" (of the occasion) or "outcome".
    """

    read: Reader
    empty: Any = MISSING
    words: str = ""
    optional: bool = False
    absent: bool = False
    after: str = ""
    public: str = "known"


def column(read: Reader, *, default: Any = MISSING, **more: Any) -> Any:
    """A dataclass field for a column of a table; see `Column`."""
    return field(default=default, metadata={"column": Column(read, default, **more)})


@cache
def columns_of(kind: type[Any]) -> dict[str, Column]:
    """The columns of a row type by name, in the order of the file."""
    columns = {f.name: f.metadata["column"] for f in fields(kind) if "column" in f.metadata}
    order = [name for name, declared in columns.items() if not declared.after]
    for name, declared in columns.items():
        if declared.after:
            order.insert(order.index(declared.after) + 1, name)
    return {name: columns[name] for name in order}


def readers(kind: type[Any], vocabulary: Mapping[str, Collection[str]]) -> dict[str, Reader]:
    """The reader of each column of a row type; words are checked only if the vocabulary lists them."""
    return {
        name: one_of(vocabulary[declared.words]) if declared.words in vocabulary else declared.read
        for name, declared in columns_of(kind).items()
    }


def cell_of(row: Any, name: str) -> str:
    """The cell of a column as written in a file."""
    value = getattr(row, name)
    if isinstance(value, bool):
        return "yes" if value else "open" if name == "checked" else "no"
    return "" if value is None else str(value)


day = lru_cache(maxsize=4096)(parse_day)
"""The calendar day of a cell, cached because a ledger repeats most of its days."""


def text(cell: str) -> str:
    """The cell; ValueError if it is empty or a spreadsheet would read it as a formula."""
    if not cell:
        raise ValueError("expected some text; the cell is empty")
    if is_formula(cell):
        raise ValueError(f"expected text that does not start like a spreadsheet formula; found {shown(cell)}")
    return cell


def short_text(cell: str) -> str:
    """The cell; ValueError also if it is too long for a description."""
    if len(cell) > DESCRIPTION_MAX:
        raise ValueError(f"expected at most {DESCRIPTION_MAX} characters; found {len(cell)}")
    return text(cell)


def like(pattern: str, what: str) -> Reader:
    """A reader for cells that match a pattern."""
    return partial(matching, re.compile(pattern, re.ASCII), what)


def matching(pattern: re.Pattern[str], what: str, cell: str) -> str:
    """The cell; ValueError if it does not match the pattern, which `what` says in words."""
    if not pattern.fullmatch(cell):
        raise ValueError(f"expected {what}; found {shown(cell)}")
    return cell


def one_of(words: Collection[str]) -> Reader:
    """A reader for listed words; a mapping gives the value of each word."""
    return partial(listed, words if isinstance(words, Mapping) else dict(zip(words, words)))


def listed(values: Mapping[str, Any], cell: str) -> Any:
    """The value of a listed word; ValueError for any other."""
    if cell not in values:
        raise ValueError(expected_one_of(cell, values))
    return values[cell]


def read_strength(cell: str) -> int:
    """The strength of a cell, with a sign of any typography; ValueError unless it is -3 to 3 without 0."""
    return one_of(STRENGTHS)(cell.translate(HYPHENS).removeprefix("+"))


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One dated public signal; `same_as` names another row of the same event, `occasion` its subject.

    `for_date` is the meeting day that an announcement names; `search` is one of `SEARCHES`.
    """

    KEY: ClassVar = ("event_id",)

    event_id: str = column(like(rf"\d{{4}}-\d{{2}}-\d{{2}}-{SLUG}", "a date, then words, joined by hyphens"))
    event_date: date = column(day)
    public_date: date = column(day)
    kind: str = column(str, words="kinds")
    actor: str = column(str, words="actors")
    strength: int = column(read_strength)
    grade: str = column(like("[A-F][1-6]", "an Admiralty code, a letter A to F and a digit 1 to 6"))
    occasion: str = column(text, optional=True, default="")
    same_as: str = column(text, optional=True, default="")
    in_article: bool = column(one_of(YES_NO))
    description: str = column(short_text)
    source: str = column(text)
    checked: bool = column(one_of({"yes": True, "open": False}))
    # Last, although earlier in the file: the published record has a hash of this order (`public_by`).
    for_date: date | None = column(day, optional=True, absent=True, default=None, after="occasion")
    search: str = column(
        one_of(SEARCHES), optional=True, absent=True, default=SEARCHES[0], after="in_article"
    )
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        return self.event_id


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """One occasion on which both leaders could meet.

    In a cut ledger, everything not yet public is blank ("" or None). The dates of a future visit are those of
    its latest public window, or None without one; `start_expected` and `end_expected` are then true.
    """

    KEY: ClassVar = ("occasion_id",)

    occasion_id: str = column(like(rf"\d{{4}}-{SLUG}", "a year, then words, joined by hyphens"))
    name: str = column(text)
    type: str = column(str, words="types")
    host: str = column(like("[A-Z]{2}", "an ISO 3166 code of two capital letters"))
    start_date: date | None = column(day)
    end_date: date | None = column(day)
    known_from: date = column(day)
    leader_1: str = column(text, public="start", default="")
    leader_2: str = column(text, public="start", default="")
    attended: str = column(str, words="attended", optional=True, public="outcome", default="")
    held_in_person: bool | None = column(one_of(YES_NO), optional=True, public="outcome", default=None)
    met: bool | None = column(one_of(YES_NO), optional=True, public="outcome", default=None)
    met_date: date | None = column(day, optional=True, public="outcome", default=None)
    note: str = column(text, optional=True, public="outcome", default="")
    confidence: str = column(one_of(("high", "medium", "low")), public="outcome", default="")
    source: str = column(text, public="outcome", default="")
    start_expected: bool = False
    end_expected: bool = False
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        return self.occasion_id

    @property
    def is_visit(self) -> bool:
        """Whether it is an arranged bilateral visit rather than a multilateral gathering."""
        return self.type == VISIT

    @property
    def outcome_date(self) -> date | None:
        """The day the outcome becomes public: the meeting day, or the last day; None while unknown."""
        if self.met:
            return self.met_date
        return None if self.end_expected else self.end_date

    def as_of(self, day: date, window: "VisitWindow | None") -> "Occasion":
        """The occasion as the public knew it on `day`, a visit with the latest window public then."""

        def due(when: date | None, expected: bool = False) -> bool:
            return when is not None and not expected and when <= day

        over = due(self.outcome_date)
        started = due(self.start_date, self.start_expected)
        hidden = {} if over else dict(BLANK["outcome"])
        if not (over or started):
            hidden |= BLANK["start"]
        if self.is_visit and not started:
            hidden |= {"start_date": window.earliest if window else None, "start_expected": True}
        if self.is_visit and not due(self.end_date, self.end_expected):
            hidden |= {"end_date": window.latest if window else None, "end_expected": True}
        return replace(self, **hidden) if hidden else self


BLANK: dict[str, dict[str, Any]] = {
    when: {name: c.empty for name, c in columns_of(Occasion).items() if c.public == when}
    for when in ("start", "outcome")
}
"""The blank values of occasion columns that are not public yet, by when they become public."""


@dataclass(frozen=True, kw_only=True)
class VisitWindow:
    """The dates of a visit that became public on a day; both are None if the visit is postponed."""

    KEY: ClassVar = ("occasion_id", "public_date")

    occasion_id: str = column(text)
    public_date: date = column(day)
    earliest: date | None = column(day, optional=True, default=None)
    latest: date | None = column(day, optional=True, default=None)
    basis: str = column(text)
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        return f"{self.occasion_id}@{self.public_date}"


ROW_TYPES: dict[str, type[Any]] = {"signals": Signal, "occasions": Occasion, "visit_windows": VisitWindow}
"""The type of the rows of each table of the ledger."""
SIGNAL_COLUMNS = tuple(columns_of(Signal))
OCCASION_COLUMNS = tuple(columns_of(Occasion))
WINDOW_COLUMNS = tuple(columns_of(VisitWindow))
OPTIONAL_COLUMNS = tuple(name for name, declared in columns_of(Signal).items() if declared.absent)
"""Columns that a signals file may lack."""

by_day = attrgetter("public_date", "event_id")
"""The order of signals: by the day each became public, then by id."""
