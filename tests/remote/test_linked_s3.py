"""Files in a real S3 server by their ranges, and a linked video of one."""

import random
from pathlib import Path

import pytest
from videos import make_video, read_barcode

from rushes.errors import VideoError
from rushes.ranges import credentials, open_ranges
from rushes.sources.ingest import ingest
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.video.media import open_video
from rushes.work.step import Task


def test_spans_of_an_object_are_read_and_a_change_is_noticed(remote: Objects) -> None:
    data = random.Random(1).randbytes(1_000_000)
    remote.write("v.bin", data)
    ranges = open_ranges(remote.full_uri("v.bin"), "ENV")
    assert ranges.read([(0, 9), (700_000, 700_100)]) == [data[:9], data[700_000:700_100]]
    content = ranges.fingerprint()
    assert content == open_ranges(remote.full_uri("v.bin")).fingerprint()
    with ranges.open() as handle:
        assert handle.read() == data
    remote.write("v.bin", data[::-1])
    for other in (ranges, open_ranges(remote.full_uri("v.bin"), "ENV", content)):
        with pytest.raises(VideoError, match="changed since it was indexed"):
            other.read([(0, 9)])


def test_what_is_not_there_and_what_may_not_be_read(remote: Objects, server: str) -> None:
    remote.write("v.bin", b"bytes")
    with pytest.raises(VideoError, match="nothing there"):
        open_ranges(remote.full_uri("none.bin"), "ENV").read([(0, 1)])
    with pytest.raises(VideoError, match="ends"):
        open_ranges(remote.full_uri("v.bin"), "ENV").read([(10, 20)])
    wrong = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nothing", "endpoint_url": server}
    credentials.populate("wrong", wrong)
    with pytest.raises(VideoError, match="may not be read with the credentials 'wrong'"):
        open_ranges(remote.full_uri("v.bin"), "wrong").read([(0, 1)])


def test_a_linked_video_is_read_where_it_is(remote: Objects, store: Objects, tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", 60)
    remote.write_file("far/v.mp4", source)
    entry = Entry("v", "v", remote.full_uri("far/v.mp4"), linked=True, creds_key="ENV")
    outcome = ingest(Task(store, entry, "far", {}))
    [row] = VIDEOS.from_rows(outcome.rows["videos"]).to_pylist()  # type: ignore[arg-type]
    assert (row["sha256"], row["size_bytes"]) == (None, source.stat().st_size)
    assert row["etag"]
    with open_video(store, row, outcome.rows["packets"]) as reader:  # type: ignore[arg-type]
        assert [read_barcode(picture) for _, picture in reader.frames([3, 59])] == [3, 59]
    assert list(store.list("")) == []
