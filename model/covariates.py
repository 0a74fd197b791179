"""The ledger as seen on a date, in arrays: seasons, statuses, words, silence, tone.

Everything here is computed from a ledger that was cut at that date, so nothing can be known too early. No parameter
of the model stands here; the arrays are what `hazard` multiplies with the draws.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from .ledger import MEETING_MARGIN, Ledger, Occasion, Signal
from .params import Priors

DAY = timedelta(days=1)
YEAR = 365.25
FIRST_YEAR = 1990
YEARS = 60
OFFSETS = np.arange(-3, 4)
"""Days of a meeting relative to the start of its occasion: the support of the meeting-day distribution."""

SCHEDULED, PLANNED, DOUBTED, ANNOUNCED, REFUSED, PAST = "scheduled", "planned", "doubted", "announced", "refused", "past"
AGREED, PUT_OFF = "agreed", "put off"
ANNOUNCEMENT, REFUSAL = "summit_announced", "contact_missed"


@dataclass(frozen=True)
class Season:
    """A run of multilateral occasions whose starts lie at most `season_gap` days apart: one chance to meet."""

    occasions: tuple[Occasion, ...]

    @property
    def id(self) -> str:
        return self.occasions[0].occasion_id

    @property
    def first_start(self) -> date:
        return self.occasions[0].start_date

    @property
    def last_end(self) -> date:
        return max(occasion.end_date for occasion in self.occasions)

    def holds(self, day: date) -> bool:
        """Whether a meeting on that day counts as one of this season."""
        return self.first_start - MEETING_MARGIN <= day <= self.last_end + MEETING_MARGIN


def seasons(occasions: Iterable[Occasion], gap: int) -> tuple[Season, ...]:
    """The multilateral occasions in runs of starts at most `gap` days apart, by date."""
    runs: list[list[Occasion]] = []
    for occasion in sorted((o for o in occasions if not o.is_visit), key=lambda o: (o.start_date, o.occasion_id)):
        if runs and (occasion.start_date - runs[-1][-1].start_date).days <= gap:
            runs[-1].append(occasion)
        else:
            runs.append([occasion])
    return tuple(Season(tuple(run)) for run in runs)


def year_of(season: Season) -> int:
    """Index of the season's year effect; years before the first and after the last share theirs."""
    return min(max(season.first_start.year - FIRST_YEAR, 0), YEARS - 1)


def meetings(ledger: Ledger) -> list[date]:
    """The days on which the leaders are known to have met, each once, by date."""
    return sorted({occasion.met_date for occasion in ledger.occasions if occasion.met})


def surprises(ledger: Ledger, priors: Priors) -> list[Occasion]:
    """The visits and one-off gatherings at which they met, but for visits beside a season, which are hits of that."""
    calendar = seasons(ledger.occasions, priors.structure.season_gap)
    return [o for o in ledger.occasions if o.met and not priors.types[o.type].yearly
            and not (o.is_visit and any(season.holds(o.met_date) for season in calendar))]


def weight_of(signal: Signal, priors: Priors) -> float:
    """|strength|/3 times the reliability of its source and item: 0 to 1."""
    return abs(signal.strength) / 3 * priors.grades.reliability(signal.grade)


@dataclass(frozen=True)
class Tone:
    """Decayed weights of the signals that name no occasion, per kind: `up` and `down`, each of shape (kind,)."""

    up: np.ndarray
    down: np.ndarray


def by_weight(rows: Iterable[Signal], priors: Priors) -> list[Signal]:
    """Rows that tell of one event: the strongest, which speaks for it, first, of equally strong ones the first public."""
    return sorted(rows, key=lambda s: (-weight_of(s, priors), s.public_date, s.event_id))


def words_about(ledger: Ledger, priors: Priors) -> dict[str, list[Signal]]:
    """The signals that name an occasion, by its id; rows tied by `same_as` count once."""
    named: dict[str, list[Signal]] = {}
    for event in ledger.events():
        for name in sorted({signal.occasion for signal in event} - {""}):
            named.setdefault(name, []).append(by_weight((s for s in event if s.occasion == name), priors)[0])
    return named


