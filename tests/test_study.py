"""The study: shuffles preserve what they must, tables add up, and verdicts follow from the numbers."""

import itertools
from dataclasses import replace
from datetime import date
from functools import partial
from statistics import NormalDist

import numpy as np
import pytest
from made_up import (
    PARAMS,
    PRIORS,
    announcement,
    ledger,
    occasion,
    planning,
    prior_draws,
    refusal,
    signal,
    visit,
    window,
    word,
)
from test_figures import faults, title

from model import chances, summit
from model.answer import prior
from model.answer.forecast import Sources, read
from model.evidence.record import record
from model.evidence.seasons import DAY, meetings
from model.evidence.tone import general_ids
from model.files.csv_files import csv_text, four_decimals
from model.fit import fits, predictive, reweight
from model.fit.reweight import log_densities
from model.paths import RECORD, RENDERED
from model.report import (
    audit_words,
    expectations,
    model_words,
    record_figures,
    record_words,
    structure_figures,
)
from model.track_record import backtest, losses, origins, sbc, structures, study
from model.track_record.origins import Point
from model.track_record.published import TrackRecord
from model.track_record.scores import BRIER, LOG_SCORE
from model.track_record.structures import BACKTESTED, FULL, NAMED

FOUND = TrackRecord.load()
WHOLE = read(PARAMS, Sources())
CUT = WHOLE.as_of(PARAMS.question.as_of)


# The replay of 2025: a regression test of the status logic on the kept table

WEEKS = {row["as_of"]: row for row in FOUND.replay}


def test_the_replay_has_every_week_its_shares_add_up_and_its_checks_hold():
    assert len(WEEKS) == 42 and min(WEEKS) == "2025-01-20" and max(WEEKS) == "2025-10-29"
    for row in WEEKS.values():
        shares = study.shares(row)
        assert sum(shares.values()) == pytest.approx(row["probability"], abs=0.001)
        assert max(shares.values()) == pytest.approx(row["largest_share"])


def test_the_statuses_of_2025_move_the_forecast_as_they_must():
    held = {audit_words.replay_check(row): row["holds"] for row in FOUND.replay_checks}
    assert len(held) == 8 and set(held.values()) == {"yes"}, held


def test_the_checks_fail_where_the_replay_is_wrong():
    wrong = {"probability": 0.9, "largest_cause": "2025-beijing-parade"}
    weeks = [row | wrong for row in FOUND.replay]
    shares = dict.fromkeys(WEEKS, {"2025-beijing-parade": 0.5, "2025-g20-johannesburg": 0.4})
    held = [row["holds"] for row in losses.replay_checks(weeks, shares, 0.5)]
    assert held == ["no", "no", "no", "yes", "no", "no", "no", "no"]


def test_events_of_the_replay_were_public_in_their_week_and_moved_it_the_way_it_went():
    days = sorted(WEEKS)
    for row in FOUND.replay_events:
        assert days[days.index(row["as_of"]) - 1] < row["date"] <= row["as_of"]
        assert row["probability"] == WEEKS[row["as_of"]]["probability"]
    largest = FOUND.largest_moves()
    assert len(largest) == 9 and all(row["effect"] * row["move"] > 0 for row in largest if row["id"])
    assert any(row["id"] == "2025-09-19-apec-gyeongju-us-will" for row in largest)


def test_a_week_whose_move_nothing_explains_says_so():
    quiet = replace(FOUND, replay_events=[])
    assert {(row["id"], row["effect"], row["date"] == row["as_of"]) for row in quiet.largest_moves()} == {
        ("", 0.0, True)
    }


# The placebo


