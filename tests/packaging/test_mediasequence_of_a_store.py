"""From a store to MediaSequence's shards: a small annotated video whose frames carry their numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import Row, embedding_row, filtered_row, redaction_row, write_batch
from tasks import ingested
from videos import make_video, read_barcode

from rushes.packaging.mediasequence_example import Example
from rushes.packaging.mediasequence_reader import open_mediasequence
from rushes.packaging.mediasequence_sample import sample
from rushes.packaging.package import package
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.settings import Tracking
from rushes.sources.annotated import Annotated, Rows
from rushes.sources.footage import Footage
from rushes.store.database import connect
from rushes.store.objects import Objects
from rushes.store.schemas import TABLES
from rushes.tracking.track import TrackVideo
from rushes.tracking.vocabulary import COCO_CLASSES
from rushes.training.mediasequence import MediaSequenceDataset
from rushes.work.step import Task

FRAMES, FPS, LATE = 50, 25, 10
CLIP = filtered_row("v", 0, FRAMES)


def time_us(frame: float) -> int:
    """The video's first frame is shown a little after 0."""
    return round((LATE + frame) * 1e6 / FPS)


def told() -> Rows:
    return Rows("mot", Footage("v", 64, 48, np.arange(FRAMES) / FPS, FRAMES / FPS))


def add_box(rows: Rows, frame: int) -> None:
    rows.box(frame + 1, frame, (frame, 4.0, 10.0, 20.0), object_id="1", class_id=1, class_name="car")


def fill(
    store: Objects, folder: Path, given: Annotated, embeddings: Sequence[Row] = (), redactions: Sequence[Row] = ()
) -> None:
    task = ingested(store, make_video(folder / "v.mp4", FRAMES, FPS, start=LATE), "v")
    tables: dict[str, Any] = {name: task.rows[name].to_pylist() for name in ("videos", "packets")}
    tables |= {"filtered_clips": [CLIP], "annotation_boxes": given.boxes.to_pylist()}
    tables["annotation_segments"] = given.segments.to_pylist()
    rows = {name: TABLES[name].from_rows(own) for name, own in tables.items()}
    found = TrackVideo(Tracking(origin="annotated"))(Task(store, task.entry, "made", rows)).rows
    tables |= {"embeddings": embeddings, "redactions": redactions}
    write_batch(store, **tables, **{name: found[name] for name in ("tracks", "track_boxes")})


def packaged(store: Objects, **fields: Any) -> tuple[str, Mapping[str, int]]:
    """Select, package, and return the folder of the version and the counts of what was left out."""
    made = {"name": "all", "privacy": "none", "formats": ("mediasequence",), "strategies": ("random",), **fields}
    recipe = Recipe(**made)
    select(store, recipe)
    package(store, recipe, workers=0)
    with connect(store) as connection:
        [(version,)] = connection.execute("SELECT DISTINCT version FROM datasets").fetchall()
        query = "SELECT item_id || ' ' || detail FROM rejects WHERE asset = 'packaged_datasets' ORDER BY ALL"
        details = [row[0].removeprefix("all/").split() for row in connection.execute(query).fetchall()]
    dropped = {f"{words[0]} {words[-1]}": int(words[1]) for words in details}
    return store.full_uri(f"datasets/all/{version}"), dropped


def examples(root: str, name: str = "all_all_tfrecord", form: str = "mediasequence") -> dict[int, Example]:
    """The examples by their first frames."""
    found = list(open_mediasequence(f"{root}/{form}", name))
    return {int(example.id.rpartition(".s")[2]): example for example in found}


def numbers(example: Example, prefix: str = "") -> list[int]:
    return [read_barcode(image) for image in example.images(prefix)]


