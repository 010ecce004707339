"""TrackVerse's predictors run its kind of checkpoints and no other."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from rushes.errors import ModelError
from rushes.filters.predictors import AestheticsPredictor, CartoonPredictor

STAGES = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]


def resnet18_weights(outputs: int = 2) -> dict[str, Tensor]:
    """Return random weights of a ResNet-18 under the names that checkpoints use."""
    torch.manual_seed(0)
    weights: dict[str, Tensor] = {}

    def layer(name: str, module: nn.Module) -> None:
        weights.update({f"{name}.{key}": value for key, value in module.state_dict().items()})

    def normalised(conv: str, norm: str, before: int, after: int, size: int) -> None:
        layer(conv, nn.Conv2d(before, after, size, bias=False))
        layer(norm, nn.BatchNorm2d(after))
        weights[f"{norm}.running_mean"] = torch.randn(after) / 10
        weights[f"{norm}.running_var"] = torch.rand(after) + 0.5

    normalised("conv1", "bn1", 3, 64, 7)
    for stage, (before, after, stride) in enumerate(STAGES, 1):
        for block in range(2):
            name, inputs = f"layer{stage}.{block}", after if block else before
            normalised(f"{name}.conv1", f"{name}.bn1", inputs, after, 3)
            normalised(f"{name}.conv2", f"{name}.bn2", after, after, 3)
            if stride > 1 and not block:
                normalised(f"{name}.downsample.0", f"{name}.downsample.1", inputs, after, 1)
    layer("fc", nn.Linear(512, outputs))
    return weights


def plain_resnet18(w: dict[str, Tensor], x: Tensor) -> Tensor:
    """Carry out the network from the paper's table, function by function."""

    def step(x: Tensor, conv: str, norm: str, stride: int, padding: int) -> Tensor:
        x = functional.conv2d(x, w[f"{conv}.weight"], None, stride, padding)
        parts = ("running_mean", "running_var", "weight", "bias")
        return functional.batch_norm(x, *(w[f"{norm}.{part}"] for part in parts))

    x = functional.max_pool2d(step(x, "conv1", "bn1", 2, 3).relu(), 3, 2, 1)
    for stage, (_, _, stage_stride) in enumerate(STAGES, 1):
        for block in range(2):
            name, stride = f"layer{stage}.{block}", 1 if block else stage_stride
            aside = x
            if stride > 1:
                aside = step(x, f"{name}.downsample.0", f"{name}.downsample.1", stride, 0)
            x = step(x, f"{name}.conv1", f"{name}.bn1", stride, 1).relu()
            x = (step(x, f"{name}.conv2", f"{name}.bn2", 1, 1) + aside).relu()
    return functional.linear(x.mean((2, 3)), w["fc.weight"], w["fc.bias"])


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return resnet18_weights()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_clips_score_is_the_mean_first_output_over_its_frames(
    weights: dict[str, Tensor], tmp_path: Path, wrapped: bool
) -> None:
    torch.save({"state_dict": weights, "epoch": 3} if wrapped else weights, tmp_path / "cartoon.pth")
    frames = [np.random.default_rng(n).integers(0, 256, (90, 160, 3)).astype(np.uint8) for n in range(2)]
    small = np.stack([cv2.resize(f, (224, 224), interpolation=cv2.INTER_AREA) for f in frames])
    batch = torch.from_numpy(small).permute(0, 3, 1, 2) / 255
    mean, deviation = (torch.tensor(v)[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    batch = (batch - mean) / deviation
    expected = plain_resnet18(weights, batch)[:, 0].mean().item()
    assert CartoonPredictor(str(tmp_path / "cartoon.pth"))(frames) == pytest.approx(expected, abs=1e-4)


def test_the_weights_of_another_network_are_refused(weights: dict[str, Tensor], tmp_path: Path) -> None:
    wrong = {
        "three-outputs": resnet18_weights(outputs=3),
        "a-layer-short": {name: w for name, w in weights.items() if not name.startswith("layer4.1")},
        "list": [1, 2, 3],
        "nothing": {},
    }
    for name, content in wrong.items():
        torch.save(content, tmp_path / f"{name}.pth")
        with pytest.raises(ModelError, match=f"{name}.pth: not the weights of a ResNet18") as caught:
            CartoonPredictor(str(tmp_path / f"{name}.pth"))
        assert "\n" not in str(caught.value)


def test_a_file_that_runs_code_or_holds_no_weights_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(1, 1), tmp_path / "module.pth")
    (tmp_path / "words.pth").write_text("words")
    (tmp_path / "empty.pth").touch()
    for name in ("module", "words", "empty"):
        with pytest.raises(ModelError) as caught:
            CartoonPredictor(str(tmp_path / f"{name}.pth"))
        assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.pth"):
        CartoonPredictor(str(tmp_path / "none.pth"))


@pytest.mark.skipif(find_spec("open_clip") is not None, reason="OpenCLIP is installed")
def test_without_openclip_the_aesthetics_predictor_says_what_to_install(tmp_path: Path) -> None:
    torch.save(nn.Linear(768, 1).state_dict(), tmp_path / "head.pth")
    with pytest.raises(ModelError, match=r"rushes\[clip\]"):
        AestheticsPredictor(str(tmp_path / "head.pth"))
