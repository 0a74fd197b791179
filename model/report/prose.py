"""Sentences and tables generated from the numbers of a run, and how numbers and days are written.

No sentence here knows more than the run it is given, and none is markup: `show` turns them into that.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from statistics import mean
from typing import TYPE_CHECKING, Any

from ..formatting import Move, Table, count, day, listed, percent, points, short_day, signed, upper_first

if TYPE_CHECKING:
    from ..answer.forecast import Forecast, Run
    from ..evidence.ledger import Ledger

WEEK = timedelta(days=7)
QUIET = "Nothing new stands out: older signals fade, occasions come nearer."


# The number


def headline(forecast: "Forecast") -> str:
    """The forecast in one sentence."""
    return (
        f"{upper_first(forecast.likelihood_word)}, {percent(forecast.probability)}: {forecast.question}, "
        f"as seen on {day(forecast.as_of)}; the last day that counts is {day(forecast.deadline)}."
    )


def spread(forecast: "Forecast") -> str:
    """What the interval is, and what it is not."""
    low, high, mass = forecast.interval["lower"], forecast.interval["upper"], forecast.interval["mass"]
    return (
        "The record does not fix the parameters of the model but leaves a range of them, the posterior; the fit draws "
        f"a sample of it. {mass:.0%} of these draws put the probability between {percent(low)} and {percent(high)}. "
        "That says how well the record pins the number down if the model is right; it says nothing of what the model "
        "leaves out, and the event itself will be yes or no."
    )


def reconcile(forecast: "Forecast") -> str:
    """How the forecast follows from the calendar and from what was said."""
    moved = forecast.probability - forecast.no_signals_probability
    return (
        f"The calendar alone, with nothing said about any occasion, gives {percent(forecast.no_signals_probability)}; "
        f"what was said and done moves it by {points(moved)} points, to {percent(forecast.probability)}."
    )


def leaders(run: "Run") -> dict[str, str]:
    """The leaders' names by the code of their side."""
    return {side.code: side.leader for side in run.params.question.sides}


def ahead(forecast: "Forecast") -> list[dict[str, Any]]:
    """The occasions at which a meeting is still possible, the unknown visit last."""
    return [row for row in forecast.occasions if row["status"] != "past"]


