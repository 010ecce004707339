"""Random numbers that depend on what they are for, and on nothing else.

A number is a hash of the seed, the epoch and what it is drawn for: the same in every process, however many there are
and whatever was drawn before. Here: such numbers, and a transform's. Not here: what is done with them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

# What a number is drawn for; each kind has numbers of its own.
SHARDS, CLIPS, STARTS, TRANSFORMS = range(4)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def chance(seed: int, epoch: int, kind: int, items: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return uint64 (n,): a number for each item, all values being as likely.

    The mixing is that of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    """
    state = np.zeros(len(items), np.uint64)
    for number in (seed, epoch, kind):
        state = _mixed(state + np.uint64(number % (1 << 64)))
    return _mixed(state + np.asarray(items, np.int64).astype(np.uint64))


def _mixed(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    state = state + _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@contextmanager
def drawn_from(number: int) -> Iterator[None]:
    """Let what is drawn inside from torch (on the CPU), numpy and random follow from a number, and nothing else."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(number)
    np.random.seed(number % (1 << 32))
    torch.random.default_generator.manual_seed(number % (1 << 63))
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
