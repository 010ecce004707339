"""The server lets in who was given its address, once, and gives bytes as HTTP has them."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import barcodes
import pytest
from http_ranges import RangeServer

from rushes.errors import SettingsError
from rushes.playback.overlay import Overlay
from rushes.playback.server import Server
from rushes.playback.show import Show
from rushes.video.video import open_file

Answer = tuple[int, dict[str, str], bytes]


class Browser:
    """As much of a browser as matters here: it goes where it is sent, and keeps cookies by path."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookies = [cookie for at, cookie in self.cookies.items() if path.startswith(at)]
        connection.request(method, path, headers={"Cookie": "; ".join(cookies)} | headers if cookies else headers)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        if match := re.match(r"([^;]+);.*Path=([^;]+)", told.get("set-cookie", "")):
            self.cookies[match[2]] = match[1]
        data = answer.read()
        connection.close()
        return answer.status, told, data

    def enter(self, address: str) -> str:
        """Open an address; return the path of the room that it leads to."""
        status, headers, _ = self.ask("/" + address.rpartition("/")[2])
        assert status == 303
        return headers["location"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    barcodes.write(path, frames=60, size=(320, 240), options={"crf": "4"})
    return path


@pytest.fixture(scope="module")
def server(film: Path) -> Iterator[Server]:
    serving = Server(Show(open_file(film), Overlay()))
    yield serving
    serving.close()


@pytest.fixture(scope="module")
def stream(film: Path) -> Iterator[Server]:
    """A server of a transport stream, which has to be transmuxed."""
    path = film.with_suffix(".ts")
    barcodes.write(path, container="mpegts")
    serving = Server(Show(open_file(path), Overlay()))
    yield serving
    serving.close()


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server.port)


@pytest.fixture
def room(server: Server, browser: Browser) -> str:
    return browser.enter(server.address())


# ── who may come in ──


def test_an_address_opens_once(server: Server, browser: Browser) -> None:
    address = server.address()
    room = browser.enter(address)
    assert browser.ask(room)[0] == 200
    assert browser.ask("/" + address.rpartition("/")[2])[0] == 404
    assert browser.ask(room)[0] == 200, "the page can be loaded again by who has the cookie"


def test_every_address_is_another_one(server: Server) -> None:
    assert len({server.address() for _ in range(20)}) == 20


def test_the_address_of_the_page_is_of_no_use_to_others(server: Server, room: str) -> None:
    for what in ("", "about.json", "file"):
        assert Browser(server.port).ask(room + what)[0] == 404


def test_another_cookie_opens_no_room(server: Server, room: str) -> None:
    for cookie in ("rushes-room=", "rushes-room=guess", "rushes-room=ü", "other=1", "=;;="):
        assert Browser(server.port).ask(room, Cookie=cookie)[0] == 404


def test_one_room_s_cookie_does_not_open_another(server: Server, browser: Browser, room: str) -> None:
    (cookie,) = browser.cookies.values()
    other = Browser(server.port).enter(server.address())
    assert Browser(server.port).ask(other, Cookie=cookie)[0] == 404


def test_the_cookie_is_for_its_room_alone_and_hidden_from_scripts_and_other_sites(
    server: Server, browser: Browser
) -> None:
    _, headers, _ = browser.ask("/" + server.address().rpartition("/")[2])
    assert headers["set-cookie"].endswith(f"; Path={headers['location']}; HttpOnly; SameSite=Strict")


def test_an_inline_page_needs_no_cookie(server: Server) -> None:
    inside = Browser(server.port)
    room = inside.enter(server.address(inline=True))
    assert inside.cookies == {}
    assert inside.ask(room)[0] == 200
    assert inside.ask(room + "file", Range="bytes=0-9")[0] == 206


@pytest.mark.parametrize("path", ["/", "/file", "/about.json", "/guess", "/guess/", "//", "/../", "/%2e%2e/etc/passwd"])
def test_without_an_address_there_is_nothing(browser: Browser, path: str) -> None:
    assert browser.ask(path)[0] == 404


def test_looking_at_an_address_does_not_use_it_up(server: Server, browser: Browser) -> None:
    address = server.address()
    assert browser.ask("/" + address.rpartition("/")[2], "HEAD")[0] == 404
    assert browser.enter(address)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_request_that_means_another_host_is_refused(server: Server, browser: Browser, room: str, host: str) -> None:
    assert browser.ask(room, Host=host.format(port=server.port))[0] == 421


def test_localhost_means_this_server(server: Server, browser: Browser, room: str) -> None:
    assert browser.ask(room, Host=f"localhost:{server.port}")[0] == 200


def test_it_listens_to_this_machine_alone(server: Server) -> None:
    assert server._http.server_address[0] == "127.0.0.1"


def test_a_closed_server_gives_no_more_even_to_who_is_connected(film: Path) -> None:
    serving = Server(Show(open_file(film), Overlay()))
    browser = Browser(serving.port)
    room = browser.enter(serving.address())
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=20)
    (cookie,) = browser.cookies.values()
    connection.request("GET", room, headers={"Cookie": cookie})
    assert len(connection.getresponse().read()) > 1000
    serving.close()
    connection.request("GET", room, headers={"Cookie": cookie})
    assert connection.getresponse().status == 404
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        Browser(serving.port).ask(room)


def test_a_port_that_is_taken_is_named(server: Server, film: Path) -> None:
    with pytest.raises(SettingsError, match=rf"port {server.port} cannot be had .* in use"):
        Server(Show(open_file(film), Overlay()), server.port)


