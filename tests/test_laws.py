"""The laws of the forecast (design, section 5), each as a property of whole ledgers rather than of one function."""

import itertools
from collections import defaultdict
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import (AS_OF, DAY, KINDS, PARAMS, PRIORS, extended, ledger, occasion, prior_draws, season_total, signal,
                     thinned, visit, where, window, with_words)

from model import forecast, hazard, summit
from model.covariates import ANNOUNCED, OFFSETS, REFUSED, YEAR, Words, meetings, outlook, record
from model.params import load_params

P = prior_draws()


def probability(p, whole, as_of=AS_OF, deadline=date(2025, 12, 31)):
    """P(they meet by the deadline) of each draw, from all that a ledger says on a day."""
    return hazard.by_deadline(p, outlook(whole.as_of(as_of), as_of, deadline, PRIORS))


def signed(kind, strength):
    """The strength with the sign that its kind allows."""
    return -strength if PRIORS.kinds[kind].sign == "down" else strength


class TestDeadline:
    """Law 1."""

    @settings(max_examples=25)
    @given(st.dates(date(1999, 1, 1), date(2025, 7, 11)), st.integers(0, 400), st.integers(0, 400))
    def test_a_later_deadline_is_never_less_likely(self, default_run, as_of, a, b):
        early, late = (probability(thinned(default_run.draws), default_run.whole, as_of, as_of + days * DAY)
                       for days in sorted((a, b)))
        assert (early <= late + 1e-12).all()

    @settings(max_examples=25)
    @given(st.dates(date(1999, 1, 1), date(2025, 7, 11)), st.integers(0, 700), st.integers(0, 300))
    def test_the_curve_of_a_longer_question_passes_through_every_shorter_one(self, default_run, as_of, days, more):
        p, cut = thinned(default_run.draws), default_run.whole.as_of(as_of)
        short, long = (hazard.chances(p, outlook(cut, as_of, as_of + n * DAY, PRIORS)).by_day for n in (days, days + more))
        np.testing.assert_allclose(short, long[:, :days], atol=1e-12)

    @settings(max_examples=25)
    @given(st.dates(date(1999, 1, 1), date(2025, 7, 11)), st.integers(0, 400))
    def test_shares_of_the_first_meeting_add_up(self, default_run, as_of, days):
        ahead = outlook(default_run.whole.as_of(as_of), as_of, as_of + days * DAY, PRIORS)
        made = hazard.chances(thinned(default_run.draws), ahead)
        rows = forecast.shares(made, ahead)
        assert sum(row["probability_first"] for row in rows) == pytest.approx(made.first.sum((1, 2)).mean(), abs=1e-12)
        assert all(0 <= row["probability_first"] <= row["probability_there"] + 1e-12 <= 1 + 1e-12 for row in rows)


def fields(whole, as_of, draws):
    """The fields of a forecast with a fit that does not look at the record, without the count of later rows."""
    params = load_params(as_of=as_of, deadline=as_of + 200 * DAY)
    fit = summit.Fit("", as_of, draws, {"ess_min": 400.0}, 0.0, True, "")
    *_, made = forecast.forecast(params, whole, lambda params, past: fit)
    return {name: value for name, value in made.items() if name != "rows_after_as_of"}


@st.composite
def later_changes(draw, whole, as_of):
    """The ledger after any change to what became public after a day: signals, windows, occasions, outcomes, dates."""
    later = st.integers(1, 300).map(lambda days: as_of + days * DAY)
    ids = st.sampled_from([s.event_id for s in whole.signals][-200:])
    signals, windows, occasions = [s for s in whole.signals if s.public_date <= as_of], list(whole.visit_windows), {}
    signals += [s for s in whole.signals if s.public_date > as_of and draw(st.booleans())]
    for n in range(draw(st.integers(0, 3))):
        day, kind = draw(later), draw(st.sampled_from(KINDS))
        about = draw(st.sampled_from(["", *(o.occasion_id for o in whole.occasions if o.known_from <= day)]))
        signals.append(signal(f"{day}-late-{n}", day, kind, signed(kind, 3), "A1", about,
                              draw(st.one_of(st.just(""), ids))))
    visits = [o.occasion_id for o in whole.occasions if o.is_visit]
    for _ in range(draw(st.integers(0, 2))):
        day = draw(later)
        windows.append(window(draw(st.sampled_from(visits)), day, day + 10 * DAY, day + 40 * DAY))
    for o in whole.occasions:
        if o.known_from > as_of or o.outcome_date <= as_of or not draw(st.booleans()):
            continue
        change = {"met": (met := draw(st.booleans())), "attended": draw(st.sampled_from(["both", "none", "US"])),
                  "held_in_person": draw(st.booleans()), "note": "Told later.", "source": "Found later.",
                  "met_date": max(o.start_date, as_of + DAY) if met else None}
        if o.start_date > as_of:
            change |= {"leader_1": draw(st.sampled_from(["Somebody", "Else"]))}
        if o.is_visit and o.start_date > as_of:
            shift = draw(st.integers(0, 30)) * DAY
            change |= {"start_date": o.start_date + shift, "end_date": o.end_date + shift,
                       "met_date": o.start_date + shift if met else None}
        occasions[o.occasion_id] = replace(o, **change)
    for n in range(draw(st.integers(0, 2))):
        start = draw(later) + 30 * DAY
        occasions[f"{start.year}-late-{n}"] = occasion(f"{start.year}-late-{n}", start, known_from=as_of + DAY)
    return ledger(signals, ({o.occasion_id: o for o in whole.occasions} | occasions).values(), windows)


