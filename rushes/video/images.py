"""Image sequences: a folder of numbered pictures is a video, and each picture a frame of it.

Here: which files of a folder are its frames, in what order and at what times, and their bytes one after another. Not
here: decoding them, which is that of any video whose frames are all keyframes.
"""

from __future__ import annotations

import configparser
import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import IO, BinaryIO

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image

from rushes.errors import VideoError
from rushes.ranges import Fingerprint, LocalRanges
from rushes.ranges.source import Span
from rushes.store.rejects import Reason
from rushes.video.containers import open_container
from rushes.video.index import Coding, PacketIndex
from rushes.video.no_picture import NO_PICTURE
from rushes.video.packets import ReadBy
from rushes.video.probe import VideoInfo
from rushes.video.recorded import picture_taken_at

# Suffixes of pictures, and FFmpeg's name of what they hold.
CODECS: Mapping[str, str] = MappingProxyType(
    {
        ".jpg": "mjpeg",
        ".jpeg": "mjpeg",
        ".png": "png",
        ".bmp": "bmp",
        ".webp": "webp",
        ".tif": "tiff",
        ".tiff": "tiff",
    }
)
# Exif's tag of which way up a picture is, and the degrees counter-clockwise by which it is turned then.
_ORIENTATION = 274
_ROTATIONS = {3: 180, 6: 270, 8: 90}
_DEFAULT_FPS = Fraction(30)
_LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)")


@dataclass(frozen=True)
class _Numbered:
    """Frames by the number in their files' names: ascending, from any number on."""

    files: list[Path]
    numbers: list[int]


def picture_folder(path: Path) -> Path | None:
    """Return the folder that holds a folder's frames, if it is an image sequence: itself, or MOT's ``img1``.

    A folder that holds other folders besides its pictures is none.
    """
    if (path / "img1").is_dir() and (path / "seqinfo.ini").is_file():
        return picture_folder(path / "img1")
    entries = list(path.iterdir())
    is_sequence = any(_is_picture(p) for p in entries) and not any(p.is_dir() for p in entries)
    return path if is_sequence else None


def probe_images(path: str) -> VideoInfo:
    """Read the index of a folder's image sequence; positions are those in the pictures laid end to end.

    Frames are ordered by the numbers in their names, and shown at the times that these give; ``seqinfo.ini`` (MOT) says
    the rate, else it is 30 a second. Raises ``VideoError`` when the pictures do not make one video.
    """
    folder = picture_folder(Path(path))
    if folder is None:
        raise VideoError(Reason.NOT_VIDEO, f"{path}: no image sequence: a folder with pictures and nothing below it")
    numbered = _numbered(folder)
    fps, notes = _rate(folder, len(numbered.files))
    notes += _missing(numbered.numbers)
    coding, rotation = _looked_at(numbered.files)
    sizes = np.array([file.stat().st_size for file in numbered.files], np.int64)
    count = len(sizes)
    pts = np.array(numbered.numbers, np.int64) - numbered.numbers[0]
    duration = float((pts[-1] + 1) / fps)
    turned = rotation in (90, 270)
    return VideoInfo(
        container="images",
        codec=coding.codec,
        width=coding.height if turned else coding.width,
        height=coding.width if turned else coding.height,
        rotation=rotation,
        duration_s=duration,
        fps=count / duration,
        is_vfr=bool((np.diff(pts) > 1).any()),
        has_audio=False,
        recorded_at=_taken_at(numbered.files[0]),
        coding=coding,
        read_by=ReadBy.PACKETS,
        read_note="; ".join(notes) or None,
        index=PacketIndex(
            1 / fps,
            pts,
            pts,
            np.cumsum(sizes) - sizes,
            sizes.astype(np.int32),
            keyframe=np.ones(count, bool),
            droppable=np.ones(count, bool),
            decode_order=np.arange(count, dtype=np.int32),
            names=tuple(file.name for file in numbered.files),
        ),
    )


def pack_images(path: str, info: VideoInfo, tar: IO[bytes]) -> VideoInfo:
    """Write a sequence's pictures as a tar, the same bytes for the same pictures; return their positions in it."""
    folder = picture_folder(Path(path))
    assert folder is not None
    assert info.index.names is not None
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, size in zip(info.index.names, info.index.size.tolist(), strict=True):
            about = tarfile.TarInfo(name)
            about.size = size
            with (folder / name).open("rb") as picture:
                archive.addfile(about, picture)
    tar.seek(0)
    with tarfile.open(fileobj=tar, mode="r") as archive:
        positions = np.array([member.offset_data for member in archive], np.int64)
    return replace(info, index=replace(info.index, pos=positions))


