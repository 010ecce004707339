"""A proxy before a server of one's own, for tests: it takes down what is asked, and is ill when told to be.

Requests go on as they came (their signatures hold), and answers come back as they were, unless a fault is to happen.
Clients may be in any process that reaches ``url``.
"""

from __future__ import annotations

import http.client
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

_PIECE = 1 << 16
_NOT_PASSED_ON = {"transfer-encoding", "connection", "date", "server"}
_CODES = {403: "AccessDenied", 429: "TooManyRequests", 500: "InternalError", 503: "SlowDown"}


@dataclass(frozen=True)
class Asked:
    """One request that came: its path without and with the query, and its headers by names in small letters."""

    method: str
    path: str
    target: str
    headers: dict[str, str]

    @property
    def kind(self) -> str:
        """What S3 would call it: ``LIST``, ``CREATE`` (a conditional PUT), or the method."""
        if self.method == "GET" and re.search(r"[?&](list-type=|prefix=)", self.target):
            return "LIST"
        return "CREATE" if self.method == "PUT" and self.headers.get("if-none-match") == "*" else self.method


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request; the first of these that is set, after ``delay_s``.

    ``drop``: the connection is closed without an answer, the server never asked. ``cut_request``: the server gets the
    head and this many bytes of the body, then both connections are reset. ``status``: it is answered so, the server
    never asked; with ``afterwards`` when the server did what was asked, so that only its answer is lost (200: the
    answer is dropped). ``cut_response``: the answer says its whole length, and breaks off after this many bytes of
    its body. ``corrupt``: a bit of each piece of the request's body is another when it arrives.
    """

    drop: bool = False
    cut_request: int | None = None
    status: int | None = None
    afterwards: bool = False
    cut_response: int | None = None
    corrupt: bool = False
    delay_s: float = 0.0


class FaultyProxy:
    """Passes on what comes to ``url`` to a server, while it is entered as a context.

    ``once(fault, ...)`` makes one request go wrong, the next that fits; ``often(share, fault, ...)`` a share of all,
    drawn by a seed; ``well`` ends all faults, ``forget`` begins anew. ``asked`` are the requests that came, ``taken``
    those since the last time, ``failed`` counts the faults that happened.
    """

    def __init__(self, server: str, host: str = "127.0.0.1") -> None:
        self.asked: list[Asked] = []
        self.failed = 0
        self._server = urlsplit(server).netloc
        self._once: list[tuple[Fault, Callable[[Asked], bool]]] = []
        self._often: list[tuple[float, Fault, Callable[[Asked], bool], random.Random]] = []
        self._lock = threading.Lock()
        self._http = _Quiet((host, 0), _handler(self, self._server))

    @property
    def url(self) -> str:
        """The proxy's own address."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    def once(self, fault: Fault, when: Callable[[Asked], bool] = lambda asked: True, times: int = 1) -> None:
        """Let the next requests that fit go wrong, each once."""
        with self._lock:
            self._once += [(fault, when)] * times

    def often(
        self, share: float, fault: Fault, when: Callable[[Asked], bool] = lambda asked: True, seed: int = 0
    ) -> None:
        """Let a share of the requests that fit go wrong, from now on."""
        with self._lock:
            self._often.append((share, fault, when, random.Random(seed)))

    def well(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._once, self._often = [], []

    def forget(self) -> None:
        """Be as new."""
        self.well()
        self.taken()
        self.failed = 0

    def taken(self) -> list[Asked]:
        """Return the requests since the last time."""
        with self._lock:
            asked, self.asked = self.asked, []
        return asked

    def note(self, asked: Asked) -> Fault:
        """Take a request down; return what is to go wrong with it."""
        with self._lock:
            self.asked.append(asked)
            fault = self._drawn(asked)
            self.failed += fault is not None
            return fault or Fault()

    def _drawn(self, asked: Asked) -> Fault | None:
        for at, (fault, when) in enumerate(self._once):
            if when(asked):
                del self._once[at]
                return fault
        for share, fault, when, draw in self._often:
            if when(asked) and draw.random() < share:
                return fault
        return None

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        return None  # clients that are killed are what it is for


def _handler(proxy: FaultyProxy, server: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        there: http.client.HTTPConnection | None = None

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()
            if self.there is not None:
                self.there.close()

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault = proxy.note(Asked(self.command, unquote(urlsplit(self.path).path), self.path, headers))
            time.sleep(fault.delay_s)
            if fault.drop:
                self._reset(self.connection)
                return
            if fault.cut_request is not None:
                self._cut(fault.cut_request)
                return
            if fault.status is not None and not fault.afterwards:
                self._skip()
                self._refuse(fault.status)
                return
            try:
                answer = self._ask(fault.corrupt)
            except (OSError, http.client.HTTPException):  # the server is gone, and so is what stands before it
                self._reset(self.connection)
                return
            if fault.afterwards:
                answer.read()
                if fault.status in (None, 200):
                    self._reset(self.connection)
                else:
                    self._refuse(fault.status or 500)
                return
            self._pass_on(answer, fault.cut_response)

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

        def _ask(self, corrupt: bool) -> http.client.HTTPResponse:
            self._begin()
            assert self.there is not None
            for piece in self._body():
                self.there.send(bytes([piece[0] ^ 1]) + piece[1:] if corrupt else piece)
            return self.there.getresponse()

        def _begin(self) -> None:
            """Send the head of the request as it came."""
            if self.there is None:
                self.there = http.client.HTTPConnection(server, timeout=120)
            self.there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    self.there.putheader(name, value)
            self.there.endheaders()

        def _body(self) -> Any:
            """Yield the pieces of the request's body as they are to be sent on."""
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                while True:
                    head = self.rfile.readline()
                    size = int(head.partition(b";")[0], 16)
                    yield head + self.rfile.read(size + 2)
                    if not size:
                        return
            left = int(self.headers.get("Content-Length") or 0)
            while left and (piece := self.rfile.read(min(left, _PIECE))):
                left -= len(piece)
                yield piece

        def _skip(self) -> None:
            for _ in self._body():
                pass

        def _cut(self, after: int) -> None:
            self._begin()
            assert self.there is not None
            for piece in self._body():
                self.there.send(piece[:after])
                after -= min(after, len(piece))
                if not after:
                    break
            if self.there.sock is not None:
                self._reset(self.there.sock)
            self._reset(self.connection)

        def _reset(self, connection: socket.socket) -> None:
            """Break a connection off, as by a machine that fell over."""
            self.close_connection = True
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()

        def _refuse(self, status: int) -> None:
            code = _CODES.get(status, "InternalError")
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _pass_on(self, answer: http.client.HTTPResponse, cut: int | None) -> None:
            self.send_response_only(answer.status, answer.reason)
            has_length = answer.getheader("Content-Length") is not None
            is_chunked = not has_length and self.command != "HEAD" and answer.status not in (204, 304)
            for name, value in answer.getheaders():
                if name.lower() not in _NOT_PASSED_ON:
                    self.send_header(name, value)
            if is_chunked:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            left = cut
            while piece := answer.read(_PIECE if left is None else min(_PIECE, left)):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
                left = None if left is None else left - len(piece)
            if cut is not None and self.command != "HEAD":
                self.wfile.flush()
                answer.read()
                self.close_connection = True  # said more than it sent, unless the body was no longer than this
            elif is_chunked:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *words: Any) -> None:
            return None

    return Handler