class TestNothingLater:
    """Law 2."""

    BEFORE: dict = {}

    @settings(max_examples=30)
    @given(st.sampled_from([date(2025, 7, 11), date(2024, 11, 16), date(2018, 11, 20), date(2009, 2, 22)]), st.data())
    def test_what_was_not_public_changes_nothing_to_the_bit(self, default_run, as_of, data):
        draws, whole = thinned(default_run.draws), default_run.whole
        if as_of not in self.BEFORE:
            self.BEFORE[as_of] = fields(whole, as_of, draws), summit.data_of(record(whole.as_of(as_of), PRIORS))
        made, counts = self.BEFORE[as_of]
        changed = data.draw(later_changes(whole, as_of))
        assert changed.as_of(as_of) == whole.as_of(as_of) and fields(changed, as_of, draws) == made
        after = summit.data_of(record(changed.as_of(as_of), PRIORS))
        assert {name: value.tobytes() for name, value in after.items()} == {
            name: value.tobytes() for name, value in counts.items()}

    def test_the_same_row_a_day_earlier_does_change_it(self, default_run):
        for day, same in ((AS_OF + DAY, True), (AS_OF, False)):
            row = signal(f"{day}-x", day, "summit_announced", 3, "A1", "2025-apec-gyeongju")
            changed = probability(default_run.draws, extended(default_run.whole, [row]))
            assert np.array_equal(changed, probability(default_run.draws, default_run.whole)) == same


OCCASIONS = [occasion("2025-unga", date(2025, 9, 23), 4, "unga"), occasion("2025-apec", date(2025, 10, 31)),
             occasion("2025-g20", date(2025, 11, 22), type="g20"), visit()]
INSIDE = ["", "2025-unga", "2025-apec", "2025-g20", "2025-visit"]


@st.composite
def said(draw, most=6):
    """Signals of the last hundred days, about what lies ahead or of general tone."""
    rows = []
    for n in range(draw(st.integers(0, most))):
        kind, day = draw(st.sampled_from(KINDS)), AS_OF - draw(st.integers(0, 100)) * DAY
        strength = signed(kind, draw(st.integers(1, 3)))
        if PRIORS.kinds[kind].sign == "either" and draw(st.booleans()):
            strength = -strength
        rows.append(signal(f"{day}-{n}", day, kind, strength, draw(st.sampled_from(["A1", "B2", "C3"])),
                           draw(st.sampled_from(INSIDE))))
    return rows


def assert_moves_its_way(rows, row):
    """In every draw, but for rounding."""
    before, after = (probability(P, ledger(told, OCCASIONS, [window()])) for told in (rows, [*rows, row]))
    assert (np.sign(row.strength) * (after - before) >= -1e-12).all()


