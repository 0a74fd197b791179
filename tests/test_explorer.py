"""The explorer: it computes what Python computes, its page loads nothing, and ledger text is never run."""

import json
import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from browser import needs_browser
from made_up import (
    PARAMS,
    announcement,
    occasion,
    planning,
    prior_draws,
    refusal,
    signal,
    visit,
    window,
    word,
)
from made_up import ledger as ledger_of

from model import attendance, chances, formatting
from model.answer import forecast
from model.evidence.edits import COMING, Edits, edited
from model.evidence.outlook import outlook
from model.report import explorer, page, whatif

AS_OF, DEADLINE = PARAMS.question.as_of, PARAMS.question.deadline
APEC = "2025-apec-gyeongju"


def run_of(whole, draws, as_of=AS_OF, deadline=DEADLINE):
    """What the explorer needs of a run."""
    ledger = whole.as_of(as_of)
    return SimpleNamespace(
        params=PARAMS,
        whole=whole,
        ledger=ledger,
        draws=draws,
        outlook=outlook(ledger, as_of, deadline, PARAMS),
    )


def talkative():
    """Draws from the priors; words and windows of every kind, tied rows, one event about two occasions."""
    said = [
        planning(date(2025, 6, 1), "2025-apec", 2),
        planning(date(2025, 6, 11), "2025-apec", -2),
        planning(date(2025, 6, 12), "2025-apec", -1, same_as="2025-06-11-official-statement"),
        word("US", 1, date(2025, 6, 2)),
        word("US", -2, date(2025, 6, 3)),
        word("CN", 3, date(2025, 6, 4)),
        word("CN", -1, date(2025, 7, 11)),
        announcement(date(2025, 5, 1), "2025-g20", date(2025, 11, 24)),
        announcement(date(2025, 6, 20), "2025-g20"),
        planning(date(2025, 6, 5), "2025-g20", -3),
        planning(date(2025, 6, 30), "2025-g20", -1),
        word("US", -3, date(2025, 5, 20), "2025-g20"),
        word("US", 3, date(2025, 5, 21), "2025-g20"),
        word("CN", -3, date(2025, 6, 10), "2025-g20"),
        word("CN", -1, date(2025, 6, 28), "2025-g20"),
        word("US", 2, date(2025, 7, 2), "2025-unga"),
        word("CN", -3, date(2025, 7, 2), "2025-unga"),
        announcement(date(2025, 6, 25), "2025-unga", date(2025, 9, 23)),
        refusal(date(2025, 6, 26), "2025-now", same_as="2025-07-02-us-will-2"),
        announcement(date(2025, 6, 27), "2025-now", date(2025, 7, 13)),
        word("US", -2, date(2025, 7, 1), "2025-now"),
        word("US", -1, date(2025, 7, 3), "2025-now"),
        word("CN", -2, date(2025, 7, 1), "2025-now"),
        announcement(date(2025, 6, 27), "2025-visit", date(2025, 9, 3), name="-visit"),
        refusal(date(2025, 6, 28), "2025-visit", name="-visit"),
        planning(date(2025, 7, 1), "2025-visit", name="-visit"),
        planning(date(2025, 7, 3), "2025-second", -2, name="-second"),
    ]
    kinds = [
        ("leader_call", 3),
        ("economic_coercion", -3),
        ("trade_talks", 2),
        ("trade_talks", 1),
        ("official_statement", -1),
        ("envoy_meeting", 2),
    ]
    general = [
        signal(
            f"2025-05-{n + 1:02}-x",
            date(2025, 5, n + 1),
            kind,
            strength,
            "B2",
            "",
            f"2025-05-{n:02}-x" if n == 3 else "",
        )
        for n, (kind, strength) in enumerate(kinds)
    ]
    old = [signal("2018-01-01-old", date(2018, 1, 1), "security_friction", -3)]
    places = [
        occasion("2025-unga", date(2025, 9, 23), 4, "unga", host="US"),
        occasion("2025-apec", date(2025, 10, 31)),
        occasion("2025-g20", date(2025, 11, 22), type="g20"),
        occasion("2025-now", date(2025, 7, 12), 1, "other_multilateral", host="CN"),
        visit(),
        visit("2025-second", date(2025, 12, 20)),
        visit("2025-third", date(2025, 8, 1), host="US"),
    ]
    windows = [
        window(),
        window("2025-second", date(2025, 6, 1), date(2025, 7, 1), date(2026, 2, 1)),
        window("2025-third", date(2025, 4, 1), date(2025, 8, 1), date(2025, 8, 3)),
        window("2025-third", date(2025, 7, 1), None, None),
    ]
    whole = ledger_of([*said, *general, *old], places, windows)
    return run_of(whole, prior_draws(), deadline=date(2026, 12, 31))


