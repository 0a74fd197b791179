"""Params files are strict, scenarios and options change only existing keys, and priors are correct."""

import re
from datetime import date
from math import inf

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tables import assert_said, cases, problems_of

from model.files.yaml_files import read_yaml
from model.settings import scenario
from model.settings.distributions import FAMILIES
from model.settings.params import load_params
from model.settings.priors import Prior
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
    name: comes_summit
    means: The chance of a season.
    unit: probability
    dist: Beta
    args: {alpha: 2, beta: 3}
    why: A belief.
  tone_factor:
    name: tone_factor
    means: How much a type matters.
    unit: factor
    above: 1
    dist: Exponential
    args: {scale: 0.7}
    why: A belief.
  visit_notice:
    name: notice of a visit
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

# What is changed in which file, and what is said of it.
FAULTS = r"""
question | 2025-07-11 => 2025-02-30
    question.yaml:6:8: as_of: expected a day of the calendar; 2025-02-30
question | 2025-07-11 => 2025-07-11 10:00
    :6:8: as_of: …without time or zone
question | 2025-07-11 => 20250711
    :6:8: as_of: expected a day; found 20250711
question | as_of: 2025-07-11 => as_of:
    :6:7: as_of: expected a day; found nothing
question | 2025-07-11 => 9999-01-01
    as_of: expected a year from 1900 to 2199
question | 2025-07-11 => 2026-01-01
    :7:11: deadline: expected a day not before as_of, which is 2026-01-01
question | as_of => asof
    :1:1: as_of: required key is missing
    :6:1: asof: unknown key (did you mean "as_of"?)
question | America/New_York => America/NewYork
    :8:12: …did you mean "America/New_York"
question | America/New_York => ../../etc/hosts
    expected a time zone such as America/New_York, or local; found '../../etc/hosts'
question | America/New_York => ET
    time_zone: …did you mean "America/New_York"
question | America/New_York => Berlin
    time_zone: …did you mean "Europe/Berlin"
question | America/New_York => 5
    time_zone: expected text; found 5
question | code: CN => code: US
    :3:1: sides: expected two different codes; found US twice
question | code: CN => code: cn
    :5:12: sides.1.code: expected an ISO 3166 code of two capital letters, such as US; found 'cn'
question | code: CN => cod: CN
    :5:5: sides.1.code: required
    :5:6: sides.1.cod: …"code"
question | - {code: CN, country: China, office: president, leader: Xi} => #
    sides: expected at least 2
question | trump-xi-2025 => Trump & Xi
    :1:14: question_id: expected small letters and digits, joined by hyphens; found 'Trump & Xi'
question | counts: Talks in one place. => counts: ''
    :10:11: meeting.counts: expected some text
question | Talks in one place. => [Talks]
    :10:11: meeting.counts: expected text
priors | alpha: 2 => alpha: -2
    priors.yaml:7:11: parameters.comes_summit.args: …alpha between 0 and …found -2
priors | alpha: 2 => alpha: .inf
    :7:19: …alpha: expected a finite number; found inf
priors | alpha: 2 => alpha: 1e300
    expected alpha between 0 and 1e+09
priors | alpha: 2 => alpha: '2'
    alpha: expected a number; found '2'
priors | alpha: 2 => alpha: true
    alpha: expected a number; found true
priors | alpha: 2 => alfa: 2
    unknown argument alfa (did you mean "alpha"?); expected Beta(alpha, beta)
priors | {alpha: 2, beta: 3} => 3
    args: expected a mapping; found 3
priors | args: {alpha: 2, beta: 3} => above: 0
    :2:3: …comes_summit: expected either args or quantiles
priors | dist: Beta\n    args: {alpha: 2, beta: 3} => dist: Uniform\n    args: {lower: 2, upper: 2}
    expected lower below upper; found 2 and 2
priors | dist: Beta => dist: Poisson
    :6:11: …dist: expected one of Beta, …found 'Poisson'
priors | dist: LogNormal => dist: lognormal
    found 'lognormal' (did you mean "LogNormal"?)
priors | dist: LogNormal => dist: Exponential
    Exponential has only the argument scale: give args instead
priors | dist: LogNormal => dist: Beta
    expected values between 0 and 1, where Beta has mass
priors | 5%: 0.5 => 5%: 2.0
    :23:16: …quantiles: expected both levels and values to increase
priors | 5%: 0.5 => 5%: -1
    expected values between 0 and …, where LogNormal has mass
priors | 5%: 0.5 => 5%: .nan
    quantiles.5%: expected a finite number
priors | 5%: 0.5 => 0%: 0.5
    :23:17: …expected a quantile level such as 5%; found '0%'
priors | {5%: 0.5, 95%: 2.0} => {95%: 2.0}
    quantiles: expected at least 2
priors | dist: LogNormal => dist: LogNormal\n    above: 1
    expected values between 1 and
priors | dist: LogNormal => dist: LogNormal\n    args: {mu: 0, sigma: 1}
    either args or quantiles
priors | dist: LogNormal => dist: LogNormal\n    learned_from: 2025-07-12
    :23:…: parameters.visit_notice.learned_from: expected a day not after as_of, which is 2025-07-11
priors | parameters: => parameters:\n  held: 0.9
    priors.yaml:2:9: parameters.held: expected a distribution, such as {dist: Beta, …(beside its name
priors | parameters: => parameters:\n  word_factor: 3
    :2:16: parameters.word_factor: …{dist: LogNormal, above: 1, quantiles: {5%: 2, 95%: 5}}
priors | args: {alpha: 2, beta: 3} => args: {alpha: 2, beta: 3}\n    above: 1
    :8:12: parameters.comes_summit.above: expected values between 0 and 1; Beta goes from 1 to 2
priors | above: 1 => above: 0
    parameters.tone_factor.dist: expected values from 1 up; Exponential goes from 0 to
priors | weight: 2 => weight: -1
    :29:13: kinds.envoy_meeting.weight: expected at least 0.0; found -1
priors | weight: 2 => weight: 101
    kinds.envoy_meeting.weight: expected at most 100.0; found 101
priors | unit: days => unit: days\n    dim: kind
    :21:10: parameters.visit_notice.dim: expected one of level; found
priors | unit: days => unit: ratio
    parameters.visit_notice.dist: expected values between 0 and 1; LogNormal
priors | weight: 2 => weight: two
    kinds.envoy_meeting.weight: expected a number; found 'two'
priors | dist: Exponential\n    args: {scale: 0.7} => dist: HalfNormal\n    args: {sigma: -1}
    tone_factor.args: expected sigma between 0 and 1e+09; found -1
priors | dist: LogNormal => dist: Normal
    parameters.visit_notice.dist: expected values from 0 up; Normal goes from -1e+09 to 1e+09
priors | dist: Beta\n    args: {alpha: 2, beta: 3} => dist: Uniform\n    args: {lower: 2, upper: 3}
    comes_summit.dist: expected values between 0 and 1; Uniform goes from 2 to 3
priors | named_day: 0.9 => named_day: 1
    structure.named_day: expected less than 1.0; found 1
priors | at_risk: 30 => at_risk: 0
    structure.at_risk: expected at least 1; found 0
priors | again_within: 365 => #
    structure.again_within: required key is missing
priors | tone_half_life: 180 => tone_half_life: 0
    structure.tone_half_life: expected more than 0.0; found 0
priors | sign: up => sign: upp
    :27:11: …one of up, down, either; found 'upp' (did you mean "up"?)
priors | yearly: true => yearly: yes
    types.apec.yearly: expected true or false; found 'yes'
priors | envoy_meeting: => Envoy Meeting:
    :25:3: kinds.Envoy Meeting: expected small letters, digits and underscores, a letter first
priors | unit: probability => #
    :2:3: parameters.comes_summit.unit: required key is missing
priors | A: 1, => a: 1,
    grades.letter.a: expected one of A, …found 'a' (did you mean "A"?)
priors | {A: 1, B => {B
    grades.letter: expected at least 6 of them; found {'B'
priors | B: 0.8 => B: 1.8
    grades.letter.B: expected at most 1
priors | lead: 56 => lead: -1
    structure.lead: expected …
priors | tone_factor: => comes_summit:
    :9:3: key 'comes_summit' appears twice, first on line 2
run | tune: 1000 => tune: 0
    run.yaml:3:7: tune: expected at least 1; found 0
run | tune: 1000 => tune: 1000.0
    tune: expected a whole number; found 1000.0
run | 0.9\ng => 1.9\ng
    target_accept: expected less than 1
run | 20250711 => -1
    random_seed: expected at least 0; found -1
run | rhat_max => r_hat_max
    :6:1: gate.rhat_max: required
    :7:3: …did you mean "rhat_max"
"""
# The text of a scenario file, and what is said of it.
SCENARIO_FAULTS = r"""
question: {}
    scenarios/other.yaml:1:1: means: required key is missing
means: x\nquestoin: {}
    :2:1: questoin: unknown key (did you mean "question"?)
means: x\nrun: 5
    :2:6: run: expected a mapping; found 5
means: x\nrun: {chain: 5}
    :2:7: run.chain: unknown key (did you mean "chains"?); a scenario changes only
means: x\npriors: {parameters: {comes_summi: {above: 1}}}
    comes_summi: …did you mean "comes_summit"
means: x\npriors: {types: {nato: {name: NATO, yearly: true, summit: true}}}
    :2:18: priors.types.nato: unknown key
means: x\npriors: {parameters: {comes_summit: {abov: 1}}}
    abov: …did you mean "above"
means: x\npriors:\n  parameters:\n    comes_summit: {args: {alpha: 1, beta: 1}}
    :4:5: parameters.comes_summit.dist: required key is missing
means: x\npriors:\n  parameters:\n    comes_summit: {dist: Beta, args: {alpha: 0, beta: 1}}
    other.yaml:4:38: parameters.comes_summit.args: expected alpha between 0
means: x\nquestion:\n  meeting: 5
    other.yaml:3:12: meeting: expected a mapping; found 5
means: x\nquestion: {deadline: 2025-01-01}
    other.yaml:2:22: deadline: expected a day not before as_of
means: x\nquestion: {sides: [{code: US, office: president, leader: Trump}]}
    other.yaml:2:20: sides.0.country: required key is missing
means: x\nmeans: y
    other.yaml:2:1: key 'means' appears twice
- x
    other.yaml:1:1: expected a mapping
"""
OPTION_FAULTS = """
as_of: yesterday
    options: as_of: expected a day written YYYY-MM-DD
as_of:
    options: as_of: expected a day written
as_off: 2025-08-01
    options: as_off: unknown option (did you mean "as_of"?)
random_seed: 7
    options: random_seed: expected a whole number; found '7'
deadline: 2025-07-01
    options: deadline: expected a day not before as_of, which is 2025-07-11
"""


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


