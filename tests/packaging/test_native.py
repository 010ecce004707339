"""The native data set: what was packaged is what is read, frame by frame, fetching only what is asked for."""

import io
import json
import pickle
import subprocess
import sys
import tarfile

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from rushes.packaging import native
from rushes.packaging.packed import Shard, ShardSummary
from rushes.packaging.reader import Dataset, DatasetError, decode_jpeg, open_dataset

SHARDS = [Shard("street", "train", 0, 2), Shard("street", "train", 1, 2), Shard("street", "val", 0, 1)]


class Counted(MemoryFileSystem):
    """A memory file system that remembers which bytes were read from it."""

    cachable = False

    def __init__(self):
        super().__init__()
        self.store, self.pseudo_dirs, self.reads = {}, [""], []

    def cat_file(self, path, start=None, end=None, **kwargs):
        data = super().cat_file(path, start, end, **kwargs)
        self.reads.append((path.split("native/")[1], len(data)))
        return data


@pytest.fixture(scope="module")
def sequences(sequence_of, boxes_of):
    """Seven sequences of 12 frames in three shards; frame 3 of each has no box, frame 9 has two."""

    def boxes(number, step):
        one = (number + 0.25, step, 8, 9.5, 1, 2, 0.5, False)
        two = (2 * number, step, 10, 7, 2, 0, 0.75, step % 2 == 0)
        return boxes_of(*(() if step == 3 else (one, two) if step == 9 else (one,)))

    def sequence(number):
        changes = {"split": "train" if number < 5 else "val"}
        if number == 2:
            changes |= {"label": (2, "car"), "track_id": "track", "embedding": np.arange(4, dtype=np.float32)}
        return sequence_of(number, [boxes(number, step) for step in range(12)], **changes)

    return [sequence(number) for number in range(7)]


@pytest.fixture(scope="module")
def files(sequences, class_names):
    found, summaries = [], []
    for shard, members in zip(SHARDS, (sequences[:3], sequences[3:5], sequences[5:]), strict=True):
        of_shard = list(native.shard_files(members, shard, class_names))
        ids = tuple(sequence.sequence_id for sequence in members)
        paths = tuple(file.path for file in of_shard)
        summaries.append(ShardSummary(shard, ids, tuple(map(len, members)), paths))
        found += of_shard
    return found + list(native.index_files(summaries, class_names))


@pytest.fixture
def fs(files):
    fs = Counted()
    fs.pipe({f"/native/{file.path}": file.data for file in files})
    fs.reads.clear()
    return fs


@pytest.fixture
def ds(fs):
    return open_dataset(fs, "/native/")


def test_a_shard_is_a_tar_and_three_tables_and_the_index_comes_last(files):
    stem = "train-00000-of-00002"
    tables = [f"{table}/{stem}.parquet" for table in ("frames", "boxes", "sequences")]
    assert [file.path for file in files[:4]] == [f"media/{stem}.tar", *tables]
    assert [file.rows for file in files[:4]] == [36, 36, 36, 3]
    assert [file.path for file in files[-2:]] == ["index.parquet", "index.json"]
    assert not any(file.dropped for file in files)


def test_any_tar_program_finds_the_images(files, sequences):
    with tarfile.open(fileobj=io.BytesIO(files[0].data)) as tar:
        names = tar.getnames()
        assert names[:2] == ["sequence-0/000000.jpg", "sequence-0/000001.jpg"]
        found = [tar.extractfile(name).read() for name in names]
        facts = {(member.mtime, member.uid, member.gid, member.uname, member.gname) for member in tar.getmembers()}
    assert found == [jpeg for sequence in sequences[:3] for jpeg in sequence.jpegs]
    assert facts == {(0, 0, 0, "", "")}


