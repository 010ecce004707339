"""Every format through registering: what it is recognised as, what is registered, what is kept of it, and who may not.

A manifest of each kind is written as its makers write it; nothing is downloaded, for registering reads no video.
"""

import gzip
import json
import multiprocessing
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from http_ranges import RangeServer
from hypothesis import given as sampled
from hypothesis import settings
from hypothesis import strategies as st
from picture_trees import write_lasot, write_mot
from tabular import written

from rushes.errors import RushesError, SettingsError, StoreError
from rushes.sources.formats.known import FORMATS
from rushes.sources.how import How
from rushes.sources.register import register
from rushes.store.annotations import kept_lines, read_lines
from rushes.store.manifests import Batch, Entry, read_batches, seal_batch
from rushes.store.names import check_name
from rushes.store.objects import Objects
from rushes.store.rejects import Reason

ONE, TWO = "aaaaaaaaaa1", "bbbbbbbbbb2"
WATCH = "https://www.youtube.com/watch?v="


def entries(store: Objects) -> list[Entry]:
    return [entry for batch in read_batches(store) for entry in batch.entries]


def lines(store: Objects) -> dict[str, dict[str, list[int]]]:
    """Return the numbers of the lines that are kept, by video and set."""
    return {
        entry_id: {one.annotation: [number for number, _ in read_lines(store, one)] for one in kept}
        for batch in read_batches(store)
        for entry_id, kept in kept_lines(store, batch).items()
    }


def everything(store: Objects) -> dict[str, bytes]:
    return {name: store.read(name) for name in store.list("")}


def json_lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@dataclass(frozen=True)
class Expected:
    """What is given, and what is to be registered: each video's address, and the lines kept of it by set.

    ``places`` are the lines that named the videos, where there are any; ``within`` the folder that they must lie in.
    """

    given: Path
    videos: dict[str, str]
    lines: dict[str, dict[str, list[int]]]
    places: tuple[str, ...] = ()
    within: str | None = None
    how: How = field(default_factory=How)


def _video(root: Path) -> Expected:
    path = written(root / "clip one.mp4", "")
    return Expected(path, {"clip-one": str(path)}, {})


def _folder(root: Path) -> Expected:
    videos = {"a": str(written(root / "a.mp4", "")), "deep-b": str(written(root / "deep/b.mkv", ""))}
    return Expected(root, videos, {})


def _frames(root: Path) -> Expected:
    written(root / "walk/0001.png", "")
    return Expected(root / "walk", {"walk": str(root / "walk")}, {})


def _mot(root: Path) -> Expected:
    truth = "1,1,1,1,9,9,1,1,1\n2,1,1,1,9,9,1,1,1\n"
    one = write_mot(root / "train/MOT17-02", range(1, 3), truth, "1,-1,1,1,9,9,0.5\n")
    two = write_mot(root / "test/MOT17-01", range(1, 3), None, "1,-1,1,1,9,9,0.5\n")
    kept = {"train-MOT17-02": {"mot": [1, 2], "mot-det": [1]}, "test-MOT17-01": {"mot-det": [1]}}
    return Expected(root, {"test-MOT17-01": str(two), "train-MOT17-02": str(one)}, kept)


def _lasot(root: Path) -> Expected:
    folder = write_lasot(root / "cat/cat-1", 2, "1,1,9,9\n2,2,9,9\n", full_occlusion="0,1")
    return Expected(root, {"cat-cat-1": str(folder / "img")}, {"cat-cat-1": {"lasot": [1, 2]}})


def _hdvila(root: Path) -> Expected:
    clip = {"clip_id": f"{ONE}.0.mp4", "span": ["00:00:01.000", "00:00:02.000"]}
    records = [{"video_id": id, "url": f"{WATCH}{id}", "clip": [clip]} for id in (ONE, TWO)]
    return _listed(written(root / "part0.jsonl", json_lines(*records)), "hdvila", {ONE: [1], TWO: [2]})


def _trackverse_clips(root: Path) -> Expected:
    clips = [{"clip_id": f"{id}.{n}.mp4", "duration": [0, 5]} for id, n in ((ONE, 0), (TWO, 0), (ONE, 1))]
    return _listed(written(root / "clips.jsonl", json_lines(*clips)), "trackverse-clips", {ONE: [1, 3], TWO: [2]})


def _track(**more: object) -> dict[str, object]:
    return {"track_ts": [0.0, 0.5], "track_bbox": [[1, 1, 9, 9], [2, 2, 9, 9]], **more}


def _trackverse_tracks(root: Path) -> Expected:
    tracks = [_track(yid=ONE, track_id="1"), _track(yid=TWO, track_id="2"), _track(yid=ONE, track_id="3")]
    return _listed(written(root / "tracks.jsonl", json_lines(*tracks)), "trackverse", {ONE: [1, 3], TWO: [2]})


def _trackverse_released(root: Path) -> Expected:
    data = gzip.compress(json_lines(_track(tid=1), _track(tid=2)).encode())
    file = written(root / f"{ONE[:2]}/{ONE}-meta.jsonl.gzip", data)
    return Expected(root, {ONE: f"{WATCH}{ONE}"}, {ONE: {"trackverse": [1, 2]}}, (f"{file}:1",))


