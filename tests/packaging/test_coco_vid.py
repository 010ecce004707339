"""COCO-VID and TAO: one JSON that the readers of both take, and that comes back as it went out."""

import json
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import trackeval
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from tabular import annotated, attributes, columns, found

from rushes.packaging import coco_vid
from rushes.packaging.packed import PackagingError, Shard, ShardSummary
from rushes.sources.footage import Footage
from rushes.sources.formats.coco_vid import FORMAT


def files(sequences, class_names, split="train", shards=1):
    """All files of a data set, by path, the sequences shared out over shards."""
    written, summaries = {}, []
    for index in range(shards):
        shard, own = Shard("street", split, index, shards), sequences[index::shards]
        made = list(coco_vid.shard_files(own, shard, class_names))
        carried = tuple(json.loads(json.dumps(file.carried)) for file in made if file.carried is not None)
        ids, lengths = tuple(s.sequence_id for s in own), tuple(map(len, own))
        summaries.append(ShardSummary(shard, ids, lengths, tuple(f.path for f in made), {}, carried))
        written |= {file.path: file for file in made}
    summaries = [ShardSummary.from_json(summary.to_json()) for summary in summaries]
    return written | {file.path: file for file in coco_vid.index_files(summaries, class_names)}


def on_disk(folder: Path, written) -> Path:
    for file in written.values():
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return folder


@pytest.fixture(scope="session")
def street(sequence_of, boxes_of):
    """An annotated walker beside a detected car and one interpolated; a second sequence with a walker left out."""

    def first(step):
        walker = (2.5 + 3 * step, 4, 12, 30.25, 1, 0, 1, False, True, True, 0.5)
        car = (1, 30, 20, 10, 2, 2, 0.7, step == 1)
        return boxes_of(car, walker)

    ignored = (5, 5, 9, 9, 1, 0, 1, False, True, False, np.nan)
    return [sequence_of(0, [first(step) for step in range(3)]), sequence_of(1, [boxes_of(), boxes_of(ignored)])]


@pytest.fixture
def data(street, class_names):
    return json.loads(files(street, class_names)["train.json"].data)


def test_a_split_is_one_json_beside_the_images_that_it_names(street, class_names):
    written = files(street, class_names, shards=2)
    images = json.loads(written["train.json"].data)["images"]
    assert [image["file_name"] for image in images] == [
        *(f"train/sequence-0/{step:06d}.jpg" for step in range(3)),
        *(f"train/sequence-1/{step:06d}.jpg" for step in range(2)),
    ]
    assert [written[image["file_name"]].data for image in images] == [*street[0].jpegs, *street[1].jpegs]
    assert written["train.json"].rows == 7


def test_shards_do_not_show(street, class_names):
    assert files(street, class_names)["train.json"] == files(street, class_names, shards=2)["train.json"]


def test_both_sets_of_keys_are_there_and_agree(data):
    assert [(i["frame_id"], i["frame_index"], i["source_frame"], i["time_s"]) for i in data["images"]] == [
        (0, 0, 100, 4.0), (1, 1, 101, 4.04), (2, 2, 102, 4.08), (0, 0, 100, 4.0), (1, 1, 101, 4.04),
    ]  # fmt: skip
    assert [(t["id"], t["video_id"], t["category_id"], t["origin"]) for t in data["tracks"]] == [
        (1, 1, 0, "annotated"), (2, 1, 2, "detected"), (3, 2, 0, "annotated"),
    ]  # fmt: skip
    for box in data["annotations"]:
        track = data["tracks"][box["track_id"] - 1]
        assert box["instance_id"] == box["track_id"]
        assert [track[key] for key in ("video_id", "category_id", "origin")] == [
            box[key] for key in ("video_id", "category_id", "origin")
        ]
    assert data["annotations"][0]["bbox"] == [2.5, 4.0, 12.0, 30.25]
    assert data["annotations"][0]["area"] == 12 * 30.25
    assert data["categories"][2] == {"id": 2, "name": "car"}


