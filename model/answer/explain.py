"""Why the forecast is what it is: contributions that add up exactly, what is new and what to watch.

The forecast without signals has the tone at its usual level, nothing said of any occasion, no visit agreed or put off.
From there to the forecast the signals enter in a fixed order (tone, then the words of each occasion and visit by date),
each changing the cumulative hazard by a difference; the row order of the ledger plays no part.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import numpy as np

from .. import chances
from ..chances import Draws
from ..evidence.edits import ADDED
from ..evidence.ledger import Ledger
from ..evidence.outlook import Outlook, SeasonView, Slot, outlook, unspoken
from ..evidence.rows import ANNOUNCEMENT, ATTENDANCE, Signal
from ..evidence.seasons import DAY
from ..evidence.tone import balance
from ..evidence.words import Coming, Words, words
from ..settings.params import Params, Priors

RECENT = 0.5**5 / 3
"""A general signal whose weight has fallen below this counts as background: five half-lives for one of strength 1."""
FROM_RECORD = ("coming", "visit window", "visit put off")
"""What the record weighs; the weights of kinds in the tone, and of planning and doubt, are beliefs."""
TINY = 1e-4


def hazard_of(days: np.ndarray) -> np.ndarray:
    """Cumulative hazard of a (draw, day) distribution: -log(1 - sum); (draw,)."""
    return -np.log1p(-np.minimum(days.sum(1), 1 - 1e-12))


def season_hazard(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> np.ndarray:
    """Cumulative hazard of a season by the deadline; (draw,)."""
    days = [day for _, day in chances.season_days(p, view, tone, ahead)]
    return hazard_of(sum(days)) if days else np.zeros(len(p["held"]))


def changes(p: Draws, ahead: Outlook, priors: Priors) -> dict[tuple[str, str], np.ndarray]:
    """Change of the cumulative hazard at the deadline by (id, what), each (draw,), adding up to that of all signals."""
    parts: dict[tuple[str, str], np.ndarray] = {}

    def add(key: tuple[str, str], change: np.ndarray) -> None:
        parts[key] = parts.get(key, 0.0) + change

    series = ahead.tone_series
    decayed = series.decayed(ahead.as_of)
    total = np.abs(decayed).sum() + 1
    recent = (np.abs(decayed) >= RECENT) & (decayed != 0)
    linear = {("background", "tone"): decayed[~recent].sum() / total - p["norm"]}
    linear |= {
        (series.signals[i].event_id, "signal"): np.full(len(p["norm"]), decayed[i] / total)
        for i in np.flatnonzero(recent)
    }
    shift = chances.felt(p, ahead)
    for view in ahead.seasons:
        plain, tone = unspoken(view), shift * view.fade
        begin = season_hazard(p, plain, np.zeros_like(shift), ahead)
        safe = np.where(np.abs(tone) < TINY, TINY, tone)
        slope = (season_hazard(p, plain, safe, ahead) - begin) / safe
        for key, part in linear.items():
            add(key, slope * part * view.fade)
        now = begin + slope * tone
        for i, slot in enumerate(view.slots):
            for row, said in stages(slot.words, priors):
                slots = (*plain.slots[:i], replace(slot, words=said), *plain.slots[i + 1 :])
                plain = replace(plain, slots=slots)
                after = season_hazard(p, plain, tone, ahead)
                add((row.event_id, "coming" if row.kind == ATTENDANCE else "meeting"), after - now)
                now = after
    for visit in ahead.visits:
        now = 0.0
        for row, said in ((None, Words({})), *stages(visit.words, priors)):
            after = hazard_of(chances.visit_days(p, replace(visit, words=said), ahead))
            add(
                (row.event_id, "meeting") if row else (visit.occasion.occasion_id, "visit window"),
                after - now,
            )
            now = after
    for view in ahead.put_off:
        add((view.occasion.occasion_id, "visit put off"), hazard_of(chances.again_days(p, view, ahead)))
    return parts


def stages(said: Words, priors: Priors) -> Iterator[tuple[Signal, Words]]:
    """The rows that count for one occasion by date, each with the words up to it; the last words are all of them."""
    for number, row in enumerate(said.rows, start=1):
        yield row, words(said.rows[:number], priors) if number < len(said.rows) else said


def contributions(p: Draws, ahead: Outlook, signals: list[Signal], mass: float, priors: Priors) -> list[dict]:
    """What each signal, word and visit adds to the probability, largest first; they add up exactly.

    Along the straight path from the hazard without signals, H0, to that with them, H1, a part that changes the hazard
    by dH changes the probability by exp(-H0) (1 - exp(H0 - H1)) dH / (H1 - H0), per draw.
    """
    missed, parts = 1 - chances.by_deadline(p, ahead, signals=False), changes(p, ahead, priors)
    total = sum(parts.values(), np.zeros_like(missed))
    safe = np.where(np.abs(total) > 1e-9, total, 1.0)
    rate = missed * np.where(np.abs(total) > 1e-9, -np.expm1(-safe) / safe, 1.0)
    rows = {signal.event_id: signal for signal in signals}
    names = {view.occasion.occasion_id: view.occasion.name for view in (*ahead.visits, *ahead.put_off)}
    out = []
    for (name, what), change in parts.items():
        phi, row = change * rate, rows.get(name)
        text = (
            row.description
            if row
            else "Older signals, less the usual level of tone that all are measured against"
            if name == "background"
            else f"{names[name]}: {what}"
        )
        lower, upper = np.quantile(phi, [(1 - mass) / 2, (1 + mass) / 2])
        out.append(
            {
                "id": name,
                "kind": row.kind if row else what,
                "what": what,
                "date": row.public_date.isoformat() if row else "",
                "text": text,
                "delta": float(phi.mean()),
                "lower": float(lower),
                "upper": float(upper),
                "basis": "record" if what in FROM_RECORD or row and row.kind == ANNOUNCEMENT else "belief",
            }
        )
    return sorted(out, key=lambda row: (-abs(row["delta"]), row["id"], row["what"]))


def moved(rows: list[dict], number: int = 5) -> list[dict]:
    """The contributions to name first: those of what was added, then the largest; the background of tone is none."""
    return sorted(
        (row for row in rows if row["what"] != "tone"),
        key=lambda row: (not row["text"].startswith(ADDED), -abs(row["delta"])),
    )[:number]


def news(
    p: Draws,
    ledger: Ledger,
    before: date,
    shares: Mapping[str, float],
    as_of: date,
    deadline: date,
    params: Params,
) -> list[dict]:
    """What became public after `before`, of a ledger cut at `as_of`: the largest effect on the probability first.

    An event, or an occasion that becomes known, has as effect the forecast less the one without it; an occasion that
    passes without a meeting loses its share of `shares`, the chances of a first meeting by occasion on `before`.
    """

    def chance(seen: Ledger) -> float:
        return float(chances.by_deadline(p, outlook(seen, as_of, deadline, params)).mean())

    now = chance(ledger)
    found = [
        (
            now - chance(replace(ledger, signals=tuple(s for s in ledger.signals if s not in event))),
            event[0].public_date,
            event[0].event_id,
            event[0].description,
        )
        for event in ledger.events
        if before < event[0].public_date
    ]
    found += [
        (
            now - chance(replace(ledger, occasions=tuple(o for o in ledger.occasions if o != new))),
            new.known_from,
            new.occasion_id,
            f"{new.name} becomes public.",
        )
        for new in ledger.occasions
        if before < new.known_from
    ]
    found += [
        (-shares.get(o.occasion_id, 0.0), o.end_date, o.occasion_id, f"{o.name} passes without a meeting.")
        for o in ledger.occasions
        if o.met is False and before < o.end_date
    ]
    return [
        {"date": day, "id": name, "text": text, "effect": effect}
        for effect, day, name, text in sorted(found, key=lambda row: (-abs(row[0]), row[2]))
    ]


def possible(ahead: Outlook, params: Params) -> list[tuple[str, str, Outlook]]:
    """What could become public next: whether it points down or up, or is a pair of refusals; in words; the outlook after it.

    General signals of each kind have strength 2 and an A1 source. At each occasion ahead each leader who does not host it
    is said to stay away or to come, and the meeting is announced. Pairs are refusals of one leader at two occasions.
    """
    tried: list[tuple[str, str, Outlook]] = []
    leaders = {side.code: side.leader for side in params.question.sides}
    weight = ahead.tone_series.decayed(ahead.as_of)
    up, down = weight[weight > 0].sum(), -weight[weight < 0].sum()
    for name, kind in params.priors.kinds.items():
        if name in (ATTENDANCE, ANNOUNCEMENT):
            continue
        size = 2 / 3 * kind.weight
        if kind.sign != "down":
            tried.append(
                ("up", f"{name.replace('_', ' ')} (+2)", replace(ahead, tone=balance(up + size, down)))
            )
        if kind.sign != "up":
            tried.append(
                ("down", f"{name.replace('_', ' ')} (-2)", replace(ahead, tone=balance(up, down + size)))
            )
    away: dict[tuple[str, str], list[tuple[str, Slot]]] = {}
    for view in ahead.seasons:
        for slot in view.open:
            name = slot.occasion.name
            for side in slot.sides:
                if slot.occasion.host == side:
                    continue
                said = slot.words.coming(side)
                for settled, direction, verb in (
                    (-1, "down", "stays away from"),
                    (1, "up", "says he comes to"),
                ):
                    if said.settled != settled:
                        kept = tuple(level for level in said.levels if level * settled > 0)
                        changed = with_words(slot, side, Coming(settled, kept))
                        tried.append(
                            (direction, f"{leaders[side]} {verb} {name}", with_slots(ahead, [changed]))
                        )
                        if settled < 0:
                            away.setdefault((side, leaders[side]), []).append((name, changed))
            if not slot.words.meeting.announced:
                said = replace(
                    slot.words, meeting=replace(slot.words.meeting, announced=ahead.as_of, doubted=0.0)
                )
                tried.append(
                    ("up", f"meeting announced at {name}", with_slots(ahead, [replace(slot, words=said)]))
                )
    tried += [
        ("pair", f"{leader} stays away from {one} and {other}", with_slots(ahead, [first, second]))
        for (_, leader), slots in away.items()
        for (one, first), (other, second) in itertools.combinations(slots, 2)
    ]
    tried += [
        (
            "down",
            f"{visit.occasion.name} is off",
            replace(ahead, visits=tuple(v for v in ahead.visits if v != visit)),
        )
        for visit in ahead.visits
    ]
    return tried


def with_words(slot: Slot, side: str, said: Coming) -> Slot:
    """The slot with other words about the coming of one side; a refusal takes an announced meeting back."""
    meeting = (
        replace(slot.words.meeting, announced=None, for_date=None) if said.settled < 0 else slot.words.meeting
    )
    return replace(slot, words=replace(slot.words, comes=slot.words.comes | {side: said}, meeting=meeting))


def with_slots(ahead: Outlook, changed: list[Slot]) -> Outlook:
    """The outlook with these slots in place of those of the same occasions."""
    by_id = {slot.occasion.occasion_id: slot for slot in changed}
    return replace(
        ahead,
        seasons=tuple(
            replace(view, slots=tuple(by_id.get(slot.occasion.occasion_id, slot) for slot in view.slots))
            for view in ahead.seasons
        ),
    )


WATCHED = ("down", "up", "pair")
"""The order in which the next signals are listed: what would lower the number, what would raise it, pairs of refusals."""


def next_signals(p: Draws, ahead: Outlook, params: Params) -> list[dict]:
    """The probability after each possible next signal: downside first, then upside, then pairs; largest change first.

    Nothing says how likely they are. Changes are averaged over every fourth draw.
    """
    few = {name: values[::4] for name, values in p.items()}
    now, level = chances.by_deadline(few, ahead), float(chances.by_deadline(p, ahead).mean())
    found = [
        {
            "direction": direction,
            "what": what,
            "change": (change := float((chances.by_deadline(few, after) - now).mean())),
            "probability_after": float(np.clip(level + change, 0, 1)),
        }
        for direction, what, after in possible(ahead, params)
    ]
    return sorted(found, key=lambda row: (WATCHED.index(row["direction"]), -abs(row["change"]), row["what"]))


def quiet_path(
    p: Draws, ledger: Ledger, as_of: date, deadline: date, params: Params, step: int = 7
) -> list[dict]:
    """The probability on `as_of`, every `step` days after it and on the deadline, had nothing more been heard.

    Of a meeting in what then remains, from a ledger cut at `as_of` and the same draws: the tone fades, occasions pass. No draw is weighted anew for the occasions that passed without a meeting.
    """
    days = [*(as_of + n * DAY for n in range(0, (deadline - as_of).days, step)), deadline]
    return [
        {
            "date": day.isoformat(),
            "probability": float(chances.by_deadline(p, outlook(ledger, day, deadline, params)).mean()),
        }
        for day in days
    ]
