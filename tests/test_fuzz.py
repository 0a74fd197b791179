"""Random files and command lines give a forecast or a message, never a traceback."""

import contextlib
import io
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up import every_fit, thinned

from model import cli
from model.answer import compare, sweep
from model.evidence import append, ledger
from model.files.problems import printable
from model.paths import PARAMS, SEEDS
from model.report import build, sweep_page
from model.settings import scenario

NAMES_A_PLACE = re.compile(r"(?m)^(.*/in\.(csv|yaml)|seeds/\w+\.csv|params/\S+\.yaml|options)[:0-9]*: ")
BYTES = [b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n", b"\t", b"\x1b[31m", b"x" * 5000]
MARKS = [b",", b'"', b'""', b"'", b":", b": ", b"- ", b"? ", b"#", b"|\n", b"{", b"]", b"=1+1"]
NUMBERS = [b"-1", b"0", b"1e999", b"-.inf", b".nan", b"9" * 400, b"1e-400", b"0x1f"]
WORDS = [b"2025-02-30", b"9999-12-31", b"null", b"~", b"true", b"../../etc/passwd"]
YAML = [b"&a [*a, *a]", b"*a", b"<<: {a: 1}", b"!!python/object/apply:os.system [x]", b"!!binary x"]
YAML += [b"%YAML 9.9\n", b"---\n", b"[" * 300, b"{a: " * 60]
SCRIPTS = [text.encode() for text in ("٣", "\u202e", "\u2028", "é́", "\U0001f600")]
PIECES = BYTES + MARKS + NUMBERS + WORDS + YAML + SCRIPTS
CHANGES = ["flip", "cut", "insert", "insert", "put", "drop line", "double line", "swap cells"]


@st.composite
def mutated(draw, content):
    """The content after a few random changes to its bytes, lines and cells."""
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(CHANGES))
        change = changed_bytes if kind in ("flip", "cut", "insert", "put") else changed_lines
        content = change(draw, kind, content)
    return content


def changed_bytes(draw, kind, content):
    at = draw(st.integers(0, max(len(content) - 1, 0)))
    before, after = content[:at], content[at:]
    if kind == "flip" and after:
        return before + bytes([after[0] ^ (1 << draw(st.integers(0, 7)))]) + after[1:]
    if kind == "cut":
        return before + after[draw(st.integers(1, 40)) :]
    words = list(re.finditer(rb"[^,:\s{}\[\]]+", content))
    if kind == "put" and words:
        word = draw(st.sampled_from(words))
        before, after = content[: word.start()], content[word.end() :]
    return before + draw(st.sampled_from(PIECES)) + after


def changed_lines(draw, kind, content):
    lines = content.split(b"\n")
    at = draw(st.integers(0, len(lines) - 1))
    if kind == "swap cells":
        cells = lines[at].split(b",")
        one, other = (draw(st.integers(0, len(cells) - 1)) for _ in range(2))
        cells[one], cells[other] = cells[other], cells[one]
        lines[at] = b",".join(cells)
    else:
        lines[at : at + 1] = [] if kind == "drop line" else 2 * [lines[at]]
    return b"\n".join(lines)


@pytest.fixture
def ends(tmp_path, default_run, monkeypatch):
    """Runs a command line with a few draws for any fit and nothing written; asserts that it ends well."""
    fit = replace(default_run.fit, draws=thinned(default_run.draws))
    every_fit(monkeypatch, lambda *_: fit)
    monkeypatch.setattr(compare, "fit", lambda *_, **__: fit)
    monkeypatch.setattr(scenario, "SCENARIOS", tmp_path)
    monkeypatch.setattr(append, "write_atomic", lambda *_: None)
    monkeypatch.setattr(sweep, "run", lambda *_, **__: [])
    monkeypatch.setattr(sweep_page, "page_of", lambda *_: "")
    monkeypatch.setattr(build, "command", lambda *_: 0)
    monkeypatch.setattr(cli, "do_backtest", lambda options: cli.inputs(options) and 0)

    def run(*words):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main(list(map(str, words)))
            except SystemExit as error:
                code = error.code
        assert code in (0, 1, 2)
        assert code != 2 or not out.getvalue() and ": " in err.getvalue()
        assert all(line == printable(line) for line in err.getvalue().split("\n"))
        return code, err.getvalue()

    return run


def assert_place(code, said):
    assert code != 2 or NAMES_A_PLACE.search(said), said


def examples(short):
    """Parametrizes a test by the number of examples to try: few in every run, many in the study."""
    return pytest.mark.parametrize("count", [short, pytest.param(60 * short, marks=pytest.mark.study)])


def search(count, strategy, test):
    """Try `count` examples."""
    settings(max_examples=count, suppress_health_check=list(HealthCheck))(given(strategy)(test))()


def head(name, rows=25):
    return b"".join((SEEDS / f"{name}.csv").read_bytes().splitlines(keepends=True)[:rows])


def test_the_rows_that_are_altered_fill_the_columns_of_attendance_and_of_named_days(tmp_path):
    (tmp_path / "in.csv").write_bytes(head("signals"))
    rows = ledger.load_ledger([tmp_path / "in.csv"], [SEEDS / "occasions.csv"]).signals
    assert any(row.for_date for row in rows) and {"first", "even"} <= {row.search for row in rows}
    assert any(row.kind == "attendance" for row in rows)


@examples(8)
@pytest.mark.parametrize("table", ["signals", "occasions", "visit_windows"])
def test_a_ledger_file_of_any_bytes_is_read_or_refused(ends, tmp_path, table, count):
    path, option = tmp_path / "in.csv", f"--{table.replace('_', '-')}"
    beside = () if table == "occasions" else ("--occasions", SEEDS / "occasions.csv")

    def test(content):
        path.write_bytes(content)
        assert_place(*ends("check", "--only", *beside, option, path))
        assert_place(*ends("forecast", "--json", option, path))

    search(count, mutated(head(table)), test)


@examples(8)
@pytest.mark.parametrize("name", ["question", "priors", "scenario", "sweep"])
def test_a_params_file_of_any_bytes_is_read_or_refused(ends, tmp_path, name, count):
    source = {
        "scenario": PARAMS / "scenarios" / "word-is-bond.yaml",
        "sweep": PARAMS / "sweeps" / "scenarios.yaml",
    }
    path = tmp_path / "in.yaml"
    words = {
        "question": ("forecast", "--question", path),
        "priors": ("check", "--priors", path),
        "scenario": ("check", "--scenario", "in"),
        "sweep": ("sweep", path, "--out", tmp_path / "out.csv"),
    }[name]

    def test(content):
        path.write_bytes(content)
        assert_place(*ends(*words))

    search(count, mutated(source.get(name, PARAMS / f"{name}.yaml").read_bytes()), test)


DAYS = ["2025-07-11", "1988-12-31", "1990-01-01", "1993-11-20", "2009-02-28", "2024-02-29", "2026-01-01"]
DAYS = st.sampled_from([*DAYS, "2028-12-31", "2199-12-31", "latest", "2025-02-30", ""])
IDS = st.sampled_from(["2025-apec-gyeongju", "2025-unga-80", "2025-06-05-xi-invites-trump", "x", ""])
ACTORS = st.sampled_from(["US", "CN", "both", "RU", ""])
KINDS = st.sampled_from(["leader_call", "contact_missed", "attendance", "summit_announced", "x"])
STRENGTHS = st.integers(-4, 4).map(str)
STATUSES = [
    "announced",
    "refused",
    "doubted",
    "called-off",
    "US:comes",
    "CN:stays-away",
    "US:",
    ":comes",
    "x",
]
VALUES = {
    "": st.sampled_from(["2025-07-11", "..", ""]),
    **dict.fromkeys(["--as-of", "--deadline", "--public-date", "--event-date", "--for-date"], DAYS),
    **dict.fromkeys(["--name", "--remove", "--occasion"], IDS),
    "--random-seed": st.integers().map(str),
    "--scenario": st.sampled_from(["sceptic", "in", "../x", ""]),
    "--add": st.tuples(KINDS, STRENGTHS, IDS, ACTORS).map(":".join),
    "--set": st.tuples(IDS, st.sampled_from(STATUSES)).map("=".join),
    "--kind": KINDS,
    "--actor": ACTORS,
    "--strength": STRENGTHS,
    **{
        option: st.sampled_from([str(SEEDS / "signals.csv"), str(SEEDS), "in.csv", ""])
        for option in ("--signals", "--occasions", "--visit-windows", "--question", "--priors", "--to")
    },
}


@st.composite
def command_lines(draw):
    """A verb with options that it has, most with likely values."""
    verb = draw(st.sampled_from(cli.VERBS))
    actions = next(action for action in cli.parser()._actions if action.choices).choices[verb]._actions[1:]
    words = [verb]
    for action in actions:
        if not (action.required or draw(st.integers(0, 9)) < 3):
            continue
        option = action.option_strings[-1] if action.option_strings else ""
        words += [option] if option else []
        if action.nargs != 0:
            any_text = st.text(st.characters(exclude_characters="\0"), max_size=12)
            words.append(draw(any_text if draw(st.integers(0, 9)) < 2 else VALUES.get(option, any_text)))
    return words if draw(st.integers(0, 9)) else draw(st.permutations(words))


@examples(25)
def test_a_command_line_of_any_words_is_answered_or_refused(ends, tmp_path, monkeypatch, count):
    monkeypatch.chdir(tmp_path)

    def test(words):
        ends(*words)

    search(count, command_lines(), test)
    assert [path.name for path in tmp_path.iterdir() if path.name != "out.csv"] == []
