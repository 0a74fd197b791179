"""The scores of the backtest: each score of each model, with intervals and paired differences."""

from collections.abc import Callable

import numpy as np

from .baselines import CLIMATOLOGY
from .origins import QUESTION_DAYS, WEEKS
from .structures import CALENDAR

BRIER, LOG_SCORE, BIAS = "integrated Brier, weeks 1-26", "log score, weeks 1-26", "calibration in the large"
QUESTION_LIKE = "question-like set, Brier"
CLIP = 0.005
"""The log score clips probabilities to the range from this value to one minus it."""
REPLICATES = 2000


def brier(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(p - y)^2."""
    return (p - y) ** 2


def log_score(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-log of the probability of the actual outcome, with p clipped to [0.005, 0.995]."""
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
    """Which points belong to the question-like set: forecast on one of its days, to the end of the year."""
    asked = np.any([is_day(points["as_of"], *question) for question in QUESTION_DAYS], axis=0)
    return asked & is_day(points["deadline"], 12, 31)


def is_weeks_ahead(weeks: int) -> Callable[[np.ndarray], np.ndarray]:
    """Which points of the scored origins have a horizon of `weeks`."""
    return lambda points: is_monthly(points) & (points["horizon_days"] == 7 * weeks)


SETS = {
    BRIER: (brier, is_monthly),
    LOG_SCORE: (log_score, is_monthly),
    **{f"Brier, {weeks} weeks": (brier, is_weeks_ahead(weeks)) for weeks in (4, 8, 13, 26)},
    "hard set, Brier": (brier, lambda points: is_monthly(points) & (points["hard"] == 1)),
    QUESTION_LIKE: (brier, is_question),
    BIAS: (bias, is_monthly),
}
"""The scores: how to score a forecast, and which points count."""
BESIDE = {"climatology": CLIMATOLOGY, "calendar": CALENDAR.name}
"""The reference models for paired differences, by column name."""


def scores(points: np.ndarray) -> list[dict]:
    """Each score of each model, and its paired differences to climatology and to the calendar alone.

    Intervals are 90% block bootstrap intervals that resample whole years.
    """
    rng = np.random.default_rng(1)
    rows = []
    for name, (score, member) in SETS.items():
        chosen = points[member(points)]
        if not len(chosen):
            continue
        loss, at = paired(chosen, score)
        rows_by_year, resampled = np.bincount(at), Years(at.max() + 1, rng)
        for model, values in sorted(loss.items(), key=lambda item: item[1].mean()):
            row = {"score": name, "model": model, "forecasts": len(at), "value": values.mean()}
            row |= resampled.interval(np.bincount(at, values), rows_by_year)
            for short, other in BESIDE.items():
                less = values - loss[other]
                row[f"minus_{short}"] = less.mean()
                row |= resampled.interval(np.bincount(at, less), rows_by_year, f"minus_{short}_")
            rows.append(row)
    return rows


class Years:
    """Bootstrap samples of whole years: `drawn` (replicate, year) holds their indices."""

    def __init__(self, number: int, rng: np.random.Generator):
        self.drawn = rng.integers(number, size=(REPLICATES, number))

    def interval(self, above: np.ndarray, below: np.ndarray, prefix: str = "") -> dict[str, float]:
        """The central 90% of a ratio of sums over years, from the sums of each year, (year,)."""
        ratio = above[self.drawn].sum(1) / below[self.drawn].sum(1)
        lower, upper = np.quantile(ratio, [0.05, 0.95])
        return {f"{prefix}lower": lower, f"{prefix}upper": upper}


def by_model(points: np.ndarray) -> dict[str, np.ndarray]:
    """The points of each model, in date order."""
    ordered = np.sort(points, order=("model", "as_of", "deadline"))
    models, first = np.unique(ordered["model"], return_index=True)
    return dict(zip(models.tolist(), np.split(ordered, first[1:])))


def paired(
    points: np.ndarray, score: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The losses of every model on the same forecasts, by as-of day and deadline, and the index of the year.

    Both are (forecast,).

    Raises
    ------
    ValueError
        If the models did not answer the same questions.
    """
    rows = by_model(points)
    asked = [each[["as_of", "deadline"]] for each in rows.values()]
    if not all(np.array_equal(each, asked[0]) for each in asked):
        raise ValueError("expected every model to be asked on the same days for the same deadlines")
    year = np.unique(year_of(asked[0]["as_of"]), return_inverse=True)[1]
    return {model: score(each["probability"], each["outcome"]) for model, each in rows.items()}, year
