"""Sentences as templates: each file of `templates/words` holds Jinja macros that are called like functions.

`words.forecast.headline(made)` is the text of the macro `headline` in `words/forecast.j2`, on one line.
Macros choose and arrange words. Numbers come from the functions of `facts`, their format from `formatting`;
both are globals and filters of every template.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from .. import formatting
from ..answer import facts, sensitivity
from ..fit.reweight import PARETO_K_MAX
from ..track_record import origins

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = (
    *("percent", "points", "signed", "number", "decimals", "interval"),
    *("day", "short_day", "span", "count", "listed", "upper_first"),
)


@cache
def environment() -> Environment:
    """The Jinja environment of sentences and pages: undefined names are errors, only pages escape text."""
    made = Environment(
        loader=FileSystemLoader([TEMPLATES, TEMPLATES / "words"]),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    functions = {name: getattr(formatting, name) for name in FORMATS} | {
        name: each for name, each in vars(facts).items() if getattr(each, "__module__", "") == facts.__name__
    }
    made.filters.update(functions)
    made.globals.update(functions, PARETO_K_MAX=PARETO_K_MAX, NOTICEABLE=sensitivity.NOTICEABLE)
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
audit = Sentences("audit")
figures = Sentences("figures")
page = Sentences("page")
sweep = Sentences("sweep")
whatif = Sentences("whatif")
