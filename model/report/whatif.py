"""What if: the forecast of an edited ledger from the stored draws, scenarios as tables, and a panel of widgets.

Every answer takes the path of `summit forecast --add/--set/--remove`, save that nothing is ever fitted here: an edit
that changes what the fit learned from is refused with the reason.
"""

import functools
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import formatting
from ..answer import explain, forecast
from ..evidence.edits import COMING, Edits, edited
from ..evidence.outlook import PAST
from ..evidence.record import Record
from ..evidence.rows import ATTENDANCE, BOTH
from ..files.problems import InputError
from ..fit import fits
from ..formatting import Table, percent, points
from ..settings.params import Params
from . import figures, show, words

if TYPE_CHECKING:
    from ..answer.forecast import Forecast, Run
    from ..fit.fits import Fit

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
        return (
            "These edits change what the model learns from the past, and no fit to that is stored; summit forecast "
            "with the same options fits anew."
        )


class Scenario(NamedTuple):
    """A what-if in words, and the edits it stands for."""

    text: str
    edits: Edits

    @property
    def options(self) -> str:
        """The options of `summit forecast` that ask the same."""
        return options(self.edits)


def options(edits: Edits) -> str:
    """Edits as options of the command line."""
    return " ".join(
        f"--{verb} {shlex.quote(text)}" for verb in ("set", "add", "remove") for text in getattr(edits, verb)
    )


def listed_edits(edits: Edits) -> str:
    """Edits for a table: the option once, then what it was given; rows left out are counted."""
    told = [f"{verb} {', '.join(texts)}" for verb in ("set", "add") if (texts := getattr(edits, verb))]
    return "; ".join(
        [*told, *([f"remove {formatting.count(len(edits.remove), 'row')}"] if edits.remove else [])]
    )


def stored(run: "Run") -> Callable[[Params, Record], "Fit"]:
    """What takes the place of `fits.fit` and never samples: the fit of the run, or a stored one; else RefitDue."""
    own = fits.fit_key(run.params, run.record)

    @functools.cache
    def of(key: str) -> "Fit":
        found = fits.load_fit(fits.FITS / f"{run.fit.key if key == own else key[:32]}.npz")
        if found is None:
            raise RefitDue
        return found

    return lambda params, record: of(fits.fit_key(params, record))


def answer(run: "Run", edits: Edits, fitted: Callable[[Params, Record], "Fit"] | None = None) -> "Forecast":
    """The forecast of a run's ledger with the edits made; raises InputError for a wrong edit, else RefitDue."""
    whole = edited(run.whole, edits, run.params)
    return forecast.forecast(run.params, whole, fitted or stored(run)).forecast


def probabilities(run: "Run", edits: list[Edits]) -> list[float]:
    """The probability alone after each of the edits."""
    fitted = stored(run)
    return [
        forecast.headline(run.params, edited(run.whole, each, run.params), run.outlook.as_of, fitted)
        for each in edits
    ]


# The tables of the rendered page


def occasions_ahead(run: "Run") -> dict[str, str]:
    """The names of the occasions and agreed visits that lie ahead and of which something can still be said, by id."""
    known = {occasion.occasion_id for occasion in run.ledger.occasions}
    return {
        row["id"]: row["name"]
        for row in run.forecast.occasions
        if row["id"] in known and row["status"] != PAST
    }


def guests(run: "Run") -> list[tuple[str, str, str]]:
    """Whose coming decides what lies ahead: the id of an occasion, the code of a side that does not host it, its leader."""
    ahead, sides = occasions_ahead(run), run.params.question.sides
    return [
        (row["id"], side.code, side.leader)
        for row in run.forecast.occasions
        if row["id"] in ahead and row["comes"]
        for side in sides
        if side.code != row["host"]
    ]


def coming_now(run: "Run", name: str, side: str) -> float:
    """The chance that the leader of a side comes to an occasion ahead."""
    return next(row["comes"][side] for row in run.forecast.occasions if row["id"] == name)


