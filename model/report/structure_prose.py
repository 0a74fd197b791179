"""Sentences and tables of the model page: what the fit taught, what it expects of the record, other structures."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..answer.prior import is_belief
from ..evidence.words import LEVELS
from ..formatting import Table, count, day, listed, percent, points, upper_first
from ..track_record.sbc import HEADLINE, MISSED

if TYPE_CHECKING:
    from ..answer.forecast import Run
    from ..fit.predictive import Check, Checks

LEVEL_NAMES = {2: "reported to come", 1: "may come", -1: "may not come", -2: "reported not to come"}

DERIVED = {
    "comes_effect": (
        ("side", "type"),
        "standard deviations",
        "How much likelier than usual a leader comes to a type "
        "of occasion, in steps of comes_spread on the log odds; not at what the other side hosts.",
    ),
    "meeting_day": (("offset",), "probability", "Day of a meeting relative to the start of its occasion."),
    "norm": ((), "balance", "The usual tone: its mean over the decisions of the record, from −1 to 1."),
}
"""Variables without an entry of their own in the priors file: dims, unit, meaning."""


def number(value: float) -> str:
    """A number with three significant digits at most."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}".replace("-", "−")


def span(low: float, high: float) -> str:
    """A range of numbers."""
    return f"{number(low)} – {number(high)}"


# What the fit taught


class Belief(NamedTuple):
    """A parameter before and after the record: 5%, mean, 95%."""

    name: str
    label: str
    unit: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]

    @property
    def ratio(self) -> float:
        """The width of the posterior's central 90% over that of the prior's."""
        return (self.posterior[2] - self.posterior[0]) / (self.prior[2] - self.prior[0])

    @property
    def told(self) -> str:
        """Its name and its unit, unless the name says that already."""
        return self.label if self.unit.split()[0] in self.label.lower() else f"{self.label}, {self.unit}"

    @property
    def is_belief(self) -> bool:
        """Whether the record taught so little that the number is a stated belief."""
        return is_belief(self.ratio)


def beliefs(run: "Run") -> list[Belief]:
    """Every parameter that has a prior in the priors file, those with a dim once for each of its labels."""
    rows = []
    for name, prior in run.params.priors.parameters.items():
        label, frozen = upper_first(name.replace("_", " ")), prior.frozen()
        low, high = map(float, frozen.ppf([0.05, 0.95]))
        for index, values in enumerate(np.atleast_2d(run.draws[name].T)):
            level = f", {LEVEL_NAMES[LEVELS[index]]}" if prior.dim else ""
            rows.append(
                Belief(
                    name,
                    label + level,
                    prior.unit,
                    (low, float(frozen.mean()), high),
                    (
                        float(np.quantile(values, 0.05)),
                        float(values.mean()),
                        float(np.quantile(values, 0.95)),
                    ),
                )
            )
    return rows


def beliefs_title(rows: Sequence[Belief]) -> str:
    """How many of the parameters the record taught something of."""
    learned = sum(not row.is_belief for row in rows)
    return f"The record taught something of {learned} of {len(rows)} parameters; {len(rows) - learned} stay beliefs"


def beliefs_summary(rows: Sequence[Belief]) -> str:
    """Which parameters stay as they were stated, and which one the record narrowed most."""
    stated, narrow = (
        [row.label.lower() for row in rows if row.is_belief],
        min(rows, key=lambda row: row.ratio),
    )
    told = (
        f"Beliefs and not record: {listed(stated)}."
        if stated
        else "The record taught something of each of them."
    )
    return (
        f"{told} Narrowed most: {narrow.label.lower()}, from {span(narrow.prior[0], narrow.prior[2])} to "
        f"{span(narrow.posterior[0], narrow.posterior[2])} ({narrow.unit})."
    )