def who_comes(row: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Each leader with `home` or the chance that he comes to an occasion; None where that is no question."""
    return [(name, "home" if row["host"] == code else row["comes"].get(code)) for code, name in names.items()]


def where(forecast: "Forecast") -> str:
    """Where the first meeting is most likely, and what is left for visits not yet public."""
    known = [row for row in ahead(forecast) if row["kind"] != "unknown"]
    rest = sum(row["probability_first"] for row in forecast.occasions if row["kind"] == "unknown")
    first = "No known occasion lies ahead"
    if known:
        best = max(known, key=lambda row: row["probability_first"])
        both = "" if best["both"] is None else f"; chance that both come: {percent(best['both'])}"
        first = (
            f"The first meeting is most likely at {best['name']} ({percent(best['probability_first'])}{both})"
        )
    return f"{first}. A visit of which nothing is public yet accounts for {percent(rest)}."


def taken_away(run: "Run") -> str:
    """The occasion that words lowered most, by how much, and who is now unlikely to come there."""
    named = {signal.event_id: signal.occasion for signal in run.ledger.signals}
    sums: Counter[str] = Counter()
    for row in run.forecast.contributions:
        if row["what"] in ("coming", "meeting"):
            sums[named.get(row["id"], "")] += row["delta"]
    rows = [row for row in ahead(run.forecast) if row["comes"]]
    worst = min(rows, key=lambda row: sums[row["id"]], default=None)
    if worst is None or sums[worst["id"]] > -0.01:
        return "No occasion lost a point or more by what was said of it." if rows else ""
    name, chance = min(
        ((name, chance) for name, chance in who_comes(worst, leaders(run)) if chance != "home"),
        key=lambda guest: guest[1],
    )
    return (
        f"Words about {worst['name']} take most away, {points(sums[worst['id']])} points: {name} comes there with "
        f"a chance of {percent(chance)}."
    )


def left(forecast: "Forecast") -> str:
    """The places at which both leaders are more likely than not, and what they carry of the forecast."""
    rows = [row for row in ahead(forecast) if row["both"] is not None]
    likely = [row for row in rows if row["both"] > 0.5]
    if not likely:
        return "No place is left at which both are more likely than not." if rows else ""
    told = listed([f"{row['name']} ({percent(row['both'])})" for row in likely])
    share = sum(row["probability_first"] for row in likely)
    place = "the one place" if len(likely) == 1 else f"the {len(likely)} places"
    return (
        f"{upper_first(place)} left at which both are more likely than not {'is' if len(likely) == 1 else 'are'} {told}, "
        f"which {'carries' if len(likely) == 1 else 'carry'} {100 * share:.0f} of the {100 * forecast.probability:.0f} points."
    )


EARLIER = {("trump-xi-2025", "2025-07-11", "2025-12-31"): 0.92}
"""What an earlier version of this model, which did not ask who comes, published by question, as-of day and deadline."""


def earlier(forecast: "Forecast") -> str:
    """How the number compares with that of the earlier version; empty where that published none."""
    before = EARLIER.get((forecast.question_id, forecast.as_of, forecast.deadline))
    if before is None or forecast.scenario:
        return ""
    return (
        f"An earlier version of this model published {percent(before)} for the same question and day. It did not ask "
        "who comes: it knew hardly more than the calendar, and a leader's word that he stays away counted for little."
    )


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
    return (
        f"{record['text']} That is {percent(share)}; the forecast lies {points(forecast.probability - share)} points "
        "from it."
    )


UNSEEN = "A count of years cannot see what has been said of this one; the forecast can."


def ranked(forecast: "Forecast", number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The largest contributions, at most `number` and none that would print as zero, and the others."""
    rows = sorted(forecast.contributions, key=lambda row: -abs(row["delta"]))
    large = [row for row in rows[:number] if abs(row["delta"]) >= 0.0005]
    return large, rows[len(large) :]


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


DIRECTIONS = {
    "down": "What would lower it most",
    "up": "What would raise it most",
    "pair": "Two refusals by one leader",
}


def watch(forecast: "Forecast", number: int = 2) -> dict[str, list[Move]]:
    """What would move the forecast most, and to where: the downside first, then the upside, then pairs of refusals."""
    return {
        text: moves
        for direction, text in DIRECTIONS.items()
        if (
            moves := [
                Move(row["change"], percent(row["probability_after"]), upper_first(row["what"]).rstrip("."))
                for row in forecast.next_signals
                if row["direction"] == direction
            ][:number]
        )
    }


def halving(forecast: "Forecast") -> str:
    """Whether any single next signal would halve the forecast, and which would lower it most."""
    single = [row for row in forecast.next_signals if row["direction"] != "pair"]
    worst = min(single, key=lambda row: row["probability_after"], default=None)
    if worst is None or worst["probability_after"] >= forecast.probability:
        return "Nothing that is listed as a next signal would lower it."
    after = f"{percent(worst['probability_after'])} ({worst['what'].rstrip('.')})"
    if worst["probability_after"] > forecast.probability / 2:
        return f"No single next signal would halve it: the lowest that one leaves is {after}."
    return f"One signal is enough to halve it: the lowest that one leaves is {after}."


def week(run: "Run") -> str:
    """How the forecast moved in a week, and how many signals became public in it."""
    forecast, as_of = run.forecast, date.fromisoformat(run.forecast.as_of)
    rows = sum(signal.public_date > as_of - WEEK for signal in run.ledger.signals)
    news = f"{count(rows, 'signal')} became public in the week to {day(as_of)}"
    if forecast.a_week_ago is None:
        return f"{news}; the record had not begun a week earlier."
    moved = points(forecast.probability - forecast.a_week_ago)
    how = "stayed where it was" if moved == "±0.0" else f"moved by {moved} points"
    return (
        f"{news}; the forecast {how}, from {percent(forecast.a_week_ago)} to {percent(forecast.probability)}."
    )


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
    return [
        f"The sampler {'passed' if found['ok'] else 'did not pass'} its checks: R-hat at most "
        f"{found['rhat_max']:.3f} (bound {gate.rhat_max:g}), effective sample size at least "
        f"{found['ess_min']:,.0f} (bound {gate.ess_min:,.0f}), {divergent} (bound {gate.divergences_max}), energy "
        f"statistic at least {found['ebfmi_min']:.2f} (bound {gate.ebfmi_min:g}).",
        f"The fit saw outcomes through {day(run.forecast.fit_through)}; what became public later changes the "
        "forecast by arithmetic, without a refit.",
    ]


def next_rows(forecast: "Forecast") -> Table:
    """What could come next, and the forecast after it: the downside first, then the upside, then pairs of refusals."""
    rows = []
    for (direction, change), alike in groupby(
        forecast.next_signals, lambda row: (row["direction"], round(row["change"], 9))
    ):
        found = list(alike)
        text = (
            upper_first(found[0]["what"])
            if len(found) == 1
            else f"One of: {', '.join(row['what'] for row in found)}"
        )
        rows.append((direction, found[0]["probability_after"], change, text))
    return Table(
        ("Direction", "Forecast", "Points", "If this became public"),
        rows,
        "What would change the forecast",
        {"Forecast": percent, "Points": points},
    )


def cell(chance: Any) -> str:
    """A chance in percent; words stay, and nothing is a dash."""
    return "–" if chance is None else chance if isinstance(chance, str) else percent(chance)


def last_word(row: Mapping[str, Any]) -> str:
    """The latest word behind an occasion with its date; its status where nothing was said."""
    word = row["last_word"]
    return (
        f"{day(word['date'])}: {word['text']}" if word else "–" if row["kind"] == "unknown" else row["status"]
    )


def dated(row: Mapping[str, Any]) -> str:
    """The name of an occasion with its day, where that is known and not only expected."""
    known = row["start_date"] and not row["id"].endswith("-expected")
    return f"{row['name']}, {short_day(row['start_date'])}" if known else row["name"]


def where_rows(forecast: "Forecast", names: Mapping[str, str]) -> Table:
    """Who comes where: the chance that each leader comes and both do, that the first meeting is there, the last word."""
    rows = [
        (
            dated(row),
            *(chance for _, chance in who_comes(row, names)),
            row["both"],
            row["probability_first"],
            last_word(row),
        )
        for row in ahead(forecast)
    ]
    chances = (*names.values(), "Both", "First")
    return Table(
        ("Occasion", *chances, "Last word"),
        rows,
        f"Who comes where, as known on {day(forecast.as_of)}: the chance that each leader comes, that both do, and "
        "that the first meeting is there",
        dict.fromkeys(chances, cell),
    )


def where_markdown(forecast: "Forecast", names: Mapping[str, str]) -> str:
    """The same table without its last column, for the README."""
    made = where_rows(forecast, names)
    lines = [made.head[:-1], ("---", *["---:"] * (len(made.head) - 2))]
    lines += [
        tuple(
            made.written.get(head, str)(value).replace("|", "/") for head, value in zip(made.head[:-1], row)
        )
        for row in made.rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def occasion_rows(forecast: "Forecast") -> Table:
    """The occasions ahead, with the chance of a first meeting and of a meeting there."""
    rows = [
        (
            row["name"],
            row["probability_first"],
            row["probability_there"],
            row["start_date"] or "–",
            "–" if row["kind"] == "unknown" else row["status"],
        )
        for row in forecast.occasions
    ]
    return Table(
        ("Occasion", "First", "At all", "Start", "Status"),
        rows,
        f"Occasions ahead as known on {day(forecast.as_of)}: chance of a first and of any meeting there",
        {"First": percent, "At all": percent},
    )


MATTERS = {"coming": "who comes", "meeting": "meeting", "signal": "tone", "tone": "tone"}
"""What the parts of the forecast are about, in words."""


def contribution_rows(forecast: "Forecast", number: int = 20) -> Table:
    """The largest contributions and the sum of the others; they add up."""
    large, rest = ranked(forecast, number)
    rows = [
        (
            row["delta"],
            upper_first(row["text"]),
            MATTERS.get(row["what"], row["what"]),
            row["date"],
            f"{points(row['lower'])} to {points(row['upper'])}",
            row["basis"],
        )
        for row in large
    ]
    if rest:
        rows.append(
            (sum(row["delta"] for row in rest), f"{count(len(rest), 'smaller one')} together", "", "", "", "")
        )
    return Table(
        ("Points", "What", "About", "Public", "Spread", "Weight"),
        rows,
        f"{count(len(forecast.contributions), 'contribution')} between "
        f"{percent(forecast.no_signals_probability)} and {percent(forecast.probability)}, in percentage "
        "points",
        {"Points": points},
    )


# The evidence


def ledger_summary(run: "Run") -> str:
    """What the ledger holds as of the date."""
    ledger, forecast = run.ledger, run.forecast
    later, met = forecast.rows_after_as_of, sum(bool(occasion.met) for occasion in ledger.occasions)
    return (
        f"By {day(forecast.as_of)} the ledger held {count(len(ledger.signals), 'signal')} and "
        f"{count(len(ledger.occasions), 'occasion')}; {met} of these brought a meeting. {count(later, 'row')} "
        f"public later {'is' if later == 1 else 'are'} not used."
    )


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
    return (
        f"{named or 'None'} of these {count(len(rows), 'signal')} {about} about it. The others make up the general "
        "tone, in which the balance of up and down counts and not their number."
    )


def together(run: "Run") -> str:
    """How often they met once both had come, and how often both came."""
    met = run.forecast.counts["met_after_both_came"]
    (at_summit, summits), (elsewhere, others) = met["summit"], met["other"]
    over = [o for o in run.ledger.occasions if o.met is not None and not o.is_visit and o.held_in_person]
    both = sum(o.attended == "both" for o in over)
    told = f"Both leaders came to {both} of the {len(over)} occasions that were held by {day(run.forecast.as_of)}."
    if not summits + others:
        return f"{told} The fit of this run looks at no season in which both came to one."
    return (
        f"{told} They met in {at_summit} of {count(summits, 'season')} in which both were at a summit, and in {elsewhere} "
        f"of {count(others, 'season')} in which both were only at other gatherings."
    )


CLASS_WORDS = {
    "home": "at home",
    "summit": "to summits",
    "other": "to other gatherings",
    "guest": "as the other's guest",
}
"""The classes of occasion, as seen from one side."""


def count_rows(run: "Run") -> Table:
    """The counts that the fit rests on, each with the parameter that it teaches."""
    c, countries = run.forecast.counts, {side.code: side.country for side in run.params.question.sides}
    rows = [
        (f"{countries[code]}: came {CLASS_WORDS[name]}", *pair, share(*pair), f"comes_{name}")
        for code, classes in c["came"].items()
        for name, pair in classes.items()
    ]
    rows += [("Occasions held in person", *c["held"], share(*c["held"]), "held")]
    rows += [
        (
            f"Seasons met, {text}",
            *c["met_after_both_came"][name],
            share(*c["met_after_both_came"][name]),
            f"meets_{name}",
        )
        for name, text in (("summit", "both at a summit"), ("other", "both only elsewhere"))
    ]
    rows += [
        (
            f"Came after a settled {word}",
            *c["settled_words"][name],
            share(*c["settled_words"][name]),
            parameter,
        )
        for name, word, parameter in (("will", "yes", "came_if_will"), ("will_not", "no", "came_if_not"))
    ]
    rows += [
        ("Visits put off that came within a year", *c["made_up"], share(*c["made_up"]), "again"),
        (
            "Promises broken, days at risk",
            *c["promises_broken"],
            rate(*c["promises_broken"], "a day"),
            "breaks",
        ),
        ("Visits, years of the record", *c["visits"], rate(*c["visits"], "a year"), "visit_rate"),
    ]
    return Table(
        ("What was counted", "Times", "Of", "Share", "Teaches"),
        rows,
        f"The counts behind the fit, from outcomes known by {day(run.forecast.fit_through)}",
        {"Of": lambda number: f"{number:,}" if number == int(number) else f"{number:.1f}"},
    )


def share(hits: int, trials: int) -> str:
    """Hits of trials in percent."""
    return f"{hits / trials:.0%}" if trials else "–"


def rate(events: int, exposure: float, per: str) -> str:
    """Events over exposure, two significant digits."""
    return f"{events / exposure:.2g} {per}" if exposure else "–"


def searches_title(ledger: "Ledger") -> str:
    """How many signals were found because a forecast had failed."""
    lost = sum(signal.search == "losses" for signal in ledger.signals)
    return f"{lost} of {count(len(ledger.signals), 'signal')} come from a search where an earlier model had lost most"


def searches(ledger: "Ledger") -> str:
    """How many signals each search brought."""
    found = Counter(signal.search for signal in ledger.signals)
    return (
        f"Of {count(len(ledger.signals), 'signal')}, {found['first']:,} were coded as the ledger grew, {found['even']:,} "
        f"come from the even search and {found['losses']:,} from the search where an earlier model had lost most."
    )


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
    return (
        f"For {rows:,} of {count(len(ledger.signals), 'signal')} the fact or its day still rests on memory; a page "
        "was found for each of the others."
    )


def article_rows(ledger: "Ledger") -> Table:
    """The signals that the article states."""
    rows = [
        (str(s.event_date), s.description, s.strength, s.grade, s.source)
        for s in ledger.signals
        if s.in_article
    ]
    return Table(
        ("Date", "What was public", "Strength", "Grade", "Source"),
        rows,
        f"{count(len(rows), 'row')} that the article states",
        {"Strength": signed},
        linked=("Source",),
    )


def type_rows(run: "Run") -> Table:
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


def kind_rows(run: "Run") -> Table:
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
