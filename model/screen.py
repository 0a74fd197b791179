"""The answers of the command line as text."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from . import formatting
from .answer import explain, facts
from .answer.file import Forecast
from .answer.forecast import Run
from .evidence import notices
from .evidence.ledger import Ledger
from .evidence.outlook import PAST, outlook
from .evidence.seasons import DAY, meetings
from .files.problems import printable
from .settings.params import Params

if TYPE_CHECKING:
    from .answer.scenario import Effect
    from .feeds.formats import Feed

BARS = " ▁▂▃▄▅▆▇█"
NOTHING = "Nothing written; --report renders the page."
ADDED = "Only the row is written; make forecast renders the page."


def percent(value: float) -> str:
    """A probability in percent, as the screen shows it."""
    return formatting.percent(value).replace("%", " %")


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """Values from 0 to 1 as a line of blocks."""
    step = max(len(values) / width, 1)
    chosen = [values[int(i * step)] for i in range(min(width, len(values)))]
    return "".join(BARS[min(int(value * 8 + 0.5), 8)] for value in chosen)


def answer(run: Run, seconds: float, written: str = NOTHING, *, effect: "Effect | None" = None) -> str:
    """A forecast: the number, what its scenario does, what moved it, what to watch, and what is `written`."""
    f = run.forecast
    noted = _labelled("note", _noted(run))
    if f.resolved:
        body = [*_resolved(f), *noted]
    else:
        does = _scenario(effect) if effect else ()
        moved, watch = _labelled("moved", _moved(f)), _labelled("watch", _watched(f))
        body = [*_number(f), *does, *noted, *_where(run), *moved, *watch]
    return "\n".join([*_notes(run), *body, *_origin(run, seconds, written)]) + "\n"


def _notes(run: Run) -> Iterator[str]:
    f = run.forecast
    latest = run.whole.covered_until
    if f.rows_after_as_of and latest and latest > run.outlook.as_of:
        later = f"{f.rows_after_as_of} rows are later than {f.as_of} and were not used"
        yield f"{later}; --as-of latest ({latest}) uses them."
    met = [day for day in meetings(run.ledger, f.host) if day.year == run.outlook.as_of.year]
    if met and not f.resolved:
        yield f"They met on {met[-1]}, before the question opened; below is the chance of another meeting."


def _noted(run: Run) -> Iterator[str]:
    """The notes of the forecast, then the rows that change less than their coder may think, with places."""
    rows, more = notices.of_rows(run.whole, run.params)
    texts = {row.text for row in rows}
    yield from (printable(note) for note in run.forecast.notes if note not in texts)
    yield from map(str, rows)
    if more:
        yield f"{more} more rows like these; summit check names them."


def _asked(f: Forecast) -> str:
    return f"{printable(f.question).removesuffix('.')}, by {f.deadline}        as of {f.as_of}"


def _resolved(f: Forecast) -> Iterator[str]:
    yield _asked(f)
    yield f"  {resolution(f)}"
    if f.resolved and f.resolved["answer"] == "yes":
        after = date.fromisoformat(f.as_of) + DAY
        yield f"  The chance of another meeting: --opens {after} with a later --deadline."


def resolution(f: Forecast) -> str:
    """How a question was resolved: yes, with day and place, or no."""
    answer = f.resolved or {}
    if answer["answer"] == "yes":
        return f"resolved: yes, on {answer['date']}, at {printable(answer['place'])}"
    text = f"resolved: no, not from {f.opens} to {f.last_day}"
    if answer["evidence_through"] < f.last_day:
        text += f", as far as the evidence goes (it ends on {answer['evidence_through']})"
    return text


def _number(f: Forecast) -> Iterator[str]:
    yield _asked(f)
    lower, upper = (percent(f.interval[edge]) for edge in ("lower", "upper"))
    number = f"{percent(f.probability)}  {f.likelihood_word}"
    line = f"  {number}   (spread over the posterior {lower[:-2]} to {upper})"
    line += f"   calendar alone {percent(f.no_signals_probability)}"
    if f.a_week_ago is not None:
        line += f"   a week ago {percent(f.a_week_ago)}"
    yield line
    line = f"  {sparkline([point['probability'] for point in f.curve])}"
    if years := f.matched_record["years"]:
        line += f"  years like this one: {f.matched_record['hits']} of {years}"
    yield line


def _scenario(effect: "Effect") -> Iterator[str]:
    """What a scenario changes, and its forecast and changed priors beside the default ones."""
    yield f"  scenario {effect.name}: {printable(effect.means)}"
    by_default = percent(effect.default.probability)
    sampling = f"(standard error {100 * effect.error:.1f}, from the number of draws)"
    yield f"    {formatting.points(effect.difference)} points from the {by_default} without it {sampling}"
    for change in effect.settings:
        yield f"    {change}"
    answers = (effect.scenario, effect.default)
    rows = [("before -> after the record", effect.name, "by default")]
    rows += [("forecast", *(f"{percent(each.prior)} -> {percent(each.probability)}" for each in answers))]
    for pair in zip(*(each.beliefs for each in answers), strict=True):
        rows.append((pair[0].label, *(f"{each.prior} -> {each.posterior}" for each in pair)))
    for line in formatting.aligned(rows):
        yield f"    {line}"


def _where(run: Run) -> Iterator[str]:
    """The table of who comes where, with the chance of a first meeting and the last word."""
    leaders = run.params.leaders
    width = max((len(row["name"]) for row in run.forecast.occasions), default=0)
    heads = "  ".join(f"{head:>7}" for head in [*leaders.values(), "both", "first meeting there"])
    yield f"{'':14}{'who comes':<{width}}  {heads}   last word"
    for row in facts.ahead(run.forecast):
        comes = [guest.comes for guest in facts.who_comes(row, leaders)]
        columns = "  ".join(f"{_chance(each):>7}" for each in [*comes, row["both"]])
        last = row["last_word"]
        said = f"{last['date']}: {last['text']}" if last else _status(row)
        first = percent(row["probability_first"])
        yield f"  {row['start_date']:<10}  {row['name']:<{width}}  {columns}  {first:>19}   {said}".rstrip()


def _status(row: dict[str, Any]) -> str:
    """The status, shown where nothing was said; empty for a visit not yet public."""
    return "" if row["kind"] == "unknown" else row["status"]


def _chance(value: float | str | None) -> str:
    """A chance in percent; "home" stays, and None is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else percent(value)


