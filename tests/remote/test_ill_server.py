"""A store whose server refuses, breaks off, hangs or loses its answers: what is asked again, and what is then there."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from faulty_http import Fault, FaultyProxy
from rows import filtered_row, video_row, write_batch

from rushes.errors import LinkError, StoreError
from rushes.ranges import open_ranges
from rushes.ranges import remote as patience
from rushes.store import bucket, database
from rushes.store.database import connect
from rushes.store.manifests import Batch, Entry, read_batch, seal_batch
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.store.tables import read_partition, write_partition

FAULTS = {
    "503": Fault(status=503),
    "500": Fault(status=500),
    "429": Fault(status=429),
    "no answer": Fault(drop=True),
    "request cut": Fault(cut_request=1000),
    "answer cut": Fault(cut_response=7),
    "done, then 500": Fault(status=500, afterwards=True),
    "done, no answer": Fault(afterwards=True),
}
SMALL = b"as it is to be" * 100
LARGE = np.random.default_rng(0).bytes(1_100_000)
IN_PARTS = LARGE * 10


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment where seconds would be waited, and put in parts what is large for a test."""
    monkeypatch.setattr(bucket, "_WAIT_S", 0.001)
    monkeypatch.setattr(bucket, "_PART", 5 << 20)  # the least that S3 takes
    monkeypatch.setattr(patience, "_WAIT_S", 0.001)
    monkeypatch.setattr(database, "_PATIENCE", database._PATIENCE | {"http_retry_wait_ms": 1})


def write(store: Objects, folder: Path) -> None:
    store.write("new", SMALL)
    assert store.read("new") == SMALL


def create(store: Objects, folder: Path) -> None:
    assert store.create("new", SMALL)
    assert store.read("new") == SMALL


def write_file(store: Objects, folder: Path) -> None:
    (folder / "f").write_bytes(SMALL)
    store.write_file("new", folder / "f")
    assert store.read("new") == SMALL


def write_in_parts(store: Objects, folder: Path) -> None:
    (folder / "f").write_bytes(IN_PARTS)
    store.write_file("new", folder / "f")
    assert store.read("new") == IN_PARTS


def read(store: Objects, folder: Path) -> None:
    assert store.read("old/1") == b"one"


def read_all(store: Objects, folder: Path) -> None:
    assert store.read_all(["old/1", "old/2"]) == [b"one", b"two"]


def read_ranges(store: Objects, folder: Path) -> None:
    with store.open("old/large") as handle:
        assert handle.read(300_000) == LARGE[:300_000]
        handle.seek(-10, os.SEEK_END)
        assert handle.read() == LARGE[-10:]


def look(store: Objects, folder: Path) -> None:
    assert (store.size("old/1"), store.exists("old/1"), store.exists("old/none")) == (3, True, False)


def list_(store: Objects, folder: Path) -> None:
    assert list(store.list("old")) == ["old/1", "old/2", "old/large"]


def delete(store: Objects, folder: Path) -> None:
    store.delete("old/1")
    assert not store.exists("old/1")


VERBS = [write, create, write_file, read, read_all, read_ranges, look, list_, delete]


@pytest.fixture
def ill(remote: Objects, proxy: FaultyProxy) -> Iterator[tuple[Objects, FaultyProxy]]:
    """A store with three objects behind the proxy."""
    for name, data in (("1", b"one"), ("2", b"two"), ("large", LARGE)):
        remote.write(f"old/{name}", data)
    proxy.taken()
    yield remote, proxy
    proxy.well()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_what_fails_once_is_asked_again(
    ill: tuple[Objects, FaultyProxy], tmp_path: Path, verb: Callable[[Objects, Path], None]
) -> None:
    store, proxy = ill
    for number, (name, fault) in enumerate(FAULTS.items(), 1):
        proxy.once(fault)
        verb(store, tmp_path)
        assert proxy.failed == number, name
        put_back(store)


def put_back(store: Objects) -> None:
    store.delete("new")
    store.write("old/1", b"one")


