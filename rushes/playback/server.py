"""The player on the loopback: its page, what the page is told of the video, and the video's bytes.

Here: which bytes are given for which path. Not here: who may come in (``rushes.loopback``), what is shown (``show``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib import resources

from rushes import loopback
from rushes.loopback import HTML, TEXT, Answer, Question, json_answer
from rushes.playback.byte_range import UnsatisfiableError, asked_span
from rushes.playback.segments import Pieces
from rushes.playback.show import Show
from rushes.ranges import Ranges

_PIECE = 1 << 20
_PIECES = re.compile(r"([a-z]+)(?:/(\d{1,9}))?", re.ASCII)  # transcoded: about the pieces; transcoded/3: one of them


class Server(loopback.Server):
    """Serves a show from a thread of its own until it is closed. ``port`` 0 takes a free one."""

    def __init__(self, show: Show, port: int = 0) -> None:
        super().__init__(_Player(show), port)


class _Player:
    # The page loads nothing from anywhere but its own server, and tells nobody where it is.
    policy = (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
        "media-src 'self' blob:; img-src data:; base-uri 'none'; form-action 'none'"
    )
    gone = (
        "Nothing here. The address of a player opens once: ask for a new one by playing the video again, "
        "or reload the page that it opened.\n"
    )

    def __init__(self, show: Show) -> None:
        self._show = show
        self._page = (resources.files("rushes.playback") / "player.html").read_bytes()

    def answer(self, question: Question) -> Answer | None:
        what, show = question.path, self._show
        if what == "":
            return Answer(HTML, self._page)
        if what == "about.json":
            return json_answer(show.about())
        if what == "file" and show.file is not None:
            return self._file(show.file, question.span)
        if (match := _PIECES.fullmatch(what)) and (pieces := show.pieces(match[1])) is not None:
            return _pieces(pieces, match[2])
        return None

    def _file(self, ranges: Ranges, asked: str | None) -> Answer:
        size = ranges.fingerprint().size
        try:
            span = asked_span(asked, size)
        except UnsatisfiableError:
            return Answer(
                TEXT, status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{size}"}
            )
        start, end = span or (0, size)
        headers = {"Accept-Ranges": "bytes"}
        if span is not None:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        status = HTTPStatus.OK if span is None else HTTPStatus.PARTIAL_CONTENT
        return Answer(self._show.mime, _read(ranges, start, end), end - start, status, headers)


def _read(ranges: Ranges, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        piece = ranges.read([(start, min(end, start + _PIECE))])[0]
        yield piece
        start += len(piece)


def _pieces(pieces: Pieces, number: str | None) -> Answer | None:
    if number is None:
        return json_answer({"codecs": pieces.codecs, "starts": pieces.starts, "delay_s": pieces.delay_s})
    if int(number) < len(pieces.starts):
        return Answer("video/mp4", pieces.piece(int(number)))
    return None
