"""``rushes status`` and ``rushes retry``: how everything stands, and what is to be tried again.

Here: words and printing. Not here: how a state is told, and which failures stand (``rushes.standing``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from rushes.cli.terminal import out, table_of, this_store
from rushes.errors import SettingsError

if TYPE_CHECKING:
    from rushes.standing.status import PartitionStatus

STATUS_EXAMPLES = "`rushes status` · `rushes status --batches` · `rushes status --json`"
RETRY_EXAMPLES = "`rushes retry street-0003` · `rushes retry --all`"
# Up to so many batches and recipes, each is a line; of standing failures, so many are.
_FEW, _SHOWN = 12, 20
_COLOURS = {"built": "green", "missing": "yellow", "stale": "yellow", "waiting": "yellow"}


def status(
    batches: Annotated[bool, typer.Option("--batches", help="a line for each batch or recipe and asset")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """What is built, missing, stale, failed and rejected, by asset; each batch and recipe where there are few."""
    from rushes.standing.status import statuses

    everything = list(statuses(this_store()))
    if as_json:
        for partition in everything:
            for one in partition:
                print(json.dumps({**vars(one), "state": one.state.value}))
        return
    if not everything:
        out.print(f"{this_store().uri} holds no batches yet; next: rushes add VIDEO …", soft_wrap=True)
        return
    if batches or len(everything) <= _FEW:
        _print_each(everything)
    else:
        _print_counts(everything)
    _print_under_way(everything)
    _print_standing(everything)
    _print_next(everything)


def _print_each(everything: Sequence[Sequence[PartitionStatus]]) -> None:
    table = table_of("batch or recipe", "asset", "state", "rows", "rejects", "failure or note")
    for partition in everything:
        for one in partition:
            state = f"[{_COLOURS.get(one.state.value, 'red')}]{one.state.value}[/]"
            remark = escape(one.failure or one.note or "")
            table.add_row(one.partition, one.asset, state, f"{one.rows}", f"{one.rejects or ''}", remark)
        table.add_section()
    out.print(table)


def _print_counts(everything: Sequence[Sequence[PartitionStatus]]) -> None:
    """Print how many partitions of each asset are in each state; a failed one counts as that alone."""
    from rushes.work.plan import State

    states = [*(state.value for state in State), "failed"]
    table = table_of("asset", *states, "rows", "rejects")
    assets = dict.fromkeys(one.asset for partition in everything for one in partition)
    for asset in assets:
        own = [one for partition in everything for one in partition if one.asset == asset]
        count = Counter("failed" if one.failure else one.state.value for one in own)
        numbers = (f"[{_COLOURS.get(state, 'red')}]{count[state]}[/]" if count[state] else "" for state in states)
        table.add_row(asset, *numbers, f"{sum(one.rows for one in own)}", f"{sum(one.rejects for one in own) or ''}")
    out.print(table)
    out.print(f"{len(everything)} batches and recipes; a line for each: rushes status --batches")


def _print_under_way(everything: Sequence[Sequence[PartitionStatus]]) -> None:
    from rushes.store.failures import Note

    begun = [one for partition in everything for one in partition if one.process]
    at_it = [one for one in begun if not Note(process=one.process).is_dead]
    if at_it:
        out.print(f"being built, as far as can be told from here: {len(at_it)}")
        for one in at_it[:_SHOWN]:
            out.print(f"  {one.asset} of {one.partition} by {one.process}", soft_wrap=True, markup=False)


def _print_standing(everything: Sequence[Sequence[PartitionStatus]]) -> None:
    """Print what failed and was not built since, with what nothing builds by itself any more marked."""
    from rushes import settings
    from rushes.standing.failures import left_alone, standing

    store = this_store()
    flat = [one for partition in everything for one in partition]
    alone = left_alone(settings.load_all(store), flat)
    given_up = {(one.asset, one.partition) for one in alone}
    found = {(one.asset, one.partition): one for one in standing(store)}
    names = list(dict.fromkeys([*sorted(given_up), *found]))
    if not names:
        return
    counts = {(one.asset, one.partition): one for one in flat}
    table = table_of("standing failure", "asset", "attempts", "by itself", "since identity", "reason")
    for key in names[:_SHOWN]:
        failure, now = found.get(key), counts.get(key)
        attempts = now.attempts if now else failure.attempts if failure else 0
        reason = failure.reason if failure else "some of its videos are unfinished: see its rejects"
        since = (failure.shape if failure else now.identity if now else "")[:12]
        again = "left alone" if key in given_up else "tried again"
        table.add_row(key[1], key[0], f"{attempts}", again, since, escape(reason))
    out.print(table)
    if len(names) > _SHOWN:
        out.print(f"… and {len(names) - _SHOWN} more: rushes status --json")
    if given_up:
        out.print(
            f"{len(given_up)} left alone after too many attempts; next: rushes retry BATCH|RECIPE, or rushes build",
            soft_wrap=True,
        )


def _print_next(everything: Sequence[Sequence[PartitionStatus]]) -> None:
    from rushes.standing.status import to_build
    from rushes.work.plan import State

    behind = sum(bool(to_build(list(partition))) for partition in everything)
    waiting = [partition[0].partition for partition in everything if partition[0].state is State.WAITING]
    out.print(f"not up to date: {behind} batches or recipes; next: rushes build" if behind else "everything is built")
    if waiting:
        out.print(f"without any batch to choose from: {', '.join(waiting)}", soft_wrap=True)


def retry(
    names: Annotated[list[str] | None, typer.Argument(help="batches and recipes")] = None,
    all_: Annotated[bool, typer.Option("--all", help="all that was tried in vain")] = False,
) -> None:
    """Have what was tried in vain too often tried again by schedules and sensors, as if for the first time.

    `rushes build` needs no such word: it always tries.
    """
    from rushes.standing.failures import retry

    if bool(names) == all_:
        raise SettingsError("name batches or recipes, or say --all; what stands is listed by: rushes status")
    again = retry(this_store(), None if all_ else names)
    for asset, partition in again[:_SHOWN]:
        out.print(f"{asset} of {partition} is tried again", soft_wrap=True, markup=False)
    if len(again) > _SHOWN:
        out.print(f"… and {len(again) - _SHOWN} more")
    out.print("next: rushes backfill, or rushes build" if again else "nothing was tried in vain", soft_wrap=True)
