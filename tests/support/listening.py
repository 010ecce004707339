"""On which addresses a program, with all that it started, waits for others to call."""

from __future__ import annotations

import psutil


def addresses_of(process: int) -> frozenset[str]:
    """Return the addresses of the sockets that a process and its children listen at."""
    first = psutil.Process(process)
    found: set[str] = set()
    for one in (first, *first.children(recursive=True)):
        found |= {socket.laddr.ip for socket in one.net_connections("inet") if socket.status == psutil.CONN_LISTEN}
    return frozenset(found)
