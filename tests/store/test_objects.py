"""An object is there whole or not at all, and is created once."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from rushes.errors import StoreError
from rushes.store.objects import Objects


def files(store: Objects) -> list[str]:
    root = Path(store.root)
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_what_was_written_is_read(store: Objects) -> None:
    store.write("a/b/c.bin", b"one")
    assert store.read("a/b/c.bin") == b"one"
    assert (store.exists("a/b/c.bin"), store.size("a/b/c.bin")) == (True, 3)
    with store.open("a/b/c.bin") as handle:
        handle.seek(1)
        assert handle.read(1) == b"n"


def test_writing_again_replaces(store: Objects) -> None:
    store.write("a", b"a long first text")
    store.write("a", b"short")
    assert store.read("a") == b"short"
    assert files(store) == ["a"]


def test_readers_see_the_old_object_or_the_new_one(store: Objects) -> None:
    versions = [bytes([n]) * 300_000 for n in range(4)]
    store.write("a", versions[0])
    done = Event()

    def read_on() -> set[bytes]:
        seen = set()
        while not done.is_set():
            seen.add(store.read("a"))
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read_on) for _ in range(2)]
        for at in range(60):
            store.write("a", versions[at % 4])
        done.set()
        seen = set().union(*(reader.result() for reader in readers))
    assert seen <= set(versions)


def test_an_object_is_created_once(store: Objects) -> None:
    assert store.create("a", b"first")
    assert not store.create("a", b"second")
    assert store.read("a") == b"first"
    assert files(store) == ["a"]


def test_of_many_that_create_at_once_one_does(store: Objects) -> None:
    for attempt in range(10):
        barrier = Barrier(12)

        def create(number: int, barrier: Barrier = barrier, name: str = f"x/{attempt}") -> bool:
            barrier.wait()
            return store.create(name, b"%d" % number)

        with ThreadPoolExecutor(12) as pool:
            made = list(pool.map(create, range(12)))
        assert made.count(True) == 1
        assert store.read(f"x/{attempt}") == b"%d" % made.index(True)
    assert len(files(store)) == 10


def test_a_write_that_fails_in_the_middle_leaves_things_as_they_were(store: Objects) -> None:
    store.write("a", b"old")
    nothing: Any = object()
    for put in (store.write, store.create):
        with pytest.raises(TypeError):
            put("a", nothing)
        with pytest.raises(TypeError):
            put("b", nothing)
    assert files(store) == ["a"]
    assert store.read("a") == b"old"


def test_a_file_becomes_an_object(store: Objects, tmp_path: Path) -> None:
    local = tmp_path / "local.bin"
    local.write_bytes(os.urandom(1_000_000))
    store.write_file("media/x.bin", local)
    assert store.read("media/x.bin") == local.read_bytes()
    with pytest.raises(FileNotFoundError):
        store.write_file("media/y.bin", tmp_path / "none")
    assert files(store) == ["media/x.bin"]


def test_others_may_read_what_was_written(store: Objects) -> None:
    store.write("a", b"")
    store.create("b", b"")
    assert [Path(store.path(name)).stat().st_mode & 0o777 for name in "ab"] == [0o644, 0o644]


def test_listing_gives_names_below_a_folder_sorted_without_unfinished_writes(store: Objects) -> None:
    for name in ("t/b", "t/a/z", "t/a/c", "tt/x", "t.json"):
        store.write(name, b"")
    Path(store.path("t/a/.tmp-123")).write_bytes(b"half")
    assert list(store.list("t")) == ["t/a/c", "t/a/z", "t/b"]
    assert list(store.list("")) == ["t.json", "t/a/c", "t/a/z", "t/b", "tt/x"]
    assert list(store.list("nowhere")) == []


def test_deleting_what_is_not_there_is_no_error(store: Objects) -> None:
    store.write("a", b"")
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")
    with pytest.raises(FileNotFoundError):
        store.read("a")


def test_a_folder_is_no_object(store: Objects) -> None:
    store.write("a/b", b"")
    assert not store.exists("a")


def test_a_store_is_the_same_by_path_and_uri_and_in_another_process(tmp_path: Path) -> None:
    store = Objects(tmp_path / "s")
    store.write("a", b"1")
    for other in (Objects(str(tmp_path / "s")), Objects(f"file://{tmp_path}/s"), pickle.loads(pickle.dumps(store))):
        assert (other.uri, other.is_local, other.read("a")) == (store.uri, True, b"1")
    assert store.full_uri("a") == store.path("a") == str(tmp_path / "s" / "a")


def test_an_unknown_kind_of_storage_is_an_error() -> None:
    with pytest.raises(StoreError, match="nonsense"):
        Objects("nonsense://bucket/x")
