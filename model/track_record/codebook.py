"""The columns of the tables that no row type declares: what a cell holds, and what it means.

Each column is a field of a Frictionless Table Schema. A name means the same in every table, unless it is
declared for one table as `table.column`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..answer.sweep import SHARE
from .log import RESOLUTIONS
from .sbc import CHECKS, KEPT

Field = dict[str, Any]
CENTRAL = "end of the central 90% interval"


def field(
    kind: str, meaning: str, *, empty: bool = False, words: Mapping[str, Any] = {}, **limits: Any
) -> Field:
    """A column of a type of Table Schema; `empty` says whether cells may be empty.

    `words` says which words a boolean has; `limits` are constraints.
    """
    constraints = ({} if empty else {"required": True}) | limits
    made = {"type": kind, "description": meaning, **words}
    return made | {"constraints": constraints} if constraints else made


text = partial(field, "string")
day = partial(field, "date")
number = partial(field, "number")
share = partial(number, minimum=0, maximum=1)
count = partial(field, "integer", minimum=0)
"""Columns of text, ISO dates, numbers, probabilities (also shares, Brier scores), whole numbers from 0."""


def one_of(meaning: str, *words: str) -> Field:
    """A column of listed words."""
    return text(meaning, enum=list(words))


def yes_or_no(meaning: str, true: str = "yes", false: str = "no") -> Field:
    """A column of two words, or of 1 and 0."""
    return field("boolean", meaning, words={"trueValues": [true], "falseValues": [false]})


COLUMNS = {
    # Every forecast
    "as_of": day("the last day whose evidence counts"),
    "deadline": day("the last day on which a meeting counts"),
    "probability": share("the probability that they meet by the deadline"),
    "lower": share(f"lower {CENTRAL} of the probability"),
    "upper": share(f"upper {CENTRAL} of the probability"),
    "outcome": yes_or_no("1 if they met by the deadline, otherwise 0", "1", "0"),
    "scenario": text("the scenario of params/scenarios; empty without one", empty=True),
    "error": number("Monte Carlo standard error of the probability", minimum=0),
    "passed": yes_or_no("whether the fit passed its checks"),
    # Scores
    "year": field("year", "the year of the as-of days, of the trip, or left out of the fit"),
    "model": text("the model: full is the published one, the others lack a part or are rivals"),
    "forecasts": count("the number of forecasts"),
    "brier": share("mean Brier score; 0 is perfect"),
    "log_score": number("mean log score, natural logarithm, less is better; 0 is perfect", minimum=0),
    "score": text("the name of the score: what is scored, at which horizons"),
    "value": number("the value of the score, ratio, mean or check"),
    "scores.lower": number(f"lower {CENTRAL}, whole years resampled"),
    "scores.upper": number(f"upper {CENTRAL}, whole years resampled"),
    "minus_climatology": number("the score less that of seasonal climatology"),
    "minus_climatology_lower": number(f"lower {CENTRAL} of this difference"),
    "minus_climatology_upper": number(f"upper {CENTRAL} of this difference"),
    "minus_calendar": number("the score less that of the calendar alone"),
    "minus_calendar_lower": number(f"lower {CENTRAL} of this difference"),
    "minus_calendar_upper": number(f"upper {CENTRAL} of this difference"),
    "miscalibration": number("the part of the Brier score that recalibration would remove"),
    "discrimination": number("the part gained by telling windows with a meeting from those without"),
    "uncertainty": share("the Brier score of always forecasting the share of outcomes"),
    "observed": share("the recalibrated probability: how often they then met"),
    "reliability.probability": share("a forecast probability"),
    "reliability.lower": share("lower end of the 90% consistency band of a calibrated forecaster"),
    "reliability.upper": share("upper end of the 90% consistency band of a calibrated forecaster"),
    # Gains of the published model
    "gains.model": text("the model that the published one is compared with"),
    "years": count("the number of years"),
    "brier_gain": number("the Brier score of the other model less that of the published one"),
    "brier_lower": number(f"lower {CENTRAL} of this gain, years resampled"),
    "brier_upper": number(f"upper {CENTRAL} of this gain, years resampled"),
    "log_score_gain": number("the log score of the other model less that of the published one"),
    "log_score_lower": number(f"lower {CENTRAL} of this gain, years resampled"),
    "log_score_upper": number(f"upper {CENTRAL} of this gain, years resampled"),
    "share_positive": share("the share of years with a gain in log score"),
    "first_half": number("the mean gain in log score in the first half of the years"),
    "second_half": number("the mean gain in log score in the second half of the years"),
    "without_2020_21": number("the mean gain in log score without 2020 and 2021"),
    "steady": yes_or_no("whether most years and both halves gain, also without 2020 and 2021"),
    # Drift
    "drift.what": text("what is measured"),
    "drift.lower": number(f"lower {CENTRAL}, years resampled"),
    "drift.upper": number(f"upper {CENTRAL}, years resampled"),
    "weeks": count("the number of weekly forecasts"),
    # The backtest, its worst years, and well-known years
    "horizon_days": count("the days from as_of to the deadline"),
    "hard": yes_or_no(
        "1 if an occasion starts within the horizon and no meeting in it is announced", "1", "0"
    ),
    "first_doubt": day("the first public word that a leader may stay away; empty without one", empty=True),
    "occasion": text("the name of the occasion"),
    "miss_events.fate": one_of(
        "what became of the occasion, see README.md",
        *("met", "met late", "refused", "not in person"),
        *("both came", "neither came", "one came", "unknown"),
    ),
    "miss_events.date": day("the day of the meeting, without one the first day of the occasion"),
    "public_date": day("the day on which the meeting or the refusal became public", empty=True),
    "leader": text("the only leader who came", empty=True),
    "miss_events.text": text("the last word of the refusal", empty=True),
    "met_date": day("the day of the first meeting by the deadline; empty without one", empty=True),
    "paths.place": text("the occasion of that meeting", empty=True),
    # Sweeps and the replay of 2025
    "random_seed": count("the seed of the sampler"),
    "no_signals": share("the probability from the calendar alone"),
    "largest_cause": text("the occasion where a first meeting is likeliest"),
    "largest_share": share("the probability of a first meeting there"),
    "inputs": text("SHA-256 hash of the inputs and code of the row", pattern="[0-9a-f]{64}"),
    "date": day("the day on which it was published, became public or took place"),
    "id": text("the id of the row in the ledger"),
    "text": text("what was said or done"),
    "effect": number("the probability with the event less that without it"),
    "check": text("what is checked"),
    "unit": one_of("what the value is: a probability, or a change of one", "level", "points"),
    "bound": number("what the value is compared with; empty without a bound", empty=True),
    "holds": yes_or_no("whether the check holds"),
    # Published forecasts, and those of others
    "question_id": text("the id of the question"),
    "question": text("the question in words"),
    "event": one_of("what it asks about: a meeting anywhere, or a visit to China", "meeting", "visit"),
    "first": day("the as-of day of the first forecast"),
    "last": day("the as-of day of the last forecast"),
    "resolution": one_of("how the question resolved", "open", *RESOLUTIONS),
    "log_scores.brier": share("Brier score, weighted by days; empty while open", empty=True),
    "log_scores.log_score": number("log score, weighted by days; empty while open", minimum=0, empty=True),
    "reference_forecasts.probability": share("the probability that was published"),
    "forecaster": text("who published it"),
    "source": text("where it is quoted"),
    "address": text("the address of that page"),
    "theirs": share("the probability that they published"),
    "ours": share("our probability for the same day and deadline"),
    "references.outcome": yes_or_no("whether they met by the deadline"),
    "brier_theirs": share("the Brier score of theirs"),
    "brier_ours": share("the Brier score of ours"),
    # Further fits
    "change": number("the probability less that with all years"),
    "structure": text("the name of the structure"),
    "structures.what": text("what this structure does"),
    "signals": one_of("whose general signals are used", "own", "none", "shuffled"),
    "number": count("the number of the run or variant"),
    "ledger": count("the number of the random ledger"),
    "refits.signals": count("the number of signals in it"),
    "days": count("the days since the last outcome"),
    "fit_through": day("the last outcome that the reweighted fit knows"),
    "pareto_k": number("Pareto k of the weights"),
    "effective_draws": number("the effective draws after reweighting"),
    "reweighted": share("the probability after reweighting"),
    "fitted_anew": share("the probability after a new fit"),
    "errors": number("the difference in Monte Carlo standard errors"),
    "quantity": text("the parameter"),
    "pymc": number("its posterior mean by PyMC"),
    "nutpie": number("its posterior mean by nutpie"),
    "stage": text("the model that was changed"),
    "variant": text("what was changed"),
    "kept": yes_or_no("whether the variant was kept"),
    "why": text("the reason"),
    # Simulation-based calibration
    "simulation": count("the number of the simulation"),
    "rhat_max": number("the largest R-hat; 1 is perfect"),
    "ess_min": number("the smallest effective sample size, in draws"),
    "divergences": count("the number of divergent transitions"),
    "failure": text("why there was no fit; empty if there was one", empty=True),
    # Run times
    "row": text("the row of the benchmark, a letter"),
    "bench.what": text("what is timed, and against what"),
    "ratio": number("the median ratio of the two", minimum=0),
    "smallest": number("the smallest ratio of the repeats", minimum=0),
    "largest": number("the largest ratio of the repeats", minimum=0),
    "repeats": count("the number of repeats"),
    "seconds": number("how long it takes, in seconds", minimum=0),
    "against_seconds": number("how long the other takes, in seconds", minimum=0),
    "target": text("the target for ratio or seconds; empty without one", empty=True),
    # The official travel lists
    "list": one_of("whose trips the list has", "president", "secretary of state", "visitor"),
    "name": text("who travels"),
    "start": day("the first day of the trip"),
    "end": day("the last day of the trip"),
    "country": text("the country travelled to, as in the list"),
    "host": text("its ISO 3166 code", pattern="[A-Z]{2}"),
    "official_travels.place": text("the place, as in the list", empty=True),
    "place": text("the place, or else the country"),
    "remarks": text("the remarks of the list"),
    "official_travels.id": field("integer", "the list's own number"),
    "note": text("why the trip has no counterpart in the ledger; empty where it has one", empty=True),
    "audit.fate": one_of("whether the ledger has the trip", "matched", "explained", "missing"),
}

KEYS = {
    "bench": ("what",),
    "by_year": ("year", "model"),
    "backtest": ("as_of", "horizon_days", "model"),
    "decomposition": ("model",),
    "drift": ("what",),
    "gains": ("model",),
    "influence": ("year",),
    "misses": ("year",),
    "paths": ("as_of",),
    "placebo": ("signals", "number"),
    "refits": ("ledger",),
    "januaries": ("as_of",),
    "less_evidence": ("as_of", "structure"),
    "reliability": ("probability",),
    "replay": ("as_of",),
    "replay_checks": ("check",),
    "samplers": ("quantity",),
    "sbc": ("simulation",),
    "scores": ("score", "model"),
    "structures": ("structure",),
    "variants": ("number",),
    "official_travels": ("list", "id"),
    "reference_forecasts": ("date", "question"),
}
"""The columns that identify a row of a table."""
REFERENCES = {
    "signals": {"occasion": ("occasions", "occasion_id"), "same_as": ("signals", "event_id")},
    "visit_windows": {"occasion_id": ("occasions", "occasion_id")},
    "miss_events": {"year": ("misses", "year")},
    "replay_events": {"as_of": ("replay", "as_of")},
}
"""The columns of a table that name a row: of which table, and in which column of it."""


def column(table: str, name: str) -> Field:
    """The field of a column of a table; KeyError if nothing declares it."""
    if found := COLUMNS.get(f"{table}.{name}") or COLUMNS.get(name):
        return found
    if name.startswith(SHARE):
        return share(f"the probability of a first meeting at {name.removeprefix(SHARE)}", empty=True)
    if table == "sbc" and name not in CHECKS:
        return count("the rank of the true value of the parameter among the draws of a fit", maximum=KEPT)
    raise KeyError(f"{table}.{name}")
