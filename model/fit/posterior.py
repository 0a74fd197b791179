"""The posterior of a run as an ArviZ DataTree and as a netCDF file, `posterior.nc`, beside its forecast.

Groups: prior, posterior, posterior_predictive, log_prior, log_likelihood, observed_data, constant_data,
sample_stats. Dims: chain, draw, and those of the model. The root attributes identify the fit: key, model
(see `fits.model_key`), through, diagnostics, graph, seed, versions and the layout of the file.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..evidence.record import Record
from ..files.disk import locked
from ..paths import FITS
from ..settings.params import Params
from ..summit import build, coords, dims
from .fits import Fit, fit, model_key, rendered
from .predictive import graph
from .store import attributes, read, write

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

LAYOUT = 4
"""The number of the file's layout, which rises whenever groups, labels or attributes change."""
VERSIONED = ("arviz", "numpy", "pymc", "pytensor")
DATA_DIMS = {
    "decision": ("classes", "sides", "types", "tone", "came"),
    "season": ("at_summit", "at_other", "season_tone", "met"),
    "offset": ("meeting_days",),
    "level": (
        "said_came",
        "said_away",
        "said_came_hits",
        "said_came_trials",
        "said_away_hits",
        "said_away_trials",
    ),
    "notice": ("notices",),
}
"""The dim of each non-scalar data variable; a decision is one leader's attendance at one occasion."""


def posterior_tree(params: Params, record: Record) -> "DataTree":
    """The DataTree of the fit to a record."""
    return read(posterior_file(params, record))


def posterior_file(params: Params, record: Record, *, anew: bool = False) -> Path:
    """The netCDF file of the fit to a record; made with PyMC if neither the store nor a rendered run has it.

    With `anew` it is made again from the stored draws.
    """
    made = fit(params, record)
    stored = FITS / f"{made.key}.nc"
    for path in () if anew else (stored, *rendered()):
        if _holds(path, made.key):
            return path
    with locked(f"posterior-{made.key[:16]}"):
        if anew or not _holds(stored, made.key):
            write(tree_of(made, params, record), stored)
    return stored


def _holds(path: Path, key: str) -> bool:
    """Whether a file holds all groups of the fit of this key."""
    about = attributes(path)
    return (about.get("key"), about.get("layout")) == (key, LAYOUT)


def tree_of(made: Fit, params: Params, record: Record) -> "DataTree":
    """All groups of a fit; PyMC draws the predictive groups with the random seed of the run."""
    import logging

    import pymc as pm
    from xarray import DataTree

    logging.getLogger("pymc").setLevel(logging.WARNING)
    posterior = by_chain(made.draws, params, record)
    # For a prior shifted by `above`, PyMC samples the unshifted part.
    shifts = {name: prior.above for name, prior in params.priors.parameters.items() if prior.above}
    sampled = posterior.assign({f"{name}_above": posterior[name] - above for name, above in shifts.items()})
    seed = params.run.random_seed
    with build(params, record) as model:
        prior = pm.sample_prior_predictive(len(made.draws["held"]), random_seed=seed)
        given = DataTree.from_dict({"posterior": sampled})
        predictive = pm.sample_posterior_predictive(given, random_seed=seed, progressbar=False)
        log_likelihood = pm.stats.compute_log_likelihood(given, progressbar=False, extend_inferencedata=False)
        log_prior = pm.stats.compute_log_prior(given, progressbar=False, extend_inferencedata=False)
    groups = {
        "prior": prior["prior"].to_dataset().drop_vars([f"{name}_above" for name in shifts]),
        "posterior": posterior,
        "posterior_predictive": predictive["posterior_predictive"].to_dataset(),
        "log_prior": log_prior.rename({f"{name}_above": name for name in shifts}).astype("float32"),
        "log_likelihood": log_likelihood.astype("float32"),
        "observed_data": prior["observed_data"].to_dataset(),
        "constant_data": prior["constant_data"].to_dataset(),
        "sample_stats": by_chain(made.stats, params, record),
    }
    tree = DataTree.from_dict({name: named(data) for name, data in groups.items()})
    tree.attrs = {
        "key": made.key,
        "model": model_key(params),
        "layout": LAYOUT,
        "through": made.through.isoformat(),
        "diagnostics": json.dumps(made.diagnostics, sort_keys=True),
        "graph": json.dumps(graph(model)._asdict()),
        "random_seed": seed,
        "versions": json.dumps({name: version(name) for name in VERSIONED}, sort_keys=True),
    }
    return tree


def by_chain(arrays: dict[str, np.ndarray], params: Params, record: Record) -> "Dataset":
    """Arrays (draw, *dims), ordered by chain, as a dataset with dims chain, draw and those of the model.

    Chains and draws are numbered, which `az.plot_trace` and others need.
    """
    from xarray import Dataset

    chains, labels = params.run.chains, dims(params)
    values = {
        name: (("chain", "draw", *labels.get(name, ())), array.reshape(chains, -1, *array.shape[1:]))
        for name, array in arrays.items()
        if name != "norm"
    }
    numbered = Dataset(values, coords=coords(params) if "held" in values else None)
    return numbered.assign_coords({dim: np.arange(numbered.sizes[dim]) for dim in ("chain", "draw")})


def named(data: "Dataset") -> "Dataset":
    """A PyMC dataset with the dim names of `DATA_DIMS`, small integer types and no attributes."""
    from xarray import Dataset

    homes = {
        f"{part}{ending}_dim_0": dim
        for dim, parts in DATA_DIMS.items()
        for part in parts
        for ending in ("", "_seen")
    }
    found = [str(dim) for dim in data.dims if dim in homes]
    renamed = data.drop_vars(found, errors="ignore").rename_dims({dim: homes[dim] for dim in found})
    small = {
        name: values.astype("int16") for name, values in renamed.data_vars.items() if values.dtype.kind == "i"
    }
    # PyMC's order of variables and coordinates varies from run to run; the file must not.
    renamed = renamed.assign(small)
    values = {name: renamed[name].variable for name in sorted(map(str, renamed.data_vars))}
    return Dataset(
        values, coords={name: renamed[name] for name in sorted(map(str, renamed.coords))}
    ).drop_attrs()
