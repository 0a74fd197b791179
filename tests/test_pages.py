"""The committed pages in a browser: legible, without errors or requests, and safe from injected scripts."""

import csv
import json
import re
from base64 import b64decode
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import needs_browser

from model.answer.forecast import Sources
from model.evidence.rows import OCCASION_COLUMNS, SIGNAL_COLUMNS
from model.files.csv_files import csv_text, is_formula, read_csv
from model.files.yaml_files import read_yaml
from model.paths import PARAMS, ROOT, TABLES
from model.report import build
from model.settings import params

OVERVIEW = ROOT / "notebooks" / "rendered" / "2025-07-11" / "index.html"
PAGES = sorted((ROOT / "notebooks" / "rendered" / "2025-07-11").glob("*.html"))
CONTRAST, LETTERING = (
    (Path(__file__).parent / f"{name}.js").read_text("utf-8") for name in ("contrast", "lettering")
)
CUT_OFF = """
[...document.querySelectorAll('figure svg[viewBox]')].flatMap(svg => {
    const {left, right, top, bottom} = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.left < left - 1 || box.right > right + 1 || box.top < top - 1 || box.bottom > bottom + 1;
    }).map(text => text.textContent);
})
"""
pytestmark = needs_browser


@contextmanager
def media(browser, **what):
    """A block in which the browser shows pages in another medium or colour scheme."""
    browser.ask("Emulation.setEmulatedMedia", **what)
    try:
        yield
    finally:
        browser.ask("Emulation.setEmulatedMedia", media="", features=[])


