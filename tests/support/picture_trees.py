"""Folders of pictures as data sets of tracks hand them over, and the footage that their annotations see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from videos import barcode

from rushes.sources.footage import Footage
from rushes.sources.source import Given

FPS = 25


def write_pictures(
    folder: Path, numbers: Iterable[int], name: str = "{:06d}.jpg", size: tuple[int, int] = (64, 48)
) -> Path:
    """Write pictures of the given numbers, which they also carry, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.fromarray(barcode(number, *size)).save(folder / name.format(number))
    return folder


def write_mot(folder: Path, frames: Iterable[int], truth: str | None = "", found: str | None = None) -> Path:
    """Write a sequence of MOT Challenge and return its folder; ``None`` leaves a file out."""
    numbers = list(frames)
    write_pictures(folder / "img1", numbers)
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nimDir=img1\nframeRate={FPS}\nseqLength={len(numbers)}\n"
        "imWidth=64\nimHeight=48\nimExt=.jpg\n"
    )
    for name, text in (("gt", truth), ("det", found)):
        if text is not None:
            (folder / name).mkdir()
            (folder / name / f"{name}.txt").write_bytes(text.encode())
    return folder


def write_lasot(folder: Path, frames: int, truth: str, **flags: str) -> Path:
    """Write a sequence of LaSOT and return its folder; ``flags`` are texts of ``full_occlusion``, ``out_of_view``."""
    write_pictures(folder / "img", range(1, frames + 1), "{:08d}.jpg")
    (folder / "groundtruth.txt").write_text(truth)
    for name, text in flags.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def pictured(numbers: Sequence[int], size: tuple[int, int] = (64, 48), name: str = "{:06d}.jpg") -> Footage:
    """Return the footage of pictures with these numbers, as probing their folder would."""
    of = np.array(numbers, np.int64)
    times = (of - of[0]) / FPS
    names = tuple(name.format(number) for number in numbers)
    return Footage("walk", *size, times, float(times[-1]) + 1 / FPS, of, names)


def filmed(frames: int, size: tuple[int, int] = (64, 48)) -> Footage:
    """Return the footage of a video file."""
    return Footage("walk", *size, np.arange(frames) / FPS, frames / FPS)


def given(path: Path, media: str | None = None) -> Given:
    """Return what a person gives by a path."""
    return Given(path, str(path), media)
