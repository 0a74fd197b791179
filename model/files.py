"""Strict CSV and YAML with line and column, atomic writing, content hashes.

Nothing is repaired on the way in: what is not exactly as expected becomes a `Problem` that says where, what was
expected and which valid word is nearest. Problems are gathered, so that one `InputError` tells all of them.
"""

import codecs
import csv
import difflib
import hashlib
import io
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from .paths import CACHE, ROOT

CSV_BYTES_MAX = 32_000_000
YAML_BYTES_MAX = 250_000
PROBLEMS_MAX = 300
NEAREST_OF_MAX = 5_000
FIRST_YEAR, LAST_YEAR = 1900, 2199

KeyPath = tuple[str | int, ...]


def printable(text: str) -> str:
    """The text on one line, control characters written out: a terminal obeys none of them."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Problem(NamedTuple):
    """One thing wrong with the input: where it stands, and what was expected there.

    `line` and `column` count from 1 and are 0 where the whole file is meant; `field` is the CSV column or YAML key.
    """

    file: str
    line: int
    column: int
    message: str
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return printable(
            f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"
        )


class InputError(Exception):
    """Bad input: every problem found, one a line, file by file and from top to bottom."""

    def __init__(self, problems: Iterable[Problem]):
        problems = list(problems)
        order = list(dict.fromkeys(problem.file for problem in problems))
        self.problems = tuple(
            sorted(problems, key=lambda problem: (order.index(problem.file), *problem[1:3]))
        )
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class Failure(Exception):
    """Work that failed through no fault of the input; the message says what failed and what is kept."""


class Problems(list[Problem]):
    """A list of problems that ends the search with `InputError` at `PROBLEMS_MAX`: so many have one cause."""

    def append(self, problem: Problem) -> None:
        super().append(problem)
        if len(self) == PROBLEMS_MAX:
            last = problem._replace(field="", message=f"stopped looking after {PROBLEMS_MAX} problems")
            raise InputError([*self, last])

    def __iadd__(self, problems: Iterable[Problem]) -> "Problems":
        for problem in problems:
            self.append(problem)
        return self


@contextmanager
def gathered(problems: list[Problem]) -> Iterator[None]:
    """A block whose `InputError` is added to `problems` instead of ending the run."""
    try:
        yield
    except InputError as error:
        problems.extend(error.problems)


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Nothing, unless there are problems: then `InputError` with all of them."""
    if problems:
        raise InputError(problems)


def nearest(word: object, words: Iterable[object]) -> str:
    """The hint ' (did you mean "x"?)' for the valid word closest to `word`, or '' where none is close."""
    originals = {str(valid).lower(): str(valid) for valid in words}
    if len(originals) > NEAREST_OF_MAX:
        return ""
    close = difflib.get_close_matches(str(word).lower(), originals, n=1)
    return f' (did you mean "{originals[close[0]]}"?)' if close else ""


def shown(value: object, longest: int = 60) -> str:
    """A value as it appears in a message: on one line, quoted, shortened."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def expected_one_of(word: object, words: Iterable[object]) -> str:
    """The message for a word outside a list: the list where it is short, and the nearest word of it."""
    valid = [str(word) for word in words]
    listed = "one of " + ", ".join(valid) if len(valid) <= 15 else "a known word"
    return f"expected {listed}; found {shown(word)}{nearest(word, valid)}"


def parse_day(text: str) -> date:
    """The calendar day written YYYY-MM-DD; ValueError says what is wrong with anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(f"expected a day written YYYY-MM-DD, without time or zone; found {shown(text)}")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a day of the calendar; {text} does not exist") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}; found {text}")
    return day


