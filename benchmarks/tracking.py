"""What finding and following objects costs, beside the bare network on the same frames and beside Ultralytics' way.

    python benchmarks/tracking.py                          # a street of 640x272 and one of 1280x720, 10 s each
    python benchmarks/tracking.py --clips trailer my.mp4 --seconds 20
    pip install --no-deps --target PEERS lap==0.5.12       # Ultralytics' trackers need it, and are left out without
    PYTHONPATH=PEERS python benchmarks/tracking.py

Everything runs in this process on one thread, and what is counted is CPU time, the system's share included. The first
lines of a clip are rounds in turn, the cheapest of which counts:

- the bare network: ONNX Runtime's ``session.run`` of the registered file on tensors that lie ready, nothing else; once
  as the file is, once as we run it (with its softmax spelled out).
- ours: the whole asset's computation for one video of one clip, from the compressed packets to rows of tracks.

The lines below say what ours consists of. The last ones are what ``ultralytics … .track()`` does, step by step, since
it does not run without torchvision: OpenCV reads every frame, Ultralytics letterboxes it, its network runs in torch,
its NMS and its tracker take the rest; on every frame, its default, and with the stride nearest to our rate. Its network
is YOLOv8n's, the .pt of that size that can be had; ours on that file is told beside it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import torch
from pipeline import ONE_THREAD, clip_named, cpu_s, first_seconds, machine
from ultralytics.data.augment import LetterBox
from ultralytics.utils import YAML
from ultralytics.utils.checks import check_yaml
from ultralytics.utils.nms import non_max_suppression

from rushes.models.inference import onnx_session
from rushes.models.onnx_graph import spell_out_softmax
from rushes.models.registry import locate, models_folder
from rushes.models.yolo_checkpoint import read_network
from rushes.settings import Settings, Tracking
from rushes.sources.demo_clips import CLIPS, fetch
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.manifests import read_batch, read_record
from rushes.store.objects import Objects
from rushes.store.parts import read_part
from rushes.tracking.detector import Detector
from rushes.tracking.follow import follow
from rushes.tracking.presets import PRESETS
from rushes.tracking.track import TrackVideo
from rushes.video.media import open_video
from rushes.video.sampling import frames_at
from rushes.work.build import build
from rushes.work.step import Task

MODEL, TORCH_MODEL = "yolo11n", "yolov8n"
AIM = 1.15
PACKAGES = ("onnxruntime", "av", "opencv-python", "torch", "ultralytics", "numpy")


@dataclass(frozen=True)
class Line:
    """A line of the table: CPU seconds for ``looked_at`` frames through a network."""

    what: str
    cpu: float
    looked_at: int


def cheapest(rounds: int, works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Do each work in turn, so many rounds, and return the CPU seconds of its cheapest."""
    spent = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            before = cpu_s()
            work()
            spent[name] = min(spent[name], cpu_s() - before)
    return spent


# Ours


def task_of(clip: Path, folder: Path) -> Task:
    """Register a clip in a new store, and make of its whole length one clip to be tracked."""
    objects = Objects(folder)
    batch = register(objects, [str(clip)], "bench").batches[0].name
    build(objects, STEPS["raw_videos"], batch, Settings(), workers=0)
    record, (entry, *_) = read_record(objects, "raw_videos", batch), read_batch(objects, batch).entries
    assert record is not None
    rows, _ = read_part(objects, "raw_videos", batch, record.items[entry.entry_id].key)
    whole = {"clip_id": "clip", "start_frame": 0, "end_frame": len(rows["packets"]), "kept": True}
    return Task(objects, entry, "bench", rows | {"filtered_clips": pa.Table.from_pylist([whole])})


def numbers_of(task: Task) -> np.ndarray:
    """Return the frames that are looked at."""
    with open_video(task.objects, task.video, task.rows["packets"]) as reader:
        return frames_at(reader.times_s, 0, len(reader), Tracking().fps)


def pictures(task: Task, detector: Detector) -> list[np.ndarray]:
    """Read the frames that are looked at, scaled for the network; the memory of each is used for the next."""
    size = detector.fit(task.video["width"], task.video["height"])
    with open_video(task.objects, task.video, task.rows["packets"]) as reader:
        return [picture.copy() for _, picture in reader.frames(numbers_of(task), size)]


