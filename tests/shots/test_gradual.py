"""A dissolve is one cut in its middle, and so is a fade to black or white and back; nothing else of a shot is."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import place
from real_clips import demo_files
from tasks import ingested
from videos import make_video

from rushes.settings import Shots
from rushes.shots.cut import CutVideo
from rushes.shots.detector import Change, Cut
from rushes.shots.gradual import WithGradual, joined
from rushes.shots.pyscenedetect import AdaptiveCuts, ContentCuts
from rushes.shots.sampled import Sampler
from rushes.store.objects import Objects

SHOT = 60
METHODS = ["adaptive", "content", "hash", "histogram", "threshold"]


def dissolve(frames: int) -> Iterator[np.ndarray]:
    """One shot, which takes ``frames`` to become the next."""
    for n in range(2 * SHOT + frames):
        part = np.clip((n - SHOT + 1) / (frames + 1), 0, 1)
        yield (1 - part) * place(1, n * 0.1) + part * place(2, n * 0.1)


def fade(frames: int, black: int, colour: float = 0) -> Iterator[np.ndarray]:
    """One shot, which goes to black within ``frames``, stays there, and the next comes from there as slowly."""
    for n in range(2 * SHOT + 2 * frames + black):
        out = np.clip((n - SHOT + 1) / frames, 0, 1)
        back = np.clip((n - SHOT - frames - black + 1) / frames, 0, 1)
        shown = max(1 - out, back)
        yield shown * place(1 if n < SHOT + frames else 2, n * 0.1) + (1 - shown) * colour


def film(path: Path, pictures: Iterator[np.ndarray]) -> Path:
    drawn = [picture.round().astype(np.uint8) for picture in pictures]
    return make_video(path, len(drawn), size=(128, 72), gop=50, picture=drawn.__getitem__)


def cuts(store: Objects, path: Path, **settings: object) -> list[int]:
    clips = CutVideo(Shots.model_validate(settings))(ingested(store, path, path.stem)).rows["clips"]
    assert isinstance(clips, list)
    return [clip["start_frame"] for clip in clips[1:]]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("frames", [8, 25, 60])
def test_a_dissolve_is_one_cut_in_its_middle(store: Objects, tmp_path: Path, frames: int, method: str) -> None:
    [cut] = cuts(store, film(tmp_path / "v.mp4", dissolve(frames)), method=method)
    assert cut == pytest.approx(SHOT + frames / 2, abs=2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("frames", "black"), [(5, 3), (12, 1), (25, 20), (40, 60)])
def test_a_fade_to_black_and_back_is_one_cut(
    store: Objects, tmp_path: Path, frames: int, black: int, method: str
) -> None:
    [cut] = cuts(store, film(tmp_path / "v.mp4", fade(frames, black)), method=method)
    assert cut == pytest.approx(SHOT + frames + black / 2, abs=2)


def test_a_fade_to_white_and_back_is_one_cut(store: Objects, tmp_path: Path) -> None:
    [cut] = cuts(store, film(tmp_path / "v.mp4", fade(12, 4, 255)))
    assert cut == pytest.approx(SHOT + 14, abs=2)


@pytest.mark.parametrize("pictures", [dissolve(20), fade(12, 5)], ids=["dissolve", "fade"])
def test_transnet_sees_a_gradual_change_as_one_cut(
    store: Objects, tmp_path: Path, pictures: Iterator[np.ndarray]
) -> None:
    [cut] = cuts(store, film(tmp_path / "v.mp4", pictures), method="transnet")
    assert cut == pytest.approx(SHOT + (10 if cut < SHOT + 12 else 14.5), abs=2)


def test_who_does_not_want_gradual_cuts_gets_none(store: Objects, tmp_path: Path) -> None:
    assert cuts(store, film(tmp_path / "v.mp4", dissolve(25)), gradual=False) == []


def test_fades_at_a_video_s_ends_are_no_cuts(store: Objects, tmp_path: Path) -> None:
    pictures = [*fade(12, 5)]
    after_black, before_black = pictures[SHOT + 14 :], pictures[: SHOT + 15]
    assert cuts(store, film(tmp_path / "begins.mp4", iter(after_black))) == []
    assert cuts(store, film(tmp_path / "ends.mp4", iter(before_black))) == []


def light(n: int) -> np.ndarray:
    return place(1, 0) * (0.3 + 0.7 * np.clip((n - 30) / 40, 0, 1))


def pan(n: int) -> np.ndarray:
    wide = np.hstack([place(1, 0), place(2, 0), place(3, 0)])
    at = int(np.clip(n - 20, 0, 90) * 2.8)
    return wide[:, at : at + 128]


def wipe(n: int) -> np.ndarray:
    border = int(np.clip(n - 40, 0, 50) * 2.56)
    return np.hstack([place(2, 0)[:, :border], place(1, 0)[:, border:]])


def someone_passes(n: int) -> np.ndarray:
    picture = place(1, 0)
    picture[10:, max(0, 2 * n - 60) : max(0, 2 * n)] = (200, 40, 60)
    return picture


def flashes(n: int) -> np.ndarray:
    return np.full((72, 128, 3), 255, np.float32) if n in (40, 70) else place(1, 0)


@pytest.mark.parametrize("shot", [light, pan, someone_passes, flashes], ids=lambda shot: shot.__name__)
def test_changes_within_a_shot_are_not_gradual_cuts(shot: object) -> None:
    assert gradual(shot(n) for n in range(130)) == []  # type: ignore[operator]


def gradual(pictures: Iterator[np.ndarray]) -> list[int]:
    """Return what is found beside a detector that never finds anything."""
    detector = WithGradual(ContentCuts(255.0, 15), 15)
    for number, picture in enumerate(pictures):
        detector.see(number, np.clip(picture, 0, 255).astype(np.uint8))
    return [cut.frame for cut in detector.cuts()]


def test_a_hard_cut_through_black_stays_what_the_detector_says() -> None:
    black = np.zeros((72, 128, 3), np.uint8)
    hard, both = AdaptiveCuts(3.0, 15.0, 15), WithGradual(AdaptiveCuts(3.0, 15.0, 15), 15)
    for n in range(120):
        picture = black if 50 <= n < 70 else place(1 + (n >= 70), n / 10).astype(np.uint8)
        for detector in (hard, both):
            detector.see(n, picture)
    assert [cut.frame for cut in both.cuts()] == [cut.frame for cut in hard.cuts()] == [50, 70]


@pytest.mark.parametrize("clip", ["bikes", "carphone", "bigbuckbunny"])
def test_nothing_gradual_is_seen_in_real_clips_that_have_none(clip: str) -> None:
    sample = Sampler()
    with av.open(str(demo_files()[clip])) as container:
        assert gradual(sample(frame).astype(np.float32) for frame in container.decode(video=0)) == []


some_frames = st.integers(0, 300)
some_changes = st.lists(
    st.tuples(st.integers(0, 260), st.integers(1, 30), st.integers(0, 29)).map(
        lambda c: Change(c[0], c[0] + c[1], c[0] + min(c[2], c[1]), 0.9)
    ),
    max_size=4,
)


@given(st.lists(some_frames, unique=True), some_changes, st.integers(1, 20))
def test_cuts_of_both_kinds_are_joined(frames: list[int], changes: list[Change], least: int) -> None:
    hard = [Cut(frame, 5.0) for frame in sorted(frames)]
    cuts = joined(hard, changes, least, (0, 301))
    assert cuts == sorted(cuts)
    kept = [cut for cut in cuts if cut.score == 5.0]
    assert kept == [cut for cut in hard if not any(c.start <= cut.frame <= c.end for c in changes)]
    new = {cut.frame for cut in cuts if cut.score == 0.9}
    assert new <= {change.cut for change in changes}
    borders = [0, *(cut.frame for cut in cuts), 301]
    assert all(b - a >= least for a, b in pairwise(borders) if a in new or b in new)
