"""Diagnose the backtest: scores by year, gain of each part, worst misses, calibration, drift.

All functions compute from the table of backtest points; `study` saves the results.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from ..evidence.ledger import Ledger
from ..evidence.record import attended
from ..evidence.rows import ATTENDANCE, MEETING_MARGIN, Occasion, Signal
from ..evidence.seasons import meetings
from ..evidence.words import REFUSAL
from .scores import Years, brier, by_model, is_day, is_monday, is_monthly, log_score, year_of
from .structures import BACKTESTED, FULL

PARTS = tuple(each.name for each in BACKTESTED if len(each.without + each.unheard) == 1)
"""The structures that omit one part of the model or of its evidence."""
PANDEMIC = (2020, 2021)
SOON = timedelta(days=30)
"""A meeting within this time after a deadline is listed with the miss."""


def monthly(points: np.ndarray) -> dict[str, np.ndarray]:
    """The scored points by model, in date order."""
    return by_model(points[is_monthly(points)])


def each_year(points: np.ndarray) -> dict[int, np.ndarray]:
    """The points by the year of their origins."""
    years = year_of(points["as_of"])
    return {year: points[years == year] for year in np.unique(years).tolist()}


def both_scores(points: np.ndarray) -> dict[str, float]:
    """Both mean scores of some points."""
    p, y = points["probability"], points["outcome"]
    return {"brier": brier(p, y).mean(), "log_score": log_score(p, y).mean()}


def by_year(points: np.ndarray) -> list[dict]:
    """Both scores of each model in each year of origins."""
    table = [
        {"year": year, "model": model, "forecasts": len(inside)} | both_scores(inside)
        for model, rows in monthly(points).items()
        for year, inside in each_year(rows).items()
    ]
    return sorted(table, key=lambda row: (row["year"], row["model"]))


def gains(yearly: list[dict]) -> list[dict]:
    """The gain of the full model over each other model in both scores, with 90% intervals (resampled years).

    `steady` is whether the log score improves in at least 60% of years, in both halves, and without 2020-21.
    """
    score = {(row["year"], row["model"]): row for row in yearly}
    years = sorted({row["year"] for row in yearly})
    weight = np.array([score[year, FULL.name]["forecasts"] for year in years], dtype=float)
    resampled = Years(len(years), np.random.default_rng(1))
    calm, half = ~np.isin(years, PANDEMIC), len(years) // 2
    table = []
    for model in sorted({row["model"] for row in yearly} - {FULL.name}):
        row = {"model": model, "years": len(years)}
        for name in ("brier", "log_score"):
            gain = np.array([score[year, model][name] - score[year, FULL.name][name] for year in years])
            row[f"{name}_gain"] = np.average(gain, weights=weight)
            row |= resampled.interval(gain * weight, weight, f"{name}_")
        parts = {
            "first_half": gain[:half].mean(),
            "second_half": gain[half:].mean(),
            "without_2020_21": gain[calm if calm.any() else slice(None)].mean(),
        }
        share = (gain > 0).mean()
        steady = share >= 0.6 and min(parts.values()) > 0
        table.append(row | {"share_positive": share} | parts | {"steady": "yes" if steady else "no"})
    return sorted(table, key=lambda row: row["brier_gain"])


# The worst misses


def misses(points: np.ndarray, whole: Ledger) -> list[dict]:
    """The seven worst years of the full model, worst first, each with its worst forecast."""
    years = each_year(monthly(points)[FULL.name])
    means = {year: both_scores(rows) for year, rows in years.items()}
    table = []
    for year in sorted(years, key=lambda year: -means[year]["brier"])[:7]:
        rows = years[year]
        worst = rows[brier(rows["probability"], rows["outcome"]).argmax()]
        as_of, deadline, outcome = worst[["as_of", "deadline", "outcome"]].item()
        table.append(
            {
                "year": year,
                **means[year],
                "as_of": as_of,
                "deadline": deadline,
                "probability": worst["probability"],
                "outcome": outcome,
                "first_doubt": (not outcome and first_doubt(whole, as_of, deadline)) or "",
            }
        )
    return table


def unused(ledger: Ledger, as_of: date, deadline: date) -> list[Occasion]:
    """The occasions that began in (as_of, deadline] without a meeting."""
    return [
        o for o in ledger.occasions if o.met is False and o.start_date and as_of < o.start_date <= deadline
    ]


def first_doubt(whole: Ledger, as_of: date, deadline: date) -> date | None:
    """The day of the first public word that a leader may stay away from an occasion in (as_of, deadline].

    Covers only occasions that were held, and leaders who then stayed away.
    """
    held = [o for o in unused(whole, as_of, deadline) if not o.is_visit and o.held_in_person]
    return min((row.public_date for occasion in held for row in absences(whole, occasion)), default=None)


def absences(ledger: Ledger, occasion: Occasion) -> list[Signal]:
    """The words that an occasion is off, that an absent leader may stay away, or that they will not meet."""

    def says_so(row: Signal) -> bool:
        if row.kind == ATTENDANCE:
            return row.actor == "both" or not attended(occasion, row.actor)
        return row.kind == REFUSAL

    about = [row for row in ledger.signals if row.occasion == occasion.occasion_id and row.strength < 0]
    return [row for row in about if says_so(row)]


class Event(NamedTuple):
    """The outcome of an occasion within the horizon of a forecast that missed.

    `fate` is `met`; `met late`, soon after the deadline; `refused`; `not in person`; or, where nobody
    refused, the attendance: `both came`, `neither came`, `one came`, `unknown`. `date` is the day of the
    meeting, or the first day of an occasion without one. `public_date` is the day on which the meeting, or
    the refusal in `text`, became public. `leader` is the only leader who attended.
    """

    occasion: str
    fate: str
    date: date
    public_date: date | str = ""
    leader: str = ""
    text: str = ""


def events(whole: Ledger, as_of: date, deadline: date, outcome: int, sides: tuple[str, str]) -> list[Event]:
    """The reasons for a miss, from ledger rows that were public a few days after the deadline."""
    ledger = whole.as_of(deadline + MEETING_MARGIN)
    if outcome:
        first = min(day for day in meetings(ledger) if day > as_of)
        place = next(o for o in ledger.occasions if o.met_date == first)
        windows = [w.public_date for w in whole.visit_windows if w.occasion_id == place.occasion_id]
        return [Event(place.name, "met", first, min(windows, default=place.known_from))]
    soon = [o for o in whole.occasions if o.met and deadline < o.met_date <= deadline + SOON]
    late = sorted((o.met_date, o.name) for o in soon)[:1]
    return [
        *(unused_event(ledger, occasion, sides) for occasion in unused(ledger, as_of, deadline)),
        *(Event(name, "met late", day) for day, name in late),
    ]


def unused_event(ledger: Ledger, occasion: Occasion, sides: tuple[str, str]) -> Event:
    """The reason why an occasion passed without a meeting: the last word of absence, or the attendance."""
    name, start = occasion.name, occasion.start_date
    if said := absences(ledger, occasion):
        return Event(name, "refused", start, said[-1].public_date, text=said[-1].description)
    if occasion.held_in_person is False:
        return Event(name, "not in person", start)
    if occasion.attended in sides:
        leaders = dict(zip(sides, (occasion.leader_1, occasion.leader_2)))
        return Event(name, "one came", start, leader=leaders[occasion.attended])
    return Event(name, {"both": "both came", "none": "neither came"}.get(occasion.attended, "unknown"), start)


def miss_events(missed: list[dict], whole: Ledger, sides: tuple[str, str]) -> list[dict]:
    """The actual events of each miss, one row per occasion within its horizon."""
    return [
        {"year": row["year"]} | event._asdict()
        for row in missed
        for event in events(whole, row["as_of"], row["deadline"], row["outcome"], sides)
    ]


# Calibration


def corp(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Recalibrated probability of each forecast: the isotonic regression of outcomes on probabilities.

    CORP (Dimitriadis, Gneiting and Jordan 2021): the best increasing curve, without a choice of bins.
    """
    from scipy.optimize import isotonic_regression

    _, level, count = np.unique(p, return_inverse=True, return_counts=True)
    return isotonic_regression(np.bincount(level, y) / count, weights=count).x[level]


