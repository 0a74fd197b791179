"""The track record: forecasts from past dates with what was public and fitted then, their scores, and baselines.

An origin never sees anything later: the ledger is cut at it, parameters and every count come from the fit of the
January before, and only the outcomes of seasons decided since then reweight the draws.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path

import numpy as np

from . import hazard, parallel, summit
from .covariates import ANNOUNCED, DAY, Outlook, Record, about_occasions, meetings, outlook, record
from .files import PROJECT_ROOT, csv_text, four_decimals, write_atomic
from .ledger import Ledger
from .params import Params

RECORD = PROJECT_ROOT / "notebooks" / "rendered" / "record"
QUESTION_DAYS = ((1, 1), (4, 1), (7, 11), (10, 1))

WEEKS = np.arange(1, 27)
FIRST_YEAR, LAST_YEAR = 1999, 2024
CLIP = 0.005
DRAWS = {"chains": 2, "draws": 400, "tune": 600}
THIN = 2
"""Neighbouring draws say nearly the same; every second one is asked for the curve."""
RHAT_MAX = 1.1
"""The chains of a January fit are short; beyond this they disagree."""


@dataclass(frozen=True)
class Structure:
    """A named variant of the model: what it sees of the ledger, whether silence counts, whether years differ."""

    name: str
    tone: bool = True
    words: bool = True
    frailty: bool = True

    def sees(self, ledger: Ledger) -> Ledger:
        """The part of a ledger this structure uses."""
        if self.tone and self.words:
            return ledger
        about = about_occasions(ledger)
        keep = tuple(s for s in ledger.signals if (self.words if s.event_id in about else self.tone))
        return replace(ledger, signals=keep, visit_windows=ledger.visit_windows if self.words else ())

    def years(self, past: Record) -> Record:
        """The record with all seasons in one year where years do not differ."""
        return past if self.frailty else replace(past, year=np.zeros_like(past.year))


FULL = Structure("full")
STRUCTURES = (FULL, Structure("no tone", tone=False), Structure("no words", words=False),
              Structure("seasons only", tone=False, words=False), Structure("no frailty", frailty=False))
BASELINES = ("seasonal climatology", "persistence rate", "logistic regression")


@dataclass(frozen=True)
class Point:
    """One forecast of the record; probability, lower and upper of (as_of, deadline], and what came of it.

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


def origins(first: int = FIRST_YEAR, last: int = LAST_YEAR, monthly: bool = False) -> list[date]:
    """Every Monday of the years, or the first of each month."""
    day = date(first, 1, 1)
    mondays = [day + n * DAY for n in range((date(last + 1, 1, 1) - day).days) if (day + n * DAY).weekday() == 0]
    return [monday for monday in mondays if not monthly or monday.day <= 7]


def curve(draws: hazard.Draws, ahead: Outlook, structure: Structure) -> np.ndarray:
    """P(they have met by each day ahead) under a structure; (draw, day)."""
    if not structure.frailty:
        draws = draws | {"year_effect": np.repeat(draws["year_effect"][:, :1], draws["year_effect"].shape[1], axis=1)}
    return hazard.chances(draws, ahead, silent=structure.words).by_day


def is_hard(ahead: Outlook, days: int) -> int:
    """1 where no meeting is announced within `days` and at least one occasion starts in them."""
    slots = [slot for view in ahead.seasons for slot in view.slots if slot.open and 0 < slot.ahead <= days]
    announced = (any(slot.words.formal == ANNOUNCED for slot in slots)
                 or any(visit.words.formal == ANNOUNCED and visit.first <= days for visit in ahead.visits))
    return int(bool(slots) and not announced)


def deadlines_of(day: date) -> list[date]:
    """The deadlines asked at an origin: 1 to 26 weeks, and the end of the year."""
    return sorted({day + int(week) * 7 * DAY for week in WEEKS} | {date(day.year, 12, 31)} - {day})


def happened(met: list[date], after: date, until: date) -> int:
    """1 if they met in (after, until]."""
    return int(any(after < day <= until for day in met))


