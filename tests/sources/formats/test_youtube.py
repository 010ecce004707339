"""Lists of YouTube videos: ids in all the ways in which they are written, and other addresses as they are."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from tabular import found, given, written

from rushes.sources.formats.youtube import FORMAT
from rushes.sources.formats.youtube_ids import video_id, watch_uri, youtube_id
from rushes.sources.source import Source
from rushes.store.names import check_name
from rushes.store.rejects import Reason

ids = st.from_regex(r"[A-Za-z0-9_-]{11}", fullmatch=True)


@sampled(
    ids,
    st.sampled_from(
        [
            "{}",
            "http://youtube.com/watch?v={}",
            "https://www.youtube.com/watch?v={}&t=42s&list=PL0",
            "https://m.youtube.com/watch?app=desktop&v={}#here",
            "https://music.youtube.com/watch?v={}",
            "https://youtu.be/{}",
            "https://youtu.be/{}?si=abc&t=3",
            "https://www.youtube.com/shorts/{}",
            "https://www.youtube.com/embed/{}?start=3",
            "https://www.youtube-nocookie.com/embed/{}",
            "https://www.youtube.com/live/{}?feature=share",
            "https://WWW.YouTube.com/v/{}",
        ]
    ),
)
def test_an_id_is_found_in_every_way_of_writing_it(id: str, form: str) -> None:
    assert youtube_id(form.format(id)) == id
    assert youtube_id(watch_uri(id)) == id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abcdefghij",
        "abcdefghijkl",
        "abcdefghij!",
        "ftp://youtube.com/watch?v=abcdefghijk",
        "youtube.com/watch?v=abcdefghijk",
        "https://youtube.com.evil.org/watch?v=abcdefghijk",
        "https://evil.org/watch?v=abcdefghijk",
        "https://www.youtube.com/watch?v=abc",
        "https://www.youtube.com/watch",
        "https://www.youtube.com/channel/abcdefghijk",
        "https://www.youtube.com/shorts/",
        "https://youtu.be/",
        "https://[youtu.be/abcdefghijk",
        "abcdefghijk\n",
    ],
)
def test_nothing_else_is_an_id(text: str) -> None:
    assert youtube_id(text) is None


@sampled(st.text())
def test_no_text_crashes_the_search_for_an_id(text: str) -> None:
    youtube_id(text)
    youtube_id(f"https://{text}")
    youtube_id(f"https://www.youtube.com/{text}")


@sampled(ids)
def test_every_id_gives_a_name_that_is_fit(id: str) -> None:
    check_name(video_id(id), "video id")
    assert video_id(id).endswith(id)


LIST = """# from the paper
dQw4w9WgXcQ

https://youtu.be/-_3Kpsc3FTc?t=5, with a title
"https://example.org/a,b.mp4?c=1" other columns
--abcdefghi\t12
s3://bucket/one.mp4
two words
"""


def test_a_list_gives_a_video_for_each_line_and_a_misfit_where_there_is_none(tmp_path: Path) -> None:
    sources, misfits = found(FORMAT, written(tmp_path / "list.txt", LIST))
    assert [(source.uri, source.video_id, source.place) for source in sources] == [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "dQw4w9WgXcQ", "list.txt:2"),
        ("https://www.youtube.com/watch?v=-_3Kpsc3FTc", "yt-_3Kpsc3FTc", "list.txt:4"),
        ("https://example.org/a,b.mp4?c=1", "a-b", "list.txt:5"),
        ("https://www.youtube.com/watch?v=--abcdefghi", "yt--abcdefghi", "list.txt:6"),
    ]
    assert [(misfit.place, misfit.reason) for misfit in misfits] == [
        ("list.txt:7", Reason.BAD_LINE),
        ("list.txt:8", Reason.BAD_LINE),
    ]


def test_videos_that_lie_in_media_are_taken_from_there(tmp_path: Path) -> None:
    here = written(tmp_path / "media/dQ/dQw4w9WgXcQ.webm", b"")
    sources, _ = found(FORMAT, written(tmp_path / "list.txt", "dQw4w9WgXcQ\n-_3Kpsc3FTc\n"), tmp_path / "media")
    assert [(source.uri, source.video_id, source.within) for source in sources] == [
        (str(here), "dQw4w9WgXcQ", str(tmp_path / "media")),
        (str(tmp_path / "media/-_3Kpsc3FTc.mp4"), "yt-_3Kpsc3FTc", str(tmp_path / "media")),
    ]


@pytest.mark.parametrize(
    ("text", "recognised"),
    [
        ("dQw4w9WgXcQ\nhttps://example.org/one.mp4\n", True),
        ("# ids\n\ndQw4w9WgXcQ\r\n", True),
        ("dQw4w9WgXcQ,0902,0.1,0.2,0.3,0.4,12,0\n", False),
        ("dQw4w9WgXcQ\nand more\n", False),
        ("url,label\nhttps://example.org/one.mp4,cat\n", False),
        ("# nothing\n", False),
        ("", False),
    ],
)
def test_a_list_is_known_by_lines_that_are_ids_or_addresses_alone(tmp_path: Path, text: str, recognised: bool) -> None:
    assert FORMAT.recognises(written(tmp_path / "list", text)) is recognised


@sampled(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40), max_size=8)
)
def test_every_line_is_one_video_or_one_misfit(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "list.txt", "\n".join(lines))
        items = list(FORMAT.sources(given(path)))
    listed = [n for n, line in enumerate(lines, 1) if line.strip(" \ufeff" if n == 1 else None).strip()]
    places = [item.place for item in items]
    assert sorted(places) == sorted(set(places))
    comments = [n for n in listed if lines[n - 1].lstrip("\ufeff").lstrip().startswith("#")]
    assert places == [f"list.txt:{n}" for n in listed if n not in comments]
    for item in items:
        if isinstance(item, Source):
            check_name(item.video_id, "video id")
