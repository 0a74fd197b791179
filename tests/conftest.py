"""Fixtures for all tests: caches inside the checkout, and one fit of the default run per session."""

import pytest
from browser import Browser
from hypothesis import configuration, settings

import model  # noqa: F401  (sets one BLAS thread and the caches before NumPy is imported)
from model.answer import forecast
from model.paths import ROOT
from model.settings.params import load_params

configuration.set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser for all tests."""
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def default_run():
    """The default run; its fit is sampled once and then read from `.cache`, by all workers."""
    return forecast.run(load_params())