def test_a_shuffle_moves_general_signals_by_whole_years_and_leaves_everything_else():
    moved = study.shuffled(WHOLE, 3)
    assert moved == study.shuffled(WHOLE, 3) != study.shuffled(WHOLE, 4)
    assert (moved.occasions, moved.visit_windows) == (WHOLE.occasions, WHOLE.visit_windows)
    assert list(moved.signals) == sorted(moved.signals, key=lambda s: (s.public_date, s.event_id))
    ids, after = general_ids(WHOLE), {s.event_id: s for s in moved.signals}
    shifts = {}
    for s in WHOLE.signals:
        shift = after[s.event_id].public_date - s.public_date
        general = s.event_id in ids and s.public_date.year in study.LEFT_OUT
        assert bool(shift) == general
        assert after[s.event_id] == replace(
            s, public_date=s.public_date + shift, event_date=s.event_date + shift
        )
        if general:
            shifts.setdefault(s.public_date.year, set()).add(shift)
    assert all(len(found) == 1 for found in shifts.values()), "a year moves as one"
    to = {date(year, 1, 1) + found.pop() for year, found in shifts.items()}
    assert len(to) == len(shifts) > 25 and all((day.month, day.day) == (1, 1) for day in to)


# Other structures, a year less


def answer_of(structure):
    own, q = structure.params(PARAMS), PARAMS.question
    return chances.by_deadline(prior_draws(400), structure.ahead(CUT, q.as_of, q.deadline, own))


@pytest.mark.parametrize("structure", structures.STRUCTURES, ids=lambda structure: structure.name)
def test_every_structure_can_be_asked_and_only_the_published_one_is_as_published(structure):
    own, p = structure.params(PARAMS), answer_of(structure)
    assert 0 < p.mean() < 1
    unchanged = np.array_equal(p, answer_of(FULL)) and structures.reduced(CUT, structure.without) == CUT
    same_today = structure.name in ("full", "no again")
    assert unchanged == same_today, "no visit put off is expected on that day"
    assert own.priors.structure.model_dump() == PRIORS.structure.model_dump() | structure.choices


@pytest.mark.parametrize(
    "ignored, kept",
    [
        ((), "attendance planning promise refusal tone window"),
        (("tone",), "attendance planning promise refusal window"),
        (("attendance",), "planning promise refusal tone window"),
        (("planning",), "attendance promise refusal tone window"),
        (("promises",), "attendance planning tone"),
        (("additions",), "attendance planning promise refusal window"),
        (("unchecked",), "attendance planning promise tone window"),
        (structures.ANSWERS, "tone"),
    ],
)
def test_a_part_of_the_evidence_that_is_ignored_is_gone_and_no_other(ignored, kept):
    rows = {
        "attendance": word("CN", -2),
        "planning": planning(),
        "promise": announcement(),
        "refusal": replace(refusal(), checked=False),
        "tone": signal(search="losses"),
    }
    less = structures.reduced(ledger(rows.values(), [occasion()], [window()]), ignored)
    left = {name for name, row in rows.items() if row in less.signals} | (
        {"window"} if less.visit_windows else set()
    )
    assert left == set(kept.split())


def test_a_visit_put_off_is_expected_again_unless_that_is_ignored():
    day = date(2005, 10, 3)
    cut, ask = WHOLE.as_of(day), (day, date(2006, 1, 1), PARAMS)
    assert FULL.ahead(cut, *ask).put_off and not structures.NAMED["no again"].ahead(cut, *ask).put_off


def test_the_names_of_the_kept_structures_are_those_the_study_knows():
    kept = [(row["structure"], row["what"]) for row in study.load("structures")]
    assert kept == [(structure.name, structure.what) for structure in structures.STRUCTURES]
    assert [row["year"] for row in study.load("influence")] == list(study.LEFT_OUT)


def test_a_year_left_out_is_gone_from_the_record_and_no_other():
    less, full = (record(seen, PARAMS) for seen in (study.without_year(CUT, 2009), CUT))
    year = [o for o in CUT.occasions if o.start_date and o.start_date.year == 2009]
    held = [o for o in year if not o.is_visit and o.held_in_person]
    assert len(full.came) - len(less.came) == 2 * len(held) > 0
    assert full.visits - less.visits == sum(o.is_visit and bool(o.met) for o in year) > 0


# What the model expects of its record


def test_the_graph_names_what_stands_behind_each_observation():
    edges, unobserved = predictive.graph(summit.build(PARAMS, record(CUT, PARAMS)))
    comes = {f"comes_{name}" for name in ("home", "summit", "other", "guest", "spread", "effect")}
    assert set(edges["came_seen"]) == comes | {"tone_factor"} and edges["breaks_seen"] == ("breaks",)
    assert set(edges["met_seen"]) == {"meets_summit", "meets_other", "tone_factor"}
    behind = set(itertools.chain(*edges.values()))
    assert behind | set(unobserved) == {*summit.PARAMETERS, "comes_effect", "meeting_day"}
    assert unobserved == ("word_factor",)


