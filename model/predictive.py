"""What the model expects of the record itself: parameters drawn from their priors, and pasts simulated from draws.

A model that could not have brought forth the record it was fitted to is wrong; here it is asked, before the fit
(prior) and after it (posterior), for meetings per year, the gaps between them, and hits by type and era. No PyMC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from . import hazard
from .covariates import OFFSETS, YEARS, Record, meetings, record, surprises
from .ledger import Ledger
from .params import Params, Priors
from .summit import DIMS

ERAS = ((1993, 2002), (2003, 2012), (2013, 2024))
MASS = 0.9


def prior_draws(params: Params, number: int, random_seed: int) -> hazard.Draws:
    """Draws of every parameter from its prior alone, by variable (draw, *dims)."""
    rng, priors = np.random.default_rng(random_seed), params.priors
    types = list(priors.multilateral.values())
    draws = {name: np.asarray(prior.frozen().rvs((number, len(types)) if name in DIMS else number, random_state=rng))
             for name, prior in priors.parameters.items()}
    draws["weight"] = np.stack([kind.weight.frozen().rvs(number, random_state=rng)
                                for kind in priors.kinds.values()], axis=1)
    below = -draws["unexpected_steps"][:, None] * np.array([not kind.summit for kind in types])
    draws["type_effect"] = below + rng.standard_normal((number, len(types)))
    draws["year_effect"] = rng.standard_normal((number, YEARS))
    draws["meeting_day"] = rng.dirichlet(np.full(len(OFFSETS), 0.5), number)
    return draws


@dataclass(frozen=True)
class Past:
    """Pasts side by side: `season_met` (past, season), `season_type` the type met at, `visits` (past, year) counts.

    `starts` are the first days of the seasons as ordinals, `season_year` their years; both (season,).
    """

    years: tuple[int, ...]
    starts: np.ndarray
    season_year: np.ndarray
    season_met: np.ndarray
    season_type: np.ndarray
    visits: np.ndarray

    def by_year(self) -> np.ndarray:
        """Meetings per year, a season counted once; (past, year)."""
        seasons = [self.season_met[:, self.season_year == year].sum(1) for year in self.years]
        return np.stack(seasons, axis=1) + self.visits

    def by_type(self, kind: int, first: int, last: int) -> np.ndarray:
        """Seasons of an era in which they met at an occasion of a type; (past,)."""
        era = (self.season_year >= first) & (self.season_year <= last)
        return (self.season_met & (self.season_type == kind))[:, era].sum(1)


def observed(ledger: Ledger, priors: Priors) -> tuple[Past, Record, np.ndarray]:
    """The past as it was, the record, and which of its seasons are counted; visits are all other meetings.

    Seasons without a yearly occasion are left to the visits and one-off gatherings, whose rate the model has.
    """
    past = record(ledger, priors)
    types = list(priors.multilateral)
    occasions = {o.occasion_id: o for o in ledger.occasions}
    counted = past.types @ np.array([priors.types[name].yearly for name in types], dtype=float) > 0
    starts = [occasions[name].start_date for name, count in zip(past.season_ids, counted, strict=True) if count]
    met = past.met[counted]
    kind = np.where(past.where.sum(1) > 0, past.where.argmax(1), past.types.argmax(1))[counted]
    years = tuple(range(ERAS[0][0], past.through.year + (past.through.month > 6)))
    hits = [occasion.met_date.year for occasion in surprises(ledger, priors)]
    visits = np.array([hits.count(year) for year in years])
    return Past(years, np.array([day.toordinal() for day in starts], dtype=int),
                np.array([day.year for day in starts], dtype=int), met[None], kind[None], visits[None]), past, counted


def simulated(draws: hazard.Draws, ledger: Ledger, priors: Priors, number: int, random_seed: int) -> Past:
    """As many pasts as asked for, each from one draw: the same calendar and tone, other outcomes."""
    rng = np.random.default_rng(random_seed)
    seen, past, counted = observed(ledger, priors)
    pick = rng.integers(len(draws["kept"]), size=number)
    p = {name: values[pick] for name, values in draws.items()}
    wide = {name: values[:, None] if values.ndim == 1 else values for name, values in p.items()}
    tone = hazard.balance(p, past.up, past.down)
    tone = tone - tone.mean(1, keepdims=True) if tone.size else tone
    common = hazard.propensity(wide, tone, p["year_effect"][:, past.year])
    types = hazard.type_intensity(p)
    agreed = -np.expm1(-common * hazard.together(types, past.types, p["overlap"][:, None]))
    met = rng.random(agreed.shape) < p["kept"][:, None] * agreed
    choice = np.cumsum(types[:, None, :] * past.types[None], axis=2)
    place = (rng.random(agreed.shape)[:, :, None] * choice[:, :, -1:] > choice).sum(2)
    share = [min(max((past.through - date(year, 1, 1)).days / hazard.YEAR, 0), 1) for year in seen.years]
    visits = rng.poisson(p["surprise_rate"][:, None] * np.array(share)[None])
    return Past(seen.years, seen.starts, seen.season_year, met[:, counted], place[:, counted], visits)


def gaps(past: Past, random_seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The longest and the median gap between meetings in days, each (past,); a visit falls anywhere in its year."""
    rng = np.random.default_rng(random_seed)
    new_year = np.array([date(year, 1, 1).toordinal() for year in past.years])
    found = []
    for met, visits in zip(past.season_met, past.visits, strict=True):
        visited = np.repeat(new_year, visits)
        found.append(between([*past.starts[met], *(visited + rng.integers(365, size=len(visited)))]))
    return tuple(np.array(found).T)


