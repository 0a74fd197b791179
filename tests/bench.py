"""Benchmarks: `make bench` measures run times as ratios within one run and saves them as a table.

Every row compares two timings taken in turn, so that a busy machine slows both. The range is the smallest and
the largest of the repeats. Process times include imports. `make bench ARGS="answer start"` runs two rows.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import model  # noqa: F401  (one BLAS thread and the caches, before NumPy is imported)
from model import chances
from model.answer import forecast, sweep
from model.evidence import ledger
from model.evidence.outlook import outlook
from model.evidence.record import record as record_of
from model.fit import fits
from model.paths import ROOT
from model.report import build, notebook
from model.settings.params import load_params
from model.track_record import backtest

TABLE = backtest.RECORD / "bench.csv"
SUMMIT = [sys.executable, "-m", "model"]
PLAIN = """
import pymc as pm
from model import chances, summit
from model.answer import forecast
from model.evidence import outlook, record
from model.settings.params import load_params
params = load_params(random_seed={seed}, priors={priors!r})
whole = forecast.read(params, forecast.Sources(signals=[{signals!r}] if {signals!r} else []))
as_of, deadline = params.question.as_of, params.question.deadline
past = record.record(whole.as_of(as_of), params)
with summit.build(params, past):
    tree = pm.sample(1000, tune=1000, chains=4, cores=2, target_accept=params.run.target_accept, random_seed={seed},
                     progressbar=False, nuts_sampler="{sampler}")
"""
HEADLINE = """
import arviz as az
draws = tree["posterior"].to_dataset().stack(sample=("chain", "draw")).transpose("sample", ...)
norm = past.norm + 0 * draws["held"].values
p = chances.by_deadline({name: draws[name].values for name in draws.data_vars} | {"norm": norm},
                        outlook.outlook(whole.as_of(as_of), as_of, deadline, params))
