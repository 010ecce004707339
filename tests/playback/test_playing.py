"""Playing from Python, from a notebook and from the command line."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import types
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import barcodes
import pytest
from rows import video_row, write_batch

import rushes
from rushes.errors import StoreError, VideoError
from rushes.playback import Playing, find, play
from rushes.store.objects import Objects
from rushes.video.video import open_file


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    barcodes.write(path, frames=10)
    return path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file in which $BROWSER writes down what it is to open."""
    told = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {told}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    return told


@pytest.fixture
def playing(film: Path) -> Iterator[Playing]:
    with play(open_file(film), open_browser=False) as playing:
        yield playing


def test_a_video_plays_itself_and_python_goes_on(film: Path) -> None:
    with open_file(film).play(open_browser=False) as playing:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}", playing.url)


def test_every_url_is_good_for_a_visit_of_its_own(playing: Playing) -> None:
    for address in (playing.url, playing.url):
        with pytest.raises(urllib.error.HTTPError, match="404"):  # urllib keeps no cookie: it is led to a closed room
            urllib.request.urlopen(address)
    assert playing.url != playing.url


def test_its_text_gives_no_address_away(playing: Playing) -> None:
    assert "http" not in repr(playing)


def test_the_page_opens_in_the_browser_that_the_environment_names(film: Path, opened: Path) -> None:
    code = "import sys, time; from rushes.video.video import open_file; open_file(sys.argv[1]).play(); time.sleep(0.5)"
    subprocess.run([sys.executable, "-c", code, str(film)], check=True)
    assert opened.read_text().startswith("http://127.0.0.1:")


def test_a_notebook_shows_the_page_inline_and_opens_no_browser(
    film: Path, opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: kernel))
    with play(open_file(film)) as playing:
        html = playing._repr_html_()
    assert not opened.exists()
    assert re.match(r'<iframe src="http://127\.0\.0\.1:\d+/[\w-]{32}" width="100%"', html)


def test_an_inline_page_opens_where_no_cookie_is_kept(playing: Playing) -> None:
    address = re.search(r'src="([^"]+)"', playing._repr_html_())[1]
    with urllib.request.urlopen(address) as page:
        assert b"<title>rushes</title>" in page.read()


def test_tracks_of_a_video_in_no_store_are_refused(film: Path) -> None:
    with pytest.raises(StoreError, match="in none"):
        open_file(film).play(tracks=True, open_browser=False)


# ── what is found by a name ──


def test_an_id_of_the_store_comes_before_a_file_of_that_name(
    store: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_batch(store, videos=[video_row("film")])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film").mkdir()
    held = rushes.open(store.uri)
    video, inside = find(held, "film")
    assert (video.row["codec"], inside) == ("h264", held)


def test_a_path_or_uri_is_a_file(store: Objects, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(film.parent)
    for name in (str(film), "./film.mp4", "film.mp4", f"file://{film}"):
        video, inside = find(rushes.open(store.uri), name)
        assert (len(video), inside) == (10, None)


def test_an_unknown_name_is_told_with_those_like_it(store: Objects) -> None:
    write_batch(store, videos=[video_row("crossing"), video_row("park")])
    with pytest.raises(StoreError, match=r"no file 'crosing', and no video 'crosing' in the store; there is cross"):
        find(rushes.open(store.uri), "crosing")


def test_a_path_at_which_nothing_is_says_so(store: Objects) -> None:
    with pytest.raises(VideoError, match=r"/nowhere/film\.mp4: no such file"):
        find(rushes.open(store.uri), "/nowhere/film.mp4")


# ── the command line ──


def command(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "rushes.cli", "play", *words],
        env=os.environ | {"RUSHES_STORE": str(folder / "store"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_serves_until_it_is_interrupted(film: Path, tmp_path: Path, opened: Path) -> None:
    process = command(tmp_path, str(film), "--no-browser")
    assert process.stdout is not None
    line = process.stdout.readline()
    address = re.match(r"http://127\.0\.0\.1:(\d+)(/[\w-]{32})  opens once; Ctrl-C ends it\n", line)
    assert address, line
    connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=20)
    connection.request("GET", address[2])
    assert connection.getresponse().status == 303
    connection.close()
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=30)
    assert (said.splitlines()[-1], complaints, process.returncode) == ("ended", "", 0)
    assert not opened.exists()


def test_the_command_says_what_was_done_to_the_video_and_opens_the_browser(tmp_path: Path, opened: Path) -> None:
    barcodes.write(tmp_path / "old.avi", container="avi", codec="mpeg4", frames=5)
    process = command(tmp_path, str(tmp_path / "old.avi"))
    assert process.stdout is not None
    assert process.stdout.readline().startswith("transcoded from MPEG-4 part 2")
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    while not opened.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    process.communicate()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("nowhere",), r"rushes: there is no file 'nowhere', and no videos in .* yet; next: rushes add .*"),
        (("/nowhere.mp4",), "rushes: /nowhere.mp4: no such file"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    process = command(tmp_path, *words)
    said, complaints = process.communicate(timeout=30)
    assert re.fullmatch(line + "\n", complaints)
    assert (said, process.returncode) == ("", 1)


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path, film: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = command(tmp_path, str(film), "--port", str(port), "--no-browser")
        _, complaints = process.communicate(timeout=30)
    assert complaints.startswith(f"rushes: port {port} cannot be had")
    assert len(complaints.splitlines()) == 1
