"""The run settings: how the posterior is drawn, checked and summarised."""

from typing import Annotated, Literal

from pydantic import Field

from .fields import Share, Strict


class Gate(Strict):
    """The bounds outside which a fit publishes nothing."""

    rhat_max: Annotated[float, Field(gt=1)]
    ess_min: Annotated[float, Field(gt=0)]
    divergences_max: Annotated[int, Field(ge=0)]
    ebfmi_min: Annotated[float, Field(ge=0)]


class RunSettings(Strict):
    """How the posterior is drawn and summarised."""

    random_seed: Annotated[int, Field(ge=0, lt=2**32)]
    chains: Annotated[int, Field(ge=1, le=64)]
    tune: Annotated[int, Field(ge=1, le=1_000_000)]
    draws: Annotated[int, Field(ge=1, le=1_000_000)]
    target_accept: Share
    gate: Gate
    interval_mass: Share
    evidence: Literal["all", "article"]
    record: Literal["all", "none"]
