"""A packet that is called droppable can be left out, and every other frame stays the same to the bit."""

from pathlib import Path

import av
import numpy as np
import pytest
from videos import make_video

from rushes.video.bitstream import droppable_test


def decoded(path: Path, leave_out: bool) -> tuple[dict[int, np.ndarray], set[int]]:
    """Return frames by pts, and the pts of what was left out."""
    frames, left_out = {}, set()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        droppable = droppable_test(stream.codec_context.name, stream.codec_context.extradata)
        for packet in container.demux(stream):
            if leave_out and droppable(bytes(packet)):
                left_out.add(packet.pts)
                continue
            frames.update({frame.pts: frame.to_ndarray() for frame in packet.decode()})
    return frames, left_out


@pytest.mark.parametrize("name", ["v.mp4", "v.ts"], ids=["length-prefixed", "start-coded"])
@pytest.mark.parametrize("options", [{}, {"x264-params": "b-pyramid=none"}, {"x264-params": "open-gop=1:slices=3"}])
def test_all_other_frames_are_the_same_without_it(tmp_path: Path, name: str, options: dict[str, str]) -> None:
    path = make_video(tmp_path / name, 40, size=(160, 120), gop=15, b_frames=3, options=options)
    whole, _ = decoded(path, leave_out=False)
    rest, left_out = decoded(path, leave_out=True)
    assert len(whole) == 40
    assert len(left_out) >= 10
    assert rest.keys() == whole.keys() - left_out
    for pts, frame in rest.items():
        np.testing.assert_array_equal(frame, whole[pts])


def test_without_b_frames_nothing_is_droppable(tmp_path: Path) -> None:
    assert decoded(make_video(tmp_path / "v.mp4", 20, b_frames=0), leave_out=True)[1] == set()


@pytest.mark.parametrize(("name", "codec"), [("v.avi", "mpeg4"), ("v.webm", "libvpx-vp9")])
def test_of_other_codecs_nothing_is_left_out(tmp_path: Path, name: str, codec: str) -> None:
    assert decoded(make_video(tmp_path / name, 20, codec=codec), leave_out=True)[1] == set()


@pytest.mark.parametrize("packet", [b"", b"\0\0\0", b"\0\0\1", b"\0\0\0\1\x67\x64", b"\xff" * 9])
def test_a_packet_without_a_picture_is_kept(packet: bytes) -> None:
    assert not droppable_test("h264", None)(packet)
    assert not droppable_test("h264", b"\1\x64\0\x0a\xff")(packet)
