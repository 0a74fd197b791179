"""What the model page says: its sentences (`templates/words/model.j2`) and its tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import summit
from ..answer.forecast import Run
from ..answer.prior import UNMOVED, Belief
from ..fit.predictive import Check, Checks
from ..formatting import Table, interval, number, percent, points, upper_first
from ..track_record.published import TrackRecord
from .record_words import interval_of, table_of
from .words import model as words

if TYPE_CHECKING:
    from xarray import DataTree

MEANINGS = {
    "comes_effect": "How much more often than usual a leader comes to a type of occasion, on the log odds; "
    "not where the other side hosts.",
    "meeting_day": "Day of a meeting relative to the start of its occasion.",
    "norm": "The usual tone: its mean over the decisions of the record, from −1 to 1.",
}
UNITS = {"comes_effect": "multiples of comes_spread", "meeting_day": "probability", "norm": "balance"}
"""Meaning and unit of the variables that have no entry in the priors file."""


# What the fit taught


def belief_rows(beliefs: Sequence[Belief]) -> Table:
    """Prior and posterior of each parameter in numbers."""
    return Table(
        ("Parameter", "Prior", "90%", "Posterior", "90% after", "Unit", "Rests on"),
        [
            (
                upper_first(belief.label),
                number(belief.prior.mean),
                interval(belief.prior.low, belief.prior.high),
                number(belief.posterior.mean),
                interval(belief.posterior.low, belief.posterior.high),
                belief.unit,
                "belief, not record" if belief.unmoved else "record",
            )
            for belief in beliefs
        ],
        "Mean and central 90% of prior and posterior; a parameter whose central 90% the record narrows by "
        f"less than {1 - UNMOVED:.0%} is a belief",
    )


def variable_rows(run: Run) -> Table:
    """Every variable of the model: its meaning, unit and dims."""
    priors, dims = run.params.priors.parameters, summit.dims(run.params)
    rows = []
    for name in (*priors, *(name for name in run.draws if name not in priors)):
        meaning = priors[name].means if name in priors else MEANINGS[name]
        unit = priors[name].unit if name in priors else UNITS[name]
        rows.append((name, meaning, unit, ", ".join(dims.get(name, ())) or "–"))
    return Table(("Variable", "Meaning", "Unit", "Dims"), rows, f"{len(rows)} variables of the model")


# What it expects of the record


def checks_summary(checks: Checks) -> str:
    """What the model misses of its own record."""
    rows: Sequence[Check] = (*checks.rest, *checks.years)
    before = sum(row.prior[0] <= row.seen <= row.prior[1] for row in rows)
    return words.checks_summary(checks, [row for row in rows if not row.inside], before)


# Diagnostics and other structures


def chains(posterior: "DataTree") -> Table:
    """R-hat and effective sample sizes of the eight variables with the fewest effective draws."""
    import arviz_stats as az

    table = az.summary(posterior, kind="diagnostics", round_to="none").dropna().sort_values("ess_bulk")
    rows = [(name, row.r_hat, row.ess_bulk, row.ess_tail) for name, row in table.head(8).iterrows()]
    return Table(
        ("Variable", "R-hat", "Bulk ESS", "Tail ESS"),
        rows,
        f"The {len(rows)} of {len(table)} variables with the fewest effective draws",
        {"R-hat": "{:.4f}".format, "Bulk ESS": "{:,.0f}".format, "Tail ESS": "{:,.0f}".format},
    )


def belongs(record: TrackRecord, run: Run) -> str:
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
