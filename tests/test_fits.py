"""Fits: stored by a hash of their inputs, published only if they pass the gate, and reweighted."""

import inspect
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pytest
from made_up import PARAMS, prior_draws

from model import summit
from model.answer import forecast
from model.evidence.record import no_record, record
from model.files.problems import InputError
from model.fit import fits, reweight, sampling, store
from model.paths import RENDERED, ROOT
from model.settings.params import load_params


def changed(tmp_path, old, new, file="priors"):
    """Params with one piece of text of a file replaced."""
    text = (ROOT / "params" / f"{file}.yaml").read_text()
    assert text.count(old) == 1
    path = tmp_path / f"{file}.yaml"
    path.write_text(text.replace(old, new))
    return load_params(**{file: path})


class TestKey:
    @pytest.fixture
    def key(self, default_run):
        return lambda params=PARAMS, past=default_run.record: fits.fit_key(params, past)

    @pytest.mark.parametrize(
        "file, old, new",
        [
            ("priors", "args: {alpha: 1, beta: 4}", "args: {alpha: 1, beta: 4.001}"),
            ("priors", "quantiles: {5%: 0.80, 95%: 0.99}", "quantiles: {5%: 0.80, 95%: 0.991}"),
            ("priors", "above: 1\n    args: {scale: 2.0}", "above: 1.01\n    args: {scale: 2.0}"),
            (
                "priors",
                "dist: Exponential\n    args: {scale: 0.7}",
                "dist: HalfNormal\n    args: {sigma: 0.7}",
            ),
            ("run", "random_seed: 20250711", "random_seed: 20250712"),
            ("run", "draws: 1000 ", "draws: 1001 "),
            ("run", "tune: 1000", "tune: 1001"),
        ],
    )
    def test_whatever_changes_the_posterior_changes_the_key(self, key, tmp_path, file, old, new):
        assert key(changed(tmp_path, old, new, file)) != key()

    @pytest.mark.parametrize(
        "file, old, new",
        [
            ("priors", "why: Many travel plans go unreported.", "why: Many plans go unreported."),
            ("priors", "means: Probability that an occasion is held in person.", "means: Its probability."),
            ("priors", "# The priors: beliefs", "# A comment. The priors: beliefs"),
            ("run", "interval_mass: 0.9", "interval_mass: 0.8"),
        ],
    )
    def test_a_comment_a_reason_or_the_width_of_an_interval_does_not(self, key, tmp_path, file, old, new):
        assert key(changed(tmp_path, old, new, file)) == key()

    PARTS = (
        "classes",
        "sides",
        "types",
        "tone",
        "came",
        "at_summit",
        "at_other",
        "season_tone",
        "met",
        "held",
        "will",
        "will_not",
        "said",
        "meeting_days",
        "broken",
        "exposure",
        "again",
        "visits",
        "years",
        "notices",
    )

    @pytest.mark.parametrize("name", PARTS)
    def test_every_part_of_the_record_is_in_the_key(self, key, default_run, name):
        value = getattr(default_run.record, name)
        other = (value[0], value[1] + 1) if isinstance(value, tuple) else value + 1
        assert key(past=replace(default_run.record, **{name: other})) != key()

    def test_the_parts_are_all_parts_of_a_record(self, default_run):
        assert {*self.PARTS, "through", "idle"} == set(vars(default_run.record))

    def test_time_since_the_last_outcome_is_not_in_the_key(self, key, default_run):
        """It reweights the draws, so a fit serves until the next outcome."""
        assert key(past=replace(default_run.record, idle=9.0)) == key()

    def test_the_day_asked_about_is_not_in_the_key(self, key):
        assert key(load_params(as_of="2025-07-12", deadline="2026-03-01")) == key()

    @pytest.mark.parametrize(
        "old, new",
        [
            ("letter: {A: 1.0, B: 0.8", "letter: {A: 1.0, B: 0.7"),
            ("tone_half_life: 90", "tone_half_life: 91"),
            ("lead: 56 ", "lead: 63 "),
            ("at_risk: 30 ", "at_risk: 20 "),
            (
                "plover: CONSULT 04\n    weight: 1\n  invitation",
                "plover: CONSULT 04\n    weight: 2\n  invitation",
            ),
        ],
    )
    def test_how_signals_are_read_is_in_the_key_by_way_of_the_record(
        self, key, default_run, tmp_path, old, new
    ):
        params = changed(tmp_path, old, new)
        assert key(params, record(default_run.ledger, params)) != key()

    def test_what_only_a_forecast_reads_is_not_in_the_key(self, key, default_run, tmp_path):
        params = changed(tmp_path, "named_day: 0.9 ", "named_day: 0.8 ")
        assert key(params, record(default_run.ledger, params)) == key()

    def test_a_comment_a_docstring_and_the_layout_cost_no_refit(self, key, monkeypatch):
        before, real = key(), inspect.getsource

        def rewritten(part):
            return (
                real(part).replace('"""The ', '"""This is the ').replace("\n\n", "\n\n\n")
                + "    # A comment."
            )

        monkeypatch.setattr(inspect, "getsource", rewritten)
        assert key() == before

    def test_another_model_is_another_key(self, key, monkeypatch):
        before = key()
        monkeypatch.setattr(summit, "build", lambda params, record: None)
        assert key() != before


