"""A server on this machine's loopback that gives one show to one person's browser.

An address holds a one-time token: its first visit is answered with the address of a room made for the visitor, and the
token is worth nothing from then on. A room is entered with a cookie that goes nowhere else. Inside a notebook's page,
where browsers may refuse cookies, the room's own name is the secret. Here: who may come in, and HTTP. Not here: what is
shown (``show``).
"""

from __future__ import annotations

import http.cookies
import json
import re
import secrets
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from socketserver import TCPServer
from typing import Any

from rushes.errors import RushesError, SettingsError
from rushes.playback.byte_range import UnsatisfiableError, asked_span
from rushes.playback.segments import Pieces
from rushes.playback.show import Show
from rushes.ranges import Ranges

_PIECE = 1 << 20
_COOKIE = "rushes-player"
_GONE = (
    "Nothing here. The address of a player opens once: ask for a new one by playing the video again, "
    "or reload the page that it opened.\n"
)
_PIECES = re.compile(r"([a-z]+)(?:/(\d{1,9}))?", re.ASCII)  # transcoded: about the pieces; transcoded/3: one of them
# The page loads nothing from anywhere but its own server, and tells nobody where it is.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "media-src 'self' blob:; img-src data:; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server:
    """Serves a show from a thread of its own until it is closed. ``port`` 0 takes a free one."""

    def __init__(self, show: Show, port: int = 0) -> None:
        self._doors = _Doors()
        try:
            self._http = _Http(port, show, self._doors)
        except OSError as error:
            raise SettingsError(f"port {port} cannot be had ({error.strerror}): choose another, or none") from None
        self.port: int = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.1,), name="rushes player", daemon=True).start()

    def address(self, *, inline: bool = False) -> str:
        """Return a new address, good for one visit; ``inline`` for a page inside another, which may get no cookies."""
        return f"http://127.0.0.1:{self.port}/{self._doors.new_token(inline)}"

    def close(self) -> None:
        """Stop serving; browsers that are still connected get no more."""
        self._doors.shut()
        self._http.shutdown()
        self._http.server_close()


class _Doors:
    """The tokens that were given out and not used yet, and the rooms behind those that were."""

    def __init__(self) -> None:
        self._tokens: dict[str, bool] = {}
        self._rooms: dict[str, str | None] = {}

    def new_token(self, inline: bool) -> str:
        token = secrets.token_urlsafe(24)
        self._tokens[token] = inline
        return token

    def redeem(self, token: str) -> tuple[str, str | None] | None:
        """Use a token up: return the new room's name and the cookie that opens it, if it needs one."""
        inline = self._tokens.pop(token, None)
        if inline is None:
            return None
        room, key = secrets.token_urlsafe(24), None if inline else secrets.token_urlsafe(24)
        self._rooms[room] = key
        return room, key

    def shut(self) -> None:
        self._tokens.clear()
        self._rooms.clear()

    def may_enter(self, room: str, cookie: str) -> bool:
        key = self._rooms.get(room, "")
        return key is None or (key != "" and secrets.compare_digest(key.encode(), cookie.encode()))


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, show: Show, doors: _Doors) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.show, self.doors = show, doors
        own = self.server_address[1]
        # A page elsewhere whose name was made to mean this machine sends its own name (DNS rebinding).
        self.hosts = {f"127.0.0.1:{own}", f"localhost:{own}"}
        self.page = (resources.files("rushes.playback") / "player.html").read_bytes()

    def server_bind(self) -> None:
        """Bind without asking a name server what this machine is called, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that go away in the middle of a file: they do so at every seek."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    server_version = "rushes"
    sys_version = ""
    # A browser that reads no more, as one does while a long file is paused, asks again for what it still wants.
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        if self.headers.get("Host") not in self.server.hosts:
            return self._text(HTTPStatus.MISDIRECTED_REQUEST, "this is not the server you meant\n")
        room, slash, rest = self.path.partition("?")[0].lstrip("/").partition("/")
        if not slash and self.command == "GET" and (opened := self.server.doors.redeem(room)):
            return self._lead_to(*opened)
        if not slash or not self.server.doors.may_enter(room, self._cookie()):
            return self._text(HTTPStatus.NOT_FOUND, _GONE)
        return self._answer(rest)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, what: str) -> None:
        show = self.server.show
        try:
            if what == "":
                self._bytes("text/html; charset=utf-8", self.server.page)
            elif what == "about.json":
                self._json(show.about())
            elif what == "file" and show.file is not None:
                self._file(show.file)
            elif (match := _PIECES.fullmatch(what)) and (pieces := show.pieces(match[1])) is not None:
                self._pieces(pieces, match[2])
            else:
                self._text(HTTPStatus.NOT_FOUND, _GONE)
        except RushesError as error:
            self._text(HTTPStatus.BAD_GATEWAY, f"{error}\n")

    def _file(self, ranges: Ranges) -> None:
        size = ranges.fingerprint().size
        try:
            span = asked_span(self.headers.get("Range"), size) if self.command == "GET" else None
        except UnsatisfiableError:
            return self._text(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "", {"Content-Range": f"bytes */{size}"})
        start, end = span or (0, size)
        piece = ranges.read([(start, min(end, start + _PIECE))])[0] if start < end and self.command == "GET" else b""
        more = {"Accept-Ranges": "bytes"}
        if span is not None:
            more["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        self._head(
            HTTPStatus.OK if span is None else HTTPStatus.PARTIAL_CONTENT, self.server.show.mime, end - start, more
        )
        while piece:
            self.wfile.write(piece)
            start += len(piece)
            try:
                piece = ranges.read([(start, min(end, start + _PIECE))])[0] if start < end else b""
            except RushesError:
                self.close_connection = True  # the length was promised: to break off is all that is left to say
                return None
        return None

    def _pieces(self, pieces: Pieces, number: str | None) -> None:
        if number is None:
            self._json({"codecs": pieces.codecs, "starts": pieces.starts, "delay_s": pieces.delay_s})
        elif int(number) < len(pieces.starts):
            self._bytes("video/mp4", pieces.piece(int(number)))
        else:
            self._text(HTTPStatus.NOT_FOUND, _GONE)

    def _lead_to(self, room: str, key: str | None) -> None:
        more = {"Location": f"/{room}/"}
        if key is not None:
            # A cookie is sent to all ports of a host, so to other people's servers as well; but not to this path there.
            more["Set-Cookie"] = f"{_COOKIE}={key}; Path=/{room}/; HttpOnly; SameSite=Strict"
        self._text(HTTPStatus.SEE_OTHER, "", more)

    def _cookie(self) -> str:
        try:
            morsel = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        except http.cookies.CookieError:
            return ""
        return morsel.value if morsel is not None else ""

    def _json(self, value: Any) -> None:
        self._bytes("application/json", json.dumps(value, separators=(",", ":"), allow_nan=False).encode())

    def _text(self, status: HTTPStatus, text: str, more: dict[str, str] | None = None) -> None:
        self._bytes("text/plain; charset=utf-8", text.encode(), status, more)

    def _bytes(
        self, mime: str, data: bytes, status: HTTPStatus = HTTPStatus.OK, more: dict[str, str] | None = None
    ) -> None:
        self._head(status, mime, len(data), more or {})
        if self.command != "HEAD":
            self.wfile.write(data)

    def _head(self, status: HTTPStatus, mime: str, length: int, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": mime, "Content-Length": str(length), **_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: a player asks for a hundred pieces, and the terminal is the user's."""
