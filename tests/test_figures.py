"""Every figure states its claim with a number, and its text is neither cut off nor overlapping."""

import itertools
import re
from dataclasses import replace
from datetime import date, timedelta

import example_run
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from model import formatting
from model.report import drawing, figures, show

LEDGER = example_run.cut()
HOSTILE = (
    '<script>alert("x")</script> $\\frac{1}{0}$ & a name that goes on & on, far beyond any line of any page'
)
DRAWN = {
    "curve": figures.curve,
    "shares": lambda forecast: figures.shares(forecast, example_run.NAMES),
    "contributions": figures.contributions,
    "ladder": figures.ladder,
    "record": lambda forecast: figures.record(forecast, LEDGER.occasions),
    "calendar": lambda forecast: figures.calendar(forecast, LEDGER.occasions),
    "quiet": lambda forecast: figures.quiet(quiet(forecast), forecast),
}
OF_THE_LEDGER = {
    "timeline": lambda forecast: figures.timeline(LEDGER, date.fromisoformat(forecast.as_of)),
    "searched": lambda forecast: figures.searched(LEDGER),
}


def quiet(forecast):
    """A path on which the forecast falls evenly to nothing."""
    rows = forecast.curve[::30] + forecast.curve[-1:]
    return [
        {"date": row["date"], "probability": forecast.probability * (1 - n / len(rows))}
        for n, row in enumerate(rows)
    ]


def hostile():
    forecast = example_run.forecast()
    return replace(
        forecast,
        likelihood_word="very likely",
        occasions=[row | {"name": HOSTILE} for row in forecast.occasions],
        contributions=[row | {"text": HOSTILE} for row in forecast.contributions],
    )


def crowded():
    """Occasions on neighbouring days, and the three marks of the ladder in one place at its top."""
    forecast, occasion = example_run.forecast(), example_run.occasion
    days = [str(date(2025, 12, 20) + timedelta(days=n)) for n in range(10)]
    return replace(
        forecast,
        occasions=[
            occasion(day, f"Occasion of {day}", "announced", day, 0.09, 0.1, comes=(0.99, 0.99))
            for day in days
        ],
        probability=0.999,
        a_week_ago=0.998,
        no_signals_probability=0.9985,
        interval={"lower": 0.9985, "upper": 0.9999, "mass": 0.9},
        curve=example_run.curve(0.999),
        contributions=[row | {"delta": row["delta"] / 100} for row in forecast.contributions],
    )


def bare():
    """No signals, no occasions, no week before, the last day before the deadline."""
    forecast = example_run.forecast()
    return replace(
        forecast,
        as_of="2025-12-30",
        occasions=[row for row in forecast.occasions if row["kind"] == "unknown"],
        contributions=[],
        a_week_ago=None,
        curve=[row | {"lower": 0.0} for row in forecast.curve[-2:]],
        probability=0.001,
        no_signals_probability=0.001,
        likelihood_word="almost no chance",
        interval={"lower": 0.0, "upper": 0.002, "mass": 0.9},
        matched_record={"hits": 0, "years": 0, "since": 2025, "text": "No earlier year is like this one."},
    )


def far():
    """A deadline in three and a half years."""
    curve = [
        {
            "date": str(date(2025, 7, 11) + timedelta(days=n)),
            "probability": p,
            "lower": 0.9 * p,
            "upper": 1.1 * p,
        }
        for n, p in enumerate(np.linspace(0, 0.9, 1270))
    ]
    return replace(example_run.forecast(), deadline=curve[-1]["date"], curve=curve, probability=0.9)


CASES = {"plain": example_run.forecast, "hostile": hostile, "crowded": crowded, "bare": bare, "far": far}


def title(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_weight() == "bold")


