"""Batches are sealed, records and failures are as they were written."""

import json

import pytest

from rushes.errors import StoreError
from rushes.store.manifests import (
    Batch,
    Built,
    Entry,
    Record,
    batch_names,
    read_batch,
    read_batches,
    read_identities,
    read_record,
    read_records,
    record_marks,
    seal_batch,
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


def test_a_record_that_is_not_whole_counts_as_none(store: Objects) -> None:
    write_record(store, Record("tracks", "b-0000", "3", "identity", note="ü"))
    whole = store.read("records/tracks/b-0000.json")
    for end in (0, 1, len(whole) // 2, len(whole) - 1, whole.index("ü".encode()) + 1):
        store.write("records/tracks/b-0000.json", whole[:end])
        assert read_record(store, "tracks", "b-0000") is None
        assert list(read_records(store, ["tracks"], ["b-0000"], record_marks(store))) == [{}]


def test_many_records_are_read_as_each_by_itself(store: Objects) -> None:
    assets, names = ("raw_videos", "tracks"), [f"b-{at:04d}" for at in range(100)]
    for at, name in enumerate(names):
        for asset in assets[: at % 3]:
            write_record(store, Record(asset, name, "3", f"{asset} {at}", unfinished=("x",) * (at % 2)))
    one_by_one = [{asset: record for asset in assets if (record := read_record(store, asset, name))} for name in names]
    assert list(read_records(store, assets, names, record_marks(store))) == one_by_one
    assert read_identities(store, assets, names) == {
        name: {asset: record.content for asset, record in records.items()}
        for name, records in zip(names, one_by_one, strict=True)
    }


def test_a_record_that_goes_away_while_many_are_read_is_not_there(store: Objects) -> None:
    for name in ("b-0000", "b-0001"):
        write_record(store, Record("tracks", name, "3", name))
    there = record_marks(store)
    store.delete("records/tracks/b-0000.json")
    found = list(read_records(store, ["tracks"], ["b-0000", "b-0001"], there))
    assert [[record.identity for record in one.values()] for one in found] == [[], ["b-0001"]]


def test_a_mark_changes_when_a_record_does_and_only_then(store: Objects) -> None:
    records = [Record("tracks", "b-0000", "3", identity) for identity in ("one", "two", "one")]
    marks = []
    for record in records:
        write_record(store, record)
        now = record_marks(store)
        assert record_marks(store) == now
        marks.append(now["records/tracks/b-0000.json"])
    assert marks[0] != marks[1] != marks[2]
