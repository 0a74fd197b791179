"""The study: what further fits say of the forecast and of its record, kept as tables under `RECORD`.

`make study` makes them; notebooks only read them, so that rendering never fits. Each table is a function of params,
ledger and backtest alone; `notebooks/rendered/record/README.md` says which file holds what.
"""

import argparse
import csv
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from .. import attendance, chances, parallel
from ..answer import explain, forecast
from ..evidence.ledger import Ledger
from ..evidence.outlook import outlook
from ..evidence.record import Record, record
from ..evidence.rows import Occasion
from ..evidence.seasons import DAY, YEAR, meetings
from ..evidence.tone import about_occasions
from ..files.disk import content_hash, write_atomic
from ..fit import fits
from ..paths import CACHE, PARAMS, SWEEPS, TABLES, package_files
from ..settings.params import Params, load_params
from . import audit, backtest, losses
from .backtest import FULL, RECORD, Structure, brier, log_score

LEFT_OUT = range(1993, 2025)
KNOWN_YEARS = (1995, 2001, 2013, 2018, 2021, 2023)
CHECKED, MEETING = date(2025, 10, 27), date(2025, 10, 30)
"""The last Monday of the replay and the day announced for the meeting."""
REPLAY = SWEEPS / "replay.yaml"
SHUFFLES, REPEATS = 30, 5
FEW = {"chains": 2, "draws": 200, "tune": 400}
EVENTS = 3
LEDGERS = 50


@dataclass(frozen=True)
class Variant:
    """The default run under another structure: what differs, in words and in the ways a run can differ.

    `choices` are entries of `structure` in the priors file.
    """

    name: str
    what: str
    structure: Structure = FULL
    choices: Mapping[str, int] = field(default_factory=dict)
    unchecked: bool = True


NAMED = {structure.name: structure for structure in backtest.STRUCTURES}
VARIANTS = (
    Variant("full", "The model as published"),
    Variant("no attendance words", "Words about who comes are not heard", NAMED["no attendance words"]),
    Variant("no tone", "Signals that name no occasion are not seen", NAMED["no tone"]),
    Variant("no planning", "Planning and doubt about a meeting are not heard", NAMED["no planning"]),
    Variant("no again", "Visits put off are not expected again", NAMED["no again"]),
    Variant(
        "no additions", "Without the rows searched where an earlier model lost most", NAMED["no additions"]
    ),
    Variant("calendar alone", "The calendar and who came, nothing that was said", NAMED["calendar alone"]),
    Variant("season gap 21", "Occasions over 21 days apart are separate seasons", choices={"season_gap": 21}),
    Variant("season gap 45", "Occasions up to 45 days apart are one season", choices={"season_gap": 45}),
    Variant("tone half-life 60", "A signal counts half after 60 days", choices={"tone_half_life": 60}),
    Variant("tone half-life 180", "A signal counts half after 180 days", choices={"tone_half_life": 180}),
    Variant("checked rows only", "Without the signals for which no page was found", unchecked=False),
)


def with_choices(params: Params, variant: Variant) -> Params:
    """The params of a variant."""
    structure = params.priors.structure.model_copy(update=dict(variant.choices))
    return replace(params, priors=params.priors.model_copy(update={"structure": structure}))


def fit_of(params: Params, ready: Any, past: Record) -> tuple[fits.Fit, list[str]]:
    """The fit of a compiled model to a record, and what is wrong with it; it is not stored."""
    tree = fits.resample(ready, past, params)
    checks, failures = fits.diagnose(tree, params)
    return fits.Fit("", past.through, fits.draws_of(tree, past), checks, 0.0, False, ""), failures


def asked(
    params: Params,
    ready: Any,
    learned: Ledger,
    seen: Ledger,
    structure: Structure = FULL,
    fewer_years: int = 0,
) -> dict[str, Any]:
    """The headline of a run fitted to one ledger and asked of another, both cut at its as-of date."""
    q = params.question
    past = record(NAMED[structure.fit].sees(learned), params)
    past = replace(past, years=past.years - fewer_years)
    fitted, failures = fit_of(params, ready, past)
    draws = fits.update(fitted, past, past, q.as_of).draws
    p = chances.by_deadline(draws, structure.ahead(seen, q.as_of, q.deadline, params))
    spread = forecast.spread(p, params.run.interval_mass)
    return {
        "as_of": q.as_of,
        "deadline": q.deadline,
        "probability": float(p.mean()),
        "lower": spread["lower"],
        "upper": spread["upper"],
        "error": forecast.monte_carlo_error(p, fitted),
        "passed": "no" if failures else "yes",
    }


