"""What clips are cut out of: sequences of frames with boxes, as a packaged data set has them, or one made by hand.

Here: that interface. Not here: the data sets (``rushes.packaging.reader``, ``rushes.handmade``).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Source(Protocol):
    """Columns that are indexed by sequence, then by steps, and then give ``numpy()``.

    ``frames`` uint8 (n, h, w, 3); ``boxes``, of which ``to(type, mode)`` gives those in other coords, ``ids``,
    ``classes``, ``scores`` lists of an array for each step; ``timestamps``, ``frame_numbers`` (n,). ``label_ids[5]`` is
    a number or None.
    """

    @property
    def sequence_ids(self) -> list[str]: ...
    @property
    def lengths(self) -> npt.NDArray[np.int32]: ...
    @property
    def shard_numbers(self) -> npt.NDArray[np.int64]: ...
    @property
    def frames(self) -> Any: ...
    @property
    def boxes(self) -> Any: ...
    @property
    def ids(self) -> Any: ...
    @property
    def classes(self) -> Any: ...
    @property
    def scores(self) -> Any: ...
    @property
    def timestamps(self) -> Any: ...
    @property
    def frame_numbers(self) -> Any: ...
    @property
    def label_ids(self) -> Any: ...
