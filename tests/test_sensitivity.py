"""Prior sensitivity: the headline under other priors, by reweighting in seconds without a new fit."""

import re
from dataclasses import replace

import numpy as np
import pytest
from made_up import PARAMS, PRIORS
from scipy import stats
from test_figures import title

from model import chances, summit
from model.answer import forecast, sensitivity
from model.answer.sensitivity import Bar, End, Sensitivity
from model.answer.sweep import load_sweep
from model.fit import fits
from model.paths import SCENARIOS
from model.report import audit_words, show, tables, tuning_figures, words
from model.settings.distributions import FAMILIES
from model.settings.priors import Parameter, Prior
from model.settings.scenario import meanings
from model.track_record import sbc, study


@pytest.fixture(scope="module")
def made(default_run):
    return sensitivity.sensitivity(default_run)


def prior(dist, above=0.0, **args):
    return Prior(dist=dist, above=above, args=args)


EVERY = {
    "Beta": prior("Beta", alpha=2, beta=3),
    "flat": prior("Beta", alpha=1, beta=1),
    "rare": prior("Beta", alpha=1, beta=30),
    "Normal": prior("Normal", mu=-1, sigma=2),
    "LogNormal": prior("LogNormal", above=1, mu=0.5, sigma=0.7),
    "HalfNormal": prior("HalfNormal", sigma=2),
    "Gamma": prior("Gamma", above=2, alpha=3, beta=4),
    "Exponential": prior("Exponential", above=1, scale=1.5),
    "Uniform": prior("Uniform", lower=-1, upper=4),
}


@pytest.mark.parametrize("level", sensitivity.LEVELS)
@pytest.mark.parametrize("old", EVERY.values(), ids=EVERY)
def test_a_moved_prior_has_its_median_where_the_edge_of_the_old_one_was(old, level):
    new = sensitivity.moved(old, level).frozen()
    assert new.median() == pytest.approx(old.frozen().ppf(level), rel=1e-6, abs=1e-9)


def test_every_distribution_that_priors_may_use_can_be_moved():
    assert {old.dist for old in EVERY.values()} == set(FAMILIES)


def test_reweighting_finds_the_mean_under_the_moved_prior():
    """Without a record the answer is known: the mean of the parameter under the new prior."""
    old, rng = prior("Normal", mu=0, sigma=1), np.random.default_rng(1)
    draws = rng.normal(size=200_000)
    found = sensitivity.end(old, 0.75, draws, draws)
    assert found.safe and found.value == pytest.approx(stats.norm.ppf(0.75))
    assert found.probability == pytest.approx(found.value, abs=5 * found.error) and found.error < 0.01


def test_weights_that_a_few_draws_carry_are_not_trusted():
    old, rng = prior("LogNormal", mu=0, sigma=0.3), np.random.default_rng(1)
    pinned = np.exp(0.3 + 0.5 * rng.standard_t(4, size=4000))
    assert not sensitivity.end(old, 0.95, pinned, np.log(pinned)).safe


def test_every_prior_of_the_file_has_its_bar(made):
    assert sorted(bar.name for bar in made.bars) == sorted(PRIORS.parameters)


def test_bars_are_ordered_by_what_is_known_of_them(made, default_run):
    widths = [bar.reach(made.probability) for bar in made.bars]
    assert widths == sorted(widths, reverse=True) and made.probability == pytest.approx(
        default_run.forecast.probability
    )


def test_it_neither_fits_nor_samples(default_run, monkeypatch):
    for module, names in ((fits, ("fit", "sampled")), (summit, ("build",))):
        for name in names:
            monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("a fit"))
    assert sensitivity.sensitivity(default_run).bars


def test_power_scaling_says_nothing_of_what_is_flat_and_something_of_what_leads():
    rng = np.random.default_rng(2)
    x = rng.normal(size=4000)
    found = sensitivity.power(x, {"flat": np.zeros(4000), "pulls": -np.square(x - 3)}, np.zeros(4000))
    assert found.each["flat"] == found.likelihood == 0 and found.each["pulls"] > 0.5


