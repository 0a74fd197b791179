"""Importance reweighting: a fit for a later day, other priors or another record, without sampling.

The likelihood is a product of terms, and each block of parameters has terms of its own (`likelihood.BLOCKS`).
Blocks are thus independent in the posterior, and each is reweighted by itself, because its weights vary less
than those of whole draws.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..evidence.record import Record
from ..settings.params import Params
from ..settings.priors import Prior
from .likelihood import BLOCKS, by_block, terms

if TYPE_CHECKING:
    from .store import Fit

PARETO_K_MAX = 0.7
"""Importance weights with a larger Pareto k are unreliable (Vehtari et al. 2024)."""
EQUAL = 1e-3
"""A tail whose weights differ by less than this share has no shape but that of rounded densities."""


def update(fitted: "Fit", before: Record, now: Record) -> "Fit":
    """The fit to `before`, reweighted by the outcomes since and the time without a new visit (`now.idle`)."""
    p = fitted.draws
    if now is before:
        return resampled(fitted, by_block({"visits_seen": -p["visit_rate"] * now.idle}))
    old, new = terms(p, before), terms(p, now, now.idle)
    return resampled(fitted, by_block({name: new[name] - old[name] for name in new}))


def adapted(fitted: "Fit", params: Params, record: Record) -> "Fit":
    """The fit, which has its log densities, reweighted to the priors of `params` and to `record`."""
    draws = fitted.draws | {"norm": np.full_like(fitted.draws["norm"], record.norm)}
    new, old = log_densities(draws, params, record), fitted.densities
    made = replace(fitted, through=record.through, draws=draws, stats={})
    return resampled(made, {name: new[name] - old[name] for name in new})


def log_densities(draws: dict[str, np.ndarray], params: Params, record: Record) -> dict[str, np.ndarray]:
    """The log density of the posterior at the draws by block, up to constants; (draw,) each."""
    priors = params.priors.parameters.items()
    return by_block(terms(draws, record) | {name: log_density(prior, draws[name]) for name, prior in priors})


def log_density(prior: Prior, values: np.ndarray) -> np.ndarray:
    """Log density of a prior at `values` (draw, *dims), summed over the dims; (draw,)."""
    return prior.frozen().logpdf(values).reshape(len(values), -1).sum(1)


def resampled(fitted: "Fit", log_weights: dict[str, np.ndarray]) -> "Fit":
    """The fit with the draws of each block picked in proportion to their weights, so that all weigh the same.

    `log_weights` (draw,) are by block; those left out did not change. Systematic resampling takes even steps
    through the cumulative weights, in ascending order. Each pick replaces the draw of the same rank, whose
    weight is never larger; where weights vary little, few draws change. The effective sample size of the
    result is that of the fit times the share of the draws that the weights of the worst block are worth (Kish
    1965).
    """
    draws, checks, worth, shapes = dict(fitted.draws), fitted.diagnostics, 1.0, [fitted.pareto_k]
    for block, log_weight in log_weights.items():
        order = np.argsort(log_weight, kind="stable")
        weight = np.exp(log_weight[order] - log_weight.max())
        steps = (np.arange(len(weight)) + 0.5) / len(weight)
        picked = np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), steps), len(weight) - 1)
        chosen = np.empty_like(order)
        chosen[order] = order[picked]
        draws |= {name: draws[name][chosen] for name in BLOCKS[block].parameters}
        worth = min(worth, float(weight.sum() ** 2 / (weight @ weight) / len(weight)))
        shapes.append(pareto_k(log_weight))
    if "ess_min" in checks:
        checks = checks | {"ess_min": checks["ess_min"] * worth}
    return replace(fitted, draws=draws, diagnostics=checks, pareto_k=float(np.max(shapes)), densities={})


def pareto_k(log_weight: np.ndarray) -> float:
    """Shape of the generalised Pareto tail of importance weights (draw,); -inf if its weights hardly differ.

    The tail is the smaller of n / 5 and 3 sqrt(n) draws. The estimator is that of Zhang and Stephens (2009)
    with the weak prior of Vehtari, Simpson, Gelman, Yao and Gabry (2024). ArviZ has it too, but takes seconds
    to import, which would slow every forecast.
    """
    ordered = np.sort(np.exp(log_weight - log_weight.max()))
    count = len(ordered)
    length = int(min(count / 5, 3 * np.sqrt(count)))
    if length < 5 or ordered[-1] - ordered[-length - 1] <= EQUAL * ordered[-1]:
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
