"""What other people hand over runs nothing and reads nothing of ours: data sets, tables, recipes, settings, networks.

Checkpoints and lists for videos have such tests in the rooms that read them (``tests/models``, ``tests/filters``,
``tests/video``), and SQL of recipes in ``tests/store/test_confined.py``.
"""

import ast
import io
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from native_set import native_files

import rushes
from rushes import settings
from rushes.errors import SettingsError
from rushes.models import onnx_graph
from rushes.models.inference import onnx_session
from rushes.models.onnx_graph import GraphWriter
from rushes.packaging.reading.files import DatasetError
from rushes.plain_yaml import read
from rushes.selection.recipes import recipe as recipe_files
from rushes.store.objects import Objects
from rushes.store.parts import read_part

ROOT = Path(__file__).parents[2]
OURS = ("rushes", "assets", "resources", "orchestration")


class Trap:
    """Unpickling this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A data set three folders below a file that is none of its business."""
    (tmp_path / "private").write_bytes(b"secret" * 1000)
    folder = tmp_path / "datasets" / "theirs"
    for name, data in native_files([3, 3]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("name", ["../../private", "images/../../../private", "media/../../private", ".."])
def test_a_data_set_cannot_show_files_beside_it(dataset: Path, name: str) -> None:
    (table,) = (path for path in (dataset / "frames").iterdir())
    frames = pq.read_table(table)
    changed = frames.set_column(frames.schema.get_field_index("file"), "file", pa.array([name] * len(frames)))
    pq.write_table(changed.cast(frames.schema), table)
    with pytest.raises(DatasetError, match="no file of a data set"):
        rushes.open_dataset(dataset).frames[0][0].jpeg()


def test_a_data_set_cannot_name_tables_beside_it(dataset: Path) -> None:
    index = dataset / "index.json"
    index.write_text(re.sub(r'"stem": *"', r"\g<0>../../../", index.read_text()))
    with pytest.raises(DatasetError, match="no file of a data set"):
        rushes.open_dataset(dataset)[0]["frames"].numpy()


def test_a_table_cannot_bring_a_pickled_type(store: Objects, tmp_path: Path) -> None:
    """pyarrow before 14 unpickled it (CVE-2023-47248)."""
    told = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    told |= {b"ARROW:extension:metadata": pickle.dumps(Trap(tmp_path / "sprung"))}
    table = pa.table(
        [pa.array([1])], pa.schema([pa.field("a", pa.int64(), metadata=told)], {b"rushes.table": b"clips"})
    )
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    store.write("parts/tracks/b-0000/k.part", sink.getvalue())
    read_part(store, "tracks", "b-0000", "k")
    store.write("tables/videos/batch=b-0000/data.parquet", _parquet(table))
    rushes.open(store.uri).sql("SELECT 1").fetchall()
    pq.read_table(io.BytesIO(_parquet(table)))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kind", ["recipe", "settings"])
@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir", "!!python/object/new:os.mkdir"])
def test_yaml_cannot_make_objects(store: Objects, tmp_path: Path, kind: str, tag: str) -> None:
    text = f"name: {tag} [{tmp_path / 'sprung'}]\n"
    with pytest.raises(SettingsError):
        recipe_files.save(store, text, "theirs") if kind == "recipe" else settings.save(store, text)
    assert not (tmp_path / "sprung").exists()


def test_yaml_cannot_be_gigabytes_in_a_few_lines() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(SettingsError, match="aliases included"):
        read("\n".join(lines))
    with pytest.raises(SettingsError, match="aliases included"):
        read("a: &a [*a]")
    assert read("\n".join(lines[:3]))["a2"][8] == read(lines[1].replace("*a0", "[x, x, x, x, x, x, x, x, x]"))["a1"]


def test_a_network_cannot_take_its_weights_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "private").write_bytes(np.arange(3, dtype=np.float32).tobytes())
    folder = tmp_path / "theirs"
    folder.mkdir()
    graph = GraphWriter()
    x = graph.input("x", np.float32, [3])
    graph.output(graph.add("Add", x, graph.constant(np.zeros(3, np.float32))), np.float32, [3])
    for place in ("within", "../private", "/etc/hostname"):
        (folder / "within").write_bytes((tmp_path / "private").read_bytes())
        (folder / "net.onnx").write_bytes(_with_weights_at(graph.to_bytes(), place))
        if place == "within":
            (found,) = onnx_session(folder / "net.onnx").run(None, {"x": np.zeros(3, np.float32)})
            assert found.tolist() == [0, 1, 2]
        else:
            with pytest.raises(Exception, match=r"(?i)extern|escape|absolute|outside"):
                onnx_session(folder / "net.onnx")


def test_networks_tell_nobody_that_they_are_run(tmp_path: Path) -> None:
    own = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}
    script = "import rushes.models.inference, onnxruntime.capi"
    place = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=own | place, cwd=ROOT, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


_NEVER = {
    "eval", "exec", "compile", "os.system", "os.popen", "marshal.loads", "shelve.open", "joblib.load", "dill.loads",
    "pd.read_pickle", "pandas.read_pickle", "cloudpickle.loads", "pickle.load", "yaml.unsafe_load", "yaml.full_load",
    "yaml.load_all", "ElementTree.parse", "etree.parse", "minidom.parse", "shutil.unpack_archive",
}  # fmt: skip
# Our own bytes, from this process or one that it started, by a pipe or at once.
_OWN_PICKLES = {"rushes/packaging/reading/files.py", "rushes/work/ray_pool.py"}


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    for room in OURS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield path.relative_to(ROOT).as_posix(), ast.unparse(node.func), node


def test_nothing_of_ours_is_able_to_run_what_it_reads() -> None:
    found = []
    for path, name, call in _calls():
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        wrong = (
            name in _NEVER
            or (name == "pickle.loads" and path not in _OWN_PICKLES)
            or (name == "torch.load" and given.get("weights_only") != "True")
            or (name == "np.load" and given.get("allow_pickle", "False") != "False")
            or (name == "yaml.load" and path != "rushes/plain_yaml.py")
            or name.endswith((".extractall", ".extract"))
            or given.get("shell") == "True"
        )
        if wrong:
            found.append(f"{path}:{call.lineno}: {name}")
    assert found == []


def test_there_is_something_to_look_through() -> None:
    names = {name for _, name, _ in _calls()}
    assert {"torch.load", "np.load", "yaml.load", "pickle.loads", "subprocess.run"} <= names


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _with_weights_at(model: bytes, place: str) -> bytes:
    """Have a network take its tensor from a file (fields external_data, 13, and data_location, 14, of TensorProto)."""
    parsed = onnx_graph._classes["Model"].FromString(model)
    (tensor,) = parsed.graph.initializer
    tensor.ClearField("raw_data")
    entry = _text(1, "location") + _text(2, place)
    tensor.MergeFromString(bytes([13 << 3 | 2, len(entry)]) + entry + bytes([14 << 3, 1]))
    data: bytes = parsed.SerializeToString()
    return data


def _text(number: int, text: str) -> bytes:
    return bytes([number << 3 | 2, len(text)]) + text.encode()
