"""The explorer: its arithmetic is that of Python, its page is quiet and keeps to itself, its words stay words."""

import json
import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from browser import needs_browser
from made_up import PARAMS, PRIORS, occasion, prior_draws, signal, visit, window
from made_up import ledger as ledger_of

from model import explain, explorer, hazard, page, prose
from model.covariates import outlook
from model.explain import Edits
from model.files import PROJECT_ROOT

AS_OF, DEADLINE = PARAMS.question.as_of, PARAMS.question.deadline


def run_of(whole, draws, as_of=AS_OF, deadline=DEADLINE):
    """What the explorer needs of a run."""
    ledger = whole.as_of(as_of)
    return SimpleNamespace(params=PARAMS, whole=whole, ledger=ledger, draws=draws,
                           outlook=outlook(ledger, as_of, deadline, PRIORS))


def talkative():
    """Draws from the priors, and words and windows of every kind, some rows tied."""
    said = [signal("2025-06-01-plan", date(2025, 6, 1), "visit_planning", 2, "B2", "2025-apec"),
            signal("2025-06-11-doubt", date(2025, 6, 11), "official_statement", -2, "B2", "2025-apec"),
            signal("2025-06-12-again", date(2025, 6, 12), "official_statement", -1, "C3", "2025-apec", "2025-06-11-doubt"),
            signal("2025-06-20-yes", date(2025, 6, 20), "summit_announced", 3, "A1", "2025-g20"),
            signal("2025-06-25-no", date(2025, 6, 25), "contact_missed", -2, "A1", "2025-g20"),
            signal("2025-06-26-stays", date(2025, 6, 26), "contact_missed", -2, "A1", "2025-unga"),
            signal("2025-06-27-visit", date(2025, 6, 27), "summit_announced", 3, "A1", "2025-visit"),
            signal("2025-06-28-off", date(2025, 6, 28), "contact_missed", -2, "B1", "2025-visit"),
            signal("2025-07-01-on", date(2025, 7, 1), "visit_planning", 2, "B1", "2025-visit")]
    general = [signal(f"2025-05-{n + 1:02}-x", date(2025, 5, n + 1), kind, strength, "B2", "",
                      f"2025-05-{n:02}-x" if n == 3 else "")
               for n, (kind, strength) in enumerate([("leader_call", 3), ("economic_coercion", -3), ("trade_talks", 2),
                                                     ("trade_talks", 1), ("official_statement", -1), ("envoy_meeting", 2)])]
    old = [signal("2018-01-01-old", date(2018, 1, 1), "security_friction", -3)]
    places = [occasion("2025-unga", date(2025, 9, 23), 4, "unga"), occasion("2025-apec", date(2025, 10, 31)),
              occasion("2025-g20", date(2025, 11, 22), type="g20"),
              occasion("2025-now", date(2025, 7, 12), 1, "other_multilateral"),
              visit(), visit("2025-second", date(2025, 12, 20))]
    windows = [window(), window("2025-second", date(2025, 6, 1), date(2025, 7, 1), date(2026, 2, 1))]
    return run_of(ledger_of([*said, *general, *old], places, windows), prior_draws())


RUNS = {"default": lambda default: default, "talkative": lambda default: talkative()}


def settings_of(run, rng):
    """Random settings of the controls, and the edits that say the same on the command line."""
    general, spoken = explorer.events_of(run)
    off = [i for i in range(len(general)) if rng.random() < 0.3]
    events = {tuple(s.event_id for s in event): event for group in spoken.values() for event in group}
    silenced = [key for key in events if rng.random() < 0.4]
    mask = {name: sum(1 << bit for bit, event in enumerate(group) if tuple(s.event_id for s in event) not in silenced)
            for name, group in spoken.items()}
    status = {name: str(rng.choice(explorer.STATUSES)) if rng.random() < 0.5 else "" for name in spoken}
    removed = [s.event_id for i in off for s in general[i]] + [name for key in silenced for name in key]
    edits = Edits(set=tuple(f"{name}={value}" for name, value in status.items() if value), remove=tuple(removed))
    return {"off": off, "mask": mask, "status": status, "trust": round(rng.uniform(0, 2), 2)}, edits


def answer(run, p, edits, trust):
    """The chances in Python, of the same draws, from an edited ledger."""
    ahead, ledger = run.outlook, explain.edited(run.whole, edits, run.params).as_of(run.outlook.as_of)
    return hazard.chances(p | {"tone_factor": p["tone_factor"] ** trust},
                          outlook(ledger, ahead.as_of, ahead.deadline, run.params.priors))


