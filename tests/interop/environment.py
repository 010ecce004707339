"""An environment of its own for other people's readers that cannot be installed beside Rushes: ``make test-interop``.

    python tests/interop/environment.py FOLDER      prints the interpreter; does nothing where it is made already

TensorFlow's CPU build, and the two files of MediaPipe's wheel that are MediaSequence (later wheels are without them).
"""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

TENSORFLOW = "tensorflow-cpu==2.21.0"
MEDIAPIPE = "mediapipe==0.10.21"
MODULE = "mediapipe/util/sequence"


def make(folder: Path) -> Path:
    """Make the environment, or find it; return its interpreter."""
    python, done = folder / "bin" / "python", folder / "made"
    if done.exists():
        return python
    venv.create(folder, clear=True, with_pip=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-qq", TENSORFLOW], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = ["--python-version", "3.11", "--only-binary", ":all:", MEDIAPIPE]
        subprocess.run([*pip, "download", "-qq", "--no-deps", "-d", scratch, *wheel], check=True)
        [found] = Path(scratch).glob("*.whl")
        take_module(found, next((folder / "lib").glob("python3.*/site-packages")))
    done.touch()
    return python


def take_module(wheel: Path, packages: Path) -> None:
    """Unpack MediaSequence alone, in packages that are otherwise empty: MediaPipe itself would load its graphs."""
    with zipfile.ZipFile(wheel) as archive:
        for name in ("media_sequence.py", "media_sequence_util.py"):
            archive.extract(f"{MODULE}/{name}", packages)
    for package in ("mediapipe", "mediapipe/util", MODULE):
        (packages / package / "__init__.py").touch()


if __name__ == "__main__":
    print(make(Path(sys.argv[1]).resolve()))