class TestStore:
    MADE = fits.Fit(
        "a",
        date(2025, 1, 20),
        {"held": np.array([0.9, 0.95]), "said": np.ones((2, 4))},
        {"ok": True},
        1.5,
        False,
        "no stored fit",
        stats={"energy": np.array([3.0, 4.0])},
    )

    def test_a_stored_fit_comes_back_as_it_was(self, tmp_path):
        fits.save_fit(tmp_path / "a.npz", self.MADE)
        back = fits.load_fit(tmp_path / "a.npz")
        assert back.reused and (back.through, back.diagnostics) == (self.MADE.through, {"ok": True})
        assert all(np.array_equal(back.draws[name], value) for name, value in self.MADE.draws.items())
        assert back.stats["energy"].tolist() == [3, 4]

    @pytest.mark.parametrize("keep", [0, 10, 200, -1])
    def test_a_damaged_fit_is_named_once_and_not_used(self, tmp_path, capsys, keep):
        path = tmp_path / "a.npz"
        fits.save_fit(path, self.MADE)
        path.write_bytes(path.read_bytes()[:keep])
        assert fits.load_fit(path) is None and store.attributes(path) == {}
        assert (
            capsys.readouterr().err == f"warning: {path} is damaged and is not used; remove or restore it\n"
        )

    def test_a_fit_that_was_never_stored_is_no_news(self, tmp_path, capsys):
        assert fits.load_fit(tmp_path / "b.npz") is None and store.attributes(tmp_path / "b.nc") == {}
        assert capsys.readouterr().err == ""

    def test_a_fit_without_description_is_not_used(self, tmp_path, capsys):
        np.savez(tmp_path / "a.npz", **self.MADE.draws)
        assert fits.load_fit(tmp_path / "a.npz") is None
        assert "a.npz is damaged" in capsys.readouterr().err

    @pytest.mark.parametrize("zeros", [0, 20_000], ids=["cut off", "zeros within"])
    def test_a_damaged_posterior_is_named_and_not_used(
        self, default_run, tmp_path, monkeypatch, capsys, zeros
    ):
        content = (RENDERED / "2025-07-11" / store.POSTERIOR).read_bytes()
        middle, path = len(content) // 2, tmp_path / "run" / store.POSTERIOR
        path.parent.mkdir()
        path.write_bytes(content[:middle] + bytes(zeros) + (content[middle + zeros :] if zeros else b""))
        monkeypatch.setattr(fits, "RENDERED", tmp_path)
        monkeypatch.setattr(fits, "FITS", tmp_path / "fits")
        assert fits.at_hand(default_run.fit.key) is None
        assert f"warning: {path} is damaged" in capsys.readouterr().err


def tree(shift=0.0, stuck=False, divergences=0, energy_step=1.0):
    """A posterior of two parameters, one of whose chains may be off by `shift` or hardly move."""
    import arviz as az

    rng = np.random.default_rng(3)
    held, breaks = rng.normal(size=(2, 4, 500))
    held[0] += shift
    if stuck:
        breaks = np.cumsum(rng.normal(size=breaks.shape), axis=1)
        breaks -= breaks.mean(1, keepdims=True)
    diverging = np.zeros((4, 500), dtype=bool)
    diverging[0, :divergences] = True
    energy = (
        np.cumsum(energy_step * rng.normal(size=(4, 500)), axis=1)
        if energy_step != 1
        else rng.normal(size=(4, 500))
    )
    return az.from_dict(
        {
            "posterior": {"held": held, "breaks": breaks},
            "sample_stats": {"diverging": diverging, "energy": energy},
        }
    )


