"""Which way a sequence's frames become a film, and the films of a video's sequences in the video's one pass.

There are three ways. **Linked**: the frames are read where the video lies. **Copied**: the coded frames are taken out
of the video. **Encoded**: once, from the pictures as they may be shown. The first two are ways only for frames in which
nothing is hidden, and the copy only for a run of frames that begins with a keyframe and needs no others. What is taken
over coded is decoded and compared with the video's own pictures: if they differ, the film is encoded.

Here: choosing, and passing the pictures on. Not here: packets and encoders (``media_coded``), how a film is written
down (``media_rows``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from rushes.packaging.chosen import Chosen
from rushes.packaging.formats import FORMATS
from rushes.packaging.media_coded import Copied, Encoded, Linked, can_be_copied
from rushes.packaging.media_film import Film, How
from rushes.privacy.delivery import Delivery
from rushes.selection.recipes.recipe import Recipe
from rushes.video.packets import ReadBy

_Frames = Iterator[tuple[int, np.ndarray]]


def needs_jpegs(recipe: Recipe) -> bool:
    """Tell whether any of a recipe's formats takes a sequence's frames as JPEG: all but the native one do."""
    return recipe.pixels == "jpeg" or any(name in FORMATS and name != "native" for name in recipe.formats)


class _Making(Protocol):
    """A film while its frames go by: ``add`` each, as it may be shown, then take the ``film``."""

    def add(self, picture: np.ndarray) -> None: ...

    def film(self) -> Film | None:
        """Return the film; None where it would show other pictures."""
        ...


class Films:
    """The films of a video's sequences, for a ``with``; none where the recipe wants no films."""

    def __init__(self, recipe: Recipe, delivery: Delivery, chosen: Sequence[Chosen]) -> None:
        self._delivery = delivery
        self._folder = TemporaryDirectory()
        self._made: dict[int, Film] = {}
        # A frame that is repeated to fill a sequence is in its film once.
        sequences = {at: np.unique(np.array(one.frames, np.int32)) for at, one in enumerate(chosen)}
        self._wanted = {} if recipe.pixels == "jpeg" else sequences
        self._ways = {at: _way(recipe.pixels == "linked", delivery, frames) for at, frames in self._wanted.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    @property
    def frames(self) -> frozenset[int]:
        """The frames of all films."""
        return frozenset(int(number) for frames in self._wanted.values() for number in frames)

    def filmed(self, frames: _Frames) -> _Frames:
        """Yield a video's frames as they come, all of ``frames`` among them, having made films of them."""
        yield from self._filmed(self._wanted, frames)
        if again := {at: frames for at, frames in self._wanted.items() if at not in self._made}:
            self._ways |= dict.fromkeys(again, "encoded")
            wanted = frozenset(int(number) for numbers in again.values() for number in numbers)
            for _ in self._filmed(again, self._delivery.frames(wanted)):
                pass

    def get(self, at: int) -> Film | None:
        """Return the film of a sequence, by its place."""
        return self._made.get(at)

    def _filmed(self, wanted: Mapping[int, np.ndarray], frames: _Frames) -> _Frames:
        waiting = sorted(wanted, key=lambda at: (int(wanted[at][0]), at), reverse=True)
        running: dict[int, tuple[_Making, set[int]]] = {}
        for number, picture in frames:
            while waiting and wanted[waiting[-1]][0] <= number:
                at = waiting.pop()
                running[at] = self._begun(at, wanted[at]), set(wanted[at].tolist())
            for at, (making, to_come) in list(running.items()):
                if number in to_come:
                    to_come.remove(number)
                    making.add(picture)
                if not to_come:
                    del running[at]
                    if (film := making.film()) is not None:
                        self._made[at] = film
            yield number, picture

    def _begun(self, at: int, frames: np.ndarray) -> _Making:
        if self._ways[at] == "linked":
            return Linked(self._delivery, frames)
        make = Copied if self._ways[at] == "copied" else Encoded
        return make(self._delivery, frames, Path(self._folder.name) / f"{at}.mp4")


def _way(linked: bool, delivery: Delivery, frames: np.ndarray) -> How:
    by_places = delivery.video["read_by"] == ReadBy.PACKETS and delivery.index.names is None
    if not by_places or not all(delivery.as_it_is(int(number)) for number in frames):
        return "encoded"
    if linked:
        return "linked"
    return "copied" if can_be_copied(delivery.video) and _stands_alone(delivery, frames) else "encoded"


def _stands_alone(delivery: Delivery, frames: np.ndarray) -> bool:
    """Tell whether frames are a run that begins with a keyframe and is decoded without any others."""
    index, first, last = delivery.index, int(frames[0]), int(frames[-1])
    places = index.decode_order[frames]
    is_run = last - first == int(places.max()) - int(places.min()) == len(frames) - 1
    return is_run and bool(index.keyframe[first]) and places[0] == places.min()
