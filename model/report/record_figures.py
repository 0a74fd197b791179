"""Figures of the track-record page: scores, losses by year, calibration, well-known years, the replay, the placebo."""

from datetime import date

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .. import formatting
from ..formatting import percent, short_day
from ..track_record.published import BRIER, CLIMATOLOGY, TrackRecord
from ..track_record.structures import FULL
from .figures import (
    BAND,
    DOWN,
    INK,
    MUTED,
    NARROW,
    SMALL,
    STYLE,
    UP,
    WIDE,
    fitted,
    panel,
    text_width,
    time_axis,
    wrapped,
)
from .record_words import words
from .structure_figures import intervals


def scores(record: TrackRecord, width: int = WIDE) -> Figure:
    """The primary score of every model with its interval, best first."""
    rows = [row for row in record.scores if row["score"] == BRIER]
    return intervals(
        words.scores_title(record),
        "Integrated Brier score of the curve over weeks 1 to 26; lower "
        "is better. Bar: 90% of resamples of whole years; upright line: the published model (full).",
        [(row["model"], row["value"], row["lower"], row["upper"]) for row in rows],
        width,
        write="{:.3f}".format,
        bold=FULL.name,
    )


def by_year(record: TrackRecord, width: int = WIDE) -> Figure:
    """The loss of each year, beside that of the share of earlier years."""
    value = {(row["year"], row["model"]): row["brier"] for row in record.by_year}
    years, height = sorted({year for year, _ in value}), 17
    worst = sorted(years, key=lambda year: -value[year, FULL.name])[:5]
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.by_year_title(record),
            height * len(years),
            width,
            "Integrated Brier score by year of the forecast. Bar: the model, dark in the five worst "
            "years; ring: share of earlier years (seasonal climatology).",
            left=44,
            right=10,
            bottom=24,
        )
        axes.set(
            xlim=(0, max(value[year, name] for year in years for name in (FULL.name, CLIMATOLOGY)) * 1.04),
            ylim=(height * len(years), 0),
        )
        axes.set_yticks([])
        axes.set_xticks([0, 0.1, 0.2, 0.3])
        axes.grid(axis="x")
        for index, year in enumerate(years):
            y, bad = height * (index + 0.5), year in worst
            axes.annotate(
                str(year),
                (0, y),
                (-8, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                va="center",
                size=SMALL,
                weight="bold" if bad else "normal",
                color=INK if bad else MUTED,
            )
            axes.barh(y, value[year, FULL.name], 9, color=UP if bad else BAND, edgecolor=UP, linewidth=0.8)
            axes.plot(
                value[year, CLIMATOLOGY],
                y,
                "o",
                color="white",
                markeredgecolor=MUTED,
                markersize=5.5,
                zorder=3,
            )
    return figure


def reliability(record: TrackRecord, width: int = WIDE) -> Figure:
    """What happened against what was said, with the band in which a calibrated forecaster would stay."""
    rows = record.reliability
    side = min(width - 60, 460)
    p, seen, low, high = (
        np.array([row[name] for row in rows]) for name in ("probability", "observed", "lower", "upper")
    )
    counts = np.array([row["forecasts"] for row in rows], dtype=float)
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.reliability_title(record),
            side,
            width,
            "Share of cases in which they met against the probability stated (CORP). Band: where 90% "
            "of calibrated forecasters would lie. Below: how many forecasts said so.",
            left=44,
            right=width - 44 - side,
            bottom=92,
        )
        axes.fill_between(p, low, high, color=BAND, linewidth=0)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.plot(p, seen, color=UP, linewidth=2.2, drawstyle="default")
        axes.set(xlim=(0, 1), ylim=(0, 1))
        ticks = [0, 0.25, 0.5, 0.75, 1]
        axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.grid()
        axes.annotate("met more often than said", (0.04, 0.95), size=SMALL, color=MUTED, va="top")
        axes.annotate("met less often than said", (0.96, 0.03), size=SMALL, color=MUTED, ha="right")
        inset = figure.add_axes(
            (44 / width, 18 / (72 * figure.get_figheight()), side / width, 46 / (72 * figure.get_figheight()))
        )
        inset.bar(p, counts**0.5, (p[1] - p[0]) * 0.8, color=MUTED)
        inset.set(xlim=(0, 1), ylim=(0, None))
        inset.axis("off")
        inset.annotate(
            "number of forecasts (square-root scale)",
            (0.5, 0.92),
            size=SMALL,
            color=MUTED,
            ha="center",
            va="top",
            xycoords="axes fraction",
        )
    return figure


