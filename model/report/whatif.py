"""What if: the forecast of an edited ledger from the stored draws, scenarios as tables, a panel of widgets.

Every answer is that of `summit forecast --add/--set/--remove`, except that nothing is ever fitted here: edits
that change what the fit learned from are refused with the reason.
"""

import functools
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import ipywidgets as widgets

from .. import formatting
from ..answer import explain, forecast
from ..answer.forecast import Forecast, Run
from ..evidence.edits import COMING, Edits, edited
from ..evidence.outlook import PAST, PUT_OFF
from ..evidence.record import Record
from ..evidence.rows import ATTENDANCE, BOTH
from ..files.problems import InputError
from ..fit import fits
from ..fit.fits import Fit
from ..formatting import Table, percent, points
from ..settings.params import Params
from . import figures, show, words
from .show import fill

STATUSES = ("planned", "announced", "doubted", "refused", "scheduled")
SAID = {status: status.replace("-", " ") for status in COMING}
"""What can be said of the coming of one leader, in words."""
TONES = {
    "The leaders speak, and one invites the other": ("leader_call:3", "invitation:3"),
    "A trade deal is in force": ("trade_delivery:3",),
    "New tariffs, and an incident at sea": ("economic_coercion:-3", "security_friction:-3"),
    "A visit of envoys is called off": ("contact_missed:-3",),
}


class RefitDue(Exception):
    """The edits change what the fit learned from, so that no stored draws answer them."""

    def __str__(self) -> str:
        return words.whatif.refit_due()


class Scenario(NamedTuple):
    """A what-if in words, and the edits it stands for."""

    text: str
    edits: Edits


class Guest(NamedTuple):
    """A leader whose country does not host an occasion ahead, and the chance that he comes."""

    occasion: str
    place: str
    side: str
    leader: str
    comes: float


def options(edits: Edits) -> str:
    """Edits as options of the command line."""
    return " ".join(
        f"--{verb} {shlex.quote(text)}" for verb in ("set", "add", "remove") for text in getattr(edits, verb)
    )


def listed_edits(edits: Edits) -> str:
    """Edits for a table: the option once, then what it was given; rows left out are counted."""
    parts = [f"{verb} {', '.join(texts)}" for verb in ("set", "add") if (texts := getattr(edits, verb))]
    if edits.remove:
        parts.append(f"remove {formatting.count(len(edits.remove), 'row')}")
    return "; ".join(parts)


def stored(run: Run) -> Callable[[Params, Record], Fit]:
    """What replaces `fits.fit` and never samples: the fit of the run, or a stored one; else RefitDue."""
    own = fits.fit_key(run.params, run.record)

    @functools.cache
    def of(key: str) -> Fit:
        found = fits.load_fit(fits.FITS / f"{run.fit.key if key == own else key}.npz")
        if found is None:
            raise RefitDue
        return found

    return lambda params, record: of(fits.fit_key(params, record))


def answer(run: Run, edits: Edits, fitted: Callable[[Params, Record], Fit] | None = None) -> Forecast:
    """The forecast of a run's ledger with the edits made; raises InputError for a wrong edit, or RefitDue."""
    whole = edited(run.whole, edits, run.params)
    return forecast.forecast(run.params, whole, fitted or stored(run)).forecast


def probabilities(run: Run, edits: list[Edits]) -> list[float]:
    """The probability alone after each of the edits."""
    fitted, day = stored(run), run.outlook.as_of
    wholes = [edited(run.whole, each, run.params) for each in edits]
    return [forecast.headline(run.params, whole, day, fitted) for whole in wholes]


# The tables of the rendered page


def occasions_ahead(run: Run) -> dict[str, str]:
    """The names, by id, of the occasions and agreed visits ahead of which something can still be said."""
    known = {occasion.occasion_id for occasion in run.ledger.occasions}
    rows = [
        row for row in run.forecast.occasions if row["id"] in known and row["status"] not in (PAST, PUT_OFF)
    ]
    return {row["id"]: row["name"] for row in rows}


