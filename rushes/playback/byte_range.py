"""The ``Range`` header of HTTP: which bytes of a file a browser asks for.

Here: one header into one span (RFC 9110, 14). Not here: answering (``server``).
"""

from __future__ import annotations

import re

_SINGLE = re.compile(r"bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


class UnsatisfiableError(Exception):
    """The header asks for bytes that the file does not have."""


def asked_span(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the span ``[start, end)`` that a header asks for out of ``size`` bytes; None means the whole file.

    A header that is malformed, or asks for several spans, may be ignored, and is. Raises ``UnsatisfiableError``.
    """
    match = _SINGLE.fullmatch(header.strip()) if header else None
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        start, end = size - int(last), size
    else:
        start, end = int(first), int(last) + 1 if last else size
        if last and int(last) < start:
            return None
    start, end = max(start, 0), min(end, size)
    if start >= end:
        raise UnsatisfiableError
    return start, end