def reliability(points: np.ndarray, replicates: int = 1000) -> list[dict]:
    """The recalibration curve of the full model on a grid of probabilities, with 90% consistency bands.

    The bands cover the curve of a perfectly calibrated forecaster. Forecast windows within one half-year
    overlap, so one random number decides all its outcomes; windows of different half-years hardly overlap.
    """
    rows = np.sort(monthly(points)[FULL.name], order="probability", kind="stable")
    p = rows["probability"]
    half_year = rows["as_of"].astype("datetime64[M]").astype(int) // 6
    block = np.unique(half_year, return_inverse=True)[1]
    fate = np.random.default_rng(1).random((replicates, block.max() + 1))
    grid = np.linspace(p[0], p[-1], 60)

    def curve(y: np.ndarray) -> np.ndarray:
        return np.interp(grid, p, corp(p, y))

    lower, upper = np.quantile([curve(each[block] < p) for each in fate], [0.05, 0.95], axis=0)
    edges = np.append(grid - (grid[1] - grid[0]) / 2, np.inf)
    columns = {
        "probability": grid,
        "observed": curve(rows["outcome"]),
        "lower": lower,
        "upper": upper,
        "forecasts": np.histogram(p, edges)[0],
    }
    return [dict(zip(columns, values)) for values in zip(*(column.tolist() for column in columns.values()))]


