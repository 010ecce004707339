"""The one way by which pixels leave: frames of a video with everything hidden that must not be shown.

Contact sheets, reports and data sets all read here. Here: joining frames with their redactions. Not here: hiding
(``redact``), and who is given the pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import cv2
import duckdb
import numpy as np

from rushes.errors import StoreError
from rushes.privacy.look import DEFAULT_LOOK, Look
from rushes.privacy.redact import redact
from rushes.store.objects import Objects
from rushes.video.media import media_ranges, open_reader, packet_index

# Without knowing where faces are, a picture may only be shown at a width at which none can be made out.
_BLIND_WIDTH = 40

_Hidden = tuple[np.ndarray, list[str]]  # boxes (n, 4) in source pixels, and the kind of each
_NOTHING: _Hidden = (np.empty((0, 4), np.float32), [])


class Delivery:
    """Frames of one video as they may be shown. ``hide`` False gives them as they are, and is a recipe's choice, as is
    the ``look`` of what is hidden. ``source`` and ``index`` are the video's own bytes, with nothing hidden."""

    def __init__(
        self,
        objects: Objects,
        connection: duckdb.DuckDBPyConnection,
        video_id: str,
        *,
        hide: bool = True,
        look: Look = DEFAULT_LOOK,
    ) -> None:
        rows = connection.execute("SELECT * FROM videos WHERE video_id = ?", [video_id]).to_arrow_table().to_pylist()
        if not rows:
            raise StoreError(f"no video named {video_id!r} in {objects.uri}")
        self.video: dict[str, Any] = rows[0]
        packets = connection.execute(
            "SELECT * FROM packets WHERE video_id = ? ORDER BY frame", [video_id]
        ).to_arrow_table()
        self.index = packet_index(self.video, packets)
        self.source = media_ranges(objects, self.video, self.index)
        self._reader = open_reader(self.source, self.video, self.index)
        self._hidden = _hidden_by_frame(connection, video_id) if hide else {}
        self._look = look
        self._searched = _searched_ranges(connection, video_id) if hide else None

    def __enter__(self) -> Delivery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    @property
    def times_s(self) -> np.ndarray:
        """Presentation times of all frames, float64 seconds."""
        return self._reader.times_s

    def frames(self, numbers: Iterable[int], size: tuple[int, int] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (frame number, uint8 (h, w, 3) RGB) in presentation order, scaled to ``size`` (width, height).

        A frame in which nobody has looked for what to hide comes too coarse to show anyone.
        """
        for number, picture in self._reader.frames(numbers, size):
            scale = np.array(
                [picture.shape[1] / self.video["width"], picture.shape[0] / self.video["height"]] * 2, np.float32
            )
            if self.may_show(number):
                boxes, kinds = self._hidden.get(number, _NOTHING)
                yield number, redact(picture, boxes * scale, self._look, kinds)
            else:
                yield number, _coarse(picture)

    def may_show(self, number: int) -> bool:
        """Tell whether a frame's redactions are known (or not asked for)."""
        return self._searched is None or any(start <= number < end for start, end in self._searched)

    def as_it_is(self, number: int) -> bool:
        """Tell whether a frame comes as the video has it: nothing in it is hidden, and it is known that nothing is."""
        return self.may_show(number) and number not in self._hidden


def _hidden_by_frame(connection: duckdb.DuckDBPyConnection, video_id: str) -> dict[int, _Hidden]:
    rows = connection.execute(
        "SELECT frame, kind, x, y, w, h FROM redactions WHERE video_id = ? ORDER BY frame, clip_id, region", [video_id]
    ).fetchall()
    by_frame: dict[int, list[tuple[Any, ...]]] = {}
    for frame, *region in rows:
        by_frame.setdefault(frame, []).append(tuple(region))
    return {
        frame: (np.array([box for _, *box in regions], np.float32), [kind for kind, *_ in regions])
        for frame, regions in by_frame.items()
    }


def _searched_ranges(connection: duckdb.DuckDBPyConnection, video_id: str) -> list[tuple[int, int]]:
    """Return the frame ranges of kept clips, whose redactions are written; those of dropped clips are not."""
    query = "SELECT start_frame, end_frame FROM filtered_clips WHERE video_id = ? AND kept AND privacy <> 'none'"
    return connection.execute(query, [video_id]).fetchall()


def _coarse(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    small = (min(width, _BLIND_WIDTH), max(1, round(height * min(width, _BLIND_WIDTH) / width)))
    blocks = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(blocks, (width, height), interpolation=cv2.INTER_LINEAR)
