"""Another pair of leaders, from the files of the template to the rendered report."""

import re
import shlex
import shutil
import subprocess

import pytest
from ledgers import PAIR, fitted
from made_up import every_fit

from model.answer import forecast
from model.answer.forecast import Sources, read
from model.cli import main
from model.evidence.outlook import ANNOUNCED, PUT_OFF
from model.paths import SEEDS
from model.report import build
from model.settings.params import load_params

TABLES = ("signals", "occasions", "visit_windows")
GUIDE = (SEEDS / "README.md").read_text("utf-8").partition("## Your own pair")[2].partition("\n## ")[0]
SHELL = re.search(r"(?s)```\n(.*?)```", GUIDE)[1].replace("\\\n", " ")
FILES = re.search(r'summit "\$@" (.*)', SHELL)[1]
COMMANDS = [line for line in SHELL.splitlines() if line.startswith("pair ")]


def sources_in(folder):
    """The ledger files of a folder and nothing else."""
    return Sources(*((folder / f"{table}.csv",) for table in TABLES), only=True)


@pytest.fixture
def folder(tmp_path):
    """A copy of the template."""
    return shutil.copytree(SEEDS / "template", tmp_path / "pair")


@pytest.fixture
def pair(folder, monkeypatch):
    """Runs a command of the guide on the copy, with prior draws in place of every fit."""
    every_fit(monkeypatch, fitted)

    def run(command):
        words = [*shlex.split(command, comments=True)[1:], *shlex.split(FILES)]
        return main([word.replace("my-pair", str(folder)) for word in words])

    return run


@pytest.fixture(scope="module")
def rendered_pair(tmp_path_factory):
    """The report of the template, rendered from a temporary folder."""
    folder = shutil.copytree(SEEDS / "template", tmp_path_factory.mktemp("pair") / "pair")
    params = load_params(question=folder / "question.yaml")
    return build.render(params, sources_in(folder), out_dir=folder.parent / "report")


def test_the_template_passes_the_check_without_a_warning(pair, capsys):
    assert pair("pair check") == 0
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


def test_the_template_shows_what_was_agreed_announced_and_put_off(folder, monkeypatch):
    monkeypatch.setattr(forecast, "fit", fitted)
    run = forecast.run(load_params(question=folder / "question.yaml"), sources_in(folder))
    assert run.outlook.statuses["2025-talks-country-c"] == ANNOUNCED
    assert run.outlook.statuses["2025-visit-a-country-b"] == PUT_OFF
    talks = next(row for row in run.forecast.occasions if row["id"] == "2025-talks-country-c")
    assert talks["start_date"] == talks["end_date"] == "2025-10-06", "the announced day of a month's window"


def test_the_commands_of_the_guide_work_and_the_row_it_adds_moves_the_forecast(folder, pair, capsys):
    before = len((folder / "signals.csv").read_text("utf-8").splitlines())
    assert [command.split()[1] for command in COMMANDS[:4]] == ["check", "forecast", "forecast", "add"]
    for command in COMMANDS[:4]:
        assert pair(command) == 0
        assert capsys.readouterr().out.strip()
    assert "His office says that Leader A comes" in (folder / "signals.csv").read_text("utf-8")
    assert len((folder / "signals.csv").read_text("utf-8").splitlines()) == before + 1
    assert pair("pair forecast") == 0
    assert "2025-05-31: His office says that Leader A comes" in capsys.readouterr().out


def test_the_guide_is_a_script_that_a_shell_can_read():
    assert subprocess.run(["sh", "-n"], input=SHELL, text=True, check=False).returncode == 0
    assert COMMANDS[-1].split()[1:3] == ["forecast", "--report"]


@pytest.mark.study
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
