"""The Python of ``docs/frames.md`` runs as it stands."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from real_clips import demo_files

from rushes.settings import Settings
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.work.build import build

PAGE = Path(__file__).parents[2] / "docs" / "frames.md"


def test_the_page_s_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Objects("store")
    register(store, [str(demo_files()["bikes"])], "demo")
    build(store, STEPS["raw_videos"], "demo-0000", Settings(), workers=0)
    (tmp_path / "footage").mkdir()
    (tmp_path / "footage" / "clip.mp4").symlink_to(demo_files()["carphone"])
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(block, names)
    assert names["video"].shape == (250, 272, 640, 3)
    assert names["picture"].shape == (136, 320, 3)
    np.testing.assert_array_equal(names["frames"][-1], names["video"][-1].numpy())
