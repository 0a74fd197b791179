"""Reproducibility: two clones that fit separately, in different environments, render the same bytes."""

import os
import shutil
import subprocess
import sys

import pytest

from model.paths import ROOT

SURROUNDINGS = {
    "a": {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1", "cores": "0"},
    "a folder with a longer name": {
        "TZ": "America/Los_Angeles",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "2",
        "cores": "0-1",
    },
}


def rendered(folder, home, cores, **environment):
    """The report files that a clone of the last commit renders, by name."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    shutil.rmtree(folder / "notebooks" / "rendered" / "2025-07-11")
    home.mkdir()
    command = [sys.executable, "-m", "model", "forecast", "--report"]
    if shutil.which("taskset"):
        command = ["taskset", "-c", cores, *command]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "HOME": str(home), **environment},
    )
    assert done.returncode == 0, done.stderr
    report = folder / "notebooks" / "rendered" / "2025-07-11"
    assert len(list((folder / ".cache" / "fits").iterdir())) >= 1, "each clone has fitted for itself"
    return {
        path.relative_to(report).as_posix(): path.read_bytes()
        for path in report.rglob("*")
        if path.is_file() and path.name != "provenance.json"
    }


@pytest.mark.study
@pytest.mark.skipif(os.cpu_count() < 2 or not shutil.which("git"), reason="needs git and two cores")
def test_two_clones_in_unlike_surroundings_render_the_same_bytes(tmp_path):
    one, other = (
        rendered(tmp_path / name, tmp_path / f"home of {name}", **there)
        for name, there in SURROUNDINGS.items()
    )
    assert {
        "forecast.json",
        "index.html",
        "headline.svg",
        "2_forecast.ipynb",
        "tables/curve.csv",
    } <= one.keys()
    assert one.keys() == other.keys() and [name for name in one if one[name] != other[name]] == []
