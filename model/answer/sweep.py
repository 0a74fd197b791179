"""Many forecasts at once: dates x scenarios x deadlines x random seeds of a sweep file, as one tidy table."""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from multiprocessing import current_process
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from .. import parallel
from ..evidence.ledger import Ledger, check_as_of, load_ledger
from ..evidence.seasons import DAY
from ..files import InputError, Problem, content_hash, csv_text, four_decimals, raise_if_any, read_yaml
from ..paths import CACHE, PARAMS, package_files
from ..settings.params import SCENARIOS, Day, Params, Strict, Text, load_params, validated

if TYPE_CHECKING:
    from ..evidence.outlook import Outlook
    from ..evidence.record import Record
    from ..fit.fits import Fit
    from .forecast import Sources

CODE = content_hash(*(path.read_bytes() for path in package_files()))
"""Hash of the modules as this process has loaded them."""
GROUP, GROUPS = 10, 16
"""The most forecasts of a job, and the fewest jobs of a sweep that has as many forecasts."""
FITS_KEPT = 16
DAYS_MAX = 2000
FILES = ("question", "priors")
VARIED = {"scenario": "scenarios", "random_seed": "random_seeds", "deadline": "deadlines", "as_of": "as_of"}
"""What a forecast varies, by the name of the option and that of the sweep file."""

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
    """What to vary: empty lists leave what the params files say."""

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
    """One forecast of a sweep; `shares` are the chances of a first meeting by cause.

    `inputs` is the hash of `forecast.made_from`, by which a page knows whether a row speaks of its run.
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


def load_sweep(path: str | Path, sources: "Sources | None" = None, given: Mapping[str, Any] = {}) -> Sweep:
    """The checked sweep file; its days are compared with the ledger of `sources` where that is given.

    Raises
    ------
    InputError
        With every problem, also of the params of each case.
    """
    document = read_yaml(path)
    sweep = validated(Sweep, document)
    ledger = None
    problems: dict[Problem, None] = {}
    for case in cases(sweep, given):
        try:
            params = load_params(**case)
            if sources:
                ledger = ledger or load_ledger(**sources.paths(), **params.vocabulary)
                check_as_of(ledger, params)
        except InputError as error:
            problems |= {
                document.problem((VARIED[problem.field],), problem.message)
                if problem.file == "options" and problem.field in VARIED and not given.get(problem.field)
                else problem: None
                for problem in error.problems
            }
    raise_if_any(list(problems))
    return sweep


def cases(sweep: Sweep, given: Mapping[str, Any] = {}) -> Iterator[Case]:
    """The case of each forecast, in order; `given` is what else `load_params` is told.

    Raises
    ------
    InputError
        Where something is both given and varied.
    """
    raise_if_any(
        [
            Problem("options", 0, 0, f"the sweep file varies its {many} itself", option)
            for option, many in VARIED.items()
            if given.get(option) is not None and getattr(sweep, many)
        ]
    )
    told = {name: value for name, value in given.items() if value is not None}
    days = sweep.as_of.listed() if isinstance(sweep.as_of, Every) else sweep.as_of
    for scenario in sweep.scenarios or [None]:
        for seed in sweep.random_seeds or [None]:
            for deadline in sweep.deadlines or [None]:
                for day in days or [None]:
                    yield {
                        "scenario": scenario or None,
                        "random_seed": seed,
                        "deadline": deadline,
                        "as_of": day,
                    } | told


def name_of_case(case: Case) -> str:
    """The same text for the same case, another for another."""
    import json

    return json.dumps({name: str(value) for name, value in case.items() if value is not None}, sort_keys=True)


def grouped(todo: Mapping[str, Case]) -> dict[tuple[str, ...], list[Case]]:
    """The cases in jobs that share a scenario and an as-of day, by the names of their cases."""
    alike: dict[tuple, list[str]] = {}
    for name, case in todo.items():
        alike.setdefault((case["scenario"], case["as_of"]), []).append(name)
    most = min(GROUP, max(1, len(todo) // GROUPS))
    parts = [tuple(names[i : i + most]) for names in alike.values() for i in range(0, len(names), most)]
    return {part: [todo[name] for name in part] for part in parts}


def inputs_hash(sources: "Sources", more: tuple[str, ...] = ()) -> str:
    """Hash of all that decides a forecast besides its case: params, ledger, `more` files, code."""
    files = [
        *sorted(PARAMS.glob("*.yaml")),
        *sorted(SCENARIOS.glob("*.yaml")),
        *(file for names in sources.paths().values() for file in names),
        *more,
    ]
    return content_hash(CODE, *(Path(file).read_bytes() for file in files))


@cache
def checked(sources: "Sources", more: tuple[str, ...], inputs: str) -> None:
    """Nothing, where this process may fit, and has the inputs and the code of the hash; else `InputError`."""
    if current_process().daemon:
        raise InputError(
            [
                Problem(
                    "options",
                    0,
                    0,
                    "its workers may not start processes, which a fit needs: start them with "
                    "--no-nanny, or with DASK_DISTRIBUTED__WORKER__DAEMON=false",
                    "scheduler",
                )
            ]
        )
    if inputs_hash(sources, more) != inputs:
        raise InputError(
            [
                Problem(
                    "options",
                    0,
                    0,
                    "a process of this sweep has other inputs or code than the one that "
                    "began it: run it again, with workers newly started in the same checkout",
                )
            ]
        )


_LEDGERS: dict[tuple, Ledger] = {}


def ledger_of(params: Params, sources: "Sources", inputs: str) -> Ledger:
    """The whole ledger of a case, read once a process."""
    from . import forecast

    key = (sources, inputs, repr(params.vocabulary))
    if key not in _LEDGERS:
        _LEDGERS[key] = forecast.read(params, sources)
    check_as_of(_LEDGERS[key], params)
    return _LEDGERS[key]


_FITS: dict[tuple, "Fit"] = {}


def fit(params: Params, past: "Record") -> "Fit":
    """`fits.fit`, the last few fits kept in this process."""
    from ..fit import fits

    key = (params.priors.model_dump_json(), params.run.model_dump_json(), pickle.dumps(past))
    found = _FITS.get(key) or fits.fit(params, past)
    if key not in _FITS and len(_FITS) >= FITS_KEPT:
        _FITS.pop(next(iter(_FITS)), None)
    _FITS[key] = found
    return found


def forecasts(
    group: list[Case], sources: "Sources", more: tuple[str, ...], inputs: str, through: date | None
) -> list[Row]:
    """The forecasts of cases that share a scenario and an as-of day, model only; what they share is made once."""
    from ..evidence.outlook import outlook
    from . import forecast

    checked(sources, more, inputs)
    ahead, done, rows = {}, {}, []
    for case in group:
        params = load_params(**case)
        whole, q = ledger_of(params, sources, inputs), params.question
        if not rows:
            before, now = forecast.records(params, whole, q.as_of, through)
            known, public = forecast.seen(params, whole, q.as_of), forecast.public_by(whole, q.as_of)
        if q.deadline not in ahead:
            ahead[q.deadline] = outlook(known, q.as_of, q.deadline, params)
        if params.run.random_seed not in done:
            done = {params.run.random_seed: forecast.reweighted(params, before, now, q.as_of, fit)}
        rows.append(
            row(
                params,
                done[params.run.random_seed].draws,
                ahead[q.deadline],
                forecast.made_from(params, whole, q.as_of, public),
            )
        )
    return rows


def row(params: Params, draws: Mapping[str, Any], ahead: "Outlook", made_from: str) -> Row:
    """The forecast of draws and of what lies ahead."""
    from .. import chances as formula
    from . import forecast

    q, chances = params.question, formula.chances(draws, ahead)
    p = chances.first.sum((1, 2))
    spread = forecast.spread(p, params.run.interval_mass)
    shares = dict(zip(chances.causes, chances.first.sum(2).mean(0), strict=True))
    largest = max(shares, key=lambda name: (shares[name], name))
    return Row(
        q.as_of.isoformat(),
        params.scenario or "",
        q.deadline.isoformat(),
        params.run.random_seed,
        float(p.mean()),
        spread["lower"],
        spread["upper"],
        float(formula.by_deadline(draws, ahead, signals=False).mean()),
        largest,
        float(shares[largest]),
        {name: float(value) for name, value in sorted(shares.items()) if value >= 0.00005},
        made_from,
    )


def run(
    sweep: Sweep,
    sources: "Sources",
    journal: Path,
    workers: int = 2,
    *,
    given: Mapping[str, Any] = {},
    scheduler: str | None = None,
) -> list[Row]:
    """Every forecast of a sweep, in its order; what a run that was stopped had finished is taken from its journal.

    Parameters
    ----------
    journal : path
        Finished forecasts, one JSON line each, keyed by case; a half-written last line is ignored. It belongs to the
        inputs whose hash is in its name.
    given, scheduler
        As in `cases` and `parallel.done`.
    """
    import json

    wanted = {name_of_case(case): case for case in cases(sweep, given)}
    done: dict[str, Row] = {}
    if journal.exists():
        for line in journal.read_text("utf-8").splitlines():
            try:
                key, values = json.loads(line)
                done[key] = Row(**values)
            except (ValueError, TypeError):
                continue
    journal.parent.mkdir(parents=True, exist_ok=True)
    more = more_files(given)
    told = (sources, more, inputs_hash(sources, more), sweep.fit_through)
    jobs = {
        names: (group, *told)
        for names, group in grouped({name: case for name, case in wanted.items() if name not in done}).items()
    }
    with journal.open("a", encoding="utf-8") as log:
        for names, rows in parallel.done(
            forecasts, jobs, "forecasts", workers, scheduler=scheduler, size=len
        ):
            for name, made in zip(names, rows, strict=True):
                done[name] = made
                log.write(json.dumps([name, {f.name: getattr(made, f.name) for f in fields(made)}]) + "\n")
            log.flush()
    return [done[name_of_case(case)] for case in cases(sweep, given)]


def more_files(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The files that stand in place of those of params/."""
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
    sources: "Sources",
    given: Mapping[str, Any] = {},
    scheduler: str | None = None,
) -> list[Row]:
    """Every forecast of a sweep, as loaded from its file; those made before from the same inputs come from the journal."""
    key = content_hash(Path(path).read_bytes(), inputs_hash(sources, more_files(given)))[:16]
    journal = CACHE / "sweeps" / f"{Path(path).stem}-{key}.jsonl"
    return run(sweep, sources, journal, given=given, scheduler=scheduler)
