"""The command line: six verbs, each importing what it needs when called.

Exit codes: 0 done; 1 done, and the answer is no; 2 bad input or usage; 3 a fault of ours or of the sampler.
"""

import argparse
import codecs
import gc
import json
import re
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .files.disk import name_of, write_atomic
from .files.problems import HYPHENS, Failure, InputError, Problem, nearest, printable, raise_if_any, shown
from .formatting import listed
from .paths import FAILED, RECORD, TABLES, holds_record

if TYPE_CHECKING:
    from .answer.forecast import Run, Sources
    from .evidence.ledger import Ledger
    from .evidence.rows import Signal
    from .feeds.formats import Feed
    from .settings.params import Params

VERBS = ("forecast", "add", "check", "compare", "sweep", "backtest")
UNKNOWN = re.compile(r"unrecognized arguments: ([^ =]+)|invalid choice: '([^']+)'")
REQUIRED = {
    "kind": "the kind of signal, such as attendance or leader_call (all are in seeds/README.md)",
    "strength": "-3 to 3 without 0: how far it raises or lowers the chance of a meeting",
    "grade": "the grade of source and item, such as A1 (official), B2 (one good report) or C3 (a leak)",
    "description": "what is known, in at most 140 characters",
}
"""The columns of a row to add that have no default."""
DEFAULTED = {
    "actor": "the side that acted (default: both); for attendance, without default, the side it is about",
    "occasion": "the occasion that it is about, by an id that summit check lists (default: none)",
    "public_date": "the day on which the public first knew (default: the as-of day)",
    "event_date": "the day on which it happened (default: the public date)",
    "source": "publisher, day or title, address (default: not given)",
    "for_date": "the day that an announcement names for the meeting",
    "same_as": "the id of another row about the same event, with which it counts as one",
    "event_id": "the id of the row (default: the public date and words of the description)",
}
FLAG = {"action": "store_true"}
REPEATED = {"action": "append", "default": []}
PLAIN = dict(zip("–−’“”±…≤≥▁▂▃▄▅▆▇█", (*"--'''", "+-", "...", "<=", ">=", *"12345678")))
"""What to print for characters that the encoding of the output cannot hold; others are escaped."""


