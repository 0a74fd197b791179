"""Consistency checks within and between ledger rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..files.csv_files import Row
from ..files.problems import Problem, nearest_id, shown
from .rows import ANNOUNCEMENT, ATTENDANCE, BOTH, MEETING_MARGIN, Occasion

if TYPE_CHECKING:
    from .table import Table

Values = Mapping[str, Any]
"""The values of a row by column; None if a cell cannot be read."""
Fault = tuple[str, str]
"""The column of a faulty cell of a row, and what was expected there."""


def in_order(values: Values, early: str, late: str, hint: str = "") -> Iterator[Fault]:
    """A fault of the later column if its day precedes that of the earlier column."""
    first, last = values[early], values[late]
    if first and last and first > last:
        yield late, f"expected a day not before {early}, which is {first}; found {last}{hint}"


def signal_faults(row: Row, values: Values, kinds: Mapping[str, str]) -> Iterator[Fault]:
    """Inconsistencies between the cells of a signal; `kinds` maps each kind to "up", "down" or "either"."""
    kind, strength = values["kind"], values["strength"]
    yield from in_order(values, "event_date", "public_date", " (date an announcement by the day it was made)")
    yield from in_order(values, "public_date", "for_date")
    sign = kinds.get(kind, "either")
    if strength and (sign == "up" and strength < 0 or sign == "down" and strength > 0):
        wanted = "1 to 3" if sign == "up" else "-3 to -1"
        yield "strength", f"expected {wanted}, as {kind} points {sign}; found {strength}"
    if kind == ATTENDANCE and not row["occasion"]:
        yield "occasion", "expected the occasion that the leader will attend or miss; the cell is empty"
    if kind == ATTENDANCE and row["actor"] == BOTH and strength not in (None, -3):
        about = f"{BOTH} is about the occasion itself (called off, put off or held online)"
        wanted = f"expected the side whose leader will come or stay away; {about}"
        yield "actor", f"{wanted} and takes only strength -3; found strength {strength}"
    if values["for_date"] and (kind != ANNOUNCEMENT or not row["occasion"]):
        yield "for_date", f"expected a day only on a row of kind {ANNOUNCEMENT} that names an occasion"


def occasion_faults(row: Row, values: Values) -> Iterator[Fault]:
    """Inconsistencies between the cells of an occasion."""
    start, end, met_date = (values[name] for name in ("start_date", "end_date", "met_date"))
    attended, held = values["attended"], values["held_in_person"]
    yield from in_order(values, "start_date", "end_date")
    yield from in_order(values, "known_from", "start_date")
    outcome = ("attended", "held_in_person", "met")
    empty = [name for name in outcome if not row[name]]
    if empty and len(empty) < len(outcome):
        yield empty[0], f"expected {', '.join(outcome)} all filled (known) or all empty (not yet known)"
    if (row["met"] == "yes") != bool(row["met_date"]):
        yield "met_date", "expected a day if met is yes, and none otherwise"
    if met_date and start and end and not start - MEETING_MARGIN <= met_date <= end + MEETING_MARGIN:
        wanted = f"expected a day from {start - MEETING_MARGIN} to {end + MEETING_MARGIN}"
        yield "met_date", f"{wanted}, five days around the occasion; found {met_date}"
    if values["met"] and not values["note"] and (attended not in (BOTH, "", None) or held is False):
        wanted = "expected attended both and held in person yes where they met"
        yield "met", f"{wanted}, or a note that says why not"
    if held is False and attended not in ("none", "", None):
        yield "attended", f"expected none where it was not held in person; found {attended}"


def window_faults(row: Row, values: Values) -> Iterator[Fault]:
    """Inconsistencies between the cells of a visit window."""
    yield from in_order(values, "earliest", "latest")
    if bool(row["earliest"]) != bool(row["latest"]):
        yield "latest", "expected earliest and latest both filled, or both empty (put off)"


def reference_problems(signals: "Table", occasions: "Table", windows: "Table") -> Iterator[Problem]:
    """References of rows to occasions or events that do not exist or cannot be meant."""
    yield from _named(signals, "occasion", occasions, "occasion", _signal_about)
    yield from _named(windows, "occasion_id", occasions, "occasion", _window_of)
    yield from _named(signals, "same_as", signals, "event", lambda values, event: ())


def _named(
    table: "Table",
    column: str,
    target: "Table",
    what: str,
    objections: Callable[[Values, Any], Iterable[str]],
) -> Iterator[Problem]:
    """Problems of a column that names rows of `target`; `objections` says why a row cannot be meant."""
    for name, row, values in table.listed:
        named = row[column]
        if named and named not in target.rows and target.complete:
            yield row.problem(column, f"unknown {what} {shown(named)}{nearest_id(named, target.rows)}")
        elif named and named == name:
            yield row.problem(column, "expected another row; found the row itself")
        elif named in target.values:
            yield from (row.problem(column, text) for text in objections(values, target.values[named]))


def _not_known(values: Values, occasion: Occasion) -> Iterator[str]:
    public, known = values["public_date"], occasion.known_from
    if public and public < known:
        yield f"expected an occasion known by {public}; {occasion.occasion_id} is known from {known}"


def _signal_about(values: Values, occasion: Occasion) -> Iterator[str]:
    yield from _not_known(values, occasion)
    start, end, named = occasion.start_date, occasion.end_date, values["for_date"]
    if occasion.is_visit and values["kind"] == ATTENDANCE:
        other = f"use {ANNOUNCEMENT}, visit_planning or contact_missed"
        yield f"expected an occasion of many leaders; {occasion.occasion_id} is a visit; {other}"
    elif named and not occasion.is_visit and not start - MEETING_MARGIN <= named <= end + MEETING_MARGIN:
        within = f"{occasion.occasion_id}, {start} to {end}"
        yield f"expected a for_date within five days of {within}; found {named}"


def _window_of(values: Values, occasion: Occasion) -> Iterator[str]:
    yield from _not_known(values, occasion)
    if not occasion.is_visit:
        yield f"expected a visit; {occasion.occasion_id} is of type {occasion.type}"


def repeated_encounters(occasions: Iterable[Occasion]) -> Iterator[Problem]:
    """Pairs of rows that list the same encounter: same type, host and start."""
    first: dict[tuple, Occasion] = {}
    for row in occasions:
        listed = first.setdefault((row.type, row.host, row.start_date), row)
        if listed is not row:
            other = f"{listed.occasion_id} ({listed.file}:{listed.line})"
            message = f"expected one row for an encounter; {other} has the same type, host and start_date"
            yield Problem(row.file, row.line, 1, message, "occasion_id")
