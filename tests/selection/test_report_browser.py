"""In a real browser, a report opens from a file, asks for nothing, and fits on any paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Chromium, find
from reported import candidates, fill, recipe, selection

from rushes.selection.report.write import write_report
from rushes.store.objects import Objects

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: apt-get install chromium")

# What the page's own policy or the browser found wrong with it.
COMPLAINTS = """new Promise(done => {
  const found = [];
  const note = reports => found.push(...reports.map(one => one.type));
  new ReportingObserver(note, {buffered: true}).observe();
  setTimeout(() => done(found), 200);
})"""
REQUESTS = "performance.getEntriesByType('resource').filter(one => !one.name.startsWith('data:')).map(one => one.name)"
WIDE = """[...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.right > innerWidth + 1 && !one.closest('svg, .scroll, pre');
}).map(one => one.tagName + '.' + one.className)"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    folder = tmp_path_factory.mktemp("report")
    store = Objects(folder / "store")
    fill(store, folder)
    name = write_report(store, recipe(where="quality > 0.5"), selection(store, candidates(), [0, 7, 3]))
    assert PROGRAM is not None
    with Chromium(PROGRAM, Path(tmp_path_factory.mktemp("chromium"))) as browser:
        browser.open(f"file://{store.full_uri(name)}")
        browser.wait("document.readyState == 'complete' && document.title == 'Selection street'")
        yield browser


def test_it_asks_for_nothing_and_nothing_is_wrong_with_it(page: Chromium) -> None:
    assert page.js(REQUESTS) == []
    assert page.js(COMPLAINTS) == []
    assert page.js("document.compatMode") == "CSS1Compat"


def test_all_its_pictures_are_there_and_say_what_they_show(page: Chromium) -> None:
    images = page.js("[...document.images].map(one => [one.complete && one.naturalWidth > 0, one.alt.length > 10])")
    assert len(images) == 3 * 3 + 3
    assert all(all(one) for one in images)
    figures = page.js(
        "[...document.querySelectorAll('svg')].map(one => [one.getAttribute('role'), one.ariaLabel.length > 10])"
    )
    assert figures == [["img", True]] * (2 + 1 + 2)


def test_each_mark_leads_to_the_sequence_that_it_stands_for(page: Chromium) -> None:
    links = page.js("[...document.querySelectorAll('a[href]')].map(one => one.getAttribute('href'))")
    assert {f"#rank-{rank}" for rank in range(3)} == set(links)
    assert page.js(
        "[...document.querySelectorAll('a[href]')].every(one => document.querySelector(one.getAttribute('href')))"
    )
    assert page.js("document.querySelectorAll('.sequence').length") == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_fits_on_wide_and_narrow_paper_and_can_be_read_in_light_and_dark(
    page: Chromium, width: int, scheme: str
) -> None:
    page.look(width, 900, scheme)
    assert page.js("document.documentElement.scrollWidth") == width
    assert page.js(WIDE) == []
    ink, ground = (page.js(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    lights = sorted((luminance(ink), luminance(ground)))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) > 7
    assert (luminance(ground) > luminance(ink)) == (scheme == "light")


def luminance(colour: str) -> float:
    """Relative luminance as in WCAG, of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
