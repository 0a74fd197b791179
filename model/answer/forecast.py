"""From params and ledger to a `Forecast`: the number, its spread, its reasons; its file and the log.

Everything is a function of the inputs: the same params, ledger and random seed give the same forecast file.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from .. import attendance
from .. import chances as formula
from ..evidence.edits import ASSUMPTION, Edits, edited
from ..evidence.ledger import Ledger, check_as_of, csv_of, load_ledger
from ..evidence.outlook import SCHEDULED, Outlook, outlook
from ..evidence.record import CLASSES, Record, no_record, record
from ..evidence.seasons import DAY, meetings
from ..files import InputError, Problem, content_hash, decode, name_of, read_bytes
from ..fit.fits import PARETO_K_MAX, Fit, fit, update
from ..paths import TABLES
from ..settings.params import Params, Priors
from ..summit import PARAMETERS
from . import explain

SCHEMA_VERSION = 2
FILE_BYTES_MAX = 8_000_000
WEEK = timedelta(days=7)
ICD_203 = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "roughly even chance"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (1.01, "almost certain"),
)


@dataclass(frozen=True)
class Forecast:
    """What is published, field by field the forecast file; probabilities 0 to 1, days as ISO dates."""

    schema_version: int
    question_id: str
    question: str
    as_of: str
    deadline: str
    scenario: str
    fit_through: str
    rows_used: int
    rows_after_as_of: int
    probability: float
    interval: dict[str, float]
    likelihood_word: str
    a_week_ago: float | None
    matched_record: dict[str, Any]
    no_signals_probability: float
    curve: list[dict[str, Any]]
    occasions: list[dict[str, Any]]
    counts: dict[str, Any]
    contributions: list[dict[str, Any]]
    next_signals: list[dict[str, Any]]
    diagnostics: dict[str, Any]
    inputs: dict[str, str]
    random_seed: int


@dataclass(frozen=True)
class Run:
    """A forecast with all that it came from; `ledger` is cut at the as-of date, `whole` is not and only for reruns."""

    params: Params
    ledger: Ledger
    record: Record
    outlook: Outlook
    fit: Fit
    forecast: Forecast
    whole: Ledger = field(repr=False)

    @property
    def draws(self) -> dict[str, np.ndarray]:
        """Posterior draws by variable, first axis `draw`."""
        return self.fit.draws


@dataclass(frozen=True)
class Sources:
    """The ledger files of a run: the seeds, unless `only`, then those given, later files replacing earlier rows."""

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


def likelihood_word(probability: float) -> str:
    """The word of ICD 203 for a probability; lower edges inclusive."""
    return next(word for edge, word in ICD_203 if probability < edge)


def matched_record(ledger: Ledger, as_of: date, deadline: date, priors: Priors) -> dict[str, Any]:
    """Earlier years that stood on the same day as this one (met since 1 January or not): in how many did they meet?

    The years begin with the first yearly summit both leaders were expected at.
    """
    yearly = [
        o.start_date
        for o in ledger.occasions
        if o.start_date
        and o.start_date <= as_of
        and priors.types[o.type].yearly
        and priors.types[o.type].summit
    ]
    met = meetings(ledger)
    first = min(yearly, default=as_of).year

    def shifted(day: date, years: int) -> date:
        leap_day = (day.month, day.day) == (2, 29)
        return day.replace(year=day.year - years, day=28 if leap_day else day.day)

    def stood(years: int) -> bool:
        now = shifted(as_of, years)
        return any(date(now.year, 1, 1) <= day <= now for day in met)

    alike = [
        years
        for years in range(1, as_of.year - first + 1)
        if stood(years) == stood(0) and shifted(deadline, years) <= as_of
    ]
    hits = sum(any(shifted(as_of, years) < day <= shifted(deadline, years) for day in met) for years in alike)
    state = "with" if stood(0) else "without"
    text = (
        f"In {hits} of the {len(alike)} years since {first} {state} a meeting of the two countries' leaders by "
        f"{as_of:%-d %B}, they met in the {(deadline - as_of).days} days that followed."
        if alike
        else "No earlier year stood like this."
    )
    return {"hits": hits, "years": len(alike), "since": first, "text": text}


def spread(values: np.ndarray, mass: float) -> dict[str, float]:
    """The central interval that holds `mass` of the draws."""
    lower, upper = np.quantile(values, [(1 - mass) / 2, (1 + mass) / 2])
    return {"lower": float(lower), "upper": float(upper), "mass": mass}


def monte_carlo_error(p: np.ndarray, done: Fit) -> float:
    """Standard error of the mean of the draws `p` (draw,): their spread over the root of the fewest effective draws."""
    return float(p.std() / np.sqrt(done.diagnostics["ess_min"]))


def read(params: Params, sources: Sources = Sources()) -> Ledger:
    """The whole ledger of a run, checked against its params."""
    params.check_names(PARAMETERS)
    ledger = load_ledger(**sources.paths(), **params.vocabulary)
    check_as_of(ledger, params)
    return ledger


def run(params: Params, sources: Sources = Sources(), edits: Edits = Edits()) -> Run:
    """The forecast of params and ledger files, from the stored fit where there is one of the same content."""
    paths = sources.paths()
    whole = edited(read(params, sources), edits, params)
    made = forecast(params, whole, fit)
    inputs = {
        name_of(path): content_hash(Path(path).read_bytes())
        for path in sorted({*params.files, *(path for table in paths.values() for path in table)})
    }
    return Run(*made[:-1], Forecast(**(made[-1] | {"inputs": inputs})), whole)


def public_by(whole: Ledger, as_of: date) -> str:
    """What was public by a day, as text."""
    return repr(replace(whole.as_of(as_of), revised=()))


def made_from(params: Params, whole: Ledger, as_of: date, public: str = "") -> str:
    """Hash of all that a forecast as of a day is made from: question, priors, settings, and what was public by then.

    `public` is `public_by(whole, as_of)` where that is known already.
    """
    told = {
        "question": params.question.model_dump(mode="json", exclude={"as_of"}),
        "priors": params.priors.model_dump(mode="json"),
        "run": params.run.model_dump(mode="json"),
    }
    return content_hash(
        as_of.isoformat(), json.dumps(told, sort_keys=True), public or public_by(whole, as_of)
    )


def input_files(run: Run) -> dict[str, str]:
    """The inputs of a run as the text of files by name, from which `compare` makes it again."""
    import yaml

    params = {
        name: getattr(run.params, name).model_dump(mode="json", exclude_none=True)
        for name in ("question", "priors", "run")
    }
    return {
        f"{name}.yaml": yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
        for name, data in params.items()
    } | {f"{name}.csv": text for name, text in csv_of(run.whole).items()}


def brought_up_to(
    params: Params, whole: Ledger, as_of: date, fitted: Any, through: date | None = None
) -> tuple[Fit, Record]:
    """The fit to the record of `through` (by default all that is decided by `as_of`), reweighted to `as_of`."""
    before, now = records(params, whole, as_of, through)
    return reweighted(params, before, now, as_of, fitted), before


def records(params: Params, whole: Ledger, as_of: date, through: date | None = None) -> tuple[Record, Record]:
    """The record that a fit sees, that of `through`, and the record of `as_of`; the same where `through` is None."""
    if params.run.record == "none":
        return (no_record(),) * 2
    now = record(whole.as_of(as_of), params)
    return now if through is None else record(whole.as_of(min(through, as_of)), params), now


def reweighted(params: Params, before: Record, now: Record, as_of: date, fitted: Any) -> Fit:
    """The fit to `before`, its draws reweighted by what `now` adds; the priors alone stay as they are.

    Where so much was decided since that the weights are not to be trusted, the fit to `now`, and `why` says so.
    """
    done = fitted(params, before)
    if params.run.record == "none":
        return done
    updated = update(done, before, now, as_of)
    if updated.pareto_k <= PARETO_K_MAX:
        return updated
    why = f"reweighting the fit through {before.through} is not reliable (Pareto k {updated.pareto_k:.2f})"
    return replace(update(fitted(params, now), now, now, as_of), why=why)


def seen(params: Params, whole: Ledger, as_of: date) -> Ledger:
    """The ledger cut at `as_of`, with only the signals that the run's `evidence` lets count."""
    ledger = whole.as_of(as_of)
    if params.run.evidence == "article":
        ledger = replace(
            ledger,
            signals=tuple(
                signal
                for signal in ledger.signals
                if signal.in_article or signal.source == ASSUMPTION
            ),
        )
    return ledger


