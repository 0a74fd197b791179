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

from .. import chances, parallel
from ..evidence.ledger import Ledger
from ..evidence.outlook import ANNOUNCED, Outlook, outlook
from ..evidence.record import Record, record
from ..evidence.rows import ANNOUNCEMENT, ATTENDANCE, BOTH, REFUSAL
from ..evidence.seasons import DAY, meetings
from ..evidence.tone import about_occasions
from ..files.csv_files import csv_text, four_decimals
from ..files.disk import write_atomic
from ..fit import fits
from ..paths import RECORD
from ..settings.params import Params

QUESTION_DAYS = ((1, 1), (4, 1), (7, 11), (10, 1))

WEEKS = np.arange(1, 27)
FIRST_YEAR, LAST_YEAR = 1999, 2024
CLIP = 0.005
DRAWS = {"chains": 2, "draws": 300, "tune": 400}
THIN = 2
"""Neighbouring draws say nearly the same; every second one is asked for the curve."""
RHAT_MAX = 1.1
"""The chains of a January fit are short; beyond this they disagree."""


@dataclass(frozen=True)
class Structure:
    """A named variant of the model: what of a ledger it sees, and whether visits put off are expected again.

    `fit` names the structure whose fit it uses: where only words about occasions ahead are left out, the parameters are
    those of the full model.
    """

    name: str
    fit: str = "full"
    tone: bool = True
    attendance: bool = True
    planning: bool = True
    promises: bool = True
    again: bool = True
    additions: bool = True

    def sees(self, ledger: Ledger) -> Ledger:
        """The part of a ledger this structure uses."""
        if self.tone and self.attendance and self.planning and self.promises and self.additions:
            return ledger
        about = about_occasions(ledger)

        def seen(s) -> bool:
            if not self.additions and s.search == "losses":
                return False
            if s.event_id not in about:
                return self.tone
            promise = s.kind in (ANNOUNCEMENT, REFUSAL)
            return self.attendance if s.kind == ATTENDANCE else self.promises if promise else self.planning

        return replace(
            ledger,
            signals=tuple(filter(seen, ledger.signals)),
            visit_windows=ledger.visit_windows if self.promises else (),
        )

    def ahead(self, ledger: Ledger, day: date, deadline: date, params: Params) -> Outlook:
        """What lies ahead of a cut ledger as this structure sees it."""
        found = outlook(self.sees(ledger), day, deadline, params)
        return found if self.again else replace(found, put_off=())


FULL = Structure("full")
NO_AGAIN = Structure("no again", again=False)
CALENDAR = Structure(
    "calendar alone", "no tone", tone=False, attendance=False, planning=False, promises=False, again=False
)
STRUCTURES = (
    FULL,
    Structure("no attendance words", attendance=False),
    Structure("no tone", "no tone", tone=False),
    Structure("no planning", planning=False),
    NO_AGAIN,
    Structure("no additions", "no additions", additions=False),
    CALENDAR,
)
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
    mondays = [
        day + n * DAY for n in range((date(last + 1, 1, 1) - day).days) if (day + n * DAY).weekday() == 0
    ]
    return [monday for monday in mondays if not monthly or is_first_monday(monday)]


def is_first_monday(day: date) -> bool:
    """Whether a day is the first Monday of its month."""
    return day.weekday() == 0 and day.day <= 7


def is_hard(ahead: Outlook, days: int) -> int:
    """1 where no meeting is announced within `days` and at least one occasion starts in them."""
    slots = [slot for view in ahead.seasons for slot in view.open if 0 < slot.ahead <= days]
    announced = any(slot.words.meeting.announced for slot in slots) or any(
        visit.status == ANNOUNCED and visit.first <= days for visit in ahead.visits
    )
    return int(bool(slots) and not announced)


def is_scored(day: date) -> bool:
    """Whether a day is the first Monday of a month, or one of the question-like set."""
    return is_first_monday(day) or (day.month, day.day) in QUESTION_DAYS


def deadlines_of(day: date) -> list[date]:
    """The deadlines asked at an origin: 1 to 26 weeks, and the end of the year."""
    return sorted({day + int(week) * 7 * DAY for week in WEEKS} | {date(day.year, 12, 31)} - {day})


def happened(met: list[date], after: date, until: date) -> int:
    """1 if they met in (after, until]."""
    return int(any(after < day <= until for day in met))


def january_fit(params: Params, ready, past: Record, name: str, length: dict[str, int]) -> fits.Fit:
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
            break
    else:
        raise fits.GateError(
            f"the fit of {name} did not converge, so that nothing is scored: "
            f"R-hat {rhat:.2f}; at most {RHAT_MAX} wanted"
        )
    draws = {name: values[::THIN] for name, values in fits.draws_of(tree, past).items()}
    return fits.Fit("", past.through, draws, {"rhat_max": rhat}, 0.0, False, "")


