"""In a real browser, the frame in the picture is the frame of that number, whatever was done to bring it there."""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import barcodes
import cv2
import numpy as np
import pytest
from chromium import Chromium, find
from notebook import notebook

from rushes.playback import segments
from rushes.playback.overlay import Clip, Hidden, Overlay, Track
from rushes.playback.playing import Playing
from rushes.playback.show import Show
from rushes.privacy.redact import redact
from rushes.video.video import open_file

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: apt-get install chromium")

FRAMES = 50
UNEVEN = [40, 20, 80, 33, 33, 100] * 10
VIDEOS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "H.264 in mp4": ("mp4", "file", {}),
    "times that do not begin at zero": ("mp4", "file", {"first": 7}),
    "uneven times": ("mp4", "file", {"steps": UNEVEN}),
    "29.97 frames a second": ("mp4", "file", {"fps": Fraction(30000, 1001)}),
    "turned": ("mp4", "file", {"turned": 90}),
    "first frames left out by an edit list": ("mp4", "file", {"first": -5}),
    "VP9 in WebM": ("webm", "file", {"container": "webm", "codec": "libvpx-vp9"}),
    "H.264 in Matroska": ("mkv", "transmuxed", {"container": "matroska", "steps": UNEVEN, "first": 3}),
    "H.264 in AVI": ("avi", "transmuxed", {"container": "avi"}),
    "H.264 in a transport stream": ("ts", "transmuxed", {"container": "mpegts"}),
    "H.264 in QuickTime, turned": ("mov", "transmuxed", {"container": "mov", "turned": 90}),
    "open groups of pictures": ("mp4", "transcoded", {"open_gop": True}),
    "HEVC": ("mp4", "transcoded", {"codec": "libx265", "steps": UNEVEN}),
    "ten bits": ("mp4", "transcoded", {"pixel_format": "yuv420p10le"}),
    "an odd size": ("avi", "transcoded", {"container": "avi", "codec": "mpeg4", "size": (193, 145)}),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    assert PROGRAM is not None
    with Chromium(PROGRAM, tmp_path_factory.mktemp("chromium"), (760, 560)) as browser:
        yield browser


@pytest.fixture
def show(tmp_path: Path, browser: Chromium) -> Iterator[Callable[..., Playing]]:
    """Write a video and open it in the browser at a frame."""
    playing: list[Playing] = []

    def open_(suffix: str, overlay: Overlay | None = None, frame: int = 0, **how: Any) -> Playing:
        path = tmp_path / f"film.{suffix}"
        barcodes.write(path, **{"frames": FRAMES, "size": (192, 144), **how})
        playing.append(Playing(Show(open_file(path), overlay or Overlay())))
        browser.open(f"{playing[-1].url}#frame={frame}")
        browser.wait("document.body?.dataset.state == 'ready'")
        return playing[-1]

    yield open_
    for one in playing:
        one.close()


def arrived(browser: Chromium, frame: int) -> None:
    browser.wait(f"document.body.dataset.shown == '{frame}'")


def painted(browser: Chromium) -> int:
    return barcodes.read(browser.canvas("#picture"))


