"""The density that the sampler sees equals one written independently, with plain loops and SciPy.

Both share only the arguments of the priors and the record. Every term is compared separately, so that a
failure names the part at fault.
"""

from datetime import date
from functools import cache
from math import exp, log, log1p

import numpy as np
import pytest
from made_up import (
    AS_OF,
    DAY,
    PARAMS,
    PRIORS,
    TYPES,
    ledger,
    occasion,
    prior_draws,
    refusal,
    signal,
    uncompiled,
    visit,
    window,
    word,
)
from pymc import set_data
from scipy import special, stats

from model import summit
from model.evidence.record import no_record, record
from model.fit import likelihood

LEVELS = (2, 1, -1, -2)


def prior_of(prior, value):
    """Log density of one value, before the shift `above`."""
    a = prior.args_solved
    return {
        "Beta": lambda: stats.beta(a["alpha"], a["beta"]).logpdf(value),
        "LogNormal": lambda: stats.norm(a["mu"], a["sigma"]).logpdf(log(value)) - log(value),
        "Exponential": lambda: -value / a["scale"] - log(a["scale"]),
        "Gamma": lambda: stats.gamma(a["alpha"], scale=1 / a["beta"]).logpdf(value),
    }[prior.dist]()


def came(p, past, i):
    """P(the leader came) of decision `i`."""
    name = ("home", "summit", "other", "guest")[past.classes[i]]
    log_odds = special.logit(p[f"comes_{name}"])
    if name in ("summit", "other"):
        log_odds += p["comes_spread"] * p["comes_effect"][past.sides[i]][past.types[i]]
    if name != "home":
        log_odds += log1p(p["tone_factor_above"]) * (past.tone[i] - usual(past))
    return special.expit(log_odds)


def usual(past):
    """The tone that others are measured against."""
    return sum(past.tone) / len(past.tone) if len(past.tone) else 0.0


def met(p, past, i):
    """P(they met) in season `i`."""
    warmth = exp(log1p(p["tone_factor_above"]) * (past.season_tone[i] - usual(past)))
    odds = p["meets_summit"] / (1 - p["meets_summit"]) * warmth
    missed = 1 / (1 + odds) if past.at_summit[i] else 1.0
    for _ in range(past.at_other[i]):
        missed *= 1 - p["meets_other"]
    return 1 - missed


def observed(p, past):
    """Log likelihood of each part of a record; `p` holds numbers and arrays by the names of the model."""
    terms = {"came_seen": 0.0, "met_seen": 0.0}
    for i, yes in enumerate(past.came):
        terms["came_seen"] += log(came(p, past, i) if yes else 1 - came(p, past, i))
    for i, yes in enumerate(past.met):
        terms["met_seen"] += log(met(p, past, i) if yes else 1 - met(p, past, i))
    pairs = {"held": p["held"], "will": p["came_if_will"], "will_not": p["came_if_not"], "again": p["again"]}
    for name, chance in pairs.items():
        hits, trials = getattr(past, name)
        terms[f"{name}_seen"] = stats.binom(trials, chance).logpmf(hits)
    terms["said_came_seen"] = terms["said_away_seen"] = 0.0
    for i, level in enumerate(LEVELS):
        rare = p["said"][i] * p["misled"][i]
        of_came, of_away = (p["said"][i], rare) if level > 0 else (rare, p["said"][i])
        hits_came, trials_came, hits_away, trials_away = past.said[i]
        terms["said_came_seen"] += stats.binom(trials_came, of_came).logpmf(hits_came)
        terms["said_away_seen"] += stats.binom(trials_away, of_away).logpmf(hits_away)
    terms["meeting_days_seen"] = stats.multinomial(past.meeting_days.sum(), p["meeting_day"]).logpmf(
        past.meeting_days
    )
    terms["breaks_seen"] = stats.poisson(p["breaks"] * past.exposure).logpmf(past.broken)
    terms["visits_seen"] = stats.poisson(p["visit_rate"] * past.years).logpmf(past.visits)
    terms["notices_seen"] = sum(-days / p["visit_notice"] - log(p["visit_notice"]) for days in past.notices)
    return terms


def priors_of(p):
    """Log density of each parameter under its prior."""
    terms = {}
    for name, prior in PRIORS.parameters.items():
        key = f"{name}_above" if prior.above else name
        terms[key] = sum(prior_of(prior, value) for value in np.atleast_1d(p[key]))
    terms["comes_effect"] = sum(stats.norm.logpdf(value) for value in np.ravel(p["comes_effect"]))
    terms["meeting_day"] = stats.dirichlet(np.full(7, 0.5)).logpdf(p["meeting_day"])
    return terms


