"""Registering videos: what was found becomes entries of sealed batches, and annotations go to where their videos are.

Registering reads no video; it only says what there is. The same source added twice adds nothing, but a link elsewhere
is then looked at again, and annotations that are new go to the videos they speak of. What is written down is for all to
read: an address that holds a secret is refused, and of credentials only the name is kept. Here: the order of all that,
and sealing. Not here: finding sources (``find``), putting their lines together (``gather``), what is known already
(``entries``, ``look_again``, ``give_way``), reading the sources (``ingest``).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from rushes.errors import RushesError, SettingsError, StoreError
from rushes.ranges.address import is_elsewhere, local_path, protocol_of, shown
from rushes.ranges.credentials import check_key
from rushes.sources.entries import Known, Place, new_entries
from rushes.sources.find import LISTS, Found, find
from rushes.sources.gather import Gathered, Gathering
from rushes.sources.give_way import give_way
from rushes.sources.how import DEFAULTS, How
from rushes.sources.look_again import look_again
from rushes.sources.source import Misfit
from rushes.sources.trust import refuse_listed
from rushes.store.annotations import Lines, attach, kept_lines, write_lines
from rushes.store.forgotten import Forgotten
from rushes.store.manifests import Batch, Entry, read_batch, seal_batch
from rushes.store.names import check_name
from rushes.store.objects import Objects
from rushes.store.rejects import Reason


@dataclass(frozen=True)
class Registered:
    """What registering did.

    ``missing`` are sources not there now, ``changed`` links that hold another file, ``annotated`` the ids of known
    videos that new annotations went to, ``misfits`` what could not name a video and was registered to be a reject,
    ``formats`` what the sources were found to be, ``with_lines`` how many new videos have annotations, ``forgotten``
    the addresses that were left out because they, or the ids they would have, were forgotten.
    """

    batches: tuple[Batch, ...]
    known: tuple[str, ...]
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    annotated: tuple[str, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    formats: tuple[str, ...] = ()
    with_lines: int = 0
    forgotten: tuple[str, ...] = ()

    @property
    def new(self) -> int:
        """How many videos were registered."""
        return sum(entry.misfit is None for batch in self.batches for entry in batch.entries)


def register(
    objects: Objects,
    sources: Sequence[str],
    collection: str,
    how: How = DEFAULTS,
    progress: Callable[[int], None] = lambda found: None,
    refused: Callable[[str, RushesError], None] | None = None,
) -> Registered:
    """Seal batches of the sources that the store does not have yet.

    ``sources`` are files, folders, manifests and addresses: whatever a format of ``rushes.sources.formats`` knows. A
    file that is not there, and a line that makes no sense, is registered as well, so that the batch tells what became
    of it. ``progress`` is told how many were found. Raises ``StoreError`` for what holds no videos, ``SettingsError``
    for names and addresses that cannot be used; where there is a ``refused``, it is told of each such source, and the
    others are registered.
    """
    check_name(collection, "collection")
    if how.creds_key is not None:
        _check_creds_key(how.creds_key, sources)
    with Gathering() as gathering:
        formats = _gather(gathering, sources, how, progress, refused)
        if how.video_id is not None:
            _name(gathering.sources.values(), how.video_id)
        if how.creds_key is not None:
            _check_hosts(gathering.sources.values())
        tombstones = Forgotten.of(objects)
        forgotten = gathering.leave_out(lambda uri, video_id: tombstones.source(uri) or tombstones.id(video_id))
        known = Known.of(objects, collection)
        batches, there = _seal(objects, collection, gathering, known, how)
        if not how.dry_run:
            changed = give_way(objects, known)
            batches = [changed.get(batch.name, batch) for batch in batches]
        annotated = tuple(_annotate(objects, gathering, there, how))
    everything = gathering.sources.values()
    new = {entry.source_uri for batch in batches for entry in batch.entries}
    named = {source.uri for source, _ in there if source.place is None}
    return Registered(
        tuple(batches),
        known=tuple(source.uri for source, _ in there),
        missing=tuple(_missing(uri for uri in gathering.sources if uri in new or uri in named)),
        changed=()
        if how.dry_run
        else tuple(look_again(objects, {s.uri: s.content for s, _ in there if s.place is None or s.content})),
        annotated=annotated,
        misfits=tuple(misfit for misfit in gathering.misfits if misfit.place in new),
        formats=formats,
        with_lines=sum(bool(source.waiting) for source in everything if source.uri in new),
        forgotten=tuple(forgotten),
    )


def _gather(
    gathering: Gathering,
    sources: Sequence[str],
    how: How,
    progress: Callable[[int], None],
    refused: Callable[[str, RushesError], None] | None,
) -> tuple[str, ...]:
    """Find all sources and put them together; return the formats they were found to be."""
    formats: dict[str, None] = {}
    for given in sources:
        try:
            with gathering.all_or_nothing():
                formats |= _gather_one(gathering, given, how, progress)
        except RushesError as error:
            if refused is None:
                raise
            refused(given, error)
    return tuple(formats)


def _gather_one(gathering: Gathering, given: str, how: How, progress: Callable[[int], None]) -> dict[str, None]:
    formats: dict[str, None] = {}
    senseless: list[Misfit] = []
    count = 0
    for count, found in enumerate(find(given, how.format, how.media, how.creds_key), 1):
        found = _trusted(found, how.allow_private)
        formats[found.format.name] = None
        if isinstance(found.source, Misfit):
            senseless.append(found.source)
        gathering.add(found)
        if count % 1000 == 0:
            progress(len(gathering.sources))
    if count == len(senseless) > 1:
        why = f"{senseless[0].place}: {senseless[0].detail}"
        raise StoreError(f"{shown(given)}: no line of it names a video as {next(reversed(formats))}: {why}")
    return formats


def _trusted(found: Found, allow_private: bool) -> Found:
    """Return what was found, or why a manifest may not name it."""
    source = found.source
    if isinstance(source, Misfit) or source.place is None:
        return found
    why = None
    if is_elsewhere(source.uri):
        why = refuse_listed(source.uri, allow_private)
    elif source.within is None:
        why = f"{source.uri}: a manifest may name only files of its own folder"
    return found if why is None else replace(found, source=Misfit(source.place, Reason.FORBIDDEN, why, source.uri))


def _name(sources: Iterable[Gathered], video_id: str) -> None:
    check_name(video_id, "video id")
    sources = list(sources)
    if len(sources) != 1:
        raise SettingsError(f"--id names one video, but {len(sources)} were given")
    sources[0].video_id = video_id


def _seal(
    objects: Objects, collection: str, gathering: Gathering, known: Known, how: How
) -> tuple[list[Batch], list[tuple[Gathered, Place]]]:
    """Seal what is new in batches of ``batch_size``, with its lines; return them, and what was registered already."""
    batches: list[Batch] = []
    there: list[tuple[Gathered, Place]] = []
    waiting: deque[Gathered | Misfit] = deque([*gathering.sources.values(), *gathering.misfits])
    while chunk := _next_new(waiting, there, known, how.batch_size):
        entries = new_entries(chunk, known, how)
        annotations = None if how.dry_run else write_lines(objects, _lines_of(gathering, chunk, entries))
        batch = Batch(known.next_name, collection, tuple(entries), annotations)
        if how.dry_run or seal_batch(objects, batch):
            batches.append(batch)
        else:  # somebody registers into this collection at the same time: part of it may be known now
            waiting.extendleft(reversed(chunk))
            batch = read_batch(objects, batch.name)
        known.add(batch)
    return batches, there


def _next_new(
    waiting: deque[Gathered | Misfit], there: list[tuple[Gathered, Place]], known: Known, count: int
) -> list[Gathered | Misfit]:
    """Take so many that are new; put those that are registered into ``there``."""
    new: list[Gathered | Misfit] = []
    while waiting and len(new) < count:
        item = waiting.popleft()
        place = known.place(item)
        if place is None:
            new.append(item)
        elif isinstance(item, Gathered):
            there.append((item, place))
    return new


def _missing(uris: Iterable[str]) -> Iterator[str]:
    for uri in uris:
        if not is_elsewhere(uri) and not os.path.exists(local_path(uri)):
            yield uri


def _lines_of(
    gathering: Gathering, chunk: Sequence[Gathered | Misfit], entries: Sequence[Entry]
) -> dict[str, list[Lines]]:
    pairs = zip(chunk, entries, strict=True)
    return {entry.entry_id: gathering.lines(source) for source, entry in pairs if isinstance(source, Gathered)}


def _annotate(
    objects: Objects, gathering: Gathering, there: Sequence[tuple[Gathered, Place]], how: How
) -> Iterator[str]:
    """Let lines that are new count for the known videos they speak of; yield those videos' ids."""
    by_batch: dict[str, list[tuple[str, Gathered]]] = {}
    for source, place in there:
        if source.waiting:
            by_batch.setdefault(place.batch, []).append((place.entry_id, source))
    for batch, sources in by_batch.items():
        kept = kept_lines(objects, read_batch(objects, batch))
        news: dict[str, list[Lines]] = {}
        for entry_id, source in sources:
            there_already = {(one.annotation, one.origin, one.sha256) for one in kept.get(entry_id, ())}
            for lines in gathering.lines(source):
                if (lines.annotation, lines.origin, lines.sha256) not in there_already:
                    news.setdefault(entry_id, []).append(lines)
        listing = None if how.dry_run else write_lines(objects, news)
        if listing is not None:
            attach(objects, batch, listing)
        yield from news


def _check_creds_key(key: str, sources: Sequence[str]) -> None:
    check_key(key)
    videos_here = [s for s in sources if not is_elsewhere(s) and os.path.splitext(s)[1].lower() not in LISTS]
    if videos_here:
        raise SettingsError(
            f"--creds-key is for sources elsewhere (https://, s3://, gs://), and {videos_here[0]} is a local file"
        )


def _check_hosts(sources: Iterable[Gathered]) -> None:
    """Raise ``SettingsError`` where a manifest would have credentials shown to more than one machine of the web."""
    listed = (source.uri for source in sources if source.place is not None)
    hosts = {urlsplit(uri).hostname for uri in listed if protocol_of(uri) in ("http", "https")}
    if len(hosts) > 1:
        some = ", ".join(sorted(map(str, hosts))[:3])
        raise SettingsError(
            f"--creds-key would show its credentials to {len(hosts)} hosts that are listed ({some}, …): "
            "add the addresses of one host at a time"
        )