def test_the_graph_stored_with_a_posterior_is_that_of_its_model(default_run):
    edges, unobserved = predictive.stored_graph(default_run.posterior)
    model = predictive.graph(default_run.model)
    assert {name: tuple(these) for name, these in edges.items()} == model.edges
    assert tuple(unobserved) == model.unobserved


def test_draws_from_the_priors_have_the_shapes_of_a_fit_and_the_means_of_the_priors(default_run):
    draws = predictive.prior_draws(PARAMS, 20_000, 1)
    assert {name: values.shape[1:] for name, values in draws.items()} == {
        name: values.shape[1:] for name, values in default_run.draws.items()
    }
    for name, stated in PRIORS.parameters.items():
        frozen = stated.frozen()
        assert draws[name].mean() == pytest.approx(frozen.mean(), abs=5 * frozen.std() / 140 + 1e-9), name
    assert draws["comes_effect"].mean() == pytest.approx(0, abs=5 / np.sqrt(draws["comes_effect"].size))
    np.testing.assert_allclose(draws["meeting_day"].mean(0), 1 / 7, atol=0.01)


def test_the_past_as_it_was_has_every_meeting_once():
    truth, days = predictive.observed(CUT, PARAMS), meetings(CUT)
    by_year = dict(zip(truth.calendar.years, truth.by_year()[0], strict=True))
    met = {year: sum(day.year == year for day in days) for year in by_year}
    assert all((by_year[year] > 0) == (n > 0) and by_year[year] <= n for year, n in met.items())
    assert by_year[2020] == by_year[2021] == 0 and by_year[2018] == 1 and by_year[2002] == 2
    assert truth.visits.sum() == sum(
        o.is_visit and bool(o.met) and o.met_date.year >= 1993 for o in CUT.occasions
    )
    guests = [o for o in truth.calendar.occasions if not PRIORS.types[o.type].summit]
    assert truth.times_came("guest").sum() == sum(
        o.host == host and o.attended in ("both", side)
        for o in guests
        for side, host in (("US", "CN"), ("CN", "US"))
    )


def test_simulated_pasts_follow_their_draws():
    comes = [f"comes_{name}" for name in ("home", "summit", "other", "guest")]
    always = dict.fromkeys([*comes, "meets_summit", "meets_other", "tone_factor"], 1.0)
    certain = always | {"visit_rate": 0.0, "comes_spread": 0.0}

    def simulated(number=50, **changed):
        values = {name: np.full(200, value) for name, value in (certain | changed).items()}
        draws = predictive.prior_draws(PARAMS, 200, 1) | values
        return predictive.simulated(draws, CUT, PARAMS, number, 1)

    past = simulated()
    assert past.came.all() and past.met.all() and not past.visits.any()
    away = simulated(**dict.fromkeys(comes, 0.0))
    assert not away.came.any() and not away.met.any()
    apart, places = simulated(400, meets_other=0.0, visit_rate=2.0), past.calendar
    summits = {n for n, o in zip(places.season, places.occasions, strict=True) if PRIORS.types[o.type].summit}
    assert set(np.flatnonzero(apart.met[0])) == summits
    assert apart.visits[:, :10].mean() == pytest.approx(2, abs=4.5 * np.sqrt(2 / 4000))


def test_checks_say_where_a_number_lies():
    inside = predictive.Check("x", "days", 3.0, predictive.Range(0, 9), predictive.Range(2, 4))
    assert inside.inside and not replace(inside, seen=5.0).inside
    days = [date(2000, 1, day).toordinal() for day in (1, 11, 14)]
    assert predictive.between(days, (2000,)) == (10.0, 6.5)


def test_a_ledger_without_seasons_has_nothing_to_check(default_run):
    found = predictive.checks(PARAMS, ledger(signals=[signal()]), default_run.draws, 20)
    assert found == predictive.Checks((), ())
    assert "nothing to compare" in model_words.checks_summary(found)


