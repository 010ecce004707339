"""Deep Lake's tutorial "Working with Videos", its code word for word but for the import, on real servers.

What is asked of ``http://commondatastorage.googleapis.com`` goes to a server here by ``http_proxy``, as in any program;
the buckets are in a real S3 server, which the environment names. Values that the tutorial leaves out (``"..."``) are
filled in, and the columns and files that it takes for granted are made before.
"""

from __future__ import annotations

import ast
import json
import os
import urllib.request
import webbrowser
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import barcodes
import fsspec
import numpy as np
import pytest
from http_ranges import RangeServer

import rushes
from rushes.errors import SettingsError, VideoError
from rushes.ranges import credentials
from rushes.ranges.credentials import CredentialsError

NTSC = Fraction(30000, 1001)
ON_THE_WEB = "http://commondatastorage.googleapis.com/gtv-videos-bucket/sample/ForBiggerBlazes.mp4"
# The keys are not temporary ones, and have no token.
FILLED_IN = {"aws_access_key_id": "rushes-tests", "aws_secret_access_key": "not-a-secret", "aws_session_token": None}

BLOCKS = {
    "setup": """
import rushes as deeplake
ds = deeplake.empty("demo/video") # create a local dataset
""",
    "create": """
ds.create_tensor("videos", htype="video", sample_compression="mp4")
""",
    "append": """
ds.videos.append(deeplake.read("./videos/example1.mp4"))
ds.videos.append(deeplake.read("./videos/example2.mp4"))
""",
    "append from the web": """
ds.videos.append(
    deeplake.read(
        "http://commondatastorage.googleapis.com/gtv-videos-bucket/sample/ForBiggerBlazes.mp4",
        creds=None,
    )
)
""",
    "append from S3": """
ds.videos.append(
    deeplake.read(
        "s3://bucket-name/sample_video.mp4",
        creds={
            "aws_access_key_id": "...",
            "aws_secret_access_key": "...",
            "aws_session_token": "...",
        },
    )
)
""",
    "create boxes": """
ds.create_tensor("boxes", htype="sequence[bbox]", coords={"type": "pixel", "mode": "LTWH"})
""",
    "read boxes": """
import pandas as pd
df = pd.read_csv("groundtruth.txt", header=None)
boxes = df.to_numpy().astype(np.float32)[:, np.newaxis]
# boxes.shape == (2788, 1, 4) == (number of frames, number of boxes, 4)
""",
    "append boxes": """
ds.boxes.append(boxes)
""",
    "shape": """
ds.videos[0].shape
""",
    "sample info": """
ds.videos[0].sample_info
""",
    "whole video": """
video = ds.videos[0].numpy()
""",
    "print": """
print(type(video))
print(video.shape)
""",
    "slice": """
# 1st sample, frames 100 - 200
video = ds.videos[1, 100:200].numpy()
video.shape
""",
    "step": """
# 0th sample, frames 100 - 200 with step of 5 frames
video = ds.videos[0, 100:200:5].numpy()
video.shape
""",
    "last": """
# 1st sample, last frame
last_frame = ds.videos[1, -1].numpy()
last_frame.shape
""",
    "timestamps": """
# timestamps of frames 10 - 15 of 0th sample
ds.videos[0, 10:15].timestamp
""",
    "data": """
data = ds.videos[1, 15:20].data()
data['frames'].shape
data['timestamps']
""",
    "play": """
ds.videos[1].play()
""",
    "visualize": """
ds.visualize()
""",
    "link": """
# create linked tensor
links = ds.create_tensor("video_links", htype="link[video]")

# append linked samples
links.append(deeplake.link("http://commondatastorage.googleapis.com/gtv-videos-bucket/sample/ForBiggerBlazes.mp4", creds_key=None)) # link to public video

# .numpy()
video = links[0].numpy()

# shape of numpy array
video.shape
""",  # noqa: E501
    "managed keys": """
ds.add_creds_key("MY_KEY", managed=True)
ds.add_creds_key("S3_KEY", managed=True)
""",
    "link by a managed key": """
ds.links.append(deeplake.link("s3://my-bucket/sample-video.mp4", creds_key="MY_KEY"))
""",
    "link by the environment": """
ds.links.append(deeplake.link("s3://my-bucket/sample-video.mp4", creds_key="ENV"))
""",
    "temporary key": """
creds={
        "aws_access_key_id": "...",
        "aws_secret_access_key": "...",
        "aws_session_token": "...",
    }

# add creds key (Note that managed is False)
ds.add_creds_key("TEMP_KEY")

# populate creds with a credentials dict
ds.populate_creds("TEMP_KEY", creds)
""",
    "link by a temporary key": """
ds.links.append(deeplake.link("s3://my-bucket/sample-video.mp4", creds_key="TEMP_KEY"))
""",
}  # fmt: skip