def about_occasions(ledger: Ledger) -> set[str]:
    """The ids of the signals of all events of which a row names an occasion; the others make up the tone."""
    return {row.event_id for event in ledger.events() if any(row.occasion for row in event) for row in event}


class ToneSeries:
    """The general signals of a ledger as arrays, summed up for any day.

    What counts once stands together in `events`, and `signals` has the row of each that counts: rows tied by `same_as`,
    and the signals of one kind and direction that became public on one day, so that a day coded twice says no more
    than a day coded once. An event of which a row names an occasion is about that occasion and no part of the tone.
    """

    def __init__(self, ledger: Ledger, priors: Priors):
        self.kinds = tuple(priors.kinds)
        self.half_life = priors.structure.tone_half_life
        together: dict[tuple, list[Signal]] = {}
        for event in ledger.events():
            if not any(signal.occasion for signal in event):
                told = by_weight(event, priors)[0]
                together.setdefault((told.public_date, told.kind, told.strength > 0), []).extend(event)
        self.events = [tuple(by_weight(rows, priors)) for rows in together.values()]
        self.signals = [rows[0] for rows in self.events]
        self.public = np.array([s.public_date.toordinal() for s in self.signals], dtype=int)
        self.kind = np.array([self.kinds.index(s.kind) for s in self.signals], dtype=int)
        self.weight = np.array([np.sign(s.strength) * weight_of(s, priors) for s in self.signals])

    def decayed(self, day: date) -> np.ndarray:
        """Signed weight of each signal on `day`, halved every `half_life` days, 0 while not public; shape (signal,)."""
        age = day.toordinal() - self.public
        return np.where(age >= 0, self.weight * 0.5 ** (np.maximum(age, 0) / self.half_life), 0.0)

    def at(self, day: date) -> Tone:
        """The tone on `day`."""
        weight = self.decayed(day)
        up, down = (np.bincount(self.kind, np.maximum(part, 0.0), len(self.kinds)).astype(float) for part in (weight, -weight))
        return Tone(up, down)


@dataclass(frozen=True)
class Words:
    """What was said about one occasion by a day.

    `formal` is the last formal word, ANNOUNCED, REFUSED or "" for none, and `formal_day` its day. `planned` and
    `doubted` (0 to 1) are the strongest informal words since, a doubt halved every `doubt_half_life` days; a formal word
    said again undoes the doubts before it, but not the planning. `signals` are the rows behind: formal, planned, doubted.
    """

    formal: str = ""
    formal_day: date | None = None
    planned: float = 0.0
    doubted: float = 0.0
    signals: tuple[Signal | None, Signal | None, Signal | None] = (None, None, None)

    @property
    def status(self) -> str:
        """The occasion's status in one word."""
        return self.formal or (DOUBTED if self.doubted > self.planned else PLANNED if self.planned else SCHEDULED)


def formality(signal: Signal) -> int:
    """1 for a formal announcement, -1 for a formal refusal, 0 for any other word.

    A refusal counts as formal when its source is at least usually reliable (Admiralty A or B); what the press reports
    (C and below) is a doubt.
    """
    if signal.kind == ANNOUNCEMENT:
        return 1
    return -1 if signal.kind == REFUSAL and signal.grade[0] in "AB" else 0


def words(signals: Sequence[Signal], day: date, priors: Priors) -> Words:
    """The words of signals that all name one occasion, as they stand on `day`; their order never matters.

    Words of one day are taken together: formal beats informal, and of formal or informal words of both directions
    the stronger side counts by the difference.
    """
    formal, formal_day, formal_row, since = "", None, None, date.min
    for when in sorted({s.public_date for s in signals if formality(s)}):
        rows = [s for s in signals if s.public_date == when and formality(s)]
        balance = sum(formality(s) * abs(s.strength) for s in rows)
        said = ANNOUNCED if balance > 0 else REFUSED
        formal, formal_day, since = said, when, since if said == formal else when
        formal_row = max((s for s in rows if formality(s) == (1 if balance > 0 else -1)), key=lambda s: s.event_id,
                         default=rows[0])
    strongest: dict[int, tuple[float, Signal | None]] = {1: (0.0, None), -1: (0.0, None)}
    informal = [s for s in signals if not formality(s) and s.public_date > since]
    for when in sorted({s.public_date for s in informal}):
        best = {sign: max(((weight_of(s, priors), s.event_id, s) for s in informal
                           if s.public_date == when and np.sign(s.strength) == sign), default=(0.0, "", None))
                for sign in (1, -1)}
        net = best[1][0] - best[-1][0]
        sign = 1 if net > 0 else -1
        if sign < 0 and formal_day and when <= formal_day:
            continue
        fade = 1.0 if sign > 0 else 0.5 ** ((day - when).days / priors.structure.doubt_half_life)
        if abs(net) * fade > strongest[sign][0]:
            strongest[sign] = (abs(net) * fade, best[sign][2])
    return Words(formal, formal_day, strongest[1][0], strongest[-1][0], (formal_row, strongest[1][1], strongest[-1][1]))


