"""A sequence's vector is made of those stored along it, and one that points nowhere is told and not used."""

import gc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import Row, embedding_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.errors import SettingsError, StoreError
from rushes.selection.candidates import embedded, vectors
from rushes.selection.candidates.items import items
from rushes.selection.candidates.sequences import cut
from rushes.selection.candidates.vectors import Loaded, load
from rushes.selection.choice import Candidates
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects
from rushes.store.schemas import EMBEDDINGS
from rushes.store.tables import write_partition

CLIP = filtered_row("v", 0, 20)


def loaded(store: Objects, at: list[int] | None = None, **fields: Any) -> tuple[Candidates, Loaded]:
    recipe = Recipe(**{"name": "r", "sequence_length": 5, **fields})
    with connect(store) as connection:
        rows, _ = cut(connection, recipe, items(connection, recipe, batch_names(store)).rows)
        which = np.arange(len(rows)) if at is None else np.array(at)
        return Candidates(rows), load(connection, recipe, rows, which)


def fill(store: Objects, embeddings: list[Row], clips: tuple[Row, ...] = (CLIP,), tracks: tuple[Row, ...] = ()) -> None:
    videos = sorted({clip["video_id"] for clip in clips})
    write_batch(
        store,
        videos=[video_row(video) for video in videos],
        packets=[row for video in videos for row in packet_rows(video, range(100))],
        filtered_clips=clips,
        tracks=tracks,
        embeddings=embeddings,
    )


def slowly(
    stored: dict[int, list[float]], frames: list[int], how: str, length: int
) -> tuple[list[float] | None, str | None]:
    """A sequence's vector, one stored vector at a time."""
    if not stored:
        return None, "no_embedding"

    def nearest(to: float) -> int:
        return min(sorted(stored), key=lambda frame: abs(frame - to))

    inside = [f for f in sorted(stored) if frames[0] <= f <= frames[-1]] or [nearest((frames[0] + frames[-1]) / 2)]
    used = [nearest((frames + frames[-1:] * length)[nth]) for nth in range(length)] if how == "concat" else inside
    unit = {}
    for frame in {*inside, *used}:
        vector = np.array(stored[frame], np.float16).astype(np.float64)
        size = float(np.sqrt((vector**2).sum()))
        if not np.isfinite(size) or size == 0:
            return None, "bad_embedding"
        unit[frame] = vector / size
    parts = [unit[frame] for frame in used]
    made = {
        "mean": lambda: np.mean(parts, axis=0),
        "max": lambda: np.max(parts, axis=0),
        "first": lambda: parts[0],
        "concat": lambda: np.concatenate(parts),
    }[how]()
    size = float(np.sqrt((made**2).sum()))
    return (None, "bad_embedding") if size < 1e-5 else ((made / size).tolist(), None)


CLIPS = tuple(filtered_row(f"v{n:02d}", 0, 20) for n in range(30))
TRACKS = tuple(track_row(clip, 1, 0, 20) for clip in CLIPS)


@pytest.fixture(scope="module")
def motley(tmp_path_factory: pytest.TempPathFactory) -> tuple[Objects, dict[str, dict[int, list[float]]]]:
    """A store of clips and tracks with vectors here and there, few of them bad, and those vectors by clip or track."""
    random = np.random.default_rng(1)
    values = np.array([-2.5, -1, 0, 0.5, 1.5, 2, 3])
    rows, told = [], {}
    for clip, track in zip(CLIPS, TRACKS, strict=True):
        for key, track_id in ((clip["clip_id"], None), (track["track_id"], track["track_id"])):
            frames = random.choice(20, random.integers(0, 9), replace=False).tolist()
            told[key] = {frame: random.choice(values, 3).tolist() for frame in frames}
            if frames and random.random() < 0.3:
                told[key][frames[0]] = [[0, 0, 0], [np.nan, 1, 1], [1, np.inf, 0]][random.integers(3)]
            if len(frames) > 1 and random.random() < 0.2:
                told[key][frames[1]] = [-value for value in told[key][frames[0]]]
            rows += [embedding_row(clip, frame, vector, track_id) for frame, vector in told[key].items()]
    store = Objects(tmp_path_factory.mktemp("motley"))
    fill(store, rows, CLIPS, TRACKS)
    return store, told