def _coco(root: Path) -> Expected:
    written(root / "walk/000001.jpg", "")
    images = [{"id": 7, "video_id": 1, "file_name": "walk/000001.jpg", "width": 64, "height": 48}]
    boxes = [{"id": n, "image_id": 7, "category_id": 1, "bbox": [1, 1, 9, 9], "instance_id": n} for n in (1, 2)]
    data = {"videos": [{"id": 1, "name": "walk"}], "images": images, "annotations": boxes, "categories": []}
    file = written(root / "coco.json", json.dumps(data))
    return Expected(
        file, {"walk": str(root / "walk")}, {"walk": {"coco-vid": [1, 2, 3]}}, (f"{file}:videos[0]",), str(root)
    )


def _mediasequence(root: Path) -> Expected:
    header = "url,label index,label string,duration,credits\n"
    file = written(root / "demo.csv", f"{header}https://host.example/dir/a.webm,0,ball,12,Someone\n")
    videos = {"a": "https://host.example/dir/a.webm"}
    return Expected(file, videos, {"a": {"mediasequence": [2]}}, (f"{file}:2",))


def _charades(root: Path) -> Expected:
    video = written(root / "Charades_v1/46GP8.mp4", "")
    header = "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n"
    file = written(root / "train.csv", f'{header}46GP8,HR43,Kitchen,6,7,Yes,"A, b",food,x,c092 11.90 21.20,24.83\n')
    kept = {"46GP8": {"charades": [2]}}
    return Expected(file, {"46GP8": str(video)}, kept, (f"{file}:2",), str(root / "Charades_v1"))


def _kinetics(root: Path) -> Expected:
    header = "label,youtube_id,time_start,time_end,split\n"
    rows = f"juggling,{ONE},10,20,train\nrunning,{TWO},0,10,train\nrunning,{ONE},30,40,train\n"
    return _listed(written(root / "train.csv", header + rows), "kinetics", {ONE: [2, 4], TWO: [3]})


def _ava(root: Path) -> Expected:
    media = root / "films"
    file = written(root / "ava.csv", f"{ONE},0902,0.1,0.1,0.5,0.5,12,0\n{ONE},0903,0.1,0.1,0.5,0.5,12,0\n")
    video = written(media / f"{ONE}.mkv", "")
    kept = {ONE: {"ava": [1, 2]}}
    return Expected(file, {ONE: str(video)}, kept, (f"{file}:1",), str(media), How(media=str(media)))


def _table(root: Path) -> Expected:
    file = written(root / "videos.csv", "uri,video_id,label\nsub/a.mp4,first,x\nsub/b.mp4,,y\nsub/a.mp4,first,z\n")
    videos = {"first": str(root / "sub/a.mp4"), "sub-b": str(root / "sub/b.mp4")}
    kept = {"first": {"table": [2, 4]}, "sub-b": {"table": [3]}}
    return Expected(file, videos, kept, (f"{file}:2", f"{file}:3"), str(root))


def _table_parquet(root: Path) -> Expected:
    file = root / "videos.parquet"
    pq.write_table(pa.table({"uri": ["a.mp4", "s3://bucket/b.mp4"], "start_s": [1.0, None]}), file)
    videos = {"a": str(root / "a.mp4"), "b": "s3://bucket/b.mp4"}
    return Expected(file, videos, {"a": {"table": [1]}, "b": {"table": [2]}}, (f"{file}:1", f"{file}:2"), str(root))


def _youtube(root: Path) -> Expected:
    file = written(root / "ids.txt", f"# two videos\n{ONE}\nhttps://youtu.be/{TWO}\n")
    return replace(_listed(file, "youtube", {ONE: [2], TWO: [3]}), lines={})


def _listed(file: Path, annotation: str, numbers: dict[str, list[int]]) -> Expected:
    """Return what a list of YouTube's videos stands for."""
    videos = {id: f"{WATCH}{id}" for id in numbers}
    kept = {id: {annotation: own} for id, own in numbers.items()}
    return Expected(file, videos, kept, tuple(f"{file}:{own[0]}" for own in numbers.values()))


