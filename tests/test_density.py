"""The density that the sampler sees, against one written a second time: plain loops, SciPy, nothing of the package's formula.

Only the priors' arguments and the record are shared. Every term is compared by itself, so that a failure names its part.
"""

from datetime import date
from functools import cache
from math import exp, expm1, log, log1p

import numpy as np
import pytest
from made_up import KINDS, PARAMS, PRIORS, TYPES, ledger, occasion, signal
from scipy import stats

from model import predictive, sensitivity, summit
from model.covariates import no_record, record


def prior_of(prior, value):
    """Log density of one value, before the shift `above`."""
    a = prior.args_solved
    return {"Beta": lambda: stats.beta(a["alpha"], a["beta"]).logpdf(value),
            "LogNormal": lambda: stats.norm(a["mu"], a["sigma"]).logpdf(log(value)) - log(value),
            "Exponential": lambda: -value / a["scale"] - log(a["scale"]),
            "Gamma": lambda: stats.gamma(a["alpha"], scale=1 / a["beta"]).logpdf(value)}[prior.dist]()


def expected(p, past):
    """Log density of each term at a point: `p` holds plain numbers and arrays by the model's names."""
    terms = {}
    for name, prior in PRIORS.parameters.items():
        key = f"{name}_above" if prior.above else name
        terms[key] = sum(prior_of(prior, value) for value in np.atleast_1d(p[key]))
    terms["weight"] = sum(prior_of(PRIORS.kinds[kind].weight, p["weight"][k]) for k, kind in enumerate(KINDS))
    terms["type_effect_above"] = sum(stats.norm.logpdf(value) for value in p["type_effect_above"])
    effect = [p["type_effect_above"][t] - (0 if PRIORS.types[name].summit else p["unexpected_steps"])
              for t, name in enumerate(TYPES)]
    terms["year_effect"] = sum(stats.norm.logpdf(u) for u in p["year_effect"])
    terms["meeting_day"] = stats.dirichlet(np.full(7, 0.5)).logpdf(p["meeting_day"])

    balances = []
    for i in range(len(past.season_ids)):
        good = sum(p["weight"][k] * past.up[i][k] for k in range(len(KINDS)))
        bad = sum(p["weight"][k] * past.down[i][k] for k in range(len(KINDS)))
        balances.append((good - bad) / (good + bad + 1))
    usual = sum(balances) / len(balances) if balances else 0.0
    strength = [(1 + p["type_factor_above"]) ** effect[t] for t in range(len(TYPES))]
    terms["season_met"], terms["season_where"] = 0.0, 0.0
    for i, tone in enumerate(balances):
        common = (-log(1 - p["season_chance"]) * exp(log1p(p["tone_factor_above"]) * (tone - usual))
                  * exp(log1p(p["year_factor_above"]) * p["year_effect"][past.year[i]]))
        inside = sum(past.types[i][t] * strength[t] ** (1 / p["overlap"]) for t in range(len(TYPES)))
        chance = p["kept"] * -expm1(-common * inside ** p["overlap"])
        terms["season_met"] += log(chance) if past.met[i] else log1p(-chance)
        if past.where[i].sum():
            there = int(past.where[i].argmax())
            total = sum(past.types[i][t] * strength[t] for t in range(len(TYPES)))
            terms["season_where"] += log(past.types[i][there] * strength[there] / total)

    terms["meeting_days_seen"] = stats.multinomial(past.meeting_day.sum(), p["meeting_day"]).logpmf(past.meeting_day)
    for name in ("announcement", "refusal", "surprise"):
        middle, spread = log(p[f"{name}_lead"]), log1p(p[f"{name}_lead_spread_above"])
        terms[f"{name}_leads_seen"] = sum(stats.norm(middle, spread).logpdf(log(days)) - log(days)
                                          for days in getattr(past, f"{name}_lead"))
    chances = {"kept": p["kept"], "window_kept": p["window_kept"], "revived": p["revived"],
               "planned_met": p["planned_share"],
               "planned_unmet": p["planned_share"] / (1 + p["planned_factor_above"]) ** past.planned_weight}
    for name, chance in chances.items():
        hits, trials = getattr(past, name)
        terms[f"{name}_seen"] = stats.binom(trials, chance).logpmf(hits)
    terms["refused_seen"] = sum(stats.binom(trials, p["refusal_share"][t]).logpmf(hits)
                                for t, (hits, trials) in enumerate(past.refused))
    terms["surprises_seen"] = stats.poisson(p["surprise_rate"] * past.years).logpmf(past.surprises)
    return terms


