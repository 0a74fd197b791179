"""Numbers that reports state about a run, and what they single out, such as the largest loss."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from math import hypot
from statistics import mean
from typing import Any, NamedTuple

from ..evidence.ledger import Ledger
from ..evidence.rows import Signal
from ..evidence.seasons import WEEK
from .explain import NOTICED
from .file import Forecast
from .forecast import Run
from .sensitivity import Bar, Sensitivity


class Guest(NamedTuple):
    """A leader and the chance that he comes: `home` where his country hosts, None where none is modelled."""

    leader: str
    comes: Any


class Loss(NamedTuple):
    """The occasion that words lowered most, by how much, and the leader least likely to come there."""

    delta: float
    occasion: str
    leader: str
    comes: float


class Rise(NamedTuple):
    """How much the curve rises in the week to a day."""

    delta: float
    day: str


class Cancelled(NamedTuple):
    """What contributions raise and lower, where the two cancel."""

    up: float
    down: float


class Coded(NamedTuple):
    """Signals of the as-of year so far, and the mean of earlier years; None without an earlier year."""

    this_year: int
    a_year_before: float | None


class Ranked(NamedTuple):
    """Contributions in two groups."""

    large: list[dict[str, Any]]
    rest: list[dict[str, Any]]


def ahead(forecast: Forecast) -> list[dict[str, Any]]:
    """The occasions at which a meeting is still possible, the unknown visit last."""
    return [row for row in forecast.occasions if row["status"] != "past"]


def who_comes(row: Mapping[str, Any], names: Mapping[str, str]) -> list[Guest]:
    """The leaders, given by the code of their side, as guests of an occasion."""
    return [
        Guest(name, "home" if row["host"] == code else row["comes"].get(code)) for code, name in names.items()
    ]


def largest_loss(run: Run) -> Loss | None:
    """The occasion that words lowered most; None where none lost a point or more."""
    occasion_of = {signal.event_id: signal.occasion for signal in run.ledger.signals}
    sums: Counter[str] = Counter()
    for row in run.forecast.contributions:
        if row["what"] in ("coming", "meeting"):
            sums[occasion_of.get(row["id"], "")] += row["delta"]
    rows = [row for row in ahead(run.forecast) if row["comes"]]
    worst = min(rows, key=lambda row: sums[row["id"]], default=None)
    if worst is None or sums[worst["id"]] > -0.01:
        return None
    guests = [guest for guest in who_comes(worst, run.params.leaders) if guest.comes != "home"]
    least = min(guests, key=lambda guest: guest.comes)
    return Loss(sums[worst["id"]], worst["name"], *least)


def steepest_week(forecast: Forecast) -> Rise | None:
    """The week in which the curve rises most; None where it is shorter than a week."""
    rows = forecast.curve
    weeks = (
        Rise(late["probability"] - early["probability"], late["date"]) for early, late in zip(rows, rows[7:])
    )
    return max(weeks, default=None)


def ranked(forecast: Forecast, number: int | None = None) -> Ranked:
    """The largest contributions, at most `number` and none that would print as zero, and the rest."""
    rows = sorted(forecast.contributions, key=lambda row: -abs(row["delta"]))
    large = [row for row in rows[:number] if abs(row["delta"]) >= NOTICED]
    return Ranked(large, rows[len(large) :])


def cancelled(rows: Sequence[Mapping[str, Any]]) -> Cancelled | None:
    """The ups and downs of contributions that print while their sum prints as zero; else None."""
    up, down = (sum(row["delta"] for row in rows if sign * row["delta"] > 0) for sign in (1, -1))
    shows = up >= NOTICED and -down >= NOTICED
    return Cancelled(up, down) if shows and abs(up + down) < NOTICED else None


def statuses(forecast: Forecast) -> list[tuple[int, str]]:
    """How many known occasions have each status, the most frequent first."""
    found = Counter(sorted(row["status"] for row in forecast.occasions if row["kind"] != "unknown"))
    return [(number, status) for status, number in found.most_common()]


def recent(ledger: Ledger, as_of: date, weeks: int) -> list[Signal]:
    """The signals that became public in the weeks before a day."""
    return [signal for signal in ledger.signals if signal.public_date > as_of - weeks * WEEK]


def searched(ledger: Ledger) -> Counter[str]:
    """How many signals each search found."""
    return Counter(signal.search for signal in ledger.signals)


def coded(ledger: Ledger, as_of: date) -> Coded:
    """The density of the signals in the as-of year and before it."""
    years = Counter(signal.public_date.year for signal in ledger.signals)
    earlier = [years[year] for year in range(min(years, default=as_of.year), as_of.year)]
    return Coded(years[as_of.year], mean(earlier) if earlier else None)


def undecided(made: Sensitivity) -> list[Bar]:
    """The other bars within two standard errors of the widest one."""
    first, *others = [bar for bar in made.bars if bar.safe]
    reach = first.reach(made.probability)
    return [bar for bar in others if reach - bar.reach(made.probability) < 2 * hypot(first.error, bar.error)]
