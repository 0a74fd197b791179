"""The explorer of the overview: thinned draws and what is said of each occasion as data, and the controls.

`explorer.js` does the arithmetic of `attendance` and `chances` again in the page, so that nothing is sent;
what the rows of the ledger say together is worked out here. The data hold numbers and ids only: all text is in
the markup, escaped.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import chances
from ..answer.explain import RECENT
from ..answer.forecast import ICD_203, seen
from ..attendance import Draws, comes
from ..evidence.edits import COMING, Edits, edited
from ..evidence.outlook import Outlook, Slot, VisitView, outlook
from ..evidence.record import CLASSES
from ..evidence.rows import ANNOUNCEMENT, BOTH, Signal
from ..evidence.words import LEVELS, SETTLED, Coming, Words, meeting, words, words_about
from ..formatting import short_day, signed
from . import show
from .show import Html

if TYPE_CHECKING:
    from ..answer.forecast import Run

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
LAST_WORD = {
    3: "comes",
    2: "reported yes",
    1: "may come",
    -1: "may not come",
    -2: "reported no",
    -3: "stays away",
}


def thinned(draws: Draws, ahead: Outlook, count: int = DRAWS) -> Draws:
    """`count` draws that spread as all do: the middle of equal groups by probability, rounded."""
    order = np.argsort(chances.by_deadline(draws, ahead), kind="stable")
    chosen = order[((np.arange(count) + 0.5) * len(order) / count).astype(int)]
    return {name: rounded(values[chosen]) for name, values in draws.items()}


def rounded(values: np.ndarray) -> np.ndarray:
    """The values with seven significant digits."""
    return np.array([float(f"{x:.7g}") for x in np.ravel(values)]).reshape(np.shape(values))


def places(ahead: Outlook) -> dict[str, Place]:
    """The open slots and the visits ahead, by id of their occasion."""
    return {
        place.occasion.occasion_id: place
        for place in (*(slot for view in ahead.seasons for slot in view.open), *ahead.visits)
    }


def events_about(run: "Run", name: str) -> list[tuple[Signal, ...]]:
    """All events that name an occasion, by date."""
    events = seen(run.params, run.whole, run.outlook.as_of).events
    return [event for event in events if any(row.occasion == name for row in event)]


def events_of(run: "Run") -> tuple[list[tuple[Signal, ...]], dict[str, list[tuple[Signal, ...]]]]:
    """What can be switched off: the strongest events of the general tone, and the last about each place."""
    ahead, series = run.outlook, run.outlook.tone_series
    size = np.abs(series.decayed(ahead.as_of))
    strongest = [i for i in np.argsort(-size, kind="stable")[:SIGNALS] if size[i] >= RECENT]
    about = {name: events_about(run, name) for name in places(ahead)}
    last = {event for events in about.values() for event in events[-WORDS:]}
    return (
        [series.events[i] for i in sorted(strongest)],
        {name: [event for event in events if event in last] for name, events in about.items()},
    )


def said(run: "Run", place: Place, signals: Iterable[Signal]) -> dict[str, list] | None:
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


def coming_as_data(run: "Run", said: Coming) -> list:
    """Words about coming as [settled, day of a settled no, [[index of the level, its last day], ...]]."""
    days = [(row.strength, (row.public_date - run.outlook.as_of).days) for row in said.rows]
    last = {LEVELS.index(strength): day for strength, day in days if strength in LEVELS}
    off = max((day for strength, day in days if strength == -SETTLED), default=0)
    return [said.settled, off, sorted(last.items())]


def words_of(run: "Run", place: Place, switched: list[tuple[Signal, ...]]) -> dict[str, Any]:
    """What is said of a place: `heard` by bit mask of the switched events that count, and `set` by status."""
    events, heard = events_about(run, place.occasion.occasion_id), []
    for mask in range(2 ** len(switched)):
        off = [event for bit, event in enumerate(switched) if not mask >> bit & 1]
        heard.append(said(run, place, (row for event in events if event not in off for row in event)))
    return {"heard": heard, "set": {status: after(run, place, status) for status in statuses(run, place)}}


def statuses(run: "Run", place: Place) -> tuple[str, ...]:
    """What can be said of a meeting at a place; nothing where the occasion has no date yet."""
    if all(occasion.occasion_id != place.occasion.occasion_id for occasion in run.ledger.occasions):
        return ()
    return STATUSES[:-1] if place.occasion.is_visit else STATUSES


def after(run: "Run", place: Place, status: str) -> dict[str, list] | None:
    """What is said of a place once `--set PLACE=STATUS` has taken the place of every word."""
    silent = replace(run.ledger, signals=(), occasions=(place.occasion,))
    edits = Edits(set=(f"{place.occasion.occasion_id}={status}",))
    return said(run, place, edited(silent, edits, run.params).signals)


def switches_of(run: "Run") -> dict[str, list]:
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


def data(run: "Run") -> dict[str, Any]:
    """What the page computes with; draws by name, one list for each position of a parameter with dims."""
    ahead, p = run.outlook, thinned(run.draws, run.outlook)
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
            odds=odds_of(p, slot),
            home=[int(CLASSES[each] == "home") for each in slot.classes],
        )

    return {
        "horizon": ahead.horizon,
        "at_risk": ahead.at_risk,
        "named_day": ahead.named_day,
        "count": len(p["held"]),
        "sides": run.params.sides,
        "scale": ICD_203,
        "draws": {name: p[name].T.tolist() for name in USED},
        "background": [rest[rest > 0].sum(), rest[rest < 0].sum()],
        "signals": decayed[heard].tolist(),
        "words": {name: words_of(run, place, spoken[name]) for name, place in places(ahead).items()},
        "switches": switches_of(run),
        "seasons": [
            {"fade": view.fade, "slots": [slot_data(slot) for slot in view.open]} for view in ahead.seasons
        ],
        "visits": [named(view, first=view.first, last=view.last) for view in ahead.visits],
        "again": [named(view, last=view.last, since=view.since) for view in ahead.put_off],
    }


def section(run: "Run") -> Html:
    """The explorer as markup, hidden until its script runs; empty on the deadline itself."""
    ahead = run.outlook
    if ahead.horizon < 1:
        return Html("")
    boxes = list(_boxes(run))
    numbers = json.dumps(data(run), separators=(",", ":")).replace("<", "\\u003c")
    title = "Probability that they have met by each day: grey as forecast, blue with your changes"
    curve = show.chart(
        title,
        ahead.as_of,
        ahead.deadline,
        (1, 0.5, 0),
        f'<svg viewBox="0 0 {ahead.horizon} 1" preserveAspectRatio="none" overflow="visible">'
        '<path class="base" data-show="base"/><path data-show="curve"/></svg>',
    )
    others = {view.occasion.occasion_id: view.occasion.name for view in ahead.put_off}
    others[chances.UNKNOWN] = "A visit not yet public"
    return Html(f"""<div class="explorer" data-script="explorer.js" hidden>
