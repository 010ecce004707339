"""The five assets that work on batches: what each reads, writes, and is shaped by.

The order is that of the lineage. A step's ``version`` is raised whenever its code gives other rows for the same input.
Heavy libraries are imported only where a step is carried out. Here: the list. Not here: the computations (each room's
own), recipes' assets (``rushes.selection``, ``rushes.packaging``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rushes.settings import Settings
from rushes.store.objects import Objects
from rushes.store.rejects import Reject
from rushes.tracking.vocabulary import file_of_names
from rushes.work.step import Compute, Fetch, Settled, Step


def _no_models(settings: Settings) -> Sequence[str]:
    return ()


def _ingest_params(settings: Settings) -> Mapping[str, Any]:
    """What decides whether a video comes in; how it is fetched shapes nothing."""
    ingest = settings.ingest
    return {"check": ingest.check, "limits": [ingest.max_bytes, ingest.max_duration_s], "height": ingest.max_height}


def _ingest(settings: Settings) -> Compute:
    from rushes.sources.ingest import ingest

    return partial(ingest, settings=settings.ingest)


def _fetch(objects: Objects, settings: Settings) -> Fetch:
    from rushes.sources.fetch import FetchVideo

    return FetchVideo(objects, settings.ingest)


def _duplicates(objects: Objects, batch: str, videos: Sequence[Settled]) -> Mapping[str, Reject]:
    from rushes.sources.duplicates import duplicates

    return duplicates(objects, batch, videos)


def _cut(settings: Settings) -> Compute:
    from rushes.shots.cut import CutVideo

    return CutVideo(settings.shots)


def _judge(settings: Settings) -> Compute:
    from rushes.filters.judge import JudgeVideo

    return JudgeVideo(settings, {"version": _FILTERED.version, "models": _hashes(settings)})


def _hashes(settings: Settings) -> Mapping[str, str]:
    from rushes.models.registry import expected_hash

    return {name: expected_hash(name) for name in _filters_models(settings)}


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
    privacy = settings.privacy
    models = {"faces": privacy.model, "plates": privacy.plates_model}
    hidden = [models[kind] for kind in privacy.look_for]
    filters = settings.filters
    cartoon = (filters.cartoon_model or "efficientnet-lite0") if filters.cartoon else None
    return [m for m in (*hidden, cartoon, filters.aesthetics_model) if m]


def _tracking_params(settings: Settings) -> Mapping[str, Any]:
    detecting = settings.tracking.origin != "annotated"
    own = settings.tracking
    return own.model_dump(exclude={"device"}) if detecting else {"origin": "annotated", "keep": own.keep.model_dump()}


def _tracking_models(settings: Settings) -> Sequence[str]:
    own = settings.tracking
    if own.origin == "annotated":
        return []
    names = file_of_names(own.vocabulary) if own.vocabulary else None
    return [str(file) for file in (own.model, own.text_encoder, names) if file]


def _embedding_params(settings: Settings) -> Mapping[str, Any]:
    return settings.embedding.model_dump()


def _embedding_models(settings: Settings) -> Sequence[str]:
    return [settings.embedding.model]


_RAW = Step(
    "raw_videos",
    "4",
    (),
    (),
    ("videos", "packets", "annotation_boxes", "annotation_segments"),
    _ingest_params,
    _no_models,
    _ingest,
    _fetch,
    _duplicates,
)
_CLIPS = Step(
    "scene_clips",
    "3",
    ("raw_videos",),
    ("videos", "packets", "annotation_segments"),
    ("clips",),
    _shots_params,
    _shots_models,
    _cut,
)
_FILTERED = Step(
    "filtered_clips",
    "3",
    ("raw_videos", "scene_clips"),
    ("videos", "packets", "clips"),
    ("filtered_clips", "redactions"),
    _filters_params,
    _filters_models,
    _judge,
)
_TRACKS = Step(
    "tracks",
    "3",
    ("raw_videos", "filtered_clips"),
    ("videos", "packets", "annotation_boxes", "annotation_segments", "filtered_clips"),
    ("tracks", "track_boxes"),
    _tracking_params,
    _tracking_models,
    _track,
)
_EMBEDDINGS = Step(
    "embeddings",
    "1",
    ("raw_videos", "filtered_clips", "tracks"),
    ("videos", "packets", "filtered_clips", "tracks", "track_boxes"),
    ("embeddings",),
    _embedding_params,
    _embedding_models,
    _embed,
)

STEPS: dict[str, Step] = {step.asset: step for step in (_RAW, _CLIPS, _FILTERED, _TRACKS, _EMBEDDINGS)}
