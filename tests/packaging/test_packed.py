"""Sequences, shards and summaries that would make an unreadable data set are refused before anything is written."""

import numpy as np
import pytest

from rushes.packaging.formats import FORMATS
from rushes.packaging.packed import PackagingError, Shard, ShardSummary, in_order


def summary(index=0, count=1, split="train", ids=("a",)):
    return ShardSummary(Shard("d", split, index, count), tuple(ids), (3,) * len(ids), ("p",), {"why": 2})


@pytest.mark.parametrize("sequence_id", ["", "..", ".hidden", "a/b", "a,b", "a\nb", "a b"])
def test_a_sequence_id_must_be_able_to_name_a_folder(sequence_of, sequence_id):
    with pytest.raises(PackagingError, match="cannot name a folder"):
        sequence_of(sequence_id=sequence_id)


def test_a_sequence_has_as_many_images_times_and_lists_of_boxes_as_frames(sequence_of):
    with pytest.raises(PackagingError, match="2 times"):
        sequence_of(times_s=np.array([0.0, 1.0]))
    with pytest.raises(PackagingError, match="at least one"):
        sequence_of(boxes=())


def test_a_track_has_one_box_in_a_frame(boxes_of):
    with pytest.raises(PackagingError, match="distinct"):
        boxes_of((0, 0, 5, 5, 7, 0, 1, False), (9, 9, 5, 5, 7, 0, 1, False))
    with pytest.raises(PackagingError, match="from 1"):
        boxes_of((0, 0, 5, 5, 0, 0, 1, False))


@pytest.mark.parametrize("name", FORMATS)
def test_a_shard_takes_no_sequence_of_another_split_nor_one_twice(name, sequence_of, class_names):
    shard = Shard("street", "train", 0, 1)
    with pytest.raises(PackagingError, match="split val"):
        list(FORMATS[name].shard_files([sequence_of(split="val")], shard, class_names))
    with pytest.raises(PackagingError, match="twice"):
        list(FORMATS[name].shard_files([sequence_of(), sequence_of()], shard, class_names))


@pytest.mark.parametrize("name", FORMATS)
def test_a_class_id_without_a_name_is_an_error(name, sequence_of, boxes_of, class_names):
    unnamed = boxes_of((0, 0, 5, 5, 1, len(class_names), 1, False))
    sequence = sequence_of(boxes=[unnamed], label=(0, "person"))
    with pytest.raises(PackagingError, match="class names"):
        list(FORMATS[name].shard_files([sequence], Shard("street", "train", 0, 1), class_names))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_sequences_give_the_same_bytes_also_from_a_generator(name, sequence_of, boxes_of, class_names):
    boxes = [boxes_of((1.5, 2, 9, 9, 2, 0, 0.9, False), (0, 0, 5, 5, 1, 2, 0.7, True))] * 4
    sequences = [sequence_of(i, boxes, label=(0, "person"), embedding=np.ones(8, np.float32)) for i in range(3)]
    shard = Shard("street", "train", 0, 1)
    once = list(FORMATS[name].shard_files(sequences, shard, class_names))
    again = list(FORMATS[name].shard_files((sequence for sequence in sequences), shard, class_names))
    assert once == again
    assert len({file.path for file in once}) == len(once)


def test_a_summary_survives_json():
    assert ShardSummary.from_json(summary(ids=("a", "b")).to_json()) == summary(ids=("a", "b"))


def test_shards_are_counted_by_split_and_then_by_index():
    shards = [summary(0, 1, "test", ["d"]), summary(1, 2, "train", ["b"]), summary(0, 2, "train", ["a"])]
    assert [shard.sequence_ids for shard in in_order(shards)] == [("a",), ("b",), ("d",)]


def test_an_index_of_missing_or_overlapping_shards_is_refused():
    with pytest.raises(PackagingError, match="00001-of-00002"):
        in_order([summary(1, 2)])
    with pytest.raises(PackagingError, match="more than one shard"):
        in_order([summary(0, 2), summary(1, 2)])
