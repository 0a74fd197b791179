"""A made-up run: the ledger of the project as of a day, and a forecast that no model made."""

from datetime import date, timedelta

from model.answer.forecast import Forecast
from model.evidence.ledger import load_ledger
from model.paths import ROOT

AS_OF, DEADLINE = date(2025, 7, 11), date(2025, 12, 31)
NAMES = {"US": "Trump", "CN": "Xi"}


def cut(as_of=AS_OF):
    seeds = ROOT / "seeds"
    return load_ledger(
        [seeds / "signals.csv"], [seeds / "occasions.csv"], [seeds / "visit_windows.csv"]
    ).as_of(as_of)


def curve(top):
    rows, value = [], 0.0
    for n in range((DEADLINE - AS_OF).days + 1):
        when = AS_OF + timedelta(days=n)
        value += 0.0006 + (0.05 if when.month == 9 and 20 <= when.day <= 23 else 0)
        value += 0.1 if date(2025, 10, 29) <= when <= date(2025, 11, 1) else 0
        rows.append([when.isoformat(), value])
    return [
        {
            "date": when,
            "probability": v / rows[-1][1] * top,
            "lower": v / rows[-1][1] * top * 0.8,
            "upper": min(v / rows[-1][1] * top * 1.1, 1),
        }
        for when, v in rows
    ]


def occasion(
    id,
    name,
    status,
    start,
    first,
    there,
    kind="season",
    host="KR",
    comes=(0.9, 0.9),
    both=0.8,
    last_word=None,
):
    """One row of the table of occasions; a visit and the unknown have no chances that leaders come."""
    season = kind == "season"
    return {
        "id": id,
        "name": name,
        "kind": kind,
        "status": status,
        "season": id if season else "",
        "start_date": start,
        "end_date": start,
        "host": host,
        "comes": dict(zip(("US", "CN"), comes, strict=True)) if season else {},
        "both": both if season else None,
        "last_word": last_word,
        "probability_first": first,
        "probability_there": there,
    }


def contribution(id, kind, day, text, delta, basis="record", what="signal"):
    """What one signal adds."""
    return {
        "id": id,
        "kind": kind,
        "what": what,
        "date": day,
        "text": text,
        "delta": delta,
        "lower": delta * 0.4,
        "upper": delta * 1.7,
        "basis": basis,
    }


def after(direction, what, change, now=0.852):
    """What could become public next."""
    return {"direction": direction, "what": what, "change": change, "probability_after": now + change}


