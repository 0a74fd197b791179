"""The study says what it claims to say: shuffles keep what they must, tables add up, verdicts follow from numbers."""

import csv
import itertools
from dataclasses import replace
from datetime import date
from functools import partial
from statistics import NormalDist

import numpy as np
import pytest
from made_up import PARAMS, PRIORS, ledger, occasion, signal, visit, window, word
from test_figures import faults, title

from model import chances, summit
from model.answer.forecast import Sources, read
from model.evidence.record import record
from model.evidence.seasons import DAY, meetings
from model.fit import predictive
from model.paths import ROOT
from model.report import expectations, record_figures, record_prose, show, structure_figures, structure_prose
from model.track_record import backtest, losses, sbc, study
from model.track_record.backtest import FULL, Point

FOUND = record_prose.record()
WHOLE = read(PARAMS, Sources())
CUT = WHOLE.as_of(PARAMS.question.as_of)


# The replay of 2025: a regression test of the status logic on the kept table

WEEKS = {row["as_of"]: row for row in FOUND["replay"]}


def share(day, cause):
    return float(dict(part.split("=") for part in WEEKS[day]["shares"].split(";")).get(cause, 0))


def test_the_replay_has_every_week_and_its_shares_add_up():
    assert len(WEEKS) == 42 and min(WEEKS) == "2025-01-20" and max(WEEKS) == "2025-10-29"
    for row in WEEKS.values():
        shares = [float(part.split("=")[1]) for part in row["shares"].split(";")]
        assert sum(shares) == pytest.approx(row["probability"], abs=0.001)
        assert max(shares) == pytest.approx(row["largest_share"])


def test_the_statuses_of_2025_move_the_forecast_as_they_must():
    held = {row["check"]: row["holds"] for row in FOUND["replay_checks"]}
    assert len(held) == 8 and set(held.values()) == {"yes"}, held


def test_the_checks_fail_where_the_replay_is_wrong():
    weeks = [dict(row) for row in FOUND["replay"]]
    for row in weeks:
        row["probability"] = 0.9
        row["shares"] = "2025-beijing-parade=0.5;2025-g20-johannesburg=0.4"
        row["largest_cause"] = "2025-beijing-parade"
    held = [row["holds"] for row in losses.replay_checks(weeks, 0.5)]
    assert held == ["no", "no", "no", "yes", "no", "no", "no", "no"]


def test_events_of_the_replay_were_public_in_their_week_and_moved_it_the_way_it_went():
    days = sorted(WEEKS)
    for row in FOUND["replay_events"]:
        assert days[days.index(row["as_of"]) - 1] < row["date"] <= row["as_of"]
        assert row["probability"] == WEEKS[row["as_of"]]["probability"]
    largest = record_prose.largest_moves(FOUND)
    assert len(largest) == 9 and all(row["effect"] * row["move"] > 0 for row in largest if row["id"])
    assert any(row["id"] == "2025-09-19-apec-gyeongju-us-will" for row in largest)


def test_a_week_whose_move_nothing_explains_says_so():
    quiet = {**FOUND, "replay_events": []}
    assert {
        (row["id"], row["effect"], row["date"] == row["as_of"]) for row in record_prose.largest_moves(quiet)
    } == {("", 0.0, True)}


# The placebo


def test_a_shuffle_moves_general_signals_by_whole_years_and_leaves_everything_else():
    moved = study.shuffled(WHOLE, 3)
    about = {s.event_id for event in WHOLE.events if any(s.occasion for s in event) for s in event}
    before, after = ({s.event_id: s for s in table.signals} for table in (WHOLE, moved))
    assert before.keys() == after.keys()
    assert (moved.occasions, moved.visit_windows) == (WHOLE.occasions, WHOLE.visit_windows)
    assert list(moved.signals) == sorted(moved.signals, key=lambda s: (s.public_date, s.event_id))
    general = [
        name for name, s in before.items() if name not in about and s.public_date.year in study.LEFT_OUT
    ]
    assert len(general) > 300
    to = {}
    for name, s in before.items():
        if name not in general:
            assert after[name] == s
            continue
        old, new = s.public_date, after[name].public_date
        assert (
            new - date(to.setdefault(old.year, round(new.year + new.timetuple().tm_yday / 1000)), 1, 1)
        ).days == (old - date(old.year, 1, 1)).days
        assert after[name] == replace(s, public_date=new, event_date=s.event_date + (new - old))
    assert all(old != new for old, new in to.items()) and len(set(to.values())) == len(to)


