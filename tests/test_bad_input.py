"""Bad input gives exit code 2 and a message with the place, the expected input and the nearest word."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tables import cases, says

from model.answer import forecast
from model.cli import main
from model.evidence.rows import OCCASION_COLUMNS, SIGNAL_COLUMNS, WINDOW_COLUMNS
from model.files import disk
from model.files.csv_files import csv_text, read_csv
from model.paths import PARAMS, ROOT, SEEDS
from model.settings.params import load_params

HEADER = ",".join(SIGNAL_COLUMNS) + "\n"
COLUMNS = {"signals": SIGNAL_COLUMNS, "occasions": OCCASION_COLUMNS, "visit_windows": WINDOW_COLUMNS}
FIRST = {
    "signals": "2025-07-11-rubio-wang-kl",
    "occasions": "2025-apec-gyeongju",
    "visit_windows": "2001-visit-bush-beijing",
}
"""The row of each table that the rows below change."""

# The changed cells of a row, "/" between rows, and what `check` says of a file of these rows.
ROWS = {
    "signals": """
- / -
    in.csv:3:1: event_id: expected an id not used before in this file; …line 2
event_id=rubio
    in.csv:2:1: event_id: expected a date, then words
public_date=2025-02-30
    in.csv:2:…: public_date: …2025-02-30 does not exist
event_date=2025-07-12
    public_date: expected a day not before event_date
kind=envoy_meting
    in.csv:2:…: kind: expected …did you mean "envoy_meeting"
actor=cn
    actor: expected one of US, CN, both; found 'cn' (did you mean "CN"?)
strength=inf
    strength: expected one of -3, -2, -1, 1, 2, 3; found 'inf'
strength=-1
    strength: expected 1 to 3, as envoy_meeting points up; found -1
grade=
    grade: expected an Admiralty code, a letter A to F and a digit 1 to 6; found ''
occasion=2025-apec-gyonju
    occasion: unknown …did you mean "2025-apec-gyeongju"
same_as=2025-07-11-x
    in.csv:2:…: same_as: unknown event '2025-07-11-x'
same_as=2025-07-11-rubio-wang-kl
    same_as: expected another row; found the row itself
search=evn
    in.csv:2:…: search: expected one of first, even, losses; found 'evn' (did you mean "even"?)
for_date=2025-10-30
    in.csv:2:…: for_date: expected a day only on a row of kind summit_announced that names an occasion
kind=summit_announced; strength=3; for_date=2025-10-30
    for_date: expected a day only on a row of kind summit_announced that names an occasion
kind=summit_announced; strength=3; occasion=2025-apec-gyeongju; for_date=2025-07-10
    for_date: expected a day not before public_date, which is 2025-07-11; found 2025-07-10
kind=summit_announced; strength=3; occasion=2025-apec-gyeongju; for_date=2025-02-30
    in.csv:2:…: for_date: …2025-02-30 does not exist
kind=attendance; actor=US; strength=-2
    occasion: expected the occasion that the leader will attend or miss; the cell is empty
kind=attendance; actor=US; strength=-2; occasion=2017-visit-trump-beijing
    in.csv:2:…: occasion: expected an occasion of many leaders; 2017-visit-trump-beijing is a visit
kind=attendance; actor=RU; strength=-2; occasion=2025-apec-gyeongju
    actor: expected one of US, CN, both; found 'RU'
description=
    description: expected some text; the cell is empty
description=LONG
    description: expected at most 140 characters; found 9999
description==HYPERLINK(A1)
    description: expected text that does not start like a spreadsheet formula
source=@SUM(1)
    source: expected text that does not start like a spreadsheet formula; found '@SUM
source=a \u202e b
    source: expected text without control and direction characters; found U+202E
""",
    "occasions": """
- / -
    in.csv:3:1: occasion_id: expected an id not used before
- / occasion_id=2025-apec-again
    in.csv:3:1: …one row for an encounter
type=apek
    type: expected one of …did you mean "apec"
host=Korea
    host: expected an ISO 3166 code of two capital letters
