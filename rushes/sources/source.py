"""What formats give to registering: sources, the annotations that speak of them, and lines that make no sense.

Here: the words that every format and registering share. Not here: the formats themselves (``formats``), what becomes of
a source (``register``), rows made of annotations (``annotated``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.sources.annotated import Annotated
from rushes.sources.footage import Footage
from rushes.store.rejects import Reason


@dataclass(frozen=True)
class Slice:
    """The lines of an annotation file that speak of one video, as they stand there, with their numbers (from 1).

    ``annotation`` names the set that the rows will belong to (``mot``, ``mot-det``), ``origin`` is the file, which a
    newer version of it replaces. A line is one text without line breaks, in the format's own way of writing.
    """

    annotation: str
    origin: str
    lines: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Source:
    """A video that was found: where it is, the name it is to have, and what is known of it.

    ``place`` is the file and line, or the folder, that named it; None when a person named it. ``within`` is the folder
    that a local file must lie in; None when a person named the file.
    """

    uri: str
    video_id: str
    place: str | None = None
    within: str | None = None
    slices: Sequence[Slice] = ()


@dataclass(frozen=True)
class Misfit:
    """Something that was to name a video and cannot: a line that makes no sense, an address that is not allowed.

    It is registered all the same, so that it ends as a reject that everybody can see. ``text`` is what stood there.
    """

    place: str
    reason: Reason
    detail: str
    text: str = ""


@dataclass(frozen=True)
class Given:
    """What a person gave to be added: a local file or folder, and where the videos of a manifest lie.

    ``name`` is the address for messages and ``place``; ``media`` a folder, or an address that ends with ``/``, in which
    a manifest's videos are to be found by their names (None: where the format says they are).
    """

    path: Path
    name: str
    media: str | None = None


@dataclass(frozen=True)
class Format:
    """A way in which videos, or annotations of them, are handed over.

    ``recognises`` tells from a look at the beginning whether something is of this format, and is never wrong about
    what others wrote correctly. ``sources`` finds the videos; it streams, for manifests are long. ``annotations`` turns
    the lines of a slice into rows; None for a format without any. ``by_id``: it speaks of videos by their ids, so that
    its annotations are for the video of that id, wherever that came from.
    """

    name: str
    what: str
    recognises: Callable[[Path], bool]
    sources: Callable[[Given], Iterator[Source | Misfit]]
    annotations: Callable[[Slice, Footage], Annotated] | None = None
    by_id: bool = False
