"""Whose track record a run may show: the folder of its pair, and what that folder says of itself."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.disk import name_of, write_atomic
from ..files.problems import InputError
from ..formatting import listed
from ..paths import TABLES, record_of
from ..settings.params import Params

if TYPE_CHECKING:
    from .forecast import Sources

ABOUT = "about.json"
"""The file of a track record that says whose it is: its sides, years and command."""


def rests_on_seeds(names: Iterable[str]) -> bool:
    """Whether the files of a ledger, by `name_of`, include all of the seeds."""
    return set(names) >= set(map(name_of, TABLES.values()))


def record_folder(params: Params, sources: "Sources") -> Path:
    """The folder of the track record of a run's pair and place, whether or not there is one."""
    names = [name_of(path.resolve()) for paths in sources.paths().values() for path in paths]
    return record_of(params.sides, params.question.host, rests_on_seeds(names))


def about(folder: Path) -> dict[str, Any]:
    """What a track record says of itself; empty without one that can be read."""
    try:
        found = json.loads((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def shown_record(params: Params, sources: "Sources") -> str:
    """The name of the folder of scores that a run may show; "" if its own pair has none."""
    folder = record_folder(params, sources)
    own = about(folder).get("sides") == list(params.sides)
    return folder.name if own and (folder / "scores.csv").exists() else ""


def check_owner(params: Params, folder: Path) -> None:
    """Raise `InputError` if a folder holds the track record of another pair."""
    owners = about(folder).get("sides", list(params.sides))
    if owners != list(params.sides):
        found = f"holds the track record of {listed(owners)}, not of {listed(list(params.sides))}"
        raise InputError.at(name_of(folder), 0, 0, f"{found}; nothing was written")


def write_about(params: Params, folder: Path, years: range, command: str) -> None:
    """Say in the folder of a track record whose it is."""
    text = {"sides": list(params.sides), "first_year": years[0], "last_year": years[-1], "command": command}
    write_atomic(folder / ABOUT, json.dumps(text, indent=1, sort_keys=True) + "\n")
