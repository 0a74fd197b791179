"""The formula against brute force: simulating the process described on page 3 gives the same chances.

The simulation shares with the package only the inputs of a test: the start of occasions and the words about
them. It draws attendance, whether and where they meet, and the day, and weights each simulated world by the
likelihood of the words in it.
"""

from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import (
    AS_OF,
    DAY,
    PRIORS,
    TYPES,
    ahead_of,
    announcement,
    days_of,
    ledger,
    occasion,
    planning,
    prior_draws,
    refusal,
    season_of,
    signal,
    thinned,
    visit,
    window,
    with_words,
    word,
)

from model import attendance, chances
from model.chances import UNKNOWN
from model.evidence.words import LEVELS, Coming, Meeting, Words

WORLDS = 200_000
HORIZON = 120
P = prior_draws()
FEW = thinned(P, 10)


def parameters(seed):
    """One draw of every parameter, without extremes that would make worlds with weight too rare."""
    rng = np.random.default_rng(seed)
    ranges = {
        "comes_home": (0.9, 0.99),
        "comes_summit": (0.6, 0.95),
        "comes_other": (0.3, 0.7),
        "comes_guest": (0.1, 0.4),
        "comes_spread": (0.2, 1.0),
        "tone_factor": (1.2, 4),
        "held": (0.85, 0.97),
        "meets_summit": (0.6, 0.9),
        "meets_other": (0.3, 0.7),
        "came_if_will": (0.9, 0.98),
        "came_if_not": (0.02, 0.1),
        "word_factor": (1.5, 5),
        "breaks": (0.003, 0.02),
        "again": (0.3, 0.9),
        "visit_rate": (0.3, 1.5),
        "visit_notice": (30, 200),
    }
    p = {name: rng.uniform(*edges, 1) for name, edges in ranges.items()}
    p |= {
        "said": rng.uniform(0.1, 0.5, (1, 4)),
        "misled": rng.uniform(0.1, 0.6, (1, 4)),
        "norm": rng.uniform(-0.2, 0.2, 1),
        "comes_effect": rng.normal(size=(1, 2, len(TYPES))),
        "meeting_day": rng.dirichlet(np.full(7, 3.0), 1),
    }
    return p


@dataclass(frozen=True)
class Stop:
    """One occasion as a test states it: settled words (1, -1) and levels of others by side or `both`.

    `planned` and `doubted` are strengths 0 to 3, `since` are levels said after the announcement by side,
    `named` is the day ahead that it names; a meeting `refused` was announced and taken back.
    """

    start: int
    type: str = "apec"
    host: str = "KR"
    settled: tuple = ()
    levels: tuple = ()
    planned: int = 0
    doubted: int = 0
    announced: bool = False
    named: int | None = None
    since: tuple = ()
    refused: bool = False

    def rows(self, name):
        """The same occasion as ledger rows."""
        found = [word(side, 3 * sign, AS_OF - 60 * DAY, name) for side, sign in self.settled]
        found += [word(side, level, AS_OF - 50 * DAY, name) for side, level in self.levels]
        found += [word(side, level, AS_OF - 10 * DAY, name) for side, level in self.since]
        if self.refused:
            found += [announcement(AS_OF - 30 * DAY, name), refusal(AS_OF - 25 * DAY, name)]
        if self.announced:
            day = None if self.named is None else AS_OF + self.named * DAY
            found.append(announcement(AS_OF - 30 * DAY, name, day))
        found += [
            planning(AS_OF - 20 * DAY, name, strength)
            for strength in (self.planned, -self.doubted)
            if strength
        ]
        return [replace(row, event_id=f"{row.event_id}-{name}") for row in found]


def ledger_of(stops, more=(), visits=(), windows=()):
    """Occasions `2025-0`, `2025-1` and so on, with all words about them."""
    rows = [
        occasion(f"2025-{i}", AS_OF + s.start * DAY, type=s.type, host=s.host) for i, s in enumerate(stops)
    ]
    said = [row for i, s in enumerate(stops) for row in s.rows(f"2025-{i}")]
    return ledger([*said, *more], [*rows, *visits], windows)


