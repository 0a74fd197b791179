"""Reasons: contributions add up, the drivers are named, and a what-if is checked like a ledger row."""

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import (
    AS_OF,
    DAY,
    KINDS,
    PARAMS,
    PRIORS,
    announcement,
    ledger,
    occasion,
    planning,
    prior_draws,
    refusal,
    signal,
    visit,
    window,
    word,
)

from model import chances
from model.answer.explain import (
    WATCHED,
    changes,
    contributions,
    moved,
    news,
    next_signals,
    possible,
    quiet_path,
)
from model.evidence.edits import ADDED, Edits, edited
from model.evidence.outlook import outlook
from model.evidence.rows import ATTENDANCE

P = prior_draws()
DEADLINE = date(2025, 12, 31)
OCCASIONS = [
    occasion("2025-unga", date(2025, 9, 23), 4, "unga", host="US"),
    occasion("2025-apec", date(2025, 10, 31)),
    occasion("2025-g20", date(2025, 11, 22), type="g20", host="ZA"),
    visit(),
]
ONE, OTHER = (side.leader for side in PARAMS.question.sides)


def ahead_of(signals, deadline=DEADLINE, windows=True):
    return outlook(ledger(signals, OCCASIONS, [window()] if windows else ()), AS_OF, deadline, PARAMS)


def gain(p, ahead):
    return chances.by_deadline(p, ahead) - chances.by_deadline(p, ahead, signals=False)


def reasons(ahead, rows, mass=0.9):
    return contributions(P, ahead, list(rows), mass, PRIORS)


SOME = [
    signal(strength=3),
    signal("2025-06-09-tariff", date(2025, 6, 9), "economic_coercion", -3),
    signal("2021-01-05-old", date(2021, 1, 5), "trade_talks", 2),
    planning(date(2025, 7, 1)),
    planning(date(2025, 7, 2), strength=-2, grade="B2"),
    word("US", -2, date(2025, 7, 3), "2025-g20"),
    word("CN", 3, date(2025, 7, 4), "2025-g20"),
    announcement(date(2025, 7, 5), "2025-visit"),
]


@st.composite
def signals(draw):
    """Any signals of up to two hundred days ago, about an occasion or not, some of them tied."""
    rows = []
    for n in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(KINDS))
        sign = {"up": 1, "down": -1, "either": draw(st.sampled_from([-1, 1]))}[PRIORS.kinds[kind].sign]
        day = AS_OF - draw(st.integers(0, 200)) * DAY
        tied = draw(st.sampled_from(["", *[row.event_id for row in rows]]))
        places = ["2025-unga", "2025-apec", "2025-g20"] + ([] if kind == ATTENDANCE else ["", "2025-visit"])
        rows.append(
            signal(
                f"{day}-{n}",
                day,
                kind,
                sign * draw(st.integers(1, 3)),
                draw(st.sampled_from(["A1", "B2", "C3"])),
                draw(st.sampled_from(places)),
                tied,
                draw(st.sampled_from(["US", "CN", "both"])),
            )
        )
    return rows


