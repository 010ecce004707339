"""MediaSequence read back without TensorFlow: our own shards, MediaPipe's, damaged ones, and as a PyTorch data set."""

import csv
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader

from rushes.packaging import mediasequence
from rushes.packaging.mediasequence_example import Example
from rushes.packaging.mediasequence_reader import open_mediasequence
from rushes.packaging.mediasequence_sample import classification_target, one_hot, sample, segment_matrix
from rushes.packaging.packed import PackagingError, Shard
from rushes.packaging.sequence_example import build
from rushes.packaging.tfrecord import write_record
from rushes.training.mediasequence import MediaSequenceDataset, padded

GOLDEN = Path(__file__).with_name("golden")
NAME = "street_train_tfrecord"


def write(folder, name, *records):
    with open(folder / name, "wb") as stream:
        for record in records:
            write_record(stream, record)
    return folder


def ints(*values):
    return np.array(values, np.int64)


def floats(*values):
    return np.array(values, np.float32)


def jpeg(value=100, size=(8, 12)):
    return simplejpeg.encode_jpeg(np.full((*size, 3), value, np.uint8), 95)


def example(context=None, **lists):
    """An example of four images at whole seconds, with whatever else."""
    images = {"image/encoded": [(jpeg(),)] * 4, "image/timestamp": [ints(1_000_000 * k) for k in range(4)]}
    return Example.of(build({"example/id": (b"one",), **(context or {})}, images | lists))


def segments(starts, ends, labels, **more):
    return {
        "segment/start/timestamp": ints(*starts),
        "segment/end/timestamp": ints(*ends),
        "segment/label/index": ints(*labels),
        **more,
    }


@pytest.fixture
def street(tmp_path, sequence_of, boxes_of, class_names):
    """Three sequences in two shards; returns them in the order read."""
    true = (16, 12, 32, 24, 4, 2, 0.75, False, True)
    found = (0, 0, 64, 48, 9, 0, 0.5, True)
    vector = np.linspace(-1, 1, 5, dtype=np.float32)
    sequences = [
        sequence_of(0, [boxes_of(true, found), boxes_of(), boxes_of(found)], label=(2, "car")),
        sequence_of(1, [boxes_of(found)] * 2, embedding=vector, embedding_model="net"),
        sequence_of(2, [boxes_of(true)] * 4, label=(0, "person")),
    ]
    for index, own in enumerate((sequences[:2], sequences[2:])):
        [file] = mediasequence.PLAIN.shard_files(own, Shard("street", "train", index, 2), class_names)
        (tmp_path / file.path).write_bytes(file.data)
    [labels] = mediasequence.PLAIN.index_files([], class_names)
    (tmp_path / labels.path).write_bytes(labels.data)
    return tmp_path, sequences


# Our own shards.


def test_what_was_packaged_is_what_is_read(street):
    folder, sequences = street
    examples = open_mediasequence(folder)
    assert [one.id for one in examples] == [s.sequence_id for s in sequences]
    for one, sequence in zip(examples, sequences, strict=True):
        assert one.encoded() == list(sequence.jpegs)
        np.testing.assert_array_equal(one.images(), [simplejpeg.decode_jpeg(data) for data in sequence.jpegs])
        np.testing.assert_array_equal(one.timestamps(), np.round(sequence.times_s * 1e6))


def test_true_and_predicted_boxes_are_reached_by_their_prefix(street):
    first = open_mediasequence(street[0])[0]
    assert first.prefixes == ("", "PREDICTED")
    assert [step.tolist() for step in first.regions().corners] == [[[0.25, 0.25, 0.75, 0.75]], [], []]
    predicted = first.regions("PREDICTED")
    assert [step.tolist() for step in predicted.corners] == [[[0, 0, 1, 1]], [], [[0, 0, 1, 1]]]
    assert [step.tolist() for step in predicted.values["track/index"]] == [[9], [], [9]]
    assert predicted.values["track/string"][0] == (b"clip-0/9",)
    assert predicted.values["is_generated"][0].tolist() == [1]
    assert predicted.timestamps.tolist() == first.timestamps().tolist()
    assert len(first.regions("NOBODY")) == 0