print(float(az.ess(p.reshape(4, -1))))
"""
IMPORTS = (
    "model",
    "model.report.build",
    "model.report.show",
    "model.report.tables",
    "model.report.figures",
    "model.fit.predictive",
    "model.track_record.study",
    "model.answer.sensitivity",
    "model.report.structure_figures",
    "model.report.tuning_figures",
    "model.report.record_figures",
    "model.report.whatif",
    "model.report.expectations",
    "matplotlib.pyplot",
    "arviz",
    "ipywidgets",
    "scipy.stats",
)


@dataclass(frozen=True)
class Row:
    """One comparison over the repeats: `ratio`, by default median `seconds` / median `against_seconds`."""

    row: str
    what: str
    ratio: float
    smallest: float
    largest: float
    repeats: int
    seconds: float
    against_seconds: float
    target: str


def clock(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def process(*command: str, **environment: str) -> str:
    """The output of a process; raises an error if it fails."""
    return subprocess.run(
        command,
        check=True,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    ).stdout


def plain(
    seed: int, sampler: str = "pymc", more: str = "", *, priors: str | None = None, signals: str = ""
) -> str:
    """The output of a minimal script that samples the model with pm.sample and then runs `more`."""
    script = PLAIN.format(seed=seed, sampler=sampler, priors=priors, signals=signals) + more
    return process(sys.executable, "-c", script)


def one_more(path: Path, day: date, number: int) -> None:
    """Write a ledger file with one general signal that is not in the seeds."""
    header, line = (ROOT / "seeds" / "signals.csv").read_text("utf-8").splitlines()[:2]
    path.write_text(f"{header}\n{day}-bench-{number},{day},{day},{line.split(',', 3)[3]}\n", "utf-8")


def compared(
    row: str,
    what: str,
    target: str,
    work: Callable[[], object],
    against: Callable[[], object],
    repeats: int = 5,
) -> Row:
    """Time `work` and `against` in turn, and return how many times as long `work` takes."""
    pairs = [(clock(work), clock(against)) for _ in range(repeats)]
    ratios = [mine / theirs for mine, theirs in pairs]
    mine, theirs = (statistics.median(column) for column in zip(*pairs))
    return Row(row, what, statistics.median(ratios), min(ratios), max(ratios), repeats, mine, theirs, target)


def answer() -> Iterator[Row]:
    """(a) Within a process: the stored fit against a new fit."""
    params = load_params()
    whole, q = forecast.read(params), params.question
    past = record_of(whole.as_of(q.as_of), params)
    run = forecast.run(params)

    def refit() -> None:
        fits.sample(params, past)

    def number() -> None:
        chances.by_deadline(run.draws, outlook(whole.as_of(q.as_of), q.as_of, q.deadline, params))

    yield compared("a", "a refit, against the number from draws at hand", ">= 500", refit, number, 3)
    yield compared(
        "a",
        "a refit, against the whole forecast with reasons and stored fit",
        "",
        refit,
        lambda: forecast.run(params),
        3,
    )


def start() -> Iterator[Row]:
    """(b) `summit forecast` from the stored fit, help and check, against plain Python with NumPy."""
    forecast.run(load_params())

    def bare() -> str:
        return process(sys.executable, "-c", "import numpy")

    for words, target in ((["forecast"], "<= 4, < 1 s"), (["check"], "< 0.5 s"), (["--help"], "< 0.5 s")):
        process(*SUMMIT, *words)
        yield compared(
            "b",
            f"summit {' '.join(words)}, against importing NumPy",
            target,
            lambda: process(*SUMMIT, *words),
            bare,
            9,
        )


def stale() -> Iterator[Row]:
    """(c) `summit forecast` that needs a new fit, against a minimal script with pm.sample on the same model.

    The causes of a stale fit differ in how much must be compiled: nothing for a random seed or a past general
    signal, much for a prior.
    """
    seeds = iter(range(int(time.time()) % 10**6 * 100, 10**9))
    told, some = (ROOT / "params" / "priors.yaml").read_text("utf-8"), "scale: 2.0}"
    assert some in told
    with tempfile.TemporaryDirectory(dir=build.CACHE) as place:
        priors, signals = Path(place) / "priors.yaml", Path(place) / "more.csv"
        files = {
            "the random seed": {},
            "a prior": {"priors": str(priors)},
            "a row of the past": {"signals": str(signals)},
        }

        def another() -> int:
            """The random seed of a run that never ran before; the other two files are new as well."""
            seed = next(seeds)
            priors.write_text(told.replace(some, f"{some[:-1]}{seed}}}"), "utf-8")
            one_more(signals, date(2016, 1, 1) + timedelta(days=seed % 300), seed)
            return seed

        for changed, given in files.items():
            words = [word for name, path in given.items() for word in (f"--{name}", path)]
            yield compared(
                "c",
                f"summit forecast with a stale fit ({changed} changed), against a script with pm.sample",
                "<= 1",
                lambda: process(*SUMMIT, "forecast", "--random-seed", str(another()), *words),
                lambda: plain(another(), **given),
                3,
            )


def rendered() -> Iterator[Row]:
    """(d) The report after one new row, against papermill with equally many notebooks that only import."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    number = iter(range(10**6))
    with tempfile.TemporaryDirectory(dir=build.CACHE) as place:
        folder, extra = Path(place), Path(place) / "more.csv"
        bare = []
        for source in notebook.sources():
            cell = new_code_cell("\n".join(f"import {name}" for name in IMPORTS))
            parameters = new_code_cell("number = 0", metadata={"tags": ["parameters"]})
            written = new_notebook(
                cells=[parameters, cell],
                metadata={
                    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
                },
            )
            bare.append(folder / source.name)
            nbformat.write(written, bare[-1])

        def ours() -> None:
            one_more(extra, date(2025, 7, 1), next(number))
            build.render(load_params(), forecast.Sources(signals=(extra,)), out_dir=folder / "report")

        def theirs() -> None:
            notebook.execute(bare, {"number": 1})

        ours(), theirs()
        yield compared(
            "d", "the report after one new row, against notebooks that only import", "<= 1.5", ours, theirs, 3
        )


def samplers() -> Iterator[Row]:
    """(e) Effective samples of the headline per second, whole process: PyMC's own sampler against nutpie."""
    rates: dict[str, list[float]] = {"pymc": [], "nutpie": []}
    for n in range(3):
        for sampler, found in rates.items():
            begin = time.perf_counter()
            found.append(float(plain(1000 + n, sampler, HEADLINE)) / (time.perf_counter() - begin))
    ratios = [mine / theirs for mine, theirs in zip(*rates.values())]
    yield Row(
        "e",
        "effective samples a second, PyMC (the default) against nutpie: per second in place of seconds",
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        len(ratios),
        *map(statistics.median, rates.values()),
        ">= 1",
    )


def record() -> Iterator[Row]:
    """(f) The backtest against one refit."""
    params = load_params()
    whole = forecast.read(params)
    past = record_of(whole.as_of(params.question.as_of), params)
    yield compared(
        "f",
        "the backtest, against one refit",
        "< 60 s",
        lambda: backtest.run(params, whole),
        lambda: fits.sample(params, past),
        1,
    )


