"""What a report rests on: where it lies, whether it is current, and the commit it was made at."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from ..answer.forecast import Sources, input_names
from ..answer.pair import ABOUT, record_folder
from ..evidence.edits import Edits
from ..files.disk import content_hash, name_of
from ..files.problems import InputError, Problem, shown
from ..paths import LATEST, LOG, NOTEBOOKS, RENDERED, ROOT, holds_record, names_record, package_files
from ..settings.params import Params
from .parameters import public_parameters

PLAIN = ("as_of", "scenario", "interactive")
"""Parameters that leave a run the plain one of its day and scenario."""
VERSIONED = ("numpy", "pymc", "pytensor", "arviz", "matplotlib", "nbconvert", "papermill")


def folder_of(
    published: Mapping[str, Any],
    run_name: str | None = None,
    out_dir: str | os.PathLike[str] | None = None,
    question_id: str = "",
) -> Path:
    """The folder in which a run's report lies, given its public parameters.

    Without another name it is the as-of day and the scenario; where a run differs from the params files in
    more than these, a hash of what differs is added, so that it never replaces the plain one. The hash
    depends on names of files and on the id of the question, not on where the files lie or what they hold.
    """
    if out_dir:
        if holds_record(Path(out_dir)):
            expected = f"expected a folder that holds no track record; found {shown(str(out_dir))}"
            raise InputError([Problem("options", 0, 0, expected, "out_dir")])
        return Path(out_dir).resolve()
    if run_name is not None:
        check_name(run_name)
        return RENDERED / run_name
    more = {name: value for name, value in published.items() if name not in PLAIN}
    if "question" in more:
        more["question_id"] = question_id
    mark = content_hash(json.dumps(more, sort_keys=True))[:8] if more else None
    return RENDERED / "-".join(filter(None, (published["as_of"], published.get("scenario"), mark)))


def check_name(run_name: str) -> None:
    """Raise `InputError` for a name that no folder of a run may have."""
    taken = names_record(run_name) or run_name.lower() in (LATEST, "index.html", LOG.name)
    if taken or not re.fullmatch(r"\w[\w.-]{0,99}", run_name):
        expected = (
            "expected the name of a folder for the run, of letters, digits, points and hyphens, "
            f"other than record, record-... or {LATEST}; found {shown(run_name)}"
        )
        raise InputError([Problem("options", 0, 0, expected, "--name")])


def notebook_files() -> list[Path]:
    """The notebooks of a report, in order."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def inputs_state(
    params: Params, sources: Sources, published: Mapping[str, Any], notebooks: Sequence[Path]
) -> dict[str, Any]:
    """All that decides what a report says: hashes of inputs, notebooks and code, parameters, versions.

    No name in it tells where the project or a file outside it lies.
    """
    record = record_folder(params, sources)
    files = [*notebooks, *package_files(), *sorted(record.glob("*.csv")), *record.glob(ABOUT)]
    named = input_names(params, sources) | {path: name_of(path) for path in files}
    versions = {name: metadata.version(name) for name in VERSIONED}
    return {
        "files": {name: content_hash(path.read_bytes()) for path, name in named.items()},
        "parameters": dict(published),
        "versions": {"python": platform.python_version(), **versions},
    }


def outputs_state(folder: Path) -> dict[str, str]:
    """The hash of each file of a folder but its provenance, by path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "provenance.json"]
    return {path.relative_to(folder).as_posix(): content_hash(path.read_bytes()) for path in files}


def current(
    params: Params,
    sources: Sources | None = None,
    edits: Edits | None = None,
    *,
    run_name: str | None = None,
    out_dir: str | os.PathLike[str] | None = None,
) -> Path | None:
    """The folder of a report that `build.render` would make the same: no input or file of it has changed."""
    sources, edits = sources or Sources(), edits or Edits()
    published = public_parameters(params, sources, edits)
    folder = folder_of(published, run_name, out_dir, params.question.question_id)
    try:
        kept = json.loads((folder / "provenance.json").read_text("utf-8"))
        made = {name: content_hash((folder / name).read_bytes()) for name in kept["outputs"]}
        state = inputs_state(params, sources, published, notebook_files())
        return folder if kept == {**state, "outputs": made, "git": kept["git"]} else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