@pytest.mark.parametrize("how", ["mean", "max", "first", "concat"])
@pytest.mark.parametrize(
    "fields",
    [
        {"stride": 2},
        {"stride": 3, "remainder": "keep"},
        {"sequence_length": 7, "remainder": "pad", "within": "track"},
        {"fps": 10, "sequence_length": 3, "remainder": "keep", "within": "track"},
    ],
)
def test_vectors_are_those_made_one_by_one(
    motley: tuple[Objects, dict[str, dict[int, list[float]]]],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    fields: dict[str, Any],
) -> None:
    monkeypatch.setattr(embedded, "_SLICE", 50)
    store, told = motley
    if how == "concat" and fields.get("remainder") == "keep":
        fields = {**fields, "remainder": "pad"}  # shorter ones have no place there
    found, got = loaded(store, aggregate=how, **fields)
    length = fields.get("sequence_length", 5)
    for at, row in enumerate(found.rows.to_pylist()):
        stored = told[row["track_id"] or row["clip_id"]]
        frames = found.frames(at).tolist()
        vector, reason = slowly(stored, frames, how, length)
        assert got.reason[at] == reason
        assert got.own[at] == any(frames[0] <= frame <= frames[-1] for frame in stored)
        np.testing.assert_allclose(got.vectors[at], vector or np.zeros(got.vectors.shape[1]), atol=2e-6)
    assert set(got.reason) == {None, "no_embedding", "bad_embedding"}
    assert got.vectors.dtype == np.float32


def test_a_mean_is_that_of_directions(store: Objects) -> None:
    fill(store, [embedding_row(CLIP, 0, [2, 0]), embedding_row(CLIP, 4, [0, 5]), embedding_row(CLIP, 5, [-1, 0])])
    _, got = loaded(store)
    np.testing.assert_allclose(got.vectors[:2], [np.sqrt([0.5, 0.5]), [-1, 0]], rtol=1e-6)
    assert got.model == "made"


def test_without_a_vector_inside_the_nearest_of_the_clip_stands_for_it_and_that_is_told(store: Objects) -> None:
    other = filtered_row("v", 20, 40)
    rows = [embedding_row(CLIP, 0, [1, 0]), embedding_row(CLIP, 19, [0, 1]), embedding_row(other, 20, [-1, 0])]
    fill(store, rows, (CLIP, other))
    _, got = loaded(store)
    np.testing.assert_allclose(got.vectors, [[1, 0], [1, 0], [0, 1], [0, 1], *[[-1, 0]] * 4])
    assert got.own.tolist() == [True, False, False, True, True, False, False, False]


def test_one_bad_vector_among_good_ones_spoils_the_sequence_and_no_other(store: Objects) -> None:
    for bad in ([np.nan, 1], [np.inf, 1], [0, 0]):
        fill(store, [embedding_row(CLIP, n, bad if n == 7 else [1, n]) for n in range(20)])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _, got = loaded(store)
        assert got.reason == [None, "bad_embedding", None, None]
        assert np.isfinite(got.vectors).all()
        assert not got.vectors[1].any()


def test_vectors_that_cancel_out_point_nowhere(store: Objects) -> None:
    fill(store, [embedding_row(CLIP, 0, [0.3, 0.7]), embedding_row(CLIP, 1, [-0.3, -0.7])])
    assert loaded(store)[1].reason[0] == "bad_embedding"
    assert loaded(store, aggregate="first")[1].reason[0] is None


def test_any_rows_can_be_asked_for_in_any_order(store: Objects) -> None:
    clips = (CLIP, filtered_row("w", 0, 20))
    fill(store, [embedding_row(clip, n, [n + 1, 5]) for clip in clips for n in range(0, 20, 2)], clips)
    _, whole = loaded(store)
    at = [6, 1, 3, 1]
    _, some = loaded(store, at)
    np.testing.assert_array_equal(some.vectors, whole.vectors[at])
    assert len(some.reason) == len(some.own) == 4
    _, none = loaded(store, [])
    assert len(none.vectors) == 0