end_date=2025-10-01
    end_date: expected a day not before start_date
known_from=2025-12-01
    start_date: expected a day not before known_from
held_in_person=
    held_in_person: expected attended, held_in_person, met all filled
met_date=
    met_date: expected a day if met is yes
met_date=2025-06-01
    met_date: expected a day from 2025-10-… to 2025-11-
attended=US; note=
    met: expected attended both and held in person yes
leader_1=
    leader_1: expected some text; the cell is empty
name=+1
    name: expected text that does not start like a spreadsheet formula
""",
    "visit_windows": """
- / -
    in.csv:3:1: occasion_id: expected an id not used before
occasion_id=1989-x
    in.csv:2:1: occasion_id: unknown occasion '1989-x'
occasion_id=2025-apec-gyeongju; public_date=2025-06-01
    expected a visit; … type apec
public_date=1980-01-01
    occasion_id: expected an occasion known by 1980
earliest=2030-01-02; latest=2030-01-01
    latest: …not before earliest
latest=
    latest: expected earliest and latest both filled, or both empty
""",
}
# What is changed in the header of the signals, and what is said.
HEADERS = """
grade, =>
    in.csv:1:1: missing column grade
grade => grad
    in.csv:1:…: unknown column 'grad' (did you mean "grade"?)
for_date => fordate
    in.csv:1:…: unknown column 'fordate' (did you mean "for_date"?)
event_date,public_date => public_date,event_date
    in.csv:1:10: expected column event_date here; found public_date
for_date, =>
    in.csv:2:…: expected 14 cells; found 15
