"""What cells of the notebooks need of a run, so that no page says what is true of another one only."""

from ..answer.forecast import Run
from ..answer.pair import rests_on_seeds
from ..track_record.published import TABLES, TrackRecord

OPEN = "open"
"""Met while the question is not resolved; what is said of the future makes no sense afterwards."""
SEEDS = "seeds"
"""Met where the ledger rests on the seeds; what is said of their making is true of nothing else."""
NAMES = (OPEN, SEEDS, *(table.replace("_", "-") for table in TABLES))
"""Every need; the others are met where the track record of the pair has the table of that name."""


def unmet(run: Run) -> set[str]:
    """The needs that a run does not meet."""
    record = TrackRecord.of(run)
    met = {table.replace("_", "-") for table in TABLES if getattr(record, table)}
    if not run.forecast.resolved:
        met.add(OPEN)
    if rests_on_seeds(run.forecast.inputs):
        met.add(SEEDS)
    return set(NAMES) - met
