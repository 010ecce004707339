"""A data set made by hand as clips for training are cut out of it.

Its columns have any names and types, and training asks for some by name. Here: which column is which, and how one
sequence's values are read. Not here: clips (``rushes.training``).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.errors import SettingsError
from rushes.handmade.arrays import LabelKind, SequenceKind
from rushes.handmade.boxes import BoxSequenceKind
from rushes.handmade.kinds import SampleError
from rushes.handmade.moving import FPS, MOVING
from rushes.handmade.views import Array, Arrays
from rushes.video.video import Video

if TYPE_CHECKING:
    from rushes.handmade.dataset import Dataset
    from rushes.training.clips import Clips


def clips(dataset: Dataset, frames: int | None, of: str | None, settings: Mapping[str, Any]) -> Clips:
    """Return the clips of a data set. Raises ``SettingsError`` without PyTorch, and as ``Trained`` and ``Clips`` do."""
    try:
        from rushes.training.clips import Clips
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise SettingsError("training needs PyTorch: pip install 'rushes[train]'") from error
    return Clips(Trained(dataset, of), frames, **settings)


class Trained:
    """Sequences of a data set: sample number i of its column of pictures, and of the columns that go with it.

    ``Dataset.torch`` says which columns these are. Raises ``SettingsError`` when it cannot tell.
    """

    def __init__(self, dataset: Dataset, of: str | None) -> None:
        self._dataset, self._process = dataset, os.getpid()
        kinds = dataset.kinds
        pictures = [name for name, kind in kinds.items() if isinstance(kind, MOVING) and of in (None, name)]
        if len(pictures) != 1:
            there = ", ".join(name for name, kind in kinds.items() if isinstance(kind, MOVING)) or "none"
            raise SettingsError(f"of={of!r}: name the column of videos or sequences of images; there are: {there}")
        boxes = [name for name, kind in kinds.items() if isinstance(kind, BoxSequenceKind)]
        self._pictures = pictures[0]
        self._boxes = "boxes" if "boxes" in boxes else boxes[0] if len(boxes) == 1 else None
        self._others = [n for n in ("ids", "classes", "scores") if isinstance(kinds.get(n), SequenceKind)]
        self._label = ["label"] if isinstance(kinds.get("label"), LabelKind) else []
        used = [self._pictures, *([self._boxes] if self._boxes else []), *self._others, *self._label]
        count = min(len(dataset[name]) for name in used)
        self.lengths = np.array([len(dataset[self._pictures][i]) for i in range(count)], np.int32)
        self.sequence_ids = [f"{self._pictures}[{i}]" for i in range(count)]
        self.shard_numbers = np.zeros(count, np.int64)
        self.frames = _BySequence(partial(self._sample, self._pictures))
        self.boxes = _Boxes(self._boxes_in)
        self.ids = _BySequence(partial(self._of_boxes, "ids", np.int64, -1))
        self.classes = _BySequence(partial(self._of_boxes, "classes", np.int64, -1))
        self.scores = _BySequence(partial(self._of_boxes, "scores", np.float32, 1))
        self.timestamps = _BySequence(self._times)
        self.frame_numbers = _BySequence(self._numbers)
        self.label_ids = _BySequence(self._label_of)

    @property
    def _here(self) -> Dataset:
        """The data set, opened anew in a forked process: connections and locks stay with the parent."""
        if self._process != os.getpid():
            self._dataset, self._process = copy.copy(self._dataset), os.getpid()
        return self._dataset

    def _sample(self, column: str, number: int) -> Any:
        return self._here[column][number]

    def _boxes_in(self, type: str, mode: str, number: int) -> _Lists:
        if self._boxes is None:
            return _Lists([np.empty((0, 4), np.float32)] * int(self.lengths[number]))
        turned = self._here[self._boxes].to(type, mode, self._pictures)[number]
        return self._lists(self._boxes, number, turned)

    def _of_boxes(self, name: str, dtype: type, missing: int, number: int) -> _Lists:
        boxes = self._boxes_in("pixel", "LTWH", number) if name not in self._others else None
        if boxes is not None:
            return _Lists([np.full(len(one), missing, dtype) for one in boxes.numpy()])
        found = self._lists(name, number, self._sample(name, number))
        return _Lists([np.atleast_1d(one) for one in found.numpy()])

    def _lists(self, name: str, number: int, sample: Arrays) -> _Lists:
        if len(sample) != self.lengths[number]:
            raise SampleError(
                f"{name}[{number}] has values for {len(sample)} frames, but {self._pictures}[{number}] has "
                f"{self.lengths[number]}"
            )
        return _Lists(list(sample.numpy(aslist=True)))

    def _times(self, number: int) -> Array:
        sample = self._sample(self._pictures, number)
        if isinstance(sample, Video):
            return Array(sample.timestamps)
        fps = self._here[self._pictures].info.get("fps", FPS)
        return Array(np.arange(len(sample)) / float(fps))

    def _numbers(self, number: int) -> Array:
        return Array(np.arange(self.lengths[number], dtype=np.int32))

    def _label_of(self, number: int) -> int | None:
        if not self._label:
            return None
        label = self._sample("label", number).numpy()
        return int(label) if label.size == 1 else None


class _BySequence:
    """Values by the number of their sequence."""

    def __init__(self, get: Callable[[int], Any]) -> None:
        self._get = get

    def __getitem__(self, number: int) -> Any:
        return self._get(int(number))


class _Boxes:
    def __init__(self, get: Callable[[str, str, int], Any]) -> None:
        self._get = get

    def to(self, type: str, mode: str) -> _BySequence:
        """Return the boxes in some coords."""
        return _BySequence(partial(self._get, type, mode))


class _Lists:
    """An array for each frame, of which ``numpy`` is a list whatever their shapes."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self._arrays = arrays

    def __getitem__(self, steps: Sequence[int]) -> _Lists:
        return _Lists([self._arrays[step] for step in steps])

    def numpy(self) -> list[np.ndarray]:
        return list(self._arrays)
