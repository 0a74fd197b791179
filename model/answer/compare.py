"""Why a forecast changed: the difference of two runs, split into steps that add up exactly.

Between run A and run B one thing changes after the other, in a fixed order: code and settings, the time that
passed, outcomes, revised rows, new rows, priors, the question. A step is split further by row, in the order
in which rows became public, and by prior. Each step and each part of it ends in params and a ledger that can
be rerun; its change is the difference from the one before.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from ..evidence.ledger import Ledger, in_order, load_ledger
from ..evidence.record import Record
from ..evidence.rows import Occasion, Signal, VisitWindow
from ..files.disk import name_of
from ..files.problems import InputError, nearest, printable, shown
from ..fit.fits import Fit, fit_key
from ..formatting import points
from ..paths import RENDERED, SCENARIOS, TABLES
from ..settings.changes import applied, changes
from ..settings.params import Params, load_params
from .file import Forecast, load, to_json
from .forecast import forecast, headline, run
from .posterior import Fitter, record_as_of
from .sweep import fit

ROUNDING = 1e-6
"""How far a probability may lie from that of its forecast file, which keeps six digits."""
SHOWN = 0.00005
"""The smallest change that does not print as zero."""
DAY_AND_SCENARIO = re.compile(r"(?P<as_of>\d{4}-\d{2}-\d{2})?(?:^|-|$)(?P<scenario>.+)?", re.ASCII)

Key = tuple[str, str]
"""The table and the key of a row."""
Rows = dict[Key, Any]
"""The rows of a ledger."""


@dataclass(frozen=True)
class Compared:
    """A run to compare: its inputs, the forecast that was made from them, and where both come from."""

    name: str
    params: Params
    ledger: Ledger
    forecast: Forecast
    origin: str


@dataclass(frozen=True)
class Step:
    """One step from A to B: the probability after it, what changed, and the rows behind it.

    `params` and `ledger` give `probability` again (see `probability_of`); the changes of `parts` add up.
    """

    name: str
    probability: float
    change: float
    params: Params
    ledger: Ledger
    text: str = ""
    rows: tuple[str, ...] = ()
    parts: tuple["Step", ...] = ()


# The runs


def load_run(name: str) -> Compared:
    """The run in a folder of `notebooks/rendered`, or at a path.

    Raises
    ------
    InputError
        If there is no such run, naming the nearest.
    """
    folder = folder_of(name)
    if folder is None:
        raise _unknown(name, "expected a rendered run (a day or a scenario needs a second run)", ())
    inputs = folder / "inputs"
    params = load_params(*(inputs / f"{section}.yaml" for section in ("question", "priors", "run")))
    ledger = load_ledger(**{table: (inputs / f"{table}.csv",) for table in TABLES}, words=params.vocabulary)
    return Compared(name, params, ledger, load(folder / "forecast.json"), f"rendered in {name_of(folder)}")


def folder_of(name: str) -> Path | None:
    """The folder of a rendered run by its name or path; None if there is none."""
    folders = (RENDERED / name, Path(name))
    return next((folder for folder in folders if (folder / "forecast.json").exists()), None)


def asked_of(*names: str) -> dict[str, Params]:
    """The params of those names that are not rendered: a day, a scenario, or both (2025-08-15-sceptic).

    A scenario without a day is as of the day of the other run.

    Raises
    ------
    InputError
        For a name that is neither a rendered run nor one of these, naming the nearest.
    """
    scenarios = [path.stem for path in sorted(SCENARIOS.glob("*.yaml"))]
    asked, days = {}, []
    for name in names:
        if folder := folder_of(name):
            days.append(load(folder / "forecast.json").as_of)
            continue
        match = DAY_AND_SCENARIO.fullmatch(name)
        if not match or match["scenario"] not in (None, *scenarios) or not any(match.groups()):
            raise _unknown(name, "expected a rendered run, a day, a scenario, or DAY-SCENARIO", scenarios)
        asked[name] = match.groupdict()
        days += filter(None, [match["as_of"]])
    day = days[0] if days else None
    return {name: load_params(**words | {"as_of": words["as_of"] or day}) for name, words in asked.items()}


def _unknown(name: str, expected: str, words: Sequence[str]) -> InputError:
    rendered = sorted(path.parent.name for path in RENDERED.glob("*/forecast.json"))
    known = [*rendered, *words]
    message = f"{expected}, such as {', '.join(known) or 'none yet'}; found {shown(name)}"
    return InputError.at("options", 0, 0, f"{message}{nearest(name, known)}", "run")


def load_runs(asked: Mapping[str, Params], *names: str) -> list[Compared]:
    """The runs of these names: those that are asked for are computed, the others come from their folders."""
    return [made_run(name, asked[name]) if name in asked else load_run(name) for name in names]


def made_run(name: str, params: Params) -> Compared:
    """The run of these params from the seeds, computed now."""
    made = run(params, quick=True)
    return Compared(name, made.params, made.whole, made.forecast, "computed now")


def check_pair(a: Compared, b: Compared) -> None:
    """Raise `InputError` unless both runs are about the same two sides."""
    if a.params.sides != b.params.sides:
        ours, theirs = (" and ".join(each.params.sides) for each in (a, b))
        message = f"expected two runs about the same sides; found {ours} in {a.name}, {theirs} in {b.name}"
        raise InputError.at("options", 0, 0, message, "run")


def rerun(stored: Compared) -> Forecast:
    """The forecast that the stored inputs give now, with what does not follow from them as it is stored."""
    now = forecast(stored.params, stored.ledger, fit).forecast
    given = {name: getattr(stored.forecast, name) for name in ("inputs", "scenario", "track_record")}
    return replace(now, **given)


def differences(stored: Compared, now: Forecast) -> list[str]:
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


# Ledgers between two ledgers


def rows_of(ledger: Ledger) -> Rows:
    """The rows of a ledger by table and key."""
    tables = ("occasions", "visit_windows", "signals")
    return {(table, row.id): row for table in tables for row in getattr(ledger, table)}


def patched(old: Ledger, new: Ledger, keys: Iterable[Key]) -> Ledger:
    """The old ledger with the rows of these keys as the new one has them, or without those it lacks."""
    rows, later = rows_of(old), rows_of(new)
    for key in keys:
        if key in later:
            rows[key] = later[key]
        else:
            del rows[key]
    tables = {table: [row for (home, _), row in rows.items() if home == table] for table in TABLES}
    return in_order(**tables)


def outcomes(old: Rows, new: Rows) -> list[Key]:
    """The known occasions that have been decided since."""
    occasions = [(key, row) for key, row in new.items() if key in old and isinstance(row, Occasion)]
    return [key for key, occasion in occasions if occasion.met is not None and old[key].met is None]


def revisions(old: Rows, new: Rows) -> list[Key]:
    """The old rows that have changed, then those that are gone, what names others first."""
    removed = [key for key in reversed(old) if key not in new]
    return [key for key, row in old.items() if key in new and row != new[key]] + removed


def additions(old: Rows, new: Rows) -> list[Key]:
    """The rows that are new."""
    return [key for key in new if key not in old]


def by_event(keys: Sequence[Key], old: Ledger, new: Ledger) -> list[tuple[Key, ...]]:
    """The keys in groups that change together: the rows of one event, else each row alone; by date."""
    home = {row.event_id: event[0].event_id for each in (old, new) for event in each.events for row in event}
    groups: dict[Key, list[Key]] = {}
    for table, name in keys:
        event = home.get(name, name) if table == "signals" else name
        groups.setdefault((table, event), []).append((table, name))
    return [tuple(group) for group in groups.values()]


ROWS = {"outcomes known": outcomes, "revised rows": revisions, "new rows": additions}
"""The steps by row, and the keys of their rows in an earlier and a later ledger."""


# The steps


class OtherFit(Exception):
    """A forecast needs another fit than the one at hand."""


def probability_of(params: Params, ledger: Ledger, fitted: Fitter | None = None) -> float:
    """The headline of params and a ledger, as of the day of the question."""
    return headline(params, ledger, params.question.as_of, fitted or partial(fit, quick=True))


def steps(a: Compared, b: Compared) -> Iterator[Step]:
    """The steps from A's probability to B's, each as soon as it is computed; they add up exactly.

    Where B is the earlier run, its rows come before its day, so that each row that it lacks is one part.
    """
    check_pair(a, b)
    then_day, day = (each.params.question.as_of for each in (a, b))
    then, seen = a.ledger.as_of(then_day), b.ledger.as_of(day)
    now = Step("", a.forecast.probability, 0.0, a.params, then)
    yield (now := _by_setting("code and settings", now, b, "run"))
    stages = [partial(_by_time, day=day), *(partial(_by_row, name, after=seen) for name in ROWS)]
    for stage in stages if then_day <= day else [*stages[1:], stages[0]]:
        yield (now := stage(before=now))
    yield (now := _by_setting("priors", now, b, "priors"))
    asked = "; ".join(map(str, changes(now.params, b.params, ("question",))))
    end, stored = _step("question", now, b.params, now.ledger, asked), b.forecast.probability
    if abs(end.probability - stored) <= ROUNDING:
        yield replace(end, probability=stored, change=stored - now.probability)
        return
    yield end
    yield Step("code B was made with", stored, stored - end.probability, b.params, now.ledger)


def _step(
    name: str, before: Step, params: Params, ledger: Ledger, text: str = "", fitted: Fitter | None = None
) -> Step:
    """The step from `before` to a rerun of params and ledger."""
    now = probability_of(params, ledger, fitted)
    return Step(name, now, now - before.probability, params, ledger, text)


def _of_parts(name: str, before: Step, parts: Sequence[Step]) -> Step:
    """The step that the parts make together."""
    last = parts[-1] if parts else before
    change = last.probability - before.probability
    rows = tuple(row for part in parts for row in part.rows)
    return Step(name, last.probability, change, last.params, last.ledger, "", rows, tuple(parts))


def _by_setting(name: str, before: Step, b: Compared, section: str) -> Step:
    """The step to the run settings or the priors of B, one changed value after the other.

    The settings follow on a rerun of A, whose change is that of the code.
    """
    parts = [_step("code", before, before.params, before.ledger)] if section == "run" else []
    for change in changes(before.params, b.params, (section,)):
        last = parts[-1] if parts else before
        parts.append(_step(str(change), last, applied(last.params, change), last.ledger))
    made = _of_parts(name, before, parts)
    return replace(made, parts=()) if [part.name for part in parts] == ["code"] else made


def _by_time(before: Step, day: date) -> Step:
    """The step to another day, with nothing heard since."""
    question = before.params.question.model_copy(update={"as_of": day})
    return _step("time passed", before, replace(before.params, question=question), before.ledger)


def _by_row(name: str, before: Step, after: Ledger) -> Step:
    """The step to these rows of a later ledger, one event after the other; those that need another fit last.

    Such rows (outcomes, and words of the past that the fit learns from) are one part, with one fit.
    """
    from tqdm import tqdm

    keys = ROWS[name](rows_of(before.ledger), rows_of(after))
    now, parts, late = before, [], []
    own = _same_fit(before) if keys else None
    for group in tqdm(by_event(keys, before.ledger, after), name, delay=1, leave=False, disable=None):
        try:
            now = _of_rows(now, after, group, own)
            parts.append(now)
        except OtherFit:
            late += group
    if late:
        parts.append(_of_rows(now, after, late, None))
    return _of_parts(name, before, parts)


def _of_rows(before: Step, after: Ledger, keys: Sequence[Key], fitted: Fitter | None) -> Step:
    """The step to the rows of these keys."""
    row, rows = rows_of(after).get(keys[0]), tuple(name for _, name in keys)
    text = _described(row or rows_of(before.ledger)[keys[0]]) + ("" if row else " (removed)")
    if len(keys) > 1 and not fitted:
        text = "together, because they change what is fitted"
    made = _step(rows[0], before, before.params, patched(before.ledger, after, keys), text, fitted)
    return replace(made, rows=rows)


def _described(row: Signal | Occasion | VisitWindow) -> str:
    """What a row says, in short."""
    if isinstance(row, Signal):
        return row.description
    return row.name if isinstance(row, Occasion) else f"window of {row.occasion_id}"


def _same_fit(step: Step) -> Fitter:
    """What answers from the fit of a step, and raises `OtherFit` if another one is needed."""
    own = fit_key(step.params, record_as_of(step.params, step.ledger, step.params.question.as_of))

    def fitted(params: Params, past: Record) -> Fit:
        if fit_key(params, past) != own:
            raise OtherFit
        return fit(params, past, quick=True)

    return fitted


# As text


def shown_parts(step: Step, number: int = 8) -> Iterator[tuple[float, str, str]]:
    """Change, name and text of the largest parts; then what the other rows add up to."""
    parts = sorted(step.parts, key=lambda part: -abs(part.change))
    kept = [part for part in parts[:number] if abs(part.change) >= SHOWN or not part.rows]
    for part in kept:
        more = f" and {len(part.rows) - 1} more" if len(part.rows) > 1 else ""
        yield part.change, f"{part.name}{more}", part.text
    if rest := len(parts) - len(kept):
        total = step.change - sum(part.change for part in kept)
        yield total, f"{rest} {'other' if rest == 1 else 'others'}" if kept else f"all {rest}", ""


def text(a: Compared, b: Compared) -> Iterator[str]:
    """The split as lines of plain text, each as soon as it is known."""
    for each in (a, b):
        number = f"{100 * each.forecast.probability:.1f} %"
        yield f"{each.name}: {number} as of {each.forecast.as_of} ({each.origin})"
    change = b.forecast.probability - a.forecast.probability
    yield f"difference: {points(change, 2)} points, in steps:"
    for step in steps(a, b):
        named = f"{step.name} ({len(step.rows)})" if step.rows else step.name
        more = f"   {step.text}" if step.text else ""
        yield f"  {points(step.change, 2):>7}  {named:<24} -> {100 * step.probability:5.1f} %{more}"
        for delta, name, said in shown_parts(step):
            yield f"  {'':9}{points(delta, 2):>7}  {'  '.join(filter(None, (name, said)))}"


def markdown(a: Compared, b: Compared) -> Iterator[str]:
    """The lines of the paragraph for a change request."""
    old, new = a.forecast.probability, b.forecast.probability
    yield f"**{b.forecast.question}: {100 * old:.1f} % -> {100 * new:.1f} % ({points(new - old)} points)**"
    yield ""
    yield "| step | change (points) | after | what |"
    yield "|---|---:|---:|---|"
    for step in steps(a, b):
        what = step.text or (f"{len(step.rows)} rows" if step.rows else "")
        yield f"| {step.name} | {points(step.change, 2)} | {100 * step.probability:.1f} % | {_cell(what)} |"
        for delta, name, said in shown_parts(step):
            yield f"| · {_cell(name)} | {points(delta, 2)} | | {_cell(said)} |"


def _cell(text: str) -> str:
    """The text as a cell of a Markdown table."""
    return printable(text).replace("|", "\\|")
