"""``make ui``: Dagster's UI and daemon over the store, its partitions up to date from the first page on.

Here: starting ``dagster dev`` with this project's instance. Not here: what it shows (``definitions``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any

from dagster._cli import dev
from dagster_shared.ipc import open_ipc_subprocess

from orchestration.run import project_instance
from rushes.errors import RushesError
from rushes.store.objects import Objects

HOST, PORT = "127.0.0.1", "3000"
_WORKSPACE = Path(__file__).parents[1] / "workspace.yaml"


def main() -> None:
    """Be ``dagster dev``, until somebody ends it."""
    os.environ["RUSHES_STORE"] = Objects(os.environ.get("RUSHES_STORE") or "store").uri
    try:
        project_instance()
    except RushesError as error:
        sys.exit(f"make ui: {error}")
    port = os.environ.get("PORT", PORT)
    print(f"make ui: http://{HOST}:{port} (Ctrl-C ends it)", flush=True)
    os.chdir(os.environ["DAGSTER_HOME"])  # the folders that dagster.yaml names are below it for Dagster too
    dev.open_ipc_subprocess = _guarded
    options = ["--host", HOST, "--port", port, "--log-level", "warning"]
    dev.dev_command.main(["--workspace", str(_WORKSPACE), *options], prog_name="dagster dev")


def _guarded(parts: Sequence[str], **kwargs: Any) -> Popen[Any]:
    """Start what ``dagster dev`` starts, its web server by way of ours."""
    own = ["orchestration.webserver" if word == "dagster_webserver" else word for word in parts]
    return open_ipc_subprocess(own, **kwargs)


if __name__ == "__main__":
    main()