@given(st.lists(st.tuples(st.integers(1, 200), st.binary(min_size=1, max_size=1500)), max_size=5))
def test_the_table_of_frames_gives_the_bytes_of_every_image(sequence_of, class_names, images):
    members = [
        sequence_of(number, jpegs=(data,) * 3, sequence_id=f"{number}-".ljust(length, "x"))
        for number, (length, data) in enumerate(images)
    ]
    found = {file.path.split("/")[0]: file for file in native.shard_files(members, SHARDS[0], class_names)}
    frames = pq.read_table(io.BytesIO(found["frames"].data)).to_pylist()
    tar = found["media"].data
    assert [tar[row["offset"] : row["offset"] + row["size"]] for row in frames] == [
        jpeg for sequence in members for jpeg in sequence.jpegs
    ]
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        assert [member.offset_data for member in opened] == [row["offset"] for row in frames]


def test_a_data_set_is_as_long_as_its_sequences_are_many_and_keeps_their_order(ds, sequences):
    assert len(ds) == 7
    assert ds.sequence_ids == [sequence.sequence_id for sequence in sequences]
    assert ds.splits == ["train"] * 5 + ["val"] * 2
    assert ds.lengths.tolist() == [12] * 7
    assert ds.class_names == ("person", "bicycle", "car", "bus")


def test_a_frame_is_the_packaged_image(ds, sequences, image_of):
    assert ds.frames[5][9].jpeg() == sequences[5].jpegs[9]
    pixels = ds.frames[5][9].numpy()
    assert (pixels.dtype, pixels.shape) == (np.uint8, (48, 64, 3))
    assert np.abs(pixels.astype(int) - image_of(5, 9)).max() <= 4
    assert np.array_equal(pixels, decode_jpeg(sequences[5].jpegs[9]))


def test_a_sequence_of_frames_is_one_array(ds, sequences):
    pixels = ds.frames[5].numpy()
    assert pixels.shape == (12, 48, 64, 3)
    assert np.array_equal(pixels[9], ds.frames[5][9].numpy())
    assert ds.frames[-2].jpeg() == list(sequences[5].jpegs)


def test_boxes_and_their_values_are_ragged_as_they_were(ds, sequences):
    assert ds.boxes.coords == {"type": "pixel", "mode": "LTWH"}
    columns = {"boxes": ds.boxes, "track_numbers": ds.ids, "class_ids": ds.classes, "scores": ds.scores}
    columns["generated"] = ds.generated
    for number, sequence in enumerate(sequences):
        for name, column in columns.items():
            whole = column[number].numpy()
            for step, boxes in enumerate(sequence.boxes):
                given = getattr(boxes, name)
                found = column[number][step].numpy()
                assert found.dtype == given.dtype
                assert np.array_equal(found, given)
                assert np.array_equal(whole[step], given)
    assert ds.boxes[5][3].numpy().shape == (0, 4)
    assert ds.ids[5][3].numpy().shape == (0,)
    assert ds.boxes[5][9].numpy().shape == (2, 4)


def test_times_and_frame_numbers_are_those_of_the_source_video(ds, sequences):
    assert ds.timestamps[5].numpy().tolist() == sequences[5].times_s.tolist()
    assert ds.timestamps[5][9].numpy() == sequences[5].times_s[9]
    assert ds.frame_numbers[5].numpy().tolist() == list(range(100, 112))


def test_a_sequence_is_a_dict_of_its_values(ds, sequences):
    third = ds[2]
    assert (third["sequence_id"], third["split"], third["track_id"]) == ("sequence-2", "train", "track")
    assert (third["label_id"], third["label"]) == (2, "car")
    assert third["embedding"].dtype == np.float32
    assert third["embedding"].tolist() == [0, 1, 2, 3]
    assert third["frames"][9].jpeg() == sequences[2].jpegs[9]
    assert np.array_equal(third["boxes"][9].numpy(), sequences[2].boxes[9].boxes)
    last = ds[-1]
    assert (last["sequence_id"], last["label"], last["embedding"]) == ("sequence-6", None, None)
    assert (last["media_id"], last["source_uri"], last["width"]) == ("ab" * 32, "s3://bucket/bikes.mp4", 64)
    assert [sequence["sequence_id"] for sequence in ds] == ds.sequence_ids