class TestContributions:
    @settings(max_examples=60)
    @given(signals(), st.integers(1, 200), st.booleans())
    def test_they_add_up_to_the_forecast_less_that_without_signals(self, rows, days, windows):
        ahead = ahead_of(rows, AS_OF + days * DAY, windows)
        made = reasons(ahead, rows)
        assert sum(row["delta"] for row in made) == pytest.approx(gain(P, ahead).mean(), abs=1e-12)

    @settings(max_examples=40)
    @given(signals(), st.integers(1, 200))
    def test_changes_of_the_hazard_add_up_in_every_draw(self, rows, days):
        ahead = ahead_of(rows, AS_OF + days * DAY)
        whole = np.log1p(-chances.by_deadline(P, ahead, signals=False)) - np.log1p(
            -chances.by_deadline(P, ahead)
        )
        np.testing.assert_allclose(sum(changes(P, ahead, PRIORS).values()), whole, atol=1e-7)

    @settings(max_examples=20)
    @given(signals(), st.randoms())
    def test_the_order_of_the_rows_does_not_matter(self, rows, shuffle):
        mixed = shuffle.sample(rows, len(rows))
        assert reasons(ahead_of(mixed), mixed) == reasons(ahead_of(rows), rows)

    def test_no_draw_is_blown_up_where_gains_and_losses_cancel(self):
        """Where parts nearly cancel, the ratio of gain to change of hazard stays that of a probability."""
        ahead = ahead_of(SOME)
        made = {(row["id"], row["what"]): row for row in reasons(ahead, SOME, 0.998)}
        for key, change in changes(P, ahead, PRIORS).items():
            assert made[key]["upper"] <= max(change.max(), 0) + 1e-12
            assert made[key]["lower"] >= min(change.min(), 0) - 1e-12

    def test_each_word_stands_under_its_own_row_and_old_signals_under_one(self):
        made = {(row["id"], row["what"]): row for row in reasons(ahead_of(SOME), SOME)}
        signs = {key: np.sign(row["delta"]) for key, row in made.items() if key[1] != "tone"}
        assert signs == {
            ("2025-06-01-word", "signal"): 1,
            ("2025-06-09-tariff", "signal"): -1,
            ("2025-07-01-visit-planning", "meeting"): 1,
            ("2025-07-02-official-statement", "meeting"): -1,
            ("2025-07-03-us-not-2", "coming"): -1,
            ("2025-07-04-cn-will-3", "coming"): 1,
            ("2025-visit", "visit window"): 1,
            ("2025-07-05-announced", "meeting"): 0,
        }
        word = made["2025-07-03-us-not-2", "coming"]
        assert (word["kind"], word["date"]) == (ATTENDANCE, "2025-07-03")

    def test_words_about_coming_rest_on_the_record_and_words_of_planning_on_belief(self):
        basis = {row["id"]: row["basis"] for row in reasons(ahead_of(SOME), SOME)}
        assert basis["2025-07-03-us-not-2"] == basis["2025-07-05-announced"] == "record"
        assert basis["2025-07-01-visit-planning"] == basis["2025-06-01-word"] == "belief"

    def test_a_visit_put_off_is_a_reason_of_its_own(self):
        off = window(day=date(2025, 7, 1), earliest=None, latest=None)
        ahead = outlook(ledger(SOME, OCCASIONS, [window(), off]), AS_OF, DEADLINE, PARAMS)
        made = {(row["id"], row["what"]): row for row in reasons(ahead, SOME)}
        (key,) = [key for key in made if key[0] == "2025-visit"]
        assert made[key]["delta"] > 0 and made[key]["text"].startswith("2025-visit: ")

    def test_the_largest_come_first_and_each_holds_its_interval(self, default_run):
        for made in (reasons(ahead_of(SOME), SOME), default_run.forecast.contributions):
            sizes = [abs(row["delta"]) for row in made]
            assert sizes == sorted(sizes, reverse=True)
            assert all(row["lower"] <= row["upper"] and row["text"] for row in made)

    def test_what_was_added_is_named_first_and_the_background_of_tone_never(self):
        whole = edited(ledger(SOME, OCCASIONS, [window()]), Edits(add=("attendance:1:2025-apec:US",)), PARAMS)
        named = moved(reasons(ahead_of(whole.signals), whole.signals), 3)
        assert named[0]["text"] == "What you added: attendance, strength +1, US, about 2025-apec"
        assert len(named) == 3 and all(row["what"] != "tone" for row in named)


