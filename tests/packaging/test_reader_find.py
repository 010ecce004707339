"""Opening a packaged data set by its address, boxes in other coords, and what a forked process may do."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from http_ranges import RangeServer
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from native_set import boxes_at, native_files

import rushes
from rushes.coords import MODES, PIXEL_LTWH, TYPES, from_pixel_ltwh, pixel_ltwh
from rushes.errors import RushesError, SettingsError, StoreError
from rushes.packaging.reader import DatasetError

LENGTHS = (4, 6)
FILES = native_files(LENGTHS)


def write(folder: Path) -> Path:
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a data set of which an older version is there too."""
    folder = tmp_path / "datasets" / "street"
    write(folder / "0a0a" / "native")
    (folder / "0b0b" / "native").mkdir(parents=True)
    about = json.dumps({"version": "0a0a", "recipe": {"formats": ["mot", "native"]}})
    (folder / "dataset.json").write_text(about)
    (folder / "0a0a" / "dataset.json").write_text(about)
    return tmp_path


@pytest.mark.parametrize("where", ["datasets/street", "datasets/street/0a0a", "datasets/street/0a0a/native/"])
def test_a_data_set_is_opened_by_any_of_its_folders(store: Path, where: str) -> None:
    assert rushes.open_dataset(f"{store}/{where}").lengths.tolist() == [4, 6]
    assert rushes.open_dataset(f"file://{store}/{where}").lengths.tolist() == [4, 6]
    assert rushes.open_dataset(store / where).lengths.tolist() == [4, 6]


def test_a_store_gives_it_by_name(store: Path) -> None:
    assert rushes.open(store).dataset("street").sequence_ids == ["sequence-0", "sequence-1"]
    with pytest.raises(StoreError, match="no data set named 'road'"):
        rushes.open(store).dataset("road")


