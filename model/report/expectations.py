"""What was expected of the track record before its numbers were known, and what was found.

The bounds are those of the study that came before the model. Code marks each expectation as confirmed or falsified;
none is changed to fit its number.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ..formatting import Table, day, listed, points
from ..track_record.structures import CALENDAR, FULL
from .record_prose import CLIMATOLOGY, FAIR, LARGE, LOG, PRIMARY, REGRESSION, Record, fine, gain, score

LATE = "2021-09-01"


@dataclass(frozen=True)
class Expectation:
    """Something written down before the numbers, and the test that tells what was found and whether it held."""

    text: str
    test: Callable[[Record], tuple[str, bool]]


def _at_most(name: str, bound: float, model: str = FULL.name) -> Callable[[Record], tuple[str, bool]]:
    def test(found: Record) -> tuple[str, bool]:
        value = score(found, name, model)["value"]
        return f"{value:.4f}", value <= bound

    return test


def _beats(other: str) -> Callable[[Record], tuple[str, bool]]:
    def test(found: Record) -> tuple[str, bool]:
        row = gain(found, other)
        told = [
            f"{fine(row[f'{name}_gain'])} ({fine(row[f'{name}_lower'])} to {fine(row[f'{name}_upper'])})"
            for name in ("brier", "log_score")
        ]
        return f"{told[0]}; {told[1]} in log score", min(row["brier_lower"], row["log_score_lower"]) > 0

    return test


def _lowers(part: str) -> Callable[[Record], tuple[str, bool]]:
    def test(found: Record) -> tuple[str, bool]:
        row = gain(found, f"no {part}")
        return (
            f"by {fine(row['brier_gain'])}, by {fine(row['log_score_gain'])} in log score",
            min(row["brier_gain"], row["log_score_gain"]) > 0,
        )

    return test


def _words_most(found: Record) -> tuple[str, bool]:
    taken = {
        part: gain(found, f"no {part}")["brier_gain"]
        for part in ("attendance words", "tone", "planning", "again")
    }
    first = max(taken, key=taken.get)
    return f"{first}, {fine(taken[first])}", first == "attendance words"


def _additions(found: Record) -> tuple[str, bool]:
    cost = gain(found, FAIR)["brier_gain"]
    return fine(cost), cost < 0.003


def _in_the_large(found: Record) -> tuple[str, bool]:
    row = score(found, LARGE)
    return (
        f"{points(row['value'])} points ({points(row['lower'])} to {points(row['upper'])})",
        row["lower"] <= 0 <= row["upper"],
    )


def _worst_years(found: Record) -> tuple[str, bool]:
    years = [row["year"] for row in found["misses"][:2]]
    return listed([str(year) for year in years]), set(years) == {2013, 2021}


def _late_word(found: Record) -> tuple[str, bool]:
    row = {row["year"]: row for row in found["misses"]}[2021]
    if not row["first_doubt"]:
        return "the worst forecast of 2021 was too low", False
    return f"the first such word became public on {day(row['first_doubt'])}", row["first_doubt"] >= LATE


EXPECTATIONS = (
    Expectation("The model beats the calendar alone beyond chance, on both scores", _beats(CALENDAR.name)),
    Expectation("It beats the share of earlier years (seasonal climatology) so, too", _beats(CLIMATOLOGY)),
    Expectation("It beats a plain logistic regression so, too", _beats(REGRESSION)),
    Expectation("Attendance words lower both scores", _lowers("attendance words")),
    Expectation("So does tone", _lowers("tone")),
    Expectation("So does planning", _lowers("planning")),
    Expectation("So does expecting visits again that were put off", _lowers("again")),
    Expectation("Attendance words lower the integrated Brier score most of these", _words_most),
    Expectation("Leaving out the additions costs less than 0.003 of the integrated Brier score", _additions),
    Expectation("The integrated Brier score is at most 0.062", _at_most(PRIMARY, 0.062)),
    Expectation("The log score is at most 0.220", _at_most(LOG, 0.220)),
    Expectation(
        "Without the additions the integrated Brier score is at most 0.065", _at_most(PRIMARY, 0.065, FAIR)
    ),
    Expectation("Without them the log score is at most 0.235", _at_most(LOG, 0.235, FAIR)),
    Expectation(
        "Over all forecasts the mean probability matches the share of meetings within chance", _in_the_large
    ),
    Expectation("The two worst years are 2013 and 2021", _worst_years),
    Expectation("2021 loses because nothing was public until September of Xi's staying at home", _late_word),
)


def verdicts(found: Record) -> list[tuple[str, str, str]]:
    """Each expectation with what was found and whether that confirms or falsifies it."""
    rows, made = [], {name: lines for name, lines in found.items() if lines}
    for expectation in EXPECTATIONS:
        try:
            told, held = expectation.test(made)
            rows.append((expectation.text, told, "confirmed" if held else "falsified"))
        except KeyError:
            rows.append((expectation.text, "–", "not yet known"))
    return rows


def table(found: Record) -> Table:
    """The expectations, what was found, and the verdicts."""
    return Table(
        ("Verdict", "Expected", "Found"),
        [(verdict, text, told) for text, told, verdict in verdicts(found)],
        "Written before the full run, but after the study that led to the model and runs of its variants "
        "on the same months. The tests that tell the verdicts were coded after one such run had been seen",
    )


def summary(found: Record) -> str:
    """How many expectations were confirmed, and which were not."""
    rows = verdicts(found)
    held = sum(verdict == "confirmed" for *_, verdict in rows)
    unknown = sum(verdict == "not yet known" for *_, verdict in rows)
    return (
        f"Of {len(rows)} expectations {held} were confirmed and {len(rows) - held - unknown} falsified"
        f"{f'; {unknown} could not be told yet' if unknown else ''}."
    )