def test_labels_segments_and_vectors_are_those_of_the_sequence(street):
    first, second, third = open_mediasequence(street[0])
    assert first.clip_labels().strings == ("car",)
    assert first.clip_labels().indices.tolist() == [2]
    span = third.segments()
    assert (span.start.tolist(), span.end.tolist()) == ([0], [3])
    assert (span.start_times.tolist(), span.end_times.tolist()) == ([4_000_000], [4_120_000])
    assert span.labels.strings == ("person",)
    assert len(second.segments()) == 0
    np.testing.assert_array_equal(second.features("NET"), [street[1][1].embedding])


def test_classes_are_named_by_the_file_beside_the_shards(street, class_names):
    assert open_mediasequence(street[0]).class_names == class_names
    (street[0] / "labels.csv").unlink()
    assert open_mediasequence(street[0]).class_names == ()


def test_a_class_s_name_may_have_commas_and_quotes(tmp_path, class_names):
    write(tmp_path, "a-00000-of-00001")
    [labels] = mediasequence.PLAIN.index_files([], ['a, "b"', "c"])
    (tmp_path / "labels.csv").write_bytes(labels.data)
    assert open_mediasequence(tmp_path).class_names == ('a, "b"', "c")
    assert next(csv.reader(io.StringIO(labels.data.decode()))) == ["index", "string"]


def test_any_example_is_read_by_its_number_also_in_another_process(street):
    examples = pickle.loads(pickle.dumps(open_mediasequence(street[0], NAME)))
    assert [examples[i].id for i in (2, 0, -1)] == ["sequence-2", "sequence-0", "sequence-2"]
    for wrong in (3, -4):
        with pytest.raises(IndexError, match="of 3"):
            examples[wrong]


# Files that are not as they should be.


