"""The tables of a report, and its lists of what moves a forecast."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from math import isfinite
from typing import Any

from .. import formatting
from ..answer.facts import ahead, ranked, who_comes
from ..answer.forecast import Forecast, Run
from ..answer.prior import PriorOnly, Range
from ..answer.scenario import Effect
from ..answer.sensitivity import Bar, End, Sensitivity
from ..evidence.ledger import Ledger
from ..evidence.seasons import WEEK
from ..files.problems import printable
from ..fit.reweight import PARETO_K_MAX
from ..formatting import Move, Table, count, day, decimals, percent, points, short_day, signed, upper_first
from . import words

BASIS = {"record": "weight learned from the record", "belief": "weight is a stated belief"}
ABOUT = {"coming": "who comes", "meeting": "meeting", "signal": "tone", "tone": "tone"}
"""What a contribution is about, in words."""
DIRECTIONS = {
    "down": "What would lower it most",
    "up": "What would raise it most",
    "pair": "Two refusals by one leader",
}
CLASSES = {
    "home": "at home",
    "summit": "to summits",
    "other": "to other gatherings",
    "guest": "as the other's guest",
}
"""The classes of occasion, from one side's point of view."""
COUNTS = (
    ("Occasions held in person", "held", "", "held", ""),
    ("Seasons with a meeting, both at a summit", "met_after_both_came", "summit", "meets_summit", ""),
    ("Seasons with a meeting, both only elsewhere", "met_after_both_came", "other", "meets_other", ""),
    ("Came after a settled yes", "settled_words", "will", "came_if_will", ""),
    ("Came after a settled no", "settled_words", "will_not", "came_if_not", ""),
    ("Visits put off that came within a year", "made_up", "", "again", ""),
    ("Promises broken, days at risk", "promises_broken", "", "breaks", "a day"),
    ("Visits, years of the record", "visits", "", "visit_rate", "a year"),
)
"""What was counted, its key and inner key in `Forecast.counts`, its parameter, the unit of a rate."""


# Moves


def drivers(forecast: Forecast, number: int = 2) -> list[Move]:
    """The largest contributions apart from the general tone, in percentage points: first what lowers it."""
    rows = [row for row in ranked(forecast).large if row["what"] != "tone"]
    groups = ([row for row in rows if sign * row["delta"] > 0][:number] for sign in (-1, 1))
    return [_driver(row) for group in groups for row in group]


def fresh(forecast: Forecast) -> list[Move]:
    """The three largest contributions of signals that became public within a week of the as-of date."""
    start = (date.fromisoformat(forecast.as_of) - WEEK).isoformat()
    return [_driver(row) for row in ranked(forecast).large if row["date"] > start][:3]


def _driver(row: Mapping[str, Any]) -> Move:
    basis = BASIS[row["basis"]]
    note = f"{day(row['date'])}; {basis}" if row["date"] else upper_first(basis)
    return Move(row["delta"], points(row["delta"]), upper_first(row["text"]).rstrip("."), note)


def watch(forecast: Forecast) -> dict[str, list[Move]]:
    """The two next signals of each direction that would move the forecast most, and to where."""
    found: dict[str, list[Move]] = {text: [] for text in DIRECTIONS.values()}
    for row in forecast.next_signals:
        after, text = percent(row["probability_after"]), upper_first(row["what"]).rstrip(".")
        found[DIRECTIONS[row["direction"]]].append(Move(row["change"], after, text))
    return {text: moves[:2] for text, moves in found.items() if moves}


# The forecast


def next_rows(forecast: Forecast) -> Table:
    """What could become public next, and the forecast after it: downside, upside, pairs of refusals."""
    rows = []
    alike = groupby(forecast.next_signals, lambda row: (row["direction"], round(row["change"], 9)))
    for (direction, change), group in alike:
        found = list(group)
        what = ", ".join(row["what"] for row in found)
        text = upper_first(what) if len(found) == 1 else f"One of: {what}"
        rows.append((direction, found[0]["probability_after"], change, text))
    return Table(
        ("Direction", "Forecast", "Points", "If this became public"),
        rows,
        "What would change the forecast",
        {"Forecast": percent, "Points": points},
    )


