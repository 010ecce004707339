"""Every error a user of Rushes can cause or meet.

Here: exception classes whose message is one line that says what is wrong and what to do about it. The command line
prints that line and nothing else. Not here: reject reasons (``rushes.store.rejects``), which concern one item of a
batch and never stop the others.
"""

from __future__ import annotations


class RushesError(Exception):
    """Base of all expected errors: bad input, bad settings, missing files. Never a programming mistake."""


class SettingsError(RushesError):
    """Settings or a recipe say something that is not understood."""


class StoreError(RushesError):
    """The store is missing, unreadable, or does not hold what was asked for."""


class ModelError(RushesError):
    """A model file is unknown, missing, or not the one that the registry promises."""


class StoppedError(RushesError):
    """Somebody stopped the work: no failure, but nothing more is to be begun."""


class VideoError(RushesError):
    """A media file cannot be read as video. ``reason`` is a code of ``rushes.store.rejects.Reason``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[VideoError], tuple[str, str]]:
        return (type(self), (self.reason, str(self)))


class LinkError(VideoError):
    """A file elsewhere cannot be read now, or is no longer the one that was registered: a failure that may pass."""


class CredentialsError(SettingsError):
    """A key of credentials has no values here, or they are not accepted."""
