"""The study: tables from further fits that test the forecast and the backtest, saved under `RECORD`.

`make study` writes the tables; notebooks only read them, so that rendering never fits a model. Each table
depends only on params, ledger and backtest; `notebooks/rendered/record/README.md` describes the files.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .. import attendance, chances, parallel
from ..answer import explain, forecast, sweep
from ..evidence.ledger import Ledger
from ..evidence.outlook import Outlook, outlook
from ..evidence.record import Record, record
from ..evidence.rows import Occasion
from ..evidence.seasons import DAY, YEAR, first_year
from ..evidence.tone import general_ids
from ..files.disk import content_hash, write_atomic
from ..fit import fits, reweight, sampling
from ..paths import CACHE, PARAMS, RECORD, RENDERED, SWEEPS, TABLES, package_files
from ..settings.params import Params, load_params
from . import audit, backtest, datapackage, losses, origins, sbc
from .scores import brier, is_monthly, log_score, scores, year_of
from .structures import FULL, NAMED, NO_ADDITIONS, STRUCTURES, Structure, reduced
from .tables import load, save_table

LEFT_OUT = range(1993, 2025)
KNOWN_YEARS = (1995, 2001, 2013, 2018, 2021, 2023)
CHECKED, MEETING = date(2025, 10, 27), date(2025, 10, 30)
"""The last Monday of the replay, and the announced day of the meeting."""
REPLAY = SWEEPS / "replay.yaml"
SHUFFLES, REPEATS = 30, 5
FEW = {"chains": 2, "draws": 200, "tune": 400}
EVENTS = 3
LEDGERS = 50


def fit_of(params: Params, ready: Any, past: Record) -> fits.Fit:
    """The fit of a compiled model to a record; it is not stored."""
    tree = sampling.resample(ready, past, params)
    checks, _ = sampling.diagnose(tree, params)
    return fits.Fit("", past.through, sampling.draws_of(tree, past), checks, 0.0, False, "")


def headline(
    params: Params,
    ready: Any,
    learned: Ledger,
    seen: Ledger,
    structure: Structure = FULL,
    fewer_years: int = 0,
) -> dict[str, Any]:
    """The headline of a run fitted to one ledger and forecast from another, both cut at its as-of date.

    `error` is the Monte Carlo standard error.
    """
    q = params.question
    past = record(reduced(learned, structure.without), params)
    past = replace(past, years=past.years - fewer_years)
    fitted = fit_of(params, ready, past)
    draws = reweight.update(fitted, past, past).draws
    p = chances.by_deadline(draws, structure.ahead(seen, q.as_of, q.deadline, params))
    spread = forecast.spread(p, params.run.interval_mass)
    return {
        "as_of": q.as_of,
        "deadline": q.deadline,
        "probability": float(p.mean()),
        "lower": spread["lower"],
        "upper": spread["upper"],
        "error": forecast.monte_carlo_error(p, fitted),
        "passed": "yes" if fitted.diagnostics["ok"] else "no",
    }


def structures(params: Params, whole: Ledger) -> Iterator[dict]:
    """The headline of the default run under each named structure."""
    cut = whole.as_of(params.question.as_of)
    ready = sampling.compiled(params, record(cut, params))
    for structure in STRUCTURES:
        answer = headline(structure.params(params), ready, cut, cut, structure)
        yield {"structure": structure.name, "what": structure.what} | answer


def without_year(ledger: Ledger, year: int) -> Ledger:
    """The ledger without the occasions of a year; signals remain, because later seasons use them."""
    return with_occasions(
        ledger, tuple(o for o in ledger.occasions if o.start_date is None or o.start_date.year != year)
    )


def influence(params: Params, whole: Ledger) -> Iterator[dict]:
    """The headline of the default run with each year left out of the fit."""
    cut = whole.as_of(params.question.as_of)
    ready = sampling.compiled(params, record(cut, params))
    base = headline(params, ready, cut, cut)
    for year in LEFT_OUT:
        row = headline(params, ready, without_year(cut, year), cut, fewer_years=1)
        yield {"year": year} | row | {"change": row["probability"] - base["probability"]}


# The sampler


def samplers(params: Params, whole: Ledger) -> Iterator[dict]:
    """Posterior means of the default fit from PyMC's own sampler, compared with a long run of nutpie.

    `errors` is their difference in Monte Carlo standard errors, from the effective sample sizes of both.
    """
    import arviz_stats as az

    q, run = params.question, params.run
    cut = whole.as_of(q.as_of)
    past, ahead = record(cut, params), outlook(cut, q.as_of, q.deadline, params)
    longer = sampling.resample(
        sampling.compiled(params, past), past, params, draws=4 * run.draws, tune=4 * run.tune
    )
    ours, theirs = (
        sbc.quantities(params, past, ahead, draws)
        for draws in (fits.fit(params, past).draws, sampling.draws_of(longer, past))
    )

    def squared_error(values: np.ndarray) -> float:
        return values.var() / float(az.ess(values.reshape(run.chains, -1), method="mean"))

    for name in ours:
        difference = ours[name].mean() - theirs[name].mean()
        yield {
            "quantity": name,
            "pymc": ours[name].mean(),
            "nutpie": theirs[name].mean(),
            "errors": difference / np.sqrt(squared_error(ours[name]) + squared_error(theirs[name])),
        }


def with_occasions(ledger: Ledger, kept: tuple[Occasion, ...]) -> Ledger:
    """The ledger with only these occasions and the windows of their visits."""
    ids = {o.occasion_id for o in kept}
    windows = tuple(w for w in ledger.visit_windows if w.occasion_id in ids)
    return replace(ledger, occasions=kept, visit_windows=windows)


def thinned(ledger: Ledger, share: float, rng: np.random.Generator) -> Ledger:
    """A random ledger that keeps each signal and each occasion with probability `share`."""
    signals, occasions = (
        tuple(row for row, kept in zip(rows, rng.random(len(rows)) < share, strict=True) if kept)
        for rows in (ledger.signals, ledger.occasions)
    )
    return with_occasions(replace(ledger, signals=signals), occasions)


def agreement(reweighted: fits.Fit, anew: fits.Fit, ahead: Outlook) -> dict[str, float]:
    """The forecasts from a reweighted fit and a new one; `errors` is in Monte Carlo standard errors."""
    ours, theirs = (chances.by_deadline(each.draws, ahead) for each in (reweighted, anew))
    error = np.hypot(forecast.monte_carlo_error(ours, reweighted), forecast.monte_carlo_error(theirs, anew))
    return {
        "pareto_k": reweighted.pareto_k,
        "reweighted": ours.mean(),
        "fitted_anew": theirs.mean(),
        "errors": (ours.mean() - theirs.mean()) / error,
    }


def refits(params: Params, whole: Ledger) -> Iterator[dict]:
    """Forecasts from random ledgers on random days: reweighted for the time since, and with a new fit."""
    rng = np.random.default_rng(params.run.random_seed)
    ready = sampling.compiled(params, record(whole.as_of(params.question.as_of), params))
    for number in range(LEDGERS):
        as_of = date(2003, 1, 1) + int(rng.integers(0, 8000)) * DAY
        cut = thinned(whole, 0.8, rng).as_of(as_of)
        past, ahead = record(cut, params), outlook(cut, as_of, as_of + 180 * DAY, params)
        later = replace(past, years=past.years + past.idle)
        first = reweight.update(fit_of(params, ready, past), past, past)
        anew = fit_of(params, ready, later)
        days = round(past.idle * YEAR)
        row = {"ledger": number, "as_of": as_of, "signals": len(cut.signals), "days": days}
        yield row | agreement(first, anew, ahead)


# Earlier days


SHIPPED = 600
"""Draws of each fit that is shipped, at least."""


def shipped_fit(params: Params, ready: Any, past: Record) -> fits.Fit:
    """The fit of a compiled model to a record as it is shipped: its chains thinned, in single precision.

    Raises
    ------
    GateError
        Names the checks that failed before thinning.
    """
    tree = sampling.resample(ready, past, params)
    checks, failures = sampling.diagnose(tree, params)
    if failures:
        raise fits.GateError(f"the fit through {past.through} did not pass its checks: {'; '.join(failures)}")
    kept = sampling.thinned(tree, SHIPPED)
    checks["ess_min"] = sampling.diagnose(tree, params, kept)[0]["ess_min"]
    draws = {name: values.astype("float32") for name, values in sampling.draws_of(kept, past).items()}
    exact = {name: values.astype(float) for name, values in draws.items()}
    densities = reweight.log_densities(exact, params, past)
    rounded = {name: values.astype("float32") for name, values in densities.items()}
    model = fits.model_key(params)
    return fits.Fit("", past.through, draws, checks, 0.0, False, "", model=model, densities=rounded)


def januaries(params: Params, whole: Ledger) -> Iterator[dict]:
    """Ship the fit of each January, and forecast a day of its year from it and with a new fit.

    Forecasts of earlier days reweight these fits, see `fits.quick_fit`.
    """
    q, rng = params.question, np.random.default_rng(params.run.random_seed)
    ready = sampling.compiled(params, record(whole.as_of(q.as_of), params))
    for year in range(first_year(whole) + 1, q.as_of.year + 1):
        before = record(whole.as_of(date(year - 1, 12, 31)), params)
        path = RENDERED / fits.JANUARIES / f"{before.through}.npz"
        fits.save_fit(path, shipped_fit(params, ready, before))
        as_of = date(year, 1, 1) + int(rng.integers(0, 365)) * DAY
        cut = whole.as_of(as_of)
        now, ahead = record(cut, params), outlook(cut, as_of, as_of + 180 * DAY, params)
        ours = reweight.update(reweight.adapted(fits.stored(path), params, now), now, now)
        theirs = reweight.update(fit_of(params, ready, now), now, now)
        row = {"as_of": as_of, "fit_through": before.through, "effective_draws": ours.diagnostics["ess_min"]}
        yield row | agreement(ours, theirs, ahead)


def less_evidence(params: Params, whole: Ledger) -> Iterator[dict]:
    """Forecasts of each May without some of the evidence: from the January fit, reweighted, and a new fit."""
    ready, structures = backtest.ready_for(params, whole), (NAMED["no tone"], NO_ADDITIONS)
    for year in origins.scored_years(whole, params.question.as_of):
        known = backtest.januaries(params, whole, year, structures, backtest.quickest(params, whole))
        for structure in structures:
            past, ours = known[structure.without]
            theirs = reweight.update(fit_of(params, ready, past), past, past)
            as_of = date(year, 5, 15)
            ahead = structure.ahead(whole.as_of(as_of), as_of, as_of + 180 * DAY, params)
            found = agreement(reweight.update(ours, past, past), theirs, ahead)
            yield {"as_of": as_of, "structure": structure.name} | found


# Well-known years


def paths(params: Params, whole: Ledger, points: np.ndarray) -> Iterator[dict]:
    """The full model's weekly forecasts of well-known years; those before the backtest get a new fit."""
    tables = [points]
    for year in (year for year in KNOWN_YEARS if year < points["as_of"].min().item().year):
        days, quickest = origins.origins(year, year), backtest.quickest(params, whole)
        known = backtest.januaries(params, whole, year, (FULL,), quickest)
        tables.insert(0, origins.table(backtest.year_points(params, whole, known, days, (FULL,))))
    names = {o.met_date: o.name for o in reversed(whole.occasions) if o.met}
    weekly = losses.to_year_end(np.concatenate(tables))
    for row in weekly[np.isin(year_of(weekly["as_of"]), KNOWN_YEARS)]:
        columns = ("as_of", "deadline", "probability", "lower", "upper", "outcome")
        point = dict(zip(columns, row[[*columns]].item(), strict=True))
        met = min((day for day in names if point["as_of"] < day <= point["deadline"]), default=None)
        yield point | {"met_date": met or "", "place": names.get(met, "")}


