"""The command line: answers on one screen, wrong words told with the nearest right one, and exit codes that mean something."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from model.answer import forecast
from model.answer.forecast import to_json
from model.cli import main, percent, screen, sparkline
from model.evidence.ledger import OCCASION_COLUMNS, WINDOW_COLUMNS
from model.fit import fits
from model.paths import ROOT
from model.report import build, provenance

SEEDS = ROOT / "seeds"


@pytest.fixture
def call(capsys, default_run):
    """Runs the command line in this process: exit code, what it printed, what it complained of."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def probability(text):
    return float(re.search(r"(?m)^  (\d+) %", text)[1])


class TestForecast:
    def test_the_answer_fits_on_one_screen(self, call):
        code, text, complaint = call("forecast")
        lines = text.splitlines()
        assert (code, complaint) == (0, "") and len(lines) <= 24
        assert re.fullmatch(
            r"\d+ rows are later than 2025-07-11 and were not used; --as-of latest uses them.", lines[0]
        )
        assert lines[1] == "Trump and Xi meet in person in 2025, by 2025-12-31        as of 2025-07-11"
        assert re.fullmatch(
            r"  \d+ %  (very likely|likely|almost certain)   \(spread over the posterior \d+-\d+ %\)   "
            r"without signals \d+ %   a week ago \d+ %",
            lines[2],
        )
        assert lines[3].endswith("years that stood like this: 15 of 17")
        assert lines[4].split() == [
            "who",
            "comes",
            "Trump",
            "Xi",
            "both",
            "first",
            "meeting",
            "there",
            "last",
            "word",
        ]
        for label in ("moved", "watch"):
            assert sum(line.startswith(f"  {label}   ") for line in lines) == 1
        assert re.search(
            r"From the stored fit \(\d+\.\d s\)\. Nothing written; --report renders the page\.$", lines[-1]
        )

    def test_each_occasion_stands_on_a_line_with_who_comes_and_the_last_word(self, call, default_run):
        lines = call("forecast")[1].splitlines()
        rows = [row for row in default_run.forecast.occasions if row["status"] != "past"]
        assert lines[5 + len(rows)].startswith("  moved")
        for row, line in zip(rows, lines[5:]):
            assert line.startswith(f"  {row['start_date']:<10}  {row['name']}")
            for side in ("US", "CN"):
                if row["comes"]:
                    assert "home" in line if row["host"] == side else percent(row["comes"][side]) in line
            assert row["both"] is None or percent(row["both"]) in line
            assert percent(row["probability_first"]) in line
            assert (
                row["last_word"] is None or f"{row['last_word']['date']}: {row['last_word']['text']}" in line
            )

    def test_what_to_watch_has_the_downside_first_then_the_upside_then_a_pair(self, call, default_run):
        lines = call("forecast")[1].splitlines()
        begin = next(i for i, line in enumerate(lines) if line.startswith("  watch"))
        shown = [line[10:].partition(" -> ")[0] for line in lines[begin:-1]]
        told = {row["what"]: row["direction"] for row in default_run.forecast.next_signals}
        assert [told[what] for what in shown] == ["down", "down", "up", "up", "pair", "pair"]

    def test_json_is_the_forecast_file(self, call, default_run):
        code, text, _ = call("forecast", "--json")
        assert code == 0 and text == to_json(default_run.forecast)

    def test_options_change_the_question(self, call):
        code, text, _ = call("forecast", "--as-of", "2025-07-18", "--deadline", "2025-11-15")
        assert code == 0 and "by 2025-11-15        as of 2025-07-18" in text

    def test_latest_uses_every_row_and_says_that_they_have_met(self, call, default_run, monkeypatch):
        monkeypatch.setattr(forecast, "fit", lambda params, past: default_run.fit)
        code, text, _ = call("forecast", "--as-of", "latest")
        assert code == 0 and not text.startswith("0 rows") and "rows are later" not in text
        assert text.startswith("They met on 2025-10-30; below is the chance of another meeting.")

    def test_an_added_signal_is_the_first_reason_told(self, call):
        _, plain, _ = call("forecast")
        code, text, _ = call("forecast", "--add", "summit_announced:3:2025-apec-gyeongju")
        assert code == 0 and probability(text) >= probability(plain)
        assert re.search(
            r"(?m)^  moved   \+\d+\.\d  2025-07-11  What you added: summit announced, strength \+3, about 2025-apec",
            text,
        )

    def test_a_status_can_be_set_and_a_row_removed(self, call):
        _, plain, _ = call("forecast")
        code, refused, _ = call(
            "forecast", "--set", "2025-apec-gyeongju=refused", "--set", "2025-g20-johannesburg=refused"
        )
        assert code == 0 and probability(refused) < probability(plain) - 20
        assert "What you added: attendance, strength -3, both, about 2025-apec-gyeongju" in refused
        code, text, _ = call("forecast", "--remove", "2025-06-05-xi-invites-trump")
        assert code == 0 and "Xi invites Trump" not in text

    def test_the_coming_of_a_leader_can_be_set(self, call):
        _, plain, _ = call("forecast")
        code, away, _ = call("forecast", "--set", "2025-apec-gyeongju=US:stays-away")
        assert code == 0 and probability(away) < probability(plain) - 20
        assert "What you added: attendance, strength -3, US, about 2025-apec-gyeongju" in away
        code, comes, _ = call("forecast", "--add", "attendance:3:2025-apec-gyeongju:US@2025-07-10")
        assert code == 0 and probability(comes) > probability(plain)

    def test_more_files_are_laid_over_the_seeds_and_revised_rows_named(self, call, tmp_path):
        header, *rows = (SEEDS / "signals.csv").read_text().splitlines()
        row = next(row for row in rows if row.startswith("2025-07-11-rubio-wang-kl"))
        (tmp_path / "more.csv").write_text(
            f"{header}\n{row.replace(',envoy_meeting,both,', ',envoy_meeting,US,')}\n"
        )
        code, text, _ = call("forecast", "--signals", tmp_path / "more.csv")
        assert code == 0 and "revised by a later file: 2025-07-11-rubio-wang-kl" in text

    def test_only_the_given_files_are_read(self, call, tmp_path):
        (tmp_path / "none.csv").write_text((SEEDS / "signals.csv").read_text().splitlines()[0] + "\n")
        code, text, _ = call(
            "check", "--only", "--signals", tmp_path / "none.csv", "--occasions", SEEDS / "occasions.csv"
        )
        assert code == 0 and text.startswith("0 signals, 129 occasions, 0 visit windows: no problem found.")

    @pytest.mark.parametrize("words", [(), ("--report", "--name", "mine")])
    def test_a_fit_that_fails_the_gate_publishes_nothing_and_is_kept_for_inspection(
        self, call, tmp_path, monkeypatch, words
    ):
        for name, place in {"FITS": tmp_path / "fits", "ROOT": tmp_path, "sample": lambda *_: None}.items():
            monkeypatch.setattr(fits, name, place)
        monkeypatch.setattr(provenance, "RENDERED", tmp_path / "rendered")
        monkeypatch.setattr(build, "LOG", tmp_path / "log.csv")
        faults = ["R-hat 1.300 of held; at most 1.01 wanted"]
        monkeypatch.setattr(fits, "draws_of", lambda *_: {"held": np.ones(3)})
        monkeypatch.setattr(fits, "diagnose", lambda *_: ({"ok": False}, faults))
        code, text, complaint = call("forecast", "--random-seed", "5", *words)
        assert (
            (code, text) == (1, "")
            and "nothing is published" in complaint
            and "R-hat 1.300 of held" in complaint
        )
        (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
        assert (
            kept.parent == tmp_path / ".cache" / "failed"
            and f"kept in .cache/failed/{kept.name}" in complaint
        )
        assert fits.load_fit(kept).draws["held"].tolist() == [1, 1, 1]

    def test_a_new_fit_says_why_it_was_needed(self, default_run):
        fresh = replace(
            default_run.fit, reused=False, seconds=7.4, why="no stored fit of these priors and this record"
        )
        assert "Fitted anew in 7 s: no stored fit of these priors and this record. Nothing" in screen(
            replace(default_run, fit=fresh), 9.0
        )


class TestAdd:
    ROW = [
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
        "The leaders speak, at length, by telephone.",
        "--source",
        "A test",
    ]

    @pytest.fixture
    def mine(self, tmp_path):
        path = tmp_path / "mine.csv"
        path.write_text((SEEDS / "signals.csv").read_text().splitlines()[0] + "\n")
        return path

    def test_a_row_is_appended_and_the_forecast_answers_with_it(self, call, mine):
        before = mine.read_text()
        code, text, told = call("add", *self.ROW, "--to", mine)
        assert (
            code == 0
            and f"added 2025-07-10-the-leaders-speak-at-length to {mine}" in told
            and "years that stood" in text
        )
        assert mine.read_text() == before + (
            "2025-07-10-the-leaders-speak-at-length,2025-07-10,2025-07-10,leader_call,both,3,"
            'A1,,,,no,,"The leaders speak, at length, by telephone.",A test,open\n'
        )
        assert call("forecast", "--signals", mine)[1].splitlines()[1:4] == text.splitlines()[1:4]

    def test_an_announcement_is_added_with_the_day_that_it_names(self, call, mine):
        before = mine.read_text()
        row = {name: value for name, value in zip(self.ROW[::2], self.ROW[1::2])} | {
            "--kind": "summit_announced",
            "--public-date": "2025-07-11",
            "--occasion": "2025-apec-gyeongju",
            "--for-date": "2025-10-30",
            "--to": mine,
        }
        code, text, _ = call("add", *(word for pair in row.items() for word in pair))
        assert code == 0 and "A1,2025-apec-gyeongju,2025-10-30,,no,," in mine.read_text().removeprefix(before)
        assert re.search(r"(?m)^  2025-10-31  APEC Gyeongju .* 2025-07-11: The leaders speak", text)

    def test_a_row_goes_to_a_file_without_the_optional_columns_too(self, call, mine):
        mine.write_text(mine.read_text().replace("for_date,", "").replace("search,", ""))
        before = mine.read_text()
        assert call("add", *self.ROW, "--to", mine)[0] == 0
        assert (
            mine.read_text()
            .removeprefix(before)
            .startswith(
                "2025-07-10-the-leaders-speak-at-length,2025-07-10,2025-07-10,leader_call,both,3,A1,,,no,"
            )
        )


class TestCheck:
    HEADERS = {"occasions": OCCASION_COLUMNS, "visit_windows": WINDOW_COLUMNS}

    def laid_over(self, folder, **rows):
        """Options that lay rows over the seeds."""
        words = []
        for table, row in rows.items():
            path = folder / f"{table}.csv"
            path.write_text(",".join(self.HEADERS[table]) + f"\n{row}\n")
            words += [f"--{table.replace('_', '-')}", path]
        return words

    @pytest.mark.parametrize(
        "met, window, warned",
        [
            ("", "", True),
            ("", "2026-visit-x,2025-07-01,2026-03-01,2026-03-31,said", False),
            ("", "2026-visit-x,2025-07-01,,,put off", False),
            ("no", "", False),
        ],
    )
    def test_a_visit_that_is_not_over_needs_a_window(self, call, tmp_path, met, window, warned):
        """The host of the visit is a third country."""
        outcome = "none,yes,no" if met else ",,"
        row = (
            f"2026-visit-x,A visit,visit,CH,2026-03-02,2026-03-03,2025-07-01,Trump,Xi,{outcome},,,low,A test"
        )
        code, text, complaint = call(
            "check", *self.laid_over(tmp_path, occasions=row, **({"visit_windows": window} if window else {}))
        )
        assert (code, complaint) == (0, "") and "no problem found" in text
        assert (
            f"warning: {tmp_path}/occasions.csv:2: 2026-visit-x has no row in the visit windows" in text
        ) == warned

    def test_the_seeds_are_sound(self, call):
        code, text, complaint = call("check")
        assert (code, complaint) == (0, "") and re.match(
            r"\d{3} signals, \d+ occasions, \d+ visit windows: no problem found\.\n", text
        )
        assert (
            re.search(r"warning: \d+ signals are not checked against a source", text)
            and "visit windows, so" not in text
        )


@pytest.mark.parametrize(
    "values, line", [([0.0], " "), ([1.0], "█"), ([0, 0.5, 1], " ▄█"), ([0.06, 0.07], " ▁")]
)
def test_a_sparkline_shows_chances_as_blocks(values, line):
    assert sparkline(values) == line


def test_a_long_curve_fits_the_width():
    assert len(sparkline([n / 1000 for n in range(1000)])) == 60


class TestProcess:
    def test_python_m_model_prints_the_same_bytes_as_this_process(self, default_run):
        made = subprocess.run(
            [sys.executable, "-m", "model", "forecast", "--json"], capture_output=True, cwd=ROOT
        )
        assert (made.returncode, made.stderr) == (0, b"") and made.stdout.decode() == to_json(
            default_run.forecast
        )
        assert json.loads(made.stdout)["probability"] > 0

    def test_it_stays_quiet_when_nobody_reads(self, default_run):
        head = subprocess.run(
            f"'{sys.executable}' -m model forecast --json | true", shell=True, capture_output=True, cwd=ROOT
        )
        assert head.stderr == b""

    def test_it_works_from_any_folder(self, tmp_path, default_run):
        summit_command = shutil.which("summit", path=str(ROOT / ".venv" / "bin"))
        if summit_command is None:
            pytest.skip("the project is not installed here")
        made = subprocess.run([summit_command, "check"], capture_output=True, cwd=tmp_path)
        assert made.returncode == 0 and b"no problem found" in made.stdout and not list(tmp_path.iterdir())
