"""MediaSequence examples: the keys, units and invariants that MediaPipe's own readers count on."""

import csv
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tfrecord.reader import sequence_loader

from rushes.packaging import mediasequence
from rushes.packaging.packed import Shard
from rushes.packaging.sequence_example import parse
from rushes.packaging.tfrecord import read_records

SHARD = Shard("street", "train", 3, 10)


def written(sequences, class_names):
    [file] = mediasequence.PLAIN.shard_files(sequences, SHARD, class_names)
    return file


def example(sequence, class_names):
    [record] = read_records(io.BytesIO(written([sequence], class_names).data))
    return parse(record)


def corners(lists, step):
    return np.stack([lists[f"PREDICTED/region/bbox/{side}"][step] for side in ("ymin", "xmin", "ymax", "xmax")], 1)


@pytest.fixture(scope="session")
def two_boxes(boxes_of):
    return boxes_of((16, 12, 32, 24, 4, 2, 0.75, False), (0, 0, 64, 48, 9, 0, 0.5, True))


def test_the_file_is_named_by_data_set_split_and_shard(sequence_of, class_names):
    file = written([sequence_of(0), sequence_of(1)], class_names)
    assert file.path == "street_train_tfrecord-00003-of-00010"
    assert file.rows == 2
    assert file.dropped == {}


def test_the_context_says_what_the_clip_is_and_where_it_came_from(sequence_of, class_names):
    context, _ = example(sequence_of(7), class_names)
    assert context["example/id"] == (b"sequence-7",)
    assert context["example/dataset_name"] == (b"street",)
    assert context["example/dataset/flag/string"] == (b"train",)
    assert context["clip/data_path"] == (b"s3://bucket/bikes.mp4",)
    assert context["clip/media_id"] == (b"ab" * 32,)
    assert context["clip/alternative_media_id"] == (b"bikes",)
    assert context["clip/start/timestamp"].tolist() == [4_000_000]
    assert context["clip/end/timestamp"].tolist() == [4_120_000]
    assert context["image/format"] == (b"JPEG",)
    assert context["image/frame_rate"].tolist() == [25]
    size = [context[f"image/{side}"].tolist() for side in ("height", "width", "channels")]
    assert size == [[48], [64], [3]]


def test_images_are_the_given_bytes_at_microseconds_of_the_source_video(sequence_of, class_names):
    sequence = sequence_of(0)
    _, lists = example(sequence, class_names)
    assert lists["image/encoded"] == [(jpeg,) for jpeg in sequence.jpegs]
    assert [step.tolist() for step in lists["image/timestamp"]] == [[4_000_000], [4_040_000], [4_080_000]]


def test_boxes_are_normalised_predictions_with_label_track_and_score(sequence_of, two_boxes, class_names):
    _, lists = example(sequence_of(5, [two_boxes]), class_names)
    assert corners(lists, 0).tolist() == [[0.25, 0.25, 0.75, 0.75], [0, 0, 1, 1]]
    first = {key.removeprefix("PREDICTED/region/"): steps[0] for key, steps in lists.items() if "/region/" in key}
    assert first["label/index"].tolist() == [2, 0]
    assert first["label/string"] == (b"car", b"person")
    assert first["label/confidence"].tolist() == [0.75, 0.5]
    assert first["track/index"].tolist() == [4, 9]
    assert first["track/string"] == (b"clip-5/4", b"clip-5/9")
    assert first["is_generated"].tolist() == [0, 1]
    assert first["num_regions"].tolist() == [2]
    assert first["timestamp"].tolist() == [4_000_000]


def test_annotated_boxes_are_ground_truth_beside_predictions(sequence_of, boxes_of, class_names):
    def true(generated):
        return (1, 2, 9, 9, 1, 2, 1, generated, True, True, np.nan)

    found = (1, 2, 9, 9, 2, 0, 0.5, False)
    _, lists = example(
        sequence_of(0, [boxes_of(true(False), found), boxes_of(found), boxes_of(true(True))]), class_names
    )
    assert [step.tolist() for step in lists["region/track/index"]] == [[1], [], [1]]
    assert [step.tolist() for step in lists["region/is_annotated"]] == [[1], [0], [0]]
    assert [step.tolist() for step in lists["region/is_generated"]] == [[0], [], [1]]
    assert [step.tolist() for step in lists["PREDICTED/region/track/index"]] == [[2], [2], []]
    assert [step.tolist() for step in lists["PREDICTED/region/is_annotated"]] == [[1], [1], [1]]


def test_where_people_told_everything_nothing_is_predicted(sequence_of, boxes_of, class_names):
    true = (1, 2, 9, 9, 1, 2, 1, False, True, True, np.nan)
    sequence = sequence_of(0, [boxes_of(true), boxes_of()], annotated=np.array([True, True]))
    _, lists = example(sequence, class_names)
    assert [step.tolist() for step in lists["region/is_annotated"]] == [[1], [1]]
    assert [step.tolist() for step in lists["region/num_regions"]] == [[1], [0]]
    assert not [key for key in lists if key.startswith("PREDICTED/")]


def test_every_image_has_one_step_of_regions_also_without_a_box(sequence_of, boxes_of, two_boxes, class_names):
    _, lists = example(sequence_of(0, [two_boxes, boxes_of(), two_boxes]), class_names)
    regions = {key: steps for key, steps in lists.items() if key.startswith("PREDICTED/region/")}
    assert {len(steps) for steps in regions.values()} == {3}
    assert [step.tolist() for step in lists["PREDICTED/region/num_regions"]] == [[2], [0], [2]]
    assert [step.tolist() for step in lists["PREDICTED/region/is_annotated"]] == [[1], [1], [1]]
    assert lists["PREDICTED/region/timestamp"] == lists["image/timestamp"]
    assert len(corners(lists, 1)) == 0


