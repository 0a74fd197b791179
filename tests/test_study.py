"""The study says what it claims to say: shuffles keep what they must, tables add up, verdicts follow from numbers."""

import csv
import itertools
from collections import Counter
from dataclasses import replace
from datetime import date
from statistics import NormalDist

import numpy as np
import pytest
from made_up import KINDS, PARAMS, PRIORS, TYPES, ledger, occasion, signal, visit, window
from test_figures import texts, title

from model import (backtest, covariates, expectations, figures, losses, predictive, record_figures, record_prose, sbc,
                   show, structure_figures, structure_prose, study, summit)
from model.backtest import FULL, Point
from model.files import PROJECT_ROOT
from model.forecast import Sources, read

FOUND = record_prose.record()
WHOLE = read(PARAMS, Sources())
CUT = WHOLE.as_of(PARAMS.question.as_of)


# The replay of 2025: a regression test of the status logic on the kept table

WEEKS = {row["as_of"]: row for row in FOUND["replay"]}


def share(day, cause):
    return float(dict(part.split("=") for part in WEEKS[day]["shares"].split(";")).get(cause, 0))


def test_the_replay_has_every_week_and_its_shares_add_up():
    assert len(WEEKS) == 42 and min(WEEKS) == "2025-01-20" and max(WEEKS) == "2025-10-29"
    for row in WEEKS.values():
        shares = [float(part.split("=")[1]) for part in row["shares"].split(";")]
        assert sum(shares) == pytest.approx(row["probability"], abs=0.001)
        assert max(shares) == pytest.approx(row["largest_share"])


def test_once_the_parade_has_passed_unused_its_share_is_gone_and_the_forecast_falls_by_less():
    before = share("2025-09-01", "2025-beijing-parade")
    fall = WEEKS["2025-09-01"]["probability"] - WEEKS["2025-09-08"]["probability"]
    assert before > 0.01 and share("2025-09-08", "2025-beijing-parade") == 0 and 0 < fall < before


def test_the_announcement_of_september_raises_the_forecast():
    assert WEEKS["2025-09-22"]["probability"] > WEEKS["2025-09-15"]["probability"]


def test_the_threat_of_october_lowers_it_and_apec_stays_the_largest_cause():
    assert WEEKS["2025-10-13"]["probability"] < WEEKS["2025-10-06"]["probability"]
    assert WEEKS["2025-10-13"]["largest_cause"] == "2025-apec-gyeongju"


def test_the_date_set_in_october_brings_it_to_the_level_of_kept_promises():
    assert all(row["holds"] == "yes" for row in FOUND["replay_checks"])
    assert WEEKS["2025-10-27"]["probability"] > 0.94


def test_the_checks_fail_where_the_replay_is_wrong():
    weeks = [dict(row) for row in FOUND["replay"]]
    for row in weeks:
        row["probability"] = 0.9
        row["shares"] = row["shares"].replace("2025-apec-gyeongju", "2025-beijing-parade")
    held = {row["holds"] for row in losses.replay_checks(weeks, 0.5)}
    assert held == {"no", "yes"}
    assert sum(row["holds"] == "no" for row in losses.replay_checks(weeks, 0.5)) >= 4


def test_events_of_the_replay_were_public_in_their_week_and_moved_it_the_way_it_went():
    days = sorted(WEEKS)
    for row in FOUND["replay_events"]:
        assert days[days.index(row["as_of"]) - 1] < row["date"] <= row["as_of"]
        assert row["probability"] == WEEKS[row["as_of"]]["probability"]
    largest = record_prose.largest_moves(FOUND)
    assert len(largest) == 9 and all(row["effect"] * row["move"] > 0 for row in largest if row["id"])
    assert any(row["id"] == "2025-09-19-apec-meeting-agreed" for row in largest)


def test_a_week_whose_move_nothing_explains_says_so():
    quiet = {**FOUND, "replay_events": []}
    assert {(row["id"], row["effect"], row["date"] == row["as_of"]) for row in record_prose.largest_moves(quiet)} == {
        ("", 0.0, True)}


