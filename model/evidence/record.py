"""What the fit sees: decisions to come, occasions held, meetings, words and promises whose outcomes are known."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from ..settings.params import Params
from .ledger import Ledger
from .rows import ANNOUNCEMENT, ATTENDANCE, BOTH, REFUSAL, Occasion, Signal, VisitWindow
from .seasons import DAY, YEAR, meetings, seasons
from .tone import ToneSeries
from .words import LEVELS, SETTLED, Coming, coming, is_refusal, words_about

OFFSETS = np.arange(-3, 4)
"""Days of a meeting relative to the start of its occasion: the support of the meeting-day distribution."""
CLASSES = ("home", "summit", "other", "guest")


def class_of(occasion: Occasion, side: str, params: Params) -> int:
    """Index in `CLASSES` of an occasion for one side: its own country hosts, a summit, another, one the other side hosts."""
    if occasion.host == side:
        return 0
    if params.priors.types[occasion.type].summit:
        return 1
    return 3 if occasion.host in params.sides else 2


@dataclass(frozen=True)
class Record:
    """What was decided, of a ledger cut at its as-of date; `through` is the last day on which an outcome became known.

    Decisions (decision,): whether a leader came to an occasion that was held, with class, side, type, and tone at the
    lead of its season. Seasons (season,) are those in which both came to an occasion: whether both were at a summit,
    the number of other occasions both were at, tone, and whether they met there; one in which they met at a visit beside
    it alone is left out, since the visit is counted. Pairs are (hits, trials); `said` has a
    row for each of `LEVELS`: hits and trials among those who came, then among those who stayed away. Notices and
    exposure are in days, `years` in years. `norm` is the mean tone of the decisions.
    """

    through: date
    classes: np.ndarray
    sides: np.ndarray
    types: np.ndarray
    tone: np.ndarray
    came: np.ndarray
    at_summit: np.ndarray
    at_other: np.ndarray
    season_tone: np.ndarray
    met: np.ndarray
    held: tuple[int, int]
    will: tuple[int, int]
    will_not: tuple[int, int]
    said: np.ndarray
    meeting_days: np.ndarray
    broken: int
    exposure: float
    again: tuple[int, int]
    visits: int
    years: float
    notices: np.ndarray

    @property
    def norm(self) -> float:
        """The usual tone, from which that of a day is measured."""
        return float(self.tone.mean()) if len(self.tone) else 0.0


def no_record() -> Record:
    """A record of nothing, under which the posterior is the prior."""
    none, whole = np.zeros(0), np.zeros(0, dtype=int)
    return Record(
        date(1900, 1, 1),
        whole,
        whole,
        whole,
        none,
        whole,
        whole,
        whole,
        none,
        whole,
        (0, 0),
        (0, 0),
        (0, 0),
        np.zeros((len(LEVELS), 4), dtype=int),
        np.zeros(len(OFFSETS), dtype=int),
        0,
        0.0,
        (0, 0),
        0,
        0.0,
        none,
    )


def attended(occasion: Occasion, side: str) -> bool:
    """Whether the leader of a side came, of an occasion that is over."""
    return occasion.attended in (side, BOTH)


def decided(ledger: Ledger) -> list[Occasion]:
    """The multilateral occasions whose outcome is known."""
    return [o for o in ledger.occasions if o.met is not None and not o.is_visit]


@dataclass(frozen=True)
class Said:
    """What was said of one leader before an occasion that was held, and whether he came."""

    occasion: Occasion
    side: str
    words: Coming
    rows: tuple[Signal, ...]
    came: bool


def spoken(ledger: Ledger, params: Params, about: dict[str, list[Signal]] | None = None) -> list[Said]:
    """The words about each leader before each decided occasion abroad; his own country's occasions are left out.

    `about` is `words_about(ledger, params.priors)` where that is known already.
    """
    about, found = about or words_about(ledger, params.priors), []
    for occasion in decided(ledger):
        if not occasion.held_in_person:
            continue
        for side in params.sides:
            if occasion.host != side:
                rows = tuple(
                    row
                    for row in about.get(occasion.occasion_id, ())
                    if row.kind == ATTENDANCE and row.actor == side and row.public_date <= occasion.start_date
                )
                found.append(Said(occasion, side, coming(rows), rows, attended(occasion, side)))
    return found


def tally(hits: list[bool]) -> tuple[int, int]:
    """(successes, trials)."""
    return sum(hits), len(hits)


def record(ledger: Ledger, params: Params) -> Record:
    """What a ledger, cut at the as-of date, says about the past.

    Exposures run to the last day on which an outcome became known, so that the record, and with it the fit, stays the
    same while nothing is decided.
    """
    s, priors, sides = params.priors.structure, params.priors, params.sides
    types, tone = tuple(priors.multilateral), ToneSeries(ledger, priors)
    over = [o for o in ledger.occasions if o.met is not None and o.start_date is not None]
    through = max((o.outcome_date for o in over), default=date.min)
    known = {o.occasion_id for o in decided(ledger)}

    decisions, met_in, days = [], [], meetings(ledger)
    for season in seasons(ledger.occasions, s.season_gap):
        level = tone.at(season.first_start - s.lead * DAY)
        held = [o for o in season.occasions if o.occasion_id in known and o.held_in_person]
        decisions += [
            (class_of(o, side, params), i, types.index(o.type), level, attended(o, side))
            for o in held
            for i, side in enumerate(sides)
        ]
        both = [o for o in held if all(attended(o, side) for side in sides)]
        summits = sum(priors.types[o.type].summit for o in both)
        there = any(o.met for o in both)
        if (
            both
            and all(o.occasion_id in known for o in season.occasions)
            and (there or not any(map(season.holds, days)))
        ):
            met_in.append((summits > 0, len(both) - summits, level, there))
    classes, side, kind, level, came = zip(*decisions, strict=True) if decisions else ((),) * 5
    at_summit, at_other, season_tone, met = zip(*met_in, strict=True) if met_in else ((),) * 4

    about = words_about(ledger, priors)
    heard = spoken(ledger, params, about)
    said = np.array(
        [
            [
                sum(level in levels(each) for each in heard if each.came),
                sum(each.came for each in heard),
                sum(level in levels(each) for each in heard if not each.came),
                sum(not each.came for each in heard),
            ]
            for level in LEVELS
        ],
        dtype=int,
    )
    offsets = [(o.met_date - o.start_date).days for o in decided(ledger) if o.met]
    broke, exposure = promises(ledger, params, about)
    visits = [o for o in over if o.is_visit and o.met]
    windows = first_windows(ledger)
    return Record(
        through,
        np.array(classes, dtype=int),
        np.array(side, dtype=int),
        np.array(kind, dtype=int),
        np.array(level, dtype=float),
        np.array(came, dtype=int),
        np.array(at_summit, dtype=int),
        np.array(at_other, dtype=int),
        np.array(season_tone, dtype=float),
        np.array(met, dtype=int),
        held=tally([bool(o.held_in_person) for o in decided(ledger)]),
        will=tally([each.came for each in heard if each.words.settled > 0]),
        will_not=tally([each.came for each in heard if each.words.settled < 0]),
        said=said,
        meeting_days=np.bincount(
            np.clip(np.array(offsets, dtype=int) - OFFSETS[0], 0, len(OFFSETS) - 1), minlength=len(OFFSETS)
        ),
        broken=broke,
        exposure=exposure,
        again=made_up(ledger, params, through),
        visits=len(visits),
        years=(through - min((o.start_date for o in over), default=through)).days / YEAR,
        notices=np.array(
            [
                max((o.met_date - windows[o.occasion_id].public_date).days, 0) + 0.5
                for o in visits
                if o.occasion_id in windows
            ]
        ),
    )


def levels(said: Said) -> set[int]:
    """The levels of unsettled words that were ever said."""
    return {row.strength for row in said.rows if row.strength in LEVELS}


def first_windows(ledger: Ledger) -> dict[str, VisitWindow]:
    """The first window of each visit."""
    first: dict[str, VisitWindow] = {}
    for window in ledger.visit_windows:
        first.setdefault(window.occasion_id, window)
    return first


def promises(
    ledger: Ledger, params: Params, about: dict[str, list[Signal]] | None = None
) -> tuple[int, float]:
    """How many promised meetings broke, and for how many days they could have: days of the last `at_risk` before them.

    A promise is the announcement of a meeting at an occasion, or the agreed window of a visit. It breaks on the day on
    which it is taken back; one that passes unmet breaks on its day.
    """
    at_risk, about = params.priors.structure.at_risk, about or words_about(ledger, params.priors)
    broke, exposure = 0, 0
    for occasion in ledger.occasions:
        rows = about.get(occasion.occasion_id, [])
        if occasion.met is None or occasion.start_date is None:
            continue
        windows = [w for w in ledger.visit_windows if w.occasion_id == occasion.occasion_id]
        if occasion.is_visit:
            begin = [w.public_date for w in windows[:1] if w.earliest]
            ended = [w.public_date for w in windows if w.earliest is None]
            ended += [row.public_date for row in rows if row.kind == REFUSAL]
            day = occasion.met_date or max(
                (w.earliest for w in windows if w.earliest), default=occasion.start_date
            )
        else:
            begin = [row.public_date for row in rows if row.kind == ANNOUNCEMENT]
            ended = [
                row.public_date
                for row in rows
                if is_refusal(row) or row.kind == ATTENDANCE and row.strength == -SETTLED
            ]
            day = occasion.met_date or occasion.start_date
        if not begin or min(begin) > day:
            continue
        taken_back = (
            min((when for when in ended if min(begin) <= when), default=day) if not occasion.met else day
        )
        last = min(taken_back, day)
        exposure += min((last - min(begin)).days, max(at_risk - (day - last).days, 0))
        broke += not occasion.met
    return broke, float(exposure)


def put_off(ledger: Ledger) -> dict[str, date]:
    """The visits whose latest window says that they are put off, with the day of that word."""
    latest = {window.occasion_id: window for window in ledger.visit_windows}
    return {name: window.public_date for name, window in latest.items() if window.earliest is None}


def made_up(ledger: Ledger, params: Params, through: date) -> tuple[int, int]:
    """Of the visits put off, how many took place within `again_within` days at the same host; those still open left out."""
    hosts, hits = {o.occasion_id: o.host for o in ledger.occasions}, []
    for name, day in put_off(ledger).items():
        until = day + params.priors.structure.again_within * DAY
        came = any(
            o.is_visit and o.met and o.host == hosts[name] and day < o.met_date <= until
            for o in ledger.occasions
        )
        if came or until <= through:
            hits.append(came)
    return tally(hits)
