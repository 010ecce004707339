"""Uploads in parts that nobody ended: their parts are paid for, and no listing shows them.

Here: finding and ending them, in S3 and what speaks its protocol. Other stores are asked for none.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from rushes.errors import StoreError
from rushes.store.objects import Objects
from rushes.tidy.leftover import Lying, Remain

WHAT = "unfinished uploads"


def old_uploads(lying: Lying) -> Iterator[Remain]:
    """Yield the uploads that were begun long ago."""
    for upload in _uploads(lying.objects):
        if upload["Initiated"].timestamp() < lying.limit:
            place = {"Bucket": _place(lying.objects)[0], "Key": upload["Key"], "UploadId": upload["UploadId"]}
            yield Remain(WHAT, upload["Key"], _size(place), partial(_ask, "abort_multipart_upload", **place))


def _uploads(objects: Objects) -> Iterator[dict[str, Any]]:
    if not objects.uri.startswith(("s3://", "s3a://")):
        return
    bucket, prefix = _place(objects)
    after: dict[str, str] = {}
    while True:
        page = _ask("list_multipart_uploads", Bucket=bucket, Prefix=prefix, **after)
        yield from page.get("Uploads", ())
        if not page.get("IsTruncated"):
            return
        after = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}


def _size(place: dict[str, str]) -> int:
    """Return how many bytes came, of the first thousand parts at least."""
    return sum(int(part["Size"]) for part in _ask("list_parts", **place).get("Parts", ()))


def _place(objects: Objects) -> tuple[str, str]:
    bucket, _, prefix = objects.root.partition("/")
    return bucket, f"{prefix}/" if prefix else ""


def _ask(method: str, **words: Any) -> dict[str, Any]:
    from rushes.ranges import aws

    try:
        answer: dict[str, Any] = getattr(aws.client(), method)(**words)
    except (aws.exceptions.BotoCoreError, aws.exceptions.ClientError) as error:
        if isinstance(error, aws.exceptions.ClientError):
            status, code = aws.answered(error)
            if code == "NoSuchUpload":
                return {}  # it has ended meanwhile
            if status == 403:
                raise StoreError("unfinished uploads: may not be listed: see Permissions in docs/storage.md") from None
        raise StoreError(f"unfinished uploads: {' '.join(str(error).split())}: go on later") from None
    return answer
