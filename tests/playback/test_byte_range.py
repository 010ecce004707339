"""Range headers are understood as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.playback.byte_range import UnsatisfiableError, asked_span


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-5", (95, 100)),
        ("bytes=-1000", (0, 100)),
        ("Bytes = 3 - 4", (3, 5)),
    ],
)
def test_one_span_is_given_as_it_is_asked_for(header: str, span: tuple[int, int]) -> None:
    assert asked_span(header, 100) == span


@pytest.mark.parametrize("header", [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=0-5"])
def test_what_is_malformed_or_several_spans_means_the_whole_file(header: str | None) -> None:
    assert asked_span(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=9999999999999999999-"])
def test_bytes_past_the_end_are_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        asked_span(header, 100)


def test_an_empty_file_has_no_bytes_to_ask_for() -> None:
    with pytest.raises(UnsatisfiableError):
        asked_span("bytes=0-", 0)


@given(first=st.integers(0, 200), last=st.integers(0, 200), size=st.integers(1, 150))
def test_a_span_is_never_outside_the_file_and_begins_where_asked(first: int, last: int, size: int) -> None:
    try:
        span = asked_span(f"bytes={first}-{last}", size)
    except UnsatisfiableError:
        assert first >= size
        return
    if span is None:
        assert last < first
    else:
        assert span == (first, min(last + 1, size))


@given(st.text(max_size=40), st.integers(0, 10**12))
def test_no_header_is_too_odd(header: str, size: int) -> None:
    try:
        span = asked_span(header, size)
    except UnsatisfiableError:
        return
    assert span is None or 0 <= span[0] < span[1] <= size
