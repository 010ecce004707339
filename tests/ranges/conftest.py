"""A web server with one file of bytes that nobody could guess."""

import random
from collections.abc import Iterator

import pytest
from http_ranges import RangeServer

DATA = random.Random(7).randbytes(1_500_000)


@pytest.fixture
def data() -> bytes:
    """What the file holds."""
    return DATA


@pytest.fixture
def web(data: bytes) -> Iterator[RangeServer]:
    """The server; its file is ``v.mp4``."""
    with RangeServer({"v.mp4": data}) as server:
        yield server