def test_a_file_cut_short_anywhere_is_an_error_that_names_it(street):
    folder, _ = street
    path = folder / f"{NAME}-00001-of-00002"
    whole = path.read_bytes()
    for end in (5, 12, 100, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(PackagingError, match=r"00001-of-00002: TFRecord file is damaged"):
            len(open_mediasequence(folder))


def test_a_flipped_bit_is_an_error_for_its_example_alone(street):
    folder, _ = street
    path = folder / f"{NAME}-00000-of-00002"
    damaged = bytearray(path.read_bytes())
    damaged[200] ^= 4
    path.write_bytes(bytes(damaged))
    examples = open_mediasequence(folder)
    with pytest.raises(PackagingError, match=r"00000-of-00002: .*record at byte 0"):
        examples[0]
    assert [examples[i].id for i in (1, 2)] == ["sequence-1", "sequence-2"]


def test_a_record_that_is_no_example_is_an_error_that_names_the_file(tmp_path):
    examples = open_mediasequence(write(tmp_path, "a-00000-of-00001", b"\xff\xff\xff"))
    with pytest.raises(PackagingError, match=r"a-00000-of-00001: .*not a tf\.train\.SequenceExample"):
        examples[0]


def test_shards_must_be_all_there_and_of_one_name(tmp_path):
    with pytest.raises(PackagingError, match="has shards of no name"):
        open_mediasequence(tmp_path)
    write(tmp_path, "a-00000-of-00002")
    with pytest.raises(PackagingError, match="put all there"):
        open_mediasequence(tmp_path)
    write(tmp_path, "a-00001-of-00002")
    write(tmp_path, "b-00000-of-00001")
    with pytest.raises(PackagingError, match=r"\['a', 'b'\]"):
        open_mediasequence(tmp_path)
    with pytest.raises(PackagingError, match=r"\['a', 'b'\]"):
        open_mediasequence(tmp_path, "c")
    assert len(open_mediasequence(tmp_path, "a")) == 0
    write(tmp_path, "a-00000-of-00003")
    with pytest.raises(PackagingError, match="of one set"):
        open_mediasequence(tmp_path, "a")


# What MediaPipe's code wrote (tests/interop/mediapipe_worker.py).


def test_a_shard_of_mediapipe_s_own_making_is_read():
    one, other = open_mediasequence(GOLDEN, "mediapipe")
    assert (one.id, other.id) == ("clip.mp4_0", "clip.mp4_1")
    assert one.prefixes == ("", "FPS2", "NET", "PREDICTED")
    assert one.images().shape == (4, 12, 16, 3)
    down, right = np.mgrid[:12, :16]
    slopes = np.stack([np.full((12, 16), 40 + 20), 90 + 4 * down, 30 + 5 * right], 2)
    assert np.abs(one.images()[2].astype(int) - slopes).mean() < 4
    assert one.images("FPS2").shape == (5, 12, 16, 3)
    assert one.timestamps("FPS2").tolist() == [0, 500_000, 1_000_000, 1_500_000, 2_000_000]
    assert [len(step) for step in one.regions().corners] == [0, 1, 2, 0]
    np.testing.assert_array_equal(one.regions().corners[1], floats([0.1, 0.2, 0.5, 0.75]))
    np.testing.assert_array_equal(one.regions("PREDICTED").corners[1], floats([0.1, 0.2, 0.5, 0.75]) + floats(0.125))
    np.testing.assert_array_equal(one.features("NET")[3], np.linspace(0, 3, 6, dtype=np.float32))


def test_its_training_values_are_those_of_the_two_readers():
    found = sample(open_mediasequence(GOLDEN)[0], classes=3)
    assert found["labels"].tolist() == [[1, 0, 0]]
    assert found["segment_matrix"].tolist() == [[1, 0], [1, 1], [0, 1], [0, 0]]
    assert found["indicator_matrix"].tolist() == [[1]] * 4
    assert found["classification_target"].tolist() == [[0, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert found["gt_segment_seconds"].tolist() == [[0, 1], [1, pytest.approx(1.9)]]
    assert found["gt_segment_classes"].tolist() == [1, 3]
    assert (found["num_timesteps"], found["num_segments"], found["sampling_rate"]) == (4, 2, 1)


def test_segments_are_carried_over_to_images_of_another_rate():
    found = sample(open_mediasequence(GOLDEN)[0], classes=3, prefix="FPS2")
    assert found["segment_matrix"].T.tolist() == [[1, 1, 1, 0, 0], [0, 0, 1, 1, 1]]
    assert (found["num_timesteps"], found["sampling_rate"]) == (5, 2)


# Values of one example.


def test_segments_without_indices_are_of_the_nearest_images_the_earlier_of_two():
    span = example(segments((400_000, 500_000, 2_600_000), (1_500_000, 9_000_000, 2_600_001), (0, 1, 2))).segments()
    assert (span.start.tolist(), span.end.tolist()) == ([0, 0, 3], [1, 3, 3])


def test_segments_of_indices_alone_have_the_times_of_their_images():
    given_only = {"segment/start/index": ints(1), "segment/end/index": ints(3), "segment/label/index": ints(0)}
    span = example(given_only).segments()
    assert (span.start_times.tolist(), span.end_times.tolist()) == ([1_000_000], [3_000_000])


def test_metadata_without_images_still_says_its_segments():
    context = segments((0, 5), (5, 9), (1, 1))
    span = Example.of(build(context, {})).segments()
    assert (len(span), span.start_times.tolist(), span.start.tolist()) == (2, [0, 5], [])


def test_segments_whose_parts_differ_in_number_are_refused():
    with pytest.raises(PackagingError, match="number"):
        example(segments((0, 1), (5,), (1, 1))).segments()
    with pytest.raises(PackagingError, match="without a label's index"):
        sample(example(segments((0,), (5,), ())), 3)


def test_images_that_are_not_there_or_cannot_be_decoded_are_errors_that_say_so():
    with pytest.raises(PackagingError, match=r"no FPS9/image/encoded: .* \[''\]"):
        example().images("FPS9")
    with pytest.raises(PackagingError, match="image 1 cannot be decoded"):
        example(**{"image/encoded": [(jpeg(),), (jpeg()[:40],)]}).images()
    with pytest.raises(PackagingError, match="image 0 cannot be decoded"):
        example(**{"image/encoded": [(b"text",)]}).images()
    with pytest.raises(PackagingError, match="of the shapes"):
        example(**{"image/encoded": [(jpeg(),), (jpeg(size=(8, 16)),)]}).images()


def test_other_pictures_than_colour_jpeg_are_decoded_as_they_are():
    masks = np.arange(96, dtype=np.uint8).reshape(8, 12)
    png = io.BytesIO()
    Image.fromarray(masks).save(png, "png")
    grey = simplejpeg.encode_jpeg(masks[..., None].copy(), 100, "GRAY")
    found = example(**{"CLASS_SEGMENTATION/image/encoded": [(png.getvalue(),)], "GREY/image/encoded": [(grey,)]})
    np.testing.assert_array_equal(found.images("CLASS_SEGMENTATION"), masks[None, :, :, None])
    assert found.images("GREY").shape == (1, 8, 12, 1)


def test_values_of_the_wrong_kind_are_refused():
    with pytest.raises(PackagingError, match="image/timestamp is no list of whole numbers"):
        example(**{"image/timestamp": [(b"now",)]}).timestamps()
    with pytest.raises(PackagingError, match="without a value"):
        example(**{"image/timestamp": [ints()]}).timestamps()
    sides = {f"region/bbox/{side}": [floats(*[0.5] * n)] for n, side in enumerate(("ymin", "xmin", "ymax", "xmax"))}
    with pytest.raises(PackagingError, match="differ in number"):
        example(**sides).regions()
    with pytest.raises(PackagingError, match="of several lengths"):
        example(**{"NET/feature/floats": [floats(1, 2), floats(1)]}).features("NET")


spans = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3)), max_size=5)


