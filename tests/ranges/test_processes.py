"""Ranges are safe in threads, after a fork, and in a process that they were sent to."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from http_ranges import RangeServer

from rushes.ranges import Ranges, open_ranges


@pytest.fixture(params=["http", "s3"])
def ranges(request: pytest.FixtureRequest, web: RangeServer, monkeypatch: pytest.MonkeyPatch) -> Ranges:
    """The file's ranges, by two protocols, read from before."""
    if request.param == "s3":
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": web.url}
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        web.files["b/v.mp4"] = web.files["v.mp4"]
    ranges = open_ranges("s3://b/v.mp4" if request.param == "s3" else f"{web.url}/v.mp4")
    ranges.read([(0, 100_000)])
    return ranges


PLACES = [(at, at + 50_000) for at in range(0, 1_400_000, 70_000)]


def test_threads_share_it(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda place: ranges.read([place])[0], PLACES * 3))
    assert found == [data[start:end] for start, end in PLACES * 3]
    assert len(web.asked) == 1 + len(found)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_share_it(ranges: Ranges, data: bytes, method: str) -> None:
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as processes:
        waiting = [processes.submit(ranges.read, [place]) for place in PLACES]
        assert [done.result()[0] for done in waiting] == [data[start:end] for start, end in PLACES]
    assert ranges.read(PLACES) == [data[start:end] for start, end in PLACES]
