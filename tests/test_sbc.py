"""Calibration by simulation: a sound sampler gives even ranks, a broken model is caught, and nothing is dropped silently.

The study of 300 simulations is marked `study`; here a dozen show that it runs, and that a slip would be seen.
"""

from dataclasses import replace

import numpy as np
import pytest
from made_up import KINDS, PARAMS, PRIORS, TYPES

from model import hazard, sbc, summit

FEW = dict(draws=100, tune=300, kept=19)
NUMBER = 12


def gone_wrong(p, past, rng):
    """A slip of unit: announcements told in weeks, the model takes them for days."""
    made = sbc.simulated(p, past, rng)
    return replace(made, announcement_lead=made.announcement_lead / 7)


@pytest.fixture(scope="module")
def ready(default_run):
    return summit.compiled(PARAMS, default_run.record)


@pytest.fixture(scope="module")
def sound(default_run, ready):
    return [sbc.one(n, PARAMS, default_run.record, default_run.outlook, ready, **FEW) for n in range(NUMBER)]


def test_every_simulation_is_fitted_and_ranks_every_quantity_the_record_speaks_of(sound, default_run):
    assert [each.failure for each in sound] == [""] * NUMBER
    names = set(sound[0].ranks)
    scalars = set(PRIORS.parameters) - {"refusal_share"}
    vectors = {f"{name}[{label}]" for name, labels in {"refusal_share": TYPES, "type_effect": TYPES, "weight": KINDS}.items()
               for label in labels}
    assert names >= scalars | vectors | {sbc.HEADLINE, "meeting_day[0]", "year_effect[2008]"}
    assert "year_effect[2040]" not in names
    assert all(set(each.ranks) == names and all(0 <= rank <= 19 for rank in each.ranks.values()) for each in sound)


def test_the_true_values_do_not_pile_up_at_either_end(sound):
    assert all(each.inside for each in sbc.verdicts(sound, kept=19, bins=4))
    middle = np.mean([list(each.ranks.values()) for each in sound]) / 19
    assert middle == pytest.approx(0.5, abs=0.08)


def test_a_broken_model_is_caught_and_the_culprits_named(default_run, ready):
    broken = [sbc.one(n, PARAMS, default_run.record, default_run.outlook, ready, simulate=gone_wrong, **FEW)
              for n in range(6)]
    outside = [each.name for each in sbc.verdicts(broken, kept=19, bins=4) if not each.inside]
    assert outside == ["announcement_lead"] and "outside: announcement_lead" in sbc.summary(broken, kept=19)


def test_a_simulation_of_the_same_number_is_the_same(default_run, ready, sound):
    again = sbc.one(3, PARAMS, default_run.record, default_run.outlook, ready, **FEW)
    assert again == sound[3] and sound[2].ranks != sound[3].ranks


@pytest.fixture(scope="module")
def pasts(default_run):
    past, truth = default_run.record, sbc.truth(PARAMS, default_run.record, 7)
    rng = np.random.default_rng(1)
    return past, truth, [sbc.simulated(truth, past, rng) for _ in range(4000)]


class TestSimulator:
    def test_only_outcomes_are_simulated(self, pasts):
        past, _, made = pasts
        same = ("season_ids", "types", "up", "down", "year", "years", "planned_weight", "through")
        assert all(getattr(made[0], name) is getattr(past, name) for name in same)
        assert all(each.kept[1] == past.kept[1] and each.refused[:, 1].tolist() == past.refused[:, 1].tolist()
                   and each.meeting_day.sum() == past.meeting_day.sum() for each in made[:50])

    def test_seasons_are_met_as_often_as_the_likelihood_says(self, pasts):
        past, truth, made = pasts
        certain = replace(past, met=np.ones(len(past.met), dtype=bool))
        chance = np.exp([hazard.log_likelihood(truth, certain, [i])[0] for i in range(len(past.met))])
        seen = np.mean([each.met for each in made], axis=0)
        assert np.abs(seen - chance).max() < 4.5 * np.sqrt(0.25 / len(made))

    def test_a_place_is_chosen_where_there_was_a_choice_and_nowhere_else(self, pasts):
        past, _, made = pasts
        for each in made[:200]:
            choice = each.met & (past.types.sum(1) > 1)
            assert (each.where.sum(1) == choice).all() and (past.types[each.where > 0] > 0).all()

    def test_leads_counts_and_days_follow_their_distributions(self, pasts):
        past, truth, made = pasts
        logs = np.log([each.refusal_lead for each in made])
        assert logs.mean() == pytest.approx(np.log(truth["refusal_lead"][0]), abs=0.1)
        assert logs.std() == pytest.approx(np.log(truth["refusal_lead_spread"][0]), rel=0.05)
        assert np.mean([each.surprises for each in made]) == pytest.approx(truth["surprise_rate"][0] * past.years, rel=0.05)
        days = np.sum([each.meeting_day for each in made], axis=0)
        np.testing.assert_allclose(days / days.sum(), truth["meeting_day"][0], atol=0.01)
        for name, chance in {"kept": "kept", "planned_met": "planned_share"}.items():
            hits, trials = np.sum([getattr(each, name) for each in made], axis=0)
            assert hits / trials == pytest.approx(truth[chance][0], abs=0.02), name


