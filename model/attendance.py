"""Who comes, and whether they meet: the formula for one season, draw by draw.

Draws are arrays (draw, *dims) by parameter name; every function returns one number a draw unless it says otherwise. The
mathematics stands in `notebooks/3_model.ipynb`; a test holds the two together.
"""

from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from .evidence.outlook import Outlook, SeasonView, Slot
from .evidence.record import CLASSES, OFFSETS
from .evidence.rows import BOTH
from .evidence.words import LEVELS, Coming, Meeting

Draws = dict[str, np.ndarray]


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
        chance = (
            np.maximum(chance, p["came_if_will"])
            if words.settled > 0
            else np.minimum(chance, p["came_if_not"])
        )
    return odds_times(chance, word_ratio(p, words))


def comes(p: Draws, slot: Slot, side: int, tone: np.ndarray) -> np.ndarray:
    """P(the leader of a side comes, if the occasion is held); tone is B less its usual level."""
    name, habit = (
        CLASSES[slot.classes[side]],
        np.exp(p["comes_spread"] * p["comes_effect"][:, side, slot.type]),
    )
    ratio = {"home": 1.0, "guest": p["tone_factor"] ** tone}.get(name, habit * p["tone_factor"] ** tone)
    chance = odds_times(p[f"comes_{name}"], ratio)
    return after_words(p, chance, slot.words.coming(slot.sides[side]))


class SeasonChances(NamedTuple):
    """Of a season's open slots, (draw, slot) each: P(they meet there) and P(both are there)."""

    there: np.ndarray
    both: np.ndarray


def both_come(p: Draws, slot: Slot, tone: np.ndarray) -> np.ndarray:
    """P(the occasion is held and both come)."""
    return (
        after_words(p, p["held"], slot.words.coming(BOTH)) * comes(p, slot, 0, tone) * comes(p, slot, 1, tone)
    )


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

    def missed(both: np.ndarray, behind: np.ndarray) -> np.ndarray:
        """P(no meeting in that share of the days), given the occasions both are at."""
        others = np.where(both & ~summit, 1 - meets * behind, 1).prod(1)
        return others * (1 - at_summit * np.where(both & summit, behind, 1).min(1) * (both & summit).any())

    there, present, whole = np.zeros_like(come), np.zeros_like(come), np.zeros(len(come))
    for pattern in product((False, True), repeat=len(slots)):
        both = np.array(pattern)
        chance, never = np.where(both, come, 1 - come).prod(1), missed(both, np.ones_like(left))
        weight = meets * ratios * left * both
        share = weight / np.maximum(weight.sum(1, keepdims=True), 1e-300)
        met = (chance * (missed(both, 1 - left) - never) * (ratios * both).max(1))[:, None] * share
        seen = chance * never + met.sum(1)
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
        since = {row.strength for row in words.rows if row.strength < 0 and row.public_date > said.announced}
        ratio = ratio * word_ratio(p, Coming(levels=tuple(level for level in LEVELS if level in since)))
    return odds_times(promise(p, due, ahead.at_risk), ratio)


def season_chances(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> SeasonChances:
    """The chances of a season's open slots, given that they have not met in the season.

    An announced meeting is kept as a promise, else the other occasions remain. It counts as one only where that is more
    than its occasion counts for without: of all subsets of the promises the one with the largest chance stands.
    """
    slots = list(view.open)
    best = unpromised(p, slots, tone)
    announced = [i for i, slot in enumerate(slots) if slot.words.meeting.announced]
    for size in range(1, len(announced) + 1):
        for chosen in combinations(announced, size):
            found = promised(p, slots, chosen, tone, ahead)
            better = (found.there.sum(1) > best.there.sum(1))[:, None]
            best = SeasonChances(*(np.where(better, new, old) for new, old in zip(found, best, strict=True)))
    return best


def promised(
    p: Draws, slots: list[Slot], chosen: tuple[int, ...], tone: np.ndarray, ahead: Outlook
) -> SeasonChances:
    """The chances of a season's occasions where the announcements of the chosen ones are promises."""
    there, both, broken = np.zeros((len(p["held"]), len(slots))), np.zeros((len(p["held"]), len(slots))), 1.0
    for i in chosen:
        both[:, i] = kept(p, slots[i], ahead)
        there[:, i] = broken * both[:, i]
        broken = broken - there[:, i]
    if rest := [i for i in range(len(slots)) if i not in chosen]:
        others = unpromised(p, [slots[i] for i in rest], tone)
        there[:, rest], both[:, rest] = np.reshape(broken, (-1, 1)) * others.there, others.both
    return SeasonChances(there, both)


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
        held, each = (
            after_words(p, p["held"], slot.words.coming(BOTH)),
            [comes(p, slot, side, tone) for side in (0, 1)],
        )
        apart = np.maximum(1 - held * each[0] * each[1], 1e-12)
        alone = [held * each[side] * (1 - each[1 - side]) / apart for side in (0, 1)]
        both = together[:, i]
        found[slot.occasion.occasion_id] = Presence(
            {code: both + (1 - both) * alone[side] for side, code in enumerate(slot.sides)}, both
        )
    return found
