"""The raw videos of a batch: content hash, properties, an index of every frame, and the bytes or a link to them."""

from assets.batch_asset import batch_asset

raw_videos = batch_asset(
    "raw_videos",
    description="Registered videos: hash, properties and packet index; bytes copied in or left where they are.",
    group="ingest",
    kinds={"parquet", "ffmpeg"},
    per_run=10,
)
