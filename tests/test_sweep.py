"""Sweeps: equal to single forecasts, no work repeated or lost, and a page that agrees with the table."""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from browser import needs_browser

from model import cli, parallel
from model.answer import forecast, sweep
from model.files.problems import InputError, Problem
from model.files.yaml_files import read_yaml
from model.paths import ROOT
from model.report import build, notebook, provenance, show, sweep_figure, sweep_lines, sweep_page
from model.settings.params import load_params

NONE = forecast.Sources()
ROW = sweep.Row("2025-07-11", "", "2025-12-31", 1, 0.9, 0.8, 0.95, 0.85, "2025-apec-gyeongju", 0.3, "", "")
SCENARIOS = [
    ROW,
    replace(ROW, scenario="sceptic", probability=0.7),
    replace(ROW, scenario="no-record", probability=0.4),
]
WEEKS = [
    replace(ROW, scenario=name, as_of=day, probability=value)
    for name, values in (("", (0.8, 0.82)), ("sceptic", (0.7, 0.4)))
    for day, value in zip(("2025-07-04", "2025-07-11"), values)
]


def asked(**more):
    return sweep.Sweep(means="a test", **more)


def run(chosen, journal, **more):
    return sweep.run(chosen, NONE, journal, **more)


# Numbers


def test_a_row_is_the_single_forecast(default_run):
    params = default_run.params
    case = {"scenario": None, "random_seed": None, "deadline": None, "as_of": None}
    first, other = sweep.forecasts(
        [case, case | {"deadline": "2025-11-10"}], NONE, (), sweep.inputs_hash(NONE), None
    )
    made = default_run.forecast
    assert (first.as_of, first.deadline, first.random_seed) == (
        made.as_of,
        made.deadline,
        params.run.random_seed,
    )
    assert first.probability == pytest.approx(made.probability, abs=1e-12)
    assert (first.lower, first.upper) == pytest.approx(
        (made.interval["lower"], made.interval["upper"]), abs=1e-12
    )
    assert first.no_signals == pytest.approx(made.no_signals_probability, abs=1e-12)
    by_cause = {row["id"]: row["probability_first"] for row in made.occasions}
    assert first.largest_share == pytest.approx(max(by_cause.values()), abs=1e-12)
    earlier = forecast.run(load_params(deadline="2025-11-10")).forecast
    assert (
        other.probability == pytest.approx(earlier.probability, abs=1e-12)
        and other.probability < first.probability
    )


def test_jobs_share_scenario_and_day_and_hold_every_case_once():
    chosen = asked(
        scenarios=["", "sceptic"], random_seeds=list(range(25)), as_of=["2025-07-04", "2025-07-11"]
    )
    todo = {sweep.name_of_case(case): case for case in sweep.cases(chosen)}
    jobs = sweep.grouped(todo)
    assert Counter(name for names in jobs for name in names) == Counter(todo.keys()) and len(todo) == 100
    assert all(len({(case["scenario"], case["as_of"]) for case in group}) == 1 for group in jobs.values())
    assert len(jobs) >= sweep.GROUPS and max(map(len, jobs)) <= sweep.GROUP


def test_what_a_stopped_run_had_finished_is_taken_from_its_journal(tmp_path):
    chosen = asked(as_of=["2025-07-10", "2025-07-11"])
    first, last = map(sweep.name_of_case, sweep.cases(chosen))
    kept = {
        name: json.dumps([name, vars(replace(ROW, probability=value))])
        for name, value in ((first, 0.1), (last, 0.2))
    }
    journal = tmp_path / "journal"
    journal.write_text(f"{kept[last]}\n{kept[first]}\n{kept[first][:40]}")
    assert [row.probability for row in run(chosen, journal)] == [0.1, 0.2]


def test_a_process_with_other_inputs_makes_nothing():
    with pytest.raises(InputError, match="other inputs or code"):
        sweep.forecasts([{"scenario": None, "as_of": None}], NONE, (), "another hash", None)


