"""Fits: stored by a hash of their inputs, and published only if they pass the convergence gate."""

import ast
import inspect
import json
import textwrap
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from .. import parallel, summit
from ..evidence.record import Record
from ..files.disk import content_hash, locked, name_of
from ..files.problems import Failure
from ..paths import FAILED, FITS, RENDERED
from ..settings.params import Params
from ..summit import coords, data_of
from .sampling import diagnose, draws_of, flat, sample, thinned
from .store import POSTERIOR, STATS, Fit, key_of, load_fit, read_fit, save_fit

NONE_STORED = "no stored fit of these priors and this record"
KEPT = 1000
"""Draws kept from a fit: thinning speeds up every forecast and loses little, as draws are autocorrelated."""


class GateError(Failure):
    """The fit failed its convergence checks, so nothing is published."""


def fit_key(params: Params, record: Record) -> str:
    """Hash of everything that determines a fit: model and sampling code, priors, settings and data."""
    code = [code_of(part) for part in (summit.build, summit.prior_variable, sample)]
    priors = {
        name: prior.model_dump(include={"dist", "above", "args", "quantiles"})
        for name, prior in params.priors.parameters.items()
    }
    settings = params.run.model_dump(mode="json", exclude={"interval_mass", "evidence", "record"})
    words = json.dumps([priors, coords(params), settings, KEPT, record.through.isoformat()], sort_keys=True)
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
    if not anew and (found := load_fit(path) or shipped(key)):
        return found
    with locked(f"fit-{key[:16]}"):
        if not anew and (found := load_fit(path)):
            return found
        return sampled(params, record, path, "asked for" if anew else NONE_STORED)


def sampled(params: Params, record: Record, path: Path, why: str) -> Fit:
    """A fit sampled now and stored at `path`; see `fit`."""
    begin = time.perf_counter()
    params.check_priors()
    outcomes = len(record.came) + len(record.met) + record.held[1]
    seen = f"{outcomes} outcomes known by {record.through}" if outcomes else "no outcomes, its priors alone"
    parallel.announce(f"Fitting the model to {seen}: 15 to 45 seconds.")
    tree = sample(params, record)
    kept = thinned(tree, KEPT)
    checks, failures = diagnose(tree, params, kept)
    stats = flat(kept["sample_stats"].to_dataset()[list(STATS)])
    seconds = time.perf_counter() - begin
    made = Fit(path.stem, record.through, draws_of(kept, record), checks, seconds, False, why, stats=stats)
    if failures:
        failed = FAILED / path.name
        save_fit(failed, made)
        raise GateError(
            "the fit did not pass its checks, nothing is published:\n  "
            + "\n  ".join(failures)
            + f"\nThe draws are kept in {name_of(failed)}."
        )
    save_fit(path, made)
    return made


def shipped(key: str) -> Fit | None:
    """The fit from the posterior of a rendered run, copied to the store; None if no run has it."""
    for path in sorted(RENDERED.glob(f"*/{POSTERIOR}")):
        if key_of(path) == key:
            made = read_fit(path)
            save_fit(FITS / f"{key}.npz", made)
            return made
    return None
