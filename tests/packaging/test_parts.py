"""How a selection is shared out: into shards of so many sequences, so many shards, or shards of a size."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import filtered_row, write_batch
from tasks import ingested
from videos import make_video

from rushes.packaging.chosen import Chosen
from rushes.packaging.package import package
from rushes.packaging.parts import parts
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.store.database import connect
from rushes.store.objects import Objects

FRAMES, LENGTH = 80, 4


def noise(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (96, 128, 3)).astype(np.uint8)


@pytest.fixture
def filled(store: Objects, tmp_path: Path) -> Objects:
    video = make_video(tmp_path / "v.mp4", FRAMES, size=(128, 96), picture=noise, options={"crf": "10"})
    rows = ingested(store, video, "v").rows
    tables: dict[str, Any] = {name: rows[name].to_pylist() for name in ("videos", "packets")}
    write_batch(store, **tables, filtered_clips=[filtered_row("v", 0, FRAMES)])
    return store


def recipe_of(**fields: Any) -> Recipe:
    made = {"name": "all", "sequence_length": LENGTH, "privacy": "none", "check_frames": False, **fields}
    return Recipe(**{"formats": ("webdataset",), **made})


def chosen_of(count: int, split: str = "all") -> list[Chosen]:
    return [Chosen(f"{split}{i}", "v", "v.000000-000080", None, range(4 * i, 4 * i + 4), split) for i in range(count)]


def sizes(store: Objects, recipe: Recipe, chosen: list[Chosen]) -> list[int]:
    found = parts(store, recipe, chosen)
    assert sorted(one.sequence_id for part in found for one in part.chosen) == sorted(c.sequence_id for c in chosen)
    for part in found:
        assert part.shard.count == sum(other.shard.split == part.shard.split for other in found)
    return [len(part.chosen) for part in found]


def test_a_shard_has_so_many_sequences(store: Objects) -> None:
    assert sizes(store, recipe_of(shard_sequences=4), chosen_of(10)) == [4, 3, 3]


def test_there_are_so_many_shards_of_each_split_but_none_is_empty(store: Objects) -> None:
    chosen = [*chosen_of(10, "train"), *chosen_of(2, "test")]
    assert sizes(store, recipe_of(shards=3), chosen) == [1, 1, 4, 3, 3]


def test_nothing_chosen_is_no_shard(filled: Objects) -> None:
    assert parts(filled, recipe_of(shard_mb=1), []) == []


@pytest.mark.parametrize("quality", [50, 95])
def test_shards_are_of_about_the_size_that_was_asked_for(filled: Objects, quality: int) -> None:
    recipe = recipe_of(shard_mb=0.1, jpeg_quality=quality)
    select(filled, recipe)
    package(filled, recipe, workers=0)
    with connect(filled) as connection:
        query = "SELECT size FROM datasets WHERE path LIKE '%.tar'"
        found = [size for (size,) in connection.execute(query).fetchall()]
    assert len(found) > 3
    assert sum(found) / len(found) == pytest.approx(0.1e6, rel=0.3)
    assert max(found) < 0.16e6


def test_other_rates_take_room_as_well(filled: Objects) -> None:
    few = recipe_of(shard_mb=0.25, formats=("mediasequence",))
    more = recipe_of(shard_mb=0.25, formats=("mediasequence",), mediasequence={"fps": (25, 50)})
    chosen = chosen_of(20)
    assert len(parts(filled, more, chosen)) > 2.5 * len(parts(filled, few, chosen))