def test_boxes_are_clipped_to_the_image_and_those_with_nothing_in_it_are_counted(sequence_of, boxes_of, class_names):
    boxes = boxes_of(
        (-16, -12, 32, 24, 1, 0, 1, False),
        (64, 0, 10, 10, 2, 0, 1, False),
        (5, 5, 0, 10, 3, 0, 1, False),
        (float("nan"), 5, 5, 10, 4, 0, 1, False),
        (5, 5, float("inf"), 10, 5, 0, 1, False),
    )
    file = written([sequence_of(0, [boxes])], class_names)
    _, lists = parse(next(read_records(io.BytesIO(file.data))))
    assert corners(lists, 0).tolist() == [[0, 0, 0.25, 0.25]]
    assert lists["PREDICTED/region/track/index"][0].tolist() == [1]
    assert lists["PREDICTED/region/num_regions"][0].tolist() == [1]
    assert file.dropped == {"box_without_area_in_image": 2, "box_not_finite": 2}


boxes_somewhere = st.lists(
    st.tuples(*[st.floats(-200, 200, width=32)] * 2, *[st.floats(-5, 300, width=32)] * 2), max_size=6
)


@given(boxes_somewhere)
def test_no_box_is_outside_the_unit_square_and_none_is_lost_uncounted(sequence_of, boxes_of, class_names, ltwh):
    boxes = boxes_of(*[(*box, k + 1, 0, 1, False) for k, box in enumerate(ltwh)])
    file = written([sequence_of(0, [boxes])], class_names)
    _, lists = parse(next(read_records(io.BytesIO(file.data))))
    found = corners(lists, 0)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found[:, :2] < found[:, 2:]).all()
    assert len(found) + sum(file.dropped.values()) == len(ltwh)


def test_timestamps_strictly_increase_and_what_repeats_a_time_is_counted(sequence_of, two_boxes, class_names):
    sequence = sequence_of(0, [two_boxes] * 4, times_s=np.array([1.0, 1.04, 1.04, 1.08]))
    file = written([sequence], class_names)
    _, lists = parse(next(read_records(io.BytesIO(file.data))))
    assert np.concatenate(lists["image/timestamp"]).tolist() == [1_000_000, 1_040_000, 1_080_000]
    assert lists["image/encoded"] == [(sequence.jpegs[i],) for i in (0, 1, 3)]
    assert len(lists["PREDICTED/region/num_regions"]) == 3
    assert file.dropped == {"image_time_repeated": 1, "box_of_dropped_image": 2}


def test_a_label_is_the_clips_and_that_of_one_segment_of_all_images(sequence_of, two_boxes, class_names):
    context, _ = example(sequence_of(0, [two_boxes] * 3, label=(2, "car")), class_names)
    for kind in ("clip", "segment"):
        assert context[f"{kind}/label/index"].tolist() == [2]
        assert context[f"{kind}/label/string"] == (b"car",)
        assert context[f"{kind}/label/confidence"].tolist() == [0.75]
    assert [context[f"segment/{end}/index"].tolist() for end in ("start", "end")] == [[0], [2]]
    assert [context[f"segment/{end}/timestamp"].tolist() for end in ("start", "end")] == [[4_000_000], [4_080_000]]


def test_without_a_label_there_is_no_segment_and_a_label_without_a_box_has_no_confidence(sequence_of, class_names):
    context, _ = example(sequence_of(0), class_names)
    assert not [key for key in context if "label" in key or key.startswith("segment")]
    context, _ = example(sequence_of(0, label=(2, "car")), class_names)
    assert context["segment/label/index"].tolist() == [2]
    assert "segment/label/confidence" not in context


def test_an_embedding_is_a_feature_under_its_models_name(sequence_of, class_names):
    vector = np.linspace(-1, 1, 5, dtype=np.float32)
    sequence = sequence_of(0, embedding=vector, embedding_model="efficientnet-lite0")
    context, lists = example(sequence, class_names)
    assert context["EFFICIENTNET_LITE0/feature/dimensions"].tolist() == [5]
    [step] = lists["EFFICIENTNET_LITE0/feature/floats"]
    assert step.tolist() == vector.tolist()
    assert lists["EFFICIENTNET_LITE0/feature/timestamp"][0].tolist() == [4_000_000]
    assert lists["EFFICIENTNET_LITE0/feature/duration"][0].tolist() == [120_000]


@given(st.text(max_size=20))
def test_a_prefix_is_capitals_digits_and_underscores(model):
    assert re.fullmatch(r"[A-Z0-9]([A-Z0-9_]*[A-Z0-9])?", mediasequence.feature_prefix(model))


def test_another_reader_reads_the_file(tmp_path, sequence_of, boxes_of, two_boxes, class_names):
    sequences = [sequence_of(i, [two_boxes, boxes_of()], label=(0, "person")) for i in range(3)]
    path = tmp_path / "file"
    path.write_bytes(written(sequences, class_names).data)
    found = list(sequence_loader(str(path), None))
    assert [context["example/id"] for context, _ in found] == [b"sequence-0", b"sequence-1", b"sequence-2"]
    _, lists = found[1]
    assert [bytes(step) for step in lists["image/encoded"]] == list(sequences[1].jpegs)
    assert [step.tolist() for step in lists["PREDICTED/region/bbox/ymin"]] == [[0.25, 0], []]


def test_the_labels_are_listed_by_index():
    [file] = mediasequence.PLAIN.index_files([], ["person", "fire, hydrant"])
    assert list(csv.reader(io.StringIO(file.data.decode()))) == [
        ["index", "string"],
        ["0", "person"],
        ["1", "fire, hydrant"],
    ]
