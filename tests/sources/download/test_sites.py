"""Videos in pages come by yt-dlp's own process, which goes nowhere else and ends when it should."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from http_ranges import Fault, RangeServer
from videos import make_video

from rushes.errors import LinkError, SettingsError, StoppedError, VideoError
from rushes.settings import Ingest
from rushes.sources.download import Downloaded, Downloader, site
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.work import stop

pytest.importorskip("yt_dlp")

Download = Callable[..., Downloaded]
PAGE = "<!DOCTYPE html><html><head><title>Bikes</title>{head}</head><body><p>A film.</p>{body}</body></html>"


def page(body: str = "", **about: object) -> bytes:
    script = f'<script type="application/ld+json">{json.dumps(about)}</script>' if about else ""
    return PAGE.format(head=script, body=body).encode()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RangeServer]:
    """A server of a video, and pages with and without it."""
    with RangeServer({"v.mp4": make_video(tmp_path / "source.mp4", 60, gop=10)}) as server:
        server.kinds = {"watch": "text/html; charset=utf-8", "v.mp4": "video/mp4", "json": "application/json"}
        server.files["watch"] = page(f'<video src="{server.url}/v.mp4"></video>')
        yield server


def schema(web: RangeServer, duration: str) -> bytes:
    """Return a page that says of its video how long it is."""
    about = {"@context": "https://schema.org", "@type": "VideoObject", "name": "Bikes", "description": "Bikes"}
    return page(**about, contentUrl=f"{web.url}/v.mp4", duration=duration)


def test_a_page_gives_the_video_that_is_in_it(web: RangeServer, download: Download, store: Objects) -> None:
    told: list[tuple[str, int, int | None]] = []
    uri = f"{web.url}/watch"
    done = download(uri, told=told)
    assert store.read(done.media) == web.content("v.mp4")
    assert (done.by, done.uri, done.media[-4:]) == ("yt-dlp", uri, ".mp4")
    assert str(done.about["title"]).startswith("Bikes")
    assert told[-1][1] == done.size
    assert list(store.list("spool")) == []
    web.forget()
    assert download(uri) == done
    assert web.asked == []


@pytest.mark.parametrize(
    ("name", "content"),
    [("watch", page()), ("v.mp4", page()), ("json", b'{"error": "gone"}')],
)
def test_a_page_without_a_video_is_none(
    web: RangeServer, download: Download, store: Objects, name: str, content: bytes
) -> None:
    web.files[name] = content
    with pytest.raises(VideoError, match="no video found in it") as caught:
        download(f"{web.url}/{name}")
    assert (caught.value.reason, type(caught.value)) == (Reason.NOT_VIDEO, VideoError)
    assert list(store.list("")) == []


def test_a_list_of_pieces_becomes_one_file_without_another_program(
    web: RangeServer, download: Download, store: Objects, tmp_path: Path
) -> None:
    pieces = [make_video(tmp_path / f"{n}.ts", 25).read_bytes() for n in range(2)]
    web.files |= {"0.ts": pieces[0], "1.ts": pieces[1], "list.m3u8": playlist("0.ts", "1.ts")}
    done = download(f"{web.url}/list.m3u8")
    assert store.read(done.media) == pieces[0] + pieces[1]


@pytest.mark.parametrize("piece", ["file:///etc/passwd", "http://127.0.0.3/v.ts", "rtmp://127.0.0.1/v"])
def test_a_list_cannot_name_our_own_files_and_machines(
    web: RangeServer, download: Download, store: Objects, piece: str
) -> None:
    web.files["list.m3u8"] = playlist(piece)
    with pytest.raises(VideoError) as caught:
        download(f"{web.url}/list.m3u8")
    assert (caught.value.reason, type(caught.value)) == (Reason.FORBIDDEN, VideoError)
    assert list(store.list("")) == []


def playlist(*pieces: str) -> bytes:
    """Return an HLS playlist."""
    listed = "".join(f"#EXTINF:1.0,\n{piece}\n" for piece in pieces)
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{listed}#EXT-X-ENDLIST\n".encode()


def test_a_video_called_a_page_is_a_video_all_the_same(web: RangeServer, download: Download, store: Objects) -> None:
    web.kinds["v.mp4"] = "text/html"
    done = download(f"{web.url}/v.mp4")
    assert (store.read(done.media), done.by) == (web.content("v.mp4"), "http")


def test_a_video_too_long_is_refused(web: RangeServer, download: Download, store: Objects) -> None:
    web.files["watch"] = schema(web, "PT1H")
    with pytest.raises(VideoError, match=r"3600 s, more than ingest\.max_duration_s") as caught:
        download(f"{web.url}/watch", max_duration_s=3599)
    assert (caught.value.reason, type(caught.value)) == (Reason.TOO_LONG, VideoError)
    assert list(store.list("")) == []
    assert download(f"{web.url}/watch", max_duration_s=3600).about["duration"] == 3600


def test_a_video_too_large_is_refused(web: RangeServer, download: Download, store: Objects) -> None:
    with pytest.raises(VideoError, match="max_bytes") as caught:
        download(f"{web.url}/watch", max_bytes=1000)
    assert (caught.value.reason, type(caught.value)) == (Reason.TOO_LARGE, VideoError)
    assert list(store.list("")) == []


@pytest.mark.parametrize(
    ("status", "reason", "passes"), [(404, Reason.MISSING_FILE, False), (503, Reason.UNAVAILABLE, True)]
)
def test_a_failure_is_told_in_the_sites_words_with_whether_it_may_pass(
    web: RangeServer, download: Download, status: int, reason: Reason, passes: bool
) -> None:
    web.files["watch"] = page('<video src="/gone.mp4"></video>')
    web.files["gone.mp4"] = b""
    web.ill["gone.mp4"] = Fault(status)
    with pytest.raises(VideoError) as caught:
        download(f"{web.url}/watch")
    assert (caught.value.reason, isinstance(caught.value, LinkError)) == (reason, passes)
    told = str(caught.value)
    assert str(status) in told
    assert "report this" not in told
    assert len(told.splitlines()) == 1


def test_a_page_leads_to_no_private_machine(web: RangeServer, download: Download, store: Objects) -> None:
    with RangeServer({"v.mp4": b"secret"}) as inner:
        port = inner.url.rpartition(":")[2]
        web.files["watch"] = page(f'<video src="http://127.0.0.2:{port}/v.mp4"></video>')
        with pytest.raises(VideoError, match=r"private machine, 127\.0\.0\.2") as caught:
            download(f"{web.url}/watch")
        assert (caught.value.reason, type(caught.value)) == (Reason.FORBIDDEN, VideoError)
        assert inner.connections == 0


def test_a_site_that_drips_is_given_up_on_and_gone_on_with(
    web: RangeServer, download: Download, store: Objects
) -> None:
    web.files["v.mp4"] = (web.content("v.mp4") or b"") + bytes(200_000)
    web.ill["v.mp4"] = Fault(drip_s=0.002)
    with pytest.raises(LinkError) as caught:
        download(f"{web.url}/watch", patience_s=1)
    assert caught.value.reason == Reason.TOO_SLOW
    web.ill.clear()
    assert store.read(download(f"{web.url}/watch").media) == web.content("v.mp4")


def test_a_wish_to_stop_ends_the_process(web: RangeServer, store: Objects) -> None:
    web.delay_s = 2
    folder = Path(store.path("site"))
    folder.mkdir(parents=True)
    with stop.by_signals():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(StoppedError):
            site.fetch(f"{web.url}/watch", "given", folder, Ingest(), lambda received, total: None)
    assert site_processes() == []


def test_the_process_ends_with_whoever_started_it(web: RangeServer) -> None:
    wish = {"uri": f"{web.url}/watch", "trust": "given", "folder": "/nowhere", "max_height": 720, "max_bytes": 1}
    wish |= {"max_duration_s": 1.0, "rate_limit": None, "cookies": None}
    web.delay_s = 60
    command = [sys.executable, "-m", "rushes.sources.download.site_process"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    child.stdin.write(json.dumps(wish) + "\n")
    child.stdin.close()
    assert child.wait(30) == 1


def site_processes() -> list[str]:
    """Return the command lines of this process's children that run yt-dlp."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    lines = [Path(f"/proc/{child}/cmdline").read_bytes().decode() for child in children]
    return [line for line in lines if "site_process" in line]