def guests(run: Run) -> list[Guest]:
    """Whose coming decides what lies ahead."""
    ahead = occasions_ahead(run)
    return [
        Guest(row["id"], row["name"], side.code, side.leader, row["comes"][side.code])
        for row in run.forecast.occasions
        if row["id"] in ahead and row["comes"]
        for side in run.params.question.sides
        if side.code != row["host"]
    ]


def coming_rows(run: Run) -> Table:
    """The forecast for each word that could be said of the coming of each leader, all else as it is."""
    rows = []
    for guest in guests(run):
        edits = [Edits(set=(f"{guest.occasion}={guest.side}:{said}",)) for said in SAID]
        rows.append((guest.place, guest.leader, guest.comes, *probabilities(run, edits)))
    heads = [formatting.upper_first(text) for text in SAID.values()]
    return Table(
        ("Occasion", "Who", "Comes now", *heads),
        rows,
        words.whatif.coming_caption(run.forecast.probability),
        dict.fromkeys(["Comes now", *heads], percent),
    )


def status_rows(run: Run) -> Table:
    """The forecast for each status that each occasion ahead could have, all else as it is."""
    rows = []
    for name, text in occasions_ahead(run).items():
        edits = [Edits(set=(f"{name}={status}",)) for status in STATUSES]
        rows.append((text, run.outlook.statuses[name], *probabilities(run, edits)))
    heads = [formatting.upper_first(status) for status in STATUSES]
    caption = words.whatif.status_caption(run.forecast.probability)
    return Table(("Occasion", "Now", *heads), rows, caption, dict.fromkeys(heads, percent))


def scenarios(run: Run) -> list[Scenario]:
    """Combinations: seasons refused or announced, a leader who stays at home, another tone, no article."""
    return [*_seasons(run), *_leaders(run), *_tones(run)]


def _seasons(run: Run) -> Iterator[Scenario]:
    """Seasons of several occasions refused, or one of their occasions announced; everything refused."""
    ahead = occasions_ahead(run)
    for view in run.outlook.seasons:
        season = [slot.occasion.occasion_id for slot in view.slots if slot.occasion.occasion_id in ahead]
        if len(season) < 2:
            continue
        yield Scenario(words.whatif.refused([ahead[name] for name in season]), _refused(season))
        for host in season:
            others = [name for name in season if name != host]
            edits = Edits(set=(f"{host}=announced", *_refused(others).set))
            yield Scenario(words.whatif.announced_alone(ahead[host], [ahead[name] for name in others]), edits)
    if len(ahead) > 1:
        yield Scenario(words.whatif.all_refused(), _refused(list(ahead)))


def _refused(names: list[str]) -> Edits:
    return Edits(set=tuple(f"{name}=refused" for name in names))


def _leaders(run: Run) -> Iterator[Scenario]:
    """A leader who stays away from several occasions; both who come to one that neither hosts."""
    invited = guests(run)
    for side in run.params.question.sides:
        away = tuple(
            f"{guest.occasion}={side.code}:stays-away" for guest in invited if guest.side == side.code
        )
        if len(away) > 1:
            yield Scenario(words.whatif.stays_away(side.leader), Edits(set=away))
    for name, text in dict.fromkeys((guest.occasion, guest.place) for guest in invited):
        come = tuple(f"{name}={guest.side}:comes" for guest in invited if guest.occasion == name)
        if len(come) > 1:
            yield Scenario(words.whatif.both_come(text), Edits(set=come))


def _tones(run: Run) -> Iterator[Scenario]:
    """Other general signals; those of the article left out."""
    for text, signals in TONES.items():
        if all(signal.partition(":")[0] in run.params.priors.kinds for signal in signals):
            yield Scenario(text, Edits(add=signals))
    article = tuple(signal.event_id for signal in run.ledger.signals if signal.in_article)
    if article:
        yield Scenario(words.whatif.without_article(len(article)), Edits(remove=article))


