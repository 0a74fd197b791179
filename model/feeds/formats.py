"""Event feeds and lists of headlines, recognised by their first line and read one line at a time.

Layouts follow the public codebooks: ICEWS coded event data (Harvard Dataverse, doi 10.7910/DVN/28075),
POLECAT (doi 10.7910/DVN/AJGVIT), and the GDELT 2.0 event table, which has no header.
"""

import csv
import html
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache, partial
from itertools import product
from typing import NamedTuple
from urllib.parse import urlsplit

from ..files.disk import name_of, read_lines
from ..files.problems import InputError, Problem, parse_day, printable, shown
from ..formatting import listed
from . import kinds

LINE_BYTES_MAX = 1_000_000
TITLE_MAX = 500
"""A longer headline is several rows: a quote that is not closed."""
UNCLOSED = "is a quote not closed?"
LATE_MAX = timedelta(days=31)
"""A report published longer than this after the day of its event only looks back to it."""
NOTHING = {"", "NA", "None", "NULL", "---"}
"""What feeds write in an empty cell."""
UNFILLED = {"Headline", "Event Text", "Feed", "Story ID"}
"""Columns that the header of some POLECAT files names, though no row has them."""
ADDRESS = re.compile(r'https?://[^\s<>"]+', re.IGNORECASE)


class Party(NamedTuple):
    """One side of an event as a feed names it; `sectors` are its offices and trades, "" for a country."""

    country: str
    name: str
    sectors: str


class Report(NamedTuple):
    """One row of a feed: an event as one sentence tells it, or a headline.

    `code` is a CAMEO code, "" for a headline; rows with one `story` come from one text, and those of one of
    its sentences also have one `sentence`; `published` equals `day` where the feed has one day only.
    """

    line: int
    ident: str
    day: date
    published: date
    code: str
    title: str
    source: Party
    target: Party
    story: str
    sentence: str
    publisher: str
    address: str


@dataclass(frozen=True)
class Layout:
    """Where a tab-separated feed keeps its cells: by the names of columns or, without a header, by index."""

    name: str
    width: int
    cells: Mapping[str, str | int]
    code: Callable[[str, str], str] = lambda code, mode: kinds.whole_code(code)

    @property
    def has_header(self) -> bool:
        return any(isinstance(at, str) for at in self.cells.values())

    def places(self, header: list[str], file: str) -> dict[str, int]:
        """The index of each of `CELLS`; -1, an empty cell, for those that the feed lacks."""
        names = [name for name in self.cells.values() if isinstance(name, str)]
        if missing := [name for name in names if name not in header]:
            columns = f"{'a column' if len(missing) == 1 else 'columns'} {listed(missing)}"
            message = (
                f"{self.name} has {self.width} columns, among them {columns}; found {len(header)} columns"
            )
            raise InputError.at(file, 1, 1, message)
        found = {cell: header.index(at) if isinstance(at, str) else at for cell, at in self.cells.items()}
        return {cell: found.get(cell, -1) for cell in CELLS}


