"""Every plot: a function of data and a width that returns a figure; `show.figure` puts it into a page.

A figure's title is its claim. Sizes are CSS pixels: a page shows a figure `WIDE` or `NARROW`, with lettering of the
same size. Lines carry their labels, so that no legend is needed; up and down
differ by direction or fill besides colour, so that grey paper loses nothing.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from ..answer.facts import ahead, ranked, who_comes
from ..answer.forecast import ICD_203
from ..formatting import count, day, percent, points, short_day, span, upper_first
from . import words
from .tables import chance as chance_text

if TYPE_CHECKING:
    from ..answer.forecast import Forecast
    from ..evidence.ledger import Ledger
    from ..evidence.rows import Occasion

WIDE, NARROW = 736, 350
INK, MUTED, RULE, WASH = "#1c2330", "#586173", "#c9cfd8", "#eef1f5"
UP, DOWN, BAND = "#1f4e8c", "#b45a15", "#b9cbe4"
TITLE, TEXT, SMALL = 15, 12, 11

# The lettering is measured in DejaVu Sans, which is wider than the faces pages use, so that what fits here fits there.
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "summit-forecast",
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.linewidth": 1,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "ytick.left": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "figure.dpi": 72,
    "savefig.dpi": 72,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "path.simplify": False,
}


def text_width(text: str, size: float = TEXT, bold: bool = False) -> float:
    """The width of one line in pixels."""
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]


def wrapped(text: str, width: float, size: float = TEXT, bold: bool = False) -> list[str]:
    """The text in lines that fit into `width` pixels; a word that is too long is broken."""
    for columns in range(max(int(width / size * 2.2), 8), 7, -1):
        lines = textwrap.wrap(text, columns)
        if all(text_width(line, size, bold) <= width for line in lines):
            return lines
    return textwrap.wrap(text, 8)


def fitted(text: str, width: float, size: float = TEXT, bold: bool = False) -> str:
    """The text, shortened with an ellipsis where it is wider than `width` pixels."""
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(f"{text.rstrip()}…", size, bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def spread_out(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places moved as little as needed to lie `gap` apart inside low to high, in their order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, i in zip([None, *order], order):
        moved[i] = max(moved[i], low if before is None else moved[before] + gap)
    for after, i in zip([None, *order[::-1]], order[::-1]):
        moved[i] = min(moved[i], high if after is None else moved[after] - gap)
    return moved


def panel(
    title: str, body: float, width: int, note: str = "", left: float = 0, right: float = 0, bottom: float = 22
) -> tuple[Figure, Axes]:
    """A figure with its title, a muted note below it, and axes of `body` pixels height below that."""
    heads, notes = wrapped(title, width, TITLE, bold=True), wrapped(note, width, SMALL)
    top = 20 * len(heads) + 16 * len(notes) + 16
    height = top + body + bottom
    figure = Figure(figsize=(width / 72, height / 72))
    for lines, step, start, style in (
        (heads, 20, 4, {"size": TITLE, "weight": "bold"}),
        (notes, 16, 20 * len(heads) + 7, {"size": SMALL, "color": MUTED}),
    ):
        for index, line in enumerate(lines):
            figure.text(0, 1 - (start + step * index) / height, line, va="top", ha="left", **style)
    axes = figure.add_axes((left / width, bottom / height, (width - left - right) / width, body / height))
    return figure, axes


def time_axis(axes: Axes, first: date, last: date, width: float) -> None:
    """Months as ticks, as many as fit into `width` pixels, the year told where it begins."""
    last = max(last, first + timedelta(days=1))
    axes.set_xlim(first.toordinal(), last.toordinal())
    months = [
        date(first.year + (first.month + i) // 12, (first.month + i) % 12 + 1, 1)
        for i in range(-1, (last - first).days // 28 + 2)
    ]
    months = [month for month in months if first <= month <= last]
    step = next((n for n in (1, 2, 3, 6, 12) if len(months) / n * 44 <= width), 24)
    shown = [month for month in months if (month.month - 1) % step == 0] or months[:1]
    if (last - first).days < 45:
        shown = [
            first + timedelta(days=n) for n in range(0, (last - first).days + 1, 7 if width > 400 else 14)
        ]
    reach = last.toordinal() - first.toordinal()
    shown = [
        when
        for when in shown
        if 16 < (when.toordinal() - first.toordinal()) / max(reach, 1) * width < width - 16
    ]
    labels = [when.strftime("%b") if when.day == 1 else short_day(when) for when in shown]
    labels = [
        f"{label} {when:%y}" if step >= 6 else f"{when:%Y}" if when.month == when.day == 1 else label
        for label, when in zip(labels, shown, strict=True)
    ]
    axes.set_xticks([when.toordinal() for when in shown], labels)


def bare(axes: Axes) -> None:
    """Axes without frame and ticks, in pixels from the upper left corner."""
    box = axes.get_window_extent()
    axes.set(xlim=(0, box.width), ylim=(box.height, 0))
    axes.axis("off")


def curve(forecast: "Forecast", width: int = WIDE) -> Figure:
    """The probability of a meeting by each day up to the deadline, with its spread, and the occasions below it."""
    days = [date.fromisoformat(row["date"]) for row in forecast.curve]
    end = forecast.curve[-1]
    places = [
        row
        for row in forecast.occasions
        if row["start_date"] and days[0] <= date.fromisoformat(row["start_date"]) <= days[-1]
    ]
    with matplotlib.rc_context(STYLE):
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
        x = [when.toordinal() for when in days]
        axes.fill_between(
            x,
            [row["lower"] for row in forecast.curve],
            [row["upper"] for row in forecast.curve],
            color=BAND,
            linewidth=0,
        )
        axes.plot(
            x, [row["probability"] for row in forecast.curve], color=UP, linewidth=2.2, solid_capstyle="butt"
        )
        axes.plot(x[-1], end["probability"], "o", color=UP, markersize=6, clip_on=False, zorder=4)
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.grid(axis="y")
        time_axis(axes, days[0], days[-1], width - 116)
        levels = spread_out([end["lower"], end["probability"], end["upper"]], 0.075, 0, 1)
        for level, value, style in zip(
            levels,
            (end["lower"], end["probability"], end["upper"]),
            (
                {"color": MUTED, "size": SMALL},
                {"color": UP, "size": TITLE, "weight": "bold"},
                {"color": MUTED, "size": SMALL},
            ),
            strict=True,
        ):
            axes.annotate(
                percent(value),
                (1, level),
                (10, 0),
                xycoords="axes fraction",
                textcoords="offset points",
                va="center",
                **style,
            )
        _lane(axes, places, days, width, 40, 76)
    return figure


def _lane(
    axes: Axes, places: Sequence[dict[str, Any]], days: Sequence[date], width: int, left: int, right: int
) -> None:
    """Below the time axis one line an occasion: a mark on its day, its name on the side with more room.

    `left` and `right` are the margins of the axes.
    """
    for index, row in enumerate(places):
        start, low = date.fromisoformat(row["start_date"]), -(38 + 19 * index) / 220
        share = (start - days[0]).days / max((days[-1] - days[0]).days, 1)
        room = (width - left - right) * max(share, 1 - share) + (left if share > 0.5 else right) - 16
        axes.plot(start.toordinal(), low, "D", color=MUTED, markersize=4.5, clip_on=False)
        told = row["status"] if row["both"] is None else f"both come: {percent(row['both'])}"
        name = f"{row['name']}, {told}" if width > NARROW else row["name"]
        axes.annotate(
            fitted(name, room, SMALL),
            (start.toordinal(), low),
            (-9 if share > 0.5 else 9, 0),
            textcoords="offset points",
            va="center",
            ha="right" if share > 0.5 else "left",
            size=SMALL,
            color=MUTED,
            annotation_clip=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )


def shares(forecast: "Forecast", names: Mapping[str, str], width: int = WIDE) -> Figure:
    """Where the first meeting would be: one bar an occasion, inside the chance that both leaders are there.

    `names` are the leaders by the code of their side.
    """
    rows = ahead(forecast)
    top = max(rows, key=lambda row: row["probability_first"])
    longest = max(max(row["both"] or 0, row["probability_first"]) for row in rows) or 1
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            f"{upper_first(top['name'])} carries {100 * top['probability_first']:.0f} of the "
            f"{100 * forecast.probability:.0f} points",
            42 * len(rows),
            width,
            "Filled: chance that the first meeting is there; open: that both leaders are there; on the right: each",
            bottom=4,
        )
        bare(axes)
        for index, row in enumerate(rows):
            y = 42 * index
            told = ", ".join(
                f"{name} {chance_text(chance)}"
                for name, chance in who_comes(row, names)
                if chance is not None
            ) or ("no date yet" if row["kind"] == "unknown" else row["status"])
            told = fitted(told, width / 2, SMALL)
            axes.text(0, y + 9, fitted(row["name"], width - 12 - text_width(told, SMALL)), va="center")
            axes.text(width, y + 9, told, va="center", ha="right", color=MUTED, size=SMALL)
            first, both = (
                (width - 130) * (value or 0) / longest for value in (row["probability_first"], row["both"])
            )
            axes.barh(y + 26, both, 12, color="none", edgecolor=MUTED, linewidth=0.8)
            axes.barh(
                y + 26,
                max(first, 1),
                12,
                color=UP if row["kind"] != "unknown" else BAND,
                edgecolor=UP,
                linewidth=0.8,
            )
            end = max(first, both, 1) + 8
            axes.text(end, y + 26, percent(row["probability_first"]), va="center", weight="bold")
            if row["both"] is not None:
                axes.text(
                    end + text_width(percent(row["probability_first"]), bold=True) + 7,
                    y + 26,
                    f"({percent(row['both'])})",
                    va="center",
                    color=MUTED,
                    size=SMALL,
                )
    return figure


def contributions(forecast: "Forecast", width: int = WIDE, number: int = 8) -> Figure:
    """From the forecast without signals to the forecast: the largest contributions named, the others in one step."""
    named, rest = ranked(forecast, number)
    steps = [
        (
            f"{short_day(row['date'])} · {row['text']}" if row["date"] else upper_first(row["text"]),
            row["delta"],
            row["basis"],
        )
        for row in named
    ]
    if rest:
        steps.append(
            (f"{count(len(rest), 'smaller one')} together", sum(row["delta"] for row in rest), "record")
        )
    levels = [forecast.no_signals_probability]
    for _, delta, _ in steps:
        levels.append(levels[-1] + delta)
    low, scale = min(levels), (width - 124) / max(max(levels) - min(levels), 0.02)
    texts = [wrapped(text, width, SMALL) for text, _, _ in steps]
    texts = [
        lines if len(lines) < 3 else [lines[0], fitted(f"{lines[1]} …", width, SMALL)] for lines in texts
    ]
    heights = [20 + 15 * len(lines) for lines in texts]
    moved = forecast.probability - forecast.no_signals_probability

    def place(value: float) -> float:
        return 60 + (value - low) * scale

    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            f"What was said moves the forecast by {points(moved)} points, from "
            f"{percent(forecast.no_signals_probability)} to {percent(forecast.probability)}",
            52 + sum(heights),
            width,
            "Filled bars: weight learned from the record; open bars: weight is a stated belief. In percentage points.",
            bottom=4,
        )
        bare(axes)
        _total(axes, place(levels[0]), 9, f"Nothing said {percent(forecast.no_signals_probability)}", width)
        y = 24
        for lines, height, (_, delta, ground), start, stop in zip(texts, heights, steps, levels, levels[1:]):
            for index, line in enumerate(lines):
                axes.text(0, y + 8 + 15 * index, line, va="center", size=SMALL)
            color, middle = UP if delta >= 0 else DOWN, y + height - 11
            axes.barh(
                middle,
                place(stop) - place(start),
                10,
                left=place(start),
                linewidth=1.1,
                edgecolor=color,
                color=color if ground == "record" else "none",
            )
            axes.plot([place(stop)] * 2, [middle - 8, middle + 8], color=MUTED, linewidth=0.8)
            right = delta >= 0
            axes.text(
                (max if right else min)(place(start), place(stop)) + (7 if right else -7),
                middle,
                points(delta),
                va="center",
                ha="left" if right else "right",
                size=SMALL,
                color=color,
                weight="bold",
            )
            y += height
        _total(axes, place(levels[-1]), y + 17, f"Forecast {percent(forecast.probability)}", width)
    return figure


def _total(axes: Axes, x: float, y: float, text: str, width: int) -> None:
    right = x > width / 2
    axes.plot([x, x], [y - 8, y + 8], color=INK, linewidth=3, solid_capstyle="butt")
    axes.text(x - 8 if right else x + 8, y, text, va="center", ha="right" if right else "left", weight="bold")


def timeline(ledger: "Ledger", as_of: date, width: int = WIDE, weeks: int = 26) -> Figure:
    """The signals of the last weeks by day and kind: direction, strength, and whether the article states them."""
    first = as_of - timedelta(weeks=weeks)
    rows = [signal for signal in ledger.signals if signal.public_date > first]
    balance = {
        kind: sum(s.strength for s in rows if s.kind == kind) for kind in sorted({s.kind for s in rows})
    }
    kinds = sorted(balance, key=lambda kind: -balance[kind])
    step = 38
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.evidence.recent_signals(ledger, as_of, weeks),
            step * max(len(kinds), 1),
            width,
            "Triangles point up or down, larger ones are stronger; filled ones stand in the article below",
            left=8,
            right=8,
            bottom=24,
        )
        axes.set_ylim(step * max(len(kinds), 1), 0)
        axes.set_yticks([])
        time_axis(axes, first, as_of, width - 16)
        left = first.toordinal()
        for index, kind in enumerate(kinds):
            axes.axhline(step * index + 26, color=RULE, linewidth=0.8, zorder=1)
            axes.text(left, step * index + 8, kind.replace("_", " "), va="center", size=SMALL, color=MUTED)
            for signal in (signal for signal in rows if signal.kind == kind):
                color = UP if signal.strength > 0 else DOWN
                axes.scatter(
                    signal.public_date.toordinal(),
                    step * index + 26,
                    marker="^" if signal.strength > 0 else "v",
                    s=16 + 26 * abs(signal.strength),
                    facecolors=color if signal.in_article else "white",
                    edgecolors=color,
                    linewidths=1.2,
                    zorder=3,
                    clip_on=False,
                )
    return figure


def searched(ledger: "Ledger", width: int = WIDE) -> Figure:
    """The signals of each year by the search that found them."""
    found = Counter((signal.public_date.year, signal.search) for signal in ledger.signals)
    years = range(min(year for year, _ in found), max(year for year, _ in found) + 1) if found else range(1)
    parts = (
        ("first", BAND, "as the ledger grew"),
        ("even", UP, "even search"),
        ("losses", DOWN, "search among losses"),
    )
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.evidence.searches_title(ledger),
            170,
            width,
            "Signals by the year in which they became public",
            left=34,
            right=4,
            bottom=24,
        )
        base = [0] * len(years)
        for name, color, _ in parts:
            values = [found[year, name] for year in years]
            axes.bar(years, values, 0.8, bottom=base, color=color, linewidth=0)
            base = [low + value for low, value in zip(base, values, strict=True)]
        axes.set(xlim=(years[0] - 0.6, years[-1] + 0.6), ylim=(0, max(*base, 1)))
        axes.set_yticks(range(0, max(base), 20))
        axes.grid(axis="y")
        axes.set_xticks([year for year in years if year % (5 if width > NARROW else 10) == 0])
        for index, (_, color, text) in enumerate(parts):
            axes.scatter(0.03, 0.95 - 0.11 * index, marker="s", s=60, color=color, transform=axes.transAxes)
            axes.annotate(
                text,
                (0.03, 0.95 - 0.11 * index),
                (9, 0),
                xycoords="axes fraction",
                textcoords="offset points",
                va="center",
                size=SMALL,
            )
    return figure


def calendar(forecast: "Forecast", occasions: Iterable["Occasion"], width: int = WIDE) -> Figure:
    """The occasions ahead on a time axis, each with its days and its status as known."""
    first, last = date.fromisoformat(forecast.as_of), date.fromisoformat(forecast.deadline)
    ends = {occasion.occasion_id: occasion.end_date for occasion in occasions}
    rows = [(row, date.fromisoformat(row["start_date"])) for row in forecast.occasions if row["start_date"]]
    rows = [(row, start, ends.get(row["id"]) or start) for row, start in rows]
    announced = sum(row["status"] == "announced" for row, _, _ in rows)
    step = 40
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            f"{count(len(rows), 'dated occasion')} ahead; a meeting is announced for {announced or 'none'}",
            step * max(len(rows), 1),
            width,
            f"Days and status as known on {day(forecast.as_of)}, up to the deadline",
            left=8,
            right=8,
            bottom=24,
        )
        axes.set_ylim(step * max(len(rows), 1), 0)
        axes.set_yticks([])
        time_axis(axes, first, max([last, *(end for _, _, end in rows)]), width - 16)
        for index, (row, start, end) in enumerate(rows):
            y = step * index
            axes.axhline(y + 28, color=RULE, linewidth=0.8, zorder=1)
            status = {"announced": UP, "planned": UP, "agreed": UP}.get(row["status"], MUTED)
            told = f"{span(start, end, short_day)}, {row['status']}"
            axes.annotate(
                fitted(row["name"], width - 16 - 12 - text_width(told, SMALL)),
                (0, y + 9),
                va="center",
                xycoords=("axes fraction", "data"),
            )
            axes.annotate(
                told,
                (1, y + 9),
                xycoords=("axes fraction", "data"),
                va="center",
                ha="right",
                size=SMALL,
                color=status,
            )
            axes.plot(
                [max(start, first).toordinal() - 0.5, end.toordinal() + 0.5],
                [y + 28] * 2,
                linewidth=9,
                color=status,
                solid_capstyle="butt",
                zorder=3,
            )
        if last < date.fromordinal(int(axes.get_xlim()[1])):
            axes.axvline(last.toordinal(), color=DOWN, linewidth=1.2, linestyle=(0, (4, 2)))
    return figure


def record(forecast: "Forecast", occasions: Iterable["Occasion"], width: int = WIDE) -> Figure:
    """Every meeting by year; the years that stood like this one on the day stand out, and what followed in them."""
    as_of, deadline = date.fromisoformat(forecast.as_of), date.fromisoformat(forecast.deadline)
    met = sorted({occasion.met_date for occasion in occasions if occasion.met})
    hits, of = forecast.matched_record["hits"], forecast.matched_record["years"]
    years = range(forecast.matched_record.get("since", 1993), as_of.year + 1)
    row_height, shift, reach = (
        15,
        (as_of - date(as_of.year, 1, 1)).days,
        (deadline - date(as_of.year, 1, 1)).days,
    )
    last = max(365, reach) + 1
    places = {
        year: [x for when in met if 0 <= (x := (when - date(year, 1, 1)).days) < last] for year in years
    }
    stood = {year: any(x <= shift for x in places[year]) for year in years}
    title = (
        f"{hits} of {of} years that stood like {as_of.year} brought a meeting in the same stretch"
        if of
        else f"No earlier year stood like {as_of.year}"
    )
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            title,
            row_height * len(years),
            width,
            f"Each dot is a meeting; shaded are {day(as_of, year=False)} to "
            f"{day(deadline)} and the same days of other years. Bold: {'' if stood[as_of.year] else 'not '}met by "
            f"{day(as_of, year=False)}, as in {as_of.year}.",
            left=44,
            right=8,
            bottom=24,
        )
        axes.set(xlim=(0, last), ylim=(row_height * len(years), 0))
        axes.axvspan(shift + 1, reach + 1, color=WASH, zorder=0, linewidth=0)
        axes.set_yticks([])
        every = (1 if width > NARROW else 3) * (1 + last // 400)
        months = [date(as_of.year + n // 12, n % 12 + 1, 1) for n in range(0, 12 * (1 + last // 365), every)]
        ticks = {
            (month - months[0]).days: f"{month:%b}"
            for month in months
            if (month - months[0]).days < last - 14
        }
        axes.set_xticks(list(ticks), list(ticks.values()), ha="left")
        for index, year in enumerate(years):
            y, alike = row_height * (index + 0.5), stood[year] == stood[as_of.year]
            axes.annotate(
                str(year),
                (0, y),
                (-8, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                size=SMALL,
                color=INK if alike else MUTED,
                weight="bold" if alike else "normal",
            )
            axes.axhline(y, color=RULE, linewidth=0.5, zorder=1)
            axes.plot(
                places[year],
                [y] * len(places[year]),
                "o",
                markersize=6,
                zorder=3,
                markeredgewidth=1,
                color=UP if alike else "white",
                markeredgecolor=UP if alike else MUTED,
            )
    return figure


def ladder(forecast: "Forecast", width: int = WIDE) -> Figure:
    """The forecast on the scale of likelihood words, with what the calendar alone says and what it was a week ago."""
    height, x = 300, 170
    marks = [
        (forecast.probability, "forecast", UP, "bold"),
        (forecast.no_signals_probability, "nothing said", MUTED, "normal"),
        (forecast.a_week_ago, "a week ago", MUTED, "normal"),
    ]
    marks = [mark for mark in marks if mark[0] is not None]

    def place(probability: float) -> float:
        return height * (1 - probability)

    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            f"{percent(forecast.probability)} is “{forecast.likelihood_word}” on the scale of ICD 203",
            height,
            width,
            "The words for probabilities of the US intelligence community. "
            f"Bar: {forecast.interval['mass']:.0%} of the posterior draws",
            bottom=6,
        )
        bare(axes)
        low = 0.0
        for high, word in ICD_203:
            high, here = min(high, 1.0), word == forecast.likelihood_word
            axes.barh(place((low + high) / 2), width, height * (high - low), color=WASH if here else "none")
            axes.axhline(place(low), color=RULE, linewidth=0.8)
            axes.text(
                0,
                place((low + high) / 2),
                word,
                va="center",
                size=SMALL,
                weight="bold" if here else "normal",
                color=INK if here else MUTED,
            )
            axes.text(width, place(low) - 1, f"{low:.0%}", va="bottom", ha="right", size=9, color=MUTED)
            low = high
        axes.plot(
            [x, x],
            [place(forecast.interval[end]) for end in ("lower", "upper")],
            color=BAND,
            linewidth=9,
            solid_capstyle="butt",
        )
        for (value, name, color, weight), y in zip(
            marks, spread_out([place(p) for p, *_ in marks], 17, 8, height - 8)
        ):
            axes.plot(
                x,
                place(value),
                "o",
                color=color,
                markersize=9 if weight == "bold" else 6,
                markeredgecolor="white",
                zorder=4 if weight == "bold" else 3,
            )
            axes.plot([x + 7, x + 24], [place(value), y], color=RULE, linewidth=0.8)
            axes.text(x + 28, y, f"{name} {percent(value)}", va="center", color=color, weight=weight)
    return figure


def quiet(path: Sequence[dict[str, Any]], forecast: "Forecast", width: int = WIDE) -> Figure:
    """The forecast on later days, had nothing more been heard and no meeting taken place."""
    days, values = [date.fromisoformat(row["date"]) for row in path], [row["probability"] for row in path]
    places = [
        row
        for row in forecast.occasions
        if row["start_date"] and days[0] <= date.fromisoformat(row["start_date"]) <= days[-1]
    ]
    with matplotlib.rc_context(STYLE):
        figure, axes = panel(
            words.forecast.unheard(path),
            200,
            width,
            "Probability of a meeting in what then remains, had nothing more "
            "been heard and no meeting taken place",
            left=40,
            right=20,
            bottom=30 + 19 * len(places),
        )
        x = [when.toordinal() for when in days]
        axes.plot(x, values, color=UP, linewidth=2.2)
        axes.plot(x[0], values[0], "o", color=UP, markersize=6, clip_on=False, zorder=4)
        axes.annotate(
            f"{percent(values[0])} now",
            (x[0], values[0]),
            (8, 9 if values[0] < 0.85 else -16),
            textcoords="offset points",
            color=UP,
            weight="bold",
        )
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.grid(axis="y")
        time_axis(axes, days[0], days[-1], width - 60)
        _lane(axes, places, days, width, 40, 20)
    return figure
