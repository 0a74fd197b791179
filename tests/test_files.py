"""Files are read strictly: what is not exactly as expected is told with its place, never repaired."""

import os
import re
import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.files import disk
from model.files.csv_files import read_csv
from model.files.disk import content_hash, write_atomic
from model.files.problems import InputError, Problem, nearest, parse_day
from model.files.yaml_files import read_yaml

COLUMNS = ("name", "note")


@pytest.fixture(autouse=True)
def _project_in_tmp(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "ROOT", tmp_path)


def problems_of(call, *args, **kwargs):
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    return [str(problem) for problem in caught.value.problems]


def assert_told(problems, expected):
    assert len(problems) == len(expected), problems
    for problem, pattern in zip(problems, expected):
        assert re.search(pattern, problem), f"{problem!r} does not say {pattern!r}"


class TestReadCsv:
    @pytest.mark.parametrize(
        "content, rows",
        [
            (b"name,note\n", []),
            (b"name,note\na,b\n", [("a", "b")]),
            (b"name,note\na,b", [("a", "b")]),
            (b"name,note\r\na,b\r\n", [("a", "b")]),
            (b'name,note\n"a, ""b""",\n', [('a, "b"', "")]),
            ("name,note\né,日本\n".encode(), [("é", "日本")]),
        ],
        ids=[
            "header only",
            "plain",
            "no last line end",
            "line ends of spreadsheets",
            "quotes",
            "other scripts",
        ],
    )
    def test_well_formed_rows_are_read_as_they_stand(self, tmp_path, content, rows):
        path = tmp_path / "t.csv"
        path.write_bytes(content)
        assert [tuple(row.values()) for row in read_csv(path, COLUMNS)] == rows

    @pytest.mark.parametrize(
        "content, expected",
        [
            (b"", [r"t.csv:1:1: the file is empty: expected the header name,note"]),
            (b"name\nx\n", [r":1:1: missing column note", r"expected the header name,note"]),
            (b"note,name\n", [r":1:1: expected column name here; found note", r"header"]),
            (b"name,name\n", [r":1:1: missing column note", r"header", r":1:6: column 'name' stands twice"]),
            (
                b"name,notes\n",
                [
                    r"missing column note",
                    r"header",
                    r":1:6: unknown column 'notes' \(did you mean \"note\"\?\)",
                ],
            ),
            (b"name,note,\n", [r"header", r":1:11: unknown column ''"]),
            (b"name;note\na;b\n", [r"unknown column 'name;note'", r"missing column name, note", r"header"]),
            (b"name,note\na\n", [r":2:2: expected 2 cells; found 1"]),
            (b"name,note\na,b,c\n", [r":2:5: expected 2 cells; found 3"]),
            (b"name,note\n\na,b\n", [r":2:1: expected 2 cells; found 1"]),
            (
                b'name,note\na,"b\nc",d\n',
                [r":2:3: quotes are not balanced", r":3:1: quotes are not balanced"],
            ),
            (b'name,note\n"a"x,b\n', [r":2:1: quotes are not balanced"]),
            (b'name,note\na"x,b\n', [r":2:1: quotes are not balanced"]),
            (b"name,note\na, b\n", [r":2:3: note: expected printable text without outer spaces; found ' b'"]),
            ("name,note\na,b\xa0c\n".encode(), [r":2:3: note: expected printable"]),
            (b"name,note\na,b\rc\n", [r":2:3: note: expected printable"]),
            (b"name,note\na,\x1b[31m\n", [r":2:3: note: expected printable text.*x1b"]),
            (b"name,note\na,b\0\n", [r":2:4: expected UTF-8 text; found a NUL byte"]),
            ("name,note\né,é".encode("latin-1"), [r":2:1: expected UTF-8 text; found byte 0xe9"]),
            (
                b"\xef\xbb\xbfname,note\n",
                [r":1:1: the file is UTF-8 with a byte order mark; save it as plain UTF-8"],
            ),
            ("name,note\n".encode("utf-16"), [r":1:1: the file is UTF-16; save it as plain UTF-8"]),
            (b"name,note\na\nb,c,d\n, \n", [r":2:", r":3:", r":4:2: note: expected printable"]),
        ],
    )
    def test_anything_else_is_told_with_line_and_column(self, tmp_path, content, expected):
        path = tmp_path / "t.csv"
        path.write_bytes(content)
        assert_told(problems_of(read_csv, path, COLUMNS), expected)

    def test_sound_rows_are_kept_when_problems_are_collected(self, tmp_path):
        path, problems = tmp_path / "t.csv", []
        path.write_bytes(b"name,note\na\nb,c\n")
        rows = read_csv(path, COLUMNS, problems)
        assert rows == [{"name": "b", "note": "c"}] and [problem.line for problem in problems] == [2]

    @pytest.mark.parametrize(
        "content, row",
        [
            (b"name,note,more\na,b,c\n", ("a", "b", "c")),
            (b"name,note\na,b\n", ("a", "b", "")),
            (b"name,more\na,c\n", ("a", "", "c")),
            (b"name\na\n", ("a", "", "")),
        ],
    )
    def test_a_column_that_is_optional_may_be_absent_and_is_then_empty(self, content, row):
        (found,) = read_csv("t.csv", (*COLUMNS, "more"), content=content, optional=("note", "more"))
        assert tuple(found[name] for name in (*COLUMNS, "more")) == row
        assert found.problem("more", "wrong").line == 2

    @pytest.mark.parametrize(
        "content, expected",
        [
            (b"note,more\nb,c\n", [r":1:1: missing column name", r"expected the header name,note,more"]),
            (b"name,more,note\n", [r"header", r":1:6: expected column note here; found more"]),
            (b"name,note,note\n", [r"header", r":1:11: column 'note' stands twice"]),
            (b"name,not\n", [r"header", r":1:6: unknown column 'not' \(did you mean \"note\"\?\)"]),
            (b"name,note\na,b,c\n", [r":2:5: expected 2 cells; found 3"]),
        ],
    )
    def test_an_optional_column_stands_in_its_place_or_is_absent(self, content, expected):
        assert_told(
            problems_of(read_csv, "t.csv", (*COLUMNS, "more"), content=content, optional=("note", "more")),
            expected,
        )

    def test_a_row_places_its_problems_at_the_cell(self, tmp_path):
        path = tmp_path / "t.csv"
        path.write_bytes(b'name,note\n"a,b",c\n')
        assert read_csv(path, COLUMNS)[0].problem("note", "wrong") == Problem("t.csv", 2, 7, "wrong", "note")

    @given(st.binary(max_size=200))
    def test_no_bytes_whatever_end_in_a_traceback(self, content):
        try:
            read_csv("t.csv", COLUMNS, content=content)
        except InputError as error:
            assert error.problems

    @given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]))] * 2)))
    def test_what_is_quoted_as_the_message_says_is_read_back(self, rows):
        lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
        content = "\n".join(["name,note", *lines]).encode()
        assert [tuple(row.values()) for row in read_csv("t.csv", COLUMNS, content=content)] == rows


