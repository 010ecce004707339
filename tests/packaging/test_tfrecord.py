"""TFRecord files and SequenceExamples: what was written is what is read, by ourselves and by others."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tfrecord.reader import sequence_loader, tfrecord_iterator

from rushes.packaging.packed import PackagingError
from rushes.packaging.sequence_example import build, parse
from rushes.packaging.tfrecord import read_records, write_record

records = st.lists(st.binary(max_size=300), max_size=8)
features = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5).map(lambda v: np.array(v, np.int64)),
    st.lists(st.floats(width=32, allow_nan=False), max_size=5).map(lambda v: np.array(v, np.float32)),
    st.lists(st.binary(max_size=20), max_size=5).map(tuple),
)
keys = st.text(min_size=1, max_size=12)


def file_of(records):
    stream = io.BytesIO()
    for record in records:
        write_record(stream, record)
    return stream.getvalue()


def same(one, other):
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    return one == other


@given(records)
def test_records_survive_the_round_trip(records):
    assert list(read_records(io.BytesIO(file_of(records)))) == records


def crc32c(data):
    """CRC-32C bit by bit, by its definition."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@given(st.binary(max_size=100))
def test_a_record_is_framed_as_published(record):
    assert crc32c(b"123456789") == 0xE3069283  # the check value that RFC 3720's CRC is known by

    def masked(data):
        checksum = crc32c(data)
        return struct.pack("<I", ((checksum >> 15 | checksum << 17) + 0xA282EAD8) % 2**32)

    length = struct.pack("<Q", len(record))
    assert file_of([record]) == length + masked(length) + record + masked(record)


@given(records.filter(len), st.data())
def test_any_changed_or_missing_byte_is_noticed(records, data):
    good = file_of(records)
    at = data.draw(st.integers(0, len(good) - 1))
    flipped = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    with pytest.raises(PackagingError, match="damaged"):
        list(read_records(io.BytesIO(flipped)))
    ends = {len(file_of(records[:i])) for i in range(len(records) + 1)}
    if at not in ends:
        with pytest.raises(PackagingError, match="damaged"):
            list(read_records(io.BytesIO(good[:at])))


def test_another_reader_reads_our_records(tmp_path):
    path = tmp_path / "some.tfrecord"
    path.write_bytes(file_of([b"one", b"", b"x" * 3_000_000]))
    assert [bytes(record) for record in tfrecord_iterator(str(path))] == [b"one", b"", b"x" * 3_000_000]


@given(st.dictionaries(keys, features, max_size=5), st.dictionaries(keys, st.lists(features, max_size=4), max_size=5))
def test_features_survive_the_round_trip_with_their_types(context, lists):
    found_context, found_lists = parse(build(context, lists))
    assert found_context.keys() == context.keys()
    assert all(same(found_context[key], context[key]) for key in context)
    assert found_lists.keys() == lists.keys()
    assert all(len(found_lists[key]) == len(lists[key]) for key in lists)
    assert all(same(*pair) for key in lists for pair in zip(found_lists[key], lists[key], strict=True))


@given(st.dictionaries(keys, features, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_change_the_bytes(context):
    assert build(context, {}) == build(dict(reversed(context.items())), {})


def test_another_reader_reads_our_examples_and_their_empty_features(tmp_path):
    path = tmp_path / "some.tfrecord"
    context = {"name": (b"clip",), "size": np.array([3, -4], np.int64)}
    lists = {"score": [np.array([0.5], np.float32), np.array([], np.float32)], "text": [(b"a", b"b"), ()]}
    path.write_bytes(file_of([build(context, lists)]))
    [(found_context, found_lists)] = sequence_loader(str(path), None)
    assert found_context["name"] == b"clip"
    assert found_context["size"].tolist() == [3, -4]
    assert [step.tolist() for step in found_lists["score"]] == [[0.5], []]
    assert [step.tolist() for step in found_lists["text"]] == [[b"a", b"b"], []]


def test_what_is_no_example_is_refused():
    with pytest.raises(PackagingError, match="not a tf"):
        parse(b"\xff\xff\xff\xff")
