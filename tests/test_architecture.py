"""Code rules, each checked by a tool: layers by import-linter, style by ruff, types by pyrefly."""

import subprocess
import sys

import pytest

from model.paths import CACHE, ROOT

HEAVY = {
    "pymc",
    "pytensor",
    "nutpie",
    "arviz",
    "arviz_stats",
    "xarray",
    "pandas",
    "matplotlib",
    "scipy.stats",
    "papermill",
    "nbconvert",
    "distributed",
}


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--quiet"),
        ("ruff", "format", "--check", "--quiet"),
        ("pyrefly", "check", "--python-interpreter-path", sys.executable),
        ("importlinter.cli", "lint_imports"),
    ],
    ids=lambda words: words[0].partition(".")[0],
)
def test_the_code_keeps_the_rules_of_pyproject(command):
    tool, *words = command
    if tool == "importlinter.cli":
        run = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
        words = ["--cache-dir", str(CACHE / "import_linter")]
    else:
        run = [sys.executable, "-m", tool]
    done = subprocess.run([*run, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def modules_after(code):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sorted(sys.modules), file=sys.stderr)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, set(done.stderr.split())


def test_an_answer_from_the_stored_fit_needs_numpy_only(default_run):
    said, loaded = modules_after("from model.cli import main; assert main(['forecast']) == 0")
    assert "From the stored fit" in said and "numpy" in loaded
    assert not HEAVY & loaded


def test_importing_a_module_is_light():
    _, loaded = modules_after("import model.summit, model.fit.fits, model.answer.forecast, model.cli")
    assert not (HEAVY | {"scipy"}) & loaded
