"""The track record: forecasts from past dates with what was public and fitted then, their scores, and baselines.

An origin never sees anything later: the ledger is cut at it, parameters and every count come from the fit of the
January before, and only the outcomes of seasons decided since then reweight the draws.
"""

import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import chances, parallel
from ..evidence.ledger import Ledger
from ..evidence.outlook import ANNOUNCED, Outlook, outlook
from ..evidence.record import BOTH, Record, record
from ..evidence.seasons import DAY, meetings
from ..files import csv_text, four_decimals, write_atomic
from ..fit import fits
from ..paths import RECORD
from ..settings.params import Params
from .structures import BACKTESTED, CALENDAR, FULL, Structure
from .tables import save_table  # noqa: F401

TABLE = RECORD / "backtest.csv.gz"
QUESTION_DAYS = ((1, 1), (4, 1), (7, 11), (10, 1))
"""Month and day of the question-like set: a meeting by the end of the year, asked four times a year."""
WEEKS = np.arange(1, 27)
FIRST_YEAR, LAST_YEAR = 1999, 2024
LEARN_FROM = 1994
"""The first year of the forecasts that the logistic regression learns from."""
CLIP = 0.005
DRAWS = {"chains": 2, "draws": 300, "tune": 400}
THIN = 2
"""Neighbouring draws are nearly the same; the curve uses every second one."""
RHAT_MAX = 1.1
"""The chains of a January fit are short; beyond this they disagree."""
BASELINES = ("seasonal climatology", "persistence rate", "logistic regression")


