"""Downloads from a real S3 server, and into a store that lies in one."""

import hashlib
import random
import tempfile
from pathlib import Path

import pytest
from http_ranges import Fault, RangeServer

from rushes.errors import LinkError, VideoError
from rushes.ranges import remote as remote_ranges
from rushes.settings import Ingest
from rushes.sources.download import Downloader, find
from rushes.sources.download.spool import Content, Part, Place, spool_folder
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.rejects import Reason

DATA = random.Random(3).randbytes(9_000_000)


def entry(uri: str, creds_key: str | None = "ENV") -> Entry:
    return Entry("v", "v", uri, creds_key=creds_key, trust="listed")


def test_an_object_becomes_a_media_object_and_is_fetched_once(remote: Objects, store: Objects) -> None:
    remote.write("far/v.mp4", DATA)
    source = entry(remote.full_uri("far/v.mp4"))
    done = Downloader(store, Ingest())(source)
    assert (store.read(done.media), done.by, done.size) == (DATA, "s3", len(DATA))
    assert done.etag
    remote.delete("far/v.mp4")
    assert Downloader(store, Ingest())(source) == done


def test_it_goes_on_from_a_part_of_the_same_content_only(remote: Objects, store: Objects) -> None:
    remote.write("v.mp4", DATA)
    uri = remote.full_uri("v.mp4")
    etag = Downloader(store, Ingest())(entry(uri)).etag
    place = Place(spool_folder(store), uri)
    for content, head in ((Content(len(DATA), etag), DATA[:1000]), (Content(len(DATA), '"other"'), b"x" * 1000)):
        part = Part(place)
        part.begin(content)
        part.write(head)
        part.close()
        told: list[int] = []
        done = Downloader(store, Ingest(), again=True)(
            entry(uri), lambda name, received, total, told=told: told.append(received)
        )
        assert done.sha256 == hashlib.sha256(DATA).hexdigest()
        assert told[0] == (1000 if head == DATA[:1000] else 0)


def test_what_is_not_there_and_what_is_too_large(remote: Objects, store: Objects) -> None:
    remote.write("v.mp4", DATA)
    with pytest.raises(VideoError) as caught:
        Downloader(store, Ingest())(entry(remote.full_uri("none.mp4")))
    assert (caught.value.reason, type(caught.value)) == (Reason.MISSING_FILE, VideoError)
    with pytest.raises(VideoError) as caught:
        Downloader(store, Ingest(max_bytes=1000))(entry(remote.full_uri("v.mp4")))
    assert caught.value.reason == Reason.TOO_LARGE
    assert list(store.list("")) == []


def test_a_store_elsewhere_keeps_its_parts_here(
    remote: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(remote_ranges, "_WAIT_S", 0.01)
    with RangeServer({"v.mp4": DATA}) as web:
        source = Entry("v", "v", f"{web.url}/v.mp4")
        web.faults.extend([Fault(break_after=4_000_000), *[Fault(503)] * 4])
        with pytest.raises(LinkError):
            Downloader(remote, Ingest())(source)
        folder = spool_folder(remote)
        assert folder.parent == tmp_path
        assert [path.stat().st_size for path in folder.glob("*.part")] == [4_000_000]
        done = Downloader(remote, Ingest())(source)
        assert remote.read(done.media) == DATA
        assert find(remote, source) == done
        assert web.sent == len(DATA)
        assert list(folder.iterdir()) == []
