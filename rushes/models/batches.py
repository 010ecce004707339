"""As many things at a time as a device's memory holds.

Here: giving a network less at a time when its memory runs out. Not here: networks (each room's own), and how ONNX
Runtime says that it ran out (``inference``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

from rushes.errors import ModelError

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class MemoryExhaustedError(MemoryError):
    """A network's device had not the memory for what it was given at once, as this process may not; less may do."""


class Batches:
    """Gives a network up to ``size`` things at a time, and half as many from then on whenever that was too much."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(
        self, things: Sequence[Thing], network: Callable[[Sequence[Thing]], Sequence[Result]], task: str, way_out: str
    ) -> list[Result]:
        """Return what a network makes of things, however many: one result each.

        Raises ``ModelError`` when there is not the memory for one of them; ``task`` and ``way_out`` are words of it:
        what one thing is to be done to, and what to set so that it can be.
        """
        made: list[Result] = []
        while len(made) < len(things):
            batch = things[len(made) : len(made) + self.size]
            try:
                made += network(batch)
            except MemoryError as error:
                if len(batch) == 1:
                    raise ModelError(
                        f"the device has not the memory to {task} ({error}): end what else runs there, {way_out}"
                    ) from None
                self.size = len(batch) // 2
                told = f"memory ran out with {len(batch)} images at once; going on with {self.size}"
                warnings.warn(told, stacklevel=3)
        return made
