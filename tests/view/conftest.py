"""A data set in the native format whose pictures tell sequence and step by their colour, packaged for real."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

import rushes
from rushes.packaging import native
from rushes.packaging.packed import FrameBoxes, PackedSequence, Shard, ShardSummary
from rushes.packaging.reader import Dataset

CLASSES = ("person", "<b>car</b>", "bus", "kite")
WIDTH, HEIGHT, STEPS = 96, 64, 5
NASTY = '<img src=x onerror="window.hurt=1">'


def colour(number: int, step: int) -> tuple[int, int, int]:
    return (37 * number % 200 + 30, 40 * step + 30, 120)


def boxes_of(number: int, step: int) -> FrameBoxes:
    """Object 1 moves to the right; object 2, interpolated and left out of evaluation, is in every third sequence."""
    two = number % 3 == 0 and step != 3
    one_has_it = number % 4 != 3
    rows = [[10.0 + 2 * step, 20, 30, 25]] * one_has_it + [[60, 8, 20.5, 40]] * two
    ids = [1] * one_has_it + [2] * two
    count = len(ids)
    return FrameBoxes(
        boxes=np.array(rows, np.float32).reshape(-1, 4),
        track_numbers=np.array(ids, np.uint32),
        class_ids=np.array([0] * one_has_it + [1] * two, np.int32),
        scores=np.array([0.75] * one_has_it + [np.nan] * two, np.float32),
        generated=np.array([False] * one_has_it + [True] * two, bool),
        annotated=np.zeros(count, bool),
        considered=np.array([True] * one_has_it + [False] * two, bool),
        visibility=np.full(count, np.nan, np.float32),
    )


def sequence_of(number: int) -> PackedSequence:
    video = NASTY if number == 2 else f"film{number % 4}"
    pictures = [np.full((HEIGHT, WIDTH, 3), colour(number, step), np.uint8) for step in range(STEPS)]
    return PackedSequence(
        sequence_id=f"film{number % 4}.{number:04d}",
        video_id=video,
        clip_id=f"{video}.c",
        track_id=None,
        split="train" if number < 50 else "val",
        media_id="ab" * 32,
        source_uri="s3://bucket/film.mp4",
        width=WIDTH,
        height=HEIGHT,
        frame_rate=25.0,
        frames=np.arange(100, 100 + STEPS, dtype=np.int32),
        times_s=4 + np.arange(STEPS) / 25,
        start_s=4.0,
        end_s=4 + STEPS / 25,
        jpegs=tuple(simplejpeg.encode_jpeg(picture, 92, "RGB") for picture in pictures),
        boxes=tuple(boxes_of(number, step) for step in range(STEPS)),
        annotated=np.zeros(STEPS, bool),
        embedding=None,
        label=(3, "Kite") if number % 5 == 0 else None,
    )


def package(folder: Path, sequences: Sequence[PackedSequence]) -> Path:
    """Write a data set of its splits, two shards each, as ``datasets/NAME`` of a store has it."""
    files, summaries = [], []
    for split in sorted({one.split for one in sequences}):
        members = [one for one in sequences if one.split == split]
        half = len(members) // 2
        for index, part in enumerate((members[:half], members[half:])):
            shard = Shard("zoo", split, index, 2)
            made = list(native.shard_files(part, shard, CLASSES))
            ids, lengths = tuple(one.sequence_id for one in part), tuple(map(len, part))
            summaries.append(ShardSummary(shard, ids, lengths, tuple(file.path for file in made)))
            files += made
    files += native.index_files(summaries, CLASSES)
    for file in files:
        path = folder / "v1" / "native" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    about = {"version": "v1", "recipe": {"formats": ["mot", "native"]}}
    for path in (folder / "dataset.json", folder / "v1" / "dataset.json"):
        path.write_text(json.dumps(about))
    return folder


@pytest.fixture(scope="session")
def sequences() -> list[PackedSequence]:
    return [sequence_of(number) for number in range(130)]


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory, sequences: list[PackedSequence]) -> Path:
    """130 sequences of two splits in four shards: three pages."""
    return package(tmp_path_factory.mktemp("store") / "datasets" / "zoo", sequences)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("store") / "datasets" / "empty", [])


@pytest.fixture(scope="session")
def ds(zoo: Path) -> Dataset:
    return rushes.open_dataset(zoo)


@pytest.fixture(scope="session")
def packaged() -> Callable[[Path, Sequence[PackedSequence]], Path]:
    return package


@pytest.fixture(scope="session")
def colours() -> Callable[[int, int], tuple[int, int, int]]:
    return colour
