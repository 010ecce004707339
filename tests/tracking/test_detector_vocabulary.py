"""An open-vocabulary network finds what it is told to, and other networks say that they cannot."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from real_clips import cut

from rushes.errors import ModelError, SettingsError
from rushes.models.registry import expected_hash
from rushes.settings import Settings, Tracking
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.detector import Detector
from rushes.tracking.vocabulary import COCO_CLASSES, Vocabulary, find_vocabulary
from rushes.work.build import build

WIDTH = 512  # of the vectors of names
SIZE = (64, 96)
PICTURE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)


class TextEncoder(torch.nn.Module):
    """Gives every row of tokens the vector that it has for it, as MobileCLIP's TorchScript does."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.vectors = torch.nn.Parameter(torch.randn(1000, width, generator=torch.Generator().manual_seed(1)))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(self.vectors[tokens.sum(dim=1) % 1000], dim=-1)


CLIP_PACKAGE = """
from . import clip

def tokenize(texts, truncate=True):
    import torch
    rows = [list(text.encode()[:77]) for text in texts]
    return torch.tensor([row + [0] * (77 - len(row)) for row in rows])

clip.tokenize = tokenize
"""


def world(names: Sequence[str] = ("a", "b")) -> Any:
    """A YOLO-World of random weights, whose scores lie around a half; the vectors of its classes are random too."""
    from ultralytics.nn.tasks import WorldModel

    torch.manual_seed(0)
    network: Any = WorldModel("yolov8n-worldv2.yaml", nc=80, verbose=False)
    for head in network.model[-1].cv4:
        head.bias.data.fill_(0.0)
    network.txt_feats = torch.nn.functional.normalize(torch.randn(1, len(names), WIDTH), dim=-1)
    network.model[-1].nc = len(names)
    network.names = dict(enumerate(names))
    return lively(network)


def yoloe(names: Sequence[str] = ("a", "b"), config: str = "yoloe-11n.yaml") -> Any:
    """The same of YOLOE."""
    from ultralytics.nn.tasks import YOLOEModel, YOLOESegModel

    torch.manual_seed(0)
    network: Any = (YOLOESegModel if "seg" in config else YOLOEModel)(config, nc=80, verbose=False)
    for head in network.model[-1].cv4:
        head.bias.data.fill_(0.0)
    network.set_classes(list(names), torch.nn.functional.normalize(torch.randn(1, len(names), WIDTH), dim=-1))
    return lively(network)


def lively(network: Any) -> Any:
    """Normalise what every layer makes of a picture, so that random weights give scores that differ."""
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        network(torch.from_numpy(PICTURE).permute(2, 0, 1)[None].float() / 255)
    return network.eval()


NETWORKS = pytest.mark.parametrize("make", [world, yoloe], ids=["YOLO-World", "YOLOE"])


def saved(network: Any, path: Path) -> str:
    torch.save({"model": network, "ema": None}, path)
    return str(path)


