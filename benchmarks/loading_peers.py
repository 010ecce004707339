"""The loaders that ``benchmarks/loading.py`` compares, each giving batches of whole sequences as uint8 RGB tensors.

    python benchmarks/loading_peers.py NAME FOLDER      # a worker: reads the data set there, prints a line of JSON

Every loader is a process of its own, with two workers of torch's DataLoader, that stay. The first pass starts them and
fills the page cache; of the passes after it the quickest counts. CPU time is that of the process and its workers. Of a
loader only what it needs is imported, so that each runs where its own library is installed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

BATCH, WORKERS, PASSES = 8, 2, 5


def bare(folder: Path) -> Iterable[Any]:
    """The reader alone, in this process."""
    import fsspec

    from rushes.packaging.reader import open_dataset

    ds = open_dataset(fsspec.filesystem("file"), str(folder / "native"))

    class Pass:
        def __iter__(self) -> Any:
            return (ds.frames[number].numpy()[None] for number in range(len(ds)))

    return Pass()


def ours(folder: Path) -> Iterable[Any]:
    """A map-style data set."""
    import rushes
    from rushes.training import Loader

    clips = rushes.open_dataset(folder / "native").torch()
    return Loader(clips, BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True)


def stream(folder: Path) -> Iterable[Any]:
    """An iterable data set."""
    import rushes
    from rushes.training import Loader

    clips = rushes.open_dataset(folder / "native").torch()
    return Loader(clips.stream(shuffle=True), BATCH, num_workers=WORKERS, persistent_workers=True)


def webdataset(folder: Path, decode: Callable[[bytes], Any] | None = None) -> Iterable[Any]:
    """WebDataset, with its own decoder (Pillow) unless another one is given."""
    import numpy as np
    import torch
    import webdataset as wds

    def together(sample: dict[str, Any]) -> Any:
        names = sorted(name for name in sample if name.endswith(".jpg"))
        pictures = [decode(sample[name]) if decode else sample[name] for name in names]
        return torch.from_numpy(np.stack(pictures))

    shards = sorted(str(path) for path in (folder / "webdataset").glob("*.tar"))
    data: Any = wds.WebDataset(shards, shardshuffle=len(shards)).shuffle(256)
    data = (data if decode else data.decode("rgb8")).map(together).batched(BATCH, collation_fn=torch.stack)
    return wds.WebLoader(data, batch_size=None, num_workers=WORKERS, persistent_workers=True)


def webdataset_simplejpeg(folder: Path) -> Iterable[Any]:
    """WebDataset, with the decoder that ours uses."""
    import simplejpeg

    return webdataset(folder, lambda data: simplejpeg.decode_jpeg(data, "RGB"))


def deeplake(folder: Path) -> Iterable[Any]:
    """Deep Lake 4's own PyTorch data set."""
    import deeplake as dl
    import numpy as np
    import torch

    def together(samples: list[Any]) -> Any:
        return torch.from_numpy(np.stack([np.stack(sample["frames"]) for sample in samples]))

    data = dl.open_read_only(str(folder / "deeplake")).pytorch()
    return torch.utils.data.DataLoader(
        data, BATCH, shuffle=True, num_workers=WORKERS, collate_fn=together, persistent_workers=True
    )


def write_deeplake(folder: Path, sequences: list[list[bytes]]) -> None:
    """Write the JPEG bytes as they are, a sequence a row."""
    import deeplake as dl

    ds = dl.create(str(folder / "deeplake"))
    ds.add_column("frames", dl.types.Sequence(dl.types.Image(dtype="uint8", sample_compression="jpeg")))
    ds.append({"frames": sequences})
    ds.commit()


LOADERS: dict[str, tuple[Callable[[Path], Iterable[Any]], str]] = {
    "reader": (bare, "rushes"),
    "map": (ours, "rushes"),
    "stream": (stream, "rushes"),
    "webdataset": (webdataset, "webdataset"),
    "webdataset-simplejpeg": (webdataset_simplejpeg, "webdataset"),
    "deeplake": (deeplake, "deeplake"),
}


def main() -> None:
    """Do one loader's passes; print what they took, and how bright the pictures were, which tells what was read."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    load, package = LOADERS[name]
    if name == "deeplake" and not (folder / "deeplake").exists():
        with (folder / "jpegs.json").open() as handle:
            write_deeplake(folder, [[bytes.fromhex(data) for data in sequence] for sequence in json.load(handle)])
    loader = load(folder)
    passes = [one_pass(loader) for _ in range(1 + PASSES)]
    frames, brightness = passes[0][2:]
    assert all(abs(other[2] - frames) < 1 and abs(other[3] - brightness) < 1e-6 for other in passes), "passes differ"
    wall, cpu = min(one[0] for one in passes[1:]), min(one[1] for one in passes[1:])
    report = {"frames": frames, "wall_s": wall, "cpu_s": cpu, "brightness": brightness, "version": version(package)}
    print(json.dumps(report))
    # Deep Lake's threads keep a process from ending.
    sys.stdout.flush()
    os._exit(0)


def one_pass(loader: Iterable[Any]) -> tuple[float, float, int, float]:
    """Return seconds, CPU seconds, how many frames came, and their mean brightness in a few places."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    frames, brightness = 0, 0.0
    for batch in loader:
        pictures = batch["frames"] if isinstance(batch, dict) else batch
        frames += pictures.shape[0] * pictures.shape[1]
        few = pictures[..., 100, 100:110] if isinstance(batch, dict) else pictures[..., 100, 100:110, :]
        brightness += float(few.sum())
    return time.perf_counter() - wall, cpu_seconds() - cpu, frames, brightness / frames / 30


def cpu_seconds() -> float:
    """Return what this process and its workers have used."""
    own = os.times()
    total = own.user + own.system
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


if __name__ == "__main__":
    main()