@pytest.mark.parametrize(
    "error",
    [
        InputError([Problem("a.csv", 1, 2, "wrong")]),
        notebook.RenderError([("1_evidence", "cell", "line")], ROOT),
    ],
)
def test_errors_come_whole_from_other_processes(error):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_file_changed_is_read_anew_though_its_text_is_parsed_once(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n")
    assert read_yaml(path) is read_yaml(path)
    path.write_text("a: 2\n")
    assert read_yaml(path).data == {"a": 2}


# What is refused


def refused(capsys, *words):
    code = cli.main(["sweep", *map(str, words)])
    return code, capsys.readouterr().err


def test_an_option_beside_what_the_file_varies_is_refused(capsys):
    code, said = refused(capsys, "params/sweeps/replay.yaml", "--as-of", "2025-07-11")
    assert code == 2 and "as_of: the sweep file varies its as_of itself" in said


@pytest.mark.parametrize("out", ["table.txt", "notebooks/rendered/2025-07-11/sweep.csv"])
def test_a_table_goes_into_no_report_and_is_called_csv(capsys, out):
    code, said = refused(capsys, "params/sweeps/replay.yaml", "--out", out)
    assert code == 2 and "expected a name ending in .csv, outside the folder of a report" in said


def test_reports_that_would_collide_are_refused(tmp_path):
    params, document = load_params(), read_yaml(ROOT / "params/sweeps/replay.yaml")
    assert sweep_page.report_folders(asked(), [params], tmp_path, document) == [tmp_path / "2025-07-11"]
    with pytest.raises(InputError, match="2 of its forecasts would have the one report 2025-07-11"):
        sweep_page.report_folders(asked(), [params, params], tmp_path, document)
    two = [load_params(random_seed=seed, deadline="2025-11-10") for seed in (1, 2)]
    names = [
        folder.name
        for folder in sweep_page.report_folders(
            asked(random_seeds=[1, 2], deadlines=["2025-11-10"]), two, tmp_path, document
        )
    ]
    assert names == ["2025-07-11-by-2025-11-10-seed-1", "2025-07-11-by-2025-11-10-seed-2"]
    with pytest.raises(InputError, match="fit_through: a report has no such setting"):
        sweep_page.report_folders(asked(fit_through="2024-12-31"), [params], tmp_path, document)
    (tmp_path / "2025-07-11").mkdir()
    with pytest.raises(InputError, match="expected a report or nothing here"):
        sweep_page.report_folders(asked(), [params], tmp_path, document)


def test_a_report_that_is_current_is_not_rendered_again(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(
        build, "render", lambda params, sources, out_dir: made.append((params.scenario, out_dir))
    )
    for current in (False, True):
        monkeypatch.setattr(provenance, "current", lambda *given, current=current, **named: current)
        sweep_page.rendered({"scenario": "sceptic"}, NONE, (), sweep.inputs_hash(NONE), tmp_path)
    assert made == [("sceptic", tmp_path)]


# The page


def test_the_page_claims_what_its_rows_say():
    assert (
        sweep_lines.claim(SCENARIOS)
        == "The forecast lies between 40% and 90% under 2 scenarios; without one it is 90%"
    )
    assert sweep_lines.figure_title(SCENARIOS) == "Lowest is no-record with 40%, highest plain with 90%"
    assert sweep_lines.claim(WEEKS) == (
        "From 4 July 2025 to 11 July 2025 the forecast lies between 40% and 82% under 1 scenario"
    )
    assert (
        sweep_lines.figure_title(WEEKS)
        == "They lie furthest apart on 11 July 2025: 40% (sceptic) to 82% (plain)"
    )
    assert sweep_lines.figure_title(WEEKS[:2]) == "The largest step is +2.0 points, to 11 July 2025"
    assert sweep_lines.claim([ROW]) == "The forecast is 90%"
    assert "sceptic: 70% on 4 July 2025, 40% on 11 July 2025" in sweep_lines.alternative(WEEKS)


def test_lines_are_means_over_random_seeds():
    seeds = [
        replace(row, random_seed=seed, probability=row.probability + shift)
        for row in WEEKS
        for seed, shift in ((1, 0.02), (2, -0.02))
    ]
    assert [
        (line.name, tuple(point.value for point in line.points)) for line in sweep_lines.lines(seeds)
    ] == [("plain", pytest.approx((0.8, 0.82))), ("sceptic", pytest.approx((0.7, 0.4)))]
    alone = sweep_lines.lines([replace(ROW, random_seed=seed) for seed in (1, 2)])
    assert [line.name for line in alone] == ["random seed 1", "random seed 2"]


def page_of(rows, links=(), **more):
    return sweep_page.page_of(
        asked(**more),
        rows,
        load_params(),
        {"2025-apec-gyeongju": "APEC <Gyeongju>"},
        "index.html",
        "sweep.csv",
        links,
    )


def test_the_page_holds_every_row_escaped_and_leads_to_the_reports():
    text = page_of(WEEKS, [f"{number}/index.html" for number in range(4)])
    assert text.count("<tr><td") == 4 and "APEC &lt;Gyeongju&gt;, 30%" in text and "<Gyeongju>" not in text
    assert [f'href="{number}/index.html"' in text for number in range(4)] == [
        True
    ] * 4 and 'href="sweep.csv"' in text
    assert "sceptic: Tone has no effect" in text and text.count('role="img"') == 1
    hostile = sweep_page.page_of(
        sweep.Sweep(means="<script>x</script>"), [ROW], load_params(), {}, "a.html", "a.csv"
    )
    assert "<script>" not in hostile and 'href="index.html"' not in hostile


@pytest.mark.parametrize(
    "rows",
    [
        [ROW],
        SCENARIOS,
        WEEKS,
        WEEKS[:2],
        [replace(ROW, deadline=day) for day in ("2025-11-10", "2025-12-31")],
        [replace(row, scenario=f"s{n}") for n in range(12) for row in WEEKS],
    ],
)
def test_every_shape_of_sweep_can_be_drawn_wide_and_narrow(rows):
    assert (
        show.figure(sweep_figure.picture, rows, alt=sweep_lines.alternative(rows)).markup.count("<svg") == 1
    )


class TestInABrowser:
    pytestmark = needs_browser

    @pytest.mark.parametrize("width", [1440, 390])
    def test_the_page_fits_and_is_quiet(self, browser, tmp_path, width):
        path = tmp_path / "index.html"
        path.write_text(page_of(WEEKS), "utf-8")
        browser.open(path, width)
        assert browser.complaints() == [] and browser.requests() == [path.resolve().as_uri()]
        assert browser.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


# The cluster


def test_without_the_extra_or_an_answer_the_scheduler_is_refused(monkeypatch):
    def said(address):
        with pytest.raises(InputError) as refusal:
            list(parallel.done(len, {1: ("a",)}, "letters", scheduler=address))
        return str(refusal.value)

    monkeypatch.setattr(parallel, "ANSWER", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        for address in ("tcp://127.0.0.1:1", f"tcp://127.0.0.1:{mute.getsockname()[1]}"):
            assert (
                said(address)
                == f"options: scheduler: the Dask scheduler {address} does not answer within 0.5 seconds"
            )
    assert "does not answer: unknown address scheme" in said("nonsense://x")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "needs the extra `cluster`" in said("tcp://127.0.0.1:1")


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler on loopback, and two worker processes that nobody restarts."""

    def begin(kind, *words):
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                f"distributed.cli.dask_{kind}",
                "--scheduler-file",
                place,
                *words,
                "--host",
                "127.0.0.1",
                "--no-dashboard",
            ],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    place = str(tmp_path / "scheduler.json")
    started = [begin("scheduler", "--port", "0")]
    while not os.path.exists(place):
        time.sleep(0.05)
    started += [
        begin("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)) for _ in range(2)
    ]
    yield json.loads(Path(place).read_text())["address"], started[1:]
    for process in started:
        process.kill()
        process.wait()


def test_a_worker_killed_on_the_way_costs_no_result_and_doubles_none(cluster, tmp_path, default_run):
    from distributed import Client

    address, workers = cluster
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    chosen = asked(as_of={"first": "2025-06-26", "last": "2025-07-11", "days": 1})
    journal, at_death = tmp_path / "journal", []

    def killer():
        while not journal.exists() or journal.read_text().count("\n") < 3:
            time.sleep(0.02)
        os.kill(workers[0].pid, signal.SIGKILL)
        at_death.append(journal.read_text().count("\n"))

    thread = threading.Thread(target=killer)
    thread.start()
    rows = run(chosen, journal, scheduler=address)
    thread.join()
    keys = [json.loads(line)[0] for line in journal.read_text().splitlines()]
    assert workers[0].wait() == -signal.SIGKILL and workers[1].poll() is None and at_death[0] < 12
    assert sorted(keys) == sorted(map(sweep.name_of_case, sweep.cases(chosen))) and len(set(keys)) == 16
    hash_of_all = sweep.inputs_hash(NONE)
    assert rows == [sweep.forecasts([case], NONE, (), hash_of_all, None)[0] for case in sweep.cases(chosen)]


def test_workers_that_may_not_start_processes_are_told_how_to_be_started(monkeypatch):
    monkeypatch.setattr(sweep, "current_process", lambda: SimpleNamespace(daemon=True))
    with pytest.raises(InputError, match="scheduler: its workers may not start processes.*--no-nanny"):
        sweep.checked(NONE, (), "never seen")


@pytest.mark.study
def test_a_sweep_with_reports_is_rendered_once_and_linked(tmp_path, capsys):
    path = tmp_path / "two.yaml"
    path.write_text('means: Two\nscenarios: ["", sceptic]\n')
    words = ["sweep", str(path), "--out", str(tmp_path / "two.csv"), "--report"]
    assert cli.main(words) == 0
    begin = time.perf_counter()
    assert cli.main(words) == 0 and time.perf_counter() - begin < 20
    text = (tmp_path / "two.html").read_text()
    for name in ("2025-07-11", "2025-07-11-sceptic"):
        assert (
            f'href="two/{name}/index.html"' in text and (tmp_path / "two" / name / "4_backtest.html").exists()
        )
