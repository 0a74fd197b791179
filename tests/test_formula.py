"""The formulas of page 3, parsed from the page and evaluated, equal those in the package."""

import re

import nbformat
import numpy as np
import pytest
from latex_formula import evaluator, formulas, subsets
from made_up import (
    AS_OF,
    DAY,
    PARAMS,
    PRIORS,
    ahead_of,
    announcement,
    ledger,
    occasion,
    planning,
    prior_draws,
    visit,
    window,
    word,
)

from model import attendance, chances
from model.evidence.record import CLASSES, OFFSETS
from model.evidence.words import LEVELS
from model.paths import ROOT

PAGE = "\n\n".join(
    cell.source
    for cell in nbformat.read(ROOT / "notebooks" / "3_model.ipynb", 4).cells
    if cell.cell_type == "markdown"
)
FORMULAS = formulas(PAGE)
NAMED = {
    re.sub(r"\\bar ", "bar_", symbol).replace("\\", ""): name
    for symbol, name in re.findall(r"\$(?:[^$=]*= )?([^$=]+)\$ \(`(\w+)`\)", PAGE)
}
"""The parameters that the page names beside their symbols: `$\\beta$ (`tone_factor`)`."""
P, DRAWS = prior_draws(), range(0, 200, 40)
S = PRIORS.structure


def close(found, expected):
    assert found == pytest.approx(expected, abs=1e-9, rel=1e-9)


def parameters(d):
    """The scalars of one draw and the numbers of the priors file, by their symbol on the page."""
    made = {
        symbol + ("_" if symbol == "lambda" else ""): float(P[name][d])
        for symbol, name in NAMED.items()
        if P[name].ndim == 1
    }
    return made | {
        "H": S.tone_half_life,
        "R": S.at_risk,
        "bar_B": float(P["norm"][d]),
        "mu": lambda level: float(P[NAMED["mu_l"]][d, LEVELS.index(level)]),
    }


def season(d, view, ahead, among=None):
    """What the page takes from the occasions of a season, for one draw; only those `among` count."""
    slots, known = view.open, parameters(d)
    indices = frozenset(range(len(slots)) if among is None else among)

    def said(o, s):
        return slots[o].words.coming("both" if s == 0 else slots[o].sides[s - 1])

    def days(o, until):
        return sum(
            P["meeting_day"][d, i] for i, off in enumerate(OFFSETS) if 1 <= slots[o].ahead + off <= until
        )

    def since(o):
        told = slots[o].words
        return [
            level
            for coming in told.comes.values()
            for level in LEVELS
            if level < 0
            and any(row.strength == level and row.public_date > told.meeting.announced for row in coming.rows)
        ]

    fading = max((view.season.first_start - S.lead * DAY - ahead.as_of).days, 0)
    return known | {
        "O": indices,
        "G": frozenset(o for o in indices if slots[o].summit),
        "Delta": lambda o: fading,
        "bar_G": frozenset(o for o in indices if not slots[o].summit),
        "B": ahead.tone,
        "E": frozenset(o for o in indices if slots[o].words.meeting.announced),
        "ell": lambda o, s: float(P[f"comes_{CLASSES[slots[o].classes[s - 1]]}"][d]),
        "u": lambda o, s: CLASSES[slots[o].classes[s - 1]] != "home",
        "v": lambda o, s: CLASSES[slots[o].classes[s - 1]] in ("summit", "other"),
        "z": lambda o, s: float(P["comes_effect"][d, s - 1, slots[o].type]),
        "w": lambda o, s: known["w"] if said(o, s).settled > 0 else 0,
        "bar_w": lambda o, s: known["bar_w"] if said(o, s).settled < 0 else 1,
        "L": lambda o, s: [level for level in said(o, s).levels if level > 0],
        "M": lambda o, s: [level for level in said(o, s).levels if level < 0],
        "theta": lambda o: float(P["meets_summit" if slots[o].summit else "meets_other"][d]),
        "gamma": lambda o: slots[o].summit,
        "x": lambda o: slots[o].words.meeting.planned,
        "y": lambda o: slots[o].words.meeting.doubted,
        "d": lambda o: days(o, np.inf),
        "e": lambda o: days(o, ahead.horizon) / days(o, np.inf),
        "t": lambda o: max(slots[o].ahead, 0),
        "D": lambda o: since(o),
    }


def meet(d, view, ahead):
    """P(they meet at each occasion of a season) by the page: F, or K and J of the best set of promises."""
    given, found = season(d, view, ahead), []
    for promises in subsets(given["E"]):
        others = evaluator(FORMULAS, season(d, view, ahead, given["O"] - promises))
        rest = {"E": promises, "hat_F": lambda o, *, others=others: others("F", o)}
        value, otherwise = evaluator(FORMULAS, given | rest), "J" if promises else "F"
        found.append([value("K" if o in promises else otherwise, o) for o in sorted(given["O"])])
    return max(found, key=sum)


def by_deadline(d, view, ahead):
    """The chance that they meet in a season by the deadline, by the page."""
    at = meet(d, view, ahead)
    return evaluator(FORMULAS, season(d, view, ahead) | {"pi": lambda o: at[o]})("P", 0)


