"""What ``docs/clips.md`` says is so: its commands and its Python run, its tables are those of the code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from real_clips import demo_files

from rushes.settings import Filters, Shots
from rushes.settings import parse as parse_settings
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.work.build import build

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clips.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def cells(heading: str) -> dict[str, str]:
    """Return the first two columns of the table whose heading begins so, without the marks of code."""
    table = PAGE[PAGE.index(f"| {heading}") :].split("\n\n")[0].splitlines()[2:]
    return {row.split("|")[1].strip(" `"): row.split("|")[2].strip(" `") for row in table}


def test_its_table_has_every_method() -> None:
    assert list(cells("`method` ")) == list(get_args(Shots.model_fields["method"].annotation))


def test_its_table_has_every_setting_with_its_default() -> None:
    given = cells("setting of")
    assert set(given) == set(Shots.model_fields)
    written = ", ".join(f"{name}: {value}" for name, value in given.items())
    assert parse_settings(f"shots: {{{written}}}")[None].shots == Shots()


def test_its_settings_are_accepted() -> None:
    methods, lengths = (parse_settings(block) for block in blocks("yaml"))
    assert methods["films"].shots == Shots(method="content", content_threshold=30)
    assert methods["lectures"].shots == Shots(method="stride", stride_s=30)
    assert lengths[None].filters == Filters()


def test_its_python_finds_the_cuts_of_a_real_clip(tmp_path: Path) -> None:
    shutil.copy(demo_files()["bikes"], tmp_path / "street.mp4")
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["30", "76", "137", "187", "242"]


@pytest.mark.parametrize("at", [1, 2])
def test_its_sql_runs(tmp_path: Path, at: int) -> None:
    store = Objects(tmp_path / "store")
    register(store, [str(demo_files()["carphone"])], "main")
    for asset in ("raw_videos", "scene_clips"):
        build(store, STEPS[asset], "main-0000", parse_settings("")[None], workers=0)
    line = blocks("")[0].splitlines()[at].removeprefix("rushes ")
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m rushes.cli {line}'],
        env=os.environ | {"RUSHES_STORE": str(tmp_path / "store")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "adaptive" in done.stdout
