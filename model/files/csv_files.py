"""Strict CSV: one row a line, a fixed header, the place of every cell; and CSV as text."""

import csv
import io
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from .disk import decode, name_of, read_bytes
from .problems import PROBLEMS_MAX, InputError, Problem, gathered, nearest, odd_character, raise_if_any, shown

CSV_BYTES_MAX = 32_000_000
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
"""What separates the cells of files that are no CSV, by its name."""

_COMMAS = (
    "save it with commas (in LibreOffice: Save As, Edit filter settings, field delimiter; Excel takes the "
    "list separator of the region settings)"
)
_QUOTES = 'a cell with a comma or a quote is written "so, and with ""inner"" quotes doubled", all on one line'


class Row(dict[str, str]):
    """The cells of one CSV line by column name, and their faults.

    A `broken` line has unbalanced quotes or too few or too many cells: cells from the fault on may belong to
    other columns or be absent.
    """

    def __init__(self, cells: Mapping[str, str], file: str, line: int, text: str, separator: str):
        super().__init__(cells)
        self.file, self.line, self.text, self.separator = file, line, text, separator
        self.broken = False
        self.problems = [
            self.problem(name, fault) for name, text in cells.items() if (fault := cell_fault(text))
        ]

    def problem(self, column: str, message: str) -> Problem:
        """The problem at the first character of the cell of `column`, or of the line if it has none."""
        cells, _ = _split(self.text, self.separator)
        starts = {name: cell.start for name, cell in zip(self, cells)}
        return Problem(self.file, self.line, starts.get(column, 1), message, column)


class _Cell(NamedTuple):
    start: int
    text: str


def cell_fault(text: str) -> str:
    """What no cell may hold: control and direction characters, outer spaces; empty if there is nothing."""
    if fault := odd_character(text):
        return fault
    return "" if text == text.strip() else f"expected text without outer spaces; found {shown(text)}"


def read_csv(
    path: str | os.PathLike[str],
    columns: Sequence[str],
    problems: list[Problem] | None = None,
    content: bytes | None = None,
    optional: Collection[str] = (),
) -> list[Row]:
    """The rows of a UTF-8 CSV file whose header is exactly `columns`, one row a line.

    As spreadsheets write them, a byte order mark, line ends of any system, blank rows, and empty columns at
    the end are skipped. Nothing is repaired: the file keeps its bytes.

    Parameters
    ----------
    problems : list of Problem, optional
        Collects the problems, and the rows are returned, faulty ones too; without it they are raised.
    content : bytes, optional
        Read in place of the file's content.
    optional : collection of str, optional
        Columns that the file may lack; their cells are then empty.

    Raises
    ------
    InputError
        With every fault of every line, unless `problems` is given.
    """
    file, found, rows = name_of(path), [], []
    with gathered(found):
        text = decode(read_bytes(path, CSV_BYTES_MAX) if content is None else content, file)
        lines = _lines(text)
        number, line = next(lines, (1, ""))
        separator = _separator(line, file, number, found)
        header, fault = _split(line, separator) if line else ([], 0)
        header = header[: len(_trimmed([cell.text for cell in header]))]
        if fault:
            raise InputError.at(file, number, fault, f"quotes are not balanced: {_QUOTES}")
        absent = [name for name in optional if header and name not in [cell.text for cell in header]]
        present = [name for name in columns if name not in absent]
        raise_if_any(_header_problems(header, present, absent, file, number))
        for number, line in lines:
            if len(found) >= PROBLEMS_MAX:
                break
            row = _row(line, separator, present, absent, file, number)
            if any(row.values()) or row.broken:
                rows.append(row)
                found += row.problems
    if problems is None:
        raise_if_any(found)
    else:
        problems.extend(found)
    return rows


