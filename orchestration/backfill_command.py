"""``rushes backfill``: launches what the nightly schedule would, now, and says what that is.

Dagster is imported when it is called, so that other commands start without it. Not here: choosing and launching
(``backfills``), building in this process (``build``).
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.backfills import choose, launch
from orchestration.lineage import GROUPS
from rushes.errors import SettingsError
from rushes.store.objects import Objects

if TYPE_CHECKING:
    import dagster as dg

# The daemon tells every half minute that it is there.
_SILENCE_S = 120
out = Console(highlight=False)


def backfill(
    group: Annotated[str | None, typer.Option(help="only this asset group: ingest, curate or datasets")] = None,
    most: Annotated[int | None, typer.Option(min=1, help="partitions of a group; default: settings")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be launched, launch nothing")] = False,
) -> None:
    """Have Dagster's daemon build what is missing, failed, stale or unfinished: one backfill for each asset group.

    What comes after follows when it is ready, if the sensor build_what_is_ready is switched on, or at the next
    backfill. To build everything here and now instead: `rushes build`.
    """
    from orchestration.graph import asset_graph
    from orchestration.in_flight import in_flight
    from orchestration.run import project_instance

    if group is not None and group not in GROUPS:
        raise SettingsError(f"unknown asset group {group!r}; there are: {', '.join(GROUPS)}")
    objects = Objects(os.environ["RUSHES_STORE"])
    instance = project_instance()
    chosen = [w for w in choose(objects, in_flight(instance), most) if group in (None, w.group)]
    for wanted in chosen:
        tags = {"rushes/by": "rushes backfill"}
        name = "" if dry_run else f" as backfill {launch(instance, asset_graph(), wanted, tags)}"
        first = ", ".join(gap.partition for gap in wanted.gaps[:5]) + (", …" if len(wanted.gaps) > 5 else "")
        out.print(f"{wanted.words}{name}: {first}", soft_wrap=True)
    if not chosen:
        out.print("nothing to launch: all is built, being built, or left alone; see: rushes status", soft_wrap=True)
    elif not dry_run and not _daemon_runs(instance):
        out.print("no daemon is running: they wait for one; start it with: make ui", soft_wrap=True)


def _daemon_runs(instance: dg.DagsterInstance) -> bool:
    heartbeat = instance.get_daemon_heartbeats().get("BACKFILL")
    return heartbeat is not None and time.time() - heartbeat.timestamp < _SILENCE_S