# The placebo

def test_a_shuffle_moves_general_signals_by_whole_years_and_leaves_everything_else():
    moved = study.shuffled(WHOLE, 3)
    about = {s.event_id for event in WHOLE.events() if any(s.occasion for s in event) for s in event}
    before, after = ({s.event_id: s for s in table.signals} for table in (WHOLE, moved))
    assert before.keys() == after.keys()
    assert (moved.occasions, moved.visit_windows) == (WHOLE.occasions, WHOLE.visit_windows)
    assert list(moved.signals) == sorted(moved.signals, key=lambda s: (s.public_date, s.event_id))
    general = [name for name, s in before.items() if name not in about and s.public_date.year in study.LEFT_OUT]
    assert len(general) > 300
    to = {}
    for name, s in before.items():
        if name not in general:
            assert after[name] == s
            continue
        old, new = s.public_date, after[name].public_date
        assert (new - date(to.setdefault(old.year, round(new.year + new.timetuple().tm_yday / 1000)), 1, 1)).days == (
            old - date(old.year, 1, 1)).days
        assert after[name] == replace(s, public_date=new, event_date=s.event_date + (new - old))
    assert all(old != new for old, new in to.items()) and len(set(to.values())) == len(to)


def test_shuffles_differ_and_repeat():
    assert study.shuffled(WHOLE, 1) == study.shuffled(WHOLE, 1) != study.shuffled(WHOLE, 2)


# Other structures, a year less

@pytest.mark.parametrize("variant", study.VARIANTS, ids=lambda variant: variant.name)
def test_every_structure_can_be_asked_and_differs_from_the_published_one(variant):
    own = study.with_priors(PARAMS, variant)
    seen = variant.structure.sees(CUT if variant.unchecked else replace(
        CUT, signals=tuple(s for s in CUT.signals if s.checked)))
    past = variant.structure.years(covariates.record(seen, own.priors))
    ahead = covariates.outlook(seen, PARAMS.question.as_of, PARAMS.question.deadline, own.priors)
    draws = predictive.prior_draws(own, 400, 1) | {"tone_norm": np.zeros(400)}
    assert 0 < backtest.curve(draws, ahead, variant.structure)[:, -1].mean() < 1
    assert (variant.name == "full") == (own.priors == PARAMS.priors and variant.structure == FULL and variant.unchecked)
    if variant.overlap:
        assert own.priors.parameters["overlap"].frozen().std() < 0.01
    assert past.met.sum() > 20


def test_the_names_of_the_kept_structures_are_those_the_study_knows():
    assert [row["structure"] for row in study.load("structures")] == [variant.name for variant in study.VARIANTS]
    assert [row["year"] for row in study.load("influence")] == list(study.LEFT_OUT)


def test_a_year_left_out_is_gone_from_the_record_and_no_other():
    less = covariates.record(study.without_year(CUT, 2009), PRIORS)
    full = covariates.record(CUT, PRIORS)
    gone = set(full.season_ids) - set(less.season_ids)
    assert gone and all(name.startswith("2009") for name in gone) and set(less.season_ids) <= set(full.season_ids)


# What the model expects of its record

def test_the_graph_is_that_of_the_model():
    from pytensor.graph.traversal import ancestors

    pymc_model = summit.build(PARAMS, covariates.record(CUT, PRIORS))
    named = {variable: name for name, variable in pymc_model.named_vars.items()}
    outer = {*predictive.GRAPH, *predictive.UNOBSERVED, *itertools.chain(*predictive.GRAPH.values())}

    def parents(variable):
        found, todo = set(), list(variable.owner.inputs)
        while todo:
            one = todo.pop()
            name = named.get(one, "").removesuffix("_above")
            if name in outer:
                found.add(name)
            elif one.owner:
                todo += one.owner.inputs
        return found

    assert {v.name for v in pymc_model.observed_RVs} == set(predictive.GRAPH)
    for variable in pymc_model.observed_RVs:
        assert parents(variable) == set(predictive.GRAPH[variable.name]), variable.name
    for name in predictive.UNOBSERVED:
        assert not any(pymc_model[name] in ancestors([v]) for v in pymc_model.observed_RVs)


