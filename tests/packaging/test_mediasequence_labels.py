"""Labels of clips and segments, and the shards that MediaPipe's own demo and Charades readers look for."""

import csv
import io

import numpy as np
import pytest

from rushes.packaging import mediasequence
from rushes.packaging.mediasequence_reader import open_mediasequence
from rushes.packaging.mediasequence_sample import sample
from rushes.packaging.packed import Shard, ShardSummary
from rushes.packaging.packed_beside import Beside, LabelledSpan
from rushes.packaging.sequence_example import parse
from rushes.packaging.tfrecord import read_records


def shard_of(layout, sequences, class_names):
    [file] = layout.shard_files(sequences, Shard("street", "train", 0, 1), class_names)
    return file


def contexts(file):
    return [parse(record)[0] for record in read_records(io.BytesIO(file.data))]


def said(*spans):
    return Beside(spans=tuple(LabelledSpan(*span) for span in spans))


def listed(context, key):
    return np.asarray(context[key]).tolist()


def test_what_people_said_is_segments_by_time_and_image_and_labels_of_the_clip(sequence_of, class_names):
    """Images at 4, 4.04 and 4.08 s; the sequence ends at 4.12 s. No segment is longer than what the example shows."""
    beside = said((3.0, 4.05, 92, "c092", None), (4.03, 9.0, 12, "c012", None), (4.06, 4.1, 92, "c092", None))
    [context] = contexts(shard_of(mediasequence.PLAIN, [sequence_of(0, beside=beside)], class_names))
    assert listed(context, "segment/label/index") == [92, 12, 92]
    assert context["segment/label/string"] == (b"c092", b"c012", b"c092")
    assert listed(context, "segment/start/timestamp") == [4_000_000, 4_030_000, 4_060_000]
    assert listed(context, "segment/end/timestamp") == [4_050_000, 4_120_000, 4_100_000]
    assert listed(context, "segment/start/index") == [0, 1, 1]  # of two images as near the earlier
    assert listed(context, "segment/end/index") == [1, 2, 2]
    assert listed(context, "clip/label/index") == [12, 92]
    assert context["clip/label/string"] == (b"c012", b"c092")
    assert "segment/label/confidence" not in context


def test_scores_are_confidences_where_all_have_one(sequence_of, class_names):
    beside = said((4.0, 4.05, 3, "run", 0.25), (4.05, 4.1, 3, "run", 0.75))
    [context] = contexts(shard_of(mediasequence.PLAIN, [sequence_of(0, beside=beside)], class_names))
    assert listed(context, "segment/label/confidence") == [0.25, 0.75]
    assert listed(context, "clip/label/confidence") == [0.75]


def test_beside_labels_of_people_a_followed_tracks_class_stands_under_a_prefix(sequence_of, class_names):
    beside = said((4.0, 5.0, 7, "run", None))
    [context] = contexts(shard_of(mediasequence.PLAIN, [sequence_of(0, label=(2, "car"), beside=beside)], class_names))
    assert context["clip/label/string"] == (b"run",)
    assert context["TRACK/clip/label/string"] == (b"car",)
    assert listed(context, "TRACK/clip/label/index") == [2]


def test_where_others_are_labelled_one_without_a_label_has_none(sequence_of, class_names):
    sequence = sequence_of(0, label=(2, "car"), beside=said())
    [context] = contexts(shard_of(mediasequence.PLAIN, [sequence], class_names))
    assert not [key for key in context if key.startswith(("clip/label", "segment/"))]
    assert context["TRACK/clip/label/string"] == (b"car",)


