"""Sentences and tables of the track-record page: scores, losses, calibration, well-known years, replay, placebo."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..formatting import Table, count, day, listed, percent, points, short_day, upper_first
from ..track_record.backtest import FULL
from ..track_record.losses import PARTS
from ..track_record.study import load
from .audit_words import replay_check, what_happened
from .prose import QUIET

if TYPE_CHECKING:
    from ..answer.forecast import Forecast
    from ..evidence.ledger import Ledger

PRIMARY, LOG, LARGE = "integrated Brier, weeks 1-26", "log score, weeks 1-26", "calibration in the large"
CLIMATOLOGY, REGRESSION, FAIR = "seasonal climatology", "logistic regression", "no additions"
TABLES = (
    "scores",
    "by_year",
    "gains",
    "misses",
    "miss_events",
    "reliability",
    "decomposition",
    "drift",
    "paths",
    "placebo",
    "replay",
    "replay_events",
    "replay_checks",
    "references",
)
Record = Mapping[str, list[dict[str, Any]]]


def record() -> Record:
    """Every table of the record by name; those that were never made are empty."""
    return {name: load(name) for name in TABLES}


def score(found: Record, name: str, model: str = FULL.name) -> dict[str, Any]:
    """The row of a score and model."""
    return {(row["score"], row["model"]): row for row in found["scores"]}[name, model]


def signed(value: float) -> str:
    """A difference of scores with its sign."""
    return f"{value:+.3f}".replace("-", "−")


# Scores


def scores_title(found: Record) -> str:
    """Our score and that of the share of earlier years."""
    return (
        f"The model scores {score(found, PRIMARY)['value']:.3f}; the share of earlier years alone "
        f"{score(found, PRIMARY, CLIMATOLOGY)['value']:.3f}"
    )


def score_summary(found: Record) -> str:
    """The primary score with its interval, the gain over the baselines, and who does better."""
    own = score(found, PRIMARY)
    better = [row for row in found["scores"] if row["score"] == PRIMARY and row["value"] < own["value"]]
    names = upper_first(listed([row["model"] for row in better]))
    told = (
        f" {names} {'does' if len(better) == 1 else 'do'} better by "
        f"{max(own['value'] - row['value'] for row in better):.4f} at most, far less than the interval is wide."
        if better
        else " No other model of the record does better."
    )
    climatology, calendar = (
        -own[name] / (own["value"] - own[name]) for name in ("minus_climatology", "minus_calendar")
    )
    return (
        f"Over {own['forecasts']:,} forecasts the integrated Brier score is {own['value']:.3f}, between "
        f"{own['lower']:.3f} and {own['upper']:.3f} in nine of ten resamples of the years. That is "
        f"{climatology:.0%} less than seasonal climatology and {calendar:.0%} less than the calendar alone.{told}"
    )


def score_rows(found: Record, name: str = PRIMARY) -> Table:
    """One score of every model with its interval and paired differences."""
    rows = [
        (
            row["model"],
            row["value"],
            f"{row['lower']:.3f} – {row['upper']:.3f}",
            *(
                f"{signed(row[f'minus_{other}'])} ({signed(row[f'minus_{other}_lower'])} to "
                f"{signed(row[f'minus_{other}_upper'])})"
                for other in ("climatology", "calendar")
            ),
        )
        for row in found["scores"]
        if row["score"] == name
    ]
    return Table(
        ("Model", "Value", "90%", "Minus climatology", "Minus calendar"),
        rows,
        f"{upper_first(name)}; lower is better. Differences are paired, and below zero the row's model is "
        "better; intervals hold 90% of resamples of whole years",
    )


def own_scores(found: Record) -> Table:
    """Every score of the published model."""
    rows = [
        (
            row["score"],
            row["forecasts"],
            row["value"],
            f"{_plain(row['lower'])} – {_plain(row['upper'])}",
            next(
                (
                    _plain(other["value"])
                    for other in found["scores"]
                    if (other["score"], other["model"]) == (row["score"], CLIMATOLOGY)
                ),
                "–",
            ),
        )
        for row in found["scores"]
        if row["model"] == FULL.name
    ]
    return Table(
        ("Score", "Forecasts", "Value", "90%", "Climatology"),
        rows,
        "Every score of the published model",
        {"Value": _plain},
    )


def _plain(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def gain(found: Record, model: str) -> dict[str, Any]:
    """The row of what the full model gains over another one."""
    return {row["model"]: row for row in found["gains"]}[model]


def gain_rows(found: Record) -> Table:
    """What the full model gains over each other one, in both scores."""

    def told(row: dict[str, Any], name: str) -> str:
        return f"{fine(row[f'{name}_gain'])} ({fine(row[f'{name}_lower'])} to {fine(row[f'{name}_upper'])})"

    rows = [
        (
            row["model"],
            told(row, "brier"),
            told(row, "log_score"),
            row["share_positive"],
            *(row[name] for name in ("first_half", "second_half", "without_2020_21", "steady")),
        )
        for row in found["gains"]
    ]
    halves = ("First half", "Second half", "Without 2020–21")
    return Table(
        ("Instead", "Brier", "Log score", "Years with a gain", *halves, "Steady"),
        rows,
        "What the published model gains over itself without a part, and over its rivals; above zero it is "
        "better. Intervals hold 90% of resamples of whole years; the halves are gains in log score",
        {"Years with a gain": percent} | dict.fromkeys(halves, fine),
    )


def fine(value: float) -> str:
    """A small difference of scores with its sign."""
    return f"{value:+.4f}".replace("-", "−")


def worth(found: Record) -> str:
    """What each part is worth in log score, and which parts the record does not show a steady gain of."""
    rows = [row for row in found["gains"] if row["model"] in PARTS]
    rows.sort(key=lambda row: -row["log_score_gain"])
    if not rows:
        return ""
    parts = [f"{row['model'].removeprefix('no ')} {fine(row['log_score_gain'])}" for row in rows]
    unsteady = [row["model"].removeprefix("no ") for row in rows if row["steady"] == "no"]
    told = (
        f" Of {listed(unsteady)} the record shows no steady gain: what the model keeps of "
        f"{'it' if len(unsteady) == 1 else 'them'} is a belief that a reader would miss."
        if unsteady
        else ""
    )
    return f"What each part takes off the log score of a forecast: {listed(parts)}.{told}"


def additions(found: Record, whole: "Ledger") -> str:
    """The scores with and without the rows of the search that was no fair test."""

    def told(model: str) -> str:
        return (
            f"integrated Brier {score(found, PRIMARY, model)['value']:.4f}, "
            f"log score {score(found, LOG, model)['value']:.4f}"
        )

    row = gain(found, FAIR)
    low, high = fine(row["log_score_lower"]), fine(row["log_score_upper"])
    number = sum(signal.search == "losses" for signal in whole.signals)
    return (
        f"With these {number} signals: {told(FULL.name)}. Without them: {told(FAIR)}. They are worth "
        f"{fine(row['log_score_gain'])} ({low} to {high}) in log score."
    )


def drift_rows(found: Record) -> Table:
    """Whether weekly forecasts drift."""

    def told(row: dict[str, Any], value: float) -> str:
        return f"{value:.2f}" if "movement" in row["what"] else f"{100 * value:+.2f} points".replace("-", "−")

    rows = [
        (
            upper_first(row["what"]),
            told(row, row["value"]),
            f"{told(row, row['lower'])} to {told(row, row['upper'])}",
            row["weeks"],
        )
        for row in found["drift"]
    ]
    return Table(
        ("Of weekly forecasts", "Value", "90%", "Weeks"),
        rows,
        "Every Monday, a meeting by the end of the year, up to the meeting or the end; intervals hold 90% "
        "of resamples of whole years",
    )


def drift_summary(found: Record) -> str:
    """Whether forecasts move more or less than their uncertainty falls, and what weeks without news do."""
    if not found["drift"]:
        return ""
    ratio, every, quiet = found["drift"]
    side = (
        "as much as their uncertainty falls, within chance"
        if ratio["lower"] <= 1 <= ratio["upper"]
        else f"{'more' if ratio['value'] > 1 else 'less'} than their uncertainty falls, beyond chance"
    )

    def change(row: dict[str, Any]) -> str:
        value, lower, upper = (
            f"{100 * row[name]:+.2f}".replace("-", "−") for name in ("value", "lower", "upper")
        )
        return f"{value} points ({lower} to {upper})"

    drifts = "no drift" if every["lower"] <= 0 <= every["upper"] else "a drift"
    return (
        f"Weekly forecasts move {side}: movement over uncertainty reduction is {ratio['value']:.2f} "
        f"({ratio['lower']:.2f} to {ratio['upper']:.2f}; a martingale has 1). The mean weekly change is "
        f"{change(every)}, {drifts}; in the {quiet['weeks']:,} weeks in which nothing became public it is "
        f"{change(quiet)}: a forecast for a fixed day falls a little while no meeting comes."
    )


def decomposition_rows(found: Record) -> Table:
    """The Brier score of each model split into miscalibration, discrimination and uncertainty."""
    names = ("Brier", "Miscalibration", "Discrimination", "Uncertainty")
    rows = [
        (row["model"], row["brier"], row["miscalibration"], row["discrimination"], row["uncertainty"])
        for row in found["decomposition"]
    ]
    return Table(
        ("Model", *names),
        rows,
        "Brier = miscalibration − discrimination + uncertainty; a good model has "
        "little of the first and much of the second",
        dict.fromkeys(names, "{:.4f}".format),
    )


# Losses by year


def by_year_title(found: Record, worst: int = 5) -> str:
    """How much of the loss comes from the worst years."""
    rows = sorted((row["brier"] for row in found["by_year"] if row["model"] == FULL.name), reverse=True)
    return f"{worst} of {len(rows)} years hold {sum(rows[:worst]) / sum(rows):.0%} of the loss"


def by_year_summary(found: Record) -> str:
    """In how many years the model beat the share of earlier years, and in which not."""
    value = {(row["year"], row["model"]): row["brier"] for row in found["by_year"]}
    years = sorted({year for year, _ in value})
    lost = [year for year in years if value[year, FULL.name] >= value[year, CLIMATOLOGY]]
    told = f"all but {listed([str(year) for year in lost])}" if lost else "all of them"
    return (
        f"In {len(years) - len(lost)} of {len(years)} years the model did better than the share of earlier years: "
        f"{told}."
    )


def miss_rows(found: Record) -> Table:
    """The worst years, the worst forecast of each, and what happened instead."""
    rows = [
        (
            str(row["year"]),
            what_happened(row, found["miss_events"]),
            percent(row["probability"]),
            f"{short_day(row['as_of'])} – {short_day(row['deadline'])} {row['deadline'][:4]}",
            row["brier"],
        )
        for row in found["misses"]
    ]
    return Table(
        ("Year", "What happened", "Said", "For", "Brier"),
        rows,
        "The worst years and the forecast in each that was furthest off",
        {"Brier": "{:.3f}".format},
    )


def if_wrong_lead(forecast: "Forecast") -> str:
    """Which way the forecast would be wrong, and where the cases come from."""
    leaning = "high" if forecast.probability >= 0.5 else "low"
    return f"If this forecast is wrong, it is too {leaning}. So were these, in the worst years of the record."


def if_wrong(forecast: "Forecast", number: int = 4) -> list[str]:
    """How earlier forecasts of the same leaning went wrong, from misses that were public by the forecast's date.

    Where the forecast says rather yes these are forecasts that were too high, else too low.
    """
    rather = forecast.probability >= 0.5
    rows = [
        row for row in load("misses") if bool(row["outcome"]) != rather and row["deadline"] <= forecast.as_of
    ]
    return [
        f"{percent(row['probability'])} on {day(row['as_of'])} for a meeting by {day(row['deadline'])}. "
        f"{what_happened(row, load('miss_events'))}"
        for row in rows[:number]
    ] or [
        "The record known on this day holds no bad miss of this leaning; that is a short record, and no promise."
    ]


# Calibration


def reliability_title(found: Record) -> str:
    """Whether forecasts were too high or too low over all."""
    row = score(found, LARGE)
    within = "within" if row["lower"] <= 0 <= row["upper"] else "beyond"
    side = "low" if row["value"] < 0 else "high"
    return f"On average forecasts were {abs(100 * row['value']):.1f} points too {side}, {within} what chance allows"


def reliability_summary(found: Record) -> str:
    """Where on the scale the curve leaves its band, and what that means."""
    rows = found["reliability"]
    high = [row for row in rows if row["observed"] > row["upper"]]
    low = [row for row in rows if row["observed"] < row["lower"]]
    parts = [
        f"{text} where it said "
        f"{' to '.join(dict.fromkeys(percent(row['probability']) for row in (part[0], part[-1])))}"
        for part, text in (
            (low, "they met less often than the band allows"),
            (high, "they met more often than the band allows"),
        )
        if part
    ]
    told = upper_first(listed(parts)) if parts else "The curve stays inside the band everywhere"
    return (
        f"{told}; the middle of the scale rests on few forecasts, most of which say nearly no or nearly yes."
    )


# Well-known years


def path_years(found: Record) -> dict[int, list[dict]]:
    """The rows of each well-known year."""
    years: dict[int, list[dict]] = {}
    for row in found["paths"]:
        years.setdefault(int(row["as_of"][:4]), []).append(row)
    return years


def paths_title(found: Record) -> str:
    """In how many of the years the forecast stood on the right side in the first days of October."""
    years = path_years(found)
    right = sum(
        (rows[n]["probability"] > 0.5) == bool(rows[n]["outcome"])
        for rows in years.values()
        for n in [next(i for i, row in enumerate(rows) if row["as_of"][5:] >= "10-01")]
    )
    return f"In early October the forecast stood on the right side of even in {right} of {len(years)} well-known years"


def paths_alt(found: Record) -> str:
    """The paths in words."""
    told = []
    for year, rows in path_years(found).items():
        days = sorted({row["met_date"] for row in rows if row["met_date"]})
        met = (
            f"they met on {listed([day(when, year=False) for when in days])}" if days else "they did not meet"
        )
        low, high = min(row["probability"] for row in rows), max(row["probability"] for row in rows)
        told.append(
            f"{year}: from {percent(rows[0]['probability'])} in January, between {percent(low)} and "
            f"{percent(high)}; {met}."
        )
    return " ".join(told)


# The replay of 2025


def replay_title(found: Record) -> str:
    """From where to where the replay runs."""
    rows = found["replay"]
    return (
        f"2025 week by week: from {percent(rows[0]['probability'])} in January down to "
        f"{percent(min(row['probability'] for row in rows))} and up to {percent(rows[-1]['probability'])} on the eve"
    )


def largest_moves(found: Record, number: int = 9) -> list[dict[str, Any]]:
    """The weeks in which the replay moved most, each with the event that explains most of it.

    Only what moved the forecast the way it went is named.
    """
    weeks = [
        row | {"move": row["probability"] - last["probability"]} for last, row in pairwise(found["replay"])
    ]
    largest = sorted(sorted(weeks, key=lambda row: -abs(row["move"]))[:number], key=lambda row: row["as_of"])
    none = {"id": "", "text": QUIET, "effect": 0.0}
    return [
        week
        | next(
            (
                event
                for event in found["replay_events"]
                if event["as_of"] == week["as_of"] and event["effect"] * week["move"] > 0
            ),
            none | {"date": week["as_of"]},
        )
        for week in largest
    ]


def replay_alt(found: Record) -> str:
    """The replay in words."""
    return (
        f"{replay_title(found)}. Largest moves: "
        + "; ".join(
            f"{points(row['move'])} points in the week to {day(row['as_of'])}: {row['text'].rstrip('.')}"
            for row in largest_moves(found)
        )
        + ". They met on 30 October 2025."
    )


def event_rows(found: Record) -> Table:
    """The largest weekly moves of the replay and what explains them."""
    rows = [
        (
            short_day(row["as_of"]),
            row["text"],
            row["move"],
            points(row["effect"]) if row["id"] else "–",
            row["probability"],
        )
        for row in largest_moves(found)
    ]
    return Table(
        ("Week to", "What explains most of it", "Move", "Alone", "Forecast"),
        rows,
        "The largest weekly moves; alone: the forecast with this event minus the one without it, in points",
        {"Forecast": percent, "Move": points},
    )


def check_rows(found: Record) -> Table:
    """The checks of the replay."""
    rows = [
        (
            "holds" if row["holds"] == "yes" else "fails",
            replay_check(row),
            f"{points(row['value'])} points" if row["unit"] == "points" else percent(row["value"]),
        )
        for row in found["replay_checks"]
    ]
    return Table(
        ("Verdict", "What must hold", "Found"),
        rows,
        "Checks of the status logic; the model was not tuned to "
        "them. The first was written for 26 May and failed there, since a word of 21 May that he may come counts; "
        "it is now asked of 19 May, when only words of absence were public",
    )


def reference_rows(found: Record) -> Table:
    """Forecasts of others beside ours of the same day and question."""
    rows = [
        (
            short_day(row["date"]),
            row["theirs"],
            row["ours"],
            row["brier_theirs"],
            row["brier_ours"],
            row["forecaster"],
            day(row["deadline"], year=False),
        )
        for row in found["references"]
    ]
    return Table(
        ("Day", "Theirs", "Ours", "Brier theirs", "Brier ours", "Source", "Meeting by"),
        rows,
        "Forecasts that others published in 2025, beside ours of the same day and deadline",
        {"Theirs": percent, "Ours": percent},
    )


def reference_summary(found: Record) -> str:
    """How often ours was closer."""
    rows = found["references"]
    closer = sum(row["brier_ours"] < row["brier_theirs"] for row in rows)
    return (
        f"Ours was closer in {closer} of {count(len(rows), 'case')}. All of them ask about one event, which "
        "happened, so that whoever said more looks better: this says next to nothing about skill."
    )


# What tone is worth


def placebo_split(rows: Sequence[dict]) -> tuple[list[float], list[float], list[float]]:
    """The log scores with the true tone, with none, and with those of other years."""
    return tuple(
        [row["log_score"] for row in rows if row["signals"] == kind] for kind in ("own", "none", "shuffled")
    )


def placebo_beaten(found: Record) -> tuple[int, int]:
    """How many placebo ledgers score worse than the true one on average, and of how many."""
    own, _, shuffles = placebo_split(found["placebo"])
    return sum(value > float(np.mean(own)) for value in shuffles), len(shuffles)


def placebo_title(found: Record) -> str:
    """How many shuffles the true tone beats."""
    beaten, total = placebo_beaten(found)
    return f"The true tone scores better than {beaten} of {total} placebo ledgers"


def placebo_summary(found: Record) -> str:
    """What shuffled tone costs, what the true tone gains."""
    if not found["placebo"]:
        return "The placebo has not been run."
    own, none, shuffles = placebo_split(found["placebo"])
    mine, bare, other = (float(np.mean(values)) for values in (own, none, shuffles))
    noise = float(np.std(own, ddof=1)) if len(own) > 1 else float("nan")
    return (
        f"{placebo_title(found)}. The log score is {mine:.4f} with the true tone, {bare:.4f} without any, and "
        f"{other:.4f} on average with that of other years. So the true tone {_effect(bare - mine)}, a wrong one "
        f"{_effect(bare - other)}. The sampling alone moves one such score by about {noise:.4f}, "
        f"which is why the first two are means of {len(own)} runs."
    )


def _effect(gain: float) -> str:
    return f"{'gains' if gain > 0 else 'costs'} {abs(gain):.4f}"
