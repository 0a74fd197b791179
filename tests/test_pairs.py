"""A pair is told of its own record alone, and no page, table or name says where its files lie."""

import json
import re
from base64 import b64encode
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import DAY, PARAMS, ledger, occasion, signal
from nbformat.v4 import new_output
from traitlets.config import Config

from model import cli, paths
from model.answer import pair
from model.answer.forecast import Sources, load, read
from model.evidence.edits import Edits
from model.evidence.rows import OCCASION_COLUMNS
from model.evidence.seasons import first_year
from model.files.disk import public_names
from model.files.problems import InputError
from model.fit import fits, posterior, predictive, store
from model.paths import RECORD, ROOT
from model.report import build, needs, notebook, parameters, provenance
from model.settings.params import load_params
from model.track_record import backtest, datapackage, origins
from model.track_record.origins import Point
from model.track_record.published import TABLES, NoRecord, TrackRecord

QUESTION = """\
question_id: anna-boris-2031
text: Anna and Boris meet in 2031
sides:
  - {code: XQ, country: Arcadia, office: president, leader: Anna}
  - {code: XZ, country: Borduria, office: marshal, leader: Boris}
as_of: 2031-05-06
deadline: 2031-12-31
time_zone: Europe/Paris
meeting: {counts: Both in one room., does_not_count: A call.}
resolver: Two news agencies.
if_a_leader_leaves_office: Resolves to no.
"""
SIGNALS = (
    "event_id,event_date,public_date,kind,actor,strength,grade,occasion,same_as,in_article,description,"
    "source,checked\n"
)
CALL = "2031-04-01-call,2031-04-01,2031-04-01,leader_call,both,2,A1,,,no,They speak,an agency,yes\n"
THREAT = "2031-03-01-threat,2031-03-01,2031-03-01,official_statement,XZ,-2,B2,,,no,A threat,a paper,yes\n"
VISIT = "Anna,Boris,both,yes,yes,2029-06-01,,high,an agency"
OPEN = "Anna,Boris,,,,,,high,an agency"
OCCASIONS = f"""\
{",".join(OCCASION_COLUMNS)}
2028-lakes,Lakes summit,other_multilateral,XC,2028-09-10,2028-09-11,2027-09-01,Anna,Boris,XQ,yes,no,,,high,x
2029-arcadia,Boris in Arcadia,visit,XQ,2029-06-01,2029-06-02,2029-05-01,{VISIT}
2031-lakes,Lakes summit,other_multilateral,XC,2031-09-10,2031-09-11,2030-09-01,{OPEN}
"""
SHIPPED = paths.RENDERED / "2025-07-11" / store.POSTERIOR
THEIRS = r"Trump|\bXi\b|China|Chinese|Beijing|Bloomberg|State Department|Gyeongju|US-CN|Johannesburg"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Params and sources of a made-up pair in a folder of its own, two of whose files share a name."""
    home = tmp_path_factory.mktemp("elsewhere")
    (home / "more").mkdir()
    texts = {
        "question.yaml": QUESTION,
        "signals.csv": SIGNALS + CALL,
        "more/signals.csv": SIGNALS + THREAT,
        "occasions.csv": OCCASIONS,
    }
    for name, text in texts.items():
        (home / name).write_text(text)
    said = (home / "signals.csv", home / "more" / "signals.csv")
    sources = Sources(signals=said, occasions=(home / "occasions.csv",), only=True)
    return load_params(home / "question.yaml"), sources, home


def from_priors(params, past, path, *_):
    """A stored fit that holds prior draws, in place of one that is sampled."""
    number = 25 * params.run.chains
    draws = predictive.prior_draws(params, number, 1) | {"norm": np.full(number, past.norm)}
    checks = {"rhat_max": 1.0, "ess_min": 500.0, "divergences": 0, "ebfmi_min": 1.0, "ok": True}
    stats = {name: np.zeros(number) for name in store.STATS}
    made = store.Fit(path.stem, past.through, draws, checks, 0.0, False, "prior draws", stats=stats)
    store.save_fit(path, made)
    return made


async def run_here(waiting, _):
    """The cells of the notebooks run in this process, in place of a kernel."""
    from ipykernel.zmqshell import InteractiveShell

    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    for _, source in waiting:
        shell.reset()
        for number, cell in enumerate(source.cells, 1):
            if cell.cell_type == "code":
                run_cell(shell, cell, number)
    InteractiveShell.clear_instance()


def run_cell(shell, cell, number):
    shown = {}
    with redirect_stdout(StringIO()), pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell.displayhook, "write_format_data", lambda data, _: shown.update(data))
        shell.run_cell(cell.source, store_history=True).raise_error()
    if "image/png" in shown:
        shown["image/png"] = b64encode(shown["image/png"]).decode()
    cell.outputs = [new_output("execute_result", shown)] if shown else []
    cell.execution_count = number


@pytest.fixture(scope="module")
def rendered(files, tmp_path_factory):
    """The report of the made-up pair without kernels, from prior draws and another fit's posterior file."""
    params, sources, _ = files
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fits, "FITS", tmp_path_factory.mktemp("fits"))
        patch.setattr(fits, "sampled", from_priors)
        patch.setattr(posterior, "posterior_file", lambda *_, **__: SHIPPED)
        patch.setattr(notebook, "_run_until_failure", run_here)
        return build.render(params, sources, out_dir=tmp_path_factory.mktemp("report") / "run")


