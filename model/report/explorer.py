"""The explorer of the overview: a sample of the draws, what is said of each occasion as data, the controls.

`explorer.js` repeats the arithmetic of `attendance` and `chances` in the page, so that nothing is sent;
what the rows of the ledger say together is computed here. The data hold only numbers and ids. The sampled
draws have weights, so that the page gives the numbers of all draws wherever one thing is set.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .. import chances
from ..answer.explain import RECENT
from ..answer.forecast import ICD_203, Run, seen
from ..attendance import Draws, comes, presence
from ..evidence.edits import COMING, Edits, edited
from ..evidence.outlook import Outlook, Slot, VisitView, outlook
from ..evidence.record import CLASSES
from ..evidence.rows import ANNOUNCEMENT, BOTH, Signal
from ..evidence.words import LEVELS, SETTLED, Coming, Words, meeting, words, words_about
from . import show
from .show import Html, fill

Place = Slot | VisitView
DRAWS, SIGNALS, WORDS = 200, 60, 5
STATUSES = ("scheduled", "planned", "doubted", "announced", "refused", "called-off")
USED = (
    "tone_factor",
    "norm",
    "held",
    "meets_summit",
    "meets_other",
    "came_if_will",
    "came_if_not",
    "misled",
    "word_factor",
    "breaks",
    "again",
    "visit_rate",
    "visit_notice",
    "meeting_day",
)
"""What the page needs of the draws beside the odds that each leader comes to each occasion."""
LAST_WORD = {2: "reported yes", -2: "reported no"} | {
    strength: status.replace("-", " ") for status, strength in COMING.items()
}


class Sample(NamedTuple):
    """Some of the draws, rounded, and the weight of each in a mean; weights add up to 1, few are negative."""

    draws: Draws
    weights: np.ndarray


def sample(run: Run) -> Sample:
    """`DRAWS` draws from the middle of equal groups by probability, which keep the means of `matched`.

    The weights are those nearest to equal ones that do (survey statisticians call it calibration).
    """
    order = np.argsort(chances.by_deadline(run.draws, run.outlook), kind="stable")
    chosen = order[((np.arange(DRAWS) + 0.5) * len(order) / DRAWS).astype(int)]
    columns = np.column_stack([np.ones(len(order)), *matched(run)])
    missing = columns.mean(0) - columns[chosen].mean(0)
    weights = 1 / DRAWS + np.linalg.lstsq(columns[chosen].T, missing, rcond=1e-6)[0]
    return Sample({name: rounded(values[chosen]) for name, values in run.draws.items()}, rounded(weights))


def matched(run: Run) -> Iterator[np.ndarray]:
    """What the page shows before and after a single choice, (draw,) each.

    The forecast after each choice; as it stands, the chances of a first meeting by cause, and who comes.
    """
    ahead, p = run.outlook, run.draws
    for edits in choices_of(run):
        whole = edited(run.whole, edits, run.params)
        seen_then = seen(run.params, whole, ahead.as_of)
        yield chances.by_deadline(p, outlook(seen_then, ahead.as_of, ahead.deadline, run.params))
    yield from chances.chances(p, ahead).first.T
    for view in ahead.seasons:
        for there in presence(p, view, chances.felt(p, ahead) * view.fade, ahead).values():
            yield from (*there.comes.values(), there.both)


def choices_of(run: Run) -> Iterator[Edits]:
    """Every single choice of the page but switching signals off, as edits."""
    for name, place in places(run.outlook).items():
        known = statuses(run, place)
        sides = () if place.occasion.is_visit or not known else run.params.sides
        for status in (*known, *(f"{side}:{status}" for side in sides for status in COMING)):
            yield Edits(set=(f"{name}={status}",))


def rounded(values: np.ndarray) -> np.ndarray:
    """The values with seven significant digits."""
    return np.array([float(f"{x:.7g}") for x in np.ravel(values)]).reshape(np.shape(values))


def places(ahead: Outlook) -> dict[str, Place]:
    """The open slots and the visits ahead, by id of their occasion."""
    return {
        place.occasion.occasion_id: place
        for place in (*(slot for view in ahead.seasons for slot in view.open), *ahead.visits)
    }


def events_about(run: Run, name: str) -> list[tuple[Signal, ...]]:
    """All events that name an occasion, by date."""
    events = seen(run.params, run.whole, run.outlook.as_of).events
    return [event for event in events if any(row.occasion == name for row in event)]


class Switchable(NamedTuple):
    """The events that can be switched off: of the general tone, and about each place by its id."""

    general: list[tuple[Signal, ...]]
    about: dict[str, list[tuple[Signal, ...]]]


def events_of(run: Run) -> Switchable:
    """The strongest events of the general tone, and the last about each place."""
    ahead, series = run.outlook, run.outlook.tone_series
    size = np.abs(series.decayed(ahead.as_of))
    strongest = [i for i in np.argsort(-size, kind="stable")[:SIGNALS] if size[i] >= RECENT]
    about = {name: events_about(run, name) for name in places(ahead)}
    last = {event for events in about.values() for event in events[-WORDS:]}
    return Switchable(
        [series.events[i] for i in sorted(strongest)],
        {name: [event for event in events if event in last] for name, events in about.items()},
    )


def said(run: Run, place: Place, signals: Iterable[Signal]) -> dict[str, list] | None:
    """What some signals say of a place, in days from as_of; None for a visit that is off.

    Returns
    -------
    dict
        `comes`: the words about each side and the occasion itself, see `coming_as_data`; none for a visit.
        `meeting`: the day it was announced, the day named for it and the day of that word (None without), the
        weights of planning, of doubt since the announcement, and of doubt were the announcement taken back.
    """
    ahead, priors, name = run.outlook, run.params.priors, place.occasion.occasion_id
    ledger = replace(
        run.ledger,
        signals=tuple(signals),
        occasions=(place.occasion,),
        visit_windows=tuple(window for window in run.ledger.visit_windows if window.occasion_id == name),
    )
    if place.occasion.is_visit:
        visits = outlook(ledger, ahead.as_of, ahead.deadline, run.params).visits
        if not visits:
            return None
        coming, free = [], visits[0].words.meeting
        doubted = free.doubted
    else:
        rows = words_about(ledger, priors).get(name, ())
        found, free = words(rows, priors), meeting(rows, priors)
        coming = [coming_as_data(run, found.coming(side)) for side in (*run.params.sides, BOTH)]
        doubted = meeting(rows, priors, off=ahead.as_of).doubted
    naming = [row.public_date for row in free.rows if row.kind == ANNOUNCEMENT and row.for_date]
    days = free.announced, free.for_date, max(naming, default=None)
    return {
        "comes": coming,
        "meeting": [*(day and (day - ahead.as_of).days for day in days), free.planned, free.doubted, doubted],
    }


def coming_as_data(run: Run, said: Coming) -> list:
    """Words about coming as [settled, day of a settled no, [[index of the level, its last day], ...]]."""
    days = [(row.strength, (row.public_date - run.outlook.as_of).days) for row in said.rows]
    last = {LEVELS.index(strength): day for strength, day in days if strength in LEVELS}
    off = max((day for strength, day in days if strength == -SETTLED), default=0)
    return [said.settled, off, sorted(last.items())]


def words_of(run: Run, place: Place, switched: list[tuple[Signal, ...]]) -> dict[str, Any]:
    """What is said of a place: `heard` by bit mask of the switched events that count, and `set` by status."""
    events, heard = events_about(run, place.occasion.occasion_id), []
    for mask in range(2 ** len(switched)):
        off = [event for bit, event in enumerate(switched) if not mask >> bit & 1]
        heard.append(said(run, place, (row for event in events if event not in off for row in event)))
    return {"heard": heard, "set": {status: after(run, place, status) for status in statuses(run, place)}}


def statuses(run: Run, place: Place) -> tuple[str, ...]:
    """What can be said of a meeting at a place; nothing where the occasion has no date yet."""
    if all(occasion.occasion_id != place.occasion.occasion_id for occasion in run.ledger.occasions):
        return ()
    return STATUSES[:-1] if place.occasion.is_visit else STATUSES


def after(run: Run, place: Place, status: str) -> dict[str, list] | None:
    """What is said of a place once `--set PLACE=STATUS` has replaced every word."""
    silent = replace(run.ledger, signals=(), occasions=(place.occasion,))
    edits = Edits(set=(f"{place.occasion.occasion_id}={status}",))
    return said(run, place, edited(silent, edits, run.params).signals)


def switches_of(run: Run) -> dict[str, list]:
    """The words about a side by status of `--set OCCASION=SIDE:STATUS`, the same everywhere for each side."""
    known = [place for place in places(run.outlook).values() if "called-off" in statuses(run, place)]
    return {
        status: after(run, place, f"{run.params.sides[0]}:{status}")["comes"][0]
        for place in known[:1]
        for status in COMING
    }


def odds_of(p: Draws, slot: Slot) -> list[list[float]]:
    """The odds that each leader comes, with nothing said and tone at its usual level; (side, draw)."""
    silent, usual = replace(slot, words=Words({})), np.zeros(len(p["held"]))
    chance = np.clip([comes(p, silent, side, usual) for side in (0, 1)], 1e-12, 1 - 1e-12)
    return rounded(chance / (1 - chance)).tolist()


def data(run: Run) -> dict[str, Any]:
    """What the page computes with; draws by name, one list for each position of a parameter with dims."""
    ahead, (p, weights) = run.outlook, sample(run)
    general, spoken = events_of(run)
    heard = [ahead.tone_series.events.index(event) for event in general]
    decayed = ahead.tone_series.decayed(ahead.as_of)
    rest = np.delete(decayed, heard)

    def named(place: Any, **more: Any) -> dict[str, Any]:
        return {"id": place.occasion.occasion_id} | more

    def slot_data(slot: Slot) -> dict[str, Any]:
        return named(
            slot,
            summit=int(slot.summit),
            ahead=slot.ahead,
            shift=slot.shift,
            odds=odds_of(p, slot),
            home=[int(CLASSES[each] == "home") for each in slot.classes],
        )

    return {
        "horizon": ahead.horizon,
        "opens": ahead.opens,
        "unseen_here": ahead.unseen_here,
        "at_risk": ahead.at_risk,
        "named_day": ahead.named_day,
        "sides": run.params.sides,
        "scale": ICD_203,
        "draws": {name: p[name].T.tolist() for name in USED},
        "weights": weights.tolist(),
        "background": [rest[rest > 0].sum(), rest[rest < 0].sum()],
        "signals": decayed[heard].tolist(),
        "words": {name: words_of(run, place, spoken[name]) for name, place in places(ahead).items()},
        "switches": switches_of(run),
        "seasons": [
            {"fade": view.fade, "slots": [slot_data(slot) for slot in view.open]} for view in ahead.seasons
        ],
        "visits": [named(view, first=view.first, last=view.last, shift=view.shift) for view in ahead.visits],
        "again": [named(view, last=view.last, since=view.since) for view in ahead.put_off],
    }


@dataclass(frozen=True)
class Choice:
    """What can be said of a meeting, or of one leader's coming, and by `value` the chance that it sets."""

    occasion: str
    part: str
    label: str
    now: str
    options: tuple[str, ...]
    value: str = ""


