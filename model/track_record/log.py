"""The log of published forecasts, with their outcomes and scores.

Rendering a report publishes its forecast; `notebooks/rendered/log.csv` keeps it permanently. The outcome
follows from the occasions of the ledger of its own pair; a manual resolution (ambiguous, annulled) excludes a
forecast from the scores. A line that cannot be read is named, kept as it is, and stops nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..answer.forecast import Forecast
from ..evidence.ledger import Ledger
from ..evidence.rows import column, columns_of, like, one_of, readers
from ..evidence.seasons import DAY, meetings
from ..evidence.table import values_of
from ..files.csv_files import csv_text, read_csv
from ..files.disk import content_hash, locked, write_atomic
from ..files.problems import Failure, Problem, parse_day, shown
from ..paths import LOG, REFERENCES
from .origins import happened
from .scores import brier, log_score

RESOLUTIONS = ("yes", "no", "ambiguous", "annulled")
_REFERENCE = ("date", "question", "event", "deadline", "probability", "forecaster", "source", "address")


def read_probability(cell: str) -> float:
    """The probability of a cell; ValueError for anything else."""
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"expected a number from 0 to 1; found {shown(cell)}")
    return value


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One published forecast; `inputs` is a hash of the input files, `resolution` is set by hand.

    `sides` are the codes of the pair, such as US-CN. A meeting counts from `opens` to `deadline`, the last
    day that counts, at `host` unless that is empty.
    """

    question_id: str = column(str)
    sides: str = column(like("[A-Z]{2}-[A-Z]{2}", "the codes of two sides such as US-CN"))
    as_of: date = column(parse_day)
    opens: date = column(parse_day)
    deadline: date = column(parse_day)
    host: str = column(str)
    scenario: str = column(str)
    probability: float = column(read_probability)
    lower: float = column(read_probability)
    upper: float = column(read_probability)
    fit_through: date = column(parse_day)
    inputs: str = column(str)
    resolution: str = column(one_of(RESOLUTIONS), optional=True, default="")

    @property
    def after(self) -> date:
        """The last day that counts neither for the question nor for this forecast."""
        return max(self.as_of, self.opens - DAY)


class Unreadable(Failure):
    """A line of the log that could not be read back."""


class Log(NamedTuple):
    """The entries of a log that can be read, and the problems of the other lines."""

    entries: list[Entry]
    problems: list[Problem]


def entry(made: Forecast) -> Entry:
    """The log entry of a forecast."""
    inputs = content_hash("".join(f"{name} {value}\n" for name, value in sorted(made.inputs.items())))[:16]
    return Entry(
        question_id=made.question_id,
        sides="-".join(made.sides),
        as_of=date.fromisoformat(made.as_of),
        opens=date.fromisoformat(made.opens),
        deadline=date.fromisoformat(made.last_day),
        host=made.host,
        scenario=made.scenario,
        probability=round(made.probability, 4),
        lower=round(made.interval["lower"], 4),
        upper=round(made.interval["upper"], 4),
        fit_through=date.fromisoformat(made.fit_through),
        inputs=inputs,
    )


def read_log(path: Path = LOG, content: bytes | None = None) -> Log:
    """The log in a file, or in the `content` that it would have; empty if there is no file."""
    if content is None and not path.exists():
        return Log([], [])
    problems: list[Problem] = []
    entries, columns, read = [], columns_of(Entry), readers(Entry, {})
    for row in read_csv(path, tuple(columns), problems, content):
        if not row.problems:
            values, wrong = values_of(row, columns, read)
            problems += wrong
            if not wrong:
                entries.append(Entry(**values))
    return Log(entries, problems)


