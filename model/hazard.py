"""The formula, once: from parameters and covariates to the chance of meeting on each day ahead.

Functions take parameters by name, as NumPy draws (leading axis `draw`) or as PyTensor variables (no such axis), and
`xp`, the module that has exp and log for them. Hazards are cumulative and without unit; leads are in days.
"""

from typing import Any, NamedTuple

import numpy as np

from .covariates import ANNOUNCED, OFFSETS, YEAR, Outlook, Record, SeasonView, Slot, VisitView, unspoken

Draws = dict[str, np.ndarray]


def balance(p: Any, up: Any, down: Any) -> Any:
    """Tone B = (P - N) / (P + N + 1), P and N the up- and down-signals weighted by kind; -1 to 1."""
    positive, negative = p["weight"] @ up.T, p["weight"] @ down.T
    return (positive - negative) / (positive + negative + 1)


def propensity(p: Any, tone: Any, year_effect: Any, xp: Any = np) -> Any:
    """Factor common to the occasions of a season: exp(mu + beta (B - Bbar) + sigma u)."""
    return -xp.log1p(-p["season_chance"]) * p["tone_factor"] ** tone * p["year_factor"] ** year_effect


def type_intensity(p: Any, xp: Any = np) -> Any:
    """Factor of each type of occasion, exp(tau z); (..., type)."""
    factor = p["type_factor"][..., None] if xp is np else p["type_factor"]
    return factor ** p["type_effect"]


def together(intensity: Any, counts: Any, overlap: Any) -> Any:
    """One hazard from those of a season's occasions: (sum counts h^(1/overlap))^overlap; counts (..., kind of h).

    Overlap 1 adds them up, as if each were a chance of its own; towards 0 the best of them is the only one. Dividing
    by the largest first keeps the power finite.
    """
    largest = intensity.max(axis=-1, keepdims=True)
    return largest * ((intensity / largest) ** (1 / overlap) @ counts.T) ** overlap


def lead_below(p: Any, which: str, days: Any) -> Any:
    """P(lead < days) of the LogNormal lead `which`; 0 for days <= 0."""
    from scipy.special import ndtr

    z = np.log(np.maximum(days, 1e-9) / p[f"{which}_lead"][..., None]) / np.log(p[f"{which}_lead_spread"])[..., None]
    return np.where(np.asarray(days) > 0, ndtr(z), 0.0)


def informal(p: Draws, slot: Slot | VisitView) -> np.ndarray:
    """Log likelihood ratio of the planning and the doubt about a slot; (draw,)."""
    return np.log(p["planned_factor"]) * slot.words.planned - np.log(p["doubt_factor"]) * slot.words.doubted


def scheduled(p: Draws, slot: Slot, silent: bool) -> tuple[np.ndarray, np.ndarray]:
    """Likelihood ratio of what was said of an occasion without a formal word, (draw,), and the meeting day, (draw, offset).

    Silence is evidence: LR = Sa(l) / (1 - q (1 - Sc(l))), Sa and Sc the chances that the announcement leads the
    meeting, or the refusal the occasion, by less than the l days left; q the share of missed occasions refused.
    """
    ahead = slot.ahead + OFFSETS
    day = p["meeting_day"] * (ahead >= 1)
    unrefused = 1.0
    if silent:
        day = day * lead_below(p, "announcement", ahead)
        unrefused = 1 - p["refusal_share"][:, slot.type] * (1 - lead_below(p, "refusal", np.array([slot.ahead]))[:, 0])
    left = day.sum(1)
    return left / unrefused * np.exp(informal(p, slot)), day / np.maximum(left, 1e-300)[:, None]


def chance_kept(kept: np.ndarray, left: np.ndarray, log_ratio: np.ndarray) -> np.ndarray:
    """P(a promise is kept in what is left of its days), given it was not kept before, after informal words."""
    odds = kept / (1 - kept) * np.exp(log_ratio)
    kept = odds / (1 + odds)
    return kept * left / (1 - kept + kept * left)