PARTY = ("country", "name", "sectors")
CELLS = ("ident", "day", "published", "code", "mode", "story", "sentence", "publisher", "address")
CELLS += tuple(f"{side}_{part}" for side in ("source", "target") for part in PARTY)
ICEWS = Layout(
    "ICEWS",
    20,
    {
        "ident": "Event ID",
        "day": "Event Date",
        "code": "CAMEO Code",
        "story": "Story ID",
        "sentence": "Sentence Number",
        "publisher": "Publisher",
        "source_country": "Source Country",
        "source_name": "Source Name",
        "source_sectors": "Source Sectors",
        "target_country": "Target Country",
        "target_name": "Target Name",
        "target_sectors": "Target Sectors",
    },
)
POLECAT = Layout(
    "POLECAT",
    40,
    {
        "ident": "Event ID",
        "day": "Event Date",
        "published": "Publication Date",
        "code": "Event Type",
        "mode": "Event Mode",
        "publisher": "Source",
        "source_country": "Actor Country",
        "source_name": "Actor Name",
        "source_sectors": "Actor Sectors",
        "target_country": "Recipient Country",
        "target_name": "Recipient Name",
        "target_sectors": "Recipient Sectors",
    },
    kinds.cameo_of,
)
GDELT = Layout(
    "GDELT 2",
    61,
    {
        "ident": 0,
        "day": 1,
        "published": 59,
        "code": 26,
        "story": 60,
        "publisher": 60,
        "address": 60,
        "source_country": 7,
        "source_name": 6,
        "source_sectors": 12,
        "target_country": 17,
        "target_name": 16,
        "target_sectors": 22,
    },
)
HEADLINES = {
    "day": ("date", "day", "published", "publication date", "published at", "pubdate"),
    "title": ("headline", "title"),
    "address": ("address", "url", "link"),
    "publisher": ("publisher", "outlet", "source", "domain"),
}
"""The columns of a list of headlines, each with the names it may have; the publisher may be absent."""
KNOWN = (
    "known are ICEWS (tabs, 20 columns), POLECAT (tabs, 40 columns), GDELT 2 events (tabs, 61 columns, no "
    "header), a CSV of headlines (columns date, headline, address), and candidates that this command wrote"
)


@dataclass
class Feed:
    """A feed that is read once: what it is, and what reading has counted so far.

    `refused` are rows dated long before their publication; of rows that cannot be read the first is told.
    """

    path: str | os.PathLike[str]
    name: str
    rows: int = 0
    other_pairs: int = 0
    refused: int = 0
    unreadable: int = 0
    first_fault: Problem | None = None

    def lines(self) -> Iterator[tuple[int, str]]:
        return read_lines(self.path, LINE_BYTES_MAX)

    def fault(self, line: int, message: str) -> None:
        """Count a row that cannot be read."""
        self.unreadable += 1
        self.first_fault = self.first_fault or Problem(name_of(self.path), line, 1, message)

    def reports(self, countries: Mapping[str, str]) -> Iterator[Report]:
        """The reports of the feed: of coded events only those between two different countries of `countries`.

        `countries` maps names and codes of countries in small letters to their sides.

        Raises
        ------
        InputError
            If no row, or less than half of them, can be read; or as `read_lines` does.
        """
        rows = self.coded(countries) if self.name in LAYOUTS else self.headlines()
        for report in rows:
            if report.published - report.day > LATE_MAX or report.published < report.day:
                self.refused += 1
            else:
                yield report
        if self.unreadable * 2 > self.rows or not self.rows:
            fault = self.first_fault or Problem(name_of(self.path), 1, 1, "the feed has no rows")
            more = f"; {self.unreadable} of {self.rows} rows cannot be read" if self.rows else ""
            raise InputError([fault._replace(message=fault.message + more)])

    def coded(self, countries: Mapping[str, str]) -> Iterator[Report]:
        """The events of a tab-separated feed."""
        layout, rows = LAYOUTS[self.name], self.lines()
        header = self.header(layout)
        places, width = layout.places(header, name_of(self.path)), len(header)
        if layout.has_header:
            next(rows)
        at_source, at_target = places["source_country"], places["target_country"]
        for number, line in rows:
            cells = line.split("\t")
            self.rows += 1
            if len(cells) < width or any(cells[width:]):
                self.fault(number, f"expected {width} cells separated by tabs; found {len(cells)}")
                continue
            if ";" in cells[at_source] or ";" in cells[at_target]:
                _choose_parties(cells, places, countries)
            source, target = countries.get(cells[at_source].lower()), countries.get(cells[at_target].lower())
            if source is None or target is None or source == target:
                self.other_pairs += 1
                continue
            cells[width:] = [""]
            try:
                yield _event(number, {cell: cells[at] for cell, at in places.items()}, layout)
            except ValueError as error:
                self.fault(number, str(error))

    def header(self, layout: Layout) -> list[str]:
        """The names of the columns that rows fill, without those of `UNFILLED` if the first row is short."""
        lines = self.lines()
        header = next(lines)[1].split("\t")
        if not layout.has_header:
            return header
        while not header[-1]:
            header.pop()
        _, row = next(lines, (0, ""))
        filled = [name for name in header if name not in UNFILLED]
        return filled if row.rstrip("\t").count("\t") + 1 == len(filled) else header

    def headlines(self) -> Iterator[Report]:
        """The headlines of a CSV file."""
        lines = self.lines()
        _, header = next(lines)
        separator = separator_of(header)
        places = headline_columns(header_names(header))
        reader = csv.reader((f"{line}\n" for _, line in lines), delimiter=separator)
        while True:
            number = reader.line_num + 2
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise InputError.at(name_of(self.path), number, 1, f"{error}: {UNCLOSED}") from None
            if not any(cells):
                continue
            self.rows += 1
            try:
                yield _headline(number, cells, places)
            except ValueError as error:
                self.fault(number, str(error))


