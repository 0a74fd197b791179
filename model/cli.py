"""The command line: six verbs, each importing its room when called.

Exit codes: 0 done; 1 done, and the answer is no; 2 bad input or usage.
"""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import NoReturn

from .files import InputError, Problem, name_of, nearest, printable, raise_if_any, shown

VERBS = ("forecast", "add", "check", "compare", "sweep", "backtest")


class Parser(argparse.ArgumentParser):
    """Takes options by their full names and names the nearest option or verb where one is unknown."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        verbs = next((action.choices for action in self._actions if isinstance(action.choices, dict)), {})
        words = {
            *self._option_string_actions,
            *verbs,
            *(word for verb in verbs.values() for word in verb._option_string_actions),
        }
        unknown = next(
            (
                match[1]
                for pattern in (r"unrecognized arguments: ([^ =]+)", r"invalid choice: '([^']+)'")
                if (match := re.search(pattern, message))
            ),
            "",
        )
        self.print_usage(sys.stderr)
        self.exit(2, printable(f"{self.prog}: {message}{nearest(unknown, words) if unknown else ''}") + "\n")


def parser() -> Parser:
    """The grammar of the command line."""
    top = Parser(prog="summit", description="How likely two leaders meet in person by a deadline, and why.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="|".join(VERBS), parser_class=Parser)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--question", metavar="FILE", help="question file in place of params/question.yaml")
    common.add_argument("--priors", metavar="FILE", help="priors file in place of params/priors.yaml")
    common.add_argument("--scenario", metavar="NAME", help="a file of params/scenarios laid over the params")
    for table in ("signals", "occasions", "visit-windows"):
        common.add_argument(
            f"--{table}",
            metavar="FILE",
            action="append",
            default=[],
            help=f"more {table.replace('-', ' ')}; a row replaces an earlier one of its id (repeatable)",
        )
    common.add_argument("--only", action="store_true", help="the given files without the seeds")
    common.add_argument(
        "--as-of", metavar="DATE|latest", help="evidence public on this day is used, nothing later"
    )
    common.add_argument("--deadline", metavar="DATE", help="the last day that counts")
    common.add_argument("--random-seed", metavar="N", type=int, help="random seed of the sampler")
    common.add_argument("--name", metavar="RUN", help="name of the folder of a rendered run")
    common.add_argument("--json", action="store_true", help="print the forecast file instead of the screen")

    forecast = verbs.add_parser("forecast", parents=[common], help="the number and its reasons")
    forecast.add_argument(
        "--add",
        metavar="KIND:STRENGTH[:OCCASION][:ACTOR][@DATE]",
        action="append",
        default=[],
        help="what if there were this signal (repeatable)",
    )
    forecast.add_argument(
        "--set",
        metavar="OCCASION=STATUS",
        action="append",
        default=[],
        help="what if an occasion were announced, refused, planned, doubted, called-off or merely scheduled, "
        "or a leader were said to come: US:comes, US:may-come, US:may-not-come, US:stays-away",
    )
    forecast.add_argument(
        "--remove", metavar="ID", action="append", default=[], help="what if this row were not there"
    )
    forecast.add_argument("--report", action="store_true", help="run and render the notebooks")
    forecast.add_argument("--prior-only", action="store_true", help="what the priors say without the record")

    add = verbs.add_parser(
        "add", parents=[common], help="append one checked row to the ledger, then forecast"
    )
    for column in ("kind", "strength", "actor", "grade", "public-date", "description", "source"):
        add.add_argument(f"--{column}", required=True)
    for column in ("event-date", "event-id", "occasion", "for-date", "same-as"):
        add.add_argument(f"--{column}", default="")
    add.add_argument(
        "--to",
        metavar="FILE",
        help="the signals file to append to (default: the seeds, or the last --signals)",
    )

    compare = verbs.add_parser(
        "compare", help="split the difference of two runs, or rerun one from its own inputs"
    )
    compare.add_argument("a", metavar="A", help="a rendered run, by name or folder")
    compare.add_argument(
        "b", metavar="B", nargs="?", help="another; without it A is made again from its own inputs"
    )
    compare.add_argument("--markdown", action="store_true", help="the paragraph for a change request")

    sweep = verbs.add_parser(
        "sweep", parents=[common], help="many dates, scenarios and deadlines: one table, one page"
    )
    sweep.add_argument("file", metavar="FILE", help="a sweep file, such as params/sweeps/replay.yaml")
    sweep.add_argument(
        "--out",
        metavar="FILE.csv",
        help="where the table goes; the page that compares all forecasts lies "
        "beside it as FILE.html (by default notebooks/rendered/sweep-FILE with sweep.csv and index.html)",
    )
    sweep.add_argument(
        "--report", action="store_true", help="render the report of each forecast too, beside the page"
    )
    sweep.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on the Dask cluster of this scheduler, such as "
        "tcp://host:8786, whose workers are started in the same checkout with --no-nanny (needs the extra "
        "`cluster`)",
    )

    backtest = verbs.add_parser(
        "backtest", parents=[common], help="the track record, and the score of our own log"
    )
    backtest.add_argument("--log-only", action="store_true", help="only the score of our own log")
    backtest.add_argument("--monthly", action="store_true", help="the first Monday of each month only")

    verbs.add_parser("check", parents=[common], help="validate every input, all problems at once")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        words = sys.argv[1:] if argv is None else argv
        raise_if_any(
            [
                Problem("options", 0, 0, f"expected text in UTF-8; found {shown(word)}")
                for word in words
                if any("\ud800" <= c <= "\udfff" for c in word)
            ]
        )
        options = parser().parse_args(words)
        code = {
            "forecast": do_forecast,
            "add": do_add,
            "check": do_check,
            "compare": do_compare,
            "sweep": do_sweep,
            "backtest": do_backtest,
        }[options.verb](options)
        print(end="", flush=True)
        return code
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing half-written is left", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        print(
            Problem(
                str(error.filename or "output"), 0, 0, f"cannot be read or written: {error.strerror or error}"
            ),
            file=sys.stderr,
        )
        if not error.filename:
            sys.stdout = None  # or what it still holds would be written at the end, and fail again
        return 2


def inputs(options: argparse.Namespace):
    """Params and ledger files that the common options name."""
    from .answer.forecast import Sources, read
    from .settings.params import load_params

    sources = Sources(
        *(tuple(map(Path, getattr(options, table))) for table in ("signals", "occasions", "visit_windows")),
        only=options.only,
    )
    as_of = options.as_of
    named = dict(question=options.question, priors=options.priors, scenario=options.scenario)
    if as_of == "latest":
        ledger = read(load_params(**named, deadline=options.deadline), sources)
        as_of = max(
            row.known_from if hasattr(row, "known_from") else row.public_date
            for row in (*ledger.signals, *ledger.occasions, *ledger.visit_windows)
        ).isoformat()
    return load_params(
        **named, as_of=as_of, deadline=options.deadline, random_seed=options.random_seed
    ), sources


def do_check(options: argparse.Namespace) -> int:
    """`summit check`."""
    from .answer.forecast import read

    params, sources = inputs(options)
    params.check_priors()
    ledger = read(params, sources)
    unchecked = sum(not signal.checked for signal in ledger.signals)
    print(
        f"{len(ledger.signals)} signals, {len(ledger.occasions)} occasions, {len(ledger.visit_windows)} visit windows: "
        "no problem found."
    )
    if unchecked:
        print(f"warning: {unchecked} signals are not checked against a source (checked=open).")
    windows = {window.occasion_id for window in ledger.visit_windows}
    for visit in ledger.occasions:
        if visit.is_visit and visit.met is None and visit.occasion_id not in windows:
            print(
                f"warning: {visit.file}:{visit.line}: {visit.occasion_id} has no row in the visit windows, so no forecast "
                "counts on it."
            )
    print_revised(ledger)
    return 0


def print_revised(ledger) -> None:
    """Name the rows that a later file replaced."""
    if ledger.revised:
        print(f"revised by a later file: {', '.join(ledger.revised)}")


def do_forecast(options: argparse.Namespace) -> int:
    """`summit forecast`."""
    from .answer import explain

    begin = time.perf_counter()
    params, sources = inputs(options)
    edits = explain.Edits(tuple(options.add), tuple(options.set), tuple(options.remove))
    if options.report and options.prior_only:
        raise InputError(
            [
                Problem(
                    "options", 0, 0, "expected one of --report and --prior-only; found both", "--prior-only"
                )
            ]
        )
    if options.report:
        from .report import build

        return build.command(params, sources, edits, options.name)
    return answer(options, params, sources, edits, begin)


def answer(options: argparse.Namespace, params, sources, edits, begin: float) -> int:
    """Compute and print a forecast."""
    from .answer import forecast
    from .fit.fits import GateError

    try:
        run = forecast.run(params, sources, edits)
    except GateError as error:
        print(error, file=sys.stderr)
        return 1
    if getattr(options, "prior_only", False):
        return print_prior(options, run)
    print(
        forecast.to_json(run.forecast) if options.json else screen(run, time.perf_counter() - begin), end=""
    )
    return 0


def print_prior(options: argparse.Namespace, run) -> int:
    """Print what the priors of a run say without its record."""
    import json

    from .answer import prior
    from .report import tuning_prose

    made = prior.prior_only(run)
    print(
        json.dumps(prior.to_json(made), indent=1) + "\n" if options.json else tuning_prose.prior_screen(made),
        end="",
    )
    return 0


def do_add(options: argparse.Namespace) -> int:
    """`summit add`."""
    from .answer import explain
    from .evidence.ledger import append_signal

    begin = time.perf_counter()
    params, sources = inputs(options)
    paths = sources.paths()
    if options.to is None and not paths["signals"]:
        raise InputError(
            [
                Problem(
                    "options",
                    0,
                    0,
                    "expected the file to append to, since --only leaves out the seeds",
                    "--to",
                )
            ]
        )
    target = Path(paths["signals"][-1] if options.to is None else options.to)
    if target.resolve() not in [path.resolve() for path in paths["signals"]]:
        paths["signals"] += (target,)
        sources = type(sources)(
            sources.signals + (target,), sources.occasions, sources.visit_windows, sources.only
        )
    words = "-".join("".join(c if c.isalnum() else " " for c in options.description.lower()).split()[:5])
    fields = {
        "event_id": options.event_id or f"{options.public_date}-{words}",
        "same_as": options.same_as,
        "event_date": options.event_date or options.public_date,
        "public_date": options.public_date,
        "in_article": "no",
        "checked": "open",
        "for_date": options.for_date,
        **{
            name: getattr(options, name)
            for name in ("kind", "actor", "strength", "grade", "occasion", "description", "source")
        },
    }
    signal = append_signal(target, fields, **paths, **params.vocabulary)
    print(f"added {signal.event_id} to {target}", file=sys.stderr)
    return answer(options, params, sources, explain.Edits(), begin)


def do_compare(options: argparse.Namespace) -> int:
    """`summit compare`."""
    from .answer import compare

    a = compare.load_run(options.a)
    if options.b is None:
        faults = compare.differences(a, compare.rerun(a))
        print(
            "\n".join([f"{a.name} made again from its own inputs differs:", *faults])
            if faults
            else f"{a.name} made again from its own inputs is identical."
        )
        return 1 if faults else 0
    b = compare.load_run(options.b)
    made = compare.steps(a, b)
    print((compare.markdown if options.markdown else compare.text)(a, b, made), end="")
    return 0


def do_sweep(options: argparse.Namespace) -> int:
    """`summit sweep`."""
    from .fit.fits import GateError
    from .report import sweep_page
    from .report.notebook import RenderError

    params, sources = inputs(options)
    given = {
        name: getattr(options, name) for name in ("question", "priors", "scenario", "deadline", "random_seed")
    }
    given["as_of"] = options.as_of and params.question.as_of.isoformat()
    try:
        table, page = sweep_page.command(
            options.file,
            sources,
            options.out,
            given=given,
            reports=options.report,
            scheduler=options.scheduler,
        )
    except (GateError, RenderError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{name_of(table)}: {len(table.read_text('utf-8').splitlines()) - 1} forecasts, compared in {name_of(page)}"
    )
    return 0


def print_log_scores(params, whole) -> None:
    """Score our own log and the reference forecasts, and keep both tables with the record."""
    from .answer import forecast
    from .fit.fits import fit
    from .settings.params import load_params
    from .track_record import backtest, log

    if rows := log.scores(log.read_log(), whole):
        backtest.save_table(rows, backtest.RECORD / "log_scores.csv")
        for row in rows:
            scored = (
                f"Brier {row['brier']:.4f}, log score {row['log_score']:.4f}"
                if row["brier"] != ""
                else "not scored"
            )
            print(
                f"{row['question_id']} {row['scenario']} by {row['deadline']}: {row['forecasts']} forecasts, "
                f"{row['resolution']}; {scored}"
            )

    def ours(day, deadline) -> float:
        return forecast.headline(load_params(as_of=day, deadline=deadline), whole, day, fit)

    beside = log.beside_references(whole, ours)
    backtest.save_table(beside, backtest.RECORD / "references.csv")
    for row in beside:
        print(
            f"{row['date']} by {row['deadline']}: ours {row['ours']:.2f}, theirs {row['theirs']:.2f} ({row['source']}); "
            f"outcome {row['outcome']}"
        )


def do_backtest(options: argparse.Namespace) -> int:
    """`summit backtest`."""
    from .answer.forecast import read
    from .track_record import backtest

    params, sources = inputs(options)
    whole = read(params, sources)
    print_log_scores(params, whole)
    if options.log_only:
        return 0
    points = backtest.run(params, whole, monthly=options.monthly)
    backtest.save(points, backtest.RECORD / "backtest.csv.gz")
    table = backtest.scores(points)
    backtest.save_table(table, backtest.RECORD / "scores.csv")
    for row in table:
        print(
            f"{row['score']:<30} {row['model']:<22} {row['value']:+.4f}  [{row['lower']:+.4f}, {row['upper']:+.4f}]"
        )
    return 0


BARS = " ▁▂▃▄▅▆▇█"


def sparkline(values: list[float], width: int = 60) -> str:
    """Values 0 to 1 as a line of blocks."""
    step = max(len(values) / width, 1)
    return "".join(BARS[min(int(values[int(i * step)] * 8 + 0.5), 8)] for i in range(min(width, len(values))))


def percent(value: float) -> str:
    """A probability in percent, as the screen shows it."""
    return ">99 %" if 0.995 < value < 1 else "<1 %" if 0 < value < 0.005 else f"{100 * value:.0f} %"


def where_lines(f, params) -> list[str]:
    """The table of who comes where: each occasion with the chances that each leader and both come, and of a first meeting."""
    sides = params.question.sides
    width = max((len(row["name"]) for row in f.occasions), default=0)
    heads = [*(side.leader for side in sides), "both", "first meeting there"]
    lines = [
        "  "
        + " " * 12
        + f"{'who comes':<{width}}  "
        + "  ".join(f"{head:>7}" for head in heads)
        + "   last word"
    ]
    for row in f.occasions:
        if row["status"] == "past":
            continue
        cells = [
            "home" if row["host"] == side.code else percent(row["comes"][side.code]) if row["comes"] else ""
            for side in sides
        ] + [percent(row["both"]) if row["both"] is not None else ""]
        said = (
            f"{row['last_word']['date']}: {row['last_word']['text']}" if row["last_word"] else row["status"]
        )
        lines.append(
            f"  {row['start_date']:<10}  {row['name']:<{width}}  "
            + "  ".join(f"{cell:>7}" for cell in cells)
            + f"  {percent(row['probability_first']):>19}   {said}".rstrip()
        )
    return lines


def screen(run, seconds: float) -> str:
    """The answer as text: the number, where it comes from, what moved it, what to watch."""
    from .answer import explain
    from .evidence.seasons import meetings

    f, lines = run.forecast, []
    if f.rows_after_as_of:
        lines.append(
            f"{f.rows_after_as_of} rows are later than {f.as_of} and were not used; --as-of latest uses them."
        )
    this_year = [day for day in meetings(run.ledger) if day.year == run.outlook.as_of.year]
    if this_year:
        lines.append(f"They met on {this_year[-1]}; below is the chance of another meeting.")
    lines += [
        f"{f.question.removesuffix('.')}, by {f.deadline}{' ' * 8}as of {f.as_of}",
        f"  {percent(f.probability)}  {f.likelihood_word}   (spread over the posterior "
        f"{percent(f.interval['lower'])[:-2]}-{percent(f.interval['upper'])})   without signals "
        f"{percent(f.no_signals_probability)}"
        + (f"   a week ago {percent(f.a_week_ago)}" if f.a_week_ago is not None else ""),
        f"  {sparkline([point['probability'] for point in f.curve])}  "
        f"years that stood like this: {f.matched_record['hits']} of {f.matched_record['years']}",
    ]
    lines += where_lines(f, run.params)
    lines += [
        f"  {'moved' if i == 0 else '     '}   {100 * row['delta']:+.1f}  {row['date']}  {row['text']}".rstrip()
        for i, row in enumerate(explain.moved(f.contributions))
    ]
    watched = [
        row
        for direction in explain.WATCHED
        for row in [row for row in f.next_signals if row["direction"] == direction][:2]
    ]
    lines += [
        f"  {'watch' if i == 0 else '     '}   {row['what']} -> {percent(row['probability_after'])}"
        for i, row in enumerate(watched)
    ]
    source = (
        f"From the stored fit ({seconds:.1f} s)."
        if run.fit.reused
        else f"Fitted anew in {run.fit.seconds:.0f} s: {run.fit.why}."
    )
    if run.ledger.revised:
        lines.append(f"  revised by a later file: {', '.join(run.ledger.revised)}")
    lines.append(
        f"  {f.rows_used} rows used, {f.rows_after_as_of} later than the as-of date not used. {source} "
        "Nothing written; --report renders the page."
    )
    return "\n".join(lines) + "\n"
