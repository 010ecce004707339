"""Objects found and followed through the kept clips."""

from assets.batch_asset import batch_asset

tracks = batch_asset(
    "tracks",
    description="Tracks of objects in kept clips, box by box. No track crosses a cut.",
    group="curate",
    kinds={"parquet", "onnx"},
    pool="inference",
)