class Worlds:
    """Simulated worlds of one draw of the parameters: random numbers, and the weight of each world."""

    def __init__(self, p, seed=0):
        self.p = {name: values[0] for name, values in p.items()}
        self.rng = np.random.default_rng(seed)

    def happens(self, chance):
        return self.rng.random(WORLDS) < chance

    def heard(self, levels, true):
        """The likelihood of the reported levels in each world."""
        likely = np.ones(WORLDS)
        for level in levels:
            i = (2, 1, -1, -2).index(level)
            fits = true if level > 0 else ~true
            likely *= np.where(fits, self.p["said"][i], self.p["said"][i] * self.p["misled"][i])
        return likely

    def yes(self, chance, stop, side):
        """Whether a leader attends, or the occasion is held, and the weight of the words about it."""
        settled = dict(stop.settled).get(side, 0)
        if settled > 0:
            chance = max(chance, self.p["came_if_will"])
        if settled < 0:
            chance = min(chance, self.p["came_if_not"])
        true = self.happens(chance)
        return true, self.heard([level for who, level in (*stop.levels, *stop.since) if who == side], true)

    def leader_comes(self, stop, side, tone):
        code, other = ("US", "CN")[side], ("CN", "US")[side]
        summit = PRIORS.types[stop.type].summit
        if stop.host == code:
            odds = odds_of(self.p["comes_home"])
        elif stop.host == other and not summit:
            odds = odds_of(self.p["comes_guest"]) * self.p["tone_factor"] ** tone
        else:
            habit = np.exp(self.p["comes_spread"] * self.p["comes_effect"][side][TYPES.index(stop.type)])
            odds = (
                odds_of(self.p["comes_summit" if summit else "comes_other"])
                * habit
                * self.p["tone_factor"] ** tone
            )
        return self.yes(odds / (1 + odds), stop, code)

    def both_there(self, stop, tone):
        """Whether the occasion is held and both attend in each world, and the weight of the words."""
        there, weight = self.yes(self.p["held"], stop, "both")
        for came, likely in (self.leader_comes(stop, side, tone) for side in (0, 1)):
            there, weight = there & came, weight * likely
        return there, weight

    def day_near(self, stop, first=-3):
        offsets = np.arange(first, 4)
        chance = self.p["meeting_day"][first + 3 :]
        return stop.start + self.rng.choice(offsets, WORLDS, p=chance / chance.sum())

    def talk(self, stop):
        doubted = 3 if stop.refused else stop.doubted
        return self.p["word_factor"] ** ((stop.planned - doubted) / 3)

    def unannounced(self, stops, tone):
        """Where they meet (-1 nowhere) and when, the weight of each world, and where both are.

        Summits that both attend share one possible meeting, held where most days remain; every other occasion
        has its own. Worlds with a meeting on a past day have weight 0.
        """
        at, weight = np.full((len(stops), WORLDS), False), np.ones(WORLDS)
        for i, stop in enumerate(stops):
            at[i], likely = self.both_there(stop, tone)
            weight = weight * likely
        summit = np.array([PRIORS.types[stop.type].summit for stop in stops])
        odds = odds_of(self.p["meets_summit"]) * self.p["tone_factor"] ** tone
        at_summit = odds / (1 + odds)
        left = np.array([self.p["meeting_day"][stop.start + np.arange(-3, 4) >= 1].sum() for stop in stops])
        met = at[summit].any(0) & self.happens(at_summit) if summit.any() else np.zeros(WORLDS, dtype=bool)
        behind = met & ~self.happens((at * (summit * left)[:, None]).max(0))
        for i in np.flatnonzero(~summit):
            there = at[i] & self.happens(self.p["meets_other"])
            met, behind = met | there, behind | there & ~self.happens(left[i])
        talk = np.array([self.talk(stop) for stop in stops])
        share = at * (talk * left * np.where(summit, at_summit, self.p["meets_other"]))[:, None]
        edges = np.cumsum(share, axis=0)
        where = np.where(met, (self.rng.random(WORLDS) * edges[-1] >= edges).sum(0), -1)
        day = np.choose(
            np.maximum(where, 0), [self.day_near(stop, max(1 - stop.start, -3)) for stop in stops]
        )
        weight = weight * np.where(met, (at * talk[:, None]).max(0), 1.0) * ~behind
        return where, day, weight, at

    def promised(self, stop, at_risk=30):
        """Whether and when an announced meeting is kept, and the weight of later words against it.

        It is neither held nor broken yet: its day is still ahead, and it may break until it is due.
        """
        due = stop.start if stop.named is None else stop.named
        kept = self.rng.exponential(1 / self.p["breaks"], WORLDS) > min(max(due, 0), at_risk)
        against = [level for _, level in stop.since if level < 0]
        weight = np.where(kept, self.p["word_factor"] ** (-stop.doubted / 3), 1.0) * self.heard(against, kept)
        if stop.named is None:
            day = self.day_near(stop, max(1 - stop.start, -3))
        else:
            chance = np.array([0.05, 0.9, 0.05]) * (stop.named + np.arange(-1, 2) >= 1)
            day = stop.named + self.rng.choice([-1, 0, 1], WORLDS, p=chance / chance.sum())
        return kept, day, weight

    def season(self, stops, tone):
        """As `unannounced`, with the set of announced meetings as promises that has the largest chance."""
        announced, best = [i for i, stop in enumerate(stops) if stop.announced], self.unannounced(stops, tone)
        for size in range(1, len(announced) + 1):
            for chosen in combinations(announced, size):
                found = self.with_promises(stops, chosen, tone)
                best = max((best, found), key=lambda worlds: mean(worlds[0] >= 0, worlds[2])[0])
        return best

    def with_promises(self, stops, chosen, tone):
        """The first kept promise of the chosen announcements, otherwise the other occasions."""
        rest = [i for i in range(len(stops)) if i not in chosen]
        where, day, weight = np.full(WORLDS, -1), np.zeros(WORLDS, dtype=int), np.ones(WORLDS)
        there = np.zeros((len(stops), WORLDS), dtype=bool)
        if rest:
            inner, day, weight, there[rest] = self.unannounced([stops[i] for i in rest], tone)
            where = np.where(inner < 0, -1, np.array([*rest, -1])[inner])
        for i in reversed(chosen):
            kept, when, likely = self.promised(stops[i])
            there[i], where, day, weight = (
                kept,
                np.where(kept, i, where),
                np.where(kept, when, day),
                weight * likely,
            )
        return where, day, weight, there


