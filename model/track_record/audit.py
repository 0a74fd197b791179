"""Compare the ledger with independent travel lists, and measure how reliable words about attendance were.

`seeds/official_travels.csv` is never an input of the model: it lists trips, and so reveals gaps in the
ledger.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from ..evidence.ledger import Ledger
from ..evidence.record import attended, spoken
from ..evidence.rows import ATTENDANCE
from ..evidence.seasons import DAY
from ..evidence.words import LEVELS, SETTLED, words_about
from ..paths import TRAVELS
from ..settings.params import Params

NEAR, IN_PERSON = 2, ("envoy_meeting", "trade_talks")
"""Largest distance in days from a trip to a meeting of envoys, and the signal kinds that report one."""


@dataclass(frozen=True)
class Trip:
    """One trip in the official lists; `note` says why the ledger needs no row for it, otherwise empty."""

    list: str
    name: str
    start: date
    end: date
    country: str
    host: str
    place: str
    note: str

    def is_near(self, first: date, last: date, margin: int) -> bool:
        """Whether the trip is at most `margin` days from the period from `first` to `last`."""
        return self.start - margin * DAY <= last and first <= self.end + margin * DAY


def trips() -> list[Trip]:
    """The trips in the official lists."""
    with TRAVELS.open(encoding="utf-8", newline="") as file:
        rows = [{name: row[name] for name in Trip.__annotations__} for row in csv.DictReader(file)]
    return [Trip(**row | {day: date.fromisoformat(row[day]) for day in ("start", "end")}) for row in rows]


def is_matched(trip: Trip, ledger: Ledger, sides: tuple[str, str]) -> bool:
    """Whether the ledger has a trip: an occasion that this leader attended, or a meeting of envoys."""
    if trip.list == "secretary of state":
        talks = [row.event_date for row in ledger.signals if row.kind in IN_PERSON]
        return any(trip.is_near(day, day, NEAR) for day in talks)
    side = sides[1] if trip.list == "visitor" else sides[0]
    there = [o for o in ledger.occasions if attended(o, side) and o.host == trip.host]
    return any(trip.is_near(o.start_date, o.end_date, 1) for o in there)


def fates(ledger: Ledger, sides: tuple[str, str], listed: Iterable[Trip]) -> list[dict[str, Any]]:
    """The fate of each trip, by year: `matched` in the ledger, `explained` by its note, or `missing`."""
    found = []
    for trip in listed:
        fate = "matched" if is_matched(trip, ledger, sides) else "explained" if trip.note else "missing"
        row = {"year": trip.start.year, "list": trip.list, "name": trip.name}
        found.append(row | {"place": trip.place or trip.country, "start": trip.start, "fate": fate})
    return sorted(found, key=lambda row: row["year"])


class Count(NamedTuple):
    """The number of cases in which the leader attended, and of all cases."""

    came: int
    of: int


def outcomes(ledger: Ledger, params: Params, even: bool = False) -> dict[int, Count]:
    """How often a leader attended, by strength of the words about his attendance.

    Words count once per leader and occasion, as in the fit: the last settled word, and each level of
    unsettled words. `even` counts only rows of the uniform search, which treated all leaders and occasions
    alike.
    """
    if even:
        kept = tuple(row for row in ledger.signals if row.kind != ATTENDANCE or row.search == "even")
        ledger = replace(ledger, signals=kept)
    found: dict[int, list[bool]] = {strength: [] for strength in (SETTLED, *LEVELS, -SETTLED)}
    for each in spoken(ledger, params, words_about(ledger, params.priors)):
        settled = {each.settled * SETTLED} if each.settled else set()
        for strength in each.levels | settled:
            found[strength].append(each.came)
    return {strength: Count(sum(hits), len(hits)) for strength, hits in found.items()}
