"""The log of published forecasts, and how they turned out.

A forecast is published when its report is rendered; it then stands in `notebooks/rendered/log.csv` for good. What came
of it follows from the occasions of the ledger; a resolution written by hand (ambiguous, annulled) takes a forecast out
of the score.
"""

from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path

import numpy as np

from ..answer.forecast import Forecast
from ..evidence.ledger import Ledger
from ..evidence.seasons import meetings
from ..files.csv_files import csv_text, read_csv
from ..files.disk import content_hash, locked, write_atomic
from ..files.problems import Problem, expected_one_of, parse_day, raise_if_any
from ..paths import LOG, REFERENCES
from .backtest import brier, log_score

RESOLUTIONS = ("", "yes", "no", "ambiguous", "annulled")
REFERENCE_COLUMNS = ("date", "question", "deadline", "probability", "source", "address")


@dataclass(frozen=True)
class Entry:
    """One published forecast; `inputs` is a hash of all input files, `resolution` empty unless set by hand."""

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


COLUMNS = tuple(field.name for field in fields(Entry))


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
    """The entries of a log, none where there is no file.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    if not path.exists():
        return []
    problems: list[Problem] = []
    entries = []
    for row in read_csv(path, COLUMNS, problems):

        def value(column: str, read, row=row):
            try:
                return read(row[column])
            except ValueError as error:
                problems.append(row.problem(column, str(error)))
                return None

        numbers = {column: value(column, float) for column in ("probability", "lower", "upper")}
        days = {column: value(column, parse_day) for column in ("as_of", "deadline", "fit_through")}
        if row["resolution"] not in RESOLUTIONS:
            problems.append(row.problem("resolution", expected_one_of(row["resolution"], RESOLUTIONS[1:])))
        entries.append(Entry(**{**row, **numbers, **days}))
    raise_if_any(problems)
    return entries


def same_question(a: Entry, b: Entry) -> bool:
    """Whether two entries answer one question on one day, under one scenario."""
    return all(
        getattr(a, name) == getattr(b, name) for name in ("question_id", "as_of", "deadline", "scenario")
    )


def publish(made: Forecast, path: Path = LOG) -> bool:
    """Enter a forecast unless the same one stands there already; whether it was entered.

    The same is a forecast of the same inputs within four Monte Carlo standard errors: another machine rounds otherwise.
    """
    with locked("log"):
        entries, new = read_log(path), entry(made)
        if any(
            same_question(old, new)
            and old.inputs == new.inputs
            and abs(old.probability - new.probability) <= 4 * made.diagnostics["monte_carlo_error"]
            for old in entries
        ):
            return False
        write_atomic(path, csv_text(COLUMNS, map(astuple, [*entries, new])))
    return True


def resolved(row: Entry, whole: Ledger) -> str:
    """What became of a forecast as far as the ledger knows: yes, no, or open; or what was set by hand."""
    if row.resolution:
        return row.resolution
    if any(row.as_of < day <= row.deadline for day in meetings(whole)):
        return "yes"
    known = max((o.outcome_date for o in whole.occasions if o.met is not None), default=date.min)
    return "no" if known > row.deadline else "open"


def scores(entries: list[Entry], whole: Ledger) -> list[dict]:
    """Per question, scenario and deadline: forecasts, resolution, and scores averaged over the days each one stood.

    A forecast stands until the next, the last until the day of the meeting or the deadline; of several of one day the
    last entered counts.
    """
    groups: dict[tuple, dict[date, Entry]] = {}
    for row in entries:
        groups.setdefault((row.question_id, row.scenario, row.deadline), {})[row.as_of] = row
    table = []
    for (question, scenario, deadline), by_day in sorted(groups.items()):
        rows = [by_day[day] for day in sorted(by_day)]
        outcome = next((row.resolution for row in rows if row.resolution), resolved(rows[0], whole))
        met = [day for day in meetings(whole) if rows[0].as_of < day <= deadline]
        line = {
            "question_id": question,
            "scenario": scenario,
            "deadline": deadline,
            "forecasts": len(rows),
            "first": rows[0].as_of,
            "last": rows[-1].as_of,
            "resolution": outcome,
            "brier": "",
            "log_score": "",
        }
        if outcome in ("yes", "no"):
            end = met[0] if met else deadline
            rows = [row for row in rows if row.as_of < end]
            ends = [*(row.as_of for row in rows[1:]), end]
            days = np.array([(until - row.as_of).days for row, until in zip(rows, ends, strict=True)])
            p, y = np.array([row.probability for row in rows]), np.full(len(rows), int(outcome == "yes"))
            line |= {
                "brier": float(np.average(brier(p, y), weights=days)),
                "log_score": float(np.average(log_score(p, y), weights=days)),
            }
        table.append(line)
    return table


def references(path: Path = REFERENCES) -> list[dict]:
    """The dated public forecasts of others."""
    return [
        {
            **row,
            "date": parse_day(row["date"]),
            "deadline": parse_day(row["deadline"]),
            "probability": float(row["probability"]),
        }
        for row in read_csv(path, REFERENCE_COLUMNS)
    ]


def beside_references(whole: Ledger, ours, path: Path = REFERENCES) -> list[dict]:
    """Each reference forecast of a meeting beside ours of the same day and deadline, with both Brier scores.

    `ours(day, deadline)` gives our probability; questions about a visit rather than a meeting are left out.
    """
    table = []
    for row in references(path):
        if "visit" in row["question"].lower():
            continue
        p = ours(row["date"], row["deadline"])
        met = any(row["date"] < day <= row["deadline"] for day in meetings(whole))
        table.append(
            {
                "date": row["date"],
                "deadline": row["deadline"],
                "source": row["source"],
                "theirs": row["probability"],
                "ours": p,
                "outcome": "yes" if met else "no",
                "brier_theirs": (row["probability"] - met) ** 2,
                "brier_ours": (p - met) ** 2,
            }
        )
    return table
