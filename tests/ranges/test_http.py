"""Files on the web: few requests, exactly the bytes or an error, whatever the server and the way to it do."""

import base64
import io
import os
import pickle
import socket
from pathlib import Path

import pytest
from http_ranges import Fault, RangeServer

from rushes.errors import LinkError, VideoError
from rushes.ranges import Fingerprint, Ranges, credentials, open_ranges


@pytest.fixture
def ranges(web: RangeServer) -> Ranges:
    """The file's ranges, nothing known of it."""
    return open_ranges(f"{web.url}/v.mp4")


def spans_asked(web: RangeServer) -> list[tuple[int, int] | None]:
    return [asked.range for asked in web.asked]


def test_opening_asks_nothing_and_a_span_is_one_request(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    assert web.asked == []
    assert ranges.read([(1000, 90_000)]) == [data[1000:90_000]]
    assert spans_asked(web) == [(1000, 90_000)]
    assert web.sent == 89_000
    assert ranges.fingerprint().size == len(data)
    assert len(web.asked) == 1


def test_near_spans_share_a_request_and_far_ones_do_not(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    gap = ranges.gap
    wanted = [(gap + 10, gap + 20), (0, 10), (3 * gap, 3 * gap + 5), (5, 8), (7, 7)]
    assert ranges.read(wanted) == [data[start:end] for start, end in wanted]
    assert spans_asked(web) == [(0, gap + 20), (3 * gap, 3 * gap + 5)]


def test_one_connection_serves_many_reads(web: RangeServer, ranges: Ranges) -> None:
    for at in range(20):
        ranges.read([(at * 70_000, at * 70_000 + 1000)])
    assert len({asked.headers["host"] for asked in web.asked}) == 1
    assert web.connections == 1


def test_a_server_that_stumbles_is_asked_again(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    web.faults.extend([Fault(503), Fault(429, headers={"Retry-After": "0"})])
    assert ranges.read([(0, 100)]) == [data[:100]]
    assert spans_asked(web) == [(0, 100)] * 3


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_breaks_off_goes_on_from_where_it_broke(web: RangeServer, data: bytes, chunked: bool) -> None:
    web.chunked = chunked
    web.faults.append(Fault(break_after=1 << 19))
    assert open_ranges(f"{web.url}/v.mp4").read([(10, 1_000_000)]) == [data[10:1_000_000]]
    assert spans_asked(web) == [(10, 1_000_000), ((1 << 19) + 10, 1_000_000)]
    assert web.sent == 1_000_000 - 10


def test_what_stays_broken_is_an_error_in_one_line(web: RangeServer, ranges: Ranges) -> None:
    web.faults.extend([Fault(503)] * 9)
    with pytest.raises(LinkError, match=r"v\.mp4: cannot be read, tried 5 times: its server answers 503$"):
        ranges.read([(0, 100)])


def test_nobody_there_is_an_error_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(LinkError, match="no connection to its server"):
            open_ranges(f"http://127.0.0.1:{taken.getsockname()[1]}/v.mp4").read([(0, 1)])


def test_a_server_without_ranges_is_read_up_to_the_end_of_the_span(web: RangeServer, data: bytes) -> None:
    web.ranges = False
    ranges = open_ranges(f"{web.url}/v.mp4")
    assert ranges.read([(300, 200_000)]) == [data[300:200_000]]
    assert ranges.fingerprint().size == len(data)
    web.faults.append(Fault(break_after=100_000))
    assert ranges.read([(300, 200_000)]) == [data[300:200_000]]


def test_far_into_a_file_a_server_without_ranges_is_refused(web: RangeServer) -> None:
    web.ranges = False
    web.files["long.mp4"] = bytes(40 << 20)
    with pytest.raises(VideoError, match="gives no byte ranges"):
        open_ranges(f"{web.url}/long.mp4").read([(39 << 20, 40 << 20)])


def test_other_bytes_than_were_asked_for_are_never_an_answer(web: RangeServer, ranges: Ranges) -> None:
    for told in ("bytes 1-10/1500000", "bytes 0-10/1500000", "none", "bytes 0-9"):
        web.faults.append(Fault(headers={"Content-Range": told}))
        with pytest.raises(LinkError, match="other bytes than were asked for"):
            ranges.read([(0, 10)])
    web.faults.append(Fault(headers={"Content-Encoding": "gzip"}))
    with pytest.raises(LinkError, match="compressed"):
        ranges.read([(0, 10)])


@pytest.mark.parametrize(("etag", "guarded"), [('"{}"', True), ('W/"{}"', False), ("", False)])
def test_a_file_that_changed_is_an_error_and_not_an_answer(
    web: RangeServer, data: bytes, etag: str, guarded: bool
) -> None:
    web.etag = etag
    content = open_ranges(f"{web.url}/v.mp4").fingerprint()
    assert (content.size, content.etag is None) == (len(data), etag == "")
    ranges = open_ranges(f"{web.url}/v.mp4", expected=content)
    web.forget()
    assert ranges.read([(0, 10)]) == [data[:10]]
    assert len(web.asked) == 1
    assert ("if-match" in web.asked[0].headers) is guarded
    web.files["v.mp4"] = data[::-1] + (b"" if etag else b"x")
    with pytest.raises(VideoError, match="changed since it was indexed"):
        ranges.read([(0, 10)])


def test_a_file_that_changes_between_two_reads_is_noticed_though_nothing_was_expected(
    web: RangeServer, ranges: Ranges, data: bytes
) -> None:
    ranges.read([(0, 10)])
    web.files["v.mp4"] = data[::-1]
    with pytest.raises(VideoError, match="changed"):
        ranges.read([(0, 10)])


def test_a_file_that_ends_too_early_says_so(web: RangeServer, data: bytes) -> None:
    for start in (len(data) - 1, len(data) + 100):
        with pytest.raises(VideoError, match=f"ends at byte {len(data)}"):
            open_ranges(f"{web.url}/v.mp4").read([(start, len(data) + 200)])


def test_an_empty_file_has_a_size(web: RangeServer) -> None:
    web.files["empty.mp4"] = b""
    assert open_ranges(f"{web.url}/empty.mp4").fingerprint().size == 0


def test_nothing_there_and_no_way_in_are_told_apart(web: RangeServer) -> None:
    with pytest.raises(LinkError, match=r"none\.mp4: nothing there$") as caught:
        open_ranges(f"{web.url}/none.mp4?a=b").read([(0, 1)])
    assert caught.value.reason == "missing_file"
    web.faults.append(Fault(403))
    with pytest.raises(LinkError, match=r"needs credentials: name a key"):
        open_ranges(f"{web.url}/v.mp4").read([(0, 1)])
    credentials.populate("wrong", {"user": "me", "password": "hush"})
    web.authorization = "Basic " + base64.b64encode(b"me:right").decode()
    with pytest.raises(LinkError, match="may not be read with the credentials 'wrong'"):
        open_ranges(f"{web.url}/v.mp4", "wrong").read([(0, 1)])


@pytest.mark.parametrize(
    ("values", "header"),
    [
        ({"user": "me", "password": "right"}, "Basic " + base64.b64encode(b"me:right").decode()),
        ({"token": "abc"}, "Bearer abc"),
        ({"headers": {"Authorization": "Special 1"}}, "Special 1"),
    ],
)
def test_credentials_let_in(web: RangeServer, data: bytes, values: dict[str, object], header: str) -> None:
    web.authorization = header
    credentials.populate("door", values)
    assert open_ranges(f"{web.url}/v.mp4", "door").read([(0, 4)]) == [data[:4]]


def test_a_query_among_the_credentials_is_added_to_the_address(web: RangeServer) -> None:
    credentials.populate("signed", {"query": {"sig": "a/b"}})
    open_ranges(f"{web.url}/v.mp4?part=1", "signed").read([(0, 4)])
    assert web.asked[0].path == "/v.mp4?part=1&sig=a%2Fb"


def test_the_netrc_file_is_the_environment_of_the_web(
    web: RangeServer, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.authorization = "Basic " + base64.b64encode(b"me:right").decode()
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password right\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert open_ranges(f"{web.url}/v.mp4", "ENV").read([(0, 4)]) == [data[:4]]


def test_a_redirect_is_followed_without_what_was_meant_for_the_first_server(web: RangeServer, data: bytes) -> None:
    credentials.populate("own", {"token": "hush", "headers": {"X-Api-Key": "hush"}})
    with RangeServer() as first:
        first.redirects["v.mp4"] = f"{web.url}/v.mp4"
        assert open_ranges(f"{first.url}/v.mp4", "own").read([(5, 9)]) == [data[5:9]]
        assert first.asked[0].headers["x-api-key"] == "hush"
    assert spans_asked(web) == [(5, 9)]
    assert "hush" not in str(web.asked[0].headers)


def test_a_slow_server_is_waited_for(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    web.delay_s = 0.2
    assert ranges.read([(0, 4)]) == [data[:4]]


def test_as_a_file_it_is_read_ahead_in_ever_larger_pieces(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    with ranges.open() as handle:
        assert handle.read() == data
        assert 3 < len(web.asked) < 8
        web.forget()
        assert handle.seek(-5, os.SEEK_END) == len(data) - 5
        assert (handle.read(9), handle.read(1)) == (data[-5:], b"")
        assert handle.seek(100) == 100
        assert handle.seek(10, os.SEEK_CUR) == 110
        assert handle.read(50) == data[110:160]
        for at in range(0, 20_000, 2000):  # hopping between two places asks for each once
            for place in (at, 1_000_000 + at):
                handle.seek(place)
                assert handle.read(2000) == data[place : place + 2000]
        assert len(web.asked) <= 3
        with pytest.raises(io.UnsupportedOperation):
            handle.write(b"x")


def test_known_from_before_a_file_is_opened_and_sought_without_a_request(web: RangeServer, data: bytes) -> None:
    ranges = open_ranges(f"{web.url}/v.mp4", expected=Fingerprint(len(data), None))
    with ranges.open() as handle:
        assert handle.seek(0, os.SEEK_END) == len(data)
        assert handle.read() == b""
    assert web.asked == []


def test_it_can_be_sent_to_another_process_with_what_is_known_of_it(
    web: RangeServer, ranges: Ranges, data: bytes
) -> None:
    ranges.read([(0, 1)])
    other = pickle.loads(pickle.dumps(ranges))
    assert other.read([(1, 4)]) == [data[1:4]]
    assert "if-match" in web.asked[-1].headers
    web.files["v.mp4"] = data[::-1]
    with pytest.raises(VideoError, match="changed"):
        other.read([(1, 4)])
