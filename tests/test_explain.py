"""Reasons: contributions add up, whatever moves the number is named, and a what-if is checked like a ledger row."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import AS_OF, DAY, KINDS, PARAMS, PRIORS, ledger, occasion, prior_draws, signal, visit, window

from model import hazard
from model.covariates import outlook
from model.explain import STATUS_SIGNALS, Edits, changes, contributions, edited, next_signals
from model.files import InputError

P = prior_draws()
OCCASIONS = [occasion("2025-unga", date(2025, 9, 23), 4, "unga"), occasion("2025-apec", date(2025, 10, 31)),
             occasion("2025-g20", date(2025, 11, 22), type="g20"), visit()]


def ahead_of(signals, deadline=date(2025, 12, 31), windows=True):
    return outlook(ledger(signals, OCCASIONS, [window()] if windows else ()), AS_OF, deadline, PRIORS)


def gain(p, ahead):
    return hazard.by_deadline(p, ahead) - hazard.by_deadline(p, ahead, signals=False)


SOME = [signal(strength=3), signal("2025-06-09-tariff", date(2025, 6, 9), "economic_coercion", -3),
        signal("2021-01-05-old", date(2021, 1, 5), "trade_talks", 2),
        signal("2025-07-01-plan", date(2025, 7, 1), "visit_planning", 2, "B2", "2025-apec"),
        signal("2025-07-02-doubt", date(2025, 7, 2), "official_statement", -2, "B2", "2025-apec"),
        signal("2025-07-03-no", date(2025, 7, 3), "contact_missed", -2, "A1", "2025-g20"),
        signal("2025-07-04-visit", date(2025, 7, 4), "summit_announced", 3, "A1", "2025-visit")]


@st.composite
def signals(draw):
    """Any signals of up to two hundred days ago, about an occasion or not, some of them tied."""
    rows = []
    for n in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(KINDS))
        sign = {"up": 1, "down": -1, "either": draw(st.sampled_from([-1, 1]))}[PRIORS.kinds[kind].sign]
        day = AS_OF - draw(st.integers(0, 200)) * DAY
        tied = draw(st.sampled_from(["", *[row.event_id for row in rows]]))
        rows.append(signal(f"{day}-{n}", day, kind, sign * draw(st.integers(1, 3)), draw(st.sampled_from(["A1", "B2", "C3"])),
                           draw(st.sampled_from(["", "2025-unga", "2025-apec", "2025-visit"])), tied))
    return rows


class TestContributions:
    @settings(max_examples=60)
    @given(signals(), st.integers(1, 200), st.booleans())
    def test_they_add_up_to_the_forecast_less_that_without_signals(self, rows, days, windows):
        ahead = ahead_of(rows, AS_OF + days * DAY, windows)
        made = contributions(P, ahead, rows, 0.9)
        assert sum(row["delta"] for row in made) == pytest.approx(gain(P, ahead).mean(), abs=1e-12)

    @settings(max_examples=40)
    @given(signals(), st.integers(1, 200))
    def test_changes_of_the_hazard_add_up_in_every_draw(self, rows, days):
        ahead = ahead_of(rows, AS_OF + days * DAY)
        whole = np.log1p(-hazard.by_deadline(P, ahead, signals=False)) - np.log1p(-hazard.by_deadline(P, ahead))
        np.testing.assert_allclose(sum(changes(P, ahead).values()), whole, atol=1e-7)

    @settings(max_examples=20)
    @given(signals(), st.randoms())
    def test_the_order_of_the_rows_does_not_matter(self, rows, shuffle):
        mixed = shuffle.sample(rows, len(rows))
        assert contributions(P, ahead_of(mixed), mixed, 0.9) == contributions(P, ahead_of(rows), rows, 0.9)

    def test_no_draw_is_blown_up_where_gains_and_losses_cancel(self):
        """Where the parts nearly cancel, the ratio of gain to change of hazard must stay that of a probability."""
        ahead = ahead_of(SOME)
        parts, made = changes(P, ahead), {(row["id"], row["what"]): row for row in contributions(P, ahead, SOME, 0.998)}
        for key, change in parts.items():
            assert made[key]["upper"] <= max(change.max(), 0) + 1e-12 and made[key]["lower"] >= min(change.min(), 0) - 1e-12

    def test_each_word_stands_under_its_own_row_and_old_signals_under_one(self):
        made = {(row["id"], row["what"]): row for row in contributions(P, ahead_of(SOME), SOME, 0.9)}
        assert {key[1] for key in made} == {"signal", "tone", "silence", "planning", "doubt", "formal word",
                                            "visit window"}
        assert made["2025-07-01-plan", "planning"]["delta"] > 0 > made["2025-07-02-doubt", "doubt"]["delta"]
        assert made["2025-07-03-no", "formal word"]["delta"] < 0 < made["2025-07-04-visit", "formal word"]["delta"]
        assert made["2025-06-01-word", "signal"]["delta"] > 0 > made["2025-06-09-tariff", "signal"]["delta"]
        assert ("2021-01-05-old", "signal") not in made and ("background", "tone") in made

    def test_the_largest_come_first_and_each_holds_its_interval(self):
        made = contributions(P, ahead_of(SOME), SOME, 0.9)
        sizes = [abs(row["delta"]) for row in made]
        assert sizes == sorted(sizes, reverse=True) and all(row["lower"] <= row["upper"] for row in made)
        assert all(row["text"] and row["basis"] in ("belief", "record") for row in made)

    def test_those_of_the_default_run_add_up(self, default_run):
        made = default_run.forecast
        assert sum(row["delta"] for row in made.contributions) == pytest.approx(
            made.probability - made.no_signals_probability, abs=1e-12)


class TestNextSignals:
    def test_up_signals_raise_down_signals_lower_and_the_largest_comes_first(self, default_run):
        made = default_run.forecast.next_signals
        for row in made:
            if row["what"].endswith("(+2)"):
                assert row["change"] > 0, row
            if row["what"].endswith("(-2)") or row["what"].startswith("one leader stays away"):
                assert row["change"] < 0, row
        assert [abs(row["change"]) for row in made] == sorted((abs(row["change"]) for row in made), reverse=True)

    def test_the_probability_after_is_that_of_a_forecast_with_the_signal(self):
        rows = {row["what"]: row["probability_after"] for row in next_signals(P, ahead_of([]), PRIORS)}
        few = {name: values[::4] for name, values in P.items()}
        level = hazard.by_deadline(P, ahead_of([])).mean() - hazard.by_deadline(few, ahead_of([])).mean()
        for what, row in [("meeting announced at 2025-apec", signal("2025-07-11-x", AS_OF, "summit_announced", 3, "A1", "2025-apec")),
                          ("one leader stays away from 2025-g20", signal("2025-07-11-x", AS_OF, "contact_missed", -2, "A1", "2025-g20")),
                          ("envoy meeting (+2)", signal("2025-07-11-x", AS_OF, "envoy_meeting", 2)),
                          ("security friction (-2)", signal("2025-07-11-x", AS_OF, "security_friction", -2))]:
            after = min(hazard.by_deadline(few, ahead_of([row])).mean() + level, 1)
            assert rows[what] == pytest.approx(after, abs=1e-9), what
        assert rows["2025-visit put off"] == pytest.approx(
            hazard.by_deadline(few, ahead_of([], windows=False)).mean() + level, abs=1e-9)

    def test_what_is_already_so_is_not_tried_again(self):
        rows = [row["what"] for row in next_signals(P, ahead_of(SOME), PRIORS)]
        assert "one leader stays away from 2025-g20" not in rows and "one leader stays away from 2025-apec" in rows

    @settings(max_examples=10)
    @given(signals(), st.integers(1, 200))
    def test_it_is_a_probability(self, rows, days):
        assert all(0 <= row["probability_after"] <= 1 for row in next_signals(P, ahead_of(rows, AS_OF + days * DAY), PRIORS))


class TestEdits:
    WHOLE = ledger(SOME, OCCASIONS, [window()])

    def made(self, **edits):
        return edited(self.WHOLE, Edits(**{name: tuple(values) for name, values in edits.items()}), PARAMS)

    def added(self, whole):
        known = {s.event_id for s in self.WHOLE.signals}
        return [(s.kind, s.strength, s.occasion, s.public_date) for s in whole.signals if s.event_id not in known]

    def test_without_edits_the_ledger_stays_as_it_is(self):
        assert self.made() == self.WHOLE and not Edits()

    @pytest.mark.parametrize("text, row", [
        ("leader_call:3", ("leader_call", 3, "", AS_OF)), ("contact_missed:-2", ("contact_missed", -2, "", AS_OF)),
        ("visit_planning:+2:2025-apec", ("visit_planning", 2, "2025-apec", AS_OF)),
        ("visit_planning:2:2025-apec@2025-07-01", ("visit_planning", 2, "2025-apec", date(2025, 7, 1))),
        ("official_statement:-1@2025-06-30", ("official_statement", -1, "", date(2025, 6, 30)))])
    def test_an_added_signal_is_a_row_of_the_best_grade(self, text, row):
        whole = self.made(add=[text])
        assert self.added(whole) == [row] and len(whole.signals) == len(SOME) + 1
        assert [s.grade for s in whole.signals if s.description.startswith("What you added")] == ["A1"]

    def test_equal_additions_all_count(self):
        assert len(self.made(add=["leader_call:3"] * 3).signals) == len(SOME) + 3

    @pytest.mark.parametrize("status", STATUS_SIGNALS)
    def test_a_status_that_is_set_is_the_status_whatever_was_said(self, status):
        for name in ("2025-apec", "2025-g20", "2025-unga"):
            whole = self.made(set=[f"{name}={status}"])
            assert outlook(whole, AS_OF, date(2025, 12, 31), PRIORS).statuses[name] == status

    def test_scheduled_takes_every_word_away(self):
        whole = self.made(set=["2025-apec=scheduled"])
        assert outlook(whole, AS_OF, date(2025, 12, 31), PRIORS).statuses["2025-apec"] == "scheduled"
        assert len(whole.signals) == len(SOME) - 2

    def test_later_edits_do_not_undo_earlier_ones_of_other_occasions(self):
        whole = self.made(set=["2025-unga=planned", "2025-g20=scheduled", "2025-apec=announced"])
        said = outlook(whole, AS_OF, date(2025, 12, 31), PRIORS).statuses
        assert (said["2025-unga"], said["2025-g20"], said["2025-apec"]) == ("planned", "scheduled", "announced")
        whole = self.made(remove=["2025-07-04-visit"], set=["2025-unga=planned", "2025-g20=scheduled", "2025-visit=announced"])
        said = outlook(whole, AS_OF, date(2025, 12, 31), PRIORS).statuses
        assert (said["2025-unga"], said["2025-g20"], said["2025-visit"]) == ("planned", "scheduled", "announced")

    def test_a_removed_row_is_gone_and_so_is_every_tie_to_it(self):
        tied = ledger([*SOME, signal("2025-06-02-again", date(2025, 6, 2), same_as="2025-06-01-word")], OCCASIONS)
        whole = edited(tied, Edits(remove=("2025-06-01-word",)), PARAMS)
        assert "2025-06-01-word" not in {s.event_id for s in whole.signals} | {s.same_as for s in whole.signals}

    @pytest.mark.parametrize("edits, says", [
        (dict(add=["leadercall:2"]), r"--add: unknown kind 'leadercall' \(did you mean \"leader_call\"\?\)"),
        (dict(add=["leader_call"]), r"--add: expected KIND:STRENGTH\[:OCCASION\]\[@DATE\]; found 'leader_call'"),
        (dict(add=["leader_call:-2"]), r"--add: expected a strength from 1 to 3 for leader_call; found -2"),
        (dict(add=["contact_missed:2"]), r"--add: expected a strength from -3 to -1 for contact_missed; found 2"),
        (dict(add=["official_statement:0"]), r"--add: expected a strength from -3 to 3 without 0"),
        (dict(add=["leader_call:4"]), r"--add: expected a strength from 1 to 3"),
        (dict(add=["visit_planning:2:2025-apce"]), r"--add: unknown occasion '2025-apce'.*did you mean \"2025-apec\""),
        (dict(add=["leader_call:2@2025-13-01"]), r"--add: expected a day of the calendar"),
        (dict(add=["leader_call:2@2025-07-12"]), r"--add: expected a day not after the as-of date 2025-07-11; found 2025-07-12"),
        (dict(add=["visit_planning:2:2025-apec@2024-10-30"]), r"--add: expected a day not before 2024-10-31, when 2025-apec"),
        (dict(set=["2025-apec"]), r"--set: expected OCCASION=STATUS"),
        (dict(set=["2025-apec=anounced"]), r"--set: .*did you mean \"announced\""),
        (dict(set=["2025-g21=refused"]), r"--set: unknown occasion '2025-g21' on 2025-07-11 \(did you mean \"2025-g20\"\?\)"),
        (dict(remove=["2025-06-01-wort"]), r"--remove: unknown event '2025-06-01-wort' \(did you mean \"2025-06-01-word\"\?\)")])
    def test_a_wrong_edit_is_refused_with_the_nearest_word(self, edits, says):
        with pytest.raises(InputError, match=says):
            self.made(**edits)

    def test_every_problem_is_told_at_once(self):
        with pytest.raises(InputError) as caught:
            self.made(add=["leadercall:2", "x"], set=["y"], remove=["z"])
        assert len(caught.value.problems) == 4

    def test_what_was_added_is_told_as_such(self):
        whole = self.made(add=["leader_call:3"])
        rows = contributions(P, ahead_of(whole.signals), list(whole.signals), 0.9)
        assert any(row["text"] == "What you added: leader call, strength +3" for row in rows)