def chance(value: float | str | None) -> str:
    """A chance in percent; words stay, and None is a dash."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else percent(value)


def status(row: Mapping[str, Any]) -> str:
    """The status of an occasion; a dash for the unknown visit."""
    return "–" if row["kind"] == "unknown" else row["status"]


def dated(row: Mapping[str, Any]) -> str:
    """The name of an occasion with its day, where that is known and not only expected."""
    known = row["start_date"] and not row["id"].endswith("-expected")
    return f"{row['name']}, {short_day(row['start_date'])}" if known else row["name"]


def who_comes_where(forecast: Forecast, names: Mapping[str, str]) -> Table:
    """The chances that each leader comes, both come and the first meeting is there, and the last word.

    `names` are the leaders by the code of their side. If nothing was said, the status replaces the last word.
    """
    rows = []
    for row in ahead(forecast):
        word = row["last_word"]
        last = f"{day(word['date'])}: {word['text']}" if word else status(row)
        comes = (value for _, value in who_comes(row, names))
        rows.append((dated(row), *comes, row["both"], row["probability_first"], last))
    chances = (*names.values(), "Both", "First")
    return Table(
        ("Occasion", *chances, "Last word"),
        rows,
        f"Who comes where, as of {day(forecast.as_of)}: the chances that each leader comes, that both come "
        "and that the first meeting is there",
        dict.fromkeys(chances, chance),
    )


def markdown(made: Table, columns: int) -> str:
    """The first columns of a table as Markdown."""
    write = [made.written.get(head, str) for head in made.head[:columns]]
    lines = [made.head[:columns], ("---", *["---:"] * (columns - 1))]
    for row in made.rows:
        lines.append(tuple(text(cell).replace("|", "/") for text, cell in zip(write, row)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def occasion_rows(forecast: Forecast) -> Table:
    """The occasions ahead, with the chance of a first meeting and of any meeting there."""
    rows = []
    for row in forecast.occasions:
        chances = (row["probability_first"], row["probability_there"])
        rows.append((row["name"], *chances, row["start_date"] or "–", status(row)))
    return Table(
        ("Occasion", "First", "At all", "Start", "Status"),
        rows,
        f"Occasions ahead as of {day(forecast.as_of)}: chance of the first meeting and of any meeting there",
        {"First": percent, "At all": percent},
    )


def contribution_rows(forecast: Forecast, number: int = 20) -> Table:
    """The largest contributions and the sum of the others; they add up."""
    large, rest = ranked(forecast, number)
    rows = []
    for row in large:
        spread = f"{points(row['lower'])} to {points(row['upper'])}"
        about = ABOUT.get(row["what"], row["what"])
        rows.append((row["delta"], upper_first(row["text"]), about, row["date"], spread, row["basis"]))
    if rest:
        total = sum(row["delta"] for row in rest)
        rows.append((total, words.figures.smaller(rest), "", "", "", ""))
    return Table(
        ("Points", "What", "About", "Public", "Spread", "Weight"),
        rows,
        f"{count(len(forecast.contributions), 'contribution')} in percentage points, from "
        f"{percent(forecast.no_signals_probability)} to {percent(forecast.probability)}",
        {"Points": points},
    )


# The evidence


def count_rows(run: Run) -> Table:
    """The counts behind the fit, each with the parameter that it informs."""
    counts, countries = run.forecast.counts, {side.code: side.country for side in run.params.question.sides}
    rows = [
        _counted(f"{countries[code]}: came {CLASSES[name]}", pair, f"comes_{name}")
        for code, classes in counts["came"].items()
        for name, pair in classes.items()
    ]
    for text, key, inner, parameter, per in COUNTS:
        rows.append(_counted(text, counts[key][inner] if inner else counts[key], parameter, per))
    return Table(
        ("What was counted", "Times", "Of", "Share", "Teaches"),
        rows,
        f"The counts behind the fit, from outcomes known by {day(run.forecast.fit_through)}",
        {"Of": lambda number: f"{number:,}" if number == int(number) else f"{number:.1f}"},
    )


def _counted(text: str, pair: Sequence[float], parameter: str, per: str = "") -> tuple[Any, ...]:
    hits, trials = pair
    share = "–"
    if trials:
        share = f"{hits / trials:.2g} {per}" if per else f"{hits / trials:.0%}"
    return text, hits, trials, share, parameter


def article_rows(ledger: Ledger) -> Table:
    """The signals that the article states."""
    rows = [
        (str(signal.event_date), signal.description, signal.strength, signal.grade, signal.source)
        for signal in ledger.signals
        if signal.in_article
    ]
    return Table(
        ("Date", "What was public", "Strength", "Grade", "Source"),
        rows,
        f"{count(len(rows), 'row')} that the article states",
        {"Strength": signed},
        linked=("Source",),
    )


def type_rows(run: Run) -> Table:
    """The record of occasions by type: how many took place, to how many both came, at how many they met."""
    rows = []
    for name, kind in run.params.priors.types.items():
        over = [o for o in run.ledger.occasions if o.type == name and o.met is not None]
        if over:
            came = [sum(o.attended in (who, "both") for o in over) for who in (*run.params.sides, "both")]
            rows.append((kind.name, len(over), *came, sum(bool(o.met) for o in over)))
    return Table(
        ("Occasion", "Over", *(f"{side} came" for side in run.params.sides), "Both came", "Met"),
        rows,
        f"Occasions that were over by {day(run.forecast.as_of)}, by type",
    )


def kind_rows(run: Run) -> Table:
    """The kinds of signal: which way they point, their PLOVER root and how often they occur."""
    signs = {"up": "up", "down": "down", "either": "up or down"}
    coded = Counter(signal.kind for signal in run.ledger.signals)
    rows = [
        (name.replace("_", " "), kind.means, signs[kind.sign], kind.plover, coded[name])
        for name, kind in run.params.priors.kinds.items()
    ]
    return Table(
        ("Kind", "What it is", "Points", "PLOVER / CAMEO", "Rows"),
        rows,
        f"{count(len(rows), 'kind')} of signal",
    )


# The beliefs


def sensitivity_rows(made: Sensitivity) -> Table:
    """Every prior, its edges, and the change of the forecast with the prior moved there."""

    def change(end: End) -> str:
        return points(end.probability - made.probability) if end.safe else "refit needed"

    def row(bar: Bar) -> tuple[str, ...]:
        shapes = [decimals(end.pareto_k, 2) if isfinite(end.pareto_k) else "–" for end in (bar.low, bar.high)]
        edges = f"{bar.low.value:.3g} to {bar.high.value:.3g}"
        error = f"{100 * bar.error:.1f}" if bar.safe else "–"
        changes = (change(bar.low), change(bar.high))
        return (bar.label, edges, bar.unit, *changes, error, " / ".join(shapes), f"{bar.power:.3f}")

    return Table(
        ("Prior", "Edges", "Unit", "Low edge", "High edge", "Error", "Pareto k", "Power"),
        [row(bar) for bar in made.bars],
        f"Change of the forecast with each of {count(len(made.bars), 'prior')} moved to an edge, in points "
        f"from {percent(made.probability)}; Pareto k below {PARETO_K_MAX} is safe; power: sensitivity to "
        "power-scaling that prior alone",
    )


def scenario_rows(
    forecast: Forecast, swept: Sequence[Mapping[str, Any]], meanings: Mapping[str, str]
) -> Table:
    """Headline, interval and forecast without signals of each scenario, from the CSV rows of a sweep.

    The table is empty unless the rows come from the same inputs: the row without a scenario must be this
    forecast. `meanings` says what each scenario changes.
    """
    head = ("Scenario", "Forecast", "Spread", "Without signals", "What it changes")
    same = [row for row in swept if (row["as_of"], row["deadline"]) == (forecast.as_of, forecast.deadline)]
    plain = [row["probability"] for row in same if not row["scenario"]]
    if plain[:1] != [round(forecast.probability, 4)]:
        missing = (
            "The stored table of scenarios was made from other inputs or for another day; summit sweep "
            "params/sweeps/scenarios.yaml compares the scenarios anew"
        )
        return Table(head, [], missing)
    rows = []
    for row in same:
        name, spread = row["scenario"], f"{percent(row['lower'])} to {percent(row['upper'])}"
        numbers = (row["probability"], spread, row["no_signals"])
        rows.append((name or "as the params files say", *numbers, meanings.get(name, "")))
    low, high = (pick(row["probability"] for row in same) for pick in (min, max))
    return Table(
        head,
        rows,
        f"{count(len(rows), 'scenario')} put the forecast between {percent(low)} and {percent(high)}",
        {"Forecast": percent, "Without signals": percent},
    )


def scenario_effects(effects: Sequence[Effect]) -> Table:
    """The forecast and the changed priors of each scenario, without and with the record, and by default."""
    rows: list[tuple[str, ...]] = []
    for each in effects:
        answers = (each.scenario, each.default)
        numbers = (percent(value) for answer in answers for value in (answer.prior, answer.probability))
        rows.append((each.name, "the forecast", *numbers))
        for pair in zip(*(answer.beliefs for answer in answers), strict=True):
            spreads = (spread for belief in pair for spread in (belief.prior, belief.posterior))
            rows.append((each.name, f"{pair[0].label}, {pair[0].unit}", *map(str, spreads)))
    heads = ("Before the record", "After it", "By default before", "By default after")
    days = f"as of {day(effects[0].as_of)}, by {day(effects[0].deadline)}"
    caption = f"Before and after the record, {days}: means, of priors with their central 90%"
    return Table(("Scenario", "What", *heads), rows, caption)


def estimate(value: Range, kind: str) -> str:
    """A mean and its range as text: percent, a number, or percentage points."""
    write = {"probability": percent, "count": "{:.1f}".format, "effect": points}[kind]
    return f"{write(value.mean)} ({write(value.lower)} to {write(value.upper)})"


def prior_screen(made: PriorOnly) -> str:
    """What the priors alone say beside the posterior, as text for the command line."""
    rows = [("", "priors alone", "with the record", "the record itself")]
    for line in made.lines:
        what = f"{line.what}, points" if line.kind == "effect" else line.what
        rows.append((what, estimate(line.prior, line.kind), estimate(line.posterior, line.kind), line.record))
    lines = formatting.aligned(rows)
    lines += [words.tuning.conflict(belief) for belief in made.beliefs if belief.conflict]
    lines.append(words.tuning.unmoved(made.beliefs))
    head = f"{printable(made.question).removesuffix('.')}, by {made.deadline}{' ' * 8}as of {made.as_of}"
    return "\n  ".join([head, *lines]) + "\n"
