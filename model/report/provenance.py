"""What a report rests on: where it lies, whether it is current, and the commit it was made at."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.disk import content_hash, name_of
from ..files.problems import InputError, Problem, shown
from ..paths import RECORD, RENDERED, ROOT, package_files
from ..settings.params import Params
from . import notebook
from .parameters import notebook_parameters

if TYPE_CHECKING:
    from ..answer.forecast import Sources
    from ..evidence.edits import Edits

VERSIONED = ("numpy", "pymc", "pytensor", "arviz", "matplotlib", "nbconvert", "papermill")


def folder_of(
    injected: Mapping[str, Any], run_name: str | None = None, out_dir: str | os.PathLike[str] | None = None
) -> Path:
    """The folder in which a run's report lies.

    Without another name it is the as-of day and the scenario; where a run differs from the params files in
    more than these, a hash of what differs is added, so that it never replaces the plain one.
    """
    if out_dir:
        return Path(out_dir).resolve()
    if run_name is not None and (
        not re.fullmatch(r"\w[\w.-]{0,99}", run_name) or RENDERED / run_name == RECORD
    ):
        expected = (
            "expected the name of a folder for the run, of letters, digits, points and hyphens, "
            f"other than record; found {shown(run_name)}"
        )
        raise InputError([Problem("options", 0, 0, expected, "--name")])
    more = {
        name: value for name, value in injected.items() if name not in ("as_of", "scenario", "interactive")
    }
    mark = content_hash(json.dumps(more, sort_keys=True))[:8] if more else None
    return RENDERED / (
        run_name or "-".join(filter(None, (injected["as_of"], injected.get("scenario"), mark)))
    )


def inputs_state(
    params: Params, sources: "Sources", injected: Mapping[str, Any], names: Sequence[str] | None = None
) -> dict[str, Any]:
    """All that decides what a report says: hashes of inputs, notebooks and code, parameters, versions."""
    tables = [path for table in sources.paths().values() for path in table]
    record = sorted(RECORD.glob("*.csv"))
    files = [*params.files, *tables, *notebook.sources(names), *package_files(), *record]
    versions = {name: metadata.version(name) for name in VERSIONED}
    return {
        "files": {name_of(path): content_hash(path.read_bytes()) for path in files},
        "parameters": dict(injected),
        "versions": {"python": platform.python_version(), **versions},
    }


def outputs_state(folder: Path) -> dict[str, str]:
    """The hash of each file of a folder but its provenance, by path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "provenance.json"]
    return {path.relative_to(folder).as_posix(): content_hash(path.read_bytes()) for path in files}


def is_current(
    params: Params,
    sources: "Sources | None" = None,
    edits: "Edits | None" = None,
    *,
    names: Sequence[str] | None = None,
    run_name: str | None = None,
    out_dir: str | os.PathLike[str] | None = None,
) -> bool:
    """Whether the report in place is what `build.render` would make: no input or file of it has changed."""
    from ..answer import forecast
    from ..evidence.edits import Edits

    sources, edits = sources or forecast.Sources(), edits or Edits()
    injected = notebook_parameters(params, sources, edits)
    folder = folder_of(injected, run_name, out_dir)
    try:
        kept = json.loads((folder / "provenance.json").read_text("utf-8"))
        made = {name: content_hash((folder / name).read_bytes()) for name in kept["outputs"]}
        state = inputs_state(params, sources, injected, names)
        return kept == {**state, "outputs": made, "git": kept["git"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False


def git_state() -> dict[str, Any]:
    """The commit of the checkout and whether files differ from it; empty where there is no git."""
    commit = _git("rev-parse", "HEAD")
    return {} if commit is None else {"commit": commit, "changed": bool(_git("status", "--porcelain"))}


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
