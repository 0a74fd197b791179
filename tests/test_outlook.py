"""The outlook on a day: which occasions are open, and which visits are agreed or postponed."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import (
    AS_OF,
    DAY,
    PARAMS,
    PRIORS,
    ahead_of,
    announcement,
    ledger,
    occasion,
    planning,
    refusal,
    visit,
    window,
    word,
)

from model.answer.forecast import read
from model.evidence.outlook import (
    AGREED,
    ANNOUNCED,
    DOUBTED,
    OFF,
    PAST,
    PLANNED,
    PUT_OFF,
    REFUSED,
    SCHEDULED,
    outlook,
    unspoken,
)
from model.evidence.words import Words

DEADLINE = date(2025, 12, 31)
SEEDS = read(PARAMS)
JULY_1 = date(2025, 7, 1)
NARROWER = window(day=JULY_1, earliest=date(2025, 9, 3), latest=date(2025, 9, 4))


def ahead(signals=(), occasions=(), windows=(), day=AS_OF, deadline=DEADLINE):
    return ahead_of(ledger(signals, occasions, windows), day, deadline)


class TestSeasons:
    def test_days_count_from_the_as_of_day_and_the_deadline_is_in(self):
        found = ahead((), [occasion()])
        assert found.horizon == 173 and found.seasons[0].slots[0].ahead == (date(2025, 10, 31) - AS_OF).days

    @pytest.mark.parametrize(
        "rows, status",
        [
            ([], SCHEDULED),
            ([planning()], PLANNED),
            ([planning(strength=-2)], DOUBTED),
            ([announcement()], ANNOUNCED),
            ([announcement(), planning(date(2025, 6, 9), strength=-3)], ANNOUNCED),
            ([announcement(), refusal()], DOUBTED),
            ([word("US", -3)], "US stays away"),
            ([word("US", -3), word("CN", -3)], "CN and US stay away"),
            ([word("both", -3)], OFF),
            ([word("US", 3), word("CN", 3)], SCHEDULED),
            ([word("US", -2)], SCHEDULED),
        ],
    )
    def test_the_status_says_the_word_that_matters_most(self, rows, status):
        found = ahead(rows, [occasion()])
        slot = found.seasons[0].slots[0]
        assert {*slot.status.split()} == {*status.split()} and found.statuses["2025-apec"] == slot.status

    def test_a_word_of_the_as_of_day_is_used_and_one_of_the_next_day_is_not(self):
        for day, status in ((AS_OF, ANNOUNCED), (AS_OF + DAY, SCHEDULED)):
            assert ahead([announcement(day)], [occasion()]).seasons[0].slots[0].status == status

    def test_an_occasion_from_which_a_leader_stays_away_stays_open(self):
        assert ahead([word("US", -3)], [occasion()]).seasons[0].open

    def test_an_occasion_is_open_while_a_meeting_on_its_last_possible_day_is_still_ahead(self):
        for late, status in ((2, SCHEDULED), (3, PAST)):
            rows = [occasion("2025-a", AS_OF - late * DAY, 9), occasion("2025-b", AS_OF + 20 * DAY)]
            slot = ahead((), rows).seasons[0].slots[0]
            assert slot.status == status and slot.open == (status == SCHEDULED)

    def test_a_season_under_way_stays_until_they_have_met_in_it(self):
        second = occasion("2025-b", AS_OF + 15 * DAY)
        for met, left in ((False, 1), (True, 0)):
            assert len(ahead((), [occasion("2025-a", AS_OF - 5 * DAY, met=met), second]).seasons) == left

    def test_seasons_that_begin_well_after_the_deadline_are_left_out(self):
        for days, left in ((5, 1), (6, 0)):
            assert len(ahead((), [occasion(start=DEADLINE + days * DAY)]).seasons) == left

    def test_today_s_tone_fades_over_the_distance_to_the_season_less_the_lead(self):
        s = PRIORS.structure
        near, far, nearer = (
            ahead((), [occasion(start=AS_OF + days * DAY)], deadline=AS_OF + 300 * DAY).seasons[0].fade
            for days in (s.lead, s.lead + int(s.tone_half_life), 10)
        )
        assert nearer == near == 1 and far == pytest.approx(0.5)

    def test_one_expected_early_in_the_next_year_may_still_bring_a_meeting_in_this_one(self):
        (view,) = ahead((), [occasion("2025-apec", date(2025, 1, 2), met=False)]).seasons
        assert view.season.first_start == date(2026, 1, 2)

    def test_a_season_is_the_same_whatever_the_deadline(self):
        rows = [
            occasion("2024-g20", date(2024, 11, 30), type="g20", met=False, known_from=date(2023, 1, 1)),
            occasion("2025-apec", date(2025, 11, 14)),
        ]
        for deadline in (date(2025, 11, 10), date(2025, 11, 20), date(2026, 6, 1)):
            slots = ahead((), rows, deadline=deadline).seasons[0].slots
            assert [slot.occasion.type for slot in slots] == ["apec", "g20"]

    def test_unspoken_leaves_the_calendar_and_takes_the_words(self):
        view = ahead([announcement(), word("US", -3)], [occasion()]).seasons[0]
        assert unspoken(view).slots[0].words == Words({}) and unspoken(view).season == view.season


class TestVisits:
    @pytest.mark.parametrize(
        "windows, said, days, status",
        [
            ([window()], [], (52, 61), AGREED),
            ([window()], [announcement(occasion="2025-visit")], (52, 61), ANNOUNCED),
            ([window(), NARROWER], [], (54, 55), AGREED),
            ([window(), window(day=JULY_1, earliest=None, latest=None)], [], None, PUT_OFF),
            ([window(earliest=date(2025, 6, 20), latest=date(2025, 7, 20))], [], (-21, 9), AGREED),
            ([window(earliest=date(2025, 6, 20), latest=AS_OF)], [], None, AGREED),
            ([window(earliest=date(2026, 1, 1), latest=date(2026, 2, 1))], [], None, AGREED),
            ([window()], [refusal(date(2025, 6, 2), "2025-visit")], None, REFUSED),
            ([window()], [refusal(date(2025, 6, 2), "2025-visit", "C3")], None, REFUSED),
            ([window(), window(day=JULY_1)], [refusal(date(2025, 6, 20), "2025-visit")], (52, 61), AGREED),
            ([window(), window(day=JULY_1)], [refusal(JULY_1, "2025-visit")], None, REFUSED),
            (
                [window()],
                [refusal(date(2025, 6, 2), "2025-visit"), announcement(date(2025, 6, 9), "2025-visit")],
                (52, 61),
                ANNOUNCED,
            ),
            ([], [], None, None),
        ],
    )
    def test_a_visit_is_ahead_in_its_latest_window_unless_put_off_or_refused_since(
        self, windows, said, days, status
    ):
        found = ahead(said, [visit()], windows)
        assert [(view.first, view.last) for view in found.visits] == ([days] if days else [])
        assert found.statuses.get("2025-visit") == status

    def test_words_before_the_latest_window_do_not_count_but_an_announcement_does(self):
        said = [planning(date(2025, 5, 1), "2025-visit"), announcement(date(2025, 5, 1), "2025-visit")]
        words = ahead(said, [visit()], [window()]).visits[0].words.meeting
        assert words.announced == date(2025, 5, 1) and words.planned == 0

    def test_a_visit_that_took_place_is_not_ahead(self):
        rows = [visit(start=date(2025, 7, 1), met=True, known_from=date(2025, 1, 1))]
        windows = [window(day=date(2025, 6, 1), earliest=date(2025, 6, 25), latest=date(2025, 8, 1))]
        assert ahead((), rows, windows).visits == ()
        assert len(ahead((), rows, windows, day=date(2025, 6, 28)).visits) == 1

    def test_an_invitation_that_was_never_accepted_is_no_agreed_visit(self):
        """Xi was invited to the inauguration of 2025; nothing was arranged but the rows of the invitation."""
        seen = ahead_of(read(PARAMS), date(2025, 1, 5), date(2025, 3, 1))
        assert seen.visits == () and seen.put_off == ()


class TestPutOff:
    OFF = window(day=date(2025, 6, 1), earliest=None, latest=None)

    @pytest.mark.parametrize(
        "day, left", [(date(2025, 6, 1), 365), (AS_OF, 325), (date(2026, 5, 31), 1), (date(2026, 6, 1), 0)]
    )
    def test_a_visit_put_off_is_expected_again_for_a_year(self, day, left):
        later = visit(start=date(2026, 9, 1), known_from=date(2025, 1, 1))
        found = ahead((), [later], [self.OFF], day, day + 400 * DAY)
        assert [(view.last, view.since) for view in found.put_off] == ([(left, 365 - left)] if left else [])
        assert found.statuses["2025-visit"] == PUT_OFF

    @pytest.mark.parametrize(
        "host, known, renewed",
        [("CN", date(2025, 7, 1), True), ("US", date(2025, 7, 1), False), ("CN", date(2025, 5, 1), False)],
    )
    def test_until_a_new_visit_of_the_same_host_is_agreed(self, host, known, renewed):
        other = visit("2025-other", date(2025, 11, 1), host=host, known_from=known)
        again = window("2025-other", date(2025, 7, 1), date(2025, 11, 1), date(2025, 11, 9))
        found = ahead((), [visit(known_from=date(2025, 1, 1)), other], [self.OFF, again])
        assert len(found.put_off) == (not renewed)

    @pytest.mark.parametrize("host, renewed", [("CH", True), ("HU", True), ("US", False)])
    def test_a_meeting_put_off_in_a_third_country_may_be_agreed_anew_in_another(self, host, renewed):
        other = visit("2025-other", date(2025, 11, 1), host=host, known_from=date(2025, 7, 1))
        again = window("2025-other", date(2025, 7, 1), date(2025, 11, 1), date(2025, 11, 9))
        late = visit(start=date(2026, 9, 1), host="HU", known_from=date(2025, 1, 1))
        assert len(ahead((), [late, other], [self.OFF, again]).put_off) == (not renewed)

    @pytest.mark.parametrize(
        "said, met, expected",
        [
            ([], None, 1),
            ([refusal(date(2025, 6, 2), "2025-visit")], None, 0),
            ([refusal(date(2025, 5, 30), "2025-visit")], None, 1),
            ([], True, 0),
        ],
    )
    def test_unless_it_was_refused_or_took_place_since(self, said, met, expected):
        row = visit(start=date(2025, 7, 1), known_from=date(2025, 1, 1), met=met)
        assert len(ahead(said, [row], [self.OFF]).put_off) == expected


@settings(max_examples=40)
@given(st.integers(0, 900))
def test_nothing_of_the_seeds_is_seen_before_it_is_public(days):
    day = date(2023, 3, 1) + timedelta(days)
    found = outlook(SEEDS.as_of(day), day, day + 200 * DAY, PARAMS)
    slots = [slot for view in found.seasons for slot in view.slots]
    assert all(row.public_date <= day for place in (*slots, *found.visits) for row in place.words.rows)
    assert all(row.public_date <= day for row in found.tone_series.signals)
    assert all(slot.occasion.known_from <= day for slot in slots)
    assert all(visit.window.public_date <= day for visit in found.visits)