class FolderRanges:
    """The pictures of a folder as if they lay end to end in one file, in the order of an index. Nothing stays open."""

    gap = 0

    def __init__(self, path: str, index: PacketIndex) -> None:
        assert index.names is not None
        self.name = path
        self._folder = picture_folder(Path(path)) or Path(path)
        self._names = index.names
        self._ends = np.cumsum(index.size.astype(np.int64))

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes of each span, which lies within one picture."""
        return [self._read(start, end) for start, end in spans]

    def _read(self, start: int, end: int) -> bytes:
        at = int(np.searchsorted(self._ends, start, side="right"))
        before = int(self._ends[at - 1]) if at else 0
        file = LocalRanges(self._folder / self._names[at], Fingerprint(int(self._ends[at]) - before, None))
        [data] = file.read([(start - before, end - before)])
        return data

    def open(self) -> BinaryIO:
        """There is no one file."""
        raise VideoError(Reason.NOT_VIDEO, f"{self.name}: an image sequence, which is no single file")

    def fingerprint(self) -> Fingerprint:
        """Return the size of all pictures together."""
        return Fingerprint(int(self._ends[-1]), None)


def _numbered(folder: Path) -> _Numbered:
    files = [file for file in folder.iterdir() if _is_picture(file)]
    suffixes = {CODECS[file.suffix.lower()] for file in files}
    if len(suffixes) > 1:
        raise VideoError(Reason.NOT_VIDEO, f"{folder}: pictures of more than one format: {', '.join(sorted(suffixes))}")
    files.sort(key=lambda file: _natural(file.stem))
    parts = [_LAST_NUMBER.fullmatch(file.stem) for file in files]
    if not all(parts) or len({(part[1], part[3]) for part in parts if part}) > 1:
        return _Numbered(files, list(range(len(files))))  # their names are not numbers of one series
    numbers = [int(part[2]) for part in parts if part]
    for (one, file), (next_one, other) in pairwise(zip(numbers, files, strict=True)):
        if one == next_one:
            raise VideoError(Reason.NOT_VIDEO, f"{folder}: two frames of number {one}: {file.name} and {other.name}")
    return _Numbered(files, numbers)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in CODECS and not path.name.startswith(".") and path.is_file()


def _natural(stem: str) -> list[tuple[int, str]]:
    """Return a key by which ``f2`` comes before ``f10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", stem)]


def _missing(numbers: list[int]) -> list[str]:
    """Say in words which numbers between the first and the last are not there."""
    gaps = [(a + 1, b - 1) for a, b in pairwise(numbers) if b - a > 1]
    if not gaps:
        return []
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in gaps[:10])
    return [f"missing numbers: {shown}{', …' if len(gaps) > 10 else ''} ({sum(b - a + 1 for a, b in gaps)} in all)"]


def _rate(folder: Path, count: int) -> tuple[Fraction, list[str]]:
    """Return frames a second, and what is to be said of it and of the promised length."""
    about = configparser.ConfigParser()
    try:
        about.read(folder.parent / "seqinfo.ini")
        sequence = about["Sequence"]
        fps, promised = Fraction(sequence["frameRate"]), int(sequence.get("seqLength", str(count)))
    except (KeyError, ValueError, configparser.Error):
        return _DEFAULT_FPS, [f"its frame rate is not known and was taken as {_DEFAULT_FPS}"]
    notes = [] if promised == count else [f"seqinfo.ini tells of {promised} frames, {count} are there"]
    return (fps, notes) if fps > 0 else (_DEFAULT_FPS, notes)


def _looked_at(files: list[Path]) -> tuple[Coding, int]:
    """Return how the pictures are coded and by how much they are turned; all must be of one size."""
    first: tuple[int, int] | None = None
    rotation = 0
    for file in files:
        try:
            with Image.open(file) as picture:
                size, orientation = picture.size, picture.getexif().get(_ORIENTATION, 1)
        except NO_PICTURE:
            raise VideoError(Reason.UNDECODABLE, f"{file}: not a picture that can be opened") from None
        if first is None:
            first, rotation = size, _ROTATIONS.get(orientation, 0)
        if size != first:
            why = f"{file}: {size[0]}x{size[1]}, but {files[0].name} is {first[0]}x{first[1]}: no one video"
            raise VideoError(Reason.NOT_VIDEO, why)
    return _coding(files[0]), rotation


def _taken_at(file: Path) -> datetime | None:
    with Image.open(file) as picture:
        return picture_taken_at(picture)


def _coding(file: Path) -> Coding:
    try:
        with open_container(io.BytesIO(file.read_bytes())) as container:
            stream = container.streams.video[0]
            assert isinstance(stream, VideoStream)
            return Coding.of(stream.codec_context)
    except av.error.FFmpegError as error:
        raise VideoError(Reason.UNDECODABLE, f"{file}: cannot be decoded ({error.strerror})") from None
