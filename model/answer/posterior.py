"""The posterior draws as of a day: the fit to a record, reweighted by what was decided since."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from ..evidence.ledger import Ledger
from ..evidence.record import Record, no_record, record
from ..fit.fits import Fit
from ..fit.reweight import PARETO_K_MAX, update
from ..settings.params import Params

Fitter = Callable[[Params, Record], Fit]
"""What makes or loads the fit to a record, such as `fits.fit`."""


def record_as_of(params: Params, whole: Ledger, as_of: date) -> Record:
    """The record of a day; an empty one if the run setting `record` is none."""
    return no_record() if params.run.record == "none" else record(whole.as_of(as_of), params)


def records(params: Params, whole: Ledger, as_of: date, through: date | None) -> tuple[Record, Record]:
    """The record to fit, that of `through` if it is earlier than `as_of`, and the record of `as_of`."""
    now = record_as_of(params, whole, as_of)
    return (record_as_of(params, whole, min(through, as_of)) if through else now), now


def reweighted(params: Params, past: Record, now: Record, fitted: Fitter) -> Fit:
    """The fit to the record `past`, its draws reweighted to the record `now`; draws of priors stay.

    If the weights are unreliable, this is the fit to `now`, and its `why` says so.
    """
    done = fitted(params, past)
    if params.run.record == "none":
        return done
    updated = update(done, past, now)
    if updated.pareto_k <= PARETO_K_MAX:
        return updated
    why = f"reweighting the fit through {past.through} is not reliable (Pareto k {updated.pareto_k:.2f})"
    return replace(update(fitted(params, now), now, now), why=why)


def fit_as_of(params: Params, whole: Ledger, as_of: date, fitted: Fitter, through: date | None = None) -> Fit:
    """The fit to what was decided by `through` (by default `as_of`), reweighted to `as_of`."""
    return reweighted(params, *records(params, whole, as_of, through), fitted)