def paths(record: TrackRecord, width: int = WIDE) -> Figure:
    """The forecast of well-known years, week by week, for a meeting by 31 December; meetings as marks."""
    years = record.paths_by_year()
    columns = 2 if width > NARROW else 1
    lines, cell, gap = -(-len(years) // columns), 96, 44
    inner = (width - 44 * columns) / columns
    with matplotlib.rc_context(STYLE):
        figure, frame = panel(
            words.paths_title(record),
            lines * (cell + gap),
            width,
            "Probability of a meeting between each day and 31 December, as seen on that day; after a "
            "meeting, of another one. Diamonds: meetings.",
            bottom=4,
        )
        frame.axis("off")
        height = figure.get_figheight() * 72
        for index, (year, rows) in enumerate(years.items()):
            line, column = divmod(index, columns)
            bottom = 4 + (lines - line - 1) * (cell + gap) + 20
            left = 40 + column * (inner + 44)
            axes = figure.add_axes((left / width, bottom / height, inner / width, cell / height))
            _path(axes, year, rows, inner)
    return figure


def _path(axes: Axes, year: int, rows: list[dict], width: float) -> None:
    x = [date.fromisoformat(row["as_of"]).toordinal() for row in rows]
    axes.fill_between(
        x, [row["lower"] for row in rows], [row["upper"] for row in rows], color=BAND, linewidth=0
    )
    axes.plot(x, [row["probability"] for row in rows], color=UP, linewidth=1.8)
    axes.set(ylim=(0, 1))
    axes.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    axes.grid(axis="y")
    time_axis(axes, date(year, 1, 1), date(year, 12, 31), width)
    met = {row["met_date"]: row["place"] for row in rows if row["met_date"]}
    for when in met:
        axes.plot(
            date.fromisoformat(when).toordinal(), 1.02, "D", color=INK, markersize=5, clip_on=False, zorder=4
        )
    told = (
        f"{year}: no meeting"
        if not met
        else f"{year}: " + ", ".join(f"{short_day(when)} {place}" for when, place in sorted(met.items()))
    )
    if text_width(told, SMALL, bold=True) > width + 30:
        told = f"{year}: met on {formatting.listed([short_day(when) for when in sorted(met)])}"
    axes.annotate(
        told,
        (0, 1),
        (-34, 13),
        xycoords="axes fraction",
        va="center",
        textcoords="offset points",
        size=SMALL,
        weight="bold",
    )


def replay(record: TrackRecord, width: int = WIDE) -> Figure:
    """The weekly forecasts of 2025 with the events that moved them, the forecasts of others, and the outcome."""
    rows, others = record.replay, record.references
    events = [row for row in record.largest_moves() if row["id"]]
    days = [date.fromisoformat(row["as_of"]) for row in rows]
    listed = [
        (str(i + 1), UP if row["move"] > 0 else DOWN, f"{short_day(row['date'])} · {row['text'].rstrip('.')}")
        for i, row in enumerate(events)
    ]
    listed += [
        (
            chr(97 + i),
            MUTED,
            f"{short_day(row['date'])} · {percent(row['theirs'])} by "
            f"{short_day(row['deadline'])}: {row['forecaster']}",
        )
        for i, row in enumerate(others)
    ]
    texts = [wrapped(text, width - 26, SMALL) for *_, text in listed]
    texts = [
        lines if len(lines) < 3 else [lines[0], fitted(f"{lines[1]} …", width - 26, SMALL)] for lines in texts
    ]
    low, body = 0.5, 280
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.replay_title(record),
            body,
            width,
            "Probability that they meet by 31 December "
            "2025, every Monday with what was public then and a fit through 2024; the scale begins "
            "at 50%. Squares: forecasts of others.",
            left=40,
            right=14,
            bottom=34 + sum(15 * len(lines) + 3 for lines in texts),
        )
        x = [when.toordinal() for when in days]
        axes.fill_between(
            x, [row["lower"] for row in rows], [row["upper"] for row in rows], color=BAND, linewidth=0
        )
        axes.plot(x, [row["probability"] for row in rows], color=UP, linewidth=2.2, solid_capstyle="butt")
        axes.set_ylim(low, 1.07)
        axes.set_yticks([0.5, 0.6, 0.7, 0.8, 0.9, 1], ["50%", "60%", "70%", "80%", "90%", "100%"])
        axes.grid(axis="y")
        time_axis(axes, days[0], date(2025, 11, 3), width - 54)
        met = date(2025, 10, 30).toordinal()
        axes.plot([met, met], [low, 1.0], color=INK, linewidth=1, linestyle=(0, (2, 2)))
        axes.plot(met, 1, "D", color=INK, markersize=8, clip_on=False, zorder=5)
        axes.annotate(
            "met 30 Oct",
            (met, low),
            (-5, 8),
            textcoords="offset points",
            ha="right",
            size=SMALL,
            color=INK,
            weight="bold",
        )
        _marks(axes, rows, events, others)
        y = 30.0
        for (mark, color, _), lines in zip(listed, texts, strict=True):
            for n, line in enumerate(lines):
                axes.annotate(
                    line,
                    (-14, -y - 15 * n - 8),
                    xycoords=("axes points"),
                    size=SMALL,
                    va="center",
                    annotation_clip=False,
                )
            axes.annotate(
                mark,
                (-30, -y - 8),
                xycoords="axes points",
                size=SMALL,
                weight="bold",
                color=color,
                va="center",
                ha="center",
                annotation_clip=False,
            )
            y += 15 * len(lines) + 3
    return figure


