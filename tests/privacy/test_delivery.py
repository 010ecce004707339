"""Pictures leave with everything hidden that is known, and coarse where nobody has looked."""

from pathlib import Path

import numpy as np
import pytest
from rows import filtered_row, redaction_row, write_batch
from tasks import ingested
from videos import make_video

from rushes.errors import StoreError
from rushes.privacy.delivery import Delivery
from rushes.store.database import connect
from rushes.store.objects import Objects

WIDTH, HEIGHT = 320, 240
LOOKED_AT, DROPPED, UNSEARCHED = (0, 10), (10, 20), (20, 30)
BOX = (80.0, 60.0, 96.0, 96.0)


def lines(number: int) -> np.ndarray:
    """Return fine black and white lines, which no coarse picture can show."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, number % 4 :: 4] = picture[:, (number + 1) % 4 :: 4] = 230
    return picture


@pytest.fixture
def filled(store: Objects, tmp_path: Path) -> Objects:
    path = make_video(tmp_path / "v.mp4", 30, size=(WIDTH, HEIGHT), options={"qp": "5"}, picture=lines)
    task = ingested(store, path, "v")
    clip = filtered_row("v", *LOOKED_AT)
    write_batch(
        store,
        videos=task.rows["videos"].to_pylist(),
        packets=task.rows["packets"].to_pylist(),
        filtered_clips=[
            clip,
            filtered_row("v", *DROPPED, kept=False, reason="still"),
            filtered_row("v", *UNSEARCHED, privacy="none"),
        ],
        redactions=[redaction_row(clip, 5, BOX), redaction_row(clip, 5, (250, 10, 40, 40), region=2)],
    )
    return store


def delivered(
    store: Objects, numbers: list[int], size: tuple[int, int] | None = None, hide: bool = True
) -> dict[int, np.ndarray]:
    with connect(store) as connection, Delivery(store, connection, "v", hide=hide) as delivery:
        return dict(delivery.frames(numbers, size))


def detail(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


def test_what_must_be_hidden_is_hidden_in_its_frame_alone(filled: Objects) -> None:
    frames = delivered(filled, [4, 5])
    for x, y, w, h in [(80, 60, 96, 96), (250, 10, 40, 40)]:
        assert detail(frames[5][y : y + h, x : x + w]) < 5
        assert detail(frames[4][y : y + h, x : x + w]) > 50
    assert detail(frames[5][:, :78]) > 50


def test_boxes_are_scaled_with_the_picture(filled: Objects) -> None:
    half = delivered(filled, [5], (WIDTH, HEIGHT // 2))[5]
    plain = delivered(filled, [5], (WIDTH, HEIGHT // 2), hide=False)[5]
    changed = (half != plain).any(axis=2)
    assert changed[30:78, 80:176].mean() > 0.9
    assert changed[5:25, 250:290].mean() > 0.9
    changed[30:78, 80:176] = changed[5:25, 250:290] = False
    assert not changed.any()


@pytest.mark.parametrize("number", [12, 25])
def test_where_nobody_has_looked_pictures_are_coarse(filled: Objects, number: int) -> None:
    frame = delivered(filled, [number])[number]
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert detail(frame) < 10
    with connect(filled) as connection, Delivery(filled, connection, "v") as delivery:
        assert not delivery.may_show(number)
        assert delivery.may_show(LOOKED_AT[0])


def test_hiding_nothing_is_a_choice(filled: Objects) -> None:
    assert all(detail(frame) > 50 for frame in delivered(filled, [5, 12, 25], hide=False).values())


def test_before_any_clip_was_judged_everything_is_coarse(store: Objects, tmp_path: Path) -> None:
    task = ingested(store, make_video(tmp_path / "v.mp4", 5, size=(WIDTH, HEIGHT), picture=lines), "v")
    write_batch(store, videos=task.rows["videos"].to_pylist(), packets=task.rows["packets"].to_pylist())
    assert all(detail(frame) < 10 for frame in delivered(store, [0, 4]).values())


def test_a_video_that_is_not_there_is_named(filled: Objects) -> None:
    with connect(filled) as connection, pytest.raises(StoreError, match="no video named 'w'"):
        Delivery(filled, connection, "w")
