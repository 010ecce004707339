"""The two jobs: everything that is made of a batch, and everything that is made of a recipe."""

from __future__ import annotations

import dagster as dg

from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS

build_batch = dg.define_asset_job(
    "build_batch",
    selection=dg.AssetSelection.assets(*BATCH_ASSETS),
    description="From a batch's registered videos to its embeddings.",
)

build_recipe = dg.define_asset_job(
    "build_recipe",
    selection=dg.AssetSelection.assets(*RECIPE_ASSETS),
    description="From a recipe to its packaged data sets.",
)