def small():
    """A record of a few seasons, most parts of which are empty."""
    occasions = [occasion(f"{year}-apec", date(year, 11, 10), met=year % 3 > 0) for year in range(2010, 2020)]
    words = [signal(f"{year}-05-01-word", date(year, 5, 1), strength=1 + year % 3) for year in range(2009, 2019)]
    return record(ledger(words, occasions), PRIORS)


RECORDS = {"real": lambda run: run.record, "small": lambda run: small(), "none": lambda run: no_record(PRIORS)}
POINTS = 8
EXACT = {"rel": 1e-8, "abs": 1e-8}
CONSTANT = 1e-5  # PyTensor computes the constant of a Beta with small whole arguments in single precision


@cache
def densities(pymc_model):
    """A function from unconstrained values to the constrained ones and to each term, by name."""
    terms = pymc_model.logp(sum=False, jacobian=False)
    names = [v.name for v in pymc_model.basic_RVs]
    values = pymc_model.value_vars
    free = pymc_model.replace_rvs_by_values(pymc_model.free_RVs)
    compute = pymc_model.compile_fn([*free, *(term.sum() for term in terms)], inputs=values, mode="FAST_COMPILE",
                                    point_fn=False)

    def at(point):
        found = [np.asarray(value) for value in compute(*point)]
        split = len(free)
        return (dict(zip([v.name for v in pymc_model.free_RVs], found[:split], strict=True)),
                dict(zip(names, map(float, found[split:]), strict=True)))

    return at


@pytest.fixture(scope="module", params=RECORDS)
def case(request, default_run):
    past = RECORDS[request.param](default_run)
    return past, summit.build(PARAMS, past)


def points(pymc_model):
    """Random points of the sampler's space, spread far enough to reach odd corners."""
    rng, start = np.random.default_rng(5), pymc_model.initial_point()
    return [[rng.normal(start[v.name], scale) for v in pymc_model.value_vars] for scale in (0.3, 1.0) for _ in range(POINTS // 2)]


def test_every_term_of_the_model_is_what_plain_arithmetic_says(case):
    """From point to point to nine digits; the level of each within what its constant may be off."""
    past, pymc_model = case
    found = [densities(pymc_model)(point) for point in points(pymc_model)]
    pairs = [(told, expected(p, past)) for p, told in found]
    (first, first_wanted), *_ = pairs
    assert first.keys() == first_wanted.keys()
    for told, wanted in pairs:
        for name, value in told.items():
            assert value == pytest.approx(wanted[name], abs=CONSTANT, rel=CONSTANT), name
            assert value - first[name] == pytest.approx(wanted[name] - first_wanted[name], **EXACT), name


def test_the_log_likelihood_used_for_sensitivity_is_that_of_the_model(case):
    past, pymc_model = case
    p = {name: values[:5] for name, values in predictive.prior_draws(PARAMS, 5, 3).items()}
    norm = [np.mean([(g - b) / (g + b + 1) for g, b in zip(past.up @ w, past.down @ w, strict=True)] or [0]) for w in p["weight"]]
    log_likelihood = sensitivity.log_likelihood(p | {"tone_norm": np.array(norm)}, past)
    observed = {v.name for v in pymc_model.observed_RVs}
    for i in range(5):
        plain = {name: values[i] for name, values in p.items()}
        plain |= {f"{name}_above": plain[name] - prior.above for name, prior in PRIORS.parameters.items() if prior.above}
        plain["type_effect_above"] = plain["type_effect"] + plain["unexpected_steps"] * np.array(
            [not PRIORS.types[name].summit for name in TYPES])
        wanted = sum(value for name, value in expected(plain, past).items() if name in observed)
        assert log_likelihood[i] == pytest.approx(wanted, rel=1e-8, abs=1e-7)


def test_the_comparison_would_see_a_slip(case):
    """Each parameter moved by a percent changes at least the terms it stands in."""
    past, pymc_model = case
    p, told = densities(pymc_model)(points(pymc_model)[0])
    slipped = expected(p | {"overlap": p["overlap"] * 1.01, "kept": p["kept"] * 0.99}, past)
    changed = {name for name, value in told.items() if value != pytest.approx(slipped[name], abs=CONSTANT)}
    assert {"overlap", "kept"} <= changed and ("season_met" in changed) == bool(len(past.season_ids))
