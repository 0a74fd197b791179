"""The as-of slider of the overview: the weekly forecasts up to this one, with what moved each, as markup.

The weeks come from the stored replay, and only where it was made from the inputs of this run; the last stop
is the run itself. `replay.js` shows one stop at a time and computes nothing; no stop knows more than its day.
"""

from dataclasses import dataclass
from datetime import date
from math import floor
from typing import NamedTuple

from ..answer import explain, forecast
from ..answer.forecast import Run
from ..evidence.seasons import WEEK
from ..formatting import Move, day, points, upper_first
from ..track_record import study
from ..track_record.published import TrackRecord
from . import show, words
from .show import Html, fill


class Event(NamedTuple):
    """Something that moved the forecast: by how much, when it was public, and what it was."""

    effect: float
    day: date
    text: str


@dataclass(frozen=True)
class Stop:
    """A day of the slider: its forecast, and the events since the day before."""

    day: date
    probability: float
    lower: float
    upper: float
    news: tuple[Event, ...] = ()


def stops(run: Run, record: TrackRecord) -> list[Stop]:
    """The weeks of the replay and the run itself; none unless the tables were made from the run's inputs."""
    as_of, f = run.params.question.as_of, run.forecast
    if f.resolved or not (record.replay and record.replay_events):
        return []
    weeks = [row for row in record.replay if row["as_of"] < as_of.isoformat()]
    events = [row for row in record.replay_events if row["as_of"] < as_of.isoformat()]
    if not (weeks and belong(events, weeks) and all(made_from_run(row, run) for row in weeks)):
        return []
    last = date.fromisoformat(weeks[-1]["as_of"])
    if as_of - last > WEEK:
        return []
    seen = forecast.seen(run.params, run.whole, as_of)
    deadline = run.params.question.last_day
    found = explain.news(run.draws, seen, last, study.shares(weeks[-1]), as_of, deadline, run.params)
    news = tuple(Event(row["effect"], row["date"], row["text"]) for row in study.largest(found))
    now = Stop(as_of, f.probability, f.interval["lower"], f.interval["upper"], news)
    return [*(week_stop(row, events) for row in weeks), now]


def missing(run: Run, record: TrackRecord) -> str:
    """Why a run has no slider, as a sentence."""
    if not (record.replay and record.replay_events):
        return words.page.no_replay(words.page.replay_none())
    first, last = (date.fromisoformat(record.replay[end]["as_of"]) for end in (0, -1))
    if not first < run.params.question.as_of <= last + WEEK:
        return words.page.no_replay(words.page.replay_days(first, last))
    return words.page.no_replay(words.page.replay_other())


def made_from_run(row: dict, run: Run) -> bool:
    """Whether a row of the replay was made from the inputs of the run."""
    day = date.fromisoformat(row["as_of"])
    return row.get("inputs") == forecast.made_from(run.params, run.whole, day)


def belong(events: list[dict], weeks: list[dict]) -> bool:
    """Whether the events were computed for these very rows of the replay."""
    by_day = {row["as_of"]: row["probability"] for row in weeks}
    return all(by_day.get(row["as_of"]) == row["probability"] for row in events)


def week_stop(row: dict, events: list[dict]) -> Stop:
    """The stop of a row of the replay, with its events."""
    news = tuple(
        Event(event["effect"], date.fromisoformat(event["date"]), event["text"])
        for event in events
        if event["as_of"] == row["as_of"]
    )
    day = date.fromisoformat(row["as_of"])
    return Stop(day, row["probability"], row["lower"], row["upper"], news)


def section(made: list[Stop], mass: float) -> Html:
    """The slider as markup, hidden until its script runs; empty without stops."""
    if not made:
        return Html("")
    return fill(
        "replay.html.j2",
        title=words.page.replay_chart(made, mass),
        chart=show.chart,
        low=floor(10 * min(stop.lower for stop in made)) / 10,
        stops=made,
        likelihood_word=forecast.likelihood_word,
        news=news,
    )


def news(stop: Stop) -> Html:
    """The events of a stop as markup."""
    if not stop.news:
        return show.say(words.forecast.quiet())
    return show.moves(
        Move(effect, points(effect), upper_first(text).rstrip("."), day(when))
        for effect, when, text in stop.news
    )
