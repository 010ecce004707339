"""Video files and trees of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from picture_trees import given, write_lasot, write_mot

from rushes.errors import SettingsError
from rushes.sources.footage import Footage
from rushes.sources.formats.videos import FOLDER, VIDEO
from rushes.sources.source import Misfit, Source
from rushes.store.rejects import Reason
from rushes.video.images import probe_images


def files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no video")
    return folder


def ids(path: Path) -> dict[str, str]:
    found = list(FOLDER.sources(given(path)))
    assert all(isinstance(one, Source) for one in found)
    return {one.video_id: one.uri for one in found if isinstance(one, Source)}


def test_a_video_file_is_one_video_named_after_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files(tmp_path, "clip one (2).MP4") / "clip one (2).MP4"
    assert VIDEO.recognises(path)
    monkeypatch.chdir(tmp_path)
    assert list(VIDEO.sources(given(Path("clip one (2).MP4")))) == [Source(str(path), "clip-one-2")]


def test_a_file_is_recognised_by_its_suffix_even_before_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    files(tmp_path, "notes.txt")
    names = ("late.mkv", "notes.txt", "folder.mp4", "mp4")
    assert [VIDEO.recognises(tmp_path / name) for name in names] == [True, False, False, False]


def test_a_tree_gives_all_its_videos_named_by_their_paths(tmp_path: Path) -> None:
    top = files(tmp_path, "b.mp4", "a.MOV", "deep/er/c.mkv", "deep/b.mp4", "notes.txt", "deep/clip one (2).mp4")
    assert FOLDER.recognises(top)
    assert list(ids(top).items()) == [
        ("a", str(top / "a.MOV")),
        ("b", str(top / "b.mp4")),
        ("deep-b", str(top / "deep/b.mp4")),
        ("deep-clip-one-2", str(top / "deep/clip one (2).mp4")),
        ("deep-er-c", str(top / "deep/er/c.mkv")),
    ]


def test_what_is_hidden_is_passed_over(tmp_path: Path) -> None:
    top = files(tmp_path, "a.mp4", "._a.mp4", ".thumbnails/b.mp4", "deep/.cache/c.mp4")
    assert list(ids(top)) == ["a"]


def test_links_are_followed_and_those_that_lead_round_end(tmp_path: Path) -> None:
    top = files(tmp_path / "top", "a/one.mp4", "b/two.mp4")
    files(tmp_path / "elsewhere", "three.mp4")
    (top / "a" / "up").symlink_to(top)
    (top / "b" / "itself").symlink_to(top / "b" / "itself")
    (top / "a" / "aside").symlink_to(top / "b")
    (top / "far").symlink_to(tmp_path / "elsewhere")
    found = sorted(os.path.realpath(uri) for uri in ids(top).values())
    assert [os.path.basename(path) for path in found] == ["three.mp4", "one.mp4", "two.mp4"]


def test_a_link_to_nothing_is_a_video_all_the_same_so_that_its_reject_tells_of_it(tmp_path: Path) -> None:
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert list(ids(tmp_path)) == ["gone"]


def test_a_name_that_is_no_text_is_a_misfit(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.mp4")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    [found] = FOLDER.sources(given(tmp_path))
    assert isinstance(found, Misfit)
    assert found.reason is Reason.BAD_ID
    assert "\\udce9" in found.place


def test_a_folder_without_videos_is_an_error(tmp_path: Path) -> None:
    files(tmp_path, "notes.txt")
    assert not FOLDER.recognises(tmp_path)
    with pytest.raises(SettingsError, match=r"no video files in that folder \(\.3gp, "):
        list(FOLDER.sources(given(tmp_path)))
    with pytest.raises(SettingsError, match="no folder: a single video"):
        list(FOLDER.sources(given(tmp_path / "notes.txt")))


def test_a_tree_of_videos_and_sequences_gives_both_with_their_annotations(tmp_path: Path) -> None:
    files(tmp_path, "a.mp4")
    write_mot(tmp_path / "mot" / "MOT16-02", range(1, 4), truth="1,1,5,6,7,8,1,1,1\n")
    write_lasot(tmp_path / "lasot" / "cat-1", 2, "1,1,5,5\n2,2,5,5\n")
    assert FOLDER.recognises(tmp_path)
    found = {one.video_id: one for one in FOLDER.sources(given(tmp_path)) if isinstance(one, Source)}
    assert list(found) == ["a", "lasot-cat-1", "mot-MOT16-02"]
    counts = {}
    for video_id in ("lasot-cat-1", "mot-MOT16-02"):
        footage = Footage.of(video_id, probe_images(found[video_id].uri))
        assert FOLDER.annotations
        counts[video_id] = [FOLDER.annotations(lines, footage).boxes.num_rows for lines in found[video_id].slices]
    assert counts == {"lasot-cat-1": [2], "mot-MOT16-02": [1]}
