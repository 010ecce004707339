"""Files in S3, asked of a server that is ill when told to be; a real one has its turn in ``tests/remote``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from http_ranges import Fault, RangeServer

from rushes.errors import CredentialsError, LinkError, VideoError
from rushes.ranges import Ranges, credentials, open_ranges

NAMES = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "REGION", "DEFAULT_REGION", "ENDPOINT_URL")


@pytest.fixture(autouse=True)
def bucket(web: RangeServer, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    """The server as the endpoint that the environment names, and a person's AWS configuration: two profiles."""
    for name in NAMES:
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    (tmp_path / "config").write_text("[profile studio]\naws_access_key_id = studio-key\naws_secret_access_key = hush\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    web.files["bucket/some/v 1?.mp4"] = data
    return web


@pytest.fixture
def ranges(web: RangeServer) -> Ranges:
    """The ranges of a public file."""
    web.files["bucket/v.mp4"] = web.files["v.mp4"]
    return open_ranges("s3://bucket/v.mp4")


def test_a_span_is_one_request_and_opening_is_none(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    assert web.asked == []
    assert ranges.read([(0, 10), (20, 30), (900_000, 900_010)]) == [data[:10], data[20:30], data[900_000:900_010]]
    assert [(asked.method, asked.range) for asked in web.asked] == [("GET", (0, 30)), ("GET", (900_000, 900_010))]
    assert ranges.fingerprint().size == len(data)
    assert len(web.asked) == 2


def test_public_files_need_no_key_and_others_say_that_they_do(web: RangeServer, ranges: Ranges) -> None:
    ranges.read([(0, 10)])
    assert "authorization" not in web.asked[-1].headers
    web.faults.append(Fault(403))
    with pytest.raises(LinkError, match=r"s3://bucket/v\.mp4: needs credentials: name a key"):
        ranges.read([(0, 10)])


def test_a_stumbling_server_and_a_broken_body_are_asked_again(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    web.faults.extend([Fault(503), Fault(break_after=1 << 18)])
    assert ranges.read([(0, 1_000_000)]) == [data[:1_000_000]]
    assert [asked.range for asked in web.asked] == [(0, 1_000_000), (0, 1_000_000), (1 << 18, 1_000_000)]


def test_a_file_that_changed_is_an_error(web: RangeServer, data: bytes) -> None:
    web.files["bucket/v.mp4"] = data
    content = open_ranges("s3://bucket/v.mp4").fingerprint()
    web.files["bucket/v.mp4"] = data[::-1]
    with pytest.raises(VideoError, match="changed since it was indexed"):
        open_ranges("s3://bucket/v.mp4", expected=content).read([(0, 10)])


def test_what_is_wrong_is_said_in_one_line(web: RangeServer, ranges: Ranges, data: bytes) -> None:
    with pytest.raises(VideoError, match="nothing there") as caught:
        open_ranges("s3://bucket/none.mp4").read([(0, 10)])
    assert caught.value.reason == "missing_file"
    with pytest.raises(VideoError, match="nothing there"):
        open_ranges("s3://bucket/none.mp4").fingerprint()
    with pytest.raises(VideoError, match="ends"):
        ranges.read([(len(data) + 5, len(data) + 9)])
    with pytest.raises(VideoError, match="ends at byte"):
        open_ranges("s3://bucket/v.mp4").read([(len(data) - 1, len(data) + 9)])
    with pytest.raises(LinkError, match="no address in S3"):
        open_ranges("s3://bad bucket/v.mp4").read([(0, 1)])
    web.faults.append(Fault(headers={"Content-Range": "bytes 1-10/1500000"}))
    with pytest.raises(LinkError, match="other bytes than were asked for"):
        open_ranges("s3://bucket/v.mp4").read([(0, 10)])


def signed_as(web: RangeServer) -> str:
    return web.asked[-1].headers["authorization"].partition("Credential=")[2].partition("/")[0]


def test_populated_values_sign_the_requests(web: RangeServer, ranges: Ranges) -> None:
    keys = {"aws_access_key_id": "mine", "aws_secret_access_key": "hush", "aws_session_token": "hush2"}
    credentials.populate("s3-mine", {**keys, "aws_region": "eu-west-3", "endpoint_url": web.url})
    open_ranges("s3://bucket/v.mp4", "s3-mine").read([(0, 10)])
    assert signed_as(web) == "mine"
    assert "/eu-west-3/s3/" in web.asked[-1].headers["authorization"]
    assert web.asked[-1].headers["x-amz-security-token"] == "hush2"


def test_the_environment_and_a_named_profile_do_too(
    web: RangeServer, ranges: Ranges, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ranges("s3://bucket/v.mp4", "studio").read([(0, 10)])
    assert signed_as(web) == "studio-key"
    with pytest.raises(CredentialsError, match="'ENV': AWS's own configuration has none"):
        open_ranges("s3://bucket/v.mp4", "ENV").read([(0, 10)])
    monkeypatch.setenv("AWS_PROFILE", "studio")
    open_ranges("s3://bucket/v.mp4", "ENV").read([(0, 10)])
    assert signed_as(web) == "studio-key"
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-env")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    open_ranges("s3://bucket/some/v 1?.mp4", "ENV").read([(0, 10)])
    assert signed_as(web) == "from-env"


def test_expired_and_unusable_credentials_are_named(web: RangeServer, ranges: Ranges) -> None:
    credentials.populate("s3-half", {"aws_access_key_id": "mine"})
    with pytest.raises(CredentialsError, match="'s3-half' cannot be used"):
        open_ranges("s3://bucket/v.mp4", "s3-half").read([(0, 10)])
    credentials.populate("s3-lost", {"profile_name": "nobody"})
    with pytest.raises(CredentialsError, match=r"'s3-lost' cannot be used \(ProfileNotFound\)"):
        open_ranges("s3://bucket/v.mp4", "s3-lost").read([(0, 10)])