@dataclass(frozen=True)
class Record:
    """What the likelihood sees: counts, leads and seasons whose outcomes were public by `through`.

    Arrays over seasons have the order of `season_ids`; `types` counts the occasions of each type (season, type),
    `where` marks the type of the occasion at which they met where there was a choice (season, type), `up` and `down`
    are the tone 8 weeks before the season (season, kind). Leads are in days. Pairs are (successes, trials).
    """

    through: date
    season_ids: tuple[str, ...]
    types: np.ndarray
    where: np.ndarray
    up: np.ndarray
    down: np.ndarray
    year: np.ndarray
    met: np.ndarray
    announcement_lead: np.ndarray
    refusal_lead: np.ndarray
    surprise_lead: np.ndarray
    meeting_day: np.ndarray
    kept: tuple[int, int]
    window_kept: tuple[int, int]
    revived: tuple[int, int]
    refused: np.ndarray
    planned_met: tuple[int, int]
    planned_unmet: tuple[int, int]
    planned_weight: float
    surprises: int
    years: float


def _days(late: date, early: date) -> float:
    """Days from `early` to `late`; a lead of k whole days lies between k and k + 1 and counts as the middle."""
    return max((late - early).days, 0) + 0.5


def record(ledger: Ledger, priors: Priors) -> Record:
    """What a ledger, cut at the as-of date, says about the past.

    `through` is the last day on which an outcome became known: exposures run to it, so that the record, and with it
    the fit, stays the same while nothing is decided.
    """
    s, types, kinds = priors.structure, tuple(priors.multilateral), tuple(priors.kinds)
    over = [o for o in ledger.occasions if o.met is not None and o.start_date is not None]
    met, about = meetings(ledger), words_about(ledger, priors)
    open_ids = {o.occasion_id for o in ledger.occasions} - {o.occasion_id for o in over}
    ended = [season for season in seasons((o for o in ledger.occasions), s.season_gap)
             if not any(o.occasion_id in open_ids for o in season.occasions)]
    through = max((o.outcome_date for o in over), default=date.min)
    tone = ToneSeries(ledger, priors)

    counts, where = np.zeros((2, len(ended), len(types)))
    up, down = np.zeros((2, len(ended), len(kinds)))
    for i, season in enumerate(ended):
        for occasion in season.occasions:
            counts[i, types.index(occasion.type)] += 1
        hosts = [o for o in season.occasions if o.met]
        if hosts and len(season.occasions) > 1:
            where[i, types.index(hosts[0].type)] = 1
        then = tone.at(season.first_start - s.lead * DAY)
        up[i], down[i] = then.up, then.down
    hits = [any(season.holds(day) for day in met) for season in ended]

    def first_word(occasion: Occasion, sign: int) -> Signal | None:
        return min((x for x in about.get(occasion.occasion_id, ()) if formality(x) == sign
                    and x.public_date <= occasion.end_date), key=lambda x: (x.public_date, x.event_id), default=None)

    multilateral, visits = [o for o in over if not o.is_visit], [o for o in over if o.is_visit]
    announced = [(o, first_word(o, 1)) for o in over if first_word(o, 1)]
    refused = [(o, first_word(o, -1)) for o in multilateral if first_word(o, -1)]
    windows = {}
    for window in ledger.visit_windows:
        windows.setdefault(window.occasion_id, window)
    one_off = [o for o in multilateral if o.met and not priors.types[o.type].yearly]
    first_heard = ([_days(o.met_date, windows[o.occasion_id].public_date) for o in visits
                    if o.met and o.occasion_id in windows] + [_days(o.met_date, o.known_from) for o in one_off])
    unmet = [(o, types.index(o.type)) for season, hit in zip(ended, hits, strict=True) if not hit
             for o in season.occasions]
    refusals = np.zeros((len(types), 2), dtype=int)
    for occasion, kind in unmet:
        refusals[kind] += (first_word(occasion, -1) is not None, 1)

    def planning(occasion: Occasion) -> list[float]:
        word = first_word(occasion, 1)
        until = word.public_date if word else occasion.met_date or occasion.end_date
        return [weight_of(x, priors) for x in about.get(occasion.occasion_id, ())
                if x.strength > 0 and not formality(x) and x.public_date < until]

    planned, strongest = {True: [0, 0], False: [0, 0]}, []
    for season, hit in zip(ended, hits, strict=True):
        if any(priors.types[o.type].summit for o in season.occasions):
            said = [weight for occasion in season.occasions for weight in planning(occasion)]
            planned[hit][0] += bool(said)
            planned[hit][1] += 1
            strongest += [max(said)] if said else []
    first = min((o.start_date for o in over), default=through)
    offsets = [(o.met_date - o.start_date).days for o in multilateral if o.met]
    return Record(
        through, tuple(season.id for season in ended), counts, where, up, down,
        year=np.array([year_of(season) for season in ended], dtype=int), met=np.array(hits, dtype=bool),
        announcement_lead=np.array([_days(o.met_date, word.public_date) for o, word in announced
                                    if o.met and not o.is_visit]),
        refusal_lead=np.array([_days(o.start_date, word.public_date) for o, word in refused]),
        surprise_lead=np.array(first_heard),
        meeting_day=np.bincount(np.clip(np.array(offsets, dtype=int) - OFFSETS[0], 0, len(OFFSETS) - 1),
                                minlength=len(OFFSETS)),
        kept=(sum(bool(o.met) for o, _ in announced), len(announced)),
        window_kept=(sum(bool(o.met) for o in visits if o.occasion_id in windows),
                     sum(o.occasion_id in windows for o in visits)),
        revived=(sum(bool(o.met) for o, _ in refused), len(refused)),
        refused=refusals, planned_met=tuple(planned[True]), planned_unmet=tuple(planned[False]),
        planned_weight=float(np.mean(strongest)) if strongest else 0.0,
        surprises=len(surprises(ledger, priors)), years=(through - first).days / YEAR)


