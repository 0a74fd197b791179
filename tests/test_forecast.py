"""The forecast: the published number, the words and counts beside it, and its file."""

import itertools
import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from made_up import (
    AS_OF,
    DAY,
    PARAMS,
    PRIORS,
    announcement,
    ledger,
    occasion,
    planning,
    prior_draws,
    thinned,
    visit,
    window,
    word,
)

from model import chances
from model.answer import forecast
from model.answer.forecast import Sources, likelihood_word, matched_record
from model.evidence.outlook import outlook
from model.evidence.seasons import WEEK, meetings
from model.files.problems import InputError
from model.fit import fits
from model.paths import ROOT
from model.settings.params import load_params

DEADLINE = PARAMS.question.deadline


ICD_203 = {
    "almost no chance": (0.0, 0.0499999),
    "very unlikely": (0.05, 0.1999999),
    "unlikely": (0.20, 0.4499999),
    "roughly even chance": (0.45, 0.5499999),
    "likely": (0.55, 0.7999999),
    "very likely": (0.80, 0.9499999),
    "almost certain": (0.95, 1.0),
}


def test_likelihood_words_are_those_of_icd_203_with_the_lower_edge_included():
    assert {word: tuple(map(likelihood_word, edges)) for word, edges in ICD_203.items()} == {
        word: (word, word) for word in ICD_203
    }


class TestMatchedRecord:
    def years(self, **met):
        """A ledger of yearly summits in November, and of visits on the days given by year."""
        summits = [occasion(f"{year}-apec", date(year, 11, 10), met=False) for year in range(2015, 2025)]
        return ledger((), summits + [visit(f"{day.year}-visit", day, met=True) for day in met.values()])

    def test_the_seeds_say_fifteen_of_the_seventeen_years_that_stood_like_2025(self, default_run):
        found = matched_record(default_run.ledger, AS_OF, DEADLINE, PRIORS)
        assert (found["hits"], found["years"], found["since"]) == (15, 17, 1993)
        assert found["text"].startswith("In 15 of the 17 years since 1993 without a meeting")

    def test_the_seeds_say_that_they_met_after_11_july_in_27_of_32_years(self, default_run):
        met = meetings(default_run.ledger)
        after = (
            any(date(year, 7, 11) < day <= date(year, 12, 31) for day in met) for year in range(1993, 2025)
        )
        assert sum(after) == 27

    def test_only_years_that_stood_the_same_way_are_counted(self):
        whole = self.years(a=date(2016, 3, 1), b=date(2017, 3, 1), c=date(2017, 9, 1), d=date(2018, 9, 1))
        without = matched_record(whole, date(2025, 7, 11), DEADLINE, PRIORS)
        assert (without["hits"], without["years"]) == (1, 8)
        this_year = ledger((), [*whole.occasions, visit("2025-visit", date(2025, 2, 1), met=True)])
        assert matched_record(this_year, date(2025, 7, 11), DEADLINE, PRIORS)["years"] == 2

    def test_a_meeting_on_the_day_itself_is_no_meeting_in_the_days_that_follow(self):
        whole = self.years(a=date(2016, 7, 11), b=date(2025, 2, 1))
        assert matched_record(whole, date(2025, 7, 11), DEADLINE, PRIORS)["hits"] == 0
        assert matched_record(whole, date(2025, 7, 10), DEADLINE, PRIORS)["years"] == 0

    @pytest.mark.parametrize(
        "day, hits",
        [(date(2016, 7, 11), 0), (date(2016, 7, 12), 1), (date(2016, 12, 31), 1), (date(2017, 1, 1), 0)],
    )
    def test_the_window_is_that_of_the_calendar_also_in_leap_years(self, day, hits):
        assert matched_record(self.years(a=day), date(2025, 7, 11), DEADLINE, PRIORS)["hits"] == hits

    def test_a_leap_day_stands_for_the_last_of_february(self):
        whole = self.years(a=date(2023, 3, 1))
        assert matched_record(whole, date(2024, 2, 29), date(2024, 3, 31), PRIORS)["hits"] == 1

    def test_windows_that_are_not_over_are_left_out(self):
        whole = self.years()
        assert matched_record(whole, date(2024, 7, 11), date(2025, 7, 11), PRIORS)["years"] == 9
        assert matched_record(whole, date(2024, 7, 11), date(2025, 7, 12), PRIORS)["years"] == 8

    def test_without_an_earlier_year_it_says_so(self):
        found = matched_record(ledger(), AS_OF, DEADLINE, PRIORS)
        assert (found["hits"], found["years"], found["text"]) == (0, 0, "No earlier year is like this one.")


