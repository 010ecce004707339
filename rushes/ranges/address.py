"""Addresses of files: paths and URIs, and how they are shown to people.

Here: the parts of an address, and which are fit to be kept. What is shown of one never holds a password, a token or a
signature. Not here: opening
anything.
"""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qsl

from rushes.errors import SettingsError

# The kinds of addresses that are read at all. Drivers know more: ones that run commands, or read any local file.
SCHEMES = frozenset(
    ["file", "http", "https", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "gdrive", "memory"]
)
_SECRET_FIELD = re.compile(r"(^sig|signature|token|secret|password|credential|accesskeyid|api[-_]?key)$", re.IGNORECASE)


def protocol_of(uri: str) -> str:
    """Return what stands before ``://``, in small letters; ``file`` for a path."""
    protocol, separator, _ = uri.partition("://")
    return {"local": "file"}.get(protocol.lower(), protocol.lower()) if separator else "file"


def is_elsewhere(uri: str) -> bool:
    """Tell whether an address is of a file on another machine, or at least no local path."""
    return protocol_of(uri) != "file"


def local_path(uri: str) -> str:
    """Return the path of a local file's address."""
    return os.fspath(uri) if "://" not in uri else uri.partition("://")[2]


def shown(uri: str) -> str:
    """Return an address without user, password, and, on the web, query: what messages may say."""
    if not is_elsewhere(uri):
        return uri
    protocol, _, rest = uri.partition("://")
    if protocol_of(uri) in ("http", "https"):
        rest = rest.partition("#")[0].partition("?")[0]
    host, slash, path = rest.partition("/")
    return f"{protocol}://{host.rpartition('@')[2]}{slash}{path}"


def check_address(uri: str) -> None:
    """Raise ``SettingsError`` for an address of no known kind, or one that holds what nobody should read."""
    if protocol_of(uri) not in SCHEMES:
        raise SettingsError(f"{shown(uri)}: {protocol_of(uri)}:// is no known kind of address")
    if not is_elsewhere(uri):
        return
    secret = "password" if ":" in uri.partition("://")[2].partition("/")[0].rpartition("@")[0] else ""
    query = uri.partition("?")[2] if protocol_of(uri) in ("http", "https") else ""
    secret = next((field for field, _ in parse_qsl(query) if _SECRET_FIELD.search(field)), secret)
    if secret:
        raise SettingsError(
            f"{shown(uri)}: this address holds a secret ({secret}), which the store would keep: "
            "add it without, and give that as credentials with --creds-key"
        )