def no_record(priors: Priors) -> Record:
    """A record of nothing, under which the posterior is the prior."""
    types, kinds = len(priors.multilateral), len(priors.kinds)
    none, pair = np.zeros(0), (0, 0)
    return Record(date(FIRST_YEAR, 1, 1), (), np.zeros((0, types)), np.zeros((0, types)), np.zeros((0, kinds)),
                  np.zeros((0, kinds)), np.zeros(0, dtype=int), np.zeros(0, dtype=bool), none, none, none,
                  np.zeros(len(OFFSETS), dtype=int), pair, pair, pair, np.zeros((types, 2), dtype=int), pair, pair, 0.0,
                  0, 0.0)


@dataclass(frozen=True)
class Slot:
    """One occasion of a season as the hazard sees it: its type, days from as_of to its start, and what was said."""

    occasion: Occasion
    type: int
    ahead: int
    words: Words

    @property
    def said(self) -> int:
        """Days from as_of to the last formal word, 0 or less."""
        when = self.words.formal_day
        return self.ahead - (self.occasion.start_date - when).days if when else 0

    @property
    def open(self) -> bool:
        """Whether a meeting there is still possible: not over, and not formally refused."""
        return self.ahead + OFFSETS[-1] >= 1 and self.words.formal != REFUSED

    @property
    def status(self) -> str:
        return PAST if self.ahead + OFFSETS[-1] < 1 else self.words.status


@dataclass(frozen=True)
class SeasonView:
    """A season ahead: its occasions, and `fade`, the share of today's tone that will be left by then."""

    season: Season
    slots: tuple[Slot, ...]
    fade: float
    year: int


