"""Addresses of files: paths and URIs, and how they are shown to people.

Here: the parts of an address. What is shown of one never holds a password, a token or a signature. Not here: opening
anything.
"""

from __future__ import annotations

import os


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