class Parser(argparse.ArgumentParser):
    """Accepts options by their full names only; suggests the nearest option or verb for an unknown one."""

    verbs: "dict[str, Parser]" = {}

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def parse_known_args(self, args=None, namespace=None):
        """The known arguments; others are refused here, where the verb is known."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        flush()
        super().exit(status, message)

    def error(self, message: str) -> NoReturn:
        unknown = UNKNOWN.search(message)
        hint = self.hint(unknown[1] or unknown[2]) if unknown else ""
        self.exit(2, printable(f"{self.prog}: {message}{hint}; see {self.prog} --help") + "\n")

    def hint(self, word: str) -> str:
        """What an unknown word may mean: an option of other verbs, or a word near to it."""
        others = [name for name, verb in self.verbs.items() if word in verb._option_string_actions]
        if others:
            return f" (only {listed(others)} can use it)"
        choices = [action.choices for action in self._actions if isinstance(action.choices, dict)]
        return nearest(word, [*self._option_string_actions, *chain(*choices)])


def parser() -> Parser:
    """The grammar of the command line."""
    top = Parser(
        prog="summit",
        description="How likely two leaders meet in person by a deadline, and why.",
        epilog="Exit codes: 0 done; 1 done, and the answer is no; 2 bad input or usage; 3 a fault of ours.",
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="|".join(VERBS), parser_class=Parser)

    def verb(name: str, do: Callable[[Namespace], int], text: str, *parents: argparse.ArgumentParser):
        made = verbs.add_parser(name, parents=parents, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made.set_defaults(do=do)
        made.verbs = verbs.choices
        return made.add_argument

    asked = common_options("as-of", "opens", "deadline", "random-seed", "json")
    option = verb("forecast", do_forecast, "the number and its reasons", asked)
    signal = "KIND:STRENGTH[:OCCASION][:ACTOR][@DATE]"
    option("--add", metavar=signal, **REPEATED, help="what if: add this signal (repeatable)")
    statuses = (
        "what if: set an occasion to announced, refused, planned, doubted, called-off or scheduled, "
        "or what is said of a leader: US:comes, US:may-come, US:may-not-come, US:stays-away (repeatable)"
    )
    option("--set", metavar="OCCASION=STATUS", **REPEATED, help=statuses)
    option("--remove", metavar="ID", **REPEATED, help="what if: remove this row (repeatable)")
    option("--report", **FLAG, help="run and render the notebooks")
    option("--name", metavar="RUN", help="with --report: the name of the folder of the run")
    option("--prior-only", **FLAG, help="what the priors say without the record")
    option("--refit", **FLAG, help="sample the fit anew, whatever is stored")

    option = verb("add", do_add, "append one checked row to the ledger, then forecast", asked)
    for column, text in (REQUIRED | DEFAULTED).items():
        metavar = "ID" if column == "same_as" else column.rpartition("_")[2].upper()
        option(f"--{column.replace('_', '-')}", metavar=metavar, default="", help=text)
    target = "the signals file to append to, which may be new (default: the seeds, or the last --signals)"
    option("--to", metavar="FILE", help=target)
    feed = (
        "an event feed (ICEWS, POLECAT, GDELT 2) or a CSV of headlines: writes candidates to review; "
        "reviewed candidates: appends the rows to keep"
    )
    option("--from", metavar="FILE", dest="feed", help=feed)
    option("--out", metavar="FILE.csv", help="where to write candidates (default: FEED-candidates.csv)")

    option = verb("compare", do_compare, "split the difference of two runs, or rerun one from its own inputs")
    runs = (
        "a rendered run, by name or folder; a day, a scenario (as of the day of the other run), or both, "
        "such as 2025-08-15-sceptic, which are computed if they are not rendered"
    )
    option("a", metavar="A", help=runs)
    option("b", metavar="B", nargs="?", help="another; without it, A is rerun from its own inputs")
    option("--markdown", **FLAG, help="the paragraph for a change request")

    text = "many dates, scenarios and deadlines: one table, one page"
    option = verb("sweep", do_sweep, text, common_options("as-of", "deadline", "random-seed"))
    option("file", metavar="FILE", help="a sweep file, such as params/sweeps/replay.yaml")
    out = (
        "where to write the table; the page that compares all forecasts is FILE.html beside it "
        "(default: sweep.csv and index.html in notebooks/rendered/sweep-FILE)"
    )
    option("--out", metavar="FILE.csv", help=out)
    option("--report", **FLAG, help="also render the report of each forecast")
    scheduler = (
        "run on the Dask cluster of this scheduler, such as tcp://host:8786; start its workers in the "
        "same checkout with --no-nanny (needs the extra `cluster`)"
    )
    option("--scheduler", metavar="ADDRESS", help=scheduler)

    text = "the track record, and scores of our published forecasts"
    option = verb("backtest", do_backtest, text, common_options("as-of", "random-seed"))
    option("--log-only", **FLAG, help="only score our published forecasts")
    option("--monthly", **FLAG, help="only the first Monday of each month")

    text = "validate every input, all problems at once, and list what lies ahead"
    verb("check", do_check, text, common_options("as-of", "opens", "deadline"))
    return top


def common_options(*names: str) -> argparse.ArgumentParser:
    """The options for input files, and those of `names` that a verb shares with others."""
    shared = {
        "as-of": dict(metavar="DATE|latest", help="use only what was public on this day"),
        "opens": dict(metavar="DATE", help="the first day that counts (default: the day after it was asked)"),
        "deadline": dict(metavar="DATE", help="the last day that counts"),
        "random-seed": dict(metavar="N", type=whole_number, help="random seed of the sampler"),
        "json": dict(FLAG, help="print the forecast file instead of the screen"),
    }
    common = argparse.ArgumentParser(add_help=False)
    option = common.add_argument_group("question and inputs").add_argument
    option("--question", metavar="FILE", help="question file in place of params/question.yaml")
    option("--priors", metavar="FILE", help="priors file in place of params/priors.yaml")
    option("--scenario", metavar="NAME", help="apply a file of params/scenarios to the params")
    for table in ("signals", "occasions", "visit-windows"):
        text = f"more {table.replace('-', ' ')}; a row replaces an earlier one of its id (repeatable)"
        option(f"--{table}", metavar="FILE", **REPEATED, help=text)
    option("--only", **FLAG, help="use only the given files, not the seeds")
    for name in names:
        option(f"--{name}", **shared[name])
    return common


def whole_number(text: str) -> int:
    """The number that a word is."""
    with suppress(ValueError):
        return int(text.translate(HYPHENS))
    raise argparse.ArgumentTypeError(f"expected a whole number; found {shown(text)}")


def process() -> int:
    """Run the command line as the only work of a process and return its exit code.

    The output degrades what its encoding cannot hold. SIGTERM and SIGHUP end the work as an exception would,
    so that no process it started stays; a signal that is ignored, as under `nohup`, stays so.
    """
    gc.set_threshold(100_000)  # an answer makes many objects and few cycles: a twentieth of its time
    codecs.register_error("plainer", plainer)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="plainer")
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, stop)
    code = main()
    if code > 128:
        # A second Ctrl-C could end a thread that holds a lock, and the exit would wait for it forever.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def plainer(error: UnicodeError) -> tuple[str, int]:
    """The handler of an encoding error: plain characters in place of those that the output cannot hold."""
    lost = error.object[error.start : error.end]
    return "".join(PLAIN.get(char, f"\\u{ord(char):04x}") for char in lost), error.end


class Stopped(SystemExit):
    """A signal that ends the program; `code` is the exit code that a shell gives it."""


def stop(number: int, _: object) -> NoReturn:
    """The handler of a signal: raises `Stopped`, once."""
    signal.signal(number, signal.SIG_IGN)
    raise Stopped(128 + number)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        words = sys.argv[1:] if argv is None else argv
        check_text(words)
        options = parser().parse_args(words)
        code = options.do(options)
        flush()
        return code
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing half-written is left", file=sys.stderr)
        return 130
    except Stopped as end:
        with suppress(OSError):  # the terminal may be gone
            name = signal.Signals(end.code - 128).name
            print(f"ended by {name}; nothing half-written is left", file=sys.stderr)
        return end.code
    except BrokenPipeError:
        sys.stderr.close()
        return 128 + signal.SIGPIPE
    except OSError as error:
        message = f"cannot be read or written: {error.strerror or error}"
        print(Problem(str(error.filename or "output"), 0, 0, message), file=sys.stderr)
        if not error.filename:
            sys.stdout = None  # or Python would write the rest of it at exit, and fail again
        return 2
    except Failure as error:
        print(one_line(error), file=sys.stderr)
        return 3
    except Exception as error:
        print(fault(error), file=sys.stderr)
        return 3


def flush() -> None:
    """Write out what is printed, so that a reader who is gone is noticed here; there may be no output."""
    if sys.stdout:
        sys.stdout.flush()


def check_text(words: list[str]) -> None:
    """Raise `InputError` for words of the command line that are not UTF-8."""
    bad = [word for word in words if any("\ud800" <= char <= "\udfff" for char in word)]
    raise_if_any([Problem("options", 0, 0, f"expected text in UTF-8; found {shown(word)}") for word in bad])


def one_line(error: Exception) -> str:
    """The message of an error on one line."""
    return printable("; ".join(line.strip() for line in str(error).splitlines()).replace(":; ", ": "))


def fault(error: Exception) -> str:
    """What to say of an exception that no code expects; its traceback is kept in a file."""
    import traceback

    kept = FAILED / "traceback.txt"
    with suppress(OSError, InputError):
        write_atomic(kept, "".join(traceback.format_exception(error)))
    name = type(error).__name__
    return f"a fault of this program: {name}: {one_line(error)}; the traceback is kept in {name_of(kept)}"


def inputs(options: Namespace) -> "tuple[Params, Sources]":
    """Params and ledger files that the common options name."""
    from .answer.forecast import Sources, read
    from .settings.params import load_params

    tables = (options.signals, options.occasions, options.visit_windows)
    sources = Sources(*(tuple(map(Path, files)) for files in tables), only=options.only)
    names = ("question", "priors", "scenario", "opens", "deadline", "as_of", "random_seed")
    named = {name: getattr(options, name, None) for name in names}
    if named["as_of"] == "latest":
        undated = named | {"as_of": None, "random_seed": None}
        named["as_of"] = read(load_params(**undated), sources).covered_until
    return load_params(**named), sources


def do_check(options: Namespace) -> int:
    """`summit check`."""
    from . import screen
    from .answer.forecast import read

    params, sources = inputs(options)
    params.check_priors()
    print(screen.check(read(params, sources), params), end="")
    return 0


def do_forecast(options: Namespace) -> int:
    """`summit forecast`."""
    from .answer import forecast
    from .evidence.edits import Edits

    begin = time.perf_counter()
    params, sources = inputs(options)
    edits = Edits(tuple(options.add), tuple(options.set), tuple(options.remove))
    if options.report:
        refuse(options, ("prior_only", "json"), "expected without --report")
        from .report import build

        return build.command(params, sources, edits, options.name, options.refit)
    refuse(options, ("name",), "expected only together with --report")
    run = forecast.run(params, sources, edits, refit=options.refit, quick=True)
    write = prior_text if options.prior_only else answer_text
    print(write(run, options.json, begin), end="")
    return 0


def refuse(options: Namespace, names: tuple[str, ...], message: str) -> None:
    """Raise `InputError` for given options that would be ignored."""
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]
    raise_if_any([Problem("options", 0, 0, message, option) for option in given])


def answer_text(run: "Run", as_json: bool, begin: float) -> str:
    """A forecast as its file or as a screen."""
    from . import screen
    from .answer.file import to_json

    if as_json:
        return to_json(run.forecast)
    effect = None
    if run.params.scenario:
        from .answer import scenario
        from .fit.fits import quick_fit

        effect = scenario.effect(run.params, run.whole, quick_fit)
    return screen.answer(run, time.perf_counter() - begin, effect=effect)


def prior_text(run: "Run", as_json: bool, begin: float) -> str:
    """What the priors of a run say without the record, as JSON or as a screen."""
    from .answer import prior
    from .report import tables

    made = prior.prior_only(run)
    return json.dumps(prior.to_json(made), indent=1) + "\n" if as_json else tables.prior_screen(made)


def do_add(options: Namespace) -> int:
    """`summit add`."""
    from . import screen
    from .answer import forecast
    from .answer.file import to_json
    from .evidence import notices

    begin = time.perf_counter()
    params, sources = inputs(options)
    if options.feed is not None and (feed := unreviewed(options)):
        return write_candidates(feed, options, params, sources)
    refuse(options, ("out",), "expected only with --from and a feed")
    target, sources = target_of(options, sources)
    added = added_from_options if options.feed is None else added_from_file
    signals = added(options, target, params, sources)
    use = "" if target.resolve() == TABLES["signals"] else f"; a forecast with it needs --signals {target}"
    for row in reversed(signals):
        undo = f"to undo, delete line {row.line} of {row.file}"
        print(f"added {row.event_id}; {undo}{use}", file=sys.stderr)
    run = forecast.run(params, sources, quick=True)
    seconds = time.perf_counter() - begin
    text = to_json(run.forecast) if options.json else screen.answer(run, seconds, screen.ADDED)
    for row in signals:
        for notice in notices.of_new_row(row, run.whole, params):
            if options.json or str(notice) not in text:
                print(f"warning: {notice}", file=sys.stderr)
    print(text, end="")
    return 0


def unreviewed(options: Namespace) -> "Feed | None":
    """The feed of --from, None for reviewed candidates; refuses the options that would be ignored."""
    from .feeds import formats

    refuse(options, (*REQUIRED, *DEFAULTED), "expected without --from")
    feed = formats.recognised(options.feed)
    if feed.name == formats.CANDIDATES:
        return None
    refuse(options, ("to", "json"), "expected only with reviewed candidates: a feed is not appended")
    return feed


def write_candidates(feed: "Feed", options: Namespace, params: "Params", sources: "Sources") -> int:
    """Write the candidates of a feed for review, if it has any."""
    from . import screen
    from .answer.forecast import read
    from .feeds import candidates
    from .feeds.sides import Sides

    ledger = read(params, sources)
    out = options.out or f"{Path(options.feed).with_suffix('')}-candidates.csv"
    candidates.check_new(out)
    rows = candidates.candidates(feed, Sides.of(params, ledger), ledger)
    if rows:
        candidates.write(out, rows)
    print(screen.feed(feed, rows, name_of(out), params.sides), end="")
    return 0 if rows else 1


def target_of(options: Namespace, sources: "Sources") -> "tuple[Path, Sources]":
    """The signals file to append to, and the files of the ledger with it."""
    files = sources.paths()["signals"]
    if options.to is None and not files:
        message = "expected the file to append to, since --only leaves out the seeds"
        raise InputError.at("options", 0, 0, message, "--to")
    target = Path(files[-1] if options.to is None else options.to)
    if target.resolve() not in [path.resolve() for path in files]:
        sources = replace(sources, signals=(*sources.signals, target))
    return target, sources


def added_from_options(
    options: Namespace, target: Path, params: "Params", sources: "Sources"
) -> "list[Signal]":
    """Append the row that the options give."""
    from .evidence.append import append_signal

    row = {column: getattr(options, column) for column in (*REQUIRED, *DEFAULTED)}
    row["public_date"] = row["public_date"] or params.question.as_of.isoformat()
    try:
        return [append_signal(target, row, sources.paths(), params.vocabulary)]
    except InputError as error:
        raise InputError([explained(problem, row) for problem in error.problems]) from None


def added_from_file(options: Namespace, target: Path, params: "Params", sources: "Sources") -> "list[Signal]":
    """Append the rows of reviewed candidates that are kept, and say which the ledger has already."""
    from .evidence.append import append_signals
    from .feeds import candidates

    kept = candidates.kept(options.feed)
    added, same = append_signals(target, kept, sources.paths(), params.vocabulary)
    for row in same:
        print(f"already in the ledger: {row.event_id}, {row.file}:{row.line}", file=sys.stderr)
    return added


def explained(problem: Problem, row: Mapping[str, str]) -> Problem:
    """The problem of an option without a default, with what it expects if it is missing."""
    column = problem.field.removeprefix("--")
    wanted = {**REQUIRED, "actor": DEFAULTED["actor"]}
    missing = column in wanted and problem.file == "options" and not row[column]
    return problem._replace(message=f"expected {wanted[column]}") if missing else problem


def do_compare(options: Namespace) -> int:
    """`summit compare`."""
    from .answer import compare

    if options.b is None:
        refuse(options, ("markdown",), "expected only with two runs")
        a = compare.load_run(options.a)
        faults = compare.differences(a, compare.rerun(a))
        if faults:
            print(f"{a.name} rerun from its own inputs differs:", *faults, sep="\n")
            return 1
        print(f"{a.name} rerun from its own inputs is identical.")
        return 0
    asked = compare.asked_of(options.a, options.b)
    if asked:
        print(f"{' and '.join(asked)}: not rendered, computed now", file=sys.stderr)
    a, b = compare.load_runs(asked, options.a, options.b)
    write = compare.markdown if options.markdown else compare.text
    for line in write(a, b):
        print(line, flush=True)
    return 0


def do_sweep(options: Namespace) -> int:
    """`summit sweep`."""
    from .report import sweep_page

    params, sources = inputs(options)
    check_out(options.out, params, sources)
    names = ("question", "priors", "scenario", "deadline", "random_seed")
    given = {name: getattr(options, name) for name in names}
    given["as_of"] = options.as_of and params.question.as_of.isoformat()
    table, page = sweep_page.command(
        options.file, sources, options.out, given=given, reports=options.report, scheduler=options.scheduler
    )
    number = len(table.read_text("utf-8").splitlines()) - 1
    print(f"{name_of(table)}: {number} forecasts, compared in {name_of(page)}")
    return 0


def check_out(out: str | None, params: "Params", sources: "Sources") -> None:
    """Raise `InputError` if the table of a sweep would lie in the track record of another pair."""
    from .answer import pair

    folder = Path(out or "").parent
    if out and holds_record(folder) and folder.resolve() != pair.record_folder(params, sources).resolve():
        expected = f"expected a place outside the track record of another pair; found {shown(out)}"
        raise InputError.at("options", 0, 0, expected, "--out")


def do_backtest(options: Namespace) -> int:
    """`summit backtest`."""
    from . import screen
    from .answer import pair
    from .answer.forecast import read
    from .track_record import backtest, datapackage, origins, study

    if options.log_only:
        refuse(options, ("monthly",), "expected without --log-only")
    params, sources = inputs(options)
    whole, folder = read(params, sources), pair.record_folder(params, sources)
    pair.check_owner(params, folder)
    if options.log_only:
        score_log(params, whole, folder)
        return 0
    try:
        years = origins.scored_years(whole, params.question.as_of)
    except origins.ShortLedger as error:
        print(error, file=sys.stderr)
        return 1
    score_log(params, whole, folder)
    points = backtest.run(params, whole, years, monthly=options.monthly)
    backtest.save(points, folder / backtest.TABLE)
    made = study.track_record(params, whole, folder)
    if options.monthly:
        made["drift"] = []  # it needs every week
    study.save(made, folder)
    pair.write_about(params, folder, years, command_of(options, params, sources))
    datapackage.write(folder)
    print(*map(screen.score, made["scores"]), sep="\n")
    return 0


def command_of(options: Namespace, params: "Params", sources: "Sources") -> str:
    """The command of a backtest, with files by their public names."""
    from .answer.forecast import input_names

    names = input_names(params, sources)
    words = ["summit backtest"]
    words += [
        f"--{name} {names[Path(path)]}" for name in ("question", "priors") if (path := getattr(options, name))
    ]
    words += [f"--scenario {options.scenario}"] if options.scenario else []
    for table in ("signals", "occasions", "visit_windows"):
        words += [f"--{table.replace('_', '-')} {names[path]}" for path in getattr(sources, table)]
    return " ".join([*words, *(f"--{flag}" for flag in ("only", "monthly") if getattr(options, flag))])


def score_log(params: "Params", whole: "Ledger", folder: Path) -> None:
    """Score our published forecasts of a pair, and those of others for the pair of the seeds; keep both.

    Lines of the log that cannot be read are named and left out.
    """
    from . import screen
    from .track_record import log, tables

    published = log.read_log()
    for problem in published.problems:
        print(f"warning: {problem}; the line is kept and not scored", file=sys.stderr)
    scores = log.scores(published.entries, whole, params.sides)
    if scores:
        tables.save_table(scores, folder / "log_scores.csv")
    for row in scores:
        print(screen.log_score(row))
    if folder == RECORD:
        score_references(whole)


def score_references(whole: "Ledger") -> None:
    """Print and keep the forecasts of others beside ours; they ask about the pair of the seeds."""
    from . import screen
    from .answer import forecast
    from .fit.fits import fit
    from .settings.params import load_params
    from .track_record import log, tables

    def ours(day, deadline) -> float:
        return forecast.headline(load_params(as_of=day, deadline=deadline), whole, day, fit)

    references = log.beside_references(whole, ours)
    tables.save_table(references, RECORD / "references.csv")
    for row in references:
        print(screen.reference(row))
