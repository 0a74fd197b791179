"""Days here and there: a meeting on a local day may fall on another day in the question's time zone.

The ledger gives the local day of the place where the leaders meet, but no hour. Leaders are taken to meet at
any time of the working day, `HOURS`, with equal probability.
"""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..settings.fields import LOCAL

HOURS = (8, 20)
"""The local hours in which leaders meet."""


class Shift(NamedTuple):
    """The shares of a local day's meetings that fall on the day before and the day after elsewhere."""

    before: float = 0.0
    after: float = 0.0


@lru_cache(maxsize=1)
def zones() -> dict[str, str]:
    """The first time zone that the tz database lists for each country, by ISO 3166 code."""
    found: dict[str, str] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            found.setdefault(country, zone)
    return found


@lru_cache(maxsize=1024)
def shift(host: str, day: date, zone: str) -> Shift:
    """How a local day of a country falls on the days of a time zone; none for a country without one."""
    if zone == LOCAL or host not in zones():
        return Shift()
    noon = datetime.combine(day, time(12), UTC)
    here, there = (noon.astimezone(ZoneInfo(name)).utcoffset() for name in (zones()[host], zone))
    ahead = (here - there).total_seconds() / 3600
    first, last = HOURS
    before = min(max(ahead - first, 0.0), last - first)
    after = min(max(last - 24 - ahead, 0.0), last - first)
    return Shift(before / (last - first), after / (last - first))


def falls_on_or_before(host: str, day: date, zone: str, last: date) -> bool:
    """Whether a meeting on a local day falls on `last` or earlier in a time zone, more likely than not."""
    moved = shift(host, day, zone)
    late = (day - last).days + (moved.after >= 0.5) - (moved.before >= 0.5)
    return late <= 0
