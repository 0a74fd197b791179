"""Figures of the track record: scores, losses by year, calibration, single years, the replay, the placebo."""

import string
from collections.abc import Iterable
from datetime import date

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..formatting import listed, percent, short_day
from ..track_record import study
from ..track_record.published import BRIER, CLIMATOLOGY, TrackRecord
from ..track_record.structures import FULL
from . import drawing as draw
from .drawing import BAND, BOLD, DOWN, INK, MUTED, PAPER, QUARTERS, QUIET, UP, WIDTH, WORDS
from .structure_figures import intervals
from .words import record as words


def scores(record: TrackRecord) -> Figure:
    """The primary score of every model with its interval, best first."""
    rows = [row for row in record.scores if row["score"] == BRIER]
    return intervals(
        words.scores_title(record),
        WORDS.scores(),
        [(row["model"], row["value"], row["lower"], row["upper"]) for row in rows],
        write="{:.3f}".format,
        bold=FULL.name,
    )


@draw.styled
def by_year(record: TrackRecord) -> Figure:
    """The loss of each year, beside that of the share of earlier years."""
    losses = {(row["model"], row["year"]): row["brier"] for row in record.by_year}
    years = sorted({row["year"] for row in record.by_year})
    own, other = ([losses[name, year] for year in years] for name in (FULL.name, CLIMATOLOGY))
    bad = [loss >= sorted(own)[-record.worst()] for loss in own]
    figure, axes = draw.named_rows(
        words.by_year_title(record),
        WORDS.by_year(),
        [str(year) for year in years],
        [str(year) for year, worst in zip(years, bad, strict=True) if worst],
    )
    colors = [UP if worst else BAND for worst in bad]
    axes.barh(range(len(years)), own, 0.55, color=colors, edgecolor=UP, linewidth=0.8)
    axes.plot(other, range(len(years)), "o", color=PAPER, markeredgecolor=MUTED, markersize=5.5)
    axes.set_xlim(0, max(own + other) * 1.04)
    axes.set_xticks([0, 0.1, 0.2, 0.3])
    axes.grid(axis="x")
    return figure


@draw.styled
def reliability(record: TrackRecord) -> Figure:
    """What happened against what was said, with the band in which a calibrated forecaster would stay."""
    rows, side = record.reliability, WIDTH - 64
    p, seen, low, high, number = (
        np.array([row[name] for row in rows])
        for name in ("probability", "observed", "lower", "upper", "forecasts")
    )
    title = words.reliability_title(record)
    figure, axes = draw.panel(title, WORDS.reliability(), side, (44, 20, 92))
    axes.fill_between(p, low, high, color=BAND, linewidth=0)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(p, seen, color=UP, linewidth=2.2)
    draw.share_axis(axes)
    axes.set_xlim(0, 1)
    axes.set_xticks(QUARTERS, [f"{tick:.0%}" for tick in QUARTERS])
    axes.grid(axis="x")
    draw.label(axes, 0.04, 0.94, "met more often than said", **QUIET)
    draw.label(axes, 0.96, 0.05, "met less often than said", ha="right", **QUIET)
    height = 72 * figure.get_figheight()
    below = figure.add_axes((44 / WIDTH, 4 / height, side / WIDTH, 60 / height), sharex=axes)
    below.bar(p, np.sqrt(number), (p[1] - p[0]) * 0.8, color=MUTED)
    below.axis("off")
    text = {"ha": "center", "xycoords": "axes fraction"} | QUIET
    draw.label(below, 0.5, 0.9, "number of forecasts (square-root scale)", **text)
    return figure


