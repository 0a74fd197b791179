"""A strong signal that becomes public later changes no forecast, reason or score before its day."""

from dataclasses import replace
from datetime import date

import pytest
from made_up import DAY, every_fit, thinned

from model.answer import compare, forecast, sweep
from model.evidence.record import record
from model.evidence.rows import OCCASION_COLUMNS, SIGNAL_COLUMNS, WINDOW_COLUMNS
from model.files.csv_files import csv_text, read_csv
from model.fit import fits
from model.paths import ROOT
from model.settings.params import load_params
from model.track_record import backtest, structures

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


def said(day, name, **other):
    """The cells of a signal that became public on a day."""
    return {
        "event_id": f"{day}-canary-{name}".lower(),
        "event_date": day,
        "public_date": day,
        "actor": "both",
        "strength": 3,
        "grade": "A1",
        "in_article": "yes",
        "description": "A canary.",
        "source": "a test",
        "checked": "yes",
    } | other


def canaries(year):
    """Tables of rows that all become public on one day, by sort of canary."""
    day, about = PUBLIC[year], {"occasion": ABOUT[year]}
    announced = about | {"kind": "summit_announced"}
    general = [{"kind": "leader_call"}, about | {"kind": "visit_planning"}] * 20
    away = about | {"kind": "attendance", "strength": -3, "search": "even"}
    visit = f"{year}-canary-visit"
    dates = {"public_date": day, "earliest": day + 5 * DAY, "latest": day + 9 * DAY}
    return {
        "signals": {"signals": [said(day, n, **row) for n, row in enumerate([announced, *general])]},
        "for_date": {"signals": [said(day, "named", **announced, for_date=STARTS[ABOUT[year]] + 4 * DAY)]},
        "attendance": {"signals": [said(day, side, **away, actor=side) for side in ("US", "CN", "both")]},
        "occasions": {"occasions": [occasion(f"{year}-canary", day)]},
        "visit_windows": {"visit_windows": [dates | {"occasion_id": visit, "basis": "a test"}]},
    }


def needed(year):
    """The visit that was public before its window."""
    return occasion(
        f"{year}-canary-visit", PUBLIC[year], type="visit", host="CN", known=PUBLIC[year] - 60 * DAY
    )


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


SORTS = ("signals", "for_date", "attendance", "occasions", "visit_windows")


@pytest.fixture
def sources(files):
    """The ledger files of a year without and with the canaries of some sorts."""

    def both(year, sorts=SORTS):
        before = {"occasions": (files("occasions", [needed(year)]),)}
        after = dict(before)
        for sort in sorts:
            for table, rows in canaries(year)[sort].items():
                after[table] = (*after.get(table, ()), files(table, rows))
        return forecast.Sources(**before), forecast.Sources(**after)

    return both


@pytest.fixture
def fit(default_run, monkeypatch):
    """A few draws in place of every fit, so that only what is read of the ledger counts."""
    few = replace(default_run.fit, draws=thinned(default_run.draws))
    every_fit(monkeypatch, lambda *_: few)
    for module in (fits, compare):
        monkeypatch.setattr(module, "fit", lambda *_, **__: few)
    monkeypatch.setattr(
        sweep, "_FITS", {}
    )  # or the few draws would stay with the process for the tests that follow
    monkeypatch.setattr(backtest, "ready_for", lambda *_: None)
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
    return compare.Compared(str(as_of), run.params, run.whole, run.forecast, "computed now")


def difference(as_of, sources):
    """What `summit compare` says of the week up to a day."""
    a, b = stored(as_of - 7 * DAY, sources), stored(as_of, sources)
    return list(compare.text(a, b))


def swept(as_of, sources, through=None):
    case = {"scenario": None, "random_seed": None, "deadline": None, "as_of": as_of}
    return sweep.forecasts([case], sources, (), sweep.inputs_hash(sources), through)


def replayed(as_of, sources):
    return swept(as_of, sources, date(2024, 12, 31))


@pytest.mark.parametrize(
    "asked, sorts", [(answer, SORTS), (difference, SORTS[1:]), (swept, SORTS), (replayed, SORTS)]
)
def test_a_canary_changes_nothing_before_its_day_and_something_on_it(fit, sources, asked, sorts):
    without, canary = sources(2025, sorts)
    day = PUBLIC[2025]
    assert asked(day - DAY, canary) == asked(day - DAY, without)
    assert asked(day, canary) != asked(day, without)


def test_each_sort_of_canary_changes_something_on_its_day(fit, sources):
    day = PUBLIC[2025]
    plain = answer(day, sources(2025, ())[0])
    for sort in SORTS:
        assert answer(day, sources(2025, (sort,))[1]) != plain, sort


def test_the_fit_itself_rests_on_the_same_data(default_run, sources):
    without, canary = (
        record(forecast.read(default_run.params, of).as_of(date(2025, 7, 11)), default_run.params)
        for of in sources(2025)
    )
    assert fits.fit_key(default_run.params, without) == fits.fit_key(default_run.params, canary)


def test_an_origin_of_the_backtest_is_not_changed_before_the_canary_is_public(fit, sources):
    day, params = PUBLIC[2024], load_params(as_of="2024-12-31", deadline="2025-12-31")

    def points(of, days):
        whole, scored = forecast.read(params, of), structures.BACKTESTED
        known = backtest.januaries(params, whole, 2024, scored, backtest.sampled(params, whole))
        return list(backtest.year_points(params, whole, known, days, scored))

    without, canary = sources(2024)
    before = [day - 7 * DAY, day - DAY]
    assert points(without, before) == points(canary, before) and len(points(without, before)) > 40
    assert points(without, [day]) != points(canary, [day])


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
VISIT_DAY = date(2025, 10, 1)
VISIT = occasion("2025-canary-visit", date(2025, 9, 1), type="visit", host="CN", known=date(2025, 6, 1))
MISSED = {"met": "no", "met_date": "", "note": "They missed each other."}
MOVED = {
    "an outcome": (APEC, MISSED, date(2025, 11, 1)),
    "an attendance": (APEC, MISSED | {"attended": "none"}, date(2025, 11, 1)),
    "the day of a meeting": (APEC, {"met_date": "2025-11-01"}, date(2025, 10, 30)),
    "who will come": (APEC, {"leader_1": "Somebody", "leader_2": "Else"}, None),
    "the true day of a visit": (VISIT, {"start_date": "2025-10-20", "end_date": "2025-10-21"}, VISIT_DAY),
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
    day = date(2025, 9, 30)
    assert answer(day, other) == answer(day, one)
    assert public is None or answer(public, other) != answer(public, one)


def test_what_was_said_of_who_came_and_how_it_was_found_is_in_the_record_only_once_decided(
    default_run, files
):
    """The same word before an occasion of the past and of one ahead."""

    def key_with(name, day):
        row = said(day, "us", kind="attendance", actor="US", strength=-2, occasion=name, search="losses")
        whole = forecast.read(default_run.params, forecast.Sources(signals=(files("signals", [row]),)))
        return fits.fit_key(default_run.params, record(whole.as_of(date(2025, 7, 11)), default_run.params))

    plain = fits.fit_key(default_run.params, default_run.record)
    assert key_with(ABOUT[2025], date(2025, 6, 20)) == plain
    assert key_with(ABOUT[2024], date(2024, 11, 1)) != plain


def test_forecasts_of_others_are_no_input(default_run):
    assert not [name for name in default_run.forecast.inputs if "reference" in name]
