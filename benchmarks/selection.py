"""How fast sequences are chosen by their vectors, beside ``lightly-mundig``, the closed core of Lightly's selection.

    pip install --no-deps --target PEERS lightly-mundig==0.1.16
    PYTHONPATH=PEERS:. .venv/bin/python benchmarks/selection.py                 # all; typicality alone takes minutes
    PYTHONPATH=PEERS:. .venv/bin/python benchmarks/selection.py diversity memory

Vectors have length 1. ``uniform`` ones point anywhere; ``clusters`` are a thousand equal crowds, ``rare`` ones crowds
of which few hold most, as videos and classes do. Both packages choose in turn, in one process and from the same array,
so that ratios mean something where times do not. The peer begins with row 0; we are told to do so too, and then both
carry out the same rule: ``same`` tells for how many choices they agree, from the first on. The radius is the distance
of the vector farthest from all chosen, in float64. Memory is the most that a fresh process ever held; of a map of a
file the pages that it has looked at count too, which the system takes back when it needs them, and so the last column
leaves them out. The tables are Markdown.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import lightly_mundig
import numpy as np

from rushes.selection.geometry.k_center import approximate, k_center
from rushes.selection.geometry.near import near_duplicates
from rushes.selection.geometry.redundancy import min_redundancy
from rushes.selection.geometry.typicality import typicality

KINDS = ("uniform", "clusters", "rare")
DIM, CHOSEN, SAMPLE, NEIGHBOURS = 512, 1000, 20_000, 20
BLOCK = 20_000


def made(kind: str, out: np.ndarray, seed: int = 0) -> None:
    """Fill ``out`` with vectors of a kind, a block at a time."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((1000, out.shape[1]), dtype=np.float32)
    for start in range(0, len(out), BLOCK):
        block = out[start : start + BLOCK]
        block[:] = rng.standard_normal(block.shape, dtype=np.float32)
        if kind != "uniform":
            crowd = rng.integers(0, 1000, len(block)) if kind == "clusters" else rng.zipf(1.3, len(block)) % 1000
            block *= rng.uniform(0.15, 0.75, (len(block), 1)).astype(np.float32)
            block += centres[crowd]
        block /= np.linalg.norm(block, axis=1, keepdims=True)


def vectors_of(kind: str, count: int) -> np.ndarray:
    """Return ``count`` vectors of a kind in memory."""
    out = np.empty((count, DIM), np.float32)
    made(kind, out)
    return out


def peer_diversity(vectors: np.ndarray) -> np.ndarray:
    """The peer's choice."""
    selection = lightly_mundig.Selection()
    selection.add_diversifying_strategy(vectors, 1.0)
    return np.array(selection.run_selection([], len(vectors), CHOSEN))


def our_diversity(vectors: np.ndarray) -> np.ndarray:
    """Our choice, from the peer's beginning."""
    return k_center(vectors, CHOSEN, first=0).at


def our_approximation(vectors: np.ndarray) -> np.ndarray:
    """Our choice among a sample, from the peer's beginning."""
    return approximate(vectors, CHOSEN, SAMPLE, 0, first=0).at


def peer_typicality(vectors: np.ndarray) -> np.ndarray:
    """The peer's figure, on a scale of its own."""
    return np.array(lightly_mundig.Typicality(vectors).calculate_typicality(NEIGHBOURS))


def timed(*runs: Callable[[], np.ndarray], rounds: int) -> list[tuple[float, np.ndarray]]:
    """Run them in turn, so many rounds; return for each the least time, seconds, and what it gave."""
    best = [(np.inf, np.empty(0))] * len(runs)
    for _ in range(rounds):
        for at, run in enumerate(runs):
            start = time.perf_counter()
            given = run()
            best[at] = min(best[at], (time.perf_counter() - start, given), key=lambda pair: pair[0])
    return best


def radius(vectors: np.ndarray, chosen: np.ndarray) -> float:
    """Return how far the vector is that is farthest from all chosen."""
    centres = vectors[chosen].astype(np.float64)
    farthest = 0.0
    for start in range(0, len(vectors), 2000):
        products = vectors[start : start + 2000].astype(np.float64) @ centres.T
        farthest = max(farthest, 2 - 2 * float(products.max(axis=1).min()))
    return farthest**0.5


def diversity(count: int, rounds: int) -> None:
    """Greedy k-center, exact and approximate."""
    rows = []
    for kind in KINDS:
        vectors = vectors_of(kind, count)
        runs: dict[str, Callable[[], np.ndarray]] = {
            "mundig": partial(peer_diversity, vectors),
            "ours, exact": partial(our_diversity, vectors),
            "ours, approximate": partial(our_approximation, vectors),
        }
        found = timed(*runs.values(), rounds=rounds)
        peer_s, peers = found[0]
        exact = radius(vectors, found[1][1])
        for name, (seconds, chosen) in zip(runs, found, strict=True):
            differ = np.flatnonzero(chosen != peers)
            reach = radius(vectors, chosen)
            rows.append([
                f"{kind}, {name}", f"{seconds:.2f}", f"{peer_s / seconds:.1f}", f"{reach:.4f}", f"{reach / exact:.4f}",
                str(int(differ[0]) if len(differ) else len(chosen)),
            ])  # fmt: skip
    table([f"diversity, {CHOSEN} of {count}", "seconds", "times faster", "radius", "of exact", "same"], rows)