def padded(picture: np.ndarray) -> np.ndarray:
    """Return a tensor as the network wants it."""
    height, width = (-(-side // 32) * 32 for side in picture.shape[:2])
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32) / 255


def our_lines(task: Task, rounds: int) -> tuple[list[Line], float]:
    """Measure the bare network and the asset, and what the asset consists of; return also the ratio of the two."""
    numbers, detector = numbers_of(task), Detector(MODEL)
    frames = pictures(task, detector)
    tensors = [padded(frame) for frame in frames]
    file = locate(MODEL).path
    bare, spelled_out = onnx_session(file), onnx_session(spell_out_softmax(file.read_bytes()))
    ours, by_torch = TrackVideo(Tracking()), TrackVideo(Tracking(model=TORCH_MODEL))
    found = detector(frames)
    ours(task), by_torch(task)  # load models
    spent = cheapest(
        rounds,
        {
            "bare network": lambda: [bare.run(None, {"images": one}) for one in tensors],
            "bare network, softmax spelled out": lambda: [spelled_out.run(None, {"images": one}) for one in tensors],
            "ours": lambda: ours(task),
            "  of it: read and scale frames": lambda: read_only(task, detector),
            "  detect": lambda: detector(frames),
            "  follow": lambda: follow(iter(found), numbers / task.video["fps"], PRESETS["default"]),
            f"ours, {TORCH_MODEL} in torch": lambda: by_torch(task),
        },
    )
    return [Line(what, cpu, len(numbers)) for what, cpu in spent.items()], spent["ours"] / spent["bare network"]


def read_only(task: Task, detector: Detector) -> None:
    """Decode and scale, as ours does."""
    size = detector.fit(task.video["width"], task.video["height"])
    with open_video(task.objects, task.video, task.rows["packets"]) as reader:
        for _ in reader.frames(numbers_of(task), size):
            pass


# Ultralytics' way


class Results:
    """A frame's detections as Ultralytics' trackers ask for them, from rows left, top, right, bottom, score, class."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows
        self.xywh = np.hstack([(rows[:, :2] + rows[:, 2:4]) / 2, rows[:, 2:4] - rows[:, :2]])
        self.conf, self.cls = rows[:, 4], rows[:, 5]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: Any) -> Results:
        return Results(self.rows[which])


def tracker(name: str) -> Any:
    """Return one of Ultralytics' trackers with its own settings, None without what it needs."""
    try:
        from ultralytics.trackers.bot_sort import BOTSORT
        from ultralytics.trackers.byte_tracker import BYTETracker
    except ImportError:
        return None
    settings = SimpleNamespace(**YAML.load(check_yaml(f"{name}.yaml")))
    return {"bytetrack": BYTETracker, "botsort": BOTSORT}[name](settings)


def frames_read(clip: Path, stride: int) -> Iterator[np.ndarray]:
    """Read frames by OpenCV as Ultralytics does: those in between are grabbed."""
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    number = 0
    while capture.grab():
        if number % stride == 0:
            yield capture.retrieve()[1]
        number += 1
    capture.release()


@torch.inference_mode()
def track_as_usual(clip: Path, stride: int, name: str, network: torch.nn.Module) -> int:
    """Do what ``.track()`` does with a file, and return the number of frames that went through the network."""
    letterbox, following, looked_at = LetterBox((640, 640), auto=True, stride=32), tracker(name), 0
    for frame in frames_read(clip, stride):
        scaled: Any = letterbox(image=frame)
        image = np.ascontiguousarray(scaled[..., ::-1].transpose(2, 0, 1)[None])
        (kept, *_) = non_max_suppression(network(torch.from_numpy(image).float() / 255), 0.1, 0.7)
        following.update(Results(kept.numpy()), frame)
        looked_at += 1
    return looked_at


def usual_lines(clip: Path, fps: float) -> Iterator[Line]:
    """Measure Ultralytics' way, once each."""
    if tracker("bytetrack") is None:
        return
    network = read_network(locate(TORCH_MODEL).path).fuse(verbose=False)
    for stride, name in ((1, "botsort"), (1, "bytetrack"), (round(fps / Tracking().fps), "bytetrack")):
        before = cpu_s()
        looked_at = track_as_usual(clip, stride, name, network)
        yield Line(f".track() with {name}, stride {stride}, {TORCH_MODEL} in torch", cpu_s() - before, looked_at)


# The report


def demo(name: str) -> Path:
    """Return a clip of the demo."""
    return dict(zip(CLIPS, fetch(models_folder() / "clips"), strict=True))[name]


def table(lines: Sequence[Line], seconds: float) -> str:
    """Return the table as Markdown."""
    rows = [("what", "frames looked at", "CPU ms each", "CPU ms a second of video", "× bare network"), ("---",) * 5]
    bare = lines[0].cpu
    for line in lines:
        each, of_video = 1000 * line.cpu / line.looked_at, 1000 * line.cpu / seconds
        rows.append((line.what, str(line.looked_at), f"{each:.2f}", f"{of_video:.0f}", f"{line.cpu / bare:.2f}"))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    """Run as a script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="+", default=["bikes", "street"], help="bikes, street, trailer, or files")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each clip (default 10)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of ours and the bare network (default 3)")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    print(machine(), ", ".join(f"{name} {version(name)}" for name in PACKAGES), sep="\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for clip_name in args.clips:
            given, shows = clip_named(str(demo(clip_name)) if clip_name in CLIPS else clip_name, folder)
            clip = first_seconds(given, folder / f"first-{given.stem}.mp4", args.seconds)
            task = task_of(clip, folder / f"store-{given.stem}")
            ours, ratio = our_lines(task, args.rounds)
            video = task.video
            print(f"\n{shows}; {video['width']}x{video['height']}, {video['n_frames']} frames\n")
            print(table([*ours, *usual_lines(clip, video["fps"])], video["duration_s"]))
            print(f"\nours over the bare network: {ratio:.3f}, aim {AIM}: {'met' if ratio <= AIM else 'missed'}")


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # These are read when the libraries are loaded, which has already happened: begin again.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    main()
