"""Settings: every number of the pipeline that a person may choose, with its default.

They lie in the store as ``settings.yaml``, so that the command line, Dagster's UI and its daemon all work by the same
ones. ``collections`` overrides any of them for one collection. Here: names, defaults, bounds and helpful errors. Not
here: what they do (each room says that), models' files (``rushes.models``), what goes into a data set (recipes).
"""

from __future__ import annotations

from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from rushes.errors import SettingsError
from rushes.explain import explain
from rushes.store.objects import Objects

PATH = "settings.yaml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ingest(_Section):
    """What is asked of videos that come in, and of those who send them."""

    check: Literal["first", "keyframes", "all"] = Field(
        "keyframes", description="frames that must decode: the first, the keyframes, or all"
    )
    max_bytes: int = Field(8_000_000_000, gt=0, description="larger downloads are refused")
    max_duration_s: float = Field(43_200.0, gt=0, description="longer downloads are refused")
    max_height: int = Field(720, gt=0, description="of a site that offers several sizes, the largest up to this")
    cookies: str | None = Field(None, description="a cookies.txt to show to video sites")
    downloads: int = Field(8, ge=1, description="downloads at once")
    per_host: int = Field(2, ge=1, description="of them from one host")
    rate_limit: int | None = Field(None, gt=0, description="bytes a second that a download may take; null: all it gets")
    min_speed: int = Field(10_000, ge=0, description="bytes a second; a server that stays below is given up on")
    patience_s: float = Field(30.0, gt=0, description="for how long it may stay below")


class Shots(_Section):
    """How a video is cut into clips."""

    method: Literal["adaptive", "content", "hash", "histogram", "threshold", "transnet", "stride", "whole"] = Field(
        "adaptive",
        description="PySceneDetect's detectors, TransNetV2, pieces of a fixed length, or no cut at all",
    )
    min_shot_frames: int = Field(15, ge=1, description="least frames between cuts, but for transnet and stride")
    gradual: bool = Field(True, description="see dissolves and fades too, each as one cut in its middle")
    adaptive_threshold: float = Field(3.0, gt=0, description="adaptive: change over its neighbours'")
    min_content: float = Field(15.0, ge=0, description="adaptive: least content change of a cut")
    content_threshold: float = Field(27.0, gt=0, le=255, description="content: least content change of a cut")
    hash_threshold: float = Field(0.35, gt=0, le=1, description="hash: least share of bits that differ")
    histogram_threshold: float = Field(0.2, gt=0, le=1, description="histogram: least 1 - correlation")
    black_threshold: float = Field(12.0, gt=0, lt=255, description="threshold: mean brightness below which it is black")
    transnet_threshold: float = Field(0.5, gt=0, lt=1, description="transnet: least probability of a cut")
    stride_s: float = Field(10.0, gt=0, description="stride: seconds of a clip")


class Filters(_Section):
    """Which clips are kept. A threshold that is null judges nothing; the metric is written all the same."""

    min_duration_s: float = Field(3.0, ge=0, description="shorter clips are dropped")
    max_duration_s: float = Field(600.0, gt=0, description="longer clips are cut down to this")
    sample_fps: float = Field(4.0, gt=0, description="frames a second that the metrics look at")
    min_exposure: float | None = Field(0.04, description="drop dark clips below")
    max_exposure: float | None = Field(0.96, description="drop overexposed clips above")
    min_contrast: float | None = Field(None, description="drop clips of one tone below")
    min_colourfulness: float | None = Field(None, description="drop grey clips below")
    min_sharpness: float | None = Field(8.0, description="drop blurred clips below")
    max_noise: float | None = Field(None, description="drop noisy clips above")
    max_stillness: float | None = Field(0.98, description="drop still pictures above")
    min_motion: float | None = Field(None, description="drop clips that move less")
    max_motion: float | None = Field(None, description="drop clips that move more")
    max_letterbox: float | None = Field(None, description="drop clips of which bars take more")
    max_slides: float | None = Field(None, description="drop clips of which more frames look like slides")
    min_quality: float | None = Field(None, description="drop clips of low technical quality below")
    cartoon: bool = Field(True, description="ask a model whether clips are animated")
    cartoon_model: str | None = Field(
        None, description="path of a two-way ResNet-18 (TrackVerse's); null: the classifier that comes with Rushes"
    )
    max_cartoon: float | None = Field(None, description="drop when the model's score is above (TrackVerse: 0)")
    aesthetics_model: str | None = Field(None, description="path of a head on OpenCLIP ViT-L-14; null: not judged")
    min_aesthetics: float | None = Field(4.0, description="drop when the mean score is below")


