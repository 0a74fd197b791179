"""What a scenario does to the forecast, and what the record makes of the priors that it changes."""

from dataclasses import dataclass
from datetime import date
from math import hypot

from .. import chances
from ..evidence.ledger import Ledger
from ..evidence.outlook import outlook
from ..evidence.resolution import resolution
from ..fit import predictive
from ..settings.changes import Change, changes
from ..settings.params import Params, without_scenario
from ..settings.scenario import meaning
from .forecast import monte_carlo_error, seen
from .posterior import Fitter, fit_as_of
from .prior import DRAWS, Belief, beliefs


@dataclass(frozen=True)
class Answer:
    """A forecast before and after the record, the Monte Carlo error of the latter, the changed parameters."""

    prior: float
    probability: float
    error: float
    beliefs: tuple[Belief, ...]


@dataclass(frozen=True)
class Effect:
    """What a scenario changes, in its own words and value by value, and its answer beside the default."""

    name: str
    means: str
    as_of: str
    deadline: str
    changes: tuple[Change, ...]
    scenario: Answer
    default: Answer

    @property
    def difference(self) -> float:
        """The forecast of the scenario less the default one."""
        return self.scenario.probability - self.default.probability

    @property
    def error(self) -> float:
        """The Monte Carlo standard error of the difference."""
        return hypot(self.scenario.error, self.default.error)

    @property
    def settings(self) -> tuple[Change, ...]:
        """The changes other than those of parameters."""
        return tuple(change for change in self.changes if not change.is_prior)


def effect(params: Params, whole: Ledger, fitted: Fitter, through: date | None = None) -> Effect | None:
    """The effect of the scenario of a run; None without one, and once the question is resolved.

    Both answers come from the same ledger, from fits to what was decided by `through`, made or loaded by
    `fitted`.
    """
    q = params.question
    if params.scenario is None or resolution(whole.as_of(q.as_of), params, q.as_of):
        return None
    default = without_scenario(params)
    found = tuple(changes(default, params))
    names = {change.path[1] for change in found if change.is_prior}
    answers = (answer(each, whole, names, fitted, through) for each in (params, default))
    means = meaning(params.scenario)
    return Effect(params.scenario, means, q.as_of.isoformat(), q.deadline.isoformat(), found, *answers)


def answer(params: Params, whole: Ledger, names: set[str], fitted: Fitter, through: date | None) -> Answer:
    """The forecast of params before and after the record, with the parameters of these names."""
    q = params.question
    ahead = outlook(seen(params, whole, q.as_of), q.as_of, q.last_day, params)
    prior = predictive.prior_draws(params, DRAWS, params.run.random_seed)
    done = fit_as_of(params, whole, q.as_of, fitted, through)
    after = chances.by_deadline(done.draws, ahead)
    kept = tuple(each for each in beliefs(params, done.draws) if each.name.partition("[")[0] in names)
    before = float(chances.by_deadline(prior, ahead).mean())
    return Answer(before, float(after.mean()), monte_carlo_error(after, done), kept)
