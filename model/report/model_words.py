"""What the model page says: its sentences (`templates/words/model.j2`) and its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import summit
from ..answer.prior import LEVEL_NAMES, UNMOVED
from ..evidence.words import LEVELS
from ..formatting import Table, interval, number, percent, points, upper_first
from ..track_record.published import Rows, TrackRecord
from .record_words import interval_of, table_of
from .words import model as words

if TYPE_CHECKING:
    from xarray import DataTree

    from ..answer.forecast import Run
    from ..fit.predictive import Check, Checks

MEANINGS = {
    "comes_effect": "How much more often than usual a leader comes to a type of occasion, on the log odds; "
    "not where the other side hosts.",
    "meeting_day": "Day of a meeting relative to the start of its occasion.",
    "norm": "The usual tone: its mean over the decisions of the record, from −1 to 1.",
}
UNITS = {"comes_effect": "multiples of comes_spread", "meeting_day": "probability", "norm": "balance"}
"""Meaning and unit of the variables that have no entry in the priors file."""


# What the fit taught


class Distribution(NamedTuple):
    """The 5% quantile, mean and 95% quantile of a parameter."""

    low: float
    mean: float
    high: float

    @property
    def text(self) -> str:
        """The central 90% in words."""
        return interval(self.low, self.high)


@dataclass(frozen=True)
class Belief:
    """A parameter before and after the record."""

    label: str
    unit: str
    prior: Distribution
    posterior: Distribution

    @property
    def ratio(self) -> float:
        """The width of the posterior's central 90% over that of the prior's."""
        return (self.posterior.high - self.posterior.low) / (self.prior.high - self.prior.low)

    @property
    def label_with_unit(self) -> str:
        """The label and the unit, unless the label says that already."""
        return self.label if self.unit.split()[0] in self.label.lower() else f"{self.label}, {self.unit}"

    @property
    def is_belief(self) -> bool:
        """Whether the record taught so little that the number is a stated belief."""
        return self.ratio > UNMOVED


def beliefs(run: "Run") -> list[Belief]:
    """Every parameter of the priors file before and after the record, once for each label of its dim."""
    rows = []
    for name, prior in run.params.priors.parameters.items():
        label, frozen = upper_first(name.replace("_", " ")), prior.frozen()
        before = Distribution(float(frozen.ppf(0.05)), float(frozen.mean()), float(frozen.ppf(0.95)))
        for index, values in enumerate(np.atleast_2d(run.draws[name].T)):
            level = f", {LEVEL_NAMES[LEVELS[index]]}" if prior.dim else ""
            low, high = np.quantile(values, (0.05, 0.95))
            after = Distribution(float(low), float(values.mean()), float(high))
            rows.append(Belief(label + level, prior.unit, before, after))
    return rows


def belief_rows(beliefs: Sequence[Belief]) -> Table:
    """Prior and posterior of each parameter in numbers."""
    return Table(
        ("Parameter", "Prior", "90%", "Posterior", "90% after", "Unit", "Rests on"),
        [
            (
                belief.label,
                number(belief.prior.mean),
                belief.prior.text,
                number(belief.posterior.mean),
                belief.posterior.text,
                belief.unit,
                "belief, not record" if belief.is_belief else "record",
            )
            for belief in beliefs
        ],
        "Mean and central 90% of prior and posterior; a parameter that the record narrows by less than a "
        "tenth is a belief",
    )


def variable_rows(run: "Run") -> Table:
    """Every variable of the model: its meaning, unit and dims."""
    priors, dims = run.params.priors.parameters, summit.dims(run.params)
    rows = []
    for name in (*priors, *(name for name in run.draws if name not in priors)):
        meaning = priors[name].means if name in priors else MEANINGS[name]
        unit = priors[name].unit if name in priors else UNITS[name]
        rows.append((name, meaning, unit, ", ".join(dims.get(name, ())) or "–"))
    return Table(("Variable", "Meaning", "Unit", "Dims"), rows, f"{len(rows)} variables of the model")


def graph_title(edges: Mapping[str, Sequence[str]], unobserved: Sequence[str]) -> str:
    """How many parameters bear on how many observed quantities."""
    return words.graph_title(edges, unobserved, len({name for names in edges.values() for name in names}))


# What it expects of the record


def checks_summary(checks: "Checks") -> str:
    """What the model misses of its own record."""
    rows: Sequence[Check] = (*checks.rest, *checks.years)
    before = sum(row.prior[0] <= row.seen <= row.prior[1] for row in rows)
    return words.checks_summary(checks, [row for row in rows if not row.inside], before)


# Diagnostics and other structures


def chains(posterior: "DataTree", number_of_rows: int = 8) -> Table:
    """R-hat and effective sample sizes of the variables with the fewest effective draws."""
    import arviz_stats as az

    table = az.summary(posterior, kind="diagnostics", round_to="none").dropna().sort_values("ess_bulk")
    rows = [
        (name, row.r_hat, row.ess_bulk, row.ess_tail) for name, row in table.head(number_of_rows).iterrows()
    ]
    return Table(
        ("Variable", "R-hat", "Bulk ESS", "Tail ESS"),
        rows,
        f"The {len(rows)} of {len(table)} variables with the fewest effective draws",
        {"R-hat": "{:.4f}".format, "Bulk ESS": "{:,.0f}".format, "Tail ESS": "{:,.0f}".format},
    )


def belongs(record: TrackRecord, run: "Run") -> str:
    """Whether the tables that were computed in advance are about this run or another one."""
    full, forecast = record.structure(), run.forecast
    same = (
        full is not None
        and (full["as_of"], full["deadline"]) == (forecast.as_of, forecast.deadline)
        and abs(full["probability"] - forecast.probability) <= max(5 * full["error"], 0.005)
    )
    return words.belongs(full, forecast, same)


def structure_rows(record: TrackRecord) -> Table:
    """The headline under each structure, and what each structure assumes."""
    full = record.structure()
    rows = [
        row
        | {"points": row["probability"] - full["probability"] if full else 0.0}
        | {"90%": interval_of(row, percent)}
        for row in record.structures
    ]
    return table_of(
        rows,
        "structure, probability=Headline, points, 90%, what=What it assumes",
        "The headline under other structures, each fitted separately",
        {"probability": percent, "points": points},
    )


def influence_title(rows: Rows) -> str:
    """The year that matters most, and how many hardly matter."""
    most = max(rows, key=lambda row: abs(row["change"]))
    return words.influence_title(rows, most, sum(abs(row["change"]) < 0.01 for row in rows))
