"""README's Python and SQL, run as they stand on a store made from a real clip."""

import os
import re
import shlex
from pathlib import Path

import pytest
from real_clips import cut

from rushes import settings
from rushes.packaging.package import package
from rushes.selection.recipes import recipe as recipes
from rushes.selection.select import select
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.work.build import build

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store in which the demonstration's recipe was carried out on two seconds of a real clip."""
    folder = tmp_path_factory.mktemp("readme")
    store = Objects(folder / "store")
    settings.save(store, (ROOT / "docs" / "demo" / "settings.yaml").read_text())
    register(store, [str(cut("carphone", folder / "face.mp4", 0, 70))], "demo")
    for step in STEPS.values():
        build(store, step, "demo-0000", settings.load(store, "demo"), workers=0)
    recipe = recipes.save(store, (ROOT / "docs" / "demo" / "diverse-sequences.yaml").read_text())
    select(store, recipe)
    package(store, recipe, workers=0)
    return folder


def test_its_python_reads_tracks_and_frames(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    for program in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(program, names)
    assert names["people"].num_rows >= 1
    assert names["frame"].shape == (144, 176, 3)
    assert names["boxes"].shape == (len(names["ids"]), 4)
    assert names["batch"]["frames"].shape[1:] == (8, 3, 160, 160)


@pytest.mark.parametrize("line", re.findall(r"^rushes sql .*$", README, re.MULTILINE))
def test_its_queries_are_answered(folder: Path, line: str) -> None:
    query = shlex.split(line.split("  #")[0])[2]
    with connect(Objects(os.fspath(folder / "store"))) as connection:
        assert connection.execute(query).description
