"""A web server of one's own on loopback: byte ranges and ETags, counting what is asked, and ill when told to be."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Asked:
    """One request that came: its path (query and all), the range asked for, and its headers in small letters."""

    method: str
    path: str
    range: tuple[int, int] | None
    headers: dict[str, str]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: it is answered by ``status``, or its body ends after ``break_after`` bytes."""

    status: int | None = None
    break_after: int | None = None
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
        self.ranges = True  # else every answer is the whole file
        self.chunked = False  # else the length is told
        self.etag = '"{}"'  # "" for none, 'W/"{}"' for a weak one
        self.delay_s = 0.0
        self.authorization: str | None = None  # the header to be let in by
        self.redirects: dict[str, str] = {}
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
            return self.faults.popleft() if self.faults else Fault()

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
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", ""))
            span = (int(wanted[1]), int(wanted[2]) + 1) if wanted else None
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

        def _file(self, data: bytes, span: tuple[int, int] | None, headers: dict[str, str], fault: Fault) -> None:
            etag = server.etag.format(hashlib.md5(data).hexdigest()) if server.etag else ""
            own = {"ETag": etag} if etag else {}
            if "if-match" in headers and headers["if-match"] != etag:
                self._empty(412, own)
                return
            if span is not None and span[0] >= len(data):
                self._empty(416, {**own, "Content-Range": f"bytes */{len(data)}"})
                return
            start, end = (span[0], min(span[1], len(data))) if span else (0, len(data))
            if span is not None:
                own["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
            self.send_response(206 if span else 200)
            for name, value in {**own, "Accept-Ranges": "bytes", **fault.headers}.items():
                self.send_header(name, value)
            self.send_header(
                *(("Transfer-Encoding", "chunked") if server.chunked else ("Content-Length", str(end - start)))
            )
            self.end_headers()
            if self.command == "GET":
                self._body(memoryview(data)[start:end], fault.break_after)

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
