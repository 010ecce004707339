"""Thresholds of the association, and the sets of them that have a name.

Here: what each threshold means, and numbers. Not here: what is done with them (``bytetrack``).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PRESETS", "TrackerParams"]


@dataclass(frozen=True)
class TrackerParams:
    """Thresholds of the association. What is not given joins whatever overlaps at all.

    The cost of joining a track and a detection is 1 − IoU, or 1 − IoU · score with ``fuse_score``; a pair is joined
    at a cost below the round's limit, and never without overlap.
    """

    track_thresh: float = 0.4
    """A detection with this score or more is sure, with less it is doubtful."""
    new_track_margin: float = 0.1
    """A detection must reach ``track_thresh`` plus this to begin a track."""
    low_thresh: float = 0.1
    """A detection with a lower score is ignored."""
    match_thresh: float = 0.9
    """Limit of the first round, sure detections with confirmed tracks."""
    low_match_thresh: float = 0.7
    """Limit of the second round, doubtful detections; never fused with the score."""
    unconfirmed_match_thresh: float = 0.9
    """Limit of the third round, sure detections with unconfirmed tracks."""
    fuse_score: bool = True
    """Whether the first and third round prefer high scores."""
    motion_weight: float = 1.0
    """Weight of that cost in the first round; the rest weighs the cosine distance of appearance, which counts as 0
    where no features are given."""
    track_buffer_s: float = 1.5
    """For how many seconds a track without boxes can be found again."""
    min_hits: int = 2
    """Boxes in consecutive frames that confirm a track; those of a clip's first frame are confirmed at once."""


PRESETS: dict[str, TrackerParams] = {
    # For a detector's raw output (scores from 0.1) at about 8 fps: what benchmarks/association.py found best.
    "default": TrackerParams(match_thresh=0.75, unconfirmed_match_thresh=0.75, fuse_score=False),
    # TrackVerse's numbers, not its association: the rounds are those of ``bytetrack``. The first is the command line
    # that it documents (8 fps), with what that leaves open taken from its released code.
    "trackverse-doc": TrackerParams(
        low_thresh=0.2,
        track_thresh=0.6,
        new_track_margin=0.1,
        match_thresh=0.3,
        low_match_thresh=0.5,
        unconfirmed_match_thresh=0.7,
        fuse_score=True,
        motion_weight=0.4,
        track_buffer_s=0.75,  # int(8 / 30 · 24) frames at 8 fps
    ),
    # The defaults of TrackVerse's released code (16 fps).
    "trackverse-v1": TrackerParams(
        low_thresh=0.1,
        track_thresh=0.55,
        new_track_margin=0.1,
        match_thresh=0.45,
        low_match_thresh=0.5,
        unconfirmed_match_thresh=0.7,
        fuse_score=True,
        motion_weight=0.4,
        track_buffer_s=0.75,  # int(16 / 30 · 24) frames at 16 fps
    ),
}
