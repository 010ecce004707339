"""What the view's page may ask for, and what it gets.

A sequence is asked for by its place in the data set, a frame by its step in the sequence: no path of a request is ever
one of a file. Here: which question is answered by what. Not here: who may ask (``rushes.loopback``).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from importlib import resources

from rushes.loopback import HTML, Answer, Question, json_answer
from rushes.packaging.reader import Dataset
from rushes.view.catalogue import Catalogue, Filter
from rushes.view.sequence import told
from rushes.view.thumbnail import thumbnail

_PAGE = {
    "": ("index.html", HTML),
    "view.css": ("view.css", "text/css; charset=utf-8"),
    "list.js": ("list.js", "text/javascript; charset=utf-8"),
    "player.js": ("player.js", "text/javascript; charset=utf-8"),
}
_SEQUENCE = re.compile(r"sequence/(\d{1,9})\.json", re.ASCII)
_FRAME = re.compile(r"frame/(\d{1,9})/(\d{1,9})\.jpg", re.ASCII)
_THUMBNAIL = re.compile(r"thumbnail/(\d{1,9})(-boxes)?\.jpg", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_MOST_ROWS = 200


class DatasetSite:
    """The page of one data set."""

    # Its scripts and styles are files of its own: whatever stands in a data set, none of it is ever run.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'"
    )
    gone = (
        "Nothing here. The address of a view opens once: ask for a new one by viewing the data set again, "
        "or reload the page that it opened.\n"
    )

    def __init__(self, dataset: Dataset, title: str) -> None:
        self._dataset, self._title = dataset, title
        self._catalogue = Catalogue(dataset)
        self._lock = threading.Lock()  # the tables that a data set keeps are for one thread at a time
        folder = resources.files("rushes.view") / "page"
        self._page = {path: Answer(mime, (folder / name).read_bytes()) for path, (name, mime) in _PAGE.items()}

    def answer(self, question: Question) -> Answer | None:
        path = question.path
        if path in self._page:
            return self._page[path]
        if path == "about.json":
            return json_answer(self._about())
        if path == "classes.json":
            return json_answer(self._catalogue.classes())
        if path == "sequences.json":
            return self._rows(question.query)
        if match := _SEQUENCE.fullmatch(path):
            return self._sequence(int(match[1]))
        if match := _FRAME.fullmatch(path):
            return self._frame(int(match[1]), int(match[2]))
        if match := _THUMBNAIL.fullmatch(path):
            return self._thumbnail(int(match[1]), bool(match[2]))
        return None

    def _about(self) -> dict[str, object]:
        frames = int(self._dataset.lengths.sum())
        splits = self._catalogue.splits()
        return {"title": self._title, "sequences": len(self._dataset), "frames": frames, "splits": splits}

    def _rows(self, query: Mapping[str, str]) -> Answer | None:
        start, count, class_id = query.get("start", "0"), query.get("count", "60"), query.get("class")
        if not all(_NUMBER.fullmatch(number) for number in (start, count, class_id or "0")):
            return None
        wanted = Filter(query.get("split"), None if class_id is None else int(class_id), query.get("text", ""))
        return json_answer(self._catalogue.page(wanted, int(start), min(int(count), _MOST_ROWS)))

    def _sequence(self, place: int) -> Answer | None:
        if place >= len(self._dataset):
            return None
        with self._lock:
            return json_answer(told(self._dataset, place))

    def _frame(self, place: int, step: int) -> Answer | None:
        if place >= len(self._dataset) or step >= self._dataset.lengths[place]:
            return None
        with self._lock:
            image = self._dataset.frames[place][step]
        return Answer("image/jpeg", image.jpeg())

    def _thumbnail(self, place: int, with_boxes: bool) -> Answer | None:
        if place >= len(self._dataset):
            return None
        with self._lock:
            frames = self._dataset.frames[place]
            middle = len(frames) // 2
            boxes, ids = (self._dataset.boxes[place][middle].numpy(), self._dataset.ids[place][middle].numpy())
        shown = slice(None if with_boxes else 0)
        return Answer("image/jpeg", thumbnail(frames[middle].jpeg(), boxes[shown], ids[shown]))