def headline(params: Params, whole: Ledger, as_of: date, fitted: Any, through: date | None = None) -> float:
    """The probability alone, as of any day, with what was public and decided then."""
    done, _ = brought_up_to(params, whole, as_of, fitted, through)
    ahead = outlook(seen(params, whole, as_of), as_of, params.question.deadline, params)
    return float(formula.by_deadline(done.draws, ahead).mean())


def forecast(params: Params, whole: Ledger, fitted: Any, through: date | None = None) -> tuple:
    """Params, cut ledger, record, outlook, fit and the fields of the forecast, given `fitted(params, record)`."""
    q, mass = params.question, params.run.interval_mass
    ledger = whole.as_of(q.as_of)
    done, past = brought_up_to(params, whole, q.as_of, fitted, through)
    ahead = outlook(seen(params, whole, q.as_of), q.as_of, q.deadline, params)
    chances = formula.chances(done.draws, ahead)
    by_day = chances.by_day
    p = chances.first.sum((1, 2))
    bare = formula.by_deadline(done.draws, ahead, signals=False)
    lower, upper = np.quantile(by_day, [(1 - mass) / 2, (1 + mass) / 2], axis=0)
    curve = [{"date": q.as_of.isoformat(), "probability": 0.0, "lower": 0.0, "upper": 0.0}]
    curve += [
        {
            "date": (q.as_of + (t + 1) * DAY).isoformat(),
            "probability": float(value),
            "lower": float(lower[t]),
            "upper": float(upper[t]),
        }
        for t, value in enumerate(by_day.mean(0))
    ]
    used = len(ledger.signals) + len(ledger.occasions) + len(ledger.visit_windows)
    rows = len(whole.signals) + len(whole.occasions) + len(whole.visit_windows)
    fields = {
        "schema_version": SCHEMA_VERSION,
        "question_id": q.question_id,
        "question": q.text,
        "as_of": q.as_of.isoformat(),
        "deadline": q.deadline.isoformat(),
        "scenario": params.scenario or "",
        "fit_through": past.through.isoformat(),
        "rows_used": used,
        "rows_after_as_of": rows - used,
        "probability": float(p.mean()),
        "interval": spread(p, mass),
        "likelihood_word": likelihood_word(p.mean()),
        "a_week_ago": (
            headline(params, whole, q.as_of - WEEK, fitted, through)
            if whole.as_of(q.as_of - WEEK).first_day
            else None
        ),
        "no_signals_probability": float(bare.mean()),
        "matched_record": matched_record(ledger, q.as_of, q.deadline, params.priors),
        "curve": curve,
        "occasions": shares(chances, done.draws, ahead),
        "counts": counts(past, params),
        "contributions": explain.contributions(done.draws, ahead, list(ledger.signals), mass, params.priors),
        "next_signals": explain.next_signals(done.draws, ahead, params),
        "diagnostics": done.diagnostics | {"monte_carlo_error": monte_carlo_error(p, done)},
        "inputs": {},
        "random_seed": params.run.random_seed,
    }
    return params, ledger, past, ahead, done, fields


