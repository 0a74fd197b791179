"""Fold the reports of a feed: sentences of a story, mirrored rows, and stories of one event become one."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple

from ..evidence.rows import BOTH
from . import kinds
from .formats import Party, Report
from .sides import STATE, TRADE, Sides

GAP = timedelta(days=2)
"""Stories of one event are at most so far apart."""
SPAN = timedelta(days=7)
"""No event lasts longer: what goes on is another."""
COMMON = {"with", "from", "that", "this", "will", "have", "over", "after", "into", "amid", "says", "said"}


class Named(NamedTuple):
    """A party that reports name: its side, its name, and whether it is the whole state."""

    side: str
    name: str
    state: bool


class Matter(NamedTuple):
    """What decides which reports can be one event: kind, acting side and, if it is set aside, the reason."""

    kind: str
    actor: str
    aside: str


class View(NamedTuple):
    """How a report is seen: its matter, what it says, who or what it is about, and whom it names."""

    matter: Matter
    says: str
    tokens: frozenset[str]
    named: tuple[Named, ...]
    trade: bool


@dataclass(slots=True)
class Event:
    """Reports of one event.

    `tokens` tell who or what it is about, `says` counts what the reports say, `parties` who is named;
    `mirrored` if reports tell the same of both sides.
    """

    matter: Matter
    first: date
    last: date
    published: date
    tokens: set[str]
    line: int
    ident: str
    address: str
    title: str
    trade: bool = False
    mirrored: bool = False
    stories: set[str] = field(default_factory=set)
    says: Counter[str] = field(default_factory=Counter)
    parties: Counter[Named] = field(default_factory=Counter)
    publishers: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    @classmethod
    def first_told(cls, report: Report, matter: Matter) -> "Event":
        """The event that a report tells, with no report counted yet."""
        day, story = report.day, {report.story}
        named = report.line, report.ident, report.address, report.title
        return cls(matter, day, day, report.published, set(), *named, stories=story)

    def count(self, report: Report, view: View) -> None:
        """Count one more report of the event, of the same story and day."""
        self.published = min(self.published, report.published)
        self.rows += 1
        self.tokens |= view.tokens
        self.trade |= view.trade
        self.says.update([view.says] if view.says else [])
        self.parties.update(view.named)
        self.publishers[report.publisher] += 1

    @property
    def actor(self) -> str:
        return BOTH if self.mirrored else self.matter.actor

    @property
    def kind(self) -> str:
        talks = self.matter.kind == kinds.CONTACT and self.trade
        return kinds.TRADE_TALKS if talks else self.matter.kind

    def add(self, other: "Event") -> None:
        """Take another event's reports into this one, which keeps the earliest as the one it names."""
        if (other.published, other.line) < (self.published, self.line):
            self.line, self.ident, self.address = other.line, other.ident, other.address
            self.title, self.published = other.title, other.published
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.tokens |= other.tokens
        self.stories |= other.stories
        self.trade |= other.trade
        self.mirrored |= other.mirrored
        self.rows += other.rows
        self.says.update(other.says)
        self.parties.update(other.parties)
        self.publishers.update(other.publishers)


def fold(reports: Iterable[Report], sides: Sides) -> list[Event]:
    """The events of reports, by day and line: those that one text tells, then those that texts share.

    Rows of one story that have the same matter are one; so are mirrored rows of a sentence, A to B and B to
    A, by which both sides acted. Stories are one event if they are close in time and share a person or a
    ministry, or half of the words of their headlines.
    """
    views = lru_cache(maxsize=100_000)(partial(_view, sides))
    stories: dict[tuple[Matter, str, date], Event] = {}
    told: dict[tuple[Any, ...], tuple[Party, Matter]] = {}
    for report in reports:
        view = views(report.code, report.title, report.source, report.target)
        names = frozenset((report.source, report.target))
        of_sentence = report.story, report.sentence, report.day, report.code, names
        source, matter = told.setdefault(of_sentence, (report.source, view.matter))
        mirrored = source != report.source and view.matter._replace(actor=matter.actor) == matter
        key = (matter if mirrored else view.matter), report.story, report.day
        event = stories.get(key) or stories.setdefault(key, Event.first_told(report, key[0]))
        event.count(report, view)
        event.mirrored |= mirrored and matter != view.matter
    for event in stories.values():
        event.tokens = event.tokens or {STATE}
    return sorted(_merged(stories.values()), key=lambda event: (event.first, event.line))


