"""The calendar: seasons of multilateral occasions, the days of meetings, and occasions expected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ..settings.params import Priors
from .ledger import Ledger
from .rows import MEETING_MARGIN, Occasion

DAY, WEEK = timedelta(days=1), timedelta(days=7)
YEAR = 365.25


@dataclass(frozen=True)
class Season:
    """Multilateral occasions with starts at most `season_gap` days apart: one opportunity to meet."""

    occasions: tuple[Occasion, ...]

    @property
    def id(self) -> str:
        return self.occasions[0].occasion_id

    @property
    def first_start(self) -> date:
        return self.occasions[0].start_date

    def holds(self, day: date) -> bool:
        """Whether a meeting on that day counts for this season."""
        last_end = max(occasion.end_date for occasion in self.occasions)
        return self.first_start - MEETING_MARGIN <= day <= last_end + MEETING_MARGIN


def seasons(occasions: Iterable[Occasion], gap: int) -> tuple[Season, ...]:
    """The multilateral occasions as seasons, by date; starts at most `gap` days apart share a season."""
    multilateral = [o for o in occasions if not o.is_visit]
    runs: list[list[Occasion]] = []
    for occasion in sorted(multilateral, key=lambda o: (o.start_date, o.occasion_id)):
        if runs and (occasion.start_date - runs[-1][-1].start_date).days <= gap:
            runs[-1].append(occasion)
        else:
            runs.append([occasion])
    return tuple(Season(tuple(run)) for run in runs)


def meetings(ledger: Ledger, host: str = "") -> list[date]:
    """The distinct days on which the leaders are known to have met, in order; only at `host`, if given."""
    return sorted({o.met_date for o in ledger.occasions if o.met and host in ("", o.host)})


def first_year(whole: Ledger) -> int:
    """The year in which the record of a ledger begins: the first decided occasion once signals are coded.

    Where none was decided since the first signal, that of the first decided occasion; without any, that of
    the first signal.
    """
    coded = min((row.public_date.year for row in whole.signals), default=9999)
    decided = [o.outcome_date.year for o in whole.occasions if o.met is not None]
    return min([year for year in decided if year >= coded] or decided or [coded])


def expected_occasions(occasions: Sequence[Occasion], until: date, priors: Priors) -> list[Occasion]:
    """The yearly occasions without a date, through the year after `until`, on the same day as the last one.

    The host is filled in only if it has always been the same; otherwise neither side hosts.
    """
    expected = []
    for name, kind in priors.types.items():
        series = sorted((o for o in occasions if o.type == name), key=lambda o: o.start_date or date.min)
        if not kind.yearly or not series:
            continue
        last, hosts = series[-1], {o.host for o in series}
        day = min(last.start_date.day, 28) if last.start_date.month == 2 else last.start_date.day
        for year in range(last.start_date.year + 1, until.year + 2):
            start = last.start_date.replace(year=year, day=day)
            expected.append(
                Occasion(
                    occasion_id=f"{year}-{name.replace('_', '-')}-expected",
                    name=f"{kind.name} {year}, no date yet",
                    type=name,
                    host=last.host if len(hosts) == 1 else "",
                    start_date=start,
                    end_date=start + (last.end_date - last.start_date),
                    known_from=last.known_from,
                )
            )
    return expected