def forecast(**changes):
    contributions = [
        contribution(
            "2025-06-05-trump-xi-call",
            "leader_call",
            "2025-06-05",
            "Ninety-minute Trump-Xi call, first of the term; teams to meet soon.",
            0.031,
        ),
        contribution(
            "2025-07-11-apec-or-beijing-idea",
            "visit_planning",
            "2025-07-11",
            "Trump seen toying with meeting at APEC in Korea or Beijing in early September.",
            0.052,
            "belief",
            "meeting",
        ),
        contribution(
            "2025-04-12-g20-johannesburg-us-will-not",
            "attendance",
            "2025-04-12",
            "Trump posts that he cannot be expected in South Africa for the G20.",
            -0.021,
            what="coming",
        ),
        contribution(
            "2025-06-10-london-talks",
            "trade_talks",
            "2025-06-10",
            "London round ends with framework to carry out Geneva and the leaders' call.",
            0.012,
            "belief",
        ),
        contribution(
            "2025-07-10-rubio-russia-support",
            "security_friction",
            "2025-07-10",
            "Rubio says he will press Wang over Chinese backing for Russia's war.",
            -0.011,
            "belief",
        ),
        contribution(
            "2025-07-11-rubio-wang-kl",
            "envoy_meeting",
            "2025-07-11",
            "Rubio and Wang Yi hold first in-person meeting in Kuala Lumpur.",
            0.009,
            "belief",
        ),
        *[
            contribution(
                f"small-{n}",
                "official_statement",
                f"2025-05-{n + 1:02}",
                f"A minor word, number {n}",
                0.001 * (-1) ** n,
                "belief",
            )
            for n in range(9)
        ],
    ]
    total = sum(row["delta"] for row in contributions)
    values = dict(
        schema_version=2,
        question_id="trump-xi-2025",
        question="Trump and Xi meet in person in 2025",
        as_of=AS_OF.isoformat(),
        scenario="",
        deadline=DEADLINE.isoformat(),
        fit_through="2025-01-20",
        rows_used=612,
        rows_after_as_of=87,
        probability=0.852,
        interval={"lower": 0.741, "upper": 0.928, "mass": 0.9},
        likelihood_word="very likely",
        a_week_ago=0.838,
        matched_record={
            "hits": 15,
            "years": 17,
            "since": 1993,
            "text": (
                "In 15 of the 17 years since 1993 without a meeting of the two countries' leaders by 11 "
                "July, they met in the 173 days that followed."
            ),
        },
        no_signals_probability=0.852 - total,
        curve=curve(0.852),
        occasions=[
            occasion(
                "2025-beijing-parade",
                "Beijing WWII 80th anniversary parade",
                "scheduled",
                "2025-09-03",
                0.04,
                0.04,
                host="CN",
                comes=(0.08, 0.98),
                both=0.08,
            ),
            occasion(
                "2025-unga-80",
                "UN week 2025, New York",
                "scheduled",
                "2025-09-23",
                0.05,
                0.06,
                host="US",
                comes=(0.99, 0.13),
                both=0.13,
            ),
            occasion(
                "2025-apec-gyeongju",
                "APEC Gyeongju",
                "planned",
                "2025-10-31",
                0.612,
                0.65,
                comes=(0.86, 0.96),
                both=0.82,
                last_word={
                    "id": "2025-07-11-apec-or-beijing-idea",
                    "date": "2025-07-11",
                    "text": (
                        "Trump seen toying with meeting at APEC in Korea or Beijing in early September."
                    ),
                },
            ),
            occasion(
                "2025-g20-johannesburg",
                "G20 Johannesburg",
                "US stays away",
                "2025-11-22",
                0.02,
                0.02,
                host="ZA",
                comes=(0.03, 0.88),
                both=0.02,
                last_word={
                    "id": "2025-04-12-g20-johannesburg-us-will-not",
                    "date": "2025-04-12",
                    "text": ("Trump posts that he cannot be expected in South Africa for the G20."),
                },
            ),
            occasion("unknown", "A visit not yet public", "scheduled", "", 0.13, 0.15, "unknown", ""),
        ],
        counts={
            "came": {
                "US": {"home": [39, 39], "summit": [44, 50], "other": [7, 7], "guest": [0, 2]},
                "CN": {"home": [5, 5], "summit": [51, 54], "other": [4, 7], "guest": [5, 32]},
            },
            "held": [98, 104],
            "met_after_both_came": {"summit": [37, 38], "other": [3, 5]},
            "settled_words": {"will": [102, 102], "will_not": [0, 21]},
            "promises_broken": [4, 836],
            "made_up": [2, 2],
            "visits": [14, 35.9],
        },
        contributions=contributions,
        next_signals=[
            after("down", "Trump stays away from APEC Gyeongju", -0.302),
            after("down", "economic coercion (-2)", -0.012),
            after("up", "meeting announced at APEC Gyeongju", 0.108),
            after("up", "Trump says he comes to APEC Gyeongju", 0.062),
            after("pair", "Trump stays away from APEC Gyeongju and UN week 2025, New York", -0.315),
        ],
        diagnostics={
            "rhat_max": 1.004,
            "ess_min": 1834.0,
            "divergences": 0,
            "ebfmi_min": 0.91,
            "ok": True,
            "monte_carlo_error": 0.001,
        },
        inputs={"seeds/signals.csv": "0" * 64},
        random_seed=20250711,
    )
    return Forecast(**values | changes)
