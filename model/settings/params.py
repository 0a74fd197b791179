"""The question, the priors and the run settings: typed, strict, with a scenario and options laid over them.

A run is described completely by `Params`. Scenario files and options may only change keys that exist, and are
checked after the change exactly like the files themselves; every problem names the file and place it comes from.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import exp, inf, log
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..files import (
    InputError,
    KeyPath,
    Mark,
    Problem,
    YamlDocument,
    expected_one_of,
    gathered,
    name_of,
    nearest,
    parse_day,
    raise_if_any,
    read_yaml,
    shown,
)
from ..paths import PARAMS, SCENARIOS


class Family(NamedTuple):
    """A distribution priors may use: the open range of each argument, its support, its SciPy form."""

    args: dict[str, tuple[float, float]]
    support: tuple[float, float]
    frozen: Callable[[Any, dict[str, float], float], Any]


_ANY, _POSITIVE, _LOG = (-1e9, 1e9), (0.0, 1e9), (-100.0, 100.0)
FAMILIES = {
    "Beta": Family(
        {"alpha": _POSITIVE, "beta": _POSITIVE},
        (0.0, 1.0),
        lambda stats, a, loc: stats.beta(a["alpha"], a["beta"], loc=loc),
    ),
    "Normal": Family(
        {"mu": _ANY, "sigma": _POSITIVE}, _ANY, lambda stats, a, loc: stats.norm(a["mu"] + loc, a["sigma"])
    ),
    "LogNormal": Family(
        {"mu": _LOG, "sigma": (0.0, 100.0)},
        _POSITIVE,
        lambda stats, a, loc: stats.lognorm(a["sigma"], scale=exp(a["mu"]), loc=loc),
    ),
    "HalfNormal": Family(
        {"sigma": _POSITIVE}, _POSITIVE, lambda stats, a, loc: stats.halfnorm(scale=a["sigma"], loc=loc)
    ),
    "Gamma": Family(
        {"alpha": _POSITIVE, "beta": _POSITIVE},
        _POSITIVE,
        lambda stats, a, loc: stats.gamma(a["alpha"], scale=1 / a["beta"], loc=loc),
    ),
    "Exponential": Family(
        {"scale": _POSITIVE}, _POSITIVE, lambda stats, a, loc: stats.expon(scale=a["scale"], loc=loc)
    ),
    "Uniform": Family(
        {"lower": _ANY, "upper": _ANY},
        _ANY,
        lambda stats, a, loc: stats.uniform(a["lower"] + loc, a["upper"] - a["lower"]),
    ),
}


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {shown(name)}{nearest(name, available_timezones())}") from None
    return name


def _day(value: object) -> object:
    return parse_day(value) if isinstance(value, str) else value


def _level(text: str) -> str:
    if not (re.fullmatch(r"\d{1,2}(\.\d+)?%", text, re.ASCII) and float(text[:-1]) > 0):
        raise ValueError(f"expected a quantile level such as 5%; found {shown(text)}")
    return text


SUPPORT = {"probability": (0.0, 1.0), "factor": (1.0, inf), "ratio": (0.0, 1.0)}
"""What a parameter can be, by its unit; one of any other unit is positive."""

Text = Annotated[str, Field(min_length=1)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]
Level = Annotated[str, AfterValidator(_level)]
Share = Annotated[float, Field(gt=0, lt=1)]
Unit = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=366)]
HalfLife = Annotated[float, Field(gt=0, le=36525)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Side(Strict):
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    country: Text
    office: Text
    leader: Text


class Meeting(Strict):
    counts: Text
    does_not_count: Text


class Question(Strict):
    """What is asked: who, by when, seen from which day, and what counts."""

    question_id: Slug
    text: Text
    sides: Annotated[list[Side], Field(min_length=2, max_length=2)]
    as_of: Day
    deadline: Day
    time_zone: Annotated[str, AfterValidator(_time_zone)]
    meeting: Meeting
    resolver: Text
    if_a_leader_leaves_office: Text

    @field_validator("sides")
    @classmethod
    def _two_codes(cls, sides: list[Side]) -> list[Side]:
        if sides[0].code == sides[1].code:
            raise ValueError(f"expected two different codes; found {sides[0].code} twice")
        return sides

    @field_validator("deadline")
    @classmethod
    def _not_over(cls, deadline: date, info: ValidationInfo) -> date:
        if (as_of := info.data.get("as_of")) and as_of > deadline:
            raise ValueError(f"expected a day not before as_of, which is {as_of}; found {deadline}")
        return deadline


class Prior(Strict):
    """A belief as a distribution: its arguments, or two quantiles that determine them; `above` shifts it."""

    unit: Text
    why: Text
    dist: Literal[tuple(FAMILIES)]
    above: float = 0.0
    args: dict[str, float] | None = None
    quantiles: Annotated[dict[Level, float], Field(min_length=2, max_length=2)] | None = None
    learned_from: Day | None = None

    @field_validator("args")
    @classmethod
    def _proper(cls, args: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        family = FAMILIES.get(info.data.get("dist"))
        if args is None or family is None:
            return args
        faults = [
            f"unknown argument {name}{nearest(name, family.args)}" for name in args if name not in family.args
        ]
        if args.keys() != family.args.keys():
            faults.append(f"expected {info.data['dist']}({', '.join(family.args)})")
        faults += [
            f"expected {name} between {low:g} and {high:g}; found {args[name]:g}"
            for name, (low, high) in family.args.items()
            if name in args and not low < args[name] < high
        ]
        if not faults and "upper" in args and args["lower"] >= args["upper"]:
            faults.append(f"expected lower below upper; found {args['lower']:g} and {args['upper']:g}")
        if faults:
            raise ValueError("; ".join(faults))
        return args

    @field_validator("quantiles")
    @classmethod
    def _determined(cls, quantiles: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        dist, above = info.data.get("dist"), info.data.get("above", 0.0)
        if quantiles is None or dist is None:
            return quantiles
        family = FAMILIES[dist]
        if len(family.args) != 2:
            raise ValueError(f"{dist} has the one argument {next(iter(family.args))}: give args instead")
        (low_level, low), (high_level, high) = (
            (float(level[:-1]), value) for level, value in quantiles.items()
        )
        if not (low_level < high_level and low < high):
            raise ValueError(f"expected both levels and values to increase; found {quantiles}")
        floor, ceiling = (edge + above for edge in family.support)
        if not floor < low < high < ceiling:
            raise ValueError(f"expected values between {floor:g} and {ceiling:g}, where {dist} has mass")
        return quantiles

    @model_validator(mode="after")
    def _one_shape(self) -> "Prior":
        if (self.args is None) == (self.quantiles is None):
            raise ValueError("expected either args or quantiles, exactly one of them")
        return self

    def support(self) -> tuple[float, float]:
        """The lowest and highest value that may be drawn; ValueError where no distribution has the quantiles."""
        low, high = FAMILIES[self.dist].support
        if self.dist == "Uniform":
            low, high = self.args_solved["lower"], self.args_solved["upper"]
        return low + self.above, high + self.above

    @cached_property
    def args_solved(self) -> dict[str, float]:
        """The arguments of `dist` by their PyMC names, before the shift `above`; ValueError where none fit."""
        if self.args is not None:
            return dict(self.args)
        return _solve(
            self.dist,
            *((float(level[:-1]) / 100, value - self.above) for level, value in self.quantiles.items()),
        )

    def frozen(self) -> Any:
        """The SciPy frozen distribution, shift included."""
        from scipy import stats

        return FAMILIES[self.dist].frozen(stats, self.args_solved, self.above)


def _solve(dist: str, low: tuple[float, float], high: tuple[float, float]) -> dict[str, float]:
    """The two arguments whose quantiles are the two (probability, value) pairs."""
    (p_low, q_low), (p_high, q_high) = low, high
    if dist in ("Normal", "LogNormal"):
        x_low, x_high = (q_low, q_high) if dist == "Normal" else (log(q_low), log(q_high))
        z_low, z_high = NormalDist().inv_cdf(p_low), NormalDist().inv_cdf(p_high)
        sigma = (x_high - x_low) / (z_high - z_low)
        return {"mu": x_low - sigma * z_low, "sigma": sigma}
    if dist == "Uniform":
        width = (q_high - q_low) / (p_high - p_low)
        return {"lower": q_low - p_low * width, "upper": q_low + (1 - p_low) * width}

    from scipy import special

    # For each alpha one beta puts the low quantile in its place; along these, mass gathers there as alpha grows,
    # so that the probability below the high quantile rises with alpha.
    if dist == "Beta":

        def beta_for(alpha: float) -> float:
            return special.btdtrib(alpha, p_low, q_low)

        def below_high(alpha: float) -> float:
            return special.betainc(alpha, beta_for(alpha), q_high)
    else:

        def beta_for(alpha: float) -> float:
            return special.gammaincinv(alpha, p_low) / q_low

        def below_high(alpha: float) -> float:
            return special.gammainc(alpha, beta_for(alpha) * q_high)

    steps = range(
        -5 * 10**12, 15 * 10**12
    )  # of log alpha; SciPy's root finders take a quarter of a second to import
    found = bisect_left(steps, p_high, key=lambda step: below_high(exp(step / 10**12)))
    if not 0 < found < len(steps):
        raise ValueError(f"no {dist} has the quantiles {p_low:g}: {q_low:g} and {p_high:g}: {q_high:g}")
    alpha = exp(steps[found] / 10**12)
    return {"alpha": alpha, "beta": float(beta_for(alpha))}


class Parameter(Prior):
    """The prior of one parameter of the model, with what it means in the world; `dim` names the labels it differs by."""

    means: Text
    dim: Literal["level"] | None = None


def outside(prior: Parameter) -> str:
    """What is wrong with a prior that reaches beyond what its unit allows; empty where nothing is."""
    low, high = SUPPORT.get(prior.unit.partition(" ")[0], (0.0, inf))
    lowest, highest = prior.support()
    if low <= lowest and highest <= high:
        return ""
    wanted = "between 0 and 1" if high == 1 else f"from {low:g} up"
    return f"expected values {wanted}; {prior.dist} goes from {lowest:g} to {highest:g}"


class Kind(Strict):
    """A kind of signal: which way it points, its PLOVER root and its weight in the tone."""

    means: Text
    sign: Literal["up", "down", "either"]
    plover: Text
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0


class OccasionType(Strict):
    """A type of occasion: whether it is held every year, and whether both leaders are expected there as a rule."""

    name: Text
    yearly: bool
    summit: bool


class Grades(Strict):
    """What the two axes of an Admiralty code are worth: reliability of the source, credibility of the item."""

    letter: dict[Literal["A", "B", "C", "D", "E", "F"], Unit]
    digit: dict[Literal["1", "2", "3", "4", "5", "6"], Unit]

    @field_validator("letter", "digit")
    @classmethod
    def _all_six(cls, values: dict[str, float]) -> dict[str, float]:
        if len(values) != 6:
            raise ValueError(f"expected all six grades; found {', '.join(values)}")
        return values

    def reliability(self, grade: str) -> float:
        """Letter times digit: 0 to 1."""
        return self.letter[grade[0]] * self.digit[grade[1]]


class Structure(Strict):
    """Choices that are not estimated, in days."""

    season_gap: Days
    lead: Days
    tone_half_life: HalfLife
    at_risk: Days
    again_within: Days
    named_day: Share


class Priors(Strict):
    """What is believed before the record is looked at."""

    parameters: Annotated[dict[Word, Parameter], Field(min_length=1)]
    kinds: Annotated[dict[Word, Kind], Field(min_length=1)]
    types: Annotated[dict[Word, OccasionType], Field(min_length=1)]
    grades: Grades
    structure: Structure

    @property
    def multilateral(self) -> dict[str, OccasionType]:
        """The types of occasion other than visits, in the order of the model's `type` dim."""
        return {name: kind for name, kind in self.types.items() if name != "visit"}


