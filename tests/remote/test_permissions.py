"""With the permissions that docs/storage.md names, and no others, a store does all that it does."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from orchestration import local_s3
from rushes.errors import StoreError
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tidy.tidy import tidy

PAGE = (Path(__file__).parents[2] / "docs" / "storage.md").read_text()
BUCKET = "bucket"  # as the page has it
KEY, SECRET = "limited", "not-a-secret"


def policy() -> dict[str, Any]:
    """Return the page's policy."""
    [block] = [text for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if '"Version"' in text]
    found: dict[str, Any] = json.loads(block)
    return found


def with_limited(identities: Callable[[str, str], dict[str, object]]) -> Callable[[str, str], dict[str, object]]:
    """Add one who has that policy to those whom a server knows."""

    def known(key: str, secret: str) -> dict[str, Any]:
        found: dict[str, Any] = identities(key, secret)
        limited = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "policyNames": ["page"]}
        found["identities"].append(limited)
        return found | {"policies": [{"name": "page", "content": json.dumps(policy())}]}

    return known


@pytest.fixture(scope="module")
def granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A server, what all may do who own it by the environment; the environment of the limited one."""
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(local_s3, "_identities", with_limited(local_s3._identities))
        with local_s3.serve(tmp_path_factory.mktemp("s3"), bucket=BUCKET) as server:
            try:
                os.environ.clear()
                os.environ.update(server.over(before))
                Objects(f"s3://{BUCKET}/beside").write("mine", b"1")
                begin_upload("prefix/begun")
                yield {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
            finally:
                os.environ.clear()
                os.environ.update(before)


@pytest.fixture
def store(granted: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Objects:
    """The store that the page's policy is about, seen by who has no more than that."""
    for name, value in granted.items():
        monkeypatch.setenv(name, value)
    return Objects(f"s3://{BUCKET}/prefix")


def begin_upload(key: str) -> None:
    """Leave an upload in parts behind."""
    client = botocore.session.Session().create_client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    begun = client.create_multipart_upload(Bucket=BUCKET, Key=key)
    client.upload_part(Bucket=BUCKET, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=b"part")


def test_objects_of_the_store_are_put_read_listed_and_removed(store: Objects, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(65 << 20))  # in parts
    store.write("a", b"one")
    store.write_file("large", large)
    assert (store.create("b", b"two"), store.create("b", b"three")) == (True, False)
    assert store.read("a") == b"one"
    assert store.size("large") == large.stat().st_size
    assert set(store.list("")) >= {"a", "b", "large"}
    assert not store.exists("nowhere")
    for name in ("a", "b", "large"):
        store.delete(name)
    assert not {"a", "b", "large"} & set(store.list(""))


def test_tables_are_queried(store: Objects) -> None:
    with connect(store) as connection:
        assert connection.execute("SELECT count(*) FROM tracks").fetchall() == [(0,)]


def test_the_store_is_tidied(store: Objects) -> None:
    account = tidy(store, 0)
    assert account.counts["unfinished uploads"] == 1
    assert tidy(store, 0).counts["unfinished uploads"] == 0


def test_what_lies_beside_the_store_is_out_of_reach(store: Objects) -> None:
    beside = Objects(f"s3://{BUCKET}/beside")
    for ask in (lambda: beside.read("mine"), lambda: beside.write("mine", b"2"), lambda: list(beside.list(""))):
        with pytest.raises(StoreError, match="access is refused"):
            ask()