def test_nothing_written_says_where_the_files_lie(files, rendered):
    hidden = {str(ROOT).encode(), str(files[2]).encode(), str(rendered).encode()}
    written = [path for path in rendered.rglob("*") if path.is_file()]
    assert len(written) > 20
    assert [path.name for path in written if any(place in path.read_bytes() for place in hidden)] == []
    state = json.loads((rendered / "provenance.json").read_text())
    own = {"question.yaml", "signals.csv", "signals-2.csv", "occasions.csv"}
    assert own <= set(state["files"]) and state["parameters"]["signals"] == ["signals.csv", "signals-2.csv"]
    assert own <= set(load(rendered / "forecast.json").inputs)
    assert provenance.current(*files[:2], out_dir=rendered)


@pytest.mark.study
def test_it_is_fitted_and_rendered_in_kernels_all_the_same(files, rendered, tmp_path):
    """The slow way of the fixture `rendered`: a sampled fit that passes the gate, and kernels."""
    made = build.render(*files[:2], out_dir=tmp_path / "run")
    assert load(made / "forecast.json").diagnostics["ok"]
    assert provenance.outputs_state(made).keys() == provenance.outputs_state(rendered).keys()


def test_its_pages_speak_of_no_other_pair(rendered):
    pages = {path.stem: path.read_text("utf-8") for path in rendered.glob("*.html")}
    assert len(pages) == 6
    assert {name: found for name, text in pages.items() if (found := re.findall(THEIRS, text))} == {}
    for name in ("index", "2_forecast", "4_backtest"):
        assert "There is no track record of this pair and question yet" in " ".join(pages[name].split())
    assert load(rendered / "forecast.json").track_record == ""


def test_its_notebooks_have_no_cell_whose_need_it_does_not_meet(rendered):
    tags = [
        tag
        for path in rendered.glob("*.ipynb")
        for cell in nbformat.read(path, 4).cells
        for tag in cell.metadata.get("tags", [])
    ]
    assert {tag for tag in tags if tag.startswith("needs-")} == {"needs-open"} and "lacks-scores" in tags


def test_the_run_of_the_seeds_meets_every_need(default_run):
    assert default_run.forecast.track_record == RECORD.name and needs.unmet(default_run) == set()


def test_a_section_without_its_table_says_so_under_its_heading():
    """Where the pair has scores; without any one sentence stands for all; a resolved question has its own."""
    new = nbformat.v4.new_markdown_cell
    cells = [
        new("## Is it real?\n\nA placebo.", id="placebo", metadata={"tags": ["needs-placebo"]}),
        nbformat.v4.new_code_cell("1", id="rows", metadata={"tags": ["needs-placebo"]}),
        new("## Ahead", id="ahead", metadata={"tags": ["needs-open", "needs-scenarios"]}),
    ]

    def shown(*unmet):
        return [(cell.id, cell.source) for cell in notebook.shown_cells(cells, unmet)]

    assert shown() == [(cell.id, cell.source) for cell in cells]
    (name, text), *rest = shown("placebo", "open")
    assert (
        name == "placebo" and text.startswith("## Is it real?\n\nNot shown here") and "A placebo" not in text
    )
    assert "no table placebo" in text and rest == []
    assert shown("placebo", "scores", "open", "scenarios") == []
    own = nbformat.v4.new_code_cell("2", id="own", metadata={"tags": ["lacks-placebo"]})
    assert [cell.id for cell in notebook.shown_cells([*cells[:2], own], ["placebo"])] == ["own"]


