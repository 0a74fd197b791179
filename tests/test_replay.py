"""The as-of slider: it shows the stored replay of this run and nothing later, by hand or as an animation."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from html import escape

import pytest
from browser import needs_browser
from made_up import PARAMS, signal
from test_pages import CONTRAST
from test_report import check_page

from model import formatting
from model.answer import forecast
from model.fit import fits
from model.paths import RECORD
from model.report import page, replay
from model.settings.params import load_params
from model.track_record import study
from model.track_record.published import TrackRecord
from model.track_record.tables import load

AS_OF = PARAMS.question.as_of
WEEKS = [row for row in load("replay") if row["as_of"] < str(AS_OF)]
EVENTS = load("replay_events")


def with_rows(folder, **changed):
    """A folder with the tables of the replay, rows changed by a function of a row; None drops the row."""
    for name in ("replay", "replay_events"):
        rows = list(csv.DictReader((RECORD / f"{name}.csv").read_text("utf-8").splitlines()))
        rows = [row for row in map(changed.get(name, dict), rows) if row]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return folder


def added(run, day):
    """The run, had one more signal been public from a day on."""
    row = signal(f"{day}-more", day, "trade_talks", 1)
    signals = tuple(sorted([*run.whole.signals, row], key=lambda s: (s.public_date, s.event_id)))
    return replace(run, whole=replace(run.whole, signals=signals))


@pytest.fixture(scope="module")
def made(default_run):
    """The stops of the default run."""
    return replay.stops(default_run, TrackRecord.load())


@pytest.fixture(scope="module")
def overview(tmp_path_factory, default_run):
    """The overview of the default run as a file."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    pages = [page.Page("4_backtest.html", "4 Backtest", "Track record", "What such forecasts were worth.")]
    body = page.overview(default_run, pages, ["curve.csv"])
    path.write_text(page.frame(page.OVERVIEW, pages, page.footer(default_run), body), "utf-8")
    return path


class TestStops:
    def test_they_are_the_weeks_of_the_kept_replay_and_the_run_itself(self, made, default_run):
        assert [str(stop.day) for stop in made] == [*(row["as_of"] for row in WEEKS), str(AS_OF)]
        assert [stop.probability for stop in made[:-1]] == [row["probability"] for row in WEEKS]
        told = [(str(stop.day), text) for stop in made[:-1] for _, _, text in stop.news]
        assert (
            told == [(row["as_of"], row["text"]) for row in EVENTS if row["as_of"] < str(AS_OF)]
            and len(told) > 20
        )
        assert made[-1].probability == default_run.forecast.probability and made[-1].news

    def test_what_they_tell_was_public_since_the_stop_before(self, made):
        for before, stop in zip(made, made[1:], strict=False):
            assert len(stop.news) <= study.EVENTS and all(
                before.day < when <= stop.day for _, when, _ in stop.news
            )
            sizes = [abs(effect) for effect, *_ in stop.news]
            assert sizes == sorted(sizes, reverse=True)

    def test_the_kept_weeks_are_what_the_model_says_now(self, default_run):
        """From the fit of the run, which saw no outcome later than any of these weeks."""
        fitted = fits.fit(default_run.params, default_run.record)
        assert str(fitted.through) <= WEEKS[0]["as_of"]
        for row in WEEKS[::6]:
            now = forecast.headline(
                default_run.params, default_run.whole, date.fromisoformat(row["as_of"]), lambda *_: fitted
            )
            assert now == pytest.approx(row["probability"], abs=0.01)

    def test_there_are_none_where_the_tables_were_made_from_other_inputs(self, default_run, tmp_path):
        assert replay.stops(added(default_run, date(2025, 5, 20)), TrackRecord.load()) == []
        for changed in ({"scenario": "sceptic"}, {"deadline": date(2025, 12, 30)}, {"random_seed": 1}):
            assert (
                replay.stops(replace(default_run, params=load_params(**changed)), TrackRecord.load()) == []
            ), changed
        assert replay.stops(default_run, TrackRecord.load(tmp_path)) == []
        other = with_rows(tmp_path, replay_events=lambda row: row | {"probability": "0.5"})
        assert replay.stops(default_run, TrackRecord.load(other)) == []
        old = with_rows(tmp_path, replay=lambda row: {name: row[name] for name in row if name != "inputs"})
        assert replay.stops(default_run, TrackRecord.load(old)) == [] and replay.section([], 0.9).markup == ""

    def test_there_are_none_where_the_replay_ends_long_before(self, default_run, tmp_path):
        short = with_rows(
            tmp_path,
            replay=lambda row: row if row["as_of"] < "2025-07-01" else None,
            replay_events=lambda row: row if row["as_of"] < "2025-07-01" else None,
        )
        assert replay.stops(default_run, TrackRecord.load(short)) == []


