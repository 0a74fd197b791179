"""The JSON Schemas of the params files, by which editors check and complete them."""

import json
from pathlib import Path
from typing import Any

from ..paths import PARAMS
from .fields import Strict
from .scenario import SECTIONS, Scenario


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each params file by its name: question, priors, run, and scenario."""
    schemas = {name: model.model_json_schema() for name, model in SECTIONS.items()}
    scenario = Scenario.model_json_schema()
    scenario["$defs"] = {}
    for name, schema in schemas.items():
        partial = _without_required(schema)
        scenario["$defs"] |= partial.pop("$defs", {})
        scenario["properties"][name] = partial
    return schemas | {"scenario": scenario}


def schema_files(**more: type[Strict]) -> dict[Path, str]:
    """The text of each schema file in `params/schema`; `more` adds models of other floors by name."""
    schemas = json_schemas() | {name: model.model_json_schema() for name, model in more.items()}
    return {
        PARAMS / "schema" / f"{name}.schema.json": json.dumps(schema, indent=1, sort_keys=True) + "\n"
        for name, schema in schemas.items()
    }


def _without_required(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_required(part) for key, part in schema.items() if key != "required"}