def figure(count: int, rounds: int, skip: bool) -> None:
    """Typicality; how long the peer takes depends on the vectors."""
    rows = []
    for kind in KINDS[:2]:
        vectors = vectors_of(kind, count)
        [(ours_s, ours)] = timed(partial(typicality, vectors, NEIGHBOURS), rounds=rounds)
        if skip:
            rows.append([f"{kind}, ours", f"{ours_s:.2f}", "", ""])
            continue
        [(peer_s, theirs)] = timed(partial(peer_typicality, vectors), rounds=1)
        ranks = [np.argsort(np.argsort(figures)) for figures in (ours, theirs)]
        alike = np.vecdot(*((rank - rank.mean()) / rank.std() for rank in ranks)) / len(ours)
        rows.append([f"{kind}, mundig", f"{peer_s:.1f}", "1.0", ""])
        rows.append([f"{kind}, ours", f"{ours_s:.2f}", f"{peer_s / ours_s:.1f}", f"{alike:.4f}"])
    table([f"typicality, {count}", "seconds", "times faster", "correlation of ranks"], rows)


def others(count: int) -> None:
    """What has no peer: near duplicates, and minimum redundancy."""
    rows = []
    vectors = vectors_of("rare", count)
    order, groups = np.random.default_rng(0).permutation(count), np.arange(count) % 20
    copies = np.repeat(vectors[: count // 5], 5, axis=0)
    runs: dict[str, Callable[[], np.ndarray]] = {
        "near duplicates within 0.1, none": lambda: near_duplicates(vectors, 0.1),
        "near duplicates within 0.1, four of five": lambda: near_duplicates(copies, 0.1),
        f"min_redundancy, {CHOSEN}, one group": lambda: min_redundancy(vectors, 0 * groups, order, CHOSEN),
        f"min_redundancy, {CHOSEN}, 20 groups": lambda: min_redundancy(vectors, groups, order, CHOSEN),
    }
    for name, run in runs.items():
        [(seconds, _)] = timed(run, rounds=1)
        rows.append([name, f"{seconds:.2f}"])
    table([f"of {count}", "seconds"], rows)


def memory(count: int) -> None:
    """The most memory that a process of its own holds, choosing from many vectors."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        mapped = np.lib.format.open_memmap(path, "w+", np.float32, (count, DIM))
        made("clusters", mapped)
        mapped.flush()
        del mapped
        for mode in ("exact", "approximate"):
            for where in ("map", "memory"):
                worker = [sys.executable, __file__, "--worker", mode, where, str(path)]
                said = subprocess.run(worker, check=True, capture_output=True, text=True).stdout.split()
                rows.append([f"{mode}, vectors in {'a map of a file' if where == 'map' else 'memory'}", *said])
    table([f"{CHOSEN} of {count}", "seconds", "GB at most", "of it not the file's"], rows)


def worker(mode: str, where: str, path: str) -> None:
    """Choose once; print seconds and gigabytes of memory at the most, all, and without pages of the file."""
    vectors = np.load(path, mmap_mode="r" if where == "map" else None)
    start = time.perf_counter()
    if mode == "exact":
        k_center(vectors, CHOSEN)
    else:
        approximate(vectors, CHOSEN, SAMPLE, 0)
    seconds = time.perf_counter() - start
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{seconds:.1f} {most:.2f} {most - int(status['RssFile'].split()[0]) / 1e6:.2f}")


def table(heading: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print("|", " | ".join(heading), "|\n| ---", *["| ---:"] * (len(heading) - 1), "|")
    for row in rows:
        print("|", " | ".join(row), "|")
    print(flush=True)


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("diversity", "typicality", "others", "memory")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(parts)} (default all)")
    parser.add_argument("--vectors", type=int, default=100_000, help="for diversity and others (default 100000)")
    parser.add_argument("--dense", type=int, default=20_000, help="for typicality (default 20000)")
    parser.add_argument("--many", type=int, default=1_000_000, help="for memory (default 1000000)")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each, the best of which counts (default 2)")
    parser.add_argument("--skip", action="store_true", help="leave the peer out of typicality")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(*args.worker)
        return
    if unknown := set(args.parts) - set(parts):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(parts)}")
    print(f"numpy {np.__version__}, lightly-mundig {version('lightly-mundig')}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f} at the start\n")
    wanted = args.parts or parts
    if "diversity" in wanted:
        diversity(args.vectors, args.rounds)
    if "typicality" in wanted:
        figure(args.dense, args.rounds, args.skip)
    if "others" in wanted:
        others(args.vectors)
    if "memory" in wanted:
        memory(args.many)


if __name__ == "__main__":
    main()
