"""Dagster's queue of runs, in which heavier batches come first: the last run to end is then a short one.

A backfill hands in its runs by name. Here: a run's priority, from its batch's weight. Not here: the queue itself, which
is Dagster's, and how many runs there may be at once (``dagster.yaml``).
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import dagster as dg
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.tags import PARTITION_NAME_TAG, PRIORITY_TAG

from rushes.errors import StoreError
from rushes.standing.status import weight_of
from rushes.store.objects import Objects

_log = logging.getLogger(__name__)


class HeaviestFirst(dg.QueuedRunCoordinator):
    """Gives each run of a batch a priority, unless somebody gave it one.

    It is the weight's number of binary digits: of batches about as heavy the first in the queue comes first, and a
    priority of 100 comes before all of them.
    """

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Put a run into the queue."""
        run = context.dagster_run
        batch = run.tags.get(PARTITION_NAME_TAG)
        if batch is not None and PRIORITY_TAG not in run.tags and (weight := _weight(batch)):
            self._instance.add_run_tags(run.run_id, {PRIORITY_TAG: str(weight.bit_length())})
        return super().submit_run(context)


def _weight(batch: str) -> int:
    """Return a batch's weight; none for a recipe, or where the store cannot be asked: the order is not worth a run."""
    store = os.environ.get("RUSHES_STORE") or str(Path(__file__).parents[1] / "store")
    try:
        return weight_of(Objects(store), batch)
    except StoreError:
        return 0
    except Exception as error:
        _log.warning("no priority for %s: %s", batch, type(error).__name__)
        return 0
