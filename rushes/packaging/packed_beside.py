"""What a format may be given with a sequence beside its frames: other rates, vectors in time, labels of people.

Here: plain data, and its times in microseconds and at other rates. Not here: where it comes from (``beside``), and what
a format makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rushes.packaging.packed import FrameBoxes


@dataclass(frozen=True)
class ToldFrame:
    """A frame that people told all boxes of, and that is none of the sequence's: its time in seconds, their boxes."""

    time_s: float
    boxes: FrameBoxes


@dataclass(frozen=True)
class ImagesAtRate:
    """The sequence's time at another rate: ``times_us`` int64 (n,) strictly increasing, and as many JPEGs."""

    fps: float
    times_us: npt.NDArray[np.int64]
    jpegs: tuple[bytes, ...]


@dataclass(frozen=True)
class VectorsInTime:
    """The vectors stored along the sequence: ``times_s`` float64 (n,) increasing, ``vectors`` float32 (n, d)."""

    times_s: npt.NDArray[np.float64]
    vectors: npt.NDArray[np.float32]


@dataclass(frozen=True)
class LabelledSpan:
    """What people said happens from ``start_s`` to ``end_s``, seconds in the source video; ``index`` numbers labels."""

    start_s: float
    end_s: float
    index: int
    name: str
    score: float | None


@dataclass(frozen=True)
class Beside:
    """All that of a sequence. ``spans`` is None in a data set without any label of people's."""

    told: tuple[ToldFrame, ...] = ()
    rates: tuple[ImagesAtRate, ...] = ()
    vectors: VectorsInTime | None = None
    spans: tuple[LabelledSpan, ...] | None = None


def seconds_to_us(seconds: float) -> int:
    """Return whole microseconds."""
    return round(seconds * 1_000_000)


def resampled(
    times_us: npt.NDArray[np.int64], end_us: int, fps: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return a regular grid over frames, and the frame that is shown at each of its times: both int64 (m,).

    The grid has the times k / ``fps`` from 0 that are not before the first of ``times_us`` (ascending) and before
    ``end_us``. The nearest frame is shown, the later of two; after the last, the last: as MediaPipe's resampler does.
    """
    first = int(np.ceil(times_us[0] * fps / 1e6)) - 1
    last = int(np.ceil(end_us * fps / 1e6)) + 1
    grid = np.round(np.arange(first, last + 1) * 1e6 / fps).astype(np.int64)
    grid = np.unique(grid[(grid >= times_us[0]) & (grid < end_us)])
    after = np.searchsorted(times_us, grid, side="left").clip(0, len(times_us) - 1)
    before = (after - 1).clip(0)
    nearest = np.where(np.abs(times_us[after] - grid) <= np.abs(grid - times_us[before]), after, before)
    return grid, nearest.astype(np.int64)
