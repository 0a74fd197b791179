"""The explorer of the overview: thinned draws and the evidence as data, and the controls over them as markup.

The arithmetic is that of `hazard`, done again by `explorer.js` in the page; nothing is sent anywhere. The data hold
numbers and ids only: every word of the ledger stands in the markup, escaped.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from . import explain, hazard, show
from .covariates import ANNOUNCED, PAST, REFUSED, Outlook, Words, outlook
from .explain import Edits
from .forecast import ICD_203, seen
from .hazard import Draws
from .ledger import Signal
from .prose import short_day, signed
from .show import Html

if TYPE_CHECKING:
    from .forecast import Run

DRAWS, SIGNALS, WORDS = 200, 60, 5
STATUSES = ("planned", "announced", "doubted", "refused", "scheduled")
USED = ("season_chance", "type_factor", "type_effect", "year_factor", "year_effect", "tone_factor", "tone_norm", "weight",
        "overlap", "kept", "window_kept", "revived", "announcement_lead", "announcement_lead_spread", "refusal_lead",
        "refusal_lead_spread", "refusal_share", "planned_factor", "doubt_factor", "surprise_rate", "surprise_lead",
        "surprise_lead_spread", "meeting_day")


def thinned(draws: Draws, ahead: Outlook, count: int = DRAWS) -> Draws:
    """`count` draws that spread as all do, of equal groups by probability the middle one; rounded as in the page."""
    order = np.argsort(hazard.by_deadline(draws, ahead), kind="stable")
    chosen = order[((np.arange(count) + 0.5) * len(order) / count).astype(int)]
    few = {name: np.array([float(f"{x:.7g}") for x in draws[name][chosen].ravel()]).reshape(draws[name][chosen].shape)
           for name in USED}
    return few | {name: np.clip(few[name], 1e-6, 1 - 1e-6) for name in ("kept", "window_kept")}


def events_of(run: "Run") -> tuple[list[tuple[Signal, ...]], dict[str, list[tuple[Signal, ...]]]]:
    """The events that can be switched off: of the general tone the strongest, and by occasion ahead the last words."""
    series, ahead = run.outlook.tone_series, run.outlook
    events = seen(run.params, run.whole, ahead.as_of).events()
    size = np.abs(series.decayed(ahead.as_of))
    strongest = [i for i in np.argsort(-size, kind="stable")[:SIGNALS] if size[i] >= 0.5 ** 5 / 3]
    general = [series.events[i] for i in sorted(strongest)]
    spoken = {name: [event for event in events if any(signal.occasion == name for signal in event)][-WORDS:]
              for name in places(ahead)}
    return general, spoken


def places(ahead: Outlook) -> dict[str, Any]:
    """The slots and visits ahead of which something can be said, by id of their occasion."""
    return ({slot.occasion.occasion_id: slot for view in ahead.seasons for slot in view.slots if slot.status != PAST}
            | {visit.occasion.occasion_id: visit for visit in ahead.visits})


def said(run: "Run", name: str, signals: Iterable[Signal]) -> list[float] | None:
    """The words of some signals about an occasion as [formal, planned, doubted, day of the formal word].

    None for a visit that is off.
    """
    ledger = replace(seen(run.params, run.whole, run.outlook.as_of), signals=tuple(signals))
    found = places(outlook(ledger, run.outlook.as_of, run.outlook.deadline, run.params.priors)).get(name)
    if found is None:
        return None
    words: Words = found.words
    return [{ANNOUNCED: 1, REFUSED: -1}.get(words.formal, 0), words.planned, words.doubted, getattr(found, "said", 0)]


def data(run: "Run") -> dict[str, Any]:
    """What the page computes with; draws stand by name, one list a draw's position, in turn for each column."""
    ahead, p = run.outlook, thinned(run.draws, run.outlook)
    general, spoken = events_of(run)
    rows, silent = seen(run.params, run.whole, ahead.as_of).signals, replace(run.whole.as_of(ahead.as_of), signals=())
    switched = {signal.event_id for event in general for signal in event}
    decayed = ahead.tone_series.decayed(ahead.as_of)
    values = {s.event_id: (int(kind), float(value)) for s, kind, value in
              zip(ahead.tone_series.signals, ahead.tone_series.kind, decayed, strict=True)}
    signals = [next(values[s.event_id] for s in event if s.event_id in values) for event in general]
    rest = [value for name, value in values.items() if name not in switched]
    background = [[kind, sum(x for k, x in rest if k == kind and sign * x > 0)]
                  for kind in range(len(ahead.tone_series.kinds)) for sign in (1, -1)]
    words = {}
    for name, events in spoken.items():
        about = [s for s in rows if s.occasion == name]
        heard = []
        for mask in range(2 ** len(events)):
            gone = {s.event_id for bit, event in enumerate(events) if not mask >> bit & 1 for s in event}
            heard.append(said(run, name, (s for s in about if s.event_id not in gone)))
        edited = {status: explain.edited(silent, Edits(set=(f"{name}={status}",)), run.params) for status in STATUSES}
        words[name] = {"heard": heard, "set": {status: said(run, name, whole.signals)
                                               for status, whole in edited.items()}}
    years = sorted({view.year for view in ahead.seasons})
    columns = {name: (values.T if values.ndim > 1 else values).tolist() for name, values in p.items()}
    columns["year_effect"] = [columns["year_effect"][year] for year in years]
    return {"horizon": ahead.horizon, "count": len(p["kept"]), "draws": columns, "background": background,
            "signals": signals, "words": words, "scale": ICD_203,
            "visits": [{"id": v.occasion.occasion_id, "first": v.first, "last": v.last} for v in ahead.visits],
            "seasons": [{"fade": view.fade, "year": years.index(view.year), "slots": [
                {"id": slot.occasion.occasion_id, "type": slot.type, "ahead": slot.ahead} for slot in view.slots]}
                for view in ahead.seasons]}


