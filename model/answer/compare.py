"""Why a forecast changed: the difference of two runs, split into steps that add up exactly.

From run A to run B one thing changes after the other, in a fixed order: the code and settings, the time that passed,
outcomes, revised rows, new rows, priors and structure, the question. After each step stands a forecast that can be
rerun; a step's share is the difference to the one before.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from ..evidence.ledger import Ledger, load_ledger
from ..files.problems import InputError, Problem, expected_one_of
from ..fit.fits import fit
from ..paths import RENDERED
from ..settings.params import Params, load_params
from .forecast import Forecast, headline, load, to_json
from .forecast import forecast as full_forecast

ROUNDING = 1e-6
"""How far a probability may lie from that of its forecast file, which keeps six digits."""


@dataclass(frozen=True)
class Stored:
    """A run as its folder keeps it: the inputs, and the forecast made from them then."""

    name: str
    params: Params
    ledger: Ledger
    forecast: Forecast


@dataclass(frozen=True)
class Step:
    """One step from A to B: what changed, the probability after it, and the rows behind it."""

    name: str
    probability: float
    change: float
    rows: tuple[str, ...] = ()


def load_run(name: str) -> Stored:
    """The run of a folder under `notebooks/rendered`, or of a path to one.

    Raises
    ------
    InputError
        Where there is no such run, naming the nearest.
    """
    folder = RENDERED / name if (RENDERED / name / "forecast.json").exists() else Path(name)
    if not (folder / "forecast.json").exists():
        runs = sorted(path.parent.name for path in RENDERED.glob("*/forecast.json"))
        raise InputError(
            [Problem("options", 0, 0, f"no such rendered run: {expected_one_of(name, runs)}", "run")]
        )
    inputs = folder / "inputs"
    params = load_params(*(inputs / f"{part}.yaml" for part in ("question", "priors", "run")))
    ledger = load_ledger(
        **{table: (inputs / f"{table}.csv",) for table in ("signals", "occasions", "visit_windows")},
        **params.vocabulary,
    )
    return Stored(name, params, ledger, load(folder / "forecast.json"))


def probability(params: Params, ledger: Ledger, as_of: date, deadline: date) -> float:
    """The headline for a ledger that was cut, seen on `as_of`, of a meeting by another deadline."""
    question = params.question.model_copy(update={"as_of": as_of, "deadline": deadline})
    return headline(replace(params, question=question), ledger, as_of, fit)


def rerun(stored: Stored) -> Forecast:
    """The forecast that the stored inputs give now."""
    fields = full_forecast(stored.params, stored.ledger, fit)[-1]
    return Forecast(**(fields | {"inputs": stored.forecast.inputs, "scenario": stored.forecast.scenario}))


def differences(stored: Stored, now: Forecast) -> list[str]:
    """The fields in which a rerun differs from what was stored; none where they are the same to the byte."""
    old, new = (json.loads(text) for text in (to_json(stored.forecast), to_json(now)))
    return [
        f"{key}: {_short(old.get(key))} was stored, {_short(new.get(key))} comes out now"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _rows(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """The rows of a ledger by table and key."""
    return {
        "signals": {s.event_id: s for s in ledger.signals},
        "occasions": {o.occasion_id: o for o in ledger.occasions},
        "visit_windows": {f"{w.occasion_id}@{w.public_date}": w for w in ledger.visit_windows},
    }


def merge(old: Ledger, new: Ledger, take: str) -> Ledger:
    """A ledger with the rows of `old`, changed to those of `new` where `take` ("outcomes", "revised") says so."""
    tables = {}
    for table, rows in _rows(old).items():
        other = _rows(new)[table]
        kept = {}
        for key, row in rows.items():
            later = other.get(key)
            if take == "revised":
                if later is not None:
                    kept[key] = later
            elif later is not None and table == "occasions" and later.met is not None and row.met is None:
                kept[key] = later
            else:
                kept[key] = row
        tables[table] = tuple(kept.values())
    return Ledger(**tables)


def steps(a: Stored, b: Stored) -> list[Step]:
    """The steps from A's stored probability to B's; their changes add up to the difference exactly."""
    day_a, day_b = a.params.question.as_of, b.params.question.as_of
    deadline_a, deadline_b = a.params.question.deadline, b.params.question.deadline
    seen_a, seen_b = a.ledger.as_of(day_a), b.ledger.as_of(day_b)
    decided = merge(seen_a, seen_b, "outcomes")
    revised = merge(decided, seen_b, "revised")
    old, new = _rows(revised), _rows(seen_b)
    before = _rows(decided)
    changed = tuple(
        key for table in old for key in before[table] if before[table][key] != new[table].get(key)
    )
    added = tuple(key for table in new for key in new[table] if key not in old[table])
    open_before = {o.occasion_id for o in seen_a.occasions if o.met is None}
    outcomes = tuple(
        o.occasion_id for o in decided.occasions if o.met is not None and o.occasion_id in open_before
    )
    settings = replace(a.params, run=b.params.run)
    values = [
        ("code and settings", probability(settings, seen_a, day_a, deadline_a), ()),
        ("time passed", probability(settings, seen_a, day_b, deadline_a), ()),
        ("outcomes known", probability(settings, decided, day_b, deadline_a), outcomes),
        ("revised rows", probability(settings, revised, day_b, deadline_a), changed),
        ("new rows", probability(settings, seen_b, day_b, deadline_a), added),
        ("priors", probability(b.params, seen_b, day_b, deadline_a), ()),
        ("question", probability(b.params, seen_b, day_b, deadline_b), ()),
    ]
    if abs(values[-1][1] - b.forecast.probability) > ROUNDING:
        values.append(("code B was made with", b.forecast.probability, ()))
    values[-1] = (values[-1][0], b.forecast.probability, values[-1][2])
    out, level = [], a.forecast.probability
    for name, value, rows in values:
        out.append(Step(name, value, value - level, rows))
        level = value
    return out


def markdown(a: Stored, b: Stored, made: list[Step]) -> str:
    """The paragraph for a change request."""
    total = b.forecast.probability - a.forecast.probability
    lines = [
        f"**{b.forecast.question}: {100 * a.forecast.probability:.1f} % -> {100 * b.forecast.probability:.1f} % "
        f"({100 * total:+.1f} points)**",
        "",
        "| step | change (points) | after | rows |",
        "|---|---:|---:|---|",
    ]
    lines += [
        f"| {step.name} | {100 * step.change:+.2f} | {100 * step.probability:.1f} % | "
        f"{', '.join(step.rows[:8]) + (', ...' if len(step.rows) > 8 else '')} |"
        for step in made
    ]
    return "\n".join(lines) + "\n"


def text(a: Stored, b: Stored, made: list[Step]) -> str:
    """The split as plain text."""
    lines = [
        f"{a.name}: {100 * a.forecast.probability:.1f} % as of {a.forecast.as_of}",
        f"{b.name}: {100 * b.forecast.probability:.1f} % as of {b.forecast.as_of}",
    ]
    for step in made:
        named = f"   {', '.join(step.rows[:5])}{' ...' if len(step.rows) > 5 else ''}" if step.rows else ""
        lines.append(
            f"  {100 * step.change:+6.2f}  {step.name:<24} -> {100 * step.probability:5.1f} %{named}"
        )
    return "\n".join(lines) + "\n"