class TestSignals:
    """Law 4."""

    @settings(max_examples=100)
    @given(said(), said(1))
    def test_a_general_signal_moves_every_draw_its_way(self, rows, more):
        for row in more:
            assert_moves_its_way(rows, replace(row, event_id=f"{row.public_date}-new", occasion=""))

    @settings(max_examples=150)
    @given(said(), said(1))
    def test_words_about_what_lies_inside_the_window_move_every_draw_their_way(self, rows, more):
        for row in more:
            assert_moves_its_way(rows, replace(row, event_id=f"{row.public_date}-new"))

    @settings(max_examples=60)
    @given(said(), st.data())
    def test_rows_tied_as_one_event_count_once(self, rows, data):
        twins = [replace(row, event_id=f"{row.event_id}-again", same_as=row.event_id,
                         public_date=row.public_date + data.draw(st.integers(0, 30)) * DAY) for row in rows]
        once, twice = (probability(P, ledger(signals, OCCASIONS, [window()])) for signals in (rows, [*rows, *twins]))
        assert np.array_equal(once, twice)

    @pytest.mark.parametrize("first, last", [(date(2025, 1, 1), date(2025, 3, 31)), (date(2025, 4, 1), date(2025, 5, 10)),
                                             (date(2025, 5, 11), date(2025, 7, 11)), (date(1993, 1, 1), date(2025, 7, 11))])
    def test_coding_a_period_twice_moves_nothing(self, default_run, first, last):
        coded = {row.event_id: row for row in default_run.ledger.signals if first <= row.public_date <= last}
        twins = [replace(row, event_id=f"{name}-twin", same_as=row.same_as + "-twin" * (row.same_as in coded))
                 for name, row in coded.items()]
        assert len(twins) > 8
        before, after = (probability(default_run.draws, whole).mean()
                         for whole in (default_run.ledger, extended(default_run.ledger, twins)))
        assert after == before


class TestRecordAgrees:
    """Law 6."""

    @pytest.mark.parametrize("begin, end", [((1, 1), (12, 31)), ((1, 1), (6, 30)), ((7, 11), (12, 31)), ((9, 1), (10, 10)),
                                            ((10, 15), (12, 31)), ((12, 10), (12, 31))])
    def test_without_signals_the_forecast_is_the_share_of_years_that_met_in_the_same_stretch(self, default_run, begin, end):
        """Within three standard errors of the record and of the forecast, whichever calendar the year has.

        Averaged over the calendars of 2009 to 2024, each as known on its first day, with today's parameters.
        """
        p, whole = thinned(default_run.draws), default_run.whole
        years, record_years = range(2009, 2025), range(1993, 2025)
        predicted = []
        for year in years:
            as_of, deadline = date(year, *begin), date(year, *end)
            ahead = outlook(replace(whole.as_of(as_of), signals=(), visit_windows=()), as_of, deadline, PRIORS)
            predicted.append(hazard.by_deadline(p, ahead, signals=False))
        met = meetings(default_run.ledger)
        hits = sum(any(date(year, *begin) < day <= date(year, *end) for day in met) for year in record_years)
        n, mean = len(record_years), np.mean(predicted)
        share = (hits + 0.5) / (n + 1)
        error = np.sqrt(share * (1 - share) / n + np.mean(predicted, axis=0).var())
        assert abs(mean - share) < 3 * error, (mean, share, error)


class TestArithmetic:
    """Law 7."""

    def test_time_without_an_outcome_reweights_the_draws_as_a_refit_would_find_them(self, default_run):
        """Of one ledger; the record keeps the study of fifty."""
        past, days = default_run.record, 400
        updated = summit.update(default_run.fit, past, past, past.through + days * DAY)
        tree = summit.sample(PARAMS, replace(past, years=past.years + days / YEAR))
        fresh = replace(default_run.fit, draws=summit.draws_of(tree), diagnostics=summit.diagnose(tree, PARAMS)[0])
        assert updated.pareto_k < 0.7
        for quantity in (lambda p: p["surprise_rate"], lambda p: hazard.by_deadline(p, default_run.outlook)):
            ours, theirs = (quantity(each.draws) for each in (updated, fresh))
            error = np.hypot(forecast.monte_carlo_error(ours, updated), forecast.monte_carlo_error(theirs, fresh))
            assert abs(ours.mean() - theirs.mean()) < 3 * error
        assert updated.draws["surprise_rate"].mean() < default_run.draws["surprise_rate"].mean()

    def test_rows_public_after_the_fit_move_the_number_without_a_refit(self, default_run):
        more = signal("2025-07-01-new", date(2025, 7, 1), "summit_announced", 3, "A1", "2025-apec-gyeongju")
        whole = extended(default_run.whole, [more, signal(strength=3)])
        past = record(whole.as_of(AS_OF), PRIORS)
        assert summit.fit_key(PARAMS, past) == summit.fit_key(PARAMS, default_run.record)
        assert (probability(default_run.draws, whole) > probability(default_run.draws, default_run.whole)).all()

    def test_the_fit_stays_the_same_until_something_is_decided(self, default_run):
        keys = {summit.fit_key(PARAMS, record(default_run.whole.as_of(AS_OF - days * DAY), PRIORS)) for days in (0, 30, 170)}
        assert len(keys) == 1
        assert summit.fit_key(PARAMS, record(default_run.whole.as_of(date(2025, 1, 19)), PRIORS)) not in keys


