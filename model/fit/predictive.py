"""Prior and posterior predictive checks: does the model reproduce its own data?

A model that is unlikely to generate its own data is wrong somewhere. The checks compare meetings per year,
the time between them, and attendance in each era. The dim `past` numbers the simulated pasts.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..attendance import Draws
from ..evidence.ledger import Ledger
from ..evidence.record import CLASSES, OFFSETS, Record, decided, record
from ..evidence.rows import Occasion
from ..evidence.seasons import YEAR, first_year, meetings, seasons
from ..settings.params import Params
from ..summit import coords, dims
from . import likelihood

if TYPE_CHECKING:
    from pymc import Model
    from xarray import DataTree

ERA, ERAS = 10, 3
"""Years of an era, and the number of eras: the last one lasts until today."""
MASS = 0.9
ABROAD = {"summit": "summits", "other": "other gatherings", "guest": "gatherings that the other side hosts"}
"""The checked classes of occasion; home is left out because a leader nearly always attends there."""


def prior_draws(params: Params, number: int, random_seed: int) -> Draws:
    """Prior draws of every parameter, by variable (draw, *dims); `norm` is 0, its value without data."""
    rng, labels = np.random.default_rng(random_seed), coords(params)

    def shape(name: str) -> tuple[int, ...]:
        return (number, *(len(labels[dim]) for dim in dims(params).get(name, ())))

    draws = {
        name: np.asarray(prior.frozen().rvs(shape(name), random_state=rng))
        for name, prior in params.priors.parameters.items()
    }
    return draws | {
        "comes_effect": rng.standard_normal(shape("comes_effect")),
        "norm": np.zeros(number),
        "meeting_day": rng.dirichlet(np.full(len(OFFSETS), 0.5), number),
    }


@dataclass(frozen=True)
class Calendar:
    """The occasions held in past seasons, by season, with their record.

    `season` (occasion,) is the index of each occasion's season, `start` (season,) its first day as an
    ordinal. `rows` (decision,) indexes the decisions of these occasions in the record, with both sides of an
    occasion next to each other.
    """

    occasions: tuple[Occasion, ...]
    season: np.ndarray
    start: np.ndarray
    rows: np.ndarray
    record: Record
    years: tuple[int, ...]

    def by_season(self, values: np.ndarray) -> np.ndarray:
        """Sums of `values`, (past, occasion), over the occasions of each season; (past, season)."""
        return summed(values, self.season, np.arange(len(self.start)))


def summed(values: np.ndarray, groups: np.ndarray, names: Sequence[int] | np.ndarray) -> np.ndarray:
    """Sums of the columns that belong to each group in `names`; (past, name)."""
    return values.astype(int) @ (groups[:, None] == np.asarray(names)).astype(int)


def calendar(ledger: Ledger, params: Params) -> Calendar:
    """The calendar of a ledger, without seasons in which the leaders met only at a visit (see `Record`)."""
    past, days, known = record(ledger, params), meetings(ledger), {o.occasion_id for o in decided(ledger)}
    chosen: list[Occasion] = []
    season: list[int] = []
    start: list[int] = []
    rows: list[int] = []
    decisions = 0
    for each in seasons(ledger.occasions, params.priors.structure.season_gap):
        held = [o for o in each.occasions if o.occasion_id in known and o.held_in_person]
        own_rows = range(decisions, decisions + 2 * len(held))
        decisions += len(own_rows)
        is_over = all(o.occasion_id in known for o in each.occasions)
        met_beside = any(map(each.holds, days)) and not any(o.met for o in held)
        if held and is_over and not met_beside:
            chosen += held
            season += [len(start)] * len(held)
            rows += own_rows
            start.append(each.first_start.toordinal())
    years = tuple(range(first_year(ledger), past.through.year + (past.through.month > 6)))
    at = [np.array(values, dtype=int) for values in (season, start, rows)]
    return Calendar(tuple(chosen), *at, past, years)


@dataclass(frozen=True)
class Past:
    """Outcomes of one or more pasts: `came` (past, decision), `met` (past, season), `visits` (past, year)."""

    calendar: Calendar
    came: np.ndarray
    met: np.ndarray
    visits: np.ndarray

    def by_year(self) -> np.ndarray:
        """Meetings per year, at most one per season; (past, year)."""
        return self.in_seasons() + self.visits

    def in_seasons(self) -> np.ndarray:
        """Seasons with a meeting in each year; (past, year)."""
        begins = np.array([date.fromordinal(day).year for day in self.calendar.start], dtype=int)
        return summed(self.met, begins, self.calendar.years)

    def times_came(self, name: str) -> np.ndarray:
        """How often the leaders attended an occasion of a class in each year; (past, year)."""
        year = np.repeat([o.start_date.year for o in self.calendar.occasions], 2)
        chosen = self.calendar.record.classes[self.calendar.rows] == CLASSES.index(name)
        return summed(self.came[:, chosen], year[chosen], self.calendar.years)


def observed(ledger: Ledger, params: Params) -> Past:
    """The observed past."""
    seen = calendar(ledger, params)
    there = np.array([bool(o.met) for o in seen.occasions], dtype=int)[None]
    visited = [o.met_date.year for o in ledger.occasions if o.is_visit and o.met]
    return Past(
        seen,
        seen.record.came[seen.rows][None] > 0,
        seen.by_season(there) > 0,
        np.array([[visited.count(year) for year in seen.years]], dtype=int),
    )


def simulated(draws: Draws, ledger: Ledger, params: Params, number: int, random_seed: int) -> Past:
    """Simulated pasts, each from one random draw: the observed calendar and tone with simulated outcomes."""
    rng, seen = np.random.default_rng(random_seed), calendar(ledger, params)
    past = seen.record
    pick = rng.integers(len(draws["held"]), size=number)
    p = {name: values[pick] for name, values in draws.items()}
    norm = np.full(number, past.norm)
    chance = likelihood.came(p, past, norm)[:, seen.rows]
    came = rng.random(chance.shape) < chance
    both = came[:, ::2] & came[:, 1::2]
    summit = np.array([params.priors.types[o.type].summit for o in seen.occasions], dtype=bool)
    first = np.unique(seen.season, return_index=True)[1]
    together = replace(
        past,
        season_tone=past.tone[seen.rows][::2][first],
        at_summit=seen.by_season(both & summit) > 0,
        at_other=seen.by_season(both & ~summit),
    )
    chance = likelihood.met(p, together, norm)
    share = [min(max((past.through - date(year, 1, 1)).days / YEAR, 0), 1) for year in seen.years]
    return Past(
        seen,
        came,
        rng.random(chance.shape) < chance,
        rng.poisson(p["visit_rate"][:, None] * np.array(share)[None]),
    )


class Gaps(NamedTuple):
    """The longest and the median number of days between meetings, for one past or for each, (past,)."""

    longest: Any
    median: Any


def gaps(past: Past, random_seed: int = 0) -> Gaps:
    """The gaps between the meetings of each past, (past,); visits get a random day of their year."""
    rng = np.random.default_rng(random_seed)
    new_year = np.array([date(year, 1, 1).toordinal() for year in past.calendar.years])
    found = []
    for met, visits in zip(past.met, past.visits, strict=True):
        visited = np.repeat(new_year, visits)
        days = [*past.calendar.start[met], *(visited + rng.integers(365, size=len(visited)))]
        found.append(between(days, past.calendar.years))
    return Gaps(*np.array(found).T)


def between(days: Iterable[int], years: Sequence[int]) -> Gaps:
    """The gaps between ordinal days since the first of the years; NaN if there is none."""
    begin = date(min(years, default=1), 1, 1).toordinal()
    steps = np.diff(np.sort([day for day in days if day >= begin])).astype(float)
    return Gaps(steps.max(), float(np.median(steps))) if len(steps) else Gaps(np.nan, np.nan)


class Range(NamedTuple):
    """The ends of a range."""

    lower: float
    upper: float


def central(values: np.ndarray) -> Range:
    """The central 90% range of the finite values; NaN if there are none."""
    kept = values[np.isfinite(values)]
    if not len(kept):
        return Range(np.nan, np.nan)
    return Range(*np.quantile(kept, [(1 - MASS) / 2, (1 + MASS) / 2]).tolist())


@dataclass(frozen=True)
class Check:
    """One observed number, with the central 90% ranges that the model predicts before and after the fit."""

    what: str
    unit: str
    seen: float
    prior: Range
    posterior: Range

    @property
    def inside(self) -> bool:
        """Whether the observed number lies in the posterior range."""
        return self.posterior.lower <= self.seen <= self.posterior.upper


@dataclass(frozen=True)
class Checks:
    """The checks of a run: one per year, and the others."""

    years: tuple[Check, ...]
    rest: tuple[Check, ...]


Numbers = dict[tuple[str, str], np.ndarray]
"""Summary numbers of pasts, each (past,), by description and unit."""


def checks(params: Params, ledger: Ledger, draws: Draws, number: int = 1000) -> Checks:
    """Prior and posterior predictive checks of a record, given posterior draws."""
    seed, truth = params.run.random_seed, observed(ledger, params)
    if not truth.calendar.years or not truth.met.size:
        return Checks((), ())
    pasts = [
        simulated(these, ledger, params, number, seed) for these in (prior_draws(params, number, seed), draws)
    ]
    days = [day.toordinal() for day in meetings(ledger)]
    true_gaps = Gaps(*([value] for value in between(days, truth.calendar.years)))
    return Checks(
        compared(yearly(truth), *map(yearly, pasts)),
        compared(summaries(truth, true_gaps), *(summaries(past, gaps(past, seed)) for past in pasts)),
    )


def compared(seen: Numbers, prior: Numbers, posterior: Numbers) -> tuple[Check, ...]:
    """The observed numbers compared with those simulated from the prior and from the posterior."""
    return tuple(
        Check(*key, float(values[0]), central(prior[key]), central(posterior[key]))
        for key, values in seen.items()
    )


def yearly(past: Past) -> Numbers:
    """The number of meetings in each year."""
    columns = zip(past.calendar.years, past.by_year().T, strict=True)
    return {(str(year), "meetings"): column for year, column in columns}


def summaries(past: Past, between_meetings: Gaps) -> Numbers:
    """Meetings and the time between them; by era, attendance, meetings at occasions, and visits."""
    found = {
        ("Meetings a year", ""): past.by_year().mean(1),
        ("Years without a meeting", ""): (past.by_year() == 0).sum(1),
        ("Longest time between meetings", "days"): between_meetings.longest,
        ("Typical time between meetings", "days"): between_meetings.median,
    }
    years = np.array(past.calendar.years)
    eras = np.minimum(np.arange(len(years)) // ERA, ERAS - 1)
    for number in np.unique(eras):
        inside = eras == number
        era = f"{years[inside][0]}–{years[inside][-1]}"
        for name, label in ABROAD.items():
            found[f"Came to {label}, {era}", "times"] = past.times_came(name)[:, inside].sum(1)
        found[f"Met at occasions, {era}", "meetings"] = past.in_seasons()[:, inside].sum(1)
        found[f"Visits, {era}", "meetings"] = past.visits[:, inside].sum(1)
    return found


class Graph(NamedTuple):
    """The direct parameters of each observed variable of the PyMC model, and the parameters of none."""

    edges: dict[str, tuple[str, ...]]
    unobserved: tuple[str, ...]


def graph(model: "Model") -> Graph:
    """The graph that PyMC draws of a model, without the data."""
    from pymc.model_graph import ModelGraph

    parents = ModelGraph(model).make_compute_graph()
    names = [variable.name for variable in (*model.free_RVs, *model.deterministics)]
    parameters = [name for name in names if not name.endswith("_above")]
    edges = {
        seen.name: tuple(name for name in parameters if name in parents[seen.name])
        for seen in model.observed_RVs
    }
    behind = set().union(*edges.values())
    return Graph(edges, tuple(name for name in parameters if name not in behind))


def stored_graph(tree: "DataTree") -> Graph:
    """The graph of a fitted model, stored with its posterior, since PyMC takes seconds to load."""
    return Graph(**json.loads(tree.attrs["graph"]))
