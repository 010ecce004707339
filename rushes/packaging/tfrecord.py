"""TFRecord files: byte strings one after the other, each with its length and two checksums.

Here: the framing, both ways, by the layout that TensorFlow documents for the format: length (uint64, little-endian),
masked CRC-32C of the length, the record, masked CRC-32C of the record. Not here: what a record means.
"""

from __future__ import annotations

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
        length = header[: _LENGTH.size]
        if len(header) < _HEADER_SIZE or header[_LENGTH.size :] != _masked_checksum(length):
            raise PackagingError(f"TFRecord file is damaged at byte {position}: write it anew")
        size = _LENGTH.unpack(length)[0]
        body = stream.read(size + _CHECKSUM.size)
        record = body[:size]
        if len(body) < size + _CHECKSUM.size or body[size:] != _masked_checksum(record):
            raise PackagingError(f"TFRecord file is damaged in the record at byte {position}: write it anew")
        yield record
        position += _HEADER_SIZE + len(body)


def _masked_checksum(data: bytes) -> bytes:
    """CRC-32C rotated right by 15 bits plus a constant: a checksum of data that holds checksums stays sound."""
    checksum = google_crc32c.value(data)
    rotated = (checksum >> 15) | (checksum << 17)
    return _CHECKSUM.pack((rotated + _MASK_DELTA) & 0xFFFFFFFF)
