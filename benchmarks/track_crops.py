"""What cutting track crops costs, beside doing it as TrackVerse's script does: its own reading, cutting and encoding.

    python benchmarks/track_crops.py [--tracks 12] [--clip my.mp4]

Boxes wander over a clip, a fresh set every two seconds, at 8 a second. The script's way, written anew: for each track
the video is opened and sought, its frames become PIL images, a box in whole pixels is resized by PIL, and x264 encodes
at its defaults with a key frame every half second. Ours is the format ``track-crops``, less the hiding of faces, which
the other side does not have. Both use one thread and the same paths; what is counted is CPU time. Quality is the PSNR
of what was encoded against what was cut out, so that sizes can be compared.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from PIL import Image

from rushes.models.registry import models_folder
from rushes.packaging import track_crops
from rushes.packaging.crop_path import crop_path
from rushes.packaging.packed import File
from rushes.packaging.packed_tracks import PackedTrack, PackedVideo, Pictures
from rushes.packaging.trackverse import mp4_name
from rushes.ranges import open_ranges
from rushes.sources import demo_clips
from rushes.video.media import open_reader, video_columns
from rushes.video.probe import probe

_RATE, _SECONDS = 8.0, 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, default=None, help="default: the demo's street")
    parser.add_argument("--tracks", type=int, default=12, help="tracks at a time")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    clip = given.clip or demo_clips.fetch(models_folder() / "clips")[0]
    video = _video(clip, given.tracks)
    ways: dict[str, Callable[[], list[bytes]]] = {
        "track-crops": lambda: _ours(video),
        "its way": lambda: _its(video, clip),
    }
    cuts = {"track-crops": track_crops.cut, "its way": _cut}
    seconds = {name: min(_cpu(way) for _ in range(given.rounds)) for name, way in ways.items()}
    print(f"{clip.name}: {len(video.tracks)} tracks of {_SECONDS:g} s, {given.tracks} at a time")
    print("| way | CPU s | ratio | KiB | PSNR dB |\n|---|---|---|---|---|")
    for name, way in ways.items():
        files = way()
        size, quality = sum(map(len, files)) / 1024, _psnr(video, files, cuts[name])
        print(
            f"| {name} | {seconds[name]:.2f} | {seconds[name] / seconds['its way']:.2f} | {size:.0f} | {quality:.1f} |"
        )


def _cpu(way: Callable[[], object]) -> float:
    begin = time.process_time()
    way()
    return time.process_time() - begin


def _video(clip: Path, at_a_time: int) -> PackedVideo:
    info = probe(str(clip))
    times_s = info.index.times_s
    size = (info.width, info.height)

    @contextmanager
    def pictures() -> Iterator[Pictures]:
        ranges = open_ranges(str(clip))
        with open_reader(ranges, video_columns(info), info.index) as reader:
            yield reader

    random = np.random.default_rng(0)
    step = max(1, round(info.fps / _RATE))
    length = round(info.fps * _SECONDS)
    starts = range(0, len(times_s) - length + 1, length)
    tracks = [
        _track(f"{start}-{n}", np.arange(start, start + length, step), times_s, size, random)
        for start in starts
        for n in range(at_a_time)
    ]
    return PackedVideo("benchmark", "all", *size, info.fps, (), tuple(tracks), pictures)


def _track(
    name: str, frames: np.ndarray, times_s: np.ndarray, size: tuple[int, int], random: np.random.Generator
) -> PackedTrack:
    """A box of a tenth to two fifths of the frame's sides that drifts, and shakes as a detector's boxes do."""
    limit = np.array(size)
    sides = limit * random.uniform(0.1, 0.4, 2)
    ends = random.uniform(0, 1, (2, 2)) * (limit - sides)
    share = np.linspace(0, 1, len(frames))[:, None]
    corners = ends[0] * (1 - share) + ends[1] * share
    boxes = np.concatenate([corners, np.tile(sides, (len(frames), 1))], axis=1)
    boxes += random.normal(0, 2, boxes.shape)
    count = len(frames)
    return PackedTrack(
        name, "thing", frames, times_s[frames] - times_s[0], boxes.astype(np.float32), np.ones(count, np.float32),
        (0,) * count, ("thing",) * count, 1.0, (0,), ("thing",), (1.0,), (0.0,),
    )  # fmt: skip


def _ours(video: PackedVideo) -> list[bytes]:
    """The files by their tracks' order."""
    files = {made.path: made.data for made in track_crops.video_files(video) if isinstance(made, File)}
    return [files[mp4_name(video, track)] for track in video.tracks]


def _its(video: PackedVideo, clip: Path) -> list[bytes]:
    with TemporaryDirectory() as scratch:
        return [_one(video, track, clip, Path(scratch, f"{n}.mp4")) for n, track in enumerate(video.tracks)]


def _one(video: PackedVideo, track: PackedTrack, clip: Path, target: Path) -> bytes:
    path = crop_path(track.times_s, track.boxes, (video.width, video.height))
    rate = round(video.fps)
    with av.open(str(clip)) as container, av.open(str(target), "w") as written:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        container.seek(int(track.times_s[0] * av.time_base))
        encoder = written.add_stream("libx264", rate=rate)
        encoder.width, encoder.height = path.size
        encoder.pix_fmt, encoder.gop_size = "yuv420p", rate // 2
        encoder.codec_context.thread_count = 1
        for frame in container.decode(stream):
            if frame.time < track.times_s[0] - 1e-3:
                continue
            if frame.time > track.times_s[-1] + 1e-3:
                break
            crop = _cut(np.array(frame.to_image()), path.at(frame.time), path.size)
            written.mux(encoder.encode(av.VideoFrame.from_ndarray(crop, format="rgb24")))
        written.mux(encoder.encode(None))
    return target.read_bytes()


def _cut(picture: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    left, top, width, height = box.astype(int)
    return np.array(Image.fromarray(picture[top : top + height, left : left + width]).resize(size))


def _psnr(
    video: PackedVideo,
    files: list[bytes],
    cut: Callable[[np.ndarray, np.ndarray, tuple[int, int]], np.ndarray],
) -> float:
    """How near the luma of every fifth file is to what was cut out for it."""
    errors = []
    for track, data in list(zip(video.tracks, files, strict=True))[::5]:
        path = crop_path(track.times_s, track.boxes, (video.width, video.height))
        numbers = range(int(track.frames[0]), int(track.frames[-1]) + 1)
        with video.pictures() as pictures, av.open(io.BytesIO(data), mode="r") as container:
            begin_s = float(pictures.times_s[0])
            for (number, picture), frame in zip(pictures.frames(numbers), container.decode(video=0), strict=False):
                box = path.at(float(pictures.times_s[number]) - begin_s)
                told = av.VideoFrame.from_ndarray(cut(picture, box, path.size), format="rgb24")
                told_luma = told.reformat(format="gray").to_ndarray().astype(float)
                luma = frame.reformat(format="gray").to_ndarray().astype(float)
                errors.append(((told_luma - luma) ** 2).mean())
    return float(10 * np.log10(255**2 / np.mean(errors)))


if __name__ == "__main__":
    main()
