"""The cartoon classifier that comes with Rushes: what it is made of, and what it says of clips it has learned from."""

import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from real_clips import demo_files

from rushes.embedding.embedder import Embedder
from rushes.errors import ModelError
from rushes.filters.cartoon import FILE, CartoonClassifier, read_weights
from rushes.filters.cartoon_examples import SOURCES
from rushes.filters.drawings import drawn, rendered, stylised
from rushes.video.video import open_file


@pytest.fixture(scope="module")
def classifier() -> CartoonClassifier:
    return CartoonClassifier()


def test_a_clips_score_is_the_mean_of_its_frames_log_odds(classifier: CartoonClassifier) -> None:
    frames = [np.random.default_rng(seed).integers(0, 256, (90, 120, 3)).astype(np.uint8) for seed in range(3)]
    weights = read_weights((resources.files("rushes.filters") / FILE).read_bytes())
    expected = np.mean([sum(v * w for v, w in zip(vector, weights, strict=False)) for vector in Embedder()(frames)])
    assert classifier(frames) == pytest.approx(expected + weights[-1], abs=1e-3)


def test_it_knows_the_clips_it_has_learned_from(classifier: CartoonClassifier) -> None:
    scores = {name: classifier(open_file(path)[::25].numpy()) for name, path in demo_files().items()}
    assert scores["bigbuckbunny"] > 0 > max(scores["bikes"], scores["carphone"])


def test_drawings_and_renderings_it_has_not_seen_are_animated(classifier: CartoonClassifier) -> None:
    rng = np.random.default_rng(12345)
    assert all(classifier(make(rng, 2)) > 0 for make in (drawn, rendered) for _ in range(4))


def test_other_weights_than_the_documented_ones_are_refused() -> None:
    data = bytearray((resources.files("rushes.filters") / FILE).read_bytes())
    assert read_weights(bytes(data)).shape == (1281,)
    data[-1] ^= 1
    with pytest.raises(ModelError, match=r"cartoon\.npy has sha256"):
        read_weights(bytes(data))


@pytest.mark.parametrize("make", [drawn, rendered])
def test_made_clips_follow_from_the_seed_and_move(make) -> None:
    one, again, other = (make(np.random.default_rng(seed), 3) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert {frame.shape for frame in one} == {(360, 640, 3)}
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one[0], other[0])


def test_a_stylised_photograph_has_few_colours_and_black_outlines() -> None:
    photo = open_file(demo_files()["bikes"])[10].numpy()
    painted, flat = stylised(photo)
    assert painted.shape == flat.shape == photo.shape
    assert len(np.unique(flat.reshape(-1, 3), axis=0)) < 0.05 * len(np.unique(photo.reshape(-1, 3), axis=0))
    assert (photo.max(axis=2) == 0).mean() < 0.01 < (flat.max(axis=2) == 0).mean() < 0.4
    assert painted.mean() == pytest.approx(photo.mean(), rel=0.2)


def test_every_source_is_a_file_of_its_own_with_a_hash() -> None:
    names = [Path(source.member).name for source in SOURCES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[0-9a-f]{64}", source.sha256) for source in SOURCES)
    assert {source.animated for source in SOURCES} == {True, False}