def test_draws_from_the_priors_have_the_names_and_shapes_of_a_fit(default_run):
    made = predictive.prior_draws(PARAMS, 50, 1)
    assert made.keys() | {"tone_norm"} == default_run.draws.keys()
    assert all(made[name].shape[1:] == default_run.draws[name].shape[1:] for name in made)
    again = predictive.prior_draws(PARAMS, 50, 1)
    assert all(np.array_equal(made[name], again[name]) for name in made)


def test_draws_from_the_priors_have_the_priors_means():
    made = predictive.prior_draws(PARAMS, 20_000, 1)
    for name, prior in PRIORS.parameters.items():
        frozen = prior.frozen()
        assert made[name].mean() == pytest.approx(frozen.mean(), abs=5 * frozen.std() / 140 + 1e-9), name
    assert made["weight"].shape == (20_000, len(KINDS))
    unexpected = [i for i, name in enumerate(TYPES) if not PRIORS.types[name].summit]
    assert made["type_effect"][:, unexpected].mean() < -0.5 < made["type_effect"].mean()


def test_the_past_as_it_was_counts_a_season_once_with_the_visits_beside_it():
    truth, past, counted = predictive.observed(CUT, PRIORS)
    assert truth.by_year().sum() == truth.season_met.sum() + truth.visits.sum() and counted.sum() == len(truth.starts)
    early = [o for o in covariates.surprises(CUT, PRIORS) if o.met_date.year < truth.years[0]]
    assert truth.visits.sum() == past.surprises - len(early)
    by_hand = Counter(day.year for day in covariates.meetings(CUT))
    seen = dict(zip(truth.years, truth.by_year()[0], strict=True))
    starts = dict(zip(truth.season_year, truth.starts, strict=True))
    assert starts.keys() == seen.keys()
    assert seen[2020] == seen[2021] == 0 and seen[2018] == by_hand[2018] == 1 and seen[2002] == by_hand[2002] == 2


def test_simulated_pasts_follow_their_draws():
    certain = predictive.prior_draws(PARAMS, 200, 1) | {
        "season_chance": np.full(200, 1 - 1e-12), "kept": np.ones(200), "surprise_rate": np.zeros(200),
        "type_factor": np.ones(200), "tone_factor": np.ones(200), "year_factor": np.ones(200)}
    past = predictive.simulated(certain, CUT, PRIORS, 50, 1)
    assert past.season_met.all() and not past.visits.any()
    never = predictive.simulated(certain | {"season_chance": np.full(200, 1e-12)}, CUT, PRIORS, 50, 1)
    assert not never.season_met.any()
    hits = np.bincount(past.season_type.ravel(), minlength=len(TYPES))
    assert hits[[not PRIORS.types[name].yearly for name in TYPES]].sum() < hits.sum() / 4


def test_checks_say_where_a_number_lies():
    inside = predictive.Check("x", "days", 3.0, (0, 9), (2, 4))
    assert inside.inside and not replace(inside, seen=5.0).inside
    assert predictive.between([date(2000, 1, 1).toordinal(), date(2000, 1, 11).toordinal(),
                               date(2000, 1, 14).toordinal()]) == (10.0, 6.5)


def test_a_ledger_without_seasons_has_nothing_to_check(default_run):
    found = predictive.checks(PARAMS, ledger(signals=[signal()]), default_run.draws, 20)
    assert found == predictive.Checks((), ())
    assert "nothing to compare" in structure_prose.checks_summary(found)


