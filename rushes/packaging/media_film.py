"""A sequence's frames as a film: an mp4 of its own, or a place in the video that they come from.

Here: plain data. Not here: how films are made (``media``), and written down (``media_rows``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rushes.video.index import PacketIndex

How = Literal["linked", "copied", "encoded"]


@dataclass(frozen=True)
class Film:
    """The frames of one sequence, each once, in the video's order.

    ``data`` is an mp4, and None for a link. ``video`` says how it is coded, by the columns of ``videos``, and of a link
    where it is. ``index`` has the packets, by their places in the mp4 or in the linked file, and ``frames`` int32 (n,),
    ascending, says which frame of the source video each of them is. A link has packets of frames that are not the
    sequence's, where decoding needs them.
    """

    how: How
    data: bytes | None
    video: Mapping[str, Any]
    index: PacketIndex
    frames: np.ndarray
