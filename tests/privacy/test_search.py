"""A search of samples, and of crops where something moves, hides what a search of every frame finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_scenes import FACES, PLATES, Scene, made, real

from rushes.privacy.search import Search, samples
from rushes.settings import Privacy

LENGTH = 40


def shown(scene: Scene, look_for: tuple[str, ...]) -> tuple[int, list[int]]:
    """How many boxes every frame shows, and the frames in which more than 5 % of one is not hidden."""
    privacy = Privacy(look_for=look_for)
    search, clip = Search(privacy), (0, len(scene.pictures))
    height, width = scene.pictures[0].shape[:2]
    size = search.fit(width, height)
    small = dict(scene.frames(range(*clip), size))
    found = {n: search.look(small[n]) for n in search.samples(scene.times_s, clip)}
    hidden = search.regions(found, scene, clip, size, (width, height))
    least = privacy.min_score if look_for == ("faces",) else privacy.min_plate_score
    count, bare = 0, []
    for number in range(*clip):
        (every,) = search.look(small[number])
        for box, score in zip(every.boxes, every.scores, strict=True):
            if score < least:
                continue
            count += 1
            seen = np.zeros((height, width), bool)
            x, y, w, h = (round(float(v)) for v in box)
            seen[y : y + h, x : x + w] = True
            area = seen.sum()
            for one in hidden:
                for rx, ry, rw, rh in one.boxes[one.frames == number]:
                    seen[int(ry) : int(np.ceil(ry + rh)), int(rx) : int(np.ceil(rx + rw))] = False
            if seen.sum() > 0.05 * area:
                bare.append(number)
    return count, bare


@pytest.mark.parametrize("name", ["run", "occluded"])
def test_faces_that_move_in_hard_ways_are_hidden_in_every_frame(name: str) -> None:
    count, bare = shown(made(*FACES[name], LENGTH), ("faces",))
    assert count >= 12
    assert len(bare) <= 0.02 * count, bare


def test_plates_of_cars_that_drive_by_are_hidden_in_nearly_every_frame() -> None:
    count, bare = shown(made(*PLATES["drive"], LENGTH), ("plates",))
    assert count >= 30
    assert len(bare) <= 0.06 * count, bare


def test_a_face_that_stays_costs_only_the_samples() -> None:
    scene = Scene(real("carphone")[:60])
    search = Search(Privacy(look_for="faces"))
    looked = search.samples(scene.times_s, (0, 60))
    assert len(looked) == 5
    found = {n: search.look(scene.pictures[n]) for n in looked}
    (one,) = search.regions(found, scene, (0, 60), (176, 144), (352, 288))
    assert one.frames.tolist() == list(range(60))
    assert one.kind == "face"
    assert (one.boxes[:, 2] > 80).all(), "in pixels of the source, which is twice as large"


def test_where_nothing_is_looked_for_nothing_is_looked_at() -> None:
    search, scene = Search(Privacy(look_for="none")), Scene(real("carphone")[:10])
    assert search.samples(scene.times_s, (0, 10)) == []
    assert search.regions({}, scene, (0, 10), (176, 144), (176, 144)) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.001, 0.5), min_size=1, max_size=80), st.floats(0.2, 60), st.data())
def test_samples_are_in_the_clip_ascending_and_never_further_apart_than_their_rate_says(
    steps: list[float], fps: float, data: st.DataObject
) -> None:
    times = np.concatenate([[0.0], np.cumsum(steps)])
    start = data.draw(st.integers(0, len(times) - 1))
    end = data.draw(st.integers(start + 1, len(times)))
    chosen = samples(times, (start, end), fps)
    assert chosen == sorted(set(chosen))
    assert chosen
    assert start <= chosen[0]
    assert chosen[-1] < end
    length = times[end - 1] - times[start]
    if length * fps >= 1:
        assert np.diff(times[chosen]).max(initial=0) <= 1.5 / fps + max(steps) + length / max(1, end - start - 1)


def test_a_rate_above_the_videos_own_takes_every_frame() -> None:
    assert samples(np.arange(40) / 25, (5, 30), 1000) == list(range(5, 30))


@pytest.mark.parametrize(
    ("given", "kinds", "said"),
    [
        ("faces", ("faces",), "faces"),
        ("plates", ("plates",), "plates"),
        (["plates", "faces"], ("faces", "plates"), "faces+plates"),
        ("none", (), "none"),
        ([], (), "none"),
    ],
)
def test_what_is_looked_for_is_one_word_or_a_list(given: object, kinds: tuple[str, ...], said: str) -> None:
    privacy = Privacy(look_for=given)
    assert (privacy.look_for, privacy.looked_for) == (kinds, said)
    assert Privacy.model_validate(privacy.model_dump(mode="json")) == privacy