def test_what_people_gave_is_told_from_what_was_found_and_what_was_made_up(data):
    assert [(b["origin"], b["generated"], b["score"]) for b in data["annotations"][:4]] == [
        ("annotated", False, 1.0), ("detected", False, 0.7), ("annotated", False, 1.0), ("detected", True, 0.7),
    ]  # fmt: skip
    assert [image["annotated"] for image in data["images"]] == [True, True, True, False, True]
    assert [v["not_exhaustive_category_ids"] for v in data["videos"]] == [[2], []]
    assert [v["neg_category_ids"] for v in data["videos"]] == [[], []]


def test_boxes_without_area_are_counted_instead(sequence_of, boxes_of, class_names):
    boxes = boxes_of((5, 5, 0, 9, 1, 0, 1, False), (5, 5, 9, np.inf, 2, 0, 1, False), (5, 5, 9, 9, 3, 0, 1, False))
    written = files([sequence_of(0, [boxes])], class_names)
    assert written["train/sequence-0/000000.jpg"].dropped == {"box_without_area": 2}
    assert [box["bbox"] for box in json.loads(written["train.json"].data)["annotations"]] == [[5, 5, 9, 9]]


def test_a_class_without_a_name_is_an_error(sequence_of, boxes_of):
    with pytest.raises(PackagingError, match="class names"):
        files([sequence_of(0, [boxes_of((5, 5, 9, 9, 1, 3, 1, False))])], ("person",))


def test_each_split_has_its_own(sequence_of, class_names):
    shards = [Shard("street", split, 0, 1) for split in ("val", "train")]
    summaries = [ShardSummary(shard, (), (), ()) for shard in shards]
    assert [file.path for file in coco_vid.index_files(summaries, class_names)] == ["train.json", "val.json"]


# Readers of other people.


def scores(folder: Path, data, tracker, capsys):
    """What TrackEval's reader of TAO makes of the JSON, with a tracker's boxes scored against it, by class."""
    results = folder / "trackers" / "ours" / "data"
    results.mkdir(parents=True)
    (results / "boxes.json").write_text(json.dumps(tracker))
    quiet = {"PRINT_RESULTS": False, "PRINT_CONFIG": False, "TIME_PROGRESS": False, "OUTPUT_SUMMARY": False}
    quiet |= {"OUTPUT_DETAILED": False, "PLOT_CURVES": False, "BREAK_ON_ERROR": True, "RETURN_ON_ERROR": False}
    truth = folder / "truth"
    truth.mkdir()
    (truth / "train.json").write_text(json.dumps(data))
    dataset = trackeval.datasets.TAO(
        {"GT_FOLDER": str(truth), "TRACKERS_FOLDER": str(folder / "trackers"), "PRINT_CONFIG": False}
    )
    evaluator = trackeval.Evaluator({**trackeval.Evaluator.get_default_eval_config(), **quiet})
    results, _ = evaluator.evaluate([dataset], [trackeval.metrics.HOTA()])
    capsys.readouterr()
    return {name: one["HOTA"] for name, one in results["TAO"]["ours"]["COMBINED_SEQ"].items()}


KEYS = ("image_id", "category_id", "bbox", "score", "track_id", "video_id")


def test_taos_reader_scores_the_truth_against_itself_as_perfect(data, tmp_path, capsys):
    tracker = [{key: box[key] for key in KEYS} for box in data["annotations"]]
    found = scores(tmp_path, data, tracker, capsys)
    assert {name for name in found if name in ("person", "car")} == {"person", "car"}
    assert np.mean(found["person"]["HOTA"]) == pytest.approx(1)
    assert np.mean(found["car"]["HOTA"]) == pytest.approx(1)


def test_taos_reader_sees_identities_that_change(data, tmp_path, capsys):
    tracker = [{key: box[key] for key in KEYS} for box in data["annotations"]]
    for box in tracker[2:]:
        box["track_id"] += 10 * box["image_id"]
    found = scores(tmp_path, data, tracker, capsys)
    assert np.mean(found["person"]["DetA"]) == pytest.approx(1)
    assert np.mean(found["person"]["AssA"]) < 0.8


