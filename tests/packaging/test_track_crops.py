"""Track crops: where they lie, what they show, and what must not be seen in them."""

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import Row, box_row, filtered_row, redaction_row, track_row, write_batch
from tasks import ingested
from videos import barcode, make_video, read_barcode

import rushes
from rushes.packaging import track_crops
from rushes.packaging.crop_path import crop_path
from rushes.packaging.package import package
from rushes.packaging.packed import File
from rushes.packaging.packed_tracks import PackedTrack, PackedVideo
from rushes.packaging.track_crops import cut
from rushes.selection.recipes.recipe import Recipe
from rushes.selection.select import select
from rushes.store.objects import Objects

ID = "Cmlo7hH5wZg"

# Where a crop lies.


def smoothed(values: Sequence[float], deviation: int) -> list[float]:
    """The weighted mean around each value, the row mirrored at its ends as often as needed; four deviations wide."""
    count = len(values)
    mirrored = [*range(count), *range(count - 1, -1, -1)]
    out = []
    for i in range(count):
        near = range(i - 4 * deviation, i + 4 * deviation + 1)
        weights = [np.exp(-((j - i) ** 2) / (2 * deviation**2)) if deviation else 1.0 for j in near]
        out.append(
            sum(w * values[mirrored[j % (2 * count)]] for w, j in zip(weights, near, strict=True)) / sum(weights)
        )
    return out


def slow_path(times: Sequence[float], boxes: Sequence[Sequence[float]], frame: tuple[int, int]) -> list[list[float]]:
    """The rules one box at a time."""
    steps = [b - a for a, b in pairwise(times)]
    deviation = int(0.66 / (sum(steps) / len(steps))) if steps else 0
    sides = [smoothed([box[k] for box in boxes], deviation) for k in range(4)]
    shapes = [max(w, 1) / max(h, 1) for w, h in zip(sides[2], sides[3], strict=True)]
    shape = min(max(sum(shapes) / len(shapes), 2 / 3), 3 / 2)
    path = []
    for x, y, w, h in zip(*sides, strict=True):
        centre = (x + w / 2, y + h / 2)
        w, h = max(w, 1), max(h, 1)
        if w / h > shape:
            h = w / shape
        else:
            w = h * shape
        if w > frame[0]:
            w, h = frame[0], frame[0] / shape
        if h > frame[1]:
            w, h = frame[1] * shape, frame[1]
        left = min(max(centre[0] - w / 2, 0), frame[0] - w)
        top = min(max(centre[1] - h / 2, 0), frame[1] - h)
        path.append([left, top, w, h])
    return path


corner, side = st.floats(-50, 250, width=32), st.floats(0, 400, width=32)
tracks = st.lists(st.tuples(corner, corner, side, side), min_size=1, max_size=20)
frame_sizes = st.tuples(st.integers(8, 320), st.integers(8, 240))


@given(tracks, frame_sizes, st.sampled_from([1, 3, 8, 30]))
def test_the_path_is_that_of_the_rules(boxes: list[Any], frame: tuple[int, int], rate: int) -> None:
    times = 2 + np.arange(len(boxes)) / rate
    path = crop_path(times, np.array(boxes, np.float32), frame)
    np.testing.assert_allclose(path.boxes, slow_path(times.tolist(), boxes, frame), atol=1e-6, rtol=1e-9)


