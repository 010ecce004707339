"""Images at other rates and vectors in time stand under prefixes beside a sequence's own images."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.packaging import mediasequence
from rushes.packaging.mediasequence_example import Example
from rushes.packaging.packed import Shard
from rushes.packaging.packed_beside import Beside, ImagesAtRate, VectorsInTime, resampled
from rushes.packaging.tfrecord import read_records


def example(sequence, class_names):
    [file] = mediasequence.PLAIN.shard_files([sequence], Shard("street", "train", 0, 1), class_names)
    [record] = read_records(io.BytesIO(file.data))
    return Example.of(record)


def test_images_at_a_rate_stand_under_its_prefix_and_leave_the_others_as_they_are(sequence_of, class_names):
    sequence = sequence_of(0)
    rates = (
        ImagesAtRate(10.0, np.array([4_000_000, 4_100_000]), sequence.jpegs[:2]),
        ImagesAtRate(29.97, np.array([4_004_004]), sequence.jpegs[2:]),
    )
    found = example(sequence_of(0, beside=Beside(rates=rates)), class_names)
    assert found.prefixes == ("", "FPS10", "FPS29_97", "PREDICTED")
    assert found.encoded() == list(sequence.jpegs)
    assert found.encoded("FPS10") == list(sequence.jpegs[:2])
    assert found.timestamps("FPS10").tolist() == [4_000_000, 4_100_000]
    assert found.context["FPS10/image/frame_rate"].tolist() == [10]
    assert found.context["FPS10/image/format"] == (b"JPEG",)
    assert found.images("FPS29_97").shape == (1, 48, 64, 3)


def test_vectors_in_time_stand_beside_the_mean(sequence_of, class_names):
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    beside = Beside(vectors=VectorsInTime(np.array([4.0, 4.04, 4.0400001]), vectors))
    mean = np.ones(2, np.float32)
    found = example(sequence_of(0, embedding=mean, embedding_model="net", beside=beside), class_names)
    assert found.features("NET").tolist() == [[1, 1]]
    assert found.features("NET_FRAMES").tolist() == [[0, 1], [2, 3]]
    assert found.timestamps("NET_FRAMES", "feature").tolist() == [4_000_000, 4_040_000]
    assert found.context["NET_FRAMES/feature/dimensions"].tolist() == [2]


def test_the_frame_rate_is_that_of_the_first_two_images(sequence_of, boxes_of, class_names):
    found = example(sequence_of(0, times_s=np.array([1.0, 1.125, 1.2])), class_names)
    assert found.context["image/frame_rate"].tolist() == [8]
    found = example(sequence_of(0, [boxes_of()]), class_names)
    assert found.context["image/frame_rate"].tolist() == [25]


@pytest.mark.parametrize(
    ("fps", "prefix"), [(10.0, "FPS10"), (12.5, "FPS12_5"), (29.97, "FPS29_97"), (100.0, "FPS100")]
)
def test_a_rates_prefix_is_one_that_mediasequence_allows(fps, prefix):
    assert mediasequence.rate_prefix(fps) == prefix


def test_a_higher_rate_repeats_frames_and_a_lower_one_leaves_some_out():
    times = np.array([0, 100_000, 200_000, 300_000])
    grid, shown = resampled(times, 400_000, 20)
    assert grid.tolist() == [0, 50_000, 100_000, 150_000, 200_000, 250_000, 300_000, 350_000]
    assert shown.tolist() == [0, 1, 1, 2, 2, 3, 3, 3]
    assert [values.tolist() for values in resampled(times, 400_000, 5)] == [[0, 200_000], [0, 2]]


def test_the_grid_begins_with_the_source_and_not_with_the_sequence():
    grid, shown = resampled(np.array([130_000, 170_000, 210_000]), 250_000, 10)
    assert (grid.tolist(), shown.tolist()) == ([200_000], [2])
    assert len(resampled(np.array([130_000]), 170_000, 10)[0]) == 0


@given(
    st.lists(st.integers(-2_000_000, 5_000_000), min_size=1, max_size=12, unique=True).map(sorted),
    st.integers(1, 400_000),
    st.floats(0.5, 60),
)
def test_every_time_of_the_grid_shows_its_nearest_frame(times, lasts, fps):
    end = times[-1] + lasts
    grid, shown = resampled(np.array(times), end, fps)
    expected = [round(k * 1e6 / fps) for k in range(int(-2.1 * fps) - 2, int(6 * fps) + 2)]
    expected = sorted({time for time in expected if times[0] <= time < end})
    assert grid.tolist() == expected
    nearest = [min(range(len(times)), key=lambda at: (abs(times[at] - time), -at)) for time in expected]
    assert shown.tolist() == nearest
