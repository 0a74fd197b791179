"""Why the forecast is what it is: contributions that add up, what is new, what to watch.

Without signals the tone is at its usual level, nothing is said of any occasion, and no visit is agreed or
put off. From there the signals enter in a fixed order (tone, then the words of each occasion and visit by
date), and each changes the cumulative hazard. The order of rows in the ledger does not matter.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple, get_args

import numpy as np

from .. import chances
from ..chances import Cause, Draws
from ..evidence.edits import ADDED
from ..evidence.ledger import Ledger
from ..evidence.outlook import Outlook, SeasonView, Slot, VisitView, outlook, unspoken
from ..evidence.rows import ANNOUNCEMENT, ATTENDANCE, Signal
from ..evidence.seasons import DAY
from ..evidence.tone import balance
from ..evidence.words import Coming, Words, words
from ..settings.params import Params, Priors
from .file import Direction

Parts = dict[tuple[str, str], np.ndarray]
"""Changes of the cumulative hazard, each (draw,), by (id, what)."""
RECENT = 0.5**5 / 3
"""General signals of less weight are background: five half-lives for one of strength 1."""
FROM_RECORD = ("coming", "visit window", "visit put off")
"""Parts whose weight the record informs, by `prior.Belief.unmoved`; that of tone and planning is a belief."""
BY_VISIT = {"visit window": "dates agreed", "visit put off": "put off, may still come"}
"""The parts that a visit adds beside the words about it, as text."""
TINY = 1e-4
NOTICED = 0.0005
"""The smallest change that does not print as zero."""
WATCHED = get_args(Direction)
"""The order of the next signals: what would lower the number, what would raise it, pairs of refusals."""


def hazard_of(causes: Sequence[Cause]) -> np.ndarray:
    """Cumulative hazard of mutually exclusive causes by the deadline: -log(1 - sum); (draw,)."""
    return -np.log1p(-np.minimum(sum(cause.by_deadline for cause in causes), 1 - 1e-12))


def season_hazard(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> np.ndarray:
    """Cumulative hazard of a season by the deadline; (draw,)."""
    return hazard_of(chances.season_causes(p, view, tone, ahead))


def changes(p: Draws, ahead: Outlook, priors: Priors) -> Parts:
    """The change by each part; together they are the change by all signals."""
    parts: Parts = {}
    tone_parts = tone_shifts(p, ahead)
    for view in ahead.seasons:
        _add(parts, season_changes(p, view, ahead, tone_parts, priors))
    for visit in ahead.visits:
        _add(parts, visit_changes(p, visit, ahead, priors))
    for view in ahead.put_off:
        key = (view.occasion.occasion_id, "visit put off")
        _add(parts, {key: hazard_of([chances.again_cause(p, view, ahead)])})
    return parts


def _add(parts: Parts, more: Parts) -> None:
    for key, change in more.items():
        parts[key] = parts.get(key, 0.0) + change


def tone_shifts(p: Draws, ahead: Outlook) -> Parts:
    """What each recent general signal, and all older ones less the usual tone, add to the tone; (draw,)."""
    series = ahead.tone_series
    decayed = series.decayed(ahead.as_of)
    total = np.abs(decayed).sum() + 1
    recent = (np.abs(decayed) >= RECENT) & (decayed != 0)
    parts = {("background", "tone"): decayed[~recent].sum() / total - p["norm"]}
    for i in np.flatnonzero(recent):
        parts[series.signals[i].event_id, "signal"] = np.full(len(p["norm"]), decayed[i] / total)
    return parts


def season_changes(p: Draws, view: SeasonView, ahead: Outlook, tone_parts: Parts, priors: Priors) -> Parts:
    """The changes in one season: by the tone, in proportion to each part of it, then by each word in turn."""
    parts: Parts = {}
    plain, tone = unspoken(view), chances.felt(p, ahead) * view.fade
    begin = season_hazard(p, plain, np.zeros_like(tone), ahead)
    safe = np.where(np.abs(tone) < TINY, TINY, tone)
    slope = (season_hazard(p, plain, safe, ahead) - begin) / safe
    _add(parts, {key: slope * part * view.fade for key, part in tone_parts.items()})
    now = begin + slope * tone
    for i, slot in enumerate(view.slots):
        for row, said in stages(slot.words, priors):
            slots = (*plain.slots[:i], replace(slot, words=said), *plain.slots[i + 1 :])
            plain = replace(plain, slots=slots)
            after = season_hazard(p, plain, tone, ahead)
            _add(parts, {(row.event_id, "coming" if row.kind == ATTENDANCE else "meeting"): after - now})
            now = after
    return parts


def visit_changes(p: Draws, visit: VisitView, ahead: Outlook, priors: Priors) -> Parts:
    """The changes by an arranged visit: by its window, then by each word in turn."""
    parts: Parts = {}
    steps = [((visit.occasion.occasion_id, "visit window"), Words({}))]
    steps += [((row.event_id, "meeting"), said) for row, said in stages(visit.words, priors)]
    now = 0.0
    for key, said in steps:
        after = hazard_of([chances.visit_cause(p, replace(visit, words=said), ahead)])
        _add(parts, {key: after - now})
        now = after
    return parts


def stages(said: Words, priors: Priors) -> Iterator[tuple[Signal, Words]]:
    """The rows that count for one occasion by date, each with the words up to it."""
    for number, row in enumerate(said.rows, start=1):
        yield row, words(said.rows[:number], priors) if number < len(said.rows) else said


def contributions(p: Draws, ahead: Outlook, signals: list[Signal], mass: float, priors: Priors) -> list[dict]:
    """What each signal, word and visit adds to the probability, largest first; they add up exactly.

    On the straight path from the hazard without signals, H0, to that with them, H1, a part that changes the
    hazard by dH changes the probability by exp(-H0) (1 - exp(H0 - H1)) dH / (H1 - H0), per draw.
    """
    missed, parts = 1 - chances.by_deadline(p, ahead, signals=False), changes(p, ahead, priors)
    total = sum(parts.values(), np.zeros_like(missed))
    safe = np.where(np.abs(total) > 1e-9, total, 1.0)
    rate = missed * np.where(np.abs(total) > 1e-9, -np.expm1(-safe) / safe, 1.0)
    rows = {signal.event_id: signal for signal in signals}
    names = {view.occasion.occasion_id: view.occasion.name for view in (*ahead.visits, *ahead.put_off)}
    if not parts:
        return []
    out, deltas = [], np.stack(list(parts.values())) * rate
    lowest, highest = np.quantile(deltas, [(1 - mass) / 2, (1 + mass) / 2], axis=1)
    for (name, what), delta, lower, upper in zip(parts, deltas, lowest, highest, strict=True):
        row = rows.get(name)
        if row:
            text = row.description
        elif name == "background":
            text = "Older signals, less the usual level of tone that all are measured against"
        else:
            text = f"{names[name]}: {BY_VISIT[what]}"
        from_record = what in FROM_RECORD or (row is not None and row.kind == ANNOUNCEMENT)
        out.append(
            {
                "id": name,
                "kind": row.kind if row else what,
                "what": what,
                "date": row.public_date.isoformat() if row else "",
                "text": text,
                "delta": float(delta.mean()),
                "lower": float(lower),
                "upper": float(upper),
                "basis": "record" if from_record else "belief",
            }
        )
    return sorted(out, key=lambda row: (-abs(row["delta"]), row["id"], row["what"]))


def moved(rows: list[dict], number: int = 5) -> list[dict]:
    """The contributions to name first: what a what-if added, then the largest; never the tone."""
    named = [row for row in rows if row["what"] != "tone"]
    return sorted(named, key=lambda row: (not row["text"].startswith(ADDED), -abs(row["delta"])))[:number]


def news(
    p: Draws,
    ledger: Ledger,
    before: date,
    shares: Mapping[str, float],
    as_of: date,
    deadline: date,
    params: Params,
) -> list[dict]:
    """What became public after `before`, in a ledger cut at `as_of`; the largest effect first.

    The effect of an event, or of an occasion that becomes known, is the forecast less the one without it. An
    occasion that passes without a meeting loses its share of `shares`, the chances of a first meeting before.
    """

    def chance(seen: Ledger) -> float:
        return float(chances.by_deadline(p, outlook(seen, as_of, deadline, params)).mean())

    now, found = chance(ledger), []

    def add(day: date, name: str, text: str, effect: float) -> None:
        found.append({"date": day, "id": name, "text": text, "effect": effect})

    for event in ledger.events:
        first = event[0]
        if before < first.public_date:
            kept = tuple(signal for signal in ledger.signals if signal not in event)
            effect = now - chance(replace(ledger, signals=kept))
            add(first.public_date, first.event_id, first.description, effect)
    for occasion in ledger.occasions:
        name, title = occasion.occasion_id, occasion.name
        if before < occasion.known_from:
            kept = tuple(other for other in ledger.occasions if other != occasion)
            effect = now - chance(replace(ledger, occasions=kept))
            add(occasion.known_from, name, f"{title} becomes public.", effect)
        if occasion.met is False and before < occasion.end_date:
            add(occasion.end_date, name, f"{title} passes without a meeting.", -shares.get(name, 0.0))
    return sorted(found, key=lambda row: (-abs(row["effect"]), row["id"]))


class Possible(NamedTuple):
    """What could become public next: a direction of `WATCHED`, in words, and the outlook after it."""

    direction: str
    what: str
    outlook: Outlook


def possible(ahead: Outlook, params: Params) -> Iterator[Possible]:
    """Everything that `next_signals` tries.

    General signals of each kind have strength 2 and an A1 source. At each occasion, each leader who does not
    host it stays away or comes, and the meeting is announced. A pair is two refusals of one leader.
    """
    yield from possible_tones(ahead, params)
    refusals: dict[str, list[Slot]] = {}
    for slot in (slot for view in ahead.seasons for slot in view.open):
        name, meeting = slot.occasion.name, slot.words.meeting
        for side in params.question.sides:
            if side.code not in slot.sides or side.code == slot.occasion.host:
                continue
            if away := settled(slot, side.code, -1):
                yield Possible("down", f"{side.leader} stays away from {name}", with_slots(ahead, [away]))
                refusals.setdefault(side.leader, []).append(away)
            if coming := settled(slot, side.code, 1):
                yield Possible("up", f"{side.leader} says he comes to {name}", with_slots(ahead, [coming]))
        if not meeting.announced:
            said = replace(slot.words, meeting=replace(meeting, announced=ahead.as_of, doubted=0.0))
            after = with_slots(ahead, [replace(slot, words=said)])
            yield Possible("up", f"meeting announced at {name}", after)
    for leader, slots in refusals.items():
        for pair in itertools.combinations(slots, 2):
            one, other = (slot.occasion.name for slot in pair)
            after = with_slots(ahead, list(pair))
            yield Possible("pair", f"{leader} stays away from {one} and {other}", after)
    for visit in ahead.visits:
        kept = tuple(other for other in ahead.visits if other != visit)
        yield Possible("down", f"{visit.occasion.name} is off", replace(ahead, visits=kept))


def possible_tones(ahead: Outlook, params: Params) -> Iterator[Possible]:
    """A general signal of each kind, in each direction that the kind allows."""
    weight = ahead.tone_series.decayed(ahead.as_of)
    up, down = weight[weight > 0].sum(), -weight[weight < 0].sum()
    for name, kind in params.priors.kinds.items():
        if name in (ATTENDANCE, ANNOUNCEMENT):
            continue
        size, label = 2 / 3 * kind.weight, name.replace("_", " ")
        if kind.sign != "down":
            yield Possible("up", f"{label} (+2)", replace(ahead, tone=balance(up + size, down)))
        if kind.sign != "up":
            yield Possible("down", f"{label} (−2)", replace(ahead, tone=balance(up, down + size)))


def settled(slot: Slot, side: str, direction: int) -> Slot | None:
    """The slot after a settled word that a side comes (1) or stays away (-1); None if already so.

    A refusal takes an announced meeting back.
    """
    said, words = slot.words.coming(side), slot.words
    if said.settled == direction:
        return None
    kept = tuple(level for level in said.levels if level * direction > 0)
    if direction < 0:
        words = replace(words, meeting=replace(words.meeting, announced=None, for_date=None))
    return replace(slot, words=replace(words, comes=words.comes | {side: Coming(direction, kept)}))


def with_slots(ahead: Outlook, changed: list[Slot]) -> Outlook:
    """The outlook with these slots in place of those of the same occasions."""
    by_id = {slot.occasion.occasion_id: slot for slot in changed}
    seasons = (
        replace(view, slots=tuple(by_id.get(slot.occasion.occasion_id, slot) for slot in view.slots))
        for view in ahead.seasons
    )
    return replace(ahead, seasons=tuple(seasons))


def next_signals(p: Draws, ahead: Outlook, params: Params) -> list[dict]:
    """The probability after each possible next signal that changes it, by `WATCHED`, then the largest first.

    Nothing says how likely these signals are.
    """
    level = float(chances.by_deadline(p, ahead).mean())
    found = []
    for direction, what, after in possible(ahead, params):
        probability = float(chances.by_deadline(p, after).mean())
        row = {"direction": direction, "what": what, "change": probability - level}
        if abs(row["change"]) >= NOTICED:
            found.append(row | {"probability_after": probability})
    return sorted(found, key=lambda row: (WATCHED.index(row["direction"]), -abs(row["change"]), row["what"]))


def quiet_path(p: Draws, ledger: Ledger, as_of: date, deadline: date, params: Params) -> list[dict]:
    """The probability of a meeting after each day if nothing more is heard, every week and at the end.

    The ledger is cut at `as_of`; the tone fades and occasions pass. The draws stay the same: they are not
    reweighted for occasions that passed without a meeting.
    """
    days = [*(as_of + n * DAY for n in range(0, (deadline - as_of).days, 7)), deadline]
    outlooks = {day: outlook(ledger, day, deadline, params) for day in days}
    return [
        {"date": day.isoformat(), "probability": float(chances.by_deadline(p, ahead).mean())}
        for day, ahead in outlooks.items()
    ]
