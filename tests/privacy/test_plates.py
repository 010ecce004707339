"""The plates network, written anew as ONNX, gives what its own program gives, and finds plates."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from moving_scenes import PLATES, car, made, real

from rushes.errors import ModelError
from rushes.models.checkpoint import read_module_weights
from rushes.models.registry import ModelFile, locate
from rushes.privacy.plates import PlateDetector
from rushes.tracking.boxes import iou_matrix


@pytest.fixture(scope="module")
def detector() -> PlateDetector:
    return PlateDetector()


def test_plates_are_found_where_they_are(detector: PlateDetector) -> None:
    frame = np.full((360, 640, 3), 110, np.uint8)
    small = cv2.resize(car(), (280, 200), interpolation=cv2.INTER_AREA)
    frame[100:300, 200:480] = small
    (found,) = detector([frame])
    assert len(found.boxes) == 1
    drawn = np.array([[200 + 160, 100 + 138, 52, 20]])
    assert iou_matrix(found.boxes, drawn)[0, 0] > 0.6
    assert found.scores[0] > 0.5


def test_boxes_and_scores_are_those_of_the_networks_own_program(detector: PlateDetector) -> None:
    frame = made(*PLATES["queue"], 1).pictures[0]
    padded = np.full((1, 384, 640, 3), 114, np.uint8)
    padded[0, :360] = frame
    network = torch.load(locate("plates").path, map_location="cpu", weights_only=False)["model"].float().eval()
    with torch.inference_mode():
        proposals = network(torch.from_numpy(padded).permute(0, 3, 1, 2).float() / 255)[0][0].numpy()
    best = proposals[:, proposals[4] > 0.3]
    (found,) = detector([frame])
    assert len(found.boxes) == 2
    for box, score in zip(found.boxes, found.scores, strict=True):
        centre = box[:2] + box[2:] / 2
        near = best[:, np.abs(best[:2].T - centre).max(axis=1) < 2]
        at = near[4].argmax()
        assert score == pytest.approx(float(near[4, at]), abs=1e-4)
        np.testing.assert_allclose([*centre, *box[2:]], near[:4, at], atol=0.05)


def test_weights_are_those_that_torch_reads() -> None:
    found = read_module_weights(locate("plates").path)
    checkpoint = torch.load(locate("plates").path, map_location="cpu", weights_only=False)
    expected = (checkpoint.get("ema") or checkpoint["model"]).state_dict()
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor.numpy(), strict=True)


class Trap:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.mkdir, (self.path,)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    torch.save({"model": Trap(tmp_path / "sprung")}, tmp_path / "trap.pt")
    with pytest.raises(ModelError, match=r"trap\.pt holds no module"):
        PlateDetector(str(tmp_path / "trap.pt"))
    assert not (tmp_path / "sprung").exists()


def test_a_network_of_another_kind_is_refused(tmp_path: Path) -> None:
    torch.save({"model": torch.nn.Linear(2, 2)}, tmp_path / "other.pt")
    with pytest.raises(ModelError, match=r"other\.pt has no weight 'model\.0\.conv\.weight': give a YOLOv8 detector"):
        PlateDetector(str(tmp_path / "other.pt"))


def test_torch_is_not_needed(tmp_path: Path) -> None:
    program = (
        "import sys; from rushes.privacy.plates import PlateDetector; PlateDetector(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_plate_is_seen_in_an_animated_film(detector: PlateDetector) -> None:
    frames = [cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA) for frame in real("bigbuckbunny")[::8]]
    assert sum(len(found.boxes) for found in detector(frames)) == 0


def test_results_have_the_promised_types_even_when_empty(detector: PlateDetector) -> None:
    (none,) = detector([np.zeros((120, 200, 3), np.uint8)])
    assert (none.boxes.shape, none.scores.shape) == ((0, 4), (0,))
    assert none.boxes.dtype == none.scores.dtype == np.float32
    assert isinstance(detector.file, ModelFile)
    assert detector([]) == []