def january_fit(params: Params, ready, past: Record, name: str, length: dict[str, int]) -> summit.Fit:
    """The fit of one January, of `length`, or longer where its chains disagree.

    Raises
    ------
    GateError
        Where they still do at four times the length: no score may rest on such a fit.
    """
    for times in (1, 2, 4):
        longer = length | {"draws": times * length["draws"], "tune": times * length["tune"]}
        tree = summit.resample(ready, past, params, **longer)
        rhat = summit.worst_rhat(tree)
        if rhat <= RHAT_MAX:
            break
    else:
        raise summit.GateError(f"the fit of {name} did not converge, so that nothing is scored: "
                               f"R-hat {rhat:.2f}; at most {RHAT_MAX} wanted")
    draws = {name: values[::THIN] for name, values in summit.draws_of(tree).items()}
    return summit.Fit("", past.through, draws, {"rhat_max": rhat}, 0.0, False, "")


def year_points(params: Params, whole: Ledger, ready, year: int, days: list[date], structures: Iterable[Structure]
                ) -> Iterator[Point]:
    """The points of one year's origins, with parameters fitted to what was known on the last day of the year before."""
    met, before, fits = meetings(whole), whole.as_of(date(year - 1, 12, 31)), []
    for structure in structures:
        past = structure.years(record(structure.sees(before), params.priors))
        fits.append((structure, past, january_fit(params, ready, past, f"{structure.name}, January {year}", DRAWS)))
    for day in days:
        cut, deadlines = whole.as_of(day), deadlines_of(day)
        known = {}
        for tone, words in {(True, True), *((structure.tone, structure.words) for structure in structures)}:
            ledger = Structure("", tone, words).sees(cut)
            known[tone, words] = (record(ledger, params.priors), outlook(ledger, day, max(deadlines), params.priors))
        full = known[True, True][1]
        for structure, past, january in fits:
            now, ahead = known[structure.tone, structure.words]
            draws = summit.update(january, past, structure.years(now), day).draws
            by_day = curve(draws, ahead, structure)
            columns = by_day[:, [(deadline - day).days - 1 for deadline in deadlines]]
            lower, upper = np.quantile(columns, (0.05, 0.95), axis=0)
            mean = columns.mean(0)
            for j, deadline in enumerate(deadlines):
                days_ahead = (deadline - day).days
                yield Point(day, days_ahead, deadline, structure.name, float(mean[j]), float(lower[j]),
                            float(upper[j]), happened(met, day, deadline), is_hard(full, days_ahead))


def climatology(met: list[date], day: date, until: date, first: int = 1993) -> float:
    """Share of earlier years with a meeting in the same stretch of the calendar, (hits + 1/2) / (years + 1)."""
    hits = years = 0
    for back in range(1, day.year - first + 1):
        shift = date(day.year - back, 1, 1) - date(day.year, 1, 1)
        if until + shift <= day:
            hits, years = hits + happened(met, day + shift, until + shift), years + 1
    return (hits + 0.5) / (years + 1)


def persistence(met: list[date], day: date, until: date, years: int = 3) -> float:
    """1 - exp(-rate * length), the rate being that of the last three years plus half a meeting."""
    count = sum(day - years * 365 * DAY < when <= day for when in met)
    return float(-np.expm1(-(count + 0.5) / (years * 365) * (until - day).days))


def features(ahead: Outlook, params: Params, deadlines: list[date]) -> np.ndarray:
    """What a plain regression sees: open summits and other occasions inside, announced, agreed, tone, length."""
    types = list(params.priors.multilateral.values())
    rows = []
    for deadline in deadlines:
        days = (deadline - ahead.as_of).days
        inside = [slot for view in ahead.seasons for slot in view.slots if slot.open and 0 < slot.ahead <= days]
        summits = sum(types[slot.type].summit for slot in inside)
        tone = ahead.tone.up.sum() - ahead.tone.down.sum()
        rows.append([1.0, min(summits, 1), max(summits - 1, 0), len(inside) - summits,
                     any(slot.words.formal == ANNOUNCED for slot in inside),
                     sum(min(max((days - max(v.first, 1) + 1) / (v.last - max(v.first, 1) + 1), 0), 1) for v in ahead.visits),
                     tone / (ahead.tone.up.sum() + ahead.tone.down.sum() + 1), np.log(days)])
    return np.array(rows, dtype=float)


