"""Who may be asked for a video goes by who named its address, after redirects and name servers too."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from http_ranges import RangeServer

from rushes.errors import LinkError, VideoError
from rushes.ranges import open_ranges
from rushes.ranges.address import SCHEMES
from rushes.sources.download import Downloaded
from rushes.store.objects import Objects
from rushes.store.rejects import Reason

Download = Callable[..., Downloaded]
DATA = bytes(range(256)) * 100


@pytest.fixture
def web() -> Iterator[RangeServer]:
    """The server; its file is ``v.mp4``."""
    with RangeServer({"v.mp4": DATA}) as server:
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name server's answers in turn, by name; for all others those of the real one."""
    answers: dict[str, list[str]] = {}
    ask = socket.getaddrinfo

    def answer(host: Any, *words: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in answers:
            host = answers[name].pop(0) if len(answers[name]) > 1 else answers[name][0]
        return ask(host, *words, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return answers


def refused(download: Download, uri: str, trust: str) -> VideoError:
    with pytest.raises(VideoError) as caught:
        download(uri, trust)
    assert not isinstance(caught.value, LinkError)
    assert caught.value.reason == Reason.FORBIDDEN
    return caught.value


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_a_manifest_cannot_name_a_machine_around_us_but_a_person_can(
    web: RangeServer, download: Download, store: Objects, host: str
) -> None:
    uri = web.url.replace("127.0.0.1", host) + "/v.mp4"
    refused(download, uri, "listed")
    assert web.connections == 0
    assert list(store.list("")) == []
    assert store.read(download(uri, "given").media) == DATA
    assert store.read(download(uri, "any", again=True).media) == DATA


def test_a_public_name_that_leads_to_a_private_address_is_refused_before_anything_is_sent(
    web: RangeServer, download: Download, names: dict[str, list[str]]
) -> None:
    names["media.example.org"] = ["127.0.0.1"]
    uri = web.url.replace("127.0.0.1", "media.example.org") + "/v.mp4"
    assert "media.example.org" in str(refused(download, uri, "listed"))
    assert web.asked == []
    assert download(uri, "given").size == len(DATA)
    assert download(uri, "any", again=True).size == len(DATA)


def test_a_name_server_that_changes_its_mind_helps_nobody(
    web: RangeServer, download: Download, names: dict[str, list[str]]
) -> None:
    names["media.example.org"] = ["8.8.8.8", "127.0.0.1"]
    assert socket.getaddrinfo("media.example.org", 80)[0][4][0] == "8.8.8.8"
    refused(download, web.url.replace("127.0.0.1", "media.example.org") + "/v.mp4", "listed")
    assert web.asked == []


def test_a_redirect_leads_to_no_other_private_machine(
    web: RangeServer, download: Download, names: dict[str, list[str]]
) -> None:
    names["media.example.org"] = names["inner.example.org"] = ["127.0.0.1"]
    port = web.url.rpartition(":")[2]
    web.redirects = {
        "own": f"http://media.example.org:{port}/v.mp4",
        "other": f"http://inner.example.org:{port}/v.mp4",
        "spelled": f"http://0x7f.1:{port}/v.mp4",
        "file": "file:///etc/passwd",
    }
    given = f"http://media.example.org:{port}"
    assert download(f"{given}/own", "given").size == len(DATA)
    for name in ("other", "spelled"):
        web.forget()
        refused(download, f"{given}/{name}", "given")
        assert [asked.path for asked in web.asked] == [f"/{name}"]
        assert download(f"{given}/{name}", "any", again=True).size == len(DATA)
    with pytest.raises(VideoError, match="no address, or leads to none"):
        download(f"{given}/file", "any")


def test_ranges_of_a_linked_video_heed_it_too_wherever_they_are_sent(web: RangeServer) -> None:
    import pickle

    ranges = open_ranges(f"{web.url}/v.mp4", trust="listed")
    for each in (ranges, pickle.loads(pickle.dumps(ranges))):
        with pytest.raises(VideoError, match="private machine"):
            each.read([(0, 10)])
    assert web.connections == 0
    assert open_ranges(f"{web.url}/v.mp4").read([(0, 10)]) == [DATA[:10]]


def test_a_proxy_is_used_though_it_is_private_and_the_host_judged_by_its_name(
    web: RangeServer, download: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", web.url)
    monkeypatch.setenv("no_proxy", "")
    web.files["http://media.example.org/v.mp4"] = DATA
    assert download("http://media.example.org/v.mp4", "listed").size == len(DATA)
    web.forget()
    refused(download, "http://127.0.0.1:9/v.mp4", "listed")
    assert web.asked == []


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "/etc/passwd", "sftp://host/v.mp4", "memory://far/v.mp4"])
def test_no_manifest_names_another_kind_of_address(download: Download, uri: str) -> None:
    assert "a manifest may not name" in str(refused(download, uri, "listed"))


def test_kinds_of_addresses_that_read_local_files_or_run_commands_are_none() -> None:
    assert SCHEMES.isdisjoint(["ssh", "sftp", "smb", "git", "github", "zip", "simplecache", "dask", "jupyter", "local"])
