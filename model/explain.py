"""Why the forecast is what it is: contributions that add up exactly.

The forecast without signals has the tone at its norm, every occasion merely scheduled, no visit agreed and silence
off. From there to the forecast the signals enter in a fixed order (tone, silence, then the words of each occasion and
visit by date), each changing the cumulative hazard by a difference; the row order of the ledger plays no part.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from . import hazard
from .covariates import ANNOUNCED, DAY, REFUSED, Outlook, SeasonView, Tone, Words, outlook, unspoken
from .files import Problem, expected_one_of, nearest, parse_day, raise_if_any, shown
from .hazard import Draws
from .ledger import Ledger, Signal
from .params import Params, Priors

TINY = 1e-4


def hazard_of(days: np.ndarray) -> np.ndarray:
    """Cumulative hazard of a (draw, day) distribution: -log(1 - sum); (draw,)."""
    return -np.log1p(-np.minimum(days.sum(1), 1 - 1e-12))


def season_hazard(p: Draws, view: SeasonView, tone: np.ndarray, horizon: int, silent: bool) -> np.ndarray:
    """Cumulative hazard of a season by the deadline; (draw,)."""
    return hazard_of(sum(day for _, day in hazard.season_days(p, view, tone, horizon, silent)))


def stages(words: Words) -> list[tuple[str, Signal | None, Words]]:
    """The words of an occasion added one after the other: what is added, its row, and the words so far."""
    formal, planned, doubted = words.signals
    steps = [("formal word", formal, replace(words, planned=0.0, doubted=0.0)),
             ("planning", planned, replace(words, doubted=0.0)), ("doubt", doubted, words)]
    return [step for step, said in zip(steps, (words.formal, words.planned, words.doubted), strict=True) if said]


def changes(p: Draws, ahead: Outlook) -> dict[tuple[str, str], np.ndarray]:
    """Change of the cumulative hazard at the deadline by (id, what), each (draw,), adding up to that of all signals."""
    parts: dict[tuple[str, str], np.ndarray] = {}

    def add(key: tuple[str, str], change: np.ndarray) -> None:
        parts[key] = parts.get(key, 0.0) + change

    series = ahead.tone_series
    decayed = series.decayed(ahead.as_of)
    total = p["weight"] @ (ahead.tone.up + ahead.tone.down) + 1
    recent = (np.abs(decayed) >= 0.5 ** 5 / 3) & (decayed != 0)
    older = p["weight"] @ np.bincount(series.kind, decayed * ~recent, len(series.kinds)) / total
    linear = {("background", "tone"): older - p["tone_norm"]}
    for i in np.flatnonzero(recent):
        linear[series.signals[i].event_id, "signal"] = p["weight"][:, series.kind[i]] * decayed[i] / total
    shift = sum(linear.values())
    for view in ahead.seasons:
        said, plain = view, unspoken(view)
        begin = season_hazard(p, plain, np.zeros_like(shift), ahead.horizon, silent=False)
        felt = shift * view.fade
        safe = np.where(np.abs(felt) < TINY, TINY, felt)
        slope = (season_hazard(p, plain, safe, ahead.horizon, silent=False) - begin) / safe
        for key, part in linear.items():
            add(key, slope * part * view.fade)
        reached = begin + slope * felt
        now = season_hazard(p, plain, felt, ahead.horizon, silent=True)
        add(("silence", "silence"), now - reached)
        for i, slot in enumerate(said.slots):
            for what, row, words in stages(slot.words):
                slots = (*plain.slots[:i], replace(slot, words=words), *plain.slots[i + 1:])
                plain = replace(plain, slots=slots)
                after = season_hazard(p, plain, felt, ahead.horizon, silent=True)
                add((row.event_id if row else slot.occasion.occasion_id, what), after - now)
                now = after
    unheard, any_visit = (hazard.surprise_days(p, ahead.horizon, silent).sum(1) for silent in (True, False))
    add(("silence", "silence"), unheard - any_visit)
    for visit in ahead.visits:
        now = 0.0
        steps = [("visit window", None, Words()), *stages(visit.words)]
        for what, row, words in steps:
            after = hazard_of(hazard.visit_days(p, replace(visit, words=words), ahead.horizon))
            add((row.event_id if row else visit.occasion.occasion_id, what), after - now)
            now = after
    return parts


def contributions(p: Draws, ahead: Outlook, signals: list[Signal], mass: float) -> list[dict]:
    """What each signal, word, window and silence adds to the probability, largest first; they add up exactly.

    Along the straight path from the hazard without signals, H0, to that with them, H1, a part that changes the hazard
    by dH changes the probability by exp(-H0) (1 - exp(H0 - H1)) dH / (H1 - H0), per draw.
    """
    missed, parts = 1 - hazard.by_deadline(p, ahead, signals=False), changes(p, ahead)
    total = sum(parts.values(), np.zeros_like(missed))
    safe = np.where(np.abs(total) > 1e-9, total, 1.0)
    rate = missed * np.where(np.abs(total) > 1e-9, -np.expm1(-safe) / safe, 1.0)
    phis = {key: change * rate for key, change in parts.items()}
    rows = {signal.event_id: signal for signal in signals}
    names = {o.occasion_id: o.name for view in ahead.seasons for o in view.season.occasions}
    names |= {visit.occasion.occasion_id: visit.occasion.name for visit in ahead.visits}
    out = []
    for (name, what), phi in phis.items():
        row = rows.get(name)
        text = (row.description if row else {
            "background": "Older signals, less the usual level of tone that all are measured against",
            "silence": "No formal word yet about the occasions ahead, no visit agreed",
        }.get(name) or f"{what} of {names.get(name, name)}")
        lower, upper = np.quantile(phi, [(1 - mass) / 2, (1 + mass) / 2])
        out.append({"id": name, "kind": row.kind if row else what, "what": what,
                    "date": row.public_date.isoformat() if row else "", "text": text, "delta": float(phi.mean()),
                    "lower": float(lower), "upper": float(upper),
                    "basis": "belief" if what in ("signal", "tone", "doubt") else "record"})
    return sorted(out, key=lambda row: (-abs(row["delta"]), row["id"], row["what"]))


def moved(rows: list[dict], number: int = 5) -> list[dict]:
    """The contributions to name first: those of what was added, then the largest; the background of tone is none."""
    return sorted((row for row in rows if row["what"] != "tone"),
                  key=lambda row: (not row["text"].startswith(ADDED), -abs(row["delta"])))[:number]


def news(p: Draws, ledger: Ledger, before: date, shares: Mapping[str, float], as_of: date, deadline: date,
         priors: Priors) -> list[dict]:
    """What became public after `before`, of a ledger cut at `as_of`: the largest effect on the probability first.

    An event, or an occasion that becomes known, has as effect the forecast less the one without it; an occasion that
    passes without a meeting loses its share of `shares`, the chances of a first meeting by occasion on `before`.
    """
    def chance(seen: Ledger) -> float:
        return float(hazard.by_deadline(p, outlook(seen, as_of, deadline, priors)).mean())

    now = chance(ledger)
    found = [(now - chance(replace(ledger, signals=tuple(s for s in ledger.signals if s not in event))),
              event[0].public_date, event[0].event_id, event[0].description)
             for event in ledger.events() if before < event[0].public_date]
    found += [(now - chance(replace(ledger, occasions=tuple(o for o in ledger.occasions if o != new))), new.known_from,
               new.occasion_id, f"{new.name} becomes public.") for new in ledger.occasions if before < new.known_from]
    found += [(-shares.get(o.occasion_id, 0.0), o.end_date, o.occasion_id, f"{o.name} passes without a meeting.")
              for o in ledger.occasions if o.met is False and before < o.end_date]
    return [{"date": day, "id": name, "text": text, "effect": effect}
            for effect, day, name, text in sorted(found, key=lambda row: (-abs(row[0]), row[2]))]


def possible(ahead: Outlook, priors: Priors) -> dict[str, Outlook]:
    """What could become public next, each in words with the outlook after it.

    General signals of each kind have strength 2 and an A1 source; each occasion ahead is announced and refused.
    """
    tried = {}
    for i, (kind, entry) in enumerate(priors.kinds.items()):
        for direction in (1, -1):
            if entry.sign in (("up", "either") if direction > 0 else ("down", "either")) and kind != "summit_announced":
                tone = [ahead.tone.up.copy(), ahead.tone.down.copy()]
                tone[direction < 0][i] += 2 / 3
                sign = "+" if direction > 0 else "-"
                tried[f"{kind.replace('_', ' ')} ({sign}2)"] = replace(ahead, tone=Tone(*tone))
    for j, view in enumerate(ahead.seasons):
        for k, slot in enumerate(view.slots):
            for formal, text in ((ANNOUNCED, "meeting announced at"), (REFUSED, "one leader stays away from")):
                if slot.open and slot.words.formal != formal:
                    slots = (*view.slots[:k], replace(slot, words=Words(formal)), *view.slots[k + 1:])
                    seasons = (*ahead.seasons[:j], replace(view, slots=slots), *ahead.seasons[j + 1:])
                    tried[f"{text} {slot.occasion.name}"] = replace(ahead, seasons=seasons)
    for j, visit in enumerate(ahead.visits):
        tried[f"{visit.occasion.name} put off"] = replace(ahead, visits=(*ahead.visits[:j], *ahead.visits[j + 1:]))
    return tried


def next_signals(p: Draws, ahead: Outlook, priors: Priors) -> list[dict]:
    """The probability after each possible next signal, from the one that moves it most.

    Nothing says how likely they are. Changes are averaged over every fourth draw.
    """
    few = {name: values[::4] for name, values in p.items()}
    now = hazard.by_deadline(few, ahead)
    tried = possible(ahead, priors)
    level = float(hazard.by_deadline(p, ahead).mean())
    change = {what: float((hazard.by_deadline(few, changed) - now).mean()) for what, changed in tried.items()}
    return [{"what": what, "probability_after": float(np.clip(level + value, 0, 1)), "change": value}
            for what, value in sorted(change.items(), key=lambda pair: (-abs(pair[1]), pair[0]))]


def silence_path(p: Draws, ledger: Ledger, as_of: date, deadline: date, priors: Priors, step: int = 7) -> list[dict]:
    """The probability on `as_of`, every `step` days after it and on the deadline, had nothing more been heard.

    Of a meeting in what then remains, from a ledger cut at `as_of` and the same draws: old words fade, silence grows,
    occasions pass. No draw is weighted anew for the occasions that passed without a meeting.
    """
    days = [*(as_of + n * DAY for n in range(0, (deadline - as_of).days, step)), deadline]
    return [{"date": day.isoformat(),
             "probability": float(hazard.by_deadline(p, outlook(ledger, day, deadline, priors)).mean())} for day in days]


ASSUMPTION = "an assumption"
"""The source of a row that `--add` or `--set` put in."""
ADDED = "What you added"
STATUS_SIGNALS = {"announced": ("summit_announced", 3), "refused": ("contact_missed", -2),
                  "planned": ("visit_planning", 2), "doubted": ("official_statement", -2)}
"""The signal that takes the place of every word about an occasion in `--set OCCASION=STATUS`; "scheduled" has none."""


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
    number = itertools.count(1)
    signals = {signal.event_id: signal for signal in ledger.signals}

    def fail(option: str, message: str) -> None:
        problems.append(Problem("options", 0, 0, message, option))

    def about(option: str, occasion: str, day: date = as_of) -> bool:
        if occasion not in known:
            fail(option, f"unknown occasion {shown(occasion)} on {as_of}{nearest(occasion, known)}")
        elif day < known[occasion]:
            fail(option, f"expected a day not before {known[occasion]}, when {occasion} became known; found {day}")
        return occasion in known and day >= known[occasion]

    def put(option: str, kind: str, strength: int, occasion: str, day: date) -> None:
        name = f"{day}-{option.strip('-')}-{next(number)}"
        words = f"{kind.replace('_', ' ')}, strength {strength:+d}" + (f", about {occasion}" if occasion else "")
        signals[name] = Signal(name, day, day, kind, "both", strength, "A1", occasion, "", False,
                               f"{ADDED}: {words}", ASSUMPTION, False)

    for name in edits.remove:
        if signals.pop(name, None) is None:
            fail("--remove", f"unknown event {shown(name)}{nearest(name, signals)}")
    for text in edits.set:
        occasion, _, status = text.partition("=")
        if status not in (*STATUS_SIGNALS, "scheduled"):
            fail("--set", f"expected OCCASION=STATUS, the status {expected_one_of(status, [*STATUS_SIGNALS, 'scheduled'])}")
        elif about("--set", occasion):
            signals = {name: s for name, s in signals.items() if s.occasion != occasion or s.public_date > as_of}
            if status != "scheduled":
                put("--set", *STATUS_SIGNALS[status], occasion, as_of)
    for text in edits.add:
        match = re.fullmatch(r"(\w+):([+-]?\d{1,9})(?::([a-z0-9-]+))?(?:@(\S+))?", text, re.ASCII)
        if not match:
            fail("--add", f"expected KIND:STRENGTH[:OCCASION][@DATE]; found {shown(text)}")
            continue
        kind, strength, occasion, when = match[1], int(match[2]), match[3] or "", match[4]
        try:
            day = parse_day(when) if when else as_of
        except ValueError as error:
            fail("--add", str(error))
            continue
        if kind not in kinds:
            fail("--add", f"unknown kind {shown(kind)}{nearest(kind, kinds)}")
        elif not 1 <= abs(strength) <= 3 or (kinds[kind].sign != "either") and (strength > 0) != (kinds[kind].sign == "up"):
            wanted = {"up": "1 to 3", "down": "-3 to -1", "either": "-3 to 3 without 0"}[kinds[kind].sign]
            fail("--add", f"expected a strength from {wanted} for {kind}; found {strength}")
        elif day > as_of:
            fail("--add", f"expected a day not after the as-of date {as_of}; found {day} (move --as-of as well)")
        elif not occasion or about("--add", occasion, day):
            put("--add", kind, strength, occasion, day)
    raise_if_any(problems)
    rows = sorted(signals.values(), key=lambda s: (s.public_date, s.event_id))
    tied = {s.event_id for s in rows}
    return replace(ledger, signals=tuple(replace(s, same_as=s.same_as if s.same_as in tied else "") for s in rows))
