"""A store in S3 does what a local one does."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from videos import barcode, make_video

import rushes
from rushes import settings
from rushes.errors import StoreError
from rushes.packaging.reader import Dataset
from rushes.selection.recipes import recipe as recipe_files
from rushes.settings import Settings
from rushes.sources.how import How
from rushes.sources.register import register
from rushes.standing.status import batch_statuses
from rushes.steps import STEPS
from rushes.store.database import connect
from rushes.store.manifests import read_batch, read_record
from rushes.store.objects import Objects
from rushes.store.schemas import PACKETS, VIDEOS
from rushes.store.tables import read_partition
from rushes.video.media import open_video
from rushes.work import pool
from rushes.work.ahead import Ready
from rushes.work.build import build
from rushes.work.plan import State


def test_what_was_written_is_read(remote: Objects) -> None:
    assert not remote.exists("a/b.txt")
    with pytest.raises(FileNotFoundError):
        remote.read("a/b.txt")
    with pytest.raises(FileNotFoundError):
        remote.size("a/b.txt")
    remote.write("a/b.txt", b"one")
    assert (remote.read("a/b.txt"), remote.size("a/b.txt"), remote.exists("a/b.txt")) == (b"one", 3, True)
    remote.write("a/b.txt", b"three")
    assert (remote.read("a/b.txt"), remote.size("a/b.txt")) == (b"three", 5)
    remote.write("a/empty", b"")
    assert remote.read("a/empty") == b""


def test_another_reader_sees_what_was_replaced(remote: Objects) -> None:
    other = Objects(remote.uri)
    remote.write("name", b"old")
    assert (other.read("name"), list(other.list(""))) == (b"old", ["name"])
    remote.write("name", b"newer")
    remote.write("name2", b"")
    assert (other.read("name"), other.size("name"), list(other.list(""))) == (b"newer", 5, ["name", "name2"])


def test_one_of_many_creates_an_object(remote: Objects) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: remote.create("batches/b.json", b"%d" % n), range(8)))
    assert sum(made) == 1
    assert remote.read("batches/b.json") == b"%d" % made.index(True)
    assert remote.create("batches/b.json", b"late") is False
    assert remote.read("batches/b.json") == b"%d" % made.index(True)


def test_objects_are_listed_by_name(remote: Objects) -> None:
    assert list(remote.list("parts")) == []
    for name in ("parts/b/2", "parts/a/10", "parts/a/1", "parts2/x"):
        remote.write(name, b"")
    assert list(remote.list("parts")) == ["parts/a/1", "parts/a/10", "parts/b/2"]
    assert list(remote.list("parts/a")) == ["parts/a/1", "parts/a/10"]


def test_what_was_deleted_is_gone(remote: Objects) -> None:
    remote.write("parts/a", b"1")
    remote.delete("parts/a")
    assert not remote.exists("parts/a")
    assert list(remote.list("parts")) == []
    assert list(remote.list("")) == []
    remote.delete("parts/a")
    remote.delete("never-there")


def test_a_file_is_put_and_read_by_ranges(remote: Objects, tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(6 << 20)
    (tmp_path / "big").write_bytes(content)
    remote.write_file("media/big.bin", tmp_path / "big")
    with remote.open("media/big.bin") as handle:
        handle.seek(5 << 20)
        assert handle.read(1000) == content[5 << 20 :][:1000]
        handle.seek(-10, os.SEEK_END)
        assert handle.read() == content[-10:]
    assert remote.read("media/big.bin") == content


def test_a_worker_process_opens_the_same_store(remote: Objects) -> None:
    remote.write("name", b"seen")
    assert list(pool.run(remote.read, Ready(["name"]), workers=1)) == [("name", b"seen")]


def test_a_wrong_key_is_refused(remote: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    remote.write("tables/videos/batch=b/data.parquet", b"not really")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreError) as caught:
        connect(Objects(remote.uri))
    assert remote.uri in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two made videos, one of two shots, and an empty file."""
    folder = tmp_path_factory.mktemp("videos")
    one = make_video(folder / "one.mp4", 30)
    two = make_video(folder / "two.mp4", 40, size=(96, 64), picture=_two_shots)
    (folder / "empty.mp4").touch()
    return [str(one), str(two), str(folder / "empty.mp4")]