def scenario_rows(run: Run) -> Table:
    """The forecast in each scenario and how far it lies from the run's, from the highest to the lowest."""
    made, now = scenarios(run), run.forecast.probability
    values = probabilities(run, [scenario.edits for scenario in made])
    rows = [
        (value, value - now, scenario.text, listed_edits(scenario.edits))
        for value, scenario in zip(values, made, strict=True)
    ]
    return Table(
        ("Forecast", "Points", "What if", "Edits"),
        sorted(rows, key=lambda row: -row[0]),
        words.whatif.scenario_caption(now),
        {"Forecast": percent, "Points": points},
    )


def quiet_path(run: Run) -> list[dict[str, Any]]:
    """The forecast week by week if nothing more is heard, see `explain.quiet_path`."""
    q = run.params.question
    ledger = forecast.seen(run.params, run.whole, q.as_of)
    return explain.quiet_path(run.draws, ledger, q.as_of, q.last_day, run.params)


def quiet_rows(path: list[dict[str, Any]]) -> Table:
    """The quiet path as a table, where it moved by a point or more since the row above."""
    rows = [(row["date"], row["probability"]) for row in path[:1]]
    for row in path[1:-1]:
        if abs(row["probability"] - rows[-1][1]) >= 0.01:
            rows.append((row["date"], row["probability"]))
    return Table(("Day", "Forecast"), rows, words.whatif.quiet_caption(), {"Forecast": percent})


# The panel


def panel(run: Run, interactive: bool = True) -> "Panel | show.Html":
    """The widgets of a what-if over a run; words where nobody can use them."""
    return Panel(run) if interactive else show.say(words.whatif.no_panel())