def test_a_parameter_that_the_record_left_alone_is_called_a_belief(default_run):
    prior, ess = PRIORS.parameters["doubt_factor"].frozen(), default_run.forecast.diagnostics["ess_min"]
    levels = prior.cdf(default_run.draws["doubt_factor"])  # uniform where the record says nothing
    assert levels.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / ess))
    assert levels.std() == pytest.approx(np.sqrt(1 / 12), rel=4 * np.sqrt((9 / 5 - 1) / 4 / ess))

    even = prior.ppf((np.arange(10**6) + 0.5) / 10**6)  # the spread of drawn ones with so long a tail is a matter of luck
    fit = replace(default_run.fit, draws=default_run.draws | {"doubt_factor": even})
    rows = {row.label: row for row in structure_prose.beliefs(replace(default_run, fit=fit))}
    assert rows["Doubt factor"].is_belief and rows["Doubt factor"].ratio == pytest.approx(1, abs=0.01)
    assert not rows["Kept"].is_belief and not rows["Announcement lead"].is_belief
    assert len(rows) == len(PRIORS.parameters) - 1 + len(TYPES) + len(KINDS)


def test_variables_are_all_told(default_run):
    told = {row[0] for row in structure_prose.variable_rows(default_run).rows}
    assert told == set(default_run.draws)


# Losses

def points(probabilities, outcomes, model="full", first=date(2001, 1, 1)):
    days = backtest.origins(first.year, first.year + len(probabilities) // 12, monthly=True)
    return [Point(day, 7, day + 7 * covariates.DAY, model, p, p, p, y, 1)
            for day, p, y in zip(days, probabilities, outcomes, strict=False)]


def test_a_feature_is_accepted_only_by_the_whole_rule():
    def yearly(gains):
        return [{"year": year, "model": model, "log_score": 0.2 + worse} for year, gain in enumerate(gains, 2010)
                for model, worse in (("full", 0), ("no tone", gain))]

    def accepted(gains):
        return losses.acceptance(yearly(gains))[0]["accepted"]

    assert accepted([0.1] * 14) == "yes"
    assert accepted([0.1] * 7 + [-0.05] * 4 + [0.1] * 3) == "yes"
    assert accepted([0.5] * 8 + [-0.01] * 6) == "no"
    assert accepted([-0.01, 0.02] * 7) == "no"
    assert accepted([0.001] * 10 + [5, 5] + [-0.2] * 2) == "no"


def test_recalibration_rises_and_keeps_the_mean():
    rng = np.random.default_rng(1)
    p = np.round(rng.random(400), 2)
    y = (rng.random(400) < p).astype(float)
    best = losses.corp(p, y)
    order = np.argsort(p)
    assert (np.diff(best[order]) >= -1e-12).all() and best.mean() == pytest.approx(y.mean())
    assert ((best - y) ** 2).mean() <= ((p - y) ** 2).mean()
    assert all(len(set(best[p == level])) == 1 for level in set(p))


def test_the_score_is_the_sum_of_its_parts():
    for row in FOUND["decomposition"]:
        parts = row["miscalibration"] - row["discrimination"] + row["uncertainty"]
        assert row["brier"] == pytest.approx(parts, abs=2e-4)


def test_bands_hold_a_calibrated_forecaster():
    rng = np.random.default_rng(2)
    p = rng.random(240)
    rows = points(p, (rng.random(240) < p).astype(int))
    table = losses.reliability(rows, replicates=200)
    inside = [row["lower"] - 1e-9 <= row["observed"] <= row["upper"] + 1e-9 for row in table]
    assert np.mean(inside) > 0.75
    wrong = losses.reliability([replace(row, probability=row.probability / 3) for row in rows], replicates=200)
    assert np.mean([row["observed"] > row["upper"] for row in wrong]) > 0.3


def test_misses_are_explained_by_the_rows_of_the_time():
    asked = date(2025, 6, 2)
    table = ledger(signals=[signal("2025-07-01-no", date(2025, 7, 1), "contact_missed", -2, occasion="apec-a")],
                   occasions=[occasion("apec-a", date(2025, 8, 1), met=False),
                              visit("visit-b", date(2025, 9, 1), met=True)],
                   visit_windows=[window("visit-b", date(2025, 8, 15), date(2025, 9, 1), date(2025, 9, 1))])
    assert losses.what_happened(table, asked, date(2025, 8, 10), 0) == (
        "apec-a: Somebody says something (1 July 2025). They met 22 days after the deadline: visit-b.")
    assert losses.what_happened(table, asked, date(2025, 10, 1), 1) == (
        "They met on 1 September 2025: visit-b, not public before 15 August 2025.")
    assert losses.what_happened(table, asked, date(2025, 6, 20), 0) == "No known occasion lay in that time."


def test_the_kept_tables_are_those_of_the_kept_backtest():
    yearly = [{name: f"{v:.4f}" if isinstance(v, float) else str(v) for name, v in row.items()}
              for row in losses.by_year(backtest.load())]
    with (study.RECORD / "by_year.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == yearly


# What the pages say of it

def test_a_forecast_is_told_misses_of_its_own_leaning_that_were_known_on_its_day(default_run):
    told = default_run.forecast
    high = record_prose.if_wrong(told)
    low = record_prose.if_wrong(replace(told, probability=0.1))
    assert 1 <= len(high) <= 4 and not set(high) & set(low)
    assert "too high" in record_prose.if_wrong_lead(told) and "They met on" in low[0]
    assert "short record" in record_prose.if_wrong(replace(told, as_of="1999-02-01"))[0]


def test_verdicts_follow_from_the_numbers():
    verdicts = {text: verdict for text, _, verdict in expectations.verdicts(FOUND)}
    assert len(verdicts) == len(expectations.EXPECTATIONS)
    unknown = {text for text, verdict in verdicts.items() if verdict == "not yet known"}
    assert all("placebo" in text for text in unknown) and len(unknown) == (not FOUND["placebo"])
    better = dict(FOUND) | {"scores": [row | {"value": 0.01} for row in FOUND["scores"]]}
    worse = dict(FOUND) | {"scores": [row | {"value": 0.5} for row in FOUND["scores"]]}
    first = expectations.EXPECTATIONS[0].text
    assert next(v for t, _, v in expectations.verdicts(better) if t == first) == "confirmed"
    assert next(v for t, _, v in expectations.verdicts(worse) if t == first) == "falsified"
    empty = {name: [] for name in FOUND}
    assert {verdict for *_, verdict in expectations.verdicts(empty)} == {"not yet known"}


def test_every_variant_tried_has_a_reason():
    rows = study.load("variants")
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1)) and all(row["why"] for row in rows)
    assert f"{len(rows)} variants" in structure_prose.variant_summary(rows)