def one_season(*left):
    """A season of occasions so many days ahead, in a year whose effect is at its prior."""
    rows = [occasion(f"2025-{type}", AS_OF + start * DAY, type=type) for start, type in zip(left, ("apec", "g20"))]
    return outlook(ledger((), rows), AS_OF, AS_OF + 400 * DAY, PRIORS).seasons[0]


class TestMartingale:
    """Law 8: no one can expect to expect something else tomorrow."""

    @pytest.mark.parametrize("left, slack", [((370,), 1e-9), ((120,), 1e-9), ((60,), 1e-9), ((15,), 1e-9), ((5,), 1e-9),
                                             ((4,), 5e-3), ((2,), 5e-3), ((1,), 5e-3), ((0,), 5e-3), ((-1,), 5e-3),
                                             ((350, 370), 1e-9), ((60, 83), 1e-9), ((15, 20), 1e-9), ((5, 7), 1e-9),
                                             ((3, 20), 5e-3)])
    def test_tomorrow_s_forecast_of_a_season_averages_to_today_s(self, left, slack):
        """In every draw exactly, over what a day may bring each occasion: a meeting, an announcement, a refusal, or silence.

        Not foreseen, and taken out here, is that what was refused or promised at one occasion may be made up for at
        another, or later; nor, in the last days before an occasion, on average over draws, what the day of an
        announcement says about the day of the meeting.
        """
        now, after = one_season(*left), one_season(*(start - 1 for start in left))
        agreed, p = where(P, now), P if len(left) == 1 else P | {"refusal_share": np.zeros_like(P["refusal_share"])}

        def silent(slot):
            """The chance of no word until a day if they agreed to meet there on each day, and if they did not."""
            ahead = np.array([slot.ahead])
            will = P["meeting_day"] * hazard.lead_below(P, "announcement", slot.ahead + OFFSETS)
            return will, 1 - p["refusal_share"][:, slot.type] * (1 - hazard.lead_below(P, "refusal", ahead)[:, 0])

        begun, ended = ([silent(slot) for slot in view.slots] for view in (now, after))
        total, tomorrow = np.zeros(200), np.zeros(200)
        for place in range(len(left) + 1):
            chance = agreed[:, place] if place < len(left) else 1 - agreed.sum(1)
            found = []
            for i, slot in enumerate(now.slots):
                if i == place:
                    before, later = begun[i][0], ended[i][0]
                    meets = P["kept"] * (before * (slot.ahead + OFFSETS == 1)).sum(1)
                    found.append({"met": meets, ANNOUNCED: (before - later).sum(1) - meets, "": later.sum(1)})
                else:
                    found.append({REFUSED: begun[i][1] - ended[i][1], "": ended[i][1]})
            for words in itertools.product(*found):
                weight = chance * np.prod([found[i][word] for i, word in enumerate(words)], axis=0)
                view = with_words(after, *(Words(word, AS_OF) if word else Words() for word in words))
                total += weight
                if "met" in words:
                    tomorrow += weight
                elif ANNOUNCED in words:
                    tomorrow += weight * hazard.promised(P, view.slots[words.index(ANNOUNCED)])[0]
                elif "" in words:
                    tomorrow += weight * season_total(p, view, 500)
        gap = tomorrow / total - season_total(p, now, 500)
        assert abs(gap.mean()) < slack and (slack > 1e-6 or np.abs(gap).max() < slack)

    @pytest.mark.parametrize("days", [1, 12, 40])
    def test_over_simulated_futures_the_mean_of_later_forecasts_is_today_s(self, days):
        """Two seasons of one occasion and visits that become known, played forward from each draw."""
        rng, p, horizon, differences = np.random.default_rng(7), dict(P), 120, []
        p |= {"revived": np.full(200, 1e-9), "surprise_rate": np.full(200, 1.0),
              "surprise_lead": np.full(200, 40.0), "surprise_lead_spread": np.full(200, 3.0), "tone_norm": np.zeros(200)}
        starts, types = (25, 90), ("unga", "apec")
        calendar = [occasion(f"2025-{type}", AS_OF + start * DAY, 1, type) for start, type in zip(starts, types)]
        before = probability(p, ledger((), calendar), AS_OF, AS_OF + horizon * DAY)
        later = AS_OF + days * DAY
        for draw in np.tile(np.arange(200), 12):
            theta = {name: values[[draw]] for name, values in p.items()}
            after = future(theta, calendar, later, horizon, rng)
            differences.append(after - before[draw])
        error = np.std(differences) / np.sqrt(len(differences))
        assert error < 0.012 and abs(np.mean(differences)) < 4 * error