def test_shuffles_differ_and_repeat():
    assert study.shuffled(WHOLE, 1) == study.shuffled(WHOLE, 1) != study.shuffled(WHOLE, 2)


# Other structures, a year less


@pytest.mark.parametrize("variant", study.VARIANTS, ids=lambda variant: variant.name)
def test_every_structure_can_be_asked_and_only_the_published_one_is_as_published(variant):
    own = study.with_choices(PARAMS, variant)
    ahead = variant.structure.ahead(CUT, PARAMS.question.as_of, PARAMS.question.deadline, own)
    draws = predictive.prior_draws(own, 400, 1)
    assert 0 < chances.by_deadline(draws, ahead).mean() < 1
    assert (variant.name == "full") == (
        own.priors == PARAMS.priors and variant.structure == FULL and variant.unchecked
    )
    assert own.priors.structure.model_dump() == PRIORS.structure.model_dump() | variant.choices
    assert variant.structure.fit in study.NAMED


def test_the_names_of_the_kept_structures_are_those_the_study_knows():
    assert [row["structure"] for row in study.load("structures")] == [
        variant.name for variant in study.VARIANTS
    ]
    assert [row["year"] for row in study.load("influence")] == list(study.LEFT_OUT)


def test_a_year_left_out_is_gone_from_the_record_and_no_other():
    less, full = (record(seen, PARAMS) for seen in (study.without_year(CUT, 2009), CUT))
    held = [
        o
        for o in CUT.occasions
        if o.start_date and o.start_date.year == 2009 and not o.is_visit and o.held_in_person
    ]
    assert len(full.came) - len(less.came) == 2 * len(held) > 0
    visits = [o for o in CUT.occasions if o.is_visit and o.met and o.start_date.year == 2009]
    assert full.visits - less.visits == len(visits) > 0


# What the model expects of its record


def test_the_graph_names_what_stands_behind_each_observation():
    edges, unobserved = predictive.graph(PARAMS, record(CUT, PARAMS))
    assert set(edges["came_seen"]) == {
        "comes_home",
        "comes_summit",
        "comes_other",
        "comes_guest",
        "comes_spread",
        "comes_effect",
        "tone_factor",
    }
    assert edges["breaks_seen"] == ("breaks",) and set(edges["met_seen"]) == {
        "meets_summit",
        "meets_other",
        "tone_factor",
    }
    behind = set(itertools.chain(*edges.values()))
    assert behind | set(unobserved) == {*summit.PARAMETERS, "comes_effect", "meeting_day"}
    assert unobserved == ("word_factor",)


def test_draws_from_the_priors_have_the_names_and_shapes_of_a_fit(default_run):
    made = predictive.prior_draws(PARAMS, 50, 1)
    assert made.keys() == default_run.draws.keys()
    assert all(made[name].shape[1:] == default_run.draws[name].shape[1:] for name in made)
    again = predictive.prior_draws(PARAMS, 50, 1)
    assert all(np.array_equal(made[name], again[name]) for name in made)


def test_draws_from_the_priors_have_the_priors_means():
    made = predictive.prior_draws(PARAMS, 20_000, 1)
    for name, prior in PRIORS.parameters.items():
        frozen = prior.frozen()
        assert made[name].mean() == pytest.approx(frozen.mean(), abs=5 * frozen.std() / 140 + 1e-9), name
    assert made["comes_effect"].mean() == pytest.approx(0, abs=5 / np.sqrt(made["comes_effect"].size))
    np.testing.assert_allclose(made["meeting_day"].mean(0), 1 / 7, atol=0.01)


