"""Figures of the evidence and the forecast: functions of data that return a figure; `show.figure` puts it into a page."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..answer.forecast import ICD_203
from ..formatting import count, day, percent, points, short_day, span, upper_first
from .drawing import (
    BAND,
    BOLD,
    DOWN,
    INK,
    MUTED,
    NARROW,
    QUIET,
    ROW,
    RULE,
    SMALL,
    TEXT,
    TITLE,
    UP,
    WASH,
    WIDE,
    bare,
    course,
    fitted,
    label,
    ordinals,
    panel,
    row_head,
    row_name,
    rows_down,
    share_axis,
    spread_out,
    styled,
    text_width,
    time_axis,
    two_lines,
)
from .prose import ahead, cell, ranked, recent_signals, searches_title, unheard, who_comes

if TYPE_CHECKING:
    from ..answer.forecast import Forecast
    from ..evidence.ledger import Ledger, Occasion


@styled
def curve(forecast: "Forecast", width: int = WIDE) -> Figure:
    """The probability of a meeting by each day up to the deadline, with its spread, and the occasions below it."""
    rows, end = forecast.curve, forecast.curve[-1]
    places = _between(forecast.occasions, rows[0]["date"], end["date"])
    figure, axes = panel(
        f"By {day(forecast.deadline)} a meeting is {forecast.likelihood_word}: {percent(forecast.probability)}",
        220,
        width,
        f"Probability that they have met by each day, as seen on {day(forecast.as_of)}; the band holds "
        f"{forecast.interval['mass']:.0%} of the posterior draws",
        left=40,
        right=76,
        bottom=30 + 19 * len(places),
    )
    x = ordinals(rows, "date")
    course(axes, x, rows)
    axes.plot(x[-1], end["probability"], "o", color=UP, markersize=6, clip_on=False, zorder=4)
    share_axis(axes)
    time_axis(axes, date.fromordinal(x[0]), date.fromordinal(x[-1]))
    values = (end["lower"], end["probability"], end["upper"])
    styles = (QUIET, {"color": UP, "size": TITLE, **BOLD}, QUIET)
    for value, level, style in zip(values, spread_out(values, 0.075, 0, 1), styles, strict=True):
        label(axes, 1, level, percent(value), 10, xycoords="axes fraction", **style)
    _lane(axes, places, width)
    return figure


def _between(occasions: Sequence[dict[str, Any]], first: str, last: str) -> list[dict[str, Any]]:
    """The occasions that start between two ISO days, both included."""
    return [row for row in occasions if row["start_date"] and first <= row["start_date"] <= last]


def _lane(axes: Axes, places: Sequence[dict[str, Any]], width: int) -> None:
    """Below the time axis one line an occasion: a mark on its day, its name on the side with more room."""
    box, (first, last) = axes.get_window_extent(), axes.get_xlim()
    for index, row in enumerate(places):
        x, y = date.fromisoformat(row["start_date"]).toordinal(), -(38 + 19 * index) / 220
        share = (x - first) / (last - first)
        right = share <= 0.5
        room = box.width * max(share, 1 - share) + (width - box.x1 if right else box.x0) - 16
        told = row["status"] if row["both"] is None else f"both come: {percent(row['both'])}"
        name = f"{row['name']}, {told}" if width > NARROW else row["name"]
        axes.plot(x, y, "D", color=MUTED, markersize=4.5, clip_on=False)
        over = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        side = {"dx": 9, "ha": "left"} if right else {"dx": -9, "ha": "right"}
        label(axes, x, y, fitted(name, room, SMALL), **side, bbox=over, **QUIET)


@styled
def shares(forecast: "Forecast", names: Mapping[str, str], width: int = WIDE) -> Figure:
    """Where the first meeting would be: one bar an occasion, inside the chance that both leaders are there.

    `names` are the leaders by the code of their side.
    """
    rows, step = ahead(forecast), 42
    top = max(rows, key=lambda row: row["probability_first"])
    longest = max(max(row["both"] or 0, row["probability_first"]) for row in rows) or 1
    figure, axes = panel(
        f"{upper_first(top['name'])} carries {100 * top['probability_first']:.0f} of the "
        f"{100 * forecast.probability:.0f} points",
        step * len(rows),
        width,
        "Filled: chance that the first meeting is there; open: that both leaders are there; on the right: each",
    )
    bare(axes)
    for index, row in enumerate(rows):
        y = step * index + 26
        come = [f"{name} {cell(chance)}" for name, chance in who_comes(row, names) if chance is not None]
        told = ", ".join(come) or ("no date yet" if row["kind"] == "unknown" else row["status"])
        row_head(axes, y - 17, row["name"], fitted(told, width / 2, SMALL), **QUIET)
        scale = (width - 130) / longest
        first, both = row["probability_first"] * scale, (row["both"] or 0) * scale
        axes.barh(y, both, 12, color="none", edgecolor=MUTED, linewidth=0.8)
        color = BAND if row["kind"] == "unknown" else UP
        axes.barh(y, max(first, 1), 12, color=color, edgecolor=UP, linewidth=0.8)
        end, chance = max(first, both, 1) + 8, percent(row["probability_first"])
        label(axes, end, y, chance, size=TEXT, **BOLD)
        if row["both"] is not None:
            label(axes, end, y, f"({percent(row['both'])})", text_width(chance, bold=True) + 7, **QUIET)
    return figure


@styled
def contributions(forecast: "Forecast", width: int = WIDE, number: int = 8) -> Figure:
    """From the forecast without signals to the forecast: the largest contributions named, the others in one step."""
    steps = _steps(forecast, number)
    levels = np.cumsum([forecast.no_signals_probability, *(delta for _, delta, _ in steps)])
    texts = [two_lines(text, width) for text, _, _ in steps]
    moved = forecast.probability - forecast.no_signals_probability
    figure, axes = panel(
        f"What was said moves the forecast by {points(moved)} points, from "
        f"{percent(forecast.no_signals_probability)} to {percent(forecast.probability)}",
        52 + sum(20 + 15 * len(lines) for lines in texts),
        width,
        "Filled bars: weight learned from the record; open bars: weight is a stated belief. In percentage points.",
    )
    bare(axes)
    places = 60 + (levels - levels.min()) * (width - 124) / max(np.ptp(levels), 0.02)
    _total(axes, places[0], 9, f"Nothing said {percent(forecast.no_signals_probability)}")
    y = 24
    for lines, (_, delta, basis), start, stop in zip(texts, steps, places, places[1:]):
        for line in lines:
            label(axes, 0, y + 8, line)
            y += 15
        _change(axes, y + 9, start, stop, delta, filled=basis == "record")
        y += 20
    _total(axes, places[-1], y + 17, f"Forecast {percent(forecast.probability)}")
    return figure


def _steps(forecast: "Forecast", number: int) -> list[tuple[str, float, str]]:
    """Text, change and basis of the largest contributions; the others as one."""
    named, rest = ranked(forecast, number)
    steps = []
    for row in named:
        text = f"{short_day(row['date'])} · {row['text']}" if row["date"] else upper_first(row["text"])
        steps.append((text, row["delta"], row["basis"]))
    if rest:
        together = sum(row["delta"] for row in rest)
        steps.append((f"{count(len(rest), 'smaller one')} together", together, "record"))
    return steps


def _change(axes: Axes, y: float, start: float, stop: float, delta: float, filled: bool) -> None:
    """A bar from start to stop with its change beside it."""
    up, color = delta >= 0, UP if delta >= 0 else DOWN
    fill = color if filled else "none"
    axes.barh(y, stop - start, 10, left=start, linewidth=1.1, edgecolor=color, color=fill)
    axes.plot([stop, stop], [y - 8, y + 8], color=MUTED, linewidth=0.8)
    if up:
        label(axes, max(start, stop) + 7, y, points(delta), color=color, **BOLD)
    else:
        label(axes, min(start, stop) - 7, y, points(delta), ha="right", color=color, **BOLD)


def _total(axes: Axes, x: float, y: float, text: str) -> None:
    """An upright mark with its text on the side with more room."""
    side = {"dx": -8, "ha": "right"} if x > axes.get_xlim()[1] / 2 else {"dx": 8, "ha": "left"}
    axes.plot([x, x], [y - 8, y + 8], color=INK, linewidth=3)
    label(axes, x, y, text, **side, size=TEXT, **BOLD)


@styled
def timeline(ledger: "Ledger", as_of: date, width: int = WIDE, weeks: int = 26) -> Figure:
    """The signals of the last weeks by day and kind: direction, strength, and whether the article states them."""
    first, step = as_of - timedelta(weeks=weeks), 38
    rows = [signal for signal in ledger.signals if signal.public_date > first]
    balance: Counter[str] = Counter()
    for signal in rows:
        balance[signal.kind] += signal.strength
    kinds = sorted(balance, key=lambda kind: (-balance[kind], kind))
    figure, axes = panel(
        recent_signals(ledger, as_of, weeks),
        step * max(len(kinds), 1),
        width,
        "Triangles point up or down, larger ones are stronger; filled ones stand in the article below",
        left=8,
        right=8,
        bottom=24,
    )
    rows_down(axes)
    time_axis(axes, first, as_of)
    for index, kind in enumerate(kinds):
        axes.axhline(step * index + 26, color=RULE, linewidth=0.8, zorder=1)
        label(axes, 0, step * index + 8, kind.replace("_", " "), xycoords=ROW, **QUIET)
    for signal in rows:
        color = UP if signal.strength > 0 else DOWN
        axes.scatter(
            signal.public_date.toordinal(),
            step * kinds.index(signal.kind) + 26,
            marker="^" if signal.strength > 0 else "v",
            s=16 + 26 * abs(signal.strength),
            facecolors=color if signal.in_article else "white",
            edgecolors=color,
            linewidths=1.2,
            zorder=3,
            clip_on=False,
        )
    return figure


@styled
def searched(ledger: "Ledger", width: int = WIDE) -> Figure:
    """The signals of each year by the search that found them."""
    found = Counter((signal.public_date.year, signal.search) for signal in ledger.signals)
    years = range(min(year for year, _ in found), max(year for year, _ in found) + 1) if found else range(1)
    figure, axes = panel(
        searches_title(ledger),
        170,
        width,
        "Signals by the year in which they became public",
        left=34,
        right=4,
        bottom=24,
    )
    base = np.zeros(len(years))
    parts = {
        "first": (BAND, "as the ledger grew"),
        "even": (UP, "even search"),
        "losses": (DOWN, "search among losses"),
    }
    for index, (search, (color, text)) in enumerate(parts.items()):
        values = np.array([found[year, search] for year in years])
        axes.bar(years, values, 0.8, bottom=base, color=color, linewidth=0)
        base += values
        y = 0.95 - 0.11 * index
        axes.scatter(0.03, y, marker="s", s=60, color=color, transform=axes.transAxes)
        label(axes, 0.03, y, text, 9, xycoords="axes fraction")
    axes.set(xlim=(years[0] - 0.6, years[-1] + 0.6), ylim=(0, max(*base, 1)))
    axes.set_yticks(range(0, int(max(base)), 20))
    axes.grid(axis="y")
    axes.set_xticks([year for year in years if year % (5 if width > NARROW else 10) == 0])
    return figure


@styled
def calendar(forecast: "Forecast", occasions: Iterable["Occasion"], width: int = WIDE) -> Figure:
    """The occasions ahead on a time axis, each with its days and its status as known."""
    first, last = date.fromisoformat(forecast.as_of), date.fromisoformat(forecast.deadline)
    end_dates = {occasion.occasion_id: occasion.end_date for occasion in occasions}
    rows, step = [row for row in forecast.occasions if row["start_date"]], 40
    starts = [date.fromisoformat(row["start_date"]) for row in rows]
    ends = [end_dates.get(row["id"]) or start for row, start in zip(rows, starts, strict=True)]
    announced = sum(row["status"] == "announced" for row in rows)
    figure, axes = panel(
        f"{count(len(rows), 'dated occasion')} ahead; a meeting is announced for {announced or 'none'}",
        step * max(len(rows), 1),
        width,
        f"Days and status as known on {day(forecast.as_of)}, up to the deadline",
        left=8,
        right=8,
        bottom=24,
    )
    rows_down(axes)
    time_axis(axes, first, max([last, *ends]))
    for index, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        y = step * index + 28
        color = UP if row["status"] in ("announced", "planned", "agreed") else MUTED
        told = f"{span(start, end, short_day)}, {row['status']}"
        row_head(axes, y - 19, row["name"], told, color=color)
        axes.axhline(y, color=RULE, linewidth=0.8, zorder=1)
        days = [max(start, first).toordinal() - 0.5, end.toordinal() + 0.5]
        axes.plot(days, [y, y], linewidth=9, color=color, zorder=3)
    if last.toordinal() < axes.get_xlim()[1]:
        axes.axvline(last.toordinal(), color=DOWN, linewidth=1.2, linestyle=(0, (4, 2)))
    return figure


@styled
def record(forecast: "Forecast", occasions: Iterable["Occasion"], width: int = WIDE) -> Figure:
    """Every meeting by year; the years that stood like this one on the day stand out, and what followed in them."""
    as_of, deadline, matched = (
        day(forecast.as_of, year=False),
        day(forecast.deadline),
        forecast.matched_record,
    )
    this_year, step = int(forecast.as_of[:4]), 15
    shift, reach = (_day_of(forecast.as_of, this_year), _day_of(forecast.deadline, this_year))
    years, last = range(matched.get("since", 1993), this_year + 1), max(365, reach) + 1
    met = sorted({str(occasion.met_date) for occasion in occasions if occasion.met})
    places = {year: [x for x in (_day_of(when, year) for when in met) if 0 <= x < last] for year in years}
    stood = {year: any(x <= shift for x in places[year]) for year in years}
    title = f"{matched['hits']} of {matched['years']} years that stood like {this_year} brought a meeting in the same stretch"
    figure, axes = panel(
        title if matched["years"] else f"No earlier year stood like {this_year}",
        step * len(years),
        width,
        f"Each dot is a meeting; shaded are {as_of} to {deadline} and the same days of other years. "
        f"Bold: {'' if stood[this_year] else 'not '}met by {as_of}, as in {this_year}.",
        left=44,
        right=8,
        bottom=24,
    )
    rows_down(axes, 0, last)
    axes.axvspan(shift + 1, reach + 1, color=WASH, zorder=0, linewidth=0)
    every = (1 if width > NARROW else 3) * (1 + last // 400)
    months = [date(this_year + n // 12, n % 12 + 1, 1) for n in range(0, 12 * (1 + last // 365), every)]
    ticks = {x: f"{month:%b}" for month in months if (x := _day_of(str(month), this_year)) < last - 14}
    axes.set_xticks(list(ticks), list(ticks.values()), ha="left")
    for index, year in enumerate(years):
        y, alike = step * (index + 0.5), stood[year] == stood[this_year]
        row_name(axes, y, str(year), alike)
        axes.axhline(y, color=RULE, linewidth=0.5, zorder=1)
        style = {"color": UP} if alike else {"color": "white", "markeredgecolor": MUTED}
        axes.plot(places[year], [y] * len(places[year]), "o", markersize=6, zorder=3, **style)
    return figure


def _day_of(when: str, year: int) -> int:
    """The days from the first of January of a year to an ISO day."""
    return (date.fromisoformat(when) - date(year, 1, 1)).days


@styled
def ladder(forecast: "Forecast", width: int = WIDE) -> Figure:
    """The forecast on the scale of likelihood words, with what the calendar alone says and what it was a week ago."""
    height, x = 300, 170
    figure, axes = panel(
        f"{percent(forecast.probability)} is “{forecast.likelihood_word}” on the scale of ICD 203",
        height,
        width,
        "The words for probabilities of the US intelligence community. "
        f"Bar: {forecast.interval['mass']:.0%} of the posterior draws",
        bottom=6,
    )
    bare(axes)
    edges = [0, *(min(high, 1) for high, _ in ICD_203)]
    for (_, word), low, high in zip(ICD_203, edges, edges[1:]):
        here, bottom, top = word == forecast.likelihood_word, height * (1 - low), height * (1 - high)
        axes.barh((bottom + top) / 2, width, bottom - top, color=WASH if here else "none")
        axes.axhline(bottom, color=RULE, linewidth=0.8)
        label(axes, 0, (bottom + top) / 2, word, **({"color": INK, **BOLD} if here else QUIET))
        label(axes, width, bottom - 1, f"{low:.0%}", va="bottom", ha="right", size=9, **QUIET)
    bar = [height * (1 - forecast.interval[end]) for end in ("lower", "upper")]
    axes.plot([x, x], bar, color=BAND, linewidth=9)
    _ladder_marks(axes, forecast, x, height)
    return figure


def _ladder_marks(axes: Axes, forecast: "Forecast", x: float, height: float) -> None:
    """The forecast, what the calendar alone says and what was said a week ago, their names kept apart."""
    own = {"color": UP, **BOLD}
    named = {
        "forecast": forecast.probability,
        "nothing said": forecast.no_signals_probability,
        "a week ago": forecast.a_week_ago,
    }
    marks = {name: height * (1 - value) for name, value in named.items() if value is not None}
    for (name, place), y in zip(marks.items(), spread_out(list(marks.values()), 17, 8, height - 8)):
        style = own if name == "forecast" else QUIET
        size = {"markersize": 9, "zorder": 4} if style is own else {"markersize": 6, "zorder": 3}
        axes.plot(x, place, "o", color=style["color"], markeredgecolor="white", **size)
        axes.plot([x + 7, x + 24], [place, y], color=RULE, linewidth=0.8)
        label(axes, x + 28, y, f"{name} {percent(named[name])}", size=TEXT, **style)


@styled
def quiet(path: Sequence[dict[str, Any]], forecast: "Forecast", width: int = WIDE) -> Figure:
    """The forecast on later days, had nothing more been heard and no meeting taken place."""
    places = _between(forecast.occasions, path[0]["date"], path[-1]["date"])
    figure, axes = panel(
        unheard(path),
        200,
        width,
        "Probability of a meeting in what then remains, had nothing more been heard and no meeting taken place",
        left=40,
        right=20,
        bottom=30 + 19 * len(places),
    )
    x, values = ordinals(path, "date"), [row["probability"] for row in path]
    axes.plot(x, values, color=UP, linewidth=2.2)
    axes.plot(x[0], values[0], "o", color=UP, markersize=6, clip_on=False, zorder=4)
    above = 9 if values[0] < 0.85 else -16
    now = {"va": "baseline", "size": TEXT, "color": UP, **BOLD}
    label(axes, x[0], values[0], f"{percent(values[0])} now", 8, above, **now)
    share_axis(axes)
    time_axis(axes, date.fromordinal(x[0]), date.fromordinal(x[-1]))
    _lane(axes, places, width)
    return figure
