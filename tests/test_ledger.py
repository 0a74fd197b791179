"""The ledger is checked row by row, and a cut ledger contains nothing that became public later."""

import re
from dataclasses import replace
from datetime import date, timedelta

import made_up
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tables import problems_of

from model.evidence.append import append_signal
from model.evidence.ledger import Ledger, check_as_of, load_ledger
from model.evidence.ledger import csv_of as tables_of
from model.evidence.rows import (
    OCCASION_COLUMNS,
    OPTIONAL_COLUMNS,
    SEARCHES,
    SIGNAL_COLUMNS,
    WINDOW_COLUMNS,
    Occasion,
    columns_of,
)
from model.files.problems import InputError
from model.paths import ROOT
from model.settings.params import load_params

WORDS = {
    "kinds": {
        "envoy_meeting": "up",
        "contact_missed": "down",
        "official_statement": "either",
        "summit_announced": "up",
        "attendance": "either",
    },
    "types": ("apec", "visit"),
    "sides": ("US", "CN"),
}


def row_of(columns, text):
    return dict(zip(columns, text.split("|"), strict=True))


SIGNAL = row_of(
    SIGNAL_COLUMNS,
    "2025-06-01-envoys|2025-06-01|2025-06-02|envoy_meeting|both|1|B2|2025-apec|||no||They meet.|A paper|yes",
)
ANNOUNCED = {"kind": "summit_announced", "strength": "3", "for_date": "2025-10-30"}
ATTENDS = {"kind": "attendance", "actor": "US", "strength": "3"}
AT_VISIT = {"occasion": "2026-visit", "public_date": "2025-09-20"}
OLD_COLUMNS = [column for column in SIGNAL_COLUMNS if column not in OPTIONAL_COLUMNS]
OCCASION = row_of(
    OCCASION_COLUMNS,
    "2025-apec|APEC|apec|KR|2025-10-31|2025-11-01|2024-10-31|Trump|Xi|both|yes|yes|2025-10-30||high|A paper",
)
VISIT = row_of(
    OCCASION_COLUMNS,
    "2026-visit|A visit|visit|CN|2026-04-10|2026-04-12|2025-09-19|Trump|Xi||||||high|A paper",
)
WINDOW = row_of(WINDOW_COLUMNS, "2026-visit|2025-09-19|2026-01-01|2026-04-30|said so")


