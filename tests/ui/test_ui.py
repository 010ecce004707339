"""What a person finds in Dagster's UI, on each page that docs/ui.md shows; what is clicked there is built."""

import pytest
from dagster_ui import Tour

from rushes.store.manifests import read_record
from rushes.store.objects import Objects

ASSETS = (
    *("raw_videos", "scene_clips", "filtered_clips", "tracks", "embeddings"),
    *("selected_sequences", "packaged_datasets"),
)


def test_the_graph_shows_seven_assets_in_three_groups(tour: Tour) -> None:
    tour.open("/asset-groups", "ingest", "curate", "datasets")
    tour.browser.wait("document.querySelectorAll('svg foreignObject').length > 0")
    tour.browser.js("document.activeElement.blur()")
    tour.browser.press("e", alt=True)  # opens every group
    tour.see(*ASSETS)
    tour.picture("graph")


def test_the_catalogue_says_what_each_asset_is(tour: Tour) -> None:
    tour.open("/assets", *ASSETS, "Nothing is re-encoded.")
    tour.picture("catalogue")


def test_an_asset_says_what_its_columns_are_and_come_from(tour: Tour) -> None:
    tour.open("/assets/tracks?view=overview", "Owners", "video-data", "mean_area", "box area as a share of the frame")
    tour.see("track_boxes.w", "curate")
    tour.picture("asset")


def test_a_partition_shows_counts_and_a_contact_sheet(tour: Tour) -> None:
    tour.open("/assets/tracks?view=partitions&partition=demo-0000", "rows of tracks", "contact sheet")
    tour.picture("partition")
    tour.click("[Show Markdown]", "a,button,span,div")
    assert tour.browser.wait("[...document.images].some(i => i.src.startsWith('data:image') && i.naturalWidth > 300)")
    tour.picture("contact-sheet")


def test_a_selection_shows_its_funnel_and_where_its_report_is(tour: Tour) -> None:
    tour.open("/assets/selected_sequences?view=partitions&partition=diverse-sequences", "funnel", "overview", "report")
    tour.see("reports/diverse-sequences/index.html")


def test_checks_are_listed_with_what_they_found(tour: Tour) -> None:
    tour.open("/assets/scene_clips?view=checks", "clips_cover_their_videos", "clips_keep_their_schema", "Succeeded")
    tour.picture("checks")


def test_schedules_and_sensors_are_listed(tour: Tour) -> None:
    tour.open("/automation", "nightly_backfills", "weekly_tidy", "build_what_is_ready", "inbox", "new_partitions")
    tour.picture("automation")


def test_runs_of_the_command_line_are_listed_too(tour: Tour) -> None:
    tour.open("/runs", "partition: diverse-sequences", "Success")
    tour.picture("runs")


@pytest.mark.timeout(600)
def test_one_partition_is_materialised_from_its_page(tour: Tour, demo: dict[str, str]) -> None:
    objects = Objects(demo["RUSHES_STORE"])
    assert read_record(objects, "raw_videos", "later-0002") is None
    tour.open("/assets/raw_videos?view=partitions&partition=later-0002", "Materialize…")
    tour.see("Missing (3)")
    tour.click("Materialize…")
    tour.see("Partition selection")
    tour.click("Launch 1 run")
    tour.gone("Partition selection")  # the dialog goes when all is handed in
    tour.watch("/assets/raw_videos?view=partitions&partition=later-0002", "Missing (2)", "rows of packets")
    assert read_record(objects, "raw_videos", "later-0002") is not None


@pytest.mark.timeout(600)
def test_missing_partitions_are_backfilled_from_an_assets_page(tour: Tour, demo: dict[str, str]) -> None:
    objects = Objects(demo["RUSHES_STORE"])
    assert read_record(objects, "raw_videos", "later-0000") is None
    tour.open("/assets/raw_videos?view=overview", "Materialize…")
    tour.click("Materialize…")
    tour.see("Partition selection")
    tour.click("Missing")
    tour.see("2 partitions")
    tour.picture("launch")
    tour.click("Launch backfill")
    tour.gone("Partition selection")  # the dialog goes when all is handed in
    tour.watch("/runs?view=backfills", "raw_videos", "Success")
    tour.picture("backfills")
    assert all(read_record(objects, "raw_videos", name) for name in ("later-0000", "later-0001"))
