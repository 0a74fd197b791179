"""Measures how long things take: `make bench` prints each row as a ratio and stores it in `bench.csv`.

Each row times two things in turn, so that a busy machine slows both. The spread is the smallest and the
largest ratio of the repeats. Processes are timed as a whole, imports included.
`make bench ARGS="answer start"` runs only these rows.
"""

import argparse
import itertools
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import model  # noqa: F401  (sets one BLAS thread and the caches before NumPy is imported)
from model import chances
from model.answer import forecast, sweep
from model.evidence import ledger
from model.evidence.outlook import outlook
from model.evidence.record import record as record_of
from model.fit import fits, sampling
from model.formatting import count
from model.paths import CACHE, PARAMS, RECORD, ROOT, TABLES
from model.report import build, notebook, provenance
from model.settings.params import load_params
from model.track_record import backtest
from model.track_record.origins import scored_years
from model.track_record.tables import load, save_table

TABLE = RECORD / "bench.csv"
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
    tree = pm.sample(params.run.draws, tune=params.run.tune, chains=params.run.chains, cores=2,
                     nuts={{"target_accept": params.run.target_accept}}, random_seed={seed},
                     progressbar=False, nuts_sampler="{sampler}")
"""
"""A script that samples the model of a record with pm.sample and nothing else; see `plain`."""
HEADLINE = """
import arviz as az
draws = tree["posterior"].to_dataset().stack(sample=("chain", "draw")).transpose("sample", ...)
norm = past.norm + 0 * draws["held"].values
p = chances.by_deadline({name: draws[name].values for name in draws.data_vars} | {"norm": norm},
                        outlook.outlook(whole.as_of(as_of), as_of, deadline, params))
