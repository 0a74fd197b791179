"""What a reader or a coder should know: of the question, of the evidence, and of rows that change little.

Nothing here changes a number. Notices of a forecast come from the ledger cut at the as-of day, except that
the age of the evidence is that of the whole ledger.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from ..files.disk import name_of
from ..files.problems import printable
from ..formatting import count, listed, percent
from ..paths import TABLES
from ..settings.params import Params
from ..settings.priors import Parameter
from ..settings.wording import disagreements
from .ledger import Ledger
from .outlook import Outlook, Slot
from .record import CLASSES, Record
from .rows import ANNOUNCEMENT, MEETING_MARGIN, Occasion, Signal, VisitWindow
from .seasons import DAY, WEEK
from .words import counted_with

SEEDS = {name_of(path) for path in TABLES.values()}
TONE_KINDS = ("economic_coercion", "security_friction", "trade_talks", "trade_delivery")
"""Kinds that speak of the general tone, by the codebook: their rows name no occasion."""
ARRANGING = ("invitation", "visit_planning")
"""Kinds that may name an occasion or not; without one they count as general tone."""
_FIX = "if it is about a meeting at a known time or place, add and name that occasion"
FIXES = {ANNOUNCEMENT: "to count as a promise it must name the occasion: add that"}
FIXES |= dict.fromkeys(ARRANGING, _FIX)
YEAR = 366 * DAY
SHOWN = 5
"""The largest number of rows that a forecast, or one rule of a check, names."""


class Notice(NamedTuple):
    """A sentence, and the row it is about: its id, place and day, empty where it is about no row."""

    text: str
    row: str = ""
    file: str = ""
    line: int = 0
    day: date | None = None

    def __str__(self) -> str:
        return printable(f"{self.file}:{self.line}: {self.text}" if self.line else self.text)


def of(row: Signal | Occasion | VisitWindow, text: str) -> Notice:
    """The notice that a row, named by its id, `text`."""
    day = row.known_from if isinstance(row, Occasion) else row.public_date
    return Notice(f"{row.id} {text}", row.id, row.file, row.line, day)


def of_forecast(
    params: Params, whole: Ledger, ahead: Outlook, past: Record, first: Mapping[str, float]
) -> list[str]:
    """The sentences of a forecast file.

    `past` is the record of the as-of day, `first` the probability of a first meeting by cause; it is empty
    for a resolved question, of which only the question's own notices remain.
    """
    cut = whole.as_of(ahead.as_of)
    found = [*of_question(params), *leaders(cut, params)]
    if first:
        found += [*age(whole, ahead.as_of), *thin(cut, past, ahead, params), *undated(ahead, first)]
        found += recent(unheard(cut), params)[:SHOWN]
    return [notice.text for notice in found]


# The question


def of_question(params: Params) -> Iterator[Notice]:
    """Where the text of the question contradicts its deadline or its opening day."""
    for key, text in disagreements(params.question, params.opens):
        place = params.problem("question", (key if key == "deadline" else "text",), text)
        yield Notice(text, file=place.file, line=place.line)


def leaders(ledger: Ledger, params: Params) -> Iterator[Notice]:
    """Where the last occasion that has begun had other leaders than the question names; `ledger` is cut."""
    begun = [o for o in ledger.occasions if o.leader_1 and o.leader_2 and o.start_date]
    if not begun:
        return
    last = max(begun, key=lambda o: (o.start_date, o.occasion_id))
    for side, listed_name in zip(params.question.sides, (last.leader_1, last.leader_2), strict=True):
        if not _same_person(side.leader, listed_name):
            text = f"On {last.start_date} the ledger has {listed_name} for {side.code}; the question names"
            yield Notice(f"{text} {side.leader}.", last.id, last.file, last.line, last.start_date)


def _same_person(one: str, other: str) -> bool:
    """Whether all words of the shorter name are in the longer one."""
    a, b = name_words(one), name_words(other)
    return a <= b or b <= a


def name_words(name: str) -> set[str]:
    """The words of a person's name, in small letters."""
    return set(name.casefold().replace("-", " ").split())


