"""The tables of a forecast: who comes where, the matched record, the counts behind the fit."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from .. import attendance, chances
from ..chances import Chances, Draws
from ..evidence.ledger import Ledger
from ..evidence.outlook import SCHEDULED, Outlook, SeasonView, VisitView
from ..evidence.record import CLASSES, Record
from ..evidence.rows import ATTENDANCE, Occasion, Signal
from ..evidence.seasons import meetings
from ..settings.params import Params, Priors


def shares(made: Chances, p: Draws, ahead: Outlook) -> list[dict[str, Any]]:
    """A row for each occasion, arranged visit, visit put off, and the unknown visit.

    `comes` is the chance that each side comes, by its code, and `both` that both do, given all words; visits
    have neither. `last_word` is the latest row behind it, `probability_first` the chance that the first
    meeting is there, `probability_there` the chance of a meeting there, first or not.
    """
    rows = [row for view in ahead.seasons for row in _season_rows(p, view, ahead)]
    rows += [_visit_row(view) for view in ahead.visits]
    rows += [_occasion_row(view.occasion, "put off", view.status) for view in ahead.put_off]
    rows.append(_row(chances.UNKNOWN, "A meeting not yet public", "unknown", SCHEDULED))
    for name, chance in (("probability_first", made.first), ("probability_there", made.there)):
        by_cause = dict(zip(made.causes, chance.mean(0).tolist(), strict=True))
        for row in rows:
            row[name] = by_cause.get(row["id"], 0.0)
    return rows


def met_there(occasion: Occasion) -> dict[str, Any]:
    """The row of the occasion at which they met, in the table of a resolved question."""
    kind = "visit" if occasion.is_visit else "season"
    return _occasion_row(occasion, kind, "met") | {"probability_first": 1.0, "probability_there": 1.0}


def _season_rows(p: Draws, view: SeasonView, ahead: Outlook) -> list[dict[str, Any]]:
    present = attendance.presence(p, view, chances.felt(p, ahead) * view.fade, ahead)
    rows = []
    for slot in view.slots:
        row = _occasion_row(slot.occasion, "season", slot.status, slot.words.rows)
        row |= {"season": view.season.id, "both": 0.0}
        if found := present.get(slot.occasion.occasion_id):
            row["comes"] = {side: float(values.mean()) for side, values in found.comes.items()}
            row["both"] = float(found.both.mean())
        rows.append(row)
    return rows


def _visit_row(view: VisitView) -> dict[str, Any]:
    """A visit with the days of its window, or with the day that an announcement names."""
    row = _occasion_row(view.occasion, "visit", view.status, view.words.rows)
    if day := view.words.meeting.for_date:
        row |= {"start_date": day.isoformat(), "end_date": day.isoformat()}
    return row


def _occasion_row(occasion: Occasion, kind: str, status: str, words: Sequence[Signal] = ()) -> dict[str, Any]:
    row = _row(occasion.occasion_id, occasion.name, kind, status)
    start, end = (str(day or "") for day in (occasion.start_date, occasion.end_date))
    row |= {"start_date": start, "end_date": end, "host": occasion.host}
    if words:
        # Of one day's words, those about who will be there come before others, strong ones before weak ones.
        last = max(words, key=lambda s: (s.public_date, s.kind == ATTENDANCE, abs(s.strength), s.event_id))
        day = last.public_date.isoformat()
        row["last_word"] = {"id": last.event_id, "date": day, "text": last.description}
    return row


def _row(name: str, title: str, kind: str, status: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": title,
        "kind": kind,
        "status": status,
        "season": "",
        "start_date": "",
        "end_date": "",
        "host": "",
        "comes": {},
        "both": None,
        "last_word": None,
    }


def matched_record(
    ledger: Ledger, as_of: date, deadline: date, priors: Priors, host: str = ""
) -> dict[str, Any]:
    """In how many earlier years like this one they then met by the same deadline, at a host if one is given.

    The ledger is cut at `as_of`. A year stands like this one if they had met by that day, or had not, as in
    this year. The years begin with the first yearly summit of the ledger and end with the last year of which
    there is evidence.
    """
    covered = ledger.covered_until or as_of
    met = meetings(ledger, host)
    first = _first_summit(ledger, as_of, priors).year

    def met_this_year(years_ago: int) -> bool:
        now = _years_before(as_of, years_ago)
        return any(date(now.year, 1, 1) <= day <= now for day in met)

    def met_by_deadline(years_ago: int) -> bool:
        begin, end = (_years_before(day, years_ago) for day in (as_of, deadline))
        return any(begin < day <= end for day in met)

    def known(years_ago: int) -> bool:
        end = _years_before(deadline, years_ago)
        return end <= as_of and end.year <= covered.year

    alike = [
        years_ago
        for years_ago in range(1, as_of.year - first + 1)
        if met_this_year(years_ago) == met_this_year(0) and known(years_ago)
    ]
    hits = sum(map(met_by_deadline, alike))
    text = "No earlier year is like this one."
    there = f" in {host}" if host else ""
    if alike:
        state = "with" if met_this_year(0) else "without"
        text = (
            f"In {hits} of the {len(alike)} years since {first} {state} a meeting of the two countries' "
            f"leaders{there} by {as_of:%-d %B}, they met{there} in the {(deadline - as_of).days} days that "
            "followed."
        )
    return {"hits": hits, "years": len(alike), "since": first, "text": text}


def _first_summit(ledger: Ledger, as_of: date, priors: Priors) -> date:
    """The day of the first yearly summit, or `as_of`."""
    summits = {name for name, type in priors.types.items() if type.yearly and type.summit}
    days = [o.start_date for o in ledger.occasions if o.start_date and o.type in summits]
    return min([as_of, *days])


def _years_before(day: date, years: int) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - years, day=28 if leap_day else day.day)


def counts(past: Record, params: Params) -> dict[str, Any]:
    """What was fitted: [hits, trials], for promises broken [promises, days], for visits [visits, years]."""

    def came(side: int, kind: int) -> list[int]:
        chosen = (past.sides == side) & (past.classes == kind)
        return [int(past.came[chosen].sum()), int(chosen.sum())]

    summit = past.at_summit > 0
    return {
        "came": {
            code: {name: came(side, kind) for kind, name in enumerate(CLASSES)}
            for side, code in enumerate(params.sides)
        },
        "held": list(past.held),
        "met_after_both_came": {
            "summit": [int(past.met[summit].sum()), int(summit.sum())],
            "other": [int(past.met[~summit].sum()), int((~summit).sum())],
        },
        "settled_words": {"will": list(past.will), "will_not": list(past.will_not)},
        "promises_broken": [int(past.broken), int(past.exposure)],
        "made_up": list(past.again),
        "visits": [int(past.visits), round(past.years, 1)],
    }