def test_the_past_as_it_was_has_every_meeting_once():
    truth = predictive.observed(CUT, PARAMS)
    days = meetings(CUT)
    by_year = dict(zip(truth.calendar.years, truth.by_year()[0], strict=True))
    for year, count in by_year.items():  # two meetings in one season count once
        assert count <= sum(day.year == year for day in days) and (count > 0) == any(
            day.year == year for day in days
        ), year
    assert by_year[2020] == by_year[2021] == 0 and by_year[2018] == 1 and by_year[2002] == 2
    assert truth.visits.sum() == sum(
        o.is_visit and bool(o.met) and o.met_date.year >= 1993 for o in CUT.occasions
    )
    assert truth.times_came("guest", 1993, 2024) == sum(
        o.attended in ("both", side)
        for o in truth.calendar.occasions
        for side, other in (("US", "CN"), ("CN", "US"))
        if o.host == other and not PRIORS.types[o.type].summit
    )


def test_simulated_pasts_follow_their_draws():
    certain = {
        "comes_home": 1.0,
        "comes_summit": 1.0,
        "comes_other": 1.0,
        "comes_guest": 1.0,
        "meets_summit": 1.0,
        "meets_other": 1.0,
        "visit_rate": 0.0,
        "comes_spread": 0.0,
        "tone_factor": 1.0,
    }
    draws = predictive.prior_draws(PARAMS, 200, 1) | {
        name: np.full(200, value) for name, value in certain.items()
    }
    past = predictive.simulated(draws, CUT, PARAMS, 50, 1)
    assert past.came.all() and past.met.all() and not past.visits.any()
    away = predictive.simulated(
        draws | {name: np.zeros(200) for name in certain if name.startswith("comes_")}, CUT, PARAMS, 50, 1
    )
    assert not away.came.any() and not away.met.any()
    apart = predictive.simulated(
        draws | {"meets_other": np.zeros(200), "visit_rate": np.full(200, 2.0)}, CUT, PARAMS, 400, 1
    )
    summits = {
        n
        for n, o in zip(past.calendar.season, past.calendar.occasions, strict=True)
        if PRIORS.types[o.type].summit
    }
    assert {n for n in range(apart.met.shape[1]) if apart.met[0, n]} == summits
    assert apart.visits[:, :10].mean() == pytest.approx(2, abs=4.5 * np.sqrt(2 / 4000))


def test_checks_say_where_a_number_lies():
    inside = predictive.Check("x", "days", 3.0, (0, 9), (2, 4))
    assert inside.inside and not replace(inside, seen=5.0).inside
    assert predictive.between(
        [date(2000, 1, 1).toordinal(), date(2000, 1, 11).toordinal(), date(2000, 1, 14).toordinal()]
    ) == (10.0, 6.5)


def test_a_ledger_without_seasons_has_nothing_to_check(default_run):
    found = predictive.checks(PARAMS, ledger(signals=[signal()]), default_run.draws, 20)
    assert found == predictive.Checks((), ())
    assert "nothing to compare" in structure_prose.checks_summary(found)


def test_a_parameter_that_the_record_left_alone_is_called_a_belief(default_run):
    prior = PRIORS.parameters["word_factor"].frozen()
    even = prior.ppf(
        (np.arange(10**6) + 0.5) / 10**6
    )  # the spread of drawn ones with so long a tail is a matter of luck
    fit = replace(default_run.fit, draws=default_run.draws | {"word_factor": even})
    rows = {row.label: row for row in structure_prose.beliefs(replace(default_run, fit=fit))}
    assert rows["Word factor"].is_belief and rows["Word factor"].ratio == pytest.approx(1, abs=0.01)
    assert not rows["Comes summit"].is_belief and not rows["Said, may come"].is_belief
    assert len(rows) == sum(4 if prior.dim else 1 for prior in PRIORS.parameters.values())


