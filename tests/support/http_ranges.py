"""A web server of one's own on loopback: byte ranges and ETags, counting what is asked, and ill when told to be."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Asked:
    """One request that came: its path (query and all), the range asked for (without an end, to that of the file), and
    its headers in small letters."""

    method: str
    path: str
    range: tuple[int, int | None] | None
    headers: dict[str, str]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    It is answered by ``status``; or its body ends after ``break_after`` bytes, comes a byte at a time with ``drip_s``
    between two, is said to be ``length`` bytes long, or is ``endless`` and of a length that nobody tells.
    """

    status: int | None = None
    break_after: int | None = None
    drip_s: float | None = None
    length: int | None = None
    endless: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class RangeServer:
    """Serves files under ``url`` while it is entered as a context.

    ``files`` are contents, or paths of them, by name; change one, and its ETag is another. ``faults`` are taken by the
    requests in turn. ``asked``, ``sent`` (bytes of bodies) and ``connections`` say what came; ``forget`` begins anew.
    """

    def __init__(self, files: dict[str, bytes | Path] | None = None) -> None:
        self.files: dict[str, bytes | Path] = dict(files or {})
        self.asked: list[Asked] = []
        self.sent = 0
        self.connections = 0
        self.faults: deque[Fault] = deque()
        self.ill: dict[str, Fault] = {}  # what goes wrong with every request for a file
        self.ranges = True  # else every answer is the whole file
        self.chunked = False  # else the length is told
        self.etag = '"{}"'  # "" for none, 'W/"{}"' for a weak one
        self.modified: str | None = None  # Last-Modified
        self.delay_s = 0.0
        self.authorization: str | None = None  # the header to be let in by
        self.redirects: dict[str, str] = {}
        self.kinds: dict[str, str] = {}  # content types by name
        self._lock = threading.Lock()
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        """The server's own address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> RangeServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Count from nothing."""
        with self._lock:
            self.asked, self.sent, self.connections = [], 0, 0

    def content(self, name: str) -> bytes | None:
        """Return a file's bytes."""
        held = self.files.get(name)
        return held.read_bytes() if isinstance(held, Path) else held

    def note(self, asked: Asked) -> Fault:
        """Take a request down; return what is to go wrong with it."""
        with self._lock:
            self.asked.append(asked)
            name = unquote(asked.path.partition("?")[0].lstrip("/"))
            return self.faults.popleft() if self.faults else self.ill.get(name, Fault())

    def connected(self) -> None:
        """Count a connection."""
        with self._lock:
            self.connections += 1

    def count(self, sent: int) -> None:
        """Count bytes of a body."""
        with self._lock:
            self.sent += sent


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        return None  # a reader that has enough of an answer goes away


def _handler(server: RangeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            server.connected()
            super().setup()

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
            span = (int(wanted[1]), int(wanted[2]) + 1 if wanted[2] else None) if wanted else None
            fault = server.note(Asked(self.command, self.path, span, headers))
            time.sleep(server.delay_s)
            name = unquote(self.path.partition("?")[0].lstrip("/"))
            data = server.content(name)
            if fault.status is not None:
                self._empty(fault.status, fault.headers)
            elif name in server.redirects:
                self._empty(302, {"Location": server.redirects[name]})
            elif data is None:
                self._empty(404, {})
            elif server.authorization is not None and headers.get("authorization") != server.authorization:
                self._empty(401, {"WWW-Authenticate": "Basic"})
            else:
                self._file(data, span if server.ranges else None, headers, fault)

        def _file(
            self, data: bytes, span: tuple[int, int | None] | None, headers: dict[str, str], fault: Fault
        ) -> None:
            etag = server.etag.format(hashlib.md5(data).hexdigest()) if server.etag else ""
            own = {"ETag": etag} if etag else {}
            if server.modified is not None:
                own["Last-Modified"] = server.modified
            unmet = headers.get("if-unmodified-since", server.modified) != server.modified
            if unmet or headers.get("if-match", etag) != etag:
                self._empty(412, own)
                return
            if span is not None and span[0] >= len(data):
                self._empty(416, {**own, "Content-Range": f"bytes */{len(data)}"})
                return
            start, end = (span[0], min(span[1] or len(data), len(data))) if span else (0, len(data))
            if span is not None:
                own["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
            self.send_response(206 if span else 200)
            if kind := server.kinds.get(unquote(self.path.partition("?")[0].lstrip("/"))):
                own["Content-Type"] = kind
            for name, value in {**own, "Accept-Ranges": "bytes", **fault.headers}.items():
                self.send_header(name, value)
            length = end - start if fault.length is None else fault.length
            if server.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif not fault.endless:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command == "GET":
                self._send(memoryview(data)[start:end], fault)

        def _send(self, data: memoryview, fault: Fault) -> None:
            if fault.drip_s is None and not fault.endless:
                self._body(data, fault.break_after if fault.length is None else len(data))
                return
            self.close_connection = True
            step = 1 if fault.drip_s is not None else 1 << 16
            with suppress(OSError):
                for at in itertools.cycle(range(0, len(data), step)):
                    self.wfile.write(data[at : at + step])
                    time.sleep(fault.drip_s or 0)

        def _body(self, data: memoryview, break_after: int | None) -> None:
            whole = len(data) if break_after is None else min(break_after, len(data))
            try:
                for at in range(0, whole, 1 << 16):
                    piece = data[at : min(at + (1 << 16), whole)]
                    server.count(len(piece))
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if server.chunked else piece)
                if break_after is not None:
                    self.close_connection = True
                elif server.chunked:
                    self.wfile.write(b"0\r\n\r\n")
            except OSError:  # the reader has gone
                self.close_connection = True

        def _empty(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            return None

    return Handler