def odds_of(chance):
    return chance / (1 - chance)


def mean(event, weight):
    """The weighted share of worlds in which something happens, and its Monte Carlo error."""
    share = (weight * event).sum() / weight.sum()
    return share, np.sqrt((weight**2 * (event - share) ** 2).sum()) / weight.sum()


def assert_agrees(value, event, weight, what):
    share, error = mean(event, weight)
    assert abs(value - share) <= 4 * error + 1e-9, (what, float(value), share, error)


AT_UN, G20 = (40, "unga", "US"), (80, "g20", "ZA")
STATED = {
    "one summit": [Stop(60)],
    "one other": [Stop(60, "other_multilateral")],
    "a guest": [Stop(60, "unga", "US")],
    "a parade": [Stop(60, "other_multilateral", "CN")],
    "a summit at home": [Stop(60, host="US")],
    "two summits": [Stop(60), Stop(*G20)],
    "a summit and another": [Stop(60, "unga", "US"), Stop(75)],
    "three": [Stop(*AT_UN), Stop(60), Stop(*G20)],
    "three, two of them others": [Stop(*AT_UN), Stop(60, "other_multilateral"), Stop(*G20)],
    **{
        f"a word of level {level} on {side}": [Stop(60, levels=((side, level),))]
        for level in LEVELS
        for side in ("US", "CN", "both")
    },
    "words that disagree": [Stop(60, levels=(("US", 2), ("US", -2), ("CN", 1)))],
    **{
        f"settled {sign} of {side}": [Stop(60, settled=((side, sign),))]
        for sign in (1, -1)
        for side in ("US", "CN", "both")
    },
    "settled, then others": [Stop(60, settled=(("US", 1), ("CN", -1)), levels=(("US", -1), ("CN", 2)))],
    "one of two stays away": [Stop(60), Stop(*G20, settled=(("US", -1),))],
    "planned": [Stop(60, planned=3)],
    "doubted": [Stop(60, doubted=3)],
    "planned and doubted": [Stop(60, planned=2, doubted=3)],
    "one of three planned, one doubted": [Stop(*AT_UN, planned=3), Stop(60, doubted=2), Stop(*G20)],
    "words of every sort": [
        Stop(*AT_UN, levels=(("CN", -1),), planned=2),
        Stop(60, settled=(("US", 1),)),
        Stop(*G20, levels=(("US", -2),), doubted=1),
    ],
    "announced": [Stop(60, announced=True)],
    "announced for soon": [Stop(9, announced=True)],
    "announced for a day": [Stop(60, announced=True, named=58)],
    "announced for tomorrow": [Stop(2, announced=True, named=1)],
    "announced, then doubted": [Stop(60, announced=True, doubted=3)],
    "announced, then a word against coming": [Stop(60, announced=True, since=(("US", -2),))],
    "announced, one of two": [Stop(60, announced=True), Stop(*G20, planned=3)],
    "announced, two of three": [Stop(*AT_UN, announced=True), Stop(60), Stop(*G20, announced=True)],
    "announced with less than there was": [
        Stop(
            60,
            settled=(("US", 1), ("CN", 1)),
            planned=3,
            announced=True,
            doubted=3,
            since=(("US", -2), ("CN", -2)),
        )
    ],
    "announced, then a word for coming": [Stop(60, announced=True, since=(("US", 2),))],
    "one under way": [Stop(0, "unga", "US"), Stop(9), Stop(20, "other_multilateral", planned=3)],
    "under way": [Stop(0)],
    "half over": [Stop(-1, planned=2)],
    "under way, with one to come": [Stop(-1), Stop(19, "g20", "ZA")],
    "announced and due tomorrow": [Stop(1, announced=True)],
    "announced and taken back": [Stop(60, refused=True)],
    "one of two taken back": [Stop(60, refused=True), Stop(*G20)],
    "announced and half over": [Stop(-1, announced=True), Stop(19, "g20", "ZA")],
}


