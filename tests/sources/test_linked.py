"""A linked video elsewhere: indexed and read by ranges, nothing of it copied, and no secret written anywhere."""

import base64
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_ranges import Fault, RangeServer
from videos import make_video, read_barcode

from rushes.errors import SettingsError, VideoError
from rushes.ranges import credentials
from rushes.settings import Ingest, Settings
from rushes.sources.fetch import FetchVideo
from rushes.sources.how import How
from rushes.sources.ingest import ingest
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.manifests import Entry, read_batch
from rushes.store.objects import Objects
from rushes.store.schemas import REJECTS, VIDEOS
from rushes.store.tables import read_partition
from rushes.store.validation import problems
from rushes.video.media import open_video
from rushes.work.build import build
from rushes.work.step import Outcome, Task

SECRET = "hush4711"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RangeServer]:
    """A server of a video whose frames carry their numbers."""
    with RangeServer({"v.mp4": make_video(tmp_path / "source.mp4", 200, gop=20)}) as server:
        yield server


def taken_in(store: Objects, uri: str, linked: bool = True, creds_key: str | None = None) -> Outcome:
    entry = Entry("v", "v", uri, linked, creds_key)
    fetch = FetchVideo(store, Ingest())
    if fetch.lane(entry) is not None:
        fetch(entry, lambda name, received, total: None)
    return ingest(Task(store, entry, "far", {}))


def test_its_row_says_what_the_server_calls_it_and_its_frames_come_by_ranges(store: Objects, web: RangeServer) -> None:
    uri = f"{web.url}/v.mp4"
    outcome = taken_in(store, uri)
    videos, packets = VIDEOS.from_rows(outcome.rows["videos"]), outcome.rows["packets"]  # type: ignore[arg-type]
    assert problems("videos", videos) == problems("packets", packets) == []  # type: ignore[arg-type]
    [row] = videos.to_pylist()
    size = len(web.content("v.mp4") or b"")
    assert (row["linked"], row["media_uri"], row["sha256"], row["size_bytes"]) == (True, uri, None, size)
    assert row["etag"].strip('"').isalnum()
    assert list(store.list("")) == []
    web.forget()
    with open_video(store, row, packets) as reader:  # type: ignore[arg-type]
        assert [read_barcode(picture) for _, picture in reader.frames([150])] == [150]
    assert web.sent < size / 4
    web.files["v.mp4"] = (web.content("v.mp4") or b"") + b"x"
    with open_video(store, row, packets) as reader, pytest.raises(VideoError, match="changed since"):  # type: ignore[arg-type]
        list(reader.frames([150]))


