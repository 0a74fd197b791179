"""The outlook on a day: seasons and words about them, agreed and postponed visits, the tone."""

from dataclasses import dataclass, replace
from datetime import date

from ..settings.params import Params
from ..settings.question import Question
from .ledger import Ledger
from .record import OFFSETS, class_of, put_off, same_place
from .rows import ANNOUNCEMENT, BOTH, MEETING_MARGIN, REFUSAL, Occasion, Signal, VisitWindow
from .seasons import DAY, Season, expected_occasions, meetings, seasons
from .tone import ToneSeries
from .words import Words, meeting, words, words_about
from .zones import Shift, shift

SCHEDULED, PLANNED, DOUBTED, ANNOUNCED = "scheduled", "planned", "doubted", "announced"
REFUSED, PAST, AGREED, PUT_OFF, OFF = "refused", "past", "agreed", "put off", "off"


@dataclass(frozen=True)
class Slot:
    """One occasion of a season, as the formula uses it.

    `classes` (one per side) are indices into `CLASSES`, `type` into the multilateral types; `ahead` is the
    number of days from as_of to its start; `open` is whether a meeting there is still possible.
    """

    occasion: Occasion
    classes: tuple[int, int]
    type: int
    summit: bool
    ahead: int
    words: Words
    sides: tuple[str, str]
    open: bool
    shift: Shift = Shift()

    @property
    def status(self) -> str:
        """The occasion's status in words."""
        if not self.open:
            return PAST
        if self.words.coming(BOTH).settled < 0:
            return OFF
        away = [side for side in self.sides if self.words.coming(side).settled < 0]
        if away:
            return f"{' and '.join(away)} {'stay' if len(away) > 1 else 'stays'} away"
        said = self.words.meeting
        if said.announced:
            return ANNOUNCED
        if said.doubted > said.planned:
            return DOUBTED
        return PLANNED if said.planned else SCHEDULED


@dataclass(frozen=True)
class SeasonView:
    """A season with an open slot, and `fade`, the share of today's tone that remains by then."""

    season: Season
    slots: tuple[Slot, ...]
    fade: float

    @property
    def open(self) -> tuple[Slot, ...]:
        """The slots at which a meeting is still possible."""
        return tuple(slot for slot in self.slots if slot.open)


@dataclass(frozen=True)
class VisitView:
    """An agreed visit: days from as_of to the first and last day of its window, and the words since."""

    occasion: Occasion
    first: int
    last: int
    words: Words
    window: VisitWindow
    shift: Shift = Shift()

    @property
    def status(self) -> str:
        return ANNOUNCED if self.words.meeting.announced else AGREED


@dataclass(frozen=True)
class PutOffView:
    """A postponed visit: days from as_of to the last day it is expected, and since the postponement."""

    occasion: Occasion
    last: int
    since: int
    status: str = PUT_OFF


@dataclass(frozen=True)
class Outlook:
    """Everything known on `as_of` about the days up to the deadline, and the tone B on `as_of`.

    `horizon` is the number of days in (as_of, deadline]; day t is as_of + t. Meetings before day `opens` do
    not count. `unseen_here` is the share of visits not yet public that are where the meeting must be.
    `statuses` gives the status of every occasion that is not over.
    """

    as_of: date
    deadline: date
    horizon: int
    seasons: tuple[SeasonView, ...]
    visits: tuple[VisitView, ...]
    put_off: tuple[PutOffView, ...]
    tone: float
    tone_series: ToneSeries
    statuses: dict[str, str]
    at_risk: int
    named_day: float
    opens: int = 1
    unseen_here: float = 1.0


def is_open(occasion: Occasion, as_of: date) -> bool:
    """Whether a meeting at an occasion is still possible: it is not over, and some meeting days remain."""
    return occasion.met is None and (occasion.start_date - as_of).days + OFFSETS[-1] >= 1


def at_host(ledger: Ledger, host: str) -> Ledger:
    """The ledger with only the occasions of a host country, all of them if `host` is empty."""
    if not host:
        return ledger
    occasions = tuple(o for o in ledger.occasions if o.host == host)
    ids = {o.occasion_id for o in occasions}
    windows = tuple(w for w in ledger.visit_windows if w.occasion_id in ids)
    return replace(ledger, occasions=occasions, visit_windows=windows)


def unseen_here(ledger: Ledger, question: Question) -> float:
    """The share of visits not yet public that `where` admits, from the hosts of past visits.

    Before any visit the two sides and all other countries together count as equally likely.
    """
    if not question.host:
        return 1.0
    hosts = [o.host for o in ledger.occasions if o.is_visit and o.met]
    return (hosts.count(question.host) + 1) / (len(hosts) + 3)


