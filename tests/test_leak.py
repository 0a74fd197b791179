"""A canary of enormous strength that becomes public later changes no forecast, no reason and no score before its day."""

from dataclasses import replace
from datetime import date

import pytest
from made_up import DAY, thinned

from model.answer import compare, forecast, sweep
from model.evidence.record import record
from model.evidence.rows import OCCASION_COLUMNS, SIGNAL_COLUMNS, WINDOW_COLUMNS
from model.files.csv_files import csv_text, read_csv
from model.fit import fits
from model.paths import ROOT
from model.settings.params import load_params
from model.track_record import backtest

SEEDS = ROOT / "seeds"
COLUMNS = {"signals": SIGNAL_COLUMNS, "occasions": OCCASION_COLUMNS, "visit_windows": WINDOW_COLUMNS}
PUBLIC = {2025: date(2025, 7, 15), 2024: date(2024, 9, 2)}
ABOUT = {2025: "2025-apec-gyeongju", 2024: "2024-apec-lima"}
STARTS = {
    row["occasion_id"]: date.fromisoformat(row["start_date"])
    for row in read_csv(SEEDS / "occasions.csv", OCCASION_COLUMNS)
}


def occasion(name, day, **other):
    start, known = day + 30 * DAY, other.pop("known", day)
    return {
        "occasion_id": name,
        "name": name,
        "type": "apec",
        "host": "KR",
        "start_date": start,
        "end_date": start,
        "known_from": known,
        "leader_1": "One",
        "leader_2": "Two",
        "confidence": "high",
        "source": "a test",
    } | other


def canaries(year):
    """Rows of each sort that all become public on one day, and the occasions that were public and that they need."""
    day = PUBLIC[year]
    said = {
        "event_date": day,
        "public_date": day,
        "actor": "both",
        "strength": 3,
        "grade": "A1",
        "in_article": "yes",
        "description": "A canary.",
        "source": "a test",
        "checked": "yes",
    }
    signals = [
        said | {"event_id": f"{day}-canary-{n}", "kind": kind, "occasion": about}
        for n, (kind, about) in enumerate(
            [("summit_announced", ABOUT[year]), *[("leader_call", ""), ("visit_planning", ABOUT[year])] * 20]
        )
    ]
    named = said | {
        "event_id": f"{day}-canary-named",
        "kind": "summit_announced",
        "occasion": ABOUT[year],
        "for_date": STARTS[ABOUT[year]] + 4 * DAY,
        "search": "losses",
    }
    coming = [
        said
        | {
            "event_id": f"{day}-canary-{side}".lower(),
            "kind": "attendance",
            "occasion": ABOUT[year],
            "actor": side,
            "strength": -3,
            "search": "even",
        }
        for side in ("US", "CN", "both")
    ]
    visit = occasion(f"{year}-canary-visit", day, type="visit", host="CN", known=day - 60 * DAY)
    window = {
        "occasion_id": f"{year}-canary-visit",
        "public_date": day,
        "earliest": day + 5 * DAY,
        "latest": day + 9 * DAY,
        "basis": "a test",
    }
    return {
        "signals": ([], signals),
        "for_date": ([], [named]),
        "attendance": ([], coming),
        "occasions": ([], [occasion(f"{year}-canary", day)]),
        "visit_windows": ([visit], [window]),
    }


@pytest.fixture
def files(tmp_path):
    """Writes rows of a table to a file of their own."""

    def write(table, rows):
        path = tmp_path / f"{table}-{len(list(tmp_path.iterdir()))}.csv"
        path.write_text(
            csv_text(COLUMNS[table], ([row.get(column, "") for column in COLUMNS[table]] for row in rows))
        )
        return path

    return write


@pytest.fixture(params=["signals", "for_date", "attendance", "occasions", "visit_windows"])
def sources(request, files):
    """The ledger files of a year without and with the canary of one sort."""
    table = request.param if request.param in COLUMNS else "signals"

    def both(year):
        needed, rows = canaries(year)[request.param]
        beside = {"occasions": (files("occasions", needed),)}
        with_it = beside | {table: (*beside.get(table, ()), files(table, rows))}
        return forecast.Sources(**beside), forecast.Sources(**with_it)

    return both


@pytest.fixture
def fit(default_run, monkeypatch):
    """A few draws in place of every fit, so that only what is read of the ledger counts."""
    few = replace(default_run.fit, draws=thinned(default_run.draws))
    for module in (fits, forecast, compare):
        monkeypatch.setattr(module, "fit", lambda *_: few)
    monkeypatch.setattr(
        sweep, "_FITS", {}
    )  # or the few draws would stay with the process for the tests that follow
    monkeypatch.setattr(
        backtest, "january_fit", lambda params, ready, past, *_: replace(few, through=past.through)
    )
    return few


def answer(as_of, sources):
    """The forecast file as text, without the hashes of the files and the count of rows not used."""
    run = forecast.run(load_params(as_of=as_of), sources)
    return forecast.to_json(replace(run.forecast, inputs={}, rows_after_as_of=0))


def stored(as_of, sources):
    run = forecast.run(load_params(as_of=as_of), sources)
    return compare.Stored(str(as_of), run.params, run.whole, run.forecast)


