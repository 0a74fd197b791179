"""What if: the tables say what the command line says, the widgets answer, and nothing is ever fitted."""

import json
import re
import shlex
from dataclasses import replace
from datetime import date

import pytest

from model import chances, cli, formatting
from model.answer.explain import Edits
from model.answer.forecast import to_json
from model.evidence.outlook import outlook
from model.fit import fits
from model.report import prose, whatif

APEC, G20 = "2025-apec-gyeongju", "2025-g20-johannesburg"


@pytest.fixture(autouse=True)
def no_sampler(monkeypatch, default_run):
    """Whatever is asked is answered from the fit of the default run."""

    def refuse(*_):
        raise AssertionError("a what-if must not fit")

    monkeypatch.setattr(fits, "build", refuse)


def asked(options, capsys):
    """What `summit forecast` answers."""
    assert cli.main(["forecast", *shlex.split(options), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def percents(text):
    return [float(found) / 100 for found in re.findall(r"(\d+)%", text)]


class TestTables:
    def test_each_status_of_each_occasion_is_what_the_command_line_says(self, default_run, capsys):
        table = whatif.status_rows(default_run)
        assert table.head == ("Occasion", "Now", "Planned", "Announced", "Doubted", "Refused", "Scheduled")
        rows = {row[0]: row for row in table.rows}
        assert set(rows) == {
            row["name"] for row in default_run.forecast.occasions if row["kind"] != "unknown"
        }
        for place, status in ((3, "announced"), (4, "doubted"), (5, "refused")):
            assert rows["APEC Gyeongju"][place] == pytest.approx(
                asked(f"--set {APEC}={status}", capsys)["probability"], rel=1e-5
            )
        for row in table.rows:
            assert row[3] > default_run.forecast.probability > row[5] and row[2] >= row[6]

    def test_each_word_about_each_guest_is_what_the_command_line_says(self, default_run, capsys):
        table = whatif.coming_rows(default_run)
        assert table.head == (
            "Occasion",
            "Who",
            "Comes now",
            "Comes",
            "May come",
            "May not come",
            "Stays away",
        )
        rows = {(row[0], row[1]): row for row in table.rows}
        assert {("APEC Gyeongju", "Trump"), ("APEC Gyeongju", "Xi")} <= rows.keys()
        assert not any(
            "New York" in place and who == "Trump" or "Beijing" in place and who == "Xi"
            for place, who in rows
        )
        for place, said in ((3, "comes"), (5, "may-not-come"), (6, "stays-away")):
            assert rows["APEC Gyeongju", "Trump"][place] == pytest.approx(
                asked(f"--set {APEC}=US:{said}", capsys)["probability"], rel=1e-5
            )
        for row in table.rows:
            assert row[3] > row[4] > row[5] > row[6]

    def test_the_chance_that_a_leader_comes_is_that_of_the_forecast(self, default_run):
        now = {
            (row["name"], side.leader): row["comes"][side.code]
            for row in default_run.forecast.occasions
            if row["comes"]
            for side in default_run.params.question.sides
        }
        assert all(row[2] == now[row[0], row[1]] for row in whatif.coming_rows(default_run).rows)

    @pytest.mark.parametrize("leader", ["Trump", "Xi"])
    def test_a_leader_who_stays_away_from_everything_costs_more_than_from_one_occasion(
        self, default_run, capsys, leader
    ):
        scenario = next(
            each
            for each in whatif.scenarios(default_run)
            if each.text == f"{leader} stays away from every occasion abroad"
        )
        (value,) = whatif.probabilities(default_run, [scenario.edits])
        assert value == pytest.approx(asked(scenario.options, capsys)["probability"], rel=1e-5)
        alone = [row[6] for row in whatif.coming_rows(default_run).rows if row[1] == leader]
        assert len(alone) == len(scenario.edits.set) and value < min(alone)

    def test_a_season_refused_costs_more_than_its_occasions_one_by_one(self, default_run, capsys):
        rows = {row[2]: row for row in whatif.scenario_rows(default_run).rows}
        both = rows["APEC Gyeongju and G20 Johannesburg: refused"]
        assert both[3] == f"set {APEC}=refused, {G20}=refused"
        assert both[0] == pytest.approx(
            asked(f"--set {APEC}=refused --set {G20}=refused", capsys)["probability"], rel=1e-5
        )
        assert both[1] == pytest.approx(both[0] - default_run.forecast.probability)
        single = {row[0]: row[5] for row in whatif.status_rows(default_run).rows}
        now = default_run.forecast.probability
        assert both[0] < min(single["APEC Gyeongju"], single["G20 Johannesburg"]) < now

    @pytest.mark.parametrize(
        "text",
        [
            "The leaders speak, and one invites the other",
            "APEC Gyeongju announced, G20 Johannesburg refused",
            "Both leaders say that they come to APEC Gyeongju",
        ],
    )
    def test_other_scenarios_are_what_the_command_line_says(self, default_run, capsys, text):
        scenario = next(each for each in whatif.scenarios(default_run) if each.text == text)
        assert whatif.probabilities(default_run, [scenario.edits])[0] == pytest.approx(
            asked(scenario.options, capsys)["probability"], rel=1e-5
        )

    def test_the_article_can_be_left_out(self, default_run):
        scenario = next(each for each in whatif.scenarios(default_run) if "article" in each.text)
        assert set(scenario.edits.remove) == {s.event_id for s in default_run.ledger.signals if s.in_article}

    def test_a_whole_answer_is_that_of_the_command_line(self, default_run, capsys):
        edits = Edits(
            add=(f"visit_planning:2:{APEC}@2025-07-02",),
            set=(f"{G20}=doubted",),
            remove=("2025-06-05-trump-xi-call",),
        )
        ours = json.loads(to_json(whatif.answer(default_run, edits)))
        assert ours | {"inputs": {}} == asked(whatif.options(edits), capsys) | {"inputs": {}}

    def test_a_run_without_occasions_has_tables_all_the_same(self, default_run):
        bare = replace(
            default_run,
            forecast=replace(default_run.forecast, occasions=[]),
            outlook=replace(default_run.outlook, seasons=(), visits=()),
        )
        assert whatif.status_rows(bare).rows == whatif.coming_rows(bare).rows == []
        assert {row[3].split()[0] for row in whatif.scenario_rows(bare).rows} == {"add", "remove"}


class TestQuietPath:
    def test_it_begins_with_the_forecast_and_ends_with_nothing(self, default_run):
        path = whatif.quiet_path(default_run)
        assert path[0] == {
            "date": "2025-07-11",
            "probability": pytest.approx(default_run.forecast.probability),
        }
        assert path[-1] == {"date": "2025-12-31", "probability": 0.0}
        days = [date.fromisoformat(row["date"]) for row in path]
        assert {(late - early).days for early, late in zip(days, days[1:-1])} == {7}

    def test_it_is_the_forecast_of_a_later_day_from_the_ledger_of_today(self, default_run):
        day, q = date(2025, 10, 24), default_run.params.question
        ahead = outlook(default_run.ledger, day, q.deadline, default_run.params)
        wanted = chances.by_deadline(default_run.draws, ahead).mean()
        assert {row["date"]: row["probability"] for row in whatif.quiet_path(default_run)}[
            "2025-10-24"
        ] == wanted

    def test_it_falls_where_an_occasion_passes_and_not_where_only_nothing_was_said(self, default_run):
        path = {row["date"]: row["probability"] for row in whatif.quiet_path(default_run)}
        assert (
            path["2025-08-29"] > path["2025-09-12"]
            and path["2025-10-24"] > path["2025-11-07"] > path["2025-11-28"]
        )
        assert path["2025-11-28"] < 0.05 and abs(path["2025-10-10"] - path["2025-10-24"]) < 0.02

    def test_the_table_lists_the_days_on_which_it_moved(self, default_run):
        rows = whatif.quiet_rows(whatif.quiet_path(default_run)).rows
        assert rows[0][0] == "2025-07-11" and len(rows) < 20
        assert all(abs(late - early) >= 0.01 for (_, early), (_, late) in zip(rows, rows[1:]))

    def test_the_sentence_names_the_day_on_which_it_has_halved(self):
        path = [
            {"date": f"2025-12-{day:02}", "probability": p}
            for day, p in ((1, 0.8), (8, 0.5), (15, 0.39), (31, 0.0))
        ]
        assert (
            prose.unheard(path)
            == "If nothing more is heard, the forecast falls below 40% by 15 December 2025"
        )
        assert (
            prose.unheard(path[:1] + path[3:])
            == "If nothing more is heard, the forecast stays above 40% to the last"
        )


class TestPanel:
    @pytest.fixture
    def panel(self, default_run):
        return whatif.panel(default_run)

    def number(self, panel):
        return percents(panel.shown.value)[0]

    def test_it_begins_with_the_forecast(self, default_run, panel):
        assert self.number(panel) == pytest.approx(default_run.forecast.probability, abs=0.005)
        assert "±0.0 points" in panel.shown.value and not panel.edits
        assert list(panel.statuses) == list(whatif.occasions_ahead(default_run))
        assert {APEC: {"US", "CN"}, "2025-unga-80": {"CN"}, "2025-beijing-parade": {"US"}}.items() <= {
            name: {side for place, side in panel.coming if place == name} for name in panel.statuses
        }.items()
        assert {*panel.statuses.values(), *panel.coming.values()} <= set(panel.box.children)

    def test_a_status_moves_number_reasons_and_curve(self, default_run, panel):
        before = panel.shown.value
        panel.statuses[APEC].value = panel.statuses[G20].value = "refused"
        wanted = whatif.answer(default_run, Edits(set=(f"{APEC}=refused", f"{G20}=refused")))
        assert panel.edits == Edits(set=(f"{APEC}=refused", f"{G20}=refused"))
        assert self.number(panel) == pytest.approx(wanted.probability, abs=0.005)
        assert (
            prose.climb(wanted) in panel.shown.value
            and "What you added: attendance, strength -3" in panel.shown.value
        )
        assert f"--as-of 2025-07-11 --set {APEC}=refused --set {G20}=refused" in panel.shown.value
        assert before.count("<svg") == panel.shown.value.count("<svg") == 1

    def test_who_comes_can_be_chosen_for_each_leader_beside_a_status(self, default_run, panel):
        panel.coming[APEC, "US"].value = "stays-away"
        assert (
            panel.edits == Edits(set=(f"{APEC}=US:stays-away",))
            and f"--set {APEC}=US:stays-away" in panel.shown.value
        )
        away = self.number(panel)
        panel.statuses[APEC].value, panel.coming[APEC, "US"].value = "planned", "comes"
        wanted = whatif.answer(default_run, Edits(set=(f"{APEC}=planned", f"{APEC}=US:comes")))
        assert (
            self.number(panel) == pytest.approx(wanted.probability, abs=0.005)
            and self.number(panel) > away + 0.2
        )
        assert "as it stands: comes with" in panel.coming[APEC, "CN"].options[0][0]

    def test_words_about_coming_are_added_with_their_leader(self, panel):
        panel.kind.value, panel.strength.value, panel.occasion.value, panel.actor.value = (
            "attendance",
            -2,
            APEC,
            "CN",
        )
        panel.add.click()
        assert (
            panel.edits == Edits(add=(f"attendance:-2:{APEC}:CN",))
            and "What you added: attendance" in panel.shown.value
        )
        panel.actor.value = "both"
        panel.add.click()
        assert "expected an actor US or CN" in panel.shown.value

    def test_a_signal_can_be_added_and_taken_away(self, default_run, panel):
        panel.kind.value, panel.strength.value, panel.occasion.value = "visit_planning", 3, APEC
        panel.day.value = date(2025, 7, 2)
        panel.add.click()
        text = f"visit_planning:3:{APEC}@2025-07-02"
        assert panel.edits == Edits(add=(text,)) and "What you added: visit planning" in panel.shown.value
        assert self.number(panel) == pytest.approx(
            whatif.answer(default_run, panel.edits).probability, abs=0.005
        )
        panel.added.value = []
        assert "±0.0 points" in panel.shown.value

    def test_rows_can_be_left_out(self, default_run, panel):
        panel.removed.value = ["2025-07-11-apec-or-beijing-idea"]
        moved = whatif.answer(default_run, panel.edits).probability - default_run.forecast.probability
        assert moved < 0 and f"That is {formatting.points(moved)} points" in panel.shown.value

    def test_a_wrong_signal_is_answered_with_what_is_wrong(self, panel):
        panel.kind.value, panel.strength.value = "leader_call", -2
        panel.add.click()
        assert "expected a strength from 1 to 3 for leader_call; found -2" in panel.shown.value
        panel.reset.click()
        assert "±0.0 points" in panel.shown.value

    def test_reset_takes_everything_back(self, panel):
        before = panel.shown.value
        panel.statuses[APEC].value, panel.coming[APEC, "CN"].value = "announced", "may-not-come"
        panel.added.value = ["leader_call:3"]
        panel.removed.value = ["2025-06-05-trump-xi-call"]
        panel.reset.click()
        assert not panel.edits and panel.shown.value == before

    def test_an_edit_of_what_the_fit_learned_from_is_refused_and_not_fitted(self, default_run, panel):
        with pytest.raises(whatif.RefitDue, match="fits anew"):
            whatif.answer(default_run, Edits(add=("leader_call:3@2011-03-09",)))
        panel.added.value = ["leader_call:3@2011-03-09"]
        assert "fits anew" in panel.shown.value

    def test_where_nobody_can_use_it_words_stand_in_its_place(self, default_run):
        said = whatif.panel(default_run, interactive=False)
        assert "JupyterLab" in said.markup and "<p>" in said.markup