def shares(chances: formula.Chances, p: formula.Draws, ahead: Outlook) -> list[dict[str, Any]]:
    """Each occasion, arranged visit and the unknown: who comes, the chance that they first meet there, and at all.

    `comes` is the chance of each side, by its code, and `both` that of both, once all words are weighed; `last_word` is the
    latest row behind it.
    """
    first = dict(zip(chances.causes, chances.first.sum(2).mean(0), strict=True))
    there = dict(zip(chances.causes, chances.there.mean(0), strict=True))

    def row(
        occasion: Any, kind: str, status: str, rows: tuple, season: str = "", **more: Any
    ) -> dict[str, Any]:
        name, last = occasion.occasion_id, rows[-1] if rows else None
        return {
            "id": name,
            "name": occasion.name,
            "kind": kind,
            "status": status,
            "season": season,
            "start_date": iso(occasion.start_date),
            "end_date": iso(occasion.end_date),
            "host": occasion.host,
            "comes": {},
            "both": None,
            "last_word": {"id": last.event_id, "date": last.public_date.isoformat(), "text": last.description}
            if last
            else None,
            "probability_first": float(first.get(name, 0.0)),
            "probability_there": float(there.get(name, 0.0)),
        } | more

    out = []
    for view in ahead.seasons:
        present = attendance.presence(p, view, formula.felt(p, ahead) * view.fade, ahead)
        for slot in view.slots:
            seen = present.get(slot.occasion.occasion_id)
            comes = {side: float(values.mean()) for side, values in seen.comes.items()} if seen else {}
            out.append(
                row(
                    slot.occasion,
                    "season",
                    slot.status,
                    slot.words.rows,
                    view.season.id,
                    comes=comes,
                    both=float(seen.both.mean()) if seen else 0.0,
                )
            )
    out += [row(view.occasion, "visit", view.status, view.words.rows) for view in ahead.visits]
    out += [row(view.occasion, "put off", view.status, ()) for view in ahead.put_off]
    return out + [
        {
            "id": formula.UNKNOWN,
            "name": "A visit not yet public",
            "kind": "unknown",
            "status": SCHEDULED,
            "season": "",
            "start_date": "",
            "end_date": "",
            "host": "",
            "comes": {},
            "both": None,
            "last_word": None,
            "probability_first": float(first[formula.UNKNOWN]),
            "probability_there": float(there[formula.UNKNOWN]),
        }
    ]


