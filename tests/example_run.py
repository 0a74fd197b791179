"""A made-up run: the real ledger as of a day, with a forecast that does not come from a model."""

from copy import deepcopy
from datetime import date, timedelta

from model.answer.file import Forecast
from model.evidence.ledger import load_ledger
from model.paths import TABLES

AS_OF, DEADLINE = date(2025, 7, 11), date(2025, 12, 31)
NAMES = {"US": "Trump", "CN": "Xi"}


def cut(as_of=AS_OF):
    return load_ledger(*([path] for path in TABLES.values())).as_of(as_of)


SIGNALS = {signal.event_id: signal for signal in cut().signals}


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
    id, name, status, start, first, there, kind="season", host="KR", comes=(0.9, 0.9), both=0.8, last=None
):
    """One row of the table of occasions; `last` is the id of its last word; only seasons have attendance."""
    season = kind == "season"
    said = SIGNALS.get(last)
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
        "last_word": said and {"id": last, "date": str(said.public_date), "text": said.description},
        "probability_first": first,
        "probability_there": there,
    }


def contribution(id, kind, day, text, delta, basis="belief", what="signal"):
    """The contribution of one signal."""
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


def of_row(id, delta, basis="belief", what="signal"):
    """The contribution of a signal in the ledger."""
    row = SIGNALS[id]
    return contribution(id, row.kind, row.public_date.isoformat(), row.description, delta, basis, what)


def after(direction, what, change, now=0.852):
    """A signal that could become public next."""
    return {"direction": direction, "what": what, "change": change, "probability_after": now + change}


TOYING, WILL_NOT = "2025-07-11-apec-or-beijing-idea", "2025-04-12-g20-johannesburg-us-will-not"
CONTRIBUTIONS = [
    of_row("2025-06-05-trump-xi-call", 0.031, "record"),
    of_row(TOYING, 0.052, what="meeting"),
    of_row(WILL_NOT, -0.021, "record", "coming"),
    of_row("2025-06-10-london-talks", 0.012),
    of_row("2025-07-10-rubio-russia-support", -0.011),
    of_row("2025-07-11-rubio-wang-kl", 0.009),
]
for n in range(9):
    small = (f"small-{n}", "official_statement", f"2025-05-{n + 1:02}", f"A minor word, number {n}")
    CONTRIBUTIONS.append(contribution(*small, 0.001 * (-1) ** n))

PARADE, UN_WEEK = "Beijing WWII 80th anniversary parade", "UN week 2025, New York"
OCCASIONS = [
    occasion(
        "2025-beijing-parade",
        PARADE,
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
        UN_WEEK,
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
        last=TOYING,
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
        last=WILL_NOT,
    ),
    occasion("unknown", "A meeting not yet public", "scheduled", "", 0.13, 0.15, "unknown", ""),
]
NEXT_SIGNALS = [
    after("down", "Trump stays away from APEC Gyeongju", -0.302),
    after("down", "economic coercion (−2)", -0.012),
    after("up", "meeting announced at APEC Gyeongju", 0.108),
    after("up", "Trump says he comes to APEC Gyeongju", 0.062),
    after("pair", f"Trump stays away from APEC Gyeongju and {UN_WEEK}", -0.315),
]
COUNTS = {
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
}
MATCHED_RECORD = {
    "hits": 15,
    "years": 17,
    "since": 1993,
    "text": (
        "In 15 of the 17 years since 1993 without a meeting of the two countries' leaders by 11 July, "
        "they met in the 173 days that followed."
    ),
}


def forecast(**changes):
    values = dict(
        schema_version=3,
        sides=["US", "CN"],
        opens="2025-07-12",
        last_day=DEADLINE.isoformat(),
        host="",
        resolved=None,
        notes=[],
        track_record="record",
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
        matched_record=dict(MATCHED_RECORD),
        no_signals_probability=0.852 - sum(row["delta"] for row in CONTRIBUTIONS),
        curve=curve(0.852),
        occasions=deepcopy(OCCASIONS),
        counts=deepcopy(COUNTS),
        contributions=deepcopy(CONTRIBUTIONS),
        next_signals=deepcopy(NEXT_SIGNALS),
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
