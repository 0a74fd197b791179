"""The strict base model and the types of single values that params files use."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ..files.problems import nearest, nearest_id, parse_day, shown

LOCAL = "local"
"""The time zone in which every day is the local day of the place."""
ABBREVIATED = {
    **dict.fromkeys(("ET", "EDT", "EASTERN"), "America/New_York"),
    **dict.fromkeys(("PT", "PST", "PDT", "PACIFIC"), "America/Los_Angeles"),
    **dict.fromkeys(("BJT", "BEIJING", "CHINA"), "Asia/Shanghai"),
}
"""Time zones by what people write for them, where the nearest name is that of another place."""


class Strict(BaseModel):
    """A model that converts nothing, knows all of its keys and cannot be changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _day(value: object) -> object:
    return parse_day(value) if isinstance(value, str) else value


def _time_zone(name: str) -> str:
    if name == LOCAL:
        return name
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = nearest if "/" in name else nearest_id
        known = ABBREVIATED.get(name.upper())
        hint = f' (did you mean "{known}"?)' if known else near(name, available_timezones())
        wanted = "expected a time zone such as America/New_York, or local"
        raise ValueError(f"{wanted}; found {shown(name)}{hint}") from None
    return name


def _one_line(text: str) -> str:
    if "\n" in text:
        raise ValueError("expected text on one line; found a line break (to fold long text, use >)")
    return text


WORD, SLUG, CODE = r"^[a-z][a-z0-9_]*$", r"^[a-z0-9]+(-[a-z0-9]+)*$", r"^[A-Z]{2}$"
FORMS = {
    WORD: "small letters, digits and underscores, a letter first",
    SLUG: "small letters and digits, joined by hyphens",
    CODE: "an ISO 3166 code of two capital letters, such as US",
}
"""The patterns in words, for messages."""

Text = Annotated[str, Field(min_length=1)]
Line = Annotated[str, Field(min_length=1), AfterValidator(_one_line)]
Word = Annotated[str, Field(pattern=WORD)]
Slug = Annotated[str, Field(pattern=SLUG)]
CountryCode = Annotated[str, Field(pattern=CODE)]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]
Days = Annotated[int, Field(ge=1, le=366)]
HalfLife = Annotated[float, Field(gt=0, le=36525)]
Share = Annotated[float, Field(gt=0, lt=1)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Unit = Annotated[float, Field(ge=0, le=1)]
