"""A small store with two videos that can be read, and selections of it made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rows import Row, embedding_row, filtered_row, write_batch
from tasks import ingested
from videos import barcode, make_video

from rushes.selection.choice import CANDIDATE, Candidates, Choice
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import Selection
from rushes.shots.cut import clip_id
from rushes.store.manifests import Record
from rushes.store.objects import Objects
from rushes.store.rejects import Reject
from rushes.store.schemas import RECIPE, REJECTS, SELECTIONS
from rushes.store.tables import write_partition

FRAMES, LENGTH, SIZE = 60, 10, (320, 240)
VIDEOS = ("day", "night")


def recipe(**fields: Any) -> Recipe:
    return Recipe(**{"name": "street", "sequence_length": LENGTH, **fields})


def vector(video: int, frame: int) -> np.ndarray:
    """A vector of a frame: those of one sequence lie close together, those of one video nearer than those of two."""
    noise = np.random.default_rng([video, frame // LENGTH]).normal(size=6)
    wobble = np.random.default_rng([video, frame]).normal(size=6)
    return np.eye(6)[video] * 3 + noise + 0.05 * wobble


def fill(store: Objects, folder: Path, *, embedded: bool = True, **tables: Sequence[Row]) -> None:
    """Bring two videos of a clip each in, with a vector for every second frame."""

    def night(number: int) -> np.ndarray:
        return (barcode(number, *SIZE) // 3).astype(np.uint8)

    looks = dict(zip(VIDEOS, (None, night), strict=True))
    made = {name: make_video(folder / f"{name}.mp4", FRAMES, size=SIZE, picture=looks[name]) for name in VIDEOS}
    tasks = [ingested(store, path, name) for name, path in made.items()]
    clips = [filtered_row(name, 0, FRAMES) for name in VIDEOS]
    write_batch(
        store,
        videos=[row for task in tasks for row in task.rows["videos"].to_pylist()],
        packets=[row for task in tasks for row in task.rows["packets"].to_pylist()],
        filtered_clips=clips,
        embeddings=[
            embedding_row(clip, frame, vector(number, frame))
            for number, clip in enumerate(clips)
            for frame in range(0, FRAMES, 2)
            if embedded
        ],
        **tables,
    )


def candidates(rows: Sequence[Mapping[str, Any]] | None = None, vectors: np.ndarray | None = None) -> Candidates:
    """Candidates of these rows, of which only what matters need be given; by default each run of ten frames."""
    if rows is None:
        runs = [(number, first) for number in range(len(VIDEOS)) for first in range(0, FRAMES, LENGTH)]
        rows = [{"video_id": VIDEOS[number], "first_frame": first} for number, first in runs]
        made = [np.mean([vector(number, f) for f in range(first, first + LENGTH, 2)], axis=0) for number, first in runs]
        vectors = np.array([one / np.linalg.norm(one) for one in made], np.float32)
    whole = []
    for row in rows:
        clip = clip_id(row["video_id"], 0, FRAMES)
        first = row["first_frame"]
        facts = {"clip_id": clip, "track_id": None, "class_name": None, "weighted_score": None, "motion": 0.1}
        facts |= {"last_frame": first + LENGTH - 1, "n_frames": LENGTH, "n_padded": 0, "pooled": False}
        whole.append({"sequence_id": f"{clip}.s{first:06d}", **facts, **row})
    return Candidates(pa.Table.from_pylist(whole, schema=CANDIDATE), vectors)


def selection(
    store: Objects,
    made: Candidates,
    chosen: Sequence[int | Choice],
    rejects: Sequence[Reject] = (),
    note: str | None = None,
    name: str = "street",
) -> Selection:
    """Write a selection as it would be written, and return it."""
    choices = [one if isinstance(one, Choice) else Choice(one, None, f"the {n}th") for n, one in enumerate(chosen)]
    rows = [
        {
            "rank": rank,
            **{key: made.row(choice.at)[key] for key in ("sequence_id", "video_id", "clip_id", "track_id")},
            **{key: made.row(choice.at)[key] for key in ("class_name", "n_padded")},
            "frames": made.frames(choice.at).tolist(),
            "split": "all",
            "score": choice.score,
            "nearest": None,
            "distance": choice.distance,
            "relaxed": choice.relaxed,
            "why": choice.why,
        }
        for rank, choice in enumerate(choices)
    ]
    rejected = [reject.row() for reject in rejects]
    write_partition(store, SELECTIONS, {RECIPE: name}, SELECTIONS.from_rows(rows))
    write_partition(store, REJECTS, {"asset": "selected_sequences", "partition": name}, REJECTS.from_rows(rejected))
    counts = {row["reason"]: sum(other["reason"] == row["reason"] for other in rejected) for row in rejected}
    record = Record(
        "selected_sequences", name, "2", "f" * 32, rejects=counts, inputs={"tracks/made-0000": "a" * 32}, note=note
    )
    funnel = [("clips in the store", 2), ("candidates", len(made)), ("chosen", len(choices))]
    return Selection(record, made, choices, funnel)
