"""A data set of films is read as one of images, and gives the frames of the source."""

from __future__ import annotations

import pickle
import re
import tarfile
from pathlib import Path
from typing import Any

import barcodes
import numpy as np
import pyarrow.parquet as pq
import pytest
from rows import Row, filtered_row, redaction_row, write_batch
from tasks import ingested

import rushes
from rushes.errors import LinkError, SettingsError
from rushes.loopback import Question
from rushes.packaging.exposed import inspect
from rushes.packaging.package import package
from rushes.packaging.reader import Dataset, DatasetError, decode_jpeg
from rushes.packaging.reading.files import Files
from rushes.selection.recipes.recipe import Recipe, parse
from rushes.selection.select import select
from rushes.store.objects import Objects
from rushes.view.site import DatasetSite

GOP, FRAMES = 12, 48
RECIPE = Recipe(name="films", sequence_length=GOP, pixels="video")


def filled(store: Objects, path: Path, linked: bool = False) -> Objects:
    """A store of one video of four groups of pictures, in the second of which there is something to hide."""
    barcodes.write(path, frames=FRAMES, gop=GOP)
    task = ingested(store, path, "v")
    video = task.rows["videos"].to_pylist()[0] | ({"linked": True, "media_uri": str(path)} if linked else {})
    clip = filtered_row("v", 0, FRAMES)
    hidden = [] if linked else [redaction_row(clip, frame, (0, 0, 12, 12)) for frame in (14, 15)]
    packets = task.rows["packets"].to_pylist()
    write_batch(store, videos=[video], packets=packets, filtered_clips=[clip], redactions=hidden)
    return store


def packaged(store: Objects, recipe: Recipe = RECIPE, **fields: Any) -> Dataset:
    changed = recipe.model_copy(update=fields)
    select(store, changed)
    package(store, changed, workers=0)
    return rushes.open(store.uri).dataset(changed.name)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """A store with two data sets, of films and of links."""
    folder: Path = tmp_path_factory.mktemp("films")
    store = filled(Objects(folder / "store"), folder / "v.mp4")
    packaged(store)
    packaged(store, name="links", pixels="linked")
    return store


def folder_of(store: Objects, name: str) -> Path:
    [path] = Path(store.root).glob(f"datasets/{name}/*/native")
    return path


def by_start(ds: Dataset) -> dict[int, int]:
    """The places of sequences, by their first frames."""
    return {int(own[0].numpy()): place for place, own in enumerate(ds.frame_numbers)}


def rows_of_films(store: Objects, name: str) -> dict[int, Row]:
    rows = pq.read_table(folder_of(store, name) / "films/all-00000-of-00001.parquet").to_pylist()
    return {start: rows[place] for start, place in by_start(rushes.open(store.uri).dataset(name)).items()}


@pytest.mark.parametrize(("name", "taken"), [("films", "copied"), ("links", "linked")])
def test_frames_are_the_source_s_own_but_where_something_is_hidden(films: Objects, name: str, taken: str) -> None:
    store = rushes.open(films.uri)
    ds, video = store.dataset(name), store.videos["v"]
    hows = {start: row["how"] for start, row in rows_of_films(films, name).items()}
    assert hows == {0: taken, 12: "encoded", 24: taken, 36: taken}
    for start, place in by_start(ds).items():
        pictures, source = ds.frames[place].numpy(), video[start : start + GOP].numpy()
        assert [barcodes.read(picture) for picture in pictures] == list(range(start, start + GOP))
        same = [np.array_equal(one, other) for one, other in zip(pictures, source, strict=True)]
        assert all(same) if start != 12 else not any(same)
    place = by_start(ds)[12]
    corners = np.abs(ds.frames[place].numpy().astype(int) - video[12:24].numpy())[:, :12, :12].mean(axis=(1, 2, 3))
    assert max(corners[[0, 1, *range(4, 12)]]) < 10 < min(corners[2:4])


def test_a_link_writes_no_pixels_but_those_that_are_hidden_in(films: Objects) -> None:
    for name, count in (("films", 4), ("links", 1)):
        with tarfile.open(folder_of(films, name) / "media/all-00000-of-00001.tar") as tar:
            encoded = rows_of_films(films, name)[12]["sequence_id"]
            assert len(tar.getnames()) == count
            assert f"{encoded}.mp4" in tar.getnames()


def test_a_row_of_frames_tells_the_bytes_of_each(films: Objects) -> None:
    """Those of a keyframe, alone, are a picture; of a link, they are in the source."""
    for name in ("films", "links"):
        rows = pq.read_table(folder_of(films, name) / "frames/all-00000-of-00001.parquet").to_pylist()
        media = rows_of_films(films, name)
        for row in rows:
            data = (folder_of(films, name) / row["file"]).resolve().read_bytes()
            start = row["frame"] // GOP * GOP
            assert len(data) >= row["offset"] + row["size"]
            assert row["file"] == media[start]["file"]
            sizes = int.from_bytes(data[row["offset"] : row["offset"] + 4], "big")
            assert 0 < sizes <= row["size"] - 4  # an mp4 says before each unit of H.264 how long it is