# The placebo


def shuffled(whole: Ledger, number: int) -> Ledger:
    """The ledger with each year's general signals replaced by those of another year, shifted by whole years.

    Signals about an occasion do not move, nor do those of the last, incomplete year.
    """
    years = np.array(LEFT_OUT)
    rng = np.random.default_rng(number)
    order = rng.permutation(years)
    while (order == years).any():
        order = rng.permutation(years)
    to = dict(zip(years.tolist(), order.tolist(), strict=True))
    general = general_ids(whole)

    def moved(signal):
        year = signal.public_date.year
        if signal.event_id not in general or year not in to:
            return signal
        shift = date(to[year], 1, 1) - date(year, 1, 1)
        return replace(signal, event_date=signal.event_date + shift, public_date=signal.public_date + shift)

    signals = sorted(map(moved, whole.signals), key=lambda s: (s.public_date, s.event_id))
    return replace(whole, signals=tuple(signals))


def monthly_scores(
    params: Params, ledger: Ledger, years: range, structure: Structure = FULL
) -> dict[str, float]:
    """Both scores over weeks 1-26 of the monthly origins; each year uses a January fit with few draws."""
    fit, points = backtest.sampled(params, ledger, FEW), []
    for year in years:
        days = origins.origins(year, year, monthly=True)
        known = backtest.januaries(params, ledger, year, (structure,), fit)
        points += backtest.year_points(params, ledger, known, days, (structure,))
    points = origins.table(points)
    scored = points[is_monthly(points)]
    p, y = scored["probability"], scored["outcome"]
    return {"brier": float(brier(p, y).mean()), "log_score": float(log_score(p, y).mean())}


