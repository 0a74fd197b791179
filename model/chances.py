"""The probability of a first meeting by cause and day, from draws and an outlook.

`attendance.season_chances` gives the chances of a season. This module spreads them over days, adds visits and
lets the causes compete for the first meeting. `notebooks/3_model.ipynb` states the formulas; a test compares
them with this code.
"""

from typing import NamedTuple

import numpy as np

from .attendance import TINY, Draws, days_left, odds_times, promise, season_chances, talk
from .evidence.outlook import Outlook, PutOffView, SeasonView, Slot, VisitView, unspoken
from .evidence.record import OFFSETS
from .evidence.seasons import YEAR
from .evidence.zones import Shift

UNKNOWN = "unknown"
CERTAIN = 1e-12
"""Lower bound on the probability of no meeting before its logarithm is taken."""


class Chances(NamedTuple):
    """P(the first meeting is there) and P(they ever meet there) by cause, (draw, cause) each.

    `by_day` is P(they have met by each day), (draw, day).
    """

    causes: tuple[str, ...]
    first: np.ndarray
    there: np.ndarray
    by_day: np.ndarray


class Cause(NamedTuple):
    """One place where they may meet: `there` (draw, when) is P(they meet on each of some local days).

    `falls` (when, day) spreads each local day over the days to the deadline, in the question's time zone.
    """

    id: str
    there: np.ndarray
    falls: np.ndarray

    @property
    def by_deadline(self) -> np.ndarray:
        """P(they meet there by the deadline); (draw,)."""
        return self.there @ self.falls.sum(1)


# Each cause


