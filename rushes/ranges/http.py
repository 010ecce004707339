"""Files on the web: a span is one GET, and no other request is made before it.

The answer itself says whether the file is still the one expected (``If-Match``, ``ETag``, ``Content-Range``). Here:
requests over a pool of connections, and what answers mean. Not here: trying again (``remote``).
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from rushes.ranges import credentials
from rushes.ranges.remote import BrokenReadError, RemoteRanges
from rushes.ranges.source import Fingerprint, changed, too_short

_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_PIECE = 1 << 16
# So much is read in vain from a server that knows no ranges; farther into a file, that is no way to read it.
_MOST_SKIPPED = 32 << 20

_pools: dict[tuple[int, str | None], urllib3.PoolManager] = {}


class HttpRanges(RemoteRanges):
    """A file behind ``http://`` or ``https://``."""

    def __init__(self, uri: str, creds_key: str | None = None, expected: Fingerprint | None = None) -> None:
        super().__init__(uri, creds_key, expected)
        try:
            parts = urlsplit(uri)
            self._protocol, self._host = parts.scheme, parts.hostname or ""
            self._login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else None
            self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        except ValueError:
            self.refuse("is no address")

    def look(self) -> None:
        """Ask for the first byte: addresses that are signed for reading often allow no HEAD."""
        with self._get(0, 1) as answer:
            if answer.status == 416:  # there is no first byte
                self.verify(_total(answer), answer.headers.get("ETag"))
            else:
                self._skip(answer, 0, 1)

    def receive(self, start: int, end: int, into: bytearray) -> None:
        """Make one GET of a range."""
        with self._get(start, end) as answer:
            if answer.status == 416:
                self.verify(_total(answer), answer.headers.get("ETag"))
                raise too_short(self.name, _total(answer))
            skip = self._skip(answer, start, end)
            left = skip + end - start
            try:
                while left and (piece := answer.read(min(_PIECE, left), decode_content=False)):
                    left -= len(piece)
                    into += piece[skip:] if skip else piece
                    skip -= min(skip, len(piece))
                # The end is read, so that the connection can serve again; more than was asked for is nobody's file.
                if answer.status == 206 and not left and answer.read(1, decode_content=False):
                    self.refuse("its server sent more bytes than were asked for")
            except HTTPError as error:
                raise BrokenReadError(_words(error)) from None

    def _get(self, start: int, end: int) -> BaseHTTPResponse:
        """Make a request; return its answer unless that is a refusal."""
        known = credentials.resolve(self.creds_key, self._protocol, self._host)
        own, url = self._own_headers(known), self._with_query(known.get("query", {}))
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity", **own}
        etag = self.known.etag if self.known else None
        if etag and not etag.startswith("W/"):
            headers["If-Match"] = etag
        # Redirects are followed, without what was meant for this server alone; trying again is not urllib3's affair.
        once = urllib3.Retry(
            total=None,
            connect=0,
            read=0,
            status=0,
            other=0,
            redirect=5,
            respect_retry_after_header=False,
            remove_headers_on_redirect=[*urllib3.Retry.DEFAULT_REMOVE_HEADERS_ON_REDIRECT, *own],
        )
        try:
            answer = _pool(url, self._host).request(
                "GET", url, headers=headers, retries=once, timeout=_TIMEOUT, preload_content=False
            )
        except (LocationParseError, ValueError):
            self.refuse("is no address, or leads to none")
        except (MaxRetryError, HTTPError) as error:
            cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
            if isinstance(cause, SSLError):
                self.refuse(_words(cause))
            raise BrokenReadError(_words(cause)) from None
        try:
            self._judge(answer)
        except BaseException:
            answer.close()
            raise
        return answer

    def _judge(self, answer: BaseHTTPResponse) -> None:
        status = answer.status
        if status in (200, 206, 416):
            return
        if status in _PASSING:
            raise BrokenReadError(f"its server answers {status}", _retry_after(answer))
        if status in (401, 403, 407):
            self.refuse_access()
        if status in (404, 410):
            self.refuse_missing()
        if status == 412:
            raise changed(self.name)
        self.refuse(f"its server answers {status}")

    def _skip(self, answer: BaseHTTPResponse, start: int, end: int) -> int:
        """Hold an answer against what was asked; return how many bytes come before the wanted ones."""
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            self.refuse("its server sends it compressed, which has no byte ranges")
        etag = answer.headers.get("ETag")
        if answer.status == 206:
            size = _total(answer)
            self.verify(size, etag)
            sent = re.match(r"bytes (\d+)-(\d+)/", answer.headers.get("Content-Range", ""))
            if sent is None or int(sent[1]) != start or int(sent[2]) >= end:
                self.refuse("its server sent other bytes than were asked for")
            if int(sent[2]) != end - 1:
                raise too_short(self.name, int(sent[2]) + 1)
            return 0
        length = answer.headers.get("Content-Length", "")
        self.verify(int(length) if length.isdigit() else None, etag)
        if length.isdigit() and end > int(length):
            raise too_short(self.name, int(length))
        if start > _MOST_SKIPPED:
            self.refuse("its server gives no byte ranges, too little to read a long video by: add it without --link")
        return start

    def _with_query(self, fields: dict[str, str]) -> str:
        parts = urlsplit(self._url)
        return parts._replace(query="&".join(filter(None, (parts.query, urlencode(fields))))).geturl()

    def _own_headers(self, known: dict[str, Any]) -> dict[str, str]:
        """Return the headers that say who asks."""
        headers = {str(name): str(value) for name, value in known.get("headers", {}).items()}
        login = f"{known['user']}:{known.get('password', '')}" if "user" in known else self._login
        if "token" in known:
            headers["Authorization"] = f"Bearer {known['token']}"
        elif login is not None:
            headers |= {"Authorization": urllib3.make_headers(basic_auth=login)["authorization"]}
        return headers


def _pool(url: str, host: str) -> urllib3.PoolManager:
    """Return this process's connections: those of the process it was forked from are not its own."""
    proxy = None if proxy_bypass(host) else getproxies().get(urlsplit(url).scheme)
    key = (os.getpid(), proxy)
    if key not in _pools:
        _pools[key] = urllib3.ProxyManager(proxy, maxsize=16) if proxy else urllib3.PoolManager(maxsize=16)
    return _pools[key]


def _total(answer: BaseHTTPResponse) -> int | None:
    """Return the size of the whole file that an answer of a part tells."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdigit() else None


def _retry_after(answer: BaseHTTPResponse) -> float | None:
    try:
        return urllib3.Retry().get_retry_after(answer)
    except HTTPError:
        return None


def _words(error: BaseException) -> str:
    """Say what went wrong in words of our own: the library's quote the address."""
    known: dict[type[BaseException], str] = {
        NameResolutionError: "no such host",
        NewConnectionError: "no connection to its server",
        ConnectTimeoutError: "no answer",
        ReadTimeoutError: "no answer in time",
        ProxyError: "no connection by the proxy",
        SSLError: "its server's certificate is not to be trusted",
    }
    return next((words for kind, words in known.items() if isinstance(error, kind)), "the connection broke off")
