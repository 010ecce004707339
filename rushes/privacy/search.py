"""Searching a clip for what must not be shown: sampled frames first, then crops wherever something moves.

Here: which frames are looked at, and the detectors of the kinds that the settings name. Not here: the detectors
(``faces``, ``plates``), following (``follow``), and what is hidden in the end (``regions``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rushes.privacy.faces import FaceDetector
from rushes.privacy.follow import Follower, Path, needs_following
from rushes.privacy.found import Finder, Found
from rushes.privacy.plates import PlateDetector
from rushes.privacy.regions import Region, linked, region
from rushes.settings import Privacy
from rushes.video.sampling import scaled_down

LINES = 360
"""The shorter side, in pixels, to which larger frames are scaled before they are searched."""

# What reached this part of the score that it needs is followed: it may reach it in a frame between samples.
_PROMISING = 0.75

Gap = tuple[int, int]


class Frames(Protocol):
    """A video that gives frames scaled: uint8 (h, w, 3) RGB in presentation order, as ``VideoReader`` does."""

    @property
    def times_s(self) -> np.ndarray: ...

    def frames(self, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[tuple[int, np.ndarray]]: ...


@dataclass(frozen=True)
class Kind:
    """Something to look for: what its regions are called, who finds it, the score it must reach once, and the length
    in pixels at which it is found well: when it is followed, it is scaled down to that."""

    name: str
    finder: Finder
    min_score: float
    side: int


def kinds(privacy: Privacy) -> tuple[Kind, ...]:
    """Load the detectors that the settings ask for."""
    made: list[Kind] = []
    if "faces" in privacy.look_for:
        faces = FaceDetector(privacy.model, privacy.min_linked_score, LINES)
        made.append(Kind("face", faces, privacy.min_score, side=24))
    if "plates" in privacy.look_for:
        plates = PlateDetector(privacy.plates_model, privacy.min_linked_plate_score)
        made.append(Kind("plate", plates, privacy.min_plate_score, side=48))
    return tuple(made)


class Search:
    """The search of one clip after another. Raises ``ModelError`` for a model that is unknown or wrong."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy
        self._kinds = kinds(privacy)

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) to which frames of this size should be scaled before they are given."""
        return scaled_down(width, height, LINES)

    def samples(self, times_s: np.ndarray, clip: tuple[int, int]) -> list[int]:
        """The frames of a clip to look at: each in the middle of its share of the clip's time. None where nothing is
        looked for."""
        return samples(times_s, clip, self._privacy.sample_fps) if self._kinds else []

    def look(self, picture: np.ndarray) -> list[Found]:
        """What is in a picture, one entry a kind."""
        return [kind.finder([picture])[0] for kind in self._kinds]

    def regions(
        self,
        found: Mapping[int, list[Found]],
        video: Frames,
        clip: tuple[int, int],
        size: tuple[int, int],
        frame_size: tuple[int, int],
    ) -> list[Region]:
        """Return what to hide in a clip, given what ``look`` found in its samples.

        ``size`` is that of the pictures, ``frame_size`` that of the source. Pictures between two samples are read again
        where something comes, goes or runs.
        """
        times, samples = video.times_s, sorted(found)
        paths: list[tuple[Kind, Path]] = []
        for at, kind in enumerate(self._kinds):
            for path in linked({n: found[n][at] for n in samples}, times):
                if max(path.scores.values()) >= _PROMISING * kind.min_score:
                    paths.append((kind, path))
        gaps = list(zip([clip[0] - 1, *samples], [*samples, clip[1]], strict=True))
        _follow(paths, gaps, video, size)
        scale = frame_size[0] / size[0], frame_size[1] / size[1]
        return [
            region(kind.name, path, times, clip, scale, frame_size, self._privacy.padding)
            for kind, path in paths
            if max(path.scores.values()) >= kind.min_score
        ]


def samples(times_s: np.ndarray, clip: tuple[int, int], fps: float) -> list[int]:
    """Return the frames in the middle of equal shares of a clip's time, about ``fps`` a second and at least one."""
    start, end = clip
    times = times_s[start:end]
    last_s = (times[-1] - times[0]) / max(1, len(times) - 1)
    length_s = times[-1] - times[0] + last_s
    count = max(1, round(length_s * fps))
    middles = times[0] + (np.arange(count) + 0.5) * length_s / count
    frames: list[int] = (start + np.unique(np.searchsorted(times, middles, side="right") - 1)).tolist()
    return frames


def _follow(paths: Sequence[tuple[Kind, Path]], gaps: Sequence[Gap], video: Frames, size: tuple[int, int]) -> None:
    """Follow every path through the gaps in which it needs that; of one gap at a time all pictures are held."""
    busy = {gap: [(k, p) for k, p in paths if needs_following(p, *gap)] for gap in gaps}
    open_gaps = [gap for gap in gaps if busy[gap]]
    pictures = video.frames([n for start, end in open_gaps for n in range(start + 1, end)], size)
    for start, end in open_gaps:
        held = dict(next(pictures) for _ in range(start + 1, end))
        for kind, path in busy[start, end]:
            Follower(kind.finder, kind.side, video.times_s, held, path).between(start, end)
