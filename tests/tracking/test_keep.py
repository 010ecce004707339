"""Which tracks are kept, and who takes notice."""

from __future__ import annotations

from typing import Any

import pytest
from rows import filtered_row, packet_rows, track_row, video_row, write_batch

from rushes.errors import SettingsError
from rushes.selection.candidates.consider import consider
from rushes.selection.recipes.recipe import Recipe
from rushes.settings import Keep, Settings, Tracking, parse
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.rejects import Reason
from rushes.tracking.keep import judged
from rushes.tracking.presets import PRESETS

CLIP = filtered_row("v", 0, 100)
TRACKVERSE = Keep(min_duration_s=3.0, min_area=0.1)


def track(start: int = 0, end: int = 100, **changes: Any) -> dict[str, Any]:
    return track_row(CLIP, 1, start, end, **changes)


def test_by_default_everything_is_kept() -> None:
    row, reject = judged(track(0, 1, mean_area=0.0), Settings().tracking.keep)
    assert (row["kept"], row["reason"], reject) == (True, None, None)


@pytest.mark.parametrize(
    ("frames", "area", "reason"),
    [(75, 0.1, None), (74, 0.5, "too_short"), (100, 0.0999, "too_small"), (10, 0.0, "too_short")],
)
def test_trackverse_keeps_what_lasts_three_seconds_and_fills_a_tenth(
    frames: int, area: float, reason: str | None
) -> None:
    row, reject = judged(track(0, frames, mean_area=area), TRACKVERSE)
    assert (row["kept"], row["reason"]) == (reason is None, reason)
    assert (reject is None) == (reason is None)


def test_what_is_not_kept_stays_as_it_was_and_is_told_with_the_rule() -> None:
    given = track(0, 50, mean_area=0.3)
    row, reject = judged(given, TRACKVERSE)
    assert {**row, "kept": True, "reason": None} == given
    assert reject is not None
    assert (reject.item_kind, reject.item_id, reject.reason) == ("track", given["track_id"], Reason.TOO_SHORT)
    assert reject.detail == "duration_s 2 < 3"


def test_a_preset_that_there_is_not_is_refused_where_settings_are_given() -> None:
    assert {parse(f"tracking: {{preset: {name}}}")[None].tracking.preset for name in PRESETS} == set(PRESETS)
    with pytest.raises(SettingsError, match=r"tracking\.preset: .*'trackverse-doc'"):
        parse("tracking: {preset: trackverse}")


def test_rules_have_names_in_the_settings() -> None:
    settings = parse("tracking: {keep: trackverse}\ncollections: {tiny: {tracking: {keep: {min_area: 0.01}}}}")
    assert settings[None].tracking.keep == TRACKVERSE
    assert settings["tiny"].tracking.keep == Keep(min_area=0.01)
    assert Tracking(keep="all").keep == Keep()


def test_a_collection_may_change_one_rule_of_its_own() -> None:
    settings = parse(
        "tracking: {keep: {min_duration_s: 2, min_area: 0.2}}\n"
        "collections: {tiny: {tracking: {keep: {min_area: 0.01}}}, all: {tracking: {keep: all}}}"
    )
    assert settings["tiny"].tracking.keep == Keep(min_duration_s=2, min_area=0.01)
    assert settings["all"].tracking.keep == Keep()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tracking: {keep: detic}", "there are: all, trackverse"),
        ("tracking: {keep: {min_size: 1}}", "allowed: min_duration_s, min_area"),
        ("tracking: {keep: {min_area: 2}}", "tracking.keep.min_area"),
    ],
)
def test_rules_that_nobody_knows_are_refused_with_those_that_there_are(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse(text)


def chosen(store: Objects, where: str | None = None) -> list[str]:
    recipe = Recipe(name="r", unit="track", where=where)
    with connect(store) as connection:
        rows = consider(connection, recipe, ["made-0000"]).candidates.rows
    return [track.rpartition(".t")[2] for track in rows.column("track_id").to_pylist()]


@pytest.fixture
def judged_tracks(store: Objects) -> Objects:
    """A kept track of a kept clip, two that are not kept, and a kept one of a dropped clip."""
    dropped = filtered_row("v", 100, 150, kept=False, reason="still")
    tracks = [
        track_row(CLIP, 1, 0, 100),
        track_row(CLIP, 2, 0, 50, kept=False, reason="too_short"),
        track_row(CLIP, 3, 0, 90, kept=False, reason="too_small"),
        track_row(dropped, 4, 100, 150),
    ]
    write_batch(
        store,
        videos=[video_row("v", 150)],
        packets=packet_rows("v", range(150)),
        filtered_clips=[CLIP, dropped],
        tracks=tracks,
    )
    return store


def test_recipes_take_kept_tracks_alone(judged_tracks: Objects) -> None:
    assert chosen(judged_tracks) == ["0001"]
    assert chosen(judged_tracks, "class_name = 'car' OR true") == ["0001"]


@pytest.mark.parametrize(
    ("where", "tracks"),
    [
        ("track_kept OR duration_s >= 3", ["0001", "0003"]),
        ("TRACK_KEPT IS NOT NULL", ["0001", "0002", "0003"]),
        ("NOT track_kept AND track_reason = 'too_short'", ["0002"]),
    ],
)
def test_a_recipe_that_speaks_of_it_decides_for_itself(judged_tracks: Objects, where: str, tracks: list[str]) -> None:
    assert chosen(judged_tracks, where) == tracks


def test_tracks_of_before_there_were_rules_are_kept(judged_tracks: Objects) -> None:
    with connect(judged_tracks) as connection:
        connection.execute(
            "CREATE OR REPLACE VIEW tracks AS SELECT * REPLACE (NULL::BOOLEAN AS kept) FROM stored.tracks"
        )
        assert connection.execute("SELECT DISTINCT track_kept FROM track_candidates").fetchall() == [(True,)]