class TestNews:
    BEFORE = date(2025, 7, 3)

    def told(self, rows, occasions=(), shares=()):
        whole = ledger(rows, [*OCCASIONS, *occasions], [window()])
        return whole, news(P, whole, self.BEFORE, dict(shares), AS_OF, DEADLINE, PARAMS)

    def test_an_event_has_as_effect_the_forecast_less_that_without_it(self):
        whole, made = self.told(SOME)
        assert [row["id"] for row in made] == ["2025-07-04-cn-will-3", "2025-07-05-announced"]
        without = replace(
            whole, signals=tuple(s for s in whole.signals if s.event_id != "2025-07-04-cn-will-3")
        )
        now, then = (
            chances.by_deadline(P, outlook(each, AS_OF, DEADLINE, PARAMS)).mean() for each in (whole, without)
        )
        assert made[0]["effect"] == pytest.approx(now - then) and made[0]["effect"] > 0
        assert made[0]["date"] == date(2025, 7, 4) and made[0]["text"] == "Somebody says something."

    def test_an_occasion_that_becomes_known_and_one_that_passes_are_news(self):
        new = occasion("2025-nss", date(2025, 12, 1), type="nss", known_from=date(2025, 7, 8))
        over = occasion("2025-parade", date(2025, 7, 5), 1, "other_multilateral", met=False)
        _, made = self.told([], [new, over], {"2025-parade": 0.2})
        told = {row["id"]: row for row in made}
        assert told["2025-nss"]["effect"] > 0 and told["2025-nss"]["text"] == "2025-nss becomes public."
        assert told["2025-parade"]["effect"] == -0.2 and told["2025-parade"]["text"].endswith(
            "passes without a meeting."
        )

    def test_tied_rows_are_one_piece_of_news(self):
        rows = [
            word("US", 3, date(2025, 7, 8)),
            word("CN", 3, date(2025, 7, 8), same_as="2025-07-08-us-will-3"),
        ]
        assert len(self.told(rows)[1]) == 1

    def test_what_was_public_before_is_no_news(self):
        assert self.told([row for row in SOME if row.public_date <= self.BEFORE])[1] == []


def assert_as_in_the_ledger(before, what, row):
    """What is possible after some rows has the probability of the ledger with a row that says it."""
    after = {each.what: each.outlook for each in possible(ahead_of(before), PARAMS)}[what]
    real = ahead_of([*before, row])
    np.testing.assert_allclose(chances.by_deadline(P, after), chances.by_deadline(P, real))