def belief_rows(rows: Sequence[Belief]) -> Table:
    """Prior and posterior of each parameter in numbers."""
    lines = [
        (
            row.label,
            number(row.prior[1]),
            span(row.prior[0], row.prior[2]),
            number(row.posterior[1]),
            span(row.posterior[0], row.posterior[2]),
            row.unit,
            "belief, not record" if row.is_belief else "record",
        )
        for row in rows
    ]
    return Table(
        ("Parameter", "Prior", "90%", "Posterior", "90% after", "Unit", "Rests on"),
        lines,
        "Mean and central 90% of prior and posterior; a belief is what the record narrowed by less than a "
        "tenth",
    )


def variable_rows(run: "Run") -> Table:
    """Every variable of the model: its dims, its unit and what it means in the world."""
    from ..summit import dims

    named = dims(run.params)
    rows = [
        (name, prior.means, prior.unit, ", ".join(named.get(name, ())) or "–")
        for name, prior in run.params.priors.parameters.items()
    ]
    rows += [(name, means, unit, ", ".join(dims) or "–") for name, (dims, unit, means) in DERIVED.items()]
    return Table(
        ("Variable", "Meaning", "Unit", "Dims"), rows, f"{count(len(rows), 'variable')} of the model"
    )


def graph_title(edges: Mapping[str, Sequence[str]], unobserved: Sequence[str]) -> str:
    """How many parameters bear on how many observed quantities."""
    number_of = len({name for names in edges.values() for name in names})
    return (
        f"{number_of} parameters bear on {len(edges)} things observed; {len(unobserved) or 'none'} "
        f"{'has' if len(unobserved) == 1 else 'have'} no data to learn from"
    )


def graph_alt(edges: Mapping[str, Sequence[str]], unobserved: Sequence[str]) -> str:
    """The graph in words."""
    told = " ".join(f"{name} depends on {listed(parents)}." for name, parents in edges.items())
    return f"Graph of the model. {told} No observation bears on {listed(unobserved)}."


# What it expects of the record


def count_inside(rows: Sequence["Check"]) -> int:
    """How many numbers of the record lie in the range expected after the fit."""
    return sum(row.inside for row in rows)


def checks_title(rows: Sequence["Check"]) -> str:
    """How many numbers of the record the model expected, and the ones it did not."""
    return (
        f"The fitted model expects {count_inside(rows)} of {len(rows)} numbers of the record it was fitted to"
    )


def checks_summary(checks: "Checks") -> str:
    """What the model misses of its own record."""
    if not checks.rest:
        return "The record of this run holds no season, so that there is nothing to compare."
    missed = [
        f"{row.what[0].lower()}{row.what[1:]} ({number(row.seen)} {row.unit}, expected "
        f"{span(*row.posterior)})".replace("  ", " ")
        for row in (*checks.rest, *checks.years)
        if not row.inside
    ]
    prior = sum(row.prior[0] <= row.seen <= row.prior[1] for row in (*checks.rest, *checks.years))
    told = (
        f"Outside the range the fitted model expects: {listed(missed)}."
        if missed
        else "Nothing of it lies outside what the fitted model expects."
    )
    total = len(checks.rest) + len(checks.years)
    return (
        f"{told} Before the fit {prior} of {total} numbers lay inside"
        f"{', so that the priors rule out little' if prior > 0.9 * total else ''}."
    )


# Diagnostics


