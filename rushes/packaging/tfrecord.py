"""TFRecord files: byte strings one after the other, each with its length and two checksums.

Here: the framing, both ways, by the layout that TensorFlow documents for the format: length (uint64, little-endian),
masked CRC-32C of the length, the record, masked CRC-32C of the record. Not here: what a record means.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

from rushes.packaging.packed import PackagingError

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_MASK_DELTA = 0xA282EAD8
_HEADER_SIZE = _LENGTH.size + _CHECKSUM.size


def write_record(stream: BinaryIO, record: bytes) -> None:
    """Append one record, framed. A file is nothing but its framed records."""
    length = _LENGTH.pack(len(record))
    for part in (length, _masked_checksum(length), record, _masked_checksum(record)):
        stream.write(part)


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """The records of an uncompressed TFRecord file, in order; PackagingError at the first damaged one."""
    position = 0
    while header := stream.read(_HEADER_SIZE):
        size = _record_size(header, position)
        body = stream.read(size + _CHECKSUM.size)
        yield _record(body, size, position)
        position += _HEADER_SIZE + len(body)


def record_spans(stream: BinaryIO) -> list[tuple[int, int]]:
    """Where each record of a seekable file begins and ends, framing included, found by reading the lengths alone.

    Raises PackagingError for a damaged length, and for a file that ends before its last record does.
    """
    end = stream.seek(0, io.SEEK_END)
    spans: list[tuple[int, int]] = []
    position = 0
    while position < end:
        stream.seek(position)
        after = position + _HEADER_SIZE + _record_size(stream.read(_HEADER_SIZE), position) + _CHECKSUM.size
        if after > end:
            raise _damaged(f"in the record at byte {position}: the file ends at byte {end}, the record at {after}")
        spans.append((position, after))
        position = after
    return spans


def read_record(stream: BinaryIO, span: tuple[int, int]) -> bytes:
    """The record that lies at one of ``record_spans``; PackagingError when it is damaged."""
    position, after = span
    stream.seek(position)
    framed = stream.read(after - position)
    return _record(framed[_HEADER_SIZE:], _record_size(framed[:_HEADER_SIZE], position), position)


def _record_size(header: bytes, position: int) -> int:
    length = header[: _LENGTH.size]
    if len(header) < _HEADER_SIZE or header[_LENGTH.size :] != _masked_checksum(length):
        raise _damaged(f"at byte {position}")
    return int(_LENGTH.unpack(length)[0])


def _record(body: bytes, size: int, position: int) -> bytes:
    """The record of a body, which has the checksum behind it."""
    record = body[:size]
    if len(body) < size + _CHECKSUM.size or body[size:] != _masked_checksum(record):
        raise _damaged(f"in the record at byte {position}")
    return record


def _damaged(where: str) -> PackagingError:
    return PackagingError(f"TFRecord file is damaged {where}: write it anew")


def _masked_checksum(data: bytes) -> bytes:
    """CRC-32C rotated right by 15 bits plus a constant: a checksum of data that holds checksums stays sound."""
    checksum = google_crc32c.value(data)
    rotated = (checksum >> 15) | (checksum << 17)
    return _CHECKSUM.pack((rotated + _MASK_DELTA) & 0xFFFFFFFF)