def test_a_parameter_that_the_record_left_alone_is_called_a_belief(default_run):
    stated = PRIORS.parameters["word_factor"].frozen()
    # The spread of drawn values of so long a tail is a matter of luck.
    even = stated.ppf((np.arange(10**6) + 0.5) / 10**6)
    rows = {row.name: row for row in prior.beliefs(PARAMS, default_run.draws | {"word_factor": even})}
    assert rows["word_factor"].unmoved and rows["word_factor"].ratio == pytest.approx(1, abs=0.01)
    assert not rows["comes_summit"].unmoved and not rows["said[1]"].unmoved
    assert len(rows) == sum(4 if each.dim else 1 for each in PRIORS.parameters.values())


def test_variables_are_all_told(default_run):
    told = {row[0] for row in model_words.variable_rows(default_run).rows}
    assert told == set(default_run.draws)


# Losses


def points(probabilities, outcomes):
    days = origins.origins(2001, 2001 + len(probabilities) // 12, monthly=True)
    return origins.table(
        Point(day, 7, day + 7 * DAY, "full", p, p, p, y, 1)
        for day, p, y in zip(days, probabilities, outcomes, strict=False)
    )


def yearly(gains, first=2010):
    return [
        {"year": year, "model": model, "forecasts": 12, "log_score": 0.2 + worse, "brier": 0.1 + worse / 4}
        for year, gain in enumerate(gains, first)
        for model, worse in (("full", 0), ("no tone", gain))
    ]


@pytest.mark.parametrize(
    "gains, steady",
    [
        ([0.1] * 14, "yes"),
        ([0.1] * 7 + [-0.05] * 4 + [0.1] * 3, "yes"),
        ([0.5] * 8 + [-0.01] * 6, "no"),
        ([-0.01, 0.02] * 7, "no"),
        ([0.001] * 10 + [5, 5] + [-0.2] * 2, "no"),
    ],
)
def test_a_gain_is_steady_only_by_the_whole_rule(gains, steady):
    assert losses.gains(yearly(gains))[0]["steady"] == steady


def test_gains_are_paired_and_their_intervals_hold_whole_years():
    row = losses.gains(yearly([0.1, 0.3] * 12))[0]
    assert (row["log_score_gain"], row["brier_gain"]) == pytest.approx((0.2, 0.05))
    assert row["log_score_lower"] == pytest.approx(0.2 - 1.64 * 0.1 / np.sqrt(24), abs=0.01)
    assert losses.gains(yearly([0.2] * 10))[0]["log_score_upper"] == pytest.approx(0.2)


def weekly(year, values):
    """Forecasts of a meeting by the end of a year, one each Monday before it."""
    end = date(year, 12, 31)
    days = [day for day in origins.origins(year, year) if day < end]
    return [
        Point(day, (end - day).days, end, "full", p, p, p, 0, 1) for day, p in zip(days, values, strict=False)
    ]


class TestDrift:
    RATIO, QUIET = "movement over uncertainty reduction", "mean weekly change without news"

    def found(self, points, *occasions, signals=()):
        return {row["what"]: row for row in losses.drift(origins.table(points), ledger(signals, occasions))}

    def test_a_stretch_ends_with_the_meeting_and_another_begins(self):
        rows, met, end = weekly(2001, [0.5] * 53), date(2001, 6, 6), date(2001, 12, 31)
        found = list(losses.stretches(origins.table(rows), [met]))
        assert [(path.days[-1].item(), path.p[-1]) for path in found] == [(met, 1.0), (end, 0.0)]
        assert [day for path in found for day in path.days[:-1].tolist()] == [row.as_of for row in rows]

    def test_a_martingale_moves_as_much_as_its_uncertainty_falls(self):
        rng, points, rows = np.random.default_rng(1), [], []
        for year in range(1800, 2000):
            # A fair walk between 0 and 20, from 10: a martingale that ends at 0 or 1.
            at = [10]
            while len(at) < len(weekly(year, [0] * 53)):
                at.append(at[-1] + (int(rng.choice([-1, 1])) if 0 < at[-1] < 20 else 0))
            points += weekly(year, np.array(at) / 20)
            if rng.random() < at[-1] / 20:
                day, known = date(year, 12, 31), date(1700, 1, 1)
                rows.append(occasion(f"{year}-apec", day, met=True, known_from=known))
        ratio = self.found(points, *rows)[self.RATIO]
        assert ratio["lower"] < 1 < ratio["upper"] and ratio["upper"] - ratio["lower"] < 0.5

    def test_forecasts_that_swing_for_nothing_move_too_much(self):
        points = [p for year in range(1990, 2000) for p in weekly(year, [0.2, 0.8] * 27)]
        assert self.found(points)[self.RATIO]["lower"] > 5

    def test_only_weeks_in_which_nothing_became_public_are_quiet(self):
        points = weekly(2001, [0.1] * 17 + [0.3] * 36)
        still = self.found(points)[self.QUIET]
        loud = self.found(points, signals=[signal("2001-04-25-word", points[17].as_of)])[self.QUIET]
        assert loud["value"] == 0 and still["value"] == pytest.approx(0.2 / still["weeks"])
        assert still["weeks"] == loud["weeks"] + 1


def test_recalibration_rises_and_keeps_the_mean():
    rng = np.random.default_rng(1)
    p = np.round(rng.random(400), 2)
    y = (rng.random(400) < p).astype(float)
    best = losses.corp(p, y)
    order = np.argsort(p)
    assert (np.diff(best[order]) >= -1e-12).all() and best.mean() == pytest.approx(y.mean())
    assert ((best - y) ** 2).mean() <= ((p - y) ** 2).mean()
    assert all(len(set(best[p == level])) == 1 for level in set(p))


def test_the_score_is_the_sum_of_its_parts():
    for row in FOUND.decomposition:
        parts = row["miscalibration"] - row["discrimination"] + row["uncertainty"]
        assert row["brier"] == pytest.approx(parts, abs=2e-4)


def test_bands_hold_a_calibrated_forecaster():
    rng = np.random.default_rng(2)
    p = rng.random(240)
    rows = points(p, (rng.random(240) < p).astype(int))
    table = losses.reliability(rows, replicates=200)
    inside = [row["lower"] - 1e-9 <= row["observed"] <= row["upper"] + 1e-9 for row in table]
    assert np.mean(inside) > 0.75
    rows["probability"] /= 3
    wrong = losses.reliability(rows, replicates=200)
    assert np.mean([row["observed"] > row["upper"] for row in wrong]) > 0.3


def happened(whole, as_of, deadline, outcome):
    """What the page says of a forecast that missed, from the rows of its table as read from the file."""
    miss = {"year": as_of.year, "as_of": as_of, "deadline": deadline, "outcome": outcome}
    rows = losses.miss_events([miss], whole, PARAMS.sides)
    written = [{key: str(v) if isinstance(v, date) else v for key, v in row.items()} for row in rows]
    return audit_words.what_happened(miss | {"as_of": str(as_of), "deadline": str(deadline)}, written)


def test_misses_are_explained_by_the_rows_of_the_time():
    asked = date(2025, 6, 2)
    passed, later = occasion("apec-a", date(2025, 8, 1), met=False), visit("visit-b", met=True)
    table = ledger(
        [refusal(date(2025, 7, 1), "apec-a")], [passed, later], [window("visit-b", date(2025, 8, 15))]
    )
    assert happened(table, asked, date(2025, 8, 10), 0) == (
        "apec-a: Somebody says something (1 July 2025). They met 22 days after the deadline: visit-b."
    )
    assert happened(table, asked, date(2025, 10, 1), 1) == (
        "They met on 1 September 2025: visit-b, not public before 15 August 2025."
    )
    assert happened(table, asked, date(2025, 6, 20), 0) == "No known occasion lay in that time."


@pytest.mark.parametrize(
    "change, told",
    [
        ({"attended": "US"}, "apec-1: only One came."),
        ({"attended": "both"}, "apec-1: both came and did not meet."),
        ({"attended": "none"}, "apec-1: neither leader came."),
        ({"held_in_person": False}, "apec-1 was not held in person."),
    ],
)
def test_an_occasion_that_passed_is_told_by_who_came_and_three_are_named(change, told):
    passed = [replace(occasion(f"apec-{n}", date(2025, 8, n), met=False), **change) for n in range(1, 6)]
    text = happened(ledger((), passed), date(2025, 6, 2), date(2025, 9, 1), 0)
    assert text.startswith(told) and text.endswith("2 other occasions also passed without a meeting.")


def test_the_first_doubt_is_about_a_leader_who_then_stayed_away():
    there = occasion("apec-a", date(2025, 8, 1), met=False, attended="US")
    said = (("US", -1, 5), ("CN", 2, 6), ("CN", -2, 30))
    table = ledger([word(side, level, date(2025, 6, day), "apec-a") for side, level, day in said], [there])
    assert losses.first_doubt(table, date(2025, 6, 2), date(2025, 8, 11)) == date(2025, 6, 30)
    assert losses.first_doubt(table, date(2025, 6, 2), date(2025, 7, 20)) is None


def as_text(rows):
    """The rows as their CSV file has them."""
    return csv_text(rows[0], (map(four_decimals, row.values()) for row in rows))


def test_the_kept_tables_are_those_of_the_kept_backtest():
    for name, rows in study.track_record(PARAMS, WHOLE).items():
        assert (RECORD / f"{name}.csv").read_text("utf-8") == as_text(rows), name


# What the pages say of it


def test_a_forecast_is_told_misses_of_its_own_leaning_that_were_known_on_its_day(default_run):
    told = default_run.forecast
    high = record_words.if_wrong(FOUND, told)
    low = record_words.if_wrong(FOUND, replace(told, probability=0.1))
    assert 1 <= len(high) <= 4 and not set(high) & set(low)
    assert "too high" in record_words.words.if_wrong_lead(told) and "They met on" in low[0]
    assert "no bad miss" in record_words.if_wrong(FOUND, replace(told, as_of="1999-02-01"))[0]


def test_verdicts_follow_from_the_numbers():
    verdicts = {row.expected: row.verdict for row in expectations.verdicts(FOUND)}
    assert len(verdicts) == len(expectations.EXPECTATIONS) and "not yet known" not in verdicts.values()

    def with_all(value):
        scores = [row | {"value": value, "lower": -value, "upper": value} for row in FOUND.scores]
        return replace(FOUND, scores=scores)

    bound = next(e.text for e in expectations.EXPECTATIONS if "at most 0.062" in e.text)
    for value, verdict in ((0.062, "confirmed"), (0.0621, "falsified")):
        assert {row.expected: row.verdict for row in expectations.verdicts(with_all(value))}[bound] == verdict
    gains = [row | {"log_score_lower": -0.001, "brier_gain": -0.001} for row in FOUND.gains]
    worse = replace(FOUND, gains=gains)
    told = {row.expected: row.verdict for row in expectations.verdicts(worse)}
    assert {v for text, v in told.items() if "beats" in text or "improves both" in text} == {"falsified"}
    assert {row.verdict for row in expectations.verdicts(TrackRecord())} == {"not yet known"}


def test_scores_are_told_with_and_without_the_additions():
    told = record_words.words.additions(FOUND, WHOLE)
    values = [
        f"{FOUND.score(model, name)['value']:.4f}"
        for model in ("full", "no additions")
        for name in (BRIER, LOG_SCORE)
    ]
    assert all(value in told for value in values) and told.startswith("With these 38 signals")


def test_the_drift_is_told_with_its_band():
    numbers = {"value": 0.001, "lower": -0.001, "upper": 0.003, "weeks": 9, "years": 3}
    rows = [{"what": what} | numbers for what in losses.DRIFT]
    rows[0] |= {"value": 1.4, "lower": 1.1, "upper": 1.7}
    said = record_words.words.drift_summary(TrackRecord(drift=rows))
    assert "more than their uncertainty falls, beyond chance" in said
    rows[0] |= {"lower": 0.9}
    told = record_words.words.drift_summary(TrackRecord(drift=rows))
    assert "within chance" in told and "+0.10 points (−0.10 to +0.30), no drift" in told
    assert record_words.words.drift_summary(TrackRecord(drift=[])) == ""


def test_every_variant_tried_has_a_reason():
    rows = FOUND.variants
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1)) and all(
        row["why"] for row in rows
    )
    assert f"{len(rows)} variants" in record_words.words.variant_summary(FOUND)


