"""A folder that holds a manifest's videos: names are found wherever in it they lie."""

from pathlib import Path

import pytest
from tabular import written

from rushes.errors import SettingsError
from rushes.sources.formats.media import Media


def test_a_video_is_found_by_its_name_with_and_without_suffix_in_folders_below(tmp_path: Path) -> None:
    one = written(tmp_path / "ab/abcdefghijk.webm", b"")
    media = Media(str(tmp_path))
    assert media.find("abcdefghijk") == media.find("abcdefghijk.webm") == str(one)
    assert media.within == str(tmp_path)


def test_of_two_of_a_name_the_one_less_deep_counts_then_the_first(tmp_path: Path) -> None:
    written(tmp_path / "a/b/one.mp4", b"")
    higher = written(tmp_path / "z/one.mp4", b"")
    written(tmp_path / "z/two.mp4", b"")
    first = written(tmp_path / "y/two.mkv", b"")
    media = Media(str(tmp_path))
    assert media.find("one") == str(higher)
    assert media.find("two") == str(first)


def test_what_is_no_video_hidden_or_a_path_is_not_found(tmp_path: Path) -> None:
    written(tmp_path / "one.txt", b"")
    written(tmp_path / ".two.mp4", b"")
    written(tmp_path / "in/three.mp4", b"")
    media = Media(str(tmp_path))
    assert [media.find(name) for name in ("one", ".two", "in/three", "../in/three", "", "\0")] == [None] * 6


def test_folders_that_lead_to_themselves_come_to_an_end(tmp_path: Path) -> None:
    one = written(tmp_path / "in/one.mp4", b"")
    (tmp_path / "in/again").symlink_to(tmp_path)
    assert Media(str(tmp_path)).find("one") == str(one)


def test_nobody_can_look_through_an_address() -> None:
    media = Media("s3://bucket/videos/")
    assert media.within is None
    assert media.find("one") is None


def test_a_folder_that_is_not_there_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--media"):
        Media(str(tmp_path / "nowhere"))
