"""What the priors alone say, beside what the record makes of them, and the record itself.

Draws come straight from the priors, without a sampler; as in the scenario `no-record`, the usual tone is then zero.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import chances
from ..chances import Draws
from ..fit import predictive
from ..settings.params import Params
from ..settings.priors import Prior
from ..summit import coords
from . import explain
from .forecast import Run, spread

DRAWS = 4000
TRIED = ("envoy meeting (+2)", "invitation (+2)", "trade delivery (+2)")
CENTRAL, SPAN = (0.025, 0.975), (0.05, 0.95)
UNMOVED = 0.9
"""Where the posterior's central 90% is wider than this share of the prior's, the record has taught nothing."""


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

    `prior_lower` and `prior_upper` bound the central 95% of the prior; `span_ratio` is the width of the posterior's central
    90% over that of the prior's. `conflict`: the posterior mean lies outside those bounds. `unmoved`: the record left the
    parameter as it was.
    """

    name: str
    unit: str
    means: str
    prior_mean: float
    prior_lower: float
    prior_upper: float
    posterior_mean: float
    span_ratio: float

    @property
    def conflict(self) -> bool:
        return not self.prior_lower <= self.posterior_mean <= self.prior_upper

    @property
    def unmoved(self) -> bool:
        return self.span_ratio > UNMOVED


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


def each(params: Params) -> Iterator[tuple[str, str, int | None, Prior, str]]:
    """Every scalar that has a prior: its name, its variable, its index there, the prior, and what it means."""
    labels = coords(params)
    for name, prior in params.priors.parameters.items():
        if not prior.dim:
            yield name, name, None, prior, prior.means
        else:
            for i, label in enumerate(labels[prior.dim]):
                yield f"{name}[{label}]", name, i, prior, prior.means


def beliefs(params: Params, posterior: Draws) -> list[Belief]:
    """Every parameter before and after the record."""
    found = []
    for name, variable, index, prior, means in each(params):
        frozen, values = (
            prior.frozen(),
            posterior[variable] if index is None else posterior[variable][:, index],
        )
        ratio = float(np.diff(np.quantile(values, SPAN))[0] / np.diff(frozen.ppf(SPAN))[0])
        found.append(
            Belief(
                name,
                prior.unit,
                means,
                float(frozen.mean()),
                *map(float, frozen.ppf(CENTRAL)),
                float(values.mean()),
                ratio,
            )
        )
    return found


def effects(p: Draws, run: Run) -> dict[str, np.ndarray]:
    """Change of the probability by each signal of interest, in the words of `explain.possible`; (draw,).

    Announcement and words about coming are tried at the occasion that carries most of the forecast.
    """
    now, places = (
        chances.by_deadline(p, run.outlook),
        [row for row in run.forecast.occasions if row["kind"] == "season"],
    )
    tried, wanted = {what: after for _, what, after in explain.possible(run.outlook, run.params)}, list(TRIED)
    if places:
        name = max(places, key=lambda row: row["probability_first"])["name"]
        wanted += [
            f"meeting announced at {name}",
            *(
                f"{side.leader} {verb} {name}"
                for side in run.params.question.sides
                for verb in ("says he comes to", "stays away from")
            ),
        ]
    return {what: chances.by_deadline(p, tried[what]) - now for what in wanted if what in tried}


def prior_only(run: Run, number: int = DRAWS) -> PriorOnly:
    """What the priors say of the run's question without its record, line by line beside the run itself."""
    params, f, seed = run.params, run.forecast, run.params.run.random_seed
    both = predictive.prior_draws(params, number, seed), run.draws

    def line(what: str, kind: str, values: list[np.ndarray], record: str = "") -> Line:
        ranges = [spread(each, params.run.interval_mass) for each in values]
        return Line(
            what,
            kind,
            *(
                Range(float(each.mean()), edge["lower"], edge["upper"])
                for each, edge in zip(values, ranges, strict=True)
            ),
            record,
        )

    matched = f.matched_record
    lines = [
        line(
            "probability by the deadline",
            "probability",
            [chances.by_deadline(p, run.outlook) for p in both],
            f"{matched['hits']} of {matched['years']} years" if matched["years"] else "",
        )
    ]
    seen = predictive.observed(run.ledger, params)
    if (years := seen.calendar.years) and len(seen.calendar.occasions):
        lines.append(
            line(
                "meetings a year",
                "count",
                [predictive.simulated(p, run.ledger, params, number, seed).by_year().mean(1) for p in both],
                f"{seen.by_year().mean():.1f}, {years[0]}-{years[-1]}",
            )
        )
    before, after = (effects(p, run) for p in both)
    lines += [line(what, "effect", [before[what], after[what]]) for what in before]
    return PriorOnly(f.question, f.as_of, f.deadline, tuple(lines), tuple(beliefs(params, run.draws)))


def to_json(made: PriorOnly) -> dict[str, Any]:
    """The same as plain data, with the two lists of names."""
    return {
        **{key: value for key, value in asdict(made).items() if key not in ("lines", "beliefs")},
        "lines": [
            asdict(line) | {part: getattr(line, part)._asdict() for part in ("prior", "posterior")}
            for line in made.lines
        ],
        "beliefs": [
            asdict(belief) | {"conflict": belief.conflict, "unmoved": belief.unmoved}
            for belief in made.beliefs
        ],
    }