class Gate(Strict):
    """The bounds outside which a fit publishes nothing."""

    rhat_max: Annotated[float, Field(gt=1)]
    ess_min: Annotated[float, Field(gt=0)]
    divergences_max: Annotated[int, Field(ge=0)]
    ebfmi_min: Annotated[float, Field(ge=0)]


class RunSettings(Strict):
    """How the posterior is drawn and summarised."""

    random_seed: Annotated[int, Field(ge=0, lt=2**32)]
    chains: Annotated[int, Field(ge=1, le=64)]
    tune: Annotated[int, Field(ge=1, le=1_000_000)]
    draws: Annotated[int, Field(ge=1, le=1_000_000)]
    target_accept: Share
    gate: Gate
    interval_mass: Share
    evidence: Literal["all", "article"]
    record: Literal["all", "none"]


class Scenario(Strict):
    """Changes to the three files under one name; only keys that exist there."""

    means: Text
    question: dict[str, Any] = {}
    priors: dict[str, Any] = {}
    run: dict[str, Any] = {}


SECTIONS: dict[str, type[Strict]] = {"question": Question, "priors": Priors, "run": RunSettings}


@dataclass(frozen=True)
class Params:
    """Everything a run is told, and where each word of it was read."""

    question: Question
    priors: Priors
    run: RunSettings
    scenario: str | None
    files: tuple[Path, ...]
    documents: Mapping[str, YamlDocument] = field(compare=False, repr=False)

    @property
    def sides(self) -> tuple[str, str]:
        """The codes of the two sides."""
        return tuple(side.code for side in self.question.sides)

    @property
    def vocabulary(self) -> dict[str, Any]:
        """The words the ledger may use: keyword arguments of `ledger.load_ledger`."""
        return {
            "kinds": {name: kind.sign for name, kind in self.priors.kinds.items()},
            "types": tuple(self.priors.types),
            "sides": self.sides,
        }

    def problem(self, section: str, path: KeyPath, message: str) -> Problem:
        """The problem at a key of a section ("question", "priors", "run"), for checks made elsewhere."""
        return self.documents[section].problem(path, message)

    def check_names(self, parameters: Iterable[str]) -> None:
        """Raise `InputError` unless the priors are those of `parameters`."""
        known, wanted = self.priors.parameters, list(parameters)
        raise_if_any(
            [
                *(
                    self.problem("priors", ("parameters",), f"required parameter {name} is missing")
                    for name in wanted
                    if name not in known
                ),
                *(
                    self.problem("priors", ("parameters", name), f"unknown parameter{nearest(name, wanted)}")
                    for name in known
                    if name not in wanted
                ),
            ]
        )

    def check_priors(self) -> None:
        """Raise `InputError` for priors that cannot be solved."""
        problems = []
        for name, prior in self.priors.parameters.items():
            try:
                prior.args_solved
            except ValueError as error:
                problems.append(self.problem("priors", ("parameters", name), str(error)))
        raise_if_any(problems)


