"""``rushes forget``: takes videos, and all that was made of them, out of the store.

Here: words, asking whether it is meant, and printing. Not here: forgetting (``rushes.forget``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from rushes.cli.terminal import cell, err, out, table_of, text_of, this_store
from rushes.errors import SettingsError, StoppedError

if TYPE_CHECKING:
    from rushes.forget.forget import Account

EXAMPLES = (
    "`rushes forget bikes` · `rushes forget bikes --dry-run` · `rushes forget --from withdrawn.txt --yes`; "
    "what goes and what cannot: docs/forget.md"
)
# So many videos, and lines of a kind, are printed before the rest is counted.
_SHOWN = 20


def forget(
    videos: Annotated[list[str] | None, typer.Argument(help="ids of videos, or addresses as registered")] = None,
    listed: Annotated[Path | None, typer.Option("--from", help="a file with one a line; # begins a remark")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would go, remove nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask on the terminal")] = False,
    repackage: Annotated[
        bool, typer.Option("--repackage/--no-repackage", help="package data sets anew from what is left of them")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="what was removed as one JSON object")] = False,
) -> None:
    """Remove videos and all that was made of them, for good: they are not taken in again.

    So go the same bytes under other names. Selections and data sets that lost something say so until they are built
    anew.
    """
    from rushes.forget.forget import forget as forget_videos

    wanted = [*(videos or ()), *(_listed(listed) if listed else ())]
    if not wanted:
        raise SettingsError("say which: rushes forget VIDEO …, or --from FILE with one a line")
    objects = this_store()
    if sys.stdin.isatty() and not (yes or dry_run):
        if not as_json:
            _print(forget_videos(objects, wanted, dry_run=True), dry_run=True)
        if not typer.confirm("Forget all this, for good?", err=True):
            raise StoppedError("nothing was removed")
    with err.status("forgetting") as status:
        account = forget_videos(
            objects, wanted, dry_run=dry_run, repackage=repackage, progress=lambda words: status.update(words)
        )
    if as_json:
        print(json.dumps(_fields(account), ensure_ascii=False))
    else:
        _print(account, dry_run)


def _listed(file: Path) -> Iterator[str]:
    for line in text_of(file).splitlines():
        name = line.strip()
        if name and not name.startswith("#"):
            yield name


def _print(account: Account, dry_run: bool) -> None:
    table = table_of("video", "batch", "from")
    for batch, entry in account.entries[:_SHOWN]:
        table.add_row(escape(entry.entry_id), batch, escape(entry.source_uri))
    if account.entries:
        out.print(table)
    if len(account.entries) > _SHOWN:
        out.print(f"… and {len(account.entries) - _SHOWN} more")
    would = "would be " if dry_run else ""
    counts = table_of(f"{would}removed", "how many")
    for name, count in (*account.removed.items(), *((f"rows of {name}", n) for name, n in account.rows.items())):
        counts.add_row(name, cell(count))
    out.print(counts) if counts.rows else out.print("nothing of it is left in the store")
    for one in account.lost:
        if one.rows:
            out.print(f"recipe {one.recipe}: {would}marked: {one.words}", soft_wrap=True)
        if one.data_set:
            out.print(f"data set {one.recipe}: {_of_data_set(account, one.recipe, dry_run)}", soft_wrap=True)
    for uri in account.outside[:_SHOWN]:
        out.print(f"not the store's own, and left where it is: {uri}", soft_wrap=True, markup=False)
    for line in account.left:
        err.print(f"warning: {line}", soft_wrap=True, markup=False)
    if not dry_run:
        out.print("next: rushes status", soft_wrap=True)


def _of_data_set(account: Account, recipe: str, dry_run: bool) -> str:
    if dry_run:
        return "would be removed, and packaged anew from what is left unless --no-repackage"
    if recipe in account.repackaged:
        return "packaged anew without it"
    why = f"; packaging what is left failed: {account.failed[recipe]}" if recipe in account.failed else ""
    return f"removed until 'rushes build --recipe {recipe}'{why}"


def _fields(account: Account) -> dict[str, object]:
    return {
        "videos": [
            {"entry_id": entry.entry_id, "batch": batch, "source_uri": entry.source_uri}
            for batch, entry in account.entries
        ],
        "rows": account.rows,
        "removed": account.removed,
        "recipes": [vars(one) | {"repackaged": one.recipe in account.repackaged} for one in account.lost],
        "failed": account.failed,
        "outside": list(account.outside),
        "left": list(account.left),
    }
