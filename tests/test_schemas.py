"""The JSON Schemas in params/schema are current, and every params file names the one that checks it."""

import json
import os

import pytest

from model.answer.sweep import Sweep, load_sweep
from model.paths import PARAMS, SWEEPS
from model.settings.schemas import json_schemas

FILES = sorted(PARAMS.rglob("*.yaml"))


def schema_files():
    """The text that each schema file should have."""
    schemas = json_schemas() | {"sweep": Sweep.model_json_schema()}
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


if __name__ == "__main__":
    for path, text in schema_files().items():
        path.write_text(text, "utf-8")