def logistic(x: np.ndarray, y: np.ndarray, ridge: float = 1.0) -> np.ndarray:
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

    def ahead_of(day: date, deadlines: list[date]) -> Outlook:
        return outlook(whole.as_of(day), day, max(deadlines), params.priors)

    table = {}
    for day in origins(1994, LAST_YEAR + 1, monthly=True):
        if day <= max(days):
            deadlines = [day + int(week) * 7 * DAY for week in WEEKS]
            table[day] = (features(ahead_of(day, deadlines), params, deadlines),
                          np.array([happened(met, day, deadline) for deadline in deadlines]))
    coefficients: dict[int, np.ndarray] = {}
    for day in days:
        if day.year not in coefficients:
            past = [table[m] for m in table if m + int(WEEKS[-1]) * 7 * DAY < date(day.year, 1, 1)]
            coefficients[day.year] = logistic(np.concatenate([x for x, _ in past]), np.concatenate([y for _, y in past]))
        deadlines = deadlines_of(day)
        ahead = ahead_of(day, deadlines)
        regressed = expit(features(ahead, params, deadlines) @ coefficients[day.year])
        known = meetings(whole.as_of(day))
        for i, deadline in enumerate(deadlines):
            for name, value in zip(BASELINES, (climatology(known, day, deadline), persistence(known, day, deadline),
                                               float(regressed[i])), strict=True):
                yield Point(day, (deadline - day).days, deadline, name, value, value, value,
                            happened(met, day, deadline), is_hard(ahead, (deadline - day).days))


def _year(params: Params, whole: Ledger, year: int, structures: tuple[Structure, ...], monthly: bool) -> Iterator[Point]:
    days = origins(year, year, monthly) + [date(year, *when) for when in QUESTION_DAYS]
    return year_points(params, whole, ready_for(params, whole), year, sorted(set(days)), structures)


_COMPILED: dict[str, object] = {}


def ready_for(params: Params, whole: Ledger):
    """The compiled model, once a process: only its data change between years and structures."""
    if "model" not in _COMPILED:
        _COMPILED["model"] = summit.compiled(params, record(whole.as_of(date(2015, 1, 1)), params.priors))
    return _COMPILED["model"]


def run(params: Params, whole: Ledger, *, monthly: bool = False, structures: tuple[Structure, ...] = STRUCTURES,
        baselines: bool = True, years: tuple[int, int] = (FIRST_YEAR, LAST_YEAR), workers: int = 2) -> list[Point]:
    """All points of the record by date, horizon and model.

    `monthly` keeps the first Monday of each month; the days of the question-like set are always among the origins.
    """
    asked = range(years[0], years[1] + 1)
    days = sorted({*origins(*years, monthly), *(date(year, *when) for year in asked for when in QUESTION_DAYS)})
    jobs = {"baselines": (baseline_points, params, whole, days)} if baselines else {}
    jobs |= {year: (_year, params, whole, year, structures, monthly) for year in reversed(asked)}
    points = [point for _, found in parallel.done(_job, jobs, "years", workers) for point in found]
    return sorted(points, key=lambda p: (p.as_of, p.deadline, p.model))


def _job(work, *arguments) -> list[Point]:
    return list(work(*arguments))


COLUMNS = tuple(field.name for field in fields(Point))


def save(points: Iterable[Point], path: Path) -> None:
    """Write points as a gzipped CSV, the same bytes for the same points."""
    text = csv_text(COLUMNS, (map(four_decimals, astuple(point)) for point in points))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as stream:
        stream.write(text.encode())
    write_atomic(path, buffer.getvalue())


