"""Read and write tables of the track record: CSV rows with the same columns, floats with four decimals."""

import csv
from pathlib import Path
from typing import Any

from ..files.csv_files import csv_text, four_decimals
from ..files.disk import write_atomic
from ..paths import RECORD


def save_table(rows: list[dict[str, Any]], path: Path) -> None:
    """Write rows with the same columns; the first row sets the columns."""
    write_atomic(path, csv_text(rows[0], (map(four_decimals, row.values()) for row in rows)))


def load(name: str | Path) -> list[dict[str, Any]]:
    """The rows of a track-record table or CSV file, with numbers parsed; empty if there is no file."""
    path = name if isinstance(name, Path) else RECORD / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(stream)]


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
