"""The model: names that others rely on, a fit stored under what decides it, and a gate that names the culprit."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from made_up import PARAMS, PRIORS, ledger, occasion

from model import hazard, summit
from model.covariates import OFFSETS, YEARS, record
from model.files import PROJECT_ROOT
from model.params import load_params

CONTRACT = {
    "season_chance": ((), "probability"), "type_factor": ((), "factor"), "unexpected_steps": ((), "steps"),
    "year_factor": ((), "factor"), "tone_factor": ((), "factor"), "overlap": ((), "share"), "kept": ((), "probability"),
    "announcement_lead": ((), "days"), "announcement_lead_spread": ((), "factor"), "refusal_lead": ((), "days"),
    "refusal_lead_spread": ((), "factor"), "refusal_share": (("type",), "share"), "planned_share": ((), "share"),
    "planned_factor": ((), "factor on the odds"), "doubt_factor": ((), "factor on the odds"),
    "revived": ((), "probability"), "window_kept": ((), "probability"), "surprise_rate": ((), "per year"),
    "surprise_lead": ((), "days"), "surprise_lead_spread": ((), "factor"),
    "weight": (("kind",), "weight"), "type_effect": (("type",), None), "year_effect": (("year",), None),
    "meeting_day": (("offset",), None), "tone_norm": ((), None)}
"""Every variable of a fit: its dims beside `draw`, and the unit its prior is given in."""

LENGTHS = {"type": len(PRIORS.types) - 1, "kind": len(PRIORS.kinds), "year": YEARS, "offset": len(OFFSETS)}


class TestContract:
    def test_a_fit_holds_exactly_these_variables(self, default_run):
        assert default_run.draws.keys() == CONTRACT.keys()

    @pytest.mark.parametrize("name", CONTRACT)
    def test_each_variable_has_these_dims_and_finite_values(self, default_run, name):
        values, count = default_run.draws[name], PARAMS.run.chains * PARAMS.run.draws
        assert values.shape == (count, *(LENGTHS[dim] for dim in CONTRACT[name][0])) and np.isfinite(values).all()

    def test_every_prior_says_its_unit(self):
        units = {path[1] if path[0] == "parameters" else "weight": prior.unit for path, prior in PRIORS.each().items()}
        assert units == {name: unit for name, (_, unit) in CONTRACT.items() if unit}

    def test_the_data_set_names_the_dims(self, default_run):
        data = default_run.fit.dataset(PARAMS)
        assert {name: tuple(values.dims) for name, values in data.data_vars.items()} == {
            name: ("draw", *dims) for name, (dims, _) in CONTRACT.items()}
        assert list(data.coords["kind"].values) == list(PRIORS.kinds) and list(data.coords["offset"].values) == [*OFFSETS]

    def test_probabilities_shares_and_factors_stay_in_their_range(self, default_run):
        for name, (_, unit) in CONTRACT.items():
            values = default_run.draws[name]
            if unit in ("probability", "share"):
                assert ((values > 0) & (values < 1)).all(), name
            if unit in ("factor", "factor on the odds"):
                assert (values >= 1).all(), name
        np.testing.assert_allclose(default_run.draws["meeting_day"].sum(1), 1)


class TestModel:
    def test_the_likelihood_of_the_model_is_the_formula_of_the_forecast(self, default_run):
        """The chance of each season of the record, once by PyTensor and once by NumPy."""
        import pytensor

        pymc_model, past = summit.build(PARAMS, default_run.record), default_run.record
        chance = pymc_model["season_met"].owner.inputs[-1]
        free = {v.name: v for v in pymc_model.free_RVs}
        compute = pytensor.function(list(free.values()), chance, on_unused_input="ignore", mode="FAST_COMPILE")
        p = {name: values[::800] for name, values in default_run.draws.items()}
        above = {f"{name}_above": p[name] - prior.above for name, prior in PRIORS.parameters.items() if prior.above}
        unexpected = np.array([not PRIORS.types[name].summit for name in summit.coords(PARAMS)["type"]])
        above["type_effect_above"] = p["type_effect"] + p["unexpected_steps"][:, None] * unexpected
        by_pytensor = np.array([compute(*((p | above)[name][i] for name in free)) for i in range(len(p["kept"]))])
        rows = np.arange(len(past.met))
        likelihood = np.where(past.met, by_pytensor, 1 - by_pytensor)
        assert by_pytensor.shape == (len(p["kept"]), len(rows)) and 0.001 < likelihood.min() < likelihood.max() < 0.999
        np.testing.assert_allclose(np.log(likelihood).sum(1), hazard.log_likelihood(p, past, rows), rtol=1e-9)

    def test_every_parameter_of_the_priors_is_in_the_model_and_every_count_of_the_record_is_observed(self, default_run):
        pymc_model = summit.build(PARAMS, default_run.record)
        assert set(PRIORS.parameters) <= {v.name for v in pymc_model.unobserved_RVs}
        assert len(pymc_model.potentials) == 0
        assert {v.name for v in pymc_model.observed_RVs} == {
            "season_met", "season_where", "meeting_days_seen", "announcement_leads_seen", "refusal_leads_seen",
            "surprise_leads_seen", "kept_seen", "window_kept_seen", "revived_seen", "refused_seen", "planned_met_seen",
            "planned_unmet_seen", "surprises_seen"}

    def test_a_model_can_be_built_of_a_ledger_in_which_nothing_was_decided_yet(self):
        past = record(ledger((), [occasion()]).as_of(date(2025, 7, 11)), PRIORS)
        assert summit.build(PARAMS, past).free_RVs and not past.season_ids


def changed(tmp_path, old, new, file="priors"):
    """Params with one piece of text of a file replaced."""
    text = (PROJECT_ROOT / "params" / f"{file}.yaml").read_text()
    assert text.count(old) == 1
    path = tmp_path / f"{file}.yaml"
    path.write_text(text.replace(old, new))
    return load_params(**{file: path})


class TestKey:
    @pytest.fixture
    def key(self, default_run):
        return lambda params=PARAMS, past=default_run.record: summit.fit_key(params, past)

    @pytest.mark.parametrize("file, old, new", [
        ("priors", "args: {alpha: 3, beta: 4}", "args: {alpha: 3, beta: 4.001}"),
        ("priors", "quantiles: {5%: 0.80, 95%: 0.99}", "quantiles: {5%: 0.80, 95%: 0.991}"),
        ("priors", "above: 1\n    args: {scale: 1.5}", "above: 1.01\n    args: {scale: 1.5}"),
        ("priors", "quantiles: {5%: 1.0, 95%: 4.0}, why: They", "quantiles: {5%: 1.0, 95%: 4.1}, why: They"),
        ("run", "random_seed: 20250711", "random_seed: 20250712"), ("run", "draws: 1000 ", "draws: 1001 "),
        ("run", "target_accept: 0.97", "target_accept: 0.96")])
    def test_whatever_changes_the_posterior_changes_the_key(self, key, tmp_path, file, old, new):
        assert key(changed(tmp_path, old, new, file)) != key()

    @pytest.mark.parametrize("file, old, new", [
        ("priors", "why: Between rarely and nearly always", "why: Really, between rarely and nearly always"),
        ("priors", "means: Chance that a formally announced meeting takes place.", "means: Chance of it."),
        ("priors", "# What is believed", "# A comment. What is believed"),
        ("run", "interval_mass: 0.9", "interval_mass: 0.8")])
    def test_a_comment_a_reason_or_the_width_of_an_interval_does_not(self, key, tmp_path, file, old, new):
        assert key(changed(tmp_path, old, new, file)) == key()

    @pytest.mark.parametrize("name", ["types", "up", "met", "announcement_lead", "meeting_day", "refused", "kept",
                                      "surprises", "years", "planned_weight", "year"])
    def test_every_part_of_the_record_is_in_the_key(self, key, default_run, name):
        value = getattr(default_run.record, name)
        other = ~value if name == "met" else (value[0], value[1] + 1) if isinstance(value, tuple) else value + 1
        assert key(past=replace(default_run.record, **{name: other})) != key()

    def test_the_day_asked_about_is_not_in_the_key(self, key):
        assert key(load_params(as_of="2025-07-12", deadline="2026-03-01")) == key()

    @pytest.mark.parametrize("old, new", [("letter: {A: 1.0, B: 0.8", "letter: {A: 1.0, B: 0.7"),
                                          ("tone_half_life: 90", "tone_half_life: 91"), ("lead: 56 ", "lead: 63 ")])
    def test_how_signals_are_read_is_in_the_key_by_way_of_the_record(self, key, default_run, tmp_path, old, new):
        params = changed(tmp_path, old, new)
        assert key(params, record(default_run.ledger, params.priors)) != key()


class TestStore:
    DRAWS = {"kept": np.array([0.9, 0.95]), "weight": np.ones((2, 3))}
    META = {"through": "2025-01-20", "diagnostics": {"ok": True}, "seconds": 1.5}

    def test_a_stored_fit_comes_back_as_it_was(self, tmp_path):
        summit.save_fit(tmp_path / "a.npz", self.DRAWS, self.META)
        back = summit.load_fit(tmp_path / "a.npz")
        assert back.reused and back.through == date(2025, 1, 20) and back.diagnostics == {"ok": True}
        assert all(np.array_equal(back.draws[name], value) for name, value in self.DRAWS.items())

    @pytest.mark.parametrize("keep", [0, 10, 200, -1])
    def test_a_damaged_store_counts_as_none(self, tmp_path, keep):
        path = tmp_path / "a.npz"
        summit.save_fit(path, self.DRAWS, self.META)
        path.write_bytes(path.read_bytes()[:keep])
        assert summit.load_fit(path) is None and summit.load_fit(tmp_path / "b.npz") is None

    def test_a_store_without_description_counts_as_none(self, tmp_path):
        np.savez(tmp_path / "a.npz", **self.DRAWS)
        assert summit.load_fit(tmp_path / "a.npz") is None


def tree(shift=0.0, stuck=False, divergences=0, energy_step=1.0):
    """A posterior of two parameters, one of whose chains may be off by `shift` or hardly move."""
    import arviz as az

    rng = np.random.default_rng(3)
    overlap, kept = rng.normal(size=(2, 4, 500))
    overlap[0] += shift
    if stuck:
        kept = np.cumsum(rng.normal(size=kept.shape), axis=1)
        kept -= kept.mean(1, keepdims=True)
    diverging = np.zeros((4, 500), dtype=bool)
    diverging[0, :divergences] = True
    energy = np.cumsum(energy_step * rng.normal(size=(4, 500)), axis=1) if energy_step != 1 else rng.normal(size=(4, 500))
    return az.from_dict({"posterior": {"overlap": overlap, "kept": kept},
                         "sample_stats": {"diverging": diverging, "energy": energy}})


class TestGate:
    def test_a_sound_fit_passes(self):
        checks, failures = summit.diagnose(tree(), PARAMS)
        assert checks["ok"] and not failures and checks["divergences"] == 0

    @pytest.mark.parametrize("fault, says", [
        (dict(shift=1.0), r"R-hat 1\.\d+ of overlap; at most 1.01 wanted"),
        (dict(stuck=True), r"effective sample size \d+ of kept; at least 400 wanted"),
        (dict(divergences=5), r"5 divergences; at most 4 wanted"),
        (dict(energy_step=0.1), r"E-BFMI 0\.\d+; at least 0.3 wanted")])
    def test_a_fault_fails_the_gate_and_names_the_culprit(self, fault, says):
        checks, failures = summit.diagnose(tree(**fault), PARAMS)
        assert not checks["ok"]
        with pytest.raises(AssertionError, match=says):
            raise AssertionError("\n".join(failures))

    def test_a_fit_that_fails_is_not_stored_and_its_draws_are_kept_aside(self, default_run, tmp_path, monkeypatch):
        draws = {"kept": np.array([0.9])}
        monkeypatch.setattr(summit, "FITS", tmp_path / ".cache" / "fits")
        monkeypatch.setattr(summit, "PROJECT_ROOT", tmp_path)
        monkeypatch.setattr(summit, "sample", lambda *_: None)
        monkeypatch.setattr(summit, "draws_of", lambda _: draws)
        monkeypatch.setattr(summit, "diagnose", lambda *_: ({"ok": False}, ["R-hat 1.300 of overlap"]))
        with pytest.raises(summit.GateError, match="nothing is published(.|\n)*R-hat 1.300 of overlap(.|\n)*.cache/failed"):
            summit.fit(PARAMS, default_run.record)
        assert not list((tmp_path / ".cache" / "fits").glob("*"))
        kept, = (tmp_path / ".cache" / "failed").glob("*.npz")
        assert summit.load_fit(kept).draws["kept"] == [0.9]

    def test_a_fit_is_made_once_and_then_read(self, default_run, tmp_path, monkeypatch):
        made = []
        monkeypatch.setattr(summit, "FITS", tmp_path)
        monkeypatch.setattr(summit, "sample", lambda *_: made.append(1))
        monkeypatch.setattr(summit, "draws_of", lambda _: {"kept": np.array([0.9])})
        monkeypatch.setattr(summit, "diagnose", lambda *_: ({"ok": True}, []))
        first, again = (summit.fit(PARAMS, default_run.record) for _ in range(2))
        assert made == [1] and (first.reused, again.reused) == (False, True) and first.why and first.key == again.key

    @pytest.mark.study
    def test_too_short_a_run_names_a_parameter_and_publishes_nothing(self, default_run, tmp_path, monkeypatch):
        monkeypatch.setattr(summit, "FITS", tmp_path / "fits")
        monkeypatch.setattr(summit, "PROJECT_ROOT", tmp_path)
        short = replace(PARAMS, run=PARAMS.run.model_copy(update={"draws": 20, "tune": 20}))
        with pytest.raises(summit.GateError, match=rf"(R-hat|sample size) [\d.]+ of ({'|'.join(CONTRACT)})"):
            summit.fit(short, default_run.record)
        assert not (tmp_path / "fits").exists()


class TestUpdate:
    def fitted(self, draws, through=date(2025, 1, 1)):
        return summit.Fit("", through, draws, {}, 0.0, True, "")

    def test_where_nothing_happened_and_no_time_passed_the_draws_are_the_same(self, default_run):
        past = default_run.record
        same = summit.update(self.fitted(default_run.draws), past, past, past.through)
        assert all(np.array_equal(same.draws[name], values) for name, values in default_run.draws.items())

    def test_time_without_a_surprise_lowers_their_rate_as_a_refit_would(self, default_run):
        """A Gamma posterior updated by exposure is a Gamma posterior."""
        past, rng = default_run.record, np.random.default_rng(1)
        draws = {"surprise_rate": rng.gamma(20, 1 / 30, 20000), "kept": np.full(20000, 0.9)}
        after = summit.update(self.fitted(draws), past, past, past.through + timedelta(days=2 * 365.25)).draws["surprise_rate"]
        assert after.mean() == pytest.approx(20 / 32, abs=4 * np.sqrt(20) / 32 / np.sqrt(10000))


@pytest.mark.study
def test_two_fresh_fits_in_two_processes_give_the_same_forecast_to_the_byte(tmp_path):
    code = ("import sys; from pathlib import Path; from model import forecast, summit; from model.params import load_params\n"
            "summit.FITS = Path(sys.argv[1])\n"
            "run = forecast.run(load_params()); assert not run.fit.reused; print(forecast.to_json(run.forecast), end='')")
    texts = [subprocess.run([sys.executable, "-c", code, tmp_path / name], capture_output=True, check=True,
                            cwd=PROJECT_ROOT).stdout for name in "ab"]
    assert texts[0] == texts[1] and json.loads(texts[0])["probability"] > 0
