"""MOT Challenge (MOT15/16/17/20 and data sets of that layout): folders of pictures with boxes beside them.

``gt/gt.txt`` becomes the set ``mot``, ``det/det.txt`` the set ``mot-det``. Both count frames and corners from 1, ours
count from 0; a line's frame is the picture of that number. Ground truth has 9 columns (Milan et al., "MOT16: A
Benchmark for Multi-Object Tracking", table 5): frame, id, left, top, width, height, considered, class, visibility. In
MOT15, as in detections, three coordinates of the world stand in place of the last two, and everybody is a pedestrian.

Here: that layout, its columns and its classes. Not here: writing it (``rushes.packaging.mot``), the pictures
(``rushes.video.images``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.lines import numbered
from rushes.sources.formats.pictures import BadLineError, add_annotated, add_box, number
from rushes.sources.formats.tree import Kind, holds_only, sequences
from rushes.sources.ids import folder_id_of
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

GROUND_TRUTH, DETECTIONS = "mot", "mot-det"
_FILES = {GROUND_TRUTH: "gt/gt.txt", DETECTIONS: "det/det.txt"}

PEDESTRIAN = 1
CLASSES: Mapping[int, str] = MappingProxyType(
    {
        PEDESTRIAN: "pedestrian",
        2: "person_on_vehicle",
        3: "car",
        4: "bicycle",
        5: "motorbike",
        6: "non_mot_vehicle",
        7: "static_person",
        8: "distractor",
        9: "occluder",
        10: "occluder_on_ground",
        11: "occluder_full",
        12: "reflection",
        13: "crowd",
    }
)
# What the benchmark neither counts as found nor as missed (its evaluation's own list), and what hides others.
_FLAGS = {2: "distractor", 7: "distractor", 8: "distractor", 12: "distractor"}
_FLAGS |= {9: "occluder", 10: "occluder", 11: "occluder", 13: "crowd"}

_COLUMNS = ("frame", "id", "left", "top", "width", "height", "considered", "class", "visibility", "z")
_FEWEST, _WITH_WORLD = 6, 10
_LARGEST_CLASS, _LARGEST_NUMBER = 2**31 - 1, 2**53


def sequence(folder: Path, top: Path) -> Iterator[Source | Misfit]:
    """Yield the video that a sequence's folder is, named by its path below ``top``, with its annotations."""
    name = folder.name if folder == top else folder.relative_to(top).as_posix()
    pictures = folder if (folder / "seqinfo.ini").is_file() else folder / "img1"
    slices = []
    for annotation, file in _FILES.items():
        path = folder / file
        try:
            if path.is_file():
                slices.append(Slice(annotation, str(path), list(numbered(path))))
        except OSError as error:
            yield Misfit(str(path), Reason.UNREADABLE, f"{path}: cannot be read ({error.strerror})")
    yield Source(str(pictures), folder_id_of(name), slices=slices)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Make rows of the lines of ``gt.txt`` or ``det.txt``."""
    rows = Rows(lines.annotation, footage)
    is_truth = lines.annotation == GROUND_TRUTH
    if is_truth:
        add_annotated(rows, dict.fromkeys(range(len(footage)), 1))
    seen: dict[tuple[int, str], int] = {}
    for line, text in lines.lines:
        if not text.strip():
            continue
        try:
            values = _values(text)
            frame = _whole(values, 0)
            facts = _truth(values) if is_truth else _detection(values)
        except BadLineError as error:
            rows.reject(line, Reason.BAD_LINE, str(error))
            continue
        object_id = facts["object_id"]
        first = line if object_id is None or not is_truth else seen.setdefault((frame, object_id), line)
        if first != line:
            why = f"object {object_id} is in frame {frame} already, by line {first}"
            rows.reject(line, Reason.ID_CONFLICT, why)
        else:
            left, top, width, height = values[2:6]
            add_box(rows, line, frame, (left - 1, top - 1, width, height), **facts)
    return rows.done()


def _values(text: str) -> list[float]:
    """Return a line's numbers. Raises ``BadLineError`` when it has too few or too many, or others than numbers."""
    columns = [column.strip() for column in text.split(",")]
    while columns and not columns[-1]:
        columns.pop()
    if not _FEWEST <= len(columns) <= _WITH_WORLD:
        raise BadLineError(f"{len(columns)} columns, not {_FEWEST} to {_WITH_WORLD} (frame,id,left,top,width,height,…)")
    return [number(column, name) for column, name in zip(columns, _COLUMNS, strict=False)]


def _whole(values: list[float], column: int, largest: int = _LARGEST_NUMBER) -> int:
    value = values[column]
    if not value.is_integer() or abs(value) > largest:
        raise BadLineError(f"{_COLUMNS[column]} is {value:g}, which is no number of one")
    return int(value)


def _object_id(values: list[float]) -> str | None:
    number = _whole(values, 1)
    return None if number == -1 else str(number)


def _truth(values: list[float]) -> dict[str, Any]:
    """Return what ground truth says of a box besides where it is."""
    has_world = len(values) == _WITH_WORLD
    class_id = PEDESTRIAN if has_world else _whole(values, 7, _LARGEST_CLASS) if len(values) > 7 else None
    conf = values[6] if len(values) > 6 else 1.0
    return {
        "object_id": _object_id(values),
        "class_id": class_id,
        "class_name": CLASSES.get(class_id) if class_id is not None else None,
        "considered": conf != 0,
        "visibility": values[8] if len(values) == 9 else None,
        "flags": [_FLAGS[class_id]] if class_id in _FLAGS else [],
        "attributes": ({} if conf in (0, 1) else {"conf": conf}) | (_others(values) if has_world else {}),
    }


def _detection(values: list[float]) -> dict[str, Any]:
    """Return what a detector says of a box besides where it is; the benchmark's detectors find persons."""
    return {
        "object_id": _object_id(values),
        "class_id": PEDESTRIAN,
        "class_name": CLASSES[PEDESTRIAN],
        "score": values[6] if len(values) > 6 else None,
        "attributes": _others(values),
    }


def _others(values: list[float]) -> dict[str, Any]:
    """Return the columns after the seventh, the place in the world, where they say something."""
    return {"world": values[7:]} if any(value != -1 for value in values[7:]) else {}


def _sources(given: Given) -> Iterator[Source | Misfit]:
    for folder, top in sequences(given, Kind.MOT, "MOT sequence in it: folders with img1 and seqinfo.ini, gt or det"):
        yield from sequence(folder, top)


FORMAT = Format(
    "mot",
    "a MOT Challenge root, a split of it, or one sequence",
    lambda path: holds_only(path, Kind.MOT),
    _sources,
    _annotations,
)
