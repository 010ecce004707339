"""A run of high probabilities is one border, where it is highest."""

import numpy as np
import pytest

from rushes.shots.transitions import TransNetCuts


class Given:
    """Stands where the network does: the frames themselves say their probability, in 255ths."""

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        return frames[:, 0, 0, 0].astype(np.float32) / 255


def cuts(probabilities: list[float], threshold: float = 0.5, first: int = 0) -> list[tuple[int, float]]:
    detector = TransNetCuts(Given(), threshold)  # type: ignore[arg-type]
    for number, probability in enumerate(probabilities, first):
        detector.see(number, np.full((27, 48, 3), round(probability * 255), np.uint8))
    return [(frame, round(score, 1)) for frame, score in detector.cuts()]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([], []),
        ([0.9], []),
        ([0.1, 0.2, 0.1], []),
        ([0.1, 0.9, 0.1, 0.1], [(2, 0.9)]),
        ([0.9, 0.1, 0.1], [(1, 0.9)]),
        ([0.1, 0.1, 0.9], []),
        ([0.1, 0.6, 0.8, 0.7, 0.1], [(3, 0.8)]),
        ([0.1, 0.6, 0.1, 0.8, 0.1, 0.1], [(2, 0.6), (4, 0.8)]),
        ([0.4, 0.1], []),
    ],
)
def test_the_shot_after_a_run_begins_after_its_peak(
    probabilities: list[float], expected: list[tuple[int, float]]
) -> None:
    assert cuts(probabilities) == expected


def test_frames_are_counted_as_they_are_given() -> None:
    assert cuts([0.1, 0.9, 0.1, 0.1], first=100) == [(102, 0.9)]


def test_a_long_video_is_seen_whole() -> None:
    likely = {10, 49, 50, 99, 100, 101, 320}
    found = cuts([0.8 if number in likely else 0.1 for number in range(400)])
    assert [frame for frame, _ in found] == [11, 50, 100, 321]
