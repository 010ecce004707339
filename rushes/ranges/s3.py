"""Files in S3 and what speaks its protocol: a span is one GetObject, with the ETag as its condition.

Here: requests and what answers mean. Not here: clients and credentials (``aws``), trying again (``remote``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NoReturn

from rushes.errors import CredentialsError
from rushes.ranges import aws, credentials
from rushes.ranges.aws import exceptions
from rushes.ranges.remote import BrokenReadError, Patience, RemoteRanges, Rest
from rushes.ranges.source import Fingerprint, changed, too_short

_PIECE = 1 << 18


class S3Ranges(RemoteRanges):
    """A file behind ``s3://bucket/key``."""

    def __init__(self, uri: str, creds_key: str | None = None, expected: Fingerprint | None = None) -> None:
        super().__init__(uri, creds_key, expected)
        self._bucket, _, self._key = uri.partition("://")[2].partition("/")
        self._unsigned = False

    def look(self) -> None:
        """Ask for the object's head."""
        head = self._ask("head_object", {"Key": self._key})
        self.verify(int(head["ContentLength"]), head.get("ETag"))

    def receive(self, start: int, end: int, into: bytearray) -> None:
        """Make one GetObject of a range."""
        words = {"Key": self._key, "Range": f"bytes={start}-{end - 1}"}
        if self.known and self.known.etag:
            words["IfMatch"] = self.known.etag
        answer = self._ask("get_object", words)
        with closing(answer["Body"]) as body:
            sent = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.get("ContentRange", ""))
            self.verify(int(sent[3]) if sent else None, answer.get("ETag"))
            if sent is None or int(sent[1]) != start or int(sent[2]) >= end:
                self.refuse("its server sent other bytes than were asked for")
            if int(sent[2]) != end - 1:
                raise too_short(self.name, int(sent[3]))
            for piece in _pieces(body):
                into += piece

    @contextmanager
    def rest(self, start: int, version: str | None) -> Iterator[Rest]:
        """Make one GetObject from a byte on."""
        words = {"Key": self._key} | ({"Range": f"bytes={start}-"} if start else {})
        if version:
            words["IfMatch"] = version
        answer = self._ask("get_object", words)
        with closing(answer["Body"]) as body:
            begun = start if answer.get("ContentRange", "").startswith(f"bytes {start}-") else 0
            size = begun + int(answer["ContentLength"])
            yield Rest(begun, size, answer.get("ETag"), answer.get("ContentType", ""), self.uri, _pieces(body))

    def _ask(self, method: str, words: dict[str, str]) -> dict[str, Any]:
        known = credentials.resolve(self.creds_key, "s3")
        try:
            answer: dict[str, Any] = getattr(aws.client(known, self._unsigned), method)(Bucket=self._bucket, **words)
            return answer
        except exceptions.NoCredentialsError:
            if self.creds_key is not None:
                raise CredentialsError(f"credentials {self.creds_key!r}: AWS's own configuration has none") from None
            self._unsigned = True  # without a key and an environment, only what is public can be read
            return self._ask(method, words)
        except (exceptions.BotoCoreError, exceptions.ClientError, ValueError) as error:
            if why := aws.failure(error):
                raise BrokenReadError(why) from None
            if isinstance(error, exceptions.ClientError):
                self._refused(error)
            if isinstance(error, exceptions.SSLError):
                self.refuse("its server's certificate is not to be trusted")
            if isinstance(error, (exceptions.ParamValidationError, exceptions.InvalidDNSNameError)):
                self.refuse("is no address in S3")
            raise CredentialsError(
                f"{self.name}: AWS's configuration or the credentials {self.creds_key!r} cannot be used "
                f"({type(error).__name__})"
            ) from None

    def _refused(self, error: exceptions.ClientError) -> NoReturn:
        """Raise what a refusal means."""
        status, code = aws.answered(error)
        if code in aws.EXPIRED:
            raise CredentialsError(
                f"{self.name}: the credentials {self.creds_key!r} have expired: give them anew"
            ) from None
        if status in (401, 403):
            self.refuse_access()
        if status == 404:
            self.refuse_missing()
        if status == 412:
            raise changed(self.name) from None
        if status == 416:
            size = error.response["Error"].get("ActualObjectSize")
            raise too_short(self.name, int(size) if size else None) from None
        self.refuse(f"its server answers {code or status}")


def list_objects(uri: str, creds_key: str | None) -> Iterator[tuple[str, Fingerprint]]:
    """Yield the objects below a key, a thousand by one request; the one of that very key where there are none."""
    place = _Listing(uri.rstrip("/") + "/", creds_key)
    empty = True
    for key, content in place.pages(place.key):
        empty = False
        yield f"{uri.partition('://')[0]}://{place.bucket}/{key}", content
    if empty and not uri.endswith("/"):
        first = next(place.pages(place.key.rstrip("/")), None)
        if first is not None and f"{first[0]}/" == place.key:
            yield uri, first[1]


class _Listing(S3Ranges):
    """Asks for the keys of a bucket as an object is asked for."""

    def __init__(self, uri: str, creds_key: str | None) -> None:
        super().__init__(uri, creds_key)
        self.bucket, self.key = self._bucket, self._key

    def pages(self, prefix: str) -> Iterator[tuple[str, Fingerprint]]:
        after: dict[str, str] = {}
        patience = Patience(self.name)
        while True:
            try:
                page = self._ask("list_objects_v2", {"Prefix": prefix, **after})
            except BrokenReadError as error:
                patience.wait(error)
                continue
            for one in page.get("Contents", ()):
                if not one["Key"].endswith("/"):
                    yield one["Key"], Fingerprint(int(one["Size"]), one.get("ETag"))
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}


def _pieces(body: Any) -> Iterator[bytes]:
    try:
        while piece := body.read(_PIECE):
            yield piece
    except (exceptions.BotoCoreError, OSError):
        raise BrokenReadError("the connection broke off") from None
