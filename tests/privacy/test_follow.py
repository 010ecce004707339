"""What moves between two samples is found there, by looking at small parts of few frames."""

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rushes.privacy.follow import Follower, Path, needs_following
from rushes.privacy.found import Found
from rushes.privacy.regions import region

WIDTH, HEIGHT = 320, 240
TIMES = np.arange(200) / 25
Where = Callable[[int], tuple[float, float] | None]


class Squares:
    """Finds white squares on black, and counts the pixels that it was shown."""

    def __init__(self) -> None:
        self.pixels = 0

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Found]:
        return [self._find(frame) for frame in frames]

    def _find(self, frame: np.ndarray) -> Found:
        self.pixels += frame.shape[0] * frame.shape[1]
        _, _, stats, _ = cv2.connectedComponentsWithStats((frame[..., 0] > 120).astype(np.uint8))
        return Found(stats[1:, :4].astype(np.float32), np.full(len(stats) - 1, 0.9, np.float32))


def scene(where: Where, length: int, side: int = 30) -> dict[int, np.ndarray]:
    """Pictures by frame, a square in each whose top left corner is given."""
    pictures = {}
    for number in range(length):
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        corner = where(number)
        if corner is not None:
            x, y = (round(v) for v in corner)
            picture[max(0, y) : max(0, y + side), max(0, x) : max(0, x + side)] = 255
        pictures[number] = picture
    return pictures


def followed(where: Where, start: int, end: int) -> tuple[Path, Squares, dict[int, np.ndarray]]:
    """The path between two samples at which the square is where it is."""
    finder, path, pictures = Squares(), Path(), scene(where, end + 1)
    for frame in (start, end):
        (found,) = finder([pictures[frame]])
        if len(found.boxes):
            path.add(frame, found.boxes[0], 0.9)
        else:
            path.absent.add(frame)
    finder.pixels = 0
    Follower(finder, 32, TIMES, pictures, path).between(start, end)
    return path, finder, pictures


def shares(path: Path, pictures: dict[int, np.ndarray], frames: range) -> Iterator[tuple[int, float]]:
    """How much of the square is hidden in each frame in which it shows."""
    found = region("face", path, TIMES, (frames.start, frames.stop), (1, 1), (WIDTH, HEIGHT), 0.25)
    boxes = dict(zip(found.frames.tolist(), found.boxes, strict=True))
    for number in frames:
        white = pictures[number][..., 0] > 0
        if white.any():
            x, y, w, h = boxes.get(number, np.zeros(4))
            inside = white[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))]
            yield number, float(inside.sum() / white.sum())


@pytest.mark.parametrize(
    "where",
    [
        lambda n: (20 + 12 * n, 100),
        lambda n: (150 + 100 * np.sin(n / 4), 100 + 60 * np.cos(n / 5)),
        lambda n: (40 + 9 * n, 100) if n <= 7 else None,
        lambda n: (40 + 9 * n, 100) if n >= 9 else None,
        lambda n: (260 + 9 * n, 100) if n <= 8 else None,
        lambda n: (10 + 0.9 * n**2, 80),
    ],
    ids=["runs", "circles", "goes", "comes", "leaves at the border", "gathers speed"],
)
def test_it_is_hidden_in_every_frame_between(where: Where) -> None:
    path, _, pictures = followed(where, 0, 16)
    assert all(share > 0.95 for _, share in shares(path, pictures, range(17)))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.floats(20, 260), st.floats(20, 180)),
    st.tuples(st.floats(-10, 10), st.floats(-8, 8)),
    st.integers(2, 25),
)
def test_whatever_moves_evenly_is_hidden_in_every_frame(
    corner: tuple[float, float], speed: tuple[float, float], end: int
) -> None:
    last = corner[0] + speed[0] * end, corner[1] + speed[1] * end
    assume(0 <= last[0] <= WIDTH - 30)
    assume(0 <= last[1] <= HEIGHT - 30)
    path, _, pictures = followed(lambda n: (corner[0] + speed[0] * n, corner[1] + speed[1] * n), 0, end)
    assert all(share > 0.9 for _, share in shares(path, pictures, range(end + 1)))


def test_what_goes_is_not_hidden_long_after() -> None:
    path, _, _ = followed(lambda n: (40 + 5 * n, 100) if n <= 7 else None, 0, 16)
    assert max(path.boxes) == 7
    assert min(n for n in path.absent if n > 7) == 8


def test_few_and_small_pictures_are_looked_at() -> None:
    path, finder, _ = followed(lambda n: (20 + 12 * n, 100), 0, 16)
    assert len(path.boxes) < 12
    assert finder.pixels < 1.2 * WIDTH * HEIGHT, "less than a picture and a fifth, for 15 frames"


def test_what_stands_still_and_what_is_not_there_is_not_looked_for() -> None:
    for where in (lambda n: (100 + n / 2, 100), lambda _: None):
        _, finder, _ = followed(where, 0, 16)
        assert finder.pixels == 0


def test_something_of_another_size_is_not_the_same() -> None:
    path = Path()
    path.add(0, np.array([100, 100, 30, 30.0]), 0.9)
    path.absent.add(4)
    large = {n: picture for n, picture in scene(lambda _: (80, 80), 5, side=80).items() if n}
    Follower(Squares(), 32, TIMES, large, path).between(0, 4)
    assert sorted(path.boxes) == [0]


def test_frames_beyond_the_clip_are_never_looked_at() -> None:
    path = Path()
    path.add(3, np.array([100, 100, 30, 30.0]), 0.9)
    pictures = scene(lambda _: (100, 100), 8)
    before = Follower(Squares(), 32, TIMES, {n: pictures[n] for n in range(3)}, path)
    before.between(-1, 3)
    assert 0 in path.boxes
    assert -1 not in path.boxes | dict.fromkeys(path.absent)


@pytest.mark.parametrize(
    ("boxes", "needed"),
    [
        ({0: 100, 8: 105}, False),
        ({0: 100, 8: 130}, True),
        ({0: 100}, True),
        ({8: 100}, True),
        ({}, False),
    ],
    ids=["steady", "runs", "goes", "comes", "never there"],
)
def test_only_what_comes_goes_or_runs_needs_following(boxes: dict[int, float], needed: bool) -> None:
    path = Path()
    for frame, x in boxes.items():
        path.add(frame, np.array([x, 50, 40, 40.0]), 0.9)
    assert needs_following(path, 0, 8) is needed
    assert not needs_following(path, 0, 1)
