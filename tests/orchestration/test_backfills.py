"""What is built by itself: which partitions, in which order, how many, and when they are left alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from real_clips import cut

from orchestration.backfills import choose, fit
from orchestration.gaps import batch_gaps, open_gaps
from rushes import settings
from rushes.errors import SettingsError
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.register import register
from rushes.standing.failures import left_alone, retry
from rushes.standing.status import statuses
from rushes.steps import STEPS
from rushes.store.failures import failure_path, noting_failure, read_note, write_failure
from rushes.store.manifests import Batch, Entry, read_record, seal_batch, write_record
from rushes.store.objects import Objects
from rushes.work.build import build

CURATE = ("scene_clips", "filtered_clips", "tracks", "embeddings")
NOBODY: frozenset[tuple[str, str]] = frozenset()
# Nothing here needs a model but the embeddings.
PLAIN = (
    "shots: {method: whole}\nfilters: {min_duration_s: 0.1, cartoon: false}\nprivacy: {look_for: none}\n"
    "tracking: {origin: annotated}\nbuild: {contact_sheets: false}\n"
)


@pytest.fixture
def store(tmp_path: Path) -> Objects:
    objects = Objects(tmp_path / "store")
    settings.save(objects, PLAIN)
    return objects


def seal(store: Objects, name: str, videos: int = 1) -> None:
    """Register a batch of videos that are not there."""
    entries = tuple(Entry(f"{name}-{n}", f"{name}-{n}", f"/nowhere/{name}-{n}.mp4") for n in range(videos))
    assert seal_batch(store, Batch(f"{name}-0000", name, entries))


@pytest.fixture
def one(store: Objects, tiny: Path) -> Objects:
    """A batch of a video."""
    register(store, [str(tiny)], "main")
    return store


def make(store: Objects, *assets: str, batch: str = "main-0000") -> None:
    for asset in assets:
        build(store, STEPS[asset], batch, settings.load(store), workers=0)


def asked(
    store: Objects, busy: frozenset[tuple[str, str]] = NOBODY, *, only_new: bool = False, most: int | None = None
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return by group the assets that are to be built of each partition."""
    wanted = fit(store, open_gaps(store, busy, only_new=True), busy) if only_new else choose(store, busy, most)
    return {w.group: {gap.partition: gap.assets for gap in w.gaps} for w in wanted}


def fail(store: Objects, asset: str, batch: str = "main-0000") -> None:
    """Try to build in vain what the asset's partition would be now."""
    shape = next(
        s.identity for partition in statuses(store) for s in partition if (s.asset, s.partition) == (asset, batch)
    )
    with pytest.raises(SettingsError), noting_failure(store, asset, batch, shape):
        raise SettingsError("the disk was full")


def test_a_group_is_built_only_when_what_it_reads_is_there(one: Objects) -> None:
    assert asked(one) == {"ingest": {"main-0000": ("raw_videos",)}}
    make(one, "raw_videos")
    assert asked(one) == {"curate": {"main-0000": CURATE}}
    make(one, "scene_clips", "filtered_clips")
    assert asked(one) == {"curate": {"main-0000": ("tracks", "embeddings")}}
    make(one, "tracks", "embeddings")
    assert asked(one) == {}


def test_the_heaviest_batches_come_first(store: Objects) -> None:
    for name, videos in (("a", 2), ("b", 9), ("c", 5), ("d", 5)):
        seal(store, name, videos)
    (wanted,) = choose(store, NOBODY)
    assert [gap.partition for gap in wanted.gaps] == ["b-0000", "c-0000", "d-0000", "a-0000"]
    assert [gap.partition for gap in batch_gaps(store)] == ["b-0000", "c-0000", "d-0000", "a-0000"]


def test_frames_weigh_once_they_are_known(store: Objects, tmp_path: Path) -> None:
    for name, frames in (("a", 10), ("b", 30)):
        register(store, [str(cut("carphone", tmp_path / f"{name}.mp4", 0, frames))], name)
        make(store, "raw_videos", batch=f"{name}-0000")
    (wanted,) = choose(store, NOBODY)
    assert [(gap.partition, gap.weight) for gap in wanted.gaps] == [("b-0000", 30), ("a-0000", 10)]


def test_no_more_are_built_at_a_time_than_the_settings_say(store: Objects) -> None:
    for number in range(9):
        seal(store, f"c{number}", videos=number + 1)
    settings.save(store, PLAIN + "backfill: {partitions: 4}")
    (wanted,) = choose(store, NOBODY)
    assert [gap.partition for gap in wanted.gaps] == ["c8-0000", "c7-0000", "c6-0000", "c5-0000"]
    assert wanted.left == 5
    assert wanted.words == "ingest: 4 batches, 5 wait"

    busy = frozenset(("raw_videos", gap.partition) for gap in wanted.gaps[:3])
    assert list(asked(store, busy)["ingest"]) == ["c5-0000"], "those that are under way take room"
    assert asked(store, frozenset(("raw_videos", gap.partition) for gap in wanted.gaps)) == {}
    assert len(asked(store, most=6)["ingest"]) == 6


def test_a_thousand_missing_batches_make_one_backfill_of_25(store: Objects) -> None:
    for number in range(1000):
        seal(store, f"c{number:03d}")
    (wanted,) = choose(store, NOBODY)
    assert (wanted.group, len(wanted.gaps), wanted.left) == ("ingest", 25, 975)


def test_what_somebody_is_at_is_not_built_twice(one: Objects) -> None:
    make(one, "raw_videos")
    for asset in STEPS:
        assert asked(one, frozenset({(asset, "main-0000")})) == {}
    assert asked(one, frozenset({("raw_videos", "other-0000")})) == {"curate": {"main-0000": CURATE}}


