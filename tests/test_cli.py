"""The command line: a forecast on one screen, hints for wrong words, and meaningful exit codes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from made_up import every_fit

from model import cli, screen
from model.answer import explain, forecast
from model.answer.forecast import to_json
from model.evidence.rows import OCCASION_COLUMNS, WINDOW_COLUMNS
from model.fit import fits
from model.paths import ROOT, SEEDS, TABLES
from model.report import build, provenance

APEC, G20 = "2025-apec-gyeongju", "2025-g20-johannesburg"


@pytest.fixture
def call(capsys, few_draws):
    """Runs the command line in this process: exit code, standard output, standard error."""

    def run(*arguments):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def quick(small_run, monkeypatch):
    """Every fit is that of the default run."""
    every_fit(monkeypatch, lambda *_: small_run.fit)


def probability(text):
    return int(re.search(r"(?m)^  (\d+) %", text)[1])


class TestForecast:
    def test_the_answer_fits_on_one_screen(self, call, small_run):
        code, text, complaint = call("forecast")
        lines, made = text.splitlines(), small_run.forecast
        assert (code, complaint) == (0, "") and len(lines) <= 24
        assert lines[0].startswith(f"{made.rows_after_as_of} rows are later than 2025-07-11")
        assert lines[1].startswith("Trump and Xi meet in person in 2025, by 2025-12-31")
        assert screen.percent(made.probability) in lines[2] and made.likelihood_word in lines[2]
        assert lines[3].endswith("years like this one: 15 of 17")
        assert small_run.fit.why in lines[-1] and "Nothing written" in lines[-1]
        for row in made.occasions:
            line = next(line for line in lines if row["name"] in line[:60])
            cells = [row["probability_first"], row["both"], *row["comes"].values()]
            shown = [screen.percent(value) for value in cells if value is not None]
            assert all(cell in line for cell in shown) or "home" in line
            assert not row["last_word"] or row["last_word"]["text"] in line

    def test_what_to_watch_has_the_downside_first_then_the_upside_then_a_pair(self, call, small_run):
        lines = call("forecast")[1].splitlines()
        begin = next(i for i, line in enumerate(lines) if line.startswith("  watch"))
        watched = [line[10:].partition(" -> ")[0] for line in lines[begin:-1]]
        direction = {row["what"]: row["direction"] for row in small_run.forecast.next_signals}
        assert [direction[what] for what in watched] == ["down", "down", "up", "up", "pair", "pair"]

    def test_latest_is_the_last_day_that_the_evidence_covers_when_they_have_met(self, call, quick):
        code, text, _ = call("forecast", "--as-of", "latest", "--deadline", "2025-12-31")
        assert code == 0 and "as of 2025-11-23" in text
        assert "resolved: yes, on 2025-10-30, at APEC Gyeongju" in text

    @pytest.mark.parametrize(
        "words, least, most, says",
        [
            (("--add", f"summit_announced:3:{APEC}"), 0, 99, f"summit announced, strength +3, about {APEC}"),
            (("--add", f"attendance:3:{APEC}:US@2025-07-10"), 1, 99, "attendance, strength +3, US"),
            (("--set", f"{APEC}=US:stays-away"), -99, -20, f"attendance, strength -3, US, about {APEC}"),
            (("--set", f"{APEC}=refused", "--set", f"{G20}=refused"), -99, -20, "attendance, strength -3"),
        ],
    )
    def test_a_what_if_moves_the_number_and_is_named(self, call, small_run, words, least, most, says):
        code, text, _ = call("forecast", *words)
        assert code == 0 and f"What you added: {says}" in text
        assert least <= probability(text) - round(100 * small_run.forecast.probability) <= most

    def test_a_row_can_be_removed(self, call, small_run):
        largest = explain.moved(small_run.forecast.contributions)[0]
        code, text, _ = call("forecast", "--remove", largest["id"])
        assert code == 0 and largest["text"] not in text

    def test_more_files_are_laid_over_the_seeds_and_revised_rows_named(self, call, tmp_path):
        header, *rows = TABLES["signals"].read_text().splitlines()
        row = next(row for row in rows if row.startswith("2025-07-11-rubio-wang-kl"))
        changed = row.replace(",envoy_meeting,both,", ",envoy_meeting,US,")
        (tmp_path / "more.csv").write_text(f"{header}\n{changed}\n")
        code, text, _ = call("forecast", "--signals", tmp_path / "more.csv")
        assert code == 0 and "revised by a later file: 2025-07-11-rubio-wang-kl" in text

    def test_a_new_fit_says_why_it_was_needed(self, default_run):
        fresh = replace(default_run.fit, reused=False, seconds=7.4, why="no stored fit of this record")
        text = screen.answer(replace(default_run, fit=fresh), 9.0)
        assert "Fitted anew in 7 s: no stored fit of this record." in text


def posterior_of_one(draws):
    """A posterior in which every value is 1, as the sampler returns it."""
    import xarray as xr

    ones = xr.DataArray(np.ones((1, draws)), dims=("chain", "draw"))
    groups = {
        "posterior": xr.Dataset({"held": ones}),
        "sample_stats": xr.Dataset(dict.fromkeys(fits.STATS, ones)),
    }
    return xr.DataTree.from_dict(groups)


class TestFaults:
    @pytest.mark.samples
    @pytest.mark.parametrize("words", [(), ("--report", "--name", "mine")])
    def test_a_fit_that_fails_the_gate_is_one_line_and_publishes_nothing(
        self, call, tmp_path, monkeypatch, words
    ):
        places = {fits: ("FITS", "FAILED", "RENDERED"), provenance: ("RENDERED",), build: ("LOG",)}
        for module, names in places.items():
            for name in names:
                monkeypatch.setattr(module, name, tmp_path / name)
        faults = ["R-hat 1.300 of held; at most 1.01 wanted"]
        monkeypatch.setattr(fits, "sample", lambda *_: posterior_of_one(3))
        monkeypatch.setattr(fits, "diagnose", lambda *_: ({"ok": False}, faults))
        code, text, complaint = call("forecast", "--random-seed", "5", *words)
        begun, again, complaint = complaint.splitlines()
        assert (code, text) == (3, "") and begun.startswith("Fitting the model to ")
        assert again == f"These chains fail the checks ({faults[0]}): again, twice as long."
        assert "nothing is published" in complaint and "R-hat 1.300 of held" in complaint
        (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
        assert kept.parent == tmp_path / "FAILED" and kept.name in complaint
        assert fits.load_fit(kept).draws["held"].tolist() == [1, 1, 1]

    def test_a_fault_of_the_program_is_one_line_and_keeps_its_traceback(self, call, tmp_path, monkeypatch):
        monkeypatch.setattr(cli, "FAILED", tmp_path)
        monkeypatch.setattr(forecast, "run", lambda *_, **__: {}["missing"])
        code, text, complaint = call("forecast")
        assert (code, text, complaint.count("\n")) == (3, "", 1)
        assert complaint.startswith("a fault of this program: KeyError: 'missing'; the traceback is kept in ")
        assert "KeyError" in (tmp_path / "traceback.txt").read_text()

    @pytest.mark.parametrize(
        "words, hint",
        [
            (("forecst",), 'did you mean "forecast"'),
            (("forecast", "--as-off", "x"), 'did you mean "--as-of"'),
            (("forecast", "--scen", "sceptic"), 'did you mean "--scenario"'),
            (("forecast", "--prior-only", "--report"), "--prior-only: expected without --report"),
            (("forecast", "--json", "--report"), "--json: expected without --report"),
            (("forecast", "--name", "mine"), "--name: expected only together with --report"),
            (("forecast", "--name", "\udcff"), "expected text in UTF-8"),
        ],
    )
    def test_wrong_usage_is_refused_with_the_nearest_word(self, call, words, hint):
        code, text, complaint = call(*words)
        assert (code, text) == (2, "") and hint in complaint


class TestAdd:
    ROW = {
        "--kind": "leader_call",
        "--strength": "3",
        "--actor": "both",
        "--grade": "A1",
        "--public-date": "2025-07-10",
        "--description": "The leaders speak, at length, by telephone.",
        "--source": "A test",
    }

    @pytest.fixture
    def mine(self, tmp_path):
        path = tmp_path / "mine.csv"
        path.write_text(TABLES["signals"].read_text().splitlines()[0] + "\n")
        return path

    @pytest.fixture
    def add(self, call, mine):
        """Appends a row to `mine`: exit code, standard output, standard error, what was appended."""

        def run(**changes):
            before = mine.read_text()
            row = self.ROW | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
            result = call("add", *(word for pair in row.items() for word in pair), "--to", mine)
            return *result, mine.read_text().removeprefix(before)

        return run

    def test_a_row_is_appended_and_the_forecast_answers_with_it(self, call, add, mine):
        code, text, told, row = add()
        assert (
            code == 0
            and f"added 2025-07-10-the-leaders-speak-at-length; to undo, delete line 2 of {mine}" in told
        )
        assert row == (
            "2025-07-10-the-leaders-speak-at-length,2025-07-10,2025-07-10,leader_call,both,3,"
            'A1,,,,no,,"The leaders speak, at length, by telephone.",A test,open\n'
        )
        assert call("forecast", "--signals", mine)[1].splitlines()[1:4] == text.splitlines()[1:4]

    def test_an_announcement_is_added_with_the_day_that_it_names(self, add):
        announced = dict(kind="summit_announced", public_date="2025-07-11", occasion=APEC)
        code, text, _, row = add(**announced, for_date="2025-10-30")
        assert code == 0 and f"A1,{APEC},2025-10-30,,no,," in row
        assert re.search(r"(?m)^  2025-10-31  APEC Gyeongju .* 2025-07-11: The leaders speak", text)

    def test_a_file_that_does_not_exist_is_begun_and_must_be_named_to_be_used(self, call, mine):
        mine.unlink()
        words = ["--kind", "leader_call", "--strength", "2", "--grade", "B2", "--description", "Anruf"]
        code, text, told = call("add", *words, "--to", mine)
        assert code == 0 and mine.read_text().splitlines()[1].startswith("2025-07-11-anruf,2025-07-11,")
        assert f"a forecast with it needs --signals {mine}" in told and "Only the row is written" in text
        assert call("check", "--signals", mine)[0] == 0

    @pytest.mark.parametrize(
        "changes, said",
        [
            (
                {"public_date": "2025-07-12"},
                "after the as-of day 2025-07-11, so this forecast does not use it",
            ),
            (
                {"kind": "envoy_meeting", "strength": "1", "public_date": "2025-07-11"},
                "counts as one with 2025-07-11-rubio-wang-kl (seeds/signals.csv:",
            ),
            (
                {"kind": "visit_planning", "strength": "1", "grade": "C3", "occasion": APEC},
                "counts as one with 2025-07-11-apec-or-beijing-idea (seeds/signals.csv:",
            ),
        ],
    )
    def test_a_row_that_adds_nothing_says_why(self, call, add, changes, said):
        code, text, told, _ = add(**changes)
        number = next(line for line in text.splitlines() if re.match(r"  \d+ %", line))
        assert code == 0 and said in told
        assert number.split("(")[0] in call("forecast")[1]

    def test_a_row_that_adds_something_gives_no_warning(self, add):
        assert "warning" not in add()[2]

    def test_a_row_goes_to_a_file_without_the_optional_columns_too(self, add, mine):
        mine.write_text(mine.read_text().replace("for_date,", "").replace("search,", ""))
        code, _, _, row = add()
        assert code == 0 and ",leader_call,both,3,A1,,,no," in row


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
        more = {"visit_windows": window} if window else {}
        code, text, complaint = call("check", *self.laid_over(tmp_path, occasions=row, **more))
        assert (code, complaint) == (0, "") and "no problem found" in text
        warning = f"warning: {tmp_path}/occasions.csv:2: 2026-visit-x has no row in the visit windows"
        assert (warning in text) == warned

    def test_the_seeds_are_sound(self, call):
        code, text, complaint = call("check")
        assert (code, complaint) == (0, "") and "no problem found" in text
        assert "not checked against a source" in text and "visit windows, so" not in text

    def test_what_lies_ahead_is_listed_by_id_with_its_status_as_of_the_day(self, call):
        text = call("check")[1]
        ahead = text.partition("ahead on 2025-07-11:\n")[2].splitlines()
        assert [line.split()[:3] for line in ahead] == [
            ["2025-09-03", "2025-beijing-parade", "doubted"],
            ["2025-09-23", "2025-unga-80", "scheduled"],
            ["2025-10-31", APEC, "planned"],
            ["2025-11-22", G20, "doubted"],
        ]
        earlier = call("check", "--as-of", "2017-10-01", "--deadline", "2017-12-31")[1]
        assert "2017-visit-trump-beijing" in earlier and "2025" not in earlier.partition("ahead on")[2]

    def test_only_the_given_files_are_read(self, call, tmp_path):
        (tmp_path / "none.csv").write_text(TABLES["signals"].read_text().splitlines()[0] + "\n")
        words = ("--only", "--signals", tmp_path / "none.csv", "--occasions", SEEDS / "occasions.csv")
        code, text, _ = call("check", *words)
        assert code == 0 and re.match(r"0 signals, \d+ occasions, 0 visit windows: no problem found\.", text)


@pytest.mark.parametrize(
    "values, line", [([0.0], " "), ([1.0], "█"), ([0, 0.5, 1], " ▄█"), ([0.06, 0.07], " ▁")]
)
def test_a_sparkline_shows_chances_as_blocks(values, line):
    assert screen.sparkline(values) == line
    assert len(screen.sparkline(values * 1000)) == 60


def process(*words, cwd=ROOT, path="", **more):
    """A process of Python, with PYTHONPATH and other variables set."""
    environment = os.environ | {"PYTHONPATH": path} | more
    return subprocess.run([sys.executable, *words], capture_output=True, cwd=cwd, env=environment, text=True)


class TestProcess:
    def test_python_m_model_prints_the_same_bytes_as_this_process(self, default_run):
        made = process("-m", "model", "forecast", "--json")
        assert (made.returncode, made.stderr) == (0, "") and made.stdout == to_json(default_run.forecast)
        assert json.loads(made.stdout)["probability"] > 0

    def test_it_stays_quiet_when_nobody_reads(self, default_run):
        pipe, ours = os.pipe()
        os.close(pipe)
        command = [sys.executable, "-m", "model", "forecast", "--json"]
        made = subprocess.run(command, stdout=ours, stderr=subprocess.PIPE, cwd=ROOT)
        assert (made.returncode, made.stderr) == (128 + signal.SIGPIPE, b"")

    def test_an_output_in_another_encoding_degrades(self, default_run):
        made = process("-m", "model", "forecast", PYTHONIOENCODING="ascii")
        whole = screen.answer(default_run, 0.1)
        assert (made.returncode, made.stderr) == (0, "") and made.stdout.isascii()
        assert [len(line) for line in made.stdout.splitlines()[:-1]] == [
            len(line) for line in whole.splitlines()[:-1]
        ]

    def test_another_package_called_model_on_the_path_is_not_run(self, tmp_path, default_run):
        """Neither by the command, from any folder, nor by what it starts."""
        (tmp_path / "model.py").write_text("raise SystemExit('another package')\n")
        path = os.pathsep.join([str(tmp_path), str(ROOT)])
        run = "import os, summit_forecast as s; assert s.main() == 0; print(os.environ['PYTHONPATH'])"
        made = process("-c", run, "forecast", cwd=tmp_path, path=path)
        assert made.returncode == 0 and "From the stored fit" in made.stdout, made.stderr
        assert made.stdout.splitlines()[-1].split(os.pathsep)[0] == str(ROOT)
        assert process("-m", "model", "forecast", path=str(tmp_path)).returncode == 0

    def test_the_command_in_a_copied_checkout_runs_the_copy(self, tmp_path):
        """Its first line still names the Python of the first checkout."""
        shutil.copy(ROOT / "summit_forecast.py", tmp_path)
        (tmp_path / "model").mkdir()
        (tmp_path / "model/__init__.py").touch()
        (tmp_path / "model/cli.py").write_text("def process():\n    print('the copy')\n    return 0\n")
        run = (
            f"import sys; sys.argv[0] = '{tmp_path}/.venv/bin/summit'; import summit_forecast as s; s.main()"
        )
        assert process("-c", run, path=str(ROOT)).stdout == "the copy\n"

    @pytest.mark.parametrize("made_in, code", [("here", 0), ("elsewhere", 1)])
    def test_a_copied_environment_refuses_the_package_of_the_first_checkout(self, tmp_path, made_in, code):
        for name in ("here", "elsewhere"):
            (tmp_path / name / ".venv").mkdir(parents=True)
        (tmp_path / "here/.venv/.stamp").write_text(f"3.12\n{tmp_path / made_in}\n")
        run = f"import sys; sys.prefix = '{tmp_path}/here/.venv'; import model"
        made = process("-c", run)
        assert made.returncode == code
        assert ("was made for another folder" in made.stderr and "`make`" in made.stderr) == bool(code)


def test_a_question_cannot_control_the_terminal(default_run):
    asked = replace(default_run, forecast=replace(default_run.forecast, question="They \x1b[31mmeet\n now"))
    text = screen.answer(asked, 0.1)
    assert "\x1b" not in text
    assert "They \\x1b[31mmeet\\n now, by 2025-12-31" in text


def test_a_visit_not_yet_public_has_no_status_on_the_screen(default_run):
    (line,) = [line for line in screen.answer(default_run, 0.1).splitlines() if "not yet public" in line]
    assert line.endswith("%")


def test_the_edges_of_an_interval_keep_their_signs_apart(default_run):
    sure = replace(default_run.forecast, interval={"lower": 0.98, "upper": 0.999})
    assert "98 to >99 %" in screen.answer(replace(default_run, forecast=sure), 0.1)