@pytest.mark.parametrize("seed, case", list(enumerate(STATED)), ids=STATED)
def test_a_season_is_that_of_the_simulated_process(seed, case):
    stops, p, tone = STATED[case], parameters(seed), 0.3
    ahead = ahead_of(ledger_of(stops), deadline=AS_OF + HORIZON * DAY)
    view = ahead.seasons[0]
    causes = chances.season_causes(p, view, np.array([tone]), ahead)
    where, day, weight, there = Worlds(p, seed).season(stops, tone)
    present = attendance.presence(p, view, np.array([tone]), ahead)
    for i, cause in enumerate(causes):
        assert cause.id == f"2025-{i}"
        start = max(stops[i].start, 1)
        assert_agrees(cause.by_deadline, where == i, weight, (case, i))
        assert_agrees(days_of(cause)[0, :start].sum(), (where == i) & (day <= start), weight, case)
        assert_agrees(present[f"2025-{i}"].both[0], there[i], weight, (case, i, "both"))


class TestWhoIsThere:
    """P(each leader attends) together with P(both attend)."""

    @pytest.mark.parametrize(
        "seed, stop",
        [
            (1, Stop(60, levels=(("US", -1), ("CN", 2)))),
            (2, Stop(60, "unga", "US", planned=3)),
            (3, Stop(60, settled=(("both", -1),))),
        ],
        ids=["words", "planned", "off"],
    )
    def test_each_leader_is_there_as_often_as_in_the_simulation(self, seed, stop):
        p, worlds = parameters(seed), Worlds(parameters(seed), seed)
        ahead = ahead_of(ledger_of([stop]), deadline=AS_OF + HORIZON * DAY)
        found = attendance.presence(p, ahead.seasons[0], np.zeros(1), ahead)["2025-0"]
        held, w = worlds.yes(worlds.p["held"], stop, "both")
        us, w_us = worlds.leader_comes(stop, 0, 0.0)
        cn, w_cn = worlds.leader_comes(stop, 1, 0.0)
        meets = worlds.p["meets_summit" if PRIORS.types[stop.type].summit else "meets_other"]
        met = held & us & cn & worlds.happens(meets)
        weight = w * w_us * w_cn * np.where(met, worlds.talk(stop), 1.0)
        assert_agrees(found.comes["US"][0], held & us, weight, "US")
        assert_agrees(found.comes["CN"][0], held & cn, weight, "CN")
        assert_agrees(found.both[0], held & us & cn, weight, "both")


