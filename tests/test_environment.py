"""The files that name the environment agree, and the set-up makes it from any machine's Python."""

import ast
import os
import re
import shutil
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
LOCK = (ROOT / "requirements.lock").read_text()
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())

# conda-forge's matplotlib brings a desktop toolkit along, matplotlib-base does not.
CONDA_NAMES = {"jupyter-client": "jupyter_client", "matplotlib": "matplotlib-base"}


def locked():
    """Versions and hashes of the lock: name -> list of (version, number of hashes)."""
    found = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^ *#.*\n", "", LOCK)):
        name, version = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", entry).groups()
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)
        found.setdefault(canonicalize_name(name), []).append((Version(version), len(hashes)))
    return found


@pytest.mark.parametrize("requirement", DIRECT + BUILD, ids=lambda requirement: requirement.name)
def test_every_direct_dependency_is_locked_at_a_version_in_range(requirement):
    versions = [version for version, _ in locked().get(canonicalize_name(requirement.name), [])]
    assert versions, f"{requirement.name} is not in requirements.lock: make lock"
    assert all(version in requirement.specifier for version in versions), f"{requirement}: make lock"


def test_every_locked_package_has_a_hash():
    assert [name for name, entries in locked().items() for _, hashes in entries if not hashes] == []


def test_the_lock_names_no_place_to_fetch_from():
    assert re.findall(r"(?m)^.*(?:://|file:|\.whl|\.tar\.gz|^-| @ ).*$", LOCK) == []


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
    for path in [*ROOT.glob("model/*.py"), *ROOT.glob("tests/*.py")]:
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


# The set-up script, tried with stand-ins for Python that answer at once and write down what they
# were asked.

STAND_IN = """#!/bin/sh
echo "{name} $*" >>"$CALLS"
case $* in
*_base_executable*) echo "{version}.9 $0" ;;
*version_info*) echo {version} ;;
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"-m pip install"*) [ ! -e "$BROKEN" ] ;;
esac
"""

FETCH = """#!/bin/sh
[ "$1" = python ] || exit 0
folder=$UV_PYTHON_INSTALL_DIR/cpython-3.12.9-any/bin
mkdir -p "$folder" && cp "FETCHED" "$folder/python3"
"""


class Machine:
    """A checkout, and a PATH with nothing on it but the tools the set-up needs and the stand-ins put there."""

    def __init__(self, folder):
        self.home, self.bin, self.checkout = folder / "home", folder / "bin", folder / "checkout"
        self.calls, self.broken = folder / "calls", folder / "broken"
        for each in (self.home, self.bin, self.checkout / ".ci"):
            each.mkdir(parents=True)
        for tool in ("sh", "cat", "cmp", "cp", "ln", "mkdir", "rm", "sleep"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        shutil.copy(ROOT / ".ci" / "bootstrap", self.checkout / ".ci")
        (self.checkout / "requirements.lock").write_text("lock\n")
        (self.checkout / "pyproject.toml").write_text("project\n")

    def add(self, path, version="3.12", script=STAND_IN):
        path = self.bin / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script.format(name=path.name, version=version))
        path.chmod(0o755)
        return path

    def set_up(self, **environment):
        """Runs the set-up; returns how it ended and what was made or installed, by which stand-in."""
        self.calls.write_text("")
        environment |= {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "CALLS": str(self.calls),
            "BROKEN": str(self.broken),
        }
        done = subprocess.run(
            ["sh", ".ci/bootstrap"],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        act = r"(?m)^(\S+) .*?-m (?:pip install.*? --)?(venv|require-hashes|editable|target)"
        return done, re.findall(act, self.calls.read_text())


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path / "machine with spaces")


WHOLE = ["venv", "require-hashes", "editable"]


def acts_of(acts):
    return [act for _, act in acts]


def test_a_second_set_up_does_nothing(machine):
    machine.add("python3.12")
    done, acts = machine.set_up()
    assert (done.returncode, acts_of(acts)) == (0, WHOLE)
    done, acts = machine.set_up()
    assert (done.returncode, acts, done.stdout, done.stderr) == (0, [], "", "")


