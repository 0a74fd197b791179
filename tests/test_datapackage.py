"""The data packages of seeds and track record are current, and every table keeps its description there."""

import csv
import gzip
import json
import re
from datetime import date

import pytest

from model.evidence.rows import ROW_TYPES
from model.files.problems import parse_day
from model.paths import RECORD, SEEDS
from model.track_record import codebook, datapackage

FOLDERS = {folder.name: folder for folder in (SEEDS, RECORD)}
every_folder = pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)


def described(folder):
    """The descriptor of a folder, as it is in the file."""
    return json.loads((folder / datapackage.NAME).read_text("utf-8"))


def rows_of(folder, resource):
    """The rows of the CSV file of a resource."""
    path = folder / resource["path"]
    opened = gzip.open if resource.get("compression") == "gz" else open
    with opened(path, "rt", encoding=resource["encoding"], newline="") as stream:
        return list(csv.DictReader(stream))


TABLES = [
    pytest.param(folder, resource, id=f"{folder.name}/{resource['path']}")
    for folder in FOLDERS.values()
    for resource in described(folder)["resources"]
]


def boolean(field, cell):
    """The value of a cell that holds one of two words."""
    return {**dict.fromkeys(field["trueValues"], True), **dict.fromkeys(field["falseValues"], False)}[cell]


READ = {
    "string": lambda field, cell: cell,
    "date": lambda field, cell: parse_day(cell),
    "integer": lambda field, cell: int(cell),
    "number": lambda field, cell: float(cell),
    "year": lambda field, cell: date(int(cell), 1, 1),
    "boolean": boolean,
}
LIMITS = {
    "enum": lambda value, limit: value in limit,
    "pattern": lambda value, limit: re.fullmatch(limit, value),
    "maxLength": lambda value, limit: len(value) <= limit,
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
}


def fault(field, cell):
    """What of a field's declaration a cell breaks; empty if it keeps it."""
    limits = dict(field.get("constraints", {}))
    required = limits.pop("required", False)
    if not cell:
        return "required" if required else ""
    try:
        value = READ[field["type"]](field, cell)
    except (ValueError, KeyError):
        return field["type"]
    return next((name for name, limit in limits.items() if not LIMITS[name](value, limit)), "")


def faults(schema, rows, others):
    """Every fault of a table; `others` are the rows of all tables of its package by name."""
    fields = schema["fields"]
    found = [f"header {list(rows[0])}"] if list(rows[0]) != [field["name"] for field in fields] else []
    for field in fields:
        cells = {row[field["name"]] for row in rows}
        found += [f"{field['name']} {why}" for cell in cells if (why := fault(field, cell))]
    keys = [tuple(row[name] for name in schema.get("primaryKey", ())) for row in rows]
    if keys[0] and len({*keys}) < len(keys):
        found.append("primaryKey")
    for each in schema.get("foreignKeys", ()):
        (name,), to = each["fields"], each["reference"]
        known = {row[to["fields"][0]] for row in others[to["resource"]] or rows} | {""}
        found += [f"{name} foreignKey" for cell in {row[name] for row in rows} - known]
    return found


@every_folder
def test_the_data_package_is_current(folder):
    text = json.dumps(datapackage.package(folder), indent=1, ensure_ascii=False) + "\n"
    path = folder / datapackage.NAME
    assert path.read_text("utf-8") == text, "stale: run python -m model.track_record.datapackage"


@every_folder
def test_the_data_package_describes_every_table_and_says_what_tools_need(folder):
    package = described(folder)
    assert {each["path"] for each in package["resources"]} == {path.name for path in folder.glob("*.csv*")}
    for part in (package, *package["resources"]):
        assert re.fullmatch("[-a-z0-9._]+", part["name"]) and part["profile"].startswith("tabular-data-")
        assert all(each.keys() >= {"name", "path"} for each in part.get("licenses", ()))
        assert all(each["title"] for each in part.get("sources", ()))
    assert package["title"] and package["description"].count(".") == 1 and package["licenses"]


@pytest.mark.parametrize("folder, resource", TABLES)
def test_every_table_keeps_its_description(folder, resource):
    schema, others = resource["schema"], {"": None}
    for each in schema.get("foreignKeys", ()):
        name = each["reference"]["resource"]
        whole = {other["name"]: other for other in described(folder)["resources"]}
        others |= {name: name and rows_of(folder, whole[name])}
    assert faults(schema, rows_of(folder, resource), others) == []
    assert all(field["description"] for field in schema["fields"])


SIGNAL = next(each for each in described(SEEDS)["resources"] if each["name"] == "signals")
KNOWN = {"": None, "occasions": [{"occasion_id": "2025-apec-gyeongju"}]}


@pytest.mark.parametrize(
    "column, cell, found",
    [
        ("kind", "gossip", "enum"),
        ("strength", "0", "enum"),
        ("strength", "much", "integer"),
        ("public_date", "11/07/2025", "date"),
        ("public_date", "2025-02-30", "date"),
        ("public_date", "", "required"),
        ("grade", "A7", "pattern"),
        ("checked", "no", "boolean"),
        ("description", "x" * 141, "maxLength"),
        ("occasion", "2025-nowhere", "foreignKey"),
        ("same_as", "2025-nowhere", "foreignKey"),
    ],
)
def test_a_cell_that_the_ledger_refuses_breaks_the_description_too(column, cell, found):
    row = rows_of(SEEDS, SIGNAL)[0] | {"same_as": "", "occasion": ""}
    assert faults(SIGNAL["schema"], [row], KNOWN) == []
    assert faults(SIGNAL["schema"], [row | {column: cell}], KNOWN) == [f"{column} {found}"]
    assert faults(SIGNAL["schema"], [row, row], KNOWN) == ["primaryKey"]


def test_every_declared_column_is_in_a_table():
    tables = [each for folder in FOLDERS.values() for each in described(folder)["resources"]]
    columns = [(each["name"], field["name"]) for each in tables for field in each["schema"]["fields"]]
    own = {f"{table}.{name}" for table, name in columns} & codebook.COLUMNS.keys()
    shared = {name for table, name in columns if table not in ROW_TYPES and f"{table}.{name}" not in own}
    assert codebook.COLUMNS.keys() <= own | shared
    assert {*codebook.KEYS, *codebook.REFERENCES} <= {each["name"] for each in tables}


def test_a_column_that_nothing_declares_is_refused():
    with pytest.raises(KeyError, match=r"scores\.novel"):
        codebook.column("scores", "novel")
