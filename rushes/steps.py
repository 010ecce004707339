"""The five assets that work on batches: what each reads, writes, and is shaped by.

The order is that of the lineage. A step's ``version`` is raised whenever its code gives other rows for the same input.
Heavy libraries are imported only where a step is carried out. Here: the list. Not here: the computations (each room's
own), recipes' assets (``rushes.selection``, ``rushes.packaging``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rushes.settings import Settings
from rushes.work.step import Compute, Step


def _nothing(settings: Settings) -> Mapping[str, Any]:
    return {}


def _no_models(settings: Settings) -> Sequence[str]:
    return ()


def _ingest(settings: Settings) -> Compute:
    from rushes.sources.ingest import ingest

    return ingest


def _cut(settings: Settings) -> Compute:
    from rushes.shots.cut import CutVideo

    return CutVideo(settings.shots)


def _judge(settings: Settings) -> Compute:
    from rushes.filters.judge import JudgeVideo

    return JudgeVideo(settings)


def _track(settings: Settings) -> Compute:
    from rushes.tracking.track import TrackVideo

    return TrackVideo(settings.tracking)


def _embed(settings: Settings) -> Compute:
    from rushes.embedding.embed import EmbedVideo

    return EmbedVideo(settings.embedding)


def _shots_params(settings: Settings) -> Mapping[str, Any]:
    return settings.shots.model_dump()


def _shots_models(settings: Settings) -> Sequence[str]:
    return ["transnetv2"] if settings.shots.method == "transnet" else []


def _filters_params(settings: Settings) -> Mapping[str, Any]:
    return {"filters": settings.filters.model_dump(), "privacy": settings.privacy.model_dump()}


def _filters_models(settings: Settings) -> Sequence[str]:
    faces = settings.privacy.model if settings.privacy.look_for == "faces" else None
    return [m for m in (faces, settings.filters.cartoon_model, settings.filters.aesthetics_model) if m]


def _tracking_params(settings: Settings) -> Mapping[str, Any]:
    return settings.tracking.model_dump()


def _tracking_models(settings: Settings) -> Sequence[str]:
    return [settings.tracking.model]


def _embedding_params(settings: Settings) -> Mapping[str, Any]:
    return settings.embedding.model_dump()


def _embedding_models(settings: Settings) -> Sequence[str]:
    return [settings.embedding.model]


_RAW = Step("raw_videos", "2", (), ("videos", "packets"), _nothing, _no_models, _ingest)
_CLIPS = Step("scene_clips", "1", ("raw_videos",), ("clips",), _shots_params, _shots_models, _cut)
_FILTERED = Step(
    "filtered_clips",
    "2",
    ("raw_videos", "scene_clips"),
    ("filtered_clips", "redactions"),
    _filters_params,
    _filters_models,
    _judge,
)
_TRACKS = Step(
    "tracks",
    "1",
    ("raw_videos", "filtered_clips"),
    ("tracks", "track_boxes"),
    _tracking_params,
    _tracking_models,
    _track,
)
_EMBEDDINGS = Step(
    "embeddings",
    "1",
    ("raw_videos", "filtered_clips", "tracks"),
    ("embeddings",),
    _embedding_params,
    _embedding_models,
    _embed,
)

STEPS: dict[str, Step] = {step.asset: step for step in (_RAW, _CLIPS, _FILTERED, _TRACKS, _EMBEDDINGS)}