def test_sound_files_become_typed_values_that_cannot_be_changed(load, tmp_path):
    run = load()
    assert run.question.as_of == date(2025, 7, 11) and run.question.sides[1].leader == "Xi"
    assert run.priors.parameters["tone_factor"].above == 1
    assert run.priors.parameters["visit_notice"].name == "notice of a visit"
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
    with pytest.raises(ValidationError):
        run.question.as_of = date(2025, 1, 1)
    with pytest.raises(AttributeError):
        run.scenario = "x"


def test_the_files_of_the_project_are_sound_and_conform_to_their_schemas():
    run = load_params()
    run.check_priors()
    schemas = json_schemas()
    for name, path in zip(TEXTS, run.files):
        jsonschema.validate(read_yaml(path).data, schemas[name])


@pytest.mark.parametrize("edit, expected", cases(FAULTS))
def test_a_fault_is_reported_with_its_place_and_what_was_expected(load, edit, expected):
    name, _, change = edit.partition(" | ")
    old, _, new = change.partition(" =>")
    assert_said(problems_of(load, (name, old, new.strip())), expected)


def test_the_faults_of_all_files_are_reported_at_once_even_if_one_is_broken(load):
    edits = [
        ("priors", "sign: up", "sign: sideways"),
        ("run", "chains", "chain"),
        ("run", "draws: 1000", "draws: []"),
    ]
    others = ["priors.yaml:27", "run.yaml:1:1", "run.yaml:2:1", "run.yaml:4:8"]
    assert_said(problems_of(load, ("question", "2025-07-11", "soon"), *edits), ["question.yaml:6", *others])
    assert_said(problems_of(load, ("question", "sides:", "sides: ["), *edits), ["not valid YAML", *others])


