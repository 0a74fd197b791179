"""What was expected of the track record before its numbers were known, and what was found.

The bounds are those of the study that came before the model. Code marks each expectation as confirmed or falsified;
none is changed to fit its number.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from ..formatting import Table, day, decimals, listed, points
from ..track_record.backtest import CALENDAR, FULL
from ..track_record.tables import BIAS, BRIER, CLIMATOLOGY, LOG_SCORE, NO_ADDITIONS, REGRESSION, TrackRecord
from .record_words import change, change_with_interval, words


class Finding(NamedTuple):
    """What the record says of an expectation, and whether that is what was expected."""

    text: str
    holds: bool


class Verdict(NamedTuple):
    """An expectation with what was found: confirmed, falsified or, without its table, not yet known."""

    expected: str
    found: str
    verdict: str


class Expectation(NamedTuple):
    """Something written down before the numbers, the table that decides it, and the test."""

    text: str
    table: str
    test: Callable[[TrackRecord], Finding]


# Tests


def at_most(record: TrackRecord, bound: float, score: str, model: str = FULL.name) -> Finding:
    """A score is at most the bound."""
    value = record.score(model, score)["value"]
    return Finding(decimals(value, 4), value <= bound)


def beats(record: TrackRecord, model: str) -> Finding:
    """Both scores are better than those of another model beyond chance."""
    row = record.gain(model)
    brier, log_score = (change_with_interval(row, f"{score}_gain") for score in ("brier", "log_score"))
    return Finding(f"{brier}; {log_score} in log score", min(row["brier_lower"], row["log_score_lower"]) > 0)


def lowers(record: TrackRecord, part: str) -> Finding:
    """A part of the model makes both scores better."""
    row = record.gain(f"no {part}")
    gains = row["brier_gain"], row["log_score_gain"]
    return Finding("by {}, by {} in log score".format(*map(change, gains)), min(gains) > 0)


def lowers_most(record: TrackRecord, part: str, others: tuple[str, ...]) -> Finding:
    """Of several parts this one takes most off the integrated Brier score."""
    gains = {name: record.gain(f"no {name}")["brier_gain"] for name in (part, *others)}
    first = max(gains, key=gains.__getitem__)
    return Finding(f"{first}, {change(gains[first])}", first == part)


def costs_less(record: TrackRecord, model: str, bound: float) -> Finding:
    """Another model's integrated Brier score is larger by less than the bound."""
    cost = record.gain(model)["brier_gain"]
    return Finding(change(cost), cost < bound)


def unbiased(record: TrackRecord) -> Finding:
    """The mean probability is the share of meetings, within chance."""
    row = record.score(name=BIAS)
    text = f"{points(row['value'])} points ({points(row['lower'])} to {points(row['upper'])})"
    return Finding(text, row["lower"] <= 0 <= row["upper"])


def worst_years(record: TrackRecord, years: set[int]) -> Finding:
    """These years lose most, in any order."""
    worst = [row["year"] for row in record.misses[: len(years)]]
    return Finding(listed([str(year) for year in worst]), set(worst) == years)


def doubt_came_late(record: TrackRecord, year: int, first: str) -> Finding:
    """The first word of staying away in a bad year became public on the day `first` or later."""
    row = next((row for row in record.misses if row["year"] == year), None)
    if row is None:
        return Finding(f"{year} is none of the worst years", False)
    if not row["first_doubt"]:
        return Finding(f"the worst forecast of {year} was too low", False)
    return Finding(
        f"the first such word became public on {day(row['first_doubt'])}", row["first_doubt"] >= first
    )


# The expectations, in the order of the page

WORDS, OTHERS = "attendance words", ("tone", "planning", "again")
EXPECTATIONS = (
    Expectation(
        "The model beats the calendar alone beyond chance, on both scores",
        "gains",
        partial(beats, model=CALENDAR.name),
    ),
    Expectation(
        "It beats the share of earlier years (seasonal climatology) so, too",
        "gains",
        partial(beats, model=CLIMATOLOGY),
    ),
    Expectation("It beats a plain logistic regression so, too", "gains", partial(beats, model=REGRESSION)),
    Expectation("Attendance words lower both scores", "gains", partial(lowers, part=WORDS)),
    Expectation("So does tone", "gains", partial(lowers, part="tone")),
    Expectation("So does planning", "gains", partial(lowers, part="planning")),
    Expectation("So does expecting visits again that were put off", "gains", partial(lowers, part="again")),
    Expectation(
        "Attendance words lower the integrated Brier score most of these",
        "gains",
        partial(lowers_most, part=WORDS, others=OTHERS),
    ),
    Expectation(
        "Leaving out the additions costs less than 0.003 of the integrated Brier score",
        "gains",
        partial(costs_less, model=NO_ADDITIONS, bound=0.003),
    ),
    Expectation(
        "The integrated Brier score is at most 0.062", "scores", partial(at_most, bound=0.062, score=BRIER)
    ),
    Expectation("The log score is at most 0.220", "scores", partial(at_most, bound=0.220, score=LOG_SCORE)),
    Expectation(
        "Without the additions the integrated Brier score is at most 0.065",
        "scores",
        partial(at_most, bound=0.065, score=BRIER, model=NO_ADDITIONS),
    ),
    Expectation(
        "Without them the log score is at most 0.235",
        "scores",
        partial(at_most, bound=0.235, score=LOG_SCORE, model=NO_ADDITIONS),
    ),
    Expectation(
        "Over all forecasts the mean probability matches the share of meetings within chance",
        "scores",
        unbiased,
    ),
    Expectation("The two worst years are 2013 and 2021", "misses", partial(worst_years, years={2013, 2021})),
    Expectation(
        "2021 loses because nothing was public until September of Xi's staying at home",
        "misses",
        partial(doubt_came_late, year=2021, first="2021-09-01"),
    ),
)


def verdicts(record: TrackRecord) -> list[Verdict]:
    """Each expectation with what was found and whether that confirms or falsifies it."""
    rows = []
    for expectation in EXPECTATIONS:
        if not getattr(record, expectation.table):
            rows.append(Verdict(expectation.text, "–", "not yet known"))
            continue
        finding = expectation.test(record)
        rows.append(Verdict(expectation.text, finding.text, "confirmed" if finding.holds else "falsified"))
    return rows


def table(record: TrackRecord) -> Table:
    """The expectations, what was found, and the verdicts."""
    return Table(
        ("Verdict", "Expected", "Found"),
        [(row.verdict, row.expected, row.found) for row in verdicts(record)],
        "Written before the full run, but after the study that led to the model and runs of its variants "
        "on the same months. The tests that tell the verdicts were coded after one such run had been seen",
    )


def summary(record: TrackRecord) -> str:
    """How many expectations were confirmed, and how many were not."""
    found = [row.verdict for row in verdicts(record)]
    return words.expectations_summary(*map(found.count, ("confirmed", "falsified", "not yet known")))
