"""Learning the cartoon classifier: nothing is learned from what is held out; the same clips give the same weights."""

import hashlib

import numpy as np
import pytest

from rushes.filters.cartoon_examples import Example
from rushes.filters.drawings import drawn
from rushes.filters.train_cartoon import Learned, as_file, embedded, fit, held_out, report, wilson, worsened


def learned(n: int = 120, groups: int = 6, dims: int = 3, seed: int = 0, signal: float = 2.0) -> Learned:
    """Return made vectors of groups, the even ones animated, told by the first figure."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % groups
    animated = group % 2 == 0
    vectors = rng.normal(size=(n, dims)).astype(np.float32) * (1, 5, 0.2)[:dims] + 3
    vectors[:, 0] += np.where(animated, signal, -signal)
    names = np.array([f"g{g}" for g in group])
    kind = np.where(group < 4, "film", "photo")
    return Learned(
        vectors, np.arange(n) // groups * groups + group, names, np.char.add(kind, animated.astype(str)), animated
    )


def test_weights_are_those_of_plain_gradient_descent() -> None:
    data, penalty = learned(signal=0.7), 0.05
    x = (data.vectors - data.vectors.mean(0)) / data.vectors.std(0)
    count = {side: len(set(data.kind[data.animated == side])) for side in (True, False)}
    share = np.array([
        0.5 / count[bool(a)] / len(set(data.group[data.kind == k])) / (data.group == g).sum()
        for a, k, g in zip(data.animated, data.kind, data.group, strict=True)
    ])  # fmt: skip
    weights, bias = np.zeros(3), 0.0
    for _ in range(5000):
        wrong = share * (1 / (1 + np.exp(-(x @ weights + bias))) - data.animated)
        weights, bias = weights - 2 * (wrong @ x + penalty * weights), bias - 2 * wrong.sum()
    found = fit(data, np.ones(len(x), bool), penalty)
    assert data.vectors @ found[:-1] + found[-1] == pytest.approx(x @ weights + bias, abs=1e-3)


def test_only_the_rows_given_are_learned_from() -> None:
    data = learned()
    rows = data.group != "g0"
    before = fit(data, rows)
    data.vectors[~rows] += 100
    assert np.array_equal(fit(data, rows), before)


def test_what_tells_groups_apart_does_not_help_with_a_held_out_one() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    animated = rng.permutation(np.arange(20) % 2 == 0)[group]
    vectors = (np.eye(20)[group] * 5 + rng.normal(size=(200, 20)) * 0.1).astype(np.float32)
    data = Learned(vectors, group, np.array([f"g{g}" for g in group]), np.where(animated, "a", "b"), animated)
    weights = fit(data, np.ones(200, bool), 1e-3)
    assert (((vectors @ weights[:-1] + weights[-1]) > 0) == animated).all()
    assert ((held_out(data, 1e-3) > 0) == animated).mean() < 0.7


def test_what_holds_for_all_groups_does() -> None:
    data = learned()
    assert ((held_out(data, 1e-2) > 0) == data.animated).mean() > 0.9


@pytest.mark.parametrize(
    ("right", "count", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 5, 0, 0.4345), (90, 100, 0.8256, 0.9448)]
)
def test_intervals_are_wilson_s(right: int, count: int, low: float, high: float) -> None:
    assert wilson(right, count) == pytest.approx((low, high), abs=1e-3)


def test_the_report_counts_frames_and_clips() -> None:
    animated = np.array([True] * 4 + [False] * 4)
    data = Learned(np.zeros((8, 1)), np.arange(8) // 2, np.array(["film"] * 4 + ["street"] * 4),
                   np.array(["drawn"] * 4 + ["filmed"] * 4), animated)  # fmt: skip
    lines = report(data, np.array([1.0, 1, -3, 1, -1, -1, -1, -1]))
    assert "| film | drawn | 75.0% of 4 | 50.0% of 2 |" in lines
    assert "| street | filmed | 100.0% of 4 | 100.0% of 2 |" in lines
    assert lines[-2].startswith("| all | animated | 75.0% of 4 | 50.0% of 2, 9% to 91% |")


def test_the_same_examples_give_the_same_file() -> None:
    clips = [Example(f"g{n}", f"k{n % 2}", n % 2 == 0, drawn(np.random.default_rng(n), 2)) for n in range(4)]

    def embed(pictures: list[np.ndarray]) -> np.ndarray:
        return np.stack([picture.mean(axis=(0, 1)) for picture in pictures]).astype(np.float32)

    def file() -> bytes:
        data = embedded(clips, embed, 0)
        assert data.vectors.shape == (16, 3)
        assert data.clip.tolist() == [n for n in range(4) for _ in range(4)]
        return as_file(fit(data, np.ones(16, bool)))

    assert hashlib.sha256(file()).digest() == hashlib.sha256(file()).digest()


def test_a_worsened_frame_is_small_and_alike() -> None:
    frame = drawn(np.random.default_rng(3), 1)[0]
    worse = worsened(frame, np.random.default_rng(0))
    assert 90 <= worse.shape[0] <= 180
    assert worse.shape[1] / worse.shape[0] == pytest.approx(16 / 9, rel=0.02)
    assert worse.mean(axis=(0, 1)) == pytest.approx(frame.mean(axis=(0, 1)), abs=6)
