"""Batches are sealed, records and failures are as they were written."""

import json

import pytest

from rushes.errors import ModelError, StoreError
from rushes.store.manifests import (
    Batch,
    Built,
    Entry,
    Record,
    batch_names,
    clear_failure,
    noting_failure,
    read_batch,
    read_batches,
    read_failure,
    read_record,
    seal_batch,
    write_failure,
    write_record,
)
from rushes.store.objects import Objects

BATCH = Batch("b-0000", "b", (Entry("x", "x", "/x.mp4"), Entry("x~2", "x", "s3://b/x.mp4", True, "key", "/x.mp4")))


def test_a_batch_is_sealed_once_and_read_as_it_was(store: Objects) -> None:
    assert seal_batch(store, BATCH)
    assert not seal_batch(store, Batch("b-0000", "b", ()))
    assert read_batch(store, "b-0000") == BATCH


def test_batches_are_listed_by_name(store: Objects) -> None:
    assert batch_names(store) == []
    others = [Batch(name, "c", ()) for name in ("c-0001", "a-0000")]
    for batch in (BATCH, *others):
        seal_batch(store, batch)
    assert batch_names(store) == ["a-0000", "b-0000", "c-0001"]
    assert list(read_batches(store)) == [others[1], BATCH, others[0]]


def test_an_unknown_batch_is_an_error_that_names_those_there_are(store: Objects) -> None:
    with pytest.raises(StoreError, match=r"no batch named 'nope' in .*: register videos with 'rushes add'"):
        read_batch(store, "nope")
    seal_batch(store, BATCH)
    with pytest.raises(StoreError, match="there are: b-0000"):
        read_batch(store, "nope")


def test_a_record_is_read_as_it_was_written_and_can_be_read_by_people(store: Objects) -> None:
    record = Record(
        "tracks",
        "b-0000",
        "3",
        "identity",
        {"params": {"fps": 8.0}},
        {"x": Built("key", {"tracks": "digest"})},
        ("y",),
        {"tracks": 5},
        {"tracks": 500},
        {"still": 1},
        {"raw_videos/b-0000": "id"},
    )
    assert read_record(store, "tracks", "b-0000") is None
    write_record(store, record)
    assert read_record(store, "tracks", "b-0000") == record
    assert json.loads(store.read("records/tracks/b-0000.json"))["items"]["x"] == {
        "key": "key",
        "digests": {"tracks": "digest"},
    }
    newer = Record("tracks", "b-0000", "4", "other")
    write_record(store, newer)
    assert read_record(store, "tracks", "b-0000") == newer


def test_a_failure_is_remembered_until_it_is_cleared(store: Objects) -> None:
    assert read_failure(store, "tracks", "b") is None
    write_failure(store, "tracks", "b", "ü went wrong")
    assert read_failure(store, "tracks", "b") == "ü went wrong"
    assert read_failure(store, "clips", "b") is None
    clear_failure(store, "tracks", "b")
    clear_failure(store, "tracks", "b")
    assert read_failure(store, "tracks", "b") is None


def test_what_is_raised_is_noted_and_success_forgets_it(store: Objects) -> None:
    with pytest.raises(ModelError), noting_failure(store, "tracks", "b"):
        raise ModelError("no weights")
    assert read_failure(store, "tracks", "b") == "no weights"
    with noting_failure(store, "tracks", "b"):
        pass
    assert read_failure(store, "tracks", "b") is None