def said_of_visit(strength):
    return [planning(AS_OF - 3 * DAY, "2025-visit", strength)]


UNDER_WAY = window(earliest=AS_OF - 5 * DAY, latest=AS_OF + 40 * DAY)
NAMED = announcement(AS_OF - 3 * DAY, "2025-visit", AS_OF + 55 * DAY)
VISITS = {
    "agreed": (window(), [], (52, 61), 0),
    "agreed, part of the window behind": (UNDER_WAY, [], (1, 40), 0),
    "agreed, then planned": (window(), said_of_visit(3), (52, 61), 3),
    "agreed, then doubted": (window(), said_of_visit(-2), (52, 61), -2),
    "announced for a day": (window(), [NAMED], (55, 55), 0),
}


class TestVisits:
    @pytest.mark.parametrize("seed, case", list(enumerate(VISITS)), ids=VISITS)
    def test_an_agreed_visit_is_kept_as_promises_are_on_a_day_of_what_is_left_of_its_window(self, seed, case):
        dates, said, (first, last), talk = VISITS[case]
        p = parameters(seed)
        ahead = ahead_of(ledger(said, [visit()], [dates]), deadline=AS_OF + HORIZON * DAY)
        days = days_of(chances.visit_cause(p, ahead.visits[0], ahead))[0]
        worlds = Worlds(p, seed)
        day = worlds.rng.integers(first, last + 1, WORLDS)
        kept = worlds.rng.exponential(1 / worlds.p["breaks"], WORLDS) > np.minimum(day, 30)
        # Words are applied day by day: they multiply each day's odds that the visit is kept.
        chance = np.exp(-worlds.p["breaks"] * np.minimum(day, 30))
        ratio = worlds.p["word_factor"] ** (talk / 3)
        weight = np.where(kept, ratio, 1.0) / (chance * ratio + 1 - chance)
        assert_agrees(days.sum(), kept, weight, case)
        assert_agrees(days[: (first + last) // 2].sum(), kept & (day <= (first + last) // 2), weight, case)

    @pytest.mark.parametrize("ago", [0, 100, 300])
    def test_a_visit_put_off_comes_within_a_year_if_it_has_not_come_yet(self, ago):
        p, worlds = parameters(3), Worlds(parameters(3))
        off = window(day=AS_OF - ago * DAY, earliest=None, latest=None)
        held = visit(start=AS_OF - ago * DAY + 3 * DAY, known_from=AS_OF - 500 * DAY)
        ahead = ahead_of(ledger((), [held], [off]), deadline=AS_OF + 500 * DAY)
        days = days_of(chances.again_cause(p, ahead.put_off[0], ahead))[0]
        comes, when = worlds.happens(worlds.p["again"]), worlds.rng.integers(1, 366, WORLDS) - ago
        weight = 1.0 * ~(comes & (when < 1))
        for by in (10, 40, 65, 366):
            assert_agrees(days[:by].sum(), comes & (when <= by), weight, by)

    def test_unknown_visits_come_at_their_rate_less_those_of_which_a_word_would_be_public(self):
        p, worlds = parameters(4), Worlds(parameters(4))
        rate, notice = worlds.p["visit_rate"] / 365.25, worlds.p["visit_notice"]
        ahead = ahead_of(ledger(), deadline=AS_OF + 200 * DAY)
        number = worlds.rng.poisson(200 * rate, WORLDS)
        world = np.repeat(np.arange(WORLDS), number)
        day = worlds.rng.integers(1, 201, len(world))
        secret = world[day - worlds.rng.exponential(notice, len(world)) > 0]
        met = np.bincount(secret, minlength=WORLDS) > 0
        assert_agrees(chances.by_deadline(p, ahead)[0], met, np.ones(WORLDS), "unknown")


class TestTogether:
    """Seasons, visits and unknown visits, each from its own process, and the first meeting of all."""

    STOPS = [Stop(30, "unga", "US", levels=(("CN", -1),)), Stop(70, planned=2), Stop(90, "g20", "ZA")]

    def test_the_first_meeting_is_that_of_the_simulation(self):
        seed = 1
        p, worlds = parameters(seed), Worlds(parameters(seed), seed)
        whole = ledger_of(self.STOPS, [signal(strength=3)], [visit()], [window()])
        ahead = ahead_of(whole, deadline=AS_OF + HORIZON * DAY)
        made, by_deadline = chances.chances(p, ahead), chances.by_deadline(p, ahead)[0]
        assert [[slot.occasion.occasion_id for slot in view.slots] for view in ahead.seasons] == [
            ["2025-0"],
            ["2025-1", "2025-2"],
        ]
        tone = 0.5 ** (40 / 90) / (0.5 ** (40 / 90) + 1) - worlds.p["norm"]
        causes, days, weight = ["2025-0", "2025-1", "2025-2", "2025-visit", UNKNOWN], [], np.ones(WORLDS)
        for stops, names, fade in ((self.STOPS[:1], [0], 1.0), (self.STOPS[1:], [1, 2], 0.5 ** (14 / 90))):
            where, day, likely, _ = worlds.unannounced(stops, tone * fade)
            weight = weight * likely
            days += [np.where(where == i, day, np.inf) for i in range(len(names))]
        day = worlds.rng.integers(52, 62, WORLDS)
        days.append(np.where(worlds.rng.exponential(1 / worlds.p["breaks"], WORLDS) > 30, day, np.inf))
        secret = (
            -np.expm1(-np.arange(1, HORIZON + 1) / worlds.p["visit_notice"]) * worlds.p["visit_rate"] / 365.25
        )
        arrival = np.searchsorted(np.cumsum(secret), worlds.rng.exponential(size=WORLDS)) + 1.0
        days.append(np.where(arrival <= HORIZON, arrival, np.inf))
        days = np.array(days) + worlds.rng.uniform(size=(5, WORLDS)) * 0.999
        first, when = days.argmin(0), np.floor(days.min(0))
        for i, cause in enumerate(causes):
            column = made.causes.index(cause)
            assert_agrees(made.first[0, column], (first == i) & (when <= HORIZON), weight, cause)
            assert_agrees(made.there[0, column], days[i] <= HORIZON + 1, weight, cause)
        for by in (10, 31, 56, 72, HORIZON):
            assert_agrees(made.by_day[0, by - 1], when <= by, weight, by)
        assert_agrees(by_deadline, when <= HORIZON, weight, "deadline")

    def test_where_nobody_says_anything_the_season_without_signals_is_the_season(self):
        ahead = ahead_of(ledger((), [occasion()]))
        np.testing.assert_allclose(
            chances.by_deadline(P | {"norm": np.zeros(200)}, ahead), chances.by_deadline(P, ahead, False)
        )

    def test_tone_moves_nobody_who_is_at_home(self):
        view, _ = season_of(100, hosts=("US",))
        low, high = (attendance.comes(P, view.slots[0], 0, np.full(200, tone)) for tone in (-0.5, 0.5))
        assert np.array_equal(low, high)
        assert (
            attendance.comes(P, view.slots[0], 1, np.full(200, 0.5))
            > attendance.comes(P, view.slots[0], 1, np.zeros(200))
        ).all()

    @settings(max_examples=40)
    @given(st.lists(st.integers(-2, 25), min_size=1, max_size=3), st.integers(20, 40), st.data())
    def test_days_are_chances_and_the_season_is_at_most_certain(self, starts, horizon, data):
        view, ahead = season_of(*sorted(starts), horizon=horizon)
        said = st.sampled_from(
            [
                Words({}),
                Words({}, Meeting(date(2025, 6, 1))),
                Words({"US": Coming(-1)}),
                Words({"CN": Coming(0, (2, -1))}, Meeting(planned=0.7)),
                Words({}, Meeting(doubted=1.0)),
                Words({}, Meeting(date(2025, 6, 1), AS_OF + 9 * DAY, doubted=0.5)),
            ]
        )
        view = with_words(view, *[data.draw(said) for _ in view.slots])
        causes = chances.season_causes(FEW, view, np.zeros(20), ahead)
        assert all(np.isfinite(days).all() and (days >= 0).all() for days in map(days_of, causes))
        assert (sum(cause.by_deadline for cause in causes) <= 1 + 1e-9).all()
        for seen in attendance.presence(FEW, view, np.zeros(20), ahead).values():
            assert all(
                ((each >= 0) & (each <= 1 + 1e-9) & (seen.both <= each + 1e-9)).all()
                for each in seen.comes.values()
            )
