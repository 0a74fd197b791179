"""Markup for notebooks and pages: paragraphs, lists, tables and figures, everything escaped.

Text from the ledger is hostile until it is escaped; only this module turns words into markup. Its markup
needs no inline styles, no scripts and no other files. In a notebook each has a form for viewers that drop
markup as well: a table its text, a figure its picture.
"""

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from html import escape
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

from ..formatting import Move, Table, aligned
from . import drawing
from .words import environment

SVG = "http://www.w3.org/2000/svg"
DESK, PIXELS = 576, 612
"""The width of a figure on a desk, in CSS pixels, and that of its picture in a notebook."""
FONTS = "DejaVu Sans, Verdana, Arial, sans-serif"
"""The fonts of a figure that stands alone; on a page it has those of the page."""
ElementTree.register_namespace("", SVG)


@dataclass(frozen=True, repr=False)
class Html:
    """Markup that notebooks and page templates show as it is; `plain` is its text where there is no markup.

    JupyterLab reads text between dollar signs as a formula, even from the ledger; the class forbids it.
    """

    markup: str
    plain: str = ""

    def __repr__(self) -> str:
        return self.plain

    def _repr_html_(self) -> str:
        return f'<div class="mathjax_ignore">{self.markup}</div>'

    def __html__(self) -> str:
        return self.markup


@dataclass(frozen=True, repr=False)
class Picture(Html):
    """A figure as markup for pages; a notebook gets it as SVG and as PNG, and `plain` says what it shows.

    It has no HTML there: viewers that drop inline SVG from HTML would show nothing.
    """

    drawn: Figure = field(default_factory=Figure, compare=False)

    def _repr_html_(self) -> None:
        return None

    def _repr_svg_(self) -> str:
        return self.markup.removeprefix("<figure>").removesuffix("</figure>")

    def _repr_png_(self) -> bytes:
        return png(self.drawn)


def fill(template: str, **values: Any) -> Html:
    """The markup of a file of `templates`, filled with values; text among them is escaped."""
    return Html(environment().get_template(template).render(values))


def say(*sentences: str) -> Html:
    """The sentences as one paragraph, escaped."""
    text = " ".join(filter(None, sentences))
    return Html(f"<p>{escape(text)}</p>", text)


def bullets(sentences: Iterable[str]) -> Html:
    """The sentences as a list, escaped."""
    sentences = list(sentences)
    return Html(
        f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>", "\n".join(sentences)
    )


def moves(rows: Iterable[Move]) -> Html:
    """The moves as a list, each with its number in front, escaped; a sentence where there are none."""
    rows = list(rows)
    if not rows:
        return say("Nothing that would show in the forecast.")
    items = ""
    for row in rows:
        side = "up" if row.delta >= 0 else "down"
        note = f"<small>{escape(row.note)}</small>" if row.note else ""
        items += f'<li><b class="{side}">{escape(row.value)}</b><span>{escape(row.text)}{note}</span></li>\n'
    return Html(f'<ul class="moves">\n{items}</ul>', "\n".join(f"{row.value} {row.text}" for row in rows))


def table(data: Table) -> Html:
    """The table in a box that scrolls and takes the keyboard; numbers are on the right, all is escaped."""
    columns = list(zip(*data.rows, strict=True)) or [()] * len(data.head)
    kinds = [f' class="{kind}"' if (kind := _kind(cells)) else "" for cells in columns]
    head = body = ""
    for name, kind in zip(data.head, kinds, strict=True):
        head += f'<th scope="col"{kind}>{escape(name)}</th>'
    for row in data.rows:
        cells = [f"<td{kind}>{_cell(data, *cell)}</td>" for kind, *cell in zip(kinds, data.head, row)]
        body += f"<tr>{''.join(cells)}</tr>\n"
    caption = escape(data.caption)
    return Html(
        f'<figure class="table"><figcaption>{caption}</figcaption>\n'
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div></figure>",
        as_text(data),
    )


def as_text(data: Table) -> str:
    """The table as text in columns, below its caption."""
    rows = [data.head, *(tuple(map(partial(_text, data), data.head, row)) for row in data.rows)]
    return "\n".join([data.caption, *aligned(rows, "  ")])


def _text(data: Table, column: str, value: Any) -> str:
    """The value as text, written in the way of its column."""
    return value.plain if isinstance(value, Html) else data.written.get(column, _written)(value)


def _cell(data: Table, column: str, value: Any) -> str:
    """The value as markup, written in the way of its column."""
    if isinstance(value, Html):
        return value.markup
    text = _text(data, column, value)
    return _linked(text) if column in data.linked else escape(text)


def _kind(cells: tuple[Any, ...]) -> str:
    """The style of a column: of numbers, of long texts, of short ones, or none."""
    numbers = [isinstance(cell, int | float) for cell in cells]
    words = [str(cell) for cell in cells if cell is not None and not isinstance(cell, int | float)]
    if any(numbers) and all(len(word) < 6 for word in words):
        return "number"
    longest = max((len(str(cell)) for cell in cells), default=0)
    return "long" if longest > 48 else "short" if longest < 18 else ""


