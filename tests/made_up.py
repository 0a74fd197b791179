"""Small ledgers and parameter draws made up for tests: every field has a plain default, a test names what matters."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np

from model import hazard
from model.covariates import OFFSETS, YEARS, Words
from model.ledger import Ledger, Occasion, Signal, VisitWindow
from model.params import load_params

PARAMS = load_params()
PRIORS = PARAMS.priors
TYPES = [name for name in PRIORS.types if name != "visit"]
KINDS = list(PRIORS.kinds)
AS_OF = PARAMS.question.as_of
DAY = timedelta(days=1)


def signal(event_id="2025-06-01-word", day=date(2025, 6, 1), kind="envoy_meeting", strength=1, grade="A1", occasion="",
           same_as="", **other):
    """A signal that was public on the day it happened."""
    return Signal(event_id, day, day, kind, "both", strength, grade, occasion, same_as, False, "Somebody says something.",
                  "a test", True, **other)


def occasion(occasion_id="2025-apec", start=date(2025, 10, 31), days=2, type="apec", met=None, **other):
    """An occasion known for a year; `met` True means on its first day, None that the outcome is not known."""
    outcome = {} if met is None else {"attended": "both" if met else "none", "held_in_person": True, "met": met,
                                      "met_date": start if met else None}
    values = {"name": occasion_id, "host": "KR", "end_date": start + (days - 1) * DAY, "known_from": start - 365 * DAY,
              "leader_1": "One", "leader_2": "Two"}
    return Occasion(**{"occasion_id": occasion_id, "type": type, "start_date": start} | values | outcome | other)


def visit(occasion_id="2025-visit", start=date(2025, 9, 1), **other):
    """A visit of one day."""
    return occasion(occasion_id, start, 1, **{"type": "visit", "host": "CN"} | other)


def window(occasion_id="2025-visit", day=date(2025, 6, 1), earliest=date(2025, 9, 1), latest=date(2025, 9, 10)):
    """What became public of a visit's dates on a day."""
    return VisitWindow(occasion_id, day, earliest, latest, "a test")


def ledger(signals=(), occasions=(), visit_windows=()):
    """A ledger in the order that loading gives it."""
    return Ledger(tuple(sorted(signals, key=lambda row: (row.public_date, row.event_id))),
                  tuple(sorted(occasions, key=lambda row: (row.known_from, row.occasion_id))),
                  tuple(sorted(visit_windows, key=lambda row: (row.public_date, row.occasion_id))))


def extended(whole, signals=(), occasions=(), visit_windows=()):
    """A ledger with more rows, each in the place of a row of its id."""
    def merged(old, new, key):
        return list(({key(row): row for row in old} | {key(row): row for row in new}).values())

    return ledger(merged(whole.signals, signals, lambda row: row.event_id),
                  merged(whole.occasions, occasions, lambda row: row.occasion_id),
                  merged(whole.visit_windows, visit_windows, lambda row: (row.occasion_id, row.public_date)))


@cache
def prior_draws(count=200, random_seed=1):
    """Draws of every parameter from its prior, with nothing learned; treat them as read-only."""
    rng = np.random.default_rng(random_seed)
    p = {name: prior.frozen().rvs(size=(count, len(TYPES)) if name == "refusal_share" else count, random_state=rng)
         for name, prior in PRIORS.parameters.items()}
    p["weight"] = np.stack([kind.weight.frozen().rvs(size=count, random_state=rng) for kind in PRIORS.kinds.values()], 1)
    p["type_effect"] = rng.normal(size=(count, len(TYPES)))
    p["year_effect"] = rng.normal(size=(count, YEARS))
    p["meeting_day"] = rng.dirichlet(np.full(len(OFFSETS), 0.5), size=count)
    p["tone_norm"] = rng.uniform(-0.3, 0.3, size=count)
    return p


def thinned(draws, step=40):
    """Every so manieth draw."""
    return {name: values[::step] for name, values in draws.items()}


def with_words(view, *said):
    """A season with these words about its occasions, in order."""
    said = [*said, *[Words()] * (len(view.slots) - len(said))]
    return replace(view, slots=tuple(replace(slot, words=words) for slot, words in zip(view.slots, said, strict=True)))


def season_total(p, view, horizon=400, silent=True):
    """P(they meet in a season) of each draw, tone at its norm."""
    return sum(day.sum(1) for _, day in hazard.season_days(p, view, np.zeros(len(p["kept"])), horizon, silent))


def where(p, view):
    """P(they agree to meet) at each slot of a season before any word, tone at its norm; (draw, slot)."""
    each = hazard.type_intensity(p)[:, [slot.type for slot in view.slots]]
    together = hazard.together(each, np.ones((1, len(view.slots))), p["overlap"][:, None])[:, 0]
    chance = 1 - np.exp(-hazard.propensity(p, 0.0, p["year_effect"][:, view.year]) * together)
    return chance[:, None] * each / each.sum(1, keepdims=True)
