"""Annotated tracks on their way into data sets: what people said of a video arrives as they said it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rows import Row, box_row, filtered_row, track_row, video_row, write_batch
from tasks import ingested
from videos import make_video

import rushes
from rushes.packaging.package import package
from rushes.packaging.sequence_example import parse
from rushes.packaging.tfrecord import read_records
from rushes.playback.overlay import read_overlay
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.settings import Tracking
from rushes.sheets import draw_sheet
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES
from rushes.tracking.track import TrackVideo
from rushes.work.step import Task

FRAMES, SIZE = 30, (64, 48)
CLIP = filtered_row("v", 0, FRAMES)

# frame, id, left, top, width, height (all from 0), considered, class, name, visibility
TRUTH = [
    *((n, "1", 2.5 * n, 4.0, 10.25, 20.0, True, 1, "pedestrian", 1.0) for n in range(20) if n not in (7, 8)),
    *((n, "2", 40.0, 3.0, 9.0, 30.5, False, 8, "distractor", 0.125) for n in range(5, 12)),
    *((n, "10", 50.0, 20.0, 6.0, 9.0, True, 3, "car", 0.5) for n in range(0, FRAMES, 2)),
]


def annotated(boxes: Sequence[tuple[Any, ...]], *, name: str = "mot", complete: bool = True) -> Annotated:
    rows = Rows(name, Footage("v", *SIZE, np.arange(FRAMES) / 25, FRAMES / 25))
    if complete:
        rows.segment(1, "annotated", 0, FRAMES / 25)
    for line, (frame, object_id, *ltwh, considered, class_id, class_name, visibility) in enumerate(boxes, 1):
        rows.box(line, frame, tuple(ltwh), object_id=object_id, class_id=class_id, class_name=class_name,
                 considered=considered, visibility=visibility)  # fmt: skip
    return rows.done()


def fill(store: Objects, folder: Path, given: Annotated, detected: Sequence[tuple[Row, list[Row]]] = ()) -> None:
    """Bring a video in and write all its tables: annotated tracks, and others that are said to be detected."""
    task = ingested(store, make_video(folder / "v.mp4", FRAMES, size=SIZE), "v")
    tables: dict[str, Any] = {name: task.rows[name].to_pylist() for name in ("videos", "packets")}
    tables |= {"filtered_clips": [CLIP], "annotation_boxes": given.boxes.to_pylist()}
    tables["annotation_segments"] = given.segments.to_pylist()
    rows = {name: TABLES[name].from_rows(own) for name, own in tables.items()}
    outcome = TrackVideo(Tracking(origin="annotated"))(Task(store, task.entry, "made", rows)).rows
    tables["tracks"] = [*outcome["tracks"], *(track for track, _ in detected)]
    tables["track_boxes"] = [*outcome["track_boxes"], *(box for _, boxes in detected for box in boxes)]
    write_batch(store, **tables)


def packaged(store: Objects, **fields: Any) -> str:
    """Select the whole clip, package it, and return the folder of the data set's version."""
    recipe = Recipe(
        **{
            "name": "all",
            "sequence_length": FRAMES,
            "privacy": "none",
            "formats": ("mot", "native", "mediasequence"),
            **fields,
        }
    )
    select(store, recipe)
    package(store, recipe, workers=0)
    [(version,)] = rushes.open(store.uri).sql("SELECT DISTINCT version FROM datasets").fetchall()
    return f"datasets/all/{version}"


def ground_truth(store: Objects, root: str) -> list[list[str]]:
    [path] = [name for name in store.list(root) if name.endswith("gt/gt.txt")]
    return [line.split(",") for line in store.read(path).decode().splitlines()]


def example(store: Objects, root: str) -> Any:
    [path] = [name for name in store.list(root) if "tfrecord" in name]
    with Path(store.full_uri(path)).open("rb") as stream:
        [record] = read_records(stream)
    return parse(record)


def test_the_ground_truth_that_goes_out_is_the_one_that_came_in(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, annotated(TRUTH))
    numbers = {"1": 1, "10": 2, "2": 3}  # by the order of their ids
    expected = [
        [frame + 1, numbers[one], left + 1, top + 1, w, h, int(considered), class_id, visibility]
        for frame, one, left, top, w, h, considered, class_id, _, visibility in TRUTH
    ]
    found = [list(map(float, row)) for row in ground_truth(store, packaged(store))]
    assert found == sorted(expected)