class TestFields:
    def test_the_default_forecast_is_what_the_design_promises(self, default_run):
        made = default_run.forecast
        assert made.probability == pytest.approx(
            chances.by_deadline(default_run.draws, default_run.outlook).mean()
        )
        assert made.interval["lower"] < made.probability < made.interval["upper"]
        assert made.interval["mass"] == 0.9
        assert (made.as_of, made.deadline, made.fit_through) == ("2025-07-11", "2025-12-31", "2025-01-20")
        assert made.likelihood_word == likelihood_word(made.probability) and made.diagnostics["ok"]
        whole = default_run.whole
        rows = len(whole.signals) + len(whole.occasions) + len(whole.visit_windows)
        assert made.rows_used + made.rows_after_as_of == rows

    def test_the_headline_is_near_the_years_that_stood_the_same_way(self, default_run):
        """Design: five points from the matched record need an explanation; ten would be an error."""
        made = default_run.forecast
        assert made.probability == pytest.approx(
            made.matched_record["hits"] / made.matched_record["years"], abs=0.1
        )

    def test_the_curve_runs_from_nothing_on_the_as_of_day_to_the_headline_on_the_deadline(self, default_run):
        curve = default_run.forecast.curve
        assert [point["date"] for point in curve] == [(AS_OF + n * DAY).isoformat() for n in range(174)]
        assert curve[0] == {"date": "2025-07-11", "probability": 0.0, "lower": 0.0, "upper": 0.0}
        assert curve[-1]["probability"] == pytest.approx(default_run.forecast.probability)
        assert all(point["lower"] <= point["probability"] + 1e-12 <= point["upper"] + 0.2 for point in curve)
        assert all(
            a[key] <= b[key] + 1e-12
            for a, b in itertools.pairwise(curve)
            for key in ("probability", "lower", "upper")
        )

    def test_shares_of_the_first_meeting_add_up_to_the_headline(self, default_run):
        rows = default_run.forecast.occasions
        assert sum(row["probability_first"] for row in rows) == pytest.approx(
            default_run.forecast.probability, abs=1e-12
        )
        assert all(row["probability_first"] <= row["probability_there"] + 1e-12 for row in rows)
        assert all(row["probability_there"] <= row["both"] + 1e-12 for row in rows if row["kind"] == "season")
        assert len({row["id"] for row in rows}) == len(rows) and rows[-1]["kind"] == "unknown"

    def test_a_week_ago_is_the_forecast_of_that_day(self, default_run):
        earlier = load_params(as_of=AS_OF - WEEK)
        assert default_run.forecast.a_week_ago == pytest.approx(
            forecast.headline(earlier, default_run.whole, AS_OF - WEEK, fits.fit)
        )

    def test_every_input_file_is_named_with_its_hash(self, default_run):
        assert default_run.forecast.inputs.keys() == {
            "params/priors.yaml",
            "params/question.yaml",
            "params/run.yaml",
            "seeds/occasions.csv",
            "seeds/signals.csv",
            "seeds/visit_windows.csv",
        }
        assert all(len(value) == 64 for value in default_run.forecast.inputs.values())

    def rows(self, signals, occasions, windows=()):
        p, ahead = prior_draws(), outlook(ledger(signals, occasions, windows), AS_OF, DEADLINE, PARAMS)
        return {row["id"]: row for row in forecast.shares(chances.chances(p, ahead), p, ahead)}

    def test_every_agreed_visit_and_open_season_is_listed_with_its_status(self):
        off = visit("2025-other", date(2025, 8, 1), host="US")
        rows = self.rows(
            [], [occasion(), visit(), off], [window(), window("2025-other", earliest=None, latest=None)]
        )
        assert {name: (row["kind"], row["status"]) for name, row in rows.items()} == {
            "2025-apec": ("season", "scheduled"),
            "2025-visit": ("visit", "agreed"),
            "2025-other": ("put off", "put off"),
            "unknown": ("unknown", "scheduled"),
        }

    def test_each_occasion_says_who_comes_with_which_chance(self, default_run):
        for row in default_run.forecast.occasions:
            if row["kind"] == "season":
                assert row["comes"].keys() == {"US", "CN"}
                least, most = sum(row["comes"].values()) - 1, min(row["comes"].values())
                assert least - 1e-12 <= row["both"] <= most + 1e-12
            else:
                assert row["comes"] == {} and row["both"] is None

    def test_a_word_about_one_leader_changes_the_chance_that_he_comes_and_is_named(self):
        plain = self.rows([], [occasion()])["2025-apec"]
        row = self.rows([word("US", -2, date(2025, 6, 1)), word("CN", 1, date(2025, 5, 1))], [occasion()])[
            "2025-apec"
        ]
        assert row["comes"]["US"] < plain["comes"]["US"] and row["comes"]["CN"] > plain["comes"]["CN"]
        assert row["both"] < plain["both"] and plain["last_word"] is None
        assert row["last_word"] == {
            "id": "2025-06-01-us-not-2",
            "date": "2025-06-01",
            "text": "Somebody says something.",
        }

    @pytest.mark.parametrize("strength", [-3, -2, 3])
    def test_of_the_words_of_one_day_the_last_is_the_strongest_about_who_will_be_there(self, strength):
        day = date(2025, 6, 1)
        said = [planning(day, strength=3), word("US", 1, day), word("US", strength, day)]
        names = {
            self.rows(order, [occasion()])["2025-apec"]["last_word"]["id"] for order in (said, said[::-1])
        }
        assert names == {said[2].event_id}

    def test_a_settled_word_of_each_is_a_status(self):
        rows = self.rows(
            [word("US", -3), announcement(occasion="2025-g20")],
            [occasion(), occasion("2025-g20", date(2025, 12, 20), type="g20")],
        )
        assert [rows[name]["status"] for name in ("2025-apec", "2025-g20")] == ["US stays away", "announced"]

    def test_the_counts_are_those_of_the_record(self, default_run):
        counts, past = default_run.forecast.counts, default_run.record
        came = [pair for by_class in counts["came"].values() for pair in by_class.values()]
        assert np.sum(came, axis=0).tolist() == [past.came.sum(), len(past.came)]
        assert counts["came"]["US"]["home"][0] == counts["came"]["US"]["home"][1] > 30
        hits, trials = zip(*counts["met_after_both_came"].values(), strict=True)
        assert (sum(hits), sum(trials)) == (past.met.sum(), len(past.met))
        assert all(
            hits <= trials
            for hits, trials in [counts["held"], *counts["settled_words"].values(), counts["made_up"]]
        )

    def test_with_the_deadline_on_the_as_of_day_nothing_is_left_to_happen(self, default_run):
        made = forecast.run(load_params(deadline=AS_OF)).forecast
        assert made.resolved["answer"] == "no" and made.probability == 0 and not made.contributions

    def test_more_than_a_year_ahead_summits_without_a_date_are_expected(self, default_run):
        ahead = outlook(default_run.ledger, AS_OF, date(2026, 12, 31), PARAMS)
        expected = {
            slot.occasion.type: slot.occasion.start_date
            for view in ahead.seasons
            for slot in view.slots
            if slot.occasion.start_date.year == 2026
        }
        assert expected.keys() == {"apec", "g20", "unga"}
        p = thinned(default_run.draws)
        one, two = (
            chances.by_deadline(p, outlook(default_run.ledger, AS_OF, date(year, 12, 31), PARAMS)).mean()
            for year in (2025, 2026)
        )
        assert two > one + 0.03

    def test_a_day_before_the_ledger_begins_is_refused(self):
        with pytest.raises(InputError, match="as_of: expected a day with a record; the ledger begins on 19"):
            forecast.run(load_params(as_of="1950-01-01"))

    def test_before_any_season_was_decided_the_forecast_rests_on_the_priors(self):
        """A fit of almost nothing, made up by draws from the priors."""

        def fitted(params, past):
            assert not len(past.came) and not len(past.met)
            return fits.Fit("", past.through, prior_draws(), {"ess_min": 400.0}, 0.0, True, "")

        params = load_params(as_of="1990-06-01", deadline="1991-06-01")
        made = forecast.forecast(params, forecast.read(params), fitted).forecast
        assert 0 < made.probability < 1 and made.matched_record["years"] == 0


