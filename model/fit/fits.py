"""Fits: stored by a hash of their inputs, and published only if they pass the convergence gate."""

import ast
import inspect
import json
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import parallel, summit
from ..evidence.record import Record
from ..files.disk import content_hash, locked, name_of
from ..files.problems import Failure
from ..paths import FAILED, FITS, RECORD, RENDERED
from ..settings.params import Params
from ..summit import coords, data_of
from .reweight import PARETO_K_MAX, adapted, log_densities
from .sampling import diagnose, draws_of, flat, sample, thinned
from .store import POSTERIOR, STATS, Fit, attributes, fit_of, load_fit, save_fit

if TYPE_CHECKING:
    from xarray import DataTree

NONE_STORED = "no stored fit of these priors and this record"
QUICK_ESS = 200
"""With fewer effective draws than this, reweighting does not take the place of sampling."""
JANUARIES = f"{RECORD.name}/fits"
"""The folder, among the rendered runs, of the fits that the track record ships: one for each January.

Their files are named by the day of the last outcome that they know.
"""
KEPT = 1000
"""Draws kept from a fit: thinning speeds up every forecast and loses little, as draws are autocorrelated."""


class GateError(Failure):
    """The fit failed its convergence checks, so nothing is published."""


def model_parts(params: Params) -> tuple[list[str], list]:
    """What fits share if only priors and records differ: model and sampling code; labels and settings."""
    code = [code_of(part) for part in (summit.build, summit.prior_variable, sample)]
    settings = params.run.model_dump(mode="json", exclude={"interval_mass", "evidence", "record"})
    return code, [coords(params), settings, KEPT]


def model_key(params: Params) -> str:
    """Hash of `model_parts` and of where priors have mass; draws can be reweighted if it is the same.

    Where the old prior has no mass there are no draws, and no weights could tell.
    """
    code, shared = model_parts(params)
    support = {name: prior.support() for name, prior in params.priors.parameters.items()}
    return content_hash(*code, json.dumps([*shared, support], sort_keys=True))[:32]


def fit_key(params: Params, record: Record) -> str:
    """Hash of everything that determines a fit: model and sampling code, priors, settings and data."""
    code, shared = model_parts(params)
    priors = {
        name: prior.model_dump(include={"dist", "above", "args", "quantiles"})
        for name, prior in params.priors.parameters.items()
    }
    words = json.dumps([priors, *shared, record.through.isoformat()], sort_keys=True)
    data = [
        f"{name}{value.dtype}{value.shape}".encode() + value.tobytes()
        for name, value in data_of(record).items()
    ]
    return content_hash(*code, words, *data)[:32]


