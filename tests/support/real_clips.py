"""Short pieces of the demo's real clips."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import av

from rushes.models.registry import models_folder
from rushes.sources import demo_clips


@cache
def demo_files() -> dict[str, Path]:
    """The demo's clips as files, by name."""
    return dict(zip(demo_clips.CLIPS, demo_clips.fetch(models_folder() / "clips"), strict=True))


def cut(name: str, target: Path, start: int, end: int, **container_options: str) -> Path:
    """Encode the frames [start, end) of a demo clip anew, the first of them as frame 0; return ``target``.

    An mp4's index comes last, unless ``movflags="faststart"`` is given.
    """
    with av.open(str(demo_files()[name])) as reading, av.open(str(target), "w", options=container_options) as writing:
        given = reading.streams.video[0]
        made = writing.add_stream("libx264", rate=given.average_rate, options={"crf": "18", "preset": "veryfast"})
        made.width, made.height, made.pix_fmt = given.width, given.height, "yuv420p"
        made.codec_context.thread_count = 1
        for number, frame in enumerate(reading.decode(given)):
            if number >= end:
                break
            if number >= start:
                frame.pts, frame.time_base, frame.pict_type = number - start, 1 / given.average_rate, 0
                writing.mux(made.encode(frame))
        writing.mux(made.encode())
    return target