CASES: list[tuple[str, Callable[[Path], Expected]]] = [
    ("video", _video),
    ("folder", _folder),
    ("frames", _frames),
    ("mot", _mot),
    ("lasot", _lasot),
    ("hdvila", _hdvila),
    ("trackverse-clips", _trackverse_clips),
    ("trackverse-tracks", _trackverse_tracks),
    ("trackverse-tracks", _trackverse_released),
    ("coco-vid", _coco),
    ("mediasequence", _mediasequence),
    ("charades", _charades),
    ("kinetics", _kinetics),
    ("ava", _ava),
    ("table", _table),
    ("table", _table_parquet),
    ("youtube", _youtube),
]
each_format = pytest.mark.parametrize(("name", "make"), CASES, ids=[make.__name__[1:] for _, make in CASES])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder for what is given, beside the store."""
    (tmp_path / "given").mkdir()
    return tmp_path / "given"


def test_no_format_is_left_out_here() -> None:
    assert {name for name, _ in CASES} == set(FORMATS)


@each_format
@pytest.mark.parametrize("told", [False, True], ids=["recognised", "told"])
def test_a_format_is_registered_with_all_that_it_says(
    store: Objects, root: Path, name: str, make: Callable[[Path], Expected], told: bool
) -> None:
    expected = make(root)
    done = register(store, [str(expected.given)], "c", replace(expected.how, format=name) if told else expected.how)
    assert (done.formats, done.new, done.misfits) == ((name,), len(expected.videos), ())
    found = entries(store)
    assert {entry.video_id: entry.source_uri for entry in found} == expected.videos
    assert tuple(entry.place for entry in found if entry.place) == expected.places
    for entry in found:
        is_local = entry.source_uri.startswith("/")
        assert entry.trust == ("listed" if expected.places else "given")
        assert entry.within == (expected.within if is_local and expected.places else None)
        assert entry.rival is None
        assert entry.misfit is None
        check_name(entry.video_id, "video id")
    assert lines(store) == expected.lines
    assert done.with_lines == len(expected.lines)


@each_format
def test_the_same_again_adds_nothing_and_writes_nothing(
    store: Objects, root: Path, name: str, make: Callable[[Path], Expected]
) -> None:
    expected = make(root)
    register(store, [str(expected.given)], "c", expected.how)
    before = everything(store)
    for collection in ("c", "another"):
        again = register(store, [str(expected.given)], collection, expected.how)
        assert (again.new, again.batches, again.annotated) == (0, (), ())
        assert sorted(again.known) == sorted(expected.videos.values())
    assert everything(store) == before


@each_format
def test_a_dry_run_tells_the_same_and_writes_nothing(
    store: Objects, root: Path, name: str, make: Callable[[Path], Expected]
) -> None:
    expected = make(root)
    shown = register(store, [str(expected.given)], "c", replace(expected.how, dry_run=True))
    assert everything(store) == {}
    done = register(store, [str(expected.given)], "c", expected.how)
    assert [[e.video_id for e in batch.entries] for batch in shown.batches] == [
        [e.video_id for e in batch.entries] for batch in done.batches
    ]
    assert (shown.new, shown.with_lines, shown.formats) == (done.new, done.with_lines, done.formats)


def test_a_thousand_lines_of_one_video_are_one_entry_with_all_of_them(store: Objects, root: Path) -> None:
    clips = [{"clip_id": f"{ONE}.{n}.mp4", "duration": [n, n + 1]} for n in range(1000)]
    register(store, [str(written(root / "clips.jsonl", json_lines(*clips)))], "c")
    [entry] = entries(store)
    assert entry.video_id == ONE
    assert lines(store) == {ONE: {"trackverse-clips": list(range(1, 1001))}}


def test_a_long_manifest_fills_batches_of_the_size_that_was_asked_for(store: Objects, root: Path) -> None:
    rows = "".join(f"v{n}.mp4\n" for n in range(20)) + "../out.mp4\n"
    done = register(store, [str(written(root / "l.csv", f"uri\n{rows}"))], "c", How(batch_size=8))
    assert [len(batch.entries) for batch in done.batches] == [8, 8, 5]
    assert done.new == 20


# Annotations that come later


def test_annotations_by_id_go_to_the_videos_of_these_ids_that_are_there(store: Objects, root: Path) -> None:
    videos = root / "videos"
    written(videos / f"{ONE}.mp4", "")
    register(store, [str(videos)], "films")
    file = written(root / "ava.csv", f"{ONE},1,0.1,0.1,0.5,0.5,12,0\n{TWO},1,0.1,0.1,0.5,0.5,12,0\n")
    done = register(store, [str(file)], "ava")
    assert done.annotated == (ONE,)
    assert {e.video_id: e.source_uri for e in entries(store)} == {
        ONE: str(videos / f"{ONE}.mp4"),
        TWO: f"{WATCH}{TWO}",
    }
    assert lines(store) == {ONE: {"ava": [1]}, TWO: {"ava": [2]}}


def test_videos_and_annotations_by_their_ids_can_be_given_together(store: Objects, root: Path) -> None:
    video = written(root / f"videos/{ONE}.mp4", "")
    file = written(root / "ava.csv", f"{ONE},1,0.1,0.1,0.5,0.5,12,0\n")
    register(store, [str(root / "videos"), str(file)], "films")
    assert [(e.source_uri, e.rival) for e in entries(store)] == [(str(video), None)]
    assert lines(store) == {ONE: {"ava": [1]}}


def test_annotations_by_address_go_to_the_video_of_that_address_only(store: Objects, root: Path) -> None:
    video = written(root / "a.mp4", "")
    register(store, [str(video)], "c")
    done = register(store, [str(written(root / "t.csv", "uri,label\na.mp4,walking\nb/a.mp4,running\n"))], "c")
    assert (done.annotated, done.new) == (("a",), 1)
    assert lines(store) == {"a": {"table": [2]}, "b-a": {"table": [3]}}


def test_several_sets_of_one_video_stand_beside_each_other(store: Objects, root: Path) -> None:
    register(store, [str(_trackverse_clips(root).given)], "c")
    register(store, [str(_trackverse_tracks(root).given)], "c")
    kept = {ONE: {"trackverse-clips": [1, 3], "trackverse": [1, 3]}, TWO: {"trackverse-clips": [2], "trackverse": [2]}}
    assert lines(store) == kept


def test_a_newer_version_of_a_file_replaces_what_it_said_before(store: Objects, root: Path) -> None:
    one = write_mot(root / "MOT17-02", range(1, 3), "1,1,1,1,9,9,1,1,1\n", "1,-1,1,1,9,9,0.5\n")
    register(store, [str(one)], "c")
    for text in ("1,1,1,1,9,9,1,1,1\n2,1,5,5,9,9,1,1,1\n", "3,1,1,1,9,9,1,1,1\n", "1,1,1,1,9,9,1,1,1\n"):
        (one / "gt/gt.txt").write_text(text)
        assert register(store, [str(one)], "c").annotated == ("MOT17-02",)
        [batch] = read_batches(store)
        of_set = {kept.annotation: read_lines(store, kept) for kept in kept_lines(store, batch)["MOT17-02"]}
        assert of_set == {
            "mot": list(enumerate(text.splitlines(), 1)),
            "mot-det": [(1, "1,-1,1,1,9,9,0.5")],
        }
    assert register(store, [str(one)], "c").annotated == ()


# What makes no sense


def test_a_line_that_names_no_video_is_an_entry_that_says_so_and_comes_in_once_it_is_right(
    store: Objects, root: Path
) -> None:
    file = written(root / "t.csv", "uri,video_id\na.mp4,a\n,b\nc.mp4,../c\n")
    done = register(store, [str(file)], "c")
    assert (done.new, [m.place for m in done.misfits]) == (1, [f"{file}:3", f"{file}:4"])
    wrong = [entry for entry in entries(store) if entry.misfit]
    assert [(e.source_uri, e.misfit[0]) for e in wrong if e.misfit] == [
        (f"{file}:3", "bad_line"),
        (f"{file}:4", "bad_id"),
    ]
    for entry in wrong:
        check_name(entry.entry_id, "entry")
    before = everything(store)
    assert register(store, [str(file)], "c").misfits == ()
    assert everything(store) == before

    file.write_text("uri,video_id\na.mp4,a\nb.mp4,b\nc.mp4,c\n")
    register(store, [str(file)], "c")
    assert [e.video_id for e in entries(store) if not e.misfit] == ["a", "b", "c"]


def test_a_manifest_given_twice_is_one(store: Objects, root: Path) -> None:
    file = str(written(root / "t.csv", "uri\na.mp4\n../b.mp4\n../c.mp4\n"))
    done = register(store, [file, file], "c")
    assert (done.new, len(done.misfits)) == (1, 2)
    assert len({entry.entry_id for entry in entries(store)}) == len(entries(store)) == 3


def test_a_file_of_which_no_line_names_a_video_is_an_error(store: Objects, root: Path) -> None:
    with pytest.raises(StoreError, match=r"no line of it names a video as youtube: .*notes.txt:1: neither"):
        register(store, [str(written(root / "notes.txt", "some\nwords\n"))], "c", How(format="youtube"))
    assert everything(store) == {}


def test_one_address_under_two_names_keeps_the_first_and_says_so(store: Objects, root: Path) -> None:
    file = written(root / "t.csv", "uri,video_id\na.mp4,one\na.mp4,two\n")
    done = register(store, [str(file)], "c")
    assert [(m.place, m.reason) for m in done.misfits] == [(f"{file}:3", Reason.DUPLICATE)]
    assert next(e.video_id for e in entries(store)) == "one"


_FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12)
_LINES = st.lists(
    st.one_of(
        st.builds("v{}.mp4,,{}".format, st.integers(0, 4), st.integers(0, 99)),
        st.builds("https://host.example/v{}.mp4,w{},".format, st.integers(0, 4), st.integers(0, 4)),
        st.sampled_from(["", ",,", "../x.mp4,,", "x.mp4", '"x.mp4', "http://10.0.0.1/x.mp4,,", "file:///x,,"]),
        st.builds("{},{},{}".format, _FIELD, _FIELD, _FIELD),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@sampled(_LINES)
def test_every_line_of_a_manifest_is_kept_or_is_a_misfit(
    tmp_path_factory: pytest.TempPathFactory, text: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    store = Objects(folder / "store")
    file = written(folder / "t.csv", "uri,video_id,label\ngood.mp4,good,\n" + "\n".join(text) + "\n")
    register(store, [str(file)], "c")
    numbers = Counter(n for of_video in lines(store).values() for own in of_video.values() for n in own)
    misfits = [int(e.source_uri.rpartition(":")[2]) for e in entries(store) if e.misfit]
    assert max(numbers.values()) == 1
    assert not set(numbers) & set(misfits)
    if '"' not in "".join(text):  # within quotes a row has several lines
        wanted = {n for n, line in enumerate(file.read_text().split("\n"), 1) if line.strip() and n > 1}
        assert {*numbers, *misfits} == wanted
    assert register(store, [str(file)], "c").batches == ()


# Who may be named

FILES = ("file:///etc/hosts", "/etc/hosts", "../out.mp4", "sub/../../out.mp4", "link.mp4", "linked/x.mp4", "local:///x")
PRIVATE = (
    "http://127.0.0.1/v.mp4",
    "http://localhost:8000/v.mp4",
    "https://10.1.2.3/v.mp4",
    "http://[::1]/v.mp4",
    "http://169.254.169.254/latest/v.mp4",
    "http://2130706433/v.mp4",
    "http://0x7f.1/v.mp4",
    "http://[::ffff:192.168.0.1]/v.mp4",
)
NEVER = ("memory://x/v.mp4", "ftp://host.example/v.mp4", "gdrive://x/v.mp4", "https://user:word@host.example/v.mp4")


def _rows(root: Path, names: list[str]) -> Path:
    return written(root / "t.csv", "uri,label\ngood.mp4,x\n" + "".join(f"{name},x\n" for name in names))


def _records(root: Path, names: list[str]) -> Path:
    return written(root / "t.jsonl", json_lines(*({"uri": name} for name in ["good.mp4", *names])))


def _parquet(root: Path, names: list[str]) -> Path:
    pq.write_table(pa.table({"path": ["good.mp4", *names]}), root / "t.parquet")
    return root / "t.parquet"


def _labelled(root: Path, names: list[str]) -> Path:
    rows = "".join(f"{name},0,x,5,y\n" for name in ["good.mp4", *names])
    return written(root / "m.csv", f"url,label index,label string,duration,credits\n{rows}")


def _spans(root: Path, names: list[str]) -> Path:
    urls = [f"{WATCH}{ONE}", *names]
    records = ({"video_id": f"v{n}", "url": url, "clip": [{"clip_id": "x"}]} for n, url in enumerate(urls))
    return written(root / "h.jsonl", json_lines(*records))


@pytest.fixture
def trap(root: Path) -> Path:
    """A manifest's folder with links that lead out of it."""
    written(root.parent / "out.mp4", "not theirs")
    written(root / "good.mp4", "")
    (root / "link.mp4").symlink_to(root.parent / "out.mp4")
    (root / "linked").symlink_to(root.parent)
    (root / "sub").mkdir()
    return root


