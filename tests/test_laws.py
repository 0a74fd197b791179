"""The laws of the forecast, each tested as a property of complete ledgers rather than of one function."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import (
    AS_OF,
    DAY,
    KINDS,
    PARAMS,
    PRIORS,
    TYPES,
    ahead_of,
    announcement,
    extended,
    ledger,
    occasion,
    prior_draws,
    season_of,
    season_total,
    signal,
    thinned,
    visit,
    window,
    word,
)

from model import attendance, chances, summit
from model.answer import explain, forecast
from model.evidence.outlook import outlook
from model.evidence.record import OFFSETS, no_record, record
from model.evidence.rows import ATTENDANCE
from model.evidence.seasons import YEAR, meetings
from model.evidence.words import LEVELS, words
from model.fit import fits, likelihood, reweight, sampling
from model.settings.params import load_params

P = prior_draws()
FEW = thinned(P, 5)
ACTORS = ["US", "CN", "both"]


def probability(p, whole, as_of=AS_OF, deadline=date(2025, 12, 31)):
    """P(they meet by the deadline) of each draw, from all that a ledger says on a day."""
    return chances.by_deadline(p, ahead_of(whole, as_of, deadline))


def signed(kind, strength):
    """The strength with the sign that its kind allows."""
    return -strength if PRIORS.kinds[kind].sign == "down" else strength


DAYS = st.dates(date(1999, 1, 1), date(2025, 7, 11))


class TestDeadline:
    """Law 1."""

    @settings(max_examples=25)
    @given(DAYS, st.integers(0, 400), st.integers(0, 400))
    def test_a_later_deadline_is_never_less_likely(self, default_run, as_of, a, b):
        early, late = (
            probability(thinned(default_run.draws), default_run.whole, as_of, as_of + days * DAY)
            for days in sorted((a, b))
        )
        assert (early <= late + 1e-12).all()

    @settings(max_examples=25)
    @given(DAYS, st.integers(0, 700), st.integers(0, 300))
    def test_the_curve_of_a_longer_question_passes_through_every_shorter_one(
        self, default_run, as_of, days, more
    ):
        p, cut = thinned(default_run.draws), default_run.whole.as_of(as_of)
        short, long = (
            chances.chances(p, outlook(cut, as_of, as_of + n * DAY, PARAMS)).by_day
            for n in (days, days + more)
        )
        np.testing.assert_allclose(short, long[:, :days], atol=1e-12)

    @settings(max_examples=25)
    @given(DAYS, st.integers(1, 400))
    def test_shares_of_the_first_meeting_add_up(self, default_run, as_of, days):
        p, ahead = thinned(default_run.draws), ahead_of(default_run.whole, as_of, as_of + days * DAY)
        made = chances.chances(p, ahead)
        rows = forecast.shares(made, p, ahead)
        total = sum(row["probability_first"] for row in rows)
        assert total == pytest.approx(chances.by_deadline(p, ahead).mean(), abs=1e-9)
        assert all(
            0 <= row["probability_first"] <= row["probability_there"] + 1e-12 <= 1 + 1e-9 for row in rows
        )


def fields(whole, as_of, draws):
    """The fields of a forecast with a fit that ignores the record, without the count of later rows."""
    params = load_params(as_of=as_of, deadline=as_of + 200 * DAY)
    fit = fits.Fit("", as_of, draws, {"ess_min": 400.0}, 0.0, True, "")
    made = forecast.forecast(params, whole, lambda params, past: fit).forecast
    return {name: value for name, value in vars(made).items() if name != "rows_after_as_of"}


@st.composite
def later_outcome(draw, o, as_of):
    """Another outcome, leaders and, of a visit, days, as far as they become public later."""
    met, change = draw(st.booleans()), {"note": "Told later.", "source": "Found later."}
    change |= {"met": met, "attended": draw(st.sampled_from(["both", "none", "US"]))}
    change |= {"held_in_person": draw(st.booleans())}
    start = o.start_date
    if start > as_of:
        change["leader_1"] = draw(st.sampled_from(["Somebody", "Else"]))
        if o.is_visit:
            shift = draw(st.integers(0, 30)) * DAY
            start = o.start_date + shift
            change |= {"start_date": start, "end_date": o.end_date + shift}
    return replace(o, **change, met_date=max(start, as_of + DAY) if met else None)


@st.composite
def later_changes(draw, whole, as_of):
    """The ledger after any change to what became public after a day."""
    later = st.integers(1, 300).map(lambda days: as_of + days * DAY)
    ids = ["", *(row.event_id for row in whole.signals[-200:])]
    signals = [row for row in whole.signals if row.public_date <= as_of or draw(st.booleans())]
    for n in range(draw(st.integers(0, 3))):
        day, kind = draw(later), draw(st.sampled_from(KINDS))
        known = ["", *(o.occasion_id for o in whole.occasions if o.known_from <= day)]
        row = signal(f"{day}-late-{n}", day, kind, signed(kind, 3), search="losses")
        for_date = day + 30 * DAY if kind == "summit_announced" else None
        names = {"occasion": draw(st.sampled_from(known)), "same_as": draw(st.sampled_from(ids))}
        signals.append(replace(row, **names, actor=draw(st.sampled_from(ACTORS)), for_date=for_date))
    visits, windows = [o.occasion_id for o in whole.occasions if o.is_visit], list(whole.visit_windows)
    for _ in range(draw(st.integers(0, 2))):
        day = draw(later)
        windows.append(window(draw(st.sampled_from(visits)), day, day + 10 * DAY, day + 40 * DAY))
    occasions = []
    for o in whole.occasions:
        open_on_the_day = o.known_from <= as_of < o.outcome_date
        changed = open_on_the_day and draw(st.booleans())
        occasions.append(draw(later_outcome(o, as_of)) if changed else o)
    for n in range(draw(st.integers(0, 2))):
        start = draw(later) + 30 * DAY
        occasions.append(occasion(f"{start.year}-late-{n}", start, known_from=as_of + DAY))
    return ledger(signals, occasions, windows)


def data_bytes(whole, as_of):
    """What a fit of a day sees, as bytes."""
    return {
        name: value.tobytes() for name, value in summit.data_of(record(whole.as_of(as_of), PARAMS)).items()
    }


class TestNothingLater:
    """Law 2."""

    BEFORE: dict = {}

    @settings(max_examples=12)
    @given(
        st.sampled_from([date(2025, 7, 11), date(2024, 11, 16), date(2018, 11, 20), date(2009, 2, 22)]),
        st.data(),
    )
    def test_what_was_not_public_changes_nothing_to_the_bit(self, default_run, as_of, data):
        draws, whole = thinned(default_run.draws), default_run.whole
        if as_of not in self.BEFORE:
            self.BEFORE[as_of] = fields(whole, as_of, draws), data_bytes(whole, as_of)
        changed = data.draw(later_changes(whole, as_of))
        assert changed.as_of(as_of) == whole.as_of(as_of)
        assert (fields(changed, as_of, draws), data_bytes(changed, as_of)) == self.BEFORE[as_of]

    @pytest.mark.parametrize(
        "row",
        [
            announcement(AS_OF, "2025-apec-gyeongju"),
            word("US", -3, AS_OF, "2025-apec-gyeongju"),
            signal("2025-07-11-call", AS_OF, "leader_call", 3),
        ],
        ids=lambda row: row.kind,
    )
    def test_the_same_row_a_day_earlier_does_change_it(self, default_run, row):
        before, p = probability(thinned(default_run.draws), default_run.whole), thinned(default_run.draws)
        for day, same in ((AS_OF + DAY, True), (AS_OF, False)):
            changed = probability(p, extended(default_run.whole, [replace(row, public_date=day)]))
            assert np.array_equal(changed, before) == same


class TestSameAgain:
    """Law 3; two processes are compared in `test_fits`."""

    def test_the_same_inputs_give_the_same_file_to_the_byte(self, default_run):
        again = forecast.run(default_run.params)
        assert forecast.to_json(again.forecast) == forecast.to_json(default_run.forecast)

    def test_the_order_of_rows_in_the_files_does_not_count(self, default_run):
        whole, p = default_run.whole, thinned(default_run.draws)
        turned = replace(whole, signals=whole.signals[::-1], occasions=whole.occasions[::-1])
        np.testing.assert_allclose(probability(p, turned), probability(p, whole), rtol=1e-12)


@st.composite
def calendars(draw):
    """One to four occasions of the next months, some perhaps under way, and perhaps an agreed visit."""
    days = sorted(draw(st.lists(st.integers(-2, 100), min_size=1, max_size=4, unique=True)))
    rows = [
        occasion(
            f"2025-{n}",
            AS_OF + day * DAY,
            type=draw(st.sampled_from(TYPES)),
            known_from=AS_OF - 400 * DAY,
            host=draw(st.sampled_from(["US", "CN", "KR"])),
        )
        for n, day in enumerate(days)
    ]
    windows = [window()] if draw(st.booleans()) else []
    return rows + [visit()] * len(windows), windows


@st.composite
def one_row(draw, names, number):
    """A signal of the last hundred days, general or about an occasion: of any kind, strength and source."""
    kind, day = draw(st.sampled_from(KINDS)), AS_OF - draw(st.integers(0, 100)) * DAY
    strength = signed(kind, draw(st.integers(1, 3)))
    if PRIORS.kinds[kind].sign == "either" and draw(st.booleans()):
        strength = -strength
    open_to = [name for name in names if name != "2025-visit"] if kind == ATTENDANCE else [*names, ""]
    grade, about = draw(st.sampled_from(["A1", "B2", "C3"])), draw(st.sampled_from(open_to))
    return signal(f"{day}-{number}", day, kind, strength, grade, about, actor=draw(st.sampled_from(ACTORS)))


@st.composite
def situations(draw):
    """Occasions, windows, what was said of them, and one more row."""
    rows, windows = draw(calendars())
    names = [o.occasion_id for o in rows]
    said = [draw(one_row(names, n)) for n in range(draw(st.integers(0, 7)))]
    return rows, windows, said, draw(one_row(names, "new"))


class TestSignals:
    """Law 4."""

    def moves_every_draw_its_way(self, situation):
        """In every draw, but for rounding, whatever was said before and after it."""
        rows, windows, said, row = situation
        before, after = (probability(FEW, ledger(signals, rows, windows)) for signals in (said, [*said, row]))
        assert (np.sign(row.strength) * (after - before) >= -1e-9).all()

    @settings(max_examples=200)
    @given(situations())
    def test_a_signal_moves_every_draw_its_way(self, situation):
        self.moves_every_draw_its_way(situation)

    @pytest.mark.study
    @settings(max_examples=5000)
    @given(situations())
    def test_a_signal_moves_every_draw_its_way_in_thousands_of_situations(self, situation):
        self.moves_every_draw_its_way(situation)

    @settings(max_examples=60)
    @given(situations(), st.data())
    def test_rows_tied_as_one_event_count_once(self, situation, data):
        rows, windows, said, _ = situation
        twins = [replace(row, event_id=f"{row.event_id}-again", same_as=row.event_id) for row in said]
        later = [data.draw(st.integers(0, 30)) * DAY for _ in said]
        twins = [
            replace(row, public_date=row.public_date + lag) for row, lag in zip(twins, later, strict=True)
        ]
        once, twice = (probability(FEW, ledger(rows_, rows, windows)) for rows_ in (said, [*said, *twins]))
        assert np.array_equal(once, twice)

    @pytest.mark.parametrize("first, last", [("2025-04-01", "2025-05-10"), ("1993-01-01", "2025-07-11")])
    def test_coding_a_period_twice_moves_nothing(self, default_run, first, last):
        coded = {
            row.event_id: row for row in default_run.ledger.signals if first <= str(row.public_date) <= last
        }
        twins = [
            replace(row, event_id=f"{name}-twin", same_as=row.same_as + "-twin" * (row.same_as in coded))
            for name, row in coded.items()
        ]
        assert len(twins) > 8
        twice, p = extended(default_run.ledger, twins), thinned(default_run.draws)
        assert np.array_equal(probability(p, default_run.ledger), probability(p, twice))
        assert data_bytes(twice, AS_OF) == data_bytes(default_run.ledger, AS_OF)


class TestReasons:
    """Law 5."""

    @settings(max_examples=40)
    @given(situations())
    def test_contributions_add_up_to_the_forecast_less_the_one_without_signals(self, situation):
        rows, windows, said, row = situation
        whole = ledger([*said, row], rows, windows)
        ahead = ahead_of(whole, deadline=date(2025, 12, 31))
        total = sum(
            part["delta"] for part in explain.contributions(FEW, ahead, list(whole.signals), 0.9, PRIORS)
        )
        change = chances.by_deadline(FEW, ahead) - chances.by_deadline(FEW, ahead, signals=False)
        assert total == pytest.approx(change.mean(), abs=1e-9)


class TestRecordAgrees:
    """Law 6."""

    STRETCHES = [((1, 1), (12, 31)), ((1, 1), (6, 30)), ((7, 11), (12, 31))]
    STRETCHES += [((9, 1), (10, 10)), ((10, 15), (12, 31)), ((12, 10), (12, 31))]

    @pytest.mark.parametrize("begin, end", STRETCHES)
    def test_without_signals_the_forecast_is_the_share_of_years_that_met_in_the_same_stretch(
        self, default_run, begin, end
    ):
        """Within three standard errors of the record and of the forecast, whichever calendar the year has.

        Averaged over the calendars of 2009 to 2024, each as known on its first day, with today's parameters.
        """
        p, whole = thinned(default_run.draws), default_run.whole
        years, record_years = range(2009, 2025), range(1993, 2025)
        predicted = []
        for year in years:
            as_of = date(year, *begin)
            silent = replace(whole.as_of(as_of), signals=(), visit_windows=())
            ahead = outlook(silent, as_of, date(year, *end), PARAMS)
            predicted.append(chances.by_deadline(p, ahead, signals=False))
        met = meetings(default_run.ledger)
        hits = sum(any(date(year, *begin) < day <= date(year, *end) for day in met) for year in record_years)
        n, mean = len(record_years), np.mean(predicted)
        share = (hits + 0.5) / (n + 1)
        error = np.sqrt(share * (1 - share) / n + np.mean(predicted, axis=0).var())
        assert abs(mean - share) < 3 * error, (mean, share, error)

    def test_more_than_a_year_ahead_yearly_summits_are_expected_from_their_series(self, default_run):
        ahead = ahead_of(default_run.whole, deadline=date(2027, 12, 31))
        expected = {
            (slot.occasion.type, slot.occasion.start_date.year)
            for view in ahead.seasons
            for slot in view.slots
            if slot.occasion.occasion_id.endswith("-expected")
        }
        assert {("apec", 2027), ("g20", 2027), ("unga", 2027)} <= expected


class TestArithmetic:
    """Law 7."""

    @settings(max_examples=25)
    @given(st.integers(0, 900))
    def test_time_without_an_outcome_reweights_the_draws_as_the_posterior_says(self, default_run, days):
        """The prior of the rate of visits is a gamma distribution, so its posterior is one too."""
        past, prior = default_run.record, PRIORS.parameters["visit_rate"].frozen()
        updated = reweight.update(default_run.fit, past, replace(past, idle=days / YEAR))
        inverse_scale = prior.mean() / prior.var()
        shape = prior.mean() * inverse_scale + past.visits
        exact = shape / (inverse_scale + past.years + days / YEAR)
        rate = updated.draws["visit_rate"]
        assert updated.pareto_k < 0.7
        assert abs(rate.mean() - exact) < 3 * forecast.monte_carlo_error(rate, updated)

    @pytest.mark.study
    def test_time_without_an_outcome_reweights_the_draws_as_a_refit_would_find_them(self, default_run):
        """Of one ledger; the record keeps the study of fifty."""
        past, days = default_run.record, 400
        updated = reweight.update(default_run.fit, past, replace(past, idle=days / YEAR))
        later = replace(past, years=past.years + days / YEAR)
        tree = sampling.sample(PARAMS, later)
        diagnostics = sampling.diagnose(tree, PARAMS)[0]
        fresh = replace(default_run.fit, draws=sampling.draws_of(tree, later), diagnostics=diagnostics)
        for quantity in (lambda p: p["visit_rate"], lambda p: chances.by_deadline(p, default_run.outlook)):
            ours, theirs = (quantity(each.draws) for each in (updated, fresh))
            errors = (forecast.monte_carlo_error(ours, updated), forecast.monte_carlo_error(theirs, fresh))
            assert abs(ours.mean() - theirs.mean()) < 3 * np.hypot(*errors)

    def test_rows_public_after_the_fit_move_the_number_without_a_refit(self, default_run):
        more = announcement(date(2025, 7, 1), "2025-apec-gyeongju")
        whole, p = extended(default_run.whole, [more, signal(strength=3)]), thinned(default_run.draws)
        key = fits.fit_key(PARAMS, record(whole.as_of(AS_OF), PARAMS))
        assert key == fits.fit_key(PARAMS, default_run.record)
        assert (probability(p, whole) > probability(p, default_run.whole)).all()

    def test_the_fit_stays_the_same_until_something_is_decided(self, default_run):
        keys = {
            fits.fit_key(PARAMS, record(default_run.whole.as_of(AS_OF - days * DAY), PARAMS))
            for days in (0, 30, 170)
        }
        assert len(keys) == 1
        assert fits.fit_key(PARAMS, record(default_run.whole.as_of(date(2025, 1, 19)), PARAMS)) not in keys


@st.composite
def coming_words(draw):
    """Words about the coming of one leader on different days, and one more of a level not said before."""
    count = draw(st.integers(0, 4))
    days = draw(st.lists(st.integers(0, 100), min_size=count + 1, max_size=count + 1, unique=True))
    said = [word("US", draw(st.sampled_from([*LEVELS, 3, -3])), AS_OF - day * DAY) for day in days[1:]]
    new = draw(st.sampled_from(LEVELS))
    return said, word("US", new, AS_OF - days[0] * DAY, name="-new")


class TestWords:
    """Law 8."""

    def odds(self, rows):
        view, _ = season_of(100)
        slot = replace(view.slots[0], words=words(rows, PRIORS))
        chance = attendance.comes(P, slot, 0, np.zeros(200))
        return np.log(chance) - np.log1p(-chance)

    @settings(max_examples=100)
    @given(coming_words(), st.randoms())
    def test_a_word_moves_the_odds_of_coming_by_the_ratio_of_its_two_chances(self, case, random):
        """Unless it was said before, or a settled word against it came later."""
        said, new = case
        settled = [row for row in said if abs(row.strength) == 3 and row.strength * new.strength < 0]
        again = any(
            row.strength == new.strength and all(row.public_date > s.public_date for s in settled)
            for row in said
        )
        counts = not again and all(new.public_date > row.public_date for row in settled)
        rows = random.sample([*said, new], len(said) + 1)
        likely = likelihood.said(P)
        ratio = np.log((likely[0] / likely[1])[:, LEVELS.index(new.strength)])
        np.testing.assert_allclose(self.odds(rows) - self.odds(said), ratio * counts, atol=1e-6)


class TestCalendar:
    """Law 10."""

    @settings(max_examples=60)
    @given(st.integers(5, 100), st.integers(-4, 4))
    def test_moving_a_start_by_a_day_moves_the_chance_by_the_mass_of_the_day_that_the_deadline_cuts_off(
        self, left, beyond
    ):
        """Exactly: the day that falls out is the one between deadline and start."""
        now, later = (season_total(P, *season_of(start, horizon=left + beyond)) for start in (left, left + 1))
        whole = season_total(P, *season_of(left, horizon=left + 10))
        mass = P["meeting_day"][:, beyond - OFFSETS[0]] if OFFSETS[0] <= beyond <= OFFSETS[-1] else 0.0
        np.testing.assert_allclose(now - later, whole * mass, atol=1e-9)

    @pytest.mark.parametrize("name", ["2025-unga-80", "2025-apec-gyeongju", "2025-g20-johannesburg"])
    @pytest.mark.parametrize("shift", [-1, 1])
    def test_moving_an_occasion_of_the_default_run_by_a_day_hardly_moves_the_headline(
        self, default_run, name, shift
    ):
        o = next(o for o in default_run.whole.occasions if o.occasion_id == name)
        moved = replace(o, start_date=o.start_date + shift * DAY, end_date=o.end_date + shift * DAY)
        after = probability(default_run.draws, extended(default_run.whole, (), [moved])).mean()
        assert abs(after - probability(default_run.draws, default_run.whole).mean()) < 0.002


class TestNoRecord:
    """Law 11, of a record in which nothing was decided."""

    RECORDS = {
        "no record": no_record(),
        "an empty ledger": record(ledger(), PARAMS),
        "nothing decided yet": record(ledger([signal(), word("US", 3)], [occasion()]).as_of(AS_OF), PARAMS),
        "a day before the first outcome": record(ledger((), [occasion(met=True)]).as_of(AS_OF), PARAMS),
        "years of signals without an outcome": record(
            ledger([signal("2001-01-01-call", date(2001, 1, 1)), signal()]), PARAMS
        ),
    }

    @pytest.mark.parametrize("name", RECORDS)
    def test_no_draw_is_more_likely_than_another(self, name):
        assert not likelihood.log_likelihood(P, self.RECORDS[name]).any()

    @pytest.mark.parametrize("name", RECORDS)
    def test_the_data_are_those_of_no_record(self, name):
        found, none = summit.data_of(self.RECORDS[name]), summit.data_of(no_record())
        assert all(np.array_equal(found[key], none[key]) for key in none)

    @pytest.mark.parametrize("name", RECORDS)
    def test_the_draws_stay_as_they_are_however_much_time_has_passed(self, name):
        fit = fits.Fit("", no_record().through, P, {}, 0.0, True, "")
        later = reweight.update(fit, no_record(), self.RECORDS[name])
        assert all(np.array_equal(later.draws[name], P[name]) for name in P)

    @pytest.mark.study
    def test_a_fit_to_no_record_is_the_prior(self):
        params = load_params(scenario="no-record")
        fit = fits.fit(params, no_record())
        for name, prior in PRIORS.parameters.items():
            values, frozen = fit.draws[name], prior.frozen()
            error = frozen.std() / np.sqrt(fit.diagnostics["ess_min"])
            np.testing.assert_allclose(values.mean(0), frozen.mean(), atol=4 * error, err_msg=name)
