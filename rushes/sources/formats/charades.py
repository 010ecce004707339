"""Charades: people at home, acting by a script; a CSV row a video, with its actions and when they happen.

``id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length``; an action is
``c092 11.90 21.20``. Each becomes a label, and what else the row says stands on a label without a name over the whole
video. Here: that table, the names of its classes, where its videos lie. Not here: how rows are read (``rows``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rushes.errors import SettingsError
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.lines import numbered
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.rows import Row, has_header, integer_in, number_in, record_of, records
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "charades"
_CLASSES = "Charades_v1_classes.txt"
_FOLDERS = ("Charades_v1", "Charades_v1_480", "videos", ".")
# Added to a row: the names of the classes that it speaks of, which stand in a file of their own.
_CLASS_NAMES = "class_names"


def _recognises(path: Path) -> bool:
    """Tell whether it is a table of these columns."""
    return has_header(path, "id", "subject", "scene", "script", "actions", "length")


def _sources(given: Given) -> Iterator[Source | Misfit]:
    """Yield a video for each row. Raises ``SettingsError`` when no folder with the videos is found."""
    names = Names(given if given.media else replace(given, media=_media(given)))
    classes = _classes(given.path.parent / _CLASSES)
    for row in records(given):
        yield row if isinstance(row, Misfit) else _source(names, row, classes)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Turn actions into labels."""
    rows = Rows(lines.annotation, footage)
    for number, text in lines.lines:
        row = record_of(text)
        told = {key: value for key, value in row.items() if key not in ("id", "actions", _CLASS_NAMES) and value != ""}
        if told:
            rows.segment(number, "label", 0.0, footage.end_s, attributes=told)
        names = row.get(_CLASS_NAMES)
        actions = [action.strip() for action in str(row.get("actions") or "").split(";")]
        for at, action in enumerate(filter(None, actions), 1):
            _add_action(rows, number, at, action, names if isinstance(names, dict) else {})
    return rows.done()


def _add_action(rows: Rows, number: int, at: int, action: str, names: Mapping[str, Any]) -> None:
    label, *times = action.split()
    class_id = integer_in(label[1:]) if re.fullmatch(r"c[0-9]+", label) else None
    seconds = [number_in(time) for time in times]
    if class_id is None or len(seconds) != 2 or seconds[0] is None or seconds[1] is None:
        rows.reject(number, Reason.BAD_LINE, f"action {at} is {action!r}, not a class, its begin and its end", at)
        return
    told = {"name": names[label]} if label in names else None
    rows.segment(number, "label", seconds[0], seconds[1], class_id=class_id, label=label, attributes=told)


def _source(names: Names, row: Row[dict[str, str]], classes: Mapping[str, str]) -> Source | Misfit:
    video = row.values.get("id", "").strip()
    if not video:
        return row.misfit(Reason.BAD_LINE, "it names no video")
    named = names.file(video)
    if isinstance(named, Refused):
        return row.misfit(named.reason, named.detail)
    known = {label: classes[label] for label in _labels(row.values.get("actions", "")) if label in classes}
    values: dict[str, Any] = {**row.values, **({_CLASS_NAMES: known} if known else {})}
    return replace(row, values=values).source(named, _NAME)


def _labels(actions: str) -> set[str]:
    return {action.split()[0] for action in actions.split(";") if action.strip()}


def _classes(path: Path) -> dict[str, str]:
    """Return the names of the classes: lines of ``c092 Washing something with a towel``."""
    if not path.is_file():
        return {}
    parts = (text.strip().partition(" ") for _, text in numbered(path))
    return {label: name.strip() for label, _, name in parts}


def _media(given: Given) -> str:
    """Return the folder beside the table that holds one of its videos at least."""
    folders = [given.path.parent / name for name in _FOLDERS]
    held = [(str(folder), _names_in(folder)) for folder in folders if folder.is_dir()]
    for row in records(given):
        if not isinstance(row, Misfit):
            for folder, names in held:
                if f"{row.values.get('id', '').strip()}.mp4" in names:
                    return folder
    raise SettingsError(f"{given.name}: none of its videos lies beside it: say where they are with --media FOLDER")


def _names_in(folder: Path) -> set[str]:
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}


FORMAT = Format(
    _NAME,
    "Charades' CSV: id, subject, scene, …, actions, length; videos beside it or in --media",
    _recognises,
    _sources,
    _annotations,
    by_id=True,
)