def ranks(number, seed=0, top=100, **columns):
    rng = np.random.default_rng(seed)
    return [sbc.Simulation(n, {"kept": int(rng.integers(top)), **{name: make(rng) for name, make in columns.items()}})
            for n in range(number)]


class TestVerdict:
    def test_even_ranks_are_inside_and_uneven_ones_are_not(self):
        shapes = {"shifted": lambda rng: int(rng.integers(20, 100)), "narrow": lambda rng: int(rng.integers(25, 75)),
                  "ends": lambda rng: int(rng.choice([0, 1, 98, 99, rng.integers(100)])), "even": lambda rng: int(rng.integers(100))}
        found = {each.name: each.inside for each in sbc.verdicts(ranks(300, **shapes))}
        assert found == {"kept": True, "shifted": False, "narrow": False, "ends": False, "even": True}

    def test_sound_samplers_are_rarely_accused(self):
        accused = sum(not all(each.inside for each in sbc.verdicts(ranks(300, seed=seed))) for seed in range(400))
        assert accused <= 12  # expected 4 of 400

    def test_the_bound_is_shared_among_all_quantities_and_both_tests(self):
        found = sbc.verdicts(ranks(100, a=lambda rng: 1, b=lambda rng: 2, c=lambda rng: 3))
        assert {each.bound for each in found} == {0.01 / 4 / 2}

    def test_what_could_not_be_fitted_is_counted_and_no_quantity_is_judged_by_it(self):
        rows = [*ranks(100), sbc.Simulation(100, {}, failure="RuntimeError: no start")]
        assert sbc.summary(rows).endswith("1 could not be fitted; 0 had divergent transitions.")
        assert sbc.verdicts(rows) == sbc.verdicts(rows[:-1])

    def test_nothing_but_failures_is_no_proof(self):
        assert sbc.verdicts([sbc.Simulation(0, {}, failure="x")]) == []

    def test_an_error_of_the_sampler_becomes_a_failure_with_its_words(self, default_run, monkeypatch):
        def broken(*_, **__):
            raise RuntimeError("All initialization points failed\nmore")

        monkeypatch.setattr(summit, "resample", broken)
        made = sbc.one(0, PARAMS, default_run.record, default_run.outlook, None)
        assert made.failure == "RuntimeError: All initialization points failed" and not made.ranks


def test_a_study_is_written_and_read_back_failures_included(tmp_path):
    rows = [replace(each, rhat_max=1.01, ess_min=200.0, divergences=each.simulation % 2) for each in ranks(5)]
    rows += [sbc.Simulation(5, {}, failure="RuntimeError: no start")]
    sbc.save(rows[::-1], tmp_path / "sbc.csv")
    back = sbc.load(tmp_path / "sbc.csv")
    assert back[:5] == rows[:5] and back[5].failure == "RuntimeError: no start" and back[5].ranks == {}
    assert sbc.load(tmp_path / "none.csv") == []


@pytest.mark.study
def test_three_hundred_simulations_find_every_quantity_calibrated(default_run):
    rows = list(sbc.run(PARAMS, default_run.record, default_run.outlook, range(320)))
    sbc.save(rows)
    failed = [each.failure for each in rows if each.failure]
    assert len(failed) <= 3, failed
    assert [each.name for each in sbc.verdicts(rows) if not each.inside] == []
