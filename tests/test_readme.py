"""The README agrees with the committed run and track record, and its commands work."""

import re
import shlex

import nbformat
import pytest

from model import cli
from model.answer.forecast import from_json
from model.files.disk import content_hash
from model.paths import ROOT
from model.report import build, needs, notebook, provenance
from model.track_record.baselines import REGRESSION
from model.track_record.published import CLIMATOLOGY, TrackRecord
from model.track_record.scores import BRIER, LOG_SCORE

README = (ROOT / "README.md").read_text("utf-8")
COMMITTED = ROOT / "notebooks" / "rendered" / "2025-07-11"
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"(?s)```\n(.*?)```", README)
    for line in block.splitlines()
    if line.startswith(".venv/bin/summit ")
]
SLOW = ("--scenario", "--as-of", "sweep")


@pytest.fixture(scope="module")
def committed():
    return from_json((COMMITTED / "forecast.json").read_text("utf-8"))


def test_the_number_is_that_of_the_committed_run(committed):
    told = re.search(r"<!-- number -->(\d+) %, ([a-z ]+)<!-- /number -->", README)
    assert (int(told[1]), told[2]) == (round(100 * committed.probability), committed.likelihood_word)
    record = committed.matched_record
    assert f"In {record['hits']} of the {record['years']} years since {record['since']}" in README


def test_the_scores_are_those_of_the_record():
    record = TrackRecord.load()
    told = re.search(
        r"(?s)integrated Brier score\s+of ([\d.]+) over.*climatology ([\d.]+), the calendar alone ([\d.]+);"
        r".*log score of ([\d.]+)\. .*scores ([\d.]+) and ([\d.]+)\.\s",
        README,
    )
    wanted = [("full", BRIER), (CLIMATOLOGY, BRIER), ("calendar alone", BRIER), ("full", LOG_SCORE)]
    wanted += [(REGRESSION, BRIER), (REGRESSION, LOG_SCORE)]
    assert list(told.groups()) == [f"{record.score(*of)['value']:.3f}" for of in wanted]


def test_the_picture_is_made_from_the_committed_run(committed):
    kept = (COMMITTED / "headline.svg").read_text("utf-8")
    assert f"({COMMITTED.relative_to(ROOT)}/headline.svg)" in README
    assert kept == build.picture(committed)


def test_the_committed_run_is_not_stale(committed, default_run):
    """Its inputs and notebooks match the checkout, and a new fit lies within four Monte Carlo errors."""
    assert committed.inputs == {name: content_hash((ROOT / name).read_bytes()) for name in committed.inputs}
    error = default_run.forecast.diagnostics["monte_carlo_error"]
    assert abs(committed.probability - default_run.forecast.probability) <= 4 * error
    unmet = needs.unmet(default_run)
    for source in provenance.notebook_files():
        rendered = [
            cell
            for cell in nbformat.read(COMMITTED / source.name, 4).cells
            if cell.id != "injected-parameters"
        ]
        shown = [cell for cell in nbformat.read(source, 4).cells if notebook.is_kept(cell, unmet)]
        assert [cell.source for cell in rendered] == [cell.source for cell in shown]


@pytest.mark.parametrize(
    "command",
    [
        line if not any(word in line for word in SLOW) else pytest.param(line, marks=pytest.mark.study)
        for line in COMMANDS
    ],
)
def test_every_command_of_it_works(command, few_draws, capsys):
    assert cli.main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out.strip()


def test_it_names_what_it_asks_for():
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
    assert len(COMMANDS) >= 6 and build.LOG.exists()
