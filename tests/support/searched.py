"""All that stands in a store, in plain and packed, so that it can be searched for a word."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from rushes.store.objects import Objects


def mentions(objects: Objects, word: str) -> list[str]:
    """Return the objects that name a word: in their names, their bytes, or what these bytes are once unpacked."""
    found = [
        name for name, texts in _everything(objects) if any(word.encode() in text for text in (name.encode(), *texts))
    ]
    if objects.is_local:  # and folders without a file, temporary files
        found += [path for path in _paths(objects.root) if word in path]
    return sorted(set(found))


def _paths(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        yield from (os.path.relpath(os.path.join(folder, name), root) for name in (*folders, *files))


def _everything(objects: Objects) -> Iterator[tuple[str, list[bytes]]]:
    for name in objects.list(""):
        data = objects.read(name)
        texts = [data]
        if name.endswith(".parquet"):
            texts.append(str(pq.read_table(pa.BufferReader(data)).to_pylist()).encode())
        elif name.endswith(".part"):
            texts += _tables(data)
        elif name.startswith("annotations/lines/"):
            texts += _packed(data)
        elif name.endswith(".gz"):
            texts.append(gzip.decompress(data))
        yield name, texts


def _tables(data: bytes) -> Iterator[bytes]:
    stream = pa.BufferReader(data)
    while stream.tell() < len(data):
        yield str(pa.ipc.open_stream(stream).read_all().to_pylist()).encode()


def _packed(data: bytes) -> Iterator[bytes]:
    while data:
        unpacking = zlib.decompressobj()
        yield unpacking.decompress(data)
        data = unpacking.unused_data


def snapshot(objects: Objects) -> dict[str, bytes]:
    """Return every object's bytes."""
    return {name: objects.read(name) for name in objects.list("")}


def document(objects: Objects, name: str) -> dict[str, object]:
    """Return what a JSON object says."""
    fields: dict[str, object] = json.loads(objects.read(name))
    return fields