def test_a_cell_is_kept_where_what_it_needs_is_there_and_what_it_replaces_is_not():
    def kept(*tags, unmet=()):
        return notebook.is_kept(nbformat.v4.new_code_cell("", metadata={"tags": list(tags)}), unmet)

    assert (
        kept() and kept("remove-cell", unmet={"open"}) and kept("needs-scores") and not kept("lacks-scores")
    )
    assert not kept("needs-scores", unmet={"scores"}) and kept("lacks-scores", unmet={"scores"})
    assert not kept("needs-scores", "needs-open", unmet={"open"})


def test_a_resolved_question_and_one_without_the_seeds_lack_those_needs(default_run):
    def lacking(**changes):
        return needs.unmet(replace(default_run, forecast=replace(default_run.forecast, **changes)))

    assert lacking(resolved={"answer": "no"}) == {needs.OPEN}
    assert lacking(inputs={"signals.csv": ""}) == {needs.SEEDS}
    assert lacking(track_record="") == {table.replace("_", "-") for table in TABLES}


def test_a_table_that_a_pair_lacks_says_so_to_who_reads_it(tmp_path):
    record = TrackRecord.load(tmp_path)
    assert not record.scores and len(record.placebo) == 0
    for ask in (record.score, record.years, record.right_in_october, lambda: list(record.replay)):
        with pytest.raises(NoRecord, match="no table '.*', so there is nothing to show"):
            ask()


# Names of files and folders


@given(st.lists(st.sampled_from(["a", "b/a", "c/a.csv", "d/e/a.csv", "a.csv", "a-2.csv"]), unique=True))
def test_files_outside_the_project_are_named_without_their_folder_and_each_by_one_name(names):
    given_paths = [Path("/far/away") / name for name in names]
    found = public_names([*given_paths, ROOT / "seeds" / "signals.csv", *given_paths])
    assert len(set(found.values())) == len(found) == len(names) + 1
    assert all("/" not in found[path] and Path(found[path]).suffix == path.suffix for path in given_paths)
    assert found[ROOT / "seeds" / "signals.csv"] == "seeds/signals.csv"


def test_the_folder_of_a_run_depends_on_its_question_not_on_where_its_files_lie(files, tmp_path):
    params, sources, home = files

    def folder(params, sources):
        published = parameters.public_parameters(params, sources, Edits())
        return provenance.folder_of(published, question_id=params.question.question_id).name

    moved = [tmp_path / path.relative_to(home) for path in home.rglob("*") if path.is_file()]
    for path in moved:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((home / path.relative_to(tmp_path)).read_bytes())
    signals = (tmp_path / "signals.csv", tmp_path / "more" / "signals.csv")
    elsewhere = replace(sources, signals=signals, occasions=(tmp_path / "occasions.csv",))
    same = folder(load_params(tmp_path / "question.yaml"), elsewhere)
    assert same == folder(params, sources) and same.startswith("2031-05-06-")
    (tmp_path / "question.yaml").write_text(QUESTION.replace("anna-boris", "anna-carl"))
    assert folder(load_params(tmp_path / "question.yaml"), elsewhere) != same


@pytest.mark.parametrize("name", ["record", "record-us-kp", "Record-US-KP", "record-"])
def test_no_run_is_written_where_track_records_lie(name):
    asked = {"as_of": "2025-07-11", "interactive": False}
    with pytest.raises(InputError, match="other than record"):
        provenance.folder_of(asked, run_name=name)
    for folder in (paths.RENDERED / name, paths.RENDERED / name / "x"):
        with pytest.raises(InputError, match="no track record"):
            provenance.folder_of(asked, out_dir=folder)


