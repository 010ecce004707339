"""How fast a recipe's SQL goes over a store of a million tracks and twenty million boxes.

    python benchmarks/curation.py                        # makes the store in a temporary folder: some minutes
    python benchmarks/curation.py --store /tmp/million   # makes it there, or uses the one that is there
    python benchmarks/curation.py --batches 20 --turns 1

Each measurement is a process of its own on this local store: from opening the store to the 50,000 chosen, candidates
and their order included. Beside it, in the same turn, stands one query that a person would write over the same tables
with DuckDB: number each class's (or video's) tracks and take the first. What is printed is the quickest turn.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from rushes.selection.candidates.consider import consider
from rushes.selection.choosing.choose import choose
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.manifests import Batch, Entry, Record, batch_names, seal_batch, write_record
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES
from rushes.store.tables import write_partition

VIDEOS, TRACKS, BOXES, CLASSES = 64, 5_000, 20, 1_203
CHOSEN = 50_000
CLIP_FRAMES = 600
STRATEGIES = ("class_balanced", "video_balanced")
# What a person would ask DuckDB for, with nothing of ours.
BY_HAND = {
    "class_balanced": "PARTITION BY class_name ORDER BY weighted_score DESC, track_id",
    "video_balanced": "PARTITION BY video_id ORDER BY md5('0:' || track_id)",
}


def make(objects: Objects, batches: int) -> None:
    """Fill a store: each batch has 64 videos of one clip, 5,000 tracks and 20 boxes of each."""
    names = np.array([f"class {n:04d}" for n in range(CLASSES)])
    shares = 1 / np.arange(1, CLASSES + 1)
    for number in range(batches):
        random = np.random.default_rng(number)
        batch = f"made-{number:04d}"
        videos = [f"video-{number * VIDEOS + n:06d}" for n in range(VIDEOS)]
        clips = [f"{video}.000000-{CLIP_FRAMES:06d}" for video in videos]
        of = np.sort(random.integers(0, VIDEOS, TRACKS))
        nth = np.arange(TRACKS) - np.searchsorted(of, of)
        ids = [f"{clips[v]}.t{n:04d}" for v, n in zip(of, nth, strict=True)]
        class_ids = random.choice(CLASSES, TRACKS, p=shares / shares.sum())
        starts = random.integers(0, CLIP_FRAMES // 2, TRACKS)
        tracks = {
            "track_id": ids,
            "video_id": np.array(videos)[of],
            "clip_id": np.array(clips)[of],
            "class_id": class_ids,
            "class_name": names[class_ids],
            "vocabulary": ["lvis"] * TRACKS,
            "n_boxes": np.full(TRACKS, BOXES),
            "start_frame": starts,
            "end_frame": starts + random.integers(75, 300, TRACKS),
            "mean_score": random.random(TRACKS, np.float32),
            "mean_area": random.random(TRACKS, np.float32),
            "top10_class_ids": [class_ids[n : n + 1].tolist() * 10 for n in range(TRACKS)],
            "top10_mean": np.sort(random.random((TRACKS, 10), np.float32))[:, ::-1].tolist(),
            "kept": random.random(TRACKS) < 0.9,
            "complete": np.zeros(TRACKS, bool),
            "considered": np.ones(TRACKS, bool),
            "origin": ["detected"] * TRACKS,
        }
        frames = (starts[:, None] + np.arange(BOXES) * 3).ravel()
        boxes = {
            "track_id": np.repeat(ids, BOXES),
            "video_id": np.repeat(tracks["video_id"], BOXES),
            "clip_id": np.repeat(tracks["clip_id"], BOXES),
            "frame": frames,
            "t_s": frames / 30,
            "considered": np.ones(len(frames), bool),
            **{name: random.random(len(frames), np.float32) for name in ("x", "y", "w", "h", "score")},
        }
        judged = {
            "clip_id": clips,
            "video_id": videos,
            "end_frame": np.full(VIDEOS, CLIP_FRAMES),
            "kept": [True] * VIDEOS,
            "motion": random.random(VIDEOS),
        }
        rows = {
            "videos": _filled("videos", {"video_id": videos, "collection": ["made"] * VIDEOS}),
            "filtered_clips": _filled("filtered_clips", judged),
            "tracks": _filled("tracks", tracks),
            "track_boxes": _filled("track_boxes", boxes),
        }
        seal_batch(objects, Batch(batch, "made", tuple(Entry(v, v, f"/footage/{v}.mp4") for v in videos)))
        for name, table in TABLES.items():
            if table.keys == ("batch",):
                write_partition(objects, table, {"batch": batch}, rows.get(name, table.empty()))
        for asset in ("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings"):
            write_record(objects, Record(asset, batch, "1", identity=f"{asset} of {batch}"))


def _filled(table: str, columns: dict[str, Any]) -> pa.Table:
    """Return the table with what is not given as zero, or empty."""
    schema, count = TABLES[table].arrow, len(next(iter(columns.values())))
    arrays = []
    for field in schema:
        if field.name in columns:
            arrays.append(pa.array(columns[field.name]).cast(field.type))
        elif field.nullable:
            arrays.append(pa.nulls(count, field.type))
        elif pa.types.is_list(field.type):
            arrays.append(pa.array([[]] * count, field.type))
        elif field.type == pa.string():
            arrays.append(pa.array(["1/30" if field.name == "time_base" else ""] * count))
        else:
            arrays.append(pa.array(np.zeros(count, np.int64)).cast(field.type, safe=False))
    return pa.table(arrays, schema)


def ours(objects: Objects, strategy: str) -> int:
    """Choose by a recipe, and return how many there were to choose from."""
    recipe = Recipe.model_validate(
        {"name": "bench", "unit": "track", "strategies": [strategy], "n_sequences": CHOSEN, "check_frames": False}
    )
    with connect(objects) as connection:
        candidates = consider(connection, recipe, batch_names(objects)).candidates
        chosen = choose(connection, recipe, candidates, np.ones(len(candidates), bool), {}, count=CHOSEN)
    assert len(chosen) == min(CHOSEN, len(candidates))
    return len(candidates)


def by_hand(objects: Objects, strategy: str) -> int:
    """Choose by one query, and return how many were chosen."""
    query = f"""
        SELECT track_id, class_name, weighted_score, row_number() OVER ({BY_HAND[strategy]}) AS nth
        FROM track_candidates WHERE kept AND track_kept ORDER BY nth, weighted_score DESC, track_id LIMIT {CHOSEN}"""
    with connect(objects) as connection:
        return len(connection.execute(query).to_arrow_table())


WAYS: dict[str, Callable[[Objects, str], int]] = {"rushes": ours, "by hand": by_hand}


def measured(store: Path, way: str, strategy: str) -> dict[str, float]:
    """Measure in a fresh process: seconds of the wall, CPU seconds and the most memory, MB, above its imports."""
    command = [sys.executable, __file__, "--store", str(store), "--one", way, strategy]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def one(store: Path, way: str, strategy: str) -> dict[str, float]:
    """Do one measurement in this process."""
    objects = Objects(store)
    pa.array([0])  # whereupon pyarrow imports pandas, where it is there
    wall, cpu = time.perf_counter(), time.process_time()
    count = WAYS[way](objects, strategy)
    spent = {"s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "count": count}
    return spent | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def report(store: Path, turns: int) -> None:
    """Measure all in turn, and print the quickest of each."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(turns):
        for strategy in STRATEGIES:
            for way in WAYS:
                found.setdefault((strategy, way), []).append(measured(store, way, strategy))
    with connect(Objects(store)) as connection:
        tracks, boxes = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in ("tracks", "track_boxes")
        )
    print(f"{tracks:,} tracks, {boxes:,} boxes; DuckDB {duckdb.__version__}; the quickest of {turns}")
    print("| strategy | way | s | CPU s | peak MB | ratio of s |\n|---|---|---|---|---|---|")
    for (strategy, way), turns_of in found.items():
        best = min(turns_of, key=lambda turn: turn["s"])
        beside = min(turn["s"] for turn in found[strategy, "by hand"])
        ratio = best["s"] / beside
        print(f"| {strategy} | {way} | {best['s']:.2f} | {best['cpu_s']:.2f} | {best['mb']:.0f} | {ratio:.2f} |")


def main() -> None:
    """Make a store where there is none, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=None, help="default: a temporary one")
    parser.add_argument("--batches", type=int, default=200, help="of 5,000 tracks each")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("WAY", "STRATEGY"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.store, *given.one)))
        return
    with tempfile.TemporaryDirectory() as folder:
        store = given.store or Path(folder) / "store"
        if not batch_names(Objects(store)):
            make(Objects(store), given.batches)
        report(store, given.turns)


if __name__ == "__main__":
    main()
