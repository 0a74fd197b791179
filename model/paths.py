"""Every folder and file of the project that code names, once."""

import re
from collections.abc import Iterable
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
"""The track record of the pair of the seeds; those of other pairs lie beside it, see `record_of`."""
LOG = RENDERED / "log.csv"
LATEST = "latest"
"""The folder beside the rendered runs that leads to the newest; no run may have its name."""

CACHE = ROOT / ".cache"
FITS = CACHE / "fits"
FAILED = CACHE / "failed"


def record_of(sides: Iterable[str], host: str = "", seeds: bool = False) -> Path:
    """The folder of the track record of two sides, by their codes, for meetings anywhere or at one host.

    With `seeds` it rests on the seeds.
    """
    if seeds and not host:
        return RECORD
    place = ["in", host] if host else []
    return RENDERED / "-".join([RECORD.name, *sides, *place]).lower()


def names_record(name: str) -> bool:
    """Whether a folder of that name beside the rendered runs is kept for a track record."""
    return re.fullmatch(rf"{RECORD.name}(-.*)?", name.lower()) is not None


def holds_record(folder: Path) -> bool:
    """Whether a folder is one of track records or lies in one; no run may be written there."""
    path, home = folder.resolve(), RENDERED.resolve()
    return path.is_relative_to(home) and any(map(names_record, path.relative_to(home).parts[:1]))


def package_files() -> list[Path]:
    """The files of the package that decide what a run says: code, templates, styles and scripts."""
    kinds = (".py", ".j2", ".css", ".js", ".mplstyle")
    return sorted(path for path in PACKAGE.rglob("*") if path.suffix in kinds)
