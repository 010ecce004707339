"""A data set made by hand gives back what was put in, and takes nothing else."""

from __future__ import annotations

import io
import json
import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import barcodes
import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

import rushes
from rushes.coords import pixel_ltwh
from rushes.errors import RushesError, SettingsError, StoreError, VideoError
from rushes.handmade import Dataset, SampleError


@pytest.fixture
def ds(tmp_path: Path) -> Dataset:
    return rushes.empty(tmp_path / "set")


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("video") / "clip.mp4"
    barcodes.write(path, frames=30)
    return path


def picture(path: Path, kind: str, size: tuple[int, int] = (32, 24), colour: int = 200) -> Path:
    data = io.BytesIO()
    Image.new("RGB", size, (colour, 10, 60)).save(data, kind)
    path.write_bytes(data.getvalue())
    return path


def again(ds: Dataset) -> Dataset:
    return rushes.load(ds.objects.uri)


# ── making and opening ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_path_is_relative_to_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rushes.empty("demo/video").create_tensor("x").append(7)
    assert rushes.load("demo/video").x[0].numpy() == 7
    assert (tmp_path / "demo/video/dataset.json").is_file()


def test_what_is_there_is_given_up_only_when_told(ds: Dataset, tmp_path: Path, video: Path) -> None:
    ds.create_tensor("videos", htype="video").append(rushes.read(video))
    with pytest.raises(StoreError, match=r"there is a data set already: rushes\.load.*overwrite=True begins anew"):
        rushes.empty(tmp_path / "set")
    assert len(again(ds).videos) == 1
    rushes.empty(tmp_path / "set", overwrite=True).create_tensor("videos", htype="video")
    assert len(again(ds).videos) == 0
    assert not list((tmp_path / "set").rglob("*.mp4"))