RUNS = {"default": lambda default: default, "talkative": lambda default: talkative()}


def settings_of(run, rng):
    """Random settings of the controls, and the edits that say the same on the command line."""
    general, spoken = explorer.events_of(run)
    off = [i for i in range(len(general)) if rng.random() < 0.3]
    events = dict.fromkeys(event for events in spoken.values() for event in events)
    silenced = [event for event in events if rng.random() < 0.4]
    mask = {
        name: sum(1 << bit for bit, event in enumerate(events) if event not in silenced)
        for name, events in spoken.items()
    }
    asked = {
        "off": off,
        "mask": mask,
        "trust": round(rng.uniform(0, 2), 2),
        "meeting": {},
        "US": {},
        "CN": {},
    }
    for name, place in explorer.places(run.outlook).items():
        known = explorer.statuses(run, place)
        sides = () if place.occasion.is_visit or not known else run.params.sides
        for part, options in ({"meeting": known} | dict.fromkeys(sides, COMING)).items():
            if options and rng.random() < 0.4:
                asked[part][name] = str(rng.choice(list(options)))
    said = [f"{name}={value}" for name, value in asked["meeting"].items()]
    said += [f"{name}={side}:{value}" for side in run.params.sides for name, value in asked[side].items()]
    removed = [row.event_id for event in [*(general[i] for i in off), *silenced] for row in event]
    return asked, Edits(set=tuple(said), remove=tuple(removed))


def as_it_stands(run):
    """The settings with nothing changed."""
    spoken = explorer.events_of(run).about
    return {
        "off": [],
        "mask": {name: 2 ** len(events) - 1 for name, events in spoken.items()},
        "trust": 1,
        "meeting": {},
    }, Edits()


def answer(run, sampled, edits, trust=1.0):
    """The curve and the values of the page in Python, from an edited ledger and the same weighted draws."""
    p, weights = sampled
    day, deadline = run.outlook.as_of, run.outlook.deadline
    changed = edited(run.whole, edits, run.params)
    ahead = outlook(forecast.seen(run.params, changed, day), day, deadline, run.params)
    p = p | {"tone_factor": p["tone_factor"] ** trust}
    made = chances.chances(p, ahead)
    first = weights @ made.first
    values = {f"first {cause}": chance for cause, chance in zip(made.causes, first, strict=True)}
    for view in ahead.seasons:
        for name, there in attendance.presence(p, view, chances.felt(p, ahead) * view.fade, ahead).items():
            values |= {f"{side} {name}": weights @ comes for side, comes in there.comes.items()}
            values[f"both {name}"] = weights @ there.both
    return weights @ made.by_day, values


@pytest.fixture(scope="module")
def section(default_run):
    """The explorer of the default run."""
    return explorer.section(default_run)


