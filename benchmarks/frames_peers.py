"""The readers that ``benchmarks/frames.py`` compares, each doing the jobs in the best way that its interface offers.

    python benchmarks/frames_peers.py NAME      # a worker: takes jobs on standard input, a line of JSON each

A worker answers a job by a line of JSON: CPU seconds of the whole process (its threads and the system's share
included), how many frames came, and, when it was told to look, how far each is from the frame that was asked for. Of a
reader only what it is compared with is imported, so that every worker runs where its own library is installed.

All are told to use one thread. They are helped where that is allowed: PyAV and OpenCV are given the reuse of memory
that costs a line, PyAV's seeking goes by the file's own list of keyframes, OpenCV may give BGR.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 32
BLOCKS = (45, 80)  # a picture in small: averages of its blocks, lines by columns
CODE = 16  # so many blocks at the left of the last line are the frame's number in black and white
SURE = 64  # a block of the code that is this far off is another frame's
# What takes less is done again until so much is spent, and the median taken.
SHORT_S, LONGEST_TURNS = 1.0, 25


@dataclass(frozen=True)
class Job:
    """What is to be done: ``kind`` is a method of ``Reader``, ``numbers`` the frames, ``size`` (width, height)."""

    kind: str
    source: str
    numbers: list[int]
    size: tuple[int, int] | None
    opening: bool  # whether opening counts


class Reader:
    """One way of reading videos. Pictures are uint8 (h, w, 3)."""

    packages: tuple[str, ...] = ()
    bgr = False

    def open(self, source: str) -> Any:
        """Open a file, by its path or address, as far as this library needs to before frames can be asked for."""
        raise NotImplementedError

    def every(self, video: Any) -> Iterator[np.ndarray]:
        """Yield all frames, one by one."""
        raise NotImplementedError

    def batches(self, video: Any) -> Iterator[np.ndarray]:
        """Yield all frames in arrays (n, h, w, 3) that stay as they are."""
        raise NotImplementedError

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        """Yield frames, ascending, one by one, scaled to (width, height)."""
        raise NotImplementedError

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        """Return frames in the order asked for, in one array."""
        raise NotImplementedError

    def single(self, video: Any, number: int) -> np.ndarray:
        """Return one frame."""
        raise NotImplementedError

    def close(self, video: Any) -> None:
        """Let go of a file."""


class Rushes(Reader):
    """The videos of a store, their packet indexes with them."""

    packages = ("rushes",)

    def __init__(self) -> None:
        import rushes

        self._rushes = rushes

    def open(self, source: str) -> Any:
        videos = self._rushes.open(os.environ["FRAMES_STORE"]).videos
        video = videos["web" if "://" in source else "file"]
        assert len(video.index)
        return video

    def every(self, video: Any) -> Iterator[np.ndarray]:
        yield from video

    def batches(self, video: Any) -> Iterator[np.ndarray]:
        yield from video.batches(BATCH)

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        with video.reader(size=size) as reader:
            yield from (picture for _, picture in reader.frames(numbers))

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        return video[numbers].numpy()

    def single(self, video: Any, number: int) -> np.ndarray:
        return video[number].numpy()


class RushesFile(Rushes):
    """A file that no store has: its packets are indexed on opening."""

    def open(self, source: str) -> Any:
        return self._rushes.open_file(source)


class PyAV(Reader):
    """PyAV, with a kept reformatter; it has frames by time only, so that the file has to have a constant rate."""

    packages = ("av",)

    def __init__(self) -> None:
        import av
        from av.video.reformatter import Interpolation, VideoReformatter

        self._av = av
        self._reformatter = VideoReformatter()
        self._area = Interpolation.AREA

    def open(self, source: str) -> Any:
        container = self._av.open(source)
        container.streams.video[0].codec_context.thread_count = 1
        return container

    def every(self, video: Any) -> Iterator[np.ndarray]:
        for frame in video.decode(video=0):
            yield self._picture(frame)

    def batches(self, video: Any) -> Iterator[np.ndarray]:
        batch, at = self._batch(video), 0
        for picture in self.every(video):
            if at == BATCH:
                yield batch
                batch, at = self._batch(video), 0
            batch[at] = picture
            at += 1
        yield batch[:at]

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        wanted = set(numbers)
        for number, frame in enumerate(video.decode(video=0)):
            if number in wanted:
                yield self._reformatter.reformat(
                    frame, *size, format="rgb24", interpolation=self._area, threads=1
                ).to_ndarray()

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        stream = video.streams.video[0]
        out = np.empty((len(numbers), stream.height, stream.width, 3), np.uint8)
        entries = stream.index_entries
        delay = (stream.start_time or 0) - entries[0].timestamp  # they are by time of decoding
        frames: Iterator[Any] = iter(())
        last = None
        for row in np.argsort(numbers, kind="stable"):
            pts = self._pts(stream, numbers[row])
            keyframe = entries[entries.search_timestamp(pts - delay)].timestamp + delay
            if last is None or last >= pts or keyframe > last:
                video.seek(pts, stream=stream)
                frames = video.decode(stream)
            frame = next(frame for frame in frames if frame.pts >= pts)
            last = frame.pts
            out[row] = self._picture(frame)
        return out

    def single(self, video: Any, number: int) -> np.ndarray:
        stream = video.streams.video[0]
        pts = self._pts(stream, number % stream.frames)
        video.seek(pts, stream=stream)
        return self._picture(next(frame for frame in video.decode(stream) if frame.pts >= pts))

    def close(self, video: Any) -> None:
        video.close()

    def _picture(self, frame: Any) -> np.ndarray:
        return self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()

    def _pts(self, stream: Any, number: int) -> int:
        return int((stream.start_time or 0) + number / stream.average_rate / stream.time_base)

    def _batch(self, video: Any) -> np.ndarray:
        stream = video.streams.video[0]
        return np.empty((BATCH, stream.height, stream.width, 3), np.uint8)


class TorchCodec(Reader):
    """torchcodec as it is made: it reads all packets on opening, to be exact."""

    packages = ("torchcodec", "torch")
    seek_mode = "exact"

    def __init__(self) -> None:
        import torch
        from torchcodec.decoders import VideoDecoder
        from torchcodec.transforms import Resize

        torch.set_num_threads(1)
        self._decoder, self._resize = VideoDecoder, Resize

    def open(self, source: str, size: tuple[int, int] | None = None) -> Any:
        self._source = source
        return self._decoder(
            source,
            dimension_order="NHWC",
            num_ffmpeg_threads=1,
            seek_mode=self.seek_mode,
            transforms=[self._resize((size[1], size[0]))] if size else None,
        )

    def every(self, video: Any) -> Iterator[np.ndarray]:
        yield from (video[number].numpy() for number in range(len(video)))

    def batches(self, video: Any) -> Iterator[np.ndarray]:
        for at in range(0, len(video), BATCH):
            yield video.get_frames_in_range(at, min(at + BATCH, len(video))).data.numpy()

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        small = self.open(self._source, size)
        yield from (small[number].numpy() for number in numbers)

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        return video.get_frames_at(list(numbers)).data.numpy()

    def single(self, video: Any, number: int) -> np.ndarray:
        return video[number].numpy()


class TorchCodecApproximate(TorchCodec):
    """torchcodec told to guess places from the average rate."""

    seek_mode = "approximate"


class Decord(Reader):
    """decord2."""

    packages = ("decord2",)

    def __init__(self) -> None:
        import decord

        self._decord = decord

    def open(self, source: str, width: int = -1, height: int = -1) -> Any:
        self._source = source
        return self._decord.VideoReader(source, ctx=self._decord.cpu(0), num_threads=1, width=width, height=height)

    def every(self, video: Any) -> Iterator[np.ndarray]:
        yield from (video[number].asnumpy() for number in range(len(video)))

    def batches(self, video: Any) -> Iterator[np.ndarray]:
        for at in range(0, len(video), BATCH):
            yield video.get_batch(range(at, min(at + BATCH, len(video)))).asnumpy()

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        small = self.open(self._source, *size)
        yield from (small[number].asnumpy() for number in numbers)

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        return video.get_batch(list(numbers)).asnumpy()

    def single(self, video: Any, number: int) -> np.ndarray:
        return video[number].asnumpy()


class OpenCV(Reader):
    """OpenCV over FFmpeg; it gives BGR."""

    packages = ("opencv-python",)
    bgr = True

    def __init__(self) -> None:
        import cv2

        cv2.setNumThreads(1)
        self._cv2 = cv2

    def open(self, source: str) -> Any:
        capture = self._cv2.VideoCapture(source, self._cv2.CAP_FFMPEG, [self._cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened():
            raise OSError(f"OpenCV cannot open {source}")
        return capture

    def every(self, video: Any) -> Iterator[np.ndarray]:
        picture = self._empty(video)
        while video.read(picture)[0]:
            yield picture

    def batches(self, video: Any) -> Iterator[np.ndarray]:
        more = True
        while more:
            batch, at = self._empty(video, BATCH), 0
            while at < BATCH and (more := video.read(batch[at])[0]):
                at += 1
            if at:
                yield batch[:at]

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        wanted, number, picture = set(numbers), 0, self._empty(video)
        while video.grab():
            if number in wanted:
                video.retrieve(picture)
                yield self._cv2.resize(picture, size, interpolation=self._cv2.INTER_AREA)
            number += 1

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        out = self._empty(video, len(numbers))
        at = -1
        for row in np.argsort(numbers, kind="stable"):
            if at < 0 or not 0 <= numbers[row] - at < BATCH:
                video.set(self._cv2.CAP_PROP_POS_FRAMES, numbers[row])
                at = numbers[row]
            while at < numbers[row]:
                video.grab()
                at += 1
            video.read(out[row])
            at += 1
        return out

    def single(self, video: Any, number: int) -> np.ndarray:
        count = int(video.get(self._cv2.CAP_PROP_FRAME_COUNT))
        picture = self._empty(video)
        video.set(self._cv2.CAP_PROP_POS_FRAMES, number % count)
        if not video.read(picture)[0]:
            raise OSError(f"OpenCV gives no frame {number}")
        return picture

    def close(self, video: Any) -> None:
        video.release()

    def _empty(self, video: Any, *count: int) -> np.ndarray:
        height, width = (int(video.get(p)) for p in (self._cv2.CAP_PROP_FRAME_HEIGHT, self._cv2.CAP_PROP_FRAME_WIDTH))
        return np.empty((*count, height, width, 3), np.uint8)


class DeepLake(Reader):
    """Deep Lake 4: the file as a sample of a data set of its own. It does not scale."""

    packages = ("deeplake",)

    def __init__(self) -> None:
        import deeplake

        self._deeplake = deeplake
        self._folder = f"file://{os.environ['FRAMES_FOLDER']}/deeplake"
        dataset = deeplake.create(self._folder)
        dataset.add_column("video", deeplake.types.Video(compression="mp4"))
        dataset.append({"video": [Path(os.environ["FRAMES_VIDEO"]).read_bytes()]})
        dataset.commit()

    def open(self, source: str) -> Any:
        if "://" in source:
            raise NotImplementedError("it reads from data sets, not from files")
        self._dataset = self._deeplake.open_read_only(self._folder)  # what comes of it does not keep it
        self._column = self._dataset["video"]
        return self._column[0]

    def every(self, video: Any) -> Iterator[np.ndarray]:
        for batch in self.batches(video):
            yield from batch

    def batches(self, video: Any) -> Iterator[np.ndarray]:
        for at in range(0, video.shape[0], BATCH):
            yield video[at : min(at + BATCH, video.shape[0])]

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        raise NotImplementedError("it does not scale")

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        return video[list(numbers)]

    def single(self, video: Any, number: int) -> np.ndarray:
        return video[number][0]


class Floor(Reader):
    """What cannot be had for less from this decoder: the packets lie in memory, only those that a wanted frame depends
    on are decoded, each group of pictures once, and no picture is converted."""

    packages = ("av",)

    def __init__(self) -> None:
        import av

        from rushes.video.probe import probe

        self._av, self._probe = av, probe
        self._opened: dict[str, Any] = {}

    def open(self, source: str) -> Any:
        if source not in self._opened:
            self._opened[source] = self._read(source)
        return self._opened[source]

    def _read(self, source: str) -> Any:
        info = self._probe(source)
        index = info.index
        data = Path(source).read_bytes()
        with self._av.open(source) as container:
            extradata = container.streams.video[0].codec_context.extradata
        order = np.argsort(index.decode_order)
        keyframe = np.maximum.accumulate(np.where(index.keyframe, np.arange(len(index)), 0))
        packets = [data[p : p + s] for p, s in zip(index.pos, index.size, strict=True)]
        return info.codec, extradata, index, order, keyframe, packets

    def every(self, video: Any) -> Iterator[np.ndarray]:
        return self._nothing(video, range(len(video[2])))

    batches = every

    def scaled(self, video: Any, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[np.ndarray]:
        return self._nothing(video, numbers)

    def chosen(self, video: Any, numbers: Sequence[int]) -> np.ndarray:
        list(self._nothing(video, numbers))
        return np.empty(0)

    def single(self, video: Any, number: int) -> np.ndarray:
        list(self._nothing(video, [number % len(video[2])]))
        return np.empty(0)

    def _nothing(self, video: Any, numbers: Iterable[int]) -> Iterator[np.ndarray]:
        """Decode what the frames need; yield none of them."""
        codec, extradata, index, order, keyframe, packets = video
        wanted = sorted(set(numbers))
        context = self._av.CodecContext.create(codec, "r")
        context.extradata, context.thread_count = extradata, 1
        groups: dict[int, list[int]] = {}
        for number in wanted:
            groups.setdefault(int(keyframe[number]), []).append(number)
        last = -1
        came = 0
        for first, of_group in groups.items():
            if last >= 0 and index.decode_order[first] != last + 1:
                came += len(context.decode(None))
                context.flush_buffers()
            keep = set(of_group)
            last = max(int(index.decode_order[number]) for number in of_group)
            for number in order[index.decode_order[first] : last + 1]:
                if number in keep or not index.droppable[number]:
                    came += len(context.decode(self._av.Packet(packets[number])))
        came += len(context.decode(None))
        assert came >= len(wanted)
        return iter(())


READERS: dict[str, Callable[[], Reader]] = {
    "floor": Floor,
    "rushes": Rushes,
    "rushes, bare file": RushesFile,
    "PyAV": PyAV,
    "torchcodec": TorchCodec,
    "torchcodec, approximate": TorchCodecApproximate,
    "decord2": Decord,
    "OpenCV": OpenCV,
    "Deep Lake 4": DeepLake,
}


def pictures(reader: Reader, video: Any, job: Job) -> Iterator[np.ndarray]:
    """Yield what a job gives, picture by picture."""
    if job.kind == "every":
        yield from reader.every(video)
    elif job.kind == "batches":
        for batch in reader.batches(video):
            yield from batch
    elif job.kind == "scaled":
        assert job.size is not None
        yield from reader.scaled(video, job.numbers, job.size)
    elif job.kind == "chosen":
        yield from reader.chosen(video, job.numbers)
    elif job.kind == "single":
        for number in job.numbers:
            yield reader.single(video, number)


def measure(reader: Reader, job: Job) -> float:
    """Return CPU seconds of a job, the median of several turns if it is short."""
    spent: list[float] = []
    while not spent or (sum(spent) < SHORT_S and len(spent) < LONGEST_TURNS):
        video = None if job.opening else reader.open(job.source)
        start = time.process_time()
        if job.opening:
            video = reader.open(job.source)
        for _ in pictures(reader, video, job):
            pass
        spent.append(time.process_time() - start)
        reader.close(video)
    return float(np.median(spent))


def look(reader: Reader, job: Job) -> list[tuple[bool, float]]:
    """Do a job once; return for each picture that is due whether it is the right one, and how far its colours are off.

    The distance is the mean over blocks and channels, in levels of 255.
    """
    small = np.load(os.environ["FRAMES_SMALL"])
    due = iter(job.numbers)
    seen = []
    video = reader.open(job.source)
    for picture in pictures(reader, video, job):
        expected = small[next(due)].astype(np.float32)
        found = in_small(picture[..., ::-1] if reader.bgr else picture)
        code = np.abs(found - expected)[-1, :CODE].mean(-1).max()
        seen.append((bool(code < SURE), float(np.abs(found - expected).mean())))
    reader.close(video)
    return seen + [(False, 255.0)] * sum(1 for _ in due)


def in_small(picture: np.ndarray) -> np.ndarray:
    """Return the averages of a picture's blocks, float32 (lines, columns, 3)."""
    lines, columns = BLOCKS
    height, width, _ = picture.shape
    rows = picture.reshape(lines, height // lines, width, 3).sum(axis=1, dtype=np.uint16)
    sums = rows.reshape(lines, columns, width // columns, 3).sum(axis=2, dtype=np.uint32)
    return (sums / (height // lines * (width // columns))).astype(np.float32)


def words(error: Exception) -> str:
    """Say in a line what went wrong."""
    said = next(iter(str(error).strip().splitlines()), "").rstrip(".")[:200]
    return said if isinstance(error, NotImplementedError) else f"{type(error).__name__}: {said}"


def serve(name: str) -> None:
    """Do jobs until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # decoders talk
    os.dup2(nowhere, 2)

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        reader = READERS[name]()
    except Exception as error:
        answer({"missing": words(error)})
        return
    answer({"versions": {package: version(package) for package in reader.packages}})
    for line in sys.stdin:
        told = json.loads(line)
        looking = told.pop("looking")
        job = Job(**told)
        try:
            answer({"seen": look(reader, job)} if looking else {"cpu": measure(reader, job)})
        except Exception as error:
            answer({"error": words(error)})


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(sys.argv[1])
