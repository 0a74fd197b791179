"""The formula: from posterior draws and the outlook to the chance of meeting by cause and day.

Draws are arrays (draw, *dims) by parameter name; every function returns one number a draw unless it says otherwise. The
mathematics stands in `notebooks/3_model.ipynb`; a test holds the two together.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from .outlook import Outlook, PutOffView, SeasonView, Slot, VisitView, unspoken
from .record import BOTH, CLASSES, OFFSETS
from .seasons import YEAR
from .words import LEVELS, Coming, Meeting

Draws = dict[str, np.ndarray]
UNKNOWN = "unknown"


def odds_times(chance: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """The chance after its odds are multiplied by `ratio`."""
    return chance * ratio / (1 - chance + chance * ratio)


def word_ratio(p: Draws, words: Coming) -> np.ndarray:
    """P(these unsettled words | he comes) / P(these | he stays away): at least 1 for words of coming, else at most 1."""
    each = [p["misled"][:, LEVELS.index(level)] ** -np.sign(level) for level in words.levels]
    return np.prod(each, axis=0) if each else np.ones(len(p["held"]))


def after_words(p: Draws, chance: np.ndarray, words: Coming) -> np.ndarray:
    """The chance that a leader comes, or an occasion is held, after the words about it: a settled one sets the level."""
    if words.settled:
        chance = np.maximum(chance, p["came_if_will"]) if words.settled > 0 else np.minimum(chance, p["came_if_not"])
    return odds_times(chance, word_ratio(p, words))


def comes(p: Draws, slot: Slot, side: int, tone: np.ndarray) -> np.ndarray:
    """P(the leader of a side comes, if the occasion is held); tone is B less its usual level."""
    name, habit = CLASSES[slot.classes[side]], np.exp(p["comes_spread"] * p["comes_effect"][:, side, slot.type])
    ratio = {"home": 1.0, "guest": p["tone_factor"] ** tone}.get(name, habit * p["tone_factor"] ** tone)
    chance = odds_times(p[f"comes_{name}"], ratio)
    return after_words(p, chance, slot.words.coming(slot.sides[side]))


class SeasonChances(NamedTuple):
    """Of a season's open slots, (draw, slot) each: P(they meet there) and P(both are there)."""

    there: np.ndarray
    both: np.ndarray


def both_come(p: Draws, slot: Slot, tone: np.ndarray) -> np.ndarray:
    """P(the occasion is held and both come)."""
    return (after_words(p, p["held"], slot.words.coming(BOTH)) * comes(p, slot, 0, tone) * comes(p, slot, 1, tone))


def talk(p: Draws, said: Meeting) -> np.ndarray:
    """The ratio by which planning and doubt multiply the odds of a meeting."""
    return p["word_factor"] ** (said.planned - said.doubted)


def days_left(p: Draws, slot: Slot) -> np.ndarray:
    """P(the meeting day) for each offset still ahead, 0 for those behind; (draw, offset)."""
    return p["meeting_day"] * (slot.ahead + OFFSETS >= 1)


def unpromised(p: Draws, slots: list[Slot], tone: np.ndarray) -> SeasonChances:
    """The chances of a season's occasions, apart from announcements.

    A sum over who comes where: each pattern of occasions to which both come has its chance, the chance that they then
    meet, and the ratio of the words about meeting there; where they meet goes by `meets`. Bayes' rule weighs the words,
    and that no meeting has been held on the days behind.
    """
    come = np.stack([both_come(p, slot, tone) for slot in slots], axis=1)
    at_summit = odds_times(p["meets_summit"], p["tone_factor"] ** tone)
    meets = np.stack([at_summit if slot.summit else p["meets_other"] for slot in slots], axis=1)
    ratios = np.stack([talk(p, slot.words.meeting) for slot in slots], axis=1)
    left = np.stack([days_left(p, slot).sum(1) for slot in slots], axis=1)
    summit = np.array([slot.summit for slot in slots])
    there, present, whole = np.zeros_like(come), np.zeros_like(come), np.zeros(len(come))
    for pattern in product((False, True), repeat=len(slots)):
        both = np.array(pattern)
        chance = np.where(both, come, 1 - come).prod(1)
        missed = np.where(both & ~summit, 1 - meets, 1).prod(1) * (1 - at_summit if (both & summit).any() else 1)
        weight = meets * ratios * both
        share = weight / np.maximum(weight.sum(1, keepdims=True), 1e-300) * left
        met = (chance * (1 - missed) * (ratios * both).max(1))[:, None] * share
        seen = chance * missed + met.sum(1)
        there, present, whole = there + met, present + seen[:, None] * both, whole + seen
    return SeasonChances(there / whole[:, None], present / whole[:, None])