def _two_shots(number: int) -> np.ndarray:
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :, number // 20] = 200
    picture[8:16, number : number + 8] = 255
    return picture


@pytest.fixture(scope="module")
def built(server: str, videos: list[str]) -> Objects:
    """A store in S3 with a batch built up to its clips, in worker processes."""
    objects = Objects("s3://footage/built")
    _build(objects, videos, workers=2)
    return objects


def _build(objects: Objects, videos: list[str], workers: int) -> None:
    register(objects, videos, "made")
    settings.save(objects, "filters: {min_duration_s: 0.1}")
    for asset in ("raw_videos", "scene_clips"):
        build(objects, STEPS[asset], "made-0000", settings.load(objects), workers)


def test_a_batch_is_built_to_the_same_tables_as_locally(built: Objects, videos: list[str], tmp_path: Path) -> None:
    local = Objects(tmp_path / "store")
    _build(local, videos, workers=0)
    prefixes = ("tables", "parts", "records", "media", "batches")
    names = [name for prefix in prefixes for name in local.list(prefix)]
    assert names == [name for prefix in prefixes for name in built.list(prefix)]
    assert sum(name.startswith("tables/") for name in names) == 7
    for name in names:
        assert built.read(name) == local.read(name), name


def test_building_again_does_nothing(built: Objects) -> None:
    report = build(built, STEPS["scene_clips"], "made-0000", Settings(), workers=0)
    assert (report.made, report.reused) == (0, 2)
    states = {status.asset: status.state for status in batch_statuses(built, "made-0000")}
    assert [states[asset] for asset in ("raw_videos", "scene_clips", "filtered_clips")] == [
        State.BUILT,
        State.BUILT,
        State.MISSING,
    ]


def test_a_sealed_batch_stays(built: Objects, videos: list[str]) -> None:
    before = built.read("batches/made-0000.json")
    assert register(built, videos, "made").new == 0
    assert built.read("batches/made-0000.json") == before
    assert [entry.video_id for entry in read_batch(built, "made-0000").entries] == ["one", "two", "empty"]
    with pytest.raises(StoreError, match="no batch named 'nosuch'"):
        read_batch(built, "nosuch")


def test_sql_reads_the_tables_through_httpfs(built: Objects) -> None:
    with connect(built) as connection:
        loaded = connection.execute("SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'httpfs'").fetchall()
        assert loaded == [(True,)]
        assert connection.execute("SELECT video_id, n_frames, batch FROM videos ORDER BY 1").fetchall() == [
            ("one", 30, "made-0000"),
            ("two", 40, "made-0000"),
        ]
        clips = connection.execute("SELECT start_frame, end_frame FROM clips WHERE video_id = 'two' ORDER BY 1")
        assert clips.fetchall() == [(0, 20), (20, 40)]
        assert connection.execute("SELECT item_id, reason, asset FROM rejects").fetchall() == [
            ("empty", "empty_file", "raw_videos")
        ]
        assert connection.execute("SELECT * FROM tracks").fetchall() == []


def test_an_empty_prefix_is_an_empty_store(remote: Objects) -> None:
    store = rushes.open(remote.uri)
    assert store.sql("SELECT count(*) FROM videos").fetchall() == [(0,)]
    with pytest.raises(StoreError, match="no data set named 'x'"):
        store.dataset("x")


def test_frames_are_read_from_an_object(built: Objects) -> None:
    keys = {"batch": "made-0000"}
    (video,) = [row for row in read_partition(built, VIDEOS, keys).to_pylist() if row["video_id"] == "one"]
    packets = read_partition(built, PACKETS, keys)
    own = packets.filter([value == "one" for value in packets.column("video_id").to_pylist()])
    with open_video(built, video, own) as reader:
        frames = dict(reader.frames([3, 17, 29]))
    for number, picture in frames.items():
        assert np.abs(picture.astype(int) - barcode(number)).mean() < 12
    assert sorted(frames) == [3, 17, 29]


