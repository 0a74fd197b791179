"""The JSON Schemas of the params files, by which editors check and complete them."""

from typing import Any

from .scenario import SECTIONS, Scenario


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each params file by its name: question, priors, run, and scenario."""
    schemas = {name: model.model_json_schema() for name, model in SECTIONS.items()}
    scenario = Scenario.model_json_schema() | {"$defs": {}}
    for name, schema in schemas.items():
        partial = _all_optional(schema)
        scenario["$defs"] |= partial.pop("$defs", {})
        scenario["properties"][name] = partial
    return schemas | {"scenario": scenario}


def _all_optional(schema: Any) -> Any:
    """The schema with every key optional: a scenario changes only some."""
    if isinstance(schema, list):
        return [_all_optional(part) for part in schema]
    if isinstance(schema, dict):
        kept = schema.keys() - {"required", "minProperties"}
        return {key: _all_optional(schema[key]) for key in kept}
    return schema
