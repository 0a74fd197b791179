"""Strict reading of files: deviations are reported with their place and never repaired."""

import os
import re
import socket
import subprocess
import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import assert_said, cases, problems_of

from model.files import disk
from model.files.csv_files import read_csv
from model.files.disk import content_hash, write_atomic
from model.files.problems import InputError, Problem, nearest, nearest_id, parse_day
from model.files.yaml_files import read_yaml
from model.paths import ROOT

COLUMNS = ("name", "note")

# The bytes of a file, and what is said of it.
CSV_FAULTS = r"""
name\nx\n
    :1:1: missing column note
    expected the header name,note
note,name\n
    :1:1: expected column name here; found note
    expected the header name,note
name,name\n
    :1:1: missing column note
    expected the header name,note
    :1:6: column 'name' appears twice
name,notes\n
    missing column note
    expected the header name,note
    :1:6: unknown column 'notes' (did you mean "note"?)
name,note,,x\n
    expected the header name,note
    :1:11: unknown column ''
    :1:12: unknown column 'x'
one\ttwo\n1\t2\n
    :1:1: no column of this file is known: expected the header name,note
    :1:4: the cells are separated by tabs; save it with commas
name;note\na;b\nc;d;e\n
    :1:5: the cells are separated by semicolons; save it with commas
    :3:5: expected 2 cells; found 3
name,note\na\n
    :2:2: expected 2 cells; found 1
name,note\na,b,c\n
    :2:5: expected 2 cells; found 3
name,note\na,"b\nc",d\n
    :2:3: quotes are not balanced
    :3:1: quotes are not balanced
name,note\n"a"x,b\n
    :2:1: quotes are not balanced
name,note\na"x,b\n
    :2:1: quotes are not balanced
name,note\na, b\n
    :2:3: note: expected text without outer spaces; found ' b'
name,note\na,b\rc\n
    :2:3: note: …found U+000D (control character): delete it
name,note\na,b\r\r\n
    :2:3: note: …found U+000D (control character): delete it
name,note\na,\x1b[31m\n
    :2:3: note: expected text without control and direction characters; found U+001B
name,note\na,b\xe2\x80\xaec\n
    :2:3: note: …found U+202E (right-to-left override): delete it
name,note\na,b\xe2\x80\x8cc\n
    :2:3: note: …found U+200C (zero width non-joiner): delete it
name,note\n a, b\n
    :2:1: name: expected text without outer spaces
    :2:4: note: expected text without outer spaces
name,note\na,b\0\n
    :2:4: expected UTF-8 text; found a NUL byte, as in UTF-16
name,note\n\xe9,\xe9
    :2:1: expected UTF-8 text; found byte 0xe9, which is é in Latin-1: save it as text in UTF-8
\xff\xfen\0a\0
    :1:1: the file is text in UTF-16; save it as text in UTF-8
PK\x03\x04\x14\0
    :1:1: the file is a workbook (xlsx, ods) or another zip archive, to be unpacked first
\xd0\xcf\x11\xe0\xa1
    :1:1: the file is a workbook of an old spreadsheet (xls)
name,note\na\nb,c,d\n\x01,e\n
    :2:
    :3:
    :4:1: name: expected text without control
"""
YAML_FAULTS = r"""
# nothing
    t.yaml:1:1: expected a mapping of keys to values
- a\n
    expected a mapping
word\n
    expected a mapping
a: [1, 2\nb: 3\n
    t.yaml:2:…: not valid YAML
a: 'x\n
    not valid YAML: while scanning a quoted scalar
a:\n\tb: 1\n
    t.yaml:2:1: not valid YAML: indent with spaces; found a tab
a: yes: no\n
    t.yaml:1:7: not valid YAML: text with a colon and a space must be in quotes
a: 1\na: 2\nb: {c: 1, c: 2}\n
    :2:1: key 'a' appears twice, first on line 1
    :3:11: key 'c' appears twice
5: x\n[a]: y\n
    :1:1: expected a word as key
    :2:1: expected a word as key
a: &x 1\nb: *x\n
    :1:4: …anchors, aliases and tags are not used here
a: *x\n
    :1:4: …anchors, aliases and tags are not used here
a: !!python/object/apply:os.system [x]\n
    :1:4: …anchors, aliases and tags are not used here
a: !!int 5\n
    tags are not used here
a: 1\n---\nb: 2\n
    :2:1: not valid YAML: …another document
a: 1\nb: \xff\n
    :2:4: expected UTF-8 text; found byte 0xff
a: \0\n
    :1:4: …NUL byte
a: 1\nb: \x07\n
    :2:4: expected text without control and direction characters; found U+0007
a: "x\\e[31m"\nb: ["\\u202e"]\n"\\a": 1\n
    :1:4: expected text without control and direction characters; found U+001B
    :2:5: …found U+202E (right-to-left override): delete it
    :3:1: …found U+0007
"""