def chains(run: "Run", number_of_rows: int = 8) -> Table:
    """R-hat and effective sample sizes of the variables that mixed worst, from the stored fit."""
    import arviz_stats as az
    import xarray as xr

    from .. import summit
    from ..fit import fits

    fitted = fits.fit(run.params, run.record)
    shape = (run.params.run.chains, -1)
    data = xr.Dataset(
        {
            name: (
                ("chain", "draw", *summit.dims(run.params).get(name, ())),
                values.reshape(*shape, *values.shape[1:]),
            )
            for name, values in fitted.draws.items()
            if name != "norm" and values.std() > 0
        },
        coords=summit.coords(run.params),
    )
    found = {
        kind: measure
        for kind, measure in (
            ("R-hat", az.rhat(data)),
            ("bulk", az.ess(data, method="bulk")),
            ("tail", az.ess(data, method="tail")),
        )
    }
    flat = {}
    for name, array in found["R-hat"].data_vars.items():
        for index, value in np.ndenumerate(array.values):
            labels = [str(array[dim].values[i]) for dim, i in zip(array.dims, index, strict=True)]
            flat[f"{name}{f' ({", ".join(labels)})' if labels else ''}"] = (
                float(value),
                float(found["bulk"][name].values[index]),
                float(found["tail"][name].values[index]),
            )
    worst = sorted(flat.items(), key=lambda item: item[1][1])[:number_of_rows]
    return Table(
        ("Variable", "R-hat", "Bulk ESS", "Tail ESS"),
        [(name, *values) for name, values in worst],
        f"The {len(worst)} of {len(flat)} variables with the fewest effective draws",
        {"R-hat": "{:.4f}".format, "Bulk ESS": "{:,.0f}".format, "Tail ESS": "{:,.0f}".format},
    )


# Other structures


def belongs(run: "Run", rows: Sequence[dict]) -> str:
    """Whether the tables that were computed beforehand speak of this run, or of another one."""
    full = next((row for row in rows if row["structure"] == "full"), None)
    if full is None:
        return "The study has not been run, so that the tables below are missing; make study computes them."
    asked = f"the plain run as of {day(full['as_of'])} with the deadline {day(full['deadline'])}"
    same = (full["as_of"], full["deadline"]) == (run.forecast.as_of, run.forecast.deadline)
    if same and abs(full["probability"] - run.forecast.probability) <= max(5 * full["error"], 0.005):
        return f"These fits were made beforehand, for this run: {asked}."
    return (
        f"These fits were made beforehand for {asked}, whose headline was {percent(full['probability'])}; this run "
        f"says {percent(run.forecast.probability)}, so read them for the differences."
    )


def structures_title(rows: Sequence[dict]) -> str:
    """The range of the headline over the structures."""
    values = [row["probability"] for row in rows]
    return (
        f"{len(rows)} structures put the headline between {percent(min(values))} and {percent(max(values))}"
    )


def structures_summary(rows: Sequence[dict]) -> str:
    """Model error beside the interval: how far structures move the headline, and how far the posterior does."""
    if not rows:
        return ""
    full = next(row for row in rows if row["structure"] == "full")
    low, high = min(rows, key=lambda row: row["probability"]), max(rows, key=lambda row: row["probability"])
    wide, spread = high["probability"] - low["probability"], full["upper"] - full["lower"]
    failed = [row["structure"] for row in rows if row["passed"] == "no"]
    told = f" The sampler did not pass its checks for {listed(failed)}." if failed else ""
    return (
        f"The interval of the published model runs from {percent(full['lower'])} to {percent(full['upper'])} and "
        f"takes the structure for granted. Over the structures the headline runs from "
        f"{percent(low['probability'])} ({low['structure']}) to {percent(high['probability'])} "
        f"({high['structure']}): {100 * wide:.0f} points, "
        f"{'less' if wide < spread else 'more'} than the interval's {100 * spread:.0f}. Read this as model error, "
        f"beside the interval and not inside it.{told}"
    )


def structure_rows(rows: Sequence[dict]) -> Table:
    """The headline under each structure, and what each structure assumes."""
    full = next((row["probability"] for row in rows if row["structure"] == "full"), 0.0)
    lines = [
        (
            row["structure"],
            row["probability"],
            row["probability"] - full,
            f"{percent(row['lower'])} – {percent(row['upper'])}",
            row["what"],
        )
        for row in rows
    ]
    return Table(
        ("Structure", "Headline", "Points", "90%", "What it assumes"),
        lines,
        "The headline under other structures, each fitted anew",
        {"Headline": percent, "Points": points},
    )


