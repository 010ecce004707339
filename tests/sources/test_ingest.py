"""A source becomes a row of videos and its packets, or says why it cannot."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from videos import barcode, make_sound, make_video, read_barcode

from rushes.errors import VideoError
from rushes.settings import Settings
from rushes.sources.how import How
from rushes.sources.ingest import ingest
from rushes.sources.register import register
from rushes.steps import STEPS
from rushes.store.manifests import Entry
from rushes.store.objects import Objects
from rushes.store.schemas import PACKETS, REJECTS, VIDEOS
from rushes.store.tables import read_partition
from rushes.store.validation import problems
from rushes.video.media import open_video
from rushes.video.pictures import encode
from rushes.work.build import build
from rushes.work.step import Outcome, Task


def taken_in(store: Objects, source: Path | str, linked: bool = False, rival: str | None = None) -> Outcome:
    return ingest(Task(store, Entry("v", "v", str(source), linked=linked, rival=rival), "street", {}))


def refused(store: Objects, source: Path, rival: str | None = None) -> tuple[str, str]:
    with pytest.raises(VideoError) as caught:
        taken_in(store, source, rival=rival)
    assert list(store.list("")) == []
    return caught.value.reason, str(caught.value)


def test_a_video_is_copied_under_a_name_made_of_its_content(store: Objects, tmp_path: Path) -> None:
    source = make_video(tmp_path / "Clip.MP4", 25, 10, (80, 60), audio=True)
    outcome = taken_in(store, source)
    [video] = outcome.rows["videos"]
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    expected = {
        "video_id": "v",
        "collection": "street",
        "source_uri": str(source),
        "media_uri": f"media/{sha256[:2]}/{sha256}.mp4",
        "linked": False,
        "creds_key": None,
        "sha256": sha256,
        "size_bytes": source.stat().st_size,
        "container": "mov",
        "codec": "h264",
        "width": 80,
        "height": 60,
        "rotation": 0,
        "time_base": video["time_base"],
        "start_pts": 0,
        "duration_s": pytest.approx(2.5),
        "fps": pytest.approx(10),
        "is_vfr": False,
        "n_frames": 25,
        "has_audio": True,
        "kind": "container",
        "read_by": "packets",
        "read_note": None,
        "etag": None,
    }
    assert {name: video[name] for name in expected} == expected
    assert store.read(video["media_uri"]) == source.read_bytes()
    assert list(outcome.rejects) == []


@pytest.mark.parametrize("linked", [False, True])
def test_its_rows_keep_the_tables_rules_and_give_its_frames(store: Objects, tmp_path: Path, linked: bool) -> None:
    source = make_video(tmp_path / "v.mp4", 30)
    outcome = taken_in(store, source, linked)
    videos, packets = VIDEOS.from_rows(outcome.rows["videos"]), outcome.rows["packets"]
    assert isinstance(packets, pa.Table)
    assert problems("videos", videos) == problems("packets", packets) == []
    assert packets.column("frame").to_pylist() == list(range(30))
    if not linked:
        source.unlink()
    with open_video(store, videos.to_pylist()[0], packets) as reader:
        assert [read_barcode(p) for _, p in reader.frames([0, 17, 29])] == [0, 17, 29]


def test_a_linked_video_stays_where_it_is(store: Objects, tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", 5)
    [video] = taken_in(store, source, linked=True).rows["videos"]
    assert (video["linked"], video["media_uri"]) == (True, str(source))
    assert list(store.list("")) == []


def test_what_is_elsewhere_is_fetched_and_gives_the_same_rows(store: Objects, tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", 12)
    here, there = taken_in(store, source), taken_in(store, f"file://{source}")
    assert there.rows["packets"] == here.rows["packets"]
    [video], [other] = here.rows["videos"], there.rows["videos"]
    assert other == {**video, "source_uri": f"file://{source}"}


def test_nothing_at_a_uri_is_a_missing_file(store: Objects, tmp_path: Path) -> None:
    with pytest.raises(VideoError) as caught:
        taken_in(store, f"file://{tmp_path}/none.mp4")
    assert caught.value.reason == "missing_file"


def test_the_same_bytes_are_kept_once(store: Objects, tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", 5)
    (tmp_path / "b.mp4").write_bytes(source.read_bytes())
    [first], [second] = taken_in(store, source).rows["videos"], taken_in(store, tmp_path / "b.mp4").rows["videos"]
    assert first["media_uri"] == second["media_uri"]
    assert len(list(store.list("media"))) == 1


def test_what_is_no_usable_video_is_refused_and_leaves_nothing(store: Objects, tmp_path: Path) -> None:
    assert refused(store, tmp_path / "gone.mp4")[0] == "missing_file"
    (tmp_path / "empty.mp4").touch()
    assert refused(store, tmp_path / "empty.mp4")[0] == "empty_file"
    (tmp_path / "words.mp4").write_text("words " * 100)
    assert refused(store, tmp_path / "words.mp4")[0] == "not_video"
    assert refused(store, make_sound(tmp_path / "sound.mp4"))[0] == "no_video_stream"
    half = make_video(tmp_path / "half.mp4", 60, container_options={"movflags": "faststart"})
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    assert refused(store, half)[0] == "truncated"


def test_another_video_under_a_taken_id_is_a_conflict(store: Objects, tmp_path: Path) -> None:
    first, other = make_video(tmp_path / "v.mp4", 5), make_video(tmp_path / "other.mp4", 6)
    reason, message = refused(store, other, rival=str(first))
    assert reason == "id_conflict"
    assert "'v' belongs to" in message
    assert "--id" in message


def test_the_same_bytes_under_a_taken_id_are_a_duplicate(store: Objects, tmp_path: Path) -> None:
    first = make_video(tmp_path / "v.mp4", 5)
    (tmp_path / "copy.mp4").write_bytes(first.read_bytes())
    assert refused(store, tmp_path / "copy.mp4", rival=str(first))[0] == "duplicate"


def test_the_same_address_in_two_collections_is_a_duplicate_that_nobody_asks_for(
    store: Objects, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.mp4"
    for uri, linked in ((str(make_video(tmp_path / "v.mp4", 5)), False), ("s3://none/v.mp4", True), (str(gone), True)):
        with pytest.raises(VideoError) as caught:
            ingest(Task(store, Entry("v~2", "v", uri, linked=linked, rival=uri), "c", {}))
        assert (caught.value.reason, str(caught.value)) == (
            "duplicate",
            f"{uri}: is registered already, in another collection",
        )


def test_a_folder_of_good_and_bad_files_becomes_a_batch_of_good_videos(store: Objects, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    good = make_video(folder / "good.mp4", 9)
    make_video(folder / "other.mkv", 4)
    (folder / "empty.mp4").touch()
    (folder / "words.avi").write_text("words")
    (folder / "more/copy.mp4").write_bytes(good.read_bytes())
    register(store, [str(folder / "more/copy.mp4")], "a", How(video_id="good"))
    register(store, [str(folder)], "b")
    for batch in ("a-0000", "b-0000"):
        build(store, STEPS["raw_videos"], batch, Settings(), workers=0)

    def videos(batch: str) -> list[tuple[str, int]]:
        rows = read_partition(store, VIDEOS, {"batch": batch}).to_pylist()
        return [(row["video_id"], row["n_frames"]) for row in rows]

    assert videos("a-0000") == [("good", 9)]
    assert videos("b-0000") == [("other", 4)]
    rejects = read_partition(store, REJECTS, {"asset": "raw_videos", "partition": "b-0000"}).to_pylist()
    assert {(r["item_id"], r["reason"]) for r in rejects} == {
        ("empty", "empty_file"),
        ("words", "not_video"),
        ("good~2", "duplicate"),
    }
    assert len(read_partition(store, PACKETS, {"batch": "b-0000"})) == 4


@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_of_pictures_becomes_one_video(store: Objects, tmp_path: Path, linked: bool) -> None:
    (tmp_path / "walk").mkdir()
    for number in (1, 2, 10):
        encoded = encode(barcode(number, 96, 64), 95)
        (tmp_path / "walk" / f"{number}.jpg").write_bytes(encoded)
    [video] = (outcome := taken_in(store, tmp_path / "walk", linked)).rows["videos"]
    assert (video["kind"], video["codec"], video["n_frames"]) == ("frames", "mjpeg", 3)
    assert "missing numbers: 3-9" in video["read_note"]
    assert outcome.rows["packets"].column("name").to_pylist() == ["1.jpg", "2.jpg", "10.jpg"]
    with open_video(store, VIDEOS.from_rows([video]).to_pylist()[0], outcome.rows["packets"]) as reader:
        assert [read_barcode(picture) for _, picture in reader.frames(range(3))] == [1, 2, 10]
    assert len(list(store.list("media"))) == (0 if linked else 1)
