"""The posterior draws as of a day: the fit to a record, reweighted by what was decided since."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from ..evidence.ledger import Ledger
from ..evidence.record import Record, no_record, record
from ..fit.fits import Fit
from ..fit.reweight import PARETO_K_MAX, update
from ..settings.params import Params

Fitter = Callable[[Params, Record], Fit]
"""What makes or loads the fit to a record, such as `fits.fit`."""


@dataclass(frozen=True)
class Records:
    """The record that is fitted, and the record of the as-of day, by which the draws are reweighted."""

    fitted: Record
    now: Record


def records(params: Params, whole: Ledger, as_of: date, through: date | None = None) -> Records:
    """The records of a forecast as of a day: both that day's, unless the fit ends earlier, on `through`."""
    if params.run.record == "none":
        return Records(no_record(), no_record())
    now = record(whole.as_of(as_of), params)
    if through is None:
        return Records(now, now)
    return Records(record(whole.as_of(min(through, as_of)), params), now)


def reweighted(params: Params, both: Records, fitted: Fitter) -> Fit:
    """The fit to `both.fitted`, its draws reweighted to `both.now`; draws of priors stay.

    If the weights are unreliable, this is the fit to `both.now`, and its `why` says so.
    """
    done = fitted(params, both.fitted)
    if params.run.record == "none":
        return done
    updated = update(done, both.fitted, both.now)
    if updated.pareto_k <= PARETO_K_MAX:
        return updated
    why = (
        f"reweighting the fit through {both.fitted.through} is not reliable (Pareto k {updated.pareto_k:.2f})"
    )
    return replace(update(fitted(params, both.now), both.now, both.now), why=why)


def fit_as_of(params: Params, whole: Ledger, as_of: date, fitted: Fitter, through: date | None = None) -> Fit:
    """The fit to what was decided by `through` (by default `as_of`), reweighted to `as_of`."""
    return reweighted(params, records(params, whole, as_of, through), fitted)