def unchecked(run: "Run", rows: Sequence[dict]) -> str:
    """The headline without the rows for which no page was found."""
    found = {row["structure"]: row["probability"] for row in rows}
    if not {"full", "checked rows only"} <= set(found):
        return ""
    number_open = sum(not signal.checked for signal in run.ledger.signals)
    return (
        f"Without the {count(number_open, 'signal')} whose fact or day still rests on memory the headline is "
        f"{100 * found['checked rows only']:.1f}%, with them {100 * found['full']:.1f}%: a difference of "
        f"{points(found['checked rows only'] - found['full'])} points."
    )


def samplers_summary(rows: Sequence[dict]) -> str:
    """How far the fit lies from a long run of another sampler; nothing where that was not made."""
    if not rows:
        return ""
    head = next(row for row in rows if row["quantity"] == HEADLINE)
    far = max(rows, key=lambda row: abs(row["errors"]))
    bound = NormalDist().inv_cdf(1 - MISSED / len(rows) / 2)
    return (
        f"A run four times as long of another sampler, nutpie, puts the headline at {100 * head['nutpie']:.1f}%, that "
        f"of PyMC, by which the forecast is fitted, at {100 * head['pymc']:.1f}%. Of {len(rows)} posterior means none lies further apart than "
        f"{abs(far['errors']):.1f} Monte Carlo errors ({far['quantity']}); two sound samplers have one beyond "
        f"{bound:.1f} once in {1 / MISSED:.0f} times."
    )


def influence_title(rows: Sequence[dict]) -> str:
    """The year that matters most, and how many hardly matter."""
    most = max(rows, key=lambda row: abs(row["change"]))
    small = sum(abs(row["change"]) < 0.01 for row in rows)
    return (
        f"Leaving out {most['year']} moves the headline most, by {points(most['change'])} points; {small} of "
        f"{len(rows)} years move it by less than one"
    )


def influence_summary(rows: Sequence[dict]) -> str:
    """What the headline would be at most and at least, whichever year is left out."""
    if not rows:
        return ""
    values = [row["probability"] for row in rows]
    noise = max(row["error"] for row in rows)
    failed = [str(row["year"]) for row in rows if row["passed"] == "no"]
    told = f" The fits without {listed(failed)} missed a check of the sampler by a little." if failed else ""
    return (
        f"Whichever year is left out, the headline stays between {percent(min(values))} and "
        f"{percent(max(values))}. The sampling alone moves it by about {100 * noise:.1f} points.{told}"
    )


def variant_rows(rows: Sequence[dict]) -> Table:
    """Every variant tried, with both scores."""
    lines = [
        (
            f"{row['stage'][0].upper()}{row['number']}",
            row["variant"],
            row["brier"] or "–",
            row["log_score"] or "–",
            row["kept"],
            row["why"],
        )
        for row in rows
    ]
    stages = {row["stage"][0].upper(): row["stage"] for row in rows}
    written = {
        name: lambda cell: cell if isinstance(cell, str) else f"{cell:.4f}" for name in ("Brier", "Log")
    }
    return Table(
        ("No.", "Variant", "Brier", "Log", "Kept", "Why"),
        lines,
        "Variants tried, with the integrated Brier score and the log score on the monthly origins of 1999 to "
        f"2024; {', '.join(f'{letter}: {stage}' for letter, stage in stages.items())}",
        written,
    )


def variant_summary(rows: Sequence[dict]) -> str:
    """How many variants were tried on the same years, and what that means for the scores."""
    kept = sum(row["kept"] == "yes" for row in rows)
    return (
        f"{len(rows)} variants of this model and its rival were tried on the same years and {kept} were kept, "
        "after some 130 in the study that led to it. Choosing among so many by the scores that are then published "
        "flatters them; by how much nobody can say, and the next years will."
    )
