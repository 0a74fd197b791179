"""Fixtures for all tests: caches inside the checkout, and one fit of the default run per session."""

import gc
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Browser
from hypothesis import configuration, settings
from made_up import thinned

import model  # noqa: F401  (sets one BLAS thread and the caches before NumPy is imported)
from model.answer import forecast, sweep
from model.evidence import ledger, table
from model.fit import fits
from model.paths import ROOT, SEEDS
from model.settings.params import load_params

# jsonschema, which nbformat imports, would spend two seconds on a grammar of web addresses.
sys.modules.setdefault("rfc3987_syntax", None)

configuration.set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


LONGEST = ("test_notebooks", "test_posterior", "test_environment", "test_faults", "test_pairs", "test_cli")
"""Files that begin first, so that both workers end together."""


def pytest_collection_modifyitems(items):
    """Put the files of `LONGEST` first, in their order."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


def pytest_unconfigure():
    """Let Python end without a search for cycles, which takes a worker three seconds."""
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_samples_unawares(request, monkeypatch):
    """Refuse to sample in a test that does not say so: a fresh machine has no stored fit, and takes 20 s."""
    if not {"samples", "study"} & set(request.keywords):
        monkeypatch.setattr(fits, "_chains", lambda *_: pytest.fail("a fit is sampled: give it draws"))


@pytest.fixture(scope="session", autouse=True)
def seeds_read_once():
    """Read each table of the seeds once a process: hundreds of tests load the whole ledger.

    Where other files follow the seeds, only the splitting of lines into cells is saved.
    """
    plain_table, plain_csv, known = ledger.read_table, table.read_csv, {}

    def contents_of_seeds(paths, contents):
        """What is read as the content of these files; None unless all of them are seeds."""
        full = [path.resolve() for path in paths]
        if all(path.parent == SEEDS and path.exists() for path in full):
            return tuple(contents[path] if path in contents else path.read_bytes() for path in full)
        return None

    def once(key, read, problems):
        if key not in known:
            faults = []
            known[key] = read(faults), faults
        result, faults = known[key]
        problems += faults
        return result

    def read_table(kind, paths, vocabulary, check, problems, contents):
        paths = tuple(map(Path, paths))

        def read(faults):
            return plain_table(kind, paths, vocabulary, check, faults, contents)

        content = contents_of_seeds(paths, contents)
        key = kind, paths, content, repr(vocabulary), repr(getattr(check, "keywords", ""))
        return read(problems) if content is None else once(key, read, problems)

    def read_csv(path, columns, problems, content=None, optional=()):
        def read(faults):
            return plain_csv(path, columns, faults, content, optional)

        given = {} if content is None else {Path(path).resolve(): content}
        seed = contents_of_seeds([Path(path)], given)
        return read(problems) if seed is None else once((path, columns, seed), read, problems)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "read_table", read_table)
        patch.setattr(table, "read_csv", read_csv)
        yield


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


@pytest.fixture(scope="session")
def small_run(default_run):
    """The default run from every eighth draw, for tests that ask for many forecasts."""
    few = replace(default_run.fit, draws=thinned(default_run.draws, 8))
    return forecast.forecast(default_run.params, default_run.whole, lambda *_: few)


@pytest.fixture(scope="module")
def few_draws(small_run):
    """Whoever loads the fit of the default run gets the draws of `small_run`."""
    plain, own = fits.load_fit, small_run.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "_FITS", {})  # or they would stay with the process
        patch.setattr(fits, "load_fit", lambda path: own if path.stem == own.key else plain(path))
        yield