@given(st.data())
def test_slices_and_lists_choose_as_they_do_of_a_list(files, sequences, data):
    fs = Counted()
    fs.pipe({f"/native/{file.path}": file.data for file in files})
    ds = open_dataset(fs, "/native")
    ids, steps = [sequence.sequence_id for sequence in sequences], range(12)
    chosen = data.draw(st.one_of(st.slices(7), st.lists(st.integers(-7, 6))))
    expected = ids[chosen] if isinstance(chosen, slice) else [ids[i] for i in chosen]
    part = ds[chosen]
    assert isinstance(part, Dataset)
    assert part.sequence_ids == expected
    assert len(part) == len(part.frames[:]) == len(ds.boxes[chosen]) == len(expected)
    frames = data.draw(st.one_of(st.slices(12), st.lists(st.integers(-12, 11))))
    wanted = list(steps[frames]) if isinstance(frames, slice) else [steps[i] for i in frames]
    for number in range(len(part))[:2]:
        source = sequences[ids.index(expected[number])]
        assert part.frames[number][frames].jpeg() == [source.jpegs[i] for i in wanted]
        assert part.timestamps[number][frames].numpy().tolist() == [source.times_s[i] for i in wanted]
        found = part.boxes[number][frames].numpy()
        assert [boxes.tolist() for boxes in found] == [source.boxes[i].boxes.tolist() for i in wanted]


def test_a_split_is_a_data_set_of_its_own(ds):
    val = ds.split("val")
    assert val.sequence_ids == ["sequence-5", "sequence-6"]
    assert val[1:].sequence_ids == ["sequence-6"]
    assert val.boxes[1:].coords == ds.boxes.coords
    with pytest.raises(DatasetError, match=r"use one of .*train.*val"):
        ds.split("test")


@pytest.mark.parametrize("index", [7, -8, 1000])
def test_a_sequence_that_does_not_exist_is_an_index_error_with_the_length(ds, index):
    for column in (ds, ds.frames, ds.boxes, ds.timestamps):
        with pytest.raises(IndexError, match=f"sequence {index} .* length is 7"):
            column[index]
    with pytest.raises(IndexError, match="length is 7"):
        ds[[0, index]]


def test_a_frame_or_box_that_does_not_exist_is_an_index_error_with_the_length(ds):
    for column in (ds.frames, ds.boxes, ds.timestamps):
        with pytest.raises(IndexError, match=r"frame 12 .* length is 12"):
            column[5][12]
    with pytest.raises(IndexError, match=r"box 2 .* length is 2"):
        ds.boxes[5][9][2]
    with pytest.raises(TypeError, match="counted, not named"):
        ds["sequence-1"]


def test_choosing_no_frame_gives_no_array_but_says_so(ds):
    assert ds.frames[0][5:5].jpeg() == []
    with pytest.raises(DatasetError, match="at least one frame"):
        ds.frames[0][5:5].numpy()


def test_only_what_is_asked_for_is_fetched(fs, sequences):
    ds = open_dataset(fs, "/native")
    assert [path for path, _ in fs.reads] == ["index.json", "index.parquet"]
    fs.reads.clear()
    frames = ds.frames[4]
    stem = "train-00001-of-00002"
    assert {path for path, _ in fs.reads} == {f"sequences/{stem}.parquet", f"frames/{stem}.parquet"}
    fs.reads.clear()
    frames[9].jpeg()
    assert fs.reads == [(f"media/{stem}.tar", len(sequences[4].jpegs[9]))]
    fs.reads.clear()
    frames.jpeg()
    assert len(fs.reads) == 1


def test_far_frames_are_fetched_without_what_lies_between(sequence_of, class_names):
    fs = Counted()
    sequence = sequence_of(jpegs=(b"a" * 90_000, b"b" * 400_000, b"c" * 90_000))
    shard = Shard("street", "train", 0, 1)
    written = [*native.shard_files([sequence], shard, class_names)]
    written += native.index_files([ShardSummary(shard, ("sequence-0",), (3,), ())], class_names)
    fs.pipe({f"/native/{file.path}": file.data for file in written})
    frames = open_dataset(fs, "/native").frames[0]
    fs.reads.clear()
    assert frames[[2, 0]].jpeg() == [sequence.jpegs[2], sequence.jpegs[0]]
    assert sum(size for _, size in fs.reads) == 180_000
    fs.reads.clear()
    assert frames[[1, 0]].jpeg() == [sequence.jpegs[1], sequence.jpegs[0]]
    assert len(fs.reads) == 1


