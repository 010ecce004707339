"""The Python of ``docs/train.md`` runs as it stands, on the demonstration's recipe carried out on a real clip."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from real_clips import cut

from rushes import settings
from rushes.packaging.package import package
from rushes.selection.recipes import recipe as recipes
from rushes.selection.select import select
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.objects import Objects
from rushes.work.build import build

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "train.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ALONE = [block for block in BLOCKS if "init_process_group" not in block]
(TOGETHER,) = [block for block in BLOCKS if "init_process_group" in block]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store in which the recipe was carried out on three seconds of a street."""
    folder = tmp_path_factory.mktemp("train")
    store = Objects(folder / "store")
    settings.save(store, (ROOT / "docs" / "demo" / "settings.yaml").read_text() + "\nprivacy: {look_for: none}\n")
    register(store, [str(cut("bikes", folder / "street.mp4", 0, 75))], "demo")
    for step in STEPS.values():
        build(store, step, "demo-0000", settings.load(store, "demo"), workers=0)
    recipe = recipes.save(store, (ROOT / "docs" / "demo" / "people-and-wheels.yaml").read_text() + "privacy: none\n")
    select(store, recipe)
    package(store, recipe, workers=0)
    return folder


def test_its_network_learns_and_goes_on_after_a_stop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for block in ALONE:
        exec(block, names)
    epochs, per_epoch = 8, len(names["loader"])
    assert len(names["losses"]) == epochs * per_epoch
    assert sum(names["losses"][-per_epoch:]) < sum(names["losses"][:per_epoch]) / 2
    state = torch.load("checkpoint.pt", weights_only=True)["loader"]
    assert (state["epoch"], state["done"]) == (6, 4)
    assert names["first"].shape[1:] == (4,)


@pytest.mark.slow
def test_its_processes_train_together(folder: Path) -> None:
    (folder / "train_ddp.py").write_text(TOGETHER)
    command = re.findall(r"^# torchrun (.*)$", TOGETHER, re.MULTILINE)[0].split()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    saved = torch.load(folder / "ddp.pt", weights_only=True)
    assert saved["loader"]["epoch"] == 1
    assert saved["loader"]["done"] > 0
