"""Sampling with PyMC (one record) or nutpie (many records), and the convergence gate."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..evidence.record import Record
from ..files.problems import InputError
from ..parallel import is_worker
from ..settings.params import Params
from ..summit import build, data_of

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

RESAMPLED = ("tone", "season_tone", "norm")
"""Data that change with any past row: variables of the graph, so that a new row needs no recompiling."""


def sample(params: Params, record: Record) -> "DataTree":
    """The chains of a record from PyMC's own sampler, the fastest choice for a single fit.

    Raises
    ------
    KeyboardInterrupt
        If sampling is interrupted; PyMC alone would return the draws made so far.
    """
    import pymc as pm
    from pymc.model.transform.optimization import freeze_dims_and_data

    run = params.run
    model = build(params, record)
    constant = [data.name for data in model.data_vars if data.name not in RESAMPLED]
    with freeze_dims_and_data(model, data=constant):
        try:
            tree = pm.sample(
                run.draws,
                tune=run.tune,
                chains=run.chains,
                cores=2,
                nuts_sampler="pymc",
                nuts={"target_accept": run.target_accept},
                random_seed=run.random_seed,
                compute_convergence_checks=False,
                quiet=True,
                callback=progress(params),
            )
        except ValueError as error:
            if "Not enough samples" not in str(error):
                raise
            raise KeyboardInterrupt from None
    if tree["posterior"].sizes["draw"] < run.draws:
        raise KeyboardInterrupt
    return tree


def progress(params: Params) -> Callable[..., None] | None:
    """What PyMC calls after each draw: it moves a bar, which only a terminal shows; None in a worker."""
    if is_worker():
        return None
    from tqdm import tqdm

    run = params.run
    bar = tqdm(total=run.chains * (run.tune + run.draws), desc="draws", disable=None, leave=False)

    def after_draw(**_: Any) -> None:
        bar.update()
        if bar.n == bar.total:
            bar.close()

    return after_draw


def compiled(params: Params, record: Record) -> Any:
    """The model of a record, compiled by nutpie once for many records (see `resample`)."""
    import warnings

    try:
        import nutpie
    except ImportError:
        needs = "many records need the extra `study`: make study, or pip install --editable '.[study]'"
        raise InputError.at("environment", 0, 0, needs) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nutpie.compile_pymc_model(build(params, record))


def resample(
    ready: Any,
    record: Record,
    params: Params,
    *,
    chains: int | None = None,
    draws: int | None = None,
    tune: int | None = None,
) -> "DataTree":
    """The chains of a compiled model for another record; their default length comes from the run settings."""
    import nutpie

    run = params.run
    shared = {variable.name for variable in ready.shared_var_keys}
    data = {name: value for name, value in data_of(record).items() if name in shared}
    return nutpie.sample(
        ready.with_data(**data),
        draws=draws or run.draws,
        tune=tune or run.tune,
        chains=chains or run.chains,
        cores=2,
        target_accept=run.target_accept,
        seed=run.random_seed,
        save_warmup=False,
        progress_bar=False,
    )


def thinned(tree: "DataTree", number: int) -> "DataTree":
    """Posterior and sample stats thinned to every n-th draw; at least `number` draws remain, if available."""
    from xarray import DataTree

    sizes = tree["posterior"].sizes
    step = max(1, sizes["chain"] * sizes["draw"] // number)
    return DataTree.from_dict(
        {
            name: tree[name].to_dataset().isel(draw=slice(None, None, step))
            for name in ("posterior", "sample_stats")
        }
    )


def flat(data: "Dataset") -> dict[str, np.ndarray]:
    """The variables of a dataset with dims chain and draw as arrays (draw, *dims), ordered by chain."""
    stacked = data.stack(sample=("chain", "draw")).transpose("sample", ...)
    return {str(name): stacked[name].values for name in data.data_vars}


def draws_of(tree: "DataTree", record: Record) -> dict[str, np.ndarray]:
    """The draws of all chains by variable (draw, *dims); `norm` is the usual tone of the record."""
    posterior = flat(tree["posterior"].to_dataset())
    draws = {name: values for name, values in posterior.items() if not name.endswith("_above")}
    return draws | {"norm": np.full(len(draws["held"]), record.norm)}


def varying(tree: "DataTree") -> "Dataset":
    """The posterior without variables that the prior fixes."""
    posterior = tree["posterior"].to_dataset()
    return posterior.drop_vars([name for name, values in posterior.data_vars.items() if values.std() == 0])


def worst_rhat(tree: "DataTree") -> float:
    """The largest R-hat of any variable."""
    import arviz_stats as az

    return max(float(values.max()) for values in az.rhat(varying(tree)).data_vars.values())


def extreme(values: "Dataset", worst: Any) -> tuple[float, str]:
    """The worst value of a dataset (`worst` is min or max) and the name of its element."""
    elements = {
        f"{name}{list(index) if index else ''}": float(value)
        for name, array in values.data_vars.items()
        for index, value in np.ndenumerate(array.values)
    }
    name = worst(elements, key=elements.__getitem__)
    return elements[name], name


def diagnose(
    tree: "DataTree", params: Params, kept: "DataTree | None" = None
) -> tuple[dict[str, Any], list[str]]:
    """R-hat, ESS, divergences and E-BFMI of a fit, and a sentence about each that fails the gate.

    If the draws are thinned, the effective sample size is that of the draws `kept`.
    """
    import arviz_stats as az

    gate, few = params.run.gate, varying(tree if kept is None else kept)
    rhat, rhat_of = extreme(az.rhat(varying(tree)), max)
    ess, ess_of = min(extreme(az.ess(few, method=method), min) for method in ("bulk", "tail"))
    ebfmi = float(np.min(az.bfmi(tree["sample_stats"]["energy"].values)))
    divergences = int(tree["sample_stats"]["diverging"].sum())
    checks = {"rhat_max": rhat, "ess_min": ess, "divergences": divergences, "ebfmi_min": ebfmi}
    failures = []
    if not rhat <= gate.rhat_max:
        failures.append(f"R-hat {rhat:.3f} of {rhat_of}; at most {gate.rhat_max} wanted")
    if not ess >= gate.ess_min:
        failures.append(f"effective sample size {ess:.0f} of {ess_of}; at least {gate.ess_min:g} wanted")
    if divergences > gate.divergences_max:
        failures.append(f"{divergences} divergences; at most {gate.divergences_max} wanted")
    if not ebfmi >= gate.ebfmi_min:
        failures.append(f"E-BFMI {ebfmi:.2f}; at least {gate.ebfmi_min} wanted")
    return checks | {"ok": not failures}, failures
