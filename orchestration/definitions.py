"""Everything Dagster serves: seven assets, their checks, jobs, schedules and sensors, over one store.

Here: putting them together, with resources that may be replaced. The store is ``$RUSHES_STORE``, by default the folder
``store`` beside this repository's ``dagster.yaml``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.alarms import no_standing_failures, run_failures, standing_failures
from orchestration.checks import CHECKS
from orchestration.graph import ASSETS
from orchestration.jobs import build_batch, build_recipe, launch_backfills, tidy_store
from orchestration.schedules import nightly_backfills, weekly_tidy
from orchestration.sensors import build_what_is_ready, inbox, new_partitions
from resources.compute import ComputeResource
from resources.store import StoreResource


def build_defs(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Return fresh definitions; ``resources`` replaces any of those made from the environment."""
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=[*CHECKS, no_standing_failures],
        jobs=[build_batch, build_recipe, launch_backfills, tidy_store],
        schedules=[nightly_backfills, weekly_tidy],
        sensors=[new_partitions, inbox, build_what_is_ready, run_failures, standing_failures, *_for_ray()],
        # A step shares its videos among processes of its own; a process a step would only add to them.
        executor=dg.in_process_executor,
        resources={"store": StoreResource(uri=store_uri()), "compute": ComputeResource(), **(resources or {})},
    )


def _for_ray() -> list[dg.SensorDefinition]:
    """Return what is wanted only where runs are given to a Ray cluster (``deploy/ray``), for it needs the extra."""
    if not os.environ.get("RAY_API_SERVER_ADDRESS"):
        return []
    from orchestration.ray_runs import lost_starts

    return [lost_starts]


def store_uri() -> str:
    """Return where the store is."""
    return os.environ.get("RUSHES_STORE") or str(Path(__file__).parents[1] / "store")


defs = build_defs()
