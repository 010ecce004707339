"""Clients of Amazon's protocol by botocore, and which failures may pass.

botocore finds endpoint, region and credentials as every AWS program does, renews those of profiles and roles, and its
clients can be shared between threads. Each request is made once: trying again is for who made it, for who knows what a
lost answer means. Here: clients, and the words for failures. Not here: requests (``s3`` for files elsewhere,
``rushes.store.bucket`` for the store's own objects).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rushes.errors import StoreError

try:
    import botocore.session
    from botocore import UNSIGNED, exceptions
    from botocore.config import Config
except ImportError:
    raise StoreError("s3:// needs another package: pip install 'rushes[s3]'") from None

CONNECTIONS = 16
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
# What may go better the next time, beside every status from 500 on: too much at once, or a body that broke on its way.
_PASSING = frozenset(
    {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "RequestTimeout",
     "InternalError", "ServiceUnavailable", "OperationAborted", "ConditionalRequestConflict", "IncompleteBody",
     "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
)  # fmt: skip


def client(values: Mapping[str, Any] | None = None, unsigned: bool = False) -> Any:
    """Return this process's client with these values and, for what they do not say, the environment of now."""
    return _client(os.getpid(), environment(), unsigned, tuple(sorted((values or {}).items())))


@dataclass(frozen=True)
class Whereabouts:
    """Where S3 is and who asks there, for a program that does not look into AWS's configuration by itself."""

    host: str
    encrypted: bool
    by_path: bool
    region: str
    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def whereabouts() -> Whereabouts:
    """Return what the environment of now says. Raises ``StoreError`` when that cannot be used."""
    try:
        session = botocore.session.Session()
        found = session.get_credentials()
        held = found.get_frozen_credentials() if found else None
        one = client()
    except (exceptions.BotoCoreError, ValueError) as error:
        raise StoreError(f"AWS's configuration cannot be used: {' '.join(str(error).split())}") from None
    scheme, _, host = one.meta.endpoint_url.partition("://")
    style = (one.meta.config.s3 or {}).get("addressing_style", "auto")
    by_path = style == "path" or (style == "auto" and not re.search(r"\.amazonaws\.com(\.cn)?$", host))
    keys = (held.access_key, held.secret_key, held.token) if held else ()
    return Whereabouts(host.rstrip("/"), scheme == "https", by_path, one.meta.region_name, *keys)


def failure(error: Exception) -> str | None:
    """Return in words a failure that may pass; None for one that will not."""
    if isinstance(error, exceptions.ClientError):
        status, code = answered(error)
        passes = (status >= 500 and status != 501) or status in (408, 429) or code in _PASSING
        return f"its server answers {code or status}" if passes else None
    if isinstance(error, exceptions.SSLError):
        return None
    if isinstance(error, (exceptions.IncompleteReadError, exceptions.ResponseStreamingError)):
        return "the connection broke off"
    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError)):
        return "no connection to its server, or no answer in time"
    if isinstance(error, exceptions.BotoCoreError):
        return None
    return "the connection broke off" if isinstance(error, OSError) else None


def answered(error: exceptions.ClientError) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"]), str(error.response["Error"].get("Code", ""))


def environment() -> tuple[tuple[str, str], ...]:
    """Return the variables that speak of AWS, to tell clients of one environment from those of another."""
    return tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))


@lru_cache(maxsize=16)
def _client(
    pid: int, environment: tuple[tuple[str, str], ...], unsigned: bool, known: tuple[tuple[str, Any], ...]
) -> Any:
    """Return a client. Connections of the process that this one was forked from are not its own: hence ``pid``."""
    values = dict(known)
    session = botocore.session.Session(profile=values.pop("profile_name", None))
    region = values.pop("aws_region", None) or dict(environment).get("AWS_REGION")  # which botocore does not know
    config = Config(
        signature_version=UNSIGNED if unsigned else None,
        connect_timeout=10,
        read_timeout=30,
        max_pool_connections=CONNECTIONS,
        retries={"total_max_attempts": 1},
        # Not every server that speaks the protocol knows the newer checksums; Content-MD5, which all know, goes along.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.create_client("s3", region_name=region, config=config, **values)
