"""Read the files of one ledger table by the columns that its row type declares."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from ..files.csv_files import Row, read_csv
from ..files.problems import Problem
from .checks import Fault, Values
from .rows import Column, Reader, columns_of, readers, short_text, text

Paths = Iterable[str | os.PathLike[str]]


@dataclass
class Table:
    """The rows of all files of one table: for each id the row of the last file, and its value if valid.

    `rows` holds each row with the values of its cells, None where a cell is invalid, and `again` the rows of
    ids that their file has already used. `revised` holds the ids that a later file replaces; `complete` is
    whether every line was well formed.
    """

    rows: dict[str, tuple[Row, Values]] = field(default_factory=dict)
    again: list[tuple[str, Row, Values]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    revised: list[str] = field(default_factory=list)
    complete: bool = True

    @property
    def listed(self) -> Iterator[tuple[str, Row, Values]]:
        """Every row that counts or should have another id: its id, its cells, and their values."""
        yield from ((name, row, cells) for name, (row, cells) in self.rows.items())
        yield from self.again

    def put(self, name: str, row: Row, cells: Values, value: Any) -> None:
        """Replace the row of an earlier file; `value` is None if the row is invalid."""
        earlier = self.values.pop(name, None)
        self.rows[name] = row, cells
        if value is not None:
            self.values[name] = value
            if earlier not in (None, value):
                self.revised.append(name)


def read_table(
    kind: type[Any],
    paths: Paths,
    vocabulary: Mapping[str, Collection[str]],
    check: Callable[[Row, Values], Iterator[Fault]],
    problems: list[Problem],
    contents: Mapping[Path, bytes],
) -> Table:
    """The table of a row type from one or more files; its problems are added to `problems`.

    Parameters
    ----------
    check
        Yields inconsistencies between the cells of a row.
    contents
        Used instead of the content of those files.
    """
    table, columns = Table(), columns_of(kind)
    read = readers(kind, vocabulary)
    absent = [name for name, declared in columns.items() if declared.absent]
    for path in paths:
        malformed: list[Problem] = []
        first_line: dict[str, int] = {}
        rows = read_csv(path, tuple(columns), malformed, contents.get(Path(path).resolve()), absent)
        problems += malformed
        table.complete &= not any(row.broken for row in rows) and not (malformed and not rows)
        for row in rows:
            if row.broken:
                problems += values_of(row, dict(takewhile(_not_prose, columns.items())), read)[1]
                continue
            name = "@".join(row[key] for key in kind.KEY)
            values, wrong = values_of(row, columns, read)
            wrong += [row.problem(*fault) for fault in check(row, values)]
            problems += wrong
            if name in first_line:
                used = f"{name} is already on line {first_line[name]}"
                message = f"expected an id not used before in this file; {used}"
                problems += [row.problem(kind.KEY[0], message)]
                table.again.append((name, row, values))
                continue
            first_line[name] = row.line
            sound = not (wrong or row.problems)
            table.put(name, row, values, kind(**values, file=row.file, line=row.line) if sound else None)
    return table


def _not_prose(column: tuple[str, Column]) -> bool:
    """Whether a column is not free text: where a line is broken, the cells before free text are sound."""
    return column[1].optional or column[1].read not in (text, short_text)


def values_of(
    row: Row, columns: Mapping[str, Column], read: Mapping[str, Reader]
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a row; an invalid cell gives None and adds a problem, unless the file reader did."""
    values: dict[str, Any] = dict.fromkeys(columns)
    faulty = {problem.field for problem in row.problems}
    wrong = []
    for name, declared in columns.items():
        if name in faulty or name not in row:
            continue
        try:
            values[name] = declared.empty if declared.optional and not row[name] else read[name](row[name])
        except ValueError as error:
            wrong.append(row.problem(name, str(error)))
    return values, wrong
