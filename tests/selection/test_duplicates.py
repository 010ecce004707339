"""What shows the very same as another sequence is found by its stored vectors, and nothing else is."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import Row, embedding_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.selection.candidates.duplicates import alike, among
from rushes.selection.candidates.items import items
from rushes.selection.candidates.sequences import cut
from rushes.selection.choice import Candidates
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects

A, B = filtered_row("a", 0, 20), filtered_row("b", 40, 60)


def fill(store: Objects, *embeddings: Row, tracks: tuple[Row, ...] = (), b: Row = B) -> None:
    write_batch(
        store,
        videos=[video_row("a"), video_row("b", fps=50)],
        packets=[*packet_rows("a", range(100)), *packet_rows("b", range(100))],
        filtered_clips=[A, b],
        tracks=tracks,
        embeddings=list(embeddings),
    )


def repeated(store: Objects, **fields: Any) -> dict[str, str]:
    """Which sequence repeats which, without the clips' own frame ranges."""
    recipe = Recipe(**{"name": "r", "sequence_length": 5, **fields})
    with connect(store) as connection:
        rows, _ = cut(connection, recipe, items(connection, recipe, batch_names(store)).rows)
        repeats = among(connection, rows, np.arange(len(rows)))
    ids = [f"{row['video_id']}{row['first_frame']}" for row in Candidates(rows).rows.to_pylist()]
    return {ids[at]: ids[other] for at, other in repeats.items()}


def vector(n: float) -> list[float]:
    return [1, n]


def test_the_same_vectors_at_the_same_frames_are_the_very_same(store: Objects) -> None:
    fill(store, *[embedding_row(clip, clip["start_frame"] + n, vector(n)) for clip in (A, B) for n in range(20)])
    assert repeated(store) == {"b40": "a0", "b45": "a5", "b50": "a10", "b55": "a15"}


def test_one_other_vector_is_another_sequence(store: Objects) -> None:
    fill(
        store,
        *[embedding_row(A, n, vector(n)) for n in range(20)],
        *[embedding_row(B, 40 + n, vector(n + (n == 7) / 64)) for n in range(20)],
    )
    assert repeated(store) == {"b40": "a0", "b50": "a10", "b55": "a15"}


def test_the_same_vectors_in_another_order_or_at_other_frames_are_not_the_same(store: Objects) -> None:
    fill(
        store,
        *[embedding_row(A, n, vector(n)) for n in (0, 1, 5, 8, 12)],
        *[embedding_row(B, 40 + n, vector(m)) for n, m in ((0, 1), (1, 0), (5, 5), (7, 8), (12, 12))],
    )
    assert repeated(store) == {}


def test_between_vectors_the_ones_around_must_be_the_same_too(store: Objects) -> None:
    # Both begin in black at frame 0, and go on otherwise at frame 6; they end in the same at frame 12.
    fill(
        store,
        *[embedding_row(A, n, vector(m)) for n, m in ((0, 0), (6, 1), (12, 3), (18, 4))],
        *[embedding_row(B, 40 + n, vector(m)) for n, m in ((0, 0), (6, 2), (12, 3), (18, 4))],
    )
    assert repeated(store) == {"b55": "a15"}  # from 12, the last before it, to 18
    assert repeated(store, sequence_length=3) == {"b52": "a12"}


def test_sequences_that_borrow_one_vector_are_not_the_same(store: Objects) -> None:
    fill(store, embedding_row(A, 2, vector(1)))
    assert repeated(store) == {}


def test_stills_within_a_clip_repeat_each_other_and_the_first_stays(store: Objects) -> None:
    fill(store, *[embedding_row(A, n, vector(1)) for n in range(20)])
    assert repeated(store) == {"a5": "a0", "a10": "a0", "a15": "a0"}


def test_bad_vectors_make_nothing_the_same(store: Objects) -> None:
    rows = [
        embedding_row(clip, clip["start_frame"] + n, [np.nan, 1] if n < 5 else [0, 0])
        for clip in (A, B)
        for n in range(10)
    ]
    fill(store, *rows)
    assert repeated(store) == {}


def test_a_shorter_sequence_is_not_the_same_as_a_longer_one_that_begins_with_it(store: Objects) -> None:
    fill(
        store,
        *[embedding_row(A, n, vector(1)) for n in range(20)],
        *[embedding_row(B, n, vector(1)) for n in (40, 41, 42)],
        b=filtered_row("b", 40, 43),
    )
    for remainder in ("keep", "pad"):
        assert "b40" not in repeated(store, remainder=remainder)


def test_a_rate_that_takes_other_frames_makes_another_sequence(store: Objects) -> None:
    fill(store, *[embedding_row(clip, clip["start_frame"] + n, vector(1)) for clip in (A, B) for n in range(20)])
    # a has 25 frames a second and b 50: the same vectors, but every fifth frame and every tenth.
    found = repeated(store, fps=5, sequence_length=2)
    assert found == {"a10": "a0"}


def test_tracks_are_compared_by_their_own_crops(store: Objects) -> None:
    tracks = (track_row(A, 1, 0, 10), track_row(A, 2, 0, 10), track_row(B, 1, 40, 50))
    crops = {tracks[0]["track_id"]: (1, 2), tracks[1]["track_id"]: (1, 3), tracks[2]["track_id"]: (1, 2)}
    fill(
        store,
        *[embedding_row(A, n, vector(9)) for n in range(10)],
        *[
            embedding_row(track, track["start_frame"] + 3 * n, vector(m), track["track_id"])
            for track in tracks
            for n, m in enumerate(crops[track["track_id"]])
        ],
        tracks=tracks,
    )
    assert repeated(store, unit="track", sequence_length=None) == {"b40": "a0"}


def test_among_looks_at_the_rows_that_are_named_and_keeps_the_first_of_them(store: Objects) -> None:
    fill(store, *[embedding_row(A, n, vector(1)) for n in range(20)])
    recipe = Recipe(name="r", sequence_length=5)
    with connect(store) as connection:
        rows, _ = cut(connection, recipe, items(connection, recipe, batch_names(store)).rows)
        assert among(connection, rows, np.array([3, 1])) == {1: 3}
        assert among(connection, rows, np.array([2])) == {}
        assert among(connection, rows, np.array([], np.int64)) == {}


@pytest.mark.parametrize("width", [1, 3, 64, 300])
@given(of=st.lists(st.integers(0, 6), max_size=30))
def test_all_that_are_alike_are_found_and_none_that_stands_alone(width: int, of: list[int]) -> None:
    kinds = np.random.default_rng(width).normal(size=(7, width)).astype(np.float32)
    vectors = kinds[of].reshape(-1, width)
    at = np.arange(0, len(of), 2)
    picked = [of[place] for place in at]
    assert alike(vectors, at).tolist() == [place for place in at if picked.count(of[place]) > 1]
