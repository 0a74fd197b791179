"""Simulation-based calibration: a correct sampler gives uniform ranks, a broken one is found, failures count.

Tests that fit are marked `study`: 320 simulations, and a few that show that an error would be found.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from made_up import PARAMS, PRIORS

from model.evidence.words import LEVELS
from model.fit import likelihood, sampling
from model.report import audit_words
from model.track_record import sbc

FEW = dict(draws=100, tune=300, kept=19)
NUMBER = 12


def gone_wrong(p, past, rng):
    """A unit error: the simulator gives notices in weeks, and the model reads them as days."""
    made = sbc.simulated(p, past, rng)
    return replace(made, notices=made.notices / 7)


@pytest.fixture(scope="module")
def simulate(default_run):
    """The simulation of a number with few draws; the model is compiled once."""
    ready = sampling.compiled(PARAMS, default_run.record)
    return partial(
        sbc.one, params=PARAMS, past=default_run.record, ahead=default_run.outlook, ready=ready, **FEW
    )


@pytest.mark.study
def test_every_simulation_is_fitted_and_true_values_do_not_pile_up_at_either_end(simulate):
    sound = [simulate(number) for number in range(NUMBER)]
    assert [each.failure for each in sound] == [""] * NUMBER and simulate(3) == sound[3] != sound[2]
    names = set(sound[0].ranks)
    assert names >= {name for name, prior in PRIORS.parameters.items() if not prior.dim}
    assert names >= {f"{name}[{level}]" for name in ("said", "misled") for level in LEVELS}
    assert names >= {sbc.HEADLINE, "meeting_day[0]", "comes_effect[US apec]", "comes_effect[CN g20]"}
    assert not names & {"norm", "comes_effect[US unga]", "comes_effect[CN unga]"}, (
        "no habits of guests, hosts"
    )
    assert all(set(each.ranks) == names for each in sound)
    ranks = np.array([list(each.ranks.values()) for each in sound])
    assert ranks.min() >= 0 and ranks.max() <= 19 and ranks.mean() / 19 == pytest.approx(0.5, abs=0.08)
    assert all(each.inside for each in sbc.verdicts(sound, kept=19, bins=4))


@pytest.mark.study
def test_a_broken_model_is_caught_and_the_culprit_named(simulate):
    broken = [simulate(number, simulate=gone_wrong) for number in range(6)]
    outside = [each.name for each in sbc.verdicts(broken, kept=19, bins=4) if not each.inside]
    assert outside == ["visit_notice"]
    assert "outside: visit_notice" in audit_words.calibration(broken, kept=19)


@pytest.fixture(scope="module")
def pasts(default_run):
    past, truth = default_run.record, sbc.truth(PARAMS, default_run.record, 7)
    rng = np.random.default_rng(1)
    return past, truth, [sbc.simulated(truth, past, rng) for _ in range(2000)]


class TestSimulator:
    def test_only_outcomes_are_simulated(self, pasts):
        past, _, made = pasts
        calendar = ("through", "classes", "sides", "types", "tone", "exposure", "years")
        same = (*calendar, "at_summit", "at_other", "season_tone")
        assert all(getattr(made[0], name) is getattr(past, name) for name in same)
        trials = [getattr(past, name)[1] for name in ("held", "will", "will_not", "again")]
        for each in made[:50]:
            assert [getattr(each, name)[1] for name in ("held", "will", "will_not", "again")] == trials
            assert each.said[:, 1::2].tolist() == past.said[:, 1::2].tolist()
            assert len(each.notices) == len(past.notices)
            assert each.meeting_days.sum() == past.meeting_days.sum()

    @pytest.mark.parametrize("outcome", ["came", "met"])
    def test_leaders_come_and_meet_as_often_as_the_likelihood_says(self, pasts, outcome):
        past, truth, made = pasts
        chance = getattr(likelihood, outcome)(truth, past, truth["norm"])[0]
        seen = np.mean([getattr(each, outcome) for each in made], axis=0)
        assert np.abs(seen - chance).max() < 4.5 * np.sqrt(0.25 / len(made))

    def test_counts_words_days_and_notices_follow_their_distributions(self, pasts):
        past, truth, made = pasts
        chances = {"held": "held", "will": "came_if_will", "will_not": "came_if_not", "again": "again"}
        for name, chance in chances.items():
            hits, trials = np.sum([getattr(each, name) for each in made], axis=0)
            assert hits / trials == pytest.approx(truth[chance][0], abs=4.5 * np.sqrt(0.25 / trials)), name
        words = np.sum([each.said for each in made], axis=0)
        said, misled, up = truth["said"][0], truth["misled"][0], np.array(LEVELS) > 0
        np.testing.assert_allclose(words[:, 0] / words[:, 1], said * np.where(up, 1, misled), atol=0.01)
        np.testing.assert_allclose(words[:, 2] / words[:, 3], said * np.where(up, misled, 1), atol=0.01)
        days = np.sum([each.meeting_days for each in made], axis=0)
        np.testing.assert_allclose(days / days.sum(), truth["meeting_day"][0], atol=0.01)
        visits, breaks = truth["visit_rate"][0] * past.years, truth["breaks"][0] * past.exposure
        for name, expected in {"visits": visits, "broken": breaks}.items():
            mean = np.mean([getattr(each, name) for each in made])
            assert mean == pytest.approx(expected, abs=4.5 * np.sqrt(expected / len(made))), name
        notices = np.concatenate([each.notices for each in made])
        assert notices.mean() == pytest.approx(truth["visit_notice"][0], rel=4.5 / np.sqrt(len(notices)))


def ranks(number, seed=0, top=100, **columns):
    rng = np.random.default_rng(seed)
    return [
        sbc.Simulation(
            n, {"kept": int(rng.integers(top)), **{name: make(rng) for name, make in columns.items()}}
        )
        for n in range(number)
    ]


class TestVerdict:
    def test_even_ranks_are_inside_and_uneven_ones_are_not(self):
        shapes = {
            "shifted": lambda rng: int(rng.integers(20, 100)),
            "narrow": lambda rng: int(rng.integers(25, 75)),
            "ends": lambda rng: int(rng.choice([0, 1, 98, 99, rng.integers(100)])),
            "even": lambda rng: int(rng.integers(100)),
        }
        found = {each.name: each.inside for each in sbc.verdicts(ranks(300, **shapes))}
        assert found == {"kept": True, "shifted": False, "narrow": False, "ends": False, "even": True}

    def test_sound_samplers_are_rarely_accused(self):
        accused = sum(
            not all(each.inside for each in sbc.verdicts(ranks(300, seed=seed))) for seed in range(200)
        )
        assert accused <= 7  # expected 2 of 200

    def test_the_bound_is_shared_among_all_quantities_and_both_tests(self):
        found = sbc.verdicts(ranks(100, a=lambda rng: 1, b=lambda rng: 2, c=lambda rng: 3))
        assert {each.bound for each in found} == {0.01 / 4 / 2}

    def test_what_could_not_be_fitted_is_counted_and_no_quantity_is_judged_by_it(self):
        rows = [*ranks(100), sbc.Simulation(100, {}, failure="RuntimeError: no start")]
        assert audit_words.calibration(rows).endswith("1 could not be fitted; 0 had divergent transitions.")
        assert sbc.verdicts(rows) == sbc.verdicts(rows[:-1])

    def test_nothing_but_failures_is_no_proof(self):
        assert sbc.verdicts([sbc.Simulation(0, {}, failure="x")]) == []

    def test_an_error_of_the_sampler_becomes_a_failure_with_its_words(self, default_run, monkeypatch):
        def broken(*_, **__):
            raise RuntimeError("All initialization points failed\nmore")

        monkeypatch.setattr(sampling, "resample", broken)
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
