"""Clips judged, with every figure kept, and the faces in them found."""

from assets.batch_asset import batch_asset

filtered_clips = batch_asset(
    "filtered_clips",
    description="Each clip's figures, whether it is kept and why not; in kept clips the regions to hide.",
    group="curate",
    kinds={"parquet", "onnx"},
    pool="decode",
)
