"""More rows in a signals file: their defaults, their ids, and their faults at the place of each cell."""

import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

from ..files.csv_files import CSV_BYTES_MAX, cell_fault, csv_text, line_end
from ..files.disk import decode, locked, name_of, read_bytes, write_atomic
from ..files.problems import HYPHENS, InputError, Problem, gathered, nearest, printable, raise_if_any
from .ledger import Ledger, load_ledger
from .rows import ATTENDANCE, BOTH, OPTIONAL_COLUMNS, SIGNAL_COLUMNS, Signal, cell_of

NO_SOURCE = "not given"
"""The source of a row whose coder names none."""
ID_WORDS = 5
"""The largest number of words of a description in an id."""
SAME = ("public_date", "kind", "actor", "strength", "occasion", "description")
"""The columns of two rows that say the same."""
COPIES = ("event_id", "event_date")
"""The columns that are made from others unless they are given."""
_LATIN = re.compile(r"LATIN SMALL LETTER (\w+)(?: WITH .*)?")
"""The names of letters that an id writes as plain ones: ø is O WITH STROKE, æ is AE."""


def append_signal(
    path: str | os.PathLike[str],
    values: Mapping[str, Any],
    files: Mapping[str, Any],
    words: Mapping[str, Any],
) -> Signal:
    """The signal that is appended to the file, from its cells by column; see `append_signals`.

    Raises
    ------
    InputError
        Lists every problem, those of the row by the option of its cell; nothing is written.
    """
    unknown = [name for name in values if name not in SIGNAL_COLUMNS]
    raise_if_any([of_option(name, f"unknown column{nearest(name, SIGNAL_COLUMNS)}") for name in unknown])
    added, same = append_signals(path, [NewRow(values, of_option)], files, words)
    if not added:
        place = f"{same[0].event_id}, {same[0].file}:{same[0].line}"
        message = f"expected a row not added before; {place} says the same"
        raise InputError([of_option("description", message)])
    return added[0]


def of_option(column: str, message: str) -> Problem:
    """The problem of the option that gives a column."""
    return Problem("options", 0, 0, message, f"--{column.replace('_', '-')}")


class NewRow(NamedTuple):
    """The cells of a row to append, and the problem that a column and a message make at their place."""

    values: Mapping[str, Any]
    problem: Callable[[str, str], Problem]


class Appended(NamedTuple):
    """The signals that were appended, and those of the ledger that say the same as a row left out."""

    added: list[Signal]
    same: list[Signal]


def append_signals(
    path: str | os.PathLike[str], rows: Iterable[NewRow], files: Mapping[str, Any], words: Mapping[str, Any]
) -> Appended:
    """Append rows to a signals file: all of them, or none if one has a fault.

    Existing bytes do not change; a file that does not exist begins with the header. A row that says the same
    as one of the ledger, and names no other id, is left out.

    Parameters
    ----------
    files, words
        The tables of the ledger, with which `load_ledger` checks the rows; `path` is one of them.

    Raises
    ------
    InputError
        Lists every problem at the place of its cell; nothing is written.
    """
    target = Path(path).resolve()
    with locked("ledger"):
        content = _begun(Path(path))
        load = partial(load_ledger, **files, words=words)
        batch = _Batch(path, content, load(contents={target: content}))
        for row in rows:
            batch.add(row)
        found: list[Problem] = []
        with gathered(found):
            ledger = load(contents={target: batch.content})
        raise_if_any([*batch.problems, *filter(None, map(batch.placed, found))])
        if batch.new:
            write_atomic(path, batch.content)
    lines = batch.new.keys()
    added = [signal for signal in ledger.signals if signal.file == name_of(path) and signal.line in lines]
    return Appended(sorted(added, key=lambda signal: signal.line), batch.same)