def future(theta, calendar, later, horizon, rng):
    """One future of one draw up to a day: whether they met, or else the forecast of that day."""
    days = (later - AS_OF).days
    q = defaultdict(float, {name: values[0] for name, values in theta.items() if values.ndim == 1})
    signals, occasions, visits, windows, meeting_days = [], [], [], [], []

    def lead(name):
        return q[f"{name}_lead"] * q[f"{name}_lead_spread"] ** rng.normal()

    for o in calendar:
        view = outlook(ledger((), [o]), AS_OF, AS_OF + horizon * DAY, PRIORS).seasons[0]
        agreed = 1 - np.exp(-hazard.propensity(theta, 0.0, theta["year_effect"][:, view.year])
                            * hazard.type_intensity(theta)[:, view.slots[0].type])[0]
        start = (o.start_date - AS_OF).days
        while True:
            agrees, meets = rng.random() < agreed, start + rng.choice(OFFSETS, p=theta["meeting_day"][0])
            word = np.ceil(meets - lead("announcement")) if agrees else np.ceil(start - lead("refusal"))
            speaks = agrees or rng.random() < theta["refusal_share"][0, view.slots[0].type]
            if not speaks or word > 0:
                break
        if agrees and rng.random() < q["kept"]:
            meeting_days.append(meets)
        if speaks and word <= days:
            when = AS_OF + int(word) * DAY
            signals.append(signal(f"{when}-{o.occasion_id}", when, "summit_announced" if agrees else "contact_missed",
                                  3 if agrees else -2, "A1", o.occasion_id))
        occasions.append(replace(o, met=False, attended="none", held_in_person=True))
    for meets in np.repeat(np.arange(1, horizon + 1), rng.poisson(q["surprise_rate"] / 365.25 / q["window_kept"], horizon)):
        known, name = max(np.ceil(meets - lead("surprise")), -9e9), f"2025-visit-{len(visits)}"
        if known <= 0:
            continue
        if rng.random() < q["window_kept"]:
            meeting_days.append(meets)
        day, when = AS_OF + int(meets) * DAY, AS_OF + int(known) * DAY
        visits.append(visit(name, day, met=False, known_from=when))
        windows.append(window(name, when, day, day))
    if any(day <= days for day in meeting_days):
        return 1.0
    return probability(theta, ledger(signals, occasions + visits, windows), later, AS_OF + horizon * DAY)[0]


class TestCalendar:
    """Law 10."""

    @settings(max_examples=60)
    @given(st.integers(5, 100), st.integers(-4, 4))
    def test_moving_a_start_by_a_day_moves_the_chance_by_the_mass_of_the_day_that_the_deadline_cuts_off(self, left, beyond):
        """Exactly, without silence: the day that falls out is the one between deadline and start."""
        horizon = left + beyond
        now, later = (season_total(P, one_season(start), horizon, silent=False) for start in (left, left + 1))
        whole = season_total(P, one_season(left), left + 10, silent=False)
        mass = P["meeting_day"][:, beyond - OFFSETS[0]] if OFFSETS[0] <= beyond <= OFFSETS[-1] else 0.0
        np.testing.assert_allclose(now - later, whole * mass, atol=1e-12)

    @pytest.mark.parametrize("name", ["2025-unga-80", "2025-apec-gyeongju", "2025-g20-johannesburg"])
    @pytest.mark.parametrize("shift", [-1, 1])
    def test_moving_an_occasion_of_the_default_run_by_a_day_hardly_moves_the_headline(self, default_run, name, shift):
        moved = [replace(o, start_date=o.start_date + shift * DAY, end_date=o.end_date + shift * DAY)
                 for o in default_run.whole.occasions if o.occasion_id == name]
        after = probability(default_run.draws, extended(default_run.whole, (), moved)).mean()
        assert abs(after - probability(default_run.draws, default_run.whole).mean()) < 0.002

    def test_a_second_occasion_of_a_season_counts_by_the_overlap(self):
        """Two rows of one encounter, same type, host and start, are refused by the loader."""
        once, twice = one_season(100), outlook(ledger((), [occasion("2025-apec", AS_OF + 100 * DAY),
                                                           occasion("2025-again", AS_OF + 100 * DAY)]),
                                               AS_OF, AS_OF + 400 * DAY, PRIORS).seasons[0]
        alone, both = (1 - season_total(P, view, silent=False) / P["kept"] for view in (once, twice))
        np.testing.assert_allclose(both, alone ** 2 ** P["overlap"], atol=1e-12)