@pytest.fixture(scope="module")
def overview(tmp_path_factory, default_run):
    """The overview of the default run as a file."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    pages = [page.Page("5_what_if.html", "5 What if", "What if", "Other circumstances.")]
    path.write_text(page.frame(page.OVERVIEW, pages, page.footer(default_run), overview=page.overview(
        default_run, ["curve.csv"], PROJECT_ROOT / "none")), "utf-8")
    return path


class TestArithmetic:
    pytestmark = needs_browser

    @pytest.mark.parametrize("name", RUNS)
    def test_it_agrees_with_python_over_random_settings(self, name, browser, overview, default_run):
        run, rng = RUNS[name](default_run), np.random.default_rng(1)
        p = explorer.thinned(run.draws, run.outlook)
        browser.open(overview)
        browser.value(f"globalThis.given = {json.dumps(explorer.data(run))}, prepare(given), 1")
        for _ in range(25):
            asked, edits = settings_of(run, rng)
            made = json.loads(browser.value(
                "(a => {const made = explore(given, {...a, off: new Set(a.off)}); made.curve = [...made.curve];"
                f"return JSON.stringify(made)}})({json.dumps(asked)})"))
            wanted = answer(run, p, edits, asked["trust"])
            np.testing.assert_allclose(made["curve"], wanted.by_day.mean(0), rtol=0, atol=1e-6)
            assert made["probability"] == pytest.approx(wanted.first.sum((1, 2)).mean(), abs=1e-6)
            for cause, first in zip(wanted.causes, wanted.first.sum(2).mean(0), strict=True):
                assert made["first"].get(cause, 0) == pytest.approx(first, abs=1e-6), cause

    def test_the_normal_distribution_is_exact(self, browser, overview):
        from scipy.special import ndtr

        z = np.linspace(-12, 12, 481)
        browser.open(overview)
        found = browser.value(f"{json.dumps(z.tolist())}.map(ndtr)")
        np.testing.assert_allclose(found, ndtr(z), rtol=1e-10, atol=0)


class TestPage:
    pytestmark = needs_browser

    def shown(self, browser, name):
        return browser.value(f"""document.querySelector('[data-show="{name}"]').textContent""")

    @pytest.mark.parametrize("width", [1440, 390])
    def test_it_is_quiet_asks_for_nothing_and_fits(self, browser, overview, width):
        browser.open(overview, width)
        assert browser.value("document.querySelector('.explorer').hidden") is False
        assert browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        browser.value("document.querySelector('.explorer details').open = true")
        browser.value("document.querySelector('.explorer button').click()")
        assert browser.complaints() == [] and browser.requests() == [overview.resolve().as_uri()]
        assert browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0

    def test_it_begins_with_the_forecast_and_says_so(self, browser, overview, default_run):
        browser.open(overview)
        number = float(self.shown(browser, "number").strip("%")) / 100
        assert number == pytest.approx(default_run.forecast.probability, abs=0.0065)
        assert self.shown(browser, "word") == default_run.forecast.likelihood_word
        assert self.shown(browser, "moved") == "as forecast" and self.shown(browser, "trust") == "1.0×"

    def test_it_is_moved_by_the_keyboard_and_reset(self, browser, overview, default_run):
        browser.open(overview)
        before = self.shown(browser, "number")
        browser.value("document.querySelector('.explorer select[name=\"2025-apec-gyeongju\"]').focus()")
        for _ in range(4):
            browser.press("ArrowDown", 40)
        assert browser.value("document.activeElement.value") == "refused"
        few = explorer.thinned(default_run.draws, default_run.outlook)
        wanted = answer(default_run, few, Edits(set=("2025-apec-gyeongju=refused",)), 1).first.sum((1, 2)).mean()
        assert self.shown(browser, "number") == prose.percent(wanted)
        assert re.match(r"−\d+\.\d points from the forecast, ", self.shown(browser, "moved"))
        browser.value("document.querySelector('.explorer [type=range]').focus()")
        browser.press("ArrowRight", 39)
        assert self.shown(browser, "trust") == "1.1×"
        browser.value("document.querySelector('.explorer [type=checkbox]').click()")
        browser.value("document.querySelector('.explorer button').click()")
        assert self.shown(browser, "number") == before and self.shown(browser, "moved") == "as forecast"
        assert browser.value("[...document.querySelectorAll('.explorer [type=checkbox]')].every(box => box.checked)")
        assert browser.complaints() == []

    def test_everything_that_can_be_changed_has_a_name(self, browser, overview):
        browser.open(overview)
        assert browser.value("[...document.querySelectorAll('.explorer input, .explorer select')]"
                             ".filter(field => !field.labels.length || !field.labels[0].textContent.trim()).length") == 0


class TestMarkup:
    def test_the_sample_of_draws_spreads_as_all_of_them(self, default_run):
        few = hazard.by_deadline(explorer.thinned(default_run.draws, default_run.outlook), default_run.outlook)
        every = hazard.by_deadline(default_run.draws, default_run.outlook)
        assert len(few) == explorer.DRAWS and few.mean() == pytest.approx(every.mean(), abs=0.002)
        np.testing.assert_allclose(np.quantile(few, [0.1, 0.5, 0.9]), np.quantile(every, [0.1, 0.5, 0.9]), atol=0.005)

    def test_words_of_the_ledger_stay_words_and_none_is_in_the_data(self):
        hostile = '<img src=x onerror=alert(1)></script> & "quotes"'
        run = talkative()
        whole = replace(run.whole, signals=tuple(replace(s, description=hostile) for s in run.whole.signals),
                        occasions=tuple(replace(o, name=hostile) for o in run.whole.occasions))
        markup = explorer.section(run_of(whole, run.draws)).markup
        assert "<img" not in markup and markup.count("</script>") == 1 and "&lt;img" in markup
        assert "alert" not in json.dumps(explorer.data(run_of(whole, run.draws)))

    def test_nothing_later_than_the_as_of_day_is_in_it(self, default_run):
        cut = run_of(default_run.ledger, default_run.draws)
        assert explorer.section(default_run).markup == explorer.section(cut).markup

    def test_it_is_light_and_short(self, default_run):
        assert len(explorer.section(default_run).markup) < 200_000
        assert sum(len(path.read_text("utf-8").splitlines()) for path in (PROJECT_ROOT / "model").glob("*.js")) <= 200

    def test_on_the_deadline_there_is_nothing_to_try(self, default_run):
        run = run_of(default_run.ledger, default_run.draws, deadline=AS_OF)
        assert explorer.section(run).markup == ""
