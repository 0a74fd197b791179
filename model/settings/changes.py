"""What differs between two sets of params: changes that can be named, and applied one by one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .params import Params
from .scenario import SECTIONS

SHAPE = ("dist", "above", "args", "quantiles", "dim")
"""The keys of a prior that decide what it says."""
TEXTS = {"name", "means", "why", "unit", "plover"}
"""Keys that only describe."""


class Change(NamedTuple):
    """One value of a section that differs; `old` and `new` are plain data, a prior as a mapping."""

    section: str
    path: tuple[str, ...]
    old: Any
    new: Any

    @property
    def name(self) -> str:
        """The key as its file has it; a parameter goes by its own name."""
        return ".".join(self.path).removeprefix("parameters.")

    @property
    def is_prior(self) -> bool:
        """Whether it is the prior of a parameter."""
        return self.path[0] == "parameters" and len(self.path) == 2

    def __str__(self) -> str:
        return f"{self.name}: {written(self.old)} -> {written(self.new)}"


def changes(old: Params, new: Params, sections: Sequence[str] = tuple(SECTIONS)) -> list[Change]:
    """What differs between two sets of params, in the order of their files; the as-of day does not count."""
    return [
        Change(section, *found)
        for section in sections
        for found in _differences(_plain(old, section), _plain(new, section))
    ]


def applied(params: Params, change: Change) -> Params:
    """The params with the new value of a change of the priors or the run settings."""
    data = getattr(params, change.section).model_dump()
    place = data
    for key in change.path[:-1]:
        place = place[key]
    place[change.path[-1]] = change.new
    return replace(params, **{change.section: SECTIONS[change.section].model_validate(data)})


def _plain(params: Params, section: str) -> dict[str, Any]:
    data = getattr(params, section).model_dump()
    if section == "question":
        data["opens"] = params.opens
        del data["as_of"]
    return data


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Path, old and new value of what differs; a prior, and a mapping with other keys, differs as a whole."""
    for key, before in old.items():
        here, after = (*path, key), new.get(key)
        nested = isinstance(before, dict) and isinstance(after, dict)
        if nested and "dist" in before and "dist" in after:
            if any(before.get(part) != after.get(part) for part in SHAPE):
                yield here, before, after
        elif nested and before.keys() == after.keys():
            yield from _differences(before, after, here)
        elif before != after and (key not in TEXTS or len(path) < 2):
            yield here, before, after


def written(value: Any) -> str:
    """A value in short: a prior as its distribution, a number without trailing zeros."""
    if isinstance(value, Mapping) and "dist" in value:
        shape = value["args"] or value["quantiles"]
        inside = ", ".join(
            f"{name}{'=' if value['args'] else ': '}{number:g}" for name, number in shape.items()
        )
        shift = f"{value['above']:g} + " if value.get("above") else ""
        return f"{shift}{value['dist']}({inside})"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {written(part)}" for key, part in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