# The evidence


def age(whole: Ledger, as_of: date) -> Iterator[Notice]:
    """The age of the evidence if it ends more than a week before the as-of day."""
    covered = whole.covered_until
    if covered and as_of - covered > WEEK:
        days = count((as_of - covered).days, "day")
        yield Notice(f"The evidence ends on {covered}, {days} before the as-of day.")


def undated(ahead: Outlook, first: Mapping[str, float]) -> Iterator[Notice]:
    """What most of the probability rests on, if that has no date yet."""
    known = [slot.occasion.occasion_id for view in ahead.seasons for slot in view.open]
    known += [view.occasion.occasion_id for view in (*ahead.visits, *ahead.put_off)]
    if not known:
        text = f"Nothing is known to lie ahead by {ahead.deadline}, so no signal moves the number"
        yield Notice(f"{text}; it counts only meetings that are not public yet.")
        return
    total = sum(first.values())
    yearly = sum(first.get(name, 0.0) for name in known if name.endswith("-expected"))
    dated = sum(first.get(name, 0.0) for name in known if not name.endswith("-expected"))
    if dated >= total / 2:
        return
    parts = {"yearly occasions without a date yet": yearly, "meetings not yet public": total - dated - yearly}
    on = listed([f"{percent(share)} on {what}" for what, share in parts.items() if share > 0])
    yield Notice(f"Most of the {percent(total)} rests on what has no date yet: {on}.")


def thin(ledger: Ledger, past: Record, ahead: Outlook, params: Params) -> Iterator[Notice]:
    """What lies ahead without a past case in the record, with the priors that speak for it."""
    if params.run.record == "none":
        return
    priors, slots = params.priors.parameters, [slot for view in ahead.seasons for slot in view.open]
    missing = without_case(slots, past, ahead)
    if not any(o.met is not None for o in ledger.occasions):
        resting = _resting({*missing, "visit_rate"}, priors)
        yield Notice(f"Nothing is decided yet in this ledger: the number is that of the priors: {resting}.")
        return
    if missing:
        few = "its prior" if len(missing) == 1 else "their priors"
        yield Notice(f"No past case, only {few}, for {_resting(missing, priors)}.")
    types = params.priors.types
    new = [types[slot.occasion.type].name for slot in slots if slot.type not in past.types]
    if new and len(past.types):
        unknown, spread = listed(list(dict.fromkeys(new))), _resting({"comes_spread"}, priors)
        text = f"No past case of {unknown}: who comes there is taken from other types"
        yield Notice(f"{text}; types may differ by the {spread}.")


def without_case(slots: Iterable[Slot], past: Record, ahead: Outlook) -> set[str]:
    """The parameters that what lies ahead needs and the record has no case of."""
    slots = list(slots)
    classes = {kind for slot in slots for kind in slot.classes}
    missing = {f"comes_{CLASSES[kind]}" for kind in classes.difference(past.classes.tolist())}
    if any(slot.summit for slot in slots) and not past.at_summit.any():
        missing.add("meets_summit")
    if not all(slot.summit for slot in slots) and not past.at_other.any():
        missing.add("meets_other")
    if ahead.put_off and not past.again.trials:
        missing.add("again")
    if (ahead.visits or any(slot.words.meeting.announced for slot in slots)) and not past.exposure:
        missing.add("breaks")
    return missing


def _resting(names: Iterable[str], priors: Mapping[str, Parameter]) -> str:
    """Parameters by their names in sentences, each with its prior mean."""
    return listed([f"{priors[name].name} (mean {_mean(priors[name])})" for name in priors if name in names])


def _mean(prior: Parameter) -> str:
    mean = float(prior.frozen().mean())
    return percent(mean) if prior.unit == "probability" else f"{mean:.2g} {prior.unit}"


