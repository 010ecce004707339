"""Every query of ``docs/sql.md`` runs, and answers its question on a store of which everything is known."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import Row, box_row, embedding_row, filtered_row, track_row, video_row, write_batch

import rushes
from rushes.answers import answered, parameters
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import DATASETS, REJECTS, SELECTIONS
from rushes.store.tables import write_partition

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
QUESTIONS = re.split(r"^## \d+\. ", PAGE, flags=re.MULTILINE)[1:]
# Two videos: of a street (three clips, the last one blurred) and of a park, at night and without a date.
STREET = [filtered_row("street", 0, 100), filtered_row("street", 100, 150, sharpness=25.0)]
BLURRED = filtered_row("street", 150, 200, sharpness=4.0, kept=False, reason="blurred")
PARK = filtered_row("park", 0, 100)


def by_name(question: str) -> str:
    """Return the section whose title speaks of this; there is exactly one."""
    [found] = [one for one in QUESTIONS if question in one.partition("\n")[0]]
    return found


def block(section: str, language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return str(found)


@dataclass(frozen=True)
class Known:
    """A store and the rows in it."""

    objects: Objects
    tracks: list[Row]
    boxes: list[Row]
    labels: list[Row]
    vectors: dict[str, np.ndarray]

    def ask(self, section: str, *given: str) -> list[dict[str, Any]]:
        """Run a question's query with the page's parameters, or others; what it names is what there is here."""
        words = re.findall(r"--param\s+(\w+=[\w.-]+)", section)
        words += [word for word in ("class=bicycle", "track=park.000000-000100.t0001") if f"${word[:5]}" in section]
        with (
            connect(self.objects) as connection,
            answered(connection, block(section, "sql"), parameters([*words, *given])) as rows,
        ):
            found: list[dict[str, Any]] = rows.read_all().to_pylist()
        return found


def _track(clip: Row, number: int, start: int, end: int, class_name: str, **changes: Any) -> Row:
    names = {"top10_class_names": [class_name, "dog"], "top10_class_ids": [1, 2], "top10_std": [0.1, 0.1]}
    return track_row(clip, number, start, end, class_name, **{**names, "top10_mean": [0.6, 0.1], **changes})


def _made() -> tuple[list[Row], list[Row]]:
    """Return tracks and their boxes, which move to the right by two pixels a frame."""
    tracks = [
        _track(STREET[0], 1, 0, 90, "bicycle"),
        _track(STREET[0], 2, 0, 80, "car", mean_area=0.002, top10_mean=[0.5, 0.4]),
        _track(STREET[1], 1, 100, 150, "car", mean_score=0.3),
        _track(STREET[1], 2, 105, 125, "person", mean_area=0.001, kept=False, reason="too_small"),
        _track(BLURRED, 1, 150, 200, "bicycle"),
        _track(PARK, 1, 10, 60, "bicycle"),
        _track(PARK, 2, 20, 50, "person", top10_mean=[0.5, 0.3]),
    ]
    boxes = []
    for number, track in enumerate(tracks):
        size = 20.0 + 30 * number
        frames = [f for f in range(track["start_frame"], track["end_frame"]) if number != 1 or not 30 <= f < 42]
        boxes += [box_row(track, f, (2 * f + 200 * (number == 5 and f >= 40), 10 * number, size, size)) for f in frames]
    return tracks, boxes


def _label(line: int, box: Row, shift: float, class_name: str) -> Row:
    place = {"x": box["x"] + shift, "y": box["y"], "w": box["w"], "h": box["h"]}
    empty = dict.fromkeys(("object_id", "class_id", "score", "visibility", "attributes"))
    own = {"video_id": box["video_id"], "annotation": "mot", "line": line, "item": 0, "frame": box["frame"]}
    return {**own, **place, **empty, "class_name": class_name, "considered": True, "flags": []}


def _chosen(rank: int, clip: Row, track: Row | None, frames: range, split: str) -> Row:
    ids = {"video_id": clip["video_id"], "clip_id": clip["clip_id"], "track_id": track and track["track_id"]}
    told = {"class_name": track and track["class_name"], "score": None, "nearest": None, "distance": None}
    return {
        "rank": rank,
        "sequence_id": f"{clip['clip_id']}.{rank}",
        **ids,
        **told,
        "frames": list(frames),
        "n_padded": 0,
        "split": split,
        "relaxed": 0,
        "why": "made",
    }


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    objects = Objects(tmp_path_factory.mktemp("known") / "store")
    tracks, boxes = _made()
    of_bicycle = [b for b in boxes if b["track_id"] == tracks[0]["track_id"]]
    labels = [_label(n, box, 2.0 if n < 6 else 19.0, "Bicycle") for n, box in enumerate(of_bicycle[:8], 1)]
    labels += [_label(20, of_bicycle[0], 0.0, "person")]
    random = np.random.default_rng(3)
    vectors = {t["track_id"]: random.normal(size=(2, 16)).astype("<f2") for t in tracks}
    clips = {clip["clip_id"]: clip for clip in (*STREET, BLURRED, PARK)}
    write_batch(
        objects,
        videos=[
            video_row("street", 200, recorded_at=datetime(2024, 5, 1, 21, 30)),
            video_row("park", 100, collection="parks"),
        ],
        clips=[
            {k: c[k] for k in ("clip_id", "video_id", "start_frame", "end_frame", "start_s", "end_s")}
            | {"method": "adaptive", "score": None, "span": None}
            for c in clips.values()
        ],
        filtered_clips=list(clips.values()),
        tracks=tracks,
        track_boxes=boxes,
        annotation_boxes=labels,
        embeddings=[
            embedding_row(clips[t["clip_id"]], t["start_frame"] + at, vector, t["track_id"])
            for t in tracks
            for at, vector in enumerate(vectors[t["track_id"]])
        ],
    )
    selections = {
        "clips": [_chosen(0, STREET[0], None, range(20), "train"), _chosen(1, PARK, None, range(5, 15), "val")],
        "tracks": [_chosen(n, PARK, tracks[at], range(20, 30), "train") for n, at in enumerate((5, 6))],
    }
    for recipe, chosen in selections.items():
        write_partition(objects, SELECTIONS, {"recipe": recipe}, SELECTIONS.from_rows(chosen))
    file = {"version": "1", "sha256": "00", "size": 1_500_000, "rows": 7}
    files: list[Row] = [
        {**file, "format": form, "path": f"{form}/{n}"} for form, n in (("mot", 1), ("mot", 2), ("native", 1))
    ]
    write_partition(objects, DATASETS, {"recipe": "clips"}, DATASETS.from_rows(files))
    reject = {"item_kind": "sequence", "stage": "selected_sequences", "detail": "as another"}
    rejects: list[Row] = [
        {**reject, "item_id": f"s{n}", "reason": why} for n, why in enumerate(["near_duplicate", "corrupt"])
    ]
    keys = {"asset": "selected_sequences", "partition": "clips"}
    write_partition(objects, REJECTS, keys, REJECTS.from_rows(rejects))
    return Known(objects, tracks, boxes, labels, vectors)


def test_there_are_twenty_questions_and_more_and_each_is_asked_once() -> None:
    titles = [one.partition("\n")[0] for one in QUESTIONS]
    assert len(set(titles)) == len(titles) >= 20
    assert [int(n) for n in re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE)] == list(range(1, len(titles) + 1))


@pytest.mark.parametrize("section", QUESTIONS, ids=lambda section: section.partition("\n")[0])
def test_its_query_answers_with_the_columns_that_the_page_shows(known: Known, section: str) -> None:
    rows = known.ask(section)
    assert rows, "on a store that has everything there is an answer to everything"
    assert list(rows[0]) == block(section, "text").splitlines()[0].split()


@pytest.mark.parametrize("section", QUESTIONS, ids=lambda section: section.partition("\n")[0])
def test_its_query_answers_the_same_each_time_and_nothing_on_an_empty_store(
    known: Known, section: str, tmp_path: Path
) -> None:
    assert known.ask(section) == known.ask(section)
    empty = Known(Objects(tmp_path), [], [], [], {})
    assert empty.ask(section) == []


def test_long_tracks_of_a_class_in_sharp_clips(known: Known) -> None:
    found = known.ask(by_name("longer than 3 s"))
    assert [row["track_id"] for row in found] == [known.tracks[0]["track_id"]]
    found = known.ask(by_name("longer than 3 s"), "seconds=1")
    assert [row["track_id"] for row in found] == [known.tracks[0]["track_id"], known.tracks[5]["track_id"]]


def test_the_area_rule_counts_tracks_that_another_rule_dropped_first(known: Known) -> None:
    found = {row["class_name"]: (row["tracks"], row["too_small"]) for row in known.ask(by_name("area rule"))}
    assert found == {"bicycle": (3, 0), "car": (2, 1), "person": (2, 1)}


def test_hours_are_those_of_the_files_dates(known: Known) -> None:
    assert known.ask(by_name("hours of the day")) == [
        {"hour": 21, "videos": 1, "seconds": 8.0},
        {"hour": None, "videos": 1, "seconds": 4.0},
    ]


def test_classes_seen_together_are_counted_by_frames(known: Known) -> None:
    kept = {t["track_id"]: t["class_name"] for t in known.tracks if t["kept"]}
    frames: dict[tuple[str, int], set[str]] = {}
    for box in known.boxes:
        if box["track_id"] in kept:
            frames.setdefault((box["video_id"], box["frame"]), set()).add(kept[box["track_id"]])
    expected: dict[tuple[str, str], int] = {}
    for classes in frames.values():
        for pair in combinations(sorted(classes), 2):
            expected[pair] = expected.get(pair, 0) + 1
    found = {(row["one"], row["other"]): row["frames"] for row in known.ask(by_name("seen together"))}
    assert found == expected
    assert set(expected) == {("bicycle", "car"), ("bicycle", "person")}


def test_boxes_are_small_and_large_as_coco_has_it(known: Known) -> None:
    expected: dict[str, list[int]] = {}
    names = {t["track_id"]: t["class_name"] for t in known.tracks}
    for box in known.boxes:
        counts = expected.setdefault(names[box["track_id"]], [0, 0, 0])
        area = box["w"] * box["h"]
        counts[:] = [counts[0] + 1, counts[1] + (area < 1024), counts[2] + (area >= 9216)]
    found = {r["class_name"]: [r["boxes"], r["small"], r["large"]] for r in known.ask(by_name("boxes are small"))}
    assert found == expected


def test_gaps_are_where_a_track_goes_on_without_a_box(known: Known) -> None:
    expected = []
    for track in known.tracks:
        frames = sorted(b["frame"] for b in known.boxes if b["track_id"] == track["track_id"])
        expected += [(track["track_id"], a, b) for a, b in pairwise(frames) if b - a > 5]
    found = known.ask(by_name("hidden for long"))
    assert [(row["track_id"], row["before_frame"], row["after_frame"]) for row in found] == expected
    assert len(expected) == 1


def test_a_cut_breaks_off_only_what_stands_where_the_video_goes_on(known: Known) -> None:
    found = {r["class_name"]: (r["at_its_start"], r["at_its_end"]) for r in known.ask(by_name("break off"))}
    # The car of the second clip fills it, the bicycle of the last begins with it and ends with the video.
    assert found == {"bicycle": (1, 0), "car": (1, 1), "person": (0, 0)}


def test_labels_are_found_where_a_detection_of_their_class_meets_them_by_half(known: Known) -> None:
    found = {row["class_name"]: row for row in known.ask(by_name("agree with the labels"))}
    shifts = [2.0] * 5 + [19.0] * 3  # boxes are 20 wide, and stand still up and down
    overlaps = [(20 - shift) / (20 + shift) for shift in shifts]
    assert found["bicycle"]["found"] == 5
    assert found["bicycle"]["mean_iou"] == pytest.approx(np.mean(overlaps), abs=0.006)
    assert (found["person"]["labelled"], found["person"]["recall"], found["person"]["mean_iou"]) == (1, 0, 0)


def test_frames_used_are_those_that_stand_in_sequences(known: Known) -> None:
    found = {(r["recipe"], r["video_id"]): (r["frames"], r["frames_used"]) for r in known.ask(by_name("recipe use"))}
    assert found == {
        ("clips", "park"): (100, 10),
        ("clips", "street"): (150, 20),
        ("tracks", "park"): (100, 10),
        ("tracks", "street"): (150, 0),
    }


def test_a_video_on_both_sides_of_a_split_is_told_once(known: Known) -> None:
    [leak] = known.ask(by_name("both sides of a split"))
    assert leak == {
        "video_id": "park", "one": "clips", "its_split": "val", "other": "tracks", "others_split": "train"
    }  # fmt: skip


def test_neighbours_are_by_the_cosine_of_mean_vectors(known: Known) -> None:
    asked = known.tracks[2]["track_id"]

    def mean(track: str) -> np.ndarray:
        crops = known.vectors[track].astype(np.float64)
        middle = (crops / np.linalg.norm(crops, axis=1, keepdims=True)).mean(0)
        return np.asarray(middle / np.linalg.norm(middle))

    cosines = {track: float(mean(track) @ mean(asked)) for track in known.vectors if track != asked}
    nearest = sorted(cosines, key=lambda track: -cosines[track])[:5]
    found = known.ask(by_name("look most like"), f"track={asked}")
    assert [row["track_id"] for row in found] == nearest
    np.testing.assert_allclose([row["cosine"] for row in found], [cosines[t] for t in nearest], atol=6e-4)


def test_data_sets_are_measured_by_format(known: Known) -> None:
    found = [(r["format"], r["files"], r["records"], r["megabytes"]) for r in known.ask(by_name("How large"))]
    assert found == [("mot", 2, 14, 3.0), ("native", 1, 7, 1.5)]


def test_a_box_that_leaps_by_its_width_is_told(known: Known) -> None:
    [leap] = known.ask(by_name("jump from one"))
    assert (leap["track_id"], leap["frame"]) == (known.tracks[5]["track_id"], 40)


def test_rejudging_tells_which_clips_change(known: Known) -> None:
    found = known.ask(by_name("another threshold"), "sharpness=30")
    assert [(row["clip_id"], row["was_kept"], row["kept"]) for row in found] == [(STREET[1]["clip_id"], True, False)]
    found = known.ask(by_name("another threshold"), "sharpness=1")
    assert [(row["clip_id"], row["was_kept"], row["kept"]) for row in found] == [(BLURRED["clip_id"], False, True)]


def test_its_python_runs(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(known.objects.root).parent)
    code = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    said: dict[str, Any] = {}
    exec(code[0], said)
    assert said["tracks"].read_all().num_rows == len(known.tracks)
    assert rushes.open(known.objects.root).sql("SELECT count(*) FROM tracks").fetchall() == [(len(known.tracks),)]


def test_plain_duckdb_reads_the_tables_as_the_page_says(known: Known) -> None:
    import duckdb

    head = PAGE.partition("# Questions")[0]
    query = block(head, "sql").partition(";\n")[2].replace("s3://bucket/prefix", known.objects.root)
    query = query[query.index("SELECT class_name") :]
    found = dict(duckdb.connect().execute(query).fetchall())
    assert found == {"bicycle": 3, "car": 2, "person": 2}