def byte_cases(table):
    """The rows of a table of files, escapes being read as bytes."""
    return [(head.encode().decode("unicode_escape").encode("latin-1"), said) for head, said in cases(table)]


@pytest.fixture(autouse=True)
def _project_in_tmp(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "ROOT", tmp_path)


class TestReadCsv:
    @pytest.mark.parametrize(
        "content, rows",
        [
            ("name,note\n", []),
            ("name,note\na,b\n", [("a", "b")]),
            ("name,note\na,b", [("a", "b")]),
            ("name,note\r\na,b\r\n", [("a", "b")]),
            ('name,note\n"a, ""b""",\n', [('a, "b"', "")]),
            ("name,note\né,日本\n", [("é", "日本")]),
            (
                "name,note\nرئیس\u200cجمهور,\U0001f469\u200d\U0001f4bb\n",
                [("رئیس\u200cجمهور", "\U0001f469\u200d\U0001f4bb")],
            ),
            ("name,note\na,b\xa0c\n", [("a", "b\xa0c")]),
            ("\ufeffname,note\na,b\n", [("a", "b")]),
            ("name,note\ra,b\r", [("a", "b")]),
            ('\n,\nname,note\n\na,b\n,,,\n  \n"",""\n', [("a", "b")]),
            ("name,note,,\na,b,,\nc,d\ne,,\n", [("a", "b"), ("c", "d"), ("e", "")]),
            ('name,note\n";","|"\n', [(";", "|")]),
        ],
    )
    def test_well_formed_rows_are_read_as_they_are(self, content, rows):
        read = read_csv("t.csv", COLUMNS, content=content.encode())
        assert [tuple(row.values()) for row in read] == rows

    @pytest.mark.parametrize("content, expected", byte_cases(CSV_FAULTS))
    def test_anything_else_is_reported_with_line_and_column(self, content, expected):
        assert_said(problems_of(read_csv, "t.csv", COLUMNS, content=content), expected)

    def test_all_rows_are_kept_when_problems_are_collected(self):
        problems = []
        rows = read_csv("t.csv", COLUMNS, problems, content=b"name,note\na\nb,c\n d,e\n")
        assert [problem.line for problem in problems] == [2, 4]
        assert rows[1:] == [{"name": "b", "note": "c"}, {"name": " d", "note": "e"}]
        assert [row.broken for row in rows] == [True, False, False]

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
            (b"note,more\nb,c\n", [":1:1: missing column name", "expected the header name,note,more"]),
            (b"name,more,note\n", ["expected the header", ":1:6: expected column note here; found more"]),
            (b"name,note,note\n", ["expected the header", ":1:11: column 'note' appears twice"]),
            (b"name,not\n", ["header", ":1:6: unknown column 'not' (did you mean \"note\"?)"]),
            (b"name,note\na,b,c\n", [":2:5: expected 2 cells; found 3"]),
        ],
    )
    def test_an_optional_column_has_its_place_or_is_absent(self, content, expected):
        columns = (*COLUMNS, "more")
        problems = problems_of(read_csv, "t.csv", columns, content=content, optional=("note", "more"))
        assert_said(problems, expected)

    def test_a_row_places_its_problems_at_the_cell(self):
        (row,) = read_csv("t.csv", COLUMNS, content=b'name,note\n"a,b",c\n')
        assert row.problem("note", "wrong") == Problem("t.csv", 2, 7, "wrong", "note")

    @given(st.binary(max_size=200))
    def test_no_bytes_end_in_a_traceback(self, content):
        try:
            read_csv("t.csv", COLUMNS, content=content)
        except InputError as error:
            assert error.problems

    CELLS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=9)

    @given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
    def test_what_is_quoted_as_the_message_says_is_read_back(self, rows):
        lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
        content = "\n".join(["name,note", *lines]).encode()
        rows = [row for row in rows if any(row)]
        assert [tuple(row.values()) for row in read_csv("t.csv", COLUMNS, content=content)] == rows


