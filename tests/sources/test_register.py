"""Registering gives every video a name and a place in a sealed batch, once."""

from pathlib import Path

import pytest

from rushes.errors import SettingsError, StoreError
from rushes.sources.how import How
from rushes.sources.register import register
from rushes.store.manifests import Batch, Entry, batch_names, read_batch, read_batches, seal_batch
from rushes.store.names import check_name
from rushes.store.objects import Objects


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tree of files that are called videos; registering reads none of them."""
    for name in ("b.mp4", "a.MOV", "deep/er/c.mkv", "deep/b.mp4", "notes.txt", "deep/clip one (2).mp4"):
        path = tmp_path / "footage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no video")
    return tmp_path / "footage"


def ids(store: Objects) -> list[str]:
    return [entry.entry_id for batch in read_batches(store) for entry in batch.entries]


def test_a_folder_gives_all_videos_below_it_named_by_their_paths(store: Objects, folder: Path) -> None:
    done = register(store, [str(folder)], "street")
    [batch] = done.batches
    assert (batch.name, batch.collection, done.new) == ("street-0000", "street", 5)
    assert {entry.video_id: entry.source_uri for entry in batch.entries} == {
        "a": str(folder / "a.MOV"),
        "b": str(folder / "b.mp4"),
        "deep-b": str(folder / "deep/b.mp4"),
        "deep-clip-one-2": str(folder / "deep/clip one (2).mp4"),
        "deep-er-c": str(folder / "deep/er/c.mkv"),
    }
    assert all(e.entry_id == e.video_id and not e.linked and e.rival is None for e in batch.entries)
    assert read_batch(store, "street-0000") == batch


def test_a_file_is_named_by_its_own_name_whatever_its_suffix(store: Objects, folder: Path) -> None:
    (folder / "notes.dat").write_bytes(b"no video")
    register(store, [str(folder / "deep/b.mp4"), str(folder / "notes.dat")], "street")
    assert ids(store) == ["b", "notes"]


def test_a_text_that_no_format_knows_is_an_error_that_names_the_formats(store: Objects, folder: Path) -> None:
    with pytest.raises(StoreError, match=r"notes.txt: no known format; say which with --format: video, mot"):
        register(store, [str(folder / "notes.txt")], "street")


def test_uris_are_taken_as_they_are(store: Objects) -> None:
    [batch] = register(store, ["s3://bucket/some/clip.v2.mp4", "https://host/x/"], "far", How(link=True)).batches
    assert [(e.video_id, e.source_uri, e.linked) for e in batch.entries] == [
        ("clip.v2", "s3://bucket/some/clip.v2.mp4", True),
        ("x", "https://host/x/", True),
    ]


def test_a_relative_path_is_registered_by_its_absolute_one(
    store: Objects, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    [batch] = register(store, ["b.mp4"], "street").batches
    assert batch.entries[0].source_uri == str(folder / "b.mp4")


def test_adding_the_same_again_adds_nothing(store: Objects, folder: Path) -> None:
    register(store, [str(folder)], "street")
    again = register(store, [str(folder), str(folder / "b.mp4")], "street")
    assert (again.new, len(again.known)) == (0, 5)
    assert batch_names(store) == ["street-0000"]
    assert register(store, [str(folder / "b.mp4")], "elsewhere").new == 0


def test_what_is_new_in_a_folder_comes_in_a_batch_of_its_own(store: Objects, folder: Path) -> None:
    register(store, [str(folder)], "street")
    first = store.read("batches/street-0000.json")
    (folder / "z.mp4").write_bytes(b"late")
    done = register(store, [str(folder)], "street")
    assert [[e.video_id for e in batch.entries] for batch in done.batches] == [["z"]]
    assert batch_names(store) == ["street-0000", "street-0001"]
    assert store.read("batches/street-0000.json") == first


def test_batches_hold_so_many_videos_and_no_more(store: Objects, tmp_path: Path) -> None:
    paths = [tmp_path / f"v{n}.mp4" for n in range(7)]
    for path in paths:
        path.touch()
    done = register(store, [str(p) for p in paths], "street", How(batch_size=3))
    assert [len(batch.entries) for batch in done.batches] == [3, 3, 1]
    assert batch_names(store) == ["street-0000", "street-0001", "street-0002"]
    assert ids(store) == [f"v{n}" for n in range(7)]


def test_collections_count_their_batches_apart_though_one_is_the_others_beginning(store: Objects, folder: Path) -> None:
    register(store, [str(folder / "b.mp4")], "street")
    register(store, [str(folder / "a.MOV")], "street-2")
    register(store, [str(folder / "deep/er/c.mkv")], "street")
    assert batch_names(store) == ["street-0000", "street-0001", "street-2-0000"]


def test_a_batch_that_somebody_else_sealed_meanwhile_is_left_alone(store: Objects, folder: Path) -> None:
    theirs = Batch("street-0000", "other", (Entry("x", "x", "/x.mp4"),))
    assert seal_batch(store, theirs)
    [batch] = register(store, [str(folder / "b.mp4")], "street").batches
    assert batch.name == "street-0001"
    assert read_batch(store, "street-0000") == theirs


def test_another_source_of_the_same_name_becomes_a_rival_of_the_first(store: Objects, folder: Path) -> None:
    register(store, [str(folder / "b.mp4")], "street")
    others = [str(folder / "deep/b.mp4"), "s3://bucket/b.avi"]
    [batch] = register(store, others, "street").batches
    keeper = str(folder / "b.mp4")
    assert [(e.entry_id, e.video_id, e.source_uri, e.rival) for e in batch.entries] == [
        ("b~2", "b", others[0], keeper),
        ("b~3", "b", others[1], keeper),
    ]


def test_a_name_can_be_given_to_a_single_video(store: Objects, folder: Path) -> None:
    register(store, [str(folder / "b.mp4")], "street")
    [batch] = register(store, [str(folder / "deep/b.mp4")], "street", How(video_id="other-b")).batches
    assert [(e.entry_id, e.rival) for e in batch.entries] == [("other-b", None)]
    with pytest.raises(SettingsError, match="5 were given"):
        register(store, [str(folder)], "street", How(video_id="many"))


def test_missing_files_are_told_and_registered_all_the_same(store: Objects, folder: Path) -> None:
    gone = str(folder / "gone.mp4")
    done = register(store, [gone, str(folder / "b.mp4")], "street")
    assert done.missing == (gone,)
    assert ids(store) == ["gone", "b"]


def test_a_folder_without_videos_is_an_error(store: Objects, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match=r"no video files.*\.mp4"):
        register(store, [str(tmp_path / "empty")], "street")


@pytest.mark.parametrize("name", ["", "-x", ".x", "a/b", "a b", "é", "a'b", "x" * 129, "a=b", "a\n"])
def test_names_that_cannot_stand_in_a_path_are_refused(store: Objects, folder: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="use letters, digits"):
        register(store, [str(folder)], name)
    with pytest.raises(SettingsError, match="use letters, digits"):
        register(store, [str(folder / "b.mp4")], "street", How(video_id=name))
    assert batch_names(store) == []


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "0", "x" * 128])
def test_other_names_are_allowed(name: str) -> None:
    check_name(name, "name")


@pytest.mark.parametrize(
    ("file", "video_id"),
    [
        ("---.mp4", "video"),
        ("a~b.mp4", "a-b"),
        ("Ünï côde.mp4", "n-c-de"),
        (".hidden.mp4", "hidden"),
        ("x.tar.mp4", "x.tar"),
    ],
)
def test_ids_made_of_odd_file_names_are_names_too(store: Objects, tmp_path: Path, file: str, video_id: str) -> None:
    (tmp_path / file).touch()
    register(store, [str(tmp_path / file)], "street")
    assert ids(store) == [video_id]
    check_name(video_id, "video id")


def test_an_id_made_of_a_long_path_is_a_name_too(store: Objects, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    for name in ("one.mp4", "two.mp4"):
        (deep / name).touch()
    register(store, [str(tmp_path)], "street")
    assert len(set(ids(store))) == 2
    for video_id in ids(store):
        check_name(video_id, "video id")


def test_a_folder_of_pictures_is_one_video_and_so_is_each_sequence_of_mot(store: Objects, tmp_path: Path) -> None:
    for folder in ("walk", "MOT16/train/MOT16-02/img1", "MOT16/train/MOT16-04/img1"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "000001.jpg").touch()
    for name in ("02", "04"):
        (tmp_path / f"MOT16/train/MOT16-{name}/seqinfo.ini").touch()
    done = register(store, [str(tmp_path / "walk"), str(tmp_path / "MOT16")], "street")
    ids = [entry.video_id for batch in done.batches for entry in batch.entries]
    assert ids == ["walk", "train-MOT16-02", "train-MOT16-04"]