print(float(az.ess(p.reshape(params.run.chains, -1))))
"""
"""The effective sample size of the headline, added to the script of `PLAIN`."""
PEAK = """
import re
status = open("/proc/self/status").read()
print(seconds, int(re.search(r"VmHWM:\\s*(\\d+)", status)[1]) / 1024)
"""
"""Prints `seconds` and the peak memory in MB (Linux): `getrusage` would count the parent process too."""
ANSWER = """
import sys
from model.cli import main
seconds = main(["forecast", *sys.argv[1:]])
"""
"""An answer, to measure its memory."""
IMPORTS = (
    "model.answer.facts",
    "model.answer.prior",
    "model.answer.sensitivity",
    "model.fit.predictive",
    "model.report.audit_words",
    "model.report.expectations",
    "model.report.figures",
    "model.report.model_words",
    "model.report.parameters",
    "model.report.record_figures",
    "model.report.record_words",
    "model.report.show",
    "model.report.structure_figures",
    "model.report.tables",
    "model.report.tuning_figures",
    "model.report.whatif",
    "model.report.words",
    "model.settings.scenario",
    "model.track_record.published",
    "model.track_record.sbc",
    "model.track_record.tables",
    "matplotlib.pyplot",
    "arviz",
    "ipywidgets",
    "scipy.stats",
)
"""What the notebooks import, and the libraries that these modules import on first use."""


@dataclass(frozen=True)
class Row:
    """One comparison over its repeats.

    `ratio` is the median ratio of the two times, between `smallest` and `largest`; `seconds` and
    `against_seconds` are the median times. Where `what` says so, these are rates or times per item.
    """

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
    """The seconds that `work` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def process(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    """The output of a process.

    Raises
    ------
    CalledProcessError
        If the process fails.
    """
    return subprocess.run(
        command,
        check=True,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    ).stdout


def bare() -> str:
    """A Python that only imports NumPy."""
    return process(sys.executable, "-c", "import numpy")


def measured(script: str, *arguments: str) -> tuple[float, float]:
    """The `seconds` that a script measures, and its peak memory in MB."""
    *_, seconds, memory = process(sys.executable, "-c", script + PEAK, *arguments).split()
    return float(seconds), float(memory)


def empty_caches(folder: Path) -> dict[str, str]:
    """The environment of a process that finds nothing compiled, as in a fresh clone."""
    names = ("IPYTHONDIR", "MPLCONFIGDIR", "NUMBA_CACHE_DIR")
    caches = {name: str(folder / name.lower()) for name in names}
    return caches | {"PYTENSOR_FLAGS": f'base_compiledir="{folder / "pytensor"}"'}


def plain(
    seed: int, sampler: str = "pymc", more: str = "", *, priors: str | None = None, signals: str = ""
) -> str:
    """The output of the script `PLAIN`, followed by the code `more`."""
    script = PLAIN.format(seed=seed, sampler=sampler, priors=priors, signals=signals) + more
    return process(sys.executable, "-c", script)


def one_more(path: Path, day: date, number: int) -> None:
    """Write a ledger file with one general signal that is not in the seeds."""
    header, line = TABLES["signals"].read_text("utf-8").splitlines()[:2]
    path.write_text(f"{header}\n{day}-bench-{number},{day},{day},{line.split(',', 3)[3]}\n", "utf-8")


def compared(
    row: str,
    what: str,
    target: str,
    work: Callable[[], object],
    against: Callable[[], object],
    repeats: int = 5,
) -> Row:
    """The row that compares `work` with `against`, timed in turn; the ratio is work / against."""
    pairs = [(clock(work), clock(against)) for _ in range(repeats)]
    ratios = [mine / theirs for mine, theirs in pairs]
    mine, theirs = (statistics.median(column) for column in zip(*pairs))
    return Row(row, what, statistics.median(ratios), min(ratios), max(ratios), repeats, mine, theirs, target)


def answer() -> Iterator[Row]:
    """(a) In process: a new fit against answers from the stored one, which keeps 1,000 draws."""
    params = load_params()
    whole, q = forecast.read(params), params.question
    past = record_of(whole.as_of(q.as_of), params)
    run = forecast.run(params)

    def refit() -> None:
        sampling.sample(params, past)

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
    """(b) `forecast` from the stored fit, `check` and `--help`, against a Python that only imports NumPy."""
    forecast.run(load_params())
    for words, target in ((["forecast"], "<= 5, < 1 s"), (["check"], ""), (["--help"], "<= 1")):
        command = partial(process, *SUMMIT, *words)
        command()
        yield compared("b", f"summit {' '.join(words)}, against importing NumPy", target, command, bare, 15)
    with tempfile.TemporaryDirectory() as place:
        priors = Path(place) / "priors.yaml"
        text = (PARAMS / "priors.yaml").read_text("utf-8")
        priors.write_text(text.replace("scale: 2.0}", "scale: 2.1}"), "utf-8")
        theirs = measured("import numpy\nseconds = 0")[1]
        for changed, words in (("", []), (" with a changed prior", ["--priors", str(priors)])):
            mine = measured(ANSWER, *words)[1]
            what = f"peak memory of summit forecast{changed}, against importing NumPy; MB in place of seconds"
            yield Row("b", what, mine / theirs, mine / theirs, mine / theirs, 1, mine, theirs, "<= 150 MB")


def stale() -> Iterator[Row]:
    """(c) `summit forecast` that has to fit first, against a script with pm.sample on the same model.

    What made the fit stale decides what is compiled: nothing for a random seed or a general signal of the
    past, much for a prior.
    """
    seeds = itertools.count(secrets.randbelow(10**9))
    text, scale = (PARAMS / "priors.yaml").read_text("utf-8"), "scale: 2.0}"
    assert text.count(scale) == 1
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        priors, signals = Path(place) / "priors.yaml", Path(place) / "more.csv"

        def another() -> int:
            """A random seed that no run has used; both files change with it."""
            seed = next(seeds)
            priors.write_text(text.replace(scale, f"{scale[:-1]}{seed}}}"), "utf-8")
            one_more(signals, date(2016, 1, 1) + timedelta(days=seed % 300), seed)
            return seed

        def ours(files: dict[str, str], *more: str, **environment: str) -> None:
            seed = str(another())
            asked(files, "--random-seed", seed, *more, **environment)

        def asked(files: dict[str, str], *more: str, **environment: str) -> None:
            options = [word for name, path in files.items() for word in (f"--{name}", path)]
            process(*SUMMIT, "forecast", *options, *more, **environment)

        def tuned(*more: str, **environment: str) -> None:
            another()
            asked({"priors": str(priors)}, *more, **environment)

        def theirs(files: dict[str, str]) -> None:
            plain(another(), **files)

        def earlier(day: str) -> list[str]:
            return ["--as-of", day, "--deadline", f"{day[:4]}-12-31"]

        for changed, files in (
            ("the random seed", {}),
            ("a prior", {"priors": str(priors)}),
            ("a row of the past", {"signals": str(signals)}),
        ):
            yield compared(
                "c",
                f"summit forecast with a stale fit ({changed} changed), against a script with pm.sample",
                "<= 1",
                partial(ours, files),
                partial(theirs, files),
                3,
            )
        cold = empty_caches(Path(place))
        for what, target, work in (
            ("with a changed prior, nothing compiled", "< 15 s", partial(tuned, **cold)),
            ("with a changed prior", "< 8 s", partial(tuned, **cold)),
            (
                "with a changed prior and new outcomes",
                "< 8 s",
                partial(tuned, "--as-of", "2025-09-22", **cold),
            ),
            (
                "as of an earlier day, nothing compiled",
                "< 15 s",
                partial(asked, {}, *earlier("2011-05-16"), **empty_caches(Path(place) / "again")),
            ),
            (
                "as of an earlier day with a changed prior",
                "< 8 s",
                partial(tuned, *earlier("2014-10-06"), **cold),
            ),
        ):
            yield compared("c", f"summit forecast {what}, against importing NumPy", target, work, bare, 1)


def rendered() -> Iterator[Row]:
    """(d) The report after one new row, against as many notebooks that only import what ours import.

    These run two at a time, each in a kernel of its own as papermill does it; ours share two kernels.
    """
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    number = iter(range(10**6))
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        folder, extra = Path(place), Path(place) / "more.csv"
        only_import = []
        for source in provenance.notebook_files():
            cell = new_code_cell("\n".join(f"import {name}" for name in IMPORTS))
            parameters = new_code_cell("number = 0", metadata={"tags": ["parameters"]})
            written = new_notebook(
                cells=[parameters, cell],
                metadata={
                    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
                },
            )
            only_import.append(folder / source.name)
            nbformat.write(written, only_import[-1])

        def ours() -> None:
            one_more(extra, date(2025, 7, 1), next(number))
            build.render(load_params(), forecast.Sources(signals=(extra,)), out_dir=folder / "report")

        def alone(path: Path) -> None:
            notebook.execute([path], {"number": 1}, {"number": 1})

        def theirs() -> None:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(alone, only_import))

        ours(), theirs()
        yield compared(
            "d", "the report after one new row, against notebooks that only import", "<= 1.5", ours, theirs, 3
        )


