"""Every folder and file of the project that code names, once."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "model"
README = ROOT / "README.md"

PARAMS = ROOT / "params"
SCENARIOS = PARAMS / "scenarios"
SWEEPS = PARAMS / "sweeps"

SEEDS = ROOT / "seeds"
TABLES = {name: SEEDS / f"{name}.csv" for name in ("signals", "occasions", "visit_windows")}
"""The ledger of the project by table."""
TRAVELS = SEEDS / "official_travels.csv"
REFERENCES = SEEDS / "reference_forecasts.csv"

NOTEBOOKS = ROOT / "notebooks"
RENDERED = NOTEBOOKS / "rendered"
RECORD = RENDERED / "record"
LOG = RENDERED / "log.csv"

CACHE = ROOT / ".cache"
FITS = CACHE / "fits"
FAILED = CACHE / "failed"


def package_files() -> list[Path]:
    """The files of the package that decide what a run says: code, templates, styles and scripts."""
    kinds = (".py", ".j2", ".css", ".js", ".mplstyle")
    return sorted(path for path in PACKAGE.rglob("*") if path.suffix in kinds)