def test_a_run_that_the_study_was_not_made_for_says_so(default_run):
    other = replace(default_run, forecast=replace(default_run.forecast, as_of="2024-01-01"))
    assert "for this run" in model_words.belongs(FOUND, default_run)
    assert "read them for the differences" in model_words.belongs(FOUND, other)
    assert "has not been run" in model_words.belongs(TrackRecord(), other)


PLACEBO = [
    {"signals": kind, "number": n, "brier": 0.07, "log_score": score + 0.0007 * (n * 7 % 10)}
    for kind, score, many in (("own", 0.26, 10), ("none", 0.268, 10), ("shuffled", 0.262, 30))
    for n in range(1, many + 1)
]
RECORD_FIGURES = ("scores", "by_year", "reliability", "paths", "replay", "placebo")
STRUCTURE_FIGURES = ("graph", "beliefs", "years", "checks", "structures", "influence")


@pytest.fixture(scope="module")
def drawn(default_run):
    beliefs = prior.beliefs(PARAMS, default_run.draws)
    found = predictive.checks(PARAMS, default_run.ledger, default_run.draws, 100)
    kept = replace(FOUND, placebo=PLACEBO)
    return {
        "graph": partial(structure_figures.graph, *predictive.stored_graph(default_run.posterior)),
        "beliefs": partial(structure_figures.beliefs, beliefs),
        "years": partial(structure_figures.years, found.years),
        "checks": partial(structure_figures.checks, found.rest),
        "structures": partial(structure_figures.structures, FOUND.structures),
        "influence": partial(structure_figures.influence, FOUND.influence),
        **{name: partial(getattr(record_figures, name), kept) for name in RECORD_FIGURES},
    }