def outlook(ledger: Ledger, as_of: date, deadline: date, params: Params) -> Outlook:
    """The outlook from a ledger that was cut at `as_of`, limited to where the meeting must be."""
    priors, structure, question = params.priors, params.priors.structure, params.question
    series, about = ToneSeries(ledger, priors), words_about(ledger, priors)
    share = unseen_here(ledger, question)
    expected = expected_occasions(ledger.occasions, deadline, priors)
    ledger = at_host(ledger, question.host)
    met = meetings(ledger)
    calendar = [*ledger.occasions, *(o for o in expected if question.host in ("", o.host))]
    views, statuses = [], {}
    for season in seasons(calendar, structure.season_gap):
        if not any(is_open(o, as_of) for o in season.occasions):
            continue
        view = season_view(season, as_of, about, params)
        statuses |= {slot.occasion.occasion_id: slot.status for slot in view.slots}
        if season.first_start <= deadline + MEETING_MARGIN and not any(map(season.holds, met)):
            views.append(view)
    visits = []
    for occasion in ledger.occasions:
        window = ledger.latest_windows.get(occasion.occasion_id)
        if not occasion.is_visit or occasion.met is not None or window is None:
            continue
        rows = about.get(occasion.occasion_id, [])
        since = [row for row in rows if is_since(row, window)]
        statuses[occasion.occasion_id] = visit_status(window, since)
        agreed = statuses[occasion.occasion_id] == AGREED
        if agreed and window.earliest <= deadline and window.latest > as_of:
            first, last = (window.earliest - as_of).days, (window.latest - as_of).days
            moved = shift(occasion.host, window.earliest, question.time_zone)
            visit = VisitView(occasion, first, last, Words({}, meeting(since, priors)), window, moved)
            visits.append(visit)
            statuses[occasion.occasion_id] = visit.status
    again = visits_again(ledger, as_of, params, about)
    statuses |= {view.occasion.occasion_id: view.status for view in again}
    return Outlook(
        as_of=as_of,
        deadline=deadline,
        horizon=max((deadline - as_of).days, 0),
        seasons=tuple(views),
        visits=tuple(visits),
        put_off=tuple(again),
        tone=series.at(as_of),
        tone_series=series,
        statuses=statuses,
        at_risk=structure.at_risk,
        named_day=structure.named_day,
        opens=max(((question.opens_later or as_of) - as_of).days, 1),
        unseen_here=share,
    )


def closed(ahead: Outlook) -> Outlook:
    """The outlook of a resolved question: nothing ahead counts."""
    return replace(ahead, deadline=ahead.as_of, horizon=0, seasons=(), visits=(), put_off=())


def season_view(season: Season, as_of: date, about: dict[str, list[Signal]], params: Params) -> SeasonView:
    """A season as known on `as_of`; `about` maps each occasion id to the signals that name the occasion."""
    priors, types = params.priors, tuple(params.priors.multilateral)
    slots = tuple(
        Slot(
            occasion=o,
            classes=tuple(class_of(o, side, params) for side in params.sides),
            type=types.index(o.type),
            summit=priors.types[o.type].summit,
            ahead=(o.start_date - as_of).days,
            words=words(about.get(o.occasion_id, ()), priors),
            sides=params.sides,
            open=is_open(o, as_of),
            shift=shift(o.host, o.start_date, params.question.time_zone),
        )
        for o in season.occasions
    )
    decided = season.first_start - priors.structure.lead * DAY
    fade = 0.5 ** (max((decided - as_of).days, 0) / priors.structure.tone_half_life)
    return SeasonView(season, slots, fade)


def is_since(row: Signal, window: VisitWindow) -> bool:
    """Whether a word about a visit counts beside its latest window.

    Announcements always do, others if they are later. A refusal on the very day also withdraws the dates.
    """
    same_day = window.earliest and row.kind == REFUSAL and row.public_date == window.public_date
    return row.kind == ANNOUNCEMENT or row.public_date > window.public_date or bool(same_day)


def visit_status(window: VisitWindow, since: list[Signal]) -> str:
    """The status of a visit, from its latest window and the words since."""
    if is_refused(since):
        return REFUSED
    return PUT_OFF if window.earliest is None else AGREED


def is_refused(rows: list[Signal]) -> bool:
    """Whether a visit is refused: the last refusal was not followed by an announcement."""
    refused = [row.public_date for row in rows if row.kind == REFUSAL]
    announced = [row.public_date for row in rows if row.kind == ANNOUNCEMENT]
    return bool(refused) and max(refused) >= max(announced, default=date.min)


def visits_again(
    ledger: Ledger, as_of: date, params: Params, about: dict[str, list[Signal]]
) -> list[PutOffView]:
    """The postponed visits that are still expected, up to `again_within` days after the postponement.

    A visit that took place, was refused or was agreed anew since is not expected any more.
    """
    occasions = {o.occasion_id: o for o in ledger.occasions}
    views = []
    for name, day in put_off(ledger).items():
        visit, since = occasions[name], [row for row in about.get(name, ()) if row.public_date > day]
        last = (day - as_of).days + params.priors.structure.again_within
        if last > 0 and not (visit.met or is_refused(since) or renewed(ledger, visit, day, params.sides)):
            views.append(PutOffView(visit, last, (as_of - day).days))
    return views


def renewed(ledger: Ledger, put_off: Occasion, day: date, sides: tuple[str, str]) -> bool:
    """Whether a new visit to the same place has been agreed since a visit was postponed on `day`."""
    agreed = {name: window for name, window in ledger.latest_windows.items() if window.earliest}
    return any(
        o.is_visit
        and same_place(o, put_off, sides)
        and o.known_from >= day
        and o.occasion_id in agreed
        and agreed[o.occasion_id].public_date >= day
        for o in ledger.occasions
    )


def unspoken(view: SeasonView) -> SeasonView:
    """The season without any words about its occasions."""
    return replace(view, slots=tuple(replace(slot, words=Words({})) for slot in view.slots))