def test_no_copy_is_made_for_a_while_either(
    store: Objects, web: RangeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    taken_in(store, f"{web.url}/v.mp4")
    assert list(store.list("")) == []
    taken_in(store, f"{web.url}/v.mp4", linked=False)
    assert [name.partition("/")[0] for name in store.list("")] == ["downloads", "media"]


def test_without_linking_it_is_copied_whole_though_the_way_there_is_bad(store: Objects, web: RangeServer) -> None:
    web.authorization = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    credentials.populate("archive", {"user": "me", "password": SECRET})
    web.faults.extend([Fault(503), Fault(break_after=5000)])
    [row] = taken_in(store, f"{web.url}/v.mp4?version=3", linked=False, creds_key="archive").rows["videos"]
    assert row["etag"] is None
    assert row["media_uri"].endswith(f"{row['sha256']}.mp4")
    assert store.read(row["media_uri"]) == web.content("v.mp4")


@pytest.mark.parametrize("linked", [False, True])
def test_what_cannot_be_read_says_so_in_one_line(store: Objects, web: RangeServer, linked: bool) -> None:
    web.files |= {"words.mp4": b"words " * 1000, "empty.mp4": b""}
    for name, reason in (("none.mp4", "missing_file"), ("words.mp4", "not_video"), ("empty.mp4", "empty_file")):
        with pytest.raises(VideoError) as caught:
            taken_in(store, f"{web.url}/{name}", linked)
        assert caught.value.reason == reason
    with pytest.raises(SettingsError, match="'unknown' are not populated"):
        taken_in(store, f"{web.url}/v.mp4", linked, "unknown")


def test_a_second_video_of_one_id_is_a_conflict_without_a_request(store: Objects, web: RangeServer) -> None:
    entry = Entry("v~2", "v", f"{web.url}/v.mp4", linked=True, rival="/first/v.mp4")
    with pytest.raises(VideoError) as caught:
        ingest(Task(store, entry, "far", {}))
    assert caught.value.reason == "id_conflict"
    assert web.asked == []


def test_the_name_of_the_credentials_is_kept_and_nothing_else(store: Objects, web: RangeServer) -> None:
    credentials.populate("archive", {"token": SECRET})
    register(store, [f"{web.url}/v.mp4"], "far", How(link=True, creds_key="archive"))
    assert read_batch(store, "far-0000").entries[0].creds_key == "archive"
    web.authorization = f"Bearer {SECRET}"
    build(store, STEPS["raw_videos"], "far-0000", Settings(), workers=0)
    [row] = read_partition(store, VIDEOS, {"batch": "far-0000"}).to_pylist()
    assert (row["creds_key"], row["linked"]) == ("archive", True)
    for name in store.list(""):
        assert SECRET.encode() not in store.read(name)
    assert not list(store.list("media"))


def test_credentials_are_for_sources_elsewhere(store: Objects, tmp_path: Path) -> None:
    for source in (str(tmp_path), "file:///v.mp4"):
        with pytest.raises(SettingsError, match="--creds-key is for sources elsewhere"):
            register(store, ["s3://b/v.mp4", source], "far", How(creds_key="archive"))
    with pytest.raises(SettingsError, match="credentials key 'a b'"):
        register(store, ["s3://b/v.mp4"], "far", How(creds_key="a b"))


@pytest.mark.parametrize(
    ("uri", "field"),
    [
        (f"https://me:{SECRET}@host/v.mp4", "password"),
        (f"https://b.s3.amazonaws.com/v.mp4?X-Amz-Date=1&X-Amz-Signature={SECRET}", "X-Amz-Signature"),
        (f"https://a.blob.core.windows.net/c/v.mp4?sv=1&sig={SECRET}", "sig"),
        (f"https://host/v.mp4?access_token={SECRET}", "access_token"),
    ],
)
def test_an_address_that_holds_a_secret_is_not_written_down(store: Objects, uri: str, field: str) -> None:
    with pytest.raises(SettingsError, match=rf"holds a secret \({field}\)") as caught:
        register(store, [uri], "far", How(link=True))
    assert SECRET not in str(caught.value)
    assert list(store.list("")) == []


def test_other_queries_are_part_of_an_address_and_not_of_an_id(store: Objects) -> None:
    uri = "https://host/watch/v.mp4?quality=high/best"
    [batch] = register(store, [uri], "far", How(link=True)).batches
    assert [(e.video_id, e.source_uri) for e in batch.entries] == [("v", uri)]


def test_an_unknown_kind_of_address_is_refused(store: Objects) -> None:
    with pytest.raises(SettingsError, match="nowhere:// is no known kind of address"):
        register(store, ["nowhere://host/v.mp4"], "far")


def rushes(store: Objects, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"RUSHES_STORE": store.root, "RUSHES_CREDS_ARCHIVE": f'{{"token": "{SECRET}"}}'}
    command = [sys.executable, "-m", "rushes.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_command_line_links_and_the_environment_reaches_the_workers(store: Objects, web: RangeServer) -> None:
    web.authorization = f"Bearer {SECRET}"
    done = rushes(store, "add", f"{web.url}/v.mp4", "--link", "--creds-key", "archive", "--collection", "far")
    assert done.returncode == 0, done.stderr
    refused = rushes(store, "add", "here.mp4", "--creds-key", "archive")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "--creds-key is for sources elsewhere" in refused.stderr
    os.environ["RUSHES_CREDS_ARCHIVE"] = f'{{"token": "{SECRET}"}}'
    try:
        for asset in ("raw_videos", "scene_clips"):
            build(store, STEPS[asset], "far-0000", Settings(), workers=1)
    finally:
        del os.environ["RUSHES_CREDS_ARCHIVE"]
    assert len(read_partition(store, VIDEOS, {"batch": "far-0000"})) == 1
    assert len(read_partition(store, REJECTS, {"asset": "scene_clips", "partition": "far-0000"})) == 0
    assert not list(store.list("media"))


def test_a_link_that_holds_another_file_is_indexed_anew_once_it_is_added_again(
    store: Objects, web: RangeServer, tmp_path: Path
) -> None:
    uri = f"{web.url}/v.mp4"

    def added() -> tuple[str, ...]:
        done = register(store, [uri], "far", How(link=True))
        build(store, STEPS["raw_videos"], "far-0000", Settings(), workers=0)
        return done.changed

    def frames() -> list[int]:
        return [row["n_frames"] for row in read_partition(store, VIDEOS, {"batch": "far-0000"}).to_pylist()]

    assert (added(), frames()) == ((), [200])
    assert (added(), frames()) == ((), [200])
    web.files["v.mp4"] = make_video(tmp_path / "other.mp4", 30)
    assert (added(), frames()) == ((uri,), [30])
    assert (added(), frames()) == ((), [30])