def year_points(
    params: Params, whole: Ledger, ready, year: int, days: list[date], structures: Iterable[Structure]
) -> Iterator[Point]:
    """The points of one year's origins, with parameters fitted to what was known on the last day of the year before.

    Scores need the first Monday of a month and the days of the question-like set alone; on other days only the full
    model is asked, for its path.
    """
    met, before, structures = meetings(whole), whole.as_of(date(year - 1, 12, 31)), list(structures)
    learned = {}
    for name in {structure.fit for structure in structures}:
        seen = next(structure for structure in STRUCTURES if structure.name == name)
        past = record(seen.sees(before), params)
        learned[name] = (seen, past, january_fit(params, ready, past, f"{name}, January {year}", DRAWS))
    for day in days:
        cut, deadlines = whole.as_of(day), deadlines_of(day)
        full = FULL.ahead(cut, day, max(deadlines), params)
        asked = structures if is_scored(day) else [structure for structure in structures if structure == FULL]
        draws = {
            name: fits.update(january, past, record(seen.sees(cut), params), day).draws
            for name, (seen, past, january) in learned.items()
            if name in {structure.fit for structure in asked}
        }
        for structure in asked:
            ahead = (
                replace(full, put_off=())
                if structure == NO_AGAIN
                else full
                if structure == FULL
                else structure.ahead(cut, day, max(deadlines), params)
            )
            by_day = chances.chances(draws[structure.fit], ahead).by_day
            columns = by_day[:, [(deadline - day).days - 1 for deadline in deadlines]]
            lower, upper = np.quantile(columns, (0.05, 0.95), axis=0)
            mean = columns.mean(0)
            for j, deadline in enumerate(deadlines):
                days_ahead = (deadline - day).days
                yield Point(
                    day,
                    days_ahead,
                    deadline,
                    structure.name,
                    float(mean[j]),
                    float(lower[j]),
                    float(upper[j]),
                    happened(met, day, deadline),
                    is_hard(full, days_ahead),
                )


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


def features(ahead: Outlook, deadlines: list[date]) -> np.ndarray:
    """What a plain regression sees of the time to each deadline; (deadline, feature).

    Of the occasions inside that are not called off, and of which no leader's absence is settled or reported: a summit,
    more of them, others; whether a meeting is announced; the share of agreed windows; tone; length. Counts of words of
    coming, and visits put off, were tried and made its scores worse.
    """
    rows = []
    for deadline in deadlines:
        days = (deadline - ahead.as_of).days
        inside = [slot for view in ahead.seasons for slot in view.open if 0 < slot.ahead <= days]
        likely = [
            slot
            for slot in inside
            if not any(
                slot.words.coming(side).settled < 0 or -2 in slot.words.coming(side).levels
                for side in (*slot.sides, BOTH)
            )
        ]
        summits = sum(slot.summit for slot in likely)
        rows.append(
            [
                1.0,
                min(summits, 1),
                max(summits - 1, 0),
                len(likely) - summits,
                any(slot.words.meeting.announced for slot in inside),
                sum(covered(visit.first, visit.last, days) for visit in ahead.visits),
                ahead.tone,
                np.log(days),
            ]
        )
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

    def ahead_of(day: date, deadlines: list[date]) -> Outlook:
        return outlook(whole.as_of(day), day, max(deadlines), params)

    table = {}
    for day in origins(1994, LAST_YEAR + 1, monthly=True):
        if day <= max(days):
            deadlines = [day + int(week) * 7 * DAY for week in WEEKS]
            table[day] = (
                features(ahead_of(day, deadlines), deadlines),
                np.array([happened(met, day, deadline) for deadline in deadlines]),
            )
    coefficients: dict[int, np.ndarray] = {}
    for day in days:
        if day.year not in coefficients:
            past = [table[m] for m in table if m + int(WEEKS[-1]) * 7 * DAY < date(day.year, 1, 1)]
            coefficients[day.year] = logistic(
                np.concatenate([x for x, _ in past]), np.concatenate([y for _, y in past])
            )
        deadlines = deadlines_of(day)
        ahead = ahead_of(day, deadlines)
        regressed = expit(features(ahead, deadlines) @ coefficients[day.year])
        known = meetings(whole.as_of(day))
        for i, deadline in enumerate(deadlines):
            for name, value in zip(
                BASELINES,
                (climatology(known, day, deadline), persistence(known, day, deadline), float(regressed[i])),
                strict=True,
            ):
                yield Point(
                    day,
                    (deadline - day).days,
                    deadline,
                    name,
                    value,
                    value,
                    value,
                    happened(met, day, deadline),
                    is_hard(ahead, (deadline - day).days),
                )