@pytest.mark.parametrize(("low", "high"), [(-0.013, 0.018), (-0.01484, 0.01773), (-0.0005, 0.03)])
def test_no_number_below_the_axis_is_cut_off_whatever_the_changes(low, high):
    rows = [{"year": 1993 + i, "change": change} for i, change in enumerate(np.linspace(low, high, 12))]
    assert faults(structure_figures.influence(rows)) == []


@pytest.mark.parametrize("name", [*STRUCTURE_FIGURES, *RECORD_FIGURES])
def test_no_text_is_cut_off_or_overlaps_another_and_the_title_has_a_number(drawn, name):
    figure = drawn[name]()
    assert any(letter.isdigit() for letter in title(figure)) and faults(figure) == []


def test_the_placebo_compares_with_the_mean_of_the_true_tone():
    found = TrackRecord(placebo=PLACEBO)
    assert found.shuffles_beaten() == 24
    assert "better than 24 of 30 placebo ledgers" in record_words.words.placebo_summary(found)
    assert "the true tone gains 0.0080" in record_words.words.placebo_summary(found)
    assert record_words.words.placebo_summary(TrackRecord()) == "The placebo has not been run."


def test_the_readme_of_the_record_names_every_file():
    told = (RECORD / "README.md").read_text("utf-8")
    assert all(f"`{path.name}`" in told for path in RECORD.iterdir() if path.name != "README.md")


