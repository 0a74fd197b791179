"""The published tables of the track record, and the numbers that pages quote from them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from typing import Any

from ..answer.forecast import Run
from ..files.problems import Failure
from ..paths import RECORD, RENDERED
from .baselines import CLIMATOLOGY
from .losses import PARTS
from .sbc import MISSED
from .scores import BRIER
from .scores import LOG_SCORE as LOG_SCORE  # a notebook names it
from .structures import FULL
from .tables import load

Row = dict[str, Any]
Rows = Sequence[Row]


class NoRecord(Failure):
    """A track record lacks the table that was asked for."""


class Missing(tuple):
    """The rows of a table that a track record lacks: none, and a clear sentence for whoever reads them."""

    table = ""

    def __iter__(self) -> Iterator[Row]:
        raise NoRecord(
            f"the track record of this pair has no table {self.table!r}, so there is nothing to show here; "
            "summit backtest makes what the ledger of the pair allows"
        )


def rows_of(folder: Path, table: str) -> Rows:
    """The rows of a table of a track record."""
    rows: Rows = load(folder / f"{table}.csv")
    if not rows:
        rows = Missing()
        rows.table = table
    return rows


@dataclass(frozen=True)
class TrackRecord:
    """Every table of the track record as rows; a table that does not exist is empty."""

    scores: Rows = ()
    by_year: Rows = ()
    gains: Rows = ()
    misses: Rows = ()
    miss_events: Rows = ()
    reliability: Rows = ()
    decomposition: Rows = ()
    drift: Rows = ()
    paths: Rows = ()
    placebo: Rows = ()
    replay: Rows = ()
    replay_events: Rows = ()
    replay_checks: Rows = ()
    references: Rows = ()
    structures: Rows = ()
    influence: Rows = ()
    samplers: Rows = ()
    variants: Rows = ()
    audit: Rows = ()
    scenarios: Rows = ()

    @classmethod
    def load(cls, folder: Path = RECORD) -> "TrackRecord":
        """The tables of a folder; by default those of the pair of the seeds."""
        return cls(**{table.name: rows_of(folder, table.name) for table in fields(cls)})

    @classmethod
    def of(cls, run: Run) -> "TrackRecord":
        """The tables of the pair of a run, if it has a track record."""
        return cls.load(RENDERED / (run.forecast.track_record or f"{RECORD.name}-none"))

    def years(self) -> list[int]:
        """The years of the backtest, in order."""
        return sorted(self.yearly_losses())

    def score(self, model: str = FULL.name, name: str = BRIER) -> Row:
        """The row of one score of one model; KeyError if there is none."""
        return {(row["model"], row["score"]): row for row in self.scores}[model, name]

    def nearest_horizon(self, weeks: float) -> int | None:
        """The scored horizon in weeks that is nearest to another one; None without any."""
        found = (re.fullmatch(r"Brier, (\d+) weeks", row["score"]) for row in self.scores)
        scored = {int(match[1]) for match in found if match}
        return min(scored, key=lambda horizon: abs(horizon - weeks), default=None)

    def reduction(self, rival: str) -> float:
        """The relative reduction of the integrated Brier score against `climatology` or `calendar`."""
        difference = self.score()[f"minus_{rival}"]
        return difference / (difference - self.score()["value"])

    def gain(self, over: str) -> Row:
        """The gain of the published model over another one; KeyError if there is no such model."""
        return {row["model"]: row for row in self.gains}[over]

    def parts(self) -> list[Row]:
        """The gain from each `part` of the model, with the largest gain in log score first."""
        rows = [row for row in self.gains if row["model"] in PARTS]
        parts = [row | {"part": row["model"].removeprefix("no ")} for row in rows]
        return sorted(parts, key=lambda row: -row["log_score_gain"])

    def yearly_losses(self, model: str = FULL.name) -> dict[int, float]:
        """The integrated Brier score of a model by year."""
        return {row["year"]: row["brier"] for row in self.by_year if row["model"] == model}

    def worst(self) -> int:
        """The number of years to single out as the worst: five, or half of a short record."""
        return min(5, len(self.years()) // 2)

    def share_of_worst(self) -> float:
        """The share of the total loss that comes from the worst years."""
        losses = sorted(self.yearly_losses().values(), reverse=True)
        return sum(losses[: self.worst()]) / sum(losses)

    def years_lost(self) -> list[str]:
        """The years in which seasonal climatology scored as well as the model or better."""
        rival = self.yearly_losses(CLIMATOLOGY)
        return [str(year) for year, loss in sorted(self.yearly_losses().items()) if loss >= rival[year]]

    def misses_of(self, too_high: bool, through: str) -> list[Row]:
        """The worst forecasts that were too high (or too low), with deadlines up to the day `through`."""
        rows = [row for row in self.misses if bool(row["outcome"]) != too_high]
        return [row for row in rows if row["deadline"] <= through]

    def below_band(self) -> list[Row]:
        """The points of the calibration curve below the consistency band."""
        return [row for row in self.reliability if row["observed"] < row["lower"]]

    def above_band(self) -> list[Row]:
        """The points of the calibration curve above the consistency band."""
        return [row for row in self.reliability if row["observed"] > row["upper"]]

    def paths_by_year(self) -> dict[int, list[Row]]:
        """The weekly forecasts of each well-known year."""
        years: dict[int, list[Row]] = {}
        for row in self.paths:
            years.setdefault(int(row["as_of"][:4]), []).append(row)
        return years

    def right_in_october(self) -> int:
        """The number of well-known years whose first October forecast was on the right side of 50%."""
        paths = self.paths_by_year().values()
        october = [next(row for row in rows if row["as_of"][5:] >= "10-01") for rows in paths]
        return sum((row["probability"] > 0.5) == bool(row["outcome"]) for row in october)

    def largest_moves(self) -> list[Row]:
        """The nine weeks with the largest changes in the replay, by date, each with the event behind it.

        That is the largest event with the same direction; without one, `id` and `text` are empty.
        """
        pairs = pairwise(self.replay)
        weeks = [row | {"move": row["probability"] - last["probability"]} for last, row in pairs]
        weeks = sorted(weeks, key=lambda row: -abs(row["move"]))[:9]
        return [week | self._explained(week) for week in sorted(weeks, key=lambda row: row["as_of"])]

    def _explained(self, week: Row) -> Row:
        for event in self.replay_events:
            if event["as_of"] == week["as_of"] and event["effect"] * week["move"] > 0:
                return event
        return {"id": "", "text": "", "effect": 0.0, "date": week["as_of"]}

    def references_beaten(self) -> int:
        """The number of forecasts by others with a larger Brier score than ours for the same question."""
        return sum(row["brier_ours"] < row["brier_theirs"] for row in self.references)

    def placebo_scores(self, tone: str) -> list[float]:
        """The log scores of the placebo runs with the tone of `own`, `none` or `shuffled` years."""
        return [row["log_score"] for row in self.placebo if row["signals"] == tone]

    def placebo_mean(self, tone: str) -> float:
        """The mean of these placebo scores."""
        return fmean(self.placebo_scores(tone))

    def placebo_noise(self) -> float:
        """The standard deviation of the log score between runs with the true tone; NaN with a single run."""
        own = self.placebo_scores("own")
        return stdev(own) if len(own) > 1 else float("nan")

    def shuffles_beaten(self) -> int:
        """The number of shuffles that score worse than the mean of the true tone."""
        own = self.placebo_mean("own")
        return sum(score > own for score in self.placebo_scores("shuffled"))

    def structure(self, name: str = FULL.name) -> Row | None:
        """The headline under one structure; None if it was not computed."""
        return next((row for row in self.structures if row["structure"] == name), None)

    def farthest_mean(self) -> Row:
        """The posterior mean with the largest difference between the samplers, in Monte Carlo errors."""
        return max(self.samplers, key=lambda row: abs(row["errors"]))

    def sampler_bound(self) -> float:
        """The difference in Monte Carlo errors that correct samplers exceed with probability `MISSED`."""
        return NormalDist().inv_cdf(1 - MISSED / len(self.samplers) / 2)


TABLES = tuple(table.name for table in fields(TrackRecord))
"""The names of the tables."""
