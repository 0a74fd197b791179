"""What was expected of the track record before its numbers were known, and what was found.

The expectations follow from the feasibility study, the specification of the replay, and what each part of the model is
there for. Code marks each as confirmed or falsified; none is changed to fit its number.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .backtest import FULL
from .prose import Table, listed, percent, points
from .record_prose import LARGE, LOG, PRIMARY, REGRESSION, Record, placebo_beaten, score, signed

@dataclass(frozen=True)
class Expectation:
    """Something written down before the numbers, and the test that tells what was found and whether it held."""

    text: str
    test: Callable[[Record], tuple[str, bool]]


def _at_most(name: str, bound: float) -> Callable[[Record], tuple[str, bool]]:
    def test(found: Record) -> tuple[str, bool]:
        value = score(found, name)["value"]
        return f"{value:.3f}", value <= bound

    return test


def _against(other: str, name: str = PRIMARY) -> Callable[[Record], tuple[str, bool]]:
    def test(found: Record) -> tuple[str, bool]:
        row, short = score(found, name), other.split()[-1]
        low, high = row[f"minus_{short}_lower"], row[f"minus_{short}_upper"]
        return f"{signed(row[f'minus_{short}'])} ({signed(low)} to {signed(high)})", high < 0

    return test


def _horizons(found: Record) -> tuple[str, bool]:
    bounds = {4: 0.014, 8: 0.045, 13: 0.073, 26: 0.094}
    values = {week: score(found, f"Brier, {week} weeks")["value"] for week in bounds}
    return ", ".join(f"{value:.3f}" for value in values.values()), all(values[week] <= bounds[week] for week in bounds)


def _regression(found: Record) -> tuple[str, bool]:
    pairs = [(score(found, name)["value"], score(found, name, REGRESSION)["value"]) for name in (PRIMARY, LOG)]
    return "; ".join(f"{own:.3f} against {other:.3f}" for own, other in pairs), all(own < other for own, other in pairs)


def _words_over_tone(found: Record) -> tuple[str, bool]:
    gain = {row["feature"]: row["gain"] for row in found["acceptance"]}
    return f"{signed(gain['words'])} against {signed(gain['tone'])} in log score", gain["words"] > gain["tone"] > 0


def _tone_percent(found: Record) -> tuple[str, bool]:
    with_tone, without = (score(found, LOG, name)["value"] for name in (FULL.name, "no tone"))
    gain = 1 - with_tone / without
    return f"{100 * gain:.1f}%", 0.01 <= gain <= 0.06


def _accepted(feature: str) -> Callable[[Record], tuple[str, bool]]:
    def test(found: Record) -> tuple[str, bool]:
        row = {row["feature"]: row for row in found["acceptance"]}[feature]
        told = f"a gain in {percent(row['share_positive'])} of years, {signed(row['gain'])} on average"
        return told, row["accepted"] == "yes"

    return test


def _worst_years(found: Record) -> tuple[str, bool]:
    years = [row["year"] for row in found["misses"][:5]]
    return listed([str(year) for year in years]), set(years) == {2003, 2013, 2019, 2020, 2021}


def _in_the_large(found: Record) -> tuple[str, bool]:
    row = score(found, LARGE)
    return (f"{points(row['value'])} points ({points(row['lower'])} to {points(row['upper'])})",
            row["lower"] <= 0 <= row["upper"])


def _inside_bands(found: Record) -> tuple[str, bool]:
    rows = found["reliability"]
    share = float(np.mean([row["lower"] <= row["observed"] <= row["upper"] for row in rows]))
    return f"{percent(share)} of the scale", share >= 0.9


def _placebo(found: Record) -> tuple[str, bool]:
    beaten, total = placebo_beaten(found)
    return f"better than {beaten} of {total}", beaten >= 0.95 * total


def _replay(found: Record) -> tuple[str, bool]:
    held = sum(row["holds"] == "yes" for row in found["replay_checks"])
    return f"{held} of {len(found['replay_checks'])}", held == len(found["replay_checks"])


EXPECTATIONS = (
    Expectation("The integrated Brier score reaches the level of the feasibility study, 0.067, though without its "
                "hindsight in UN weeks", _at_most(PRIMARY, 0.067)),
    Expectation("The log score reaches its level too, 0.254", _at_most(LOG, 0.254)),
    Expectation("So does the Brier score at 4, 8, 13 and 26 weeks: 0.014, 0.045, 0.073, 0.094", _horizons),
    Expectation("The model beats the share of earlier years (seasonal climatology) beyond chance",
                _against("climatology")),
    Expectation("It beats the calendar alone (seasons only) beyond chance", _against("only")),
    Expectation("It beats a plain logistic regression on the same features, on both scores", _regression),
    Expectation("Words about occasions carry more than tone", _words_over_tone),
    Expectation("Tone lowers the log score by a few percent, one to six", _tone_percent),
    Expectation("Tone gains in at least 60% of years, in both halves and without 2020–21", _accepted("tone")),
    Expectation("So do words", _accepted("words")),
    Expectation("So does the frailty that ties the seasons of a year", _accepted("frailty")),
    Expectation("The five worst years are 2003, 2013, 2019, 2020 and 2021", _worst_years),
    Expectation("Over all forecasts the mean probability matches the share of meetings within chance", _in_the_large),
    Expectation("The calibration curve stays inside its band over at least 90% of the scale", _inside_bands),
    Expectation("The true tone scores better than 95 of 100 placebo ledgers", _placebo),
    Expectation("The replay of 2025 passes all its checks", _replay))


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
    return Table(("Verdict", "Expected", "Found"), [(verdict, text, told) for text, told, verdict in verdicts(found)],
                 "Taken from the feasibility study and the specification, both older than the numbers; code tells the "
                 "verdict")


def summary(found: Record) -> str:
    """How many expectations were confirmed, and which were not."""
    rows = verdicts(found)
    held = sum(verdict == "confirmed" for *_, verdict in rows)
    unknown = sum(verdict == "not yet known" for *_, verdict in rows)
    return (f"Of {len(rows)} expectations {held} were confirmed and {len(rows) - held - unknown} falsified"
            f"{f'; {unknown} could not be told yet' if unknown else ''}.")
