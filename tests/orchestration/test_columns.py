"""What Dagster is told of the tables' columns, and of how old an asset may be."""

from datetime import timedelta

import dagster as dg
import pytest

from assets.columns import column_lineage, table_metadata
from assets.freshness import freshness_policy


def test_a_column_names_the_assets_columns_that_it_is_made_of() -> None:
    deps = column_lineage("tracks").deps_by_column
    assert deps["clip_id"] == [dg.TableColumnDep(dg.AssetKey("filtered_clips"), "clip_id")]
    assert dg.TableColumnDep(dg.AssetKey("raw_videos"), "width") in deps["mean_area"]
    assert dg.TableColumnDep(dg.AssetKey("raw_videos"), "annotation_boxes.class_name") in deps["class_name"]
    assert "kept" not in deps


def test_a_column_says_what_it_means_and_is_made_of() -> None:
    schema = table_metadata(["tracks", "track_boxes"])["dagster/column_schema"]
    (column,) = [column for column in schema.columns if column.name == "mean_area"]
    assert column.description.startswith("mean box area as a share of the frame. Made of track_boxes.w,")
    assert not column.constraints.nullable


@pytest.mark.parametrize(("days", "fail"), [(None, 30), ("8", 8), ("0.5", 0.5)])
def test_an_asset_is_old_after_days_that_one_may_set(
    days: str | None, fail: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUSHES_FRESH_DAYS", raising=False)
    if days:
        monkeypatch.setenv("RUSHES_FRESH_DAYS", days)
    policy = freshness_policy()
    assert policy == dg.FreshnessPolicy.time_window(timedelta(days=fail), timedelta(days=fail / 4))


def test_footage_that_comes_in_once_does_not_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHES_FRESH_DAYS", "0")
    assert freshness_policy() is None
