"""The two sides of a question as feeds and headlines name them."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from itertools import chain
from operator import itemgetter

from babel import Locale
from babel.core import get_global

from ..evidence.ledger import Ledger
from ..evidence.notices import name_words
from ..settings.params import Params
from .formats import Party

OTHER_NAMES = {
    "CD": ["Democratic Republic of Congo"],
    "CI": ["Ivory Coast"],
    "CN": ["Chinese", "Beijing"],
    "CZ": ["Czech Republic"],
    "HK": ["Hong Kong"],
    "KP": ["North Korean", "Pyongyang", "DPRK"],
    "KR": ["South Korean", "Seoul"],
    "MM": ["Myanmar", "Burma"],
    "PS": ["Occupied Palestinian Territory", "Palestine"],
    "RU": ["Russian Federation", "Russian", "Moscow", "Kremlin"],
    "TR": ["Turkey"],
    "US": ["U.S.", "America", "American", "Washington", "White House"],
}
"""Names of countries and governments that feeds or headlines use beside those of the Unicode CLDR."""
GOVERNMENT = {"government", "executive", "military", "judicial", "police", "cabinet", "executive office"}
GOVERNMENT |= {"legislative / parliamentary", "gov", "mil", "leg", "jud", "cop", "spy"}
"""Sectors of offices of a state: words of ICEWS, codes of PLOVER and CAMEO."""
TRADE = re.compile(r"trade|commerce|econom|treasury|financ", re.IGNORECASE)
STATE = "the state"
"""The token of a side that a report names only as a whole."""


@dataclass(frozen=True, eq=False)
class Sides:
    """The codes, names, leaders and offices of two sides; `terms` are days with their leaders."""

    codes: tuple[str, str]
    names: dict[str, list[str]]
    leaders: tuple[frozenset[str], frozenset[str]]
    offices: tuple[str, str]
    terms: tuple[tuple[date, tuple[str, str]], ...]

    @classmethod
    def of(cls, params: Params, ledger: Ledger) -> "Sides":
        """The sides of a question, with its leaders and the earlier ones of the ledger."""
        one, other = params.question.sides
        dated = [(o.start_date, (o.leader_1, o.leader_2)) for o in ledger.occasions if o.start_date]
        terms = (*sorted(dated), (date.max, (one.leader, other.leader)))
        names = {side.code: [side.country, *names_of(side.code)] for side in (one, other)}
        leaders = frozenset([one.leader]), frozenset([other.leader])
        return cls((one.code, other.code), names, leaders, (one.office, other.office), terms)

    def on(self, day: date) -> "Sides":
        """The sides with the leaders of the occasions before and after a day.

        A name can be that of an earlier or a later leader: Clinton is Secretary of State in 2012.
        """
        at = bisect_left(self.terms, day, key=itemgetter(0))
        near = zip(*(leaders for _, leaders in self.terms[max(at - 1, 0) : at + 1]))
        one, other = (frozenset(names) - {""} or asked for names, asked in zip(near, self.leaders))
        return _led_by(self, (one, other))

    @cached_property
    def countries(self) -> dict[str, str]:
        """The code of a side by each name and code of its country, in small letters."""
        threes = {
            code.lower(): two
            for code, (two, *_) in get_global("territory_aliases").items()
            if two in self.codes and len(code) == 3 and code.isalpha()
        }
        return threes | {name.lower(): code for code in self.codes for name in (code, *self.names[code])}

    def side(self, party: Party) -> str:
        return self.countries[party.country.lower()]

    def is_leader(self, party: Party) -> bool:
        """Whether the party has all words of a leader's name, or is named by the leader's office.

        ICEWS says who is in that office: a Kim who is not is another.
        """
        at, sectors = self.codes.index(self.side(party)), _sectors(party)
        name = party.name.casefold().split(" (")[0]
        if name in ("head of state", self.offices[at].casefold()):
            return True
        named = any(name_words(leader) <= name_words(name) for leader in self.leaders[at])
        return named and ("government" not in sectors or "executive office" in sectors)

    def is_state(self, party: Party) -> bool:
        """Whether the party is a country, or its government, as a whole."""
        name = party.name.casefold().split(" (")[0]
        return not name or name in ("government", party.country.casefold()) or name in self.countries

    def is_person(self, party: Party) -> bool:
        """Whether the party is a person, not a state or an office, which ICEWS names with its country."""
        return not (self.is_state(party) or party.name.endswith(")"))

    def outside(self, party: Party) -> str:
        """Why the party does not speak or act for its state; "" if it does."""
        sectors = _sectors(party)
        if self.is_leader(party) or GOVERNMENT.intersection(sectors) or not sectors and self.is_state(party):
            return ""
        return f"{party.name} has no office of state ({party.sectors.split(',')[0] or 'no sector'})"

    def tokens(self, party: Party) -> set[str]:
        """Who a party is, to tell that two reports speak of the same: its name, and its ministry."""
        if self.is_state(party):
            return set()
        code = self.side(party)
        ministries = {f"{code} {sector}" for sector in _sectors(party) if "ministry" in sector}
        return {party.name.casefold()} | ministries

    @cached_property
    def _all_names(self) -> dict[str, list[str]]:
        """The names of each side and of its leaders of any time: an old leader is of the side too."""
        leaders = zip(*(leaders for _, leaders in self.terms))
        return {
            code: [*self.names[code], *filter(None, set(names))] for code, names in zip(self.codes, leaders)
        }

    @cached_property
    def words(self) -> set[str]:
        """The words of the names of both sides and their leaders, in small letters."""
        names = chain.from_iterable(self._all_names.values())
        return {word for name in names for word in name.casefold().split()}

    @cached_property
    def both_leaders(self) -> str:
        """A pattern that matches a headline which names a leader of each side, or the leaders."""
        named = [_words(leaders) for leaders in self.leaders]
        return rf"(?=.*{named[0]})(?=.*{named[1]})|\bleaders\b|\bpresidents\b"

    def named(self, title: str) -> list[str]:
        """The sides that a headline names, by their countries or leaders, in the order of the headline."""
        places = {}
        for code, names in self._all_names.items():
            if match := re.search(rf"(?i:{_words(names)})|\b{code}\b", title):
                places[code] = match.start()
        return sorted(places, key=places.__getitem__)

    def other_country(self, title: str) -> str:
        """A country beside the two that a headline names; "" if it names none."""
        match = re.search(self._others, title)
        return match[0] if match else ""

    @cached_property
    def _others(self) -> str:
        return _words(
            name
            for code in Locale("en").territories
            if len(code) == 2 and code.isalpha() and code not in self.codes
            for name in names_of(code)
        )


@lru_cache(maxsize=128)
def _led_by(sides: Sides, leaders: tuple[frozenset[str], frozenset[str]]) -> Sides:
    return replace(sides, leaders=leaders)


def names_of(code: str) -> list[str]:
    """The English names of a country."""
    return [name for name in (Locale("en").territories.get(code), *OTHER_NAMES.get(code, ())) if name]


def _sectors(party: Party) -> list[str]:
    """The sectors of a party, in small letters."""
    return [sector.strip().casefold() for sector in re.split("[,;]", party.sectors) if sector.strip()]


def _words(names: Iterable[str]) -> str:
    """A pattern that matches any of the names as words."""
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)"
