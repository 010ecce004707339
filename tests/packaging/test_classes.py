"""A data set's classes: as their vocabulary numbers them, or anew where several meet or numbers are missing."""

from typing import Any

import pytest
from rows import filtered_row, track_row, video_row, write_batch

from rushes.packaging.classes import Classes, classes_of
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.vocabulary import COCO_CLASSES

CLIP, OTHER = filtered_row("v", 0, 50), filtered_row("v", 50, 100)


def classes(store: Objects, *tracks: tuple[Any, ...]) -> Classes:
    """Return the classes of one clip with tracks of (vocabulary, class id, class name); the other clip has more."""
    rows = [
        track_row(CLIP, number, 0, 9, name, vocabulary=vocabulary, class_id=class_id)
        for number, (vocabulary, class_id, name) in enumerate(tracks, 1)
    ]
    rows.append(track_row(OTHER, 1, 50, 60, "elsewhere", vocabulary="other", class_id=300))
    write_batch(store, videos=[video_row("v")], filtered_clips=[CLIP, OTHER], tracks=rows)
    with connect(store) as connection:
        return classes_of(connection, [CLIP["clip_id"]])


@pytest.mark.parametrize("tracks", [[], [("coco", 2, "car"), ("coco", 0, "person")]])
def test_detections_of_coco_have_all_its_classes(store: Objects, tracks: list[Any]) -> None:
    assert classes(store, *tracks) == Classes(COCO_CLASSES)


def test_one_vocabulary_keeps_its_numbers_and_unknown_ones_are_said_to_be(store: Objects) -> None:
    found = classes(store, ("mot", 3, "car"), ("mot", 1, "pedestrian"), ("mot", 3, "car"))
    assert found.names == ("class 0", "pedestrian", "class 2", "car")
    assert [found.number(3, "car"), found.number(1, "pedestrian")] == [3, 1]


@pytest.mark.parametrize(
    "tracks",
    [
        [("mot", 1, "pedestrian"), ("coco", 2, "car"), ("mot", 3, "car")],
        [("set", None, "pedestrian"), ("set", None, "car")],
        [("set", 7, "pedestrian"), ("set", None, "car")],
        [("set", 7, "pedestrian"), ("set", 7, "car")],
        [("set", 2**31 - 1, "pedestrian"), ("set", 1, "car")],
    ],
)
def test_several_vocabularies_or_missing_numbers_are_numbered_by_name(store: Objects, tracks: list[Any]) -> None:
    found = classes(store, *tracks)
    assert found.names == ("car", "pedestrian")
    for _, class_id, name in tracks:
        assert found.names[found.number(class_id, name)] == name
