"""What a manifest may name: files of its own folder, and addresses on public machines.

A manifest is somebody else's list. It must not make us read files that lie outside the folder it came in, nor ask
machines that only we can reach. Here: what can be told from a name alone, when it is registered. Not here: what a
public name leads to when it is asked (``rushes.ranges.reach``, heeded by ``rushes.ranges.http``).
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from rushes.errors import SettingsError
from rushes.ranges.address import check_address, protocol_of, shown
from rushes.ranges.reach import is_private_name

LISTED = frozenset(["http", "https", "s3", "gs", "gcs", "az", "abfs", "abfss"])
_WEB = ("http", "https")


def inside(folder: str | Path, name: str) -> str | None:
    """Return the absolute path of a file that a manifest names, if it lies in the folder; None if it leads outside.

    What links and ``..`` lead to counts; whether there is such a file does not.
    """
    path = os.path.normpath(os.path.join(os.path.abspath(folder), name))
    try:
        real, root = os.path.realpath(path), os.path.realpath(folder)
        return path if real != root and os.path.commonpath([real, root]) == root else None
    except (OSError, ValueError):  # no name of a file at all, as one with a NUL in it
        return None


def refuse_listed(uri: str, allow_private: bool = False) -> str | None:
    """Return why a manifest may not name an address, in words; None where it may. Nobody is asked."""
    if not uri.isprintable() or (" " in uri and protocol_of(uri) in _WEB):
        return f"{shown(uri)!r}: no address: it holds a space or a control character"
    if protocol_of(uri) not in LISTED:
        return f"{shown(uri)}: a manifest may not name {protocol_of(uri)}:// addresses"
    try:
        check_address(uri)
        host = urlsplit(uri).hostname
    except SettingsError as error:
        return str(error)
    except ValueError:
        host = None
    if not host:
        return f"{shown(uri)}: no address: it names no host"
    if protocol_of(uri) in _WEB and not allow_private and is_private_name(host):
        return f"{shown(uri)}: a manifest may not name private machines, unless it is added with --allow-private"
    return None
