"""Tidying removes what nobody wants any more once it is old, and nothing that anything needs."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from forgettable import SETTINGS, build_all, build_whole, choose, cut_clips

from rushes import settings
from rushes.forget.forget import forget
from rushes.packaging.state import dataset_root
from rushes.selection.recipes import recipe as recipe_files
from rushes.store.failures import failure_path, write_failure
from rushes.store.links import write_seen
from rushes.store.manifests import read_record
from rushes.store.objects import Objects
from rushes.store.parts import MEASURED, part_path
from rushes.tidy import parts
from rushes.tidy.tidy import WEEK_S, tidy
from rushes.work.turn import FOLDER as TURNS
from rushes.work.turn import turn

BATCH = "zoo-0000"
DAY_S = 86400.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return cut_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def used(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was built under other settings and with another recipe before; all of it eight days ago."""
    store = Objects(tmp_path_factory.mktemp("used") / "store")
    build_whole(store, clips)
    settings.save(store, SETTINGS.replace("fps: 4", "fps: 3") + "shots: {min_shot_frames: 12}\n")
    recipe = recipe_files.load(store, "street")
    recipe_files.save(store, store.read("recipes/street.yaml").decode().replace("fps: 8", "fps: 6"))
    assert recipe_files.load(store, "street") != recipe
    build_all(store, BATCH)
    choose(store, "street")
    age(store, 8 * DAY_S)
    return Path(store.root)


@pytest.fixture
def store(used: Path, tmp_path: Path) -> Objects:
    """A copy of it."""
    shutil.copytree(used, tmp_path / "store")
    return Objects(tmp_path / "store")


def age(store: Objects, seconds: float, prefix: str = "") -> None:
    """Let everything of a store be older."""
    for name, _, put in list(store.lying(prefix)):
        os.utime(store.path(name), (put - seconds, put - seconds))


def everything(store: Objects) -> dict[str, bytes]:
    return {name: Path(store.path(name)).read_bytes() for name, _, _ in store.lying("")}


def named(store: Objects) -> set[str]:
    """The parts that records name."""
    found = set()
    for asset in ("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings"):
        record = read_record(store, asset, BATCH)
        assert record is not None
        found |= {part_path(asset, BATCH, built.key) for built in record.items.values()}
    return found


def test_parts_that_no_record_names_go_and_all_else_stays(store: Objects) -> None:
    before = everything(store)
    told = tidy(store, dry_run=True)
    assert everything(store) == before
    account = tidy(store)
    after = everything(store)
    assert account == told
    gone = before.keys() - after.keys()
    assert {name.split("/")[0] for name in gone} == {"parts"}
    assert len(gone) == account.counts["parts"] > 4
    assert sum(len(before[name]) for name in gone) == account.bytes["parts"]
    assert {name for name in after if name.startswith("parts/") and MEASURED not in name} == named(store)
    assert after.items() <= before.items()
    assert tidy(store).counts == {}


def test_a_tidied_store_is_built_as_it_was_and_the_way_back_too(store: Objects, clips: list[Path]) -> None:
    wanted = {name: data for name, data in everything(store).items() if name.startswith(("tables/", "records/"))}
    tidy(store, earlier_versions=True)
    build_all(store, BATCH)
    choose(store, "street")
    there = everything(store)
    assert {name: there[name] for name in wanted} == wanted
    settings.save(store, SETTINGS)
    build_all(store, BATCH)
    first = Objects(f"{store.root}-again")
    build_whole(first, clips)
    back = {name: first.read(name) for name in first.list("tables") if BATCH in name}
    assert {name: store.read(name) for name in back} == back


def test_what_is_young_stays(used: Path, store: Objects) -> None:
    assert tidy(store, 9 * DAY_S).counts == {}
    assert everything(store).keys() == everything(Objects(used)).keys()


def test_parts_that_a_build_would_take_now_stay(store: Objects) -> None:
    """Settings were changed back, and nobody has built since."""
    settings.save(store, SETTINGS)
    tidy(store)
    before = set(store.list("parts/scene_clips"))
    build_all(store, BATCH)
    assert set(store.list("parts/scene_clips")) == before


def test_parts_go_only_if_nothing_names_them_when_their_turn_has_come(store: Objects) -> None:
    lying = parts.Lying.older_than(store, WEEK_S)
    found = list(parts.old_parts(lying))
    assert found
    settings.save(store, SETTINGS)
    build_all(store, BATCH)
    for asset, batch, left in found:
        still = {part.name for part in parts.in_their_turn(store, asset, batch, left)}
        assert still.isdisjoint(named(store))


def test_a_turn_is_waited_for_before_parts_are_removed(store: Objects) -> None:
    asset, batch, left = next(parts.old_parts(parts.Lying.older_than(store, WEEK_S)))
    going = parts.in_their_turn(store, asset, batch, left)
    next(going)
    (held,) = store.list(TURNS)
    assert held.startswith(f"{TURNS}/{asset}/{batch}/")
    going.close()
    assert list(store.list(TURNS)) == []


def test_writes_that_were_killed_go(store: Objects) -> None:
    for folder in ("tables/clips/batch=zoo-0000", "media/ab", ""):
        path = Path(store.path(folder), ".tmp-killed")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half of it")
        old = time.time() - 8 * DAY_S
        os.utime(path, (old, old))
    writing = Path(store.path("tables/clips/batch=zoo-0000/.tmp-being-written"))
    writing.write_bytes(b"half of it")
    account = tidy(store)
    assert (account.counts["unfinished writes"], account.bytes["unfinished writes"]) == (3, 30)
    assert [path.name for path in Path(store.root).rglob(".tmp-*")] == [writing.name]


