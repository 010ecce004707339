"""A recipe carried out is a partition of selections that the same store gives again to the byte."""

from typing import Any

import pytest
from rows import embedding_row, filtered_row, packet_rows, video_row, write_batch

from rushes.errors import SettingsError
from rushes.selection.recipes import recipe as recipes
from rushes.selection.recipes.options import Similarity, Split
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import Selection, select
from rushes.selection.state import selection_state
from rushes.store.manifests import Record, read_record, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import REJECTS, SELECTIONS
from rushes.store.tables import read_partition
from rushes.store.validation import problems
from rushes.work.plan import State


def recipe(**fields: Any) -> Recipe:
    """A recipe over made-up rows, of which there are no frames to decode."""
    return Recipe(**{"name": "street", "sequence_length": 5, "check_frames": False, **fields})


def fill(store: Objects, batch: str, videos: str) -> None:
    clips = [filtered_row(video, 0, 50) for video in videos]
    write_batch(
        store,
        batch,
        videos=[video_row(video, 50, collection=batch[:-5]) for video in videos],
        packets=[row for video in videos for row in packet_rows(video, range(50))],
        filtered_clips=clips,
        embeddings=[
            embedding_row(clip, frame, [frame - 20, ord(clip["video_id"]) % 5, 1])
            for clip in clips
            for frame in range(0, 50, 5)
        ],
    )


@pytest.fixture
def filled(store: Objects) -> Objects:
    fill(store, "day-0000", "abc")
    fill(store, "night-0000", "de")
    return store


def ids(done: Selection) -> list[str]:
    return [str(done.candidates.row(choice.at)["sequence_id"]) for choice in done.choices]


def rows(store: Objects) -> list[dict[str, Any]]:
    return read_partition(store, SELECTIONS, {"recipe": "street"}).to_pylist()


@pytest.mark.parametrize("strategy", ["random", "video_balanced", "diversity"])
def test_what_was_chosen_is_written_in_order_of_choice(filled: Objects, strategy: str) -> None:
    done = select(filled, recipe(strategies=(strategy,), n_sequences=6))
    chosen = rows(filled)
    assert [row["rank"] for row in chosen] == list(range(6))
    assert [row["sequence_id"] for row in chosen] == ids(done)
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


@pytest.mark.parametrize(
    "fields",
    [
        {"where": "clip_id NOT IN (SELECT clip_id FROM tracks)"},
        {"strategies": (Similarity(sql="SELECT 'a'"),)},
    ],
)
def test_batches_that_its_queries_may_ask_make_it_stale_and_are_not_chosen_from(
    filled: Objects, fields: dict[str, Any]
) -> None:
    night = recipe(collections=("night",), **fields)
    select(filled, night)
    assert {row["video_id"] for row in rows(filled)} == {"d", "e"}
    assert selection_state(filled, night)[0] is State.BUILT
    fill(filled, "day-0001", "fg")
    assert selection_state(filled, night)[0] is State.STALE
    select(filled, night)
    assert {row["video_id"] for row in rows(filled)} == {"d", "e"}
    assert selection_state(filled, night)[0] is State.BUILT


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


def test_a_proportion_counts_sequences_and_is_rounded_up(filled: Objects) -> None:
    select(filled, recipe(proportion=0.25))
    assert len(rows(filled)) == 13  # of 50


def test_the_nearest_chosen_before_is_named_with_its_distance(filled: Objects) -> None:
    select(filled, recipe(strategies=("diversity",), n_sequences=4))
    first, *others = rows(filled)
    assert (first["nearest"], first["distance"]) == (None, None)
    before = {first["sequence_id"]}
    for row in others:
        assert row["nearest"] in before
        assert row["distance"] == pytest.approx(row["score"])
        before.add(row["sequence_id"])


@pytest.mark.parametrize("strategies", [("random",), ("video_balanced",), ("diversity",), ("min_redundancy",)])
def test_the_first_ranks_of_a_larger_selection_are_the_smaller_one(
    filled: Objects, strategies: tuple[str, ...]
) -> None:
    small = ids(select(filled, recipe(strategies=strategies, n_sequences=7)))
    large = ids(select(filled, recipe(strategies=strategies, n_sequences=19)))
    assert large[:7] == small