@pytest.fixture(scope="module")
def opened(tmp_path_factory, section):
    """The explorer of the default run alone in a page, as a file."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(page.frame(page.OVERVIEW, [], "", body=section), "utf-8")
    return path


class TestArithmetic:
    pytestmark = needs_browser

    @pytest.mark.parametrize("name", RUNS)
    def test_it_agrees_with_python_over_random_settings(self, name, browser, opened, default_run):
        run, rng = RUNS[name](default_run), np.random.default_rng(1)
        sampled = explorer.sample(run)
        browser.open(opened)
        browser.value(f"globalThis.given = {json.dumps(explorer.data(run))}, 1")
        for number in range(10):
            asked, edits = settings_of(run, rng) if number else as_it_stands(run)
            made = json.loads(
                browser.value(
                    "(a => {const made = explore(given, {...a, off: new Set(a.off)});"
                    "made.curve = [...made.curve];"
                    f"return JSON.stringify(made)}})({json.dumps(asked)})"
                )
            )
            curve, values = answer(run, sampled, edits, asked["trust"])
            np.testing.assert_allclose(made["curve"], curve, rtol=0, atol=1e-6)
            assert made["probability"] == made["curve"][-1]
            assert made["values"] == pytest.approx(values, abs=1e-6), edits

    def test_the_made_up_run_has_every_sort_of_word(self):
        """The comparison covers promises kept and taken back, refused visits and visits put off."""
        data = explorer.data(talkative())
        heard = {name: words["heard"][-1] for name, words in data["words"].items()}
        assert heard["2025-g20"]["meeting"][:2] == [-21, 136] and heard["2025-unga"]["meeting"][:2] == [
            -16,
            74,
        ]
        assert heard["2025-unga"]["comes"][1][0] == -1 and heard["2025-apec"]["comes"][1] == [1, 0, [(2, 0)]]
        assert None in data["words"]["2025-second"]["set"].values() and data["again"]
        assert any(not words["set"] for words in data["words"].values())


class TestPage:
    pytestmark = needs_browser

    def shown(self, browser, name):
        return browser.value(f"""document.querySelector('[data-show="{name}"]').textContent""")

    def value(self, browser, name):
        return browser.value(f"""document.querySelector('[data-value="{name}"]').textContent""")

    def choose(self, browser, part, downs):
        """Move a choice about APEC by the keyboard; what is chosen then."""
        browser.value(f"""document.querySelector('select[name="{APEC}"][data-part="{part}"]').focus()""")
        for _ in range(downs):
            browser.press("ArrowDown", 40)
        return browser.value("document.activeElement.value")

    @pytest.mark.parametrize("width", [1440, 390])
    def test_it_is_quiet_asks_for_nothing_and_fits(self, browser, opened, width):
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        browser.open(opened, width)
        assert browser.value("document.querySelector('.explorer').hidden") is False and not browser.value(
            wider
        )
        browser.value("document.querySelector('.explorer details').open = true")
        browser.value("document.querySelector('.explorer button').click()")
        assert browser.complaints() == [] and browser.requests() == [opened.resolve().as_uri()]
        assert not browser.value(wider)

    def test_it_begins_with_the_forecast_and_says_so(self, browser, opened, default_run):
        browser.open(opened)
        assert self.shown(browser, "number") == formatting.percent(default_run.forecast.probability)
        assert self.shown(browser, "word") == default_run.forecast.likelihood_word
        assert self.shown(browser, "moved") == "as forecast" and self.shown(browser, "trust") == "1.0×"

    def test_one_what_if_has_one_number_on_every_page(self, browser, opened, default_run):
        """In the explorer, in both tables of the what-if page, and on the watch list of what comes next."""
        browser.open(opened)
        f, names = default_run.forecast, list(whatif.occasions_ahead(default_run))
        wanted = {
            (name, "meeting", status): value
            for name, row in zip(names, whatif.status_rows(default_run).rows, strict=True)
            for status, value in zip(whatif.STATUSES, row[2:], strict=True)
        }
        for guest, row in zip(whatif.guests(default_run), whatif.coming_rows(default_run).rows, strict=True):
            found = zip(COMING, row[3:], strict=True)
            wanted |= {(guest.occasion, guest.side, status): value for status, value in found}
        shown = json.loads(
            browser.value(f"""JSON.stringify({json.dumps(list(wanted))}.map(([name, part, status]) => {{
                const asked = settings();
                (asked[part] ??= {{}})[name] = status;
                return explore(data, asked).probability}}))""")
        )
        assert shown == pytest.approx(list(wanted.values()), abs=2e-6)
        begin = json.loads(browser.value("JSON.stringify(explore(data, settings()).values)"))
        for row in f.occasions:
            assert begin[f"first {row['id']}"] == pytest.approx(row["probability_first"], abs=2e-6)
            for side, chance in row["comes"].items():
                assert begin[f"{side} {row['id']}"] == pytest.approx(chance, abs=2e-6)
        watched = {row["what"]: row["probability_after"] for row in f.next_signals}
        assert watched["Trump stays away from APEC Gyeongju"] == pytest.approx(
            wanted[APEC, "US", "stays-away"], abs=1e-9
        )

    def test_it_is_moved_by_the_keyboard_and_reset(self, browser, opened, default_run):
        browser.open(opened)
        before, few = self.shown(browser, "number"), explorer.sample(default_run)
        assert self.choose(browser, "US", 4) == "stays-away"
        _, values = answer(default_run, few, Edits(set=(f"{APEC}=US:stays-away",)))
        for name in (f"US {APEC}", f"CN {APEC}", f"both {APEC}", f"first {APEC}"):
            assert self.value(browser, name) == formatting.percent(values[name]), name
        assert self.choose(browser, "CN", 1) == "comes" and self.choose(browser, "meeting", 4) == "announced"
        edits = Edits(set=(f"{APEC}=announced", f"{APEC}=US:stays-away", f"{APEC}=CN:comes"))
        curve, _ = answer(default_run, few, edits)
        assert self.shown(browser, "number") == formatting.percent(curve[-1]) != before
        assert re.match(r"−\d+\.\d points from the forecast, ", self.shown(browser, "moved"))
        browser.value("document.querySelector('.explorer [type=range]').focus()")
        browser.press("ArrowRight", 39)
        assert self.shown(browser, "trust") == "1.1×"
        browser.value("document.querySelector('.explorer [type=checkbox]').click()")
        browser.value("document.querySelector('.explorer button').click()")
        assert self.shown(browser, "number") == before and self.shown(browser, "moved") == "as forecast"
        assert browser.value("document.querySelector('.explorer [type=checkbox]:not(:checked)')") is None
        assert browser.complaints() == []

    def test_a_signal_switched_off_is_a_row_removed(self, browser, opened, default_run):
        browser.open(opened)
        few = explorer.sample(default_run)
        events = explorer.events_of(default_run).about["2025-g20-johannesburg"]
        removed = Edits(remove=tuple(row.event_id for event in events for row in event))
        before = self.value(browser, "US 2025-g20-johannesburg")
        browser.value("document.querySelectorAll('[data-words*=johannesburg]').forEach(box => box.click())")
        _, values = answer(default_run, few, removed)
        name = "US 2025-g20-johannesburg"
        assert self.value(browser, name) == formatting.percent(values[name]) != before

    def test_everything_that_can_be_changed_has_a_name_and_its_occasion(self, browser, opened, default_run):
        browser.open(opened)
        assert (
            browser.value(
                "[...document.querySelectorAll('.explorer input, .explorer select')]"
                ".filter(field => !field.labels[0]?.textContent.trim()).length"
            )
            == 0
        )
        named = browser.value(
            "[...document.querySelectorAll('.explorer select')].map(field => [field.name, "
            "field.labels[0].textContent, field.closest('fieldset').firstChild.textContent])"
        )
        for name, place in explorer.places(default_run.outlook).items():
            here = [(text, legend) for other, text, legend in named if other == name]
            assert [text for text, _ in here] == ["Said of a meeting", "Trump", "Xi"]
            assert all(legend.startswith(place.occasion.name) for _, legend in here)


class TestMarkup:
    def test_the_sampled_draws_spread_as_all_of_them(self, default_run):
        """Where one thing is set the weights make them agree (see TestPage); elsewhere they stay close."""
        few = explorer.sample(default_run)
        assert len(few.weights) == explorer.DRAWS and few.weights.sum() == pytest.approx(1)
        sampled = chances.by_deadline(few.draws, default_run.outlook)
        every = chances.by_deadline(default_run.draws, default_run.outlook)
        levels = [0.1, 0.5, 0.9]
        np.testing.assert_allclose(np.quantile(sampled, levels), np.quantile(every, levels), atol=0.005)
        both = Edits(set=(f"{APEC}=US:stays-away", "2025-g20-johannesburg=US:comes"))
        asked = whatif.probabilities(default_run, [both])[0]
        assert answer(default_run, few, both)[0][-1] == pytest.approx(asked, abs=0.002)

    def test_it_says_what_was_last_said_of_each_leader(self):
        def now(name, part):
            return re.search(rf'name="{name}" data-part="{part}".*?now: ([^<]*)<', markup)[1]

        markup = explorer.section(talkative()).markup
        assert now("2025-apec", "US") == "reported no" and now("2025-g20", "US") == "comes"
        assert now("2025-unga", "CN") == "stays away" and now("2025-now", "US") == "may not come"

    def test_it_says_where_a_leader_is_at_home_and_where_nothing_was_said(self, default_run, section):
        assert re.search(r'name="2025-beijing-parade" data-part="CN".*?now: home<', section.markup)
        silent = run_of(replace(default_run.ledger, signals=()), default_run.draws)
        assert explorer.section(silent).markup.count("now: nothing said<") == 6

    def test_text_of_the_ledger_stays_text_and_none_is_in_the_data(self):
        hostile = '<img src=x onerror=alert(1)></script> & "quotes"'
        run = talkative()
        whole = replace(
            run.whole,
            signals=tuple(replace(s, description=hostile) for s in run.whole.signals),
            occasions=tuple(replace(o, name=hostile) for o in run.whole.occasions),
        )
        markup = explorer.section(run_of(whole, run.draws)).markup
        assert "<img" not in markup and markup.count("</script>") == 1 and "&lt;img" in markup
        assert "alert" not in json.dumps(explorer.data(run_of(whole, run.draws)))

    def test_nothing_later_than_the_as_of_day_is_in_it(self, default_run, section):
        cut = run_of(default_run.ledger, default_run.draws)
        assert section.markup == explorer.section(cut).markup

    def test_it_waits_for_its_script_and_is_empty_on_the_deadline(self, default_run, section):
        assert re.match(r"<div [^>]*hidden>", section.markup)
        run = run_of(default_run.ledger, default_run.draws, deadline=AS_OF)
        assert explorer.section(run).markup == ""
