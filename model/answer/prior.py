"""What the priors alone say, beside what they say with the record, and the record itself.

Draws come from the priors directly, without a sampler. As in the scenario `no-record`, the usual tone is 0.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import chances, formatting
from ..chances import Draws
from ..evidence.words import LEVELS
from ..fit import predictive
from ..settings.params import Params
from . import explain
from .forecast import Run, spread

DRAWS = 4000
TRIED = ("envoy meeting (+2)", "invitation (+2)", "trade delivery (+2)")
CENTRAL, SPAN = (0.025, 0.975), (0.05, 0.95)
UNMOVED = 0.85
"""The part of its prior span that a belief keeps; the span of 1,000 draws is known to about 5%."""
LEVEL_NAMES = {2: "reported to come", 1: "may come", -1: "may not come", -2: "reported not to come"}


@dataclass(frozen=True)
class Range:
    """A mean and the central interval of the run's `interval_mass` around it."""

    mean: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Line:
    """One number without and with the record, and in the record itself; effects are probabilities."""

    what: str
    kind: str
    prior: Range
    posterior: Range
    record: str


@dataclass(frozen=True)
class Spread:
    """The 5% point, the mean and the 95% point of a distribution."""

    low: float
    mean: float
    high: float

    @property
    def width(self) -> float:
        """The width of the central 90%."""
        return self.high - self.low

    def __str__(self) -> str:
        """The mean with the central 90%."""
        mean, low, high = map(formatting.number, (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})"


@dataclass(frozen=True)
class Belief:
    """A parameter before and after the record, in its unit; `label` is its name in sentences.

    `plausible` bounds the central 95% of the prior.
    """

    name: str
    label: str
    unit: str
    means: str
    prior: Spread
    posterior: Spread
    plausible: tuple[float, float]

    @property
    def ratio(self) -> float:
        """The width of the posterior's central 90% over that of the prior's."""
        return self.posterior.width / self.prior.width

    @property
    def conflict(self) -> bool:
        """Whether the posterior mean lies outside the central 95% of the prior."""
        low, high = self.plausible
        return not low <= self.posterior.mean <= high

    @property
    def unmoved(self) -> bool:
        """Whether it rests on belief: its central 90% keeps over `UNMOVED` of its width in the prior."""
        return self.ratio > UNMOVED


@dataclass(frozen=True)
class PriorOnly:
    """What the priors alone say of a question."""

    question: str
    as_of: str
    deadline: str
    lines: tuple[Line, ...]
    beliefs: tuple[Belief, ...]


def beliefs(params: Params, posterior: Draws) -> list[Belief]:
    """Every parameter before and after the record; one with a dim has a belief for each level."""
    found = []
    for variable, prior in params.priors.parameters.items():
        frozen, draws = prior.frozen(), posterior[variable]
        low, high = frozen.ppf(SPAN).tolist()
        before = Spread(low, float(frozen.mean()), high)
        plausible = tuple(map(float, frozen.ppf(CENTRAL)))
        scalars = [(variable, prior.name, draws)]
        if prior.dim:
            scalars = [
                (f"{variable}[{level}]", f"{prior.name} ({LEVEL_NAMES[level]})", draws[:, index])
                for index, level in enumerate(LEVELS)
            ]
        for name, text, values in scalars:
            low, high = np.quantile(values, SPAN).tolist()
            after = Spread(low, float(values.mean()), high)
            found.append(Belief(name, text, prior.unit, prior.means, before, after, plausible))
    return found


def effects(p: Draws, run: Run) -> dict[str, np.ndarray]:
    """Change of the probability by each signal of interest, in the words of `explain.possible`; (draw,).

    The announcement and the words about coming are tried at the occasion that carries most of the forecast.
    """
    now = chances.by_deadline(p, run.outlook)
    tried = {each.what: each.outlook for each in explain.possible(run.outlook, run.params)}
    wanted = list(TRIED)
    places = [row for row in run.forecast.occasions if row["kind"] == "season"]
    if places:
        name = max(places, key=lambda row: row["probability_first"])["name"]
        wanted.append(f"meeting announced at {name}")
        for side in run.params.question.sides:
            wanted += [f"{side.leader} says he comes to {name}", f"{side.leader} stays away from {name}"]
    return {what: chances.by_deadline(p, tried[what]) - now for what in wanted if what in tried}


def prior_only(run: Run, number: int = DRAWS) -> PriorOnly:
    """What the priors say of the run's question without its record, line by line beside the run itself."""
    params, f, seed = run.params, run.forecast, run.params.run.random_seed
    both = predictive.prior_draws(params, number, seed), run.draws

    def line(what: str, kind: str, values: Sequence[np.ndarray], record: str = "") -> Line:
        ranges = []
        for each in values:
            edges = spread(each, params.run.interval_mass)
            ranges.append(Range(float(each.mean()), edges["lower"], edges["upper"]))
        return Line(what, kind, *ranges, record)

    matched = f.matched_record
    record = f"{matched['hits']} of {matched['years']} years" if matched["years"] else ""
    headlines = [chances.by_deadline(p, run.outlook) for p in both]
    lines = [line("probability by the deadline", "probability", headlines, record)]
    seen = predictive.observed(run.ledger, params)
    years = seen.calendar.years
    if years and len(seen.calendar.occasions):
        made = [predictive.simulated(p, run.ledger, params, number, seed).by_year().mean(1) for p in both]
        record = f"{seen.by_year().mean():.1f}, {years[0]}-{years[-1]}"
        lines.append(line("meetings a year", "count", made, record))
    before, after = (effects(p, run) for p in both)
    lines += [line(what, "effect", [before[what], after[what]]) for what in before]
    return PriorOnly(f.question, f.as_of, f.deadline, tuple(lines), tuple(beliefs(params, run.draws)))


def to_json(made: PriorOnly) -> dict[str, Any]:
    """The same as plain data."""
    plain = asdict(made)
    for belief, row in zip(made.beliefs, plain["beliefs"], strict=True):
        row |= {"ratio": belief.ratio, "conflict": belief.conflict, "unmoved": belief.unmoved}
    return plain