def structures(params: Params, whole: Ledger) -> Iterator[dict]:
    """The headline of the default run under each named structure, one row each; `error` is that of the sampling."""
    cut = whole.as_of(params.question.as_of)
    ready = fits.compiled(params, record(cut, params))
    for variant in VARIANTS:
        own = with_choices(params, variant)
        ledger = (
            cut if variant.unchecked else replace(cut, signals=tuple(s for s in cut.signals if s.checked))
        )
        answer = asked(own, ready, ledger, ledger, variant.structure)
        yield {"structure": variant.name, "what": variant.what} | answer


def samplers(params: Params, whole: Ledger) -> Iterator[dict]:
    """Posterior means of the default fit, by PyMC's own sampler, beside those of a long run of nutpie, one row a quantity.

    `errors` is their difference in Monte Carlo standard errors, from the effective sample sizes of both.
    """
    import arviz_stats as az

    from . import sbc

    q, chains = params.question, params.run.chains
    cut = whole.as_of(q.as_of)
    past, ahead = record(cut, params), outlook(cut, q.as_of, q.deadline, params)
    found, run = [], params.run
    longer = fits.resample(fits.compiled(params, past), past, params, draws=4 * run.draws, tune=4 * run.tune)
    for p in (fits.fit(params, past).draws, fits.draws_of(longer, past)):
        chosen = sbc.scalars(params, past, p) | {sbc.HEADLINE: chances.by_deadline(p, ahead)}
        found.append(
            {
                name: (values.mean(), values.var() / float(az.ess(values.reshape(chains, -1), method="mean")))
                for name, values in chosen.items()
            }
        )
    for name in found[0]:
        (ours, error), (theirs, other) = (each[name] for each in found)
        yield {
            "quantity": name,
            "pymc": ours,
            "nutpie": theirs,
            "errors": (ours - theirs) / np.sqrt(error + other),
        }


def with_occasions(ledger: Ledger, kept: tuple[Occasion, ...]) -> Ledger:
    """The ledger with these of its occasions, and the windows of their visits."""
    ids = {o.occasion_id for o in kept}
    return replace(
        ledger, occasions=kept, visit_windows=tuple(w for w in ledger.visit_windows if w.occasion_id in ids)
    )


def thinned(ledger: Ledger, share: float, rng: np.random.Generator) -> Ledger:
    """A random ledger: each signal and each occasion of another one with the chance `share`."""
    signals, occasions = (
        tuple(row for row, kept in zip(rows, rng.random(len(rows)) < share, strict=True) if kept)
        for rows in (ledger.signals, ledger.occasions)
    )
    return with_occasions(replace(ledger, signals=signals), occasions)


def refits(params: Params, whole: Ledger) -> Iterator[dict]:
    """The forecast of random ledgers as of random days, reweighted for the time since the last outcome and fitted anew.

    `errors` is their difference in Monte Carlo standard errors.
    """
    rng = np.random.default_rng(params.run.random_seed)
    ready = fits.compiled(params, record(whole.as_of(params.question.as_of), params))
    for number in range(LEDGERS):
        as_of = date(2003, 1, 1) + int(rng.integers(0, 8000)) * DAY
        cut = thinned(whole, 0.8, rng).as_of(as_of)
        past, ahead = record(cut, params), outlook(cut, as_of, as_of + 180 * DAY, params)
        later = replace(past, years=past.years + (as_of - past.through).days / YEAR)
        first, anew = (fit_of(params, ready, each)[0] for each in (past, later))
        first = fits.update(first, past, past, as_of)
        ours, theirs = (chances.by_deadline(each.draws, ahead) for each in (first, anew))
        error = np.hypot(forecast.monte_carlo_error(ours, first), forecast.monte_carlo_error(theirs, anew))
        yield {
            "ledger": number,
            "as_of": as_of,
            "signals": len(cut.signals),
            "days": (as_of - past.through).days,
            "pareto_k": first.pareto_k,
            "reweighted": ours.mean(),
            "fitted_anew": theirs.mean(),
            "errors": (ours.mean() - theirs.mean()) / error,
        }


def without_year(ledger: Ledger, year: int) -> Ledger:
    """The ledger without the occasions of a year; its signals stay, since other years' seasons look back on them."""
    return with_occasions(
        ledger, tuple(o for o in ledger.occasions if o.start_date is None or o.start_date.year != year)
    )


def influence(params: Params, whole: Ledger) -> Iterator[dict]:
    """The headline of the default run with each year left out of the record it learns from."""
    cut = whole.as_of(params.question.as_of)
    ready = fits.compiled(params, record(cut, params))
    base = asked(params, ready, cut, cut)
    for year in LEFT_OUT:
        row = asked(params, ready, without_year(cut, year), cut, fewer_years=1)
        yield {"year": year} | row | {"change": row["probability"] - base["probability"]}


