"""The figures of a clip order pictures as a person would."""

import cv2
import numpy as np
import pytest

from rushes.filters.metrics import ClipMetrics, colourfulness, noise, quality


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
    for shape in ((1, 1), (2, 50), (500, 2), (90, 16), (360, 7)):
        picture = np.zeros((*shape, 3), np.uint8)
        assert all(np.isfinite(value) for value in figures(picture, picture).values())


def test_colourfulness_is_hasler_and_suesstrunk_s() -> None:
    picture = texture(seed=4)
    red, green, blue = (picture[..., n].astype(float) for n in range(3))
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.sqrt(rg.var() + yb.var()) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert colourfulness(picture) == pytest.approx(expected, rel=0.02)


def test_grey_has_no_colour_and_the_more_saturated_the_more() -> None:
    grey = np.repeat(texture()[..., :1], 3, axis=2)
    found = [colourfulness(cv2.addWeighted(texture(), share, grey, 1 - share, 0)) for share in (0, 0.25, 0.5, 1)]
    assert found[0] == pytest.approx(0, abs=1e-4)
    assert found == sorted(found)


@pytest.mark.parametrize("deviation", [2, 5, 10, 20])
@pytest.mark.parametrize("ground", [flat(128), texture()])
def test_noise_is_the_deviation_that_was_added(deviation: float, ground: np.ndarray) -> None:
    luma = cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY)
    added = np.random.default_rng(0).normal(0, deviation, luma.shape)
    noisy = np.round(luma + added).clip(0, 255).astype(np.uint8)
    assert noise(noisy) == pytest.approx(deviation, rel=0.1)


def test_noise_is_the_median_of_immerkaer_s_mask() -> None:
    luma = np.random.default_rng(3).integers(60, 200, (40, 50)).astype(np.uint8)
    padded = np.pad(luma.astype(int), 1, mode="reflect")
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    response = [abs((padded[y : y + 3, x : x + 3] * mask).sum()) for y in range(40) for x in range(50)]
    expected = np.median(np.minimum(response, 255)) / (6 * 0.6745)
    assert noise(luma) == pytest.approx(expected, abs=0.3)


def test_edges_bars_and_clipped_parts_are_not_noise() -> None:
    assert noise(np.zeros((90, 160), np.uint8)) == noise(np.full((90, 160), 255, np.uint8)) == 0
    title = np.zeros((360, 640), np.uint8)
    cv2.putText(title, "a title", (200, 180), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 1, cv2.LINE_AA)
    assert noise(title) == 0
    blocks = np.kron(np.random.default_rng(0).integers(30, 220, (9, 16)), np.ones((20, 20))).astype(np.uint8)
    assert noise(blocks) == 0
    barred = cv2.add(flat(128), np.random.default_rng(0).normal(0, 5, (360, 640, 3)), dtype=cv2.CV_8U)[..., 0]
    whole = noise(barred)
    barred[:200] = 0
    assert noise(barred) == pytest.approx(whole, rel=0.05)


def test_quantiles_of_motion_tell_the_camera_from_what_moves_before_it() -> None:
    wide = texture(width=960)
    pan = figures(*[np.ascontiguousarray(wide[:, at * 8 : at * 8 + 640]) for at in range(5)])
    assert pan["motion_p10"] == pytest.approx(pan["motion_p50"], rel=0.2) == pytest.approx(pan["motion"], rel=0.2)
    passing = []
    for at in range(5):
        picture = texture()
        picture[100:300, 100 + at * 12 : 300 + at * 12] = texture(seed=9)[100:300, 100:300]
        passing.append(picture)
    one = figures(*passing)
    assert one["motion_p50"] < 0.2 * one["motion"]
    assert one["motion"] == pytest.approx(12 / 360 * 4, rel=0.4)


def test_bars_are_told_as_a_share_of_the_frame() -> None:
    picture = texture()
    picture[:22] = picture[-21:] = 0
    assert figures(picture, picture)["letterbox"] == pytest.approx(0.12, abs=0.001)


def test_quality_is_the_mean_of_its_shares() -> None:
    plain = {"sharpness": 100.0, "contrast": 0.2, "exposure": 0.5, "noise": 0.0}
    assert quality(plain) == pytest.approx(0.5**0.25)
    assert quality({**plain, "contrast": 0.1, "exposure": 0.25}) == pytest.approx((0.5 * 0.5 * 0.75) ** 0.25)
    assert quality({**plain, "sharpness": 300.0, "noise": 10.0}) == pytest.approx((0.75 / 5) ** 0.25)


@pytest.mark.parametrize("fault", ["blurred", "dark", "noisy", "pale"])
def test_each_fault_lowers_quality(fault: str) -> None:
    good = texture(seed=2)
    noise_ = np.random.default_rng(0).normal(0, 25, good.shape)
    faulty = {
        "blurred": cv2.GaussianBlur(good, (0, 0), 6),
        "dark": (good * 0.15).astype(np.uint8),
        "noisy": (good + noise_).clip(0, 255).astype(np.uint8),
        "pale": (good * 0.1 + 115).astype(np.uint8),
    }[fault]
    assert figures(faulty)["quality"] < 0.9 * figures(good)["quality"]
