"""TrackVerse's files: a JSON line for each track of a video, and what was done of the video.

``XX/YID-meta.jsonl.gzip`` and ``XX/YID-progress.json``, where YID is the video's id on YouTube, of another video its
name, and XX its first two characters; below a folder of the split where a data set has several. ``RELEASED`` writes the
lines of the published files, ``WITH_SCORES`` those of its tracker (2024), which have scores and classes of each frame.
A line has all of a track's boxes at the rate of tracking, whatever frames the recipe chose: that is what TrackVerse's
users cut their own clips from.

A detector that gives a single score a box has no objectness: ``frame_obj`` is that score, and so is ``frame_cls``; the
weighted ones are the products, as TrackVerse has them. ``top10_wcls`` is ``top10_cls`` times the track's mean score.

Here: those lines, the names of files, and which tracks repeat another. Not here: the crops (``track_crops``).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.packaging.packed import File, shortest
from rushes.packaging.packed_tracks import PackedTrack, PackedVideo
from rushes.sources.formats.youtube_ids import video_id, youtube_id
from rushes.store.rejects import Reason, Reject

_Line = dict[str, Any]

# A track that overlaps an earlier one by more is taken for the same object.
MOST_OVERLAP = 0.9


@dataclass(frozen=True)
class Lines:
    """The format in one of its two schemas."""

    name: str
    scores: bool

    def video_files(self, video: PackedVideo) -> Iterator[File | Reject]:
        """A video's two files; the rows of the first are tracks, of the second spans.

        Released lines name a crop, so that tracks without one are rejects; the tracker's own lines have all.
        """
        tracks: Sequence[PackedTrack] = video.tracks
        if not self.scores:
            tracks, rejects = distinct(tracks, self.name)
            yield from rejects
        lines = [_with_scores(video, track) if self.scores else _released(video, track) for track in tracks]
        text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
        name = youtube_name(video)
        stem = f"{split_folder(video)}{name[:2]}/{name}"
        yield File(f"{stem}-meta.jsonl.gzip", gzip.compress(text.encode(), mtime=0), len(lines))
        progress = {"segments_complete": [list(span) for span in video.searched], "num_tracks": len(lines)}
        yield File(f"{stem}-progress.json", json.dumps(progress).encode(), len(video.searched))


RELEASED = Lines("trackverse", scores=False)
WITH_SCORES = Lines("trackverse-scores", scores=True)


def youtube_name(video: PackedVideo) -> str:
    """Return a video's id on YouTube, which its name was made of; the name itself of one from elsewhere."""
    id = video.video_id.removeprefix("yt")
    return id if youtube_id(id) and video_id(id) == video.video_id else video.video_id


def split_folder(video: PackedVideo) -> str:
    """Return the folder of a video's split, with a slash; a data set without splits has none."""
    return "" if video.split == "all" else f"{video.split}/"


def mp4_name(video: PackedVideo, track: PackedTrack) -> str:
    """Return the path of a track's crop below its split, ``XX/YID-LABEL-HASH.mp4``; the hash is TrackVerse's."""
    name, (times, boxes) = youtube_name(video), _places(track)
    marked = f"{name}-{tuple(times)}-{tuple(map(tuple, boxes))}"
    digest = hashlib.md5(marked.encode(), usedforsecurity=False).hexdigest()
    return f"{name[:2]}/{name}-{_label(track.class_name)}-{digest}.mp4"


def distinct(tracks: Sequence[PackedTrack], stage: str) -> tuple[list[PackedTrack], list[Reject]]:
    """Return the tracks that repeat none before them, and a reject for each of the others."""
    kept: list[PackedTrack] = []
    rejects = []
    for track in tracks:
        share, other = max(((overlap(one, track), one.track_id) for one in kept), default=(0.0, ""))
        if share > MOST_OVERLAP:
            detail = f"overlaps {other} by {share:.3f}, more than {MOST_OVERLAP}: taken for the same object"
            rejects.append(Reject("track", track.track_id, stage, Reason.DUPLICATE, detail))
        else:
            kept.append(track)
    return kept, rejects


def overlap(a: PackedTrack, b: PackedTrack) -> float:
    """Return the area that two tracks share over that of both together, summed over their boxes.

    A box of ``a`` while ``b`` lasts is held against the box of ``b`` that is nearest in time; what either has before or
    after the other counts as not shared. TrackVerse forgets the latter of ``b``, so that a long track is dropped for a
    short one.
    """
    if a.times_s[0] > b.times_s[-1] or b.times_s[0] > a.times_s[-1]:
        return 0.0
    ours, theirs = a.boxes.astype(np.float64), b.boxes.astype(np.float64)
    both = (a.times_s >= b.times_s[0]) & (a.times_s <= b.times_s[-1])
    beside = theirs[_nearest(b.times_s, a.times_s[both])]
    low = np.maximum(ours[both, :2], beside[:, :2])
    high = np.minimum(ours[both, :2] + ours[both, 2:], beside[:, :2] + beside[:, 2:])
    shared = (high - low).clip(0).prod(axis=1).sum()
    outside = (b.times_s < a.times_s[0]) | (b.times_s > a.times_s[-1])
    whole = _area(ours) + _area(beside) - shared + _area(theirs[outside])
    return float(shared / whole) if whole > 0 else 0.0


def _nearest(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the place of the time that is nearest to each that is wanted, the earlier of two."""
    after = np.searchsorted(times, wanted).clip(0, len(times) - 1)
    before = (after - 1).clip(0)
    return np.where(wanted - times[before] <= times[after] - wanted, before, after)


def _area(boxes: np.ndarray) -> float:
    return float(boxes[:, 2:].prod(axis=1).sum())


def _released(video: PackedVideo, track: PackedTrack) -> _Line:
    times, boxes = _places(track)
    return {
        "track_id": track.track_id,
        "track_ts": [times[0], times[-1]],
        "frame_ts": times,
        "frame_bboxes": boxes,
        "yid": youtube_name(video),
        "track_mp4_filename": mp4_name(video, track),
        "top10_label_ids": list(track.top10_class_ids),
        "top10_label_names": _names(track),
    }


def _with_scores(video: PackedVideo, track: PackedTrack) -> _Line:
    times, boxes = _places(track)
    scores = [shortest(score) for score in track.scores]
    return {
        "track_id": track.track_id,
        "video_size": [video.height, video.width],
        "track_ts": [times[0], times[-1]],
        "top10_lbl": list(track.top10_class_ids),
        "top10_desc": _names(track),
        "top10_cls": [list(track.top10_mean), list(track.top10_std)],
        "top10_wcls": [
            [value * track.mean_score for value in values] for values in (track.top10_mean, track.top10_std)
        ],
        "frame_ts": times,
        "frame_bboxes": boxes,
        "frame_obj": scores,
        "frame_cls": scores,
        "frame_wcls": [score * score for score in scores],
        "frame_lbl": list(track.class_ids),
        "frame_desc": list(track.class_names),
    }


def _names(track: PackedTrack) -> list[str]:
    return list(track.top10_class_names) or [track.class_name]


def _places(track: PackedTrack) -> tuple[list[float], list[list[float]]]:
    """Return the times and boxes of a track as they are written."""
    return track.times_s.tolist(), [[shortest(value) for value in box] for box in track.boxes]


def _label(class_name: str) -> str:
    """Return a class's name as it stands in the name of a file; TrackVerse's are prompts with synonyms behind."""
    first = class_name.replace("photo of a ", "").split(" (also")[0]
    return re.sub(r"[^\w().,'+-]+", "-", first)
