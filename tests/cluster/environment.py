"""An environment of its own for tests with Ray, which sees all that is installed here: ``make test-cluster``.

    python tests/cluster/environment.py FOLDER      prints the interpreter; does nothing where it is made already

To use Ray oneself, ``pip install --no-deps -r requirements-ray.lock`` beside the rest does the same.
"""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements-ray.lock"


def make(folder: Path) -> Path:
    """Make the environment, or find it; return its interpreter."""
    python, made = folder / "bin" / "python", folder / "made"
    if made.exists() and made.read_text() == LOCK.read_text():
        return python
    venv.create(folder, clear=True, with_pip=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    seen = sysconfig.get_path("purelib")
    Path(packages, "beside.pth").write_text(f"import site; site.addsitedir({seen!r})\n")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-qq", "--no-deps", "-r", LOCK], check=True)
    made.write_text(LOCK.read_text())
    return python


if __name__ == "__main__":
    print(make(Path(sys.argv[1]).absolute()))
