"""Where the record was good and where bad: by year, part by part, the worst misses, calibration, drift.

Everything here is arithmetic on the points of a backtest; `study` keeps the tables.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import numpy as np

from ..evidence.ledger import Ledger
from ..evidence.record import attended
from ..evidence.rows import ATTENDANCE, MEETING_MARGIN, REFUSAL, Occasion, Signal
from ..evidence.seasons import DAY, meetings
from ..formatting import count
from ..formatting import day as told
from .backtest import FULL, STRUCTURES, Point, brier, is_monthly, log_score

PARTS = tuple(structure.name for structure in STRUCTURES if structure.name.startswith("no "))
"""The structures that go without one part of the model, or of its evidence."""
PANDEMIC = (2020, 2021)
SOON = timedelta(days=30)
TOLD = 3


def monthly(points: Iterable[Point]) -> dict[str, list[Point]]:
    """The scored points by model, each in the order of their dates."""
    found: dict[str, list[Point]] = {}
    for point in points:
        if is_monthly(point):
            found.setdefault(point.model, []).append(point)
    return {model: sorted(rows, key=lambda p: (p.as_of, p.deadline)) for model, rows in found.items()}


def arrays(rows: list[Point]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, outcomes and years of points."""
    return tuple(
        np.array(values)
        for values in zip(*((p.probability, p.outcome, p.as_of.year) for p in rows), strict=True)
    )


def by_year(points: Iterable[Point]) -> list[dict]:
    """Both scores of each model in each year of origins."""
    table = []
    for model, rows in monthly(points).items():
        p, y, years = arrays(rows)
        table += [
            {
                "year": int(year),
                "model": model,
                "forecasts": int((years == year).sum()),
                "brier": float(brier(p, y)[years == year].mean()),
                "log_score": float(log_score(p, y)[years == year].mean()),
            }
            for year in np.unique(years)
        ]
    return sorted(table, key=lambda row: (row["year"], row["model"]))


def gains(yearly: list[dict], replicates: int = 2000, random_seed: int = 1) -> list[dict]:
    """What the full model gains over each other one in both scores; intervals hold 90% of resamples of years.

    `steady` says whether the log score gains in at least 60% of years, in both halves, and without 2020-21.
    """
    score = {(row["year"], row["model"]): row for row in yearly}
    years = sorted({row["year"] for row in yearly})
    weight = np.array([score[year, FULL.name]["forecasts"] for year in years], dtype=float)
    drawn = np.random.default_rng(random_seed).integers(len(years), size=(replicates, len(years)))
    calm, half = np.array([year not in PANDEMIC for year in years]), len(years) // 2
    table = []
    for model in sorted({row["model"] for row in yearly} - {FULL.name}):
        row = {"model": model, "years": len(years)}
        for name in ("brier", "log_score"):
            gain = np.array([score[year, model][name] - score[year, FULL.name][name] for year in years])
            means = (gain * weight)[drawn].sum(1) / weight[drawn].sum(1)
            lower, upper = np.quantile(means, [0.05, 0.95])
            row |= {
                f"{name}_gain": float(np.average(gain, weights=weight)),
                f"{name}_lower": float(lower),
                f"{name}_upper": float(upper),
            }
        row |= {
            "share_positive": float((gain > 0).mean()),
            "first_half": float(gain[:half].mean()),
            "second_half": float(gain[half:].mean()),
            "without_2020_21": float(gain[calm].mean()),
        }
        each = min(row["first_half"], row["second_half"], row["without_2020_21"])
        steady = row["share_positive"] >= 0.6 and each > 0
        table.append(row | {"steady": "yes" if steady else "no"})
    return sorted(table, key=lambda row: row["brier_gain"])