def decomposition(points: np.ndarray) -> list[dict]:
    """The decomposition of each Brier score: score = miscalibration - discrimination + uncertainty."""
    table = []
    for model, rows in monthly(points).items():
        p, y = rows["probability"], rows["outcome"]
        plain, score, best = brier(y.mean(), y).mean(), brier(p, y).mean(), brier(corp(p, y), y).mean()
        table.append(
            {
                "model": model,
                "brier": score,
                "miscalibration": score - best,
                "discrimination": plain - best,
                "uncertainty": plain,
            }
        )
    return sorted(table, key=lambda row: row["brier"])


# The replay


def replay_checks(weeks: list[dict], shares: dict[str, dict[str, float]], kept: float) -> list[dict]:
    """The checks of the weekly replay of 2025: they test how statuses work, and nothing is tuned to them.

    `shares` are the probabilities of a first meeting by cause in each week; `kept` is the mean probability,
    as of 27 October, that a meeting announced for 30 October is kept. `bound` is the limit for the value, if
    any.
    """
    p = {row["as_of"]: row["probability"] for row in weeks}
    largest = {row["as_of"]: row["largest_cause"] for row in weeks}

    def share(day: str, cause: str) -> float:
        return shares[day].get(cause, 0.0)

    parade = share("2025-09-01", "2025-beijing-parade")
    left = share("2025-09-08", "2025-beijing-parade")
    fall = p["2025-09-01"] - p["2025-09-08"]
    doubted, settled = (share(day, "2025-g20-johannesburg") for day in ("2025-05-19", "2025-09-08"))
    rise = p["2025-09-22"] - p["2025-09-15"]
    threat = p["2025-10-13"] - p["2025-10-06"]
    apec, dated = "2025-apec-gyeongju", p["2025-10-27"]
    checks = (
        ("absence doubted", doubted, "level", "", doubted < 0.05),
        ("absence settled", settled, "level", "", settled < min(0.01, doubted)),
        ("parade passed", left, "level", "", left == 0),
        ("fall of the parade", -fall, "points", parade, 0 <= fall <= parade),
        ("announcement", rise, "points", "", rise > 0),
        ("threat", threat, "points", "", threat < 0),
        ("largest cause", share("2025-10-13", apec), "level", "", largest["2025-10-13"] == apec),
        ("date set", dated, "level", kept, abs(dated - kept) <= 0.02),
    )
    return [
        {"check": name, "value": value, "unit": unit, "bound": bound, "holds": "yes" if holds else "no"}
        for name, value, unit, bound, holds in checks
    ]


