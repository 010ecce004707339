"""What loading for training costs: our loaders beside the bare reader, WebDataset's and Deep Lake 4's, in one run.

    python3.11 -m venv .venv-peers                       # Deep Lake, in an environment of its own
    .venv-peers/bin/pip install -r benchmarks/requirements-loading.txt
    .venv/bin/python -m benchmarks.loading               # three minutes, on a machine with nothing else to do

The data set is made by the first run and kept: sequences of 8 frames of a real clip of a street, 640x272, as JPEG; the
same bytes in every format. Every loader gives the same pictures as uint8 RGB tensors in batches of 8 sequences, by two
workers, shuffled. The bare reader is one process, and then two side by side, which is what two workers could do at
most. The rounds go through all loaders in turn, and the best counts. The table is Markdown, on standard output.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import simplejpeg

from rushes.models.registry import models_folder
from rushes.packaging import native, webdataset
from rushes.packaging.packed import FrameBoxes, PackedSequence, Shard, ShardSummary
from rushes.sources.demo_clips import fetch

HERE = Path(__file__).parent
FRAMES, SEQUENCES, SHARDS = 8, 240, 6
NAMES = {
    "reader": "the reader, one process",
    "readers": "the reader, two processes",
    "map": "`Loader` of clips, 2 workers",
    "stream": "`Loader` of a stream, 2 workers",
    "webdataset": "WebDataset, 2 workers",
    "webdataset-simplejpeg": "WebDataset with our decoder, 2 workers",
    "deeplake": "Deep Lake 4, 2 workers",
}
AIM = 0.8  # of the reader's rate


def main() -> None:
    """Make the data set, run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rushes-loading")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers" / "bin" / "python")
    given = parser.parse_args()
    if not (given.folder / "jpegs.json").exists():
        make(given.folder)
    best: dict[str, dict[str, Any]] = {}
    for _ in range(given.rounds):
        for name in NAMES:
            python = given.peers if name == "deeplake" else Path(sys.executable)
            if not python.exists():
                print(f"{name}: no {python}, left out", file=sys.stderr)
                continue
            found = run(name, python, given.folder)
            if name not in best or found["wall_s"] < best[name]["wall_s"]:
                best[name] = found
    print(table(best))


def run(name: str, python: Path, folder: Path) -> dict[str, Any]:
    """Run a loader in a process of its own, or two of them at once; return what it took."""
    side_by_side = 2 if name == "readers" else 1
    command = [str(python), str(HERE / "loading_peers.py"), name.rstrip("s") if side_by_side > 1 else name, str(folder)]
    environment = {"PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) for _ in range(side_by_side)
    ]
    reports = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    together: dict[str, Any] = reports[0] | {"frames": sum(report["frames"] for report in reports)}
    together["wall_s"] = max(report["wall_s"] for report in reports)
    together["cpu_s"] = sum(report["cpu_s"] for report in reports)
    print(f"{name}: {together['frames'] / together['wall_s']:.0f} frames/s", file=sys.stderr)
    return together


def table(best: dict[str, dict[str, Any]]) -> str:
    """Return the table, as Markdown."""
    rates = {name: found["frames"] / found["wall_s"] for name, found in best.items()}
    brightness = {round(found["brightness"], 1) for found in best.values()}
    lines = [
        "| loader | frames/s | of one reader | of two | CPU ms a frame |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, found in best.items():
        cpu = 1000 * found["cpu_s"] / found["frames"]
        shares = " | ".join(f"{rates[name] / rates[other]:.2f}" for other in ("reader", "readers"))
        lines.append(f"| {NAMES[name]} | {rates[name]:.0f} | {shares} | {cpu:.2f} |")
    ours = max(rates["map"], rates["stream"])
    lines.append(f"\nOur loaders: {ours / rates['reader']:.2f} of the reader alone, the aim being {AIM}.")
    lines.append(f"All read the same pictures: {'yes' if max(brightness) - min(brightness) < 1 else brightness}.")
    return "\n".join(lines)


def make(folder: Path) -> None:
    """Write the same sequences as native, as WebDataset's tars, and as bytes for whoever writes another format."""
    pictures = street()
    sequences = [
        sequence(n, [pictures[(n * 3 + step) % len(pictures)] for step in range(FRAMES)]) for n in range(SEQUENCES)
    ]
    for format in (native, webdataset):
        target = folder / format.__name__.rpartition(".")[2]
        summaries = []
        for number, members in enumerate(np.array_split(np.arange(SEQUENCES), SHARDS)):
            own = [sequences[n] for n in members]
            shard = Shard("street", "train", number, SHARDS)
            files = list(format.shard_files(own, shard, ("person",)))
            write(target, files)
            ids = tuple(one.sequence_id for one in own)
            summaries.append(ShardSummary(shard, ids, (FRAMES,) * len(own), tuple(file.path for file in files)))
        write(target, format.index_files(summaries, ("person",)))
    (folder / "jpegs.json").write_text(json.dumps([[data.hex() for data in one.jpegs] for one in sequences]))


def write(folder: Path, files: Any) -> None:
    """Write a format's files."""
    for file in files:
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(file.data)


def street() -> list[bytes]:
    """Return the clip's frames as JPEG."""
    path = next(path for path in fetch(models_folder() / "clips") if path.stem == "bikes")
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [simplejpeg.encode_jpeg(np.ascontiguousarray(picture), 90, "RGB") for picture in pictures]


def sequence(number: int, jpegs: list[bytes]) -> PackedSequence:
    """Return a sequence without boxes."""
    none = np.empty(0)
    boxes = FrameBoxes(
        boxes=np.empty((0, 4), np.float32),
        track_numbers=none.astype(np.uint32),
        class_ids=none.astype(np.int32),
        scores=none.astype(np.float32),
        generated=none.astype(bool),
        annotated=none.astype(bool),
        considered=none.astype(bool),
        visibility=none.astype(np.float32),
    )
    return PackedSequence(
        sequence_id=f"street-{number:05d}",
        video_id="street",
        clip_id="street",
        track_id=None,
        split="train",
        media_id="street",
        source_uri="bikes.mp4",
        width=640,
        height=272,
        frame_rate=25.0,
        frames=np.arange(FRAMES, dtype=np.int32),
        times_s=np.arange(FRAMES) / 25,
        start_s=0.0,
        end_s=FRAMES / 25,
        jpegs=tuple(jpegs),
        boxes=(boxes,) * FRAMES,
        annotated=np.zeros(FRAMES, bool),
        embedding=None,
        label=None,
    )


if __name__ == "__main__":
    main()
