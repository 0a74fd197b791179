"""Why a forecast changed: steps that add up, each of them a reproducible forecast."""

import re
from dataclasses import replace
from datetime import date

import pytest
from made_up import AS_OF, DAY, every_fit, extended, signal, thinned, word

from model import cli
from model.answer import compare, forecast
from model.files.problems import InputError
from model.formatting import points
from model.settings.params import load_params

NAMES = [
    "code and settings",
    "time passed",
    "outcomes known",
    "revised rows",
    "new rows",
    "priors",
    "question",
]
APEC = "2025-apec-gyeongju"
WEEK_AGO = AS_OF - 7 * DAY


@pytest.fixture
def stored(tmp_path, default_run, monkeypatch):
    """Stores a run as a rendered folder does and loads it from there; a few draws replace every fit."""
    few = replace(default_run.fit, draws=thinned(default_run.draws, 10))
    every_fit(monkeypatch, lambda *_: few)
    monkeypatch.setattr(compare, "fit", lambda *_, **__: few)

    def keep(name, whole=default_run.whole, **options):
        run = forecast.forecast(load_params(**options), whole, lambda *_: few)
        (tmp_path / name / "inputs").mkdir(parents=True)
        (tmp_path / name / "forecast.json").write_text(forecast.to_json(run.forecast), "utf-8")
        for file, text in forecast.input_files(run).items():
            (tmp_path / name / "inputs" / file).write_text(text, "utf-8")
        return compare.load_run(str(tmp_path / name))

    return keep


def assert_adds_up(a, b, names=NAMES):
    """The steps by name, which add up, as do their parts."""
    made = list(compare.steps(a, b))
    total = b.forecast.probability - a.forecast.probability
    assert sum(step.change for step in made) == pytest.approx(total, abs=1e-12)
    assert [step.name for step in made] == names
    assert made[-1].probability == b.forecast.probability
    for step in made:
        if step.parts:
            assert sum(part.change for part in step.parts) == pytest.approx(step.change, abs=1e-12)
            assert {row for part in step.parts for row in part.rows} == set(step.rows)
    return {step.name: step for step in made}


@pytest.mark.parametrize("scenario", [None, "article-only", "no-record"])
def test_a_run_made_again_from_its_own_inputs_is_identical(stored, scenario):
    run = stored("a", scenario=scenario)
    assert compare.differences(run, compare.rerun(run)) == []
    assert all(abs(step.change) < 1e-6 and not step.rows for step in assert_adds_up(run, run).values())


def test_the_week_between_two_runs_is_split_into_steps_that_add_up(stored, default_run):
    a, b = stored("a", as_of=WEEK_AGO), stored("b")
    steps = assert_adds_up(a, b)
    new = {s.event_id for s in default_run.whole.signals if WEEK_AGO < s.public_date <= AS_OF}
    assert set(steps["new rows"].rows) == new and new
    moved = {name for name, step in steps.items() if abs(step.change) >= 1e-6}
    assert moved == {"time passed", "new rows"}
    plain, paragraph = ("\n".join(write(a, b)) for write in (compare.text, compare.markdown))
    assert all(name in plain for name in NAMES) and all(f"| {name}" in paragraph for name in NAMES)
    largest = max(steps["new rows"].parts, key=lambda part: abs(part.change))
    number = points(largest.change, 2)
    assert f"{number}  {largest.name}" in plain and "2025-07-04" in plain
    assert re.search(rf"\| · {largest.name}[^|]* \| {re.escape(number)} \|", paragraph)
    assert not re.search(r"[+−-]0\.00", plain + paragraph)


def test_each_step_is_a_forecast_that_can_be_made_again(stored):
    a, b = stored("a", as_of=WEEK_AGO), stored("b", deadline="2025-11-15", scenario="long-memory")
    steps = assert_adds_up(a, b)

    def headline(params, whole, **question):
        params = replace(params, question=params.question.model_copy(update=question))
        return forecast.headline(params, whole, params.question.as_of, compare.fit)

    assert steps["time passed"].probability == headline(a.params, a.ledger.as_of(WEEK_AGO), as_of=AS_OF)
    assert steps["new rows"].probability == headline(a.params, b.ledger, as_of=AS_OF)
    assert steps["priors"].probability == headline(b.params, b.ledger, deadline=date(2025, 12, 31))
    assert steps["question"].change < 0 and steps["priors"].change != 0
    for each in (*steps.values(), *steps["new rows"].parts, *steps["priors"].parts):
        again = compare.probability_of(each.params, each.ledger)
        assert again == pytest.approx(each.probability, abs=compare.ROUNDING)
    assert "deadline: 2025-12-31 -> 2025-11-15" in steps["question"].text


def test_every_changed_prior_and_setting_is_a_part_of_its_own(stored):
    steps = assert_adds_up(stored("a"), stored("b", scenario="word-is-bond"))
    names = [part.name.partition(":")[0] for part in steps["priors"].parts]
    assert names == ["came_if_will", "came_if_not", "breaks"] and not steps["code and settings"].parts
    steps = assert_adds_up(stored("c", scenario="article-only"), stored("d"))
    assert [part.name for part in steps["code and settings"].parts] == ["code", "evidence: article -> all"]


