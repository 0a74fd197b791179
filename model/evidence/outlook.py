"""What lies ahead as known on a day: seasons and what was said of them, arranged visits, visits put off, the tone."""

from dataclasses import dataclass, replace
from datetime import date

from ..settings.params import Params
from .ledger import Ledger
from .record import OFFSETS, class_of, put_off
from .rows import ANNOUNCEMENT, BOTH, MEETING_MARGIN, REFUSAL, Occasion, Signal, VisitWindow
from .seasons import DAY, Season, expected_occasions, meetings, seasons
from .tone import ToneSeries
from .words import Words, meeting, words, words_about

SCHEDULED, PLANNED, DOUBTED, ANNOUNCED = "scheduled", "planned", "doubted", "announced"
REFUSED, PAST, AGREED, PUT_OFF, OFF = "refused", "past", "agreed", "put off", "off"


@dataclass(frozen=True)
class Slot:
    """One occasion of a season as the formula sees it.

    `classes` (one a side) index `CLASSES`, `type` the multilateral types; `ahead` is the days from as_of to its start;
    `open` says whether a meeting there is still possible.
    """

    occasion: Occasion
    classes: tuple[int, int]
    type: int
    summit: bool
    ahead: int
    words: Words
    sides: tuple[str, str]
    open: bool

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
    """A season ahead: its occasions, and `fade`, the share of today's tone that will be left by then."""

    season: Season
    slots: tuple[Slot, ...]
    fade: float

    @property
    def open(self) -> tuple[Slot, ...]:
        """The slots at which a meeting is still possible."""
        return tuple(slot for slot in self.slots if slot.open)


@dataclass(frozen=True)
class VisitView:
    """An agreed visit: days from as_of to the first and last day of its window, and what was said of it since."""

    occasion: Occasion
    first: int
    last: int
    words: Words
    window: VisitWindow

    @property
    def status(self) -> str:
        return ANNOUNCED if self.words.meeting.announced else AGREED


@dataclass(frozen=True)
class PutOffView:
    """A visit put off: days from as_of to the last day on which it is expected again, and days since the word."""

    occasion: Occasion
    last: int
    since: int
    status: str = PUT_OFF


@dataclass(frozen=True)
class Outlook:
    """Everything ahead as known on `as_of`, inside the horizon, and the tone B of the day.

    `horizon` is the number of days in (as_of, deadline]; day t of it is as_of + t. `statuses` has a word for every
    occasion that is not over.
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


def is_open(occasion: Occasion, as_of: date) -> bool:
    """Whether a meeting at an occasion is still possible: not over, and its meeting days not all behind."""
    return occasion.met is None and (occasion.start_date - as_of).days + OFFSETS[-1] >= 1


def outlook(ledger: Ledger, as_of: date, deadline: date, params: Params) -> Outlook:
    """What lies ahead, from a ledger that was cut at `as_of`."""
    priors, structure = params.priors, params.priors.structure
    series, about, met = ToneSeries(ledger, priors), words_about(ledger, priors), meetings(ledger)
    calendar = [*ledger.occasions, *expected_occasions(ledger.occasions, deadline, priors)]
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
        since = [row for row in rows if row.public_date > window.public_date or row.kind == ANNOUNCEMENT]
        status = PUT_OFF if window.earliest is None else AGREED
        if any(row.kind == REFUSAL for row in since):
            status = REFUSED
        elif window.earliest and window.earliest <= deadline and window.latest > as_of:
            first, last = (window.earliest - as_of).days, (window.latest - as_of).days
            visit = VisitView(occasion, first, last, Words({}, meeting(since, priors)), window)
            visits.append(visit)
            status = visit.status
        statuses[occasion.occasion_id] = status
    again = []
    for name, day in put_off(ledger).items():
        occasion = next((o for o in ledger.occasions if o.occasion_id == name), None)
        until = (day - as_of).days + structure.again_within
        if until > 0 and not renewed(ledger, occasion, day):
            again.append(PutOffView(occasion, until, (as_of - day).days))
            statuses[name] = PUT_OFF
    return Outlook(
        as_of=as_of,
        deadline=deadline,
        horizon=(deadline - as_of).days,
        seasons=tuple(views),
        visits=tuple(visits),
        put_off=tuple(again),
        tone=series.at(as_of),
        tone_series=series,
        statuses=statuses,
        at_risk=structure.at_risk,
        named_day=structure.named_day,
    )


def season_view(season: Season, as_of: date, about: dict[str, list[Signal]], params: Params) -> SeasonView:
    """A season as known on `as_of`; `about` are the signals that name an occasion, by its id."""
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
        )
        for o in season.occasions
    )
    decided = season.first_start - priors.structure.lead * DAY
    fade = 0.5 ** (max((decided - as_of).days, 0) / priors.structure.tone_half_life)
    return SeasonView(season, slots, fade)


def renewed(ledger: Ledger, put_off: Occasion, day: date) -> bool:
    """Whether a new visit of the same host has been agreed since a visit was put off on `day`."""
    agreed = {name: window for name, window in ledger.latest_windows.items() if window.earliest}
    return any(
        o.is_visit
        and o.host == put_off.host
        and o.known_from >= day
        and o.occasion_id in agreed
        and agreed[o.occasion_id].public_date >= day
        for o in ledger.occasions
    )


def unspoken(view: SeasonView) -> SeasonView:
    """The season with nothing said about any of its occasions."""
    return replace(view, slots=tuple(replace(slot, words=Words({})) for slot in view.slots))
