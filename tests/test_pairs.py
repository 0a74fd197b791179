"""Another pair of leaders, from the files of the template to the rendered report."""

import shutil

import pytest
from ledgers import PAIR, fitted

from model.answer import forecast
from model.answer.forecast import Sources, read
from model.cli import main
from model.evidence.outlook import ANNOUNCED, PUT_OFF
from model.paths import SEEDS
from model.report import build
from model.settings.params import load_params

TABLES = ("signals", "occasions", "visit_windows")


def sources_in(folder):
    """The ledger files of a folder and nothing else."""
    return Sources(*((folder / f"{table}.csv",) for table in TABLES), only=True)


@pytest.fixture
def folder(tmp_path):
    """A copy of the template."""
    return shutil.copytree(SEEDS / "template", tmp_path / "pair")


@pytest.fixture
def options(folder):
    """The command-line options that name the files of the copy."""
    tables = [(f"--{table.replace('_', '-')}", str(folder / f"{table}.csv")) for table in TABLES]
    return [
        "--question",
        str(folder / "question.yaml"),
        "--only",
        *(part for each in tables for part in each),
    ]


@pytest.fixture(scope="module")
def rendered_pair(tmp_path_factory):
    """The report of the template, rendered from a temporary folder."""
    folder = shutil.copytree(SEEDS / "template", tmp_path_factory.mktemp("pair") / "pair")
    params = load_params(question=folder / "question.yaml")
    return build.render(params, sources_in(folder), out_dir=folder.parent / "report")


def test_the_template_passes_the_check_without_a_warning(options, capsys):
    assert main(["check", *options]) == 0
    out = capsys.readouterr().out
    assert "no problem found" in out and "warning" not in out


def test_the_template_shows_each_kind_of_row():
    whole = read(PAIR, sources_in(SEEDS / "template"))
    over = [o for o in whole.occasions if o.met is not None]
    gatherings = {(o.attended, o.held_in_person, o.met) for o in over if not o.is_visit}
    assert gatherings >= {("both", True, True), ("both", True, False), ("XA", True, False)}
    assert ("none", False, False) in gatherings
    assert {o.host in PAIR.sides for o in over if o.is_visit and o.met} == {True, False}
    assert any(s.for_date for s in whole.signals) and any(not s.occasion for s in whole.signals)
    assert {s.actor for s in whole.signals if s.kind == "attendance"} == {*PAIR.sides, "both"}


def test_the_template_has_a_forecast_and_a_row_added_to_it_moves_the_forecast(
    folder, options, monkeypatch, capsys
):
    monkeypatch.setattr(forecast, "fit", fitted)
    params = load_params(question=folder / "question.yaml")
    before = forecast.run(params, sources_in(folder))
    statuses = before.outlook.statuses
    assert statuses["2025-talks-country-c"] == ANNOUNCED and statuses["2025-visit-a-country-b"] == PUT_OFF
    talks = next(row for row in before.forecast.occasions if row["id"] == "2025-talks-country-c")
    assert talks["start_date"] == talks["end_date"] == "2025-10-06", "the announced day of a month's window"
    row = "--kind attendance --actor XA --strength -3 --occasion 2025-summit --grade A1"
    text = ["--public-date", "2025-05-30", "--description", "Leader A stays away", "--source", "made up"]
    assert main(["add", *options, *row.split(), *text, "--to", str(folder / "signals.csv")]) == 0
    assert "2025-05-30  Leader A stays away" in capsys.readouterr().out
    after = forecast.run(params, sources_in(folder))
    assert after.forecast.probability < before.forecast.probability
    assert after.outlook.statuses["2025-summit"] == "XA stays away"


def test_the_report_of_the_template_renders(rendered_pair):
    made = forecast.load(rendered_pair / "forecast.json")
    assert made.sides == ["XA", "XB"] and 0 < made.probability < 1
    overview = (rendered_pair / "index.html").read_text("utf-8")
    assert made.question in overview and "Talks, Country C" in overview
    assert {path.stem for path in rendered_pair.glob("*.html")} == {
        "index",
        "1_evidence",
        "2_forecast",
        "3_model",
        "4_backtest",
        "5_what_if",
    }
