"""Simulation-based calibration (Talts et al. 2018): does the sampler find the parameters that generated a record?

Parameters are drawn from the prior, outcomes are simulated from them on the real calendar and tone, the model is fitted
to these, and the rank of each true value among its posterior draws is noted. If model, simulator and sampler agree all
ranks are equally likely. It proves the sampler, not the model: of the world it says nothing.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import chances, parallel
from ..attendance import Draws
from ..evidence.outlook import Outlook
from ..evidence.record import CLASSES, Record
from ..files.csv_files import csv_text
from ..files.disk import write_atomic
from ..fit import likelihood, predictive
from ..paths import RECORD
from ..settings.params import Params
from ..summit import coords, dims

TABLE = RECORD / "sbc.csv"
HEADLINE = "headline"
CHAINS, TUNE, DRAWS, KEPT, BINS = 2, 600, 500, 99, 20
"""Chains, tuning steps and draws of each fit, the draws kept of them (so that ranks run from 0 to `KEPT`), and the bins of ranks."""
MISSED = 0.01
"""The chance that a sound sampler has any quantity outside its bounds."""
CHECKS = ("simulation", "rhat_max", "ess_min", "divergences", "failure")


@dataclass(frozen=True)
class Simulation:
    """One simulated record: the rank of each true value by name, the checks of its fit, or why there is none."""

    simulation: int
    ranks: dict[str, int]
    rhat_max: float = np.nan
    ess_min: float = np.nan
    divergences: int = 0
    failure: str = ""


@dataclass(frozen=True)
class Verdict:
    """How the ranks of one quantity are spread: the p-values of the two tests of uniformity, and the bound for each."""

    name: str
    kolmogorov: float
    chi_square: float
    bound: float

    @property
    def inside(self) -> bool:
        """Whether neither test rejects at its share of `MISSED`."""
        return min(self.kolmogorov, self.chi_square) >= self.bound


def simulated(p: Draws, past: Record, rng: np.random.Generator) -> Record:
    """A record with the calendar, tone and trials of `past` and the outcomes of one draw `p`, each (1, *dims)."""
    one, (of_came, of_away) = {name: values[0] for name, values in p.items()}, likelihood.said(p)

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


def scalars(params: Params, past: Record, p: Draws) -> dict[str, np.ndarray]:
    """The draws of every scalar that the record can speak of, by name, (draw,).

    Of `comes_effect` those of a side and type with a decision in which habits count.
    """
    labels, named, found = coords(params), dims(params), {}
    habitual = np.isin(past.classes, [CLASSES.index(name) for name in ("summit", "other")])
    decided = set(zip(past.sides[habitual].tolist(), past.types[habitual].tolist(), strict=True))
    for name, values in p.items():
        for index in np.ndindex(values.shape[1:]):
            if name != "norm" and (name != "comes_effect" or index in decided):
                label = " ".join(
                    str(labels[dim][i]) for dim, i in zip(named.get(name, ()), index, strict=True)
                )
                found[f"{name}[{label}]" if label else name] = values[:, *index]
    return found


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
    """The simulation of one number: the same number, the same simulation."""
    from ..fit.fits import diagnose, draws_of, resample

    random_seed = params.run.random_seed + 1000 * number
    true = truth(params, past, random_seed)
    made = simulate(true, past, np.random.default_rng([random_seed, 1]))
    seeded = replace(params, run=params.run.model_copy(update={"random_seed": random_seed % 2**32}))
    try:
        tree = resample(ready, made, seeded, chains=CHAINS, draws=draws, tune=tune)
        found, (checks, _) = draws_of(tree, made), diagnose(tree, seeded)
    except Exception as error:
        return Simulation(number, {}, failure=f"{type(error).__name__}: {error}".splitlines()[0][:200])
    steps = np.linspace(0, len(found["held"]) - 1, kept).round().astype(int)
    few = {name: values[steps] for name, values in found.items()}
    values, right = scalars(params, past, few), scalars(params, past, true)
    values[HEADLINE], right[HEADLINE] = chances.by_deadline(few, ahead), chances.by_deadline(true, ahead)
    ranks = {name: int((values[name] < right[name]).sum()) for name in values}
    return Simulation(number, ranks, checks["rhat_max"], checks["ess_min"], checks["divergences"])


_READY: dict[str, Any] = {}


def _begin(params: Params, past: Record, ahead: Outlook) -> None:
    from ..fit.fits import compiled

    _READY.update(params=params, past=past, ahead=ahead, ready=compiled(params, past))


def _work(number: int) -> Simulation:
    return one(number, **_READY)


def run(
    params: Params, past: Record, ahead: Outlook, numbers: range, workers: int = 2
) -> Iterator[Simulation]:
    """The simulations of these numbers as they are done, in parallel; the model is compiled once a worker."""
    bare = replace(params, documents={})
    jobs = {number: (number,) for number in numbers}
    yield from (
        made for _, made in parallel.done(_work, jobs, "simulations", workers, _begin, (bare, past, ahead))
    )


def verdicts(simulations: list[Simulation], kept: int = KEPT, bins: int = BINS) -> list[Verdict]:
    """The verdict on each quantity; together they let a sound sampler fail once in `1 / MISSED` studies.

    Ranks 0 to `kept` are compared with the uniform twice: by their distribution function (Kolmogorov) and in `bins`
    (chi-square). Simulations without a fit have no ranks; `summary` counts them.
    """
    from scipy import stats

    done = [each.ranks for each in simulations if not each.failure]
    names = list(done[0]) if done else []
    bound = MISSED / max(len(names), 1) / 2
    edges = np.linspace(0, kept + 1, bins + 1)
    rng, found = np.random.default_rng(1), []
    for name in names:
        ranks = np.array([each[name] for each in done])
        spread = (ranks + rng.random(len(ranks))) / (kept + 1)
        found.append(
            Verdict(
                name,
                float(stats.kstest(spread, "uniform").pvalue),
                float(stats.chisquare(np.histogram(ranks, edges)[0]).pvalue),
                bound,
            )
        )
    return found


def summary(simulations: list[Simulation], kept: int = KEPT) -> str:
    """The study in one sentence: how many quantities lie inside their bounds, and what went wrong with fits."""
    found, failed = verdicts(simulations, kept), [each for each in simulations if each.failure]
    if not found:
        return f"Nothing is proved yet: of {len(simulations):,} simulations none could be judged; make study makes them."
    outside = [each.name for each in found if not each.inside]
    text = (
        f"{len(simulations):,} simulations: {len(found) - len(outside)} of {len(found)} quantities lie inside bounds "
        f"that a sound sampler leaves once in {1 / MISSED:.0f} studies"
    )
    text += f"; outside: {', '.join(outside)}" if outside else ""
    divergent = sum(each.divergences > 0 for each in simulations)
    fitted = f"{len(failed)} could not be fitted" if failed else "All could be fitted"
    return f"{text}. {fitted}; {divergent} had divergent transitions."


def save(simulations: list[Simulation], path: Path = TABLE) -> None:
    """Write one line a simulation, in their order: checks, then ranks."""
    ordered = sorted(simulations, key=lambda each: each.simulation)
    names = next((list(each.ranks) for each in ordered if each.ranks), [])
    rows = (
        [
            each.simulation,
            f"{each.rhat_max:.3f}",
            f"{each.ess_min:.0f}",
            each.divergences,
            each.failure,
            *(each.ranks.get(name, "") for name in names),
        ]
        for each in ordered
    )
    write_atomic(path, csv_text([*CHECKS, *names], rows))


def load(path: Path = TABLE) -> list[Simulation]:
    """The simulations of a study; none where it was not made."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Simulation(
                int(row["simulation"]),
                {name: int(value) for name, value in row.items() if name not in CHECKS and value != ""},
                float(row["rhat_max"]),
                float(row["ess_min"]),
                int(row["divergences"]),
                row["failure"],
            )
            for row in csv.DictReader(file)
        ]
