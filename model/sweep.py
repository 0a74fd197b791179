"""Many forecasts at once: dates x scenarios x deadlines x random seeds of a sweep file, as one tidy table."""

import os
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import date
from errno import EISDIR
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from . import parallel
from .covariates import DAY
from .files import InputError, Problem, csv_text, four_decimals, raise_if_any, read_yaml, write_atomic, writing
from .ledger import check_as_of, load_ledger
from .params import Day, Strict, Text, load_params, validated


DAYS_MAX = 2000


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
    as_of: Annotated[Annotated[Every, Tag("[every]")] | Annotated[list[Day], Tag("[days]")],
                     Discriminator(lambda value: "[every]" if isinstance(value, dict | Every) else "[days]")] = []
    scenarios: list[str] = []
    deadlines: list[Day] = []
    random_seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = []
    fit_through: Day | None = None


@dataclass(frozen=True)
class Row:
    """One forecast of a sweep; `shares` are the chances of a first meeting by cause, as "cause=0.1234;...".

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
    shares: str
    inputs: str


_HOMES = {"as_of": "as_of", "scenario": "scenarios", "deadline": "deadlines", "random_seed": "random_seeds"}


def load_sweep(path: str | Path, sources: Any = None) -> Sweep:
    """The checked sweep file; its days are compared with the ledger of `sources` where that is given.

    Raises
    ------
    InputError
        With every problem, also of the params of each case.
    """
    document = read_yaml(path)
    sweep = validated(Sweep, document)
    ledger = load_ledger(**sources.paths(), **load_params().vocabulary) if sources else None
    problems: dict[Problem, None] = {}
    for case in cases(sweep):
        try:
            params = load_params(**case)
            if ledger:
                check_as_of(ledger, params)
        except InputError as error:
            problems |= {document.problem((_HOMES[problem.field],), problem.message)
                         if problem.file == "options" else problem: None for problem in error.problems}
    raise_if_any(list(problems))
    return sweep


def cases(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """The overrides of `load_params` for each forecast, in order."""
    days = sweep.as_of.listed() if isinstance(sweep.as_of, Every) else sweep.as_of
    for scenario in sweep.scenarios or [None]:
        for seed in sweep.random_seeds or [None]:
            for deadline in sweep.deadlines or [None]:
                for day in days or [None]:
                    yield {"scenario": scenario or None, "random_seed": seed, "deadline": deadline, "as_of": day}


_LEDGERS: dict[tuple, Any] = {}


def one(case: dict[str, Any], sources: Any, through: date | None) -> Row:
    """The forecast of one case, model only."""
    import numpy as np

    from . import forecast, hazard
    from .covariates import outlook
    from .summit import fit

    params = load_params(**case)
    key = (sources, repr(params.vocabulary))
    if key not in _LEDGERS:
        _LEDGERS[key] = forecast.read(params, sources)
    q, whole = params.question, _LEDGERS[key]
    done, _ = forecast.brought_up_to(params, whole, q.as_of, fit, through)
    ahead = outlook(forecast.seen(params, whole, q.as_of), q.as_of, q.deadline, params.priors)
    chances = hazard.chances(done.draws, ahead)
    p = chances.first.sum((1, 2))
    spread = forecast.spread(p, params.run.interval_mass)
    shares = dict(zip(chances.causes, chances.first.sum(2).mean(0), strict=True))
    largest = max(shares, key=lambda name: (shares[name], name))
    return Row(q.as_of.isoformat(), params.scenario or "", q.deadline.isoformat(), params.run.random_seed, float(p.mean()),
               spread["lower"], spread["upper"], float(np.mean(hazard.by_deadline(done.draws, ahead, signals=False))),
               largest, float(shares[largest]),
               ";".join(f"{name}={value:.4f}" for name, value in sorted(shares.items()) if value >= 0.00005),
               forecast.made_from(params, whole, q.as_of))


def run(sweep: Sweep, sources: Any, journal: Path, workers: int = 2) -> list[Row]:
    """Every forecast of a sweep, in its order; what a run that was stopped had finished is taken from its journal.

    Parameters
    ----------
    journal : path
        Finished forecasts, one JSON line each, keyed by case; a half-written last line is ignored. It belongs to the
        inputs whose hash is in its name.
    """
    import json

    wanted = [(json.dumps({k: str(v) for k, v in case.items() if v is not None}, sort_keys=True), case)
              for case in cases(sweep)]
    done: dict[str, Row] = {}
    if journal.exists():
        for line in journal.read_text("utf-8").splitlines():
            try:
                key, values = json.loads(line)
                done[key] = Row(**values)
            except (ValueError, TypeError):
                continue
    journal.parent.mkdir(parents=True, exist_ok=True)
    todo = {key: (case, sources, sweep.fit_through) for key, case in wanted if key not in done}
    with journal.open("a", encoding="utf-8") as log:
        for key, row in parallel.done(one, todo, "forecasts", workers):
            done[key] = row
            log.write(json.dumps([key, {f.name: getattr(row, f.name) for f in fields(row)}]) + "\n")
            log.flush()
    return [done[key] for key, _ in wanted]


def table(rows: list[Row]) -> str:
    """The rows as CSV, probabilities with four decimals."""
    return csv_text([field.name for field in fields(Row)], (map(four_decimals, astuple(row)) for row in rows))


def command(path: str, sources: Any, out: str | None) -> Path:
    """Run a sweep file and write its table; the path of the table."""
    from . import __file__ as package
    from .files import PROJECT_ROOT, content_hash

    sweep = load_sweep(path, sources)
    target = (PROJECT_ROOT / "notebooks" / "rendered" / f"sweep-{Path(path).stem}" / "sweep.csv" if out is None
              else Path(out))
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
    files = [Path(path), *sorted((PROJECT_ROOT / "params").rglob("*.yaml")),
             *(file for names in sources.paths().values() for file in names), *sorted(Path(package).parent.glob("*.py"))]
    key = content_hash(*(file.read_bytes() for file in files))[:16]
    rows = run(sweep, sources, PROJECT_ROOT / ".cache" / "sweeps" / f"{Path(path).stem}-{key}.jsonl")
    write_atomic(target, table(rows))
    return target
