"""The formula: evidence enters by Bayes' rule, causes compete, and chances are chances."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import (AS_OF, DAY, PRIORS, TYPES, ledger, occasion, prior_draws, season_total, signal, visit, window,
                     where, with_words)
from scipy.stats import lognorm

from model import hazard
from model.covariates import ANNOUNCED, OFFSETS, REFUSED, Words, outlook, unspoken

P = prior_draws()
SAID = Words(ANNOUNCED, date(2025, 6, 1))
NO = Words(REFUSED, date(2025, 6, 1))


def one(p, draw=0):
    """A single draw, still with its axis."""
    return {name: values[[draw]] for name, values in p.items()}


def season(*starts, types=("apec", "g20", "unga"), as_of=AS_OF):
    """The view of a season whose occasions start so many days ahead."""
    rows = [occasion(f"2025-{n}", as_of + start * DAY, type=type) for n, (start, type) in enumerate(zip(starts, types))]
    return outlook(ledger((), rows), as_of, as_of + 400 * DAY, PRIORS).seasons[0]


def agreed(p, view, slot=0):
    """P(they agree to meet) at a slot, were it the only one, tone at its norm."""
    return 1 - np.exp(-hazard.propensity(p, 0.0, p["year_effect"][:, view.year])
                      * hazard.type_intensity(p)[:, view.slots[slot].type])


class TestParts:
    def test_a_lead_is_lognormal_by_its_median_and_the_spread_of_two_cases_in_three(self):
        days = np.array([0.5, 1, 7, 30, 400])
        ours = hazard.lead_below(P, "announcement", days)
        theirs = [lognorm(np.log(spread), scale=lead).cdf(days)
                  for lead, spread in zip(P["announcement_lead"], P["announcement_lead_spread"])]
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
        assert not hazard.lead_below(P, "announcement", np.array([0, -3])).any()

    @given(st.lists(st.floats(0, 50), min_size=11, max_size=11), st.lists(st.floats(0, 50), min_size=11, max_size=11))
    def test_tone_is_a_balance_between_minus_one_and_one_that_turns_with_its_sides(self, up, down):
        tone = hazard.balance(P, np.array(up), np.array(down))
        assert (np.abs(tone) < 1).all()
        np.testing.assert_allclose(tone, -hazard.balance(P, np.array(down), np.array(up)))

    def test_tone_does_not_depend_on_how_densely_a_year_was_coded(self):
        up, down = np.full(11, 5.0), np.full(11, 3.0)
        change = hazard.balance(P, 4 * up, 4 * down) - hazard.balance(P, up, down)
        assert np.abs(change).max() < 0.02

    @given(st.lists(st.floats(1e-6, 20), min_size=1, max_size=4), st.floats(0.003, 0.999))
    def test_occasions_together_are_worth_between_the_best_of_them_and_their_sum(self, hazards, overlap):
        h, counts = np.array([hazards]), np.ones((1, len(hazards)))
        both = hazard.together(h, counts, np.array([[overlap]]))[0, 0]
        assert max(hazards) * (1 - 1e-9) <= both <= sum(hazards) * (1 + 1e-9)
        more = hazard.together(np.c_[h, 0.5], np.ones((1, len(hazards) + 1)), np.array([[overlap]]))[0, 0]
        assert more >= both * (1 - 1e-9)

    @given(st.floats(0.01, 0.99), st.integers(0, 20), st.integers(1, 20))
    def test_a_promise_not_kept_so_far_is_kept_by_bayes_rule(self, kept, gone, left):
        days = gone + left
        ahead, broken = kept * left / days, 1 - kept
        chance = hazard.chance_kept(np.array([kept]), np.array([left / days]), np.array([0.0]))[0]
        assert chance == pytest.approx(ahead / (ahead + broken))

    def test_a_promise_with_all_its_days_ahead_is_kept_as_often_as_promises_are(self):
        np.testing.assert_allclose(hazard.chance_kept(P["kept"], 1.0, 0.0), P["kept"])


class TestSeason:
    def test_without_evidence_the_chance_is_that_of_the_fit_agreed_and_kept(self):
        view = season(100)
        np.testing.assert_allclose(season_total(P, view, silent=False), agreed(P, view) * P["kept"])

    @pytest.mark.parametrize("left", [100, 30, 10, 4, 2, 1, 0, -1, -2])
    def test_silence_is_weighed_by_bayes_rule_over_agreed_days_and_refusals(self, left):
        """Enumerated: agreed on each day and not yet announced, against not agreed and not yet refused."""
        view = season(left)
        prior, days = agreed(P, view), left + OFFSETS
        silent = (prior[:, None] * P["meeting_day"] * (days >= 1) * hazard.lead_below(P, "announcement", days)).sum(1)
        refusal_ahead = hazard.lead_below(P, "refusal", np.array([left]))[:, 0]
        no_word = (1 - prior) * (1 - P["refusal_share"][:, view.slots[0].type] * (1 - refusal_ahead))
        np.testing.assert_allclose(season_total(P, view), P["kept"] * silent / (silent + no_word), atol=1e-9)

    def test_silence_far_ahead_says_nothing(self):
        view = season(399)
        quick = P | {"announcement_lead": np.full(200, 7.0), "announcement_lead_spread": np.full(200, 2.0),
                     "refusal_lead": np.full(200, 14.0), "refusal_lead_spread": np.full(200, 2.0)}
        np.testing.assert_allclose(season_total(quick, view, 410), season_total(quick, view, 410, silent=False), rtol=1e-4)

    def test_an_announced_meeting_is_kept_as_often_as_announced_meetings_are(self):
        np.testing.assert_allclose(season_total(P, with_words(season(60), SAID)), P["kept"])

    @pytest.mark.parametrize("left, said", [(0, 0), (-1, 0), (1, 0), (0, -1), (-1, -3), (0, -20)])
    def test_only_days_since_the_announcement_that_passed_without_a_meeting_count_against_it(self, left, said):
        words, days = Words(ANNOUNCED, AS_OF + said * DAY), left + OFFSETS
        ahead, promised = ((P["meeting_day"] * (days >= first)).sum(1) for first in (1, said))
        total = season_total(P, with_words(season(left), words))
        np.testing.assert_allclose(total, P["kept"] * ahead / (P["kept"] * ahead + (1 - P["kept"]) * promised), atol=1e-9)

    def test_when_one_occasion_is_announced_the_others_have_what_they_add(self):
        (_, other), (slot, days) = hazard.season_days(P, with_words(season(60, 70), Words(), SAID), np.zeros(200), 400)
        assert slot.occasion.occasion_id == "2025-1"
        np.testing.assert_allclose(days.sum(1), P["kept"])
        alone = -np.log1p(-np.minimum(season_total(P, season(60)) / P["kept"], 1 - 1e-15))
        both = hazard.together(np.stack([alone, -np.log1p(-P["kept"])], 1), np.ones((1, 2)), P["overlap"][:, None])[:, 0]
        np.testing.assert_allclose(other.sum(1), P["kept"] * (-np.expm1(-both) - P["kept"]), atol=1e-9)

    def test_announcing_a_meeting_never_lowers_the_chance_of_its_season(self):
        for starts in ((60,), (60, 70), (5, 12, 20)):
            view = season(*starts)
            for slot in range(len(starts)):
                said = [SAID if n == slot else Words(planned=0.4) for n in range(len(starts))]
                before = with_words(view, *[Words(planned=0.4)] * len(starts))
                assert (season_total(P, with_words(view, *said)) >= season_total(P, before) - 1e-12).all()

    def test_a_refused_occasion_leaves_the_others(self):
        both = season(60, 70)
        rest = replace(both, slots=both.slots[1:])
        np.testing.assert_allclose(season_total(P, with_words(both, NO)), season_total(P, rest))

    def test_planning_at_one_occasion_takes_from_the_others(self):
        both = season(60, 70)
        first, second = where(P, both).T
        odds = P["planned_factor"] ** 0.5 * first
        days = hazard.season_days(P, with_words(both, Words(planned=0.5)), np.zeros(200), 400, silent=False)
        for (_, day), weight in zip(days, (odds, second)):
            np.testing.assert_allclose(day.sum(1), P["kept"] * weight / (1 - first - second + odds + second), rtol=1e-6)

    def test_a_season_refused_altogether_has_the_revived_share_of_its_chance_without_words(self):
        np.testing.assert_allclose(season_total(P, with_words(season(60, 70), NO, NO)),
                                   P["revived"] * season_total(P, season(60, 70)))

    def test_words_count_by_their_strength(self):
        view, base = season(60), season_total(P, season(60))

        def odds(words):
            chance = season_total(P, with_words(view, words)) / P["kept"]
            return chance / (1 - chance)

        plain = base / P["kept"] / (1 - base / P["kept"])
        some = (plain > 0) & (plain < 1e6)
        assert some.mean() > 0.9
        for words, factor in ((Words(planned=1.0), P["planned_factor"]), (Words(planned=0.5), P["planned_factor"] ** 0.5),
                              (Words(doubted=1.0), 1 / P["doubt_factor"])):
            np.testing.assert_allclose(odds(words)[some], (plain * factor)[some], rtol=1e-6)

    def test_the_meeting_falls_around_the_start_as_meetings_did(self):
        (_, days), = hazard.season_days(P, with_words(season(60), SAID), np.zeros(200), 400)
        np.testing.assert_allclose(days[:, 60 + OFFSETS - 1], P["kept"][:, None] * P["meeting_day"])

    @given(st.lists(st.integers(-2, 25), min_size=1, max_size=3), st.integers(1, 40), st.data())
    def test_days_are_chances_and_the_season_is_at_most_certain(self, starts, horizon, data):
        view = season(*sorted(starts))
        choice = st.sampled_from([Words(), SAID, NO, Words(planned=0.7), Words(doubted=1.0), replace(SAID, doubted=0.5)])
        view = with_words(view, *[data.draw(choice) for _ in view.slots])
        days = hazard.season_days(P, view, np.zeros(200), horizon)
        assert all(np.isfinite(day).all() and (day >= 0).all() for _, day in days)
        assert (sum(day.sum(1) for _, day in days) <= 1 + 1e-12).all()

    def test_a_season_of_unequal_occasions_is_shared_by_their_hazards(self):
        view = unspoken(season(60, 70, types=("apec", "unga")))
        (_, first), (_, second) = hazard.season_days(P, view, np.zeros(200), 400, silent=False)
        alone = [hazard.type_intensity(P)[:, slot.type] for slot in view.slots]
        some = agreed(P, view, 1) < 1 - 1e-9
        some &= agreed(P, view) < 1 - 1e-9
        assert some.mean() > 0.8
        np.testing.assert_allclose((first.sum(1) / second.sum(1))[some], (alone[0] / alone[1])[some], rtol=1e-6)

    def test_tone_moves_a_season_as_far_as_it_will_still_be_felt(self):
        view, tone = season(100), np.full(200, 0.3)
        up = hazard.season_days(P, view, tone, 400, silent=False)[0][1].sum(1) / P["kept"]
        np.testing.assert_allclose(1 - up, (1 - agreed(P, view)) ** P["tone_factor"] ** 0.3, atol=1e-12)


def visit_total(p, windows, said=(), horizon=400, as_of=AS_OF):
    rows = [signal(f"{day}-x", day, kind, strength, "A1", "2025-visit") for day, kind, strength in said]
    view, = outlook(ledger(rows, [visit()], windows).as_of(as_of), as_of, as_of + horizon * DAY, PRIORS).visits
    return hazard.visit_days(p, view, horizon)


class TestVisits:
    def test_an_agreed_visit_is_spread_evenly_over_its_window(self):
        days = visit_total(P, [window()])
        np.testing.assert_allclose(days.sum(1), P["window_kept"])
        assert (days[:, 51:61] > 0).all() and not days[:, :51].any() and not days[:, 61:].any()
        assert np.ptp(days[:, 51:61], axis=1).max() < 1e-12

    def test_an_announced_visit_is_kept_as_often_as_announced_meetings(self):
        days = visit_total(P, [window()], [(date(2025, 6, 20), "summit_announced", 3)])
        np.testing.assert_allclose(days.sum(1), np.maximum(P["kept"], P["window_kept"]))

    def test_the_days_of_a_window_that_passed_without_a_visit_count_against_it(self):
        days = visit_total(P, [window(earliest=AS_OF - 5 * DAY, latest=AS_OF + 5 * DAY)])
        left = 5 / 11
        np.testing.assert_allclose(days.sum(1), P["window_kept"] * left / (1 - P["window_kept"] * (1 - left)))

    def test_a_window_reaching_past_the_deadline_counts_in_part(self):
        np.testing.assert_allclose(visit_total(P, [window()], horizon=56).sum(1), P["window_kept"] / 2)

    def test_surprises_come_at_their_rate_less_those_whose_first_word_had_to_come_by_now(self):
        """Simulated: first words of meetings within the horizon, kept where they come after today."""
        p, horizon, rng = one(P), 300, np.random.default_rng(1)
        p = p | {"surprise_lead": np.array([120.0]), "surprise_lead_spread": np.array([2.5]), "surprise_rate": np.array([2.0])}
        counts = rng.poisson(2.0 * horizon / 365.25, 20000)
        when = rng.uniform(0, horizon, counts.sum())
        lead = 120 * np.exp(np.log(2.5) * rng.normal(size=len(when)))
        simulated, error = (lead < when).sum() / len(counts), np.sqrt((lead < when).sum()) / len(counts)
        assert hazard.surprise_days(p, horizon)[0].sum() == pytest.approx(simulated, abs=4 * error + 2 * 2.0 / 365.25)

    def test_without_silence_surprises_come_at_their_full_rate(self):
        np.testing.assert_allclose(hazard.surprise_days(P, 365, silent=False).sum(1), P["surprise_rate"] * 365 / 365.25)


def full_house(horizon=150):
    """Two seasons, one of two occasions, an agreed visit."""
    rows = [occasion("2025-unga", AS_OF + 40 * DAY, 4, "unga"), occasion("2025-apec", AS_OF + 100 * DAY),
            occasion("2025-g20", AS_OF + 120 * DAY, type="g20"), visit()]
    said = [signal("2025-07-01-x", date(2025, 7, 1), "visit_planning", 2, "A1", "2025-apec"), signal(strength=2)]
    return outlook(ledger(said, rows, [window()]), AS_OF, AS_OF + horizon * DAY, PRIORS)


class TestChances:
    def test_the_causes_multiply(self):
        ahead = full_house()
        tone = hazard.balance(P, ahead.tone.up, ahead.tone.down) - P["tone_norm"]
        missed = np.exp(-hazard.surprise_days(P, 150).sum(1)) * (1 - hazard.visit_days(P, ahead.visits[0], 150).sum(1))
        for view in ahead.seasons:
            missed *= 1 - sum(day.sum(1) for _, day in hazard.season_days(P, view, tone * view.fade, 150))
        np.testing.assert_allclose(hazard.by_deadline(P, ahead), 1 - missed, atol=1e-9)

    def test_the_first_meeting_is_that_of_a_simulation(self):
        p, ahead, rng, n = one(P, 3), full_house(), np.random.default_rng(5), 200_000
        chances = hazard.chances(p, ahead)
        tone = hazard.balance(p, ahead.tone.up, ahead.tone.down) - p["tone_norm"]
        groups = [[(s.occasion.occasion_id, day[0]) for s, day in hazard.season_days(p, v, tone * v.fade, 150)]
                  for v in ahead.seasons] + [[("2025-visit", hazard.visit_days(p, ahead.visits[0], 150)[0])]]
        when, where = np.full(n, np.inf), np.full(n, -1)
        for group in groups:
            flat = np.concatenate([day for _, day in group])
            drawn = rng.choice(len(flat) + 1, n, p=[*flat, 1 - flat.sum()])
            day = np.where(drawn == len(flat), np.inf, drawn % 150 + rng.uniform(size=n))
            names = np.array([chances.causes.index(name) for name, _ in group] + [-1])
            where, when = np.where(day < when, names[drawn // 150], where), np.minimum(day, when)
        by_day = -np.diff(np.exp(-np.cumsum(hazard.surprise_days(p, 150)[0])), prepend=1.0)
        drawn = rng.choice(151, n, p=[*by_day, 1 - by_day.sum()])
        day = np.where(drawn == 150, np.inf, drawn + rng.uniform(size=n))
        where, when = np.where(day < when, chances.causes.index(hazard.SURPRISE), where), np.minimum(day, when)
        for i, name in enumerate(chances.causes):
            share = (where == i).mean()
            assert chances.first[0, i].sum() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / n) + 1e-3), name

    def test_the_chance_by_the_deadline_is_the_sum_over_causes_and_days(self):
        for signals in (True, False):
            chances = hazard.chances(P, full_house(), signals)
            np.testing.assert_allclose(hazard.by_deadline(P, full_house(), signals), chances.first.sum((1, 2)), atol=1e-12)

    def test_first_there_is_at_most_there_at_all(self):
        chances = hazard.chances(P, full_house())
        assert (chances.first.sum(2) <= chances.there + 1e-12).all() and (chances.there <= 1).all()
        assert (chances.first >= 0).all()

    def test_without_signals_words_windows_and_tone_are_off(self):
        ahead = full_house()
        bare = outlook(ledger((), [o for v in ahead.seasons for o in v.season.occasions]), AS_OF, ahead.deadline, PRIORS)
        at_norm = P | {"tone_norm": np.zeros(200)}
        silent_off = hazard.chances(at_norm, bare, silent=False)
        np.testing.assert_allclose(hazard.by_deadline(at_norm, ahead, signals=False), silent_off.first.sum((1, 2)), atol=1e-12)

    def test_with_no_day_left_nothing_can_happen(self):
        ahead = outlook(ledger((), [occasion(start=AS_OF + DAY)]), AS_OF, AS_OF, PRIORS)
        chances = hazard.chances(P, ahead)
        assert chances.by_day.shape == (200, 0) and not chances.there.any()

    @settings(max_examples=40)
    @given(st.integers(1, 160), st.integers(1, 160))
    def test_a_later_deadline_is_never_less_likely_and_cuts_the_same_curve(self, a, b):
        short, long = sorted((a, b))
        early, late = (hazard.chances(P, full_house(days)) for days in (short, long))
        np.testing.assert_allclose(early.by_day[:, -1], late.by_day[:, short - 1], atol=1e-12)
        assert (np.diff(late.by_day, axis=1) >= -1e-15).all()
        np.testing.assert_allclose(late.first.sum((1, 2)), late.by_day[:, -1], atol=1e-12)


def test_an_occasion_of_every_type_has_its_own_chance():
    chances = [season_total(P, season(100, types=(name,)), silent=False).mean() for name in TYPES]
    assert len(set(chances)) == len(TYPES)
