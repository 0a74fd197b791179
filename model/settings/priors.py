"""The priors file: what is believed before the record is seen, parameter by parameter."""

import re
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from ..files.problems import nearest, shown
from .distributions import FAMILIES, Dist, Quantile, frozen, solved
from .fields import Day, Days, HalfLife, Share, Strict, Text, Unit, Word

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen

SUPPORT = {"probability": (0.0, 1.0), "ratio": (0.0, 1.0), "factor": (1.0, inf)}
"""The values a parameter can take, by the first word of its unit; with any other unit it is positive."""


LOWEST, HIGHEST = 1e-100, 1e12
"""How near to zero and how high the values of a prior may reach, to be sampled."""


def _level(text: str) -> str:
    if not (re.fullmatch(r"\d{1,2}(\.\d+)?%", text, re.ASCII) and float(text[:-1]) > 0):
        raise ValueError(f"expected a quantile level such as 5%; found {shown(text)}")
    return text


Level = Annotated[str, AfterValidator(_level)]


class Prior(Strict):
    """A distribution by its arguments, or by two quantiles that determine them; `above` shifts it."""

    dist: Dist
    above: float = 0.0
    args: dict[str, float] | None = None
    quantiles: Annotated[dict[Level, float], Field(min_length=2, max_length=2)] | None = None

    @field_validator("args")
    @classmethod
    def _in_range(cls, args: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        dist = info.data.get("dist")
        if args is None or dist is None:
            return args
        ranges = FAMILIES[dist].args
        faults = [f"unknown argument {name}{nearest(name, ranges)}" for name in args if name not in ranges]
        if args.keys() != ranges.keys():
            faults.append(f"expected {dist}({', '.join(ranges)})")
        faults += [
            f"expected {name} between {low:g} and {high:g}; found {args[name]:g}"
            for name, (low, high) in ranges.items()
            if name in args and not low < args[name] < high
        ]
        if not faults and "upper" in args and args["lower"] >= args["upper"]:
            faults.append(f"expected lower below upper; found {args['lower']:g} and {args['upper']:g}")
        if faults:
            raise ValueError("; ".join(faults))
        return args

    @field_validator("quantiles")
    @classmethod
    def _within_support(
        cls, quantiles: dict[str, float] | None, info: ValidationInfo
    ) -> dict[str, float] | None:
        dist, above = info.data.get("dist"), info.data.get("above", 0.0)
        if quantiles is None or dist is None:
            return quantiles
        family = FAMILIES[dist]
        if len(family.args) != 2:
            only = next(iter(family.args))
            raise ValueError(f"{dist} has only the argument {only}: give args instead of quantiles")
        (low_level, low), (high_level, high) = quantiles.items()
        if not (float(low_level[:-1]) < float(high_level[:-1]) and low < high):
            found = f"{low_level}: {low:g}, {high_level}: {high:g}"
            raise ValueError(f"expected both levels and values to increase; found {found}")
        floor, ceiling = (edge + above for edge in family.support)
        if not floor < low < high < ceiling:
            raise ValueError(f"expected values between {floor:g} and {ceiling:g}, where {dist} has mass")
        return quantiles

    @model_validator(mode="after")
    def _one_shape(self) -> "Prior":
        if (self.args is None) == (self.quantiles is None):
            raise ValueError("expected either args or quantiles, exactly one of them")
        return self

    @cached_property
    def args_solved(self) -> dict[str, float]:
        """The arguments of `dist` by their PyMC names, before the shift `above`.

        Raises
        ------
        ValueError
            If no distribution of the family has the quantiles.
        """
        if self.quantiles is None:
            return dict(self.args or {})
        low, high = (
            Quantile(float(level[:-1]) / 100, value - self.above) for level, value in self.quantiles.items()
        )
        return solved(self.dist, low, high)

    def support(self) -> tuple[float, float]:
        """The lowest and the highest value that a draw can have."""
        low, high = FAMILIES[self.dist].support
        if self.dist == "Uniform":
            low, high = self.args_solved["lower"], self.args_solved["upper"]
        return low + self.above, high + self.above

    def unsampled(self) -> str:
        """Why a sampler cannot draw from the prior; empty if it can.

        It starts at the mean, and needs nearly all of the mass where numbers can be told apart.
        """
        import numpy as np

        with np.errstate(all="ignore"):
            unshifted = frozen(self.dist, self.args_solved, 0.0)
            mean, (low, high) = float(unshifted.mean()), map(float, unshifted.ppf((0.01, 0.99)))
        if not max(mean, high) + self.above < HIGHEST:
            fault = f"a mean and nearly all values below {HIGHEST:g}"
        elif self.dist == "Beta" and (mean > 1 - 5e-7 or high > 1 - 1e-12):
            fault = "a mean and nearly all values distinctly below 1"
        elif low < LOWEST:
            fault = "nearly all values distinctly above 0"
        elif high - low < 1e-9 * (high + self.above):
            fault = "values that differ"
        else:
            return ""
        mean, low, high = (f"{value + self.above:.12g}" for value in (mean, low, high))
        found = f"its mean is {mean}, and 98% of it lies from {low} to {high}"
        return f"this {self.dist} cannot be sampled: expected {fault}; {found}"

    def frozen(self) -> "rv_frozen":
        """The SciPy distribution, shift included."""
        return frozen(self.dist, self.args_solved, self.above)


class Parameter(Prior):
    """One parameter of the model: its prior, unit and meaning.

    `name` is a short noun phrase for sentences. `dim` names the labels of which each has a value of its own;
    None makes it a scalar.
    """

    name: Text
    means: Text
    unit: Text
    why: Text
    dim: Literal["level"] | None = None
    learned_from: Day | None = None

    def outside_unit(self) -> str:
        """What is wrong with a prior that reaches beyond the values its unit allows; empty if nothing is."""
        low, high = SUPPORT.get(self.unit.partition(" ")[0], (0.0, inf))
        lowest, highest = self.support()
        if low <= lowest and highest <= high:
            return ""
        wanted = "between 0 and 1" if high == 1 else f"from {low:g} up"
        return f"expected values {wanted}; {self.dist} goes from {lowest:g} to {highest:g}"


def example(unit: str, value: object) -> str:
    """A prior in its right form, around a value if its unit allows that."""
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
    floor, ceiling = SUPPORT.get(unit.partition(" ")[0], (0.0, inf))
    if ceiling == 1:
        odds = (at := min(max(number, 0.02), 0.98) if number else 0.8) / (1 - at)
        dist, above, low, high = "Beta", "", odds / 2 / (1 + odds / 2), 2 * odds / (1 + 2 * odds)
    else:
        more = number - floor if floor < number < 1e6 else 2.0
        dist, above = "LogNormal", f"above: {floor:g}, " if floor else ""
        low, high = floor + more / 2, floor + 2 * more
    return f"{{dist: {dist}, {above}quantiles: {{5%: {low:.3g}, 95%: {high:.3g}}}}}"


class Kind(Strict):
    """A kind of signal: which way it points, its PLOVER root and its weight in the tone."""

    means: Text
    sign: Literal["up", "down", "either"]
    plover: Text
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0


class OccasionType(Strict):
    """A type of occasion: whether it is yearly, and whether both leaders are expected there as a rule."""

    name: Text
    yearly: bool
    summit: bool


class Grades(Strict):
    """What an Admiralty code is worth by its letter (reliability of the source) and digit (of the item)."""

    letter: Annotated[dict[Literal["A", "B", "C", "D", "E", "F"], Unit], Field(min_length=6)]
    digit: Annotated[dict[Literal["1", "2", "3", "4", "5", "6"], Unit], Field(min_length=6)]

    def reliability(self, grade: str) -> float:
        """Letter times digit: 0 to 1."""
        return self.letter[grade[0]] * self.digit[grade[1]]


class Structure(Strict):
    """Choices that are not estimated, in days; `named_day` is a share."""

    season_gap: Days
    lead: Days
    tone_half_life: HalfLife
    at_risk: Days
    again_within: Days
    named_day: Share


class Priors(Strict):
    """What is believed before the record is seen."""

    parameters: Annotated[dict[Word, Parameter], Field(min_length=1)]
    kinds: Annotated[dict[Word, Kind], Field(min_length=1)]
    types: Annotated[dict[Word, OccasionType], Field(min_length=1)]
    grades: Grades
    structure: Structure

    @property
    def multilateral(self) -> dict[str, OccasionType]:
        """The types of occasion other than visits, in the order of the model's `type` dim."""
        return {name: kind for name, kind in self.types.items() if name != "visit"}
