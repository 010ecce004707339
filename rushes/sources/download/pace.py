"""The clock of a download: that it is neither slower than is borne nor faster than is allowed.

Here: bytes over time. Not here: waiting for the bytes (``watched``), what follows from it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rushes.errors import LinkError
from rushes.store.rejects import Reason
from rushes.work import stop

if TYPE_CHECKING:
    from rushes.settings import Ingest

_SLICE_S = 0.2


class Pace:
    """Counts what comes. ``check`` raises when too little does; ``came`` holds back when too much does."""

    def __init__(self, name: str, limits: Ingest) -> None:
        self._name = name
        self._rate = limits.rate_limit
        self._patience_s = limits.patience_s
        # Who is held back by us cannot be too slow.
        self._least = limits.patience_s * min(limits.min_speed, (self._rate or limits.min_speed * 2) / 2)
        self._begun = self._since = time.monotonic()
        self._total = self._lately = 0

    def came(self, count: int) -> None:
        """Count bytes; wait until they are no more than the limit allows."""
        self._total += count
        self._lately += count
        if self._rate is not None:
            sleep(self._begun + self._total / self._rate - time.monotonic())
        self.check()

    def check(self) -> None:
        """Heed a wish to stop. Raise ``LinkError`` when a stretch of patience has passed that brought too little."""
        stop.check()
        if time.monotonic() - self._since < self._patience_s:
            return
        if self._lately < self._least:
            speed = self._lately / self._patience_s
            raise LinkError(
                Reason.TOO_SLOW,
                f"{self._name}: {speed:.0f} bytes a second over {self._patience_s:g} s, less than ingest.min_speed",
            )
        self._since, self._lately = time.monotonic(), 0

    def pause(self, seconds: float) -> None:
        """Wait before another try; that time counts for nobody."""
        sleep(seconds)
        self._begun += seconds
        self._since += seconds


def sleep(seconds: float) -> None:
    """Wait, but not on somebody who wishes to stop."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        stop.check()
        time.sleep(min(left, _SLICE_S))
