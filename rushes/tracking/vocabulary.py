"""The names of the classes that detectors tell apart: lists that are known by name, and lists of one's own.

Here: names alone, importable by whatever reads tables without running a model. Not here: which model uses which
vocabulary, and how names become vectors (``open_vocabulary``).
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rushes.errors import SettingsError

COCO = "coco"
LVIS = "lvis"

_FILE_TYPE = ".txt"
_LVIS_COUNT = 1203

COCO_CLASSES: tuple[str, ...] = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light"),
    *("fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow"),
    *("elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee"),
    *("skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard"),
    *("tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple"),
    *("sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch"),
    *("potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone"),
    *("microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear"),
    *("hair drier", "toothbrush"),
)
"""The 80 classes of COCO's detection task, in the order of the networks trained on it (2017, ids packed from 0)."""


@dataclass(frozen=True)
class Vocabulary:
    """Classes by number, and what the list is called in tables."""

    name: str
    classes: tuple[str, ...]

    @property
    def prompts(self) -> tuple[str, ...]:
        """What a text encoder is given for each class: of names parted by slashes, as LVIS has them, the first."""
        return tuple(name.split("/")[0].strip() or name for name in self.classes)


def find_vocabulary(name_or_path: str) -> Vocabulary:
    """Return ``coco`` (80 names), ``lvis`` (1203), or the names in a text file, which is called as the file is.

    Such a file has one name a line, in UTF-8; blank lines do not count. Raises ``SettingsError`` for a list that is
    unknown or missing, for a file without names, for one with a name twice, and for ``lvis`` without ultralytics.
    """
    path = file_of_names(name_or_path)
    if path is not None:
        return Vocabulary(path.stem, _read_names(path))
    return Vocabulary(name_or_path, COCO_CLASSES if name_or_path == COCO else _lvis_classes())


def file_of_names(name_or_path: str) -> Path | None:
    """Return the file that a vocabulary is read from, None for one known by name; else as ``find_vocabulary``."""
    if name_or_path in (COCO, LVIS):
        return None
    path = Path(name_or_path).expanduser()
    if path.suffix != _FILE_TYPE or not path.is_file():
        raise SettingsError(
            f"no vocabulary {name_or_path!r}: name {COCO}, {LVIS}, or an existing {_FILE_TYPE} file of one name a line"
        )
    return path


def known_as(classes: tuple[str, ...]) -> str | None:
    """Return the name of the list that these classes are, None for any other."""
    if classes == COCO_CLASSES:
        return COCO
    if len(classes) == _LVIS_COUNT and classes == _lvis_classes():
        return LVIS
    return None


def _read_names(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8") from None
    first: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        name = " ".join(line.split())
        if name in first:
            raise SettingsError(f"{path}: {name!r} stands in line {first[name]} and again in line {number}")
        if name:
            first[name] = number
    if not first:
        raise SettingsError(f"{path} has no names: write one class a line")
    return tuple(first)


@cache
def _lvis_classes() -> tuple[str, ...]:
    """LVIS v1's categories in the order of their ids, packed from 0, with their synonyms, as ultralytics carries them.

    The package is looked into, not imported: that would take seconds.
    """
    package = importlib.util.find_spec("ultralytics")
    if package is None or not package.submodule_search_locations:
        raise SettingsError("the names of lvis come with ultralytics: pip install ultralytics, or give a file of names")
    import yaml  # reading tables needs no more than numpy and pyarrow

    listed = Path(package.submodule_search_locations[0]) / "cfg" / "datasets" / "lvis.yaml"
    names: dict[int, str] = yaml.safe_load(listed.read_text("utf-8"))["names"]
    return tuple(names[number] for number in range(_LVIS_COUNT))
