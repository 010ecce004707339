"""COCO-VID and TAO come in: each annotation is a row of its picture's frame, or a reject that says why not."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from picture_trees import filmed, given, pictured, write_pictures

from rushes.errors import SettingsError
from rushes.sources.annotated import Annotated
from rushes.sources.footage import Footage
from rushes.sources.formats.coco_vid import FORMAT
from rushes.sources.source import Misfit, Slice, Source
from rushes.store.rejects import Reason
from rushes.video.images import probe_images


def written(folder: Path, document: Any, name: str = "boxes.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def document(frames: int = 3, **changes: Any) -> dict[str, Any]:
    """One video of pictures and no annotations, as COCO-VID has it."""
    images = [
        {"id": 100 + i, "video_id": 1, "frame_id": i, "file_name": f"walk/{i + 1:06d}.jpg", "width": 64, "height": 48}
        for i in range(frames)
    ]
    return {
        "videos": [{"id": 1, "name": "walk"}],
        "images": images,
        "annotations": [],
        "categories": [{"id": 3, "name": "car"}],
    } | changes


def box(image: int, **changes: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": 100 + image, "category_id": 3, "bbox": [1, 2.5, 3, 4], "instance_id": 5} | changes


def found(path: Path, media: str | None = None) -> list[Source | Misfit]:
    return list(FORMAT.sources(given(path, media)))


def source(path: Path, media: str | None = None) -> Source:
    [one] = found(path, media)
    assert isinstance(one, Source)
    return one


def annotated(path: Path, footage: Footage | None = None) -> Annotated:
    """What becomes of a JSON's only video, whose pictures lie beside it."""
    one = source(path)
    [lines] = one.slices
    assert FORMAT.annotations
    return FORMAT.annotations(lines, footage or Footage.of("walk", probe_images(one.uri)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The pictures of one video."""
    write_pictures(tmp_path / "walk", [1, 2, 3])
    return tmp_path


def row(folder: Path, **changes: Any) -> dict[str, Any]:
    done = annotated(written(folder, document(annotations=[box(1, **changes)])))
    assert done.rejects == ()
    [one] = done.boxes.to_pylist()
    return dict(one)


def rejected(folder: Path, *annotations: Any) -> list[tuple[str, str]]:
    done = annotated(written(folder, document(annotations=list(annotations))))
    return [(reject.reason.value, reject.detail) for reject in done.rejects]


# ── finding videos ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_recognised_by_its_lists(tmp_path: Path) -> None:
    plain = document()
    del plain["videos"]
    assert FORMAT.recognises(written(tmp_path, document(), "vid.json"))
    others = (plain, {"videos": []}, [document()], {"url": "x", "videos": [], "images": [], "annotations": []})
    assert not any(FORMAT.recognises(written(tmp_path, other, "other.json")) for other in others)
    (tmp_path / "broken.json").write_text('{"videos": [')
    assert not FORMAT.recognises(tmp_path / "broken.json")
    assert not FORMAT.recognises(tmp_path)
    with pytest.raises(SettingsError, match="not a JSON object with the lists videos, images, annotations"):
        found(tmp_path / "broken.json")


def test_a_video_is_the_folder_of_its_pictures(folder: Path) -> None:
    path = written(folder, document(annotations=[box(1)]))
    one = source(path)
    assert (one.uri, one.video_id, one.within) == (str(folder / "walk"), "walk", str(folder))
    assert one.place == f"{path}:videos[0]"
    [lines] = one.slices
    assert (lines.annotation, lines.origin, [number for number, _ in lines.lines]) == ("coco-vid", str(path), [1, 2])
    assert all("\n" not in text and json.loads(text) for _, text in lines.lines)


def test_pictures_may_lie_in_a_folder_that_is_told(folder: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "annotations", document())
    one = source(path, str(folder))
    assert (one.uri, one.within) == (str(folder / "walk"), str(folder))


def test_pictures_may_lie_beside_the_json_itself(tmp_path: Path) -> None:
    write_pictures(tmp_path / "walk", [1, 2])
    beside = document(2)
    for image in beside["images"]:
        image["file_name"] = image["file_name"].removeprefix("walk/")
    one = source(written(tmp_path / "walk", beside))
    assert (one.uri, one.video_id) == (str(tmp_path / "walk"), "walk")


def test_where_there_is_no_such_folder_a_video_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "walk.mkv").write_bytes(b"x")
    named = document(videos=[{"id": 1, "name": "films/walk"}])
    one = source(written(tmp_path, named))
    assert (one.uri, one.video_id) == (str(tmp_path / "films/walk.mkv"), "films-walk")
    (tmp_path / "other.mp4").write_bytes(b"x")
    filed = document(videos=[{"id": 1, "name": "walk", "file_name": "other.mp4"}])
    assert source(written(tmp_path, filed)).uri == str(tmp_path / "other.mp4")


def test_where_there_is_neither_the_folder_s_reject_will_tell(tmp_path: Path) -> None:
    assert source(written(tmp_path, document())).uri == str(tmp_path / "walk")


def test_videos_may_lie_at_an_address(tmp_path: Path) -> None:
    one = source(written(tmp_path, document()), "s3://bucket/films/")
    assert (one.uri, one.video_id, one.within) == ("s3://bucket/films/walk.mp4", "walk", None)


@pytest.mark.parametrize("name", ["../walk/000001.jpg", "/etc/000001.jpg", "a/../../b/000001.jpg"])
def test_what_leads_outside_is_forbidden(tmp_path: Path, name: str) -> None:
    outside = document(1, annotations=[box(0), box(0)])
    outside["images"][0]["file_name"] = name
    [misfit] = found(written(tmp_path / "in", outside))
    assert isinstance(misfit, Misfit)
    assert misfit.reason is Reason.FORBIDDEN
    assert "leads outside" in misfit.detail
    assert misfit.detail.endswith("it has 2 annotations")


def test_a_name_that_leads_outside_is_not_followed_and_its_pictures_are(folder: Path) -> None:
    named = document(videos=[{"id": 1, "name": "../../etc/walk"}])
    one = source(written(folder, named))
    assert (one.uri, one.video_id) == (str(folder / "walk"), "etc-walk")


def test_a_link_that_leads_outside_is_forbidden(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "walk").symlink_to(folder / "walk")
    [misfit] = found(written(tmp_path / "in", document()))
    assert isinstance(misfit, Misfit)
    assert misfit.reason is Reason.FORBIDDEN


def test_what_names_no_video_is_a_misfit(folder: Path) -> None:
    muddled = document(
        videos=[{"id": 1, "name": "walk"}, {"id": 1, "name": "again"}, "none", {"id": 2}],
        annotations=[box(0), box(77), None, box(77, video_id=1)],
    )
    muddled["images"] += [{"id": 100, "video_id": 1, "file_name": "walk/9.jpg"}, {"id": 200, "video_id": 9}]
    path = written(folder, muddled)
    misfits = [one.place.removeprefix(f"{path}:") for one in found(path) if isinstance(one, Misfit)]
    assert sorted(misfits) == [
        "annotations[1]", "annotations[2]", "images[3]", "images[4]", "videos[1]", "videos[2]", "videos[3]",
    ]  # fmt: skip
    [one] = [one for one in found(path) if isinstance(one, Source)]
    assert [number for number, _ in one.slices[0].lines] == [1, 4, 5]


def test_pictures_in_two_folders_are_no_video(tmp_path: Path) -> None:
    parted = document(2)
    parted["images"][1]["file_name"] = "elsewhere/000002.jpg"
    [misfit] = found(written(tmp_path, parted))
    assert isinstance(misfit, Misfit)
    assert "its pictures lie in 2 folders" in misfit.detail


# ── boxes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_annotation_says_all_of_a_box(folder: Path) -> None:
    one = row(folder, score=0.5, visibility=0.25, area=12, occluded=True)
    told = {name: one[name] for name in ("frame", "object_id", "class_id", "class_name", "x", "y", "w", "h", "score")}
    assert told == {
        "frame": 1, "object_id": "5", "class_id": 3, "class_name": "car", "x": 1, "y": 2.5, "w": 3, "h": 4,
        "score": 0.5,
    }  # fmt: skip
    assert (one["considered"], one["flags"], one["visibility"]) == (True, [], 0.25)
    assert json.loads(one["attributes"]) == {"id": 7, "area": 12, "occluded": True}


def test_a_box_belongs_to_the_picture_of_its_name_whatever_the_json_s_counting(tmp_path: Path) -> None:
    write_pictures(tmp_path / "walk", [2, 9, 10, 11], "frame{}.jpg")
    sparse = document(0)
    sparse["images"] = [
        {"id": 100 + n, "video_id": 1, "frame_index": 10 * n, "file_name": f"walk/frame{n}.jpg"} for n in (11, 9)
    ]
    sparse["annotations"] = [box(11), box(9)]
    done = annotated(written(tmp_path, sparse))
    assert done.boxes["frame"].to_pylist() == [3, 1]


def test_in_a_video_file_it_belongs_to_the_frame_of_that_number(tmp_path: Path) -> None:
    for key in ("frame_id", "frame_index"):
        counted = document(3, annotations=[box(2)])
        for image in counted["images"]:
            image[key] = image.pop("frame_id")
        assert annotated(written(tmp_path, counted), filmed(5)).boxes["frame"].to_pylist() == [2]


def test_the_keys_of_tao_are_read_as_well(folder: Path) -> None:
    assert row(folder, instance_id=None, track_id=0)["object_id"] == "0"
    tao = box(1)
    tao["track_id"] = tao.pop("instance_id")
    [one] = annotated(written(folder, document(annotations=[tao]))).boxes.to_pylist()
    assert one["object_id"] == "5"


def test_crowds_and_what_is_to_be_ignored_are_not_considered(folder: Path) -> None:
    crowd, ignored = row(folder, iscrowd=1), row(folder, ignore=1)
    assert (crowd["considered"], crowd["flags"]) == (False, ["crowd"])
    assert (ignored["considered"], ignored["flags"]) == (False, [])


def test_boxes_of_pictures_of_another_size_are_scaled(folder: Path) -> None:
    larger = document(annotations=[box(1, bbox=[10, 10, 20, 20])])
    for image in larger["images"]:
        image["width"], image["height"] = 640, 96
    [one] = annotated(written(folder, larger)).boxes.to_pylist()
    assert [one[side] for side in "xywh"] == [1, 5, 2, 10]
    assert json.loads(one["attributes"])["size"] == [640, 96]


def test_an_unknown_class_keeps_its_number(folder: Path) -> None:
    one = row(folder, category_id=9)
    assert (one["class_id"], one["class_name"]) == (9, None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bbox": [1, 2, 3]}, "bbox is [1, 2, 3], and not"),
        ({"bbox": None}, "bbox is None, and not"),
        ({"bbox": [1, 2, 3, "4"]}, "bbox has '4', which is no number"),
        ({"bbox": [1, 2, True, 4]}, "bbox has True, which is no number"),
        ({"bbox": [1, 2, float("nan"), 4]}, "bbox has 'NaN', which is no number"),
        ({"bbox": [1, 2, 10**400, 4]}, "which is no number"),
        ({"category_id": "car"}, "category_id is 'car', and not a whole number"),
        ({"category_id": 2**31}, "category_id is 2147483648"),
        ({"instance_id": [1]}, "the object's id is [1]"),
        ({"score": "high"}, "score has 'high', which is no number"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_reject(folder: Path, change: dict[str, Any], why: str) -> None:
    [(reason, detail)] = rejected(folder, box(0), box(1, **change))
    assert reason == "bad_line"
    assert detail.startswith("line 2: ")
    assert why in detail


def test_a_negative_size_is_a_reject(folder: Path) -> None:
    assert [reason for reason, _ in rejected(folder, box(0, bbox=[1, 1, -1, 5]))] == ["bad_box"]


def test_an_annotation_whose_picture_is_not_listed_is_a_reject(folder: Path) -> None:
    [(reason, detail)] = rejected(folder, box(77, video_id=1))
    assert (reason, detail) == ("no_image", "line 1: its image, 177, is not in the list of images")


def test_an_annotation_whose_picture_is_not_there_is_a_reject(folder: Path) -> None:
    (folder / "walk" / "000002.jpg").unlink()
    [(reason, detail)] = rejected(folder, box(0), box(1), box(2))
    assert (reason, detail) == ("no_image", "line 2: a box in '000002.jpg': there is no such picture")


def test_an_annotation_past_the_end_of_a_video_file_is_a_reject(tmp_path: Path) -> None:
    done = annotated(written(tmp_path, document(3, annotations=[box(2)])), filmed(2))
    assert [reject.reason.value for reject in done.rejects] == ["outside_video"]


def test_a_second_box_of_an_object_in_a_frame_is_a_reject_that_names_the_first(folder: Path) -> None:
    twice = rejected(folder, box(0), box(1), box(0), box(0, instance_id=-1), box(0, instance_id=-1))
    assert twice == [("id_conflict", "line 3: object 5 is in frame 0 already, by line 1")]


# ── what was looked at ───────────────────────────────────────────────────────────────────────────────────────────────


def test_pictures_that_are_listed_are_known_so_that_those_without_boxes_have_none(tmp_path: Path) -> None:
    write_pictures(tmp_path / "walk", range(1, 8))
    listed = document(7)
    del listed["images"][3]
    segments = annotated(written(tmp_path, listed)).segments.to_pylist()
    assert [(s["kind"], s["line"], s["start_frame"], s["end_frame"]) for s in segments] == [
        ("annotated", 1, 0, 3),
        ("annotated", 1, 4, 7),
    ]


def test_where_only_some_classes_were_looked_for_nothing_is_said_of_pictures_without_boxes(folder: Path) -> None:
    partial = {"neg_category_ids": [4], "not_exhaustive_category_ids": [3]}
    [segment] = annotated(written(folder, document(videos=[{"id": 1, "name": "walk", **partial}]))).segments.to_pylist()
    assert (segment["kind"], segment["start_frame"], segment["end_frame"]) == ("label", 0, 3)
    assert json.loads(segment["attributes"]) == partial


# ── everything comes in, and nothing else ────────────────────────────────────────────────────────────────────────────

_ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_SOMETIMES = st.one_of(st.integers(0, 5), st.integers(0, 5), _ANY)


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.fixed_dictionaries({}, optional=fields), st.fixed_dictionaries(fields), _ANY)


_VIDEOS = _maybe(id=_SOMETIMES, name=st.sampled_from(["a", "b.mp4", "..", ""]) | _ANY, neg_category_ids=_ANY)
_IMAGES = _maybe(
    id=_SOMETIMES,
    video_id=_SOMETIMES,
    frame_id=_SOMETIMES,
    file_name=st.sampled_from(["a/000001.jpg", "a/000003.jpg", "b/1.jpg", "../x.jpg", "", "x.jpg"]) | _ANY,
    width=_SOMETIMES,
    height=_SOMETIMES,
)
_ANNOTATIONS = _maybe(
    image_id=_SOMETIMES, video_id=_SOMETIMES, category_id=_SOMETIMES, instance_id=_SOMETIMES,
    bbox=st.lists(st.floats(-9, 9), min_size=4, max_size=4) | _ANY, score=_SOMETIMES, iscrowd=_SOMETIMES,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@drawn(
    st.fixed_dictionaries(
        {
            "videos": st.lists(_VIDEOS, max_size=3),
            "images": st.lists(_IMAGES, max_size=5),
            "annotations": st.lists(_ANNOTATIONS, max_size=6),
            "categories": _ANY | st.lists(_maybe(id=_SOMETIMES, name=_ANY), max_size=3),
        }
    ),
    st.sampled_from([pictured(range(1, 4)), filmed(3)]),
)
def test_every_annotation_is_exactly_one_row_or_reject_or_misfit(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any], footage: Footage
) -> None:
    path = written(tmp_path_factory.getbasetemp() / "any", content)
    ends: Counter[int] = Counter()
    in_misfits = 0
    for one in found(path):
        if isinstance(one, Source):
            assert FORMAT.annotations
            done = FORMAT.annotations(one.slices[0], footage)
            ends.update(done.boxes["line"].to_pylist())
            ends.update(int(reject.item_id.split(".")[2]) for reject in done.rejects)
        elif counted := re.search(r"it has (\d+) annotations$", one.detail):
            in_misfits += int(counted[1])
        elif place := re.search(r":annotations\[(\d+)\]$", one.place):
            ends[int(place[1]) + 1] += 1
    count = len(content["annotations"])
    of_annotations = [times for line, times in ends.items() if line <= count]
    assert set(of_annotations) <= {1}
    assert len(of_annotations) + in_misfits == count


@settings(deadline=None)
@drawn(st.lists(st.text() | _ANY.map(json.dumps) | _maybe(annotation=_ANNOTATIONS, picture=_IMAGES).map(json.dumps)))
def test_whatever_a_line_is_it_is_exactly_one_row_or_one_reject(texts: list[str]) -> None:
    assert FORMAT.annotations
    lines = [(number, text) for number, text in enumerate(texts, start=1) if '"video":' not in text]
    done = FORMAT.annotations(Slice("coco-vid", "boxes.json", lines), pictured(range(1, 4)))
    named = [int(reject.item_id.split(".")[2]) for reject in done.rejects]
    assert sorted([*done.boxes["line"].to_pylist(), *named]) == [number for number, _ in lines]
