"""SQL judges clips that are judged already as the pipeline would by the same thresholds."""

import re
from importlib import resources
from typing import Any

import numpy as np
import pytest
from rows import Row, filtered_row, write_batch

from rushes.filters.rules import RULES, reason_to_drop
from rushes.settings import Filters
from rushes.store.database import connect
from rushes.store.objects import Objects

FIGURES = list(dict.fromkeys(figure for _, figure, _, _ in RULES))


def random_clips(rng: np.random.Generator, count: int) -> list[Row]:
    """Return judged clips whose figures are a few round values, so that thresholds often hit them exactly."""
    clips = []
    for number in range(count):
        figures: Row = {figure: float(np.float32(rng.integers(0, 11) / 10)) for figure in FIGURES}
        figures["duration_s"] = float(rng.integers(0, 11) / 10)
        figures |= {name: None for name in ("cartoon", "aesthetics") if rng.random() < 0.3}
        clips.append(filtered_row("v", number * 10, number * 10 + 10, **figures))
    return clips


def random_thresholds(rng: np.random.Generator) -> dict[str, float | None]:
    chosen: dict[str, float | None] = {}
    for _, _, relation, threshold in RULES:
        value = float(rng.integers(0, 4) / 10 if relation == "<" else rng.integers(7, 11) / 10)
        chosen[threshold] = None if threshold != "min_duration_s" and rng.random() < 0.3 else value
    return chosen


def rejudged(store: Objects, thresholds: dict[str, Any]) -> dict[str, tuple[bool, str | None]]:
    said = ", ".join(f"{name} := {'NULL' if value is None else value}" for name, value in thresholds.items())
    with connect(store) as connection:
        rows = connection.execute(f"SELECT clip_id, kept, reason FROM rejudge({said})").fetchall()
    return {clip: (kept, reason) for clip, kept, reason in rows}


@pytest.mark.parametrize("seed", range(5))
def test_sql_and_the_pipeline_judge_alike(store: Objects, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clips, thresholds = random_clips(rng, 200), random_thresholds(rng)
    write_batch(store, filtered_clips=clips)
    expected = {}
    for clip in clips:
        drop = reason_to_drop(clip, Filters(**thresholds))  # type: ignore[arg-type]
        expected[clip["clip_id"]] = (drop is None, drop[0].value if drop else None)
    assert rejudged(store, thresholds) == expected
    assert len(set(expected.values())) >= 4


def test_thresholds_that_are_not_named_are_the_settings(store: Objects) -> None:
    text = (resources.files("sql") / "views" / "rejudge.sql").read_text()
    said = dict(re.findall(r"^    (\w+) := ([\w.]+)", text, re.MULTILINE))
    defaults = Filters().model_dump()
    assert {name: None if value == "NULL" else float(value) for name, value in said.items()} == {
        threshold: defaults[threshold] for _, _, _, threshold in RULES
    }


def test_it_tells_how_a_clip_was_judged_and_keeps_all_figures(store: Objects) -> None:
    clip = filtered_row("v", 0, 100, sharpness=20.0)
    write_batch(store, filtered_clips=[clip])
    with connect(store) as connection:
        row = connection.execute("SELECT * FROM rejudge(min_sharpness := 30)").to_arrow_table().to_pylist()[0]
    assert (row["was_kept"], row["kept"], row["reason"]) == (True, False, "blurred")
    assert set(clip) - set(row) == set()
