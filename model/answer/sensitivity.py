"""Which belief the forecast hangs on: the headline under other priors, without a fit.

Each prior of `params/priors.yaml` is moved so that its median lies where its 5% or its 95% point was. The posterior
draws are reweighted by the ratio of the densities; where the Pareto shape k of the weights is too large for that, a
refit is needed, and `refitted` makes one on request. Power-scaling (Kallioinen and others 2024) is ArviZ's.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..attendance import Draws
from ..chances import by_deadline
from ..fit.likelihood import log_likelihood
from ..fit.reweight import pareto_k
from ..settings.params import Params
from ..settings.priors import Parameter, Prior
from . import forecast
from .forecast import Run

LEVELS = (0.05, 0.95)
SAFE = 0.7
"""Largest Pareto k at which reweighted draws are to be trusted."""
NOTICEABLE = 0.05
"""Power-scaling sensitivity from which a prior or the record is said to matter."""


@dataclass(frozen=True)
class End:
    """The headline with a prior moved to one of its edges: `value` is the new median, `error` its Monte Carlo error."""

    level: float
    value: float
    probability: float
    error: float
    pareto_k: float

    @property
    def safe(self) -> bool:
        """Whether the reweighting can be trusted; else a refit is needed."""
        return self.pareto_k < SAFE


@dataclass(frozen=True)
class Bar:
    """One prior and what it does to the headline; `power` is the power-scaling sensitivity of this prior alone."""

    name: str
    unit: str
    means: str
    low: End
    high: End
    power: float

    @property
    def safe(self) -> list[End]:
        """The ends that are known without a refit."""
        return [end for end in (self.low, self.high) if end.safe]

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the ends that are known, the larger one."""
        return max((end.error for end in self.safe), default=0.0)

    def reach(self, probability: float) -> float:
        """The width of what is known: from the lowest to the highest headline, the run's own among them."""
        known = [probability, *(end.probability for end in self.safe)]
        return max(known) - min(known)


@dataclass(frozen=True)
class Sensitivity:
    """All bars, widest first; power-scaling sensitivity of the headline to all priors and to the record."""

    probability: float
    bars: tuple[Bar, ...]
    prior: float
    likelihood: float

    @property
    def unknown(self) -> list[str]:
        """Priors of which an end needs a refit."""
        return [bar.name for bar in self.bars if len(bar.safe) < len(LEVELS)]


def moved(old: Prior, level: float) -> Prior:
    """The prior with its median where its quantile of this level was: as wide as before on the scale it is told on.

    Normal and LogNormal keep sigma, Beta the sum of its arguments, Gamma its shape; the others have only a scale.
    """
    from scipy import optimize, stats

    a = old.args_solved
    place, middle = (float(old.frozen().ppf(each)) - old.above for each in (level, 0.5))
    if old.dist == "Normal":
        args = a | {"mu": place}
    elif old.dist == "LogNormal":
        args = a | {"mu": float(np.log(place))}
    elif old.dist == "Beta":
        total = a["alpha"] + a["beta"]
        logit = optimize.brentq(
            lambda x: stats.beta.ppf(0.5, *_shares(x, total)) - place, -30, 30, xtol=1e-10
        )
        args = dict(zip(("alpha", "beta"), _shares(logit, total), strict=True))
    elif old.dist == "Gamma":
        args = a | {"beta": a["beta"] * middle / place}
    elif old.dist == "Uniform":
        reach = min(place - a["lower"], a["upper"] - place)
        args = {"lower": place - reach, "upper": place + reach}
    else:
        args = {name: value * place / middle for name, value in a.items()}
    return Prior(dist=old.dist, above=old.above, args=args)


def _shares(logit: float, total: float) -> tuple[float, float]:
    alpha = total / (1 + np.exp(-logit))
    return float(alpha), float(total - alpha)


def values_of(p: Draws, name: str) -> np.ndarray:
    """The draws that a prior is about, (draw, 1 or its dim)."""
    return p[name].reshape(len(p[name]), -1)