def season_causes(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> list[Cause]:
    """The open slots of a season."""
    there = season_chances(p, view, tone, ahead).there
    return [slot_cause(p, slot, there[:, [i]], ahead) for i, slot in enumerate(view.open)]


def slot_cause(p: Draws, slot: Slot, there: np.ndarray, ahead: Outlook) -> Cause:
    """A slot at which they meet with the chance `there` (draw, 1), on one of its days.

    If the announcement names a day, the meeting falls on it, or one day before or after (equally likely).
    """
    if slot.words.meeting.for_date:
        named = (slot.words.meeting.for_date - ahead.as_of).days
        when = named + np.array([-1, 0, 1])
        beside = (1 - ahead.named_day) / 2
        chance = np.array([[beside, ahead.named_day, beside]]) * (when >= 1)
    else:
        when, chance = slot.ahead + OFFSETS, days_left(p, slot)
    chance = chance / np.maximum(chance.sum(1, keepdims=True), TINY)
    return Cause(slot.occasion.occasion_id, there * chance, falls(when, slot.shift, ahead))


def falls(when: np.ndarray, shift: Shift, ahead: Outlook) -> np.ndarray:
    """The share of each local day ahead that falls on each day in the question's time zone; (when, day).

    Days outside the horizon, and days before the question opens, are dropped.
    """
    local = when[:, None] == np.arange(1, ahead.horizon + 2)
    days = (1 - shift.before - shift.after) * local
    if any(shift):
        days[:, 0] += shift.before * local[:, 0]
        days[:, :-1] += shift.before * local[:, 1:]
        days[:, 1:] += shift.after * local[:, :-1]
    return days[:, :-1] * counted(ahead)


def counted(ahead: Outlook) -> np.ndarray:
    """Whether a meeting counts on each day: not before the question opens; (day,)."""
    return np.arange(1, ahead.horizon + 1) >= ahead.opens


def visit_cause(p: Draws, view: VisitView, ahead: Outlook) -> Cause:
    """An agreed visit, uniform over the rest of its window.

    If an announcement names a day, the visit falls on that day.
    """
    meeting = view.words.meeting
    if meeting.for_date:
        days = np.array([max((meeting.for_date - ahead.as_of).days, 1)])
    else:
        days = np.arange(max(view.first, 1), view.last + 1)
    kept = odds_times(promise(p, days, ahead.at_risk), talk(p, meeting)[:, None])
    return Cause(view.occasion.occasion_id, kept / len(days), falls(days, view.shift, ahead))


def again_cause(p: Draws, view: PutOffView, ahead: Outlook) -> Cause:
    """A postponed visit, uniform while it is expected.

    Days that have passed without the visit lower the remaining probability.
    """
    left = view.last / (view.last + view.since)
    chance = p["again"] * left / (1 - p["again"] * (1 - left))
    days = np.arange(1, ahead.horizon + 1)
    uniform = (days <= view.last) / view.last * counted(ahead)
    return Cause(view.occasion.occasion_id, chance[:, None], uniform[None])


def unknown_days(p: Draws, ahead: Outlook) -> np.ndarray:
    """Daily rate of visits that are not public yet, where the meeting must be; (draw, day)."""
    days = np.arange(1, ahead.horizon + 1)
    rate = p["visit_rate"][:, None] / YEAR * ahead.unseen_here
    return rate * -np.expm1(-days / p["visit_notice"][:, None]) * counted(ahead)


def unknown_by_deadline(p: Draws, ahead: Outlook) -> np.ndarray:
    """The sum of `unknown_days` over the days, a geometric series; (draw,)."""
    notice, first, last = p["visit_notice"], ahead.opens, max(ahead.horizon, ahead.opens - 1)
    unseen = (np.exp(-first / notice) - np.exp(-(last + 1) / notice)) / -np.expm1(-1 / notice)
    return p["visit_rate"] / YEAR * ahead.unseen_here * (last - first + 1 - unseen)


# All causes


def felt(p: Draws, ahead: Outlook) -> np.ndarray:
    """Today's tone minus its usual level; (draw,)."""
    return ahead.tone - p["norm"]


def groups_of(p: Draws, ahead: Outlook, signals: bool = True) -> list[list[Cause]]:
    """Groups of mutually exclusive causes: the slots of a season, each visit.

    Without `signals` the tone is at its usual level, and there are no words, agreed or postponed visits.
    """
    tone = felt(p, ahead) if signals else np.zeros(len(p["held"]))
    seasons = ahead.seasons if signals else map(unspoken, ahead.seasons)
    groups = [season_causes(p, view, tone * view.fade, ahead) for view in seasons]
    if signals:
        groups += [[visit_cause(p, view, ahead)] for view in ahead.visits]
        groups += [[again_cause(p, view, ahead)] for view in ahead.put_off]
    return groups


def share_of(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    """`part` / `total`, 0 where the total is 0."""
    return np.divide(part, total, out=np.zeros_like(part), where=total > 0)


class Hazard(NamedTuple):
    """The daily hazards of a cause, (draw, day), on the days `on` on which it can bring a meeting."""

    id: str
    on: np.ndarray
    daily: np.ndarray
    there: np.ndarray


def hazards(group: list[Cause]) -> list[Hazard]:
    """The hazards of mutually exclusive causes."""
    on = np.flatnonzero(sum(cause.falls.any(0) for cause in group))
    days = [cause.there @ cause.falls[:, on] for cause in group]
    total = sum(days)
    survival = np.maximum(1 - np.cumsum(total, axis=1), CERTAIN)
    hazard = -np.diff(np.log(survival), axis=1, prepend=0.0)
    return [
        Hazard(cause.id, on, hazard * share_of(day, total), day.sum(1)) for cause, day in zip(group, days)
    ]


def chances(p: Draws, ahead: Outlook, signals: bool = True) -> Chances:
    """P(first meeting by cause); groups are independent, so their daily hazards add."""
    causes = [hazard for group in groups_of(p, ahead, signals) for hazard in hazards(group)]
    unknown = unknown_days(p, ahead)
    causes.append(Hazard(UNKNOWN, np.arange(ahead.horizon), unknown, -np.expm1(-unknown.sum(1))))

    total = np.zeros_like(unknown)
    for cause in causes:
        total[:, cause.on] += cause.daily
    unmet = np.exp(-np.cumsum(total, axis=1))
    share = share_of(-np.diff(unmet, axis=1, prepend=1.0), total)
    first = [(cause.daily * share[:, cause.on]).sum(1) for cause in causes]
    there = [cause.there for cause in causes]
    return Chances(
        tuple(cause.id for cause in causes), np.stack(first, axis=1), np.stack(there, axis=1), 1 - unmet
    )


def by_deadline(p: Draws, ahead: Outlook, signals: bool = True) -> np.ndarray:
    """P(they meet by the deadline), 1 - product over seasons, visits, unknown of (1 - each); (draw,)."""
    missed = np.exp(-unknown_by_deadline(p, ahead))
    for group in groups_of(p, ahead, signals):
        missed *= np.maximum(1 - sum(cause.by_deadline for cause in group), CERTAIN)
    return 1 - missed
