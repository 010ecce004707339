"""Looking at a data set as it was written: does any picture in it show what had to be hidden?

The detectors that found what to hide look at the packaged pictures themselves, so that a fault anywhere before shows:
a search that missed, a region that was not applied, a file that is not the one that was written. Here: taking pictures
out of files of any format, and what is found in them. Not here: what is done about it (the check in ``orchestration``).
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np

from rushes.privacy.plates import legible
from rushes.privacy.search import LINES, kinds
from rushes.selection.recipes.recipe import Recipe
from rushes.settings import Privacy, load
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import DATASETS, RECIPE
from rushes.store.tables import read_partition
from rushes.video.sampling import scaled_down

# JPEGs lie as they are in every file that holds them. Within one, 0xff is never followed by 0xd8 or 0xd9.
_JPEG = re.compile(rb"\xff\xd8\xff.*?\xff\xd9", re.DOTALL)
_PICTURES = re.compile(r"\.(jpg|tar)$|_(tfrecord|records)-")
_FILMS = re.compile(r"\.mp4$")


@dataclass(frozen=True)
class Exposed:
    """Something in a picture that should have been hidden; ``picture`` is its number within the file."""

    path: str
    picture: int
    kind: str
    score: float
    box: tuple[float, ...]


@dataclass(frozen=True)
class Inspection:
    """What a look at a data set gave: how many pictures were searched, for what, and what was found.

    ``changed`` are files whose bytes are not those that were written.
    """

    pictures: int
    looked_for: tuple[str, ...]
    exposed: tuple[Exposed, ...]
    changed: tuple[str, ...]


def inspect(objects: Objects, recipe: Recipe, at_most: int) -> Inspection:
    """Search up to about ``at_most`` pictures of a recipe's data set, spread evenly over its files, same ones the once.

    Looked for is what was looked for in all its clips; nothing when the recipe says that nothing is hidden. Raises
    FileNotFoundError for a data set or a file that is not there.
    """
    looked_for = _looked_for(objects, recipe) if recipe.privacy == "redact" else ()
    privacy = load(objects).privacy.model_copy(update={"look_for": looked_for})
    rows = read_partition(objects, DATASETS, {RECIPE: recipe.name}).to_pylist()
    holding = [row for row in rows if _PICTURES.search(row["path"]) or _FILMS.search(row["path"])]
    chosen = [holding[i] for i in _spread(len(holding), at_most)] if looked_for else []
    finder = _Finder(privacy)
    changed = []
    for row in chosen:
        data = objects.read(row["path"])
        if hashlib.sha256(data).hexdigest() != row["sha256"]:
            changed.append(row["path"])
        finder.search(row["path"], data, -(-at_most // len(chosen)))
    return Inspection(finder.searched, looked_for, tuple(finder.exposed), tuple(changed))


def _looked_for(objects: Objects, recipe: Recipe) -> tuple[str, ...]:
    with connect(objects) as connection:
        rows = connection.execute(
            "SELECT DISTINCT privacy FROM filtered_clips WHERE clip_id IN "
            "(SELECT clip_id FROM selections WHERE recipe = ?)",
            [recipe.name],
        ).fetchall()
    sets = [set(privacy.split("+")) for (privacy,) in rows]
    return tuple(sorted(set.intersection(*sets) - {"none"})) if sets else ()


class _Finder:
    def __init__(self, privacy: Privacy) -> None:
        self._kinds = kinds(privacy)
        self._seen: set[bytes] = set()
        self.searched = 0
        self.exposed: list[Exposed] = []

    def search(self, path: str, data: bytes, at_most: int) -> None:
        for number, picture in _pictures(path, data, at_most):
            same = hashlib.sha256(picture.tobytes()).digest()
            if same not in self._seen:
                self._seen.add(same)
                self.searched += 1
                self.exposed += self._look(path, number, picture)

    def _look(self, path: str, number: int, picture: np.ndarray) -> Iterator[Exposed]:
        height, width = picture.shape[:2]
        size = scaled_down(width, height, LINES)
        scale = np.tile([width / size[0], height / size[1]], 2)
        small = picture if size == (width, height) else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        for kind in self._kinds:
            (found,) = kind.finder([small])
            for box, score in zip(found.boxes * scale, found.scores.tolist(), strict=True):
                written = kind.name != "plate" or legible(picture, box)
                if score >= kind.min_score and written:
                    yield Exposed(path, number, kind.name, round(score, 3), tuple(np.round(box, 1).tolist()))


def _pictures(path: str, data: bytes, at_most: int) -> Iterator[tuple[int, np.ndarray]]:
    if _FILMS.search(path):
        return _of_film(data, at_most)
    films = list(_films_within(data)) if path.endswith(".tar") else []
    return _of_films(films, at_most) if films else _of_jpegs(data, at_most)


def _films_within(archive: bytes) -> Iterator[bytes]:
    """Yield the films of an archive that begins with one; in others there are pictures."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if not _FILMS.search(member.name):
                return
            yield archive[member.offset_data : member.offset_data + member.size]


def _of_films(films: Sequence[bytes], at_most: int) -> Iterator[tuple[int, np.ndarray]]:
    """Take pictures out of some films, numbered on from each to the next."""
    first = 0
    for film in (films[i] for i in _spread(len(films), at_most)):
        last = first
        for number, picture in _of_film(film, -(-at_most // min(len(films), at_most))):
            last = first + number
            yield last, picture
        first = last + 1


def _of_jpegs(data: bytes, at_most: int) -> Iterator[tuple[int, np.ndarray]]:
    found = [match.span() for match in _JPEG.finditer(data)]
    for number in _spread(len(found), at_most):
        start, end = found[number]
        picture = cv2.imdecode(np.frombuffer(data[start:end], np.uint8), cv2.IMREAD_COLOR_RGB)
        if picture is not None:
            yield number, picture


def _of_film(data: bytes, at_most: int) -> Iterator[tuple[int, np.ndarray]]:
    with av.open(io.BytesIO(data), mode="r") as container:
        chosen = set(_spread(container.streams.video[0].frames, at_most))
        for number, frame in enumerate(container.decode(video=0)):
            if number in chosen:
                yield number, frame.to_ndarray(format="rgb24")


def _spread(count: int, at_most: int) -> Sequence[int]:
    """Return up to ``at_most`` of the numbers below ``count``, evenly spread."""
    if count <= at_most:
        return range(count)
    return [(2 * i + 1) * count // (2 * at_most) for i in range(at_most)]
