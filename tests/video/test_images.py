"""A folder of numbered pictures is a video like any other, and its pictures' own bytes can be had."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from videos import barcode, make_video, read_barcode

from rushes.errors import VideoError
from rushes.ranges import LocalRanges
from rushes.video.images import pack_images, probe_images
from rushes.video.video import FileVideo, open_file


def write(folder: Path, numbers: list[int], name: str = "{:06d}.jpg", size: tuple[int, int] = (96, 64)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.fromarray(barcode(number, *size)).save(folder / name.format(number))
    return folder


def codes(pictures: np.ndarray) -> list[int]:
    return [read_barcode(picture) for picture in pictures]


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "JPG", "png", "bmp", "webp", "tif"])
def test_pictures_are_frames(tmp_path: Path, suffix: str) -> None:
    video = open_file(write(tmp_path / "walk", list(range(1, 13)), "{:04d}." + suffix))
    assert video.shape == (12, 64, 96, 3)
    assert codes(video.numpy()) == list(range(1, 13))
    assert codes(video[[7, 0, 7, -1]].numpy()) == [8, 1, 8, 12]
    assert read_barcode(video[::-1].numpy()[0]) == 12


def test_they_are_ordered_by_number_and_not_by_letter(tmp_path: Path) -> None:
    video = open_file(write(tmp_path / "walk", [1, 2, 9, 10, 11, 100], "frame{}_left.png"))
    assert codes(video.numpy()) == [1, 2, 9, 10, 11, 100]


def test_names_that_are_no_series_are_ordered_as_people_would(tmp_path: Path) -> None:
    folder = tmp_path / "walk"
    for number, name in enumerate(["a2", "a10", "b1", "b1x"]):
        write(folder, [number], name + ".png")
    assert codes(open_file(folder).numpy()) == [0, 1, 2, 3]


def test_missing_numbers_are_told_and_leave_their_time_empty(tmp_path: Path) -> None:
    video = open_file(write(tmp_path / "walk", [1, 2, 4, 5, 9]))
    assert "missing numbers: 3, 6-8 (4 in all)" in video.row["read_note"]
    np.testing.assert_allclose(video.timestamps * 30, [0, 1, 3, 4, 8])
    assert video.row["is_vfr"]
    assert len(video) == 5


def test_a_sequence_of_mot_says_its_rate_and_length(tmp_path: Path) -> None:
    write(tmp_path / "MOT16-02" / "img1", [1, 2, 3, 4])
    (tmp_path / "MOT16-02" / "seqinfo.ini").write_text("[Sequence]\nname=MOT16-02\nframeRate=14\nseqLength=6\n")
    (tmp_path / "MOT16-02" / "gt").mkdir()
    for folder in ("MOT16-02", "MOT16-02/img1"):
        video = open_file(tmp_path / folder)
        np.testing.assert_allclose(video.timestamps * 14, [0, 1, 2, 3])
        assert video.row["read_note"] == "seqinfo.ini tells of 6 frames, 4 are there"


def test_the_pictures_own_bytes_can_be_had(tmp_path: Path) -> None:
    folder = write(tmp_path / "walk", [1, 2, 3])
    assert open_file(folder)[[2, 0]].encoded() == [(folder / f"{n:06d}.jpg").read_bytes() for n in (3, 1)]


def test_a_turned_camera_is_turned_back(tmp_path: Path) -> None:
    (tmp_path / "walk").mkdir()
    exif = Image.Exif()
    exif[274] = 6  # the camera was turned: to be shown a quarter clockwise
    for number in range(3):
        lying = Image.fromarray(np.ascontiguousarray(np.rot90(barcode(number, 64, 96))))
        lying.save(tmp_path / "walk" / f"{number}.jpg", exif=exif)
    video = open_file(tmp_path / "walk")
    assert video.shape == (3, 96, 64, 3)
    assert codes(video.numpy()) == [0, 1, 2]


def test_packed_into_one_file_they_are_the_same_video(tmp_path: Path) -> None:
    folder = write(tmp_path / "walk", [3, 4, 6], "a-picture-with-a-name-" + "x" * 100 + "-{}.jpg")
    loose = open_file(folder)
    info = probe_images(str(folder))
    for name in ("one.tar", "two.tar"):
        with (tmp_path / name).open("wb+") as tar:
            packed = pack_images(str(folder), info, tar)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    video = FileVideo(loose.row, packed.index, LocalRanges(tmp_path / "one.tar"))
    np.testing.assert_array_equal(video.numpy(), loose.numpy())
    assert video[:].encoded() == loose[:].encoded()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: write(folder, [3], "{:03d}.jpg"), "two frames of number 3: "),
        (lambda folder: write(folder, [4], "{:06d}.png"), "more than one format: mjpeg, png"),
        (lambda folder: write(folder, [4], size=(48, 32)), "48x32, but 000001.jpg is 96x64"),
        (lambda folder: (folder / "000004.jpg").write_bytes(b"words"), "not a picture that can be opened"),
        (lambda folder: (folder / "more").mkdir(), "no image sequence"),
    ],
    ids=["a number twice", "formats", "sizes", "broken", "folders"],
)
def test_what_is_no_sequence_says_why(tmp_path: Path, make: object, words: str) -> None:
    folder = write(tmp_path / "walk", [1, 2, 3])
    make(folder)  # type: ignore[operator]
    with pytest.raises(VideoError, match=words):
        open_file(folder)


def test_a_picture_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    folder = write(tmp_path / "walk", [1, 2, 3])
    video = open_file(folder)
    (folder / "000002.jpg").write_bytes(b"words")
    assert read_barcode(video[2].numpy()) == 3
    with pytest.raises(VideoError, match=r"000002\.jpg: changed"):
        video[1].numpy()


def test_a_folder_of_videos_is_none(tmp_path: Path) -> None:
    make_video(tmp_path / "v.mp4", 3)
    with pytest.raises(VideoError, match="no image sequence"):
        open_file(tmp_path)
