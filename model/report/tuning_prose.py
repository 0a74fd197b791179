"""Sentences and tables of tuning: what the priors say alone, which belief matters, what each scenario says."""

import csv
from math import hypot, isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from ..answer.sensitivity import NOTICEABLE, SAFE
from ..files.yaml_files import read_yaml
from ..formatting import Table, count, listed, percent, points
from ..paths import RECORD, SCENARIOS

if TYPE_CHECKING:
    from ..answer.forecast import Run
    from ..answer.prior import Belief, PriorOnly, Range
    from ..answer.sensitivity import Bar, End, Sensitivity

COMPARED = RECORD / "scenarios.csv"


LEVEL_NAMES = {
    "2": "reported that he comes",
    "1": "may come",
    "-1": "may not come",
    "-2": "reported that he stays away",
}


def named(name: str) -> str:
    """The name of a prior as people read it, its level of words in brackets."""
    what, _, level = name.removesuffix("]").partition("[")
    return what.replace("_", " ") + (f" ({LEVEL_NAMES.get(level, level)})" if level else "")


def matters(made: "Sensitivity") -> str:
    """Which belief matters most, and of which ones nothing can be said without a refit."""
    bars = [bar for bar in made.bars if bar.safe]
    if not bars:
        return "No prior can be moved to its edges without a refit."
    told = []
    for bar in bars[:3]:
        ends = " and ".join(
            f"{points(end.probability - made.probability)} points at {end.value:.2g}" for end in bar.safe
        )
        told.append(f"{named(bar.name)} ({ends})")
    close = [
        named(bar.name)
        for bar in bars[1:]
        if bars[0].reach(made.probability) - bar.reach(made.probability) < 2 * hypot(bars[0].error, bar.error)
    ]
    text = f"The belief that matters most is the {told[0]}"
    text += f"; next come the {listed(told[1:])}." if told[1:] else "."
    if close:
        names = [*close[:3], *([f"{len(close) - 3} more"] if len(close) > 3 else [])]
        text += (
            f" With draws this few the order is not settled: {listed(names)} {'lies' if len(close) == 1 else 'lie'} "
            "within two standard errors of the first."
        )
    if made.unknown:
        names = listed([named(name) for name in made.unknown])
        text += (
            f" For {count(len(made.unknown), 'prior')} an edge lies too far from the draws (Pareto k of {SAFE} or "
            f"more) and only a refit could say: {names}."
        )
    return text


def scaling(made: "Sensitivity") -> str:
    """Whether the headline rests on the priors, on the record or on both, by power-scaling."""
    beliefs, record = made.prior >= NOTICEABLE, made.likelihood >= NOTICEABLE
    verdict = {
        (True, True): "both the beliefs and the record carry the forecast",
        (True, False): "the beliefs carry the forecast more than the record does",
        (False, True): "the record carries the forecast, the beliefs hardly do",
        (False, False): "neither beliefs nor record move it much by themselves",
    }[beliefs, record]
    return (
        f"Weighing all priors a little more or less moves the headline by {made.prior:.2f} on the scale of "
        f"power-scaling, weighing the record so by {made.likelihood:.2f}, where {NOTICEABLE} is noticeable: {verdict}."
    )


def unmoved(beliefs: list["Belief"]) -> str:
    """Which parameters are belief and not record, and where prior and record conflict."""
    left, against = (
        [named(each.name) for each in beliefs if getattr(each, what)] for what in ("unmoved", "conflict")
    )
    text = (
        f"Belief, not record: the record leaves {len(left)} of {count(len(beliefs), 'parameter')} about as uncertain "
        f"as {'it was' if len(left) == 1 else 'they were'}: {listed(left)}."
        if left
        else "The record narrows every prior."
    )
    return text + (
        f" Prior and record conflict on {listed(against)}: the posterior mean lies outside the central 95% of "
        "the prior."
        if against
        else " No prior conflicts with the record."
    )


