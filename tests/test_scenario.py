"""Scenarios: their changes value by value, with forecast and priors before and after the record."""

import re
from dataclasses import replace

import numpy as np
import pytest
from made_up import AS_OF, DAY, thinned

from model import screen
from model.answer import forecast, prior, scenario, sweep
from model.fit import fits
from model.paths import SCENARIOS
from model.report import page, sweep_page, tables
from model.settings.changes import applied, changes
from model.settings.params import load_params, without_scenario

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
OPTIONS = {"as_of": "2025-08-15", "deadline": "2025-11-15", "random_seed": 3}


@pytest.mark.parametrize("name", NAMES)
def test_the_changes_of_a_scenario_lead_from_the_default_to_it(name):
    params = load_params(scenario=name, **OPTIONS)
    default = without_scenario(params)
    found, made = changes(default, params), default
    for change in found:
        made = applied(made, change)
    assert found and changes(made, params) == [] and changes(params, params) == []
    assert default == load_params(**OPTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_the_priors_of_a_scenario_can_be_sampled(name):
    load_params(scenario=name).check_priors()


def test_a_change_is_named_as_in_its_file_with_the_value_before_and_after():
    said = {
        name: [str(each) for each in changes(load_params(), load_params(scenario=name))] for name in NAMES
    }
    assert said["sceptic"] == ["tone_factor: 1 + Exponential(scale=2) -> 1 + Exponential(scale=0.0001)"]
    assert said["long-memory"] == ["structure.tone_half_life: 90 -> 360"]
    assert said["no-record"] == ["record: all -> none"]
    assert said["word-is-bond"][0].startswith("came_if_will: Beta(5%: 0.8, 95%: 0.99) -> Beta(alpha=1e+06")


def test_new_words_about_a_prior_change_nothing():
    params = load_params()
    one = params.priors.parameters["held"].model_copy(update={"why": "Another reason.", "means": "x"})
    parameters = params.priors.parameters | {"held": one}
    other = replace(params, priors=params.priors.model_copy(update={"parameters": parameters}))
    assert changes(params, other) == []


@pytest.fixture(scope="module")
def few(default_run):
    """The fit of the default run, with fewer draws."""
    return replace(default_run.fit, draws=thinned(default_run.draws, 4))


@pytest.fixture(scope="module")
def run(default_run, few):
    """The run of a scenario, with the fit of the default run."""
    return forecast.forecast(load_params(scenario="sceptic"), default_run.whole, lambda *_: few)


@pytest.fixture(scope="module")
def effect(run, few):
    """What the scenario of the run does; where tone has no effect, draws say so."""

    def fitted(params, past):
        none = {"tone_factor": 0 * few.draws["tone_factor"] + 1} if params.scenario else {}
        return replace(few, draws=few.draws | none)

    return scenario.effect(run.params, run.whole, fitted)


def test_both_forecasts_and_the_changed_prior_are_given_before_and_after_the_record(effect, run, default_run):
    assert effect.difference == effect.scenario.probability - effect.default.probability != 0
    assert effect.default.probability == pytest.approx(run.forecast.probability)
    alone = prior.prior_only(replace(default_run, fit=run.fit)).lines[0].prior.mean
    assert effect.default.prior == pytest.approx(alone)
    (ours,), (default,) = effect.scenario.beliefs, effect.default.beliefs
    assert ours.name == default.name == "tone_factor" and ours.posterior.mean == 1
    assert default.prior.mean == pytest.approx(3) and ours.prior.mean == pytest.approx(1.0001)
    assert default.posterior.mean == pytest.approx(run.draws["tone_factor"].mean())


def test_without_a_scenario_and_after_the_answer_there_is_no_effect(default_run):
    assert scenario.effect(default_run.params, default_run.whole, fits.fit) is None
    late = load_params(scenario="sceptic", as_of="2025-11-23")
    assert scenario.effect(late, default_run.whole, fits.fit) is None


def test_the_screen_and_every_page_say_what_it_does(effect, run, monkeypatch):
    monkeypatch.setattr(page, "effect", lambda *_: effect)
    lines = screen.answer(run, 0.1, effect=effect).splitlines()
    begin = next(i for i, line in enumerate(lines) if "scenario sceptic: Tone has no effect" in line)
    assert "without it" in lines[begin + 1] and "points" in lines[begin + 1]
    before, after = (screen.percent(value) for value in (effect.default.prior, effect.default.probability))
    assert lines[begin + 3].endswith(f"{before} -> {after}") and "effect of tone" in lines[begin + 4]
    error = 100 * np.hypot(*(run.forecast.diagnostics["monte_carlo_error"],) * 2)
    found = re.search(r"without it \(standard error ([\d.]+), from the number of draws\)", "\n".join(lines))
    assert float(found[1]) == pytest.approx(error, rel=0.3), "both answers rest on the same number of draws"
    assert "scenario" not in screen.answer(run, 0.1)
    markup = page.scenario_of(run).markup
    assert "Scenario sceptic: Tone has no effect" in markup and "scale=0.0001" in markup
    assert f"<td>{after.replace(' ', '')}</td>" in markup.replace(' class="short"', "")
    framed = page.frame(page.OVERVIEW, (), "", page.show.say("x"), scenario=page.scenario_of(run))
    assert markup in framed


def test_the_page_of_a_sweep_shows_each_scenario_before_and_after_the_record(effect):
    row = sweep.Row(str(AS_OF), "", "2025-12-31", 1, 0.8, 0.7, 0.9, 0.7, "x", 0.3, {"x": 0.3}, "abc")
    rows = [row, replace(row, scenario="sceptic")]
    markup = sweep_page.scenario_changes(rows, [effect]).markup
    assert "plain: as the params files say" in markup and "It changes tone_factor: 1 + Exp" in markup
    made = tables.scenario_effects([effect])
    assert [line[:2] for line in made.rows] == [
        ("sceptic", "the forecast"),
        ("sceptic", "effect of tone, factor on the odds"),
    ]
    assert all(cell in markup for line in made.rows for cell in line)
    assert sweep_page.scenario_changes([row, replace(row, as_of=str(AS_OF - DAY))], []) is None