class _Batch:
    """A signals file with new rows, by their lines, their problems, and the known rows that say the same.

    `used` has the place of each id of the ledger, `said` what its rows say.
    """

    def __init__(self, path: str | os.PathLike[str], content: bytes, ledger: Ledger):
        self.path, self.content = path, content
        self.new: dict[int, NewRow] = {}
        self.problems: list[Problem] = []
        self.same: list[Signal] = []
        self.used = {signal.event_id: f"{signal.file}:{signal.line}" for signal in ledger.signals}
        rows = [({name: cell_of(signal, name) for name in SAME}, signal) for signal in ledger.signals]
        self.said: dict[tuple[str, ...], Signal | str] = {_saying(row): signal for row, signal in rows}

    def add(self, new: NewRow) -> None:
        """Add a row to the content; a known row that says the same takes its place."""
        row = completed(new.values, self.used)
        twin = None if new.values.get("event_id") else self.said.get(_saying(row))
        if isinstance(twin, Signal):
            self.same.append(twin)
            return
        if twin:
            self.problems.append(new.problem("description", f"expected a row not added before; {twin}"))
        self.problems += _faults(row, self.used, new.problem)
        tried = {name: printable(cell).strip() for name, cell in row.items()}
        if row["event_id"] in self.used:
            tried["event_id"] = new_id(tried, self.used)
        self.content, line = _with_row(self.content, tried, self.path)
        self.new[line] = new
        self.used[tried["event_id"]] = f"{name_of(self.path)}:{line}"
        self.said.setdefault(_saying(row), "another of these says the same")

    def placed(self, problem: Problem) -> Problem | None:
        """The problem at the cell of a new row that has it; None for a cell that is made from others."""
        if problem.file != name_of(self.path) or problem.line not in self.new:
            return problem
        new = self.new[problem.line]
        made_up = problem.field in COPIES and not new.values.get(problem.field)
        return None if made_up else new.problem(problem.field, problem.message)


def _begun(path: Path) -> bytes:
    """The content of a signals file: of a new one in a folder that exists, the header."""
    if not path.exists() and path.parent.is_dir():
        return csv_text(SIGNAL_COLUMNS, ()).encode()
    return read_bytes(path, CSV_BYTES_MAX)


def completed(values: Mapping[str, Any], used: Collection[str]) -> dict[str, str]:
    """The cells of a new row: those given, and the defaults of the others.

    It happened on the day on which it became public, both sides acted (words about attendance must say
    whose), and the row is not checked.
    """
    row = {name: str(values.get(name) or "") for name in SIGNAL_COLUMNS}
    row["strength"] = row["strength"].translate(HYPHENS).removeprefix("+")
    defaults = {"event_date": row["public_date"], "source": NO_SOURCE, "in_article": "no", "checked": "open"}
    if row["kind"] != ATTENDANCE:
        defaults["actor"] = BOTH
    row |= {name: default for name, default in defaults.items() if not row[name]}
    row["event_id"] = row["event_id"] or new_id(row, used)
    return row


def new_id(row: Mapping[str, str], used: Collection[str]) -> str:
    """An id that is not used: the day and words of the description, or of the kind.

    Letters that are no Latin ones are left out; a number at the end tells it from ids that are used.
    """
    words = _plain_words(row["description"])[:ID_WORDS]
    if not any(word.isalpha() for word in words):
        words = _plain_words(row["kind"]) or ["signal"]
    base = "-".join([row["public_date"], *words])
    return next(name for name in chain([base], (f"{base}-{n}" for n in count(2))) if name not in used)


def _plain_words(text: str) -> list[str]:
    """The words of a text in small letters a to z and digits."""
    return "".join(map(_plain, unicodedata.normalize("NFC", text.casefold()))).split()


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isalnum() else " "
    latin = _LATIN.fullmatch(unicodedata.name(letter, ""))
    return latin[1].lower() if latin else " "


def _faults(
    row: Mapping[str, str], used: Mapping[str, str], problem: Callable[[str, str], Problem]
) -> Iterator[Problem]:
    """Cells that no file may hold, and an id that is used, with its place."""
    for name, cell in row.items():
        if fault := cell_fault(cell):
            yield problem(name, fault)
    if place := used.get(row["event_id"]):
        yield problem("event_id", f"expected an id not used before; {row['event_id']} is at {place}")


def _saying(row: Mapping[str, str]) -> tuple[str, ...]:
    """What a row says, by its cells."""
    return tuple(row[name] for name in SAME)


def _with_row(content: bytes, row: Mapping[str, str], path: str | os.PathLike[str]) -> tuple[bytes, int]:
    """A signals file with one more row and the same line ends, and the line of that row."""
    file = name_of(path)
    text = decode(content, file)
    end = line_end(text)
    header = text.lstrip().split(end, 1)[0].split(",")
    absent = [name for name in OPTIONAL_COLUMNS if name not in header]
    wanted = [name for name in absent if row[name]]
    text_of = "expected a column {0}, as this row fills it; the file has none"
    raise_if_any([Problem(file, 1, 1, text_of.format(name), name) for name in wanted])
    cells = csv_text([row[name] for name in SIGNAL_COLUMNS if name not in absent], ()).removesuffix("\n")
    between = "" if text.endswith(end) else end
    return content + (between + cells + end).encode(), (text + between).count(end[-1]) + 1