def test_a_large_object_is_put_in_parts_each_of_which_may_fail(
    ill: tuple[Objects, FaultyProxy], tmp_path: Path
) -> None:
    store, proxy = ill
    write_in_parts(store, tmp_path)
    steps = [asked for asked in proxy.taken() if asked.method in ("POST", "PUT")]
    assert ["partNumber" in asked.target for asked in steps] == [False, True, True, True, False]
    for fault in ("503", "request cut", "done, no answer"):
        for step in ("uploads", "partNumber=2", "?uploadId"):
            proxy.once(FAULTS[fault], lambda asked, step=step: asked.method != "GET" and step in asked.target)
        store.delete("new")
        write_in_parts(store, tmp_path)
    assert proxy.failed == 9


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_a_share_of_all_requests_may_fail(
    ill: tuple[Objects, FaultyProxy], tmp_path: Path, verb: Callable[[Objects, Path], None]
) -> None:
    store, proxy = ill
    for seed, fault in enumerate(FAULTS.values()):
        proxy.often(0.03, fault, seed=seed)
    for _ in range(3):
        verb(store, tmp_path)
        put_back(store)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_one_line_says_that_it_never_worked(
    ill: tuple[Objects, FaultyProxy], tmp_path: Path, verb: Callable[[Objects, Path], None]
) -> None:
    store, proxy = ill
    proxy.often(1.0, Fault(status=503))
    with pytest.raises(StoreError, match=r"^s3://\S+: the store fails, tried 6 times: its server answers \S+; go on"):
        verb(store, tmp_path)
    assert len(proxy.asked) <= 24  # an upload that is given up is tried to be ended


def test_a_server_that_is_gone_is_told_in_a_line(remote: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="no connection to its server"):
        remote.read("x")


def test_another_ones_object_is_not_taken_for_ones_own(ill: tuple[Objects, FaultyProxy]) -> None:
    store, proxy = ill
    proxy.once(Fault(status=500))
    assert store.create("old/1", b"mine") is False
    assert store.read("old/1") == b"one"
    assert store.create("old/1", b"one") is False  # the same bytes, and no answer was lost


def test_a_batch_is_sealed_once_though_the_answer_was_lost(ill: tuple[Objects, FaultyProxy]) -> None:
    store, proxy = ill
    proxy.once(Fault(afterwards=True), lambda asked: asked.kind == "CREATE")
    batch = Batch("b-0000", "b", (Entry("v", "v", "/v.mp4"),))
    assert seal_batch(store, batch) is True
    assert seal_batch(store, Batch("b-0000", "b", ())) is False
    assert read_batch(store, "b-0000") == batch


@pytest.mark.parametrize("after", [0, 1, 1000])
def test_an_upload_that_never_ends_is_never_seen(ill: tuple[Objects, FaultyProxy], tmp_path: Path, after: int) -> None:
    store, proxy = ill
    (tmp_path / "f").write_bytes(IN_PARTS)
    proxy.often(1.0, Fault(cut_request=after), lambda asked: asked.method == "PUT")
    for put in (lambda: store.write("old/1", SMALL), lambda: store.write_file("old/large", tmp_path / "f")):
        with pytest.raises(StoreError):
            put()
    for put in (lambda: store.create("new", SMALL), lambda: store.write_file("new", tmp_path / "f")):
        with pytest.raises(StoreError):
            put()
    assert (store.read("old/1"), store.read("old/large")) == (b"one", LARGE)
    assert list(store.list("")) == ["old/1", "old/2", "old/large"]


def _put_for_ever(store: Objects, path: Path) -> None:
    while True:
        store.write_file("old/large", path)


def test_an_upload_whose_process_is_killed_is_never_seen(ill: tuple[Objects, FaultyProxy], tmp_path: Path) -> None:
    store, proxy = ill
    (tmp_path / "f").write_bytes(IN_PARTS)
    context = multiprocessing.get_context("fork")
    for killed_at in range(3):
        proxy.once(Fault(delay_s=5), lambda asked, n=killed_at: f"partNumber={n + 1}" in asked.target)
        process = context.Process(target=_put_for_ever, args=(store, tmp_path / "f"))
        process.start()
        while not any(f"partNumber={killed_at + 1}" in asked.target for asked in list(proxy.asked)):
            assert process.is_alive()
            process.join(0.02)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert store.read("old/large") in (LARGE, IN_PARTS)
        proxy.taken()
    assert list(store.list("")) == ["old/1", "old/2", "old/large"]


