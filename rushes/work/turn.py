"""Replacing a partition: one at a time, and so that a partition that was not replaced to the end is known as such.

A partition is several objects, and a store has no way to replace them in one step. Who is about to takes a turn: until
it is over, everybody else who would do the same waits. Before anything is replaced, the record is taken out of force:
it names no identity. A new one comes last. So a partition whose builder was killed in between is stale, and never what
it says it is.

A turn is an object of its own: put first, and looked for others after. Of two that take one at once at least one sees
the other, and gives way. Whoever died with a turn is found out: on its own machine at once, from elsewhere when nothing
has come of it for minutes, by this process's own clock. Here: that. Not here: what is written (``assemble``, selecting,
packaging).
"""

from __future__ import annotations

import json
import os
import random
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from rushes.errors import StoreError
from rushes.processes import is_there
from rushes.store.manifests import read_record, write_record
from rushes.store.objects import Objects
from rushes.work import stop

FOLDER = "turns"
# The least time, and the most, between two looks at whose turn it is.
_LOOK_S = (0.05, 0.5)
# So long somebody of another machine may take to put a partition's tables.
_PATIENCE_S = 300.0
# The turns that this process has or waits for; another of its own was not given back when a store was out of reach.
_OURS: set[str] = set()


class Turn:
    """The right to replace a partition."""

    def __init__(self, objects: Objects, asset: str, partition: str, name: str) -> None:
        self._objects = objects
        self._asset, self._partition, self._name = asset, partition, name
        self._renewed = 0

    def begin(self) -> None:
        """Take the record out of force: from here on the partition is in pieces."""
        record = read_record(self._objects, self._asset, self._partition)
        if record is not None and record.identity:
            write_record(self._objects, replace(record, identity=""))

    def renew(self) -> None:
        """Say that this is still at it: before what takes minutes."""
        self.check()
        self._renewed += 1
        self._objects.write(self._name, _about(self._renewed))

    def check(self) -> None:
        """Raise ``StoreError`` when the turn was given to somebody else: this process was held up for too long."""
        if not self._objects.exists(self._name):
            raise StoreError(
                f"{self._asset} of {self._partition}: held up for so long that another build went on with it: "
                "build again"
            )


@contextmanager
def turn(objects: Objects, asset: str, partition: str) -> Iterator[Turn]:
    """Wait until nobody else replaces a partition, and have it alone inside. Raises ``StoppedError``."""
    folder = f"{FOLDER}/{asset}/{partition}"
    name = f"{folder}/{uuid.uuid4().hex}"
    since: dict[tuple[str, str], float] = {}
    _OURS.add(name)
    try:
        while True:
            if not _alive(objects, dict(objects.marks(folder)), since):
                objects.write(name, _about())
                others = {other: mark for other, mark in objects.marks(folder) if other != name}
                if not _alive(objects, others, since):
                    break
                objects.delete(name)
            stop.check()
            time.sleep(random.uniform(*_LOOK_S))
        for dead in others:
            objects.delete(dead)
        yield Turn(objects, asset, partition, name)
    finally:
        _OURS.discard(name)
        objects.delete(name)


def abandoned(objects: Objects, name: str) -> bool:
    """Tell whether a turn is of a process of this machine that is gone."""
    try:
        about = json.loads(objects.read(name))
    except (FileNotFoundError, ValueError):
        return False
    if about["machine"] != _machine():
        return False
    is_this = about["process"] == os.getpid()
    return _started(about["process"]) != about["started"] or (is_this and name not in _OURS)


def _alive(objects: Objects, others: Mapping[str, str], since: dict[tuple[str, str], float]) -> bool:
    """Tell whether one of the others, by their marks, may still be at it; ``since`` says when each was first seen."""
    now = time.monotonic()
    for gone in since.keys() - set(others.items()):
        del since[gone]
    waiting = [other for other in others.items() if now - since.setdefault(other, now) < _PATIENCE_S]
    return any(not abandoned(objects, name) for name, _ in waiting)


def _about(renewed: int = 0) -> bytes:
    process = os.getpid()
    about = {"machine": _machine(), "process": process, "started": _started(process), "renewed": renewed}
    return json.dumps(about).encode()


@cache
def _machine() -> str:
    """Return what tells the processes that this one can see from all others."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _started(process: int) -> str | None:
    """Return when a process of this machine was started, which tells it from a later one; None when it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in ("Z", "X") else fields[19]
    except FileNotFoundError:
        pass
    except OSError:
        return ""
    if Path("/proc/self/stat").exists():
        return None
    return "" if is_there(process) else None
