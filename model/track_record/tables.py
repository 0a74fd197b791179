"""The tables of the record: rows of one shape as CSV, floats with four decimals."""

import csv
from pathlib import Path
from typing import Any

from ..files.csv_files import csv_text, four_decimals
from ..files.disk import write_atomic
from ..paths import RECORD


def save_table(rows: list[dict[str, Any]], path: Path) -> None:
    """Write rows of one shape; their columns are those of the first."""
    write_atomic(path, csv_text(rows[0], (map(four_decimals, row.values()) for row in rows)))


def load(name: str | Path) -> list[dict[str, Any]]:
    """The rows of a table of the record or of a CSV file, numbers as numbers; none without a file."""
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
