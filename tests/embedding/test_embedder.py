"""Vectors are those of the plain PyTorch network, whatever the batch."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from rushes.embedding.embedder import Embedder, scaled
from rushes.errors import ModelError
from rushes.models.registry import locate


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def picture(seed: int, height: int, width: int) -> np.ndarray:
    """Blots of colour: smoother than noise, so that scaling matters as it does for real images."""
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


PICTURES = [
    picture(seed, *size) for seed, size in enumerate([(224, 224), (360, 640), (90, 50), (301, 223), (1, 1), (20, 500)])
]


def by_torch(images: list[np.ndarray]) -> np.ndarray:
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(locate("efficientnet-lite0").path, weights_only=True))
    network.eval()
    pixels = torch.from_numpy(np.stack([scaled(image) for image in images])).permute(0, 3, 1, 2)
    with torch.inference_mode():
        return network.extract_features((pixels.float() - 127) / 128).mean(dim=(2, 3)).numpy()


def test_vectors_are_those_of_the_pytorch_network(embedder: Embedder) -> None:
    found = embedder(PICTURES)
    assert found.shape == (len(PICTURES), embedder.dim) == (6, 1280)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_torch(PICTURES), atol=1e-4)


def test_an_image_has_the_same_vector_alone_and_among_others(embedder: Embedder) -> None:
    together = embedder(PICTURES)
    alone = np.concatenate([embedder([image]) for image in reversed(PICTURES)])[::-1]
    np.testing.assert_array_equal(together, alone)


IN_LITTLE_MEMORY = """
import pathlib, resource, warnings
import numpy as np
from rushes.embedding.embedder import Embedder
from rushes.models.batches import Batches
embedder, pictures = Embedder(), list(np.zeros((256, 224, 224, 3), np.uint8))
embedder._batches = Batches(256)  # as on a GPU
embedder(pictures[:1])
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (700 << 20), used + (700 << 20)))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    found = embedder(pictures)
print(found.shape[0], np.ptp(found, axis=0).max() == 0, "memory ran out with 256 images" in str(told[0].message))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits a process's memory as Linux does")
def test_when_memory_runs_out_fewer_images_at_a_time_are_embedded() -> None:
    """In a process that may not have the memory for 256 images at once."""
    done = subprocess.run([sys.executable, "-c", IN_LITTLE_MEMORY], capture_output=True, text=True)
    assert done.stdout.split() == ["256", "True", "True"], done.stderr


def test_two_embedders_agree_to_the_bit(embedder: Embedder) -> None:
    np.testing.assert_array_equal(Embedder()(PICTURES), embedder(PICTURES))


def test_no_images_give_no_vectors(embedder: Embedder) -> None:
    assert embedder([]).shape == (0, 1280)


def test_a_larger_copy_of_an_image_is_nearer_to_it_than_another_image_is(embedder: Embedder) -> None:
    image = picture(7, 224, 224)
    larger = cv2.resize(image, (700, 700), interpolation=cv2.INTER_CUBIC)
    first, copy, other = embedder([image, larger, picture(8, 224, 224)])
    assert np.linalg.norm(first - copy) < 0.3 * np.linalg.norm(first - other)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(ModelError, match="_conv_stem"):
        Embedder("transnetv2")
