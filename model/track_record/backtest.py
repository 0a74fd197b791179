"""The backtest: forecasts from past dates that use only what was public then.

A forecast never uses later information: the ledger is cut at its origin, the parameters come from the fit of
the preceding January, and only outcomes decided since then reweight the draws.
"""

import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import chances, parallel
from ..evidence.ledger import Ledger
from ..evidence.record import Record, record
from ..files.csv_files import csv_text, four_decimals
from ..files.disk import write_atomic
from ..fit import fits, reweight, sampling
from ..paths import RECORD
from ..settings.params import Params
from .baselines import baseline_points
from .origins import COLUMNS, Point, is_scored, origin, origins, question_days, table
from .structures import FULL, Structure, backtested, reduced

TABLE = "backtest.csv.gz"
"""The file of the points, in the folder of a track record."""
DRAWS = {"chains": 2, "draws": 300, "tune": 400}
THIN = 2
"""Thinning step: neighbouring draws are nearly the same, so every second one is used."""
RHAT_MAX = 1.1
"""Largest R-hat of a January fit, whose chains are short; above it, the chains disagree."""


def january_fit(params: Params, ready: Any, past: Record, name: str, length: dict[str, int]) -> fits.Fit:
    """The fit of one January with chains of `length`, or longer chains if they disagree.

    Raises
    ------
    GateError
        If the chains still disagree at four times the length; such a fit must not be scored.
    """
    for times in (1, 2, 4):
        longer = length | {"draws": times * length["draws"], "tune": times * length["tune"]}
        tree = sampling.resample(ready, past, params, **longer)
        rhat = sampling.worst_rhat(tree)
        if rhat <= RHAT_MAX:
            draws = {name: values[::THIN] for name, values in sampling.draws_of(tree, past).items()}
            densities = reweight.log_densities(draws, params, past)
            return fits.Fit("", past.through, draws, {"rhat_max": rhat}, 0.0, False, "", densities=densities)
    raise fits.GateError(
        f"the fit of {name} did not converge, so nothing is scored: expected R-hat at most {RHAT_MAX}; "
        f"found {rhat:.2f}"
    )


class January(NamedTuple):
    """What was known at the start of a year, and the fit to it."""

    past: Record
    fitted: fits.Fit


JanuaryFitter = Callable[[Record, str], fits.Fit]
"""What makes the fit to a record; the text names the fit in an error."""
Januaries = dict[tuple[str, ...], January]
"""The fits of one January by the evidence that they do without."""


def januaries(
    params: Params, whole: Ledger, year: int, structures: Iterable[Structure], fit: JanuaryFitter
) -> Januaries:
    """The fits that the structures need for a year, from what was known at its start.

    A fit without some of the evidence is the fit to all of it, reweighted. If the weights are unreliable, it
    is made by `fit`, too.
    """
    before, name = whole.as_of(date(year - 1, 12, 31)), f"January {year}"
    past = record(before, params)
    full = fit(past, name)
    full = replace(full, densities=reweight.log_densities(full.draws, params, past))
    found = {(): January(past, full)}
    for without in {structure.without for structure in structures} - {()}:
        less = record(reduced(before, without), params)
        made = reweight.adapted(full, params, less)
        if made.pareto_k > reweight.PARETO_K_MAX:
            made = fit(less, " without ".join((name, *without)))
        found[without] = January(less, made)
    return found


def year_points(
    params: Params, whole: Ledger, known: Januaries, days: list[date], structures: Iterable[Structure]
) -> Iterator[Point]:
    """The points of origins in one year, with the parameters of its January fits.

    Scores need only the first Monday of each month and the days of the question-like set; on other days only
    the full model forecasts, for its weekly path.
    """
    structures = list(structures)
    for day in days:
        asked = origin(day, whole, params)
        now = [structure for structure in structures if structure == FULL or is_scored(day)]
        draws = {}
        for without in {structure.without for structure in now}:
            past, fitted = known[without]
            seen = record(reduced(asked.cut, without), params)
            draws[without] = reweight.update(fitted, past, seen).draws
        for structure in now:
            ahead = asked.ahead
            if structure != FULL:
                ahead = structure.ahead(asked.cut, day, asked.deadlines[-1], params)
            by_day = chances.chances(draws[structure.without], ahead).by_day
            columns = by_day[:, np.array(asked.horizons) - 1]
            lower, upper = np.quantile(columns, (0.05, 0.95), axis=0).tolist()
            yield from asked.points(structure.name, columns.mean(0).tolist(), lower, upper)


def run(
    params: Params, whole: Ledger, years: range, *, monthly: bool = False, workers: int = 2
) -> list[Point]:
    """All points of the backtest of `years` by date, horizon and model; every meeting counts.

    `monthly` keeps only the first Monday of each month; the days of the question-like set are always
    included.
    """
    params = params.plain
    mondays = origins(years[0], years[-1], monthly=True)
    scored = {*mondays, *(day for year in years for day in question_days(year))}
    jobs: dict[Any, tuple] = {"baselines": (partial(baseline_points, params, whole, sorted(scored)),)}
    jobs |= {year: (partial(_year, params, whole, year, monthly),) for year in reversed(years)}
    points = [point for _, found in parallel.done(_job, jobs, "years", workers) for point in found]
    return sorted(points, key=lambda p: (p.as_of, p.deadline, p.model))


def _job(work: partial[Iterator[Point]]) -> list[Point]:
    return list(work())


def _year(params: Params, whole: Ledger, year: int, monthly: bool) -> Iterator[Point]:
    days, structures = sorted({*origins(year, year, monthly), *question_days(year)}), backtested(whole)
    known = januaries(params, whole, year, structures, quickest(params, whole))
    return year_points(params, whole, known, days, structures)


def quickest(params: Params, whole: Ledger) -> JanuaryFitter:
    """How the backtest fits a January: from another fit (`fits.from_another`), or anew if none serves."""
    anew = sampled(params, whole)
    return lambda past, name: fits.from_another(params, past) or anew(past, name)


def sampled(params: Params, whole: Ledger, length: dict[str, int] = DRAWS) -> JanuaryFitter:
    """How a January is sampled; see `january_fit`."""
    return lambda past, name: january_fit(params, ready_for(params, whole), past, name, length)


_COMPILED: dict[str, Any] = {}


def ready_for(params: Params, whole: Ledger) -> Any:
    """The compiled model, built once per process and pair: years and structures change only its data."""
    pair = "-".join(params.sides)
    if pair not in _COMPILED:
        _COMPILED[pair] = sampling.compiled(params, record(whole, params))
    return _COMPILED[pair]


def save(points: Iterable[Point], path: Path = RECORD / TABLE) -> None:
    """Write points as a reproducible gzipped CSV: equal points give equal bytes."""
    text = csv_text(Point._fields, (map(four_decimals, row) for row in table(points).tolist()))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as stream:
        stream.write(text.encode())
    write_atomic(path, buffer.getvalue())


def load(path: Path = RECORD / TABLE) -> np.ndarray:
    """The table of points that `save` wrote, a structured array (point,)."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return np.loadtxt(stream, COLUMNS, delimiter=",", skiprows=1, ndmin=1)
