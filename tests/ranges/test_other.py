"""Files behind other drivers of fsspec: a driver that tells versions, one that tells none, and drivers not there."""

from collections.abc import Iterator
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.spec import AbstractFileSystem

from rushes.errors import CredentialsError, LinkError, StoreError, VideoError
from rushes.ranges import credentials, open_ranges


class RefreshError(Exception):
    """As Google's library calls it."""


class Shelf(AbstractFileSystem):
    """A driver of one file that needs a ticket, counts what it is asked, and raises what it is told to."""

    protocol = "shelf"
    cachable = False
    content = b"0123456789" * 1000
    generation = 1
    asked: ClassVar[list[str]] = []
    faults: ClassVar[list[Exception]] = []

    def __init__(self, ticket: str = "", **words: Any) -> None:
        super().__init__(**words)
        if ticket != "valid":
            raise PermissionError("no ticket: " + ticket)

    def info(self, path: str, **words: Any) -> dict[str, Any]:
        self.asked.append("info")
        if self.faults:
            raise self.faults.pop(0)
        return {"name": path, "size": len(self.content), "type": "file", "generation": self.generation, "etag": "label"}

    def cat_file(self, path: str, start: int = 0, end: int = 0, **words: Any) -> bytes:
        self.asked.append(f"{start}-{end}")
        if self.faults:
            raise self.faults.pop(0)
        return self.content[start:end]


@pytest.fixture(autouse=True)
def shelf() -> Iterator[type[Shelf]]:
    """The driver, as one that is installed."""
    fsspec.register_implementation("shelf", Shelf, clobber=True)
    credentials.populate("ticket", {"ticket": "valid"})
    Shelf.asked.clear()
    Shelf.faults.clear()
    yield Shelf
    Shelf.generation = 1


def test_a_file_is_asked_after_once_and_then_only_for_bytes(shelf: type[Shelf]) -> None:
    ranges = open_ranges("shelf://a/v.mp4", "ticket")
    assert shelf.asked == []
    assert ranges.read([(0, 3), (5, 8)]) == [b"012", b"567"]
    assert ranges.read([(10, 12)]) == [b"01"]
    assert shelf.asked == ["info", "0-8", "10-12"]
    assert ranges.fingerprint().etag == "1"


def test_what_breaks_is_tried_again(shelf: type[Shelf]) -> None:
    shelf.faults.extend([OSError("reset"), TimeoutError()])
    assert open_ranges("shelf://a/v.mp4", "ticket").read([(0, 3)]) == [b"012"]


def test_another_version_is_a_changed_file(shelf: type[Shelf]) -> None:
    content = open_ranges("shelf://a/v.mp4", "ticket").fingerprint()
    shelf.generation = 2
    with pytest.raises(VideoError, match="changed since it was indexed"):
        open_ranges("shelf://a/v.mp4", "ticket", content).read([(0, 3)])


def test_refusals_are_told_apart(shelf: type[Shelf]) -> None:
    with pytest.raises(LinkError, match=r"shelf://a/v\.mp4: needs credentials"):
        open_ranges("shelf://a/v.mp4").read([(0, 3)])
    denied, gone = Exception(), Exception()
    denied.code, gone.status_code = 403, "404"  # type: ignore[attr-defined]
    for fault, words in ((denied, "may not be read with"), (gone, "nothing there"), (FileNotFoundError(), "nothing")):
        shelf.faults.append(fault)
        with pytest.raises(LinkError, match=words):
            open_ranges("shelf://a/v.mp4", "ticket").read([(0, 3)])
    shelf.faults.append(RefreshError("hush"))
    with pytest.raises(CredentialsError, match="'ticket' are not accepted"):
        open_ranges("shelf://a/v.mp4", "ticket").read([(0, 3)])
    credentials.populate("odd", {"use_listings_cache": True, "ticket": 5})
    with pytest.raises(LinkError, match="does not take the address or the credentials"):
        open_ranges("shelf://a/v.mp4", "odd").read([(0, 3)])
    with pytest.raises(VideoError, match="ends at byte 10000"):
        open_ranges("shelf://a/v.mp4", "ticket").read([(9999, 10_001)])


def test_a_driver_of_fsspec_itself_serves_too(data: bytes) -> None:
    fsspec.filesystem("memory").pipe_file("/some/v.mp4", data)
    ranges = open_ranges("memory://some/v.mp4")
    assert ranges.read([(0, 9), (1_000_000, 1_000_003)]) == [data[:9], data[1_000_000:1_000_003]]
    with ranges.open() as handle:
        assert handle.read() == data
    fsspec.filesystem("memory").pipe_file("/some/v.mp4", data + b"more")
    with pytest.raises(VideoError, match="changed"):
        open_ranges("memory://some/v.mp4", expected=ranges.fingerprint()).read([(0, 9)])


@pytest.mark.parametrize(
    ("address", "package"), [("gs://b/v", "gcsfs"), ("az://c/v", "adlfs"), ("gdrive://v", "gdrive_fsspec")]
)
def test_a_driver_that_is_not_installed_names_its_package(address: str, package: str) -> None:
    with pytest.raises(
        StoreError, match=f"^{address.partition('/')[0]}// needs another package: pip install {package}$"
    ):
        open_ranges(address)


def test_an_unknown_kind_of_address_is_named() -> None:
    with pytest.raises(StoreError, match="nowhere://: no such kind of address"):
        open_ranges("nowhere://x/v.mp4")