def _marks(axes: Axes, rows: list[dict], events: list[dict], others: list[dict]) -> None:
    """Numbers of the events and letters of the forecasts of others, each near its point where nothing else is."""

    def place(when: str, value: float) -> tuple[float, float]:
        return tuple(axes.transData.transform((date.fromisoformat(when).toordinal(), value)))

    line = np.array([place(row["as_of"], row["probability"]) for row in rows])
    steps = np.linspace(0, len(line) - 1, 8 * len(line))
    curve = np.column_stack([np.interp(steps, range(len(line)), line[:, i]) for i in (0, 1)])
    taken = [*curve, *(place(row["date"], row["theirs"]) for row in others)]
    taken += [place("2025-10-30", level / 100) for level in range(50, 101, 2)]
    box = axes.get_window_extent()
    shifts = sorted(
        ((x, y) for x in range(-60, 61, 6) for y in range(-84, 85, 6)),
        key=lambda xy: (abs(xy[0]) * 1.6 + abs(xy[1]), xy[1] > 0),
    )
    marks = [
        (str(i + 1), row["as_of"], row["probability"], UP if row["move"] > 0 else DOWN)
        for i, row in enumerate(events)
    ]
    marks += [(chr(97 + i), row["date"], row["theirs"], MUTED) for i, row in enumerate(others)]
    for mark, when, value, color in marks:
        x, y = place(when, value)
        free = next(
            (
                (a, b)
                for a, b in shifts
                if abs(a) + abs(b) >= 12
                and box.x0 + 8 < x + a < box.x1 - 4
                and box.y0 + 8 < y + b < box.y1 - 4
                and all(abs(x + a - u) >= 10 or abs(y + b - v) >= 12 for u, v in taken)
            ),
            (0, 14),
        )
        taken.append((x + free[0], y + free[1]))
        axes.annotate(
            mark,
            (date.fromisoformat(when).toordinal(), value),
            free,
            textcoords="offset points",
            ha="center",
            va="center",
            size=SMALL,
            weight="bold",
            color=color,
            annotation_clip=False,
            zorder=6,
        )
        if abs(free[0]) + abs(free[1]) > 20:
            ends = axes.transData.inverted().transform(
                [(x + u * free[0], y + u * free[1]) for u in (0.2, 0.65)]
            )
            axes.plot(*ends.T, color=color, linewidth=0.8, zorder=3)
    for row in events:
        axes.plot(
            date.fromisoformat(row["as_of"]).toordinal(),
            row["probability"],
            "o",
            markersize=5.5,
            color=UP if row["move"] > 0 else DOWN,
            markeredgecolor="white",
            zorder=4,
        )
    for row in others:
        axes.plot(
            date.fromisoformat(row["date"]).toordinal(),
            row["theirs"],
            "s",
            color="white",
            markeredgecolor=INK,
            markersize=6,
            zorder=5,
        )


