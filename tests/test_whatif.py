"""What-if: tables agree with the command line, widgets respond, and no model is ever fitted."""

import json
import re
import shlex
from dataclasses import replace
from datetime import date

import pytest

from model import chances, cli, formatting
from model.answer.forecast import to_json
from model.evidence.edits import Edits
from model.evidence.outlook import outlook
from model.fit import fits
from model.report import whatif, words

APEC, G20 = "2025-apec-gyeongju", "2025-g20-johannesburg"


@pytest.fixture(autouse=True)
def no_sampler(monkeypatch, few_draws):
    """Whatever is asked is answered from the fit of the default run."""

    def refuse(*_):
        raise AssertionError("a what-if must not fit")

    monkeypatch.setattr(fits, "sampled", refuse)


@pytest.fixture(scope="module")
def status_rows(small_run, few_draws):
    return {row[0]: row for row in whatif.status_rows(small_run).rows}


@pytest.fixture(scope="module")
def coming_rows(small_run, few_draws):
    return {(row[0], row[1]): row for row in whatif.coming_rows(small_run).rows}


@pytest.fixture(scope="module")
def scenario_rows(small_run, few_draws):
    return {row[2]: row for row in whatif.scenario_rows(small_run).rows}


@pytest.fixture(scope="module")
def path(small_run):
    return whatif.quiet_path(small_run)


@pytest.fixture(scope="module")
def panel(small_run, few_draws):
    return whatif.panel(small_run)


