"""Many frames at a time are found as each alone is, with as many at once as memory holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from rushes.errors import ModelError
from rushes.tracking.detector import Detections, Detector

FRAMES = list(np.random.default_rng(0).integers(0, 256, (10, 96, 128, 3), np.uint8))


class Memory:
    """A device that holds ``images`` at a time; says what it was given."""

    def __init__(self, images: int) -> None:
        self.images = images
        self.given: list[int] = []

    def __call__(self, module: torch.nn.Module, arguments: tuple[Any, ...]) -> None:
        if type(module).__name__ == "DetectionModel":
            self.given.append(len(arguments[0]))
            if len(arguments[0]) > self.images:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Every torch network runs on such a device; at first it has memory for all."""
    memory = Memory(1000)
    handle = register_module_forward_pre_hook(memory)
    yield memory
    handle.remove()


@pytest.fixture(scope="module")
def alone() -> list[Detections]:
    return [Detector("yolov8n", 0.001)([frame])[0] for frame in FRAMES]


def assert_same(found: list[Detections], expected: list[Detections]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-2)
        np.testing.assert_allclose(one.class_scores, other.class_scores, atol=1e-4)


def test_a_batch_gives_what_single_frames_give(alone: list[Detections], memory: Memory) -> None:
    assert sum(len(one.boxes) for one in alone) > 5
    assert_same(Detector("yolov8n", 0.001, batch_size=4)(FRAMES), alone)
    assert memory.given == [4, 4, 2]


def test_out_of_memory_halves_the_batch_and_the_work_goes_on(alone: list[Detections], memory: Memory) -> None:
    memory.images = 2
    detector = Detector("yolov8n", 0.001, batch_size=8)
    with pytest.warns(UserWarning, match="memory ran out with . images at once; going on with ."):
        assert_same(detector(FRAMES), alone)
    assert memory.given == [8, 4, 2, 2, 2, 2, 2]
    memory.given.clear()
    assert_same(list(detector.each(iter(FRAMES))), alone)
    assert memory.given == [2, 2, 2, 2, 2]


def test_no_memory_for_one_frame_is_an_error_that_says_what_to_do(memory: Memory) -> None:
    memory.images = 0
    detector = Detector("yolov8n", batch_size=4)
    with (
        pytest.warns(match="memory ran out"),
        pytest.raises(ModelError, match=r"128x96 .*tracking\.device to cpu") as error,
    ):
        detector(FRAMES)
    assert "\n" not in str(error.value)
    assert memory.given == [4, 2, 1]


def test_another_fault_of_the_network_is_not_taken_for_that() -> None:
    def fault(module: torch.nn.Module, arguments: tuple[Any, ...]) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    detector = Detector("yolov8n", batch_size=4)
    handle = register_module_forward_pre_hook(fault)
    try:
        with pytest.raises(RuntimeError, match="illegal memory access"):
            detector(FRAMES)
    finally:
        handle.remove()


ONNX_IN_LITTLE_MEMORY = """
import pathlib, resource, warnings
import numpy as np
from rushes.tracking.detector import Detector
detector, frames = Detector(batch_size=64), list(np.zeros((64, 384, 640, 3), np.uint8))
detector(frames[:1])
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (700 << 20), used + (700 << 20)))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    found = detector(frames)
print(len(found), detector.batch_size < 64, "memory ran out with 64 images" in str(told[0].message))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits a process's memory as Linux does")
def test_onnx_runtime_out_of_memory_is_met_the_same_way() -> None:
    """In a process that may not have the memory for 64 images at once."""
    done = subprocess.run([sys.executable, "-c", ONNX_IN_LITTLE_MEMORY], capture_output=True, text=True)
    assert done.stdout.split() == ["64", "True", "True"], done.stderr


def test_a_generator_of_frames_is_asked_for_a_batch_at_a_time() -> None:
    asked: list[int] = []

    def frames() -> Iterator[np.ndarray]:
        for number, frame in enumerate(FRAMES):
            asked.append(number)
            yield frame

    found = Detector("yolov8n", batch_size=4).each(frames())
    next(found)
    assert asked == [0, 1, 2, 3]
    found.close()


def test_with_a_gpu_frames_are_made_in_a_thread_and_found_the_same(alone: list[Detections]) -> None:
    detector = Detector("yolov8n", 0.001, batch_size=4)
    detector.on_gpu = True
    assert_same(list(detector.each(iter(FRAMES))), alone)


@pytest.mark.parametrize("model", ["yolov8n", "yolo11n"])
def test_a_device_that_is_not_there_is_an_error_and_auto_takes_the_cpu(model: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("CUDA is there")
    assert not Detector(model, device="auto").on_gpu
    assert not Detector(model, device="cpu").on_gpu
    with pytest.raises(ModelError, match=r"CUDA device here: set .*device to auto or cpu"):
        Detector(model, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_in_half_precision_finds_what_the_cpu_finds() -> None:
    on_cuda, on_cpu = Detector("yolov8n", 0.3), Detector("yolov8n", 0.3, device="cpu")
    assert (on_cuda.on_gpu, on_cuda.batch_size) == (True, 32)
    for one, other in zip(on_cuda(FRAMES), on_cpu(FRAMES), strict=True):
        np.testing.assert_allclose(one.boxes, other.boxes, atol=2)
        np.testing.assert_allclose(one.scores, other.scores, atol=0.02)
