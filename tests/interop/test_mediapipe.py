"""MediaSequence between MediaPipe's code and ours, both ways. Run by ``make test-interop``; skipped without it."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from rushes.packaging import mediasequence
from rushes.packaging.mediasequence_reader import open_mediasequence
from rushes.packaging.mediasequence_sample import sample
from rushes.packaging.packed import FrameBoxes, PackedSequence, Shard
from rushes.packaging.packed_beside import Beside, ImagesAtRate, LabelledSpan, VectorsInTime

PYTHON = os.environ.get("RUSHES_INTEROP_PYTHON")
WORKER = Path(__file__).with_name("mediapipe_worker.py")
GOLDEN = Path(__file__).parents[1] / "packaging" / "golden" / "mediapipe-00000-of-00001"
CLASSES = 3
PIXELS = 5  # TensorFlow decodes JPEG by the quick and less exact transform

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(PYTHON is None, reason="needs an environment of its own: make test-interop"),
]


def work(*arguments: object) -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [str(PYTHON), str(WORKER), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


def read_by_mediapipe(shards: Path, folder: Path, classes: int = CLASSES) -> dict[str, np.ndarray]:
    work("read", shards, classes, folder / "read.npz")
    with np.load(folder / "read.npz") as found:
        return dict(found)


def boxes(count: int, rng: np.random.Generator) -> FrameBoxes:
    sides = np.concatenate([rng.uniform(0, 20, (count, 2)), rng.uniform(1, 20, (count, 2))], axis=1)
    return FrameBoxes(
        sides.astype(np.float32),
        np.arange(1, count + 1, dtype=np.uint32),
        rng.integers(0, CLASSES, count).astype(np.int32),
        rng.uniform(0, 1, count).astype(np.float32),
        np.zeros(count, bool),
        np.arange(count) % 2 == 0,
        np.ones(count, bool),
        np.full(count, np.nan, np.float32),
    )


def sequence(number: int, length: int, label: tuple[int, str] | None, beside: Beside | None = None) -> PackedSequence:
    rng = np.random.default_rng(number)
    slope = np.mgrid[:48, :64].sum(axis=0)
    pictures = [np.stack([slope, 200 - slope, slope + step], 2).astype(np.uint8) for step in range(length)]
    found = tuple(boxes(count, rng) for count in rng.integers(0, 4, length))
    annotated = np.array([bool(b.annotated.any()) for b in found])
    return PackedSequence(
        f"bikes.000000-000029.s{number:06d}", "bikes", "clip", None, "train", "ab" * 32, "bikes.mp4", 64, 48, 25.0,
        np.arange(length, dtype=np.int32), 4 + np.arange(length) / 25, 4.0, 4 + length / 25,
        tuple(simplejpeg.encode_jpeg(picture, 95) for picture in pictures), found, annotated, None, label,
        beside=beside or Beside(),
    )  # fmt: skip


def test_mediapipe_reads_our_shards(tmp_path: Path) -> None:
    sequences = [sequence(0, 5, (2, "bus")), sequence(1, 3, (0, "person")), sequence(2, 4, None)]
    [file] = mediasequence.PLAIN.shard_files(sequences, Shard("street", "train", 0, 1), ("person", "car", "bus"))
    (tmp_path / file.path).write_bytes(file.data)
    found = read_by_mediapipe(tmp_path / file.path, tmp_path)
    for number, one in enumerate(sequences):
        assert found[f"{number}/id"].item().decode() == one.sequence_id
        pictures = np.stack([simplejpeg.decode_jpeg(jpeg) for jpeg in one.jpegs])
        assert np.abs(found[f"{number}/images"].astype(int) - pictures).max() <= PIXELS
        np.testing.assert_array_equal(found[f"{number}/timestamps"], np.round(one.times_s * 1e6))
        for prefix, annotated in (("", True), ("PREDICTED", False)):
            told = [b.boxes[b.annotated == annotated] for b in one.boxes]
            corners = np.concatenate([np.c_[b[:, :2], b[:, :2] + b[:, 2:]] for b in told])[:, [1, 0, 3, 2]]
            corners = (corners / [48, 64, 48, 64]).clip(0, 1)
            np.testing.assert_allclose(found[f"{number}/boxes{prefix}"], corners, atol=1e-6)
            np.testing.assert_array_equal(found[f"{number}/counts{prefix}"], [len(b) for b in told])
    np.testing.assert_array_equal(found["0/labels"], [[0, 0, 1]])
    np.testing.assert_array_equal(found["0/segment_matrix"], np.ones((5, 1)))
    assert found["2/labels"].shape == (0, CLASSES)
    assert found["2/segment_matrix"].shape == (4, 0)


def test_what_stands_beside_the_images_is_in_nobody_s_way(tmp_path: Path) -> None:
    """The module's getters read other rates and vectors by their prefixes."""
    jpegs = sequence(0, 4, None).jpegs
    rates = (ImagesAtRate(10.0, np.array([4_000_000, 4_100_000]), jpegs[:2]),)
    vectors = VectorsInTime(np.array([4.0, 4.08]), np.arange(6, dtype=np.float32).reshape(2, 3))
    [file] = mediasequence.PLAIN.shard_files(
        [sequence(0, 4, (1, "car"), Beside(rates=rates, vectors=vectors))],
        Shard("street", "train", 0, 1),
        ("person", "car", "bus"),
    )
    (tmp_path / file.path).write_bytes(file.data)
    found = read_by_mediapipe(tmp_path / file.path, tmp_path)
    assert found["0/timestampsFPS10"].tolist() == [4_000_000, 4_100_000]
    assert found["0/imagesFPS10"].tobytes() == b"".join(jpegs[:2])
    assert found["0/vectors"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["0/timestampsVectors"].tolist() == [4_000_000, 4_080_000]
    assert len(found["0/images"]) == 4


@pytest.mark.parametrize(
    ("layout", "files", "classes"),
    [
        (mediasequence.DEMO, "demo_space_dataset_train_tfrecord", 2),
        (mediasequence.CHARADES, "charades_v1_train_records", 157),
    ],
)
def test_the_readers_of_the_demo_and_of_charades_take_what_is_written_for_them(
    tmp_path: Path, layout: mediasequence.Layout, files: str, classes: int
) -> None:
    spans = [(LabelledSpan(4.0, 4.09, number % 2, f"c00{number % 2}", None),) for number in range(3)]
    sequences = [sequence(number, 5, None, Beside(spans=spans[number])) for number in range(3)]
    for index in range(2):
        [file] = layout.shard_files(sequences[index::2], Shard("street", "train", index, 2), ("person", "car", "bus"))
        (tmp_path / file.path).write_bytes(file.data)
    found = read_by_mediapipe(tmp_path / f"{files}-*-of-*", tmp_path, classes)
    for number, one in enumerate([*sequences[::2], *sequences[1::2]]):
        index = int(one.sequence_id[-1]) % 2
        assert found[f"{number}/id"].item().decode() == one.sequence_id
        assert np.argwhere(found[f"{number}/labels"]).tolist() == [[0, index]]
        assert found[f"{number}/segment_matrix"].ravel().tolist() == [1, 1, 1, 0, 0]
        assert found[f"{number}/gt_segment_classes"].tolist() == [index + 1]
        np.testing.assert_allclose(found[f"{number}/gt_segment_seconds"], [[4, 4.09]], rtol=1e-6)
        assert np.flatnonzero(found[f"{number}/of_segments"][0]).tolist() == [index + 1]


def test_we_yield_of_mediapipe_s_shards_what_its_readers_do(tmp_path: Path) -> None:
    shard = tmp_path / "made-00000-of-00001"
    work("write", shard)
    found = read_by_mediapipe(shard, tmp_path)
    examples = open_mediasequence(tmp_path)
    assert len(examples) == 2
    for number, example in enumerate(examples):
        ours = sample(example, CLASSES)
        told = {key.partition("/")[2]: value for key, value in found.items() if key.startswith(f"{number}/")}
        assert ours["id"] == told["id"].item().decode()
        assert ours["images"].dtype == told["images"].dtype
        assert np.abs(ours["images"].astype(int) - told["images"]).max() <= PIXELS
        same = ("timestamps", "sampling_rate", "labels", "segment_matrix", "gt_segment_seconds", "gt_segment_classes")
        for name in same:
            np.testing.assert_array_equal(ours[name], told[name], name)
        np.testing.assert_array_equal(ours["classification_target"][:, 1:], told["of_segments"].clip(0, 1)[:, 1:])
        for prefix in ("", "PREDICTED"):
            corners = example.regions(prefix).corners
            np.testing.assert_array_equal(np.concatenate(corners), told[f"boxes{prefix}"])
            assert [len(step) for step in corners] == told[f"counts{prefix}"].tolist()


def test_the_golden_file_is_what_mediapipe_writes(tmp_path: Path) -> None:
    work("write", tmp_path / "made-00000-of-00001")
    made, golden = open_mediasequence(tmp_path), open_mediasequence(GOLDEN.parent, "mediapipe")
    for one, other in zip(made, golden, strict=True):
        assert one.context.keys() == other.context.keys()
        assert one.lists.keys() == other.lists.keys()
        assert one.encoded() == other.encoded()