def test_variables_are_all_told(default_run):
    told = {row[0] for row in structure_prose.variable_rows(default_run).rows}
    assert told == set(default_run.draws)


# Losses


def points(probabilities, outcomes, model="full", first=date(2001, 1, 1)):
    days = backtest.origins(first.year, first.year + len(probabilities) // 12, monthly=True)
    return [
        Point(day, 7, day + 7 * DAY, model, p, p, p, y, 1)
        for day, p, y in zip(days, probabilities, outcomes, strict=False)
    ]


def yearly(gains, first=2010):
    return [
        {"year": year, "model": model, "forecasts": 12, "log_score": 0.2 + worse, "brier": 0.1 + worse / 4}
        for year, gain in enumerate(gains, first)
        for model, worse in (("full", 0), ("no tone", gain))
    ]


def test_a_gain_is_steady_only_by_the_whole_rule():
    def steady(gains):
        return losses.gains(yearly(gains))[0]["steady"]

    assert steady([0.1] * 14) == "yes"
    assert steady([0.1] * 7 + [-0.05] * 4 + [0.1] * 3) == "yes"
    assert steady([0.5] * 8 + [-0.01] * 6) == "no"
    assert steady([-0.01, 0.02] * 7) == "no"
    assert steady([0.001] * 10 + [5, 5] + [-0.2] * 2) == "no"


def test_gains_are_paired_and_their_intervals_hold_whole_years():
    row = losses.gains(yearly([0.1, 0.3] * 12))[0]
    assert (row["log_score_gain"], row["brier_gain"]) == pytest.approx((0.2, 0.05))
    assert row["log_score_lower"] == pytest.approx(0.2 - 1.64 * 0.1 / np.sqrt(24), abs=0.01)
    assert losses.gains(yearly([0.2] * 10))[0]["log_score_upper"] == pytest.approx(0.2)


def walk(days, p, deadline, model="full"):
    return [
        Point(day, (deadline - day).days, deadline, model, value, value, value, 0, 1)
        for day, value in zip(days, p, strict=True)
    ]


def mondays(year):
    return backtest.origins(year, year)


class TestDrift:
    def found(self, points, *occasions, signals=()):
        return {row["what"]: row for row in losses.drift(points, ledger(signals, occasions))}

    def test_a_stretch_ends_with_the_meeting_and_another_begins(self):
        days, met = mondays(2001), date(2001, 6, 6)
        found = list(losses.stretches(walk(days, [0.5] * len(days), date(2001, 12, 31)), [met]))
        assert [path[-1] for path in found] == [(met, 1.0), (date(2001, 12, 31), 0.0)]
        assert [day for path in found for day, _ in path[:-1]] == [
            day for day in days if day < date(2001, 12, 31)
        ]

    def test_a_martingale_moves_as_much_as_its_uncertainty_falls(self):
        rng, points, rows = np.random.default_rng(1), [], []
        for year in range(
            1800, 2000
        ):  # a fair walk between 0 and 20, from 10: a martingale that ends at 0 or 1
            days, at = [day for day in mondays(year) if day < date(year, 12, 31)], [10]
            while len(at) < len(days):
                at.append(at[-1] + (int(rng.choice([-1, 1])) if 0 < at[-1] < 20 else 0))
            happens = rng.random() < at[-1] / 20
            points += walk(days, np.array(at) / 20, date(year, 12, 31))
            if happens:
                rows.append(
                    occasion(f"{year}-apec", date(year, 12, 31), met=True, known_from=date(1700, 1, 1))
                )
        ratio = self.found(points, *rows)["movement over uncertainty reduction"]
        assert ratio["lower"] < 1 < ratio["upper"] and ratio["upper"] - ratio["lower"] < 0.5

    def test_forecasts_that_swing_for_nothing_move_too_much(self):
        points = [
            p
            for year in range(1990, 2000)
            for p in walk(
                mondays(year), [0.2 + 0.6 * (n % 2) for n in range(len(mondays(year)))], date(year, 12, 31)
            )
        ]
        assert self.found(points)["movement over uncertainty reduction"]["lower"] > 5

    def test_only_weeks_in_which_nothing_became_public_are_quiet(self):
        days = mondays(2001)
        rise = [0.1 if day < date(2001, 5, 1) else 0.3 for day in days]
        points = walk(days, rise, date(2001, 12, 31))
        loud = self.found(points, signals=[signal("2001-04-25-word", date(2001, 5, 1))])
        still = self.found(points)
        name = "mean weekly change without news"
        assert loud[name]["value"] == 0 and still[name]["value"] == pytest.approx(0.2 / still[name]["weeks"])
        assert still[name]["weeks"] == loud[name]["weeks"] + 1


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
    for row in FOUND["decomposition"]:
        parts = row["miscalibration"] - row["discrimination"] + row["uncertainty"]
        assert row["brier"] == pytest.approx(parts, abs=2e-4)


def test_bands_hold_a_calibrated_forecaster():
    rng = np.random.default_rng(2)
    p = rng.random(240)
    rows = points(p, (rng.random(240) < p).astype(int))
    table = losses.reliability(rows, replicates=200)
    inside = [row["lower"] - 1e-9 <= row["observed"] <= row["upper"] + 1e-9 for row in table]
    assert np.mean(inside) > 0.75
    wrong = losses.reliability(
        [replace(row, probability=row.probability / 3) for row in rows], replicates=200
    )
    assert np.mean([row["observed"] > row["upper"] for row in wrong]) > 0.3


def test_misses_are_explained_by_the_rows_of_the_time():
    asked = date(2025, 6, 2)
    table = ledger(
        signals=[signal("2025-07-01-no", date(2025, 7, 1), "contact_missed", -2, occasion="apec-a")],
        occasions=[
            occasion("apec-a", date(2025, 8, 1), met=False),
            visit("visit-b", date(2025, 9, 1), met=True),
        ],
        visit_windows=[window("visit-b", date(2025, 8, 15), date(2025, 9, 1), date(2025, 9, 1))],
    )
    assert losses.what_happened(table, asked, date(2025, 8, 10), 0) == (
        "apec-a: Somebody says something (1 July 2025). They met 22 days after the deadline: visit-b."
    )
    assert losses.what_happened(table, asked, date(2025, 10, 1), 1) == (
        "They met on 1 September 2025: visit-b, not public before 15 August 2025."
    )
    assert losses.what_happened(table, asked, date(2025, 6, 20), 0) == "No known occasion lay in that time."


def test_the_first_doubt_is_about_a_leader_who_then_stayed_away():
    there = occasion("apec-a", date(2025, 8, 1), met=False, attended="US")
    table = ledger(
        [
            word("US", -1, date(2025, 6, 5), "apec-a"),
            word("CN", 2, date(2025, 6, 6), "apec-a"),
            word("CN", -2, date(2025, 7, 1), "apec-a"),
        ],
        [there],
    )
    point = Point(date(2025, 6, 2), 70, date(2025, 8, 11), "full", 0.9, 0.9, 0.9, 0, 1)
    assert losses.first_doubt(table, point) == date(2025, 7, 1)
    assert losses.first_doubt(table, replace(point, outcome=1)) is None
    assert losses.first_doubt(table, replace(point, deadline=date(2025, 7, 20))) is None


def test_the_kept_tables_are_those_of_the_kept_backtest():
    yearly = [
        {name: f"{v:.4f}" if isinstance(v, float) else str(v) for name, v in row.items()}
        for row in losses.by_year(backtest.load())
    ]
    with (study.RECORD / "by_year.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == yearly


# What the pages say of it


def test_a_forecast_is_told_misses_of_its_own_leaning_that_were_known_on_its_day(default_run):
    told = default_run.forecast
    high = record_prose.if_wrong(told)
    low = record_prose.if_wrong(replace(told, probability=0.1))
    assert 1 <= len(high) <= 4 and not set(high) & set(low)
    assert "too high" in record_prose.if_wrong_lead(told) and "They met on" in low[0]
    assert "short record" in record_prose.if_wrong(replace(told, as_of="1999-02-01"))[0]


def test_verdicts_follow_from_the_numbers():
    verdicts = {text: verdict for text, _, verdict in expectations.verdicts(FOUND)}
    assert len(verdicts) == len(expectations.EXPECTATIONS) and "not yet known" not in verdicts.values()

    def with_all(value):
        return {
            **FOUND,
            "scores": [row | {"value": value, "lower": -value, "upper": value} for row in FOUND["scores"]],
        }

    bound = next(e.text for e in expectations.EXPECTATIONS if "at most 0.062" in e.text)
    for value, verdict in ((0.062, "confirmed"), (0.0621, "falsified")):
        assert {text: v for text, _, v in expectations.verdicts(with_all(value))}[bound] == verdict
    worse = {
        **FOUND,
        "gains": [row | {"log_score_lower": -0.001, "brier_gain": -0.001} for row in FOUND["gains"]],
    }
    told = {text: v for text, _, v in expectations.verdicts(worse)}
    assert {v for text, v in told.items() if "beats" in text or "So does" in text} == {"falsified"}
    empty = {name: [] for name in FOUND}
    assert {verdict for *_, verdict in expectations.verdicts(empty)} == {"not yet known"}


def test_scores_are_told_with_and_without_the_additions():
    told = record_prose.additions(FOUND, WHOLE)
    values = [
        f"{record_prose.score(FOUND, name, model)['value']:.4f}"
        for model in ("full", "no additions")
        for name in (record_prose.PRIMARY, record_prose.LOG)
    ]
    assert all(value in told for value in values) and told.startswith("With these 38 signals")


def test_the_drift_is_told_with_its_band():
    rows = [
        {
            "what": "movement over uncertainty reduction",
            "value": 1.4,
            "lower": 1.1,
            "upper": 1.7,
            "weeks": 9,
            "years": 3,
        },
        *(
            {"what": name, "value": 0.001, "lower": -0.001, "upper": 0.003, "weeks": 9, "years": 3}
            for name in ("mean weekly change", "mean weekly change without news")
        ),
    ]
    assert "more than their uncertainty falls, beyond chance" in record_prose.drift_summary({"drift": rows})
    rows[0] |= {"lower": 0.9}
    told = record_prose.drift_summary({"drift": rows})
    assert "within chance" in told and "+0.10 points (−0.10 to +0.30), no drift" in told
    assert record_prose.drift_summary({"drift": []}) == ""


def test_every_variant_tried_has_a_reason():
    rows = study.load("variants")
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1)) and all(
        row["why"] for row in rows
    )
    assert f"{len(rows)} variants" in structure_prose.variant_summary(rows)