def test_every_format_tells_people_from_detectors(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, annotated(TRUTH))
    root = packaged(store)
    assert not [name for name in store.list(root) if name.endswith("det.txt") and store.read(name)]
    _, lists = example(store, root)
    assert sum(int(step[0]) for step in lists["region/num_regions"]) == len(TRUTH)
    assert {int(step[0]) for step in lists["region/is_annotated"]} == {1}
    assert not [key for key in lists if key.startswith("PREDICTED/")]
    ds = rushes.open(store.uri).dataset("all")
    assert all(flags.all() for flags in ds.annotated[0].numpy())
    assert [
        int(n) for flags, ids in zip(ds.considered[0].numpy(), ds.ids[0].numpy(), strict=True) for n in ids[~flags]
    ] == [3] * 7
    assert ds.visibility[0][6].numpy().tolist() == [1.0, 0.5, 0.125]
    assert ds.class_names[1] == "pedestrian"


def test_between_sparse_boxes_some_are_made_up_and_said_to_be(store: Objects, tmp_path: Path) -> None:
    sparse = [box for box in TRUTH if box[1] == "10" and box[0] % 10 == 0]
    fill(store, tmp_path, annotated(sparse, complete=False))
    root = packaged(store)
    ds = rushes.open(store.uri).dataset("all")
    assert [len(ids) for ids in ds.ids[0].numpy()] == [1] * 21 + [0] * 9
    assert [n for n, made in enumerate(ds.generated[0].numpy()) if len(made) and not made[0]] == [0, 10, 20]
    _, lists = example(store, root)
    assert [n for n, step in enumerate(lists["region/is_annotated"]) if step[0]] == [0, 10, 20]


def test_a_data_set_of_several_vocabularies_has_one_list_of_classes(store: Objects, tmp_path: Path) -> None:
    track = track_row(CLIP, 1, 0, 2, "car", vocabulary="coco", class_id=2)
    fill(store, tmp_path, annotated(TRUTH), [(track, [box_row(track, frame, (1, 1, 5, 5)) for frame in (0, 1)])])
    root = packaged(store)
    ds = rushes.open(store.uri).dataset("all")
    assert ds.class_names == ("car", "distractor", "pedestrian")
    assert [ds.class_names[i] for i in ds.classes[0][6].numpy()] == ["pedestrian", "car", "distractor"]
    truth = ground_truth(store, root)
    assert {row[7] for row in truth} == {"1", "3", "8"}
    assert len(truth) == len(TRUTH)
    dropped = rushes.open(store.uri).sql("SELECT detail FROM rejects WHERE item_id = 'all/mot' ORDER BY ALL").fetchall()
    assert ("2 left out: gt_detected_beside_annotated",) in dropped


def test_a_recipe_may_ask_for_tracks_that_are_considered(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, annotated(TRUTH))
    recipe = Recipe(name="r", unit="track", where="considered AND origin = 'annotated'", strategies=("class_balanced",))
    chosen = select(store, recipe)
    tracks = chosen.candidates.rows.column("track_id").to_pylist()
    assert sorted(tracks) == [f"{CLIP['clip_id']}.mot.{n}" for n in ("1", "10")]


def test_tracks_whose_classes_have_no_scores_are_chosen_last(store: Objects, tmp_path: Path) -> None:
    told = track_row(CLIP, 1, 0, 9, "cat")
    unscored = track_row(CLIP, 2, 0, 9, "cat", top10_mean=[], top10_std=[])
    write_batch(store, videos=[video_row("v", FRAMES)], filtered_clips=[CLIP], tracks=[unscored, told])
    recipe = Recipe(name="r", unit="track", strategies=("class_balanced",), check_frames=False)
    chosen = select(store, recipe)
    assert [chosen.candidates.row(choice.at)["track_id"] for choice in chosen.choices] == [
        told["track_id"],
        unscored["track_id"],
    ]
    assert [choice.why for choice in chosen.choices] == [
        "class cat, number 1, weighted score 0.25",
        "class cat, number 2, weighted score not known",
    ]


def test_annotated_tracks_are_drawn_and_told_apart(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, annotated(TRUTH))
    tracks = read_overlay(store, "v", tracks=True).tracks
    assert tracks is not None
    assert {(track.track_id.rpartition(".")[2], track.origin) for track in tracks} == {
        ("1", "annotated"), ("2", "annotated"), ("10", "annotated"),
    }  # fmt: skip
    with connect(store) as connection:
        picture = draw_sheet(store, connection, "tracks", "made-0000")
    assert picture is not None
    assert picture.startswith(b"\xff\xd8")