def test_no_data_set_is_an_error_and_so_is_another_program_s(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no data set there: rushes\.empty makes one"):
        rushes.load(tmp_path / "none")
    (tmp_path / "dataset.json").write_text("{}")
    for attempt in (lambda: rushes.load(tmp_path), lambda: rushes.empty(tmp_path, overwrite=True)):
        with pytest.raises(StoreError, match="is not of rushes-handmade version 2"):
            attempt()
    assert (tmp_path / "dataset.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"name": "x", "htype": "audio"}, r"htype 'audio': there are video, link\[video\], image, "),
        ({"name": "append"}, "column 'append': give a name"),
        ({"name": "kinds"}, "column 'kinds': give a name"),
        ({"name": "two words"}, "column 'two words': give a name"),
        (
            {"name": "x", "htype": "video", "sample_compression": "jpg"},
            "sample_compression 'jpg': of videos, one of mp4",
        ),
        ({"name": "x", "htype": "bbox", "sample_compression": "jpg"}, "htype 'bbox' takes no sample_compression"),
        ({"name": "x", "htype": "video", "coords": {"type": "pixel", "mode": "LTWH"}}, "takes no coords"),
        (
            {"name": "x", "htype": "bbox", "coords": {"type": "pixel", "mode": "XYWH"}},
            "the mode one of LTRB, LTWH, CCWH",
        ),
        ({"name": "x", "htype": "bbox", "coords": {"type": "pixels", "mode": "LTRB"}}, "one of pixel, fractional"),
        ({"name": "x", "dtype": "text"}, "dtype 'text': give one of numbers"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(ds: Dataset, declared: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        ds.create_tensor(**declared)
    assert again(ds).kinds == {}


def test_a_column_is_declared_once(ds: Dataset) -> None:
    ds.create_tensor("boxes", htype="sequence[bbox]")
    with pytest.raises(SettingsError, match=r"column 'boxes' is there already, of htype sequence\[bbox\]"):
        again(ds).create_tensor("boxes")


def test_an_unknown_column_is_an_error_that_names_those_there_are(ds: Dataset) -> None:
    ds.create_tensor("boxes", htype="bbox")
    with pytest.raises(AttributeError, match="no column 'boxs': there are boxes"):
        _ = ds.boxs
    with pytest.raises(KeyError, match="no column 'boxs': there are boxes"):
        ds["boxs"]


def test_facts_of_a_column_are_kept_and_checked(ds: Dataset) -> None:
    boxes = ds.create_tensor("boxes", htype="bbox")
    boxes.info.update(coords={"type": "fractional", "mode": "CCWH"}, source="by hand")
    assert dict(again(ds).boxes.info) == {"coords": {"type": "fractional", "mode": "CCWH"}, "source": "by hand"}
    with pytest.raises(SettingsError, match="coords"):
        boxes.info["coords"] = "LTWH"
    with pytest.raises(SettingsError, match="info holds text, numbers, lists and dicts only"):
        boxes.info["when"] = object()
    del boxes.info["source"]
    assert list(again(ds).boxes.info) == ["coords"]


# ── samples ──────────────────────────────────────────────────────────────────────────────────────────────────────────

FRAMES = st.lists(
    hnp.arrays(np.float32, st.tuples(st.integers(0, 4), st.just(4)), elements=st.floats(-9, 9999, width=32))
)


@settings(max_examples=25, deadline=None)
@given(st.lists(FRAMES, min_size=1, max_size=4))
def test_boxes_of_any_number_a_frame_come_back(
    tmp_path_factory: pytest.TempPathFactory, videos: list[list[np.ndarray]]
) -> None:
    ds = rushes.empty(tmp_path_factory.mktemp("boxes") / "set")
    ds.create_tensor("boxes", htype="sequence[bbox]").extend(videos)
    for sample, frames in zip(again(ds).boxes, videos, strict=True):
        found = sample.numpy(aslist=True)
        assert [boxes.dtype for boxes in found] == [np.float32] * len(frames)
        for boxes, wanted in zip(found, frames, strict=True):
            np.testing.assert_array_equal(boxes, wanted)


NUMBERS = hnp.arrays(
    st.sampled_from([np.uint8, np.int16, np.uint32, np.int64, np.float32, np.float64, np.bool_]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_arrays_of_any_shape_come_back(tmp_path_factory: pytest.TempPathFactory, arrays: list[np.ndarray]) -> None:
    ds = rushes.empty(tmp_path_factory.mktemp("arrays") / "set")
    ds.create_tensor("x").extend(arrays)
    for sample, wanted in zip(again(ds).x, arrays, strict=True):
        assert sample.numpy().dtype == wanted.dtype
        np.testing.assert_array_equal(sample.numpy(), wanted)
        assert sample.shape == wanted.shape


def test_sequences_are_indexed_by_sample_and_by_item(ds: Dataset) -> None:
    ids = ds.create_tensor("ids", htype="sequence[]", dtype=np.uint32)
    ids.extend([[[1, 2], [], [3]], [[4]]])
    assert ids[0].shape == (3, None)
    assert ids[0][2].numpy().tolist() == ids[0, -1].numpy().tolist() == ids[-2][2].numpy().tolist() == [3]
    assert ids[0].numpy()[1].dtype == np.uint32
    assert [item.numpy().tolist() for item in ids[0, ::2]] == [[1, 2], [3]]
    assert [len(sample) for sample in ids[:]] == [3, 1]
    assert ids[[1, 0, 1]][1].shape == (3, None)
    assert ids[1].numpy().tolist() == [[4]]
    with pytest.raises(IndexError, match="sample 2 of 2"):
        ids[2]
    with pytest.raises(IndexError, match="item 3 of 3"):
        ids[0, 3]


def test_labels_are_numbers_of_classes(ds: Dataset) -> None:
    labels = ds.create_tensor("labels", htype="sequence[class_label]", class_names=["person", "car"])
    labels.append([[0, 1], []])
    assert again(ds).labels[0, 0].numpy().dtype == np.uint32
    assert again(ds).labels.info["class_names"] == ["person", "car"]
    with pytest.raises(SampleError, match="labels: item 1: class 2, but there are 2 class_names"):
        labels.append([[0], [2]])


def test_image_files_are_kept_as_they_are(ds: Dataset, tmp_path: Path) -> None:
    files = [picture(tmp_path / f"{i}.jpg", "JPEG", colour=20 * i) for i in range(3)]
    ds.create_tensor("frames", htype="sequence[image]", sample_compression="jpg").append(
        [rushes.read(f) for f in files]
    )
    ds.create_tensor("covers", htype="image").append(rushes.read(picture(tmp_path / "c.png", "PNG", (8, 6), 99)))
    frames = again(ds).frames[0]
    assert frames.tobytes() == [file.read_bytes() for file in files]
    assert frames.shape == (3, 24, 32, 3) == frames.numpy().shape
    assert frames[-1].numpy()[0, 0, 0] == pytest.approx(40, abs=3)
    assert again(ds).frames[0, 2].tobytes() == files[2].read_bytes()
    assert again(ds).covers[0].numpy().tolist() == np.full((6, 8, 3), (99, 10, 60)).tolist()
    with pytest.raises(SampleError, match=r"frames: .*c\.png is PNG, but the column holds JPEG"):
        ds.frames.append([rushes.read(tmp_path / "c.png")])


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def test_arrays_of_pixels_come_back_to_the_bit(ds: Dataset, tmp_path: Path) -> None:
    frames = ds.create_tensor("frames", htype="sequence[image]")
    frames.append(pixels(3, 20, 30, 3))
    frames.append([pixels(5, 7, 3), rushes.read(picture(tmp_path / "a.jpg", "JPEG")), pixels(24, 32, 3)[::-1]])
    covers = ds.create_tensor("covers", htype="image", sample_compression="png")
    covers.append(pixels(1, 1, 3))
    np.testing.assert_array_equal(again(ds).frames[0].numpy(), pixels(3, 20, 30, 3))
    assert again(ds).frames[1].shape == (3, None, None, 3)
    np.testing.assert_array_equal(again(ds).frames[1][0].numpy(), pixels(5, 7, 3))
    np.testing.assert_array_equal(again(ds).frames[1][2].numpy(), pixels(24, 32, 3)[::-1])
    np.testing.assert_array_equal(again(ds).covers[0].numpy(), pixels(1, 1, 3))


def test_arrays_are_jpegs_where_the_column_says_so(ds: Dataset) -> None:
    smooth = np.add.outer(np.arange(24), 3 * np.arange(32)).astype(np.uint8)[..., np.newaxis].repeat(3, axis=2)
    ds.create_tensor("frames", htype="sequence[image]", sample_compression="jpg").append([smooth])
    assert again(ds).frames[0].tobytes()[0].startswith(b"\xff\xd8")
    assert np.abs(again(ds).frames[0, 0].numpy().astype(int) - smooth).max() < 12


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(JSON, min_size=1, max_size=3), st.lists(st.text(), max_size=3))
def test_words_and_json_come_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], words: list[str]
) -> None:
    ds = rushes.empty(tmp_path_factory.mktemp("words") / "set")
    ds.create_tensor("facts", htype="json").extend(values)
    ds.create_tensor("lines", htype="sequence[text]").append(words)
    ds.create_tensor("lists", htype="sequence[json]").append(values)
    ds.create_tensor("word", htype="text").extend(words)
    there = again(ds)
    assert [one.data() for one in there.facts] == there.lists[0].data() == values
    assert [one.data() for one in there.word] == there.lines[0].data() == words
    assert [one.numpy().item() for one in there.word] == there.lines[0].numpy().tolist() == words
    assert [one.data() for one in there.lines[0][::-1]] == words[::-1]


# ── boxes in other coords ────────────────────────────────────────────────────────────────────────────────────────────


def test_boxes_are_given_in_the_coords_that_are_asked_for(ds: Dataset, video: Path) -> None:
    ds.create_tensor("videos", htype="video")
    ds.create_tensor("boxes", htype="sequence[bbox]", coords={"type": "pixel", "mode": "LTRB"})
    ds.append({"videos": rushes.read(video), "boxes": [[[32, 24, 96, 72]], [], *[[[0, 0, 128, 96]] * 2] * 28]})
    fractions = again(ds).boxes.to("fractional", "CCWH")
    assert fractions[0, 0].numpy().tolist() == [[0.5, 0.5, 0.5, 0.5]]
    assert fractions[0, 1].numpy().shape == (0, 4)
    assert fractions[0][2].numpy().tolist() == [[0.5, 0.5, 1, 1]] * 2
    assert [sample[0].numpy().tolist() for sample in again(ds).boxes.to("pixel", "LTWH")] == [[[32, 24, 64, 48]]]
    assert again(ds).boxes.to("pixel", "LTRB")[0, 0].numpy().tolist() == [[32, 24, 96, 72]]


def test_fractions_are_of_the_picture_that_each_box_lies_in(ds: Dataset) -> None:
    ds.create_tensor("frames", htype="sequence[image]").append([pixels(10, 20, 3), pixels(40, 80, 3)])
    ds.create_tensor("covers", htype="image").append(pixels(50, 100, 3))
    coords = {"type": "fractional", "mode": "LTWH"}
    ds.create_tensor("boxes", htype="sequence[bbox]", coords=coords).append([[[0.5, 0.5, 0.25, 0.1]]] * 2)
    ds.create_tensor("whole", htype="bbox", coords=coords).append([[0.1, 0.2, 0.5, 0.5]])
    found = ds.boxes.to("pixel", "LTWH")[0]
    np.testing.assert_allclose(found.numpy(), [[[10, 5, 5, 1]], [[40, 20, 20, 4]]])
    np.testing.assert_allclose(ds.whole.to("pixel", "LTRB")[0].numpy(), [[10, 10, 60, 35]])


def test_boxes_whose_pictures_are_not_known_are_not_turned_into_fractions(ds: Dataset, video: Path) -> None:
    boxes = ds.create_tensor("boxes", htype="sequence[bbox]")
    boxes.append([[[1, 2, 3, 4]]] * 5)
    with pytest.raises(SettingsError, match="there is no column of pictures that they could lie in"):
        boxes.to("fractional")
    assert boxes.to(mode="LTRB")[0, 4].numpy().tolist() == [[1, 2, 4, 6]]
    ds.create_tensor("videos", htype="video")
    with pytest.raises(SampleError, match=r"boxes\[0\]: videos has no such sample"):
        boxes.to("fractional")[0]
    ds.videos.append(rushes.read(video))
    with pytest.raises(SampleError, match=r"boxes\[0\] has boxes for 5 frames, but videos\[0\] has 30"):
        boxes.to("fractional")[0]
    ds.create_tensor("others", htype="video")
    with pytest.raises(SettingsError, match="of= one of videos, others"):
        boxes.to("fractional")
    assert len(boxes.to("fractional", of="others")) == 1
    with pytest.raises(SettingsError, match=r"column 'videos' holds video: only boxes are turned"):
        ds.videos.to("fractional")
    with pytest.raises(SettingsError, match="the mode one of"):
        boxes.to("pixel", "XYWH")


def test_a_video_is_kept_as_it_is_and_read_without_opening_it(ds: Dataset, video: Path, tmp_path: Path) -> None:
    ds.create_tensor("videos", htype="video", sample_compression="mp4").append(rushes.read(video))
    [kept] = (tmp_path / "set/media").rglob("*.mp4")
    assert kept.read_bytes() == video.read_bytes()
    held = again(ds).videos[0]
    assert [barcodes.read(frame) for frame in held[[29, 0, 7]].numpy()] == [29, 0, 7]
    assert held.row["read_by"] == "packets"
    # The file's own index is not needed, nor looked at.
    data = kept.read_bytes()
    kept.write_bytes(data.replace(b"moov", b"free"))
    assert barcodes.read(again(ds).videos[0, 11].numpy()) == 11
    assert barcodes.read(pickle.loads(pickle.dumps(again(ds).videos[0]))[12].numpy()) == 12


def test_a_linked_file_is_not_copied(ds: Dataset, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(video.parent)
    ds.create_tensor("links", htype="link[video]").append(rushes.link(video.name))
    monkeypatch.chdir(tmp_path)
    assert barcodes.read(again(ds).links[0, -1].numpy()) == 29
    assert not list((tmp_path / "set").rglob("*.mp4"))


# ── what is refused leaves nothing behind ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("htype", "sample", "why"),
    [
        ("video", "clip.mp4", r"x: a video is appended as rushes\.read\(PATH\), not as str"),
        ("video", rushes.link("clip.mp4"), r"rushes\.read\(PATH\), not as LinkedFile"),
        ("link[video]", rushes.read("clip.mp4"), r"x: a link is appended as rushes\.link\(ADDRESS\), not as ReadFile"),
        ("video", rushes.read("none.mp4"), r"none\.mp4: no such file"),
        ("link[video]", rushes.link("https://a.b/c.mp4?X-Amz-Signature=1"), "this address holds a secret"),
        ("link[video]", rushes.link("s3://a/b.mp4", creds_key="K"), r"no credentials key 'K' in this data set"),
        ("sequence[bbox]", [np.ones((2, 4)), np.ones((2, 5))], r"frame 1: boxes are numbers of shape \(boxes, 4\)"),
        ("sequence[bbox]", np.ones((2, 4)), r"frame 0: boxes are .*, not ndarray of shape \(4,\)"),
        ("sequence[bbox]", 3, r"boxes of a video are an array \(frames, boxes, 4\) or a list .*, not int"),
        ("bbox", [[0, 0, np.nan, 1]], "a box has a number that is not finite"),
        ("bbox", [["a", "b", "c", "d"]], r"boxes are numbers of shape \(boxes, 4\), not list"),
        ("image", "a.jpg", r"an image is appended as rushes\.read\(PATH\) or an array, not as str"),
        ("image", np.zeros((4, 4, 3)), r"an array of uint8 \(height, width, 3\), RGB, not float64 \(4, 4, 3\)"),
        ("image", np.zeros((4, 4), np.uint8), r"not uint8 \(4, 4\); other arrays are for htype generic"),
        ("image", np.zeros((0, 4, 3), np.uint8), r"not uint8 \(0, 4, 3\)"),
        ("sequence[image]", np.zeros((4, 4, 3), np.uint8), r"not uint8 \(4, 3\)"),
        ("sequence[image]", rushes.read("a.jpg"), r"a list of rushes\.read\(PATH\) or arrays, not ReadFile"),
        ("text", b"words", r"x: the sample: text is expected, not bytes"),
        ("text", "\ud800", "half of a character cannot be kept"),
        ("sequence[text]", "words", "a sequence is a list, not str"),
        ("sequence[text]", ["words", 3], "item 1: text is expected, not int"),
        ("json", {1: "one"}, "JSON would give it back otherwise"),
        ("json", [(1, 2)], "JSON would give it back otherwise"),
        ("json", {"a": float("nan")}, "JSON cannot say this"),
        ("json", np.ones(3), "JSON cannot say this"),
        ("image", rushes.read("none.jpg"), r"none\.jpg: no such file"),
        ("generic", "words", "an array of numbers is expected, not str"),
        ("generic", [[1], [2, 3]], r"its parts differ in shape: that is for an htype sequence\[…\]"),
        ("class_label", -1, "int64 values that uint32 cannot hold"),
        ("class_label", 0.5, "float64 values that uint32 cannot hold"),
    ],
)
def test_a_sample_of_the_wrong_kind_is_refused_in_one_line(ds: Dataset, htype: str, sample: Any, why: str) -> None:
    ds.create_tensor("x", htype=htype)
    with pytest.raises(RushesError, match=why) as caught:
        ds.x.append(sample)
    assert "\n" not in str(caught.value)
    assert len(again(ds).x) == 0
    assert list(ds.objects.list("media")) == []


def test_a_file_of_another_container_is_refused(ds: Dataset, tmp_path: Path) -> None:
    barcodes.write(tmp_path / "v.mkv", container="matroska", frames=5)
    ds.create_tensor("videos", htype="video", sample_compression="mp4")
    with pytest.raises(SampleError, match=r"v\.mkv is matroska, but the column holds mp4"):
        ds.videos.append(rushes.read(tmp_path / "v.mkv"))
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(VideoError, match=r"text\.mp4: not a video"):
        ds.videos.append(rushes.read(tmp_path / "text.mp4"))


def test_a_row_is_appended_whole_or_not_at_all(ds: Dataset, video: Path) -> None:
    ds.create_tensor("videos", htype="video")
    ds.create_tensor("boxes", htype="sequence[bbox]")
    with pytest.raises(SampleError, match="boxes: frame 0"):
        ds.append({"videos": rushes.read(video), "boxes": [[1, 2]]})
    with pytest.raises(SampleError, match=r"nothing is given for boxes; ds\.NAME\.append fills one column alone"):
        ds.append({"videos": rushes.read(video)})
    with pytest.raises(SampleError, match="no column 'box': there are videos, boxes"):
        ds.append({"videos": rushes.read(video), "box": []})
    assert (len(again(ds).videos), len(ds), list(ds.objects.list("media"))) == (0, 0, [])
    ds.append({"videos": rushes.read(video), "boxes": [[[1, 2, 3, 4]]] * 30})
    ds.videos.append(rushes.read(video))
    assert (len(ds.videos), len(ds.boxes), len(ds)) == (2, 1, 1)
    [row] = again(ds)
    assert barcodes.read(row["videos"][5].numpy()) == 5
    assert ds[-1]["boxes"].shape == (30, 1, 4)
    with pytest.raises(IndexError, match="sample 1 of 1"):
        ds[1]


def test_boxes_are_plain_lists_for_sql(ds: Dataset) -> None:
    ds.create_tensor("boxes", htype="sequence[bbox]").append([[[1, 2, 3, 4]], []])
    query = f"SELECT boxes FROM '{ds.objects.uri}/rows/*/*.parquet'"
    assert duckdb.sql(query).fetchall() == [([[[1.0, 2.0, 3.0, 4.0]], []],)]


def test_what_is_written_down_are_the_declarations(ds: Dataset, tmp_path: Path) -> None:
    ds.create_tensor("boxes", htype="bbox", coords={"type": "pixel", "mode": "LTRB"})
    ds.add_creds_key("TEMP_KEY")
    ds.populate_creds("TEMP_KEY", {"aws_secret_access_key": "hush"})
    documents = sorted((tmp_path / "set/declared").rglob("*.json"))
    assert [path.name for path in documents] == ["000001.json", "000002.json"]
    assert not any("hush" in path.read_text() for path in (tmp_path / "set").rglob("*.json"))
    about = json.loads(documents[-1].read_text())
    assert about["creds_keys"] == ["TEMP_KEY"]
    assert about["columns"]["boxes"]["info"] == {"coords": {"type": "pixel", "mode": "LTRB"}}


def test_a_data_set_of_the_first_version_is_read_and_declared_on(ds: Dataset, tmp_path: Path) -> None:
    """Its declarations stood in ``dataset.json`` itself."""
    ds.create_tensor("x").append(7)
    [latest] = (tmp_path / "set/declared").rglob("*.json")
    first = json.loads(latest.read_text()) | {"version": 1}
    (tmp_path / "set/dataset.json").write_text(json.dumps(first))
    latest.unlink()
    assert again(ds).x[0].numpy() == 7
    again(ds).create_tensor("y", htype="text").append("words")
    assert (list(again(ds).kinds), again(ds).y[0].data()) == (["x", "y"], "words")


def _declare(uri: str, names: list[str]) -> None:
    ds = rushes.load(uri)
    for name in names:
        ds.create_tensor(name, htype="text").info.update(by=name)


def test_several_processes_may_declare_columns_at_once(ds: Dataset) -> None:
    names = [[f"column_{worker}_{i}" for i in range(6)] for worker in range(3)]
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_declare, args=(ds.objects.uri, own)) for own in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(again(ds).kinds) == sorted(name for own in names for name in own)
    assert all(again(ds)[name].info["by"] == name for own in names for name in own)


def test_facts_that_another_set_meanwhile_stay(ds: Dataset) -> None:
    boxes = ds.create_tensor("boxes", htype="bbox")
    again(ds).boxes.info["source"] = "elsewhere"
    boxes.info["note"] = "here"
    assert dict(again(ds).boxes.info) == {"source": "elsewhere", "note": "here"}


def test_a_summary_has_a_line_for_each_column(ds: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    ds.create_tensor("frames", htype="sequence[image]", sample_compression="jpg")
    ds.create_tensor("ids", htype="sequence[]", dtype="uint32").extend([[[1]], [[2]]])
    ds.summary()
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["column", "htype", "samples", "declared"],
        ["frames", "sequence[image]", "0", "sample_compression=jpg"],
        ["ids", "sequence[]", "2", "dtype=uint32"],
    ]


def test_boxes_in_any_coordinates_are_drawn_at_the_same_place() -> None:
    wanted = [[10, 20, 30, 40]]
    ways = {
        ("pixel", "LTWH"): [10, 20, 30, 40],
        ("pixel", "LTRB"): [10, 20, 40, 60],
        ("pixel", "CCWH"): [25, 40, 30, 40],
        ("fractional", "LTWH"): [0.1, 0.1, 0.3, 0.2],
        ("fractional", "CCWH"): [0.25, 0.2, 0.3, 0.2],
    }
    for (unit, mode), box in ways.items():
        found = pixel_ltwh(np.array([box], np.float32), {"type": unit, "mode": mode}, 100, 200)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
