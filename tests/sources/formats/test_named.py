"""A manifest names videos of its own folder, of the folder a person says, or on public machines, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import given, written

from rushes.errors import SettingsError
from rushes.sources.formats.named import Named, Names, Refused
from rushes.store.rejects import Reason


@pytest.fixture
def names(tmp_path: Path) -> Names:
    return Names(given(tmp_path / "list/t.csv"))


def with_media(tmp_path: Path, media: str | Path) -> Names:
    return Names(given(tmp_path / "list/t.csv", media))


def test_a_path_is_below_the_manifests_folder_and_named_after_where_it_is(names: Names, tmp_path: Path) -> None:
    folder = str(tmp_path / "list")
    assert names.address("a/b.mp4") == Named(f"{folder}/a/b.mp4", "a-b", folder)
    assert names.address(f"{folder}/a/../c.mp4") == Named(f"{folder}/c.mp4", "c", folder)
    assert names.address("a/b.mp4", "mine") == Named(f"{folder}/a/b.mp4", "mine", folder)


def test_an_address_is_named_after_its_last_part_without_its_query(names: Names) -> None:
    assert names.address("https://h.example/x/a.b.mp4?q=1") == Named("https://h.example/x/a.b.mp4?q=1", "a.b")


@pytest.mark.parametrize(
    "name", ["../a.mp4", "/etc/passwd", "a/../../b.mp4", ".", "x\0.mp4", "file:///a.mp4", "ssh://h/a"]
)
def test_what_leads_elsewhere_is_refused(names: Names, name: str) -> None:
    refused = names.address(name)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.FORBIDDEN


def test_a_link_that_leads_out_of_the_folder_is_refused(names: Names, tmp_path: Path) -> None:
    outside = written(tmp_path / "outside.mp4", b"")
    (tmp_path / "list").mkdir()
    (tmp_path / "list/a.mp4").symlink_to(outside)
    assert isinstance(names.address("a.mp4"), Refused)


def test_a_youtube_id_leads_to_its_page_and_every_address_of_it_to_the_same(names: Names) -> None:
    page = Named("https://www.youtube.com/watch?v=-5KQ66BBWC4", "yt-5KQ66BBWC4")
    assert names.youtube("-5KQ66BBWC4") == page
    assert names.address("https://youtu.be/-5KQ66BBWC4?t=3") == page
    assert names.address("https://youtu.be/-5KQ66BBWC4", "mine") == Named(page.uri, "mine")
    refused = names.youtube("nobody")
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.BAD_ID


def test_youtubes_videos_are_in_media_where_a_person_says_so(tmp_path: Path) -> None:
    here = written(tmp_path / "films/ab/1j20qq1JyX4.webm", b"")
    names = with_media(tmp_path, tmp_path / "films")
    folder = str(tmp_path / "films")
    assert names.youtube("1j20qq1JyX4") == Named(str(here), "1j20qq1JyX4", folder)
    assert names.address("https://youtu.be/1j20qq1JyX4", "mine") == Named(str(here), "mine", folder)
    assert names.youtube("-5KQ66BBWC4") == Named(f"{folder}/-5KQ66BBWC4.mp4", "yt-5KQ66BBWC4", folder)


def test_what_media_have_need_not_be_fetched(tmp_path: Path) -> None:
    here = written(tmp_path / "films/a.mp4", b"")
    names = with_media(tmp_path, tmp_path / "films")
    assert names.address("https://h.example/a.mp4") == Named(str(here), "a", str(tmp_path / "films"))
    assert names.address("https://h.example/b.mp4") == Named("https://h.example/b.mp4", "b")
    assert names.present("a") == names.file("a")
    assert names.present("b") is None


def test_a_link_in_media_that_leads_out_is_refused(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside.mp4", b"")
    (tmp_path / "films").mkdir()
    (tmp_path / "films/a.mp4").symlink_to(outside)
    assert isinstance(with_media(tmp_path, tmp_path / "films").file("a"), Refused)


@pytest.mark.parametrize("media", ["s3://bucket/films", "s3://bucket/films/"])
def test_media_may_be_an_address(tmp_path: Path, media: str) -> None:
    names = with_media(tmp_path, media)
    assert names.file("a") == Named("s3://bucket/films/a.mp4", "a")
    assert names.present("a") is None
    assert isinstance(names.address("../a.mp4"), Refused)


def test_media_that_are_not_there_stop_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        with_media(tmp_path, tmp_path / "films")


@sampled(st.text(max_size=40), st.one_of(st.none(), st.text(max_size=10)))
def test_every_name_is_followed_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, video_id: str | None
) -> None:
    folder = tmp_path_factory.mktemp("list")
    names = Names(given(folder / "t.csv"))
    for named in (names.address(name, video_id), names.youtube(name), names.file(name)):
        if isinstance(named, Named) and "://" not in named.uri:
            assert named.within == str(folder)
            assert named.uri.startswith(f"{folder}/")
