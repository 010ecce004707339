"""The figures of a clip order pictures as a person would."""

import cv2
import numpy as np
import pytest

from rushes.filters.metrics import ClipMetrics


def texture(width: int = 640, height: int = 360, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(40, 216, (height // 4, width // 4, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def flat(value: int) -> np.ndarray:
    return np.full((360, 640, 3), value, np.uint8)


def figures(*pictures: np.ndarray, fps: float = 4) -> dict[str, float]:
    metrics = ClipMetrics()
    for number, picture in enumerate(pictures):
        metrics.add(picture, number / fps)
    return metrics.result()


def test_the_more_blurred_the_less_sharp() -> None:
    sharpness = [figures(cv2.GaussianBlur(texture(), (0, 0), sigma))["sharpness"] for sigma in (0.1, 1, 2, 4, 8)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 8 > sharpness[-1]
    assert figures(flat(90))["sharpness"] == 0


def test_one_sharp_frame_does_not_make_a_clip_sharp() -> None:
    blurred = cv2.GaussianBlur(texture(), (0, 0), 8)
    assert figures(blurred, texture(), blurred)["sharpness"] == figures(blurred)["sharpness"]


def test_sharpness_tells_of_the_picture_and_not_of_its_resolution() -> None:
    large = cv2.resize(texture(), (1280, 720), interpolation=cv2.INTER_CUBIC)
    assert figures(large)["sharpness"] == pytest.approx(figures(texture())["sharpness"], rel=0.2)


@pytest.mark.parametrize("value", [0, 51, 128, 255])
def test_exposure_is_the_mean_brightness_and_contrast_its_spread(value: int) -> None:
    found = figures(flat(value), flat(value))
    assert found["exposure"] == pytest.approx(value / 255, abs=1e-6)
    assert found["contrast"] == pytest.approx(0, abs=1e-6)


def test_half_black_and_half_white_has_all_the_contrast_there_is() -> None:
    picture = flat(0)
    picture[:, 320:] = 255
    found = figures(picture)
    assert (found["exposure"], found["contrast"]) == (pytest.approx(0.5), pytest.approx(0.5))


def test_a_still_picture_is_still_even_with_some_coding_noise() -> None:
    noise = np.random.default_rng(1)
    pictures = [cv2.add(texture(), noise.integers(0, 2, (360, 640, 3)).astype(np.uint8)) for _ in range(5)]
    found = figures(*pictures)
    assert found["stillness"] == 1
    assert found["motion"] < 0.05


@pytest.mark.parametrize("step", [4, 8, 16])
@pytest.mark.parametrize("fps", [2, 4])
def test_motion_is_in_frame_heights_a_second(step: int, fps: float) -> None:
    wide = texture(width=960)
    found = figures(*[np.ascontiguousarray(wide[:, at * step : at * step + 640]) for at in range(5)], fps=fps)
    assert found["motion"] == pytest.approx(step / 360 * fps, rel=0.25)
    assert found["stillness"] == 0


def test_a_clip_that_stops_halfway_is_half_still() -> None:
    assert figures(texture(seed=1), texture(seed=2), texture(seed=2))["stillness"] == 0.5


def test_a_single_frame_tells_nothing_of_motion() -> None:
    found = figures(texture())
    assert (found["motion"], found["stillness"]) == (0, 0)


def test_any_shape_can_be_measured() -> None:
    for shape in ((1, 1), (2, 500), (500, 2), (90, 16), (360, 7)):
        picture = np.zeros((*shape, 3), np.uint8)
        assert all(np.isfinite(value) for value in figures(picture, picture).values())
