"""What writing data sets costs: SequenceExamples beside TensorFlow's own, tar beside plain writes, JPEG of two kinds.

    python benchmarks/formats.py [--clip my.mp4] [--tensorflow PYTHON]

``--tensorflow`` is the interpreter of an environment that ``tests/interop/environment.py`` made. Sequences are 16
frames of the clip, five boxes on each, again and again. One thread, CPU seconds, the best of some rounds; of tar wall
seconds too, with the bytes on the disk. Both sides write the same examples, and they are compared. Of JPEG, PSNR is
that of what is decoded against the frame as RGB.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
import simplejpeg
import webdataset as wds
from av.video.reformatter import VideoReformatter

from rushes.models.registry import models_folder
from rushes.packaging import mediasequence, native, webdataset
from rushes.packaging.packed import FrameBoxes, PackedSequence, Shard
from rushes.packaging.sequence_example import build, parse
from rushes.packaging.tfrecord import read_records
from rushes.sources import demo_clips

PEERS = Path(__file__).with_name("formats_peers.py")
SHARD = Shard("benchmark", "train", 0, 1)
CLASS_NAMES = ("person",)
LENGTH, BOXES, QUALITY = 16, 5, 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, default=None, help="default: the demo's bikes")
    parser.add_argument("--sequences", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tensorflow", default=None, help="an interpreter that has TensorFlow and MediaSequence")
    given = parser.parse_args()
    clip = given.clip or next(p for p in demo_clips.fetch(models_folder() / "clips") if p.stem == "bikes")
    frames = decoded(clip, LENGTH * 4)
    sequences = [sequence(number, frames) for number in range(given.sequences)]
    size = sum(len(jpeg) for one in sequences for jpeg in one.jpegs) / 1e6
    what = f"{clip.name}, {frames[0].width}x{frames[0].height}"
    print(f"{what}: {len(sequences)} sequences of {LENGTH}, {size:.0f} MB of JPEG\n")
    with TemporaryDirectory() as folder:
        examples(sequences, Path(folder), given.rounds, given.tensorflow)
        archives(sequences, Path(folder), given.rounds)
    pictures(frames, given.rounds)


def decoded(clip: Path, count: int) -> list[av.VideoFrame]:
    with av.open(str(clip)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return [frame for frame, _ in zip(container.decode(video=0), range(count), strict=False)]


def sequence(number: int, frames: Sequence[av.VideoFrame]) -> PackedSequence:
    own = [frames[(number + step) % len(frames)] for step in range(LENGTH)]
    rng = np.random.default_rng(number)
    width, height = own[0].width, own[0].height
    return PackedSequence(
        f"clip.000000-000099.s{number:06d}", "clip", "clip.000000-000099", None, "train", "ab" * 32, "clip.mp4",
        width, height, 25.0, np.arange(LENGTH, dtype=np.int32), np.arange(LENGTH) / 25, 0.0, LENGTH / 25,
        tuple(by_rgb(frame) for frame in own), tuple(boxes(rng, width, height) for _ in own), np.zeros(LENGTH, bool),
        None, (0, "person"),
    )  # fmt: skip


def boxes(rng: np.random.Generator, width: int, height: int) -> FrameBoxes:
    places = rng.uniform(0, [width / 2, height / 2, width / 2, height / 2], (BOXES, 4)).astype(np.float32)
    flags = np.zeros(BOXES, bool)
    return FrameBoxes(
        places, np.arange(1, BOXES + 1, dtype=np.uint32), np.zeros(BOXES, np.int32), np.ones(BOXES, np.float32),
        flags, flags, ~flags, np.full(BOXES, np.nan, np.float32),
    )  # fmt: skip


def examples(sequences: Sequence[PackedSequence], folder: Path, rounds: int, tensorflow: str | None) -> None:
    """SequenceExamples, from sequences to a file."""
    ours = folder / "ours"

    def by_ours() -> None:
        [file] = mediasequence.PLAIN.shard_files(sequences, SHARD, CLASS_NAMES)
        ours.write_bytes(file.data)

    seconds = {"ours": cpu(by_ours, rounds)}
    if tensorflow:
        (folder / "sequences").write_bytes(pickle.dumps([plain(one) for one in sequences]))
        for way in ("messages", "setters"):
            seconds[f"TensorFlow, {way}"] = by_tensorflow(tensorflow, way, folder, rounds)
            assert contents(folder / way) == contents(ours), f"{way} wrote something else"
    print("| SequenceExamples | CPU s | over ours |\n|---|---:|---:|")
    print("".join(f"| {name} | {s:.3f} | {s / seconds['ours']:.2f} |\n" for name, s in seconds.items()))


def plain(sequence: PackedSequence) -> dict[str, Any]:
    """A sequence as values that need none of our classes."""
    names = ("boxes", "track_numbers", "class_ids", "scores", "generated")
    of_boxes = {name: [getattr(b, name) for b in sequence.boxes] for name in names}
    return {**vars(sequence), **of_boxes, "name": SHARD.name, "class_names": CLASS_NAMES}


def contents(path: Path) -> list[bytes]:
    """The examples of a file, each with its keys in one order."""
    with path.open("rb") as stream:
        return [build(*parse(record)) for record in read_records(stream)]


def by_tensorflow(python: str, way: str, folder: Path, rounds: int) -> float:
    # -P: beside this script may lie files that are named as what TensorFlow imports
    command = [python, "-P", str(PEERS), way, str(folder / "sequences"), str(folder / way), str(rounds)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


def archives(sequences: Sequence[PackedSequence], folder: Path, rounds: int) -> None:
    """Tar shards, with fsync, beside the same bytes written plainly."""
    [data] = [file.data for file in webdataset.shard_files(sequences, SHARD, CLASS_NAMES) if file.path.endswith(".tar")]

    def plainly() -> None:
        put(folder / "plain", data)

    def by_format(form: Any) -> Callable[[], None]:
        def way() -> None:
            for file in form.shard_files(sequences, SHARD, CLASS_NAMES):
                put(folder / Path(file.path).name, file.data)

        return way

    def by_its_writer() -> None:
        path = folder / "theirs.tar"
        with wds.TarWriter(str(path)) as writer:
            for one in sequences:
                images = {f"{step:06d}.jpg": jpeg for step, jpeg in enumerate(one.jpegs)}
                writer.write({"__key__": webdataset.key_of(one.sequence_id), "json": {}, **images})
        put(path, None)

    ways = {"plain write": plainly, "webdataset, ours, with boxes and index": by_format(webdataset)}
    ways |= {
        "native, ours, with boxes and index": by_format(native),
        "webdataset's TarWriter, images alone": by_its_writer,
    }
    base = cpu(plainly, rounds), wall(plainly, rounds)
    print(f"| tar of {len(data) / 1e6:.0f} MB | CPU s | over plain | wall s | over plain |\n|---|---:|---:|---:|---:|")
    for name, way in ways.items():
        of_cpu, of_wall = cpu(way, rounds), wall(way, rounds)
        print(f"| {name} | {of_cpu:.3f} | {of_cpu / base[0]:.2f} | {of_wall:.3f} | {of_wall / base[1]:.2f} |")
    print()


def put(path: Path, data: bytes | None) -> None:
    with open(path, "ab" if data is None else "wb") as stream:
        stream.write(data or b"")
        stream.flush()
        os.fsync(stream.fileno())


def pictures(frames: Sequence[av.VideoFrame], rounds: int) -> None:
    """JPEG of decoded frames."""
    told = [REFORMAT.reformat(frame, format="rgb24").to_ndarray().astype(int) for frame in frames]
    ways = {"through RGB": by_rgb, "planes as they are": by_planes, "planes in JPEG's range": by_full_range}
    print("| JPEG | CPU ms a frame | bytes | PSNR dB |\n|---|---:|---:|---:|")
    for name, way in ways.items():
        seconds = cpu(lambda way=way: [way(frame) for frame in frames], rounds)
        made = [way(frame) for frame in frames]
        errors = [((simplejpeg.decode_jpeg(jpeg) - rgb) ** 2).mean() for jpeg, rgb in zip(made, told, strict=True)]
        psnr = 10 * np.log10(255**2 / np.mean(errors))
        size = sum(map(len, made)) // len(made)
        print(f"| {name} | {1000 * seconds / len(frames):.3f} | {size} | {psnr:.1f} |")


REFORMAT = VideoReformatter()


def by_rgb(frame: av.VideoFrame) -> bytes:
    picture = REFORMAT.reformat(frame, format="rgb24").to_ndarray()
    return bytes(simplejpeg.encode_jpeg(picture, QUALITY, colorsubsampling="420"))


def by_planes(frame: av.VideoFrame) -> bytes:
    planes = [np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width] for plane in frame.planes]
    return bytes(simplejpeg.encode_jpeg_yuv_planes(*map(np.ascontiguousarray, planes), quality=QUALITY))


def by_full_range(frame: av.VideoFrame) -> bytes:
    """JPEG means BT.601 over all 256 values; video has 16 to 235, and in HD other colours."""
    matrix = "ITU709" if frame.height >= 720 else "ITU601"
    return by_planes(
        REFORMAT.reformat(
            frame, format="yuvj420p", src_colorspace=matrix, dst_colorspace="ITU601", src_color_range="MPEG",
            dst_color_range="JPEG",
        )
    )  # fmt: skip


def cpu(way: Callable[[], object], rounds: int) -> float:
    return min(_spent(way, time.process_time) for _ in range(rounds))


def wall(way: Callable[[], object], rounds: int) -> float:
    return min(_spent(way, time.perf_counter) for _ in range(rounds))


def _spent(way: Callable[[], object], clock: Callable[[], float]) -> float:
    begin = clock()
    way()
    return clock() - begin


if __name__ == "__main__":
    main()