def test_cookies_are_shown_and_their_file_left_as_it_is(web: RangeServer, download: Download, tmp_path: Path) -> None:
    jar = tmp_path / "cookies.txt"
    jar.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tabc\n")
    before = jar.read_bytes()
    download(f"{web.url}/watch", cookies=str(jar))
    assert any("session=abc" in asked.headers.get("cookie", "") for asked in web.asked)
    assert jar.read_bytes() == before
    with pytest.raises(SettingsError, match="no file"):
        download(f"{web.url}/watch", again=True, cookies=str(tmp_path / "none"))


def test_addresses_of_known_sites_are_known() -> None:
    assert site.knows("https://www.youtube.com/watch?v=jNQXAC9IVRw")
    assert site.knows("https://vimeo.com/1084537")
    assert not site.knows("https://example.org/v.mp4")
    assert not site.knows("http://127.0.0.1/watch")


def test_a_known_site_is_not_asked_by_us(store: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(uri: str, *words: object) -> None:
        asked.append(uri)
        raise VideoError(Reason.UNAVAILABLE, f"{uri}: Private video")

    monkeypatch.setattr(site, "fetch", fetch)
    uri = "https://www.youtube.com/watch?v=jNQXAC9IVRw"
    with pytest.raises(VideoError, match="Private video"):
        Downloader(store, Ingest())(Entry("v", "v", uri, trust="listed"))
    assert asked == [uri]


def test_without_yt_dlp_a_page_says_what_to_install(
    web: RangeServer, download: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "is_installed", lambda: False)
    with pytest.raises(LinkError, match=r"pip install 'rushes\[youtube\]'") as caught:
        download(f"{web.url}/watch")
    assert caught.value.reason == Reason.UNAVAILABLE