def asked(options, capsys):
    """What `summit forecast` answers."""
    assert cli.main(["forecast", *shlex.split(options), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


class TestTables:
    def test_they_say_what_the_command_line_says(self, status_rows, coming_rows, scenario_rows, capsys):
        shown = {
            f"--set {APEC}=announced": status_rows["APEC Gyeongju"][3],
            f"--set {APEC}=US:stays-away": coming_rows["APEC Gyeongju", "Trump"][6],
            f"--set {APEC}=refused --set {G20}=refused": scenario_rows[
                "APEC Gyeongju and G20 Johannesburg: refused"
            ][0],
            "--add leader_call:3 --add invitation:3": scenario_rows[
                "The leaders speak, and one invites the other"
            ][0],
        }
        for options, probability in shown.items():
            assert asked(options, capsys)["probability"] == pytest.approx(probability, rel=1e-5), options

    def test_the_better_the_status_the_higher_the_forecast(self, small_run, status_rows):
        known = {row["name"] for row in small_run.forecast.occasions if row["kind"] != "unknown"}
        assert set(status_rows) == known
        for _, _, planned, announced, _, refused, scheduled in status_rows.values():
            assert announced > small_run.forecast.probability > refused and planned >= scheduled

    def test_the_better_the_word_about_a_guest_the_higher_the_forecast(self, small_run, coming_rows):
        assert {("APEC Gyeongju", "Trump"), ("APEC Gyeongju", "Xi")} <= coming_rows.keys()
        at_home = [("New York", "Trump"), ("Beijing", "Xi")]
        assert not any(city in place and host == who for place, who in coming_rows for city, host in at_home)
        now = {
            (row["name"], side.leader): row["comes"][side.code]
            for row in small_run.forecast.occasions
            if row["comes"]
            for side in small_run.params.question.sides
        }
        for (place, who), (_, _, comes, *values) in coming_rows.items():
            assert comes == now[place, who] and values == sorted(set(values), reverse=True)

    @pytest.mark.parametrize("leader", ["Trump", "Xi"])
    def test_a_leader_who_stays_away_from_all_costs_more_than_from_one(
        self, coming_rows, scenario_rows, leader
    ):
        alone = [row[6] for (_, who), row in coming_rows.items() if who == leader]
        assert scenario_rows[f"{leader} stays away from every occasion abroad"][0] < min(alone)

    def test_a_season_refused_costs_more_than_its_occasions_one_by_one(
        self, small_run, status_rows, scenario_rows
    ):
        probability, moved, _, edits = scenario_rows["APEC Gyeongju and G20 Johannesburg: refused"]
        assert edits == f"set {APEC}=refused, {G20}=refused"
        assert moved == pytest.approx(probability - small_run.forecast.probability)
        assert probability < min(status_rows[name][5] for name in ("APEC Gyeongju", "G20 Johannesburg"))
        assert scenario_rows["APEC Gyeongju announced, G20 Johannesburg refused"][1] > 0
        assert scenario_rows["Both leaders say that they come to APEC Gyeongju"][1] > 0

    def test_the_article_can_be_left_out(self, small_run):
        scenario = next(each for each in whatif.scenarios(small_run) if "article" in each.text)
        assert set(scenario.edits.remove) == {s.event_id for s in small_run.ledger.signals if s.in_article}

    def test_a_whole_answer_is_that_of_the_command_line(self, small_run, capsys):
        added, removed = f"visit_planning:2:{APEC}@2025-07-02", "2025-06-05-trump-xi-call"
        edits = Edits(add=(added,), set=(f"{G20}=doubted",), remove=(removed,))
        ours = json.loads(to_json(whatif.answer(small_run, edits)))
        files = {"inputs": {}, "track_record": ""}
        assert ours | files == asked(whatif.options(edits), capsys) | files

    def test_a_run_without_occasions_has_tables_all_the_same(self, small_run):
        ahead = replace(small_run.outlook, seasons=(), visits=())
        bare = replace(small_run, forecast=replace(small_run.forecast, occasions=[]), outlook=ahead)
        assert whatif.status_rows(bare).rows == whatif.coming_rows(bare).rows == []
        assert all(not scenario.edits.set for scenario in whatif.scenarios(bare))


class TestQuietPath:
    def test_it_goes_week_by_week_from_the_forecast_to_nothing(self, small_run, path):
        assert path[0]["probability"] == pytest.approx(small_run.forecast.probability)
        assert path[-1] == {"date": "2025-12-31", "probability": 0.0}
        days = [date.fromisoformat(row["date"]) for row in path]
        assert days[0] == date(2025, 7, 11)
        assert {(late - early).days for early, late in zip(days, days[1:-1])} == {7}

    def test_it_is_the_forecast_of_a_later_day_from_the_ledger_of_today(self, small_run, path):
        day, q = date(2025, 10, 24), small_run.params.question
        ahead = outlook(small_run.ledger, day, q.deadline, small_run.params)
        wanted = chances.by_deadline(small_run.draws, ahead).mean()
        assert {row["date"]: row["probability"] for row in path}["2025-10-24"] == wanted

    def test_it_falls_where_an_occasion_passes_and_not_where_only_nothing_was_said(self, path):
        by_day = {row["date"]: row["probability"] for row in path}
        assert by_day["2025-08-29"] > by_day["2025-09-12"]
        assert by_day["2025-10-24"] > by_day["2025-11-07"] > by_day["2025-11-28"] < 0.05
        assert abs(by_day["2025-10-10"] - by_day["2025-10-24"]) < 0.02

    def test_the_table_lists_the_days_on_which_it_moved(self, path):
        rows = whatif.quiet_rows(path).rows
        assert rows[0][0] == "2025-07-11" and len(rows) < 20
        assert all(abs(late - early) >= 0.01 for (_, early), (_, late) in zip(rows, rows[1:]))

    def test_the_sentence_names_the_day_on_which_it_has_halved(self):
        values = ((1, 0.8), (8, 0.5), (15, 0.39), (31, 0.0))
        path = [{"date": f"2025-12-{day:02}", "probability": p} for day, p in values]
        assert "15 December 2025" in words.forecast.unheard(path)
        assert "December" not in words.forecast.unheard(path[:1] + path[3:])


class TestPanel:
    @pytest.fixture(autouse=True)
    def fresh(self, panel):
        panel.start_again(None)

    def number(self, panel):
        return int(re.search(r"(\d+)%", panel.shown.value)[1]) / 100

    def test_it_begins_with_the_forecast_and_a_choice_for_each_guest(self, small_run, panel):
        assert self.number(panel) == pytest.approx(small_run.forecast.probability, abs=0.005)
        assert "±0.0 points" in panel.shown.value and not panel.edits
        assert list(panel.statuses) == list(whatif.occasions_ahead(small_run))
        invited = {APEC: {"US", "CN"}, "2025-unga-80": {"CN"}, "2025-beijing-parade": {"US"}}
        for name, sides in invited.items():
            assert {side for place, side in panel.coming if place == name} == sides
        assert {*panel.statuses.values(), *panel.coming.values()} <= set(panel.box.children)

    def test_choices_move_number_reasons_and_command_until_taken_back(self, small_run, panel):
        before = panel.shown.value
        panel.statuses[G20].value, panel.coming[APEC, "US"].value = "refused", "stays-away"
        assert panel.edits == Edits(set=(f"{G20}=refused", f"{APEC}=US:stays-away"))
        wanted = whatif.answer(small_run, panel.edits)
        assert self.number(panel) == pytest.approx(wanted.probability, abs=0.005)
        for part in (
            words.forecast.climb(wanted),
            "What you added: attendance",
            f"--set {APEC}=US:stays-away",
        ):
            assert part in panel.shown.value
        assert before.count("<svg") == panel.shown.value.count("<svg") == 1
        panel.reset.click()
        assert not panel.edits and panel.shown.value == before

    def test_a_signal_is_added_with_its_leader_where_it_is_about_coming(self, panel):
        panel.kind.value, panel.strength.value, panel.occasion.value = "attendance", -2, APEC
        panel.actor.value = "CN"
        panel.add.click()
        assert panel.edits == Edits(add=(f"attendance:-2:{APEC}:CN",))
        panel.kind.value, panel.strength.value, panel.day.value = "visit_planning", 3, date(2025, 7, 2)
        panel.add.click()
        assert panel.edits.add[-1] == f"visit_planning:3:{APEC}@2025-07-02"
        assert "What you added: visit planning" in panel.shown.value

    @pytest.mark.parametrize(
        ("added", "expected"),
        [
            (f"attendance:-2:{APEC}:both", f"attendance:-2:{APEC}:US or attendance:-2:{APEC}:CN"),
            ("leader_call:-2", "expected a strength from 1 to 3 for leader_call; found -2"),
            ("leader_call:3@2011-03-09", "makes a new fit"),
        ],
    )
    def test_what_cannot_be_answered_is_told(self, panel, added, expected):
        panel.added.value = [added]
        assert expected in panel.shown.value

    def test_rows_can_be_left_out(self, small_run, panel):
        panel.removed.value = ["2025-07-11-apec-or-beijing-idea"]
        moved = whatif.answer(small_run, panel.edits).probability - small_run.forecast.probability
        assert moved < 0 and f"That is {formatting.points(moved)} points" in panel.shown.value

    def test_where_nobody_can_use_it_words_replace_it(self, small_run):
        assert "JupyterLab" in whatif.panel(small_run, interactive=False).markup