class TestFile:
    def test_keys_are_sorted_one_value_stands_on_a_line_and_six_digits_are_kept(self, default_run):
        text = forecast.to_json(default_run.forecast)
        data = json.loads(text)
        assert list(data) == sorted(data) and text.endswith("}\n") and text.count("\n") > 1000
        assert data["probability"] == pytest.approx(default_run.forecast.probability, rel=5e-6)
        numbers = [
            float(line.rpartition(": ")[2].rstrip(",")) for line in text.splitlines() if "delta" in line
        ]
        assert len(numbers) > 50 and all(float(f"{n:.6g}") == n for n in numbers)

    def test_the_file_is_read_back_and_written_to_the_same_bytes(self, default_run, tmp_path):
        text = forecast.to_json(default_run.forecast)
        assert json.loads(text).keys() == vars(default_run.forecast).keys()
        (tmp_path / "forecast.json").write_text(text, "utf-8")
        assert forecast.to_json(forecast.load(tmp_path / "forecast.json")) == text

    def test_two_runs_from_the_stored_fit_give_the_same_bytes(self, default_run):
        again = forecast.run(load_params())
        assert again.fit.reused and forecast.to_json(again.forecast) == forecast.to_json(default_run.forecast)


class TestSources:
    def test_the_seeds_come_first_and_later_files_after_them(self, tmp_path):
        paths = Sources(signals=(tmp_path / "more.csv",)).paths()
        assert paths["signals"] == (ROOT / "seeds" / "signals.csv", tmp_path / "more.csv")
        assert paths["occasions"] == (ROOT / "seeds" / "occasions.csv",)

    def test_only_leaves_the_seeds_out(self, tmp_path):
        paths = Sources(signals=("a.csv",), only=True).paths()
        assert [str(path) for path in paths["signals"]] == ["a.csv"] and paths["occasions"] == ()


