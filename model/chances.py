"""The formula, from draws and the outlook to the chance of a first meeting by cause and day.

`attendance.season_chances` gives the chances of a season; here they are spread over days, visits join, and causes
compete for the first meeting. The formulas stand in `notebooks/3_model.ipynb`; a test compares the two.
"""

from typing import NamedTuple

import numpy as np

from .attendance import TINY, Draws, days_left, odds_times, promise, season_chances, talk
from .evidence.outlook import Outlook, PutOffView, SeasonView, Slot, VisitView, unspoken
from .evidence.record import OFFSETS
from .evidence.seasons import YEAR

UNKNOWN = "unknown"
CERTAIN = 1e-12
"""The least chance of no meeting that a logarithm is taken of."""


class Chances(NamedTuple):
    """P(first meeting there and then), (draw, cause, day), and P(they meet there at all), (draw, cause)."""

    causes: tuple[str, ...]
    first: np.ndarray
    there: np.ndarray

    @property
    def by_day(self) -> np.ndarray:
        """P(they have met by each day); (draw, day)."""
        return np.cumsum(self.first.sum(1), axis=1)


# The days of each cause


def season_days(
    p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook
) -> list[tuple[Slot, np.ndarray]]:
    """P(they meet at each open slot on each day), (draw, day) each."""
    if not view.open:
        return []
    there = season_chances(p, view, tone, ahead).there
    return [(slot, there[:, [i]] * spread(p, slot, ahead)) for i, slot in enumerate(view.open)]


def spread(p: Draws, slot: Slot, ahead: Outlook) -> np.ndarray:
    """The day of a meeting at a slot, given that it is still ahead, on the days to the deadline; (draw, day).

    Where the announcement names the day it is that day, or as likely the one before or after.
    """
    if slot.words.meeting.for_date:
        named = (slot.words.meeting.for_date - ahead.as_of).days
        when = named + np.array([-1, 0, 1])
        beside = (1 - ahead.named_day) / 2
        chance = np.tile([beside, ahead.named_day, beside] * (when >= 1), (len(p["held"]), 1))
    else:
        when, chance = slot.ahead + OFFSETS, days_left(p, slot)
    chance = chance / np.maximum(chance.sum(1, keepdims=True), TINY)
    return on_days(when, chance, ahead.horizon)


def on_days(when: np.ndarray, chance: np.ndarray, horizon: int) -> np.ndarray:
    """Chances of days ahead, (draw, when), as (draw, day) with day 1 first; what lies outside is dropped."""
    days = np.zeros((len(chance), horizon))
    inside = (when >= 1) & (when <= horizon)
    days[:, when[inside] - 1] = chance[:, inside]
    return days


def visit_days(p: Draws, view: VisitView, ahead: Outlook) -> np.ndarray:
    """P(an agreed visit takes place on each day), evenly over what is left of its window; (draw, day).

    Where an announcement names the day it is that day.
    """
    meeting = view.words.meeting
    if meeting.for_date:
        days = np.array([max((meeting.for_date - ahead.as_of).days, 1)])
    else:
        days = np.arange(max(view.first, 1), view.last + 1)
    kept = odds_times(promise(p, days, ahead.at_risk), talk(p, meeting)[:, None])
    return on_days(days, kept / len(days), ahead.horizon)


def again_days(p: Draws, view: PutOffView, ahead: Outlook) -> np.ndarray:
    """P(a visit put off takes place on each day), evenly over the months in which it is expected again; (draw, day).

    That it has not taken place since lowers what is left.
    """
    left = view.last / (view.last + view.since)
    chance = p["again"] * left / (1 - p["again"] * (1 - left))
    days = np.arange(1, ahead.horizon + 1)
    return np.outer(chance, (days <= view.last) / view.last)


def unknown_days(p: Draws, horizon: int) -> np.ndarray:
    """Rate on each day ahead of visits of which nothing is public yet: their first word must still come; (draw, day)."""
    days = np.arange(1, horizon + 1)
    return p["visit_rate"][:, None] / YEAR * -np.expm1(-days / p["visit_notice"][:, None])


# All causes together


def felt(p: Draws, ahead: Outlook) -> np.ndarray:
    """Today's tone less its usual level; (draw,)."""
    return ahead.tone - p["norm"]


def groups_of(p: Draws, ahead: Outlook, signals: bool = True) -> list[list[tuple[str, np.ndarray]]]:
    """Groups of causes that exclude one another: the slots of a season, each visit; by id, (draw, day) each.

    Without `signals` the tone is the usual one, and nothing was said, agreed or put off.
    """
    tone = felt(p, ahead) if signals else np.zeros(len(p["held"]))
    groups = []
    for season in ahead.seasons:
        view = season if signals else unspoken(season)
        slots = season_days(p, view, tone * season.fade, ahead)
        groups.append([(slot.occasion.occasion_id, days) for slot, days in slots])
    if signals:
        groups += [[(view.occasion.occasion_id, visit_days(p, view, ahead))] for view in ahead.visits]
        groups += [[(view.occasion.occasion_id, again_days(p, view, ahead))] for view in ahead.put_off]
    return [group for group in groups if group]


def share_of(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Part over total, 0 where the total is 0."""
    return np.divide(part, total, out=np.zeros_like(part), where=total > 0)


def chances(p: Draws, ahead: Outlook, signals: bool = True) -> Chances:
    """The chance of the first meeting by cause and day. Groups are independent; within a day their hazards add."""
    causes, hazards, there = [], [], []
    for group in groups_of(p, ahead, signals):
        total = sum(days for _, days in group)
        survival = np.maximum(1 - np.cumsum(total, axis=1), CERTAIN)
        hazard = -np.diff(np.log(survival), axis=1, prepend=0.0)
        for cause, days in group:
            causes.append(cause)
            hazards.append(hazard * share_of(days, total))
            there.append(days.sum(1))
    unknown = unknown_days(p, ahead.horizon)
    causes.append(UNKNOWN)
    hazards.append(unknown)
    there.append(-np.expm1(-unknown.sum(1)))

    hazard = np.stack(hazards, axis=1)
    total = hazard.sum(1)
    met = -np.diff(np.exp(-np.cumsum(total, axis=1)), axis=1, prepend=1.0)
    return Chances(tuple(causes), hazard * share_of(met, total)[:, None, :], np.stack(there, axis=1))


def by_deadline(p: Draws, ahead: Outlook, signals: bool = True) -> np.ndarray:
    """P(they meet by the deadline) = 1 - product over seasons, visits and the unknown of (1 - each); (draw,)."""
    missed = np.exp(-unknown_days(p, ahead.horizon).sum(1))
    for group in groups_of(p, ahead, signals):
        missed *= np.maximum(1 - sum(days.sum(1) for _, days in group), CERTAIN)
    return 1 - missed
