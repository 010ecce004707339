"""Films of a data set in a bucket are read by ranges: those in its shards, and the store's own videos that it links."""

from __future__ import annotations

from pathlib import Path

import barcodes
import fsspec
import pytest
from rows import filtered_row, write_batch
from tasks import ingested

import rushes
from rushes.packaging.package import package
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.store.objects import Objects


@pytest.mark.parametrize("pixels", ["video", "linked"])
def test_films_are_read_from_a_bucket(server: str, tmp_path: Path, pixels: str) -> None:
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(f"films-{pixels}")
    store = Objects(f"s3://films-{pixels}/store")
    barcodes.write(tmp_path / "v.mp4", frames=36, gop=12)
    task = ingested(store, tmp_path / "v.mp4", "v")
    tables = {name: task.rows[name].to_pylist() for name in ("videos", "packets")}
    write_batch(store, **tables, filtered_clips=[filtered_row("v", 0, 36)])
    recipe = Recipe(name="films", sequence_length=12, pixels=pixels)
    select(store, recipe)
    package(store, recipe, workers=0)
    for ds in (rushes.open(store.uri).dataset("films"), rushes.open_dataset(f"{store.uri}/datasets/films")):
        for frames, own in zip(ds.frames, ds.frame_numbers, strict=True):
            assert [barcodes.read(picture) for picture in frames.numpy()] == own.numpy().tolist()
            assert barcodes.read(frames[7].numpy()) == int(own[7].numpy())
