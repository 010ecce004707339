"""Values that stand for secrets, and a search for them in whatever was written, unpacked as far as that goes."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq


def forms(secret: str, user: str = "") -> frozenset[bytes]:
    """Return what a secret looks like in headers, addresses and files: plain, quoted, in JSON, in base 64."""
    plain = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    headers = [f"{user}:{secret}", secret]
    return frozenset(one.encode() for one in plain) | {base64.b64encode(one.encode()).rstrip(b"=") for one in headers}


def holding(secrets: Iterable[bytes], things: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return the names of the things, unpacked already, that have one of the secrets anywhere in them."""
    secrets = list(secrets)
    return [name for name, data in things if any(secret in data for secret in secrets)]


def all_of(things: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Unpack things, each with what is in it behind it."""
    return [(name, b"\0".join(unpacked(data))) for name, data in things]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all files below a folder, by their paths in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield the bytes as they are, and again as what is in them, where they are something that packs or compresses."""
    yield data
    if data[:4] == b"PAR1":
        yield from _table(pq.read_table(io.BytesIO(data)))
    elif data[:4] == b"\xff\xff\xff\xff":
        yield from _streams(data)
    elif data[:2] == b"\x1f\x8b":
        yield from unpacked(gzip.decompress(data))
    elif data[:16] == b"SQLite format 3\0":
        with sqlite3.connect(":memory:") as database:
            database.deserialize(data)
            yield "\n".join(database.iterdump()).encode()
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from unpacked(archive.read(name))
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                yield member.name.encode()
                file = archive.extractfile(member)
                yield from unpacked(file.read()) if file else ()


def _streams(data: bytes) -> Iterator[bytes]:
    """Yield what is in Arrow streams, one after the other, which is what the store's parts are."""
    stream = pa.BufferReader(data)
    while stream.tell() < len(data):
        yield from _table(pa.ipc.open_stream(stream).read_all())


def _table(table: pa.Table) -> Iterator[bytes]:
    yield table.schema.to_string(show_schema_metadata=True).encode()
    for row in table.to_pylist():
        for value in row.values():
            yield from unpacked(value) if isinstance(value, bytes) else [str(value).encode()]
