"""A made-up run: the ledger of the project cut on a day, and a forecast with plausible numbers that no model made."""

from datetime import date, timedelta

from model.files import PROJECT_ROOT
from model.forecast import Forecast
from model.ledger import load_ledger

AS_OF, DEADLINE = date(2025, 7, 11), date(2025, 12, 31)


def cut(as_of=AS_OF):
    seeds = PROJECT_ROOT / "seeds"
    return load_ledger([seeds / "signals.csv"], [seeds / "occasions.csv"], [seeds / "visit_windows.csv"]).as_of(as_of)


def curve(top):
    rows, value = [], 0.0
    for n in range((DEADLINE - AS_OF).days + 1):
        when = AS_OF + timedelta(days=n)
        value += 0.0006 + (0.05 if when.month == 9 and 20 <= when.day <= 23 else 0)
        value += 0.1 if date(2025, 10, 29) <= when <= date(2025, 11, 1) else 0
        rows.append([when.isoformat(), value])
    return [{"date": when, "probability": v / rows[-1][1] * top, "lower": v / rows[-1][1] * top * 0.8,
             "upper": min(v / rows[-1][1] * top * 1.1, 1)} for when, v in rows]


def occasion(id, name, status, start, first, there, kind="season"):
    return {"id": id, "name": name, "kind": kind, "status": status, "season": "", "start_date": start,
            "probability_first": first, "probability_there": there}


def contribution(id, kind, day, text, delta, basis="record"):
    return {"id": id, "kind": kind, "what": "signal", "date": day, "text": text, "delta": delta, "lower": delta * 0.4,
            "upper": delta * 1.7, "basis": basis}


def forecast(**changes):
    contributions = [
        contribution("2025-06-05-trump-xi-call", "leader_call", "2025-06-05",
                     "Ninety-minute Trump-Xi call, first of the term; teams to meet soon.", 0.031),
        contribution("2025-07-11-apec-or-beijing-idea", "visit_planning", "2025-07-11",
                     "Trump seen toying with meeting at APEC in Korea or Beijing in early September.", 0.052),
        contribution("silence", "silence", "", "No word yet about UN week 2025, New York", -0.021),
        contribution("2025-06-10-london-talks", "trade_talks", "2025-06-10",
                     "London round ends with framework to carry out Geneva and the leaders' call.", 0.012, "belief"),
        contribution("2025-07-10-rubio-russia-support", "security_friction", "2025-07-10",
                     "Rubio says he will press Wang over Chinese backing for Russia's war.", -0.011, "belief"),
        contribution("2025-07-11-rubio-wang-kl", "envoy_meeting", "2025-07-11",
                     "Rubio and Wang Yi hold first in-person meeting in Kuala Lumpur.", 0.009, "belief"),
        *[contribution(f"small-{n}", "official_statement", f"2025-05-{n + 1:02}", f"A minor word, number {n}",
                       0.001 * (-1) ** n, "belief") for n in range(9)],
    ]
    total = sum(row["delta"] for row in contributions)
    values = dict(
        schema_version=1, question_id="trump-xi-2025", question="Trump and Xi meet in person in 2025",
        as_of=AS_OF.isoformat(), scenario="", deadline=DEADLINE.isoformat(), fit_through="2025-01-20", rows_used=612,
        rows_after_as_of=87, probability=0.852, interval={"lower": 0.741, "upper": 0.928, "mass": 0.9},
        likelihood_word="very likely", a_week_ago=0.838,
        matched_record={"hits": 15, "years": 17, "since": 1993, "text": (
            "In 15 of the 17 years since 1993 without a meeting of the two countries' leaders by 11 July, they met in the 173 days that followed.")},
        no_signals_probability=0.852 - total, curve=curve(0.852),
        occasions=[
            occasion("2025-beijing-parade", "Beijing WWII 80th anniversary parade", "scheduled", "2025-09-03", 0.04,
                     0.04),
            occasion("2025-unga-80", "UN week 2025, New York", "scheduled", "2025-09-23", 0.05, 0.06),
            occasion("2025-apec-gyeongju", "APEC Gyeongju", "planned", "2025-10-31", 0.612, 0.65),
            occasion("2025-g20-johannesburg", "G20 Johannesburg", "scheduled", "2025-11-22", 0.07, 0.21),
            occasion("unknown-visits", "A visit not yet public", "", "", 0.08, 0.1, "unknown"),
        ],
        contributions=contributions,
        next_signals=[{"what": "a meeting at APEC Gyeongju is announced", "probability_after": 0.96},
                      {"what": "Trump stays away from APEC Gyeongju", "probability_after": 0.55},
                      {"what": "a visit of Trump to Beijing is planned for September", "probability_after": 0.91},
                      {"what": "nothing more is said for eight weeks", "probability_after": 0.78}],
        diagnostics={"rhat_max": 1.004, "ess_min": 1834.0, "divergences": 0, "ebfmi_min": 0.91, "ok": True,
                     "monte_carlo_error": 0.001},
        inputs={"seeds/signals.csv": "0" * 64}, random_seed=20250711)
    return Forecast(**values | changes)