def fresh() -> Iterator[Row]:
    """(j) The first report of a fresh clone, which finds nothing compiled, once it is installed."""
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "clone"
        process("git", "clone", "--quiet", str(ROOT), str(clone))
        work = partial(
            process, *SUMMIT, "forecast", "--report", cwd=clone, **empty_caches(clone / CACHE.name)
        )
        what = "the first report of a fresh clone, against importing NumPy"
        yield compared("j", what, "< 60 s", work, bare, 1)


def suite() -> Iterator[Row]:
    """(k) The tests that `make test` runs."""
    work = partial(process, "make", "test", "ARGS=-q")
    yield compared("k", "make test, against importing NumPy", "< 150 s", work, bare, 1)


def samplers() -> Iterator[Row]:
    """(e) Effective samples of the headline per second, whole process: PyMC's sampler against nutpie."""
    rates: dict[str, list[float]] = {"pymc": [], "nutpie": []}
    for n in range(3):
        for sampler, found in rates.items():
            begin = time.perf_counter()
            found.append(float(plain(1000 + n, sampler, HEADLINE)) / (time.perf_counter() - begin))
    ratios = [mine / theirs for mine, theirs in zip(*rates.values())]
    yield Row(
        "e",
        "effective samples per second, PyMC (the default) against nutpie; rates in place of seconds",
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        len(ratios),
        *map(statistics.median, rates.values()),
        ">= 1",
    )