def promised(p: Draws, slot: Slot) -> tuple[np.ndarray, np.ndarray]:
    """P(an announced meeting takes place), (draw,), and the day of it, (draw, offset)."""
    ahead = slot.ahead + OFFSETS
    whole = p["meeting_day"] * (ahead >= slot.said)
    day = whole * (ahead >= 1)
    left = np.maximum(day.sum(1), 1e-300)
    return chance_kept(p["kept"], left / np.maximum(whole.sum(1), left), informal(p, slot)), day / left[:, None]


def season_days(p: Draws, view: SeasonView, tone: np.ndarray, horizon: int, silent: bool = True
                ) -> list[tuple[Slot, np.ndarray]]:
    """P(they meet at each slot on each day), (draw, day) each, given that they have not met in the season.

    Bayes' rule over where they agreed to meet, if anywhere: each occasion that is still open enters by its share of
    the season's chance times the likelihood ratio of what was said of it. `tone` is B - Bbar as it will be felt by
    then, (draw,). Beside an announced meeting the other occasions have what they add to its chance. A season refused
    altogether has `revived` of the chance it would have had without words.
    """
    slots, revived = [slot for slot in view.slots if slot.open], 1.0
    if not slots:
        slots, revived = [slot for slot in unspoken(view).slots if slot.open], p["revived"]

    def either(hazards: np.ndarray) -> np.ndarray:
        return -np.expm1(-together(hazards, np.ones((1, hazards.shape[1])), p["overlap"][:, None])[:, 0])

    found, others = [], np.zeros_like(p["kept"])
    if rest := [slot for slot in slots if slot.words.formal != ANNOUNCED]:
        common = propensity(p, tone, p["year_effect"][:, view.year])
        each = common[:, None] * type_intensity(p)[:, [slot.type for slot in rest]]
        agreed, (ratios, days) = either(each), zip(*(scheduled(p, slot, silent) for slot in rest), strict=True)
        weight = agreed[:, None] * each / each.sum(1, keepdims=True) * np.stack(ratios, axis=1)
        chance = weight / np.maximum(1 - agreed + weight.sum(1), 1e-300)[:, None]
        others = np.minimum(chance.sum(1), 1 - 1e-15)
        found += zip(rest, (p["kept"] * chance.T), days, strict=True)
    if announced := [slot for slot in slots if slot.words.formal == ANNOUNCED]:
        held, days = zip(*(promised(p, slot) for slot in announced), strict=True)
        promises = -np.log1p(-np.stack(held, axis=1))
        kept = either(promises)
        added = either(np.column_stack([promises, -np.log1p(-others)])) - kept
        share = np.divide(added, others, out=np.zeros_like(others), where=others > 0)
        found = [(slot, share * chance, day) for slot, chance, day in found]
        found += zip(announced, kept * (promises / promises.sum(1, keepdims=True)).T, days, strict=True)
    return [(slot, spread(day, slot, horizon) * (revived * chance)[:, None]) for slot, chance, day in found]


def spread(day: np.ndarray, slot: Slot, horizon: int) -> np.ndarray:
    """The (draw, offset) distribution of the meeting day around a slot's start, on the days ahead: (draw, day)."""
    out = np.zeros((len(day), horizon))
    for column, when in enumerate(slot.ahead + OFFSETS):
        if 1 <= when <= horizon:
            out[:, when - 1] += day[:, column]
    return out


def visit_days(p: Draws, view: VisitView, horizon: int) -> np.ndarray:
    """P(an agreed visit takes place on each day), evenly over what is left of its window; (draw, day)."""
    kept = np.maximum(p["kept"], p["window_kept"]) if view.words.formal == ANNOUNCED else p["window_kept"]
    days = np.arange(1, horizon + 1)
    ahead = (days >= view.first) & (days <= view.last)
    length = view.last - max(view.first, 1) + 1
    chance = chance_kept(kept, length / (view.last - view.first + 1), informal(p, view))
    return ahead / length * chance[:, None]


