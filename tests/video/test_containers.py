"""A list of other files is no video: nothing that it names is read."""

import io
from pathlib import Path

import pytest
from http_ranges import RangeServer
from videos import make_video

from rushes.errors import VideoError
from rushes.ranges import open_ranges
from rushes.video.containers import open_container
from rushes.video.probe import probe

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '{}'\n"


@pytest.mark.parametrize(("name", "text"), [("v.m3u8", HLS), ("v.mp4", HLS), ("v.mp4", CONCAT), ("v.ffconcat", CONCAT)])
def test_a_list_of_files_beside_it_is_no_video(tmp_path: Path, name: str, text: str) -> None:
    make_video(tmp_path / "secret.ts", 25)
    (tmp_path / name).write_text(text.format("secret.ts"))
    with pytest.raises(VideoError, match="not a video"):
        probe(str(tmp_path / name))


def test_a_list_elsewhere_leads_nowhere(tmp_path: Path) -> None:
    secret = make_video(tmp_path / "secret.ts", 25)
    with RangeServer({"secret.ts": secret}) as inner, RangeServer() as web:
        for target in (f"{inner.url}/secret.ts", str(secret)):
            web.files["v.m3u8"] = HLS.format(target).encode()
            with open_ranges(f"{web.url}/v.m3u8").open() as handle, pytest.raises(VideoError, match="not a video"):
                probe(handle)
        assert inner.connections == 0


@pytest.mark.parametrize(
    "suffix", [".mp4", ".mkv", ".webm", ".avi", ".ts", ".mov", ".mpg", ".flv", ".ogv", ".wmv", ".3gp"]
)
def test_containers_of_videos_are_opened(tmp_path: Path, suffix: str) -> None:
    codecs = {".webm": "libvpx", ".mpg": "mpeg2video", ".ogv": "libvpx", ".wmv": "mpeg4", ".avi": "mpeg4"}
    path = make_video(tmp_path / f"v{suffix}", 5, codec=codecs.get(suffix, "libx264"), b_frames=0)
    for source in (str(path), io.BytesIO(path.read_bytes())):
        with open_container(source) as container:
            assert len(container.streams.video) == 1
