"""Opening a file as a container of frames, and as nothing that would open other files.

FFmpeg also takes lists for videos (HLS, DASH, concat, SDP): text that has it read whatever files and addresses stand
in it, our own and our neighbours' too. Here: which containers are opened. Not here: what is in them (``probe``).
"""

from __future__ import annotations

from typing import BinaryIO

import av
from av.container import InputContainer

_VIDEOS = (
    "mov mp4 3gp 3g2 matroska webm avi mpegts mpegtsraw mpeg mpegvideo m4v h261 h263 h264 hevc vvc av1 obu ivf asf "
    "asf_o flv live_flv kux f4v ogg mxf nut nuv yuv4mpegpipe wtv rm dv mjpeg mjpeg_2000 cavsvideo avs2 avs3 dirac vc1 "
    "vc1test dvd vob lvf pva gxf cine dhav ty smjpeg 4xm amv evc apng gif"
)
_PICTURES = "png_pipe jpeg_pipe jpegls_pipe j2k_pipe webp_pipe bmp_pipe tiff_pipe ppm_pipe pgm_pipe pbm_pipe pam_pipe"
_OPTIONS = {"format_whitelist": ",".join(f"{_VIDEOS} {_PICTURES}".split())}


def open_container(source: str | BinaryIO) -> InputContainer:
    """Open a file that holds its frames itself. Raises ``av.error.FFmpegError`` for any other."""
    return av.open(source, "r", options=_OPTIONS)
