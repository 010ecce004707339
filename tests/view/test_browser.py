"""In a real browser: the list, its filters, and the frame in the picture with its boxes where the data set has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from chromium import Chromium, find
from notebook import notebook

import rushes
from rushes.packaging.packed import PackedSequence
from rushes.packaging.reader import Dataset
from rushes.view import Viewing, view

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: apt-get install chromium")

# What a page says amiss: errors, also those that nobody caught, and what its policy held back.
LISTEN = """
window.amiss = [];
const hear = (event) => amiss.push([event.type, event.message, event.reason, event.target?.src].join(" "));
for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"]) addEventListener(kind, hear, true);
const said = console.error;
console.error = (...words) => { amiss.push(words.join(" ")); said(...words); };
"""
SIZE = (96, 64)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    assert PROGRAM is not None
    with Chromium(PROGRAM, tmp_path_factory.mktemp("chromium"), (1000, 700)) as browser:
        browser.first(LISTEN)
        yield browser


@pytest.fixture
def show(browser: Chromium) -> Iterator[Callable[..., None]]:
    """Open a data set in the browser, at an address within it.

    Whatever a test does then, its page says nothing amiss and fetches nothing from elsewhere.
    """
    viewings: list[Viewing] = []

    def open_(dataset: Dataset, at: str = "") -> None:
        viewings.append(view(dataset, title="zoo", open_browser=False))
        browser.open(viewings[-1].url + at)
        browser.wait("document.body?.dataset.classes === 'known'")

    yield open_
    amiss = browser.js("window.amiss")
    fetched = browser.js("performance.getEntriesByType('resource').map((one) => one.name)")
    for one in viewings:
        one.close()
    assert amiss == []
    assert [name for name in fetched if not name.startswith("http://127.0.0.1:")] == []


def ids(browser: Chromium) -> list[int]:
    return browser.js("[...document.querySelectorAll('.tile')].map((tile) => +tile.dataset.place)")


def choose(browser: Chromium, name: str, value: str) -> None:
    browser.js(
        f"(({name}_) => {{ {name}_.value = {value!r}; {name}_.dispatchEvent(new Event('change')) }})({element(name)})"
    )


def element(name: str) -> str:
    return f"document.getElementById({name!r})"


def arrived(browser: Chromium, step: int) -> None:
    browser.wait(f"document.body.dataset.shown === '{step}'")


def counts(browser: Chromium, words: str) -> None:
    browser.wait(f"{element('counts')}.textContent === {words!r}")


# ── the list ──


def test_a_page_of_small_pictures_is_shown_and_the_rest_is_not_asked_for(
    browser: Chromium, show: Callable[..., None], ds: Dataset
) -> None:
    show(ds)
    counts(browser, "130 sequences, 650 frames")
    assert ids(browser) == list(range(60))
    browser.wait("document.querySelector('.tile img').naturalWidth === 96")
    fetched = browser.js(
        "performance.getEntriesByType('resource').filter((one) => one.name.includes('thumbnail')).length"
    )
    assert 0 < fetched <= 60
    browser.js(f"{element('after')}.click()")
    browser.wait("document.querySelector('.tile').dataset.place === '60'")
    assert browser.js(f"{element('range')}.textContent") == "61–120 of 130"
    choose(browser, "page", "99")
    browser.wait("document.querySelector('.tile').dataset.place === '120'")
    assert len(ids(browser)) == 10
    assert browser.js("location.hash") == "#page=3"
    assert browser.js(f"{element('after')}.disabled")


def test_filters_narrow_the_list_and_stand_in_the_address(
    browser: Chromium, show: Callable[..., None], ds: Dataset
) -> None:
    show(ds, "#page=2")
    choose(browser, "split", "train")
    counts(browser, "50 of 130 sequences")
    choose(browser, "class", "1")
    counts(browser, "17 of 130 sequences")
    assert ids(browser) == list(range(0, 50, 3))
    browser.press("/")
    for letter in "FILM1":
        browser.press(letter)
    counts(browser, "4 of 130 sequences")
    assert ids(browser) == [9, 21, 33, 45]
    assert browser.js("location.hash") == "#split=train&class=1&text=FILM1"
    browser.open(browser.js("location.href.replace(/#/, '?again#')"))
    browser.wait("location.search === '?again' && document.body?.dataset.classes === 'known'")
    counts(browser, "4 of 130 sequences")
    assert browser.js("['split', 'class', 'text'].map((name) => document.getElementById(name).value)") == [
        *("train", "1", "FILM1"),
    ]
    browser.js(f"{element('clear')}.click()")
    counts(browser, "130 sequences, 650 frames")


def test_nothing_left_and_nothing_there_are_said_in_words(
    browser: Chromium, show: Callable[..., None], ds: Dataset, empty: Path
) -> None:
    show(ds, "#text=unheard-of")
    assert browser.js(f"{element('nothing')}.textContent") == "No sequence is like that."
    show(rushes.open_dataset(empty))
    assert browser.js(f"{element('nothing')}.textContent") == "This data set is empty."
    counts(browser, "0 sequences, 0 frames")


def test_what_stands_in_a_data_set_is_text_and_never_runs(
    browser: Chromium, show: Callable[..., None], ds: Dataset
) -> None:
    show(ds, "#sequence=2")
    arrived(browser, 0)
    assert '<img src=x onerror="window.hurt=1">' in browser.js(f"{element('facts')}.textContent")
    assert "<b>car</b> (44)" in browser.js(f"{element('class')}.textContent")
    assert browser.js("document.querySelectorAll('[onerror], b b, option b, dd img').length") == 0
    assert browser.js("window.hurt") is None


# ── a sequence ──


def test_the_picture_is_the_frame_of_that_number(
    browser: Chromium, show: Callable[..., None], ds: Dataset, colours: Callable[[int, int], tuple[int, int, int]]
) -> None:
    show(ds)
    browser.js("document.querySelectorAll('.tile')[7].click()")  # one without boxes
    for key, shift, step in [
        ("Home", False, 0),
        ("ArrowRight", False, 1),
        ("ArrowRight", False, 2),
        ("ArrowLeft", False, 1),
        ("End", False, 4),
        ("ArrowRight", False, 4),
        ("ArrowLeft", True, 0),
    ]:
        browser.press(key, shift=shift)
        arrived(browser, step)
        painted = browser.canvas("#picture").astype(int)
        assert np.abs(painted - colours(7, step)).max() <= 8
        assert browser.js("location.hash") == "#sequence=7" + (f"&frame={step}" if step else "")
    words = browser.js(f"{element('where')}.textContent")
    assert words == "1 of 5 · 4.000 s · video frame 100"


def painted(browser: Chromium, colour: str) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom, in the frame's own pixels, of what is drawn in a colour."""
    wanted = browser.js(
        f"((brush) => {{ brush.fillStyle = {colour!r}; brush.fillRect(0, 0, 1, 1); "
        "return [...brush.getImageData(0, 0, 1, 1).data] })(document.createElement('canvas').getContext('2d'))"
    )[:3]
    seen = browser.canvas("#picture").astype(int)
    rows, columns = np.nonzero(np.abs(seen - wanted).max(axis=2) < 12)
    scale = seen.shape[1] / SIZE[0]
    return columns.min() / scale, rows.min() / scale, (columns.max() + 1) / scale, (rows.max() + 1) / scale