def rows(made: "Sensitivity") -> Table:
    """Every prior, where its edges lie, and what the forecast would be with it there."""

    def told(end: "End") -> str:
        return points(end.probability - made.probability) if end.safe else "refit needed"

    def shape(bar: "Bar") -> str:
        return " / ".join(
            f"{end.pareto_k:.2f}" if isfinite(end.pareto_k) else "–" for end in (bar.low, bar.high)
        )

    lines = [
        (
            named(bar.name),
            f"{bar.low.value:.3g} to {bar.high.value:.3g}",
            bar.unit,
            told(bar.low),
            told(bar.high),
            f"{100 * bar.error:.1f}" if bar.safe else "–",
            shape(bar),
            f"{bar.power:.3f}",
        )
        for bar in made.bars
    ]
    return Table(
        ("Prior", "Edges", "Unit", "Low edge", "High edge", "Error", "Pareto k", "Power"),
        lines,
        f"What {count(len(lines), 'prior')} moved to an edge would change, in points from "
        f"{percent(made.probability)}; k below {SAFE} is safe; power: the headline's answer to power-scaling that prior alone",
    )


def scenario_rows(run: "Run", path: Path = COMPARED) -> Table:
    """Headline, interval and forecast without signals of each scenario, from the table that a sweep left.

    Nothing is shown unless the table was made from the same inputs: its row without a scenario must be this run.
    """
    head = ("Scenario", "Forecast", "Spread", "Without signals", "What it changes")
    made, f = [], run.forecast
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            made = list(csv.DictReader(file))
    same = [row for row in made if (row["as_of"], row["deadline"]) == (f.as_of, f.deadline)]
    base = [row for row in same if not row["scenario"]]
    if not base or f"{f.probability:.4f}" != base[0]["probability"]:
        return Table(
            head,
            [],
            "No table of scenarios was made from these inputs; summit sweep "
            "params/sweeps/scenarios.yaml makes one",
        )
    lines = [
        (
            row["scenario"] or "as the params files say",
            float(row["probability"]),
            f"{percent(float(row['lower']))} to {percent(float(row['upper']))}",
            float(row["no_signals"]),
            meaning(row["scenario"]),
        )
        for row in same
    ]
    low, high = (pick(line[1] for line in lines) for pick in (min, max))
    return Table(
        head,
        lines,
        f"{count(len(lines), 'scenario')} put the forecast between {percent(low)} and {percent(high)}",
        {"Forecast": percent, "Without signals": percent},
    )


def meaning(scenario: str) -> str:
    """What a scenario of the params changes, in its own words."""
    path = SCENARIOS / f"{scenario}.yaml"
    return str(read_yaml(path).data.get("means", "")) if scenario and path.exists() else ""


def written(value: "Range", kind: str) -> str:
    """A range as text: percent, a number, or percentage points."""
    write = {"probability": percent, "count": "{:.1f}".format, "effect": points}[kind]
    return f"{write(value.mean)} ({write(value.lower)} to {write(value.upper)})"


def prior_screen(made: "PriorOnly") -> str:
    """What the priors say, as text for the command line."""
    rows = [("", "priors alone", "with the record", "the record itself")]
    rows += [
        (
            line.what + (", points" if line.kind == "effect" else ""),
            written(line.prior, line.kind),
            written(line.posterior, line.kind),
            line.record,
        )
        for line in made.lines
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        f"{made.question.removesuffix('.')}, by {made.deadline}{' ' * 8}as of {made.as_of}",
        *(
            "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ),
    ]
    for belief in (belief for belief in made.beliefs if belief.conflict):
        lines.append(
            f"  warning: prior and record conflict on {belief.name}: the prior says {belief.prior_lower:.3g} to "
            f"{belief.prior_upper:.3g} {belief.unit}, with the record it is {belief.posterior_mean:.3g}"
        )
    if not made.conflicts:
        lines.append(
            "  No prior conflicts with the record: each posterior mean lies in the prior's central 95 %."
        )
    if made.unmoved:
        lines.append(f"  belief, not record (the record leaves them as they were): {', '.join(made.unmoved)}")
    return "\n".join(lines) + "\n"
