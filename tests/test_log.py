"""The log has every published forecast once, and weights scores by the days each was valid."""

import re
from dataclasses import replace
from datetime import date

import example_run
import pytest
from made_up import AS_OF, DAY, ledger, occasion

from model.report import build
from model.track_record import log

MADE = example_run.forecast()
DEADLINE = date(2025, 12, 31)
SIDES = MADE.sides


def entries(path, *changes):
    for change in changes:
        log.publish(replace(MADE, **change), path)
    return log.read_log(path).entries


def test_a_forecast_is_entered_once_and_read_back_as_it_was(tmp_path):
    path = tmp_path / "log.csv"
    assert log.publish(MADE, path) and not log.publish(MADE, path)
    assert log.read_log(path) == ([log.entry(MADE)], [])


@pytest.mark.parametrize(
    "change",
    [
        {"probability": MADE.probability + 0.0041},
        {"as_of": "2025-07-12"},
        {"scenario": "sceptic"},
        {"sides": ["US", "KP"]},
        {"host": "US"},
        {"opens": "2025-07-20"},
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
    (line,) = log.scores(rows, ledger((), [occasion(start=met, met=True)]), SIDES)
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
    row = replace(log.entry(MADE), resolution=by_hand)
    (line,) = log.scores([row], ledger((), [occasion(start=last_known, met=False)]), SIDES)
    assert line["resolution"] == resolution and (line["brier"] == "") == (resolution != "no")


@pytest.mark.parametrize(
    "change, resolution",
    [
        ({}, "yes"),
        ({"host": "KR"}, "yes"),
        ({"host": "US"}, "no"),
        ({"opens": str(AS_OF + 41 * DAY)}, "no"),
        ({"opens": str(AS_OF + 40 * DAY)}, "yes"),
        ({"last_day": str(AS_OF + 39 * DAY)}, "no"),
    ],
)
def test_only_a_meeting_that_the_question_counts_resolves_it(change, resolution):
    met = occasion(start=AS_OF + 40 * DAY, met=True)
    whole = ledger((), [met, occasion("2026-later", DEADLINE + 30 * DAY, met=False)])
    (line,) = log.scores([log.entry(replace(MADE, **change))], whole, SIDES)
    assert line["resolution"] == resolution


def test_a_ledger_scores_the_forecasts_of_its_own_pair_only():
    rows = [log.entry(replace(MADE, sides=sides)) for sides in (["US", "CN"], ["US", "KP"], ["CN", "US"])]
    whole = ledger((), [occasion(start=AS_OF + 40 * DAY, met=True)])
    assert [line["forecasts"] for line in log.scores(rows, whole, ["US", "KP"])] == [1]
    assert log.scores(rows, whole, ["KR", "KP"]) == []


BROKEN = [
    ("0.852", "likely", r"log.csv:3:\d+: probability: expected a number from 0 to 1; found 'likely'"),
    ("0.852", "nan", r"log.csv:3:\d+: probability: expected a number from 0 to 1; found 'nan'"),
    ("2025-07-11", "11 July", r"log.csv:3:\d+: as_of: expected a day"),
    ("2025-01-20", "0001-01-01", r"log.csv:3:\d+: fit_through: expected a year from 1900"),
    ("US-CN", "Trump", r"log.csv:3:\d+: sides: expected the codes of two sides"),
    (",\n", ",maybe\n", r"log.csv:3:\d+: resolution: expected"),
    (",\n", "\n", r"log.csv:3:\d+: expected 13 cells; found 12"),
    ("trump-xi", '"trump-xi', r"log.csv:3:\d+: quotes are not balanced"),
]


@pytest.mark.parametrize("old, new, said", BROKEN)
def test_a_broken_line_is_named_kept_and_stops_nothing_else(tmp_path, old, new, said):
    path, later = tmp_path / "log.csv", {"as_of": "2025-07-13"}
    assert len(entries(path, {}, {"as_of": "2025-07-12"})) == 2
    head, first, second = path.read_text().splitlines(keepends=True)
    broken = second.replace("2025-07-12", "2025-07-11", 1).replace(old, new, 1)
    path.write_text(head + first + broken)
    (problem,) = log.read_log(path).problems
    assert re.search(said, str(problem))
    assert log.publish(replace(MADE, **later), path) and not log.publish(replace(MADE, **later), path)
    assert path.read_text().startswith(head + first + broken)
    assert [str(row.as_of) for row in log.read_log(path).entries] == ["2025-07-11", "2025-07-13"]


@pytest.mark.parametrize("change", [{"fit_through": "0001-01-01"}, {"question_id": "a\nb"}])
def test_nothing_is_written_that_cannot_be_read_back(tmp_path, change):
    path = tmp_path / "log.csv"
    log.publish(MADE, path)
    before = path.read_bytes()
    with pytest.raises(log.Unreadable, match="not in the log"):
        log.publish(replace(MADE, probability=0.5, **change), path)
    assert path.read_bytes() == before


def test_a_log_without_our_header_is_left_alone_and_named(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("question_id,as_of\nx,2025-07-11\n")
    with pytest.raises(log.Unreadable, match="missing column sides"):
        log.publish(MADE, path)
    assert path.read_text() == "question_id,as_of\nx,2025-07-11\n" and log.read_log(path).problems


def test_a_last_line_without_an_end_stays_a_line_of_its_own(tmp_path):
    path = tmp_path / "log.csv"
    log.publish(MADE, path)
    path.write_text(path.read_text().rstrip())
    log.publish(replace(MADE, as_of="2025-07-12"), path)
    assert len(log.read_log(path).entries) == 2 and not log.read_log(path).problems


def test_what_is_wrong_with_the_log_is_said_and_does_not_stop_a_report(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "LOG", tmp_path / "log.csv")
    build.LOG.write_text("question_id,as_of\nx,2025-07-11\n")
    build.keep_in_log(MADE)
    said = capsys.readouterr().err.splitlines()
    assert len(said) >= 2 and all(line.startswith("warning: ") for line in said)
    build.LOG.unlink()
    build.keep_in_log(replace(MADE, resolved={"answer": "yes"}))
    assert not build.LOG.exists() and capsys.readouterr().err == ""
