"""Each detector of PySceneDetect's finds through us what it finds by itself."""

from collections.abc import Callable
from functools import cache
from typing import Any

import av
import cv2
import numpy as np
import pytest
import scenedetect
from hypothesis import given
from hypothesis import strategies as st
from real_clips import demo_files
from scenedetect import (
    AdaptiveDetector,
    ContentDetector,
    FrameTimecode,
    HashDetector,
    HistogramDetector,
    SceneManager,
    StatsManager,
    ThresholdDetector,
)
from scenedetect.detector import SceneDetector

from rushes.shots.detector import CutDetector
from rushes.shots.pyscenedetect import AdaptiveCuts, ContentCuts, HashCuts, HistogramCuts, ThresholdCuts
from rushes.shots.sampled import Sampler

Pair = tuple[Callable[..., SceneDetector], Callable[..., CutDetector]]
# With the thresholds that PySceneDetect has by default.
PAIRS: dict[str, Pair] = {
    "adaptive": (AdaptiveDetector, lambda least: AdaptiveCuts(3.0, 15.0, least)),
    "content": (ContentDetector, lambda least: ContentCuts(27.0, least)),
    "hash": (HashDetector, lambda least: HashCuts(0.35, least)),
    "histogram": (HistogramDetector, lambda least: HistogramCuts(0.2, least)),
    "threshold": (ThresholdDetector, lambda least: ThresholdCuts(12.0, least)),
}


@cache
def sampled(name: str) -> list[np.ndarray]:
    sample = Sampler()
    with av.open(str(demo_files()[name])) as container:
        return [sample(frame) for frame in container.decode(video=0)]


def found_by_us(detector: CutDetector, pictures: list[np.ndarray]) -> list[int]:
    for number, picture in enumerate(pictures):
        detector.see(number, picture)
    return [cut.frame for cut in detector.cuts()]


def found_by_itself(
    detector: SceneDetector, pictures: list[np.ndarray], stats: StatsManager | None = None
) -> list[int]:
    detector.stats_manager = stats
    cuts, now = [], FrameTimecode(0, 25.0)
    for number, picture in enumerate(pictures):
        now = FrameTimecode(number, 25.0)
        cuts += detector.process_frame(now, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return [cut.frame_num for cut in [*cuts, *detector.post_process(now)]]


@pytest.mark.parametrize("least", [1, 15])
@pytest.mark.parametrize("method", PAIRS)
@pytest.mark.parametrize("clip", ["bikes", "carphone", "bigbuckbunny"])
def test_the_same_frames_are_cut_alike(clip: str, method: str, least: int) -> None:
    theirs, ours = PAIRS[method]
    assert found_by_us(ours(least), sampled(clip)) == found_by_itself(theirs(min_scene_len=least), sampled(clip))


@pytest.mark.parametrize("method", ["adaptive", "content", "histogram", "threshold"])
@pytest.mark.parametrize("clip", ["bikes", "carphone", "bigbuckbunny"])
def test_a_clip_that_it_reads_itself_is_cut_alike(clip: str, method: str) -> None:
    theirs, ours = PAIRS[method]
    manager = SceneManager()
    manager.add_detector(theirs())
    manager.detect_scenes(scenedetect.open_video(str(demo_files()[clip])))
    assert found_by_us(ours(15), sampled(clip)) == [start.frame_num for start, _ in manager.get_scene_list()[1:]]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.sampled_from(list(PAIRS)), st.integers(1, 6))
def test_any_order_of_scenes_is_cut_alike(scenes: list[int], method: str, least: int) -> None:
    pictures = [SCENES[scene] for scene in scenes]
    theirs, ours = PAIRS[method]
    assert found_by_us(ours(least), pictures) == found_by_itself(theirs(min_scene_len=least), pictures)


SCENES = [np.random.default_rng(n).integers(0, 40 + 40 * n, (18, 32, 3)).astype(np.uint8) for n in range(5)]
SCENES.append(np.zeros((18, 32, 3), np.uint8))


@pytest.mark.parametrize(
    ("method", "figure"), [("content", "content_val"), ("adaptive", "adaptive_ratio (w=2)"), ("hash", "hash_dist"),
                           ("histogram", "hist_diff")]
)  # fmt: skip
def test_a_cut_s_score_is_the_figure_by_which_it_was_found(method: str, figure: str) -> None:
    theirs, ours = PAIRS[method]
    detector = ours(15)
    for number, picture in enumerate(sampled("bikes")):
        detector.see(number, picture)
    stats = StatsManager()
    reference = theirs()
    stats.register_metrics(reference.get_metrics())
    found_by_itself(reference, sampled("bikes"), stats)
    [name] = [metric for metric in reference.get_metrics() if metric.startswith(figure)]
    cuts = detector.cuts()
    assert len(cuts) >= 4
    for cut in cuts:
        [expected] = stats.get_metrics(FrameTimecode(cut.frame, 25.0), [name])
        assert cut.score == pytest.approx(1 - expected if method == "histogram" else expected, abs=1e-6)


def test_frames_are_counted_as_they_are_given() -> None:
    theirs = found_by_us(AdaptiveCuts(3.0, 15.0, 15), sampled("bikes"))
    moved: Any = AdaptiveCuts(3.0, 15.0, 15)
    for number, picture in enumerate(sampled("bikes"), 1000):
        moved.see(number, picture)
    assert [cut.frame - 1000 for cut in moved.cuts()] == theirs
