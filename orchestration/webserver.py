"""Dagster's web server, for pages of its own only.

It asks nobody who they are, and a browser carries the requests of any page that it shows, to this machine's loopback
too: by forms, by WebSockets, under a name that was made to mean this machine. With them that page could start runs, and
read what the UI shows. Here: what is refused. Not here: starting it (``ui``), what it serves (Dagster).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from dagster_webserver import cli, webserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_OWN = ("127.0.0.1", "localhost", "::1")


class OwnPagesOnly:
    """Refuses requests that mean another host, and those that pages of other origins make."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket") or is_own(Headers(scope=scope), scope.get("method", "GET")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            answer = PlainTextResponse("this is not the server you meant, or not your page\n", 403)
            await answer(scope, receive, send)


def is_own(headers: Headers, method: str) -> bool:
    """Tell whether a request means this machine, and comes from a page of this server, or from no page at all."""
    host = headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in _OWN:
        return False
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return False
    # An image or a script of another page's has no origin, but browsers tell of the page. A link may be followed.
    followed = headers.get("sec-fetch-mode") == "navigate" and method == "GET"
    return headers.get("sec-fetch-site", "none") in ("none", "same-origin") or (
        followed and "text/html" in headers.get("accept", "")
    )


class _Webserver(webserver.DagsterWebserver):
    def build_middleware(self) -> list[Middleware]:
        return [Middleware(OwnPagesOnly), *super().build_middleware()]


def main() -> None:
    """Be ``dagster-webserver``."""
    from dagster_webserver import app

    app.DagsterWebserver = _Webserver  # type: ignore[misc]
    cli.main()


if __name__ == "__main__":
    main()
