"""The whole graph over real clips with real models: what is in the tables and in the data set, and running it again."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

import rushes
from rushes.packaging.reader import Dataset
from rushes.privacy.faces import FaceDetector
from rushes.store.validation import problems

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(whole: Any) -> rushes.Store:
    return rushes.open(whole.objects.uri)


@pytest.fixture(scope="module")
def dataset(store: rushes.Store) -> Dataset:
    return store.dataset("people")


def test_videos_are_in_with_every_frame(store: rushes.Store) -> None:
    assert store.sql("SELECT video_id, n_frames, width, height FROM videos ORDER BY 1").fetchall() == [
        ("face", 60, 176, 144),
        ("street", 64, 640, 272),
    ]
    assert store.sql("SELECT video_id, count(*), max(frame) FROM packets GROUP BY 1 ORDER BY 1").fetchall() == [
        ("face", 60, 59),
        ("street", 64, 63),
    ]


def test_the_street_is_cut_where_the_shot_changes(store: rushes.Store) -> None:
    clips = store.sql("SELECT video_id, start_frame, end_frame FROM clips ORDER BY ALL").fetchall()
    assert clips == [("face", 0, 60), ("street", 0, 30), ("street", 30, 64)]


def test_the_face_is_found_in_every_frame(store: rushes.Store) -> None:
    faces = store.sql("SELECT n_faces, kept, privacy FROM filtered_clips WHERE video_id = 'face'").fetchall()
    assert faces == [(1, True, "faces+plates")]
    regions = store.sql(
        "SELECT clip_id, count(DISTINCT region) FROM filtered_clips LEFT JOIN redactions USING (clip_id) "
        "GROUP BY clip_id, n_faces, n_plates HAVING n_faces + n_plates <> count(DISTINCT region)"
    )
    assert regions.fetchall() == []
    frames = store.sql("SELECT count(DISTINCT frame) FROM redactions WHERE video_id = 'face'").fetchall()
    assert frames == [(60,)], "every frame of the clip has a region to hide, not only those that were looked at"


def test_persons_and_cars_are_tracked_within_their_clips(store: rushes.Store) -> None:
    ((boxes, score),) = store.sql(
        "SELECT n_boxes, mean_score FROM tracks WHERE video_id = 'face' AND class_name = 'person'"
    ).fetchall()
    assert boxes >= 14  # two seconds at eight frames a second
    assert score > 0.8
    assert store.sql("SELECT count(*) > 3 FROM tracks WHERE video_id = 'street'").fetchall() == [(True,)]
    crossing = store.sql(
        "SELECT count(*) FROM track_boxes AS b JOIN filtered_clips AS c USING (clip_id) "
        "WHERE b.frame < c.start_frame OR b.frame >= c.end_frame"
    )
    assert crossing.fetchall() == [(0,)]


def test_every_clip_and_track_has_vectors(store: rushes.Store) -> None:
    without = store.sql(
        "SELECT clip_id FROM filtered_clips WHERE kept EXCEPT SELECT clip_id FROM embeddings WHERE track_id IS NULL"
    )
    assert without.fetchall() == []
    assert store.sql("SELECT track_id FROM tracks EXCEPT SELECT track_id FROM embeddings").fetchall() == []
    assert store.sql("SELECT DISTINCT octet_length(vector) FROM embeddings").fetchall() == [(2560,)]


def test_every_table_keeps_its_rules(whole: Any, store: rushes.Store) -> None:
    for table in ("videos", "packets", "clips", "filtered_clips", "redactions", "tracks", "track_boxes", "embeddings"):
        rows = store.sql(f"SELECT * EXCLUDE (batch) FROM {table}").to_arrow_table()
        assert len(rows) > 0
        assert problems(table, rows) == []


def test_the_data_set_holds_what_was_selected(store: rushes.Store, dataset: Dataset) -> None:
    chosen = store.sql("SELECT sequence_id, frames FROM selections WHERE recipe = 'people' ORDER BY rank").fetchall()
    assert len(chosen) == len(dataset) == 3
    assert {i: dataset.frame_numbers[n].numpy().tolist() for n, i in enumerate(dataset.sequence_ids)} == dict(chosen)
    assert set(store.sql("SELECT video_id FROM selections").fetchall()) == {("face",), ("street",)}
    for n in range(3):
        height, width = dataset.frames[n][0].numpy().shape[:2]
        for boxes in dataset.boxes[n].numpy():
            assert (boxes[:, :2] >= 0).all()
            assert (boxes[:, 0] + boxes[:, 2] <= width + 1).all()
            assert (boxes[:, 1] + boxes[:, 3] <= height + 1).all()


def test_no_face_is_left_in_what_is_packaged(whole: Any, dataset: Dataset) -> None:
    detector = FaceDetector(threshold=0.6)
    looked_at = 0
    for n, sequence in enumerate(dataset):
        if sequence["video_id"] != "face":
            continue
        packaged = dataset.frames[n].numpy()
        source = _source(whole, "face", dataset.frame_numbers[n].numpy())
        assert all(len(found.scores) == 1 for found in detector(list(source))), "the source shows the face"
        assert [found.scores.tolist() for found in detector(list(packaged))] == [[]] * len(packaged)
        # Only the face is hidden: what is far from it is the source's picture.
        assert np.abs(packaged[:, :20].astype(int) - source[:, :20]).mean() < 4
        looked_at += len(packaged)
    assert looked_at >= 8


def _source(whole: Any, video_id: str, frames: np.ndarray) -> np.ndarray:
    from rushes.store.schemas import PACKETS, VIDEOS
    from rushes.store.tables import read_partition
    from rushes.video.media import open_video

    keys = {"batch": "demo-0000"}
    videos = {row["video_id"]: row for row in read_partition(whole.objects, VIDEOS, keys).to_pylist()}
    packets = read_partition(whole.objects, PACKETS, keys)
    own = packets.filter([value == video_id for value in packets.column("video_id").to_pylist()])
    with open_video(whole.objects, videos[video_id], own) as reader:
        return np.stack([picture for _, picture in reader.frames(frames)])


def test_running_it_again_reuses_everything(whole: Any) -> None:
    kept = ("tables", "parts", "datasets", "records", "media")
    lasting = [name for prefix in ("parts", "media") for name in whole.objects.list(prefix)]
    before = {name: Path(whole.objects.path(name)).stat().st_mtime_ns for name in lasting}
    content = {name: whole.objects.read(name) for prefix in kept for name in whole.objects.list(prefix)}
    for job, partition in (("build_batch", "demo-0000"), ("build_recipe", "people")):
        result = whole.run(job, partition)
        assert result.success
        if job == "build_batch":
            for event in result.get_asset_materialization_events():
                metadata = event.materialization.metadata
                assert (metadata["videos worked on"].value, metadata["videos reused"].value) == (0, 2)
    assert {name: Path(whole.objects.path(name)).stat().st_mtime_ns for name in before} == before
    assert {name: whole.objects.read(name) for prefix in kept for name in whole.objects.list(prefix)} == content


def test_dagster_knows_every_materialisation_and_check(whole: Any) -> None:
    latest = {
        name: whole.instance.get_latest_materialization_event(dg.AssetKey(name))
        for name in ("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings", "packaged_datasets")
    }
    for name, event in latest.items():
        assert event is not None
        materialisation = event.asset_materialization
        assert materialisation is not None
        assert materialisation.partition == ("people" if name == "packaged_datasets" else "demo-0000")
        assert "contact sheet" in materialisation.metadata or name == "packaged_datasets"