@pytest.mark.parametrize("write", [_rows, _records, _parquet, _labelled, _spans], ids=lambda f: f.__name__[1:])
def test_a_manifest_may_name_neither_files_of_others_nor_private_machines(
    store: Objects, trap: Path, write: Callable[[Path, list[str]], Path]
) -> None:
    file = write(trap, [*FILES, *PRIVATE, *NEVER])
    done = register(store, [str(file)], "strict")
    assert done.new == 1
    assert {m.reason for m in done.misfits} == {Reason.FORBIDDEN}
    assert len(done.misfits) == len([*FILES, *PRIVATE, *NEVER])

    trusting = Objects(f"{store.root}-2")
    done = register(trusting, [str(file)], "trusting", How(allow_private=True))
    assert {e.source_uri for e in entries(trusting) if not e.misfit and "://" in e.source_uri} - {f"{WATCH}{ONE}"} == {
        *PRIVATE
    }
    assert {m.reason for m in done.misfits} == {Reason.FORBIDDEN}
    assert len(done.misfits) == len([*FILES, *NEVER])


def test_a_list_of_addresses_names_nothing_else(store: Objects, trap: Path) -> None:
    file = written(trap / "ids.txt", "\n".join([ONE, *FILES, *PRIVATE, *NEVER]))
    done = register(store, [str(file)], "c", How(format="youtube"))
    assert [e.source_uri for e in entries(store) if not e.misfit] == [f"{WATCH}{ONE}"]
    assert len(done.misfits) == len([*FILES, *PRIVATE, *NEVER])