def test_cocos_reader_takes_it_and_leaves_out_what_is_not_considered(street, class_names, tmp_path, capsys):
    path = on_disk(tmp_path, files(street, class_names)) / "train.json"
    truth = COCO(str(path))
    assert len(truth.getAnnIds(imgIds=[1], catIds=[0])) == 1
    considered = [b for b in truth.dataset["annotations"] if b["image_id"] != 5]
    evaluation = COCOeval(truth, truth.loadRes([{key: b[key] for key in KEYS[:4]} for b in considered]), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    capsys.readouterr()
    # The walker that is left out was not found, and costs nothing.
    assert evaluation.stats[0] == pytest.approx(1)


# And back.

values = st.floats(0, 60, width=32)
sides = st.floats(0.015625, 60, width=32)
shares = st.floats(0, 1, width=32)
box = st.tuples(values, values, sides, sides, st.integers(1, 5), st.integers(0, 3), shares, st.booleans())
told = st.tuples(st.booleans(), st.booleans(), st.one_of(st.just(float("nan")), shares))
frame = st.lists(st.tuples(box, told).map(lambda parts: (*parts[0], *parts[1])), max_size=4, unique_by=lambda b: b[4])


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.lists(frame, min_size=1, max_size=3), min_size=1, max_size=3))
def test_what_is_written_is_read_back(sequence_of, boxes_of, class_names, tmp_path_factory, lengths):
    sequences = [sequence_of(n, [boxes_of(*boxes) for boxes in frames]) for n, frames in enumerate(lengths)]
    folder = on_disk(tmp_path_factory.mktemp("data"), files(sequences, class_names))
    assert FORMAT.recognises(folder / "train.json")
    sources, misfits = found(FORMAT, folder / "train.json")
    assert misfits == []
    assert [source.uri for source in sources] == [str(folder / "train" / s.sequence_id) for s in sequences]
    numbers = {}
    for sequence, source, frames in zip(sequences, sources, lengths, strict=True):
        names = tuple(f"{step:06d}.jpg" for step in range(len(sequence)))
        times = np.arange(len(names)) / 25
        footage = Footage("v", sequence.width, sequence.height, times, len(names) / 25, np.arange(len(names)), names)
        rows = annotated(FORMAT, source, footage)
        assert not rows.rejects
        expected = [
            (step, *one[:4], one[5], class_names[one[5]], one[6], one[9])
            for step, boxes in enumerate(frames)
            for one in sorted(boxes, key=lambda b: b[4])
        ]
        wanted = ("frame", "x", "y", "w", "h", "class_id", "class_name", "score", "considered")
        back = columns(rows.boxes, *wanted)
        assert [(row[0], *map(np.float32, row[1:5]), *row[5:7], np.float32(row[7]), row[8]) for row in back] == expected
        flat = [one for boxes in frames for one in sorted(boxes, key=lambda b: b[4])]
        for gave, told, seen, name in zip(
            flat,
            attributes(rows.boxes),
            rows.boxes.column("visibility").to_pylist(),
            rows.boxes.column("object_id").to_pylist(),
            strict=True,
        ):
            assert (told["origin"], told["generated"]) == ("annotated" if gave[8] else "detected", gave[7])
            assert (np.isnan(gave[10]) and seen is None) or np.float32(seen) == np.float32(gave[10])
            assert numbers.setdefault(name, (sequence.sequence_id, gave[4])) == (sequence.sequence_id, gave[4])


def test_the_images_are_those_given(street, class_names, tmp_path):
    folder = on_disk(tmp_path, files(street, class_names))
    picture = simplejpeg.decode_jpeg((folder / "train/sequence-1/000001.jpg").read_bytes())
    assert picture.shape == (street[1].height, street[1].width, 3)
