"""Whether the text of a question agrees with its deadline and with the day on which it opens."""

import calendar
import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from ..files.problems import FIRST_YEAR, LAST_YEAR, MONTHS
from .question import DAY, Question

_NAMES = "|".join(["Sept", *(f"{name[:3]}(?:{name[3:]})?" for name in calendar.month_name if name)])
_MONTH, _DAY, _YEAR = rf"\b(?P<name>{_NAMES})\b\.?", r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>\d{4})\b"
DAYS = (
    r"\b(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})\b",
    r"\b(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})\b",
    rf"\b{_DAY}(?: of)? {_MONTH},? {_YEAR}",
    rf"{_MONTH} {_DAY},? {_YEAR}",
    rf"\b{_DAY}(?: of)? {_MONTH}",
    rf"{_MONTH} {_DAY}\b",
)
PERIODS = (
    rf"{_MONTH},? {_YEAR}",
    r"(?<!\w)(?P<year>(?:19|20)\d\d)(?: or | and | to |[-–/])(?P<last>(?:20)?\d\d)\b",
    r"(?<!\w)(?P<year>(?:19|20)\d\d)\b",
)
LIMIT = {"by", "until", "till", "through"}
LATER = {"after", "since", "from", "elected"}
ROUGH = {"early", "mid", "late", "first", "second", "half", "quarter", "spring", "summer", "autumn", "fall"}
ROUGH |= {"winter", "q1", "q2", "q3", "q4", "h1", "h2"}
NAME = re.compile(r"[A-Z][A-Z0-9]{2,}|[A-Z]\d+")
"""A name such as APEC or G20: a year beside it, or after `the`, belongs to a name."""


class Span(NamedTuple):
    """The days that words of the text name; `rough` if any deadline in them fits, `whole` if all count."""

    said: str
    first: date
    last: date
    rough: bool = False
    whole: bool = False

    def fits(self, deadline: date) -> bool:
        """Whether the words agree with a deadline."""
        return self.first <= deadline <= self.last if self.rough else deadline == self.last


def spans(text: str, deadline: date) -> Iterator[Span]:
    """The days, months and years that a text names, the finest first; days without a year are those of
    the deadline's year."""
    for pattern in (*DAYS, *PERIODS):
        for match in re.finditer(pattern, text):
            for first, last in _days_of(match, deadline):
                yield from _meant(text, match, first, last, pattern in PERIODS)
        text = re.sub(pattern, lambda match: " " * len(match[0]), text)


def _days_of(match: re.Match, deadline: date) -> Iterator[tuple[date, date]]:
    """The first and the last day of a match in each reading; none for a day that does not exist."""
    part = match.groupdict()
    year, day = int(part.get("year") or deadline.year), int(part.get("day") or 0)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return
    month = MONTHS.index(part["name"][:3].lower()) + 1 if "name" in part else int(part.get("month") or 0)
    if day:
        swapped = "name" not in part and match.start("day") < match.start("month")
        readings = [(month, day), (day, month)] if swapped else [(month, day)]
        for one, other in readings:
            if 1 <= one <= 12 and 1 <= other <= calendar.monthrange(year, one)[1]:
                yield date(year, one, other), date(year, one, other)
    elif month:
        yield date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    else:
        last = int(f"{year}"[: -len(part["last"])] + part["last"]) if part.get("last") else year
        if last >= year:
            yield date(year, 1, 1), date(last, 12, 31)


def _meant(text: str, match: re.Match, first: date, last: date, period: bool) -> Iterator[Span]:
    """What the words around a match make of its days; nothing where only later days are meant."""
    around = re.findall(r"\w+", text[: match.start()])[-3:], re.findall(r"\w+", text[match.end() :])[:1]
    words = [word.lower() for word in around[0] if word.lower() != "the"]
    beside = [*around[0][-1:], *around[1]]
    named = period and (any(map(NAME.fullmatch, beside)) or beside[:1] == ["the"])
    said, lead = match[0].strip(" .,"), words[-1] if words else ""
    if lead in LATER:
        return
    if lead == "before" and not named:
        yield Span(f"before {said}", first - DAY, first - DAY)
    elif "end" in words[-2:] or not period:
        yield Span(said, first, last)
    else:
        rough = named or lead in LIMIT or bool(ROUGH.intersection(words))
        yield Span(said, first - DAY if lead in LIMIT else first, last, rough, not rough)


def disagreements(question: Question, opens: date) -> Iterator[tuple[str, str]]:
    """The key of a question that its text contradicts (`deadline` or `opens`), and what to do about it."""
    text, deadline = question.text, question.deadline
    named = list(spans(text, deadline))
    fitting = [span for span in named if span.fits(deadline)]
    if named and not fitting:
        latest = max(named, key=lambda span: (span.first == span.last, span.last))
        in_month = latest.first <= deadline <= latest.last and f"{deadline:%B}" in text
        if not in_month:
            yield "deadline", _about_deadline(latest, deadline)
    first = min((span.first for span in fitting if span.whole), default=None)
    if first and opens < first and not any(span.first == span.last for span in fitting):
        said = next(span.said for span in fitting if span.first == first)
        message = f"The text says {said}, but the question opens on {opens}: a meeting before {first} would"
        yield "opens", f"{message} count. Set opens: {first}, or change the text."


def _about_deadline(span: Span, deadline: date) -> str:
    if span.last < deadline:
        counts = f"a meeting from {span.last + DAY} to {deadline} would count"
    else:
        counts = f"a meeting from {deadline + DAY} to {span.last} would not count"
    fix = "Change one of them." if span.rough else f"Set deadline: {span.last}, or change the text."
    return f"The text says {span.said}, but the deadline is {deadline}: {counts}. {fix}"
