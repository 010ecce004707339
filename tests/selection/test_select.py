"""A recipe carried out is a partition of selections that the same store gives again to the byte."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import embedding_row, filtered_row, packet_rows, video_row, write_batch

from rushes.selection.recipe import Recipe, Split
from rushes.selection.select import select, selection_state, split_of
from rushes.store.manifests import Record, read_record, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import REJECTS, SELECTIONS
from rushes.store.tables import read_partition
from rushes.store.validation import problems
from rushes.work.plan import State


def recipe(**fields: Any) -> Recipe:
    return Recipe(**{"name": "street", "sequence_length": 5, **fields})


def fill(store: Objects, batch: str, videos: str) -> None:
    clips = [filtered_row(video, 0, 50) for video in videos]
    write_batch(
        store,
        batch,
        videos=[video_row(video, 50, collection=batch[:-5]) for video in videos],
        packets=[row for video in videos for row in packet_rows(video, range(50))],
        filtered_clips=clips,
        embeddings=[
            embedding_row(clip, frame, [frame % 7 - 3, ord(clip["video_id"]) % 5, 1])
            for clip in clips
            for frame in range(0, 50, 5)
        ],
    )


@pytest.fixture
def filled(store: Objects) -> Objects:
    fill(store, "day-0000", "abc")
    fill(store, "night-0000", "de")
    return store


def rows(store: Objects) -> list[dict[str, Any]]:
    return read_partition(store, SELECTIONS, {"recipe": "street"}).to_pylist()


@pytest.mark.parametrize("strategy", ["random", "video_balanced", "diversity"])
def test_what_was_chosen_is_written_in_order_of_choice(filled: Objects, strategy: str) -> None:
    done = select(filled, recipe(strategies=(strategy,), n_sequences=6))
    chosen = rows(filled)
    assert [row["rank"] for row in chosen] == list(range(6))
    assert [row["sequence_id"] for row in chosen] == [done.candidates[c.at].sequence_id for c in done.choices]
    assert all(row["frames"] == list(range(row["frames"][0], row["frames"][0] + 5)) for row in chosen)
    assert {row["split"] for row in chosen} == {"all"}
    assert done.note is None
    assert done.funnel[-2:] == [("candidates", 50), ("chosen", 6)]
    assert problems("selections", read_partition(filled, SELECTIONS, {"recipe": "street"})) == []
    assert read_record(filled, "selected_sequences", "street") == done.record


@pytest.mark.parametrize("strategy", ["random", "video_balanced", "diversity"])
def test_the_same_recipe_over_the_same_store_gives_the_same_bytes(filled: Objects, strategy: str) -> None:
    def bytes_of_all() -> dict[str, bytes]:
        select(filled, recipe(strategies=(strategy,), n_sequences=20))
        return {name: filled.read(name) for name in filled.list("") if "street" in name}

    first = bytes_of_all()
    assert len(first) == 3
    assert bytes_of_all() == first


def test_a_shortfall_is_told_with_every_step_of_the_way(filled: Objects) -> None:
    done = select(filled, recipe(n_sequences=1000, collections=("night",)))
    assert len(rows(filled)) == 20
    assert done.note is not None
    assert done.note.startswith("recipe street chose 20 of 1000 sequences: 2 clips in the store → 2 kept clips")


def test_choosing_nothing_is_told_and_writes_an_empty_partition(filled: Objects) -> None:
    done = select(filled, recipe(where="false"))
    assert rows(filled) == []
    assert done.note is not None
    assert "chose nothing" in done.note


def test_sequences_that_diversity_cannot_compare_are_rejects(filled: Objects) -> None:
    write_batch(
        filled,
        "dusk-0000",
        videos=[video_row("x", collection="dusk")],
        packets=packet_rows("x", range(10)),
        filtered_clips=[filtered_row("x", 0, 10)],
    )
    done = select(filled, recipe(strategies=("diversity",), n_sequences=2))
    found = read_partition(filled, REJECTS, {"asset": "selected_sequences", "partition": "street"}).to_pylist()
    assert [(r["item_kind"], r["item_id"], r["reason"]) for r in found] == [
        ("sequence", "x.000000-000010.s000000", "no_embedding"),
        ("sequence", "x.000000-000010.s000005", "no_embedding"),
    ]
    assert done.record.rejects == {"no_embedding": 2}


def test_a_selection_is_stale_when_what_it_reads_or_how_it_chooses_has_changed(filled: Objects) -> None:
    assert selection_state(filled, recipe())[0] is State.MISSING
    select(filled, recipe())
    assert selection_state(filled, recipe())[0] is State.BUILT
    assert selection_state(filled, recipe(description="other words", jpeg_quality=50))[0] is State.BUILT
    assert selection_state(filled, recipe(seed=1))[0] is State.STALE
    write_record(filled, Record("tracks", "day-0000", "2", identity="another"))
    assert selection_state(filled, recipe())[0] is State.STALE
    assert selection_state(filled, recipe(collections=("night",)))[0] is State.STALE


def test_batches_of_other_collections_do_not_make_it_stale(filled: Objects) -> None:
    night = recipe(collections=("night",))
    select(filled, night)
    fill(filled, "day-0001", "fg")
    assert selection_state(filled, night)[0] is State.BUILT
    fill(filled, "night-0001", "hi")
    assert selection_state(filled, night)[0] is State.STALE


def test_without_a_finished_batch_it_waits(store: Objects) -> None:
    assert selection_state(store, recipe())[0] is State.WAITING


def test_nothing_is_chosen_from_a_batch_that_is_not_finished(filled: Objects) -> None:
    filled.delete("records/embeddings/day-0000.json")
    done = select(filled, recipe())
    assert {key.rpartition("/")[2] for key in done.record.inputs} == {"night-0000"}
    assert {row["video_id"] for row in rows(filled)} == {"d", "e"}


def test_sequences_of_a_video_share_its_split(filled: Objects) -> None:
    select(filled, recipe(split=Split(train=0.5, val=0.25, test=0.25)))
    splits: dict[str, set[str]] = {}
    for row in rows(filled):
        splits.setdefault(row["video_id"], set()).add(row["split"])
    assert len(splits) == 5
    assert all(len(found) == 1 for found in splits.values())


@settings(max_examples=100)
@given(st.text(min_size=1, max_size=20), st.integers(0, 5))
def test_growing_a_share_takes_videos_from_the_next_only(video_id: str, seed: int) -> None:
    small = split_of(video_id, Split(train=0.5, val=0.3, test=0.2), seed)
    large = split_of(video_id, Split(train=0.6, val=0.2, test=0.2), seed)
    assert (small, large) in {("train", "train"), ("val", "train"), ("val", "val"), ("test", "test")}


def test_shares_are_kept_over_many_videos() -> None:
    found = [split_of(f"video-{n}", Split(train=8, val=1, test=1), 0) for n in range(4000)]
    assert found.count("train") / 4000 == pytest.approx(0.8, abs=0.03)
    assert found.count("val") / 4000 == pytest.approx(0.1, abs=0.03)
    assert {split_of(f"video-{n}", Split(train=1), 0) for n in range(200)} == {"train"}
    assert {split_of(f"video-{n}", Split(train=0, test=1), 0) for n in range(200)} == {"test"}