def record() -> Iterator[Row]:
    """(f) The backtest against one refit; no fit is shipped for another random seed."""
    params = load_params()
    whole = forecast.read(params)
    past = record_of(whole.as_of(params.question.as_of), params)
    years = scored_years(whole, params.question.as_of)
    other = load_params(random_seed=params.run.random_seed + 1)
    for what, given in (("", params), (" with every January sampled anew", other)):
        yield compared(
            "f",
            f"the backtest{what}, against one refit",
            "< 60 s",
            partial(backtest.run, given, whole, years),
            partial(sampling.sample, params, past),
            1,
        )


def many() -> Iterator[Row]:
    """(g) A sweep of 1,000 forecasts that share ten stored fits, against one `summit forecast`."""
    days = sweep.Every(first=date(2025, 1, 31), last=date(2025, 7, 11), days=1).listed()[-100:]
    seeds = list(itertools.islice(seeds_that_pass(days[-1]), 10))
    chosen, made = sweep.Sweep(means="bench", as_of=days, random_seeds=seeds), []
    with tempfile.TemporaryDirectory(dir=CACHE) as place:

        def swept() -> None:
            made.extend(sweep.run(chosen, forecast.Sources(), Path(place) / "sweep.jsonl"))

        yield compared(
            "g",
            "1,000 forecasts of a sweep, against one summit forecast",
            "< 25 s",
            swept,
            partial(process, *SUMMIT, "forecast"),
            1,
        )
    assert len(made) == 1000


def seeds_that_pass(as_of: date) -> Iterator[int]:
    """The random seeds from 1 on whose fit passes the gate; each fit is stored."""
    whole = forecast.read(load_params())
    for seed in itertools.count(1):
        try:
            forecast.headline(load_params(random_seed=seed), whole, as_of, fits.fit)
        except fits.GateError:
            continue
        yield seed


SIZES = """
import sys, time
from model.answer import forecast
from model.evidence import outlook, record
from model.settings.params import load_params
params = load_params()
q, files = params.question, forecast.Sources(signals=sys.argv[1:])
begin = time.perf_counter()
cut = forecast.read(params, files).as_of(q.as_of)
record.record(cut, params)
outlook.outlook(cut, q.as_of, q.deadline, params)
seconds = time.perf_counter() - begin
"""
"""Seconds to read a ledger with the signals of some files and to look ahead."""
A_FILE = 100_000
"""Signals in a file: more would be larger than a file may be."""


def sizes() -> Iterator[Row]:
    """(h) Reading a ledger with 500 to 500,000 more signals, and its outlook: seconds per signal."""
    whole = forecast.read(load_params())
    signals = whole.as_of(date(2025, 7, 1)).signals
    general = [signal for signal in signals if not signal.occasion and not signal.same_as]
    first: float | None = None
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        for size in (500, 5_000, 50_000, 500_000):
            paths = []
            for start in range(0, size, A_FILE):
                numbers = range(start, min(start + A_FILE, size))
                copies = [(n, general[n % len(general)]) for n in numbers]
                rows = [replace(row, event_id=f"{row.event_date}-more-{n}") for n, row in copies]
                paths.append(str(Path(place) / f"{size}-{start}.csv"))
                text = ledger.csv_of(replace(whole, signals=tuple(rows)))["signals"]
                Path(paths[-1]).write_text(text, "utf-8")
            found = [measured(SIZES, *paths) for _ in range(3 if size < A_FILE else 1)]
            seconds, memory = zip(*found)
            each = [value / size for value in seconds]
            first = first or statistics.median(each)
            yield Row(
                "h",
                f"{size:,} more signals, peak {max(memory):.0f} MB: seconds per signal, against 500",
                statistics.median(each) / first,
                min(each) / first,
                max(each) / first,
                len(found),
                statistics.median(seconds),
                first * size,
                "<= 1",
            )