class Opened(webbrowser.BaseBrowser):
    """A browser that is told of pages, and opens none."""

    def __init__(self) -> None:
        super().__init__("opened")
        self.pages: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.pages.append(url)
        return True


def visit(url: str) -> str:
    """Return a page as a browser gets it, which follows and keeps cookies."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(url) as answer:
        return str(answer.read().decode())


class Session:
    """One Python session: blocks run one after another in it."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"np": np}
        self.browser = Opened()

    def run(self, name: str) -> Any:
        """Run a block; return the value of its last line, as a notebook would."""
        code = BLOCKS[name]
        for field, value in FILLED_IN.items():
            code = code.replace(f'"{field}": "..."', f'"{field}": {value!r}')
        *lines, last = ast.parse(code).body
        if not isinstance(last, ast.Expr):
            exec(code, self.names)
            return None
        exec(compile(ast.Module(lines, []), name, "exec"), self.names)
        return eval(compile(ast.Expression(last.value), name, "eval"), self.names)


@pytest.fixture(scope="module")
def folder(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a person sits who follows the tutorial: its files are there, on the web, and in the buckets."""
    folder: Path = tmp_path_factory.mktemp("tutorial")
    (folder / "videos").mkdir()
    barcodes.write(folder / "videos/example1.mp4", frames=400, size=(640, 360), fps=NTSC, gop=60)
    barcodes.write(folder / "videos/example2.mp4", frames=210, size=(640, 360), fps=NTSC, gop=30, open_gop=True)
    barcodes.write(folder / "web.mp4", frames=24, size=(1280, 720), fps=24)
    (folder / "groundtruth.txt").write_text("".join(f"{i},{i / 2},40,{30 + i % 7}\n" for i in range(400)))
    s3 = fsspec.filesystem("s3", skip_instance_cache=True)
    for bucket, name in (("bucket-name", "sample_video.mp4"), ("my-bucket", "sample-video.mp4")):
        s3.mkdir(bucket)
        s3.pipe_file(f"{bucket}/{name}", (folder / "videos/example2.mp4").read_bytes())
    with RangeServer({ON_THE_WEB: folder / "web.mp4"}) as web, pytest.MonkeyPatch.context() as changed:
        changed.chdir(folder)
        for name in ("HTTP_PROXY", "no_proxy", "NO_PROXY"):
            changed.delenv(name, raising=False)
        changed.setenv("http_proxy", web.url)
        changed.setenv("no_proxy", "127.0.0.1")
        changed.setenv(credentials.variable("MY_KEY"), json.dumps(FILLED_IN))
        yield folder


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    """The session after everything was appended that the tutorial appends."""
    session = Session()
    webbrowser.register("opened", None, session.browser, preferred=True)
    for name in ("setup", "create", "append", "append from the web", "append from S3"):
        session.run(name)
    for name in ("create boxes", "read boxes", "append boxes"):
        session.run(name)
    return session


def test_videos_are_taken_in_from_files_from_the_web_and_from_s3(session: Session, folder: Path) -> None:
    videos = session.names["ds"].videos
    assert [video.shape[0] for video in videos] == [400, 210, 24, 210]
    assert videos[2].sample_info["filename"] == ON_THE_WEB
    kept = sorted(path.stat().st_size for path in (folder / "demo/video/media").rglob("*.mp4"))
    sources = ("videos/example1.mp4", "videos/example2.mp4", "web.mp4")
    assert kept == sorted((folder / source).stat().st_size for source in sources)


def test_the_shapes_are_those_that_the_tutorial_prints(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.run("shape") == (400, 360, 640, 3)
    session.run("whole video")
    session.run("print")
    assert capsys.readouterr().out == "<class 'numpy.ndarray'>\n(400, 360, 640, 3)\n"
    assert session.run("slice") == (100, 360, 640, 3)
    assert session.run("step") == (20, 360, 640, 3)
    assert session.run("last") == (360, 640, 3)


def test_the_frames_are_the_ones_that_were_asked_for(session: Session) -> None:
    session.run("slice")
    assert [barcodes.read(frame) for frame in session.names["video"]] == list(range(100, 200))
    session.run("step")
    assert [barcodes.read(frame) for frame in session.names["video"]] == list(range(100, 200, 5))
    session.run("last")
    assert barcodes.read(session.names["last_frame"]) == 209


def test_the_sample_info_is_the_one_that_the_tutorial_prints(session: Session) -> None:
    assert session.run("sample info") == {
        "duration": 400400,
        "fps": pytest.approx(29.97002997002997),
        "timebase": 3.3333333333333335e-05,
        "shape": [400, 360, 640, 3],
        "format": "mp4",
        "filename": "./videos/example1.mp4",
        "modified": False,
    }


def test_timestamps_are_those_of_the_frames_and_not_of_the_next_ones(session: Session) -> None:
    """The tutorial prints 0.367 for frame 10: at 30000/1001 frames a second that is the time of frame 11."""
    times = session.run("timestamps")
    np.testing.assert_allclose(times, np.arange(10, 15) * 1001 / 30000)
    data = session.run("data")
    np.testing.assert_allclose(data, np.arange(15, 20) * 1001 / 30000)
    assert session.names["data"]["frames"].shape == (5, 360, 640, 3)


def test_boxes_come_back_as_they_were_appended(session: Session) -> None:
    ds = session.names["ds"]
    np.testing.assert_array_equal(ds.boxes[0].numpy(), session.names["boxes"])
    assert ds.boxes[0].shape == (400, 1, 4)
    assert ds.boxes.info["coords"] == {"type": "pixel", "mode": "LTWH"}
    ragged = [np.ones((2, 4), np.float32), np.zeros((3, 4), np.float32), np.empty((0, 4), np.float32)]
    ds.boxes.append(ragged)
    for there, given in zip(ds.boxes[1].numpy(), ragged, strict=True):
        np.testing.assert_array_equal(there, given)


def test_a_video_plays_and_the_data_set_is_shown_in_the_browser(session: Session) -> None:
    with session.run("play") as playing:
        assert urlsplit(session.browser.pages[-1]).netloc == urlsplit(playing.url).netloc
        assert "<video" in visit(session.browser.pages[-1])
    with session.run("visualize"):
        page = visit(session.browser.pages[-1])
    assert page.count('target="player"') == len(session.names["ds"].videos)
    assert "boxes: 400" in page


def test_links_are_read_where_they_are(session: Session, folder: Path) -> None:
    ds = session.names["ds"]
    before = {path for path in (folder / "demo/video/media").rglob("*") if path.suffix == ".mp4"}
    assert session.run("link") == (24, 720, 1280, 3)
    assert {path for path in (folder / "demo/video/media").rglob("*") if path.suffix == ".mp4"} == before
    ds.create_tensor("links", htype="link[video]")
    with pytest.warns(UserWarning, match="nobody manages credentials here"):
        session.run("managed keys")
    session.run("link by a managed key")
    session.run("link by the environment")
    session.run("temporary key")
    session.run("link by a temporary key")
    again = rushes.load("demo/video")
    assert [barcodes.read(again.links[i, -1].numpy()) for i in range(3)] == [209] * 3
    assert [video.row["creds_key"] for video in again.links] == ["MY_KEY", "ENV", "TEMP_KEY"]
    written = b"".join(path.read_bytes() for path in (folder / "demo/video").rglob("*") if path.is_file())
    assert b"not-a-secret" not in written


def test_what_is_wrong_with_a_link_is_said_in_one_line_and_nothing_is_appended(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = rushes.empty("demo/links")
    ds.create_tensor("links", htype="link[video]")
    address = "s3://my-bucket/sample-video.mp4"
    with pytest.raises(SettingsError, match=r"no credentials key 'OTHER' in this data set: add_creds_key\('OTHER'\)"):
        ds.links.append(rushes.link(address, creds_key="OTHER"))
    ds.add_creds_key("OTHER")
    with pytest.raises(CredentialsError, match="credentials 'OTHER' are not populated"):
        ds.links.append(rushes.link(address, creds_key="OTHER"))
    with pytest.raises(VideoError, match=r"s3://my-bucket/none\.mp4: nothing there"):
        ds.links.append(rushes.link("s3://my-bucket/none.mp4", creds_key="ENV"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(VideoError, match=r"s3://my-bucket/sample-video\.mp4: needs credentials"):
        ds.links.append(rushes.link(address))
    assert len(ds.links) == 0


def test_a_data_set_lives_in_a_bucket_as_in_a_folder(server: str, folder: Path) -> None:
    ds = rushes.empty("s3://bucket-name/demo/video")
    ds.create_tensor("videos", htype="video")
    ds.create_tensor("boxes", htype="sequence[bbox]")
    ds.append({"videos": rushes.read("videos/example2.mp4"), "boxes": [np.ones((1, 4)), np.ones((0, 4))]})
    again = rushes.load("s3://bucket-name/demo/video")
    assert barcodes.read(again.videos[0, 123].numpy()) == 123
    assert [len(frame) for frame in again.boxes[0]] == [1, 0]
    with pytest.raises(rushes.errors.StoreError, match="there is a data set already"):
        rushes.empty("s3://bucket-name/demo/video")
    for number in range(70):
        ds.boxes.append([[[number, 0, 1, 1]]])
    again = rushes.load("s3://bucket-name/demo/video")
    assert [int(again.boxes[i, 0].numpy()[0, 0]) for i in (1, 35, 70)] == [0, 34, 69]
    assert os.environ["AWS_ENDPOINT_URL"] == server
