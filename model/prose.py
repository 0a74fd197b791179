"""Sentences and tables generated from the numbers of a run, and how numbers and days are written.

No sentence here knows more than the run it is given, and none is markup: `show` turns them into that.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from statistics import mean
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .forecast import Forecast, Run
    from .ledger import Ledger

WEEK = timedelta(days=7)
QUIET = "Nothing new stands out: older words fade, occasions come nearer."


class Table(NamedTuple):
    """A table as data: column heads, rows, what it says in one line, how the cells of a column are written.

    In the columns of `linked`, addresses of web pages become links.
    """

    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    caption: str
    written: Mapping[str, Callable[[Any], str]] = {}
    linked: tuple[str, ...] = ()


class Move(NamedTuple):
    """Something that moves the forecast by `delta`: the number shown, the fact, and a note on it."""

    delta: float
    value: str
    text: str
    note: str = ""


def percent(probability: float) -> str:
    """A probability in whole percent; never 0% or 100% for what is only nearly so."""
    if 0 < probability < 0.005:
        return "<1%"
    if 0.995 < probability < 1:
        return ">99%"
    return f"{probability:.0%}"


def points(delta: float) -> str:
    """A difference of probabilities in signed percentage points, one decimal."""
    text = f"{100 * delta:+.1f}"
    return "±0.0" if float(text) == 0 else text.replace("-", "−")


def signed(number: int) -> str:
    """A whole number with its sign."""
    return f"{number:+d}".replace("-", "−")


def day(when: date | str, year: bool = True) -> str:
    """A day as people write it: 11 July 2025."""
    when = date.fromisoformat(when) if isinstance(when, str) else when
    return f"{when.day} {when:%B} {when.year}" if year else f"{when.day} {when:%B}"


def short_day(when: date | str) -> str:
    """A day in few characters: 11 Jul."""
    when = date.fromisoformat(when) if isinstance(when, str) else when
    return f"{when.day} {when:%b}"


def span(start: date | None, end: date | None, write: Callable[..., str] = day) -> str:
    """The days from start to end, as short as they can be told; words where there is none."""
    if start is None:
        return "no date yet"
    if end is None or start == end:
        return write(start)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{write(end)}"
    return f"{write(start)} – {write(end)}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]])) or "none"


def upper_first(text: str) -> str:
    """The text with its first letter in upper case, the rest as it was."""
    return text[:1].upper() + text[1:]


# The number

def headline(forecast: "Forecast") -> str:
    """The forecast in one sentence."""
    return (f"{upper_first(forecast.likelihood_word)}, {percent(forecast.probability)}: {forecast.question}, "
            f"as seen on {day(forecast.as_of)}; the last day that counts is {day(forecast.deadline)}.")


def spread(forecast: "Forecast") -> str:
    """What the interval is, and what it is not."""
    low, high, mass = forecast.interval["lower"], forecast.interval["upper"], forecast.interval["mass"]
    return ("The record does not fix the parameters of the model but leaves a range of them, the posterior; the fit draws "
            f"a sample of it. {mass:.0%} of these draws put the probability between {percent(low)} and {percent(high)}. "
            "That says how well the record pins the number down if the model is right; it says nothing of what the model "
            "leaves out, and the event itself will be yes or no.")


def reconcile(forecast: "Forecast") -> str:
    """How the forecast follows from the calendar and the signals, and how it sits beside the plain record."""
    record, moved = forecast.matched_record, forecast.probability - forecast.no_signals_probability
    beside = (f"the plain record of comparable years says {percent(record['hits'] / record['years'])}"
              if record["years"] else "no year of the record is comparable")
    return (f"The calendar alone, the gatherings at which both leaders could meet with nothing said about them, gives "
            f"{percent(forecast.no_signals_probability)}; what was said and done moves it by {points(moved)} points; {beside}.")


def where(forecast: "Forecast") -> str:
    """Where the first meeting is most likely, and what is left for visits not yet public."""
    known = [row for row in forecast.occasions if row["kind"] != "unknown"]
    rest = sum(row["probability_first"] for row in forecast.occasions if row["kind"] == "unknown")
    first = "No known occasion lies ahead"
    if known:
        best = max(known, key=lambda row: row["probability_first"])
        first = f"The first meeting is most likely at {best['name']} ({percent(best['probability_first'])})"
    return f"{first}; a visit of which nothing is public yet accounts for {percent(rest)}."


def climb(forecast: "Forecast") -> str:
    """Where the curve ends, and its steepest week."""
    rows = [(row["date"], row["probability"]) for row in forecast.curve]
    end = f"By {day(forecast.deadline)} the probability of a meeting is {percent(forecast.probability)}"
    weeks = [(late - early, when) for (_, early), (when, late) in zip(rows, rows[7:])]
    if not weeks:
        return f"{end}."
    rise, when = max(weeks)
    return f"{end}; it rises most, by {points(rise)} points, in the week to {day(when)}."


def matched(forecast: "Forecast") -> str:
    """The record of the years that stood like this one, and how far the forecast lies from it."""
    record = forecast.matched_record
    if not record["years"]:
        return record["text"]
    share = record["hits"] / record["years"]
    gap = forecast.probability - share
    told = f"{record['text']} That is {percent(share)}; the forecast lies {points(gap)} points from it."
    return told if abs(gap) <= 0.05 else f"{told} More than five points have to be explained by what differs now."


def ranked(forecast: "Forecast", number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The largest contributions, at most `number` and none that would print as zero, and the others."""
    rows = sorted(forecast.contributions, key=lambda row: -abs(row["delta"]))
    large = [row for row in rows[:number] if abs(row["delta"]) >= 0.0005]
    return large, rows[len(large):]


