"""The parameters of the notebooks: what `open_run` reads from their cell, and what a render injects."""

import ast
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..answer.forecast import Run, Sources, input_names
from ..evidence.edits import Edits
from ..files.disk import name_of
from ..files.problems import InputError, Problem, expected_one_of, nearest, raise_if_any, shown
from ..paths import PARAMS, RENDERED, ROOT, TABLES, holds_record
from ..settings.params import Params, load_params

PARAMETERS: dict[str, type] = {
    "as_of": str,
    "opens": str,
    "deadline": str,
    "question": str,
    "priors": str,
    "scenario": str,
    "signals": list,
    "occasions": list,
    "visit_windows": list,
    "only": bool,
    "what_if": list,
    "out_dir": str,
    "random_seed": int,
    "interactive": bool,
}
"""The names of the parameters cell and their types; the cell is the same in every notebook."""

EXPECTED = {str: "text", int: "a whole number", bool: "True or False", list: "a list of text"}


def open_run(names: Mapping[str, Any]) -> Run:
    """The run that a notebook's parameters ask for; its files are written to `out_dir` where that is set.

    Parameters
    ----------
    names : mapping
        The notebook's `globals()`, after its parameters cell and the cell that papermill injected.

    Raises
    ------
    InputError
        For an unknown name or a value of the wrong type, and for everything that `forecast.run` refuses.
    """
    from . import build

    given = checked_parameters(names)
    params = load_params(
        *(given[name] and _file(given[name]) or None for name in ("question", "priors")),
        scenario=given["scenario"] or None,
        **{name: given[name] or None for name in ("as_of", "opens", "deadline", "random_seed")},
    )
    tables = {name: tuple(map(_file, given[name])) for name in TABLES}
    run = build.run_of(params, Sources(**tables, only=given["only"]), edits_of(given["what_if"]))
    if given["out_dir"]:
        build.write_files(run, _run_folder(given["out_dir"]))
    return run


def _problem(name: str, message: str) -> Problem:
    return Problem("parameters", 0, 0, message, name)


def _file(path: str) -> Path:
    """The file of a path: relative to the caller's folder or, where there is none, to the project."""
    return Path(path) if Path(path).exists() else ROOT / path


def _run_folder(path: str) -> Path:
    """The folder of a path relative to the project; `InputError` unless it lies where runs do."""
    folder = (ROOT / path).resolve()
    if RENDERED.resolve() not in folder.parents or holds_record(folder):
        expected = f"expected a folder of {name_of(RENDERED)} other than record; found {shown(path)}"
        raise InputError([_problem("out_dir", expected)])
    return folder


def edits_of(what_if: Iterable[str]) -> Edits:
    """The edits of texts such as "add KIND:STRENGTH[:OCCASION]", "set OCCASION=STATUS" and "remove ID"."""
    verbs: dict[str, list[str]] = {"add": [], "set": [], "remove": []}
    for text in what_if:
        verb, _, rest = text.partition(" ")
        if verb not in verbs:
            raise InputError([_problem("what_if", expected_one_of(verb, verbs))])
        verbs[verb].append(rest)
    return Edits(**{verb: tuple(texts) for verb, texts in verbs.items()})


def checked_parameters(names: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a notebook by name; raises `InputError` with every name and type that is wrong."""
    declared = names.get("__annotations__", {})
    unknown = dict.fromkeys(name for name in [*declared, *_injected(names)] if name not in PARAMETERS)
    problems = [_problem(name, f"unknown parameter{nearest(name, PARAMETERS)}") for name in unknown]
    for name, kind in PARAMETERS.items():
        if name not in declared or name not in names:
            problems.append(_problem(name, "the parameters cell does not declare it"))
        elif not _is_a(names[name], kind):
            problems.append(_problem(name, f"expected {EXPECTED[kind]}; found {shown(names[name])}"))
    raise_if_any(problems)
    return {name: names[name] for name in PARAMETERS}


def _is_a(value: Any, kind: type) -> bool:
    """Whether a value is of the kind itself (True is no whole number), and a list holds only text."""
    return type(value) is kind and (kind is not list or all(type(item) is str for item in value))


def _injected(names: Mapping[str, Any]) -> list[str]:
    """The names that a cell injected by papermill assigns; IPython keeps the source of each cell in `In`."""
    cells = [ast.parse(cell) for cell in names.get("In", ()) if cell.startswith("# Parameters\n")]
    lines = [line for cell in cells for line in cell.body if isinstance(line, ast.Assign)]
    return [target.id for line in lines for target in line.targets if isinstance(target, ast.Name)]


def notebook_parameters(params: Params, sources: Sources, edits: Edits) -> dict[str, Any]:
    """What to inject so that `open_run` finds the run: the as-of day, and what differs from the params files.

    Files outside the project are named by their whole path, so these names stay on this machine; see
    `public_parameters`.

    Raises
    ------
    InputError
        Where no parameter can say it: settings of the run other than the random seed.
    """
    given: dict[str, Any] = {} if params.scenario is None else {"scenario": params.scenario}
    for name, path in zip(("question", "priors"), params.files):
        if name_of(path) != name_of(PARAMS / f"{name}.yaml"):
            given[name] = _reachable(path)
    plain = load_params(**given)
    given["as_of"] = str(params.question.as_of)
    if params.question.deadline != plain.question.deadline:
        given["deadline"] = str(params.question.deadline)
    if params.run.random_seed != plain.run.random_seed:
        given["random_seed"] = params.run.random_seed
    again = load_params(**given)
    if (again.opens, again.question.opens) != (params.opens, params.question.opens):
        given["opens"] = str(params.opens)
        again = load_params(**given)
    if (again.question, again.priors, again.run) != (params.question, params.priors, params.run):
        refused = "a report takes no settings other than those of params/; put the change into a scenario"
        raise InputError([Problem(name_of(params.files[2]), 0, 0, refused)])
    given |= {name: [_reachable(path) for path in getattr(sources, name)] for name in TABLES}
    given["only"] = sources.only
    given["what_if"] = [
        f"{verb} {text}" for verb in ("add", "set", "remove") for text in getattr(edits, verb)
    ]
    return {name: value for name, value in given.items() if value} | {"interactive": False}


def _reachable(path: Path) -> str:
    """The name of a file by which a notebook finds it from the folder of the project."""
    return name_of(os.path.abspath(path))


def public_parameters(params: Params, sources: Sources, edits: Edits) -> dict[str, Any]:
    """The same parameters as published: files by their public names."""
    names = {_reachable(path): name for path, name in input_names(params, sources).items()}
    given = notebook_parameters(params, sources, edits)
    given |= {name: names[given[name]] for name in ("question", "priors") if name in given}
    return given | {name: [names[path] for path in given[name]] for name in TABLES if name in given}
