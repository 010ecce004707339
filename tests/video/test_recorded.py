"""When a video was recorded is told by the file itself, and only where what it says is a date."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rushes.video.images import probe_images
from rushes.video.probe import probe
from rushes.video.recorded import parse_date, recorded_at

MOMENT = datetime(2023, 7, 9, 18, 4, 5)
WRITTEN = "2023-07-09T18:04:05Z"
ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Away from the days of unset clocks, of which there is one each in 1899, 1904, 1970 and 1980.
MOMENTS = st.datetimes(datetime(1981, 1, 1), datetime(9998, 12, 31))


def write(path: Path, container: Mapping[str, str], stream: Mapping[str, str] = {}, **options: str) -> Path:
    """Write a short video with these tags."""
    with av.open(str(path), "w", container_options=options) as out:
        out.metadata.update(container)
        video = out.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.metadata.update(stream)
        for shade in range(3):
            out.mux(video.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * shade, np.uint8))))
        out.mux(video.encode(None))
    return path


@pytest.mark.parametrize("name", ["v.mp4", "v.mov", "v.mkv", "v.m4v"])
def test_the_containers_creation_time_is_when_it_was_recorded(tmp_path: Path, name: str) -> None:
    assert probe(str(write(tmp_path / name, {"creation_time": WRITTEN}))).recorded_at == MOMENT


def test_a_phones_own_moment_counts_with_its_zone_and_before_the_containers(tmp_path: Path) -> None:
    tags = {"creation_time": "2024-01-01T00:00:00Z", "com.apple.quicktime.creationdate": "2023-07-09T20:04:05+0200"}
    path = write(tmp_path / "v.mov", tags, movflags="use_metadata_tags")
    assert probe(str(path)).recorded_at == MOMENT


@pytest.mark.parametrize("tag", ["DATE", "date", "DATE_RECORDED"])
def test_a_matroska_date_counts_where_nothing_better_is_said(tmp_path: Path, tag: str) -> None:
    assert probe(str(write(tmp_path / "v.mkv", {tag: "2023-07-09"}))).recorded_at == datetime(2023, 7, 9)


def test_a_streams_time_counts_where_the_container_says_none(tmp_path: Path) -> None:
    assert probe(str(write(tmp_path / "v.mkv", {}, {"DATE_RECORDED": WRITTEN}))).recorded_at == MOMENT


@pytest.mark.parametrize("said", ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_clock_that_nobody_set_says_nothing(tmp_path: Path, said: str) -> None:
    assert probe(str(write(tmp_path / "v.mp4", {"creation_time": said}))).recorded_at is None


def test_the_files_own_time_on_disk_is_not_asked(tmp_path: Path) -> None:
    assert probe(str(write(tmp_path / "v.mp4", {}))).recorded_at is None


@pytest.mark.parametrize("offset", [None, "+02:00"])
def test_pictures_were_taken_when_the_first_one_was(tmp_path: Path, offset: str | None) -> None:
    for number in (1, 2):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2023:07:09 18:04:0{number + 4}"
        if offset is not None:
            exif.get_ifd(0x8769)[0x9011] = offset
        Image.new("RGB", (32, 32)).save(tmp_path / f"{number}.jpg", exif=exif)
    expected = MOMENT if offset is None else MOMENT - timedelta(hours=2)
    assert probe_images(str(tmp_path)).recorded_at == expected


@pytest.mark.filterwarnings("ignore:Tag data larger than file")
def test_damaged_exif_says_nothing_and_does_not_keep_the_pictures_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2023:07:09 18:04:05"
    Image.new("RGB", (32, 32)).save(tmp_path / "1.jpg", exif=exif.tobytes()[:-30] + b"\xff" * 30)
    assert probe_images(str(tmp_path)).recorded_at is None


def test_what_is_no_date_is_passed_over_for_a_tag_that_is_one() -> None:
    assert recorded_at({"CREATION_TIME": "1904-01-01", "date": "soon"}, {"date": "2023-07-09"}) == datetime(2023, 7, 9)
    assert recorded_at({"title": "2023-07-09"}, {}) is None


@given(moment=MOMENTS, zone=ZONES, between=st.sampled_from("T "))
def test_every_moment_is_read_as_it_was_written(moment: datetime, zone: timezone, between: str) -> None:
    assert parse_date(moment.replace(tzinfo=zone).isoformat(between)) == (moment - zone.utcoffset(None))
    assert parse_date(moment.isoformat(between)) == parse_date(moment.isoformat(between) + "Z") == moment


@given(moment=MOMENTS)
def test_forms_of_exif_and_of_plain_digits_are_the_same_moment(moment: datetime) -> None:
    second = moment.replace(microsecond=0)
    for form in ("%Y:%m:%d %H:%M:%S", "%Y%m%dT%H%M%SZ", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S UTC"):
        assert parse_date(_formatted(second, form)) == second
    assert parse_date(_formatted(second, "%Y%m%d")) == second.replace(hour=0, minute=0, second=0)


def _formatted(moment: datetime, form: str) -> str:
    return moment.strftime(form.replace("%Y", f"{moment.year:04}"))


@given(st.text(max_size=30) | st.from_regex(r"\d{4}[-:]?\d\d[-:]?\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?[-+Z\d:]{0,6}"))
def test_any_text_is_a_moment_within_the_time_of_films_or_none(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or (moment >= datetime(1888, 1, 1) and moment.tzinfo is None)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2024", "2024-05", "2024-13-01", "2024-02-30", "2024-05-01T25:00:00", "2024-05-01T12:60",
        "0000-00-00 00:00:00", "0000:00:00 00:00:00", "1904-01-01T08:00:00+09:00", "1970-01-01 01:00:00",
        "1969-12-31T16:00:00-08:00", "1980-01-01", "1601-01-01", "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00", "2024-05-01T12:00:00+99:00", "2024-0501", "٢٠٢٤-٠٥-٠١",
    ],
)  # fmt: skip
def test_nonsense_is_no_date(text: str) -> None:
    assert parse_date(text) is None


def test_the_future_and_the_far_past_of_film_are_dates() -> None:
    assert parse_date("2093-01-01T00:00:00Z") == datetime(2093, 1, 1)
    assert parse_date("1895-12-28") == datetime(1895, 12, 28)
    assert parse_date(datetime(2024, 5, 1, 12, tzinfo=UTC).isoformat(timespec="minutes")) == datetime(2024, 5, 1, 12)
    assert parse_date("2024-05-01T12:00:00.123456789Z") == datetime(2024, 5, 1, 12, 0, 0, 123456)
