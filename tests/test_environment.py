"""The environment files agree, and the set-up script builds the environment with any machine's Python."""

import ast
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
DIRECT = [
    Requirement(line)
    for line in [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]
]
BUILD = [Requirement(line) for line in PYPROJECT["build-system"]["requires"]]
FORECAST, ALL = ((ROOT / name).read_text() for name in ("requirements.lock", "requirements-all.lock"))
NEEDED = [*map(Requirement, PROJECT["dependencies"]), *BUILD]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())

# conda-forge's matplotlib brings a desktop toolkit along, matplotlib-base does not.
CONDA_NAMES = {"jupyter-client": "jupyter_client", "matplotlib": "matplotlib-base", "tzdata": "python-tzdata"}


def locked(lock):
    """Versions and hashes of a lock file: name -> list of (version, number of hashes)."""
    found = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^ *#.*\n", "", lock)):
        name, version = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", entry).groups()
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)
        found.setdefault(canonicalize_name(name), []).append((Version(version), len(hashes)))
    return found


@pytest.mark.parametrize("lock, direct", [(FORECAST, NEEDED), (ALL, DIRECT + BUILD)], ids=["forecast", "all"])
def test_every_direct_dependency_is_locked_at_a_version_in_range(lock, direct):
    for requirement in direct:
        versions = [version for version, _ in locked(lock).get(canonicalize_name(requirement.name), [])]
        assert versions, f"{requirement.name} is not locked: make lock"
        assert all(version in requirement.specifier for version in versions), f"{requirement}: make lock"


def test_what_a_forecast_needs_is_locked_alike_with_and_without_the_extras():
    assert locked(FORECAST).items() <= locked(ALL).items()
    extras = {canonicalize_name(each.name) for each in DIRECT if each not in NEEDED} - {
        "jsonschema",
        "packaging",
    }
    assert not extras & locked(FORECAST).keys()


@pytest.mark.parametrize("lock", [FORECAST, ALL], ids=["forecast", "all"])
def test_every_locked_package_has_a_hash_and_names_no_place_to_fetch_from(lock):
    assert [name for name, entries in locked(lock).items() for _, hashes in entries if not hashes] == []
    assert re.findall(r"(?m)^.*(?:://|file:|\.whl|\.tar\.gz|^-| @ ).*$", lock) == []


def test_conda_and_pip_users_get_the_same_ranges():
    conda = {}
    for line in CONDA["dependencies"]:
        if isinstance(line, str):
            name, _, ranges = line.partition(" ")
            conda[name] = Requirement(name + ranges).specifier
    assert conda.pop("python") == Requirement("python" + PROJECT["requires-python"]).specifier
    conda.pop("pip")
    assert conda == {CONDA_NAMES.get(each.name, each.name): each.specifier for each in DIRECT}


def test_the_pinned_python_is_in_range():
    pinned = (ROOT / ".python-version").read_text().strip()
    assert pinned in Requirement("python" + PROJECT["requires-python"]).specifier


def test_every_import_is_a_declared_dependency():
    declared = {canonicalize_name(requirement.name) for requirement in DIRECT}
    distributions = packages_distributions()
    ours = {"model", "tests"} | {path.stem for path in ROOT.glob("tests/*.py")}
    undeclared = set()
    for path in [*ROOT.glob("model/**/*.py"), *ROOT.glob("tests/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for top in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - ours:
                owners = {canonicalize_name(owner) for owner in distributions.get(top, [top])}
                if not owners & declared:
                    undeclared.add(f"{path.name}: {top}")
    assert undeclared == set()


# The set-up, tried in a small checkout of its own: an empty lock and a project that builds itself.

BACKEND = """
import zipfile

def build_editable(folder, *_):
    with zipfile.ZipFile(f"{folder}/tiny-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""
TINY = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1"
"""


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "a checkout with spaces"
    (folder / ".ci").mkdir(parents=True)
    for name in ("bootstrap", "bootstrap.py"):
        shutil.copy(ROOT / ".ci" / name, folder / ".ci")
    for name in ("requirements.lock", "requirements-all.lock"):
        (folder / name).write_text("")
    (folder / "pyproject.toml").write_text(TINY)
    (folder / "backend.py").write_text(BACKEND)
    return folder


def set_up(checkout, *extras, **environment):
    return subprocess.run(
        ["sh", ".ci/bootstrap", *extras],
        cwd=checkout,
        env=os.environ | {"PYTHON": sys.executable} | environment,
        capture_output=True,
        text=True,
    )


def first_line(checkout):
    """What a set-up says first; it is then killed."""
    process = subprocess.Popen(
        ["sh", ".ci/bootstrap"],
        cwd=checkout,
        env=os.environ | {"PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    line = process.stdout.readline()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return line


def test_a_set_up_is_done_once_again_when_the_lock_changes_and_leaves_no_stamp_when_it_fails(checkout):
    assert "Setting up .venv" in set_up(checkout).stdout
    assert (checkout / ".venv/bin/python").exists()
    done = set_up(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (checkout / ".venv/kept").touch()
    (checkout / "requirements-all.lock").write_text("# more\n")
    assert "Setting up .venv" in set_up(checkout, "all").stdout and (checkout / ".venv/kept").exists()
    assert [set_up(checkout, *extras).stdout for extras in ([], ["all"])] == ["", ""]
    for name in ("requirements.lock", "requirements-all.lock"):
        (checkout / name).write_text("# another\n")
    assert first_line(checkout).startswith("Setting up .venv")
    shutil.rmtree(checkout / ".venv")
    (checkout / ".venv").write_text("in the way of a folder")
    done = set_up(checkout)
    assert done.returncode == 1 and "Run the command again" in done.stderr
    assert (checkout / ".venv").is_file()


def test_one_set_up_waits_for_another(checkout):
    (checkout / ".cache").mkdir()
    with open(checkout / ".cache/setup.lock", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        assert first_line(checkout).startswith("Waiting for another set-up")
    assert not (checkout / ".venv").exists()


def test_without_a_usable_python_a_message_says_what_to_do(checkout, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "cat"):
        (tools / tool).symlink_to(shutil.which(tool))
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = set_up(checkout, PATH=str(tools), HOME=str(tmp_path), PYENV_ROOT=str(tmp_path), PYTHON=str(old))
    assert done.returncode == 1 and f"PYTHON={old} is not a Python 3.12" in done.stderr
    assert "make forecast PYTHON=" in done.stderr and not (checkout / ".venv").exists()


@pytest.mark.parametrize("given", ["", "floatX=float64"])
def test_functions_are_compiled_without_fast_maths_whoever_starts_them(given):
    """With fast maths, a cached function and a new one differ in their last bits, and so does every draw."""
    told = subprocess.run(
        [sys.executable, "-c", "import os, model; print(os.environ['PYTENSOR_FLAGS'])"],
        cwd=ROOT,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTENSOR_FLAGS"}
        | ({"PYTENSOR_FLAGS": given} if given else {}),
        capture_output=True,
        check=True,
    ).stdout
    assert told.startswith(given or "base_compiledir=") and told.count("numba__fastmath=False") == 1
    assert "PYTENSOR_FLAGS" not in (ROOT / "Makefile").read_text()