def small(seed):
    """The record of a generated ledger of ten years, some parts of which may be empty."""
    rng = np.random.default_rng(seed)
    occasions, signals, windows = [], [], []
    for year in range(2010, 2020):
        for kind in rng.choice(TYPES, 2, replace=False):
            name, start = f"{year}-{kind.replace('_', '-')}", date(year, int(rng.integers(3, 12)), 10)
            attended, held = (
                str(rng.choice(["both", "US", "CN", "none"], p=[0.6, 0.2, 0.1, 0.1])),
                rng.random() < 0.9,
            )
            attended = attended if held else "none"
            occasions.append(
                occasion(
                    name,
                    start,
                    type=kind,
                    host=str(rng.choice(["US", "CN", "KR"])),
                    met=bool(attended == "both" and rng.random() < 0.8),
                    attended=attended,
                    held_in_person=bool(held),
                )
            )
            signals += [
                word(
                    side, int(rng.choice([-3, -2, -1, 1, 2, 3])), start - int(rng.integers(1, 90)) * DAY, name
                )
                for side in ("US", "CN")
                if rng.random() < 0.6
            ]
            if rng.random() < 0.2:
                signals.append(refusal(start - 5 * DAY, name))
        signals.append(
            signal(f"{year}-02-01-tone", date(year, 2, 1), "official_statement", int(rng.choice([-3, -1, 2])))
        )
        if rng.random() < 0.4:
            day = date(year, 6, 1)
            occasions.append(
                visit(f"{year}-visit", day, met=bool(rng.random() < 0.7), known_from=day - 60 * DAY)
            )
            windows.append(window(f"{year}-visit", day - 60 * DAY, day, day))
    return record(ledger(signals, occasions, windows).as_of(date(2020, 1, 1)), PARAMS)


RECORDS = {
    "real": lambda run: run.record,
    "generated 1": lambda run: small(1),
    "generated 2": lambda run: small(2),
    "none": lambda run: no_record(),
}
EXACT = {"rel": 1e-9, "abs": 1e-6}


@cache
def densities(pymc_model):
    """A function from unconstrained values to the constrained ones and to each term, by name."""
    names, free = (
        [v.name for v in pymc_model.basic_RVs],
        pymc_model.replace_rvs_by_values(pymc_model.free_RVs),
    )
    terms = pymc_model.logp(sum=False, jacobian=False)
    with uncompiled():
        compute = pymc_model.compile_fn(
            [*free, *(term.sum() for term in terms)], inputs=pymc_model.value_vars, point_fn=False
        )

    def at(point):
        found = [np.asarray(value) for value in compute(*point)]
        split = len(free)
        return (
            dict(zip([v.name for v in pymc_model.free_RVs], found[:split], strict=True)),
            dict(zip(names, map(float, found[split:]), strict=True)),
        )

    return at


@pytest.fixture(scope="module")
def built(default_run):
    """The model of the real record, compiled once: other records replace its data, as in the backtest."""
    return summit.build(PARAMS, default_run.record)


@pytest.fixture(scope="module", params=RECORDS)
def case(request, default_run, built):
    past = RECORDS[request.param](default_run)
    set_data(summit.data_of(past), built)
    return past, built


def points(pymc_model, each=4):
    """Random points in the sampler's space, spread widely enough to include extreme values."""
    rng, start = np.random.default_rng(5), pymc_model.initial_point()
    return [
        [rng.normal(start[v.name], scale) for v in pymc_model.value_vars]
        for scale in (0.3, 1.0)
        for _ in range(each)
    ]


def test_the_record_of_the_default_run_is_the_real_one(default_run):
    """So that the case `real` compares what the forecast rests on."""
    assert default_run.params.question.as_of == AS_OF and len(default_run.record.came) > 150


def test_every_term_of_the_model_is_what_plain_arithmetic_says(case):
    past, pymc_model = case
    for point in points(pymc_model):
        p, found = densities(pymc_model)(point)
        wanted = priors_of(p) | observed(p, past)
        assert found.keys() == wanted.keys()
        for name, value in found.items():
            assert value == pytest.approx(wanted[name], **EXACT), name


def plain_draws(count=12):
    """Draws of the priors as `log_likelihood` takes them, and each draw as a dict of plain numbers."""
    p = {name: values[:count] for name, values in prior_draws().items()}
    above = {
        f"{name}_above": p[name] - prior.above for name, prior in PRIORS.parameters.items() if prior.above
    }
    return p, [{name: values[i] for name, values in (p | above).items()} for i in range(count)]


def test_between_two_records_the_log_likelihood_for_reweighting_changes_as_plain_arithmetic_says(default_run):
    """Up to what no parameter touches: differences between draws."""
    p, each = plain_draws()
    pasts = [default_run.record, small(1), small(2), no_record()]
    found = [likelihood.log_likelihood(p | {"norm": np.full(len(each), usual(past))}, past) for past in pasts]
    wanted = [np.array([sum(observed(one, past).values()) for one in each]) for past in pasts]
    for i in range(len(pasts) - 1):
        change, expected = found[i] - found[i + 1], wanted[i] - wanted[i + 1]
        np.testing.assert_allclose(change - change[0], expected - expected[0], rtol=1e-9, atol=1e-6)


def test_years_without_a_visit_count_against_their_rate(default_run):
    p, each = plain_draws()
    change = likelihood.log_likelihood(p, default_run.record, 1.5) - likelihood.log_likelihood(
        p, default_run.record
    )
    np.testing.assert_allclose(change, [-1.5 * one["visit_rate"] for one in each])


@pytest.mark.parametrize("case", ["real"], indirect=True)
def test_the_comparison_would_see_a_slip(case):
    """A parameter moved by 1% changes a likelihood term, except for the one that no record informs."""
    past, pymc_model = case
    p, _ = densities(pymc_model)(points(pymc_model)[0])
    now, silent = observed(p, past), []
    for name in p:
        moved = 0.99 * p[name] + (0.01 / 7 if name == "meeting_day" else 0)
        slipped = observed(p | {name: moved}, past)
        if not any(abs(slipped[term] - now[term]) > 1e-4 for term in now):
            silent.append(name)
    assert silent == ["word_factor_above"]
