"""The public names are described where they should be, and the README's examples in Python run."""

import re

import pytest

import model
from model.fit import posterior
from model.paths import README
from model.report import api

BLOCKS = re.findall(r"(?s)```python\n(.*?)```", README.read_text("utf-8"))


def test_the_page_of_the_public_names_is_current():
    assert api.PAGE.read_text("utf-8") == api.page(), "stale: python -m model.report.api"
    assert all(f"## `{name}`" in api.page() for name in model.__all__)


@pytest.fixture(scope="module")
def names():
    """What the first example of the README defines."""
    names = {}
    exec(BLOCKS[0], names)
    return names


def test_a_run_gives_its_model_and_its_posterior(names):
    free = {variable.name.removesuffix("_above") for variable in names["pymc_model"].free_RVs}
    assert free == set(names["idata"]["posterior"].data_vars) == set(names["idata"]["log_prior"].data_vars)


def test_plots_and_summaries_of_arviz_work_on_it(names, monkeypatch):
    import arviz as az

    shown = {}
    for name in ("plot_trace", "psense_summary"):
        kept = getattr(az, name)
        monkeypatch.setattr(
            az, name, lambda *of, name=name, kept=kept, **more: shown.update({name: kept(*of, **more)})
        )
    exec(BLOCKS[1], names)
    assert {"held", "comes_summit"} <= set(shown["plot_trace"].viz["plot"].data_vars)
    assert list(shown["psense_summary"].index) == ["held", "comes_summit"]


def test_a_file_of_an_earlier_layout_is_made_anew(default_run, tmp_path, monkeypatch):
    monkeypatch.setattr(posterior, "FITS", tmp_path)
    monkeypatch.setattr(posterior, "LAYOUT", posterior.LAYOUT + 1)
    monkeypatch.setattr(posterior, "write", lambda tree, path: path.write_text(tree))
    monkeypatch.setattr(posterior, "tree_of", lambda *_: "made anew")
    assert posterior.posterior_file(default_run.params, default_run.record).read_text() == "made anew"


@pytest.mark.study
def test_another_sampler_and_a_changed_prior_work_as_the_readme_says(names):
    exec(BLOCKS[2], names)
    ours, other = (float(tree["posterior"]["held"].mean()) for tree in (names["idata"], names["other"]))
    assert other == pytest.approx(ours, abs=0.01)
    assert names["again"].forecast.probability < names["made"].forecast.probability - 0.02
