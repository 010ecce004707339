"""Bars are what stays black at the border through all of a clip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.filters.letterbox import Bars

HEIGHT, WIDTH = 100, 160


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(40, 256, (HEIGHT, WIDTH)).astype(np.uint8)


def barred(frame: np.ndarray, top: int = 0, bottom: int = 0, left: int = 0, right: int = 0) -> np.ndarray:
    out = np.zeros_like(frame)
    inner = (slice(top, HEIGHT - bottom), slice(left, WIDTH - right))
    out[inner] = frame[inner]
    return out


def share(*frames: np.ndarray) -> float:
    bars = Bars()
    for frame in frames:
        bars.add(frame)
    return bars.share()


@given(*[st.integers(0, 40) for _ in range(4)])
def test_the_share_is_what_the_bars_take(top: int, bottom: int, left: int, right: int) -> None:
    frames = [barred(picture(seed), top, bottom, left, right) for seed in range(2)]
    black = sum(1 for y in range(HEIGHT) for x in range(WIDTH) if not (
        top <= y < HEIGHT - bottom and left <= x < WIDTH - right))  # fmt: skip
    assert share(*frames) == pytest.approx(black / (HEIGHT * WIDTH))


def test_twelve_per_cent_are_twelve_per_cent() -> None:
    assert share(barred(picture(), top=6, bottom=6)) == pytest.approx(0.12)


def test_coding_noise_does_not_hide_bars() -> None:
    noisy = barred(picture(), top=10, bottom=10)
    noisy = np.maximum(noisy, np.random.default_rng(1).integers(0, 12, noisy.shape).astype(np.uint8))
    assert share(noisy) == pytest.approx(0.2)


def test_a_mark_in_a_bar_does_not_make_it_picture() -> None:
    marked = barred(picture(), top=20)
    marked[5:10, 100:103] = 255
    assert share(marked) == pytest.approx(0.2)


def test_what_is_black_for_a_moment_is_no_bar() -> None:
    assert share(barred(picture(), top=20), picture()) == 0
    assert share(np.zeros((HEIGHT, WIDTH), np.uint8), barred(picture(), left=16)) == pytest.approx(0.1)


def test_black_in_the_middle_is_no_bar() -> None:
    frame = picture()
    frame[40:60] = 0
    assert share(frame) == 0


def test_where_there_is_no_picture_there_are_no_bars() -> None:
    assert share(np.zeros((HEIGHT, WIDTH), np.uint8)) == 0
    assert share() == 0