@cache
def code_of(function: Callable) -> str:
    """The code of a function without what does not affect a fit: comments, docstrings, layout, `callback`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
        if isinstance(node, ast.Call):
            node.keywords = [each for each in node.keywords if each.arg != "callback"]
    return ast.dump(tree)


def fit(params: Params, record: Record, *, anew: bool = False) -> Fit:
    """The stored fit of these inputs, the one shipped with a rendered run, or a new one.

    A new fit is stored after it passes the gate. `anew` samples even if a fit is stored.

    Raises
    ------
    GateError
        Names the parameters that failed; their draws are saved under `.cache/failed` for inspection.
    """
    key = fit_key(params, record)
    path = FITS / f"{key}.npz"
    if not anew and (found := at_hand(key)):
        return found
    with locked(f"fit-{key[:16]}"):
        if not anew and (found := load_fit(path)):
            return found
        return sampled(params, record, path, "asked for" if anew else NONE_STORED)


def quick_fit(params: Params, record: Record) -> Fit:
    """As `fit`, but where it would sample, another fit serves if it can, and the result is not stored.

    See `from_another`. Without a record the draws come from the priors.
    """
    key = fit_key(params, record)
    if found := at_hand(key):
        return found
    params.check_priors()
    if params.run.record == "none":
        from .predictive import prior_draws

        draws = prior_draws(params, KEPT, params.run.random_seed)
        return Fit(key, record.through, draws, {"ess_min": float(KEPT)}, 0.0, True, "Draws of the priors")
    found = from_another(params, record)
    return replace(found, key=key) if found else fit(params, record)


def from_another(params: Params, record: Record) -> Fit | None:
    """Another fit, reweighted to these priors and outcomes; None if none serves.

    The first of the `proposals` serves that keeps `QUICK_ESS` effective draws with reliable weights.
    """
    for proposal in proposals(params, record.through):
        made = adapted(proposal, params, record)
        ess, shape = made.diagnostics["ess_min"], made.pareto_k
        if shape <= PARETO_K_MAX and ess >= QUICK_ESS:
            checks = made.diagnostics | ({"pareto_k": shape} if isfinite(shape) else {})
            why = f"{made.why}, reweighted to these priors and outcomes: {ess:.0f} effective draws"
            return replace(made, diagnostics=checks, why=why)
    return None


def proposals(params: Params, through: date) -> Iterator[Fit]:
    """Fits of the same model that know nothing later than `through`: shipped ones, then those of the store.

    The shipped ones are those of rendered runs and, as others know less, the latest of `JANUARIES`.
    """
    model, until = model_key(params), through.isoformat()
    januaries = [path for path in sorted(RENDERED.glob(f"{JANUARIES}/*.npz")) if path.stem <= until]
    yield from _usable(rendered() | {path: attributes(path) for path in januaries[-1:]}, model, until)
    yield from _usable({path: attributes(path) for path in FITS.glob("*.npz")}, model, until)


def _usable(about: dict[Path, dict[str, Any]], model: str, until: str) -> Iterator[Fit]:
    """The fits of a model that know nothing later than a day, the latest first, from their attributes."""
    ends = {
        path: (each["through"], path)
        for path, each in about.items()
        if each.get("model") == model and each["through"] <= until
    }
    for path in sorted(ends, key=ends.__getitem__, reverse=True):
        if found := stored(path, about[path].get("key")):
            yield found


@lru_cache(8)
def stored(path: Path, key: str | None = None) -> Fit | None:
    """The fit in a file, in double precision, read once a process; `key` is that of a netCDF file."""
    if path.name == POSTERIOR:
        return fit_of(path)
    if not (found := load_fit(path)):
        return None
    draws = {name: values.astype(float, copy=False) for name, values in found.draws.items()}
    home = found.why if path.parent == FITS else f"From the fit through {found.through} in the track record"
    return replace(found, draws=draws, why=home)


def sampled(params: Params, record: Record, path: Path, why: str) -> Fit:
    """A fit sampled now and stored at `path`, see `fit`; if the checks fail, once more with longer chains."""
    begin = time.perf_counter()
    params.check_priors()
    outcomes = len(record.came) + len(record.met) + record.held[1]
    seen = f"{outcomes} outcomes known by {record.through}" if outcomes else "no outcomes, its priors alone"
    parallel.announce(f"Fitting the model to {seen}: 15 to 45 seconds.")
    kept, checks, failures = _chains(params, record)
    if failures:
        parallel.announce(f"These chains fail the checks ({'; '.join(failures)}): again, twice as long.")
        why = f"{why}; sampled twice as long, since shorter chains failed the checks"
        kept, checks, failures = _chains(params, record, times=2)
    stats = flat(kept["sample_stats"].to_dataset()[list(STATS)])
    seconds = time.perf_counter() - begin
    draws, through = draws_of(kept, record), record.through
    made = Fit(path.stem, through, draws, checks, seconds, False, why, stats=stats, model=model_key(params))
    if failures:
        failed = FAILED / path.name
        save_fit(failed, made)
        raise GateError(
            "the fit did not pass its checks, nothing is published:\n  "
            + "\n  ".join(failures)
            + f"\nThe draws are kept in {name_of(failed)}."
        )
    made = replace(made, densities=log_densities(draws, params, record))
    save_fit(path, made)
    return made


def _chains(params: Params, record: Record, times: int = 1) -> tuple["DataTree", dict[str, Any], list[str]]:
    """Thinned chains of `times` the length in the run settings, and what `diagnose` says of them."""
    length = {"tune": times * params.run.tune, "draws": times * params.run.draws}
    tree = sample(replace(params, run=params.run.model_copy(update=length)), record)
    kept = thinned(tree, KEPT)
    return kept, *diagnose(tree, params, kept)


def at_hand(key: str) -> Fit | None:
    """The stored fit of this key, or that of a rendered run, which is stored then; None without either."""
    if found := load_fit(FITS / f"{key}.npz"):
        return found
    for path, about in rendered().items():
        if about.get("key") == key and (made := fit_of(path)):
            save_fit(FITS / f"{key}.npz", made)
            return made
    return None


def rendered() -> dict[Path, dict[str, Any]]:
    """The root attributes of the posterior of each rendered run, by its file."""
    return {path: attributes(path) for path in sorted(RENDERED.glob(f"*/{POSTERIOR}"))}
