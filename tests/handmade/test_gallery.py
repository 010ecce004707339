"""A data set is shown in a browser, its boxes drawn over the picture, to whoever has the address and nobody else."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import barcodes
import chromium
import numpy as np
import pytest

import rushes
from rushes.errors import StoreError
from rushes.handmade import Dataset
from rushes.handmade.moving import as_video


@pytest.fixture(scope="module")
def ds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two videos; of the first every frame has one box, the second is given boxes of too few frames."""
    folder: Path = tmp_path_factory.mktemp("gallery")
    ds = rushes.empty(folder / "zoo")
    ds.create_tensor("videos", htype="video")
    ds.create_tensor("boxes", htype="sequence[bbox]", coords={"type": "fractional", "mode": "LTRB"})
    for number, name in enumerate(("one <b>", "two")):
        barcodes.write(folder / f"{name}.mp4", frames=20, size=(320, 240))
        boxes = np.broadcast_to(np.float32([0.25, 0.25, 0.75, 0.75]), (20 - 5 * number, 1, 4))
        ds.append({"videos": rushes.read(folder / f"{name}.mp4"), "boxes": boxes})
    return ds


@pytest.fixture
def pictures(tmp_path: Path) -> Dataset:
    """Sequences of images, of which the second are of two sizes."""
    ds = rushes.empty(tmp_path / "pictures")
    ds.create_tensor("frames", htype="sequence[image]").info["fps"] = 10
    ds.create_tensor("boxes", htype="sequence[bbox]", coords={"type": "fractional", "mode": "LTRB"})
    same = [barcodes.paint(number, (320, 240)) for number in range(20)]
    ds.append({"frames": same, "boxes": [[[0.25, 0.25, 0.75, 0.75]]] * 20})
    ds.append({"frames": [same[0], barcodes.paint(1, (160, 120))], "boxes": [[], []]})
    return ds


def status(url: str, host: str | None = None) -> int:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_page_lists_the_videos_and_says_where_boxes_do_not_fit(ds: Dataset) -> None:
    with ds.visualize(open_browser=False) as gallery:
        page = urllib.request.urlopen(gallery.url).read().decode()
    assert "one &lt;b&gt;" in page
    assert "<b>" not in page
    assert "boxes: 20<" in page
    assert '<small class="amiss">boxes: given for 15 frames<' in page


def test_an_address_opens_once_and_nothing_else_does(ds: Dataset) -> None:
    with ds.visualize(open_browser=False) as gallery:
        url = gallery.url
        with urllib.request.urlopen(url) as answer:
            room = answer.url
        assert status(url) == 404
        assert status(room) == 200
        assert status(room + "videos/1") == 200
        assert [status(room + path) for path in ("videos/2", "boxes/0", "nothing/0", "videos/x")] == [404] * 4
        assert status(room, host="elsewhere.example") == 421
        assert status(f"{url.rpartition('/')[0]}/guess/videos/0") == 404
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(room)


def test_a_data_set_without_videos_has_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no videos to show"):
        rushes.empty(tmp_path / "set").visualize(open_browser=False)


def test_sequences_of_images_are_videos_too_where_they_make_one(pictures: Dataset) -> None:
    with pictures.visualize(open_browser=False) as gallery:
        with urllib.request.urlopen(gallery.url) as answer:
            room, page = answer.url, answer.read().decode()
        assert "frames[0] · 20 frames of 320×240" in page
        assert "frames[1]: images of several sizes, or none, are no video" in page
        assert [status(room + path) for path in ("frames/0", "frames/1", "frames/2")] == [200, 404, 404]


def test_a_sequence_of_images_reads_as_a_video(pictures: Dataset) -> None:
    video = as_video(pictures.frames[0], "frames", 10)
    assert [barcodes.read(picture) for picture in video[[19, 0, 7]].numpy()] == [19, 0, 7]
    assert video[10].timestamps == 1
    np.testing.assert_array_equal(video[3].numpy(), pictures.frames[0, 3].numpy())


@pytest.mark.skipif(chromium.find() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("column", ["videos", "frames"])
def test_a_browser_draws_the_boxes(ds: Dataset, pictures: Dataset, column: str, tmp_path: Path) -> None:
    with (
        (ds if column == "videos" else pictures).visualize(open_browser=False) as gallery,
        chromium.Chromium(chromium.find() or "", tmp_path / "profile") as browser,
    ):
        room = urllib.request.urlopen(gallery.url).url
        browser.open(room)
        browser.wait("document.querySelectorAll('nav a').length === 2")
        browser.wait("document.querySelector('iframe').getBoundingClientRect().width > 500")
        browser.open(f"{room}{column}/0")
        browser.wait("document.body?.dataset.state === 'ready' && document.body.dataset.shown === '0'")
        assert browser.js("document.querySelectorAll('.track.here').length") == 1
        drawn = browser.canvas("canvas").astype(int)
        browser.press("b")
        browser.wait("document.querySelector('#boxes').getAttribute('aria-pressed') === 'false'")
        changed = np.abs(browser.canvas("canvas").astype(int) - drawn).max(axis=2) > 60
        height, width = changed.shape
        down, across = changed[:, width // 2], changed[height // 2]
        assert np.flatnonzero(down)[[0, -1]] == pytest.approx([height / 4, height * 3 / 4], abs=4)
        assert np.flatnonzero(across)[[0, -1]] == pytest.approx([width / 4, width * 3 / 4], abs=4)
