"""The log has every published forecast once, and weights scores by the days each was valid."""

from dataclasses import replace
from datetime import date

import example_run
import pytest
from made_up import AS_OF, DAY, ledger, occasion

from model.files.problems import InputError
from model.track_record import log

MADE = example_run.forecast()
DEADLINE = date(2025, 12, 31)


def entries(path, *changes):
    for change in changes:
        log.publish(replace(MADE, **change), path)
    return log.read_log(path)


def test_a_forecast_is_entered_once_and_read_back_as_it_was(tmp_path):
    path = tmp_path / "log.csv"
    assert log.publish(MADE, path) and not log.publish(MADE, path)
    assert log.read_log(path) == [log.entry(MADE)]


@pytest.mark.parametrize(
    "change",
    [
        {"probability": MADE.probability + 0.0041},
        {"as_of": "2025-07-12"},
        {"scenario": "sceptic"},
        {"inputs": {"seeds/signals.csv": "1" * 64}},
    ],
)
def test_another_forecast_stands_on_a_line_of_its_own(tmp_path, change):
    assert len(entries(tmp_path / "log.csv", {}, change)) == 2


def test_the_same_inputs_within_four_monte_carlo_errors_are_the_same_forecast(tmp_path):
    assert len(entries(tmp_path / "log.csv", {}, {"probability": MADE.probability - 0.0039})) == 1


def test_a_forecast_counts_for_the_days_it_stood_until_the_meeting(tmp_path):
    met = AS_OF + 40 * DAY
    rows = entries(
        tmp_path / "log.csv",
        {"probability": 0.5},
        {"as_of": str(AS_OF + 10 * DAY), "probability": 0.9},
        {"as_of": str(met + DAY), "probability": 0.1},
    )
    (line,) = log.scores(rows, ledger((), [occasion(start=met, met=True)]))
    assert (line["resolution"], line["forecasts"]) == ("yes", 3)
    assert line["brier"] == pytest.approx((10 * 0.5**2 + 30 * 0.1**2) / 40)


@pytest.mark.parametrize(
    "by_hand, last_known, resolution",
    [
        ("", DEADLINE + 30 * DAY, "no"),
        ("", DEADLINE - 30 * DAY, "open"),
        ("annulled", DEADLINE + 30 * DAY, "annulled"),
    ],
)
def test_what_became_of_a_forecast_follows_from_the_ledger_unless_set_by_hand(
    by_hand, last_known, resolution
):
    row = log.entry(MADE)._replace(resolution=by_hand)
    (line,) = log.scores([row], ledger((), [occasion(start=last_known, met=False)]))
    assert line["resolution"] == resolution and (line["brier"] == "") == (resolution != "no")


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("0.852", "likely", r"log.csv:2:\d+: probability"),
        ("2025-07-11", "11 July", r"log.csv:2:\d+: as_of: expected a day"),
        (",\n", ",maybe\n", r"log.csv:2:\d+: resolution: expected"),
    ],
)
def test_a_damaged_line_is_told_with_its_cell(tmp_path, old, new, told):
    path = tmp_path / "log.csv"
    log.publish(MADE, path)
    head, line = path.read_text().split("\n", 1)
    path.write_text(head + "\n" + line.replace(old, new, 1))
    with pytest.raises(InputError, match=told):
        log.read_log(path)
