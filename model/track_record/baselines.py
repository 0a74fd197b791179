"""Baselines for the same questions: climatology, persistence and a simple logistic regression."""

from collections.abc import Iterator
from datetime import date
from functools import cache

import numpy as np

from ..evidence.ledger import Ledger
from ..evidence.outlook import Outlook, Slot, outlook
from ..evidence.record import BOTH
from ..evidence.seasons import DAY, first_year, meetings
from ..settings.params import Params
from .origins import Point, happened, origin, origins, slots_within, weekly_deadlines

CLIMATOLOGY, REGRESSION = "seasonal climatology", "logistic regression"
RIDGE = 3.0


def climatology(met: list[date], day: date, until: date, first: int) -> float:
    """Share of the years from `first` with a meeting in the same period: (hits + 1/2) / (years + 1)."""
    shifts = [date(year, 1, 1) - date(day.year, 1, 1) for year in range(first, day.year)]
    hits = [happened(met, day + shift, until + shift) for shift in shifts if until + shift <= day]
    return (sum(hits) + 0.5) / (len(hits) + 1)


def persistence(met: list[date], day: date, until: date) -> float:
    """1 - exp(-rate * length), with the rate of the last three years plus half a meeting."""
    memory = 3 * 365
    count = sum(day - memory * DAY < when <= day for when in met)
    return float(-np.expm1(-(count + 0.5) / memory * (until - day).days))


def features(ahead: Outlook, deadlines: list[date]) -> np.ndarray:
    """The features of the logistic regression for the time to each deadline; (deadline, feature).

    Counts of occasions before the deadline without a settled or reported absence: a first summit, further
    summits, others; whether a meeting is announced; the share of agreed windows; tone; length. Counts of
    words for attendance and of postponed visits made the scores worse and are left out.
    """

    def is_likely(slot: Slot) -> bool:
        words = [slot.words.coming(side) for side in (*slot.sides, BOTH)]
        return not any(each.settled < 0 or -2 in each.levels for each in words)

    rows = []
    for deadline in deadlines:
        days = (deadline - ahead.as_of).days
        inside = slots_within(ahead, days)
        likely = [slot.summit for slot in inside if is_likely(slot)]
        summits = sum(likely)
        announced = any(slot.words.meeting.announced for slot in inside)
        windows = sum(covered(visit.first, visit.last, days) for visit in ahead.visits)
        counts = min(summits, 1), max(summits - 1, 0), len(likely) - summits
        rows.append([1.0, *counts, announced, windows, ahead.tone, np.log(days)])
    return np.array(rows, dtype=float)


def covered(first: int, last: int, days: int) -> float:
    """The share of the days from `first` (at least 1) to `last` that lies within `days`."""
    first = max(first, 1)
    return min(max((days - first + 1) / (last - first + 1), 0), 1)


def logistic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients of a logistic regression with a ridge penalty on all coefficients except the intercept."""
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        linear = x @ beta
        value = np.logaddexp(0, linear).sum() - y @ linear + 0.5 * RIDGE * (beta[1:] ** 2).sum()
        return value, x.T @ (expit(linear) - y) + RIDGE * np.r_[0, beta[1:]]

    return minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x


def baseline_points(params: Params, whole: Ledger, days: list[date]) -> Iterator[Point]:
    """The points of the baselines, each fitted only to earlier years of the ledger."""
    from scipy.special import expit

    met, lessons, first = meetings(whole, params.question.host), {}, first_year(whole)
    for day in origins(first + 1, max(days).year, monthly=True):
        deadlines = weekly_deadlines(day)
        seen = features(outlook(whole.as_of(day), day, deadlines[-1], params), deadlines)
        lessons[day] = seen, np.array([happened(met, day, deadline) for deadline in deadlines])

    @cache
    def coefficients(year: int) -> np.ndarray:
        over = [lesson for day, lesson in lessons.items() if weekly_deadlines(day)[-1] < date(year, 1, 1)]
        return logistic(*(np.concatenate(part) for part in zip(*over, strict=True)))

    for day in days:
        asked = origin(day, whole, params)
        known = meetings(asked.cut, params.question.host)
        shares = [climatology(known, day, deadline, first) for deadline in asked.deadlines]
        rates = [persistence(known, day, deadline) for deadline in asked.deadlines]
        regressed = expit(features(asked.ahead, asked.deadlines) @ coefficients(day.year)).tolist()
        yield from asked.points(CLIMATOLOGY, shares, shares, shares)
        yield from asked.points("persistence rate", rates, rates, rates)
        yield from asked.points(REGRESSION, regressed, regressed, regressed)
