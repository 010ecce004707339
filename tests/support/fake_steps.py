"""Steps that need no video: what becomes of a source is written in its file, as a word and a number.

``3``: three clips. ``reject``: a ``VideoError``. ``boom``: an unexpected error, until a file beside it ends in
``.mended``. ``kill``: the process dies. ``model``: a ``ModelError``. Every call is noted in a file beside the
source, so that calls in other processes count too. Importable, so that worker processes can be given them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rushes.errors import ModelError, VideoError
from rushes.settings import Settings
from rushes.store.manifests import Batch, Entry, seal_batch
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.work.step import Compute, Outcome, Step, Task


def sealed(objects: Objects, folder: Path, contents: Mapping[str, str], name: str = "b-0000") -> dict[str, Path]:
    """Write a file for each source and seal a batch of them; return the files."""
    folder.mkdir(exist_ok=True)
    paths = {video: folder / f"{video}.txt" for video in contents}
    for video, path in paths.items():
        path.write_text(contents[video])
    entries = tuple(Entry(video, video, str(path)) for video, path in paths.items())
    assert seal_batch(objects, Batch(name, "b", entries))
    return paths


def calls(path: Path) -> int:
    """Return how often a source was worked on."""
    noted = path.with_suffix(".calls")
    return len(noted.read_bytes()) if noted.exists() else 0


def read(task: Task) -> Outcome:
    path = Path(task.entry.source_uri)
    with path.with_suffix(".calls").open("ab") as noted:
        noted.write(b".")
    word = path.read_text()
    if word == "reject":
        raise VideoError(Reason.EMPTY_FILE, "nothing in it")
    if word == "boom" and not path.with_suffix(".mended").exists():
        raise ZeroDivisionError("of two\nlines")
    if word == "model":
        raise ModelError("no such model")
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    count = int(word) if word.isdigit() else 1
    rejects = [Reject("clip", f"{task.entry.video_id}.{count}", "fake", Reason.STILL, "one too many")]
    return Outcome({"clips": [clip(task.entry.video_id, at) for at in range(count)]}, rejects if count > 3 else [])


def clip(video_id: str, at: int) -> dict[str, Any]:
    return {
        "clip_id": f"{video_id}.{at}",
        "video_id": video_id,
        "start_frame": at,
        "end_frame": at + 1,
        "start_s": at / 25,
        "end_s": (at + 1) / 25,
        "method": "fake",
        "span": None,
        "score": None,
    }


def mark(task: Task) -> Outcome:
    rows = [
        {
            "video_id": row["video_id"],
            "clip_id": row["clip_id"],
            "frame": row["start_frame"],
            **dict.fromkeys("xywh", 1.0),
            "kind": "face",
            "score": 0.5,
            "region": 1,
            "sampled": True,
        }
        for row in task.rows["clips"].to_pylist()
    ]
    return Outcome({"redactions": rows})


def reader(settings: Settings) -> Compute:
    return read


def marker(settings: Settings) -> Compute:
    return mark


def shots(settings: Settings) -> Mapping[str, Any]:
    return settings.shots.model_dump()


def cartoon(settings: Settings) -> Sequence[str]:
    return [settings.filters.cartoon_model] if settings.filters.cartoon_model else []


READ = Step("reading", "1", (), (), ("clips",), shots, cartoon, reader)
MARK = Step("marking", "1", ("reading",), ("clips",), ("redactions",), shots, cartoon, marker)