def test_a_run_that_the_study_was_not_made_for_says_so(default_run):
    rows = study.load("structures")
    other = replace(default_run, forecast=replace(default_run.forecast, as_of="2024-01-01"))
    assert "for this run" in structure_prose.belongs(default_run, rows)
    assert "read them for the differences" in structure_prose.belongs(other, rows)
    assert "has not been run" in structure_prose.belongs(other, [])


PLACEBO = [
    {"signals": kind, "number": n, "brier": 0.07, "log_score": score + 0.0007 * (n * 7 % 10)}
    for kind, score, many in (("own", 0.26, 10), ("none", 0.268, 10), ("shuffled", 0.262, 30))
    for n in range(1, many + 1)
]
CHECKS = [
    predictive.Check(
        f"Something with a rather long name, number {n}", "meetings", 3.0 * n, (0.0, 9.0), (2.0, 4.0)
    )
    for n in range(4)
]


@pytest.fixture(scope="module")
def drawn(default_run):
    beliefs = structure_prose.beliefs(default_run)
    found = predictive.checks(PARAMS, default_run.ledger, default_run.draws, 100)
    edges = predictive.graph(PARAMS, default_run.record)
    return {
        "graph": lambda: structure_figures.graph(*edges),
        "beliefs": lambda: structure_figures.beliefs(beliefs),
        "years": lambda: structure_figures.years(found.years),
        "checks": lambda: structure_figures.checks(found.rest),
        "made up checks": lambda: structure_figures.checks(CHECKS),
        "structures": lambda: structure_figures.structures(study.load("structures")),
        "influence": lambda: structure_figures.influence(study.load("influence")),
        **{
            name: partial(getattr(record_figures, name), {**FOUND, "placebo": PLACEBO})
            for name in ("scores", "by_year", "reliability", "paths", "replay", "placebo")
        },
    }


