"""Many forecasts at once: dates x scenarios x deadlines x random seeds of a sweep file, as one tidy table."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from functools import cache
from multiprocessing import current_process
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from .. import chances as formula
from .. import parallel
from ..chances import Draws
from ..evidence.ledger import Ledger, check_as_of, load_ledger
from ..evidence.outlook import Outlook, outlook
from ..evidence.record import Record
from ..evidence.resolution import Resolution, resolution
from ..evidence.seasons import DAY
from ..files.csv_files import csv_text, four_decimals
from ..files.disk import content_hash
from ..files.problems import InputError, Problem, raise_if_any
from ..files.yaml_files import Entry, read_yaml
from ..fit import fits
from ..paths import CACHE, PARAMS, SCENARIOS, package_files
from ..settings.fields import Day, Strict, Text
from ..settings.params import Params, load_params
from ..settings.validation import validated
from . import forecast, scenario
from .forecast import Sources
from .posterior import records, reweighted

CODE = content_hash(*(path.read_bytes() for path in package_files()))
"""Hash of the code that this process has loaded."""
GROUP, GROUPS = 10, 16
"""The most forecasts in a job, and the fewest jobs of a sweep with at least as many forecasts."""
FITS_KEPT = 16
DAYS_MAX = 2000
FILES = ("question", "priors")
"""Options that name a file in place of one of params/."""
VARIED = {"scenario": "scenarios", "random_seed": "random_seeds", "deadline": "deadlines", "as_of": "as_of"}
"""What a forecast varies: the option, and its key in the sweep file."""

Case = dict[str, Any]
"""The arguments of `load_params` for one forecast."""


class Every(Strict):
    """Days from the first to the last, `days` apart; the last is always among them."""

    first: Day
    last: Day
    days: Annotated[int, Field(ge=1, le=3660)]

    @model_validator(mode="after")
    def _ordered(self) -> "Every":
        if self.last < self.first:
            raise ValueError(f"expected last not before first, which is {self.first}; found {self.last}")
        if (count := len(self.listed())) > DAYS_MAX:
            raise ValueError(f"expected at most {DAYS_MAX} days; found {count}")
        return self

    def listed(self) -> list[date]:
        """The days themselves."""
        steps = range(0, (self.last - self.first).days + 1, self.days)
        return sorted({*(self.first + step * DAY for step in steps), self.last})


class Sweep(Strict):
    """A sweep file: what to vary. Empty lists keep what the params files say."""

    means: Text
    as_of: Annotated[
        Annotated[Every, Tag("[every]")] | Annotated[list[Day], Tag("[days]")],
        Discriminator(lambda value: "[every]" if isinstance(value, dict | Every) else "[days]"),
    ] = []
    scenarios: list[str] = []
    deadlines: list[Day] = []
    random_seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = []
    fit_through: Day | None = None


SHARE = "share of "
"""What the column of a cause begins with."""


@dataclass(frozen=True)
class Row:
    """One forecast of a sweep.

    `shares` are the chances of a first meeting by cause. `inputs` is the hash of
    `forecast.made_from`, by which a page recognises rows that belong to its run.
    """

    as_of: str
    scenario: str
    deadline: str
    random_seed: int
    probability: float
    lower: float
    upper: float
    no_signals: float
    largest_cause: str
    largest_share: float
    shares: dict[str, float]
    inputs: str


def load_sweep(path: str | Path, sources: Sources | None = None, given: Mapping[str, Any] = {}) -> Sweep:
    """The checked sweep file; with `sources`, its days are checked against their ledger too.

    Raises
    ------
    InputError
        With every problem, including those of the params of each case.
    """
    document = read_yaml(path)
    sweep = validated(Sweep, document)
    ledger, problems = None, []
    for case in cases(sweep, given):
        try:
            params = load_params(**case)
            if sources:
                ledger = ledger or load_ledger(**sources.paths(), words=params.vocabulary)
                check_as_of(ledger, params)
        except InputError as error:
            problems += [_at_its_key(problem, document, given) for problem in error.problems]
    raise_if_any(list(dict.fromkeys(problems)))
    return sweep


def _at_its_key(problem: Problem, document: Entry, given: Mapping[str, Any]) -> Problem:
    """The problem at its key in the sweep file, if that is where the bad option comes from."""
    if problem.file == "options" and problem.field in VARIED and not given.get(problem.field):
        return document.problem((VARIED[problem.field],), problem.message)
    return problem


def cases(sweep: Sweep, given: Mapping[str, Any] = {}) -> Iterator[Case]:
    """The case of each forecast, in order; `given` holds further arguments of `load_params`.

    Raises
    ------
    InputError
        If an option is both given and varied.
    """
    fixed = {name: value for name, value in given.items() if value is not None}
    raise_if_any(
        [
            Problem("options", 0, 0, f"the sweep file varies its {key} itself", option)
            for option, key in VARIED.items()
            if option in fixed and getattr(sweep, key)
        ]
    )
    scenarios = [name or None for name in sweep.scenarios]
    days = sweep.as_of.listed() if isinstance(sweep.as_of, Every) else sweep.as_of
    varied = (scenarios, sweep.random_seeds, sweep.deadlines, days)
    for values in itertools.product(*(values or [None] for values in varied)):
        yield dict(zip(VARIED, values, strict=True)) | fixed


def name_of_case(case: Case) -> str:
    """A text that identifies the case."""
    return json.dumps({name: str(value) for name, value in case.items() if value is not None}, sort_keys=True)


def grouped(todo: Mapping[str, Case]) -> dict[tuple[str, ...], list[Case]]:
    """Jobs of cases that share a scenario and an as-of day, by the names of these cases."""
    alike: dict[tuple, list[str]] = {}
    for name, case in todo.items():
        alike.setdefault((case["scenario"], case["as_of"]), []).append(name)
    most = min(GROUP, max(1, len(todo) // GROUPS))
    parts = [part for names in alike.values() for part in itertools.batched(names, most)]
    return {part: [todo[name] for name in part] for part in parts}


def inputs_hash(sources: Sources, more: tuple[str, ...] = ()) -> str:
    """Hash of what decides a forecast besides its case: params, ledger, `more` files, code."""
    files = [
        *sorted(PARAMS.glob("*.yaml")),
        *sorted(SCENARIOS.glob("*.yaml")),
        *(file for names in sources.paths().values() for file in names),
        *more,
    ]
    return content_hash(CODE, *(Path(file).read_bytes() for file in files))


@cache
def checked(sources: Sources, more: tuple[str, ...], inputs: str) -> None:
    """Raise `InputError` if this process may not fit, or its inputs and code are not those of the hash."""
    if current_process().daemon:
        message = (
            "its workers may not start processes, but a fit has to: start them with --no-nanny "
            "or DASK_DISTRIBUTED__WORKER__DAEMON=false"
        )
        raise InputError.at("options", 0, 0, message, "scheduler")
    if inputs_hash(sources, more) != inputs:
        message = (
            "a worker has other inputs or code than the process that started this sweep: restart the workers "
            "in the same checkout and run it again"
        )
        raise InputError.at("options", 0, 0, message)


_LEDGERS: dict[tuple, Ledger] = {}


def ledger_of(params: Params, sources: Sources, inputs: str) -> Ledger:
    """The whole ledger of a case, read once per process."""
    key = (sources, inputs, repr(params.vocabulary))
    if key not in _LEDGERS:
        _LEDGERS[key] = forecast.read(params, sources)
    check_as_of(_LEDGERS[key], params)
    return _LEDGERS[key]


_FITS: dict[tuple[str, bool], fits.Fit] = {}


def fit(params: Params, past: Record, quick: bool = False) -> fits.Fit:
    """`fits.fit` or `fits.quick_fit`, with the last few fits kept in this process."""
    key = fits.fit_key(params, past), quick
    if key not in _FITS:
        if len(_FITS) >= FITS_KEPT:
            _FITS.pop(next(iter(_FITS)))
        _FITS[key] = (fits.quick_fit if quick else fits.fit)(params, past)
    return _FITS[key]


def forecasts(
    group: list[Case], sources: Sources, more: tuple[str, ...], inputs: str, through: date | None
) -> list[Row]:
    """The rows of cases that share a scenario and an as-of day; what they share is computed once."""
    checked(sources, more, inputs)
    params = load_params(**group[0])
    whole, as_of = ledger_of(params, sources, inputs), params.question.as_of
    past, now = records(params, whole, as_of, through)
    known, public = forecast.seen(params, whole, as_of), forecast.public_by(whole, as_of)
    cut = whole.as_of(as_of)
    outlook_by = cache(lambda last_day: outlook(known, as_of, last_day, params))
    rows, seed, draws = [], None, {}
    for case in group:
        params = load_params(**case)
        check_as_of(whole, params)
        if params.run.random_seed != seed:
            seed = params.run.random_seed
            draws = reweighted(params, past, now, fit).draws
        made_from = forecast.made_from(params, whole, as_of, public)
        made = row(params, draws, outlook_by(params.question.last_day), made_from)
        decided = resolution(cut, params, as_of)
        rows.append(decided_row(made, decided) if decided else made)
    return rows


def scenario_effect(
    case: Case, sources: Sources, more: tuple[str, ...], inputs: str, through: date | None
) -> scenario.Effect | None:
    """What the scenario of a case does, as `scenario.effect` says."""
    checked(sources, more, inputs)
    params = load_params(**case)
    return scenario.effect(params, ledger_of(params, sources, inputs), fit, through)


def decided_row(made: Row, decided: Resolution) -> Row:
    """The row of a resolved question: its outcome, with the occasion of the meeting as the only cause."""
    p, place = decided.probability, decided.occasion.occasion_id if decided.occasion else ""
    return replace(
        made,
        probability=p,
        lower=p,
        upper=p,
        no_signals=p,
        largest_cause=place,
        largest_share=p,
        shares={place: p} if place else {},
    )


def row(params: Params, draws: Draws, ahead: Outlook, made_from: str) -> Row:
    """The forecast of draws and an outlook."""
    q, chances = params.question, formula.chances(draws, ahead)
    p = chances.first.sum(1)
    spread = forecast.spread(p, params.run.interval_mass)
    shares = dict(zip(chances.causes, chances.first.mean(0), strict=True))
    largest = max(shares, key=lambda name: (shares[name], name))
    return Row(
        as_of=q.as_of.isoformat(),
        scenario=params.scenario or "",
        deadline=q.deadline.isoformat(),
        random_seed=params.run.random_seed,
        probability=float(p.mean()),
        lower=spread["lower"],
        upper=spread["upper"],
        no_signals=float(formula.by_deadline(draws, ahead, signals=False).mean()),
        largest_cause=largest,
        largest_share=float(shares[largest]),
        shares={name: float(value) for name, value in sorted(shares.items()) if value >= 0.00005},
        inputs=made_from,
    )


def run(
    sweep: Sweep,
    sources: Sources,
    journal: Path,
    *,
    given: Mapping[str, Any] = {},
    scheduler: str | None = None,
) -> list[Row]:
    """Every forecast of a sweep, in its order; those that an interrupted run finished come from its journal.

    Parameters
    ----------
    journal : path
        Finished forecasts, see `read_journal`; the caller names it after the inputs.
    given, scheduler
        As in `cases` and `parallel.done`.
    """
    wanted = {name_of_case(case): case for case in cases(sweep, given)}
    done = read_journal(journal)
    todo = {name: case for name, case in wanted.items() if name not in done}
    more = more_files(given)
    shared = (sources, more, inputs_hash(sources, more), sweep.fit_through)
    jobs = {names: (group, *shared) for names, group in grouped(todo).items()}
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("a", encoding="utf-8") as file:
        results = parallel.done(forecasts, jobs, "forecasts", scheduler=scheduler, size=len)
        for names, rows in results:
            made = dict(zip(names, rows, strict=True))
            file.writelines(json.dumps([name, asdict(row)]) + "\n" for name, row in made.items())
            file.flush()
            done |= made
    return [done[name_of_case(case)] for case in cases(sweep, given)]


def read_journal(path: Path) -> dict[str, Row]:
    """The finished forecasts of a journal by case, one JSON line each; broken lines are skipped."""
    done: dict[str, Row] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            name, values = json.loads(line)
            done[name] = Row(**values)
        except (ValueError, TypeError):
            continue
    return done


def more_files(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The files that replace those of params/."""
    return tuple(str(given[name]) for name in FILES if given.get(name))


def table(rows: list[Row]) -> str:
    """The rows as CSV, probabilities with four decimals; each cause has a column `share of CAUSE`."""
    causes = sorted({cause for made in rows for cause in made.shares})
    names = [field.name for field in fields(Row) if field.name != "shares"]
    lines = (
        [getattr(made, name) for name in names] + [made.shares.get(cause, "") for cause in causes]
        for made in rows
    )
    columns = [*names, *(f"{SHARE}{cause}" for cause in causes)]
    return csv_text(columns, (map(four_decimals, line) for line in lines))


def of_file(
    path: str | Path,
    sweep: Sweep,
    sources: Sources,
    given: Mapping[str, Any] = {},
    scheduler: str | None = None,
) -> list[Row]:
    """Every forecast of the sweep file `path`; finished ones of the same inputs come from the journal."""
    key = content_hash(Path(path).read_bytes(), inputs_hash(sources, more_files(given)))[:16]
    journal = CACHE / "sweeps" / f"{Path(path).stem}-{key}.jsonl"
    return run(sweep, sources, journal, given=given, scheduler=scheduler)