@given(tracks, frame_sizes, st.floats(-1, 5))
def test_a_crop_is_always_inside_the_frame_and_of_one_shape(
    boxes: list[Any], frame: tuple[int, int], time: float
) -> None:
    path = crop_path(np.arange(len(boxes)) / 8, np.array(boxes, np.float32), frame)
    left, top, w, h = path.at(time)
    assert min(left, top) >= -1e-9
    assert left + w <= frame[0] + 1e-6
    assert top + h <= frame[1] + 1e-6
    shape = path.boxes[0, 2] / path.boxes[0, 3]
    assert 2 / 3 - 1e-9 <= shape <= 3 / 2 + 1e-9
    assert w / h == pytest.approx(shape)
    assert path.size == tuple(max(2, int(mean) // 2 * 2) for mean in path.boxes[:, 2:].mean(axis=0))


def test_a_steady_box_of_a_fit_shape_is_left_as_it_is() -> None:
    path = crop_path(np.arange(9) / 8, np.array([[20, 30, 60, 50]] * 9, np.float32), (320, 240))
    np.testing.assert_allclose(path.boxes, [[20, 30, 60, 50]] * 9)
    assert path.size == (60, 50)


def test_between_two_boxes_a_crop_lies_between_them() -> None:
    path = crop_path(np.array([0.0, 1.0]), np.array([[0, 0, 40, 40], [100, 0, 40, 40]], np.float32), (320, 240))
    np.testing.assert_allclose([path.at(t)[0] for t in (-1, 0, 0.25, 1, 9)], [0, 0, 25, 100, 100])


def test_cutting_takes_the_pixels_of_the_box() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    np.testing.assert_array_equal(cut(picture, np.array([10.0, 20.0, 16.0, 12.0]), (16, 12)), picture[20:32, 10:26])
    np.testing.assert_array_equal(cut(picture, np.array([0.0, 0.0, 64.0, 48.0]), (64, 48)), picture)


def test_a_box_between_two_pixels_shows_what_is_between_them() -> None:
    ramp = np.repeat(np.arange(0, 128, 2, dtype=np.uint8)[None, :, None], 48, axis=0).repeat(3, axis=2)
    half = cut(ramp, np.array([10.5, 20.0, 16.0, 12.0]), (16, 12))
    np.testing.assert_array_equal(half[0, :, 0], np.arange(21, 53, 2))


# What a crop is.


class Drawn:
    """Pictures that are barcodes of their numbers; it notes what was asked for."""

    def __init__(self, times_s: np.ndarray, size: tuple[int, int] = (64, 48)) -> None:
        self.times_s, self._size = times_s, size
        self.asked: list[int] = []

    def frames(self, numbers: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        for number in numbers:
            self.asked.append(number)
            yield number, barcode(number, *self._size)


def track_of(name: str, first: int, last: int, box: Sequence[float], times_s: np.ndarray, step: int = 3) -> PackedTrack:
    frames = np.array([*range(first, last, step), last])
    count = len(frames)
    return PackedTrack(
        name, "cat", frames, times_s[frames] - times_s[0], np.array([box] * count, np.float32),
        np.ones(count, np.float32), (15,) * count, ("cat",) * count, 1.0, (15,), ("cat",), (1.0,), (0.0,),
    )  # fmt: skip


def video_of(pictures: Drawn, *made: PackedTrack, fps: float = 25.0) -> PackedVideo:
    @contextmanager
    def opened() -> Iterator[Drawn]:
        yield pictures

    return PackedVideo(ID, "all", *pictures._size, fps, ((0.0, 1.0),), made, opened)


def crops(video: PackedVideo) -> list[File]:
    return [made for made in track_crops.video_files(video) if isinstance(made, File)]


def decoded(data: bytes) -> tuple[list[np.ndarray], list[float], av.VideoStream]:
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(video=0))
        assert not container.streams.audio
        pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
        return pictures, [float(frame.pts * frame.time_base) for frame in frames], container.streams.video[0]


WHOLE = (0, 0, 64, 48)


def test_a_crop_has_every_frame_from_the_tracks_first_to_its_last_at_their_times() -> None:
    times_s = 5 + np.arange(100) / 25
    [file] = crops(video_of(Drawn(times_s), track_of("a", 10, 47, WHOLE, times_s)))
    pictures, seconds, stream = decoded(file.data)
    assert [read_barcode(picture) for picture in pictures] == list(range(10, 48))
    np.testing.assert_allclose(seconds, np.arange(38) / 25, atol=1e-4)
    assert float(stream.duration * stream.time_base) == pytest.approx(38 / 25, abs=1e-4)
    assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert stream.average_rate == 25
    assert file.rows == 38
    assert file.path.startswith(f"Cm/{ID}-cat-")
    assert file.path.endswith(".mp4")


def test_frames_that_are_not_evenly_spaced_keep_their_times() -> None:
    times_s = np.cumsum([0, 0.04, 0.1, 0.02, 0.3, 0.04, 0.04])
    [file] = crops(video_of(Drawn(times_s), track_of("a", 1, 6, WHOLE, times_s, step=5), fps=12.0))
    _, seconds, _ = decoded(file.data)
    np.testing.assert_allclose(seconds, times_s[1:] - times_s[1], atol=1e-4)


def test_one_pass_feeds_all_tracks_and_looks_at_no_other_frames() -> None:
    times_s = np.arange(100) / 25
    spans = {"a": (5, 20), "b": (10, 12), "c": (12, 30), "d": (60, 61)}
    pictures = Drawn(times_s)
    made = [track_of(name, *span, (16 * n, 0, 16, 16), times_s) for n, (name, span) in enumerate(spans.items())]
    files = crops(video_of(pictures, *made))
    assert pictures.asked == [*range(5, 31), 60, 61]
    assert sorted(file.rows for file in files) == [2, 3, 16, 19]
    assert all(len(decoded(file.data)[0]) == file.rows for file in files)


def test_a_crop_follows_its_object() -> None:
    """A white square moves to the right over black; in its crop it stays in the middle."""
    times_s = np.arange(200) / 25

    class Moving(Drawn):
        def frames(self, numbers: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
            for number in numbers:
                picture = np.zeros((120, 320, 3), np.uint8)
                picture[40:80, 20 + number : 60 + number] = 255
                yield number, picture

    track = track_of("a", 0, 198, WHOLE, times_s)
    boxes = np.array([(10 + n, 30, 60, 60) for n in track.frames], np.float32)
    track = PackedTrack(**{**vars(track), "boxes": boxes})
    [file] = crops(video_of(Moving(times_s, (320, 120)), track))
    pictures, _, _ = decoded(file.data)
    assert pictures[0].shape == (60, 60, 3)
    for picture in pictures[70:-70]:  # where nothing is mirrored, smoothing leaves a straight line as it is
        bright = np.argwhere(picture[..., 1] > 127)
        np.testing.assert_allclose(bright.mean(axis=0), [29.5, 29.5], atol=0.6)
        assert len(bright) == pytest.approx(1600, rel=0.06)


def test_the_same_tracks_give_the_same_bytes() -> None:
    times_s = np.arange(30) / 25
    once, again = (crops(video_of(Drawn(times_s), track_of("a", 0, 29, WHOLE, times_s))) for _ in range(2))
    assert once == again


def test_no_crop_is_longer_than_three_minutes_and_what_is_cut_off_is_counted() -> None:
    times_s = np.arange(40) * 10.0
    [file] = crops(video_of(Drawn(times_s), track_of("a", 2, 39, WHOLE, times_s), fps=0.1))
    pictures, seconds, _ = decoded(file.data)
    assert [read_barcode(picture) for picture in pictures] == list(range(2, 20))
    assert seconds[-1] == pytest.approx(170, abs=1e-3)
    assert file.dropped == {"frame_after_180_s": 20}


def test_key_frames_come_twice_a_second() -> None:
    times_s = np.arange(60) / 25
    [file] = crops(video_of(Drawn(times_s), track_of("a", 0, 59, WHOLE, times_s)))
    with av.open(io.BytesIO(file.data)) as container:
        keys = [n for n, packet in enumerate(p for p in container.demux(video=0) if p.size) if packet.is_keyframe]
    assert max(b - a for a, b in pairwise(keys)) <= 12


# From a store.

CLIP = filtered_row(ID, 0, 30)
FACE = (16.0, 0.0, 32.0, 48.0)


def fill(store: Objects, folder: Path, made: Sequence[tuple[Row, list[Row]]], *, start: int = 0, **tables: Any) -> None:
    task = ingested(store, make_video(folder / f"{ID}.mp4", 30, start=start), ID)
    rows = {name: task.rows[name].to_pylist() for name in ("videos", "packets")}
    rows |= {"tracks": [track for track, _ in made], "track_boxes": [box for _, boxes in made for box in boxes]}
    write_batch(store, **({"filtered_clips": [CLIP]} | rows | tables))


def track(number: int, frames: range, box: Sequence[float]) -> tuple[Row, list[Row]]:
    row = track_row(CLIP, number, frames[0], frames[-1] + 1, "car", n_boxes=len(frames))
    return row, [box_row(row, frame, box) for frame in frames]


def packaged(store: Objects, **fields: Any) -> dict[str, bytes]:
    """Package all tracks; the files of the data set by path."""
    recipe = Recipe(**{"name": "all", "unit": "track", "formats": ("trackverse", "track-crops"), **fields})
    select(store, recipe)
    record = package(store, recipe, workers=0)
    root = f"datasets/all/{record.identity[:12]}/"
    return {path.removeprefix(root): store.read(path) for path in store.list(root)}


def test_the_published_lines_name_the_crops(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, [track(1, range(0, 30, 3), WHOLE), track(2, range(3, 20, 3), (0, 0, 20, 20))])
    files = packaged(store)
    lines = rushes.open(store.uri).sql("SELECT path, rows FROM datasets WHERE format = 'track-crops'").fetchall()
    assert sorted(rows for _, rows in lines) == [16, 28]
    meta = gzip.decompress(files[f"trackverse/Cm/{ID}-meta.jsonl.gzip"]).splitlines()
    named = {json.loads(line)["track_mp4_filename"] for line in meta}
    assert {path for path in files if path.endswith(".mp4")} == {f"track-crops/{name}" for name in named}
    [whole] = [files[f"track-crops/{name}"] for name in named if len(decoded(files[f"track-crops/{name}"])[0]) == 28]
    assert [read_barcode(picture) for picture in decoded(whole)[0]] == list(range(28))


def test_a_track_is_written_whole_and_once_however_many_sequences_follow_it(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, [track(1, range(0, 30, 3), WHOLE)])
    files = packaged(store, sequence_length=5, split={"train": 1})
    [crop] = [data for path, data in files.items() if path.startswith("track-crops/train/Cm/")]
    assert len(decoded(crop)[0]) == 28


def test_faces_are_hidden_as_the_recipe_says(store: Objects, tmp_path: Path) -> None:
    faces = [redaction_row(CLIP, frame, FACE) for frame in range(30)]
    fill(store, tmp_path, [track(1, range(0, 30, 3), WHOLE)], redactions=faces)

    def steepest_edge(**how: str) -> int:
        """The barcode of 5 has an edge between a dark and a bright cell in the middle of the face."""
        crop = next(data for path, data in packaged(store, **how).items() if path.endswith(".mp4"))
        return int(np.abs(np.diff(decoded(crop)[0][5][6:12, 24:40, 1].astype(int), axis=1)).max())

    assert steepest_edge(privacy="none") > 150
    assert steepest_edge() < 60
    assert steepest_edge(redaction="solid") < 10


def test_times_count_from_the_first_frame_whatever_the_container_calls_it(store: Objects, tmp_path: Path) -> None:
    row, boxes = track(1, range(6, 30, 3), WHOLE)
    late = [{**box, "t_s": (box["frame"] + 50) / 25} for box in boxes]
    fill(store, tmp_path, [(row, late)], start=50, filtered_clips=[{**CLIP, "start_s": 2.0, "end_s": 3.2}])
    files = packaged(store)
    line = json.loads(gzip.decompress(files[f"trackverse/Cm/{ID}-meta.jsonl.gzip"]))
    np.testing.assert_allclose(line["frame_ts"], np.arange(6, 30, 3) / 25, atol=1e-12)
    progress = json.loads(files[f"trackverse/Cm/{ID}-progress.json"])
    np.testing.assert_allclose(progress["segments_complete"], [[0, 1.2]], atol=1e-12)
    crop = next(data for path, data in files.items() if path.endswith(".mp4"))
    assert [read_barcode(picture) for picture in decoded(crop)[0]] == list(range(6, 28))


def test_a_track_over_another_is_a_reject_and_not_a_crop(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, [track(1, range(0, 30, 3), WHOLE), track(2, range(0, 30, 3), (0, 0, 64, 47))])
    files = packaged(store)
    assert len([path for path in files if path.endswith(".mp4")]) == 1
    rejects = (
        rushes.open(store.uri).sql("SELECT stage, item_kind, item_id, reason FROM rejects ORDER BY ALL").fetchall()
    )
    second = f"{CLIP['clip_id']}.t0002"
    assert rejects == [(stage, "track", second, "duplicate") for stage in ("track-crops", "trackverse")]


def test_all_formats_come_from_one_recipe_and_a_killed_run_goes_on(store: Objects, tmp_path: Path) -> None:
    fill(store, tmp_path, [track(1, range(0, 30, 3), WHOLE), track(2, range(3, 20, 3), (0, 0, 20, 20))])
    formats = ("native", "mot", "coco-vid", "trackverse", "trackverse-scores", "track-crops")
    files = packaged(store, formats=formats)
    [note] = [path for path in files if path.startswith("videos/")]
    root = rushes.open(store.uri).sql("SELECT DISTINCT version FROM datasets").fetchall()[0][0]
    times = {path: store.path(f"datasets/all/{root}/{path}") for path in files}
    Path(times[note]).unlink()
    before = {path: Path(name).stat().st_mtime_ns for path, name in times.items() if path != note}
    again = packaged(store, formats=formats)
    assert again == files
    rewritten = {path for path, at in before.items() if Path(times[path]).stat().st_mtime_ns != at}
    assert not [path for path in rewritten if path.startswith(("native/media", "coco-vid/all/", "shards/"))]
    assert [path for path in rewritten if path.startswith("track-crops/")]


def test_nothing_stays_in_the_scratch_folder(store: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    fill(store, tmp_path, [track(1, range(0, 30, 3), WHOLE)])
    packaged(store)
    assert list(scratch.iterdir()) == []
