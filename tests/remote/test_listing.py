"""A folder in S3 is registered by one listing, a request for each thousand of its files and none for any file."""

import http.client
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import fsspec
import pytest
from rows import video_row

from rushes.errors import RushesError
from rushes.ranges.listing import list_files
from rushes.sources.how import How
from rushes.sources.inbox import Inbox, Taken
from rushes.sources.register import register
from rushes.store.annotations import kept_lines, read_lines
from rushes.store.manifests import Entry, read_batches
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.store.schemas import VIDEOS
from rushes.store.tables import write_partition


class Counter:
    """Stands before the S3 server and takes down what it is asked."""

    def __init__(self, server: str) -> None:
        self.asked: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _forwarding(self, server))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def taken(self) -> list[str]:
        """Return the requests since the last time: ``LIST`` for listings, else method and path."""
        asked, self.asked = self.asked, []
        return asked

    def __enter__(self) -> "Counter":
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def _forwarding(counter: Counter, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            listing = re.search(r"[?&]list-type=2", self.path)
            counter.asked.append("LIST" if listing else f"{self.command} {self.path.partition('?')[0]}")
            there = http.client.HTTPConnection(urlsplit(server).netloc)
            there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # as they were signed
                there.putheader(name, value)
            there.endheaders(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            answer = there.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            there.close()

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *words: Any) -> None:
            return None

    return Handler


@pytest.fixture
def counter(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """A counter of which everything in this process thinks that it is the server."""
    drivers = fsspec.get_filesystem_class("s3")  # which are kept, with the server that they found first
    with Counter(server) as counter:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counter.url)
        drivers.clear_instance_cache()
        yield counter
        drivers.clear_instance_cache()


def put(remote: Objects, *names: str) -> None:
    remote.fs.pipe({remote.path(name): name.encode() for name in names})


def entries(store: Objects) -> list[Entry]:
    return [entry for batch in read_batches(store) for entry in batch.entries]


@pytest.mark.parametrize("link", [False, True])
def test_a_folder_costs_a_request_a_thousand_files_and_so_it_does_again(
    remote: Objects, store: Objects, counter: Counter, link: bool
) -> None:
    names = [f"far/{n // 100}/v{n:04d}.mp4" for n in range(1100)]
    put(remote, *names, *(f"far-away/{n}.mp4" for n in range(5)))
    counter.taken()
    done = register(store, [remote.full_uri("far")], "c", How(link=link))
    assert counter.taken() == ["LIST", "LIST"]
    assert [e.source_uri for e in entries(store)] == [remote.full_uri(name) for name in sorted(names)]
    assert (done.new, done.formats) == (1100, ("video",))
    again = register(store, [remote.full_uri("far/")], "c", How(link=link))
    assert counter.taken() == ["LIST", "LIST"]
    assert (again.new, len(again.known), again.changed) == (0, 1100, ())


def test_a_listing_tells_which_linked_files_are_others_now(remote: Objects, store: Objects, counter: Counter) -> None:
    put(remote, "far/a.mp4", "far/b.mp4")
    folder = remote.full_uri("far/")
    register(store, [folder], "c", How(link=True))
    held = dict(list_files(folder))
    rows = [
        {**video_row(e.video_id, linked=True), "size_bytes": held[e.source_uri].size, "etag": held[e.source_uri].etag}
        for e in entries(store)
    ]
    write_partition(store, VIDEOS, {"batch": "c-0000"}, VIDEOS.from_rows(rows))
    assert register(store, [folder], "c", How(link=True)).changed == ()
    remote.write("far/b.mp4", b"other bytes")
    counter.taken()
    assert register(store, [folder], "c", How(link=True)).changed == (remote.full_uri("far/b.mp4"),)
    assert counter.taken() == ["LIST"]


def test_what_is_no_video_or_hidden_is_passed_over(remote: Objects, store: Objects) -> None:
    put(remote, "far/a.mp4", "far/notes.txt", "far/.trash/b.mp4", "far/deep/C.MKV", "far/deep/.d.mp4")
    register(store, [remote.full_uri("far")], "c")
    assert [e.video_id for e in entries(store)] == ["a", "deep-C"]


def test_a_file_without_a_suffix_is_found_by_its_own_name_only(
    remote: Objects, store: Objects, counter: Counter
) -> None:
    put(remote, "far/clip", "far/clip-2.mp4")
    register(store, [remote.full_uri("far/clip")], "c")
    assert [e.source_uri for e in entries(store)] == [remote.full_uri("far/clip")]


@pytest.mark.parametrize("name", ["none", "none/", "clip/"])
def test_where_nothing_is_that_is_said(remote: Objects, store: Objects, name: str) -> None:
    put(remote, "far/clip")
    with pytest.raises(RushesError, match=f"{name}: nothing there"):
        register(store, [remote.full_uri(f"far/{name}")], "c")
    assert entries(store) == []


def test_a_manifest_in_a_bucket_names_what_lies_beside_it(remote: Objects, store: Objects) -> None:
    remote.write("far/list.csv", b"uri,label\nsub/a b.mp4,x\nhttps://host.example/c.mp4,y\n../d.mp4,z\n/etc/hosts,z\n")
    done = register(store, [remote.full_uri("far/list.csv")], "c")
    assert [e.source_uri for e in entries(store) if not e.misfit] == [
        remote.full_uri("far/sub/a b.mp4"),
        "https://host.example/c.mp4",
    ]
    assert [m.reason for m in done.misfits] == [Reason.FORBIDDEN] * 2
    [batch] = read_batches(store)
    kept = {
        entry: [n for one in own for n, _ in read_lines(store, one)] for entry, own in kept_lines(store, batch).items()
    }
    assert kept == {"sub-a-b": [2], "c": [3]}


def test_a_store_in_a_bucket_is_registered_into_and_has_an_inbox(remote: Objects) -> None:
    put(remote, "inbox/walk/a.mp4", "inbox/b.mp4", "inbox/c.mp4.part")
    remote.write("inbox/t.csv", b"uri,label\nd.mp4,x\n")
    first = Inbox(remote, None)
    assert first.take() == Taken()
    second = Inbox(remote, first.cursor)
    assert second.take().words == "3 items: 3 videos, 0 known ones annotated"
    assert sorted(e.source_uri for e in entries(remote)) == [
        remote.full_uri(f"inbox/{name}") for name in ("b.mp4", "d.mp4", "walk/a.mp4")
    ]
    assert Inbox(remote, second.cursor).take() == Taken()