def names_file(folder: Path, names: Sequence[str], name: str = "things.txt") -> str:
    (folder / name).write_text("\n".join(names))
    return str(folder / name)


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A text encoder as TorchScript, and in the place of the clip package one that can tokenize, no more."""
    package = tmp_path / "packages" / "clip"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CLIP_PACKAGE)
    (package / "clip.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    for module in ("clip", "clip.clip", "ultralytics.nn.text_model"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    torch.jit.script(TextEncoder()).save(str(tmp_path / "encoder.ts"))
    yield str(tmp_path / "encoder.ts")
    for module in ("clip", "clip.clip", "ultralytics.nn.text_model"):
        sys.modules.pop(module, None)


def test_lvis_and_coco_are_known_by_name() -> None:
    lvis = find_vocabulary("lvis")
    assert (lvis.name, len(lvis.classes), len(set(lvis.classes))) == ("lvis", 1203, 1203)
    assert (lvis.classes[0], lvis.classes[1202]) == ("aerosol can/spray can", "zucchini/courgette")
    assert (lvis.prompts[0], lvis.prompts[1202]) == ("aerosol can", "zucchini")
    assert find_vocabulary("coco") == Vocabulary("coco", COCO_CLASSES)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8),
        min_size=1,
        unique=True,
        max_size=9,
    ),
    st.sampled_from(["\n", "\r\n", "\n\n  \n"]),
    st.booleans(),
)
def test_a_file_has_one_name_a_line(tmp_path_factory: Any, names: list[str], end: str, marked: bool) -> None:
    path = tmp_path_factory.mktemp("names") / "my things.txt"
    path.write_bytes(end.join(f" {name}\t" for name in names).encode("utf-8-sig" if marked else "utf-8"))
    assert find_vocabulary(str(path)) == Vocabulary("my things", tuple(names))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no names"),
        (b" \n\n", "no names"),
        (b"dog\ncat\n dog", "'dog' stands in line 1 and again in line 3"),
        (b"caf\xe9", "not UTF-8"),
    ],
)
def test_a_file_of_anything_else_is_an_error_that_says_why(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "names.txt").write_bytes(content)
    with pytest.raises(SettingsError, match=says) as error:
        find_vocabulary(str(tmp_path / "names.txt"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["imagenet", "missing.txt", "yolo11n.onnx", ""])
def test_an_unknown_vocabulary_is_answered_with_what_there_is(name: str) -> None:
    with pytest.raises(SettingsError, match=r"coco, lvis, or an existing \.txt"):
        find_vocabulary(name)


@NETWORKS
def test_a_network_saved_with_its_classes_is_scored_as_its_own_forward_pass_says(tmp_path: Path, make: Any) -> None:
    names = [f"thing {number}" for number in range(13)]
    network = make(names)
    detector = Detector(saved(network, tmp_path / "open.pt"), 0.3, size=SIZE, vocabulary=names_file(tmp_path, names))
    assert (detector.vocabulary, detector.class_names) == ("things", tuple(names))
    (found,) = detector([PICTURE])
    with torch.inference_mode():
        pixels = torch.from_numpy(PICTURE).permute(2, 0, 1)[None].float() / 255
        expected = network(pixels)[0][0, 4:].T.numpy()
    assert found.class_scores.shape == (len(found.scores), 13)
    assert len(found.scores) > 5
    for scores in found.class_scores:
        assert np.abs(expected - scores).max(axis=1).min() < 1e-3


@NETWORKS
def test_names_become_classes_by_the_text_encoder_in_the_order_of_the_file(
    tmp_path: Path, make: Any, encoder: str
) -> None:
    model = saved(make(), tmp_path / "open.pt")
    names = ["zebra", "hair drier", "bow/decorative ribbons"]
    orders = [names, names[::-1]]
    found = []
    for number, order in enumerate(orders):
        listed = names_file(tmp_path, order, f"order{number}.txt")
        detector = Detector(model, 0.2, size=SIZE, vocabulary=listed, text_encoder=encoder)
        assert (detector.vocabulary, detector.class_names) == (f"order{number}", tuple(order))
        found.append(detector([PICTURE])[0])
    assert len(found[0].scores) > 3
    np.testing.assert_allclose(found[0].scores, found[1].scores, atol=1e-5)
    np.testing.assert_allclose(found[0].class_scores, found[1].class_scores[:, ::-1], atol=1e-5)
    assert np.abs(found[0].class_scores - found[0].class_scores[:, ::-1]).max() > 1e-3  # the names differ


def test_names_given_again_by_the_encoder_are_what_was_saved(tmp_path: Path, encoder: str) -> None:
    """A network that was given the classes elsewhere, by the same encoder, needs it no more."""
    names = ["zebra", "hair drier"]
    network = world()
    tokens = torch.tensor([[*name.encode(), *[0] * (77 - len(name))] for name in names])
    network.txt_feats = TextEncoder()(tokens).detach()[None]
    network.names = dict(enumerate(names))
    told = Detector(saved(network, tmp_path / "told.pt"), 0.2, size=SIZE)
    listed = names_file(tmp_path, names)
    asked = Detector(saved(world(), tmp_path / "open.pt"), 0.2, size=SIZE, vocabulary=listed, text_encoder=encoder)
    np.testing.assert_allclose(told([PICTURE])[0].class_scores, asked([PICTURE])[0].class_scores, atol=1e-5)


@pytest.mark.parametrize("config", ["yoloe-11n-seg.yaml", "yoloe-26n-seg.yaml", "yoloe-26n.yaml"])
def test_heads_that_make_masks_or_need_no_nms_are_read_like_the_others(tmp_path: Path, config: str) -> None:
    detector = Detector(saved(yoloe(config=config), tmp_path / "open.pt"), 0.3, size=SIZE)
    (found,) = detector([PICTURE])
    assert len(found.scores) > 0
    assert found.class_scores.shape == (len(found.scores), 2)
    assert (found.boxes[:, :2] + found.boxes[:, 2:] <= [SIZE[1] + 0.01, SIZE[0] + 0.01]).all()


def test_other_classes_need_the_encoder_and_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tracking\.text_encoder"):
        Detector(saved(world(), tmp_path / "open.pt"), vocabulary="lvis")


def test_without_the_clip_package_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    torch.jit.script(TextEncoder()).save(str(tmp_path / "encoder.ts"))
    with pytest.raises(ModelError, match="pip install git"):
        Detector(saved(world(), tmp_path / "open.pt"), vocabulary="coco", text_encoder=str(tmp_path / "encoder.ts"))


def test_an_encoder_of_another_kind_is_refused(tmp_path: Path, encoder: str) -> None:
    model = saved(world(), tmp_path / "open.pt")
    torch.jit.script(TextEncoder(256)).save(encoder)
    with pytest.raises(ModelError, match="256 numbers and the network wants 512"):
        Detector(model, vocabulary="coco", text_encoder=encoder)
    Path(encoder).write_bytes(b"no script")
    with pytest.raises(ModelError, match="no text encoder"):
        Detector(model, vocabulary="coco", text_encoder=encoder)


def test_a_closed_network_takes_its_own_vocabulary_and_no_other(tmp_path: Path) -> None:
    for model in ("yolov8n", "yolo11n"):
        assert Detector(model, vocabulary="coco").vocabulary == "coco"
        with pytest.raises(ModelError, match="lvis"):
            Detector(model, vocabulary="lvis")


def test_tracks_of_an_open_vocabulary_end_to_end(store: Objects, tmp_path: Path) -> None:
    """1203 classes through the asset: each track has its ten best, by their LVIS names."""
    lvis = find_vocabulary("lvis")
    model = saved(world(lvis.prompts), tmp_path / "open.pt")
    clip = cut("carphone", tmp_path / "phone.mp4", 0, 24)
    settings = Settings.model_validate(
        {
            "filters": {"min_duration_s": 0, "min_sharpness": None, "max_stillness": None, "cartoon": False},
            "privacy": {"look_for": "none"},
            "tracking": Tracking(model=model, vocabulary="lvis", fps=4, min_score=0.5, nms_iou=0.2).model_dump(),
        }
    )
    batch = register(store, [str(clip)], "open").batches[0].name
    for asset in ("raw_videos", "scene_clips", "filtered_clips", "tracks"):
        build(store, STEPS[asset], batch, settings, workers=0)
    with connect(store) as connection:
        query = "SELECT vocabulary, class_id, class_name, top10_class_ids, top10_class_names FROM tracks"
        rows = connection.execute(query).fetchall()
    assert rows
    for vocabulary, class_id, class_name, ids, names in rows:
        assert (vocabulary, len(set(ids))) == ("lvis", 10)
        assert (class_id, class_name) == (ids[0], lvis.classes[class_id])
        assert names == [lvis.classes[number] for number in ids]


def test_what_the_names_and_the_encoder_are_shapes_the_rows_and_the_device_does_not(tmp_path: Path) -> None:
    step = STEPS["tracks"]
    (tmp_path / "encoder.ts").write_bytes(b"vectors")
    own = Tracking(vocabulary=names_file(tmp_path, ["cat"]), text_encoder=str(tmp_path / "encoder.ts"))
    files = step.models(Settings(tracking=own))
    assert files == ["yolo11n", str(tmp_path / "encoder.ts"), str(tmp_path / "things.txt")]
    before = expected_hash(files[2])
    names_file(tmp_path, ["cat", "dog"])
    assert expected_hash(files[2]) != before
    assert step.models(Settings(tracking=Tracking(vocabulary="lvis"))) == ["yolo11n"]
    assert step.params(Settings(tracking=Tracking(device="cpu"))) == step.params(Settings())
    with pytest.raises(SettingsError, match="no vocabulary 'imagenet'"):
        step.models(Settings(tracking=Tracking(vocabulary="imagenet")))