def paths(params: Params, whole: Ledger, points: list[backtest.Point]) -> Iterator[dict]:
    """The full model's forecasts of well-known years, every Monday to 31 December; years before the backtest anew."""
    early = [year for year in KNOWN_YEARS if year < backtest.FIRST_YEAR]
    for year in early:
        ready = backtest.ready_for(params, whole)
        points = [
            *backtest.year_points(params, whole, ready, year, backtest.origins(year, year), (FULL,)),
            *points,
        ]
    first = {o.met_date: o.name for o in reversed(whole.occasions) if o.met}
    for p in points:
        if (
            p.model == FULL.name
            and p.as_of.year in KNOWN_YEARS
            and p.as_of.weekday() == 0
            and p.deadline == date(p.as_of.year, 12, 31)
        ):
            met = min((day for day in first if p.as_of < day <= p.deadline), default=None)
            yield {
                "as_of": p.as_of,
                "deadline": p.deadline,
                "probability": p.probability,
                "lower": p.lower,
                "upper": p.upper,
                "outcome": p.outcome,
                "met_date": met or "",
                "place": first.get(met, ""),
            }


def shuffled(whole: Ledger, number: int) -> Ledger:
    """The ledger with each year's general signals replaced by those of another year, moved by whole years.

    Signals about an occasion stay where they are, and so does the last, open year.
    """
    years = list(LEFT_OUT)
    rng = np.random.default_rng(number)
    order = rng.permutation(years)
    while any(new == old for new, old in zip(order, years, strict=True)):
        order = rng.permutation(years)
    to = {old: int(new) for old, new in zip(years, order, strict=True)}
    about = about_occasions(whole)

    def moved(signal):
        if signal.event_id in about or signal.public_date.year not in to:
            return signal
        old = signal.public_date.year
        shift = date(to[old], 1, 1) - date(old, 1, 1)
        return replace(signal, event_date=signal.event_date + shift, public_date=signal.public_date + shift)

    return replace(
        whole, signals=tuple(sorted(map(moved, whole.signals), key=lambda s: (s.public_date, s.event_id)))
    )


def monthly_scores(
    params: Params, ready: Any, ledger: Ledger, structure: Structure = FULL
) -> dict[str, float]:
    """Both scores over weeks 1-26 of the monthly origins, each year with its January fit of few draws."""
    met, losses_found = meetings(ledger), []
    for year in range(backtest.FIRST_YEAR, backtest.LAST_YEAR + 1):
        seen = structure.sees(ledger)
        past = record(seen.as_of(date(year - 1, 12, 31)), params)
        january = backtest.january_fit(params, ready, past, f"{structure.name}, January {year}", FEW)
        for day in backtest.origins(year, year, monthly=True):
            cut = ledger.as_of(day)
            now = fits.update(january, past, record(structure.sees(cut), params), day).draws
            ahead = structure.ahead(cut, day, day + int(backtest.WEEKS[-1]) * 7 * DAY, params)
            p = chances.chances(now, ahead).by_day[:, 7 * backtest.WEEKS - 1].mean(0)
            y = np.array([backtest.happened(met, day, day + int(week) * 7 * DAY) for week in backtest.WEEKS])
            losses_found.append((brier(p, y).mean(), log_score(p, y).mean()))
    return dict(zip(("brier", "log_score"), map(float, np.mean(losses_found, axis=0)), strict=True))


_READY: dict[str, Any] = {}


def one_placebo(signals: str, number: int) -> dict[str, Any]:
    """The row of one placebo job; `number` decides the shuffle and the random stream of the sampler."""
    if not _READY:
        os.nice(10)
        params = load_params()
        _READY.update(params=params, whole=forecast.read(params))
    params, whole = _READY.values()
    own = replace(params, run=params.run.model_copy(update={"random_seed": params.run.random_seed + number}))
    ledger = shuffled(whole, number) if signals == "shuffled" else whole
    structure = NAMED["no tone"] if signals == "none" else FULL
    return {"signals": signals, "number": number} | monthly_scores(
        own, backtest.ready_for(params, whole), ledger, structure
    )


def placebo(params: Params, whole: Ledger, workers: int = 2) -> list[dict]:
    """Both scores with the general signals of other years, one row a shuffle, beside the true signals and none at all.

    The last two are repeated with other random streams, which shows what the sampling alone does to a score. What a run
    that was stopped had finished is taken from `.cache`.
    """
    journal = CACHE / "study" / f"placebo-{inputs_hash()[:16]}.csv"
    wanted = [
        (kind, number)
        for number in range(1, SHUFFLES + 1)
        for kind in ("own", "none", "shuffled")
        if kind == "shuffled" or number <= REPEATS
    ]
    done = {(row["signals"], row["number"]): row for row in (load(journal) if journal.exists() else ())}
    for job, row in parallel.done(
        one_placebo, {job: job for job in wanted if job not in done}, "placebo", workers
    ):
        done[job] = row
        backtest.save_table([done[key] for key in sorted(done)], journal)
    return [done[key] for key in sorted(done)]


