"""The first sequences of a data set as a piece of HTML that needs no server and no script: for notebooks.

Here: that HTML, its pictures within it. Not here: the page with the player (``site``).
"""

from __future__ import annotations

import base64
import html
from typing import Any

from rushes.packaging.reader import Dataset
from rushes.view.thumbnail import thumbnail

_TILE = "display:inline-block;width:180px;margin:0 10px 10px 0;vertical-align:top;overflow-wrap:anywhere;font-size:12px"
_PICTURE = "display:block;width:180px;height:120px;object-fit:contain;background:#000;border-radius:6px"


def strip(dataset: Dataset, count: int = 12) -> str:
    """Return the HTML of the first ``count`` sequences: the middle frame of each with its boxes, and what it is."""
    tiles = "".join(_tile(sequence) for sequence in dataset[:count])
    return f"<p>{html.escape(repr(dataset))}</p><div>{tiles}</div>"


def _tile(sequence: dict[str, Any]) -> str:
    middle = len(sequence["frames"]) // 2
    picture = thumbnail(
        sequence["frames"][middle].jpeg(), sequence["boxes"][middle].numpy(), sequence["ids"][middle].numpy()
    )
    source = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    words = [
        sequence["label"] or "",
        sequence["split"],
        f"{sequence['n_frames']} frames",
        f"{sequence['n_boxes']} boxes",
    ]
    name, facts = html.escape(sequence["sequence_id"]), html.escape(" · ".join(filter(None, words)))
    return f'<div style="{_TILE}"><img style="{_PICTURE}" src="{source}" alt="{name}"><b>{name}</b><br>{facts}</div>'
