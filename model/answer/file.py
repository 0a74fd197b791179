"""The forecast file: what it holds, its text, how it is read back, and its JSON Schema.

The types below declare every field once: `json_schema` takes types, bounds and descriptions from here.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from ..files.disk import decode, name_of, read_bytes
from ..files.problems import InputError
from ..settings.fields import CODE, CountryCode, Unit

Version = Literal[3]
SCHEMA_VERSION: Version = get_args(Version)[0]
FILE_BYTES_MAX = 8_000_000

ICD_203 = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "roughly even chance"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (1.01, "almost certain"),
)
"""The words of ICD 203, each with the upper edge of its probabilities."""
LikelihoodWord = Annotated[str, Field(json_schema_extra={"enum": [word for _, word in ICD_203]})]
Direction = Literal["down", "up", "pair"]
Change = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=0)]
Shares = Annotated[list[Count], Field(min_length=2, max_length=2)]
"""How often it happened, and of how many."""
IsoDay = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"})]
MaybeDay = Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
MaybeCode = Annotated[str, Field(pattern=rf"^$|{CODE}")]

VALUES = ("probability", "lower", "upper")
"""The numbers of a day of the curve."""

declared = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))


@declared
class Interval(TypedDict):
    """The central interval of the posterior draws: what the number would be if the model is right."""

    lower: Unit
    """Its lower end, a probability."""
    upper: Unit
    """Its upper end, a probability."""
    mass: Unit
    """The share of the draws inside it."""


@declared
class CurveDay(TypedDict):
    """The probability that they have met by the end of one day."""

    date: IsoDay
    """The day."""
    probability: Unit
    """The probability of a meeting from the day the question opens to this one."""
    lower: Unit
    """The lower end of its interval, of the mass that `interval` names."""
    upper: Unit
    """The upper end of its interval."""


@declared
class LastWord(TypedDict):
    """The latest signal about an occasion."""

    id: str
    """The `event_id` of its row in the ledger."""
    date: IsoDay
    """The day on which it became public."""
    text: str
    """What was said."""


@declared
class OccasionRow(TypedDict):
    """An occasion, an arranged visit, a visit put off, or the visit of which nothing is public yet."""

    id: str
    """The `occasion_id` of its row in the ledger, or `unknown`."""
    name: str
    """Its name."""
    kind: Literal["season", "visit", "put off", "unknown"]
    """What it is: `season` is a multilateral occasion, which belongs to a season."""
    status: str
    """What the words about it come to, such as scheduled, planned, doubted, announced or met."""
    season: str
    """The first occasion of its season; empty for visits."""
    start_date: MaybeDay
    """Its first day, or that of the window of a visit; empty while unknown."""
    end_date: MaybeDay
    """Its last day; empty while unknown."""
    host: MaybeCode
    """The ISO 3166 code of the country where it is; empty while unknown."""
    comes: dict[str, Unit]
    """The probability that each side comes, by its code, given all words; empty for visits."""
    both: Unit | None
    """The probability that both come; null for visits."""
    last_word: LastWord | None
    """The latest signal about it; null without one."""
    probability_first: Unit
    """The probability that the first meeting is there; these add up to `probability`."""
    probability_there: Unit
    """The probability of a meeting there, first or not."""


@declared
class Contribution(TypedDict):
    """What a signal or a visit adds to the probability.

    All contributions add up to `probability` less `no_signals_probability`.
    """

    id: str
    """The `event_id` of a signal, the `occasion_id` of a visit, or `background` for all older signals."""
    kind: str
    """The kind of the signal, as in the ledger; without one, the same as `what`."""
    what: Literal["coming", "meeting", "signal", "tone", "visit window", "visit put off"]
    """How it enters: who comes, whether they meet there, the general tone, or the dates of a visit."""
    date: MaybeDay
    """The day on which it became public; empty for what is no single signal."""
    text: str
    """What was said or done."""
    delta: float
    """What it adds, in units of probability: 0.01 is one percentage point."""
    lower: float
    """The lower end of its interval, of the mass that `interval` names."""
    upper: float
    """The upper end of its interval."""
    basis: Literal["record", "belief"]
    """Whether its weight is learned from the record or rests on a prior alone."""


@declared
class NextSignal(TypedDict):
    """The forecast once one more thing is public; nothing says how likely that is."""

    direction: Direction
    """Whether it lowers or raises the forecast; `pair` is two refusals of one leader."""
    what: str
    """What becomes public."""
    change: Change
    """The probability after it less the one now."""
    probability_after: Unit
    """The probability after it."""


@declared
class MatchedRecord(TypedDict):
    """In how many earlier years like this one they then met by the same deadline."""

    hits: Count
    """The years in which they met."""
    years: Count
    """The years like this one."""
    since: int
    """The first year that was looked at."""
    text: str
    """The same as a sentence; empty for a resolved question."""


@declared
class MetAfterBothCame(TypedDict):
    """Seasons to which both came, and those of them in which they met."""

    summit: Shares
    """[met, seasons] with both at a summit."""
    other: Shares
    """[met, seasons] with both at other occasions only."""


@declared
class SettledWords(TypedDict):
    """Settled words about who comes, and how often he then came."""

    will: Shares
    """[came, words] after a word that he will come."""
    will_not: Shares
    """[came, words] after a word that he will not."""


@declared
class Counts(TypedDict):
    """What the model was fitted to, as [hits, trials]."""

    came: dict[str, dict[str, Shares]]
    """[came, occasions] by the code of a side and the class of occasion for it."""
    held: Shares
    """[held in person, occasions]."""
    met_after_both_came: MetAfterBothCame
    """Seasons to which both came."""
    settled_words: SettledWords
    """Settled words about who comes."""
    promises_broken: Shares
    """[broken, days at risk] of announced meetings and agreed visits."""
    made_up: Shares
    """[made up within a year, visits put off]."""
    visits: Annotated[list[float], Field(min_length=2, max_length=2)]
    """[arranged visits, years of the record]."""


@declared
class Resolved(TypedDict):
    """The outcome of a question that is decided."""

    answer: Literal["yes", "no"]
    """Whether they met."""
    date: IsoDay
    """The day that decided it."""
    occasion: str
    """The `occasion_id` of where they met; empty if they did not."""
    place: str
    """Its name; empty if they did not meet."""
    evidence_through: MaybeDay
    """The last day of which the ledger has evidence."""


@declared
class Diagnostics(TypedDict):
    """The checks of the fit; draws that were not sampled have only some of them."""

    rhat_max: NotRequired[float]
    """The largest R-hat; 1 is perfect."""
    ess_min: float
    """The smallest effective sample size, in draws."""
    divergences: NotRequired[Count]
    """Divergent transitions."""
    ebfmi_min: NotRequired[float]
    """The smallest E-BFMI; low values mean slow exploration of the tails."""
    ok: NotRequired[bool]
    """Whether the fit passed all of them."""
    pareto_k: NotRequired[float]
    """The Pareto k of the weights, at most 0.7, if the draws were reweighted from another fit."""
    monte_carlo_error: Annotated[float, Field(ge=0)]
    """The standard error of `probability` from the finite number of draws."""


@declared
@dataclass(frozen=True)
class Forecast:
    """How likely it is that two leaders meet in person by a deadline, as of a day, and why.

    Probabilities run from 0 to 1; days are ISO dates in the time zone of the question.
    """

    schema_version: Version
    """The version of this schema."""
    question_id: str
    """The id of the question."""
    question: str
    """The question in words."""
    sides: Annotated[list[CountryCode], Field(min_length=2, max_length=2)]
    """The codes of the two sides, ISO 3166."""
    as_of: IsoDay
    """The last day whose evidence counts."""
    opens: IsoDay
    """The first day on which a meeting counts."""
    deadline: IsoDay
    """The deadline that the question names."""
    last_day: IsoDay
    """The last day on which a meeting counts: the deadline, or before it the first exit from office."""
    host: MaybeCode
    """The ISO 3166 code of the country where the meeting must be; empty if any place counts."""
    scenario: str
    """The name of the scenario; empty without one."""
    fit_through: IsoDay
    """The last day whose outcomes the model was fitted to."""
    rows_used: Count
    """Rows of the ledger that were public on the as-of day."""
    rows_after_as_of: Count
    """Rows of the ledger that became public later and were left out."""
    resolved: Resolved | None
    """The outcome; null while the question is open."""
    notes: list[str]
    """What a reader should know of question and evidence, one sentence each."""
    track_record: str
    """The folder of the scores that the pages show; empty without one."""
    probability: Unit
    """The forecast: the probability of a meeting that counts, the mean over the posterior draws."""
    interval: Interval
    """The spread of `probability` over the posterior draws."""
    likelihood_word: LikelihoodWord
    """The words of ICD 203 for `probability`."""
    a_week_ago: Unit | None
    """The probability of the same question seven days earlier; null before the ledger begins."""
    matched_record: MatchedRecord
    """Earlier years like this one."""
    no_signals_probability: Unit
    """The probability from the calendar alone, as if nothing had been said."""
    curve: list[CurveDay]
    """The probability that they have met by each day, from the as-of day on."""
    occasions: list[OccasionRow]
    """Who comes where, and where the first meeting is."""
    counts: Counts
    """The record that the model was fitted to."""
    contributions: list[Contribution]
    """Why: the largest first."""
    next_signals: list[NextSignal]
    """What to watch: by direction, then the largest first."""
    diagnostics: Diagnostics
    """The checks of the fit."""
    inputs: dict[str, str]
    """The SHA-256 hash of each input file by its name."""
    random_seed: Count
    """The seed of the sampler."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a forecast file."""
    return TypeAdapter(Forecast).json_schema()