LAYOUTS = {layout.name: layout for layout in (ICEWS, POLECAT, GDELT)}
CANDIDATES, LIST = "candidates", "headlines"


def recognised(path: str | os.PathLike[str]) -> Feed:
    """The feed in a file, by its first line; `InputError` says what was found and what is known."""
    at = partial(InputError.at, name_of(path), 1)
    _, first = next(read_lines(path, LINE_BYTES_MAX), (0, None))
    if first is None:
        raise at(1, f"the file is empty; {KNOWN}")
    cells = first.split("\t")
    if {"Event ID", "CAMEO Code"} <= set(cells):
        return Feed(path, ICEWS.name)
    if {"Event ID", "Event Type"} <= set(cells):
        return Feed(path, POLECAT.name)
    if len(cells) == GDELT.width and re.fullmatch(r"\d+\t\d{8}\t\d{6}\t.*", first, re.ASCII):
        return Feed(path, GDELT.name)
    if "\r" in first:
        message = "expected lines that end in a line feed; these end in a carriage return: save the file anew"
        raise at(first.index("\r") + 1, message)
    separator, names = separator_of(first), header_names(first)
    if {"keep", "strength"} <= set(names):
        return Feed(path, CANDIDATES)
    if not {"day", "title", "address"} - headline_columns(names).keys():
        return Feed(path, LIST)
    for layout, column in ((ICEWS, "cameo code"), (POLECAT, "event mode")):
        if {"event id", column} <= set(names):
            expected = "expected it as published, with tabs, no quotes, 'Event ID'"
            raise at(1, f"this looks like {layout.name}: {expected}; found {shown(first)}")
    split = {"\t": "tabs", ",": "commas"}.get(separator, "semicolons")
    found = f"{len(names)} columns separated by {split}" if len(names) > 1 else "one column"
    raise at(1, f"no known feed: found {found}, beginning {shown(first)}; {KNOWN}")


def separator_of(header: str) -> str:
    return max(",;\t", key=header.count)


def header_names(header: str) -> list[str]:
    """The names of columns in a header, in small letters."""
    try:
        cells = next(csv.reader([header], delimiter=separator_of(header)), [""])
    except csv.Error:
        cells = [header]
    return [cell.strip().casefold() for cell in cells]


def headline_columns(names: list[str]) -> dict[str, int]:
    """The index of each column of a list of headlines by what it holds."""
    return {
        what: next(names.index(name) for name in known if name in names)
        for what, known in HEADLINES.items()
        if any(name in names for name in known)
    }