@given(spans, st.integers(1, 10))
def test_the_matrices_say_of_each_step_which_segments_and_classes_it_is_in(given_spans, steps):
    start, end, labels = (ints(*column) for column in zip(*given_spans, strict=True)) if given_spans else (ints(),) * 3
    matrix = segment_matrix(start, end, steps)
    target = classification_target(matrix, labels, 4)
    assert matrix.shape == (steps, len(given_spans))
    assert target.shape == (steps, 5)
    for step in range(steps):
        inside = [int(a <= step <= b) for a, b, _ in given_spans]
        assert matrix[step].tolist() == inside
        classes = {label + 1 for (_, _, label), yes in zip(given_spans, inside, strict=True) if yes}
        assert set(np.flatnonzero(target[step]).tolist()) == (classes or {0})
    assert set(np.unique(target)) <= {0, 1}


def test_a_label_that_is_no_class_is_refused():
    for wrong in (3, -1):
        with pytest.raises(PackagingError, match=f"index {wrong}, but there are 3"):
            one_hot(ints(0, wrong), 3)


# The PyTorch data set.


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_yields_each_example_once_in_padded_batches(street, workers):
    folder, sequences = street
    loader = DataLoader(
        MediaSequenceDataset(open_mediasequence(folder)), batch_size=2, collate_fn=padded, num_workers=workers
    )
    first, second = loader
    assert first["id"] + second["id"] == [s.sequence_id for s in sequences]
    assert first["images"].shape == (2, 3, 48, 64, 3)
    assert first["images"].dtype == torch.uint8
    assert first["indicator_matrix"][..., 0].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert first["num_timesteps"].tolist() == [3, 2]
    assert (first["images"][1, 2] == 0).all()
    pictures = np.stack([simplejpeg.decode_jpeg(data) for data in sequences[1].jpegs])
    np.testing.assert_array_equal(first["images"][1, :2], pictures)
    assert first["classification_target"].shape == (2, 3, 5)
    assert second["labels"].tolist() == [[[1, 0, 0, 0]]]


def test_the_number_of_classes_the_images_and_a_transform_may_be_given():
    examples = open_mediasequence(GOLDEN)
    with pytest.raises(PackagingError, match="give the number of classes"):
        MediaSequenceDataset(examples)
    dataset = MediaSequenceDataset(examples, 7, "FPS2", transform=lambda values: values["images"].float().mean())
    assert len(dataset) == 2
    assert float(dataset[1]) == pytest.approx(float(examples[1].images("FPS2").mean()), rel=1e-4)
