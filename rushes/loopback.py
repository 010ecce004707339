"""A server on this machine's loopback that gives pages to one person's browser.

An address holds a one-time token: its first visit is answered with the address of a room made for the visitor, and the
token is worth nothing from then on. A room is entered with a cookie that goes nowhere else. Inside a notebook's page,
where browsers may refuse cookies, the room's own name is the secret. Here: who may come in, and HTTP. Not here: what a
visitor finds there, which is a ``Site`` (the player, the gallery, the view of a data set).
"""

from __future__ import annotations

import http.cookies
import json
import secrets
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl

from rushes.errors import RushesError, SettingsError

_COOKIE = "rushes-room"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Question:
    """What a browser that may come in asks for: a path in its room, and what stands behind the question mark.

    ``span`` is the ``Range`` header; None where the head alone is asked for.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    span: str | None = None


@dataclass(frozen=True)
class Answer:
    """What it gets. A ``body`` in pieces is made while it is sent, and is ``length`` bytes."""

    mime: str
    body: bytes | Iterator[bytes] = b""
    length: int | None = None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class Site(Protocol):
    """What there is to see. ``policy`` is its Content-Security-Policy; ``gone`` what is said where nothing is."""

    policy: str
    gone: str

    def answer(self, question: Question) -> Answer | None:
        """Return what was asked for; None if there is no such thing. Raises ``RushesError``."""
        ...


def json_answer(value: Any) -> Answer:
    """Return a value as JSON."""
    return Answer("application/json", json.dumps(value, separators=(",", ":"), allow_nan=False).encode())


def redirect(address: str) -> Answer:
    """Return the word that what is asked for is at another address."""
    return Answer(TEXT, status=HTTPStatus.SEE_OTHER, headers={"Location": address})


class Server:
    """Serves a site from a thread of its own until it is closed. ``port`` 0 takes a free one."""

    def __init__(self, site: Site, port: int = 0) -> None:
        self._doors = _Doors()
        try:
            self._http = _Http(port, site, self._doors)
        except OSError as error:
            raise SettingsError(f"port {port} cannot be had ({error.strerror}): choose another, or none") from None
        self.port: int = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.1,), name="rushes server", daemon=True).start()

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

    def __init__(self, port: int, site: Site, doors: _Doors) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.site, self.doors = site, doors
        own = self.server_address[1]
        # A page elsewhere whose name was made to mean this machine sends its own name (DNS rebinding).
        self.hosts = {f"127.0.0.1:{own}", f"localhost:{own}"}

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
            return self._send(_text(HTTPStatus.MISDIRECTED_REQUEST, "this is not the server you meant\n"))
        path, _, query = self.path.partition("?")
        room, slash, rest = path.lstrip("/").partition("/")
        doors = self.server.doors
        if not slash and self.command == "GET" and (opened := doors.redeem(room)):
            return self._send(_way_in(*opened))
        if not slash or not doors.may_enter(room, self._cookie()):
            return self._send(self._gone())
        span = self.headers.get("Range") if self.command == "GET" else None
        return self._answer(Question(rest, dict(parse_qsl(query)), span))

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, question: Question) -> None:
        try:
            answer = self.server.site.answer(question) or self._gone()
            pieces = iter([answer.body]) if isinstance(answer.body, bytes) else answer.body
            first = next(pieces, b"") if self.command == "GET" else b""
        except RushesError as error:
            return self._send(_text(HTTPStatus.BAD_GATEWAY, f"{error}\n"))
        self._head(answer)
        try:
            self.wfile.write(first)
            for piece in pieces if self.command == "GET" else ():
                self.wfile.write(piece)
        except RushesError:
            self.close_connection = True  # the length was promised: to break off is all that is left to say

    def _send(self, answer: Answer) -> None:
        self._head(answer)
        if self.command == "GET" and isinstance(answer.body, bytes):
            self.wfile.write(answer.body)

    def _head(self, answer: Answer) -> None:
        length = len(answer.body) if isinstance(answer.body, bytes) else answer.length
        own = {"Content-Type": answer.mime, "Content-Length": str(length)}
        policy = {"Content-Security-Policy": self.server.site.policy}
        self.send_response(answer.status)
        for name, value in {**own, **_HEADERS, **policy, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _gone(self) -> Answer:
        return _text(HTTPStatus.NOT_FOUND, self.server.site.gone)

    def _cookie(self) -> str:
        try:
            morsel = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        except http.cookies.CookieError:
            return ""
        return morsel.value if morsel is not None else ""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: a player asks for a hundred pieces, and the terminal is the user's."""


def _way_in(room: str, key: str | None) -> Answer:
    answer = redirect(f"/{room}/")
    if key is None:
        return answer
    # A cookie is sent to all ports of a host, so to other people's servers as well; but not to this path there.
    cookie = f"{_COOKIE}={key}; Path=/{room}/; HttpOnly; SameSite=Strict"
    return Answer(TEXT, status=answer.status, headers={**answer.headers, "Set-Cookie": cookie})


def _text(status: HTTPStatus, text: str) -> Answer:
    return Answer(TEXT, text.encode(), status=status)
