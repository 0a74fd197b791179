"""The general tone: the balance of signals that name no occasion, with weights that decay with age."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from ..settings.params import Priors
from .ledger import Ledger
from .rows import Signal


def weight_of(signal: Signal, priors: Priors) -> float:
    """|strength| / 3 times the reliability of its source and item, from 0 to 1."""
    return abs(signal.strength) / 3 * priors.grades.reliability(signal.grade)


def by_weight(rows: Iterable[Signal], priors: Priors) -> list[Signal]:
    """The rows of one event, strongest first (it represents the event); ties go to the first public row."""
    rows = list(rows)
    if len(rows) == 1:
        return rows
    return sorted(rows, key=lambda row: (-weight_of(row, priors), row.public_date, row.event_id))


def general_ids(ledger: Ledger) -> set[str]:
    """The ids of the signals that form the tone."""
    return {row.event_id for event in ledger.general for row in event}


def balance(positive: float, negative: float) -> float:
    """B = (P - N) / (P + N + 1), where P and N are the weights of up- and down-signals; from -1 to 1."""
    return (positive - negative) / (positive + negative + 1)


class ToneSeries:
    """The general signals of a ledger as arrays that can be summed for any day.

    Each entry of `events` holds the rows that count once, and `signals` the row that counts: rows tied by
    `same_as`, and signals of one kind and direction that became public on the same day, so that coding a day
    twice adds nothing. `weight` (signal,) is signed: the weight of the kind times |strength| / 3 times
    reliability.
    """

    def __init__(self, ledger: Ledger, priors: Priors):
        self.half_life = priors.structure.tone_half_life
        once: dict[tuple, list[Signal]] = {}
        for event in ledger.general:
            first = by_weight(event, priors)[0]
            once.setdefault((first.public_date, first.kind, first.strength > 0), []).extend(event)
        self.events = [tuple(by_weight(rows, priors)) for rows in once.values()]
        self.signals = [rows[0] for rows in self.events]
        self.public = np.array([row.public_date.toordinal() for row in self.signals], dtype=int)
        weights = [weight_of(row, priors) * priors.kinds[row.kind].weight for row in self.signals]
        self.weight = np.array(weights) * np.sign([row.strength for row in self.signals])

    def decayed(self, day: date) -> np.ndarray:
        """Signed weight of each signal on `day`: halves every `half_life` days, 0 before it is public."""
        age = day.toordinal() - self.public
        return np.where(age >= 0, self.weight * 0.5 ** (np.maximum(age, 0) / self.half_life), 0.0)

    def at(self, day: date) -> float:
        """The tone B on `day`, from -1 to 1."""
        weight = self.decayed(day)
        return float(balance(weight[weight > 0].sum(), -weight[weight < 0].sum()))