class TestDataPool:
    def test_what_others_chose_is_not_chosen_again(self, filled: Objects) -> None:
        recipes.save(filled, "name: first\nsequence_length: 5\n")
        first = ids(select(filled, recipe(name="first", n_sequences=10)))
        second = ids(select(filled, recipe(datapool=("first",), n_sequences=40)))
        assert len(second) == 40
        assert not set(first) & set(second)

    def test_what_others_chose_counts_in_turns(self, filled: Objects) -> None:
        select(filled, recipe(name="first", where="video_id IN ('a', 'b', 'c')", n_sequences=3,
                              strategies=("video_balanced",)))  # fmt: skip
        done = select(filled, recipe(datapool=("first",), strategies=("video_balanced",), n_sequences=2))
        assert {done.candidates.row(choice.at)["video_id"] for choice in done.choices} == {"d", "e"}

    def test_its_own_choice_stays_and_a_second_run_changes_nothing(self, filled: Objects) -> None:
        own = recipe(datapool=("street",), n_sequences=6)
        select(filled, own)
        first = rows(filled)
        select(filled, own)
        again = rows(filled)
        assert [r["sequence_id"] for r in again] == [r["sequence_id"] for r in first]
        select(filled, own)
        assert rows(filled) == again

    def test_its_own_choice_stays_in_front_when_videos_come_in(self, filled: Objects) -> None:
        own = recipe(datapool=("street",), n_sequences=6)
        before = ids(select(filled, own))
        fill(filled, "dawn-0000", "xyz")
        assert selection_state(filled, own)[0] is State.STALE
        assert ids(select(filled, own)) == before
        more = ids(select(filled, recipe(datapool=("street",), n_sequences=9)))
        assert more[:6] == before
        assert len(set(more)) == 9

    def test_its_own_choice_stays_though_the_condition_has_changed(self, filled: Objects) -> None:
        before = ids(select(filled, recipe(n_sequences=4, where="video_id = 'a'")))
        done = select(filled, recipe(n_sequences=8, where="video_id = 'b'", datapool=("street",)))
        assert ids(done)[:4] == before
        assert {row["video_id"] for row in rows(filled)[4:]} == {"b"}

    def test_a_pool_that_is_not_selected_yet_is_waited_for(self, filled: Objects) -> None:
        recipes.save(filled, "name: first\nsequence_length: 5\n")
        after = recipe(datapool=("first",))
        assert selection_state(filled, after)[0] is State.WAITING
        select(filled, recipe(name="first", n_sequences=10))
        assert selection_state(filled, after)[0] is State.MISSING

    def test_a_pool_that_is_no_recipe_is_an_error_that_names_those_there_are(self, filled: Objects) -> None:
        recipes.save(filled, "name: first\nsequence_length: 5\n")
        with pytest.raises(SettingsError, match="nothing is selected by 'fist'; recipes: first"):
            select(filled, recipe(datapool=("fist",)))

    def test_another_choice_of_the_pool_makes_it_stale(self, filled: Objects) -> None:
        select(filled, recipe(name="first", n_sequences=10))
        after = recipe(datapool=("first",), n_sequences=3)
        select(filled, after)
        assert selection_state(filled, after)[0] is State.BUILT
        select(filled, recipe(name="first", n_sequences=11))
        assert selection_state(filled, after)[0] is State.STALE


def test_sequences_that_show_the_very_same_are_chosen_once(filled: Objects) -> None:
    """Also where no strategy compares vectors: the later one in order of choice makes room for another."""
    twins = [filtered_row(video, 0, 5) for video in ("t1", "t2")]
    write_batch(
        filled,
        "twin-0000",
        videos=[video_row(clip["video_id"], 5, collection="twin") for clip in twins],
        packets=[row for clip in twins for row in packet_rows(clip["video_id"], range(5))],
        filtered_clips=twins,
        embeddings=[embedding_row(clip, frame, [5, frame, 2]) for clip in twins for frame in range(5)],
    )
    done = select(filled, recipe(collections=("twin",)))
    assert len(ids(done)) == 1
    (reject,) = read_partition(filled, REJECTS, {"asset": "selected_sequences", "partition": "street"}).to_pylist()
    assert (reject["reason"], reject["detail"]) == ("duplicate", f"repeats {ids(done)[0]}")
    assert len(ids(select(filled, recipe(collections=("twin",), exact_duplicates="keep")))) == 2
    assert len(ids(select(filled, recipe(collections=("twin",), strategies=("diversity",))))) == 1


