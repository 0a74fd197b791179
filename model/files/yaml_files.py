"""Strict YAML: one plain mapping, with the file, line and column of every key and value."""

import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser
from yaml.resolver import Resolver

from .disk import decode, end_of, name_of, read_bytes
from .problems import HYPHENS, InputError, Problem, odd_character, raise_if_any, shown

YAML_BYTES_MAX = 250_000
FIXES = {
    "mapping values are not allowed here": "text with a colon and a space must be in quotes",
    "found character '\\t' that cannot start any token": "indent with spaces; found a tab",
}
"""What to do about faults that the YAML reader describes in its own terms."""

TEXT = "tag:yaml.org,2002:str"
"""The tag of words that are neither number, true, false nor null."""

KeyPath = tuple[str | int, ...]


class Mark(NamedTuple):
    """Where a key and its value are: file, then (line, column) of each.

    A value that starts on a later line than its key has the place of its key.
    """

    file: str
    key: tuple[int, int]
    value: tuple[int, int]


@dataclass(frozen=True)
class Entry:
    """A value and its place: a scalar, a mapping of keys to entries, or a list of entries."""

    value: Any
    mark: Mark

    @cached_property
    def data(self) -> Any:
        """Plain data: dict, list, str, int, float, bool, None; dates stay text."""
        if isinstance(self.value, dict):
            return {key: below.data for key, below in self.value.items()}
        if isinstance(self.value, list):
            return [below.data for below in self.value]
        return self.value

    def below(self, part: str | int) -> "Entry | None":
        """The entry at a key or index of this one."""
        if isinstance(self.value, dict):
            return self.value.get(part)
        if isinstance(self.value, list) and part in range(len(self.value)):
            return self.value[part]
        return None

    def problem(self, path: KeyPath, message: str, key: bool = False) -> Problem:
        """The problem with the value at `path`, or with its key; placed at the key above if absent."""
        entry = self
        for part in path:
            below = entry.below(part)
            if below is None:
                key = True
                break
            entry = below
        mark = entry.mark
        return Problem(mark.file, *(mark.key if key else mark.value), message, ".".join(map(str, path)))


def read_yaml(path: str | os.PathLike[str]) -> Entry:
    """The mapping in a YAML file; the same text is parsed once a process.

    Raises
    ------
    InputError
        Unless the file is one plain mapping: no repeated key, tag, anchor or second document.
    """
    file = name_of(path)
    return _parsed(file, decode(read_bytes(path, YAML_BYTES_MAX), file))


@lru_cache(maxsize=32)
def _parsed(file: str, text: str) -> Entry:
    problems: list[Problem] = []
    loader = None
    try:
        try:
            node = _Quick(text).get_single_node()
        except (yaml.YAMLError, RecursionError):
            loader = _Loader(text)
            node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise InputError.at(file, 1, 1, "expected a mapping of keys to values")
        root = _entry(node, Mark(file, (1, 1), (1, 1)), problems)
    except yaml.MarkedYAMLError as error:
        what = FIXES.get(str(error.problem)) or ", ".join(filter(None, (error.context, error.problem)))
        line, column, fault = *_place(error.problem_mark or error.context_mark), what
    except yaml.reader.ReaderError as error:
        raise InputError.at(
            file, *end_of(text[: error.position]), odd_character(chr(error.character))
        ) from None
    except RecursionError:
        line, column, fault = *_place(loader.get_mark()), "nested too deeply"
    else:
        raise_if_any(problems)
        return root
    raise InputError.at(file, line, column, f"not valid YAML: {fault}")


def _place(mark: yaml.Mark) -> tuple[int, int]:
    """The line and column of a mark, counted from 1."""
    return mark.line + 1, mark.column + 1


class _Plain(Composer, Resolver):
    """Plain words are text unless they look like a number, true, false or null.

    YAML 1.1 would also read octals, sexagesimals, dates, and yes and NO as truth values.
    """

    yaml_implicit_resolvers: dict = {}

    def compose_node(self, parent, index):
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
            raise yaml.MarkedYAMLError(
                problem="anchors, aliases and tags are not used here; write the value out",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


class _Loader(_Plain, yaml.SafeLoader):
    """PyYAML's own parser, whose messages name the character that they found."""


class _Quick(_Plain, CParser):
    """The parser of libyaml, several times as fast."""

    def __init__(self, text: str):
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)


_SIGN = rf"[-+{''.join(map(chr, HYPHENS))}]"
_WHOLE = r"(?:0|[1-9][0-9]*)"
_PATTERNS = {
    "int": rf"{_SIGN}?(?!.{{20}}){_WHOLE}",
    "float": rf"{_SIGN}?(?:(?:{_WHOLE}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.inf)|\.nan",
    "bool": r"true|false",
    "null": r"null|~|",
}
for _name, _pattern in _PATTERNS.items():
    _Plain.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(rf"(?:{_pattern})\Z"), None)


def _scalar(node: yaml.ScalarNode, mark: Mark, problems: list[Problem]) -> Any:
    """The value of a scalar; the control and direction characters of a text are added to `problems`."""
    if node.tag != TEXT:
        node.value = node.value.translate(HYPHENS)
        return SafeConstructor().construct_object(node)
    text = node.value.removesuffix("\n") if node.style in ("|", ">") else node.value
    if fault := odd_character(text.replace("\n", " ")):
        problems.append(Problem(mark.file, *mark.value, fault))
    return text


def _entry(node: yaml.Node, mark: Mark, problems: list[Problem]) -> Entry:
    """The node as an entry; faults of its keys are added to `problems`."""
    if isinstance(node, yaml.ScalarNode):
        return Entry(_scalar(node, mark, problems), mark)
    if isinstance(node, yaml.SequenceNode):
        places = [_place(item.start_mark) for item in node.value]
        marks = [Mark(mark.file, place, place) for place in places]
        return Entry([_entry(item, here, problems) for item, here in zip(node.value, marks)], mark)
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        place = _place(key.start_mark)
        if key.tag != TEXT:
            message = "expected a word as key (in quotes if it looks like a number)"
            problems.append(Problem(mark.file, *place, message))
        elif fault := odd_character(key.value):
            problems.append(Problem(mark.file, *place, fault))
        elif key.value in entries:
            message = f"key {shown(key.value)} appears twice, first on line {entries[key.value].mark.key[0]}"
            problems.append(Problem(mark.file, *place, message))
        else:
            same_line = value.start_mark.line == key.start_mark.line
            here = Mark(mark.file, place, _place(value.start_mark) if same_line else place)
            entries[key.value] = _entry(value, here, problems)
    return Entry(entries, mark)
