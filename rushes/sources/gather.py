"""Sources put together: a video that a manifest names on many lines is one source, with all its lines.

The lines wait in a temporary file, so that a manifest of any length is read in little memory. Here: that. Not here:
what is registered already (``register``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from rushes.ranges import Fingerprint
from rushes.sources.find import Found
from rushes.sources.source import Misfit, Slice, Source
from rushes.store.annotations import Lines, as_text
from rushes.store.rejects import Reason


@dataclass(slots=True)
class _Waiting:
    """Lines in the temporary file: of which set, format and file, and where."""

    annotation: str
    format: str
    origin: str
    offset: int
    size: int


@dataclass(slots=True)
class Gathered:
    """A source less its lines, which ``Gathering.lines`` gives. ``by_id``: its video may be known by its id alone."""

    uri: str
    video_id: str
    place: str | None
    within: str | None
    by_id: bool
    content: Fingerprint | None
    waiting: list[_Waiting] = field(default_factory=list)


class Gathering:
    """Gathers sources by their addresses, in the order in which they were first named. To be used in ``with``."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._end = 0
        self._by_id: dict[str, Gathered] = {}
        self._misfits: dict[str, Misfit] = {}
        self.sources: dict[str, Gathered] = {}

    def __enter__(self) -> Gathering:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def misfits(self) -> list[Misfit]:
        """What names no video, one of each place."""
        return list(self._misfits.values())

    def add(self, found: Found) -> None:
        """Take in a source, or something that is none."""
        if isinstance(found.source, Misfit):
            self._misfits.setdefault(found.source.place, found.source)
            return
        source = found.source
        known = self.sources.get(source.uri) or (self._by_id.get(source.video_id) if found.format.by_id else None)
        if known is None:
            known = self.sources[source.uri] = Gathered(
                source.uri, source.video_id, source.place, source.within, found.format.by_id, found.content
            )
            if not found.format.by_id:  # else two of one list, which names addresses as well, could become one
                self._by_id.setdefault(source.video_id, known)
        elif known.video_id != source.video_id and source.place is not None:
            misfit = _named_twice(source, known)
            self._misfits.setdefault(misfit.place, misfit)
            return
        for slice_ in source.slices:
            self._put(known, found.format.name, slice_)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Take back all that was added inside when something is raised there."""
        end, sources, ids, misfits = self._end, len(self.sources), len(self._by_id), len(self._misfits)
        try:
            yield
        except BaseException:
            for held, count in ((self.sources, sources), (self._by_id, ids), (self._misfits, misfits)):
                while len(held) > count:
                    held.popitem()
            for source in self.sources.values():
                while source.waiting and source.waiting[-1].offset >= end:
                    source.waiting.pop()
            self._end = end
            raise

    def leave_out(self, goes: Callable[[str, str], bool]) -> list[str]:
        """Drop sources, and what names none, by address and id (place and text); return the sources' addresses."""
        out = [uri for uri, source in self.sources.items() if goes(uri, source.video_id)]
        for uri in out:
            del self.sources[uri]
        self._misfits = {place: one for place, one in self._misfits.items() if not goes(place, one.text)}
        return out

    def lines(self, source: Gathered) -> list[Lines]:
        """Return a source's lines: those of one set and file together, in the order in which they came."""
        together: dict[tuple[str, str, str], list[bytes]] = {}
        for one in source.waiting:
            self._file.seek(one.offset)
            together.setdefault((one.annotation, one.format, one.origin), []).append(self._file.read(one.size))
        return [Lines(*key, b"".join(pieces)) for key, pieces in together.items()]

    def _put(self, source: Gathered, format: str, slice_: Slice) -> None:
        text = as_text(slice_.lines)
        self._file.seek(self._end)
        self._file.write(text)
        source.waiting.append(_Waiting(slice_.annotation, format, slice_.origin, self._end, len(text)))
        self._end += len(text)


def _named_twice(source: Source, known: Gathered) -> Misfit:
    detail = f"{source.place}: {source.uri} is listed as {known.video_id!r} already, and here as {source.video_id!r}"
    return Misfit(source.place or "", Reason.DUPLICATE, detail, source.video_id)