def load_params(
    question: str | Path | None = None,
    priors: str | Path | None = None,
    run: str | Path | None = None,
    scenario: str | None = None,
    **overrides: Any,
) -> Params:
    """The checked parameters of a run.

    Parameters
    ----------
    question, priors, run : path, optional
        Files in place of those under `params/`.
    scenario : str, optional
        Name of a file of `params/scenarios`, laid over them.
    **overrides
        Single values laid over everything, by the name of a top-level key: `as_of`, `deadline`, `random_seed`.
        None stands for no change.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    problems: list[Problem] = []
    given = {"question": question, "priors": priors, "run": run}
    files = {name: Path(PARAMS / f"{name}.yaml" if path is None else path) for name, path in given.items()}
    documents: dict[str, YamlDocument] = {}
    for name, path in files.items():
        with gathered(problems):
            documents[name] = read_yaml(path)
    layers = [_options(overrides, problems)]
    if scenario is not None:
        with gathered(problems):
            files["scenario"] = _scenario_path(scenario)
            layers.insert(0, read_yaml(files["scenario"]))
            _validate(Scenario, layers[0], problems)
    for layer in layers:
        for name in documents:
            if isinstance(change := layer.data.get(name), dict):
                documents[name] = _overlay(documents[name], change, layer.marks, name, problems)
    parts = {name: _validate(SECTIONS[name], document, problems) for name, document in documents.items()}
    if parts.get("question") and parts.get("priors"):
        as_of = parts["question"].as_of
        problems += [
            documents["priors"].problem(
                ("parameters", name, "learned_from"),
                f"expected a day not after as_of, which is {as_of}; found {prior.learned_from}",
            )
            for name, prior in parts["priors"].parameters.items()
            if prior.learned_from and prior.learned_from > as_of
        ]
    if parts.get("priors"):
        problems += [
            documents["priors"].problem(("parameters", name, "above" if prior.above else "dist"), fault)
            for name, prior in parts["priors"].parameters.items()
            if (fault := outside(prior))
        ]
    raise_if_any(problems)
    return Params(**parts, scenario=scenario, files=tuple(files.values()), documents=documents)


def meanings() -> dict[str, str]:
    """What each scenario of the params changes, in its own words, by name."""
    return {
        path.stem: str(read_yaml(path).data.get("means", "")) for path in sorted(SCENARIOS.glob("*.yaml"))
    }


def _scenario_path(name: str) -> Path:
    names = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
    if name not in names:
        listed = (
            f"expected a file of {name_of(SCENARIOS)} by its name, one of {', '.join(names) or 'none yet'}"
        )
        raise InputError(
            [Problem("options", 0, 0, f"{listed}; found {shown(name)}{nearest(name, names)}", "scenario")]
        )
    return SCENARIOS / f"{name}.yaml"


def _options(overrides: Mapping[str, Any], problems: list[Problem]) -> YamlDocument:
    """The overrides as a layer like a scenario, marked as options."""
    data: dict[str, dict[str, Any]] = {}
    mark = Mark("options", (0, 0), (0, 0))
    marks: dict[KeyPath, Mark] = {(): mark}
    homes = {key: name for name in ("question", "run") for key in SECTIONS[name].model_fields}
    for key, value in overrides.items():
        if key not in homes:
            problems.append(Problem("options", 0, 0, f"unknown option{nearest(key, homes)}", key))
        elif value is not None:
            data.setdefault(homes[key], {})[key] = value.isoformat() if isinstance(value, date) else value
            marks[homes[key], key] = mark
    return YamlDocument(data, marks)


_SHAPE = ("dist", "args", "quantiles")


def _overlay(
    base: YamlDocument,
    change: Mapping[str, Any],
    marks: Mapping[KeyPath, Mark],
    section: str,
    problems: list[Problem],
) -> YamlDocument:
    """The document with the changed keys in place of its own; what `change` holds at a key is marked at `section`."""
    placed = dict(base.marks)
    layer = YamlDocument({}, dict(marks))

    def forget(path: KeyPath) -> None:
        for known in [known for known in placed if known[: len(path)] == path]:
            del placed[known]

    def laid(old: Mapping[str, Any], new: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        is_prior = "dist" in old
        valid = {*old, *(Parameter.model_fields if is_prior else ())}
        result = dict(old)
        if is_prior and not new.keys().isdisjoint(_SHAPE):
            for key in _SHAPE:
                result.pop(key, None)
                forget((*path, key))
            placed[path] = marks[section, *path]
        for key, value in new.items():
            here = (*path, key)
            if key not in valid:
                problems.append(
                    layer.problem(
                        (section, *here),
                        f"unknown key{nearest(key, valid)}; a scenario changes only keys that exist",
                        key=True,
                    )
                )
            elif isinstance(result.get(key), dict) and isinstance(value, dict):
                result[key] = laid(result[key], value, here)
            else:
                result[key] = value
                forget(here)
                placed.update(
                    {
                        known[1:]: mark
                        for known, mark in marks.items()
                        if known[: len(here) + 1] == (section, *here)
                    }
                )
        return result

    return YamlDocument(laid(base.data, change, ()), placed)


def _validate[Model: Strict](
    model: type[Model], document: YamlDocument, problems: list[Problem]
) -> Model | None:
    """The model, or None with every fault of the document added to `problems`."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            path = tuple(part for part in fault["loc"] if part not in _TAGS)
            problems.append(
                document.problem(
                    path,
                    _message(fault, model),
                    key=fault["type"] == "extra_forbidden" or "[key]" in fault["loc"],
                )
            )
        return None


