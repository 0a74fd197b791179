"""Why the forecast is what it is: contributions that add up, what is new, what to watch, and what-if edits.

Without signals the tone is at its usual level, nothing is said of any occasion, and no visit is agreed or
put off. From there the signals enter in a fixed order (tone, then the words of each occasion and visit by
date), and each changes the cumulative hazard. The order of rows in the ledger does not matter.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np

from .. import chances
from ..chances import Draws
from ..evidence.ledger import ANNOUNCEMENT, ATTENDANCE, Ledger, Signal
from ..evidence.outlook import Outlook, SeasonView, Slot, VisitView, outlook, unspoken
from ..evidence.record import BOTH
from ..evidence.seasons import DAY
from ..evidence.tone import balance
from ..evidence.words import REFUSAL, Coming, Words, words
from ..files import Problem, expected_one_of, nearest, parse_day, raise_if_any, shown
from ..settings.params import Params, Priors

Parts = dict[tuple[str, str], np.ndarray]
"""Changes of the cumulative hazard, each (draw,), by (id, what)."""
RECENT = 0.5**5 / 3
"""General signals of less weight are background: five half-lives for one of strength 1."""
FROM_RECORD = ("coming", "visit window", "visit put off")
"""Parts whose weight the record informs, by `prior.is_belief`; that of tone and planning is a belief."""
TINY = 1e-4
WATCHED = ("down", "up", "pair")
"""The order of the next signals: what would lower the number, what would raise it, pairs of refusals."""


def hazard_of(days: np.ndarray) -> np.ndarray:
    """Cumulative hazard of a (draw, day) distribution: -log(1 - sum); (draw,)."""
    return -np.log1p(-np.minimum(days.sum(1), 1 - 1e-12))


def season_hazard(p: Draws, view: SeasonView, tone: np.ndarray, ahead: Outlook) -> np.ndarray:
    """Cumulative hazard of a season by the deadline; (draw,)."""
    days = [day for _, day in chances.season_days(p, view, tone, ahead)]
    return hazard_of(sum(days)) if days else np.zeros(len(p["held"]))


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
        _add(parts, {key: hazard_of(chances.again_days(p, view, ahead))})
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
        after = hazard_of(chances.visit_days(p, replace(visit, words=said), ahead))
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
    out = []
    for (name, what), change in parts.items():
        delta, row = change * rate, rows.get(name)
        lower, upper = np.quantile(delta, [(1 - mass) / 2, (1 + mass) / 2])
        if row:
            text = row.description
        elif name == "background":
            text = "Older signals, less the usual level of tone that all are measured against"
        else:
            text = f"{names[name]}: {what}"
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


def possible(ahead: Outlook, params: Params) -> list[Possible]:
    """Everything that `next_signals` tries.

    General signals of each kind have strength 2 and an A1 source. At each occasion, each leader who does not
    host it stays away or comes, and the meeting is announced. A pair is two refusals of one leader.
    """
    tried = list(possible_tones(ahead, params))
    refusals: dict[str, list[Slot]] = {}
    for slot in (slot for view in ahead.seasons for slot in view.open):
        name, meeting = slot.occasion.name, slot.words.meeting
        for side in params.question.sides:
            if side.code not in slot.sides or side.code == slot.occasion.host:
                continue
            if away := settled(slot, side.code, -1):
                tried.append(
                    Possible("down", f"{side.leader} stays away from {name}", with_slots(ahead, [away]))
                )
                refusals.setdefault(side.leader, []).append(away)
            if coming := settled(slot, side.code, 1):
                tried.append(
                    Possible("up", f"{side.leader} says he comes to {name}", with_slots(ahead, [coming]))
                )
        if not meeting.announced:
            said = replace(slot.words, meeting=replace(meeting, announced=ahead.as_of, doubted=0.0))
            after = with_slots(ahead, [replace(slot, words=said)])
            tried.append(Possible("up", f"meeting announced at {name}", after))
    for leader, slots in refusals.items():
        for pair in itertools.combinations(slots, 2):
            one, other = (slot.occasion.name for slot in pair)
            after = with_slots(ahead, list(pair))
            tried.append(Possible("pair", f"{leader} stays away from {one} and {other}", after))
    for visit in ahead.visits:
        kept = tuple(other for other in ahead.visits if other != visit)
        tried.append(Possible("down", f"{visit.occasion.name} is off", replace(ahead, visits=kept)))
    return tried


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
            yield Possible("down", f"{label} (-2)", replace(ahead, tone=balance(up, down + size)))


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
    """The probability after each possible next signal, in the order of `WATCHED`, the largest change first.

    Nothing says how likely these signals are. Changes are averaged over every fourth draw.
    """
    few = {name: values[::4] for name, values in p.items()}
    now, level = chances.by_deadline(few, ahead), float(chances.by_deadline(p, ahead).mean())
    found = []
    for direction, what, after in possible(ahead, params):
        change = float((chances.by_deadline(few, after) - now).mean())
        probability = float(np.clip(level + change, 0, 1))
        found.append(
            {"direction": direction, "what": what, "change": change, "probability_after": probability}
        )
    return sorted(found, key=lambda row: (WATCHED.index(row["direction"]), -abs(row["change"]), row["what"]))


def quiet_path(
    p: Draws, ledger: Ledger, as_of: date, deadline: date, params: Params, step: int = 7
) -> list[dict]:
    """The probability of a meeting after each day if nothing more is heard, every `step` days and at the end.

    The ledger is cut at `as_of`; the tone fades and occasions pass. The draws stay the same: they are not
    reweighted for occasions that passed without a meeting.
    """
    days = [*(as_of + n * DAY for n in range(0, (deadline - as_of).days, step)), deadline]
    outlooks = {day: outlook(ledger, day, deadline, params) for day in days}
    return [
        {"date": day.isoformat(), "probability": float(chances.by_deadline(p, ahead).mean())}
        for day, ahead in outlooks.items()
    ]


ASSUMPTION = "an assumption"
"""The source of a row that `--add` or `--set` put in."""
ADDED = "What you added"
STATUS_SIGNALS = {
    "announced": (ANNOUNCEMENT, 3),
    "refused": (REFUSAL, -3),
    "planned": ("visit_planning", 2),
    "doubted": ("official_statement", -2),
    "called-off": (ATTENDANCE, -3),
}
"""The signal that takes the place of every word about an occasion in `--set OCCASION=STATUS`; "scheduled" has none."""
COMING = {"comes": 3, "may-come": 1, "may-not-come": -1, "stays-away": -3}
"""The strength of the word that takes the place of every word about the coming of one side in `--set OCCASION=SIDE:STATUS`."""


@dataclass(frozen=True)
class Edits:
    """What if: signals added, statuses set, rows removed; the same for the command line, notebook and report."""

    add: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.set or self.remove)


def edited(ledger: Ledger, edits: Edits, params: Params) -> Ledger:
    """The ledger with the edits made.

    Raises
    ------
    InputError
        Naming the option, what was expected and the nearest valid word.
    """
    problems: list[Problem] = []
    as_of, kinds = params.question.as_of, params.priors.kinds
    known = {o.occasion_id: o.known_from for o in ledger.as_of(as_of).occasions}
    visits = {o.occasion_id for o in ledger.occasions if o.is_visit}
    statuses = [*STATUS_SIGNALS, "scheduled", *(f"{side}:{said}" for side in params.sides for said in COMING)]
    number = itertools.count(1)
    signals = {signal.event_id: signal for signal in ledger.signals}

    def fail(option: str, message: str) -> None:
        problems.append(Problem("options", 0, 0, message, option))

    def about(option: str, occasion: str, day: date = as_of) -> bool:
        if occasion not in known:
            fail(option, f"unknown occasion {shown(occasion)} on {as_of}{nearest(occasion, known)}")
        elif day < known[occasion]:
            fail(
                option,
                f"expected a day not before {known[occasion]}, when {occasion} became known; found {day}",
            )
        return occasion in known and day >= known[occasion]

    def put(option: str, kind: str, strength: int, occasion: str, day: date, actor: str = BOTH) -> None:
        name = f"{day}-{option.strip('-')}-{next(number)}"
        text = (
            f"{kind.replace('_', ' ')}, strength {strength:+d}"
            + (f", {actor}" if kind == ATTENDANCE else "")
            + (f", about {occasion}" if occasion else "")
        )
        signals[name] = Signal(
            name,
            day,
            day,
            kind,
            actor,
            strength,
            "A1",
            occasion,
            "",
            False,
            f"{ADDED}: {text}",
            ASSUMPTION,
            False,
        )

    for name in edits.remove:
        if signals.pop(name, None) is None:
            fail("--remove", f"unknown event {shown(name)}{nearest(name, signals)}")
    for text in sorted(
        edits.set, key=lambda text: ":" in text
    ):  # a status replaces every word, so it goes first
        occasion, _, status = text.partition("=")
        side, _, coming = status.rpartition(":")
        if status not in statuses:
            fail("--set", f"expected OCCASION=STATUS; for STATUS, {expected_one_of(status, statuses)}")
        elif about("--set", occasion):
            if occasion in visits and (side or status == "called-off"):
                fail("--set", f"expected an occasion of many leaders for {status}; {occasion} is a visit")
                continue
            signals = {
                name: s
                for name, s in signals.items()
                if s.occasion != occasion
                or s.public_date > as_of
                or side
                and (s.kind != ATTENDANCE or s.actor != side)
            }
            if side:
                put("--set", ATTENDANCE, COMING[coming], occasion, as_of, side)
            elif status == "refused" and occasion not in visits:
                put("--set", *STATUS_SIGNALS["called-off"], occasion, as_of)
            elif status != "scheduled":
                put("--set", *STATUS_SIGNALS[status], occasion, as_of)
    for text in edits.add:
        match = re.fullmatch(
            r"(\w+):([+-]?\d{1,9})(?::([a-z0-9-]+))?(?::([A-Z]{2}|both))?(?:@(\S+))?", text, re.ASCII
        )
        if not match:
            fail("--add", f"expected KIND:STRENGTH[:OCCASION][:ACTOR][@DATE]; found {shown(text)}")
            continue
        kind, strength, occasion, actor, when = (
            match[1],
            int(match[2]),
            match[3] or "",
            match[4] or BOTH,
            match[5],
        )
        if occasion == BOTH:
            occasion = ""
        try:
            day = parse_day(when) if when else as_of
        except ValueError as error:
            fail("--add", str(error))
            continue
        if kind not in kinds:
            fail("--add", f"unknown kind {shown(kind)}{nearest(kind, kinds)}")
        elif (
            not 1 <= abs(strength) <= 3
            or (kinds[kind].sign != "either")
            and (strength > 0) != (kinds[kind].sign == "up")
        ):
            wanted = {"up": "1 to 3", "down": "-3 to -1", "either": "-3 to 3 without 0"}[kinds[kind].sign]
            fail("--add", f"expected a strength from {wanted} for {kind}; found {strength}")
        elif day > as_of:
            fail(
                "--add",
                f"expected a day not after the as-of date {as_of}; found {day} (move --as-of as well)",
            )
        elif actor not in (*params.sides, BOTH):
            fail("--add", f"for ACTOR, {expected_one_of(actor, [*params.sides, BOTH])}")
        elif kind == ATTENDANCE and (not occasion or occasion in visits):
            fail(
                "--add",
                f"expected {ATTENDANCE}:STRENGTH:OCCASION:ACTOR with an occasion of many leaders; found {shown(text)}",
            )
        elif kind == ATTENDANCE and actor == BOTH and strength != -3:
            fail(
                "--add",
                f"expected an actor {' or '.join(params.sides)}; {BOTH} is about the occasion, which is called off (-3)",
            )
        elif not occasion or about("--add", occasion, day):
            put("--add", kind, strength, occasion, day, actor)
    raise_if_any(problems)
    rows = tied_again(ledger, signals, {text.partition("=")[0] for text in edits.set})
    return replace(ledger, signals=tuple(sorted(rows, key=lambda s: (s.public_date, s.event_id))))


def tied_again(before: Ledger, signals: Mapping[str, Signal], unsaid: set[str]) -> list[Signal]:
    """The signals left by edits, those of one event still tied.

    What remains of an event that was about an occasion of `unsaid` says nothing of the general tone, and goes with it.
    """
    left = dict(signals)
    for event in before.events:
        rows = [row for row in event if row.event_id in left]
        if len(rows) == len(event):
            continue
        gone = unsaid & {row.occasion for row in event if row.event_id not in left}
        if gone and not any(row.occasion for row in rows):
            rows, left = [], {name: row for name, row in left.items() if row not in rows}
        for row in rows:
            left[row.event_id] = replace(row, same_as="" if row is rows[0] else rows[0].event_id)
    return list(left.values())
