"""A data set in the browser: a list of its videos and sequences of images, and beside it a player that draws the boxes.

Here: the list, and the boxes as the player wants them. Not here: the player (``rushes.playback``), and who may see them
(``rushes.loopback``).
"""

from __future__ import annotations

import html
import threading
import webbrowser
from collections.abc import Iterator

from rushes import loopback
from rushes.coords import PIXEL_LTWH, pixel_ltwh
from rushes.errors import StoreError, VideoError
from rushes.handmade.column import Column
from rushes.handmade.dataset import Dataset
from rushes.handmade.images import Images
from rushes.handmade.moving import MOVING, as_video
from rushes.handmade.views import Arrays
from rushes.loopback import HTML, Answer, Question, redirect
from rushes.playback.overlay import Overlay, Track
from rushes.playback.playing import in_notebook
from rushes.playback.server import Server
from rushes.playback.show import Show
from rushes.video.video import Video

_INLINE_HEIGHT = 620
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · rushes</title>
<style>
:root {{ color-scheme: dark; }}
body {{ margin: 0; height: 100vh; display: flex; background: #0d1014; color: #e6e9ee;
  font: 14px/1.4 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }}
nav {{ width: 270px; overflow-y: auto; background: #151a21; border-right: 1px solid #262d37; }}
h1 {{ margin: 0; padding: 9px 12px; font-size: 15px; overflow-wrap: anywhere; border-bottom: 1px solid #262d37; }}
a {{ display: block; padding: 7px 12px; color: inherit; text-decoration: none; border-left: 3px solid transparent; }}
a:hover, a:focus {{ background: #1d242d; border-left-color: #ffb454; outline: 0; }}
small {{ display: block; color: #8b95a3; }}
.amiss {{ color: #ffb454; }}
iframe {{ flex: 1; border: 0; }}
</style></head>
<body><nav><h1>{title}</h1>
{entries}</nav>
<iframe name="player" src="{first}" allow="fullscreen; autoplay"></iframe></body></html>
"""


class Gallery:
    """A data set that is being shown, from threads of this process, until ``close`` or the end of the process."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._players: dict[tuple[str, int], tuple[Server, Show]] = {}
        self._lock = threading.Lock()
        self._server = loopback.Server(_Site(self))

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Gallery at port {self._server.port}: .url gives an address to open, .close() ends it>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the page, inline."""
        return f'<iframe src="{self.url}" width="100%" height="{_INLINE_HEIGHT}" style="border:0"></iframe>'

    @property
    def url(self) -> str:
        """A new address of the page, good for one visit."""
        return self._server.address(inline=True)  # in a notebook there may be no cookies

    def close(self) -> None:
        """Stop showing."""
        self._server.close()
        with self._lock:
            for server, show in self._players.values():
                server.close()
                show.close()
            self._players.clear()

    def page(self) -> str:
        """Return the list of videos."""
        entries = [_entry(self._dataset, column, number) for column, number in _videos(self._dataset)]
        first = next((f"{column.name}/{number}" for column, number in _videos(self._dataset)), "about:blank")
        title = html.escape(self._dataset.objects.uri.rstrip("/").rsplit("/", 1)[-1])
        return _PAGE.format(title=title, entries="\n".join(entries), first=first)

    def player(self, column: str, number: int) -> str | None:
        """Return a new address of the player of one video; None if there is no such."""
        kinds = {column.name: len(column) for column in _video_columns(self._dataset)}
        if not 0 <= number < kinds.get(column, 0):
            return None
        with self._lock:
            if (column, number) not in self._players:
                try:
                    video = _video(self._dataset[column], number)
                except VideoError:
                    return None  # the list says why
                show = Show(video, Overlay(tracks=_tracks(self._dataset, video, number)))
                self._players[column, number] = Server(show), show
            return self._players[column, number][0].address(inline=True)


def visualize(dataset: Dataset, *, open_browser: bool = True) -> Gallery:
    """Show a data set's videos. Raises ``StoreError`` when it has none."""
    if not any(len(column) for column in _video_columns(dataset)):
        raise StoreError(
            f"{dataset.objects.uri}: no videos to show; append some to a column of htype video, or sequence[image]"
        )
    gallery = Gallery(dataset)
    if open_browser and not in_notebook():
        webbrowser.open(gallery.url)
    return gallery


def _video_columns(dataset: Dataset) -> list[Column]:
    return [dataset[name] for name, kind in dataset.kinds.items() if isinstance(kind, MOVING)]


def _video(column: Column, number: int) -> Video:
    """Return a sample of such a column. Raises ``VideoError`` for images that make no video."""
    sample = column[number]
    name = f"{column.name}[{number}]"
    return as_video(sample, name, column.info.get("fps")) if isinstance(sample, Images) else sample


def _box_samples(dataset: Dataset, number: int) -> Iterator[tuple[Column, Arrays]]:
    """Yield the boxes of every frame of the sample of a number, from each column that has such."""
    for name, kind in dataset.kinds.items():
        column = dataset[name]
        if kind.declared.htype == "sequence[bbox]" and number < len(column):
            yield column, column[number]


def _videos(dataset: Dataset) -> Iterator[tuple[Column, int]]:
    return ((column, number) for column in _video_columns(dataset) for number in range(len(column)))


def _entry(dataset: Dataset, column: Column, number: int) -> str:
    """Return a video's line of the list."""
    try:
        video = _video(column, number)
    except VideoError as error:
        return f'<a><small class="amiss">{html.escape(str(error))}</small></a>'
    facts = f"{len(video)} frames of {video.row['width']}×{video.row['height']}"
    lines = [f"<small>{html.escape(column.name)}[{number}] · {facts}</small>"]
    for boxes, sample in _box_samples(dataset, number):
        amiss = len(sample) != len(video)
        words = f"{boxes.name}: " + (f"given for {len(sample)} frames" if amiss else f"{sum(map(len, sample))}")
        lines.append(f'<small class="{"amiss" if amiss else ""}">{html.escape(words)}</small>')
    name = html.escape(video.row["video_id"])
    return f'<a href="{column.name}/{number}" target="player">{name}{"".join(lines)}</a>'


def _tracks(dataset: Dataset, video: Video, number: int) -> list[Track]:
    """Return a video's boxes for the player: one track for each place in the frames' lists of boxes."""
    tracks = []
    for column, sample in _box_samples(dataset, number):
        coords = column.info.get("coords", PIXEL_LTWH)
        frames = [pixel_ltwh(one.numpy(), coords, *video.shape[2:0:-1]).tolist() for one in sample[: len(video)]]
        for place in range(max(map(len, frames), default=0)):
            there = [frame for frame, boxes in enumerate(frames) if place < len(boxes)]
            boxes = [tuple(frames[frame][place]) for frame in there]
            tracks.append(Track(f"{column.name}.t{place}", column.name, 1.0, there[0], there[-1] + 1, there, boxes))
    return tracks


class _Site:
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self' http://127.0.0.1:*; base-uri 'none'; "
        "form-action 'none'"
    )
    gone = "Nothing here. The address of a page opens once: ask for a new one by ds.visualize().\n"

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def answer(self, question: Question) -> Answer | None:
        if question.path == "":
            return Answer(HTML, self._gallery.page().encode())
        column, _, number = question.path.partition("/")
        if not (number.isascii() and number.isdigit()):
            return None
        player = self._gallery.player(column, int(number))
        return None if player is None else redirect(player)