def test_what_is_stale_is_built_again(one: Objects) -> None:
    make(one, *STEPS)
    settings.save(one, PLAIN + "embedding: {fps: 2}")
    assert asked(one) == {"curate": {"main-0000": ("embeddings",)}}
    settings.save(one, PLAIN + "ingest: {max_duration_s: 100}")
    assert asked(one) == {"ingest": {"main-0000": ("raw_videos",)}}


def test_a_check_that_failed_stops_what_follows_until_it_passes(one: Objects) -> None:
    make(one, "raw_videos")
    record = read_record(one, "raw_videos", "main-0000")
    assert record is not None
    write_failure(one, "raw_videos", "main-0000", "check of videos: a null", record.identity)
    assert asked(one, only_new=True) == {}
    assert asked(one) == {"ingest": {"main-0000": ("raw_videos",)}}
    make(one, "raw_videos")
    assert asked(one, only_new=True) == {"curate": {"main-0000": CURATE}}


def test_what_was_tried_in_vain_too_often_is_left_alone_until_somebody_says_otherwise(one: Objects) -> None:
    make(one, "raw_videos")
    for _ in range(3):
        assert asked(one) == {"curate": {"main-0000": CURATE}}
        fail(one, "scene_clips")
    assert asked(one) == {}
    flat = [status for partition in statuses(one) for status in partition]
    assert [(s.asset, s.attempts, s.failure) for s in left_alone(settings.load_all(one), flat)] == [
        ("scene_clips", 3, "the disk was full")
    ]
    assert batch_gaps(one), "rushes build always tries"

    with pytest.raises(SettingsError, match="'nosuch'; of these it was: main-0000"):
        retry(one, ["nosuch"])
    assert retry(one, ["main-0000"]) == [("scene_clips", "main-0000")]
    assert asked(one) == {"curate": {"main-0000": CURATE}}
    for _ in range(3):
        fail(one, "scene_clips")
    assert asked(one) == {}
    assert retry(one, None) == [("scene_clips", "main-0000")]
    assert asked(one) == {"curate": {"main-0000": CURATE}}


def test_other_settings_are_another_attempt_at_something_else(one: Objects) -> None:
    make(one, "raw_videos")
    for _ in range(3):
        fail(one, "scene_clips")
    assert asked(one) == {}
    settings.save(one, PLAIN.replace("whole", "stride"))
    assert asked(one) == {"curate": {"main-0000": CURATE}}
    assert asked(one, only_new=True) == {"curate": {"main-0000": CURATE}}
    fail(one, "scene_clips")
    note = read_note(one, "scene_clips", "main-0000")
    assert note is not None
    assert note.attempts == 1


def test_a_collection_may_be_tried_more_often(one: Objects) -> None:
    settings.save(one, PLAIN + "collections: {main: {backfill: {attempts: 4}}}")
    for _ in range(3):
        fail(one, "raw_videos")
    assert asked(one) == {"ingest": {"main-0000": ("raw_videos",)}}
    fail(one, "raw_videos")
    assert asked(one) == {}


def test_the_sensor_leaves_what_failed_to_the_nightly_schedule(one: Objects) -> None:
    assert asked(one, only_new=True) == {"ingest": {"main-0000": ("raw_videos",)}}
    fail(one, "raw_videos")
    assert asked(one, only_new=True) == {}
    assert asked(one) == {"ingest": {"main-0000": ("raw_videos",)}}


def test_what_is_merely_unfinished_holds_nothing_up(one: Objects) -> None:
    make(one, "raw_videos")
    record = read_record(one, "raw_videos", "main-0000")
    assert record is not None
    write_record(one, replace(record, unfinished=("elsewhere",)))
    assert asked(one) == {"ingest": {"main-0000": ("raw_videos",)}}
    assert asked(one, only_new=True) == {"curate": {"main-0000": CURATE}}
    one.write(
        failure_path("raw_videos", "main-0000"),
        f'{{"attempts": 3, "shape": "{record.identity}"}}'.encode(),
    )
    assert asked(one) == {"curate": {"main-0000": CURATE}}, "the videos that it has are sound"


RECIPE = "name: faces\nunit: frame\nprivacy: none\ncollections: [main]\n"
RECIPE_ASSETS = ("selected_sequences", "packaged_datasets")


def test_a_recipe_is_built_when_all_that_it_names_is(one: Objects) -> None:
    recipe_files.save(one, RECIPE)
    recipe_files.save(one, RECIPE.replace("faces", "all").replace("collections: [main]\n", ""))
    seal(one, "later")
    make(one, *STEPS)
    waiting = {"later-0000": ("raw_videos",)}
    assert asked(one) == {"ingest": waiting, "datasets": {"faces": RECIPE_ASSETS}}
    assert asked(one, frozenset({("selected_sequences", "faces")})) == {"ingest": waiting}

    write_failure(one, "tracks", "main-0000", "check of tracks: a null")
    assert "datasets" not in asked(one), "a failed check stops what reads it"


def test_a_recipe_waits_for_those_that_it_builds_upon(one: Objects) -> None:
    make(one, *STEPS)
    recipe_files.save(one, RECIPE)
    recipe_files.save(one, RECIPE.replace("faces", "more") + "datapool: [faces]\n")
    assert asked(one)["datasets"] == {"faces": RECIPE_ASSETS}


def test_a_recipe_that_cannot_be_carried_out_is_not_tried(one: Objects) -> None:
    make(one, *STEPS)
    recipe_files.save(one, RECIPE)
    one.write("recipes/faces.yaml", b"name: faces\nnonsense: true\n")
    assert asked(one) == {}


def test_batches_without_videos_and_a_store_without_batches_want_nothing(store: Objects) -> None:
    assert asked(store) == {}
    recipe_files.save(store, RECIPE)
    assert asked(store) == {}