def surprise_days(p: Draws, horizon: int, silent: bool = True) -> np.ndarray:
    """Hazard of visits and one-off gatherings of which nothing is public yet, on each day ahead; (draw, day).

    Where the silence so far counts, their first word must come after as_of, so that t days ahead only those with a
    lead below t remain.
    """
    days = np.arange(1, horizon + 1)
    unknown = lead_below(p, "surprise", days) if silent else np.ones((1, horizon))
    return p["surprise_rate"][:, None] / YEAR * unknown


class Chances(NamedTuple):
    """What comes of it: `first` (draw, cause, day) P(first meeting there and then), `there` (draw, cause)."""

    causes: tuple[str, ...]
    first: np.ndarray
    there: np.ndarray

    @property
    def by_day(self) -> np.ndarray:
        """P(they have met by each day); (draw, day)."""
        return np.cumsum(self.first.sum(1), axis=1)


SURPRISE = "unknown"


def groups_of(p: Draws, ahead: Outlook, signals: bool, silent: bool) -> list[list[tuple[str, np.ndarray]]]:
    """What excludes one another stands together: the slots of a season, and each visit, by id; (draw, day) each."""
    norm = p["tone_norm"]
    tone = balance(p, ahead.tone.up, ahead.tone.down) - norm if signals else np.zeros_like(norm)
    groups = []
    for view in ahead.seasons:
        if not signals:
            view = unspoken(view)
        groups.append([(slot.occasion.occasion_id, day)
                       for slot, day in season_days(p, view, tone * view.fade, ahead.horizon, silent)])
    for visit in ahead.visits if signals else ():
        groups.append([(visit.occasion.occasion_id, visit_days(p, visit, ahead.horizon))])
    return groups


def chances(p: Draws, ahead: Outlook, signals: bool = True, silent: bool | None = None) -> Chances:
    """The chance of the first meeting by cause and day; without `signals` every word, silence and tone is off.

    `silent` says whether silence counts as evidence; by default it does where signals do.

    Causes compete: their hazards add.
    """
    silent = signals if silent is None else silent
    names, increments, there = [], [], []
    for group in groups_of(p, ahead, signals, silent):
        total = sum(day for _, day in group)
        left = 1 - np.cumsum(total, axis=1)
        step = -np.diff(np.log(np.maximum(left, 1e-12)), axis=1, prepend=0.0)
        for name, day in group:
            names.append(name)
            increments.append(step * np.divide(day, total, out=np.zeros_like(day), where=total > 0))
            there.append(day.sum(1))
    surprise = surprise_days(p, ahead.horizon, silent)
    names.append(SURPRISE)
    increments.append(surprise)
    there.append(-np.expm1(-surprise.sum(1)))
    rise = np.stack(increments, axis=1)
    total = rise.sum(1)
    survival = np.exp(-np.cumsum(total, axis=1))
    met = -np.diff(survival, axis=1, prepend=1.0)
    first = rise * np.divide(met, total, out=np.zeros_like(met), where=total > 0)[:, None, :]
    return Chances(tuple(names), first, np.stack(there, axis=1))


def by_deadline(p: Draws, ahead: Outlook, signals: bool = True) -> np.ndarray:
    """P(they meet by the deadline) of each draw, as the sum of `chances` without its days; (draw,)."""
    missed = np.exp(-surprise_days(p, ahead.horizon, signals).sum(1))
    for group in groups_of(p, ahead, signals, signals):
        missed *= np.maximum(1 - sum(day.sum(1) for _, day in group), 1e-12)
    return 1 - missed


def log_likelihood(p: Draws, past: Record, rows: np.ndarray) -> np.ndarray:
    """Log likelihood of the outcomes of some seasons of a record (indices `rows`); (draw,).

    For reweighting draws of an older fit by what was decided since.
    """
    total = np.zeros(len(p["kept"]))
    for i in rows:
        tone = balance(p, past.up[i], past.down[i]) - p["tone_norm"]
        common = propensity(p, tone, p["year_effect"][:, past.year[i]])
        agreed = -np.expm1(-common * together(type_intensity(p), past.types[[i]], p["overlap"][:, None])[:, 0])
        met = np.clip(p["kept"] * agreed, 1e-9, 1 - 1e-9)
        total += np.log(met if past.met[i] else 1 - met)
    return total