def test_back_in_time_each_row_that_was_not_yet_public_is_a_part(stored, default_run):
    order = [NAMES[0], *NAMES[2:5], NAMES[1], *NAMES[5:]]
    steps = assert_adds_up(stored("a"), stored("b", as_of=WEEK_AGO), order)
    lost = {s.event_id for s in default_run.whole.signals if WEEK_AGO < s.public_date <= AS_OF}
    assert set(steps["revised rows"].rows) == lost
    assert any(abs(part.change) > 0.0005 for part in steps["revised rows"].parts)


def test_a_revised_word_and_an_added_one_are_separate_steps(stored, default_run):
    row, added = word("US", 2, AS_OF - DAY, APEC), word("CN", 3, AS_OF, APEC)
    first = extended(default_run.whole, [row])
    changed = extended(first, [replace(row, strength=-2), added])
    steps = assert_adds_up(stored("a", first), stored("b", changed))
    assert steps["revised rows"].rows == (row.event_id,) and steps["revised rows"].change < -0.05
    assert steps["new rows"].rows == (added.event_id,) and steps["new rows"].change > 0


def test_an_outcome_that_became_known_is_a_step_of_its_own(stored):
    a, b = stored("a", as_of="2025-11-20"), stored("b", as_of="2025-11-24", deadline="2025-12-31")
    step = assert_adds_up(a, b)["outcomes known"]
    assert step.rows == ("2025-g20-johannesburg",) and step.parts[0].rows == step.rows


def test_rows_that_change_what_is_fitted_are_one_part(stored, default_run):
    """Each would need a fit of its own."""
    lead = date(2024, 9, 1)
    old = [signal(f"{lead}-{n}", lead - n * DAY, strength=2) for n in range(3)]
    new = word("CN", 3, AS_OF, APEC)
    b = stored("b", extended(default_run.whole, [*old, new]))
    parts = assert_adds_up(stored("a"), b)["new rows"].parts
    assert [set(part.rows) for part in parts] == [{new.event_id}, {row.event_id for row in old}]


def test_a_run_of_older_code_has_a_step_for_that(stored):
    a, b = stored("a", as_of=WEEK_AGO), stored("b")
    b = replace(b, forecast=replace(b.forecast, probability=b.forecast.probability - 0.1))
    *_, last = compare.steps(a, b)
    assert last.name == "code B was made with" and last.change == pytest.approx(-0.1, abs=1e-5)
    (fault,) = compare.differences(b, compare.rerun(b))
    assert fault.startswith("probability: stored 0.")


# What may be compared


def days_of(*names):
    return {name: (str(p.question.as_of), p.scenario) for name, p in compare.asked_of(*names).items()}


def test_days_and_scenarios_are_asked_for_and_a_scenario_takes_the_day_of_the_other(stored, tmp_path):
    assert days_of("2025-08-15", "sceptic") == {
        "2025-08-15": ("2025-08-15", None),
        "sceptic": ("2025-08-15", "sceptic"),
    }
    both = days_of("long-memory", "2025-08-15-long-memory")
    assert set(both.values()) == {("2025-08-15", "long-memory")}
    assert days_of("sceptic", "believer")["sceptic"] == (str(AS_OF), "sceptic")
    stored("a", as_of=WEEK_AGO)
    assert days_of(str(tmp_path / "a"), "sceptic") == {"sceptic": (str(WEEK_AGO), "sceptic")}


def test_a_day_is_computed_and_compared_as_if_it_were_rendered(stored, capsys):
    kept = stored("a", as_of=WEEK_AGO)
    made = compare.made_run("x", load_params(as_of=WEEK_AGO))
    assert forecast.to_json(replace(made.forecast, inputs={}, track_record="")) == forecast.to_json(
        kept.forecast
    )
    assert cli.main(["compare", str(WEEK_AGO), "2025-07-10"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("2025-07-04 and 2025-07-10: not rendered")
    assert "computed now" in said.out and "new rows" in said.out


@pytest.mark.parametrize(
    "names, expected",
    [
        (["nowhere", "sceptic"], "a day, a scenario, or DAY-SCENARIO, such as .*; found 'nowhere'"),
        (["sceptic", "scptic"], 'did you mean "sceptic"'),
        (["2025-07-12-scptic", "sceptic"], "found '2025-07-12-scptic'"),
        (["2025-07-12sceptic", "sceptic"], "found '2025-07-12sceptic'"),
        (["2025-02-30", "sceptic"], "as_of: expected a day of the calendar; 2025-02-30"),
        (["", "sceptic"], "found ''"),
        (["../x", "sceptic"], "found '../x'"),
    ],
)
def test_what_is_no_run_is_refused(names, expected):
    with pytest.raises(InputError, match=expected):
        compare.asked_of(*names)


def test_two_pairs_of_leaders_are_not_compared(stored):
    a = stored("a")
    sides = [
        side.model_copy(update={"code": code}) for side, code in zip(a.params.question.sides, ("A", "B"))
    ]
    question = a.params.question.model_copy(update={"sides": sides})
    with pytest.raises(InputError, match="the same sides; found US and CN in .*, A and B in other"):
        next(compare.steps(a, replace(a, name="other", params=replace(a.params, question=question))))


def test_an_unknown_run_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="expected a rendered run .* second run.*found 'nowhere'"):
        compare.load_run("nowhere")
