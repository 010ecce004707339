"""Chosen sequences whose frames cannot be decoded: found before anything is packaged of them.

Earlier assets decode only what they sample, so that a frame that nothing else depends on may be damaged unseen. Here:
decoding every frame of what was chosen, in worker processes, a batch's videos at a time. Not here: choosing others in
their place (``until_sound``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from rushes.errors import LinkError, VideoError
from rushes.selection.choice import Candidates
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.store.schemas import BATCH, PACKETS, VIDEOS
from rushes.store.tables import read_partition
from rushes.video.media import open_video
from rushes.video.reader import VideoReader
from rushes.work import pool
from rushes.work.ahead import Ready

_Frames = Mapping[int, np.ndarray]  # a candidate's place and its frames


@dataclass(frozen=True)
class _Videos:
    """Videos of one batch, with the frames to read of each."""

    batch: str
    wanted: Mapping[str, _Frames]


@dataclass(frozen=True)
class _Read:
    """Reads videos' frames; picklable, so that a worker process can be given it. Returns why a sequence cannot be."""

    objects: Objects

    def __call__(self, videos: _Videos) -> dict[int, str]:
        rows = read_partition(self.objects, VIDEOS, {BATCH: videos.batch}).to_pylist()
        packets = read_partition(self.objects, PACKETS, {BATCH: videos.batch})
        found: dict[int, str] = {}
        for video in rows:
            if video["video_id"] in videos.wanted:
                own = packets.filter(np.asarray(packets.column("video_id")) == video["video_id"])
                with open_video(self.objects, video, own) as reader:
                    found |= _of_video(reader, videos.wanted[video["video_id"]])
        return found


def unreadable(
    connection: duckdb.DuckDBPyConnection,
    objects: Objects,
    candidates: Candidates,
    places: Sequence[int],
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, str]:
    """Return why some of these candidates cannot be decoded, by place.

    Raises ``LinkError`` when a linked source cannot be reached, for that may pass.
    """
    work = list(_by_batch(connection, candidates, places))
    total, read = sum(len(videos.wanted) for videos in work), 0
    found: dict[int, str] = {}
    died: list[_Videos] = []
    for videos, result in _run(objects, work, workers):
        if isinstance(result, pool.WorkerDiedError):
            died += [_Videos(videos.batch, {video: frames}) for video, frames in videos.wanted.items()]
            continue
        found |= _checked(result)
        read += len(videos.wanted)
        progress(read, total)
    for videos, result in _run(objects, died, workers):
        (frames,) = videos.wanted.values()
        is_dead = isinstance(result, pool.WorkerDiedError)
        found |= dict.fromkeys(frames, "the process that decoded its video died") if is_dead else _checked(result)
        read += 1
        progress(read, total)
    return found


def _by_batch(
    connection: duckdb.DuckDBPyConnection, candidates: Candidates, places: Sequence[int]
) -> Iterator[_Videos]:
    chosen: dict[str, dict[int, np.ndarray]] = {}
    videos = candidates.rows.column("video_id")
    for at in places:
        chosen.setdefault(videos[at].as_py(), {})[at] = np.unique(candidates.frames(at))
    batches: dict[str, dict[str, _Frames]] = {}
    query = "SELECT batch, video_id FROM videos WHERE list_contains(?, video_id) ORDER BY ALL"
    for batch, video in connection.execute(query, [sorted(chosen)]).fetchall():
        batches.setdefault(batch, {})[video] = chosen[video]
    return (_Videos(batch, wanted) for batch, wanted in batches.items())


def _run(
    objects: Objects, work: Sequence[_Videos], workers: int | None
) -> Iterator[tuple[_Videos, dict[int, str] | BaseException]]:
    count = min(len(work), pool.default_workers() if workers is None else workers)
    return pool.run(_Read(objects), Ready(work), count) if count > 1 else pool.run_here(_Read(objects), Ready(work))


def _checked(result: dict[int, str] | BaseException) -> dict[int, str]:
    if isinstance(result, BaseException):
        raise result
    return result


def _of_video(reader: VideoReader, wanted: _Frames) -> dict[int, str]:
    """Decode all at once, in one pass; only when that fails, sequence by sequence to see which it is."""
    if _fault(reader, np.concatenate(list(wanted.values()))) is None:
        return {}
    return {at: why for at, frames in wanted.items() if (why := _fault(reader, frames)) is not None}


def _fault(reader: VideoReader, frames: np.ndarray) -> str | None:
    try:
        reader.check(frames.tolist())
    except LinkError as error:
        if error.reason != Reason.MISSING_FILE:
            raise
        return str(error)
    except (VideoError, IndexError) as error:  # IndexError: it has no such frame any more
        return str(error)
    return None
