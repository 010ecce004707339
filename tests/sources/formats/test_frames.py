"""A folder of pictures is one video."""

from __future__ import annotations

from pathlib import Path

import pytest
from picture_trees import given, write_mot, write_pictures

from rushes.errors import SettingsError
from rushes.sources.formats.frames import FORMAT
from rushes.sources.source import Source


def test_a_folder_of_pictures_is_a_video_named_after_the_folder(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "walk v1.2", [1, 2, 3])
    assert FORMAT.recognises(folder)
    assert list(FORMAT.sources(given(folder))) == [Source(str(folder), "walk-v1.2")]


def test_pictures_beside_a_video_or_other_folders_are_none(tmp_path: Path) -> None:
    beside = write_pictures(tmp_path / "beside", [1])
    (beside / "film.mp4").write_bytes(b"x")
    above = write_pictures(tmp_path / "above", [1])
    (above / "more").mkdir()
    mot = write_mot(tmp_path / "mot", [1, 2])
    (tmp_path / "empty").mkdir()
    assert [FORMAT.recognises(path) for path in (beside, above, mot, tmp_path / "empty", beside / "film.mp4")] == [
        False
    ] * 5


def test_told_of_pictures_where_there_are_none_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no folder of pictures"):
        list(FORMAT.sources(given(tmp_path)))