def one_placebo(signals: str, number: int) -> dict[str, Any]:
    """The row of one placebo job; `number` sets the shuffle and the random seed of the sampler."""
    params = load_params(random_seed=load_params().run.random_seed + number).plain
    whole = forecast.read(params)
    ledger = shuffled(whole, number) if signals == "shuffled" else whole
    structure = NAMED["no tone"] if signals == "none" else FULL
    years = origins.scored_years(whole, params.question.as_of)
    found = monthly_scores(params, ledger, years, structure)
    return {"signals": signals, "number": number} | found


def placebo(params: Params, whole: Ledger, workers: int = 2) -> list[dict]:
    """Both scores with the general signals of other years, the true signals, and none; one row per run.

    The last two are repeated with different random seeds, to show how much sampling noise changes a score.
    After an interruption, finished jobs are read from `.cache`.
    """
    journal = CACHE / "study" / f"placebo-{inputs_hash()[:16]}.csv"
    jobs = {("shuffled", number) for number in range(1, SHUFFLES + 1)}
    jobs |= {(signals, number) for signals in ("own", "none") for number in range(1, REPEATS + 1)}
    done = {(row["signals"], row["number"]): row for row in load(journal)}
    todo = {job: job for job in sorted(jobs, key=lambda job: (job[1], job[0])) if job not in done}
    for job, row in parallel.done(one_placebo, todo, "placebo", workers):
        done[job] = row
        save_table([done[key] for key in sorted(done)], journal)
    return [done[key] for key in sorted(done)]


