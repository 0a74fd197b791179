"""The data of the fit: attendance, occasions, meetings, words and promises with known outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..settings.params import Params
from .ledger import Ledger
from .rows import ANNOUNCEMENT, ATTENDANCE, BOTH, REFUSAL, Occasion, Signal, VisitWindow
from .seasons import DAY, YEAR, Season, meetings, seasons
from .tone import ToneSeries
from .words import LEVELS, SETTLED, coming, is_refusal, words_about

OFFSETS = np.arange(-3, 4)
"""Days of a meeting relative to the start of its occasion: the support of the meeting-day distribution."""
CLASSES = ("home", "summit", "other", "guest")


class Tally(NamedTuple):
    """The number of times that something happened, and of times that it could have."""

    hits: int = 0
    trials: int = 0


def tally(hits: Sequence[bool]) -> Tally:
    """The number of hits and of trials."""
    return Tally(sum(hits), len(hits))


def _empty(dtype: type) -> Any:
    return field(default_factory=partial(np.zeros, 0, dtype=dtype))


@dataclass(frozen=True)
class Record:
    """The known outcomes of a ledger cut at its as-of date; empty by default.

    Attributes
    ----------
    through
        The last day on which an outcome became known; the first day of the ledger if none has.
    classes, sides, types, tone, came : (decision,)
        Whether a leader attended an occasion that was held, with its class, side and type, and the tone
        `lead` days before its season.
    at_summit, at_other, season_tone, met : (season,)
        The seasons with an occasion that both attended: whether it was a summit, the number of other
        occasions that both attended, the tone, and whether they met there. Seasons in which they met only at
        a separate visit are left out, because the visit is counted.
    said : (level, 4)
        For each of `LEVELS`, hits and trials among leaders who attended, then among those who stayed away.
    meeting_days : (offset,)
    exposure, notices
        In days.
    years, idle
        Years of exposure to visits: from the first day of the ledger to `through`, both included, and from
        then to the last day that the ledger covers. Both are 0 if nothing is decided.
    """

    through: date = date(1900, 1, 1)
    classes: np.ndarray = _empty(int)
    sides: np.ndarray = _empty(int)
    types: np.ndarray = _empty(int)
    tone: np.ndarray = _empty(float)
    came: np.ndarray = _empty(int)
    at_summit: np.ndarray = _empty(int)
    at_other: np.ndarray = _empty(int)
    season_tone: np.ndarray = _empty(float)
    met: np.ndarray = _empty(int)
    held: Tally = Tally()
    will: Tally = Tally()
    will_not: Tally = Tally()
    said: np.ndarray = field(default_factory=lambda: np.zeros((len(LEVELS), 4), dtype=int))
    meeting_days: np.ndarray = field(default_factory=lambda: np.zeros(len(OFFSETS), dtype=int))
    broken: int = 0
    exposure: float = 0.0
    again: Tally = Tally()
    visits: int = 0
    years: float = 0.0
    idle: float = 0.0
    notices: np.ndarray = _empty(float)

    @property
    def norm(self) -> float:
        """The usual tone: the mean over decisions. The tone of a day is measured relative to it."""
        return float(self.tone.mean()) if len(self.tone) else 0.0


def no_record() -> Record:
    """An empty record, with which the posterior equals the prior."""
    return Record()


def class_of(occasion: Occasion, side: str, params: Params) -> int:
    """Index in `CLASSES` of an occasion for one side: home, otherwise a summit, otherwise by its host."""
    if occasion.host == side:
        return CLASSES.index("home")
    if params.priors.types[occasion.type].summit:
        return CLASSES.index("summit")
    return CLASSES.index("guest" if occasion.host in params.sides else "other")


def attended(occasion: Occasion, side: str) -> bool:
    """Whether the leader of a side attended a past occasion."""
    return occasion.attended in (side, BOTH)


def decided(ledger: Ledger) -> list[Occasion]:
    """The multilateral occasions whose outcome is known."""
    return [o for o in ledger.occasions if o.met is not None and not o.is_visit]


def record(ledger: Ledger, params: Params) -> Record:
    """The record of a ledger that was cut at the as-of date.

    What the fit sees ends on the last day on which an outcome became known, so that a fit changes only when
    there is a new outcome.
    """
    structure, priors = params.priors.structure, params.priors
    visits = [o for o in ledger.occasions if o.is_visit and o.met]
    time = exposure_to_visits(ledger, visits)
    through = time.through

    tone, days = ToneSeries(ledger, priors), meetings(ledger)
    decisions: list[Decision] = []
    chances: list[SeasonOutcome] = []
    for season in seasons(ledger.occasions, structure.season_gap):
        level = tone.at(season.first_start - structure.lead * DAY)
        decisions += decisions_of(season, level, params)
        chances += outcome_of(season, level, days, params)

    about = words_about(ledger, priors)
    leaders = spoken(ledger, params, about)
    broken, exposure = promises(ledger, params, about)
    return Record(
        through=through,
        classes=np.array([row.kind for row in decisions], dtype=int),
        sides=np.array([row.side for row in decisions], dtype=int),
        types=np.array([row.type for row in decisions], dtype=int),
        tone=np.array([row.tone for row in decisions], dtype=float),
        came=np.array([row.came for row in decisions], dtype=int),
        at_summit=np.array([row.at_summit for row in chances], dtype=int),
        at_other=np.array([row.at_other for row in chances], dtype=int),
        season_tone=np.array([row.tone for row in chances], dtype=float),
        met=np.array([row.met for row in chances], dtype=int),
        held=tally([bool(o.held_in_person) for o in decided(ledger)]),
        will=tally([leader.came for leader in leaders if leader.settled > 0]),
        will_not=tally([leader.came for leader in leaders if leader.settled < 0]),
        said=level_counts(leaders),
        meeting_days=offset_counts(decided(ledger)),
        broken=broken,
        exposure=exposure,
        again=came_again(ledger, params, through),
        visits=len(visits),
        years=time.years,
        idle=time.idle,
        notices=notices_of(visits, ledger),
    )


# Who came, and whether they met


class Decision(NamedTuple):
    """Whether a leader attended an occasion that was held; `kind` indexes `CLASSES`, `type` the types."""

    kind: int
    side: int
    type: int
    tone: float
    came: bool


class SeasonOutcome(NamedTuple):
    """A season with an occasion that both attended, and whether they met there."""

    at_summit: bool
    at_other: int
    tone: float
    met: bool


def held_in(season: Season) -> list[Occasion]:
    """The past occasions of a season that were held in person."""
    return [o for o in season.occasions if o.met is not None and o.held_in_person]


def decisions_of(season: Season, tone: float, params: Params) -> list[Decision]:
    """The decisions of both leaders for each occasion of a season that was held."""
    types = tuple(params.priors.multilateral)
    return [
        Decision(class_of(o, side, params), i, types.index(o.type), tone, attended(o, side))
        for o in held_in(season)
        for i, side in enumerate(params.sides)
    ]


def outcome_of(season: Season, tone: float, met_days: list[date], params: Params) -> list[SeasonOutcome]:
    """The outcome of a season, as a list that is empty if the season does not count; see `Record`."""
    both = [o for o in held_in(season) if all(attended(o, side) for side in params.sides)]
    if not both or any(o.met is None for o in season.occasions):
        return []
    met = any(o.met for o in both)
    if not met and any(map(season.holds, met_days)):
        return []
    summits = sum(params.priors.types[o.type].summit for o in both)
    return [SeasonOutcome(summits > 0, len(both) - summits, tone, met)]


def offset_counts(occasions: list[Occasion]) -> np.ndarray:
    """The number of meetings on each of `OFFSETS`, with offsets outside moved to the nearest; (offset,)."""
    days = np.array([(o.met_date - o.start_date).days for o in occasions if o.met], dtype=int)
    return np.bincount(np.clip(days - OFFSETS[0], 0, len(OFFSETS) - 1), minlength=len(OFFSETS))


# Words about attendance


class Said(NamedTuple):
    """The words about one leader before an occasion that was held, and whether he attended.

    `settled` is as in `Coming`; `levels` are those of all unsettled words, also before a settled one.
    """

    settled: int
    levels: set[int]
    came: bool


def spoken(ledger: Ledger, params: Params, about: dict[str, list[Signal]]) -> list[Said]:
    """The words about each leader before each decided occasion outside his own country; see `words_about`."""
    found = []
    for occasion in decided(ledger):
        for side in params.sides:
            if not occasion.held_in_person or occasion.host == side:
                continue
            rows = [
                row
                for row in about.get(occasion.occasion_id, ())
                if row.kind == ATTENDANCE and row.actor == side and row.public_date <= occasion.start_date
            ]
            levels = {row.strength for row in rows if row.strength in LEVELS}
            found.append(Said(coming(rows).settled, levels, attended(occasion, side)))
    return found


def level_counts(leaders: list[Said]) -> np.ndarray:
    """Hits and trials of each level among leaders who attended, then those who stayed away; (level, 4)."""
    came, away = ([leader.levels for leader in leaders if leader.came is yes] for yes in (True, False))
    counts = [
        (sum(level in said for said in came), len(came), sum(level in said for said in away), len(away))
        for level in LEVELS
    ]
    return np.array(counts, dtype=int)


# Promises and visits


class Exposure(NamedTuple):
    """The last day on which an outcome became known, and the years of exposure to visits; see `Record`."""

    through: date
    years: float = 0.0
    idle: float = 0.0


def exposure_to_visits(ledger: Ledger, visits: list[Occasion]) -> Exposure:
    """The exposure to visits of a cut ledger in which `visits` took place; each lies inside it."""
    outcomes = [o.outcome_date for o in ledger.occasions if o.met is not None]
    if not outcomes:
        return Exposure(ledger.first_day or Record.through)
    through = max(outcomes)
    begin = min([ledger.first_day, through, *(o.met_date for o in visits)])
    return Exposure(
        through, ((through - begin).days + 1) / YEAR, (ledger.covered_until - through).days / YEAR
    )


class Promises(NamedTuple):
    """The number of broken promises, and the days on which promises could have broken."""

    broken: int
    exposure: float


class Promise(NamedTuple):
    """An announced meeting or agreed visit: the days on which it was promised, resolved and due."""

    made: date
    ended: date
    due: date


def promise_of(occasion: Occasion, rows: list[Signal], windows: list[VisitWindow]) -> Promise | None:
    """The promise of a meeting at a past occasion; None if there was no promise before its day."""
    if occasion.is_visit:
        agreed = [window.earliest for window in windows if window.earliest]
        made = [window.public_date for window in windows[:1] if window.earliest]
        taken_back = [window.public_date for window in windows if not window.earliest]
        taken_back += [row.public_date for row in rows if row.kind == REFUSAL]
        due = occasion.met_date or max(agreed, default=occasion.start_date)
    else:
        made = [row.public_date for row in rows if row.kind == ANNOUNCEMENT]
        stays_away = {row.event_id for row in rows if row.kind == ATTENDANCE and row.strength == -SETTLED}
        taken_back = [row.public_date for row in rows if is_refusal(row) or row.event_id in stays_away]
        due = occasion.met_date or occasion.start_date
    if not made or min(made) > due:
        return None
    ended = min((day for day in taken_back if min(made) <= day), default=due)
    return Promise(min(made), due if occasion.met else min(ended, due), due)


def promises(ledger: Ledger, params: Params, about: dict[str, list[Signal]]) -> Promises:
    """The outcomes of promised meetings; exposure counts the last `at_risk` days before each due day.

    A broken promise counts at least one day, because a break without a day at risk would be impossible.
    A promise is the announcement of a meeting at an occasion, or the agreed window of a visit. It breaks on
    the day on which it is withdrawn, or on its due day if that passes without a meeting.
    """
    at_risk, broken, exposure = params.priors.structure.at_risk, 0, 0
    for occasion in ledger.occasions:
        if occasion.met is None or occasion.start_date is None:
            continue
        windows = [w for w in ledger.visit_windows if w.occasion_id == occasion.occasion_id]
        promise = promise_of(occasion, about.get(occasion.occasion_id, []), windows)
        if promise:
            open_days = (promise.ended - promise.made).days
            days = min(open_days, max(at_risk - (promise.due - promise.ended).days, 0))
            exposure += days if occasion.met else max(days, 1)
            broken += not occasion.met
    return Promises(broken, float(exposure))


def notices_of(visits: list[Occasion], ledger: Ledger) -> np.ndarray:
    """Days from the first window of each visit to the meeting, plus half a day; (visit with window,)."""
    first = {window.occasion_id: window.public_date for window in reversed(ledger.visit_windows)}
    known = [o for o in visits if o.occasion_id in first]
    return np.array([max((o.met_date - first[o.occasion_id]).days, 0) + 0.5 for o in known])


def put_off(ledger: Ledger) -> dict[str, date]:
    """The visits that are postponed according to their latest window, with the day of the postponement."""
    latest = ledger.latest_windows
    return {name: window.public_date for name, window in latest.items() if window.earliest is None}


def same_place(one: Occasion, other: Occasion, sides: tuple[str, str]) -> bool:
    """Whether two visits have the same host; all third countries count as one."""
    return one.host == other.host or not {one.host, other.host}.intersection(sides)


def came_again(ledger: Ledger, params: Params, through: date) -> Tally:
    """The number of postponed visits that took place at the same place within `again_within` days.

    Visits that may still take place are left out.
    """
    occasions, hits = {o.occasion_id: o for o in ledger.occasions}, []
    visits = [o for o in ledger.occasions if o.is_visit and o.met]
    for name, day in put_off(ledger).items():
        until = day + params.priors.structure.again_within * DAY
        came = any(same_place(o, occasions[name], params.sides) and day < o.met_date <= until for o in visits)
        if came or until <= through:
            hits.append(came)
    return tally(hits)
