"""Frames of kept clips and crops of tracks as vectors."""

from assets.batch_asset import batch_asset

embeddings = batch_asset(
    "embeddings",
    description="Vectors of sampled frames and of tracks' crops.",
    group="curate",
    kinds={"parquet", "onnx"},
    pool="inference",
)