def line_end(text: str) -> str:
    """What ends a line of a text: CRLF, LF, or CR alone, as old systems write it."""
    if "\n" in text:
        return "\r\n" if "\r\n" in text else "\n"
    return "\r" if "\r" in text else "\n"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text that are more than separators, each with its number."""
    for number, line in enumerate(text.replace(line_end(text), "\n").split("\n"), start=1):
        if line.strip(" ,;|\t"):
            yield number, line


def _separator(header: str, file: str, number: int, problems: list[Problem]) -> str:
    """What separates the cells of a header; unless that is a comma, adds the problem."""
    separator = max(",", *SEPARATORS, key=header.count)
    if separator != ",":
        message = f"the cells are separated by {SEPARATORS[separator]}; {_COMMAS}"
        problems.append(Problem(file, number, header.index(separator) + 1, message))
    return separator


@cache
def _cell(separator: str) -> re.Pattern[str]:
    """The pattern of one cell and what separates it from the next."""
    mark = re.escape(separator)
    return re.compile(rf'(?:"(?P<quoted>[^"]*(?:""[^"]*)*)"|(?P<plain>[^"{mark}]*))(?P<more>{mark}|\Z)')


def _split(line: str, separator: str) -> tuple[list[_Cell], int]:
    """The cells of one line, and the column from which quotes are not balanced, 0 if all are."""
    cells, start, cell_at = [], 0, _cell(separator).match
    while match := cell_at(line, start):
        quoted, plain, more = match.groups()
        cells.append(_Cell(start + 1, plain if quoted is None else quoted.replace('""', '"')))
        start = match.end()
        if not more:
            return cells, 0
    return cells, start + 1


def _texts(line: str, separator: str) -> tuple[list[str], int]:
    """The text of each cell of a line, and the fault as in `_split`, which reads lines with odd quotes."""
    with suppress(csv.Error):
        texts = next(csv.reader((line,), delimiter=separator, strict=True))
        if not ("\r" in line or any('"' in text for text in texts)):
            return texts, 0
    cells, fault = _split(line, separator)
    return [cell.text for cell in cells], fault


def _trimmed(texts: list[str], least: int = 0) -> list[str]:
    """The cells without empty ones at the end, but at least so many."""
    while len(texts) > least and not texts[-1]:
        texts = texts[:-1]
    return texts


def _row(
    line: str, separator: str, present: Sequence[str], absent: Sequence[str], file: str, number: int
) -> Row:
    """The row of one line; the cells of `absent` columns are empty."""
    texts, fault = _texts(line, separator)
    texts, message = _trimmed(texts, len(present)), f"quotes are not balanced: {_QUOTES}"
    if not fault and len(texts) != len(present):
        extra = _split(line, separator)[0][len(present) :]
        fault = extra[0].start if extra else len(line) + 1
        message = f"expected {len(present)} cells; found {len(texts)} ({_QUOTES})"
    cells = dict(zip(present, texts)) | dict.fromkeys(absent, "")
    row = Row(cells, file, number, line, separator)
    if fault:
        row.broken, row.problems = True, [Problem(file, number, fault, message)]
    return row


def _header_problems(
    cells: Sequence[_Cell], columns: Sequence[str], absent: Sequence[str], file: str, line: int
) -> list[Problem]:
    """The faults of a header that should be `columns`; `absent` are valid columns that it lacks."""
    wanted = f"expected the header {','.join(columns)}"
    if not cells:
        return [Problem(file, line, 1, f"the file is empty: {wanted}")]
    found, problems = [cell.text for cell in cells], []
    if not {*columns, *absent}.intersection(found):
        return [Problem(file, line, 1, f"no column of this file is known: {wanted}")]
    for index, (start, name) in enumerate(cells):
        if name not in columns:
            hint = nearest(name, [*columns, *absent])
            problems.append(Problem(file, line, start, f"unknown column {shown(name)}{hint}"))
        elif name in found[:index]:
            problems.append(Problem(file, line, start, f"column {shown(name)} appears twice"))
    if missing := [name for name in columns if name not in found]:
        problems.append(Problem(file, line, 1, f"missing column {', '.join(missing)}"))
    if not problems:
        misplaced = [(cell, want) for cell, want in zip(cells, columns) if cell.text != want]
        for cell, want in misplaced[:1]:
            problems.append(
                Problem(file, line, cell.start, f"expected column {want} here; found {cell.text}")
            )
    return [*problems, Problem(file, line, 1, wanted)] if problems else []


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
