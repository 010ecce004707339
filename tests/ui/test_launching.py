"""Materialising and backfilling from the UI: what is clicked is built."""

from dagster_ui import Tour

from rushes.store.manifests import read_record
from rushes.store.objects import Objects


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
    tour.open("/runs?view=backfills", "raw_videos")
    tour.see("Completed")
    tour.picture("backfills")
    assert all(read_record(objects, "raw_videos", name) for name in ("later-0000", "later-0001"))
