"""``rushes build``: materialises what is missing, through Dagster, in this process.

Here: finding gaps, running the jobs on them, saying what came of it. Dagster is imported only when there is something
to run, so that looking at a store in which all is built costs no more than that. Not here: what a gap is (``gaps``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from rushes.errors import RushesError, SettingsError
from rushes.store.manifests import Record, batch_names, read_record
from rushes.store.objects import Objects

if TYPE_CHECKING:
    from orchestration.gaps import Gap
    from orchestration.run import RunFailure

out = Console(highlight=False)


class BuildFailedError(RushesError):
    """Runs failed; the message says which and why."""


def build(
    batch: Annotated[list[str] | None, typer.Option(help="only this batch; may be given again")] = None,
    recipe: Annotated[list[str] | None, typer.Option(help="only this recipe; may be given again")] = None,
    asset: Annotated[str | None, typer.Option(help="only up to this asset")] = None,
) -> None:
    """Materialise what is missing, stale or unfinished: all of it, or a batch, a recipe, up to an asset.

    Killed or stopped, the same command goes on where it was. For example: `rushes build`,
    `rushes build --batch main-0000 --asset tracks`, `rushes build --recipe street`.
    """
    objects = Objects(os.environ["RUSHES_STORE"])
    started = time.monotonic()
    runs = build_missing(objects, batch, recipe, asset)
    if not runs:
        out.print(_NOTHING if batch_names(objects) else _NO_VIDEOS, soft_wrap=True)
        return
    out.print(
        f"{runs} run{'s' * (runs != 1)} in {time.monotonic() - started:.1f} s; next: rushes status, or make ui",
        soft_wrap=True,
    )


_NOTHING = "nothing to do: everything asked for is built"
_NO_VIDEOS = "nothing to do: no videos are registered; next: rushes add VIDEO …"


def build_missing(
    objects: Objects,
    batches: Sequence[str] | None = None,
    recipes: Sequence[str] | None = None,
    up_to: str | None = None,
) -> int:
    """Run a job on each partition that lacks something; return how many runs that took.

    A failed run does not stop the others; ``BuildFailedError`` names all that failed.
    """
    from orchestration.gaps import batch_gaps, recipe_gaps
    from rushes.selection.recipes import recipe as recipe_files

    assets = _up_to(up_to)
    _check_known("batch", batches, batch_names(objects))
    _check_known("recipe", recipes, recipe_files.names(objects))
    runs: dict[str, RunFailure | None] = {}
    if batches or not recipes:
        runs |= _run(objects, "build_batch", _wanted(batch_gaps(objects), batches, assets))
    if recipes or not batches:  # only now: what a recipe lacks follows from what the batches hold
        runs |= _run(objects, "build_recipe", _wanted(recipe_gaps(objects), recipes, assets))
    failures = {partition: why for partition, why in runs.items() if why}
    if failures:
        error = BuildFailedError("; ".join(f"{partition}: {why.line}" for partition, why in failures.items()))
        for why in failures.values():
            error.add_note(why.trace)  # what --debug shows
        raise error
    return len(runs)


def _wanted(gaps: Iterable[Gap], only: Sequence[str] | None, assets: Sequence[str]) -> Iterator[Gap]:
    """Yield the gaps of the named partitions (all when none is named), narrowed to the given assets."""
    for gap in gaps:
        lacking = tuple(name for name in gap.assets if name in assets)
        if lacking and (not only or gap.partition in only):
            yield replace(gap, assets=lacking)


def _run(objects: Objects, job: str, gaps: Iterable[Gap]) -> dict[str, RunFailure | None]:
    """Run the job on each gap, saying what came of it; return by partition why it failed, if it did."""
    runs: dict[str, RunFailure | None] = {}
    for gap in gaps:
        from orchestration.run import run_job

        runs[gap.partition] = failure = run_job(job, gap.partition, gap.assets)
        out.print(f"{'failed' if failure else 'built '} {gap.partition}: {', '.join(gap.assets)}", soft_wrap=True)
        for name in gap.assets:
            _tell(read_record(objects, name, gap.partition))
    return runs


def _tell(record: Record | None) -> None:
    """Print what a person should know of a partition that was just built: what it dropped and did not reach."""
    if record is None:
        return
    if record.rejects:
        reasons = ", ".join(f"{count} {reason}" for reason, count in record.rejects.items())
        again = "; the next build tries again" if record.unfinished else ""
        out.print(f"       {record.asset} rejects: {reasons}{again}", soft_wrap=True)
    if record.note:
        out.print(f"       {record.note}", soft_wrap=True)


def _up_to(asset: str | None) -> tuple[str, ...]:
    from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS

    order = (*BATCH_ASSETS, *RECIPE_ASSETS)
    if asset is None:
        return order
    if asset not in order:
        raise SettingsError(f"unknown asset {asset!r}; there are: {', '.join(order)}")
    return order[: order.index(asset) + 1]


def _check_known(what: str, given: Sequence[str] | None, known: list[str]) -> None:
    for name in given or ():
        if name not in known:
            raise SettingsError(f"unknown {what} {name!r}; there are: {', '.join(known[:20]) or 'none'}")