def section(run: "Run") -> Html:
    """The explorer as markup, hidden until its script runs; empty on the deadline itself."""
    ahead = run.outlook
    if ahead.horizon < 1:
        return Html("")
    general, spoken = events_of(run)
    names = places(ahead)
    rows = "".join(_choice(name, place.occasion.name, ahead.statuses[name], place) for name, place in names.items())
    bits: dict[tuple[str, ...], list[str]] = {}
    for name, events in spoken.items():
        for bit, event in enumerate(events):
            bits.setdefault(tuple(s.event_id for s in event), []).append(f"{name}:{bit}")
    rows_of = {s.event_id: s for event in [*general, *(e for events in spoken.values() for e in events)] for s in event}
    switches = [(rows_of[ids[0]], f'data-words="{escape(" ".join(words))}"') for ids, words in bits.items()]
    switches += [(event[0], f'data-tone="{index}"') for index, event in enumerate(general)]
    switches.sort(key=lambda row: (row[0].public_date, row[0].event_id), reverse=True)
    boxes = "".join(f"<li><label><input type=\"checkbox\" checked {mark}><span><b>{signed(s.strength)}</b> "
                    f"{escape(s.description)} <small>{short_day(s.public_date)}</small></span></label></li>\n"
                    for s, mark in switches)
    numbers = json.dumps(data(run), separators=(",", ":")).replace("<", "\\u003c")
    return Html(f"""<div class="explorer" data-script="explorer.js" hidden>
<div class="answer" role="status"><p class="number" data-show="number"></p>
<p><b data-show="word"></b><br><span data-show="moved"></span></p></div>
{_picture(run)}
<fieldset><legend>What is said of each occasion</legend>
<div class="choice quiet"><span>Occasion</span><span>Said of it</span><span>First meeting</span></div>
{rows}<div class="choice alone"><span>A visit not yet public</span><span></span>
<output data-first="{hazard.SURPRISE}"></output></div>
</fieldset>
<fieldset><legend>How much to trust signals</legend>
<label class="trust"><span>Weight of the general tone: none to double</span>
<input type="range" min="0" max="2" step="0.1" value="1" data-plain="1"><output data-show="trust"></output></label>
</fieldset>
<details><summary>Switch single signals on and off ({len(switches)})</summary>
<ul class="switches">
{boxes}</ul>
</details>
<button type="button">Reset</button>
<script type="application/json">{numbers}</script>
</div>""")


def _choice(name: str, text: str, status: str, place: Any) -> str:
    start = place.occasion.start_date
    day = f" <small>{short_day(start)}</small>" if start else ""
    options = "".join(f'<option value="{each}">{each}</option>' for each in STATUSES)
    return (f'<div class="choice"><label for="set-{escape(name)}">{escape(text)}{day}</label><select '
            f'id="set-{escape(name)}" name="{escape(name)}" data-plain=""><option value="">as it stands: {escape(status)}'
            f'</option>{options}</select><output data-first="{escape(name)}"></output></div>\n')


def _picture(run: "Run") -> str:
    """The axes of the curve; the script draws the lines."""
    ahead = run.outlook
    return show.chart("Probability that they have met by each day: the grey line as forecast, the blue one with your "
                      "changes", ahead.as_of, ahead.deadline, (1, 0.5, 0),
                      f'<svg viewBox="0 0 {ahead.horizon} 1" preserveAspectRatio="none" overflow="visible">'
                      '<path class="base" data-show="base"/><path data-show="curve"/></svg>')
