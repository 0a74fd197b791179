"""Candidates for the ledger: written for review from a feed, and read back with what a person decided."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from ..evidence.append import NewRow
from ..evidence.ledger import Ledger
from ..evidence.rows import BOTH, DESCRIPTION_MAX, SIGNAL_COLUMNS, Signal
from ..files.csv_files import csv_text, is_formula, read_csv
from ..files.disk import name_of, write_atomic
from ..files.problems import InputError, Problem, raise_if_any, shown
from ..formatting import count, listed
from . import kinds
from .fold import Event, fold
from .formats import Feed
from .sides import Sides

HELP = ("rows", "stories", "publishers", "near", "reason")
"""The columns that help to decide; a reviewed file may lack them."""
COLUMNS = ("keep", *SIGNAL_COLUMNS, *HELP)
"""The columns of candidates: those of the ledger, between the decision and what helps to decide."""
NEAR = timedelta(days=3)
"""A signal of the ledger so near, of the same kind, may be the same event."""
NAMES_MAX = 3
"""The largest number of parties, publishers or rows that a cell names."""
KEPT = {"yes": True, "y": True, "x": True, "no": False, "n": False, "": False}
HINTS = {
    kinds.REFUSAL: "keep this kind only if a visit, a call or talks were refused or called off",
    kinds.ATTENDANCE: "name the occasion; the strength has a scale of its own",
    kinds.ANNOUNCEMENT: "name the occasion",
}


def candidates(feed: Feed, sides: Sides, ledger: Ledger) -> list[dict[str, str]]:
    """The rows of a feed's events by column of `COLUMNS`: what a person should judge, then what is set aside.

    Strength and `keep` are empty, or `keep` is "no" with the reason why the event is set aside.
    """
    events = fold(feed.reports(sides.countries), sides)
    signals = defaultdict(list)
    for signal in ledger.signals:
        signals[_alike(signal.kind)].append(signal)
    events.sort(key=lambda event: bool(event.matter.aside))
    return [_row(event, signals, sides) for event in events]


def _alike(kind: str) -> str:
    """The kind; meetings of envoys and trade talks are one."""
    return kinds.CONTACT if kind == kinds.TRADE_TALKS else kind


def _row(event: Event, signals: Mapping[str, list[Signal]], sides: Sides) -> dict[str, str]:
    """The cells of an event."""
    begin, end = event.first - NEAR, event.last + NEAR
    near = [
        f"{signal.event_id} ({signal.file}:{signal.line})"
        for signal in signals.get(_alike(event.kind), ())
        if begin <= signal.event_date <= end or begin <= signal.public_date <= end
    ]
    publishers = [name for name, _ in event.publishers.most_common() if name]
    first = [event.told.ident, event.told.publisher, str(event.published), event.told.address]
    cells = {
        "keep": "no" if event.matter.aside else "",
        "event_date": str(event.first),
        "public_date": str(event.published),
        "kind": event.kind,
        "actor": event.actor,
        "grade": "B1" if len(publishers) > 1 else "B2",
        "description": _description(event, sides),
        "source": ", ".join(filter(None, first)),
        "rows": str(event.rows),
        "stories": str(len(event.stories)),
        "publishers": _most(publishers),
        "near": _most(near),
        "reason": _reason(event),
    }
    return {name: _harmless(cells.get(name, "")) for name in COLUMNS}


def _description(event: Event, sides: Sides) -> str:
    """What an event is: its headline, or who of each side and what the reports say."""
    text = event.told.title
    if not text:
        says = listed([says for says, _ in event.says.most_common(NAMES_MAX)])
        one, other = sorted(sides.codes, key=lambda side: side != event.actor)
        joined = "and" if event.actor == BOTH else "on"
        text = f"{_who(event, one, sides)} {joined} {_who(event, other, sides)}: {says}"
    return text if len(text) <= DESCRIPTION_MAX else f"{text[: DESCRIPTION_MAX - 1].rstrip()}…"


def _who(event: Event, side: str, sides: Sides) -> str:
    """The party of a side that most reports name, its country if half of them or more name no other."""
    named = Counter({who: number for who, number in event.parties.items() if who.side == side})
    most = [who.name for who, number in named.items() if not who.state and 2 * number > named.total()]
    return most[0] if most else sides.names[side][0]


def _reason(event: Event) -> str:
    """Why an event is a candidate or set aside, in a sentence."""
    if event.matter.aside:
        return f"set aside: {event.matter.aside}"
    days = f"on {event.first}" if event.first == event.last else f"from {event.first} to {event.last}"
    said = [f"{says} {number}" for says, number in event.says.most_common()]
    words = f" ({', '.join(said)})" if said else ""
    hint = HINTS.get(event.kind)
    return f"{count(event.rows, 'row')} {days}{words}" + (f"; {hint}" if hint else "")


def _most(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = [f"{len(names) - NAMES_MAX} more"] if len(names) > NAMES_MAX else []
    return listed([*names[:NAMES_MAX], *more]) if names else ""


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if is_formula(text) else text


def check_new(path: str | os.PathLike[str]) -> None:
    """Raise `InputError` if the file for candidates exists, as it may hold a person's decisions."""
    if Path(path).exists():
        message = "exists and may hold your review: rename it, delete it, or name another file with --out"
        raise InputError.at(name_of(path), 0, 0, message)


def write(path: str | os.PathLike[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write candidates; raises as `check_new` does."""
    check_new(path)
    write_atomic(path, csv_text(COLUMNS, ([row[name] for name in COLUMNS] for row in rows)))


def kept(path: str | os.PathLike[str]) -> list[NewRow]:
    """The rows of a reviewed file of candidates that a person keeps; the others are left out.

    Raises `InputError` for a faulty file or cell of `keep`, a strength without one, and if nothing is kept.
    """
    file, new, problems = name_of(path), [], []
    rows = read_csv(path, COLUMNS, optional=HELP)
    for row in rows:
        decision = KEPT.get(row["keep"].strip().casefold())
        if row["strength"] and not row["keep"]:
            problems.append(row.problem("keep", "expected yes or no, as this row has a strength"))
        elif decision is None:
            problems.append(row.problem("keep", f"expected yes, no or nothing; found {shown(row['keep'])}"))
        elif decision:
            new.append(NewRow({name: row[name] for name in SIGNAL_COLUMNS}, row.problem))
    raise_if_any(problems)
    if not new:
        message = f"expected yes in column keep of the rows to add; none of {count(len(rows), 'row')} has it"
        raise InputError([Problem(file, 1, 1, message, "keep")])
    return new
