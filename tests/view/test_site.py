"""Who has the address gets the data set, as it was packaged, and nothing else of this machine."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import rushes
from rushes.packaging.packed import PackedSequence
from rushes.packaging.reader import Dataset
from rushes.view import Viewing, view


class Visitor:
    """Somebody in a room of a view, as a notebook's inner page is."""

    def __init__(self, viewing: Viewing) -> None:
        address = re.search(r'src="([^"]+)"', viewing._repr_html_())
        assert address
        with urllib.request.urlopen(address[1]) as page:
            self.room, self.page, self.headers = page.url, page.read().decode(), page.headers

    def get(self, path: str, host: str | None = None) -> tuple[int, bytes]:
        request = urllib.request.Request(self.room + path, headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, path: str) -> Any:
        status, data = self.get(path)
        assert status == 200, data
        return json.loads(data)

    def places(self, query: str) -> list[int]:
        return [row["place"] for row in self.json(f"sequences.json?count=200&{query}")["rows"]]


@pytest.fixture(scope="module")
def visitor(ds: Dataset) -> Iterator[Visitor]:
    with view(ds, title="zoo", open_browser=False) as viewing:
        yield Visitor(viewing)


@pytest.fixture
def visit() -> Iterator[Callable[[Dataset], Visitor]]:
    viewings: list[Viewing] = []

    def open_(ds: Dataset) -> Visitor:
        viewings.append(view(ds, open_browser=False))
        return Visitor(viewings[-1])

    yield open_
    for viewing in viewings:
        viewing.close()


# ── who may come in ──


def test_an_address_opens_once_and_the_room_only_with_its_cookie(ds: Dataset) -> None:
    with view(ds, open_browser=False) as viewing:
        url = viewing.url
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}", url)
        for address in (url, url, url.rpartition("/")[0] + "/about.json", url.rpartition("/")[0] + "/"):
            with pytest.raises(
                urllib.error.HTTPError, match="404"
            ):  # urllib keeps no cookie: it is led to a closed room
                urllib.request.urlopen(address)
    assert "http" not in repr(viewing)


def test_a_request_that_means_another_host_is_refused(visitor: Visitor) -> None:
    assert visitor.get("about.json", host="evil.example")[0] == 421
    assert visitor.get("about.json", host="localhost:" + re.findall(r":(\d+)/", visitor.room)[0])[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "index.html",
        "media/train-00000-of-00002.tar",
        "frame/0/5.jpg",
        "frame/130/0.jpg",
        "frame/-1/0.jpg",
        "frame/0/../0/0.jpg",
        "frame/٣/0.jpg",
        "frame/99999999999999999999/0.jpg",
        "sequence/130.json",
        "sequence/film0.0000.json",
        "thumbnail/130.jpg",
        "sequences.json?start=-1",
        "sequences.json?class=person",
        "sequences.json?count=1e9",
    ],
)
def test_what_there_is_not_is_not_given(visitor: Visitor, path: str) -> None:
    assert visitor.get(urllib.request.quote(path, safe="/%?=.&"))[0] == 404


def test_the_page_runs_only_its_own_scripts_and_loads_nothing_from_elsewhere(visitor: Visitor) -> None:
    policy = visitor.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    for text in (visitor.page, *(visitor.get(name)[1].decode() for name in ("view.css", "list.js", "player.js"))):
        assert re.findall(r"(?:https?:)?//[a-z]+\.[a-z]|\son[a-z]+=|style=|innerHTML", text) == []


# ── the list ──


def test_it_tells_how_much_there_is(visitor: Visitor) -> None:
    told = {"title": "zoo", "sequences": 130, "frames": 650, "splits": {"train": 50, "val": 80}}
    assert visitor.json("about.json") == told


def test_classes_are_those_of_boxes_and_count_sequences_the_most_first(visitor: Visitor) -> None:
    with_one, with_two = sum(number % 4 != 3 for number in range(130)), sum(number % 3 == 0 for number in range(130))
    assert visitor.json("classes.json") == [[0, "person", with_one], [1, "<b>car</b>", with_two]]


def test_pages_follow_one_another_and_end(visitor: Visitor) -> None:
    pages = [visitor.json(f"sequences.json?start={start}&count=60") for start in (0, 60, 120, 180)]
    assert [page["total"] for page in pages] == [130] * 4
    assert [row["place"] for page in pages for row in page["rows"]] == list(range(130))
    assert pages[0]["rows"][5] == {
        "place": 5,
        "sequence_id": "film1.0005",
        "video_id": "film1",
        "label": "Kite",
        "split": "train",
        "n_frames": 5,
        "n_boxes": 5,
    }


@pytest.mark.parametrize("split", ["", "train", "val", "nothing"])
@pytest.mark.parametrize("class_id", [None, 0, 1, 2])
@pytest.mark.parametrize("text", ["", "FILM1", "kite 0.00", "<img", "no such"])
def test_filters_leave_what_a_walk_over_all_sequences_leaves(
    visitor: Visitor, sequences: list[PackedSequence], split: str, class_id: int | None, text: str
) -> None:
    def fits(one: PackedSequence) -> bool:
        words = "\n".join([one.sequence_id, one.video_id, one.label[1] if one.label else ""]).lower()
        has = class_id is None or any(class_id in boxes.class_ids for boxes in one.boxes)
        return split in ("", one.split) and has and all(word in words for word in text.lower().split())

    query = {"text": text, **({"split": split} if split else {}), **({} if class_id is None else {"class": class_id})}
    expected = [place for place, one in enumerate(sequences) if fits(one)]
    assert visitor.places(urllib.parse.urlencode(query)) == expected


