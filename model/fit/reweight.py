"""Importance reweighting: a fit for a later day, other priors or another record, without sampling."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..evidence.record import Record
from ..settings.params import Params
from ..settings.priors import Prior
from .likelihood import log_likelihood

if TYPE_CHECKING:
    from .store import Densities, Fit

PARETO_K_MAX = 0.7
"""Importance weights with a larger Pareto k are unreliable (Vehtari et al. 2024)."""


def update(fitted: "Fit", before: Record, now: Record) -> "Fit":
    """The fit to `before`, reweighted by the outcomes since and the time without a new visit (`now.idle`)."""
    p = fitted.draws
    if now is before:
        return resampled(fitted, -p["visit_rate"] * now.idle)
    return resampled(fitted, log_likelihood(p, now, now.idle) - log_likelihood(p, before))


def adapted(fitted: "Fit", densities: "Densities", params: Params, record: Record) -> "Fit":
    """The fit whose draws have these log densities, reweighted to the priors of `params` and to `record`.

    The weights are the ratio of the two posterior densities. The effective sample size of the result is that
    of the fit times the share of draws that the weights are worth (Kish 1965).
    """
    draws = fitted.draws | {"norm": np.full_like(fitted.draws["norm"], record.norm)}
    log_weight = log_likelihood(draws, record) - densities.likelihood
    for name, prior in params.priors.parameters.items():
        log_weight += log_density(prior, draws[name]) - densities.prior[name]
    weight = np.exp(log_weight - log_weight.max())
    share = float(weight.sum() ** 2 / (weight @ weight) / len(weight))
    checks = fitted.diagnostics | {"ess_min": fitted.diagnostics["ess_min"] * share}
    made = replace(fitted, through=record.through, draws=draws, diagnostics=checks, stats={})
    return resampled(made, log_weight)


def log_density(prior: Prior, values: np.ndarray) -> np.ndarray:
    """Log density of a prior at `values` (draw, *dims), summed over the dims; (draw,)."""
    return prior.frozen().logpdf(values).reshape(len(values), -1).sum(1)


def resampled(fitted: "Fit", log_weight: np.ndarray) -> "Fit":
    """The fit with its draws picked in proportion to their weights (draw,), so that all have equal weight.

    Systematic resampling takes even steps through the cumulative weights.
    """
    weight = np.exp(log_weight - log_weight.max())
    steps = (np.arange(len(weight)) + 0.5) / len(weight)
    chosen = np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), steps), len(weight) - 1)
    draws = {name: values[chosen] for name, values in fitted.draws.items()}
    return replace(fitted, draws=draws, pareto_k=pareto_k(log_weight))


def pareto_k(log_weight: np.ndarray) -> float:
    """Shape of the generalised Pareto tail of importance weights (draw,); -inf if all weights are equal.

    The tail is the smaller of n / 5 and 3 sqrt(n) draws. The estimator is that of Zhang and Stephens (2009)
    with the weak prior of Vehtari, Simpson, Gelman, Yao and Gabry (2024). ArviZ has it too, but takes seconds
    to import, which would slow every forecast.
    """
    ordered = np.sort(np.exp(log_weight - log_weight.max()))
    count = len(ordered)
    length = int(min(count / 5, 3 * np.sqrt(count)))
    if length < 5 or ordered[-1] - ordered[-length - 1] <= 1e-9 * ordered[-1]:
        return -np.inf
    x = ordered[-length:] - ordered[-length - 1]
    quartile = x[int(length / 4 + 0.5) - 1]
    if quartile <= x[0]:
        return np.nan
    grid = 30 + int(np.sqrt(length))
    b = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quartile) + 1 / x[-1]
    k = np.log1p(-b[:, None] * x).mean(1)
    profile = length * (np.log(-b / k) - k - 1)
    weight = 1 / np.exp(profile[None, :] - profile[:, None]).sum(1)
    best = (b * weight).sum() / weight.sum()
    return float((np.log1p(-best * x).mean() * length + 5) / (length + 10))