class Privacy(_Section):
    """Which regions are hidden wherever pixels leave."""

    look_for: tuple[Literal["faces", "plates"], ...] = Field(
        ("faces", "plates"), description="faces, plates, a list of both, or none"
    )
    model: str = Field("centerface", description="who finds faces: registry name or path")
    plates_model: str = Field("plates", description="who finds licence plates: registry name or path of a .pt")
    sample_fps: float = Field(2.0, gt=0, description="whole frames a second that are searched")
    min_score: float = Field(0.6, gt=0, lt=1, description="a face must reach this once in a clip")
    min_linked_score: float = Field(0.3, gt=0, lt=1, description="and this in every other frame in which it counts")
    min_plate_score: float = Field(0.4, gt=0, lt=1, description="a plate must reach this once in a clip")
    min_linked_plate_score: float = Field(0.2, gt=0, lt=1, description="and this in every other frame")
    padding: float = Field(0.25, ge=0, description="each side of a region grows by this share of the box")

    @field_validator("look_for", mode="before")
    @classmethod
    def _list(cls, given: Any) -> Any:
        words = [given] if isinstance(given, str) else given
        return () if words == ["none"] else words

    @field_validator("look_for")
    @classmethod
    def _sorted(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(kinds)))

    @property
    def looked_for(self) -> str:
        """As it stands in ``filtered_clips``: faces, plates, faces+plates, or none."""
        return "+".join(self.look_for) or "none"


class Keep(_Section):
    """Which tracks are kept; the others stay in the tables, marked."""

    min_duration_s: float = Field(0.0, ge=0, description="shorter tracks are not kept")
    min_area: float = Field(0.0, ge=0, le=1, description="nor those whose boxes cover less of the frame, on average")


_KEEP = {"all": Keep(), "trackverse": Keep(min_duration_s=3.0, min_area=0.1)}


class Tracking(_Section):
    """How objects are found and followed."""

    model: str = Field("yolo11n", description="registry name, or path of a .onnx or .pt file")
    vocabulary: str | None = Field(
        None, description="what an open-vocabulary model is to find: lvis, coco, or a .txt of one name a line"
    )
    text_encoder: str | None = Field(
        None, description="path of the file that turns these names into vectors, for a model that was saved without"
    )
    origin: Literal["auto", "detected", "annotated", "both"] = Field(
        "auto", description="whose tracks: annotated ones where a video has them, else detected; or always one, or both"
    )
    fps: float = Field(8.0, gt=0, description="frames a second that the detector looks at")
    min_score: float = Field(0.1, gt=0, lt=1, description="least score of a detection that tracking may use")
    nms_iou: float = Field(0.7, gt=0, le=1, description="detections that overlap more are one")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: CUDA where there is one")
    preset: Literal["default", "trackverse-doc", "trackverse-v1"] = Field(
        "default", description="association thresholds"
    )
    keep: Keep = Field(Keep(), description="which tracks are kept: rules, or the name of some: all, trackverse")

    @field_validator("keep", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given not in _KEEP:
            raise ValueError(f"no rules are named {given!r}; there are: {', '.join(_KEEP)}")
        return _KEEP[given]


class Embedding(_Section):
    """What is turned into vectors."""

    model: str = Field("efficientnet-lite0", description="registry name")
    fps: float = Field(4.0, gt=0, description="frames a second")
    crops_per_track: int = Field(4, ge=0, description="crops of each track, spread evenly over it")


class Build(_Section):
    """How work is done; never what comes out."""

    max_reject_share: float = Field(1.0, gt=0, le=1, description="a batch fails when more of its videos are rejected")
    check_frames: int = Field(256, ge=1, description="pictures of a data set that are searched again for faces, plates")
    contact_sheets: bool = Field(True, description="draw a picture for each materialisation")


class Backfill(_Section):
    """What is built by itself, once a schedule or sensor is switched on; never what comes out."""

    partitions: int = Field(25, ge=1, description="batches, or recipes, of an asset group built at a time, at most")
    attempts: int = Field(3, ge=1, description="builds in vain after which a batch or recipe is left alone")


class Settings(_Section):
    """All settings, for one collection."""

    ingest: Ingest = Ingest()
    shots: Shots = Shots()
    filters: Filters = Filters()
    privacy: Privacy = Privacy()
    tracking: Tracking = Tracking()
    embedding: Embedding = Embedding()
    build: Build = Build()
    backfill: Backfill = Backfill()


def parse(text: str) -> dict[str | None, Settings]:
    """Return the settings of each collection that has its own, and under None those of all others."""
    try:
        given = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"settings are not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(given, dict):
        raise SettingsError("settings are a mapping of sections: " + ", ".join(Settings.model_fields))
    collections = given.pop("collections", None) or {}
    if not isinstance(collections, dict) or not all(isinstance(own or {}, dict) for own in collections.values()):
        raise SettingsError("settings: collections is a mapping of names to sections")
    settings: dict[str | None, Settings] = {None: _validated(given, "settings")}
    for name, own in collections.items():
        settings[name] = _validated(_merged(given, own or {}), f"settings of collection {name}")
    return settings


def load(objects: Objects, collection: str | None = None) -> Settings:
    """Read a store's settings as they apply to a collection; the defaults where the store has none."""
    settings = load_all(objects)
    return settings.get(collection, settings[None])


def load_all(objects: Objects) -> dict[str | None, Settings]:
    """Read the settings of each collection that has its own, and under None those of all others."""
    try:
        text = objects.read(PATH).decode()
    except FileNotFoundError:
        return {None: Settings()}
    return parse(text)


def save(objects: Objects, text: str) -> None:
    """Check settings and put them into a store."""
    parse(text)
    objects.write(PATH, text.encode())


def _validated(given: dict[str, Any], where: str) -> Settings:
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(f"{where}: {explain(error, Settings)}") from None


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        under = base.get(name)
        merged[name] = _merged(under if isinstance(under, dict) else {}, value) if isinstance(value, dict) else value
    return merged
