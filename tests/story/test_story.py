"""The story of a video begins when it is registered, and tells what came with it and what could not be used."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from http_ranges import RangeServer
from rows import filtered_row, packet_rows, track_row, video_row, write_batch
from videos import make_video

from rushes.errors import StoreError
from rushes.settings import Ingest
from rushes.sources.annotated import Rows
from rushes.sources.download import Downloader
from rushes.sources.footage import Footage
from rushes.store.database import connect
from rushes.store.manifests import Batch, Entry, seal_batch
from rushes.store.objects import Objects
from rushes.store.rejects import Reason, Reject
from rushes.store.schemas import REJECTS
from rushes.store.tables import write_partition
from rushes.story import Chapter, story

URI = "https://user:hush4711@films.example/v.mp4?key=hush4711"


def told(store: Objects, item: str) -> dict[str, Chapter]:
    with connect(store) as connection:
        chapters = story(connection, item, store)
    found = {chapter.title: chapter for chapter in chapters}
    assert len(found) == len(chapters)
    return found


def facts(chapter: Chapter) -> list[dict[str, Any]]:
    return [dict(zip(chapter.columns, row, strict=True)) for row in chapter.rows]


def test_a_video_that_is_registered_and_not_built_has_a_story(store: Objects) -> None:
    entry = Entry("v", "v", URI, place="list.txt:3", trust="listed")
    seal_batch(store, Batch("web-0000", "web", (Entry("other", "other", "/o.mp4"), entry)))
    found = told(store, "v")
    assert list(found) == ["registered"]
    [row] = facts(found["registered"])
    assert row == {
        "batch": "web-0000",
        "entry": "v",
        "uri": "https://films.example/v.mp4",
        "named_by": "list.txt:3",
        "trust": "listed",
        "linked": False,
        "id_taken_by": None,
        "misfit": None,
    }


def test_what_could_not_name_a_video_and_what_came_second_are_told(store: Objects) -> None:
    misfit = Entry("bad", "bad", "x", place="list.txt:9", misfit=("bad_line", "no address in it"))
    rival = Entry("v~2", "v", "/b/v.mp4", rival="/a/v.mp4")
    seal_batch(store, Batch("web-0000", "web", (Entry("v", "v", "/a/v.mp4"), misfit, rival)))
    assert facts(told(store, "bad")["registered"])[0]["misfit"] == "bad_line: no address in it"
    entries = [(row["entry"], row["named_by"], row["id_taken_by"]) for row in facts(told(store, "v")["registered"])]
    assert entries == [("v", "a person", None), ("v~2", "a person", "/a/v.mp4")]
    assert [row["entry"] for row in facts(told(store, "v~2")["registered"])] == ["v~2"]


def test_what_was_downloaded_is_told(store: Objects, tmp_path: Path) -> None:
    film = make_video(tmp_path / "v.mp4", 3)
    with RangeServer({"v.mp4": film}) as server:
        entry = Entry("v", "v", f"{server.url}/v.mp4")
        seal_batch(store, Batch("web-0000", "web", (entry,)))
        assert list(told(store, "v")) == ["registered"]
        Downloader(store, Ingest())(entry)
    found = told(store, "v")
    assert list(found) == ["registered", "download"]
    [row] = facts(found["download"])
    assert (row["by"], row["from"], row["size"]) == ("http", entry.source_uri, film.stat().st_size)
    assert row["etag"]


@pytest.fixture
def annotated(store: Objects) -> Objects:
    """A video with boxes of two objects, thirty spans, and twenty-five lines that could not be used."""
    footage = Footage("v", 640, 360, np.arange(100) / 25, 4.0)
    mot, web = Rows("mot", footage), Rows("web", footage)
    for frame in range(10, 20):
        mot.box(frame, frame, (1, 2, 3, 4), object_id=str(frame % 2), class_id=1, class_name="pedestrian")
    for line in range(1, 26):
        mot.box(100 + line, 500, (1, 2, 3, 4))
    for line in range(1, 31):
        web.segment(line, "span", line / 25, (line + 5) / 25, segment_id=f"s{line}", label="run")
    boxes, spans = mot.done(), web.done()
    clip = filtered_row("v", 0, 50)
    tables = {name: [*getattr(boxes, part).to_pylist(), *getattr(spans, part).to_pylist()]
              for name, part in (("annotation_boxes", "boxes"), ("annotation_segments", "segments"))}  # fmt: skip
    track = track_row(clip, 1, 10, 20, track_id=f"{clip['clip_id']}.mot.1", origin="annotated")
    write_batch(
        store,
        videos=[video_row("v")],
        packets=packet_rows("v", range(100)),
        filtered_clips=[clip],
        tracks=[track],
        **tables,
    )
    dropped = Reject("clip", "v.000050-000100", "filters", Reason.BLURRED, "sharpness 1 is below 8")
    for asset, rejects in (("raw_videos", boxes.rejects), ("filtered_clips", [dropped])):
        rows = REJECTS.from_rows([reject.row() for reject in rejects])
        write_partition(store, REJECTS, {"asset": asset, "partition": "made-0000"}, rows)
    return store


def test_annotations_are_told_by_set_and_kind(annotated: Objects) -> None:
    rows = facts(told(annotated, "v")["annotations"])
    assert [tuple(row.values()) for row in rows] == [
        ("mot", "boxes", 10, 2, 1, 10, 19),
        ("web", "span", 30, 0, 1, 1, 34),
    ]
    assert rows[0].keys() == {"annotation", "kind", "rows", "objects", "labels", "first_frame", "last_frame"}


def test_long_lists_are_told_in_part_and_it_is_said_how_many_more_there_are(annotated: Objects) -> None:
    found = told(annotated, "v")
    assert [row["segment_id"] for row in facts(found["spans"])] == [f"s{n}" for n in range(1, 21)]
    assert str(found["spans"].note).startswith("and 10 more")
    rejected = found["rejected annotations"]
    assert [row["item_id"] for row in facts(rejected)] == [f"v.mot.{100 + n}" for n in range(1, 21)]
    assert str(rejected.note).startswith("and 5 more")
    assert [row["item_id"] for row in facts(found["rejects"])] == ["v.000050-000100"]
    assert found["rejects"].note is None


def test_a_line_that_was_rejected_and_an_annotated_track_have_stories_of_their_own(annotated: Objects) -> None:
    [line] = facts(told(annotated, "v.mot.103")["rejected annotations"])
    assert (line["reason"], line["detail"][:10]) == ("outside_video", "line 103: ")
    [track] = facts(told(annotated, "v.000000-000050.mot.1")["tracks"])
    assert track["origin"] == "annotated"


def test_of_an_unknown_id_similar_ones_are_named_registered_ones_too(store: Objects) -> None:
    seal_batch(store, Batch("web-0000", "web", (Entry("kites", "kites", "/kites.mp4"),)))
    with pytest.raises(StoreError, match="did you mean kites"):
        told(store, "kitse")
