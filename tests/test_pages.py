"""The committed pages in a browser: legible, quiet, loading nothing, and safe from text that would run."""

from pathlib import Path

import pytest
from browser import needs_browser

from model.files import PROJECT_ROOT

PAGES = sorted((PROJECT_ROOT / "notebooks" / "rendered" / "2025-07-11").glob("*.html"))
CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")
pytestmark = needs_browser


def show(browser, page, width=1440):
    """Open a page with everything that can be folded out."""
    browser.open(page, width)
    browser.value("document.querySelectorAll('details').forEach(part => part.open = true)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_text_has_the_contrast_of_wcag_aa(browser, page):
    show(browser, page)
    assert browser.value(CONTRAST) == []


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
    changed.write_text(page.read_text("utf-8").replace("</body>", "<script>document.title = 'taken'</script><script src="
                       "'foreign.js'></script><img src=x onerror=\"document.title = 'taken'\"></body>"), "utf-8")
    show(browser, changed)
    assert browser.value("document.title") != "taken" and len(browser.complaints()) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_can_be_used_can_be_reached_and_has_a_name(browser, page):
    show(browser, page)
    assert browser.value("""[...document.querySelectorAll('a, button, input, select, summary')].filter(node =>
        node.tabIndex < 0 || !(node.labels?.[0]?.textContent || node.textContent || node.ariaLabel || "").trim())
        .map(node => node.outerHTML)""") == []
    assert browser.value("""[...document.querySelectorAll('svg:not(svg svg), img')].filter(node => !(node.ariaLabel || node.alt
        || node.querySelector('title')?.textContent || node.ariaHidden)).map(node => node.outerHTML.slice(0, 200))""") == []


def test_the_committed_run_stays_light():
    files = [path for path in PAGES[0].parent.rglob("*") if path.is_file() and path.name != "provenance.json"]
    assert sum(path.stat().st_size for path in files) < 3_000_000