def difference(as_of, sources):
    """What `summit compare` says of the week up to a day."""
    a, b = stored(as_of - 7 * DAY, sources), stored(as_of, sources)
    return compare.text(a, b, compare.steps(a, b))


def swept(as_of, sources, through=None):
    case = {"scenario": None, "random_seed": None, "deadline": None, "as_of": as_of}
    return sweep.forecasts([case], sources, (), sweep.inputs_hash(sources), through)


def replayed(as_of, sources):
    return swept(as_of, sources, date(2024, 12, 31))


@pytest.mark.parametrize("asked", [answer, difference, swept, replayed])
def test_a_canary_changes_nothing_before_its_day_and_something_on_it(fit, sources, asked):
    without, canary = sources(2025)
    day = PUBLIC[2025]
    assert asked(day - DAY, canary) == asked(day - DAY, without)
    assert asked(day, canary) != asked(day, without)


def test_the_fit_itself_rests_on_the_same_data(default_run, sources):
    without, canary = (forecast.read(default_run.params, of) for of in sources(2025))
    keys = {
        fits.fit_key(default_run.params, record(whole.as_of(date(2025, 7, 11)), default_run.params))
        for whole in (without, canary)
    }
    assert len(keys) == 1


def test_an_origin_of_the_backtest_is_not_changed_before_the_canary_is_public(fit, sources):
    day, params = PUBLIC[2024], load_params(as_of="2024-12-31", deadline="2025-12-31")
    before, after = [
        [
            list(
                backtest.year_points(params, forecast.read(params, of), None, 2024, days, backtest.BACKTESTED)
            )
            for of in sources(2024)
        ]
        for days in ([day - 7 * DAY, day - DAY], [day])
    ]
    assert before[0] == before[1] and len(before[0]) > 40
    assert after[0] != after[1]


@pytest.mark.study
def test_the_baselines_of_the_backtest_are_not_changed_before_the_canary_is_public(sources):
    day, params = PUBLIC[2024], load_params(as_of="2024-12-31", deadline="2025-12-31")
    one, other = (
        list(backtest.baseline_points(params, forecast.read(params, of), [day - DAY])) for of in sources(2024)
    )
    assert one == other


APEC = next(
    dict(row)
    for row in read_csv(SEEDS / "occasions.csv", OCCASION_COLUMNS)
    if row["occasion_id"] == ABOUT[2025]
)
VISIT = occasion("2025-canary-visit", date(2025, 9, 1), type="visit", host="CN", known=date(2025, 6, 1))
MOVED = {
    "an outcome": (APEC, {"met": "no", "met_date": "", "note": "They missed each other."}, date(2025, 11, 1)),
    "an attendance": (
        APEC,
        {"attended": "none", "met": "no", "met_date": "", "note": "Nobody came."},
        date(2025, 11, 1),
    ),
    "the day of a meeting": (APEC, {"met_date": "2025-11-01"}, date(2025, 10, 30)),
    "who will come": (APEC, {"leader_1": "Somebody", "leader_2": "Else"}, None),
    "the true day of a visit": (
        VISIT,
        {"start_date": "2025-10-20", "end_date": "2025-10-21"},
        date(2025, 10, 1),
    ),
}


@pytest.mark.parametrize("what", MOVED)
def test_what_was_not_yet_public_of_an_occasion_may_be_moved(fit, files, what):
    row, change, public = MOVED[what]
    window = {
        "occasion_id": VISIT["occasion_id"],
        "public_date": "2025-06-02",
        "earliest": "2025-09-20",
        "latest": "2025-11-30",
        "basis": "a test",
    }
    windows = (files("visit_windows", [window]),) if row is VISIT else ()
    one, other = (
        forecast.Sources(occasions=(files("occasions", [version]),), visit_windows=windows)
        for version in (row, row | change)
    )
    for day in (date(2025, 7, 11), date(2025, 9, 30)):
        assert answer(day, other) == answer(day, one)
    assert public is None or answer(public, other) != answer(public, one)


def test_what_was_said_of_who_came_and_how_it_was_found_is_in_the_record_only_once_decided(
    default_run, files
):
    """The same word before an occasion of the past and of one ahead."""

    def data_with(name, day):
        said = {
            "event_date": day,
            "public_date": day,
            "event_id": f"{day}-canary",
            "kind": "attendance",
            "actor": "US",
            "strength": -2,
            "grade": "A1",
            "occasion": name,
            "in_article": "no",
            "search": "losses",
            "description": "A canary.",
            "source": "a test",
            "checked": "yes",
        }
        whole = forecast.read(default_run.params, forecast.Sources(signals=(files("signals", [said]),)))
        return fits.fit_key(default_run.params, record(whole.as_of(date(2025, 7, 11)), default_run.params))

    plain = fits.fit_key(default_run.params, default_run.record)
    assert data_with(ABOUT[2025], date(2025, 6, 20)) == plain
    assert data_with(ABOUT[2024], date(2024, 11, 1)) != plain


def test_forecasts_of_others_are_no_input(default_run):
    assert not [name for name in default_run.forecast.inputs if "reference" in name]
    naming = [
        path.stem for path in (ROOT / "model").glob("*.py") if "reference_forecasts" in path.read_text()
    ]
    assert naming == ["log"]