@pytest.mark.parametrize(
    "name",
    [
        "graph",
        "beliefs",
        "years",
        "checks",
        "made up checks",
        "structures",
        "influence",
        "scores",
        "by_year",
        "reliability",
        "paths",
        "replay",
        "placebo",
    ],
)
def test_no_text_is_cut_off_or_overlaps_another_and_the_title_has_a_number(drawn, name):
    figure = drawn[name]()
    assert any(letter.isdigit() for letter in title(figure)) and faults(figure) == []


def test_the_placebo_compares_with_the_mean_of_the_true_tone():
    found = {"placebo": PLACEBO}
    assert record_prose.placebo_beaten(found) == (24, 30)
    assert "better than 24 of 30 placebo ledgers" in record_prose.placebo_summary(found)
    assert "the true tone gains 0.0080" in record_prose.placebo_summary(found)
    assert record_prose.placebo_summary({"placebo": []}) == "The placebo has not been run."


def test_figures_come_out_the_same_twice():
    one, two = (
        show.figure(record_figures.replay, FOUND, alt=record_prose.replay_alt(FOUND)).markup for _ in range(2)
    )
    assert one == two and "APEC" in one


def test_the_readme_of_the_record_names_every_file():
    told = (study.RECORD / "README.md").read_text("utf-8")
    assert all(f"`{path.name}`" in told for path in study.RECORD.iterdir() if path.name != "README.md")
    assert (ROOT / "notebooks" / "rendered" / "record").samefile(study.RECORD)


