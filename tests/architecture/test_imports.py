"""Imports go one way, and reading a store needs none of the heavy libraries."""

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
from generated import plain_row

from rushes.store.objects import Objects
from rushes.store.schemas import CLIPS
from rushes.store.tables import write_partition

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    "rushes": {"dagster", "resources", "assets", "orchestration"},
    "resources": {"assets", "orchestration"},
    "assets": {"orchestration"},
    "orchestration": set[str](),
}
HEAVY = {
    *("torch", "ultralytics", "onnxruntime", "dagster", "cv2", "polars", "pandera", "pydantic", "scipy", "pandas"),
    *("matplotlib", "jinja2", "s3fs", "yaml", "typer"),
}
LIGHT = {"numpy", "pyarrow", "av", "fsspec", "duckdb", "PIL", "urllib3"}


def modules() -> list[Path]:
    return [path for package in FORBIDDEN for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Return the top-level names of all that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            names.add(str(node.module).partition(".")[0])
    return names


def test_there_are_modules_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules()} == set(FORBIDDEN)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_nothing_that_stands_above_it(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    assert imported(path) & FORBIDDEN[package] == set()


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Return the top-level modules that a new interpreter has loaded after running some code."""
    code += "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_library_loads_only_what_it_needs() -> None:
    loaded = loaded_by("import rushes")
    assert "rushes" in loaded
    assert loaded.isdisjoint(HEAVY)
    distributions = importlib.metadata.packages_distributions()
    installed = {name for name in loaded if name in distributions and not name.startswith("_")}
    assert installed - {"rushes", "sql", "cython_runtime"} <= LIGHT


def test_sql_over_a_store_needs_none_of_the_heavy_libraries(store: Objects) -> None:
    write_partition(store, CLIPS, {"batch": "b"}, CLIPS.from_rows([plain_row(CLIPS)]))
    code = "import rushes, sys; assert len(rushes.open(sys.argv[1]).sql('SELECT * FROM clips').fetchall()) == 1"
    assert loaded_by(code, store.root).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "module", ["rushes.packaging.reader", "rushes.video.reader", "rushes.video.media", "rushes.video.sampling"]
)
def test_reading_frames_and_data_sets_needs_none_of_the_heavy_libraries(module: str) -> None:
    assert loaded_by(f"import {module}").isdisjoint(HEAVY)