class TestBarrier:
    def test_nothing_later_than_the_as_of_day_is_in_it(self, default_run, made, tmp_path):
        markup = replay.section(made, 0.9).markup
        days = {date.fromisoformat(row["date"]) for row in EVENTS} | {
            date.fromisoformat(row["as_of"]) for row in WEEKS
        }
        assert not [when for when in days if when > AS_OF and formatting.day(when) in markup]
        later = [s.description for s in default_run.whole.signals if s.public_date > AS_OF]
        assert len(later) > 30 and not [
            text for text in later if escape(formatting.upper_first(text).rstrip(".")) in markup
        ]
        blank = with_rows(
            tmp_path,
            **{
                name: lambda row: row if row["as_of"] <= str(AS_OF) else None
                for name in ("replay", "replay_events")
            },
        )
        cut = replace(default_run, whole=default_run.ledger)
        assert replay.section(replay.stops(cut, TrackRecord.load(blank)), 0.9).markup == markup

    def test_a_row_says_what_it_was_made_from(self, default_run):
        params, whole, day = default_run.params, default_run.whole, date(2025, 6, 2)
        said = forecast.made_from(params, whole, day)
        assert said == next(row["inputs"] for row in WEEKS if row["as_of"] == str(day))
        assert said == forecast.made_from(load_params(as_of=date(2025, 9, 1)), whole, day)
        assert said == forecast.made_from(params, added(default_run, day + timedelta(1)).whole, day)
        assert said != forecast.made_from(params, added(default_run, day).whole, day)
        assert said != forecast.made_from(load_params(scenario="article-only"), whole, day)

    def test_words_stay_words(self, default_run, tmp_path):
        hostile = '<img src=x onerror=alert(1)></script> & "quotes"'
        folder = with_rows(tmp_path, replay_events=lambda row: row | {"text": hostile})
        markup = replay.section(replay.stops(default_run, TrackRecord.load(folder)), 0.9).markup
        assert "<img" not in markup and "</script" not in markup and "&lt;img" in markup


class TestPage:
    pytestmark = needs_browser

    def shown(self, browser):
        """Number, day and events of the stop that can be seen."""
        return browser.value("""(stops => [stops.length, stops[0].querySelector('.number').textContent,
            stops[0].querySelector('b').textContent, [...stops[0].querySelectorAll('li span')].map(
            node => node.firstChild.textContent)])([...document.querySelectorAll('.stops > *')].filter(
            stop => getComputedStyle(stop).visibility === 'visible'))""")

    def test_the_page_is_whole(self, overview):
        check_page(overview.read_text("utf-8"))

    def test_the_keyboard_goes_through_every_week_with_its_number_and_events(
        self, browser, overview, default_run
    ):
        browser.open(overview)
        assert self.shown(browser)[:3] == [
            1,
            formatting.percent(default_run.forecast.probability),
            formatting.day(AS_OF),
        ]
        browser.value("document.querySelector('.replay input').focus()")
        places = [browser.value("document.querySelector('.replay circle').getBoundingClientRect().x")]
        for row in reversed(WEEKS):
            browser.press("ArrowLeft", 37)
            texts = [event["text"].rstrip(".") for event in EVENTS if event["as_of"] == row["as_of"]]
            assert self.shown(browser) == [
                1,
                formatting.percent(row["probability"]),
                formatting.day(row["as_of"]),
                texts,
            ]
            assert browser.value("document.activeElement.ariaValueText") == formatting.day(row["as_of"])
            places.append(browser.value("document.querySelector('.replay circle').getBoundingClientRect().x"))
        assert places == sorted(places, reverse=True) and len(set(places)) == len(places)
        assert browser.complaints() == []

    def test_it_plays_to_the_end_and_pauses(self, browser, overview):
        def state():
            return browser.value("""[document.querySelector('.replay input').valueAsNumber,
                document.querySelector('.replay button').textContent,
                document.querySelector('.stops').ariaLive, later.length]""")

        browser.open(overview)
        browser.value(
            "globalThis.later = [], globalThis.setTimeout = go => later.push(go), "
            "globalThis.clearTimeout = () => { later.length = 0; }, 1"
        )
        browser.value("document.querySelector('.replay button').click()")
        assert state() == [0, "Pause", "off", 1]
        browser.value("later[0]()")
        assert state() == [1, "Pause", "off", 1] and self.shown(browser)[2] == formatting.day(
            WEEKS[1]["as_of"]
        )
        browser.value("document.querySelector('.replay button').click()")
        assert state() == [1, "Play", "polite", 0]
        browser.value("document.querySelector('.replay button').click()")
        for _ in WEEKS[1:]:
            browser.value("later[0]()")
        assert state() == [len(WEEKS), "Play", "polite", 0]
        browser.value("document.querySelector('.replay button').click()")
        browser.value("document.querySelector('.replay input').focus()")
        browser.press("ArrowRight", 39)
        assert state() == [1, "Play", "polite", 0]

    @pytest.mark.parametrize("width", [1440, 390])
    def test_it_is_quiet_legible_and_fits_and_keeps_its_height(self, browser, overview, width):
        browser.open(overview, width)
        heights = {
            browser.value(
                f"(s => {{ s.value = {at}; s.dispatchEvent(new Event('input', {{bubbles: true}})); return "
                "document.body.scrollHeight; })(document.querySelector('.replay input'))"
            )
            for at in range(len(WEEKS) + 1)
        }
        assert len(heights) == 1 and browser.value(CONTRAST) == []
        assert browser.complaints() == [] and browser.requests() == [overview.resolve().as_uri()]
        assert browser.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    def test_who_wants_less_motion_has_the_slider_alone(self, browser, overview):
        browser.open(overview)
        seen = "document.querySelector('.replay button').getClientRects().length"
        assert browser.value(seen) == 1
        browser.ask(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}]
        )
        assert browser.value(seen) == 0
        browser.ask("Emulation.setEmulatedMedia", features=[])

    def test_without_a_replay_the_page_has_no_slider_and_no_script_for_it(self, default_run):
        bare = replace(default_run, forecast=replace(default_run.forecast, track_record=""))
        text = page.frame(page.OVERVIEW, [], "", page.overview(bare, [], []))
        assert "replay.js" not in text and 'id="replay"' not in text and text.count("sha256-") == 2
        assert "No slider through the weeks here: no replay of this pair and question is stored." in text