@pytest.mark.parametrize("name", ["films", "links"])
def test_it_is_read_as_a_data_set_of_images_is(films: Objects, name: str) -> None:
    ds = rushes.open(films.uri).dataset(name)
    place = by_start(ds)[24]
    frames = ds.frames[place]
    assert len(frames) == GOP
    assert barcodes.read(frames[9].numpy()) == 33
    assert [barcodes.read(picture) for picture in frames[[5, 0, 5]].numpy()] == [29, 24, 29]
    assert [barcodes.read(picture.numpy()) for picture in frames[::-4]] == [35, 31, 27]
    assert barcodes.read(ds[place]["frames"][-1].numpy()) == 35
    assert barcodes.read(decode_jpeg(frames[3].jpeg())) == 27
    assert [barcodes.read(decode_jpeg(jpeg)) for jpeg in frames[:2].jpeg()] == [24, 25]
    assert frames[5:5].jpeg() == []
    assert barcodes.read(pickle.loads(pickle.dumps(ds)).frames[place][1].numpy()) == 25
    assert barcodes.read(pickle.loads(pickle.dumps(frames))[1].numpy()) == 25
    with pytest.raises(DatasetError, match="choose at least one frame"):
        frames[5:5].numpy()
    with pytest.raises(IndexError, match="frame 12"):
        frames[12]


def test_it_is_seen_in_the_browser(films: Objects) -> None:
    ds = rushes.open(films.uri).dataset("links")
    site = DatasetSite(ds, "links")
    answer = site.answer(Question(f"frame/{by_start(ds)[24]}/7.jpg", {}))
    assert answer is not None
    assert barcodes.read(decode_jpeg(answer.body)) == 31
    assert ds._repr_html_().count("<img") == 4


@pytest.mark.parametrize("name", ["films", "links"])
def test_training_takes_clips_of_it(films: Objects, name: str) -> None:
    clips = rushes.open(films.uri).dataset(name).torch(frames=4)
    assert len(clips) == GOP
    sample = clips[7]
    shown = sample["frames"].permute(0, 2, 3, 1).numpy()
    assert [barcodes.read(picture) for picture in shown] == sample["frame_numbers"].tolist()


def test_films_are_looked_into_for_what_should_be_hidden(films: Objects) -> None:
    assert inspect(films, RECIPE, 1000).pictures == FRAMES
    assert inspect(films, RECIPE, 8).pictures == 8
    assert inspect(films, RECIPE.model_copy(update={"name": "links"}), 1000).pictures == GOP, "the others are not in it"


def test_a_repeated_frame_is_shown_again(films: Objects) -> None:
    ds = packaged(films, name="padded", sequence_length=32, remainder="pad")
    place = by_start(ds)[32]
    assert [barcodes.read(picture) for picture in ds.frames[place].numpy()] == [*range(32, 48), *[47] * 16]


def test_other_formats_have_images_beside_films_and_the_same_bytes_come_each_time(films: Objects) -> None:
    def written() -> dict[str, bytes]:
        return {name: films.read(name) for name in films.list("datasets/beside")}

    packaged(films, name="beside", sequence_length=7, formats=("native", "mot"), n_sequences=3)
    first = written()
    assert sum(name.endswith(".jpg") for name in first) == 21
    for name in first:
        films.delete(name)
    packaged(films, name="beside", sequence_length=7, formats=("native", "mot"), n_sequences=3)
    assert written() == first


def test_a_link_leads_out_of_the_store_as_well(tmp_path: Path) -> None:
    store = filled(Objects(tmp_path / "store"), tmp_path / "v.mp4", linked=True)
    ds = packaged(store, pixels="linked")
    assert barcodes.read(ds.frames[by_start(ds)[24]][3].numpy()) == 27
    assert {row["file"] for row in rows_of_films(store, "films").values()} == {str(tmp_path / "v.mp4")}
    with (tmp_path / "v.mp4").open("ab") as more:
        more.write(b"more")
    with pytest.raises(LinkError, match=r"v\.mp4: changed since it was indexed"):
        ds.frames[0].numpy()


def test_a_linked_video_that_is_gone_is_an_error(tmp_path: Path) -> None:
    store = filled(Objects(tmp_path / "store"), tmp_path / "v.mp4")
    ds = packaged(store, pixels="linked")
    place = by_start(ds)[24]
    for name in list(store.list("media")):
        store.delete(name)
    with pytest.raises(DatasetError, match="package the data set again"):
        ds.frames[place][0].numpy()


@pytest.mark.parametrize("root", ["/store", "bucket/prefix", "https://host/prefix"])
def test_the_store_is_found_from_a_data_set_wherever_it_lies(root: str) -> None:
    files = Files(None, f"{root}/datasets/films/0a0a/native")  # type: ignore[arg-type]
    assert files._full("../../../../media/ab/cd.mp4") == f"{root}/media/ab/cd.mp4"
    assert files._full("media/x.tar") == f"{root}/datasets/films/0a0a/native/media/x.tar"


def test_the_page_s_recipe_is_one_of_films() -> None:
    page = (Path(__file__).parents[2] / "docs/formats/native.md").read_text()
    [text] = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert (parse(text).pixels, parse(text).formats) == ("video", ("native",))


def test_films_are_for_the_native_format() -> None:
    with pytest.raises(SettingsError, match="pixels: video is for the format native; add it to formats"):
        parse("name: a\nsequence_length: 5\nformats: mot\npixels: video\n")
    with pytest.raises(SettingsError, match="jpeg"):
        parse("name: a\nsequence_length: 5\npixels: films\n")
