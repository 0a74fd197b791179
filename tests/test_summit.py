"""The model: the public names, dims and units, and the parts of the model."""

import numpy as np
import pytest
from made_up import AS_OF, PARAMS, PRIORS, TYPES, ledger, occasion, uncompiled
from pytensor.graph.traversal import ancestors

from model import summit
from model.evidence.record import no_record, record
from model.fit import fits, likelihood

CONTRACT = {
    "comes_home": ((), "probability"),
    "comes_summit": ((), "probability"),
    "comes_other": ((), "probability"),
    "comes_guest": ((), "probability"),
    "comes_spread": ((), "log odds"),
    "tone_factor": ((), "factor on the odds"),
    "held": ((), "probability"),
    "meets_summit": ((), "probability"),
    "meets_other": ((), "probability"),
    "came_if_will": ((), "probability"),
    "came_if_not": ((), "probability"),
    "said": (("level",), "probability"),
    "misled": (("level",), "ratio"),
    "word_factor": ((), "factor on the odds"),
    "breaks": ((), "per day"),
    "again": ((), "probability"),
    "visit_rate": ((), "per year"),
    "visit_notice": ((), "days"),
    "comes_effect": (("side", "type"), None),
    "meeting_day": (("offset",), None),
    "norm": ((), None),
}
"""Every variable of a fit: its dims beside `draw`, and the unit its prior is given in."""
LABELS = {"side": ["US", "CN"], "type": TYPES, "level": [2, 1, -1, -2], "offset": [-3, -2, -1, 0, 1, 2, 3]}
OBSERVED = {
    f"{name}_seen"
    for name in (
        "came",
        "held",
        "met",
        "meeting_days",
        "will",
        "will_not",
        "again",
        "said_came",
        "said_away",
        "breaks",
        "visits",
        "notices",
    )
}


class TestContract:
    def test_a_fit_holds_exactly_these_variables(self, default_run):
        assert default_run.draws.keys() == CONTRACT.keys()

    @pytest.mark.parametrize("name", CONTRACT)
    def test_each_variable_has_these_dims_and_finite_values(self, default_run, name):
        values, count = default_run.draws[name], fits.KEPT
        assert (
            values.shape == (count, *(len(LABELS[dim]) for dim in CONTRACT[name][0]))
            and np.isfinite(values).all()
        )

    def test_every_prior_says_its_unit(self):
        assert {name: prior.unit for name, prior in PRIORS.parameters.items()} == {
            name: unit for name, (_, unit) in CONTRACT.items() if unit
        }

    def test_at_most_sixteen_parameters_are_scalars(self):
        assert sum(unit is not None and not dims for dims, unit in CONTRACT.values()) <= 16

    def test_the_names_that_the_priors_file_must_hold_are_those(self):
        assert set(summit.PARAMETERS) == {name for name, (_, unit) in CONTRACT.items() if unit}

    def test_values_stay_where_their_unit_allows(self, default_run):
        for name, (_, unit) in CONTRACT.items():
            values = default_run.draws[name]
            if unit in ("probability", "ratio"):
                assert ((values > 0) & (values < 1)).all(), name
            elif unit:
                assert (values >= (1 if unit.startswith("factor") else 0)).all(), name
        np.testing.assert_allclose(default_run.draws["meeting_day"].sum(1), 1)

    def test_the_norm_is_the_mean_tone_of_the_decisions(self, default_run):
        assert np.ptp(default_run.draws["norm"]) == 0
        assert default_run.draws["norm"][0] == pytest.approx(default_run.record.tone.mean())


@pytest.fixture(scope="module")
def pymc_model(default_run):
    return summit.build(PARAMS, default_run.record)


class TestModel:
    def test_every_parameter_is_in_the_model_and_every_part_of_the_record_is_observed(self, pymc_model):
        assert {v.name for v in pymc_model.unobserved_RVs if not v.name.endswith("_above")} == {*CONTRACT} - {
            "norm"
        }
        assert len(pymc_model.potentials) == 0 and {v.name for v in pymc_model.observed_RVs} == OBSERVED

    def test_likelihood_terms_share_parameters_only_within_a_block(self, pymc_model):
        """So blocks are independent in the posterior, and each can be reweighted by itself."""
        blocks = {term: {*block.parameters} for block in likelihood.BLOCKS.values() for term in block.terms}
        assert blocks.keys() == OBSERVED
        free = set(pymc_model.free_RVs)
        for term in pymc_model.observed_RVs:
            found = {
                variable.name.removesuffix("_above") for variable in ancestors([term]) if variable in free
            }
            assert found and found <= blocks[term.name]
        grouped = [name for block in likelihood.BLOCKS.values() for name in block.parameters]
        assert sorted(grouped) == sorted({*CONTRACT} - {"norm"})

    def test_every_array_of_the_record_is_data_of_the_model(self, pymc_model, default_run):
        assert {v.name for v in pymc_model.data_vars} == set(summit.data_of(default_run.record))

    @pytest.mark.parametrize(
        "past", [no_record(), record(ledger((), [occasion()]).as_of(AS_OF), PARAMS)], ids=["none", "ahead"]
    )
    def test_a_model_can_be_built_where_nothing_was_decided_yet(self, past):
        pymc_model = summit.build(PARAMS, past)
        terms = pymc_model.logp(vars=pymc_model.observed_RVs, sum=False, jacobian=False)
        with uncompiled():
            compute = pymc_model.compile_fn(
                [term.sum() for term in terms], inputs=pymc_model.value_vars, on_unused_input="ignore"
            )
        assert not np.any(compute(pymc_model.initial_point()))