# Rows


def unheard(ledger: Ledger) -> list[Notice]:
    """The rows that change nothing, or that count as something else than their kind says."""
    return [*unnamed(ledger), *too_late(ledger), *without_window(ledger), *off_topic(ledger)]


def unnamed(ledger: Ledger, kinds: tuple[str, ...] = (ANNOUNCEMENT,)) -> Iterator[Notice]:
    """Signals of these kinds that name no occasion, nor does a row of the same event."""
    for event in ledger.events:
        for row in event if not any(row.occasion for row in event) else ():
            if row.kind in kinds:
                text = f"({_words(row.kind)}) names no occasion, so it counts as general tone only"
                yield of(row, f"{text}; {FIXES[row.kind]} (for an arranged meeting, with its window).")


def too_late(ledger: Ledger) -> Iterator[Notice]:
    """Signals about an occasion that was over when they became public."""
    over = {o.occasion_id: over_on(o, ledger) for o in ledger.occasions}
    for row in ledger.signals:
        day = over.get(row.occasion)
        if day and day < row.public_date:
            text = f"is about {row.occasion}, which was over on {day}, so it changes nothing"
            yield of(row, f"{text}; name the occasion that it is about, or none for the general tone.")


def over_on(occasion: Occasion, ledger: Ledger) -> date | None:
    """The day on which an occasion was over: it was decided, it ended, or its latest window did."""
    if occasion.met is not None:
        return occasion.outcome_date
    if not occasion.is_visit:
        return occasion.end_date
    window = ledger.latest_windows.get(occasion.occasion_id)
    return window.latest if window else None


def without_window(ledger: Ledger) -> Iterator[Notice]:
    """Visits that are not over and have no window, and the signals about them."""
    waiting = {
        o.occasion_id: o
        for o in ledger.occasions
        if o.is_visit and o.met is None and o.occasion_id not in ledger.latest_windows
    }
    for visit in waiting.values():
        yield of(visit, "has no row in the visit windows, so no forecast counts on it; add its window.")
    for row in ledger.signals:
        if row.occasion in waiting:
            yield of(row, f"is about {row.occasion}, a visit without a window, so it changes nothing yet.")


def off_topic(ledger: Ledger) -> Iterator[Notice]:
    """Signals of a kind that speaks of the general tone, which name an occasion nevertheless."""
    for row in ledger.signals:
        if row.occasion and row.kind in TONE_KINDS:
            text = f"({_words(row.kind)}) names {row.occasion}, so it counts as words about the meeting there"
            yield of(row, f"{text} and not in the tone; leave its occasion empty.")


def odd_days(ledger: Ledger, as_of: date) -> Iterator[Notice]:
    """Rows whose days look like typing errors."""
    for row in ledger.signals:
        if row.public_date - row.event_date > YEAR:
            yield of(row, f"became public more than a year after {row.event_date}; is the day right?")
        window = ledger.latest_windows.get(row.occasion)
        if row.for_date and window and window.earliest and not _near(row.for_date, window):
            text = f"names {row.for_date}, outside the window of {row.occasion}, {window.earliest} to"
            yield of(row, f"{text} {window.latest}; is the day right?")
    for window in ledger.visit_windows:
        if window.earliest and window.earliest - window.public_date > 3 * YEAR:
            yield of(window, f"begins more than three years later, on {window.earliest}; is the day right?")
    for occasion in ledger.occasions:
        if occasion.start_date and occasion.start_date - occasion.known_from > 5 * YEAR:
            text = f"starts on {occasion.start_date}, more than five years after it became known"
            yield of(occasion, f"{text}; is the day right?")
    yield from _far_ahead(ledger, as_of)


def _near(day: date, window: VisitWindow) -> bool:
    return window.earliest - MEETING_MARGIN <= day <= window.latest + MEETING_MARGIN


