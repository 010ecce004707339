"""Models that judge a clip's look: TrackVerse's cartoon and aesthetics predictors, when their files are given.

Neither file can be fetched freely, so none is set by default. Here: building the networks and averaging their answers
over a clip's frames. Not here: the classifier that takes their place (``cartoon``), thresholds (``rules``).
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from rushes.errors import ModelError
from rushes.models.registry import locate

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CLIP_MODEL, _CLIP_WEIGHTS = "ViT-L-14", "openai"


class Predictor(Protocol):
    """Gives one figure for a clip's frames."""

    def __call__(self, frames: Sequence[np.ndarray]) -> float:
        """Return the mean over uint8 (h, w, 3) RGB frames."""


class CartoonPredictor:
    """TrackVerse's cartoon filter: a ResNet-18 with two outputs; above 0, the mean of the first says cartoon."""

    def __init__(self, model: str) -> None:
        self._net = _ResNet18(outputs=2)
        _load(self._net, model)
        self._net.eval()

    @torch.inference_mode()
    def __call__(self, frames: Sequence[np.ndarray]) -> float:
        pictures = [cv2.resize(f, (224, 224), interpolation=cv2.INTER_AREA) for f in frames]
        batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
        logits = self._net((batch - _channels(_MEAN)) / _channels(_STD))
        return float(logits[:, 0].mean())


class AestheticsPredictor:
    """LAION's aesthetics score: a linear head on unit-length OpenCLIP ViT-L-14 embeddings, roughly 1 to 10."""

    def __init__(self, model: str) -> None:
        try:
            import open_clip
        except ImportError:
            raise ModelError("filters.aesthetics_model needs OpenCLIP: pip install 'rushes[clip]'") from None
        self._clip, _, self._prepare = open_clip.create_model_and_transforms(_CLIP_MODEL, pretrained=_CLIP_WEIGHTS)
        self._head = nn.Linear(768, 1)
        _load(self._head, model)
        self._clip.eval()

    @torch.inference_mode()
    def __call__(self, frames: Sequence[np.ndarray]) -> float:
        from PIL import Image

        batch = torch.stack([self._prepare(Image.fromarray(f)) for f in frames])
        features = self._clip.encode_image(batch)
        return float(self._head(features / features.norm(dim=-1, keepdim=True)).mean())


def _channels(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(1, 3, 1, 1)


def _load(net: nn.Module, model: str) -> None:
    file = locate(model)
    kind = type(net).__name__.strip("_")
    try:
        state: dict[str, Any] = torch.load(file.path, map_location="cpu", weights_only=True)
        net.load_state_dict(state.get("state_dict", state))
    except (pickle.UnpicklingError, EOFError):
        raise ModelError(f"{model}: not the weights of a {kind}: no state dict as torch.save writes it") from None
    except (RuntimeError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(f"{model}: not the weights of a {kind}: {' '.join(str(error).split())[:200]}") from None


class _Block(nn.Module):
    """He et al., "Deep Residual Learning for Image Recognition", 2015; names as in the usual checkpoints."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample: nn.Module | None = None
        if stride != 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class _ResNet18(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(_Block(64, 64, 1), _Block(64, 64, 1))
        self.layer2 = nn.Sequential(_Block(64, 128, 2), _Block(128, 128, 1))
        self.layer3 = nn.Sequential(_Block(128, 256, 2), _Block(256, 256, 1))
        self.layer4 = nn.Sequential(_Block(256, 512, 2), _Block(512, 512, 1))
        self.fc = nn.Linear(512, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        out: Tensor = self.fc(x.mean((2, 3)))
        return out
