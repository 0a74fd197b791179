"""The likelihood of a record in NumPy, used to reweight the draws of a fit and to simulate records."""

import numpy as np

from ..chances import Draws, odds_times
from ..evidence.record import CLASSES, Record
from ..evidence.words import LEVELS


def came(p: Draws, past: Record, norm: np.ndarray) -> np.ndarray:
    """P(the leader attended) for each decision; (draw, decision)."""
    level = np.stack([p[f"comes_{name}"] for name in CLASSES], axis=1)[:, past.classes]
    habit = np.exp(p["comes_spread"][:, None] * p["comes_effect"][:, past.sides, past.types])
    habit = np.where(np.isin(past.classes, (1, 2)), habit, 1.0)
    return odds_times(
        level, np.where(past.classes, habit * p["tone_factor"][:, None] ** (past.tone - norm[:, None]), 1.0)
    )


def met(p: Draws, past: Record, norm: np.ndarray) -> np.ndarray:
    """P(they met) for each season with an occasion that both attended; (draw, season)."""
    at_summit = odds_times(
        p["meets_summit"][:, None], p["tone_factor"][:, None] ** (past.season_tone - norm[:, None])
    )
    return 1 - (1 - at_summit) ** past.at_summit * (1 - p["meets_other"][:, None]) ** past.at_other


def said(p: Draws) -> tuple[np.ndarray, np.ndarray]:
    """P(each level of words | the leader attends) and P(each level | he stays away); (draw, level) each."""
    up, fits, not_fits = np.array(LEVELS) > 0, p["said"], p["said"] * p["misled"]
    return np.where(up, fits, not_fits), np.where(up, not_fits, fits)


def log_likelihood(p: Draws, past: Record, exposed_until: float = 0.0) -> np.ndarray:
    """Log likelihood of a record and `exposed_until` years without a new visit, up to a constant; (draw,)."""

    def bernoulli(chance: np.ndarray, hits: np.ndarray) -> np.ndarray:
        chance = np.clip(chance, 1e-12, 1 - 1e-12)
        return np.where(hits, np.log(chance), np.log1p(-chance)).sum(-1)

    def binomial(chance: np.ndarray, hits: int, trials: int) -> np.ndarray:
        return hits * np.log(chance) + (trials - hits) * np.log1p(-chance)

    norm, (of_came, of_away) = p["norm"], said(p)
    total = bernoulli(came(p, past, norm), past.came) + bernoulli(met(p, past, norm), past.met)
    for name, pair in (
        ("held", past.held),
        ("came_if_will", past.will),
        ("came_if_not", past.will_not),
        ("again", past.again),
    ):
        total += binomial(p[name], *pair)
    for i in range(len(LEVELS)):
        total += binomial(of_came[:, i], *past.said[i, :2]) + binomial(of_away[:, i], *past.said[i, 2:])
    total += np.log(np.clip(p["meeting_day"], 1e-300, None)) @ past.meeting_days
    total += past.broken * np.log(p["breaks"]) - p["breaks"] * past.exposure
    total += past.visits * np.log(p["visit_rate"]) - p["visit_rate"] * (past.years + exposed_until)
    return total - len(past.notices) * np.log(p["visit_notice"]) - past.notices.sum() / p["visit_notice"]
