"""The ledger: dated signals, occasions and visit windows, and the ledger as it stood on a day.

`Ledger.as_of` is the barrier against leaks: what it returns holds nothing that became public after that day, so that
whatever is computed from it cannot use it. Everything downstream takes a ledger that was cut.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.csv_files import CSV_BYTES_MAX, Row, is_formula, read_csv
from ..files.disk import locked, name_of, read_bytes, write_atomic
from ..files.problems import (
    InputError,
    Problem,
    Problems,
    expected_one_of,
    nearest,
    parse_day,
    raise_if_any,
    shown,
)

if TYPE_CHECKING:
    from ..settings.params import Params

VISIT, ATTENDANCE, ANNOUNCEMENT = "visit", "attendance", "summit_announced"
HORIZON_MAX = 3 * 366
"""Days from the as-of day to the furthest deadline; beyond, the calendar of occasions is a guess."""
MEETING_MARGIN = timedelta(days=5)
DESCRIPTION_MAX = 140

SIGNAL_COLUMNS = (
    "event_id",
    "event_date",
    "public_date",
    "kind",
    "actor",
    "strength",
    "grade",
    "occasion",
    "for_date",
    "same_as",
    "in_article",
    "search",
    "description",
    "source",
    "checked",
)
OPTIONAL_COLUMNS = ("for_date", "search")
"""Columns that a signals file may lack."""
SEARCHES = ("first", "even", "losses")
"""How a row was found: coded first, searched alike for all occasions and leaders, or searched where forecasts lost most."""
OCCASION_COLUMNS = (
    "occasion_id",
    "name",
    "type",
    "host",
    "start_date",
    "end_date",
    "known_from",
    "leader_1",
    "leader_2",
    "attended",
    "held_in_person",
    "met",
    "met_date",
    "note",
    "confidence",
    "source",
)
WINDOW_COLUMNS = ("occasion_id", "public_date", "earliest", "latest", "basis")


@dataclass(frozen=True)
class Signal:
    """One dated public signal; `same_as` names another row for the same event, `occasion` the one it is about.

    `for_date` is the day that an announcement names for the meeting, `search` one of `SEARCHES`.
    """

    event_id: str
    event_date: date
    public_date: date
    kind: str
    actor: str
    strength: int
    grade: str
    occasion: str
    same_as: str
    in_article: bool
    description: str
    source: str
    checked: bool
    for_date: date | None = None
    search: str = SEARCHES[0]
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Occasion:
    """One occasion on which both leaders could meet.

    In a ledger that was cut, everything not yet public is blank ("" or None). The dates of a visit still ahead are
    those of its latest public window, None without one; `start_expected` and `end_expected` are then true.
    """

    occasion_id: str
    name: str
    type: str
    host: str
    start_date: date | None
    end_date: date | None
    known_from: date
    leader_1: str
    leader_2: str
    attended: str = ""
    held_in_person: bool | None = None
    met: bool | None = None
    met_date: date | None = None
    note: str = ""
    confidence: str = ""
    source: str = ""
    start_expected: bool = False
    end_expected: bool = False
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def is_visit(self) -> bool:
        """Whether it is an arranged meeting of the two rather than a gathering of many."""
        return self.type == VISIT

    @property
    def outcome_date(self) -> date | None:
        """The day from which the outcome is public: of the meeting, else the last; None while that is not known."""
        return self.met_date if self.met else None if self.end_expected else self.end_date

    def as_of(self, day: date, window: "VisitWindow | None") -> "Occasion":
        """The occasion as the public knew it on `day`, a visit with the latest window public then."""

        def due(when: date | None) -> bool:
            return when is not None and when <= day

        known: dict[str, Any] = {}
        over, started = due(self.outcome_date), due(None if self.start_expected else self.start_date)
        ended = due(None if self.end_expected else self.end_date)
        if not over:
            known |= {
                "attended": "",
                "held_in_person": None,
                "met": None,
                "met_date": None,
                "note": "",
                "confidence": "",
                "source": "",
            }
        if not (over or started):
            known |= {"leader_1": "", "leader_2": ""}
        if self.is_visit and not started:
            known |= {"start_date": window.earliest if window else None, "start_expected": True}
        if self.is_visit and not ended:
            known |= {"end_date": window.latest if window else None, "end_expected": True}
        return replace(self, **known) if known else self


@dataclass(frozen=True)
class VisitWindow:
    """What was public from a day on about the dates of a visit; both None where it was put off."""

    occasion_id: str
    public_date: date
    earliest: date | None
    latest: date | None
    basis: str
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Ledger:
    """Signals, occasions and visit windows, each sorted by the day it became public, then by id.

    `revised` lists the ids of rows that a later file replaced.
    """

    signals: tuple[Signal, ...] = ()
    occasions: tuple[Occasion, ...] = ()
    visit_windows: tuple[VisitWindow, ...] = ()
    revised: tuple[str, ...] = ()

    @property
    def first_day(self) -> date | None:
        """The first day on which anything of the ledger was public, None for an empty one."""
        return min(
            [row.known_from for row in self.occasions] + [row.public_date for row in self.signals],
            default=None,
        )

    def as_of(self, day: date) -> "Ledger":
        """The ledger as the public knew it at the end of `day`.

        Rows public later are gone, and so is every mention of them. What a remaining row says of later days is blank
        (see `Occasion`): outcomes before they were known, true dates of visits, leaders of occasions not yet begun.
        Cutting twice is cutting at the earlier day.
        """
        windows = tuple(window for window in self.visit_windows if window.public_date <= day)
        latest = {window.occasion_id: window for window in windows}
        occasions = tuple(
            occasion.as_of(day, latest.get(occasion.occasion_id))
            for occasion in self.occasions
            if occasion.known_from <= day
        )
        signals = tuple(signal for signal in self.signals if signal.public_date <= day)
        known = (
            {occasion.occasion_id for occasion in occasions} | {signal.event_id for signal in signals} | {""}
        )
        windows = tuple(window for window in windows if window.occasion_id in known)
        signals = tuple(
            signal
            if known.issuperset((signal.occasion, signal.same_as))
            else replace(
                signal,
                occasion=signal.occasion if signal.occasion in known else "",
                same_as=signal.same_as if signal.same_as in known else "",
            )
            for signal in signals
        )
        known |= {_window_id(window) for window in windows}
        return Ledger(signals, occasions, windows, tuple(row for row in self.revised if row in known))

    @cached_property
    def events(self) -> tuple[tuple[Signal, ...], ...]:
        """The signals grouped by event, rows tied by `same_as` together; groups and their rows in ledger order."""
        by_id = {signal.event_id: signal for signal in self.signals}
        parent = {name: name for name in by_id}

        def root(name: str) -> str:
            while parent[name] != name:
                parent[name] = name = parent[parent[name]]
            return name

        for signal in self.signals:
            if signal.same_as in by_id:
                parent[root(signal.same_as)] = root(signal.event_id)
        groups: dict[str, list[Signal]] = {}
        for signal in self.signals:
            groups.setdefault(root(signal.event_id), []).append(signal)
        return tuple(map(tuple, groups.values()))


def _window_id(window: VisitWindow) -> str:
    return f"{window.occasion_id}@{window.public_date}"


class _Cells:
    """Reads the cells of one row into values, noting a problem where a cell is not what its column takes."""

    def __init__(self, row: Row, problems: list[Problem]):
        self.row, self.problems, self.sound = row, problems, True

    def fail(self, column: str, message: str) -> None:
        self.sound = False
        self.problems.append(self.row.problem(column, message))

    def text(self, column: str, longest: int | None = None, optional: bool = False) -> str:
        value = self.row[column]
        if not value and not optional:
            self.fail(column, "expected some text; the cell is empty")
        if longest and len(value) > longest:
            self.fail(column, f"expected at most {longest} characters; found {len(value)}")
        if is_formula(value):
            self.fail(column, f"expected text that no spreadsheet takes for a formula; found {shown(value)}")
        return value

    def like(self, column: str, pattern: str, what: str) -> str:
        if not re.fullmatch(pattern, self.row[column], re.ASCII):
            self.fail(column, f"expected {what}; found {shown(self.row[column])}")
        return self.row[column]

    def choice(
        self, column: str, words: Iterable[str] | Mapping[str, Any] | None, optional: bool = False
    ) -> Any:
        """The word, or what a mapping has for it; `words` None leaves it unchecked; None for an optional empty cell."""
        value = self.row[column]
        if not value and optional:
            return None
        if words is not None and value not in words:
            self.fail(column, expected_one_of(value, words))
            return None
        return words[value] if isinstance(words, Mapping) else value

    def day(self, column: str, optional: bool = False) -> date | None:
        if not self.row[column] and optional:
            return None
        try:
            return parse_day(self.row[column])
        except ValueError as error:
            self.fail(column, str(error))
            return None

    def ordered(self, early: tuple[str, date | None], late: tuple[str, date | None], hint: str = "") -> None:
        """Note a problem at the later column unless its day is not before that of the earlier column."""
        if early[1] and late[1] and early[1] > late[1]:
            self.fail(
                late[0], f"expected a day not before {early[0]}, which is {early[1]}; found {late[1]}{hint}"
            )


_YES_NO = {"yes": True, "no": False}
_STRENGTHS = {str(strength): strength for strength in (-3, -2, -1, 1, 2, 3)}
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"


def _signal(cells: _Cells, kinds: Mapping[str, str] | None, sides: Sequence[str] | None) -> Signal:
    event_id = cells.like(
        "event_id", rf"\d{{4}}-\d{{2}}-\d{{2}}-{_SLUG}", "a date, then words, joined by hyphens"
    )
    event_date, public_date = cells.day("event_date"), cells.day("public_date")
    cells.ordered(
        ("event_date", event_date),
        ("public_date", public_date),
        " (an announcement is dated by the announcement)",
    )
    strength = cells.choice("strength", _STRENGTHS)
    kind = cells.choice("kind", None if kinds is None else list(kinds))
    sign = (kinds or {}).get(kind or "", "either")
    if strength and (sign == "up" and strength < 0 or sign == "down" and strength > 0):
        cells.fail(
            "strength",
            f"expected {'1 to 3' if sign == 'up' else '-3 to -1'}, as {kind} points {sign}; found {strength}",
        )
    if kind == ATTENDANCE and not cells.row["occasion"]:
        cells.fail(
            "occasion",
            "expected the occasion at which a leader is said to be present or absent; the cell is empty",
        )
    if kind == ATTENDANCE and cells.row["actor"] == "both" and strength not in (None, -3):
        cells.fail(
            "strength",
            f"expected -3, since {ATTENDANCE} of both says that the occasion is called off, put off or held "
            f"online; found {strength} (a word about one leader has his side as actor)",
        )
    for_date = cells.day("for_date", optional=True)
    cells.ordered(("public_date", public_date), ("for_date", for_date))
    if for_date and (kind != ANNOUNCEMENT or not cells.row["occasion"]):
        cells.fail("for_date", f"expected a day only on a row of kind {ANNOUNCEMENT} that names an occasion")
    return Signal(
        event_id,
        event_date,
        public_date,
        kind,
        cells.choice("actor", sides and [*sides, "both"]),
        strength,
        cells.like("grade", "[A-F][1-6]", "an Admiralty code, a letter A to F and a digit 1 to 6"),
        cells.text("occasion", optional=True),
        cells.text("same_as", optional=True),
        cells.choice("in_article", _YES_NO),
        cells.text("description", DESCRIPTION_MAX),
        cells.text("source"),
        cells.choice("checked", {"yes": True, "open": False}),
        for_date,
        cells.choice("search", SEARCHES, optional=True) or SEARCHES[0],
        cells.row.file,
        cells.row.line,
    )


def _occasion(cells: _Cells, types: Sequence[str] | None, sides: Sequence[str] | None) -> Occasion:
    occasion_id = cells.like("occasion_id", rf"\d{{4}}-{_SLUG}", "a year, then words, joined by hyphens")
    kind = cells.choice("type", types)
    host = cells.like("host", "[A-Z]{2}", "an ISO 3166 code of two capital letters")
    start, end, known_from = cells.day("start_date"), cells.day("end_date"), cells.day("known_from")
    cells.ordered(("start_date", start), ("end_date", end))
    cells.ordered(("known_from", known_from), ("start_date", start))
    attended = cells.choice("attended", sides and [*sides, "both", "none"], optional=True)
    held, met = (cells.choice(column, _YES_NO, optional=True) for column in ("held_in_person", "met"))
    met_date, note = cells.day("met_date", optional=True), cells.text("note", optional=True)
    outcome = ("attended", "held_in_person", "met")
    if empty := [column for column in outcome if not cells.row[column]]:
        if len(empty) < len(outcome):
            cells.fail(
                empty[0], f"expected {', '.join(outcome)} all filled (known) or all empty (not yet known)"
            )
    if (cells.row["met"] == "yes") != bool(cells.row["met_date"]):
        cells.fail("met_date", "expected a day if met is yes, and none otherwise")
    if met_date and start and end and not start - MEETING_MARGIN <= met_date <= end + MEETING_MARGIN:
        cells.fail(
            "met_date",
            f"expected a day from {start - MEETING_MARGIN} to {end + MEETING_MARGIN}, five days "
            f"around the occasion; found {met_date}",
        )
    if met and not note and (attended not in ("both", None) or held is False):
        cells.fail(
            "met", "expected attended both and held in person yes where they met, or a note that says why not"
        )
    if held is False and attended not in ("none", None):
        cells.fail("attended", f"expected none where it was not held in person; found {attended}")
    return Occasion(
        occasion_id,
        cells.text("name"),
        kind,
        host,
        start,
        end,
        known_from,
        cells.text("leader_1"),
        cells.text("leader_2"),
        attended or "",
        held,
        met,
        met_date,
        note,
        cells.choice("confidence", ("high", "medium", "low")),
        cells.text("source"),
        file=cells.row.file,
        line=cells.row.line,
    )


def _window(cells: _Cells) -> VisitWindow:
    earliest, latest = cells.day("earliest", optional=True), cells.day("latest", optional=True)
    cells.ordered(("earliest", earliest), ("latest", latest))
    if bool(cells.row["earliest"]) != bool(cells.row["latest"]):
        cells.fail("latest", "expected earliest and latest both filled, or both empty (put off)")
    return VisitWindow(
        cells.text("occasion_id"),
        cells.day("public_date"),
        earliest,
        latest,
        cells.text("basis"),
        cells.row.file,
        cells.row.line,
    )


@dataclass
class _Table:
    """The rows of all files of one table: by id the last file's row, and its value if it is sound."""

    rows: dict[str, Row] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    revised: list[str] = field(default_factory=list)
    whole: bool = True

    @classmethod
    def read(
        cls,
        paths: Iterable[str | os.PathLike[str]],
        columns: Sequence[str],
        key: Callable[[Row], str],
        parse: Callable[[_Cells], Any],
        problems: list[Problem],
        contents: Mapping[Path, bytes],
        optional: Sequence[str] = (),
    ) -> "_Table":
        table = cls()
        for path in paths:
            malformed: list[Problem] = []
            seen: dict[str, Row] = {}
            for row in read_csv(path, columns, malformed, contents.get(Path(path).resolve()), optional):
                cells, name = _Cells(row, problems), key(row)
                value = parse(cells)
                if name in seen:
                    cells.fail(
                        columns[0],
                        f"expected an id not used before in this file; {name} stands on line "
                        f"{seen[name].line}",
                    )
                    continue
                if name in table.values and value != table.values[name]:
                    table.revised.append(name)
                seen[name] = row
                table.values.pop(name, None)
                if cells.sound:
                    table.values[name] = value
            table.rows |= seen
            table.whole &= not malformed
            problems += malformed
        return table


