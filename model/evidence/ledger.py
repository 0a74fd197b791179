"""The ledger: dated signals, occasions and visit windows, and the ledger as the public knew it on a day.

`Ledger.as_of` prevents leaks: it returns a ledger without anything that became public after that day. All
downstream code takes a ledger cut in this way.
"""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.csv_files import csv_text
from ..files.problems import InputError, Problems, raise_if_any
from .checks import occasion_faults, reference_problems, repeated_encounters, signal_faults, window_faults
from .rows import BOTH, ROW_TYPES, Occasion, Signal, VisitWindow, by_day, cell_of, columns_of
from .table import Paths, read_table

if TYPE_CHECKING:
    from ..settings.params import Params

HORIZON_MAX = 3 * 366
"""Longest horizon in days; beyond it, the calendar of occasions is a guess."""


@dataclass(frozen=True)
class Ledger:
    """Signals, occasions and visit windows, each sorted by the day it became public, then by id.

    `revised` holds the ids of rows that a later file replaces.
    """

    signals: tuple[Signal, ...] = ()
    occasions: tuple[Occasion, ...] = ()
    visit_windows: tuple[VisitWindow, ...] = ()
    revised: tuple[str, ...] = ()

    @property
    def first_day(self) -> date | None:
        """The first day on which any row was public; None for an empty ledger."""
        days = [row.known_from for row in self.occasions] + [row.public_date for row in self.signals]
        return min(days, default=None)

    @property
    def covered_until(self) -> date | None:
        """The last day on which a signal or an outcome became public; None if there is none.

        Later days without a row say nothing: nobody may have looked.
        """
        days = [row.public_date for row in self.signals]
        days += [row.outcome_date for row in self.occasions if row.met is not None]
        return max(days, default=None)

    @cached_property
    def latest_windows(self) -> dict[str, VisitWindow]:
        """The last window of each visit, by its id."""
        return {window.occasion_id: window for window in self.visit_windows}

    def as_of(self, day: date) -> "Ledger":
        """The ledger as the public knew it at the end of `day`.

        Rows that become public later are removed, with every reference to them. Cells that become public
        later are blank (see `Occasion`): outcomes, actual dates of visits, attendance at occasions that have
        not begun. Cutting twice equals cutting at the earlier day. A ledger that loses nothing is
        returned as it is.
        """
        windows = tuple(window for window in self.visit_windows if window.public_date <= day)
        latest = {window.occasion_id: window for window in windows}
        occasions = tuple(
            o.as_of(day, latest.get(o.occasion_id)) for o in self.occasions if o.known_from <= day
        )
        signals = [signal for signal in self.signals if signal.public_date <= day]
        known = {row.id for row in (*occasions, *signals)} | {""}
        windows = tuple(window for window in windows if window.occasion_id in known)
        for i, signal in enumerate(signals):
            if not known.issuperset((signal.occasion, signal.same_as)):
                mentions = {"occasion": signal.occasion, "same_as": signal.same_as}
                unknown = {column: "" for column, name in mentions.items() if name not in known}
                signals[i] = replace(signal, **unknown)
        known |= {window.id for window in windows}
        revised = tuple(name for name in self.revised if name in known)
        cut = Ledger(tuple(signals), occasions, windows, revised)
        return self if cut == self else cut

    @cached_property
    def events(self) -> tuple[tuple[Signal, ...], ...]:
        """The signals of each event (rows tied by `same_as`); events and rows are in ledger order."""
        parent = {signal.event_id: signal.event_id for signal in self.signals}

        def root(name: str) -> str:
            while parent[name] != name:
                parent[name] = name = parent[parent[name]]
            return name

        for signal in self.signals:
            if signal.same_as in parent:
                parent[root(signal.same_as)] = root(signal.event_id)
        groups: dict[str, list[Signal]] = {}
        for signal in self.signals:
            groups.setdefault(root(signal.event_id), []).append(signal)
        return tuple(map(tuple, groups.values()))

    @cached_property
    def general(self) -> tuple[tuple[Signal, ...], ...]:
        """The events in which no row names an occasion; they form the general tone."""
        return tuple(event for event in self.events if not any(row.occasion for row in event))


