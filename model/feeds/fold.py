"""Fold the reports of a feed: sentences of a story, mirrored rows, and stories of one event become one."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache
from itertools import chain
from typing import Any, NamedTuple

from ..evidence.rows import BOTH
from ..formatting import listed
from . import kinds
from .formats import Party, Report
from .sides import STATE, TRADE, Sides

GAP = timedelta(days=2)
"""Stories of one event are at most so far apart."""
SPAN = timedelta(days=7)
"""No event lasts longer: what goes on is another."""
MEETINGS = (kinds.CONTACT, kinds.CALL, kinds.PLANNING)
COMMON = {"with", "from", "that", "this", "will", "have", "over", "after", "into", "amid", "says", "said"}


class Named(NamedTuple):
    """A party that reports name: its side, its name, and whether it is the whole state."""

    side: str
    name: str
    state: bool


class Matter(NamedTuple):
    """What decides which reports can be one event: kind, acting side and, if it is set aside, the reason.

    A statement may be `against` the other side, such as criticism, or not, such as praise.
    """

    kind: str
    actor: str
    aside: str
    against: bool = False


class View(NamedTuple):
    """How a report is seen: its matter, what it says, who or what it is about, and whom it names.

    `people` are the persons among those whom it is about, each with the side; `guests` those who travel.
    """

    matter: Matter
    says: str
    tokens: frozenset[str]
    people: frozenset[tuple[str, str]]
    guests: frozenset[tuple[str, str]]
    named: tuple[Named, ...]
    trade: bool


@dataclass(slots=True)
class Event:
    """Reports of one event; `told` is the one that stands for it.

    `tokens` tell who or what it is about, `says` counts what the reports say, `parties` who is named;
    `mirrored` if reports tell the same of both sides.
    """

    matter: Matter
    told: Report
    first: date
    last: date
    published: date
    tokens: set[str]
    people: set[tuple[str, str]]
    guests: set[tuple[str, str]]
    trade: bool = False
    mirrored: bool = False
    stories: set[str] = field(default_factory=set)
    says: Counter[str] = field(default_factory=Counter)
    parties: Counter[Named] = field(default_factory=Counter)
    publishers: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    @classmethod
    def first_told(cls, report: Report, view: View) -> "Event":
        """The event that a report tells, with no report counted yet."""
        days = report.day, report.day, report.published
        about = set(view.tokens) or {STATE}, set(view.people), set(view.guests)
        return cls(view.matter, report, *days, *about, stories={report.story})

    def count(self, report: Report, view: View) -> None:
        """Count one more report of the event, of the same story and day."""
        self.published = min(self.published, report.published)
        self.rows += 1
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

    def fits(self, other: "Event") -> bool:
        """Whether two events can be one: of two different persons of a side each may be on a journey.

        One guest may see several hosts.
        """
        shared = self.people & other.people
        both_name = {side for side, _ in self.people} & {side for side, _ in other.people}
        return both_name <= {side for side, _ in shared} or bool(shared & (self.guests | other.guests))

    def add(self, other: "Event") -> None:
        """Take another event's reports into this one, of which the earliest stands for both.

        What headlines are compared with stays that of the first, so that no chain leads to another event.
        """
        if (other.published, other.told.line) < (self.published, self.told.line):
            self.told, self.published = other.told, other.published
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.tokens |= set() if self.told.title else other.tokens
        self.people |= other.people
        self.guests |= other.guests
        self.stories |= other.stories
        self.trade |= other.trade
        self.mirrored |= other.mirrored
        self.rows += other.rows
        self.says.update(other.says)
        self.parties.update(other.parties)
        self.publishers.update(other.publishers)


def fold(reports: Iterable[Report], sides: Sides) -> list[Event]:
    """The events of reports, by day and line: those that one text tells, then those that texts share.

    Rows of one story that have the same matter and name the same are one; so are mirrored rows of a sentence,
    A to B and B to A, by which both sides acted. Stories are one event if they are close in time and share a
    person or a ministry, or half of the words of their headlines.
    """
    views, on = lru_cache(maxsize=100_000)(_view), cache(sides.on)
    stories: dict[tuple[Matter, str, date], dict[frozenset[str], Event]] = {}
    told: dict[tuple[Any, ...], tuple[Party, View]] = {}
    for report in reports:
        view = views(on(report.day), report.code, report.title, report.source, report.target)
        names = frozenset((report.source, report.target))
        of_sentence = report.story, report.sentence, report.day, report.code, names
        source, first = told.setdefault(of_sentence, (report.source, view))
        mirrored = source != report.source and view.matter._replace(actor=first.matter.actor) == first.matter
        as_seen = first if mirrored else view
        of_story = stories.setdefault((as_seen.matter, report.story, report.day), {})
        if as_seen.tokens not in of_story:
            of_story[as_seen.tokens] = Event.first_told(report, as_seen)
        event = of_story[as_seen.tokens]
        event.count(report, view)
        event.mirrored |= mirrored and first.matter != view.matter
    events = _merged(chain.from_iterable(map(_of_story, stories.values())))
    return sorted(events, key=lambda event: (event.first, event.told.line))


def _of_story(by_tokens: dict[frozenset[str], Event]) -> Iterable[Event]:
    """The events of one story, of which the rows that name a state only belong to the one told most."""
    nobody = by_tokens.pop(frozenset(), None)
    if nobody and not by_tokens:
        return [nobody]
    if nobody:
        max(by_tokens.items(), key=lambda item: (item[1].rows, sorted(item[0])))[1].add(nobody)
    return by_tokens.values()


def _merged(stories: Iterable[Event]) -> list[Event]:
    """The events of stories; each story joins the open events that it shares enough with and fits."""
    open_by: dict[tuple[Matter, str], Event] = {}
    events: dict[int, Event] = {}
    for story in sorted(stories, key=lambda event: (event.first, not event.guests, sorted(event.tokens))):
        shared = Counter(
            id(event)
            for token in sorted(story.tokens)
            if (event := open_by.get((story.matter, token)))
            and story.first - event.last <= GAP
            and story.last - event.first <= SPAN
        )
        event = story
        for key, number in shared.most_common(1 if story.told.title else None):
            other = events[key]
            if number >= _needed(story, other) and event.fits(other):
                other.add(event)
                event = events.pop(key)
        events[id(event)] = event
        open_by.update(((event.matter, token), event) for token in event.tokens)
    return list(events.values())


def _needed(story: Event, event: Event) -> int:
    """How many tokens a story must share with an event: of headlines half of the longer, at least two."""
    longer, shorter = sorted((len(story.tokens), len(event.tokens)), reverse=True)
    return min(longer, max(2, (longer + 1) // 2)) if story.told.title else 1


def _view(sides: Sides, code: str, title: str, source: Party, target: Party) -> View:
    """How a report of a code or a headline is seen."""
    return _of_code(sides, code, source, target) if code else _of_headline(sides, title)


def _of_code(sides: Sides, code: str, source: Party, target: Party) -> View:
    """How a coded event between two parties is seen."""
    parties = (source, target)
    kind, aside = _kind(sides, code, source, target)
    meeting = kind in MEETINGS
    about = _about(sides, code, source, target) if meeting else (source,) if kind == kinds.STATEMENT else ()
    people = frozenset((sides.side(party), party.name) for party in about if sides.is_person(party))
    guests = people if code[:3] in kinds.VISITS and len(about) == 1 else frozenset()
    return View(
        Matter(
            kind, BOTH if meeting else sides.side(source), aside, kind == kinds.STATEMENT and code >= "10"
        ),
        kinds.meaning(code).words,
        frozenset().union(*(sides.tokens(party) for party in about)),
        people,
        guests,
        tuple(Named(sides.side(party), party.name, sides.is_state(party)) for party in parties),
        any(TRADE.search(f"{party.name} {party.sectors}") for party in parties),
    )


def _about(sides: Sides, code: str, source: Party, target: Party) -> list[Party]:
    """The parties that tell a meeting from others: the guest, or both, but no leader, who receives many."""
    guest = {kinds.VISITS[0]: source, kinds.VISITS[1]: target}.get(code[:3])
    if guest and not sides.is_state(guest):
        return [guest]
    named = [party for party in (source, target) if not sides.is_state(party)]
    return [party for party in named if not sides.is_leader(party)] or named


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
        leader = listed([party.name for party, leads in zip(parties, leaders) if leads])
        return kind, f"a leader's own journey or meeting ({leader}) is an occasion with an outcome, no signal"
    return kind, ""


def _of_headline(sides: Sides, title: str) -> View:
    """How a headline is seen: by its words, which are also what it is about."""
    named, other = sides.named(title), sides.other_country(title)
    kind = kinds.headline_kind(title, sides.both_leaders)
    aside = "" if kind else "no kind of the ledger fits its words"
    if not re.search("[a-z]", title, re.IGNORECASE):
        aside = "only words of English headlines are known: fill in its kind"
    if len(named) < 2 and other:
        aside = f"it names {other}, not both sides"
    words = frozenset(re.findall(r"\w{4,}", title.casefold())) - COMMON - sides.words
    words = words or frozenset([title.casefold()])
    alone = len(named) == 1 or named and kind in kinds.ONE_SIDED and not re.search(r"\band\b|,|&", title)
    actor = named[0] if alone else BOTH
    parties = tuple(Named(code, "", True) for code in named)
    return View(Matter(kind, actor, aside), "", words, frozenset(), frozenset(), parties, False)