class Panel:
    """Widgets by what they change, and `shown`, the answer as markup; `box` holds them all."""

    def __init__(self, run: Run):
        self.run, self.fitted, ahead = run, stored(run), occasions_ahead(run)
        now, statuses = run.outlook.statuses, dict(zip(STATUSES, STATUSES))
        self.statuses = {name: self._choice(text, now[name], statuses) for name, text in ahead.items()}
        self.coming = {
            (guest.occasion, guest.side): self._choice(
                guest.leader, f"comes with {percent(guest.comes)}", SAID
            )
            for guest in guests(run)
        }
        self._signal_widgets(ahead)
        self.added = widgets.TagsInput(value=[], placeholder="KIND:STRENGTH[:OCCASION][:ACTOR][@DATE]")
        rows = self._rows_to_leave_out(ahead)
        self.removed = widgets.SelectMultiple(options=rows, rows=8, layout=widgets.Layout(width="auto"))
        self.reset = widgets.Button(description="Reset", icon="undo")
        self.shown = widgets.HTML()
        self.asked = (*self.statuses.values(), *self.coming.values(), self.added, self.removed)
        for widget in self.asked:
            widget.observe(self.update, "value")
        self.add.on_click(self.add_signal)
        self.reset.on_click(self.start_again)
        self.box = widgets.VBox(self._arranged())
        self.update()

    def _choice(self, text: str, now: str, values: Mapping[str, str]) -> widgets.Dropdown:
        return widgets.Dropdown(
            options=[(f"as it stands: {now}", ""), *((word, value) for value, word in values.items())],
            value="",
            description=re.sub(r"[$\\]", "", text),
            style={"description_width": "20em"},
            layout=widgets.Layout(width="auto"),
        )

    def _signal_widgets(self, ahead: Mapping[str, str]) -> None:
        """The widgets that together describe one signal to add."""
        params, as_of = self.run.params, self.run.outlook.as_of
        kinds = [(name.replace("_", " "), name) for name in params.priors.kinds]
        places = [("none: general tone", ""), *((text, name) for name, text in ahead.items())]
        actors = [*((side.leader, side.code) for side in params.question.sides), ("both", BOTH)]
        self.kind = widgets.Dropdown(options=kinds, value=kinds[0][1], description="Kind")
        self.strength = widgets.IntSlider(value=2, min=-3, max=3, description="Strength")
        self.occasion = widgets.Dropdown(options=places, value="", description="Occasion")
        self.actor = widgets.Dropdown(options=actors, value=BOTH, description="Of")
        self.day = widgets.DatePicker(value=as_of, max=as_of, description="Public on")
        self.add = widgets.Button(description="Add this signal", icon="plus")

    def _rows_to_leave_out(self, ahead: Mapping[str, str]) -> list[tuple[str, str]]:
        """The signals of the last year or about what lies ahead, the latest first, each with its id."""
        as_of = self.run.outlook.as_of
        return [
            (f"{signal.public_date} {signal.description}", signal.event_id)
            for signal in reversed(self.run.ledger.signals)
            if signal.occasion in ahead or (as_of - signal.public_date).days <= 365
        ]

    def _arranged(self) -> list[widgets.Widget]:
        choices = []
        for name, widget in self.statuses.items():
            choices += [widget, *(each for (place, _), each in self.coming.items() if place == name)]
        return [
            widgets.HTML("<b>What is said of the occasions ahead, and of who comes to each</b>"),
            *choices,
            widgets.HTML("<b>Add a signal</b>"),
            widgets.HBox([self.kind, self.strength]),
            widgets.HBox([self.occasion, self.actor, self.day]),
            widgets.HBox([self.add, self.added]),
            widgets.HTML("<b>Leave out rows</b> (Ctrl or Shift selects several)"),
            self.removed,
            self.reset,
            self.shown,
        ]

    @property
    def edits(self) -> Edits:
        """The edits that the widgets stand for."""
        said = [f"{name}={chosen.value}" for name, chosen in self.statuses.items() if chosen.value]
        said += [
            f"{name}={side}:{chosen.value}" for (name, side), chosen in self.coming.items() if chosen.value
        ]
        return Edits(tuple(self.added.value), tuple(said), tuple(self.removed.value))

    def update(self, _: Any = None) -> None:
        """Show the answer to the edits, or why there is none."""
        try:
            made = answer(self.run, self.edits, self.fitted)
            self.shown.value = answer_markup(self.run, self.edits, made).markup
        except (InputError, RefitDue) as error:
            self.shown.value = show.say(str(error)).markup

    def add_signal(self, _: Any) -> None:
        """Add the signal that its widgets describe."""
        actor = self.actor.value if self.kind.value == ATTENDANCE else ""
        words = [self.kind.value, str(self.strength.value), *filter(None, [self.occasion.value, actor])]
        day = "" if self.day.value in (None, self.run.outlook.as_of) else f"@{self.day.value}"
        self.added.value = [*self.added.value, ":".join(words) + day]

    def start_again(self, _: Any) -> None:
        """Take every edit back."""
        for widget in self.asked:
            widget.unobserve(self.update, "value")
            widget.value = type(widget.value)()
            widget.observe(self.update, "value")
        self.update()

    def _repr_mimebundle_(self, **wanted: Any) -> Any:
        return self.box._repr_mimebundle_(**wanted)


def answer_markup(run: Run, edits: Edits, made: Forecast) -> show.Html:
    """The number, how far it moved, the curve, what moved it, and the command that asks the same."""
    rows = [(row["delta"], row["text"], row["basis"]) for row in explain.moved(made.contributions)]
    moves = Table(("Points", "What", "Weight"), rows, words.whatif.moves_caption(), {"Points": points})
    before = run.forecast.probability
    moved = words.whatif.answer(made.probability - before, before)
    return fill(
        "whatif_answer.html.j2",
        answer=show.say(words.forecast.headline(made), moved),
        curve=show.figure(figures.curve, made, alt=words.forecast.climb(made)),
        moves=show.table(moves),
        command=f"summit forecast --as-of {made.as_of} {options(edits)}".strip(),
    )