def with_prior(name, new):
    """The params with another prior of a parameter, and a wide gate: a chain may be unlucky."""
    old = PRIORS.parameters[name]
    changed = Parameter(**(old.model_dump() | new.model_dump()))
    priors = PRIORS.model_copy(update={"parameters": PRIORS.parameters | {name: changed}})
    gate = PARAMS.run.gate.model_copy(update={"rhat_max": 1.05})
    return replace(PARAMS, priors=priors, run=PARAMS.run.model_copy(update={"gate": gate}))


@pytest.mark.study
@pytest.mark.parametrize("name", ["comes_summit", "said"])
def test_reweighting_agrees_with_a_refit(default_run, made, name):
    bar = next(bar for bar in made.bars if bar.name == name)
    for end in bar.safe:
        params = with_prior(name, sensitivity.moved(PRIORS.parameters[name], end.level))
        refit = forecast.headline(params, default_run.whole, PARAMS.question.as_of, fits.fit)
        error = chances.by_deadline(default_run.draws, default_run.outlook).std() / np.sqrt(
            PARAMS.run.gate.ess_min
        )
        assert abs(refit - end.probability) < 3 * np.hypot(end.error, error)


def end(level, value, probability, k=0.3):
    return End(level, value, probability, 0.001, k)


EXAMPLE = Sensitivity(
    0.9,
    (
        Bar("tone_factor", "tone factor", "factor", end(0.05, 1.1, 0.8), end(0.95, 7.0, 0.95), 0.2),
        Bar(
            "came_if_not", "came if not", "probability", end(0.05, 0.7, 0.89), end(0.95, 1.4, 0.7, k=0.8), 0.1
        ),
        Bar(
            "visit_notice",
            "visit notice",
            "days",
            end(0.05, 0.1, 0.9, k=0.9),
            end(0.95, 0.8, 0.9, k=np.inf),
            0.0,
        ),
    ),
    0.2,
    0.01,
)


class TestWords:
    def test_the_belief_that_matters_most_is_named_with_its_numbers(self):
        text = words.tuning.matters(EXAMPLE)
        assert text.startswith(
            "The prior that matters most is “tone factor” (−10.0 points at 1.1 and +5.0 points at 7)"
        )

    @pytest.mark.parametrize("error, says", [(0.001, False), (0.06, True)])
    def test_an_order_within_the_error_of_the_reweighting_is_not_called_settled(self, error, says):
        bars = tuple(replace(bar, low=replace(bar.low, error=error)) for bar in EXAMPLE.bars)
        text = words.tuning.matters(replace(EXAMPLE, bars=bars))
        assert ("The order is uncertain: “came if not” is within" in text) == says

    def test_what_only_a_refit_could_say_is_said_to_be_unknown(self):
        text = words.tuning.matters(EXAMPLE)
        assert "For 2 priors" in text and text.endswith(
            "only a refit could tell: “came if not” and “visit notice”."
        )
        assert "−20" not in text

    @pytest.mark.parametrize(
        "beliefs, record, says",
        [
            (0.2, 0.01, "on the priors more than"),
            (0.01, 0.2, "on the record and hardly"),
            (0.2, 0.2, "on both"),
            (0.01, 0.01, "little on either"),
        ],
    )
    def test_power_scaling_is_put_into_words(self, beliefs, record, says):
        assert says in words.tuning.scaling(replace(EXAMPLE, prior=beliefs, likelihood=record))

    def test_the_table_shows_every_k_and_no_number_that_is_not_to_be_trusted(self):
        rows = {row[0]: row for row in tables.sensitivity_rows(EXAMPLE).rows}
        assert rows["tone factor"][3:7] == ("−10.0", "+5.0", "0.1", "0.30 / 0.30")
        assert rows["came if not"][3:5] == ("−1.0", "refit needed")
        assert rows["visit notice"][3:7] == ("refit needed", "refit needed", "–", "0.90 / –")

    def test_an_example_without_a_safe_bar_says_so(self):
        assert "without a refit" in words.tuning.matters(replace(EXAMPLE, bars=EXAMPLE.bars[2:]))


