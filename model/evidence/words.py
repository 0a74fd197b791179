"""What was said about an occasion by a day: about who comes, and about meeting there.

Rows tied by `same_as` count once for each matter (the coming of a side, the meeting), and the order of rows never counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ..settings.params import Priors
from .ledger import Ledger
from .rows import ANNOUNCEMENT, ATTENDANCE, REFUSAL, Signal
from .tone import by_weight, weight_of

LEVELS = (2, 1, -1, -2)
"""The strengths of words about coming that settle nothing: reported, may; may not, reported not."""
SETTLED = 3


@dataclass(frozen=True)
class Coming:
    """Words about whether one leader comes (or, of side `both`, whether the occasion is held) as they stand on a day.

    `settled` is the last settled word, 1 (comes), -1 (stays away) or 0 (none). Of the `levels` of other words each
    counts once: those for coming since the last settled no, those against it since the last settled yes. `rows` are
    the rows that count, the latest last.
    """

    settled: int = 0
    levels: tuple[int, ...] = ()
    rows: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class Meeting:
    """Words about a meeting at an occasion as they stand on a day.

    `announced` is the day on which it was announced, None where it was not or was taken back; `for_date` the day that the
    announcement names. `planned` and `doubted` (0 to 1) are the strongest words of planning and of doubt; an announcement
    undoes the doubts before it. `rows` are the rows that count: announcement, planning, doubt.
    """

    announced: date | None = None
    for_date: date | None = None
    planned: float = 0.0
    doubted: float = 0.0
    rows: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class Words:
    """All that was said about one occasion by a day: `comes` by side code, `both` for the occasion itself."""

    comes: dict[str, Coming]
    meeting: Meeting = Meeting()

    def coming(self, side: str) -> Coming:
        """The words about one side, or about the occasion itself (`both`)."""
        return self.comes.get(side, Coming())

    @property
    def rows(self) -> tuple[Signal, ...]:
        """Every row that counts, by date."""
        rows = {row for said in self.comes.values() for row in said.rows} | set(self.meeting.rows)
        return tuple(sorted(rows, key=lambda s: (s.public_date, s.event_id)))


def words_about(ledger: Ledger, priors: Priors) -> dict[str, list[Signal]]:
    """The signals that name an occasion, by its id; of rows tied by `same_as` one counts for each matter."""
    named: dict[str, list[Signal]] = {}
    for event in ledger.events:
        matters: dict[tuple[str, str], list[Signal]] = {}
        for row in event:
            if row.occasion:
                matters.setdefault((row.occasion, row.actor if row.kind == ATTENDANCE else ""), []).append(
                    row
                )
        for (occasion, _), rows in matters.items():
            named.setdefault(occasion, []).append(by_weight(rows, priors)[0])
    return named


def coming(rows: Sequence[Signal]) -> Coming:
    """What rows of kind `attendance` about one side of one occasion say together."""
    days: dict[date, int] = {}
    for row in rows:
        if abs(row.strength) == SETTLED:
            days[row.public_date] = days.get(row.public_date, 0) + (1 if row.strength > 0 else -1)
    yes, no = (
        max((day for day, net in days.items() if net * sign > 0), default=date.min) for sign in (1, -1)
    )
    settled = (yes > no) - (no > yes)
    counted = [
        row
        for row in rows
        if abs(row.strength) < SETTLED and row.public_date > (no if row.strength > 0 else yes)
    ]
    last = [row for row in rows if row.public_date == max(yes, no) and row.strength == settled * SETTLED]
    behind = sorted(last + counted, key=lambda s: (s.public_date, s.event_id))
    return Coming(
        settled,
        tuple(level for level in LEVELS if any(row.strength == level for row in counted)),
        tuple(behind),
    )


def meeting(rows: Iterable[Signal], priors: Priors, since: date = date.min, off: date = date.min) -> Meeting:
    """What rows about a meeting at one occasion say together.

    Parameters
    ----------
    since
        Earlier doubts do not count.
    off
        The day of the last settled word that one leader stays away, which takes back an announcement of that day or before.
    """
    rows = [row for row in rows if row.kind != ATTENDANCE]
    off = max([off, *(row.public_date for row in rows if is_refusal(row))])
    said = [row for row in rows if row.kind == ANNOUNCEMENT and row.public_date > off]
    last = max(said, key=lambda s: (s.public_date, s.for_date is not None, s.event_id), default=None)
    named = max(
        (row for row in said if row.for_date), key=lambda s: (s.public_date, s.event_id), default=None
    )
    since = max(since, last.public_date if last else date.min)
    heard = [row for row in rows if row not in said]

    def strongest(sign: int, after: date) -> Signal | None:
        return max(
            (
                row
                for row in heard
                if row.strength * sign > 0 and row.public_date > after and row.kind != ANNOUNCEMENT
            ),
            key=lambda s: (weight_of(s, priors), s.event_id),
            default=None,
        )

    planned, doubted = strongest(1, date.min), strongest(-1, since)
    return Meeting(
        last.public_date if last else None,
        named.for_date if named else None,
        *(weight_of(row, priors) if row else 0.0 for row in (planned, doubted)),
        tuple(dict.fromkeys(row for row in (last, named, planned, doubted) if row)),
    )


def is_refusal(row: Signal) -> bool:
    """Whether a row takes a meeting back: a `contact_missed` row of a source that is at least usually reliable."""
    return row.kind == REFUSAL and row.grade[0] in "AB"


def words(rows: Sequence[Signal], priors: Priors) -> Words:
    """The words of rows that all name one multilateral occasion, as they stand when the last of them is public."""
    comes = {
        side: coming([row for row in rows if row.kind == ATTENDANCE and row.actor == side])
        for side in sorted({row.actor for row in rows if row.kind == ATTENDANCE})
    }
    off = max(
        (
            row.public_date
            for said in comes.values()
            if said.settled < 0
            for row in said.rows
            if row.strength == -SETTLED
        ),
        default=date.min,
    )
    return Words(comes, meeting(rows, priors, off=off))
