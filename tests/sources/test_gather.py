"""What a manifest says of one video on many lines is put together, in the order in which it was said."""

import pytest

from rushes.sources.find import Found
from rushes.sources.formats.known import FORMATS
from rushes.sources.gather import Gathering
from rushes.sources.source import Misfit, Slice, Source
from rushes.store.rejects import Reason


@pytest.fixture
def gathering() -> Gathering:
    """Nothing yet."""
    return Gathering()


def source(uri: str, *numbers: int, id: str | None = None, origin: str = "m.csv", set: str = "table") -> Source:
    slices = (Slice(set, origin, [(number, f"line {number}") for number in numbers]),) if numbers else ()
    return Source(uri, id or uri, f"{origin}:{numbers[0] if numbers else 0}", None, slices)


def add(gathering: Gathering, *sources: Source | Misfit, format: str = "table") -> None:
    for one in sources:
        gathering.add(Found(one, FORMATS[format]))


def add_and_fail(gathering: Gathering, *sources: Source | Misfit) -> None:
    with gathering.all_or_nothing():
        add(gathering, *sources)
        raise KeyError


def told(gathering: Gathering, uri: str) -> list[tuple[str, str, str, str]]:
    return [
        (one.annotation, one.format, one.origin, one.text.decode()) for one in gathering.lines(gathering.sources[uri])
    ]


def test_lines_of_one_video_come_together_in_their_order(gathering: Gathering) -> None:
    with gathering:
        add(gathering, source("a", 1), source("b", 2), source("a", 3), source("c"), source("a", 4, 5))
        assert list(gathering.sources) == ["a", "b", "c"]
        assert told(gathering, "a") == [
            ("table", "table", "m.csv", "1\tline 1\n3\tline 3\n4\tline 4\n5\tline 5\n"),
        ]
        assert told(gathering, "b") == [("table", "table", "m.csv", "2\tline 2\n")]
        assert told(gathering, "c") == []


def test_sets_and_files_are_kept_apart(gathering: Gathering) -> None:
    with gathering:
        add(gathering, source("a", 1), source("a", 1, origin="n.csv"), source("a", 2, set="mot"), source("a", 2))
        assert [key[:3] for key in told(gathering, "a")] == [
            ("table", "table", "m.csv"),
            ("table", "table", "n.csv"),
            ("mot", "table", "m.csv"),
        ]


def test_lines_can_be_added_after_some_were_read(gathering: Gathering) -> None:
    with gathering:
        add(gathering, source("a", 1), source("b", 2))
        told(gathering, "a")
        add(gathering, source("b", 3))
        assert told(gathering, "b") == [("table", "table", "m.csv", "2\tline 2\n3\tline 3\n")]


def test_an_address_has_one_id_and_a_line_with_another_is_told(gathering: Gathering) -> None:
    with gathering:
        add(gathering, source("a", 1, id="x"), source("a", 2, id="y"))
        assert told(gathering, "a") == [("table", "table", "m.csv", "1\tline 1\n")]
        [misfit] = gathering.misfits
        assert (misfit.place, misfit.reason) == ("m.csv:2", Reason.DUPLICATE)
        assert misfit.detail == "m.csv:2: a is listed as 'x' already, and here as 'y'"


def test_a_person_who_names_a_file_twice_needs_no_two_ids(gathering: Gathering) -> None:
    with gathering:
        add(gathering, Source("/v/a.mp4", "v-a"), Source("/v/a.mp4", "a"), format="folder")
        assert [one.video_id for one in gathering.sources.values()] == ["v-a"]
        assert gathering.misfits == []


def test_annotations_by_id_find_the_video_that_was_named_before_by_its_file(gathering: Gathering) -> None:
    with gathering:
        add(gathering, Source("/v/a.mp4", "a"), format="folder")
        add(gathering, source("https://page/a", 1, id="a"), format="ava")
        assert list(gathering.sources) == ["/v/a.mp4"]
        assert told(gathering, "/v/a.mp4") == [("table", "ava", "m.csv", "1\tline 1\n")]


def test_two_addresses_of_one_id_in_one_list_stay_two(gathering: Gathering) -> None:
    with gathering:
        add(gathering, source("https://x/v.mp4", 1, id="v"), source("https://y/v.mp4", 2, id="v"), format="hdvila")
        assert list(gathering.sources) == ["https://x/v.mp4", "https://y/v.mp4"]


def test_what_was_added_until_something_went_wrong_is_taken_back(gathering: Gathering) -> None:
    misfit = Misfit("m.csv:9", Reason.BAD_LINE, "no sense")
    with gathering:
        add(gathering, source("a", 1), source("b", 2))
        with pytest.raises(KeyError):
            add_and_fail(gathering, source("a", 3), source("c", 4), source("a", 1, origin="n.csv"), misfit)
        assert (list(gathering.sources), gathering.misfits) == (["a", "b"], [])
        with gathering.all_or_nothing():
            add(gathering, source("d", 5), source("b", 6), source("c", 7), misfit)
        assert (list(gathering.sources), gathering.misfits) == (["a", "b", "d", "c"], [misfit])
        assert {uri: [text for *_, text in told(gathering, uri)] for uri in "abcd"} == {
            "a": ["1\tline 1\n"],
            "b": ["2\tline 2\n6\tline 6\n"],
            "c": ["7\tline 7\n"],
            "d": ["5\tline 5\n"],
        }


def test_what_names_no_video_is_kept_once_for_each_place(gathering: Gathering) -> None:
    misfits = [Misfit(f"m.csv:{n}", Reason.BAD_LINE, "why") for n in (1, 2, 1)]
    with gathering:
        add(gathering, *misfits)
        assert gathering.misfits == misfits[:2]
        assert gathering.sources == {}