def coming_rows(run: "Run") -> Table:
    """The forecast for each word that could be said of the coming of each leader, all else as it is."""
    ahead, invited = occasions_ahead(run), guests(run)
    values = iter(
        probabilities(
            run, [Edits(set=(f"{name}={side}:{said}",)) for name, side, _ in invited for said in SAID]
        )
    )
    rows = [
        (ahead[name], leader, coming_now(run, name, side), *(next(values) for _ in SAID))
        for name, side, leader in invited
    ]
    heads = [formatting.upper_first(text) for text in SAID.values()]
    return Table(
        ("Occasion", "Who", "Comes now", *heads),
        rows,
        f"The forecast, now {percent(run.forecast.probability)}, if something else were said of one leader's coming; "
        "comes now: the chance that he does",
        dict.fromkeys(["Comes now", *heads], percent),
    )


def status_rows(run: "Run") -> Table:
    """The forecast for each status that each occasion ahead could have, all else as it is."""
    ahead, now = occasions_ahead(run), run.outlook.statuses
    values = iter(
        probabilities(run, [Edits(set=(f"{name}={status}",)) for name in ahead for status in STATUSES])
    )
    rows = [(text, now[name], *(next(values) for _ in STATUSES)) for name, text in ahead.items()]
    heads = [formatting.upper_first(status) for status in STATUSES]
    return Table(
        ("Occasion", "Now", *heads),
        rows,
        f"The forecast, now {percent(run.forecast.probability)}, if an occasion had another status",
        dict.fromkeys(heads, percent),
    )


def scenarios(run: "Run") -> list[Scenario]:
    """Combinations: seasons refused or announced, a leader who stays at home, another tone, the article left out."""
    ahead, invited = occasions_ahead(run), guests(run)
    seasons = [
        [slot.occasion for slot in view.slots if slot.occasion.occasion_id in ahead]
        for view in run.outlook.seasons
    ]
    made = []

    def put(text: str, **edits: Any) -> None:
        made.append(Scenario(text, Edits(**{verb: tuple(items) for verb, items in edits.items()})))

    for season in [season for season in seasons if len(season) > 1]:
        names = formatting.listed([occasion.name for occasion in season])
        put(f"{names}: refused", set=[f"{occasion.occasion_id}=refused" for occasion in season])
        for host in season:
            others = [occasion for occasion in season if occasion is not host]
            put(
                f"{host.name} announced, {formatting.listed([occasion.name for occasion in others])} refused",
                set=[f"{host.occasion_id}=announced", *(f"{other.occasion_id}=refused" for other in others)],
            )
    if len(ahead) > 1:
        put("Every occasion ahead refused", set=[f"{name}=refused" for name in ahead])
    for side in run.params.question.sides:
        places = [name for name, code, _ in invited if code == side.code]
        if len(places) > 1:
            put(
                f"{side.leader} stays away from every occasion abroad",
                set=[f"{name}={side.code}:stays-away" for name in places],
            )
    places = list(dict.fromkeys(name for name, _, _ in invited))
    for name in places:
        if len(both := [side for place, side, _ in invited if place == name]) > 1:
            put(
                f"Both leaders say that they come to {ahead[name]}",
                set=[f"{name}={side}:comes" for side in both],
            )
    for text, signals in TONES.items():
        if all(signal.partition(":")[0] in run.params.priors.kinds for signal in signals):
            put(text, add=signals)
    article = [signal.event_id for signal in run.ledger.signals if signal.in_article]
    if article:
        put(
            f"Nothing of what the article states ({formatting.count(len(article), 'row')} left out)",
            remove=article,
        )
    return made


