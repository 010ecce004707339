"""The Python of each page in ``docs/formats`` runs as it stands, on a data set of a small video with known boxes."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg

from rushes.packaging.formats import FORMATS, TRACK_FORMATS
from rushes.packaging.packed import File, FrameBoxes, PackedSequence, Shard, ShardSummary
from rushes.packaging.packed_tracks import PackedTrack, PackedVideo

PAGES = Path(__file__).parents[2] / "docs" / "formats"
CLASS_NAMES = ("person", "car")
VERSION = "1a2b3c4d5e6f"
WIDTH, HEIGHT, FPS, FRAMES = 160, 96, 25.0, 30
STARTS = (0, 12)
LENGTH = 6
TIMES_S = 1 + np.arange(FRAMES) / FPS
ALL_PAGES = ("native", "mediasequence", "mot", "coco-vid", "trackverse", "track-crops", "webdataset")

ON_THE_PAGE_OF_ANOTHER = {
    "trackverse-scores": "trackverse",
    "mediasequence-demo": "mediasequence",
    "mediasequence-charades": "mediasequence",
}


def person(frame: int) -> list[float]:
    return [10 + 2 * frame, 20, 32, 48]


def car(frame: int) -> list[float]:
    return [100.5, 60, 40, 20.25]


def picture(frame: int) -> np.ndarray:
    """The person is white, the car grey: uint8 (h, w, 3)."""
    drawn = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
    for (left, top, width, height), level in ((car(frame), 120), (person(frame), 240)):
        drawn[int(top) : int(top + height), int(left) : int(left + width)] = level
    return drawn


def boxes(frame: int) -> FrameBoxes:
    """The person was annotated, the car detected; there is none in every sixth frame."""
    count = 0 if frame % 6 == 5 else 2
    return FrameBoxes(
        np.array([person(frame), car(frame)], np.float32)[:count],
        np.array([3, 8], np.uint32)[:count],
        np.array([0, 1], np.int32)[:count],
        np.array([1, 0.75], np.float32)[:count],
        np.zeros(count, bool),
        np.array([True, False])[:count],
        np.ones(count, bool),
        np.full(count, np.nan, np.float32),
    )


def sequence(number: int) -> PackedSequence:
    frames = np.arange(STARTS[number], STARTS[number] + LENGTH, dtype=np.int32)
    times = TIMES_S[frames]
    found = tuple(map(boxes, frames.tolist()))
    return PackedSequence(
        f"bikes.000000-000029.s{number:06d}", "bikes", "bikes.000000-000029", None, "train", "ab" * 32, "bikes.mp4",
        WIDTH, HEIGHT, FPS, frames, times, times[0], times[-1] + 1 / FPS,
        tuple(simplejpeg.encode_jpeg(picture(frame), 95) for frame in frames), found,
        np.array([bool(len(b)) for b in found]), np.linspace(0, 1, 4, dtype=np.float32), (0, "person"), "net",
    )  # fmt: skip


@dataclass
class Drawn:
    """The video's pictures, as formats of tracks are given them."""

    times_s: np.ndarray

    def frames(self, numbers: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        return ((number, picture(number)) for number in numbers)


def video() -> PackedVideo:
    @contextmanager
    def pictures() -> Iterator[Drawn]:
        yield Drawn(TIMES_S)

    tracks = tuple(track(name, at) for name, at in (("car", car), ("person", person)))
    return PackedVideo("bikes", "all", WIDTH, HEIGHT, FPS, ((0.0, FRAMES / FPS),), tracks, pictures)


def track(name: str, at: Any) -> PackedTrack:
    frames = np.arange(0, FRAMES - 5, 3)
    count, number = len(frames), CLASS_NAMES.index(name)
    return PackedTrack(
        name, name, frames, TIMES_S[frames] - TIMES_S[0], np.array([at(frame) for frame in frames], np.float32),
        np.ones(count, np.float32), (number,) * count, (name,) * count, 1.0, (number,), (name,), (1.0,), (0.0,),
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the data set ``street`` in all formats, laid out as packaging does."""
    folder = tmp_path_factory.mktemp("formats")
    root = folder / "store" / "datasets" / "street"
    for name in FORMATS:
        for file in sequence_files(name):
            put(root / VERSION / name / file.path, file.data)
    for name, form in TRACK_FORMATS.items():
        for made in form.video_files(video()):
            assert isinstance(made, File)
            put(root / VERSION / name / made.path, made.data)
    written = [path for path in sorted(root.rglob("*")) if path.is_file()]
    files = [
        {"path": str(path.relative_to(folder / "store")), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in written
    ]
    about = {"version": VERSION, "recipe": {"formats": [*FORMATS, *TRACK_FORMATS]}, "files": files}
    put(root / "dataset.json", json.dumps(about).encode())
    return folder


def sequence_files(name: str) -> Iterator[File]:
    shard, sequences = Shard("street", "train", 0, 1), [sequence(number) for number in range(len(STARTS))]
    files = list(FORMATS[name].shard_files(sequences, shard, CLASS_NAMES))
    carried = tuple(file.carried for file in files if file.carried is not None)
    ids, lengths = tuple(s.sequence_id for s in sequences), tuple(map(len, sequences))
    summary = ShardSummary(shard, ids, lengths, tuple(file.path for file in files), {}, carried)
    yield from files
    yield from FORMATS[name].index_files([summary], CLASS_NAMES)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture
def run(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a page where the store is, as a reader would, and return what its names hold."""
    (tmp_path / "store").symlink_to(store / "store")
    monkeypatch.chdir(tmp_path)

    def run_page(name: str) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "page"}
        blocks = re.findall(r"^```python\n(.*?)^```", (PAGES / f"{name}.md").read_text(), re.MULTILINE | re.DOTALL)
        assert blocks
        for block in blocks:
            exec(compile(block, f"{name}.md", "exec", dont_inherit=True), names)
        return names

    return run_page


def close(found: np.ndarray, frame: int) -> bool:
    """Tell whether a decoded image is that frame: JPEG blurs the edges of what was drawn, and little else."""
    return bool(np.abs(found.astype(int) - picture(frame)).mean() < 1.5)


def test_there_is_a_page_for_each_format() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {*ALL_PAGES, "dataset"}
    assert {*ALL_PAGES, *ON_THE_PAGE_OF_ANOTHER} == {*FORMATS, *TRACK_FORMATS}
    for name, page in ON_THE_PAGE_OF_ANOTHER.items():
        assert f"`{name}`" in (PAGES / f"{page}.md").read_text()


def test_the_pages_link_to_files_that_are_there() -> None:
    for page in PAGES.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_native(run: Any) -> None:
    names = run("native")
    assert close(names["picture"], 2)
    assert not close(names["picture"], 3)
    np.testing.assert_array_equal(names["boxes"], np.array([person(2), car(2)], np.float32))
    np.testing.assert_array_equal(names["times"], TIMES_S[:LENGTH])
    assert np.abs(names["same"].astype(int) - names["picture"]).max() <= 2


def test_webdataset(run: Any) -> None:
    names = run("webdataset")
    assert names["facts"]["sequence_id"] == sequence(1).sequence_id
    assert [close(frame, STARTS[1] + step) for step, frame in enumerate(names["frames"])] == [True] * LENGTH
    assert names["boxes"] == [boxes(frame).boxes.tolist() for frame in range(STARTS[1], STARTS[1] + LENGTH)]
    assert names["ids"] == [[3, 8]] * 5 + [[]]
    assert names["times"] == TIMES_S[STARTS[1] : STARTS[1] + LENGTH].tolist()
    assert close(names["picture"], 2)


def test_mediasequence(run: Any) -> None:
    names = run("mediasequence")
    example = names["example"]
    assert [close(image, step) for step, image in enumerate(example.images())] == [True] * LENGTH
    assert example.timestamps().tolist() == [round(1e6 * time) for time in TIMES_S[:LENGTH]]
    left, top, width, height = car(0)
    corners = np.array([[top / HEIGHT, left / WIDTH, (top + height) / HEIGHT, (left + width) / WIDTH]])
    np.testing.assert_allclose(example.regions("PREDICTED").corners[0], corners, atol=1e-7)
    assert example.regions("PREDICTED").values["track/index"][0].tolist() == [8]
    assert names["batch"]["images"].shape == (2, LENGTH, HEIGHT, WIDTH, 3)
    assert names["batch"]["labels"].tolist() == [[[1, 0]]] * 2
    assert names["batch"]["classification_target"].tolist() == [[[0, 1, 0]] * LENGTH] * 2
    assert [bytes(jpeg) for jpeg in names["jpegs"]] == list(sequence(1).jpegs)
    assert names["id"] == sequence(1).sequence_id.encode()


def test_the_files_are_those_of_which_the_data_set_tells(run: Any, store: Path) -> None:
    assert run("dataset")["changed"] == []
    shard = store / "store/datasets/street" / VERSION / "mediasequence/labels.csv"
    kept = shard.read_bytes()
    try:
        shard.write_bytes(b"something else")
        assert [path.rpartition("/")[2] for path in run("dataset")["changed"]] == ["labels.csv"]
    finally:
        shard.write_bytes(kept)


def test_mot(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    found = run("mot")["found"]
    capsys.readouterr()
    assert found["HOTA"]["HOTA"].mean() == pytest.approx(1)
    assert found["CLEAR"]["CLR_TP"] == 10  # two sequences, and in one frame of each there is nobody


def test_coco_vid(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("coco-vid")
    capsys.readouterr()
    assert close(names["pixels"], 2)
    assert [box["bbox"] for box in names["boxes"]] == [person(2), car(2)]
    assert [names["coco"].cats[box["category_id"]]["name"] for box in names["boxes"]] == ["person", "car"]
    combined = names["scores"]["TAO"]["mine"]["COMBINED_SEQ"]
    assert combined["person"]["HOTA"]["HOTA"].mean() == pytest.approx(1)
    assert combined["person"]["HOTA"]["HOTA_TP"].max() == 10


def test_trackverse(run: Any, store: Path) -> None:
    tracks = run("trackverse")["tracks"]
    assert [one["track_id"] for one in tracks] == ["car", "person"]
    assert tracks[1]["frame_bboxes"] == [person(frame) for frame in range(0, FRAMES - 5, 3)]
    np.testing.assert_allclose(tracks[1]["frame_ts"], np.arange(0, FRAMES - 5, 3) / FPS)
    crops = store / "store" / "datasets" / "street" / VERSION / "track-crops"
    assert all((crops / one["track_mp4_filename"]).exists() for one in tracks)


def test_track_crops(run: Any) -> None:
    names = run("track-crops")
    found = {label: pictures for pictures, label in names["crops"]}
    assert set(found) == {"person", "car"}
    for label, level in (("person", 240), ("car", 120)):
        assert len(found[label]) == 12
        halfway = found[label][-1]  # where a smoothed path is neither behind its object nor ahead of it
        middle = halfway[tuple(side // 2 for side in halfway.shape[:2])]
        np.testing.assert_allclose(middle, level, atol=15)
