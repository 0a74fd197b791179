"""The params files are typed and strict; scenarios and options change only what exists; priors mean what they say."""

import re
from datetime import date
from math import inf

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.files.problems import InputError
from model.files.yaml_files import read_yaml
from model.settings import scenario
from model.settings.params import load_params
from model.settings.priors import FAMILIES, Prior
from model.settings.schemas import json_schemas

QUESTION = """\
question_id: trump-xi-2025
text: Trump and Xi meet in person in 2025
sides:
  - {code: US, country: United States, office: president, leader: Trump}
  - {code: CN, country: China, office: president, leader: Xi}
as_of: 2025-07-11
deadline: 2025-12-31
time_zone: America/New_York
meeting:
  counts: Talks in one place.
  does_not_count: A call.
resolver: Two agencies.
if_a_leader_leaves_office: It resolves to no.
"""
PRIORS = """\
parameters:
  comes_summit:
    means: The chance of a season.
    unit: probability
    dist: Beta
    args: {alpha: 2, beta: 3}
    why: A belief.
  tone_factor:
    means: How much a type matters.
    unit: factor
    above: 1
    dist: Exponential
    args: {scale: 0.7}
    why: A belief.
  visit_notice:
    means: How long ahead a visit is known.
    unit: days
    why: A belief.
    dist: LogNormal
    quantiles: {5%: 0.5, 95%: 2.0}
kinds:
  envoy_meeting:
    means: Envoys meet.
    sign: up
    plover: CONSULT 04
    weight: 2
types:
  apec: {name: APEC, yearly: true, summit: true}
  visit: {name: A visit, yearly: false, summit: false}
grades:
  letter: {A: 1, B: 0.8, C: 0.5, D: 0.25, E: 0.1, F: 0.4}
  digit: {"1": 1, "2": 0.9, "3": 0.6, "4": 0.3, "5": 0.1, "6": 0.5}
structure:
  season_gap: 30
  lead: 56
  tone_half_life: 180
  at_risk: 30
  again_within: 365
  named_day: 0.9
"""
RUN = """\
random_seed: 20250711
chains: 4
tune: 1000
draws: 1000
target_accept: 0.9
gate:
  rhat_max: 1.01
  ess_min: 400
  divergences_max: 0
  ebfmi_min: 0.3
interval_mass: 0.9
evidence: all
record: all
"""
TEXTS = {"question": QUESTION, "priors": PRIORS, "run": RUN}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads params files of a temporary folder, with edits as (file, old text, new text)."""
    monkeypatch.setattr("model.files.disk.ROOT", tmp_path)
    monkeypatch.setattr(scenario, "SCENARIOS", tmp_path / "scenarios")

    def loader(*edits, scenario=None, **options):
        texts = dict(TEXTS)
        for name, old, new in edits:
            assert old in texts[name]
            texts[name] = texts[name].replace(old, new, 1)
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        if scenario is not None:
            (tmp_path / "scenarios").mkdir(exist_ok=True)
            (tmp_path / "scenarios" / "other.yaml").write_text(scenario, encoding="utf-8")
            options["scenario"] = "other"
        return load_params(**{name: tmp_path / f"{name}.yaml" for name in texts}, **options)

    return loader


def problems_of(call, *args, **kwargs):
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    return [str(problem) for problem in caught.value.problems]


def assert_told(problems, *expected):
    assert len(problems) == len(expected), problems
    for problem, pattern in zip(problems, expected):
        assert re.search(pattern, problem), f"{problem!r} does not say {pattern!r}"


def test_sound_files_become_typed_values(load, tmp_path):
    run = load()
    assert run.question.as_of == date(2025, 7, 11) and run.question.sides[1].leader == "Xi"
    assert run.priors.parameters["tone_factor"].above == 1
    assert run.run.gate.divergences_max == 0
    assert run.priors.grades.reliability("B2") == pytest.approx(0.72)
    assert run.priors.kinds["envoy_meeting"].weight == 2
    assert run.vocabulary == {
        "kinds": {"envoy_meeting": "up"},
        "types": ("apec", "visit"),
        "sides": ("US", "CN"),
    }
    assert run.files == tuple(tmp_path / f"{name}.yaml" for name in TEXTS)
    assert run == load()


def test_values_cannot_be_changed_afterwards(load):
    run = load()
    with pytest.raises(ValidationError):
        run.question.as_of = date(2025, 1, 1)
    with pytest.raises(AttributeError):
        run.scenario = "x"


def test_the_files_of_the_project_are_sound():
    run = load_params()
    run.check_priors()
    schemas = json_schemas()
    for name, path in zip(TEXTS, run.files):
        jsonschema.validate(read_yaml(path).data, schemas[name])


@pytest.mark.parametrize(
    "name, old, new, expected",
    [
        (
            "question",
            "2025-07-11",
            "2025-02-30",
            [r"question.yaml:6:8: as_of: expected a day of the calendar; 2025-02-30"],
        ),
        ("question", "2025-07-11", "2025-07-11 10:00", [r":6:8: as_of: .*without time or zone"]),
        ("question", "2025-07-11", "20250711", [r":6:8: as_of: expected a day; found 20250711"]),
        ("question", "2025-07-11", "", [r":6:7: as_of: expected a day; found None"]),
        ("question", "2025-07-11", "9999-01-01", [r"as_of: expected a year from 1900 to 2199"]),
        (
            "question",
            "2025-07-11",
            "2026-01-01",
            [r":7:11: deadline: expected a day not before as_of, which is 2026-01-01"],
        ),
        (
            "question",
            "as_of",
            "asof",
            [
                r":1:1: as_of: required key is missing",
                r":6:1: asof: unknown key \(did you mean \"as_of\"\?\)",
            ],
        ),
        ("question", "America/New_York", "America/NewYork", [r":8:12: .*did you mean \"America/New_York\""]),
        ("question", "America/New_York", "America", [r"unknown time zone"]),
        ("question", "America/New_York", "../../etc/hosts", [r"unknown time zone"]),
        ("question", "America/New_York", "/etc/hosts", [r"unknown time zone"]),
        ("question", "America/New_York", "5", [r"time_zone: expected text; found 5"]),
        ("question", "code: CN", "code: US", [r":3:1: sides: expected two different codes; found US twice"]),
        ("question", "code: CN", "code: cn", [r":5:12: sides.1.code: expected text like"]),
        (
            "question",
            "code: CN",
            "cod: CN",
            [r":5:5: sides.1.code: required", r":5:6: sides.1.cod: .*\"code\""],
        ),
        (
            "question",
            "  - {code: CN, country: China, office: president, leader: Xi}\n",
            "",
            [r"sides: expected at least 2"],
        ),
        ("question", "trump-xi-2025", "Trump & Xi", [r":1:14: question_id: expected text like"]),
        (
            "question",
            "counts: Talks in one place.",
            "counts: ''",
            [r":10:11: meeting.counts: expected some text"],
        ),
        ("question", "Talks in one place.", "[Talks]", [r":10:11: meeting.counts: expected text"]),
        (
            "priors",
            "alpha: 2",
            "alpha: -2",
            [r"priors.yaml:6:11: parameters.comes_summit.args: .*alpha between 0 and .*found -2"],
        ),
        ("priors", "alpha: 2", "alpha: .inf", [r":6:19: .*alpha: expected a finite number; found inf"]),
        ("priors", "alpha: 2", "alpha: .nan", [r"alpha: expected a finite number; found nan"]),
        ("priors", "alpha: 2", "alpha: 1e300", [r"expected alpha between 0 and 1e\+09"]),
        ("priors", "alpha: 2", "alpha: '2'", [r"alpha: expected a number; found '2'"]),
        ("priors", "alpha: 2", "alpha: true", [r"alpha: expected a number; found True"]),
        (
            "priors",
            "alpha: 2",
            "alfa: 2",
            [r"unknown argument alfa \(did you mean \"alpha\"\?\); expected Beta\(alpha, beta\)"],
        ),
        ("priors", "{alpha: 2, beta: 3}", "3", [r"args: expected a mapping; found 3"]),
        ("priors", "{alpha: 2, beta: 3}", "{}", [r"args: expected Beta\(alpha, beta\)"]),
        (
            "priors",
            "args: {alpha: 2, beta: 3}",
            "above: 0",
            [r":2:3: .*comes_summit: expected either args or quantiles"],
        ),
        (
            "priors",
            "dist: Beta\n    args: {alpha: 2, beta: 3}",
            "dist: Uniform\n    args: {lower: 2, upper: 2}",
            [r"expected lower below upper; found 2 and 2"],
        ),
        (
            "priors",
            "dist: Beta",
            "dist: Poisson",
            [r":5:11: .*dist: expected one of Beta, .*found 'Poisson'"],
        ),
        (
            "priors",
            "dist: LogNormal",
            "dist: lognormal",
            [r"found 'lognormal' \(did you mean \"LogNormal\"\?\)"],
        ),
        (
            "priors",
            "dist: LogNormal",
            "dist: Exponential",
            [r"Exponential has the one argument scale: give args instead"],
        ),
        (
            "priors",
            "dist: LogNormal",
            "dist: Beta",
            [r"expected values between 0 and 1, where Beta has mass"],
        ),
        (
            "priors",
            "5%: 0.5",
            "5%: 2.0",
            [r":20:16: .*quantiles: expected both levels and values to increase"],
        ),
        ("priors", "5%: 0.5", "5%: 3.0", [r"expected both levels and values to increase"]),
        ("priors", "5%: 0.5", "5%: -1", [r"expected values between 0 and .*, where LogNormal has mass"]),
        ("priors", "5%: 0.5", "5%: .nan", [r"quantiles.5%: expected a finite number"]),
        ("priors", "5%: 0.5", "0%: 0.5", [r":20:17: .*expected a quantile level such as 5%; found '0%'"]),
        ("priors", "5%: 0.5", "low: 0.5", [r"expected a quantile level such as 5%; found 'low'"]),
        ("priors", "5%: 0.5, ", "", [r"quantiles: expected at least 2"]),
        ("priors", "dist: LogNormal", "dist: LogNormal\n    above: 1", [r"expected values between 1 and"]),
        (
            "priors",
            "dist: LogNormal",
            "dist: LogNormal\n    args: {mu: 0, sigma: 1}",
            [r"either args or quantiles"],
        ),
        (
            "priors",
            "dist: LogNormal",
            "dist: LogNormal\n    learned_from: 2025-07-12",
            [
                r":20:\d+: parameters.visit_notice.learned_from: expected a day not after as_of, which is 2025-07-11"
            ],
        ),
        (
            "priors",
            "args: {alpha: 2, beta: 3}",
            "args: {alpha: 2, beta: 3}\n    above: 1",
            [r":7:12: parameters.comes_summit.above: expected values between 0 and 1; Beta goes from 1 to 2"],
        ),
        (
            "priors",
            "above: 1",
            "above: 0",
            [r"parameters.tone_factor.dist: expected values from 1 up; Exponential goes from 0 to"],
        ),
        (
            "priors",
            "weight: 2",
            "weight: -1",
            [r":26:13: kinds.envoy_meeting.weight: expected at least 0.0; found -1"],
        ),
        (
            "priors",
            "weight: 2",
            "weight: 101",
            [r"kinds.envoy_meeting.weight: expected at most 100.0; found 101"],
        ),
        (
            "priors",
            "weight: 2",
            "weight: .nan",
            [r"kinds.envoy_meeting.weight: expected a finite number; found nan"],
        ),
        (
            "priors",
            "weight: 2",
            "weight: {dist: LogNormal}",
            [r"kinds.envoy_meeting.weight: expected a number; found"],
        ),
        (
            "priors",
            "unit: days",
            "unit: days\n    dim: kind",
            [r":18:10: parameters.visit_notice.dim: expected one of level; found"],
        ),
        (
            "priors",
            "unit: days",
            "unit: ratio",
            [r"parameters.visit_notice.dist: expected values between 0 and 1; LogNormal"],
        ),
        (
            "priors",
            "named_day: 0.9",
            "named_day: 1",
            [r"structure.named_day: expected less than 1.0; found 1"],
        ),
        ("priors", "at_risk: 30", "at_risk: 0", [r"structure.at_risk: expected at least 1; found 0"]),
        ("priors", "  again_within: 365\n", "", [r"structure.again_within: required key is missing"]),
        (
            "priors",
            "tone_half_life: 180",
            "tone_half_life: 0",
            [r"structure.tone_half_life: expected more than 0.0; found 0"],
        ),
        (
            "priors",
            "sign: up",
            "sign: upp",
            [r":24:11: .*one of up, down, either; found 'upp' \(did you mean \"up\"\?\)"],
        ),
        (
            "priors",
            "yearly: true",
            "yearly: yes",
            [r"types.apec.yearly: expected true or false; found 'yes'"],
        ),
        ("priors", "envoy_meeting:", "Envoy Meeting:", [r":22:3: kinds.Envoy Meeting: expected text like"]),
        (
            "priors",
            "    unit: probability\n",
            "",
            [r":2:3: parameters.comes_summit.unit: required key is missing"],
        ),
        (
            "priors",
            "A: 1,",
            "a: 1,",
            [r"grades.letter.a: expected one of A, .*found 'a' \(did you mean \"A\"\?\)"],
        ),
        ("priors", "A: 1, ", "", [r"grades.letter: expected all six grades; found B, C, D, E, F"]),
        ("priors", "B: 0.8", "B: 1.8", [r"grades.letter.B: expected at most 1"]),
        ("priors", "lead: 56", "lead: -1", [r"structure.lead: expected (at least|more than)"]),
        (
            "priors",
            "tone_factor:",
            "comes_summit:",
            [r":8:3: key 'comes_summit' stands twice, first on line 2"],
        ),
        ("run", "tune: 1000", "tune: 0", [r"run.yaml:3:7: tune: expected at least 1; found 0"]),
        ("run", "tune: 1000", "tune: 1000.0", [r"tune: expected a whole number; found 1000.0"]),
        ("run", "draws: 1000", "draws: true", [r"draws: expected a whole number; found True"]),
        ("run", "0.9\ng", "1.9\ng", [r"target_accept: expected less than 1"]),
        ("run", "20250711", "-1", [r"random_seed: expected at least 0; found -1"]),
        (
            "run",
            "rhat_max",
            "r_hat_max",
            [r":6:1: gate.rhat_max: required", r":7:3: .*did you mean \"rhat_max\""],
        ),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_was_expected(load, name, old, new, expected):
    assert_told(problems_of(load, (name, old, new)), *expected)


def test_the_faults_of_all_files_are_told_at_once(load):
    assert_told(
        problems_of(
            load,
            ("question", "2025-07-11", "soon"),
            ("priors", "sign: up", "sign: sideways"),
            ("run", "chains", "chain"),
            ("run", "draws: 1000", "draws: []"),
        ),
        "question.yaml:6",
        "priors.yaml:24",
        "run.yaml:1:1",
        "run.yaml:2:1",
        "run.yaml:4:8",
    )


def test_a_broken_file_does_not_hide_the_faults_of_the_others(load):
    assert_told(
        problems_of(load, ("question", "sides:", "sides: ["), ("run", "chains: 4", "chains: many")),
        "question.yaml:.*not valid YAML",
        "run.yaml:2:9: chains: expected a whole number; found 'many'",
    )


class TestOptions:
    def test_an_option_stands_above_the_files(self, load):
        run = load(as_of="2025-08-01", deadline=date(2026, 6, 30), random_seed=7)
        assert (run.question.as_of, run.question.deadline, run.run.random_seed) == (
            date(2025, 8, 1),
            date(2026, 6, 30),
            7,
        )

    def test_none_leaves_the_file_in_force(self, load):
        assert load(as_of=None, deadline=None, random_seed=None) == load()

    @pytest.mark.parametrize(
        "options, expected",
        [
            ({"as_of": "yesterday"}, "^options: as_of: expected a day written YYYY-MM-DD"),
            ({"as_of": ""}, "^options: as_of: expected a day written"),
            ({"as_off": "2025-08-01"}, r"^options: as_off: unknown option \(did you mean \"as_of\"\?\)"),
            ({"random_seed": "7"}, "^options: random_seed: expected a whole number; found '7'"),
            (
                {"deadline": "2025-07-01"},
                "^options: deadline: expected a day not before as_of, which is 2025-07-11",
            ),
            (
                {"as_of": "2026-07-01"},
                "^question.yaml:7:11: deadline: expected a day not before as_of, which is 2026-07-01",
            ),
        ],
    )
    def test_a_wrong_option_is_told(self, load, options, expected):
        assert_told(problems_of(load, **options), expected)


class TestScenario:
    def test_a_scenario_changes_what_it_names_and_nothing_else(self, load, tmp_path):
        run = load(
            scenario="means: Later.\nquestion: {deadline: 2026-06-30}\nrun: {gate: {rhat_max: 1.05}}\n"
        )
        assert run.scenario == "other" and run.files[-1] == tmp_path / "scenarios" / "other.yaml"
        assert run.question == load().question.model_copy(update={"deadline": date(2026, 6, 30)})
        assert run.run.gate == load().run.gate.model_copy(update={"rhat_max": 1.05})
        assert run.priors == load().priors

    def test_the_shape_of_a_prior_is_replaced_as_a_whole(self, load):
        prior = load(
            scenario="means: x\npriors: {parameters: {comes_summit: {dist: Uniform, quantiles: {10%: 0.2, 90%: 0.8}}}}"
        ).priors.parameters["comes_summit"]
        assert (prior.dist, prior.args, prior.quantiles) == ("Uniform", None, {"10%": 0.2, "90%": 0.8})
        assert prior.means == "The chance of a season."

    def test_a_key_that_a_prior_may_have_can_be_added(self, load):
        run = load(scenario="means: x\npriors: {parameters: {comes_summit: {learned_from: 2025-01-01}}}")
        assert run.priors.parameters["comes_summit"].learned_from == date(2025, 1, 1)
        assert run.priors.parameters["comes_summit"].args == {"alpha": 2, "beta": 3}

    def test_options_stand_above_a_scenario(self, load):
        assert load(
            scenario="means: x\nquestion: {as_of: 2025-01-01}", as_of="2025-02-02"
        ).question.as_of == date(2025, 2, 2)

    @pytest.mark.parametrize(
        "text, expected",
        [
            ("question: {}", [r"scenarios/other.yaml:1:1: means: required key is missing"]),
            ("means: x\nquestoin: {}", [r":2:1: questoin: unknown key \(did you mean \"question\"\?\)"]),
            ("means: x\nrun: 5", [r":2:6: run: expected a mapping; found 5"]),
            (
                "means: x\nrun: {chain: 5}",
                [r":2:7: run.chain: unknown key \(did you mean \"chains\"\?\); a scenario changes only"],
            ),
            (
                "means: x\npriors: {parameters: {comes_summi: {above: 1}}}",
                [r"comes_summi: .*did you mean \"comes_summit\""],
            ),
            (
                "means: x\npriors: {types: {nato: {name: NATO, yearly: true, summit: true}}}",
                [r":2:18: priors.types.nato: unknown key"],
            ),
            (
                "means: x\npriors: {parameters: {comes_summit: {abov: 1}}}",
                [r"abov: .*did you mean \"above\""],
            ),
            (
                "means: x\npriors:\n  parameters:\n    comes_summit: {args: {alpha: 1, beta: 1}}",
                [r":4:5: parameters.comes_summit.dist: required key is missing"],
            ),
            (
                "means: x\npriors:\n  parameters:\n    comes_summit: {dist: Beta, args: {alpha: 0, beta: 1}}",
                [r"other.yaml:4:38: parameters.comes_summit.args: expected alpha between 0"],
            ),
            ("means: x\nquestion:\n  meeting: 5", [r"other.yaml:3:12: meeting: expected a mapping; found 5"]),
            (
                "means: x\nquestion: {deadline: 2025-01-01}",
                [r"other.yaml:2:22: deadline: expected a day not before as_of"],
            ),
            (
                "means: x\nquestion: {sides: [{code: US, office: president, leader: Trump}]}",
                [r"other.yaml:2:20: sides.0.country: required key is missing"],
            ),
            ("means: x\nmeans: y", [r"other.yaml:2:1: key 'means' stands twice"]),
            ("- x", [r"other.yaml:1:1: expected a mapping"]),
        ],
    )
    def test_a_wrong_scenario_is_told_at_its_own_place(self, load, text, expected):
        assert_told(problems_of(load, scenario=text), *expected)

    @pytest.mark.parametrize("name", ["../question", "/etc/hosts", "othr", "", "other.yaml", "a\0b"])
    def test_a_scenario_is_named_not_located(self, load, name):
        load(scenario="means: x")
        told = problems_of(load_params, scenario=name)
        assert_told(told, r"^options: scenario: expected a file of scenarios by its name, one of other")
        assert ('did you mean "other"' in told[0]) == name.startswith("oth")


class TestPriors:
    def prior(self, **fields):
        return Prior.model_validate(fields)

    @pytest.mark.parametrize(
        "dist, args, median, support",
        [
            ("Beta", {"alpha": 1, "beta": 1}, 0.5, (0, 1)),
            ("Normal", {"mu": 2, "sigma": 3}, 2, (-inf, inf)),
            ("LogNormal", {"mu": 0, "sigma": 2}, 1, (0, inf)),
            ("HalfNormal", {"sigma": 1}, 0.6744897501960817, (0, inf)),
            ("Gamma", {"alpha": 1, "beta": 2}, np.log(2) / 2, (0, inf)),
            ("Exponential", {"scale": 2}, 2 * np.log(2), (0, inf)),
            ("Uniform", {"lower": -1, "upper": 3}, 1, (-1, 3)),
        ],
    )
    @pytest.mark.parametrize("above", [0, 1.5])
    def test_every_distribution_has_the_median_of_its_textbook_form(self, dist, args, median, support, above):
        frozen = self.prior(dist=dist, args=args, above=above).frozen()
        assert frozen.median() == pytest.approx(median + above)
        assert frozen.support() == pytest.approx(tuple(edge + above for edge in support))

    def test_the_table_above_covers_every_distribution(self):
        marks = self.test_every_distribution_has_the_median_of_its_textbook_form.__func__.pytestmark
        assert {row[0] for mark in marks if "dist" in mark.args[0] for row in mark.args[1]} == set(FAMILIES)

    levels = st.tuples(st.floats(0.5, 45), st.floats(55, 99.5))
    spans = st.tuples(st.floats(0.02, 0.45), st.floats(0.55, 0.98))

    @settings(deadline=None)
    @given(
        st.sampled_from(["Beta", "Normal", "LogNormal", "Gamma", "Uniform"]),
        levels,
        spans,
        st.sampled_from([0, 1, -2]),
    )
    def test_two_quantiles_determine_the_distribution(self, dist, levels, span, above):
        quantiles = {f"{level:.3f}%": value + above for level, value in zip(levels, span)}
        prior = self.prior(dist=dist, quantiles=quantiles, above=above)
        for level, value in quantiles.items():
            assert prior.frozen().cdf(value) == pytest.approx(float(level[:-1]) / 100, abs=1e-8)
        assert set(prior.args_solved) == set(FAMILIES[dist].args)

    def test_quantiles_no_distribution_has_are_told_when_asked(self, load):
        run = load(
            (
                "priors",
                "dist: Exponential\n    args: {scale: 0.7}",
                "dist: Gamma\n    quantiles: {90.5%: 1.0001, 97%: 300}",
            )
        )
        assert_told(
            problems_of(run.check_priors),
            r"priors.yaml:8:3: parameters.tone_factor: no Gamma has the quantiles",
        )

    def test_the_model_can_demand_its_parameters(self, load):
        run = load()
        run.check_names(["comes_summit", "tone_factor", "visit_notice"])
        assert_told(
            problems_of(run.check_names, ["comes_summit", "tone_facto", "visit_notice", "held"]),
            "required parameter tone_facto is missing",
            "required parameter held is missing",
            r"priors.yaml:8:3: parameters.tone_factor: unknown parameter \(did you mean \"tone_facto\"\?\)",
        )


class TestSchemas:
    def test_there_is_one_for_each_file(self):
        schemas = json_schemas()
        assert set(schemas) == {"question", "priors", "run", "scenario"}
        for schema in schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)

    @pytest.mark.parametrize("name", TEXTS)
    def test_a_sound_file_conforms_and_an_unknown_key_does_not(self, name):
        data = (
            yaml.load(TEXTS[name], Loader=yaml.BaseLoader)
            if name == "question"
            else yaml.safe_load(TEXTS[name])
        )
        jsonschema.validate(data, json_schemas()[name])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data | {"unknown": 1}, json_schemas()[name])

    @pytest.mark.parametrize(
        "data, sound",
        [
            ({"means": "x", "run": {"chains": 2}}, True),
            ({"means": "x", "priors": {"parameters": {"comes_summit": {"above": 1}}}}, True),
            ({"means": "x", "run": {"chain": 2}}, False),
            ({"run": {"chains": 2}}, False),
        ],
    )
    def test_a_scenario_may_be_partial(self, data, sound):
        validator = jsonschema.Draft202012Validator(json_schemas()["scenario"])
        assert validator.is_valid(data) == sound