def _driver(row: Mapping[str, Any]) -> Move:
    note = f"{day(row['date'])}; {basis(row)}" if row["date"] else upper_first(basis(row))
    return Move(row["delta"], points(row["delta"]), upper_first(row["text"]).rstrip("."), note)


def basis(row: Mapping[str, Any]) -> str:
    """What a contribution rests on."""
    return "weight learned from the record" if row["basis"] == "record" else "weight is a stated belief"


def drivers(forecast: "Forecast", number: int = 3) -> list[Move]:
    """The largest contributions of something said, done or left unsaid, in percentage points."""
    rows, _ = ranked(forecast, len(forecast.contributions))
    return [_driver(row) for row in rows if row["what"] != "tone"][:number]


def watch(forecast: "Forecast", number: int = 3) -> list[Move]:
    """What would move the forecast most, and to where."""
    rows = [Move(row["probability_after"] - forecast.probability, percent(row["probability_after"]),
                 upper_first(row["what"]).rstrip(".")) for row in forecast.next_signals]
    return sorted(rows, key=lambda row: -abs(row.delta))[:number]


def halving(forecast: "Forecast") -> str:
    """Whether any single next signal would halve the forecast, and which would lower it most."""
    worst = min(forecast.next_signals, key=lambda row: row["probability_after"], default=None)
    if worst is None or worst["probability_after"] >= forecast.probability:
        return "Nothing that is listed as a next signal would lower it."
    after = f"{percent(worst['probability_after'])} ({worst['what'].rstrip('.')})"
    if worst["probability_after"] > forecast.probability / 2:
        return f"No single next signal would halve it: the lowest that one leaves is {after}."
    return f"The next signal that would lower it most leaves {after}, half or less."


def week(run: "Run") -> str:
    """How the forecast moved in a week, and how many signals became public in it."""
    forecast, as_of = run.forecast, date.fromisoformat(run.forecast.as_of)
    rows = sum(signal.public_date > as_of - WEEK for signal in run.ledger.signals)
    news = f"{count(rows, 'signal')} became public in the week to {day(as_of)}"
    if forecast.a_week_ago is None:
        return f"{news}; the record had not begun a week earlier."
    moved = points(forecast.probability - forecast.a_week_ago)
    how = "stayed where it was" if moved == "±0.0" else f"moved by {moved} points"
    return (f"{news}; the forecast {how}, from {percent(forecast.a_week_ago)} to {percent(forecast.probability)}.")


