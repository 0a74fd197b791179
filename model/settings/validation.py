"""Faults that Pydantic finds, as problems in the words of this project with their place in the file."""

import re
from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..files.problems import InputError, Problem, expected_one_of, nearest, shown
from ..files.yaml_files import Entry
from .fields import FORMS, Strict

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "date_type": "a day",
    "finite_number": "a finite number",
    "string_too_short": "some text",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


def validated[Model: Strict](model: type[Model], document: Entry) -> Model:
    """The model of a document; raises `InputError` with every fault."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise InputError(
            [_problem(fault, model, document) for fault in error.errors(include_url=False)]
        ) from None


def _problem(fault: Mapping[str, Any], model: type[Strict], document: Entry) -> Problem:
    path = tuple(part for part in fault["loc"] if not _is_tag(part))
    key = fault["type"] == "extra_forbidden" or "[key]" in fault["loc"]
    return document.problem(path, _message(fault, model), key)


def _is_tag(part: object) -> bool:
    """Whether Pydantic added the part to a place, for a key itself or for a member of a union."""
    return part in ("[key]", "[every]", "[days]")


def _message(fault: Mapping[str, Any], model: type[Strict]) -> str:
    kind, found, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        *above, key = fault["loc"]
        return f"unknown key{nearest(key, _fields_at(model, above))}"
    if kind == "missing":
        return "required key is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return expected_one_of(found, re.findall(r"'(\w+)'", context["expected"]))
    if kind == "string_pattern_mismatch":
        return f"expected {FORMS[context['pattern']]}; found {shown(found)}"
    expected = _EXPECTED[kind].format(**context) if kind in _EXPECTED else fault["msg"]
    return f"expected {expected}; found {shown(found)}"


def _fields_at(model: type[Strict], path: Iterable[str | int]) -> Iterable[str]:
    """The keys that are valid at a path of a model."""
    annotation: Any = model
    for part in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = annotation.model_fields[str(part)].annotation
        else:
            annotation = get_args(annotation)[0 if _is_tag(part) else -1]
        while get_origin(annotation) is Annotated or NoneType in get_args(annotation):
            annotation = get_args(annotation)[0]
    return annotation.model_fields
