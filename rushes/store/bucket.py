"""A store's objects in S3 and what speaks its protocol.

Every request is made again while its failure may pass (a 5xx, too many at once, a connection that broke or hangs),
after waits that double and are as long again by chance; then one line says so. Each PUT carries the MD5 of its bytes,
so that a body which broke on its way is refused, and a large object is put in parts, which nobody sees before all are
there. Here: the verbs of ``Objects`` by requests. Not here: clients (``rushes.ranges.aws``).
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from typing import Any, BinaryIO, NoReturn, TypeVar

from rushes.errors import RushesError, StoreError
from rushes.ranges import aws
from rushes.ranges.aws import exceptions
from rushes.ranges.source import Fingerprint
from rushes.store.stored_object import TAIL, StoredObject

_T = TypeVar("_T")
# The waits between six tries: 0.25, 0.5, 1, 2, 4 s, and as long again by chance.
_TRIES = 6
_WAIT_S = 0.25
# Larger objects are put in parts of this size, or larger ones where that would be too many.
_PART = 32 << 20
_MOST_PARTS = 10_000
_PARTS_AT_ONCE = 4
_NO_KEYS = (
    "no credentials for it are in the environment: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)

Piece = Callable[[int, int], bytes]


class _NothingInRangeError(Exception):
    """An object has no bytes where some were asked for."""


class Bucket:
    """The objects of a bucket by their full paths, ``bucket/key``."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._unsigned = False

    def read(self, path: str) -> bytes:
        """Return an object's bytes. Raises ``FileNotFoundError``."""

        return self._get(path)[0]

    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        """Return many objects' bytes, several asked for at once."""
        with ThreadPoolExecutor(aws.CONNECTIONS) as threads:
            return list(threads.map(self.read, paths))

    def write(self, path: str, data: bytes) -> None:
        """Put an object."""
        self._put(path, len(data), lambda start, end: data if end - start == len(data) else data[start:end])

    def write_file(self, path: str, local: str | os.PathLike[str]) -> None:
        """Put a local file as an object, in bounded memory."""
        with open(local, "rb") as handle:
            size = os.fstat(handle.fileno()).st_size
            self._put(path, size, lambda start, end: _exactly(handle.fileno(), start, end, os.fspath(local)))

    def create(self, path: str, data: bytes) -> bool:
        """Put an object only if there is none of that name; return whether this call made it.

        Where the answer to an earlier try was lost, an object of the same bytes is this call's own.
        """
        tried = 0

        def put() -> bool:
            nonlocal tried
            tried += 1
            try:
                self._ask("put_object", path, Body=data, ContentMD5=_md5(data), IfNoneMatch="*")
            except exceptions.ClientError as error:
                if aws.answered(error)[0] != 412:
                    raise
                return tried > 1 and self.read(path) == data
            return True

        return self._persist(put, path)

    def size(self, path: str) -> int:
        """Return an object's size in bytes. Raises ``FileNotFoundError``."""
        return int(self._persist(lambda: self._ask("head_object", path), path)["ContentLength"])

    def exists(self, path: str) -> bool:
        """Tell whether an object is there."""
        try:
            self.size(path)
        except FileNotFoundError:
            return False
        return True

    def open(self, path: str) -> BinaryIO:
        """Open an object for reading by ranges: of one content throughout. Raises ``FileNotFoundError``."""
        try:
            end, answer = self._get(path, Range=f"bytes=-{TAIL}")
        except _NothingInRangeError:
            end, answer = b"", {}
        size = int(answer.get("ContentRange", "").rpartition("/")[2] or len(end))
        etag = answer.get("ETag")

        def fetch(start: int, end: int) -> bytes:
            words = {"Range": f"bytes={start}-{end - 1}"} | ({"IfMatch": etag} if etag else {})
            return self._get(path, **words)[0]

        return StoredObject(f"s3://{path}", Fingerprint(size, etag), end, fetch).open()

    def find(self, folder: str) -> Iterator[tuple[str, str]]:
        """Yield the objects below a folder by their paths, each with a mark that changes when its bytes do.

        A request for each thousand of them.
        """
        for path, one in self._list(folder):
            yield path, f"{one['Size']} {one.get('ETag') or one.get('LastModified')}"

    def lying(self, folder: str) -> Iterator[tuple[str, int, float]]:
        """Yield the objects below a folder: path, bytes, and when it was put."""
        for path, one in self._list(folder):
            yield path, int(one["Size"]), one["LastModified"].timestamp()

    def _list(self, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
        bucket, prefix = _split(folder.rstrip("/") + "/")
        after: dict[str, str] = {}
        while True:
            ask = partial(self._ask, "list_objects_v2", bucket, Prefix=prefix, **after)
            page = self._persist(ask, folder)
            for one in page.get("Contents", ()):
                if not one["Key"].endswith("/"):  # how some servers list a folder
                    yield f"{bucket}/{one['Key']}", one
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, path: str) -> None:
        """Remove an object; one that is not there is no error."""
        with suppress(FileNotFoundError):
            self._persist(lambda: self._ask("delete_object", path), path)

    def _get(self, path: str, **words: str) -> tuple[bytes, dict[str, Any]]:
        """Return the bytes that a GetObject brings, all of them, and its answer."""

        def get() -> tuple[bytes, dict[str, Any]]:
            answer = self._ask("get_object", path, **words)
            with closing(answer["Body"]) as body:
                return body.read(), answer

        return self._persist(get, path)

    def _put(self, path: str, size: int, piece: Piece) -> None:
        if size <= 2 * _PART:
            data = piece(0, size)
            self._persist(lambda: self._ask("put_object", path, Body=data, ContentMD5=_md5(data)), path)
            return
        self._put_in_parts(path, size, piece)

    def _put_in_parts(self, path: str, size: int, piece: Piece) -> None:
        """Put a large object: it is there when its last request was answered, or not at all."""
        upload = self._persist(lambda: self._ask("create_multipart_upload", path), path)["UploadId"]
        step = max(_PART, -(-size // _MOST_PARTS))

        def put(number: int) -> dict[str, Any]:
            data = piece((number - 1) * step, min(number * step, size))
            words = {"Body": data, "ContentMD5": _md5(data), "UploadId": upload, "PartNumber": number}
            etag = self._persist(lambda: self._ask("upload_part", path, **words), path)["ETag"]
            return {"PartNumber": number, "ETag": etag}

        try:
            with ThreadPoolExecutor(_PARTS_AT_ONCE) as threads:
                waiting = [threads.submit(put, number) for number in range(1, -(-size // step) + 1)]
                try:
                    parts = [one.result() for one in waiting]
                except BaseException:
                    threads.shutdown(wait=True, cancel_futures=True)
                    raise
            self._complete(path, upload, parts)
        except BaseException:
            with suppress(RushesError, OSError):  # what stays behind is seen by nobody, and is for a lifecycle rule
                self._persist(lambda: self._ask("abort_multipart_upload", path, UploadId=upload), path)
            raise

    def _complete(self, path: str, upload: str, parts: list[dict[str, Any]]) -> None:
        def complete() -> None:
            try:
                self._ask("complete_multipart_upload", path, UploadId=upload, MultipartUpload={"Parts": parts})
            except exceptions.ClientError as error:
                if aws.answered(error)[1] != "NoSuchUpload":
                    raise
                # An earlier try did it, and its answer was lost; else somebody has taken the upload away.
                if self._ask("head_object", path).get("ETag") != _etag_of_parts(parts):
                    raise

        self._persist(complete, path)

    def _ask(self, method: str, path: str, **words: Any) -> dict[str, Any]:
        bucket, key = _split(path)
        words |= {"Bucket": bucket} | ({"Key": key} if key else {})
        try:
            answer: dict[str, Any] = getattr(aws.client(unsigned=self._unsigned), method)(**words)
        except exceptions.NoCredentialsError:
            self._unsigned = True  # what is public can be read
            return self._ask(method, path, **words)
        return answer

    def _persist(self, ask: Callable[[], _T], path: str) -> _T:
        """Return what a request brings, made again while its failure may pass."""
        for tried in range(1, _TRIES + 1):
            try:
                return ask()
            except (exceptions.BotoCoreError, exceptions.ClientError, OSError, ValueError) as error:
                if isinstance(error, FileNotFoundError):
                    raise
                why = aws.failure(error)
                if why is None:
                    self._refused(error, path)
                if tried == _TRIES:
                    raise StoreError(
                        f"s3://{path}: the store fails, tried {_TRIES} times: {why}; go on when it is well again"
                    ) from None
                time.sleep(_WAIT_S * 2 ** (tried - 1) * (1 + random.random()))
        raise AssertionError("not reached")

    def _refused(self, error: Exception, path: str) -> NoReturn:
        """Raise what a refusal for good means."""
        if not isinstance(error, exceptions.ClientError):
            said = "its certificate is not to be trusted" if isinstance(error, exceptions.SSLError) else str(error)
            raise StoreError(
                f"{self._uri}: cannot be reached by AWS's configuration: {' '.join(said.split())}"
            ) from None
        status, code = aws.answered(error)
        if code == "NoSuchBucket":
            raise StoreError(
                f"{self._uri}: there is no bucket {_split(path)[0]!r}: make it, or correct the name"
            ) from None
        if code == "NoSuchUpload":
            raise StoreError(f"s3://{path}: its upload was ended by another: try again") from None
        if status == 404:
            raise FileNotFoundError(f"s3://{path}")
        if code in aws.EXPIRED:
            raise StoreError(f"{self._uri}: its credentials have expired: renew them") from None
        if status in (401, 403):
            why = _NO_KEYS if self._unsigned else f"its credentials do not allow it ({code})"
            raise StoreError(f"s3://{path}: access is refused: {why}") from None
        if status == 412:
            raise StoreError(f"s3://{path}: was replaced while it was read: try again") from None
        if status == 416:
            raise _NothingInRangeError from None
        if status == 501:
            raise StoreError(f"{self._uri}: its server lacks what is needed of S3: see docs/storage.md") from None
        raise StoreError(f"s3://{path}: its server answers {code or status}") from None


def _split(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("/")
    return bucket, key


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _etag_of_parts(parts: list[dict[str, Any]]) -> str:
    """Return the ETag of an object that was put in parts: the MD5 of theirs, and how many there are."""
    joined = b"".join(bytes.fromhex(part["ETag"].strip('"')) for part in parts)
    return f'"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"'


def _exactly(descriptor: int, start: int, end: int, name: str) -> bytes:
    data = os.pread(descriptor, end - start, start)
    if len(data) != end - start:
        raise StoreError(f"{name}: became shorter while it was put into the store")
    return data
