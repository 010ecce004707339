"""A DataLoader that can be stopped in mid-epoch and go on with the next batch.

Here: counting what was handed over. Not here: which clips come when (``order``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch.utils.data import DataLoader

from rushes.errors import SettingsError
from rushes.training.batches import collate
from rushes.training.clips import Clips
from rushes.training.epochs import State
from rushes.training.sampler import ClipSampler
from rushes.training.stream import Stream


class Loader(DataLoader[Any]):
    """Batches of clips: the same ones for a map-style data set and a stream, whatever the number of workers.

    ``source`` is a stream, or clips; those are taken as ``sampler`` says, by default all of them, shuffled or not, this
    rank's alone. All other options are those of torch's DataLoader.

    A batch counts as done from when the loop is given it: what workers have read ahead does not count. So a state
    taken in the loop, after the step on a batch, goes on with the batch after it. A state counts the clips of all
    ranks, which are taken to be at the same step: it may be loaded by more ranks or fewer, and with more workers or
    fewer, or another batch size. Save the first rank's. The epoch goes on from there, also when it is broken off and
    begun again, until it is over or ``set_epoch`` goes to another. ``len`` is that of a whole epoch.
    """

    def __init__(
        self,
        source: Clips | Stream,
        batch_size: int = 1,
        *,
        shuffle: bool | None = None,
        sampler: ClipSampler | None = None,
        collate_fn: Callable[[list[Any]], Any] = collate,
        **options: Any,
    ) -> None:
        if isinstance(source, Stream):
            if shuffle is not None or sampler is not None:
                raise SettingsError("a stream has its order already: give shuffle to clips.stream(…)")
            self.epochs = source.epochs
            source = source.in_chunks(batch_size)
        else:
            if sampler is not None and shuffle is not None:
                raise SettingsError("a sampler has its order already: give shuffle to clips.sampler(…)")
            sampler = source.sampler(bool(shuffle)) if sampler is None else sampler
            if not isinstance(sampler, ClipSampler) or sampler.epochs.clips is not source:
                raise SettingsError("the sampler is to be one of these clips: clips.sampler(…)")
            self.epochs = sampler.epochs
        if not options.get("in_order", True):
            raise SettingsError("in_order=False: the count of what is done needs batches in their order")
        self._handed_over = 0
        super().__init__(source, batch_size, sampler=sampler, collate_fn=collate_fn, **options)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        self._handed_over = 0
        return self._counted(super().__iter__())

    @property
    def epoch(self) -> int:
        """The epoch that this is, or was."""
        return self.epochs.clips.epoch

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch. One that was loaded from a state, and is set again, goes on where it was."""
        if epoch != self.epoch:
            self._handed_over = 0
        self.epochs.clips.set_epoch(epoch)

    def state_dict(self) -> State:
        """Return how far the loop has come, as plain values."""
        return self.epochs.state(self._handed_over)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a state was taken. Raises ``SettingsError`` when it is of other clips or another order."""
        self.epochs.load(state)
        self._handed_over = 0

    def _counted(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            self._handed_over += self.batch_size or 1
            yield batch
        self.epochs.over()
        self._handed_over = len(self.epochs.clips)
