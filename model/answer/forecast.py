"""From params and ledger to a `Forecast`: the probability, its spread, its reasons.

The same params, ledger and random seed give the same forecast file, to the byte.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from .. import chances as formula
from .. import summit
from ..chances import Chances, Draws
from ..evidence import notices
from ..evidence.edits import ASSUMPTION, Edits, edited
from ..evidence.ledger import Ledger, check_as_of, check_sides, csv_of, load_ledger
from ..evidence.outlook import Outlook, closed, outlook
from ..evidence.record import Record
from ..evidence.resolution import Resolution, resolution
from ..evidence.seasons import DAY, WEEK
from ..files.disk import content_hash, public_names
from ..files.problems import InputError
from ..fit.fits import Fit, fit, fit_key, quick_fit
from ..paths import TABLES
from ..settings.params import Params
from . import explain
from .file import ICD_203, SCHEMA_VERSION, VALUES, Forecast
from .file import from_json as from_json
from .file import load as load
from .file import to_json as to_json
from .pair import shown_record
from .posterior import Fitter, fit_as_of, record_as_of, reweighted
from .tables import counts, matched_record, met_there, shares

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True)
class Sources:
    """The ledger files of a run: the seeds (unless `only`), then more; later rows replace earlier ones."""

    signals: tuple[Path, ...] = ()
    occasions: tuple[Path, ...] = ()
    visit_windows: tuple[Path, ...] = ()
    only: bool = False

    def paths(self) -> dict[str, tuple[Path, ...]]:
        """All files by table, in order."""
        return {
            name: (() if self.only else (seeds,)) + tuple(map(Path, getattr(self, name)))
            for name, seeds in TABLES.items()
        }


@dataclass(frozen=True)
class Run:
    """A forecast and what it was made from; `ledger` is cut at the as-of date, `whole` is not."""

    params: Params
    ledger: Ledger
    record: Record
    outlook: Outlook
    fit: Fit
    forecast: Forecast
    whole: Ledger = field(repr=False)

    @property
    def draws(self) -> Draws:
        """Posterior draws by variable, first axis `draw`, reweighted to the as-of date."""
        return self.fit.draws

    @property
    def model(self):
        """The PyMC model of the record that was fitted."""
        return summit.build(self.params, self.record)

    @property
    def posterior(self) -> "DataTree":
        """The fit as an ArviZ DataTree: its chains, not reweighted to the as-of day, and predictions."""
        from ..fit.posterior import posterior_tree

        return posterior_tree(self.params, self.record)


def read(params: Params, sources: Sources = Sources()) -> Ledger:
    """The whole ledger of a run.

    Raises
    ------
    InputError
        For bad rows, for priors other than those of the model, and for days that the ledger cannot answer.
    """
    params.check_names(summit.PARAMETERS)
    try:
        ledger = load_ledger(**sources.paths(), words=params.vocabulary)
    except InputError:
        if not sources.only:
            check_sides(TABLES["signals"], params)
        raise
    check_as_of(ledger, params)
    return ledger


def run(
    params: Params,
    sources: Sources = Sources(),
    edits: Edits | None = None,
    *,
    refit: bool = False,
    quick: bool = False,
) -> Run:
    """The forecast of params and ledger files, from the stored fit if there is one of the same content.

    With `refit` the fit is sampled anew and replaces the stored one. With `quick` another fit is
    reweighted in place of sampling, where that is reliable; see `fits.quick_fit`.

    Raises
    ------
    InputError
        As in `read`, and for wrong edits.
    GateError
        If a new fit does not pass its checks.
    """
    whole = read(params, sources)
    if edits:
        whole = edited(whole, edits, params)
    made = forecast(params, whole, refitted(params, whole) if refit else quick_fit if quick else fit)
    inputs = {name: content_hash(path.read_bytes()) for path, name in input_names(params, sources).items()}
    shown = shown_record(params, sources)
    return replace(made, forecast=replace(made.forecast, inputs=inputs, track_record=shown))


def input_names(params: Params, sources: Sources) -> dict[Path, str]:
    """The files that a run reads, each with its name in what is published."""
    return public_names([*params.files, *(path for paths in sources.paths().values() for path in paths)])


def refitted(params: Params, whole: Ledger) -> Fitter:
    """What answers from a fit sampled now, and samples nothing twice."""
    new = fit(params, record_as_of(params, whole, params.question.as_of), anew=True)
    return lambda params, record: new if fit_key(params, record) == new.key else fit(params, record)


def forecast(params: Params, whole: Ledger, fitted: Fitter) -> Run:
    """The run of params and a ledger, from a fit to what was decided by the as-of day; `inputs` are empty."""
    q, mass = params.question, params.run.interval_mass
    ledger = whole.as_of(q.as_of)
    decided = resolution(ledger, params, q.as_of)
    past = record_as_of(params, ledger, q.as_of)
    done = reweighted(params, past, past, fitted)
    ahead = outlook(seen(params, ledger, q.as_of), q.as_of, q.last_day, params)
    ahead = closed(ahead) if decided else ahead
    chances = formula.chances(done.draws, ahead)
    p = chances.first.sum(1)
    causes = dict(zip(chances.causes, chances.first.mean(0).tolist(), strict=True))
    used, rows = _row_count(ledger), _row_count(whole)
    week_ago = q.as_of - WEEK
    known = bool(whole.as_of(week_ago).first_day)
    made = Forecast(
        schema_version=SCHEMA_VERSION,
        question_id=q.question_id,
        question=q.text,
        sides=list(params.sides),
        as_of=q.as_of.isoformat(),
        opens=params.opens.isoformat(),
        deadline=q.deadline.isoformat(),
        last_day=q.last_day.isoformat(),
        host=q.host,
        scenario=params.scenario or "",
        fit_through=past.through.isoformat(),
        rows_used=used,
        rows_after_as_of=rows - used,
        resolved=None,
        notes=notices.of_forecast(params, whole, ahead, past, {} if decided else causes),
        track_record="",
        probability=float(p.mean()),
        interval=spread(p, mass),
        likelihood_word=likelihood_word(p.mean()),
        a_week_ago=headline(params, whole, week_ago, fitted) if known else None,
        matched_record=matched_record(ledger, q.as_of, q.deadline, params.priors, q.host),
        no_signals_probability=float(formula.by_deadline(done.draws, ahead, signals=False).mean()),
        curve=curve(chances, q.as_of, mass),
        occasions=shares(chances, done.draws, ahead),
        counts=counts(past, params),
        contributions=explain.contributions(done.draws, ahead, list(ledger.signals), mass, params.priors),
        next_signals=explain.next_signals(done.draws, ahead, params),
        diagnostics=done.diagnostics | {"monte_carlo_error": monte_carlo_error(p, done)},
        inputs={},
        random_seed=params.run.random_seed,
    )
    if decided:
        made = resolved(made, decided, whole)
    return Run(params, ledger, past, ahead, done, made, whole)


def resolved(made: Forecast, decided: Resolution, whole: Ledger) -> Forecast:
    """The forecast of a resolved question: its outcome, and no reasons."""
    p = decided.probability
    answer = {
        "answer": decided.answer,
        "date": decided.day.isoformat(),
        "occasion": decided.occasion.occasion_id if decided.occasion else "",
        "place": decided.occasion.name if decided.occasion else "",
        "evidence_through": str(whole.covered_until or ""),
    }
    begin = date.fromisoformat(made.opens) - DAY
    days = [begin + n * DAY for n in range(max((decided.day - begin).days, 0) + 1)]
    return replace(
        made,
        resolved=answer,
        probability=p,
        interval=made.interval | {"lower": p, "upper": p},
        likelihood_word=likelihood_word(p),
        matched_record=made.matched_record | {"hits": 0, "years": 0, "text": ""},
        no_signals_probability=p,
        curve=[
            {"date": day.isoformat()} | dict.fromkeys(VALUES, p if day == decided.day else 0.0)
            for day in days
        ],
        occasions=[met_there(decided.occasion)] if decided.occasion else [],
        contributions=[],
        next_signals=[],
        diagnostics=made.diagnostics | {"monte_carlo_error": 0.0},
    )


def headline(params: Params, whole: Ledger, as_of: date, fitted: Fitter) -> float:
    """The probability alone, as of any day, from what was public and decided then."""
    ledger = whole.as_of(as_of)
    if decided := resolution(ledger, params, as_of):
        return decided.probability
    done = fit_as_of(params, ledger, as_of, fitted)
    ahead = outlook(seen(params, ledger, as_of), as_of, params.question.last_day, params)
    return float(formula.by_deadline(done.draws, ahead).mean())


def seen(params: Params, whole: Ledger, as_of: date) -> Ledger:
    """The ledger cut at `as_of`, with only the signals that the run setting `evidence` admits."""
    ledger = whole.as_of(as_of)
    if params.run.evidence == "article":
        kept = [s for s in ledger.signals if s.in_article or s.source == ASSUMPTION]
        ledger = replace(ledger, signals=tuple(kept))
    return ledger


def curve(chances: Chances, as_of: date, mass: float) -> list[dict[str, Any]]:
    """The probability that they have met by each day from `as_of` on, with its interval."""
    lower, upper = np.quantile(chances.by_day, [(1 - mass) / 2, (1 + mass) / 2], axis=0)
    columns = (np.insert(values, 0, 0.0).tolist() for values in (chances.by_day.mean(0), lower, upper))
    return [
        {"date": (as_of + day * DAY).isoformat(), "probability": p, "lower": low, "upper": high}
        for day, (p, low, high) in enumerate(zip(*columns, strict=True))
    ]


def _row_count(ledger: Ledger) -> int:
    return len(ledger.signals) + len(ledger.occasions) + len(ledger.visit_windows)


def likelihood_word(probability: float) -> str:
    """The word of ICD 203 for a probability; lower edges are inclusive."""
    return next(word for edge, word in ICD_203 if probability < edge)


def spread(values: np.ndarray, mass: float) -> dict[str, float]:
    """The central interval that holds `mass` of the draws."""
    lower, upper = np.quantile(values, [(1 - mass) / 2, (1 + mass) / 2])
    return {"lower": float(lower), "upper": float(upper), "mass": mass}


def monte_carlo_error(p: np.ndarray, done: Fit) -> float:
    """Standard error of the mean of the draws `p` (draw,), from the smallest effective sample size."""
    return float(p.std() / np.sqrt(done.diagnostics["ess_min"]))


def public_by(whole: Ledger, as_of: date) -> str:
    """What was public by a day, as text."""
    return repr(replace(whole.as_of(as_of), revised=()))


def made_from(params: Params, whole: Ledger, as_of: date, public: str = "") -> str:
    """Hash of what decides a forecast as of a day: question, priors, settings, and what was public.

    `public` is `public_by(whole, as_of)`, for callers that have it already.
    """
    settings = {
        "question": params.question.model_dump(mode="json", exclude={"as_of"}, exclude_none=True),
        "priors": params.priors.model_dump(mode="json", exclude={"parameters": {"__all__": {"name"}}}),
        "run": params.run.model_dump(mode="json"),
    }
    text = json.dumps(settings, sort_keys=True)
    return content_hash(as_of.isoformat(), text, public or public_by(whole, as_of))


def input_files(run: Run) -> dict[str, str]:
    """The inputs of a run as the text of files by name, from which `compare` reruns it."""
    files = {}
    for section in ("question", "priors", "run"):
        data = getattr(run.params, section).model_dump(mode="json", exclude_none=True)
        if section == "question":
            data["opens"] = run.params.opens.isoformat()
        files[f"{section}.yaml"] = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    return files | {f"{table}.csv": text for table, text in csv_of(run.whole).items()}