class TestOptions:
    def test_an_option_overrides_the_files(self, load):
        run = load(as_of="2025-08-01", deadline=date(2026, 6, 30), random_seed=7)
        assert run.question.as_of == date(2025, 8, 1)
        assert run.question.deadline == date(2026, 6, 30)
        assert run.run.random_seed == 7
        assert load(as_of=None, deadline=None, random_seed=None) == load()

    @pytest.mark.parametrize("day", ["2025", "2025-02-30", "soon"])
    def test_an_option_replaces_a_day_that_the_file_has_wrong(self, load, day):
        run = load(("question", "2025-07-11", day), as_of="2025-08-01")
        assert run.opens == date(2025, 8, 2)

    def test_an_option_changes_one_prior_and_nothing_else(self, load):
        changed = load(parameters={"tone_factor": {"dist": "HalfNormal", "args": {"sigma": 2}}})
        plain = load().priors.parameters
        assert changed.priors.parameters["tone_factor"].args_solved == {"sigma": 2.0}
        assert {name for name in plain if changed.priors.parameters[name] != plain[name]} == {"tone_factor"}

    def test_an_option_may_be_a_list(self, load):
        sides = [side | {"leader": "X"} for side in load().question.model_dump()["sides"]]
        assert [side.leader for side in load(sides=sides).question.sides] == ["X", "X"]
        faults = problems_of(load, sides=[sides[0], sides[1] | {"code": "cn"}])
        assert_said(faults, ["options: sides.1.code: expected an ISO 3166 code"])

    @pytest.mark.parametrize("option, expected", cases(OPTION_FAULTS))
    def test_a_wrong_option_is_reported(self, load, option, expected):
        key, _, value = option.partition(":")
        assert_said(problems_of(load, **{key: value.strip()}), expected)


