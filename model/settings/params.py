"""Everything a run is told: question, priors and run settings, with a scenario and options laid over them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

from ..files.problems import Problem, gathered, nearest, raise_if_any, shown
from ..files.yaml_files import Entry, KeyPath, read_yaml
from ..paths import PARAMS
from .fields import LOCAL
from .priors import Priors, example
from .question import Question
from .run_settings import RunSettings
from .scenario import OPTIONS, SECTIONS, Scenario, changed, option_changes, scenario_path
from .validation import validated


@dataclass(frozen=True)
class Params:
    """Everything a run is told, and where each value was read.

    `opens` is the first day on which a meeting counts, also if the question does not state it. `options` are
    those of `load_params`.
    """

    question: Question
    opens: date
    priors: Priors
    run: RunSettings
    scenario: str | None
    files: tuple[Path, ...]
    documents: Mapping[str, Entry] = field(compare=False, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def sides(self) -> tuple[str, str]:
        """The codes of the two sides."""
        first, second = self.question.sides
        return first.code, second.code

    @property
    def leaders(self) -> dict[str, str]:
        """The leaders' names by the code of their side."""
        return {side.code: side.leader for side in self.question.sides}

    @property
    def plain(self) -> Self:
        """These params with a question about the days from any as-of day to any deadline, in local days."""
        sides = [side.model_copy(update={"leaves_office": None}) for side in self.question.sides]
        terms = {"opens": None, "time_zone": LOCAL, "sides": sides}
        return replace(self, question=self.question.model_copy(update=terms))

    @property
    def vocabulary(self) -> dict[str, Any]:
        """The words the ledger may use: keyword arguments of `ledger.load_ledger`."""
        return {
            "kinds": {name: kind.sign for name, kind in self.priors.kinds.items()},
            "types": tuple(self.priors.types),
            "sides": self.sides,
        }

    def problem(self, section: str, path: KeyPath, message: str) -> Problem:
        """The problem at a key of a section ("question", "priors", "run")."""
        return self.documents[section].problem(path, message)

    def check_names(self, parameters: Iterable[str]) -> None:
        """Raise `InputError` unless the priors are those of `parameters`."""
        known, wanted = self.priors.parameters, list(parameters)
        problems = [
            self.problem("priors", ("parameters",), f"required parameter {name} is missing")
            for name in wanted
            if name not in known
        ]
        problems += [
            self.problem("priors", ("parameters", name), f"unknown parameter{nearest(name, wanted)}")
            for name in known
            if name not in wanted
        ]
        raise_if_any(problems)

    def check_priors(self) -> None:
        """Raise `InputError` for quantiles that no distribution has and priors that cannot be sampled."""
        problems = []
        for name, prior in self.priors.parameters.items():
            try:
                fault = prior.unsampled()
            except ValueError as error:
                fault = str(error)
            if fault:
                problems.append(self.problem("priors", ("parameters", name), fault))
        raise_if_any(problems)


def load_params(
    question: str | Path | None = None,
    priors: str | Path | None = None,
    run: str | Path | None = None,
    scenario: str | None = None,
    **options: Any,
) -> Params:
    """The checked parameters of a run.

    Parameters
    ----------
    question, priors, run : path, optional
        Files in place of those in `params/`.
    scenario : str, optional
        Name of a file in `params/scenarios`, laid over them.
    **options
        Values laid over everything, by the name of a top-level key, such as `as_of`, `deadline` and
        `random_seed`; None changes nothing. A mapping changes what it names, as in a scenario:
        `parameters={"held": {"dist": "Beta", "args": {"alpha": 99, "beta": 1}}}`.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    problems: list[Problem] = []
    given = {"question": question, "priors": priors, "run": run}
    files = {name: Path(PARAMS / f"{name}.yaml" if path is None else path) for name, path in given.items()}
    documents: dict[str, Entry] = {}
    for name, path in files.items():
        with gathered(problems):
            documents[name] = read_yaml(path)
    asked, units = documents.get("question"), units_of(documents.get("priors"))
    layers = [option_changes(options, problems)]
    if scenario is not None:
        with gathered(problems):
            files["scenario"] = scenario_path(scenario)
            document = read_yaml(files["scenario"])
            layers.insert(0, document.value)
            validated(Scenario, document)
    parts: dict[str, Any] = {}
    for name in documents:
        for layer in layers:
            if name in layer and isinstance(layer[name].value, dict):
                documents[name] = changed(documents[name], layer[name], (name,), problems)
        if name == "priors":
            documents[name] = without_bare_values(documents[name], units, problems)
        with gathered(problems):
            parts[name] = validated(SECTIONS[name], documents[name])
    if "question" in parts and asked:
        problems += _closed_when_asked(parts["question"], documents["question"])
        parts["opens"] = parts["question"].opened(asked.data)
    if "priors" in parts:
        as_of = parts["question"].as_of if "question" in parts else date.max
        problems += _prior_problems(parts["priors"], as_of, documents["priors"])
    raise_if_any(problems)
    return Params(
        **parts, scenario=scenario, files=tuple(files.values()), documents=documents, options=options
    )


def without_scenario(params: Params) -> Params:
    """The params of the same files and options without their scenario."""
    question, priors, run, *_ = params.files
    return load_params(question, priors, run, **params.options)


def units_of(document: Entry | None) -> dict[str, str]:
    """The unit of each parameter of a priors file, where it says one."""
    parameters = document.data.get("parameters") if document else None
    found = parameters.items() if isinstance(parameters, dict) else ()
    return {name: str(prior.get("unit", "")) for name, prior in found if isinstance(prior, dict)}


def without_bare_values(document: Entry, units: Mapping[str, str], problems: list[Problem]) -> Entry:
    """The priors less those that are no mapping, such as a number; of each, `problems` gets an example."""
    home = document.value.get("parameters")
    if not home or not isinstance(home.value, dict):
        return document
    kept = dict(home.value)
    for name, entry in home.value.items():
        if isinstance(entry.value, dict):
            continue
        beside = "" if name in units else " (beside its name, means, unit and why)"
        unit = units.get(name) or ("factor" if name.endswith("factor") else _guessed(entry.value))
        message = f"expected a distribution, such as {example(unit, entry.value)}{beside}"
        problems.append(
            document.problem(("parameters", name), f"{message}; found {shown(kept.pop(name).value)}")
        )
    return Entry(document.value | {"parameters": Entry(kept, home.mark)}, document.mark)


def _guessed(value: object) -> str:
    """The unit that a number suggests."""
    return "probability" if isinstance(value, float) and 0 < value < 1 else ""


def _closed_when_asked(question: Question, document: Entry) -> Iterator[Problem]:
    """A deadline before the day of the file; an as-of day that an option sets may lie after it."""
    moved = document.value["as_of"].mark == OPTIONS
    if question.as_of > question.deadline and not moved and not question.opens:
        message = f"expected a day not before as_of, which is {question.as_of}; found {question.deadline}"
        yield document.problem(("deadline",), message)


def _prior_problems(priors: Priors, as_of: date, document: Entry) -> Iterator[Problem]:
    """Priors that were learned after the as-of day, or that reach beyond what their unit allows."""
    for name, prior in priors.parameters.items():
        here = ("parameters", name)
        if prior.learned_from and prior.learned_from > as_of:
            message = f"expected a day not after as_of, which is {as_of}; found {prior.learned_from}"
            yield document.problem((*here, "learned_from"), message)
        if fault := prior.outside_unit():
            yield document.problem((*here, "above" if prior.above else "dist"), fault)