class Point(NamedTuple):
    """One forecast of the record: probability, lower and upper of a meeting in (as_of, deadline], and its outcome.

    `hard` is 1 where no meeting was announced inside the horizon and at least one occasion lay in it.
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


# Origins, deadlines and outcomes


def origins(first: int = FIRST_YEAR, last: int = LAST_YEAR, monthly: bool = False) -> list[date]:
    """Every Monday of the years, or the first of each month."""
    start, end = date(first, 1, 1), date(last + 1, 1, 1)
    monday = start + (-start.weekday() % 7) * DAY
    mondays = [monday + 7 * n * DAY for n in range(-((monday - end).days // 7))]
    return [day for day in mondays if not monthly or is_first_monday(day)]


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


def deadlines_of(day: date) -> list[date]:
    """The deadlines asked at an origin: 1 to 26 weeks, and the end of the year."""
    return sorted({*weekly_deadlines(day), date(day.year, 12, 31)} - {day})


def happened(met: list[date], after: date, until: date) -> int:
    """1 if they met in (after, until]."""
    return int(any(after < day <= until for day in met))


def is_hard(ahead: Outlook, days: int) -> int:
    """1 where no meeting is announced within `days` and at least one occasion starts in them."""
    slots = [slot for view in ahead.seasons for slot in view.open if 0 < slot.ahead <= days]
    announced = any(slot.words.meeting.announced for slot in slots) or any(
        visit.status == ANNOUNCED and visit.first <= days for visit in ahead.visits
    )
    return int(bool(slots) and not announced)


# The model


def january_fit(params: Params, ready: Any, past: Record, name: str, length: dict[str, int]) -> fits.Fit:
    """The fit of one January, of `length`, or longer where its chains disagree.

    Raises
    ------
    GateError
        Where they still do at four times the length: no score may rest on such a fit.
    """
    for times in (1, 2, 4):
        longer = length | {"draws": times * length["draws"], "tune": times * length["tune"]}
        tree = fits.resample(ready, past, params, **longer)
        rhat = fits.worst_rhat(tree)
        if rhat <= RHAT_MAX:
            draws = {name: values[::THIN] for name, values in fits.draws_of(tree, past).items()}
            return fits.Fit("", past.through, draws, {"rhat_max": rhat}, 0.0, False, "")
    raise fits.GateError(
        f"the fit of {name} did not converge, so that nothing is scored: "
        f"R-hat {rhat:.2f}; at most {RHAT_MAX} wanted"
    )


def learners(structures: Iterable[Structure]) -> dict[tuple[str, ...], Structure]:
    """One structure for each evidence that some of them learn from, by what it is without."""
    return {structure.without: structure for structure in structures}


def year_points(
    params: Params,
    whole: Ledger,
    ready: Any,
    year: int,
    days: list[date],
    structures: Iterable[Structure],
    length: dict[str, int] = DRAWS,
) -> Iterator[Point]:
    """The points of one year's origins, with parameters fitted to what was known on the last day of the year before.

    Scores need the first Monday of a month and the days of the question-like set alone; on other days only the full
    model is asked, for its path. Structures that learn from the same evidence share a fit.
    """
    met, before, structures = meetings(whole), whole.as_of(date(year - 1, 12, 31)), list(structures)
    pasts = {
        without: record(structure.learns_from(before), params)
        for without, structure in learners(structures).items()
    }
    januaries = {
        without: january_fit(params, ready, past, f"January {year}, without {without}", length)
        for without, past in pasts.items()
    }
    for day in days:
        cut, deadlines = whole.as_of(day), deadlines_of(day)
        hard = [
            is_hard(FULL.ahead(cut, day, deadlines[-1], params), (until - day).days) for until in deadlines
        ]
        asked = structures if is_scored(day) else [structure for structure in structures if structure == FULL]
        draws = {}
        for without, structure in learners(asked).items():
            now = record(structure.learns_from(cut), params)
            draws[without] = fits.update(januaries[without], pasts[without], now, day).draws
        for structure in asked:
            ahead = structure.ahead(cut, day, deadlines[-1], params)
            by_day = chances.chances(draws[structure.without], ahead).by_day
            columns = by_day[:, [(until - day).days - 1 for until in deadlines]]
            values = np.stack([columns.mean(0), *np.quantile(columns, (0.05, 0.95), axis=0)], axis=1)
            yield from points_of(day, deadlines, structure.name, values.tolist(), met, hard)


def points_of(
    day: date, deadlines: list[date], model: str, values: list[list[float]], met: list[date], hard: list[int]
) -> Iterator[Point]:
    """The points of an origin and model; `values` has probability, lower and upper of each deadline."""
    for until, numbers, is_hard_one in zip(deadlines, values, hard, strict=True):
        yield Point(day, (until - day).days, until, model, *numbers, happened(met, day, until), is_hard_one)


# The baselines


def climatology(met: list[date], day: date, until: date, first: int = 1993) -> float:
    """Share of earlier years with a meeting in the same stretch of the calendar, (hits + 1/2) / (years + 1)."""
    shifts = [date(year, 1, 1) - date(day.year, 1, 1) for year in range(first, day.year)]
    hits = [happened(met, day + shift, until + shift) for shift in shifts if until + shift <= day]
    return (sum(hits) + 0.5) / (len(hits) + 1)


def persistence(met: list[date], day: date, until: date, years: int = 3) -> float:
    """1 - exp(-rate * length), the rate being that of the last three years plus half a meeting."""
    count = sum(day - years * 365 * DAY < when <= day for when in met)
    return float(-np.expm1(-(count + 0.5) / (years * 365) * (until - day).days))


def features(ahead: Outlook, deadlines: list[date]) -> np.ndarray:
    """What a plain regression sees of the time to each deadline; (deadline, feature).

    Of the occasions inside that are not called off, and of which no leader's absence is settled or reported: a summit,
    more of them, others; whether a meeting is announced; the share of agreed windows; tone; length. Counts of words of
    coming, and visits put off, made its scores worse and are left out.
    """

    def is_likely(slot) -> bool:
        words = [slot.words.coming(side) for side in (*slot.sides, BOTH)]
        return not any(each.settled < 0 or -2 in each.levels for each in words)

    rows = []
    for deadline in deadlines:
        days = (deadline - ahead.as_of).days
        inside = [slot for view in ahead.seasons for slot in view.open if 0 < slot.ahead <= days]
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


def logistic(x: np.ndarray, y: np.ndarray, ridge: float = 3.0) -> np.ndarray:
    """Coefficients of a logistic regression with a ridge penalty on all but the intercept."""
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        linear = x @ beta
        value = np.logaddexp(0, linear).sum() - y @ linear + 0.5 * ridge * (beta[1:] ** 2).sum()
        return value, x.T @ (expit(linear) - y) + ridge * np.r_[0, beta[1:]]

    return minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x


def baseline_points(params: Params, whole: Ledger, days: list[date]) -> Iterator[Point]:
    """The points of the baselines, each using earlier years only."""
    from scipy.special import expit

    met = meetings(whole)

    def ahead_of(day: date, until: date) -> Outlook:
        return outlook(whole.as_of(day), day, until, params)

    lessons = {}
    for day in origins(LEARN_FROM, max(days).year, monthly=True):
        deadlines = weekly_deadlines(day)
        seen = features(ahead_of(day, deadlines[-1]), deadlines)
        lessons[day] = seen, np.array([happened(met, day, until) for until in deadlines])

    @cache
    def coefficients(year: int) -> np.ndarray:
        over = [day for day in lessons if weekly_deadlines(day)[-1] < date(year, 1, 1)]
        x, y = (np.concatenate([lessons[day][part] for day in over]) for part in (0, 1))
        return logistic(x, y)

    for day in days:
        deadlines = deadlines_of(day)
        ahead, known = ahead_of(day, deadlines[-1]), meetings(whole.as_of(day))
        values = (
            [climatology(known, day, until) for until in deadlines],
            [persistence(known, day, until) for until in deadlines],
            expit(features(ahead, deadlines) @ coefficients(day.year)).tolist(),
        )
        hard = [is_hard(ahead, (until - day).days) for until in deadlines]
        for name, probabilities in zip(BASELINES, values, strict=True):
            certain = [[p, p, p] for p in probabilities]
            yield from points_of(day, deadlines, name, certain, met, hard)


# The backtest and its table


def run(
    params: Params,
    whole: Ledger,
    *,
    monthly: bool = False,
    structures: tuple[Structure, ...] = BACKTESTED,
    years: tuple[int, int] = (FIRST_YEAR, LAST_YEAR),
    workers: int = 2,
) -> list[Point]:
    """All points of the record by date, horizon and model.

    `monthly` keeps the first Monday of each month; the days of the question-like set are always among the origins.
    """
    asked = range(years[0], years[1] + 1)
    days = sorted({*origins(*years, monthly=True), *(day for year in asked for day in question_days(year))})
    jobs = {"baselines": (partial(baseline_points, params, whole, days),)}
    jobs |= {year: (partial(_year, params, whole, year, structures, monthly),) for year in reversed(asked)}
    points = [point for _, found in parallel.done(_job, jobs, "years", workers) for point in found]
    return sorted(points, key=lambda p: (p.as_of, p.deadline, p.model))


def _job(work: Callable[[], Iterator[Point]]) -> list[Point]:
    return list(work())


def _year(
    params: Params, whole: Ledger, year: int, structures: tuple[Structure, ...], monthly: bool
) -> Iterator[Point]:
    days = sorted({*origins(year, year, monthly), *question_days(year)})
    return year_points(params, whole, ready_for(params, whole), year, days, structures)


_COMPILED: dict[str, Any] = {}


def ready_for(params: Params, whole: Ledger) -> Any:
    """The compiled model, once a process: only its data change between years and structures."""
    if "model" not in _COMPILED:
        _COMPILED["model"] = fits.compiled(params, record(whole.as_of(date(2015, 1, 1)), params))
    return _COMPILED["model"]


def save(points: np.ndarray, path: Path = TABLE) -> None:
    """Write a table of points as a gzipped CSV, the same bytes for the same points."""
    text = csv_text(Point._fields, (map(four_decimals, row) for row in points.tolist()))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as stream:
        stream.write(text.encode())
    write_atomic(path, buffer.getvalue())


def load(path: Path = TABLE) -> np.ndarray:
    """The table of points that `save` wrote, a structured array (point,)."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return np.loadtxt(stream, COLUMNS, delimiter=",", skiprows=1, ndmin=1)


