"""COCO-VID and TAO: one JSON of videos, their pictures, and the boxes of objects (``instance_id``, ``track_id``).

A video is the folder that its pictures lie in, below the JSON's folder or ``media``; where there is no such folder, the
video file of its name. A box belongs to the picture of its name, in a video file to the frame of its picture's number
(from 0). Boxes are pixels from 0 of pictures of the size that the JSON says; pictures of another size have them scaled.

A line of the slice is an annotation with what is needed of its picture, numbered by its place in the JSON; one more for
each video, numbered on from these, says which pictures were looked at. TAO's annotators looked for some classes only,
so that a picture without a box proves nothing there: what it says of that becomes a label of the whole video.

Here: that JSON. Not here: the pictures (``rushes.video.images``), segmentations (kept as attributes, unread).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rushes.errors import SettingsError
from rushes.ranges.address import is_elsewhere
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.lines import beginning, parsed
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.pictures import BadLineError, Ltwh, add_annotated
from rushes.sources.formats.tree import VIDEO_SUFFIXES, is_video
from rushes.sources.ids import folder_id_of, video_id_of
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.sources.trust import inside
from rushes.store.rejects import Reason

ANNOTATION = "coco-vid"
_LISTS = ("videos", "images", "annotations")
_BEGINS = re.compile(r'\{\s*"(info|licenses|type|videos|images|annotations|categories|tracks)"\s*:')
_MOST_BYTES = 1 << 30
# What a video may say of the classes that were not looked for (TAO).
_PARTIAL = ("neg_category_ids", "not_exhaustive_category_ids")
_READ = ("image_id", "video_id", "category_id", "bbox", "instance_id", "track_id", "score", "visibility", "iscrowd")
_LARGEST_CLASS = 2**31 - 1


@dataclass(frozen=True)
class _Picture:
    """A picture: its file's folder and name, its place among the video's frames, and (width, height)."""

    video: Hashable
    folder: str
    file: str
    frame: int | None
    size: tuple[int, int] | None


@dataclass
class _Video:
    """A video with the places of what belongs to it."""

    place: int
    about: dict[str, Any]
    pictures: list[_Picture] = field(default_factory=list)
    annotations: list[int] = field(default_factory=list)


def _recognises(path: Path) -> bool:
    return bool(_BEGINS.match(" ".join(beginning(path, 3)))) and _read(path) is not None


def _read(path: Path) -> dict[str, Any] | None:
    """Return the JSON; None when it is none with videos, pictures and annotations.

    Raises ``SettingsError`` when it is more than can be had in memory as a whole.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise SettingsError(f"{path}: {path.stat().st_size} bytes are too many to read at once: split it by videos")
    try:
        text = path.read_text("utf-8-sig")
        data = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError, OSError):
        return None
    if "\\ud" in text.lower():
        # Halves of characters, which no UTF-8 can hold, become question marks.
        data = json.loads(json.dumps(data, ensure_ascii=False).encode(errors="replace"))
    whole = isinstance(data, dict) and all(isinstance(data.get(key), list) for key in _LISTS)
    return data if whole else None


def _sources(given: Given) -> Iterator[Source | Misfit]:
    data = _read(given.path)
    if data is None:
        raise SettingsError(f"{given.name}: not a JSON object with the lists {', '.join(_LISTS)}")
    yield from _Book(given, data).videos()