# ── what they get ──


def test_the_page_loads_nothing_from_elsewhere(browser: Browser, room: str) -> None:
    status, headers, page = browser.ask(room)
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert re.findall(rb"(?:https?:)?//[a-z]+\.[a-z]", page) == []


def test_it_tells_the_index_s_own_times(browser: Browser, room: str, film: Path) -> None:
    about = json.loads(browser.ask(room + "about.json")[2])
    assert about["times"] == open_file(film).timestamps.tolist()
    assert about["ways"][0] == {"kind": "file", "mime": "video/mp4", "note": ""}
    assert about["ways"][1]["kind"] == "transcoded"


def test_the_whole_file_comes_as_it_is(browser: Browser, room: str, film: Path) -> None:
    status, headers, data = browser.ask(room + "file")
    assert (status, data) == (200, film.read_bytes())
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-type"] == "video/mp4"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-99", 0, 100), ("bytes=1000-", 1000, None), ("bytes=-7", -7, None), ("bytes=5-99999999999", 5, None)],
)
def test_a_range_comes_as_it_is_asked_for(
    browser: Browser, room: str, film: Path, asked: str, start: int, end: int | None
) -> None:
    whole = film.read_bytes()
    status, headers, data = browser.ask(room + "file", Range=asked)
    first = range(len(whole))[start]
    assert (status, data) == (206, whole[start:end])
    assert headers["content-range"] == f"bytes {first}-{first + len(data) - 1}/{len(whole)}"
    assert headers["content-length"] == str(len(data))


def test_more_than_one_piece_of_a_megabyte_comes_whole(tmp_path: Path) -> None:
    path = tmp_path / "big.mp4"
    barcodes.write(path, frames=30, size=(640, 480), options={"crf": "0", "preset": "ultrafast"}, b_frames=0)
    assert path.stat().st_size > 2 << 20
    serving = Server(Show(open_file(path), Overlay()))
    browser = Browser(serving.port)
    try:
        assert browser.ask(browser.enter(serving.address()) + "file", Range="bytes=3-")[2] == path.read_bytes()[3:]
    finally:
        serving.close()


def test_a_file_elsewhere_comes_through_by_the_ranges_that_are_asked_for(film: Path) -> None:
    with RangeServer({"film.mp4": film}) as elsewhere:
        serving = Server(Show(open_file(f"{elsewhere.url}/film.mp4"), Overlay()))
        browser = Browser(serving.port)
        room = browser.enter(serving.address())
        elsewhere.forget()
        assert browser.ask(room + "file", Range="bytes=100-299")[2] == film.read_bytes()[100:300]
        assert elsewhere.sent == 200
        serving.close()


def test_a_range_past_the_end_is_refused_with_the_size(browser: Browser, room: str, film: Path) -> None:
    status, headers, data = browser.ask(room + "file", Range="bytes=99999999-")
    assert (status, data) == (416, b"")
    assert headers["content-range"] == f"bytes */{film.stat().st_size}"


def test_head_tells_the_size_and_sends_nothing(browser: Browser, room: str, film: Path) -> None:
    status, headers, data = browser.ask(room + "file", "HEAD")
    assert (status, headers["content-length"], data) == (200, str(film.stat().st_size), b"")


def test_browsers_that_go_away_are_not_spoken_of(
    server: Server, browser: Browser, room: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (cookie,) = browser.cookies.values()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            head = f"GET {room}file HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {cookie}\r\n\r\n"
            raw.sendall(head.encode())
            raw.recv(10)
    assert browser.ask(room)[0] == 200
    assert capfd.readouterr() == ("", "")


def test_several_ask_side_by_side(browser: Browser, room: str, film: Path) -> None:
    whole, answers = film.read_bytes(), {}

    def ask(start: int) -> None:
        answers[start] = browser.ask(room + "file", Range=f"bytes={start}-{start + 499}")[2]

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(0, 8000, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {start: whole[start : start + 500] for start in range(0, 8000, 1000)}


def test_a_file_that_went_away_is_told_in_one_line(tmp_path: Path, film: Path) -> None:
    path = tmp_path / "gone.mp4"
    path.write_bytes(film.read_bytes())
    serving = Server(Show(open_file(path), Overlay()))
    browser = Browser(serving.port)
    room = browser.enter(serving.address())
    path.unlink()
    status, _, text = browser.ask(room + "file")
    serving.close()
    assert status == 502
    assert text.decode() == f"{path}: no such file\n"


def test_pieces_are_told_of_and_given(stream: Server) -> None:
    browser = Browser(stream.port)
    room = browser.enter(stream.address())
    about = json.loads(browser.ask(room + "about.json")[2])
    assert [way["kind"] for way in about["ways"]] == ["transmuxed", "transcoded"]
    assert "MPEG-TS" in about["ways"][0]["note"]
    told = json.loads(browser.ask(room + "transmuxed")[2])
    assert told["codecs"].startswith("avc1.")
    assert told["starts"][0] == 0
    status, headers, piece = browser.ask(room + "transmuxed/0")
    assert (status, headers["content-type"], piece[4:8]) == (200, "video/mp4", b"ftyp")
    assert browser.ask(room + "transcoded/0")[2][4:8] == b"ftyp"


@pytest.mark.parametrize("what", ["file", "transmuxed/999", "transmuxed/-1", "transmuxed/", "nothing", "file/0"])
def test_what_there_is_not_is_not_given(stream: Server, what: str) -> None:
    browser = Browser(stream.port)
    assert browser.ask(browser.enter(stream.address()) + what)[0] == 404
