"""``rushes tidy``: removes what builds left behind and nobody wants any more.

Here: words and printing. Not here: tidying (``rushes.tidy``).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.terminal import cell, err, out, table_of, this_store
from rushes.errors import SettingsError

if TYPE_CHECKING:
    from rushes.tidy.tidy import Account

EXAMPLES = (
    "`rushes tidy --dry-run` · `rushes tidy` · `rushes tidy --older-than 2h` · `rushes tidy --earlier-versions`; "
    "what goes and what stays: docs/faults.md"
)
_UNITS = {"m": 60, "h": 3600, "d": 86400}


def tidy(
    older_than: Annotated[str, typer.Option(help="only what was put so long ago: 30m, 12h, 7d")] = "7d",
    earlier_versions: Annotated[
        bool, typer.Option("--earlier-versions", help="versions of data sets too that are not the current one")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would go, remove nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="what was removed as one JSON object")] = False,
) -> None:
    """Remove old remains: parts that nothing names any more, and what killed runs left half done."""
    from rushes.tidy.tidy import tidy as tidy_up

    seconds = _seconds(older_than)
    with err.status("tidying") as status:
        account = tidy_up(
            this_store(), seconds, earlier_versions=earlier_versions, dry_run=dry_run, progress=status.update
        )
    if as_json:
        print(json.dumps({what: {"count": n, "bytes": account.bytes[what]} for what, n in account.counts.items()}))
        return
    _print(account, dry_run)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text.strip())
    if found is None:
        raise SettingsError(f"--older-than {text!r}: a number and m, h or d, such as 12h or 7d")
    return float(found[1]) * _UNITS[found[2]]


def _print(account: Account, dry_run: bool) -> None:
    if not account.counts:
        out.print("nothing is left over that is old enough", soft_wrap=True)
        return
    table = table_of("would be removed" if dry_run else "removed", "how many", "bytes")
    for what, count in account.counts.items():
        table.add_row(what, cell(count), cell(account.bytes[what]))
    out.print(table)
    following = "next: the same without --dry-run" if dry_run else ""
    out.print(f"{sum(account.bytes.values()) / 1e6:,.1f} MB{'; ' if following else ''}{following}", soft_wrap=True)
