"""The demonstration: real clips through all seven assets, and a table of what came out.

``make demo`` runs it. Here: which clips, settings and recipes. Not here: the figures (``sql/demo.sql``), and anything
that the command line does not offer as well.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestration import local_s3
from orchestration.build import build_missing
from rushes import settings
from rushes.errors import RushesError
from rushes.models.registry import models_folder
from rushes.selection.recipes import recipe as recipe_files
from rushes.sources.demo_clips import fetch
from rushes.sources.register import register
from rushes.store.database import connect
from rushes.store.objects import Objects

COLLECTION = "demo"
_FILES = Path(__file__).parents[1] / "docs" / "demo"
out = Console(width=None if sys.stdout.isatty() else 140)


def main() -> int:
    """Run the demonstration; return the exit code."""
    started = time.monotonic()
    os.environ["RUSHES_STORE"] = Objects(os.environ.get("RUSHES_STORE") or "store").uri
    objects = Objects(os.environ["RUSHES_STORE"])
    try:
        _prepare(objects)
        runs = build_missing(objects)
    except RushesError as error:
        out.print(f"make demo: failed: {error}", style="red", soft_wrap=True, markup=False)
        return 1
    out.print(_table(objects))
    if failed := _failed(objects):
        out.print(f"make demo: failed: {failed}", style="red", soft_wrap=True, markup=False)
        return 1
    recipe = recipe_files.load(objects, "diverse-sequences")
    worked = "nothing was left to do" if not runs else f"{runs} runs"
    ui, command = local_s3.words()
    out.print(
        f"make demo: done in {time.monotonic() - started:.0f} s, {worked}; the report: {command} report {recipe.name}; "
        f"next: {ui}, or {command} sql \"SELECT class_name, count(*) FROM tracks GROUP BY 1\"",
        soft_wrap=True, highlight=False,
    )  # fmt: skip
    return 0


def _prepare(objects: Objects) -> None:
    """Fetch the clips, and register them with the demonstration's settings and recipes."""
    clips = fetch(models_folder() / "clips")
    if not objects.exists(settings.PATH):
        settings.save(objects, (_FILES / "settings.yaml").read_text())
    register(objects, [str(clip) for clip in clips], COLLECTION)
    for file in sorted(_FILES.glob("*.yaml")):
        if file.name != "settings.yaml":
            recipe_files.save(objects, file.read_text(), str(file))


def _table(objects: Objects) -> Table:
    table = Table(title="What came out", title_justify="left", show_header=False, show_lines=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    with connect(objects) as connection:
        for _, title, value in connection.execute((resources.files("sql") / "demo.sql").read_text()).fetchall():
            table.add_row(title, value or "none")
    table.add_row("seconds for each asset", _seconds())
    for name in recipe_files.names(objects):
        table.add_row(f"data set {name}", objects.full_uri(f"datasets/{name}"))
        table.add_row(f"report {name}", objects.full_uri(f"reports/{name}/index.html"))
    return table


def _failed(objects: Objects) -> str:
    """Say what failed though nothing is wrong with these clips."""
    with connect(objects) as connection:
        rows = connection.execute("SELECT asset, item_id, detail FROM rejects WHERE reason = 'failed' ORDER BY ALL")
        return "; ".join(f"{asset}, {item}: {detail}" for asset, item, detail in rows.fetchall())


def _seconds() -> str:
    """Return the wall seconds of each asset's latest materialisations, as Dagster remembers them."""
    import dagster as dg

    from orchestration.lineage import BATCH_ASSETS, RECIPE_ASSETS
    from orchestration.run import project_instance

    instance = project_instance()
    spent: dict[str, Any] = {}
    for asset in (*BATCH_ASSETS, *RECIPE_ASSETS):
        latest: dict[str | None, float] = {}
        for record in instance.fetch_materializations(dg.AssetKey(asset), limit=100).records:
            found = record.asset_materialization
            if found is not None and record.partition_key not in latest and "seconds" in found.metadata:
                latest[record.partition_key] = float(found.metadata["seconds"].value)  # type: ignore[arg-type]
        spent[asset] = sum(latest.values())
    return ", ".join(f"{asset} {seconds:.1f}" for asset, seconds in spent.items())


if __name__ == "__main__":
    sys.exit(main())