def name_of(path: str | os.PathLike[str]) -> str:
    """The path as messages show it: relative to the project when inside it."""
    full = Path(os.path.abspath(path))
    return full.relative_to(ROOT).as_posix() if full.is_relative_to(ROOT) else str(Path(path))


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; `InputError` otherwise."""
    path, file = Path(path), name_of(path)

    def fail(message: str) -> NoReturn:
        raise InputError([Problem(file, 0, 0, message)])

    try:
        if path.is_dir():
            fail("expected a file; this is a folder")
        if not path.exists():
            siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            fail(f"no such file{nearest(path.name, siblings)}")
        if not path.is_file():
            fail("expected a regular file; this is a device, pipe or socket")
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        fail(f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if len(content) > limit:
        fail(f"expected at most {limit / 1e6:g} MB; the file is larger")
    return content


def decode(content: bytes, file: str) -> str:
    """The text of UTF-8 bytes without byte order mark and NUL; `InputError` with the place otherwise."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
        (codecs.BOM_UTF16_LE, "UTF-16"),
        (codecs.BOM_UTF16_BE, "UTF-16"),
    ):
        if content.startswith(mark):
            raise InputError(
                [
                    Problem(
                        file,
                        1,
                        1,
                        f"the file is {encoding}; save it as plain UTF-8 (in a spreadsheet: "
                        "text CSV with encoding UTF-8; in an editor: UTF-8 without BOM)",
                    )
                ]
            )
    try:
        if (bad := content.find(b"\0")) < 0:
            return content.decode("utf-8")
        found = "a NUL byte"
    except UnicodeDecodeError as error:
        bad, found = error.start, f"byte 0x{content[error.start]:02x}"
    before = content[:bad].decode("utf-8", "replace")
    raise InputError(
        [
            Problem(
                file,
                before.count("\n") + 1,
                len(before) - before.rfind("\n"),
                f"expected UTF-8 text; found {found} (save the file with encoding UTF-8)",
            )
        ]
    )


class Row(dict[str, str]):
    """The cells of one CSV line by column name, and where each of them stands."""

    def __init__(self, cells: Mapping[str, str], file: str, line: int, starts: Mapping[str, int]):
        super().__init__(cells)
        self.file, self.line, self.starts = file, line, starts

    def problem(self, column: str, message: str) -> Problem:
        """The problem at the first character of the cell of `column`."""
        return Problem(self.file, self.line, self.starts[column], message, column)


_CELL = re.compile(r'(?:"(?P<quoted>[^"]*(?:""[^"]*)*)"|(?P<plain>[^",]*))(?P<comma>,|\Z)')


def _split(line: str, file: str, number: int) -> list[tuple[int, str]]:
    """The cells of one line, each with the position (from 1) of its first character."""
    cells, start = [], 0
    while match := _CELL.match(line, start):
        quoted = match["quoted"]
        cells.append((start + 1, match["plain"] if quoted is None else quoted.replace('""', '"')))
        start = match.end()
        if not match["comma"]:
            return cells
    raise InputError(
        [
            Problem(
                file,
                number,
                start + 1,
                "quotes are not balanced: a cell with a comma or a quote is "
                'written "so, and with ""inner"" quotes doubled", all on one line',
            )
        ]
    )


def _check_header(
    cells: list[tuple[int, str]], columns: Sequence[str], file: str, absent: Collection[str]
) -> None:
    found = [name for _, name in cells]
    problems = [
        Problem(
            file,
            1,
            start,
            f"column {shown(name)} stands twice"
            if name in columns
            else f"unknown column {shown(name)}{nearest(name, [*columns, *absent])}",
        )
        for index, (start, name) in enumerate(cells)
        if name not in columns or name in found[:index]
    ]
    if missing := [name for name in columns if name not in found]:
        problems.append(Problem(file, 1, 1, f"missing column {', '.join(missing)}"))
    problems = (
        problems
        or [
            Problem(file, 1, start, f"expected column {want} here; found {name}")
            for (start, name), want in zip(cells, columns)
            if name != want
        ][:1]
    )
    if problems:
        raise InputError([*problems, Problem(file, 1, 1, f"expected the header {','.join(columns)}")])


