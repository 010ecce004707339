"""Parts: what an asset made of one video, kept until (and after) its partition is put together.

Here: a part's bytes (all its tables in one object, so that it is there whole or not at all) and where it lies. Its name
holds a key of everything that shaped it, so a part that is there is right, and one that is not must be made. Not here:
how the key is made up or the part computed (``rushes.work``).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping

import pyarrow as pa

from rushes.store.objects import Objects
from rushes.store.schemas import TABLES

_NAME = b"rushes.table"
MEASURED = "filtered_clips.measured"
"""What was measured of clips before they were judged stands in place of an asset, and the video of a batch."""
# Compressing less takes longer than writing it: every column has a buffer of its own.
_SMALL = 1 << 16


def part_path(asset: str, batch: str, key: str) -> str:
    """Return the name of a part's object."""
    return f"parts/{asset}/{batch}/{key}.part"


def existing_parts(objects: Objects, asset: str, batch: str) -> set[str]:
    """Return the keys of the parts that are there, by one listing."""
    names = objects.list(f"parts/{asset}/{batch}")
    return {name.rsplit("/", 1)[-1].removesuffix(".part") for name in names if name.endswith(".part")}


def write_part(objects: Objects, asset: str, batch: str, key: str, tables: Mapping[str, pa.Table]) -> None:
    """Put a part in one step."""
    sink = io.BytesIO()
    for name, rows in sorted(tables.items()):
        options = pa.ipc.IpcWriteOptions(compression="zstd" if rows.nbytes > _SMALL else None)
        schema = TABLES[name].arrow
        typed = rows if rows.schema.equals(schema) else rows.cast(schema)  # a cast costs a third of it all
        marked = typed.replace_schema_metadata({_NAME: name.encode()})
        with pa.ipc.new_stream(sink, marked.schema, options=options) as writer:
            writer.write_table(marked.combine_chunks())
    objects.write(part_path(asset, batch, key), sink.getvalue())


def read_part(objects: Objects, asset: str, batch: str, key: str) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """Read a part: its tables, and a digest of what each holds."""
    data = objects.read(part_path(asset, batch, key))
    stream = pa.BufferReader(data)
    tables, digests = {}, {}
    while (start := stream.tell()) < len(data):
        rows = pa.ipc.open_stream(stream).read_all()
        name = rows.schema.metadata[_NAME].decode()
        tables[name] = rows.replace_schema_metadata(None)
        digests[name] = hashlib.sha256(memoryview(data)[start : stream.tell()]).hexdigest()
    return tables, digests