def scenario_rows(run: "Run") -> Table:
    """The forecast in each scenario and how far it lies from the run's, from the highest to the lowest."""
    made = scenarios(run)
    values = probabilities(run, [scenario.edits for scenario in made])
    rows = [
        (value, value - run.forecast.probability, scenario.text, listed_edits(scenario.edits))
        for value, scenario in zip(values, made, strict=True)
    ]
    return Table(
        ("Forecast", "Points", "What if", "Edits"),
        sorted(rows, key=lambda row: -row[0]),
        f"The forecast, now {percent(run.forecast.probability)}, in other circumstances",
        {"Forecast": percent, "Points": points},
    )


def quiet_path(run: "Run") -> list[dict[str, Any]]:
    """The forecast week by week if nothing more is heard, see `explain.quiet_path`."""
    q = run.params.question
    ledger = forecast.seen(run.params, run.whole, q.as_of)
    return explain.quiet_path(run.draws, ledger, q.as_of, q.deadline, run.params)


def quiet_rows(path: list[dict[str, Any]]) -> Table:
    """The quiet path as a table, where it moved by a point or more since the row above."""
    rows = [(row["date"], row["probability"]) for row in path[:1]]
    for row in path[1:-1]:
        if abs(row["probability"] - rows[-1][1]) >= 0.01:
            rows.append((row["date"], row["probability"]))
    return Table(
        ("Day", "Forecast"),
        rows,
        "The forecast on later days, had nothing more been said and no meeting taken "
        "place; days on which it had moved by a point or more",
        {"Forecast": percent},
    )


# The panel


@dataclass(frozen=True)
class Panel:
    """Widgets by what they change, and `shown`, the answer as markup; `box` holds them all."""

    statuses: Mapping[str, Any]
    coming: Mapping[tuple[str, str], Any]
    kind: Any
    strength: Any
    occasion: Any
    actor: Any
    day: Any
    add: Any
    added: Any
    removed: Any
    reset: Any
    shown: Any
    box: Any

    @property
    def edits(self) -> Edits:
        """The edits that the widgets stand for."""
        said = [f"{name}={chosen.value}" for name, chosen in self.statuses.items() if chosen.value]
        said += [
            f"{name}={side}:{chosen.value}" for (name, side), chosen in self.coming.items() if chosen.value
        ]
        return Edits(tuple(self.added.value), tuple(said), tuple(self.removed.value))

    def _repr_mimebundle_(self, **wanted: Any) -> Any:
        return self.box._repr_mimebundle_(**wanted)