# Scores


def brier(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(p - y)^2."""
    return (p - y) ** 2


def log_score(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-log of the probability given to what happened, p clipped to [0.005, 0.995]."""
    p = np.clip(p, CLIP, 1 - CLIP)
    return -np.where(y == 1, np.log(p), np.log1p(-p))


def bias(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """p - y."""
    return p - y


def day_of_month(days: np.ndarray) -> np.ndarray:
    """The day of the month of each day, from 1."""
    return (days - days.astype("datetime64[M]")).astype(int) + 1


def is_day(days: np.ndarray, month: int, day: int) -> np.ndarray:
    """Whether each day is that day of that month."""
    return (days.astype("datetime64[M]").astype(int) % 12 == month - 1) & (day_of_month(days) == day)


def year_of(days: np.ndarray) -> np.ndarray:
    """The year of each day."""
    return days.astype("datetime64[Y]").astype(int) + 1970


def is_monday(days: np.ndarray) -> np.ndarray:
    """Whether each day is a Monday."""
    return days.astype(int) % 7 == 4


def is_monthly(points: np.ndarray) -> np.ndarray:
    """Which points belong to the scored origins: the first Monday of a month, whole weeks ahead, up to 26."""
    days = points["horizon_days"]
    first = is_monday(points["as_of"]) & (day_of_month(points["as_of"]) <= 7)
    return first & (days % 7 == 0) & (days <= 7 * WEEKS[-1])


def is_question(points: np.ndarray) -> np.ndarray:
    """Which points belong to the question-like set: asked on one of its days, of the end of the year."""
    asked = np.any([is_day(points["as_of"], *question) for question in QUESTION_DAYS], axis=0)
    return asked & is_day(points["deadline"], 12, 31)


def is_weeks_ahead(weeks: int) -> Callable[[np.ndarray], np.ndarray]:
    """Which points of the scored origins look so many weeks ahead."""
    return lambda points: is_monthly(points) & (points["horizon_days"] == 7 * weeks)


SETS = {
    "integrated Brier, weeks 1-26": (brier, is_monthly),
    "log score, weeks 1-26": (log_score, is_monthly),
    **{f"Brier, {weeks} weeks": (brier, is_weeks_ahead(weeks)) for weeks in (4, 8, 13, 26)},
    "hard set, Brier": (brier, lambda points: is_monthly(points) & (points["hard"] == 1)),
    "question-like set, Brier": (brier, is_question),
    "calibration in the large": (bias, is_monthly),
}
"""The scores of the record: how a forecast is scored, and which points count."""
BESIDE = {"climatology": BASELINES[0], "calendar": CALENDAR.name}
"""The models that every other one is compared with, by the name of the columns."""


def scores(points: np.ndarray, replicates: int = 2000, random_seed: int = 1) -> list[dict]:
    """Each score of each model, and its paired difference to climatology and to the calendar alone.

    Intervals are 90% block bootstrap intervals over years: whole years are drawn with replacement.
    """
    rng = np.random.default_rng(random_seed)
    rows = []
    for name, (score, member) in SETS.items():
        chosen = points[member(points)]
        if not len(chosen):
            continue
        loss, at = losses_of(chosen, score)
        draws = rng.integers(at.max() + 1, size=(replicates, at.max() + 1))
        for model, values in sorted(loss.items(), key=lambda item: item[1].mean()):
            row = {"score": name, "model": model, "forecasts": len(at), "value": values.mean()}
            row |= dict(zip(("lower", "upper"), interval(values, at, draws)))
            for short, other in BESIDE.items():
                less = values - loss[other]
                lower, upper = interval(less, at, draws)
                row |= {
                    f"minus_{short}": less.mean(),
                    f"minus_{short}_lower": lower,
                    f"minus_{short}_upper": upper,
                }
            rows.append(row)
    return rows


class Losses(NamedTuple):
    """The loss of each forecast by model, each (forecast,), and the position of the year of each forecast."""

    by_model: dict[str, np.ndarray]
    year: np.ndarray


def losses_of(points: np.ndarray, score: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Losses:
    """The losses of every model on the same forecasts, by as-of day and deadline."""
    ordered = np.sort(points, order=("model", "as_of", "deadline"))
    models, first = np.unique(ordered["model"], return_index=True)
    rows = dict(zip(models.tolist(), np.split(ordered, first[1:])))
    asked = next(iter(rows.values()))
    if any(
        not np.array_equal(each[["as_of", "deadline"]], asked[["as_of", "deadline"]])
        for each in rows.values()
    ):
        raise ValueError("expected every model to be asked on the same days for the same deadlines")
    year = np.unique(year_of(asked["as_of"]), return_inverse=True)[1]
    return Losses({model: score(each["probability"], each["outcome"]) for model, each in rows.items()}, year)


def interval(values: np.ndarray, years: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The central 90% of the mean over resampled years, (2,); `draws` (replicate, year) has the years drawn."""
    sums, counts = np.bincount(years, values), np.bincount(years)
    return np.quantile(sums[draws].sum(1) / counts[draws].sum(1), [0.05, 0.95])