def promise(p: Draws, days: np.ndarray, at_risk: int) -> np.ndarray:
    """P(a promised meeting `days` ahead is kept): promises break at a rate in their last `at_risk` days; (draw, *days)."""
    return np.exp(-np.multiply.outer(p["breaks"], np.clip(days, 0, at_risk)))


def kept(p: Draws, slot: Slot, ahead: Outlook) -> np.ndarray:
    """P(an announced meeting is kept), after the doubts and the words about coming since."""
    said = slot.words.meeting
    due = (said.for_date - ahead.as_of).days if said.for_date else slot.ahead
    ratio = p["word_factor"] ** -said.doubted
    for words in slot.words.comes.values():
        since = {row.strength for row in words.rows if row.public_date > said.announced}
        ratio = ratio * word_ratio(p, Coming(levels=tuple(level for level in LEVELS if level in since)))
    return odds_times(promise(p, due, ahead.at_risk), ratio)


def season_chances(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> SeasonChances:
    """The chances of a season's open slots, given that they have not met in the season.

    An announced meeting is kept as a promise, else the other occasions remain; it never counts for less than the
    occasion did without the announcement.
    """
    slots, free = list(view.open), unpromised(p, list(view.open), tone)
    announced = [i for i, slot in enumerate(slots) if slot.words.meeting.announced]
    if not announced:
        return free
    there, both, broken = np.zeros_like(free.there), free.both.copy(), np.ones(len(free.there))
    for i in announced:
        there[:, i] = both[:, i] = broken * kept(p, slots[i], ahead)
        broken = broken - there[:, i]
    if rest := [i for i in range(len(slots)) if i not in announced]:
        others = unpromised(p, [slots[i] for i in rest], tone)
        there[:, rest], both[:, rest] = broken[:, None] * others.there, others.both
    better = (there.sum(1) >= free.there.sum(1))[:, None]
    return SeasonChances(np.where(better, there, free.there), np.where(better, both, free.both))


class Presence(NamedTuple):
    """Of one slot, (draw,) each: P(each side's leader is there) by its code, and P(both are)."""

    comes: dict[str, np.ndarray]
    both: np.ndarray


def presence(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> dict[str, Presence]:
    """Who is where, by id of the season's open occasions, once the words about meeting are weighed too."""
    if not view.open:
        return {}
    together, found = season_chances(p, view, tone, ahead).both, {}
    for i, slot in enumerate(view.open):
        held, each = after_words(p, p["held"], slot.words.coming(BOTH)), [comes(p, slot, side, tone) for side in (0, 1)]
        apart = np.maximum(1 - held * each[0] * each[1], 1e-12)
        alone = [held * each[side] * (1 - each[1 - side]) / apart for side in (0, 1)]
        both = together[:, i]
        found[slot.occasion.occasion_id] = Presence(
            {code: both + (1 - both) * alone[side] for side, code in enumerate(slot.sides)}, both)
    return found


def season_days(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> list[tuple[Slot, np.ndarray]]:
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
    first, last = (max(view.first, 1), view.last) if named is None else [max((named - ahead.as_of).days, 1)] * 2
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
    groups = [[(slot.occasion.occasion_id, day) for slot, day in
               season_days(p, view if signals else unspoken(view), tone * view.fade, ahead)] for view in ahead.seasons]
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