class _Book:
    """The whole JSON, put in order by video."""

    def __init__(self, given: Given, data: dict[str, Any]) -> None:
        self._given = given
        self._annotations: list[Any] = data["annotations"]
        self._misfits: list[Misfit] = []
        self._classes = _class_names(data.get("categories"))
        self._videos = self._in_order(data["videos"])
        self._pictures = self._taken_in(data["images"])
        self._share_out()
        self._where = _Where(given)

    def videos(self) -> Iterator[Source | Misfit]:
        """Yield what makes no sense, and each video with its lines."""
        yield from self._misfits
        for video in self._videos.values():
            place = f"{self._given.name}:videos[{video.place}]"
            found = self._where.video(video)
            if isinstance(found, Refused):
                count = f"; it has {len(video.annotations)} annotations"
                yield Misfit(place, found.reason, found.detail + count, _json(video.about)[:200])
            else:
                uri, video_id, within = found
                lines = [*self._lines(video), (len(self._annotations) + 1 + video.place, _about(video))]
                yield Source(uri, video_id, place, within, [Slice(ANNOTATION, self._given.name, lines)])

    def _in_order(self, listed: list[Any]) -> dict[Hashable, _Video]:
        videos: dict[Hashable, _Video] = {}
        for place, about in enumerate(listed):
            key = _key(about, "id")
            if key is None or key in videos:
                self._misfit("videos", place, about, "no video with an id of its own")
            else:
                videos[key] = _Video(place, about)
        return videos

    def _taken_in(self, listed: list[Any]) -> dict[Hashable, _Picture]:
        pictures: dict[Hashable, _Picture] = {}
        for place, about in enumerate(listed):
            key, video = _key(about, "id"), self._videos.get(_key(about, "video_id"))
            if key is None or key in pictures or video is None or not isinstance(about.get("file_name"), str):
                self._misfit("images", place, about, "no picture with an id of its own, a file_name and a known video")
            else:
                pictures[key] = _picture(about)
                video.pictures.append(pictures[key])
        return pictures

    def _share_out(self) -> None:
        """Give each annotation to its picture's video, or else to the one that it names itself."""
        for place, about in enumerate(self._annotations):
            picture = self._pictures.get(_key(about, "image_id"))
            video = self._videos.get(picture.video if picture else _key(about, "video_id"))
            if video is None:
                self._misfit("annotations", place, about, "an annotation of no picture and no video that is listed")
            else:
                video.annotations.append(place)

    def _lines(self, video: _Video) -> Iterator[tuple[int, str]]:
        for place in video.annotations:
            about = self._annotations[place]
            picture = self._pictures.get(_key(about, "image_id"))
            name = self._classes.get(_key(about, "category_id"))
            yield place + 1, _json({"annotation": about, "class": name, "picture": picture and _facts(picture)})

    def _misfit(self, key: str, place: int, about: Any, detail: str) -> None:
        self._misfits.append(Misfit(f"{self._given.name}:{key}[{place}]", Reason.BAD_LINE, detail, _json(about)[:200]))


class _Where:
    """Finds the videos of one JSON."""

    def __init__(self, given: Given) -> None:
        elsewhere = given.media is not None and is_elsewhere(given.media)
        self._address = Names(given) if elsewhere else None
        folder = given.path.parent if given.media is None or elsewhere else Path(given.media).expanduser()
        self._folder = os.path.abspath(folder)

    def video(self, video: _Video) -> tuple[str, str, str | None] | Refused:
        """Return a video's address, its id, and the folder that it must lie in."""
        folders = sorted({picture.folder for picture in video.pictures})
        names = [name for key in ("file_name", "name") if isinstance(name := video.about.get(key), str) and name]
        if len(folders) > 1:
            return Refused(Reason.BAD_LINE, f"its pictures lie in {len(folders)} folders: a video's must lie in one")
        if not folders and not names:
            return Refused(Reason.BAD_LINE, "it has neither pictures nor a name")
        video_id = _id_of([*names[::-1], *folders][0])
        if self._address is not None:
            return self._there(self._address, [*names, *folders][0], video_id)
        return self._here(folders, names, video_id)

    def _there(self, names: Names, name: str, video_id: str) -> tuple[str, str, str | None] | Refused:
        found = names.address(name if is_video(name) else f"{name}.mp4", video_id)
        return found if isinstance(found, Refused) else (found.uri, found.video_id, found.within)

    def _here(self, folders: list[str], names: list[str], video_id: str) -> tuple[str, str, str | None] | Refused:
        if folders == [""]:
            return self._folder, video_id, os.path.dirname(self._folder)
        wanted = [*folders, *names]
        paths = [path for name in wanted if (path := inside(self._folder, name)) is not None]
        if not paths or inside(self._folder, wanted[0]) is None:
            return Refused(Reason.FORBIDDEN, f"{wanted[0]!r} leads outside {self._folder}, where its videos must lie")
        present = _present(paths, is_folder=bool(folders))
        if inside(self._folder, present) is None:  # with its suffix it is a link
            return Refused(Reason.FORBIDDEN, f"{present} leads outside {self._folder}, where its videos must lie")
        return present, video_id, self._folder