class TestFigures:
    def test_the_title_is_the_claim(self):
        assert title(tuning_figures.tornado(EXAMPLE)) == (
            "Tone factor matters most: moved to its edges, the forecast changes by 15.0 points"
        )

    def test_an_end_that_needs_a_refit_has_no_bar(self):
        figure = tuning_figures.tornado(EXAMPLE)
        assert len(figure.axes[0].patches) == 3
        assert sum(text.get_text() == "refit needed" for text in figure.axes[0].texts) == 3

    def test_a_study_that_was_not_made_proves_nothing(self):
        assert title(tuning_figures.ranks([])) == "Nothing is proved yet: 0 simulations"
        assert audit_words.calibration([]).startswith("Nothing is proved yet")

    @pytest.mark.parametrize("shift", [0, 80])
    def test_the_figure_of_ranks_says_whether_all_are_calibrated(self, shift):
        rng = np.random.default_rng(4)
        rows = [
            sbc.Simulation(n, {"kept": int(rng.integers(100)), sbc.HEADLINE: int(rng.integers(shift, 100))})
            for n in range(300)
        ]
        assert title(tuning_figures.ranks(rows)) == (
            "1 of 2 quantities are not calibrated in 300 simulations"
            if shift
            else "All 2 quantities are calibrated in 300 simulations"
        )


class TestScenarios:
    HEAD = (
        "as_of,scenario,deadline,random_seed,probability,lower,upper,no_signals,"
        "largest_cause,largest_share,shares\n"
    )

    def table(self, tmp_path, f, probability=None, as_of=None):
        path = tmp_path / "scenarios.csv"
        rows = [("", probability or f.probability), ("sceptic", 0.5)]
        day = as_of or f.as_of
        lines = (f"{day},{name},{f.deadline},1,{p:.4f},0.4000,0.9500,0.3000,x,0.1,\n" for name, p in rows)
        path.write_text(self.HEAD + "".join(lines))
        return path

    def shown(self, run, path):
        return tables.scenario_rows(run.forecast, study.load(path), meanings())

    def test_a_table_made_from_the_same_inputs_is_shown_with_what_each_scenario_means(
        self, default_run, tmp_path
    ):
        shown = self.shown(default_run, self.table(tmp_path, default_run.forecast))
        assert [row[0] for row in shown.rows] == ["as the params files say", "sceptic"]
        assert shown.rows[1][1:4] == (0.5, "40% to 95%", 0.3) and shown.rows[1][4].startswith(
            "Tone has no effect"
        )
        assert re.search(r"2 scenarios put the forecast between 50% and \d\d%", shown.caption)
        assert "sceptic" in show.table(shown).markup

    @pytest.mark.parametrize("other", [dict(probability=0.1234), dict(as_of="2025-07-12")])
    def test_a_table_of_other_inputs_is_not(self, default_run, tmp_path, other):
        shown = self.shown(default_run, self.table(tmp_path, default_run.forecast, **other))
        assert shown.rows == [] and "summit sweep params/sweeps/scenarios.yaml" in shown.caption

    def test_where_there_is_none_the_page_says_how_to_make_it(self, default_run, tmp_path):
        shown = self.shown(default_run, tmp_path / "none.csv")
        assert shown.rows == [] and show.table(shown).markup

    def test_the_sweep_file_names_every_scenario_once(self):
        named = load_sweep(SCENARIOS.parent / "sweeps" / "scenarios.yaml").scenarios
        assert sorted(named) == sorted(["", *(path.stem for path in SCENARIOS.glob("*.yaml"))])
