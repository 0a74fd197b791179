"""Markup as templates: all text that is inserted is escaped, unless it comes as `show.Html`."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .show import Html
from .words import templates

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> "Environment":
    """The Jinja environment of the pages."""
    made = templates(TEMPLATES, autoescape=True)
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return made


def fill(template: str, **values: Any) -> Html:
    """The markup of a file of `templates`, filled with values."""
    return Html(environment().get_template(template).render(values))
