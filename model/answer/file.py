"""The forecast file: what it holds, its text, and how it is read back."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..files.disk import decode, name_of, read_bytes
from ..files.problems import InputError, Problem

SCHEMA_VERSION = 3
FILE_BYTES_MAX = 8_000_000


@dataclass(frozen=True)
class Forecast:
    """What is published, one attribute per field of the file; probabilities are 0 to 1, days ISO dates.

    `sides` are the codes of the two sides. A meeting counts from `opens` to `last_day`, at `host` unless that
    is empty. `resolved` is None while the question is open. `track_record` names the folder of the scores
    that the pages show, empty without one; `notes` say what a reader should know of question and evidence.
    """

    schema_version: int
    question_id: str
    question: str
    sides: list[str]
    as_of: str
    opens: str
    deadline: str
    last_day: str
    host: str
    scenario: str
    fit_through: str
    rows_used: int
    rows_after_as_of: int
    resolved: dict[str, str] | None
    notes: list[str]
    track_record: str
    probability: float
    interval: dict[str, float]
    likelihood_word: str
    a_week_ago: float | None
    matched_record: dict[str, Any]
    no_signals_probability: float
    curve: list[dict[str, Any]]
    occasions: list[dict[str, Any]]
    counts: dict[str, Any]
    contributions: list[dict[str, Any]]
    next_signals: list[dict[str, Any]]
    diagnostics: dict[str, Any]
    inputs: dict[str, str]
    random_seed: int


def to_json(forecast: Forecast) -> str:
    """The text of the forecast file: sorted keys, one value a line, six significant digits."""
    return json.dumps(_rounded(asdict(forecast)), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def from_json(text: str) -> Forecast:
    """The forecast that the text of a forecast file holds."""
    return Forecast(**json.loads(text))


def load(path: Path) -> Forecast:
    """The forecast that a file holds.

    Raises
    ------
    InputError
        If it is not a forecast file, with the line and column of the fault.
    """
    file, line, column = name_of(path), 1, 1
    text = decode(read_bytes(path, FILE_BYTES_MAX), file)
    try:
        return from_json(text)
    except json.JSONDecodeError as error:
        line, column, found = error.lineno, error.colno, f"no JSON: {error.msg}"
    except (TypeError, RecursionError):
        version = re.search(r'"schema_version": (\d+)', text)
        other = version and int(version[1]) != SCHEMA_VERSION
        found = f"schema version {version[1]}: render the run again" if other else "other fields"
    message = f"expected a forecast file as `summit forecast --json` writes it; found {found}"
    raise InputError([Problem(file, line, column, message)])
