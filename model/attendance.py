"""The probabilities of attendance and of a meeting for one season, for each draw.

Draws are arrays by parameter name whose first dim is the draw. Every function returns one number per draw,
(draw,), unless its docstring says otherwise. `notebooks/3_model.ipynb` states the formulas; a test compares
them with this code.
"""

from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from .evidence.outlook import Outlook, SeasonView, Slot
from .evidence.record import CLASSES, OFFSETS
from .evidence.rows import BOTH
from .evidence.words import LEVELS, Coming, Meeting

Draws = dict[str, np.ndarray]
TINY = 1e-300
"""Lower bound on a denominator, so that 0 / 0 gives 0."""


class SeasonChances(NamedTuple):
    """P(they meet there) and P(both attend) for a season's open slots, (draw, slot) each."""

    there: np.ndarray
    both: np.ndarray


class Presence(NamedTuple):
    """P(the leader attends) by side code, and P(both attend), for one slot, (draw,) each."""

    comes: dict[str, np.ndarray]
    both: np.ndarray


def odds_times(chance: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """The probability after its odds are multiplied by `ratio`."""
    return chance * ratio / (1 - chance + chance * ratio)


# Attendance


def word_ratio(p: Draws, words: Coming) -> np.ndarray:
    """P(these unsettled words | he attends) / P(these words | he stays away).

    At least 1 for words that he attends, at most 1 for words that he stays away.
    """
    ratios = [p["misled"][:, LEVELS.index(level)] ** -np.sign(level) for level in words.levels]
    return np.prod(ratios, axis=0) if ratios else np.ones(len(p["held"]))


def after_words(p: Draws, chance: np.ndarray, words: Coming) -> np.ndarray:
    """The probability that a leader attends, or that an occasion is held, given the words about it.

    A settled word sets a lower or an upper bound; unsettled words multiply the odds.
    """
    if words.settled > 0:
        chance = np.maximum(chance, p["came_if_will"])
    if words.settled < 0:
        chance = np.minimum(chance, p["came_if_not"])
    return odds_times(chance, word_ratio(p, words))


def held(p: Draws, slot: Slot) -> np.ndarray:
    """P(the occasion is held in person)."""
    return after_words(p, p["held"], slot.words.coming(BOTH))


def comes(p: Draws, slot: Slot, side: int, tone: np.ndarray) -> np.ndarray:
    """P(the leader of a side attends, given that the occasion is held).

    The habit of his side counts at summits and other occasions abroad, the tone everywhere except at home.

    Parameters
    ----------
    tone : (draw,)
        B on the day of the season, less its usual level.
    """
    kind = CLASSES[slot.classes[side]]
    ratio: np.ndarray | float = 1.0
    if kind == "guest":
        ratio = p["tone_factor"] ** tone
    elif kind != "home":
        habit = np.exp(p["comes_spread"] * p["comes_effect"][:, side, slot.type])
        ratio = habit * p["tone_factor"] ** tone
    chance = odds_times(p[f"comes_{kind}"], ratio)
    return after_words(p, chance, slot.words.coming(slot.sides[side]))


def both_come(p: Draws, slot: Slot, tone: np.ndarray) -> np.ndarray:
    """P(the occasion is held and both attend)."""
    return held(p, slot) * comes(p, slot, 0, tone) * comes(p, slot, 1, tone)


# Meetings


def talk(p: Draws, meeting: Meeting) -> np.ndarray:
    """The ratio by which planning and doubt multiply the odds of a meeting."""
    return p["word_factor"] ** (meeting.planned - meeting.doubted)


def days_left(p: Draws, slot: Slot) -> np.ndarray:
    """P(the meeting falls on each offset), 0 for offsets in the past; (draw, offset)."""
    return p["meeting_day"] * (slot.ahead + OFFSETS >= 1)


def unpromised(p: Draws, slots: list[Slot], tone: np.ndarray) -> SeasonChances:
    """The chances of a season's occasions without their announcements.

    Sums over every pattern of occasions that both attend. Each pattern has a probability, and a probability
    of a meeting that is split among its occasions in proportion to `meets`, the words about a meeting there
    and the days left. Bayes' rule accounts for these words and for the past days without a meeting.
    """
    # Dims are (pattern, slot, draw); an array has those on which it depends.
    come = np.array([both_come(p, slot, tone) for slot in slots])
    at_summit = odds_times(p["meets_summit"], p["tone_factor"] ** tone)
    meets = np.array([at_summit if slot.summit else p["meets_other"] for slot in slots])
    ratios = np.array([talk(p, slot.words.meeting) for slot in slots])
    left = np.array([days_left(p, slot).sum(1) for slot in slots])
    both = np.array(list(product((False, True), repeat=len(slots))))[:, :, None]
    at_summits = both & np.array([slot.summit for slot in slots])[:, None]

    def missed(share: np.ndarray) -> np.ndarray:
        """P(no meeting in `share` of the meeting days, (slot, draw)), given where both are; (pattern, draw).

        All summits of a season count as one opportunity to meet; every other occasion counts separately.
        """
        others = np.where(both & ~at_summits, 1 - meets * share, 1).prod(1)
        least = np.where(at_summits, share, 1).min(1)
        return others * (1 - at_summit * least * at_summits.any(1))

    chance, never = np.where(both, come, 1 - come).prod(1), missed(np.ones_like(left))
    weight = meets * ratios * left * both
    where = weight / np.maximum(weight.sum(1, keepdims=True), TINY)
    meet = (chance * (missed(1 - left) - never) * (ratios * both).max(1))[:, None] * where
    seen = chance * never + meet.sum(1)
    there, present, evidence = meet.sum(0), (seen[:, None] * both).sum(0), seen.sum(0)
    return SeasonChances((there / evidence).T, (present / evidence).T)


# Announced meetings


def promise(p: Draws, days: np.ndarray | int, at_risk: int) -> np.ndarray:
    """P(a promise due in `days` is kept); it can break on its last `at_risk` days; (draw, *days)."""
    return np.exp(-np.multiply.outer(p["breaks"], np.clip(days, 0, at_risk)))


def kept(p: Draws, slot: Slot, ahead: Outlook) -> np.ndarray:
    """P(an announced meeting is kept), given later doubts and later words about attendance."""
    meeting = slot.words.meeting
    due = (meeting.for_date - ahead.as_of).days if meeting.for_date else slot.ahead
    ratio = p["word_factor"] ** -meeting.doubted
    for words in slot.words.comes.values():
        against = [row for row in words.rows if row.strength < 0 and row.public_date > meeting.announced]
        levels = {row.strength for row in against}
        ratio = ratio * word_ratio(p, Coming(levels=tuple(level for level in LEVELS if level in levels)))
    return odds_times(promise(p, due, ahead.at_risk), ratio)


def promised(
    p: Draws, slots: list[Slot], chosen: tuple[int, ...], tone: np.ndarray, ahead: Outlook
) -> SeasonChances:
    """The chances of a season's occasions when the announcements of the chosen slots count as promises.

    The first kept promise is the meeting; if all break, the other occasions remain.
    """
    shape = len(p["held"]), len(slots)
    there, both, broken = np.zeros(shape), np.zeros(shape), np.ones(len(p["held"]))
    for i in chosen:
        both[:, i] = kept(p, slots[i], ahead)
        there[:, i] = broken * both[:, i]
        broken = broken - there[:, i]
    rest = [i for i in range(len(slots)) if i not in chosen]
    if rest:
        others = unpromised(p, [slots[i] for i in rest], tone)
        there[:, rest] = broken[:, None] * others.there
        both[:, rest] = others.both
    return SeasonChances(there, both)


def season_chances(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> SeasonChances:
    """The chances of a season's open slots, given that they have not met in the season.

    An announcement counts as a promise only if it raises the probability of a meeting: each draw uses the set
    of promises with the largest probability.
    """
    slots = list(view.open)
    best = unpromised(p, slots, tone)
    announced = [i for i, slot in enumerate(slots) if slot.words.meeting.announced]
    for size in range(1, len(announced) + 1):
        for chosen in combinations(announced, size):
            other = promised(p, slots, chosen, tone, ahead)
            better = (other.there.sum(1) > best.there.sum(1))[:, None]
            best = SeasonChances(
                np.where(better, other.there, best.there), np.where(better, other.both, best.both)
            )
    return best


def presence(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> dict[str, Presence]:
    """The attendance at each open occasion of the season, by id, given all words, even those on a meeting.

    Words about a meeting change P(both attend); each leader's share of the remainder is unchanged.
    """
    both = season_chances(p, view, tone, ahead).both
    seen = {}
    for i, slot in enumerate(view.open):
        is_held = held(p, slot)
        first, second = comes(p, slot, 0, tone), comes(p, slot, 1, tone)
        apart = np.maximum(1 - is_held * first * second, 1e-12)
        alone = (is_held * first * (1 - second) / apart, is_held * second * (1 - first) / apart)
        together = both[:, i]
        there = [together + (1 - together) * share for share in alone]
        seen[slot.occasion.occasion_id] = Presence(dict(zip(slot.sides, there, strict=True)), together)
    return seen
