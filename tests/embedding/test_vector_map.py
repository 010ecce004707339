"""The map of a batch's vectors: where they vary most, drawn for people."""

import cv2
import numpy as np
import pytest

from rushes.vector_map import principal_axes, vector_map


def clusters(count: int, dimensions: int) -> np.ndarray:
    """Vectors around some middles, each apart from the others in a direction of its own."""
    chance = np.random.default_rng(count)
    middles = np.diag(np.arange(2.0, 7.0))[:, :dimensions] @ np.eye(5, dimensions)
    return (middles[np.arange(count) % 5] + chance.normal(scale=0.5, size=(count, dimensions))).astype(np.float32)


def read(picture: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(("count", "dimensions"), [(40, 8), (300, 64), (20, 1280)])
def test_the_axes_are_those_of_greatest_variance(count: int, dimensions: int) -> None:
    vectors = clusters(count, dimensions)
    centred = vectors - vectors.mean(axis=0)
    exact = np.linalg.svd(centred, compute_uv=False)[:2] ** 2
    found = principal_axes(vectors)
    assert ((centred @ found) ** 2).sum(axis=0) == pytest.approx(exact, rel=0.02)
    assert found.T @ found == pytest.approx(np.eye(2), abs=1e-5)
    assert (found[np.abs(found).argmax(axis=0), [0, 1]] > 0).all()


@pytest.mark.parametrize("vectors", [np.ones((3, 8), np.float32), np.eye(3, 8, dtype=np.float32)[:1]])
def test_vectors_without_any_variance_are_drawn_in_the_middle(vectors: np.ndarray) -> None:
    picture = read(vector_map(vectors, ["one"] * len(vectors), [True] * len(vectors)))
    # 640 wide, of which 150 name the videos; 420 high, of which 24 are the title.
    assert picture[222, 245].tolist() != [255, 255, 255]


def test_a_dozen_videos_are_named_and_more_are_not() -> None:
    vectors = clusters(130, 16)
    legend = np.s_[30:, 500:]
    few = read(vector_map(vectors, [f"v{at % 12}" for at in range(130)], [True] * 130))
    assert (few[legend] < 128).any(axis=2).sum() > 100
    many = read(vector_map(vectors, [f"v{at % 13}" for at in range(130)], [True] * 130))
    # Without a legend the dots have all of the width.
    assert (many[legend] < 255).any()
    assert few.shape == many.shape == (420, 640, 3)


def test_the_same_vectors_give_the_same_bytes() -> None:
    vectors = clusters(60, 32)
    pictures = {vector_map(vectors, ["a", "b"] * 30, [True, False] * 30) for _ in range(3)}
    assert len(pictures) == 1