def test_the_spread_holds_the_mass_asked_for():
    values = np.linspace(0, 1, 1001)
    assert forecast.spread(values, 0.9) == pytest.approx({"lower": 0.05, "upper": 0.95, "mass": 0.9})


DAYS = ("1989-06-01", "1995-11-16", "2001-10-01", "2005-09-06", "2010-11-01", "2017-03-20", "2020-05-01")


@pytest.mark.parametrize("as_of", [*DAYS, "2025-10-27", "2025-11-20"])
def test_every_sort_of_day_of_the_record_has_an_answer_that_adds_up(as_of, default_run):
    """Visits put off, windows agreed, announcements, an empty calendar: draws of the priors answer each."""
    day, draws = date.fromisoformat(as_of), prior_draws(50, 1)
    params = replace(
        PARAMS, question=PARAMS.question.model_copy(update={"as_of": day, "deadline": day + 180 * DAY})
    )

    def fitted(params, record):
        return fits.Fit(
            "", record.through, draws | {"norm": np.zeros(50)}, default_run.fit.diagnostics, 0.0, True, ""
        )

    made = forecast.forecast(params, default_run.whole, fitted).forecast
    rows = {row["id"]: row for row in made.occasions}
    assert sum(row["probability_first"] for row in rows.values()) == pytest.approx(made.probability)
    if as_of == "2001-10-01":
        assert rows["2001-visit-bush-beijing"]["kind"] == "put off"
        assert rows["2001-visit-bush-beijing"]["start_date"] == ""
    total = made.no_signals_probability + sum(row["delta"] for row in made.contributions)
    assert total == pytest.approx(made.probability, abs=1e-9)


def test_the_package_offers_a_run_its_model_and_its_posterior(default_run):
    import model

    assert model.run is forecast.run and model.load_params is load_params and model.Sources is Sources
    draws = default_run.posterior["posterior"]
    assert draws["held"].dims == ("chain", "draw") and draws["said"].dims == ("chain", "draw", "level")
    names = {variable.name for variable in default_run.model.free_RVs}
    assert {"held", "said", "breaks"} <= names & set(draws.data_vars)
