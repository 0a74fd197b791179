"""The forecast origins of the backtest, and its forecasts as points of a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from ..evidence.ledger import Ledger
from ..evidence.outlook import ANNOUNCED, Outlook, Slot, outlook
from ..evidence.seasons import DAY, first_year, meetings
from ..formatting import count
from ..settings.params import Params

QUESTION_DAYS = ((1, 1), (4, 1), (7, 11), (10, 1))
"""Month and day of the question-like set: a meeting by the end of the year, forecast four times a year."""
WEEKS = np.arange(1, 27)
DECIDED_MIN, YEARS_MIN = 17, 3
"""Decided occasions before the first year of a backtest, and its years: with fewer it would show nothing."""


class ShortLedger(Exception):
    """A ledger too short for a backtest; the message says how long it is and how long it must be."""


class Point(NamedTuple):
    """One forecast of a meeting in (as_of, deadline], and its outcome.

    `hard` is 1 if no meeting within the horizon is announced and at least one occasion starts in it.
    """

    as_of: date
    horizon_days: int
    deadline: date
    model: str
    probability: float
    lower: float
    upper: float
    outcome: int
    hard: int


_DTYPES = {date: "datetime64[D]", int: int, float: float, str: "U24"}
COLUMNS = np.dtype([(name, _DTYPES[kind]) for name, kind in Point.__annotations__.items()])


def table(points: Iterable[Point]) -> np.ndarray:
    """The points as a structured array (point,) with a field for each column."""
    return np.array(list(points), COLUMNS)


def scored_years(whole: Ledger, as_of: date) -> range:
    """The years of the backtest: from the first with enough decided occasions to the last before `as_of`.

    The outcomes of every horizon of the last year must be known, so the ledger goes on half a year after it.

    Raises
    ------
    ShortLedger
        If these are fewer than `YEARS_MIN` years.
    """
    decided = sorted(o.outcome_date for o in whole.occasions if o.met is not None)
    enough = decided[DECIDED_MIN - 1].year + 1 if len(decided) >= DECIDED_MIN else 9999
    first = max(enough, first_year(whole) + 2)
    horizon = int(7 * WEEKS[-1] - 1) * DAY
    last = min(as_of, whole.covered_until - horizon).year - 1 if decided else 0
    if last - first + 1 < YEARS_MIN:
        span = f" from {decided[0].year} to {decided[-1].year}" if decided else ""
        raise ShortLedger(
            f"no backtest: the ledger is too short. Expected {DECIDED_MIN} decided occasions, then "
            f"{YEARS_MIN} whole years before {as_of.year}, and half a year of outcomes after them; found "
            f"{count(len(decided), 'decided occasion')}{span}. Nothing was written"
        )
    return range(first, last + 1)


def origins(first: int, last: int, monthly: bool = False) -> list[date]:
    """Every Monday of the years, or the first of each month."""
    start, end = date(first, 1, 1), date(last + 1, 1, 1)
    days = [start + n * DAY for n in range(-start.weekday() % 7, (end - start).days, 7)]
    return [day for day in days if not monthly or is_first_monday(day)]


def is_first_monday(day: date) -> bool:
    """Whether a day is the first Monday of its month."""
    return day.weekday() == 0 and day.day <= 7


def question_days(year: int) -> list[date]:
    """The days of a year that belong to the question-like set."""
    return [date(year, month, day) for month, day in QUESTION_DAYS]


def is_scored(day: date) -> bool:
    """Whether a day is the first Monday of a month, or one of the question-like set."""
    return is_first_monday(day) or day in question_days(day.year)


def weekly_deadlines(day: date) -> list[date]:
    """The deadlines 1 to 26 weeks after a day."""
    return [day + int(week) * 7 * DAY for week in WEEKS]


def happened(met: list[date], after: date, until: date) -> int:
    """1 if they met in (after, until]."""
    return int(any(after < day <= until for day in met))


def slots_within(ahead: Outlook, days: int) -> list[Slot]:
    """The occasions that start within `days` and are not cancelled."""
    return [slot for view in ahead.seasons for slot in view.open if 0 < slot.ahead <= days]


def is_hard(ahead: Outlook, days: int) -> int:
    """1 if no meeting within `days` is announced and at least one occasion starts within them."""
    slots = slots_within(ahead, days)
    announced = any(slot.words.meeting.announced for slot in slots) or any(
        visit.status == ANNOUNCED and visit.first <= days for visit in ahead.visits
    )
    return int(bool(slots) and not announced)


@dataclass(frozen=True)
class Origin:
    """An origin of the backtest: its cut ledger, its deadlines and the outcome of each, (deadline,).

    The deadlines are 1 to 26 weeks ahead and the end of the year.
    """

    day: date
    cut: Ledger
    ahead: Outlook
    deadlines: list[date]
    outcomes: list[int]

    @property
    def horizons(self) -> list[int]:
        """The days from the origin to each deadline."""
        return [(deadline - self.day).days for deadline in self.deadlines]

    def points(self, model: str, *values: Iterable[float]) -> Iterator[Point]:
        """The points of a model; `values` are probability, lower and upper, each (deadline,)."""
        hard = [is_hard(self.ahead, days) for days in self.horizons]
        columns = zip(self.horizons, self.deadlines, *values, self.outcomes, hard, strict=True)
        for days, deadline, *rest in columns:
            yield Point(self.day, days, deadline, model, *rest)


def origin(day: date, whole: Ledger, params: Params) -> Origin:
    """The origin of a day, with the outlook from all evidence."""
    deadlines = sorted({*weekly_deadlines(day), date(day.year, 12, 31)} - {day})
    cut, met = whole.as_of(day), meetings(whole, params.question.host)
    outcomes = [happened(met, day, deadline) for deadline in deadlines]
    return Origin(day, cut, outlook(cut, day, deadlines[-1], params), deadlines, outcomes)