def read_csv(
    path: str | os.PathLike[str],
    columns: Sequence[str],
    problems: list[Problem] | None = None,
    content: bytes | None = None,
    optional: Collection[str] = (),
) -> list[Row]:
    """The rows of a UTF-8 CSV file whose header is exactly `columns`, one row a line.

    LF and CRLF both end a line, as spreadsheets write the latter; every other leniency of CSV is refused.

    Parameters
    ----------
    problems : list of Problem, optional
        Where problems are added, the well-formed rows being returned; without it they are raised.
    content : bytes, optional
        Read in place of what the file holds.
    optional : collection of str, optional
        Columns that a file may lack; their cells are then empty.

    Raises
    ------
    InputError
        With every malformed line, unless `problems` is given.
    """
    file, found, rows = name_of(path), [], []
    with gathered(found):
        text = decode(read_bytes(path, CSV_BYTES_MAX) if content is None else content, file)
        if not text:
            raise InputError(
                [Problem(file, 1, 1, f"the file is empty: expected the header {','.join(columns)}")]
            )
        lines = (line.removesuffix("\n").removesuffix("\r") for line in io.StringIO(text, newline="\n"))
        header = _split(next(lines), file, 1)
        absent = {name: "" for name in optional if name not in [cell for _, cell in header]}
        columns = [name for name in columns if name not in absent]
        _check_header(header, columns, file, absent)
        for number, line in enumerate(lines, start=2):
            if len(found) >= PROBLEMS_MAX:
                break
            with gathered(found):
                cells = _split(line, file, number)
                if len(cells) != len(columns):
                    extra = cells[len(columns)][0] if len(cells) > len(columns) else len(line) + 1
                    raise InputError(
                        [Problem(file, number, extra, f"expected {len(columns)} cells; found {len(cells)}")]
                    )
                row = Row(
                    absent | dict(zip(columns, (cell for _, cell in cells))),
                    file,
                    number,
                    dict.fromkeys(absent, 1) | dict(zip(columns, (start for start, _ in cells))),
                )
                raise_if_any(
                    [
                        row.problem(
                            column, f"expected printable text without outer spaces; found {shown(cell)}"
                        )
                        for column, cell in row.items()
                        if not cell.isprintable() or cell != cell.strip()
                    ]
                )
                rows.append(row)
    if problems is None:
        raise_if_any(found)
    else:
        problems.extend(found)
    return rows


class Mark(NamedTuple):
    """Where a key and its value stand: file, then (line, column) of each, the key's for a value on later lines."""

    file: str
    key: tuple[int, int]
    value: tuple[int, int]


@dataclass(frozen=True)
class YamlDocument:
    """Plain data (dict, list, str, int, float, bool, None; dates stay text) and where each part of it stands."""

    data: dict[str, Any]
    marks: dict[KeyPath, Mark]

    def where(self, path: KeyPath, key: bool = False) -> tuple[int, int]:
        """The (line, column) of the value at `path` (of its key if `key`), or of the nearest key above it."""
        return self._place(path, key)[1:]

    def problem(self, path: KeyPath, message: str, key: bool = False) -> Problem:
        """The problem at `path`."""
        return Problem(*self._place(path, key), message, ".".join(map(str, path)))

    def _place(self, path: KeyPath, key: bool) -> tuple[str, int, int]:
        known = path
        while known not in self.marks:
            known, key = known[:-1], True
        mark = self.marks[known]
        return mark.file, *(mark.key if key else mark.value)


class _Loader(yaml.SafeLoader):
    """Words are text unless they look like a number, true, false or null: no octals, sexagesimals, dates, yes or NO."""

    yaml_implicit_resolvers: dict = {}

    def compose_node(self, parent, index):
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
            raise yaml.MarkedYAMLError(
                problem="anchors, aliases and tags are not used here; write the value out",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


_WHOLE = r"(?:0|[1-9][0-9]*)"
_SCALARS = {
    "tag:yaml.org,2002:int": (int, rf"[-+]?(?!.{{20}}){_WHOLE}"),
    "tag:yaml.org,2002:float": (
        lambda text: float(text.replace(".inf", "inf").replace(".nan", "nan")),
        rf"[-+]?(?:(?:{_WHOLE}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.inf)|\.nan",
    ),
    "tag:yaml.org,2002:bool": ({"true": True, "false": False}.get, r"true|false"),
    "tag:yaml.org,2002:null": (lambda text: None, r"null|~|"),
}
for _tag, (_, _pattern) in _SCALARS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), None)


