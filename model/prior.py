"""What the priors alone say, beside what the record makes of them, and the record itself.

Draws come straight from the priors, without a sampler; as in the scenario `no-record`, the tone's norm is then zero.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from . import explain, hazard, predictive
from .forecast import Run, spread
from .params import Params, Prior
from .summit import DIMS, coords

DRAWS = 4000
TRIED = {"envoy_meeting": "one meeting of envoys", "invitation": "an invitation", "trade_delivery": "a trade delivery"}
CENTRAL = (0.025, 0.975)
UNMOVED = 0.9
"""Where the posterior's standard deviation is more than this share of the prior's, the record has taught nothing."""


class Range(NamedTuple):
    """A mean and the central interval of the run's `interval_mass` around it."""

    mean: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Line:
    """One number before and after the record, and as the record has it; effects are in probability, not points."""

    what: str
    kind: str
    prior: Range
    posterior: Range
    record: str


@dataclass(frozen=True)
class Belief:
    """A parameter before and after the record, in its unit.

    `conflict`: the posterior mean lies outside the central 95% of the prior. `unmoved`: the record left it as it was.
    """

    name: str
    unit: str
    means: str
    prior_mean: float
    prior_sd: float
    prior_lower: float
    prior_upper: float
    posterior_mean: float
    posterior_sd: float

    @property
    def conflict(self) -> bool:
        return not self.prior_lower <= self.posterior_mean <= self.prior_upper

    @property
    def unmoved(self) -> bool:
        return self.posterior_sd > UNMOVED * self.prior_sd


@dataclass(frozen=True)
class PriorOnly:
    """What the priors alone say of a question."""

    question: str
    as_of: str
    deadline: str
    lines: tuple[Line, ...]
    beliefs: tuple[Belief, ...]

    @property
    def conflicts(self) -> list[str]:
        """Parameters of which prior and record say different things."""
        return [belief.name for belief in self.beliefs if belief.conflict]

    @property
    def unmoved(self) -> list[str]:
        """Parameters that are belief, not record."""
        return [belief.name for belief in self.beliefs if belief.unmoved]


def draws(params: Params, number: int = DRAWS) -> hazard.Draws:
    """Draws of every parameter from its prior, by variable (draw, *dims), with the tone's norm at zero."""
    made = predictive.prior_draws(params, number, params.run.random_seed)
    return made | {"tone_norm": np.zeros(number)}


def each(params: Params) -> Iterator[tuple[str, str, int | None, Prior, str]]:
    """Every scalar that has a prior: its name, its variable, its index there, the prior, and what it means."""
    labels = coords(params)
    for name, prior in params.priors.parameters.items():
        if name in DIMS:
            for i, label in enumerate(labels[DIMS[name][0]]):
                yield f"{name}[{label}]", name, i, prior, f"{prior.means.rstrip('.')}: {label}."
        else:
            yield name, name, None, prior, prior.means
    for i, (kind, entry) in enumerate(params.priors.kinds.items()):
        yield f"weight[{kind}]", "weight", i, entry.weight, f"Weight of a signal of the kind: {entry.means}"


def of(p: hazard.Draws, variable: str, index: int | None) -> np.ndarray:
    """The draws of one scalar; (draw,)."""
    return p[variable] if index is None else p[variable][:, index]


def beliefs(params: Params, posterior: hazard.Draws) -> list[Belief]:
    """Every parameter before and after the record."""
    found = []
    for name, variable, index, prior, means in each(params):
        frozen, values = prior.frozen(), of(posterior, variable, index)
        found.append(Belief(name, prior.unit, means, float(frozen.mean()), float(frozen.std()),
                            *map(float, frozen.ppf(CENTRAL)), float(values.mean()), float(values.std())))
    return found


def effects(p: hazard.Draws, run: Run) -> dict[str, np.ndarray]:
    """Change of the probability by each signal of interest; (draw,).

    Announcement and refusal are tried at the occasion that carries most of the forecast.
    """
    now, tried = hazard.by_deadline(p, run.outlook), explain.possible(run.outlook, run.params.priors)
    wanted = {f"{kind.replace('_', ' ')} (+2)": text for kind, text in TRIED.items()}
    places = [row for row in run.forecast.occasions if row["kind"] == "season"]
    if places:
        name = max(places, key=lambda row: row["probability_first"])["name"]
        wanted |= {f"meeting announced at {name}": f"an announcement for {name}",
                   f"one leader stays away from {name}": f"a cancellation of {name}"}
    return {text: hazard.by_deadline(p, tried[key]) - now for key, text in wanted.items() if key in tried}


def prior_only(run: Run, number: int = DRAWS) -> PriorOnly:
    """What the priors say of the run's question without its record, line by line beside the run itself."""
    params, f, both = run.params, run.forecast, (draws(run.params, number), run.draws)

    def line(what: str, kind: str, values: list[np.ndarray], record: str = "") -> Line:
        ranges = [spread(each, params.run.interval_mass) for each in values]
        return Line(what, kind, *(Range(float(each.mean()), edge["lower"], edge["upper"])
                                  for each, edge in zip(values, ranges, strict=True)), record)

    matched = f.matched_record
    lines = [line("probability by the deadline", "probability", [hazard.by_deadline(p, run.outlook) for p in both],
                  f"{matched['hits']} of {matched['years']} years" if matched["years"] else "")]
    seen, _, _ = predictive.observed(run.ledger, params.priors)
    if seen.years and len(run.record.season_ids):
        lines.append(line("meetings a year", "count", [predictive.simulated(
            p, run.ledger, params.priors, number, params.run.random_seed).by_year().mean(1) for p in both],
            f"{seen.by_year().mean():.1f}, {seen.years[0]}-{seen.years[-1]}"))
    before, after = (effects(p, run) for p in both)
    lines += [line(what, "effect", [before[what], after[what]]) for what in before]
    return PriorOnly(f.question, f.as_of, f.deadline, tuple(lines), tuple(beliefs(params, run.draws)))


def to_json(made: PriorOnly) -> dict[str, Any]:
    """The same as plain data, with the two lists of names."""
    return {**{key: value for key, value in asdict(made).items() if key not in ("lines", "beliefs")},
            "lines": [asdict(line) | {part: getattr(line, part)._asdict() for part in ("prior", "posterior")}
                      for line in made.lines],
            "beliefs": [asdict(belief) | {"conflict": belief.conflict, "unmoved": belief.unmoved}
                        for belief in made.beliefs]}