def test_the_kept_calibration_study_is_of_this_model_and_finds_nothing():
    simulations = sbc.load()
    assert len(simulations) >= 300 and all(each.inside for each in sbc.verdicts(simulations))


def test_reweighting_agreed_with_refits_of_fifty_random_ledgers():
    rows = study.load("refits")
    assert (
        len(rows) == study.LEDGERS
        and all(row["pareto_k"] < 0.7 for row in rows)
        and max(row["days"] for row in rows) > 100
    )
    bound = NormalDist().inv_cdf(1 - sbc.MISSED / len(rows) / 2)
    assert max(abs(row["errors"]) for row in rows) < bound


def test_another_sampler_agrees_on_every_posterior_mean(default_run):
    rows = study.load("samplers")
    bound = NormalDist().inv_cdf(1 - sbc.MISSED / len(rows) / 2)
    assert max(abs(row["errors"]) for row in rows) < bound
    names = set(sbc.scalars(PARAMS, default_run.record, default_run.draws)) | {sbc.HEADLINE}
    assert {row["quantity"] for row in rows} == names == {name for each in sbc.load() for name in each.ranks}
    told = structure_prose.samplers_summary(rows)
    assert (
        f"Of {len(rows)} posterior means none lies further apart" in told
        and structure_prose.samplers_summary([]) == ""
    )
