"""Files of the web come whole or not at all, once, and in bounded time, whatever their servers do."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from http_ranges import Fault, RangeServer

from rushes.errors import LinkError, StoppedError, VideoError
from rushes.settings import Ingest
from rushes.sources.download import Downloaded, Downloader, find, forget
from rushes.sources.download.web import is_text
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.work import stop

Download = Callable[..., Downloaded]
DATA = random.Random(11).randbytes(3_000_000)
HALF = Fault(break_after=len(DATA) // 2)


@pytest.fixture
def web() -> Iterator[RangeServer]:
    """The server; its file is ``v.mp4``."""
    with RangeServer({"v.mp4": DATA}) as server:
        yield server


def spooled(store: Objects) -> list[str]:
    return [name for name in store.list("spool") if not name.endswith(".lock")]


def entry(uri: str) -> Entry:
    return Entry("v", "v", uri)


def test_a_file_becomes_an_object_named_by_its_content_and_a_note(
    web: RangeServer, download: Download, store: Objects
) -> None:
    told: list[tuple[str, int, int | None]] = []
    uri = f"{web.url}/v.mp4?version=3"
    done = download(uri, told=told)
    sha256 = hashlib.sha256(DATA).hexdigest()
    assert done == Downloaded(
        uri, f"{web.url}/v.mp4", sha256, len(DATA), f"media/{sha256[:2]}/{sha256}.mp4", done.etag, "http"
    )
    assert done.etag == f'"{hashlib.md5(DATA).hexdigest()}"'
    assert store.read(done.media) == DATA
    assert find(store, entry(uri)) == done
    assert (told[0], told[-1]) == ((f"{web.url}/v.mp4", 0, len(DATA)), (f"{web.url}/v.mp4", len(DATA), len(DATA)))
    assert [count for _, count, _ in told] == sorted(count for _, count, _ in told)
    assert list(store.list("spool")) == []
    assert os.stat(store.path(done.media)).st_mode & 0o777 == 0o644


def test_one_request_brings_all_and_a_second_download_makes_none(web: RangeServer, download: Download) -> None:
    first = download(f"{web.url}/v.mp4")
    assert [asked.range for asked in web.asked] == [None]
    web.forget()
    assert download(f"{web.url}/v.mp4") == first
    assert web.asked == []


def test_it_is_fetched_anew_when_asked_for_when_forgotten_and_when_its_media_are_gone(
    web: RangeServer, download: Download, store: Objects
) -> None:
    uri = f"{web.url}/v.mp4"
    media = download(uri).media
    download(uri, again=True)
    assert len(web.asked) == 2
    forget(store, uri)
    assert find(store, entry(uri)) is None
    download(uri)
    assert len(web.asked) == 3
    store.delete(media)
    assert find(store, entry(uri)) is None
    assert store.read(download(uri).media) == DATA
    assert len(web.asked) == 4


@pytest.mark.parametrize("chunked", [False, True])
def test_a_broken_body_goes_on_where_it_broke(
    web: RangeServer, download: Download, store: Objects, chunked: bool
) -> None:
    web.chunked = chunked
    web.faults.append(HALF)
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    assert [asked.range for asked in web.asked] == [None, (len(DATA) // 2, None)]
    assert web.asked[1].headers["if-match"] == f'"{hashlib.md5(DATA).hexdigest()}"'
    assert web.sent == len(DATA)


@pytest.mark.parametrize("etag", ["", 'W/"{}"'])
def test_it_goes_on_without_a_strong_etag_within_one_run(
    web: RangeServer, download: Download, store: Objects, etag: str
) -> None:
    web.etag = etag
    web.faults.extend([HALF, Fault(503)])
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    assert web.sent == len(DATA)


def test_a_server_without_ranges_is_read_from_the_beginning(
    web: RangeServer, download: Download, store: Objects
) -> None:
    web.ranges = False
    web.faults.extend([HALF, Fault(500)])
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    assert web.sent == len(DATA) * 3 // 2


def test_a_file_that_changes_on_the_way_is_read_from_the_beginning(
    web: RangeServer, download: Download, store: Objects
) -> None:
    newer = DATA[::-1]

    def change(name: str, received: int, total: int | None) -> None:
        if received >= len(DATA) // 2 - 1:
            web.files["v.mp4"] = newer

    web.faults.append(HALF)
    done = Downloader(store, Ingest())(entry(f"{web.url}/v.mp4"), change)
    assert store.read(done.media) == newer
    assert done.sha256 == hashlib.sha256(newer).hexdigest()


def test_a_length_that_is_wrong_is_asked_about_again_and_never_makes_a_file(
    web: RangeServer, download: Download, store: Objects
) -> None:
    lie = Fault(length=len(DATA) + 1000, headers={"Connection": "close"})
    web.faults.append(lie)
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    assert web.sent == 2 * len(DATA)
    forget(store, f"{web.url}/v.mp4")
    web.faults.extend([lie] * 20)
    with pytest.raises(LinkError, match="tried 5 times"):
        download(f"{web.url}/v.mp4")
    web.faults.clear()
    assert find(store, entry(f"{web.url}/v.mp4")) is None


def test_a_part_of_another_length_than_the_whole_before_is_no_part_of_it(
    web: RangeServer, download: Download, store: Objects
) -> None:
    web.etag = ""
    web.faults.extend([HALF, Fault(headers={"Content-Range": f"bytes {len(DATA) // 2}-{len(DATA)}/{len(DATA) + 1}"})])
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    assert [asked.range for asked in web.asked] == [None, (len(DATA) // 2, None), None]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_that_stumbles_is_asked_again_and_given_up_on_as_passing(
    web: RangeServer, download: Download, store: Objects, status: int
) -> None:
    web.faults.extend([Fault(status, headers={"Retry-After": "0"})] * 3)
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    web.faults.extend([Fault(status)] * 20)
    with pytest.raises(LinkError, match=f"answers {status}"):
        download(f"{web.url}/v.mp4", again=True)
    assert len(web.faults) == 15


def test_a_server_may_ask_to_wait(web: RangeServer, download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("rushes.sources.download.pace.sleep", waited.append)
    web.faults.append(Fault(429, headers={"Retry-After": "7"}))
    monkeypatch.setattr("rushes.ranges.remote._LONGEST_WAIT_S", 60)
    download(f"{web.url}/v.mp4")
    assert waited == [7.0]


def test_what_is_not_there_will_not_pass_and_what_may_not_be_read_may(web: RangeServer, download: Download) -> None:
    with pytest.raises(VideoError, match="nothing there") as caught:
        download(f"{web.url}/none.mp4")
    assert (caught.value.reason, type(caught.value)) == (Reason.MISSING_FILE, VideoError)
    web.authorization = "Basic nobody"
    with pytest.raises(LinkError, match="needs credentials"):
        download(f"{web.url}/v.mp4")


def test_an_empty_file_is_one(web: RangeServer, download: Download, store: Objects) -> None:
    web.files["v.mp4"] = b""
    with pytest.raises(VideoError) as caught:
        download(f"{web.url}/v.mp4")
    assert caught.value.reason == Reason.EMPTY_FILE
    assert list(store.list("")) == []


def test_a_file_too_large_is_refused_before_it_comes(web: RangeServer, download: Download, store: Objects) -> None:
    with pytest.raises(VideoError, match="max_bytes") as caught:
        download(f"{web.url}/v.mp4", max_bytes=1_000_000)
    assert (caught.value.reason, type(caught.value)) == (Reason.TOO_LARGE, VideoError)
    assert list(store.list("")) == []


def test_a_body_without_end_ends_at_the_limit(web: RangeServer, download: Download, store: Objects) -> None:
    web.faults.append(Fault(endless=True))
    with pytest.raises(VideoError) as caught:
        download(f"{web.url}/v.mp4", max_bytes=8_000_000)
    assert caught.value.reason == Reason.TOO_LARGE
    assert list(store.list("")) == []


def test_a_server_that_drips_is_given_up_on_and_gone_on_with(
    web: RangeServer, download: Download, store: Objects
) -> None:
    web.faults.append(Fault(drip_s=0.05))
    with pytest.raises(LinkError, match="bytes a second over 1 s") as caught:
        download(f"{web.url}/v.mp4", patience_s=1)
    assert caught.value.reason == Reason.TOO_SLOW
    assert len(spooled(store)) == 2
    web.forget()
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    [asked] = web.asked
    assert asked.range is not None
    assert 0 < asked.range[0] < 1000


def test_a_server_that_says_nothing_is_given_up_on(web: RangeServer, download: Download) -> None:
    web.delay_s = 20
    with pytest.raises(LinkError) as caught:
        download(f"{web.url}/v.mp4", patience_s=0.5)
    assert caught.value.reason == Reason.TOO_SLOW


def test_a_rate_limit_is_kept(web: RangeServer, download: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    held_back: list[float] = []
    monkeypatch.setattr("rushes.sources.download.pace.sleep", held_back.append)
    download(f"{web.url}/v.mp4", rate_limit=1_000_000)
    assert 2 < max(held_back) <= 3


def test_redirects_are_followed_but_not_for_ever(web: RangeServer, download: Download, store: Objects) -> None:
    web.redirects = {"a": "/b", "b": f"{web.url}/v.mp4?token=hush", "loop": "/pool", "pool": "/loop"}
    done = download(f"{web.url}/a")
    assert (store.read(done.media), done.address) == (DATA, f"{web.url}/v.mp4")
    assert done.media.endswith(".mp4")
    with pytest.raises(VideoError, match="redirected more than 5 times") as caught:
        download(f"{web.url}/loop")
    assert not isinstance(caught.value, LinkError)


def test_the_content_type_says_the_suffix_where_no_name_does(web: RangeServer, download: Download) -> None:
    web.files["get"] = DATA
    web.kinds["get"] = "video/webm; codecs=vp9"
    assert download(f"{web.url}/get?id=3").media.endswith(".webm")


def test_a_killed_download_goes_on_in_the_next_run(web: RangeServer, download: Download, store: Objects) -> None:
    web.faults.append(Fault(headers={"X": "y"}))
    code = f"""
        import os, signal
        from rushes.settings import Ingest
        from rushes.sources.download import Downloader
        from rushes.store.manifests import Entry
        from rushes.store.objects import Objects
        def kill(name, received, total):
            if received > 1_000_000:
                os.kill(os.getpid(), signal.SIGKILL)
        Downloader(Objects({store.root!r}), Ingest())(Entry("v", "v", "{web.url}/v.mp4"), kill)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -signal.SIGKILL
    [part] = [name for name in spooled(store) if name.endswith(".part")]
    came = store.size(part)
    assert came > 500_000
    web.forget()
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    assert [asked.range for asked in web.asked] == [(came, None)]
    assert list(store.list("spool")) == []


