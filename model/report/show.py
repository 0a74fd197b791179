"""Markup for notebooks and pages: paragraphs, lists, tables and figures, everything escaped.

Text that comes from the ledger is hostile until it has been escaped; only what stands here turns words into markup.
No markup here needs inline styles, scripts or anything from outside.
"""

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

from ..files import content_hash
from ..formatting import Move, Table
from . import drawing

SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", SVG)


@dataclass(frozen=True, repr=False)
class Html:
    """Markup that notebooks and page templates show as it is; `plain` stands for it where there is no markup.

    JupyterLab would read what stands between dollar signs as a formula, even from the ledger; the class forbids it.
    """

    markup: str
    plain: str = ""

    def __repr__(self) -> str:
        return self.plain

    def _repr_html_(self) -> str:
        return f'<div class="mathjax_ignore">{self.markup}</div>'

    def __html__(self) -> str:
        return self.markup


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
    items = "".join(
        f'<li><b class="{"up" if row.delta >= 0 else "down"}">{escape(row.value)}</b><span>{escape(row.text)}'
        f"{f'<small>{escape(row.note)}</small>' if row.note else ''}</span></li>\n"
        for row in rows
    )
    return Html(f'<ul class="moves">\n{items}</ul>', "\n".join(f"{row.value} {row.text}" for row in rows))


def table(data: Table) -> Html:
    """The table in a box of its own that scrolls and takes the keyboard; numbers stand right, everything escaped."""
    columns = list(zip(*data.rows, strict=True)) or [()] * len(data.head)
    kinds = [f' class="{kind}"' if (kind := _kind(cells)) else "" for cells in columns]
    write = [data.written.get(name, _written) for name in data.head]
    mark = [_linked if name in data.linked else escape for name in data.head]
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(data.head, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{cell.markup if isinstance(cell, Html) else markup(text(cell))}</td>"
            for cell, kind, text, markup in zip(row, kinds, write, mark)
        )
        + "</tr>\n"
        for row in data.rows
    )
    caption = escape(data.caption)
    return Html(
        f'<figure class="table"><figcaption>{caption}</figcaption>\n'
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div></figure>",
        data.caption,
    )


def _kind(cells: tuple[Any, ...]) -> str:
    numbers = [isinstance(cell, int | float) for cell in cells]
    short = [cell is None or len(str(cell)) < 6 for cell in cells]
    if any(numbers) and all(number or word for number, word in zip(numbers, short, strict=True)):
        return "number"
    longest = max((len(str(cell)) for cell in cells), default=0)
    return "long" if longest > 48 else "short" if longest < 17 else ""


def _written(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _linked(text: str) -> str:
    """The text escaped, its addresses of web pages as links that show only their host."""
    parts = re.split(r"(https?://[^\s;,<>\"']+[^\s;,<>\"'.)])", text)
    return "".join(
        f'<a href="{escape(part)}" rel="noreferrer">{escape(part.split("/")[2])}</a>'
        if index % 2
        else escape(part)
        for index, part in enumerate(parts)
    )


def svg(drawn: Figure, label: str) -> str:
    """The figure as one inline SVG element: no style attributes, no fonts of its own, no ids but those it refers to.

    A page that forbids inline styles shows it unchanged, and many of them may stand in one page.
    """
    stream = io.StringIO()
    with matplotlib.rc_context(drawing.STYLE):
        drawn.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ElementTree.fromstring(stream.getvalue())
    salt = f"f{content_hash(stream.getvalue(), label)[:8]}"
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', stream.getvalue()))
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag == f"{{{SVG}}}style"]:
            parent.remove(child)
        if name := parent.attrib.pop("id", None):
            if name in used:
                parent.set("id", f"{salt}-{name}")
        for item in filter(None, map(str.strip, parent.attrib.pop("style", "").split(";"))):
            key, value = item.split(":", 1)
            if key != "font-family":
                parent.set(key, value.strip())
        for key, value in list(parent.attrib.items()):
            if key.endswith("}href"):
                parent.set("href", value.replace("#", f"#{salt}-"))
                del parent.attrib[key]
            elif "url(#" in value:
                parent.set(key, value.replace("url(#", f"url(#{salt}-"))
        for name in filter(parent.attrib.get, ("d", "x", "y")):
            short = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}", parent.get(name))
            parent.set(name, " ".join(short.split()))
        if parent.get("transform", "").startswith("rotate(-0 "):
            del parent.attrib["transform"]
        parent.text, parent.tail = (parent.text or "").strip() or None, None
    width, height = (round(float(number)) for number in root.get("viewBox").split()[2:])
    root.attrib |= {
        "width": str(width),
        "height": str(height),
        "role": "img",
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    title = ElementTree.Element(f"{{{SVG}}}title")
    title.text = label
    root.insert(0, title)
    return ElementTree.tostring(root, encoding="unicode")


def chart(title: str, begin: date, end: date, levels: Sequence[float], inside: str) -> str:
    """A chart of probabilities over days that a script may draw into, as SVG.

    Everything is placed in parts of width and height, so that the lettering keeps its size; `inside` stands in a box
    from the first day to the last and from the first of the `levels`, at the top, down to the last.
    """
    top, bottom = 4, 86
    days, high, low = (end - begin).days, levels[0], levels[-1]

    def x(day: date) -> float:
        return 100 * (day - begin).days / days

    months = [
        date(begin.year + (begin.month + n) // 12, (begin.month + n) % 12 + 1, 1)
        for n in range(days // 28 + 1)
    ]
    months = [month for month in months if 3 < x(month) < 96]
    every = next((n for n in (1, 2, 3, 6, 12) if len(months) / n <= 6), 24)
    heights = [(top + (bottom - top) * (high - level) / (high - low), level) for level in levels]
    lines = "".join(
        f'<line x1="0" x2="100%" y1="{y:g}%" y2="{y:g}%"/><text x="-.6em" y="{y:g}%" text-anchor="end" '
        f'dy=".35em">{level:.0%}</text>'
        for y, level in heights
    )
    ticks = "".join(
        f'<text x="{x(month):.1f}%" y="{bottom}%" dy="1.35em" text-anchor="middle">'
        f"{month:%b}{f' {month:%y}' if every > 3 or (days > 366 and month.month == 1) else ''}</text>"
        for month in months[::every]
    )
    return (
        f'<svg class="picture" role="img"><title>{escape(title)}</title>{lines}{ticks}'
        f'<svg y="{top}%" width="100%" height="{bottom - top}%" overflow="visible">{inside}</svg></svg>'
    )


def figure(draw: Figure | Callable[..., Figure], *data: Any, alt: str, **options: Any) -> Html:
    """The figure for a page, with the words for those who do not see it.

    Parameters
    ----------
    draw : Figure, or a function of `data`, `width` and `options` that returns one
        A function is drawn twice, for a desk and for a phone; the page's style shows one of the two.
    alt : str
        What the figure says, in words.
    """
    if not alt.strip():
        raise ValueError("expected words that say what the figure shows; found none")
    if isinstance(draw, Figure):
        return Html(f"<figure>{svg(draw, alt)}</figure>", alt)
    wide, narrow = (svg(draw(*data, width=width, **options), alt) for width in (drawing.WIDE, drawing.NARROW))
    return Html(
        f'<figure><div class="wide">{wide}</div><div class="narrow" hidden>{narrow}</div></figure>', alt
    )
