"""LaSOT: one object in each video, a box for each picture, and two files that say when it cannot be seen.

A sequence is a folder with ``img``, ``groundtruth.txt`` (``x,y,w,h``, a line for each picture), and perhaps
``full_occlusion.txt`` and ``out_of_view.txt`` (0 or 1 for each picture, between commas or in lines). The data set's
author says that corners count from 1 (HengLan/LaSOT_Evaluation_Toolkit, issue 14), so that we take 1 off, as with
MOT's. (Some videos added in 2020 have corners at 0, which become -1.) Where the object cannot be seen, its box is made
up and the benchmark leaves it out: such rows are not considered.

A line of the slice is the box as it stands in the file and the two flags after it, ``x,y,w,h|0|1``; ``?`` is a flag
that the file does not have, ``-`` one for which there is no file. Here: that layout. Not here: the pictures
(``rushes.video.images``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.lines import numbered
from rushes.sources.formats.pictures import BadLineError, add_annotated, add_box, number
from rushes.sources.formats.tree import Kind, holds_only, sequences
from rushes.sources.ids import folder_id_of
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

ANNOTATION = "lasot"
_FLAGS = {"occluded": "full_occlusion.txt", "out_of_view": "out_of_view.txt"}
_NO_FILE, _UNKNOWN = "-", "?"


def sequence(folder: Path, top: Path) -> Iterator[Source | Misfit]:
    """Yield the video that a sequence's folder is, named by its path below ``top``, with its annotations."""
    name = folder.name if folder == top else folder.relative_to(top).as_posix()
    truth = folder / "groundtruth.txt"
    slices = []
    try:
        slices.append(Slice(ANNOTATION, str(truth), list(_joined(folder))))
    except OSError as error:
        yield Misfit(str(truth), Reason.UNREADABLE, f"{error.filename}: cannot be read ({error.strerror})")
    yield Source(str(folder / "img"), folder_id_of(name), slices=slices)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Make rows of the joined lines."""
    rows = Rows(lines.annotation, footage)
    category = _category(PurePath(lines.origin).parent)
    given: dict[int, int] = {}
    unflagged = []
    for line, text in lines.lines:
        box, *flags = text.rsplit("|", 2)
        frame = footage.numbered(line)
        if not box.strip() and frame is not None:
            continue
        if frame is not None:
            given[frame] = line
        if _UNKNOWN in flags:
            unflagged.append(line)
        try:
            _add(rows, line, box, flags, category)
        except BadLineError as error:
            rows.reject(line, Reason.BAD_LINE, str(error))
    add_annotated(rows, given)
    _tell_what_is_missing(rows, given, unflagged)
    return rows.done()


def _add(rows: Rows, line: int, text: str, flags: list[str], category: str) -> None:
    columns = [column for column in re.split(r"[,\s]+", text) if column]
    if len(columns) != 4 or len(flags) != len(_FLAGS):
        raise BadLineError(f"{text[:40]!r} is no box of four numbers x,y,w,h")
    left, top, width, height = (number(column, name) for column, name in zip(columns, "xywh", strict=True))
    marked = [name for name, flag in zip(_FLAGS, flags, strict=True) if flag == "1"]
    ltwh = (left - 1, top - 1, width, height)
    add_box(rows, line, line, ltwh, object_id="1", class_name=category, considered=not marked, flags=marked)


def _tell_what_is_missing(rows: Rows, given: dict[int, int], unflagged: list[int]) -> None:
    """Say once each how many frames have no box, and how many no flag."""
    missing = [frame for frame in range(len(rows.footage)) if frame not in given]
    if missing:
        why = f"{len(missing)} frames have no line in groundtruth.txt, the first of them is frame {missing[0]}"
        rows.reject(missing[0] + 1, Reason.BAD_LINE, why)
    if unflagged:
        files = " and ".join(_FLAGS.values())
        why = f"{len(unflagged)} lines, of which this is the first, have neither 0 nor 1 in {files}"
        rows.reject(unflagged[0], Reason.BAD_LINE, why)


def _joined(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of each picture with its box and flags."""
    boxes = dict(numbered(folder / "groundtruth.txt"))
    flags = [_flags(folder / name) for name in _FLAGS.values()]
    last = max([*boxes, *(len(values) for values in flags if values)], default=0)
    for line in range(1, last + 1):
        yield line, "|".join([boxes.get(line, ""), *(_flag(values, line) for values in flags)])


def _flags(path: Path) -> list[str] | None:
    """Return a file's flags, whether they stand in one line or in many; None when there is no such file."""
    if not path.is_file():
        return None
    lines = [text for _, text in numbered(path)]
    flags = lines[0].rstrip(", \t").split(",") if len(lines) == 1 else [line.rstrip(", \t") for line in lines]
    return [flag.strip() for flag in flags]


def _flag(flags: list[str] | None, line: int) -> str:
    if flags is None:
        return _NO_FILE
    flag = flags[line - 1] if line <= len(flags) else _UNKNOWN
    return flag if flag in ("0", "1") else _UNKNOWN


def _category(folder: PurePath) -> str:
    """Return what is followed in ``airplane/airplane-1``."""
    name, _, place = folder.name.rpartition("-")
    return name if name and place.isdigit() else folder.parent.name


def _sources(given: Given) -> Iterator[Source | Misfit]:
    for folder, top in sequences(given, Kind.LASOT, "LaSOT sequence in it: folders with img and groundtruth.txt"):
        yield from sequence(folder, top)


FORMAT = Format(
    "lasot",
    "a LaSOT root, a category of it, or one sequence",
    lambda path: holds_only(path, Kind.LASOT),
    _sources,
    _annotations,
)
