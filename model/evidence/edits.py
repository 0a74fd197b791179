"""What-if edits of a ledger: signals added, statuses set, rows removed; each edit is one line of text.

`--set` replaces existing words, so it applies before `--add`. The status of an occasion replaces all words
about it, so it applies before the status of one leader there.
"""

import itertools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from ..files.problems import (
    HYPHENS,
    Problem,
    expected_one_of,
    nearest,
    nearest_id,
    parse_day,
    raise_if_any,
    shown,
)
from ..settings.params import Params
from .ledger import Ledger
from .rows import ANNOUNCEMENT, ATTENDANCE, BOTH, REFUSAL, Signal, by_day

ASSUMPTION = "an assumption"
"""The source of a row that an edit added."""
ADDED = "What you added"
FORM = "KIND:STRENGTH[:OCCASION][:ACTOR][@DATE]"
STATUS_SIGNALS = {
    "announced": (ANNOUNCEMENT, 3),
    "refused": (REFUSAL, -3),
    "planned": ("visit_planning", 2),
    "doubted": ("official_statement", -2),
    "called-off": (ATTENDANCE, -3),
}
"""The kind and strength of the signal that replaces every word about an occasion; "scheduled" has none."""
COMING = {"comes": 3, "may-come": 1, "may-not-come": -1, "stays-away": -3}
"""The strength of the word that replaces every word about one side's attendance."""


@dataclass(frozen=True)
class Addition:
    """A signal to add: KIND:STRENGTH[:OCCASION][:ACTOR][@DATE]; the default date is the as-of day."""

    kind: str
    strength: int
    occasion: str = ""
    actor: str = BOTH
    day: date | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The edit that a text describes; ValueError says what was expected."""
        kind, colon, rest = text.partition(":")
        match = re.fullmatch(
            r"(\w+):([+-]?\d{1,9})(?::([a-z0-9-]+))?(?::([A-Z]{2}|both))?(?:@(.+))?",
            f"{kind}{colon}{rest[:1].translate(HYPHENS)}{rest[1:]}",
            re.ASCII,
        )
        if not match:
            form = f"{FORM}, such as visit_planning:2:2025-apec-gyeongju"
            raise ValueError(f"expected {form}; found {shown(text)}")
        kind, strength, occasion, actor, day = match.groups()
        if occasion == BOTH:
            occasion = None
        return cls(kind, int(strength), occasion or "", actor or BOTH, parse_day(day) if day else None)


@dataclass(frozen=True)
class Status:
    """A status to set: OCCASION=STATUS, or OCCASION=SIDE:STATUS for the attendance of one side."""

    occasion: str
    words: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The edit that a text describes; its words are not checked."""
        occasion, _, words = text.partition("=")
        return cls(occasion, words)

    @property
    def side(self) -> str:
        """The side whose attendance is set; "" if the status is that of the occasion."""
        return self.words.rpartition(":")[0]

    @property
    def status(self) -> str:
        return self.words.rpartition(":")[2]


@dataclass(frozen=True)
class Edits:
    """What-if edits as text by option; command line, notebook and report share this form."""

    add: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.set or self.remove)


def edited(ledger: Ledger, edits: Edits, params: Params) -> Ledger:
    """The ledger after the edits.

    Raises
    ------
    InputError
        Names the option, the expected input and the nearest valid word.
    """
    editor = _Editor(ledger, params)
    for name in edits.remove:
        editor.remove(name)
    statuses = [Status.parse(text) for text in edits.set]
    for status in sorted(statuses, key=lambda edit: ":" in edit.words):
        editor.set(status)
    for text in edits.add:
        editor.add(text)
    raise_if_any(editor.problems)
    return replace(ledger, signals=editor.tied({status.occasion for status in statuses}))