def misses(points: Iterable[Point], whole: Ledger, number: int = 7) -> list[dict]:
    """The worst years of the full model, worst first, each with its worst forecast and what happened instead."""
    rows = monthly(points)[FULL.name]
    p, y, years = arrays(rows)
    loss = brier(p, y)
    worst = sorted(np.unique(years), key=lambda year: -loss[years == year].mean())[:number]
    table = []
    for year in worst:
        inside = np.flatnonzero(years == year)
        point = rows[inside[loss[inside].argmax()]]
        table.append(
            {
                "year": int(year),
                "brier": float(loss[inside].mean()),
                "log_score": float(log_score(p, y)[inside].mean()),
                "as_of": point.as_of,
                "deadline": point.deadline,
                "probability": point.probability,
                "outcome": point.outcome,
                "first_doubt": first_doubt(whole, point) or "",
                "what": what_happened(whole, point.as_of, point.deadline, point.outcome),
            }
        )
    return table


def first_doubt(whole: Ledger, point: Point) -> date | None:
    """Where no meeting came: the first public word that a leader may stay away from an occasion in that time.

    Of occasions that were held, and of leaders who then stayed away.
    """
    passed = [
        o
        for o in whole.occasions
        if not o.is_visit
        and o.met is False
        and o.held_in_person
        and point.as_of < o.start_date <= point.deadline
    ]
    days = [row.public_date for occasion in passed for row in absences(whole, occasion)]
    return None if point.outcome else min(days, default=None)


def absences(ledger: Ledger, occasion: Occasion) -> list[Signal]:
    """The words that an occasion falls through, that an absent leader may stay away, or that they will not meet."""

    def tells(row: Signal) -> bool:
        return (
            row.kind == REFUSAL
            or row.kind == ATTENDANCE
            and (row.actor == "both" or not attended(occasion, row.actor))
        )

    return [
        row
        for row in ledger.signals
        if row.occasion == occasion.occasion_id and row.strength < 0 and tells(row)
    ]


def what_happened(whole: Ledger, as_of: date, deadline: date, outcome: int) -> str:
    """Why a forecast missed, from the rows of the ledger that were public by a few days after its deadline."""
    ledger = whole.as_of(deadline + MEETING_MARGIN)
    if outcome:
        first = min(day for day in meetings(ledger) if day > as_of)
        place = next(o for o in ledger.occasions if o.met_date == first)
        public = min(
            (w.public_date for w in whole.visit_windows if w.occasion_id == place.occasion_id),
            default=place.known_from,
        )
        when = f"known since {told(public)}" if public <= as_of else f"not public before {told(public)}"
        return f"They met on {told(first)}: {place.name}, {when}."
    passed = [
        o for o in ledger.occasions if o.met is False and o.start_date and as_of < o.start_date <= deadline
    ]
    told_of = [_unused(ledger, o) for o in passed[:TOLD]] or ["No known occasion lay in that time."]
    told_of += [f"{count(len(passed) - TOLD, 'other')} passed, too."] if len(passed) > TOLD else []
    late = sorted(
        (o.met_date, o.name) for o in whole.occasions if o.met and deadline < o.met_date <= deadline + SOON
    )
    return " ".join(
        told_of
        + [
            f"They met {count((day - deadline).days, 'day')} after the deadline: {name}."
            for day, name in late[:1]
        ]
    )


def _unused(ledger: Ledger, occasion: Occasion) -> str:
    if said := absences(ledger, occasion):
        return f"{occasion.name}: {said[-1].description.rstrip('.')} ({told(said[-1].public_date)})."
    if occasion.held_in_person is False:
        return f"{occasion.name} was not held in person."
    who = {"both": "both came and did not meet", "none": "neither leader came"}
    only = {"US": f"only {occasion.leader_1} came", "CN": f"only {occasion.leader_2} came"}
    return f"{occasion.name}: {(who | only).get(occasion.attended, 'no meeting')}."