@dataclass(frozen=True)
class VisitView:
    """An agreed visit: days from as_of to the first and last day of its window, and what was said since."""

    occasion: Occasion
    first: int
    last: int
    words: Words
    window: object

    @property
    def status(self) -> str:
        return ANNOUNCED if self.words.formal == ANNOUNCED else AGREED


@dataclass(frozen=True)
class Outlook:
    """Everything ahead as known on `as_of`: seasons and agreed visits inside the horizon, and the tone.

    `horizon` is the number of days in (as_of, deadline]; day t of it is as_of + t. `statuses` has a word for every
    occasion that is not over.
    """

    as_of: date
    deadline: date
    horizon: int
    seasons: tuple[SeasonView, ...]
    visits: tuple[VisitView, ...]
    tone: Tone
    tone_series: ToneSeries
    statuses: dict[str, str]


def expected_occasions(occasions: Sequence[Occasion], until: date, priors: Priors) -> list[Occasion]:
    """The yearly occasions up to the year after `until` that have no date yet, expected on the day of their last one."""
    expected = []
    for name, kind in priors.types.items():
        series = sorted((o for o in occasions if o.type == name), key=lambda o: o.start_date or date.min)
        if not kind.yearly or not series:
            continue
        last = series[-1]
        for year in range(last.start_date.year + 1, until.year + 2):
            shift = date(year, 1, 1) - date(last.start_date.year, 1, 1)
            start = last.start_date + shift
            expected.append(Occasion(f"{year}-{name.replace('_', '-')}-expected", f"{kind.name} {year}, no date yet",
                                     name, last.host, start, last.end_date + shift, last.known_from, "", ""))
    return expected


def outlook(ledger: Ledger, as_of: date, deadline: date, priors: Priors) -> Outlook:
    """What lies ahead, from a ledger that was cut at `as_of`."""
    s, types = priors.structure, tuple(priors.multilateral)
    met, series, about = meetings(ledger), ToneSeries(ledger, priors), words_about(ledger, priors)
    said = {name: words(rows, as_of, priors) for name, rows in about.items()}
    horizon = (deadline - as_of).days
    calendar = [*ledger.occasions, *expected_occasions(ledger.occasions, deadline, priors)]
    views, visits, statuses = [], [], {}
    for season in seasons(calendar, s.season_gap):
        slots = tuple(Slot(o, types.index(o.type), (o.start_date - as_of).days, said.get(o.occasion_id, Words()))
                      for o in season.occasions)
        if all(slot.status == PAST for slot in slots):
            continue
        statuses |= {slot.occasion.occasion_id: slot.status for slot in slots}
        if season.first_start > deadline + MEETING_MARGIN or any(season.holds(day) for day in met):
            continue
        before = season.first_start - s.lead * DAY
        views.append(SeasonView(season, slots, 0.5 ** (max((before - as_of).days, 0) / s.tone_half_life),
                                year_of(season)))
    latest = {window.occasion_id: window for window in ledger.visit_windows}
    for occasion in ledger.occasions:
        window = latest.get(occasion.occasion_id)
        if not occasion.is_visit or occasion.met is not None or window is None:
            continue
        since = [x for x in about.get(occasion.occasion_id, ()) if formality(x) or x.public_date > window.public_date]
        spoken = words(since, as_of, priors)
        gone = spoken.formal == REFUSED and spoken.formal_day >= window.public_date
        statuses[occasion.occasion_id] = PUT_OFF if gone or window.earliest is None else AGREED
        if not gone and window.earliest and window.earliest <= deadline and window.latest > as_of:
            view = VisitView(occasion, (window.earliest - as_of).days, (window.latest - as_of).days, spoken, window)
            visits.append(view)
            statuses[occasion.occasion_id] = view.status
    return Outlook(as_of, deadline, horizon, tuple(views), tuple(visits), series.at(as_of), series, statuses)


def unspoken(view: SeasonView) -> SeasonView:
    """The season with every occasion merely scheduled, as if no word had been said about any."""
    return replace(view, slots=tuple(replace(slot, words=Words()) for slot in view.slots))
