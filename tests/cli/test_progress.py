"""On a terminal, long work shows how far it is."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from real_clips import cut


def test_a_build_on_a_terminal_draws_a_bar_for_each_asset(shell: Any, tmp_path: Path) -> None:
    shell.ok("add", cut("carphone", tmp_path / "face.mp4", 0, 10))
    here, there = os.openpty()
    seen: list[bytes] = []

    def read() -> None:
        while True:
            try:
                seen.append(os.read(here, 4096))
            except OSError:  # the terminal's other end was closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    environment = os.environ | {"RUSHES_STORE": str(shell.store), "DAGSTER_HOME": str(shell.home), "TERM": "xterm"}
    command = [sys.executable, "-m", "rushes.cli", "build", "--asset", "scene_clips"]
    subprocess.run(command, env=environment, cwd=shell.folder, stdout=subprocess.DEVNULL, stderr=there, check=True)
    os.close(there)
    reader.join()
    os.close(here)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(seen).decode())
    assert re.search(r"raw_videos main-0000 .*1/1", shown)
    assert re.search(r"scene_clips main-0000 .*1/1", shown)
