"""Who asks, where, and how an address is written: by one environment, for every way in which a store is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from faulty_http import Asked, Fault, FaultyProxy
from rows import video_row

from rushes.errors import RushesError, StoreError
from rushes.ranges import open_ranges
from rushes.ranges.aws import whereabouts
from rushes.store import database
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import VIDEOS
from rushes.store.tables import write_partition

ROW = VIDEOS.from_rows([video_row("v")])


def by_verbs(uri: str) -> None:
    Objects(uri).read("tables/videos/batch=b/data.parquet")


def by_sql(uri: str) -> None:
    with connect(Objects(uri)) as connection:
        connection.execute("SELECT * FROM videos").fetchall()


def by_ranges(uri: str) -> None:
    open_ranges(f"{uri}/tables/videos/batch=b/data.parquet").read([(0, 4)])


def by_fsspec(uri: str) -> None:
    store = Objects(uri)
    store.fs.cat_file(store.path("tables/videos/batch=b/data.parquet"), start=0, end=4)


WAYS = [by_verbs, by_sql, by_ranges, by_fsspec]


@pytest.fixture
def uri(remote: Objects, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(database, "_PATIENCE", database._PATIENCE | {"http_retry_wait_ms": 1})
    write_partition(remote, VIDEOS, {"batch": "b"}, ROW)
    return remote.uri


def asked_by(proxy: FaultyProxy, way: Callable[[str], None], uri: str) -> list[Asked]:
    """Return what a way asks of a server that lets nobody in."""
    proxy.forget()
    proxy.often(1.0, Fault(status=403))
    with suppress(RushesError, PermissionError):
        way(uri)
    return proxy.taken()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_keys_for_a_time_are_shown_with_their_token(
    uri: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch, way: Callable[[str], None]
) -> None:
    way(uri)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAFORATIME")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token/of+this=hour")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    asked = asked_by(proxy, way, uri)
    assert asked
    for one in asked:
        assert one.headers["x-amz-security-token"] == "a-token/of+this=hour"
        assert re.search(r"Credential=ASIAFORATIME/\d+/eu-west-3/s3/", one.headers["authorization"])
        assert one.path.startswith("/footage/")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_profile_names_keys_region_and_server(
    uri: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: Callable[[str], None]
) -> None:
    config = tmp_path / "config"
    lines = ["[profile films]", "region = eu-north-1", "aws_access_key_id = AKIAPROFILE", "aws_secret_access_key = x"]
    config.write_text("\n".join([*lines, f"endpoint_url = {proxy.url}"]))
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "films")
    asked = asked_by(proxy, way, uri)
    assert asked
    for one in asked:
        assert re.search(r"Credential=AKIAPROFILE/\d+/eu-north-1/s3/", one.headers["authorization"])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_variable_for_s3_alone_comes_before_the_one_for_all(
    uri: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch, way: Callable[[str], None]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    way(uri)
    assert proxy.taken()


def test_amazons_own_servers_are_asked_by_the_buckets_name(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    found = whereabouts()
    assert (found.host, found.encrypted, found.by_path) == ("s3.eu-central-1.amazonaws.com", True, False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://minio.example:9000/")
    assert (whereabouts().host, whereabouts().by_path) == ("minio.example:9000", True)


def test_a_secret_is_in_no_text_of_what_holds_it(server: str) -> None:
    assert "not-a-secret" not in repr(whereabouts())


@pytest.mark.parametrize("way", [by_verbs, by_sql], ids=lambda way: way.__name__)
def test_what_is_wrong_with_the_environment_is_told_in_a_line(
    uri: str, monkeypatch: pytest.MonkeyPatch, way: Callable[[str], None]
) -> None:
    for name, value, said in (
        ("AWS_SECRET_ACCESS_KEY", "gu355ed", "refused|403|Forbidden"),
        ("AWS_ENDPOINT_URL", "no address", "endpoint"),
        ("AWS_PROFILE", "of-nobody", "profile"),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            with pytest.raises(StoreError, match=f"(?i){said}") as caught:
                way(uri)
        assert "\n" not in str(caught.value)
        assert "gu355ed" not in str(caught.value)


def test_what_is_public_is_read_without_keys(uri: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(StoreError, match="access is refused: no credentials for it are in the environment"):
        Objects(uri).read("x")
    assert all("authorization" not in one.headers for one in proxy.taken())


def test_a_bucket_that_is_not_there_is_told(server: str) -> None:
    for verb in (lambda store: store.read("x"), lambda store: store.write("x", b""), lambda store: [*store.list("")]):
        with pytest.raises(StoreError, match="there is no bucket 'no-such': make it, or correct the name"):
            verb(Objects("s3://no-such/store"))
