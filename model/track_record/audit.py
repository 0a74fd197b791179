"""The ledger beside an independent list of travels, and what words about coming were worth.

`seeds/official_travels.csv` was never an input: it says who went where, and so shows what the ledger lacks.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from ..evidence.ledger import Ledger
from ..evidence.record import attended, levels, spoken
from ..evidence.rows import ATTENDANCE, Occasion, Signal
from ..evidence.seasons import DAY
from ..evidence.words import LEVELS, SETTLED
from ..formatting import Table, count, listed
from ..paths import TRAVELS
from ..settings.params import Params

NEAR, IN_PERSON = 2, ("envoy_meeting", "trade_talks")
"""Days by which a meeting of envoys may lie beside a trip, and the kinds of signal that tell of one."""
HOSTS = {
    "Australia": "AU",
    "Brazil": "BR",
    "Brunei": "BN",
    "Canada": "CA",
    "Chile": "CL",
    "China": "CN",
    "Denmark": "DK",
    "Egypt": "EG",
    "France": "FR",
    "Germany": "DE",
    "India": "IN",
    "Indonesia": "ID",
    "Italy": "IT",
    "Japan": "JP",
    "Korea": "KR",
    "Mexico": "MX",
    "Netherlands": "NL",
    "New Zealand": "NZ",
    "Peru": "PE",
    "Philippines": "PH",
    "Russia": "RU",
    "Singapore": "SG",
    "Thailand": "TH",
    "Turkey": "TR",
    "United Kingdom": "GB",
    "United States": "US",
    "Vietnam": "VN",
}
"""The code of each country of the lists, by how its name there begins."""
SAID = {
    3: "he will come: settled",
    2: "he will come: reported",
    1: "he may, or hopes to",
    -1: "he may not",
    -2: "he will not: reported, or with a condition",
    -3: "he will not: settled",
}


@dataclass(frozen=True)
class Trip:
    """One trip of the official lists; `note` says why the ledger has no row for it, empty where it should."""

    list: str
    name: str
    start: date
    end: date
    country: str
    place: str
    note: str

    @property
    def host(self) -> str:
        """The ISO 3166 code of the country, empty for one not in `HOSTS`."""
        return next((code for name, code in HOSTS.items() if re.match(rf"{name}\b", self.country)), "")


def trips(path: Path = TRAVELS) -> list[Trip]:
    """The trips of the official lists."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Trip(
                row["list"],
                row["name"],
                *(date.fromisoformat(row[name]) for name in ("start", "end")),
                row["country"],
                row["place"],
                row["note"],
            )
            for row in csv.DictReader(file)
        ]


def overlap(trip: Trip, first: date, last: date, margin: int) -> bool:
    """Whether two stretches of days lie at most `margin` days apart."""
    return trip.start - margin * DAY <= last and first <= trip.end + margin * DAY


def counterpart(trip: Trip, ledger: Ledger, sides: tuple[str, str]) -> Occasion | Signal | None:
    """The row of the ledger for a trip: an occasion that this leader came to, or a meeting of envoys."""
    if trip.list == "secretary of state":
        return next(
            (
                row
                for row in ledger.signals
                if row.kind in IN_PERSON and overlap(trip, row.event_date, row.event_date, NEAR)
            ),
            None,
        )
    side = sides[trip.list == "visitor"]
    return next(
        (
            o
            for o in ledger.occasions
            if attended(o, side) and o.host == trip.host and overlap(trip, o.start_date, o.end_date, 1)
        ),
        None,
    )


def by_year(
    ledger: Ledger, sides: tuple[str, str], found: Iterable[Trip] | None = None
) -> list[dict[str, Any]]:
    """The trips of each year: how many the ledger has, how many are explained, and which it lacks."""
    table: dict[int, dict[str, Any]] = {}
    for trip in trips() if found is None else found:
        year = trip.start.year
        row = table.setdefault(
            year, {"year": year, "trips": 0, "matched": 0, "explained": 0, "missing": 0, "lacks": ""}
        )
        fate = "matched" if counterpart(trip, ledger, sides) else "explained" if trip.note else "missing"
        row["trips"] += 1
        row[fate] += 1
        if fate == "missing":
            told = f"{trip.name}, {trip.place or trip.country}, {trip.start}"
            row["lacks"] = "; ".join(filter(None, (row["lacks"], told)))
    return [table[year] for year in sorted(table)]


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The audit year by year, with its sum."""
    names = ("trips", "matched", "explained", "missing")
    lines = [(str(row["year"]), *(row[name] for name in names), row["lacks"] or "–") for row in rows]
    lines.append(("All", *(sum(row[name] for row in rows) for name in names), "–"))
    return Table(
        ("Year", "Trips", "In the ledger", "Explained", "Missing", "What is missing"),
        lines,
        "Trips of the official US lists beside the ledger: a president's beside an occasion in that country "
        f"that he came to, at most a day apart; a secretary of state's beside a meeting of envoys within {NEAR} "
        "days. Explained: the list's note says why the ledger has no row",
    )


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """The audit in a sentence."""
    if not rows:
        return "The audit has not been made; make study makes it."
    total, matched, explained, missing = (
        sum(row[name] for row in rows) for name in ("trips", "matched", "explained", "missing")
    )
    lacks = [row["lacks"] for row in rows if row["lacks"]]
    return (
        f"Of {total} trips in the official lists the ledger has {matched}; {count(explained, 'other')} "
        f"{'has' if explained == 1 else 'have'} no place in it, for a stated reason; {missing or 'none'} "
        f"{'is' if missing == 1 else 'are'} missing{f': {listed(lacks)}' if lacks else ''}."
    )


def outcomes(ledger: Ledger, params: Params, even: bool = False) -> dict[int, tuple[int, int]]:
    """By strength of words about coming: (how many then came, of how many it was said).

    Counted once a leader and occasion, as the fit counts them: of settled words the last, of the others each level.
    `even` counts only the rows of the search that treated all leaders and occasions alike.
    """
    if even:
        ledger = replace(
            ledger,
            signals=tuple(row for row in ledger.signals if row.kind != ATTENDANCE or row.search == "even"),
        )
    found: dict[int, list[bool]] = {strength: [] for strength in (SETTLED, *LEVELS, -SETTLED)}
    for each in spoken(ledger, params):
        for strength in levels(each) | ({each.words.settled * SETTLED} if each.words.settled else set()):
            found[strength].append(each.came)
    return {strength: (sum(hits), len(hits)) for strength, hits in found.items()}


def words(ledger: Ledger, params: Params) -> Table:
    """What was said about coming, and how often he then came: by all rows, and by those of the even search."""
    every, even = outcomes(ledger, params), outcomes(ledger, params, even=True)
    lines = [
        (
            f"{strength:+d}".replace("-", "−"),
            SAID[strength],
            "{} of {}".format(*every[strength]),
            "{} of {}".format(*even[strength]),
        )
        for strength in every
    ]
    return Table(
        ("Strength", "What was said", "He then came", "Even search alone"),
        lines,
        "Words about the coming of a leader to an occasion abroad that was held, counted once a leader "
        "and occasion: of settled words the last, of the others each strength. The even search treated "
        "all leaders and occasions alike",
    )
