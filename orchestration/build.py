"""``rushes build``: materialises what is missing, through Dagster, in this process.

Here: finding gaps, running the jobs on them, saying what came of it. Dagster is imported only when there is something
to run, so that looking at a store in which all is built costs no more than that. Not here: what a gap is (``gaps``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from rushes.errors import RushesError, SettingsError
from rushes.store.objects import Objects

out = Console()


class BuildFailedError(RushesError):
    """Runs failed; the message says which and why."""


def build(
    batch: Annotated[list[str] | None, typer.Option(help="only this batch; may be given again")] = None,
    recipe: Annotated[list[str] | None, typer.Option(help="only this recipe; may be given again")] = None,
    asset: Annotated[str | None, typer.Option(help="only up to this asset")] = None,
) -> None:
    """Materialise what is missing, stale or unfinished: all of it, or a batch, a recipe, up to an asset.

    Killed or stopped, the same command goes on where it was.
    """
    from orchestration.gaps import Gap, batch_gaps, recipe_gaps
    from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS
    from rushes.selection import recipe as recipe_files
    from rushes.store.manifests import batch_names

    objects = Objects(os.environ["RUSHES_STORE"])
    assets = _up_to(asset, (*BATCH_ASSETS, *RECIPE_ASSETS))
    _check_known("batch", batch, batch_names(objects))
    _check_known("recipe", recipe, recipe_files.names(objects))
    started = time.monotonic()
    failures: list[str] = []
    runs = 0

    def fill(job: str, gaps: Sequence[Gap]) -> None:
        nonlocal runs
        for gap in gaps:
            if lacking := [name for name in gap.assets if name in assets]:
                from orchestration.run import run_job

                runs += 1
                failure = run_job(job, gap.partition, lacking)
                out.print(f"{'failed' if failure else 'built '} {gap.partition}: {', '.join(lacking)}", soft_wrap=True)
                failures.extend([f"{gap.partition}: {failure}"] if failure else [])

    if batch or not recipe:
        fill("build_batch", [gap for gap in batch_gaps(objects) if not batch or gap.partition in batch])
    if recipe or not batch:  # only now: what a recipe lacks follows from what the batches hold
        fill("build_recipe", [gap for gap in recipe_gaps(objects) if not recipe or gap.partition in recipe])
    if failures:
        raise BuildFailedError("; ".join(failures))
    if not runs:
        out.print("nothing to do: everything asked for is built" if batch_names(objects) else _NOTHING, soft_wrap=True)
        return
    out.print(f"{runs} runs in {time.monotonic() - started:.1f} s; next: rushes status, or make ui", soft_wrap=True)


_NOTHING = "nothing to do: no videos are registered; next: rushes add VIDEO …"


def _up_to(asset: str | None, order: tuple[str, ...]) -> tuple[str, ...]:
    if asset is None:
        return order
    if asset not in order:
        raise SettingsError(f"unknown asset {asset!r}; there are: {', '.join(order)}")
    return order[: order.index(asset) + 1]


def _check_known(what: str, given: list[str] | None, known: list[str]) -> None:
    for name in given or ():
        if name not in known:
            raise SettingsError(f"unknown {what} {name!r}; there are: {', '.join(known[:20]) or 'none'}")