def _merged(stories: Iterable[Event]) -> list[Event]:
    """The events of stories; each story joins all open events that it shares enough with."""
    open_by: dict[tuple[Matter, str], Event] = {}
    events: dict[int, Event] = {}
    for story in sorted(stories, key=lambda event: (event.first, event.line)):
        shared = Counter(
            id(event)
            for token in story.tokens
            if (event := open_by.get((story.matter, token)))
            and story.first - event.last <= GAP
            and story.last - event.first <= SPAN
        )
        half = (len(story.tokens) + 1) // 2
        needed = min(len(story.tokens), max(2, half)) if story.title else 1
        joined = [events[key] for key, number in shared.items() if number >= needed]
        event = min(joined, key=lambda event: (event.first, event.line), default=story)
        for other in (story, *joined):
            if other is not event:
                event.add(other)
                events.pop(id(other), None)
        events[id(event)] = event
        open_by.update(((event.matter, token), event) for token in event.tokens)
    return list(events.values())


def _view(sides: Sides, code: str, title: str, source: Party, target: Party) -> View:
    """How a report of a code or a headline is seen."""
    return _of_code(sides, code, source, target) if code else _of_headline(sides, title)


def _of_code(sides: Sides, code: str, source: Party, target: Party) -> View:
    """How a coded event between two parties is seen."""
    parties = (source, target)
    kind, aside = _kind(sides, code, source, target)
    meeting = kind in (kinds.CONTACT, kinds.CALL, kinds.PLANNING)
    about = parties if meeting else (source,) if kind == kinds.STATEMENT else ()
    return View(
        Matter(kind, BOTH if meeting else sides.side(source), aside),
        kinds.meaning(code).words,
        frozenset().union(*(sides.tokens(party) for party in about)),
        tuple(Named(sides.side(party), party.name, sides.is_state(party)) for party in parties),
        any(TRADE.search(f"{party.name} {party.sectors}") for party in parties),
    )


def _kind(sides: Sides, code: str, source: Party, target: Party) -> tuple[str, str]:
    """The kind of a coded event, and why it is set aside, "" if it is not."""
    parties = (source, target)
    leaders = [sides.is_leader(party) for party in parties]
    kind, words = kinds.meaning(code)
    if aside := next(filter(None, map(sides.outside, parties)), ""):
        return kind, aside
    if not kind:
        return kind, f"no kind of the ledger has CAMEO root {code[:2]} ({words})"
    if kind == kinds.CALL and not all(leaders):
        return kind, "a call below the leaders is no signal of the ledger"
    if kind == kinds.PLANNING and not any(leaders):
        return kinds.CONTACT, ""
    if kind == kinds.CONTACT and all(leaders) and code.startswith("040"):
        return kinds.CALL, ""
    alone = any(leader and sides.is_state(other) for leader, other in zip(leaders, (target, source)))
    if kind == kinds.CONTACT and (all(leaders) or alone and code[:3] in kinds.JOURNEYS):
        return kind, "a leader's own journey or meeting is an occasion with an outcome, no signal"
    return kind, ""


def _of_headline(sides: Sides, title: str) -> View:
    """How a headline is seen: by its words, which are also what it is about."""
    named, other = sides.named(title), sides.other_country(title)
    kind = kinds.headline_kind(title, sides.both_leaders)
    aside = "" if kind else "no kind of the ledger fits its words"
    if len(named) < 2 and other:
        aside = f"it names {other}, not both sides"
    words = frozenset(re.findall(r"\w{4,}", title.casefold())) - COMMON - sides.words
    actor = named[0] if len(named) == 1 else BOTH
    return View(Matter(kind, actor, aside), "", words, tuple(Named(code, "", True) for code in named), False)
