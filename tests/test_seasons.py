"""The calendar: seasons of occasions, meeting days, and expected occasions."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import DAY, PRIORS, ledger, occasion, visit

from model.evidence.seasons import expected_occasions, meetings, seasons


class TestSeasons:
    def test_starts_at_most_the_gap_apart_are_one_season_and_one_day_more_are_two(self):
        first = occasion("2025-a", date(2025, 9, 1))
        near, far = occasion("2025-b", date(2025, 10, 1)), occasion("2025-c", date(2025, 10, 2))
        assert [len(s.occasions) for s in seasons([first, near], 30)] == [2]
        assert [len(s.occasions) for s in seasons([first, far], 30)] == [1, 1]

    def test_a_season_is_a_chain_so_that_its_ends_may_be_further_apart_than_the_gap(self):
        chain = [occasion(f"2025-{n}", date(2025, 8, 1) + n * 25 * DAY) for n in range(4)]
        assert [s.id for s in seasons(chain, 30)] == ["2025-0"]

    def test_visits_belong_to_no_season_and_bridge_none(self):
        rows = [
            occasion("2025-a", date(2025, 9, 1)),
            visit(start=date(2025, 9, 25)),
            occasion("2025-b", date(2025, 10, 20)),
        ]
        assert [[o.occasion_id for o in s.occasions] for s in seasons(rows, 30)] == [["2025-a"], ["2025-b"]]

    @given(st.lists(st.integers(0, 400), max_size=8), st.randoms())
    def test_the_order_of_the_rows_does_not_matter(self, offsets, random):
        rows = [occasion(f"2025-{n}", date(2025, 1, 1) + offset * DAY) for n, offset in enumerate(offsets)]
        assert seasons(rows, 30) == seasons(random.sample(rows, len(rows)), 30)

    def test_a_meeting_counts_from_five_days_before_the_first_start_to_five_after_the_last_end(self):
        (season,) = seasons(
            [occasion("2025-a", date(2025, 9, 1), 3), occasion("2025-b", date(2025, 9, 20), 2)], 30
        )
        held = [day for n in range(60) if season.holds(day := date(2025, 8, 10) + n * DAY)]
        assert (held[0], held[-1]) == (date(2025, 8, 27), date(2025, 9, 26))

    def test_a_day_on_which_they_met_counts_once(self):
        rows = [
            occasion("2024-a", date(2024, 9, 1), met=True),
            visit("2024-b", date(2024, 9, 1), met=True),
            occasion("2023-a", date(2023, 9, 1), met=True),
            occasion("2022-a", date(2022, 9, 1), met=False),
        ]
        assert meetings(ledger((), rows)) == [date(2023, 9, 1), date(2024, 9, 1)]


class TestExpected:
    def test_yearly_occasions_without_a_date_are_expected_around_the_day_of_the_last_one(self):
        """A day earlier or later where a leap day lies between."""
        rows = [
            occasion("2025-apec", date(2025, 11, 15), 2),
            occasion("2025-nss", date(2025, 3, 1), type="nss"),
        ]
        found = expected_occasions(rows, date(2027, 12, 31), PRIORS)
        assert [(o.start_date.year, o.type) for o in found] == [(y, "apec") for y in (2026, 2027, 2028)]
        for o in found:
            assert abs(o.start_date - date(o.start_date.year, 11, 15)) <= DAY
            assert o.end_date - o.start_date == DAY and o.known_from == rows[0].known_from
            assert o.met is None and "no date yet" in o.name

    @pytest.mark.parametrize("hosts, expected", [(("US", "US"), "US"), (("KR", "PE"), "")])
    def test_the_host_is_expected_only_where_it_is_always_the_same(self, hosts, expected):
        rows = [
            occasion(f"{2023 + n}-unga", date(2023 + n, 9, 20), type="unga", host=host)
            for n, host in enumerate(hosts)
        ]
        assert [o.host for o in expected_occasions(rows, date(2025, 12, 31), PRIORS)] == [expected] * 2

    def test_a_series_whose_next_one_has_a_date_begins_after_that(self):
        rows = [occasion("2024-apec", date(2024, 11, 15)), occasion("2025-apec", date(2025, 10, 31))]
        assert [o.start_date for o in expected_occasions(rows, date(2025, 12, 31), PRIORS)] == [
            date(2026, 10, 31)
        ]

    def test_nothing_is_expected_of_a_series_that_is_not_there(self):
        assert expected_occasions([], date(2030, 1, 1), PRIORS) == []
