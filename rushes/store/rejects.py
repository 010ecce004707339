"""Rejects: items that were dropped or failed, each with a reason code and a sentence for people.

Here: the one enumeration of reasons. Not here: the errors that stop a command (``rushes.errors``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why an item did not go on. The value is what stands in the ``reason`` column."""

    MISSING_FILE = "missing_file"
    EMPTY_FILE = "empty_file"
    NOT_VIDEO = "not_video"
    NO_VIDEO_STREAM = "no_video_stream"
    TRUNCATED = "truncated"
    UNDECODABLE = "undecodable"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    BAD_LINE = "bad_line"
    BAD_ID = "bad_id"
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    BAD_BOX = "bad_box"
    BAD_SPAN = "bad_span"
    OUTSIDE_VIDEO = "outside_video"
    NO_IMAGE = "no_image"
    ID_CONFLICT = "id_conflict"
    DUPLICATE = "duplicate"
    FORGOTTEN = "forgotten"
    TOO_SHORT = "too_short"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    STILL = "still"
    LOW_CONTRAST = "low_contrast"
    COLOURLESS = "colourless"
    NOISY = "noisy"
    LITTLE_MOTION = "little_motion"
    MUCH_MOTION = "much_motion"
    LETTERBOXED = "letterboxed"
    SLIDES = "slides"
    LOW_QUALITY = "low_quality"
    CARTOON = "cartoon"
    LOW_AESTHETICS = "low_aesthetics"
    BAD_EMBEDDING = "bad_embedding"
    NO_EMBEDDING = "no_embedding"
    NO_FIGURE = "no_figure"
    CORRUPT = "corrupt"
    NEAR_DUPLICATE = "near_duplicate"
    GONE = "gone"
    MISSING_REDACTIONS = "missing_redactions"
    FORMAT_LIMIT = "format_limit"
    FAILED = "failed"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Reject:
    """One item that was dropped. ``item_kind`` is video, annotation, clip, track, sequence or box."""

    item_kind: str
    item_id: str
    stage: str
    reason: Reason
    detail: str

    def row(self) -> dict[str, Any]:
        """Return the row of the ``rejects`` table."""
        return {**asdict(self), "reason": self.reason.value}