def many() -> Iterator[Row]:
    """(g) A sweep of 1,000 forecasts that share ten stored fits, against 1,000 single forecasts."""
    days = {"first": "2025-01-31", "last": "2025-07-11", "days": 1}
    with tempfile.TemporaryDirectory(dir=build.CACHE) as place:
        sources, made, passed = forecast.Sources(), 0, []
        for seed in itertools.count(1):
            try:
                forecast.headline(
                    load_params(random_seed=seed), forecast.read(load_params()), date(2025, 7, 11), fits.fit
                )
            except fits.GateError:
                continue
            passed.append(seed)
            if len(passed) == 10:
                break
        chosen = sweep.Sweep(means="bench", as_of=sweep.Every(**days).listed()[-100:], random_seeds=passed)

        def swept() -> None:
            nonlocal made
            made = len(sweep.run(chosen, sources, Path(place) / f"{time.time()}.jsonl"))

        yield replace(
            compared(
                "g",
                "1,000 forecasts of a sweep, against one summit forecast",
                "< 60 s",
                swept,
                lambda: process(*SUMMIT, "forecast"),
                1,
            )
        )
        assert made == 1000


SIZES = """
import resource, sys, time
from model.answer import forecast
from model.evidence import outlook, record
from model.settings.params import load_params
params = load_params()
q, files = params.question, forecast.Sources(signals=[sys.argv[1]] if sys.argv[1] else [])
begin = time.perf_counter()
whole = forecast.read(params, files)
read = time.perf_counter() - begin
cut = whole.as_of(q.as_of)
record.record(cut, params)
outlook.outlook(cut, q.as_of, q.deadline, params)
print(len(whole.signals), time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def sizes() -> Iterator[Row]:
    """(h) Loading a ledger with 500, 5,000 and 50,000 more signals, and its outlook: time per signal."""
    whole = forecast.read(load_params())
    general = [
        signal
        for signal in whole.as_of(date(2025, 7, 1)).signals
        if not signal.occasion and not signal.same_as
    ]
    first: float | None = None
    with tempfile.TemporaryDirectory(dir=build.CACHE) as place:
        for size in (500, 5_000, 50_000):
            rows = [
                replace(
                    general[n % len(general)],
                    event_id=f"{general[n % len(general)].event_date}-more-{n}",
                    same_as="",
                )
                for n in range(size)
            ]
            path = Path(place) / f"{size}.csv"
            path.write_text(ledger.csv_of(replace(whole, signals=tuple(rows)))["signals"])
            found = [
                list(map(float, process(sys.executable, "-c", SIZES, str(path)).split())) for _ in range(3)
            ]
            each = [seconds / size for _, seconds, _ in found]
            first = first or statistics.median(each)
            yield Row(
                "h",
                f"{size:,} more signals, peak {max(memory for *_, memory in found):.0f} MB: seconds a signal against"
                " that of 500",
                statistics.median(each) / first,
                min(each) / first,
                max(each) / first,
                3,
                statistics.median(seconds for _, seconds, _ in found),
                first * size,
                "<= 1, < 1 GB",
            )


ROWS = {
    "answer": answer,
    "start": start,
    "stale": stale,
    "rendered": rendered,
    "samplers": samplers,
    "record": record,
    "many": many,
    "sizes": sizes,
}


def main() -> None:
    """Measure the requested rows, print the table, and replace these rows in the saved table."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    options.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {', '.join(ROWS)}; all by default")
    names = options.parse_args().rows or list(ROWS)
    if unknown := [name for name in names if name not in ROWS]:
        options.error(f"unknown row {unknown[0]}; one of {', '.join(ROWS)}")
    from model.track_record.tables import load, save_table

    print(f"{'':3}{'ratio':>9}  {'spread':<19}{'seconds':>9}{'against':>9}  {'wanted':<13}what")
    for name in names:
        found = []
        for made in ROWS[name]():
            found.append(asdict(made))
            print(
                f"{made.row:3}{made.ratio:9.3g}  {f'{made.smallest:.3g} to {made.largest:.3g}':<19}{made.seconds:9.3g}"
                f"{made.against_seconds:9.3g}  {made.target:<13}{made.what}",
                flush=True,
            )
        others = [row for row in load("bench") if row["row"] != found[0]["row"]]
        save_table(sorted([*others, *found], key=lambda row: row["row"]), TABLE)


if __name__ == "__main__":
    main()
