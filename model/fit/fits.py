"""Fits: sampling a model, the gate, the store of fits, and reweighting draws by what was decided since."""

import inspect
import json
import time
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from .. import summit
from ..evidence.record import Record
from ..evidence.seasons import YEAR
from ..files import Failure, content_hash, locked, name_of, write_atomic
from ..paths import FAILED, FITS
from ..settings.params import Params
from ..summit import build, coords, data_of, dims
from .likelihood import log_likelihood

PARETO_K_MAX = 0.7
"""Largest Pareto k at which reweighted draws are to be trusted (Vehtari and others 2024)."""


class GateError(Failure):
    """A fit that did not pass its checks; nothing is published from it."""


@dataclass(frozen=True)
class Fit:
    """Posterior draws by variable, each (draw, *dims), with how they came about and what the checks say."""

    key: str
    through: date
    draws: dict[str, np.ndarray]
    diagnostics: dict[str, Any]
    seconds: float
    reused: bool
    why: str
    pareto_k: float = -np.inf

    def dataset(self, params: Params):
        """The draws as an xarray.Dataset with named dims."""
        import xarray as xr

        return xr.Dataset(
            {name: (("draw", *dims(params).get(name, ())), value) for name, value in self.draws.items()},
            coords=coords(params),
        )


def fit_key(params: Params, record: Record) -> str:
    """Hash of all that decides a fit: this model, priors, settings, the data of the likelihood, versions."""
    source = [inspect.getsource(part) for part in (summit.build, summit.prior_variable, sample)]
    priors = {
        name: prior.model_dump(include={"dist", "above", "args", "quantiles"})
        for name, prior in params.priors.parameters.items()
    }
    settings = params.run.model_dump(mode="json", exclude={"interval_mass", "evidence", "record"})
    versions = {name: version(name) for name in ("numpy", "pymc", "pytensor", "nutpie", "arviz-stats")}
    data = [
        f"{name}{value.dtype}{value.shape}".encode() + value.tobytes()
        for name, value in data_of(record).items()
    ]
    words = json.dumps(
        [priors, coords(params), settings, versions, record.through.isoformat()], sort_keys=True
    )
    return content_hash(*source, words, *data)


def fit(params: Params, record: Record) -> Fit:
    """The stored fit of this content, or a new one, stored under its hash once it passed the gate.

    Raises
    ------
    GateError
        Naming the parameters at fault; the draws are kept under `.cache/failed` for inspection.
    """
    key = fit_key(params, record)
    path = FITS / f"{key[:32]}.npz"
    if stored := load_fit(path):
        return stored
    with locked(f"fit-{key[:16]}"):
        if stored := load_fit(path):
            return stored
        begin = time.perf_counter()
        tree = sample(params, record)
        draws, (checks, failures) = draws_of(tree, record), diagnose(tree, params)
        seconds = time.perf_counter() - begin
        if failures:
            failed = FAILED / path.name
            save_fit(
                failed,
                draws,
                {"through": record.through.isoformat(), "diagnostics": checks, "seconds": seconds},
            )
            raise GateError(
                "the fit did not pass its checks, nothing is published:\n  "
                + "\n  ".join(failures)
                + f"\nThe draws are kept in {name_of(failed)}."
            )
        save_fit(
            path, draws, {"through": record.through.isoformat(), "diagnostics": checks, "seconds": seconds}
        )
        return Fit(
            path.stem,
            record.through,
            draws,
            checks,
            seconds,
            False,
            "no stored fit of these priors and this record",
        )


def sample(params: Params, record: Record):
    """The chains of a record by PyMC's own sampler, as ArviZ keeps them: the quickest way to a single fit."""
    import pymc as pm
    from pymc.model.transform.optimization import freeze_dims_and_data

    run = params.run
    pymc_model = build(params, record)
    # As constants the data make a smaller, faster graph; not so the tone, which any row of the past alters, to avoid
    # recompiling for each.
    constant = [
        data.name for data in pymc_model.data_vars if data.name not in ("tone", "season_tone", "norm")
    ]
    with freeze_dims_and_data(pymc_model, data=constant):
        try:
            tree = pm.sample(
                run.draws,
                tune=run.tune,
                chains=run.chains,
                cores=2,
                nuts_sampler="pymc",
                quiet=True,
                nuts={"target_accept": run.target_accept},
                random_seed=run.random_seed,
                compute_convergence_checks=False,
            )
            whole = tree["posterior"].sizes["draw"] == run.draws
        except ValueError as error:
            if "Not enough samples" not in str(error):
                raise
            whole = False
    if not whole:  # PyMC takes Ctrl-C as the wish for what it has so far
        raise KeyboardInterrupt
    return tree


def compiled(params: Params, record: Record):
    """The model of a record, compiled by nutpie for many: `resample` puts any other record in its place."""
    import warnings

    import nutpie

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nutpie.compile_pymc_model(build(params, record))


def resample(
    ready,
    record: Record,
    params: Params,
    *,
    chains: int | None = None,
    draws: int | None = None,
    tune: int | None = None,
):
    """The chains of a compiled model given a record, as ArviZ keeps them; by default as long as the run settings say."""
    import nutpie

    run = params.run
    data = {
        name: value
        for name, value in data_of(record).items()
        if name in {v.name for v in ready.shared_var_keys}
    }
    return nutpie.sample(
        ready.with_data(**data),
        draws=draws or run.draws,
        tune=tune or run.tune,
        cores=2,
        chains=chains or run.chains,
        target_accept=run.target_accept,
        seed=run.random_seed,
        save_warmup=False,
        progress_bar=False,
    )


