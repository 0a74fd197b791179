"""Fits as files: `.npz` in the store, which needs NumPy alone, and netCDF for rendered runs and ArviZ.

A netCDF file holds an ArviZ DataTree (see `posterior`); its root attributes identify the fit.
"""

import json
import os
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from .. import parallel
from ..files.disk import name_of, write_atomic
from ..summit import PARAMETERS
from .likelihood import by_block

if TYPE_CHECKING:
    from h5py import Group
    from xarray import DataTree

POSTERIOR = "posterior.nc"
"""The name of the netCDF file beside the forecast of a rendered run."""
STATS = ("acceptance_rate", "diverging", "energy", "lp", "n_steps", "step_size", "tree_depth")
"""Sample stats that are kept beside the draws."""
UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile)
"""What is raised by reading a file that is missing, incomplete or damaged."""


@dataclass(frozen=True)
class Fit:
    """Posterior draws by variable, each (draw, *dims), with their source and the results of the checks.

    `stats` are the sampler's statistics of the draws; `why` is the reason for sampling, or their source.
    A stored fit names its `model` (see `fits.model_key`) and has the log `densities` of its draws by block
    (see `reweight.log_densities`), so that it can be reweighted.
    """

    key: str
    through: date
    draws: dict[str, np.ndarray]
    diagnostics: dict[str, Any]
    seconds: float
    reused: bool
    why: str
    pareto_k: float = -np.inf
    stats: dict[str, np.ndarray] = field(default_factory=dict)
    model: str = ""
    densities: dict[str, np.ndarray] = field(default_factory=dict)


@cache
def warn_of_damage(path: Path) -> None:
    """Say once that a file that cannot be read is not used; a missing file is no damage."""
    if path.exists():
        parallel.announce(f"warning: {name_of(path)} is damaged and is not used; remove or restore it")


def save_fit(path: Path, made: Fit) -> None:
    """Write a fit as one .npz file, atomically."""
    meta = {
        "through": made.through.isoformat(),
        "diagnostics": made.diagnostics,
        "seconds": made.seconds,
        "model": made.model,
    }
    groups = {"": made.draws, "stats/": made.stats, "densities/": made.densities}
    arrays = {f"{group}{name}": values for group, found in groups.items() for name, values in found.items()}
    buffer = BytesIO()
    np.savez(buffer, meta=np.array(json.dumps(meta)), **arrays)
    write_atomic(path, buffer.getvalue())


def load_fit(path: Path) -> Fit | None:
    """The stored fit, or None if no readable fit exists."""
    try:
        with np.load(path) as stored:
            meta = json.loads(str(stored["meta"]))
            groups: dict[str, dict[str, np.ndarray]] = {"": {}, "stats": {}, "densities": {}}
            for name in stored.files:
                if name != "meta":
                    group, _, variable = name.rpartition("/")
                    groups[group][variable] = stored[name]
    except UNREADABLE:
        warn_of_damage(path)
        return None
    return Fit(
        path.stem,
        date.fromisoformat(meta["through"]),
        groups[""],
        meta["diagnostics"],
        meta["seconds"],
        True,
        "From the stored fit",
        stats=groups["stats"],
        model=meta.get("model", ""),
        densities=groups["densities"],
    )


def write(tree: "DataTree", path: Path) -> None:
    """Write a DataTree as compressed netCDF, atomically."""
    part = path.with_name(f".{path.name}.part")
    encoding = {
        f"/{name}": {
            variable: {"zlib": True, "complevel": 6, "shuffle": True}
            for variable in group.data_vars
            if group[variable].ndim
        }
        for name, group in tree.children.items()
    }
    tree.to_netcdf(part, engine="h5netcdf", encoding=encoding)
    os.replace(part, path)


def read(path: Path) -> "DataTree":
    """The DataTree of a netCDF file, in memory."""
    import xarray as xr

    with xr.open_datatree(path, engine="h5netcdf") as tree:
        return tree.load()


def attributes(path: Path) -> dict[str, Any]:
    """What a netCDF or .npz file says of its fit; empty if it cannot be read."""
    try:
        if path.suffix == ".npz":
            with np.load(path) as stored:
                return json.loads(str(stored["meta"]))
        import h5py

        with h5py.File(path) as file:
            return dict(file.attrs)
    except UNREADABLE:
        warn_of_damage(path)
        return {}


def joined(group: "Group") -> dict[str, np.ndarray]:
    """The variables of a group of a netCDF file with dims chain and draw as arrays (draw, *dims).

    h5py alone reads them, because loading xarray takes longer than most answers.
    """
    found = {name: data for name in group if not (data := group[name]).is_scale}
    return {
        name: data[()].reshape(-1, *data.shape[2:]).astype(data.attrs.get("dtype", data.dtype))
        for name, data in found.items()
    }


def fit_of(path: Path) -> Fit | None:
    """The fit stored in a netCDF file, or None if it cannot be read.

    Its log densities are without priors that params cannot change.
    """
    import h5py

    names = ("posterior", "sample_stats", "log_likelihood", "log_prior")
    try:
        with h5py.File(path) as file:
            about = dict(file.attrs)
            draws, stats, likelihood, prior = (joined(file[name]) for name in names)
            norm = float(file["constant_data/norm"][()])
    except UNREADABLE:
        warn_of_damage(path)
        return None
    varying = likelihood | {name: prior[name] for name in PARAMETERS}
    summed = {name: values.reshape(len(values), -1).sum(1, dtype=float) for name, values in varying.items()}
    return Fit(
        str(about["key"]),
        date.fromisoformat(about["through"]),
        draws | {"norm": np.full(len(draws["held"]), norm)},
        json.loads(about["diagnostics"]),
        0.0,
        True,
        f"From the posterior that {name_of(path.parent)} ships",
        stats=stats,
        model=str(about.get("model", "")),
        densities=by_block(summed),
    )