def _present(paths: list[str], *, is_folder: bool) -> str:
    """Return the first path if it is a folder of pictures, else a video file of one of these names; else the first."""
    if is_folder and os.path.isdir(paths[0]):
        return paths[0]
    files = (path + suffix for path in paths for suffix in ("", *sorted(VIDEO_SUFFIXES)))
    return next((file for file in files if is_video(file) and os.path.isfile(file)), paths[0])


def _id_of(name: str) -> str:
    return video_id_of(name) if is_video(name) else folder_id_of(name)


def _picture(about: dict[str, Any]) -> _Picture:
    path = PurePosixPath(about["file_name"])
    folder = "" if path.parent == PurePosixPath(".") else str(path.parent)
    frame = next((about[key] for key in ("frame_id", "frame_index") if _is_whole(about.get(key))), None)
    size = _size([about.get("width"), about.get("height")])
    return _Picture(about["video_id"], folder, path.name, frame, size)


def _size(value: Any) -> tuple[int, int] | None:
    is_size = isinstance(value, list) and len(value) == 2 and all(_is_whole(side) and side > 0 for side in value)
    return (value[0], value[1]) if is_size else None


def _facts(picture: _Picture) -> dict[str, Any]:
    return {"file": picture.file, "frame": picture.frame, "size": picture.size}


def _about(video: _Video) -> str:
    """Return the line that a video has besides those of its boxes."""
    return _json({"video": video.about, "pictures": [{"file": p.file, "frame": p.frame} for p in video.pictures]})


def _class_names(categories: Any) -> dict[Hashable, str]:
    listed = categories if isinstance(categories, list) else []
    named = [one for one in listed if _key(one, "id") is not None and isinstance(one.get("name"), str)]
    return {one["id"]: one["name"] for one in named}


