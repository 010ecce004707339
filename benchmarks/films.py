"""What the three ways of keeping pixels cost (``pixels: jpeg``, ``video``, ``linked``): packaging, bytes and reading.

    python benchmarks/films.py [--clip my.mp4] [--length 24]

A clip is packaged as the native format in each way, as it is, and written anew with a key frame at the begin of every
sequence, so that all of it can be copied. CPU seconds of one process; the least of ``--rounds``. "One frame" is the
mean of 60 frames anywhere in the data set, each read alone. JPEG of the same clip is the measure of all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

import rushes
from rushes.models.registry import models_folder
from rushes.packaging.package import package
from rushes.packaging.reader import Dataset
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.settings import Settings
from rushes.sources import demo_clips
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.manifests import Record, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import EMBEDDINGS, TRACK_BOXES, TRACKS
from rushes.store.tables import write_partition
from rushes.work.build import build

_WAYS = ("jpeg", "video", "linked")
_PICKS = 60


@dataclass(frozen=True)
class _Cost:
    package_s: float
    megabytes: float
    frames_a_s: float
    one_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, default=None, help="default: the demo's street")
    parser.add_argument("--length", type=int, default=24, help="frames of a sequence")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    clip = given.clip or demo_clips.fetch(models_folder() / "clips")[0]
    print("| source | pixels | packaging CPU s | ratio | MB | ratio | frames/CPU s | ratio | one frame ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as scratch:
        anew = _with_keyframes(clip, Path(scratch) / "anew.mp4", given.length)
        for name, source in (("as it is", clip), ("key frames at the begins", anew)):
            store = _store(Path(scratch) / name, source)
            costs = {way: _cost(store, way, given.length, given.rounds) for way in _WAYS}
            for way, cost in costs.items():
                print(f"| {name} | {way} | {_row(cost, costs['jpeg'])} |")


def _row(cost: _Cost, base: _Cost) -> str:
    return (
        f"{cost.package_s:.2f} | {cost.package_s / base.package_s:.2f} | "
        f"{cost.megabytes:.2f} | {cost.megabytes / base.megabytes:.3f} | "
        f"{cost.frames_a_s:.0f} | {cost.frames_a_s / base.frames_a_s:.2f} | {cost.one_ms:.2f}"
    )


def _store(folder: Path, source: Path) -> Objects:
    """Return a store in which the whole video is one clip."""
    store = Objects(folder)
    register(store, [str(source)], "made")
    judged = {"cartoon": False, "max_stillness": None, "min_sharpness": None}
    settings = Settings.model_validate({"shots": {"method": "whole"}, "filters": judged, "privacy": {"look_for": []}})
    for asset in ("raw_videos", "scene_clips", "filtered_clips"):
        build(store, STEPS[asset], "made-0000", settings, workers=0)
    for asset, tables in (("tracks", (TRACKS, TRACK_BOXES)), ("embeddings", (EMBEDDINGS,))):  # nothing is in them
        for table in tables:
            write_partition(store, table, {"batch": "made-0000"}, table.from_rows([]))
        write_record(store, Record(asset, "made-0000", "1", identity="none"))
    return store


def _cost(store: Objects, way: str, length: int, rounds: int) -> _Cost:
    recipe = Recipe.model_validate({"name": way, "sequence_length": length, "pixels": way, "privacy": "none"})
    select(store, recipe)

    def packaged() -> None:
        for name in list(store.list(f"datasets/{way}")):
            store.delete(name)
        package(store, recipe, workers=0)

    package_s = min(_cpu(packaged) for _ in range(rounds))
    ds = rushes.open(store.uri).dataset(way)
    megabytes = sum(store.size(name) for name in store.list(f"datasets/{way}")) / 1e6
    read_s = min(_cpu(lambda: [frames.numpy() for frames in ds.frames]) for _ in range(rounds))
    one_s = min(_cpu(lambda: _some(ds, length)) for _ in range(rounds)) / _PICKS
    return _Cost(package_s, megabytes, float(ds.lengths.sum()) / read_s, 1e3 * one_s)


def _some(ds: Dataset, length: int) -> None:
    random = np.random.default_rng(0)
    for _ in range(_PICKS):
        ds.frames[int(random.integers(len(ds)))][int(random.integers(length))].numpy()


def _with_keyframes(clip: Path, target: Path, every: int) -> Path:
    with av.open(str(clip)) as source, av.open(str(target), "w", format="mp4") as output:
        origin = source.streams.video[0]
        rate = origin.average_rate or Fraction(25)
        stream = output.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = origin.width, origin.height, "yuv420p"
        stream.options = {"x264-params": f"keyint={every}:min-keyint={every}:scenecut=0:open-gop=0"}
        for number, frame in enumerate(source.decode(origin)):
            picture = frame.reformat(format="yuv420p")
            picture.pts, picture.time_base = number, 1 / rate
            picture.pict_type = av.video.frame.PictureType.NONE
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return target


def _cpu(way: Callable[[], object]) -> float:
    begin = time.process_time()
    way()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
