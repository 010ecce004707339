"""A manifest names files of its own folder and public machines, whatever it tries."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.ranges.reach import Reach
from rushes.sources.trust import LISTED, inside, refuse_listed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A manifest's folder with a video, beside a file that is none of its business."""
    inner = tmp_path / "manifest"
    (inner / "deep").mkdir(parents=True)
    (inner / "v.mp4").write_bytes(b"video")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "manifest-too").mkdir()
    return inner


@pytest.mark.parametrize("name", ["v.mp4", "./v.mp4", "deep/../v.mp4", "not/there.mp4", "~/v.mp4", "a\\..\\v.mp4", "…"])
def test_a_name_in_the_folder_gives_its_absolute_path(folder: Path, name: str) -> None:
    assert inside(folder, name) == os.path.normpath(folder / name)


def test_an_absolute_name_in_the_folder_is_fine_and_a_relative_folder_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inside(folder, str(folder / "v.mp4")) == str(folder / "v.mp4")
    monkeypatch.chdir(folder.parent)
    assert inside("manifest", "v.mp4") == str(folder / "v.mp4")


@pytest.mark.parametrize("name", ["../secret", "deep/../../secret", "/etc/passwd", "../manifest-too/v", "", ".", "\0"])
def test_a_name_that_leads_outside_gives_nothing(folder: Path, name: str) -> None:
    assert inside(folder, name) is None


def test_a_link_counts_as_what_it_leads_to(folder: Path) -> None:
    (folder / "out").symlink_to(folder.parent)
    (folder / "direct.mp4").symlink_to(folder.parent / "secret")
    (folder / "again.mp4").symlink_to(folder / "v.mp4")
    (folder / "round").symlink_to(folder / "round")
    assert inside(folder, "out/secret") is None
    assert inside(folder, "direct.mp4") is None
    assert inside(folder, "again.mp4") == str(folder / "again.mp4")
    assert inside(folder, "round/v.mp4") == str(folder / "round/v.mp4")
    (folder.parent / "by-link").symlink_to(folder)
    assert inside(folder.parent / "by-link", "v.mp4") == str(folder.parent / "by-link/v.mp4")


def test_dots_behind_a_link_are_not_taken_for_a_way_back(folder: Path) -> None:
    (folder / "hop").symlink_to(folder.parent / "manifest-too")
    path = inside(folder, "hop/../secret")
    assert path is None or not Path(path).exists()


@given(st.text(max_size=300), st.integers(1, 50))
def test_no_name_raises_or_leads_out(tmp_path_factory: pytest.TempPathFactory, name: str, times: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = inside(folder, name * times)
    assert path is None or os.path.realpath(path).startswith(f"{folder.resolve()}{os.sep}")


@pytest.mark.parametrize(
    "uri",
    [
        *("https://example.org/v.mp4?version=3", "http://93.184.216.34:81/v.mp4", "http://[2606:4700::1111]/v.mp4"),
        *("s3://bucket/v.mp4", "gs://bucket/v.mp4", "http://localhost.example.org/v", "http://[::ffff:8.8.8.8]/v"),
    ],
)
def test_a_public_address_may_be_named(uri: str) -> None:
    assert refuse_listed(uri) is None


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[2002:7f00:1::]", "[fe80::1%25eth0]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]"),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255"),
        *("0.0.0.0", "168.63.129.16", "metadata.google.internal", "printer.local", "１２７.0.0.1", "127。0。0。1"),
        *("%31%32%37.0.0.1", "127.0.0.1."),
    ],
)
def test_a_private_machine_may_not_be_named_in_any_spelling(host: str) -> None:
    told = refuse_listed(f"http://{host}:8000/v.mp4")
    assert told is not None
    assert "--allow-private" in told
    assert refuse_listed(f"http://{host}:8000/v.mp4", allow_private=True) is None


@pytest.mark.parametrize(
    "uri",
    [
        *("/etc/passwd", "v.mp4", "file:///etc/passwd", "local:///etc/passwd", "FILE:///etc/passwd", "memory://v"),
        *("ftp://example.org/v", "sftp://example.org/v", "simplecache::http://example.org/v", "gdrive://v", "data:,x"),
        *("http:///v.mp4", "http://", "http://[bad/v.mp4", "http://a b/v.mp4", "http://example.org/\nv", "", "\0"),
        *("https://me:hush4711@example.org/v", "https://example.org/v?X-Amz-Signature=hush4711"),
    ],
)
def test_what_else_may_not_be_named_even_among_friends(uri: str) -> None:
    for allow_private in (False, True):
        told = refuse_listed(uri, allow_private)
        assert told is not None
        assert len(told.splitlines()) == 1
        assert "hush4711" not in told


@given(st.text(), st.sampled_from(["", *(f"{scheme}://" for scheme in sorted(LISTED))]))
def test_no_address_raises(text: str, scheme: str) -> None:
    refuse_listed(scheme + text)


@given(st.integers(0, 2**32 - 1))
def test_every_spelling_of_an_address_is_judged_alike(number: int) -> None:
    dotted = socket.inet_ntoa(number.to_bytes(4, "big"))
    wide, low = number >> 24, number & 0xFFFFFF
    spellings = [dotted, str(number), hex(number), f"0{wide:o}.{low}", f"[::ffff:{dotted}]", f"[64:ff9b::{dotted}]"]
    assert len({refuse_listed(f"http://{host}/v") is None for host in spellings}) == 1


def test_how_far_an_address_reaches_goes_by_who_named_it() -> None:
    uri = "http://Media.localhost:81/v.mp4"
    assert not Reach.of("any", uri).refuses("127.0.0.1")
    given = Reach.of("given", uri)
    assert not given.refuses("media.localhost")
    assert given.refuses("127.0.0.1")
    assert Reach.of("listed", uri).refuses("media.localhost")
    assert not Reach.of("listed", uri).refuses("example.org")
