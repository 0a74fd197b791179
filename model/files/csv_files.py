"""Strict CSV: one row a line, a fixed header, the place of every cell; and CSV as text."""

import csv
import io
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .disk import decode, name_of, read_bytes
from .problems import PROBLEMS_MAX, InputError, Problem, gathered, nearest, raise_if_any, shown

CSV_BYTES_MAX = 32_000_000

_CELL = re.compile(r'(?:"(?P<quoted>[^"]*(?:""[^"]*)*)"|(?P<plain>[^",]*))(?P<comma>,|\Z)')
_UNBALANCED = (
    "quotes are not balanced: a cell with a comma or a quote is "
    'written "so, and with ""inner"" quotes doubled", all on one line'
)


class Row(dict[str, str]):
    """The cells of one CSV line by column name, and where each of them starts."""

    def __init__(self, cells: Mapping[str, str], file: str, line: int, starts: Mapping[str, int]):
        super().__init__(cells)
        self.file, self.line, self.starts = file, line, starts

    def problem(self, column: str, message: str) -> Problem:
        """The problem at the first character of the cell of `column`."""
        return Problem(self.file, self.line, self.starts[column], message, column)


class _Cell(NamedTuple):
    start: int
    text: str


def read_csv(
    path: str | os.PathLike[str],
    columns: Sequence[str],
    problems: list[Problem] | None = None,
    content: bytes | None = None,
    optional: Collection[str] = (),
) -> list[Row]:
    """The rows of a UTF-8 CSV file whose header is exactly `columns`, one row a line.

    LF and CRLF both end a line, as spreadsheets write the latter; nothing else of CSV's leniency is accepted.

    Parameters
    ----------
    problems : list of Problem, optional
        Collects the problems, and the well-formed rows are returned; without it they are raised.
    content : bytes, optional
        Read in place of the file's content.
    optional : collection of str, optional
        Columns that the file may lack; their cells are then empty.

    Raises
    ------
    InputError
        With every malformed line, unless `problems` is given.
    """
    file, found, rows = name_of(path), [], []
    with gathered(found):
        text = decode(read_bytes(path, CSV_BYTES_MAX) if content is None else content, file)
        lines = _lines(text)
        header = _split(next(lines), file, 1) if text else []
        absent = [name for name in optional if text and name not in [cell.text for cell in header]]
        present = [name for name in columns if name not in absent]
        raise_if_any(_header_problems(header, present, absent, file))
        for number, line in enumerate(lines, start=2):
            if len(found) >= PROBLEMS_MAX:
                break
            with gathered(found):
                rows.append(_row(line, present, absent, file, number))
    if problems is None:
        raise_if_any(found)
    else:
        problems.extend(found)
    return rows


def _lines(text: str) -> Iterator[str]:
    for line in io.StringIO(text, newline="\n"):
        yield line.removesuffix("\n").removesuffix("\r")


def _split(line: str, file: str, number: int) -> list[_Cell]:
    """The cells of one line."""
    cells, start = [], 0
    while match := _CELL.match(line, start):
        quoted = match["quoted"]
        cells.append(_Cell(start + 1, match["plain"] if quoted is None else quoted.replace('""', '"')))
        start = match.end()
        if not match["comma"]:
            return cells
    raise InputError.at(file, number, start + 1, _UNBALANCED)


def _row(line: str, present: Sequence[str], absent: Sequence[str], file: str, number: int) -> Row:
    """The row of one line; the cells of `absent` columns are empty."""
    cells = _split(line, file, number)
    if len(cells) != len(present):
        extra = cells[len(present)].start if len(cells) > len(present) else len(line) + 1
        raise InputError.at(file, number, extra, f"expected {len(present)} cells; found {len(cells)}")
    by_column = dict.fromkeys(absent, _Cell(1, "")) | dict(zip(present, cells))
    texts = {name: cell.text for name, cell in by_column.items()}
    row = Row(texts, file, number, {name: cell.start for name, cell in by_column.items()})
    raise_if_any(
        [
            row.problem(name, f"expected printable text without outer spaces; found {shown(text)}")
            for name, text in texts.items()
            if not text.isprintable() or text != text.strip()
        ]
    )
    return row


def _header_problems(
    cells: Sequence[_Cell], columns: Sequence[str], absent: Sequence[str], file: str
) -> list[Problem]:
    """The faults of a header that should be `columns`; `absent` are valid columns that it lacks."""
    wanted = f"expected the header {','.join(columns)}"
    if not cells:
        return [Problem(file, 1, 1, f"the file is empty: {wanted}")]
    found, problems = [cell.text for cell in cells], []
    for index, (start, name) in enumerate(cells):
        if name not in columns:
            hint = nearest(name, [*columns, *absent])
            problems.append(Problem(file, 1, start, f"unknown column {shown(name)}{hint}"))
        elif name in found[:index]:
            problems.append(Problem(file, 1, start, f"column {shown(name)} stands twice"))
    if missing := [name for name in columns if name not in found]:
        problems.append(Problem(file, 1, 1, f"missing column {', '.join(missing)}"))
    if not problems:
        misplaced = [(cell, want) for cell, want in zip(cells, columns) if cell.text != want]
        for cell, want in misplaced[:1]:
            problems.append(Problem(file, 1, cell.start, f"expected column {want} here; found {cell.text}"))
    return [*problems, Problem(file, 1, 1, wanted)] if problems else []


def is_formula(text: str) -> bool:
    """Whether a spreadsheet takes the text for a formula."""
    return text.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


def four_decimals(cell: Any) -> Any:
    """A float as text with four decimals, anything else as it is."""
    return f"{cell:.4f}" if isinstance(cell, float) else cell


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A header and rows as CSV, lines ending in a line feed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
