"""Telling another program by HTTP what has happened, if ``$RUSHES_WEBHOOK`` names its address.

The address may hold a secret: it is in no message, log or table. That is why this is done with the standard library,
which logs nothing. Here: one JSON object by POST. Not here: what is told (``alarms``).
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

import tenacity

ADDRESS = "RUSHES_WEBHOOK"
# Sensors have a minute; three tries take a third of it at most.
_TIMEOUT_S, _TRIES = 5, 3
_MAY_PASS = (429, 500, 502, 503, 504)


class _NotElsewhere(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an answer."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def post(event: Mapping[str, Any]) -> str | None:
    """Send an event where one is wanted; return in words why that failed, or None. Never raises."""
    address = os.environ.get(ADDRESS, "").strip()
    if not address:
        return None
    if not address.startswith(("http://", "https://")):
        return f"{ADDRESS} is no address that begins with http:// or https://"
    try:
        status = _sent(address, json.dumps(event).encode())
    except (OSError, HTTPException, ValueError) as error:  # its message would hold the address
        return f"{ADDRESS} could not be reached: {type(error).__name__}"
    return None if 200 <= status < 300 else f"{ADDRESS} answered {status}"


@tenacity.retry(
    stop=tenacity.stop_after_attempt(_TRIES),
    wait=tenacity.wait_exponential(multiplier=0.5),
    retry=tenacity.retry_if_result(lambda status: status in _MAY_PASS) | tenacity.retry_if_exception_type(OSError),
    retry_error_callback=lambda state: state.outcome.result() if state.outcome else 0,
)
def _sent(address: str, body: bytes) -> int:
    """Return the answer's status."""
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.build_opener(_NotElsewhere).open(request, timeout=_TIMEOUT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