def test_a_run_that_the_study_was_not_made_for_says_so(default_run):
    rows = study.load("structures")
    other = replace(default_run, forecast=replace(default_run.forecast, as_of="2024-01-01"))
    assert "for this run" in structure_prose.belongs(default_run, rows)
    assert "read them for the differences" in structure_prose.belongs(other, rows)
    assert "has not been run" in structure_prose.belongs(other, [])


PLACEBO = [{"signals": kind, "number": n, "brier": 0.07, "log_score": score + 0.0007 * (n * 7 % 10)}
           for kind, score, many in (("own", 0.26, 10), ("none", 0.268, 10), ("shuffled", 0.262, 100))
           for n in range(1, many + 1)]
CHECKS = [predictive.Check(f"Something with a rather long name, number {n}", "meetings", 3.0 * n, (0.0, 9.0),
                           (2.0, 4.0)) for n in range(4)]


@pytest.fixture(scope="module")
def drawn(default_run):
    beliefs = structure_prose.beliefs(default_run)
    found = predictive.checks(PARAMS, default_run.ledger, default_run.draws, 100)
    return {"graph": lambda width: structure_figures.graph(predictive.GRAPH, predictive.UNOBSERVED, width),
            "beliefs": lambda width: structure_figures.beliefs(structure_prose.parameters(beliefs), width),
            "weights": lambda width: structure_figures.beliefs(structure_prose.weights(beliefs), width),
            "years": lambda width: structure_figures.years(found.years, width),
            "checks": lambda width: structure_figures.checks(found.rest, width),
            "made up checks": lambda width: structure_figures.checks(CHECKS, width),
            "structures": lambda width: structure_figures.structures(study.load("structures"), width),
            "influence": lambda width: structure_figures.influence(study.load("influence"), width),
            **{name: lambda width, draw=getattr(record_figures, name): draw({**FOUND, "placebo": PLACEBO}, width)
               for name in ("scores", "by_year", "reliability", "paths", "replay", "placebo")}}


