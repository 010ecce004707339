"""Images that are frames of films: fetched by their packets, decoded from the key frame before them on.

Here: finding a film's bytes, and giving its frames as images. Needs PyAV. Not here: decoding (``rushes.video``), how a
film is written down (``media_rows``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from rushes.errors import LinkError, VideoError
from rushes.packaging.media_rows import index_of
from rushes.packaging.reading.cells import Array, Images
from rushes.packaging.reading.files import DatasetError, Files
from rushes.packaging.reading.jpeg import encode_jpeg
from rushes.ranges import Fingerprint, Ranges, open_ranges
from rushes.ranges.source import Span
from rushes.video.video import FileVideo


def film_images(files: Files, row: Mapping[str, Any], packets: Mapping[str, Array], frames: Array) -> FilmImages:
    """Return the images of ``frames``, numbers in the source video, of the film of a row and its packets."""
    if row["elsewhere"]:
        source = open_ranges(row["file"], row["creds_key"], Fingerprint(row["size"], row["etag"]))
    else:
        source = _Within(files, row["file"], row["offset"])
    index = index_of(row, packets)
    video = FileVideo({**row, "n_frames": len(index), "video_id": row["sequence_id"]}, index, source)
    return FilmImages(video, np.searchsorted(packets["frame"], frames))


@dataclass(frozen=True)
class FilmImages(Images):
    """Some frames of a film. They have no bytes of their own: a JPEG is made when one is asked for."""

    _film: FileVideo
    _numbers: Array

    def __len__(self) -> int:
        return len(self._numbers)

    def jpeg(self) -> list[bytes]:
        return [encode_jpeg(picture) for picture in self.numpy()] if len(self) else []

    def numpy(self) -> npt.NDArray[np.uint8]:
        if not len(self):
            raise DatasetError("no frame was chosen, so that there is no image to give: choose at least one frame")
        try:
            return self._film[self._numbers].numpy()
        except LinkError:
            raise  # it says what became of the file
        except VideoError as error:
            raise DatasetError(f"{self._film.row['file']}: {error}: package the data set again") from error

    def _at(self, where: Array) -> FilmImages:
        return FilmImages(self._film, self._numbers[where])


class _Within(Ranges):
    """A part of a file of the data set, or of the store that it lies in, from an offset on."""

    gap = 1 << 16

    def __init__(self, files: Files, path: str, offset: int) -> None:
        self.name = path
        self._files, self._offset = files, offset

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        starts, ends = np.array(spans, np.int64).reshape(-1, 2).T
        found = self._files.ranges([self.name] * len(spans), starts + self._offset, ends - starts)
        return [bytes(data) for data in found]

    def open(self) -> BinaryIO:
        raise DatasetError(f"{self.name}: a film of a data set is read by its packets")

    def fingerprint(self) -> Fingerprint:
        raise DatasetError(f"{self.name}: a film of a data set is no file of its own")
