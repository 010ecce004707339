"""Which videos are for training, validation and test.

Shares go by a hash of seed and id, so that new videos move no old one. Numbers of videos are kept exactly, and so a new
video may take an old one's place. Here: that. Not here: videos of which nothing is chosen (``Split.excludes``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from rushes.errors import SettingsError
from rushes.selection.recipes.options import Split


def splits(video_ids: Sequence[str], split: Split | None, seed: int) -> dict[str, str]:
    """Return the split of each of these videos: train, val or test; ``all`` when none is asked for.

    Videos for evaluation are in test, and count among ``n_test``. Of the others the first by hash fill up ``n_test``,
    the next are the ``n_val``, and what is left goes by shares. Raises ``SettingsError`` when there are too few.
    """
    videos = sorted(set(video_ids))
    if split is None:
        return dict.fromkeys(videos, "all")
    found = {video: "test" for video in videos if split.evaluates(video)}
    for name, wanted in (("test", split.n_test), ("val", split.n_val)):
        if wanted is not None and videos:
            found |= dict.fromkeys(_drawn(videos, found, name, wanted, seed), name)
    return {video: found.get(video) or _by_share(video, split, seed) for video in videos}


def _drawn(videos: Sequence[str], found: dict[str, str], name: str, wanted: int, seed: int) -> Iterable[str]:
    """Return the videos that make up a split's number, beside those that are in it already."""
    there = list(found.values()).count(name)
    left = sorted((_hash(f"{seed}:drawn:{video}"), video) for video in videos if video not in found)
    if there > wanted:
        raise SettingsError(
            f"split: n_{name} is {wanted}, but evaluation names {there} videos; raise it or leave it out"
        )
    if wanted - there > len(left):
        raise SettingsError(
            f"split: n_{name} is {wanted}, but there are {there + len(left)} videos for it; ask for fewer or a share"
        )
    return [video for _, video in left[: wanted - there]]


def _by_share(video: str, split: Split, seed: int) -> str:
    at = _hash(f"{seed}:{video}") * (split.train + split.val + split.test)
    if at < split.train:
        return "train"
    return "val" if at < split.train + split.val else "test"


def _hash(text: str) -> float:
    """Return a number from 0 up to 1."""
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) / 2**32
