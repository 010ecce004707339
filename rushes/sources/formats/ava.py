"""AVA: what people do in films, as boxes at one moment of each second; a CSV row an action of one person's box.

``video_id,timestamp,x1,y1,x2,y2,action_id,person_id`` without a header, boxes as shares of the frame, the person left
out in version 1. Empty columns of a box say that nobody is to be seen at that moment, which becomes a frame marked as
annotated. Names of actions come from ``ava_action_list*.pbtxt`` or ``.csv`` beside the table. Videos lie in ``media``,
or else on YouTube. Here: that table. Not here: how rows are read (``rows``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.sources.formats.named import Names, Refused
from rushes.sources.formats.rows import Row, beginning, integer_in, lists, number_in, row_of
from rushes.sources.source import Format, Given, Misfit, Slice, Source
from rushes.store.rejects import Reason

_NAME = "ava"
_COLUMNS = (7, 8)
_MOST_ACTIONS = 10_000
# Rows of a video that are handed over at once.
_MOST_ROWS = 5_000


def _recognises(path: Path) -> bool:
    """Tell whether its rows have the shape: a video, a moment, a box, an action."""
    rows = beginning(path)
    return any(any(row[2:6]) for row in rows) and all(_is_ava(row) for row in rows)


def _sources(given: Given) -> Iterator[Source | Misfit]:
    """Yield a video for each run of rows that speak of it, and again for the next run."""
    names, actions = Names(given), _actions(given.path.parent)
    run: list[Row[list[str]]] = []
    for row in lists(given):
        if isinstance(row, Misfit):
            yield row
        elif len(row.values) not in _COLUMNS:
            yield row.misfit(Reason.BAD_LINE, f"a row of {len(row.values)}, where AVA has 7 or 8 columns")
        elif run and (run[0].values[0] != row.values[0] or len(run) == _MOST_ROWS):
            yield from _sources_of(names, run, actions)
            run = [row]
        else:
            run.append(row)
    if run:
        yield from _sources_of(names, run, actions)


def _annotations(lines: Slice, footage: Footage) -> Annotated:
    """Turn rows into boxes, and moments without anybody into annotated frames."""
    rows = Rows(lines.annotation, footage)
    for number, text in lines.lines:
        row = row_of(text)
        if isinstance(row, list) and len(row) == _COLUMNS[-1] + 1:
            _add(rows, number, [str(value or "").strip() for value in row])
        else:
            rows.reject(number, Reason.BAD_LINE, "no row of AVA's")
    return rows.done()


def _add(rows: Rows, number: int, row: list[str]) -> None:
    """Add a row of eight columns, with the name of the action after them."""
    _, moment, *corners, action, person, name = row
    time_s = number_in(moment)
    frame = None if time_s is None else rows.footage.nearest(time_s)
    if not any((*corners, action)) and frame is not None:
        _add_empty(rows, number, frame, moment)
        return
    shares = [number_in(corner) for corner in corners]
    left, top, right, bottom = (float("nan") if share is None else share for share in shares)
    width, height = rows.footage.width, rows.footage.height
    class_id = integer_in(action)
    if class_id is None and action:
        rows.reject(number, Reason.BAD_LINE, f"action {action!r} is no number")
        return
    rows.box(
        number, frame, (left * width, top * height, (right - left) * width, (bottom - top) * height),
        object_id=person or None, class_id=class_id, class_name=name or None,
        attributes={"timestamp": moment}, where=f"{moment} s",
    )  # fmt: skip


def _add_empty(rows: Rows, number: int, frame: int, moment: str) -> None:
    """Mark one frame as looked at, and empty."""
    times = rows.footage.times_s
    end_s = float(times[frame + 1]) if frame + 1 < len(times) else rows.footage.end_s
    rows.segment(number, "annotated", float(times[frame]), end_s, attributes={"timestamp": moment})


def _sources_of(names: Names, run: list[Row[list[str]]], actions: dict[str, str]) -> Iterator[Source | Misfit]:
    first = run[0]
    named = names.youtube(first.values[0].strip())
    if isinstance(named, Refused):
        for row in run:
            yield row.misfit(named.reason, named.detail)
        return
    lines = tuple((row.number, _text(row.values, actions)) for row in run)
    yield Source(named.uri, named.video_id, first.place, named.within, (Slice(_NAME, first.given.name, lines),))


def _text(values: list[str], actions: dict[str, str]) -> str:
    """Return a row of eight columns and its action's name as one line."""
    person = values[7] if len(values) == _COLUMNS[-1] else None
    row: list[Any] = [*values[:7], person, actions.get(values[6].strip())]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _actions(folder: Path) -> dict[str, str]:
    """Return the names of actions by their numbers, of the newest list that lies there."""
    there = sorted(path for path in folder.glob("ava_action_list*") if path.suffix in (".pbtxt", ".csv"))
    if not there:
        return {}
    if there[-1].suffix == ".csv":
        rows = beginning(there[-1], _MOST_ACTIONS)
        return {row[0]: row[1] for row in rows if len(row) > 1 and row[0].isdigit()}
    return _actions_of_pbtxt(there[-1].read_text(encoding="utf-8", errors="backslashreplace"))


def _actions_of_pbtxt(text: str) -> dict[str, str]:
    """Return the names in ``label { name: "stand" label_id: 12 … }``, or ``item`` and ``id``, by their numbers."""
    found = {}
    for block in re.findall(r"\{([^{}]*)\}", text):
        name, number = re.search(r'\bname:\s*"([^"]*)"', block), re.search(r"\b(?:label_)?id:\s*(\d+)", block)
        if name and number:
            found[number[1]] = name[1]
    return found


def _is_ava(row: list[str]) -> bool:
    numbers = [number_in(field) for field in row[1:7]]
    empty = not any(row[2:7])
    return len(row) in _COLUMNS and numbers[0] is not None and (empty or None not in numbers)


FORMAT = Format(
    _NAME,
    "AVA's CSV: video_id, timestamp, x1, y1, x2, y2, action_id, person_id; videos from YouTube or in --media",
    _recognises,
    _sources,
    _annotations,
    by_id=True,
)
