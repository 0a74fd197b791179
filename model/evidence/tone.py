"""The general tone: the balance of the signals that name no occasion, each counting less as it ages."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from ..settings.params import Priors
from .ledger import Ledger
from .rows import Signal


def weight_of(signal: Signal, priors: Priors) -> float:
    """|strength|/3 times the reliability of its source and item: 0 to 1."""
    return abs(signal.strength) / 3 * priors.grades.reliability(signal.grade)


def by_weight(rows: Iterable[Signal], priors: Priors) -> list[Signal]:
    """Rows of one event, the strongest first, which stands for it; of equally strong ones the first public."""
    rows = list(rows)
    if len(rows) == 1:
        return rows
    return sorted(rows, key=lambda row: (-weight_of(row, priors), row.public_date, row.event_id))


def about_occasions(ledger: Ledger) -> set[str]:
    """The ids of the signals of all events of which a row names an occasion; the others make up the tone."""
    return {row.event_id for event in ledger.events if any(row.occasion for row in event) for row in event}


def balance(positive: float, negative: float) -> float:
    """B = (P - N) / (P + N + 1), P and N the weights of up- and down-signals; -1 to 1."""
    return (positive - negative) / (positive + negative + 1)


class ToneSeries:
    """The general signals of a ledger as arrays, summed up for any day.

    Rows that count once are one entry of `events`, the row that counts one of `signals`: rows tied by `same_as`, and
    the signals of one kind and direction that became public on one day, so that a day coded twice says no more than
    a day coded once. An event of which a row names an occasion is about that occasion and no part of the tone.
    `weight` (signal,) is signed: the kind's weight times |strength|/3 times reliability.
    """

    def __init__(self, ledger: Ledger, priors: Priors):
        self.half_life = priors.structure.tone_half_life
        once: dict[tuple, list[Signal]] = {}
        for event in ledger.events:
            if not any(row.occasion for row in event):
                first = by_weight(event, priors)[0]
                once.setdefault((first.public_date, first.kind, first.strength > 0), []).extend(event)
        self.events = [tuple(by_weight(rows, priors)) for rows in once.values()]
        self.signals = [rows[0] for rows in self.events]
        self.public = np.array([row.public_date.toordinal() for row in self.signals], dtype=int)
        weights = [weight_of(row, priors) * priors.kinds[row.kind].weight for row in self.signals]
        self.weight = np.array(weights) * np.sign([row.strength for row in self.signals])

    def decayed(self, day: date) -> np.ndarray:
        """Signed weight of each signal on `day`, halved every `half_life` days, 0 while not public; (signal,)."""
        age = day.toordinal() - self.public
        return np.where(age >= 0, self.weight * 0.5 ** (np.maximum(age, 0) / self.half_life), 0.0)

    def at(self, day: date) -> float:
        """The tone B on `day`, -1 to 1."""
        weight = self.decayed(day)
        return float(balance(weight[weight > 0].sum(), -weight[weight < 0].sum()))
