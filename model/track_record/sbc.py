"""Simulation-based calibration (Talts et al. 2018): does the sampler recover the true parameters?

Each simulation draws parameters from the prior, simulates outcomes with the real calendar and tone, and fits
the model to them. If model, simulator and sampler agree, every rank of a true value among its posterior draws
is equally likely. The simulator is independent of the PyMC model, because `sample_prior_predictive` would
share its errors. The study tests the sampler, not whether the model is true.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import chances, parallel
from ..attendance import Draws
from ..evidence.outlook import Outlook
from ..evidence.record import CLASSES, Record
from ..fit import likelihood, predictive, sampling
from ..paths import RECORD
from ..settings.params import Params
from ..summit import coords, dims
from . import tables

TABLE = RECORD / "sbc.csv"
HEADLINE = "headline"
CHAINS, TUNE, DRAWS = 2, 600, 500
"""Chains, tuning steps and draws of each fit."""
KEPT, BINS = 99, 20
"""The number of draws kept from each fit (ranks run from 0 to `KEPT`), and of bins of ranks."""
MISSED = 0.01
"""The probability that a correct sampler has any quantity outside its bounds."""
CHECKS = ("simulation", "rhat_max", "ess_min", "divergences", "failure")


@dataclass(frozen=True)
class Simulation:
    """One simulated record: the rank of each true value by name and the checks of its fit, or its failure."""

    simulation: int
    ranks: dict[str, int]
    rhat_max: float = np.nan
    ess_min: float = np.nan
    divergences: int = 0
    failure: str = ""


@dataclass(frozen=True)
class Verdict:
    """The p-values of two tests that the ranks of a quantity are uniform, and the bound for each."""

    name: str
    kolmogorov: float
    chi_square: float
    bound: float

    @property
    def inside(self) -> bool:
        """Whether both tests pass at their share of `MISSED`."""
        return min(self.kolmogorov, self.chi_square) >= self.bound


def simulated(p: Draws, past: Record, rng: np.random.Generator) -> Record:
    """A record with the calendar, tone and trials of `past`; one draw `p`, (1, *dims), gives its outcomes."""
    one = {name: values[0] for name, values in p.items()}
    of_came, of_away = likelihood.said(p)

    def counted(pair: tuple[int, int], chance: float) -> tuple[int, int]:
        return int(rng.binomial(pair[1], chance)), pair[1]

    said = past.said.copy()
    said[:, 0] = rng.binomial(past.said[:, 1], of_came[0])
    said[:, 2] = rng.binomial(past.said[:, 3], of_away[0])
    came, met = (chance(p, past, p["norm"])[0] for chance in (likelihood.came, likelihood.met))
    return replace(
        past,
        said=said,
        came=(rng.random(len(came)) < came).astype(int),
        met=(rng.random(len(met)) < met).astype(int),
        held=counted(past.held, one["held"]),
        will=counted(past.will, one["came_if_will"]),
        will_not=counted(past.will_not, one["came_if_not"]),
        again=counted(past.again, one["again"]),
        meeting_days=rng.multinomial(past.meeting_days.sum(), one["meeting_day"]),
        broken=int(rng.poisson(one["breaks"] * past.exposure)),
        visits=int(rng.poisson(one["visit_rate"] * past.years)),
        notices=rng.exponential(one["visit_notice"], len(past.notices)),
    )


def truth(params: Params, past: Record, random_seed: int) -> Draws:
    """One draw of every parameter from its prior, (1, *dims), and the usual tone of the record."""
    return predictive.prior_draws(params, 1, random_seed) | {"norm": np.array([past.norm])}


def quantities(params: Params, past: Record, ahead: Outlook, p: Draws) -> dict[str, np.ndarray]:
    """The draws of every scalar that the record can inform, and of the headline, by name, (draw,).

    Of `comes_effect`, only sides and types with at least one decision that depends on habits.
    """
    labels, named, found = coords(params), dims(params), {}
    habitual = np.isin(past.classes, [CLASSES.index(name) for name in ("summit", "other")])
    decided = set(zip(past.sides[habitual].tolist(), past.types[habitual].tolist(), strict=True))
    for name, values in p.items():
        for index in np.ndindex(values.shape[1:]):
            if name == "norm" or (name == "comes_effect" and index not in decided):
                continue
            at = zip(named.get(name, ()), index, strict=True)
            label = " ".join(str(labels[dim][i]) for dim, i in at)
            found[f"{name}[{label}]" if label else name] = values[:, *index]
    return found | {HEADLINE: chances.by_deadline(p, ahead)}


def one(
    number: int,
    params: Params,
    past: Record,
    ahead: Outlook,
    ready: Any,
    draws: int = DRAWS,
    tune: int = TUNE,
    kept: int = KEPT,
    simulate: Callable[[Draws, Record, np.random.Generator], Record] = simulated,
) -> Simulation:
    """The simulation with one number; the same number gives the same simulation."""
    random_seed = params.run.random_seed + 1000 * number
    true = truth(params, past, random_seed)
    made = simulate(true, past, np.random.default_rng([random_seed, 1]))
    seeded = replace(params, run=params.run.model_copy(update={"random_seed": random_seed % 2**32}))
    try:
        tree = sampling.resample(ready, made, seeded, chains=CHAINS, draws=draws, tune=tune)
        found, (checks, _) = sampling.draws_of(tree, made), sampling.diagnose(tree, seeded)
    except Exception as error:
        return Simulation(number, {}, failure=f"{type(error).__name__}: {error}".splitlines()[0][:200])
    steps = np.linspace(0, len(found["held"]) - 1, kept).round().astype(int)
    few = {name: values[steps] for name, values in found.items()}
    right = quantities(params, past, ahead, true)
    ranks = {
        name: int((values < right[name]).sum())
        for name, values in quantities(params, past, ahead, few).items()
    }
    return Simulation(number, ranks, checks["rhat_max"], checks["ess_min"], checks["divergences"])


_READY: dict[str, Any] = {}


def _begin(params: Params, past: Record, ahead: Outlook) -> None:
    _READY.update(params=params, past=past, ahead=ahead, ready=sampling.compiled(params, past))


def _work(number: int) -> Simulation:
    return one(number, **_READY)


def run(params: Params, past: Record, ahead: Outlook, numbers: range) -> Iterator[Simulation]:
    """The simulations as they complete, run in parallel; each worker compiles the model once."""
    given = replace(params, documents={}), past, ahead
    jobs = {number: (number,) for number in numbers}
    for _, made in parallel.done(_work, jobs, "simulations", begin=_begin, given=given):
        yield made


def verdicts(simulations: Sequence[Simulation], kept: int = KEPT, bins: int = BINS) -> list[Verdict]:
    """The verdict on each quantity; with all of them, a correct sampler fails once in `1 / MISSED` studies.

    Two tests compare the ranks 0 to `kept` with a uniform distribution: Kolmogorov (distribution function)
    and chi-square (in `bins`). Simulations without a fit have no ranks and are left out.
    """
    from scipy import stats

    fitted = [each.ranks for each in simulations if not each.failure]
    if not fitted:
        return []
    ranks = np.array([list(each.values()) for each in fitted]).T
    spread = (ranks + np.random.default_rng(1).random(ranks.shape)) / (kept + 1)
    edges = np.linspace(0, kept + 1, bins + 1)
    counts = np.array([np.histogram(row, edges)[0] for row in ranks])
    kolmogorov = stats.kstest(spread, "uniform", axis=1).pvalue
    chi_square = stats.chisquare(counts, axis=1).pvalue
    bound = MISSED / len(ranks) / 2
    return [
        Verdict(name, float(k), float(c), bound)
        for name, k, c in zip(fitted[0], kolmogorov, chi_square, strict=True)
    ]


def save(simulations: Sequence[Simulation], path: Path = TABLE) -> None:
    """Write one line per simulation, in order: checks, then ranks."""
    names = next((list(each.ranks) for each in simulations if each.ranks), [])
    rows = [
        {name: getattr(each, name) for name in CHECKS}
        | {"rhat_max": f"{each.rhat_max:.3f}", "ess_min": f"{each.ess_min:.0f}"}
        | {name: each.ranks.get(name, "") for name in names}
        for each in sorted(simulations, key=lambda each: each.simulation)
    ]
    tables.save_table(rows, path)


def load(path: Path = TABLE) -> list[Simulation]:
    """The simulations of a study; empty if there is no file."""
    return [
        Simulation(
            ranks={name: value for name, value in row.items() if name not in CHECKS and value != ""},
            **{name: row[name] for name in CHECKS},
        )
        for row in tables.load(path)
    ]
