"""Why a forecast changed: the difference of two runs, split into steps that add up exactly.

Between run A and run B one thing changes after the other, in a fixed order: code and settings, the time that
passed, outcomes, revised rows, new rows, priors and structure, the question. Each step ends in a forecast
that can be rerun; its change is the difference from the step before.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from ..evidence.ledger import Ledger, load_ledger
from ..files.problems import InputError, Problem, expected_one_of
from ..fit.fits import fit
from ..paths import RENDERED, TABLES
from ..settings.params import Params, load_params
from .file import Forecast, load, to_json
from .forecast import forecast, headline

ROUNDING = 1e-6
"""How far a probability may lie from that of its forecast file, which keeps six digits."""


@dataclass(frozen=True)
class Stored:
    """A run as its folder keeps it: the inputs, and the forecast that was made from them."""

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
    """The run in a folder of `notebooks/rendered`, or at a path.

    Raises
    ------
    InputError
        If there is no such run, naming the nearest.
    """
    folder = RENDERED / name if (RENDERED / name / "forecast.json").exists() else Path(name)
    if not (folder / "forecast.json").exists():
        runs = sorted(path.parent.name for path in RENDERED.glob("*/forecast.json"))
        message = f"no such rendered run: {expected_one_of(name, runs)}"
        raise InputError([Problem("options", 0, 0, message, "run")])
    inputs = folder / "inputs"
    params = load_params(*(inputs / f"{section}.yaml" for section in ("question", "priors", "run")))
    ledger = load_ledger(**{table: (inputs / f"{table}.csv",) for table in TABLES}, **params.vocabulary)
    return Stored(name, params, ledger, load(folder / "forecast.json"))


def probability(params: Params, ledger: Ledger, as_of: date, deadline: date) -> float:
    """The headline from a ledger that is already cut, as of another day and for another deadline."""
    question = params.question.model_copy(update={"as_of": as_of, "deadline": deadline})
    return headline(replace(params, question=question), ledger, as_of, fit)


def rerun(stored: Stored) -> Forecast:
    """The forecast that the stored inputs give now, with what does not follow from them as it is stored."""
    now = forecast(stored.params, stored.ledger, fit).forecast
    given = {name: getattr(stored.forecast, name) for name in ("inputs", "scenario", "track_record")}
    return replace(now, **given)


def differences(stored: Stored, now: Forecast) -> list[str]:
    """The fields in which a rerun differs from what was stored; empty if they are the same to the byte."""
    old, new = (json.loads(to_json(each)) for each in (stored.forecast, now))
    return [
        f"{key}: stored {_short(old.get(key))}, now {_short(new.get(key))}"
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


def with_outcomes(old: Ledger, new: Ledger) -> Ledger:
    """The old ledger with the occasions that the new one has decided since."""
    decided = {o.occasion_id: o for o in new.occasions if o.met is not None}
    occasions = (o if o.met is not None else decided.get(o.occasion_id, o) for o in old.occasions)
    return Ledger(old.signals, tuple(occasions), old.visit_windows)


def with_revisions(old: Ledger, new: Ledger) -> Ledger:
    """The rows of the new ledger that the old one has too."""
    known, later = _rows(old), _rows(new)
    return Ledger(
        **{
            table: tuple(later[table][key] for key in rows if key in later[table])
            for table, rows in known.items()
        }
    )


def changed_rows(old: Ledger, new: Ledger) -> tuple[str, ...]:
    """The keys of old rows that the new ledger has not, or has otherwise."""
    later = _rows(new)
    return tuple(
        key for table, rows in _rows(old).items() for key, row in rows.items() if row != later[table].get(key)
    )


def added_rows(old: Ledger, new: Ledger) -> tuple[str, ...]:
    """The keys of new rows that the old ledger has not."""
    known = _rows(old)
    return tuple(key for table, rows in _rows(new).items() for key in rows if key not in known[table])


def steps(a: Stored, b: Stored) -> list[Step]:
    """The steps from A's stored probability to B's; their changes add up to the difference exactly."""
    day_a, day_b = a.params.question.as_of, b.params.question.as_of
    end_a, end_b = a.params.question.deadline, b.params.question.deadline
    seen_a, seen_b = a.ledger.as_of(day_a), b.ledger.as_of(day_b)
    decided = with_outcomes(seen_a, seen_b)
    revised = with_revisions(decided, seen_b)
    settings = replace(a.params, run=b.params.run)
    values: list[tuple[str, float, tuple[str, ...]]] = [
        ("code and settings", probability(settings, seen_a, day_a, end_a), ()),
        ("time passed", probability(settings, seen_a, day_b, end_a), ()),
        ("outcomes known", probability(settings, decided, day_b, end_a), changed_rows(seen_a, decided)),
        ("revised rows", probability(settings, revised, day_b, end_a), changed_rows(decided, seen_b)),
        ("new rows", probability(settings, seen_b, day_b, end_a), added_rows(revised, seen_b)),
        ("priors", probability(b.params, seen_b, day_b, end_a), ()),
        ("question", probability(b.params, seen_b, day_b, end_b), ()),
    ]
    stored = b.forecast.probability
    if abs(values[-1][1] - stored) > ROUNDING:
        values.append(("code B was made with", stored, ()))
    else:
        values[-1] = ("question", stored, ())
    levels = [a.forecast.probability, *(level for _, level, _ in values)]
    return [
        Step(name, level, level - before, rows)
        for (name, level, rows), before in zip(values, levels, strict=False)
    ]


def markdown(a: Stored, b: Stored, made: list[Step]) -> str:
    """The paragraph for a change request."""
    old, new = a.forecast.probability, b.forecast.probability
    lines = [
        f"**{b.forecast.question}: {100 * old:.1f} % -> {100 * new:.1f} % "
        f"({100 * (new - old):+.1f} points)**",
        "",
        "| step | change (points) | after | rows |",
        "|---|---:|---:|---|",
    ]
    for step in made:
        rows = ", ".join(step.rows[:8]) + (", ..." if len(step.rows) > 8 else "")
        lines.append(f"| {step.name} | {100 * step.change:+.2f} | {100 * step.probability:.1f} % | {rows} |")
    return "\n".join(lines) + "\n"


def text(a: Stored, b: Stored, made: list[Step]) -> str:
    """The split as plain text."""
    lines = [
        f"{run.name}: {100 * run.forecast.probability:.1f} % as of {run.forecast.as_of}" for run in (a, b)
    ]
    for step in made:
        line = f"  {100 * step.change:+6.2f}  {step.name:<24} -> {100 * step.probability:5.1f} %"
        if step.rows:
            line += f"   {', '.join(step.rows[:5])}{' ...' if len(step.rows) > 5 else ''}"
        lines.append(line)
    return "\n".join(lines) + "\n"