def publish(made: Forecast, path: Path = LOG) -> bool:
    """Add a forecast to the log unless it is already there, and return whether it was added.

    Two forecasts of the same inputs within four Monte Carlo standard errors count as equal, because machines
    round differently. Every other line stays as it is, whether it can be read or not.

    Raises
    ------
    Unreadable
        If the new line would not be read back as it is; then nothing is written.
    """

    def is_same(old: Entry) -> bool:
        question = ("question_id", "sides", "as_of", "opens", "deadline", "host", "scenario", "inputs")
        close = abs(old.probability - new.probability) <= 4 * made.diagnostics["monte_carlo_error"]
        return close and all(getattr(old, name) == getattr(new, name) for name in question)

    with locked("log"):
        old, new = read_log(path), entry(made)
        if any(map(is_same, old.entries)):
            return False
        head, line = csv_text(columns_of(Entry), [astuple(new)]).split("\n", 1)
        kept = path.read_bytes() if path.exists() else b""
        kept += b"" if kept.endswith(b"\n") else b"\n" if kept else f"{head}\n".encode()
        content = kept + line.encode()
        again = read_log(path, content)
        if again.entries != [*old.entries, new]:
            why = "; ".join(map(str, again.problems[:1])) or "another entry"
            raise Unreadable(f"this forecast is not in the log, because its line would be read as: {why}")
        write_atomic(path, content)
    return True


def resolved(row: Entry, whole: Ledger) -> str:
    """The outcome of a forecast according to the ledger: yes, no or open."""
    if happened(meetings(whole, row.host), row.after, row.deadline):
        return "yes"
    known = max((o.outcome_date for o in whole.occasions if o.met is not None), default=date.min)
    return "no" if known > row.deadline else "open"


def scores(entries: list[Entry], whole: Ledger, sides: Sequence[str]) -> list[dict]:
    """The scores of each question, scenario and deadline, weighted by the days each forecast was valid.

    Only forecasts of the pair of `sides`, whose ledger `whole` is, are scored. A forecast is valid until the
    next one, the last one until the meeting or the deadline; on a day with several forecasts, the last one
    added counts.
    """
    groups: dict[tuple, dict[date, Entry]] = {}
    for row in entries:
        if row.sides == "-".join(sides):
            asked = (row.question_id, row.scenario, row.deadline, row.host)
            groups.setdefault(asked, {})[row.as_of] = row
    table = []
    for (question, scenario, deadline, _), by_day in sorted(groups.items()):
        rows = [by_day[day] for day in sorted(by_day)]
        by_hand = next((row.resolution for row in rows if row.resolution), "")
        outcome = by_hand or resolved(rows[0], whole)
        line = {
            "question_id": question,
            "scenario": scenario,
            "deadline": deadline,
            "forecasts": len(rows),
            "first": rows[0].as_of,
            "last": rows[-1].as_of,
            "resolution": outcome,
        }
        table.append(line | mean_scores(rows, outcome, meetings(whole, rows[0].host)))
    return table


def mean_scores(rows: list[Entry], outcome: str, met: list[date]) -> dict[str, float | str]:
    """Both mean scores of the forecasts of one question, weighted by the days on which each was valid.

    The scores are empty unless the outcome is yes or no and a forecast was valid for a day.
    """
    end = next((day for day in met if rows[0].after < day <= rows[0].deadline), rows[0].deadline)
    rows = [row for row in rows if row.as_of < end]
    if outcome not in ("yes", "no") or not rows:
        return {"brier": "", "log_score": ""}
    until = [*(row.as_of for row in rows[1:]), end]
    days = [(last - row.as_of).days for row, last in zip(rows, until, strict=True)]
    p, y = np.array([row.probability for row in rows]), np.full(len(rows), int(outcome == "yes"))
    return {
        "brier": float(np.average(brier(p, y), weights=days)),
        "log_score": float(np.average(log_score(p, y), weights=days)),
    }


def beside_references(whole: Ledger, ours: Callable[[date, date], float]) -> list[dict]:
    """Each public forecast by others beside ours for the same day and deadline, with both Brier scores.

    `ours(day, deadline)` gives our probability; questions about events other than a meeting are left out.
    """
    table = []
    for row in read_csv(REFERENCES, _REFERENCE):
        if row["event"] != "meeting":
            continue
        day, deadline, theirs = parse_day(row["date"]), parse_day(row["deadline"]), float(row["probability"])
        p, met = ours(day, deadline), happened(meetings(whole), day, deadline)
        table.append(
            {
                "date": day,
                "deadline": deadline,
                "forecaster": row["forecaster"],
                "source": row["source"],
                "theirs": theirs,
                "ours": p,
                "outcome": "yes" if met else "no",
                "brier_theirs": (theirs - met) ** 2,
                "brier_ours": (p - met) ** 2,
            }
        )
    return table
