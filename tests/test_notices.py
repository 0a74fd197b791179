"""What the tool says of a question, of its evidence, and of rows that change less than their coder thinks."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import (
    AS_OF,
    DAY,
    PARAMS,
    announcement,
    every_fit,
    extended,
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
from model.answer import forecast
from model.answer.tables import matched_record
from model.cli import main
from model.evidence import notices
from model.evidence.outlook import outlook
from model.evidence.record import no_record, record
from model.paths import SEEDS, TABLES
from model.settings.params import load_params
from model.settings.wording import disagreements

P = prior_draws()
QUESTION, DEADLINE = PARAMS.question, PARAMS.question.deadline
DAYS = st.dates(date(1990, 1, 2), date(2120, 12, 31))
WRITTEN = ["{0:%Y-%m-%d}", "{0.day} {0:%B %Y}", "{0:%B} {0.day}, {0.year}", "{0.day} {0:%b} {0.year}"]
WRITTEN += [
    "{0.day}. {0:%B}",
    "the {0.day}th of {0:%B}, {0.year}",
    "{0:%d.%m.%Y}",
    "{0.month}/{0.day}/{0.year}",
]
WRITTEN += ["{0:%b}. {0.day}, {0.year}", "{0.day} {0:%B}", "the {0.day}nd {0:%B %Y}"]


def contradicted(text, deadline, opens=date(2025, 7, 12)):
    """The keys of the question that its text contradicts, with what is said of them."""
    return dict(disagreements(QUESTION.model_copy(update={"text": text, "deadline": deadline}), opens))


def said_of_rows(whole, as_of=AS_OF):
    """The ids of the rows that a forecast would name."""
    return [notice.row for notice in notices.unheard(whole.as_of(as_of))]


def probability(whole, deadline=DEADLINE):
    return chances.by_deadline(P, outlook(whole.as_of(AS_OF), AS_OF, deadline, PARAMS)).mean()


class TestTextAndDeadline:
    @given(DAYS, st.sampled_from(WRITTEN), st.sampled_from(["by ", "on ", "until the ", "no later than "]))
    def test_a_day_in_the_text_agrees_with_itself(self, day, form, lead):
        assert not contradicted(f"Lee and Kim meet {lead}{form.format(day)}", day)

    @given(DAYS, DAYS, st.sampled_from(WRITTEN[:4]))
    def test_a_day_in_the_text_contradicts_any_other_deadline(self, day, deadline, form):
        said = contradicted(f"Lee and Kim meet by {form.format(day)}", deadline)
        assert list(said) == ([] if day == deadline else ["deadline"])
        assert all(f"Set deadline: {day}," in text for text in said.values())

    @given(DAYS, st.sampled_from(WRITTEN[:4]))
    def test_before_a_day_means_until_the_day_before(self, day, form):
        text = f"Lee and Kim meet before {form.format(day)}"
        assert not contradicted(text, day - DAY) and "deadline" in contradicted(text, day)

    @pytest.mark.parametrize(
        "text, deadline",
        [
            ("meet in 2025", date(2025, 12, 31)),
            ("meet by the end of 2025", date(2025, 12, 31)),
            ("meet before the end of June 2026", date(2026, 6, 30)),
            ("meet before 2026", date(2025, 12, 31)),
            ("meet in the first half of 2026", date(2026, 6, 30)),
            ("meet by mid-2026", date(2026, 6, 15)),
            ("meet by 2026", date(2025, 12, 31)),
            ("meet by June 2026", date(2026, 6, 30)),
            ("meet between 1 March and 30 June 2026", date(2026, 6, 30)),
            ("meet in 2025-26 at the end of 2026", date(2026, 12, 31)),
            ("meet in 2025 by September", date(2025, 9, 30)),
            ("meet at COP30 or at the G20", date(2025, 11, 30)),
            ("meet at APEC 2026", date(2026, 11, 20)),
            ("meet at the 2026 G20 in Miami", date(2026, 12, 20)),
            ("may meet 5 times", date(2026, 3, 1)),
            ("meet after 1 March 2025, by 30 June 2026", date(2026, 6, 30)),
            ("meet on 31 February 2026 or on 0000-00-00", date(2026, 6, 30)),
            ("", date(2026, 6, 30)),
        ],
    )
    def test_what_agrees_is_no_alarm(self, text, deadline):
        assert "deadline" not in contradicted(f"Lee and Kim {text}", deadline)

    @pytest.mark.parametrize(
        "text, deadline, wanted",
        [
            ("meet in 2025", date(2026, 6, 30), "from 2026-01-01 to 2026-06-30 would count"),
            ("meet in 2025", date(2025, 9, 30), "from 2025-10-01 to 2025-12-31 would not count"),
            ("meet in 2025 or 2026", date(2025, 12, 31), "from 2026-01-01 to 2026-12-31 would not count"),
            ("meet in June 2026", date(2026, 7, 31), "from 2026-07-01 to 2026-07-31 would count"),
            ("meet by mid-2026", date(2027, 1, 31), "Change one of them"),
            ("meet at APEC 2026", date(2025, 12, 31), "would not count"),
            ("meet before 2026", date(2026, 1, 1), "from 2026-01-01 to 2026-01-01 would count"),
        ],
    )
    def test_what_disagrees_says_which_meetings_are_counted_wrongly(self, text, deadline, wanted):
        assert wanted in contradicted(f"Lee and Kim {text}", deadline)["deadline"]

    @pytest.mark.parametrize(
        "text, opens, fix",
        [
            ("in 2025", date(2024, 6, 4), "Set opens: 2025-01-01,"),
            ("in December 2025", date(2025, 7, 12), "Set opens: 2025-12-01,"),
            ("in 2025", date(2025, 1, 1), ""),
            ("in 2025", date(2025, 7, 12), ""),
            ("by the end of 2025", date(2024, 6, 4), ""),
            ("by 31 December 2025", date(2024, 6, 4), ""),
        ],
    )
    def test_a_period_of_the_text_begins_when_the_question_opens(self, text, opens, fix):
        said = contradicted(f"Trump and Xi meet {text}", DEADLINE, opens)
        assert list(said) == (["opens"] if fix else []) and fix in "".join(said.values())

    @given(st.text(max_size=60), DAYS)
    def test_no_text_is_a_fault(self, text, deadline):
        contradicted(text, deadline)


class TestLeaders:
    @pytest.mark.parametrize(
        "one, other, said",
        [("Trump", "Xi", 0), ("Donald Trump", "Xi Jinping", 0), ("Biden", "Xi", 1), ("Biden", "Hu", 2)],
    )
    def test_the_last_occasion_names_the_leaders_of_the_question(self, one, other, said):
        rows = [occasion("2024-g20", AS_OF - 90 * DAY, leader_1=one, leader_2=other, met=False)]
        rows += [occasion("2024-apec", AS_OF - 99 * DAY, leader_1="Ford", leader_2="Mao", met=False)]
        rows += [occasion("2026-apec", AS_OF + 90 * DAY, leader_1="Later", leader_2="Else")]
        found = list(notices.leaders(ledger((), rows).as_of(AS_OF), PARAMS))
        assert len(found) == said and all(notice.row == "2024-g20" for notice in found)
        if said:
            assert (
                found[0].text
                == f"On {AS_OF - 90 * DAY} the ledger has Biden for US; the question names Trump."
            )


class TestEvidence:
    @pytest.mark.parametrize("days, said", [(-3, False), (0, False), (7, False), (8, True), (400, True)])
    def test_old_evidence_is_called_so(self, days, said):
        last = AS_OF - days * DAY
        whole = ledger([signal("2025-01-01-x", last)], [occasion("2026-apec", AS_OF + 500 * DAY)])
        found = [notice.text for notice in notices.age(whole, AS_OF)]
        assert found == ([f"The evidence ends on {last}, {days} days before the as-of day."] if said else [])

    def test_an_outcome_is_evidence(self):
        whole = ledger((), [occasion("2025-g20", AS_OF - 2 * DAY, days=1, met=False)])
        assert not list(notices.age(whole, AS_OF)) and list(notices.age(whole, AS_OF + 9 * DAY))

    def test_years_without_evidence_are_no_years_without_a_meeting(self):
        rows = [occasion(f"{year}-apec", date(year, 11, 10), met=year % 2 == 0) for year in range(2015, 2026)]
        whole = ledger((), rows)
        now, later = (
            matched_record(whole, date(year, 7, 11), date(year, 12, 31), PARAMS.priors)
            for year in (2026, 2028)
        )
        assert (now["hits"], now["years"]) == (later["hits"], later["years"]) == (5, 11)

    def test_only_meetings_at_the_host_count_where_the_question_names_one(self):
        rows = [occasion(f"{year}-apec", date(year, 11, 10), met=True, host="CN") for year in (2021, 2022)]
        rows += [occasion("2023-apec", date(2023, 11, 10), met=True, host="US")]
        found = {
            host: matched_record(ledger((), rows), AS_OF, DEADLINE, PARAMS.priors, host)["hits"]
            for host in ("", "CN", "US", "KR")
        }
        assert found == {"": 3, "CN": 2, "US": 1, "KR": 0}

    def test_what_rests_on_no_date_yet_says_how_much(self):
        past = [occasion("2024-apec", date(2024, 11, 15), met=True)]
        ahead = outlook(ledger((), past).as_of(AS_OF), AS_OF, DEADLINE, PARAMS)
        (text,) = notices.undated(ahead, {"2025-apec-expected": 0.5, "unknown": 0.1})
        assert text.text.startswith("Most of the 60% rests on") and "50% on yearly" in text.text
        assert "10% on meetings not yet public" in text.text
        dated = [*past, occasion("2025-apec", date(2025, 11, 15))]
        ahead = outlook(ledger((), dated).as_of(AS_OF), AS_OF, DEADLINE, PARAMS)
        assert not list(notices.undated(ahead, {"2025-apec": 0.5, "unknown": 0.1}))

    def test_with_nothing_ahead_no_signal_moves_the_number_and_the_note_says_so(self):
        whole = ledger([signal()], [visit("2018-visit", date(2018, 4, 27), met=True)])
        ahead = outlook(whole.as_of(AS_OF), AS_OF, DEADLINE, PARAMS)
        (note,) = notices.undated(ahead, {"unknown": 0.2})
        assert "no signal moves the number" in note.text
        louder = extended(whole, [signal("2025-07-01-loud", date(2025, 7, 1), strength=3)])
        assert probability(louder) == probability(whole)


class TestThinLedger:
    def said(self, past, ahead):
        whole = ledger((), [*past, *ahead]).as_of(AS_OF)
        view = outlook(whole, AS_OF, DEADLINE, PARAMS)
        return " ".join(note.text for note in notices.thin(whole, record(whole, PARAMS), view, PARAMS))

    APEC = occasion("2025-apec", date(2025, 10, 31))
    UNGA = occasion("2025-unga", date(2025, 9, 23), type="unga", host="US")
    BEFORE = occasion("2024-apec", date(2024, 11, 15), met=True)

    def test_with_nothing_decided_the_answer_is_that_of_the_priors(self):
        said = self.said([], [self.APEC])
        assert said.startswith("Nothing is decided yet in this ledger")
        assert "coming to a summit of members (mean 82%)" in said and "0.72 per year" in said

    def test_a_ledger_with_past_cases_of_all_that_lies_ahead_says_nothing(self):
        assert self.said([self.BEFORE], [self.APEC]) == ""

    def test_classes_of_attendance_without_a_case_are_named_with_their_priors(self):
        said = self.said([self.BEFORE], [self.APEC, self.UNGA])
        assert "coming when his own country hosts" in said and "the other side hosts" in said
        assert "a meeting at another gathering both attend (mean 50%)" in said
        assert "coming to a summit of members" not in said

    def test_a_type_without_a_case_takes_its_habits_from_the_others(self):
        said = self.said([self.BEFORE], [occasion("2025-g20", date(2025, 11, 22), type="g20", host="ZA")])
        assert said.startswith("No past case of G20: who comes there is taken from other types")

    def test_a_forecast_without_the_record_by_choice_does_not_complain(self):
        params = replace(PARAMS, run=PARAMS.run.model_copy(update={"record": "none"}))
        whole = ledger((), [self.APEC]).as_of(AS_OF)
        view = outlook(whole, AS_OF, DEADLINE, PARAMS)
        assert not list(notices.thin(whole, no_record(), view, params))


APEC = occasion("2025-apec", date(2025, 10, 31))
OVER = occasion("2025-g20", date(2025, 5, 20), type="g20", met=False)
OTHER_LEDGER = [APEC, OVER, visit("2025-visit"), visit("2025-again", date(2025, 11, 1))]


class TestRows:
    """Each row is named, and has no effect where its note says that it changes nothing."""

    @pytest.mark.parametrize(
        "row",
        [
            planning(date(2025, 6, 1), "2025-g20"),
            announcement(date(2025, 6, 1), "2025-g20"),
            word("US", 3, date(2025, 6, 1), "2025-g20"),
            planning(date(2025, 6, 1), "2025-again"),
            refusal(date(2025, 6, 1), "2025-again"),
        ],
    )
    def test_a_row_that_changes_nothing_is_named(self, row):
        before = ledger([], OTHER_LEDGER, [window()])
        after = extended(before, [row])
        assert row.event_id in said_of_rows(after)
        assert probability(after) == pytest.approx(probability(before), abs=1e-12)

    @pytest.mark.parametrize(
        "row",
        [
            planning(date(2025, 6, 1), "2025-apec"),
            announcement(date(2025, 6, 1), "2025-apec"),
            word("US", -3, date(2025, 6, 1), "2025-apec"),
            refusal(date(2025, 6, 2), "2025-visit"),
            signal(),
        ],
    )
    def test_a_row_that_changes_the_number_is_not(self, row):
        before = ledger([], OTHER_LEDGER, [window()])
        after = extended(before, [row])
        assert row.event_id not in said_of_rows(after)
        assert abs(probability(after) - probability(before)) > 1e-6

    def test_an_announcement_without_an_occasion_is_named_unless_a_tied_row_has_one(self):
        row = announcement(date(2025, 6, 1), "")
        assert said_of_rows(ledger([row], [APEC])) == [row.event_id]
        tied = planning(date(2025, 6, 1), "2025-apec", same_as=row.event_id)
        assert said_of_rows(ledger([row, tied], [APEC])) == []

    @pytest.mark.parametrize("kind", notices.TONE_KINDS)
    def test_a_kind_of_the_general_tone_names_no_occasion(self, kind):
        row = signal(kind=kind, occasion="2025-apec")
        assert said_of_rows(ledger([row], [APEC])) == [row.event_id]
        assert said_of_rows(ledger([replace(row, occasion="")], [APEC])) == []

    def test_a_visit_is_named_until_it_has_a_window_or_is_over(self):
        assert said_of_rows(ledger([], [visit()])) == ["2025-visit"]
        assert said_of_rows(ledger([], [visit()], [window()])) == []
        assert said_of_rows(ledger([], [visit()], [window(earliest=None, latest=None)])) == []
        assert said_of_rows(ledger([], [visit(start=date(2025, 3, 1), met=False)])) == []

    def test_a_row_after_the_last_window_of_a_visit_came_too_late(self):
        rows = [planning(date(2025, 7, 1), "2025-visit")]
        old = window(latest=date(2025, 6, 20), earliest=date(2025, 6, 10))
        assert said_of_rows(ledger(rows, [visit()], [old])) == [rows[0].event_id]
        new = window(day=date(2025, 7, 5))
        assert said_of_rows(ledger(rows, [visit()], [old, new])) == []

    @pytest.mark.parametrize(
        "changed, odd",
        [
            ({}, False),
            ({"day": AS_OF + 400 * DAY}, True),
            ({"day": AS_OF + 300 * DAY}, False),
            ({"event_date": date(2023, 6, 1)}, True),
            ({"for_date": date(2025, 9, 5), "occasion": "2025-visit"}, False),
            ({"for_date": date(2026, 9, 5), "occasion": "2025-visit"}, True),
        ],
    )
    def test_a_day_that_looks_like_a_typing_error_is_asked_about(self, changed, odd):
        whole = ledger([signal("2025-05-01-other"), signal("2025-06-03-x", **changed)], [visit()], [window()])
        assert [note.row for note in notices.odd_days(whole, AS_OF)] == (["2025-06-03-x"] if odd else [])

    def test_a_window_years_ahead_is_asked_about(self):
        far = window(earliest=date(2125, 9, 1), latest=date(2125, 9, 10))
        assert [note.row for note in notices.odd_days(ledger([], [visit()], [far]), AS_OF)] == [far.id]

    def test_a_note_has_the_place_of_its_row_and_no_control_characters(self):
        row = announcement(date(2025, 6, 1), "", file="a\x1b.csv", line=7)
        (note,) = notices.unnamed(ledger([row]))
        assert str(note).startswith("a\\x1b.csv:7: 2025-06-01-announced (summit announced) names no occasion")

    def test_of_many_rows_a_handful_is_named_the_latest_first_and_the_rest_counted(self):
        rows = [announcement(date(2025, 6, n), "", file="mine.csv", line=n) for n in range(1, 21)]
        named, more = notices.of_rows(ledger(rows, [APEC]), PARAMS)
        assert [note.line for note in named] == [20, 19, 18, 17, 16] and more == 15
        lines = list(notices.of_check(ledger(rows, [APEC]), PARAMS))
        assert sum("mine.csv" in line for line in lines) == 5 and any("15 more" in line for line in lines)


class TestWhoIsToldWhat:
    def test_the_default_run_and_the_seeds_say_nothing(self, default_run):
        assert default_run.forecast.notes == [] and notices.of_rows(default_run.whole, PARAMS) == ([], 0)
        assert list(notices.of_check(default_run.whole, PARAMS)) == []

    def test_old_rows_of_the_seeds_are_left_out_and_those_of_other_files_are_not(self):
        row = signal("1998-06-21-visas", date(1998, 6, 21), "security_friction", -1, occasion="2025-apec")
        early = replace(APEC, known_from=date(1998, 1, 1))

        def lines(file):
            return [
                x
                for x in notices.of_check(ledger([replace(row, file=file)], [early]), PARAMS)
                if "visas" in x
            ]

        assert not lines("seeds/signals.csv") and lines("mine.csv")

    def test_later_rows_change_no_note_of_a_forecast(self, small_run):
        later = announcement(AS_OF + DAY, "", file="mine.csv", line=2)
        made = forecast.forecast(PARAMS, extended(small_run.whole, [later]), lambda *_: small_run.fit)
        assert made.forecast.notes == []

    @pytest.mark.parametrize(
        "kind, day, wanted, as_json",
        [
            ("invitation", "2025-07-10", "names no occasion", False),
            ("invitation", "2025-07-10", "names no occasion", True),
            ("leader_call", "2025-07-20", "after the as-of day 2025-07-11", False),
            ("leader_call", "2027-07-10", "more than a year after all other rows", False),
            ("leader_call", "2025-07-10", "", True),
        ],
    )
    def test_add_names_what_the_new_row_does_not_do_once(
        self, capsys, tmp_path, few_draws, kind, day, wanted, as_json
    ):
        mine = tmp_path / "mine.csv"
        mine.write_text(TABLES["signals"].read_text("utf-8").splitlines()[0] + "\n", "utf-8")
        row = {"kind": kind, "strength": "2", "actor": "both", "grade": "A1", "public-date": day}
        row |= {"description": "Something happens", "source": "A test", "to": str(mine)}
        words = [word for name, value in row.items() for word in (f"--{name}", value)]
        assert main(["add", *words, *(["--json"] if as_json else [])]) == 0
        printed = capsys.readouterr()
        told = [line for line in (printed.out + printed.err).splitlines() if f"{mine}:2: " in line]
        assert sum(wanted in line for line in told) == (1 if wanted else 0) and (wanted or not told)

    def test_a_question_about_another_pair_names_only_in_one_line(self, capsys, tmp_path):
        text = (SEEDS.parent / "params" / "question.yaml").read_text("utf-8")
        other = tmp_path / "question.yaml"
        other.write_text(text.replace("code: US", "code: KR").replace("code: CN", "code: KP"), "utf-8")
        for verb in ("forecast", "check"):
            assert main([verb, "--question", str(other)]) == 2
            complaint = capsys.readouterr().err
            assert complaint.count("\n") == 1 and "--only" in complaint and "KR and KP" in complaint

    def test_a_deadline_that_the_text_does_not_mean_is_said_on_the_screen(
        self, capsys, small_run, monkeypatch
    ):
        every_fit(monkeypatch, lambda *_: small_run.fit)
        assert main(["forecast", "--deadline", "2026-06-30"]) == 0
        assert "note    The text says 2025, but the deadline is 2026-06-30" in capsys.readouterr().out

    def test_a_place_leads_to_the_line_of_the_question(self):
        params = load_params(deadline="2025-10-31")
        (note,) = notices.of_question(params)
        assert "2025-12-31 would not count" in note.text and note.file