def test_a_part_of_a_data_set_counts_for_itself(ds: Dataset, visit: Callable[[Dataset], Visitor]) -> None:
    part = ds[[120, 3, 0, 3]]
    inside = visit(part)
    assert [row["sequence_id"] for row in inside.json("sequences.json")["rows"]] == part.sequence_ids
    assert inside.places("class=1") == [0, 1, 2, 3]
    assert inside.places("class=0") == [0, 2]
    assert inside.json("about.json")["splits"] == {"train": 3, "val": 1}
    assert inside.get("frame/0/4.jpg")[1] == ds.frames[120][4].jpeg()


def test_an_empty_data_set_is_shown_as_such(empty: Path, visit: Callable[[Dataset], Visitor]) -> None:
    nobody = visit(rushes.open_dataset(empty))
    assert nobody.json("about.json") == {"title": "data set", "sequences": 0, "frames": 0, "splits": {}}
    assert nobody.json("sequences.json?text=a&class=0") == {"total": 0, "rows": []}
    assert nobody.json("classes.json") == []
    assert nobody.get("thumbnail/0.jpg")[0] == 404


# ── a sequence ──


def test_a_frame_is_the_packaged_bytes(visitor: Visitor, sequences: list[PackedSequence]) -> None:
    for place, step in ((0, 0), (49, 4), (129, 2)):
        assert visitor.get(f"frame/{place}/{step}.jpg") == (200, sequences[place].jpegs[step])


def test_a_sequence_comes_with_its_source_its_times_and_the_boxes_of_every_frame(visitor: Visitor) -> None:
    told = visitor.json("sequence/0.json")
    assert told["about"]["source_uri"] == "s3://bucket/film.mp4"
    assert told["about"]["label"] == "Kite"
    assert (told["frames"], told["times"]) == ([100, 101, 102, 103, 104], [4 + step / 25 for step in range(5)])
    one, two = told["boxes"][2]
    assert one == [14, 20, 30, 25, 1, "person", 0.75, False, False, True]
    assert two == [60, 8, 20.5, 40, 2, "<b>car</b>", None, True, False, False]
    assert len(told["boxes"][3]) == 1
    assert visitor.json("sequence/7.json")["boxes"] == [[]] * 5


def test_a_thumbnail_is_the_middle_frame_made_small_with_its_boxes_if_wanted(
    visitor: Visitor, colours: Callable[[int, int], tuple[int, int, int]]
) -> None:
    plain, marked = (
        np.asarray(Image.open(io.BytesIO(visitor.get(f"thumbnail/1{word}.jpg")[1])), int) for word in ("", "-boxes")
    )
    assert np.abs(plain - colours(1, 2)).max() < 6
    changed = np.abs(marked - plain).max(axis=2) > 60
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (columns[0], rows[0]) == pytest.approx((14, 20), abs=1)
    assert (columns[-1], rows[-1]) == pytest.approx((43, 44), abs=1)


def test_a_thumbnail_of_a_large_picture_is_small(
    tmp_path: Path, packaged: Callable[..., Path], visit: Callable[[Dataset], Visitor], sequences: list[PackedSequence]
) -> None:
    sink = io.BytesIO()
    Image.new("RGB", (1920, 1080), (200, 40, 40)).save(sink, "JPEG")
    values = {**vars(sequences[1]), "jpegs": (sink.getvalue(),) * 5, "width": 1920, "height": 1080}
    found = visit(rushes.open_dataset(packaged(tmp_path / "zoo", [PackedSequence(**values)])))
    assert Image.open(io.BytesIO(found.get("thumbnail/0.jpg")[1])).size == (320, 180)


def test_a_data_set_from_before_some_flags_were_kept_is_shown_without_them(
    tmp_path: Path,
    packaged: Callable[..., Path],
    visit: Callable[[Dataset], Visitor],
    sequences: Sequence[PackedSequence],
) -> None:
    folder = packaged(tmp_path / "zoo", sequences[:4])
    for path in folder.glob("v1/native/boxes/*.parquet"):
        pq.write_table(pq.read_table(path).drop_columns(["annotated", "considered", "visibility"]), path)
    boxes = visit(rushes.open_dataset(folder)).json("sequence/0.json")["boxes"]
    assert boxes[0][1] == [60, 8, 20.5, 40, 2, "<b>car</b>", None, True, False, True]


def test_what_is_damaged_is_told_in_one_line(
    tmp_path: Path, packaged: Callable[..., Path], visit: Callable[[Dataset], Visitor], sequences: list[PackedSequence]
) -> None:
    values = {**vars(sequences[1]), "jpegs": (b"no picture",) * 5}
    folder = packaged(tmp_path / "zoo", [PackedSequence(**values), *sequences[4:6]])
    found = visit(rushes.open_dataset(folder))
    status, text = found.get("thumbnail/0.jpg")
    assert status == 502
    assert re.fullmatch(r"a picture cannot be decoded \(.*\): package the data set again\n", text.decode())
    for path in folder.glob("v1/native/media/*.tar"):
        path.unlink()
    status, text = found.get("frame/1/0.jpg")
    assert (status, text.decode().count("\n")) == (502, 1)
    assert "package the data set again" in text.decode()