def test_images_at_other_rates_are_of_the_frames_between_as_well(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, told().done())
    root, _ = packaged(store, sequence_length=10, fps=5, mediasequence={"fps": (10, 50)})
    example = examples(root)[0]
    assert numbers(example) == list(range(0, 50, 5))
    # At 10 fps a frame lies 2.5 frames after the one before; the grid is that of the source's time 0.
    assert example.timestamps("FPS10").tolist() == [400_000 + 100_000 * k for k in range(20)]
    assert numbers(example, "FPS10") == [0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28, 30, 33, 35, 38, 40, 43, 45, 45]
    assert len(example.timestamps("FPS50")) == 100
    assert numbers(example, "FPS50")[:5] == [0, 1, 1, 2, 2]


def test_no_rate_shows_what_is_outside_of_the_sequence(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, told().done())
    root, _ = packaged(store, sequence_length=10, mediasequence={"fps": (25,)})
    for start, example in examples(root).items():
        assert numbers(example, "FPS25") == numbers(example) == list(range(start, start + 10))
        assert example.timestamps("FPS25").tolist() == example.timestamps().tolist()


@pytest.mark.parametrize("remainder", ["keep", "pad"])
def test_short_and_padded_sequences_go_on_in_time(store: Objects, tmp_path: Path, remainder: str) -> None:
    fill(store, tmp_path, told().done())
    root, _ = packaged(store, sequence_length=16, remainder=remainder, mediasequence={"fps": (25,)})
    last = examples(root)[48]
    shown = [48, 49] if remainder == "keep" else [48] + [49] * 15
    assert numbers(last) == shown
    assert last.timestamps().tolist() == [time_us(48 + step) for step in range(len(shown))]
    assert numbers(last, "FPS25") == shown
    assert last.context["clip/end/timestamp"].tolist() == [time_us(48 + len(shown))]


def test_what_is_hidden_is_hidden_at_every_rate(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, told().done(), redactions=[redaction_row(CLIP, n, (16, 8, 32, 24)) for n in range(FRAMES)])
    fields = {"sequence_length": 10, "fps": 5, "redaction": "solid", "mediasequence": {"fps": (25,)}}
    hidden = examples(packaged(store, privacy="redact", **fields)[0])[0].images("FPS25")
    bare = examples(packaged(store, privacy="none", **fields)[0])[0].images("FPS25")
    assert len(hidden) == 50
    inside = np.s_[:, 12:28, 20:44]
    assert hidden[inside].std(axis=(1, 2)).max() < 12  # the ringing of JPEG
    assert bare[inside].std(axis=(1, 2)).max() > 60


def test_boxes_between_a_sequences_frames_are_reconciled(store: Objects, tmp_path: Path) -> None:
    rows = told()
    for frame in (0, 21, 24, 40):
        add_box(rows, frame)
    fill(store, tmp_path, rows.done())
    root, dropped = packaged(store, sequence_length=10, fps=5)
    regions = examples(root)[0].regions()
    marks = [int(step[0]) for step in regions.values["is_annotated"]]
    assert marks == [1, 0, 0, 0, 1, 1, 0, 0, 1, 0]
    assert [step[0] for step in regions.values["unmodified_timestamp"]] == [time_us(n) for n in (0, 21, 24, 40)]
    assert regions.corners[4][0, 1] == pytest.approx(21 / 64)
    assert regions.corners[5][0, 1] == pytest.approx(24 / 64)
    assert dropped == {}


def test_where_every_frame_is_annotated_those_between_are_counted(store: Objects, tmp_path: Path) -> None:
    rows = told()
    rows.segment(1, "annotated", 0, FRAMES / FPS)
    for frame in range(FRAMES):
        add_box(rows, frame)
    fill(store, tmp_path, rows.done())
    root, dropped = packaged(store, sequence_length=10, fps=5)
    assert [corners[0, 1] * 64 for corners in examples(root)[0].regions().corners] == list(range(0, 50, 5))
    assert dropped == {"mediasequence box_between_images": 36}  # the last 4 frames are behind the last image


