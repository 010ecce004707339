"""Dagster's UI answers its own pages and programs, and no page of another site that the same browser shows."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.datastructures import Headers

from orchestration.webserver import OwnPagesOnly, is_own

HERE = "127.0.0.1:3000"
ITS_PAGE = {"host": HERE, "origin": f"http://{HERE}", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
A_LINK = {"host": HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "accept": "text/html,*/*"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", ITS_PAGE),
        ("GET", {"host": "localhost:3000", "sec-fetch-site": "none", "sec-fetch-mode": "navigate"}),
        ("GET", {"host": "[::1]:3000"}),
        ("POST", {"host": "localhost:8080"}),  # a program, by a tunnel
        ("GET", A_LINK),
    ],
)
def test_its_own_pages_programs_and_links_to_it_are_answered(method: str, headers: Mapping[str, str]) -> None:
    assert is_own(Headers(headers), method)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"host": "evil.example:3000"}),  # a name that was made to mean this machine
        ("POST", {"host": "127.0.0.1.evil.example"}),
        ("POST", {}),
        ("POST", {"host": HERE, "origin": "https://evil.example"}),  # a form, a script, a WebSocket
        ("POST", {"host": HERE, "origin": "null"}),
        ("GET", {"host": HERE, "origin": "http://127.0.0.1:8000"}),  # somebody else's server on this machine
        ("POST", A_LINK),
        ("GET", A_LINK | {"accept": "image/*"}),
        ("GET", {"host": HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}),  # an image's address
        ("GET", {"host": HERE, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}),
    ],
)
def test_pages_of_others_are_not(method: str, headers: Mapping[str, str]) -> None:
    assert not is_own(Headers(headers), method)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_what_is_refused_reaches_nobody(kind: str) -> None:
    sent, reached = [], []

    async def send(message: Any) -> None:
        sent.append(message)

    async def inner(*words: Any) -> None:
        reached.append(words)

    def ask(host: str) -> None:
        scope = {"type": kind, "method": "GET", "headers": [(b"host", host.encode())], "path": "/graphql"}
        asyncio.run(OwnPagesOnly(inner)(scope, lambda: None, send))  # type: ignore[arg-type]

    ask("evil.example")
    assert reached == []
    assert sent[0].get("status", sent[0].get("code")) in (403, 1008)
    ask(HERE)
    assert len(reached) == 1
