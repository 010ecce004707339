"""ONNX exports of all shapes: what they say of themselves is heeded, and what cannot be used is said in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rushes.errors import ModelError
from rushes.models.onnx_graph import GraphWriter
from rushes.models.registry import locate
from rushes.tracking.detector import Detector


def export(
    path: Path,
    batch: int | str,
    size: tuple[int | str, int | str],
    rows: int = 6,
    columns: int = 3,
    dtype: type[np.floating] = np.float32,
) -> str:
    """A network that always proposes the same: a box at (10, 20) of 8 x 6, one far from it, and one that scores low.

    A pixel's mean is added to the first box's left side, so that it shows what the network was given.
    """
    graph = GraphWriter()
    images = graph.input("images", dtype, [batch, 3, *size])
    proposals = np.zeros((1, rows, columns), dtype)
    proposals[0, :4, :3] = np.array([[14, 23, 8, 6], [44, 33, 8, 6], [24, 13, 8, 6]]).T
    proposals[0, 4:6, :3] = np.array([[0.9, 0.1], [0.2, 0.8], [0.05, 0.01]]).T
    moved = np.zeros((1, rows, columns), dtype)
    moved[0, 0, 0] = 1.0
    mean = graph.add("ReduceMean", images, axes=[1, 2, 3], keepdims=1)
    shaped = graph.add("Reshape", mean, graph.constant(np.array([-1, 1, 1])))
    shift = graph.add("Mul", shaped, graph.constant(moved))
    graph.output(graph.add("Add", shift, graph.constant(proposals)), dtype, ["n", rows, columns])
    path.write_bytes(graph.to_bytes())
    return str(path)


def frames(count: int, width: int, height: int) -> list[np.ndarray]:
    return [np.full((height, width, 3), 255 * (number % 2), np.uint8) for number in range(count)]


@pytest.mark.parametrize("batch", [1, 4, "n"])
def test_an_export_of_one_size_takes_frames_padded_to_it_and_any_number_of_them(
    tmp_path: Path, batch: int | str
) -> None:
    detector = Detector(export(tmp_path / "net.onnx", batch, (64, 96)))
    assert detector.size == (64, 96)
    assert detector.fit(1920, 1080) == (96, 54)
    assert detector.fit(1080, 1920) == (36, 64)  # it cannot be turned for portrait frames
    white_share = 96 * 54 / (96 * 64)
    grey = 114 / 255 * (1 - white_share)
    for number, one in enumerate(detector(frames(5, 96, 54))):
        left = 10 + grey + (white_share if number % 2 else 0)
        np.testing.assert_allclose(one.scores, [0.9, 0.8])
        np.testing.assert_allclose(one.class_scores, [[0.9, 0.1], [0.2, 0.8]])
        np.testing.assert_allclose(one.boxes, np.array([[left, 20, 8, 6], [40, 30, 8, 6]]), atol=1e-4)


def test_an_export_of_free_sizes_takes_what_fits(tmp_path: Path) -> None:
    detector = Detector(export(tmp_path / "net.onnx", "n", ("h", "w")), size=(64, 96))
    assert detector.fit(1080, 1920) == (54, 96)
    assert [len(one.boxes) for one in detector([*frames(2, 96, 54), *frames(1, 54, 96)])] == [2, 2, 2]


def test_an_export_in_half_precision_is_given_and_gives_it(tmp_path: Path) -> None:
    whole, half = (
        Detector(export(tmp_path / f"{dtype.__name__}.onnx", "n", ("h", "w"), dtype=dtype), size=(64, 96))
        for dtype in (np.float32, np.float16)
    )
    for one, other in zip(whole(frames(4, 96, 54)), half(frames(4, 96, 54)), strict=True):
        assert {other.boxes.dtype, other.scores.dtype, other.class_scores.dtype} == {np.dtype(np.float32)}
        np.testing.assert_allclose(other.boxes, one.boxes, atol=0.02)
        np.testing.assert_allclose(other.class_scores, one.class_scores, atol=1e-3)


def test_an_export_without_names_takes_them_from_the_vocabulary(tmp_path: Path) -> None:
    model = export(tmp_path / "net.onnx", "n", ("h", "w"))
    assert (Detector(model).vocabulary, Detector(model).class_names) == ("net", ("class 0", "class 1"))
    (tmp_path / "pets.txt").write_text("cat\ndog\n")
    named = Detector(model, vocabulary=str(tmp_path / "pets.txt"))
    assert (named.vocabulary, named.class_names) == ("pets", ("cat", "dog"))
    with pytest.raises(ModelError, match="scores 2 classes, and there are 80 names"):
        Detector(model, vocabulary="coco")


def test_an_export_that_has_chosen_already_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="without its own NMS"):
        Detector(export(tmp_path / "net.onnx", 1, (64, 96), rows=300, columns=6))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_an_export_of_other_numbers_is_refused(tmp_path: Path, dtype: Any) -> None:
    graph = GraphWriter()
    graph.output(graph.add("Identity", graph.input("images", dtype, ["n", 3, "h", "w"])), dtype, ["n", 3, "h", "w"])
    (tmp_path / "net.onnx").write_bytes(graph.to_bytes())
    with pytest.raises(ModelError, match="takes no float32 or float16 images"):
        Detector(str(tmp_path / "net.onnx"))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, share: float) -> None:
    content = locate("yolo11n").path.read_bytes()
    (tmp_path / "net.onnx").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"net\.onnx") as error:
        Detector(str(tmp_path / "net.onnx"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["names.txt", "encoder.ts", "state.pth"])
def test_a_file_of_another_kind_is_no_detector(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(ModelError, match="is no detector"):
        Detector(str(tmp_path / name))
