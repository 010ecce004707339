"""From a video to a page in the browser, or in the notebook.

Here: finding what is to be played, putting the parts together, and the handle that a person gets. Not here: the parts.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING

from rushes.errors import StoreError
from rushes.playback.overlay import Overlay, read_overlay
from rushes.playback.server import Server
from rushes.playback.show import Show
from rushes.video.video import Video, open_file

if TYPE_CHECKING:
    from rushes.store.access import Store

_INLINE_HEIGHT = 560


class Playing:
    """A video that is being shown, from a thread of this process, until ``close`` or the end of the process."""

    def __init__(self, show: Show, port: int = 0) -> None:
        self._show = show
        self._server = Server(show, port)

    def __enter__(self) -> Playing:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Playing at port {self._server.port}: .url gives an address to open, .close() ends it>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the page, inline."""
        return (
            f'<iframe src="{self._server.address(inline=True)}" width="100%" height="{_INLINE_HEIGHT}" '
            'style="border:0;border-radius:8px" allow="fullscreen; autoplay"></iframe>'
        )

    @property
    def note(self) -> str:
        """Why a browser is not given the file as it is; empty if it is."""
        return self._show.note

    @property
    def url(self) -> str:
        """A new address of the page, good for one visit."""
        return self._server.address()

    def close(self) -> None:
        """Stop showing."""
        self._server.close()
        self._show.close()


def play(
    video: Video, *, store: Store | None = None, tracks: bool = False, open_browser: bool = True, port: int = 0
) -> Playing:
    """Show a video in the browser; in a notebook, inline, where what is returned is displayed. Returns at once.

    ``tracks`` draws what ``store`` has of the video over it: boxes, ids, classes, and hides what must not be shown.
    """
    if tracks and store is None:
        raise StoreError("tracks are kept in a store, and this video is in none: rushes add, then rushes build")
    overlay = Overlay() if store is None else read_overlay(store.objects, video.row["video_id"], tracks=tracks)
    playing = Playing(Show(video, overlay), port)
    if open_browser and not in_notebook():
        webbrowser.open(playing.url)
    return playing


def find(store: Store, name: str) -> tuple[Video, Store | None]:
    """Return the video of an id of the store, or of a path or URI, and the store if it is in there.

    Raises ``StoreError`` when it is neither.
    """
    if "://" in name or os.sep in name:
        return open_file(name), None
    try:
        return store.videos[name], store
    except (KeyError, StoreError) as error:
        if os.path.exists(name):
            return open_file(name), None
        raise StoreError(f"there is no file {name!r}, and {error.args[0]}") from None


def in_notebook() -> bool:
    """Tell whether this process is the kernel of a notebook, which displays HTML by itself."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")
