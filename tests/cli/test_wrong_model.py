"""A model file that is not the registered one stops a build with a line that says which and how."""

import hashlib
from pathlib import Path
from typing import Any

from real_clips import cut

from rushes.models.registry import MODELS, models_folder


def _build_with_a_wrong(model: str, asset: str, shell: Any, folder: Path) -> None:
    """Build with a model file of which one bit is another, and see it refused."""
    shell.ok("add", cut("carphone", folder / "face.mp4", 0, 12))
    shell.set(folder)
    models = folder / "models"
    models.mkdir()
    for file in models_folder().glob("*.*"):
        (models / file.name).symlink_to(file)
    broken = models / MODELS[model].filename
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.unlink()
    broken.write_bytes(content)
    found = hashlib.sha256(content).hexdigest()

    line = shell.refused("build", "--asset", asset, RUSHES_MODELS=str(models))
    for words in (asset, model, MODELS[model].sha256, found, str(broken)):
        assert words in line
    states = shell.states()
    assert found in states["main-0000", asset]["failure"]
    assert states["main-0000", asset]["state"] == "missing"
    assert states["main-0000", "scene_clips"]["state"] == "built"
    assert shell.rows(f"SELECT * FROM {asset}") == []


def test_a_wrong_detector_fails_the_build_and_status_shows_it(shell: Any, tmp_path: Path) -> None:
    _build_with_a_wrong("yolo11n", "tracks", shell, tmp_path)
    assert "model yolo11n has the wrong content" in shell.ok("status")


def test_a_wrong_face_detector_fails_the_build_until_it_is_the_right_one(shell: Any, tmp_path: Path) -> None:
    _build_with_a_wrong("centerface", "filtered_clips", shell, tmp_path)
    shell.ok("build", "--asset", "filtered_clips")
    status = shell.states()["main-0000", "filtered_clips"]
    assert (status["state"], status["failure"]) == ("built", None)
