"""A new question needs only files: another deadline, later rows, another pair of leaders."""

import json
import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import yaml
from made_up import PARAMS, ahead_of, every_fit, ledger, occasion, prior_draws, signal, visit, window

from model import chances
from model.cli import main
from model.evidence.ledger import csv_of
from model.evidence.outlook import outlook
from model.evidence.resolution import resolution
from model.evidence.seasons import DAY
from model.evidence.zones import shift
from model.paths import ROOT
from model.settings.params import load_params

SEEDS_QUESTION = yaml.safe_load((ROOT / "params" / "question.yaml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def draws(small_run, monkeypatch):
    """Draws of the default run in place of every fit: what is asked decides the answer here, not the fit."""
    every_fit(monkeypatch, lambda params, past: replace(small_run.fit, through=past.through))


def written(folder, tables):
    """The files of a ledger as command-line options."""
    options = []
    for name, text in tables.items():
        path = folder / f"{name}.csv"
        path.write_text(text, "utf-8")
        options += [f"--{name.replace('_', '-')}", str(path)]
    return options


def asked(capsys, *options):
    """The forecast file that the command line prints."""
    assert main(["forecast", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_deadline_in_the_next_year_and_a_later_window_are_a_matter_of_options(tmp_path, capsys):
    windows = tmp_path / "windows.csv"
    windows.write_text(
        "occasion_id,public_date,earliest,latest,basis\n"
        "2026-visit-trump-beijing,2025-11-10,2026-08-01,2026-08-20,put later (made up)\n",
        "utf-8",
    )
    options = ("--as-of", "2025-11-15", "--deadline", "2026-05-31")
    agreed, later = asked(capsys, *options), asked(capsys, *options, "--visit-windows", str(windows))
    assert agreed["deadline"] == agreed["curve"][-1]["date"] == "2026-05-31"
    assert any(row["id"] == "2026-visit-trump-beijing" for row in agreed["occasions"])
    assert later["probability"] < agreed["probability"] - 0.3


def test_an_outcome_given_in_a_later_file_replaces_the_row_and_is_named(tmp_path, capsys):
    header, *rows = (ROOT / "seeds" / "occasions.csv").read_text("utf-8").splitlines()
    row = next(row for row in rows if row.startswith("2025-g20-johannesburg,"))
    assert ",none,yes,no," in row
    changed = tmp_path / "occasions.csv"
    changed.write_text(f"{header}\n{row.replace(',none,yes,no,', ',none,no,no,')}\n", "utf-8")
    assert main(["check", "--occasions", str(changed)]) == 0
    assert "revised by a later file: 2025-g20-johannesburg" in capsys.readouterr().out


@pytest.fixture
def other_pair(tmp_path):
    """Made-up leaders of made-up countries (XA and XB) who meet at two of three yearly summits."""
    question = SEEDS_QUESTION | {
        "question_id": "made-up-pair",
        "text": "The made-up leaders One and Two meet in person",
        "as_of": "2020-06-01",
        "deadline": "2020-12-31",
        "sides": [
            {"code": "XA", "country": "Aland (made up)", "office": "president", "leader": "One"},
            {"code": "XB", "country": "Beland (made up)", "office": "president", "leader": "Two"},
        ],
    }
    path = tmp_path / "question.yaml"
    path.write_text(yaml.safe_dump(question, sort_keys=False), "utf-8")
    sourced = dict(confidence="high", source="made up")
    years = range(2008, 2020)
    past = [occasion(f"{year}-apec", date(year, 11, 10), met=year % 3 > 0, **sourced) for year in years]
    ahead = [
        occasion("2020-apec", date(2020, 11, 10), **sourced),
        visit("2020-visit", date(2020, 9, 1), host="XA", known_from=date(2020, 5, 1), **sourced),
    ]
    rows = [
        signal("2020-05-20-talks", date(2020, 5, 20)),
        signal("2019-11-01-set", date(2019, 11, 1), "summit_announced", 3, occasion="2019-apec"),
    ]
    windows = [window("2020-visit", date(2020, 5, 1), date(2020, 9, 1), date(2020, 9, 10))]
    tables = csv_of(ledger(rows, [*past, *ahead], windows))
    return ["--question", str(path), "--only", *written(tmp_path, tables)]


def test_another_pair_of_leaders_is_a_matter_of_files(other_pair, capsys):
    made = asked(capsys, *other_pair)
    assert made["question_id"] == "made-up-pair" and 0.5 < made["probability"] < 1
    assert {row["id"] for row in made["occasions"]} >= {"2020-apec", "2020-visit"}
    assert made["matched_record"]["years"] == 12 and "Trump" not in str(made["occasions"])
    refused = asked(capsys, *other_pair, "--set", "2020-apec=refused")
    assert refused["probability"] < made["probability"]
    assert main(["forecast", *other_pair, "--set", "2025-apec-gyeongju=refused"]) == 2
    assert "unknown occasion" in capsys.readouterr().err


def question_file(folder, **changes):
    """The default question with changes, as a file."""
    path = folder / "question.yaml"
    path.write_text(yaml.safe_dump(SEEDS_QUESTION | changes, sort_keys=False), "utf-8")
    return str(path)


def leaving(day):
    """The sides of the default question, with a day on which the first leader leaves office."""
    first, second = SEEDS_QUESTION["sides"]
    return [first | {"leaves_office": day}, second]


# Already decided


@pytest.mark.parametrize("day", ["2025-10-30", "2025-11-01", "2025-12-31", "2026-03-01"])
def test_once_they_have_met_the_answer_is_that_meeting(capsys, day):
    made = asked(capsys, "--as-of", day)
    assert made["probability"] == 1 == made["curve"][-1]["probability"] == made["no_signals_probability"]
    assert sum(row["probability_first"] for row in made["occasions"]) == 1 and not made["contributions"]
    found = {"answer": "yes", "date": "2025-10-30", "place": "APEC Gyeongju"}
    assert found.items() <= made["resolved"].items()
    assert main(["forecast", "--as-of", day]) == 0
    text = capsys.readouterr().out
    assert "resolved: yes, on 2025-10-30, at APEC Gyeongju" in text
    opens = re.search(r"another meeting: --opens (\S+) with a later --deadline", text)[1]
    again = asked(capsys, "--as-of", day, "--opens", opens, "--deadline", "2026-12-31")
    assert again["resolved"] is None and again["probability"] < 1


def test_past_a_deadline_without_a_meeting_the_answer_is_no(capsys):
    made = asked(capsys, "--as-of", "2021-01-10", "--deadline", "2020-12-31")
    assert made["probability"] == 0 == made["curve"][-1]["probability"] and not made["occasions"]
    assert made["resolved"]["answer"] == "no" and made["resolved"]["date"] == "2020-12-31"
    assert main(["forecast", "--as-of", "2021-01-10", "--deadline", "2020-12-31"]) == 0
    assert "resolved: no, not from 2020-01-01 to 2020-12-31\n" in capsys.readouterr().out


def test_a_no_beyond_the_evidence_says_where_the_evidence_ends(capsys):
    assert main(["forecast", "--opens", "2025-11-01", "--as-of", "2026-02-01"]) == 0
    said = (
        "resolved: no, not from 2025-11-01 to 2025-12-31, as far as the evidence goes (it ends on 2025-11-23)"
    )
    assert said in capsys.readouterr().out


def test_a_question_is_about_the_days_since_it_was_asked(capsys):
    """A new deadline asks a new question, which an earlier meeting does not answer."""
    assert asked(capsys, "--as-of", "2025-11-01")["resolved"]
    made = asked(capsys, "--as-of", "2025-11-01", "--deadline", "2026-06-30")
    assert made["resolved"] is None and made["opens"] == "2025-11-02"
    again = asked(capsys, "--as-of", "2025-11-01", "--deadline", "2026-06-30", "--opens", "2025-10-30")
    assert again["resolved"]["date"] == "2025-10-30"


def test_latest_is_the_last_day_on_which_a_signal_or_an_outcome_became_public():
    rows = [occasion("2024-a", date(2024, 9, 1), met=True), occasion("2025-b", date(2025, 9, 1))]
    whole = ledger([signal("2024-06-01-x", date(2024, 6, 1))], rows)
    assert whole.covered_until == date(2024, 9, 1) and ledger().covered_until is None


# The question's fields


@pytest.mark.parametrize("host", ["US", "CN", "KR", "FR"])
def test_where_the_meeting_must_be_limits_what_counts(tmp_path, capsys, host):
    anywhere = asked(capsys)
    there = asked(capsys, "--question", question_file(tmp_path, where={"host": host}))
    hosts = {row["host"] for row in there["occasions"] if row["kind"] != "unknown"}
    assert hosts <= {host} and there["host"] == host
    assert there["probability"] < anywhere["probability"]
    assert sum(row["probability_first"] for row in there["occasions"]) == pytest.approx(
        there["probability"], abs=1e-5
    )


def test_a_meeting_elsewhere_does_not_resolve_a_question_about_a_place(tmp_path, capsys):
    made = asked(capsys, "--question", question_file(tmp_path, where={"host": "US"}), "--as-of", "2025-11-10")
    assert made["resolved"] is None
    made = asked(capsys, "--question", question_file(tmp_path, where={"host": "KR"}), "--as-of", "2025-11-10")
    assert made["resolved"]["answer"] == "yes"


def test_nothing_counts_after_a_leader_leaves_office(tmp_path, capsys):
    now = asked(capsys)
    curve = {row["date"]: row["probability"] for row in now["curve"]}
    chance = []
    for day in ("2025-09-30", "2025-08-31", "2025-08-01"):
        made = asked(capsys, "--question", question_file(tmp_path, sides=leaving(day)))
        assert made["last_day"] == made["curve"][-1]["date"] == day and made["deadline"] == now["deadline"]
        assert made["probability"] == pytest.approx(curve[day], abs=0.002)
        chance.append(made["probability"])
    assert chance == sorted(chance, reverse=True) and chance[0] < now["probability"] - 0.3
    left = asked(
        capsys, "--question", question_file(tmp_path, sides=leaving("2025-08-01")), "--as-of", "2025-08-05"
    )
    assert left["resolved"]["answer"] == "no"


def test_only_days_from_the_opening_on_count(capsys):
    now, chance = asked(capsys), []
    for day in ("2025-07-13", "2025-09-15", "2025-11-10", "2025-12-20"):
        made = asked(capsys, "--opens", day)
        assert all(row["probability"] == 0 for row in made["curve"] if row["date"] < day)
        chance.append(made["probability"])
    assert chance == sorted(chance, reverse=True) and chance[-1] < 0.1 < chance[0] <= now["probability"]


@pytest.mark.parametrize(
    "host, day, zone, before, after",
    [
        ("SG", "2018-06-12", "America/New_York", 4 / 12, 0),
        ("KR", "2025-12-31", "America/New_York", 6 / 12, 0),
        ("KR", "2025-12-31", "local", 0, 0),
        ("SG", "2018-06-12", "Asia/Singapore", 0, 0),
        ("US", "2025-12-31", "Asia/Seoul", 0, 10 / 12),
        ("", "2025-12-31", "Asia/Seoul", 0, 0),
        ("XX", "2025-12-31", "Asia/Seoul", 0, 0),
    ],
)
def test_a_local_day_falls_on_two_days_elsewhere(host, day, zone, before, after):
    """The hours from 8 to 20: in Singapore, 12 hours ahead, 8 to 12 is the evening before in New York."""
    assert shift(host, date.fromisoformat(day), zone) == pytest.approx((before, after))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Seoul", "Pacific/Honolulu", "Pacific/Kiritimati"])
def test_the_time_zone_moves_meetings_by_a_day_and_loses_none(zone):
    question = PARAMS.question.model_copy(update={"time_zone": zone})
    whole = ledger((), [occasion(start=date(2025, 10, 31), host="KR")])
    p, deadline = prior_draws(), date(2025, 11, 30)
    here, local = (
        chances.chances(p, ahead_of(whole, deadline=deadline, params=params)).by_day
        for params in (replace(PARAMS, question=question), PARAMS.plain)
    )
    moved = shift("KR", date(2025, 10, 31), zone)
    np.testing.assert_allclose(here[:, -1], local[:, -1])
    assert (here[:, 1:] <= local[:, 1:] + 1e-12).all() or not moved.after
    assert (here[:, :-1] >= local[:, :-1] - 1e-12).all() or not moved.before


def test_the_last_hour_of_the_deadline_is_that_of_its_time_zone():
    """A meeting in Singapore on the day after the deadline is, in part, still before midnight in New York."""
    day = date(2025, 8, 12)
    whole = ledger(
        [signal("2025-07-10-x", date(2025, 7, 10), "summit_announced", 3, occasion="2025-x", for_date=day)],
        [occasion("2025-x", day, host="SG", type="other_multilateral")],
    )
    p, found = prior_draws(), {}
    for zone in ("America/New_York", "Asia/Singapore"):
        params = replace(PARAMS, question=PARAMS.question.model_copy(update={"time_zone": zone}))
        found[zone] = chances.by_deadline(p, outlook(whole, PARAMS.question.as_of, date(2025, 8, 11), params))
    assert (found["America/New_York"] > found["Asia/Singapore"] + 0.1).all()


def test_a_meeting_after_midnight_there_is_before_the_deadline_here():
    """10 in the morning in Seoul on 1 January is the evening of 31 December in New York."""
    whole = ledger((), [occasion("2026-x", date(2026, 1, 1), host="KR", met=True)])
    for zone, answer in (("America/New_York", "yes"), ("Asia/Seoul", "no")):
        params = load_params(as_of=date(2026, 1, 5))
        params = replace(params, question=params.question.model_copy(update={"time_zone": zone}))
        assert resolution(whole, params, date(2026, 1, 5)).answer == answer


@pytest.mark.parametrize("ahead", [0, 1, 5, 20])
def test_the_day_that_an_announcement_names_is_the_day_of_the_meeting(ahead):
    """On the eve, and weeks before, the chance by that day holds nearly all of the promise."""
    as_of, day = date(2025, 10, 29) - ahead * DAY, date(2025, 10, 30)
    rows = [signal("2025-10-09-x", date(2025, 10, 9), "summit_announced", 3, occasion="2025-x", for_date=day)]
    whole = ledger(rows, [occasion("2025-x", date(2025, 10, 31), host="KR")])
    p = prior_draws()
    by_then, later = (
        chances.by_deadline(p, ahead_of(whole, as_of, end)).mean() for end in (day, day + 7 * DAY)
    )
    assert by_then >= 0.9 * later > 0.5
