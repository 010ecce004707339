"""Two real clips whose tracks are known, from the boxes of the detector that comes with them."""

from __future__ import annotations

import numpy as np
import pytest
import trackers
from known_tracks import TUD_FPS, Frames, agreement, ids_of, tud

from rushes.tracking.bytetrack import track_clip

# The highest HOTA and the highest IDF1 of the other trackers in benchmarks/association.py, in percent: those of
# ultralytics 8.4.190's ByteTrack and trackers 2.6.1's BoT-SORT and SORT. At every third frame, the mean of the three
# ways to begin.
BEST_OF_OTHERS = {
    ("TUD-Campus", 1): (40.414, 57.785),
    ("TUD-Campus", 3): (39.680, 55.476),
    ("TUD-Stadtmitte", 1): (39.944, 65.192),
    ("TUD-Stadtmitte", 3): (39.714, 65.184),
}


def ours(seen: Frames, fps: float) -> list[np.ndarray]:
    return track_clip([(boxes, scores) for scores, boxes in seen], np.arange(len(seen)) / fps)


def bytetrack_of_trackers(seen: Frames, fps: float) -> list[np.ndarray]:
    return ids_of(trackers.ByteTrackTracker(frame_rate=fps), seen)


@pytest.mark.parametrize(("name", "every"), list(BEST_OF_OTHERS))
def test_tracks_agree_with_the_truth_at_least_as_well_as_the_best_of_other_trackers(name: str, every: int) -> None:
    mine, theirs = [], []
    for first in range(every):
        known, seen = tud(name, every, first)
        boxes = [found for _, found in seen]
        mine.append(agreement(known, boxes, ours(seen, TUD_FPS / every)))
        theirs.append(agreement(known, boxes, bytetrack_of_trackers(seen, TUD_FPS / every)))
    for figure, best in zip(("HOTA", "IDF1"), BEST_OF_OTHERS[name, every], strict=True):
        reached = np.mean([result[figure] for result in mine])
        assert reached >= best
        assert reached >= np.mean([result[figure] for result in theirs])
