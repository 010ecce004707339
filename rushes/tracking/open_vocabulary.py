"""Giving a network that finds whatever can be named (YOLO-World, YOLOE) the names that it is to find.

The names become vectors by the text encoder that the network was trained with, a file of its own: OpenAI's CLIP
(``ViT-B-32.pt``) for YOLO-World, MobileCLIP as TorchScript (``mobileclip_blt.ts``, ``mobileclip2_b.ts``) for YOLOE;
both are loaded through Ultralytics' classes, which need its fork of the ``clip`` package. A checkpoint that was saved
with its classes set has the vectors in it and needs neither.

Here: setting classes. Not here: lists of names (``vocabulary``), running the network (``yolo_torch``).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from ultralytics.nn.tasks import WorldModel, YOLOEModel

from rushes.errors import ModelError
from rushes.models.registry import ModelFile
from rushes.tracking.vocabulary import Vocabulary

_NAMES_AT_ONCE = 80
_TORCHSCRIPT = ".ts"


def set_classes(
    network: Any, file: ModelFile, vocabulary: Vocabulary, encoder: ModelFile | None, device: torch.device
) -> None:
    """Make an Ultralytics network tell apart the classes of a vocabulary, in its order.

    Nothing is to be done for one that has these classes. Raises ``ModelError`` for a network that cannot learn others,
    and where an encoder is missing or is not the network's.
    """
    known = tuple(str(network.names[number]) for number in range(len(network.names)))
    if known not in (vocabulary.classes, vocabulary.prompts):
        _check_is_open(network, file, vocabulary)
        if encoder is None:
            raise ModelError(
                f"{file.path} was saved without the classes of {vocabulary.name}: give tracking.text_encoder the file "
                "of the encoder that it was trained with (CLIP's ViT-B-32.pt, or MobileCLIP's mobileclip_blt.ts)"
            )
        _give(network, vocabulary, _encode(vocabulary.prompts, encoder, device), encoder)
    network.names = dict(enumerate(vocabulary.classes))


def _check_is_open(network: Any, file: ModelFile, vocabulary: Vocabulary) -> None:
    head = network.model[-1]
    if not isinstance(network, WorldModel | YOLOEModel) or hasattr(head, "lrpc") or getattr(head, "is_fused", False):
        raise ModelError(
            f"{file.path} finds the {len(network.names)} classes that it was trained on, not those of "
            f"{vocabulary.name}: set tracking.vocabulary to null, or take a YOLO-World or YOLOE model"
        )


def _give(network: Any, vocabulary: Vocabulary, vectors: Tensor, encoder: ModelFile) -> None:
    head = network.model[-1]
    width = head.embed if isinstance(network, YOLOEModel) else network.txt_feats.shape[-1]
    if vectors.shape != (len(vocabulary.classes), width):
        raise ModelError(
            f"{encoder.path} makes vectors of {vectors.shape[-1]} numbers and the network wants {width}: give the "
            "encoder that it was trained with"
        )
    with torch.no_grad():
        if isinstance(network, YOLOEModel):
            network.set_classes(list(vocabulary.classes), head.get_tpe(vectors[None]))
        else:
            network.txt_feats = vectors[None]
            head.nc = len(vocabulary.classes)


def _encode(prompts: tuple[str, ...], file: ModelFile, device: torch.device) -> Tensor:
    """Turn names into vectors of length 1: float32 (n, d), on the CPU."""
    try:
        from ultralytics.nn.text_model import CLIP, MobileCLIPTS
    except ImportError:
        raise ModelError(
            "encoding names needs the clip package: pip install git+https://github.com/ultralytics/CLIP.git"
        ) from None
    is_script = file.path.suffix == _TORCHSCRIPT
    try:
        encoder = MobileCLIPTS(device, weight=str(file.path)) if is_script else CLIP(str(file.path), device)
        with torch.inference_mode():
            tokens = encoder.tokenize(list(prompts))
            vectors = torch.cat([encoder.encode_text(some).float().cpu() for some in tokens.split(_NAMES_AT_ONCE)])
    except (RuntimeError, ValueError, AttributeError) as error:
        said = " ".join(str(error).split())[:160]
        raise ModelError(f"{file.path} is no text encoder ({said}): give CLIP's .pt or MobileCLIP's .ts") from None
    return functional.normalize(vectors.clone(), dim=-1)