def _labelled(label: str, lines: Iterator[str]) -> Iterator[str]:
    """The lines indented, the first with a label."""
    for number, line in enumerate(lines):
        yield f"  {'' if number else label:<5}   {line}".rstrip()


def _moved(f: Forecast) -> Iterator[str]:
    """The contributions to name first, without those that would print as zero."""
    for row in explain.moved(f.contributions):
        if abs(row["delta"]) >= explain.NOTICED:
            yield f"{formatting.points(row['delta'])}  {row['date']}  {row['text']}"


def _watched(f: Forecast) -> Iterator[str]:
    """The two largest next signals of each direction."""
    for direction in explain.WATCHED:
        for row in [row for row in f.next_signals if row["direction"] == direction][:2]:
            yield f"{row['what']} -> {percent(row['probability_after'])}"


def _origin(run: Run, seconds: float, written: str) -> Iterator[str]:
    f, fit = run.forecast, run.fit
    yield from revised(run.ledger, "  ")
    source = f"{fit.why} ({seconds:.1f} s)."
    if not fit.reused:
        source = f"Fitted anew in {fit.seconds:.0f} s: {fit.why}."
    yield f"  {f.rows_used} rows used. {source} {written}"


def check(ledger: Ledger, params: Params) -> str:
    """A ledger without problems: its counts, warnings, and what lies ahead."""
    signals, occasions, windows = ledger.signals, ledger.occasions, ledger.visit_windows
    lines = [
        f"{len(signals)} signals, {len(occasions)} occasions, {len(windows)} visit windows: no problem found."
    ]
    unchecked = sum(not signal.checked for signal in signals)
    if unchecked:
        lines.append(f"warning: {unchecked} signals are not checked against a source (checked=open).")
    lines += [f"warning: {line}" for line in notices.of_check(ledger, params)]
    return "\n".join([*lines, *revised(ledger), *_ahead(ledger, params)]) + "\n"


