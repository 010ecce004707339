"""Slides and pages are told from pictures, from flat drawings and from patterns."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from real_clips import demo_files

from rushes.filters.drawings import drawn, rendered
from rushes.filters.metrics import ClipMetrics
from rushes.filters.slides import looks_like_a_page
from rushes.video.video import open_file

WORDS = ["every", "measured", "thing", "is", "kept", "in", "tables", "so", "that", "anybody", "can", "look", "later"]


def slide(seed: int, n_lines: int = 5) -> np.ndarray:
    """Return a slide of random colours, size of letters and words: uint8 (720, 1280, 3)."""
    rng = np.random.default_rng(seed)
    ground, ink = rng.integers(205, 256, 3), rng.integers(0, 70, 3)
    if rng.random() < 0.4:
        ground, ink = ink, ground
    picture = Image.new("RGB", (1280, 720), tuple(ground.tolist()))
    size = int(rng.integers(28, 64))
    for line in range(n_lines):
        text = " ".join(rng.choice(WORDS, 6))
        font = ImageFont.load_default(size)
        ImageDraw.Draw(picture).text((80, 60 + line * 1.6 * size), text, tuple(ink.tolist()), font)
    return np.array(picture)


def is_page(picture: np.ndarray) -> bool:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    luma = cv2.resize(luma, (luma.shape[1] * 360 // luma.shape[0], 360), interpolation=cv2.INTER_AREA)
    return looks_like_a_page(luma, cv2.Laplacian(luma, cv2.CV_16S))


def test_slides_are_pages() -> None:
    assert np.mean([is_page(slide(seed)) for seed in range(40)]) >= 0.9


def test_a_coded_slide_is_still_one() -> None:
    coded = [cv2.imencode(".jpg", slide(seed), [cv2.IMWRITE_JPEG_QUALITY, 60])[1] for seed in range(20)]
    assert np.mean([is_page(cv2.imdecode(data, cv2.IMREAD_COLOR)) for data in coded]) >= 0.8


@pytest.mark.parametrize("make", [drawn, rendered])
def test_drawings_and_renderings_are_not(make) -> None:
    rng = np.random.default_rng(0)
    assert not any(is_page(frame) for _ in range(5) for frame in make(rng, 1))


def test_noise_patterns_and_nothing_are_not() -> None:
    stripes = np.zeros((360, 640, 3), np.uint8)
    stripes[::20] = 255
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 3)).astype(np.uint8)
    assert not any(map(is_page, (stripes, noise, np.full((360, 640, 3), 255, np.uint8))))


def test_one_line_of_text_is_a_title_and_no_page() -> None:
    assert not is_page(slide(1, n_lines=1))


@pytest.mark.parametrize("name", ["bikes", "carphone", "bigbuckbunny"])
def test_real_clips_have_no_pages(name: str) -> None:
    video = open_file(demo_files()[name])
    assert not any(is_page(picture) for picture in video[::20].numpy())


def test_a_clips_share_counts_its_sampled_frames() -> None:
    metrics = ClipMetrics()
    for at, picture in enumerate([slide(1), slide(2), slide(3), np.zeros((720, 1280, 3), np.uint8)]):
        metrics.add(picture, at / 4)
    assert metrics.result()["slides"] == 0.75
