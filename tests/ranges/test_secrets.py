"""No value of a credential and no signed address is ever shown: not in a name, a message, a traceback or a log."""

import logging
import traceback
from collections.abc import Callable

import pytest
from http_ranges import Fault, RangeServer

from rushes.errors import RushesError
from rushes.ranges import Ranges, credentials, open_ranges
from rushes.ranges.address import shown

SECRET = "hush4711"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (f"https://me:{SECRET}@host:81/a/v.mp4?X-Amz-Signature={SECRET}#{SECRET}", "https://host:81/a/v.mp4"),
        (f"https://{SECRET}@host/v.mp4", "https://host/v.mp4"),
        ("s3://bucket/a?b#c.mp4", "s3://bucket/a?b#c.mp4"),
        (f"sftp://me:{SECRET}@host/v.mp4", "sftp://host/v.mp4"),
        ("/here/v?.mp4", "/here/v?.mp4"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(uri: str, told: str) -> None:
    assert shown(uri) == told


def broken(web: RangeServer) -> None:
    web.faults.extend([Fault(503)] * 4)
    web.faults.append(Fault(400))


FAULTS: list[Callable[[RangeServer], None]] = [
    lambda web: web.faults.append(Fault(403)),
    lambda web: web.faults.append(Fault(404)),
    lambda web: web.faults.append(Fault(412)),
    lambda web: web.faults.append(Fault(416)),
    lambda web: web.faults.append(Fault(400)),
    lambda web: web.faults.append(Fault(headers={"Content-Range": "bytes 5-6/7"})),
    lambda web: web.faults.extend([Fault(302, headers={"Location": f"http://[bad/?{SECRET}"})] * 9),
    broken,
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("protocol", ["http", "s3"])
def test_no_error_shows_one(
    web: RangeServer, protocol: str, fault: Callable[[RangeServer], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fault(web)
    ranges = _ranges(web, protocol)
    with pytest.raises(RushesError) as caught:
        ranges.read([(0, 10)])
    told = "".join(traceback.format_exception(caught.value)) + str(caught.value) + repr(caught.value) + repr(ranges)
    assert SECRET not in told + caplog.text
    assert len(str(caught.value).splitlines()) == 1


def _ranges(web: RangeServer, protocol: str) -> Ranges:
    if protocol == "http":
        credentials.populate("web", {"token": SECRET, "headers": {"X-Key": SECRET}, "query": {"more": SECRET}})
        return open_ranges(f"{web.url.replace('//', f'//me:{SECRET}@')}/v.mp4?sig={SECRET}", "web")
    keys = {"aws_access_key_id": SECRET, "aws_secret_access_key": SECRET, "aws_session_token": SECRET}
    credentials.populate("aws", {**keys, "endpoint_url": web.url, "aws_region": "us-east-1"})
    web.files["b/v.mp4"] = web.files["v.mp4"]
    return open_ranges("s3://b/v.mp4", "aws")
