"""The JSON Schemas in params/schema are current, and the files that they describe keep them."""

import json
import os
from datetime import date

import jsonschema
import pytest

from model.answer import file, forecast
from model.answer.sweep import Sweep, load_sweep
from model.paths import PARAMS, RENDERED, SWEEPS
from model.settings.params import load_params
from model.settings.schemas import json_schemas

FILES = sorted(PARAMS.rglob("*.yaml"))
FORECAST = jsonschema.Draft202012Validator(file.json_schema())
PUBLISHED = sorted(RENDERED.glob("*/forecast.json"))


def schema_files():
    """The text that each schema file should have."""
    schemas = json_schemas() | {"sweep": Sweep.model_json_schema(), "forecast": file.json_schema()}
    texts = {name: json.dumps(schema, indent=1, sort_keys=True) + "\n" for name, schema in schemas.items()}
    return {PARAMS / "schema" / f"{name}.schema.json": text for name, text in texts.items()}


def test_the_schemas_are_current():
    """To renew them: python -m tests.test_schemas."""
    for path, text in schema_files().items():
        assert path.read_text("utf-8") == text, f"{path.name} is stale; run python -m tests.test_schemas"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_params_file_names_its_schema_in_the_first_line(path):
    first = path.read_text("utf-8").splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert first != schema and os.path.isfile(path.parent / schema)


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_sweep_file_loads(path):
    assert load_sweep(path).means


def faults(text):
    """The paths of all values of a forecast file that its schema refuses."""
    return [error.json_path for error in FORECAST.iter_errors(json.loads(text))]


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.parent.name)
def test_every_published_forecast_keeps_its_schema(path):
    assert faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "days, answer",
    [
        ({}, None),
        ({"as_of": date(2025, 11, 3)}, "yes"),
        ({"as_of": date(2021, 2, 1), "deadline": date(2020, 12, 31)}, "no"),
    ],
    ids=["open", "they met", "they did not meet"],
)
def test_a_scenario_of_the_seeds_keeps_the_schema(small_run, monkeypatch, days, answer):
    monkeypatch.setattr(forecast, "fit", lambda *_: small_run.fit)
    made = forecast.run(load_params(scenario="no-record", **days)).forecast
    assert (made.resolved or {}).get("answer") == answer
    assert faults(forecast.to_json(made)) == []


def broken(path, value):
    """A published forecast with another value at a path; without `value`, the key is taken out."""
    data = json.loads(PUBLISHED[0].read_text("utf-8"))
    *way, last = path
    part = data
    for key in way:
        part = part[key]
    part.pop(last) if value is None else part.update({last: value})
    return json.dumps(data)


@pytest.mark.parametrize(
    "path, value, found",
    [
        (["schema_version"], 2, "$.schema_version"),
        (["probability"], 83, "$.probability"),
        (["probability"], "0.83", "$.probability"),
        (["interval", "lower"], -0.1, "$.interval.lower"),
        (["likelihood_word"], "probable", "$.likelihood_word"),
        (["as_of"], "11/07/2025", "$.as_of"),
        (["sides"], ["US"], "$.sides"),
        (["curve", 0, "probability"], 1.2, "$.curve[0].probability"),
        (["curve", 0, "date"], "soon", "$.curve[0].date"),
        (["occasions", 0, "comes"], {"US": 1.5}, "$.occasions[0].comes.US"),
        (["counts", "held"], [98], "$.counts.held"),
        (["unknown"], 1, "$"),
        (["occasions", 0, "unknown"], 1, "$.occasions[0]"),
        (["resolved"], {"answer": "maybe"}, "$.resolved"),
        (["curve"], None, "$"),
        (["diagnostics", "monte_carlo_error"], None, "$.diagnostics"),
    ],
)
def test_a_broken_forecast_is_refused_at_its_place(path, value, found):
    assert faults(broken(path, value)) == [found]


def test_every_field_of_the_forecast_is_described():
    schema = file.json_schema()
    fields = [prop for part in (schema, *schema["$defs"].values()) for prop in part["properties"].items()]
    assert [name for name, prop in fields if not prop.get("description")] == []


if __name__ == "__main__":
    for path, text in schema_files().items():
        path.write_text(text, "utf-8")