@dataclass(frozen=True)
class Switch:
    """An event that can be switched off: its first row, `words` ("PLACE:BIT ...") or place in the tone."""

    row: Signal
    words: str = ""
    tone: int | None = None


def section(run: Run) -> Html:
    """The explorer as markup, hidden until its script runs; empty on the deadline itself."""
    ahead = run.outlook
    if ahead.horizon < 1:
        return Html("")
    others = {view.occasion.occasion_id: view.occasion.name for view in ahead.put_off}
    return fill(
        "explorer.html.j2",
        ahead=ahead,
        chart=show.chart,
        places={place.occasion: choices(run, place) for place in places(ahead).values()},
        others=others | {chances.UNKNOWN: "A meeting not yet public"},
        switches=switches(run),
        data=data(run),
    )


def choices(run: Run, place: Place) -> list[Choice]:
    """The choices at one occasion or visit; without options where it has no date yet."""
    name, known = place.occasion.occasion_id, statuses(run, place)
    made = [Choice(name, "meeting", "Said of a meeting", run.outlook.statuses[name], known)]
    for side in () if place.occasion.is_visit else run.params.question.sides:
        last = place.words.coming(side.code).rows[-1:]
        silent = "home" if place.occasion.host == side.code else "nothing said"
        now = LAST_WORD[last[0].strength] if last else silent
        options = tuple(COMING) if known else ()
        made.append(Choice(name, side.code, side.leader, now, options, f"{side.code} {name}"))
    return made


def switches(run: Run) -> list[Switch]:
    """The events that can be switched off, the latest first."""
    general, spoken = events_of(run)
    bits: dict[tuple[Signal, ...], list[str]] = {}
    for name, events in spoken.items():
        for bit, event in enumerate(events):
            bits.setdefault(event, []).append(f"{name}:{bit}")
    found = [Switch(event[0], words=" ".join(words)) for event, words in bits.items()]
    found += [Switch(event[0], tone=index) for index, event in enumerate(general)]
    return sorted(found, key=lambda one: (one.row.public_date, one.row.event_id), reverse=True)
