"""The formula, from draws and the outlook to the chance of a first meeting by cause and day.

What comes of a season is `attendance.season_chances`; here it gets its days, visits join, and causes compete.
"""

from typing import NamedTuple

import numpy as np

from .attendance import Draws, days_left, odds_times, promise, season_chances, talk
from .evidence.outlook import Outlook, PutOffView, SeasonView, Slot, VisitView, unspoken
from .evidence.record import OFFSETS
from .evidence.seasons import YEAR

UNKNOWN = "unknown"


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
    day, when = days_left(p, slot), slot.ahead + OFFSETS
    if slot.words.meeting.for_date:
        named = (slot.words.meeting.for_date - ahead.as_of).days
        when = np.array([named - 1, named, named + 1])
        beside = (1 - ahead.named_day) / 2
        day = np.array([[beside, ahead.named_day, beside]]) * (when >= 1)
        day = np.repeat(day, len(p["held"]), axis=0)
    day = day / np.maximum(day.sum(1, keepdims=True), 1e-300)
    out = np.zeros((len(day), ahead.horizon))
    for column, t in enumerate(when):
        if 1 <= t <= ahead.horizon:
            out[:, t - 1] += day[:, column]
    return out


def visit_days(p: Draws, view: VisitView, ahead: Outlook) -> np.ndarray:
    """P(an agreed visit takes place on each day), evenly over what is left of its window; (draw, day)."""
    named = view.words.meeting.for_date
    first, last = (
        (max(view.first, 1), view.last) if named is None else [max((named - ahead.as_of).days, 1)] * 2
    )
    days = np.arange(first, last + 1)
    kept = odds_times(promise(p, days, ahead.at_risk), talk(p, view.words.meeting)[:, None]) / len(days)
    out = np.zeros((len(kept), ahead.horizon))
    inside = days <= ahead.horizon
    out[:, days[inside] - 1] = kept[:, inside]
    return out


def again_days(p: Draws, view: PutOffView, ahead: Outlook) -> np.ndarray:
    """P(a visit put off takes place on each day), evenly over the months in which it is expected again; (draw, day).

    That it has not come since lowers what is left.
    """
    left = view.last / (view.last + view.since)
    chance = p["again"] * left / (1 - p["again"] * (1 - left))
    return np.outer(chance, (np.arange(1, ahead.horizon + 1) <= view.last) / view.last)


def unknown_days(p: Draws, horizon: int) -> np.ndarray:
    """Rate of visits of which nothing is public yet on each day ahead: their first word must still come; (draw, day)."""
    days = np.arange(1, horizon + 1)
    return p["visit_rate"][:, None] / YEAR * -np.expm1(-days / p["visit_notice"][:, None])


class Chances(NamedTuple):
    """What comes of it: `first` (draw, cause, day) P(first meeting there and then), `there` (draw, cause)."""

    causes: tuple[str, ...]
    first: np.ndarray
    there: np.ndarray

    @property
    def by_day(self) -> np.ndarray:
        """P(they have met by each day); (draw, day)."""
        return np.cumsum(self.first.sum(1), axis=1)


def felt(p: Draws, ahead: Outlook) -> np.ndarray:
    """Today's tone less its usual level."""
    return ahead.tone - p["norm"]


def groups_of(p: Draws, ahead: Outlook, signals: bool = True) -> list[list[tuple[str, np.ndarray]]]:
    """What excludes one another stands together: the slots of a season, and each visit, by id; (draw, day) each.

    Without `signals` the tone is the usual one, and nothing was said, agreed or put off.
    """
    tone = felt(p, ahead) if signals else np.zeros(len(p["held"]))
    groups = [
        [
            (slot.occasion.occasion_id, day)
            for slot, day in season_days(p, view if signals else unspoken(view), tone * view.fade, ahead)
        ]
        for view in ahead.seasons
    ]
    if signals:
        groups += [[(view.occasion.occasion_id, visit_days(p, view, ahead))] for view in ahead.visits]
        groups += [[(view.occasion.occasion_id, again_days(p, view, ahead))] for view in ahead.put_off]
    return [group for group in groups if group]


def chances(p: Draws, ahead: Outlook, signals: bool = True) -> Chances:
    """The chance of the first meeting by cause and day. Groups are independent; within a day their hazards add."""
    names, increments, there = [], [], []
    for group in groups_of(p, ahead, signals):
        total = sum(day for _, day in group)
        left = 1 - np.cumsum(total, axis=1)
        step = -np.diff(np.log(np.maximum(left, 1e-12)), axis=1, prepend=0.0)
        for name, day in group:
            names.append(name)
            increments.append(step * np.divide(day, total, out=np.zeros_like(day), where=total > 0))
            there.append(day.sum(1))
    unknown = unknown_days(p, ahead.horizon)
    names.append(UNKNOWN)
    increments.append(unknown)
    there.append(-np.expm1(-unknown.sum(1)))
    rise = np.stack(increments, axis=1)
    total = rise.sum(1)
    met = -np.diff(np.exp(-np.cumsum(total, axis=1)), axis=1, prepend=1.0)
    first = rise * np.divide(met, total, out=np.zeros_like(met), where=total > 0)[:, None, :]
    return Chances(tuple(names), first, np.stack(there, axis=1))


def by_deadline(p: Draws, ahead: Outlook, signals: bool = True) -> np.ndarray:
    """P(they meet by the deadline) = 1 - product over seasons, visits and the unknown of (1 - each)."""
    missed = np.exp(-unknown_days(p, ahead.horizon).sum(1))
    for group in groups_of(p, ahead, signals):
        missed *= np.maximum(1 - sum(day.sum(1) for _, day in group), 1e-12)
    return 1 - missed
