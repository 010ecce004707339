"""What a petabyte of video costs: arithmetic on measured figures, each of which may be given anew.

    .venv/bin/python benchmarks/petabyte.py [--mbit 2.5] [--core-ms 612] [--core-hour 0.04] …

Measured are the core time (docs/performance.md: all seven assets, 720p, every clip kept), the bytes that are written
for a second of video (the demonstration's store) and the requests. Prices are assumptions, in whatever currency.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

PETABYTE = 1e15


@dataclass(frozen=True)
class Figures:
    """What the estimate rests on. Seconds are those of video, ``core_ms`` are CPU milliseconds for one of them."""

    mbit: float = 2.5  # of the source
    core_ms: float = 612.0
    gpu_share: float = 0.0  # of the core time, done by GPUs instead
    gpu_speed: float = 20.0  # cores that one GPU is worth there
    kept: float = 1.0  # share of the video that the filters keep
    before_filters: float = 0.35  # share of the core time that is spent on what they drop as well
    row_kb: float = 26.0  # of tables for a second
    part_kb: float = 24.0  # of parts for a second
    video_s: float = 60.0  # length of a video
    puts: float = 13.0  # for a video, over all assets of a batch
    gets: float = 63.0  # of them, those that ask for little
    passes: float = 5.0  # times that the source is read
    part_mb: float = 4.0  # of the source that one request fetches
    cores: float = 10_000.0
    core_hour: float = 0.04
    gpu_hour: float = 1.0
    gb_month: float = 0.023
    put_1000: float = 0.005
    get_1000: float = 0.0004


def estimate(figures: Figures) -> dict[str, float]:
    """Return what a petabyte comes to, by name."""
    seconds = PETABYTE / (figures.mbit * 1e6 / 8)
    videos = seconds / figures.video_s
    work = figures.before_filters + (1 - figures.before_filters) * figures.kept
    core_hours = seconds * figures.core_ms / 1000 * work * (1 - figures.gpu_share) / 3600
    gpu_hours = seconds * figures.core_ms / 1000 * work * figures.gpu_share / figures.gpu_speed / 3600
    derived = seconds * (figures.row_kb + figures.part_kb) * 1000
    puts = videos * figures.puts
    gets = videos * figures.gets + PETABYTE / 1e6 / figures.part_mb * figures.passes
    return {
        "hours of video": seconds / 3600,
        "core hours": core_hours,
        "days on so many cores": core_hours / figures.cores / 24,
        "GPU hours": gpu_hours,
        "TB of tables and parts": derived / 1e12,
        "million writes": puts / 1e6,
        "million reads": gets / 1e6,
        "Gbit/s read meanwhile": PETABYTE * figures.passes * 8 / 1e9 / max(core_hours / figures.cores * 3600, 1),
        "cost of cores": core_hours * figures.core_hour,
        "cost of GPUs": gpu_hours * figures.gpu_hour,
        "cost of requests": puts / 1000 * figures.put_1000 + gets / 1000 * figures.get_1000,
        "cost a month of keeping what was made": derived / 1e9 * figures.gb_month,
        "cost a month of keeping the source": PETABYTE / 1e9 * figures.gb_month,
    }


def main() -> None:
    """Print the estimate as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in fields(Figures):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=float, default=field.default)
    figures = Figures(**vars(parser.parse_args()))
    print("| what | a petabyte |\n|---|---:|")
    for name, amount in estimate(figures).items():
        print(f"| {name} | {amount:,.0f} |" if amount >= 10 else f"| {name} | {amount:,.1f} |")


if __name__ == "__main__":
    main()
