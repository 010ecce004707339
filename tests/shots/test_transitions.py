"""A run of high probabilities is one border, where it is highest."""

import numpy as np
import pytest

from rushes.shots.transitions import TransNetCuts


class Given:
    """Stands where the network does and gives the probabilities it was made with."""

    def __init__(self, probabilities: list[float]) -> None:
        self.probabilities = np.array(probabilities, np.float32)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        assert len(frames) == len(self.probabilities)
        return self.probabilities


def cuts(probabilities: list[float], threshold: float = 0.5, first: int = 0) -> list[tuple[int, float]]:
    frames = ((first + n, np.zeros((27, 48, 3), np.uint8)) for n in range(len(probabilities)))
    found = TransNetCuts(Given(probabilities), threshold).cuts(frames)  # type: ignore[arg-type]
    return [(frame, round(score, 3)) for frame, score in found]


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
        ([0.5, 0.1], []),
    ],
)
def test_the_shot_after_a_run_begins_after_its_peak(
    probabilities: list[float], expected: list[tuple[int, float]]
) -> None:
    assert cuts(probabilities) == expected


def test_frames_are_counted_as_they_are_given() -> None:
    assert cuts([0.1, 0.9, 0.1, 0.1], first=100) == [(102, 0.9)]