def fresh(forecast: "Forecast", number: int = 3) -> list[Move]:
    """The largest contributions of signals that became public within a week of the as-of date."""
    start = date.fromisoformat(forecast.as_of) - WEEK
    rows, _ = ranked(forecast, len(forecast.contributions))
    return [_driver(row) for row in rows if row["date"] and date.fromisoformat(row["date"]) > start][:number]


def unheard(path: Sequence[Mapping[str, Any]]) -> str:
    """What becomes of the forecast if nothing more is heard: the first day on which it is below half of today's."""
    half = path[0]["probability"] / 2
    below = next((row for row in path[:-1] if row["probability"] < half), None)
    if below is None:
        return f"If nothing more is heard, the forecast stays above {percent(half)} to the last"
    return f"If nothing more is heard, the forecast falls below {percent(half)} by {day(below['date'])}"


def calendar(forecast: "Forecast") -> str:
    """How many occasions lie ahead, and in which state they are."""
    states = Counter(sorted(row["status"] for row in forecast.occasions if row["kind"] != "unknown"))
    total, by = states.total(), day(forecast.deadline)
    if not total:
        return f"No known occasion lies ahead by {by}."
    told = listed([f"{number} {state}" for state, number in states.most_common()])
    return f"{count(total, 'known occasion')} {'lies' if total == 1 else 'lie'} ahead by {by}: {told}."


def diagnostics(run: "Run") -> list[str]:
    """Whether the fit passed its gate, and what it saw."""
    found, gate = run.forecast.diagnostics, run.params.run.gate
    divergent = count(found["divergences"], "divergent transition")
    return [f"The sampler {'passed' if found['ok'] else 'did not pass'} its checks: R-hat at most "
            f"{found['rhat_max']:.3f} (bound {gate.rhat_max:g}), effective sample size at least "
            f"{found['ess_min']:,.0f} (bound {gate.ess_min:,.0f}), {divergent} (bound {gate.divergences_max}), energy "
            f"statistic at least {found['ebfmi_min']:.2f} (bound {gate.ebfmi_min:g}).",
            f"The fit saw outcomes through {day(run.forecast.fit_through)}; what became public later changes the "
            "forecast by arithmetic, without a refit."]


def next_rows(forecast: "Forecast") -> Table:
    """What could come next, and the forecast after it."""
    rows = [(row["probability_after"], row["probability_after"] - forecast.probability, upper_first(row["what"]))
            for row in sorted(forecast.next_signals, key=lambda row: -row["probability_after"])]
    return Table(("Forecast", "Points", "If this became public"), rows, "What would change the forecast",
                 {"Forecast": percent, "Points": points})


def occasion_rows(forecast: "Forecast") -> Table:
    """The occasions ahead, with the chance of a first meeting and of a meeting there."""
    rows = [(row["name"], row["probability_first"], row["probability_there"], row["start_date"] or "–",
             "–" if row["kind"] == "unknown" else row["status"]) for row in forecast.occasions]
    return Table(("Occasion", "First", "At all", "Start", "Status"), rows,
                 f"Occasions ahead as known on {day(forecast.as_of)}: chance of a first and of any meeting there",
                 {"First": percent, "At all": percent})


def contribution_rows(forecast: "Forecast", number: int = 20) -> Table:
    """The largest contributions and the sum of the others; they add up."""
    large, rest = ranked(forecast, number)
    rows = [(row["delta"], upper_first(row["text"]), row["date"], f"{points(row['lower'])} to {points(row['upper'])}",
             row["basis"]) for row in large]
    if rest:
        rows.append((sum(row["delta"] for row in rest), f"{count(len(rest), 'smaller one')} together", "", "", ""))
    return Table(("Points", "What", "Public", "Spread", "Weight"), rows,
                 f"{count(len(forecast.contributions), 'contribution')} between "
                 f"{percent(forecast.no_signals_probability)} and {percent(forecast.probability)}, in percentage "
                 "points",
                 {"Points": points})


# The evidence

