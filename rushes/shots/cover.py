"""Whether clips lie as they should: in spans, without gaps, and overlapping only where spans do.

Here: that rule, for one video. Not here: reading tables and telling of it (``orchestration.checks``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

Range = tuple[int, int]


def out_of_place(clips: Sequence[Range], spans: Sequence[Range]) -> list[Range]:
    """Return the stretches of frames ``[start, end)`` at which clips do not lie as they should, in order.

    Every frame of a span must be in a clip, and every clip in a span; nowhere may more clips than spans overlap. Clips
    that lie across the borders of all spans that they touch are returned whole.
    """
    clip_count, span_count = _depth(clips), _depth(spans)
    borders = sorted({*clip_count, *span_count})
    clips_here = spans_here = 0
    wrong = []
    for start, end in pairwise(borders):
        clips_here += clip_count[start]
        spans_here += span_count[start]
        if clips_here > spans_here or (spans_here and not clips_here):
            wrong.append((start, end))
    across = [clip for clip in clips if not any(start <= clip[0] and clip[1] <= end for start, end in spans)]
    return sorted({*wrong, *across})


def _depth(ranges: Iterable[Range]) -> Counter[int]:
    """Return by how many more, or fewer, ranges overlap from a frame on."""
    change: Counter[int] = Counter()
    for start, end in ranges:
        change[start] += 1
        change[end] -= 1
    return change