def load_ledger(
    signals: Paths = (),
    occasions: Paths = (),
    visit_windows: Paths = (),
    *,
    words: Mapping[str, Any] | None = None,
    contents: Mapping[Path, bytes] | None = None,
) -> Ledger:
    """The checked ledger from one or more files per table; a later file replaces rows with the same id.

    Parameters
    ----------
    words : mapping, optional
        What `words_of` takes (`Params.vocabulary`); without it no words are checked.
    contents : mapping of resolved path to bytes, optional
        Used instead of the content of those files.

    Raises
    ------
    InputError
        Lists every problem of every file.
    """
    problems, contents = Problems(), contents or {}
    valid, kinds = (words_of(**words), words["kinds"]) if words else ({}, {})
    held = read_table(Occasion, occasions, valid, occasion_faults, problems, contents)
    said = read_table(Signal, signals, valid, partial(signal_faults, kinds=kinds), problems, contents)
    windows = read_table(VisitWindow, visit_windows, valid, window_faults, problems, contents)
    problems += reference_problems(said, held, windows)
    problems += repeated_encounters(held.values.values())
    raise_if_any(problems)
    made = in_order(said.values.values(), held.values.values(), windows.values.values())
    return replace(made, revised=tuple(dict.fromkeys(said.revised + held.revised + windows.revised)))


def words_of(
    kinds: Mapping[str, str], types: Sequence[str], sides: Sequence[str]
) -> dict[str, Collection[str]]:
    """The words that columns may hold; `kinds` maps each kind to "up", "down" or "either"."""
    actors = [*sides, BOTH]
    return {"kinds": list(kinds), "types": types, "actors": actors, "attended": [*actors, "none"]}


def in_order(
    signals: Iterable[Signal], occasions: Iterable[Occasion], visit_windows: Iterable[VisitWindow]
) -> Ledger:
    """The ledger of these rows, each table sorted by the day a row became public, then by id."""
    return Ledger(
        tuple(sorted(signals, key=by_day)),
        tuple(sorted(occasions, key=lambda row: (row.known_from, row.occasion_id))),
        tuple(sorted(visit_windows, key=lambda row: (row.public_date, row.occasion_id))),
    )


def check_sides(seeds: Path, params: "Params") -> None:
    """Raise `InputError` if the signals of the seeds are about another pair than the question."""
    try:
        rows = csv.DictReader(seeds.read_text("utf-8", "replace").splitlines())
        actors = {row.get("actor") or BOTH for row in rows} - {BOTH}
    except (OSError, csv.Error):
        return  # loading the ledger says what is wrong
    sides = set(params.sides)
    if actors - sides and sides - actors:
        wanted, found = " and ".join(sorted(actors)), " and ".join(params.sides)
        text = f"expected {wanted}, the sides of the seeds; found {found}"
        hint = "for another pair add --only and its own --signals, --occasions and --visit-windows"
        raise InputError([params.problem("question", ("sides",), f"{text}; {hint}")])


def check_as_of(ledger: Ledger, params: "Params") -> None:
    """Raise `InputError` if nothing was public on the as-of day, or if the deadline is too far away."""
    first, as_of, deadline = ledger.first_day, params.question.as_of, params.question.deadline
    if first is None or as_of < first:
        begins = f"begins on {first}" if first else "has no rows"
        key, message = "as_of", f"expected a day with a record; the ledger {begins}; found {as_of}"
    elif (deadline - as_of).days > HORIZON_MAX:
        key = "deadline"
        message = f"expected a day at most {HORIZON_MAX} days after as_of, which is {as_of}; found {deadline}"
    else:
        return
    raise InputError([params.problem("question", (key,), message)])


def csv_of(ledger: Ledger) -> dict[str, str]:
    """The tables of an uncut ledger as file contents that load to the same ledger."""
    texts = {}
    for table, kind in ROW_TYPES.items():
        columns = columns_of(kind)
        rows = ([cell_of(row, name) for name in columns] for row in getattr(ledger, table))
        texts[table] = csv_text(columns, rows)
    return texts