def _year(
    params: Params, whole: Ledger, year: int, structures: tuple[Structure, ...], monthly: bool
) -> Iterator[Point]:
    days = origins(year, year, monthly) + [date(year, *when) for when in QUESTION_DAYS]
    return year_points(params, whole, ready_for(params, whole), year, sorted(set(days)), structures)


_COMPILED: dict[str, object] = {}


def ready_for(params: Params, whole: Ledger):
    """The compiled model, once a process: only its data change between years and structures."""
    if "model" not in _COMPILED:
        _COMPILED["model"] = fits.compiled(params, record(whole.as_of(date(2015, 1, 1)), params))
    return _COMPILED["model"]


def run(
    params: Params,
    whole: Ledger,
    *,
    monthly: bool = False,
    structures: tuple[Structure, ...] = STRUCTURES,
    baselines: bool = True,
    years: tuple[int, int] = (FIRST_YEAR, LAST_YEAR),
    workers: int = 2,
) -> list[Point]:
    """All points of the record by date, horizon and model.

    `monthly` keeps the first Monday of each month; the days of the question-like set are always among the origins.
    """
    asked = range(years[0], years[1] + 1)
    days = sorted(
        {*origins(*years, monthly=True), *(date(year, *when) for year in asked for when in QUESTION_DAYS)}
    )
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
        return [
            Point(
                date.fromisoformat(r["as_of"]),
                int(r["horizon_days"]),
                date.fromisoformat(r["deadline"]),
                r["model"],
                float(r["probability"]),
                float(r["lower"]),
                float(r["upper"]),
                int(r["outcome"]),
                int(r["hard"]),
            )
            for r in csv.DictReader(stream)
        ]


def brier(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(p - y)^2."""
    return (p - y) ** 2


def log_score(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-log of the probability given to what happened, p clipped to [0.005, 0.995]."""
    p = np.clip(p, CLIP, 1 - CLIP)
    return -np.where(y == 1, np.log(p), np.log1p(-p))


def is_monthly(point: Point) -> bool:
    """Whether a point belongs to the scored origins: the first Monday of a month, a horizon of whole weeks up to 26."""
    return (
        is_first_monday(point.as_of) and point.horizon_days % 7 == 0 and point.horizon_days <= 7 * WEEKS[-1]
    )


SETS = {
    "integrated Brier, weeks 1-26": (brier, is_monthly),
    "log score, weeks 1-26": (log_score, is_monthly),
    **{
        f"Brier, {week} weeks": (brier, lambda p, week=week: is_monthly(p) and p.horizon_days == 7 * week)
        for week in (4, 8, 13, 26)
    },
    "hard set, Brier": (brier, lambda p: is_monthly(p) and p.hard == 1),
    "question-like set, Brier": (
        brier,
        lambda p: (
            (p.as_of.month, p.as_of.day) in QUESTION_DAYS and (p.deadline.month, p.deadline.day) == (12, 31)
        ),
    ),
    "calibration in the large": (lambda p, y: p - y, is_monthly),
}


def scores(points: list[Point], replicates: int = 2000, random_seed: int = 1) -> list[dict]:
    """Each score of each model, and its paired difference to climatology and to the calendar alone.

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
        loss = {
            forecaster: score(
                np.array([rows[k].probability for k in keys]), np.array([rows[k].outcome for k in keys])
            )
            for forecaster, rows in by_model.items()
        }
        counts = np.bincount(at, minlength=len(years))
        draws = rng.integers(len(years), size=(replicates, len(years)))

        def interval(values: np.ndarray) -> tuple[float, float]:
            sums = np.bincount(at, values, len(years))
            means = sums[draws].sum(1) / counts[draws].sum(1)
            return tuple(np.quantile(means, [0.05, 0.95]))

        for forecaster, values in sorted(loss.items(), key=lambda item: item[1].mean()):
            row = {"score": name, "model": forecaster, "forecasts": len(keys), "value": values.mean()}
            row["lower"], row["upper"] = interval(values)
            for other in ("seasonal climatology", CALENDAR.name):
                if other in loss:
                    short = other.split()[0 if other == CALENDAR.name else -1]
                    row[f"minus_{short}"] = (values - loss[other]).mean()
                    row[f"minus_{short}_lower"], row[f"minus_{short}_upper"] = interval(values - loss[other])
            table.append(row)
    return table


def save_table(rows: list[dict], path: Path) -> None:
    """Write rows of one shape as CSV, floats with four decimals."""
    text = csv_text(rows[0], (map(four_decimals, row.values()) for row in rows))
    write_atomic(path, text)
