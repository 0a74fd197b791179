"""Scenarios and options: named changes laid over the params files."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ..files.disk import name_of
from ..files.problems import InputError, Problem, nearest, shown
from ..files.yaml_files import Entry, KeyPath, Mark, read_yaml
from ..paths import SCENARIOS
from .fields import Strict, Text
from .priors import Parameter, Priors
from .question import Question
from .run_settings import RunSettings

SECTIONS: dict[str, type[Strict]] = {"question": Question, "priors": Priors, "run": RunSettings}
"""The model of each params file."""
OPTIONS = Mark("options", (0, 0), (0, 0))
DISTRIBUTION = {"dist", "args", "quantiles"}
"""The keys of a prior that are replaced together: new arguments say nothing of the old distribution."""


class Scenario(Strict):
    """Changes to the three files under one name; only keys that exist there."""

    means: Text
    question: dict[str, Any] = {}
    priors: dict[str, Any] = {}
    run: dict[str, Any] = {}


def scenario_path(name: str) -> Path:
    """The file of a scenario by its name; `InputError` if there is none."""
    names = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
    if name in names:
        return SCENARIOS / f"{name}.yaml"
    expected = f"expected a file of {name_of(SCENARIOS)} by its name, one of {', '.join(names) or 'none yet'}"
    raise InputError.at("options", 0, 0, f"{expected}; found {shown(name)}{nearest(name, names)}", "scenario")


def option_changes(options: Mapping[str, Any], problems: list[Problem]) -> dict[str, Entry]:
    """The options as changes by section; None changes nothing, an unknown option is added to `problems`."""
    homes = {key: name for name, section in SECTIONS.items() for key in section.model_fields}
    changes: dict[str, Entry] = {}
    for key, value in options.items():
        if key not in homes:
            problems.append(Problem("options", 0, 0, f"unknown option{nearest(key, homes)}", key))
        elif value is not None:
            section = changes.setdefault(homes[key], Entry({}, OPTIONS))
            section.value[key] = _entry(value)
    return changes


def _entry(value: Any) -> Entry:
    """A value of an option, or a mapping or list of them, with its place."""
    if isinstance(value, Mapping):
        return Entry({key: _entry(below) for key, below in value.items()}, OPTIONS)
    if isinstance(value, list):
        return Entry([_entry(item) for item in value], OPTIONS)
    return Entry(value.isoformat() if isinstance(value, date) else value, OPTIONS)


def changed(base: Entry, change: Entry, path: KeyPath, problems: list[Problem]) -> Entry:
    """The mapping `base` with the values of `change` in place of its own.

    Mappings are merged key by key. Keys that `base` lacks are added to `problems`, except those a prior may
    have.
    """
    entries, mark, valid = dict(base.value), base.mark, set(base.value)
    if len(path) == 1:
        valid |= SECTIONS[str(path[0])].model_fields.keys()
    if "dist" in entries:
        valid |= Parameter.model_fields.keys()
        if not DISTRIBUTION.isdisjoint(change.value):
            entries = {key: entry for key, entry in entries.items() if key not in DISTRIBUTION}
            mark = change.mark
    for key, new in change.value.items():
        here, old = (*path, key), entries.get(key)
        if key not in valid:
            message = f"unknown key{nearest(key, valid)}; a scenario changes only keys that exist"
            problems.append(Problem(new.mark.file, *new.mark.key, message, ".".join(map(str, here))))
        elif old and isinstance(old.value, dict) and isinstance(new.value, dict):
            entries[key] = changed(old, new, here, problems)
        else:
            entries[key] = new
    return Entry(entries, mark)


def meaning(name: str) -> str:
    """What a scenario changes, in its own words."""
    return str(read_yaml(scenario_path(name)).data["means"])


def meanings() -> dict[str, str]:
    """The meaning of each scenario of `params/scenarios` by name."""
    return {path.stem: meaning(path.stem) for path in sorted(SCENARIOS.glob("*.yaml"))}