def log_density(old: Prior, values: np.ndarray) -> np.ndarray:
    """Log density of a prior, summed over what it is about; (draw,)."""
    return old.frozen().logpdf(values).sum(1)


def end(old: Prior, level: float, values: np.ndarray, headline: np.ndarray) -> End:
    """The headline with the prior moved, by reweighting its draws."""
    new = moved(old, level)
    log_weight = log_density(new, values) - log_density(old, values)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = float(weight @ headline)
    error = float(np.sqrt(np.square(weight) @ np.square(headline - mean)))
    k = pareto_k(log_weight)
    return End(level, float(old.frozen().ppf(level)), mean, error, float("inf") if np.isnan(k) else k)


def power(headline: np.ndarray, log_prior: dict[str, np.ndarray], likelihood: np.ndarray) -> dict[str, float]:
    """ArviZ's power-scaling sensitivity of the headline to each prior, to all of them ("prior") and to the record.

    What is flat, such as a uniform prior, changes nothing when it is scaled.
    """
    import warnings

    import arviz as az

    flat = [name for name, values in log_prior.items() if np.ptp(values) < 1e-9]
    parts = {name: values[None] for name, values in log_prior.items() if name not in flat}
    tree = az.from_dict(
        {
            "posterior": {"headline": headline[None]},
            "log_prior": parts,
            "log_likelihood": {"record": likelihood[None]},
        }
    )

    def of(group: str, names: list[str]) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(
                np.nan_to_num(az.psense(tree, group=group, group_var_names=names)["headline"].item())
            )

    return (
        dict.fromkeys(flat, 0.0)
        | {name: of("prior", [name]) for name in parts}
        | {
            "prior": of("prior", list(parts)) if parts else 0.0,
            "likelihood": of("likelihood", ["record"]) if np.ptp(likelihood) > 1e-9 else 0.0,
        }
    )


def sensitivity(run: Run) -> Sensitivity:
    """The headline of a run under each prior at its edges, and under priors and record scaled; fits nothing."""
    p, priors = run.draws, run.params.priors.parameters
    headline = by_deadline(p, run.outlook)
    scaled = power(
        headline,
        {name: log_density(old, values_of(p, name)) for name, old in priors.items()},
        log_likelihood(p, run.record),
    )
    ends = {
        name: [end(old, level, values_of(p, name), headline) for level in LEVELS]
        for name, old in priors.items()
    }
    bars = [Bar(name, old.unit, old.means, *ends[name], scaled[name]) for name, old in priors.items()]
    return Sensitivity(
        float(headline.mean()), ordered(bars, float(headline.mean())), scaled["prior"], scaled["likelihood"]
    )


def ordered(bars: list[Bar], probability: float) -> tuple[Bar, ...]:
    """Widest first."""
    return tuple(sorted(bars, key=lambda bar: (-bar.reach(probability), bar.name)))


def with_prior(params: Params, name: str, new: Prior) -> Params:
    """Params with another prior of a parameter."""
    old = params.priors.parameters[name]
    changed = Parameter(**(old.model_dump() | new.model_dump()))
    priors = params.priors.model_copy(update={"parameters": params.priors.parameters | {name: changed}})
    return replace(params, priors=priors)


def refitted(run: Run, made: Sensitivity) -> Sensitivity:
    """The same with a fit for each end that needs one, kept in the fit cache; never when rendering."""
    from ..fit.fits import fit

    def done(bar: Bar, which: End) -> End:
        if which.safe:
            return which
        params = with_prior(run.params, bar.name, moved(run.params.priors.parameters[bar.name], which.level))
        value = forecast.headline(params, run.whole, run.params.question.as_of, fit)
        return replace(which, probability=value, error=0.0, pareto_k=-np.inf)

    return replace(
        made,
        bars=ordered(
            [replace(bar, low=done(bar, bar.low), high=done(bar, bar.high)) for bar in made.bars],
            made.probability,
        ),
    )