def between(days: Iterable[int]) -> tuple[float, float]:
    """The longest and the median step between days given as ordinals, from the first era on."""
    steps = np.diff(np.sort([day for day in days if day >= date(ERAS[0][0], 1, 1).toordinal()])).astype(float)
    return (steps.max(), float(np.median(steps))) if len(steps) else (np.nan, np.nan)


def spread(values: np.ndarray) -> tuple[float, float]:
    """The central 90% of simulated values; nothing where there is none."""
    kept = values[np.isfinite(values)]
    return tuple(map(float, np.quantile(kept, [(1 - MASS) / 2, (1 + MASS) / 2]))) if len(kept) else (np.nan, np.nan)


@dataclass(frozen=True)
class Check:
    """One number of the record beside what the model expected: the central 90% before and after the fit."""

    what: str
    unit: str
    seen: float
    prior: tuple[float, float]
    posterior: tuple[float, float]

    @property
    def inside(self) -> bool:
        """Whether the number lies in the posterior range."""
        return self.posterior[0] <= self.seen <= self.posterior[1]


@dataclass(frozen=True)
class Checks:
    """The checks of a run: a year each, and the rest."""

    years: tuple[Check, ...]
    rest: tuple[Check, ...]


def checks(params: Params, ledger: Ledger, draws: hazard.Draws, number: int = 1000) -> Checks:
    """Prior and posterior predictive checks of a record, given posterior draws."""
    priors, seed = params.priors, params.run.random_seed
    truth, _, _ = observed(ledger, priors)
    pasts = [simulated(these, ledger, priors, number, seed)
             for these in (prior_draws(params, number, seed), draws)]
    if not truth.years or not truth.season_met.size:
        return Checks((), ())

    def check(what: str, unit: str, measure, seen=None) -> Check:
        value = measure(truth)[0] if seen is None else seen
        return Check(what, unit, float(value), *(spread(np.asarray(measure(past), dtype=float)) for past in pasts))

    by_year = [past.by_year() for past in (truth, *pasts)]
    years = tuple(Check(str(year), "meetings", float(by_year[0][0, i]), spread(by_year[1][:, i].astype(float)),
                        spread(by_year[2][:, i].astype(float))) for i, year in enumerate(truth.years))
    longest, typical = between(day.toordinal() for day in meetings(ledger))
    lengths = {id(past): gaps(past, random_seed=seed) for past in pasts}
    rest = [check("Meetings a year", "", lambda past: past.by_year().mean(1)),
            check("Years without a meeting", "", lambda past: (past.by_year() == 0).sum(1)),
            check("Longest time between meetings", "days", lambda past: lengths[id(past)][0], longest),
            check("Typical time between meetings", "days", lambda past: lengths[id(past)][1], typical)]
    types = list(priors.multilateral.items())
    names = [(i, kind.name, name) for i, (name, kind) in enumerate(types) if kind.yearly]
    for first, last in ERAS:
        last = min(last, truth.years[-1])
        held = {o.type for o in ledger.occasions if o.met is not None and first <= o.start_date.year <= last}
        rest += [check(f"{name}, {first}–{last}", "meetings", lambda past, i=i, a=first, b=last: past.by_type(i, a, b))
                 for i, name, kind in names if kind in held]
        rest += [check(f"Visits and one-offs, {first}–{last}", "meetings", lambda past, a=first, b=last: past.visits[
            :, [a <= year <= b for year in past.years]].sum(1))] if first <= last else []
    return Checks(years, tuple(rest))


# The PyMC model as a graph: what is observed, and what stands directly behind it. A test compares it with the model.
GRAPH: dict[str, tuple[str, ...]] = {
    "season_met": ("season_chance", "type_factor", "type_effect", "year_factor", "year_effect", "tone_factor", "weight",
                   "overlap", "kept"),
    "season_where": ("type_factor", "type_effect"),
    "meeting_days_seen": ("meeting_day",),
    "planned_met_seen": ("planned_share",), "planned_unmet_seen": ("planned_share", "planned_factor"),
    "announcement_leads_seen": ("announcement_lead", "announcement_lead_spread"),
    "kept_seen": ("kept",),
    "refusal_leads_seen": ("refusal_lead", "refusal_lead_spread"),
    "refused_seen": ("refusal_share",), "revived_seen": ("revived",),
    "window_kept_seen": ("window_kept",),
    "surprise_leads_seen": ("surprise_lead", "surprise_lead_spread"), "surprises_seen": ("surprise_rate",)}
UNOBSERVED = ("doubt_factor",)
"""Variables that no likelihood touches."""