def validated[Model: Strict](model: type[Model], document: YamlDocument) -> Model:
    """The model of a document; raises `InputError` with every fault."""
    problems: list[Problem] = []
    made = _validate(model, document, problems)
    raise_if_any(problems)
    return made


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "date_type": "a day",
    "finite_number": "a finite number",
    "string_too_short": "some text",
    "string_pattern_mismatch": "text like {pattern}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


_TAGS = ("[key]", "[every]", "[days]")
"""What Pydantic names in a place beside the keys of the file: that a key is meant, or a member of a union."""


def _message(fault: Mapping[str, Any], model: type[Strict]) -> str:
    kind, loc, found, context = fault["type"], fault["loc"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{nearest(loc[-1], _fields_at(model, loc[:-1]))}"
    if kind == "missing":
        return "required key is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return expected_one_of(found, re.findall(r"'(\w+)'", context["expected"]))
    return f"expected {_EXPECTED[kind].format(**context) if kind in _EXPECTED else fault['msg']}; found {shown(found)}"


def _fields_at(model: type, path: tuple[str | int, ...]) -> Iterable[str]:
    """The keys that are valid at a path of a model."""
    annotation: Any = model
    for part in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = annotation.model_fields[part].annotation
        elif part in _TAGS:
            annotation = get_args(annotation)[0]
        else:
            annotation = get_args(annotation)[-1]
        while get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
    return annotation.model_fields


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each params file by its name: question, priors, run, and scenario."""
    schemas = {name: model.model_json_schema() for name, model in SECTIONS.items()}
    scenario = Scenario.model_json_schema()
    scenario["$defs"] = {}
    for name, schema in schemas.items():
        partial = _without_required(schema)
        scenario["$defs"] |= partial.pop("$defs", {})
        scenario["properties"][name] = partial
    return schemas | {"scenario": scenario}


def schema_files(**more: type[Strict]) -> dict[Path, str]:
    """The text of each schema file under `params/schema`; `more` adds schemas of other rooms by name."""
    schemas = json_schemas() | {name: model.model_json_schema() for name, model in more.items()}
    return {
        PARAMS / "schema" / f"{name}.schema.json": json.dumps(schema, indent=1, sort_keys=True) + "\n"
        for name, schema in schemas.items()
    }


def _without_required(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_required(part) for key, part in schema.items() if key != "required"}
