"""Which tracks are kept: those that last long enough and are large enough.

Here: thresholds against a track's own row. Not here: the names of sets of thresholds (``rushes.settings``), and what is
done with tracks that are not kept: they stay in the tables, marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushes.settings import Keep
from rushes.store.rejects import Reason, Reject


def judged(track: Mapping[str, Any], keep: Keep) -> tuple[dict[str, Any], Reject | None]:
    """Return a row of ``tracks`` with ``kept`` and ``reason``, and its reject where it is not kept.

    A track lasts from its first box's frame to the end of its last box's, whatever lies between.
    """
    rules = (
        (Reason.TOO_SHORT, "duration_s", track["end_s"] - track["start_s"], keep.min_duration_s),
        (Reason.TOO_SMALL, "mean_area", track["mean_area"], keep.min_area),
    )
    for reason, figure, value, bound in rules:
        if value < bound:
            words = f"{figure} {value:.3g} < {bound:g}"
            return {**track, "kept": False, "reason": reason.value}, Reject(
                "track", track["track_id"], "tracks", reason, words
            )
    return {**track, "kept": True, "reason": None}, None