def csv_of(columns, rows):
    return "".join(",".join(cells) + "\n" for cells in [columns, *(map(row.get, columns) for row in rows)])


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads a ledger of rows, which it writes to files of a temporary folder."""
    monkeypatch.setattr("model.files.disk.ROOT", tmp_path)

    def loader(
        signals=(SIGNAL,),
        occasions=(OCCASION, VISIT),
        windows=(WINDOW,),
        more_signals=(),
        columns=SIGNAL_COLUMNS,
        words=WORDS,
    ):
        paths = {}
        tables = {
            "signals": (columns, [signals, *more_signals]),
            "occasions": (OCCASION_COLUMNS, [occasions]),
            "visit_windows": (WINDOW_COLUMNS, [windows]),
        }
        for name, (columns, lots) in tables.items():
            paths[name] = [tmp_path / f"{name}{number or ''}.csv" for number in range(len(lots))]
            for path, rows in zip(paths[name], lots):
                path.write_text(csv_of(columns, rows), encoding="utf-8")
        return load_ledger(**paths, words=words)

    return loader


def assert_told(problems, *expected):
    assert len(problems) == len(expected), problems
    for problem, pattern in zip(problems, expected):
        assert re.search(pattern, problem), f"{problem!r} does not say {pattern!r}"


class TestLoading:
    def test_sound_rows_become_typed_values(self, load):
        ledger = load()
        (signal,) = ledger.signals
        assert (signal.public_date, signal.strength) == (date(2025, 6, 2), 1)
        assert (signal.in_article, signal.checked) == (False, True)
        assert (signal.file, signal.line) == ("signals.csv", 2)
        apec, visit = ledger.occasions
        assert (apec.met, apec.held_in_person, apec.outcome_date) == (True, True, date(2025, 10, 30))
        assert (visit.met, visit.met_date, visit.attended, visit.is_visit) == (None, None, "", True)
        assert ledger.visit_windows[0].latest == date(2026, 4, 30)
        assert ledger.first_day == date(2024, 10, 31)

    def test_rows_are_sorted_by_the_day_they_became_public_whatever_the_order_in_the_file(self, load):
        rows = [
            SIGNAL | {"event_id": f"2025-06-0{n}-x", "public_date": f"2025-06-1{9 - n}"} for n in range(1, 6)
        ]
        rows.append(SIGNAL | {"event_id": "2025-06-01-a", "public_date": "2025-06-14"})
        ledger = load(signals=rows)
        assert ledger == load(signals=rows[::-1])
        assert [s.event_id for s in ledger.signals][:2] == ["2025-06-01-a", "2025-06-05-x"]

    def test_the_seeds_are_sound_and_use_only_words_that_have_a_prior(self):
        run = load_params()
        tables = ("signals", "occasions", "visit_windows")
        ledger = load_ledger(*([ROOT / "seeds" / f"{name}.csv"] for name in tables), words=run.vocabulary)
        assert len(ledger.signals) > 600 and len(ledger.occasions) > 90 and not ledger.revised
        check_as_of(ledger, run)

    def test_the_tables_of_a_ledger_load_to_it_again(self, load, tmp_path):
        said = SIGNAL | ANNOUNCED | {"search": "losses", "description": '"Said, and done."'}
        whole = load(signals=[said, SIGNAL | ATTENDS | {"event_id": "2025-06-01-will"}])
        paths = {name: tmp_path / f"again-{name}.csv" for name in tables_of(whole)}
        for name, text in tables_of(whole).items():
            paths[name].write_text(text)
        assert load_ledger(**{name: [path] for name, path in paths.items()}, words=WORDS) == whole

    def test_a_ledger_may_be_empty(self, load):
        assert load(signals=(), occasions=(), windows=()) == load_ledger() == Ledger()
        assert Ledger().first_day is None and Ledger().as_of(date(2025, 1, 1)) == Ledger()

    @pytest.mark.parametrize(
        "change, expected",
        [
            ({"event_id": "envoys"}, r"signals.csv:2:1: event_id: expected a date, then words"),
            ({"event_id": "2025-06-01-Envoys"}, "event_id: expected a date, then words"),
            ({"event_id": ""}, "event_id: expected"),
            ({"event_date": "2025-06-31"}, ":2:19: event_date: expected a day of the calendar"),
            ({"public_date": "2025-06-02T08:00"}, "public_date: .*without time or zone"),
            ({"public_date": ""}, "public_date: expected a day written"),
            ({"event_date": "2025-06-03"}, ":2:30: public_date: expected a day not before event_date"),
            ({"kind": "envoy_meting"}, ':2:41: kind: expected one of .*did you mean "envoy_meeting"'),
            ({"actor": "us"}, r"actor: expected one of US, CN, both; found 'us' \(did you mean \"US\"\?\)"),
            ({"strength": "0"}, "strength: expected one of -3, -2, -1, 1, 2, 3; found '0'"),
            ({"strength": "4"}, "strength: .*found '4'"),
            ({"strength": "1.0"}, "strength: .*found '1.0'"),
            ({"strength": ""}, "strength: .*found ''"),
            ({"strength": "-1"}, "strength: expected 1 to 3, as envoy_meeting points up; found -1"),
            ({"kind": "contact_missed"}, "expected -3 to -1, as contact_missed points down; found 1"),
            ({"grade": "B7"}, "grade: expected an Admiralty code"),
            ({"grade": "b2"}, "grade: expected an Admiralty code"),
            ({"occasion": "2025-apce"}, 'occasion: unknown occasion .2025-apce. .did you mean "2025-apec"'),
            ({"occasion": "2026-visit"}, "occasion known by 2025-06-02; 2026-visit is known from 2025-09-19"),
            (
                {"description": "=1"},
                "description: expected text that does not start like a spreadsheet formula",
            ),
            ({"same_as": "2025-06-01-envoy"}, 'same_as: unknown event .*did you mean "2025-06-01-envoys"'),
            ({"same_as": "2025-06-01-envoys"}, "same_as: expected another row; found the row itself"),
            ({"in_article": "true"}, "in_article: expected one of yes, no; found 'true'"),
            ({"checked": "no"}, "checked: expected one of yes, open; found 'no'"),
            ({"description": ""}, "description: expected some text"),
            ({"description": "x" * 141}, "description: expected at most 140 characters; found 141"),
            ({"source": ""}, "source: expected some text"),
            ({"search": "evn"}, 'search: expected one of first, even, losses; .*did you mean "even"'),
            ({"for_date": "2025-10-30"}, ":2:.*: for_date: expected a day only on a row of kind summit_ann"),
            (ANNOUNCED | {"occasion": ""}, "for_date: .* of kind summit_announced that names an occasion"),
            (ANNOUNCED | {"for_date": "2025-10-20"}, "a for_date within five days of 2025-apec, 2025-10-31"),
            (ANNOUNCED | {"for_date": "30 October"}, "for_date: expected a day written YYYY-MM-DD"),
            (
                ATTENDS | {"actor": "both", "strength": "-1"},
                "actor: expected the side whose leader .* takes only strength -3; found strength -1",
            ),
            (ATTENDS | {"occasion": ""}, "occasion: expected the occasion that the leader will attend"),
            (ATTENDS | AT_VISIT, "occasion: expected an occasion of many leaders; 2026-visit is a visit"),
            (ATTENDS | {"actor": "RU"}, "actor: expected one of US, CN, both; found 'RU'"),
            (ATTENDS | {"for_date": "2025-10-30"}, "for_date: expected a day only on a row of kind summit"),
        ],
    )
    def test_a_wrong_signal_is_told_with_its_cell(self, load, change, expected):
        assert_told(problems_of(load, signals=[SIGNAL | change]), expected)

    @pytest.mark.parametrize(
        "change, fields",
        [
            (ANNOUNCED | {"for_date": "2025-06-01"}, ["occasion", "for_date"]),
            (
                {"kind": "x", "occasion": "2025-apce", "description": " y"},
                ["kind", "occasion", "description"],
            ),
            (ATTENDS | AT_VISIT | {"grade": "Z9"}, ["grade", "occasion"]),
            (
                {"strength": "9", "same_as": "2025-06-01-x", "source": "\x07"},
                ["strength", "same_as", "source"],
            ),
            ({"kind": "x", "description": "more, cells"}, ["kind", ""]),
            ({"kind": "x", "description": 'a "quote'}, ["kind", ""]),
        ],
        ids=["two columns", "outer space", "a visit", "control character", "too many cells", "quotes"],
    )
    def test_no_fault_of_a_row_hides_another(self, load, change, fields):
        with pytest.raises(InputError) as caught:
            load(signals=[SIGNAL | change])
        assert [problem.field for problem in caught.value.problems] == fields

    def test_a_repeated_id_hides_no_other_fault_of_its_row(self, load):
        again = SIGNAL | {"kind": "x", "occasion": "2025-apce"}
        told = problems_of(load, signals=[SIGNAL, again])
        assert_told(told, "3:1: event_id: .* already on line 2", ":3:.*kind: ", ":3:.*occasion: unknown")

    @pytest.mark.parametrize("cell, strength", [("\u22122", -2), ("\u20132", -2), ("+2", 2)])
    def test_a_strength_has_a_sign_of_any_typography(self, load, cell, strength):
        row = SIGNAL | {"kind": "official_statement", "strength": cell}
        assert load(signals=[row]).signals[0].strength == strength

    @pytest.mark.parametrize(
        "change",
        [
            {"description": "x" * 140},
            {"strength": "3"},
            {"kind": "official_statement", "strength": "-2"},
            {"kind": "contact_missed", "strength": "-3"},
            {"event_date": "2025-06-02"},
            {"occasion": ""},
            {"grade": "F6"},
            ANNOUNCED,
            ANNOUNCED | {"for_date": ""},
            ANNOUNCED | {"for_date": "2025-10-26"},
            ANNOUNCED | AT_VISIT | {"for_date": "2026-04-10"},
            *(ATTENDS | {"strength": strength} for strength in ("-3", "-1", "2")),
            ATTENDS | {"actor": "CN"},
            ATTENDS | {"actor": "both", "strength": "-3"},
        ],
    )
    def test_an_odd_but_legal_signal_is_accepted(self, load, change):
        assert len(load(signals=[SIGNAL | change]).signals) == 1

    def test_a_row_says_which_day_it_names_and_how_it_was_found(self, load):
        rows = [
            SIGNAL | ANNOUNCED | {"event_id": f"2025-06-01-{word or 'x'}", "search": word}
            for word in ("", *SEARCHES)
        ]
        found = load(signals=rows).signals
        assert {s.event_id[11:]: s.search for s in found} == {"x": "first"} | {w: w for w in SEARCHES}
        assert {s.for_date for s in found} == {date(2025, 10, 30)}

    @pytest.mark.parametrize("absent", [("for_date",), ("search",), OPTIONAL_COLUMNS])
    def test_a_file_may_lack_the_optional_columns(self, load, absent):
        columns = [column for column in SIGNAL_COLUMNS if column not in absent]
        assert load(columns=columns) == load()
        told = problems_of(load, columns=columns, signals=[SIGNAL | {"checked": "no"}])
        assert_told(told, r"signals.csv:2:\d+: checked: expected one of yes, open")
        told = problems_of(load, columns=[*columns[:-1]])
        assert_told(told, "missing column checked", "expected the header event_id,")

    @pytest.mark.parametrize(
        "change, expected",
        [
            ({"occasion_id": "apec-2025"}, ["occasions.csv:2:1: occasion_id: expected a year, then words"]),
            ({"name": ""}, ["name: expected some text"]),
            ({"type": "apek"}, ['type: expected one of apec, visit; found .apek. .did you mean "apec"']),
            ({"host": "Korea"}, ["host: expected an ISO 3166 code"]),
            ({"end_date": "2025-10-30"}, ["end_date: expected a day not before start_date, .* 2025-10-31"]),
            ({"known_from": "2025-11-01"}, ["start_date: expected a day not before known_from"]),
            ({"leader_2": ""}, ["leader_2: expected some text"]),
            ({"attended": "all"}, ["attended: expected one of US, CN, both, none; found 'all'"]),
            ({"attended": ""}, ["attended: expected attended, held_in_person, met all filled"]),
            ({"attended": "US"}, ["met: expected attended both"]),
            (
                {"held_in_person": "no", "attended": "none"},
                ["met: expected attended both and held in person"],
            ),
            ({"held_in_person": "no", "met": "no", "met_date": ""}, ["attended: expected none where it was"]),
            ({"met": "maybe"}, ["met: expected one of yes, no; found", "met_date: expected a day if met is"]),
            ({"met": "no"}, ["met_date: expected a day if met is yes, and none otherwise"]),
            ({"met_date": ""}, ["met_date: expected a day if met is yes"]),
            ({"met_date": "2025-10-25"}, ["met_date: expected a day from 2025-10-26 to 2025-11-06, five"]),
            ({"met_date": "2025-11-07"}, ["met_date: expected a day from"]),
            ({"confidence": "sure"}, ["confidence: expected one of high, medium, low; found 'sure'"]),
            ({"source": ""}, ["source: expected some text"]),
        ],
    )
    def test_a_wrong_occasion_is_told_with_its_cell(self, load, change, expected):
        assert_told(problems_of(load, occasions=[OCCASION | change, VISIT], signals=()), *expected)

    def test_a_visit_may_have_any_host(self, load):
        assert load(occasions=[OCCASION, VISIT | {"host": "CH"}]).occasions[1].host == "CH"

    def test_a_note_may_explain_an_unusual_meeting(self, load):
        unusual = OCCASION | {"attended": "US", "note": "They met next door."}
        assert load(occasions=[unusual, VISIT]).occasions[0].met

    @pytest.mark.parametrize(
        "change, expected",
        [
            ({"occasion_id": "2026-vist"}, ':2:1: occasion_id: unknown occasion .*mean "2026-visit"'),
            ({"occasion_id": "2025-apec"}, r"occasion_id: expected a visit; 2025-apec is of type apec"),
            ({"public_date": "2025-09-18"}, r"occasion_id: expected an occasion known by 2025-09-18"),
            ({"latest": "2025-12-31"}, r"latest: expected a day not before earliest, which is 2026-01-01"),
            ({"latest": ""}, r"latest: expected earliest and latest both filled, or both empty \(put off\)"),
            ({"earliest": "soon"}, r"earliest: expected a day written"),
            ({"basis": ""}, r"basis: expected some text"),
        ],
    )
    def test_a_wrong_window_is_told_with_its_cell(self, load, change, expected):
        assert_told(problems_of(load, windows=[WINDOW | change]), expected)

    def test_an_id_stands_once_in_a_file(self, load):
        assert_told(
            problems_of(load, signals=[SIGNAL, SIGNAL], windows=[WINDOW, WINDOW]),
            r"signals.csv:3:1: event_id: expected an id not used before .* is already on line 2",
            r"visit_windows.csv:3:1: occasion_id: .*2026-visit@2025-09-19 is already on line 2",
        )

    def test_an_encounter_is_listed_once_whatever_its_id(self, load):
        assert_told(
            problems_of(load, occasions=[OCCASION, VISIT, OCCASION | {"occasion_id": "2025-again"}]),
            r"occasions.csv:4:1: .* one row for an encounter; 2025-apec .*:2\) has the same type",
        )

    def test_the_problems_of_all_files_are_told_at_once_from_top_to_bottom(self, load):
        assert_told(
            problems_of(
                load,
                signals=[
                    SIGNAL | {"occasion": "x", "strength": "9"},
                    SIGNAL | {"event_id": "2025-06-01-b", "grade": ""},
                ],
                occasions=[OCCASION, VISIT | {"host": "Korea"}],
                windows=[WINDOW | {"basis": ""}],
            ),
            r"occasions.csv:3:\d+: host",
            r"signals.csv:2:\d+: strength",
            r"signals.csv:2:\d+: occasion",
            r"signals.csv:3:\d+: grade",
            r"visit_windows.csv:2:\d+: basis",
        )

    def test_a_malformed_line_does_not_hide_the_other_problems_nor_invent_some(self, load, tmp_path):
        load()
        with (tmp_path / "occasions.csv").open("a") as stream:
            stream.write('2025-g20,"G20\n')
        rows = [SIGNAL | {"occasion": "2025-g20", "actor": "me"}]
        (tmp_path / "signals.csv").write_text(csv_of(SIGNAL_COLUMNS, rows))
        assert_told(
            problems_of(load_ledger, [tmp_path / "signals.csv"], [tmp_path / "occasions.csv"], words=WORDS),
            "occasions.csv:4:10: quotes are not balanced",
            "signals.csv:2:.*: actor: expected one of",
        )

    def test_missing_files_are_told_with_the_problems_of_the_others(self, load, tmp_path):
        load(signals=[SIGNAL])
        assert_told(
            problems_of(
                load_ledger,
                [tmp_path / "signals.csv", tmp_path / "more.csv"],
                [tmp_path / "occasion.csv"],
                [tmp_path],
                words=WORDS,
            ),
            r"occasion.csv: no such file \(did you mean \"occasions.csv\"\?\)",
            "more.csv: no such file",
            "expected a file; this is a folder",
        )

    def test_words_are_checked_only_where_they_are_given(self, load):
        odd = SIGNAL | {"kind": "parley", "actor": "FR", "strength": "-1"}
        assert load(signals=[odd], words=None).signals[0].kind == "parley"

    def test_a_hopeless_file_ends_the_search_early(self, load):
        rows = [
            SIGNAL | {"event_id": f"2025-06-01-x{n}", "actor": "me", "same_as": f"2025-06-01-y{n}"}
            for n in range(3000)
        ]
        problems = problems_of(load, signals=rows)
        assert len(problems) == 301 and problems[-1].endswith("stopped looking after 300 problems")


class TestFilesOnTopOfEachOther:
    def test_a_later_file_replaces_a_row_and_says_so(self, load):
        ledger = load(more_signals=[[SIGNAL | {"strength": "3"}, SIGNAL | {"event_id": "2025-06-09-new"}]])
        found = [(s.event_id, s.strength) for s in ledger.signals]
        assert found == [("2025-06-01-envoys", 3), ("2025-06-09-new", 1)]
        assert ledger.signals[0].file == "signals1.csv" and ledger.revised == ("2025-06-01-envoys",)

    def test_the_same_row_again_is_no_revision(self, load):
        assert load(more_signals=[[SIGNAL]]) == load()

    def test_a_replaced_row_is_not_checked_against_the_others_any_more(self, load):
        unknown = SIGNAL | {"occasion": "2025-g20"}
        assert load(signals=[unknown], more_signals=[[SIGNAL]]).signals[0].occasion == "2025-apec"


class TestAppending:
    @pytest.fixture
    def files(self, load, tmp_path):
        load()
        return {name: [tmp_path / f"{name}.csv"] for name in ("signals", "occasions", "visit_windows")}

    NEW = SIGNAL | {"event_id": "2025-06-05-call", "description": 'A "frank" call, they say', "strength": 2}

    def append(self, files, fields):
        return append_signal(files["signals"][0], fields, files, WORDS)

    @pytest.mark.parametrize(
        "convert",
        [
            lambda old: old,
            lambda old: old.replace(b"\n", b"\r\n"),
            lambda old: old.removesuffix(b"\n"),
            lambda old: b"\xef\xbb\xbf" + old,
        ],
        ids=["plain", "line ends of spreadsheets", "no last line end", "byte order mark"],
    )
    def test_the_row_is_added_and_every_byte_before_it_stays(self, files, convert):
        path = files["signals"][0]
        path.write_bytes(before := convert(path.read_bytes()))
        signal = self.append(files, self.NEW)
        assert (signal.strength, signal.description, signal.line) == (2, 'A "frank" call, they say', 3)
        assert path.read_bytes().startswith(before)
        assert path.read_bytes().count(b"\r") in (0, path.read_bytes().count(b"\n"))
        assert load_ledger(**files, words=WORDS).signals[1] == signal

    @pytest.mark.parametrize(
        "columns", [SIGNAL_COLUMNS, OLD_COLUMNS], ids=["all columns", "without the optional ones"]
    )
    def test_a_row_is_added_to_a_file_with_or_without_the_optional_columns(self, load, files, columns):
        path = files["signals"][0]
        path.write_text(before := csv_of(columns, [SIGNAL]))
        self.append(files, self.NEW)
        quoted = self.NEW | {"description": '"A ""frank"" call, they say"', "strength": "2"}
        assert path.read_text() == before + csv_of(columns, [quoted]).split("\n", 1)[1]

    def test_a_day_that_the_announcement_names_is_added_with_it(self, files):
        assert self.append(files, self.NEW | ANNOUNCED).for_date == date(2025, 10, 30)

    @pytest.mark.parametrize("change", [{"search": "even"}, ANNOUNCED], ids=["search", "for_date"])
    def test_a_file_that_lacks_a_column_takes_no_row_that_fills_it(self, files, change):
        path = files["signals"][0]
        path.write_text(before := csv_of(OLD_COLUMNS, [SIGNAL]))
        column = next(name for name in change if name in OPTIONAL_COLUMNS)
        assert_told(
            problems_of(self.append, files, self.NEW | change),
            rf"signals.csv:1:1: {column}: expected a column {column}, as this row fills it",
        )
        assert path.read_text() == before

    @pytest.mark.parametrize(
        "change, expected",
        [
            (
                {"event_id": "2025-06-01-envoys"},
                r"options: --event-id: expected an id not used before.* is at signals.csv:2",
            ),
            ({"kind": "envoy_meting"}, r"options: --kind: .*did you mean \"envoy_meeting\""),
            ({"occasion": "2025-apce"}, r"options: --occasion: unknown occasion"),
            ({"description": "two\nlines"}, r"options: --description: .*found U\+000A"),
            ({"description": " padded"}, r"options: --description: expected text without outer spaces"),
            ({"strenght": "1"}, r"options: --strenght: unknown column \(did you mean \"strength\"\?\)"),
            ({"public_date": None}, r"options: --public-date: expected a day written"),
        ],
    )
    def test_a_wrong_row_is_told_and_nothing_written(self, files, change, expected):
        before = files["signals"][0].read_bytes()
        assert re.search(expected, problems_of(self.append, files, self.NEW | change)[0])
        assert files["signals"][0].read_bytes() == before

    def test_every_fault_of_a_row_is_told_at_once_by_its_option(self, files):
        row = {
            "event_id": "2025-06-01-envoys",
            "kind": "envoy_meting",
            "occasion": "2025-apce",
            "source": "a\tb",
        }
        told = problems_of(self.append, files, self.NEW | row)
        assert sorted(text.split(": ")[1] for text in told) == [
            "--event-id",
            "--kind",
            "--occasion",
            "--source",
        ]

    MINIMAL = {"kind": "envoy_meeting", "strength": "2", "grade": "B2", "public_date": "2025-06-05"}

    @pytest.mark.parametrize(
        "description, name",
        [
            ("The leaders' aides meet, at length, in Geneva", "the-leaders-aides-meet-at"),
            ("Der Präsident in Ærøskøbing, groß", "der-prasident-in-aeroskobing-gross"),
            ("两国元首通话 10月30日", "envoy-meeting"),
            ("تماس رئیس\u200cجمهور", "envoy-meeting"),
            ("Trump与习近平", "trump"),
        ],
    )
    def test_an_id_is_made_from_words_of_any_script(self, files, description, name):
        row = self.MINIMAL | {"description": description}
        assert self.append(files, row).event_id == f"2025-06-05-{name}"
        assert self.append(files, row | {"strength": "1"}).event_id == f"2025-06-05-{name}-2"

    def test_what_is_not_given_has_a_default(self, files):
        made = self.append(files, self.MINIMAL | {"description": "Envoys meet", "strength": "+2"})
        assert (made.actor, made.event_date, made.source) == ("both", made.public_date, "not given")
        assert not made.checked and ",both,2,B2," in files["signals"][0].read_text()

    def test_a_row_that_says_the_same_is_not_added_twice(self, files):
        row = self.MINIMAL | {"description": "Envoys meet"}
        self.append(files, row)
        told = problems_of(self.append, files, row)
        assert_told(told, "options: --description: expected a row not added before; .*:3 says the same")

    def test_words_about_attendance_must_say_whose(self, files):
        row = self.MINIMAL | {
            "kind": "attendance",
            "occasion": "2025-apec",
            "description": "x",
            "strength": "-3",
        }
        assert_told(problems_of(self.append, files, row), "options: --actor: expected one of US, CN, both")

    def test_a_file_that_does_not_exist_begins_with_the_header(self, files, tmp_path):
        everything = files | {"signals": [*files["signals"], tmp_path / "new.csv"]}
        append_signal(tmp_path / "new.csv", self.NEW, everything, WORDS)
        assert (tmp_path / "new.csv").read_text().splitlines()[0] == ",".join(SIGNAL_COLUMNS)
        told = problems_of(append_signal, tmp_path / "no" / "new.csv", self.NEW, files, WORDS)
        assert_told(told, "no/new.csv: no such file")

    def test_an_id_of_another_file_is_a_repetition_too(self, files, tmp_path):
        other = tmp_path / "mine.csv"
        other.write_text(csv_of(SIGNAL_COLUMNS, []))
        everything = files | {"signals": [*files["signals"], other]}
        assert_told(
            problems_of(append_signal, other, SIGNAL, everything, WORDS),
            "options: --event-id: expected an id not used before; .* at signals.csv:2",
        )

    def test_nothing_is_added_to_a_ledger_with_problems(self, files):
        files["occasions"][0].write_text(csv_of(OCCASION_COLUMNS, [OCCASION | {"host": "x"}, VISIT]))
        assert_told(problems_of(self.append, files, self.NEW), "occasions.csv:2:.*host")


class TestEvents:
    def names(self, ties):
        signals = tuple(in_memory_signal(name, 10 + n, same_as=tie) for n, (name, tie) in enumerate(ties))
        return [[signal.event_id for signal in group] for group in Ledger(signals).events]

    @pytest.mark.parametrize(
        "ties, groups",
        [
            ([("a", ""), ("b", ""), ("c", "")], [["a"], ["b"], ["c"]]),
            ([("a", ""), ("b", "a"), ("c", "")], [["a", "b"], ["c"]]),
            ([("a", "c"), ("b", ""), ("c", "b")], [["a", "b", "c"]]),
            ([("a", "b"), ("b", "a")], [["a", "b"]]),
            ([("a", ""), ("b", "gone")], [["a"], ["b"]]),
        ],
        ids=["untied", "a pair", "a chain", "both ways", "a tie to a row that is gone"],
    )
    def test_rows_tied_together_are_one_event(self, ties, groups):
        assert self.names(ties) == groups

    @given(st.lists(st.integers(0, 9), min_size=10, max_size=10), st.permutations(range(10)))
    def test_the_grouping_does_not_depend_on_which_row_names_which(self, named, order):
        forward = self.names([(str(n), str(named[n])) for n in range(10)])
        assert sorted(sum(forward, [])) == [str(n) for n in range(10)]
        shuffled = self.names([(str(n), str(named[n])) for n in order])
        assert {frozenset(group) for group in forward} == {frozenset(group) for group in shuffled}


# The cut. Days count from DAY_0; small numbers make coincidences of dates likely.
DAY_0 = date(2000, 1, 1)


def on(number):
    return DAY_0 + timedelta(days=number)


def in_memory_signal(name, public, occasion="", same_as=""):
    return made_up.signal(name, on(public), occasion=occasion, same_as=same_as)


def ledger_of(signals=(), occasions=(), windows=(), revised=()):
    return replace(made_up.ledger(signals, occasions, windows), revised=tuple(revised))


@st.composite
def outcomes(draw, start, end):
    """The outcome fields of an occasion, as `replace` takes them."""
    met = draw(st.sampled_from([True, False, None]))
    note = draw(st.sampled_from(["", "learned later"]))
    if met is None:
        return {"attended": "", "held_in_person": None, "met": None, "met_date": None, "note": note}
    return {
        "attended": draw(st.sampled_from(["both", "US", "none"])),
        "held_in_person": draw(st.booleans()),
        "met": met,
        "met_date": on(draw(st.integers(start - 5, end))) if met else None,
        "note": note,
    }


@st.composite
def occasions_of(draw, name, earliest_known=0):
    known = draw(st.integers(earliest_known, earliest_known + 30))
    start = draw(st.integers(known, known + 30))
    end = draw(st.integers(start, start + 5))
    kind = draw(st.sampled_from(["visit", "apec"]))
    return made_up.occasion(
        name,
        on(start),
        end - start + 1,
        kind,
        known_from=on(known),
        confidence="high",
        source="y",
        **draw(outcomes(start, end)),
    )


@st.composite
def ledgers(draw):
    occasions = [draw(occasions_of(f"occasion-{n}")) for n in range(draw(st.integers(0, 4)))]
    windows = [
        window
        for occasion in occasions
        if occasion.is_visit
        for window in draw(windows_of(occasion.occasion_id, (occasion.known_from - DAY_0).days))
    ]
    count = draw(st.integers(0, 6))
    names = [""] + [f"signal-{n}" for n in range(count)]
    signals = []
    for n in range(count):
        about = draw(st.sampled_from([None, *occasions]))
        public = draw(st.integers((about.known_from - DAY_0).days if about else 0, 70))
        tie = draw(st.sampled_from([name for name in names if name != f"signal-{n}"]))
        signals.append(in_memory_signal(f"signal-{n}", public, about.occasion_id if about else "", tie))
    return ledger_of(signals, occasions, windows, draw(st.lists(st.sampled_from(names), unique=True)))


@st.composite
def windows_of(draw, name, public_from):
    days = draw(st.lists(st.integers(public_from, 70), unique=True, max_size=3))
    spans = [draw(st.none() | st.tuples(st.integers(0, 80), st.integers(0, 20))) for _ in days]
    return [
        made_up.window(name, on(public), *((on(span[0]), on(sum(span))) if span else (None, None)))
        for public, span in zip(days, spans)
    ]


days = st.integers(-3, 75)


class TestTheCut:
    @settings(max_examples=50)
    @given(ledgers(), days, st.data())
    def test_rows_public_later_change_nothing(self, ledger, day, data):
        count = data.draw(st.integers(1, 3))
        later_occasions = [
            data.draw(occasions_of(f"later-{n}", earliest_known=day + 1)) for n in range(count)
        ]
        known = {window.id for window in ledger.visit_windows}
        later_windows = [
            window
            for visit in ledger.occasions
            if visit.is_visit
            for window in data.draw(windows_of(visit.occasion_id, min(day + 1, 70)))
            if window.public_date > on(day) and window.id not in known
        ]
        about = ["", *(o.occasion_id for o in ledger.occasions)]
        ties = ["", *(s.event_id for s in ledger.signals)]
        later_signals = [
            in_memory_signal(
                f"later-signal-{n}",
                data.draw(st.integers(day + 1, day + 40)),
                data.draw(st.sampled_from(about)),
                data.draw(st.sampled_from(ties)),
            )
            for n in range(count)
        ]
        more = ledger_of(
            [*ledger.signals, *later_signals],
            [*ledger.occasions, *later_occasions],
            [*ledger.visit_windows, *later_windows],
            [*ledger.revised, "later-0", "later-signal-0"],
        )
        assert more.as_of(on(day)) == ledger.as_of(on(day))
        assert more.as_of(on(day)).events == ledger.as_of(on(day)).events

    @settings(max_examples=50)
    @given(ledgers(), days, st.data())
    def test_what_happens_later_changes_nothing(self, ledger, day, data):
        """Other outcomes of what is not over, other leaders, other days of a visit ahead: the same cut."""
        other = []
        for occasion in ledger.occasions:
            start, end = ((when - DAY_0).days for when in (occasion.start_date, occasion.end_date))
            if occasion.outcome_date > on(day):
                if occasion.is_visit and start > day:
                    start = data.draw(st.integers(day + 1, day + 30))
                    end = start + data.draw(st.integers(0, 5))
                    occasion = replace(occasion, start_date=on(start), end_date=on(end))
                changed = replace(occasion, **data.draw(outcomes(start, end)), confidence="low", source="z")
                assume(changed.outcome_date > on(day))
                occasion = replace(changed, leader_1="C") if start > day else changed
            other.append(occasion)
        assert replace(ledger, occasions=tuple(other)).as_of(on(day)) == ledger.as_of(on(day))

    @settings(max_examples=50)
    @given(ledgers(), days, days)
    def test_cutting_twice_is_cutting_at_the_earlier_day(self, ledger, one, other):
        assert ledger.as_of(on(one)).as_of(on(other)) == ledger.as_of(on(min(one, other)))

    @settings(max_examples=50)
    @given(ledgers(), days)
    def test_no_row_and_no_outcome_of_a_later_day_is_left(self, ledger, day):
        cut, today = ledger.as_of(on(day)), on(day)
        names = {row.id for row in (*cut.signals, *cut.occasions)} | {""}
        assert all(row.public_date <= today for row in (*cut.signals, *cut.visit_windows))
        assert all(signal.occasion in names and signal.same_as in names for signal in cut.signals)
        assert all(window.occasion_id in names for window in cut.visit_windows)
        for occasion in cut.occasions:
            assert occasion.known_from <= today
            assert occasion.met is None or occasion.outcome_date <= today
            assert occasion.met_date is None or occasion.met_date <= today
            if occasion.is_visit:
                assert occasion.start_expected or occasion.start_date <= today
                assert occasion.end_expected or occasion.end_date <= today

    @settings(max_examples=50)
    @given(ledgers())
    def test_long_afterwards_everything_is_known(self, ledger):
        cut = ledger.as_of(on(1000))
        assert replace(cut, revised=()) == replace(ledger, revised=())

    def test_every_field_of_an_occasion_is_public_or_cut(self):
        """A new column must be placed on one side of the barrier."""
        past = made_up.visit("o", on(10), met=True, known_from=on(1), note="n", confidence="high", source="s")
        assert all(getattr(past, name) for name in columns_of(Occasion))
        cut = past.as_of(on(5), None)
        kept = {name for name in columns_of(Occasion) if getattr(cut, name)}
        assert kept == {"occasion_id", "name", "type", "host", "known_from"}
        assert all(getattr(cut, name) == getattr(past, name) for name in kept)

    @pytest.mark.parametrize(
        "day, start, end, started",
        [
            ("2025-09-18", None, None, None),
            ("2025-09-19", "2026-01-01", "2026-04-30", False),
            ("2026-02-01", "2026-04-01", "2026-04-30", False),
            ("2026-03-01", None, None, False),
            ("2026-03-20", "2026-04-10", "2026-04-11", False),
            ("2026-04-10", "2026-04-10", "2026-04-11", True),
            ("2026-04-12", "2026-04-10", "2026-04-12", True),
        ],
        ids=["not known", "first window", "narrower", "put off", "dates", "begun", "over"],
    )
    def test_the_days_of_a_visit_are_those_last_said_until_it_begins(self, load, day, start, end, started):
        windows = [
            WINDOW | {"public_date": public, "earliest": earliest, "latest": latest}
            for public, earliest, latest in [
                ("2025-09-19", "2026-01-01", "2026-04-30"),
                ("2026-01-15", "2026-04-01", "2026-04-30"),
                ("2026-03-01", "", ""),
                ("2026-03-20", "2026-04-10", "2026-04-11"),
            ]
        ]
        visits = [o for o in load(windows=windows).as_of(date.fromisoformat(day)).occasions if o.is_visit]
        found = [(str(o.start_date or ""), str(o.end_date or ""), not o.start_expected) for o in visits]
        assert found == ([] if started is None else [(start or "", end or "", started)])

    def test_days_expected_in_the_past_are_not_taken_for_days_that_came(self):
        visit = made_up.visit("v", on(35), known_from=on(1))
        windows = [made_up.window("v", on(5), on(20), on(30)), made_up.window("v", on(12), on(8), on(9))]
        cut = ledger_of([], [visit], windows).as_of(on(15))
        assert cut.occasions[0].outcome_date is None and cut.occasions[0].end_date == on(9)
        again = cut.as_of(on(10)).occasions[0]
        assert (again.start_date, again.end_date) == (on(20), on(30))

    @pytest.mark.parametrize(
        "day, met, leader",
        [("2025-10-29", None, ""), ("2025-10-30", True, "Trump"), ("2025-12-01", True, "Trump")],
    )
    def test_a_meeting_on_the_eve_is_known_that_day_with_those_who_met(self, load, day, met, leader):
        apec = load().as_of(date.fromisoformat(day)).occasions[0]
        assert (apec.met, apec.leader_1, apec.start_date) == (met, leader, date(2025, 10, 31))

    def test_no_meeting_is_known_on_the_last_day_only(self, load):
        missed = {"met": "no", "met_date": "", "note": "They missed each other."}
        ledger = load(occasions=[OCCASION | missed, VISIT])
        before, after = (ledger.as_of(day) for day in (date(2025, 10, 31), date(2025, 11, 1)))
        apec = before.occasions[0]
        assert (apec.met, apec.attended, apec.note) == (None, "", "")
        assert apec.leader_1 == "Trump", "it has begun"
        assert (after.occasions[0].met, after.occasions[0].attended) == (False, "both")

    def test_a_tie_to_a_later_row_is_not_mentioned(self):
        ledger = ledger_of([in_memory_signal("a", 1, same_as="b"), in_memory_signal("b", 5)])
        assert ledger.as_of(on(4)).signals[0].same_as == ""
        assert ledger.as_of(on(5)).signals[0].same_as == "b"


class TestAsOfDay:
    @pytest.mark.parametrize("as_of, sound", [("2024-10-31", True), ("2024-10-30", False)])
    def test_a_day_before_the_record_is_told_at_the_key_that_says_it(self, load, as_of, sound):
        ledger, run = load(), load_params(as_of=as_of)
        if sound:
            check_as_of(ledger, run)
        else:
            told = problems_of(check_as_of, ledger, run)
            assert_told(told, "options: as_of: .* the ledger begins on 2024-10-31; found 2024-10-30")

    def test_a_deadline_more_than_three_years_ahead_is_told(self, load):
        check_as_of(load(), load_params(deadline="2028-07-13"))
        told = problems_of(check_as_of, load(), load_params(deadline="2028-07-14"))
        assert_told(told, "options: deadline: .* at most 1098 days after as_of, .*; found 2028-07-14")

    def test_an_empty_ledger_is_told(self):
        told = problems_of(check_as_of, Ledger(), load_params())
        assert_told(told, r"question.yaml:\d+:\d+: as_of: .*has no rows")
