"""The words about an occasion up to a day: about attendance, and about a meeting there.

Rows tied by `same_as` count once for each subject (the attendance of a side, the meeting). The order of rows
does not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ..settings.params import Priors
from .ledger import Ledger
from .rows import ANNOUNCEMENT, ATTENDANCE, REFUSAL, Signal, by_day
from .tone import ToneSeries, by_weight, weight_of

LEVELS = (2, 1, -1, -2)
"""The strengths of unsettled words about attendance: reported, may; may not, reported not."""
SETTLED = 3


@dataclass(frozen=True)
class Coming:
    """Words about whether a leader attends (side `both`: whether the occasion is held) as of a day.

    `settled` is the last settled word: 1 (attends), -1 (stays away) or 0 (none). Of the other words, each
    level counts once in `levels`: words for attendance since the last settled no, words against it since the
    last settled yes. `rows` are the rows that count, latest last.
    """

    settled: int = 0
    levels: tuple[int, ...] = ()
    rows: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class Meeting:
    """Words about a meeting at an occasion as of a day.

    `announced` is the day of the last announcement, None if there is none or it was withdrawn; `for_date` is
    the day that an announcement names. `planned` and `doubted` (0 to 1) are the strongest words of planning
    and of doubt; an announcement cancels earlier doubts. `rows` are the rows that count: announcement,
    planning, doubt.
    """

    announced: date | None = None
    for_date: date | None = None
    planned: float = 0.0
    doubted: float = 0.0
    rows: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class Words:
    """All words about one occasion up to a day: `comes` by side code, `both` for the occasion itself."""

    comes: dict[str, Coming]
    meeting: Meeting = Meeting()

    def coming(self, side: str) -> Coming:
        """The words about one side, or about the occasion itself (`both`)."""
        return self.comes.get(side, Coming())

    @property
    def rows(self) -> tuple[Signal, ...]:
        """Every row that counts, by date."""
        rows = {row for words in self.comes.values() for row in words.rows} | set(self.meeting.rows)
        return tuple(sorted(rows, key=by_day))


def words_about(ledger: Ledger, priors: Priors) -> dict[str, list[Signal]]:
    """The signals that name an occasion, by its id; rows tied by `same_as` count once for each subject."""
    named: dict[str, list[Signal]] = {}
    for event in ledger.events:
        matters: dict[tuple[str, str], list[Signal]] = {}
        for row in event:
            if row.occasion:
                matters.setdefault((row.occasion, _matter(row)), []).append(row)
        for (occasion, _), rows in matters.items():
            named.setdefault(occasion, []).append(by_weight(rows, priors)[0])
    return named


def coming(rows: Sequence[Signal]) -> Coming:
    """The combined words of `attendance` rows about one side and one occasion.

    If settled words of one day disagree, the majority counts; in a tie, earlier settled words hold.
    """
    net: dict[date, int] = {}
    for row in rows:
        if abs(row.strength) == SETTLED:
            net[row.public_date] = net.get(row.public_date, 0) + (1 if row.strength > 0 else -1)
    yes = max((day for day, sign in net.items() if sign > 0), default=date.min)
    no = max((day for day, sign in net.items() if sign < 0), default=date.min)
    settled = (yes > no) - (no > yes)

    def counts(row: Signal) -> bool:
        if abs(row.strength) == SETTLED:
            return row.strength == settled * SETTLED and row.public_date == max(yes, no)
        return row.public_date > (no if row.strength > 0 else yes)

    counted = sorted(filter(counts, rows), key=by_day)
    said = {row.strength for row in counted}
    return Coming(settled, tuple(level for level in LEVELS if level in said), tuple(counted))


def is_refusal(row: Signal) -> bool:
    """Whether a row withdraws a meeting: `contact_missed` from a source that is at least usually reliable."""
    return row.kind == REFUSAL and row.grade[0] in "AB"


def meeting(rows: Iterable[Signal], priors: Priors, off: date = date.min) -> Meeting:
    """The combined words of rows about a meeting at one occasion.

    Parameters
    ----------
    off
        The day of the last settled word that one leader stays away. It withdraws an announcement made on or
        before that day.
    """
    rows = [row for row in rows if row.kind != ATTENDANCE]
    off = max([off, *(row.public_date for row in rows if is_refusal(row))])
    announcements = [row for row in rows if row.kind == ANNOUNCEMENT and row.public_date > off]
    last = max(
        announcements, key=lambda row: (row.public_date, row.for_date is not None, row.event_id), default=None
    )
    named = max((row for row in announcements if row.for_date), key=by_day, default=None)
    since = last.public_date if last else date.min
    others = [row for row in rows if row.kind != ANNOUNCEMENT]

    def strongest(candidates: list[Signal]) -> Signal | None:
        return max(candidates, key=lambda row: (weight_of(row, priors), row.event_id), default=None)

    planned = strongest([row for row in others if row.strength > 0])
    doubted = strongest([row for row in others if row.strength < 0 and row.public_date > since])
    return Meeting(
        announced=last.public_date if last else None,
        for_date=named.for_date if named else None,
        planned=weight_of(planned, priors) if planned else 0.0,
        doubted=weight_of(doubted, priors) if doubted else 0.0,
        rows=tuple(dict.fromkeys(row for row in (last, named, planned, doubted) if row)),
    )


def words(rows: Sequence[Signal], priors: Priors) -> Words:
    """The words of rows about one multilateral occasion, as of the day of the last row."""
    about_coming = [row for row in rows if row.kind == ATTENDANCE]
    comes = {
        side: coming([row for row in about_coming if row.actor == side])
        for side in sorted({row.actor for row in about_coming})
    }
    refused = [
        row for said in comes.values() if said.settled < 0 for row in said.rows if row.strength == -SETTLED
    ]
    off = max((row.public_date for row in refused), default=date.min)
    return Words(comes, meeting(rows, priors, off))


def counted_with(signal: Signal, ledger: Ledger, priors: Priors) -> list[Signal]:
    """The rows of a ledger with which one of its signals counts as one, so that it adds nothing beside them.

    For the general tone these are the others of its kind, direction and day; about an occasion those that
    say the same of a side's attendance, or say it at least as strongly of the meeting.
    """
    if not signal.occasion:
        groups = ToneSeries(ledger, priors).events
        return [row for rows in groups if signal in rows for row in rows if row != signal]
    about = words_about(ledger, priors)[signal.occasion]
    matter = _matter(signal)
    tied = next(event for event in ledger.events if signal in event)
    tied = [row for row in tied if row.occasion == signal.occasion and _matter(row) == matter]
    if len(tied) > 1:
        return [row for row in tied if row != signal]
    said = words(about, priors)
    before = words([row for row in about if row != signal], priors)
    if signal.kind == ATTENDANCE:
        now, earlier = said.coming(signal.actor), before.coming(signal.actor)
        same = (now.settled, now.levels) == (earlier.settled, earlier.levels)
        alike = [row for row in earlier.rows if row.strength == signal.strength]
    else:
        same = replace(said.meeting, rows=()) == replace(before.meeting, rows=())
        alike = [row for row in before.meeting.rows if (row.strength > 0) == (signal.strength > 0)]
    return alike if same else []


def _matter(row: Signal) -> str:
    """What words about an occasion are about: the attendance of a side, or the meeting (empty)."""
    return row.actor if row.kind == ATTENDANCE else ""
