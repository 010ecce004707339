"""Sequences of which a frame cannot be decoded are found before they are packaged."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from rows import Row, embedding_row, filtered_row, write_batch
from tasks import ingested
from videos import make_video

from rushes.selection.choice import CANDIDATE, Candidates
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.selection.unreadable import unreadable
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import REJECTS
from rushes.store.tables import read_partition

FRAMES, LENGTH = 60, 10
DAMAGED = 33
SIZES = {"a": (64, 48), "b": (96, 64)}


def sequences(*videos: str) -> Candidates:
    rows = [
        {
            "sequence_id": f"{video}.s{start:06d}",
            "video_id": video,
            "clip_id": f"{video}.000000-{FRAMES:06d}",
            "first_frame": start,
            "last_frame": start + LENGTH - 1,
            "n_frames": LENGTH,
            "n_padded": 0,
            "pooled": False,
        }
        for video in videos
        for start in range(0, FRAMES, LENGTH)
    ]
    return Candidates(pa.Table.from_pylist(rows, schema=CANDIDATE))


def fill(store: Objects, folder: Path, batch: str, video: str, embeddings: Sequence[Row] = ()) -> dict[str, Any]:
    """Bring a video in, all of whose frames stand alone, so that damage stays where it is."""
    path = make_video(folder / f"{video}.mp4", FRAMES, size=SIZES[video], gop=1)
    rows = ingested(store, path, video).rows
    tables = {name: rows[name].to_pylist() for name in ("videos", "packets")}
    write_batch(store, batch, **tables, filtered_clips=[filtered_row(video, 0, FRAMES)], embeddings=embeddings)
    return {"media": rows["videos"]["media_uri"][0].as_py(), "packet": tables["packets"][DAMAGED]}


def damage(store: Objects, media: str, packet: dict[str, Any]) -> None:
    data = bytearray(store.read(media))
    data[packet["pos"] : packet["pos"] + packet["size"]] = b"\xff" * packet["size"]
    store.write(media, bytes(data))


def found(store: Objects, workers: int, *videos: str) -> dict[int, str]:
    with connect(store) as connection:
        candidates = sequences(*videos)
        return unreadable(connection, store, candidates, range(len(candidates)), workers)


@pytest.mark.parametrize("workers", [0, 2])
def test_only_the_sequence_with_the_damaged_frame_is_named(store: Objects, tmp_path: Path, workers: int) -> None:
    damage(store, **fill(store, tmp_path, "one-0000", "a"))
    fill(store, tmp_path, "two-0000", "b")
    bad = found(store, workers, "a", "b")
    assert list(bad) == [DAMAGED // LENGTH]
    assert "\n" not in bad[DAMAGED // LENGTH]


def test_a_video_whose_bytes_are_gone_has_no_readable_sequence(store: Objects, tmp_path: Path) -> None:
    store.delete(fill(store, tmp_path, "one-0000", "a")["media"])
    assert list(found(store, 0, "a")) == list(range(FRAMES // LENGTH))


def test_nothing_is_read_of_what_is_not_asked_about(store: Objects, tmp_path: Path) -> None:
    damage(store, **fill(store, tmp_path, "one-0000", "a"))
    with connect(store) as connection:
        assert unreadable(connection, store, sequences("a"), [0, 1, 2, 4, 5], 0) == {}
        assert unreadable(connection, store, sequences("a"), [], 0) == {}


def test_progress_counts_videos(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, "one-0000", "a")
    fill(store, tmp_path, "two-0000", "b")
    told: list[tuple[int, int]] = []
    with connect(store) as connection:
        unreadable(connection, store, sequences("a", "b"), range(12), 0, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("strategies", [("diversity",), ("random",), ("diversity", "random")])
def test_another_is_chosen_in_its_place_and_nothing_changes_before_it(
    store: Objects, tmp_path: Path, strategies: tuple[str, ...]
) -> None:
    """In smaller selections, which do not come to the damaged one, nothing is known of the damage."""
    clip, vectors = filtered_row("a", 0, FRAMES), np.random.default_rng(0).normal(size=(FRAMES, 3))
    embeddings = [embedding_row(clip, n, vectors[n].tolist()) for n in range(0, FRAMES, 5)]
    made = fill(store, tmp_path, "one-0000", "a", embeddings)

    def chosen(count: int) -> list[str]:
        recipe = Recipe(
            name="r", sequence_length=LENGTH, strategies=strategies, n_sequences=count, exact_duplicates="keep"
        )
        done = select(store, recipe)
        return [done.candidates.row(choice.at)["sequence_id"] for choice in done.choices]

    sound = [chosen(count) for count in range(1, FRAMES // LENGTH + 1)]
    damage(store, **made)
    damaged = f"{clip['clip_id']}.s{DAMAGED // LENGTH * LENGTH:06d}"
    found = [chosen(count) for count in range(1, FRAMES // LENGTH + 1)]
    rank = sound[-1].index(damaged)
    assert found[:rank] == sound[:rank]
    assert all(damaged not in one for one in found)
    assert found[-1] == found[-2], "five of six are left"
    assert all(longer[: len(shorter)] == shorter for shorter, longer in pairwise(found))
    rejects = read_partition(store, REJECTS, {"asset": "selected_sequences", "partition": "r"}).to_pylist()
    assert [(reject["item_id"], reject["reason"]) for reject in rejects] == [(damaged, "corrupt")]


@pytest.mark.parametrize("seed", range(4))
def test_what_shows_the_same_as_one_that_cannot_be_decoded_is_chosen_in_its_place(
    store: Objects, tmp_path: Path, seed: int
) -> None:
    for batch, video in (("one-0000", "a"), ("two-0000", "b")):
        clip = filtered_row(video, 0, FRAMES)
        vectors = [embedding_row(clip, frame, [frame, 1]) for frame in range(0, FRAMES, 5)]
        media = fill(store, tmp_path, batch, video, vectors)
        if video == "a":
            damage(store, **media)
    done = select(store, Recipe(name="whole", sequence_length=LENGTH, seed=seed))
    chosen = [str(done.candidates.row(choice.at)["sequence_id"]) for choice in done.choices]
    assert {sequence[-6:] for sequence in chosen} == {f"{start:06d}" for start in range(0, FRAMES, LENGTH)}
    assert len(chosen) == FRAMES // LENGTH
    assert f"b.000000-000060.s{DAMAGED // LENGTH * LENGTH:06d}" in chosen
