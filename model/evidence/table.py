"""The files of one table of the ledger, read and written by the columns that its row type declares."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..files.csv_files import Row, csv_text, read_csv
from ..files.problems import Problem
from .checks import Values
from .rows import Column, Reader, cell_of, columns_of, readers

Paths = Iterable[str | os.PathLike[str]]


@dataclass
class Table:
    """The rows of all files of one table: by id the last file's row, and its value if it is sound.

    `revised` lists the ids that a later file replaced; `complete` says that no line was malformed.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    revised: list[str] = field(default_factory=list)
    complete: bool = True


def read_table(
    kind: type[Any],
    paths: Paths,
    vocabulary: Mapping[str, Collection[str]],
    check: Callable[[Row, Values], Iterator[Problem]],
    problems: list[Problem],
    contents: Mapping[Path, bytes],
) -> Table:
    """The table of a row type from any number of files, its problems added to `problems`.

    Parameters
    ----------
    check
        Yields what is wrong between the cells of a row.
    contents
        Read in place of what those files hold.
    """
    table, columns = Table(), columns_of(kind)
    read = readers(kind, vocabulary)
    absent = [name for name, declared in columns.items() if declared.absent]
    for path in paths:
        malformed: list[Problem] = []
        seen: dict[str, Row] = {}
        for row in read_csv(path, tuple(columns), malformed, contents.get(Path(path).resolve()), absent):
            name = "@".join(row[key] for key in kind.KEY)
            values, wrong = _values(row, columns, read)
            wrong += check(row, values)
            if name in seen:
                wrong.append(
                    row.problem(
                        kind.KEY[0],
                        f"expected an id not used before in this file; {name} stands on line {seen[name].line}",
                    )
                )
                problems += wrong
                continue
            seen[name] = row
            earlier = table.values.pop(name, None)
            if wrong:
                problems += wrong
                continue
            table.values[name] = kind(**values, file=row.file, line=row.line)
            if earlier not in (None, table.values[name]):
                table.revised.append(name)
        table.rows |= seen
        table.complete &= not malformed
        problems += malformed
    return table


def _values(
    row: Row, columns: Mapping[str, Column], read: Mapping[str, Reader]
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a row, None where a cell is not what its column takes, and a problem for each of those."""
    values: dict[str, Any] = {}
    wrong = []
    for name, declared in columns.items():
        cell = row[name]
        if not cell and declared.optional:
            values[name] = declared.empty
            continue
        try:
            values[name] = read[name](cell)
        except ValueError as error:
            values[name] = None
            wrong.append(row.problem(name, str(error)))
    return values, wrong


def table_text(kind: type[Any], rows: Iterable[Any]) -> str:
    """Rows as the text of a file that loads to them again."""
    columns = columns_of(kind)
    return csv_text(columns, ([cell_of(row, name) for name in columns] for row in rows))
