"""What a path or an address stands for."""

from pathlib import Path

import fsspec
import pytest
from http_ranges import RangeServer
from tabular import written

from rushes.errors import LinkError, SettingsError, StoreError
from rushes.sources.find import Found, find
from rushes.sources.formats.known import FORMATS
from rushes.sources.source import Source


def sources(found: list[Found]) -> list[tuple[str, str, str]]:
    return [(f.format.name, f.source.uri, f.source.video_id) for f in found if isinstance(f.source, Source)]


@pytest.mark.parametrize(
    ("given", "video_id"),
    [
        ("https://host.example/dir/clip.mp4", "clip"),
        ("https://host.example/watch?v=1", "watch"),
        ("https://host.example/dir/", "dir"),
        ("s3://bucket/dir/clip.v2.MP4", "clip.v2"),
        ("gs://bucket/clip.webm", "clip"),
    ],
)
def test_an_address_that_a_person_gives_is_one_video_and_nobody_is_asked(given: str, video_id: str) -> None:
    [found] = find(given)
    assert sources([found]) == [("video", given, video_id)]
    assert isinstance(found.source, Source)
    assert (found.source.place, found.source.within) == (None, None)


def test_an_address_can_be_said_to_be_a_video_whatever_its_name() -> None:
    assert sources(list(find("s3://bucket/clip.txt", "video"))) == [("video", "s3://bucket/clip.txt", "clip")]


def test_a_path_can_be_given_as_an_address_of_a_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", "")
    assert sources(list(find(f"file://{path}"))) == [("video", str(path), "a")]


def test_a_path_may_begin_with_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / "a.mp4", "")
    assert sources(list(find("~/a.mp4"))) == [("video", str(tmp_path / "a.mp4"), "a")]


def test_an_unknown_format_is_told_with_all_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"unknown format 'motion'; there are: auto, {', '.join(FORMATS)}"):
        list(find(str(tmp_path), "motion"))


def test_a_media_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--media .*: no such folder"):
        list(find(str(written(tmp_path / "t.csv", "uri\na.mp4\n")), media=str(tmp_path / "none")))


@pytest.mark.parametrize("media", ["https://host.example/videos", "https://host.example/videos/", "s3://bucket/videos"])
def test_media_can_be_an_address(tmp_path: Path, media: str) -> None:
    file = written(tmp_path / "t.csv", "uri\nsub/a b.mp4\n")
    [(_, uri, video_id)] = sources(list(find(str(file), media=media)))
    name = "sub/a%20b.mp4" if media.startswith("http") else "sub/a b.mp4"
    assert (uri, video_id) == (f"{media.rstrip('/')}/{name}", "sub-a-b")


def test_an_address_of_no_known_kind_is_refused() -> None:
    with pytest.raises(SettingsError, match="ftp:// is no known kind of address"):
        list(find("ftp://host.example/a.mp4"))


def test_the_web_has_no_folders() -> None:
    with pytest.raises(LinkError, match="the web has no folders"):
        list(find("https://host.example/videos/", "folder"))


@pytest.mark.parametrize("format", ["mot", "lasot", "frames"])
def test_folders_of_pictures_must_lie_here(format: str) -> None:
    with pytest.raises(SettingsError, match=f"as {format} only what lies here can be added"):
        list(find("s3://bucket/MOT17/", format))


def test_a_page_can_be_said_to_be_a_list() -> None:
    with RangeServer({"list": b"uri\na.mp4\n"}) as server:
        found = list(find(f"{server.url}/list", "table"))
        assert sources(found) == [("table", f"{server.url}/a.mp4", "a")]
        assert len(server.asked) <= 2


@pytest.mark.parametrize("end", ["/lists/..", "/..", "/" + "x" * 300 + ".csv"])
def test_the_name_of_a_list_elsewhere_is_no_path_here(end: str) -> None:
    with RangeServer({end.lstrip("/"): b"uri\nhttps://host.example/a.mp4\n"}) as server:
        try:
            found = list(find(f"{server.url}{end}", "table"))
        except LinkError:  # a client may follow the dots, to where nothing is
            return
        assert sources(found) == [("table", "https://host.example/a.mp4", "a")]


def test_a_file_with_nothing_in_it_for_its_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nothing in it that could be added as youtube \(a list of YouTube ids"):
        list(find(str(written(tmp_path / "a.txt", "# only words\n")), "youtube"))


@pytest.mark.parametrize(
    ("name", "format"), [("gone.csv", "auto"), ("gone", "table"), ("gone", "mot"), ("g", "folder")]
)
def test_a_list_or_data_set_that_is_not_there_is_an_error(tmp_path: Path, name: str, format: str) -> None:
    with pytest.raises(StoreError, match=f"{name}: no such file or folder"):
        list(find(str(tmp_path / name), format))


def test_a_video_that_is_not_there_may_come_yet(tmp_path: Path) -> None:
    assert sources(list(find(str(tmp_path / "gone.mp4")))) == [("video", str(tmp_path / "gone.mp4"), "gone")]


def test_any_address_with_a_listing_can_be_a_folder() -> None:
    files = fsspec.filesystem("memory")
    files.pipe({"/beyond/a.mp4": b"x", "/beyond/b/c.mkv": b"xy", "/beyond/notes.txt": b"", "/beyondther/z.mp4": b""})
    try:
        found = list(find("memory://beyond"))
        assert sources(found) == [("video", "memory://beyond/a.mp4", "a"), ("video", "memory://beyond/b/c.mkv", "b-c")]
        assert [one.content and one.content.size for one in found] == [1, 2]
        with pytest.raises(StoreError, match="no video files there"):
            list(find("memory://beyond/notes.txt/", "folder"))
        with pytest.raises(LinkError, match="memory://none: nothing there"):
            list(find("memory://none"))
    finally:
        files.rm("/beyond", recursive=True)
        files.rm("/beyondther", recursive=True)