@lru_cache(maxsize=4096)
def _day(cell: str) -> date:
    """The day of a cell, which may go on with a time or be written in eight digits."""
    if re.fullmatch(r"\d{8}(\d{6})?", cell, re.ASCII):
        cell = f"{cell[:4]}-{cell[4:6]}-{cell[6:8]}"
    return parse_day(re.sub(r"^(\d{4}-\d\d-\d\d)[T ].*", r"\1", cell))


def _event(number: int, cells: dict[str, str], layout: Layout) -> Report:
    """The report of a row of a coded feed; ValueError says what is wrong."""
    address = address_of(cells["address"])
    cells = {name: "" if cell in NOTHING else clean(cell) for name, cell in cells.items()}
    code = layout.code(cells["code"], cells["mode"])
    if not kinds.meaning(code):
        raise ValueError(f"expected a code of {layout.name}; found {shown(cells['code'])}")
    day = _day(cells["day"])
    parties = [Party(*(cells[f"{side}_{part}"] for part in PARTY)) for side in ("source", "target")]
    return Report(
        number,
        f"{layout.name} {cells['ident']}",
        day,
        _day(cells["published"]) if cells["published"] else day,
        code,
        "",
        *parties,
        cells["story"] or cells["ident"],
        cells["sentence"],
        host_of(cells["publisher"]) or cells["publisher"],
        address,
    )


def _headline(number: int, cells: list[str], places: Mapping[str, int]) -> Report:
    """The report of a row of a list of headlines; ValueError says what is wrong."""
    if len(cells) <= max(places.values()):
        raise ValueError(f"expected at least {max(places.values()) + 1} cells; found {len(cells)}")
    found = {what: clean(cells[place]) for what, place in places.items()}
    address = address_of(cells[places["address"]])
    if not found["title"]:
        raise ValueError("expected a headline; the cell is empty")
    if (length := len(found["title"])) > TITLE_MAX:
        raise ValueError(
            f"expected a headline of at most {TITLE_MAX} characters; found {length:,}: {UNCLOSED}"
        )
    if not address:
        raise ValueError(f"expected an address with http:// or https://; found {shown(found['address'])}")
    day, nobody = _day(found["day"]), Party("", "", "")
    publisher = found.get("publisher") or host_of(address)
    return Report(number, "", day, day, "", found["title"], nobody, nobody, address, "", publisher, address)


def _choose_parties(cells: list[str], places: Mapping[str, int], countries: Mapping[str, str]) -> None:
    """Leave one party of each of the two sides in a row that lists several, separated by semicolons.

    POLECAT lists all who meet as actors if none of them is a host.
    """
    parties = {}
    for role in ("source", "target"):
        columns = [re.split(r"\s*;\s*", cells[places[f"{role}_{part}"]]) for part in PARTY]
        lists = [
            one if len(one) == len(columns[0]) else ["; ".join(one)] * len(columns[0]) for one in columns
        ]
        parties[role] = [party for party in zip(*lists) if party[0].lower() in countries]
    if cells[places["code"]].upper() == "CONSULT" and cells[places["target_country"]] in NOTHING:
        parties["target"] = parties["source"]
    for source, target in product(parties["source"], parties["target"]):
        if countries[source[0].lower()] != countries[target[0].lower()]:
            for role, party in (("source", source), ("target", target)):
                for part, cell in zip(PARTY, party):
                    cells[places[f"{role}_{part}"]] = cell
            return


def address_of(cell: str) -> str:
    """The address in a cell, character by character; "" if it is none of the web."""
    cell = cell.strip()
    return printable(cell) if ADDRESS.fullmatch(cell) and host_of(cell) else ""


def host_of(address: str) -> str:
    """The host of an address, which names its publisher; "" if it has none."""
    try:
        return printable(urlsplit(address).hostname or "")
    except ValueError:
        return ""


@lru_cache(maxsize=100_000)
def clean(cell: str) -> str:
    """A cell as one line of text without markup, its control characters escaped."""
    return printable(" ".join(re.sub(r"<[^<>]*>", " ", html.unescape(cell)).split()))