def test_a_linked_video_stays_where_it_is(remote: Objects, videos: list[str]) -> None:
    remote.write_file("elsewhere/two.mp4", videos[1])
    store = Objects(f"{remote.uri}/store")
    register(store, [remote.full_uri("elsewhere/two.mp4")], "linked", How(link=True))
    for asset in ("raw_videos", "scene_clips"):
        build(store, STEPS[asset], "linked-0000", Settings(), workers=0)
    (video,) = read_partition(store, VIDEOS, {"batch": "linked-0000"}).to_pylist()
    assert video["media_uri"] == remote.full_uri("elsewhere/two.mp4")
    assert video["linked"] is True
    assert list(store.list("media")) == []
    record = read_record(store, "scene_clips", "linked-0000")
    assert record is not None
    assert record.rows["clips"] == 2


def test_a_remote_video_is_copied_into_the_store(remote: Objects, videos: list[str], tmp_path: Path) -> None:
    remote.write_file("elsewhere/one.mp4", videos[0])
    store = Objects(tmp_path / "store")
    register(store, [remote.full_uri("elsewhere/one.mp4"), remote.full_uri("elsewhere/gone.mp4")], "copied")
    build(store, STEPS["raw_videos"], "copied-0000", Settings(), workers=0)
    (media,) = store.list("media")
    assert store.read(media) == Path(videos[0]).read_bytes()
    with connect(store) as connection:
        rejected = connection.execute("SELECT item_id, reason FROM rejects").fetchall()
    assert rejected == [("gone", "missing_file")]


@pytest.mark.slow
def test_a_data_set_is_packaged_and_read_by_ranges(server: str, videos: list[str]) -> None:
    from rushes.packaging.package import package
    from rushes.selection.select import select

    objects = Objects("s3://footage/packaged")
    register(objects, videos[1:2], "made")
    text = "filters: {min_duration_s: 0.1, min_sharpness: null, max_stillness: null, min_exposure: null}\n"
    settings.save(objects, text + "privacy: {look_for: none}\n")
    for step in STEPS.values():
        build(objects, step, "made-0000", settings.load(objects), workers=0)
    recipe_files.save(objects, "name: shots\nunit: sequence\nsequence_length: 10\nformats: [native]\nprivacy: none\n")
    recipe = recipe_files.load(objects, "shots")
    assert len(select(objects, recipe).choices) == 4
    package(objects, recipe, workers=0)

    dataset: Dataset = rushes.open(objects.uri).dataset("shots")
    assert len(dataset) == 4
    for n in range(4):
        for number, picture in zip(dataset.frame_numbers[n].numpy(), dataset.frames[n].numpy(), strict=True):
            assert np.abs(picture.astype(int) - _two_shots(int(number))).mean() < 8


def test_credentials_with_quotes_are_no_sql(remote: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "it's wrong")
    with pytest.raises(StoreError):
        connect(remote)


def run_rushes(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "rushes.cli", *words], env=os.environ | environment, capture_output=True, text=True
    )


def test_the_command_line_works_on_it(built: Objects) -> None:
    counting = "SELECT count(*) AS n FROM videos"
    for words, told in (
        (["status"], "made-0000"),
        (["sql", counting, "--format", "csv"], "n\n2\n"),
        (["why", "two"], "two"),
    ):
        done = run_rushes("--store", built.uri, *words)
        assert done.returncode == 0, done.stderr
        assert told in done.stdout


@pytest.mark.parametrize("words", [["status"], ["sql", "SELECT 1"], ["add", "s3://footage/a.mp4"]], ids=" ".join)
@pytest.mark.parametrize(
    "wrong", [{"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}]
)
def test_a_store_that_lets_nobody_in_is_told_in_a_line(built: Objects, words: list[str], wrong: dict[str, str]) -> None:
    done = run_rushes("--store", built.uri, *words, **wrong)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("rushes: ")
    assert "Traceback" not in line