def _key(about: Any, name: str) -> Hashable:
    """Return what something is known by, a number or a text; None when it has no such thing."""
    value = about.get(name) if isinstance(about, dict) else None
    return value if _is_whole(value) or isinstance(value, str) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Make rows of the lines of one video."""
    rows = Rows(lines.annotation, footage)
    frames = {name: frame for frame, name in enumerate(footage.names or ())}
    seen: dict[tuple[int | None, str], int] = {}
    for line, text in lines.lines:
        record = parsed(text)
        if record is None:
            rows.reject(line, Reason.BAD_LINE, f"{text[:40]!r} is no JSON object")
            continue
        try:
            if "video" in record:
                _add_video(rows, line, record, frames)
            else:
                _add(rows, line, record, frames, seen)
        except BadLineError as error:
            rows.reject(line, Reason.BAD_LINE, str(error))
    return rows.done()


def _add_video(rows: Rows, line: int, record: dict[str, Any], frames: dict[str, int]) -> None:
    """Note which frames were looked at, or for what."""
    about, pictures = record["video"], record.get("pictures")
    if not isinstance(about, dict) or not isinstance(pictures, list):
        raise BadLineError("no video with its pictures")
    partial = {key: about[key] for key in _PARTIAL if key in about}
    if partial:
        rows.segment(line, "label", 0.0, rows.footage.end_s, attributes=partial)
        return
    looked_at = [_frame(rows.footage, picture, frames) for picture in pictures]
    add_annotated(rows, {frame: line for frame in looked_at if frame is not None and 0 <= frame < len(rows.footage)})


def _add(
    rows: Rows, line: int, record: dict[str, Any], frames: dict[str, int], seen: dict[tuple[int | None, str], int]
) -> None:
    about, picture = record.get("annotation"), record.get("picture")
    if not isinstance(about, dict):
        raise BadLineError("an annotation is a JSON object")
    if not isinstance(picture, dict):
        rows.reject(line, Reason.NO_IMAGE, f"its image, {about.get('image_id')!r:.40}, is not in the list of images")
        return
    frame = _frame(rows.footage, picture, frames)
    ltwh, size = _box(about.get("bbox"), _size(picture.get("size")), rows.footage)
    facts = _facts_of(about, record.get("class"), size)
    object_id = facts["object_id"]
    first = line if object_id is None else seen.setdefault((frame, object_id), line)
    if frame is None:
        rows.reject(line, Reason.NO_IMAGE, f"a box in {picture.get('file')!r}: there is no such picture")
    elif first != line:
        rows.reject(line, Reason.ID_CONFLICT, f"object {object_id} is in frame {frame} already, by line {first}")
    else:
        rows.box(line, frame, ltwh, **facts)


def _frame(footage: Footage, picture: Any, frames: dict[str, int]) -> int | None:
    """Return the frame of a picture: by its name, or in a video file, which has none, by its place."""
    file, place = (picture.get("file"), picture.get("frame")) if isinstance(picture, dict) else (None, None)
    if footage.names is not None:
        return frames.get(file) if isinstance(file, str) else None
    return place if _is_whole(place) else None


def _box(bbox: Any, size: tuple[int, int] | None, footage: Footage) -> tuple[Ltwh, tuple[int, int] | None]:
    """Return a box in the video's pixels, and the size of picture that it was given for, if that is another."""
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise BadLineError(f"bbox is {bbox!r:.60}, and not [left, top, width, height]")
    left, top, width, height = (_real(value, "bbox") for value in bbox)
    if size is None or size == (footage.width, footage.height):
        return (left, top, width, height), None
    across, down = footage.width / size[0], footage.height / size[1]
    return (left * across, top * down, width * across, height * down), size


def _facts_of(about: dict[str, Any], class_name: Any, size: Any) -> dict[str, Any]:
    """Return what an annotation says besides where the box is; what we do not know stays as an attribute."""
    class_id, score, visibility = (about.get(key) for key in ("category_id", "score", "visibility"))
    if class_id is not None and not (_is_whole(class_id) and abs(class_id) <= _LARGEST_CLASS):
        raise BadLineError(f"category_id is {class_id!r:.40}, and not a whole number")
    crowd = bool(about.get("iscrowd"))
    others = {key: value for key, value in about.items() if key not in _READ}
    return {
        "object_id": _object_id(about),
        "class_id": class_id,
        "class_name": class_name if isinstance(class_name, str) else None,
        "score": None if score is None else _real(score, "score"),
        "visibility": None if visibility is None else _real(visibility, "visibility"),
        "considered": not crowd and not about.get("ignore"),
        "flags": ["crowd"] if crowd else [],
        "attributes": others | ({"size": size} if size else {}),
    }


def _object_id(about: dict[str, Any]) -> str | None:
    """Return the object's name; -1 stands for none."""
    value = next((about[key] for key in ("instance_id", "track_id") if about.get(key) is not None), None)
    if value is None or value == -1:
        return None
    if not _is_whole(value) and not isinstance(value, str):
        raise BadLineError(f"the object's id is {value!r:.40}, neither a number nor a text")
    return str(value)


def _real(value: Any, name: str) -> float:
    try:
        real = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:
        real = math.nan
    if not math.isfinite(real):
        raise BadLineError(f"{name} has {value!r:.40}, which is no number")
    return real


FORMAT = Format(
    "coco-vid",
    "one JSON of videos, images and annotations, as COCO-VID and TAO have",
    _recognises,
    _sources,
    _annotations,
)
