"""A store in which everything there is was made of two real clips, as all the assets make it."""

from __future__ import annotations

from pathlib import Path

from real_clips import cut

from rushes import settings
from rushes.packaging.package import package
from rushes.selection.recipes import recipe as recipe_files
from rushes.selection.report.write import write_report
from rushes.selection.select import select
from rushes.sheets import draw_sheet
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.manifests import read_batch
from rushes.store.objects import Objects
from rushes.work.build import build

SETTINGS = (
    "tracking: {fps: 4}\nembedding: {fps: 4}\nprivacy: {sample_fps: 1}\nfilters: {sample_fps: 1, min_duration_s: 0.2}\n"
)
RECIPE = """
name: street
unit: sequence
sequence_length: 4
fps: 8
strategies: diversity
split: {train: 0.5, val: 0.5}
shard_sequences: 3
save_frames: true
formats: [native, mediasequence, mot, coco-vid, webdataset]
"""


def cut_clips(folder: Path) -> list[Path]:
    """Write two videos whose names are like nothing else in a store."""
    return [
        cut("carphone", folder / "zebrafinch.mp4", 0, 40),
        cut("bikes", folder / "quokka.mp4", 137, 180),
    ]


def build_whole(objects: Objects, files: list[Path]) -> None:
    """Build all there is of some videos: every asset, a report, a data set, contact sheets."""
    settings.save(objects, SETTINGS)
    register(objects, [str(file) for file in files], "zoo")
    build_all(objects, "zoo-0000")
    recipe_files.save(objects, RECIPE)
    choose(objects, "street")


def build_all(objects: Objects, batch: str) -> None:
    """Build a batch's five assets."""
    own = settings.load(objects, read_batch(objects, batch).collection)
    for step in STEPS.values():
        build(objects, step, batch, own, workers=0)
        _sheet(objects, step.asset, batch)


def choose(objects: Objects, name: str) -> None:
    """Carry a recipe out, with its report and its data set."""
    recipe = recipe_files.load(objects, name)
    write_report(objects, recipe, select(objects, recipe, 0))
    package(objects, recipe, 0)
    _sheet(objects, "packaged_datasets", name)


def _sheet(objects: Objects, asset: str, partition: str) -> None:
    with connect(objects) as connection:
        data = draw_sheet(objects, connection, asset, partition)
    if data is not None:
        objects.write(f"sheets/{asset}/{partition}.jpg", data)