# Drift


class Stretch(NamedTuple):
    """Weekly forecasts of one meeting: `days` and `p` (week,); the last entry is the outcome and its day."""

    days: np.ndarray
    p: np.ndarray


def to_year_end(points: np.ndarray) -> np.ndarray:
    """The full model's forecasts of each Monday for a meeting by the end of its year, by day."""
    chosen = (points["model"] == FULL.name) & is_monday(points["as_of"]) & is_day(points["deadline"], 12, 31)
    rows = points[chosen & (year_of(points["as_of"]) == year_of(points["deadline"]))]
    return rows[np.argsort(rows["as_of"], kind="stable")]


def stretches(points: np.ndarray, met: list[date]) -> Iterator[Stretch]:
    """The weekly forecasts of a meeting by the end of the year, up to the meeting or the end.

    After a meeting, a new stretch begins for the next meeting.
    """
    for year, rows in each_year(to_year_end(points)).items():
        begin = date(year - 1, 12, 31)
        for end in (*(day for day in met if day.year == year), date(year, 12, 31)):
            inside = rows[(rows["as_of"] >= np.datetime64(begin)) & (rows["as_of"] < np.datetime64(end))]
            if len(inside):
                days = np.append(inside["as_of"], np.datetime64(end))
                yield Stretch(days, np.append(inside["probability"], float(end in met)))
            begin = end


DRIFT = {
    "movement over uncertainty reduction": ("movement", "reduction", "weeks"),
    "mean weekly change": ("change", "weeks", "weeks"),
    "mean weekly change without news": ("quiet_change", "quiet_weeks", "quiet_weeks"),
}
"""The ratios that measure drift: numerator, denominator and the number of weeks."""


def drift(points: np.ndarray, whole: Ledger) -> list[dict]:
    """Whether the weekly forecasts drift: a martingale moves exactly as much as its uncertainty falls.

    For the stretches to the end of a year, with 90% intervals from resampled years: movement (squared steps)
    over uncertainty reduction (the fall of p (1 - p) from the first forecast to the outcome; Augenblick and
    Rabin 2021), the mean weekly step, and the mean step in weeks without public news or a meeting.
    """
    news, paths = public_days(whole), list(stretches(points, meetings(whole)))
    sums = [drift_sums(path, news) for path in paths]
    years, at = np.unique([year_of(path.days[0]) for path in paths], return_inverse=True)
    yearly = {name: np.bincount(at, [each[name] for each in sums]) for name in sums[0]}
    resampled = Years(len(years), np.random.default_rng(1))
    table = []
    for what, (above, below, weeks) in DRIFT.items():
        row = {"what": what, "value": yearly[above].sum() / yearly[below].sum()}
        row |= resampled.interval(yearly[above], yearly[below])
        table.append(row | {"weeks": int(yearly[weeks].sum()), "years": len(years)})
    return table


def drift_sums(path: Stretch, news: np.ndarray) -> dict[str, float]:
    """The sums of a stretch for the ratios in `DRIFT`; something became public on the days of `news`."""
    step = np.diff(path.p)
    quiet = np.diff(np.searchsorted(news, path.days, side="right")) == 0
    quiet[-1] = False
    return {
        "movement": np.square(step).sum(),
        "reduction": path.p[0] * (1 - path.p[0]),
        "change": step.sum(),
        "weeks": len(step),
        "quiet_change": step[quiet].sum(),
        "quiet_weeks": quiet.sum(),
    }


def public_days(whole: Ledger) -> np.ndarray:
    """The sorted days on which a ledger row or the outcome of an occasion became public."""
    rows = {row.public_date for row in (*whole.signals, *whole.visit_windows)}
    outcomes = {day for o in whole.occasions for day in (o.known_from, o.outcome_date) if day}
    return np.array(sorted(rows | outcomes), dtype="datetime64[D]")
