"""Files on the web: a span is one GET, and no other request is made before it.

The answer itself says whether the file is still the one expected (``If-Match``, ``ETag``, ``Content-Range``). Here:
requests, and what answers mean. Not here: trying again (``remote``), which machines may be asked (``connections``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import unquote, urlencode, urljoin, urlsplit

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
    ResponseError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from rushes.errors import VideoError
from rushes.ranges import credentials
from rushes.ranges.connections import PrivateError, connections
from rushes.ranges.reach import Reach
from rushes.ranges.remote import BrokenReadError, RemoteRanges, Rest, other_version
from rushes.ranges.source import Fingerprint, changed, too_short
from rushes.store.rejects import Reason

_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_PIECE = 1 << 16
_MOST_AT_ONCE = 1 << 18
# So much is read in vain from a server that knows no ranges; farther into a file, that is no way to read it.
_MOST_SKIPPED = 32 << 20


class HttpRanges(RemoteRanges):
    """A file behind ``http://`` or ``https://``. ``trust`` says which machines may be asked for it."""

    def __init__(
        self, uri: str, creds_key: str | None = None, expected: Fingerprint | None = None, trust: str = "any"
    ) -> None:
        super().__init__(uri, creds_key, expected)
        self._trust = trust
        self._reach = Reach.of(trust, uri)
        try:
            parts = urlsplit(uri)
            self._protocol, self._host = parts.scheme, parts.hostname or ""
            self._login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else None
            self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        except ValueError:
            self.refuse("is no address")

    def __reduce__(self) -> tuple[type[RemoteRanges], tuple[Any, ...]]:
        return (type(self), (self.uri, self.creds_key, self.known, self._trust))

    def look(self) -> None:
        """Ask for the first byte: addresses that are signed for reading often allow no HEAD."""
        with self._get("bytes=0-0", self._expected_etag) as answer:
            if answer.status == 416:  # there is no first byte
                self.verify(_total(answer), answer.headers.get("ETag"))
            else:
                self._skip(answer, 0, 1)

    def receive(self, start: int, end: int, into: bytearray) -> None:
        """Make one GET of a range."""
        with self._get(f"bytes={start}-{end - 1}", self._expected_etag) as answer:
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

    @contextmanager
    def rest(self, start: int, version: str | None) -> Iterator[Rest]:
        """Make one GET from a byte on. A body that comes compressed is one of unknown size."""
        with self._get(f"bytes={start}-" if start else None, version) as answer:
            if answer.status == 416 and _total(answer) != start:
                raise changed(self.name)
            found = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            if start and answer.status != 200 and other_version(version, found):
                raise changed(self.name)
            begun = start if answer.status != 200 and start else 0
            if answer.status == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
                self.refuse("its server sent other bytes than were asked for")
            size, kind = _whole_size(answer), answer.headers.get("Content-Type", "")
            yield Rest(begun, size, found, kind, _final(answer, self._url), _body(answer))

    @property
    def _expected_etag(self) -> str | None:
        return self.known.etag if self.known else None

    def _get(self, wanted: str | None, version: str | None) -> BaseHTTPResponse:
        """Make a request for a range, or all, of one version; return its answer unless that is a refusal."""
        known = credentials.resolve(self.creds_key, self._protocol, self._host)
        own, url = self._own_headers(known), self._with_query(known.get("query", {}))
        headers = {"Accept-Encoding": "identity", **_condition(version), **own}
        if wanted is not None:
            headers["Range"] = wanted
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
            answer = connections(url, self._host, self._reach).request(
                "GET", url, headers=headers, retries=once, timeout=_TIMEOUT, preload_content=False
            )
        except (LocationParseError, ValueError):
            self.refuse("is no address, or leads to none")
        except PrivateError as error:
            self._refuse_for_good(Reason.FORBIDDEN, f"leads to a private machine, {error}, unless --allow-private")
        except (MaxRetryError, HTTPError) as error:
            cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
            if isinstance(cause, ResponseError):
                self._refuse_for_good(Reason.UNREADABLE, "is redirected more than 5 times")
            if isinstance(cause, SSLError):
                self.refuse(_words(cause))
            raise BrokenReadError(_words(cause)) from None
        try:
            self._judge(answer)
        except BaseException:
            answer.close()
            raise
        return answer

    def _refuse_for_good(self, reason: Reason, why: str) -> NoReturn:
        raise VideoError(reason, f"{self.name}: {why}") from None

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


def _condition(version: str | None) -> Mapping[str, str]:
    """Return the header by which a server answers only with one version; a weak ETag cannot be asked for."""
    if version is None or version.startswith("W/"):
        return {}
    return {"If-Match" if version.endswith('"') else "If-Unmodified-Since": version}


def _body(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """Yield a body as it comes, however little at a time."""
    try:
        while piece := answer.read1(_MOST_AT_ONCE, decode_content=_is_compressed(answer)):
            yield piece
    except HTTPError as error:
        raise BrokenReadError(_words(error)) from None


def _is_compressed(answer: BaseHTTPResponse) -> bool:
    return answer.headers.get("Content-Encoding", "identity") != "identity"


def _whole_size(answer: BaseHTTPResponse) -> int | None:
    """Return the size of the whole file that an answer belongs to, where it tells."""
    if answer.status != 200:
        return _total(answer)
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() and not _is_compressed(answer) else None


def _final(answer: BaseHTTPResponse, url: str) -> str:
    """Return the address that answered in the end."""
    for step in answer.retries.history if answer.retries else ():
        url = urljoin(url, step.redirect_location or "")
    return url


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