def _far_ahead(ledger: Ledger, as_of: date) -> Iterator[Notice]:
    """At most three last rows that are more than a year later than all other rows and the as-of day."""
    days = [(row.public_date, row) for row in (*ledger.signals, *ledger.visit_windows)]
    days += [(o.known_from, o) for o in ledger.occasions]
    days.sort(key=lambda pair: (pair[0], pair[1].id))
    for start in range(max(len(days) - 3, 1), len(days)):
        before = max(days[start - 1][0], as_of)
        if days[start][0] - before > YEAR:
            text = "more than a year after all other rows and the as-of day; is the day right?"
            yield from (of(row, f"became public on {day}, {text}") for day, row in days[start:])
            return


def _words(kind: str) -> str:
    return kind.replace("_", " ")


# Who is told what


def recent(notices: Iterable[Notice], params: Params) -> list[Notice]:
    """The notices of rows that could still move a forecast: no older than one half-life, the latest first."""
    begin = params.question.as_of - params.priors.structure.tone_half_life * DAY
    return latest_first(notice for notice in notices if notice.day and notice.day >= begin)


def latest_first(notices: Iterable[Notice]) -> list[Notice]:
    """Notices about rows, the latest row first."""
    return sorted(notices, key=lambda notice: (notice.day, notice.row), reverse=True)


def of_rows(whole: Ledger, params: Params) -> tuple[list[Notice], int]:
    """The rows to name beside a forecast, and how many more there are.

    Of rows that are not from the seeds these are also arrangements without an occasion, and odd days.
    """
    cut = whole.as_of(params.question.as_of)
    added = [*unnamed(cut, ARRANGING), *odd_days(whole, params.question.as_of)]
    rows = recent([*unheard(cut), *(notice for notice in added if notice.file not in SEEDS)], params)
    return rows[:SHOWN], len(rows[SHOWN:])


def of_new_row(signal: Signal, whole: Ledger, params: Params) -> list[Notice]:
    """Everything to say of one signal that was just added."""
    as_of = params.question.as_of
    found = [*unheard(whole), *unnamed(whole, ARRANGING), *odd_days(whole, as_of)]
    found += counted_as_one(signal, whole.as_of(max(as_of, signal.public_date)), params)
    if signal.public_date > as_of:
        day = signal.public_date
        text = f"became public on {day}, after the as-of day {as_of}, so this forecast does not use it"
        found.insert(0, of(signal, f"{text}; if the day is right, add --as-of {day}."))
    return [notice for notice in found if notice.row == signal.event_id]


def counted_as_one(signal: Signal, ledger: Ledger, params: Params) -> Iterator[Notice]:
    """Where a signal counts as one with rows of a cut ledger; not about visits, whose windows renew words."""
    visits = {o.occasion_id for o in ledger.occasions if o.is_visit}
    rows = [] if signal.occasion in visits else counted_with(signal, ledger, params.priors)
    if rows:
        names = listed([f"{row.event_id} ({row.file}:{row.line})" for row in rows[-SHOWN:]])
        yield of(signal, f"counts as one with {names}: of signals like these only the strongest counts.")


def of_check(whole: Ledger, params: Params) -> Iterator[str]:
    """The lines of a check: of each rule the latest rows, those of the seeds only if they are recent."""
    yield from map(str, [*of_question(params), *leaders(whole.as_of(params.question.as_of), params)])
    yield from map(str, age(whole, params.question.as_of))
    for rule in (
        unnamed(whole),
        (row for row in unnamed(whole, ARRANGING) if row.file not in SEEDS),
        too_late(whole),
        without_window(whole),
        off_topic(whole),
        odd_days(whole, params.question.as_of),
    ):
        found = list(rule)
        rows = recent(found, params)
        rows += latest_first(row for row in found if row not in rows and row.file not in SEEDS)
        yield from map(str, rows[:SHOWN])
        if len(rows) > SHOWN:
            yield f"{len(rows) - SHOWN} more rows like the last, the next of {rows[SHOWN].day}."