"""
# What is changed in a params file, and what `check` says; faults of types and ranges are in test_params.
PARAMS_FILES = r"""
question | sides: => sides: [
    in.yaml:…: not valid YAML: 
question | resolver: => "\e[31mred": 1\nresolver:
    in.yaml:…:1: expected text without control and direction characters; found U+001B
question | deadline: => dedline:
    in.yaml:…:1: dedline: unknown key (did you mean "deadline"?)
question | 2025-12-31 => 2025-12-32
    in.yaml:8:11: …2025-12-32 does not exist
question | as_of: 2025-07-11 => as_of: 1950-07-11
    in.yaml:7:8: as_of: expected a day with a record; the ledger begins on 19
question | 2025-12-31 => 2035-12-31
    in.yaml:8:11: deadline: expected … at most 1098 days
question | trump-xi-2025 => ../../x
    in.yaml:2:14: question_id: expected small letters and digits, joined by hyphens; found '../../x'
question | code: CN => code: RU
    in.yaml:4:1: sides: expected CN and US, the sides of the seeds; found US and RU; for another pair add
priors | \n  breaks:\n => \n  breakss:\n
    breakss: unknown parameter (did you mean "breaks"?)
priors | \n  breaks:\n => \n  other:\n
    in.yaml:…:1: parameters: required parameter breaks is missing
priors | quantiles: {5%: 0.2, 95%: 1.5} => quantiles: {90.5%: 0.0001, 97%: 300}
    visit_rate: no Gamma has the quantiles
priors | dim: level\n    dist => dim: side\n    dist
    said.dim: expected one of level; found 'side'
priors | 5%: 0.80 => 5%: -1
    held.quantiles: expected values between 0 and 1, where Beta has mass
"""
# A command line and what is said; ROW stands for the words of a sound row, MINE for an empty table.
COMMANDS = r"""
forcast
    invalid choice: 'forcast' …did you mean "forecast"
''
    invalid choice: ''
forecast --asof 2025-07-11
    unrecognized arguments: --asof 2025-07-11 (did you mean "--as-of"?)
check --sig x.csv
    unrecognized arguments: --sig x.csv
check --json
    summit check: unrecognized arguments: --json (only forecast and add can use it)
check --random-seed 1
    unrecognized arguments: --random-seed 1 (only forecast, add, sweep and backtest can use it)
add ROW --name x
    unrecognized arguments: --name x (only forecast can use it)
sweep TMP/s.yaml --opens 2025-08-01
    unrecognized arguments: --opens 2025-08-01 (only forecast, add and check can use it)
backtest --deadline 2024-01-01
    unrecognized arguments: --deadline 2024-01-01 (only forecast, add, sweep and check can use it)
forecast --as-of tomorrow
    as_of: expected a day written …or zone; found 'tomorrow'
forecast --as-of 1950-01-01
    as_of: expected a day with a record; the ledger begins on 19
forecast --deadline 2025-07-01
    deadline: expected a day not before as_of, which is 2025-07-11
forecast --random-seed x
    argument --random-seed: expected a whole number; found 'x'
forecast --random-seed -1
    random_seed: expected at least 0; found -1
forecast --random-seed LONG
    argument --random-seed: expected a whole number; found '999
forecast --scenario sceptik
    scenario: expected a file of params/scenarios…did you mean "sceptic"
forecast --scenario ../question
    scenario: expected a file of params/scenarios by its name
forecast --signals SEEDS/signal.csv
    seeds/signal.csv: no such file (did you mean "signals.csv"?)
check --signals TMP
    expected a file; this is a folder
check --signals /dev/zero
    /dev/zero: expected a regular file
check --signals MINE/b.csv
    mine.csv/b.csv: 
check --signals LONG
    cannot be read: File name too long
check --priors ''
    : expected a file; this is a folder
check --only
    as_of: expected a day with a record; the ledger has no rows
forecast --only --as-of latest
    expected a day with a record; the ledger has no rows
forecast --add leadercall:2
    --add: unknown kind 'leadercall' (did you mean "leader_call"?)
forecast --add leader_call
    --add: expected KIND:STRENGTH[:OCCASION][:ACTOR][@DATE], such as visit_planning:2:2025-apec-gyeongju
forecast --add leader_call:LONG
    --add: expected KIND:STRENGTH
forecast --add leader_call:4
    --add: expected a strength from 1 to 3 for leader_call; found 4
forecast --add visit_planning:2:2025-apec-gyonju
    --add: …did you mean "2025-apec-gyeongju"
forecast --add leader_call:2@2025-07-12
    --add: expected a day not after the as-of date 2025-07-11
forecast --add leader_call:2@2025-02-30
    --add: …2025-02-30 does not exist
forecast --add attendance:3:US
    --add: expected the occasion that it is about: attendance:STRENGTH:OCCASION:ACTOR
forecast --add attendance:3:2025-apec-gyeongju:RU
    --add: for ACTOR, expected one of US, CN, both; found 'RU'
forecast --add attendance:3:2025-apec-gyeongju
    --add: …attendance:3:2025-apec-gyeongju:US or attendance:3:2025-apec-gyeongju:CN (without a side, only -3
forecast --set 2025-apec-gyeongju=anounced
    --set: …did you mean "announced"
forecast --set 2025-apec-gyeongju=US:stay-away
    --set: expected OCCASION=STATUS; for STATUS, expected one of …did you mean "US:stays-away"
forecast --set 2025-apec-gyeongju=RU:comes
    --set: expected OCCASION=STATUS; for STATUS, …did you mean "…:comes"
forecast --set 2025-apec=refusd
    --set: …did you mean "refused"
    --set: unknown occasion '2025-apec' on 2025-07-11 (did you mean "2025-apec-gyeongju"?); summit check lists
forecast --as-of 2017-10-01 --deadline 2017-12-31 --set 2017-visit-trump-beijing=US:comes
    --set: expected an occasion of many leaders for US:comes; 2017-visit-trump-beijing is a visit
forecast --remove 2025-06-05-xi-invites-trumpp
    --remove: …did you mean "2025-06-05-xi-invites-trump"
forecast --report --prior-only
    --prior-only: expected without --report
forecast --report --json
    --json: expected without --report
forecast --name x
    --name: expected only together with --report
compare 2025-07-11 --markdown
    --markdown: expected only with two runs
backtest --log-only --monthly
    --monthly: expected without --log-only
forecast --report --name ../x
    --name: expected the name of a folder for the run
forecast --report --name TMP/x
    --name: expected the name of a folder for the run
forecast --report --name record
    --name: expected … other than record, … found 'record'
forecast --report --name ''
    --name: expected the name of a folder for the run
add --kind leader_cal
    options: --kind: …did you mean "leader_call"
    options: --strength: expected -3 to 3 without 0
    options: --grade: expected the grade of source and item
    options: --description: expected what is known
add ROW --to MINE --kind leader_cal
    options: --kind: …did you mean "leader_call"
add ROW --to MINE --strength 9
    options: --strength: expected one of
add ROW --to MINE --public-date 10.7.2025
    options: --public-date: expected a day …(write 2025-07-10)
add ROW --to MINE --kind attendance --actor '' --occasion 2025-apec-gyeongju
    options: --actor: expected the side
add ROW --to MINE --occasion 2025-apec-gyeongj
    occasion: unknown …did you mean "2025-apec-gyeongju"
add ROW --to MINE --for-date 2025-10-30
    options: --for-date: expected a day only on a row of kind summit_announced
add ROW --to TMP/old.csv --kind summit_announced --occasion 2025-apec-gyeongju --for-date 2025-10-30
    old.csv:1:1: for_date: expected a column for_date, as this row fills it; the file has none
add ROW --to MINE --event-id 2025-06-05-xi-invites-trump
    options: --event-id: expected an id not used before; 2025-06-05-xi-invites-trump is at seeds/signals.csv:
add ROW --to MINE --description 'a\nb'
    options: --description: …found U+000A
add ROW --to MINE --source =1+1
    options: --source: expected text that does not start like a spreadsheet formula
add ROW --only
    --to: expected the file to append to, since --only leaves out the seeds
add ROW --to TMP/gone/mine.csv
    gone/mine.csv: no such file
compare 2025-07-12
    expected a rendered run …needs a second run), such as 2025-07-11…did you mean "2025-07-11"
compare .. sceptic
    expected a rendered run, a day, a scenario, or DAY-SCENARIO, such as 2025-07-11
compare TMP/empty
    empty/inputs/question.yaml: no such file
sweep TMP/sweep.yaml
    sweep.yaml: no such file
sweep TMP/s.yaml --as-of 2025-01-01
    as_of: the sweep file varies its as_of itself
sweep TMP/s.yaml --out TMP
    --out: expected a name ending in .csv
sweep TMP/s.yaml --out TMP/s.yaml/x.csv
    s.yaml/x.csv: cannot be written: 
sweep TMP/s.yaml --out /proc/summit/x.csv
    /proc/summit/x.csv: cannot be written
"""
# The second line of a sweep file, and what is said.
SWEEPS = """
as_of: [2025-02-30]
    s.yaml:2:9: as_of.0: …does not exist
as_of: 2025-07-11
    s.yaml:2:8: as_of: expected a list
as_of: {first: 2025-07-01, last: 2025-07-11, days: 0}
    as_of.days: expected at least 1; found 0
as_of: {first: 2025-07-11, last: 2025-07-01, days: 1}
    s.yaml:2:8: as_of: expected last not before first
as_of: {first: 1900-01-01, last: 2199-12-31, days: 1}
    s.yaml:2:8: as_of: expected at most 2000 days
as_of: {frist: 2025-07-01, last: 2025-07-11, days: 1}
    s.yaml:2:9: as_of.frist: unknown key (did you mean "first"?)
as_of: [2025-07-11, 1950-01-01]
    s.yaml:2:8: as_of: expected a day with a record
scenarios: [../x]
    s.yaml:2:12: scenarios: …found '../x'
deadlines: [2025-01-01]
    s.yaml:2:12: deadlines: expected a day not before as_of
"""
FORECAST_FILES = {
    '{\n "as_of": ': "forecast.json:2:11: expected a forecast file …found no JSON",
    "[]": "forecast.json:1:1: expected a forecast file …found other fields",
    "{}": "forecast.json:1:1: expected a forecast file …found other fields",
    '{"schema_version": 2}': "forecast.json:1:1: …found schema version 2: render the run again",
    "[" * 99999: "forecast.json:1:1: expected a forecast file",
    '{"é": 1}'.encode("latin-1"): "forecast.json:1:3: expected UTF-8 text",
}
ROW = (
    "--kind leader_call --strength 3 --actor both --grade A1 --public-date 2025-07-10 "
    "--description 'The leaders speak.' --source 'A test'"
)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def words(tmp_path):
    """The words of a command line of the tables; the files it names are in a temporary folder."""
    write(tmp_path / "mine.csv", HEADER)
    write(tmp_path / "old.csv", HEADER.replace("for_date,", ""))
    write(tmp_path / "s.yaml", "means: x\nas_of: [2025-07-11]\n")
    write(tmp_path / "empty" / "forecast.json", "{")

    def split(line):
        line = line.replace("ROW", ROW).replace("MINE", "TMP/mine.csv").replace("LONG", "9" * 5000)
        return shlex.split(line.replace("TMP", str(tmp_path)).replace("SEEDS", str(SEEDS)))

    return split


@pytest.fixture
def refuses(tmp_path, capsys):
    """Asserts that a command says the expected text, answers nothing, and leaves every file as it was."""

    def state():
        paths = (
            path for folder in (tmp_path, SEEDS, PARAMS, ROOT / "notebooks") for path in folder.rglob("*")
        )
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}

    def check(arguments, *expected):
        before = state()
        try:
            code = main(list(arguments))
        except SystemExit as error:
            code = error.code
        said = capsys.readouterr()
        assert (code, said.out) == (2, "") and state() == before
        assert all(line.isprintable() for line in said.err.splitlines())
        assert all(says(said.err, wanted) for wanted in expected), said.err

    return check


def rows_of(table, changes):
    """The text of a file of a table: its first row, once for each of the changes."""
    columns, name = COLUMNS[table], FIRST[table]
    first = next(row for row in read_csv(SEEDS / f"{table}.csv", columns) if row[columns[0]] == name)
    rows = []
    for change in changes.replace("LONG", "x" * 9999).split(" / "):
        cells = dict(cell.split("=", 1) for cell in change.split("; ") if cell != "-")
        rows.append((dict(first) | cells).values())
    return csv_text(first, rows)


LEDGER_CASES = [(table, *case) for table, text in ROWS.items() for case in cases(text)]


@pytest.mark.parametrize("table, changes, expected", LEDGER_CASES)
def test_a_bad_row_of_the_ledger_is_refused(refuses, tmp_path, table, changes, expected):
    write(tmp_path / "in.csv", rows_of(table, changes))
    beside = [] if table == "occasions" else ["--occasions", str(SEEDS / "occasions.csv")]
    option = f"--{table.replace('_', '-')}"
    refuses(["check", "--only", *beside, option, str(tmp_path / "in.csv")], *expected)


@pytest.mark.parametrize("edit, expected", cases(HEADERS))
def test_a_bad_header_is_refused(refuses, tmp_path, edit, expected):
    old, new = edit.split(" =>")
    write(tmp_path / "in.csv", rows_of("signals", "-").replace(old, new.strip(), 1))
    refuses(["check", "--signals", str(tmp_path / "in.csv")], *expected)


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", "in.csv:1:1: the file is empty: expected the header event_id,"),
        (HEADER.encode("utf-16"), "in.csv:1:1: the file is text in UTF-16; save it as text in UTF-8"),
        (
            HEADER.encode() + b"x\n" * 5_000_000,
            "in.csv:2:2: expected 15 cells…:301:2: stopped looking after 300",
        ),
        (b"\0" * 40_000_000, "in.csv: expected at most 32 MB; the file is larger"),
    ],
    ids=["empty", "UTF-16", "millions of short lines", "huge"],
)
def test_a_file_that_is_no_table_is_refused(refuses, tmp_path, content, expected):
    write(tmp_path / "in.csv", content)
    refuses(["check", "--signals", str(tmp_path / "in.csv")], expected)


def test_every_fault_of_a_row_is_reported(tmp_path, capsys):
    write(tmp_path / "in.csv", rows_of("signals", "public_date=2025-06-31; kind=envoy_meting; strength=7"))
    assert main(["check", "--signals", str(tmp_path / "in.csv")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize("edit, expected", cases(PARAMS_FILES))
def test_a_bad_params_file_is_refused(refuses, tmp_path, edit, expected):
    name, _, change = edit.partition(" | ")
    old, new = change.split(" => ")
    text = (PARAMS / f"{name}.yaml").read_text("utf-8")
    assert old in text
    write(tmp_path / "in.yaml", text.replace(old, new, 1))
    refuses(["check", f"--{name}", str(tmp_path / "in.yaml")], *expected)


@pytest.mark.parametrize("line, expected", cases(COMMANDS))
def test_a_bad_command_is_refused(refuses, words, line, expected):
    refuses(words(line), *expected)


@pytest.mark.parametrize(
    "line, expected",
    [
        ("", "required"),
        ("check --\x1b[31mx", "unrecognized arguments: --\\x1b[31mx"),
        ("check --signals \udcff.csv", "options: expected text in UTF-8; found '\\udcff.csv'"),
        ("add ROW --to MINE --description a\udcff", "options: expected text in UTF-8"),
    ],
)
def test_hostile_words_are_refused(refuses, words, line, expected):
    refuses(words(line), expected)


@pytest.mark.parametrize("line, expected", cases(SWEEPS))
def test_a_bad_sweep_file_is_refused(refuses, tmp_path, line, expected):
    write(tmp_path / "s.yaml", f"means: x\n{line}\n")
    refuses(["sweep", str(tmp_path / "s.yaml")], *expected)


@pytest.mark.parametrize("content, expected", FORECAST_FILES.items(), ids=range(len(FORECAST_FILES)))
def test_a_bad_forecast_file_is_refused(refuses, tmp_path, content, expected):
    params = load_params()
    inputs = forecast.input_files(SimpleNamespace(params=params, whole=forecast.read(params)))
    for name, text in inputs.items():
        write(tmp_path / "run" / "inputs" / name, text)
    write(tmp_path / "run" / "forecast.json", content)
    refuses(["compare", str(tmp_path / "run")], expected)


def test_a_process_of_its_own_says_the_same(words):
    command = [sys.executable, "-m", "model", *words("check --signals \udcff.csv")]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "options: expected text in UTF-8" in done.stderr and "Traceback" not in done.stderr


# What the system refuses


@pytest.mark.parametrize("number, reason", [(13, "Permission denied"), (28, "No space left on device")])
def test_a_disk_that_takes_nothing_is_reported_and_the_ledger_stays(
    words, tmp_path, monkeypatch, capsys, number, reason
):
    def refuse(*_):
        raise OSError(number, reason)

    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(disk.os, "replace", refuse)
    assert main(words("add ROW --to MINE")) == 2
    assert f"mine.csv: cannot be written: {reason}" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "mine.csv").read_text() == HEADER


def test_a_file_that_may_not_be_read_is_reported(words, tmp_path, monkeypatch, capsys):
    opened = Path.open

    def refuse(self, *mode, **more):
        if self.name == "mine.csv":
            raise PermissionError(13, "Permission denied")
        return opened(self, *mode, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert main(words("check --signals MINE")) == 2
    assert "mine.csv: cannot be read: Permission denied" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_reported(words, tmp_path, monkeypatch, capsys):
    write(tmp_path / ".cache", "a file where a folder should be")
    monkeypatch.setattr(disk, "CACHE", tmp_path / ".cache")
    assert main(words("add ROW --to MINE")) == 2
    assert re.search(r"\.cache.*: cannot be read or written: ", capsys.readouterr().err)
    assert (tmp_path / "mine.csv").read_text() == HEADER


def test_an_output_that_takes_nothing_is_reported():
    command = [sys.executable, "-m", "model", "check"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    message = "output: cannot be read or written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, message)