class TestNextSignals:
    def test_downside_comes_first_then_upside_then_pairs_the_largest_change_first(self, default_run):
        made = default_run.forecast.next_signals
        groups = [(way, list(rows)) for way, rows in itertools.groupby(made, lambda row: row["direction"])]
        assert [way for way, _ in groups] == ["down", "up", "pair"] == list(WATCHED)
        for _, rows in groups:
            sizes = [abs(row["change"]) for row in rows]
            assert sizes == sorted(sizes, reverse=True)

    def test_what_points_down_lowers_and_what_points_up_raises(self, default_run):
        for row in default_run.forecast.next_signals:
            sign = 1 if row["direction"] == "up" else -1
            assert sign * row["change"] >= -1e-12, row
            if row["what"].endswith(("(+2)", "(−2)")):
                assert sign * row["change"] > 0, row

    def test_a_pair_of_refusals_lowers_more_than_either_alone(self, default_run):
        rows = {row["what"]: row for row in default_run.forecast.next_signals}
        pairs = [row for row in rows.values() if row["direction"] == "pair"]
        assert len(pairs) > 2
        for row in pairs:
            leader, _, places = row["what"].partition(" stays away from ")
            alone = [rows[f"{leader} stays away from {place}"]["change"] for place in places.split(" and ")]
            assert row["change"] <= min(alone) + 1e-12

    def test_the_probability_after_is_that_of_a_forecast_with_the_signal(self):
        plain = ahead_of([])
        rows = {row["what"]: row["probability_after"] for row in next_signals(P, plain, PARAMS)}
        for what, row in [
            ("meeting announced at 2025-apec", announcement(AS_OF)),
            (f"{ONE} stays away from 2025-g20", word("US", -3, AS_OF, "2025-g20")),
            (f"{OTHER} says he comes to 2025-unga", word("CN", 3, AS_OF, "2025-unga")),
            ("envoy meeting (+2)", signal("2025-07-11-x", AS_OF, "envoy_meeting", 2)),
            ("security friction (−2)", signal("2025-07-11-x", AS_OF, "security_friction", -2)),
        ]:
            after = chances.by_deadline(P, ahead_of([row])).mean()
            assert rows[what] == pytest.approx(after, abs=1e-9), what
        assert rows["2025-visit is off"] == pytest.approx(
            chances.by_deadline(P, ahead_of([], windows=False)).mean(), abs=1e-9
        )

    @pytest.mark.parametrize("said", [1, 2, -1, -2, 3, -3])
    def test_what_was_said_before_still_counts_beside_a_settled_word(self, said):
        """As it does once the word is a row of the ledger."""
        before = [word("US", said, date(2025, 7, 1)), word("US", -said, date(2025, 6, 1))]
        for verb, settled in (("says he comes to", 3), ("stays away from", -3)):
            if said != settled:
                assert_as_in_the_ledger(before, f"{ONE} {verb} 2025-apec", word("US", settled, AS_OF))

    @pytest.mark.parametrize(
        "before", [[word("US", -3)], [word("CN", 2), planning()], [planning(strength=-3)], [refusal()]]
    )
    def test_an_announcement_stands_beside_what_was_said_before_as_it_does_in_the_ledger(self, before):
        assert_as_in_the_ledger(before, "meeting announced at 2025-apec", announcement(AS_OF))

    def test_a_refusal_takes_an_announced_meeting_back(self):
        said = [announcement(date(2025, 7, 1))]
        assert_as_in_the_ledger(said, f"{ONE} stays away from 2025-apec", word("US", -3, AS_OF))

    def test_what_is_already_so_and_who_is_at_home_is_not_tried(self):
        ahead = ahead_of([word("US", -3, occasion="2025-g20"), announcement()])
        tried = [each.what for each in possible(ahead, PARAMS)]
        assert f"{ONE} stays away from 2025-g20" not in tried and f"{ONE} says he comes to 2025-g20" in tried
        assert "meeting announced at 2025-apec" not in tried and "meeting announced at 2025-g20" in tried
        assert f"{ONE} stays away from 2025-unga" not in tried
        assert f"{OTHER} stays away from 2025-unga" in tried
        assert len(tried) == len(set(tried))

    @settings(max_examples=10)
    @given(signals(), st.integers(1, 200))
    def test_it_is_a_probability(self, rows, days):
        made = next_signals(P, ahead_of(rows, AS_OF + days * DAY), PARAMS)
        assert all(0 <= row["probability_after"] <= 1 for row in made)


class TestQuietPath:
    def test_it_runs_from_the_as_of_day_to_the_deadline_by_weeks_and_ends_at_nothing(self):
        whole = ledger(SOME, OCCASIONS, [window()])
        path = quiet_path(P, whole, AS_OF, DEADLINE, PARAMS)
        days = [date.fromisoformat(row["date"]) for row in path]
        assert (days[0], days[-1], path[-1]["probability"]) == (AS_OF, DEADLINE, 0.0)
        assert {(late - early).days for early, late in itertools.pairwise(days[:-1])} == {7}
        for row in path[:3]:
            ahead = outlook(whole, date.fromisoformat(row["date"]), DEADLINE, PARAMS)
            assert row["probability"] == chances.by_deadline(P, ahead).mean()


@pytest.mark.parametrize(
    "text, told",
    [
        ("leader_call:3", "leader call, strength +3"),
        ("attendance:-2:2025-apec:CN", "attendance, strength -2, CN, about 2025-apec"),
    ],
)
def test_what_was_added_is_told_as_such(text, told):
    whole = edited(ledger(SOME, OCCASIONS, [window()]), Edits(add=(text,)), PARAMS)
    rows = reasons(ahead_of(whole.signals), whole.signals)
    assert f"{ADDED}: {told}" in [row["text"] for row in rows]