def draws_of(tree, record: Record) -> dict[str, np.ndarray]:
    """The draws of all chains by variable (draw, *dims), chain after chain; `norm` is the usual tone of the record."""
    posterior = tree["posterior"].to_dataset().stack(sample=("chain", "draw")).transpose("sample", ...)
    draws = {name: posterior[name].values for name in posterior.data_vars if not name.endswith("_above")}
    return draws | {"norm": np.full(posterior.sizes["sample"], record.norm)}


def varying(tree):
    """The posterior without the variables that a prior fixes."""
    posterior = tree["posterior"].to_dataset()
    return posterior.drop_vars([name for name, values in posterior.data_vars.items() if values.std() == 0])


def worst_rhat(tree) -> float:
    """The largest R-hat of any variable."""
    import arviz_stats as az

    return max(float(values.max()) for values in az.rhat(varying(tree)).data_vars.values())


def diagnose(tree, params: Params) -> tuple[dict[str, Any], list[str]]:
    """R-hat, ESS, divergences and E-BFMI of a fit, and the sentences about those outside the gate."""
    import arviz_stats as az

    gate, posterior = params.run.gate, varying(tree)

    def extremes(values, worst) -> tuple[float, str]:
        flat = {
            f"{name}{list(index) if index else ''}": float(value)
            for name, array in values.data_vars.items()
            for index, value in np.ndenumerate(array.values)
        }
        name = worst(flat, key=flat.get)
        return flat[name], name

    rhat, rhat_of = extremes(az.rhat(posterior), max)
    bulk, bulk_of = extremes(az.ess(posterior, method="bulk"), min)
    tail, tail_of = extremes(az.ess(posterior, method="tail"), min)
    energy = tree["sample_stats"]["energy"].values
    ebfmi = float(np.min(np.square(np.diff(energy, axis=1)).mean(axis=1) / energy.var(axis=1)))
    divergences = int(tree["sample_stats"]["diverging"].sum())
    ess, ess_of = min((bulk, bulk_of), (tail, tail_of))
    checks = {"rhat_max": rhat, "ess_min": ess, "divergences": divergences, "ebfmi_min": ebfmi}
    failures = [
        message
        for bad, message in (
            (not rhat <= gate.rhat_max, f"R-hat {rhat:.3f} of {rhat_of}; at most {gate.rhat_max} wanted"),
            (
                not ess >= gate.ess_min,
                f"effective sample size {ess:.0f} of {ess_of}; at least {gate.ess_min:g} wanted",
            ),
            (
                divergences > gate.divergences_max,
                f"{divergences} divergences; at most {gate.divergences_max} wanted",
            ),
            (not ebfmi >= gate.ebfmi_min, f"E-BFMI {ebfmi:.2f}; at least {gate.ebfmi_min} wanted"),
        )
        if bad
    ]
    return checks | {"ok": not failures}, failures


def update(fitted: Fit, before: Record, now: Record, as_of: date) -> Fit:
    """The draws of a fit to `before`, reweighted by what was decided since, and by the time without a new visit.

    Draws are picked in proportion to the likelihood of that, at even steps through the cumulated weights (systematic
    resampling), so that what follows can treat them alike.
    """
    p = fitted.draws
    idle = max((as_of - now.through).days, 0) / YEAR if now.years else 0.0
    log_weight = (
        -p["visit_rate"] * idle if now is before else log_likelihood(p, now, idle) - log_likelihood(p, before)
    )
    weight = np.exp(log_weight - log_weight.max())
    steps = (np.arange(len(weight)) + 0.5) / len(weight)
    chosen = np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), steps), len(weight) - 1)
    return replace(
        fitted, draws={name: values[chosen] for name, values in p.items()}, pareto_k=pareto_k(log_weight)
    )


def pareto_k(log_weight: np.ndarray) -> float:
    """Shape of the generalised Pareto tail of importance weights; above 0.7 they are not to be trusted.

    The tail is the smaller of a fifth and 3 sqrt(n) draws; the estimate is that of Zhang and Stephens (2009) with the
    weak prior of Vehtari, Simpson, Gelman, Yao and Gabry (2024). ArviZ has it too, but takes seconds to import.
    """
    ordered = np.sort(np.exp(log_weight - log_weight.max()))
    count = len(ordered)
    length = int(min(count / 5, 3 * np.sqrt(count)))
    if length < 5 or ordered[-1] - ordered[-length - 1] <= 1e-9 * ordered[-1]:
        return -np.inf
    x = ordered[-length:] - ordered[-length - 1]
    if x[int(length / 4 + 0.5) - 1] <= x[0]:
        return np.nan
    grid = 30 + int(np.sqrt(length))
    b = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * x[int(length / 4 + 0.5) - 1]) + 1 / x[-1]
    k = np.log1p(-b[:, None] * x).mean(1)
    profile = length * (np.log(-b / k) - k - 1)
    weight = 1 / np.exp(profile[None, :] - profile[:, None]).sum(1)
    best = (b * weight).sum() / weight.sum()
    return float((np.log1p(-best * x).mean() * length + 5) / (length + 10))


def save_fit(path: Path, draws: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write draws and their description as one .npz file, atomically."""
    from io import BytesIO

    buffer = BytesIO()
    np.savez(buffer, __meta__=np.array(json.dumps(meta)), **draws)
    write_atomic(path, buffer.getvalue())


def load_fit(path: Path) -> Fit | None:
    """The stored fit, None where there is none that can be read."""
    try:
        with np.load(path) as stored:
            meta = json.loads(str(stored["__meta__"]))
            draws = {name: stored[name] for name in stored.files if name != "__meta__"}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return Fit(
        path.stem,
        date.fromisoformat(meta["through"]),
        draws,
        meta["diagnostics"],
        meta["seconds"],
        True,
        "from the stored fit",
    )