def test_the_labels_that_people_gave_are_listed_in_a_file_of_their_own(sequence_of, class_names):
    files = [
        shard_of(mediasequence.PLAIN, [sequence_of(0, beside=said((4.0, 5.0, index, name, None)))], class_names)
        for index, name in ((12, "run"), (3, "jump, high"))
    ]
    shards = [
        ShardSummary(Shard("street", "train", at, 2), (), (), (), carried=(file.carried,))
        for at, file in enumerate(files)
    ]
    classes, told = mediasequence.PLAIN.index_files([ShardSummary.from_json(s.to_json()) for s in shards], class_names)
    assert (classes.path, told.path) == ("labels.csv", "segment_labels.csv")
    assert list(csv.reader(io.StringIO(told.data.decode()))) == [
        ["index", "string"],
        ["3", "jump, high"],
        ["12", "run"],
    ]


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        (mediasequence.DEMO, "demo_space_dataset_train_tfrecord-00000-of-00001"),
        (mediasequence.CHARADES, "charades_v1_train_records-00000-of-00001"),
    ],
)
def test_shards_for_mediapipe_s_readers_have_the_names_that_they_look_for(layout, path, sequence_of, class_names):
    assert shard_of(layout, [sequence_of(0, label=(0, "person"))], class_names).path == path


def test_the_demo_reader_is_given_one_label_and_none_that_it_does_not_know(sequence_of, class_names):
    sequences = [
        sequence_of(0, beside=said((4.0, 4.02, 0, "nebula", None), (4.02, 4.1, 1, "galaxy", None))),
        sequence_of(1, beside=said((4.0, 4.1, 2, "comet", None))),
        sequence_of(2, beside=said()),
    ]
    file = shard_of(mediasequence.DEMO, sequences, class_names)
    [context] = contexts(file)
    assert context["clip/label/string"] == (b"galaxy",)
    assert listed(context, "clip/label/index") == [1]
    assert file.rows == 1
    assert file.dropped == {"label_unknown_to_reader": 1, "example_without_label": 2}


def test_without_labels_the_objects_are_what_happens(sequence_of, boxes_of, class_names):
    first, second = (1, 1, 9, 9, 4, 0, 0.5, False), (5, 5, 9, 9, 2, 1, 1, False)
    sequence = sequence_of(0, [boxes_of(first), boxes_of(first, second), boxes_of(second), boxes_of()])
    [context] = contexts(shard_of(mediasequence.CHARADES, [sequence], class_names))
    assert context["segment/label/string"] == (b"person", b"bicycle")
    assert listed(context, "segment/start/index") == [0, 1]
    assert listed(context, "segment/end/index") == [1, 2]
    assert listed(context, "segment/label/confidence") == [0.5, 1]
    [context] = contexts(shard_of(mediasequence.DEMO, [sequence], class_names))
    assert context["clip/label/string"] == (b"person",)


def test_objects_that_people_gave_go_before_those_that_were_found(sequence_of, boxes_of, class_names):
    told, found = (1, 1, 9, 9, 4, 0, 1, False, True, True, np.nan), (5, 5, 9, 9, 2, 1, 1, False)
    sequence = sequence_of(0, [boxes_of(told, found), boxes_of(found)])
    [context] = contexts(shard_of(mediasequence.CHARADES, [sequence], class_names))
    assert context["segment/label/string"] == (b"person",)


def test_charades_shards_give_the_targets_of_its_reader(tmp_path, sequence_of, class_names):
    beside = said((4.0, 4.04, 92, "c092", None), (4.04, 4.05, 156, "c156", None))
    file = shard_of(mediasequence.CHARADES, [sequence_of(0, beside=beside)], class_names)
    (tmp_path / file.path).write_bytes(file.data)
    [example] = open_mediasequence(tmp_path, "charades_v1_train_records")
    found = sample(example, 157)
    assert found["classification_target"].shape == (3, 158)
    assert [np.flatnonzero(row).tolist() for row in found["classification_target"]] == [[93], [93, 157], [0]]
    assert found["gt_segment_classes"].tolist() == [93, 157]
    np.testing.assert_allclose(found["gt_segment_seconds"], [[4, 4.04], [4.04, 4.05]], rtol=1e-6)
