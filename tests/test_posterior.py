"""The posterior stored with a run is complete, yields the same draws, and agrees with a new fit."""

from dataclasses import replace

import numpy as np
import pytest
from made_up import PARAMS, thinned, uncompiled

from model import chances, summit
from model.fit import fits, posterior, store
from model.fit.likelihood import BLOCKS, by_block
from model.fit.reweight import log_densities
from model.fit.sampling import flat
from model.paths import RENDERED

GROUPS = {
    "prior",
    "posterior",
    "posterior_predictive",
    "log_prior",
    "log_likelihood",
    "observed_data",
    "constant_data",
    "sample_stats",
}
DIMS = {"decision", "season", "offset", "level", "notice", "side", "type", "chain", "draw"}
SHIPPED = RENDERED / "2025-07-11" / store.POSTERIOR


@pytest.fixture(scope="module")
def tree():
    return store.read(SHIPPED)


def test_the_committed_run_ships_the_fit_that_answers_it(default_run, tmp_path, monkeypatch):
    """On a fresh clone nothing is sampled: the draws come from the file, bit by bit those of the store."""
    monkeypatch.setattr(fits, "FITS", tmp_path)
    monkeypatch.setattr(fits, "sampled", None)
    shipped, stored = (fits.fit(PARAMS, default_run.record) for _ in range(2))
    assert (
        shipped.why == "From the posterior that notebooks/rendered/2025-07-11 ships"
        and stored.why == "From the stored fit"
    )
    for name, values in default_run.draws.items():
        assert np.array_equal(shipped.draws[name], stored.draws[name])
        assert set(np.unique(values)) <= set(np.unique(shipped.draws[name]))


def test_what_h5py_reads_of_it_is_what_xarray_reads(tree):
    fitted = store.fit_of(SHIPPED)
    for group, arrays in (("posterior", fitted.draws), ("sample_stats", fitted.stats)):
        wanted = flat(tree[group].to_dataset())
        assert wanted.keys() == arrays.keys() - {"norm"}
        for name, values in wanted.items():
            assert values.dtype == arrays[name].dtype and np.array_equal(values, arrays[name]), name
    assert set(fitted.draws["norm"]) == {tree["constant_data"]["norm"].item()}
    prior, likelihood = (flat(tree[group].to_dataset()) for group in ("log_prior", "log_likelihood"))
    summed = {
        name: values.reshape(len(values), -1).sum(1, dtype=float)
        for name, values in (prior | likelihood).items()
        if name not in ("comes_effect", "meeting_day")
    }
    wanted = by_block(summed)
    assert wanted.keys() == fitted.densities.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(fitted.densities[name], values, rtol=1e-12)


def test_its_densities_are_those_that_reweighting_computes(default_run):
    """Up to a constant of each block."""
    fitted = store.fit_of(SHIPPED)
    found = log_densities(fitted.draws, default_run.params, default_run.record)
    assert found.keys() == fitted.densities.keys() == BLOCKS.keys()
    for name, values in found.items():
        apart = values - fitted.densities[name]
        np.testing.assert_allclose(apart, apart[0], atol=1e-3, err_msg=name)


def test_it_has_the_groups_dims_and_attributes_of_its_fit(tree, default_run):
    assert set(tree.children) == GROUPS
    assert {dim for group in tree.children.values() for dim in group.sizes} == DIMS
    assert tree.attrs["key"] == fits.fit_key(PARAMS, default_run.record)[:32]
    assert tree.attrs["through"] == default_run.forecast.fit_through
    assert {name: values.dims[2:] for name, values in tree["posterior"].data_vars.items()} == {
        name: summit.dims(PARAMS).get(name, ()) for name in default_run.draws if name != "norm"
    }
    assert np.array_equal(tree["observed_data"]["came_seen"].values, default_run.record.came)


def test_one_made_anew_is_laid_out_in_the_same_way(tree, default_run):
    few = {name: thinned(getattr(default_run.fit, name), 50) for name in ("draws", "stats")}
    with uncompiled():
        made = posterior.tree_of(replace(default_run.fit, **few), PARAMS, default_run.record)

    def layout(of):
        return {
            (group.name, name): (values.dims, values.dtype)
            for group in of.children.values()
            for name, values in group.variables.items()
        }

    assert layout(made) == layout(tree) and made.attrs.keys() == tree.attrs.keys()


def test_arviz_reads_it(tree):
    import arviz_stats as az

    assert az.summary(tree, var_names=["held"]).shape[0] == 1
    assert np.isfinite(az.loo(tree, var_name="came_seen").elpd)


@pytest.mark.samples
def test_sampling_anew_agrees_with_it_within_monte_carlo_error(default_run):
    """A short real fit with another random seed: the means differ by less than four standard errors.

    The gate is wide, since an unlucky chain on some machine is no fault of the file.
    """
    wide = PARAMS.run.gate.model_copy(update={"rhat_max": 1.05, "ess_min": 100.0, "divergences_max": 100})
    short = {"random_seed": 1, "gate": wide, "chains": 2, "tune": 500, "draws": 500}
    params = replace(PARAMS, run=PARAMS.run.model_copy(update=short))
    old = fits.fit(PARAMS, default_run.record)
    new = fits.fit(params, default_run.record, anew=True)
    assert not new.reused and new.key != old.key

    def quantities(made):
        headline = chances.by_deadline(made.draws, default_run.outlook)
        return {"headline": headline} | {name: made.draws[name] for name in old.draws if name != "norm"}

    before, after = quantities(old), quantities(new)
    for name in before:
        error = np.sqrt(
            sum(
                values[name].var(0) / made.diagnostics["ess_min"]
                for values, made in ((before, old), (after, new))
            )
        )
        assert (np.abs(before[name].mean(0) - after[name].mean(0)) < 4 * error).all(), name