@draw.styled
def paths(record: TrackRecord) -> Figure:
    """The forecast of well-known years, week by week, for a meeting by 31 December; meetings as marks."""
    years = record.paths_by_year()
    inner, body, step = WIDTH / 2 - 44, 96, 140
    lines = -(-len(years) // 2)
    figure, _ = draw.bare_panel(words.paths_title(record), WORDS.paths(), step * lines)
    height = figure.get_figheight() * 72
    for index, (year, rows) in enumerate(years.items()):
        line, column = divmod(index, 2)
        left, bottom = 40 + column * (inner + 44), 24 + (lines - line - 1) * step
        _path(figure.add_axes((left / WIDTH, bottom / height, inner / WIDTH, body / height)), year, rows)
    return figure


def _path(axes: Axes, year: int, rows: list[dict]) -> None:
    """The forecasts of one year with its meetings, whose places the heading names as far as there is room."""
    draw.course(axes, draw.ordinals(rows, "as_of"), rows)
    draw.share_axis(axes, ticks=(0, 0.5, 1))
    draw.time_axis(axes, date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal())
    met = sorted({(row["met_date"], row["place"]) for row in rows if row["met_date"]})
    days = [date.fromisoformat(when).toordinal() for when, _ in met]
    axes.plot(days, [1.02] * len(days), "D", color=INK, markersize=5, clip_on=False, zorder=4)
    told = f"{year}: {', '.join(f'{short_day(when)} {place}' for when, place in met) or 'no meeting'}"
    if draw.text_width(told, draw.SMALL, bold=True) > WIDTH / 2 - 14:
        told = f"{year}: {listed([short_day(when) for when, _ in met])}"
    draw.label(axes, 0, 1, told, -32, 13, ha="left", xycoords="axes fraction", **BOLD)


@draw.styled
def replay(record: TrackRecord) -> Figure:
    """The weekly forecasts of 2025, the events that moved them, the forecasts of others, and the outcome."""
    rows, others, met = record.replay, record.references, study.MEETING.toordinal()
    moves = [row for row in record.largest_moves() if row["id"]]
    key = _key(moves, others)
    margins = (40, 14, 34 + sum(15 * len(lines) + 3 for lines in key.values()))
    figure, axes = draw.panel(words.replay_title(record), WORDS.replay(), 280, margins)
    x = draw.ordinals(rows, "as_of")
    draw.course(axes, x, rows)
    draw.share_axis(axes, 0.5, 1.1, (0.5, 0.6, 0.7, 0.8, 0.9, 1))
    draw.time_axis(axes, x[0], date(2025, 11, 3).toordinal())
    axes.plot([met, met], [0.5, 1], color=INK, linewidth=1, linestyle=(0, (2, 2)))
    axes.plot(met, 1, "D", color=INK, markersize=8, clip_on=False, zorder=5)
    values, colors = [row["probability"] for row in moves], [UP if row["move"] > 0 else DOWN for row in moves]
    _named_marks(axes, 1.07, "o", zip(key, draw.ordinals(moves, "as_of"), values, colors))
    theirs, days = [row["theirs"] for row in others], draw.ordinals(others, "date")
    _named_marks(axes, 0.525, "s", zip(string.ascii_lowercase, days, theirs, [INK] * len(days)))
    y = -38.0
    for name, lines in key.items():
        draw.label(axes, -30, y, name, ha="center", xycoords="axes points", **BOLD)
        for line in lines:
            draw.label(axes, -14, y, line, xycoords="axes points")
            y -= 15
        y -= 3
    return figure


def _key(moves: list[dict], others: list[dict]) -> dict[str, list[str]]:
    """What each mark of the replay stands for, in lines: numbers are events, letters forecasts of others."""
    key = {str(number): f"{short_day(row['date'])} · {row['text']}" for number, row in enumerate(moves, 1)}
    for letter, row in zip(string.ascii_lowercase, others):
        until, source = short_day(row["deadline"]), row["forecaster"]
        key[letter] = f"{short_day(row['date'])} · {percent(row['theirs'])} by {until}: {source}"
    key["◆"] = f"{short_day(study.MEETING)} · they meet"
    return {name: draw.two_lines(text.rstrip("."), WIDTH - 26) for name, text in key.items()}


def _named_marks(axes: Axes, level: float, shape: str, marks: Iterable[tuple[str, int, float, str]]) -> None:
    """Marks (name, day, value, colour) of a shape, each tied by a thin line to its name at a level."""
    marks, (first, last) = list(marks), axes.get_xlim()
    gap = 13 * (last - first) / axes.get_window_extent().width
    places = draw.spread_out([day for _, day, _, _ in marks], gap, first, last)
    for (name, day, value, color), place in zip(marks, places, strict=True):
        fill, edge = (color, PAPER) if shape == "o" else (PAPER, color)
        axes.plot([day, place], [value, level], color=color, linewidth=0.6, zorder=3)
        axes.plot(day, value, shape, color=fill, markeredgecolor=edge, markersize=6, zorder=4)
        over = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
        draw.label(axes, place, level, name, ha="center", color=color, bbox=over, zorder=5, **BOLD)


@draw.styled
def placebo(record: TrackRecord) -> Figure:
    """The log score of each placebo ledger as a stroke, below those with the true tone and with none."""
    own, none, shuffles = (record.placebo_scores(kind) for kind in ("own", "none", "shuffled"))
    lanes = {"true tone": (own, UP), "no tone": (none, DOWN), "tone of other years": (shuffles, MUTED)}
    step = 56
    title, note = words.placebo_title(record), WORDS.placebo(len(shuffles))
    figure, axes = draw.panel(title, note, step * len(lanes), (15, 15, 24))
    draw.rows_down(axes)
    for index, (name, (values, color)) in enumerate(lanes.items()):
        y, mean = step * index + 36, float(np.mean(values))
        axes.eventplot(values, lineoffsets=y, linelengths=20, linewidths=1.2, colors=color)
        axes.plot(mean, y, "D", color=INK, markeredgecolor=PAPER, markersize=7)
        draw.label(axes, 0, y - 22, f"{name} {mean:.4f}", xycoords=draw.ROW, color=color, **BOLD)
    axes.margins(x=0.04)
    draw.inner_ticks(axes, 4)
    return figure