@pytest.mark.parametrize("name", ["../out", "/etc/hosts", "link", "linked/out"])
@pytest.mark.parametrize("format", ["kinetics", "ava", "charades", "coco-vid"])
def test_a_name_in_media_does_not_lead_out_of_it(store: Objects, trap: Path, format: str, name: str) -> None:
    video, text = "good.mp4", {
        "kinetics": "label,youtube_id,time_start,time_end,split\nx,{0},0,1,train\nx,{1},0,1,train\n",
        "ava": "{0},1,0.1,0.1,0.5,0.5,1,0\n{1},1,0.1,0.1,0.5,0.5,1,0\n",
        "charades": "id,subject,scene,script,actions,length\n{0},,,,,1\n{1},,,,,1\n",
        "coco-vid": json.dumps({"videos": [{"id": 1, "name": "ONE"}, {"id": 2, "name": "TWO"}]})[:-1]
        .replace("ONE", "{0}").replace("TWO", "{1}").replace('{"', '{{"').replace("},", "}},").replace("}]", "}}]")
        + ', "images": [], "annotations": []}}',
    }[format]  # fmt: skip
    file = written(trap.parent / "lists/list.csv", text.format("good", name))
    done = register(store, [str(file)], "c", How(format=format, media=str(trap)))
    assert [e.source_uri for e in entries(store) if not e.misfit] == [str(trap / video)]
    assert [m.reason for m in done.misfits] == [Reason.FORBIDDEN]


