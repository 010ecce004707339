"""Building a batch of one asset: missing parts are made in worker processes, then the partition is put together.

A killed build resumes at the next video, a second build with nothing changed does nothing, and no row is lost or
doubled: a part is written whole under a key of all that shaped it, the tables are replaced whole, in a turn of their
own, and the build record comes last. Here: that order, and what becomes of errors. Not here: what the asset computes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from rushes.errors import StoreError
from rushes.settings import Settings
from rushes.store.failures import noting_failure, read_failure
from rushes.store.forgotten import refuse_forgotten
from rushes.store.manifests import Batch, Record, read_batch, read_record
from rushes.store.objects import Objects
from rushes.store.parts import existing_parts
from rushes.work import pool
from rushes.work.assemble import PartGoneError, assemble
from rushes.work.faults import telling_faults
from rushes.work.inputs import plan_with_inputs
from rushes.work.making import Making, Progress
from rushes.work.plan import State
from rushes.work.step import Downloading, Step

# Whoever tidies up may remove old parts that are about to be put together: they are made again, so many times.
_TRIES = 3


@dataclass(frozen=True)
class Report:
    """What a build did. ``made`` counts the videos that were worked on, ``reused`` those whose part was there."""

    record: Record
    made: int
    reused: int
    seconds: float


def build(
    objects: Objects,
    step: Step,
    batch_name: str,
    settings: Settings,
    workers: pool.Workers = None,
    progress: Progress = lambda done, total: None,
    downloading: Downloading = lambda name, received, total: None,
) -> Report:
    """Bring one partition up to date and tell what was done; one whose failure was noted is put together anew.

    ``workers`` processes or actors share the videos (default: processes, one a core); 0 does the work in this process.
    What has to be fetched before is worked on here, where it then lies. ``progress`` is told of videos done,
    ``downloading`` of bytes that came. Raises ``StoreError`` when an upstream partition is missing or too many videos
    were rejected.
    """
    started = time.monotonic()
    batch = read_batch(objects, batch_name)
    planned, inputs = plan_with_inputs(objects, step, batch, settings)
    record = read_record(objects, step.asset, batch.name)
    failed = read_failure(objects, step.asset, batch.name) is not None
    if planned.state is State.BUILT and record is not None and not failed:
        return Report(record, 0, len(planned.parts), time.monotonic() - started)
    with (
        telling_faults(objects),  # and if even the note cannot be written
        noting_failure(objects, step.asset, batch.name, planned.identity) as attempt,
        telling_faults(objects),
    ):
        refuse_forgotten(objects, batch.name, batch.entries)
        making = Making(objects, planned, inputs, workers, progress, downloading)
        record = _brought_up(making, anew=failed)
        attempt.unfinished = bool(record.unfinished)
        _judge(record, batch, settings)
    return Report(record, making.made, len(planned.parts) - making.made, time.monotonic() - started)


def _brought_up(making: Making, *, anew: bool) -> Record:
    """Make what is missing and put it together; again where parts vanish meanwhile."""
    asset, batch = making.planned.step.asset, making.planned.batch.name
    for _ in range(_TRIES):
        failures = making.missing()
        try:
            record = assemble(making.objects, making.planned, failures, anew=anew)
        except PartGoneError:
            continue
        # Removed before the record named them, perhaps: whoever tidies up looks at it after removing.
        gone = {built.key for built in record.items.values()} - existing_parts(making.objects, asset, batch)
        if gone:
            making.missing(gone)
        return record
    raise StoreError(f"{asset} of {batch}: its parts vanish as soon as they are made: build again")


def _judge(record: Record, batch: Batch, settings: Settings) -> None:
    """Raise when more of a batch's videos were rejected than the settings bear."""
    lost = len(batch.entries) - len(record.items)
    allowed = settings.build.max_reject_share
    if lost > allowed * len(batch.entries):
        raise StoreError(
            f"{record.asset} of {batch.name}: {lost} of {len(batch.entries)} videos rejected, more than "
            f"build.max_reject_share = {allowed:g} allows; see: rushes sql 'SELECT * FROM rejects'"
        )
