"""The two sides of a question as feeds and headlines name them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from babel import Locale
from babel.core import get_global

from ..evidence.ledger import Ledger
from ..settings.params import Params
from .formats import Party

OTHER_NAMES = {
    "CD": ["Democratic Republic of Congo"],
    "CI": ["Ivory Coast"],
    "CZ": ["Czech Republic"],
    "HK": ["Hong Kong"],
    "MM": ["Myanmar", "Burma"],
    "PS": ["Occupied Palestinian Territory", "Palestine"],
    "RU": ["Russian Federation"],
    "TR": ["Turkey"],
    "US": ["U.S.", "America"],
}
"""Names of countries that feeds or headlines use beside those of the Unicode CLDR."""
GOVERNMENT = {"government", "executive", "military", "judicial", "police", "cabinet", "executive office"}
GOVERNMENT |= {"legislative / parliamentary", "gov", "mil", "leg", "jud", "cop", "spy"}
"""Sectors of offices of a state: words of ICEWS, codes of PLOVER and CAMEO."""
TRADE = re.compile(r"trade|commerce|econom|treasury|financ", re.IGNORECASE)
STATE = "the state"
"""The token of a side that a report names only as a whole."""


@dataclass(frozen=True)
class Sides:
    """The codes, names and leaders of two sides; `leaders` are all that the ledger and the question name."""

    codes: tuple[str, str]
    names: dict[str, list[str]]
    leaders: dict[str, set[str]]

    @classmethod
    def of(cls, params: Params, ledger: Ledger) -> "Sides":
        sides = params.question.sides
        leaders = {side.code: {side.leader} for side in sides}
        for occasion in ledger.occasions:
            for side, leader in zip(sides, (occasion.leader_1, occasion.leader_2)):
                leaders[side.code] |= {leader} - {""}
        names = {side.code: [side.country, *names_of(side.code)] for side in sides}
        return cls((sides[0].code, sides[1].code), names, leaders)

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
        """Whether all words of a leader's name are in that of the party."""
        words = set(party.name.casefold().replace("-", " ").split())
        names = self.leaders[self.side(party)]
        return any(set(name.casefold().replace("-", " ").split()) <= words for name in names)

    def is_state(self, party: Party) -> bool:
        """Whether the party is a country, or its government, as a whole."""
        name = party.name.casefold().split(" (")[0]
        return not name or name in ("government", party.country.casefold()) or name in self.countries

    def outside(self, party: Party) -> str:
        """Why the party does not speak or act for its state; "" if it does."""
        sectors = [sector.strip() for sector in re.split("[,;]", party.sectors) if sector.strip()]
        if self.is_leader(party) or {sector.casefold() for sector in sectors} & GOVERNMENT:
            return ""
        if not sectors and self.is_state(party):
            return ""
        return f"{party.name} has no office of state ({sectors[0] if sectors else 'no sector'})"

    def tokens(self, party: Party) -> set[str]:
        """Who a party is, to tell that two reports speak of the same: its name, and its ministry."""
        if self.is_state(party):
            return set()
        code = self.side(party)
        sectors = [sector.strip() for sector in re.split("[,;]", party.sectors)]
        ministries = {f"{code} {sector}" for sector in sectors if "ministry" in sector.casefold()}
        return {party.name.casefold()} | ministries

    @cached_property
    def words(self) -> set[str]:
        """The words of the names of both sides and their leaders, in small letters."""
        return {
            word
            for code in self.codes
            for name in (*self.names[code], *self.leaders[code])
            for word in name.casefold().split()
        }

    @cached_property
    def both_leaders(self) -> str:
        """A pattern that matches a headline which names a leader of each side, or the leaders."""
        named = [_words(self.leaders[code]) for code in self.codes]
        return rf"(?=.*{named[0]})(?=.*{named[1]})|\bleaders\b|\bpresidents\b"

    def named(self, title: str) -> list[str]:
        """The sides that a headline names, by their countries or leaders."""
        return [
            code
            for code in self.codes
            if re.search(_words([*self.names[code], *self.leaders[code]]), title, re.IGNORECASE)
            or re.search(rf"\b{code}\b", title)
        ]

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


def names_of(code: str) -> list[str]:
    """The English names of a country."""
    return [name for name in (Locale("en").territories.get(code), *OTHER_NAMES.get(code, ())) if name]


def _words(names: Iterable[str]) -> str:
    """A pattern that matches any of the names as words."""
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)"