class TestReadYaml:
    def read(self, tmp_path, content):
        (tmp_path / "t.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
        return read_yaml(tmp_path / "t.yaml")

    @pytest.mark.parametrize("text", ["NO", "yes", "on", "012", "0x1f", "1_000", "12:30:00", "2025-07-11"])
    def test_words_that_yaml_would_convert_are_text(self, tmp_path, text):
        assert self.read(tmp_path, f"key: {text}\n").data["key"] == text

    @pytest.mark.parametrize(
        "text, value",
        [("true", True), ("false", False), ("~", None), ("", None), ("'5'", "5"), ("9" * 30, 1e30)]
        + [("5", 5), ("-5", -5), ("0.5", 0.5), ("1e-3", 0.001), (".5", 0.5), ("-.inf", float("-inf"))],
    )
    def test_plain_words_mean_what_they_look_like(self, tmp_path, text, value):
        found = self.read(tmp_path, f"key: {text}\n").data["key"]
        assert found == value and type(found) is type(value)

    @pytest.mark.parametrize(
        "text, value",
        [
            ("\ufeffkey: a\n", "a"),
            ("key: \u2212\u0030.5\n", -0.5),
            ("key: \u22122\n", -2),
            ("key: رئیس\u200cجمهور\n", "رئیس\u200cجمهور"),
            ("key: >\n  a\n  b\n", "a b"),
            ("key: |\n  a\n  b\n", "a\nb"),
        ],
    )
    def test_files_are_read_as_people_have_them(self, tmp_path, text, value):
        assert self.read(tmp_path, text).data == {"key": value}

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

    @pytest.mark.parametrize("content, expected", byte_cases(YAML_FAULTS))
    def test_anything_but_one_plain_mapping_is_reported_with_its_place(self, tmp_path, content, expected):
        assert_said(problems_of(self.read, tmp_path, content), expected)

    def test_deep_nesting_is_reported(self, tmp_path, request):
        request.addfinalizer(partial(sys.setrecursionlimit, sys.getrecursionlimit()))
        sys.setrecursionlimit(1000)
        assert_said(problems_of(self.read, tmp_path, "a: " + "[" * 1_000), ["t.yaml:1:…: …nested too deeply"])

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
            ("nul\0.yaml", ""),
            ("socket", "expected a regular file"),
            ("loop", ""),
        ],
    )
    def test_what_is_no_readable_file_is_reported(self, tmp_path, monkeypatch, path, expected):
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
            os.symlink("loop", "loop")
            assert_said(problems_of(read_yaml, path), [expected])

    @pytest.mark.parametrize("read", [read_yaml, lambda path: read_csv(path, COLUMNS)])
    def test_a_huge_file_is_refused_unread(self, tmp_path, read):
        path = tmp_path / "t"
        with path.open("wb") as stream:
            stream.truncate(10**9)
        assert_said(problems_of(read, path), ["expected at most … MB; the file is larger"])

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

    def test_a_link_stays_a_link(self, tmp_path):
        (tmp_path / "real.txt").write_text("old")
        os.symlink("real.txt", tmp_path / "link.txt")
        write_atomic(tmp_path / "link.txt", "new")
        assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


class TestWords:
    @pytest.mark.parametrize(
        "word, hint", [("leader_cal", "leader_call"), ("LEADER_CALL", "leader_call"), ("us", "US")]
    )
    def test_the_nearest_word_is_offered_in_any_case(self, word, hint):
        assert nearest(word, ["leader_call", "US", "invitation"]) == f' (did you mean "{hint}"?)'

    @pytest.mark.parametrize("word", ["banana", "", None])
    def test_no_word_is_offered_if_none_is_near(self, word):
        assert nearest(word, ["leader_call", "US", "invitation"]) == ""

    IDS = ("2013-apec-bali", "2024-apec-lima", "2025-apec-gyeongju", "2025-g20-johannesburg", "2025-unga-80")

    @pytest.mark.parametrize(
        "word, offered",
        [
            ("2025-apec", ["2025-apec-gyeongju"]),
            ("APEC", ["2025-apec-gyeongju"]),
            ("gyonju", ["2025-apec-gyeongju"]),
            ("2025-apec-bali", ["2025-apec-gyeongju", "2013-apec-bali"]),
            ("2024-g20", ["2025-g20-johannesburg"]),
            ("g20-2025", ["2025-g20-johannesburg"]),
            ("2025", []),
            ("", []),
        ],
    )
    def test_the_nearest_id_shares_year_and_words(self, word, offered):
        assert re.findall('"([^"]+)"', nearest_id(word, self.IDS)) == offered

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
            ("01.07.2025", r"found '01.07.2025' \(write 2025-07-01\)"),
            ("7/1/2025", r"\(write 2025-01-07 or 2025-07-01\)"),
            ("7/31/2025", r"\(write 2025-07-31\)"),
            ("1 Jul 2025", r"\(write 2025-07-01\)"),
            ("July 1, 2025", r"\(write 2025-07-01\)"),
            ("2025年7月1日", r"\(write 2025-07-01\)"),
            ("45839", r"\(write 2025-07-01\)"),
            ("31.06.2025", "found '31.06.2025'$"),
            ("9" * 50, "written"),
            ("²²² jan 5", "written"),
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
        "import sys, model.evidence.ledger; from model.settings.params import load_params; load_params();"
        "print([name for name in ('numpy', 'scipy', 'pandas', 'pymc', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