@pytest.mark.parametrize("width", [figures.WIDE, figures.NARROW])
@pytest.mark.parametrize("name", ["graph", "beliefs", "weights", "years", "checks", "made up checks", "structures",
                                  "influence", "scores", "by_year", "reliability", "paths", "replay", "placebo"])
def test_no_text_is_cut_off_or_overlaps_another_and_the_title_has_a_number(drawn, name, width):
    figure = drawn[name](width)
    assert any(letter.isdigit() for letter in title(figure))
    boxes, height = texts(figure), figure.get_figheight() * 72
    for text, box in boxes:
        assert box.x0 >= -0.5 and box.x1 <= width + 0.5 and box.y0 >= -0.5 and box.y1 <= height + 0.5, (text, box)
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        assert (first.x1 <= second.x0 + 1 or second.x1 <= first.x0 + 1 or first.y1 <= second.y0 + 2
                or second.y1 <= first.y0 + 2), (one, other)


def test_the_placebo_compares_with_the_mean_of_the_true_tone():
    found = {"placebo": PLACEBO}
    assert record_prose.placebo_beaten(found) == (80, 100)
    assert "better than 80 of 100 placebo ledgers" in record_prose.placebo_summary(found)
    assert "the true tone gains 0.0080" in record_prose.placebo_summary(found)
    assert record_prose.placebo_summary({"placebo": []}) == "The placebo has not been run."


def test_figures_come_out_the_same_twice():
    one, two = (show.figure(record_figures.replay, FOUND, alt=record_prose.replay_alt(FOUND)).markup for _ in range(2))
    assert one == two and "APEC" in one


def test_the_readme_of_the_record_names_every_file():
    told = (study.RECORD / "README.md").read_text("utf-8")
    assert all(f"`{path.name}`" in told for path in study.RECORD.iterdir() if path.name != "README.md")
    assert (PROJECT_ROOT / "notebooks" / "rendered" / "record").samefile(study.RECORD)


def test_the_kept_calibration_study_is_of_this_model_and_finds_nothing():
    simulations = sbc.load()
    assert len(simulations) >= 300 and all(each.inside for each in sbc.verdicts(simulations))


def test_reweighting_agreed_with_refits_of_fifty_random_ledgers():
    rows = study.load("refits")
    assert len(rows) == study.LEDGERS and all(row["pareto_k"] < 0.7 for row in rows) and max(row["days"] for row in rows) > 100
    bound = NormalDist().inv_cdf(1 - sbc.MISSED / len(rows) / 2)
    assert max(abs(row["errors"]) for row in rows) < bound


def test_another_sampler_agrees_on_every_posterior_mean(default_run):
    rows = study.load("samplers")
    bound = NormalDist().inv_cdf(1 - sbc.MISSED / len(rows) / 2)
    assert max(abs(row["errors"]) for row in rows) < bound
    names = set(sbc.scalars(PARAMS, default_run.record, default_run.draws)) | {sbc.HEADLINE}
    assert {row["quantity"] for row in rows} == names == {name for each in sbc.load() for name in each.ranks}
    told = structure_prose.samplers_summary(rows)
    assert f"Of {len(rows)} posterior means none lies further apart" in told and structure_prose.samplers_summary([]) == ""
