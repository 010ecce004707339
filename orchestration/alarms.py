"""Telling people of what went wrong: each failed run once, and standing failures for as long as they stand.

A failed run becomes an object in the store's ``events/``, a line in the sensor's log, and a call of a webhook where one
is configured. Standing failures are a check of each asset that blocks nothing. Here: that. Not here: what counts as one
(``rushes.standing.failures``), the webhook (``webhook``).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from orchestration.in_flight import assets_of, partitions_of
from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS
from orchestration.webhook import post
from resources.store import StoreResource
from rushes.standing.failures import Standing, standing

_CHECK = "no_standing_failures"
_ASSETS = (*BATCH_ASSETS, *RECIPE_ASSETS)
_SHOWN = 20


def event_path(run_id: str) -> str:
    """Return the name of what is told of a failed run."""
    return f"events/run-failures/{run_id}.json"


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Tells of each failed run: in events/ of the store, in this log, and to $RUSHES_WEBHOOK.",
)
def run_failures(context: dg.RunFailureSensorContext, store: StoreResource) -> None:
    """Tell of a failed run."""
    event = _event(context)
    store.objects.write(event_path(context.dagster_run.run_id), json.dumps(event, ensure_ascii=False).encode())
    context.log.error(event["line"])
    if (wrong := post(event)) is not None:
        context.log.warning(wrong)


def _event(context: dg.RunFailureSensorContext) -> dict[str, Any]:
    """Return what there is to say of a failed run."""
    run = context.dagster_run
    partitions = partitions_of(context.instance, run)
    reasons = {event.step_key: _reason(event) for event in context.get_step_failure_events()}
    asset, reason = next(iter(reasons.items()), (None, _line(context.failure_event.message)))
    step = asset or run.job_name
    where = f" of {_few(partitions)}" if partitions else ""
    following = f"rushes status, then rushes build{_option(assets_of(run), partitions)}" if partitions else "make ui"
    return {
        "event": "run_failed",
        "line": f"{step}{where} failed: {reason}; next: {following}",
        "step": step,
        "assets": list(assets_of(run)),
        "partitions": partitions,
        "reason": reason,
        "run_id": run.run_id,
        "job": run.job_name,
        "backfill": run.tags.get("dagster/backfill"),
    }


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    said = data.user_failure_data.description if data.user_failure_data else None
    return _line(said or (data.error.message if data.error else None))


def _line(words: str | None) -> str:
    return " ".join((words or "unknown").split())


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _option(assets: Sequence[str], partitions: Sequence[str]) -> str:
    kind = "recipe" if any(asset in RECIPE_ASSETS for asset in assets) else "batch"
    return f" --{kind} {partitions[0]}" if len(partitions) == 1 else ""


@dg.multi_asset_check(
    name=_CHECK,
    specs=[
        dg.AssetCheckSpec(
            _CHECK, asset=asset, description="No partition failed, or was killed, without having been built since."
        )
        for asset in _ASSETS
    ],
    can_subset=True,
)
def no_standing_failures(context: dg.AssetCheckExecutionContext, store: StoreResource) -> Iterator[dg.AssetCheckResult]:
    """List the standing failures of each asset. It warns and blocks nothing: other partitions are sound."""
    found = standing(store.objects)
    for key in sorted(context.selected_asset_check_keys):
        mine = [one for one in found if one.asset == key.asset_key.to_user_string()]
        yield dg.AssetCheckResult(check_name=_CHECK, asset_key=key.asset_key, **_told(mine))


@dg.sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    description="Keeps the check no_standing_failures of each asset up to date.",
)
def standing_failures(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult | dg.SkipReason:
    """Evaluate the checks, without a run, when something has changed."""
    found = standing(store.objects)
    state = hashlib.sha256(repr(found).encode()).hexdigest()
    if state == context.cursor:
        return dg.SkipReason("nothing has changed")
    context.update_cursor(state)
    return dg.SensorResult(
        asset_events=[
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(asset),
                check_name=_CHECK,
                blocking=False,
                **_told([one for one in found if one.asset == asset]),
            )
            for asset in _ASSETS
        ]
    )


def _told(found: Sequence[Standing]) -> dict[str, Any]:
    """Return an asset's standing failures as Dagster shows them."""
    lines = [
        f"| {one.partition} | {one.attempts} | {one.reason.replace('|', '/')} | {one.shape[:12]} |"
        for one in found[:_SHOWN]
    ]
    table = "\n".join(["| partition | attempts | reason | since identity |", "|---|---|---|---|", *lines])
    return {
        "passed": not found,
        "severity": dg.AssetCheckSeverity.WARN,
        "description": f"{len(found)} standing: {found[0].partition}: {found[0].reason}" if found else None,
        "metadata": {
            "standing": len(found),
            "failures": dg.MetadataValue.json([asdict(one) for one in found[:_SHOWN]]),
            **({"table": dg.MetadataValue.md(table)} if found else {}),
        },
    }