def inputs_hash() -> str:
    """Hash of everything that determines a fit: params, ledger and the modules of the model."""
    code = [path for path in package_files() if path.suffix == ".py" and "report" not in path.parts]
    files = [*sorted(PARAMS.glob("*.yaml")), *TABLES.values(), *code]
    return content_hash(*(path.read_bytes() for path in files))


# The replay of 2025


def replay(params: Params, whole: Ledger) -> None:
    """Write the weekly replay of 2025: `summit sweep params/sweeps/replay.yaml`."""
    rows = sweep.of_file(REPLAY, sweep.load_sweep(REPLAY), forecast.Sources())
    write_atomic(RECORD / "replay.csv", sweep.table(rows))


def replay_events(params: Params, whole: Ledger) -> dict[str, list[dict]]:
    """The events that moved the replay most in each week, and the checks of the replay.

    `probability` equals that of the week's row in the replay, which shows that the tables belong together.
    """
    through, deadline, weeks = sweep.load_sweep(REPLAY).fit_through, params.question.deadline, load("replay")
    rows = []
    for last, week in pairwise(weeks):
        before, day = (date.fromisoformat(row["as_of"]) for row in (last, week))
        draws = forecast.fit_as_of(params, whole, day, fits.fit, through).draws
        found = explain.news(draws, whole.as_of(day), before, shares(last), day, deadline, params)
        rows += [{"as_of": day, "probability": week["probability"]} | row for row in largest(found)]
    kept = attendance.promise(draws, (MEETING - CHECKED).days, params.priors.structure.at_risk)
    by_week = {week["as_of"]: shares(week) for week in weeks}
    return {"replay_events": rows, "replay_checks": losses.replay_checks(weeks, by_week, float(kept.mean()))}