class TestScenario:
    def test_a_scenario_changes_what_it_names_and_nothing_else(self, load, tmp_path):
        run = load(
            scenario="means: Later.\nquestion: {deadline: 2026-06-30}\nrun: {gate: {rhat_max: 1.05}}\n"
        )
        assert run.scenario == "other" and run.files[-1] == tmp_path / "scenarios" / "other.yaml"
        assert run.question == load().question.model_copy(update={"deadline": date(2026, 6, 30)})
        assert run.run.gate == load().run.gate.model_copy(update={"rhat_max": 1.05})
        assert run.priors == load().priors

    def test_a_distribution_is_replaced_as_a_whole(self, load):
        change = "comes_summit: {dist: Uniform, quantiles: {10%: 0.2, 90%: 0.8}}"
        prior = load(scenario=f"means: x\npriors: {{parameters: {{{change}}}}}").priors.parameters[
            "comes_summit"
        ]
        assert (prior.dist, prior.args, prior.quantiles) == ("Uniform", None, {"10%": 0.2, "90%": 0.8})
        assert prior.means == "The chance of a season."

    def test_a_key_that_a_prior_may_have_can_be_added(self, load):
        run = load(scenario="means: x\npriors: {parameters: {comes_summit: {learned_from: 2025-01-01}}}")
        assert run.priors.parameters["comes_summit"].learned_from == date(2025, 1, 1)
        assert run.priors.parameters["comes_summit"].args == {"alpha": 2, "beta": 3}

    @pytest.mark.parametrize(
        "name, value", [("comes_summit", 0.8), ("tone_factor", 3), ("visit_notice", 90), ("comes_summit", 1)]
    )
    def test_a_number_for_a_prior_gets_an_example_that_is_right(self, load, name, value):
        def overlaid(prior):
            return f"means: x\npriors: {{parameters: {{{name}: {prior}}}}}"

        (problem,) = problems_of(load, scenario=overlaid(value))
        assert f"other.yaml:2:{25 + len(name)}: parameters.{name}: expected a distribution" in problem
        assert problem.endswith(f"; found {value}")
        example = re.search(r"such as (\{.*\})", problem)[1]
        low, high = load(scenario=overlaid(example)).priors.parameters[name].frozen().ppf([0.05, 0.95])
        assert low < value < high or value == 1

    def test_options_override_a_scenario(self, load):
        run = load(scenario="means: x\nquestion: {as_of: 2025-01-01}", as_of="2025-02-02")
        assert run.question.as_of == date(2025, 2, 2)

    @pytest.mark.parametrize("text, expected", cases(SCENARIO_FAULTS))
    def test_a_wrong_scenario_is_reported_at_its_own_place(self, load, text, expected):
        assert_said(problems_of(load, scenario=text), expected)

    @pytest.mark.parametrize("name", ["../question", "/etc/hosts", "othr", "", "other.yaml", "a\0b"])
    def test_a_scenario_is_named_not_located(self, load, name):
        load(scenario="means: x")
        (problem,) = problems_of(load_params, scenario=name)
        assert problem.startswith("options: scenario: expected a file of scenarios by its name, one of other")
        assert ('did you mean "other"' in problem) == name.startswith("oth")