def test_stored_vectors_stand_beside_the_mean_with_their_times(store: Objects, tmp_path: Path) -> None:
    vectors = {0: (1, 0), 5: (0, 1), 12: (0.6, 0.8), 30: (np.nan, 1)}
    fill(store, tmp_path, told().done(), [embedding_row(CLIP, frame, vector) for frame, vector in vectors.items()])
    root, _ = packaged(store, sequence_length=10, exact_duplicates="keep")
    example = examples(root)[0]
    assert example.features("MADE_FRAMES").tolist() == [[1, 0], [0, 1]]
    assert example.timestamps("MADE_FRAMES", "feature").tolist() == [time_us(0), time_us(5)]
    np.testing.assert_allclose(example.features("MADE"), [[0.5**0.5, 0.5**0.5]], rtol=1e-6)
    np.testing.assert_allclose(examples(root)[10].features("MADE_FRAMES"), [[0.6, 0.8]], atol=1e-3)
    assert "MADE_FRAMES" not in examples(root)[30].prefixes


def charades(start_s: float = 0.2) -> Rows:
    rows = told()
    rows.segment(1, "label", 0.0, FRAMES / FPS, attributes={"scene": "kitchen", "license": "CC-BY"})
    rows.segment(1, "label", start_s, 0.6, class_id=92, label="c092")
    rows.segment(1, "label", 0.5, 9.0, class_id=12, label="c012")
    return rows


def test_labels_of_people_are_segments_in_the_sources_time(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, charades().done())
    root, _ = packaged(store, sequence_length=10)
    example = examples(root)[10]
    segments = example.segments()
    assert segments.labels.strings == ("c092", "c012")
    assert segments.labels.indices.tolist() == [92, 12]
    assert segments.start_times.tolist() == [time_us(10), time_us(12.5)]
    assert segments.end_times.tolist() == [time_us(15), time_us(20)]
    assert example.clip_labels().strings == ("c012", "c092")
    assert len(examples(root)[0].segments()) == 1
    listed = open_mediasequence(f"{root}/mediasequence")
    assert (listed.class_names, len(listed.label_names), listed.label_names[92]) == (COCO_CLASSES, 93, "c092")
    target = MediaSequenceDataset(listed)[0]["classification_target"]
    assert target.shape == (10, 94)


@pytest.mark.parametrize(
    ("form", "name"), [("charades", "charades_v1_train_records"), ("demo", "demo_space_dataset_train_tfrecord")]
)
def test_what_mediapipe_s_readers_know_is_written_for_them(
    store: Objects, tmp_path: Path, form: str, name: str
) -> None:
    rows = charades() if form == "charades" else told()
    if form == "demo":
        for start, label in enumerate(("nebula", "galaxy")):
            for kind in ("span", "label"):
                rows.segment(1, kind, start, start + 1, class_id=start, label=label)
    fill(store, tmp_path, rows.done())
    form = f"mediasequence-{form}"
    root, dropped = packaged(store, sequence_length=25, formats=(form,), split={"train": 1}, shards=2)
    found = examples(root, name, form)
    assert sorted(found) == [0, 25]
    if form == "mediasequence-charades":
        target = sample(found[0], 157)["classification_target"]
        assert [np.flatnonzero(target[step]).tolist() for step in (0, 7, 14, 20)] == [[0], [93], [13, 93], [13]]
    else:
        assert [sample(found[at], 2)["labels"].tolist() for at in (0, 25)] == [[[1, 0]], [[0, 1]]]
    assert dropped == {}
    assert sum(name in path for path in store.list(f"datasets/all/{root.rpartition('/')[2]}/{form}")) == 2


def test_labels_without_numbers_of_their_own_are_numbered_by_name(store: Objects, tmp_path: Path) -> None:
    rows = told()
    rows.segment(1, "label", 0.0, 1.0, label="run")
    rows.segment(2, "label", 1.0, 2.0, class_id=7, label="jump")
    fill(store, tmp_path, rows.done())
    root, _ = packaged(store, sequence_length=25)
    assert [examples(root)[at].clip_labels().indices.tolist() for at in (0, 25)] == [[1], [0]]
    assert Path(root, "mediasequence", "segment_labels.csv").read_text() == "index,string\n0,jump\n1,run\n"
