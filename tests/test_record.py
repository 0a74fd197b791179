"""The data of the fit: which past decisions, meetings, words, promises and visits count."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import (
    AS_OF,
    DAY,
    KINDS,
    PARAMS,
    PRIORS,
    TYPES,
    announcement,
    ledger,
    occasion,
    prior_draws,
    refusal,
    signal,
    visit,
    window,
    word,
)

from model.evidence.record import CLASSES, OFFSETS, came_again, class_of, no_record, promises, put_off, record
from model.evidence.seasons import YEAR
from model.evidence.tone import ToneSeries, weight_of
from model.evidence.words import words_about
from model.files.problems import parse_day
from model.fit.likelihood import log_likelihood

START = date(2023, 11, 15)
LEVELS = [2, 1, -1, -2]


def past(signals=(), occasions=(), windows=(), day=AS_OF):
    """The record of a day."""
    return record(ledger(signals, occasions, windows).as_of(day), PARAMS)


def apec(met=True, **other):
    return occasion("2023-apec", START, met=met, **other)


class TestClass:
    @pytest.mark.parametrize(
        "type, host, us, cn",
        [
            ("apec", "KR", "summit", "summit"),
            ("apec", "US", "home", "summit"),
            ("g20", "CN", "summit", "home"),
            ("unga", "US", "home", "guest"),
            ("other_multilateral", "CN", "guest", "home"),
            ("other_multilateral", "ZA", "other", "other"),
            ("unga", "", "other", "other"),
            ("nss", "", "summit", "summit"),
        ],
    )
    def test_the_class_is_that_of_host_and_type(self, type, host, us, cn):
        row = occasion("2023-x", START, type=type, host=host)
        assert tuple(CLASSES[class_of(row, side, PARAMS)] for side in ("US", "CN")) == (us, cn)


class TestDecisions:
    def test_each_leader_decides_for_each_occasion_that_was_held(self):
        unga = occasion("2023-unga", date(2023, 9, 19), type="unga", host="US", met=False, attended="US")
        seen = past((), [apec(True), unga])
        classes, types = (
            [names[i] for i in of] for names, of in ((CLASSES, seen.classes), (TYPES, seen.types))
        )
        assert set(zip(seen.sides, classes, types, seen.came, strict=True)) == {
            (0, "summit", "apec", 1),
            (1, "summit", "apec", 1),
            (0, "home", "unga", 1),
            (1, "guest", "unga", 0),
        }
        assert seen.held == (2, 2)

    def test_an_occasion_called_off_is_no_decision_of_anyone(self):
        seen = past((), [occasion("2023-apec", START, met=False, attended="none", held_in_person=False)])
        assert len(seen.came) == 0 and seen.held == (0, 1)

    @pytest.mark.parametrize("day, decided", [(START - DAY, 0), (START, 0), (START + DAY, 2)])
    def test_a_decision_counts_once_its_outcome_is_known(self, day, decided):
        assert len(past((), [apec(False)], day=day).came) == decided

    def test_the_tone_is_that_of_eight_weeks_before_the_season(self):
        lead = PRIORS.structure.lead * DAY
        on_time, late = (
            signal(f"{day}-call", day, "leader_call", 3) for day in (START - lead, START - lead + DAY)
        )
        seen = past([on_time, late], [apec(False)])
        assert seen.tone == pytest.approx([0.5, 0.5]) and seen.norm == pytest.approx(0.5)
        assert past([late], [apec(False)]).norm == 0


class TestMeetings:
    def seasons(self, *rows, day=AS_OF):
        seen = past((), rows, day=day)
        return list(zip(seen.at_summit, seen.at_other, seen.met, strict=True))

    def test_a_season_counts_where_both_came_to_an_occasion(self):
        g20 = occasion("2023-g20", START + 13 * DAY, type="g20", met=False, attended="US")
        assert self.seasons(apec(True), g20) == [(1, 0, 1)]
        assert self.seasons(apec(False, attended="both"), g20) == [(1, 0, 0)]
        assert self.seasons(apec(False), g20) == []

    def test_two_summits_are_one_chance_and_each_other_occasion_is_one_more(self):
        both = {"met": False, "attended": "both", "type": "other_multilateral"}
        others = [occasion(f"2023-other-{n}", START + n * DAY, **both) for n in (3, 6)]
        g20 = occasion("2023-g20", START + 13 * DAY, type="g20", met=False, attended="both")
        assert self.seasons(apec(True), g20, *others) == [(1, 2, 1)] and self.seasons(*others) == [(0, 2, 0)]

    def test_a_season_counts_only_when_all_of_it_is_decided(self):
        g20 = occasion("2023-g20", START + 13 * DAY, 1, type="g20", met=False, attended="both")
        assert self.seasons(apec(True), g20, day=START + 12 * DAY) == []
        assert self.seasons(apec(True), g20, day=START + 13 * DAY) == [(1, 0, 1)]

    @pytest.mark.parametrize("after, counted", [(6, []), (7, [(1, 0, 0)])])
    def test_a_season_in_which_they_met_at_a_visit_beside_it_alone_is_left_out(self, after, counted):
        """Up to five days after its last day; the visit is counted as one."""
        beside = visit("2023-visit", START + after * DAY, met=True)
        assert self.seasons(apec(False, attended="both"), beside) == counted
        assert past((), [apec(False, attended="both"), beside]).visits == 1

    def test_meeting_days_count_around_the_start_of_the_occasion(self):
        soon = occasion("2023-apec", START, 9, met=True, met_date=START + DAY)
        late = occasion("2022-apec", date(2022, 11, 18), 9, met=True, met_date=date(2022, 11, 26))
        seen = past((), [soon, late])
        assert OFFSETS[seen.meeting_days == 1].tolist() == [1, 3] and seen.meeting_days.sum() == 2


class TestWordsOfThePast:
    def test_settled_words_count_by_how_they_turned_out(self):
        earlier = occasion("2022-apec", date(2022, 11, 18), met=False, attended="US")
        rows = [apec(False, attended="US"), earlier]
        said = [
            word("US", 3, START - 9 * DAY, "2023-apec"),
            word("CN", -3, START - 9 * DAY, "2023-apec"),
            word("CN", 3, date(2022, 11, 1), "2022-apec"),
            word("US", -3, date(2022, 11, 1), "2022-apec"),
        ]
        seen = past(said, rows)
        assert (seen.will, seen.will_not) == ((1, 2), (1, 2))

    def test_levels_count_once_a_leader_and_occasion_among_those_who_came_and_who_stayed_away(self):
        said = [
            word("US", 2, START - 9 * DAY, "2023-apec"),
            word("US", 2, START - 5 * DAY, "2023-apec", name="-again"),
            word("CN", 2, START - 9 * DAY, "2023-apec"),
            word("CN", -1, START - 7 * DAY, "2023-apec"),
        ]
        seen = past(said, [apec(False, attended="US")])
        assert seen.said.tolist() == [[1, 1, 1, 1], [0, 1, 0, 1], [0, 1, 1, 1], [0, 1, 0, 1]]

    def test_a_level_said_before_a_settled_word_was_said(self):
        said = [word("US", -2, START - 9 * DAY, "2023-apec"), word("US", 3, START - 5 * DAY, "2023-apec")]
        seen = past(said, [apec(True)])
        assert seen.said[3].tolist() == [1, 2, 0, 0] and seen.will == (1, 1)

    @pytest.mark.parametrize(
        "host, day, counted", [("KR", START, 1), ("KR", START + DAY, 0), ("US", START, 0)]
    )
    def test_words_up_to_the_first_day_count_but_for_the_leader_at_home(self, host, day, counted):
        seen = past([word("US", 3, day, "2023-apec")], [apec(True, host=host)])
        assert seen.will == (counted, counted) and seen.said[0, 1] == (1 if host == "US" else 2)

    def test_words_about_the_occasion_itself_are_of_no_leader(self):
        assert past([word("both", 3, START - DAY, "2023-apec")], [apec(True)]).will == (0, 0)


class TestPromises:
    def kept(self, signals=(), occasions=(), windows=()):
        whole = ledger(signals, occasions, windows)
        return promises(whole, PARAMS, words_about(whole, PRIORS))

    @pytest.mark.parametrize("before, days", [(10, 10), (30, 30), (90, 30), (0, 0)])
    def test_an_announced_meeting_that_was_held_was_at_risk_in_its_last_thirty_days(self, before, days):
        assert self.kept([announcement(START - before * DAY, "2023-apec")], [apec(True)]) == (0, days)

    @pytest.mark.parametrize(
        "announced, taken_back, days", [(40, 27, 3), (40, 0, 30), (40, 35, 1), (10, 4, 6)]
    )
    def test_one_taken_back_breaks_on_that_day(self, announced, taken_back, days):
        day = START - taken_back * DAY
        for back in (refusal(day, "2023-apec"), word("CN", -3, day, "2023-apec")):
            said = [announcement(START - announced * DAY, "2023-apec"), back]
            assert self.kept(said, [apec(False)]) == (1, days)

    def test_one_made_and_broken_on_one_day_was_at_risk_for_that_day(self):
        assert self.kept([announcement(START, "2023-apec")], [apec(False)]) == (1, 1)

    def test_one_that_passes_unmet_breaks_on_its_day(self):
        assert self.kept([announcement(START - 12 * DAY, "2023-apec")], [apec(False)]) == (1, 12)

    @pytest.mark.parametrize(
        "row",
        [
            refusal(START - 50 * DAY, "2023-apec"),
            refusal(START - 4 * DAY, "2023-apec", "C3"),
            word("CN", -2, START - 4 * DAY, "2023-apec"),
        ],
    )
    def test_a_word_before_it_or_of_less_weight_does_not_take_it_back(self, row):
        assert self.kept([announcement(START - 40 * DAY, "2023-apec"), row], [apec(False)]) == (1, 30)

    def test_an_announcement_after_the_start_or_of_an_occasion_ahead_is_no_promise_of_the_past(self):
        assert self.kept([announcement(START + DAY, "2023-apec")], [apec(False)]) == (0, 0)
        assert self.kept([announcement(START, "2025-apec")], [occasion()]) == (0, 0)

    def test_the_first_announcement_counts(self):
        said = [
            announcement(START - 20 * DAY, "2023-apec"),
            announcement(START - 5 * DAY, "2023-apec", name="-again"),
        ]
        assert self.kept(said, [apec(True)]) == (0, 20)

    def test_a_visit_is_promised_from_its_first_window(self):
        rows = [visit("2023-visit", START, met=True)]
        first, later = (window("2023-visit", START - before * DAY, START, START + DAY) for before in (25, 5))
        assert self.kept((), rows, [first, later]) == (0, 25)
        assert self.kept((), rows, []) == (0, 0)

    def test_a_visit_put_off_or_refused_breaks_on_that_day(self):
        rows = [visit("2023-visit", START, met=False)]
        agreed = window("2023-visit", START - 60 * DAY, START, START)
        off = window("2023-visit", START - 11 * DAY, None, None)
        assert self.kept((), rows, [agreed, off]) == (1, 19)
        assert self.kept([refusal(START - 11 * DAY, "2023-visit")], rows, [agreed]) == (1, 19)


class TestVisits:
    def test_visits_that_took_place_count_with_the_notice_of_their_first_window(self):
        rows = [
            visit("2023-visit", date(2023, 6, 1), met=True),
            visit("2024-visit", date(2024, 6, 1), met=False),
            visit("2022-visit", date(2022, 6, 1), met=True),
        ]
        windows = [
            window("2023-visit", date(2023, 5, 2), date(2023, 5, 25), date(2023, 6, 9)),
            window("2023-visit", date(2023, 5, 20), date(2023, 6, 1), date(2023, 6, 1)),
            window("2024-visit", date(2024, 5, 2), date(2024, 5, 25), date(2024, 6, 9)),
        ]
        seen = past((), rows, windows)
        assert seen.visits == 2 and seen.notices.tolist() == [30.5]

    def test_exposure_runs_from_the_first_day_of_the_ledger_to_the_last_known_outcome(self):
        first, last = (
            occasion("2022-apec", date(2022, 11, 15), met=True, known_from=date(2022, 3, 1)),
            occasion("2023-apec", START, 3, met=False),
        )
        seen = past((), [first, last])
        assert seen.through == START + 2 * DAY
        assert seen.years == pytest.approx(((seen.through - date(2022, 3, 1)).days + 1) / YEAR)
        said = signal("2021-01-01-call", date(2021, 1, 1))
        assert past([said], [first, last]).years == pytest.approx(
            ((seen.through - date(2021, 1, 1)).days + 1) / YEAR
        )

    def test_a_visit_on_the_only_day_of_a_ledger_has_one_day_of_exposure(self):
        seen = past((), [visit("2023-visit", START, met=True, known_from=START)])
        assert (seen.visits, seen.years, seen.through) == (1, 1 / YEAR, START)

    def test_a_visit_before_it_was_known_lies_inside_the_exposure(self):
        """A meeting counts from five days before the visit that was announced."""
        early = visit("2023-visit", START, met=True, known_from=START, met_date=START - 4 * DAY)
        assert past((), [early]).years == pytest.approx(1 / YEAR)
        later = occasion("2024-apec", date(2024, 11, 15), met=False, known_from=date(2024, 1, 1))
        assert past((), [early, later]).years == pytest.approx(
            ((later.end_date - early.met_date).days + 1) / YEAR
        )

    def test_a_meeting_before_the_first_row_has_one_day_of_exposure(self):
        for days_before in (1, 4):
            early = occasion(
                "2023-apec", START, met=True, known_from=START, met_date=START - days_before * DAY
            )
            seen = past((), [early])
            assert (seen.years, seen.through) == (1 / YEAR, early.met_date)

    def test_time_without_a_visit_ends_with_the_last_row_of_the_ledger(self):
        met = apec(True)
        seen = past([signal()], [met])
        assert seen.idle == pytest.approx((date(2025, 6, 1) - START).days / YEAR)
        assert past((), [met]).idle == 0 and past([signal()], [met], day=START + 9 * DAY).idle == 0
        assert past([signal()], [met], day=date(2040, 1, 1)).idle == seen.idle

    @pytest.mark.parametrize(
        "day, host, through, expected",
        [
            (300, "CN", 300, (1, 1)),
            (365, "CN", 400, (1, 1)),
            (366, "CN", 400, (0, 1)),
            (300, "US", 400, (0, 1)),
            (None, "CN", 365, (0, 1)),
            (None, "CN", 364, (0, 0)),
        ],
    )
    def test_a_visit_put_off_is_made_up_by_one_of_the_same_host_within_a_year(
        self, day, host, through, expected
    ):
        off = window("2023-visit", START, None, None)
        rows = [visit("2023-visit", START + 5 * DAY, met=False)]
        rows += [visit("2024-visit", START + day * DAY, host=host, met=True)] if day else []
        assert came_again(ledger((), rows, [off]), PARAMS, START + through * DAY) == expected

    @pytest.mark.parametrize("host, hits", [("CH", 1), ("US", 0)])
    def test_a_meeting_put_off_in_a_third_country_is_made_up_in_any_other(self, host, hits):
        off = window("2023-visit", START, None, None)
        rows = [visit("2023-visit", START + 5 * DAY, met=False, host="HU")]
        rows += [visit("2024-visit", START + 90 * DAY, host=host, met=True)]
        assert came_again(ledger((), rows, [off]), PARAMS, START + 400 * DAY) == (hits, 1)

    def test_a_visit_with_a_window_again_is_not_put_off(self):
        agreed, off, again = (
            window("2023-visit", START + n * DAY, when, when)
            for n, when in ((0, START + 90 * DAY), (1, None), (2, START + 100 * DAY))
        )
        assert put_off(ledger((), (), [agreed, off])) == {"2023-visit": START + DAY}
        assert put_off(ledger((), (), [agreed, off, again])) == {}


@st.composite
def pasts(draw):
    """Ledgers with no, one, two or more occasions: visits or gatherings, held or not, met or not or open."""
    days = st.integers(0, 3600).map(lambda n: date(2020, 1, 1) + n * DAY)
    occasions, signals, windows = [], [], []
    for n, start in enumerate(draw(st.lists(days, max_size=5, unique=True))):
        name, type = f"2020-{n}", draw(st.sampled_from([*TYPES, "visit", "visit"]))
        known = start - draw(st.integers(0, 400)) * DAY
        met = draw(st.sampled_from([True, False, None]))
        more = {"known_from": known, "host": draw(st.sampled_from(["US", "CN", "KR"]))}
        if met is False:
            more["attended"] = draw(st.sampled_from(["both", "US", "CN", "none"]))
            more["held_in_person"] = more["attended"] != "none"
        elif met:
            more["met_date"] = start + draw(st.integers(-5, 5)) * DAY
        occasions.append(occasion(name, start, draw(st.integers(1, 4)), type, met, **more))
        said = known + draw(st.integers(0, (start - known).days)) * DAY
        if type == "visit":
            windows += [window(name, known, start, start)] * draw(st.booleans())
            windows += [window(name, said, None, None)] * (said > known and draw(st.booleans()))
            signals += [refusal(said, name)] * draw(st.booleans())
        else:
            signals += [announcement(said, name)] * draw(st.booleans())
            strength = draw(st.sampled_from([*LEVELS, 3, -3]))
            signals += [word(draw(st.sampled_from(["US", "CN"])), strength, said, name)]
    signals += [signal(f"{day}-word", day) for day in draw(st.lists(days, max_size=2, unique=True))]
    return ledger(signals, occasions, windows)


class TestWhole:
    def test_an_empty_ledger_has_an_empty_record_of_the_right_shape(self):
        empty, none = record(ledger(), PARAMS), no_record()
        for name in ("classes", "came", "tone", "met", "said", "meeting_days", "notices"):
            found, wanted = getattr(empty, name), getattr(none, name)
            assert found.shape == wanted.shape and found.dtype == wanted.dtype
        assert empty.years == 0 and empty.norm == 0

    @given(pasts(), st.integers(0, 4000))
    def test_any_past_has_a_finite_record_that_the_priors_can_explain(self, whole, days):
        """With nothing decided it says nothing, and nothing is seen that had no time to happen."""
        seen = record(whole.as_of(date(2020, 1, 1) + days * DAY), PARAMS)
        decided = any(o.met is not None for o in whole.as_of(date(2020, 1, 1) + days * DAY).occasions)
        assert parse_day(seen.through.isoformat()) == seen.through
        assert (seen.years > 0) is decided and seen.idle >= 0 and (decided or seen.idle == 0)
        assert seen.exposure >= seen.broken and (seen.notices > 0).all() and len(seen.notices) <= seen.visits
        for hits, trials in (seen.held, seen.will, seen.will_not, seen.again):
            assert 0 <= hits <= trials
        likely = log_likelihood(prior_draws(), seen, seen.idle)
        assert np.isfinite(likely).all() and (decided or not likely.any())

    @given(st.randoms())
    def test_the_order_of_occasions_does_not_change_what_was_decided(self, random):
        rows = [occasion(f"{year}-apec", date(year, 11, 10), met=year % 2 > 0) for year in range(2015, 2023)]
        one, other = (past((), order) for order in (rows, random.sample(rows, len(rows))))
        for name in ("came", "met", "tone", "meeting_days"):
            assert np.array_equal(getattr(one, name), getattr(other, name))


class TestRealRecord:
    """As of 2025-07-11, the counts of design section 4."""

    TYPES = {
        "US": {"apec": (20, 26), "g20": (16, 16), "g8": (6, 6), "nss": (2, 2), "other_multilateral": (7, 7)},
        "CN": {"apec": (27, 27), "g20": (15, 17), "g8": (5, 6), "nss": (4, 4), "other_multilateral": (4, 7)},
    }
    CLASSES = {"US": {"home": (39, 39), "guest": (0, 2)}, "CN": {"home": (5, 5), "guest": (5, 32)}}

    def test_who_came_by_side_class_and_type(self, default_run):
        seen = default_run.record

        def share(chosen):
            return int(seen.came[chosen].sum()), int(chosen.sum())

        assert len(seen.came) == 196 and seen.held == (98, 104)
        for side, code in enumerate(("US", "CN")):
            at_class = {
                name: share((seen.sides == side) & (seen.classes == CLASSES.index(name)))
                for name in ("home", "guest")
            }
            abroad = np.isin(seen.classes, (CLASSES.index("summit"), CLASSES.index("other")))
            assert at_class == self.CLASSES[code]
            assert {
                name: share(abroad & (seen.sides == side) & (seen.types == TYPES.index(name)))
                for name in self.TYPES[code]
            } == self.TYPES[code]

    def test_how_often_they_met_once_both_had_come(self, default_run):
        """At a summit but for one season, which is the claim of the model."""
        seen = default_run.record
        summit = seen.at_summit > 0
        assert summit.sum() - seen.met[summit].sum() == 1
        assert (seen.visits, seen.broken, seen.again) == (14, 3, (2, 2))

    def test_every_meeting_of_the_record_is_one_at_an_occasion_or_a_visit(self, default_run):
        met = [o for o in default_run.ledger.occasions if o.met]
        assert default_run.record.meeting_days.sum() + default_run.record.visits == len(met)


class TestTone:
    def test_a_signal_counts_half_after_a_half_life_and_nothing_before_it_is_public(self):
        day, half_life = date(2025, 1, 1), int(PRIORS.structure.tone_half_life)
        series = ToneSeries(ledger([signal("2025-01-01-call", day, "leader_call", 3)]), PRIORS)
        weights = [series.decayed(day + n * DAY).sum() for n in (-1, 0, half_life, 2 * half_life)]
        assert weights == pytest.approx([0, 1, 0.5, 0.25])

    def test_the_balance_weighs_up_against_down(self):
        tariff = signal("2025-06-01-tariff", kind="economic_coercion", strength=-3, grade="C3")
        up, down = 2 / 3 * 0.72, 0.3
        tone = ToneSeries(ledger([signal(strength=2, grade="B2"), tariff]), PRIORS).at(date(2025, 6, 1))
        assert tone == pytest.approx((up - down) / (up + down + 1))

    def test_rows_tied_by_same_as_count_once_by_the_strongest_and_do_not_grow_younger(self):
        first = signal(strength=3)
        again = signal("2025-07-01-again", date(2025, 7, 1), strength=1, same_as=first.event_id)
        one, both = (ToneSeries(ledger(rows), PRIORS) for rows in ([first], [first, again]))
        assert both.signals == [first] and both.at(AS_OF) == one.at(AS_OF)

    def test_of_one_kind_and_direction_the_strongest_of_a_day_counts(self):
        first, again = signal(strength=1), signal("2025-06-01-again", strength=2)
        others = [
            signal("2025-06-01-low", strength=-1),
            signal("2025-06-02-next", date(2025, 6, 2)),
            signal("2025-06-01-words", kind="official_statement"),
        ]
        series = ToneSeries(ledger([first, again, *others]), PRIORS)
        assert {s.event_id for s in series.signals} == {s.event_id for s in [again, *others]}

    @pytest.mark.parametrize("kind", KINDS)
    def test_an_event_of_which_a_row_names_an_occasion_is_no_part_of_the_tone(self, kind):
        strength = -1 if PRIORS.kinds[kind].sign == "down" else 1
        tied = {"occasion": "2025-apec", "same_as": "2025-06-01-word"}
        rows = [signal(), signal("2025-06-01-apec", kind=kind, strength=strength, **tied)]
        assert ToneSeries(ledger(rows, [occasion()]), PRIORS).signals == []

    def test_a_kind_counts_with_its_weight(self):
        heavy = PRIORS.kinds["envoy_meeting"].model_copy(update={"weight": 2.5})
        priors = PRIORS.model_copy(update={"kinds": dict(PRIORS.kinds) | {"envoy_meeting": heavy}})
        series = ToneSeries(ledger([signal(strength=3)]), priors)
        assert series.weight == pytest.approx([2.5])

    def test_the_weight_of_a_signal_is_its_strength_times_the_reliability_of_its_grade(self):
        doubt = signal(kind="official_statement", strength=-3, grade="C3")
        assert weight_of(signal(strength=3, grade="A1"), PRIORS) == 1
        assert weight_of(doubt, PRIORS) == pytest.approx(0.3)
