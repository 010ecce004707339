"""WebDataset shards: what the package's own reader finds in them is what was packaged."""

import io
import itertools
import json
import random
import tarfile

import numpy as np
import pyarrow.parquet as pq
import pytest
import simplejpeg
import webdataset as wds
from hypothesis import given
from hypothesis import strategies as st

from rushes.packaging import webdataset
from rushes.packaging.packed import PackagingError, Shard, ShardSummary
from rushes.packaging.webdataset import key_of
from rushes.selection.recipes.recipe import Recipe

SHARD = Shard("street", "train", 1, 3)
ID = "bikes.000000-000029.s000000"


def files(sequences, class_names, shard=SHARD):
    return {file.path: file for file in webdataset.shard_files(sequences, shard, class_names)}


def read(folder, *, decode=None):
    """What the package's own reader yields from a folder's tars."""
    pattern = [str(path) for path in sorted(folder.glob("*.tar"))]
    samples = wds.WebDataset(pattern, shardshuffle=False, empty_check=False)
    return list(samples.decode(*decode) if decode else samples)


def store(folder, found):
    for file in found.values():
        (folder / file.path).write_bytes(file.data)
    return folder


@pytest.fixture(scope="session")
def street(sequence_of, boxes_of):
    person = (2.5, 4.1, 12, 30.3, 7, 0, 0.9, False, True, False, 0.25)
    car = (1, 30, 20, 10, 2, 2, 0.7, True)
    three = [boxes_of(person, car), boxes_of(), boxes_of(car)]
    return [
        sequence_of(0, three, sequence_id=ID, label=(2, "car"), times_s=np.array([0.1, 1 / 3, 0.7])),
        sequence_of(1, [boxes_of()], embedding=np.linspace(-1, 1, 5, dtype=np.float32), embedding_model="m"),
    ]


def test_a_sequence_is_one_sample_though_its_id_has_dots(tmp_path, street, class_names):
    samples = read(store(tmp_path, files(street, class_names)))
    assert [sample["__key__"] for sample in samples] == ["bikes~000000-000029~s000000", "sequence-1"]
    values = [{name for name in sample if not name.startswith("__")} for sample in samples]
    assert values == [
        {"json", "000000.jpg", "000001.jpg", "000002.jpg"},
        {"json", "000000.jpg", "embedding.npy"},
    ]
    assert [json.loads(sample["json"])["sequence_id"] for sample in samples] == [ID, "sequence-1"]


ids = st.from_regex(r"(?!\.)[A-Za-z0-9._=+@-]+", fullmatch=True)


@given(st.lists(ids, min_size=2, max_size=2, unique=True))
def test_keys_have_no_dots_and_tell_sequences_apart(pair):
    one, other = map(key_of, pair)
    assert one != other
    assert "." not in one
    assert key_of(pair[0]).replace("~", ".") == pair[0]


@given(ids.filter(lambda id: len(id) < 150))
def test_any_id_of_a_sequence_survives_the_reader(tmp_path_factory, sequence_of, class_names, sequence_id):
    folder = store(tmp_path_factory.mktemp("any"), files([sequence_of(0, sequence_id=sequence_id)], class_names))
    [sample] = read(folder)
    assert json.loads(sample["json"])["sequence_id"] == sequence_id
    assert len([name for name in sample if name.endswith(".jpg")]) == 3


def test_images_are_the_given_bytes(tmp_path, street, class_names):
    samples = read(store(tmp_path, files(street, class_names)))
    for sequence, sample in zip(street, samples, strict=True):
        assert tuple(sample[name] for name in json.loads(sample["json"])["images"]) == sequence.jpegs


def test_the_package_decodes_pixels_vectors_and_facts(tmp_path, street, class_names):
    first, second = read(store(tmp_path, files(street, class_names)), decode=("rgb8",))
    assert first["json"]["label"] == "car"
    for step, jpeg in enumerate(street[0].jpegs):
        told = simplejpeg.decode_jpeg(jpeg).astype(int)
        assert np.abs(first[f"{step:06d}.jpg"].astype(int) - told).max() <= 2  # another decoder's rounding
    np.testing.assert_array_equal(second["embedding.npy"], street[1].embedding)
    assert second["embedding.npy"].dtype == np.float32
    assert second["json"]["embedding_model"] == "m"
    assert first["json"]["embedding_model"] is None


