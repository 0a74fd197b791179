"""The question: who meets, by when, as seen from which day, and what counts."""

from datetime import date
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from .fields import Day, Slug, Strict, Text, TimeZone


class Side(Strict):
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    country: Text
    office: Text
    leader: Text


class Meeting(Strict):
    counts: Text
    does_not_count: Text


class Question(Strict):
    """What is asked: who, by when, seen from which day, and what counts."""

    question_id: Slug
    text: Text
    sides: Annotated[list[Side], Field(min_length=2, max_length=2)]
    as_of: Day
    deadline: Day
    time_zone: TimeZone
    meeting: Meeting
    resolver: Text
    if_a_leader_leaves_office: Text

    @field_validator("sides")
    @classmethod
    def _two_codes(cls, sides: list[Side]) -> list[Side]:
        if sides[0].code == sides[1].code:
            raise ValueError(f"expected two different codes; found {sides[0].code} twice")
        return sides

    @field_validator("deadline")
    @classmethod
    def _not_over(cls, deadline: date, info: ValidationInfo) -> date:
        as_of = info.data.get("as_of")
        if as_of and as_of > deadline:
            raise ValueError(f"expected a day not before as_of, which is {as_of}; found {deadline}")
        return deadline
