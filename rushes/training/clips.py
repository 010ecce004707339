"""A data set as a map-style PyTorch data set: whole sequences, or clips cut out of them.

Here: which clips there are, and reading one. Not here: their order in an epoch (``order``), putting them together
(``batches``).
"""

from __future__ import annotations

import hashlib
import operator
import warnings
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch.utils.data import Dataset as TorchDataset

from rushes.coords import PIXEL_LTWH, Coords, check_coords
from rushes.errors import SettingsError
from rushes.packaging.reader import DatasetError
from rushes.training.chance import STARTS, TRANSFORMS, chance, drawn_from
from rushes.training.order import Uneven
from rushes.training.resize import resized, scaled
from rushes.training.sample import Sample
from rushes.training.source import Source

if TYPE_CHECKING:
    from rushes.training.sampler import ClipSampler
    from rushes.training.stream import Stream

WINDOW = 4096
"""So many clips are shuffled among themselves."""


class Clips(TorchDataset[Any]):
    """The clips of a data set: ``clips[5]`` reads and decodes one, in whatever process asks.

    ``frames`` is a clip's length, every ``stride``-th frame of the source sequence being taken; None means whole
    sequences (then every ``stride``-th of their frames). A sequence is cut every ``hop`` frames, by default where the
    last clip ends, so that clips do not overlap; what is left at its end is shorter than a clip and not shown. With
    ``random``, each sequence gives one clip an epoch, from anywhere in it. A clip never reaches over the end of its
    sequence. Sequences shorter than a clip give none, which a warning says.

    A sample is a dict of: ``frames`` uint8 (t, 3, h, w), RGB, channels last in memory; ``boxes`` a list of t tensors
    float32 (k, 4) as ``coords`` says, k from none to any number; ``ids`` int64, ``classes`` int64 and ``scores``
    float32, lists of t tensors (k,) likewise; ``timestamps`` float64 (t,) seconds and ``frame_numbers`` int64 (t,) in
    the source video; ``label`` int64 (), the sequence's class or -1; ``sequence`` int64 (), its place in the data set,
    ``steps`` int64 (t,), the frames' places in the sequence; ``sequence_id``, a string.

    ``size`` is (height, width), or one number for both: frames are scaled to it, boxes in pixels with them.
    ``transform`` is given the sample and gives what is returned instead. What it draws from torch, numpy and random
    follows from ``seed``, the epoch and the clip alone.
    """

    def __init__(
        self,
        dataset: Source,
        frames: int | None = None,
        *,
        stride: int = 1,
        hop: int | None = None,
        random: bool = False,
        size: int | tuple[int, int] | None = None,
        coords: Coords = PIXEL_LTWH,
        transform: Callable[[Sample], Any] | None = None,
        seed: int = 0,
    ) -> None:
        for name, number in (("frames", frames), ("stride", stride), ("hop", hop)):
            if number is not None and operator.index(number) < 1:
                raise SettingsError(f"{name}={number}: give a whole number from 1")
        if frames is None and (random or hop is not None):
            raise SettingsError("hop and random are about clips of some frames: say how many by frames=…")
        if random and hop is not None:
            raise SettingsError("hop is for every clip of a sequence, random for one of them: give one of the two")
        check_coords(coords)
        self.dataset = dataset
        self.frames, self.stride, self.random, self.seed = frames, stride, random, operator.index(seed)
        self.hop = hop or (frames or 1) * stride
        self.coords, self.transform = dict(coords), transform
        self.size = (size, size) if isinstance(size, int) else size
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1):
            raise SettingsError(f"size={size!r}: give (height, width) in pixels, or one number for both")
        self._boxes = dataset.boxes.to(**self.coords)
        self._ids = pa.array(dataset.sequence_ids)
        # In shared memory: worker processes that stay from epoch to epoch see it change.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._cut(dataset.lengths.astype(np.int64))

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, index: int) -> Any:
        number = operator.index(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f"clip {number} is out of range: there are {len(self)}")
        number %= len(self)
        sample = self._sample(int(self._sequences[number]), self._steps(number))
        if self.transform is None:
            return sample
        with drawn_from(self._drawn(TRANSFORMS, number)):
            return self.transform(sample)

    @property
    def epoch(self) -> int:
        """The epoch: it decides the order, random clips and what transforms draw."""
        return int(self._epoch)

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch, also in worker processes that are there already. To be called between two epochs."""
        self._epoch.fill_(operator.index(epoch))

    def sampler(
        self,
        shuffle: bool = False,
        *,
        window: int = WINDOW,
        rank: int | None = None,
        world_size: int | None = None,
        uneven: Uneven = "keep",
    ) -> ClipSampler:
        """Return the order in which a DataLoader is to take the clips; what the settings mean: ``order.Order``."""
        from rushes.training.sampler import ClipSampler

        return ClipSampler(self, shuffle, window=window, rank=rank, world_size=world_size, uneven=uneven)

    def stream(
        self,
        shuffle: bool = False,
        *,
        window: int = WINDOW,
        rank: int | None = None,
        world_size: int | None = None,
        uneven: Uneven = "keep",
    ) -> Stream:
        """Return the clips as an iterable data set; what the settings mean: ``order.Order``."""
        from rushes.training.stream import Stream

        return Stream(self, shuffle, window=window, rank=rank, world_size=world_size, uneven=uneven)

    @property
    def shards(self) -> npt.NDArray[np.int64]:
        """int64 (len,): the shard that each clip lies in."""
        shards: npt.NDArray[np.int64] = self.dataset.shard_numbers[self._sequences]
        return shards

    @cached_property
    def fingerprint(self) -> str:
        """Tells these clips from those of other sequences, or cut otherwise."""
        facts = [self.frames, self.stride, self.hop, self.random, *self.dataset.sequence_ids]
        return hashlib.md5("\n".join(map(str, facts)).encode()).hexdigest()

    def _cut(self, lengths: npt.NDArray[np.int64]) -> None:
        """Find the clips: the sequence of each, its first step, and from how many steps a random one may start."""
        span = 1 if self.frames is None else (self.frames - 1) * self.stride + 1
        starts = np.maximum(lengths - span + 1, 0)
        if self.frames is None or self.random:
            self._sequences = np.flatnonzero(starts)
            self._firsts = np.zeros_like(self._sequences)
        else:
            counts = -(-starts // self.hop)
            self._sequences = np.repeat(np.arange(len(lengths)), counts)
            self._firsts = (np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)) * self.hop
        self._starts = starts[self._sequences]
        short = np.count_nonzero(starts == 0)
        if not len(self._sequences):
            raise DatasetError(f"none of {len(lengths)} sequences has the {span} frames of a clip: take fewer frames")
        if short:
            warnings.warn(f"{short} of {len(lengths)} sequences are shorter than {span} frames: no clips", stacklevel=4)

    def _steps(self, number: int) -> npt.NDArray[np.int64]:
        if self.frames is None:
            return np.arange(0, int(self._starts[number]), self.stride)
        first = int(self._firsts[number])
        if self.random:
            first = self._drawn(STARTS, number) % int(self._starts[number])
        return first + self.stride * np.arange(self.frames)

    def _drawn(self, kind: int, number: int) -> int:
        return int(chance(self.seed, self.epoch, kind, np.array([number]))[0])

    def _sample(self, sequence: int, steps: npt.NDArray[np.int64]) -> Sample:
        ds = self.dataset
        frames = torch.from_numpy(ds.frames[sequence][steps].numpy()).permute(0, 3, 1, 2)
        boxes = _tensors(self._boxes[sequence][steps].numpy(), torch.float32)
        if self.size is not None:
            height, width = frames.shape[2:]
            frames = resized(frames, *self.size)
            if self.coords["type"] == "pixel":
                boxes = scaled(boxes, self.size[1] / width, self.size[0] / height)
        label = ds.label_ids[sequence]
        return Sample(
            frames=frames,
            boxes=boxes,
            ids=_tensors(ds.ids[sequence][steps].numpy(), torch.int64),
            classes=_tensors(ds.classes[sequence][steps].numpy(), torch.int64),
            scores=_tensors(ds.scores[sequence][steps].numpy(), torch.float32),
            timestamps=torch.from_numpy(ds.timestamps[sequence][steps].numpy()),
            frame_numbers=torch.from_numpy(ds.frame_numbers[sequence][steps].numpy()).long(),
            label=torch.tensor(-1 if label is None else label),
            sequence=torch.tensor(sequence),
            steps=torch.from_numpy(steps),
            sequence_id=self._ids[sequence].as_py(),
        )


def _tensors(arrays: list[npt.NDArray[Any]], dtype: torch.dtype) -> list[torch.Tensor]:
    return [
        torch.from_numpy(array.astype(np.int64) if array.dtype == np.uint32 else array).to(dtype) for array in arrays
    ]
