"""Connections with web servers, kept between requests, and with none but the machines that may be asked.

Where an address is not to be trusted, each connection is looked at when it stands and before anything is sent: its
other end must be a public machine, whatever a name server said, and after every redirect anew. Behind a proxy only the
name of the host can be looked at: who that is, the proxy alone knows. Here: pools of such connections. Not here: which
machines are private (``reach``), requests (``http``).
"""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from rushes.ranges.reach import Reach, is_public


class PrivateError(Exception):
    """A host that may not be asked was to be."""


class _PublicHTTP(HTTPConnection):
    """A connection that stands only with public machines."""

    def _new_conn(self) -> socket.socket:
        return _public(super()._new_conn(), self.host)


class _PublicHTTPS(HTTPSConnection):
    """The same, looked at before the first word of TLS."""

    def _new_conn(self) -> socket.socket:
        return _public(super()._new_conn(), self.host)


def _public(connection: socket.socket, host: str) -> socket.socket:
    if is_public(ip_address(connection.getpeername()[0].partition("%")[0])):
        return connection
    connection.close()
    raise PrivateError(host)


class _Wary:
    """What keeps connections within a reach by the names of the hosts."""

    reach: Reach

    def connection_from_host(self, host: str | None, *words: Any, **more: Any) -> HTTPConnectionPool:
        """Return connections with a host, which a redirect may have named."""
        if host and self.reach.refuses(host):
            raise PrivateError(host)
        pool: HTTPConnectionPool = super().connection_from_host(host, *words, **more)  # type: ignore[misc]
        return pool


class _Direct(_Wary, urllib3.PoolManager):
    """Connections within a reach, by the addresses as well."""

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        if not self.reach.anywhere(host):
            pool.ConnectionCls = _PublicHTTPS if scheme == "https" else _PublicHTTP
        return pool


class _ByProxy(_Wary, urllib3.ProxyManager):
    """Connections that a proxy makes."""


def connections(url: str, host: str, reach: Reach) -> urllib3.PoolManager:
    """Return this process's connections: those of the process it was forked from are not its own."""
    proxy = None if proxy_bypass(host) else getproxies().get(urlsplit(url).scheme)
    return _made(os.getpid(), proxy, reach)


@lru_cache(maxsize=64)
def _made(pid: int, proxy: str | None, reach: Reach) -> urllib3.PoolManager:
    pool = _ByProxy(proxy, maxsize=16) if proxy else _Direct(maxsize=16)
    pool.reach = reach
    return pool