def feed(read: "Feed", rows: Sequence[Mapping[str, str]], out: str, sides: Sequence[str]) -> str:
    """What a feed held, what became of it, and what to do next."""
    judged = [row for row in rows if not row["keep"]]
    near = sum(bool(row["near"]) for row in judged)
    counted = [
        (read.rows, f"rows of {read.name}"),
        (read.other_pairs, f"not between {formatting.listed(sides)}: left out"),
        (read.refused, "published long after their day, or before it: refused"),
        (read.unreadable, f"unreadable: left out, the first is {read.first_fault}"),
        (len(judged), "candidates"),
        (near, "of them near a row of the ledger, which they name"),
        (len(rows) - len(judged), "set aside, with the reason"),
    ]
    lines = [f"{number:7,}  {text}" for number, text in counted if number]
    if rows:
        lines.append(f"They are in {out}; nothing is in the ledger yet.")
        lines.append("Fill strength, and yes in keep, of the rows to add; correct what is wrong; then run")
        lines.append(f"summit add --from {out}")
    else:
        lines.append("no candidates, so no file is written")
    return "".join(f"{printable(line)}\n" for line in lines)


def _ahead(ledger: Ledger, params: Params) -> Iterator[str]:
    """The occasions that lie ahead, with their ids and statuses, as options name them."""
    as_of = params.question.as_of
    cut = ledger.as_of(as_of)
    statuses = outlook(cut, as_of, params.question.deadline, params).statuses
    occasions = [o for o in cut.occasions if statuses.get(o.occasion_id, PAST) != PAST]
    occasions.sort(key=lambda o: (o.start_date or date.max, o.occasion_id))
    if not occasions:
        yield f"ahead on {as_of}: no occasion is known"
        return
    yield f"ahead on {as_of}:"
    rows = [
        (f"{o.start_date or 'no date'!s:<10}", o.occasion_id, statuses[o.occasion_id], o.name)
        for o in occasions
    ]
    yield from (f"  {line}" for line in formatting.aligned(rows, "  "))


def revised(ledger: Ledger, indent: str = "") -> Iterator[str]:
    """The rows that a later file replaced, if any."""
    if ledger.revised:
        yield f"{indent}revised by a later file: {', '.join(ledger.revised)}"


def log_score(row: dict[str, Any]) -> str:
    """One question of our own log, with its scores once it is resolved."""
    scored = "not scored"
    if row["brier"] != "":
        scored = f"Brier {row['brier']:.4f}, log score {row['log_score']:.4f}"
    return (
        f"{row['question_id']} {row['scenario']} by {row['deadline']}: {row['forecasts']} forecasts, "
        f"{row['resolution']}; {scored}"
    )


def reference(row: dict[str, Any]) -> str:
    """Our forecast beside one that others published."""
    return (
        f"{row['date']} by {row['deadline']}: ours {row['ours']:.2f}, theirs {row['theirs']:.2f} "
        f"({row['forecaster']}, {row['source']}); outcome {row['outcome']}"
    )


def score(row: dict[str, Any]) -> str:
    """One score of the backtest with its interval."""
    interval = f"[{row['lower']:+.4f}, {row['upper']:+.4f}]"
    return f"{row['score']:<30} {row['model']:<22} {row['value']:+.4f}  {interval}"
