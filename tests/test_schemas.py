"""The JSON Schemas under params/schema are current, and every params file names the one that checks it."""

import os

import pytest

from model.answer.sweep import Sweep, load_sweep
from model.paths import PARAMS
from model.settings.schemas import schema_files

FILES = sorted(PARAMS.rglob("*.yaml"))


def test_the_schemas_are_current():
    """To renew them: python -m tests.test_schemas."""
    for path, text in schema_files(sweep=Sweep).items():
        assert path.read_text("utf-8") == text, (
            f"{path.name} is out of date; run python -m tests.test_schemas"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_params_file_names_its_schema_in_the_first_line(path):
    first = path.read_text("utf-8").splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert first != schema and os.path.isfile(path.parent / schema)


@pytest.mark.parametrize("path", sorted((PARAMS / "sweeps").glob("*.yaml")), ids=lambda path: path.name)
def test_every_sweep_file_loads(path):
    assert load_sweep(path).means


if __name__ == "__main__":
    for path, text in schema_files(sweep=Sweep).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