def texts(figure):
    """The drawn texts of a figure with their boxes in pixels, measured large so that hinting adds nothing."""
    figure.dpi = 360
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    hidden = {
        label
        for axes in figure.axes
        if not axes.axison
        for axis in (axes.xaxis, axes.yaxis)
        for label in axis.get_ticklabels()
    }
    return [
        (text.get_text(), Bbox(text.get_window_extent(renderer).get_points() / 5))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def faults(figure):
    """Texts of a figure that are cut off, and pairs that overlap by more than a pixel or two."""
    drawn, frame = texts(figure), Bbox.from_extents(-0.5, -0.5, *(72 * figure.get_size_inches() + 0.5))
    cut = [text for text, box in drawn if not (frame.contains(*box.min) and frame.contains(*box.max))]
    return cut + [
        (one, other)
        for (one, first), (other, second) in itertools.combinations(drawn, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 1
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 2
    ]


@pytest.mark.parametrize(
    ("name", "case"),
    [*itertools.product(DRAWN, CASES), ("timeline", "plain"), ("timeline", "bare"), ("searched", "plain")],
)
def test_the_title_states_a_number_and_no_text_is_cut_off_or_overlaps_another(name, case):
    figure = (DRAWN | OF_THE_LEDGER)[name](CASES[case]())
    assert re.search(r"\d", title(figure)) and faults(figure) == []


def test_the_claims_of_the_titles_are_those_of_the_forecast():
    forecast = example_run.forecast()
    heads = {name: title(DRAWN[name](forecast)) for name in DRAWN}
    assert heads["curve"] == "By 31 December 2025 a meeting is very likely: 85%"
    assert heads["shares"] == "APEC Gyeongju carries 61 of the 85 points"
    assert heads["contributions"] == "What was said moves the forecast by +7.3 points, from 78% to 85%"
    assert heads["record"] == "15 of 17 years like 2025 brought a meeting in the same stretch"
    assert heads["calendar"] == "4 dated occasions ahead; a meeting is announced for none"


def test_each_bar_of_an_occasion_says_who_comes_there():
    texts_of = [
        text.get_text() for text in figures.shares(example_run.forecast(), example_run.NAMES).axes[0].texts
    ]
    for said in ("Trump 8%, Xi home", "Trump home, Xi 13%", "Trump 86%, Xi 96%", "61%", "(82%)"):
        assert said in texts_of


def test_the_bars_of_the_searches_add_up_to_the_signals():
    bars = figures.searched(LEDGER).axes[0].patches
    assert sum(bar.get_height() for bar in bars) == len(LEDGER.signals)


def test_the_years_in_bold_are_those_of_the_matched_record():
    forecast = example_run.forecast()
    figure = figures.record(forecast, LEDGER.occasions)
    names = figure.axes[0].get_yticklabels()
    bold = [name.get_text() for name in names if name.get_weight() == "bold"]
    assert len(bold) == forecast.matched_record["years"] + 1 and bold[-1] == "2025"


def test_the_steps_from_no_signals_to_the_forecast_add_up():
    forecast = example_run.forecast()
    figure = figures.contributions(forecast, number=3)
    steps = [bar.get_width() for bar in figure.axes[0].patches]
    ends = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linewidth() == 3]
    assert len(steps) == 4 and sum(steps) == pytest.approx(ends[1] - ends[0])


def test_a_figure_needs_words_for_those_who_do_not_see_it_and_comes_out_the_same_twice():
    with pytest.raises(ValueError, match="expected words"):
        show.figure(figures.curve, example_run.forecast(), alt=" ")
    once, twice = (show.figure(figures.curve, example_run.forecast(), alt='a "b" <c>') for _ in range(2))
    assert once == twice and '<title>a "b" &lt;c&gt;</title>' in once.markup and 'role="img"' in once.markup


def test_figures_take_nothing_from_a_page_and_leave_nothing_in_it():
    markup = "".join(
        show.figure(draw, example_run.forecast(), alt="x").markup for draw in (figures.curve, figures.ladder)
    )
    assert not re.search(r"<style|style=|xlink|<script|<metadata", markup)
    ids = re.findall(r' id="([^"]+)"', markup)
    assert len(ids) == len(set(ids)) and set(re.findall(r"url\(#([^)]+)\)", markup)) <= set(ids)


def test_hostile_words_stay_words():
    markup = show.figure(figures.shares, hostile(), example_run.NAMES, alt=HOSTILE).markup
    assert "<script" not in markup and "&lt;script&gt;" in markup and "$\\frac" in markup


def test_up_and_down_differ_in_grey():
    up, down = (np.dot(to_rgb(color), (0.3, 0.59, 0.11)) for color in (drawing.UP, drawing.DOWN))
    assert down > 1.4 * up


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0, "0%"), (0.0001, "<1%"), (0.004, "<1%"), (0.5, "50%"), (0.9999, ">99%"), (1, "100%")],
)
def test_percent_is_never_certain_unless_it_is(probability, text):
    assert formatting.percent(probability) == text


@pytest.mark.parametrize(("change", "text"), [(0.0001, "±0.0"), (-0.031, "−3.1"), (0.12, "+12.0")])
def test_points_are_signed(change, text):
    assert formatting.points(change) == text
