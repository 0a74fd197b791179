"""Fold the reports of a feed: sentences of a story, mirrored rows, and stories of one event become one."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from ..evidence.rows import BOTH
from . import kinds
from .formats import Party, Report
from .sides import STATE, Sides, trade

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


@dataclass
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
    stories: dict[tuple[Matter, str, date], Event] = {}
    told: dict[tuple[Any, ...], tuple[Party, Matter]] = {}
    for report in reports:
        event = _event(report, sides)
        names = frozenset((report.source, report.target))
        of_sentence = report.story, report.sentence, report.day, report.code, names, report.title
        source, matter = told.setdefault(of_sentence, (report.source, event.matter))
        if source != report.source and event.matter._replace(actor=matter.actor) == matter:
            event.mirrored, event.matter = matter.actor != event.matter.actor, matter
        known = stories.setdefault((event.matter, report.story, report.day), event)
        if known is not event:
            known.add(event)
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


def _event(report: Report, sides: Sides) -> Event:
    """The event of one report."""
    matter, says, tokens, parties = (_of_code if report.code else _of_headline)(report, sides)
    return Event(
        matter=matter,
        first=report.day,
        last=report.day,
        published=report.published,
        tokens=tokens,
        line=report.line,
        ident=report.ident,
        address=report.address,
        title=report.title,
        trade=trade(report),
        stories={report.story},
        says=Counter([says] if says else []),
        parties=Counter(parties),
        publishers=Counter([report.publisher]),
        rows=1,
    )


def _of_code(report: Report, sides: Sides) -> tuple[Matter, str, set[str], list[Named]]:
    """The matter of a coded event, what it says, its tokens, and its parties by name."""
    parties = (report.source, report.target)
    leaders = [sides.is_leader(party) for party in parties]
    meaning = kinds.meaning(report.code)
    kind, aside = meaning.kind, next(filter(None, map(sides.outside, parties)), "")
    if kind == kinds.CALL and not all(leaders):
        aside = aside or "a call below the leaders is no signal of the ledger"
    if kind == kinds.PLANNING and not any(leaders):
        kind = kinds.CONTACT
    if kind == kinds.CONTACT and all(leaders):
        kind = kinds.CALL if report.code.startswith("040") else kind
    if kind == kinds.CONTACT and any(
        leader and (also or sides.is_state(other))
        for leader, also, other in zip(leaders, leaders[::-1], parties[::-1])
        if report.code[:3] in kinds.JOURNEYS or also
    ):
        aside = aside or "a leader's own journey or meeting is an occasion with an outcome, no signal"
    if not kind:
        aside = aside or f"no kind of the ledger has CAMEO root {report.code[:2]} ({meaning.words})"
    meeting = kind in (kinds.CONTACT, kinds.CALL, kinds.PLANNING)
    actor = BOTH if meeting else sides.side(report.source)
    about = parties if meeting else (report.source,) if kind == kinds.STATEMENT else ()
    tokens = set().union(*(sides.tokens(party) for party in about))
    named = [Named(sides.side(party), party.name, sides.is_state(party)) for party in parties]
    return Matter(kind, actor, aside), meaning.words, tokens, named


def _of_headline(report: Report, sides: Sides) -> tuple[Matter, str, set[str], list[Named]]:
    """The matter of a headline, nothing that a code says, its words, and the sides that it names."""
    named, other = sides.named(report.title), sides.other_country(report.title)
    kind = kinds.headline_kind(report.title, sides.both_leaders)
    aside = ""
    if len(named) < 2 and other:
        aside = f"it names {other}, not both sides"
    elif not kind:
        aside = "no kind of the ledger fits its words"
    words = set(re.findall(r"\w{4,}", report.title.casefold())) - COMMON - sides.words
    actor = named[0] if len(named) == 1 else BOTH
    return Matter(kind, actor, aside), "", words, [Named(code, "", True) for code in named]
