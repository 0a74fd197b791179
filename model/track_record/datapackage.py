"""The file `datapackage.json` of the seeds and of a track record: what each column of each table holds.

It follows the Tabular Data Package of Frictionless Data, so that other tools read the tables with types. The
columns of the ledger come from its row types and the codebook of the seeds, all others from `codebook`.
`python -m model.track_record.datapackage` writes both files.
"""

import csv
import gzip
import json
import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..evidence import rows
from ..evidence.ledger import words_of
from ..evidence.rows import ROW_TYPES, Reader, columns_of, readers
from ..files.disk import write_atomic
from ..paths import RECORD, SEEDS
from ..settings.params import load_params
from . import codebook
from .codebook import Field

NAME = "datapackage.json"
PLAIN: dict[Reader, dict[str, Any]] = {
    str: {"kind": "string"},
    rows.text: {"kind": "string"},
    rows.short_text: {"kind": "string", "maxLength": rows.DESCRIPTION_MAX},
    rows.day: {"kind": "date"},
    rows.read_strength: {"kind": "integer", "enum": list(rows.STRENGTHS.values())},
}
"""What each reader of a cell without parameters accepts, as arguments of `codebook.field`."""
LICENSE = {"name": "MIT", "title": "MIT License", "path": "https://opensource.org/license/mit"}
LISTS = {
    "licenses": [{"name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/"}],
    "sources": [
        {"title": f"US State Department, {name}", "path": f"https://github.com/HistoryAtState/{name}"}
        for name in ("travels", "visits")
    ],
}
"""Licence and sources of the official travel lists, which are not ours."""


def package(folder: Path) -> dict[str, Any]:
    """The descriptor of the tables in the folder of the seeds or of a track record.

    These are the CSV files that its README names; a track record of another pair has none of its own.
    """
    text = ((SEEDS if folder == SEEDS else RECORD) / "README.md").read_text("utf-8")
    title, about, *_ = text.split("\n\n")
    source = (
        "Public sources, which each row names" if folder == SEEDS else "The seeds and params of this project"
    )
    files = described(text)
    paths = [path for path in sorted(folder.glob("*.csv*")) if path.name in files]
    tables = {path.name.partition(".")[0]: path for path in paths}
    return {
        "profile": "tabular-data-package",
        "name": f"summit-forecast-{folder.name}",
        "title": title.removeprefix("# "),
        "description": " ".join(about.split()).partition(". ")[0] + ".",
        "licenses": [LICENSE],
        "sources": [{"title": source}],
        "resources": [resource(table, path, files[path.name], tables) for table, path in tables.items()],
    }


def resource(table: str, path: Path, about: Mapping[str, str], tables: Collection[str]) -> dict[str, Any]:
    """The descriptor of one table in a file; `about` is what the README says of it."""
    more = {"compression": "gz"} if path.suffix == ".gz" else LISTS if table == "official_travels" else {}
    return {
        "profile": "tabular-data-resource",
        "name": table,
        "path": path.name,
        "description": "; ".join(f"{name}: {cell}" for name, cell in about.items()),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        **more,
        "schema": schema(table, header(path), tables),
    }


def header(path: Path) -> list[str]:
    """The names of the columns of a CSV file."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream))


def schema(table: str, names: list[str], tables: Collection[str]) -> dict[str, Any]:
    """The Table Schema of a table with these columns; it refers to `tables` only.

    Raises
    ------
    KeyError
        If nothing declares a column.
    """
    known = ledger_fields(ROW_TYPES[table], table) if table in ROW_TYPES else {}
    key = ROW_TYPES[table].KEY if table in ROW_TYPES else codebook.KEYS.get(table, ())
    parts = {
        "fields": [{"name": name} | (known.get(name) or codebook.column(table, name)) for name in names],
        "missingValues": [""],
        "primaryKey": list(key),
        "foreignKeys": [
            {"fields": [name], "reference": {"resource": "" if to == table else to, "fields": [column]}}
            for name, (to, column) in codebook.REFERENCES.get(table, {}).items()
            if to in tables
        ],
    }
    return {name: part for name, part in parts.items() if part}


def ledger_fields(kind: type[Any], table: str) -> dict[str, Field]:
    """The fields of a table of the ledger by column, with the words of the params."""
    read = readers(kind, words_of(**load_params().vocabulary))
    sections = re.split(r"\n##+ ", (SEEDS / "README.md").read_text("utf-8"))
    meanings = described(next(part for part in sections if part.startswith(f"{table}.csv\n")))
    return {
        name: codebook.field(
            meaning=meanings[name]["meaning"], empty=declared.optional, **accepts(read[name])
        )
        for name, declared in columns_of(kind).items()
    }


def accepts(read: Reader) -> dict[str, Any]:
    """The type and the limits of the cells that a reader accepts, as arguments of `codebook.field`."""
    if not isinstance(read, partial):
        return PLAIN[read]
    first = read.args[0]
    if isinstance(first, re.Pattern):
        return {"kind": "string", "pattern": first.pattern}
    if set(first.values()) == {True, False}:
        words = {value: word for word, value in first.items()}
        return {"kind": "boolean", "words": {"trueValues": [words[True]], "falseValues": [words[False]]}}
    return {"kind": "string", "enum": list(first)}


def described(markdown: str) -> dict[str, dict[str, str]]:
    """The rows of Markdown tables by each name in their first cell: the other cells by their heading."""
    found, heads = {}, []
    for line in markdown.splitlines():
        first, *cells = line.strip("| ").split(" | ")
        if line.startswith("| `"):
            found |= {name: dict(zip(heads, cells)) for name in re.findall("`([^`]+)`", first)}
        elif line.startswith("| "):
            heads = cells
    return found


def write(folder: Path) -> None:
    """Write the descriptor of a folder."""
    write_atomic(folder / NAME, json.dumps(package(folder), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    for folder in (SEEDS, RECORD):
        write(folder)
