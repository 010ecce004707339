"""Videos of pages: by yt-dlp, in a process that can be watched and ended.

Here: which addresses are of sites that it knows, and its process. Not here: what goes on in there (``site_process``).
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import LinkError, SettingsError, VideoError
from rushes.ranges.address import shown
from rushes.sources.download.pace import Pace
from rushes.sources.download.watched import watched
from rushes.store.rejects import Reason
from rushes.work import stop

if TYPE_CHECKING:
    from rushes.settings import Ingest

Count = Callable[[int, int | None], None]

_SILENCE_S = 300.0  # a site may make us wait before it lets us have anything
_MODULE = "rushes.sources.download.site_process"
_loading = threading.Lock()


@dataclass(frozen=True)
class FromSite:
    """A video that was fetched, and what its site told of it."""

    path: Path
    about: dict[str, Any]


def is_installed() -> bool:
    """Tell whether yt-dlp is there."""
    return importlib.util.find_spec("yt_dlp") is not None


def knows(uri: str) -> bool:
    """Tell whether an address is of a site that yt-dlp knows by name."""
    return is_installed() and any(extractor.suitable(uri) for extractor in _extractors())


def fetch(uri: str, trust: str, folder: Path, limits: Ingest, count: Count) -> FromSite:
    """Have a video fetched into a folder of its own, where what came before is gone on with.

    Raises ``VideoError`` for what will not pass, ``LinkError`` for what may, both in the site's words.
    """
    folder.mkdir(exist_ok=True)
    if limits.cookies is not None and not os.path.isfile(limits.cookies):
        raise SettingsError(f"ingest.cookies: no file {limits.cookies}")
    wish = {
        "uri": uri,
        "trust": trust,
        "folder": str(folder),
        "max_height": limits.max_height,
        "max_bytes": limits.max_bytes,
        "max_duration_s": limits.max_duration_s,
        "rate_limit": limits.rate_limit,
        "cookies": limits.cookies,
    }
    name = shown(uri)
    with _process(wish, folder) as lines:
        told = _outcome(name, lines, limits, count)
    if told is None:
        raise LinkError(Reason.UNAVAILABLE, f"{name}: yt-dlp ended: {_last_line(folder)}")
    if told["kind"] == "done":
        return FromSite(Path(told["path"]), told["about"])
    error = LinkError if told["passes"] else VideoError
    raise error(told["reason"], f"{name}: {told['detail']}")


def _outcome(name: str, lines: Iterator[str | None], limits: Ingest, count: Count) -> dict[str, Any] | None:
    """Follow what the process says; return its last word, or None when it ended without one."""
    pace: Pace | None = None
    received, heard = 0, time.monotonic()
    for line in lines:
        stop.check()
        told: dict[str, Any] = json.loads(line) if line else {}
        if told.get("kind") in ("done", "failed"):
            return told
        if told:
            pace = pace or Pace(name, limits)
            pace.came(max(0, told["received"] - received))
            received, heard = told["received"], time.monotonic()
            count(received, told["total"] and int(told["total"]))
        elif pace is not None:
            pace.check()
        elif time.monotonic() - heard > _SILENCE_S:
            raise LinkError(Reason.TOO_SLOW, f"{name}: its site lets us wait for more than {_SILENCE_S:g} s")
    return None


@contextmanager
def _process(wish: dict[str, Any], folder: Path) -> Iterator[Iterator[str | None]]:
    """Start the process and yield its lines; afterwards it is gone, with whatever it started."""
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env={**os.environ, "YTDLP_NO_PLUGINS": "1"},
        )
    assert child.stdin is not None
    assert child.stdout is not None
    out = child.stdout
    try:
        child.stdin.write(json.dumps(wish) + "\n")
        child.stdin.flush()
        with closing(watched(lambda: iter(out.readline, ""))) as lines:  # type: ignore[type-var]
            yield lines
    except BrokenPipeError:
        raise LinkError(Reason.UNAVAILABLE, f"{shown(wish['uri'])}: yt-dlp ended: {_last_line(folder)}") from None
    finally:
        _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    with suppress(OSError):
        child.stdin.close()  # type: ignore[union-attr]


def _last_line(folder: Path) -> str:
    lines = (folder / "log").read_text(errors="replace").split("\n")
    return next((" ".join(line.split()) for line in reversed(lines) if line.strip()), "without a word")


@cache
def _extractors() -> tuple[Any, ...]:
    """Return yt-dlp's extractors of sites, without those that somebody plugged in."""
    with _loading:
        from yt_dlp import globals as settings
        from yt_dlp.extractor import gen_extractor_classes

        settings.plugin_dirs.value = []
        return tuple(found for found in gen_extractor_classes() if found.IE_NAME != "generic")
