"""Bad input ends with exit code 2 and a message: where, what was expected, the nearest word; nothing else is done."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from model.answer import forecast
from model.cli import main
from model.evidence.rows import OCCASION_COLUMNS, SIGNAL_COLUMNS, WINDOW_COLUMNS
from model.files import disk
from model.files.csv_files import read_csv
from model.paths import ROOT
from model.settings.params import PARAMS, load_params

SEEDS = ROOT / "seeds"
HEADER = ",".join(SIGNAL_COLUMNS) + "\n"


def first(table, columns, **wanted):
    return next(
        dict(row) for row in read_csv(SEEDS / f"{table}.csv", columns) if wanted.items() <= row.items()
    )


SIGNAL = first("signals", SIGNAL_COLUMNS, event_id="2025-07-11-rubio-wang-kl")
ABOUT_APEC = {"occasion": "2025-apec-gyeongju"}
ATTENDS = ABOUT_APEC | {"kind": "attendance", "actor": "US", "strength": "-2"}
ANNOUNCED = ABOUT_APEC | {"kind": "summit_announced", "strength": "3", "for_date": "2025-10-30"}
OCCASION = first("occasions", OCCASION_COLUMNS, occasion_id="2025-apec-gyeongju")
WINDOW = first("visit_windows", WINDOW_COLUMNS)


def csv_of(row, *changes):
    """A header, and a row for each of the changes."""
    return "".join(
        ",".join(f'"{cell}"' if "," in cell else cell for cell in cells) + "\n"
        for cells in [row, *((row | change).values() for change in changes)]
    )


def signals(*changes):
    return csv_of(SIGNAL, *changes)


def occasions(*changes):
    return csv_of(OCCASION, *changes)


def windows(*changes):
    return csv_of(WINDOW, *changes)


def edited(name, *edits):
    text = (PARAMS / f"{name}.yaml").read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def priors(name, body):
    """The priors file with another distribution of a parameter."""
    return re.sub(
        rf"(?ms)^  {name}:\n.*?(    unit: [^\n]*\n).*?(?=^  \w)",
        rf"  {name}:\n    name: x\n    means: x\n\1    why: x\n    {body}\n",
        edited("priors"),
        count=1,
    )


# What is wrong, the content of a file given in place of the seeds (a number: so many bytes of nothing), what is said.
SIGNAL_FILES = [
    ("empty file", "", r"in.csv:1:1: the file is empty: expected the header event_id,"),
    ("blank line only", "\n", r"in.csv:1:1: unknown column ''"),
    (
        "byte order mark",
        "\ufeff" + HEADER,
        r"in.csv:1:1: the file is UTF-8 with a byte order mark; save it as plain UTF-8",
    ),
    ("UTF-16", HEADER.encode("utf-16"), r"in.csv:1:1: the file is UTF-16; save it as plain UTF-8"),
    (
        "Latin-1",
        signals({"source": "Hervé"}).encode("latin-1"),
        r"in.csv:2:\d+: expected UTF-8 text; found byte 0xe9",
    ),
    ("a NUL byte", HEADER + "\0", r"in.csv:2:1: expected UTF-8 text; found a NUL byte"),
    ("huge file", 40_000_000, r"in.csv: expected at most 32 MB; the file is larger"),
    (
        "millions of empty lines",
        HEADER + "\n" * 5_000_000,
        r"(?s)in.csv:2:1: expected 15 cells.*:301:1: stopped looking after 300",
    ),
    (
        "column missing",
        HEADER.replace("grade,", ""),
        r"in.csv:1:1: missing column grade\n.*expected the header event_id",
    ),
    (
        "column misspelt",
        HEADER.replace("grade", "grad"),
        r"in.csv:1:\d+: unknown column 'grad' \(did you mean \"grade\"\?\)",
    ),
    (
        "optional column misspelt",
        HEADER.replace("for_date", "fordate"),
        r"in.csv:1:\d+: unknown column 'fordate' \(did you mean \"for_date\"\?\)",
    ),
    (
        "optional column out of place",
        HEADER.replace("search,", "").replace("kind,", "search,kind,"),
        r"in.csv:1:\d+: expected column kind here; found search",
    ),
    (
        "a cell for a column that is not there",
        HEADER.replace("for_date,", "") + signals({}).split("\n")[1] + "\n",
        r"in.csv:2:\d+: expected 14 cells; found 15",
    ),
    ("column twice", HEADER.replace("grade", "actor"), r"in.csv:1:\d+: column 'actor' stands twice"),
    (
        "columns swapped",
        HEADER.replace("event_date,public_date", "public_date,event_date"),
        r"in.csv:1:10: expected column event_date here; found public_date",
    ),
    ("semicolons", HEADER.replace(",", ";"), r"in.csv:1:1: unknown column 'event_id;event_date"),
    ("a cell too few", HEADER + "2025-01-01-x,2025-01-01\n", r"in.csv:2:24: expected 15 cells; found 2"),
    ("a cell too many", signals({}).replace("\n2", "\n2,"), r"in.csv:2:\d+: expected 15 cells; found 16"),
    ("a quote left open", HEADER + '"2025-01-01-x,2025-01-01\n', r"in.csv:2:1: quotes are not balanced"),
    ("a quote inside a cell", signals({"source": 'a "word" here'}), r"in.csv:2:\d+: quotes are not balanced"),
    ("a line broken in a cell", signals({"source": "a,\nb"}), r"in.csv:2:\d+: quotes are not balanced"),
    (
        "line ends of an old Mac",
        signals({}).replace("\n", "\r"),
        r"in.csv:1:\d+: unknown column 'checked\\r2025",
    ),
    (
        "outer spaces",
        signals({"actor": " both"}),
        r"in.csv:2:\d+: actor: expected printable text without outer spaces",
    ),
    (
        "a control character",
        signals({"source": "\x1b[31mred"}),
        r"in.csv:2:\d+: source: expected printable text.*\\x1b",
    ),
    (
        "a right-to-left override",
        signals({"source": "a\u202eb"}),
        r"source: expected printable text.*\\u202e",
    ),
    (
        "an id twice",
        signals({}, {}),
        r"in.csv:3:1: event_id: expected an id not used before in this file; .* stands on line 2",
    ),
    (
        "an id without a date",
        signals({"event_id": "rubio"}),
        r"in.csv:2:1: event_id: expected a date, then words",
    ),
    (
        "an impossible day",
        signals({"public_date": "2025-02-30"}),
        r"in.csv:2:\d+: public_date: .*2025-02-30 does not exist",
    ),
    (
        "a day with a time",
        signals({"public_date": "2025-07-11T08:00"}),
        r"public_date: .*without time or zone; found '2025-07-11T08",
    ),
    ("a day with a zone", signals({"event_date": "2025-07-11Z"}), r"event_date: .*without time or zone"),
    (
        "a day the American way",
        signals({"event_date": "07/11/2025"}),
        r"event_date: expected a day written YYYY-MM-DD",
    ),
    (
        "a day in other digits",
        signals({"event_date": "٢٠٢٥-٠٧-١١"}),
        r"event_date: expected a day written YYYY-MM-DD",
    ),
    (
        "a day of another era",
        signals({"event_date": "0025-07-11"}),
        r"event_date: expected a year from 1900 to 2199",
    ),
    (
        "public before it happened",
        signals({"event_date": "2025-07-12"}),
        r"public_date: expected a day not before event_date",
    ),
    (
        "unknown kind",
        signals({"kind": "envoy_meting"}),
        r"in.csv:2:\d+: kind: expected .*did you mean \"envoy_meeting\"",
    ),
    (
        "unknown side",
        signals({"actor": "cn"}),
        r"actor: expected one of US, CN, both; found 'cn' \(did you mean \"CN\"\?\)",
    ),
    (
        "infinite strength",
        signals({"strength": "inf"}),
        r"strength: expected one of -3, -2, -1, 1, 2, 3; found 'inf'",
    ),
    ("strength beyond the scale", signals({"strength": "9"}), r"strength: expected one of .*found '9'"),
    (
        "strength against its kind",
        signals({"strength": "-1"}),
        r"strength: expected 1 to 3, as envoy_meeting points up; found -1",
    ),
    (
        "no grade",
        signals({"grade": ""}),
        r"grade: expected an Admiralty code, a letter A to F and a digit 1 to 6; found ''",
    ),
    (
        "unknown occasion",
        signals({"occasion": "2025-apec-gyonju"}),
        r"occasion: unknown .*did you mean \"2025-apec-gyeongju\"",
    ),
    (
        "tied to nothing",
        signals({"same_as": "2025-07-11-x"}),
        r"in.csv:2:\d+: same_as: unknown event '2025-07-11-x'",
    ),
    (
        "tied to itself",
        signals({"same_as": SIGNAL["event_id"]}),
        r"same_as: expected another row; found the row itself",
    ),
    (
        "found in no search",
        signals({"search": "evn"}),
        r"in.csv:2:\d+: search: expected one of first, even, losses; found 'evn' \(did you mean \"even\"\?\)",
    ),
    (
        "a day for a meeting of nobody",
        signals({"for_date": "2025-10-30"}),
        r"in.csv:2:\d+: for_date: expected a day only on a row of kind summit_announced that names an occasion",
    ),
    (
        "a day for a meeting nowhere",
        signals(ANNOUNCED | {"occasion": ""}),
        r"for_date: expected a day only on a row of kind summit_announced that names an occasion",
    ),
    (
        "a day for a meeting before it was said",
        signals(ANNOUNCED | {"for_date": "2025-07-10"}),
        r"in.csv:2:\d+: for_date: expected a day not before public_date, which is 2025-07-11; found 2025-07-10",
    ),
    (
        "a day for a meeting of no calendar",
        signals(ANNOUNCED | {"for_date": "2025-02-30"}),
        r"in.csv:2:\d+: for_date: .*2025-02-30 does not exist",
    ),
    (
        "attendance of nothing",
        signals(ATTENDS | {"occasion": ""}),
        r"in.csv:2:\d+: occasion: expected the occasion at which a leader is said to be present or absent; the cell is empty",
    ),
    (
        "attendance of a visit",
        signals(ATTENDS | {"occasion": "2017-visit-trump-beijing"}),
        r"in.csv:2:\d+: occasion: expected an occasion of many leaders; 2017-visit-trump-beijing is a visit",
    ),
    (
        "attendance of a third side",
        signals(ATTENDS | {"actor": "RU"}),
        r"actor: expected one of US, CN, both; found 'RU'",
    ),
    (
        "attendance of no strength",
        signals(ATTENDS | {"strength": ""}),
        r"strength: expected one of .*found ''",
    ),
    ("no description", signals({"description": ""}), r"description: expected some text; the cell is empty"),
    (
        "long description",
        signals({"description": "x" * 9999}),
        r"description: expected at most 140 characters; found 9999",
    ),
    (
        "a formula",
        signals({"description": "=HYPERLINK(A1)"}),
        r"description: expected text that no spreadsheet takes for a formula",
    ),
    (
        "another formula",
        signals({"source": "@SUM(1)"}),
        r"source: expected text that no spreadsheet takes for a formula; found '@SUM",
    ),
]
OCCASION_FILES = [
    ("an occasion twice", occasions({}, {}), r"in.csv:3:1: occasion_id: expected an id not used before"),
    (
        "an encounter twice",
        occasions({}, {"occasion_id": "2025-apec-again"}),
        r"in.csv:3:1: .*one row for an encounter",
    ),
    ("unknown type", occasions({"type": "apek"}), r"type: expected one of .*did you mean \"apec\""),
    (
        "a country by name",
        occasions({"host": "Korea"}),
        r"host: expected an ISO 3166 code of two capital letters",
    ),
    (
        "over before it begins",
        occasions({"end_date": "2025-10-01"}),
        r"end_date: expected a day not before start_date",
    ),
    (
        "known after it began",
        occasions({"known_from": "2025-12-01"}),
        r"start_date: expected a day not before known_from",
    ),
    (
        "half an outcome",
        occasions({"held_in_person": ""}),
        r"held_in_person: expected attended, held_in_person, met all filled",
    ),
    ("met without a day", occasions({"met_date": ""}), r"met_date: expected a day if met is yes"),
    (
        "met long before",
        occasions({"met_date": "2025-06-01"}),
        r"met_date: expected a day from 2025-10-\d\d to 2025-11-\d\d",
    ),
    (
        "met by one alone",
        occasions({"attended": "US", "note": ""}),
        r"met: expected attended both and held in person yes",
    ),
    ("no leader", occasions({"leader_1": ""}), r"leader_1: expected some text; the cell is empty"),
    (
        "a formula for a name",
        occasions({"name": "+1"}),
        r"name: expected text that no spreadsheet takes for a formula",
    ),
]
WINDOW_FILES = [
    ("a window twice", windows({}, {}), r"in.csv:3:1: occasion_id: expected an id not used before"),
    (
        "a window of nothing",
        windows({"occasion_id": "1989-x"}),
        r"in.csv:2:1: occasion_id: unknown occasion '1989-x'",
    ),
    (
        "a window of a summit",
        windows({"occasion_id": "2025-apec-gyeongju", "public_date": "2025-06-01"}),
        r"expected a visit; .* type apec",
    ),
    (
        "a window before it was known",
        windows({"public_date": "1980-01-01"}),
        r"occasion_id: expected an occasion known by 1980",
    ),
    (
        "latest before earliest",
        windows({"earliest": "2030-01-02", "latest": "2030-01-01"}),
        r"latest: .*not before earliest",
    ),
    (
        "half a window",
        windows({"latest": ""}),
        r"latest: expected earliest and latest both filled, or both empty",
    ),
]
QUESTION_FILES = [
    ("broken YAML", edited("question", ("sides:", "sides: [")), r"in.yaml:\d+:\d+: not valid YAML: "),
    ("a tab", edited("question", ("  counts", "\tcounts")), r"in.yaml:\d+:1: not valid YAML: .*'\\t'"),
    ("a list for a mapping", "- a\n", r"in.yaml:1:1: expected a mapping of keys to values"),
    ("two documents", "a: 1\n---\nb: 1\n", r"in.yaml:2:1: not valid YAML: .*another document"),
    (
        "a key twice",
        edited("question") + "deadline: 2026-01-01\n",
        r"in.yaml:\d+:1: key 'deadline' stands twice, first on line 8",
    ),
    (
        "an object",
        edited("question", ("text: ", "text: !!python/object/apply:os.system ")),
        r"in.yaml:3:7: .*tags are not used",
    ),
    (
        "a bomb of aliases",
        "a: &a [x, x]\nb: &b [*a, *a]\n",
        r"in.yaml:1:4: .*anchors, aliases and tags are not used here",
    ),
    ("nested without end", "a: " + "[" * 9999, r"in.yaml:1:\d+: not valid YAML: nested too deeply"),
    ("huge YAML", 9_000_000, r"in.yaml: expected at most 0.25 MB; the file is larger"),
    ("byte order mark in YAML", "\ufeffa: 1\n", r"in.yaml:1:1: the file is UTF-8 with a byte order mark"),
    (
        "escape sequences in a key",
        edited("question") + '"\\e[31mred\\n": 1\n',
        r"in.yaml:\d+:1: \\x1b\[31mred\\n: unknown key\n$",
    ),
    (
        "key misspelt",
        edited("question", ("deadline:", "dedline:")),
        r"in.yaml:\d+:1: dedline: unknown key \(did you mean \"deadline\"\?\)",
    ),
    (
        "key missing",
        edited("question", ("time_zone: America/New_York", "")),
        r"in.yaml:1:1: time_zone: required key is missing",
    ),
    (
        "a number for text",
        edited("question", ("question_id: trump-xi-2025", "question_id: 5")),
        r"in.yaml:2:14: .*expected text; found 5",
    ),
    (
        "an impossible deadline",
        edited("question", ("2025-12-31", "2025-12-32")),
        r"in.yaml:8:11: .*2025-12-32 does not exist",
    ),
    (
        "a deadline with a time",
        edited("question", ("2025-12-31", "2025-12-31 23:59")),
        r"in.yaml:8:11: .*without time or zone",
    ),
    (
        "as-of after the deadline",
        edited("question", ("2025-07-11", "2026-07-11")),
        r"deadline: expected a day not before as_of",
    ),
    (
        "as-of before the record",
        edited("question", ("2025-07-11", "1950-07-11"), ("2025-12-31", "1950-12-31")),
        r"in.yaml:7:8: as_of: expected a day with a record; the ledger begins on 19\d\d",
    ),
    (
        "a deadline years away",
        edited("question", ("2025-12-31", "2035-12-31")),
        r"in.yaml:8:11: deadline: expected .* at most 1098 days",
    ),
    (
        "unknown time zone",
        edited("question", ("America/New_York", "America/NewYork")),
        r"did you mean \"America/New_York\"",
    ),
    (
        "a path for a time zone",
        edited("question", ("America/New_York", "../../etc/passwd")),
        r"unknown time zone",
    ),
    (
        "a path for an id",
        edited("question", ("trump-xi-2025", "../../x")),
        r"in.yaml:2:14: question_id: expected text like",
    ),
    (
        "one side",
        edited("question", ("  - {code: CN, country: China, office: president, leader: Xi}\n", "")),
        r"sides: expected at least 2",
    ),
    (
        "twice the same side",
        edited("question", ("code: CN", "code: US")),
        r"sides: expected two different codes; found US twice",
    ),
    (
        "a side the ledger lacks",
        edited("question", ("code: CN", "code: RU")),
        r"signals.csv:\d+:\d+: actor: expected one of US, RU, both",
    ),
]
PRIOR_FILES = [
    (
        "a parameter misspelt",
        edited("priors", ("\n  breaks:\n", "\n  breakss:\n")),
        r"breakss: unknown parameter \(did you mean \"breaks\"\?\)",
    ),
    (
        "a parameter missing",
        edited("priors", ("\n  breaks:\n", "\n  other:\n")),
        r"in.yaml:\d:1: parameters: required parameter breaks is missing",
    ),
    (
        "a negative scale",
        priors("held", "dist: HalfNormal\n    args: {sigma: -1}"),
        r"in.yaml:\d+:\d+: parameters.held.args: expected sigma between 0 and 1e\+09; found -1",
    ),
    (
        "an infinite argument",
        priors("held", "dist: Beta\n    args: {alpha: .inf, beta: 1}"),
        r"alpha: expected a finite number; found inf",
    ),
    (
        "no number",
        priors("held", "dist: Beta\n    args: {alpha: .nan, beta: 1}"),
        r"alpha: expected a finite number; found nan",
    ),
    (
        "a number in quotes",
        priors("held", "dist: Beta\n    args: {alpha: '2', beta: 1}"),
        r"alpha: expected a number; found '2'",
    ),
    (
        "yes for a number",
        priors("held", "dist: Beta\n    args: {alpha: true, beta: 1}"),
        r"alpha: expected a number; found True",
    ),
    (
        "no mass",
        priors("held", "dist: Uniform\n    args: {lower: 1, upper: 1}"),
        r"held.args: expected lower below upper; found 1 and 1",
    ),
    (
        "mass outside",
        priors("held", "dist: Uniform\n    args: {lower: 2, upper: 3}"),
        r"held.dist: expected values between 0 and 1; Uniform goes from 2 to 3",
    ),
    (
        "a probability above one",
        priors("held", "dist: LogNormal\n    args: {mu: 0, sigma: 1}"),
        r"held.dist: expected values between 0 and 1",
    ),
    (
        "a factor below one",
        priors("tone_factor", "dist: Normal\n    args: {mu: 0, sigma: 1}"),
        r"tone_factor.dist: expected values from 1 up; Normal",
    ),
    (
        "a negative rate",
        priors("visit_rate", "dist: Normal\n    args: {mu: 0, sigma: 1}"),
        r"visit_rate.dist: expected values from 0 up",
    ),
    (
        "quantiles no Beta has",
        priors("held", "dist: Beta\n    quantiles: {5%: 0.5, 95%: 1.5}"),
        r"held.quantiles: expected values between 0 and 1",
    ),
    (
        "quantiles that fall",
        priors("held", "dist: Beta\n    quantiles: {5%: 0.9, 95%: 0.1}"),
        r"expected both levels and values to increase",
    ),
    (
        "quantiles no Gamma has",
        priors("visit_rate", "dist: Gamma\n    quantiles: {90.5%: 0.0001, 97%: 300}"),
        r"no Gamma has the quantiles",
    ),
    (
        "unknown distribution",
        priors("held", "dist: beta\n    args: {alpha: 2, beta: 1}"),
        r"dist: expected one of .*did you mean \"Beta\"",
    ),
    (
        "an argument misspelt",
        priors("held", "dist: Beta\n    args: {alfa: 2, beta: 1}"),
        r"unknown argument alfa \(did you mean \"alpha\"\?\)",
    ),
    (
        "learned later",
        priors("held", "dist: Beta\n    args: {alpha: 2, beta: 1}\n    learned_from: 2025-07-12"),
        r"held.learned_from: expected a day not after as_of, which is 2025-07-11; found 2025-07-12",
    ),
    (
        "a ratio above one",
        edited(
            "priors",
            (
                "unit: ratio\n    dim: level\n    dist: Beta\n    args: {alpha: 1, beta: 4}",
                "unit: ratio\n    dim: level\n    dist: Exponential\n    args: {scale: 1}",
            ),
        ),
        r"misled.dist: expected values between 0 and 1; Exponential goes from 0 to",
    ),
    (
        "a dim of nothing",
        edited("priors", ("dim: level\n", "dim: side\n")),
        r"said.dim: expected one of level; found 'side'",
    ),
    (
        "a negative weight",
        edited("priors", ("weight: 1\n", "weight: -1\n")),
        r"in.yaml:\d+:\d+: kinds.leader_call.weight: expected at least 0.0; found -1",
    ),
    (
        "a weight in words",
        edited("priors", ("weight: 1\n", "weight: one\n")),
        r"in.yaml:\d+:\d+: kinds.leader_call.weight: expected a number; found 'one'",
    ),
    (
        "a weight as a distribution",
        edited("priors", ("weight: 1\n", "weight: {dist: LogNormal}\n")),
        r"kinds.leader_call.weight: expected a number; found",
    ),
    (
        "a share above one",
        edited("priors", ("named_day: 0.9", "named_day: 1.9")),
        r"structure.named_day: expected less than 1",
    ),
    (
        "no days at risk",
        edited("priors", ("at_risk: 30", "at_risk: 0")),
        r"structure.at_risk: expected at least 1; found 0",
    ),
    ("run.yaml for priors.yaml", edited("run"), r"in.yaml:1:1: parameters: required key is missing"),
]
BESIDE = ("--occasions", f"{SEEDS}/occasions.csv")
FILES = [
    (what, {"in.csv": content}, ("check", "--only", option, "{tmp}/in.csv", *more), says)
    for option, more, rows in (
        ("--signals", BESIDE, SIGNAL_FILES),
        ("--occasions", (), OCCASION_FILES),
        ("--visit-windows", BESIDE, WINDOW_FILES),
    )
    for what, content, says in rows
]
FILES += [
    (what, {"in.yaml": content}, ("check", option, "{tmp}/in.yaml"), says)
    for option, rows in (("--question", QUESTION_FILES), ("--priors", PRIOR_FILES))
    for what, content, says in rows
]

ROW = (
    "--kind",
    "leader_call",
    "--strength",
    "3",
    "--actor",
    "both",
    "--grade",
    "A1",
    "--public-date",
    "2025-07-10",
    "--description",
    "The leaders speak.",
    "--source",
    "A test",
    "--to",
    "{tmp}/mine.csv",
)
MINE = {"mine.csv": HEADER}
SWEEP = {"s.yaml": "means: x\nas_of: [2025-07-11]\n"}
WORDS = [
    ("verb misspelt", {}, ("forcast",), r"invalid choice: 'forcast' .*did you mean \"forecast\""),
    ("another verb misspelt", {}, ("chekc",), r"did you mean \"check\""),
    ("no verb", {}, (), r"required"),
    (
        "option misspelt",
        {},
        ("forecast", "--asof", "2025-07-11"),
        r"unrecognized arguments: --asof 2025-07-11 \(did you mean \"--as-of\"\?\)",
    ),
    (
        "option that paints the terminal",
        {},
        ("check", "--\x1b[31mx"),
        r"unrecognized arguments: --\\x1b\[31mx",
    ),
    ("option cut short", {}, ("check", "--sig", "x.csv"), r"unrecognized arguments: --sig x.csv"),
    (
        "as-of in words",
        {},
        ("forecast", "--as-of", "tomorrow"),
        r"as_of: expected a day written .*or zone; found 'tomorrow'",
    ),
    (
        "as-of of no calendar",
        {},
        ("forecast", "--as-of", "2025-02-30"),
        r"as_of: .*2025-02-30 does not exist",
    ),
    (
        "as-of with a zone",
        {},
        ("forecast", "--as-of", "2025-07-11T00:00+02:00"),
        r"as_of: .*without time or zone",
    ),
    (
        "as-of long ago",
        {},
        ("forecast", "--as-of", "1950-01-01"),
        r"as_of: expected a day with a record; the ledger begins on 19\d\d",
    ),
    (
        "as-of past the deadline",
        {},
        ("forecast", "--as-of", "2026-01-01"),
        r"question.yaml:8:11: deadline: expected a day not before as_of",
    ),
    (
        "deadline past",
        {},
        ("forecast", "--deadline", "2025-07-01"),
        r"deadline: expected a day not before as_of, which is 2025-07-11",
    ),
    (
        "seed in words",
        {},
        ("forecast", "--random-seed", "x"),
        r"argument --random-seed: invalid int value: 'x'",
    ),
    (
        "seed below zero",
        {},
        ("forecast", "--random-seed", "-1"),
        r"random_seed: expected at least 0; found -1",
    ),
    (
        "endless seed",
        {},
        ("forecast", "--random-seed", "9" * 5000),
        r"argument --random-seed: invalid int value",
    ),
    (
        "scenario misspelt",
        {},
        ("forecast", "--scenario", "sceptik"),
        r"scenario: expected a file of params/scenarios.*did you mean \"sceptic\"",
    ),
    (
        "scenario elsewhere",
        {},
        ("forecast", "--scenario", "../question"),
        r"scenario: expected a file of params/scenarios by its name",
    ),
    (
        "file misspelt",
        {},
        ("forecast", "--signals", "{seeds}/signal.csv"),
        r"seeds/signal.csv: no such file \(did you mean \"signals.csv\"\?\)",
    ),
    (
        "no such file",
        {},
        ("check", "--question", "/nowhere/question.yaml"),
        r"/nowhere/question.yaml: no such file",
    ),
    ("folder for a file", {}, ("check", "--signals", "{tmp}"), r"expected a file; this is a folder"),
    ("device for a file", {}, ("check", "--signals", "/dev/zero"), r"/dev/zero: expected a regular file"),
    (
        "file for a folder",
        {"a": "x"},
        ("check", "--signals", "{tmp}/a/b.csv"),
        r"a/b.csv: (no such file|cannot be read: Not a directory)",
    ),
    ("name beyond measure", {}, ("check", "--signals", "x" * 999), r"cannot be read: File name too long"),
    (
        "bytes that are no text",
        {},
        ("check", "--signals", "\udcff.csv"),
        r"options: expected text in UTF-8; found '\\udcff.csv'",
    ),
    (
        "nothing to read",
        {},
        ("check", "--only"),
        r"as_of: expected a day with a record; the ledger has no rows",
    ),
    (
        "latest of nothing",
        {},
        ("forecast", "--only", "--as-of", "latest"),
        r"expected a day with a record; the ledger has no rows",
    ),
    (
        "added kind misspelt",
        {},
        ("forecast", "--add", "leadercall:2"),
        r"--add: unknown kind 'leadercall' \(did you mean \"leader_call\"\?\)",
    ),
    (
        "added without strength",
        {},
        ("forecast", "--add", "leader_call"),
        r"--add: expected KIND:STRENGTH\[:OCCASION\]\[:ACTOR\]\[@DATE\]; found",
    ),
    (
        "attendance added of nothing",
        {},
        ("forecast", "--add", "attendance:3:US"),
        r"--add: expected attendance:STRENGTH:OCCASION:ACTOR with an occasion of many leaders; found 'attendance:3:US'",
    ),
    (
        "attendance added of a third side",
        {},
        ("forecast", "--add", "attendance:3:2025-apec-gyeongju:RU"),
        r"--add: for ACTOR, expected one of US, CN, both; found 'RU'",
    ),
    (
        "attendance added of nobody",
        {},
        ("forecast", "--add", "attendance:3:2025-apec-gyeongju"),
        r"--add: expected an actor US or CN; both is about the occasion, which is called off \(-3\)",
    ),
    (
        "coming misspelt",
        {},
        ("forecast", "--set", "2025-apec-gyeongju=US:stay-away"),
        r"--set: expected OCCASION=STATUS; for STATUS, expected one of .*did you mean \"US:stays-away\"",
    ),
    (
        "coming of a third side",
        {},
        ("forecast", "--set", "2025-apec-gyeongju=RU:comes"),
        r"--set: expected OCCASION=STATUS; for STATUS, .*did you mean \"(US|CN):comes\"",
    ),
    (
        "coming to a visit",
        {},
        (
            "forecast",
            "--as-of",
            "2017-10-01",
            "--deadline",
            "2017-12-31",
            "--set",
            "2017-visit-trump-beijing=US:comes",
        ),
        r"--set: expected an occasion of many leaders for US:comes; 2017-visit-trump-beijing is a visit",
    ),
    (
        "added beyond the scale",
        {},
        ("forecast", "--add", "leader_call:4"),
        r"--add: expected a strength from 1 to 3 for leader_call; found 4",
    ),
    (
        "added without end",
        {},
        ("forecast", "--add", "leader_call:" + "9" * 5000),
        r"--add: expected KIND:STRENGTH",
    ),
    (
        "added to no occasion",
        {},
        ("forecast", "--add", "visit_planning:2:2025-apec-gyonju"),
        r"--add: .*did you mean \"2025-apec-gyeongju\"",
    ),
    (
        "added tomorrow",
        {},
        ("forecast", "--add", "leader_call:2@2025-07-12"),
        r"--add: expected a day not after the as-of date 2025-07-11",
    ),
    (
        "added on no day",
        {},
        ("forecast", "--add", "leader_call:2@2025-02-30"),
        r"--add: .*2025-02-30 does not exist",
    ),
    (
        "status misspelt",
        {},
        ("forecast", "--set", "2025-apec-gyeongju=anounced"),
        r"--set: .*did you mean \"announced\"",
    ),
    (
        "status of nothing",
        {},
        ("forecast", "--set", "2025-apec=refused"),
        r"--set: unknown occasion '2025-apec' on 2025-07-11",
    ),
    (
        "removed misspelt",
        {},
        ("forecast", "--remove", "2025-06-05-xi-invites-trumpp"),
        r"--remove: .*did you mean \"2025-06-05-xi-invites-trump\"",
    ),
    (
        "two answers at once",
        {},
        ("forecast", "--report", "--prior-only"),
        r"expected one of --report and --prior-only; found both",
    ),
    (
        "a report outside",
        {},
        ("forecast", "--report", "--name", "../x"),
        r"--name: expected the name of a folder for the run",
    ),
    (
        "a report anywhere",
        {},
        ("forecast", "--report", "--name", "{tmp}/x"),
        r"--name: expected the name of a folder for the run",
    ),
    (
        "a report over the record",
        {},
        ("forecast", "--report", "--name", "record"),
        r"--name: expected .* other than record; found 'record'",
    ),
    (
        "a nameless report",
        {},
        ("forecast", "--report", "--name", ""),
        r"--name: expected the name of a folder for the run",
    ),
    (
        "nothing said of the row",
        {},
        ("add", "--kind", "leader_call"),
        r"the following arguments are required: --strength",
    ),
    (
        "added row of no kind",
        MINE,
        ("add", *ROW, "--kind", "leader_cal"),
        r"mine.csv:2:\d+: kind: .*did you mean \"leader_call\"",
    ),
    (
        "added row beyond the scale",
        MINE,
        ("add", *ROW, "--strength", "9"),
        r"mine.csv:2:\d+: strength: expected one of",
    ),
    ("added row on no day", MINE, ("add", *ROW, "--public-date", "10 July"), r"public_date: expected a day"),
    (
        "added row about nothing",
        MINE,
        ("add", *ROW, "--occasion", "2025-apec-gyeongj"),
        r"occasion: unknown .*did you mean \"2025-apec-gyeongju\"",
    ),
    (
        "added day of no announcement",
        MINE,
        ("add", *ROW, "--for-date", "2025-10-30"),
        r"mine.csv:2:\d+: for_date: expected a day only on a row of kind summit_announced",
    ),
    (
        "added day to a file without the column",
        {"mine.csv": HEADER.replace("for_date,", "")},
        (
            "add",
            *ROW,
            "--kind",
            "summit_announced",
            *("--occasion", "2025-apec-gyeongju"),
            "--for-date",
            "2025-10-30",
        ),
        r"mine.csv:1:1: for_date: expected a column for_date, as this row fills it; the file has none",
    ),
    (
        "added row that is there",
        MINE,
        ("add", *ROW, "--event-id", "2025-06-05-xi-invites-trump"),
        r"seeds/signals.csv:\d+:1: event_id: expected an id not used before",
    ),
    ("added row of two lines", MINE, ("add", *ROW, "--description", "a\nb"), r"mine.csv:\d:\d+: "),
    (
        "added row that is no text",
        MINE,
        ("add", *ROW, "--description", "a\udcff"),
        r"options: expected text in UTF-8",
    ),
    (
        "added formula",
        MINE,
        ("add", *ROW, "--source", "=1+1"),
        r"mine.csv:2:\d+: source: expected text that no spreadsheet",
    ),
    (
        "added to no seeds",
        {},
        ("add", *ROW[:-2], "--only"),
        r"--to: expected the file to append to, since --only leaves out the seeds",
    ),
    ("priors of no name", {}, ("check", "--priors", ""), r": expected a file; this is a folder"),
    (
        "table of no name",
        SWEEP,
        ("sweep", "{tmp}/s.yaml", "--out", ""),
        r"--out: expected a name ending in .csv",
    ),
    ("added to no file", {}, ("add", *ROW), r"mine.csv: no such file"),
    ("no such run", {}, ("compare", "2025-07-12"), r"no such rendered run: .*did you mean \"2025-07-11\""),
    ("no run at all", {}, ("compare", ".."), r"no such rendered run: expected one of .*2025-07-11"),
    (
        "a run without inputs",
        {"run/forecast.json": "{"},
        ("compare", "{tmp}/run"),
        r"run/inputs/question.yaml: no such file",
    ),
    ("no sweep", {}, ("sweep", "{tmp}/sweep.yaml"), r"sweep.yaml: no such file"),
    (
        "sweep of another question",
        SWEEP,
        ("sweep", "{tmp}/s.yaml", "--as-of", "2025-01-01"),
        r"as_of: the sweep file varies its as_of itself",
    ),
    (
        "sweep into a folder",
        SWEEP,
        ("sweep", "{tmp}/s.yaml", "--out", "{tmp}"),
        r"--out: expected a name ending in .csv",
    ),
    (
        "sweep into a file",
        SWEEP,
        ("sweep", "{tmp}/s.yaml", "--out", "{tmp}/s.yaml/x.csv"),
        r"s.yaml/x.csv: cannot be written: ",
    ),
    (
        "sweep into the system",
        SWEEP,
        ("sweep", "{tmp}/s.yaml", "--out", "/proc/summit/x.csv"),
        r"/proc/summit/x.csv: cannot be written",
    ),
]
SWEEPS = [
    ("sweep of a wrong day", "as_of: [2025-02-30]", r"s.yaml:2:9: as_of.0: .*does not exist"),
    ("sweep of no days", "as_of: 2025-07-11", r"s.yaml:2:8: as_of: expected a list"),
    (
        "sweep in steps of nothing",
        "as_of: {first: 2025-07-01, last: 2025-07-11, days: 0}",
        r"s.yaml:2:\d+: as_of.days: expected at least 1; found 0\n$",
    ),
    (
        "sweep backwards",
        "as_of: {first: 2025-07-11, last: 2025-07-01, days: 1}",
        r"s.yaml:2:8: as_of: expected last not before first",
    ),
    (
        "sweep without end",
        "as_of: {first: 1900-01-01, last: 2199-12-31, days: 1}",
        r"s.yaml:2:8: as_of: expected at most 2000 days",
    ),
    (
        "sweep misspelt",
        "as_of: {frist: 2025-07-01, last: 2025-07-11, days: 1}",
        r"s.yaml:2:9: as_of.frist: unknown key \(did you mean \"first\"\?\)",
    ),
    (
        "sweep of days long ago",
        "as_of: [2025-07-11, 1950-01-01]",
        r"s.yaml:2:8: as_of: expected a day with a record",
    ),
    ("sweep of no scenario", "scenarios: [../x]", r"s.yaml:2:12: scenarios: .*found '../x'"),
    (
        "sweep past the deadline",
        "deadlines: [2025-01-01]",
        r"s.yaml:2:12: deadlines: expected a day not before as_of",
    ),
]
BROKEN_RUNS = [
    (
        "forecast file cut short",
        '{\n "as_of": ',
        r"forecast.json:2:11: expected a forecast file .*found no JSON",
    ),
    ("forecast file of nothing", "[]", r"forecast.json:1:1: expected a forecast file .*found other fields"),
    (
        "forecast file with other keys",
        "{}",
        r"forecast.json:1:1: expected a forecast file .*found other fields",
    ),
    ("forecast file without end", "[" * 99999, r"forecast.json:1:1: expected a forecast file"),
    ("forecast file in Latin-1", '{"é": 1}'.encode("latin-1"), r"forecast.json:1:3: expected UTF-8 text"),
]
INPUTS = forecast.input_files(SimpleNamespace(params=load_params(), whole=forecast.read(load_params())))
RUNS = [
    (
        what,
        {f"run/inputs/{name}": text for name, text in INPUTS.items()} | {"run/forecast.json": content},
        ("compare", "{tmp}/run"),
        says,
    )
    for what, content, says in BROKEN_RUNS
]
CASES = [
    (what, {"s.yaml": f"means: x\n{text}\n"}, ("sweep", "{tmp}/s.yaml"), says) for what, text, says in SWEEPS
]
TABLE = [*FILES, *WORDS, *CASES, *RUNS]


def state(tmp_path):
    """Size and time of every file that bad input must leave alone."""
    folders = (tmp_path, SEEDS, PARAMS, ROOT / "notebooks")
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for folder in folders
        for path in folder.rglob("*")
    }


def laid_out(tmp_path, contents, arguments):
    """The arguments, the files they name being written."""
    for name, content in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, int):
            with path.open("wb") as stream:
                stream.truncate(content)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [word.replace("{tmp}", str(tmp_path)).replace("{seeds}", str(SEEDS)) for word in arguments]


def test_the_table_is_long_and_every_row_has_a_name_of_its_own():
    assert len(TABLE) >= 80 and len({row[0] for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("contents, arguments, says", [pytest.param(*row[1:], id=row[0]) for row in TABLE])
def test_bad_input_is_told_and_nothing_answered_or_written(tmp_path, capsys, contents, arguments, says):
    words = laid_out(tmp_path, contents, arguments)
    before = state(tmp_path)
    try:
        code = main(words)
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr()
    assert (code, said.out) == (2, "") and re.search(says, said.err), said.err
    assert all(line.isprintable() for line in said.err.splitlines()) and state(tmp_path) == before


@pytest.mark.parametrize(
    "what", ["an impossible day", "broken YAML", "option misspelt", "bytes that are no text"]
)
def test_a_process_of_its_own_says_the_same(tmp_path, what):
    _, contents, arguments, says = next(row for row in TABLE if row[0] == what)
    done = subprocess.run(
        [sys.executable, "-m", "model", *laid_out(tmp_path, contents, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=ROOT,
    )
    assert (
        (done.returncode, done.stdout) == (2, "")
        and re.search(says, done.stderr)
        and "Traceback" not in done.stderr
    )


def test_bad_rows_are_told_all_at_once(tmp_path, capsys):
    row = signals({"public_date": "2025-06-31", "kind": "envoy_meting", "strength": "7"})
    words = laid_out(tmp_path, {"in.csv": row}, ("check", "--signals", "{tmp}/in.csv"))
    assert main(words) == 2 and len(capsys.readouterr().err.splitlines()) == 3


# What the system refuses


@pytest.mark.parametrize(
    "number, reason",
    [(13, "Permission denied"), (28, "No space left on device"), (30, "Read-only file system")],
)
def test_a_disk_that_takes_nothing_is_told_and_the_ledger_stays(
    tmp_path, monkeypatch, capsys, number, reason
):
    def refuse(*_):
        raise OSError(number, reason)

    words = laid_out(tmp_path, MINE, ("add", *ROW))
    monkeypatch.setattr(disk.os, "replace", refuse)
    assert main(words) == 2
    assert f"mine.csv: cannot be written: {reason}" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"] and (
        tmp_path / "mine.csv"
    ).read_text() == HEADER


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch, capsys):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER)
    opened = Path.open

    def refuse(self, *mode, **more):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *mode, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert main(["check", "--signals", str(path)]) == 2
    assert "mine.csv: cannot be read: Permission denied" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch, capsys):
    words = laid_out(tmp_path, MINE | {".cache": "a file where a folder should be"}, ("add", *ROW))
    monkeypatch.setattr(disk, "CACHE", tmp_path / ".cache")
    assert main(words) == 2 and re.search(r"\.cache.*: cannot be read or written: ", capsys.readouterr().err)
    assert (tmp_path / "mine.csv").read_text() == HEADER


def test_an_output_that_takes_nothing_is_told():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "model", "check"], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
    assert (done.returncode, done.stderr) == (
        2,
        "output: cannot be read or written: No space left on device\n",
    )