class TestPriors:
    @pytest.mark.parametrize("dist", FAMILIES)
    @pytest.mark.parametrize("above", [0, 1.5])
    def test_every_distribution_has_the_median_and_support_of_its_textbook_form(self, dist, above):
        args, median, support = {
            "Beta": ({"alpha": 1, "beta": 1}, 0.5, (0, 1)),
            "Normal": ({"mu": 2, "sigma": 3}, 2, (-inf, inf)),
            "LogNormal": ({"mu": 0, "sigma": 2}, 1, (0, inf)),
            "HalfNormal": ({"sigma": 1}, 0.6744897501960817, (0, inf)),
            "Gamma": ({"alpha": 1, "beta": 2}, np.log(2) / 2, (0, inf)),
            "Exponential": ({"scale": 2}, 2 * np.log(2), (0, inf)),
            "Uniform": ({"lower": -1, "upper": 3}, 1, (-1, 3)),
        }[dist]
        frozen = Prior(dist=dist, args=args, above=above).frozen()
        assert frozen.median() == pytest.approx(median + above)
        assert frozen.support() == pytest.approx(tuple(edge + above for edge in support))

    levels = st.tuples(st.floats(0.5, 45), st.floats(55, 99.5))
    spans = st.tuples(st.floats(0.02, 0.45), st.floats(0.55, 0.98))
    dists = st.sampled_from([name for name, family in FAMILIES.items() if len(family.args) == 2])

    @given(dists, levels, spans, st.sampled_from([0, 1, -2]))
    def test_two_quantiles_determine_the_distribution(self, dist, levels, span, above):
        quantiles = {f"{level:.3f}%": value + above for level, value in zip(levels, span)}
        prior = Prior(dist=dist, quantiles=quantiles, above=above)
        for level, value in quantiles.items():
            assert prior.frozen().cdf(value) == pytest.approx(float(level[:-1]) / 100, abs=1e-8)
        assert set(prior.args_solved) == set(FAMILIES[dist].args)

    def test_quantiles_that_no_distribution_has_are_reported_by_check(self, load):
        exponential = "dist: Exponential\n    args: {scale: 0.7}"
        gamma = "dist: Gamma\n    quantiles: {90.5%: 1.0001, 97%: 300}"
        run = load(("priors", exponential, gamma))
        expected = "priors.yaml:9:3: parameters.tone_factor: no Gamma has the quantiles"
        assert_said(problems_of(run.check_priors), [expected])

    @pytest.mark.parametrize(
        "distribution, expected",
        [
            ("dist: LogNormal\n    args: {mu: 0, sigma: 50}", "values below 1e"),
            (
                "dist: Gamma\n    args: {alpha: 1.0e-8, beta: 1}",
                "values distinctly above 0; its mean is 1.00000001,",
            ),
            ("dist: Uniform\n    args: {lower: 1, upper: 1.0000000001}", "values that differ"),
            ("dist: Beta\n    args: {alpha: 1.0e+8, beta: 1}", "distinctly below 1"),
        ],
    )
    def test_a_prior_that_cannot_be_sampled_is_reported_by_check(self, load, distribution, expected):
        run = load(("priors", "dist: Exponential\n    args: {scale: 0.7}", distribution))
        (problem,) = problems_of(run.check_priors)
        assert problem.startswith("priors.yaml:9:3: parameters.tone_factor: this ") and expected in problem

    def test_the_model_can_demand_its_parameters(self, load):
        run = load()
        run.check_names(["comes_summit", "tone_factor", "visit_notice"])
        expected = [
            "required parameter tone_facto is missing",
            "required parameter held is missing",
            'priors.yaml:9:3: parameters.tone_factor: unknown parameter (did you mean "tone_facto"?)',
        ]
        wanted = ["comes_summit", "tone_facto", "visit_notice", "held"]
        assert_said(problems_of(run.check_names, wanted), expected)


class TestSchemas:
    def test_there_is_one_for_each_file(self):
        schemas = json_schemas()
        assert set(schemas) == {"question", "priors", "run", "scenario"}
        for schema in schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)

    @pytest.mark.parametrize("name", TEXTS)
    def test_an_unknown_key_does_not_conform(self, name):
        data = yaml.load(TEXTS[name], yaml.BaseLoader if name == "question" else yaml.SafeLoader)
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