class TestReadYaml:
    def read(self, tmp_path, content):
        (tmp_path / "t.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
        return read_yaml(tmp_path / "t.yaml")

    @pytest.mark.parametrize(
        "text, value",
        [
            ("NO", "NO"),
            ("yes", "yes"),
            ("on", "on"),
            ("true", True),
            ("false", False),
            ("~", None),
            ("", None),
            ("5", 5),
            ("-5", -5),
            ("012", "012"),
            ("0x1f", "0x1f"),
            ("1_000", "1_000"),
            ("12:30:00", "12:30:00"),
            ("0.5", 0.5),
            ("1e-3", 0.001),
            (".5", 0.5),
            ("-.inf", float("-inf")),
            ("2025-07-11", "2025-07-11"),
            ("2025-07-11T10:00:00Z", "2025-07-11T10:00:00Z"),
            ("'5'", "5"),
            ("9" * 30, 1e30),
        ],
    )
    def test_plain_words_mean_what_they_look_like(self, tmp_path, text, value):
        found = self.read(tmp_path, f"key: {text}\n").data["key"]
        assert found == value and type(found) is type(value)

    def test_every_key_and_value_has_a_place(self, tmp_path):
        document = self.read(tmp_path, "a:\n  b: {c: 1}\n  d:\n    - x\n    - y\n")
        for path, key, place in (
            (("a", "b", "c"), False, (2, 10)),
            (("a", "b", "c"), True, (2, 7)),
            (("a", "d", 1), False, (5, 7)),
            (("a", "d", "missing", "deeper"), False, (3, 3)),
            (("a", "b", "c", 0), False, (2, 7)),
            (("nowhere",), False, (1, 1)),
        ):
            assert document.problem(path, "wrong", key)[1:3] == place
        assert str(document.problem(("a", "b"), "wrong")) == "t.yaml:2:6: a.b: wrong"

    @pytest.mark.parametrize(
        "content, expected",
        [
            (b"", [r"t.yaml:1:1: expected a mapping of keys to values"]),
            (b"- a\n", [r"expected a mapping"]),
            (b"word\n", [r"expected a mapping"]),
            (b"a: [1, 2\nb: 3\n", [r"t.yaml:2:\d+: not valid YAML"]),
            (b"a: 'x\n", [r"not valid YAML: while scanning a quoted scalar"]),
            (b"a:\n\tb: 1\n", [r"t.yaml:2:1: not valid YAML: .*'\\t'"]),
            (
                b"a: 1\na: 2\nb: {c: 1, c: 2}\n",
                [r":2:1: key 'a' stands twice, first on line 1", r":3:11: key 'c' stands twice"],
            ),
            (b"5: x\n[a]: y\n", [r":1:1: expected a word as key", r":2:1: expected a word as key"]),
            (b"a: &x 1\nb: *x\n", [r":1:4: .*anchors, aliases and tags are not used here"]),
            (b"a: *x\n", [r":1:4: .*anchors, aliases and tags are not used here"]),
            (
                b"a: !!python/object/apply:os.system [x]\n",
                [r":1:4: .*anchors, aliases and tags are not used here"],
            ),
            (b"a: !!int 5\n", [r"tags are not used here"]),
            (b"a: 1\n---\nb: 2\n", [r":2:1: not valid YAML: .*another document"]),
            (b"\xef\xbb\xbfa: 1\n", [r":1:1: the file is UTF-8 with a byte order mark"]),
            (b"a: 1\nb: \xff\n", [r":2:4: expected UTF-8 text; found byte 0xff"]),
            (b"a: \0\n", [r":1:4: .*NUL byte"]),
            (b"a: 1\nb: \x07\n", [r":2:4: not valid YAML: special characters"]),
            (b"a: " + b"[" * 5000, [r"nested too deeply"]),
        ],
    )
    def test_anything_but_one_plain_mapping_is_told_with_its_place(self, tmp_path, content, expected):
        assert_told(problems_of(self.read, tmp_path, content), expected)

    def test_merge_keys_are_no_magic(self, tmp_path):
        assert self.read(tmp_path, "<<: {a: 1}\n").data == {"<<": {"a": 1}}

    @given(st.text(max_size=60))
    def test_no_text_whatever_ends_in_a_traceback(self, tmp_path_factory, text):
        path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            read_yaml(path)
        except InputError as error:
            assert error.problems


class TestPaths:
    def test_a_missing_file_names_its_nearest_sibling(self, tmp_path):
        (tmp_path / "question.yaml").write_text("a: 1\n")
        assert problems_of(read_yaml, tmp_path / "questoin.yaml") == [
            'questoin.yaml: no such file (did you mean "question.yaml"?)'
        ]

    @pytest.mark.parametrize(
        "path, expected",
        [
            ("gone/t.yaml", "no such file"),
            (".", "expected a file; this is a folder"),
            ("x" * 300, "cannot be read"),
            ("nul\0.yaml", "no such file|cannot be read"),
            ("socket", "expected a regular file"),
            ("loop", "no such file|cannot"),
        ],
    )
    def test_what_is_no_readable_file_is_told(self, tmp_path, monkeypatch, path, expected):
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
            os.symlink("loop", "loop")
            assert_told(problems_of(read_yaml, path), [expected])

    def test_a_file_without_permission_is_told(self, tmp_path, monkeypatch):
        path = tmp_path / "t.yaml"
        path.write_text("a: 1\n")

        def refuse(self, mode):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(type(path), "open", refuse)
        assert problems_of(read_yaml, path) == ["t.yaml: cannot be read: Permission denied"]

    @pytest.mark.parametrize("read", [read_yaml, lambda path: read_csv(path, COLUMNS)])
    def test_a_huge_file_is_refused_unread(self, tmp_path, read):
        path = tmp_path / "t"
        with path.open("wb") as stream:
            stream.truncate(10**9)
        assert_told(problems_of(read, path), [r"expected at most .* MB; the file is larger"])

    def test_a_file_outside_the_project_keeps_its_given_name(self, tmp_path):
        assert disk.name_of(tmp_path / "seeds" / "a.csv") == "seeds/a.csv"
        assert disk.name_of("/elsewhere/a.csv") == "/elsewhere/a.csv"


class TestWriting:
    def test_a_write_replaces_the_content_and_keeps_the_mode(self, tmp_path):
        path = tmp_path / "t.txt"
        path.write_text("old")
        path.chmod(0o640)
        write_atomic(path, "new é")
        assert path.read_text(encoding="utf-8") == "new é" and path.stat().st_mode & 0o777 == 0o640
        assert os.listdir(tmp_path) == ["t.txt"]

    def test_a_failed_write_leaves_the_old_content_and_nothing_else(self, tmp_path, monkeypatch):
        path = tmp_path / "t.txt"
        path.write_text("old")

        def fail(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(disk.os, "replace", fail)
        assert problems_of(write_atomic, path, b"new") == [
            "t.txt: cannot be written: No space left on device"
        ]
        assert path.read_text() == "old" and os.listdir(tmp_path) == ["t.txt"]

    def test_a_link_stays_a_link(self, tmp_path):
        (tmp_path / "real.txt").write_text("old")
        os.symlink("real.txt", tmp_path / "link.txt")
        write_atomic(tmp_path / "link.txt", "new")
        assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


class TestWords:
    @pytest.mark.parametrize(
        "word, hint",
        [
            ("leader_cal", ' (did you mean "leader_call"?)'),
            ("LEADER_CALL", ' (did you mean "leader_call"?)'),
            ("us", ' (did you mean "US"?)'),
            ("banana", ""),
            ("", ""),
            (None, ""),
        ],
    )
    def test_the_nearest_word_is_offered_only_when_near(self, word, hint):
        assert nearest(word, ["leader_call", "US", "invitation"]) == hint

    def test_no_nearest_word_is_sought_among_very_many(self):
        assert nearest("123x", range(4000)) and not nearest("123x", range(6000))

    @pytest.mark.parametrize(
        "text, expected",
        [
            ("2025-02-30", "does not exist"),
            ("2025-13-01", "does not exist"),
            ("2025-7-1", "written YYYY-MM-DD"),
            ("20250711", "written YYYY-MM-DD"),
            ("2025-07-11T00:00", "without time or zone"),
            ("2025-W28-5", "written"),
            ("2025-07-11Z", "written"),
            ("٢٠٢٥-٠٧-١١", "written"),
            ("0001-01-01", "year from 1900"),
            ("9999-12-31", "to 2199"),
            ("", "written"),
            ("2025-07-11\n", "written"),
        ],
    )
    def test_a_day_is_written_one_way_only(self, text, expected):
        with pytest.raises(ValueError, match=expected):
            parse_day(text)

    def test_an_error_is_one_line_a_problem_from_top_to_bottom(self):
        error = InputError(
            [Problem("b", 9, 1, "late"), Problem("a", 1, 2, "other file"), Problem("b", 3, 1, "early", "x")]
        )
        assert str(error) == "b:3:1: x: early\nb:9:1: late\na:1:2: other file"

    def test_the_hash_tells_where_one_part_ends(self):
        assert content_hash("ab", "c") != content_hash("a", "bc")
        assert content_hash("a", b"b") == content_hash(b"a", "b")
        assert len(content_hash()) == 64


def test_reading_needs_no_heavy_library():
    code = (
        "import sys; from model.evidence import ledger; from model.settings.params import load_params; load_params();"
        "print([name for name in ('numpy', 'scipy', 'pandas', 'pymc', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    )
    assert done.stdout.strip() == "[]"
