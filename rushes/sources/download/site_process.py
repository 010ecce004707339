"""The process that has yt-dlp fetch one video: ``python -m rushes.sources.download.site_process``.

It reads one line of JSON (``Wish``), and writes lines of JSON: how far it is, then what it brought or why it did not.
When its input ends before, so does it. No configuration, plug-in or other program is used. Here: what yt-dlp is told,
and what its errors mean. Not here: who starts and watches this (``site``), what it may not do (``site_guard``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from yt_dlp import YoutubeDL
from yt_dlp.networking.exceptions import HTTPError, NoSupportingHandlers, RequestError, UnsupportedRequest
from yt_dlp.utils import DownloadError, ExtractorError, UnsupportedError

from rushes.ranges.reach import Reach
from rushes.sources.download.site_guard import Guard
from rushes.store.rejects import Reason

_TOLD = (
    *("id", "title", "uploader", "channel", "channel_id", "upload_date", "duration", "license", "age_limit"),
    *("webpage_url", "extractor_key", "format_id", "width", "height", "fps", "vcodec"),
)
_MAY_PASS = re.compile(
    "not a bot|rate.?limit|too many requests|try again|temporar|timed? ?out|captcha|unusual traffic|premieres? in"
    "|will begin|processing this video|unable to connect|connection",
    re.IGNORECASE,
)
_PASSING = {403, 408, 425, 429}
_ADVICE = re.compile(r"(; please report| \(caused by|\. *Use --| *See +https://github\.com/yt-dlp).*", re.DOTALL)
_NO_WAY = (UnsupportedRequest, NoSupportingHandlers)  # rtmp://, file://, and what else is not the web
_LONGEST_DETAIL = 300


@dataclass(frozen=True)
class Wish:
    """What is to be fetched: ``folder`` is for this video alone, and keeps what has come of it."""

    uri: str
    trust: str
    folder: str
    max_height: int
    max_bytes: int
    max_duration_s: float
    rate_limit: int | None
    cookies: str | None


@dataclass(frozen=True)
class Failure:
    """Why there is no video; ``passes`` when it may go better later."""

    reason: Reason
    passes: bool
    detail: str


class RefusedError(Exception):
    """A video is not wanted, by what the site tells of it."""

    def __init__(self, reason: Reason, passes: bool, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(reason, passes, detail)


class _Silent:
    """Takes what yt-dlp would print."""

    def debug(self, message: str) -> None: ...

    def info(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...


class _Conversation:
    """The lines that are written."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def say(self, kind: str, **fields: Any) -> None:
        self._out.write(json.dumps({"kind": kind, **fields}) + "\n")
        self._out.flush()


def main() -> None:
    """Fetch what the first line of the input wishes."""
    talk = _Conversation(os.fdopen(os.dup(sys.stdout.fileno()), "w"))
    sys.stdout = sys.stderr
    wish = Wish(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_input, daemon=True).start()
    guard = Guard(Reach.of(wish.trust, wish.uri))
    guard.hold()
    try:
        talk.say("done", **_fetch(wish, talk))
    except RefusedError as error:
        talk.say("failed", **vars(error.failure))
    except Exception as error:
        talk.say("failed", **vars(meaning(error, guard)))


def _fetch(wish: Wish, talk: _Conversation) -> dict[str, Any]:
    with YoutubeDL(_options(wish, talk)) as site:
        told = site.sanitize_info(site.extract_info(wish.uri, download=True))
    video = next(_videos(told), None)
    if video is None:
        raise RefusedError(Reason.NOT_VIDEO, False, "a web page, and no video found in it")
    about = {name: video[name] for name in _TOLD if isinstance(video.get(name), str | int | float)}
    return {"path": video["requested_downloads"][0]["filepath"], "about": about}


