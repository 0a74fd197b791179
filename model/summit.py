"""The PyMC model: the prior of every parameter, from `params/priors.yaml`, and every likelihood term.

Only `build` and its helpers import PyMC, so that a forecast from a stored fit needs only NumPy.
`notebooks/3_model.ipynb` lists variables, dims and units; a contract test locks the names.
"""

import numpy as np

from .evidence.record import CLASSES, OFFSETS, Record
from .evidence.words import LEVELS
from .settings.params import Params
from .settings.priors import Prior

PARAMETERS = (
    *(f"comes_{name}" for name in CLASSES),
    "comes_spread",
    "tone_factor",
    "held",
    "meets_summit",
    "meets_other",
    "came_if_will",
    "came_if_not",
    "said",
    "misled",
    "word_factor",
    "breaks",
    "again",
    "visit_rate",
    "visit_notice",
)
"""The parameters that the priors file must define; it may define no others."""


def dims(params: Params) -> dict[str, tuple[str, ...]]:
    """The dims of each non-scalar variable: those in the priors file, and the two with fixed priors."""
    named = {name: (prior.dim,) for name, prior in params.priors.parameters.items() if prior.dim}
    return named | {"comes_effect": ("side", "type"), "meeting_day": ("offset",)}


def coords(params: Params) -> dict[str, list]:
    """The labels of each dim."""
    return {
        "side": list(params.sides),
        "type": list(params.priors.multilateral),
        "level": list(LEVELS),
        "offset": OFFSETS.tolist(),
    }


def data_of(record: Record) -> dict[str, np.ndarray]:
    """The arrays that the model observes, by name."""
    said = {"said_came": record.said[:, :2], "said_away": record.said[:, 2:]}
    pairs = {"held": record.held, "will": record.will, "will_not": record.will_not, "again": record.again}
    return (
        {
            name: np.asarray(getattr(record, name))
            for name in (
                "classes",
                "sides",
                "types",
                "tone",
                "came",
                "at_summit",
                "at_other",
                "season_tone",
                "met",
                "meeting_days",
                "broken",
                "exposure",
                "visits",
                "years",
                "notices",
            )
        }
        | {
            f"{name}_{part}": np.asarray(value)[..., i]
            for name, value in (pairs | said).items()
            for i, part in enumerate(("hits", "trials"))
        }
        | {"norm": np.array(record.norm)}
    )


def build(params: Params, record: Record):
    """The PyMC model of a record.

    Returns
    -------
    pymc.Model
        Its data are `pm.Data`, so that another record can replace them without recompiling.

    Raises
    ------
    InputError
        If no distribution matches the quantiles of a prior.
    """
    params.check_priors()
    import pymc as pm
    import pytensor.tensor as pt
    from pymc.math import invlogit, logit

    with pm.Model(coords=coords(params)) as model:
        d = {name: pm.Data(name, value) for name, value in data_of(record).items()}
        p = {
            name: prior_variable(name, prior, dims(params).get(name))
            for name, prior in params.priors.parameters.items()
        }
        effect = pm.Normal("comes_effect", dims=("side", "type"))
        day = pm.Dirichlet("meeting_day", np.full(len(OFFSETS), 0.5), dims="offset")
        norm, warmth = d["norm"], pt.log(p["tone_factor"])

        # Attendance: a level per class of occasion, plus tone abroad and each side's habits unless a guest.
        level = logit(pt.stack([p[f"comes_{name}"] for name in CLASSES]))[d["classes"]]
        abroad, habitual = (
            np.isin(CLASSES, names).astype(float) for names in (CLASSES[1:], ("summit", "other"))
        )
        habit = pt.as_tensor(habitual)[d["classes"]] * p["comes_spread"] * effect[d["sides"], d["types"]]
        mood = pt.as_tensor(abroad)[d["classes"]] * warmth * (d["tone"] - norm)
        pm.Bernoulli("came_seen", logit_p=level + habit + mood, observed=d["came"])
        pm.Binomial("held_seen", d["held_trials"], p["held"], observed=d["held_hits"])

        # Meetings: given that both attend a summit, or another occasion of the season.
        at_summit = invlogit(logit(p["meets_summit"]) + warmth * (d["season_tone"] - norm))
        missed = (1 - at_summit) ** d["at_summit"] * (1 - p["meets_other"]) ** d["at_other"]
        pm.Bernoulli("met_seen", 1 - missed, observed=d["met"])
        pm.Multinomial("meeting_days_seen", d["meeting_days"].sum(), day, observed=d["meeting_days"])

        # Words: settled ones by whether they proved true; others by their rate among leaders who attended
        # and among those who stayed away.
        up = np.array(LEVELS) > 0
        chances = {
            "will": p["came_if_will"],
            "will_not": p["came_if_not"],
            "again": p["again"],
            "said_came": pt.where(up, p["said"], p["said"] * p["misled"]),
            "said_away": pt.where(up, p["said"] * p["misled"], p["said"]),
        }
        for name, chance in chances.items():
            pm.Binomial(f"{name}_seen", d[f"{name}_trials"], chance, observed=d[f"{name}_hits"])

        # Promises break at a rate; visits have a rate and a notice.
        pm.Poisson("breaks_seen", p["breaks"] * d["exposure"], observed=d["broken"])
        pm.Poisson("visits_seen", p["visit_rate"] * d["years"], observed=d["visits"])
        pm.Exponential("notices_seen", scale=p["visit_notice"], observed=d["notices"])
    return model


def prior_variable(name: str, prior: Prior, labels: tuple[str, ...] | None):
    """The random variable of a prior; one shifted by `above` keeps its `name` beside its unshifted part."""
    import pymc as pm

    make = getattr(pm, prior.dist)
    if not prior.above:
        return make(name, **prior.args_solved, dims=labels)
    return pm.Deterministic(
        name, prior.above + make(f"{name}_above", **prior.args_solved, dims=labels), dims=labels
    )
