"""The MOT layout: what stands in its files, and that the benchmark's own code scores it."""

import configparser

import numpy as np
import pytest
import trackeval

from rushes.packaging import mot
from rushes.packaging.packed import Shard, ShardSummary

SHARD = Shard("street", "train", 0, 1)


def files(sequences, class_names):
    return {file.path: file for file in mot.shard_files(sequences, SHARD, class_names)}


def lines(file):
    return [line.split(",") for line in file.data.decode().splitlines()]


@pytest.fixture(scope="session")
def street(sequence_of, boxes_of):
    """Two persons who cross, one of them lost for a frame, and a car; two sequences."""

    def boxes(step):
        walker = (2.5 + 3 * step, 4, 12, 30, 1, 0, 0.9, step == 2)
        other = (40 - 3 * step, 6.25, 12, 30, 3, 0, 0.8, False)
        car = (1, 30, 20, 10, 2, 2, 0.7, False)
        return boxes_of(*((walker, car) if step == 3 else (car, other, walker)))

    return [sequence_of(number, [boxes(step) for step in range(6)]) for number in range(2)]


def test_a_sequence_is_a_folder_of_numbered_images_and_texts(street, class_names):
    found = files(street, class_names)
    folder = "train/sequence-1"
    images = [f"{folder}/img1/{number:06d}.jpg" for number in range(1, 7)]
    assert [path for path in found if path.startswith(folder)] == [
        *images,
        f"{folder}/gt/gt.txt",
        f"{folder}/det/det.txt",
        f"{folder}/seqinfo.ini",
    ]
    assert tuple(found[path].data for path in images) == street[1].jpegs


def test_the_ground_truth_counts_frames_and_corners_from_one(sequence_of, boxes_of, class_names):
    sequence = sequence_of(0, [boxes_of(), boxes_of((0, 10.25, 8, 9.1239, 7, 0, 0.9, False))])
    file = files([sequence], class_names)["train/sequence-0/gt/gt.txt"]
    assert lines(file) == [["2", "7", "1", "11.25", "8", "9.124", "1", "1", "1"]]
    assert file.rows == 1


def test_classes_are_those_of_the_benchmark_and_others_are_counted(sequence_of, boxes_of, class_names):
    sequence = sequence_of(0, [boxes_of(*[(k, k, 9, 9, k + 1, k, 0.9, False) for k in range(4)])])
    file = files([sequence], class_names)["train/sequence-0/gt/gt.txt"]
    assert [(line[1], line[7]) for line in lines(file)] == [("1", "1"), ("2", "4"), ("3", "3")]
    assert file.dropped == {"gt_class_unknown_to_mot": 1}


def test_the_benchmarks_own_names_are_its_classes(sequence_of, boxes_of):
    names = ("Pedestrian", "person_on_vehicle", "person on vehicle", "crowd", "class 14")
    sequence = sequence_of(0, [boxes_of(*[(k, k, 9, 9, k + 1, k, 0.9, False, True, True, 1.0) for k in range(5)])])
    assert [line[7] for line in lines(files([sequence], names)["train/sequence-0/gt/gt.txt"])] == ["1", "2", "2", "13"]


def test_annotated_boxes_are_the_ground_truth_and_detected_ones_the_detections(sequence_of, boxes_of, class_names):
    true = (1, 2, 9, 9, 1, 0, 1, False, True, False, 0.25)
    found = (1, 2, 9, 9, 2, 0, 0.5, False)
    written = files([sequence_of(0, [boxes_of(true, found), boxes_of(found)])], class_names)
    ground_truth, detections = (written[f"train/sequence-0/{name}"] for name in ("gt/gt.txt", "det/det.txt"))
    assert lines(ground_truth) == [["1", "1", "2", "3", "9", "9", "0", "1", "0.25"]]
    assert ground_truth.dropped == {"gt_detected_beside_annotated": 2}
    assert [line[0] for line in lines(detections)] == ["1", "2"]
    assert detections.dropped == {"det_annotated": 1}


def test_visibility_is_the_share_inside_the_image(sequence_of, boxes_of, class_names):
    boxes = boxes_of((-5, 0, 10, 10, 1, 0, 1, False), (59, 43, 10, 10, 2, 0, 1, False), (99, 0, 10, 10, 3, 0, 1, False))
    file = files([sequence_of(0, [boxes])], class_names)["train/sequence-0/gt/gt.txt"]
    assert [line[8] for line in lines(file)] == ["0.5", "0.25", "0"]


def test_boxes_that_would_be_written_without_area_are_counted_instead(sequence_of, boxes_of, class_names):
    boxes = boxes_of(
        (5, 5, 0, 10, 1, 0, 1, False), (5, 5, 0.0004, 10, 2, 0, 1, False), (5, 5, float("nan"), 10, 3, 0, 1, False)
    )
    found = files([sequence_of(0, [boxes])], class_names)
    assert found["train/sequence-0/gt/gt.txt"].dropped == {"gt_box_without_area": 3}
    assert found["train/sequence-0/det/det.txt"].dropped == {"det_box_without_area": 3}
    assert found["train/sequence-0/gt/gt.txt"].data == b""