def bound(number):
    """The standard errors that any of so many quantities exceeds by chance as rarely as `sbc.MISSED`."""
    return NormalDist().inv_cdf(1 - sbc.MISSED / number / 2)


def test_the_kept_calibration_study_finds_nothing():
    simulations = sbc.load()
    assert len(simulations) >= 300 and all(each.inside for each in sbc.verdicts(simulations))


def test_reweighting_agreed_with_refits_of_fifty_random_ledgers():
    rows = study.load("refits")
    assert len(rows) == study.LEDGERS and max(row["days"] for row in rows) > 100
    assert all(row["pareto_k"] < 0.7 and abs(row["errors"]) < bound(len(rows)) for row in rows)


def test_forecasts_from_the_fits_of_january_agreed_with_new_fits():
    rows = study.load("januaries")
    assert all(abs(row["errors"]) < bound(len(rows)) and row["pareto_k"] < 0.7 for row in rows)
    assert sum(row["effective_draws"] >= fits.QUICK_ESS for row in rows) / len(rows) > 0.9


def test_fits_reweighted_for_less_evidence_agreed_with_new_ones():
    rows = study.load("less_evidence")
    assert len(rows) == 2 * len(origins.scored_years(WHOLE, PARAMS.question.as_of))
    assert all(abs(row["errors"]) < bound(len(rows)) and row["pareto_k"] < 0.7 for row in rows)


