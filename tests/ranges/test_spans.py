"""Near spans are fetched together, and each wanted byte comes from where it was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from rushes.ranges.remote import clusters

SPANS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)).map(lambda s: (s[0], s[0] + s[1])), max_size=30)


@given(SPANS, st.integers(0, 50))
def test_each_span_that_holds_anything_is_in_one_cluster(spans: list[tuple[int, int]], gap: int) -> None:
    together = [span for members in clusters(spans, gap) for span in members]
    assert together == sorted({span for span in spans if span[0] < span[1]})


@given(SPANS, st.integers(0, 50))
def test_clusters_lie_farther_apart_than_the_gap_and_their_members_do_not(
    spans: list[tuple[int, int]], gap: int
) -> None:
    before = None
    for members in clusters(spans, gap):
        assert before is None or members[0][0] - before > gap
        before = members[0][1]
        for start, end in members[1:]:
            assert start - before <= gap
            before = max(before, end)