@pytest.mark.parametrize(
    "video_id", ["../../x", "a/b", ".hidden", "-rf", "x" * 129, "a~2", "a b", "a\x00b", "é", "a\\b", "%2e%2e"]
)
def test_an_id_that_could_lead_somewhere_is_refused(store: Objects, root: Path, video_id: str) -> None:
    rows = [{"uri": "good.mp4"}, {"uri": "bad.mp4", "video_id": video_id}]
    done = register(store, [str(written(root / "t.jsonl", json_lines(*rows)))], "c")
    assert [(m.reason, m.place.rpartition(":")[2]) for m in done.misfits] == [(Reason.BAD_ID, "2")]


# Manifests elsewhere


@pytest.fixture
def server() -> Iterator[RangeServer]:
    """A web server without files."""
    with RangeServer() as server:
        yield server


def test_a_manifest_at_a_web_address_names_what_lies_beside_it(store: Objects, server: RangeServer) -> None:
    rows = ["uri,label", "a b.mp4,x", "https://host.example/c.mp4,y", "../d.mp4,z", "/etc/hosts,z", "file:///e,z"]
    server.files["lists/videos.csv"] = "\n".join(rows).encode()
    address = f"{server.url}/lists/videos.csv"
    done = register(store, [address], "c", How(allow_private=True))
    assert [(e.source_uri, e.within) for e in entries(store) if not e.misfit] == [
        (f"{server.url}/lists/a%20b.mp4", None),
        ("https://host.example/c.mp4", None),
    ]
    assert [(m.place, m.reason) for m in done.misfits] == [
        (f"{address}:{line}", Reason.FORBIDDEN) for line in (4, 5, 6)
    ]
    assert lines(store) == {"a-b": {"table": [2]}, "c": {"table": [3]}}
    before = everything(store)
    assert register(store, [address], "c", How(allow_private=True)).batches == ()
    assert everything(store) == before


def test_what_lies_beside_a_manifest_on_a_private_machine_needs_to_be_allowed(
    store: Objects, server: RangeServer
) -> None:
    server.files["videos.csv"] = b"uri\na.mp4\nhttps://host.example/c.mp4\n"
    done = register(store, [f"{server.url}/videos.csv"], "c")
    assert (done.new, [m.reason for m in done.misfits]) == (1, [Reason.FORBIDDEN])


@pytest.mark.parametrize(("name", "says"), [("words.txt", "no known format"), ("gone.txt", "nothing there")])
def test_a_web_address_without_a_list_is_told_by_its_address(
    store: Objects, server: RangeServer, name: str, says: str
) -> None:
    server.files["words.txt"] = b"some words\nthat are no list\n"
    with pytest.raises(RushesError, match=rf"^{server.url}/{name}: .*{says}"):
        register(store, [f"{server.url}/{name}"], "c")


# Two at once, and none to the end


class Interrupted(Objects):
    """A store in which somebody else does something each time just before a batch is created."""

    def meanwhile(self, action: Callable[[], object]) -> None:
        self._action = action

    def create(self, name: str, data: bytes) -> bool:
        if name.startswith("batches/") and (action := self.__dict__.pop("_action", None)):
            action()
        return super().create(name, data)


def _numbered(root: Path, name: str, numbers: range) -> str:
    return str(written(root / name, "uri,label\n" + "".join(f"v{n}.mp4,{n}\n" for n in numbers)))


def test_what_somebody_else_registers_meanwhile_is_not_registered_again(root: Path) -> None:
    store = Interrupted(root / "store")
    theirs, ours = _numbered(root, "theirs.csv", range(6)), _numbered(root, "ours.csv", range(3, 12))
    store.meanwhile(lambda: register(Objects(store.uri), [theirs], "c", How(batch_size=2)))
    done = register(store, [ours], "c", How(batch_size=4))
    assert sorted(done.annotated) == ["v3", "v4", "v5"]
    assert sorted(e.video_id for e in entries(store)) == sorted(f"v{n}" for n in range(12))
    assert done.new == 6
    assert [len(batch.entries) for batch in read_batches(store)] == [2, 2, 2, 4, 2]
    assert {len(own) for own in lines(store).values()} == {1}
    assert sum(len(kept) for b in read_batches(store) for kept in kept_lines(store, b).values()) == 15