def test_a_data_set_can_be_pickled_as_worker_processes_need(files, tmp_path, sequences):
    for file in files:
        (tmp_path / file.path).parent.mkdir(exist_ok=True)
        (tmp_path / file.path).write_bytes(file.data)
    ds = open_dataset(fsspec.filesystem("file"), str(tmp_path))
    ds.boxes[0].numpy()
    other = pickle.loads(pickle.dumps(ds[3:]))
    assert other.frames[2][9].jpeg() == sequences[5].jpegs[9]


def test_arrays_are_the_readers_own(ds):
    ds.ids[5][9].numpy()[:] = 0
    ds.boxes[5].numpy()[9][:] = 0
    ds.timestamps[5].numpy()[:] = 0
    assert ds.ids[5][9].numpy().tolist() == [1, 2]
    assert ds.boxes[5][9].numpy()[0].tolist() == [5.25, 9, 8, 9.5]


def test_an_empty_shard_is_a_data_set_of_no_sequences(class_names):
    fs = Counted()
    shard = Shard("none", "all", 0, 1)
    written = [*native.shard_files([], shard, class_names)]
    written += native.index_files([ShardSummary(shard, (), (), ())], class_names)
    fs.pipe({f"/native/{file.path}": file.data for file in written})
    ds = open_dataset(fs, "/native")
    assert (len(ds), ds.sequence_ids, list(ds.frames)) == (0, [], [])
    with pytest.raises(IndexError, match="length is 0"):
        ds[0]


def test_what_is_no_data_set_is_refused_in_one_line(fs):
    with pytest.raises(DatasetError, match=r"holds no index\.json"):
        open_dataset(fs, "/elsewhere-native/")
    index = json.loads(fs.cat_file("/native/index.json"))
    fs.pipe_file("/native/index.json", json.dumps(index | {"version": 99}).encode())
    with pytest.raises(DatasetError, match="version 99"):
        open_dataset(fs, "/native")


def test_a_tar_that_is_gone_or_cut_short_is_an_error_and_never_other_pixels(fs, ds, files):
    fs.pipe_file("/native/media/val-00000-of-00001.tar", files[8].data[:5000])
    with pytest.raises(DatasetError, match="shorter than its index"):
        ds.frames[6][11].jpeg()
    fs.rm_file("/native/media/val-00000-of-00001.tar")
    for choice in (slice(None), [0, 11]):
        with pytest.raises(DatasetError, match="val-00000"):
            ds.frames[6][choice].jpeg()


@pytest.mark.parametrize("hidden", [(), ("simplejpeg",), ("simplejpeg", "PIL")])
def test_reading_needs_little_and_any_jpeg_decoder_serves(files, tmp_path, image_of, hidden):
    for file in files:
        (tmp_path / file.path).parent.mkdir(exist_ok=True)
        (tmp_path / file.path).write_bytes(file.data)
    program = f"""
import sys
sys.modules.update(dict.fromkeys({hidden!r}))
import fsspec
from rushes.packaging.reader import open_dataset
ds = open_dataset(fsspec.filesystem("file"), {str(tmp_path)!r})
pixels = ds.frames[5][9].numpy()
print(pixels.shape, pixels.dtype, pixels[20, 30].tolist())
print({{"torch", "polars", "google.protobuf", "google_crc32c", "cv2", "duckdb"}} & set(sys.modules))
"""
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    shape, modules = output.splitlines()
    assert shape.startswith("(48, 64, 3) uint8")
    found = np.array(json.loads(shape.split("uint8 ")[1]))
    assert np.abs(found - image_of(5, 9)[0, 0]).max() <= 4
    assert modules == "set()"
