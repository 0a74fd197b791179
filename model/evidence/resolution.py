"""Whether a question is already decided, by the meetings that are public and the days that have passed."""

from datetime import date
from typing import NamedTuple

from ..settings.params import Params
from .ledger import Ledger
from .rows import Occasion
from .zones import falls_on_or_before


class Resolution(NamedTuple):
    """The answer (yes or no), the day that decided it, and the occasion of the meeting for a yes."""

    answer: str
    day: date
    occasion: Occasion | None = None

    @property
    def probability(self) -> float:
        """1 for yes, 0 for no."""
        return float(self.answer == "yes")


def meetings_that_count(ledger: Ledger, params: Params) -> list[Occasion]:
    """The occasions with a known meeting that counts for the question, by date."""
    q = params.question
    met = [o for o in ledger.occasions if o.met and q.host in ("", o.host) and o.met_date >= params.opens]
    counts = [o for o in met if falls_on_or_before(o.host, o.met_date, q.time_zone, q.last_day)]
    return sorted(counts, key=lambda o: (o.met_date, o.occasion_id))


def resolution(ledger: Ledger, params: Params, as_of: date) -> Resolution | None:
    """The resolution of the question by a ledger that was cut at `as_of`; None while it is open."""
    for occasion in meetings_that_count(ledger, params):
        return Resolution("yes", occasion.met_date, occasion)
    last_day = params.question.last_day
    return Resolution("no", last_day) if as_of >= last_day else None