def test_detections_are_the_persons_found_and_not_those_interpolated(street, class_names):
    file = files(street, class_names)["train/sequence-0/det/det.txt"]
    assert [line[0] for line in lines(file)] == ["1", "1", "2", "2", "3", "4", "5", "5", "6", "6"]
    assert lines(file)[1] == ["1", "-1", "41", "7.25", "12", "30", "0.8", "-1", "-1", "-1"]
    assert file.dropped == {"det_not_a_person": 6, "det_interpolated": 1}


def test_seqinfo_is_what_the_benchmark_reads(sequence_of, class_names):
    sequence = sequence_of(0, frame_rate=29.97)
    info = configparser.ConfigParser()
    info.read_string(files([sequence], class_names)["train/sequence-0/seqinfo.ini"].data.decode())
    assert info["Sequence"]["name"] == "sequence-0"
    numbers = {key: int(info["Sequence"][key]) for key in ("frameRate", "seqLength", "imWidth", "imHeight")}
    assert numbers == {"frameRate": 30, "seqLength": 3, "imWidth": 64, "imHeight": 48}
    assert (info["Sequence"]["imDir"], info["Sequence"]["imExt"]) == ("img1", ".jpg")


def test_a_seqmap_lists_a_splits_sequences_over_all_shards(class_names):
    def summary(split, index, count, *ids):
        return ShardSummary(Shard("d", split, index, count), ids, (3,) * len(ids), ())

    shards = [summary("train", 1, 2, "c"), summary("val", 0, 1, "d"), summary("train", 0, 2, "a", "b")]
    found = {file.path: file.data for file in mot.index_files(shards, class_names)}
    assert found == {"seqmaps/train.txt": b"name\na\nb\nc\n", "seqmaps/val.txt": b"name\nd\n"}


def scores(root, tracks, capsys):
    """What TrackEval says of tracker files, by sequence id; its report is kept off the screen."""
    folder = root / "trackers" / "ours" / "data"
    folder.mkdir(parents=True)
    for sequence_id, text in tracks.items():
        (folder / f"{sequence_id}.txt").write_text(text)
    quiet = {"PRINT_RESULTS": False, "PRINT_CONFIG": False, "TIME_PROGRESS": False, "OUTPUT_SUMMARY": False}
    quiet |= {"OUTPUT_DETAILED": False, "PLOT_CURVES": False, "BREAK_ON_ERROR": True, "RETURN_ON_ERROR": False}
    evaluator = trackeval.Evaluator({**trackeval.Evaluator.get_default_eval_config(), **quiet})
    dataset = trackeval.datasets.MotChallenge2DBox(
        {
            "GT_FOLDER": str(root / "train"),
            "SEQMAP_FILE": str(root / "seqmaps" / "train.txt"),
            "TRACKERS_FOLDER": str(root / "trackers"),
            "SKIP_SPLIT_FOL": True,
            "PRINT_CONFIG": False,
        }
    )
    metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR({"PRINT_CONFIG": False})]
    results, _ = evaluator.evaluate([dataset], metrics)
    capsys.readouterr()
    return results["MotChallenge2DBox"]["ours"]["COMBINED_SEQ"]["pedestrian"]


@pytest.fixture
def written(tmp_path, street, class_names):
    found = files(street, class_names)
    summary = ShardSummary(SHARD, tuple(s.sequence_id for s in street), tuple(map(len, street)), tuple(found))
    for file in [*found.values(), *mot.index_files([summary], class_names)]:
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return tmp_path


def persons(root, sequence_id, renumber=lambda frame, number: number):
    """The ground truth's persons as a tracker would report them."""
    rows = [line.split(",") for line in (root / "train" / sequence_id / "gt" / "gt.txt").read_text().splitlines()]
    return "".join(
        ",".join([row[0], str(renumber(int(row[0]), int(row[1]))), *row[2:6], "1", "-1", "-1", "-1"]) + "\n"
        for row in rows
        if row[7] == "1"
    )


def test_the_benchmark_scores_the_ground_truth_against_itself_as_perfect(written, street, capsys):
    result = scores(written, {s.sequence_id: persons(written, s.sequence_id) for s in street}, capsys)
    assert np.mean(result["HOTA"]["HOTA"]) == pytest.approx(1)
    assert result["CLEAR"]["MOTA"] == pytest.approx(1)
    assert result["CLEAR"]["CLR_TP"] == 2 * 11


def test_the_benchmark_sees_identities_that_change(written, street, capsys):
    def swap(frame, number):
        return number if frame < 4 else number + 10

    result = scores(written, {s.sequence_id: persons(written, s.sequence_id, swap) for s in street}, capsys)
    assert np.mean(result["HOTA"]["DetA"]) == pytest.approx(1)
    assert np.mean(result["HOTA"]["AssA"]) < 0.7
    assert result["CLEAR"]["IDSW"] == 4
