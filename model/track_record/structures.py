"""Named variants of the model: the evidence each one omits, and the choices of the priors file it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from ..evidence.ledger import Ledger
from ..evidence.outlook import Outlook, outlook
from ..evidence.rows import ANNOUNCEMENT, ATTENDANCE, Signal
from ..evidence.tone import general_ids
from ..evidence.words import REFUSAL
from ..settings.params import Params

ANSWERS = ("attendance", "planning", "promises", "put off")
"""The parts of the evidence that concern one future occasion."""


@dataclass(frozen=True)
class Structure:
    """A named variant of the model.

    Attributes
    ----------
    what
        A description of the difference.
    without
        Parts of the evidence that neither the fit nor the forecast uses.
    unheard
        Parts that only the forecast ignores; the fit still uses them.
    choices
        Entries that replace those of `structure` in the priors file.
    """

    name: str
    what: str
    without: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    choices: Mapping[str, int] = field(default_factory=dict)

    def ahead(self, ledger: Ledger, day: date, deadline: date, params: Params) -> Outlook:
        """The outlook on `day`, from a ledger cut on that day and the evidence that the forecast uses."""
        ignored = (*self.without, *self.unheard)
        seen = outlook(reduced(ledger, ignored), day, deadline, params)
        return replace(seen, put_off=()) if "put off" in ignored else seen

    def params(self, params: Params) -> Params:
        """The params with the choices of this structure."""
        structure = params.priors.structure.model_copy(update=dict(self.choices))
        return replace(params, priors=params.priors.model_copy(update={"structure": structure}))


FULL = Structure("full", "The model as published")
CALENDAR = Structure(
    "calendar alone", "The calendar and who came, nothing that was said", without=("tone",), unheard=ANSWERS
)
NO_ADDITIONS = Structure(
    "no additions", "Without the rows searched where an earlier model lost most", without=("additions",)
)
BACKTESTED = (
    FULL,
    Structure("no attendance words", "Ignores words about who comes", unheard=("attendance",)),
    Structure("no tone", "Ignores signals that name no occasion", without=("tone",)),
    Structure("no planning", "Ignores planning and doubt about a meeting", unheard=("planning",)),
    Structure("no again", "Visits put off are not expected again", unheard=("put off",)),
    NO_ADDITIONS,
    CALENDAR,
)
SEARCHED_AGAIN = "losses"
"""The search, where an earlier model had lost most, whose rows are the additions."""
STRUCTURES = (
    *BACKTESTED,
    Structure(
        "season gap 21", "Occasions over 21 days apart are separate seasons", choices={"season_gap": 21}
    ),
    Structure("season gap 45", "Occasions up to 45 days apart are one season", choices={"season_gap": 45}),
    Structure("tone half-life 60", "A signal counts half after 60 days", choices={"tone_half_life": 60}),
    Structure("tone half-life 180", "A signal counts half after 180 days", choices={"tone_half_life": 180}),
    Structure("checked rows only", "Without the signals for which no page was found", without=("unchecked",)),
)
NAMED = {structure.name: structure for structure in STRUCTURES}


def backtested(ledger: Ledger) -> list[Structure]:
    """The structures that the backtest of a ledger scores: without additions, none leaves them out."""
    added = any(signal.search == SEARCHED_AGAIN for signal in ledger.signals)
    return [structure for structure in BACKTESTED if added or "additions" not in structure.without]


def parts_of(signal: Signal, general: Iterable[str]) -> set[str]:
    """The parts of the evidence that a signal belongs to; `general` has the ids of those of the tone."""
    parts = {"additions"} if signal.search == SEARCHED_AGAIN else set()
    if not signal.checked:
        parts.add("unchecked")
    if signal.event_id in general:
        return parts | {"tone"}
    if signal.kind == ATTENDANCE:
        return parts | {"attendance"}
    return parts | {"promises" if signal.kind in (ANNOUNCEMENT, REFUSAL) else "planning"}


def reduced(ledger: Ledger, ignored: Iterable[str]) -> Ledger:
    """The ledger without the ignored parts of the evidence."""
    ignored = set(ignored)
    if not ignored:
        return ledger
    general = general_ids(ledger)
    return replace(
        ledger,
        signals=tuple(row for row in ledger.signals if not parts_of(row, general) & ignored),
        visit_windows=() if "promises" in ignored else ledger.visit_windows,
    )
