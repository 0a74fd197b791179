"""What lies ahead as known on a day: seasons with what was said of them, arranged visits, visits put off, the tone."""

from dataclasses import dataclass, replace
from datetime import date

from ..settings.params import Params
from .ledger import Ledger
from .record import OFFSETS, class_of, put_off
from .rows import ANNOUNCEMENT, BOTH, MEETING_MARGIN, REFUSAL, Occasion, VisitWindow
from .seasons import DAY, Season, expected_occasions, meetings, seasons
from .tone import ToneSeries
from .words import Words, meeting, words, words_about

SCHEDULED, PLANNED, DOUBTED, ANNOUNCED, REFUSED, PAST = (
    "scheduled",
    "planned",
    "doubted",
    "announced",
    "refused",
    "past",
)
AGREED, PUT_OFF, OFF = "agreed", "put off", "off"


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
        return (
            ANNOUNCED
            if said.announced
            else DOUBTED
            if said.doubted > said.planned
            else PLANNED
            if said.planned
            else SCHEDULED
        )


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
    """A visit put off: the days from as_of to the last day on which it is expected again, and days since it was put off."""

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
    priors, s, types = params.priors, params.priors.structure, tuple(params.priors.multilateral)
    met, series, about = meetings(ledger), ToneSeries(ledger, priors), words_about(ledger, priors)
    calendar = [*ledger.occasions, *expected_occasions(ledger.occasions, deadline, priors)]
    views, visits, again, statuses = [], [], [], {}
    for season in seasons(calendar, s.season_gap):
        if not any(is_open(o, as_of) for o in season.occasions):
            continue
        slots = tuple(
            Slot(
                o,
                tuple(class_of(o, side, params) for side in params.sides),
                types.index(o.type),
                priors.types[o.type].summit,
                (o.start_date - as_of).days,
                words(about.get(o.occasion_id, ()), priors),
                params.sides,
                is_open(o, as_of),
            )
            for o in season.occasions
        )
        statuses |= {slot.occasion.occasion_id: slot.status for slot in slots}
        if season.first_start > deadline + MEETING_MARGIN or any(season.holds(day) for day in met):
            continue
        before = season.first_start - s.lead * DAY
        views.append(SeasonView(season, slots, 0.5 ** (max((before - as_of).days, 0) / s.tone_half_life)))
    latest = {window.occasion_id: window for window in ledger.visit_windows}
    for occasion in ledger.occasions:
        window = latest.get(occasion.occasion_id)
        if not occasion.is_visit or occasion.met is not None or window is None:
            continue
        since = [
            row
            for row in about.get(occasion.occasion_id, ())
            if row.public_date > window.public_date or row.kind == ANNOUNCEMENT
        ]
        refused = any(row.kind == REFUSAL for row in since)
        statuses[occasion.occasion_id] = (
            REFUSED if refused else PUT_OFF if window.earliest is None else AGREED
        )
        if not refused and window.earliest and window.earliest <= deadline and window.latest > as_of:
            view = VisitView(
                occasion,
                (window.earliest - as_of).days,
                (window.latest - as_of).days,
                Words({}, meeting(since, priors)),
                window,
            )
            visits.append(view)
            statuses[occasion.occasion_id] = view.status
    for name, day in put_off(ledger).items():
        occasion = next((o for o in ledger.occasions if o.occasion_id == name), None)
        renewed = any(
            o.is_visit
            and o.host == occasion.host
            and o.occasion_id in latest
            and o.occasion_id != name
            and latest[o.occasion_id].earliest
            and latest[o.occasion_id].public_date >= day
            and o.known_from >= day
            for o in ledger.occasions
        )
        until = (day - as_of).days + s.again_within
        if not renewed and until > 0:
            again.append(PutOffView(occasion, until, (as_of - day).days))
            statuses[name] = PUT_OFF
    return Outlook(
        as_of,
        deadline,
        (deadline - as_of).days,
        tuple(views),
        tuple(visits),
        tuple(again),
        series.at(as_of),
        series,
        statuses,
        s.at_risk,
        s.named_day,
    )


def unspoken(view: SeasonView) -> SeasonView:
    """The season with nothing said about any of its occasions."""
    return replace(view, slots=tuple(replace(slot, words=Words({})) for slot in view.slots))