<div class="answer" role="status"><p class="number" data-show="number"></p>
<p><b data-show="word"></b><br><span data-show="moved"></span></p></div>
{curve}
{"".join(_place(run, place) for place in places(ahead).values())}
{
        "".join(
            f'<p class="alone"><b>{escape(text)}</b>{_value("First meeting", f"first {name}")}</p>'
            for name, text in others.items()
        )
    }
<label class="trust"><span>Weight of the general tone: none to double</span>
<input type="range" min="0" max="2" step="0.1" value="1" data-plain="1">
<output data-show="trust"></output></label>
<details><summary>Switch single signals on and off ({len(boxes)})</summary>
<ul class="switches">
{"".join(boxes)}</ul>
</details>
<button type="button">Reset</button>
<script type="application/json">{numbers}</script>
</div>""")


def _place(run: "Run", place: Place) -> str:
    """The controls and answers of one occasion or visit."""
    name, start, known = place.occasion.occasion_id, place.occasion.start_date, statuses(run, place)
    parts = [_select(name, "meeting", "Said of a meeting", run.outlook.statuses[name], known)]
    if not place.occasion.is_visit:
        for side in run.params.question.sides:
            last = place.words.coming(side.code).rows[-1:]
            silent = "home" if place.occasion.host == side.code else "nothing said"
            now, options = LAST_WORD[last[0].strength] if last else silent, COMING if known else ()
            parts.append(_select(name, side.code, side.leader, now, options, f"{side.code} {name}"))
        parts.append(_value("Both come", f"both {name}"))
    day = f" <small>{short_day(start)}</small>" if start and known else ""
    return (
        f'<fieldset class="place"><legend>{escape(place.occasion.name)}{day}</legend>\n{"".join(parts)}'
        f"{_value('First meeting', f'first {name}')}</fieldset>\n"
    )


def _select(name: str, part: str, text: str, now: str, options: Iterable[str], value: str = "") -> str:
    """A labelled choice of what is said, with the chance that it sets; without options that chance alone."""
    if not options:
        return _value(text, value) if value else ""
    chance = f' <output data-value="{escape(value)}"></output>' if value else ""
    each = "".join(f'<option value="{option}">{option.replace("-", " ")}</option>' for option in options)
    own = escape(f"set-{name}-{part}")
    return (
        f'<div><label for="{own}">{escape(text)}</label>{chance}\n'
        f'<select id="{own}" name="{escape(name)}" data-part="{part}" data-plain="">'
        f'<option value="">now: {escape(now)}</option>{each}</select></div>\n'
    )


def _value(text: str, value: str) -> str:
    return f'<span>{escape(text)} <output data-value="{escape(value)}"></output></span>\n'


def _boxes(run: "Run") -> Iterable[str]:
    """A labelled box for each event that can be switched off, the latest first."""
    general, spoken = events_of(run)
    bits: dict[tuple[Signal, ...], list[str]] = {}
    for name, events in spoken.items():
        for bit, event in enumerate(events):
            bits.setdefault(event, []).append(f"{name}:{bit}")
    switched = [(event[0], f'data-words="{escape(" ".join(words))}"') for event, words in bits.items()]
    switched += [(event[0], f'data-tone="{index}"') for index, event in enumerate(general)]
    for row, mark in sorted(switched, key=lambda each: (each[0].public_date, each[0].event_id), reverse=True):
        yield (
            f'<li><label><input type="checkbox" checked {mark}><span><b>{signed(row.strength)}</b> '
            f"{escape(row.description)} <small>{short_day(row.public_date)}</small></span></label></li>\n"
        )
