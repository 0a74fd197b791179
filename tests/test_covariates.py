"""The ledger as seen on a date: seasons, words and tone, and nothing of what came later."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import AS_OF, DAY, KINDS, PRIORS, TYPES, ledger, occasion, signal, visit, window

from model.covariates import (ANNOUNCED, DOUBTED, PAST, PLANNED, REFUSED, SCHEDULED, YEARS, ToneSeries, Words,
                              formality, outlook, record, seasons, weight_of, words, words_about, year_of)

DEADLINE = date(2025, 12, 31)
SUMMIT = date(2025, 10, 31)


def about(day, kind="visit_planning", strength=2, grade="A1", name=""):
    """A word about the occasion 2025-apec."""
    return signal(f"{day}-{kind.replace('_', '-')}{name}", day, kind, strength, grade, "2025-apec")


def announced(day, strength=3):
    return about(day, "summit_announced", strength)


def refused(day, strength=-2, grade="A1"):
    return about(day, "contact_missed", strength, grade)


def doubted(day, strength=-2, grade="A1", name=""):
    return about(day, "official_statement", strength, grade, name)


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
        rows = [occasion("2025-a", date(2025, 9, 1)), visit(start=date(2025, 9, 25)), occasion("2025-b", date(2025, 10, 20))]
        assert [[o.occasion_id for o in s.occasions] for s in seasons(rows, 30)] == [["2025-a"], ["2025-b"]]

    @given(st.lists(st.integers(0, 400), max_size=8), st.randoms())
    def test_the_order_of_the_rows_does_not_matter(self, offsets, random):
        rows = [occasion(f"2025-{n}", date(2025, 1, 1) + offset * DAY) for n, offset in enumerate(offsets)]
        shuffled = random.sample(rows, len(rows))
        assert seasons(rows, 30) == seasons(shuffled, 30)

    def test_a_meeting_counts_from_five_days_before_the_first_start_to_five_after_the_last_end(self):
        season, = seasons([occasion("2025-a", date(2025, 9, 1), 3), occasion("2025-b", date(2025, 9, 20), 2)], 30)
        held = [day for n in range(60) if season.holds(day := date(2025, 8, 10) + n * DAY)]
        assert (held[0], held[-1]) == (date(2025, 8, 27), date(2025, 9, 26))

    def test_years_outside_the_range_share_the_effect_at_its_end(self):
        def effect(year):
            return year_of(*seasons([occasion(f"{year}-a", date(year, 9, 1))], 30))

        assert (effect(1990), effect(2025)) == (0, 35)
        assert effect(1950) == 0 and effect(2150) == YEARS - 1


class TestWords:
    def status(self, *rows, day=AS_OF):
        return words(rows, day, PRIORS).status

    def test_without_words_an_occasion_is_scheduled(self):
        assert words([], AS_OF, PRIORS) == Words() and Words().status == SCHEDULED

    @pytest.mark.parametrize("rows, status", [
        ([about(date(2025, 6, 1))], PLANNED), ([doubted(date(2025, 6, 1))], DOUBTED),
        ([announced(date(2025, 6, 1))], ANNOUNCED), ([refused(date(2025, 6, 1))], REFUSED),
        ([refused(date(2025, 6, 1), grade="C3")], DOUBTED),
        ([announced(date(2025, 6, 1)), doubted(date(2025, 6, 2))], ANNOUNCED),
        ([announced(date(2025, 6, 1)), refused(date(2025, 6, 2))], REFUSED),
        ([refused(date(2025, 6, 1)), announced(date(2025, 6, 2))], ANNOUNCED),
        ([refused(date(2025, 6, 1)), about(date(2025, 6, 2), strength=3)], REFUSED),
    ])
    def test_the_status_is_the_last_formal_word_or_else_the_strongest_other(self, rows, status):
        assert self.status(*rows) == status

    def test_a_refusal_is_formal_when_its_source_is_at_least_usually_reliable(self):
        assert [formality(refused(AS_OF, grade=f"{letter}2")) for letter in "ABCDEF"] == [-1, -1, 0, 0, 0, 0]
        assert formality(announced(AS_OF)) == 1 and formality(doubted(AS_OF)) == 0

    def test_of_formal_words_of_one_day_the_stronger_side_counts(self):
        day = date(2025, 6, 1)
        assert self.status(announced(day, 3), refused(day, -2)) == ANNOUNCED
        assert self.status(announced(day, 1), refused(day, -2)) == REFUSED

    def test_of_other_words_of_one_day_the_stronger_side_counts_by_the_difference(self):
        day = date(2025, 7, 11)
        said = words([about(day, strength=3), doubted(day, -2)], day, PRIORS)
        assert (said.planned, said.doubted) == (pytest.approx(1 / 3), 0.0)

    def test_formal_beats_informal_on_the_same_day(self):
        day = date(2025, 6, 1)
        assert words([announced(day), doubted(day, -3)], day, PRIORS).doubted == 0
        assert words([refused(day), about(day, strength=3)], day, PRIORS).planned == 0

    def test_a_doubt_is_halved_every_half_life_and_planning_stays(self):
        half_life = int(PRIORS.structure.doubt_half_life)
        day, later = date(2025, 6, 1), date(2025, 6, 1) + half_life * DAY
        said = words([about(day), doubted(day + DAY, -3)], later + DAY, PRIORS)
        assert said.doubted == pytest.approx(0.5) and said.planned == pytest.approx(2 / 3)

    def test_a_formal_word_undoes_the_doubts_before_it(self):
        said = words([announced(date(2025, 6, 1)), doubted(date(2025, 6, 5), -3), announced(date(2025, 6, 9))], AS_OF, PRIORS)
        assert said.doubted == 0 and said.formal_day == date(2025, 6, 9)

    def test_an_announcement_said_again_does_not_undo_the_planning_since_the_first(self):
        once = [announced(date(2025, 6, 1)), about(date(2025, 6, 5), strength=3)]
        assert words([*once, announced(date(2025, 6, 9))], AS_OF, PRIORS).planned == words(once, AS_OF, PRIORS).planned == 1
        after_refusal = [*once, refused(date(2025, 6, 7)), announced(date(2025, 6, 9))]
        assert words(after_refusal, AS_OF, PRIORS).planned == 0

    @given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["announced", "refused", "pressed", "planned", "doubted"]),
                              st.integers(1, 3)), max_size=8), st.randoms())
    def test_the_order_of_the_rows_does_not_matter(self, said, random):
        kinds = {"announced": ("summit_announced", 1, "A1"), "refused": ("contact_missed", -1, "A1"),
                 "pressed": ("contact_missed", -1, "C3"), "planned": ("visit_planning", 1, "B2"),
                 "doubted": ("official_statement", -1, "B2")}
        rows = []
        for n, (day, what, strength) in enumerate(said):
            kind, sign, grade = kinds[what]
            rows.append(about(date(2025, 6, 1) + day * DAY, kind, sign * strength, grade, f"-{n}"))
        assert words(rows, AS_OF, PRIORS) == words(random.sample(rows, len(rows)), AS_OF, PRIORS)

    def test_rows_of_one_event_count_once_and_the_first_of_equally_strong_ones_speaks(self):
        rows = [doubted(date(2025, 6, 1)), replace(doubted(date(2025, 7, 1)), same_as="2025-06-01-official-statement")]
        told = ledger(rows, [occasion()])
        assert words_about(told, PRIORS)["2025-apec"] == rows[:1]
        untied = ledger([rows[0], replace(rows[1], same_as="")], [occasion()])
        assert len(words_about(untied, PRIORS)["2025-apec"]) == 2


class TestTone:
    def test_a_signal_counts_half_after_a_half_life_and_nothing_before_it_is_public(self):
        day, half_life = date(2025, 1, 1), int(PRIORS.structure.tone_half_life)
        series = ToneSeries(ledger([signal("2025-01-01-call", day, "leader_call", 3)]), PRIORS)
        weights = [series.at(when).up.sum() for when in (day - DAY, day, day + half_life * DAY, day + 2 * half_life * DAY)]
        assert weights == pytest.approx([0, 1, 0.5, 0.25])

    def test_signals_stand_under_their_kind_up_or_down_by_strength_and_reliability(self):
        tone = ToneSeries(ledger([signal(strength=2, grade="B2"),
                                  signal("2025-06-01-tariff", kind="economic_coercion", strength=-3, grade="C3"),
                                  signal("2025-06-01-words", kind="official_statement", strength=-1)]), PRIORS).at(date(2025, 6, 1))
        up, down = dict(zip(KINDS, tone.up)), dict(zip(KINDS, tone.down))
        assert up.pop("envoy_meeting") == pytest.approx(2 / 3 * 0.72) and not any(up.values())
        assert down.pop("economic_coercion") == pytest.approx(0.3) and down.pop("official_statement") == pytest.approx(1 / 3)
        assert not any(down.values())

    def test_rows_tied_by_same_as_count_once_by_the_strongest(self):
        first = signal(strength=1)
        again = signal("2025-06-01-again", strength=3, same_as=first.event_id)
        weak = signal("2025-06-03-more", date(2025, 6, 3), strength=1, same_as="2025-06-01-again")
        assert [s.event_id for s in ToneSeries(ledger([first, again, weak]), PRIORS).signals] == ["2025-06-01-again"]

    def test_telling_an_event_again_later_does_not_make_it_younger(self):
        first, again = signal(), signal("2025-07-01-again", date(2025, 7, 1), same_as="2025-06-01-word")
        once, twice = (ToneSeries(ledger(rows), PRIORS).at(AS_OF) for rows in ([first], [first, again]))
        assert np.array_equal(once.up, twice.up)

    def test_of_one_kind_and_direction_the_strongest_of_a_day_counts(self):
        first, again = signal(strength=1), signal("2025-06-01-again", strength=2)
        others = [signal("2025-06-01-low", strength=-1), signal("2025-06-02-next", date(2025, 6, 2)),
                  signal("2025-06-01-words", kind="official_statement")]
        series = ToneSeries(ledger([first, again, *others]), PRIORS)
        assert {s.event_id for s in series.signals} == {s.event_id for s in [again, *others]}
        assert (again, first) in series.events

    def test_an_event_that_names_an_occasion_is_no_part_of_the_tone(self):
        rows = [signal(), signal("2025-06-01-apec", occasion="2025-apec", same_as="2025-06-01-word")]
        assert ToneSeries(ledger(rows, [occasion()]), PRIORS).signals == []

    def test_the_weight_of_a_signal_is_its_strength_times_the_reliability_of_its_grade(self):
        assert weight_of(signal(strength=3, grade="A1"), PRIORS) == 1
        assert weight_of(signal(kind="official_statement", strength=-3, grade="C3"), PRIORS) == pytest.approx(0.3)


class TestRecord:
    def past(self, signals=(), occasions=(), windows=(), day=AS_OF):
        return record(ledger(signals, occasions, windows).as_of(day), PRIORS)

    def test_an_empty_ledger_has_an_empty_record_of_the_right_shape(self):
        past = record(ledger(), PRIORS)
        assert past.types.shape == past.where.shape == (0, len(TYPES)) and past.up.shape == past.down.shape == (0, len(KINDS))
        assert past.met.dtype == bool and past.year.dtype == int and past.years == 0

    def test_one_season_is_one_chance_and_remembers_where_they_met(self):
        rows = [occasion("2023-apec", date(2023, 11, 15), type="apec", met=True),
                occasion("2023-g20", date(2023, 11, 28), type="g20", met=False)]
        past = self.past(occasions=rows)
        assert past.season_ids == ("2023-apec",) and past.met.tolist() == [True]
        assert dict(zip(TYPES, past.types[0])) == {name: float(name in ("apec", "g20")) for name in TYPES}
        assert past.where[0].tolist() == [float(name == "apec") for name in TYPES] and past.year.tolist() == [33]

    def test_a_season_with_one_occasion_says_nothing_about_the_choice(self):
        assert not self.past(occasions=[occasion("2023-apec", date(2023, 11, 15), met=True)]).where.any()

    def test_a_season_is_part_of_the_record_only_when_all_of_it_is_decided(self):
        rows = [occasion("2023-apec", date(2023, 11, 15), type="apec", met=True),
                occasion("2023-g20", date(2023, 11, 28), type="g20", met=False)]
        assert self.past(occasions=rows, day=date(2023, 11, 28)).season_ids == ()
        assert self.past(occasions=rows, day=date(2023, 11, 29)).season_ids == ("2023-apec",)

    def test_a_visit_close_by_counts_as_a_meeting_of_the_season(self):
        rows = [occasion("2023-apec", date(2023, 11, 15), met=False), visit("2023-visit", date(2023, 11, 21), met=True)]
        assert self.past(occasions=rows).met.tolist() == [True]
        rows[1] = visit("2023-visit", date(2023, 11, 22), met=True)
        assert self.past(occasions=rows).met.tolist() == [False]

    def test_the_tone_is_that_of_eight_weeks_before_the_season(self):
        start = date(2023, 11, 15)
        lead = PRIORS.structure.lead * DAY
        on_time, late = (signal(f"{day}-call", day, "leader_call", 3) for day in (start - lead, start - lead + DAY))
        past = self.past([on_time, late], [occasion("2023-apec", start, met=False)])
        assert past.up.sum() == pytest.approx(1)

    def test_leads_are_days_and_half_a_day_from_the_first_formal_word_to_the_meeting_or_the_occasion(self):
        start = date(2023, 11, 15)
        rows = [signal(f"{day}-{kind}".replace("_", "-"), day, kind, strength, "A1", where) for day, kind, strength, where in [
            (start - 9 * DAY, "summit_announced", 3, "2023-apec"), (start - 20 * DAY, "summit_announced", 3, "2023-apec"),
            (date(2022, 10, 1), "contact_missed", -2, "2022-g20")]]
        past = self.past(rows, [occasion("2023-apec", start, met=True),
                                occasion("2022-g20", date(2022, 10, 31), type="g20", met=False)])
        assert past.announcement_lead.tolist() == [20.5] and past.refusal_lead.tolist() == [30.5]
        assert past.kept == (1, 1) and past.revived == (0, 1)

    def test_a_word_on_the_day_itself_leads_by_half_a_day(self):
        row = signal("2023-11-15-x", date(2023, 11, 15), "summit_announced", 3, "A1", "2023-apec")
        assert self.past([row], [occasion("2023-apec", date(2023, 11, 15), met=True)]).announcement_lead.tolist() == [0.5]

    @pytest.mark.parametrize("grade, refusals", [("A1", 1), ("C3", 0)])
    def test_only_formal_refusals_count_as_refused(self, grade, refusals):
        row = signal("2023-11-01-x", date(2023, 11, 1), "contact_missed", -2, grade, "2023-apec")
        past = self.past([row], [occasion("2023-apec", date(2023, 11, 15), met=False)])
        assert past.refused[TYPES.index("apec")].tolist() == [refusals, 1]

    @pytest.mark.parametrize("day, planned", [(date(2023, 11, 1), 1), (date(2023, 11, 2), 0), (date(2023, 11, 5), 0)])
    def test_planning_counts_only_before_the_announcement(self, day, planned):
        rows = [signal("2023-11-02-x", date(2023, 11, 2), "summit_announced", 3, "A1", "2023-apec"),
                signal(f"{day}-plan", day, "visit_planning", 2, "A1", "2023-apec")]
        past = self.past(rows, [occasion("2023-apec", date(2023, 11, 15), met=True)])
        assert past.planned_met == (planned, 1) and past.planned_unmet == (0, 0)

    def test_visits_and_one_off_gatherings_are_the_surprises(self):
        rows = [visit("2023-visit", date(2023, 6, 1), met=True), visit("2024-visit", date(2024, 6, 1), met=False),
                occasion("2024-nss", date(2024, 3, 1), type="nss", met=True, known_from=date(2023, 12, 1)),
                occasion("2023-apec", date(2023, 11, 15), met=True)]
        past = self.past((), rows, [window("2023-visit", date(2023, 5, 2), date(2023, 5, 25), date(2023, 6, 9)),
                                    window("2024-visit", date(2024, 5, 2), date(2024, 5, 25), date(2024, 6, 9))])
        assert sorted(past.surprise_lead) == [30.5, 91.5] and past.surprises == 2 and past.window_kept == (1, 2)

    def test_a_visit_beside_a_season_is_a_hit_of_the_season_and_no_surprise(self):
        rows = [visit("2023-visit", date(2023, 11, 13), met=True), occasion("2023-apec", date(2023, 11, 15), met=False)]
        past = self.past((), rows, [window("2023-visit", date(2023, 10, 2), date(2023, 11, 13), date(2023, 11, 13))])
        assert past.met.tolist() == [True] and past.surprises == 0 and past.surprise_lead.tolist() == [42.5]

    def test_exposure_runs_from_the_first_occasion_to_the_last_day_on_which_an_outcome_became_known(self):
        rows = [occasion("2022-apec", date(2022, 11, 15), met=True), occasion("2023-apec", date(2023, 11, 15), 3, met=False)]
        past = self.past(occasions=rows)
        assert past.through == date(2023, 11, 17) and past.years == pytest.approx(367 / 365.25)
        assert past.meeting_day.sum() == 1


class TestOutlook:
    def ahead(self, signals=(), occasions=(), windows=(), day=AS_OF, deadline=DEADLINE):
        return outlook(ledger(signals, occasions, windows).as_of(day), day, deadline, PRIORS)

    def test_days_count_from_the_as_of_day_and_the_deadline_is_in(self):
        ahead = self.ahead(occasions=[occasion(start=SUMMIT)])
        assert ahead.horizon == 173 and ahead.seasons[0].slots[0].ahead == (SUMMIT - AS_OF).days

    def test_a_word_of_the_as_of_day_is_used_and_one_of_the_next_day_is_not(self):
        for day, status in ((AS_OF, ANNOUNCED), (AS_OF + DAY, SCHEDULED)):
            slot = self.ahead([announced(day)], [occasion(start=SUMMIT)]).seasons[0].slots[0]
            assert slot.status == status and slot.open

    def test_a_refused_occasion_is_closed(self):
        assert not self.ahead([refused(date(2025, 6, 1))], [occasion(start=SUMMIT)]).seasons[0].slots[0].open

    def test_an_occasion_is_open_while_a_meeting_on_its_last_possible_day_is_still_ahead(self):
        for late, status in ((2, SCHEDULED), (3, PAST)):
            rows = [occasion("2025-a", AS_OF - late * DAY), occasion("2025-b", AS_OF + 20 * DAY)]
            slot = self.ahead(occasions=rows).seasons[0].slots[0]
            assert slot.status == status and slot.open == (status == SCHEDULED)

    def test_a_season_under_way_stays_until_they_have_met_in_it(self):
        second = occasion("2025-b", AS_OF + 15 * DAY)
        for met, left in ((False, 1), (True, 0)):
            assert len(self.ahead(occasions=[occasion("2025-a", AS_OF - 5 * DAY, met=met), second]).seasons) == left

    def test_seasons_that_begin_well_after_the_deadline_are_left_out(self):
        for days, left in ((5, 1), (6, 0)):
            assert len(self.ahead(occasions=[occasion(start=DEADLINE + days * DAY)], deadline=DEADLINE).seasons) == left

    def test_today_s_tone_fades_over_the_distance_to_the_season_less_the_lead(self):
        s = PRIORS.structure
        near = self.ahead(occasions=[occasion(start=AS_OF + s.lead * DAY)]).seasons[0].fade
        far = self.ahead(occasions=[occasion(start=AS_OF + (s.lead + int(s.tone_half_life)) * DAY)]).seasons[0].fade
        nearer = self.ahead(occasions=[occasion(start=AS_OF + 10 * DAY)]).seasons[0].fade
        assert nearer == near == 1 and far == pytest.approx(0.5)

    def test_yearly_occasions_without_a_date_are_expected_on_the_day_of_the_last_one(self):
        rows = [occasion("2024-apec", date(2024, 11, 15), met=False), occasion("2024-nss", date(2024, 3, 1), type="nss", met=False)]
        ahead = self.ahead(occasions=rows, deadline=date(2026, 12, 31))
        starts = [slot.occasion.start_date for view in ahead.seasons for slot in view.slots]
        assert [start.year for start in starts] == [2025, 2026] and {start.month for start in starts} == {11}

    def test_one_expected_early_in_the_next_year_may_still_bring_a_meeting_in_this_one(self):
        rows = [occasion("2025-apec", date(2025, 1, 2), met=False)]
        view, = self.ahead(occasions=rows, deadline=date(2025, 12, 31)).seasons
        assert view.season.first_start == date(2026, 1, 2)

    def test_a_season_is_the_same_whatever_the_deadline(self):
        rows = [occasion("2024-g20", date(2024, 11, 30), type="g20", met=False, known_from=date(2023, 1, 1)),
                occasion("2025-apec", date(2025, 11, 14))]
        for deadline in (date(2025, 11, 10), date(2025, 11, 20), date(2026, 6, 1)):
            view = self.ahead(occasions=rows, deadline=deadline).seasons[0]
            assert [slot.occasion.type for slot in view.slots] == ["apec", "g20"]

    @pytest.mark.parametrize("windows, said, days", [
        ([window()], [], (52, 61)),
        ([window(), window(day=date(2025, 7, 1), earliest=date(2025, 9, 3), latest=date(2025, 9, 4))], [], (54, 55)),
        ([window(), window(day=date(2025, 7, 1), earliest=None, latest=None)], [], None),
        ([window(earliest=date(2025, 6, 20), latest=date(2025, 7, 20))], [], (-21, 9)),
        ([window(earliest=date(2025, 6, 20), latest=AS_OF)], [], None),
        ([window(earliest=date(2026, 1, 1), latest=date(2026, 2, 1))], [], None),
        ([window()], [(date(2025, 6, 1), "contact_missed", -2)], None),
        ([window(), window(day=date(2025, 7, 1))], [(date(2025, 6, 20), "contact_missed", -2)], (52, 61)),
        ([], [], None),
    ])
    def test_a_visit_is_ahead_in_its_latest_window_unless_put_off_or_refused_since(self, windows, said, days):
        rows = [signal(f"{day}-x", day, kind, strength, "A1", "2025-visit") for day, kind, strength in said]
        ahead = self.ahead(rows, [visit()], windows)
        assert [(view.first, view.last) for view in ahead.visits] == ([days] if days else [])

    def test_a_visit_that_took_place_is_not_ahead(self):
        rows = [visit(start=date(2025, 7, 1), met=True, known_from=date(2025, 1, 1))]
        windows = [window(day=date(2025, 6, 1), earliest=date(2025, 6, 25), latest=date(2025, 8, 1))]
        assert self.ahead((), rows, windows).visits == ()
        assert len(self.ahead((), rows, windows, day=date(2025, 6, 28)).visits) == 1

    @given(st.integers(0, 900))
    def test_nothing_of_the_seeds_is_seen_before_it_is_public(self, days):
        day = date(2023, 3, 1) + timedelta(days)
        ahead = outlook(SEEDS.as_of(day), day, day + 200 * DAY, PRIORS)
        said = [word for view in ahead.seasons for slot in view.slots for word in slot.words.signals if word]
        assert all(word.public_date <= day for word in said) and all(s.public_date <= day for s in ahead.tone_series.signals)
        assert all(slot.occasion.known_from <= day for view in ahead.seasons for slot in view.slots)
        assert all(view.window.public_date <= day for view in ahead.visits)


def _seeds():
    from model.forecast import read
    from model.params import load_params

    return read(load_params())


SEEDS = _seeds()