def test_tracks_and_clips_in_one_table_each_have_their_own_vectors(store: Objects) -> None:
    track = track_row(CLIP, 1, 0, 20)
    fill(store, [embedding_row(CLIP, 0, [1, 0]), embedding_row(CLIP, 0, [0, 1], track["track_id"])], tracks=(track,))
    recipe = Recipe(name="r", sequence_length=20)
    with connect(store) as connection:
        both = pa.table(
            {
                "video_id": ["v", "v"],
                "clip_id": [CLIP["clip_id"]] * 2,
                "track_id": [None, track["track_id"]],
                "first_frame": pa.array([0, 0], pa.int32()),
                "last_frame": pa.array([19, 19], pa.int32()),
            }
        )
        np.testing.assert_allclose(load(connection, recipe, both, np.arange(2)).vectors, [[1, 0], [0, 1]])


def test_a_store_without_vectors_has_none(store: Objects) -> None:
    fill(store, [])
    found, got = loaded(store)
    assert got.vectors.shape == (len(found), 0)
    assert set(got.reason) == {"no_embedding"}
    assert (got.model, got.own.any()) == ("", False)


def test_vectors_of_two_models_are_not_compared(store: Objects) -> None:
    clips = (CLIP, filtered_row("w", 0, 20))
    fill(store, [embedding_row(CLIP, 0, [1, 0]), embedding_row(clips[1], 0, [1, 0], model="another")], clips)
    with pytest.raises(SettingsError, match="recipe r: vectors of another, made do not compare"):
        loaded(store)
    assert loaded(store, where="video_id = 'w'")[1].model == "another"


def test_many_vectors_lie_in_a_file_that_goes_with_them(
    store: Objects, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill(store, [embedding_row(CLIP, n, [n + 1, 5]) for n in range(20)])
    _, in_memory = loaded(store)
    monkeypatch.setattr(vectors, "_IN_MEMORY", 10)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _, in_file = loaded(store)
    assert isinstance(in_file.vectors, np.memmap)
    np.testing.assert_array_equal(in_file.vectors, in_memory.vectors)
    kept = vectors.compacted(in_file.vectors, np.array([1, 3]))
    np.testing.assert_array_equal(kept, in_memory.vectors[[1, 3]])
    del in_file, kept
    gc.collect()
    assert list(tmp_path.glob("rushes-vectors-*")) == []


def test_a_full_disk_is_an_error_that_names_the_folder() -> None:
    with pytest.raises(StoreError, match=r"no room for .* GB of vectors in /.*: set TMPDIR to a larger folder"):
        vectors.allocated(1 << 40, 1 << 10)


@given(st.lists(st.booleans(), max_size=40))
def test_compacting_keeps_the_rows_that_are_kept(kept: list[bool]) -> None:
    given_vectors = np.arange(2 * len(kept), dtype=np.float32).reshape(-1, 2)
    at = np.flatnonzero(kept)
    wanted = given_vectors[at].copy()
    np.testing.assert_array_equal(vectors.compacted(given_vectors.copy(), at), wanted)
    np.testing.assert_array_equal(vectors.taken(given_vectors, at[::-1]), wanted[::-1])


def test_vectors_of_several_batches_and_lengths_of_slices_are_the_same_bytes(
    store: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    for n in range(3):
        clips = [filtered_row(f"v{n}{m}", 0, 20) for m in range(3)]
        write_batch(
            store,
            f"made-{n:04d}",
            videos=[video_row(clip["video_id"]) for clip in clips],
            filtered_clips=clips,
            embeddings=[embedding_row(clip, f, random.normal(size=64)) for clip in clips for f in range(20)],
        )
    _, whole = loaded(store, stride=2)
    for size in (1, 25, 70):
        monkeypatch.setattr(embedded, "_SLICE", size)
        assert loaded(store, stride=2)[1].vectors.tobytes() == whole.vectors.tobytes()


def test_a_broken_partition_of_two_lengths_is_an_error_that_says_so(store: Objects) -> None:
    clips = (CLIP, filtered_row("w", 0, 20))
    fill(store, [embedding_row(CLIP, 0, [1, 0])], clips)
    write_batch(store, "other-0000", videos=[video_row("x")], filtered_clips=[filtered_row("x", 0, 20)])
    rows = EMBEDDINGS.from_rows([embedding_row(filtered_row("x", 0, 20), 0, [1, 0, 1])])
    write_partition(store, EMBEDDINGS, {"batch": "other-0000"}, rows)
    with pytest.raises(StoreError, match="different lengths"):
        loaded(store)