def test_what_is_no_data_set_is_told_in_a_line(store: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data set there, neither index.json nor dataset.json"):
        rushes.open_dataset(store)
    about = {"version": "0a0a", "recipe": {"formats": ["mot"]}}
    (store / "datasets" / "street" / "dataset.json").write_text(json.dumps(about))
    for opened in (
        lambda: rushes.open_dataset(store / "datasets/street"),
        lambda: rushes.open(store).dataset("street"),
    ):
        with pytest.raises(StoreError, match="not packaged as native"):
            opened()


def test_a_data_set_is_read_over_the_web_by_ranges() -> None:
    with RangeServer({f"sets/street/{name}": data for name, data in FILES.items()}) as server:
        ds = rushes.open_dataset(f"{server.url}/sets/street")
        assert ds.lengths.tolist() == [4, 6]
        frames = ds.frames[1]
        server.forget()
        frames[2:4].numpy()
        (asked,) = [asked for asked in server.asked if asked.method == "GET"]
        assert asked.range is not None
        assert server.sent < 5000 < len(FILES["media/train-00000-of-00001.tar"])
        assert np.array_equal(ds.boxes[1][5].numpy(), boxes_at(1, 5))
        with pytest.raises(RushesError, match="no data set there"):
            rushes.open_dataset(f"{server.url}/sets")


boxes = hnp.arrays(
    np.float32, st.tuples(st.integers(0, 5), st.just(4)), elements=st.integers(0, 4000).map(lambda n: n / 4)
)


@given(boxes, st.sampled_from(TYPES), st.sampled_from(MODES), st.integers(1, 4096), st.integers(1, 4096))
def test_coords_are_turned_and_turned_back(
    given_boxes: np.ndarray, unit: str, mode: str, width: int, height: int
) -> None:
    coords = {"type": unit, "mode": mode}
    turned = from_pixel_ltwh(given_boxes, coords, width, height)
    assert turned.dtype == np.float32
    assert turned.shape == given_boxes.shape
    back = pixel_ltwh(turned, coords, width, height)
    assert np.allclose(back, given_boxes, rtol=1e-5, atol=1e-2)
    if coords == PIXEL_LTWH:
        assert np.array_equal(turned, given_boxes)


def test_boxes_are_given_in_the_coords_asked_for(store: Path) -> None:
    ds = rushes.open_dataset(store / "datasets/street")
    column = ds.boxes.to("fractional", "CCWH")
    assert column.coords == {"type": "fractional", "mode": "CCWH"}
    assert ds.boxes.to(**column.coords).coords == column.coords
    left, top, width, height = boxes_at(1, 5).T
    expected = np.stack([(left + width / 2) / 64, (top + height / 2) / 48, width / 64, height / 48], axis=1)
    found = column[1][5].numpy()
    assert found.dtype == np.float32
    assert np.allclose(found, expected, rtol=1e-6)
    assert np.array_equal(
        column[1:].to(mode="LTRB")[0][5].numpy()[:, 2:], boxes_at(1, 5)[:, :2] + boxes_at(1, 5)[:, 2:]
    )
    assert column[1:].coords == column.coords
    assert column[1][3].numpy().shape == (0, 4)
    assert [one.shape for one in column[1].numpy()] == [(0, 4), (1, 4), (2, 4)] * 2
    with pytest.raises(SettingsError, match="the mode one of LTRB, LTWH, CCWH"):
        ds.boxes.to(mode="XYXY")


def test_columns_are_pickled_as_data_sets_are(store: Path) -> None:
    ds = rushes.open_dataset(store / "datasets/street")
    boxes = pickle.loads(pickle.dumps(ds.boxes.to(mode="LTRB")))
    assert np.array_equal(boxes[1][5].numpy(), ds.boxes.to(mode="LTRB")[1][5].numpy())
    assert pickle.loads(pickle.dumps(ds.frames))[1][0].jpeg() == ds.frames[1][0].jpeg()
    assert pickle.loads(pickle.dumps(ds.scores))[1][5].numpy().tolist() == [0.5, 0.5]


def test_a_sequence_s_label_is_a_class_or_none(store: Path) -> None:
    ds = rushes.open_dataset(store / "datasets/street")
    assert list(ds.label_ids) == [0, 1]
    assert [ds.class_names[n] for n in ds.label_ids] == [ds[0]["label"], ds[1]["label"]]


def test_an_image_that_is_damaged_is_named_as_the_data_set_s_fault(store: Path) -> None:
    tar = store / "datasets/street/0a0a/native/media/train-00000-of-00001.tar"
    data = bytearray(tar.read_bytes())
    data[512 : 512 + 200] = os.urandom(200)
    tar.write_bytes(data)
    with pytest.raises(DatasetError, match="cannot be decoded"):
        rushes.open_dataset(store / "datasets/street").frames[0][0].numpy()


def test_images_of_one_sequence_are_decoded_into_one_array_by_any_decoder(store: Path, monkeypatch) -> None:
    from rushes.packaging.reading import jpeg

    images = rushes.open_dataset(store / "datasets/street").frames[1].jpeg()
    expected = np.stack([jpeg.decode_jpeg(data) for data in images])
    assert np.array_equal(jpeg.decode_jpegs(images), expected)
    for found in ({"PIL.Image": jpeg._module("PIL.Image")}, {}):
        monkeypatch.setattr(jpeg, "_module", found.get)
        others = jpeg.decode_jpegs(images)
        assert others.shape == expected.shape
        assert np.abs(others.astype(int) - expected).max() <= 2
    with pytest.raises(ValueError, match="no one array"):
        jpeg.decode_jpegs([images[0], native_image(32, 20)])


@pytest.mark.parametrize("size", [(32, 20), (128, 96)])
def test_images_of_different_sizes_are_no_one_array(size: tuple[int, int]) -> None:
    from rushes.packaging.reading import jpeg

    with pytest.raises(ValueError):
        jpeg.decode_jpegs([native_image(64, 48), native_image(*size)])


def native_image(width: int, height: int) -> bytes:
    import simplejpeg

    encoded: bytes = simplejpeg.encode_jpeg(np.zeros((height, width, 3), np.uint8), 90, "RGB")
    return encoded
