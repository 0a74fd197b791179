"""What was expected of the track record before its numbers were known, and what was found.

The bounds come from the study that preceded the model. Code confirms or falsifies each expectation; none is
changed to fit its number.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..formatting import Table, day, decimals, listed, points
from ..track_record.baselines import CLIMATOLOGY, REGRESSION
from ..track_record.published import TrackRecord
from ..track_record.scores import BIAS, BRIER, LOG_SCORE
from ..track_record.structures import CALENDAR, FULL, NO_ADDITIONS
from .record_words import change, change_with_interval, words

Finding = tuple[str, bool]
"""What the record says about an expectation, and whether that confirms it."""


class Expectation(NamedTuple):
    """A statement, the table that decides it, and the test of it with its arguments."""

    text: str
    table: str
    test: Callable[..., Finding]
    arguments: tuple = ()


class Verdict(NamedTuple):
    """A row of the table: confirmed, falsified or not yet known; what was expected, what was found."""

    verdict: str
    expected: str
    found: str


def at_most(record: TrackRecord, bound: float, score: str, model: str = FULL.name) -> Finding:
    """A score is at most the bound."""
    value = record.score(model, score)["value"]
    return decimals(value, 4), value <= bound


def beats(record: TrackRecord, model: str, end: str = "lower") -> Finding:
    """Both scores gain over another model: beyond chance, or with the end `gain` on average."""
    row = record.gain(model)
    text = "{}; {} in log score".format(
        *(change_with_interval(row, f"{s}_gain") for s in ("brier", "log_score"))
    )
    return text, min(row[f"brier_{end}"], row[f"log_score_{end}"]) > 0


def gains_most(record: TrackRecord, first: str, *others: str) -> Finding:
    """Of several parts the first lowers the integrated Brier score most."""
    gains = {part: record.gain(f"no {part}")["brier_gain"] for part in (first, *others)}
    best = max(gains, key=gains.__getitem__)
    return f"{best}, {change(gains[best])}", best == first


def costs_less(record: TrackRecord, model: str, bound: float) -> Finding:
    """Another model's integrated Brier score is higher by less than the bound."""
    cost = record.gain(model)["brier_gain"]
    return change(cost), cost < bound


def unbiased(record: TrackRecord) -> Finding:
    """The mean probability equals the share of meetings, within chance."""
    row = record.score(name=BIAS)
    text = f"{points(row['value'])} points ({points(row['lower'])} to {points(row['upper'])})"
    return text, row["lower"] <= 0 <= row["upper"]


def worst_years(record: TrackRecord, *years: int) -> Finding:
    """These years lose most, in any order."""
    worst = [row["year"] for row in record.misses[: len(years)]]
    return listed([str(year) for year in worst]), set(worst) == set(years)


def doubt_came_late(record: TrackRecord, year: int, earliest: str) -> Finding:
    """The first word that a leader stays away became public on `earliest` or later in a bad year."""
    doubts = [row["first_doubt"] for row in record.misses if row["year"] == year]
    if not any(doubts):
        return f"no forecast of {year} missed for want of such a word", False
    return f"the first such word became public on {day(doubts[0])}", doubts[0] >= earliest


EXPECTATIONS = (
    Expectation("The model beats the calendar alone beyond chance", "gains", beats, (CALENDAR.name,)),
    Expectation("The model beats seasonal climatology beyond chance", "gains", beats, (CLIMATOLOGY,)),
    Expectation("The model beats a logistic regression beyond chance", "gains", beats, (REGRESSION,)),
    Expectation("Attendance words improve both scores", "gains", beats, ("no attendance words", "gain")),
    Expectation("Tone improves both scores", "gains", beats, ("no tone", "gain")),
    Expectation("Planning improves both scores", "gains", beats, ("no planning", "gain")),
    Expectation("Expecting postponed visits improves both scores", "gains", beats, ("no again", "gain")),
    Expectation(
        "Attendance words improve the integrated Brier score most of these",
        "gains",
        gains_most,
        ("attendance words", "tone", "planning", "again"),
    ),
    Expectation(
        "The additions are worth less than 0.003 of the integrated Brier score",
        "gains",
        costs_less,
        (NO_ADDITIONS.name, 0.003),
    ),
    Expectation("The integrated Brier score is at most 0.062", "scores", at_most, (0.062, BRIER)),
    Expectation("The log score is at most 0.220", "scores", at_most, (0.220, LOG_SCORE)),
    Expectation(
        "Without the additions the integrated Brier score is at most 0.065",
        "scores",
        at_most,
        (0.065, BRIER, NO_ADDITIONS.name),
    ),
    Expectation(
        "Without the additions the log score is at most 0.235",
        "scores",
        at_most,
        (0.235, LOG_SCORE, NO_ADDITIONS.name),
    ),
    Expectation("The mean probability equals the share of meetings, within chance", "scores", unbiased),
    Expectation("The two worst years are 2013 and 2021", "misses", worst_years, (2013, 2021)),
    Expectation(
        "2021 loses because no word that Xi stays home was public before September",
        "misses",
        doubt_came_late,
        (2021, "2021-09-01"),
    ),
)


def verdicts(record: TrackRecord) -> list[Verdict]:
    """Each expectation with what was found and whether that confirms or falsifies it."""
    rows = []
    for expected, table, test, arguments in EXPECTATIONS:
        if getattr(record, table):
            found, holds = test(record, *arguments)
            rows.append(Verdict("confirmed" if holds else "falsified", expected, found))
        else:
            rows.append(Verdict("not yet known", expected, "–"))
    return rows


def table(record: TrackRecord) -> Table:
    """The expectations, what was found, and the verdicts."""
    return Table(
        ("Verdict", "Expected", "Found"),
        verdicts(record),
        "Written before the full run, but after the study that led to the model and after runs of its "
        "variants on the same months. The tests were coded after one such run had been seen",
    )


def summary(record: TrackRecord) -> str:
    """How many expectations were confirmed, and how many were not."""
    found = [row.verdict for row in verdicts(record)]
    return words.expectations_summary(*map(found.count, ("confirmed", "falsified", "not yet known")))