def test_boxes_ids_and_times_are_those_of_the_source(tmp_path, street, class_names):
    sequence = street[0]
    facts = json.loads(read(store(tmp_path, files(street, class_names)))[0]["json"])
    assert facts["times_s"] == sequence.times_s.tolist()
    assert facts["source_frames"] == [100, 101, 102]
    assert facts["frames_annotated"] == [True, False, False]
    for step, boxes in enumerate(sequence.boxes):
        np.testing.assert_array_equal(np.array(facts["boxes"][step], np.float32).reshape(-1, 4), boxes.boxes)
        np.testing.assert_array_equal(np.array(facts["scores"][step], np.float32), boxes.scores)
        assert facts["ids"][step] == boxes.track_numbers.tolist()
        assert facts["class_ids"][step] == boxes.class_ids.tolist()
    assert facts["classes"] == [["person", "car"], [], ["car"]]
    assert facts["generated"] == [[False, True], [], [True]]
    assert facts["annotated"] == [[True, False], [], [False]]
    assert facts["considered"] == [[False, True], [], [True]]
    assert facts["visibility"] == [[0.25, None], [], [None]]


@given(st.lists(st.tuples(*[st.floats(width=32)] * 4, st.floats(width=32)), max_size=5))
def test_every_finite_box_comes_back_as_the_same_floats_and_others_are_counted(
    sequence_of, boxes_of, class_names, given_boxes
):
    boxes = boxes_of(*[(*ltwh, k + 1, 0, score, False) for k, (*ltwh, score) in enumerate(given_boxes)])
    file = files([sequence_of(0, [boxes])], class_names)[f"{SHARD.stem}.tar"]
    with tarfile.open(fileobj=io.BytesIO(file.data)) as tar:
        facts = json.load(tar.extractfile("sequence-0.json"))
    finite = [row for row in given_boxes if np.isfinite(row).all()]
    told = [[*box, score] for box, score in zip(facts["boxes"][0], facts["scores"][0], strict=True)]
    np.testing.assert_array_equal(
        np.array(told, np.float32).reshape(-1, 5), np.array(finite, np.float32).reshape(-1, 5)
    )
    assert file.dropped == (
        {"box_not_finite": len(given_boxes) - len(finite)} if len(finite) < len(given_boxes) else {}
    )


def test_the_index_says_where_each_member_s_bytes_are(tmp_path, street, sequence_of, class_names):
    long = sequence_of(9, sequence_id="x" * 180)  # a name that needs an extra header
    folder = store(tmp_path, files([*street, long], class_names))
    rows = pq.read_table(folder / f"{SHARD.stem}.index.parquet").to_pylist()
    with tarfile.open(folder / f"{SHARD.stem}.tar") as tar:
        told = {member.name: tar.extractfile(member).read() for member in tar}
    assert len(rows) == len(told) == 4 + 3 + 4
    random.Random(0).shuffle(rows)
    for row in rows:
        with open(folder / row["file"], "rb") as handle:
            handle.seek(row["offset"])
            assert handle.read(row["size"]) == told[f"{row['key']}.{row['name']}"]


def test_numbered_shards_are_one_data_set_to_the_reader(tmp_path, sequence_of, class_names):
    for index in range(3):
        shard = Shard("street", "train", index, 3)
        store(tmp_path, files([sequence_of(10 * index + k) for k in range(2)], class_names, shard))
    pattern = str(tmp_path / "train-{00000..00002}-of-00003.tar")
    keys = [sample["__key__"] for sample in wds.WebDataset(pattern, shardshuffle=False, empty_check=False)]
    assert keys == [f"sequence-{n}" for n in (0, 1, 10, 11, 20, 21)]


def test_the_same_sequences_give_the_same_bytes(street, class_names):
    one, other = files(street, class_names), files(iter(street), class_names)
    assert {path: file.data for path, file in one.items()} == {path: file.data for path, file in other.items()}


def test_a_splits_json_lists_its_shards_and_the_classes(class_names):
    def summary(split, index, count, *ids):
        return ShardSummary(Shard("d", split, index, count), ids, (3,) * len(ids), ())

    shards = [summary("train", 1, 2, "c"), summary("val", 0, 1, "d"), summary("train", 0, 2, "a", "b")]
    found = {file.path: json.loads(file.data) for file in webdataset.index_files(shards, class_names)}
    assert list(found) == ["train.json", "val.json"]
    assert found["train.json"]["class_names"] == list(class_names)
    assert [(s["file"], s["samples"], s["frames"]) for s in found["train.json"]["shards"]] == [
        ("train-00000-of-00002.tar", 2, 6),
        ("train-00001-of-00002.tar", 1, 3),
    ]


def test_a_class_without_a_name_and_a_sequence_given_twice_are_refused(sequence_of, boxes_of, class_names):
    nameless = sequence_of(0, [boxes_of((1, 1, 5, 5, 1, 99, 1, False))])
    with pytest.raises(PackagingError, match="class id 99"):
        files([nameless], class_names)
    with pytest.raises(PackagingError, match="twice"):
        files(itertools.repeat(sequence_of(0), 2), class_names)


def test_a_recipe_may_ask_for_it():
    assert Recipe(name="r", sequence_length=4, formats=("webdataset",)).formats == ("webdataset",)
