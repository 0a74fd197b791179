"""Strategies for ledgers of a made-up pair, of every shape, and forecasts of them from prior draws.

Nothing is sampled: prior draws take the place of every fit.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from hypothesis import strategies as st
from made_up import DAY, KINDS, PRIORS, TYPES, ledger, occasion, signal, window

from model.answer import forecast
from model.fit.fits import Fit
from model.fit.predictive import prior_draws
from model.paths import SEEDS
from model.settings.params import load_params

PAIR = load_params(question=SEEDS / "template" / "question.yaml")
SIDES = PAIR.sides
THIRD = ("SG", "NZ")
"""Other hosts: real countries far from Greenwich, so that the time zone of a question matters there."""
FIRST, LAST = date(2018, 1, 1), date(2024, 12, 31)
OUTCOMES = ("they met", "both came", "one came", "nobody came", "called off")


@dataclass(frozen=True)
class Shape:
    """What a ledger holds: occasions of these types, hosts and outcomes, within `span` days, and signals."""

    number: tuple[int, int] = (1, 6)
    types: tuple[str, ...] = (*TYPES, "visit", "visit", "visit")
    hosts: tuple[str, ...] = (*SIDES, *THIRD)
    outcomes: tuple[str, ...] = OUTCOMES
    span: int = (LAST - FIRST).days
    signals: int = 6


SHAPES = {
    "no occasion": Shape((0, 0)),
    "one occasion": Shape((1, 1)),
    "two occasions": Shape((2, 2)),
    "many occasions": Shape((8, 14), signals=12),
    "only arranged meetings": Shape(types=("visit",)),
    "only gatherings": Shape(types=tuple(TYPES)),
    "only third countries": Shape(hosts=THIRD),
    "leaders who never came": Shape(outcomes=("nobody came",)),
    "all called off": Shape(outcomes=("called off",)),
    "rows of one day": Shape(span=0),
}


def outcome(draw, name, start, days):
    """The outcome cells of an occasion."""
    met = name == "they met"
    attended = "both" if met or name == "both came" else "none"
    return {
        "attended": draw(st.sampled_from(SIDES)) if name == "one came" else attended,
        "held_in_person": name != "called off",
        "met": met,
        "met_date": start + draw(st.integers(0, days - 1)) * DAY if met else None,
    }


@st.composite
def occasions(draw, shape):
    """The occasions of a ledger, each with an outcome; no two of one type and host on one day."""
    rows = {}
    for n in range(draw(st.integers(*shape.number))):
        kind, host = draw(st.sampled_from(shape.types)), draw(st.sampled_from(shape.hosts))
        start, days = FIRST + draw(st.integers(0, shape.span)) * DAY, draw(st.integers(1, 4))
        known = start - draw(st.integers(0, min(400, shape.span))) * DAY
        given = outcome(draw, draw(st.sampled_from(shape.outcomes)), start, days)
        row = occasion(f"{start.year}-{n}", start, days, kind, host=host, known_from=known, **given)
        rows[kind, host, start] = replace(row, confidence="high", source="made up")
    return list(rows.values())


@st.composite
def windows_of(draw, visit):
    """The windows of an arranged meeting: none, one around its days, put off, or agreed anew."""
    steps = draw(st.sampled_from(["", "agreed", "agreed", "put off", "agreed anew"]))
    day, early = visit.known_from, draw(st.integers(0, 40)) * DAY
    rows = [window(visit.id, day, max(visit.start_date - early, day), visit.end_date + 10 * DAY)]
    if steps in ("put off", "agreed anew"):
        rows.append(replace(window(visit.id, day + DAY), earliest=None, latest=None))
    if steps == "agreed anew":
        rows.append(window(visit.id, day + 2 * DAY, visit.start_date, visit.end_date + 60 * DAY))
    return rows if steps else []


@st.composite
def signals_of(draw, number, known, span):
    """A signal of the general tone, or about one of the occasions `known`."""
    about = draw(st.sampled_from(["", *known])) if known else ""
    kinds = [kind for kind in KINDS if kind != "attendance" or about and not about.is_visit]
    kind = draw(st.sampled_from(kinds))
    first = about.known_from if about else FIRST
    day = first + draw(st.integers(0, min(400, span))) * DAY
    strength = draw(st.integers(1, 3)) * (-1 if PRIORS.kinds[kind].sign == "down" else 1)
    actor = draw(st.sampled_from([*SIDES, "both"]))
    if kind == "attendance":
        strength = -3 if actor == "both" else strength * draw(st.sampled_from([1, -1]))
    elif PRIORS.kinds[kind].sign == "either":
        strength *= draw(st.sampled_from([1, -1]))
    named = kind == "summit_announced" and about and day <= about.start_date and draw(st.booleans())
    return signal(
        f"{day}-word-{number}",
        day,
        kind,
        strength,
        draw(st.sampled_from(["A1", "B2", "C3"])),
        about.id if about else "",
        actor=actor,
        for_date=about.start_date if named else None,
    )


@st.composite
def ledgers(draw, name):
    """A ledger of one of `SHAPES`, with at least one row."""
    shape = SHAPES[name]
    rows = draw(occasions(shape))
    windows = [row for o in rows if o.is_visit for row in draw(windows_of(o))]
    number = draw(st.integers(0 if rows else 1, shape.signals))
    said = [draw(signals_of(n, rows, shape.span)) for n in range(number)]
    return ledger(said, rows, windows)


def days_of(whole, before=30, after=365):
    """A strategy of days from before the first row of a ledger to a year after its last day."""
    last = [row.public_date for row in whole.signals] + [o.outcome_date for o in whole.occasions]
    first = whole.first_day - timedelta(before)
    return st.dates(first, max([*last, whole.first_day]) + timedelta(after))


@cache
def draws(number=120):
    """Prior draws; treat them as read-only."""
    return prior_draws(PAIR, number, 1)


def fitted(params, past):
    """Prior draws in place of a fit to a record."""
    own = draws() | {"norm": draws()["norm"] + past.norm}
    return Fit("prior", past.through, own, {"ess_min": 100.0}, 0.0, True, "prior draws")


def asked(as_of, days=200, **changes):
    """The parameters of a question of the pair, which opens on the next day."""
    question = {"as_of": as_of, "opens": as_of + DAY, "deadline": as_of + days * DAY} | changes
    return replace(PAIR, question=PAIR.question.model_copy(update=question), opens=question["opens"])


def probability(whole, as_of, days=200, **changes):
    """The probability alone."""
    return forecast.headline(asked(as_of, days, **changes), whole, as_of, fitted)