def corp(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Recalibrated probability of each forecast: the isotonic regression of outcomes on probabilities.

    Dimitriadis, Gneiting and Jordan (2021), CORP: the best rising curve, with no bins to choose.
    """
    from scipy.optimize import isotonic_regression

    levels, group = np.unique(p, return_inverse=True)
    count = np.bincount(group)
    return isotonic_regression(np.bincount(group, y) / count, weights=count).x[group]


def halves(rows: list[Point]) -> np.ndarray:
    """A number for the half-year of each origin: forecasts from one half-year share their fate."""
    return np.array([2 * p.as_of.year + (p.as_of.month > 6) for p in rows])


def reliability(points: Iterable[Point], replicates: int = 1000, random_seed: int = 1) -> list[dict]:
    """The CORP curve of the full model on a grid of probabilities, with 90% consistency bands.

    The bands show where the curve of a perfectly calibrated forecaster would lie. Windows of one half-year overlap, so
    one draw decides all outcomes of its forecasts; windows of different half-years hardly do.
    """
    rows = monthly(points)[FULL.name]
    p, y, _ = arrays(rows)
    order = np.argsort(p, kind="stable")
    p, y, block = p[order], y[order], np.unique(halves(rows), return_inverse=True)[1][order]
    grid = np.linspace(p.min(), p.max(), 60)
    rng = np.random.default_rng(random_seed)
    fate = rng.random((replicates, block.max() + 1))
    curves = np.array([np.interp(grid, p, corp(p, (one[block] < p).astype(float))) for one in fate])
    lower, upper = np.quantile(curves, [0.05, 0.95], axis=0)
    edges = np.append(grid - (grid[1] - grid[0]) / 2, np.inf)
    count = np.histogram(p, edges)[0]
    columns = zip(grid, np.interp(grid, p, corp(p, y)), lower, upper, count, strict=True)
    return [
        {
            "probability": float(a),
            "observed": float(b),
            "lower": float(low),
            "upper": float(high),
            "forecasts": int(n),
        }
        for a, b, low, high, n in columns
    ]


def decomposition(points: Iterable[Point]) -> list[dict]:
    """The Brier score of each model split up: score = miscalibration - discrimination + uncertainty."""
    table = []
    for model, rows in monthly(points).items():
        p, y, _ = arrays(rows)
        plain, score, best = brier(y.mean(), y).mean(), brier(p, y).mean(), brier(corp(p, y), y).mean()
        table.append(
            {
                "model": model,
                "brier": float(score),
                "miscalibration": float(score - best),
                "discrimination": float(plain - best),
                "uncertainty": float(plain),
            }
        )
    return sorted(table, key=lambda row: row["brier"])


def replay_checks(weeks: list[dict], kept: float) -> list[dict]:
    """What must hold of the weekly replay of 2025: a test of the logic of statuses, to which nothing is tuned.

    `kept` is the mean chance that a meeting announced for 30 October is kept, as of 27 October.
    """
    row = {week["as_of"]: week for week in weeks}

    def share(day: str, cause: str) -> float:
        return float(dict(part.split("=") for part in row[day]["shares"].split(";")).get(cause, 0))

    def number(day: str) -> float:
        return row[day]["probability"]

    left = share("2025-09-08", "2025-beijing-parade")
    parade, fall = share("2025-09-01", "2025-beijing-parade"), number("2025-09-01") - number("2025-09-08")
    doubted, closed = (share(day, "2025-g20-johannesburg") for day in ("2025-05-19", "2025-09-08"))
    said = [  # what must hold, the value, whether that is a change in points, whether it holds
        (
            "After three words that Trump may stay away, and none that he comes, G20 Johannesburg has little",
            doubted,
            False,
            doubted < 0.05,
        ),
        (
            "and once it is settled on 5 September that he does, still less",
            closed,
            False,
            closed < min(0.01, doubted),
        ),
        ("Once the Beijing parade has passed unused, its share is gone", left, False, left == 0),
        (
            f"and the forecast falls by no more than that share, {100 * parade:.1f} points",
            -fall,
            True,
            0 <= fall <= parade,
        ),
        (
            "The announcement of 19 September raises it",
            number("2025-09-22") - number("2025-09-15"),
            True,
            number("2025-09-22") > number("2025-09-15"),
        ),
        (
            "The threat of 10 October lowers it",
            number("2025-10-13") - number("2025-10-06"),
            True,
            number("2025-10-13") < number("2025-10-06"),
        ),
        (
            "and APEC stays the largest single cause",
            share("2025-10-13", "2025-apec-gyeongju"),
            False,
            row["2025-10-13"]["largest_cause"] == "2025-apec-gyeongju",
        ),
        (
            f"The date set on 23 October brings it to the level of kept promises, {100 * kept:.1f}%",
            number("2025-10-27"),
            False,
            abs(number("2025-10-27") - kept) <= 0.02,
        ),
    ]
    return [
        {
            "check": text,
            "value": float(value),
            "unit": "points" if moves else "level",
            "holds": "yes" if holds else "no",
        }
        for text, value, moves, holds in said
    ]


def stretches(points: Iterable[Point], met: list[date]) -> Iterator[list[tuple[date, float]]]:
    """The weekly forecasts of a meeting by the end of the year: (day, probability), the outcome last.

    A stretch ends with a meeting, or with the year; after a meeting a new one begins, about another meeting.
    """
    weekly: dict[int, list[Point]] = {}
    for p in points:
        if p.model == FULL.name and p.as_of.weekday() == 0 and p.deadline == date(p.as_of.year, 12, 31):
            weekly.setdefault(p.as_of.year, []).append(p)
    for year, rows in sorted(weekly.items()):
        ends = [*(day for day in met if day.year == year), date(year, 12, 31)]
        begin = date(year - 1, 12, 31)
        for end in ends:
            inside = sorted((p for p in rows if begin <= p.as_of < end), key=lambda p: p.as_of)
            path = [(p.as_of, p.probability) for p in inside]
            if path:
                yield [*path, (end, float(end in met))]
            begin = end


def drift(points: Iterable[Point], whole: Ledger, replicates: int = 2000, random_seed: int = 1) -> list[dict]:
    """Whether the weekly forecasts drift: a martingale moves exactly as much as its uncertainty falls.

    Of the stretches to the end of a year, with 90% intervals from resampling whole years: movement (squared steps)
    over uncertainty reduction (the fall of p (1 - p) from first forecast to outcome; Augenblick and Rabin 2021), the
    mean weekly step, and that of weeks in which nothing became public and no meeting came.
    """
    news = public_days(whole)
    found: dict[int, list[np.ndarray]] = {}
    for path in stretches(points, meetings(whole)):
        days, p = [day for day, _ in path], np.array([value for _, value in path])
        step = np.diff(p)
        quiet = np.array(
            [
                not any(before + n * DAY in news for n in range(1, (after - before).days + 1))
                for before, after in zip(days, days[1:], strict=False)
            ]
        )
        quiet[-1] = False
        sums = [
            np.square(step).sum(),
            p[0] * (1 - p[0]),
            step.sum(),
            len(step),
            step[quiet].sum(),
            quiet.sum(),
        ]
        found.setdefault(days[0].year, []).append(np.array(sums))
    yearly = np.array([np.sum(rows, axis=0) for _, rows in sorted(found.items())])
    drawn = np.random.default_rng(random_seed).integers(len(yearly), size=(replicates, len(yearly)))
    many, one = yearly[drawn].sum(1), yearly.sum(0)
    table = []
    for name, above, below, weeks in (  # positions in `sums`
        ("movement over uncertainty reduction", 0, 1, 3),
        ("mean weekly change", 2, 3, 3),
        ("mean weekly change without news", 4, 5, 5),
    ):
        ratio = many[:, above] / many[:, below]
        lower, upper = np.quantile(ratio, [0.05, 0.95])
        table.append(
            {
                "what": name,
                "value": float(one[above] / one[below]),
                "lower": float(lower),
                "upper": float(upper),
                "weeks": int(one[weeks]),
                "years": len(yearly),
            }
        )
    return table


def public_days(whole: Ledger) -> set[date]:
    """The days on which a row of the ledger, or the outcome of an occasion, became public."""
    return {row.public_date for row in (*whole.signals, *whole.visit_windows)} | {
        day for o in whole.occasions for day in (o.known_from, o.outcome_date) if day
    }
