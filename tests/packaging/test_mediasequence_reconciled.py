"""What people told of moments between a sequence's images goes to the nearest image, and what is lost is counted."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rushes.packaging import mediasequence
from rushes.packaging.packed import Shard
from rushes.packaging.packed_beside import Beside, ToldFrame
from rushes.packaging.sequence_example import parse
from rushes.packaging.tfrecord import read_records

SHARD = Shard("street", "train", 0, 1)


def told_box(boxes_of, left):
    return boxes_of((left, 2, 9, 9, 1, 2, 1, False, True, True, np.nan))


def written(sequence, class_names):
    [file] = mediasequence.PLAIN.shard_files([sequence], SHARD, class_names)
    [record] = read_records(io.BytesIO(file.data))
    return parse(record)[1], file.dropped


def column(lists, key):
    return [step.tolist() for step in lists[f"region/{key}"]]


def test_a_step_goes_to_its_nearest_image_and_keeps_its_own_time(sequence_of, boxes_of, class_names):
    beside = Beside(told=(ToldFrame(4.05, told_box(boxes_of, 16)),))
    lists, dropped = written(sequence_of(0, [boxes_of()] * 3, beside=beside), class_names)
    assert column(lists, "is_annotated") == [[0], [1], [0]]
    assert column(lists, "num_regions") == [[0], [1], [0]]
    assert column(lists, "bbox/xmin") == [[], [0.25], []]
    assert column(lists, "timestamp") == [[4_000_000], [4_040_000], [4_080_000]]
    assert column(lists, "unmodified_timestamp") == [[4_050_000]]
    assert dropped == {}


def test_halfway_between_two_images_it_is_the_later_one(sequence_of, boxes_of, class_names):
    beside = Beside(told=(ToldFrame(4.02, told_box(boxes_of, 16)),))
    lists, _ = written(sequence_of(0, [boxes_of()] * 3, beside=beside), class_names)
    assert column(lists, "is_annotated") == [[0], [1], [0]]


def test_of_several_the_nearest_stays_and_the_others_are_counted(sequence_of, boxes_of, class_names):
    told = [ToldFrame(time, told_box(boxes_of, left)) for time, left in ((4.05, 16), (4.03, 32), (4.045, 48))]
    lists, dropped = written(sequence_of(0, [boxes_of()] * 3, beside=Beside(told=tuple(told))), class_names)
    assert column(lists, "bbox/xmin") == [[], [0.75], []]
    assert column(lists, "unmodified_timestamp") == [[4_045_000]]
    assert dropped == {"box_between_images": 2}


def test_what_was_told_of_an_image_itself_stays(sequence_of, boxes_of, class_names):
    boxes = [boxes_of(), told_box(boxes_of, 0), boxes_of()]
    beside = Beside(told=(ToldFrame(4.041, told_box(boxes_of, 16)),))
    lists, dropped = written(sequence_of(0, boxes, beside=beside), class_names)
    assert column(lists, "bbox/xmin") == [[], [0], []]
    assert dropped == {"box_between_images": 1}


def test_boxes_that_were_made_up_give_way_and_those_of_a_model_stay(sequence_of, boxes_of, class_names):
    made_up = (0, 2, 9, 9, 1, 2, 1, True, True, True, np.nan)
    found = (1, 2, 9, 9, 2, 0, 0.5, False)
    beside = Beside(told=(ToldFrame(4.041, told_box(boxes_of, 16)),))
    lists, dropped = written(sequence_of(0, [boxes_of(made_up, found)] * 3, beside=beside), class_names)
    assert column(lists, "bbox/xmin") == [[0], [0.25], [0]]
    assert column(lists, "is_generated") == [[1], [0], [1]]
    assert [step.tolist() for step in lists["PREDICTED/region/num_regions"]] == [[1], [1], [1]]
    assert dropped == {}


@given(st.lists(st.integers(0, 130), max_size=8, unique=True), st.sets(st.integers(0, 4)))
def test_it_is_what_a_plain_search_gives(sequence_of, boxes_of, class_names, moments, own):
    """Each told moment (ms after the first of five images at 25 fps) to its nearest image, each image its nearest."""
    moments = sorted(ms for ms in moments if ms % 40)
    boxes = [told_box(boxes_of, 50) if step in own else boxes_of() for step in range(5)]
    told = tuple(ToldFrame(4 + ms / 1000, told_box(boxes_of, ms / 4)) for ms in moments)
    lists, dropped = written(sequence_of(0, boxes, beside=Beside(told=told)), class_names)
    images = [40 * step for step in range(5)]
    claims: dict[int, list[int]] = {step: [] for step in range(5)}
    for ms in moments:
        claims[min(range(5), key=lambda step: (abs(images[step] - ms), -step))].append(ms)
    expected = {
        step: (images[step], 50) if step in own else min((abs(ms - images[step]), ms, ms / 4) for ms in of)[1:]
        for step, of in claims.items()
        if of or step in own
    }
    if not expected:
        assert "region/is_annotated" not in lists
        return
    assert column(lists, "is_annotated") == [[int(step in expected)] for step in range(5)]
    times = [4_000_000 + 1000 * expected[step][0] for step in sorted(expected)]
    assert [step[0] for step in column(lists, "unmodified_timestamp")] == times
    lefts = [[expected[step][1] / 64] if step in expected else [] for step in range(5)]
    assert column(lists, "bbox/xmin") == lefts
    lost = len(moments) + len(own) - len(expected)
    assert dropped == ({"box_between_images": lost} if lost else {})