def load(path: Path = RECORD / "backtest.csv.gz") -> list[Point]:
    """The points of a saved record."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        return [Point(date.fromisoformat(r["as_of"]), int(r["horizon_days"]), date.fromisoformat(r["deadline"]), r["model"],
                      float(r["probability"]), float(r["lower"]), float(r["upper"]), int(r["outcome"]), int(r["hard"]))
                for r in csv.DictReader(stream)]


def brier(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(p - y)^2."""
    return (p - y) ** 2


def log_score(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-log of the probability given to what happened, p clipped to [0.005, 0.995]."""
    p = np.clip(p, CLIP, 1 - CLIP)
    return -np.where(y == 1, np.log(p), np.log1p(-p))


def is_monthly(point: Point) -> bool:
    """Whether a point belongs to the scored origins: the first Monday of a month, a horizon of whole weeks up to 26."""
    return (point.as_of.weekday() == 0 and point.as_of.day <= 7 and point.horizon_days % 7 == 0
            and point.horizon_days <= 7 * WEEKS[-1])


SETS = {
    "integrated Brier, weeks 1-26": (brier, is_monthly),
    "log score, weeks 1-26": (log_score, is_monthly),
    **{f"Brier, {week} weeks": (brier, lambda p, week=week: is_monthly(p) and p.horizon_days == 7 * week)
       for week in (4, 8, 13, 26)},
    "hard set, Brier": (brier, lambda p: is_monthly(p) and p.hard == 1),
    "question-like set, Brier": (brier, lambda p: (p.as_of.month, p.as_of.day) in QUESTION_DAYS
                                 and (p.deadline.month, p.deadline.day) == (12, 31)),
    "calibration in the large": (lambda p, y: p - y, is_monthly)}


def scores(points: list[Point], replicates: int = 2000, random_seed: int = 1) -> list[dict]:
    """Each score of each model, and its paired difference to climatology and to seasons only.

    Intervals are 90% block bootstrap intervals over years: whole years are drawn with replacement.
    """
    rng = np.random.default_rng(random_seed)
    table = []
    for name, (score, member) in SETS.items():
        chosen = [point for point in points if member(point)]
        by_model: dict[str, dict[tuple, Point]] = {}
        for point in chosen:
            by_model.setdefault(point.model, {})[point.as_of, point.deadline] = point
        if not by_model:
            continue
        keys = sorted(set.intersection(*(set(rows) for rows in by_model.values())))
        years = sorted({key[0].year for key in keys})
        at = np.array([years.index(key[0].year) for key in keys])
        loss = {forecaster: score(np.array([rows[k].probability for k in keys]), np.array([rows[k].outcome for k in keys]))
                for forecaster, rows in by_model.items()}
        counts = np.bincount(at, minlength=len(years))
        draws = rng.integers(len(years), size=(replicates, len(years)))

        def interval(values: np.ndarray) -> tuple[float, float]:
            sums = np.bincount(at, values, len(years))
            means = sums[draws].sum(1) / counts[draws].sum(1)
            return tuple(np.quantile(means, [0.05, 0.95]))

        for forecaster, values in sorted(loss.items(), key=lambda item: item[1].mean()):
            row = {"score": name, "model": forecaster, "forecasts": len(keys), "value": values.mean()}
            row["lower"], row["upper"] = interval(values)
            for other in ("seasonal climatology", "seasons only"):
                if other in loss:
                    short = other.split()[-1]
                    row[f"minus_{short}"] = (values - loss[other]).mean()
                    row[f"minus_{short}_lower"], row[f"minus_{short}_upper"] = interval(values - loss[other])
            table.append(row)
    return table


def save_table(rows: list[dict], path: Path) -> None:
    """Write rows of one shape as CSV, floats with four decimals."""
    text = csv_text(rows[0], (map(four_decimals, row.values()) for row in rows))
    write_atomic(path, text)