def show(browser, page, width=1440):
    """Open a page with everything that can be folded out."""
    browser.open(page, width)
    browser.value("document.querySelectorAll('details').forEach(part => part.open = true)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_text_has_the_contrast_of_wcag_aa(browser, page, scheme):
    """The texts of figures too; in the dark the page is dark."""
    with media(browser, features=[{"name": "prefers-color-scheme", "value": scheme}]):
        show(browser, page)
        assert browser.value(CONTRAST) == []
        paper = browser.value("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.parametrize("width", [1440, 390])
def test_the_lettering_of_figures_is_legible_and_not_cut_off(browser, page, width):
    show(browser, page, width)
    assert browser.value(LETTERING) == [] and browser.value(CUT_OFF) == []


@pytest.mark.parametrize("paper", [(8.27, 11.69), (8.5, 11)], ids=["A4", "Letter"])
def test_the_overview_prints_as_a_brief_of_one_page_without_controls(browser, paper):
    show(browser, OVERVIEW)
    width, height = paper
    printed = browser.ask("Page.printToPDF", paperWidth=width, paperHeight=height)["data"]
    assert re.search(rb"/Type /Pages\s/Count (\d+)", b64decode(printed))[1] == b"1"
    with media(browser, media="print"):
        assert browser.value("document.querySelector('.hero').checkVisibility()")
        assert not browser.value(
            "[...document.querySelectorAll('button, input, select, nav')].some(one => one.checkVisibility())"
        )


def test_without_scripts_every_section_of_the_overview_says_something(browser):
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(browser, OVERVIEW)
        empty = browser.value(
            "[...document.querySelectorAll('section')].filter(s => s.innerText.length < 60).length"
        )
        notes = browser.value("[...document.querySelectorAll('noscript')].map(note => note.innerText)")
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert empty == 0 and notes and all("scripts, which are off here" in note for note in notes)


def test_the_contrast_of_a_pale_text_is_found(browser):
    show(browser, PAGES[-1])
    browser.value("document.querySelector('h1').style.color = '#999'")
    assert len(browser.value(CONTRAST)) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.parametrize("width", [1440, 390])
def test_a_page_is_quiet_loads_nothing_and_fits(browser, page, width):
    show(browser, page, width)
    assert browser.complaints() == [] and browser.requests() == [page.resolve().as_uri()]
    assert browser.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_policy_of_a_page_blocks_a_script_that_was_slipped_in(browser, page, tmp_path):
    """Inline, as a handler and from another file; the page is otherwise as it was."""
    (tmp_path / "foreign.js").write_text("document.title = 'taken'")
    changed = tmp_path / page.name
    changed.write_text(
        page.read_text("utf-8").replace(
            "</body>",
            "<script>document.title = 'taken'</script><script src="
            "'foreign.js'></script><img src=x onerror=\"document.title = 'taken'\"></body>",
        ),
        "utf-8",
    )
    show(browser, changed)
    assert browser.value("document.title") != "taken" and len(browser.complaints()) >= 3


RUNS = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
READS = "[x](javascript:1) **b** $\\href{javascript:1}{y}$ `c`"


@pytest.mark.study
def test_hostile_words_of_ledger_and_question_run_nowhere(browser, tmp_path):
    """Through the notebooks, as signals, names of occasions, sources, leaders and the question itself."""
    signal = {
        "event_id": "2025-07-10-hostile",
        "event_date": "2025-07-10",
        "public_date": "2025-07-10",
        "kind": "summit_announced",
        "actor": "both",
        "strength": 3,
        "grade": "A1",
        "occasion": "2025-apec-gyeongju",
        "in_article": "yes",
        "description": RUNS,
        "source": f"{READS} https://x.example/{RUNS}",
        "checked": "yes",
    }
    apec = next(
        dict(row)
        for row in read_csv(TABLES["occasions"], OCCASION_COLUMNS)
        if row["occasion_id"] == "2025-apec-gyeongju"
    ) | {"name": f"{RUNS} {READS}", "host": "KR"}
    for name, columns, row in (("signals", SIGNAL_COLUMNS, signal), ("occasions", OCCASION_COLUMNS, apec)):
        text = csv_text(columns, [[row.get(column, "") for column in columns]])
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    question = read_yaml(PARAMS / "question.yaml").data
    question |= {"text": f"{RUNS} {READS}", "sides": [side | {"leader": RUNS} for side in question["sides"]]}
    (tmp_path / "question.yaml").write_text(json.dumps(question), "utf-8")
    folder = build.render(
        params.load_params(question=tmp_path / "question.yaml"),
        out_dir=tmp_path / "run",
        sources=Sources(signals=(tmp_path / "signals.csv",), occasions=(tmp_path / "occasions.csv",)),
    )
    pages = sorted(folder.glob("*.html"))
    assert len(pages) == len(PAGES) and "onerror=" in "".join(page.read_text("utf-8") for page in pages)
    for page in pages:
        show(browser, page)
        assert browser.value("document.title") != "taken" and browser.complaints() == []
        assert (
            browser.value("document.querySelectorAll('img[src=x], a[href^=javascript], math [href]').length")
            == 0
        )
    for table in folder.glob("tables/*.csv"):
        rows = list(csv.reader(table.read_text("utf-8").splitlines()))
        assert not [cell for row in rows for cell in row if is_formula(cell) and not cell[1:2].isdigit()]


UNNAMED_CONTROLS = """
[...document.querySelectorAll('a, button, input, select, summary')]
    .filter(node => node.tabIndex < 0
        || !(node.labels?.[0]?.textContent || node.textContent || node.ariaLabel || "").trim())
    .map(node => node.outerHTML)
"""
UNNAMED_PICTURES = """
[...document.querySelectorAll('svg:not(svg svg), img')]
    .filter(node => !(node.ariaLabel || node.alt || node.ariaHidden
        || node.querySelector('title')?.textContent))
    .map(node => node.outerHTML.slice(0, 200))
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_can_be_used_can_be_reached_and_has_a_name(browser, page):
    show(browser, page)
    assert browser.value(UNNAMED_CONTROLS) == []
    assert browser.value(UNNAMED_PICTURES) == []


def test_the_committed_run_stays_light():
    files = [
        path
        for path in PAGES[0].parent.rglob("*")
        if path.is_file() and path.name not in ("provenance.json", "posterior.nc")
    ]
    assert sum(path.stat().st_size for path in files) < 3_000_000