def by_day(made: Forecast) -> list[dict[str, Any]]:
    """The curve as tidy rows, one a day, each with the question, as-of day and deadline that it answers."""
    asked = {"question": made.question, "as_of": made.as_of, "deadline": made.deadline}
    return [asked | {"day": row["date"]} | {name: row[name] for name in VALUES} for row in made.curve]


def to_json(forecast: Forecast) -> str:
    """The text of the forecast file: sorted keys, one value a line, six significant digits."""
    exact = json.dumps(asdict(forecast))
    rounded = json.loads(exact, parse_float=lambda number: float(f"{float(number):.6g}"))
    return json.dumps(rounded, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def from_json(text: str) -> Forecast:
    """The forecast that the text of a forecast file holds."""
    return Forecast(**json.loads(text))


def load(path: Path) -> Forecast:
    """The forecast that a file holds.

    Raises
    ------
    InputError
        If it is not a forecast file, with the line and column of the fault.
    """
    file, line, column = name_of(path), 1, 1
    text = decode(read_bytes(path, FILE_BYTES_MAX), file)
    try:
        return from_json(text)
    except json.JSONDecodeError as error:
        line, column, found = error.lineno, error.colno, f"no JSON: {error.msg}"
    except (TypeError, RecursionError):
        version = re.search(r'"schema_version": (\d+)', text)
        other = version and int(version[1]) != SCHEMA_VERSION
        found = f"schema version {version[1]}: render the run again" if other else "other fields"
    message = f"expected a forecast file as `summit forecast --json` writes it; found {found}"
    raise InputError.at(file, line, column, message)