def _written(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _linked(text: str) -> str:
    """The text escaped, its addresses of web pages as links that show only their host."""
    parts = re.split(r"(https?://[^\s;,<>\"']+[^\s;,<>\"'.)])", text)
    for index, part in enumerate(parts):
        parts[index] = escape(part)
        if index % 2:
            parts[index] = f'<a href="{escape(part)}" rel="noreferrer">{escape(part.split("/")[2])}</a>'
    return "".join(parts)


def svg(drawn: Figure, label: str) -> str:
    """The figure as one inline SVG element without style attributes, or ids that nothing refers to.

    A page that forbids inline styles shows it unchanged, and a page may hold many. It scales to the width it
    is given, and is `DESK` wide where nothing gives it one.
    """
    stream = io.StringIO()
    with matplotlib.rc_context({**drawing.STYLE, "svg.hashsalt": label}):
        drawn.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = stream.getvalue()
    root, used = ElementTree.fromstring(text), set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    for node in list(root.iter()):
        _clean(node, used)
    width, height = (float(number) for number in root.get("viewBox", "").split()[2:])
    root.attrib |= {"width": str(DESK), "height": f"{DESK * height / width:.0f}", "role": "img"}
    root.attrib |= {"stroke-linejoin": "round", "stroke-linecap": "butt", "font-family": FONTS}
    title = ElementTree.Element(f"{{{SVG}}}title")
    title.text = label
    root.insert(0, title)
    return ElementTree.tostring(root, encoding="unicode")


def png(drawn: Figure) -> bytes:
    """The figure as a PNG with a margin, in few colours; the same bytes for the same figure."""
    from PIL import Image

    raw, small = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context(drawing.STYLE):
        scale = PIXELS / drawing.WIDTH
        drawn.savefig(raw, format="png", dpi=72 * scale, bbox_inches="tight", pad_inches=0.15)
    Image.open(raw).convert("RGB").quantize(32).save(small, "png", optimize=True)
    return small.getvalue()


def _clean(node: ElementTree.Element, used: set[str]) -> None:
    """Turn style into attributes, drop what a page does not need, and round coordinates."""
    for child in node.findall(f"{{{SVG}}}style"):
        node.remove(child)
    for item in filter(None, map(str.strip, node.attrib.pop("style", "").split(";"))):
        key, value = item.split(":", 1)
        if key != "font-family":
            node.set(key, value.strip())
    for key, value in list(node.attrib.items()):
        if key in ("d", "x", "y"):
            short = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}", value)
            node.set(key, " ".join(short.split()))
        elif key.endswith("}href"):
            node.set("href", node.attrib.pop(key))
        elif value.startswith("rotate(-0 ") or (key == "id" and value not in used):
            del node.attrib[key]
    node.text, node.tail = (node.text or "").strip() or None, None


def chart(title: str, begin: date, end: date, levels: Sequence[float], inside: str) -> str:
    """A chart of probabilities over days that a script may draw into, as SVG.

    Everything is placed in parts of width and height, so the lettering keeps its size. `inside` is in a box
    from the first day to the last and from the first of the `levels`, at the top, down to the last.
    """
    top, bottom = 4, 86
    days, high, low = (end - begin).days, levels[0], levels[-1]
    at = {month: 100 * (month - begin).days / days for month in drawing.month_starts(begin, end)}
    months = [month for month, x in at.items() if 3 < x < 96]
    every = next((n for n in (1, 2, 3, 6, 12) if len(months) / n <= 6), 24)
    lines = ticks = ""
    for level in levels:
        y = top + (bottom - top) * (high - level) / (high - low)
        lines += f'<line x1="0" x2="100%" y1="{y:g}%" y2="{y:g}%"/>'
        lines += f'<text x="-.6em" y="{y:g}%" text-anchor="end" dy=".35em">{level:.0%}</text>'
    for month in months[::every]:
        year = f" {month:%y}" if every > 3 or (days > 366 and month.month == 1) else ""
        place = f'x="{at[month]:.1f}%" y="{bottom}%" dy="1.35em" text-anchor="middle"'
        ticks += f"<text {place}>{month:%b}{year}</text>"
    return (
        f'<svg class="picture" role="img"><title>{escape(title)}</title>{lines}{ticks}'
        f'<svg y="{top}%" width="100%" height="{bottom - top}%" overflow="visible">{inside}</svg></svg>'
    )


def figure(draw: Callable[..., Figure], *data: Any, alt: str) -> Picture:
    """What a function draws of the data, for a page, with words for those who do not see it.

    Raises
    ------
    ValueError
        If `alt`, what the figure says in words, is empty.
    """
    if not alt.strip():
        raise ValueError("expected words that say what the figure shows; found none")
    drawn = draw(*data)
    return Picture(f"<figure>{svg(drawn, alt)}</figure>", alt, drawn)
