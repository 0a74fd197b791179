"""Files on disk: names for messages, guarded reading, atomic writing, locks and content hashes."""

import codecs
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from ..paths import CACHE, ROOT
from .problems import InputError, nearest

FOREIGN = {
    codecs.BOM_UTF16_LE: "text in UTF-16",
    codecs.BOM_UTF16_BE: "text in UTF-16",
    b"PK\x03\x04": "a workbook (xlsx, ods) or another zip archive, to be unpacked first",
    b"\xd0\xcf\x11\xe0": "a workbook of an old spreadsheet (xls)",
    b"\x1f\x8b": "a gzip archive, to be unpacked first",
    b"%PDF": "a PDF",
}
"""What a file is that begins with these bytes."""
SAVE_AS_UTF8 = "save it as text in UTF-8 (from a spreadsheet: one sheet, as CSV UTF-8 with commas)"


def name_of(path: str | os.PathLike[str]) -> str:
    """The path as messages show it: relative to the project if inside it."""
    full = Path(os.path.abspath(path))
    return full.relative_to(ROOT).as_posix() if full.is_relative_to(ROOT) else str(Path(path))


def public_names(paths: Iterable[str | os.PathLike[str]]) -> dict[Path, str]:
    """The names of files in what is published: relative to the project, otherwise without their folder.

    Files outside the project that have the same name are numbered, so that no two share one.
    """
    names: dict[Path, str] = {}
    for path in map(Path, paths):
        full = Path(os.path.abspath(path))
        name = name_of(full) if full.is_relative_to(ROOT) else full.name
        number, twins = 1, {names[other] for other in names if os.path.abspath(other) != str(full)}
        while name in twins:
            number += 1
            name = f"{full.stem}-{number}{full.suffix}"
        names[path] = name
    return names


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; `InputError` otherwise."""
    path = Path(path)
    try:
        fault = _no_regular_file(path)
        if not fault:
            with path.open("rb") as stream:
                content = stream.read(limit + 1)
            if len(content) <= limit:
                return content
            fault = f"expected at most {limit / 1e6:g} MB; the file is larger"
    except (OSError, ValueError) as error:
        fault = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise InputError.at(name_of(path), 0, 0, fault)


def read_lines(path: str | os.PathLike[str], limit: int) -> Iterator[tuple[int, str]]:
    """The lines of a regular UTF-8 file, each with its number from 1 and without its end, one at a time.

    Raises `InputError` for a line of more than `limit` bytes and as `read_bytes` and `decode` do.
    """
    name, path = name_of(path), Path(path)
    if fault := _no_regular_file(path):
        raise InputError.at(name, 0, 0, fault)
    with path.open("rb") as stream:
        for number in count(1):
            try:
                content = stream.readline(limit + 1)
            except OSError as error:
                raise InputError.at(name, number, 1, f"cannot be read: {error.strerror or error}") from None
            if not content:
                return
            if len(content) > limit:
                raise InputError.at(name, number, 1, f"expected lines of at most {limit / 1e6:g} MB")
            try:
                yield number, decode(content, name).rstrip("\r\n")
            except InputError as error:
                raise InputError(problem._replace(line=number) for problem in error.problems) from None


def _no_regular_file(path: Path) -> str:
    """Why the path is no regular file; empty if it is one."""
    if path.is_dir():
        return "expected a file; this is a folder"
    if not path.exists():
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        return f"no such file{nearest(path.name, siblings)}"
    return "" if path.is_file() else "expected a regular file; this is a device, pipe or socket"


def decode(content: bytes, file: str) -> str:
    """The text of UTF-8 bytes, less a byte order mark; `InputError` with the place of anything else."""
    for mark, what in FOREIGN.items():
        if content.startswith(mark):
            raise InputError.at(file, 1, 1, f"the file is {what}; {SAVE_AS_UTF8}")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        bad = content.find(b"\0")
        if bad < 0:
            return content.decode("utf-8")
        found = "a NUL byte, as in UTF-16"
    except UnicodeDecodeError as error:
        bad, byte = error.start, content[error.start]
        found = f"byte 0x{byte:02x}, which is {bytes([byte]).decode('cp1252', 'replace')} in Latin-1"
    before = content[:bad].decode("utf-8", "replace")
    raise InputError.at(file, *end_of(before), f"expected UTF-8 text; found {found}: {SAVE_AS_UTF8}")


def end_of(text: str) -> tuple[int, int]:
    """The line and column that follow a text, counted from 1."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """A block that writes a file; `InputError` if the system refuses."""
    try:
        yield
    except OSError as error:
        raise InputError.at(name_of(path), 0, 0, f"cannot be written: {error.strerror or error}") from None


def write_atomic(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write the whole content or nothing: a reader sees the old file or the new one, never a part.

    Creates the folder if needed. Raises `InputError` if the file cannot be written.
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
    """A block that one process runs at a time, by a lock file in `.cache`."""
    from filelock import FileLock

    lock = CACHE / f"{name}.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):
        yield


def content_hash(*parts: str | bytes) -> str:
    """The SHA-256, in hex, of the parts in order and of where each ends."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()