def horizons() -> Iterator[Row]:
    """(l) The number and its course over one to ten years, in process: seconds per day ahead."""
    params = load_params()
    run, as_of = forecast.run(params), params.question.as_of

    def ahead(years: int) -> None:
        known = outlook(run.ledger, as_of, as_of + timedelta(days=365 * years), params)
        chances.chances(run.draws, known)

    ahead(1)
    for years in (1, 3, 10):
        row = compared("l", "", "<= 1", partial(ahead, years), partial(ahead, 1), 7)
        ratios = (row.ratio / years, row.smallest / years, row.largest / years)
        what = f"a horizon of {count(years, 'year')}: seconds per day ahead, against one year"
        yield Row("l", what, *ratios, 7, row.seconds, years * row.against_seconds, row.target)


FEED = """
import sys, time
from model.answer import forecast
from model.feeds import candidates, formats
from model.feeds.sides import Sides
from model.settings.params import load_params
params = load_params()
whole = forecast.read(params)
begin = time.perf_counter()
candidates.candidates(formats.recognised(sys.argv[1]), Sides.of(params, whole), whole)
seconds = time.perf_counter() - begin
"""
"""Seconds to make the candidates of a feed."""
READ = """
import csv, sys, time
begin = time.perf_counter()
for _ in csv.reader(open(sys.argv[1], encoding="utf-8"), delimiter="\\t"):
    pass
print(time.perf_counter() - begin)
"""


def feed() -> Iterator[Row]:
    """(i) Candidates of a million rows of ICEWS, 2% or all of them of the pair, against reading the file.

    The rows are those of the sample, spread over 27 years with five rows a story.
    """
    header, *rows = (ROOT / "tests" / "feeds" / "icews_2018_sample.tab").read_text("utf-8").splitlines()
    pair = [row for row in rows if {"United States", "China"} == {row.split("\t")[4], row.split("\t")[10]}]
    others = [row for row in rows if row not in pair]
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        for percent in (2, 100):
            path = Path(place) / f"{percent}.tab"
            with path.open("w", encoding="utf-8") as stream:
                print(header, file=stream)
                for n in range(1_000_000):
                    of = pair if n % 100 < percent else others
                    cells = of[n // 7 % len(of)].split("\t")
                    cells[0], cells[11] = str(n), str(n // 5)
                    cells[1] = str(date(1995, 1, 1) + timedelta(days=n // 100))
                    print(*cells, sep="\t", file=stream)
            seconds, memory = measured(FEED, str(path))
            against = float(process(sys.executable, "-c", READ, str(path)))
            what = (
                f"a million rows of a feed, {percent}% of the pair, peak {memory:.0f} MB, against reading it"
            )
            ratio = seconds / against
            yield Row("i", what, ratio, ratio, ratio, 1, seconds, against, "< 60 s")


ROWS = {
    "answer": answer,
    "start": start,
    "stale": stale,
    "rendered": rendered,
    "fresh": fresh,
    "suite": suite,
    "samplers": samplers,
    "record": record,
    "many": many,
    "sizes": sizes,
    "horizons": horizons,
    "feed": feed,
}


def main() -> None:
    """Measure the rows asked for, print them, and replace the same rows of `bench.csv`."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    options.add_argument("rows", nargs="*", metavar="ROW", help=f"some of {', '.join(ROWS)}; all by default")
    names = options.parse_args().rows or list(ROWS)
    if unknown := [name for name in names if name not in ROWS]:
        options.error(f"unknown row {unknown[0]}; one of {', '.join(ROWS)}")
    print(f"{'':3}{'ratio':>9}  {'spread':<19}{'seconds':>9}{'against':>9}  {'target':<13}what")
    for name in names:
        found = []
        for row in ROWS[name]():
            print(line(row), flush=True)
            found.append(asdict(row))
        others = [row for row in load(TABLE) if row["row"] != found[0]["row"]]
        save_table(sorted([*others, *found], key=lambda row: row["row"]), TABLE)


def line(row: Row) -> str:
    """A row as one line of the printed table."""
    spread = f"{row.smallest:.3g} to {row.largest:.3g}"
    return (
        f"{row.row:3}{row.ratio:9.3g}  {spread:<19}{row.seconds:9.3g}{row.against_seconds:9.3g}"
        f"  {row.target:<13}{row.what}"
    )


if __name__ == "__main__":
    main()
