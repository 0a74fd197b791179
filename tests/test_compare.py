"""Why a forecast changed: steps that add up, each with a forecast that can be made again, and a run that reruns the same."""

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


@pytest.fixture
def stored(tmp_path, default_run, monkeypatch):
    """Keeps a run as a rendered folder does and loads it from there; a few draws stand for every fit."""
    few = replace(default_run.fit, draws=thinned(default_run.draws, 10))
    for module in (compare, forecast):
        monkeypatch.setattr(module, "fit", lambda *_: few)

    def keep(name, whole=default_run.whole, **options):
        params = load_params(**options)
        made = forecast.forecast(params, whole, lambda *_: few)
        run = forecast.Run(*made[:-1], forecast.Forecast(**made[-1]), whole)
        (tmp_path / name / "inputs").mkdir(parents=True)
        (tmp_path / name / "forecast.json").write_text(forecast.to_json(run.forecast), "utf-8")
        for file, text in forecast.input_files(run).items():
            (tmp_path / name / "inputs" / file).write_text(text, "utf-8")
        return compare.load_run(str(tmp_path / name))

    return keep


def told(a, b):
    return {step.name: step for step in compare.steps(a, b)}


def assert_adds_up(a, b):
    made = compare.steps(a, b)
    total = b.forecast.probability - a.forecast.probability
    assert (
        sum(step.change for step in made) == pytest.approx(total, abs=1e-12)
        and [step.name for step in made] == NAMES
    )
    assert made[-1].probability == b.forecast.probability
    return {step.name: step for step in made}


@pytest.mark.parametrize("scenario", [None, "article-only", "no-record", "word-is-bond"])
def test_a_run_made_again_from_its_own_inputs_is_the_same_and_differs_from_itself_in_nothing(
    stored, scenario
):
    run = stored("a", scenario=scenario)
    assert compare.differences(run, compare.rerun(run)) == []
    assert all(abs(step.change) < 1e-6 and not step.rows for step in assert_adds_up(run, run).values())


@pytest.mark.parametrize("options", [{}, {"scenario": "article-only"}, {"scenario": "no-record"}])
def test_the_week_between_two_runs_is_split_into_steps_that_add_up(stored, default_run, options):
    a, b = stored("a", as_of=AS_OF - 7 * DAY, **options), stored("b", **options)
    steps = assert_adds_up(a, b)
    new = {s.event_id for s in default_run.whole.signals if AS_OF - 7 * DAY < s.public_date <= AS_OF}
    assert set(steps["new rows"].rows) == new and new
    assert steps["time passed"].change != 0 and steps["new rows"].change != 0
    assert all(
        abs(steps[name].change) < 1e-6
        for name in ("code and settings", "outcomes known", "revised rows", "priors", "question")
    )


def test_each_step_is_a_forecast_that_can_be_made_again(stored):
    a, b = stored("a", as_of=AS_OF - 7 * DAY), stored("b", deadline="2025-11-15", scenario="long-memory")
    steps = assert_adds_up(a, b)

    def headline(params, whole, **question):
        params = replace(params, question=params.question.model_copy(update=question))
        return forecast.headline(params, whole, params.question.as_of, compare.fit)

    known_then = a.ledger.as_of(AS_OF - 7 * DAY)
    assert steps["time passed"].probability == headline(a.params, known_then, as_of=AS_OF)
    assert steps["new rows"].probability == headline(a.params, b.ledger, as_of=AS_OF)
    assert steps["priors"].probability == headline(b.params, b.ledger, deadline=date(2025, 12, 31))
    assert steps["question"].change < 0 and steps["priors"].change != 0


def test_a_word_about_coming_that_was_revised_and_one_that_was_added_are_told_apart(stored, default_run):
    first = extended(default_run.whole, [word("US", 2, AS_OF - DAY, APEC)])
    row = word("US", 2, AS_OF - DAY, APEC)
    changed = extended(first, [replace(row, strength=-2), word("CN", 3, AS_OF, APEC)])
    steps = assert_adds_up(stored("a", first), stored("b", changed))
    assert steps["revised rows"].rows == (row.event_id,) and steps["revised rows"].change < -0.05
    assert steps["new rows"].rows == (word("CN", 3, AS_OF, APEC).event_id,) and steps["new rows"].change > 0


def test_an_outcome_that_became_known_is_a_step_of_its_own(stored):
    a, b = stored("a", as_of="2025-11-20"), stored("b", as_of="2025-11-24", deadline="2025-12-31")
    assert assert_adds_up(a, b)["outcomes known"].rows == ("2025-g20-johannesburg",)


def test_a_run_of_older_code_has_a_step_for_that(stored):
    a, b = stored("a", as_of=AS_OF - 7 * DAY), stored("b")
    b = replace(b, forecast=replace(b.forecast, probability=b.forecast.probability - 0.1))
    last = compare.steps(a, b)[-1]
    assert last.name == "code B was made with" and last.change == pytest.approx(-0.1, abs=1e-5)
    (fault,) = compare.differences(b, compare.rerun(b))
    assert fault.startswith("probability: 0.")


def test_text_and_paragraph_name_the_steps_and_the_rows(stored):
    a, b = stored("a", as_of=AS_OF - 7 * DAY), stored("b")
    made = compare.steps(a, b)
    plain, paragraph = compare.text(a, b, made), compare.markdown(a, b, made)
    assert all(name in plain and f"| {name} |" in paragraph for name in NAMES)
    assert "2025-07-11-apec-or-beijing-idea" in paragraph and "2025-07-04" in plain
    assert f"{100 * (b.forecast.probability - a.forecast.probability):+.1f} points" in paragraph


def test_a_run_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(InputError, match="no such rendered run: expected one of"):
        compare.load_run("nowhere")
