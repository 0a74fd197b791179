"""What-if edits: each changes the ledger as its text says; a wrong edit is rejected with the nearest word."""

from datetime import date

import pytest
from made_up import (
    AS_OF,
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
from model.evidence.edits import COMING, STATUS_SIGNALS, Edits, edited
from model.evidence.outlook import outlook
from model.files.problems import InputError

DEADLINE = date(2025, 12, 31)
JUNE_30, JULY_1 = date(2025, 6, 30), date(2025, 7, 1)
APEC, G20, UNGA, VISIT = "2025-apec", "2025-g20", "2025-unga", "2025-visit"
OCCASIONS = [
    occasion(UNGA, date(2025, 9, 23), 4, "unga", host="US"),
    occasion(APEC, date(2025, 10, 31)),
    occasion(G20, date(2025, 11, 22), type="g20", host="ZA"),
    visit(),
]
SIGNALS = [
    signal(strength=3),
    signal("2025-06-09-tariff", date(2025, 6, 9), "economic_coercion", -3),
    planning(JULY_1),
    planning(date(2025, 7, 2), strength=-2, grade="B2"),
    word("US", -2, date(2025, 7, 3), G20),
    word("CN", 3, date(2025, 7, 4), G20),
    announcement(date(2025, 7, 5), VISIT),
    refusal(date(2025, 6, 20), UNGA),
]
LEDGER = ledger(SIGNALS, OCCASIONS, [window()])


def made(*edits, whole=LEDGER):
    """The ledger after edits, each its option and its text."""
    texts = {"add": [], "set": [], "remove": []}
    for edit in edits:
        option, _, text = edit.partition(" ")
        texts[option].append(text)
    return edited(whole, Edits(**{option: tuple(values) for option, values in texts.items()}), PARAMS)


def added(*edits):
    before = {row.event_id for row in LEDGER.signals}
    return [
        (row.kind, row.strength, row.occasion, row.actor, row.public_date)
        for row in made(*edits).signals
        if row.event_id not in before
    ]


def ahead_after(*edits):
    return outlook(made(*edits), AS_OF, DEADLINE, PARAMS)


def slot(name, *edits):
    slots = [slot for view in ahead_after(*edits).seasons for slot in view.slots]
    return next(slot for slot in slots if slot.occasion.occasion_id == name)


def test_without_edits_the_ledger_stays_as_it_is():
    assert made() == LEDGER and not Edits()


@pytest.mark.parametrize(
    "text, row",
    [
        ("leader_call:3", ("leader_call", 3, "", "both", AS_OF)),
        ("contact_missed:-2", ("contact_missed", -2, "", "both", AS_OF)),
        ("leader_call:3:both", ("leader_call", 3, "", "both", AS_OF)),
        ("invitation:2:CN", ("invitation", 2, "", "CN", AS_OF)),
        (f"visit_planning:+2:{APEC}", ("visit_planning", 2, APEC, "both", AS_OF)),
        (f"visit_planning:2:{APEC}@2025-07-01", ("visit_planning", 2, APEC, "both", JULY_1)),
        (f"visit_planning:2:{VISIT}:US@2025-07-01", ("visit_planning", 2, VISIT, "US", JULY_1)),
        ("official_statement:-1@2025-06-30", ("official_statement", -1, "", "both", JUNE_30)),
        (f"attendance:3:{APEC}:US", ("attendance", 3, APEC, "US", AS_OF)),
        (f"attendance:-1:{G20}:CN@2025-06-30", ("attendance", -1, G20, "CN", JUNE_30)),
        (f"attendance:-3:{G20}:both", ("attendance", -3, G20, "both", AS_OF)),
        (f"attendance:-3:{G20}", ("attendance", -3, G20, "both", AS_OF)),
    ],
)
def test_an_added_signal_is_a_row_of_the_best_grade(text, row):
    assert added(f"add {text}") == [row]
    assert [s.grade for s in made(f"add {text}").signals if s.description.startswith("What you")] == ["A1"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_added_in_its_direction_only(kind):
    about = f":{APEC}:US" if kind == "attendance" else ""
    for strength in (-3, 3):
        text = f"add {kind}:{strength}{about}"
        if PRIORS.kinds[kind].sign == ("down" if strength > 0 else "up"):
            with pytest.raises(InputError, match=f"a strength from .* for {kind}; found {strength}"):
                made(text)
        else:
            assert added(text)[0][:2] == (kind, strength)


def test_equal_additions_all_count():
    assert len(added(*["add leader_call:3"] * 3)) == 3


SHOWN = {status: status for status in ("announced", "planned", "doubted", "scheduled")}


@pytest.mark.parametrize("status", [*STATUS_SIGNALS, "scheduled"])
def test_a_status_that_is_set_is_the_status_whatever_was_said(status):
    for name in (APEC, G20, UNGA):
        assert slot(name, f"set {name}={status}").status == SHOWN.get(status, "off")


@pytest.mark.parametrize("status, shown", [("announced",) * 2, ("scheduled", "agreed"), ("refused",) * 2])
def test_a_visit_can_be_announced_and_refused(status, shown):
    assert ahead_after(f"set {VISIT}={status}").statuses[VISIT] == shown


@pytest.mark.parametrize("said", COMING)
@pytest.mark.parametrize("side, other", [("US", "CN"), ("CN", "US")])
def test_what_is_set_of_one_leader_is_all_that_was_said_of_his_coming(side, other, said):
    strength = {"comes": 3, "may-come": 1, "may-not-come": -1, "stays-away": -3}[said]
    words, before = slot(G20, f"set {G20}={side}:{said}").words, slot(G20).words
    settled = strength // 3 if abs(strength) == 3 else 0
    assert words.coming(side).settled == settled
    assert words.coming(side).levels == (() if settled else (strength,))
    assert words.coming(other) == before.coming(other)


@pytest.mark.parametrize("turn", [1, -1])
def test_leaders_and_the_status_can_be_set_together_in_any_order(turn):
    texts = [f"set {APEC}=planned", f"set {APEC}=US:comes", f"set {APEC}=CN:may-come"][::turn]
    after = slot(APEC, *texts)
    assert after.status == "planned" and after.words.coming("US").settled == 1
    assert after.words.coming("CN").levels == (1,)


def test_who_comes_moves_the_forecast_the_right_way():
    values = [
        chances.by_deadline(prior_draws(), ahead_after(f"set {APEC}=US:{said}")).mean() for said in COMING
    ]
    assert values == sorted(set(values), reverse=True)


def test_scheduled_takes_every_word_away():
    assert ahead_after(f"set {APEC}=scheduled").statuses[APEC] == "scheduled"
    assert len(made(f"set {APEC}=scheduled").signals) == len(LEDGER.signals) - 2


def test_edits_of_other_occasions_do_not_undo_each_other():
    texts = [f"set {UNGA}=planned", f"set {G20}=scheduled", f"set {APEC}=announced"]
    statuses = ahead_after(*texts, "remove 2025-07-05-announced").statuses
    found = [statuses[name] for name in (UNGA, G20, APEC, VISIT)]
    assert found == ["planned", "scheduled", "announced", "agreed"]


def test_a_removed_row_is_gone_and_so_is_every_tie_to_it():
    twin = signal("2025-06-02-again", date(2025, 6, 2), same_as="2025-06-01-word")
    rows = made("remove 2025-06-01-word", whole=ledger([*SIGNALS, twin], OCCASIONS)).signals
    assert "2025-06-01-word" not in {row.event_id for row in rows} | {row.same_as for row in rows}


MANY = "expected attendance:STRENGTH:OCCASION:ACTOR with an occasion of many leaders"


@pytest.mark.parametrize(
    "edit, message",
    [
        ("add leadercall:2", r"unknown kind 'leadercall' \(did you mean \"leader_call\"\?\)"),
        (
            "add leader_call",
            r"expected KIND:STRENGTH\[:OCCASION\]\[:ACTOR\]\[@DATE\], such as .*; found 'leader_call'",
        ),
        (
            f"add leader_call:2:US:{APEC}",
            r"expected KIND:STRENGTH\[:OCCASION\]\[:ACTOR\]\[@DATE\], such as .*; found",
        ),
        ("add leader_call:-2", "expected a strength from 1 to 3 for leader_call; found -2"),
        ("add leader_call:4", "expected a strength from 1 to 3"),
        ("add contact_missed:2", "expected a strength from -3 to -1 for contact_missed; found 2"),
        ("add official_statement:0", "expected a strength from -3 to 3 without 0"),
        (f"add attendance:4:{APEC}:US", "expected a strength from -3 to 3 without 0 for attendance"),
        ("add leader_call:2:RU", "for ACTOR, expected one of US, CN, both; found 'RU'"),
        ("add attendance:2", "expected the occasion that it is about: attendance:STRENGTH:OCCASION:ACTOR"),
        ("add attendance:2:US", "expected the occasion that it is about"),
        (f"add attendance:2:{VISIT}:US", f"an occasion of many leaders for attendance; {VISIT} is a visit"),
        (f"add attendance:2:{APEC}", f"attendance:2:{APEC}:US or attendance:2:{APEC}:CN .without a side"),
        ("add attendance:2:2025-apce:US", f"unknown occasion '2025-apce'.*did you mean \"{APEC}\""),
        ("add visit_planning:2:2025-apce", f"unknown occasion '2025-apce'.*did you mean \"{APEC}\""),
        ("add leader_call:2@2025-13-01", "expected a day of the calendar"),
        ("add leader_call:2@2025-07-12", "a day not after the as-of date 2025-07-11; found 2025-07-12"),
        (f"add visit_planning:2:{APEC}@2024-10-30", f"expected a day not before 2024-10-31, when {APEC}"),
        (f"set {APEC}", "expected OCCASION=STATUS"),
        (f"set {APEC}=anounced", 'did you mean "announced"'),
        (f"set {APEC}=US:come", 'did you mean "US:comes"'),
        (f"set {APEC}=RU:comes", "for STATUS, expected one of announced.*US:comes"),
        (f"set {APEC}=comes", "expected OCCASION=STATUS; for STATUS, expected one of"),
        (f"set {APEC}=:announced", "expected OCCASION=STATUS; for STATUS, expected one of"),
        ("set 2025-g21=refused", f"unknown occasion '2025-g21' on 2025-07-11 .did you mean \"{G20}\""),
        ("set 2025-g21=US:comes", f"unknown occasion '2025-g21' on 2025-07-11 .did you mean \"{G20}\""),
        (f"set {VISIT}=CN:stays-away", f"an occasion of many leaders for CN:stays-away; {VISIT} is"),
        (f"set {VISIT}=called-off", f"an occasion of many leaders for called-off; {VISIT} is a visit"),
        ("remove 2025-06-01-wort", "unknown event '2025-06-01-wort' .did you mean \"2025-06-01-word\""),
    ],
)
def test_a_wrong_edit_is_refused_with_the_nearest_word(edit, message):
    with pytest.raises(InputError, match=f"--{edit.split()[0]}: .*{message}"):
        made(edit)


def test_every_problem_is_told_at_once():
    with pytest.raises(InputError) as caught:
        made("add leadercall:2", "add x", "set y", "remove z")
    options = [problem.field for problem in caught.value.problems]
    assert options == ["--remove", "--set", "--set", "--add", "--add"]