class _Editor:
    """Applies edits to the signals of a ledger and collects their problems."""

    def __init__(self, ledger: Ledger, params: Params):
        self.ledger, self.as_of = ledger, params.question.as_of
        self.sides, self.kinds = params.sides, params.priors.kinds
        self.known = {o.occasion_id: o.known_from for o in ledger.as_of(self.as_of).occasions}
        self.visits = {o.occasion_id for o in ledger.occasions if o.is_visit}
        self.signals = {signal.event_id: signal for signal in ledger.signals}
        self.numbers = itertools.count(1)
        self.problems: list[Problem] = []

    def fail(self, option: str, *messages: str) -> None:
        self.problems += [Problem("options", 0, 0, message, option) for message in messages]

    def put(self, option: str, edit: Addition) -> None:
        """Add a row with the best grade."""
        day = edit.day or self.as_of
        name = f"{day}-{option.strip('-')}-{next(self.numbers)}"
        text = f"{edit.kind.replace('_', ' ')}, strength {edit.strength:+d}"
        text += f", {edit.actor}" if edit.kind == ATTENDANCE else ""
        text += f", about {edit.occasion}" if edit.occasion else ""
        self.signals[name] = Signal(
            event_id=name,
            event_date=day,
            public_date=day,
            kind=edit.kind,
            actor=edit.actor,
            strength=edit.strength,
            grade="A1",
            occasion=edit.occasion,
            in_article=False,
            description=f"{ADDED}: {text}",
            source=ASSUMPTION,
            checked=False,
        )

    def remove(self, name: str) -> None:
        if self.signals.pop(name, None) is None:
            self.fail("--remove", f"unknown event {shown(name)}{nearest_id(name, self.signals)}")

    def set(self, edit: Status) -> None:
        """Replace the public words about an occasion, or about one side's attendance there."""
        if messages := list(self.wrong_status(edit)):
            return self.fail("--set", *messages)

        def replaced(row: Signal) -> bool:
            meant = not edit.side or row.kind == ATTENDANCE and row.actor == edit.side
            return meant and row.occasion == edit.occasion and row.public_date <= self.as_of

        self.signals = {name: row for name, row in self.signals.items() if not replaced(row)}
        if edit.side:
            self.put("--set", Addition(ATTENDANCE, COMING[edit.status], edit.occasion, edit.side))
        elif edit.status != "scheduled":
            off = edit.status == "refused" and edit.occasion not in self.visits
            kind, strength = STATUS_SIGNALS["called-off" if off else edit.status]
            self.put("--set", Addition(kind, strength, edit.occasion))
        return None

    def add(self, text: str) -> None:
        """Add a signal, or record a problem if it is invalid."""
        try:
            edit = Addition.parse(text)
        except ValueError as error:
            return self.fail("--add", str(error))
        if messages := list(self.wrong_addition(edit)):
            return self.fail("--add", *messages)
        return self.put("--add", edit)

    def wrong_occasion(self, occasion: str, day: date) -> Iterator[str]:
        known = self.known.get(occasion)
        if known is None:
            hint = nearest_id(occasion, self.known)
            yield f"unknown occasion {shown(occasion)} on {self.as_of}{hint}; summit check lists them"
        elif day < known:
            yield f"expected a day not before {known}, when {occasion} became known; found {day}"

    def wrong_status(self, edit: Status) -> Iterator[str]:
        statuses = [*STATUS_SIGNALS, "scheduled"]
        statuses += [f"{side}:{status}" for side in self.sides for status in COMING]
        if edit.words not in statuses:
            yield f"expected OCCASION=STATUS; for STATUS, {expected_one_of(edit.words, statuses)}"
        elif edit.occasion in self.visits and (edit.side or edit.status == "called-off"):
            yield f"expected an occasion of many leaders for {edit.words}; {edit.occasion} is a visit"
        yield from self.wrong_occasion(edit.occasion, self.as_of)

    def wrong_addition(self, edit: Addition) -> Iterator[str]:
        day, strength, actors = edit.day or self.as_of, edit.strength, [*self.sides, BOTH]
        if edit.kind not in self.kinds:
            yield f"unknown kind {shown(edit.kind)}{nearest(edit.kind, self.kinds)}"
        sign = self.kinds[edit.kind].sign if edit.kind in self.kinds else "either"
        if not 1 <= abs(strength) <= 3 or sign == "up" and strength < 0 or sign == "down" and strength > 0:
            ranges = {"up": "1 to 3", "down": "-3 to -1", "either": "-3 to 3 without 0"}
            yield f"expected a strength from {ranges[sign]} for {edit.kind}; found {strength}"
        if day > self.as_of:
            yield f"expected a day not after the as-of date {self.as_of}; found {day} (move --as-of as well)"
        if edit.actor not in actors:
            yield f"for ACTOR, {expected_one_of(edit.actor, actors)}"
        if edit.kind == ATTENDANCE:
            yield from self.wrong_attendance(edit)
        if edit.occasion:
            yield from self.wrong_occasion(edit.occasion, day)

    def wrong_attendance(self, edit: Addition) -> Iterator[str]:
        if not edit.occasion:
            yield f"expected the occasion that it is about: {ATTENDANCE}:STRENGTH:OCCASION:ACTOR"
        elif edit.occasion in self.visits:
            yield f"expected an occasion of many leaders for {ATTENDANCE}; {edit.occasion} is a visit"
        elif edit.actor == BOTH and edit.strength != -3:
            one, other = (f"{ATTENDANCE}:{edit.strength}:{edit.occasion}:{side}" for side in self.sides)
            off = "(without a side, only -3 is allowed: the occasion is called off)"
            yield f"expected the side whose leader it is about: {one} or {other} {off}"

    def tied(self, replaced: Collection[str]) -> tuple[Signal, ...]:
        """The remaining signals by day, with the rows of one event still tied.

        The rest of an event about an occasion of `replaced` is no evidence of the general tone, so it is
        removed too.
        """
        left = dict(self.signals)
        for event in self.ledger.events:
            rows = [row for row in event if row.event_id in left]
            if len(rows) == len(event):
                continue
            gone = {row.occasion for row in event if row.event_id not in left}
            if gone.intersection(replaced) and not any(row.occasion for row in rows):
                for row in rows:
                    del left[row.event_id]
                continue
            for row in rows:
                left[row.event_id] = replace(row, same_as="" if row is rows[0] else rows[0].event_id)
        return tuple(sorted(left.values(), key=by_day))
