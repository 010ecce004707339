"""A recipe's candidates: what its collections, its condition and its split let through, less what cannot be used.

The cutting is in ``test_sequences``, vectors in ``test_vectors``, what is the very same in ``test_duplicates``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from rows import Row, embedding_row, filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.errors import SettingsError
from rushes.selection.candidates.consider import Considered, consider
from rushes.selection.recipes.options import Split
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.manifests import batch_names
from rushes.store.objects import Objects
from rushes.store.schemas import REJECTS
from rushes.store.tables import write_partition

CLIP_A, CLIP_B = filtered_row("v", 0, 23), filtered_row("v", 23, 50, sharpness=90.0, motion=0.7)
DROPPED = filtered_row("v", 50, 100, kept=False, reason="blurred")
OTHER = filtered_row("w", 0, 20)


def considered(
    store: Objects, batches: Sequence[str] = (), pool: Sequence[dict[str, Any]] = (), **fields: Any
) -> Considered:
    recipe = Recipe.model_validate({"name": "r", "sequence_length": 5, **fields})
    with connect(store) as connection:
        return consider(connection, recipe, batches or batch_names(store), pool)


def ids(found: Considered) -> list[str]:
    """Video and first frame of each candidate; of pooled ones in brackets."""
    rows = found.candidates.rows.to_pylist()
    names = [f"{row['video_id']}{row['first_frame']}" for row in rows]
    return [f"({name})" if row["pooled"] else name for name, row in zip(names, rows, strict=True)]


def fill(store: Objects, embeddings: Sequence[Row] = (), tracks: Sequence[Row] = (), clips: Sequence[Row] = ()) -> None:
    write_batch(
        store,
        videos=[video_row("v"), video_row("w")],
        packets=[*packet_rows("v", range(100)), *packet_rows("w", range(20))],
        filtered_clips=clips or [CLIP_A, CLIP_B, DROPPED, OTHER],
        tracks=tracks,
        embeddings=embeddings,
    )


def chosen_row(clip: Row, frames: Sequence[int], track: Row | None = None, **changes: Any) -> dict[str, Any]:
    """A row of ``selections``, as far as it is read."""
    item = track["track_id"] if track else clip["clip_id"]
    return {
        "sequence_id": f"{item}.s{frames[0]:06d}",
        "video_id": clip["video_id"],
        "clip_id": clip["clip_id"],
        "track_id": track["track_id"] if track else None,
        "frames": list(frames),
        "n_padded": 0,
        **changes,
    }


def test_the_funnel_tells_how_many_were_left_at_each_step(store: Objects) -> None:
    fill(store)
    assert considered(store).funnel == [
        ("clips in the store", 4),
        ("kept clips", 3),
        ("sequences", 13),
        ("readable", 13),
        ("candidates", 13),
    ]
    found = considered(
        store,
        where="motion < 0.5",
        split=Split(exclude=("w*",)),
        strategies=["max_motion", {"threshold": {"column": "sharpness", "above": 60}}],
    )
    assert found.funnel == [
        ("clips in the store", 4),
        ("kept clips", 3),
        ("after where", 2),
        ("of videos not excluded", 1),
        ("sequences", 4),
        ("readable", 4),
        ("within thresholds", 0),
        ("with motion", 0),
        ("candidates", 0),
    ]


def test_an_empty_store_has_no_candidates(store: Objects) -> None:
    for fields in ({}, {"strategies": ["diversity"]}, {"fps": 5}, {"unit": "track", "near_duplicates": 0.1}):
        found = considered(store, **fields)
        assert (len(found.candidates), found.rejects) == (0, [])
        assert {count for _, count in found.funnel} == {0}


def test_only_the_batches_named_are_considered(store: Objects) -> None:
    for name in ("day", "night"):
        write_batch(
            store,
            f"{name}-0000",
            videos=[video_row(name, collection=name)],
            filtered_clips=[filtered_row(name, 0, 10)],
        )
    assert ids(considered(store, ["night-0000"])) == ["night0", "night5"]
    assert len(considered(store).candidates) == 4


# The condition


def test_where_is_sql_over_the_candidates_columns(store: Objects) -> None:
    fill(store)
    found = considered(
        store, where="sharpness > 60\n  AND collection = 'made' AND clip_id IN (SELECT clip_id FROM clip_candidates)"
    )
    assert ids(found) == ["v23", "v28", "v33", "v38", "v43"]
    assert ids(considered(store, where="source_uri LIKE '%--%' OR source_uri LIKE '%/*%' OR video_id = 'w'")) == [
        "w0",
        "w5",
        "w10",
        "w15",
    ]
    assert len(considered(store, where="false OR sharpness > 1000").candidates) == 0


def test_where_cannot_bring_dropped_clips_back(store: Objects) -> None:
    fill(store)
    assert len(considered(store, where="true OR kept").candidates) == 13


def test_dropped_tracks_come_back_only_when_where_speaks_of_them(store: Objects) -> None:
    tracks = [
        track_row(CLIP_A, 1, 0, 5),
        track_row(CLIP_A, 2, 5, 10, kept=False, reason="too_short"),
        track_row(DROPPED, 1, 60, 80),
    ]
    fill(store, tracks=tracks)
    assert ids(considered(store, unit="track")) == ["v0"]
    assert ids(considered(store, unit="track", where="n_boxes = 5")) == ["v0"]
    assert ids(considered(store, unit="track", where="NOT Track_Kept")) == ["v5"]


@pytest.mark.parametrize(
    "where",
    [
        "nonsense = 1",
        "sharpness >",
        "(",
        "true) OR (true",
        "true) OR kept = (false",
        "sharpness > 1; DROP VIEW clips",
        "sharpness > 1;",
        "sharpness = 'x\ny'",
        "? = 1",
        "$x = 1",
        "'",
        "true -- and no more",
        "true /* and no more",
        "true /* fine */",
        "true ORDER BY motion",
        "true LIMIT 1",
        "true GROUP BY ALL",
        "true UNION SELECT 1",
        "SELECT true",
        "motion, sharpness",
        "count(*) > 1",
        "row_number() OVER () < 3",
        "no_such_function(motion)",
        "random() < 0.5",
        "now() > TIMESTAMP '2020-01-01'",
        "current_date > DATE '2020-01-01'",
        "clip_id IN (SELECT clip_id FROM clips USING SAMPLE 1)",
        "video_id",
    ],
)
def test_a_where_that_is_no_lone_and_lasting_condition_is_an_error_of_one_line(store: Objects, where: str) -> None:
    fill(store)
    with pytest.raises(SettingsError) as caught:
        considered(store, where=where)
    assert str(caught.value).startswith("recipe r: where: ")
    assert "\n" not in str(caught.value)


def test_a_column_that_is_not_there_is_named_with_those_that_are_nearest_first(store: Objects) -> None:
    fill(store)
    with pytest.raises(SettingsError, match="'sharpnes'; there are: sharpness, "):
        considered(store, where="sharpnes > 3")
    for strategy in ("weights", "balance", "threshold"):
        more = {"target": {"x": 1}} if strategy == "balance" else {"at_least": 1} if strategy == "threshold" else {}
        with pytest.raises(SettingsError, match="recipe r: there is no column 'motoin'; there are: motion, "):
            considered(store, strategies=[{strategy: {"column": "motoin", **more}}])


# Columns that strategies name


def test_columns_that_strategies_name_are_there_numbers_as_such_and_others_as_text(store: Objects) -> None:
    fill(store)
    weights = {"weights": {"column": "sharpness"}}
    balance = {"balance": {"column": "kept", "target": {"true": 0.5}}}
    rows = considered(store, strategies=[weights, balance]).candidates.rows
    assert set(
        zip(rows["clip_id"].to_pylist(), rows["sharpness"].to_pylist(), rows["kept"].to_pylist(), strict=True)
    ) == {
        (CLIP_A["clip_id"], 50.0, "true"),
        (CLIP_B["clip_id"], 90.0, "true"),
        (OTHER["clip_id"], 50.0, "true"),
    }
    assert "sharpness" not in considered(store).candidates.rows.column_names
    ranges = considered(store, strategies=[{"weights": {"column": "start_frame"}}]).candidates.rows
    assert ranges["start_frame"].to_pylist() == [*[0] * 4, *[23] * 5, *[0] * 4]


def test_weights_and_thresholds_need_numbers(store: Objects) -> None:
    fill(store)
    for strategy in ({"weights": {"column": "collection"}}, {"threshold": {"column": "clip_id", "above": 1}}):
        with pytest.raises(SettingsError, match=r"recipe r: column .* holds no numbers"):
            considered(store, strategies=[strategy])


def test_what_lacks_a_figure_is_a_reject(store: Objects) -> None:
    fill(store, clips=[{**CLIP_A, "aesthetics": 4.0}, CLIP_B, {**OTHER, "aesthetics": float("nan")}])
    found = considered(store, strategies=[{"weights": {"column": "aesthetics"}}])
    assert ids(found) == ["v0", "v5", "v10", "v15"]
    assert {r.reason for r in found.rejects} == {"no_figure"}
    assert len(found.rejects) == 9
    assert found.funnel[-2] == ("with aesthetics", 4)


def test_a_threshold_drops_without_a_reject(store: Objects) -> None:
    fill(store)
    found = considered(store, strategies=["random", {"threshold": {"column": "sharpness", "above": 50}}])
    assert ids(found) == ["v23", "v28", "v33", "v38", "v43"]
    assert found.rejects == []


def test_what_has_no_class_has_no_turn(store: Objects) -> None:
    fill(store, tracks=[track_row(CLIP_A, 1, 0, 7), track_row(OTHER, 1, 0, 20, "dog")])
    found = considered(store, strategies=["class_balanced"])
    assert ids(found) == ["v0", "v5", "w0", "w5", "w10", "w15"]
    assert dict(found.funnel)["with a class"] == 6
    assert len(considered(store, strategies=["video_balanced"]).candidates) == 13


# What cannot be used


def test_sequences_of_videos_that_could_not_be_read_later_are_rejects(store: Objects) -> None:
    fill(store)
    row = {"item_kind": "video", "item_id": "w", "stage": "tracks", "reason": "undecodable", "detail": "frame 7"}
    other = {"item_kind": "clip", "item_id": CLIP_A["clip_id"], "stage": "x", "reason": "failed", "detail": ""}
    write_partition(store, REJECTS, {"asset": "tracks", "partition": "made-0000"}, REJECTS.from_rows([row, other]))
    found = considered(store)
    assert {name[0] for name in ids(found)} == {"v"}
    assert [(r.item_kind, r.item_id, r.stage, r.reason) for r in found.rejects] == [
        ("sequence", f"w.000000-000020.s{n:06d}", "select", "corrupt") for n in (0, 5, 10, 15)
    ]
    assert {r.detail for r in found.rejects} == {"its video was rejected by tracks: undecodable"}
    assert dict(found.funnel)["readable"] == 9


@pytest.mark.parametrize("bad", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_vectors_that_point_nowhere_are_rejects_when_vectors_are_compared(store: Objects, bad: list[float]) -> None:
    fill(store, [embedding_row(CLIP_A, n, bad) for n in range(5)] + [embedding_row(CLIP_A, 7, [1, 0])])
    found = considered(store, strategies=["diversity"])
    assert ids(found) == ["v5", "v10", "v15"]
    assert found.candidates.vectors is not None
    np.testing.assert_array_equal(found.candidates.vectors, [[1, 0]] * 3)
    reasons = {reject.item_id: reject.reason for reject in found.rejects}
    assert reasons["v.000000-000023.s000000"] == "bad_embedding"
    assert reasons["v.000023-000050.s000023"] == "no_embedding"
    assert len(found.rejects) == 10
    other = considered(store)
    assert (len(other.candidates), other.rejects, other.candidates.vectors) == (13, [], None)


def test_exact_duplicates_are_rejects_unless_they_may_stay(store: Objects) -> None:
    fill(store, [embedding_row(c, n, [1, n]) for c in (CLIP_A, OTHER) for n in range(20)])
    found = considered(store, strategies=["diversity"], where="sharpness < 60")
    assert ids(found) == ["v0", "v5", "v10", "v15"]
    assert found.rejects[0].item_id == "w.000000-000020.s000000"
    assert {(r.reason, r.detail[:9]) for r in found.rejects} == {("duplicate", "repeats v")}
    assert dict(found.funnel)["not exact duplicates"] == 4
    stay = considered(store, strategies=["diversity"], where="sharpness < 60", exact_duplicates="keep")
    assert len(stay.candidates) == 8
    assert "not exact duplicates" not in dict(stay.funnel)


def test_near_duplicates_are_rejects_when_a_distance_is_given(store: Objects) -> None:
    angles = {0: 0.0, 5: 0.02, 10: 1.0, 15: 1.5}
    fill(store, [embedding_row(OTHER, n, [np.cos(angle), np.sin(angle)]) for n, angle in angles.items()])
    found = considered(store, near_duplicates=0.1, where="video_id = 'w'")
    assert ids(found) == ["w0", "w10", "w15"]
    assert [(r.item_id[-3:], r.reason) for r in found.rejects] == [("005", "near_duplicate")]
    assert found.candidates.vectors is not None
    np.testing.assert_allclose(found.candidates.vectors, [[np.cos(a), np.sin(a)] for a in (0.0, 1.0, 1.5)], atol=1e-3)
    assert len(considered(store, near_duplicates=0.01, where="video_id = 'w'").candidates) == 4


# What was chosen before


def test_pooled_rows_stand_among_the_candidates_and_are_counted_as_none(store: Objects) -> None:
    fill(store)
    pool = [chosen_row(CLIP_A, range(5, 10)), chosen_row(CLIP_B, range(24, 29))]
    found = considered(store, pool=pool, where="video_id = 'v' AND sharpness < 60")
    assert ids(found) == ["v0", "(v5)", "v10", "v15", "(v24)"]
    assert found.funnel[-3:] == [("not chosen before", 3), ("readable", 3), ("candidates", 3)]
    assert [found.candidates.frames(at).tolist()[0] for at in np.flatnonzero(found.candidates.pooled)] == [5, 24]


def test_a_pooled_row_keeps_the_frames_that_were_chosen(store: Objects) -> None:
    fill(store)
    pool = [
        chosen_row(CLIP_A, [0, 2, 4]),
        chosen_row(CLIP_A, range(5)),  # of another recipe, by the same id: the first counts
        chosen_row(OTHER, [15, 16, 17, 17], n_padded=1),
    ]
    found = considered(store, pool=pool)
    frames = {name: found.candidates.frames(at).tolist() for at, name in enumerate(ids(found))}
    assert frames["(v0)"] == [0, 2, 4]
    assert frames["(w15)"] == [15, 16, 17, 17]
    assert frames["v5"] == [5, 6, 7, 8, 9]
    assert "v0" not in frames


def test_a_pooled_row_whose_clip_or_track_is_gone_is_a_reject(store: Objects) -> None:
    track = track_row(CLIP_A, 1, 0, 5)
    fill(store, tracks=[track])
    lost = filtered_row("gone", 0, 20)
    pool = [
        chosen_row(lost, range(5)),
        chosen_row(CLIP_A, range(5), track),
        chosen_row(CLIP_A, range(5), track_row(CLIP_A, 9, 0, 5)),
    ]
    found = considered(store, pool=pool, unit="track")
    assert ids(found) == ["(v0)"]
    assert [(r.item_id, r.reason, r.detail) for r in found.rejects] == [
        ("v.000000-000023.t0009.s000000", "gone", "its track is no longer in the store"),
        ("gone.000000-000020.s000000", "gone", "its clip is no longer in the store"),
    ]


def test_a_pooled_row_has_its_columns_whatever_the_recipe_runs_along(store: Objects) -> None:
    track = track_row(CLIP_B, 1, 24, 30, "dog")
    fill(store, tracks=[track])
    pool = [chosen_row(CLIP_B, range(24, 30), track), chosen_row(CLIP_A, range(5))]
    strategies = [{"weights": {"column": "n_boxes"}}]
    rows = considered(store, pool=pool, within="track", where="false", strategies=strategies).candidates.rows
    assert rows["class_name"].to_pylist() == [None, "dog"]
    assert rows["n_boxes"].to_pylist() == [None, 6]
    assert rows["motion"].to_pylist() == pytest.approx([0.1, 0.7])


def test_what_repeats_a_pooled_row_gives_way_to_it_though_it_is_first(store: Objects) -> None:
    fill(store, [embedding_row(c, n, [1, n]) for c in (CLIP_A, OTHER) for n in range(20)])
    pool = [chosen_row(OTHER, range(5, 10)), chosen_row(OTHER, range(10, 15))]
    found = considered(store, pool=pool, strategies=["diversity"], where="sharpness < 60")
    assert ids(found) == ["v0", "v15", "(w5)", "(w10)"]
    assert {r.item_id: r.detail for r in found.rejects}["v.000000-000023.s000005"] == "repeats w.000000-000020.s000005"
    near = considered(
        store, pool=pool, near_duplicates=0.001, exact_duplicates="keep", where="sharpness < 60 AND start_frame = 0"
    )
    assert {"(w5)", "(w10)"} <= set(ids(near))
    assert not {"v5", "v10"} & set(ids(near))
    vectors = near.candidates.vectors
    assert vectors is not None
    assert np.unique(vectors, axis=0).shape == vectors.shape


def test_pooled_rows_pass_gates_but_not_without_a_vector_that_is_compared(store: Objects) -> None:
    fill(store, [embedding_row(CLIP_A, n, [1, n]) for n in range(20)])
    pool = [chosen_row(CLIP_A, range(5)), chosen_row(OTHER, range(5))]
    gate = {"threshold": {"column": "sharpness", "above": 60}}
    assert ids(considered(store, pool=pool, strategies=["random", gate], where="video_id = 'w'")) == ["(v0)", "(w0)"]
    found = considered(store, pool=pool, strategies=["diversity", gate])
    assert ids(found) == ["(v0)"]
    assert ("w.000000-000020.s000000", "no_embedding") in {(r.item_id, r.reason) for r in found.rejects}


def test_the_same_store_gives_the_same_bytes_however_many_threads(store: Objects) -> None:
    random = np.random.default_rng(0)
    tracks = [
        track_row(c, n, c["start_frame"], c["start_frame"] + 9, f"c{n}", mean_area=0.1 * n)
        for c in (CLIP_A, CLIP_B)
        for n in range(9)
    ]
    fill(
        store,
        [embedding_row(c, c["start_frame"] + n, random.normal(size=16)) for c in (CLIP_A, OTHER) for n in range(20)],
        tracks,
    )
    recipe = Recipe.model_validate({"name": "r", "sequence_length": 5, "stride": 2, "strategies": ["diversity"]})
    made = []
    for threads in (1, 4):
        with connect(store) as connection:
            connection.execute(f"SET threads = {threads}")
            found = consider(connection, recipe, batch_names(store))
        assert found.candidates.vectors is not None
        made.append(
            (found.candidates.rows.to_pylist(), found.candidates.vectors.tobytes(), found.rejects, found.funnel)
        )
    assert made[0] == made[1]
