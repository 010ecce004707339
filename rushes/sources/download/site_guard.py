"""What a process that runs yt-dlp must not do: talk to private machines, and start programs.

Extractors follow whatever a page says, so this is held down below them, by Python's own audit events, for the rest of
the process. Here: the hook. Not here: what private machines are (``rushes.ranges.reach``).
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from rushes.ranges.reach import Reach, is_public

_TALKS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "pty.spawn")
_JAVASCRIPT = "deno"  # runs what players of sites are made of, itself without a right to talk to anybody


class GuardedError(OSError):
    """Something was refused."""


class Guard:
    """Refuses from ``hold`` on. ``refused`` are the addresses that were to be talked to."""

    def __init__(self, reach: Reach) -> None:
        self.refused: list[str] = []
        self._reach = reach
        # A proxy is asked by our own environment's wish, and what it then asks cannot be seen from here.
        hosts = [reach.named, *(urlsplit(proxy).hostname or "" for proxy in getproxies().values())]
        self._known = set(_addresses(filter(None, hosts)))

    def hold(self) -> None:
        """Be heeded by this process from now on."""
        if not self._reach.private:
            sys.modules["curl_cffi"] = None  # type: ignore[assignment] # its connections are not Python's
        sys.addaudithook(self._hear)

    def _hear(self, event: str, words: tuple[Any, ...]) -> None:
        if event in _TALKS and not self._reach.private:
            self._judge(words[0], words[1])
        elif event in _STARTS and os.path.basename(str(words[0])) != _JAVASCRIPT:
            raise GuardedError(f"{words[0]}: no other program is to be started")

    def _judge(self, connection: socket.socket, target: Any) -> None:
        if connection.family not in (socket.AF_INET, socket.AF_INET6) or target is None:
            return
        host = str(target[0])
        if host not in self._known and not _is_public(host):
            self.refused.append(host)
            raise GuardedError(f"{host}: a private machine")


def _is_public(host: str) -> bool:
    try:
        return is_public(ip_address(host.partition("%")[0]))
    except ValueError:
        return False  # a name, which is resolved too late to be judged


def _addresses(hosts: Iterable[str]) -> Iterable[str]:
    for host in hosts:
        try:
            yield from (str(found[4][0]) for found in socket.getaddrinfo(host, None))
        except OSError:
            continue
