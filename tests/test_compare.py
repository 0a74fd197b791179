"""Why a forecast changed: steps that add up, each of them a reproducible forecast."""

from dataclasses import replace
from datetime import date

import pytest
from made_up import AS_OF, DAY, extended, thinned, word

from model.answer import compare, forecast
from model.files.problems import InputError
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
    monkeypatch.setattr(compare, "fit", lambda *_: few)

    def keep(name, whole=default_run.whole, **options):
        run = forecast.forecast(load_params(**options), whole, lambda *_: few)
        (tmp_path / name / "inputs").mkdir(parents=True)
        (tmp_path / name / "forecast.json").write_text(forecast.to_json(run.forecast), "utf-8")
        for file, text in forecast.input_files(run).items():
            (tmp_path / name / "inputs" / file).write_text(text, "utf-8")
        return compare.load_run(str(tmp_path / name))

    return keep


def assert_adds_up(a, b):
    made = compare.steps(a, b)
    total = b.forecast.probability - a.forecast.probability
    assert sum(step.change for step in made) == pytest.approx(total, abs=1e-12)
    assert [step.name for step in made] == NAMES
    assert made[-1].probability == b.forecast.probability
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
    made = list(steps.values())
    plain, paragraph = compare.text(a, b, made), compare.markdown(a, b, made)
    assert all(name in plain and f"| {name} |" in paragraph for name in NAMES)
    assert "2025-07-11-apec-or-beijing-idea" in paragraph and "2025-07-04" in plain


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


def test_a_revised_word_and_an_added_one_are_separate_steps(stored, default_run):
    row, added = word("US", 2, AS_OF - DAY, APEC), word("CN", 3, AS_OF, APEC)
    first = extended(default_run.whole, [row])
    changed = extended(first, [replace(row, strength=-2), added])
    steps = assert_adds_up(stored("a", first), stored("b", changed))
    assert steps["revised rows"].rows == (row.event_id,) and steps["revised rows"].change < -0.05
    assert steps["new rows"].rows == (added.event_id,) and steps["new rows"].change > 0


def test_an_outcome_that_became_known_is_a_step_of_its_own(stored):
    a, b = stored("a", as_of="2025-11-20"), stored("b", as_of="2025-11-24", deadline="2025-12-31")
    assert assert_adds_up(a, b)["outcomes known"].rows == ("2025-g20-johannesburg",)


def test_a_run_of_older_code_has_a_step_for_that(stored):
    a, b = stored("a", as_of=WEEK_AGO), stored("b")
    b = replace(b, forecast=replace(b.forecast, probability=b.forecast.probability - 0.1))
    last = compare.steps(a, b)[-1]
    assert last.name == "code B was made with" and last.change == pytest.approx(-0.1, abs=1e-5)
    (fault,) = compare.differences(b, compare.rerun(b))
    assert fault.startswith("probability: stored 0.")


def test_an_unknown_run_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="no such rendered run: expected one of"):
        compare.load_run("nowhere")
