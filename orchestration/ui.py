"""``make ui``: Dagster's UI and daemon over the store, its partitions up to date from the first page on.

Here: starting ``dagster dev`` with this project's instance. Not here: what it shows (``definitions``).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from orchestration.run import project_instance
from rushes.errors import RushesError
from rushes.store.objects import Objects

HOST, PORT = "127.0.0.1", "3000"


def main() -> None:
    """Replace this process by ``dagster dev``."""
    os.environ["RUSHES_STORE"] = Objects(os.environ.get("RUSHES_STORE") or "store").uri
    try:
        project_instance()
    except RushesError as error:
        sys.exit(f"make ui: {error}")
    port = os.environ.get("PORT", PORT)
    print(f"make ui: http://{HOST}:{port} (Ctrl-C ends it)", flush=True)
    program = str(Path(sys.executable).with_name("dagster"))
    os.execv(program, [program, "dev", "--host", HOST, "--port", port, "--log-level", "warning"])


if __name__ == "__main__":
    main()