@pytest.mark.parametrize("step", [0, 3])
def test_a_box_stands_where_the_data_set_has_it(
    browser: Chromium, show: Callable[..., None], ds: Dataset, step: int
) -> None:
    show(ds, f"#sequence=1&frame={step}")
    arrived(browser, step)
    left, top, right, bottom = painted(browser, "hsl(137.5 85% 62%)")
    assert (left, right, bottom) == pytest.approx((10 + 2 * step, 40 + 2 * step, 45), abs=0.5)
    assert top < 20, "its words are above it"
    browser.press("b")
    assert browser.js("document.querySelector('#buttons .boxes').getAttribute('aria-pressed')") == "false"
    with pytest.raises(ValueError, match="zero-size"):
        painted(browser, "hsl(137.5 85% 62%)")


def test_objects_are_listed_and_lead_to_their_first_frame(
    browser: Chromium, show: Callable[..., None], ds: Dataset
) -> None:
    show(ds, "#sequence=0&frame=3")
    arrived(browser, 3)
    told = "[...document.querySelectorAll('.object')].map((one) => [one.textContent, one.classList.contains('here')])"
    assert browser.js(told) == [["person #15 frames", True], ["<b>car</b> #24 frames", False]]
    browser.js("document.querySelectorAll('.object')[1].click()")
    arrived(browser, 0)
    assert browser.js("document.querySelectorAll('.object')[1].classList.contains('chosen')")


