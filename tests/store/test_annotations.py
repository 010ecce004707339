"""Lines of annotations are kept as they came; what is added later replaces the same file's, and nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushes.store.annotations import Lines, as_text, attach, kept_lines, read_lines, write_lines
from rushes.store.manifests import Batch, Entry, read_batch, seal_batch
from rushes.store.objects import Objects


def lines(text: str, origin: str = "gt.txt", annotation: str = "mot") -> Lines:
    return Lines(annotation, "mot", origin, as_text(enumerate(text.split("|"), 1)))


def sealed(store: Objects, **of_entries: list[Lines]) -> Batch:
    batch = Batch("b-0000", "b", (Entry("x", "x", "/x"), Entry("y", "y", "/y")), write_lines(store, of_entries))
    assert seal_batch(store, batch)
    return read_batch(store, "b-0000")


def texts(store: Objects, batch: Batch, entry: str) -> list[str]:
    return ["|".join(text for _, text in read_lines(store, one)) for one in kept_lines(store, batch).get(entry, [])]


def test_lines_that_came_with_a_batch_are_read_as_they_were(store: Objects) -> None:
    batch = sealed(store, x=[lines("1,1|2,1"), lines("9", "det.txt", "mot-det")], y=[lines("3")])
    assert texts(store, batch, "x") == ["1,1|2,1", "9"]
    assert texts(store, batch, "y") == ["3"]
    assert [one.annotation for one in kept_lines(store, batch)["x"]] == ["mot", "mot-det"]


def test_a_batch_without_annotations_names_none(store: Objects) -> None:
    batch = sealed(store)
    assert batch.annotations is None
    assert kept_lines(store, batch) == {}


def test_what_is_added_later_replaces_the_same_file_and_joins_others(store: Objects) -> None:
    batch = sealed(store, x=[lines("old")], y=[lines("stays")])
    for news in (lines("new"), lines("other", "b/gt.txt"), lines("newest")):
        listing = write_lines(store, {"x": [news]})
        assert listing is not None
        attach(store, batch.name, listing)
    assert texts(store, batch, "x") == ["newest", "other"]
    assert texts(store, batch, "y") == ["stays"]


def test_the_same_lines_are_kept_once(store: Objects) -> None:
    assert write_lines(store, {"x": [lines("1|2")]}) == write_lines(store, {"x": [lines("1|2")]})
    assert len(list(store.list("annotations"))) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(1, 10**9), st.text(st.characters(exclude_characters="\n")))))
def test_any_text_comes_back(store: Objects, rows: list[tuple[int, str]]) -> None:
    rows = [(number, text.encode(errors="ignore").decode()) for number, text in rows]
    listing = write_lines(store, {"x": [Lines("a", "a", "o", as_text(rows))]})
    batch = Batch("c-0000", "c", (), listing)
    [one] = kept_lines(store, batch)["x"]
    assert read_lines(store, one) == rows


@pytest.mark.parametrize("count", [1, 40])
def test_later_additions_keep_their_order_whatever_their_number(store: Objects, count: int) -> None:
    batch = sealed(store, x=[lines("0")])
    for number in range(1, count + 1):
        attach(store, batch.name, write_lines(store, {"x": [lines(str(number))]}) or "")
    assert texts(store, batch, "x") == [str(count)]
