"""Sequences of which a frame cannot be decoded are found before they are packaged."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rows import filtered_row, write_batch
from tasks import ingested
from videos import make_video

from rushes.selection.choice import CANDIDATE, Candidates
from rushes.selection.unreadable import unreadable
from rushes.store.database import connect
from rushes.store.objects import Objects

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


def fill(store: Objects, folder: Path, batch: str, video: str) -> dict[str, Any]:
    """Bring a video in, all of whose frames stand alone, so that damage stays where it is."""
    path = make_video(folder / f"{video}.mp4", FRAMES, size=SIZES[video], gop=1)
    rows = ingested(store, path, video).rows
    tables = {name: rows[name].to_pylist() for name in ("videos", "packets")}
    write_batch(store, batch, **tables, filtered_clips=[filtered_row(video, 0, FRAMES)])
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