def test_an_id_that_somebody_else_takes_meanwhile_is_theirs(root: Path) -> None:
    store = Interrupted(root / "store")
    store.meanwhile(lambda: register(Objects(store.uri), ["s3://theirs/v.mp4"], "c"))
    register(store, ["s3://ours/v.mp4"], "c")
    assert [(e.source_uri, e.rival) for e in entries(store)] == [
        ("s3://theirs/v.mp4", None),
        ("s3://ours/v.mp4", "s3://theirs/v.mp4"),
    ]


def _register(store: str, file: str, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    register(Objects(store), [file], "c", How(batch_size=8))


def test_two_processes_that_register_the_same_at_once_register_it_once(store: Objects, root: Path) -> None:
    file = _numbered(root, "many.csv", range(1000))
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    both = [spawn.Process(target=_register, args=(store.uri, file, barrier)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    assert sorted(e.entry_id for e in entries(store)) == sorted(f"v{n}" for n in range(1000))
    assert {video: own["table"] for video, own in lines(store).items()} == {f"v{n}": [n + 2] for n in range(1000)}


@pytest.mark.parametrize("theirs", ["b", "d"])
def test_an_id_that_is_taken_in_two_collections_at_once_stays_with_one_of_them(root: Path, theirs: str) -> None:
    store = Interrupted(root / "store")
    store.meanwhile(lambda: register(Objects(store.uri), ["s3://theirs/v.mp4", "s3://theirs/w.mp4"], theirs))
    done = register(store, ["s3://ours/u.mp4", "s3://ours/v.mp4"], "c")
    one, two = ("theirs", "ours") if theirs == "b" else ("ours", "theirs")
    assert {(e.entry_id, e.source_uri, e.rival) for e in entries(store) if e.video_id == "v"} == {
        ("v", f"s3://{one}/v.mp4", None),
        ("v~2", f"s3://{two}/v.mp4", f"s3://{one}/v.mp4"),
    }
    assert {e.entry_id for e in entries(store)} == {"u", "v", "v~2", "w"}
    assert done.batches == tuple(batch for batch in read_batches(store) if batch.collection == "c")
    assert register(store, ["s3://ours/v.mp4"], "e").batches == ()


def test_of_the_same_video_in_two_collections_at_once_one_entry_has_all_that_is_said(root: Path) -> None:
    store = Interrupted(root / "store")
    theirs, ours = _numbered(root, "theirs.csv", range(3)), _numbered(root, "ours.csv", range(1, 4))
    store.meanwhile(lambda: register(Objects(store.uri), [theirs], "b"))
    register(store, [ours], "c")
    assert sorted(e.video_id for e in entries(store) if e.rival is None) == ["v0", "v1", "v2", "v3"]
    assert sorted(e.entry_id for e in entries(store) if e.rival == e.source_uri) == ["v1~2", "v2~2"]
    counted = {
        entry.video_id: sorted(Path(one.origin).stem for one in kept_lines(store, batch).get(entry.entry_id, ()))
        for batch in read_batches(store)
        for entry in batch.entries
        if entry.rival is None
    }
    assert counted == {"v0": ["theirs"], "v1": ["ours", "theirs"], "v2": ["ours", "theirs"], "v3": ["ours"]}


def test_an_id_that_somebody_who_was_killed_left_doubled_is_given_up_by_whoever_adds_next(store: Objects) -> None:
    for name in ("b", "a", "c"):
        seal_batch(store, Batch(f"{name}-0000", name, (Entry("v", "v", f"s3://{name}/v.mp4"),)))
    register(store, ["s3://other/x.mp4"], "z", How(dry_run=True))
    assert {e.rival for e in entries(store)} == {None}
    register(store, ["s3://other/x.mp4"], "z")
    assert {(e.entry_id, e.source_uri, e.rival) for e in entries(store)} == {
        ("v", "s3://a/v.mp4", None),
        ("v~2", "s3://b/v.mp4", "s3://a/v.mp4"),
        ("v~2", "s3://c/v.mp4", "s3://a/v.mp4"),
        ("x", "s3://other/x.mp4", None),
    }


def _register_into(store: str, file: str, collection: str, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    register(Objects(store), [file], collection, How(batch_size=8))


def test_processes_that_register_the_same_into_different_collections_at_once_double_no_id(
    store: Objects, root: Path
) -> None:
    file = _numbered(root, "many.csv", range(200))
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    all_three = [spawn.Process(target=_register_into, args=(store.uri, file, name, barrier)) for name in "abc"]
    for process in all_three:
        process.start()
    for process in all_three:
        process.join(60)
        assert process.exitcode == 0
    assert sorted(e.video_id for e in entries(store) if e.rival is None) == sorted(f"v{n}" for n in range(200))


def test_a_run_that_was_killed_is_completed_by_the_same_again(store: Objects, root: Path) -> None:
    count = 20_000
    file = _numbered(root, "many.csv", range(count))
    spawn = multiprocessing.get_context("spawn")
    alone = spawn.Barrier(1)
    process = spawn.Process(target=_register, args=(store.uri, file, alone))
    process.start()
    assert process.pid is not None
    while not any(True for _ in store.list("batches")):
        assert process.is_alive()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    sealed = sum(len(batch.entries) for batch in read_batches(store))
    assert 0 < sealed < count

    done = register(store, [file], "c", How(batch_size=640))
    assert (done.new, len(done.known), done.annotated) == (count - sealed, sealed, ())
    assert sorted(e.source_uri for e in entries(store)) == sorted(str(root / f"v{n}.mp4") for n in range(count))
    assert {video: own["table"] for video, own in lines(store).items()} == {f"v{n}": [n + 2] for n in range(count)}


# What is no list of videos at all


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.csv", "colour,size\nred,5\n", "no known format"),
        ("empty.csv", "", "an empty file"),
        ("empty.jsonl", "\n\n", "no known format"),
        ("binary.json", bytes(range(256)) * 50, "no known format"),
        ("half.json", '{"videos": [{"id": 1', "no known format"),
        ("deep.json", "[" * 100_000, "no known format"),
        ("other.json", '{"videos": 1, "images": 2, "annotations": 3}', "no known format"),
        ("broken.gz", gzip.compress(b"uri\na.mp4\n" * 99, mtime=0)[:30], "damaged gzip"),
        ("broken.parquet", b"PAR1" + bytes(50), "Parquet that cannot be read"),
        ("twice.csv", "uri,uri\na,b\n", "two columns"),
    ],
)
def test_what_is_no_list_is_one_clear_line(
    store: Objects, root: Path, name: str, content: str | bytes, says: str
) -> None:
    file = written(root / name, content)
    with pytest.raises((StoreError, SettingsError), match=says) as caught:
        register(store, [str(file)], "c")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(file))
    assert everything(store) == {}


def _read_so_far() -> int:
    """Return how many bytes this process has read, from wherever."""
    return int(re.search(r"rchar: (\d+)", Path("/proc/self/io").read_text())[1])  # type: ignore[index]


BOMB = gzip.compress(b"a" * (64 << 20), 9) * 32


@pytest.mark.parametrize(
    ("name", "begin", "size", "says"),
    [
        ("one.json", b'{"text": "' + b"a" * (1 << 20), 1 << 30, "no known format"),
        ("one.csv", b"a" * (1 << 20), 1 << 30, "no known format"),
        ("array.json", b"[" + b" " * (1 << 20), 1 << 30, "no known format"),
        ("coco.json", b'{"videos": [' + b" " * (1 << 20), (1 << 30) + 1, "too many to read at once"),
        ("bomb.csv.gz", BOMB, len(BOMB), "no known format"),
    ],
)
def test_a_gigabyte_without_an_end_is_told_by_its_beginning(
    store: Objects, root: Path, name: str, begin: bytes, size: int, says: str
) -> None:
    file = written(root / name, begin)
    os.truncate(file, size)
    before = _read_so_far()
    with pytest.raises((StoreError, SettingsError), match=says):
        register(store, [str(file)], "c")
    assert _read_so_far() - before < min(64 << 20, size // 2)


def test_a_folder_with_a_manifest_and_videos_is_a_folder_of_videos(store: Objects, root: Path) -> None:
    video = _table(root)
    written(root / "sub/a.mp4", "")
    done = register(store, [str(root)], "c")
    assert (done.formats, [e.source_uri for e in entries(store)]) == (("folder",), [video.videos["first"]])


def test_a_folder_of_nothing_but_manifests_says_what_it_lacks(store: Objects, root: Path) -> None:
    _table(root)
    with pytest.raises(StoreError, match="no video files in that folder"):
        register(store, [str(root)], "c")


def test_parquet_with_text_that_is_not_utf8_is_told(store: Objects, root: Path) -> None:
    names = pa.array([b"\xff.mp4"], pa.binary())
    pq.write_table(pa.table({"uri": pa.Array.from_buffers(pa.string(), 1, names.buffers())}), root / "t.parquet")
    with pytest.raises(SettingsError, match=r"t.parquet: Parquet that cannot be read: .*utf-8"):
        register(store, [str(root / "t.parquet")], "c")


def test_a_name_that_is_not_utf8_is_told(store: Objects, root: Path) -> None:
    path = os.fsdecode(os.fsencode(root) + b"/\xff.mp4")
    with pytest.raises(SettingsError, match=r"\\udcff.mp4': a name that is not UTF-8"):
        register(store, [path], "c")


def test_credentials_are_not_shown_to_more_than_one_of_the_hosts_that_a_list_names(store: Objects, root: Path) -> None:
    lines = [f"uri\nhttps://a.example.org/{n}.mp4\n" for n in "xy"]
    file = written(root / "list.csv", lines[0] + "https://b.example.org/z.mp4\ns3://bucket/w.mp4\n")
    with pytest.raises(SettingsError, match=r"to 2 hosts that are listed \(a.example.org, b.example.org"):
        register(store, [str(file)], "far", How(creds_key="archive"))
    written(file, lines[0] + "s3://bucket/w.mp4\n")
    [batch] = register(store, [str(file)], "far", How(creds_key="archive")).batches
    assert [entry.creds_key for entry in batch.entries] == ["archive", "archive"]