def test_versions_of_data_sets_that_do_not_count_go_only_when_asked(store: Objects) -> None:
    current = json.loads(store.read("datasets/street/dataset.json"))["version"]
    versions = {name.split("/")[2] for name in store.list("datasets/street") if name.count("/") > 2}
    assert len(versions) == 2
    tidy(store)
    assert {name.split("/")[2] for name in store.list("datasets/street") if name.count("/") > 2} == versions
    account = tidy(store, earlier_versions=True)
    assert account.counts["files of earlier data sets"] > 5
    assert {name.split("/")[2] for name in store.list("datasets/street") if name.count("/") > 2} == {current}


def test_what_a_killed_run_left_of_a_version_goes_once_its_newest_file_is_old(store: Objects) -> None:
    root = dataset_root("street", "0123456789ab")
    store.write(f"{root}/native/data-00000.tar", b"half of it")
    age(store, 8 * DAY_S, root)
    store.write(f"{root}/native/data-00001.tar", b"just now")
    assert "files of unfinished data sets" not in tidy(store).counts
    age(store, 8 * DAY_S, root)
    assert tidy(store).counts["files of unfinished data sets"] == 2
    assert list(store.list(root)) == []


def test_data_sets_made_by_hand_stay(store: Objects) -> None:
    store.write("datasets/mine/dataset.json", json.dumps({"columns": {}}).encode())
    store.write("datasets/mine/0123456789ab/rows.parquet", b"rows")
    age(store, 8 * DAY_S, "datasets/mine")
    before = set(store.list("datasets/mine"))
    tidy(store, earlier_versions=True)
    assert set(store.list("datasets/mine")) == before


def test_notes_that_speak_of_nothing_go(store: Objects) -> None:
    write_failure(store, "tracks", BATCH, "some reason")
    write_failure(store, "tracks", "gone-0000", "some reason")
    write_seen(store, "zebrafinch", "1 2")
    write_seen(store, "gone", "1 2")
    store.write("downloads/some.json", json.dumps({"media": "media/gone"}).encode())
    with turn(store, "raw_videos", BATCH):
        (held,) = store.list(TURNS)
        store.write(
            f"{TURNS}/raw_videos/{BATCH}/of-the-dead", store.read(held).replace(b'"started": "', b'"started": "1')
        )
        for folder in ("failures", "links", "downloads", TURNS):
            age(store, 8 * DAY_S, folder)
        account = tidy(store)
        assert account.counts["notes"] == 4
        assert list(store.list(TURNS)) == [held]
    assert list(store.list("failures")) == [failure_path("tracks", BATCH)]
    assert list(store.list("links")) == ["links/zebrafinch"]
    assert list(store.list("downloads")) == []


@pytest.fixture
def spool(tmp_path: Path, store: Objects) -> Iterator[Path]:
    """The folder of downloads, with what came of one."""
    folder = Path(store.path("spool"))
    folder.mkdir()
    stem = "ab" * 32
    (folder / f"{stem}.part").write_bytes(bytes(1000))
    (folder / f"{stem}.json").write_text("{}")
    (folder / f"{stem}.site").mkdir()
    (folder / f"{stem}.site" / "film.mp4.part").write_bytes(bytes(500))
    (folder / "somebody's").write_text("notes")
    age(store, 8 * DAY_S, "spool")
    old = time.time() - 8 * DAY_S
    os.utime(folder / f"{stem}.site", (old, old))
    return folder


def test_what_came_of_downloads_that_were_given_up_goes(store: Objects, spool: Path) -> None:
    account = tidy(store)
    assert (account.counts["unfinished downloads"], account.bytes["unfinished downloads"]) == (3, 1502)
    assert [path.name for path in spool.iterdir()] == ["somebody's"]


def test_a_download_that_somebody_is_at_stays(store: Objects, spool: Path) -> None:
    with (spool / f"{'ab' * 32}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tidy(store)
        assert len(list(spool.iterdir())) == 5


def test_what_was_measured_stays_in_its_newest_state(store: Objects) -> None:
    of_video = f"parts/{MEASURED}/zebrafinch"
    newest = max(store.lying(of_video), key=lambda one: one[2])[0]
    store.write(f"{of_video}/older.part", b"of other settings")
    store.write(f"parts/{MEASURED}/nobody/some.part", b"of a video that is not registered")
    age(store, 30 * DAY_S, f"{of_video}/older.part")
    for name in (f"{of_video}/older.part", f"parts/{MEASURED}/nobody/some.part"):
        os.utime(store.path(name), (0, 0))
    tidy(store)
    assert newest in set(store.list(of_video))
    assert f"{of_video}/older.part" not in set(store.list(of_video))
    assert list(store.list(f"parts/{MEASURED}/nobody")) == []


def test_a_video_is_forgotten_from_a_tidied_store_as_from_any(store: Objects) -> None:
    tidy(store, earlier_versions=True)
    forget(store, ["zebrafinch"], repackage=False, workers=0)
    assert not any(b"zebrafinch" in data for name, data in everything(store).items() if name.startswith("records/"))


def test_now_is_when_the_store_says(store: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's clock is a year ahead of it."""
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + 365 * DAY_S)
    assert tidy(store, 9 * DAY_S).counts == {}
