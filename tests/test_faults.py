"""Runs that are interrupted, killed or out of disk space keep the last good state, and the next run works.

The slow tests (`make study`) kill real renders of a copy of the project at random moments.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from model.files.disk import content_hash
from model.paths import FITS, ROOT
from model.track_record.log import read_log


def row(number=0):
    """The options of `summit add` for a signal that is different for each number."""
    return (
        "--event-id",
        f"2025-07-02-fault-{number}",
        "--public-date",
        "2025-07-02",
        "--kind",
        "envoy_meeting",
        "--actor",
        "both",
        "--strength",
        "1",
        "--grade",
        "A1",
        "--description",
        "Somebody says something.",
        "--source",
        "a test",
    )


@pytest.fixture
def project(tmp_path, default_run):
    """A copy of the project with the fit of the default run, without rendered files."""
    for name in ("model", "params", "seeds", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "2*-*-*"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".cache" / "fits").mkdir(parents=True)
    shutil.copy(FITS / f"{default_run.fit.key}.npz", tmp_path / ".cache" / "fits")
    return tmp_path


def begin(project, *words, size=None):
    """A command line process of the copy, in its own process group.

    With `size` (bytes) no file may grow beyond it, as on a full disk.
    """

    def prepare():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    environment = {name: value for name, value in os.environ.items() if not name.endswith("_DIR")} | {
        "PYTHONPATH": str(project)
    }
    return subprocess.Popen(
        [sys.executable, "-m", "model", *words],
        cwd=project,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=prepare,
    )


def run(project, *words, size=None):
    process = begin(project, *words, size=size)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def state(folder):
    """The content of every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): content_hash(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_whole(folder):
    """Assert that the report comes from one run: every file matches its provenance."""
    kept = json.loads((folder / "provenance.json").read_text())["outputs"]
    assert {name: value for name, value in state(folder).items() if name != "provenance.json"} == kept


def interrupted(process):
    """Press Ctrl-C until the process ends; returns its errors and the number of presses.

    Python loses an interrupt that arrives while it destroys an object, and says so; a user presses again.
    """
    for presses in range(1, 4):
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=8)[1], presses
    raise AssertionError("three times Ctrl-C did not end it")


@pytest.mark.parametrize(
    "words",
    [
        ("sweep", "params/sweeps/replay.yaml"),
        ("forecast", "--random-seed", "77"),
        pytest.param(("backtest", "--monthly"), marks=pytest.mark.study),
    ],
)
def test_ctrl_c_ends_with_a_clear_word_and_leaves_things_as_they_were(project, words):
    before = state(project / "seeds") | state(project / "notebooks")
    process = begin(project, *words)
    time.sleep(3)
    err, presses = interrupted(process)
    assert (process.returncode, err.splitlines()[-1]) == (130, "interrupted; nothing half-written is left")
    others = [line for line in err.splitlines()[:-1] if not line.startswith("Fitting the model to ")]
    assert others == [] or presses > 1
    after = state(project / "seeds") | state(project / "notebooks")
    assert {name for name in after if after[name] != before.get(name)} <= {
        "rendered/record/log_scores.csv",
        "rendered/record/references.csv",
    }


NAPS = """
import sys
from model import cli, parallel
nap = ("import os, time; os.fork(); os.write(1, b'z'); time.sleep(60)",)
cli.do_check = lambda options: list(parallel.done(exec, {1: nap, 2: nap}, "naps"))
sys.argv[1:] = ["check"]
raise SystemExit(cli.process())
"""
"""A command whose two workers sleep, each with a process of its own, as chains are."""


def of_session(session):
    """The processes of a session, whatever their groups."""
    listed = subprocess.run(["ps", "-e", "-o", "pid="], capture_output=True, text=True, check=True).stdout
    found = []
    for number in map(int, listed.split()):
        with suppress(ProcessLookupError, PermissionError):
            found += [number] if os.getsid(number) == session else []
    return found


@pytest.mark.parametrize(
    "number, said",
    [
        (signal.SIGTERM, "ended by SIGTERM"),
        (signal.SIGHUP, "ended by SIGHUP"),
        (signal.SIGINT, "interrupted"),
    ],
)
def test_a_signal_to_end_leaves_no_worker_and_nothing_that_a_worker_began(number, said):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", NAPS]
    process = subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **pipes)
    assert process.stdout.read(4) == "zzzz" and len(of_session(process.pid)) >= 5
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (128 + number, f"{said}; nothing half-written is left\n")
    for _ in range(100):
        if not of_session(process.pid):
            return
        time.sleep(0.1)
    raise AssertionError(of_session(process.pid))


def test_a_full_disk_is_told_and_the_ledger_stays(project):
    before = state(project / "seeds")
    code, out, err = run(project, "add", *row(), size=100_000)
    assert (
        (code, out) == (2, "")
        and "signals.csv: cannot be written: File too large" in err
        and "Traceback" not in err
    )
    assert state(project / "seeds") == before
    assert run(project, "add", *row())[0] == 0


@pytest.mark.study
def test_a_render_on_a_full_disk_leaves_the_last_report(project):
    assert run(project, "forecast", "--report")[0] == 0
    before = state(project / "notebooks")
    run(project, "add", *row())
    code, out, err = run(project, "forecast", "--report", size=100_000)
    assert code in (1, 2) and "Traceback" not in err
    assert state(project / "notebooks") == before


@pytest.mark.study
def test_renders_killed_at_thirty_random_moments_leave_a_whole_report_and_log(project):
    assert run(project, "forecast", "--report")[0] == 0
    (folder,) = [path for path in (project / "notebooks" / "rendered").iterdir() if path.name.startswith("2")]
    rng, length, old = np.random.default_rng(1), 0.0, 0
    for number in range(30):
        assert run(project, "add", *row(number))[0] == 0
        process, start = begin(project, "forecast", "--report"), time.perf_counter()
        if number == 0:
            process.communicate()
            length = time.perf_counter() - start
            continue
        before = state(folder)
        time.sleep(rng.uniform(0, length))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert_whole(folder)
        old += state(folder) == before
        read_log(project / "notebooks" / "rendered" / "log.csv")
    assert old > 15
    code, out, err = run(project, "forecast", "--report")
    assert code == 0, err
    assert_whole(folder)
    assert "2025-07-02-fault-29" in (folder / "inputs" / "signals.csv").read_text()


@pytest.mark.study
def test_adding_killed_at_thirty_random_moments_leaves_the_old_ledger_or_the_new(project):
    path, rng = project / "seeds" / "signals.csv", np.random.default_rng(2)
    for number in range(30):
        before = path.read_bytes()
        process = begin(project, "add", *row(number))
        time.sleep(rng.uniform(0.1, 1.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = path.read_bytes()
        assert (
            after.startswith(before)
            and after.count(b"\n") - before.count(b"\n") in (0, 1)
            and after.endswith(b"\n")
        )
        assert run(project, "check")[0] == 0


@pytest.mark.study
def test_two_renders_at_once_do_not_mix(project):
    runs = [
        begin(project, "forecast", "--report", "--name", "same", *words)
        for words in ((), ("--deadline", "2025-11-30"))
    ]
    for process in runs:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert_whole(project / "notebooks" / "rendered" / "same")
