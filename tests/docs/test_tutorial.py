"""The tutorial, from its first command to its last, on two short videos of one's own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from real_clips import cut

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text()


def steps() -> list[tuple[str, str, str]]:
    """Return the page's blocks that a reader carries out: (language, file's name if any, text)."""
    return re.findall(r'^```(sh|yaml|python)(?: title="([^"]+)")?\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with videos in it, where the tutorial begins."""
    (tmp_path / "videos").mkdir()
    cut("carphone", tmp_path / "videos" / "face.mp4", 0, 50)
    cut("bikes", tmp_path / "videos" / "bikes.mp4", 30, 110)
    return tmp_path


def test_the_tutorial_works_as_it_stands(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "RUSHES_STORE"}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DAGSTER_HOME": str(folder / "history"),
    }
    (folder / "history").mkdir()
    (folder / "history" / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    script = ["set -euo pipefail"]
    for at, (language, name, text) in enumerate(steps()):
        file = name or f"step-{at}.{language}"
        if language == "sh":
            script.append(text)
        else:
            (folder / file).write_text(text)
            if language == "python":
                script.append(f"python {file}")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "street-0000" in done.stdout
    assert re.search(r"[1-9]\d* sequences\n\(8, \d+, \d+, 3\)", done.stdout), done.stdout
    assert (folder / "footage" / "reports" / "street" / "index.html").exists()
