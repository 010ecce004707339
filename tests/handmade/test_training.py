"""Clips are cut out of a data set made by hand as out of one that was packaged."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import barcodes
import numpy as np
import pytest
import torch

import rushes
from rushes.errors import SettingsError
from rushes.handmade import Dataset, SampleError
from rushes.training import Loader

LENGTHS = (10, 13)


def boxes_at(sequence: int, frame: int) -> np.ndarray:
    return np.array([[sequence, frame, 8, 4 + n] for n in range(frame % 3)], np.float32).reshape(-1, 4)


@pytest.fixture(scope="module")
def ds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two sequences of images, with boxes, ids and a label."""
    ds = rushes.empty(tmp_path_factory.mktemp("trained") / "set")
    ds.create_tensor("frames", htype="sequence[image]", sample_compression="png").info["fps"] = 10
    ds.create_tensor("boxes", htype="sequence[bbox]", coords={"type": "pixel", "mode": "LTWH"})
    ds.create_tensor("ids", htype="sequence[]", dtype="uint32")
    ds.create_tensor("label", htype="class_label", class_names=["walk", "run"])
    for sequence, length in enumerate(LENGTHS):
        found = [boxes_at(sequence, frame) for frame in range(length)]
        ds.append(
            {
                "frames": [barcodes.paint(100 * sequence + frame) for frame in range(length)],
                "boxes": found,
                "ids": [np.arange(7, 7 + len(boxes)) for boxes in found],
                "label": sequence,
            }
        )
    return ds


def shown(sample: dict[str, Any]) -> list[int]:
    return [barcodes.read(picture) for picture in sample["frames"].permute(0, 2, 3, 1).numpy()]


def test_a_clip_has_the_frames_and_all_that_is_said_of_them(ds: Dataset) -> None:
    clips = ds.torch(frames=4, stride=2)
    assert len(clips) == 2
    sample = clips[1]
    assert shown(sample) == [100, 102, 104, 106]
    assert [boxes.tolist() for boxes in sample["boxes"]] == [boxes_at(1, frame).tolist() for frame in (0, 2, 4, 6)]
    assert [ids.tolist() for ids in sample["ids"]] == [[], [7, 8], [7], []]
    assert [classes.tolist() for classes in sample["classes"]] == [[], [-1, -1], [-1], []]
    assert [scores.tolist() for scores in sample["scores"]] == [[], [1, 1], [1], []]
    assert sample["timestamps"].tolist() == [0, 0.2, 0.4, 0.6]
    assert sample["frame_numbers"].tolist() == [0, 2, 4, 6]
    assert (int(sample["label"]), int(sample["sequence"]), sample["sequence_id"]) == (1, 1, "frames[1]")


def test_frames_and_boxes_are_scaled_and_turned_as_asked_for(ds: Dataset) -> None:
    sample = ds.torch(size=(48, 64), coords={"type": "fractional", "mode": "LTRB"})[0]
    assert sample["frames"].shape == (10, 3, 48, 64)
    np.testing.assert_allclose(sample["boxes"][1].numpy(), [[0, 1 / 96, 8 / 128, 5 / 96]], rtol=1e-6)


def test_videos_are_cut_as_well_and_nothing_else_is_needed(tmp_path: Path) -> None:
    barcodes.write(tmp_path / "v.mp4", frames=20, first=5)
    ds = rushes.empty(tmp_path / "set")
    ds.create_tensor("videos", htype="video").append(rushes.read(tmp_path / "v.mp4"))
    sample = ds.torch(frames=5)[3]
    assert shown(sample) == [15, 16, 17, 18, 19]
    np.testing.assert_allclose(sample["timestamps"].numpy(), ds.videos[0, 15:].timestamps)
    assert [len(boxes) for boxes in sample["boxes"]] == [0] * 5
    assert int(sample["label"]) == -1


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_read_what_the_parent_would(ds: Dataset, context: str) -> None:
    clips = ds.torch(frames=3)
    alone = [shown({"frames": one}) for batch in Loader(clips, 2) for one in batch["frames"]]
    loader = Loader(clips, 2, num_workers=1, multiprocessing_context=context)
    assert [shown({"frames": one}) for batch in loader for one in batch["frames"]] == alone
    assert len(alone) == 7


def test_a_data_set_can_be_sent_to_another_process(ds: Dataset) -> None:
    other = pickle.loads(pickle.dumps(ds))
    assert barcodes.read(other.frames[1, 3].numpy()) == 103
    assert torch.equal(pickle.loads(pickle.dumps(ds.torch(frames=4)))[1]["frames"], ds.torch(frames=4)[1]["frames"])


def test_what_does_not_go_together_is_said(tmp_path: Path) -> None:
    ds = rushes.empty(tmp_path / "set")
    with pytest.raises(SettingsError, match=r"name the column of videos or sequences of images; there are: none"):
        ds.torch()
    ds.create_tensor("frames", htype="sequence[image]").append([barcodes.paint(n) for n in range(5)])
    ds.create_tensor("boxes", htype="sequence[bbox]").append([[[1, 2, 3, 4]]] * 4)
    with pytest.raises(SampleError, match=r"boxes\[0\] has values for 4 frames, but frames\[0\] has 5"):
        ds.torch()[0]
    ds.create_tensor("more", htype="video")
    with pytest.raises(SettingsError, match=r"of=None: name the column .* there are: frames, more"):
        ds.torch()
    with pytest.raises(SettingsError, match=r"of='boxes': name the column"):
        ds.torch(of="boxes")