def inputs_hash() -> str:
    """Hash of all that decides a fit: params, ledger and the modules of the model."""
    code = (path for path in package_files() if path.suffix == ".py" and "report" not in path.parts)
    files = [*sorted(PARAMS.glob("*.yaml")), *TABLES.values(), *code]
    return content_hash(*(Path(path).read_bytes() for path in files))


def replay(params: Params, whole: Ledger) -> None:
    """Write the weekly replay of 2025: `summit sweep params/sweeps/replay.yaml`."""
    from ..answer import sweep

    write_atomic(
        RECORD / "replay.csv",
        sweep.table(sweep.of_file(REPLAY, sweep.load_sweep(REPLAY), forecast.Sources())),
    )


def replay_events(params: Params, whole: Ledger) -> dict[str, list[dict]]:
    """What moved the replay most in each of its weeks, and what must hold of the replay.

    `probability` is that of a week's row of the replay, by which the tables are known to belong together.
    """
    from ..answer.sweep import load_sweep

    through, deadline, weeks = load_sweep(REPLAY).fit_through, params.question.deadline, load("replay")
    rows = []
    for last, week in itertools.pairwise(weeks):
        before, day = (date.fromisoformat(row["as_of"]) for row in (last, week))
        draws = forecast.fit_as_of(params, whole, day, fits.fit, through).draws
        found = explain.news(draws, whole.as_of(day), before, shares(last), day, deadline, params)
        rows += [{"as_of": day, "probability": week["probability"]} | row for row in largest(found)]
    kept = attendance.promise(draws, (MEETING - CHECKED).days, params.priors.structure.at_risk)
    return {"replay_events": rows, "replay_checks": losses.replay_checks(weeks, float(kept.mean()))}


def largest(found: list[dict]) -> list[dict]:
    """Of the news of a week the `EVENTS` that count most, and none that would print as zero."""
    return [row for row in found[:EVENTS] if abs(row["effect"]) >= 0.0005]


def shares(week: Mapping[str, Any]) -> dict[str, float]:
    """The chances of a first meeting by cause, of a row of a sweep."""
    return {name: float(value) for name, value in (part.split("=") for part in week["shares"].split(";"))}


def load(name: str | Path) -> list[dict[str, Any]]:
    """The rows of a table of the record, or of a CSV file; numbers as numbers, days as text, no rows without a file."""
    path = name if isinstance(name, Path) else RECORD / f"{name}.csv"
    if not path.exists():
        return []
    return [
        {key: _number(value) for key, value in row.items()}
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
    ]


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def track_record(points: list[backtest.Point], whole: Ledger) -> dict[str, list[dict]]:
    """The tables that are arithmetic on the backtest."""
    yearly = losses.by_year(points)
    return {
        "by_year": yearly,
        "gains": losses.gains(yearly),
        "misses": losses.misses(points, whole),
        "reliability": losses.reliability(points),
        "decomposition": losses.decomposition(points),
        "drift": losses.drift(points, whole),
    }


def main(argv: list[str] | None = None) -> None:
    """Make the tables named on the command line, or all."""
    made: dict[str, Callable[[Params, Ledger], Any]] = {
        "structures": structures,
        "influence": influence,
        "samplers": samplers,
        "refits": refits,
        "paths": lambda params, whole: paths(params, whole, backtest.load()),
        "replay": replay,
        "replay_events": replay_events,
        "track_record": lambda params, whole: track_record(backtest.load(), whole),
        "placebo": placebo,
        "audit": lambda params, whole: audit.by_year(whole, params.sides),
    }
    options = argparse.ArgumentParser(prog="python -m model.study", description=__doc__.splitlines()[0])
    options.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"some of {', '.join(made)}; all by default"
    )
    names = options.parse_args(argv).tables or list(made)
    if unknown := [name for name in names if name not in made]:
        options.error(f"unknown table {unknown[0]}; one of {', '.join(made)}")
    params = load_params()
    whole = forecast.read(params)
    for name in names:
        rows = made[name](params, whole)
        for table, lines in (rows if isinstance(rows, dict) else {name: rows}).items():
            if lines is not None:
                backtest.save_table(list(lines), RECORD / f"{table}.csv")
                print(RECORD / f"{table}.csv")


if __name__ == "__main__":
    main()
