"""Rows of CSV come out as they were written, and what cannot be read comes out too."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import settings
from hypothesis import strategies as st
from tabular import given, written

from rushes.errors import SettingsError
from rushes.sources.formats.rows import beginning, integer_in, lists, number_in, record_of, records
from rushes.sources.source import Misfit
from rushes.store.rejects import Reason


def rows(path: Path) -> list[tuple[int, list[str]]]:
    return [(row.number, row.values) for row in lists(given(path)) if not isinstance(row, Misfit)]


def misfits(path: Path) -> list[Misfit]:
    return [row for row in lists(given(path)) if isinstance(row, Misfit)]


def test_rows_have_the_number_of_the_line_they_begin_at(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'a,b\n"one\ntwo",2\n\nc,d\n')
    assert rows(path) == [(1, ["a", "b"]), (2, ["one\ntwo", "2"]), (5, ["c", "d"])]
    assert misfits(path) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_told_from_the_first_line(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path / "a.csv", f"uri{delimiter}label\na.mp4{delimiter}x\n")
    assert rows(path) == [(1, ["uri", "label"]), (2, ["a.mp4", "x"])]


def test_a_blank_line_in_a_quoted_field_stays(tmp_path: Path) -> None:
    assert rows(written(tmp_path / "a.csv", '"one\n\n\ntwo",2\n')) == [(1, ["one\n\n\ntwo", "2"])]


def test_byte_order_mark_crlf_and_gzip_are_seen_through(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", gzip.compress(b'\xef\xbb\xbfuri,n\r\n"a\r\nb",1\r\n'))
    assert rows(path) == [(1, ["uri", "n"]), (2, ["a\nb", "1"])]


@pytest.mark.parametrize("more", [3, 3000])
def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path: Path, more: int) -> None:
    path = written(tmp_path / "a.csv", 'a,b\n"c,d\ne,f\n' + "g,h\n" * more)
    assert [number for number, _ in rows(path)] == [1, *range(3, more + 4)]
    [misfit] = misfits(path)
    assert (misfit.place, misfit.reason, misfit.text) == ("a.csv:2", Reason.BAD_LINE, '"c,d')
    assert "a quote that is not closed" in misfit.detail


def test_what_follows_a_closing_quote_makes_a_misfit(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'a,b\n"c"x,d\ne,f\n')
    assert [number for number, _ in rows(path)] == [1, 3]
    assert [misfit.place for misfit in misfits(path)] == ["a.csv:2"]


def test_a_quote_within_a_field_is_a_quote(tmp_path: Path) -> None:
    assert rows(written(tmp_path / "a.csv", 'a,5" tall\n')) == [(1, ["a", '5" tall'])]


def test_records_bear_the_names_of_the_header(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "uri, label ,\nx.mp4,y,z\n")
    assert [r.values for r in records(given(path)) if not isinstance(r, Misfit)] == [
        {"uri": "x.mp4", "label": "y", "column 3": "z"}
    ]


def test_too_few_and_too_many_fields_are_misfits_that_say_so(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "uri,label\nx.mp4\nx.mp4,y,z\nx.mp4,y\n")
    short, long, good = records(given(path))
    assert isinstance(short, Misfit)
    assert isinstance(long, Misfit)
    assert short.detail == "a row of 1, where there are 2 columns"
    assert (long.place, long.text) == ("a.csv:3", '["x.mp4","y","z"]')
    assert not isinstance(good, Misfit)


@pytest.mark.parametrize(("header", "says"), [("a,b,a", "two columns are called 'a'"), ('"a"b,c', "cannot be read")])
def test_a_header_that_means_nothing_stops_with_one_line(tmp_path: Path, header: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        list(records(given(written(tmp_path / "a.csv", f"{header}\n1,2,3\n"))))


def test_the_beginning_of_what_is_no_text_is_empty(tmp_path: Path) -> None:
    assert beginning(tmp_path) == []
    assert beginning(tmp_path / "none.csv") == []
    assert beginning(written(tmp_path / "a.mp4", b"\0\0\0\x18ftypmp42" + bytes(9000))) == []
    assert beginning(written(tmp_path / "cut.csv", gzip.compress(b"a,b\n" * 100_000)[:12])) == []


def test_bytes_that_are_no_utf8_come_out_to_be_seen(tmp_path: Path) -> None:
    assert rows(written(tmp_path / "a.csv", b"uri,M\xfcller\n")) == [(1, ["uri", "M\\xfcller"])]


@pytest.mark.parametrize(
    ("text", "number", "integer"),
    [("7", 7.0, 7), (" 7.5 ", 7.5, None), ("1e3", 1000.0, 1000), ("1_000", None, None), ("nan", None, None),
     ("inf", None, None), ("x", None, None), ("", None, None), (None, None, None), (True, None, None),
     (3, 3.0, 3), ("3000000000", 3e9, None), (10**400, None, None)],
)  # fmt: skip
def test_numbers_are_finite_and_whole_ones_fit_32_bits(text: object, number: float | None, integer: int | None) -> None:
    assert number_in(text) == number
    assert integer_in(text) == integer


FIELD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=12)


@settings(deadline=None)
@sampled(st.lists(st.lists(FIELD, min_size=2, max_size=2), min_size=1, max_size=8))
def test_what_python_writes_comes_back(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["first", "second"], *table])
    path = written(tmp_path_factory.mktemp("rows") / "a.csv", text.getvalue())
    back = [row.values for row in records(given(path)) if not isinstance(row, Misfit)]
    # Lines of white space alone lose it.
    assert [[_trimmed(v) for v in row.values()] for row in back] == [[_trimmed(v) for v in row] for row in table]
    assert all(record_of(row.text) == row.values for row in records(given(path)) if not isinstance(row, Misfit))


@settings(deadline=None)
@sampled(st.text('ab,;\t"\n\r\x85é', max_size=60))
def test_every_line_of_any_text_is_part_of_a_row_or_a_misfit(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = written(tmp_path_factory.mktemp("rows") / "a.csv", text)
    numbers = [row.number if not isinstance(row, Misfit) else int(row.place[6:]) for row in lists(given(path))]
    lines = [n for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= set(lines)
    assert numbers[:1] == lines[:1]
    if '"' not in text:
        assert numbers == lines


@settings(deadline=None)
@sampled(st.binary(max_size=200))
def test_no_bytes_stop_the_look_at_the_beginning(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    assert isinstance(beginning(written(tmp_path_factory.mktemp("rows") / "a.csv", data)), list)


def _trimmed(text: str) -> str:
    return "\n".join(line if line.strip() else "" for line in text.split("\n"))
