"""The report of a selection: one self-contained page that shows what was chosen and out of what.

Here: figures, thumbnails and the page. Not here: choosing (``select``), pictures' redaction (``rushes.privacy``).
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from typing import Any

import jinja2

from rushes.privacy.delivery import Delivery
from rushes.selection.recipe import Recipe
from rushes.selection.select import Selection
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.video.pictures import encode
from rushes.video.sampling import evenly

_SHOWN = 60
_THUMBNAIL = 160
_FRAMES = 3


def write_report(objects: Objects, recipe: Recipe, selection: Selection) -> str:
    """Write ``reports/<recipe>/index.html`` and return its name."""
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (resources.files("rushes.selection") / "report.html").read_text()
    )
    chosen = [(choice, selection.candidates[choice.at]) for choice in selection.choices]
    pictures = _thumbnails(objects, [c for _, c in chosen[:_SHOWN]])
    page = template.render(
        recipe=recipe,
        identity=selection.record.identity,
        funnel=selection.funnel,
        note=selection.note,
        bars=[
            ("videos", _shares([c.video_id for c in selection.candidates], [c.video_id for _, c in chosen])),
            ("classes", _shares(
                [c.class_name for c in selection.candidates if c.class_name],
                [c.class_name for _, c in chosen if c.class_name],
            )),
        ],
        chosen=[
            {
                "rank": rank,
                "id": c.sequence_id,
                "class_name": c.class_name,
                "n_frames": len(c.frames),
                "why": choice.why,
                "pictures": pictures[c.sequence_id],
            }
            for rank, (choice, c) in enumerate(chosen[:_SHOWN])
        ],
        left_out=max(0, len(chosen) - _SHOWN),
    )  # fmt: skip
    name = f"reports/{recipe.name}/index.html"
    objects.write(name, page.encode())
    return name


def _shares(before: Sequence[str], after: Sequence[str]) -> list[dict[str, Any]]:
    """Return each name's count and percentage among candidates and among the chosen, most frequent first."""
    all_of, chosen_of = Counter(before), Counter(after)
    return [
        {
            "name": name,
            "before": count,
            "after": chosen_of[name],
            "before_share": 100 * count / len(before),
            "after_share": 100 * chosen_of[name] / len(after) if after else 0.0,
        }
        for name, count in sorted(all_of.items(), key=lambda item: (-item[1], item[0]))[:30]
    ]


def _thumbnails(objects: Objects, candidates: Sequence[Any]) -> dict[str, list[str]]:
    """Return a few frames of each sequence as data URIs, by sequence id."""
    shown: dict[str, list[str]] = {}
    with connect(objects) as connection:
        for video in sorted({c.video_id for c in candidates}):
            own = [(c, evenly(c.frames, _FRAMES).tolist()) for c in candidates if c.video_id == video]
            with Delivery(objects, connection, video) as delivery:
                size = (_THUMBNAIL, max(1, round(delivery.video["height"] * _THUMBNAIL / delivery.video["width"])))
                wanted = {number for _, numbers in own for number in numbers}
                uris = {n: _data_uri(encode(picture, 80)) for n, picture in delivery.frames(wanted, size)}
            shown |= {c.sequence_id: [uris[n] for n in numbers] for c, numbers in own}
    return shown


def _data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