def _plain(
    node: yaml.Node, path: KeyPath, mark: Mark, marks: dict[KeyPath, Mark], problems: list[Problem]
) -> Any:
    """The node as plain data, its marks and problems noted on the way."""
    marks[path] = mark

    def place(of: yaml.Node) -> tuple[int, int]:
        return of.start_mark.line + 1, of.start_mark.column + 1

    def refuse(of: yaml.Node, message: str) -> None:
        problems.append(Problem(mark.file, *place(of), message))

    if isinstance(node, yaml.ScalarNode):
        return _SCALARS[node.tag][0](node.value) if node.tag in _SCALARS else node.value
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(item, (*path, index), Mark(mark.file, place(item), place(item)), marks, problems)
            for index, item in enumerate(node.value)
        ]
    data: dict[str, Any] = {}
    for key, value in node.value:
        if key.tag != "tag:yaml.org,2002:str":
            refuse(key, "expected a word as key (in quotes if it looks like a number)")
        elif key.value in data:
            refuse(
                key, f"key {shown(key.value)} stands twice, first on line {marks[(*path, key.value)].key[0]}"
            )
        else:
            begins = value if value.start_mark.line == key.start_mark.line else key
            here = Mark(mark.file, place(key), place(begins))
            data[key.value] = _plain(value, (*path, key.value), here, marks, problems)
    return data


def read_yaml(path: str | os.PathLike[str]) -> YamlDocument:
    """The mapping a YAML file holds, with the place of every key and value; the same text is parsed once a process.

    Raises
    ------
    InputError
        Unless the file is one plain mapping: no repeated key, tag, anchor or second document.
    """
    file = name_of(path)
    return _parsed(file, decode(read_bytes(path, YAML_BYTES_MAX), file))


@lru_cache(maxsize=32)
def _parsed(file: str, text: str) -> YamlDocument:
    marks: dict[KeyPath, Mark] = {}
    problems: list[Problem] = []
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise InputError([Problem(file, 1, 1, "expected a mapping of keys to values")])
        data = _plain(node, (), Mark(file, (1, 1), (1, 1)), marks, problems)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        what = ", ".join(filter(None, (error.context, error.problem)))
        raise InputError(
            [Problem(file, place.line + 1, place.column + 1, f"not valid YAML: {what}")]
        ) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        raise InputError(
            [
                Problem(
                    file,
                    before.count("\n") + 1,
                    len(before) - before.rfind("\n"),
                    f"not valid YAML: {error.reason}",
                )
            ]
        ) from None
    except RecursionError:
        place = loader.get_mark()
        raise InputError(
            [Problem(file, place.line + 1, place.column + 1, "not valid YAML: nested too deeply")]
        ) from None
    raise_if_any(problems)
    return YamlDocument(data, marks)


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


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """A block that writes a file; `InputError` where the system refuses."""
    try:
        yield
    except OSError as error:
        raise InputError(
            [Problem(name_of(path), 0, 0, f"cannot be written: {error.strerror or error}")]
        ) from None


def write_atomic(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write the whole content or nothing: a reader sees the old file or the new one, never a part.

    Its folder is made where there is none.

    Raises
    ------
    InputError
        Where the file cannot be written.
    """
    target = Path(path).resolve()
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    with writing(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as stream:
                stream.write(content.encode("utf-8") if isinstance(content, str) else content)
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                shutil.copymode(target, part)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """A block that one process at a time runs, by a lock file under `.cache`."""
    from filelock import FileLock

    lock = CACHE / f"{name}.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):
        yield


def content_hash(*parts: str | bytes) -> str:
    """The SHA-256, in hex, of the parts in order; where one part ends and the next begins matters."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()
