"""What tests of formats that are tables share: files written as they come, a video's footage, what came out of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from rushes.sources.annotated import Annotated
from rushes.sources.footage import Footage
from rushes.sources.source import Format, Given, Misfit, Slice, Source


def written(path: Path, text: str | bytes) -> Path:
    """Write a file, and the folders that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def given(path: Path, media: str | Path | None = None) -> Given:
    """Return a file as registering gives it to a format."""
    return Given(path, path.name, None if media is None else str(media))


def found(form: Format, path: Path, media: str | Path | None = None) -> tuple[list[Source], list[Misfit]]:
    """Return the videos that a format finds in a file, and what makes no sense there."""
    items = list(form.sources(given(path, media)))
    return [i for i in items if isinstance(i, Source)], [i for i in items if isinstance(i, Misfit)]


def lines_of(sources: Iterable[Source], misfits: Iterable[Misfit]) -> list[int]:
    """Return the numbers of all lines that came out of a file, sorted."""
    registered = [number for source in sources for slice_ in source.slices for number, _ in slice_.lines]
    return sorted(registered + [int(misfit.place.rpartition(":")[2]) for misfit in misfits])


def footage(seconds: float = 60.0, fps: int = 10, size: tuple[int, int] = (320, 240)) -> Footage:
    """Return a video of evenly spaced frames."""
    return Footage("v", *size, np.arange(round(seconds * fps)) / fps, seconds)


def annotated(form: Format, source: Source, of: Footage | None = None) -> Annotated:
    """Return what a format makes of the lines that it found for a video, of the first file that has any."""
    assert form.annotations is not None
    return form.annotations(source.slices[0], of or footage())


def of_text(form: Format, *texts: str, of: Footage | None = None) -> Annotated:
    """Return what a format makes of lines of any text."""
    assert form.annotations is not None
    return form.annotations(Slice(form.name, "file", list(enumerate(texts, 1))), of or footage())


def columns(table: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table as rows."""
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


def attributes(table: pa.Table) -> list[dict[str, Any]]:
    """Return the attributes of a table's rows."""
    return [json.loads(text) if text else {} for text in table.column("attributes").to_pylist()]
