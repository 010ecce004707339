"""Candidates are runs of frames of one clip or track, on the recipe's time grid, with a vector where there is one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from rows import Row, embedding_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.errors import SettingsError
from rushes.selection.candidates import Candidate, Considered, consider
from rushes.selection.recipe import Recipe
from rushes.store.database import connect
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects

CLIP_A, CLIP_B = filtered_row("v", 0, 23), filtered_row("v", 23, 50, sharpness=90.0)
DROPPED = filtered_row("v", 50, 100, kept=False, reason="blurred")


def considered(store: Objects, batches: Sequence[str] = (), **fields: Any) -> Considered:
    recipe = Recipe(**{"name": "r", "sequence_length": 5, **fields})
    with connect(store) as connection:
        return consider(connection, recipe, batches or batch_names(store))


def runs(found: Considered) -> list[list[int]]:
    return [candidate.frames.tolist() for candidate in found.candidates]


def fill(store: Objects, embeddings: Sequence[Row] = (), tracks: Sequence[Row] = (), **changes: Any) -> None:
    write_batch(
        store,
        videos=[video_row("v", **changes)],
        packets=packet_rows("v", range(100)),
        filtered_clips=[CLIP_A, CLIP_B, DROPPED],
        tracks=tracks,
        embeddings=embeddings,
    )


def test_sequences_fill_kept_clips_from_their_start_and_never_cross_a_cut(store: Objects) -> None:
    fill(store)
    found = considered(store)
    starts = [*range(0, 20, 5), *range(23, 48, 5)]
    assert runs(found) == [list(range(at, at + 5)) for at in starts]
    assert [c.sequence_id for c in found.candidates[:2]] == ["v.000000-000023.s000000", "v.000000-000023.s000005"]
    assert {c.clip_id for c in found.candidates} == {CLIP_A["clip_id"], CLIP_B["clip_id"]}
    assert found.funnel == [
        ("clips in the store", 3),
        ("kept clips", 2),
        ("clips after where", 2),
        ("sequences", 9),
        ("candidates", 9),
    ]


def test_a_clip_shorter_than_a_sequence_gives_none(store: Objects) -> None:
    fill(store)
    assert runs(considered(store, sequence_length=24)) == [list(range(23, 47))]


def test_frames_alone_are_sequences_of_one(store: Objects) -> None:
    fill(store)
    assert runs(considered(store, unit="frame", sequence_length=None)) == [[n] for n in range(50)]


def test_a_rate_takes_the_frames_on_a_grid_that_begins_with_the_clip(store: Objects) -> None:
    fill(store)
    assert runs(considered(store, fps=5, sequence_length=2)) == [[0, 5], [10, 15], [23, 28], [33, 38], [43, 48]]


def test_a_rate_goes_by_true_times_and_not_by_counting(store: Objects) -> None:
    clip = filtered_row("v", 1, 6)
    pts = [0, 1000, 1010, 1500, 1990, 4000, 5000]
    write_batch(
        store,
        videos=[video_row("v", time_base="1/1000", is_vfr=True)],
        packets=packet_rows("v", pts),
        filtered_clips=[clip],
    )
    assert runs(considered(store, fps=1, sequence_length=2)) == [[1, 4]]
    assert runs(considered(store, fps=2, sequence_length=4)) == [[1, 3, 4, 5]]


def test_where_is_sql_over_the_candidates_columns(store: Objects) -> None:
    fill(store)
    assert {c.clip_id for c in considered(store, where="sharpness > 60 AND collection = 'made'").candidates} == {
        CLIP_B["clip_id"]
    }
    found = considered(store, where="false OR sharpness > 1000")
    assert found.candidates == []
    assert dict(found.funnel)["clips after where"] == 0


def test_where_cannot_bring_dropped_clips_back(store: Objects) -> None:
    fill(store)
    assert len(considered(store, where="true OR kept").candidates) == 9


@pytest.mark.parametrize(
    "where", ["nonsense = 1", "sharpness >", "(", "1; DROP TABLE x", "sharpness = 'x\ny'", "? = 1", "'"]
)
def test_a_where_that_does_not_run_is_an_error_of_one_line(store: Objects, where: str) -> None:
    fill(store)
    with pytest.raises(SettingsError) as caught:
        considered(store, where=where)
    assert str(caught.value).startswith("recipe r: where: ")
    assert "\n" not in str(caught.value)


def test_only_the_batches_named_are_considered(store: Objects) -> None:
    for name in ("day", "night"):
        write_batch(
            store,
            f"{name}-0000",
            videos=[video_row(name, collection=name)],
            packets=packet_rows(name, range(20)),
            filtered_clips=[filtered_row(name, 0, 20)],
        )
    assert {c.video_id for c in considered(store, ["night-0000"]).candidates} == {"night"}
    assert {c.video_id for c in considered(store).candidates} == {"day", "night"}


def test_tracks_are_whole_or_in_pieces(store: Objects) -> None:
    tracks = [track_row(CLIP_A, 1, 2, 14), track_row(CLIP_B, 1, 30, 40, "dog", top10_mean=[0.8], mean_score=0.25)]
    fill(store, tracks=tracks)
    whole = considered(store, unit="track", sequence_length=None)
    assert runs(whole) == [list(range(2, 14)), list(range(30, 40))]
    assert [(c.track_id, c.class_name) for c in whole.candidates] == [
        (tracks[0]["track_id"], "car"),
        (tracks[1]["track_id"], "dog"),
    ]
    assert [c.weighted_score for c in whole.candidates] == pytest.approx([0.25, 0.2])
    assert runs(considered(store, unit="track")) == [
        list(range(2, 7)),
        list(range(7, 12)),
        list(range(30, 35)),
        list(range(35, 40)),
    ]


def test_tracks_of_dropped_clips_are_not_considered(store: Objects) -> None:
    fill(store, tracks=[track_row(DROPPED, 1, 60, 80)])
    assert considered(store, unit="track").candidates == []


def vectors(found: Considered) -> dict[str, Candidate]:
    return {candidate.sequence_id: candidate for candidate in found.candidates}


def test_a_sequences_vector_is_the_mean_direction_of_the_frames_in_it(store: Objects) -> None:
    fill(store, [embedding_row(CLIP_A, 0, [2, 0]), embedding_row(CLIP_A, 4, [0, 5]), embedding_row(CLIP_A, 5, [-1, 0])])
    first, second = considered(store).candidates[:2]
    np.testing.assert_allclose(first.vector, np.sqrt([0.5, 0.5]), rtol=1e-6)
    np.testing.assert_allclose(second.vector, [-1, 0])
    assert first.vector is not None
    assert first.vector.dtype == np.float32


def test_without_a_vector_inside_the_nearest_one_of_the_clip_stands_for_it(store: Objects) -> None:
    of_a = [embedding_row(CLIP_A, 0, [1, 0]), embedding_row(CLIP_A, 22, [0, 1])]
    fill(store, [*of_a, embedding_row(CLIP_B, 23, [-1, 0])])
    found = vectors(considered(store))
    np.testing.assert_allclose(found["v.000000-000023.s000005"].vector, [1, 0])
    np.testing.assert_allclose(found["v.000000-000023.s000015"].vector, [0, 1])


def test_tracks_have_the_vectors_of_their_own_crops(store: Objects) -> None:
    one, two = track_row(CLIP_A, 1, 0, 10), track_row(CLIP_A, 2, 0, 10)
    fill(
        store,
        [
            embedding_row(CLIP_A, 3, [9, 9]),
            embedding_row(CLIP_A, 3, [1, 0], one["track_id"]),
            embedding_row(CLIP_A, 3, [0, 1], two["track_id"]),
        ],
        [one, two],
    )
    found = considered(store, unit="track", sequence_length=None)
    assert [c.vector.tolist() for c in found.candidates if c.vector is not None] == [[1, 0], [0, 1]]


@pytest.mark.parametrize("bad", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_vectors_that_point_nowhere_are_rejected_for_diversity_alone(store: Objects, bad: list[float]) -> None:
    fill(store, [embedding_row(CLIP_A, n, bad) for n in range(5)] + [embedding_row(CLIP_A, 7, [1, 0])])
    found = considered(store, strategies=("diversity",))
    assert [c.frames[0] for c in found.candidates] == [5, 10, 15]
    reasons = {reject.item_id: reject.reason for reject in found.rejects}
    assert reasons["v.000000-000023.s000000"] == "bad_embedding"
    assert reasons["v.000023-000050.s000023"] == "no_embedding"
    assert {reject.item_kind for reject in found.rejects} == {"sequence"}
    other = considered(store)
    assert (len(other.candidates), other.rejects) == (9, [])


def test_vectors_of_two_models_are_not_compared(store: Objects) -> None:
    fill(store, [embedding_row(CLIP_A, 0, [1, 0]), embedding_row(CLIP_B, 25, [1, 0], model="another")])
    with pytest.raises(SettingsError, match="another, made do not compare"):
        considered(store, strategies=("diversity",))
    assert len(considered(store).candidates) == 9


def test_an_empty_store_has_no_candidates(store: Objects) -> None:
    found = considered(store)
    assert (found.candidates, found.rejects) == ([], [])
    assert {count for _, count in found.funnel} == {0}