def panel(run: "Run", interactive: bool = True) -> "Panel | show.Html":
    """The widgets of a what-if over a run; words in their place where nobody can use them."""
    if not interactive:
        return show.say(
            "A panel to try this by hand appears here when the notebook runs in JupyterLab (make lab). The "
            "tables below answer the most likely questions, and the overview has an explorer of its own."
        )
    import ipywidgets as widgets

    ahead, as_of, wide = occasions_ahead(run), run.outlook.as_of, widgets.Layout(width="auto")
    named = {"description_width": "20em"}

    def choice(text: str, now: str, values: Mapping[str, str]) -> Any:
        return widgets.Dropdown(
            options=[(f"as it stands: {now}", ""), *((word, value) for value, word in values.items())],
            value="",
            description=re.sub(r"[$\\]", "", text),
            style=named,
            layout=wide,
        )

    statuses = {
        name: choice(text, run.outlook.statuses[name], dict(zip(STATUSES, STATUSES)))
        for name, text in ahead.items()
    }
    coming = {
        (name, side): choice(leader, f"comes with {percent(coming_now(run, name, side))}", SAID)
        for name, side, leader in guests(run)
    }
    rows = [
        signal
        for signal in reversed(run.ledger.signals)
        if signal.occasion in ahead or (as_of - signal.public_date).days <= 365
    ]
    made = Panel(
        statuses=statuses,
        coming=coming,
        kind=widgets.Dropdown(
            options=[(name.replace("_", " "), name) for name in run.params.priors.kinds],
            value=next(iter(run.params.priors.kinds)),
            description="Kind",
        ),
        strength=widgets.IntSlider(value=2, min=-3, max=3, description="Strength"),
        occasion=widgets.Dropdown(
            options=[("none: general tone", ""), *((text, name) for name, text in ahead.items())],
            value="",
            description="Occasion",
        ),
        actor=widgets.Dropdown(
            options=[*((side.leader, side.code) for side in run.params.question.sides), ("both", BOTH)],
            value=BOTH,
            description="Of",
        ),
        day=widgets.DatePicker(value=as_of, max=as_of, description="Public on"),
        add=widgets.Button(description="Add this signal", icon="plus"),
        added=widgets.TagsInput(value=[], placeholder="KIND:STRENGTH[:OCCASION][:ACTOR][@DATE]"),
        removed=widgets.SelectMultiple(
            options=[(f"{signal.public_date} {signal.description}", signal.event_id) for signal in rows],
            rows=8,
            layout=wide,
        ),
        reset=widgets.Button(description="Reset", icon="undo"),
        shown=widgets.HTML(),
        box=widgets.VBox(),
    )
    fitted = stored(run)

    def show_answer(_: Any = None) -> None:
        try:
            made.shown.value = told(run, made.edits, answer(run, made.edits, fitted))
        except (InputError, RefitDue) as error:
            made.shown.value = show.say(str(error)).markup

    def add_signal(_: Any) -> None:
        actor = made.actor.value if made.kind.value == ATTENDANCE else ""
        parts = [made.kind.value, str(made.strength.value), *filter(None, [made.occasion.value, actor])]
        day = "" if made.day.value in (None, as_of) else f"@{made.day.value}"
        made.added.value = [*made.added.value, ":".join(parts) + day]

    choices = (*statuses.values(), *coming.values())

    def start_again(_: Any) -> None:
        for widget in (*choices, made.added, made.removed):
            widget.unobserve(show_answer, "value")
            widget.value = "" if widget in choices else type(widget.value)()
            widget.observe(show_answer, "value")
        show_answer()

    for widget in (*choices, made.added, made.removed):
        widget.observe(show_answer, "value")
    made.add.on_click(add_signal)
    made.reset.on_click(start_again)
    made.box.children = (
        widgets.HTML("<b>What is said of the occasions ahead, and of who comes to each</b>"),
        *(
            widget
            for name in ahead
            for widget in (statuses[name], *(each for key, each in coming.items() if key[0] == name))
        ),
        widgets.HTML("<b>Add a signal</b>"),
        widgets.HBox([made.kind, made.strength]),
        widgets.HBox([made.occasion, made.actor, made.day]),
        widgets.HBox([made.add, made.added]),
        widgets.HTML("<b>Leave out rows</b> (Ctrl or Shift selects several)"),
        made.removed,
        made.reset,
        made.shown,
    )
    show_answer()
    return made


def told(run: "Run", edits: Edits, made: "Forecast") -> str:
    """The answer as markup: the number, how far it moved, the curve, what moved it, the command that asks the same."""
    rows = explain.moved(made.contributions)
    moves = Table(
        ("Points", "What", "Weight"),
        [(row["delta"], row["text"], row["basis"]) for row in rows],
        "What moves it from the forecast without signals, in percentage points",
        {"Points": points},
    )
    moved = made.probability - run.forecast.probability
    say = show.say(
        f"{words.forecast.headline(made)} That is {points(moved)} points from the forecast of this run, "
        f"{percent(run.forecast.probability)}."
    )
    command = f"summit forecast --as-of {made.as_of} {options(edits)}".strip()
    return "\n".join(
        (
            say.markup,
            show.figure(figures.curve, made, alt=words.forecast.climb(made)).markup,
            show.table(moves).markup,
            f"<p>The same on the command line: <code>{escape(command)}</code></p>",
        )
    )
