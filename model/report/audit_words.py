"""Sentences and tables on the audit of the ledger, words about coming, misses, the replay and calibration."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ..evidence.ledger import Ledger
from ..formatting import Table, signed
from ..settings.params import Params
from ..track_record import audit, sbc
from .words import audit as words

FATES = ("matched", "explained", "missing")
MEANING = {
    3: "he will come: settled",
    2: "he will come: reported",
    1: "he may, or hopes to",
    -1: "he may not",
    -2: "he will not: reported, or with a condition",
    -3: "he will not: settled",
}
"""What each strength of words about coming stands for."""
NAMED = 3
"""The occasions that passed without a meeting which the account of a miss names."""


def missing(trips: Iterable[Mapping[str, Any]]) -> list[str]:
    """The trips that the ledger lacks."""
    return [f"{row['name']}, {row['place']}, {row['start']}" for row in trips if row["fate"] == "missing"]


def summary(trips: Sequence[Mapping[str, Any]]) -> str:
    """The audit in a sentence."""
    return words.summary(Counter(row["fate"] for row in trips), missing(trips))


def table(trips: Sequence[Mapping[str, Any]]) -> Table:
    """The audit year by year, with its sum."""
    lines = []
    for year in sorted({row["year"] for row in trips}):
        rows = [row for row in trips if row["year"] == year]
        lines.append((str(year), *counts(rows), "; ".join(missing(rows)) or "–"))
    return Table(
        ("Year", "Trips", "In the ledger", "Explained", "Missing", "What is missing"),
        [*lines, ("All", *counts(trips), "–")],
        words.table_caption(audit.NEAR),
    )


def counts(trips: Sequence[Mapping[str, Any]]) -> list[int]:
    """How many trips there are, and how many of each fate."""
    by_fate = Counter(row["fate"] for row in trips)
    return [len(trips), *(by_fate[fate] for fate in FATES)]


def outcomes(ledger: Ledger, params: Params) -> Table:
    """What was said about coming, and how often he then came, by all rows and by those of an even search."""
    columns = {"He then came": audit.outcomes(ledger, params)}
    searched = any(signal.search == "even" for signal in ledger.signals)
    if searched:
        columns["Even search alone"] = audit.outcomes(ledger, params, even=True)
    lines = [
        (
            signed(strength),
            MEANING[strength],
            *(f"{n[strength].came} of {n[strength].of}" for n in columns.values()),
        )
        for strength in columns["He then came"]
    ]
    return Table(("Strength", "What was said", *columns), lines, words.outcomes_caption(searched))


def what_happened(miss: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> str:
    """What happened instead of a forecast that missed, from the rows of `miss_events`."""
    rows = [row for row in events if row["year"] == miss["year"]]
    late = [row for row in rows if row["fate"] == "met late"]
    passed = [row for row in rows if row["fate"] != "met late"]
    return words.what_happened(
        passed[:NAMED],
        len(passed) - NAMED,
        miss["as_of"],
        late[0]["occasion"] if late else "",
        (date.fromisoformat(late[0]["date"]) - date.fromisoformat(miss["deadline"])).days if late else 0,
    )


def replay_check(row: Mapping[str, Any]) -> str:
    """What must hold of the replay, of a row of `replay_checks`."""
    return words.replay_check(row["check"], row["bound"])


def calibration(simulations: Sequence[sbc.Simulation], kept: int = sbc.KEPT) -> str:
    """The calibration study in a sentence: the quantities inside their bounds, the fits that failed."""
    found = sbc.verdicts(simulations, kept)
    return words.calibration(
        len(simulations),
        len(found),
        [verdict.name for verdict in found if not verdict.inside],
        1 / sbc.MISSED,
        sum(bool(each.failure) for each in simulations),
        sum(each.divergences > 0 for each in simulations),
    )
