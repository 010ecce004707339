"""Deep Lake's tutorial on sequences of MOT16 gives, frame by frame, the pictures, boxes and ids of the files.

Once by the tutorial's own calls, on sequences that have boxes in every frame, as it demands; and once as
``docs/by-hand.md`` has it, on sequences with frames that have none.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from picture_trees import write_mot
from PIL import Image, ImageDraw
from videos import read_barcode

import rushes
import rushes as deeplake
from rushes.handmade import Dataset

PAGE = Path(__file__).parents[2] / "docs" / "by-hand.md"
FRAMES = 12
EMPTY = {("MOT16-05", 4), ("MOT16-05", 10), ("MOT16-13", 12)}
NAMES = [f"MOT16-{number:02d}" for number in (2, 4, 5, 9, 10, 11, 13)]

# The boxes of a frame, by sequence and number: (id, left, top, width, height).
Truth = dict[tuple[str, int], list[tuple[int, float, float, float, float]]]


def write_root(folder: Path, empty: set[tuple[str, int]]) -> Truth:
    """Write ``MOT16/train``: a few objects a frame, in places of their own; return what the files say."""
    rng = np.random.default_rng(16)
    truth: Truth = {}
    for name in NAMES:
        lines = []
        for frame in range(1, FRAMES + 1):
            ids = [] if (name, frame) in empty else rng.permutation(9)[: rng.integers(1, 4)] + 1
            truth[name, frame] = [(int(id), *rng.uniform(1, 20, 4).round(2).tolist()) for id in ids]
            lines += [f"{frame},{','.join(map(str, box))},1,1,1" for box in truth[name, frame]]
        write_mot(folder / "MOT16" / "train" / name, range(1, FRAMES + 1), truth="\n".join(lines))
    return truth


def assert_same(ds: Dataset, sequences: list[str], truth: Truth) -> None:
    assert sorted(sequences) == NAMES
    assert len(ds) == len(NAMES)
    for number, name in enumerate(sequences):
        sample = ds[number]
        assert {len(sample[column]) for column in ("frames", "boxes", "ids")} == {FRAMES}
        for at in range(FRAMES):
            boxes = truth[name, at + 1]
            assert read_barcode(sample["frames"][at].numpy()) == at + 1
            want = np.array([box[1:] for box in boxes], np.float32).reshape(-1, 4)
            np.testing.assert_array_equal(sample["boxes"][at].numpy(), want)
            assert sample["ids"][at].numpy().tolist() == [box[0] for box in boxes]
            assert sample["ids"][at].numpy().dtype == np.uint32


def assert_drawn(picture: Image.Image, boxes: list[tuple[int, float, float, float, float]]) -> None:
    assert boxes
    for _, left, top, *_ in boxes:
        assert picture.getpixel((int(left), int(top))) == (255, 0, 0)


def follow_tutorial(folder: str, target: str) -> tuple[Any, list[str]]:
    """Take sequences in as the tutorial does, in whatever order they are listed; return the data set and that order."""
    ds = deeplake.empty(target)
    sequences = [name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))]
    with ds:
        ds.create_tensor("frames", htype="sequence[image]", sample_compression="jpg")
        ds.create_tensor("boxes", htype="sequence[bbox]")
        ds.create_tensor("ids", htype="sequence[]", dtype="uint32")
        ds.boxes.info.update(coords={"type": "pixel", "mode": "LTWH"})
        for name in sequences:
            images = os.path.join(folder, name, "img1")
            paths = [os.path.join(images, item) for item in sorted(os.listdir(images))]
            table = pd.read_csv(os.path.join(folder, name, "gt", "gt.txt"), header=None)
            frames = pd.unique(table[0])
            assert len(frames) == len(paths)
            of_frames = [table[table[0] == frame] for frame in frames]
            boxes = [rows.loc[:, [2, 3, 4, 5]].to_numpy().astype("float32") for rows in of_frames]
            ids = [rows.loc[:, 1].to_numpy().astype("uint32") for rows in of_frames]
            ds.append({"frames": [deeplake.read(path) for path in paths], "boxes": boxes, "ids": ids})
    return ds, sequences


def draw_boxes(ds: Any, sequence: int, frame: int) -> Image.Image:
    """Draw a frame's boxes as the tutorial does."""
    picture = Image.fromarray(ds.frames[sequence][frame].numpy())
    boxes = ds.boxes[sequence][frame].numpy()
    for b in range(boxes.shape[0]):
        left, top = int(boxes[b][0]), int(boxes[b][1])
        right, bottom = int(boxes[b][0] + boxes[b][2]), int(boxes[b][1] + boxes[b][3])
        ImageDraw.Draw(picture).rectangle([left, top, right, bottom], width=2, outline="red")
    return picture


def test_it_runs_with_the_tutorial_s_calls(tmp_path: Path) -> None:
    truth = write_root(tmp_path, empty=set())
    ds, sequences = follow_tutorial(str(tmp_path / "MOT16" / "train"), str(tmp_path / "mot_2015_train"))
    assert_same(ds, sequences, truth)
    again = rushes.load(tmp_path / "mot_2015_train")
    assert_same(again, sequences, truth)
    assert again.boxes.info["coords"] == {"type": "pixel", "mode": "LTWH"}
    assert_drawn(draw_boxes(ds, 5, 9), truth[sequences[5], 10])


def test_the_page_s_form_of_it_keeps_frames_without_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    truth = write_root(tmp_path, EMPTY)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    [program] = [block for block in blocks if "MOT16/train" in block]
    names: dict[str, Any] = {"rushes": rushes}
    exec(program, names)
    assert_same(rushes.load("demo/mot_2016_train"), NAMES, truth)
    assert_drawn(names["picture"], truth[NAMES[5], 10])