@pytest.mark.parametrize(
    "fields", [{"strategies": ("video_balanced",)}, {"strategies": ("video_balanced",), "per_video": 6}, {}]
)
def test_selections_nest_though_some_that_could_be_chosen_show_the_very_same(
    store: Objects, fields: dict[str, Any]
) -> None:
    """Nor is one left out for a twin that is not chosen itself."""
    fill(store, "day-0000", "afkbgc")  # a, f and k show the same, and so do b and g
    whole = ids(select(store, recipe(**fields)))
    for count in range(4, len(whole), 4):
        assert ids(select(store, recipe(**fields, n_sequences=count))) == whole[:count]
    chosen = {(sequence[0], sequence[-6:]) for sequence in whole}
    for twins in ("afk", "bg"):
        assert all(len({(t, start) for t in twins} & chosen) <= 1 for _, start in chosen)
    assert {start for _, start in chosen} == {f"{start:06d}" for start in range(0, 50, 5)}
    assert len(whole) == 30 or "per_video" in fields


def test_what_shows_the_very_same_as_one_of_the_data_pool_is_not_chosen(store: Objects) -> None:
    fill(store, "day-0000", "af")  # they show the same
    select(store, recipe(name="first", where="video_id = 'a'"))
    done = select(store, recipe(datapool=("first",), where="video_id = 'f'"))
    assert ids(done) == []
    assert done.record.rejects == {"duplicate": 10}


def test_the_funnel_tells_what_was_left_out_when_choosing(store: Objects) -> None:
    fill(store, "day-0000", "af")
    done = select(store, recipe(n_sequences=20))
    assert done.funnel[-3:] == [("candidates", 20), ("without repeats", 10), ("chosen", 10)]
    assert done.note is not None
    assert done.note.endswith("20 candidates → 10 without repeats → 10 chosen")


def test_its_own_earlier_choice_keeps_what_was_nearest_to_it(filled: Objects) -> None:
    own = recipe(datapool=("street",), strategies=("diversity",), n_sequences=4)
    select(filled, own)
    first = [(row["sequence_id"], row["nearest"], row["distance"]) for row in rows(filled)]
    select(filled, own)
    assert [(row["sequence_id"], row["nearest"], row["distance"]) for row in rows(filled)] == first


def test_of_an_excluded_video_nothing_stays_that_was_chosen_before(filled: Objects) -> None:
    before = select(filled, recipe(datapool=("street",), strategies=("video_balanced",), n_sequences=10))
    assert "a" in {str(before.candidates.row(choice.at)["video_id"]) for choice in before.choices}
    split = Split(exclude=("a",))
    select(filled, recipe(datapool=("street",), strategies=("video_balanced",), n_sequences=10, split=split))
    assert {row["video_id"] for row in rows(filled)} == {"b", "c", "d", "e"}
    assert len(rows(filled)) == 10


def test_queries_are_compared_by_the_model_of_the_candidates(filled: Objects) -> None:
    """Another collection of the store may have been embedded by another."""
    clip = filtered_row("z", 0, 50)
    for batch in ("alpha-0000", "zeta-0000"):
        other = {**clip, "clip_id": f"{batch[0]}z.000000-000050", "video_id": f"{batch[0]}z"}
        vectors = [{**embedding_row(other, frame, [1, 2, 3, 4]), "model": "another"} for frame in range(0, 50, 5)]
        write_batch(
            filled,
            batch,
            videos=[video_row(other["video_id"], 50, collection=batch[:-5])],
            packets=packet_rows(other["video_id"], range(50)),
            filtered_clips=[other],
            embeddings=vectors,
        )
    query = Similarity(sql="SELECT 'a'")
    done = select(filled, recipe(collections=("day", "night"), strategies=(query,), n_sequences=2))
    assert len(done.choices) == 2