@pytest.mark.samples
class TestGate:
    def test_a_sound_fit_passes(self):
        checks, failures = sampling.diagnose(tree(), PARAMS)
        assert checks["ok"] and not failures and checks["divergences"] == 0

    @pytest.mark.parametrize(
        "fault, says",
        [
            (dict(shift=1.0), r"R-hat 1\.\d+ of held; at most 1.01 wanted"),
            (dict(stuck=True), r"effective sample size \d+ of breaks; at least 400 wanted"),
            (dict(divergences=5), r"5 divergences; at most 4 wanted"),
            (dict(energy_step=0.1), r"E-BFMI 0\.\d+; at least 0.3 wanted"),
        ],
    )
    def test_a_fault_fails_the_gate_and_names_the_culprit(self, fault, says):
        checks, failures = sampling.diagnose(tree(**fault), PARAMS)
        assert not checks["ok"]
        with pytest.raises(AssertionError, match=says):
            raise AssertionError("\n".join(failures))

    @pytest.fixture
    def sampler(self, tmp_path, monkeypatch):
        """A sampler that answers at once, counting, and what the gate says of it."""
        verdict, calls = {"failures": list}, []
        made = tree()
        made["sample_stats"] = (
            made["sample_stats"].to_dataset().assign(dict.fromkeys(fits.STATS, made["posterior"]["held"]))
        )
        monkeypatch.setattr(fits, "FITS", tmp_path / "fits")
        monkeypatch.setattr(fits, "FAILED", tmp_path / "failed")
        monkeypatch.setattr(fits, "RENDERED", tmp_path)
        monkeypatch.setattr(fits, "sample", lambda params, _: calls.append(params.run.draws) or made)
        monkeypatch.setattr(fits, "log_densities", lambda *_: {})
        monkeypatch.setattr(fits, "diagnose", lambda *_: ({"ok": True}, verdict["failures"]()))
        return verdict, calls

    def test_a_fit_that_fails_is_not_stored_and_its_draws_are_kept_aside(
        self, default_run, tmp_path, sampler
    ):
        sampler[0]["failures"] = lambda: ["R-hat 1.300 of held"]
        with pytest.raises(
            fits.GateError, match="nothing is published(.|\n)*R-hat 1.300 of held(.|\n)*failed"
        ):
            fits.fit(PARAMS, default_run.record)
        assert not (tmp_path / "fits").exists()
        assert sampler[1] == [PARAMS.run.draws, 2 * PARAMS.run.draws]
        (stored,) = (tmp_path / "failed").glob("*.npz")
        assert len(fits.load_fit(stored).draws["held"]) == fits.KEPT

    def test_chains_that_fail_are_sampled_twice_as_long_which_is_said(self, default_run, sampler, capsys):
        verdict, calls = sampler
        verdict["failures"] = lambda: ["6 divergences"] if calls == [PARAMS.run.draws] else []
        made = fits.fit(PARAMS, default_run.record)
        assert calls == [PARAMS.run.draws, 2 * PARAMS.run.draws]
        assert "(6 divergences): again, twice as long" in capsys.readouterr().err
        assert made.why.endswith("sampled twice as long, since shorter chains failed the checks")
        assert fits.fit(PARAMS, default_run.record).reused and len(calls) == 2

    def test_a_fit_is_made_once_and_then_read_unless_it_is_to_be_made_anew(self, default_run, sampler):
        first, again = (fits.fit(PARAMS, default_run.record) for _ in range(2))
        assert (len(sampler[1]), first.reused, again.reused) == (1, False, True)
        assert first.why and first.key == again.key
        assert not fits.fit(PARAMS, default_run.record, anew=True).reused and len(sampler[1]) == 2

    def test_a_fit_says_what_it_does(self, default_run, sampler, capsys):
        fits.fit(PARAMS, default_run.record)
        said = r"Fitting the model to \d+ outcomes known by 2025-01-20: 15 to 45 seconds\.\n"
        assert re.fullmatch(said, capsys.readouterr().err)

    def test_a_prior_that_cannot_be_sampled_is_refused_before_the_fit(self, default_run, sampler, capsys):
        params = load_params(parameters={"held": {"dist": "Beta", "args": {"alpha": 1e-8, "beta": 1.0}}})
        with pytest.raises(InputError, match="options: parameters.held: this Beta cannot be sampled"):
            fits.fit(params, default_run.record)
        assert (sampler[1], capsys.readouterr().err) == ([], "")

    @pytest.mark.study
    def test_too_short_a_run_names_a_parameter_and_publishes_nothing(
        self, default_run, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(fits, "FITS", tmp_path / "fits")
        monkeypatch.setattr(fits, "FAILED", tmp_path / "failed")
        monkeypatch.setattr(fits, "RENDERED", tmp_path)
        short = replace(PARAMS, run=PARAMS.run.model_copy(update={"draws": 20, "tune": 20}))
        with pytest.raises(
            fits.GateError, match=rf"(R-hat|sample size) [\d.]+ of ({'|'.join(default_run.draws)})"
        ):
            fits.fit(short, default_run.record)
        assert not (tmp_path / "fits").exists()


def many(**values):
    """Draws of the priors, repeated to the length of `values`, which replace those of their names."""
    count = len(next(iter(values.values())))
    rows = np.arange(count) % 200
    return {name: draws[rows] for name, draws in prior_draws().items()} | values


class TestUpdate:
    def fitted(self, draws, through=date(2025, 1, 1)):
        return fits.Fit("", through, draws, {}, 0.0, True, "")

    def test_where_nothing_happened_and_no_time_passed_the_draws_are_the_same(self, default_run):
        past = default_run.record
        same = reweight.update(self.fitted(default_run.draws), past, replace(past, idle=0.0))
        assert all(np.array_equal(same.draws[name], values) for name, values in default_run.draws.items())

    def test_time_without_a_visit_lowers_their_rate_as_a_refit_would(self):
        """A Gamma posterior updated by exposure is a Gamma posterior."""
        draws = many(visit_rate=np.random.default_rng(1).gamma(20, 1 / 30, 20000))
        past = replace(no_record(), through=date(2025, 1, 1), visits=20, years=30.0, idle=2.0)
        after = reweight.update(self.fitted(draws), past, past).draws["visit_rate"]
        assert after.mean() == pytest.approx(20 / 32, abs=4 * np.sqrt(20) / 32 / np.sqrt(10000))

    @pytest.mark.parametrize(
        "name, part, alpha, beta",
        [
            ("held", "held", 6, 2),
            ("came_if_will", "will", 8, 2),
            ("came_if_not", "will_not", 2, 8),
            ("again", "again", 3, 3),
        ],
    )
    def test_a_decision_since_reweights_the_draws_as_a_refit_would(self, name, part, alpha, beta):
        """A Beta posterior updated by two hits of three is a Beta posterior."""
        draws = many(**{name: np.random.default_rng(2).beta(alpha, beta, 20000)})
        before = no_record()
        after = reweight.update(self.fitted(draws), before, replace(before, **{part: (2, 3)}))
        a, b = alpha + 2, beta + 1
        spread = np.sqrt(a * b / (a + b + 1)) / (a + b)
        assert after.draws[name].mean() == pytest.approx(a / (a + b), abs=4 * spread / np.sqrt(8000))
        assert after.pareto_k < 0.7

    def test_the_draws_of_a_block_are_chosen_as_wholes_and_others_stay(self):
        draws = many(misled=np.random.default_rng(2).beta(6, 2, (20000, 4)))
        draws["said"] = draws["misled"] / 100
        said = np.zeros((4, 4))
        said[0] = 0, 2, 0, 2
        after = reweight.update(self.fitted(draws), no_record(), replace(no_record(), said=said)).draws
        assert np.array_equal(after["said"], after["misled"] / 100)
        assert after["said"][:, 0].mean() < draws["said"][:, 0].mean()
        same = {name for name, values in draws.items() if np.array_equal(after[name], values)}
        assert same == {*draws} - {"said", "misled"}

    def test_weights_that_rest_on_few_draws_are_not_to_be_trusted(self):
        draws = many(held=np.random.default_rng(2).beta(6, 2, 4000))
        far, near = (
            reweight.update(self.fitted(draws), no_record(), replace(no_record(), held=held))
            for held in ((1, 60), (2, 3))
        )
        assert far.pareto_k > 0.7 > near.pareto_k


class TestQuickFit:
    """In place of sampling, a fit that the project ships is reweighted where that is reliable."""

    @pytest.fixture
    def sampled(self, tmp_path, monkeypatch):
        """The fits that are sampled; the store is empty."""
        asked = []
        monkeypatch.setattr(fits, "FITS", tmp_path)
        monkeypatch.setattr(fits, "sampled", lambda params, record, *_: asked.append(record.through))
        return asked

    @pytest.mark.parametrize(
        "name, outcomes, args",
        [
            ("held", "held", (20.0, 5.0)),
            ("again", "again", (3.0, 4.0)),
            ("came_if_not", "will_not", (2.0, 30.0)),
        ],
    )
    @pytest.mark.parametrize("day", [date(2025, 7, 11), date(2025, 9, 22)])
    def test_the_draws_are_those_of_the_posterior(
        self, default_run, sampled, tmp_path, name, outcomes, args, day
    ):
        """A Beta prior of any arguments, and hits of trials, have a Beta posterior."""
        prior = {"dist": "Beta", "args": dict(zip(("alpha", "beta"), args, strict=True))}
        params = load_params(parameters={name: prior})
        past = record(default_run.whole.as_of(day), params)
        made = fits.quick_fit(params, past)
        hits, trials = getattr(past, outcomes)
        a, b, ess = args[0] + hits, args[1] + trials - hits, made.diagnostics["ess_min"]
        spread = np.sqrt(a * b / (a + b + 1)) / (a + b)
        assert made.draws[name].mean() == pytest.approx(a / (a + b), abs=4 * spread / np.sqrt(ess))
        assert fits.QUICK_ESS <= ess < default_run.fit.diagnostics["ess_min"]
        assert made.diagnostics["pareto_k"] < 0.7 and "reweighted to these priors" in made.why
        assert made.draws["norm"] == pytest.approx(past.norm) and made.through == past.through
        assert sampled == [] and not list(tmp_path.glob(f"{made.key}*"))

    @pytest.mark.parametrize(
        "settings",
        [
            {"random_seed": 1},
            {"parameters": {"held": {"dist": "Beta", "args": {"alpha": 500.0, "beta": 2.0}}}},
            {"parameters": {"held": {"dist": "Uniform", "args": {"lower": 0.5, "upper": 1.0}}}},
            {"as_of": date(1993, 10, 4)},
        ],
        ids=["other draws are asked for", "too few effective draws", "other support", "before the first fit"],
    )
    def test_otherwise_it_samples(self, default_run, sampled, settings):
        params = load_params(**settings)
        past = record(default_run.whole.as_of(params.question.as_of), params)
        fits.quick_fit(params, past)
        assert sampled == [past.through]

    @pytest.mark.parametrize(
        "day", [date(1996, 3, 30), date(2008, 6, 18), date(2021, 5, 19), date(2024, 11, 5)]
    )
    def test_an_earlier_day_reweights_the_fit_of_the_january_before(self, default_run, sampled, day):
        """No fit that knows more may serve."""
        past, january = (
            record(default_run.whole.as_of(until), PARAMS) for until in (day, date(day.year - 1, 12, 31))
        )
        made = fits.quick_fit(PARAMS, past)
        proposals = [proposal.through for proposal in fits.proposals(PARAMS, past.through)]
        assert proposals == [january.through] and january.through <= past.through == made.through < day
        assert f"From the fit through {january.through}" in made.why and sampled == []
        assert made.diagnostics["ess_min"] >= fits.QUICK_ESS
        hits, trials = past.held
        prior = PARAMS.priors.parameters["held"].args_solved
        a, b = prior["alpha"] + hits, prior["beta"] + trials - hits
        spread = np.sqrt(a * b / (a + b + 1)) / (a + b)
        error = spread / np.sqrt(made.diagnostics["ess_min"])
        assert made.draws["held"].mean() == pytest.approx(a / (a + b), abs=4 * error)

    def test_where_the_project_ships_no_fit_one_of_the_store_is_reweighted(
        self, default_run, sampled, tmp_path, monkeypatch
    ):
        """As for another pair: only its first fit is sampled, as long as later ones are near."""
        made = fits.at_hand(default_run.fit.key)
        monkeypatch.setattr(fits, "RENDERED", tmp_path / "none")
        params = load_params(parameters={"held": {"dist": "Beta", "args": {"alpha": 20.0, "beta": 5.0}}})
        near = fits.quick_fit(params, default_run.record)
        assert near.why.startswith("From the stored fit, reweighted") and sampled == []
        assert np.array_equal(near.draws["breaks"], made.draws["breaks"])
        assert near.draws["held"].mean() < made.draws["held"].mean()
        fits.quick_fit(params, no_record())
        assert sampled == [no_record().through]

    @pytest.mark.study
    @pytest.mark.parametrize(
        "changes",
        [
            {"parameters": {"tone_factor": {"dist": "Exponential", "above": 1.0, "args": {"scale": 3.0}}}},
            {"parameters": {"came_if_will": {"dist": "Beta", "args": {"alpha": 20.0, "beta": 2.0}}}},
            {"as_of": date(2025, 9, 22)},
            {"as_of": date(2014, 10, 6), "deadline": date(2014, 12, 31)},
        ],
        ids=["tone factor", "came if they will", "a later day", "an earlier day"],
    )
    def test_the_headline_is_that_of_a_new_fit(self, default_run, tmp_path, monkeypatch, changes):
        """Within three Monte Carlo errors of both."""
        monkeypatch.setattr(fits, "FITS", tmp_path)
        params = load_params(**changes)
        quick, sampled = (
            forecast.forecast(params, default_run.whole, fitted).forecast
            for fitted in (fits.quick_fit, partial(fits.fit, anew=True))
        )
        errors = [made.diagnostics["monte_carlo_error"] for made in (quick, sampled)]
        assert "pareto_k" in quick.diagnostics and "pareto_k" not in sampled.diagnostics
        assert abs(quick.probability - sampled.probability) < 3 * np.hypot(*errors)

    def test_without_a_record_the_draws_are_those_of_the_priors(self, sampled):
        params = load_params(scenario="no-record")
        made, held = fits.quick_fit(params, no_record()), params.priors.parameters["held"].frozen()
        assert made.draws["held"].mean() == pytest.approx(
            held.mean(), abs=4 * held.std() / np.sqrt(fits.KEPT)
        )
        assert sampled == []

    def test_a_stored_fit_comes_first(self, default_run):
        made, stored = (fitted(PARAMS, default_run.record) for fitted in (fits.quick_fit, fits.fit))
        assert (made.key, made.diagnostics) == (stored.key, stored.diagnostics)
        assert "reweighted" not in made.why


class TestParetoK:
    @pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
    def test_the_shape_of_a_generalised_pareto_tail_is_found(self, shape):
        """Averaged over samples; its prior pulls it a little towards a half."""
        rng = np.random.default_rng(4)
        found = [reweight.pareto_k(np.log1p(rng.pareto(1 / shape, 4000))) for _ in range(40)]
        assert np.mean(found) == pytest.approx(shape, abs=0.06)

    def test_equal_weights_are_no_tail(self):
        assert reweight.pareto_k(np.zeros(1000)) == -np.inf


FRESH = """
import sys
from pathlib import Path
from model.answer import forecast
from model.fit import fits, reweight, sampling
from model.settings.params import load_params
fits.FITS = fits.RENDERED = Path(sys.argv[1])
run = forecast.run(load_params())
assert not run.fit.reused
print(forecast.to_json(run.forecast), end="")
"""


@pytest.mark.study
def test_two_fresh_fits_in_two_processes_give_the_same_forecast_to_the_byte(tmp_path):
    texts = [
        subprocess.run(
            [sys.executable, "-c", FRESH, tmp_path / name], capture_output=True, check=True, cwd=ROOT
        ).stdout
        for name in "ab"
    ]
    assert texts[0] == texts[1] and json.loads(texts[0])["probability"] > 0