def placebo(record: TrackRecord, width: int = WIDE) -> Figure:
    """The log score of each placebo ledger as a dot, below those with the true tone and with none."""
    own, none, shuffles = (record.placebo_scores(tone) for tone in ("own", "none", "shuffled"))
    every = [*own, *none, *shuffles]
    low, high, size = min(every), max(every), 9
    scale = (width - 46) / max(high - low, 1e-9)
    lanes = (
        ("true tone", own, {"color": UP}),
        ("no tone", none, {"color": "white", "markeredgecolor": INK}),
        ("tone of other years", shuffles, {"color": MUTED}),
    )
    stacks = [_stacked(sorted(values), low, scale, size) for _, values, _ in lanes]
    heights = [34 + size * max((level for _, level in stack), default=0) for stack in stacks]
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.placebo_title(record),
            sum(heights),
            width,
            f"Log score over weeks 1 to 26, lower is better. Each dot is one run; {len(shuffles)} of "
            "them have in every year the general signals of another year. Line: mean.",
            left=15,
            right=15,
            bottom=24,
        )
        axes.set(xlim=(low - 8 / scale, high + 8 / scale), ylim=(sum(heights), 0))
        axes.set_yticks([])
        ticks = MaxNLocator(6 if width > NARROW else 4).tick_values(low, high)
        axes.set_xticks([tick for tick in ticks if low + 12 / scale < tick < high - 12 / scale])
        top = 0
        for (name, values, style), stack, height in zip(lanes, stacks, heights, strict=True):
            floor, mean = top + height - 7, float(np.mean(values))
            axes.annotate(
                f"{name} {mean:.4f}",
                (0, top + 10),
                xycoords=("axes fraction", "data"),
                va="center",
                size=SMALL,
                weight="bold",
                color=style.get("markeredgecolor", style["color"]),
            )
            for value, level in stack:
                axes.plot(
                    value,
                    floor - size * level,
                    "o",
                    **({"markersize": 6.5, "markeredgecolor": "white"} | style),
                )
            axes.plot([mean, mean], [top + 18, top + height], color=INK, linewidth=1.4)
            top += height
    return figure


def _stacked(values: list[float], low: float, scale: float, size: int) -> list[tuple[float, int]]:
    """Each value with its level in a stack of dots, as if they were dropped onto the axis."""
    columns: dict[int, int] = {}
    placed = []
    for value in values:
        column = int((value - low) * scale / size)
        placed.append((value, columns.get(column, 0)))
        columns[column] = columns.get(column, 0) + 1
    return placed