def test_bytes_that_changed_on_their_way_are_refused(ill: tuple[Objects, FaultyProxy]) -> None:
    store, proxy = ill
    proxy.once(Fault(corrupt=True))
    store.write("new", SMALL)
    assert (proxy.failed, store.read("new")) == (1, SMALL)


def test_an_object_is_read_of_one_content(ill: tuple[Objects, FaultyProxy]) -> None:
    store, _ = ill
    with store.open("old/large") as handle:
        assert handle.read(100) == LARGE[:100]
        store.write("old/large", LARGE[::-1])
        handle.seek(500_000)
        with pytest.raises(StoreError, match="was replaced while it was read: try again"):
            handle.read(100)


def test_sql_asks_again(remote: Objects, proxy: FaultyProxy) -> None:
    write_batch(remote, videos=[video_row("v")], filtered_clips=[filtered_row("v", 0, 50)])
    for name in ("503", "500", "no answer", "answer cut"):
        for kind in ("LIST", "HEAD", "GET"):
            proxy.once(FAULTS[name], lambda asked, kind=kind: asked.kind == kind and "/filtered_clips" in asked.target)
            proxy.once(FAULTS[name], lambda asked, kind=kind: asked.kind == kind)
    with connect(remote) as connection:
        rows = connection.execute("SELECT video_id, start_frame, end_frame FROM filtered_clips").fetchall()
    assert rows == [("v", 0, 50)]
    assert proxy.failed > 12


def test_sql_says_in_a_line_that_it_never_worked(remote: Objects, proxy: FaultyProxy) -> None:
    write_batch(remote, videos=[video_row("v")])
    proxy.often(1.0, Fault(status=503))
    with pytest.raises(StoreError) as caught:
        connect(remote)
    assert "\n" not in str(caught.value)


def test_readers_of_data_sets_ask_again(ill: tuple[Objects, FaultyProxy]) -> None:
    store, proxy = ill
    path = store.path("old/large")
    for number, name in enumerate(("503", "500", "429", "no answer", "answer cut"), 1):
        proxy.once(FAULTS[name])
        assert store.fs.cat_file(path, start=10, end=5000) == LARGE[10:5000], name
        assert proxy.failed == number


@pytest.mark.parametrize("name", ["503", "429", "no answer", "answer cut"])
def test_files_elsewhere_are_asked_for_again(ill: tuple[Objects, FaultyProxy], name: str) -> None:
    store, proxy = ill
    fault = FAULTS[name]
    proxy.once(fault)
    assert open_ranges(store.full_uri("old/large")).read([(5, 20), (900_000, 900_010)]) == [
        LARGE[5:20],
        LARGE[900_000:900_010],
    ]
    assert proxy.failed == 1
    proxy.often(1.0, fault)
    with pytest.raises(LinkError, match="tried 5 times"):
        open_ranges(store.full_uri("old/large")).read([(5, 2000)])


def test_two_that_write_a_partition_leave_one_of_both(ill: tuple[Objects, FaultyProxy]) -> None:
    store, proxy = ill
    proxy.often(0.1, Fault(status=503))
    proxy.often(0.05, Fault(afterwards=True), seed=1)
    tables = {n: VIDEOS.from_rows([video_row(f"{n}-{i:03}") for i in range(200)]) for n in "ab"}
    keys = {"batch": "made-0000"}

    def write_on(name: str) -> None:
        for _ in range(12):
            write_partition(store, VIDEOS, keys, tables[name])

    seen: set[tuple[str, ...]] = set()
    with ThreadPoolExecutor(2) as threads:
        writers = [threads.submit(write_on, name) for name in "ab"]
        while not all(writer.done() for writer in writers) or not seen:
            try:
                rows = read_partition(store, VIDEOS, keys)
            except FileNotFoundError:
                continue
            seen.add(tuple(rows.column("video_id").to_pylist()))
        for writer in writers:
            writer.result()
    assert seen <= {tuple(rows.column("video_id").to_pylist()) for rows in tables.values()}
