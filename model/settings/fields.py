"""The strict base model and the types of single values that params files use."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ..files.problems import nearest, parse_day, shown


class Strict(BaseModel):
    """A model that converts nothing, knows all of its keys and cannot be changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _day(value: object) -> object:
    return parse_day(value) if isinstance(value, str) else value


def _time_zone(name: str) -> str:
    if name == "local":
        return name
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {shown(name)}{nearest(name, available_timezones())}") from None
    return name


Text = Annotated[str, Field(min_length=1)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]
Days = Annotated[int, Field(ge=1, le=366)]
HalfLife = Annotated[float, Field(gt=0, le=36525)]
Share = Annotated[float, Field(gt=0, lt=1)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Unit = Annotated[float, Field(ge=0, le=1)]
