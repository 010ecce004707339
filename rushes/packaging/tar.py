"""Tar archives whose members can be read without reading the archive: each one's offset is told as it is added.

Here: the writing, in memory, for the formats that keep images so. Headers hold no time and no user, so that the same
members give the same bytes. Not here: what the members are, and where the offsets are kept.
"""

from __future__ import annotations

import io
import tarfile

# The fields of a header that differ from file to file: the name, at its beginning; the size; and the sum of all its
# bytes, for which this field's own count as blanks. Both numbers are in base 8.
_NAME, _LARGEST = 100, 8**11 - 1
_SIZE, _SUM = slice(124, 135), slice(148, 156)
_BLANK = bytearray(tarfile.TarInfo("").tobuf(tarfile.GNU_FORMAT))
_BLANK[_SUM] = b" " * 8


class Tar:
    """An archive in memory. It takes as much of it as its members, rounded up to blocks of 512 bytes."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self.count = 0

    def add(self, name: str, data: bytes) -> int:
        """Append a file; returns where its bytes begin in the archive."""
        self._bytes.write(_header(name, len(data)))
        offset = self._bytes.tell()
        self._bytes.write(data)
        self._bytes.write(bytes(-len(data) % tarfile.BLOCKSIZE))
        self.count += 1
        return offset

    def close(self) -> bytes:
        """The archive, with the two empty blocks that end one."""
        self._bytes.write(bytes(2 * tarfile.BLOCKSIZE))
        return self._bytes.getvalue()


def _header(name: str, size: int) -> bytes:
    """What stands before a file's bytes: a block, and more of them for what it cannot hold.

    All but three fields are the same for all files, and to have ``tarfile`` make each takes longer than a small image.
    """
    text = name.encode()
    if len(text) > _NAME or size > _LARGEST:
        info = tarfile.TarInfo(name)
        info.size = size
        return info.tobuf(tarfile.GNU_FORMAT)
    header = bytearray(_BLANK)
    header[: len(text)] = text
    header[_SIZE] = b"%011o" % size
    header[_SUM] = b"%06o\0 " % sum(header)
    return bytes(header)