@pytest.mark.parametrize("etag", ['"{}"', ""])
def test_the_next_run_begins_anew_when_the_content_may_be_another(
    web: RangeServer, download: Download, store: Objects, etag: str
) -> None:
    web.etag = etag
    web.faults.extend([HALF, *[Fault(503)] * 4])
    with pytest.raises(LinkError):
        download(f"{web.url}/v.mp4")
    web.files["v.mp4"] = DATA[::-1]
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA[::-1]


def test_a_date_tells_contents_apart_where_there_is_no_etag(
    web: RangeServer, download: Download, store: Objects
) -> None:
    web.etag, web.modified = "", "Sat, 21 Nov 2026 10:00:00 GMT"
    for newer in (False, True):
        web.faults.extend([HALF, *[Fault(503)] * 4])
        with pytest.raises(LinkError):
            download(f"{web.url}/v.mp4", again=True)
        if newer:
            web.modified, web.files["v.mp4"] = "Sat, 21 Nov 2026 11:00:00 GMT", DATA[::-1]
        web.forget()
        assert store.read(download(f"{web.url}/v.mp4", again=True).media) == web.content("v.mp4")
        assert [asked.range for asked in web.asked] == [(len(DATA) // 2, None), *([None] if newer else [])]


def test_a_part_that_had_come_whole_costs_no_request(web: RangeServer, download: Download, store: Objects) -> None:
    web.faults.extend([HALF, *[Fault(503)] * 4])
    with pytest.raises(LinkError):
        download(f"{web.url}/v.mp4")
    [part] = [name for name in spooled(store) if name.endswith(".part")]
    Path(store.path(part)).write_bytes(DATA)
    web.forget()
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA
    assert web.asked == []
    assert hashlib.sha256(DATA).hexdigest() in next(iter(store.list("media")))


def test_a_part_longer_than_the_file_is_thrown_away(web: RangeServer, download: Download, store: Objects) -> None:
    web.faults.extend([HALF, *[Fault(503)] * 4])
    with pytest.raises(LinkError):
        download(f"{web.url}/v.mp4")
    [part] = [name for name in spooled(store) if name.endswith(".part")]
    Path(store.path(part)).write_bytes(DATA + DATA)
    assert store.read(download(f"{web.url}/v.mp4").media) == DATA


def test_several_at_once_make_one_request(web: RangeServer, store: Objects) -> None:
    web.delay_s = 0.3
    got: list[Downloaded] = []
    run = Downloader(store, Ingest())
    threads = [threading.Thread(target=lambda: got.append(run(entry(f"{web.url}/v.mp4")))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert len(set(map(str, got))) == len(web.asked) == 1
    assert list(store.list("spool")) == []


def test_a_wish_to_stop_ends_it_with_the_part_kept(web: RangeServer, store: Objects) -> None:
    web.faults.append(Fault(drip_s=0.01))

    asked: list[int] = []

    def interrupt(name: str, received: int, total: int | None) -> None:
        if received > 10 and not asked:
            asked.append(received)
            os.kill(os.getpid(), signal.SIGINT)

    with stop.by_signals(), pytest.raises(StoppedError):
        Downloader(store, Ingest())(entry(f"{web.url}/v.mp4"), interrupt)
    assert len(spooled(store)) == 2


def test_a_file_of_another_driver_comes_as_well(download: Download, store: Objects) -> None:
    far = Objects("memory://far")
    far.write("v.bin", DATA)
    done = download("memory://far/v.bin")
    assert (store.read(done.media), done.by) == (DATA, "memory")
    far.write("page.mp4", b"<html></html>")
    with pytest.raises(VideoError, match="a file of text"):
        download("memory://far/page.mp4")


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (b"<!DOCTYPE html><html>", True),
        (b"\n  {\"error\": \"gone\"}", True),
        (b"not found", True),
        (b"#EXTM3U\n", True),
        ("<p>größer</p>".encode("latin-1"), True),
        (("ä" * 600).encode()[:1023], True),
        ("<html>".encode("utf-16"), True),
        (b"\x00\x00\x00 ftypisom", False),
        (b"\x1aE\xdf\xa3", False),
        (b"RIFF\x24\x00\x00\x00AVI ", False),
        (b"G@\x00\x10\x00", False),
        (b"YUV4MPEG2 W64 H48\nFRAME\n", False),
        (bytes(range(128, 256)), False),
    ],
)  # fmt: skip
def test_text_is_told_from_video(head: bytes, text: bool) -> None:
    assert is_text(head) == text