def ledger_summary(run: "Run") -> str:
    """What the ledger holds as of the date."""
    ledger, forecast = run.ledger, run.forecast
    later, met = forecast.rows_after_as_of, sum(bool(occasion.met) for occasion in ledger.occasions)
    return (f"By {day(forecast.as_of)} the ledger held {count(len(ledger.signals), 'signal')} and "
            f"{count(len(ledger.occasions), 'occasion')}; {met} of these brought a meeting. {count(later, 'row')} "
            f"public later {'is' if later == 1 else 'are'} not used.")


def recent_signals(ledger: "Ledger", as_of: date, weeks: int = 26) -> str:
    """How many signals of the last weeks pointed up and down."""
    rows = [signal for signal in ledger.signals if signal.public_date > as_of - weeks * WEEK]
    up = sum(signal.strength > 0 for signal in rows)
    return f"{up} signals of the last {weeks} weeks pointed up, {len(rows) - up} down"


def tone(ledger: "Ledger", as_of: date, weeks: int = 26) -> str:
    """How many of the last signals are words about an occasion, and how many make up the general tone."""
    rows = [signal for signal in ledger.signals if signal.public_date > as_of - weeks * WEEK]
    named = sum(bool(signal.occasion) for signal in rows)
    about = "names an occasion and is a word" if named == 1 else "name an occasion and are words"
    return (f"{named or 'None'} of these {count(len(rows), 'signal')} {about} about it. The others make up the general "
            "tone, in which the balance of up and down counts and not their number.")


def seasons(run: "Run") -> str:
    """How many seasons the record holds, and in how many of them they met."""
    met, total = int(sum(run.record.met)), len(run.record.season_ids)
    return (f"{count(total, 'season')} {'was' if total == 1 else 'were'} over by "
            f"{day(run.forecast.as_of)}; they met in {met} of them ({percent(met / total if total else 0)}).")


def density(ledger: "Ledger", as_of: date) -> str:
    """How densely the year of the as-of date is coded beside the years before it."""
    years = Counter(signal.public_date.year for signal in ledger.signals)
    earlier = range(min(years, default=as_of.year), as_of.year)
    now = f"{as_of.year} holds {count(years[as_of.year], 'signal')} up to {day(as_of, year=False)}"
    if not earlier:
        return f"{now}; no earlier year is coded."
    return f"{now}; a whole year before it held {mean(years[year] for year in earlier):.0f} on average."


def unchecked(ledger: "Ledger") -> str:
    """How many signals still rest on memory."""
    rows = sum(not signal.checked for signal in ledger.signals)
    return (f"For {rows:,} of {count(len(ledger.signals), 'signal')} the fact or its day still rests on memory; a page "
            "was found for each of the others.")


def article_rows(ledger: "Ledger") -> Table:
    """The signals that the article states."""
    rows = [(str(s.event_date), s.description, s.strength, s.grade, s.source) for s in ledger.signals if s.in_article]
    return Table(("Date", "What was public", "Strength", "Grade", "Source"), rows,
                 f"{count(len(rows), 'row')} that the article states", {"Strength": signed}, linked=("Source",))


def type_rows(run: "Run") -> Table:
    """The record of occasions by type: how many took place, to how many both came, at how many they met."""
    rows = []
    for name, kind in run.params.priors.types.items():
        over = [o for o in run.ledger.occasions if o.type == name and o.met is not None]
        if over:
            both, met = sum(o.attended == "both" for o in over), sum(bool(o.met) for o in over)
            rows.append((kind.name, len(over), both, met, met / len(over)))
    return Table(("Occasion", "Over", "Both came", "Met", "Share"), rows,
                 f"Occasions that were over by {day(run.forecast.as_of)}, by type", {"Share": percent})


def kind_rows(run: "Run") -> Table:
    """The kinds of signal: which way they point, their PLOVER root and how often they occur."""
    signs = {"up": "up", "down": "down", "either": "up or down"}
    coded = Counter(signal.kind for signal in run.ledger.signals)
    rows = [(name.replace("_", " "), kind.means, signs[kind.sign], kind.plover, coded[name])
            for name, kind in run.params.priors.kinds.items()]
    return Table(("Kind", "What it is", "Points", "PLOVER / CAMEO", "Rows"), rows,
                 f"{count(len(rows), 'kind')} of signal")
