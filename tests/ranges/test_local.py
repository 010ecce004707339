"""A local file by its ranges: the bytes asked for, no open handle left, and a word when it changed."""

import os
import pickle
from pathlib import Path

import pytest

from rushes.errors import VideoError
from rushes.ranges import Fingerprint, LocalRanges, open_ranges


@pytest.fixture
def file(tmp_path: Path, data: bytes) -> Path:
    """The file."""
    (tmp_path / "v.mp4").write_bytes(data)
    return tmp_path / "v.mp4"


@pytest.mark.parametrize("form", ["{}", "file://{}", "local://{}"])
def test_spans_come_in_the_order_asked_for_whatever_way_the_path_is_written(file: Path, data: bytes, form: str) -> None:
    ranges = open_ranges(form.format(file))
    assert ranges.read([(900, 1000), (0, 3), (5, 5), (2, 950)]) == [data[900:1000], data[:3], b"", data[2:950]]
    assert ranges.name == str(file)
    with ranges.open() as handle:
        assert handle.seek(-10, os.SEEK_END) == len(data) - 10
        assert handle.read() == data[-10:]


def test_reading_leaves_no_file_open(file: Path) -> None:
    ranges = LocalRanges(file)
    before = len(os.listdir("/proc/self/fd"))
    for at in range(100):
        ranges.read([(at, at + 10)])
    assert len(os.listdir("/proc/self/fd")) == before


def test_another_size_than_the_one_expected_is_a_changed_file(file: Path, data: bytes) -> None:
    content = LocalRanges(file).fingerprint()
    assert content == Fingerprint(len(data), None)
    ranges = open_ranges(str(file), expected=content)
    assert ranges.read([(0, 9)]) == [data[:9]]
    file.write_bytes(data + b"more")
    for read in (lambda: ranges.read([(0, 9)]), ranges.open):
        with pytest.raises(VideoError, match="changed since it was indexed"):
            read()


def test_what_cannot_be_read_says_why(file: Path, data: bytes, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no such file") as caught:
        open_ranges(str(tmp_path / "none.mp4")).read([(0, 1)])
    assert caught.value.reason == "missing_file"
    with pytest.raises(VideoError, match="not a file"):
        open_ranges(str(tmp_path)).read([(0, 1)])
    with pytest.raises(VideoError, match=f"ends at byte {len(data)}"):
        open_ranges(str(file)).read([(len(data) - 1, len(data) + 1)])


def test_it_can_be_sent_to_another_process(file: Path, data: bytes) -> None:
    assert pickle.loads(pickle.dumps(LocalRanges(file))).read([(1, 4)]) == [data[1:4]]