def load_ledger(
    signals: Iterable[str | os.PathLike[str]] = (),
    occasions: Iterable[str | os.PathLike[str]] = (),
    visit_windows: Iterable[str | os.PathLike[str]] = (),
    *,
    kinds: Mapping[str, str] | None = None,
    types: Sequence[str] | None = None,
    sides: Sequence[str] | None = None,
    contents: Mapping[Path, bytes] | None = None,
) -> Ledger:
    """The checked ledger of any number of files a table; a later file replaces rows of the same id.

    Parameters
    ----------
    kinds : mapping of kind to "up", "down" or "either", optional
    types, sides : sequence of str, optional
        The words the rows may use (`Params.vocabulary`); where not given, these words are not checked.
    contents : mapping of resolved path to bytes, optional
        Read in place of what those files hold.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    problems = Problems()
    contents = contents or {}
    occasion_table = _Table.read(
        occasions,
        OCCASION_COLUMNS,
        lambda row: row["occasion_id"],
        lambda cells: _occasion(cells, types, sides),
        problems,
        contents,
    )
    signal_table = _Table.read(
        signals,
        SIGNAL_COLUMNS,
        lambda row: row["event_id"],
        lambda cells: _signal(cells, kinds, sides),
        problems,
        contents,
        OPTIONAL_COLUMNS,
    )
    window_table = _Table.read(
        visit_windows,
        WINDOW_COLUMNS,
        lambda row: f"{row['occasion_id']}@{row['public_date']}",
        _window,
        problems,
        contents,
    )

    def refer(
        table: _Table, column: str, target: _Table, what: str, check: Callable[[Any, Any], str | None]
    ) -> None:
        """Note where rows of `table` name in `column` what `target` lacks, or what `check` objects to."""
        for name, row in table.rows.items():
            if (named := row[column]) and named not in target.rows and target.whole:
                problems.append(
                    row.problem(column, f"unknown {what} {shown(named)}{nearest(named, target.rows)}")
                )
            elif name in table.values and named in target.values:
                if message := check(table.values[name], target.values[named]):
                    problems.append(row.problem(column, message))

    def not_before_known(row: Signal | VisitWindow, occasion: Occasion) -> str | None:
        if row.public_date < occasion.known_from:
            return (
                f"expected an occasion known by {row.public_date}; {occasion.occasion_id} is known from "
                f"{occasion.known_from}"
            )
        if isinstance(row, VisitWindow) and not occasion.is_visit:
            return f"expected a visit; {occasion.occasion_id} is of type {occasion.type}"
        if (
            isinstance(row, Signal)
            and row.for_date
            and not occasion.is_visit
            and not occasion.start_date - MEETING_MARGIN <= row.for_date <= occasion.end_date + MEETING_MARGIN
        ):
            return (
                f"expected a for_date within five days of {occasion.occasion_id}, {occasion.start_date} to "
                f"{occasion.end_date}; found {row.for_date}"
            )
        if isinstance(row, Signal) and row.kind == ATTENDANCE and occasion.is_visit:
            return (
                f"expected an occasion of many leaders; {occasion.occasion_id} is a visit, of which {ANNOUNCEMENT}, "
                "visit_planning or contact_missed speak"
            )
        return None

    refer(signal_table, "occasion", occasion_table, "occasion", not_before_known)
    refer(window_table, "occasion_id", occasion_table, "occasion", not_before_known)
    refer(
        signal_table,
        "same_as",
        signal_table,
        "event",
        lambda row, other: "expected another row; found the row itself" if row == other else None,
    )
    encounters: dict[tuple, Occasion] = {}
    for row in occasion_table.values.values():
        first = encounters.setdefault((row.type, row.host, row.start_date), row)
        if first is not row:
            problems.append(
                Problem(
                    row.file,
                    row.line,
                    1,
                    f"expected one row for an encounter; {first.occasion_id} "
                    f"({first.file}:{first.line}) has the same type, host and start_date",
                    "occasion_id",
                )
            )
    raise_if_any(problems)
    return Ledger(
        tuple(sorted(signal_table.values.values(), key=lambda row: (row.public_date, row.event_id))),
        tuple(sorted(occasion_table.values.values(), key=lambda row: (row.known_from, row.occasion_id))),
        tuple(sorted(window_table.values.values(), key=lambda row: (row.public_date, row.occasion_id))),
        tuple(dict.fromkeys(signal_table.revised + occasion_table.revised + window_table.revised)),
    )


def check_as_of(ledger: Ledger, params: "Params") -> None:
    """Raise `InputError` where nothing of the ledger was public on the as-of day, or the deadline is too far from it."""
    first, as_of, deadline = ledger.first_day, params.question.as_of, params.question.deadline
    if first is None or as_of < first:
        begins = f"begins on {first}" if first else "has no rows"
        raise InputError(
            [
                params.problem(
                    "question",
                    ("as_of",),
                    f"expected a day with a record; the ledger {begins}; found {as_of}",
                )
            ]
        )
    if (deadline - as_of).days > HORIZON_MAX:
        raise InputError(
            [
                params.problem(
                    "question",
                    ("deadline",),
                    f"expected a day at most {HORIZON_MAX} days after as_of, "
                    f"which is {as_of}; found {deadline}",
                )
            ]
        )


def append_signal(
    path: str | os.PathLike[str],
    fields: Mapping[str, Any],
    *,
    signals: Sequence[str | os.PathLike[str]] | None = None,
    occasions: Sequence[str | os.PathLike[str]] = (),
    visit_windows: Sequence[str | os.PathLike[str]] = (),
    **vocabulary: Any,
) -> Signal:
    """The signal appended to the file as its last row, after the checks of `load_ledger` on the whole ledger.

    Existing bytes stay as they are. Fields not given are empty.

    Parameters
    ----------
    fields : mapping of column name to value
    signals, occasions, visit_windows : sequence of path
        The files of the ledger; `signals` includes `path`, which is also its default.

    Raises
    ------
    InputError
        With every problem; nothing is written then.
    """
    files = {
        "signals": (path,) if signals is None else signals,
        "occasions": occasions,
        "visit_windows": visit_windows,
    }
    raise_if_any(
        [
            Problem(name_of(path), 1, 1, f"unknown column {shown(name)}{nearest(name, SIGNAL_COLUMNS)}")
            for name in fields
            if name not in SIGNAL_COLUMNS
        ]
    )
    with locked("ledger"):
        event_id = fields.get("event_id", "")
        before = load_ledger(**files, **vocabulary)
        if earlier := [signal for signal in before.signals if signal.event_id == event_id]:
            raise InputError(
                [
                    Problem(
                        earlier[0].file,
                        earlier[0].line,
                        1,
                        f"expected an id not used before; {event_id} stands here",
                        "event_id",
                    )
                ]
            )
        content = read_bytes(path, CSV_BYTES_MAX)
        header = content.split(b"\n", 1)[0].decode(errors="replace").strip().split(",")
        raise_if_any(
            [
                Problem(
                    name_of(path),
                    1,
                    1,
                    f"expected a column {name}, as this row fills it; the file has none",
                    name,
                )
                for name in OPTIONAL_COLUMNS
                if fields.get(name) and name not in header
            ]
        )
        end = b"\r\n" if content.endswith(b"\r\n") else b"\n"
        line = ",".join(
            _quoted(str(fields.get(column) or ""))
            for column in SIGNAL_COLUMNS
            if column in header or column not in OPTIONAL_COLUMNS
        ).encode()
        content += (b"" if content.endswith(b"\n") else end) + line + end
        after = load_ledger(**files, **vocabulary, contents={Path(path).resolve(): content})
        write_atomic(path, content)
    return next(signal for signal in after.signals if signal.event_id == event_id)


def csv_of(ledger: Ledger) -> dict[str, str]:
    """The tables of a ledger that was not cut, as the text of files that load to it again."""

    def cell(row: Any, column: str) -> str:
        value = getattr(row, column)
        if isinstance(value, bool):
            return ("yes" if value else "open") if column == "checked" else "yes" if value else "no"
        return "" if value is None else str(value)

    tables = {
        "signals": (SIGNAL_COLUMNS, ledger.signals),
        "occasions": (OCCASION_COLUMNS, ledger.occasions),
        "visit_windows": (WINDOW_COLUMNS, ledger.visit_windows),
    }
    return {
        name: "".join(
            ",".join(line) + "\n"
            for line in [columns, *([_quoted(cell(row, column)) for column in columns] for row in rows)]
        )
        for name, (columns, rows) in tables.items()
    }


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\r\n]', cell) else cell
