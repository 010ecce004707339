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
_SECRET_FIELD = re.compile(
    r"(^sig|signature|token|secret|passw(or)?d|^pwd|credential|access[-_]?key([-_]?id)?|(api|auth)[-_]?key|^auth"
    r"|authorization|^jwt|^hdn[a-z]{1,2})_*$",
    re.IGNORECASE,
)
_LIKE_A_KEY = re.compile(r"[\w-]{20,}", re.ASCII)  # what Google's ``key=`` holds, which elsewhere is a file's name


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
    if secret := _secret_in(uri):
        raise SettingsError(
            f"{shown(uri)}: this address holds a secret ({secret}), which the store would keep: "
            "add it without, and give that as credentials with --creds-key"
        )


def _secret_in(uri: str) -> str:
    """Return what of an address nobody should read: a field's name, ``password`` or ``user``; "" when there is none."""
    on_the_web = protocol_of(uri) in ("http", "https")
    user = re.split("[/?#]", uri.partition("://")[2], maxsplit=1)[0].rpartition("@")[0]
    if ":" in user or (user and on_the_web):  # elsewhere it may be a container: abfs://container@account
        return "password" if ":" in user else "user"
    _, _, behind = uri.partition("?") if "?" in uri else uri.partition("#")
    fields = parse_qsl(behind.replace("#", "&").replace(";", "&")) if on_the_web else []
    for field, value in fields:
        if _SECRET_FIELD.search(field) or (field.lower() == "key" and _LIKE_A_KEY.fullmatch(value)):
            return field
    return ""
