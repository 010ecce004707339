"""Lines of text files and objects of JSON files: whatever the bytes, each line or item comes out, and comes once."""

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rushes.errors import SettingsError
from rushes.sources.formats import lines

plain_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | plain_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_text, inner, max_size=3),
    max_leaves=8,
)
records = st.lists(st.dictionaries(plain_text, values, max_size=4), max_size=6)


def written(folder, data, name="list"):
    path = Path(folder) / name
    path.write_bytes(data)
    return path


def test_lines_are_numbered_from_one_and_blank_ones_are_passed_over(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbfone\r\n\r\n  \n two \nthree")
    assert list(lines.numbered(path)) == [(1, "one"), (4, " two "), (5, "three")]


def test_gzip_is_told_by_its_bytes_and_may_have_several_members(tmp_path):
    path = written(tmp_path, gzip.compress(b"one\n") + gzip.compress(b"two\n"), "list.txt")
    assert list(lines.numbered(path)) == [(1, "one"), (2, "two")]
    assert list(lines.numbered(written(tmp_path, b"one\n", "list.gz"))) == [(1, "one")]


def test_damaged_gzip_is_an_error_that_says_where_after_all_that_could_be_read(tmp_path):
    data = gzip.compress(b"one\n") + gzip.compress(b"two\n")[:-4]
    read = []
    with pytest.raises(SettingsError, match="damaged gzip after line 2"):
        read.extend(lines.numbered(written(tmp_path, data)))
    with pytest.raises(SettingsError, match="damaged gzip"):
        list(lines.objects(written(tmp_path, gzip.compress(b'[{"a":1},')[:-6], "array")))


def test_bytes_that_are_no_text_stay_to_be_seen_and_are_no_json(tmp_path):
    path = written(tmp_path, b'{"a": "\xff"}\n{"a": 1}\n')
    assert list(lines.objects(path)) == [(1, '{"a": "\\xff"}', None), (2, '{"a": 1}', {"a": 1})]


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(tmp_path):
    path = written(tmp_path, b'{"a": "' + b"x" * 5000 + b'"}\n{"a": 1}\n')
    cut, whole = lines.objects(path, longest=1000)
    assert cut[0] == 1
    assert cut[1].startswith('{"a": "xxx')
    assert cut[1].endswith("…")
    assert cut[2] is None
    assert whole == (2, '{"a": 1}', {"a": 1})


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "12",
        '"a"',
        "{",
        '{"a": }',
        '{"a": "\\ud800"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 5000,
        '{"a": 1} 2',
    ],
)
def test_what_is_no_object_is_none(text):
    assert lines.parsed(text) is None


def test_numbers_that_json_does_not_know_are_strings():
    assert lines.parsed('{"a": [NaN, -Infinity]}') == {"a": ["NaN", "-Infinity"]}


def test_escaped_pairs_of_half_characters_are_characters():
    assert lines.parsed('{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@given(records, st.sampled_from([None, 2]), st.sampled_from(["lines", "array", "one by one"]), st.booleans())
@example([{"a": "]"}, {"b": [[]]}], 2, "one by one", False)
def test_objects_are_read_however_they_are_laid_out(wanted, indent, layout, zipped):
    if layout == "lines":
        text = "".join(json.dumps(one) + "\n" for one in wanted)
    elif layout == "array":
        text = json.dumps(wanted, indent=indent, ensure_ascii=False)
    else:
        # An object over several lines can be told from lines of JSON by a lone brace.
        text = "\n".join(json.dumps(one, indent=2) for one in wanted if one)
        wanted = [one for one in wanted if one]
    data = text.encode()
    with tempfile.TemporaryDirectory() as folder:
        read = list(lines.objects(written(folder, gzip.compress(data) if zipped else data)))
    assert [found for _, _, found in read] == wanted
    assert [json.loads(text) for _, text, _ in read] == wanted
    assert [number for number, _, _ in read] == list(range(1, len(wanted) + 1))
    assert not any("\n" in text or "\r" in text for _, text, _ in read)


def test_an_array_longer_than_what_is_read_at_once_is_read_whole(tmp_path):
    wanted = [{"n": n, "text": "é" * 300} for n in range(10_000)]
    path = written(tmp_path, json.dumps(wanted, indent=1, ensure_ascii=False).encode())
    assert [found for _, _, found in lines.objects(path)] == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"a": 1}, {"b": ]', '{"b": ]'),
        ('[{"a": 1}', "(the file ends within the array)"),
        ('[{"a": 1}] and so on', "and so on"),
        ('[{"a": 1},, ? {"b": 2}]', '? {"b": 2}]'),
        ("[", "(the file ends within the array)"),
    ],
)
def test_a_mistake_in_an_array_is_its_last_item(tmp_path, text, told):
    *before, last = lines.objects(written(tmp_path, text.encode()))
    assert all(found == {"a": 1} for _, _, found in before)
    assert (last[0], last[2]) == (len(before) + 1, None)
    assert last[1].removeprefix("(nothing can be told apart from here on) ") == told


def test_an_array_of_other_things_gives_items_that_are_no_objects(tmp_path):
    read = list(lines.objects(written(tmp_path, b'[1, "two", [3], {"four": 4}]')))
    assert read == [(1, "1", None), (2, '"two"', None), (3, "[3]", None), (4, '{"four": 4}', {"four": 4})]


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda data: b"[" + data))
@example(b"\x1f\x8b")
@example(b"[" * 5000)
@example(b"{\n" * 5000)
@example(b'{\n"a": 1}]')
def test_no_bytes_crash_anything(data):
    with tempfile.TemporaryDirectory() as folder:
        path = written(folder, data)
        try:
            numbered = list(lines.numbered(path))
            objects = list(lines.objects(path))
        except SettingsError:
            assert data.startswith(b"\x1f\x8b")
            return
        lines.beginning(path)
        lines.first_object(path)
    for text in [text for _, text in numbered] + [text for _, text, _ in objects]:
        text.encode()
        assert "\n" not in text
    if not data.startswith(b"\x1f\x8b"):
        assert [n for n, _ in numbered] == [
            n
            for n, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)
            if line.decode(errors="backslashreplace").strip()
        ]
        assert bool(objects) == bool(numbered)


def test_the_beginning_of_a_folder_or_a_picture_is_nothing(tmp_path):
    assert lines.beginning(tmp_path) == []
    assert lines.beginning(written(tmp_path, b"\x89PNG\r\n\0\0\0")) == []
    assert lines.first_object(tmp_path) is None


def test_a_long_first_object_tells_no_format(tmp_path):
    path = written(tmp_path, b'{"a": "' + b"x" * (5 << 20) + b'"}')
    assert lines.first_object(path) is None
    assert len(next(iter(lines.objects(path)))[2]["a"]) == 5 << 20


def test_a_misfit_says_where_it_stood_and_quotes_its_beginning(tmp_path):
    one = lines.misfit(lines.Given(tmp_path, "list.txt"), 7, "x" * 1000, "no id")
    assert one.place == "list.txt:7"
    assert one.text == "x" * 200 + "…"
