"""A model file that is not the registered one stops a build with a line that says which and how."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from real_clips import cut

from rushes.models.registry import MODELS, models_folder


@pytest.mark.parametrize(("model", "asset"), [("centerface", "filtered_clips"), ("yolo11n", "tracks")])
def test_a_wrong_model_fails_the_build(shell: Any, tmp_path: Path, model: str, asset: str) -> None:
    shell.ok("add", cut("carphone", tmp_path / "face.mp4", 0, 12))
    shell.set(tmp_path)
    models = tmp_path / "models"
    models.mkdir()
    for file in models_folder().glob("*.*"):
        (models / file.name).symlink_to(file)
    broken = models / MODELS[model].filename
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.unlink()
    broken.write_bytes(content)

    line = shell.refused("build", "--asset", asset, RUSHES_MODELS=str(models))
    for words in (asset, model, MODELS[model].sha256, hashlib.sha256(content).hexdigest(), str(broken)):
        assert words in line
    states = shell.states()
    assert hashlib.sha256(content).hexdigest() in states["main-0000", asset]["failure"]
    assert states["main-0000", asset]["state"] == "missing"
    assert states["main-0000", "scene_clips"]["state"] == "built"
    assert model in shell.ok("status")
    assert shell.rows(f"SELECT * FROM {asset}") == []


def test_a_build_with_the_right_model_clears_the_failure(shell: Any, tmp_path: Path) -> None:
    shell.ok("add", cut("carphone", tmp_path / "face.mp4", 0, 12))
    shell.set(tmp_path)
    (tmp_path / MODELS["centerface"].filename).write_bytes(b"no model")
    shell.refused("build", "--asset", "filtered_clips", RUSHES_MODELS=str(tmp_path))
    assert shell.states()["main-0000", "filtered_clips"]["failure"]
    shell.ok("build", "--asset", "filtered_clips")
    status = shell.states()["main-0000", "filtered_clips"]
    assert (status["state"], status["failure"]) == ("built", None)
