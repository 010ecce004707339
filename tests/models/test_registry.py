"""The registry gives the file that was meant, or says what is wrong."""

import hashlib
from pathlib import Path

import pytest

from rushes.errors import ModelError
from rushes.models.registry import MODELS, expected_hash, locate, models_folder


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("RUSHES_MODELS", str(folder))
    return folder


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_had_and_is_what_the_registry_says(name: str) -> None:
    file = locate(name)
    content = file.path.read_bytes()
    assert file.name == name
    assert file.path == models_folder() / MODELS[name].filename
    assert len(content) == MODELS[name].size
    assert file.sha256 == MODELS[name].sha256 == hashlib.sha256(content).hexdigest()


def test_missing_file_is_fetched(empty_folder: Path) -> None:
    file = locate("centerface")
    assert file.path == empty_folder / "centerface.onnx"
    assert hashlib.sha256(file.path.read_bytes()).hexdigest() == MODELS["centerface"].sha256


def test_wrong_content_is_an_error_of_one_line_that_names_model_hashes_and_file(empty_folder: Path) -> None:
    empty_folder.mkdir()
    path = empty_folder / "yolo11n.onnx"
    path.write_bytes(b"not the network")
    with pytest.raises(ModelError) as error:
        locate("yolo11n")
    message = str(error.value)
    assert "\n" not in message
    for part in (
        "yolo11n",
        MODELS["yolo11n"].sha256,
        hashlib.sha256(b"not the network").hexdigest(),
        str(path),
        "delete",
    ):
        assert part in message


def test_a_file_that_changes_after_it_was_verified_is_noticed(empty_folder: Path) -> None:
    empty_folder.mkdir()
    path = empty_folder / "centerface.onnx"
    path.write_bytes((models_folder_of_user() / "centerface.onnx").read_bytes())
    locate("centerface")
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="centerface"):
        locate("centerface")


def models_folder_of_user() -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RUSHES_MODELS", raising=False)
        return locate("centerface").path.parent


def test_a_file_of_ones_own_is_named_after_itself_and_hashed(tmp_path: Path) -> None:
    path = tmp_path / "street-signs.onnx"
    path.write_bytes(b"weights")
    file = locate(path)
    assert (file.name, file.path) == ("street-signs", path)
    assert file.sha256 == expected_hash(str(path)) == hashlib.sha256(b"weights").hexdigest()


@pytest.mark.parametrize("name", ["yolo99", "missing.onnx", "/etc/passwd", ""])
def test_unknown_names_are_answered_with_the_known_ones(name: str) -> None:
    for look_up in (locate, expected_hash):
        with pytest.raises(ModelError) as error:
            look_up(name)
        assert all(known in str(error.value) for known in MODELS)


def test_the_expected_hash_of_a_registered_model_touches_no_file(empty_folder: Path) -> None:
    assert expected_hash("transnetv2") == MODELS["transnetv2"].sha256
    assert not empty_folder.exists()
