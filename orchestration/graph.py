"""The seven assets themselves, and the graph that Dagster makes of them: what each is made of, and its partitions.

Not here: checks, jobs, schedules and sensors (``definitions`` puts all together), and who needs only names
(``lineage``).
"""

from __future__ import annotations

from functools import cache

from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from assets.embeddings import embeddings
from assets.filtered_clips import filtered_clips
from assets.packaged_datasets import packaged_datasets
from assets.raw_videos import raw_videos
from assets.scene_clips import scene_clips
from assets.selected_sequences import selected_sequences
from assets.tracks import tracks

ASSETS = [raw_videos, scene_clips, filtered_clips, tracks, embeddings, selected_sequences, packaged_datasets]


@cache
def asset_graph() -> AssetGraph:
    """Return the graph of the assets, as backfills name their parts by it."""
    return AssetGraph.from_assets(ASSETS)
