"""Which belief the forecast depends on most: the headline under other priors, without a fit.

Each prior of `params/priors.yaml` is moved so that its median lies at its old 5% or 95% point, and the
posterior draws are reweighted by the ratio of the densities. Where the Pareto shape k of the weights is too
large, only a refit could tell. Power-scaling (Kallioinen and others 2024) is ArviZ's.
"""

from dataclasses import dataclass

import numpy as np

from ..chances import by_deadline
from ..fit.likelihood import log_likelihood
from ..fit.reweight import PARETO_K_MAX, log_density, pareto_k
from ..settings.priors import Prior
from .forecast import Run

LEVELS = (0.05, 0.95)
NOTICEABLE = 0.05
"""Power-scaling sensitivity from which a prior or the record is said to matter."""


@dataclass(frozen=True)
class End:
    """The headline with a prior moved to one edge; `value` is the new median, `error` Monte Carlo error."""

    level: float
    value: float
    probability: float
    error: float
    pareto_k: float

    @property
    def safe(self) -> bool:
        """Whether the reweighting is reliable; if not, only a refit could tell."""
        return self.pareto_k < PARETO_K_MAX


@dataclass(frozen=True)
class Bar:
    """One prior, its name in sentences and its effect on the headline; `power`: power-scaling sensitivity."""

    name: str
    label: str
    unit: str
    low: End
    high: End
    power: float

    @property
    def safe(self) -> list[End]:
        """The ends that are known without a refit."""
        return [end for end in (self.low, self.high) if end.safe]

    @property
    def error(self) -> float:
        """The larger Monte Carlo standard error of the known ends."""
        return max((end.error for end in self.safe), default=0.0)

    def reach(self, probability: float) -> float:
        """The distance from the lowest to the highest known headline, among them the run's own."""
        known = [probability, *(end.probability for end in self.safe)]
        return max(known) - min(known)


@dataclass(frozen=True)
class Sensitivity:
    """All bars, widest first; the power-scaling sensitivity to all priors and to the record."""

    probability: float
    bars: tuple[Bar, ...]
    prior: float
    likelihood: float

    @property
    def unknown(self) -> list[Bar]:
        """The bars with an end that only a refit could tell."""
        return [bar for bar in self.bars if len(bar.safe) < len(LEVELS)]


def moved(old: Prior, level: float) -> Prior:
    """The prior with its median at its old quantile of this level, and as wide as before.

    Normal and LogNormal keep sigma, Beta the sum of its arguments, Gamma its shape; others only have a scale.
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


def end(old: Prior, level: float, values: np.ndarray, headline: np.ndarray) -> End:
    """The headline with a prior moved: `headline` (draw,) reweighted at the parameter's draws `values`."""
    log_weight = log_density(moved(old, level), values) - log_density(old, values)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = float(weight @ headline)
    error = float(np.sqrt(np.square(weight) @ np.square(headline - mean)))
    k = pareto_k(log_weight)
    return End(level, float(old.frozen().ppf(level)), mean, error, float("inf") if np.isnan(k) else k)


@dataclass(frozen=True)
class Power:
    """Power-scaling sensitivity of the headline to each prior by name, to all priors, and to the record."""

    each: dict[str, float]
    prior: float
    likelihood: float


def power(headline: np.ndarray, log_prior: dict[str, np.ndarray], likelihood: np.ndarray) -> Power:
    """ArviZ's power-scaling sensitivity; flat densities, such as that of a uniform prior, have none."""
    import warnings

    import arviz_stats as az
    from arviz_base import from_dict

    curved = [name for name, values in log_prior.items() if np.ptp(values) >= 1e-9]
    tree = from_dict(
        {
            "posterior": {"headline": headline[None]},
            "log_prior": {name: log_prior[name][None] for name in curved},
            "log_likelihood": {"record": likelihood[None]},
        }
    )

    def scaled(group: str, names: list[str]) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = az.psense(tree, group=group, group_var_names=names)["headline"].item()
        return float(np.nan_to_num(found))

    return Power(
        each={name: scaled("prior", [name]) if name in curved else 0.0 for name in log_prior},
        prior=scaled("prior", curved) if curved else 0.0,
        likelihood=scaled("likelihood", ["record"]) if np.ptp(likelihood) > 1e-9 else 0.0,
    )


def sensitivity(run: Run) -> Sensitivity:
    """The headline of a run with each prior at its edges, and with priors and record scaled; fits nothing."""
    draws, priors = run.draws, run.params.priors.parameters
    headline = by_deadline(draws, run.outlook)
    probability = float(headline.mean())
    log_prior = {name: log_density(prior, draws[name]) for name, prior in priors.items()}
    scaled = power(headline, log_prior, log_likelihood(draws, run.record))
    bars = []
    for name, prior in priors.items():
        low, high = (end(prior, level, draws[name], headline) for level in LEVELS)
        bars.append(Bar(name, prior.name, prior.unit, low, high, scaled.each[name]))
    bars.sort(key=lambda bar: (-bar.reach(probability), bar.name))
    return Sensitivity(probability, tuple(bars), scaled.prior, scaled.likelihood)