def talked_of(rng, number, announced=0):
    """A season of so many occasions with random words about them, and its outlook."""
    kinds = [("apec", "KR"), ("other_multilateral", "US"), ("g20", "ZA")]
    rows, said = [], []
    for n in range(number):
        name, (kind, host) = f"2025-{n}", kinds[(n + rng.integers(3)) % 3]
        rows.append(occasion(name, AS_OF + int(rng.integers(-1, 20) + 12 * n) * DAY, type=kind, host=host))
        for k in range(rng.integers(0, 6)):
            side, strength = ("US", "CN", "both")[rng.integers(3)], int(rng.choice((3, *LEVELS, -3)))
            said.append(word(side, strength, AS_OF - int(rng.integers(1, 60)) * DAY, name, f"-{n}-{k}"))
        said += [
            planning(AS_OF - DAY, name, int(sign * rng.integers(1, 4)), f"-{n}")
            for sign in (1, -1)
            if rng.random() < 0.6
        ]
        said += [announcement(AS_OF - 2 * DAY, name, name=f"-{n}")] if n < announced else []
    ahead = ahead_of(ledger(said, rows))
    return ahead.seasons[0], ahead


def tone_of(view, ahead):
    return chances.felt(P, ahead) * view.fade


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_the_sum_over_who_comes_is_that_of_the_page(number, seed):
    view, ahead = talked_of(np.random.default_rng([seed, number]), number)
    code = attendance.unpromised(P, list(view.open), tone_of(view, ahead))
    for d in DRAWS:
        value = evaluator(FORMULAS, season(d, view, ahead))
        for o in range(len(view.open)):
            close(value("F", o), code.there[d, o])
            close(value("C", o), code.both[d, o])


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_announced_meetings_are_the_promises_of_the_page(number, seed):
    view, ahead = talked_of(np.random.default_rng([seed, number, 1]), number, announced=1 + seed % number)
    code = attendance.season_chances(P, view, tone_of(view, ahead), ahead)
    for d in DRAWS:
        close(meet(d, view, ahead), code.there[d])


def windows():
    """An outlook with an agreed visit, one put off, and two seasons, one of which straddles the deadline."""
    rows = [
        occasion("2025-a", AS_OF + 60 * DAY),
        occasion("2025-b", AS_OF + 150 * DAY, type="g20", host="US"),
        visit("2025-agreed", AS_OF + 20 * DAY),
        visit("2025-off", AS_OF + 30 * DAY, host="US"),
    ]
    dates = [
        window("2025-agreed", AS_OF - 40 * DAY, AS_OF + 10 * DAY, AS_OF + 45 * DAY),
        window("2025-off", AS_OF - 90 * DAY, AS_OF + 5 * DAY, AS_OF + 9 * DAY),
        window("2025-off", AS_OF - 50 * DAY, None, None),
    ]
    said = [word("US", 2, occasion="2025-a"), planning(AS_OF - DAY, "2025-agreed", 2)]
    return ahead_of(ledger(said, rows, dates), deadline=AS_OF + 150 * DAY)


def test_the_whole_forecast_is_that_of_the_page():
    ahead = windows()
    assert len(ahead.seasons) == 2 and len(ahead.visits) == len(ahead.put_off) == 1
    code = chances.by_deadline(P, ahead)
    for d in DRAWS:
        known = parameters(d) | {"T": ahead.horizon}
        agreed, off = ahead.visits[0], ahead.put_off[0]
        first, talk = max(agreed.first, 1), agreed.words.meeting.planned
        dates = {"a": first, "b": agreed.last - first + 1, "c": min(agreed.last, ahead.horizon)}
        again = {"I": off.last, "D": off.since, "r": known["phi"] ** talk}
        visits = evaluator(FORMULAS, known | dates | again)
        totals = [by_deadline(d, view, ahead) for view in ahead.seasons]
        found = evaluator(
            FORMULAS,
            known
            | {
                "each_j": range(2),
                "P": lambda j, *, totals=totals: totals[j],
                "each_v": [0],
                "V": lambda v, *, visits=visits: visits("V"),
                "each_w": [0],
                "W": lambda w, *, visits=visits: visits("W"),
            },
        )("P")
        close(found, code[d])


def test_the_tone_is_that_of_the_page():
    rows = [
        planning(AS_OF - n * DAY, "", strength, f"-{n}", grade=grade)
        for n, (strength, grade) in enumerate([(3, "A1"), (-2, "C3"), (1, "B2"), (-3, "B1")])
    ]
    series = ahead_of(ledger(rows)).tone_series
    where = {sign: [i for i, s in enumerate(series.signals) if s.strength * sign > 0] for sign in (1, -1)}
    value = evaluator(
        FORMULAS,
        {
            "X": where[1],
            "Y": where[-1],
            "H": S.tone_half_life,
            "omega": lambda i: PRIORS.kinds[series.signals[i].kind].weight,
            "s": lambda i: abs(series.signals[i].strength),
            "kappa": lambda i: PRIORS.grades.reliability(series.signals[i].grade),
            "t": lambda i: (AS_OF - series.signals[i].public_date).days,
        },
    )
    close(value("B"), series.at(AS_OF))


def test_every_parameter_that_the_page_names_is_one():
    priors = set(PARAMS.priors.parameters)
    assert priors - set(re.findall(r"`(\w+)`", PAGE)) == set()
    assert set(NAMED.values()) <= priors and len(NAMED) >= 10


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(1 - q_o)", "q_o"),
        (r"\max_{i \in S} r_i", r"\min_{i \in S} r_i"),
        (r"\frac{1}{\mu_l}", r"\mu_l"),
        (r"\gamma_o\,\tau_o", r"\tau_o"),
    ],
)
def test_a_page_with_another_formula_would_be_noticed(right, wrong):
    assert right in PAGE
    changed = formulas(PAGE.replace(right, wrong))
    different = []
    for seed in range(8):
        view, ahead = talked_of(np.random.default_rng([seed, 3]), 3)
        given = season(0, view, ahead) | {"B": 0.4}
        different += [
            abs(evaluator(changed, given)("F", o) - evaluator(FORMULAS, given)("F", o))
            for o in range(len(view.open))
        ]
    assert max(different) > 1e-4
