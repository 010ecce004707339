"""How sources are to be registered: what a person may say beside naming them.

Here: the choices and their defaults. Not here: what follows from them (``register``, ``find``, ``known``).
"""

from __future__ import annotations

from dataclasses import dataclass

from rushes.sources.find import AUTO

DEFAULT_BATCH_SIZE = 64


@dataclass(frozen=True)
class How:
    """How sources are to be registered.

    ``link`` leaves the bytes where they are; ``creds_key`` names the credentials that addresses need; ``video_id`` is
    the name of a single video; ``allow_private`` trusts every address; ``deep`` asks for each frame to be decoded once;
    ``format`` says what the sources are, and ``media`` where a manifest's videos are. A ``dry_run`` writes nothing.
    """

    link: bool = False
    creds_key: str | None = None
    video_id: str | None = None
    batch_size: int = DEFAULT_BATCH_SIZE
    format: str = AUTO
    media: str | None = None
    allow_private: bool = False
    deep: bool = False
    dry_run: bool = False


DEFAULTS = How()