def test_the_first_python_that_runs_and_fits_is_taken(machine):
    machine.add("python3.12", script="#!/bin/sh\nexit 127\n")
    machine.add("python3", "3.11")
    machine.add("python", "3.13")
    done, acts = machine.set_up()
    assert (done.returncode, acts[0]) == (0, ("python", "venv"))


def test_a_python_given_by_name_comes_first_and_replaces_another_version(machine):
    machine.add("python3.12")
    other = machine.add("elsewhere/mine", "3.13")
    machine.set_up()
    done, acts = machine.set_up(PYTHON=str(other))
    assert (done.returncode, acts[0], acts_of(acts)) == (0, ("mine", "venv"), WHOLE)
    assert machine.set_up(PYTHON=str(other))[1] == []


def test_a_given_python_that_does_not_fit_is_passed_over_and_named(machine):
    machine.add("python3.12")
    old = machine.add("old", "3.11")
    done, acts = machine.set_up(PYTHON=str(old))
    assert (done.returncode, acts[0]) == (0, ("python3.12", "venv"))
    assert f"{old}: is 3.11.9" in done.stdout


def test_a_python_of_pyenv_is_found_without_its_shims(machine):
    machine.add(machine.home / ".pyenv/versions/3.12.4/bin/python")
    done, acts = machine.set_up()
    assert (done.returncode, acts_of(acts)) == (0, WHOLE)


def test_a_set_up_cut_short_is_made_anew(machine):
    machine.add("python3.12")
    machine.broken.touch()
    done, _ = machine.set_up()
    assert done.returncode == 1 and "Run the command again" in done.stderr
    machine.broken.unlink()
    done, acts = machine.set_up()
    assert (done.returncode, acts_of(acts)) == (0, WHOLE)


@pytest.mark.parametrize("change", ["lock", "moved", "python gone"])
def test_a_venv_that_no_longer_fits_is_made_anew(machine, change):
    machine.add("python3.12")
    machine.set_up()
    if change == "lock":
        (machine.checkout / "requirements.lock").write_text("another lock\n")
    elif change == "moved":
        machine.checkout = machine.checkout.rename(machine.checkout.with_name("moved"))
    else:
        (machine.checkout / ".venv/bin/python").unlink()
    done, acts = machine.set_up()
    assert (done.returncode, acts_of(acts)) == (0, WHOLE)


def test_a_change_of_the_project_file_alone_installs_only_the_project(machine):
    machine.add("python3.12")
    machine.set_up()
    (machine.checkout / "pyproject.toml").write_text("another project\n")
    assert acts_of(machine.set_up()[1]) == ["editable"]


def test_a_turn_left_by_a_dead_set_up_is_taken_over(machine):
    machine.add("python3.12")
    (machine.checkout / ".cache").mkdir()
    (machine.checkout / ".cache/setup.turn").write_text(f"{dead_process()}\n")
    assert machine.set_up()[0].returncode == 0
    assert os.listdir(machine.checkout / ".cache") == []


def dead_process():
    gone = subprocess.Popen(["sh", "-c", ":"])
    gone.wait()
    return gone.pid


def test_without_a_python_one_is_fetched(machine):
    fetched = machine.add("stand-in")
    machine.add("uv", script=FETCH.replace("FETCHED", str(fetched)))
    done, acts = machine.set_up()
    assert (done.returncode, acts_of(acts)) == (0, WHOLE)


def test_without_a_python_to_be_had_one_message_says_what_was_found_and_what_to_do(machine):
    machine.add("python3", "3.9")
    machine.add("python3.12", script="#!/bin/sh\nexit 127\n")
    machine.broken.touch()
    done, _ = machine.set_up()
    assert done.returncode == 1
    assert "python3: is 3.9.9" in done.stderr and "python3.12: does not run" in done.stderr
    assert "make forecast PYTHON=" in done.stderr
    assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize("given", ["", "floatX=float64"])
def test_functions_are_compiled_without_fast_maths_whoever_starts_them(given):
    """With it, a function from the cache and one compiled now differ in their last bits, and so does every draw."""
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
