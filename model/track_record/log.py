"""The log of published forecasts, with their outcomes and scores.

Rendering a report publishes its forecast; `notebooks/rendered/log.csv` keeps it permanently. The outcome
follows from the occasions of the ledger; a manual resolution (ambiguous, annulled) excludes a forecast from
the scores.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..answer.forecast import Forecast
from ..evidence.ledger import Ledger
from ..evidence.seasons import meetings
from ..files.csv_files import csv_text, read_csv
from ..files.disk import content_hash, locked, write_atomic
from ..files.problems import Problem, expected_one_of, parse_day, raise_if_any
from ..paths import LOG, REFERENCES
from .origins import happened
from .scores import brier, log_score

RESOLUTIONS = ("", "yes", "no", "ambiguous", "annulled")
_REFERENCE = ("date", "question", "event", "deadline", "probability", "forecaster", "source", "address")


class Entry(NamedTuple):
    """One published forecast; `inputs` is a hash of the input files, `resolution` is set by hand."""

    question_id: str
    as_of: date
    deadline: date
    scenario: str
    probability: float
    lower: float
    upper: float
    fit_through: date
    inputs: str
    resolution: str = ""


def _resolution(text: str) -> str:
    if text not in RESOLUTIONS:
        raise ValueError(expected_one_of(text, RESOLUTIONS[1:]))
    return text


_READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("as_of", "deadline", "fit_through"), parse_day),
    **dict.fromkeys(("probability", "lower", "upper"), float),
    "resolution": _resolution,
}


def entry(made: Forecast) -> Entry:
    """The log entry of a forecast."""
    inputs = content_hash("".join(f"{name} {value}\n" for name, value in sorted(made.inputs.items())))[:16]
    return Entry(
        made.question_id,
        date.fromisoformat(made.as_of),
        date.fromisoformat(made.deadline),
        made.scenario,
        round(made.probability, 4),
        round(made.interval["lower"], 4),
        round(made.interval["upper"], 4),
        date.fromisoformat(made.fit_through),
        inputs,
    )


def read_log(path: Path = LOG) -> list[Entry]:
    """The entries of a log; empty if there is no file.

    Raises
    ------
    InputError
        Lists every problem of the file.
    """
    if not path.exists():
        return []
    problems: list[Problem] = []
    entries = []
    for row in read_csv(path, Entry._fields, problems):
        if row.broken:
            continue
        cells: dict[str, Any] = dict(row)
        for column, read in _READ.items():
            try:
                cells[column] = read(row[column])
            except ValueError as error:
                problems.append(row.problem(column, str(error)))
        entries.append(Entry(**cells))
    raise_if_any(problems)
    return entries


def publish(made: Forecast, path: Path = LOG) -> bool:
    """Add a forecast to the log unless it is already there, and return whether it was added.

    Two forecasts of the same inputs within four Monte Carlo standard errors count as equal, because machines
    round differently.
    """

    def is_same(old: Entry) -> bool:
        question = ("question_id", "as_of", "deadline", "scenario", "inputs")
        close = abs(old.probability - new.probability) <= 4 * made.diagnostics["monte_carlo_error"]
        return close and all(getattr(old, name) == getattr(new, name) for name in question)

    with locked("log"):
        entries, new = read_log(path), entry(made)
        if any(map(is_same, entries)):
            return False
        write_atomic(path, csv_text(Entry._fields, [*entries, new]))
    return True


def resolved(row: Entry, whole: Ledger) -> str:
    """The outcome of a forecast: the manual resolution, otherwise yes, no or open according to the ledger."""
    if row.resolution:
        return row.resolution
    if happened(meetings(whole), row.as_of, row.deadline):
        return "yes"
    known = max((o.outcome_date for o in whole.occasions if o.met is not None), default=date.min)
    return "no" if known > row.deadline else "open"


def scores(entries: list[Entry], whole: Ledger) -> list[dict]:
    """The scores of each question, scenario and deadline, weighted by the days each forecast was valid.

    A forecast is valid until the next one, the last one until the meeting or the deadline; on a day with
    several forecasts, the last one added counts.
    """
    groups: dict[tuple, dict[date, Entry]] = {}
    for row in entries:
        groups.setdefault((row.question_id, row.scenario, row.deadline), {})[row.as_of] = row
    table = []
    for (question, scenario, deadline), by_day in sorted(groups.items()):
        rows = [by_day[day] for day in sorted(by_day)]
        outcome = next((row.resolution for row in rows if row.resolution), resolved(rows[0], whole))
        line = {
            "question_id": question,
            "scenario": scenario,
            "deadline": deadline,
            "forecasts": len(rows),
            "first": rows[0].as_of,
            "last": rows[-1].as_of,
            "resolution": outcome,
        }
        table.append(line | mean_scores(rows, outcome, meetings(whole)))
    return table


def mean_scores(rows: list[Entry], outcome: str, met: list[date]) -> dict[str, float | str]:
    """Both mean scores of the forecasts of one question, weighted by the days on which each was valid.

    The scores are empty unless the outcome is yes or no.
    """
    if outcome not in ("yes", "no"):
        return {"brier": "", "log_score": ""}
    end = next((day for day in met if rows[0].as_of < day <= rows[0].deadline), rows[0].deadline)
    rows = [row for row in rows if row.as_of < end]
    until = [*(row.as_of for row in rows[1:]), end]
    days = [(last - row.as_of).days for row, last in zip(rows, until, strict=True)]
    p, y = np.array([row.probability for row in rows]), np.full(len(rows), int(outcome == "yes"))
    return {
        "brier": float(np.average(brier(p, y), weights=days)),
        "log_score": float(np.average(log_score(p, y), weights=days)),
    }


def beside_references(
    whole: Ledger, ours: Callable[[date, date], float], path: Path = REFERENCES
) -> list[dict]:
    """Each public forecast by others beside ours for the same day and deadline, with both Brier scores.

    `ours(day, deadline)` gives our probability; questions about events other than a meeting are left out.
    """
    table = []
    for row in read_csv(path, _REFERENCE):
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