def test_it_plays_to_the_end_at_the_times_of_the_frames_and_begins_again_if_wanted(
    browser: Chromium, show: Callable[..., None], ds: Dataset
) -> None:
    show(ds, "#sequence=4")
    arrived(browser, 0)
    browser.press("l")
    browser.js(
        "window.seen = []; new MutationObserver(() => seen.at(-1) !== document.body.dataset.shown && "
        "seen.push(document.body.dataset.shown)).observe(document.body, { attributes: true })"
    )
    browser.press(" ")
    browser.wait("document.body.dataset.shown === '4' && document.getElementById('play').textContent.includes('play')")
    steps = [int(step) for step in browser.js("seen")]
    assert steps == sorted(steps)
    browser.press("l")
    browser.press(" ")
    browser.wait("seen.length > 12")
    assert browser.js("document.getElementById('play').textContent").endswith("pause")
    browser.press(" ")


def test_the_next_sequence_is_the_next_of_what_the_filters_leave_also_on_the_next_page(
    browser: Chromium, show: Callable[..., None], ds: Dataset
) -> None:
    show(ds, "#text=film1&sequence=5")
    arrived(browser, 0)
    browser.press("n")
    browser.wait("location.hash.includes('sequence=9')")
    show(ds, "#sequence=59")
    arrived(browser, 0)
    browser.press("n")
    browser.wait("location.hash === '#page=2&sequence=60'")
    arrived(browser, 0)
    browser.press("p")
    browser.wait("location.hash === '#sequence=59'")
    browser.press("Escape")
    browser.wait("document.body.dataset.state === 'list' && !document.getElementById('list').hidden")
    browser.js("history.back()")
    browser.wait("document.body.dataset.state === 'player'")


def test_a_frame_that_cannot_be_read_is_told_and_the_others_are_shown(
    browser: Chromium,
    show: Callable[..., None],
    tmp_path: Path,
    packaged: Callable[..., Path],
    sequences: Sequence[PackedSequence],
) -> None:
    values = dict(vars(sequences[7]))
    values["jpegs"] = (values["jpegs"][0], b"no picture", *values["jpegs"][2:])
    show(rushes.open_dataset(packaged(tmp_path / "zoo", [PackedSequence(**values)])), "#sequence=0")
    arrived(browser, 0)
    browser.press("ArrowRight")
    browser.wait(f"{element('message')}.textContent === 'this frame cannot be decoded'")
    browser.press("ArrowRight")
    arrived(browser, 2)
    assert browser.js(f"{element('message')}.textContent") == ""


# ── screens ──


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1400, "light")])
@pytest.mark.parametrize("at", ["", "#sequence=0"])
def test_it_fits_the_screen_in_the_colours_that_its_owner_prefers(
    browser: Chromium, show: Callable[..., None], ds: Dataset, width: int, scheme: str, at: str
) -> None:
    browser.look(width, 700, scheme)
    show(ds, at)
    browser.wait("document.body.dataset.shown === '0'" if at else "!!document.querySelector('.tile')")
    assert browser.js("document.documentElement.scrollWidth") == width
    parts = browser.js(
        "['list', 'player', 'stage', 'controls', 'grid'].map((id) => document.getElementById(id))"
        ".map((part) => part.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    assert all(left >= 0 and right <= width for left, right in parts)
    paper = browser.js("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(13, 16, 20)" if scheme == "dark" else "rgb(244, 245, 247)")
    browser.look(1000, 700)


def test_a_notebook_s_page_of_another_site_can_hold_it(browser: Chromium, ds: Dataset) -> None:
    with ds.visualize(open_browser=False) as viewing:
        html = viewing._repr_html_()
        with notebook(html) as address:
            browser.open(address)
            browser.wait("!!document.querySelector('iframe')")
            inside = browser.frame(re.search(r":(\d+)/", html)[0])
            inside.wait("document.querySelectorAll('.tile').length === 60")
            inside.js("document.querySelector('.tile').click()")
            inside.wait("document.body.dataset.shown === '0'")
            browser.open("about:blank")
