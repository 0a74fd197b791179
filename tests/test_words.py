"""Words about an occasion: which count, which settle, and which withdraw others, in any row order."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import DAY, PRIORS, announcement, ledger, occasion, planning, refusal, signal, word

from model.evidence.words import Coming, Meeting, Words, coming, meeting, words, words_about

JUNE = date(2025, 6, 1)


def on(day, strength, side="US", name=""):
    """A word about coming on a day of June."""
    return word(side, strength, JUNE + (day - 1) * DAY, name=name)


class TestComing:
    def test_where_nothing_was_said_nothing_counts(self):
        assert coming([]) == Coming() == Coming(0, (), ())

    @pytest.mark.parametrize(
        "said, settled, levels",
        [
            ([(1, 3)], 1, ()),
            ([(1, -3)], -1, ()),
            ([(1, 3), (2, -3)], -1, ()),
            ([(1, -3), (2, 3)], 1, ()),
            ([(1, 3), (2, -3), (3, 3)], 1, ()),
            ([(1, 3), (2, -2)], 1, (-2,)),
            ([(1, -2), (2, 3)], 1, ()),
            ([(1, 2), (2, 3)], 1, (2,)),
            ([(1, 2), (2, -3)], -1, ()),
            ([(1, -3), (2, 2)], -1, (2,)),
            ([(1, -1), (2, -3)], -1, (-1,)),
            ([(1, 2), (2, -2), (3, 1), (4, -1)], 0, (2, 1, -1, -2)),
            ([(1, 2), (9, 2)], 0, (2,)),
            ([(1, -1), (2, 3), (3, -1)], 1, (-1,)),
        ],
    )
    def test_the_last_settled_word_stands_and_others_count_once_each_since_the_opposite(
        self, said, settled, levels
    ):
        found = coming([on(day, strength, name=f"-{n}") for n, (day, strength) in enumerate(said)])
        assert (found.settled, found.levels) == (settled, levels)

    @pytest.mark.parametrize("strengths, settled", [((3, -3), 0), ((3, 3, -3), 1), ((3, -3, -3), -1)])
    def test_settled_words_of_one_day_that_disagree_settle_by_their_number(self, strengths, settled):
        rows = [on(1, strength, name=f"-{n}") for n, strength in enumerate(strengths)]
        assert coming(rows).settled == settled

    def test_where_a_day_cancels_out_the_settled_word_before_it_stands(self):
        rows = [on(1, 3), on(5, 3, name="-again"), on(5, -3)]
        found = coming(rows)
        assert found.settled == 1 and found.rows == (rows[0],)

    def test_words_of_the_day_of_a_settled_word_to_the_contrary_do_not_count(self):
        assert coming([on(1, -2), on(1, 3)]).levels == () and coming([on(1, 2), on(1, -3)]).levels == ()

    def test_the_rows_that_count_are_named_the_latest_last(self):
        first, gone, settled, last = on(1, 2), on(2, -2), on(3, 3), on(4, -1)
        assert coming([last, settled, gone, first]).rows == (first, settled, last)

    @given(
        st.lists(st.tuples(st.integers(1, 6), st.sampled_from([3, 2, 1, -1, -2, -3])), max_size=8),
        st.randoms(),
    )
    def test_the_order_of_rows_does_not_count(self, said, random):
        rows = [on(day, strength, name=f"-{n}") for n, (day, strength) in enumerate(said)]
        assert coming(rows) == coming(random.sample(rows, len(rows)))


class TestMeeting:
    def test_an_announcement_stands_with_its_day_and_the_day_that_it_names(self):
        said = meeting([announcement(JUNE, for_date=date(2025, 10, 30))], PRIORS)
        assert (said.announced, said.for_date) == (JUNE, date(2025, 10, 30))

    def test_the_day_last_named_stands_also_where_a_later_announcement_names_none(self):
        rows = [
            announcement(JUNE, for_date=date(2025, 10, 30)),
            announcement(JUNE + DAY, for_date=date(2025, 10, 29)),
            announcement(JUNE + 2 * DAY),
        ]
        said = meeting(rows, PRIORS)
        assert (said.announced, said.for_date) == (JUNE + 2 * DAY, date(2025, 10, 29))

    @pytest.mark.parametrize(
        "day, grade, stands",
        [(1, "A1", False), (0, "A1", False), (-1, "A1", True), (1, "B3", False), (1, "C1", True)],
    )
    def test_a_reliable_refusal_of_the_same_day_or_later_takes_an_announcement_back(self, day, grade, stands):
        said = meeting([announcement(JUNE), refusal(JUNE + day * DAY, grade=grade)], PRIORS)
        assert (said.announced == JUNE) == stands

    def test_a_refusal_that_takes_an_announcement_back_doubts_the_meeting_and_revives_doubts_before_it(self):
        rows = [planning(JUNE - DAY, strength=-2), announcement(JUNE)]
        assert meeting(rows, PRIORS).doubted == 0
        assert meeting([*rows, refusal(JUNE + DAY, grade="B5")], PRIORS).doubted == pytest.approx(2 / 3)
        assert meeting([*rows, refusal(JUNE + DAY)], PRIORS).doubted == 1

    @pytest.mark.parametrize("day, doubted", [(-1, 0), (0, 0), (1, 2 / 3)])
    def test_an_announcement_undoes_the_doubts_up_to_its_day(self, day, doubted):
        said = meeting([announcement(JUNE), planning(JUNE + day * DAY, strength=-2)], PRIORS)
        assert said.doubted == pytest.approx(doubted)

    def test_the_strongest_word_of_planning_and_of_doubt_counts_by_strength_and_grade(self):
        rows = [
            planning(JUNE, strength=1),
            replace(planning(JUNE, strength=3, name="-b"), grade="C3"),
            planning(JUNE, strength=-1),
            planning(JUNE + DAY, strength=-3, name="-c"),
        ]
        said = meeting(rows, PRIORS)
        assert (said.planned, said.doubted) == (pytest.approx(1 / 3), 1)
        assert set(said.rows) == {rows[0], rows[3]}

    def test_words_about_coming_are_none_about_meeting(self):
        assert meeting([word("US", 3), word("CN", -3)], PRIORS) == Meeting()


class TestWords:
    @pytest.mark.parametrize("side", ["US", "CN", "both"])
    @pytest.mark.parametrize("day, stands", [(1, False), (0, False), (-1, True)])
    def test_a_settled_word_that_a_leader_stays_away_takes_an_announcement_back(self, side, day, stands):
        said = words([announcement(JUNE), word(side, -3, JUNE + day * DAY)], PRIORS)
        assert (said.meeting.announced == JUNE) == stands

    def test_it_stands_again_once_he_is_settled_to_come(self):
        rows = [announcement(JUNE), word("US", -3, JUNE + DAY), word("US", 3, JUNE + 2 * DAY)]
        assert words(rows, PRIORS).meeting.announced == JUNE

    @pytest.mark.parametrize("strength", [-1, -2])
    def test_an_unsettled_word_takes_nothing_back(self, strength):
        assert words([announcement(JUNE), word("US", strength, JUNE + DAY)], PRIORS).meeting.announced == JUNE

    def test_each_side_and_the_occasion_have_their_own_words(self):
        said = words([word("US", 3), word("CN", -1), word("both", -3)], PRIORS)
        assert (said.coming("US").settled, said.coming("both").settled) == (1, -1)
        assert said.coming("CN").levels == (-1,)
        assert words([word("US", 3)], PRIORS).coming("CN") == Coming()

    def test_every_row_that_counts_is_named_once_by_date(self):
        rows = [
            word("US", 2, JUNE + DAY),
            announcement(JUNE),
            planning(JUNE - DAY, strength=2),
            word("CN", -2, JUNE - 2 * DAY),
        ]
        assert words(rows, PRIORS).rows == (rows[3], rows[2], rows[1], rows[0])
        assert words([], PRIORS) == Words({})


class TestTies:
    def about(self, *rows):
        g20 = occasion("2025-g20", date(2025, 11, 22), type="g20")
        return words_about(ledger(rows, [occasion(), g20]), PRIORS)

    def test_of_tied_rows_the_strongest_counts(self):
        weak = planning(JUNE, strength=1)
        strong = planning(JUNE + DAY, strength=3, same_as=weak.event_id)
        assert self.about(weak, strong) == {"2025-apec": [strong]}

    def test_tied_rows_about_the_coming_of_each_side_and_the_meeting_are_three_matters(self):
        first = announcement(JUNE)
        rows = [first, *(word(side, 3, same_as=first.event_id) for side in ("US", "CN"))]
        assert set(self.about(*rows)["2025-apec"]) == set(rows)

    def test_tied_rows_about_two_occasions_count_for_each(self):
        rows = [planning(JUNE), planning(JUNE, "2025-g20", name="-g20", same_as=planning(JUNE).event_id)]
        assert self.about(*rows) == {"2025-apec": [rows[0]], "2025-g20": [rows[1]]}

    def test_a_row_that_names_no_occasion_is_about_none(self):
        assert self.about(signal()) == {}
