"""Small ledgers and parameter draws for tests; fields have defaults, so a test sets only what matters."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np

from model import chances
from model.answer import forecast
from model.evidence.ledger import Ledger
from model.evidence.outlook import outlook
from model.evidence.record import OFFSETS
from model.evidence.rows import ANNOUNCEMENT, ATTENDANCE, Occasion, Signal, VisitWindow
from model.evidence.words import LEVELS, Words
from model.settings.params import load_params

PARAMS = load_params()
PRIORS = PARAMS.priors
TYPES = [name for name in PRIORS.types if name != "visit"]
KINDS = list(PRIORS.kinds)
AS_OF = PARAMS.question.as_of
DAY = timedelta(days=1)


def signal(
    event_id="2025-06-01-word",
    day=date(2025, 6, 1),
    kind="envoy_meeting",
    strength=1,
    grade="A1",
    occasion="",
    same_as="",
    actor="both",
    **other,
):
    """A signal that was public on the day it happened."""
    return Signal(
        **{
            "event_id": event_id,
            "event_date": day,
            "public_date": day,
            "kind": kind,
            "actor": actor,
            "strength": strength,
            "grade": grade,
            "occasion": occasion,
            "same_as": same_as,
            "in_article": False,
            "description": "Somebody says something.",
            "source": "a test",
            "checked": True,
        }
        | other
    )


def word(side, strength, day=date(2025, 6, 1), occasion="2025-apec", name="", **other):
    """A word about the attendance of one side, or about the occasion itself (`both`)."""
    return signal(
        f"{day}-{side.lower()}-{'will' if strength > 0 else 'not'}-{abs(strength)}{name}",
        day,
        ATTENDANCE,
        strength,
        occasion=occasion,
        actor=side,
        **other,
    )


def announcement(day=date(2025, 6, 1), occasion="2025-apec", for_date=None, name="", **other):
    """The announcement of a meeting at an occasion."""
    return signal(
        f"{day}-announced{name}", day, ANNOUNCEMENT, 3, occasion=occasion, for_date=for_date, **other
    )


def planning(day=date(2025, 6, 1), occasion="2025-apec", strength=3, name="", **other):
    """A word of planning about a meeting at an occasion, or of doubt if `strength` is negative."""
    kind = "visit_planning" if strength > 0 else "official_statement"
    return signal(f"{day}-{kind.replace('_', '-')}{name}", day, kind, strength, occasion=occasion, **other)


def refusal(day=date(2025, 6, 1), occasion="2025-apec", grade="A1", name="", **other):
    """A meeting at an occasion is refused."""
    return signal(f"{day}-refused{name}", day, "contact_missed", -3, grade, occasion, **other)


def occasion(occasion_id="2025-apec", start=date(2025, 10, 31), days=2, type="apec", met=None, **other):
    """An occasion known for a year; `met` True means on its first day, None that the outcome is not known."""
    outcome = {}
    if met is not None:
        outcome = {"attended": "both" if met else "none", "met_date": start if met else None}
        outcome |= {"met": met, "held_in_person": True}
    values = {
        "name": occasion_id,
        "host": "KR",
        "end_date": start + (days - 1) * DAY,
        "known_from": start - 365 * DAY,
        "leader_1": "One",
        "leader_2": "Two",
    }
    return Occasion(
        **{"occasion_id": occasion_id, "type": type, "start_date": start} | values | outcome | other
    )


def visit(occasion_id="2025-visit", start=date(2025, 9, 1), **other):
    """A visit of one day."""
    return occasion(occasion_id, start, 1, **{"type": "visit", "host": "CN"} | other)


def window(
    occasion_id="2025-visit", day=date(2025, 6, 1), earliest=date(2025, 9, 1), latest=date(2025, 9, 10)
):
    """The window of a visit that became public on a day."""
    return VisitWindow(
        occasion_id=occasion_id, public_date=day, earliest=earliest, latest=latest, basis="a test"
    )


def ledger(signals=(), occasions=(), visit_windows=()):
    """A ledger in load order."""
    return Ledger(
        tuple(sorted(signals, key=lambda row: (row.public_date, row.event_id))),
        tuple(sorted(occasions, key=lambda row: (row.known_from, row.occasion_id))),
        tuple(sorted(visit_windows, key=lambda row: (row.public_date, row.occasion_id))),
    )


def extended(whole, signals=(), occasions=(), visit_windows=()):
    """A ledger with more rows, each of which replaces the row with the same id."""

    def merged(old, new, key):
        return list(({key(row): row for row in old} | {key(row): row for row in new}).values())

    return ledger(
        merged(whole.signals, signals, lambda row: row.event_id),
        merged(whole.occasions, occasions, lambda row: row.occasion_id),
        merged(whole.visit_windows, visit_windows, lambda row: (row.occasion_id, row.public_date)),
    )


def ahead_of(whole, as_of=AS_OF, deadline=AS_OF + 400 * DAY, params=PARAMS.plain):
    """The outlook from a ledger that need not be cut."""
    return outlook(whole.as_of(as_of), as_of, deadline, params)


def season_of(*starts, types=("apec", "g20", "other_multilateral"), hosts=("KR", "ZA", "US"), horizon=400):
    """A season of occasions that start so many days ahead, with its outlook."""
    rows = [
        occasion(f"2025-{n}", AS_OF + start * DAY, type=kind, host=host)
        for n, (start, kind, host) in enumerate(zip(starts, types, hosts, strict=False))
    ]
    ahead = ahead_of(ledger((), rows), deadline=AS_OF + horizon * DAY)
    return ahead.seasons[0], ahead


@cache
def prior_draws(count=200, random_seed=1):
    """Prior draws of every parameter, without data; treat them as read-only."""
    rng = np.random.default_rng(random_seed)
    p = {
        name: prior.frozen().rvs(size=(count, len(LEVELS)) if prior.dim else count, random_state=rng)
        for name, prior in PRIORS.parameters.items()
    }
    p["comes_effect"] = rng.normal(size=(count, len(PARAMS.sides), len(TYPES)))
    p["meeting_day"] = rng.dirichlet(np.full(len(OFFSETS), 0.5), size=count)
    p["norm"] = rng.uniform(-0.3, 0.3, size=count)
    return p


def uncompiled():
    """A block in which PyTensor neither optimises a graph nor calls the C compiler: faster for few calls."""
    import pytensor

    return pytensor.config.change_flags(mode="FAST_COMPILE", cxx="")


def thinned(draws, step=40):
    """Every 40th draw, or every `step`-th."""
    return {name: values[::step] for name, values in draws.items()}


def with_words(view, *said):
    """A season with these words about its occasions, in order."""
    said = [*said, *[Words({})] * (len(view.slots) - len(said))]
    return replace(
        view, slots=tuple(replace(slot, words=words) for slot, words in zip(view.slots, said, strict=True))
    )


def season_total(p, view, ahead):
    """P(they meet in a season by the deadline) of each draw, tone at its norm."""
    return sum(cause.by_deadline for cause in chances.season_causes(p, view, np.zeros(len(p["held"])), ahead))


def days_of(cause):
    """P(they meet there on each day); (draw, day)."""
    return cause.there @ cause.falls


def every_fit(patch, fitted):
    """Let a forecast take all its fits from `fitted`, whether it would sample or reweight."""
    for name in ("fit", "quick_fit"):
        patch.setattr(forecast, name, fitted)