def _videos(told: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Yield the videos that were downloaded: of a list of them, one."""
    if told and told.get("requested_downloads"):
        yield told
    for entry in (told or {}).get("entries") or ():
        yield from _videos(entry)


def _options(wish: Wish, talk: _Conversation) -> dict[str, Any]:
    folder = Path(wish.folder)
    return {
        # One file as the site has it: the largest whose smaller side is no more than the limit, else the smallest.
        "format": "bv*/b",
        "format_sort": [f"res:{wish.max_height}", "fps", "vcodec:h264", "proto"],
        "outtmpl": {"default": f"{str(folder).replace('%', '%%')}/%(format_id).60B.%(ext)s"},
        "noplaylist": True,
        "playlist_items": "1",
        "match_filter": lambda told, incomplete=False: _judge(told, wish),
        "progress_hooks": [lambda state: _progress(state, wish, talk)],
        "ratelimit": wish.rate_limit,
        "cookiefile": _own_cookies(wish.cookies, folder),
        "continuedl": True,
        "retries": 4,
        "fragment_retries": 4,
        "extractor_retries": 2,
        "socket_timeout": 20,
        "fixup": "never",
        "ffmpeg_location": str(folder / "no-ffmpeg"),
        "external_downloader": {"default": "native"},
        "hls_prefer_native": True,
        "updatetime": False,
        "logger": _Silent(),
        "noprogress": True,
        "color": {"stdout": "no_color", "stderr": "no_color"},
    }


def _own_cookies(cookies: str | None, folder: Path) -> str | None:
    """Copy a file of cookies: yt-dlp writes into it, and others use it at the same time."""
    return None if cookies is None else str(shutil.copyfile(cookies, folder / "cookies.txt"))


def _judge(told: Mapping[str, Any], wish: Wish) -> None:
    """Refuse by what is known before anything is downloaded."""
    if told.get("is_live") or told.get("live_status") in ("is_live", "is_upcoming", "post_live"):
        raise RefusedError(Reason.UNAVAILABLE, True, "it is live, or will be: there is no whole video yet")
    duration = told.get("duration")
    if duration is not None and duration > wish.max_duration_s:
        raise RefusedError(Reason.TOO_LONG, False, f"{duration:g} s, more than ingest.max_duration_s")


def _progress(state: Mapping[str, Any], wish: Wish, talk: _Conversation) -> None:
    received, total = state.get("downloaded_bytes") or 0, state.get("total_bytes")
    if max(received, total or 0) > wish.max_bytes:
        raise RefusedError(Reason.TOO_LARGE, False, f"more than ingest.max_bytes = {wish.max_bytes} bytes")
    talk.say("at", received=received, total=total or state.get("total_bytes_estimate"))


def meaning(error: BaseException, guard: Guard) -> Failure:
    """Tell what an error of yt-dlp means, in the site's words."""
    causes = list(_causes(error))
    refused = next((cause for cause in causes if isinstance(cause, RefusedError)), None)
    if refused is not None:
        return refused.failure
    if guard.refused:
        return Failure(Reason.FORBIDDEN, False, f"leads to a private machine, {guard.refused[0]}")
    if any(isinstance(cause, UnsupportedError) for cause in causes):
        return Failure(Reason.NOT_VIDEO, False, "a web page, and no video found in it")
    words = _ADVICE.sub("", " ".join(str(error).split()).removeprefix("ERROR: "))[:_LONGEST_DETAIL]
    if "URLs are disabled" in words or any(isinstance(cause, _NO_WAY) for cause in causes):
        return Failure(Reason.FORBIDDEN, False, words)
    status = next((cause.status for cause in causes if isinstance(cause, HTTPError)), None)
    if status in (404, 410):
        return Failure(Reason.MISSING_FILE, False, words)
    final = any(isinstance(cause, ExtractorError) and cause.expected for cause in causes)
    by_network = any(isinstance(cause, RequestError | OSError) for cause in causes)
    may_pass = not final or status in _PASSING or (status or 0) >= 500 or bool(_MAY_PASS.search(words))
    return Failure(Reason.UNAVAILABLE, may_pass or (by_network and status is None), words)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was made of."""
    while error is not None:
        yield error
        inner = error.exc_info[1] if isinstance(error, DownloadError) and error.exc_info else None
        error = inner or getattr(error, "cause", None) or error.__cause__


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)  # whoever wanted the video is gone


if __name__ == "__main__":
    main()