def test_all_tables_are_made_but_the_fits_that_the_backtest_needs_first(monkeypatch, capsys):
    made = []
    known = {name: lambda *_, name=name: made.append(name) or {} for name in study.MADE}
    monkeypatch.setattr(study, "MADE", known)
    monkeypatch.setattr(study.datapackage, "write", made.append)
    study.main([])
    assert {*known} - {*made} == {"januaries"} and made[-1] == study.RECORD
    study.main(["januaries"])
    assert made[-2] == "januaries"


def test_the_fits_of_january_are_those_of_todays_model_priors_and_seeds(default_run):
    """If not: `python -m model.track_record.study januaries`."""
    paths = sorted((RENDERED / fits.JANUARIES).iterdir())
    assert [path.stem for path in paths] == [str(row["fit_through"]) for row in study.load("januaries")]
    for path in paths:
        fitted = fits.stored(path)
        past = record(default_run.whole.as_of(date(fitted.through.year, 12, 31)), PARAMS)
        assert (fitted.model, fitted.through) == (fits.model_key(PARAMS), past.through)
        assert fitted.diagnostics["ok"]
        for name, values in log_densities(fitted.draws, PARAMS, past).items():
            np.testing.assert_allclose(values, fitted.densities[name], rtol=1e-5, atol=1e-4, err_msg=name)


def test_the_backtest_takes_these_fits_and_reweights_them_for_less_evidence(monkeypatch):
    monkeypatch.setattr(backtest, "ready_for", None)
    known = backtest.januaries(PARAMS, WHOLE, 2014, BACKTESTED, backtest.quickest(PARAMS, WHOLE))
    assert known.keys() == {structure.without for structure in BACKTESTED}
    shipped = fits.stored(RENDERED / fits.JANUARIES / "2013-10-08.npz").draws
    for without, (past, fitted) in known.items():
        assert past.through == fitted.through == date(2013, 10, 8) and set(fitted.draws["norm"]) == {
            past.norm
        }
        moved = {name for name, values in fitted.draws.items() if not np.array_equal(values, shipped[name])}
        assert ("tone_factor" in moved, "misled" in moved) == (bool(without), "additions" in without)
    assert known[("tone",)].past.norm == 0 != known[()].past.norm


def test_where_weights_are_not_reliable_a_structure_gets_a_fit_of_its_own(monkeypatch):
    january, asked = backtest.quickest(PARAMS, WHOLE), []

    def fit(past, name):
        asked.append(name)
        return january(past, name)

    plain = reweight.adapted
    for shape, names in ((0.7, ["January 2014"]), (0.71, ["January 2014", "January 2014 without tone"])):
        monkeypatch.setattr(reweight, "adapted", lambda *given: replace(plain(*given), pareto_k=shape))  # noqa: B023
        asked.clear()
        backtest.januaries(PARAMS, WHOLE, 2014, (FULL, NAMED["no tone"]), fit)
        assert asked == names


def test_another_sampler_agrees_on_every_posterior_mean(default_run):
    rows = study.load("samplers")
    assert all(abs(row["errors"]) < bound(len(rows)) for row in rows)
    names = set(sbc.quantities(PARAMS, default_run.record, default_run.outlook, default_run.draws))
    assert {row["quantity"] for row in rows} == names == {name for each in sbc.load() for name in each.ranks}
    told = model_words.words.samplers_summary(FOUND)
    assert (
        f"None of {len(rows)} posterior means differs" in told
        and model_words.words.samplers_summary(TrackRecord()) == ""
    )
