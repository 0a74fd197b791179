"""Figures of the evidence and the forecast; `show.figure` puts what each function returns into a page."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..answer.facts import ahead, ranked, recent, who_comes
from ..answer.forecast import ICD_203, Forecast
from ..evidence.ledger import Ledger, Occasion
from ..formatting import percent, points, short_day, span, upper_first
from . import drawing as draw
from . import words
from .drawing import BAND, BOLD, DOWN, INK, MUTED, PAPER, QUIET, RULE, UP, WASH, WIDTH, WORDS
from .tables import chance as chance_text


@draw.styled
def curve(forecast: Forecast) -> Figure:
    """The probability of a meeting by each day up to the deadline, with its spread and the occasions."""
    rows, end = forecast.curve, forecast.curve[-1]
    places = _between(forecast.occasions, rows[0]["date"], end["date"])
    margins = (40, 60, 30 + 19 * len(places))
    figure, axes = draw.panel(WORDS.curve_title(forecast), WORDS.curve(forecast), 220, margins)
    x = draw.ordinals(rows, "date")
    draw.course(axes, x, rows)
    axes.plot(x[-1], end["probability"], "o", color=UP, markersize=6, clip_on=False, zorder=4)
    draw.share_axis(axes)
    draw.time_axis(axes, x[0], x[-1])
    values = (end["lower"], end["probability"], end["upper"])
    styles = (QUIET, {"color": UP, "size": draw.TITLE, **BOLD}, QUIET)
    for value, level, style in zip(values, draw.spread_out(values, 0.075, 0, 1), styles, strict=True):
        draw.label(axes, 1, level, percent(value), 10, xycoords="axes fraction", **style)
    _lane(axes, places)
    return figure


def _between(occasions: Sequence[dict[str, Any]], first: str, last: str) -> list[dict[str, Any]]:
    """The occasions that start between two ISO days, both included."""
    return [row for row in occasions if row["start_date"] and first <= row["start_date"] <= last]


def _lane(axes: Axes, places: Sequence[dict[str, Any]]) -> None:
    """Below the time axis one line an occasion: a mark on its day, its name on the side with more room."""
    box, (first, last) = axes.get_window_extent(), axes.get_xlim()
    for index, row in enumerate(places):
        x, y = date.fromisoformat(row["start_date"]).toordinal(), -(38 + 19 * index) / box.height
        share = (x - first) / (last - first)
        room = box.x0 + share * box.width if share > 0.5 else WIDTH - box.x0 - share * box.width
        told = row["status"] if row["both"] is None else f"both come: {percent(row['both'])}"
        axes.plot(x, y, "D", color=MUTED, markersize=4.5, clip_on=False)
        name = f"{row['name']}, {told}"
        if draw.text_width(name, draw.SMALL) > room - 16:
            name = draw.fitted(row["name"], room - 16, draw.SMALL)
        draw.label(axes, x, y, name, -9 if share > 0.5 else 9, **QUIET)


@draw.styled
def shares(forecast: Forecast, names: Mapping[str, str]) -> Figure:
    """Where the first meeting would be: one bar an occasion, inside the chance that both leaders are there.

    `names` are the leaders by the code of their side.
    """
    rows, step = ahead(forecast), 42
    top = max(rows, key=lambda row: row["probability_first"])
    longest = max(max(row["both"] or 0, row["probability_first"]) for row in rows) or 1
    figure, axes = draw.bare_panel(WORDS.shares_title(forecast, top), WORDS.shares(), step * len(rows))
    for index, row in enumerate(rows):
        y, unknown = step * index + 26, row["kind"] == "unknown"
        come = [
            f"{name} {chance_text(chance)}" for name, chance in who_comes(row, names) if chance is not None
        ]
        told = ", ".join(come) or ("no date yet" if unknown else row["status"])
        draw.row_head(axes, y - 17, row["name"], draw.fitted(told, WIDTH / 2, draw.SMALL), **QUIET)
        scale = (WIDTH - 130) / longest
        first, both = row["probability_first"] * scale, (row["both"] or 0) * scale
        axes.barh(y, both, 12, color="none", edgecolor=MUTED, linewidth=0.8)
        axes.barh(y, max(first, 1), 12, color=BAND if unknown else UP, edgecolor=UP, linewidth=0.8)
        end, chance = max(first, both, 1) + 8, percent(row["probability_first"])
        draw.label(axes, end, y, chance, size=draw.TEXT, **BOLD)
        if row["both"] is not None:
            beside = draw.text_width(chance, bold=True) + 7
            draw.label(axes, end, y, f"({percent(row['both'])})", beside, **QUIET)
    return figure


@draw.styled
def contributions(forecast: Forecast, number: int = 8) -> Figure:
    """From the forecast without signals to the forecast: the largest contributions, the others as one."""
    steps, without = _steps(forecast, number), forecast.no_signals_probability
    levels = np.cumsum([without, *(delta for _, delta, _ in steps)])
    texts = [draw.two_lines(text, WIDTH) for text, _, _ in steps]
    height = 52 + sum(20 + 15 * len(lines) for lines in texts)
    figure, axes = draw.bare_panel(WORDS.contributions_title(forecast), WORDS.contributions(), height)
    places = 60 + (levels - levels.min()) * (WIDTH - 124) / max(np.ptp(levels), 0.02)
    _total(axes, places[0], 9, f"Nothing said {percent(without)}")
    y = 24
    for lines, (_, delta, basis), start, stop in zip(texts, steps, places, places[1:]):
        for line in lines:
            draw.label(axes, 0, y + 8, line)
            y += 15
        draw.change_bar(axes, y + 9, start, stop, points(delta), filled=basis == "record")
        y += 20
    _total(axes, places[-1], y + 17, f"Forecast {percent(forecast.probability)}")
    return figure


def _steps(forecast: Forecast, number: int) -> list[tuple[str, float, str]]:
    """Text, change and basis of the largest contributions; the others as one."""
    named, rest = ranked(forecast, number)
    steps = []
    for row in named:
        text = f"{short_day(row['date'])} · {row['text']}" if row["date"] else upper_first(row["text"])
        steps.append((text, row["delta"], row["basis"]))
    if rest:
        together = sum(row["delta"] for row in rest)
        steps.append((WORDS.smaller(rest), together, "record"))
    return steps


def _total(axes: Axes, x: float, y: float, text: str) -> None:
    """An upright mark with its text on the side with more room."""
    axes.plot([x, x], [y - 8, y + 8], color=INK, linewidth=3)
    draw.label(axes, x, y, text, -8 if x > WIDTH / 2 else 8, size=draw.TEXT, **BOLD)


@draw.styled
def timeline(ledger: Ledger, as_of: date, weeks: int = 26) -> Figure:
    """The signals of the last weeks by day and kind: direction, strength, and if the article has them."""
    first, step = as_of - timedelta(weeks=weeks), 38
    rows = recent(ledger, as_of, weeks)
    balance: Counter[str] = Counter()
    for signal in rows:
        balance[signal.kind] += signal.strength
    kinds = sorted(balance, key=lambda kind: (-balance[kind], kind))
    height = step * max(len(kinds), 1)
    figure, axes = draw.panel(
        words.evidence.recent_signals(ledger, as_of, weeks),
        WORDS.timeline(any(signal.in_article for signal in rows)),
        height,
        (8, 8, 24),
    )
    draw.rows_down(axes)
    draw.time_axis(axes, first.toordinal(), as_of.toordinal())
    for index, kind in enumerate(kinds):
        axes.axhline(step * index + 26, color=RULE, linewidth=0.8, zorder=1)
        draw.label(axes, 0, step * index + 8, kind.replace("_", " "), xycoords=draw.ROW, **QUIET)
    for signal in rows:
        x, y = signal.public_date.toordinal(), step * kinds.index(signal.kind) + 26
        mark, color = ("^", UP) if signal.strength > 0 else ("v", DOWN)
        fill, size = color if signal.in_article else PAPER, 16 + 26 * abs(signal.strength)
        axes.scatter(x, y, size, fill, marker=mark, edgecolors=color, linewidths=1.2, zorder=3, clip_on=False)
    return figure


@draw.styled
def searched(ledger: Ledger) -> Figure:
    """The signals of each year by the search that found them."""
    found = Counter((signal.public_date.year, signal.search) for signal in ledger.signals)
    years = range(min(year for year, _ in found), max(year for year, _ in found) + 1) if found else range(1)
    figure, axes = draw.panel(words.evidence.searches_title(ledger), WORDS.searched(), 170, (34, 4, 24))
    parts = {
        "as the ledger grew": ("first", BAND),
        "even search": ("even", UP),
        "search among losses": ("losses", DOWN),
    }
    base = np.zeros(len(years))
    for text, (search, color) in parts.items():
        values = np.array([found[year, search] for year in years])
        axes.bar(years, values, bottom=base, color=color, label=text)
        base += values
    axes.legend()
    axes.set_yticks(range(0, max(int(base.max()), 1), 20))
    axes.grid(axis="y")
    axes.set_xticks([year for year in years if year % 10 == 0])
    return figure


@draw.styled
def calendar(forecast: Forecast, occasions: Iterable[Occasion]) -> Figure:
    """The occasions ahead on a time axis, each with its days and its status as known."""
    first, last = date.fromisoformat(forecast.as_of), date.fromisoformat(forecast.deadline)
    end_dates = {occasion.occasion_id: occasion.end_date for occasion in occasions}
    rows, step = [row for row in forecast.occasions if row["start_date"]], 40
    starts = [date.fromisoformat(row["start_date"]) for row in rows]
    ends = [end_dates.get(row["id"]) or start for row, start in zip(rows, starts, strict=True)]
    announced = sum(row["status"] == "announced" for row in rows)
    title, note = WORDS.calendar_title(len(rows), announced), WORDS.calendar(forecast)
    figure, axes = draw.panel(title, note, step * max(len(rows), 1), (8, 8, 24))
    draw.rows_down(axes)
    draw.time_axis(axes, first.toordinal(), max([last, *ends]).toordinal())
    for index, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        y, told = step * index + 28, f"{span(start, end, short_day)}, {row['status']}"
        color = UP if row["status"] in ("announced", "planned", "agreed") else MUTED
        draw.row_head(axes, y - 19, row["name"], told, color=color)
        axes.axhline(y, color=RULE, linewidth=0.8, zorder=1)
        days = [max(start, first).toordinal() - 0.5, end.toordinal() + 0.5]
        axes.plot(days, [y, y], linewidth=9, color=color, zorder=3)
    if last.toordinal() < axes.get_xlim()[1]:
        axes.axvline(last.toordinal(), color=DOWN, linewidth=1.2, linestyle=(0, (4, 2)))
    return figure


@draw.styled
def record(forecast: Forecast, occasions: Iterable[Occasion]) -> Figure:
    """Every meeting by year; years like this one stand out, with what followed."""
    as_of, deadline = date.fromisoformat(forecast.as_of), date.fromisoformat(forecast.deadline)
    this_year, begin = as_of.year, date(as_of.year, 1, 1).toordinal()
    end = max(begin + 365, deadline.toordinal()) + 1
    days = {occasion.met_date for occasion in occasions if occasion.met}
    places = {}
    for year in range(forecast.matched_record.get("since", 1993), this_year + 1):
        moved = [begin + (met - date(year, 1, 1)).days for met in sorted(days)]
        places[year] = [x for x in moved if begin <= x < end]
    stood = {year: any(x <= as_of.toordinal() for x in met) for year, met in places.items()}
    alike = [str(year) for year in stood if stood[year] == stood[this_year]]
    figure, axes = draw.named_rows(
        WORDS.record_title(forecast.matched_record, this_year),
        WORDS.record(forecast, stood[this_year]),
        [str(year) for year in places],
        alike,
    )
    draw.time_axis(axes, begin, end)
    axes.axvspan(as_of.toordinal() + 1, deadline.toordinal() + 1, color=WASH, zorder=0, linewidth=0)
    for y, (year, met) in enumerate(places.items()):
        fill, edge = (UP, UP) if str(year) in alike else (PAPER, MUTED)
        axes.axhline(y, color=RULE, linewidth=0.5, zorder=1)
        axes.plot(met, [y] * len(met), "o", markersize=6, zorder=3, color=fill, markeredgecolor=edge)
    return figure


@draw.styled
def ladder(forecast: Forecast) -> Figure:
    """The forecast on the scale of likelihood words, with the calendar alone and the forecast a week ago."""
    height, x = 300, 170
    figure, axes = draw.bare_panel(WORDS.ladder_title(forecast), WORDS.ladder(forecast), height)
    edges = [0, *(min(high, 1) for high, _ in ICD_203)]
    for (_, word), low, high in zip(ICD_203, edges, edges[1:]):
        here, bottom, top = word == forecast.likelihood_word, height * (1 - low), height * (1 - high)
        axes.barh((bottom + top) / 2, WIDTH, bottom - top, color=WASH if here else "none")
        axes.axhline(bottom, color=RULE, linewidth=0.8)
        draw.label(axes, 0, (bottom + top) / 2, word, **(BOLD if here else QUIET))
        draw.label(axes, WIDTH, bottom - 1, f"{low:.0%}", va="bottom", ha="right", **QUIET)
    bar = [height * (1 - forecast.interval[end]) for end in ("lower", "upper")]
    axes.plot([x, x], bar, color=BAND, linewidth=9)
    named = {
        "forecast": forecast.probability,
        "nothing said": forecast.no_signals_probability,
        "a week ago": forecast.a_week_ago,
    }
    places = {name: height * (1 - value) for name, value in named.items() if value is not None}
    levels = draw.spread_out(list(places.values()), 17, 8, height - 8)
    for (name, place), y in zip(places.items(), levels, strict=True):
        style, size, order = ({"color": UP, **BOLD}, 9, 4) if name == "forecast" else (QUIET, 6, 3)
        axes.plot(x, place, "o", color=style["color"], markeredgecolor=PAPER, markersize=size, zorder=order)
        axes.plot([x + 7, x + 24], [place, y], color=RULE, linewidth=0.8)
        draw.label(axes, x + 28, y, f"{name} {percent(named[name])}", size=draw.TEXT, **style)
    return figure


@draw.styled
def quiet(path: Sequence[dict[str, Any]], forecast: Forecast) -> Figure:
    """The forecast on later days, had nothing more been heard and no meeting taken place."""
    places = _between(forecast.occasions, path[0]["date"], path[-1]["date"])
    figure, axes = draw.panel(
        words.forecast.unheard(path), WORDS.quiet(), 200, (40, 20, 30 + 19 * len(places))
    )
    x, values = draw.ordinals(path, "date"), [row["probability"] for row in path]
    axes.plot(x, values, color=UP, linewidth=2.2)
    axes.plot(x[0], values[0], "o", color=UP, markersize=6, clip_on=False, zorder=4)
    above = 12 if values[0] < 0.9 else -14
    draw.label(axes, x[0], values[0], f"{percent(values[0])} now", 8, above, color=UP, size=draw.TEXT, **BOLD)
    draw.share_axis(axes)
    draw.time_axis(axes, x[0], x[-1])
    _lane(axes, places)
    return figure
