"""One more row in a signals file: its defaults, its id, and its faults by the option that gave the cell."""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from ..files.csv_files import CSV_BYTES_MAX, cell_fault, csv_text, line_end
from ..files.disk import decode, locked, name_of, read_bytes, write_atomic
from ..files.problems import HYPHENS, Problem, gathered, nearest, printable, raise_if_any
from .ledger import Ledger, load_ledger
from .rows import ATTENDANCE, BOTH, OPTIONAL_COLUMNS, SIGNAL_COLUMNS, Signal

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
    *,
    signals: Sequence[str | os.PathLike[str]] | None = None,
    occasions: Sequence[str | os.PathLike[str]] = (),
    visit_windows: Sequence[str | os.PathLike[str]] = (),
    **vocabulary: Any,
) -> Signal:
    """The signal that is appended to the file, after `load_ledger` has checked the whole ledger with it.

    Existing bytes do not change; a file that does not exist begins with the header.

    Parameters
    ----------
    values : mapping of column name to value
        Columns without a value have the default of `completed`.
    signals, occasions, visit_windows : sequence of path
        The files of the ledger; `signals` includes `path` and defaults to it.

    Raises
    ------
    InputError
        Lists every problem, those of the row by the option of its cell; nothing is written.
    """
    files: dict[str, Any] = {
        "signals": (path,) if signals is None else signals,
        "occasions": occasions,
        "visit_windows": visit_windows,
    }
    unknown = [name for name in values if name not in SIGNAL_COLUMNS]
    raise_if_any([_option(name, f"unknown column{nearest(name, SIGNAL_COLUMNS)}") for name in unknown])
    target = Path(path).resolve()
    with locked("ledger"):
        old = _begun(Path(path))
        ledger = load_ledger(**files, **vocabulary, contents={target: old})
        row = completed(values, ledger)
        problems = list(_faults(row, ledger))
        tried = {name: printable(cell).strip() for name, cell in row.items()}
        if any(signal.event_id == row["event_id"] for signal in ledger.signals):
            tried["event_id"] = new_id(tried, ledger)
        content, line = _with_row(old, tried, path)
        found: list[Problem] = []
        with gathered(found):
            ledger_with = load_ledger(**files, **vocabulary, contents={target: content})
        made_up = [name for name in COPIES if not values.get(name)]
        here = (name_of(path), line)
        problems += [
            _option(problem.field, problem.message) if (problem.file, problem.line) == here else problem
            for problem in found
            if (problem.file, problem.line) != here or problem.field not in made_up
        ]
        raise_if_any(problems)
        signal = next(signal for signal in ledger_with.signals if signal.event_id == row["event_id"])
        if "event_id" in made_up:
            raise_if_any(list(_repeated(signal, ledger)))
        write_atomic(path, content)
    return signal


def _option(column: str, message: str) -> Problem:
    """The problem of the option that gives a column."""
    return Problem("options", 0, 0, message, f"--{column.replace('_', '-')}")


def _begun(path: Path) -> bytes:
    """The content of a signals file: of a new one in a folder that exists, the header."""
    if not path.exists() and path.parent.is_dir():
        return csv_text(SIGNAL_COLUMNS, ()).encode()
    return read_bytes(path, CSV_BYTES_MAX)


def completed(values: Mapping[str, Any], ledger: Ledger) -> dict[str, str]:
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
    row["event_id"] = row["event_id"] or new_id(row, ledger)
    return row


def new_id(row: Mapping[str, str], ledger: Ledger) -> str:
    """An id that the ledger does not use: the day and words of the description, or of the kind.

    Letters that are no Latin ones are left out; a number at the end tells it from ids that are used.
    """
    words = _plain_words(row["description"])[:ID_WORDS]
    if not any(word.isalpha() for word in words):
        words = _plain_words(row["kind"]) or ["signal"]
    base = "-".join([row["public_date"], *words])
    used = {signal.event_id for signal in ledger.signals}
    return next(name for name in chain([base], (f"{base}-{n}" for n in count(2))) if name not in used)


def _plain_words(text: str) -> list[str]:
    """The words of a text in small letters a to z and digits."""
    return "".join(map(_plain, unicodedata.normalize("NFC", text.casefold()))).split()


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isalnum() else " "
    latin = _LATIN.fullmatch(unicodedata.name(letter, ""))
    return latin[1].lower() if latin else " "


def _faults(row: Mapping[str, str], ledger: Ledger) -> Iterator[Problem]:
    """Cells that no file may hold, and an id that is used."""
    for name, cell in row.items():
        if fault := cell_fault(cell):
            yield _option(name, fault)
    for signal in ledger.signals:
        if signal.event_id == row["event_id"]:
            place = f"{signal.file}:{signal.line}"
            yield _option("event_id", f"expected an id not used before; {signal.event_id} is at {place}")


def _repeated(signal: Signal, ledger: Ledger) -> Iterator[Problem]:
    """The row of a ledger that says the same as a new one, if there is one."""
    for row in ledger.signals:
        if all(getattr(row, name) == getattr(signal, name) for name in SAME):
            place = f"{row.event_id}, {row.file}:{row.line}"
            yield _option("description", f"expected a row not added before; {place} says the same")
            return


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
