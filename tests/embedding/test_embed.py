"""Frames and crops that become vectors, and the clips and tracks that they are kept for."""

from collections import Counter
from pathlib import Path

import pytest
from rows import box_row, filtered_row, track_row
from tasks import ingested
from videos import make_video

from rushes.embedding.embed import EmbedVideo
from rushes.settings import Embedding
from rushes.store.objects import Objects
from rushes.store.schemas import EMBEDDINGS, FILTERED_CLIPS, TRACK_BOXES, TRACKS
from rushes.store.validation import problems


@pytest.fixture(scope="module")
def embed() -> EmbedVideo:
    return EmbedVideo(Embedding(fps=5, crops_per_track=2))


def test_a_frame_of_two_overlapping_clips_has_a_vector_in_each(
    store: Objects, tmp_path: Path, embed: EmbedVideo
) -> None:
    one, two = filtered_row("v", 0, 20), filtered_row("v", 10, 30)
    track = track_row(two, 1, 10, 30)
    task = ingested(
        store,
        make_video(tmp_path / "v.mp4", 30),
        "v",
        {
            "filtered_clips": FILTERED_CLIPS.from_rows([one, two]),
            "tracks": TRACKS.from_rows([track]),
            "track_boxes": TRACK_BOXES.from_rows([box_row(track, n, (5, 5, 20, 20)) for n in range(10, 30)]),
        },
    )
    outcome = embed(task)
    rows = outcome.rows["embeddings"]
    assert isinstance(rows, list)
    assert problems("embeddings", EMBEDDINGS.from_rows(rows)) == []
    assert not outcome.rejects
    whole = {(row["clip_id"], row["frame"]): row["vector"] for row in rows if row["track_id"] is None}
    assert sorted(whole) == [(one["clip_id"], n) for n in (0, 5, 10, 15)] + [
        (two["clip_id"], n) for n in (10, 15, 20, 25)
    ]
    for shared in (10, 15):
        assert whole[one["clip_id"], shared] == whole[two["clip_id"], shared]
    crops = Counter((row["clip_id"], row["track_id"]) for row in rows if row["track_id"])
    assert crops == {(two["clip_id"], track["track_id"]): 2}
    assert not {row["vector"] for row in rows if row["track_id"]} & set(whole.values())