@pytest.mark.parametrize("name", VIDEOS)
def test_the_frame_in_the_picture_is_the_one_of_that_number(
    name: str, browser: Chromium, show: Callable[..., Playing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "_PIECE_S", 0.5)
    suffix, way, how = VIDEOS[name]
    show(suffix, frame=17, **how)
    first = max(0, -how.get("first", 0))  # what an edit list leaves out was painted before frame 0
    last = FRAMES - first - 1
    assert browser.js("document.body.dataset.way") == way

    def at(frame: int) -> None:
        arrived(browser, frame)
        assert painted(browser) - first == frame

    at(17)
    for frame in (18, 19, 20, 21, 22):
        browser.press("ArrowRight")
        at(frame)
    for key, shift, frame in [
        ("ArrowLeft", False, 21),
        ("ArrowRight", True, 31),
        ("ArrowLeft", True, 21),
        ("End", False, last),
        ("ArrowLeft", False, last - 1),
        ("Home", False, 0),
    ]:
        browser.press(key, shift=shift)
        at(frame)


@pytest.mark.parametrize("way", ["file", "transmuxed", "transcoded"])
def test_it_plays_to_the_end_and_numbers_what_it_shows(
    way: str, browser: Chromium, show: Callable[..., Playing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "_PIECE_S", 0.5)
    how = {"file": {}, "transmuxed": {"container": "matroska"}, "transcoded": {"codec": "mpeg4"}}[way]
    show("film", **how)
    assert browser.js("document.body.dataset.way") == way
    browser.press(" ")
    arrived(browser, FRAMES - 1)
    assert painted(browser) == FRAMES - 1


def test_a_word_says_what_was_done(browser: Chromium, show: Callable[..., Playing]) -> None:
    show("mp4", codec="libx265", frames=10)
    assert browser.js("document.getElementById('note').textContent").startswith("transcoded from HEVC")
    show("mp4", frames=10)
    assert browser.js("document.getElementById('note').textContent") == ""


def test_the_page_comes_back_to_its_frame_when_it_is_loaded_again(
    browser: Chromium, show: Callable[..., Playing]
) -> None:
    show("mp4", frame=20)
    arrived(browser, 20)
    browser.press("ArrowRight")
    browser.wait("location.hash == '#frame=21'")
    browser.open(browser.js("location.href.replace(/#.*/, '?again#frame=21')"))
    browser.wait("document.body?.dataset.state == 'ready' && location.search == '?again'")
    arrived(browser, 21)


# ── what is drawn over the picture ──

SIZE = (384, 288)
TRACK = Track("film.0-50.t0007", "kite", 0.9, 10, 30, [10, 13, 16], [(96.0, 72.0, 96.0, 72.0)] * 3)
MARKED = Overlay(
    clips=[Clip(0, 20, True), Clip(20, 40, True), Clip(40, 50, False, "too_short")],
    tracks=[TRACK],
    hidden=Hidden([5, 6], [(96.0, 72.0, 192.0, 144.0)] * 2, ["face"] * 2, [(0, 40)]),
)


def seen(browser: Chromium) -> np.ndarray:
    """Return the picture as it is shown, at the video's size."""
    return cv2.resize(browser.canvas("#picture"), SIZE, interpolation=cv2.INTER_AREA).astype(int)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def test_regions_look_as_in_what_is_packaged_unless_outlines_are_wanted(
    browser: Chromium, show: Callable[..., Playing], tmp_path: Path
) -> None:
    show("mp4", MARKED, 5, size=SIZE)
    arrived(browser, 5)
    assert MARKED.hidden is not None
    frame = open_file(tmp_path / "film.mp4")[5].numpy()
    packaged = redact(frame, np.array(MARKED.hidden.boxes[:1]))
    shown = seen(browser)
    assert apart(shown, packaged) < apart(shown, frame) / 2
    browser.press("h")
    outlined = seen(browser)
    assert apart(outlined, frame) < apart(outlined, packaged) / 2
    assert browser.js("document.getElementById('hide').textContent") == "faces outlined"


def test_a_frame_that_was_not_searched_is_shown_too_coarse_for_anybody(
    browser: Chromium, show: Callable[..., Playing], tmp_path: Path
) -> None:
    show("mp4", MARKED, 40, size=SIZE)
    arrived(browser, 40)
    frame = open_file(tmp_path / "film.mp4")[40].numpy()
    small = cv2.resize(frame, (40, 30), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(small, SIZE, interpolation=cv2.INTER_LINEAR)
    shown = seen(browser)
    assert apart(shown, coarse) < apart(shown, frame) / 2
    assert "too_short · faces not known" in browser.js("document.getElementById('clip').textContent")


def test_without_tracks_nothing_is_hidden_or_drawn(browser: Chromium, show: Callable[..., Playing]) -> None:
    show("mp4", Overlay(MARKED.clips), 5, size=SIZE)
    arrived(browser, 5)
    assert painted(browser) == 5
    assert browser.js("document.getElementById('hide').hidden")


def test_a_box_is_on_its_frames_and_held_until_the_next_sample(browser: Chromium, show: Callable[..., Playing]) -> None:
    held_at = {}
    show("mp4", MARKED, 9, size=SIZE)
    for frame in range(9, 22):
        arrived(browser, frame)
        held_at[frame] = browser.js(f"overlay.at({frame}).map(({{held}}) => held)")
        browser.press("ArrowRight")
    none, sampled, held = [], [False], [True]  # a sample may come a frame late: so much longer is a box held
    assert list(held_at.values()) == [none, *[sampled, held, held] * 3, held, none, none]


def test_between_two_samples_a_box_is_on_its_way_unless_the_track_is_complete(
    browser: Chromium, show: Callable[..., Playing]
) -> None:
    boxes = [(96.0, 72.0, 96.0, 72.0), (102.0, 72.0, 90.0, 84.0)]
    moving = Track("film.0-50.t0001", "kite", 0.9, 10, 14, [10, 13], boxes)
    complete = Track("film.0-50.t0002", "bird", 0.9, 10, 14, [10, 13], boxes, "annotated", True)
    show("mp4", Overlay([Clip(0, 50, True)], [moving, complete]), 10, size=SIZE)
    arrived(browser, 10)
    found = [
        browser.js(f"overlay.at({frame}).map((one) => [one.track.number, one.held, ...one.box])") for frame in (11, 13)
    ]
    assert found[0] == [[0, True, *map(pytest.approx, (98, 72, 94, 76))]]
    assert found[1] == [[number, False, 102, 72, 90, 84] for number in (0, 1)]


def test_a_box_stands_where_the_table_says(browser: Chromium, show: Callable[..., Playing]) -> None:
    show("mp4", MARKED, 10, size=SIZE)
    arrived(browser, 10)
    drawn = browser.canvas("#picture").astype(int)
    browser.press("b")
    changed = np.abs(browser.canvas("#picture").astype(int) - drawn).sum(axis=2) > 60
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    scale = drawn.shape[1] / SIZE[0]
    x, y, w, h = TRACK.boxes[0]
    assert columns[0] / scale == pytest.approx(x, abs=2)
    assert columns[-1] / scale == pytest.approx(x + w, abs=2)
    assert rows[-1] / scale == pytest.approx(y + h, abs=2)


def test_a_click_on_a_track_leads_to_its_first_frame(browser: Chromium, show: Callable[..., Playing]) -> None:
    show("mp4", MARKED, 40, size=SIZE)
    assert browser.js("document.querySelector('.track span').textContent") == "kite #7"
    browser.js("document.querySelector('.track').click()")
    arrived(browser, 10)


def test_cuts_are_jumped_to_and_the_timeline_clicked(browser: Chromium, show: Callable[..., Playing]) -> None:
    show("mp4", MARKED, 3, size=SIZE)
    for key, frame in (("]", 20), ("]", 40), ("[", 20)):
        browser.press(key)
        arrived(browser, frame)
    at = browser.js("(({left, top, width}) => [left + width * 0.505, top + 20])(timeline.getBoundingClientRect())")
    browser.click(*at)
    arrived(browser, 25)


# ── inside another page ──


def test_a_notebook_s_page_of_another_site_can_hold_it(browser: Chromium, show: Callable[..., Playing]) -> None:
    html = show("mp4", frames=10)._repr_html_()
    with notebook(html) as address:
        browser.open(address)
        browser.wait("!!document.querySelector('iframe')")
        inside = browser.frame(re.search(r":(\d+)/", html)[0])
        inside.wait("document.body?.dataset.shown == '0'")
        assert barcodes.read(inside.canvas("#picture")) == 0