def largest(found: list[dict]) -> list[dict]:
    """The `EVENTS` most important news of a week, without those that would print as zero."""
    return [row for row in found[:EVENTS] if abs(row["effect"]) >= explain.NOTICED]


def shares(week: Mapping[str, Any]) -> dict[str, float]:
    """The probabilities of a first meeting by cause, from a row of a sweep."""
    columns = {name.removeprefix(sweep.SHARE): value for name, value in week.items() if sweep.SHARE in name}
    return {cause: value for cause, value in columns.items() if value != ""}


# The tables


def track_record(params: Params, whole: Ledger, folder: Path = RECORD) -> dict[str, list[dict]]:
    """The tables that are computed from the backtest saved in a folder."""
    points = backtest.load(folder / backtest.TABLE)
    yearly, missed = losses.by_year(points), losses.misses(points, whole)
    return {
        "scores": scores(points),
        "by_year": yearly,
        "gains": losses.gains(yearly),
        "misses": missed,
        "miss_events": losses.miss_events(missed, whole, params.sides),
        "reliability": losses.reliability(points),
        "decomposition": losses.decomposition(points),
        "drift": losses.drift(points, whole),
    }


MADE: dict[str, Callable[[Params, Ledger], Any]] = {
    "structures": structures,
    "influence": influence,
    "samplers": samplers,
    "refits": refits,
    "januaries": januaries,
    "less_evidence": less_evidence,
    "paths": lambda params, whole: paths(params, whole, backtest.load()),
    "replay": replay,
    "replay_events": replay_events,
    "track_record": track_record,
    "placebo": placebo,
    "audit": lambda params, whole: audit.fates(whole, params.sides, audit.trips()),
}
"""The function of each table: it returns rows, or tables by name, or None if it writes its own file."""


def main(argv: list[str] | None = None) -> None:
    """Write the tables named on the command line, or all but `januaries`, which the backtest needs first."""
    options = argparse.ArgumentParser(
        prog="python -m model.track_record.study", description=__doc__.splitlines()[0]
    )
    options.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"some of {', '.join(MADE)}; all but januaries by default"
    )
    names = options.parse_args(argv).tables or [name for name in MADE if name != "januaries"]
    if unknown := [name for name in names if name not in MADE]:
        options.error(f"unknown table {unknown[0]}; one of {', '.join(MADE)}")
    params = load_params().plain
    whole = forecast.read(params)
    for name in names:
        made = MADE[name](params, whole)
        tables = made if isinstance(made, dict) else {name: made}
        print(*save({table: rows for table, rows in tables.items() if rows is not None}), sep="\n")
    datapackage.write(RECORD)


def save(tables: Mapping[str, Any], folder: Path = RECORD) -> list[Path]:
    """Write tables into a folder, remove those without rows, and return the files that are then there."""
    paths = []
    for table, rows in tables.items():
        path, lines = folder / f"{table}.csv", list(rows)
        if lines:
            save_table(lines, path)
            paths.append(path)
        else:
            path.unlink(missing_ok=True)
    return paths


if __name__ == "__main__":
    main()
