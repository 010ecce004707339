"""How large the images of sequences will be, so that shards can be of a size before any is written.

Here: an estimate from a few frames that are encoded as all will be. Not here: sharing out (``parts``).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np

from rushes.packaging.beside import wanted
from rushes.packaging.chosen import Chosen
from rushes.privacy.delivery import Delivery
from rushes.selection.recipes.recipe import Recipe
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.video.pictures import encode
from rushes.video.sampling import evenly

_SAMPLES = 16


def estimated_bytes(objects: Objects, recipe: Recipe, chosen: Sequence[Chosen]) -> list[float]:
    """Return about how many bytes the images of each sequence take: its pixels times the bytes a pixel takes.

    That is the mean over the middle frames of up to 16 sequences, evenly spread over the selection: the same selection
    gives the same, so that a killed run finds its parts again.
    """
    if not chosen:
        return []
    with connect(objects) as connection:
        videos: dict[str, tuple[int, float]] = {
            video_id: (pixels, fps)
            for video_id, pixels, fps in connection.execute(
                "SELECT video_id, width * height, fps FROM videos WHERE list_contains(?, video_id)",
                [sorted({one.video_id for one in chosen})],
            ).fetchall()
        }
        sampled = [chosen[int(at)] for at in evenly(np.arange(len(chosen)), _SAMPLES)]
        shares = [_encoded(objects, connection, recipe, one) / videos[one.video_id][0] for one in sampled]
    a_pixel = float(np.mean(shares))
    return [a_pixel * videos[one.video_id][0] * _images(recipe, one, videos[one.video_id][1]) for one in chosen]


def _encoded(objects: Objects, connection: duckdb.DuckDBPyConnection, recipe: Recipe, one: Chosen) -> int:
    """Return the bytes of a sequence's middle frame."""
    hide = recipe.privacy == "redact"
    with Delivery(objects, connection, one.video_id, hide=hide, look=recipe.look) as delivery:
        [(_, picture)] = delivery.frames([one.frames[len(one.frames) // 2]])
    return len(encode(picture, recipe.jpeg_quality))


def _images(recipe: Recipe, one: Chosen, fps: float) -> float:
    """Return about how many images a sequence has, those at other rates as well."""
    others = sum(recipe.mediasequence.fps) if wanted(recipe) else 0.0
    return len(one.frames) * (1 + others / (recipe.fps or fps))
