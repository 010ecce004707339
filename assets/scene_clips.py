"""Videos cut into shots: frame ranges, never re-encoded files."""

from assets.batch_asset import batch_asset

scene_clips = batch_asset(
    "scene_clips",
    description="Clips: the shots of each video as frame ranges. Nothing is re-encoded.",
    group="curate",
    kinds={"parquet", "opencv"},
    pool="decode",
)