# Whose record


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder of rendered runs."""
    monkeypatch.setattr(paths, "RENDERED", tmp_path)
    monkeypatch.setattr(paths, "RECORD", tmp_path / "record")
    return tmp_path


def test_a_pair_is_shown_its_own_scores_alone(home, files):
    params, sources, _ = files
    own = home / "record-xq-xz"
    assert pair.record_folder(params, sources) == own
    assert pair.record_folder(PARAMS, Sources()) == home / "record"
    assert pair.record_folder(PARAMS, replace(sources, only=True)) == home / "record-us-cn"
    assert pair.shown_record(params, sources) == ""
    own.mkdir()
    (own / "scores.csv").write_text("score,model\n")
    assert pair.shown_record(params, sources) == ""
    pair.write_about(PARAMS, own, range(1999, 2025), "summit backtest")
    assert pair.shown_record(params, sources) == ""
    with pytest.raises(InputError, match="holds the track record of US and CN, not of XQ and XZ"):
        pair.check_owner(params, own)
    pair.write_about(params, own, range(1999, 2025), "summit backtest")
    pair.check_owner(params, own)
    assert pair.shown_record(params, sources) == own.name
    (own / pair.ABOUT).write_text("[]")
    assert pair.shown_record(params, sources) == ""


def test_files_given_one_by_one_are_the_seeds_if_they_are_all_there():
    seeds = {name: (path,) for name, path in paths.TABLES.items()}
    params = load_params()
    assert pair.record_folder(params, Sources()) == paths.RECORD
    assert pair.record_folder(params, Sources(**seeds, only=True)) == paths.RECORD
    assert pair.record_folder(params, Sources(**(seeds | {"signals": ()}), only=True)) != paths.RECORD


# The years of a backtest


def test_the_backtest_of_the_seeds_covers_the_years_of_its_record():
    about = pair.about(RECORD)
    years = origins.scored_years(read(PARAMS), PARAMS.question.as_of)
    assert (years[0], years[-1]) == (about["first_year"], about["last_year"]) == (1999, 2024)
    assert list(PARAMS.sides) == about["sides"] and first_year(read(PARAMS)) == 1993


day = st.dates(date(1990, 1, 1), date(2020, 12, 31))


@given(st.lists(day, max_size=60), st.lists(day, max_size=3), st.dates(date(1991, 1, 1), date(2022, 1, 1)))
def test_every_scored_year_has_a_past_to_learn_from_and_known_outcomes(decided, said, as_of):
    rows = [occasion(f"o-{n}", start, 1, met=n % 2 == 0) for n, start in enumerate(decided)]
    whole = ledger([signal(f"s-{n}", when) for n, when in enumerate(said)], rows)
    known = sorted(row.outcome_date for row in whole.occasions)
    try:
        years = origins.scored_years(whole, as_of)
    except origins.ShortLedger as error:
        assert "Nothing was written" in str(error) and "found " in str(error)
        return
    assert len(years) >= origins.YEARS_MIN and years[-1] < as_of.year
    assert sum(when.year < years[0] for when in known) >= origins.DECIDED_MIN
    assert date(years[-1], 12, 31) + 26 * 7 * DAY <= whole.covered_until
    assert first_year(whole) + 2 <= years[0]


# The command


def options_of(folder, *more):
    given = ("--question", folder / "question.yaml", "--only", "--signals", folder / "signals.csv")
    return ["backtest", *map(str, (*given, "--occasions", folder / "occasions.csv")), *more]


def test_a_ledger_too_short_for_a_backtest_is_told_in_one_line(home, files, capsys):
    assert cli.main(options_of(files[2])) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Expected 17 decided occasions" in line and "found 2 decided occasions from 2028 to 2029" in line
    assert list(home.iterdir()) == []


def test_a_backtest_writes_the_record_of_its_own_question_and_no_other(home, tmp_path, monkeypatch, capsys):
    kept = backtest.load(RECORD / backtest.TABLE)
    kept = kept[kept["as_of"] < kept["as_of"].min() + np.timedelta64(1500, "D")]
    monkeypatch.setattr(backtest, "run", lambda *_, **__: [Point(*row) for row in kept.tolist()])
    monkeypatch.setattr(cli, "RECORD", home / "record")
    monkeypatch.setattr(datapackage, "RECORD", RECORD)
    question = tmp_path / "visit.yaml"
    text = (paths.PARAMS / "question.yaml").read_text()
    question.write_text(f"{text}where: {{host: US}}\n")
    assert cli.main(["backtest", "--question", str(question)]) == 0
    assert "integrated Brier" in capsys.readouterr().out
    assert [path.name for path in home.iterdir() if path.is_dir()] == ["record-us-cn-in-us"]
    folder = home / "record-us-cn-in-us"
    made = {path.name for path in folder.iterdir()}
    assert made >= {"about.json", "backtest.csv.gz", "scores.csv", "by_year.csv", "gains.csv", "misses.csv"}
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert {each["path"] for each in package["resources"]} == {name for name in made if ".csv" in name}
    assert pair.about(folder)["command"].startswith("summit backtest --question visit.yaml")
    assert pair.shown_record(load_params(question), Sources()) == folder.name
    assert pair.shown_record(load_params(), Sources()) == ""


def test_a_sweep_is_not_written_into_the_record_of_another_pair(files, capsys):
    home = files[2]
    (home / "days.yaml").write_text("means: A day.\nas_of: [2031-05-06]\n")
    out = paths.RENDERED / "record" / "replay.csv"
    before = out.read_bytes()
    words = ["sweep", home / "days.yaml", *options_of(home)[1:], "--out", out]
    assert cli.main(list(map(str, words))) == 2
    assert "outside the track record of another pair" in capsys.readouterr().err
    assert out.read_bytes() == before
