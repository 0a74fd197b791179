"""Sentences as templates: each file of `templates/words` holds Jinja macros that are called like functions.

`Sentences("forecast").headline(made)` is the text of the macro `headline` in `words/forecast.j2`, on one
line. Macros choose and arrange words. Numbers come from the functions of `facts`, their format from
`formatting`; both are globals and filters of every template.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .. import formatting
from ..answer import facts, sensitivity
from ..track_record import origins

if TYPE_CHECKING:
    from jinja2 import Environment

WORDS = Path(__file__).parent / "templates" / "words"
FORMATS = (
    *("percent", "points", "signed", "number", "decimals", "interval"),
    *("day", "short_day", "span", "count", "listed", "upper_first"),
)


def templates(folder: Path, autoescape: bool) -> "Environment":
    """A Jinja environment in which undefined names are errors, and every format is a filter."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({name: getattr(formatting, name) for name in FORMATS})
    return made


@cache
def environment() -> "Environment":
    """The Jinja environment of the sentences."""
    made = templates(WORDS, autoescape=False)
    functions = {name: getattr(formatting, name) for name in FORMATS} | {
        name: each for name, each in vars(facts).items() if getattr(each, "__module__", "") == facts.__name__
    }
    made.filters.update(functions)
    made.globals.update(functions, SAFE=sensitivity.SAFE, NOTICEABLE=sensitivity.NOTICEABLE)
    made.globals.update(DECIDED_MIN=origins.DECIDED_MIN, YEARS_MIN=origins.YEARS_MIN)
    return made


class Sentences:
    """The macros of one template file as functions that return text."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, macro: str) -> Callable[..., str]:
        if macro.startswith("__"):
            raise AttributeError(macro)
        found = getattr(environment().get_template(f"{self._name}.j2").module, macro)
        return lambda *values, **named: re.sub(r"[ \t\n]+", " ", str(found(*values, **named))).strip()


forecast = Sentences("forecast")
evidence = Sentences("evidence")
tuning = Sentences("tuning")
record = Sentences("record")
model = Sentences("model")
