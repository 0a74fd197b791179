"""The likelihood of a record in NumPy, used to reweight the draws of a fit and to simulate records.

A term has the name of its observed variable in `summit.build`.
"""

from typing import Any, NamedTuple

import numpy as np

from ..chances import Draws, odds_times
from ..evidence.record import CLASSES, Record
from ..evidence.words import LEVELS


class Block(NamedTuple):
    """Parameters that share likelihood terms, and these terms; blocks are independent a posteriori."""

    parameters: tuple[str, ...]
    terms: tuple[str, ...]


BLOCKS = {
    "presence": Block(
        (
            *(f"comes_{name}" for name in CLASSES),
            "comes_spread",
            "comes_effect",
            "tone_factor",
            "meets_summit",
            "meets_other",
        ),
        ("came_seen", "met_seen"),
    ),
    "held": Block(("held",), ("held_seen",)),
    "will": Block(("came_if_will",), ("will_seen",)),
    "will_not": Block(("came_if_not",), ("will_not_seen",)),
    "said": Block(("said", "misled"), ("said_came_seen", "said_away_seen")),
    "word_factor": Block(("word_factor",), ()),
    "meeting_days": Block(("meeting_day",), ("meeting_days_seen",)),
    "breaks": Block(("breaks",), ("breaks_seen",)),
    "again": Block(("again",), ("again_seen",)),
    "visits": Block(("visit_rate",), ("visits_seen",)),
    "notices": Block(("visit_notice",), ("notices_seen",)),
}


def by_block(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Values of terms and priors, by name, summed within each block; blocks without any are left out."""
    found = {
        name: [values[part] for part in (*block.parameters, *block.terms) if part in values]
        for name, block in BLOCKS.items()
    }
    return {name: np.sum(parts, axis=0) for name, parts in found.items() if parts}


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
    """The sum of `terms`; (draw,)."""
    return sum(terms(p, past, exposed_until).values(), np.zeros(len(p["held"])))


def terms(p: Draws, past: Record, exposed_until: float = 0.0) -> dict[str, np.ndarray]:
    """Log likelihood of a record and `exposed_until` years without a new visit, by term; (draw,) each.

    Constants are left out.
    """

    def bernoulli(chance: np.ndarray, hits: np.ndarray) -> np.ndarray:
        chance = np.clip(chance, 1e-12, 1 - 1e-12)
        return np.where(hits, np.log(chance), np.log1p(-chance)).sum(-1)

    def binomial(chance: np.ndarray, hits: Any, trials: Any) -> np.ndarray:
        return hits * np.log(chance) + (trials - hits) * np.log1p(-chance)

    norm, (of_came, of_away) = p["norm"], said(p)
    years = past.years + exposed_until
    return {
        "came_seen": bernoulli(came(p, past, norm), past.came),
        "met_seen": bernoulli(met(p, past, norm), past.met),
        "held_seen": binomial(p["held"], *past.held),
        "will_seen": binomial(p["came_if_will"], *past.will),
        "will_not_seen": binomial(p["came_if_not"], *past.will_not),
        "again_seen": binomial(p["again"], *past.again),
        "said_came_seen": binomial(of_came, *past.said[:, :2].T).sum(-1),
        "said_away_seen": binomial(of_away, *past.said[:, 2:].T).sum(-1),
        "meeting_days_seen": np.log(np.clip(p["meeting_day"], 1e-300, None)) @ past.meeting_days,
        "breaks_seen": past.broken * np.log(p["breaks"]) - p["breaks"] * past.exposure,
        "visits_seen": past.visits * np.log(p["visit_rate"]) - p["visit_rate"] * years,
        "notices_seen": -len(past.notices) * np.log(p["visit_notice"])
        - past.notices.sum() / p["visit_notice"],
    }
