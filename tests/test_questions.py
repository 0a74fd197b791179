"""A new question needs only files: another deadline, later rows, another pair of leaders."""

import json
from dataclasses import replace
from datetime import date

import pytest
import yaml
from made_up import ledger, occasion, signal, visit, window

from model.answer import forecast
from model.cli import main
from model.evidence.ledger import csv_of
from model.paths import ROOT

SEEDS_QUESTION = yaml.safe_load((ROOT / "params" / "question.yaml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def draws(default_run, monkeypatch):
    """Draws of the default run in place of every fit: what is asked decides the answer here, not the fit."""
    monkeypatch.setattr(forecast, "fit", lambda params, past: replace(default_run.fit, through=past.through))


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
