"""The ledger covers the official travel lists, gaps are found, and words count as in the fit."""

from dataclasses import replace
from datetime import date

import pytest
from made_up import AS_OF, DAY, PARAMS, ledger, occasion, signal, visit, word

from model.answer.forecast import Sources, read
from model.evidence.record import record
from model.report import audit_words
from model.track_record import audit, study
from model.track_record.audit import Trip

WHOLE = read(PARAMS, Sources())
SIDES = PARAMS.sides
START = date(2020, 5, 10)


def trip(list="president", start=START, days=2, host="JP", place="Somewhere", note=""):
    return Trip(list, "Somebody", start, start + (days - 1) * DAY, host, host, place, note)


def fate(row, *, signals=(), occasions=()):
    (found,) = audit.fates(ledger(signals, occasions), SIDES, [row])
    return found["fate"]


def test_the_ledger_lacks_no_trip_of_the_official_lists():
    rows = audit.fates(WHOLE, SIDES, audit.trips())
    assert [row for row in rows if row["fate"] == "missing"] == [] and len(rows) > 100


def test_an_occasion_of_the_ledger_that_is_dropped_is_missed():
    less = replace(WHOLE, occasions=tuple(o for o in WHOLE.occasions if o.occasion_id != "2016-g20-hangzhou"))
    rows = audit.fates(less, SIDES, audit.trips())
    assert audit_words.missing(rows) == ["Barack Obama, Hangzhou, 2016-09-03"]
    assert "1 is missing: Barack Obama, Hangzhou" in audit_words.summary(rows)
    assert [row[-1] for row in audit_words.table(rows).rows if row[0] == "2016"] == audit_words.missing(rows)


@pytest.mark.parametrize(
    "host, attended, starts, expected",
    [
        ("JP", "both", 0, "matched"),
        ("JP", "US", 0, "matched"),
        ("JP", "CN", 0, "missing"),
        ("JP", "none", 0, "missing"),
        ("KR", "both", 0, "missing"),
        ("JP", "both", 2, "matched"),
        ("JP", "both", 3, "missing"),
    ],
)
def test_a_president_was_at_an_occasion_of_that_country_within_a_day(host, attended, starts, expected):
    there = occasion("2020-apec", START + starts * DAY, host=host, met=False, attended=attended)
    assert fate(trip(), occasions=[replace(there)]) == expected


def test_a_leader_of_the_other_side_must_have_come_to_the_first():
    there = visit("2020-visit", START, host="US", met=True)
    assert fate(trip("visitor", host="US"), occasions=[there]) == "matched"
    assert fate(trip("visitor", host="US"), occasions=[replace(there, host="CN")]) == "missing"


@pytest.mark.parametrize(
    "kind, days, expected",
    [
        ("envoy_meeting", 3, "matched"),
        ("envoy_meeting", 4, "missing"),
        ("envoy_meeting", -2, "matched"),
        ("trade_talks", 0, "matched"),
        ("official_statement", 0, "missing"),
    ],
)
def test_a_secretary_met_somebody_within_two_days_of_the_trip(kind, days, expected):
    row = signal("2020-05-10-met", START + days * DAY, kind)
    assert fate(trip("secretary of state", host="CN"), signals=[row]) == expected


def test_a_note_explains_what_has_no_row():
    assert fate(trip(note="no guest there")) == "explained"


def test_every_trip_names_the_country_that_its_code_stands_for():
    hosts = {(row.country.split(",")[0], row.host) for row in audit.trips()}
    assert len(hosts) == len(dict(hosts)) and all(len(host) == 2 for _, host in hosts)
    assert {("China", "CN"), ("United Kingdom", "GB")} <= hosts


def test_the_kept_table_is_that_of_the_seeds_and_its_counts_add_up():
    rows = study.load("audit")
    assert [row | {"start": date.fromisoformat(row["start"])} for row in rows] == study.MADE["audit"](
        PARAMS, WHOLE
    )
    *years, total = [row[1:5] for row in audit_words.table(rows).rows]
    assert total == tuple(map(sum, zip(*years, strict=True))) == (total[0], *total[1:4])
    assert total[0] == sum(total[1:]) == len(rows)
    assert audit_words.summary([]).startswith("The audit has not been made")


class TestWords:
    APEC = occasion("2020-apec", START, met=False, attended="US")

    def outcomes(self, *rows, even=False):
        found = audit.outcomes(ledger(rows, [self.APEC]), PARAMS, even)
        return {strength: counts for strength, counts in found.items() if counts != (0, 0)}

    def said(self, side, strength, before=30, **other):
        return word(side, strength, START - before * DAY, "2020-apec", **other)

    def test_who_came_and_who_did_not_is_told_apart(self):
        assert self.outcomes(self.said("US", 2), self.said("CN", 2)) == {2: (1, 2)}

    def test_a_level_counts_once_however_often_it_is_said(self):
        assert self.outcomes(self.said("US", 1), self.said("US", 1, 20), self.said("US", -1, 10)) == {
            1: (1, 1),
            -1: (1, 1),
        }

    def test_of_settled_words_the_last_counts(self):
        assert self.outcomes(self.said("CN", 3, 40), self.said("CN", -3, 10)) == {-3: (0, 1)}

    def test_words_after_the_start_do_not_count(self):
        assert self.outcomes(self.said("US", 2, -1)) == {}

    def test_the_even_search_alone_leaves_out_the_others(self):
        rows = self.said("US", 2), self.said("CN", -1, search="even"), self.said("CN", -2, search="losses")
        assert self.outcomes(*rows, even=True) == {-1: (0, 1)}

    def test_they_are_the_counts_of_the_fit(self):
        cut = WHOLE.as_of(AS_OF)
        past, found = record(cut, PARAMS), audit.outcomes(cut, PARAMS)
        assert found[3] == past.will and found[-3] == past.will_not
        for strength, (came, _, away, _) in zip((2, 1, -1, -2), past.said.tolist(), strict=True):
            assert found[strength] == (came, came + away)

    def test_the_table_has_a_row_for_each_strength_with_both_counts(self):
        rows = audit_words.outcomes(WHOLE.as_of(AS_OF), PARAMS).rows
        assert [row[0] for row in rows] == ["+3", "+2", "+1", "−1", "−2", "−3"]
        every, even = ([int(row[i].split(" of ")[1]) for row in rows] for i in (2, 3))
        assert all(a >= b > 0 for a, b in zip(every, even, strict=True))