def iso(day: date | None) -> str:
    """A day as an ISO date; empty for None, as of a visit put off."""
    return day.isoformat() if day else ""


def counts(past: Record, params: Params) -> dict[str, Any]:
    """What the fit learned from, as [hits, trials]: who came by side and class of occasion, held, met, words, promises."""
    came = {
        side: {
            name: [
                int(past.came[(chosen := (past.sides == i) & (past.classes == k))].sum()),
                int(chosen.sum()),
            ]
            for k, name in enumerate(CLASSES)
        }
        for i, side in enumerate(params.sides)
    }
    at_summit = past.at_summit > 0
    return {
        "came": came,
        "held": list(past.held),
        "met_after_both_came": {
            "summit": [int(past.met[at_summit].sum()), int(at_summit.sum())],
            "other": [int(past.met[~at_summit].sum()), int((~at_summit).sum())],
        },
        "settled_words": {"will": list(past.will), "will_not": list(past.will_not)},
        "promises_broken": [int(past.broken), int(past.exposure)],
        "made_up": list(past.again),
        "visits": [int(past.visits), round(past.years, 1)],
    }


def to_json(made: Forecast) -> str:
    """The forecast file: sorted keys, one value a line, six significant digits."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.6g}")
        if isinstance(value, dict):
            return {key: rounded(part) for key, part in value.items()}
        return [rounded(part) for part in value] if isinstance(value, list) else value

    return json.dumps(rounded(asdict(made)), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def from_json(text: str) -> Forecast:
    """The forecast of a forecast file."""
    return Forecast(**json.loads(text))


def load(path: Path) -> Forecast:
    """The forecast that a file holds.

    Raises
    ------
    InputError
        Where it is no forecast file, with the place.
    """
    file, line, column = name_of(path), 1, 1
    try:
        return from_json(decode(read_bytes(path, FILE_BYTES_MAX), file))
    except json.JSONDecodeError as error:
        line, column, found = error.lineno, error.colno, f"no JSON: {error.msg}"
    except (TypeError, RecursionError):
        found = "other fields"
    raise InputError(
        [
            Problem(
                file,
                line,
                column,
                f"expected a forecast file as `summit forecast --json` writes it; found {found}",
            )
        ]
    )
