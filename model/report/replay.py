"""The as-of slider of the overview: the weekly forecasts up to this one, with what moved each, as markup.

The weeks come from the kept replay and only where it was made from the inputs of this run; the last stop is the run
itself. `replay.js` shows one stop at a time: it computes nothing, and no stop knows more than its day.
"""

from dataclasses import dataclass
from datetime import date
from html import escape
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

from ..answer import explain, forecast
from ..formatting import Move, day, percent, points, short_day, upper_first
from ..track_record import study
from . import show, words
from .show import Html

if TYPE_CHECKING:
    from ..answer.forecast import Run


@dataclass(frozen=True)
class Stop:
    """A day of the slider: its forecast, and the events since the day before as (effect, day, text)."""

    day: date
    probability: float
    lower: float
    upper: float
    news: tuple[tuple[float, date, str], ...] = ()


def stops(run: "Run", record: Path) -> list[Stop]:
    """The weeks of the replay and the run itself, in order; none unless the tables were made from the run's inputs."""
    as_of, deadline = run.params.question.as_of, run.params.question.deadline
    weeks = [row for row in study.load(record / "replay.csv") if row["as_of"] < as_of.isoformat()]
    events = [row for row in study.load(record / "replay_events.csv") if row["as_of"] < as_of.isoformat()]
    last = date.fromisoformat(weeks[-1]["as_of"]) if weeks else date.min
    if (
        as_of - last > forecast.WEEK
        or not belong(events, weeks)
        or any(
            row.get("inputs") != forecast.made_from(run.params, run.whole, date.fromisoformat(row["as_of"]))
            for row in weeks
        )
    ):
        return []
    made = [
        Stop(
            date.fromisoformat(row["as_of"]),
            row["probability"],
            row["lower"],
            row["upper"],
            tuple(
                (event["effect"], date.fromisoformat(event["date"]), event["text"])
                for event in events
                if event["as_of"] == row["as_of"]
            ),
        )
        for row in weeks
    ]
    seen = forecast.seen(run.params, run.whole, as_of)
    found = explain.news(run.draws, seen, last, study.shares(weeks[-1]), as_of, deadline, run.params)
    f = run.forecast
    return [
        *made,
        Stop(
            as_of,
            f.probability,
            f.interval["lower"],
            f.interval["upper"],
            tuple((row["effect"], row["date"], row["text"]) for row in study.largest(found)),
        ),
    ]


def belong(events: list[dict], weeks: list[dict]) -> bool:
    """Whether the events were computed for these very rows of the replay."""
    said = {row["as_of"]: row["probability"] for row in weeks}
    return all(said.get(row["as_of"]) == row["probability"] for row in events)


def title(made: list[Stop]) -> str:
    """From where to where the forecast went."""
    first, last = made[0], made[-1]
    return (
        f"Week by week: {percent(first.probability)} on {day(first.day, year=False)}, {percent(last.probability)} on "
        f"{day(last.day, year=False)}"
    )


def section(made: list[Stop], mass: float) -> Html:
    """The slider as markup, hidden until its script runs; empty without stops."""
    if not made:
        return Html("")
    begin, low = made[0].day, floor(10 * min(stop.lower for stop in made)) / 10
    days, last = (made[-1].day - begin).days, len(made) - 1

    def point(stop: Stop, value: float) -> str:
        return f"{(stop.day - begin).days} {(1 - value) / (1 - low):.4f}"

    line = "L".join(point(stop, stop.probability) for stop in made)
    band = "L".join(
        [point(stop, stop.upper) for stop in made] + [point(stop, stop.lower) for stop in reversed(made)]
    )
    picture = show.chart(
        f"{title(made)}. The line is the forecast on each day, the band holds {mass:.0%} of the posterior draws",
        begin,
        made[-1].day,
        (1, (1 + low) / 2, low),
        f'<svg viewBox="0 0 {days} 1" preserveAspectRatio="none" overflow="visible"><path class="band" d="M{band}Z"/>'
        f'<path d="M{line}"/></svg><circle r="6"/>',
    )
    told = "".join(
        _told(stop, before, 100 * (stop.day - begin).days / days, 100 * (1 - stop.probability) / (1 - low))
        for before, stop in zip([None, *made], made, strict=False)
    )
    return Html(f"""<div class="replay" data-script="replay.js" hidden>
{picture}
<div class="play"><label>As of <input type="range" min="0" max="{last}" value="{last}"></label>
<button type="button">Play</button></div>
<div class="stops" aria-live="polite">
{told}</div>
</div>""")


def _told(stop: Stop, before: Stop | None, x: float, y: float) -> str:
    """One stop in words, with the place of its point in parts of the picture."""
    if before is None:
        moved, news = "the replay begins", Html("")
    else:
        moved = f"{points(stop.probability - before.probability)} points since {short_day(before.day)}"
        news = (
            show.moves(
                Move(effect, points(effect), upper_first(text).rstrip("."), day(when))
                for effect, when, text in stop.news
            )
            if stop.news
            else show.say(words.forecast.quiet())
        )
    return (
        f'<div data-day="{day(stop.day)}" data-x="{x:.2f}%" data-y="{y:.2f}%" hidden>\n'
        f'<div class="answer"><p class="number">{percent(stop.probability)}</p><p><b>{day(stop.day)}</b> '
        f"{escape(forecast.likelihood_word(stop.probability))}, range {percent(stop.lower)} to "
        f"{percent(stop.upper)}; {moved}</p></div>\n{news.markup}</div>\n"
    )
