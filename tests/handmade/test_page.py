"""The Python of ``docs/by-hand.md`` runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import barcodes
import pytest
from picture_trees import write_mot

PAGE = Path(__file__).parents[2] / "docs" / "by-hand.md"


def test_the_page_s_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("videos").mkdir()
    barcodes.write(Path("videos/one.mp4"), frames=30)
    for number in range(6):
        write_mot(Path(f"MOT16/train/MOT16-{number:02d}"), range(1, 11), truth="10,3,4,5,20,30,1,1,1\n")
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(block, names)
    ds = names["ds"]
    assert [len(boxes) for boxes in ds.boxes[0]] == [1] * 29 + [0]
    assert [barcodes.read(video[17].numpy()) for video in (ds.videos[0], ds.links[0])] == [17, 17]
    assert names["picture"].getpixel((4, 5)) == (255, 0, 0)
