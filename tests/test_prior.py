"""The forecast from priors alone, compared with the posterior, and conflicts between the two."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_up import PARAMS, PRIORS

from model import chances, cli
from model.answer import explain, forecast, prior
from model.evidence.words import LEVELS
from model.fit import predictive
from model.report import tables, words
from model.settings.params import load_params


@pytest.fixture(scope="module")
def made(default_run):
    return prior.prior_only(default_run)


def one(made, start):
    return next(line for line in made.lines if line.what.startswith(start))


def test_every_prior_of_the_file_has_one_belief_per_scalar_and_none_is_made_up(made):
    names = [belief.name for belief in made.beliefs]
    by_level = {f"{name}[{level}]" for name in ("said", "misled") for level in LEVELS}
    assert (
        len(names) == len(set(names)) and set(names) == set(PRIORS.parameters) - {"said", "misled"} | by_level
    )


def test_the_headline_of_the_priors_is_the_mean_over_draws_that_saw_no_record(made, default_run):
    p = predictive.prior_draws(PARAMS, prior.DRAWS, PARAMS.run.random_seed)
    wanted = chances.by_deadline(p, default_run.outlook).mean()
    assert one(made, "probability").prior.mean == pytest.approx(wanted, abs=1e-12)


@pytest.mark.study
def test_it_agrees_with_the_sampler_that_is_given_no_record(made):
    run = forecast.run(load_params(scenario="no-record"))
    p = chances.by_deadline(run.draws, run.outlook)
    error = np.hypot(p.std() / np.sqrt(1000), p.std() / np.sqrt(prior.DRAWS))
    assert abs(one(made, "probability").prior.mean - p.mean()) < 4 * error


def test_beside_it_stand_the_forecast_and_its_interval(made, default_run):
    line, f = one(made, "probability"), default_run.forecast
    assert line.posterior.mean == pytest.approx(f.probability)
    assert (line.posterior.lower, line.posterior.upper) == pytest.approx(
        (f.interval["lower"], f.interval["upper"])
    )
    assert line.record == f"{f.matched_record['hits']} of {f.matched_record['years']} years"


def test_good_news_helps_and_a_refusal_hurts_before_and_after_the_record(made):
    lines = {line.what: line for line in made.lines if line.kind == "effect"}
    assert set(lines) == {
        *prior.TRIED,
        "meeting announced at APEC Gyeongju",
        *(
            f"{leader} {verb} APEC Gyeongju"
            for leader in ("Trump", "Xi")
            for verb in ("says he comes to", "stays away from")
        ),
    }
    for what, line in lines.items():
        sign = -1 if "stays away" in what else 1
        assert sign * line.prior.mean > 0 and sign * line.posterior.mean > 0, what


def test_the_effect_of_a_signal_is_that_of_the_forecast(made, default_run):
    after = {row["what"]: row["change"] for row in default_run.forecast.next_signals}
    for line in made.lines:
        if line.kind == "effect":
            assert line.posterior.mean == pytest.approx(after[line.what], abs=1e-12)


def test_meetings_a_year_cover_the_record_before_and_after_it(made):
    line = one(made, "meetings a year")
    seen = float(line.record.split(",")[0])
    assert line.prior.lower < seen < line.prior.upper and line.posterior.lower < seen < line.posterior.upper
    assert line.posterior.upper - line.posterior.lower < line.prior.upper - line.prior.lower


def test_a_parameter_that_no_likelihood_touches_is_called_belief_and_one_that_the_record_pins_down_is_not(
    made,
):
    unmoved = {belief.name for belief in made.beliefs if belief.unmoved}
    assert "word_factor" in unmoved and not {"comes_summit", "visit_rate", "held", "said[2]"} & unmoved


WEIGHED_BY = {
    "coming": ("came_if_will", "came_if_not", "said", "misled"),
    "visit window": ("breaks",),
    "visit put off": ("again",),
    "meeting": ("word_factor",),
    "signal": ("tone_factor",),
    "tone": ("tone_factor",),
}
"""The parameters that weigh each part of a contribution."""


def test_contributions_call_belief_what_the_rule_calls_belief(made):
    for what, parameters in WEIGHED_BY.items():
        rests_on = [belief for belief in made.beliefs if belief.name.partition("[")[0] in parameters]
        assert (what in explain.FROM_RECORD) != all(belief.unmoved for belief in rests_on), what


def test_draws_of_the_prior_itself_are_all_belief_and_never_conflict():
    found = prior.beliefs(PARAMS, predictive.prior_draws(PARAMS, 20_000, 1))
    assert all(belief.unmoved and not belief.conflict for belief in found)
    assert all(belief.ratio == pytest.approx(1, abs=0.05) for belief in found)


@pytest.mark.parametrize("width, unmoved", [(0.85, False), (0.95, True)])
def test_a_parameter_is_belief_where_its_span_is_left_nearly_whole(width, unmoved):
    draws = predictive.prior_draws(PARAMS, 20_000, 1)
    middle = np.median(draws["word_factor"])
    draws["word_factor"] = middle + width * (draws["word_factor"] - middle)
    assert next(b for b in prior.beliefs(PARAMS, draws) if b.name == "word_factor").unmoved == unmoved


def test_a_prior_that_the_record_contradicts_is_named_with_both_numbers(default_run, tmp_path):
    text = PARAMS.files[1].read_text()
    assert text.count("quantiles: {5%: 0.80, 95%: 0.995}") == 1
    path = tmp_path / "priors.yaml"
    path.write_text(text.replace("quantiles: {5%: 0.80, 95%: 0.995}", "args: {alpha: 10, beta: 400}"))
    params = load_params(priors=path)
    belief = next(b for b in prior.beliefs(params, default_run.draws) if b.name == "held")
    assert belief.conflict
    shown = tables.prior_screen(prior.PriorOnly("q", "a", "d", (), (belief,)))
    assert "warning: prior and record conflict on held" in shown and f"{belief.posterior.mean:.3g}" in shown
    assert "{:.3g} to {:.3g}".format(*belief.plausible) in shown and "No prior conflicts" not in shown


def test_the_command_prints_every_line_and_as_json_the_same_numbers(made, capsys, monkeypatch):
    monkeypatch.setattr(prior, "prior_only", lambda run: made)
    assert cli.main(["forecast", "--prior-only"]) == 0
    shown = capsys.readouterr().out
    assert all(line.what in shown and tables.estimate(line.prior, line.kind) in shown for line in made.lines)
    assert "rest on belief" in shown and all(b.label in shown for b in made.beliefs if b.unmoved)
    assert cli.main(["forecast", "--prior-only", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lines"][0]["prior"]["mean"] == one(made, "probability").prior.mean
    assert [b["name"] for b in told["beliefs"] if b["unmoved"]] == [b.name for b in made.beliefs if b.unmoved]


def test_it_follows_the_params_it_is_given():
    sure, usual = (
        predictive.prior_draws(each, 1000, 1) for each in (load_params(scenario="word-is-bond"), PARAMS)
    )
    assert sure["came_if_will"].min() > 0.9999 > usual["came_if_will"].mean()
    assert sure["breaks"].max() < 1e-6 < usual["breaks"].mean()


def test_without_a_season_ahead_there_is_no_announcement_to_try(default_run):
    bare = replace(
        default_run,
        outlook=replace(default_run.outlook, seasons=()),
        forecast=replace(default_run.forecast, occasions=[]),
    )
    assert not any("announcement" in line.what for line in prior.prior_only(bare, 200).lines)


def test_words_say_what_is_belief_and_where_it_conflicts(default_run):
    text = words.tuning.unmoved(prior.beliefs(PARAMS, default_run.draws))
    assert (
        "rest on belief, because the record hardly narrows the prior" in text
        and "“effect of planning and doubt”" in text
    )
    assert text.endswith("No prior conflicts with the record.")
    far = {
        belief.name: replace(
            belief, plausible=(1e6, 2e6), posterior=replace(belief.prior, high=belief.prior.low)
        )
        for belief in prior.beliefs(PARAMS, default_run.draws)
    }
    text = words.tuning.unmoved([far["held"], far["said[-2]"]])
    assert text.startswith(
        "The record narrows every prior. Prior and record conflict on “an occasion held in person” and "
        "“true words on coming (reported not to come)”:"
    )
