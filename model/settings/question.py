"""The question: who meets, by when, as seen from which day, and what counts."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from ..files.problems import parse_day
from .fields import CountryCode, Day, Line, Slug, Strict, Text, TimeZone

DAY = timedelta(days=1)


class Side(Strict):
    """One side; nothing counts after the day on which its leader leaves office."""

    code: CountryCode
    country: Line
    office: Line
    leader: Line
    leaves_office: Day | None = None


class Where(Strict):
    """Where the meeting must be."""

    host: CountryCode


class Meeting(Strict):
    counts: Text
    does_not_count: Text


class Question(Strict):
    """What is asked: who, by when, seen from which day, and what counts.

    A meeting counts from `opens` (see `opened`) to `last_day`, anywhere unless `where` names a host.
    """

    question_id: Slug
    text: Line
    sides: Annotated[list[Side], Field(min_length=2, max_length=2)]
    as_of: Day
    opens: Day | None = None
    deadline: Day
    where: Where | None = None
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
    def _after_opening(cls, deadline: date, info: ValidationInfo) -> date:
        opens = info.data.get("opens")
        if opens and opens > deadline:
            raise ValueError(f"expected a day not before opens, which is {opens}; found {deadline}")
        return deadline

    @property
    def last_day(self) -> date:
        """The last day on which a meeting counts: the deadline, or before it the first exit from office."""
        return min([self.deadline, *(side.leaves_office for side in self.sides if side.leaves_office)])

    @property
    def host(self) -> str:
        """The country where the meeting must be; "" if it may be anywhere."""
        return self.where.host if self.where else ""

    @property
    def opens_later(self) -> date | None:
        """The opening day if the question opens later than on the day after `as_of`."""
        return self.opens if self.opens and self.opens > self.as_of + DAY else None

    def opened(self, file: Mapping[str, Any]) -> date:
        """The first day on which a meeting counts; `file` holds the plain data of the question's file.

        It is `opens`, if stated. Otherwise it is the day after the question was asked: on the day of its file
        or, if the deadline is another one and so the question is new, on the as-of day. A new question whose
        deadline has passed counts the year of its deadline.
        """
        if self.opens:
            return self.opens
        if file.get("deadline") == self.deadline.isoformat():
            asked = self.as_of
            with suppress(ValueError):  # an option replaces a day of the file that is none
                asked = min(asked, parse_day(str(file.get("as_of"))))
            return asked + DAY
        return date(self.deadline.year, 1, 1) if self.as_of >= self.deadline else self.as_of + DAY
