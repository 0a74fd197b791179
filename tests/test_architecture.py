"""Code rules, each checked by a tool: layers by import-linter, style by ruff, types by pyrefly."""

import subprocess
import sys

import pytest

from model.paths import CACHE, PARAMS, ROOT

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


def test_an_answer_from_a_shipped_posterior_needs_h5py_too_and_other_priors_scipy(tmp_path):
    """Nothing is in the store; each of the libraries not loaded takes longer than the answer."""
    priors = tmp_path / "priors.yaml"
    text = (PARAMS / "priors.yaml").read_text("utf-8")
    priors.write_text(text.replace("95%: 0.998}", "95%: 0.997}"), "utf-8")
    begin = f"from pathlib import Path; from model.fit import fits; fits.FITS = Path({str(tmp_path)!r})"
    for words, source, needed in (
        (["forecast"], "From the posterior that notebooks/rendered/2025-07-11 ships", set()),
        (["forecast", "--priors", str(priors)], "reweighted to these priors and outcomes", {"scipy.stats"}),
    ):
        said, loaded = modules_after(f"{begin}; from model.cli import main; assert main({words}) == 0")
        assert source in said and "h5py" in loaded
        assert HEAVY & loaded == needed


def test_importing_a_module_is_light():
    _, loaded = modules_after("import model.summit, model.fit.fits, model.answer.forecast, model.cli")
    assert not (HEAVY | {"scipy"}) & loaded
